//! The store under `kill -9`, and the order of its system calls.
//!
//! The child is this test program itself, started with [`CHILD`] first: it says what the store
//! holds, then writes for ever and says so after each answer.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Lines, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use libtest_mimic::Trial;
use tollgate::clock::Clock;
use tollgate::store::durable::{
    Address, Condition, Content, KeyFile, Location, Moment, Settings, Sight, Store, Via, Write,
};

use crate::support::missing;

/// The first argument of a child.
pub(crate) const CHILD: &str = "store-writer";

/// How often a child is killed.
const KILLS: usize = 200;
/// Writers of one child. Each has one write under way.
const WRITERS: usize = 4;
/// Writes of the child that is traced.
const TRACED: u64 = 20;

pub(crate) fn trials() -> Vec<Trial> {
    let trial = |name: &str, case: fn() -> Result<()>| {
        Trial::test(format!("durable::{name}"), move || {
            case().map_err(|error| format!("{error:#}").into())
        })
    };
    vec![
        trial("no_acknowledged_write_is_lost_by_a_kill", no_acknowledged_write_is_lost_by_a_kill),
        trial("the_log_is_synced_before_an_answer", the_log_is_synced_before_an_answer),
    ]
}

fn settings(folder: &Path) -> Settings {
    Settings {
        location: Location::Sqlite(folder.join("tollgate.db")),
        key_file: KeyFile::Own(folder.join("store.key")),
        retention: Duration::from_secs(7 * 24 * 3600),
    }
}

fn address(writer: usize, half: &str) -> Address {
    Address { key: Bytes::from(format!("{half}/{writer}")), label: None }
}

/// The child's whole life: `FOLDER WRITERS COUNT`, where a count of 0 is for ever.
pub(crate) fn child(mut arguments: impl Iterator<Item = String>) -> Result<()> {
    let folder = PathBuf::from(arguments.next().context("a folder")?);
    let writers: usize = arguments.next().context("how many write")?.parse()?;
    let count: u64 = arguments.next().context("a count")?.parse()?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let store = Store::open(&settings(&folder), &Clock::system()).await?;
        let mut beginnings = Vec::new();
        for writer in 0..writers {
            let (one, two) =
                (number(&store, writer, "one").await?, number(&store, writer, "two").await?);
            say(&format!("holds {writer} {one} {two}"))?;
            beginnings.push((writer, one));
        }
        say("ready")?;
        let writers = beginnings.into_iter().map(|(writer, from)| {
            let store = store.clone();
            tokio::spawn(async move {
                for number in (from + 1).. {
                    write(&store, writer, number).await?;
                    say(&format!("acknowledged {writer} {number}"))?;
                    if number == count {
                        break;
                    }
                }
                anyhow::Ok(())
            })
        });
        for writer in writers.collect::<Vec<_>>() {
            writer.await??;
        }
        Ok(())
    })
}

async fn number(store: &Store, writer: usize, half: &str) -> Result<u64> {
    let found = store.get(address(writer, half), Moment::Now, Sight::Open).await?;
    let Some(value) = found.and_then(|item| item.content.value) else { return Ok(0) };
    Ok(std::str::from_utf8(&value)?.parse()?)
}

/// Two key-values that change together.
async fn write(store: &Store, writer: usize, number: u64) -> Result<()> {
    let put = |half| Write::Put {
        at: address(writer, half),
        content: Content { value: Some(Bytes::from(number.to_string())), ..Content::default() },
        when: Condition::None,
        via: Via::Open,
    };
    store.write(Write::All(vec![put("one"), put("two")])).await?;
    Ok(())
}

/// One system call for the whole line.
fn say(line: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("{line}\n").as_bytes())?;
    Ok(out.flush()?)
}

struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Running {
    fn start(folder: &Path) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args([CHILD.as_ref(), folder.as_os_str()])
            .args([WRITERS.to_string(), "0".to_owned()])
            .stdout(Stdio::piped())
            .spawn()?;
        let out = child.stdout.take().context("its output is ours")?;
        Ok(Self { child, lines: BufReader::new(out).lines() })
    }

    /// SIGKILL; then what it said before it died.
    fn kill(mut self) -> Result<Vec<String>> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(self.lines.collect::<Result<_, _>>()?)
    }
}

