//! The codes of "Files and XML".

use crate::diag::Severity;
use crate::diag::catalogue::{Code, Section};

pub(super) static SECTION: Section = Section {
    title: "Files and XML",
    codes: &[
        Code {
            code: "BN001",
            severities: &[Severity::Error, Severity::Warning],
            what: "`proxies/` or `sharedflows/` holds no XML file (error); a file or folder \
                that nobody reads; a resource whose name its type does not have",
            remedy: "write the endpoint; move or delete the file",
            example: "error[BN001]: `apiproxy/proxies/` holds no XML file",
        },
        Code {
            code: "BN011",
            severities: &[Severity::Error],
            what: "XML that is not well-formed",
            remedy: "close, nest and quote as the finding says",
            example: "apiproxy/proxies/default.xml:6:3: error[BN011]: `</ProxyEndpoint>` where \
                `</HTTPProxyConnection>` should stand",
        },
        Code {
            code: "GW101",
            severities: &[Severity::Error, Severity::Warning],
            what: "a required element, attribute or text is missing or empty; a Flow, \
                RouteRule, FaultRule or Property without a name is a warning, as is an empty Condition of one",
            remedy: "write it",
            example: "apiproxy/policies/Lookup.xml:1:1: error[GW101]: policy `LookupCache` has \
                no `name`",
        },
        Code {
            code: "GW102",
            severities: &[Severity::Warning],
            what: "an element or attribute that is unknown where it stands in a policy or a manifest, or an attribute of an \
                endpoint; it has no effect",
            remedy: "correct the name, move it, or delete it",
            example: "apiproxy/policies/ML-Cloud.xml:7:6: warning[GW102]: `Severity` is unknown in \
                `CloudLogging` and has no effect",
        },
        Code {
            code: "GW103",
            severities: &[Severity::Warning],
            what: "an element that may stand once stands again; the first one counts",
            remedy: "delete one",
            example: "apiproxy/policies/LC-Token.xml:7:3: warning[GW103]: a second `Scope` is \
                never read",
        },
        Code {
            code: "GW104",
            severities: &[Severity::Error, Severity::Warning],
            what: "a text that is not of the kind its element takes; a flag that is neither \
                `true` nor `false` counts as false and is a warning",
            remedy: "write a value of that kind",
            example: "apiproxy/policies/LC-Token.xml:3:10: error[GW104]: `exclusive` is no \
                Scope",
        },
        Code {
            code: "GW105",
            severities: &[Severity::Error],
            what: "a document type declaration, or an entity that only one could declare",
            remedy: "delete it",
            example: "AM-Note.xml:4:14: error[GW105]: `&nbsp;` is an unknown entity",
        },
        Code {
            code: "GW106",
            severities: &[Severity::Error],
            what: "a document of more elements, or deeper ones, than are read",
            remedy: "split it",
            example: "AM-Deep.xml:3:2: error[GW106]: elements nest deeper than 64 levels",
        },
        Code {
            code: "GW107",
            severities: &[Severity::Error],
            what: "a file that is not UTF-8",
            remedy: "save it as UTF-8",
            example: "AM-Note.xml:1:31: error[GW107]: the file says that it is `ISO-8859-1`; \
                only UTF-8 is read",
        },
        Code {
            code: "GW110",
            severities: &[Severity::Error],
            what: "a path that cannot be opened as a bundle or a policy",
            remedy: "see the finding",
            example: "error[GW110]: proxies/shop.zip is not a whole zip",
        },
        Code {
            code: "GW111",
            severities: &[Severity::Error],
            what: "a name that is already deployed from another place",
            remedy: "rename one of the two, or remove it",
            example: "apiproxy/weather.xml:1:17: error[GW111]: the proxy `weather` is already \
                deployed from proxies/weather",
        },
        Code {
            code: "GW112",
            severities: &[Severity::Warning],
            what: "an environment policy that went away while proxies use it; it runs on",
            remedy: "put it back, or change the proxies",
            example: "policies/Add-Headers.xml:1:20: warning[GW112]: the environment policy is gone and still used by weather",
        },
        Code {
            code: "GW130",
            severities: &[Severity::Error],
            what: "no manifest, or several, beside the folders",
            remedy: "keep exactly one XML file there",
            example: "apiproxy/rain.xml:1:2: error[GW130]: `apiproxy/` holds 2 manifests",
        },
        Code {
            code: "GW131",
            severities: &[Severity::Error],
            what: "a file whose root element does not belong into its folder",
            remedy: "move it, or correct the root element",
            example: "apiproxy/targets/backend.xml:1:2: error[GW131]: `ProxyEndpoint` in \
                `targets/`, where `TargetEndpoint` belongs",
        },
        Code {
            code: "GW132",
            severities: &[Severity::Warning],
            what: "a revision that is not a positive number; the bundle is revision 1",
            remedy: "write a number",
            example: "apiproxy/weather.xml:1:36: warning[GW132]: the revision `r2` is not a \
                positive number",
        },
        Code {
            code: "GW150",
            severities: &[Severity::Warning],
            what: "a shared flow that went away while a flow hook of the environment names it",
            remedy: "put it back, or detach it from the hook",
            example: "warning[GW150]: the shared flow is gone and still attached to \
                PreProxyFlowHook",
        },
        Code {
            code: "GW170",
            severities: &[Severity::Warning],
            what: "a line of an `.apigeelintrc` that says nothing",
            remedy: "write `--option value`",
            example: ".apigeelintrc:4:1: warning[GW170]: `--maxWarning` is no option of lint",
        },
        Code {
            code: "GW171",
            severities: &[Severity::Note],
            what: "an option of an `.apigeelintrc` that means something to apigeelint alone",
            remedy: "leave it, where apigeelint reads the file too",
            example: ".apigeelintrc:3:1: note[GW171]: `--formatter` has no effect here",
        },
    ],
};
