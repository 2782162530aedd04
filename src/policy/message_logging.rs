//! MessageLogging: logs a line of its own making to files and syslog servers.
//! Source: Apigee docs, "MessageLogging policy" and its deployment error page; RFC 5424. It has
//! no fault and waits for nothing: a line is made and handed over, and what cannot be handed over
//! is dropped and counted.
//! Variables: `messagelogging.{policy}.failed`, `messagelogging.failed`. Metric:
//! `messagelogging.{policy}.dropped`, one for each line that was dropped or lost.
//! Findings: `GW372` (InvalidProtocol, InvalidPort), `GW373`, `GW374`; lint has `GW375`.

mod form;
mod page;
mod read;

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use bytestring::ByteString;

use crate::message::{Fault, MessageContext, Value};
use crate::policy::kind::{Linker, Next, Policy, PolicyKind, PureStep, Step, Uses};
use crate::policy::message_logging::form::{CloudEntry, Framing, cloud_entry, framed};
use crate::store::logs::{LogDestination, Rotation, Transport};
use crate::store::metrics::Metric;
use crate::template::{Template, Unresolved};
use crate::variable::Slot;

pub(super) static KIND: PolicyKind = PolicyKind {
    element: "MessageLogging",
    failed_prefix: "messagelogging",
    read: read::read,
    page: &page::PAGE,
};

/// A longer line is cut.
const LINE_BYTES_MAX: usize = 1024 * 1024;

/// The file that holds what would go to Cloud Logging.
const CLOUD_FILE: &str = "cloud-logging.jsonl";

#[derive(Debug)]
struct MessageLogging {
    outputs: Vec<Output>,
    level: Level,
    buffer_message: bool,
}

#[derive(Debug)]
enum Output {
    File { message: Template, name: String, rotation: Rotation },
    Syslog(Syslog),
    Cloud(Cloud),
}

#[derive(Debug)]
struct Syslog {
    message: Template,
    host: String,
    port: u16,
    transport: Transport,
    framing: Framing,
    /// It must not go out readable, and there is no TLS here.
    wants_tls: bool,
}

#[derive(Debug)]
struct Cloud {
    log_name: Template,
    message: Template,
    is_json: bool,
    labels: Vec<(String, Template)>,
    resource_type: String,
}

/// Source: RFC 5424 section 6.2.1, and the severities of Cloud Logging.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    Alert,
    Error,
    Warn,
    Info,
}

impl Level {
    /// With the facility of messages of users.
    fn priority(self) -> u8 {
        let severity = match self {
            Self::Alert => 1,
            Self::Error => 3,
            Self::Warn => 4,
            Self::Info => 6,
        };
        8 + severity
    }

    fn cloud_severity(self) -> &'static str {
        match self {
            Self::Alert => "ALERT",
            Self::Error => "ERROR",
            Self::Warn => "WARNING",
            Self::Info => "INFO",
        }
    }
}

impl Policy for MessageLogging {
    fn uses(&self) -> Uses {
        Uses::default()
    }

    fn link(self: Box<Self>, linker: &mut dyn Linker) -> Step {
        let policy = linker.policy().to_owned();
        let failed = [
            linker.output(&format!("messagelogging.{policy}.failed")),
            linker.output("messagelogging.failed"),
        ];
        let metrics = linker.metrics();
        let dropped = metrics.metric(linker.proxy(), &format!("messagelogging.{policy}.dropped"));
        if self.buffer_message {
            linker.buffers_streams();
        }
        let logs = linker.logs();
        let instance = ByteString::from(logs.as_ref().map_or("-", |logs| logs.instance()));
        let proxy = linker.proxy().to_owned();
        let outputs = self.outputs.into_iter().map(|mut output| {
            output.bind(linker);
            let destination = logs.as_ref().and_then(|logs| match &output {
                Output::Syslog(syslog) if syslog.wants_tls => None,
                Output::Syslog(syslog) => logs.syslog(&syslog.host, syslog.port, syslog.transport),
                Output::File { name, rotation, .. } => logs.file(
                    &folders(linker, &proxy, &policy).each_ref().map(String::as_str),
                    name,
                    *rotation,
                ),
                Output::Cloud(_) => {
                    let folders = folders(linker, &proxy, &policy);
                    let folders = folders.each_ref().map(String::as_str);
                    logs.file(&folders, CLOUD_FILE, Rotation::default())
                }
            });
            (output, destination)
        });
        Step::Pure(Box::new(LinkedMessageLogging {
            outputs: outputs.collect(),
            level: self.level,
            instance,
            failed,
            dropped,
        }))
    }
}

