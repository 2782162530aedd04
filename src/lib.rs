//! Tollgate runs Apigee proxy bundles as they are.
//!
//! Modules stand in reading order: each imports only from those above it, as
//! `ARCHITECTURE.md` says and `tests/it/tidy.rs` checks.

pub mod diag;

pub mod clock;
pub mod profile;
pub mod sync;

pub mod json;
pub mod jsonpath;
pub mod regex;
pub mod xml;

pub mod bundle;
pub mod xmltree;

pub mod variable;

pub mod message;
pub mod xpath;

pub mod store;

pub mod condition;
pub mod template;
pub mod upstream;

pub mod model;

pub mod policy;

pub mod lint;

pub mod plan;

pub mod deploy;
pub mod engine;

pub mod serve;

pub mod config;
pub mod gateway;

pub mod cli;

#[cfg(test)]
mod generated;
