//! Lines to files and servers, over real sockets on free ports; "written" is when the writer has
//! ended.

use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;

use socket2::{Domain, Socket, Type};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::{TcpListener, UdpSocket};
use tokio::task::JoinHandle;

use super::*;

/// 2024-02-28T12:00:00Z.
const NOW_MS: i64 = 1_709_121_600_000;

/// The destinations and their writer, which runs.
struct Rig {
    logs: Arc<Logs>,
    clock: Clock,
    stop: watch::Sender<bool>,
    writer: JoinHandle<()>,
}

impl Rig {
    fn start(folder: &Path, refused: Vec<SocketAddr>) -> Self {
        let clock = Clock::manual(NOW_MS);
        let settings = LogSettings { folder: folder.to_owned(), refused };
        let (logs, writer) = Logs::new(settings, clock.clone());
        let (stop, stopped) = watch::channel(false);
        Self { logs, clock, stop, writer: tokio::spawn(writer.run(stopped)) }
    }

    /// Stops, and waits until what was handed over is written.
    async fn finish(self) {
        self.stop.send_replace(true);
        self.writer.await.unwrap();
    }
}

fn idle(folder: &Path) -> (Arc<Logs>, LogWriter) {
    let settings = LogSettings { folder: folder.to_owned(), refused: Vec::new() };
    Logs::new(settings, Clock::manual(NOW_MS))
}

#[track_caller]
fn hand_over(destination: &LogDestination, line: &str) {
    assert!(destination.hand_over(Bytes::from(line.to_owned()), NOW_MS, None), "{line}");
}

/// The files of a folder with their texts, by name.
#[expect(clippy::disallowed_methods, reason = "a test looks at what was written")]
fn files(folder: &Path) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, String::from_utf8(fs::read(path).unwrap()).unwrap())
        })
        .collect();
    found.sort();
    found
}

/// A server that takes connections only once it listens.
fn deaf_server() -> (Socket, u16) {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
    let port = socket.local_addr().unwrap().as_socket().unwrap().port();
    (socket, port)
}

fn listening(socket: Socket) -> TcpListener {
    socket.listen(8).unwrap();
    socket.set_nonblocking(true).unwrap();
    TcpListener::from_std(socket.into()).unwrap()
}

async fn until(mut holds: impl FnMut() -> bool) {
    while !holds() {
        tokio::task::yield_now().await;
    }
}

/// Of a paused runtime: its time goes on while everybody waits.
async fn until_later(mut holds: impl FnMut() -> bool) {
    while !holds() {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

async fn line_of(listener: &TcpListener) -> String {
    let (stream, _) = listener.accept().await.unwrap();
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).await.unwrap();
    line
}

#[tokio::test]
async fn lines_stand_in_their_file_in_order() {
    let folder = TempDir::new().unwrap();
    let rig = Rig::start(folder.path(), Vec::new());
    let one = rig.logs.file(&["weather", "16", "ML"], "a.log", Rotation::default()).unwrap();
    let again = rig.logs.file(&["weather", "16", "ML"], "a.log", Rotation::default()).unwrap();
    assert!(Arc::ptr_eq(&one, &again), "one file has one destination");
    for number in 0..1000 {
        hand_over(&one, &format!("line {number}"));
    }
    rig.finish().await;
    let expected: String = (0..1000).map(|number| format!("line {number}\n")).collect();
    let found = files(&folder.path().join("weather/16/ML"));
    assert_eq!(found, [("a.log".to_owned(), expected)]);
}

#[tokio::test]
async fn no_name_leads_out_of_the_folder() {
    let folder = TempDir::new().unwrap();
    let rig = Rig::start(&folder.path().join("logs"), Vec::new());
    for (folders, name) in [(["..", ".", "a/b"], "../c"), (["...", "", "\0"], "..")] {
        let file = rig.logs.file(&folders, name, Rotation::default()).unwrap();
        hand_over(&file, "x");
    }
    rig.finish().await;
    let names: Vec<String> = walk(folder.path(), folder.path());
    assert_eq!(names, ["logs/_.../_/_/_..", "logs/_../_./a_b/.._c"]);
}

fn walk(root: &Path, folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(walk(root, &path));
        } else {
            found.push(path.strip_prefix(root).unwrap().to_string_lossy().into_owned());
        }
    }
    found.sort();
    found
}

#[tokio::test]
async fn a_file_is_turned_over_before_it_is_too_large() {
    let folder = TempDir::new().unwrap();
    let rotation = Rotation { bytes_max: Some(8), files_kept: 2, ..Rotation::default() };
    let rig = Rig::start(folder.path(), Vec::new());
    let file = rig.logs.file(&[], "a.log", rotation).unwrap();
    // Two lines of four bytes fit, one byte more does not.
    for line in ["111", "222", "333", "4444", "55", "666666666", "7"] {
        hand_over(&file, line);
    }
    rig.finish().await;
    let texts: Vec<String> = files(folder.path()).into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts, ["7\n", "4444\n55\n", "666666666\n"]);
}

