//! Locks and atomics of what threads share in a cache: the one door to them.
//!
//! `tests/interleavings` compiles the cache over another one, which takes its threads through their
//! steps in many orders.

pub use std::thread::yield_now;

pub use parking_lot::{Mutex, MutexGuard};

pub mod atomic {
    pub use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
}
