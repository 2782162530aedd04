//! MessageLogging of a running gateway: servers and files get their lines after the answer.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{TcpListener, UdpSocket};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use libtest_mimic::Trial;
use serde_json::{Value, json};
use tollgate::config::Config;
use tollgate::gateway::Gateway;

use crate::support::{Client, PATIENCE, echo_backend, keep_store_in, write_bundle};

pub(crate) fn trials() -> Vec<Trial> {
    type Check = fn() -> Result<()>;
    let checks: [(&str, Check); 2] = [
        ("lines_reach_their_destinations", lines_reach_their_destinations),
        ("a_server_that_is_away_stops_nobody", a_server_that_is_away_stops_nobody),
    ];
    let trial = |(name, check): (&str, Check)| {
        Trial::test(format!("message_logging::{name}"), move || {
            check().map_err(|error| format!("{error:#}").into())
        })
    };
    checks.into_iter().map(trial).collect()
}

fn gateway(folder: &Path) -> Result<Gateway> {
    let mut config = Config::default();
    config.listen.api = "127.0.0.1:0".parse()?;
    config.listen.admin = "127.0.0.1:0".parse()?;
    config.deploy.folders = vec![folder.join("proxies")];
    config.log_folder = folder.join("logs");
    config.threads = 1;
    keep_store_in(folder, &mut config);
    Ok(Gateway::start(&config, |_| {})?)
}

/// A proxy whose PostClientFlow runs the policy `ML`.
fn bundle(folder: &Path, streams: bool, policy: &str) -> Result<()> {
    let target = echo_backend()?;
    let streaming = format!(r#"<Property name="response.streaming.enabled">{streams}</Property>"#);
    write_bundle(
        &folder.join("proxies/weather"),
        &[
            ("apiproxy/weather.xml", r#"<APIProxy name="weather" revision="3"/>"#),
            (
                "apiproxy/proxies/default.xml",
                &format!(
                    r#"<ProxyEndpoint name="default">
                    <PostClientFlow><Response><Step><Name>ML</Name></Step></Response></PostClientFlow>
                    <HTTPProxyConnection><BasePath>/weather</BasePath>
                    <Properties>{streaming}</Properties></HTTPProxyConnection>
                    <RouteRule name="r"><TargetEndpoint>default</TargetEndpoint></RouteRule>
                    </ProxyEndpoint>"#
                ),
            ),
            (
                "apiproxy/targets/default.xml",
                &format!(
                    r#"<TargetEndpoint name="default"><HTTPTargetConnection>
                    <URL>http://{target}</URL><Properties>{streaming}</Properties>
                    </HTTPTargetConnection></TargetEndpoint>"#
                ),
            ),
            (
                "apiproxy/policies/ML.xml",
                &format!(r#"<MessageLogging name="ML">{policy}</MessageLogging>"#),
            ),
        ],
    )?;
    Ok(())
}

fn lines_reach_their_destinations() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let tcp = TcpListener::bind("127.0.0.1:0")?;
    let syslog = format!(
        "<Syslog><Message>{{request.path}} got {{response.content}}</Message>\
         <Host>127.0.0.1</Host><Port>{}</Port><Protocol>TCP</Protocol>\
         <FormatMessage>true</FormatMessage><DateFormat>yyyy</DateFormat></Syslog>\
         <logLevel>ALERT</logLevel><BufferMessage>true</BufferMessage>",
        tcp.local_addr()?.port()
    );
    let file = "<File><Message>{request.path} {response.status.code}</Message>\
                <FileName>calls.log</FileName></File>";
    let cloud = "<CloudLogging><LogName>projects/p/logs/l</LogName>\
                 <Message contentType=\"application/json\">{\"path\": \"{request.path}\"}</Message>\
                 </CloudLogging>";
    // Streamed, and read by the policy all the same.
    bundle(folder.path(), true, &format!("{file}{syslog}{cloud}"))?;
    let gateway = gateway(folder.path())?;
    let mut client = Client::connect(gateway.api_address())?;
    ensure!(client.get("/weather/rome")?.body == "/rome");
    ensure!(client.get("/weather/oslo")?.status == 200);

    let (stream, _) = tcp.accept()?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut lines = BufReader::new(stream).lines();
    for path in ["/rome", "/oslo"] {
        let line = lines.next().context("a line")??;
        let (head, message) = line.split_once(" Apigee - - - ").context("a header")?;
        ensure!(head.starts_with("<9>1 20"), "{head}");
        ensure!(
            message == format!("/weather{path} got {path}")
                || message == format!("{path} got {path}"),
            "{message}"
        );
    }
    drop(client);
    gateway.stop();
    let policy = folder.path().join("logs/apifactory/test/weather/3/ML");
    let calls = fs::read_to_string(policy.join("calls.log"))?;
    ensure!(
        calls.lines().count() == 2 && calls.lines().all(|line| line.ends_with(" 200")),
        "{calls}"
    );
    let entries = fs::read_to_string(policy.join("cloud-logging.jsonl"))?;
    for line in entries.lines() {
        let entry: Value = serde_json::from_str(line)?;
        ensure!(entry["severity"] == "ALERT" && entry["logName"] == "projects/p/logs/l", "{line}");
        ensure!(entry["jsonPayload"]["path"].is_string(), "{line}");
        ensure!(entry["resource"] == json!({"type": "api"}), "{line}");
    }
    ensure!(entries.lines().count() == 2, "{entries}");
    Ok(())
}

fn a_server_that_is_away_stops_nobody() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let udp = UdpSocket::bind("127.0.0.1:0")?;
    udp.set_read_timeout(Some(PATIENCE))?;
    let policy = format!(
        "<Syslog><Message>{{request.verb}}</Message><Host>127.0.0.1</Host><Port>{}</Port>\
         <PayloadOnly>true</PayloadOnly></Syslog>",
        udp.local_addr()?.port()
    );
    bundle(folder.path(), false, &policy)?;
    let gateway = gateway(folder.path())?;
    let mut client = Client::connect(gateway.api_address())?;
    ensure!(client.get("/weather/rome")?.status == 200);
    let mut datagram = [0; 64];
    let length = udp.recv(&mut datagram)?;
    ensure!(datagram.get(..length) == Some(b"GET".as_slice()));
    // From now on nobody is there, and requests are answered as before.
    drop(udp);
    for _ in 0..100 {
        ensure!(client.get("/weather/rome")?.status == 200);
    }
    drop(client);
    gateway.stop();
    Ok(())
}
