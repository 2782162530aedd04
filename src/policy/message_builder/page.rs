//! The rows that the policies which build messages share.

/// The policy's own rows, then those of the operations, which stand below `$below`.
macro_rules! element_rows {
    ($below:literal, $($own:expr,)*) => {
        &[
            $($own,)*
            $crate::policy::kind::ElementRow {
                path: concat!(
                    $below, "Add/Headers/Header@name, ",
                    $below, "Add/QueryParams/QueryParam@name, ",
                    $below, "Add/FormParams/FormParam@name",
                ),
                default: "",
                meaning: "one more value for the header or parameter: the text, a message \
                    template, as the name may be. Form parameters are added to a POST alone",
            },
            $crate::policy::kind::ElementRow {
                path: concat!(
                    $below, "Set/Headers/Header@name, ",
                    $below, "Set/QueryParams/QueryParam@name, ",
                    $below, "Set/FormParams/FormParam@name",
                ),
                default: "",
                meaning: "the same in the place of all values that are there",
            },
            $crate::policy::kind::ElementRow {
                path: concat!($below, "Set/Payload"),
                default: "",
                meaning: "the body, a message template; white space belongs to it, and markup \
                    inside is sent as it is written",
            },
            $crate::policy::kind::ElementRow {
                path: concat!($below, "Set/Payload@contentType"),
                default: "",
                meaning: "sets the header `Content-Type` too; a message template",
            },
            $crate::policy::kind::ElementRow {
                path: concat!(
                    $below, "Set/Payload@variablePrefix, ", $below, "Set/Payload@variableSuffix",
                ),
                default: "`{`, `}`",
                meaning: "what stands around a reference in this payload",
            },
            $crate::policy::kind::ElementRow {
                path: concat!($below, "Set/Payload@template"),
                default: "",
                meaning: "`template://` and the name of a resource file that holds the template, \
                    in the place of the text",
            },
            $crate::policy::kind::ElementRow {
                path: concat!(
                    $below, "Set/Verb, ", $below, "Set/Path, ", $below, "Set/Version",
                ),
                default: "",
                meaning: "of a request; message templates",
            },
            $crate::policy::kind::ElementRow {
                path: concat!($below, "Set/StatusCode, ", $below, "Set/ReasonPhrase"),
                default: "",
                meaning: "of a response; message templates. A status takes its usual reason \
                    phrase along",
            },
            $crate::policy::kind::ElementRow {
                path: concat!($below, "Copy@source"),
                default: "`message`",
                meaning: "the message that is copied from; without any child the whole of it",
            },
            $crate::policy::kind::ElementRow {
                path: concat!(
                    $below, "Copy/Headers/Header@name, ",
                    $below, "Copy/QueryParams/QueryParam@name, ",
                    $below, "Copy/FormParams/FormParam@name",
                ),
                default: "",
                meaning: "these; an empty collection such as `<Headers/>` is all of it, and \
                    `name.2` the second value",
            },
            $crate::policy::kind::ElementRow {
                path: concat!(
                    $below, "Copy/Payload, ", $below, "Copy/Verb, ", $below, "Copy/Version, ",
                    $below, "Copy/Path, ", $below, "Copy/StatusCode, ",
                    $below, "Copy/ReasonPhrase",
                ),
                default: "`false`",
                meaning: "`true` copies it",
            },
            $crate::policy::kind::ElementRow {
                path: concat!(
                    $below, "Remove/Headers/Header@name, ",
                    $below, "Remove/QueryParams/QueryParam@name, ",
                    $below, "Remove/FormParams/FormParam@name",
                ),
                default: "",
                meaning: "as in `Copy`; an empty `Remove` removes headers, query and body",
            },
            $crate::policy::kind::ElementRow {
                path: concat!($below, "Remove/Payload"),
                default: "`false`",
                meaning: "`true` removes the body",
            },
            $crate::policy::kind::ElementRow {
                path: concat!($below, "AssignVariable/Name"),
                default: "required",
                meaning: "the variable to set. Its value is the first of the following that \
                    there is, in this order; without any it becomes null",
            },
            $crate::policy::kind::ElementRow {
                path: concat!($below, "AssignVariable/ResourceURL"),
                default: "",
                meaning: "the text of a resource file, such as `jsc://words.txt`",
            },
            $crate::policy::kind::ElementRow {
                path: concat!(
                    $below, "AssignVariable/Template, ", $below, "AssignVariable/Template@ref",
                ),
                default: "",
                meaning: "a message template: that which the variable holds, else the text",
            },
            $crate::policy::kind::ElementRow {
                path: concat!($below, "AssignVariable/Ref"),
                default: "",
                meaning: "the value of another variable, which keeps its type",
            },
            $crate::policy::kind::ElementRow {
                path: concat!($below, "AssignVariable/Value"),
                default: "",
                meaning: "the text as it stands, no template",
            },
            $crate::policy::kind::ElementRow {
                path: concat!($below, "AssignVariable/PropertySetRef"),
                default: "",
                meaning: "a message template that makes `set.key`: the variable \
                    `propertyset.set.key`",
            },
        ]
    };
}

/// The policy's own rows, then the three that a message which cannot be made ends in.
macro_rules! fault_rows {
    ($prefix:literal, $element:literal, $($own:expr,)*) => {
        &[
            $($own,)*
            $crate::policy::kind::FaultRow {
                code: concat!($prefix, ".UnresolvedVariable"),
                status: 500,
                faultstring: concat!($element, "[{policy}]: unable to resolve variable {name}"),
                when: "a variable or a message has no value, and `IgnoreUnresolvedVariables` is \
                    `false`",
            },
            $crate::policy::kind::FaultRow {
                code: concat!($prefix, ".SetVariableFailed"),
                status: 500,
                faultstring: concat!($element, "[{policy}]: unable to set variable {name}"),
                when: "a variable is read-only or does not take the value; a status, verb, path or \
                    header is none",
            },
            $crate::policy::kind::FaultRow {
                code: concat!($prefix, ".VariableOfNonMsgType"),
                status: 500,
                faultstring: concat!(
                    $element, "[{policy}]: value of variable {name} is not of type Message",
                ),
                when: "a variable that should hold a message holds something else",
            },
        ]
    };
}

pub(in crate::policy) use {element_rows, fault_rows};