#[tokio::test]
async fn names_of_turned_over_files_say_when() {
    let folder = TempDir::new().unwrap();
    // Neither a file of another log nor one of no time is ours to delete.
    for other in ["a.log.old", "b.log.20200101-000000-000"] {
        fs::write(folder.path().join(other), "mine").unwrap();
    }
    let rotation = Rotation { bytes_max: Some(1), files_kept: 1, ..Rotation::default() };
    let rig = Rig::start(folder.path(), Vec::new());
    let file = rig.logs.file(&[], "a.log", rotation).unwrap();
    for line in ["1", "2", "3"] {
        hand_over(&file, line);
    }
    rig.finish().await;
    let names: Vec<String> = files(folder.path()).into_iter().map(|(name, _)| name).collect();
    // Two in one moment: the second took the next millisecond, and the first was deleted.
    assert_eq!(names.len(), 4, "{names:?}");
    assert!(names.contains(&"a.log.old".to_owned()) && names.contains(&"a.log".to_owned()));
    assert!(names.iter().any(|name| name.starts_with("a.log.20240228-120000-00")), "{names:?}");
}

#[tokio::test]
async fn a_new_period_begins_a_new_file() {
    let folder = TempDir::new().unwrap();
    let period = Some(RotationPeriod::minutes(60));
    let rotation = Rotation { bytes_max: None, period, ..Rotation::default() };
    for (minutes, line) in [(0, "first"), (59, "same hour"), (1, "next hour")] {
        // Each is a run of its own; the file's own time is that of the machine, so it is set.
        let rig = Rig::start(folder.path(), Vec::new());
        rig.clock.advance(Duration::from_secs(
            60 * (minutes + if line == "next hour" { 59 } else { 0 }),
        ));
        let file = rig.logs.file(&[], "a.log", rotation).unwrap();
        hand_over(&file, line);
        let at = std::time::UNIX_EPOCH
            + Duration::from_millis(u64::try_from(rig.clock.epoch_ms()).unwrap());
        rig.finish().await;
        let written =
            fs::OpenOptions::new().append(true).open(folder.path().join("a.log")).unwrap();
        written.set_modified(at).unwrap();
    }
    let texts: Vec<String> = files(folder.path()).into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts, ["next hour\n", "first\nsame hour\n"]);
}

#[tokio::test]
async fn a_start_may_begin_a_new_file() {
    let folder = TempDir::new().unwrap();
    let at_start = Rotation { at_start: true, ..Rotation::default() };
    for (rotation, expected) in [
        (Rotation::default(), vec!["x\ny\n"]),
        (Rotation::default(), vec!["x\ny\nx\ny\n"]),
        (at_start, vec!["x\ny\n", "x\ny\nx\ny\n"]),
    ] {
        let rig = Rig::start(folder.path(), Vec::new());
        let file = rig.logs.file(&[], "a.log", rotation).unwrap();
        hand_over(&file, "x");
        hand_over(&file, "y");
        rig.finish().await;
        let texts: Vec<String> = files(folder.path()).into_iter().map(|(_, text)| text).collect();
        assert_eq!(texts, expected);
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_written_loses_its_lines_and_counts_them() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("taken"), "a file where a folder should be").unwrap();
    let rig = Rig::start(folder.path(), Vec::new());
    let file = rig.logs.file(&["taken"], "a.log", Rotation::default()).unwrap();
    let lost = Arc::new(Metric::default());
    assert!(file.hand_over(Bytes::from_static(b"x"), NOW_MS, Some(&lost)));
    rig.finish().await;
    assert!(file.is_failing());
    assert_eq!(lost.recorded().numbers.count, 1);
}

#[tokio::test]
async fn tcp_lines_end_with_a_line_feed_and_hold_none() {
    let folder = TempDir::new().unwrap();
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let rig = Rig::start(folder.path(), Vec::new());
    let port = server.local_addr().unwrap().port();
    let syslog = rig.logs.syslog("127.0.0.1", port, Transport::Tcp).unwrap();
    hand_over(&syslog, "one\r\ntwo\nthree");
    hand_over(&syslog, "four");
    let (stream, _) = server.accept().await.unwrap();
    let mut lines = BufReader::new(stream).lines();
    assert_eq!(lines.next_line().await.unwrap().unwrap(), "one  two three");
    assert_eq!(lines.next_line().await.unwrap().unwrap(), "four");
    rig.finish().await;
    assert_eq!(lines.next_line().await.unwrap(), None, "the connection is closed");
}

#[tokio::test]
async fn a_server_that_comes_back_is_found_again() {
    let folder = TempDir::new().unwrap();
    let (socket, port) = deaf_server();
    let rig = Rig::start(folder.path(), Vec::new());
    let syslog = rig.logs.syslog("127.0.0.1", port, Transport::Tcp).unwrap();
    assert!(!syslog.is_failing());
    hand_over(&syslog, "kept");
    until(|| syslog.is_failing()).await;
    let server = listening(socket);
    assert_eq!(line_of(&server).await, "kept\n");
    until(|| !syslog.is_failing()).await;
    hand_over(&syslog, "after it was cut off");
    assert_eq!(line_of(&server).await, "after it was cut off\n");
    rig.finish().await;
}

