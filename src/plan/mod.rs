//! A linked revision: names are numbers, conditions and templates are programs.

use std::sync::Arc;

use crate::message::Facts;

/// One deployed revision, ready to run.
pub struct Plan {
    pub facts: Arc<Facts>,
}

/// A ProxyEndpoint of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndpointId(pub u32);
