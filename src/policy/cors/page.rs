//! What the documentation says of CORS.

use crate::policy::kind::{ElementRow, FaultRow, Page, VariableRow};

const fn element(path: &'static str, default: &'static str, meaning: &'static str) -> ElementRow {
    ElementRow { path, default, meaning }
}

const fn variable(name: &'static str, kind: &'static str, meaning: &'static str) -> VariableRow {
    VariableRow { name, kind, meaning }
}

pub(super) static PAGE: Page = Page {
    summary: "Tells browsers which pages of other origins may read the answers. Attach it in the \
        `Request` of the ProxyEndpoint's PreFlow. A preflight (OPTIONS with `Origin` and \
        `Access-Control-Request-Method`) is answered here: the rest of the request flow and the \
        target are skipped, and the response flows of the ProxyEndpoint run. To other requests \
        with an `Origin` the headers are put on the answer just before it leaves, on that of a \
        fault too.",
    elements: &[
        element(
            "AllowOrigins",
            "required",
            "`*`, or origins between commas; a message template, as are the other lists",
        ),
        element("AllowMethods", "`GET, POST, HEAD, OPTIONS`", "methods between commas, or `*`"),
        element(
            "AllowHeaders",
            "`Origin, Accept, X-Requested-With, Content-Type, Access-Control-Request-Method, \
             Access-Control-Request-Headers`",
            "request headers between commas, or `*`; up to 8192 bytes",
        ),
        element(
            "ExposeHeaders",
            "the header is not sent",
            "response headers between commas, or `*`; up to 8192 bytes",
        ),
        element(
            "MaxAge",
            "1800",
            "for how many seconds a browser may keep the answer to a preflight; -1 for not at all",
        ),
        element(
            "AllowCredentials",
            "the header is not sent",
            "whether a page may send cookies and credentials",
        ),
        element(
            "GeneratePreflightResponse",
            "true",
            "`false`: a preflight goes its way through the flows, and only the variables are set",
        ),
        element(
            "IgnoreUnresolvedVariables",
            "true",
            "`false`: a template that names a variable without a value faults",
        ),
    ],
    variables: &[
        variable(
            "cross_origin_resource_sharing.allow.credentials",
            "boolean",
            "`AllowCredentials`",
        ),
        variable("cross_origin_resource_sharing.allow.headers", "text", "`AllowHeaders`"),
        variable("cross_origin_resource_sharing.allow.methods", "text", "`AllowMethods`"),
        variable(
            "cross_origin_resource_sharing.allow.origin",
            "text",
            "what `Access-Control-Allow-Origin` says; null where the origin is not allowed",
        ),
        variable("cross_origin_resource_sharing.allow.origins.list", "text", "`AllowOrigins`"),
        variable("cross_origin_resource_sharing.expose.headers", "text", "`ExposeHeaders`"),
        variable("cross_origin_resource_sharing.max.age", "integer", "`MaxAge`"),
        variable(
            "cross_origin_resource_sharing.preflight.accepted",
            "boolean",
            "of a preflight: whether origin, method and headers are allowed",
        ),
        variable(
            "cross_origin_resource_sharing.request.headers",
            "text",
            "of a preflight: `Access-Control-Request-Headers`",
        ),
        variable(
            "cross_origin_resource_sharing.request.method",
            "text",
            "of a preflight: `Access-Control-Request-Method`",
        ),
        variable("cross_origin_resource_sharing.request.origin", "text", "`Origin`"),
        variable("cross_origin_resource_sharing.request.type", "text", "`PREFLIGHT` or `ACTUAL`"),
    ],
    faults: &[FaultRow {
        code: "steps.cors.UnresolvedVariable",
        status: 500,
        faultstring: "CORS[{policy}]: unable to resolve variable {name}",
        when: "a template names a variable without a value, and `IgnoreUnresolvedVariables` is \
            `false`",
    }],
    notes: "The client's own origin is answered where it is among those that are allowed; `*` \
        answers `*`, except beside `AllowCredentials`, with which browsers do not take it. The \
        answer varies by `Origin` unless it is `*`. A preflight that asks for more than is \
        allowed gets status 200 and none of the headers, which a browser takes for a no. Without \
        an `Origin` the policy does nothing.",
};
