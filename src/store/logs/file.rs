//! A log file that is turned over by its size, its time, or both.
//!
//! Source: Apigee docs, "MessageLogging policy" (`FileRotationOptions`). Unknown: what the
//! platform calls a file that was turned over; here the moment, in UTC, stands behind its name.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::UNIX_EPOCH;

use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::task::JoinHandle;

use crate::clock::Clock;
use crate::store::logs::{Line, note};

/// Logs may hold what is nobody else's.
const FOLDER_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;

/// How many names a file that is turned over may try.
const NAMES_MAX: i64 = 1000;

/// When a file is turned over, and how many of those are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// Before it would become larger.
    pub bytes_max: Option<u64>,
    /// When a new one of these begins, in UTC.
    pub period: Option<RotationPeriod>,
    /// Whether the first line of a run begins a new file.
    pub at_start: bool,
    /// Those that were turned over; 0 keeps all.
    pub files_kept: usize,
}

/// Milliseconds, at least 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RotationPeriod(i64);

impl RotationPeriod {
    /// At least a minute.
    pub fn minutes(minutes: i64) -> Self {
        Self(minutes.max(1).saturating_mul(60_000))
    }

    fn number(self, at_ms: i64) -> i64 {
        at_ms.div_euclid(self.0)
    }
}

impl Default for Rotation {
    /// 100 MB, and eight files before the one that is written.
    fn default() -> Self {
        Self { bytes_max: Some(100 * 1024 * 1024), period: None, at_start: false, files_kept: 8 }
    }
}

/// A name as the name of one file or folder: nothing in it leads elsewhere.
pub(super) fn component(name: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || " -_.$%".contains(c);
    let name = name.replace(|c| !is_plain(c), "_");
    if name.chars().all(|c| c == '.') { format!("_{name}") } else { name }
}

/// One file. What is done on the disk is done off the runtime's threads.
pub(super) struct FileSink {
    name: String,
    rotation: Arc<Mutex<Rotation>>,
    clock: Clock,
    state: State,
}

enum State {
    Idle(Box<OpenFile>),
    /// Another thread writes. A caller that does not wait for it finds it here again.
    Writing(JoinHandle<(Box<OpenFile>, io::Result<()>)>),
    /// That thread ended early.
    Lost,
}

struct OpenFile {
    path: PathBuf,
    /// `None` until the first line.
    file: Option<File>,
    bytes: u64,
    /// When it was begun, or last written to before this run.
    since_ms: i64,
    was_open: bool,
    /// The moment behind the name of the last one that was turned over.
    last_stamp_ms: i64,
}

impl FileSink {
    pub(super) fn new(path: PathBuf, rotation: Arc<Mutex<Rotation>>, clock: Clock) -> Self {
        let name = path.display().to_string();
        let file =
            OpenFile { path, file: None, bytes: 0, since_ms: 0, was_open: false, last_stamp_ms: 0 };
        Self { name, rotation, clock, state: State::Idle(Box::new(file)) }
    }

    /// A line that cannot be written is lost: the disk is full or the folder is not ours, and
    /// waiting mends neither.
    pub(super) async fn write(&mut self, batch: &mut Vec<Line>, is_failing: &AtomicBool) {
        self.finish(is_failing).await;
        let rotation = *self.rotation.lock();
        let now_ms = self.clock.epoch_ms();
        match std::mem::replace(&mut self.state, State::Lost) {
            State::Idle(mut file) => {
                let lines = std::mem::take(batch);
                self.state = State::Writing(tokio::task::spawn_blocking(move || {
                    let outcome = file.write_all(lines, &rotation, now_ms);
                    (file, outcome)
                }));
            }
            State::Writing(_) | State::Lost => batch.drain(..).for_each(Line::lose),
        }
        self.finish(is_failing).await;
    }

    /// Waits for what is being written.
    pub(super) async fn finish(&mut self, is_failing: &AtomicBool) {
        let State::Writing(work) = &mut self.state else { return };
        self.state = match work.await {
            Ok((file, outcome)) => {
                note(is_failing, &self.name, outcome.as_ref().copied());
                State::Idle(file)
            }
            Err(error) => {
                tracing::error!(%error, file = self.name, "a log's writer ended");
                State::Lost
            }
        };
    }
}