/// Where the platform has them too, below the folder of its logs.
fn folders(linker: &dyn Linker, proxy: &str, policy: &str) -> [String; 3] {
    [proxy.to_owned(), linker.revision().to_string(), policy.to_owned()]
}

impl Output {
    fn bind(&mut self, linker: &mut dyn Linker) {
        match self {
            Self::File { message, .. } => linker.bind(message),
            Self::Syslog(syslog) => linker.bind(&mut syslog.message),
            Self::Cloud(cloud) => {
                linker.bind(&mut cloud.log_name);
                linker.bind(&mut cloud.message);
                for (_, value) in &mut cloud.labels {
                    linker.bind(value);
                }
            }
        }
    }
}

struct LinkedMessageLogging {
    /// `None`: nothing can be logged there.
    outputs: Vec<(Output, Option<Arc<LogDestination>>)>,
    level: Level,
    instance: ByteString,
    failed: [Option<Slot>; 2],
    dropped: Option<Arc<Metric>>,
}

impl PureStep for LinkedMessageLogging {
    fn run(&self, cx: &mut MessageContext) -> Result<Next, Fault> {
        let now_ms = cx.clock.epoch_ms();
        let mut failed = false;
        for (output, destination) in &self.outputs {
            let line = self.line(output, cx, now_ms);
            let is_taken = match destination {
                Some(destination) => {
                    destination.hand_over(line, now_ms, self.dropped.as_ref())
                        && !destination.is_failing()
                }
                None => {
                    if let Some(metric) = &self.dropped {
                        metric.record_number(1.0);
                    }
                    false
                }
            };
            failed |= !is_taken;
        }
        for slot in self.failed {
            cx.set_output(slot, || Value::Boolean(failed));
        }
        Ok(Next::Continue)
    }
}

impl LinkedMessageLogging {
    fn line(&self, output: &Output, cx: &MessageContext, now_ms: i64) -> Bytes {
        match output {
            Output::File { message, .. } => Bytes::from(cut(rendered(message, cx)).into_owned()),
            Output::Syslog(syslog) => {
                let text = cut(rendered(&syslog.message, cx));
                let priority = self.level.priority();
                Bytes::from(framed(&text, &syslog.framing, priority, &self.instance, now_ms))
            }
            Output::Cloud(cloud) => {
                let labels = cloud.labels.iter();
                Bytes::from(cloud_entry(CloudEntry {
                    log_name: &rendered(&cloud.log_name, cx),
                    severity: self.level.cloud_severity(),
                    resource_type: &cloud.resource_type,
                    labels: labels
                        .map(|(key, value)| (key.as_str(), cut(rendered(value, cx))))
                        .collect(),
                    is_json: cloud.is_json,
                    text: &cut(rendered(&cloud.message, cx)),
                    now_ms,
                }))
            }
        }
    }
}

/// What has no value is nothing.
fn rendered<'a>(template: &'a Template, cx: &'a MessageContext) -> Cow<'a, str> {
    template.render(cx, Unresolved::Empty).unwrap_or_default()
}

fn cut(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.len() <= LINE_BYTES_MAX {
        return text;
    }
    let end = text.floor_char_boundary(LINE_BYTES_MAX);
    Cow::Owned(text.get(..end).unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests;
