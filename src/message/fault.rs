//! A fault as a value: raised anywhere, made a response in one place of the engine.
//!
//! Source: Apigee docs, "Handling faults", "Runtime error catalog": status, errorcode,
//! faultstring; `fault.name` is the code's last segment.

use std::borrow::Cow;

use bytestring::ByteString;
use http::StatusCode;

use crate::message::Message;

/// `fault.category`, with the subcategory where the taxonomy has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Category {
    /// A policy's fault.
    Step,
    /// RaiseFault's.
    Custom,
    ResponseCode,
    Routing,
    Classification,
    Connectivity,
    RequestValidation,
    ResponseValidation,
    Io,
    System,
}

impl Category {
    pub fn name(self) -> &'static str {
        match self {
            Self::Step | Self::Custom => "Step",
            Self::ResponseCode | Self::Routing | Self::Classification => "Messaging",
            Self::Connectivity | Self::RequestValidation | Self::ResponseValidation | Self::Io => {
                "Transport"
            }
            Self::System => "System",
        }
    }

    pub fn subcategory(self) -> &'static str {
        match self {
            Self::Step => "",
            Self::Custom => "Custom faults",
            Self::ResponseCode => "Response codes",
            Self::Routing => "Routing failures",
            Self::Classification => "Classification failures",
            Self::Connectivity => "Connectivity",
            Self::RequestValidation => "Request validations",
            Self::ResponseValidation => "Response validations",
            Self::Io => "IO errors",
            Self::System => "Thread",
        }
    }
}

/// Why the normal flow was left.
#[derive(Debug)]
pub struct Fault {
    /// The dotted errorcode, such as `steps.raisefault.RaiseFault`.
    pub code: Cow<'static, str>,
    /// The faultstring.
    pub text: String,
    pub status: StatusCode,
    pub category: Category,
    /// `detail.reason`, which only profile x shows.
    pub reason: Option<&'static str>,
    /// The error message that is already made: RaiseFault's, or the target's own answer.
    pub message: Option<Box<Message>>,
    /// Whether the body of `message` is meant as it is, however empty. Where not, the default
    /// fault JSON takes its place.
    pub has_body: bool,
}

impl Fault {
    /// A policy's fault: status 500.
    pub fn new(code: impl Into<Cow<'static, str>>, text: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            text: text.into(),
            status: StatusCode::INTERNAL_SERVER_ERROR,
            category: Category::Step,
            reason: None,
            message: None,
            has_body: false,
        }
    }

    #[must_use]
    pub fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    #[must_use]
    pub fn category(mut self, category: Category) -> Self {
        self.category = category;
        self
    }

    #[must_use]
    pub fn reason(mut self, reason: &'static str) -> Self {
        self.reason = Some(reason);
        self
    }

    /// With a message whose body is the answer's.
    #[must_use]
    pub fn message(mut self, message: Message) -> Self {
        self.message = Some(Box::new(message));
        self.has_body = true;
        self
    }

    /// With a message whose body is still to be filled with the default fault JSON.
    #[must_use]
    pub fn message_without_body(mut self, message: Message) -> Self {
        self.message = Some(Box::new(message));
        self.has_body = false;
        self
    }

    /// `fault.name`: the last dotted part of the errorcode.
    pub fn name(&self) -> &str {
        self.code.rsplit('.').next().unwrap_or(&self.code)
    }

    pub fn shared_text(&self) -> ByteString {
        ByteString::from(self.text.as_str())
    }
}
