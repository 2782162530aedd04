//! What policies record of requests: numbers summed up, texts counted.
//!
//! Sources: Apigee docs, "StatisticsCollector policy", "DataCapture policy". Bounded: past
//! [`METRICS_MAX`] names nothing new is recorded, and past [`VALUES_MAX`] texts of one name the
//! rest count together. A handle is asked for when a plan is linked, never by a request.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::message::Collector;

/// How many names are recorded, over all proxies.
pub const METRICS_MAX: usize = 1000;
/// How many different texts of one name are counted apart.
pub const VALUES_MAX: usize = 100;
/// A longer text is cut, in bytes.
pub const VALUE_BYTES_MAX: usize = 400;
/// What the other texts count as.
pub const OTHER: &str = "(other)";

/// All metrics of a gateway.
#[derive(Debug, Default)]
pub struct Metrics {
    all: Mutex<BTreeMap<MetricName, Arc<Metric>>>,
}

/// Whose metric, and what it is called.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MetricName {
    pub proxy: String,
    pub name: String,
}

/// One metric. Recording takes its lock for some nanoseconds.
#[derive(Debug, Default)]
pub struct Metric(Mutex<Recorded>);

/// What was recorded so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recorded {
    pub numbers: Numbers,
    /// How often each text came.
    pub texts: BTreeMap<String, u64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Numbers {
    pub count: u64,
    pub sum: f64,
    /// 0 while there is none.
    pub min: f64,
    pub max: f64,
}

impl Metrics {
    /// The metric of that name, made where it is not there. `None` where there are too many.
    pub fn metric(&self, proxy: &str, name: &str) -> Option<Arc<Metric>> {
        let mut all = self.all.lock();
        let key = MetricName { proxy: proxy.to_owned(), name: name.to_owned() };
        if let Some(found) = all.get(&key) {
            return Some(found.clone());
        }
        if all.len() >= METRICS_MAX {
            tracing::warn!(proxy, name, "too many metrics: this one is not recorded");
            return None;
        }
        Some(all.entry(key).or_default().clone())
    }

    /// What was recorded, by name.
    pub fn snapshot(&self) -> Vec<(MetricName, Recorded)> {
        let all = self.all.lock();
        all.iter().map(|(name, metric)| (name.clone(), metric.recorded())).collect()
    }
}

impl Metric {
    /// A number that is none (NaN) or without end is not recorded.
    pub fn record_number(&self, number: f64) {
        if !number.is_finite() {
            return;
        }
        let numbers = &mut self.0.lock().numbers;
        let is_first = numbers.count == 0;
        numbers.min = if is_first { number } else { numbers.min.min(number) };
        numbers.max = if is_first { number } else { numbers.max.max(number) };
        numbers.sum += number;
        numbers.count = numbers.count.saturating_add(1);
    }

    pub fn record_text(&self, text: &str) {
        let text = text.get(..text.floor_char_boundary(VALUE_BYTES_MAX)).unwrap_or(text);
        let texts = &mut self.0.lock().texts;
        if let Some(count) = texts.get_mut(text) {
            *count = count.saturating_add(1);
            return;
        }
        let text = if texts.len() < VALUES_MAX { text } else { OTHER };
        let count = texts.entry(text.to_owned()).or_default();
        *count = count.saturating_add(1);
    }

    pub fn recorded(&self) -> Recorded {
        self.0.lock().clone()
    }
}

/// A data collector: what is spelt as a number is summed up, any other text counted.
impl Collector for Metric {
    fn record(&self, value: &str) {
        match value.trim().parse::<f64>() {
            Ok(number) if number.is_finite() => self.record_number(number),
            Ok(_) | Err(_) => self.record_text(value),
        }
    }
}

#[cfg(test)]
mod tests;
