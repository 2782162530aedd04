//! The gateway's cache in memory, whose threads shuttle takes through their steps in many orders.
//!
//! `src/store/cache` holds links to the gateway's own sources; beside them stand only
//! `memory/tests`, the scenarios. A file that is added to the cache's is linked here too.

#![allow(dead_code, reason = "what only the gateway uses of its sources")]
#![allow(clippy::duplicate_mod, reason = "one file stands in for all modules that are left out")]

pub mod clock;
pub mod message;
pub mod store;
pub mod sync;
