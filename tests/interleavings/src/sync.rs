//! The gateway's `sync` over shuttle: each lock taken, each atomic read or written is a step after
//! which another thread may go on.
//!
//! All steps of all threads stand in one order here, whatever `Ordering` they name; what a machine
//! makes of weaker ones the tests with real threads see.

use std::ops::{Deref, DerefMut};
use std::sync::PoisonError;

pub use shuttle::thread::yield_now;

pub mod atomic {
    pub use shuttle::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
}

/// Without poisoning, as the gateway's.
#[derive(Debug, Default)]
pub struct Mutex<T>(shuttle::sync::Mutex<T>);

impl<T> Mutex<T> {
    pub fn new(value: T) -> Self {
        Self(shuttle::sync::Mutex::new(value))
    }

    pub fn lock(&self) -> MutexGuard<'_, T> {
        MutexGuard { mutex: self, held: Some(self.hold()) }
    }

    fn hold(&self) -> shuttle::sync::MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub struct MutexGuard<'a, T> {
    mutex: &'a Mutex<T>,
    /// `None` only within [`MutexGuard::unlocked`].
    held: Option<shuttle::sync::MutexGuard<'a, T>>,
}

impl<T> MutexGuard<'_, T> {
    /// Lets go of the lock while `work` is done.
    pub fn unlocked<R>(guard: &mut Self, work: impl FnOnce() -> R) -> R {
        guard.held = None;
        let done = work();
        guard.held = Some(guard.mutex.hold());
        done
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.held.as_ref().expect("the lock is held")
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.held.as_mut().expect("the lock is held")
    }
}
