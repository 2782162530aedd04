//! What one request carries: its messages, its variables, its fault.

mod body;
mod captured;
pub mod coding;
mod context;
mod documents;
mod fault;
pub mod faults;
mod form;
mod http_message;
mod quick;
mod resolve;
mod time;
mod value;

pub use body::{Body, BodyError, BodyStream};
pub use captured::{CAPTURED_MAX, Captured, CapturedError, Collector};
pub use context::{
    Client, Facts, FlowFacts, FlowRef, MessageContext, Phase, Properties, SentTarget, TargetFacts,
    TargetState, Times,
};
pub use documents::Documents;
pub use fault::{Category, Fault};
pub use form::{append_pair, pairs, remove_pair, set_pair};
pub use http_message::{
    Head, Message, MessageKind, RequestHead, ResponseHead, final_status, header_text, reason_text,
};
pub use quick::Glance;
pub use resolve::SetError;
pub use value::{Value, View};

#[cfg(test)]
mod tests;
