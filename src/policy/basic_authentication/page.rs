//! What the documentation says of BasicAuthentication.

use crate::policy::kind::{ElementRow, FaultRow, Page};

pub(super) static PAGE: Page = Page {
    summary: "Joins a user and a password into a Basic credential, or takes one apart.",
    elements: &[
        ElementRow { path: "Operation", default: "required", meaning: "`Encode` or `Decode`" },
        ElementRow {
            path: "User, User@ref, Password, Password@ref",
            default: "required",
            meaning: "`Encode`: the variable, else the text; `Decode`: `ref` names the variable to \
                set",
        },
        ElementRow {
            path: "AssignTo",
            default: "required by `Encode`",
            meaning: "the variable to set to `Basic ...`, most often `request.header.Authorization`",
        },
        ElementRow {
            path: "AssignTo@createNew",
            default: "`false`",
            meaning: "`true`: replaces a value that is there; `false`: keeps it",
        },
        ElementRow {
            path: "Source",
            default: "required by `Decode`",
            meaning: "the variable that holds the credential",
        },
        ElementRow {
            path: "IgnoreUnresolvedVariables",
            default: "`true`",
            meaning: "`true`: a variable without a value is the empty text; `false`: it faults",
        },
    ],
    variables: &[],
    faults: &[
        FaultRow {
            code: "steps.basicauthentication.UnresolvedVariable",
            status: 500,
            faultstring: "Unresolved variable : {name}",
            when: "a variable has no value, and `IgnoreUnresolvedVariables` is `false`",
        },
        FaultRow {
            code: "steps.basicauthentication.InvalidBasicAuthenticationSource",
            status: 500,
            faultstring: "Source variable : {name} for basic authentication decode policy is not valid",
            when: "`Source` holds no credential of the scheme Basic, or has no value that \
                `IgnoreUnresolvedVariables` lets pass",
        },
    ],
    notes: "A credential is read with and without the `=` at the end of its Base64, and one that \
        is not UTF-8 as ISO 8859-1. Name variables that hold secrets `private.` something: \
        tools that show requests mask those.",
};
