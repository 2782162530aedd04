//! Where policies log to: files below one folder, and syslog servers.
//!
//! A step hands its line to the queue of a destination and goes on; a task of the control
//! runtime writes the lines of each destination, so that a server that is away stops nobody but
//! those who log to it. Each queue has a bound in lines and in bytes, all of them together one in
//! bytes: what does not fit is dropped and counted.

mod file;
mod syslog;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::clock::Clock;
use crate::store::metrics::Metric;

pub use file::{Rotation, RotationPeriod};
pub use syslog::Transport;

/// Lines that one destination may have waiting.
pub const QUEUE_LINES_MAX: usize = 4096;
/// Bytes that one destination may have waiting.
pub const QUEUE_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Bytes that all destinations together may have waiting.
pub const ALL_QUEUES_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Destinations at one time.
pub const DESTINATIONS_MAX: usize = 1000;
/// How long lines that wait may take to be written when the gateway stops.
const DRAIN_WAIT: Duration = Duration::from_secs(5);
/// How many lines are written at once.
const BATCH_LINES: usize = 256;

/// What does not change while the gateway runs.
#[derive(Clone, Debug)]
pub struct LogSettings {
    /// Made when the first line is written.
    pub folder: PathBuf,
    /// The gateway's own listeners, which are no syslog server.
    pub refused: Vec<SocketAddr>,
}

/// The destinations.
#[derive(Debug)]
pub struct Logs {
    settings: LogSettings,
    /// Tells this gateway's lines from those of others.
    instance: String,
    /// Bytes that wait, over all destinations.
    waiting: Arc<AtomicUsize>,
    known: Mutex<HashMap<Key, Weak<LogDestination>>>,
    opened: mpsc::Sender<Opened>,
}

/// Which destination it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    File(PathBuf),
    Syslog { host: String, port: u16, transport: Transport },
}

/// Where a policy's lines go. The last one that is dropped ends the destination.
#[derive(Debug)]
pub struct LogDestination {
    lines: mpsc::Sender<Line>,
    waiting: Arc<AtomicUsize>,
    waiting_here: Arc<AtomicUsize>,
    rotation: Arc<Mutex<Rotation>>,
    is_failing: Arc<AtomicBool>,
}

/// A line in a queue; when it goes, so does its place.
#[derive(Debug)]
struct Line {
    bytes: Bytes,
    /// Of the clock, in milliseconds since the epoch.
    at_ms: i64,
    /// Counts it if it is lost.
    lost: Option<Arc<Metric>>,
    _place: Place,
}

#[derive(Debug)]
struct Place {
    bytes: usize,
    waiting: Arc<AtomicUsize>,
    waiting_here: Arc<AtomicUsize>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.waiting.fetch_sub(self.bytes, Ordering::AcqRel);
        self.waiting_here.fetch_sub(self.bytes, Ordering::AcqRel);
    }
}

impl Line {
    fn lose(self) {
        if let Some(metric) = &self.lost {
            metric.record_number(1.0);
        }
    }
}

/// A destination that has no task yet.
#[derive(Debug)]
struct Opened {
    key: Key,
    lines: mpsc::Receiver<Line>,
    rotation: Arc<Mutex<Rotation>>,
    is_failing: Arc<AtomicBool>,
}

impl Logs {
    /// The other half writes what is handed over.
    pub fn new(settings: LogSettings, clock: Clock) -> (Arc<Self>, LogWriter) {
        let (opened, to_open) = mpsc::channel(DESTINATIONS_MAX);
        let writer = LogWriter { to_open, refused: settings.refused.clone().into(), clock };
        let logs = Self {
            settings,
            instance: uuid::Uuid::new_v4().to_string(),
            waiting: Arc::default(),
            known: Mutex::default(),
            opened,
        };
        (Arc::new(logs), writer)
    }

    pub fn instance(&self) -> &str {
        &self.instance
    }

    /// The file of that name, below a folder for each name before it. A rotation that differs
    /// from that of an earlier call counts from now on. `None` where there are too many
    /// destinations.
    pub fn file(
        &self,
        folders: &[&str],
        name: &str,
        rotation: Rotation,
    ) -> Option<Arc<LogDestination>> {
        let mut path = self.settings.folder.clone();
        path.extend(folders.iter().map(|folder| file::component(folder)));
        path.push(file::component(name));
        self.destination(Key::File(path), rotation)
    }

    pub fn syslog(
        &self,
        host: &str,
        port: u16,
        transport: Transport,
    ) -> Option<Arc<LogDestination>> {
        let key = Key::Syslog { host: host.to_owned(), port, transport };
        self.destination(key, Rotation::default())
    }

    fn destination(&self, key: Key, rotation: Rotation) -> Option<Arc<LogDestination>> {
        let mut known = self.known.lock();
        if let Some(found) = known.get(&key).and_then(Weak::upgrade) {
            *found.rotation.lock() = rotation;
            return Some(found);
        }
        known.retain(|_, destination| destination.strong_count() > 0);
        if known.len() >= DESTINATIONS_MAX {
            tracing::warn!(?key, "too many log destinations: nothing is logged to this one");
            return None;
        }
        let (lines, receiver) = mpsc::channel(QUEUE_LINES_MAX);
        let destination = Arc::new(LogDestination {
            lines,
            waiting: self.waiting.clone(),
            waiting_here: Arc::default(),
            rotation: Arc::new(Mutex::new(rotation)),
            is_failing: Arc::default(),
        });
        let opened = Opened {
            key: key.clone(),
            lines: receiver,
            rotation: destination.rotation.clone(),
            is_failing: destination.is_failing.clone(),
        };
        if self.opened.try_send(opened).is_err() {
            tracing::warn!(?key, "nobody writes logs any more: nothing is logged to this one");
            return None;
        }
        known.insert(key, Arc::downgrade(&destination));
        Some(destination)
    }
}

