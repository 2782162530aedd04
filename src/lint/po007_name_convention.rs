//! PO007: a policy whose name does not tell its type.
//! Source: apigeelint PO007: a name starts with a word for the type and `-` or `.`, such as
//! `AM-`, or for some types is that word; case does not matter. Differs: a name that is the type
//! counts for every type, and `ConcurrentRatelimit` and `oasvalidation-` do as Apigee spells them.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};

pub(super) static RULE: Rule =
    Rule { code: "PO007", severity: Severity::Warning, summary: "name without a type", check };

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for policy in cx.policies {
        let head = &policy.head;
        let Some(convention) = CONVENTIONS.iter().find(|row| row.kind == head.kind) else {
            continue;
        };
        let name = head.name.value.as_str();
        if convention.is_kept_by(name) {
            continue;
        }
        let message = format!("the name `{name}` does not tell the policy's type, {}", head.kind);
        RULE.report(diags, head.name.span, message).help(convention.advice());
    }
}

/// How policies of one type are called.
struct Convention {
    kind: &'static str,
    /// Words before a `-` or `.`, the shortest first.
    starts: &'static [&'static str],
    /// Words that are names of their own, besides the type.
    names: &'static [&'static str],
}

impl Convention {
    fn is_kept_by(&self, name: &str) -> bool {
        let is_one =
            |words: &[&str], word: &str| words.iter().any(|known| known.eq_ignore_ascii_case(word));
        let word_length = name.bytes().take_while(u8::is_ascii_alphanumeric).count();
        let (word, rest) = name.split_at(word_length);
        let is_start = rest.starts_with(['-', '.']) && rest.len() > 1;
        let is_type = name.eq_ignore_ascii_case(self.kind);
        is_type || (is_start && is_one(self.starts, word)) || is_one(self.names, name)
    }

    fn advice(&self) -> String {
        let starts: Vec<String> = self.starts.iter().take(3).map(|s| format!("`{s}-`")).collect();
        let starts = starts.join(", ");
        match self.starts.len() {
            0..=3 => format!("start it with {starts}"),
            _ => format!("start it with {starts} or the like"),
        }
    }
}

const fn row(
    kind: &'static str,
    starts: &'static [&'static str],
    names: &'static [&'static str],
) -> Convention {
    Convention { kind, starts, names }
}