fn no_acknowledged_write_is_lost_by_a_kill() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut acknowledged: BTreeMap<usize, u64> = BTreeMap::new();
    let mut answered = 0_u64;
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    for round in 0..KILLS {
        let mut running = Running::start(folder.path())?;
        // Of the first rounds some end while the tables are made.
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let wanted = if round % 8 == 0 { 0 } else { WRITERS as u64 + 1 + random % 24 };
        let mut said = Vec::new();
        for _ in 0..wanted {
            let Some(line) = running.lines.next() else { bail!("round {round}: the child ended") };
            said.push(line?);
        }
        said.extend(running.kill()?);
        for line in said {
            let words: Vec<&str> = line.split(' ').collect();
            match words[..] {
                ["holds", writer, one, two] => {
                    let (writer, one): (usize, u64) = (writer.parse()?, one.parse()?);
                    ensure!(one == two.parse::<u64>()?, "round {round}: half a write: {line}");
                    let last = acknowledged.get(&writer).copied().unwrap_or(0);
                    // The write that was under way may be there or not.
                    ensure!(
                        one == last || one == last + 1,
                        "round {round}: {last} was acknowledged, and the store {line}"
                    );
                    acknowledged.insert(writer, one);
                }
                ["acknowledged", writer, number] => {
                    let number: u64 = number.parse()?;
                    let last = acknowledged.insert(writer.parse()?, number);
                    ensure!(
                        number == last.unwrap_or(0) + 1,
                        "round {round}: {line} after {last:?}"
                    );
                    answered += 1;
                }
                ["ready"] => {}
                // A kill may cut the last line.
                _ => {}
            }
        }
    }
    ensure!(answered > KILLS as u64, "only {answered} writes were acknowledged");
    eprintln!("{KILLS} kills, {answered} acknowledged writes");
    Ok(())
}

fn the_log_is_synced_before_an_answer() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let probe =
        Command::new("strace").args(["-o", "/dev/null", "true"]).stderr(Stdio::piped()).output();
    let probe = probe.with_context(|| missing("strace"))?;
    if !probe.status.success() {
        eprintln!("not traced: {}", String::from_utf8_lossy(&probe.stderr).trim());
        return Ok(());
    }
    let trace = folder.path().join("trace");
    let status = Command::new("strace")
        .args(["-f", "-y", "-e", "trace=pwrite64,write,fsync,fdatasync", "-o"])
        .arg(&trace)
        .arg(std::env::current_exe()?)
        .args([CHILD.as_ref(), folder.path().as_os_str()])
        .args(["1".to_owned(), TRACED.to_string()])
        .stdout(Stdio::null())
        .status()?;
    ensure!(status.success(), "the child ended with {status}");
    let trace = std::fs::read_to_string(&trace)?;
    let answers = check_trace(&trace)?;
    ensure!(answers == TRACED, "{answers} answers were traced");
    let unsynced: String =
        trace.split_inclusive('\n').filter(|line| !line.contains("sync(")).collect();
    ensure!(check_trace(&unsynced).is_err(), "a log that is not synced would be noticed");
    Ok(())
}

/// Each answer comes when all that was written to the log is synced, by a sync that began after
/// it. Returns how many answers there are.
fn check_trace(trace: &str) -> Result<u64> {
    let (mut is_dirty, mut syncs, mut answers) = (true, 0, 0);
    // Of each thread that waits for a sync: whether something was written since it began.
    let mut under_way: BTreeMap<&str, bool> = BTreeMap::new();
    for line in trace.lines() {
        let (thread, call) = line.split_once(' ').context("a line has a thread")?;
        let call = call.trim_start();
        let is_sync = call.starts_with("fdatasync(") || call.starts_with("fsync(");
        if call.starts_with("pwrite64(") && call.contains("-wal>") {
            is_dirty = true;
            under_way.values_mut().for_each(|written| *written = true);
        } else if is_sync && call.contains("-wal>") {
            if call.contains("<unfinished") {
                under_way.insert(thread, false);
            } else {
                ensure!(call.ends_with("= 0"), "a sync failed: {line}");
                is_dirty = false;
                syncs += 1;
            }
        } else if call.contains("sync resumed>") && call.ends_with("= ?") {
            // The process ended first; nothing was answered for it.
            under_way.remove(thread);
        } else if call.contains("sync resumed>") {
            if let Some(written) = under_way.remove(thread) {
                ensure!(call.ends_with("= 0"), "a sync failed: {line}");
                is_dirty &= written;
                syncs += 1;
            }
        } else if call.starts_with("write(1") && call.contains("acknowledged") {
            ensure!(!is_dirty && syncs > 0, "an answer before its sync: {line}");
            syncs = 0;
            answers += 1;
        }
    }
    Ok(answers)
}
