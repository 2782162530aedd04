//! What one request carries: its messages, its variables, its fault.

mod answer_headers;
mod body;
mod captured;
pub mod coding;
mod context;
mod documents;
mod fault;
pub mod faults;
mod form;
mod hop_by_hop;
mod http_message;
mod kept;
mod quick;
mod resolve;
mod stored_response;
mod time;
mod value;

pub use answer_headers::AnswerHeaders;
pub use body::{Body, BodyError, BodyStream};
pub use captured::{CAPTURED_MAX, Captured, CapturedError, Collector};
pub use context::{
    Client, Facts, FlowFacts, FlowRef, MessageContext, Phase, Properties, Revalidation, SentTarget,
    Subject, TargetFacts, TargetState, Times,
};
pub use documents::Documents;
pub use fault::{Category, Fault};
pub use form::{append_pair, pairs, remove_pair, set_pair};
pub use hop_by_hop::{remove_connection_options, remove_hop_by_hop};
pub use http_message::{
    Head, Message, MessageKind, RequestHead, ResponseHead, final_status, header_text, reason_text,
};
pub use kept::Kept;
pub use quick::Glance;
pub use resolve::SetError;
pub use stored_response::StoredResponse;
pub use value::{Value, View};

#[cfg(test)]
mod tests;
