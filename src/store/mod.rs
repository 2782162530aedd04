//! What outlives a request.

pub mod cache;
pub mod counters;
pub mod durable;
pub mod metrics;
