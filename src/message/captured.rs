//! What DataCapture collects of one request: recorded when the request is over, so that of
//! several values for one data collector the last one counts.
//!
//! Source: Apigee docs, "DataCapture policy", "Enforcing capture limits".

use std::fmt;
use std::sync::Arc;

use bytestring::ByteString;

/// How many data collectors one request may fill.
pub const CAPTURED_MAX: usize = 100;

/// Where the values of one data collector go.
pub trait Collector: Send + Sync {
    fn record(&self, value: &str);
}

/// The values so far, by data collector.
#[derive(Default)]
pub struct Captured {
    values: Vec<(Arc<dyn Collector>, ByteString)>,
}

/// Why a value was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the request has filled {CAPTURED_MAX} data collectors already")]
pub struct CapturedError;

impl Captured {
    pub fn set(
        &mut self,
        collector: &Arc<dyn Collector>,
        value: ByteString,
    ) -> Result<(), CapturedError> {
        let same = |(known, _): &&mut (Arc<dyn Collector>, _)| Arc::ptr_eq(known, collector);
        if let Some((_, kept)) = self.values.iter_mut().find(same) {
            *kept = value;
            return Ok(());
        }
        if self.values.len() >= CAPTURED_MAX {
            return Err(CapturedError);
        }
        self.values.push((collector.clone(), value));
        Ok(())
    }
}

/// The request is over.
impl Drop for Captured {
    fn drop(&mut self) {
        for (collector, value) in &self.values {
            collector.record(value);
        }
    }
}

impl fmt::Debug for Captured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Captured({})", self.values.len())
    }
}

#[cfg(test)]
mod tests {
    use parking_lot::Mutex;

    use super::*;

    #[derive(Default)]
    struct Kept(Mutex<Vec<String>>);

    impl Collector for Kept {
        fn record(&self, value: &str) {
            self.0.lock().push(value.to_owned());
        }
    }

    #[test]
    fn the_last_value_is_recorded_at_the_end() {
        let kept = Arc::new(Kept::default());
        let collector: Arc<dyn Collector> = kept.clone();
        let mut captured = Captured::default();
        for value in ["first", "last"] {
            captured.set(&collector, ByteString::from(value)).unwrap();
        }
        assert!(kept.0.lock().is_empty());
        drop(captured);
        assert_eq!(*kept.0.lock(), ["last"]);
    }

    #[test]
    fn collectors_are_bounded() {
        let collector = || -> Arc<dyn Collector> { Arc::new(Kept::default()) };
        let (first, mut captured) = (collector(), Captured::default());
        captured.set(&first, ByteString::new()).unwrap();
        for _ in 1..CAPTURED_MAX {
            captured.set(&collector(), ByteString::new()).unwrap();
        }
        assert_eq!(captured.set(&collector(), ByteString::new()), Err(CapturedError));
        assert_eq!(captured.set(&first, ByteString::new()), Ok(()));
    }
}