impl LogDestination {
    /// Hands a line over, which ends without a line break. False where there is no place for it:
    /// it is dropped, and `lost` counts it. It counts it too if it is lost later.
    #[must_use]
    pub fn hand_over(&self, bytes: Bytes, at_ms: i64, lost: Option<&Arc<Metric>>) -> bool {
        let size = bytes.len();
        let here = self.waiting_here.fetch_add(size, Ordering::AcqRel).saturating_add(size);
        let all = self.waiting.fetch_add(size, Ordering::AcqRel).saturating_add(size);
        // Given back when it is dropped.
        let place = Place {
            bytes: size,
            waiting: self.waiting.clone(),
            waiting_here: self.waiting_here.clone(),
        };
        let line = Line { bytes, at_ms, lost: lost.cloned(), _place: place };
        if here > QUEUE_BYTES_MAX || all > ALL_QUEUES_BYTES_MAX {
            line.lose();
            return false;
        }
        match self.lines.try_send(line) {
            Ok(()) => true,
            Err(error) => {
                error.into_inner().lose();
                false
            }
        }
    }

    /// Whether the last attempt to write here did not succeed.
    pub fn is_failing(&self) -> bool {
        self.is_failing.load(Ordering::Acquire)
    }
}

/// Writes what is handed over, until it is told to stop.
#[derive(Debug)]
pub struct LogWriter {
    to_open: mpsc::Receiver<Opened>,
    refused: Arc<[SocketAddr]>,
    clock: Clock,
}

impl LogWriter {
    /// One task for each destination. When `stopped` says true, or its sender has gone, what
    /// waits is written, within [`DRAIN_WAIT`].
    pub async fn run(mut self, mut stopped: watch::Receiver<bool>) {
        let mut tasks = JoinSet::new();
        // So that a destination that is opened again waits for the task of the one before.
        let mut turns: HashMap<Key, Weak<tokio::sync::Mutex<()>>> = HashMap::new();
        loop {
            while tasks.try_join_next().is_some() {}
            let opened = tokio::select! {
                biased;
                opened = self.to_open.recv() => opened,
                _ = stopped.wait_for(|stop| *stop) => None,
            };
            let Some(opened) = opened else { break };
            turns.retain(|_, turn| turn.strong_count() > 0);
            let turn = turns.get(&opened.key).and_then(Weak::upgrade).unwrap_or_default();
            turns.insert(opened.key.clone(), Arc::downgrade(&turn));
            let (refused, clock, stopped) =
                (self.refused.clone(), self.clock.clone(), stopped.clone());
            tasks.spawn(async move {
                let _turn = turn.lock().await;
                write_all(opened, refused, clock, stopped).await;
            });
        }
        while tasks.join_next().await.is_some() {}
    }
}

/// Until no line can come any more, or until the end of what waits once it is to stop.
async fn write_all(
    opened: Opened,
    refused: Arc<[SocketAddr]>,
    clock: Clock,
    mut stopped: watch::Receiver<bool>,
) {
    let Opened { key, mut lines, rotation, is_failing } = opened;
    let mut sink = match &key {
        Key::File(path) => {
            Sink::File(Box::new(file::FileSink::new(path.clone(), rotation, clock.clone())))
        }
        Key::Syslog { host, port, transport } => {
            let sink = syslog::SyslogSink::new(host, *port, *transport, refused, clock.clone());
            Sink::Syslog(Box::new(sink))
        }
    };
    let mut batch = Vec::new();
    let working = async {
        while lines.recv_many(&mut batch, BATCH_LINES).await > 0 {
            sink.write(&mut batch, &is_failing).await;
        }
    };
    tokio::select! {
        biased;
        () = working => return,
        _ = stopped.wait_for(|stop| *stop) => {}
    }
    lines.close();
    let draining = async {
        loop {
            if !batch.is_empty() {
                sink.write(&mut batch, &is_failing).await;
            }
            if lines.recv_many(&mut batch, BATCH_LINES).await == 0 {
                break;
            }
        }
        sink.finish(&is_failing).await;
    };
    if tokio::time::timeout(DRAIN_WAIT, draining).await.is_err() {
        let mut count = batch.len();
        batch.into_iter().for_each(Line::lose);
        while let Ok(line) = lines.try_recv() {
            line.lose();
            count += 1;
        }
        tracing::warn!(
            ?key,
            lines = count,
            "lines of a log are lost: they were not written in time"
        );
    }
}

enum Sink {
    File(Box<file::FileSink>),
    Syslog(Box<syslog::SyslogSink>),
}

impl Sink {
    /// Writes the batch and empties it. A future that is dropped on the way leaves what was not
    /// written in it.
    async fn write(&mut self, batch: &mut Vec<Line>, is_failing: &AtomicBool) {
        match self {
            Self::File(sink) => sink.write(batch, is_failing).await,
            Self::Syslog(sink) => sink.write(batch, is_failing).await,
        }
    }

    /// Waits for what is still being written.
    async fn finish(&mut self, is_failing: &AtomicBool) {
        match self {
            Self::File(sink) => sink.finish(is_failing).await,
            Self::Syslog(_) => {}
        }
    }
}

/// Says once that a destination fails, and once that it no longer does.
fn note(is_failing: &AtomicBool, destination: &str, outcome: Result<(), &std::io::Error>) {
    match outcome {
        Ok(()) => {
            if is_failing.swap(false, Ordering::AcqRel) {
                tracing::info!(destination, "the log is written again");
            }
        }
        Err(error) => {
            if !is_failing.swap(true, Ordering::AcqRel) {
                tracing::warn!(destination, %error, "a log cannot be written");
            }
        }
    }
}
