//! What the documentation says of ReadPropertySet.

use crate::policy::kind::{ElementRow, FaultRow, Page};

pub(super) static PAGE: Page = Page {
    summary: "Reads properties whose set or key only a request tells. Where both are known, the \
        variable `propertyset.{set}.{key}` needs no policy.",
    elements: &[
        ElementRow {
            path: "Read",
            default: "required",
            meaning: "one property; there may be several",
        },
        ElementRow {
            path: "Read/Name, Read/Name@ref",
            default: "required",
            meaning: "the set's name: a text, or a variable's value where it has one",
        },
        ElementRow {
            path: "Read/Key, Read/Key@ref",
            default: "required",
            meaning: "the property's name",
        },
        ElementRow { path: "Read/AssignTo", default: "required", meaning: "the variable to set" },
        ElementRow {
            path: "Read/DefaultValue",
            default: "",
            meaning: "the value where there is no such property; without it the variable stays \
                as it is",
        },
        ElementRow {
            path: "IgnoreUnresolvedVariables",
            default: "false",
            meaning: "whether a `ref` without value and text counts as a property that is not \
                there, or faults",
        },
    ],
    variables: &[],
    faults: &[FaultRow {
        code: "steps.readpropertyset.UnresolvedVariable",
        status: 500,
        faultstring: "Unresolved variable : {name}",
        when: "a `ref` has neither value nor text, and `IgnoreUnresolvedVariables` is `false`",
    }],
    notes: "A set is `resources/properties/{set}.properties` of the proxy, else of a shared flow \
        that it calls. What they do not have is looked up in the environment: the key-value \
        `propertyset.{set}.{key}` labelled with the environment's name, else without a label.",
};
