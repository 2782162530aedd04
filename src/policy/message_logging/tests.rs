//! What is handed over to which destination, in which form.

use tempfile::TempDir;
use tokio::sync::watch;

use super::*;
use crate::policy::testing::{NOW_MS, Rig, findings, run, text};
use crate::store::logs::{LogSettings, LogWriter, Logs};

/// A rig whose logs lie in a folder, and who writes them.
fn rig(folder: &TempDir) -> (Rig, LogWriter) {
    let mut rig = Rig::new();
    let settings = LogSettings { folder: folder.path().to_owned(), refused: Vec::new() };
    let (logs, writer) = Logs::new(settings, rig.clock.clone());
    rig.logs = Some(logs);
    (rig, writer)
}

/// Writes what waits.
fn written(writer: LogWriter) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (stop, stopped) = watch::channel(true);
    runtime.block_on(writer.run(stopped));
    drop(stop);
}

/// What one run of the policy `ML` writes to the file.
fn logged(file: &str, policy: &str) -> String {
    let folder = TempDir::new().unwrap();
    let (mut rig, writer) = rig(&folder);
    rig.variable("messagelogging.ML.failed");
    rig.variable("messagelogging.failed");
    let step = rig.link(policy);
    let mut cx = rig.context();
    run(&step, &mut cx).unwrap();
    assert_eq!(text(&cx, "messagelogging.ML.failed").as_deref(), Some("false"));
    assert_eq!(text(&cx, "messagelogging.failed").as_deref(), Some("false"));
    written(writer);
    let path = folder.path().join("weatherapi/16/ML").join(file);
    String::from_utf8(std::fs::read_dir(path.parent().unwrap()).map_or_else(
        |_| Vec::new(),
        |_| {
            #[expect(clippy::disallowed_methods, reason = "a test looks at what was written")]
            std::fs::read(&path).unwrap()
        },
    ))
    .unwrap()
}

#[test]
fn a_file_has_the_line_of_its_template() {
    let policy = "<MessageLogging name=\"ML\"><File><Message>
        {request.verb} {request.path} {nothing}{nothing:-}
        </Message><FileName>calls.log</FileName></File></MessageLogging>";
    assert_eq!(logged("calls.log", policy), "GET /weather/today -\n");
}

#[test]
fn cloud_logging_is_a_line_of_json() {
    let policy = |message: &str, more: &str| {
        format!(
            "<MessageLogging name=\"ML\"><CloudLogging>\
             <LogName>projects/{{organization.name}}/logs/x</LogName>{message}{more}\
             </CloudLogging><logLevel>WARN</logLevel></MessageLogging>"
        )
    };
    let json = "<Message contentType=\"application/json\">\n{\n \"verb\": \"{request.verb}\", \
                \"n\": 1\n}\n</Message>";
    let head = r#"{"logName":"projects/apifactory/logs/x","timestamp":"2024-02-28T12:00:00.000Z","severity":"WARNING""#;
    assert_eq!(
        logged(CLOUD_FILE, &policy(json, "")),
        format!(
            "{head},\"resource\":{{\"type\":\"api\"}},\"jsonPayload\":{{\"verb\":\"GET\",\"n\":1}}}}\n"
        )
    );
    let labels = "<Labels><Label><Key>k</Key><Value>{request.verb}</Value></Label></Labels>\
                  <ResourceType>other</ResourceType>";
    assert_eq!(
        logged(CLOUD_FILE, &policy("<Message>one {request.verb}</Message>", labels)),
        format!(
            "{head},\"resource\":{{\"type\":\"other\"}},\"labels\":{{\"k\":\"GET\"}},\"textPayload\":\"one GET\"}}\n"
        )
    );
    // What says that it is JSON and is none is a text.
    let broken = "<Message contentType=\"application/json\">[{request.verb}]</Message>";
    assert!(logged(CLOUD_FILE, &policy(broken, "")).contains("\"textPayload\":\"[GET]\""));
}

#[test]
fn syslog_lines_have_their_header() {
    let header = |pattern: &str| Framing::Header { date_format: pattern.to_owned() };
    for (framing, level, expected) in [
        (
            header(form::DATE_FORMAT),
            Level::Info,
            "<14>1 2024-02-28T12:00:00.000+0000 gateway-1 Apigee - - - hello",
        ),
        (header("yyyy"), Level::Alert, "<9>1 2024 gateway-1 Apigee - - - hello"),
        (Framing::Priority, Level::Error, "<11>hello"),
        (Framing::Priority, Level::Warn, "<12>hello"),
        (Framing::Nothing, Level::Alert, "hello"),
    ] {
        let line = framed("hello", &framing, level.priority(), "gateway-1", NOW_MS);
        assert_eq!(line, expected, "{framing:?}");
    }
}

#[test]
fn a_long_line_is_cut() {
    let folder = TempDir::new().unwrap();
    let (mut rig, writer) = rig(&folder);
    let long = rig.variable("long");
    let step = rig.link(
        "<MessageLogging name=\"ML\"><File><Message>{long}</Message>\
         <FileName>a.log</FileName></File></MessageLogging>",
    );
    for bytes in [LINE_BYTES_MAX, LINE_BYTES_MAX + 1] {
        let mut cx = rig.context();
        cx.set(&long, Value::from("x".repeat(bytes))).unwrap();
        run(&step, &mut cx).unwrap();
    }
    written(writer);
    let path = folder.path().join("weatherapi/16/ML/a.log");
    assert_eq!(path.metadata().unwrap().len(), 2 * (LINE_BYTES_MAX as u64 + 1));
}

