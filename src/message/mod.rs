//! What one request carries: its messages, its variables, its fault.

mod body;
mod context;
mod fault;
mod form;
mod http_message;
mod quick;
mod resolve;
mod time;
mod value;

pub use body::{Body, BodyError, BodyStream};
pub use context::{
    Client, Facts, FlowFacts, FlowRef, MessageContext, Phase, Properties, SentTarget, TargetFacts,
    TargetState, Times,
};
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
