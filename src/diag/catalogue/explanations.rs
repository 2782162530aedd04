//! Why each finding matters, and for many of them a file that has it and the same file without.
//!
//! `tollgate explain` prints them. The examples are whole files, which a test lints.

/// What `explain` says of a code beyond its row.
#[derive(Debug)]
pub struct Explanation {
    pub code: &'static str,
    /// What happens to whom where nothing is done. May hold backticks.
    pub why: &'static str,
    pub example: Option<Example>,
}

/// A policy, a ProxyEndpoint or a TargetEndpoint.
#[derive(Debug)]
pub struct Example {
    pub wrong: &'static str,
    pub right: &'static str,
}

impl Explanation {
    const fn new(code: &'static str, why: &'static str) -> Self {
        Self { code, why, example: None }
    }

    const fn example(self, wrong: &'static str, right: &'static str) -> Self {
        Self { example: Some(Example { wrong, right }), ..self }
    }
}

/// Includes a pair of files.
macro_rules! example {
    ($explanation:expr, $name:literal) => {
        $explanation.example(
            include_str!(concat!("examples/", $name, "_wrong.xml")),
            include_str!(concat!("examples/", $name, "_right.xml")),
        )
    };
}

/// By code.
pub static EXPLANATIONS: &[Explanation] = &[
    Explanation::new(
        "BN001",
        "A bundle without an endpoint can answer nothing. A file that no part of the gateway \
            reads is most often in the wrong folder, and what it says has no effect.",
    ),
    Explanation::new(
        "BN003",
        "Every lookup misses, so that the cache costs time and saves none. Cache, scope and \
            key must be the same in both policies.",
    ),
    Explanation::new("BN005", "It never runs, and yet it is read, reviewed and kept up to date."),
    Explanation::new(
        "BN006",
        "Whoever changes such a bundle has to know all of it, and each of its policies is loaded with \
            every revision. Part of it may be another proxy, or a shared flow.",
    ),
    Explanation::new(
        "BN007",
        "Each of them is loaded with every revision. What several proxies share belongs to \
            the environment.",
    ),
    Explanation::new("BN009", "Two that run for each request write two records, and cost twice."),
    example!(
        Explanation::new(
            "BN010",
            "When the request comes there is nothing to run. Apigee refuses the bundle.",
        ),
        "bn010"
    ),
    example!(
        Explanation::new(
            "BN011",
            "Nothing can be said of the rest of such a file, and Apigee refuses to import it.",
        ),
        "bn011"
    ),
    Explanation::new(
        "BN012",
        "No request reaches it, and yet it is read, reviewed and kept up to date.",
    ),
    Explanation::new("BN013", "Nothing runs it, and yet it is deployed with every revision."),
    Explanation::new("BN014", "Whoever changes one of them has to know of the other."),
    example!(
        Explanation::new(
            "CC001",
            "A literal by itself compares nothing: the term is always true or always false.",
        ),
        "cc001"
    ),
    Explanation::new("CC003", "Nobody reads a condition of that length without a mistake."),
    Explanation::new("CC004", "Nobody sees at a glance when a condition of so many terms holds."),
    example!(
        Explanation::new(
            "CC005",
            "Everything behind the quote would be part of the text, so that Apigee refuses \
                the bundle.",
        ),
        "cc005"
    ),
    example!(
        Explanation::new(
            "CC006",
            "What always holds, or never, needs no condition: the slip hides a flow that \
                always runs, or none that ever does.",
        ),
        "cc006"
    ),
    example!(
        Explanation::new(
            "CC007",
            "Apigee refuses a bundle whose condition it cannot read, or reads it in a way \
                that surprises.",
        ),
        "cc007"
    ),
    example!(
        Explanation::new("CC008", "The first that holds is taken, so that the second never is.",),
        "cc008"
    ),
    Explanation::new(
        "DC001",
        "Apigee takes no bundle with it any more, and it has no place in a gateway that keeps \
            its counters itself.",
    ),
    Explanation::new(
        "DC002",
        "Clients and libraries have left it for OAuth 2.0, and so has Apigee.",
    ),
    Explanation::new(
        "EP001",
        "A CORS policy answers the browser's preflight request, which no Condition of a later \
            flow fits. Anywhere else some requests go without its headers.",
    ),
    example!(Explanation::new("EP002", "One of the two is never used.",), "ep002"),
    Explanation::new(
        "FE001",
        "Apigee Edge makes no Google tokens, so that the call goes out without one; of two \
            tokens one is not sent.",
    ),
    example!(
        Explanation::new(
            "FL001",
            "The first Flow whose Condition holds runs, and one without a Condition always does.",
        ),
        "fl001"
    ),
    example!(
        Explanation::new(
            "FR001",
            "One FaultRule runs: the first that holds. A ProxyEndpoint tries from the last to \
                the first, a TargetEndpoint from the first to the last, and a rule without a \
                Condition always holds.",
        ),
        "fr001"
    ),
    Explanation::new("FR002", "It looks like something that runs, and does not."),
    example!(
        Explanation::new(
            "FR003",
            "A rule for everything says what it is as DefaultFaultRule, and takes \
                `AlwaysEnforce` there.",
        ),
        "fr003"
    ),
    example!(
        Explanation::new(
            "GW101",
            "Without it the gateway would have to guess what is meant. Apigee refuses a \
                policy that lacks it, or fails when the step is reached.",
        ),
        "gw101"
    ),
    example!(
        Explanation::new(
            "GW102",
            "What is misspelt or stands in the wrong place does nothing, and nobody says so \
                when the request comes: the default holds instead.",
        ),
        "gw102"
    ),
    example!(
        Explanation::new(
            "GW103",
            "Only the first of them is read. Whoever edits the second one wonders why nothing \
                happens.",
        ),
        "gw103"
    ),
    example!(
        Explanation::new(
            "GW104",
            "A number that is none, or a word that is not among those that the element takes, \
                cannot be obeyed. A flag that is neither `true` nor `false` counts as false, \
                which is rarely what `yes` was to mean.",
        ),
        "gw104"
    ),
    Explanation::new(
        "GW105",
        "An entity of a document type can read files of the machine and grow without bound, \
            so that none is read.",
    ),
    Explanation::new(
        "GW106",
        "A document of that size is not written by hand, and could hold up everything else.",
    ),
    Explanation::new(
        "GW107",
        "Bytes of another encoding would become other characters than those that were typed.",
    ),
    Explanation::new("GW110", "Nothing can be linted or deployed from there."),
    Explanation::new(
        "GW111",
        "Two bundles of one name would take turns. The one that was there first runs on.",
    ),
    Explanation::new(
        "GW112",
        "Without it the proxies that use it could not be linked anew. They run on with what \
            they had.",
    ),
    example!(
        Explanation::new(
            "GW121",
            "What is no call stays in the text as it is written, and the client sees it.",
        ),
        "gw121"
    ),
    example!(
        Explanation::new(
            "GW122",
            "Paths start with a slash, so that the pattern fits none of them.",
        ),
        "gw122"
    ),
    example!(
        Explanation::new("GW123", "The path ends before the query, so that the pattern fits none.",),
        "gw123"
    ),
    example!(
        Explanation::new(
            "GW124",
            "Here it is read as it is meant; elsewhere it may stay text, or be empty.",
        ),
        "gw124"
    ),
    Explanation::new(
        "GW130",
        "The manifest gives the bundle its name. Apigee reads exactly one XML file beside the \
            folders.",
    ),
    Explanation::new(
        "GW131",
        "A file is read for what its folder holds: a policy in `proxies/` is no ProxyEndpoint.",
    ),
    Explanation::new("GW132", "The revision is a part of cache keys and of what management shows."),
    Explanation::new("GW133", "Requests run without it."),
    example!(
        Explanation::new(
            "GW134",
            "Not every release of Apigee takes the spelling; one that does not sees a target \
                without a connection.",
        ),
        "gw134"
    ),
    example!(
        Explanation::new(
            "GW135",
            "A name becomes a part of variables, addresses and file names. Apigee refuses \
                some characters; others work in one place and not in the next.",
        ),
        "gw135"
    ),
    Explanation::new("GW136", "A Step or RouteRule that names it could mean either."),
    example!(Explanation::new("GW137", "No path can fit it, or Apigee refuses it.",), "gw137"),
    Explanation::new(
        "GW138",
        "A request could be either's. The one that is deployed keeps the path.",
    ),
    example!(
        Explanation::new(
            "GW139",
            "The default holds instead, and nobody says so when the request comes.",
        ),
        "gw139"
    ),
    example!(
        Explanation::new(
            "GW140",
            "It does nothing: the default of the property that was meant holds.",
        ),
        "gw140"
    ),
    example!(
        Explanation::new(
            "GW141",
            "Profile `edge` has the caches that were made before; Apigee Edge refuses a \
                bundle that names another. Under profile `x` a cache is made when it is named.",
        ),
        "gw141"
    ),
    Explanation::new(
        "GW150",
        "The hook runs nothing until it is there again, and what all proxies rely on is left out.",
    ),
    Explanation::new(
        "GW170",
        "What the line was to ask for does not happen: a misspelt exclusion leaves the finding, and a \
            limit is not that one.",
    ),
    Explanation::new(
        "GW171",
        "It is there for apigeelint. That it means nothing here is worth knowing once.",
    ),
    Explanation::new(
        "GW180",
        "The key ends in an empty name, so that all targets share what was meant to be each \
            one's own, and a policy in a TargetEndpoint never meets it.",
    ),
    Explanation::new(
        "GW200",
        "A bundle that cannot run whole is not run in part: a check that is left out would \
            let through what it is there to stop.",
    ),
    Explanation::new("GW201", "The target could not be called."),
    Explanation::new("GW202", "The request would have nowhere to go."),
    Explanation::new("GW204", "Requests run as if it were not set."),
    example!(
        Explanation::new("GW205", "The call ends in the fault ServiceUnavailable, 503.",),
        "gw205"
    ),
    Explanation::new(
        "GW206",
        "A request that reaches the step ends in the fault SharedFlowNotFound, 500.",
    ),
    example!(
        Explanation::new(
            "GW301",
            "The text is only used where the variable has no value, and then all such \
                requests share one entry.",
        ),
        "gw301"
    ),
    example!(
        Explanation::new("GW302", "Every request shares one entry, whoever it is from.",),
        "gw302"
    ),
    example!(
        Explanation::new(
            "GW303",
            "The key starts with the Prefix and with nothing else: the Scope keeps nobody apart.",
        ),
        "gw303"
    ),
    example!(Explanation::new("GW304", "Apigee refuses the bundle.",), "gw304"),
    example!(
        Explanation::new(
            "GW305",
            "A cache that several gateways share never answers at once, so that every lookup \
                misses.",
        ),
        "gw305"
    ),
    example!(
        Explanation::new(
            "GW306",
            "The value is lost, and what reads the variable sees what it was before.",
        ),
        "gw306"
    ),
    example!(
        Explanation::new(
            "GW307",
            "It says whose entries are meant where the key has a scope. A key with a Prefix \
                has none.",
        ),
        "gw307"
    ),
    example!(
        Explanation::new("GW311", "Values are counted from 1. Apigee refuses the bundle.",),
        "gw311"
    ),
    example!(
        Explanation::new("GW312", "Nothing could read the variable. Apigee refuses the bundle.",),
        "gw312"
    ),
    example!(Explanation::new("GW313", "Apigee refuses the bundle.",), "gw313"),
    example!(
        Explanation::new(
            "GW314",
            "HTTP cannot carry such a name, so that the header is never sent.",
        ),
        "gw314"
    ),
    Explanation::new("GW315", "A fault is an answer: there is nobody to show a token to."),
    example!(
        Explanation::new(
            "GW320",
            "Apigee refuses the bundle: the operation cannot work without it.",
        ),
        "gw320"
    ),
    example!(Explanation::new("GW321", "Apigee refuses the bundle.",), "gw321"),
    example!(Explanation::new("GW322", "Apigee refuses the bundle.",), "gw322"),
    example!(
        Explanation::new(
            "GW323",
            "The policy deploys, and then faults, lets nothing through, or ignores what it says.",
        ),
        "gw323"
    ),
    example!(Explanation::new("GW324", "Apigee refuses the bundle.",), "gw324"),
    example!(Explanation::new("GW325", "Apigee refuses the bundle.",), "gw325"),
    Explanation::new(
        "GW340",
        "One policy answers in one place, so that the key that is made there is the one under \
            which the answer is kept. Apigee refuses the bundle.",
    ),
    Explanation::new(
        "GW341",
        "What is kept is the response as it stands at that step, and two steps would keep two. \
            Apigee refuses the bundle.",
    ),
    Explanation::new(
        "GW342",
        "A hit goes on behind the policy's step of the response flows, and a shared flow has \
            none. Apigee refuses the bundle.",
    ),
    Explanation::new(
        "GW343",
        "Lookup and storing are two halves of one policy: one alone costs time and saves none.",
    ),
    Explanation::new(
        "GW344",
        "A POST would be answered with what a GET of the same address got, and would never \
            reach the target.",
    ),
    Explanation::new(
        "GW345",
        "Nothing could say when the cache is passed over. Apigee refuses the bundle.",
    ),
    Explanation::new(
        "GW346",
        "Browsers could not tell how long they may keep the answer to a preflight. Apigee \
            refuses the bundle.",
    ),
    Explanation::new("GW347", "No browser sends such a method. Apigee refuses the bundle."),
    Explanation::new(
        "GW348",
        "A header of that size is refused by many servers on its way. Apigee refuses the \
            bundle.",
    ),
    Explanation::new(
        "GW349",
        "An error is no answer to keep for others, and behind the answer there is nobody to \
            give one to.",
    ),
    example!(Explanation::new("GW350", "Apigee refuses the bundle.",), "gw350"),
    example!(Explanation::new("GW351", "Apigee refuses the bundle.",), "gw351"),
    Explanation::new("GW352", "Apigee refuses the bundle."),
    example!(
        Explanation::new("GW353", "The step faults for every request that has the value.",),
        "gw353"
    ),
    Explanation::new(
        "GW370",
        "It says how the JSON is to look, and nothing else does. Apigee refuses the bundle.",
    ),
    Explanation::new(
        "GW371",
        "What the policy makes differs from what it seems to say, and whoever reads it is \
            misled.",
    ),
    Explanation::new(
        "GW372",
        "Nothing could be logged there. A file outside of the log folder is not the policy's to \
            write. Apigee refuses the bundle.",
    ),
    Explanation::new(
        "GW373",
        "The lines that somebody looks for one day are not there, or not where they are looked \
            for.",
    ),
    Explanation::new(
        "GW374",
        "The entries are those that Cloud Logging would get, one in each line of \
            `cloud-logging.jsonl`, and stay on this machine.",
    ),
    Explanation::new(
        "GW375",
        "What is logged may be confidential: nothing goes out readable that should go out \
            encrypted, and so the server gets nothing.",
    ),
    Explanation::new(
        "GW400",
        "The server is as one that is out: others are called in its stead, and where there is none \
            the call ends in the fault NoActiveTargets, 503.",
    ),
    Explanation::new(
        "GW401",
        "A target whose certificate cannot be judged, or that asks for one which is not there, is \
            not called: the call ends in the fault SslHandshakeFailed, 503.",
    ),
    Explanation::new(
        "GW402",
        "The call ends in the fault SslHandshakeFailed, 503: nothing older than TLS 1.2 is spoken \
            here.",
    ),
    Explanation::new(
        "GW403",
        "A target that speaks nothing else is not reached; one that speaks another of the list is.",
    ),
    Explanation::new("GW405", "The default holds, which may not be what was meant."),
    Explanation::new(
        "GW406",
        "Google makes a token for scopes, or for an audience. Without them each call of the \
            target ends in the fault `GoogleTokenGenerationFailure`.",
    ),
    Explanation::new(
        "GW407",
        "A proxy is found by its name and that of its endpoint, or by a path. What is one part \
            too many does not count, and what is missing is guessed.",
    ),
    Explanation::new(
        "GW408",
        "Whoever reads a token on its way can use it until it ends. Each call of the target ends \
            in the fault `GoogleTokenGenerationFailure`, and nothing is sent. Within the machine, \
            to a loopback address or `localhost`, a token may go over `http`.",
    ),
    example!(
        Explanation::new(
            "PD001",
            "The request would have nowhere to go. Apigee refuses the bundle.",
        ),
        "pd001"
    ),
    example!(
        Explanation::new(
            "PD002",
            "A request that no RouteRule fits ends in the fault RouteFailed, 500.",
        ),
        "pd002"
    ),
    example!(
        Explanation::new(
            "PD003",
            "RouteRules are tried in their order, and one without a Condition takes every \
                request.",
        ),
        "pd003"
    ),
    Explanation::new(
        "PD004",
        "Whoever looks for the endpoint by its name does not find the file. Tools that go by \
            the file's name and those that go by the attribute disagree.",
    ),
    Explanation::new(
        "PD005",
        "Apigee X routes by environment groups: the element does nothing there.",
    ),
    Explanation::new(
        "PD006",
        "Apigee refuses two base paths. Without one the proxy takes `/`, and so every request \
            that no other proxy does. The response was sent before a PostClientFlow, so that its \
            request steps have no time to run.",
    ),
    Explanation::new(
        "PO006",
        "A Step calls a policy by its name. Whoever searches for the file by what the Step \
            says does not find it.",
    ),
    Explanation::new(
        "PO007",
        "Who reads a flow sees only the names of its steps: `AM-`, `SA-` or `RF-` says what \
            each does.",
    ),
    Explanation::new(
        "PO008",
        "Apigee's editor shows the DisplayName, and the Step names the policy: who looks for \
            one does not find the other.",
    ),
    example!(
        Explanation::new(
            "PO012",
            "The message that is changed is then another than the one that was meant, or is \
                of another type.",
        ),
        "po012"
    ),
    Explanation::new(
        "PO018",
        "Patterns with look-around take far longer on texts that are made to hurt, and a \
            threat protection reads such texts.",
    ),
    Explanation::new(
        "PO019",
        "The callout then changes the client's request, and what follows sees another one \
            than the client sent.",
    ),
    Explanation::new(
        "PO020",
        "The callout's answer then stands in the place of the target's, or is taken for it.",
    ),
    example!(
        Explanation::new(
            "PO022",
            "Each gateway then has a counter of its own, so that clients get the limit as \
                many times as there are gateways.",
        ),
        "po022"
    ),
    Explanation::new(
        "PO023",
        "Each of the two counts, so that a client has half of what it was promised.",
    ),
    Explanation::new(
        "PO024",
        "An error of a moment is then answered to everybody until it expires.",
    ),
    example!(
        Explanation::new("PO026", "The variable becomes null, or what stands there has no effect.",),
        "po026"
    ),
    Explanation::new(
        "PO027",
        "A key that is not in a private variable is shown to whoever traces a request.",
    ),
    Explanation::new(
        "PO028",
        "A bundle that is written for one platform does not deploy on the other.",
    ),
    example!(Explanation::new("PO029", "Apigee refuses the bundle.",), "po029"),
    example!(
        Explanation::new(
            "PO030",
            "How long an entry lives is then the cache's decision, or not the one that was \
                meant; at most it is 30 days.",
        ),
        "po030"
    ),
    example!(
        Explanation::new(
            "PO031",
            "Without a Content-Type the receiver has to guess, or takes the one of the \
                message that was there before.",
        ),
        "po031"
    ),
    Explanation::new(
        "PO032",
        "A browser takes the answer for another one than was meant: a wildcard lets in every page, \
            and an origin with a slash at its end, or an empty entry of a list, matches none.",
    ),
    Explanation::new("PO033", "Nothing is extracted, or not as what it is."),
    Explanation::new(
        "PO034",
        "What stands in the wrong place has no effect, and the default holds instead.",
    ),
    example!(
        Explanation::new(
            "PO035",
            "What stands in the wrong place has no effect; a Quota without a limit lets \
                nothing through.",
        ),
        "po035"
    ),
    Explanation::new("PO036", "The answer is kept nowhere, or where nobody looks for it."),
    Explanation::new("PO037", "The step faults, or collects its default, each time."),
    Explanation::new("PO038", "The policy cannot know which map is meant."),
    Explanation::new(
        "PO039",
        "The platform takes no other resource than `api`, and a list of labels without a label \
            labels nothing.",
    ),
    Explanation::new(
        "PO040",
        "The path stays as it is written, braces and all, and finds nothing.",
    ),
    example!(
        Explanation::new("PO041", "Nothing reads an ExclusiveCache, and only one Scope can hold.",),
        "po041"
    ),
    example!(
        Explanation::new(
            "PO042",
            "What is misspelt or stands in the wrong place does nothing, and nobody says so \
                when the request comes: the default holds instead.",
        ),
        "po042"
    ),
    Explanation::new("PO043", "The connection is made without what it says."),
    Explanation::new("PO044", "The token is then signed otherwise than was meant, or not at all."),
    Explanation::new("PO045", "The token then keeps what it had, or the step faults."),
    example!(
        Explanation::new("ST001", "The step runs nothing. Apigee refuses the bundle.",),
        "st001"
    ),
    example!(
        Explanation::new(
            "ST002",
            "A second Name is never read. An empty Condition reads as if the step depended on \
                something, and it always runs.",
        ),
        "st002"
    ),
    Explanation::new(
        "ST003",
        "Without a body the step faults, and the client gets a 500 for a request that was \
            none of its mistake.",
    ),
    Explanation::new(
        "ST004",
        "Without a body the step faults, and the client gets a 500 for a request that was \
            none of its mistake.",
    ),
    Explanation::new(
        "ST005",
        "Without a form there is nothing to extract, and each request pays for the attempt.",
    ),
    Explanation::new("ST006", "Each request pays for the step, whether it has a body or not."),
    Explanation::new("ST007", "Each request pays for the step, whether it has a body or not."),
    example!(
        Explanation::new(
            "ST008",
            "The fault ends the flow, so that no request reaches the steps behind it.",
        ),
        "st008"
    ),
    Explanation::new(
        "TD001",
        "A proxy in front of the management API hands out what its credentials can do to \
            whoever finds a way in.",
    ),
    Explanation::new(
        "TD002",
        "The bundle has to be changed for each environment whose backend is elsewhere. A target server \
            is looked for by its name, and each environment says where it is.",
    ),
    Explanation::new(
        "TD003",
        "A RouteRule leads to a TargetEndpoint by its name. Whoever searches for the file by \
            that name does not find it.",
    ),
    Explanation::new(
        "TD004",
        "Without `Enabled` the rest of `SSLInfo` does not count. Under Apigee X a certificate that \
            nobody vouches for is taken unless `Enforce` says otherwise; Apigee Edge has no such element.",
    ),
    Explanation::new(
        "TD005",
        "A store that is named itself has to be replaced with every bundle that names it when \
            its certificate expires. A reference is changed once.",
    ),
    Explanation::new(
        "TD006",
        "Where there is a LoadBalancer, each target server has its own TLS settings, and \
            these are not used.",
    ),
    Explanation::new(
        "TD007",
        "Any of the public authorities can then vouch for the backend, and any that is \
            tricked too.",
    ),
    Explanation::new("TD008", "Only one server can be the last resort."),
    Explanation::new("TD009", "The first one is used; the servers of the second never are."),
    Explanation::new("TD010", "It gets two shares of the requests without saying so."),
    Explanation::new(
        "TD011",
        "Encryption without a check of the certificate hides nothing from whoever stands between.",
    ),
    Explanation::new(
        "TD012",
        "For https nobody has said whose certificates to take, and which one to show. For http it is \
            not used, and the calls are in the clear however it reads.",
    ),
    Explanation::new(
        "TD013",
        "The backend refuses the connection, or is never shown the certificate that is named.",
    ),
    example!(
        Explanation::new(
            "TD014",
            "A target that leads nowhere, or to two places, cannot be called.",
        ),
        "td014"
    ),
    Explanation::new(
        "TD015",
        "Without it a server that fails stays in the rotation, and its share of the requests \
            fails with it.",
    ),
    Explanation::new("TD016", "It looks as if somebody watched the backend, and nobody does."),
    example!(
        Explanation::new("TD017", "There is nobody to call. Apigee refuses the bundle.",),
        "td017"
    ),
];
