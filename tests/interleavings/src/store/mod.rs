//! The cache of the gateway's store.

pub mod cache;
