//! What XMLToJSON and JSONToXML share: where the text comes from, and where its other form goes.
//!
//! Source: Apigee docs, "XML to JSON policy", "JSON to XML policy", and the runtime error pages
//! of both. A message whose Content-Type is another format is left alone. A message becomes a
//! message and a text becomes a text; without `OutputVariable` a message takes its own place.

use std::cell::RefCell;
use std::rc::Rc;

use bytes::Bytes;
use http::HeaderValue;
use http::header::CONTENT_TYPE;

use crate::message::{Fault, Message, MessageContext, MessageKind, Value};
use crate::policy::kind::{Linker, Next};
use crate::policy::message_source::Content;
use crate::variable::{Part, Place, Role, VarRef};
use crate::xml::Fields;

/// The code of what deploys and does not do what it seems to say.
pub(super) const DOUBTFUL: &str = "GW371";

/// What a conversion is called, and what it makes of what.
#[derive(Debug)]
pub(super) struct Words {
    pub(super) element: &'static str,
    pub(super) source_unavailable: &'static str,
    pub(super) output_unavailable: &'static str,
    pub(super) incompatible_types: &'static str,
    pub(super) invalid_source_type: &'static str,
    /// `xml` or `json`.
    pub(super) from: &'static str,
    /// The Content-Type of what is made.
    pub(super) content_type: &'static str,
}

/// `Source` and `OutputVariable`.
#[derive(Debug)]
pub(super) struct Conversion {
    words: &'static Words,
    policy: String,
    source: VarRef,
    output: Option<VarRef>,
}

/// What is converted.
struct Source {
    bytes: Bytes,
    /// `None`: a text.
    message: Option<(MessageKind, Destination)>,
}

/// Where the result goes.
enum Destination {
    Role(Role),
    Own(Rc<RefCell<Message>>),
    /// A message that is not there yet.
    NewMessage(MessageKind),
    NewResponse,
    Text,
}

impl Conversion {
    /// The default source is the message in scope.
    pub(super) fn read(xml: &mut Fields<'_, '_>, words: &'static Words) -> Self {
        let source = xml.optional("Source").unwrap_or_else(|| VarRef::parse("message"));
        Self { words, policy: String::new(), source, output: xml.optional("OutputVariable") }
    }

    pub(super) fn link(&mut self, linker: &mut dyn Linker) {
        linker.bind(&mut self.source);
        if let Some(output) = &mut self.output {
            linker.bind_output(output);
        }
        self.policy = linker.policy().to_owned();
    }

    pub(super) fn policy(&self) -> &str {
        &self.policy
    }

    pub(super) fn run(
        &self,
        cx: &mut MessageContext,
        convert: impl FnOnce(&[u8]) -> Result<String, Fault>,
    ) -> Result<Next, Fault> {
        let Some(source) = self.source(cx)? else { return Ok(Next::Continue) };
        let destination = match source.message {
            Some((kind, itself)) => self.message_destination(cx, kind, itself)?,
            None => self.text_destination(cx)?,
        };
        let made = convert(&source.bytes)?;
        self.put(cx, destination, made)?;
        Ok(Next::Continue)
    }

    /// `None`: a message of another format.
    fn source(&self, cx: &MessageContext) -> Result<Option<Source>, Fault> {
        let of_message = |message: &Message, itself| {
            let content = Content::of(message);
            let found =
                Source { bytes: content.bytes.clone(), message: Some((message.kind(), itself)) };
            content.is_of(self.words.from).then_some(found)
        };
        if let Place::Message(role, Part::Whole) = self.source.place() {
            let message = cx.role_message(*role).ok_or_else(|| self.no_source())?;
            return Ok(of_message(message, Destination::Role(*role)));
        }
        let bytes = match cx.get_value(&self.source).ok_or_else(|| self.no_source())? {
            Value::Message(message) => {
                let found = of_message(&message.borrow(), Destination::Own(message.clone()));
                return Ok(found);
            }
            Value::String(text) => text.into_bytes(),
            Value::Bytes(bytes) => bytes,
            Value::Integer(_) => return Err(self.no_type("lang", "Integer")),
            Value::Long(_) => return Err(self.no_type("lang", "Long")),
            Value::Float(_) => return Err(self.no_type("lang", "Float")),
            Value::Double(_) => return Err(self.no_type("lang", "Double")),
            Value::Boolean(_) => return Err(self.no_type("lang", "Boolean")),
            // Unknown: which of Java's lists the platform has here.
            Value::Collection(_) => return Err(self.no_type("util", "ArrayList")),
        };
        Ok(Some(Source { bytes, message: None }))
    }

    fn message_destination(
        &self,
        cx: &MessageContext,
        kind: MessageKind,
        itself: Destination,
    ) -> Result<Destination, Fault> {
        let Some(output) = &self.output else { return Ok(itself) };
        match output.place() {
            Place::Message(role, Part::Whole) => match (cx.role_message(*role), role) {
                (Some(_), _) => Ok(Destination::Role(*role)),
                (None, Role::Response) => Ok(Destination::NewResponse),
                // An error message there would start an error flow.
                (None, Role::Error | Role::Request | Role::Message) => Err(self.no_output()),
            },
            Place::Message(..) | Place::Fixed(_) | Place::Property => {
                Err(self.no_text_from_message())
            }
            Place::Slot(_) | Place::SlotPart { .. } | Place::Named => match cx.get_value(output) {
                Some(Value::Message(message)) => Ok(Destination::Own(message)),
                Some(_) => Err(self.no_text_from_message()),
                None => Ok(Destination::NewMessage(kind)),
            },
        }
    }

