//! MessageLogging as its XML says it.

use crate::diag::Diagnostics;
use crate::policy::kind::{Policy, skip_head};
use crate::policy::message_logging::form::{DATE_FORMAT, Framing};
use crate::policy::message_logging::{Cloud, Level, MessageLogging, Output, Syslog};
use crate::store::logs::{Rotation, RotationPeriod, Transport};
use crate::template::{Template, check_time_pattern};
use crate::xml::fields::{MISSING, parse_flag};
use crate::xml::{Element, Fields, FromXml, Text};

/// What the platform refuses, in its words, and what would lead out of the folder of logs.
const REFUSED: &str = "GW372";
/// What deploys and does not do what it seems to say.
const DOUBTFUL: &str = "GW373";
/// What would go to Cloud Logging.
const CLOUD: &str = "GW374";

const HOST: &str = "localhost";
const PORT: u16 = 514;
const FILE_NAME_BYTES_MAX: usize = 200;
const MEGABYTE: u64 = 1024 * 1024;
const RESOURCE_TYPE: &str = "api";

pub(super) fn read(body: &Element, diags: &mut Diagnostics) -> Option<Box<dyn Policy>> {
    let policy = body.attribute("name").map_or("", |name| name.value.trim());
    let mut xml = body.reader(diags);
    skip_head(&mut xml);
    // Known to older bundles, and without effect here.
    xml.ignore(&["IgnoreUnresolvedVariables", "NotificationIntervalInSec"]);
    let level = read_level(&mut xml);
    let buffer_message = xml.flag("BufferMessage", false);
    let mut outputs = Vec::new();
    if let Some(element) = xml.child("File") {
        outputs.extend(read_file(element, xml.diags()));
    }
    if let Some(element) = xml.child("Syslog") {
        outputs.extend(read_syslog(element, policy, xml.diags()));
    }
    if let Some(element) = xml.child("CloudLogging") {
        outputs.extend(read_cloud(element, xml.diags()));
        if body.child("Syslog").is_some() {
            xml.diags()
                .warning(DOUBTFUL, element.name_span, "`CloudLogging` beside `Syslog`")
                .note(None, "the platform takes one of them; here both are written");
        }
    }
    if ["File", "Syslog", "CloudLogging"].iter().all(|name| body.child(name).is_none()) {
        xml.diags()
            .warning(DOUBTFUL, body.name_span, "this policy logs nowhere")
            .help("give it a `Syslog`, a `File` or a `CloudLogging`");
    }
    xml.finish();
    Some(Box::new(MessageLogging { outputs, level, buffer_message }))
}

fn read_level(xml: &mut Fields<'_, '_>) -> Level {
    let Some(Text { value, span }) = xml.optional("logLevel") else { return Level::Info };
    match value.to_ascii_uppercase().as_str() {
        "ALERT" => Level::Alert,
        "ERROR" => Level::Error,
        "WARN" => Level::Warn,
        "INFO" => Level::Info,
        _ => {
            xml.diags()
                .warning(DOUBTFUL, span, format!("`{value}` is no level of a log"))
                .note(None, "it counts as INFO")
                .help("write INFO, ALERT, WARN or ERROR");
            Level::Info
        }
    }
}

fn read_file(element: &Element, diags: &mut Diagnostics) -> Option<Output> {
    let mut xml = element.reader(diags);
    let message = xml.required("Message").map(|LogText(template)| template);
    let name: Option<Text> = xml.required("FileName");
    let rotation = match xml.child("FileRotationOptions") {
        Some(element) => read_rotation(element, xml.diags()),
        None => Rotation::default(),
    };
    if let Some(name) = &name
        && !is_file_name(&name.value)
    {
        xml.diags()
            .error(REFUSED, name.span, format!("`{}` is no name of a file", name.value))
            .help("write a name without a path; folders are made for it");
    }
    xml.finish();
    Some(Output::File { message: message?, name: name?.value, rotation })
}

/// One that leads to no other folder.
fn is_file_name(name: &str) -> bool {
    let is_plain = |c: char| c.is_alphanumeric() || " -_.$%".contains(c);
    let is_dots = name.chars().all(|c| c == '.');
    name.len() <= FILE_NAME_BYTES_MAX && name.chars().all(is_plain) && !is_dots
}

