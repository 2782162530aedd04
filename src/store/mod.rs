//! What outlives a request.

pub mod cache;
pub mod counters;
pub mod credentials;
pub mod durable;
pub mod kvm;
pub mod logs;
pub mod metrics;
pub mod mirror;
