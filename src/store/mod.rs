//! What outlives a request.

pub mod cache;
