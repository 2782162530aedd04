//! From bundles to what runs: reading, lint, linking, and the registry of active revisions.

pub mod watch;

use std::sync::Arc;

use crate::plan::{EndpointId, Plan};

/// Everything that runs at one moment. Immutable; a request keeps the one it began with.
#[derive(Default)]
pub struct Generation {}

/// Where a path leads.
pub struct Route<'a> {
    pub plan: &'a Arc<Plan>,
    pub endpoint: EndpointId,
    /// How many bytes of the path the base path took.
    pub basepath_bytes: usize,
}

impl Generation {
    /// The endpoint whose base path fits best; `path` is without query.
    pub fn route(&self, path: &str) -> Option<Route<'_>> {
        let _ = path;
        None
    }
}
