//! What the documentation says of MessageLogging.

use crate::policy::kind::{ElementRow, Page, VariableRow};

pub(super) static PAGE: Page = Page {
    summary: "Logs a line of its own making: to a file, to a syslog server, or to what takes \
        the place of Cloud Logging. It may stand anywhere, and best in the PostClientFlow. It \
        has no fault and never makes the client wait: the line is made, put into a queue, and \
        written by another thread.",
    elements: &[
        ElementRow {
            path: "logLevel",
            default: "`INFO`",
            meaning: "`INFO`, `ALERT`, `WARN` or `ERROR`: the priority of lines to syslog, the \
                severity of entries of Cloud Logging",
        },
        ElementRow {
            path: "BufferMessage",
            default: "`false`",
            meaning: "reads the body that the templates name where the endpoint streams it",
        },
        ElementRow { path: "File/Message", default: "required", meaning: "template of the line" },
        ElementRow {
            path: "File/FileName",
            default: "required",
            meaning: "name of the file without a path; it lies below the log folder in \
                `{proxy}/{revision}/{policy}/`",
        },
        ElementRow {
            path: "File/FileRotationOptions@rotateFileOnStartup",
            default: "`false`",
            meaning: "whether the first line after a start begins a new file",
        },
        ElementRow {
            path: "File/FileRotationOptions/FileRotationType",
            default: "what the others say, else `SIZE`",
            meaning: "`SIZE`, `TIME` or `TIME_SIZE`",
        },
        ElementRow {
            path: "File/FileRotationOptions/MaxFileSizeInMB",
            default: "100",
            meaning: "a file does not become larger",
        },
        ElementRow {
            path: "File/FileRotationOptions/RotationFrequency",
            default: "one day",
            meaning: "a new file begins so often, counted in UTC",
        },
        ElementRow {
            path: "File/FileRotationOptions/RotationFrequency@unit",
            default: "`minute`",
            meaning: "`minute`, `hour` or `day`",
        },
        ElementRow {
            path: "File/FileRotationOptions/MaxFilesToRetain",
            default: "8",
            meaning: "how many files are kept beside the one that is written; 0 keeps all",
        },
        ElementRow { path: "Syslog/Message", default: "required", meaning: "template of the line" },
        ElementRow {
            path: "Syslog/Host",
            default: "`localhost`",
            meaning: "name or address of the server",
        },
        ElementRow { path: "Syslog/Port", default: "514", meaning: "its port" },
        ElementRow {
            path: "Syslog/Protocol",
            default: "`UDP`",
            meaning: "`UDP` or `TCP`. Over TCP a line ends with a line feed, and line breaks \
                inside it become spaces; over UDP a line is a datagram",
        },
        ElementRow {
            path: "Syslog/FormatMessage",
            default: "`false`",
            meaning: "puts the header of RFC 5424 before the line, else its priority alone",
        },
        ElementRow {
            path: "Syslog/PayloadOnly",
            default: "`false`",
            meaning: "puts nothing before the line",
        },
        ElementRow {
            path: "Syslog/DateFormat",
            default: "`yyyy-MM-dd'T'HH:mm:ss.SSSZ`",
            meaning: "the time in that header, as a pattern of Java's SimpleDateFormat, in UTC",
        },
        ElementRow {
            path: "Syslog/SSLInfo/Enabled",
            default: "`false`",
            meaning: "where it is true the bundle is refused (GW375): TLS to syslog servers \
                is not supported yet, and nothing is sent without it",
        },
        ElementRow {
            path: "CloudLogging/LogName",
            default: "required",
            meaning: "template; `logName` of the entry",
        },
        ElementRow {
            path: "CloudLogging/Message",
            default: "required",
            meaning: "template; `jsonPayload` or `textPayload` of the entry",
        },
        ElementRow {
            path: "CloudLogging/Message@contentType",
            default: "`text/plain`",
            meaning: "`application/json` makes an object of the message if it is one",
        },
        ElementRow {
            path: "CloudLogging/Labels/Label/Key",
            default: "required",
            meaning: "name of a label of the entry; `Label` may stand several times",
        },
        ElementRow {
            path: "CloudLogging/Labels/Label/Value",
            default: "required",
            meaning: "template of its value",
        },
        ElementRow {
            path: "CloudLogging/ResourceType",
            default: "`api`",
            meaning: "`resource.type` of the entry",
        },
    ],
    variables: &[
        VariableRow {
            name: "messagelogging.{policy}.failed",
            kind: "boolean",
            meaning: "true where the line was dropped, or where the last attempt to write to its \
                destination did not succeed",
        },
        VariableRow { name: "messagelogging.failed", kind: "boolean", meaning: "the same" },
    ],
    faults: &[],
    notes: "Nothing is sent to Google. What `CloudLogging` holds is written to \
        `cloud-logging.jsonl` in the policy's folder, one entry a line in the form that \
        `entries.write` of Cloud Logging takes, so that any shipper of logs can pass it on.\n\
        \n\
        A queue holds 4096 lines or 8 MiB, all queues together 64 MiB; a line may have 1 MiB. \
        What does not fit is dropped. A syslog server that is away is tried again after 0.1 to \
        10 seconds, and a line that waited 60 seconds is dropped. Each of these counts in the \
        metric `messagelogging.{policy}.dropped`. When the gateway stops, lines that wait have \
        5 seconds to be written.",
};
