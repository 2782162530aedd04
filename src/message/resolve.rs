//! From a variable's place to its value, and back.
//!
//! Source: Apigee docs, "Flow variables reference". What has no value is `None`, the null
//! of conditions; it differs from an empty text.

use std::borrow::Cow;
use std::cell::RefCell;
use std::net::IpAddr;
use std::rc::Rc;

use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE, Engine};
use bytes::Bytes;
use bytestring::ByteString;
use http::header::HOST;
use http::{HeaderMap, HeaderName, Method, Version};

use crate::message::{
    Head, Message, MessageContext, Phase, Subject, Value, View, append_pair, final_status,
    header_text, pairs, reason_text, remove_pair, set_pair, time,
};
use crate::variable::{List, Part, Place, Role, Slot, Type, VarId, VarRef, Which};

/// Why a variable was not written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetError {
    #[error("variable {name} is read-only")]
    ReadOnly { name: String },
    #[error("variable {name} does not take `{value}`: it takes {expected}")]
    WrongType { name: String, value: String, expected: &'static str },
    #[error("variable {name} belongs to a message that is not there")]
    NoMessage { name: String },
}

impl MessageContext {
    /// The variable's value, `None` where it has none.
    pub fn get<'a>(&'a self, variable: &'a VarRef) -> Option<View<'a>> {
        match variable.place() {
            Place::Fixed(id) => self.fixed(*id),
            Place::Message(role, part) => self.role_part(*role, part),
            Place::Slot(slot) => self.slot(*slot),
            Place::SlotPart { whole, base, part } => {
                self.slot(*whole).or_else(|| self.own_message_part(*base, part))
            }
            Place::Property => {
                let text = self.property_of(variable)?;
                Some(View::Text(Cow::Owned(text.to_string())))
            }
            Place::Named => match self.facts.slots.find(variable.name()) {
                Some(slot) => self.slot(slot),
                None => self.extra.get(variable.name()).map(Value::view),
            },
        }
    }

    /// An owned value of the same type; a message object is shared if it is the bundle's own and
    /// copied if it is one of the four.
    pub fn get_value(&self, variable: &VarRef) -> Option<Value> {
        let owned = match variable.place() {
            Place::Slot(slot) | Place::SlotPart { whole: slot, .. } => self.value(*slot),
            Place::Named => match self.facts.slots.find(variable.name()) {
                Some(slot) => self.value(slot),
                None => self.extra.get(variable.name()),
            },
            Place::Message(role, Part::Whole) => {
                let copy = self.role_message(*role)?.snapshot();
                return Some(Value::Message(std::rc::Rc::new(std::cell::RefCell::new(copy))));
            }
            Place::Message(role, Part::Content) => {
                return self.role_message(*role)?.content().cloned().map(Value::from_bytes);
            }
            Place::Property => return self.property_of(variable).map(Value::String),
            Place::Message(..) | Place::Fixed(_) => None,
        };
        match owned {
            Some(value) => Some(value.clone()),
            None => self.get(variable)?.into_value(),
        }
    }

    /// The value as text, `None` where it has none.
    pub fn text<'a>(&'a self, variable: &'a VarRef) -> Option<Cow<'a, str>> {
        self.get(variable).map(View::into_text)
    }

    /// Writes a variable. Writing what the documentation calls read-only is an error.
    pub fn set(&mut self, variable: &VarRef, value: Value) -> Result<(), SetError> {
        if variable.is_read_only() {
            return Err(SetError::ReadOnly { name: variable.name().to_owned() });
        }
        match variable.place() {
            Place::Property => Err(SetError::ReadOnly { name: variable.name().to_owned() }),
            Place::Fixed(id) => self.set_fixed(*id, variable, value),
            Place::Message(role, part) => self.set_role_part(*role, part, variable, value),
            Place::Slot(slot) => {
                self.set_slot(*slot, value);
                Ok(())
            }
            Place::SlotPart { whole, base, part } => {
                if let Some(Value::Message(message)) = self.value(*base) {
                    let message = message.clone();
                    return set_part(&mut message.borrow_mut(), part, variable, &value);
                }
                self.set_slot(*whole, value);
                Ok(())
            }
            Place::Named => {
                match self.facts.slots.find(variable.name()) {
                    Some(slot) => self.set_slot(slot, value),
                    None => self.set_extra(variable.shared_name(), value),
                }
                Ok(())
            }
        }
    }

