//! Monitors of deployed plans over loopback: what they ask, and what becomes of the server.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use bytestring::ByteString;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::*;
use crate::deploy::watch::{Change, Entry};
use crate::deploy::{Deployer, Registry, Settings};
use crate::profile::Profile;
use crate::store::cache::Caches;
use crate::upstream::target_server::{TargetServer, Targets};

/// A server that shows each head that it gets, and answers it when it is told what.
struct Server {
    address: SocketAddr,
    heads: mpsc::Receiver<String>,
    answers: mpsc::Sender<&'static str>,
}

impl Server {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (tell, heads) = mpsc::channel(1);
        let (answers, mut answer) = mpsc::channel::<&str>(1);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    match stream.read_u8().await {
                        Ok(byte) => head.push(byte),
                        Err(_) => break,
                    }
                }
                let head = String::from_utf8_lossy(&head).into_owned();
                if tell.send(head).await.is_err() {
                    return;
                }
                let Some(status) = answer.recv().await else { return };
                let text = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
                drop(stream.write_all(text.as_bytes()).await);
            }
        });
        Self { address, heads, answers }
    }

    async fn asked(&mut self) -> String {
        self.heads.recv().await.expect("the server is asked")
    }
}

fn write_bundle(folder: &Path) {
    let write = |file: &str, text: &str| {
        let path = folder.join("apiproxy").join(file);
        fs::create_dir_all(path.parent().expect("it has a folder")).expect("it is made");
        fs::write(path, text).expect("it is written");
    };
    write("watched.xml", r#"<APIProxy name="watched" revision="1"/>"#);
    write(
        "proxies/default.xml",
        r#"<ProxyEndpoint name="default">
             <HTTPProxyConnection><BasePath>/watched</BasePath></HTTPProxyConnection>
             <RouteRule name="r"><TargetEndpoint>backend</TargetEndpoint></RouteRule>
           </ProxyEndpoint>"#,
    );
    write(
        "targets/backend.xml",
        r#"<TargetEndpoint name="backend">
             <HTTPTargetConnection>
               <LoadBalancer>
                 <MaxFailures>1</MaxFailures>
                 <Server name="one"/>
               </LoadBalancer>
               <HealthMonitor>
                 <IsEnabled>true</IsEnabled>
                 <IntervalInSec>1</IntervalInSec>
                 <HTTPMonitor>
                   <Request>
                     <Verb>POST</Verb>
                     <Path>/status</Path>
                     <Header name="Authorization">Basic Zm9v</Header>
                     <Payload>ping</Payload>
                     <IncludeHealthCheckIdHeader>true</IncludeHealthCheckIdHeader>
                   </Request>
                   <SuccessResponse><ResponseCode>202</ResponseCode></SuccessResponse>
                 </HTTPMonitor>
               </HealthMonitor>
             </HTTPTargetConnection>
           </TargetEndpoint>"#,
    );
}

#[test]
fn a_server_goes_out_and_comes_back_and_is_asked_no_more_when_it_is_undeployed() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let clock = Clock::manual(1_000);
    let caches = Caches::new(Profile::X, Vec::new(), clock.clone()).expect("no caches");
    let registry = Arc::new(Registry::default());
    let settings = Settings {
        organization: "acme".into(),
        environment: "test".into(),
        profile: Profile::X,
        unsupported_faults: false,
        lint: Default::default(),
        limits: crate::bundle::Limits::default(),
        body_bytes_max: 1024,
        demo_backend: None,
        zone: jiff::tz::TimeZone::UTC,
    };
    let monitors = Monitors::new(runtime.handle().clone(), clock.clone(), &[]);
    let mut deployer =
        Deployer::new(settings, Arc::new(caches), registry.clone()).with_monitors(monitors);
    let folder = tempfile::tempdir().expect("a folder");
    write_bundle(folder.path());
    let mut server = runtime.block_on(Server::start());
    let target = TargetServer {
        host: ByteString::from(server.address.ip().to_string()),
        port: server.address.port(),
        is_enabled: true,
        tls: None,
    };
    let servers = BTreeMap::from([("one".to_owned(), target)]);
    deployer.set_targets(Targets { servers, ..Targets::default() });
    deployer.apply(&[Change::Changed(Entry::at(folder.path().to_owned()))]);
    let plan = deployer.proxies().next().expect("it is deployed").1.clone();
    let is_out = || {
        let balancer = plan.targets[0].balancer.as_ref().expect("a LoadBalancer");
        balancer.choose(clock.elapsed(), &[]).is_none()
    };
    let patience = Duration::from_secs(30);
    let test = async {
        let head = server.asked().await;
        assert!(head.starts_with("POST /status HTTP/1.1\r\n"), "{head}");
        let head = head.to_ascii_lowercase();
        for line in [
            format!("\r\nhost: {}\r\n", server.address),
            "\r\nauthorization: basic zm9v\r\n".to_owned(),
            "\r\ncontent-length: 4\r\n".to_owned(),
            "\r\nx-apigee-healthcheck-id: acme/test/".to_owned(),
        ] {
            assert!(head.contains(&line), "{line:?} is in {head}");
        }
        assert!(!is_out());
        server.answers.send("200 OK").await.expect("it answers");
        // What was answered to one check is counted when the next one begins.
        server.asked().await;
        assert!(is_out());
        server.answers.send("202 Accepted").await.expect("it answers");
        server.asked().await;
        assert!(!is_out());
        fs::remove_dir_all(folder.path()).expect("it is there");
        deployer.apply(&[Change::Removed(Entry::at(folder.path().to_owned()))]);
        server.answers.send("202 Accepted").await.expect("it answers");
        // Only the test and the requests under way hold the plan from here on.
        while Arc::strong_count(&plan) > 1 {
            tokio::task::yield_now().await;
        }
    };
    runtime.block_on(async { tokio::time::timeout(patience, test).await }).expect("no hang");
}