const CONVENTIONS: &[Convention] = &[
    row("AccessControl", &["ac", "accessc", "accesscontrol"], &[]),
    row("AccessEntity", &["ae", "accesse", "accessentity"], &[]),
    row("AssertCondition", &["ac", "assert", "assertcondition"], &[]),
    row(
        "AssignMessage",
        &["am", "add", "set", "send", "build", "assign", "response", "assignmessage"],
        &[],
    ),
    row("BasicAuthentication", &["ba", "auth", "decode", "encode", "basicauth"], &[]),
    row("CORS", &["cors"], &[]),
    row("ConcurrentRatelimit", &["ccr"], &[]),
    row("ConnectorCallout", &["cc", "connect", "connector", "connectorcallout"], &[]),
    row("DataCapture", &["dc", "datacapture"], &["dc"]),
    row("DecodeJWS", &["jws", "decodejws"], &[]),
    row("DecodeJWT", &["jwt", "decodejwt"], &[]),
    row("DeleteOAuthV1Info", &["oauth", "oauthv1"], &[]),
    row("DeleteOAuthV2Info", &["oauth", "oauthv2"], &[]),
    row("ExternalCallout", &["ec", "extc", "external", "externalcallout"], &[]),
    row("ExtractVariables", &["ev", "vars", "extract", "extractvariables"], &[]),
    row("FlowCallout", &["fc", "flow", "flowcallout"], &[]),
    row("GenerateJWS", &["jws", "gjws", "generatejws"], &[]),
    row("GenerateJWT", &["jwt", "gjwt", "generatejwt"], &[]),
    row("GenerateSAMLAssertion", &["sa", "saml", "generatesaml"], &[]),
    row("GetOAuthV1Info", &["getoa", "oauth", "oauthv1", "getoauth"], &[]),
    row(
        "GetOAuthV2Info",
        &["oai", "oauth", "oauthv2", "oauthinfo", "accesstoken", "oauthv2info"],
        &[],
    ),
    row("GraphQL", &["gq", "gql", "graphql"], &[]),
    row("HMAC", &["hmac"], &[]),
    row("HTTPModifier", &["mod", "httpm", "httpmodifier"], &["http"]),
    row("IntegrationCallout", &["ic", "int", "callout", "integration", "integrationcallout"], &[]),
    row("InvalidateCache", &["ic", "cache", "invalidate", "invalidatecache"], &[]),
    row("JSONThreatProtection", &["tp", "jtp", "jsontp", "threat", "jsonthreat"], &[]),
    row("JSONToXML", &["j2x", "jtox", "jsontoxml"], &[]),
    row("JavaCallout", &["java", "javac", "javacallout"], &["java"]),
    row("Javascript", &["js", "jsc", "javascript"], &[]),
    row("KeyValueMapOperations", &["kv", "kvm", "kvmops", "keyvaluemapoperations"], &[]),
    row("LLMTokenQuota", &["ltq", "llmq", "quota", "llmquota", "llmtokenquota"], &["llm"]),
    row("Ldap", &["ldap"], &[]),
    row("LookupCache", &["lc", "lu", "cache", "lookup", "lucache"], &[]),
    row("MessageLogging", &["ml", "logging", "messagelogging"], &[]),
    row("MessageValidation", &["mv", "messval", "messagevalidation"], &[]),
    row(
        "MonetizationLimitsCheck",
        &["mc", "mcheck", "monetizationcheck", "monetizationlimitscheck"],
        &[],
    ),
    row("OASValidation", &["oas", "oasvalidation"], &["oas"]),
    row("OAuthV1", &["oa", "oauth", "verify", "oauthv1", "accesstoken"], &[]),
    row("OAuthV2", &["oa", "oauth", "verify", "oauthv2", "accesstoken"], &[]),
    row("ParseDialogflowRequest", &["pdfr", "dialogflow", "parsedialogflowrequest"], &[]),
    row("PopulateCache", &["pc", "pop", "cache", "populate", "populatecache"], &[]),
    row("PromptTokenLimit", &["ptl", "promptlimit", "prompttokenlimit"], &["prompt"]),
    row("PublishMessage", &["pm", "publish", "publishmessage"], &[]),
    row("Quota", &["q", "quota"], &["q"]),
    row("RaiseFault", &["rf", "fault", "raise", "raisefault"], &[]),
    row(
        "ReadPropertySet",
        &["rps", "prop", "read", "propset", "readpropertyset"],
        &["propertyset"],
    ),
    row("RegularExpressionProtection", &["re", "tp", "regex", "regextp"], &[]),
    row("ResetQuota", &["rq", "resetquota"], &[]),
    row("ResponseCache", &["rc", "cache", "responsecache"], &[]),
    row("RevokeOAuthV2", &["oar", "oauthv2", "accesstoken", "oauthrevoke"], &[]),
    row("SanitizeModelResponse", &["smr", "sanitize", "sanitizemodelresponse"], &[]),
    row("SanitizeUserPrompt", &["sup", "sanitize", "sanitizeuserprompt"], &[]),
    row("Script", &["scr", "script"], &[]),
    row("SemanticCacheLookup", &["scl", "cache", "semantic", "semanticcachelookup"], &[]),
    row("SemanticCachePopulate", &["scp", "cache", "semantic", "semanticcachepopulate"], &[]),
    row("ServiceCallout", &["sc", "callout"], &[]),
    row("SetDialogflowResponse", &["sdfr", "dialogflow", "setdialogflowresponse"], &[]),
    row("SetIntegrationRequest", &["sir", "integration", "setintegrationrequest"], &[]),
    row("SetOAuthV2Info", &["oai", "oauthv2", "oauthinfo", "accesstoken", "oauthv2info"], &[]),
    row("SpikeArrest", &["sa", "spike", "spikearrest"], &[]),
    row("StatisticsCollector", &["stats", "statcoll"], &[]),
    row("TraceCapture", &["tc", "tracecapture"], &["tc"]),
    row("ValidateSAMLAssertion", &["sa", "saml", "validatesaml"], &[]),
    row("VerifyAPIKey", &["va", "apikey", "verify", "verifyapikey"], &[]),
    row("VerifyIAM", &["iam", "viam", "verifyiam"], &[]),
    row("VerifyJWS", &["jws", "vjws", "verifyjws"], &[]),
    row("VerifyJWT", &["jwt", "vjwt", "verifyjwt"], &[]),
    row("XMLThreatProtection", &["tp", "xtp", "xmltp"], &["xmltp"]),
    row("XMLToJSON", &["x2j", "xtoj", "xmltojson"], &[]),
    row("XSL", &["xsl"], &[]),
];
