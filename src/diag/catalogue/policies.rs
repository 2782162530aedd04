//! The codes of "Policies".

use crate::diag::Severity;
use crate::diag::catalogue::{Code, Section};

pub(super) static SECTION: Section = Section {
    title: "Policies",
    codes: &[
        Code {
            code: "BN003",
            severities: &[Severity::Warning],
            what: "a LookupCache whose entries no policy of the bundle stores",
            remedy: "attach a PopulateCache with the same cache, scope and key",
            example: "apiproxy/policies/LC-Token.xml:3:3: warning[BN003]: nothing in the \
                bundle stores what `LC-Token` looks up",
        },
        Code {
            code: "BN005",
            severities: &[Severity::Warning],
            what: "a policy that no Step names",
            remedy: "attach it, or delete it",
            example: "apiproxy/policies/PC-Token.xml:1:22: warning[BN005]: no Step names \
                policy `PC-Token`",
        },
        Code {
            code: "BN006",
            severities: &[Severity::Warning],
            what: "more than 100 policies; `lint.policy_count_max` sets another number",
            remedy: "split the bundle",
            example: "apiproxy/weather.xml:1:17: warning[BN006]: the bundle has 2 policies, more than 1",
        },
        Code {
            code: "BN007",
            severities: &[Severity::Warning],
            what: "more than 20 resource files",
            remedy: "keep only what the bundle needs; move shared files to the environment",
            example: "apiproxy/weather.xml:1:17: warning[BN007]: the bundle has 21 resource \
                files, more than 20",
        },
        Code {
            code: "BN009",
            severities: &[Severity::Warning],
            what: "a StatisticsCollector that always runs beside another, or in two places",
            remedy: "collect all in one policy that runs once, or give the Steps Conditions",
            example: "apiproxy/policies/SC-One.xml:1:28: warning[BN009]: StatisticsCollector \
                `SC-One` always runs beside another",
        },
        Code {
            code: "BN013",
            severities: &[Severity::Warning],
            what: "a resource file of a type that policies name, which none of them does",
            remedy: "name it, or delete it",
            example: "apiproxy/weather.xml:1:17: warning[BN013]: no policy refers to \
                `resources/jsc/idle.js`",
        },
        Code {
            code: "BN014",
            severities: &[Severity::Warning],
            what: "a policy that differs from another in nothing but its name",
            remedy: "let the Steps name one of them, and delete the other",
            example: "apiproxy/policies/AM-Second.xml:1:22: warning[BN014]: policy `AM-Second` is \
                the same as `AM-First`",
        },
        Code {
            code: "DC001",
            severities: &[Severity::Warning],
            what: "a ConcurrentRatelimit, which Apigee has given up",
            remedy: "write a SpikeArrest",
            example: "apiproxy/policies/CCR-Load.xml:1:2: warning[DC001]: ConcurrentRatelimit is deprecated",
        },
        Code {
            code: "DC002",
            severities: &[Severity::Warning],
            what: "a policy of OAuth 1.0a, which Apigee has given up",
            remedy: "use OAuthV2",
            example: "apiproxy/policies/OAuth-Verify.xml:1:2: warning[DC002]: OAuthV1 is deprecated",
        },
        Code {
            code: "GW141",
            severities: &[Severity::Error],
            what: "InvalidCacheResourceReference: a CacheResource that the environment does \
                not have, in Apigee's words. Profile `x` creates the cache instead",
            remedy: "create the cache, or correct the name",
            example: "apiproxy/policies/LC-Token.xml:2:18: error[GW141]: Invalid cache \
                resource reference tokenz in Step definition LC-Token. Context \
                Revision:3;APIProxy:weather;Organization:acme;Environment:test",
        },
        Code {
            code: "GW180",
            severities: &[Severity::Warning],
            what: "a cache key with Scope `Target` in a request flow of a ProxyEndpoint, where \
                no target is chosen yet",
            remedy: "attach the policy in the TargetEndpoint, or write Scope `Proxy`",
            example: "apiproxy/proxies/default.xml:4:19: warning[GW180]: `LC-Token` has Scope \
                `Target` and no target is chosen yet",
        },
        Code {
            code: "GW301",
            severities: &[Severity::Warning],
            what: "a part of a cache key with both a variable and a text",
            remedy: "keep one",
            example: "apiproxy/policies/LC-Token.xml:5:5: warning[GW301]: `KeyFragment` has \
                both a ref and a text",
        },
        Code {
            code: "GW302",
            severities: &[Severity::Warning],
            what: "a CacheKey without a KeyFragment",
            remedy: "add one",
            example: "apiproxy/policies/LC-Token.xml:4:3: warning[GW302]: `CacheKey` has no \
                `KeyFragment`",
        },
        Code {
            code: "GW303",
            severities: &[Severity::Note],
            what: "a Scope beside a Prefix, which goes before it",
            remedy: "delete the Scope",
            example: "apiproxy/policies/LC-Token.xml:3:10: note[GW303]: Scope `Proxy` has no \
                effect beside a Prefix",
        },
        Code {
            code: "GW304",
            severities: &[Severity::Error],
            what: "InvalidTimeout: a CacheLookupTimeoutInSeconds below 0, in Apigee's words",
            remedy: "write a positive number",
            example: "apiproxy/policies/LC-Token.xml:8:32: error[GW304]: \
                CacheLookupTimeoutInSeconds -1 value should be greater than zero.",
        },
        Code {
            code: "GW305",
            severities: &[Severity::Warning],
            what: "a CacheLookupTimeoutInSeconds of 0: a cache that does not answer at once \
                is not waited for",
            remedy: "write a positive number",
            example: "apiproxy/policies/LC-Token.xml:8:32: warning[GW305]: \
                CacheLookupTimeoutInSeconds is 0",
        },
        Code {
            code: "GW306",
            severities: &[Severity::Warning],
            what: "a value is assigned to a variable that cannot be written",
            remedy: "name another variable",
            example: "apiproxy/policies/LC-Token.xml:9:13: warning[GW306]: `system.time` is \
                read-only, so that a hit is lost",
        },
        Code {
            code: "GW307",
            severities: &[Severity::Warning],
            what: "a part of an InvalidateCache that has no effect there",
            remedy: "delete it",
            example: "apiproxy/policies/IC-Token.xml:3:3: warning[GW307]: `CacheContext` has \
                no effect beside a Prefix",
        },
        Code {
            code: "GW311",
            severities: &[Severity::Error],
            what: "InvalidIndex: an index of a header or parameter that is not greater than \
                zero",
            remedy: "count from 1",
            example: "apiproxy/policies/RF-No.xml:5:30: error[GW311]: RaiseFault[RF-No]: index \
                must be greater than zero in a.0",
        },
        Code {
            code: "GW312",
            severities: &[Severity::Error],
            what: "InvalidVariableName: a name that no variable may have",
            remedy: "rename it",
            example: "apiproxy/policies/AM-Set.xml:3:3: error[GW312]: AssignMessage schema \
                validation failed: invalid variable name - null - in assign variable.",
        },
        Code {
            code: "GW313",
            severities: &[Severity::Error],
            what: "a payload that cannot be read as its element says",
            remedy: "see the finding",
            example: "apiproxy/policies/AM-Set.xml:4:18: error[GW313]: `greeting.txt` is not \
                the URL of a template",
        },
        Code {
            code: "GW314",
            severities: &[Severity::Warning],
            what: "a header name that HTTP does not have; it has no effect",
            remedy: "correct it",
            example: "apiproxy/policies/AM-Set.xml:5:22: warning[GW314]: `x a` is not the name \
                of a header",
        },
        Code {
            code: "GW315",
            severities: &[Severity::Warning],
            what: "an Authentication in a RaiseFault, where no message is sent",
            remedy: "delete it",
            example: "apiproxy/policies/RF-Stop.xml:6:5: warning[GW315]: `Authentication` has \
                no effect in RaiseFault",
        },
        Code {
            code: "GW320",
            severities: &[Severity::Error],
            what: "UserNameRequired, PasswordRequired, AssignToRequired, SourceRequired: what the Operation of a BasicAuthentication needs, in Apigee's words",
            remedy: "write the element; `Decode` takes `User@ref` and `Password@ref`",
            example: "apiproxy/policies/BA-Decode.xml:1:2: error[GW320]: BasicAuthenticationPolicy: Password element must be present for Decode operation.",
        },
        Code {
            code: "GW321",
            severities: &[Severity::Error],
            what: "InvalidAllowedRate: a Rate of a SpikeArrest that is not a whole number with `ps` or `pm`, in Apigee's words",
            remedy: "write one such as `30ps`",
            example: "apiproxy/policies/SA-Fraction.xml:2:11: error[GW321]: Invalid spike arrest rate 30.1ps.",
        },
        Code {
            code: "GW322",
            severities: &[Severity::Error],
            what: "InvalidQuotaInterval, InvalidQuotaTimeUnit, InvalidQuotaType, InvalidStartTime, StartTimeNotSupported, InvalidTimeUnitForDistributedQuota, InvalidSynchronizeIntervalForAsyncConfiguration, InvalidAsynchronizeConfigurationForSynchronousQuota: a part of a Quota, in Apigee's words",
            remedy: "see the finding",
            example: "apiproxy/policies/Q-Both.xml:6:5: error[GW322]: AsynchronousConfiguration is not valid for synchronous quota.",
        },
        Code {
            code: "GW323",
            severities: &[Severity::Warning],
            what: "a Quota that always faults, lets nothing through, or has a part without effect",
            remedy: "see the finding",
            example: "apiproxy/policies/Q-Nothing.xml:1:2: warning[GW323]: a Quota of type calendar has no `StartTime`",
        },
        Code {
            code: "GW324",
            severities: &[Severity::Error],
            what: "InvalidCount: an Allow of a ResetQuota that is not a whole number",
            remedy: "write a number, or `ref`",
            example: "apiproxy/policies/RQ-Count.xml:4:20: error[GW324]: Invalid count some in ResetQuota policy.",
        },
        Code {
            code: "GW325",
            severities: &[Severity::Error],
            what: "UnsupportedDatatype, InvalidName, DatatypeMissing: a Statistic of a StatisticsCollector",
            remedy: "write a type that it has, and another name",
            example: "apiproxy/policies/SC-Types.xml:3:43: error[GW325]: StatisticsCollection char: Datatype is unsupported",
        },
        Code {
            code: "GW350",
            severities: &[Severity::Error],
            what: "NothingToExtract, MissingName, PatternWithoutVariable, InvalidPattern, NONEmptyPrefixMappedToEmptyURI, DuplicatePrefix, NoXPathsToEvaluate, EmptyXPathExpression, XPathCompilationFailed, CannotBeConvertedToNodeset, NoJSONPathsToEvaluate, EmptyJSONPathExpression, JSONPathCompilationFailed: a part of an ExtractVariables, in Apigee's words",
            remedy: "see the finding",
            example: "apiproxy/policies/EV-Patterns.xml:3:18: error[GW350]: Pattern /a/b/ should have atleast one variable in ExtractVariables stepDefinition EV-Patterns.",
        },
        Code {
            code: "GW351",
            severities: &[Severity::Error],
            what: "NothingToEnforce, NoPatternsToEnforce, InvalidRegularExpression, NONEmptyPrefixMappedToEmptyURI, DuplicatePrefix, EmptyXPathExpression, XPathCompilationFailed, CannotBeConvertedToNodeset, EmptyJSONPathExpression, JSONPathCompilationFailed: a part of a RegularExpressionProtection, in Apigee's words",
            remedy: "see the finding",
            example: "apiproxy/policies/RE-Patterns.xml:3:18: error[GW351]: RegularExpressionProtection RE-Patterns: Invalid Regular Expression foo){2}",
        },
        Code {
            code: "GW352",
            severities: &[Severity::Error],
            what: "JsonPathCompilationFailed, XPathCompilationFailed, PatternCompilationFailed, or a doubled part: what a DataCapture cannot collect",
            remedy: "see the finding",
            example: "apiproxy/policies/DC-Paths.xml:4:36: error[GW352]: DataCapture DC-Paths: Failed to compile pattern /{id}",
        },
        Code {
            code: "GW353",
            severities: &[Severity::Warning],
            what: "an ExtractVariables that sets a variable which is read-only, or whose name continues that of another: it faults",
            remedy: "give the variable another name, or a VariablePrefix",
            example: "apiproxy/policies/EV-Fixed.xml:2:38: warning[GW353]: `proxy.name` is read-only: setting it faults",
        },
        Code {
            code: "GW370",
            severities: &[Severity::Error],
            what: "EitherOptionOrFormat, UnknownFormat: an XMLToJSON, in Apigee's words",
            remedy: "write `Options`, or a `Format` that is xml.com, yahoo, google or badgerFish",
            example: "apiproxy/policies/X2J-Response.xml:3:11: error[GW370]: \
                XMLToJSON[X2J-Response]: Unknown Format google.com.",
        },
        Code {
            code: "GW371",
            severities: &[Severity::Warning],
            what: "an option of XMLToJSON or JSONToXML that has no effect, or another one than it \
                says",
            remedy: "see the finding",
            example: "apiproxy/policies/X2J-Response.xml:3:6: warning[GW371]: namespaces without a \
                `NamespaceSeparator`",
        },
        Code {
            code: "GW372",
            severities: &[Severity::Error],
            what: "InvalidProtocol, InvalidPort: a Syslog of a MessageLogging, in Apigee's words; \
                or a FileName that leads out of the log folder",
            remedy: "write TCP or UDP, a port above 0, a name without a path",
            example: "apiproxy/policies/ML-Syslog.xml:6:15: error[GW372]: Invalid Protocol: HTTP \
                for Syslog handler in policy ML-Syslog.",
        },
        Code {
            code: "GW373",
            severities: &[Severity::Warning],
            what: "a MessageLogging that logs nowhere, or a part of one that counts as something \
                else",
            remedy: "see the finding",
            example: "apiproxy/policies/ML-File.xml:2:13: warning[GW373]: `LOUD` is no level of a \
                log",
        },
        Code {
            code: "GW374",
            severities: &[Severity::Warning],
            what: "a CloudLogging, whose entries are written to a file in the log folder",
            remedy: "pass the file on with a shipper of logs, or exclude this code",
            example: "apiproxy/policies/ML-Cloud.xml:2:4: warning[GW374]: there is no Cloud \
                Logging here",
        },
        Code {
            code: "GW385",
            severities: &[Severity::Error],
            what: "InvalidIndex: an index of a KeyValueMapOperations below 1, in Apigee's words",
            remedy: "count from 1",
            example: "apiproxy/policies/KVM-Get.xml:2:34: error[GW385]: Invalid index 0 in \
                KeyValueMapStep KVM-Get",
        },
        Code {
            code: "GW386",
            severities: &[Severity::Error],
            what: "KeyIsMissing: an entry of `InitialEntries` without `Key/Parameter`",
            remedy: "name the entry",
            example: "apiproxy/policies/KVM-Get.xml:3:9: error[GW386]: Key is missing in \
                KeyValueMapStep KVM-Get",
        },
        Code {
            code: "GW387",
            severities: &[Severity::Error],
            what: "ValueIsMissing: an entry of `InitialEntries` without `Value`",
            remedy: "give the entry a value",
            example: "apiproxy/policies/KVM-Get.xml:3:9: error[GW387]: Value is missing in \
                KeyValueMapStep KVM-Get",
        },
        Code {
            code: "GW388",
            severities: &[Severity::Warning],
            what: "a key-value map whose name is empty or holds a slash: the policy faults",
            remedy: "name the map",
            example: "apiproxy/policies/KVM-Get.xml:1:52: warning[GW388]: the map has no name",
        },
        Code {
            code: "GW389",
            severities: &[Severity::Warning],
            what: "a KeyValueMapOperations that does nothing, or a part of one without effect",
            remedy: "delete it",
            example: "apiproxy/policies/KV-None.xml:1:2: warning[GW389]: a \
                KeyValueMapOperations without `Get`, `Put` or `Delete`",
        },
        Code {
            code: "GW390",
            severities: &[Severity::Warning],
            what: "a `\\u` in a property set without four hexadecimal digits",
            remedy: "complete it, or write two backslashes",
            example: "apiproxy/resources/properties/shop.properties:2:1: warning[GW390]: `\\u` in \
                the property `color` has no four hexadecimal digits",
        },
        Code {
            code: "PO012",
            severities: &[Severity::Warning],
            what: "an AssignTo that changes nothing, says something that no message is, or stands twice",
            remedy: "see the finding",
            example: "apiproxy/policies/AM-Useless.xml:3:3: warning[PO012]: `AssignTo` names no message and makes none",
        },
        Code {
            code: "PO018",
            severities: &[Severity::Warning],
            what: "a pattern of a RegularExpressionProtection with a look-ahead or look-behind",
            remedy: "write it without",
            example: "apiproxy/policies/RE-Around.xml:3:14: warning[PO018]: the pattern looks \
                around itself with `(?=`",
        },
        Code {
            code: "PO019",
            severities: &[Severity::Warning],
            what: "a ServiceCallout that builds its request in the variable `request`",
            remedy: "name a variable of its own",
            example: "apiproxy/policies/SC-Over.xml:2:22: warning[PO019]: the callout changes the \
                request in hand",
        },
        Code {
            code: "PO020",
            severities: &[Severity::Warning],
            what: "a ServiceCallout that puts its answer into the variable `response`",
            remedy: "name a variable of its own",
            example: "apiproxy/policies/SC-Over.xml:3:13: warning[PO020]: the callout replaces \
                the response in hand",
        },
        Code {
            code: "PO022",
            severities: &[Severity::Warning],
            what: "a Quota that counts in each gateway apart",
            remedy: "set `Distributed` to `true`",
            example: "apiproxy/policies/Q-None.xml:1:2: warning[PO022]: Quota `Q-None` counts in \
                each gateway apart",
        },
        Code {
            code: "PO023",
            severities: &[Severity::Warning],
            what: "a Quota that one run of steps names twice under one condition",
            remedy: "delete one of the Steps",
            example: "apiproxy/proxies/default.xml:6:19: warning[PO023]: Quota `Q-Hour` counts the same message again",
        },
        Code {
            code: "PO024",
            severities: &[Severity::Warning],
            what: "a ResponseCache that keeps errors too",
            remedy: "set `ExcludeErrorResponse` to `true`",
            example: "apiproxy/policies/RC-All.xml:1:2: warning[PO024]: ResponseCache `RC-All` \
                keeps errors too",
        },
        Code {
            code: "PO026",
            severities: &[Severity::Warning],
            what: "an AssignVariable that gives no value, or has something in it that does not belong there",
            remedy: "see the finding",
            example: "apiproxy/policies/RF-Variables.xml:3:5: warning[PO026]: `AssignVariable` gives the variable no value",
        },
        Code {
            code: "PO027",
            severities: &[Severity::Warning],
            what: "an HMAC without an algorithm or key, or whose key is not in a private variable",
            remedy: "name a variable that starts with `private.`",
            example: "apiproxy/policies/HMAC-Open.xml:3:19: warning[PO027]: the key is in `request.header.key`, which is not private",
        },
        Code {
            code: "PO028",
            severities: &[Severity::Warning],
            what: "a policy of a type that the platform of the configured `profile` does not have; it runs here",
            remedy: "set `profile`, or do without it",
            example: "apiproxy/policies/AC-Verb.xml:1:2: warning[PO028]: Apigee Edge has no policy type `AssertCondition`",
        },
        Code {
            code: "PO029",
            severities: &[Severity::Error],
            what: "a root element that is no policy type",
            remedy: "correct it",
            example: "Shared-Lookup.xml:1:2: error[PO029]: policy type `CacheLookup` does not \
                exist",
        },
        Code {
            code: "PO030",
            severities: &[Severity::Warning],
            what: "an expiry that is missing, doubled, deprecated or too long",
            remedy: "write one `TimeoutInSeconds`",
            example: "apiproxy/policies/PC-None.xml:1:2: warning[PO030]: no expiry is given",
        },
        Code {
            code: "PO031",
            severities: &[Severity::Warning],
            what: "a payload that an AssignMessage sets without saying of which type it is, or saying it twice; a second payload",
            remedy: "write `contentType`",
            example: "apiproxy/policies/AM-Silent.xml:3:5: warning[PO031]: nothing says of which type the payload is",
        },
        Code {
            code: "PO033",
            severities: &[Severity::Warning],
            what: "an ExtractVariables with a part that is missing, doubled or of the wrong type",
            remedy: "see the finding",
            example: "apiproxy/policies/EV-Parts.xml:7:5: warning[PO033]: `JSONPayload` has no Variable",
        },
        Code {
            code: "PO034",
            severities: &[Severity::Warning],
            what: "an element or attribute that does not belong where it stands in an AssignMessage or RaiseFault, or a second one of an action; an AssignMessage that does nothing",
            remedy: "see the finding",
            example: "apiproxy/policies/AM-Misplaced.xml:4:6: warning[PO034]: `Header` is unknown in `Set` and has no effect",
        },
        Code {
            code: "PO035",
            severities: &[Severity::Warning],
            what: "an element that does not belong where it stands in a Quota, a second one, or a missing one; a `stepName` that names no policy which verifies a key or token",
            remedy: "see the finding",
            example: "apiproxy/policies/Q-Missing.xml:2:41: warning[PO035]: `stepName` names policy `VA-Keys`, which does not exist",
        },
        Code {
            code: "PO036",
            severities: &[Severity::Warning],
            what: "a Response of a ServiceCallout that is no name of a variable, or stands twice",
            remedy: "name one variable",
            example: "apiproxy/policies/SC-Empty.xml:2:3: warning[PO036]: `Response` in `ServiceCallout` is empty",
        },
        Code {
            code: "PO037",
            severities: &[Severity::Warning],
            what: "a DataCapture whose Source is not there in a flow that it is attached to",
            remedy: "set `Source` to `request`, or attach it to another flow",
            example: "apiproxy/policies/DC-Path.xml:5:13: warning[PO037]: `URIPath` of a response is never there",
        },
        Code {
            code: "PO038",
            severities: &[Severity::Warning],
            what: "a KeyValueMapOperations whose map is not named, or named twice; a MapName under profile `edge`",
            remedy: "write `mapIdentifier`; with profile `x` it or `MapName`",
            example: "apiproxy/policies/KV-None.xml:1:2: warning[PO038]: the map is not named",
        },
        Code {
            code: "PO039",
            severities: &[Severity::Warning],
            what: "a CloudLogging with a ResourceType other than `api`, or with `Labels` that hold \
                none",
            remedy: "correct it, or delete it",
            example: "apiproxy/policies/ML-Cloud.xml:6:19: warning[PO039]: `global` is no \
                `ResourceType` of CloudLogging",
        },
        Code {
            code: "PO040",
            severities: &[Severity::Warning],
            what: "a JSONPath of an ExtractVariables whose braces do not match",
            remedy: "close or escape them",
            example: "apiproxy/policies/EV-Braces.xml:4:41: warning[PO040]: the braces of `$.cities[?(@.id == '{id}')].{name` do not match",
        },
        Code {
            code: "PO041",
            severities: &[Severity::Warning],
            what: "an ExclusiveCache in a KeyValueMapOperations, which has no effect any more, or \
                a second Scope",
            remedy: "delete it",
            example: "apiproxy/policies/KV-Old.xml:2:4: warning[PO041]: `ExclusiveCache` has no \
                effect any more",
        },
        Code {
            code: "PO042",
            severities: &[Severity::Warning],
            what: "an element that does not belong where it stands in a SpikeArrest or PromptTokenLimit, or a second one",
            remedy: "correct the name, move it, or delete it",
            example: "apiproxy/policies/SA-Shape.xml:5:4: warning[PO042]: `Identifer` is unknown in `SpikeArrest` and has no effect",
        },
        Code {
            code: "PO043",
            severities: &[Severity::Warning],
            what: "an element that does not belong in the SSLInfo of a ServiceCallout",
            remedy: "correct the name, or delete it",
            example: "apiproxy/policies/SC-Tls.xml:6:8: warning[PO043]: `TrustStor` is unknown in `SSLInfo` and has no effect",
        },
        Code {
            code: "PO044",
            severities: &[Severity::Warning],
            what: "an element that does not belong where it stands in a GenerateJWT, or a second one; an algorithm and a key that do not fit",
            remedy: "see the finding",
            example: "apiproxy/policies/JWT-Key.xml:3:3: warning[PO044]: `SecretKey` is no key for `RS256`",
        },
        Code {
            code: "PO045",
            severities: &[Severity::Warning],
            what: "an element or attribute that does not belong where it stands in a SetOAuthV2Info, a second one, or a missing one",
            remedy: "see the finding",
            example: "apiproxy/policies/OAI-Empty.xml:1:2: warning[PO045]: `SetOAuthV2Info` has no `AccessToken`",
        },
    ],
};