    /// Makes one of the bundle's own variables null; others stay.
    pub fn remove(&mut self, variable: &VarRef) {
        match variable.place() {
            Place::Slot(slot) | Place::SlotPart { whole: slot, .. } => {
                if let Some(place) = self.values.get_mut(slot.index()) {
                    *place = None;
                }
            }
            Place::Named => {
                self.extra.remove(variable.name());
            }
            Place::Fixed(_) | Place::Message(..) | Place::Property => {}
        }
    }

    /// A property of a set, by their names.
    pub fn property(&self, set: &str, key: &str) -> Option<ByteString> {
        self.facts.properties.as_ref()?.property(&format!("{set}.{key}"))
    }

    fn property_of(&self, variable: &VarRef) -> Option<ByteString> {
        self.facts.properties.as_ref()?.property(variable.property()?)
    }

    /// The message that a variable holds, of the four or of the bundle's own.
    pub fn role_message(&self, role: Role) -> Option<&Message> {
        match role {
            Role::Request => Some(&self.request),
            Role::Response => self.response.as_ref(),
            Role::Message => Some(self.message()),
            Role::Error => self.error.as_ref(),
        }
    }

    pub fn role_message_mut(&mut self, role: Role) -> Option<&mut Message> {
        match role {
            Role::Request => Some(&mut self.request),
            Role::Response => self.response.as_mut(),
            Role::Message => Some(self.message_mut()),
            Role::Error => self.error.as_mut(),
        }
    }

    fn value(&self, slot: Slot) -> Option<&Value> {
        self.values.get(slot.index())?.as_ref()
    }