fn read_rotation(element: &Element, diags: &mut Diagnostics) -> Rotation {
    let default = Rotation::default();
    let mut xml = element.reader(diags);
    let at_start = xml.attribute_flag("rotateFileOnStartup", false);
    let kind: Option<Text> = xml.optional("FileRotationType");
    let megabytes = positive(&mut xml, "MaxFileSizeInMB");
    let kept: Option<i64> = xml.optional("MaxFilesToRetain");
    let period =
        xml.child("RotationFrequency").and_then(|element| read_period(element, xml.diags()));
    let kind_name = kind.as_ref().map(|kind| kind.value.to_ascii_uppercase());
    let (by_size, by_time) = match kind_name.as_deref() {
        None => (megabytes.is_some() || period.is_none(), period.is_some()),
        Some("SIZE") => (true, false),
        Some("TIME") => (false, true),
        Some("TIME_SIZE") => (true, true),
        Some(_) => {
            let place = kind.as_ref().map(|kind| kind.span);
            xml.diags()
                .warning(DOUBTFUL, place, "a `FileRotationType` that is none")
                .note(None, "it counts as SIZE")
                .help("write SIZE, TIME or TIME_SIZE");
            (true, false)
        }
    };
    if by_time && period.is_none() {
        xml.diags()
            .warning(DOUBTFUL, element.name_span, "rotation by time without a `RotationFrequency`")
            .note(None, "a new file begins each day");
    }
    if kept == Some(0) {
        let place = element.child("MaxFilesToRetain").map(Element::text_span);
        xml.diags()
            .warning(DOUBTFUL, place, "no file is ever deleted")
            .help("see that something else frees the disk");
    }
    xml.finish();
    Rotation {
        bytes_max: by_size.then(|| {
            megabytes
                .map_or(default.bytes_max.unwrap_or(u64::MAX), |mb| mb.saturating_mul(MEGABYTE))
        }),
        period: by_time.then(|| period.unwrap_or_else(|| RotationPeriod::minutes(24 * 60))),
        at_start,
        files_kept: kept.and_then(|kept| usize::try_from(kept).ok()).unwrap_or(default.files_kept),
    }
}

fn positive(xml: &mut Fields<'_, '_>, name: &'static str) -> Option<u64> {
    let number: Option<i64> = xml.optional(name);
    let number = number?;
    if number < 1 {
        let place = xml.element().child(name).map(Element::text_span);
        xml.diags()
            .warning(DOUBTFUL, place, format!("`{number}` in `{name}` is below 1"))
            .note(None, "it counts as not written");
    }
    u64::try_from(number).ok().filter(|number| *number > 0)
}

fn read_period(element: &Element, diags: &mut Diagnostics) -> Option<RotationPeriod> {
    let count: i64 = FromXml::from_xml(element, diags)?;
    let mut xml = element.reader(diags);
    let unit = xml.attribute("unit");
    let minutes = match unit.map(|unit| unit.value.trim().to_ascii_lowercase()).as_deref() {
        None | Some("minute") => 1,
        Some("hour") => 60,
        Some("day") => 24 * 60,
        Some(other) => {
            let message = format!("`{other}` is no unit of a rotation");
            xml.diags()
                .warning(DOUBTFUL, unit.map(|unit| unit.span), message)
                .note(None, "it counts as minute")
                .help("write minute, hour or day");
            1
        }
    };
    xml.finish();
    Some(RotationPeriod::minutes(count.max(1).saturating_mul(minutes)))
}

fn read_syslog(element: &Element, policy: &str, diags: &mut Diagnostics) -> Option<Output> {
    let mut xml = element.reader(diags);
    let message = xml.required("Message").map(|LogText(template)| template);
    let host = xml.optional("Host").map_or_else(|| HOST.to_owned(), |host: Text| host.value);
    let port = read_port(&mut xml, policy);
    let transport = read_transport(&mut xml, policy);
    let format_message = xml.flag("FormatMessage", false);
    let payload_only = xml.flag("PayloadOnly", false);
    let date_format = read_date_format(&mut xml);
    let wants_tls = xml.child("SSLInfo").is_some_and(wants_tls);
    xml.finish();
    let framing = match (payload_only, format_message) {
        (true, _) => Framing::Nothing,
        (false, true) => Framing::Header { date_format },
        (false, false) => Framing::Priority,
    };
    Some(Output::Syslog(Syslog {
        message: message?,
        host,
        port: port?,
        transport: transport?,
        framing,
        wants_tls,
    }))
}