    fn text_destination(&self, cx: &MessageContext) -> Result<Destination, Fault> {
        let output = self.output.as_ref().ok_or_else(|| self.no_output())?;
        let is_message = match output.place() {
            Place::Message(_, part) => *part == Part::Whole,
            Place::Fixed(_) | Place::Property => false,
            Place::Slot(_) | Place::SlotPart { .. } | Place::Named => {
                matches!(cx.get_value(output), Some(Value::Message(_)))
            }
        };
        if is_message {
            let text = "String can not be assigned to message type.";
            return Err(self.fault(self.words.incompatible_types, text));
        }
        Ok(Destination::Text)
    }

    fn put(
        &self,
        cx: &mut MessageContext,
        destination: Destination,
        made: String,
    ) -> Result<(), Fault> {
        let fill = |message: &mut Message, made: String| {
            message.set_content(Bytes::from(made));
            let content_type = HeaderValue::from_static(self.words.content_type);
            message.headers.insert(CONTENT_TYPE, content_type);
        };
        let value = match destination {
            Destination::Role(role) => {
                if let Some(message) = cx.role_message_mut(role) {
                    fill(message, made);
                }
                return Ok(());
            }
            Destination::Own(message) => {
                fill(&mut message.borrow_mut(), made);
                return Ok(());
            }
            Destination::NewResponse => {
                let mut message = Message::empty(MessageKind::Response);
                fill(&mut message, made);
                cx.response = Some(message);
                return Ok(());
            }
            Destination::NewMessage(kind) => {
                let mut message = Message::empty(kind);
                fill(&mut message, made);
                Value::Message(Rc::new(RefCell::new(message)))
            }
            Destination::Text => Value::from(made),
        };
        let Some(output) = &self.output else { return Ok(()) };
        cx.set(output, value).map_err(|error| {
            tracing::debug!(%error, "a variable is not set");
            self.no_output()
        })
    }

    fn fault(&self, code: &'static str, text: &str) -> Fault {
        Fault::new(code, format!("{}[{}]: {text}", self.words.element, self.policy))
    }

    fn no_source(&self) -> Fault {
        let text = format!("Source {} is not available", self.source.name());
        self.fault(self.words.source_unavailable, &text)
    }

    /// The platform has the class where its other texts have the policy.
    fn no_type(&self, package: &str, name: &str) -> Fault {
        let class = format!("java.{package}.{name}");
        let text = format!(
            "{}[class {class}]: Invalid source type class {class}. Valid source types are \
             [message, string].",
            self.words.element
        );
        Fault::new(self.words.invalid_source_type, text)
    }

    fn no_output(&self) -> Fault {
        self.fault(self.words.output_unavailable, "Output variable is not available.")
    }

    /// Unknown: the platform's words; its page has those for a text that should be a message.
    fn no_text_from_message(&self) -> Fault {
        let text = "Message can not be assigned to string type.";
        self.fault(self.words.incompatible_types, text)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::message::Value;
    use crate::policy::testing::{Rig, run};

    #[test]
    fn a_source_is_a_message_or_a_text() {
        for (value, class) in [
            (Value::Integer(1), "java.lang.Integer"),
            (Value::Long(1), "java.lang.Long"),
            (Value::Float(1.0), "java.lang.Float"),
            (Value::Double(1.0), "java.lang.Double"),
            (Value::Boolean(true), "java.lang.Boolean"),
            (Value::Collection(Arc::from([])), "java.util.ArrayList"),
        ] {
            let mut rig = Rig::new();
            let source = rig.variable("source");
            let step = rig.link(
                "<JSONToXML name=\"J\"><Source>source</Source>\
                 <OutputVariable>made</OutputVariable></JSONToXML>",
            );
            let mut cx = rig.context();
            cx.set(&source, value).unwrap();
            let fault = run(&step, &mut cx).unwrap_err();
            let expected = format!(
                "JSONToXML[class {class}]: Invalid source type class {class}. Valid source types \
                 are [message, string]."
            );
            assert_eq!((fault.text, &*fault.code), (expected, "steps.json2xml.InvalidSourceType"));
        }
    }

    #[test]
    fn a_variable_that_may_not_be_written_is_not_available() {
        let mut rig = Rig::new();
        let source = rig.variable("source");
        let step = rig.link(
            "<JSONToXML name=\"J\"><Source>source</Source>\
             <OutputVariable>client.ip</OutputVariable></JSONToXML>",
        );
        let mut cx = rig.context();
        cx.set(&source, "{}".into()).unwrap();
        let fault = run(&step, &mut cx).unwrap_err();
        assert_eq!(fault.text, "JSONToXML[J]: Output variable is not available.");
    }
}