    fn slot(&self, slot: Slot) -> Option<View<'_>> {
        self.value(slot).map(Value::view)
    }

    /// The message that the bundle keeps there.
    pub(super) fn own_message(&self, base: Slot) -> Option<Rc<RefCell<Message>>> {
        match self.value(base)? {
            Value::Message(message) => Some(message.clone()),
            _ => None,
        }
    }

    fn own_message_part(&self, base: Slot, part: &Part) -> Option<View<'_>> {
        let Value::Message(message) = self.value(base)? else { return None };
        let message = message.borrow();
        part_view(&message, part).and_then(View::into_value).map(owned_view)
    }

    fn role_part<'a>(&'a self, role: Role, part: &Part) -> Option<View<'a>> {
        match (role, part) {
            (Role::Error, Part::ErrorMessage | Part::TransportMessage) => {
                let fault = self.fault.as_ref()?;
                return Some(text(&fault.text));
            }
            (Role::Error, Part::ErrorState) => {
                self.error.as_ref()?;
                return Some(View::Integer(state_number(self.phase)));
            }
            (Role::Request, Part::TransportId) => return Some(text("http")),
            (Role::Request | Role::Message, Part::Uri | Part::Path | Part::Url) => {
                if let Some(sent) = self.target.as_ref().and_then(|target| target.sent.as_ref()) {
                    let target = sent.path_and_query.as_str();
                    return Some(match part {
                        Part::Url => View::Text(Cow::Owned(format!(
                            "{}://{}{target}",
                            sent.scheme, sent.host
                        ))),
                        Part::Path => text(target.split('?').next().unwrap_or(target)),
                        _ => text(target),
                    });
                }
                if *part == Part::Url {
                    return None;
                }
                return part_view(&self.request, part);
            }
            (Role::Message, Part::Verb | Part::QueryString | Part::QueryParam(..)) => {
                return part_view(&self.request, part);
            }
            _ => {}
        }
        part_view(self.role_message(role)?, part)
    }

    /// Of the call that was made, else of the call as it is configured.
    fn target_scheme(&self) -> Option<&ByteString> {
        let target = self.target.as_ref()?;
        Some(target.sent.as_ref().map_or(&target.facts.scheme, |sent| &sent.scheme))
    }

    fn target_subject(&self) -> Option<&Subject> {
        self.target.as_ref()?.sent.as_ref()?.subject.as_deref()
    }

    fn fixed(&self, id: VarId) -> Option<View<'_>> {
        match id {
            VarId::ClientIp | VarId::ClientHost => Some(owned(self.client.peer.ip().to_string())),
            VarId::ClientResolvedIp | VarId::ProxyClientIp => {
                Some(owned(self.resolved_ip().to_string()))
            }
            VarId::ClientPort => Some(View::Integer(i32::from(self.client.peer.port()))),
            VarId::ClientScheme => Some(text("http")),
            VarId::ClientSslEnabled => Some(text("false")),
            VarId::ClientCn
            | VarId::ClientCountry
            | VarId::ClientEmailAddress
            | VarId::ClientLocality
            | VarId::ClientOrganization
            | VarId::ClientOrganizationUnit
            | VarId::ClientState => None,
            VarId::ClientReceivedEndTime => time_text(self.times.client_received_end),
            VarId::ClientReceivedEndTimestamp => stamp(self.times.client_received_end),
            VarId::ClientReceivedStartTime => time_text(self.times.client_received_start),
            VarId::ClientReceivedStartTimestamp => stamp(self.times.client_received_start),
            // Outside PostClientFlow the documentation has an empty text and -1.
            VarId::ClientSentEndTime => time_text(self.times.client_sent_end).or(Some(text(""))),
            VarId::ClientSentEndTimestamp => {
                Some(View::Long(self.times.client_sent_end.unwrap_or(-1)))
            }
            VarId::ClientSentStartTime => {
                time_text(self.times.client_sent_start).or(Some(text("")))
            }
            VarId::ClientSentStartTimestamp => {
                Some(View::Long(self.times.client_sent_start.unwrap_or(-1)))
            }
            VarId::ProxyBasepath => Some(View::Shared(&self.endpoint_basepath)),
            VarId::ProxyName => Some(View::Shared(&self.endpoint_name)),
            VarId::ProxyPathsuffix => Some(text(self.pathsuffix())),
            VarId::ProxyUrl => {
                Some(owned(format!("http://{}{}", self.client.local, self.inbound_target)))
            }
            VarId::ProxyFlowName => self.flow_name(self.proxy_flow),
            VarId::ProxyFlowDescription => self.flow_description(self.proxy_flow),
            VarId::TargetFlowName => self.flow_name(self.target_flow),
            VarId::TargetFlowDescription => self.flow_description(self.target_flow),
            VarId::CurrentFlowName => self.flow_name(self.flow),
            VarId::CurrentFlowDescription => self.flow_description(self.flow),
            VarId::ApiproxyBasepath => Some(View::Shared(&self.facts.deployment_basepath)),
            VarId::ApiproxyName => Some(View::Shared(&self.facts.proxy)),
            VarId::ApiproxyRevision => Some(View::Shared(&self.facts.revision)),
            VarId::EnvironmentName => Some(View::Shared(&self.facts.environment)),
            VarId::OrganizationName => Some(View::Shared(&self.facts.organization)),
            VarId::IsError => Some(View::Boolean(self.in_error())),
            VarId::MessageId => Some(View::Shared(self.message_id())),
            VarId::RouteName => self.route_name.as_ref().map(View::Shared),
            VarId::RouteTarget => self.route_target.as_ref().map(View::Shared),
            VarId::TargetBasepath => {
                self.target.as_ref()?.facts.basepath.as_ref().map(View::Shared)
            }
            VarId::TargetName => {
                self.target.as_ref().map(|target| View::Shared(&target.facts.name))
            }
            VarId::TargetCopyPathsuffix => {
                self.target.as_ref().map(|target| View::Boolean(target.copy_pathsuffix))
            }
            VarId::TargetCopyQueryparams => {
                self.target.as_ref().map(|target| View::Boolean(target.copy_queryparams))
            }
            VarId::TargetUrl => {
                let target = self.target.as_ref()?;
                target.url.as_ref().or(target.facts.url.as_ref()).map(View::Shared)
            }
            VarId::TargetEvaluatedUrl => {
                self.target.as_ref()?.evaluated_url.as_ref().map(View::Shared)
            }
            VarId::TargetExpectedcn => {
                let target = self.target.as_ref()?;
                let expected = target.expected_cn.as_ref();
                expected.or(target.facts.expected_cn.as_ref()).map(View::Shared)
            }
            VarId::TargetHeaderHost => self.target.as_ref()?.header_host.as_ref().map(View::Shared),
            VarId::TargetScheme => self.target_scheme().map(View::Shared),
            VarId::TargetHost => {
                self.target.as_ref()?.sent.as_ref().map(|sent| View::Shared(&sent.host))
            }
            VarId::TargetIp => Some(owned(self.target.as_ref()?.sent.as_ref()?.ip?.to_string())),
            VarId::TargetPort => {
                Some(View::Integer(i32::from(self.target.as_ref()?.sent.as_ref()?.port)))
            }
            VarId::TargetSslEnabled => {
                Some(View::Boolean(self.target_scheme().is_some_and(|scheme| scheme == "https")))
            }
            VarId::TargetCn => self.target_subject()?.cn.as_ref().map(View::Shared),
            VarId::TargetCountry => self.target_subject()?.country.as_ref().map(View::Shared),
            VarId::TargetEmailAddress => {
                self.target_subject()?.email_address.as_ref().map(View::Shared)
            }
            VarId::TargetLocality => self.target_subject()?.locality.as_ref().map(View::Shared),
            VarId::TargetOrganization => {
                self.target_subject()?.organization.as_ref().map(View::Shared)
            }
            VarId::TargetOrganizationUnit => {
                self.target_subject()?.organization_unit.as_ref().map(View::Shared)
            }
            VarId::TargetState => self.target_subject()?.state.as_ref().map(View::Shared),
            VarId::TargetReceivedEndTime => time_text(self.times.target_received_end),
            VarId::TargetReceivedEndTimestamp => stamp(self.times.target_received_end),
            VarId::TargetReceivedStartTime => time_text(self.times.target_received_start),
            VarId::TargetReceivedStartTimestamp => stamp(self.times.target_received_start),
            VarId::TargetSentEndTime => time_text(self.times.target_sent_end),
            VarId::TargetSentEndTimestamp => stamp(self.times.target_sent_end),
            VarId::TargetSentStartTime => time_text(self.times.target_sent_start),
            VarId::TargetSentStartTimestamp => stamp(self.times.target_sent_start),
            VarId::LoadbalancingFailedservers
            | VarId::LoadbalancingIsfallback
            | VarId::LoadbalancingTargetserver
            | VarId::RequestGrpcRpcName
            | VarId::RequestGrpcServiceName => None,
            VarId::FaultName => self.fault.as_ref().map(|fault| text(fault.name())),
            VarId::FaultReason => self.fault.as_ref().map(|fault| text(&fault.text)),
            VarId::FaultCategory => self.fault.as_ref().map(|fault| text(fault.category.name())),
            VarId::FaultSubcategory => {
                self.fault.as_ref().map(|fault| text(fault.category.subcategory()))
            }
            VarId::FaultType => self.fault.as_ref().map(|fault| text(fault.category.name())),
            VarId::SystemPodName | VarId::SystemRegionName => None,
            VarId::SystemTime => Some(owned(time::text(self.clock.epoch_ms()))),
            VarId::SystemTimestamp => Some(View::Long(self.clock.epoch_ms())),
            VarId::SystemTimeDay => self.clock_field(|now| now.day().into()),
            VarId::SystemTimeDayofweek => {
                // java.util.Calendar counts from Sunday = 1.
                self.clock_field(|now| i32::from(now.weekday().to_sunday_one_offset()))
            }
            VarId::SystemTimeHour => self.clock_field(|now| now.hour().into()),
            VarId::SystemTimeMillisecond => self.clock_field(|now| now.millisecond().into()),
            VarId::SystemTimeMinute => self.clock_field(|now| now.minute().into()),
            VarId::SystemTimeMonth => self.clock_field(|now| now.month().into()),
            VarId::SystemTimeSecond => self.clock_field(|now| now.second().into()),
            VarId::SystemTimeYear => self.clock_field(|now| now.year().into()),
            VarId::SystemTimeZone => Some(text("UTC")),
            VarId::SystemUuid => Some(owned(uuid::Uuid::new_v4().to_string())),
            VarId::TollgateDemoBackend => self.facts.demo_backend.as_ref().map(View::Shared),
            VarId::VirtualhostName => Some(text("default")),
            VarId::VirtualhostAliases => {
                let host = self.request.headers.get(HOST)?.to_str().ok()?;
                Some(View::Collection(Cow::Owned(vec![ByteString::from(host)])))
            }
            VarId::VirtualhostSslEnabled => Some(View::Boolean(false)),
        }
    }

    fn clock_field(&self, field: impl FnOnce(&jiff::Zoned) -> i32) -> Option<View<'_>> {
        Some(View::Integer(field(&time::zoned(self.clock.epoch_ms()))))
    }

    fn message_id(&self) -> &ByteString {
        self.message_id.get_or_init(|| ByteString::from(uuid::Uuid::new_v4().to_string()))
    }

    fn flow_name(&self, flow: Option<crate::message::FlowRef>) -> Option<View<'_>> {
        let index = usize::try_from(flow?.0).ok()?;
        self.facts.flows.get(index).map(|flow| View::Shared(&flow.name))
    }

    fn flow_description(&self, flow: Option<crate::message::FlowRef>) -> Option<View<'_>> {
        let index = usize::try_from(flow?.0).ok()?;
        self.facts.flows.get(index)?.description.as_ref().map(View::Shared)
    }

    /// The last address of X-Forwarded-For that is not a private one, else the peer's.
    fn resolved_ip(&self) -> IpAddr {
        let forwarded = self.request.headers.get_all("x-forwarded-for");
        let mut external = None;
        for value in forwarded {
            let Ok(value) = value.to_str() else { continue };
            for hop in value.split(',') {
                if let Ok(ip) = hop.trim().parse::<IpAddr>()
                    && !is_internal(ip)
                {
                    external = Some(ip);
                }
            }
        }
        external.unwrap_or_else(|| self.client.peer.ip())
    }

    fn set_fixed(&mut self, id: VarId, variable: &VarRef, value: Value) -> Result<(), SetError> {
        // A write outside the target flow has no lasting effect (Apigee docs, "Flow variables
        // reference", `target.url`: attach in the target request flow).
        let Some(target) = &mut self.target else { return Ok(()) };
        let text = || ByteString::from(value.view().into_text().into_owned());
        let flag = || {
            crate::xml::fields::parse_flag(&value.view().into_text()).ok_or_else(|| {
                SetError::WrongType {
                    name: variable.name().to_owned(),
                    value: value.view().into_text().into_owned(),
                    expected: "true or false",
                }
            })
        };
        match id {
            VarId::TargetUrl => target.url = Some(text()),
            VarId::TargetEvaluatedUrl => target.evaluated_url = Some(text()),
            VarId::TargetHeaderHost => target.header_host = Some(text()),
            VarId::TargetExpectedcn => target.expected_cn = Some(text()),
            VarId::TargetCopyPathsuffix => target.copy_pathsuffix = flag()?,
            VarId::TargetCopyQueryparams => target.copy_queryparams = flag()?,
            other => {
                debug_assert_ne!(other.row().value_type, Type::Array);
                return Err(SetError::ReadOnly { name: variable.name().to_owned() });
            }
        }
        Ok(())
    }

    fn set_role_part(
        &mut self,
        role: Role,
        part: &Part,
        variable: &VarRef,
        value: Value,
    ) -> Result<(), SetError> {
        if *part == Part::Whole {
            let Value::Message(message) = &value else {
                return Err(wrong_type(variable, &value, "a message"));
            };
            let copy = message.borrow().snapshot();
            match role {
                Role::Request => self.request = copy,
                Role::Response => self.response = Some(copy),
                Role::Message => *self.message_mut() = copy,
                Role::Error => self.error = Some(copy),
            }
            return Ok(());
        }
        let Some(message) = self.role_message_mut(role) else {
            return Err(SetError::NoMessage { name: variable.name().to_owned() });
        };
        set_part(message, part, variable, &value)
    }
}

