//! AccessControl: lets a request through, or not, by the addresses that it came from.
//! Source: Apigee docs, "AccessControl policy" of Edge and of X. The platform writes the
//! address of its peer at the end of X-Forwarded-For; we take it to stand there. Text there
//! that is no address matches no rule.
//! Faults: `accesscontrol.IPDeniedAccess` (403), `.InvalidIPAddressInVariable` (500).

mod page;

use std::borrow::Cow;
use std::net::IpAddr;

use http::StatusCode;

use crate::diag::{Diagnostics, Span};
use crate::message::{Fault, MessageContext};
use crate::policy::kind::{Linker, Next, Policy, PolicyKind, PureStep, Step, Uses, skip_head};
use crate::template::{Template, Unresolved};
use crate::variable::VarRef;
use crate::xml::fields::{BAD_VALUE, MISSING};
use crate::xml::{Attribute, Element, Fields, Text};

pub(super) static KIND: PolicyKind =
    PolicyKind { element: "AccessControl", failed_prefix: "acl", read, page: &page::PAGE };

const DENIED: &str = "accesscontrol.IPDeniedAccess";
const INVALID_ADDRESS: &str = "accesscontrol.InvalidIPAddressInVariable";

#[derive(Debug)]
struct AccessControl {
    rules: Vec<MatchRule>,
    otherwise: Action,
    client_ip: Option<VarRef>,
    validate: ValidateBasedOn,
    ignore_true_client_ip: bool,
}

#[derive(Debug)]
struct MatchRule {
    action: Action,
    sources: Vec<Source>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Allow,
    Deny,
}

/// Which addresses of X-Forwarded-For are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ValidateBasedOn {
    All,
    First,
    Last,
}

#[derive(Debug)]
enum Source {
    Fixed(Network),
    Dynamic { address: Template, mask: Option<Template> },
}

/// The addresses that begin with so many bits of this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Network {
    address: IpAddr,
    bits: u8,
}

fn read(body: &Element, diags: &mut Diagnostics) -> Option<Box<dyn Policy>> {
    let mut xml = body.reader(diags);
    skip_head(&mut xml);
    let (rules, otherwise) = match xml.child("IPRules") {
        Some(element) => read_rules(element, xml.diags()),
        None => (Vec::new(), Action::Allow),
    };
    let client_ip = xml.optional("ClientIPVariable");
    let validate = ValidateBasedOn::read(&mut xml);
    let ignore_true_client_ip = xml.flag("IgnoreTrueClientIPHeader", false);
    xml.finish();
    let policy = AccessControl { rules, otherwise, client_ip, validate, ignore_true_client_ip };
    Some(Box::new(policy))
}

fn read_rules(element: &Element, diags: &mut Diagnostics) -> (Vec<MatchRule>, Action) {
    let mut xml = element.reader(diags);
    let otherwise = xml.attribute("noRuleMatchAction");
    let otherwise = Action::read(otherwise, xml.diags());
    let mut rules = Vec::new();
    for rule in xml.children("MatchRule") {
        let mut inner = rule.reader(xml.diags());
        let action = inner.attribute("action");
        let action = Action::read(action, inner.diags());
        let sources = inner.children("SourceAddress");
        let sources = sources.iter().filter_map(|source| Source::read(source, inner.diags()));
        let sources = sources.collect();
        inner.finish();
        rules.push(MatchRule { action, sources });
    }
    xml.finish();
    (rules, otherwise)
}

impl Action {
    fn read(attribute: Option<&Attribute>, diags: &mut Diagnostics) -> Self {
        let Some(attribute) = attribute else { return Self::Allow };
        match attribute.value.trim().to_ascii_uppercase().as_str() {
            "ALLOW" => Self::Allow,
            "DENY" => Self::Deny,
            other => {
                let message =
                    format!("`{other}` in `{}` is neither ALLOW nor DENY", attribute.name);
                diags.error(BAD_VALUE, attribute.span, message);
                Self::Deny
            }
        }
    }
}

impl ValidateBasedOn {
    fn read(xml: &mut Fields<'_, '_>) -> Self {
        let text: Option<Text> = xml.optional("ValidateBasedOn");
        let Some(text) = text else { return Self::All };
        match text.value.as_str() {
            "X_FORWARDED_FOR_ALL_IP" => Self::All,
            "X_FORWARDED_FOR_FIRST_IP" => Self::First,
            "X_FORWARDED_FOR_LAST_IP" => Self::Last,
            other => {
                let message = format!("`{other}` in ValidateBasedOn is none of its values");
                xml.diags().error(BAD_VALUE, text.span, message).help(
                    "write X_FORWARDED_FOR_ALL_IP, X_FORWARDED_FOR_FIRST_IP or \
                     X_FORWARDED_FOR_LAST_IP",
                );
                Self::All
            }
        }
    }
}

impl Source {
    fn read(element: &Element, diags: &mut Diagnostics) -> Option<Self> {
        let text = element.text();
        let text = text.trim();
        if text.is_empty() {
            diags.error(MISSING, element.open_span, "`SourceAddress` in `MatchRule` is empty");
            return None;
        }
        let address = Template::parse(text, element.text_span(), diags);
        let mask = element.attribute("mask");
        let mask_text = mask.map(|mask| Template::parse(&mask.value, mask.span, diags));
        let fixed_mask = match &mask_text {
            None => Some(None),
            Some(template) => template.as_literal().map(Some),
        };
        let (Some(literal), Some(fixed_mask)) = (address.as_literal(), fixed_mask) else {
            return Some(Self::Dynamic { address, mask: mask_text });
        };
        let network = Network::parse(literal, fixed_mask);
        if network.is_none() {
            let place = bad_part(literal, mask, element);
            let message = match fixed_mask {
                Some(mask) => format!("`{literal}` with mask `{mask}` is no range of addresses"),
                None => format!("`{literal}` is no address"),
            };
            diags.error(BAD_VALUE, place, message);
        }
        network.map(Self::Fixed)
    }