/// What `messagelogging.ML.failed` says after a run, and how many lines were dropped.
fn failed_and_dropped(mut rig: Rig, policy: &str, runs: usize) -> (String, u64) {
    rig.variable("messagelogging.ML.failed");
    let step = rig.link(policy);
    let mut cx = rig.context();
    for _ in 0..runs {
        run(&step, &mut cx).expect("it never faults");
    }
    let failed = text(&cx, "messagelogging.ML.failed").unwrap();
    let dropped = rig.metrics.metric("weatherapi", "messagelogging.ML.dropped").unwrap();
    (failed, dropped.recorded().numbers.count)
}

#[test]
fn what_cannot_be_handed_over_is_counted_and_no_fault() {
    let file = "<MessageLogging name=\"ML\"><File><Message>x</Message>\
                <FileName>a.log</FileName></File></MessageLogging>";
    let folder = TempDir::new().unwrap();
    let lines = crate::store::logs::QUEUE_LINES_MAX;
    let (full, _writer) = rig(&folder);
    assert_eq!(failed_and_dropped(full, file, lines), ("false".to_owned(), 0));
    let (full, _writer) = rig(&folder);
    assert_eq!(failed_and_dropped(full, file, lines + 1), ("true".to_owned(), 1));
    // Nobody writes.
    let (stopped, writer) = rig(&folder);
    drop(writer);
    assert_eq!(failed_and_dropped(stopped, file, 1), ("true".to_owned(), 1));
    // What asks for TLS is not sent without it.
    let tls = "<MessageLogging name=\"ML\"><Syslog><Message>x</Message><Protocol>TCP</Protocol>\
               <SSLInfo><Enabled>true</Enabled></SSLInfo></Syslog></MessageLogging>";
    let (rig, _writer) = rig(&folder);
    assert_eq!(failed_and_dropped(rig, tls, 1), ("true".to_owned(), 1));
}

#[test]
fn what_is_not_as_it_seems_is_told() {
    let syslog = |inner: &str| format!("<Syslog><Message>x</Message>{inner}</Syslog>");
    let file =
        |inner: &str| format!("<File><Message>x</Message><FileName>a.log</FileName>{inner}</File>");
    let rotation =
        |inner: &str| file(&format!("<FileRotationOptions>{inner}</FileRotationOptions>"));
    for (inner, expected) in [
        (syslog(""), ""),
        (file(""), ""),
        (
            rotation(
                "<FileRotationType>SIZE</FileRotationType><MaxFileSizeInMB>10</MaxFileSizeInMB>\
                 <MaxFilesToRetain>10</MaxFilesToRetain>",
            ),
            "",
        ),
        (
            rotation(
                "<FileRotationType>TIME_SIZE</FileRotationType>\
                 <RotationFrequency unit=\"hour\">1</RotationFrequency>",
            ),
            "",
        ),
        (
            syslog("<Port>0</Port>"),
            "error[GW372]: Invalid Port: 0 for Syslog handler in policy ML.",
        ),
        (
            syslog("<Port>65536</Port>"),
            "error[GW372]: Invalid Port: 65536 for Syslog handler in policy ML.",
        ),
        (syslog("<Port>65535</Port>"), ""),
        (
            syslog("<Protocol>HTTP</Protocol>"),
            "error[GW372]: Invalid Protocol: HTTP for Syslog handler in policy ML.",
        ),
        (
            "<File><Message>x</Message><FileName>../a.log</FileName></File>".to_owned(),
            "error[GW372]: `../a.log` is no name of a file",
        ),
        (
            "<File><Message>x</Message><FileName>..</FileName></File>".to_owned(),
            "error[GW372]: `..` is no name of a file",
        ),
        (
            syslog("<DateFormat>yyyy 'T</DateFormat>"),
            "warning[GW373]: `yyyy 'T` is no pattern of a date",
        ),
        (String::new(), "warning[GW373]: this policy logs nowhere"),
        (
            format!("{}<logLevel>LOUD</logLevel>", syslog("")),
            "warning[GW373]: `LOUD` is no level of a log",
        ),
        (
            rotation("<FileRotationType>SOMETIMES</FileRotationType>"),
            "warning[GW373]: a `FileRotationType` that is none",
        ),
        (
            rotation("<FileRotationType>TIME</FileRotationType>"),
            "warning[GW373]: rotation by time without a `RotationFrequency`",
        ),
        (
            rotation("<RotationFrequency unit=\"year\">1</RotationFrequency>"),
            "warning[GW373]: `year` is no unit of a rotation",
        ),
        (
            rotation("<MaxFileSizeInMB>0</MaxFileSizeInMB>"),
            "warning[GW373]: `0` in `MaxFileSizeInMB` is below 1",
        ),
        (
            rotation("<MaxFilesToRetain>0</MaxFilesToRetain>"),
            "warning[GW373]: no file is ever deleted",
        ),
        (
            "<CloudLogging><LogName>l</LogName><Message>x</Message></CloudLogging>".to_owned(),
            "warning[GW374]: there is no Cloud Logging here",
        ),
        ("<Syslog/>".to_owned(), "error[GW101]: `Syslog` has no `Message`"),
        ("<File><Message>x</Message></File>".to_owned(), "error[GW101]: `File` has no `FileName`"),
    ] {
        let found = findings(&format!("<MessageLogging name=\"ML\">{inner}</MessageLogging>"));
        assert!(
            if expected.is_empty() { found.is_empty() } else { found.contains(expected) },
            "{inner}\n{found}"
        );
        assert!(found.lines().count() <= 1, "{inner}\n{found}");
    }
}