/// Reads a part of any message. What the kind of message has not is `None`.
fn part_view<'a>(message: &'a Message, part: &Part) -> Option<View<'a>> {
    match part {
        Part::Whole => Some(View::Message),
        Part::Content => {
            // A body that streams by is not read: it shows as the empty text.
            let Some(content) = message.content() else { return Some(text("")) };
            Some(match std::str::from_utf8(content) {
                Ok(content) => text(content),
                Err(_) => View::Bytes(Cow::Borrowed(content)),
            })
        }
        Part::ContentAsBase64 => Some(owned(BASE64_STANDARD.encode(message.content()?))),
        Part::ContentAsUrlSafeBase64 => Some(owned(BASE64_URL_SAFE.encode(message.content()?))),
        Part::Header(name, which) => header_view(&message.headers, name, *which),
        Part::Headers(list) => {
            let names = message.headers.keys().map(|name| ByteString::from(name.as_str()));
            Some(list_view(names.collect(), *list))
        }
        Part::QueryParam(name, which) => {
            message.method()?;
            pair_view(message.query_pairs(), name, *which)
        }
        Part::QueryParams(list) => {
            message.method()?;
            Some(list_view(pair_names(message.query()), *list))
        }
        Part::QueryString => {
            message.method()?;
            Some(text(message.query()))
        }
        Part::FormParam(name, which) => {
            let form = message.form()?;
            let view = pair_view(pairs(&form), name, *which)?;
            view.into_value().map(owned_view)
        }
        Part::FormParams(list) => {
            let names = message.form().map(|form| pair_names(&form)).unwrap_or_default();
            Some(list_view(names, *list))
        }
        Part::FormString => Some(View::Text(message.form()?)),
        Part::Verb => Some(text(message.method()?.as_str())),
        Part::Version => Some(text(version_text(message.version))),
        Part::Uri | Part::Url => match &message.head {
            Head::Request(head) => Some(text(head.target.as_str())),
            Head::Response(_) => None,
        },
        Part::Path => message.path().map(text),
        Part::StatusCode => Some(View::Integer(i32::from(message.status()?.as_u16()))),
        Part::ReasonPhrase => match &message.head {
            Head::Request(_) => None,
            Head::Response(head) => Some(match &head.reason {
                Some(reason) => View::Shared(reason),
                None => text(head.status.canonical_reason().unwrap_or("")),
            }),
        },
        Part::TransportId | Part::TransportMessage | Part::ErrorMessage | Part::ErrorState => None,
    }
}