impl OpenFile {
    fn write_all(&mut self, lines: Vec<Line>, rotation: &Rotation, now_ms: i64) -> io::Result<()> {
        let mut outcome = Ok(());
        for line in lines {
            match self.write(&line, rotation, now_ms) {
                Ok(()) => {}
                Err(error) => {
                    // It is opened anew for the next line.
                    self.file = None;
                    line.lose();
                    outcome = Err(error);
                }
            }
        }
        outcome
    }

    fn write(&mut self, line: &Line, rotation: &Rotation, now_ms: i64) -> io::Result<()> {
        if self.file.is_none() {
            self.open(now_ms)?;
        }
        let length = u64::try_from(line.bytes.len()).unwrap_or(u64::MAX).saturating_add(1);
        let is_full = rotation.bytes_max.is_some_and(|max| self.bytes.saturating_add(length) > max);
        let is_old = rotation
            .period
            .is_some_and(|period| period.number(self.since_ms) != period.number(now_ms));
        let is_first = rotation.at_start && !self.was_open;
        self.was_open = true;
        if self.bytes > 0 && (is_full || is_old || is_first) {
            self.turn_over(rotation, now_ms)?;
        }
        let Some(file) = &mut self.file else { return Err(io::ErrorKind::NotFound.into()) };
        let mut record = Vec::with_capacity(line.bytes.len() + 1);
        record.extend_from_slice(&line.bytes);
        record.push(b'\n');
        file.write_all(&record)?;
        self.bytes = self.bytes.saturating_add(length);
        Ok(())
    }

    fn open(&mut self, now_ms: i64) -> io::Result<()> {
        if let Some(folder) = self.path.parent() {
            fs::DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(folder)?;
        }
        let file = OpenOptions::new().create(true).append(true).mode(FILE_MODE).open(&self.path)?;
        let found = file.metadata()?;
        self.bytes = found.len();
        let written = found.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        let written_ms = written.and_then(|since| i64::try_from(since.as_millis()).ok());
        self.since_ms = if self.bytes == 0 { now_ms } else { written_ms.unwrap_or(now_ms) };
        self.file = Some(file);
        Ok(())
    }

    fn turn_over(&mut self, rotation: &Rotation, now_ms: i64) -> io::Result<()> {
        self.file = None;
        let name = self.free_name(now_ms)?;
        fs::rename(&self.path, name)?;
        self.open(now_ms)?;
        if rotation.files_kept > 0 {
            self.delete_oldest(rotation.files_kept)?;
        }
        Ok(())
    }

    /// Behind those of the same moment, and never before one that is already deleted.
    fn free_name(&mut self, now_ms: i64) -> io::Result<PathBuf> {
        let first_ms = now_ms.max(self.last_stamp_ms.saturating_add(1));
        for at_ms in first_ms..first_ms.saturating_add(NAMES_MAX) {
            let Some(stamp) = stamp(at_ms) else { break };
            let path = with_suffix(&self.path, &stamp);
            if !path.exists() {
                self.last_stamp_ms = at_ms;
                return Ok(path);
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// Their names sort by time.
    fn delete_oldest(&self, kept: usize) -> io::Result<()> {
        let (Some(folder), Some(name)) = (self.path.parent(), self.path.file_name()) else {
            return Ok(());
        };
        let prefix = format!("{}.", name.to_string_lossy());
        let mut turned_over = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let found = entry.file_name().to_string_lossy().into_owned();
            if found.strip_prefix(&prefix).is_some_and(is_stamp) {
                turned_over.push(found);
            }
        }
        turned_over.sort();
        let surplus = turned_over.len().saturating_sub(kept);
        for old in turned_over.iter().take(surplus) {
            fs::remove_file(folder.join(old))?;
        }
        Ok(())
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    PathBuf::from(name)
}

/// `20240228-120000-000`.
fn stamp(at_ms: i64) -> Option<String> {
    let at = Timestamp::from_millisecond(at_ms).ok()?;
    Some(at.strftime("%Y%m%d-%H%M%S-%3f").to_string())
}

fn is_stamp(text: &str) -> bool {
    let is_place = |(at, byte): (usize, u8)| match at {
        8 | 15 => byte == b'-',
        _ => byte.is_ascii_digit(),
    };
    text.len() == "20240228-120000-000".len() && text.bytes().enumerate().all(is_place)
}
