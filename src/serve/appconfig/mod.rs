//! Azure App Configuration's REST API over the store's key-values.
//!
//! Source: Microsoft's REST reference (key-values, keys, labels, locks, revisions, snapshots,
//! headers, versioning, throttling, HMAC), its local emulator read as a statement of behaviour,
//! and what the unmodified SDKs send.

mod auth;
mod conditions;
mod date;
mod filter;
mod problem;
mod query;
mod version;