/// Writes a part of any message.
pub(super) fn set_part(
    message: &mut Message,
    part: &Part,
    variable: &VarRef,
    value: &Value,
) -> Result<(), SetError> {
    let wrong = |expected| wrong_type(variable, value, expected);
    let read_only = || SetError::ReadOnly { name: variable.name().to_owned() };
    match part {
        Part::Content => {
            let content = match value {
                Value::Bytes(bytes) => bytes.clone(),
                Value::String(text) => text.as_bytes().clone(),
                Value::Message(_) => return Err(wrong("text or bytes")),
                other => Bytes::from(other.view().into_text().into_owned()),
            };
            message.set_content(content);
        }
        Part::Header(name, which) => {
            let text = value.view().into_text();
            match which {
                Which::First => {
                    message.headers.insert(name.clone(), header_text(&text));
                }
                Which::Nth(nth) => set_header_value(&mut message.headers, name, *nth, &text),
                Which::Values | Which::Count | Which::Joined => return Err(read_only()),
            }
        }
        Part::QueryParam(name, which) => {
            let text = value.view().into_text();
            let nth = nth(*which).ok_or_else(read_only)?;
            let query = set_pair(message.query(), name, nth, &text);
            if !message.set_query(&query) {
                return Err(wrong("a query parameter of a request"));
            }
        }
        Part::FormParam(name, which) => {
            let text = value.view().into_text();
            let nth = nth(*which).ok_or_else(read_only)?;
            let form = message.form().map(Cow::into_owned).unwrap_or_default();
            message.set_form(set_pair(&form, name, nth, &text));
        }
        Part::FormString => {
            let text = value.view().into_text().into_owned();
            message.set_form(text);
        }
        Part::QueryString => {
            let text = value.view().into_text();
            if !message.set_query(text.trim_start_matches('?')) {
                return Err(wrong("a query string of a request"));
            }
        }
        Part::Verb => {
            let text = value.view().into_text();
            let Head::Request(head) = &mut message.head else { return Err(wrong("a request")) };
            head.method =
                Method::from_bytes(text.as_bytes()).map_err(|_| wrong("an HTTP method"))?;
        }
        Part::Version => {
            let text = value.view().into_text();
            message.version = match text.as_ref() {
                "1.0" | "HTTP/1.0" => Version::HTTP_10,
                "1.1" | "HTTP/1.1" => Version::HTTP_11,
                _ => return Err(wrong("1.0 or 1.1")),
            };
        }
        Part::Path => {
            let text = value.view().into_text();
            let query = message.query().to_owned();
            if !message.set_target(&text, &query) {
                return Err(wrong("the path of a request"));
            }
        }
        Part::Uri => {
            let text = value.view().into_text();
            let (path, query) = text.split_once('?').unwrap_or((&text, ""));
            if !message.set_target(path, query) {
                return Err(wrong("the path and query of a request"));
            }
        }
        Part::StatusCode => {
            let text = value.view().into_text();
            let Head::Response(head) = &mut message.head else { return Err(wrong("a response")) };
            head.status = final_status(&text).ok_or_else(|| wrong("a status from 200 to 999"))?;
            head.reason = None;
        }
        Part::ReasonPhrase => {
            let text = value.view().into_text();
            let Head::Response(head) = &mut message.head else { return Err(wrong("a response")) };
            head.reason = Some(reason_text(&text));
        }
        Part::Whole
        | Part::ContentAsBase64
        | Part::ContentAsUrlSafeBase64
        | Part::Headers(_)
        | Part::QueryParams(_)
        | Part::FormParams(_)
        | Part::Url
        | Part::TransportId
        | Part::TransportMessage
        | Part::ErrorMessage
        | Part::ErrorState => return Err(read_only()),
    }
    Ok(())
}

