//! Transport properties of endpoints.
//!
//! Source: Apigee docs, "Endpoint properties reference": names, defaults, units.

use std::time::Duration;

use http::{HeaderName, StatusCode};

use crate::message::coding::Algorithm;
use crate::model::Property;
use crate::upstream::Timeouts;
use crate::xml::fields::parse_flag;

/// The least that `request.payload.parse.limit` and its twin may say; the most is 30 MiB.
pub const PAYLOAD_BYTES_DEFAULT: usize = 10 * 1024 * 1024;
const PAYLOAD_BYTES_MAX: usize = 30 * 1024 * 1024;

#[derive(Clone, Debug)]
pub struct ProxyProperties {
    pub request_streaming: bool,
    pub response_streaming: bool,
    pub request_payload_bytes_max: usize,
    pub x_forwarded_for: bool,
    /// `HTTPHeader.allowDuplicates` and `HTTPHeader.multiValued`: which of those that may stand
    /// once only may stand again.
    pub repeatable_headers: Vec<HeaderName>,
    /// Of answers to the client.
    pub compression: Option<Algorithm>,
    /// `api.timeout`: the whole transaction's budget.
    pub api_timeout: Option<Duration>,
}

#[derive(Clone, Debug)]
pub struct TargetProperties {
    pub timeouts: Timeouts,
    pub success: SuccessCodes,
    pub request_streaming: bool,
    pub response_streaming: bool,
    pub response_payload_bytes_max: usize,
    pub request_headers: Retain,
    pub response_headers: Retain,
    /// As [`ProxyProperties::repeatable_headers`], of the target's answers.
    pub repeatable_headers: Vec<HeaderName>,
    /// Of requests to the target.
    pub compression: Option<Algorithm>,
    pub post_without_length: bool,
    pub put_without_length: bool,
    pub ignore_allow_for_405: bool,
    /// `allow.tls.session.resumption`.
    pub tls_resumption: bool,
    /// Which query parameters go on. `None`: all of them.
    pub query_params: Option<Vec<String>>,
}

/// Which headers go on. `only` `None`: all of them.
#[derive(Clone, Debug, Default)]
pub struct Retain {
    pub only: Option<Vec<HeaderName>>,
}

/// `success.codes`: which answers of a target are no fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuccessCodes {
    classes: Vec<u16>,
    codes: Vec<u16>,
}

impl Default for SuccessCodes {
    fn default() -> Self {
        Self { classes: vec![1, 2, 3], codes: Vec::new() }
    }
}

impl SuccessCodes {
    /// Such as `2XX, 1xx, 505`; `None` where no item is a code or a class.
    pub fn parse(text: &str) -> Option<Self> {
        let mut found = Self { classes: Vec::new(), codes: Vec::new() };
        for item in text.split(',').map(str::trim).filter(|item| !item.is_empty()) {
            let class = item
                .strip_suffix(['x', 'X'])
                .and_then(|rest| rest.strip_suffix(['x', 'X']))
                .and_then(|digit| digit.parse().ok());
            match (class, item.parse()) {
                (Some(class), _) => found.classes.push(class),
                (None, Ok(code)) => found.codes.push(code),
                (None, Err(_)) => {}
            }
        }
        (!found.classes.is_empty() || !found.codes.is_empty()).then_some(found)
    }

    pub fn contains(&self, status: StatusCode) -> bool {
        let code = status.as_u16();
        self.classes.contains(&(code / 100)) || self.codes.contains(&code)
    }
}

impl ProxyProperties {
    pub fn read(properties: &[Property], body_bytes_max: usize) -> Self {
        let from = Reader { properties, body_bytes_max };
        Self {
            request_streaming: from.flag("request.streaming.enabled", false),
            response_streaming: from.flag("response.streaming.enabled", false),
            request_payload_bytes_max: from.payload_limit("request.payload.parse.limit"),
            x_forwarded_for: from.flag("X-Forwarded-For", false),
            repeatable_headers: from.repeatable_headers(),
            compression: from.compression(),
            api_timeout: from.millis("api.timeout"),
        }
    }
}

