//! What outlives a request.

pub mod cache;
pub mod counters;
pub mod logs;
pub mod metrics;