fn header_view<'a>(headers: &'a HeaderMap, name: &HeaderName, which: Which) -> Option<View<'a>> {
    match which {
        Which::First => {
            let value = field_text(headers.get(name)?);
            Some(View::Text(first_value(value)))
        }
        Which::Nth(nth) => {
            let at = usize::try_from(nth).ok()?.checked_sub(1)?;
            header_values(headers, name).nth(at).map(View::Text)
        }
        Which::Values => {
            headers.get(name)?;
            let values = header_values(headers, name);
            Some(View::Collection(Cow::Owned(
                values.map(|value| ByteString::from(value.into_owned())).collect(),
            )))
        }
        Which::Count => {
            headers.get(name)?;
            Some(View::Integer(count(header_values(headers, name).count())))
        }
        Which::Joined => {
            let mut all = headers.get_all(name).iter().map(field_text);
            let first = all.next()?;
            Some(View::Text(all.fold(first, |mut joined, value| {
                let text = joined.to_mut();
                text.push(',');
                text.push_str(&value);
                joined
            })))
        }
    }
}

/// The parts between the commas of all fields of that name, trimmed.
fn header_values<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> impl Iterator<Item = Cow<'a, str>> {
    headers.get_all(name).iter().flat_map(|value| match field_text(value) {
        Cow::Borrowed(text) => {
            text.split(',').map(|part| Cow::Borrowed(part.trim())).collect::<Vec<_>>()
        }
        Cow::Owned(text) => {
            text.split(',').map(|part| Cow::Owned(part.trim().to_owned())).collect()
        }
    })
}