    /// Unknown: what a range is that a variable spoils; it matches nothing.
    fn network(&self, cx: &MessageContext) -> Option<Network> {
        match self {
            Self::Fixed(network) => Some(*network),
            Self::Dynamic { address, mask } => {
                let address = address.render(cx, Unresolved::Fails).ok()?;
                let mask = match mask {
                    Some(mask) => Some(mask.render(cx, Unresolved::Fails).ok()?),
                    None => None,
                };
                Network::parse(&address, mask.as_deref())
            }
        }
    }
}

fn bad_part(address: &str, mask: Option<&Attribute>, element: &Element) -> Span {
    match (parse_address(address), mask) {
        (Some(_), Some(mask)) => mask.span,
        (Some(_), None) | (None, _) => element.text_span(),
    }
}

/// An IPv4 address written as an IPv6 one is that IPv4 address.
fn parse_address(text: &str) -> Option<IpAddr> {
    text.trim().parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

impl Network {
    /// Without a mask: that address alone.
    fn parse(address: &str, mask: Option<&str>) -> Option<Self> {
        let address = parse_address(address)?;
        let bits_max = match address {
            IpAddr::V4(_) => 32,
            IpAddr::V6(_) => 128,
        };
        let bits = match mask {
            Some(mask) => mask.trim().parse().ok().filter(|bits| *bits <= bits_max)?,
            None => bits_max,
        };
        Some(Self { address, bits })
    }

    fn contains(&self, address: IpAddr) -> bool {
        let bits = u32::from(self.bits);
        match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let differ = own.to_bits() ^ other.to_bits();
                differ.checked_shr(32_u32.saturating_sub(bits)).unwrap_or(0) == 0
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let differ = own.to_bits() ^ other.to_bits();
                differ.checked_shr(128_u32.saturating_sub(bits)).unwrap_or(0) == 0
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

impl Policy for AccessControl {
    fn uses(&self) -> Uses {
        Uses::default()
    }

    fn link(mut self: Box<Self>, linker: &mut dyn Linker) -> Step {
        linker.bind(&mut self.client_ip);
        // The request's headers are read, so that they must not go away with the target call.
        linker.bind_variable(&mut VarRef::parse("request.header.x-forwarded-for"));
        for source in self.rules.iter_mut().flat_map(|rule| &mut rule.sources) {
            match source {
                Source::Fixed(_) => {}
                Source::Dynamic { address, mask } => {
                    linker.bind(address);
                    if let Some(mask) = mask {
                        linker.bind(mask);
                    }
                }
            }
        }
        Step::Pure(self)
    }
}

impl PureStep for AccessControl {
    fn run(&self, cx: &mut MessageContext) -> Result<Next, Fault> {
        if let Some(variable) = &self.client_ip {
            let text = cx.text(variable).unwrap_or_default();
            let address = parse_address(&text).ok_or_else(|| invalid_address(variable, &text))?;
            return self.judge(cx, Some(address), &text);
        }
        if !self.ignore_true_client_ip
            && let Some(text) = cx.request.headers.get("true-client-ip")
        {
            let text = String::from_utf8_lossy(text.as_bytes());
            return self.judge(cx, parse_address(&text), &text);
        }
        let peer = cx.client.peer.ip().to_canonical();
        match self.validate {
            ValidateBasedOn::Last => self.judge(cx, Some(peer), &peer.to_string()),
            ValidateBasedOn::First => match forwarded(cx).next() {
                Some(text) => self.judge(cx, parse_address(&text), &text),
                None => self.judge(cx, Some(peer), &peer.to_string()),
            },
            ValidateBasedOn::All => {
                for text in forwarded(cx) {
                    self.judge(cx, parse_address(&text), &text)?;
                }
                self.judge(cx, Some(peer), &peer.to_string())
            }
        }
    }
}

impl AccessControl {
    /// The first rule that matches decides.
    fn judge(
        &self,
        cx: &MessageContext,
        address: Option<IpAddr>,
        text: &str,
    ) -> Result<Next, Fault> {
        let matches = |source: &Source| {
            let network = source.network(cx);
            network.zip(address).is_some_and(|(network, address)| network.contains(address))
        };
        let rule = self.rules.iter().find(|rule| rule.sources.iter().any(matches));
        match rule.map_or(self.otherwise, |rule| rule.action) {
            Action::Allow => Ok(Next::Continue),
            Action::Deny => {
                let text = format!("Access Denied for client ip : {text}");
                Err(Fault::new(DENIED, text).status(StatusCode::FORBIDDEN))
            }
        }
    }
}

/// The parts of X-Forwarded-For as the client's side sent them.
fn forwarded(cx: &MessageContext) -> impl Iterator<Item = Cow<'_, str>> {
    let headers = cx.request.headers.get_all("x-forwarded-for").iter();
    let parts = headers.flat_map(|value| value.as_bytes().split(|b| *b == b','));
    let parts = parts.map(|part| String::from_utf8_lossy(part.trim_ascii()));
    parts.filter(|part| !part.is_empty())
}

/// Unknown: the platform's words.
fn invalid_address(variable: &VarRef, text: &str) -> Fault {
    let text = format!("Invalid IP address in variable {} : {text}", variable.name());
    Fault::new(INVALID_ADDRESS, text)
}

#[cfg(test)]
mod tests;