impl TargetProperties {
    pub fn read(properties: &[Property], body_bytes_max: usize) -> Self {
        let from = Reader { properties, body_bytes_max };
        let defaults = Timeouts::default();
        Self {
            timeouts: Timeouts {
                connect: from.millis("connect.timeout.millis").unwrap_or(defaults.connect),
                io: from.millis("io.timeout.millis").unwrap_or(defaults.io),
                keepalive: from.millis("keepalive.timeout.millis").unwrap_or(defaults.keepalive),
            },
            success: from.text("success.codes").and_then(SuccessCodes::parse).unwrap_or_default(),
            request_streaming: from.flag("request.streaming.enabled", false),
            response_streaming: from.flag("response.streaming.enabled", false),
            response_payload_bytes_max: from.payload_limit("response.payload.parse.limit"),
            request_headers: from.retain("request.retain.headers"),
            response_headers: from.retain("response.retain.headers"),
            repeatable_headers: from.repeatable_headers(),
            compression: from.compression(),
            post_without_length: from.flag("allow.post.without.content.length", false),
            put_without_length: from.flag("allow.put.without.content.length", false),
            ignore_allow_for_405: from.flag("ignore.allow.header.for.405", true),
            tls_resumption: from.flag("allow.tls.session.resumption", true),
            query_params: from.retained("retain.queryparams"),
        }
    }
}

struct Reader<'a> {
    properties: &'a [Property],
    body_bytes_max: usize,
}

impl<'a> Reader<'a> {
    fn text(&self, name: &str) -> Option<&'a str> {
        let found = self.properties.iter().find(|property| property.name.value == name)?;
        found.value.as_ref().map(|value| value.value.as_str())
    }

    fn flag(&self, name: &str, default: bool) -> bool {
        self.text(name).and_then(parse_flag).unwrap_or(default)
    }

    /// Zero and what is no number count as not given.
    fn millis(&self, name: &str) -> Option<Duration> {
        let millis: u64 = self.text(name)?.parse().ok()?;
        (millis > 0).then(|| Duration::from_millis(millis))
    }

    /// Such as `10M`, `15MB` or a number of bytes; from the default up to 30 MiB.
    fn payload_limit(&self, name: &str) -> usize {
        let Some(text) = self.text(name) else { return self.body_bytes_max };
        let upper = text.to_ascii_uppercase();
        let digits = upper.trim_end_matches(['M', 'K', 'B']).trim();
        let unit = match upper.trim_start_matches(|c: char| c.is_ascii_digit()).trim() {
            "M" | "MB" => 1024 * 1024,
            "K" | "KB" => 1024,
            _ => 1,
        };
        let bytes = digits.parse::<usize>().ok().and_then(|n| n.checked_mul(unit));
        bytes.unwrap_or(PAYLOAD_BYTES_DEFAULT).clamp(PAYLOAD_BYTES_DEFAULT, PAYLOAD_BYTES_MAX)
    }

    /// The list overrides the switch; the switch off and no list keeps nothing.
    fn retained(&self, name: &str) -> Option<Vec<String>> {
        if let Some(list) = self.text(name) {
            return Some(
                list.split(',')
                    .map(|item| item.trim().to_owned())
                    .filter(|item| !item.is_empty())
                    .collect(),
            );
        }
        (!self.flag(&format!("{name}.enabled"), true)).then(Vec::new)
    }

    fn retain(&self, name: &str) -> Retain {
        Retain { only: self.retained(name).map(|names| header_names(names.iter())) }
    }

    /// The documentation gives both properties one meaning.
    fn repeatable_headers(&self) -> Vec<HeaderName> {
        let lists = ["HTTPHeader.allowDuplicates", "HTTPHeader.multiValued"];
        header_names(
            lists.iter().filter_map(|name| self.text(name)).flat_map(|list| list.split(',')),
        )
    }

    fn compression(&self) -> Option<Algorithm> {
        self.text("compression.algorithm").and_then(Algorithm::parse)
    }
}

/// What is no header's name is left out.
fn header_names(names: impl Iterator<Item = impl AsRef<str>>) -> Vec<HeaderName> {
    names.filter_map(|name| HeaderName::from_bytes(name.as_ref().trim().as_bytes()).ok()).collect()
}