fn set_header_value(headers: &mut HeaderMap, name: &HeaderName, nth: u32, text: &str) {
    let mut values: Vec<String> = header_values(headers, name).map(Cow::into_owned).collect();
    let at = usize::try_from(nth).unwrap_or(usize::MAX).saturating_sub(1);
    match values.get_mut(at) {
        Some(value) => text.clone_into(value),
        None => values.push(text.to_owned()),
    }
    headers.insert(name.clone(), header_text(&values.join(",")));
}

fn field_text(value: &http::HeaderValue) -> Cow<'_, str> {
    String::from_utf8_lossy(value.as_bytes())
}

fn first_value(value: Cow<'_, str>) -> Cow<'_, str> {
    if !value.contains(',') {
        return value;
    }
    match value {
        Cow::Borrowed(text) => Cow::Borrowed(text.split(',').next().unwrap_or(text).trim()),
        Cow::Owned(text) => Cow::Owned(text.split(',').next().unwrap_or("").trim().to_owned()),
    }
}

fn pair_view<'a>(
    pairs: impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)>,
    name: &str,
    which: Which,
) -> Option<View<'a>> {
    let mut values = pairs.filter(|(found, _)| found == name).map(|(_, value)| value);
    match which {
        Which::First => values.next().map(View::Text),
        Which::Nth(nth) => {
            let at = usize::try_from(nth).ok()?.checked_sub(1)?;
            values.nth(at).map(View::Text)
        }
        Which::Values | Which::Count | Which::Joined => {
            let all: Vec<ByteString> =
                values.map(|value| ByteString::from(value.into_owned())).collect();
            if all.is_empty() {
                return None;
            }
            Some(match which {
                Which::Count => View::Integer(count(all.len())),
                Which::Joined => owned(all.join(",")),
                Which::First | Which::Nth(_) | Which::Values => View::Collection(Cow::Owned(all)),
            })
        }
    }
}

/// Each name once, in order of appearance.
fn pair_names(text: &str) -> Vec<ByteString> {
    let mut names: Vec<ByteString> = Vec::new();
    for (name, _) in pairs(text) {
        if !names.iter().any(|known| **known == *name) {
            names.push(ByteString::from(name.into_owned()));
        }
    }
    names
}