fn read_port(xml: &mut Fields<'_, '_>, policy: &str) -> Option<u16> {
    let Some(Text { value, span }) = xml.optional("Port") else { return Some(PORT) };
    let port = value.parse().ok().filter(|port| *port > 0);
    if port.is_none() {
        let message = format!("Invalid Port: {value} for Syslog handler in policy {policy}.");
        xml.diags().error(REFUSED, span, message);
    }
    port
}

fn read_transport(xml: &mut Fields<'_, '_>, policy: &str) -> Option<Transport> {
    let Some(Text { value, span }) = xml.optional("Protocol") else { return Some(Transport::Udp) };
    match value.to_ascii_uppercase().as_str() {
        "TCP" => Some(Transport::Tcp),
        "UDP" => Some(Transport::Udp),
        _ => {
            let message =
                format!("Invalid Protocol: {value} for Syslog handler in policy {policy}.");
            xml.diags().error(REFUSED, span, message);
            None
        }
    }
}

fn read_date_format(xml: &mut Fields<'_, '_>) -> String {
    let Some(Text { value, span }) = xml.optional("DateFormat") else {
        return DATE_FORMAT.to_owned();
    };
    match check_time_pattern(&value) {
        Ok(()) => value,
        Err(reason) => {
            xml.diags()
                .warning(DOUBTFUL, span, format!("`{value}` is no pattern of a date: {reason}"))
                .note(None, format!("`{DATE_FORMAT}` is used"));
            DATE_FORMAT.to_owned()
        }
    }
}

/// What it holds beside is of no use without it.
pub(super) fn wants_tls(element: &Element) -> bool {
    element.child("Enabled").is_some_and(|enabled| parse_flag(&enabled.text()) == Some(true))
}

fn read_cloud(element: &Element, diags: &mut Diagnostics) -> Option<Output> {
    diags
        .warning(CLOUD, element.name_span, "there is no Cloud Logging here")
        .note(None, "its entries are written to the gateway's own log folder, as lines of JSON");
    let mut xml = element.reader(diags);
    let log_name = xml.required("LogName").map(|LogText(template)| template);
    let is_json = xml.child("Message").is_some_and(|message| {
        message
            .attribute("contentType")
            .is_some_and(|found| found.value.trim().eq_ignore_ascii_case("application/json"))
    });
    let message = xml.required("Message").map(|LogText(template)| template);
    let labels = match xml.child("Labels") {
        Some(element) => read_labels(element, xml.diags()),
        None => Vec::new(),
    };
    let resource_type: Option<Text> = xml.optional("ResourceType");
    xml.finish();
    let resource_type = resource_type.map_or_else(|| RESOURCE_TYPE.to_owned(), |found| found.value);
    Some(Output::Cloud(Cloud {
        log_name: log_name?,
        message: message?,
        is_json,
        labels,
        resource_type,
    }))
}

fn read_labels(element: &Element, diags: &mut Diagnostics) -> Vec<(String, Template)> {
    let mut xml = element.reader(diags);
    let mut labels = Vec::new();
    for label in xml.children("Label") {
        let mut inner = label.reader(xml.diags());
        let key: Option<Text> = inner.required("Key");
        let value = inner.required("Value").map(|LogText(template)| template);
        inner.finish();
        labels.extend(key.map(|key| key.value).zip(value));
    }
    xml.finish();
    labels
}

/// A template whose white space around it does not count.
struct LogText(Template);

impl FromXml for LogText {
    fn from_xml(element: &Element, diags: &mut Diagnostics) -> Option<Self> {
        let text = element.text();
        let text = text.trim();
        if text.is_empty() {
            let message = format!("`{}` is empty", element.name);
            diags.error(MISSING, element.open_span, message);
            return None;
        }
        Some(Self(Template::parse(text, element.text_span(), diags)))
    }
}