#[tokio::test]
async fn udp_lines_are_datagrams() {
    let folder = TempDir::new().unwrap();
    let server = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let rig = Rig::start(folder.path(), Vec::new());
    let port = server.local_addr().unwrap().port();
    let syslog = rig.logs.syslog("127.0.0.1", port, Transport::Udp).unwrap();
    hand_over(&syslog, "one\ntwo");
    let mut datagram = vec![0; 100_000];
    let length = server.recv(&mut datagram).await.unwrap();
    assert_eq!(&datagram[..length], b"one\ntwo");
    // What fits is sent, what does not is cut.
    for (bytes, expected) in [(65_507, 65_507), (65_508, 65_507)] {
        hand_over(&syslog, &"x".repeat(bytes));
        assert_eq!(server.recv(&mut datagram).await.unwrap(), expected);
    }
    rig.finish().await;
}

#[tokio::test]
async fn the_gateway_is_no_syslog_server() {
    let folder = TempDir::new().unwrap();
    let admin = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = admin.local_addr().unwrap();
    let rig = Rig::start(folder.path(), vec![address]);
    let syslog = rig.logs.syslog("127.0.0.1", address.port(), Transport::Tcp).unwrap();
    hand_over(&syslog, "x");
    until(|| syslog.is_failing()).await;
    let accepted = std::future::poll_fn(|cx| std::task::Poll::Ready(admin.poll_accept(cx)));
    assert!(accepted.await.is_pending(), "nobody came");
}

#[tokio::test(start_paused = true)]
async fn lines_do_not_wait_for_ever() {
    let folder = TempDir::new().unwrap();
    let (_socket, port) = deaf_server();
    let rig = Rig::start(folder.path(), Vec::new());
    let syslog = rig.logs.syslog("127.0.0.1", port, Transport::Tcp).unwrap();
    let lost = Arc::new(Metric::default());
    for line in ["old", "young"] {
        let at_ms = rig.clock.epoch_ms();
        assert!(syslog.hand_over(Bytes::from(line), at_ms, Some(&lost)));
        rig.clock.advance(syslog::AGE_MAX);
    }
    // Then at its limit, and past it: 60 and 120 seconds.
    until_later(|| lost.recorded().numbers.count == 1).await;
    rig.clock.advance(Duration::from_millis(1));
    until_later(|| lost.recorded().numbers.count == 2).await;
    // A stop does not wait for more than is said either.
    assert!(syslog.hand_over(Bytes::from("last"), rig.clock.epoch_ms(), Some(&lost)));
    rig.finish().await;
    assert_eq!(lost.recorded().numbers.count, 3);
}

#[test]
fn a_queue_is_bounded_in_lines() {
    let folder = TempDir::new().unwrap();
    let (logs, _writer) = idle(folder.path());
    let file = logs.file(&[], "a.log", Rotation::default()).unwrap();
    for _ in 0..QUEUE_LINES_MAX {
        hand_over(&file, "");
    }
    let lost = Arc::new(Metric::default());
    assert!(!file.hand_over(Bytes::new(), NOW_MS, Some(&lost)));
    assert_eq!(lost.recorded().numbers.count, 1);
}

#[test]
fn queues_are_bounded_in_bytes() {
    let folder = TempDir::new().unwrap();
    let (logs, writer) = idle(folder.path());
    let full = Bytes::from(vec![b'x'; QUEUE_BYTES_MAX]);
    let file = |number: usize| logs.file(&[], &number.to_string(), Rotation::default()).unwrap();
    let files: Vec<_> = (0..=ALL_QUEUES_BYTES_MAX / QUEUE_BYTES_MAX).map(file).collect();
    let (last, others) = files.split_last().unwrap();
    for file in others {
        assert!(file.hand_over(full.clone(), NOW_MS, None));
        assert!(!file.hand_over(Bytes::from_static(b"x"), NOW_MS, None), "its own queue is full");
    }
    assert!(!last.hand_over(Bytes::from_static(b"x"), NOW_MS, None), "all queues are full");
    assert!(last.hand_over(Bytes::new(), NOW_MS, None));
    // What leaves a queue makes room.
    drop(writer);
    assert_eq!(logs.waiting.load(Ordering::Acquire), 0);
}

#[test]
fn destinations_are_bounded() {
    let folder = TempDir::new().unwrap();
    let (logs, _writer) = idle(folder.path());
    let file = |number: usize| logs.file(&[], &number.to_string(), Rotation::default());
    let files: Vec<_> = (0..DESTINATIONS_MAX).map(|number| file(number).unwrap()).collect();
    assert!(file(DESTINATIONS_MAX).is_none());
    assert!(file(0).is_some(), "one that is known stays");
    drop(files);
}