fn list_view<'a>(names: Vec<ByteString>, list: List) -> View<'a> {
    match list {
        List::Count => View::Integer(count(names.len())),
        List::Names => View::Collection(Cow::Owned(names)),
        List::NamesJoined => owned(names.join(",")),
    }
}

fn nth(which: Which) -> Option<usize> {
    match which {
        Which::First => Some(1),
        Which::Nth(nth) => usize::try_from(nth).ok(),
        Which::Values | Which::Count | Which::Joined => None,
    }
}

fn count(n: usize) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}

fn wrong_type(variable: &VarRef, value: &Value, expected: &'static str) -> SetError {
    SetError::WrongType {
        name: variable.name().to_owned(),
        value: value.view().into_text().into_owned(),
        expected,
    }
}

fn version_text(version: Version) -> &'static str {
    match version {
        Version::HTTP_09 => "0.9",
        Version::HTTP_10 => "1.0",
        Version::HTTP_2 => "2.0",
        Version::HTTP_3 => "3.0",
        _ => "1.1",
    }
}

/// Unknown: Apigee gives `error.state` as a number without a table; we count the pipeline's
/// segments from 1.
fn state_number(phase: Phase) -> i32 {
    match phase {
        Phase::ProxyRequest => 1,
        Phase::TargetRequest => 2,
        Phase::TargetResponse => 3,
        Phase::ProxyResponse => 4,
        Phase::PostClient => 5,
    }
}

fn is_internal(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_private() || ip.is_loopback() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

fn text(text: &str) -> View<'_> {
    View::Text(Cow::Borrowed(text))
}

fn owned<'a>(text: String) -> View<'a> {
    View::Text(Cow::Owned(text))
}

/// A view that owns what it shows, for what is read through a borrow that ends.
fn owned_view<'a>(value: Value) -> View<'a> {
    match value {
        Value::String(text) => owned(String::from(&*text)),
        Value::Integer(n) => View::Integer(n),
        Value::Long(n) => View::Long(n),
        Value::Float(n) => View::Float(n),
        Value::Double(n) => View::Double(n),
        Value::Boolean(flag) => View::Boolean(flag),
        Value::Bytes(bytes) => View::Bytes(Cow::Owned(bytes)),
        Value::Collection(items) => View::Collection(Cow::Owned(items.to_vec())),
        Value::Message(_) => View::Message,
    }
}

fn time_text<'a>(epoch_ms: Option<i64>) -> Option<View<'a>> {
    epoch_ms.map(|at| owned(time::text(at)))
}

fn stamp<'a>(epoch_ms: Option<i64>) -> Option<View<'a>> {
    epoch_ms.map(View::Long)
}

impl Message {
    pub fn add_query_param(&mut self, name: &str, value: &str) -> bool {
        let query = append_pair(self.query(), name, value);
        self.set_query(&query)
    }

    pub fn remove_query_param(&mut self, name: &str, nth: Option<usize>) -> bool {
        let query = remove_pair(self.query(), name, nth);
        self.set_query(&query)
    }

    pub fn add_form_param(&mut self, name: &str, value: &str) {
        let form = self.form().map(Cow::into_owned).unwrap_or_default();
        self.set_form(append_pair(&form, name, value));
    }

    pub fn remove_form_param(&mut self, name: &str, nth: Option<usize>) {
        if let Some(form) = self.form().map(|form| remove_pair(&form, name, nth)) {
            self.set_form(form);
        }
    }

    /// Removes the header, or the Nth (from 1) of the values between its commas.
    pub fn remove_header(&mut self, name: &HeaderName, nth: Option<usize>) {
        let Some(at) = nth.and_then(|nth| nth.checked_sub(1)) else {
            self.headers.remove(name);
            return;
        };
        let mut values: Vec<String> =
            header_values(&self.headers, name).map(Cow::into_owned).collect();
        if at >= values.len() {
            return;
        }
        values.remove(at);
        if values.is_empty() {
            self.headers.remove(name);
        } else {
            self.headers.insert(name.clone(), header_text(&values.join(",")));
        }
    }

    /// The Nth (from 1) of the values between a header's commas.
    pub fn header_value(&self, name: &HeaderName, nth: usize) -> Option<Cow<'_, str>> {
        header_values(&self.headers, name).nth(nth.checked_sub(1)?)
    }

    /// Sets a part of this message as a variable's write would.
    pub fn set_part(&mut self, part: &Part, name: &VarRef, value: &Value) -> Result<(), SetError> {
        set_part(self, part, name, value)
    }
}
