//! The codes of "ResponseCache and CORS".

use crate::diag::Severity;
use crate::diag::catalogue::{Code, Section};

pub(super) static SECTION: Section = Section {
    title: "ResponseCache and CORS",
    codes: &[
        Code {
            code: "GW340",
            severities: &[Severity::Error],
            what: "ResponseCacheStepAttachmentNotAllowedReq: a ResponseCache in two request \
                flows, in Apigee's words",
            remedy: "attach it once, or make it two policies",
            example: "apiproxy/proxies/default.xml:12:19: error[GW340]: Response cache step \
                definition RC-Two can not be attached more than once in the request \
                path.",
        },
        Code {
            code: "GW341",
            severities: &[Severity::Error],
            what: "ResponseCacheStepAttachmentNotAllowedResp: a ResponseCache in two response \
                flows, in Apigee's words",
            remedy: "attach it once, where the response is as it is to be kept",
            example: "apiproxy/targets/backend.xml:4:19: error[GW341]: Response cache step \
                definition RC-Two can not be attached more than once in the response \
                path.",
        },
        Code {
            code: "GW342",
            severities: &[Severity::Error],
            what: "a ResponseCache in a shared flow",
            remedy: "attach it in the proxy, or use LookupCache and PopulateCache",
            example: "sharedflowbundle/sharedflows/default.xml:3:11: error[GW342]: \
                ResponseCache `RC-Shared` cannot be used in a shared flow",
        },
        Code {
            code: "GW343",
            severities: &[Severity::Warning],
            what: "a ResponseCache in request flows or in response flows alone, which keeps \
                nothing",
            remedy: "attach it in both",
            example: "apiproxy/proxies/default.xml:4:19: warning[GW343]: ResponseCache \
                `RC-Request` is in no response flow",
        },
        Code {
            code: "GW344",
            severities: &[Severity::Warning],
            what: "a ResponseCache that answers POST as it answers GET: neither its Step, nor \
                the Flow, nor the policy asks for the verb",
            remedy: "give the Step the Condition `request.verb = \"GET\"`",
            example: "apiproxy/proxies/default.xml:4:19: warning[GW344]: ResponseCache \
                `RC-Request` answers every verb",
        },
        Code {
            code: "GW345",
            severities: &[Severity::Error],
            what: "InvalidMessagePatternForErrorCode: SkipCacheLookup or SkipCachePopulation is \
                no condition, in Apigee's words",
            remedy: "correct the condition; the note says what is wrong with it",
            example: "apiproxy/policies/RC-Weather.xml:10:33: error[GW345]: Invalid message \
                pattern found for error code \
                steps.cache.InvalidSkipCacheLookUpCondition.",
        },
        Code {
            code: "GW346",
            severities: &[Severity::Error],
            what: "InvalidMaxAge: a MaxAge of CORS that is no number of seconds, nor -1",
            remedy: "write a number",
            example: "apiproxy/policies/CORS.xml:4:11: error[GW346]: InvalidMaxAge: `soon` in \
                MaxAge is no number of seconds, nor -1",
        },
        Code {
            code: "GW347",
            severities: &[Severity::Error],
            what: "InvalidHTTPMethods: an item of AllowMethods that is no HTTP method",
            remedy: "write methods in capitals with commas between them, or `*`",
            example: "apiproxy/policies/CORS.xml:3:17: error[GW347]: InvalidHTTPMethods: \
                `FETCH` in AllowMethods is no HTTP method",
        },
        Code {
            code: "GW348",
            severities: &[Severity::Error],
            what: "AllowHeadersSizeTooLarge, ExposeHeadersSizeTooLarge: such a list of more than \
                8192 bytes",
            remedy: "name fewer headers, or write `*`",
            example: "apiproxy/policies/CORS.xml:5:17: error[GW348]: AllowHeadersSizeTooLarge: \
                AllowHeaders has 8193 bytes, more than 8192",
        },
        Code {
            code: "GW349",
            severities: &[Severity::Warning],
            what: "a ResponseCache in a FaultRule or in the PostClientFlow, where it has no effect",
            remedy: "move it to a request flow and a response flow",
            example: "apiproxy/proxies/default.xml:12:19: warning[GW349]: ResponseCache \
                `RC-Aside` has no effect here",
        },
        Code {
            code: "PO032",
            severities: &[Severity::Warning],
            what: "a slip in a CORS policy: a wildcard for origins or among other values, an \
                origin with a slash at its end, a list with a hole, a part that stands again",
            remedy: "name the origins, methods and headers that are allowed, commas between them",
            example: "apiproxy/policies/CORS-Slips.xml:2:17: warning[PO032]: AllowOrigins has \
                a wildcard among other values",
        },
    ],
};
