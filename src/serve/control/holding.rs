//! How many bytes a door holds for the client of one connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

/// Of one connection; each of its requests has it among its extensions.
#[derive(Clone, Debug, Default)]
pub(in crate::serve) struct Holding(Arc<Count>);

#[derive(Debug, Default)]
struct Count {
    bytes: AtomicUsize,
    fewer: Notify,
}

impl Holding {
    pub(in crate::serve) fn bytes(&self) -> usize {
        self.0.bytes.load(Ordering::Relaxed)
    }

    pub(in crate::serve) fn add(&self, bytes: usize) {
        self.0.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(in crate::serve) fn subtract(&self, bytes: usize) {
        self.0.bytes.fetch_sub(bytes, Ordering::Relaxed);
        self.0.fewer.notify_waiters();
    }

    /// Returns when there are fewer than so many.
    pub(in crate::serve) async fn below(&self, bytes: usize) {
        loop {
            // Told of what happens from here on.
            let fewer = self.0.fewer.notified();
            if self.bytes() < bytes {
                return;
            }
            fewer.await;
        }
    }
}
