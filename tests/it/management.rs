//! The management API and `tollgate cache` against a gateway that was started as a user starts it.
//!
//! A `.console` file below `tests/fixtures/management/` is one session of a shell in the gateway's
//! folder: a line that begins with `$ ` is a command, the others are what it says, on both of its
//! ends, and its exit code where that is not 0. `$URL` is the management API, `$LOGIN` user and
//! password, `$API` the address of API traffic. `UPDATE_EXPECT=1` writes what is said.
//!
//! `TOLLGATE_SDKS` names the folder where `tests/sdk/install` has put apigeetool.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use anyhow::{Context, Result, anyhow, ensure};
use expect_test::expect_file;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::momento::{check, curled, make_certificates};
use crate::served::{BINARY, Served, new_database, setting, text};
use crate::support::{Client, missing, until, write_bundle};

const FIXTURES: &str = "tests/fixtures/management";
const CACHES: &str = "[[cache]]\nname = 'tokens'\n\
    [[cache]]\nname = 'small'\nskip_cache_if_element_size_in_kb_exceeds = 1\n";

pub(crate) fn trials() -> Vec<Trial> {
    let trial = |name: String, case: Box<dyn Fn() -> Result<()> + Send>| {
        Trial::test(format!("management::{name}"), move || {
            case().map_err(|error| format!("{error:#}").into())
        })
    };
    let mut trials = vec![
        trial("sessions_are_all_run".to_owned(), Box::new(sessions_are_all_run)),
        trial("definitions_outlive_a_restart".to_owned(), Box::new(restart)),
        trial("doors_and_policies_meet".to_owned(), Box::new(meet)),
        trial("passwords_rotate".to_owned(), Box::new(rotate)),
        trial("a_listener_of_its_own".to_owned(), Box::new(own_listener)),
        trial("the_command_speaks_tls".to_owned(), Box::new(over_tls)),
        trial("the_command_finds_no_gateway".to_owned(), Box::new(no_gateway)),
        trial("the_command_shows_no_password_to_strangers".to_owned(), Box::new(strangers)),
    ];
    for name in SESSIONS {
        let case = move || session(name);
        trials.push(trial(format!("session_{name}"), Box::new(case)));
    }
    if let Some(server) = setting("TOLLGATE_TEST_POSTGRES") {
        let case = move || shared(&server);
        trials
            .push(trial("gateways_share_definitions_and_the_password".to_owned(), Box::new(case)));
    }
    if let Some(sdks) = setting("TOLLGATE_SDKS").map(PathBuf::from) {
        let node = sdks.join("management/node");
        let case = move || apigeetool(&node);
        trials.push(trial("apigeetool_manages_caches".to_owned(), Box::new(case)));
    }
    trials
}

const SESSIONS: [&str; 2] = ["api", "command"];

fn sessions_are_all_run() -> Result<()> {
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(FIXTURES))? {
        let path = entry?.path();
        let name = path.file_stem().and_then(|name| name.to_str()).context("a name")?;
        ensure!(SESSIONS.contains(&name), "{} is run by no test", path.display());
    }
    Ok(())
}

/// What stands before the next command.
const MARK: &str = "\u{1}";

fn session(name: &str) -> Result<()> {
    let folder = tempfile::tempdir()?;
    Command::new("curl").arg("--version").output().with_context(|| missing("curl"))?;
    let gateway = Served::start(folder.path(), None, CACHES)?;
    let door = gateway.credentials(&[])?["management"].clone();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(FIXTURES).join(format!("{name}.console"));
    let page = fs::read_to_string(&path)?;
    let commands: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("$ ")).collect();
    ensure!(!commands.is_empty(), "{} has no commands", path.display());
    // One shell, so that what a line sets the next ones have.
    let mut script = "shopt -s expand_aliases\nexec 2>&1\n".to_owned();
    for command in &commands {
        script.push_str(&format!(
            "{command}\ncode=$?; [ $code = 0 ] || echo \"exit code $code\"; printf '{MARK}'\n"
        ));
    }
    let programs = Path::new(BINARY).parent().context("a folder")?;
    let path_variable = setting("PATH").unwrap_or_default();
    let output = Command::new("bash")
        .args(["-c", &script])
        .current_dir(folder.path())
        .env("PATH", format!("{}:{path_variable}", programs.display()))
        .env("URL", text(&door, "url")?)
        .env("LOGIN", format!("{}:{}", text(&door, "user")?, text(&door, "password")?))
        .env("API", &gateway.api)
        .env("NO_COLOR", "1")
        .output()?;
    let said = String::from_utf8(output.stdout)?;
    let said =
        said.replace(&gateway.admin, "127.0.0.1:8081").replace(&gateway.api, "127.0.0.1:8080");
    let mut written = String::new();
    let answers: Vec<&str> = said.split(MARK).collect();
    ensure!(answers.len() == commands.len() + 1, "the shell ended early:\n{said}");
    for (command, answer) in commands.iter().zip(answers) {
        let line_end = if answer.is_empty() || answer.ends_with('\n') { "" } else { "\n" };
        written.push_str(&format!("$ {command}\n{answer}{line_end}"));
    }
    expect_file![path].assert_eq(&written);
    Ok(())
}

/// A caller of the management API, with curl.
struct Caller {
    login: String,
    url: String,
}

impl Caller {
    fn of(gateway: &Served) -> Result<Self> {
        let door = gateway.credentials(&[])?["management"].clone();
        let login = format!("{}:{}", text(&door, "user")?, text(&door, "password")?);
        let url = format!("{}/v1/o/apifactory/e/test/caches", text(&door, "url")?);
        Ok(Self { login, url })
    }

    fn ask(&self, more: &[&str], path: &str) -> Result<(String, Value)> {
        let target = format!("{}{path}", self.url);
        let (status, body) = curled(&[&["--user", &self.login], more, &[&target]].concat())?;
        let shown = String::from_utf8_lossy(&body);
        let body = serde_json::from_slice(&body).with_context(|| format!("{status} {shown}"))?;
        Ok((status, body))
    }

    fn done(&self, more: &[&str], path: &str, expected: &str) -> Result<Value> {
        let (status, body) = self.ask(more, path)?;
        ensure!(status == expected, "{more:?} {path}: {status} {body}");
        Ok(body)
    }
}

fn restart() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let body = r#"{"name":"books","maxElementsInMemory":7,"doors":["momento"]}"#;
    let made = {
        let gateway = Served::start(folder.path(), None, CACHES)?;
        Caller::of(&gateway)?.done(&["--json", body], "", "201")?
    };
    let gateway = Served::start(folder.path(), None, CACHES)?;
    let caller = Caller::of(&gateway)?;
    let found = caller.done(&[], "/books", "200")?;
    ensure!(found == made && found["maxElementsInMemory"] == 7, "{found}");
    // A file that defines it, too, is the one that counts, and owns it.
    drop(gateway);
    let of_file = format!("{CACHES}[[cache]]\nname = 'books'\nmax_elements_in_memory = 8\n");
    let gateway = Served::start(folder.path(), None, &of_file)?;
    let caller = Caller::of(&gateway)?;
    let found = caller.done(&[], "/books", "200")?;
    ensure!(found["maxElementsInMemory"] == 8, "{found}");
    let refused = caller.done(&["--request", "DELETE"], "/books", "409")?;
    let message = text(&refused, "message")?;
    ensure!(message.contains("the configuration file owns the cache `books`"), "{message}");
    drop(gateway);
    let gateway = Served::start(folder.path(), None, CACHES)?;
    let found = Caller::of(&gateway)?.done(&[], "/books", "200")?;
    ensure!(found == made, "the record is back once the file lets go: {found}");
    Ok(())
}

/// What one gateway is told the other knows; the items are each one's own.
fn shared(server: &str) -> Result<()> {
    let database = new_database(server)?;
    let folders = [tempfile::tempdir()?, tempfile::tempdir()?];
    let key = folders[0].path().join("shared.key");
    fs::write(&key, [7; 32])?;
    let start = |folder: &Path| {
        let store = format!("key_file = '{}'\n{CACHES}", key.display());
        Served::start(folder, Some(&database), &store)
    };
    let (one, other) = (start(folders[0].path())?, start(folders[1].path())?);
    let (first, second) = (Caller::of(&one)?, Caller::of(&other)?);
    ensure!(first.login == second.login, "one password");
    let seen = |caller: &Caller, expected: &'static str| {
        until("the other gateway to follow", || {
            Ok((caller.ask(&[], "/books")?.0 == expected).then_some(()))
        })
    };
    first.done(&["--json", r#"{"name":"books"}"#], "", "201")?;
    seen(&second, "200")?;
    second.done(&["--json", r#"{"name":"books"}"#], "", "409")?;
    second.done(&["--request", "PUT", "--data-binary", "x"], "/books/entries/k", "200")?;
    first.done(&[], "/books/entries/k", "404")?;
    second.done(&["--request", "DELETE"], "/books", "200")?;
    seen(&first, "404")?;
    one.credentials(&["rotate", "management"])?;
    for gateway in [&one, &other] {
        let caller = Caller::of(gateway)?;
        ensure!(caller.login != first.login, "another password");
        until("the new password", || Ok((caller.ask(&[], "")?.0 == "200").then_some(())))?;
    }
    second.done(&[], "", "401")?;
    Ok(())
}

/// A cache that the management API makes is the cache of policies and of Momento's door.
fn meet() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let gateway = Served::start(folder.path(), None, CACHES)?;
    let caller = Caller::of(&gateway)?;
    caller.done(&["--json", r#"{"name":"books"}"#], "", "201")?;
    // The bundle names the cache, which the profile edge asks to be there.
    write_bundle(&folder.path().join("proxies/books"), &BOOKS_BUNDLE)?;
    let by_policy = |method: &str, query: &str| -> Result<(u16, String)> {
        let path = format!("/books?{query}");
        let answer = Client::connect(gateway.api.parse()?)?.send(method, &path, "")?;
        Ok((answer.status, answer.body))
    };
    until("the bundle", || Ok((by_policy("GET", "id=1")?.0 == 200).then_some(())))?;
    let door = gateway.credentials(&[])?["momento"].clone();
    let authorized = format!("Authorization: {}", text(&door, "api_key")?);
    let endpoint = text(&door, "http_endpoint")?;
    let by_momento = |more: &[&str], key: &str| -> Result<(String, Vec<u8>)> {
        let target = format!("{endpoint}/cache/books?key={key}&ttl_seconds=600");
        curled(&[&["--header", &authorized], more, &[&target]].concat())
    };
    let miss = (200, "miss".to_owned());
    let hit = |value: &str| (200, value.to_owned());

    by_policy("PUT", "id=1&value=one")?;
    let entry = caller.done(&[], "/books/entries/book__1", "200")?;
    ensure!(entry["value"] == "one", "{entry}");
    ensure!(by_momento(&[], "book__1")?.1 == b"one", "Momento reads what a policy wrote");
    let put = ["--request", "PUT", "--data-binary", "two"];
    caller.done(&put, "/books/entries/book__2", "200")?;
    ensure!(by_policy("GET", "id=2")? == hit("two"), "a policy reads what the API wrote");
    by_momento(&["--request", "PUT", "--data-binary", "other"], "bookshelf")?;
    caller.done(&["--request", "PUT", "--data-binary", "x"], "/books/entries/z", "200")?;

    let purged =
        caller.done(&["--data", ""], "/books/entries?action=clear&prefix=book__", "200")?;
    ensure!(purged["cleared"] == 2, "{purged}");
    ensure!(
        by_policy("GET", "id=1")? == miss && by_policy("GET", "id=2")? == miss,
        "both are gone"
    );
    ensure!(by_momento(&[], "bookshelf")?.1 == b"other", "the rest is there");
    ensure!(by_momento(&[], "z")?.1 == b"x", "the rest is there");
    by_policy("PUT", "id=1&value=one")?;
    let cleared = caller.done(&["--data", ""], "/books/entries?action=clear", "200")?;
    ensure!(cleared["cleared"] == 3, "{cleared}");
    ensure!(by_policy("GET", "id=1")? == miss && by_momento(&[], "z")?.0 == "404", "all is gone");

    // What another door makes and deletes this one sees, and the other way round.
    let momento_closed = r#"{"doors":[]}"#;
    caller.done(&["--request", "PUT", "--json", momento_closed], "/books", "200")?;
    ensure!(by_momento(&[], "z")?.1.starts_with(b"{\"code\":\"NotFound\",\"message\":\"Cache"));
    by_policy("PUT", "id=1&value=one")?;
    ensure!(by_policy("GET", "id=1")? == hit("one"), "a policy is no door");
    caller.done(&["--request", "DELETE"], "/books", "200")?;
    ensure!(by_policy("GET", "id=1")?.0 == 500, "a policy without its cache faults");
    caller.done(&["--json", r#"{"name":"books"}"#], "", "201")?;
    ensure!(by_policy("GET", "id=1")? == miss, "the new cache is empty, and linked");
    Ok(())
}

/// Reads, and writes by PUT, the book of an id.
const BOOKS_BUNDLE: [(&str, &str); 5] = [
    ("apiproxy/books.xml", "<APIProxy name=\"books\"/>"),
    (
        "apiproxy/policies/LC-Book.xml",
        "<LookupCache name=\"LC-Book\"><CacheResource>books</CacheResource><CacheKey>\
         <Prefix>book</Prefix><KeyFragment ref=\"request.queryparam.id\"/></CacheKey>\
         <AssignTo>found</AssignTo></LookupCache>",
    ),
    (
        "apiproxy/policies/PC-Book.xml",
        "<PopulateCache name=\"PC-Book\"><CacheResource>books</CacheResource><CacheKey>\
         <Prefix>book</Prefix><KeyFragment ref=\"request.queryparam.id\"/></CacheKey>\
         <ExpirySettings><TimeoutInSeconds>300</TimeoutInSeconds></ExpirySettings>\
         <Source>request.queryparam.value</Source></PopulateCache>",
    ),
    (
        "apiproxy/policies/AM-Show.xml",
        "<AssignMessage name=\"AM-Show\"><Set>\
         <Payload contentType=\"text/plain\">{found:miss}</Payload></Set></AssignMessage>",
    ),
    (
        "apiproxy/proxies/default.xml",
        "<ProxyEndpoint name=\"default\"><PreFlow><Response>\
         <Step><Name>PC-Book</Name><Condition>request.verb = \"PUT\"</Condition></Step>\
         <Step><Name>LC-Book</Name><Condition>request.verb = \"GET\"</Condition></Step>\
         <Step><Name>AM-Show</Name></Step></Response></PreFlow>\
         <HTTPProxyConnection><BasePath>/books</BasePath></HTTPProxyConnection>\
         <RouteRule name=\"nobody\"/></ProxyEndpoint>",
    ),
];

fn rotate() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let gateway = Served::start(folder.path(), None, CACHES)?;
    let before = Caller::of(&gateway)?;
    before.done(&[], "", "200")?;
    let rotated = gateway.credentials(&["rotate", "management"])?;
    let after = Caller::of(&gateway)?;
    ensure!(before.login != after.login, "another password");
    ensure!(rotated["management"]["user"] == "admin", "{rotated}");
    until("the new password", || Ok((after.ask(&[], "")?.0 == "200").then_some(())))?;
    before.done(&[], "", "401")?;
    // The command reads it anew.
    let output = command(folder.path(), &["list"])?;
    ensure!(output.contains("tokens"), "{output}");
    Ok(())
}

fn own_listener() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let gateway = Served::start_with(folder.path(), "management = '127.0.0.1:0'\n", CACHES)?;
    let own = gateway.management.as_deref().context("it says where")?;
    let caller = Caller::of(&gateway)?;
    let target = format!("http://{own}/v1/o/apifactory/e/test/caches");
    check(&["--user", &caller.login, &target], "200", br#"["small","tokens"]"#)?;
    check(&[&target], "401", b"{")?;
    check(&[&format!("http://{own}/kv")], "404", b"not found")?;
    caller.done(&[], "", "200")?;
    Ok(())
}

/// What `tollgate cache` says in that folder, where it does what it is asked.
fn command(folder: &Path, words: &[&str]) -> Result<String> {
    let output = Command::new(BINARY).arg("cache").args(words).current_dir(folder).output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success(), "{words:?}: {said}");
    Ok(String::from_utf8(output.stdout)?)
}

fn refused(folder: &Path, words: &[&str], code: i32, says: &str) -> Result<()> {
    let output = Command::new(BINARY).arg("cache").args(words).current_dir(folder).output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.code() == Some(code) && said.contains(says), "{words:?}: {said}");
    Ok(())
}

fn over_tls() -> Result<()> {
    let folder = tempfile::tempdir()?;
    make_certificates(folder.path(), &["localhost".to_owned()])?;
    let tls = format!("{CACHES}[admin_tls]\ncertificate = 'cert.pem'\nkey = 'key.pem'\n");
    let gateway = Served::start(folder.path(), None, &tls)?;
    // Over loopback it goes in the clear, and nobody has to vouch.
    command(folder.path(), &["set", "tokens", "key", "value"])?;
    let port = gateway.admin.rsplit(':').next().context("a port")?;
    let url = format!("https://localhost:{port}");
    let found = command(folder.path(), &["get", "tokens", "key", "--url", &url, "--ca", "ca.pem"])?;
    ensure!(found == "value\n", "{found}");
    let by_url = ["get", "tokens", "key", "--url", &url];
    refused(folder.path(), &by_url, 1, "name who vouches for it with --ca")?;
    let other = format!("https://127.0.0.1:{port}");
    let by_address = ["list", "--url", &other, "--ca", "ca.pem"];
    refused(folder.path(), &by_address, 1, "does not prove who it is")?;
    let no_pem = ["list", "--url", &url, "--ca", "tollgate.toml"];
    refused(folder.path(), &no_pem, 2, "tollgate.toml holds no certificate in PEM")?;
    refused(folder.path(), &["list", "--url", &url, "--ca", "none.pem"], 2, "cannot read none.pem")
}

fn no_gateway() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let admin = format!("[listen]\nadmin = '127.0.0.1:{port}'\n");
    fs::write(folder.path().join("tollgate.toml"), admin)?;
    let says = format!("no gateway answers at http://127.0.0.1:{port}; start one with `tollgate");
    refused(folder.path(), &["list"], 1, &says)?;
    ensure!(!folder.path().join("state").exists(), "asking makes nothing");
    // One that runs elsewhere than the file says: a flag of `serve` put it there.
    let moved = Command::new(BINARY)
        .args(["serve", "--api", "127.0.0.1:0", "--admin", "127.0.0.1:0"])
        .current_dir(folder.path())
        .stderr(Stdio::null())
        .spawn()?;
    let moved = Running(moved);
    until("the gateway to be found", || Ok(command(folder.path(), &["list"]).ok()))?;
    drop(moved);
    refused(folder.path(), &["list"], 1, &says)?;
    // The state folder of another gateway, or of none.
    let gateway = Served::start(folder.path(), None, CACHES)?;
    let elsewhere = tempfile::tempdir()?;
    let url = format!("http://{}", gateway.admin);
    let words = ["list", "--url", &url];
    refused(elsewhere.path(), &words, 1, "nothing says who may ask the gateway")?;
    ensure!(fs::read_dir(elsewhere.path())?.next().is_none(), "asking makes nothing");
    let credentials = |more: &[&str]| {
        let mut command = Command::new(BINARY);
        command.arg("credentials").args(more).current_dir(elsewhere.path()).output()
    };
    let shown = credentials(&[])?;
    let said = String::from_utf8_lossy(&shown.stderr);
    ensure!(
        shown.status.code() == Some(1) && said.contains("there is no store at state"),
        "{said}"
    );
    ensure!(fs::read_dir(elsewhere.path())?.next().is_none(), "reading makes nothing");
    let made = credentials(&["rotate", "management"])?;
    // It has no listener to tell of.
    let said = String::from_utf8_lossy(&made.stderr);
    ensure!(elsewhere.path().join("state/tollgate.db").exists(), "{said}");
    refused(elsewhere.path(), &words, 1, "does not prove that it knows the password")
}

/// Another program has the port of a gateway: it answers, and it passes on what it hears.
fn strangers() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let gateway = Served::start(folder.path(), None, CACHES)?;
    let admin = gateway.admin.clone();
    command(folder.path(), &["list"])?;
    let says = "does not prove that it knows the password in the store, which was not shown to it";
    // One that passes everything on to the gateway and back.
    let between = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}", between.local_addr()?);
    let heard = listen(between, Some(admin.clone()));
    refused(folder.path(), &["list", "--url", &url], 1, says)?;
    let heard_here = heard.lock().map_err(|_| anyhow!("it is readable"))?.to_ascii_lowercase();
    ensure!(heard_here.contains("get /v1/proof?challenge="), "{heard_here}");
    ensure!(!heard_here.contains("authorization"), "{heard_here}");
    // One that took the port of a gateway that is down.
    drop(gateway);
    let instead = TcpListener::bind(&admin)?;
    let heard = listen(instead, None);
    refused(folder.path(), &["list"], 1, "is no management API of Tollgate (status 200)")?;
    let heard = heard.lock().map_err(|_| anyhow!("it is readable"))?.to_ascii_lowercase();
    ensure!(heard.contains("get /healthz"), "{heard}");
    ensure!(!heard.contains("authorization"), "{heard}");
    Ok(())
}

/// What a program hears that answers `{}` to everything, or as the one it passes it on to.
fn listen(listener: TcpListener, to: Option<String>) -> Arc<Mutex<String>> {
    let heard = Arc::<Mutex<String>>::default();
    let told = heard.clone();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (to, told) = (to.clone(), told.clone());
            // Whoever ends the connection ends the thread.
            thread::spawn(move || drop(pass_on(stream, to.as_deref(), &told)));
        }
    });
    heard
}

fn pass_on(mut stream: TcpStream, to: Option<&str>, heard: &Mutex<String>) -> Result<()> {
    let mut to = to.map(TcpStream::connect).transpose()?;
    if let Some(back) = &to {
        let (mut from, mut back) = (back.try_clone()?, stream.try_clone()?);
        thread::spawn(move || std::io::copy(&mut from, &mut back));
    }
    let mut bytes = [0; 4096];
    loop {
        let count = stream.read(&mut bytes)?;
        ensure!(count > 0, "it has ended");
        let part = &bytes[..count];
        heard
            .lock()
            .map_err(|_| anyhow!("it is writable"))?
            .push_str(&String::from_utf8_lossy(part));
        match &mut to {
            Some(to) => to.write_all(part)?,
            None => stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")?,
        }
    }
}

/// A process that ends with the value.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let ended = self.0.kill().and_then(|()| self.0.wait());
        ended.map(drop).unwrap_or_default();
    }
}

/// Every command of the tool that is about caches.
fn apigeetool(node: &Path) -> Result<()> {
    let folder = tempfile::tempdir()?;
    make_certificates(folder.path(), &["localhost".to_owned()])?;
    let tls = format!("{CACHES}[admin_tls]\ncertificate = 'cert.pem'\nkey = 'key.pem'\n");
    let gateway = Served::start(folder.path(), None, &tls)?;
    let door = gateway.credentials(&[])?["management"].clone();
    let (user, password) = (text(&door, "user")?, text(&door, "password")?);
    let port = gateway.admin.rsplit(':').next().context("a port")?;
    let ca = folder.path().join("ca.pem");
    let urls = [format!("http://127.0.0.1:{port}"), format!("https://localhost:{port}")];
    for url in urls {
        let run = |words: &[&str], password: &str, environment: &str| -> Result<(bool, String)> {
            let output = Command::new("node")
                .arg(node.join("node_modules/apigeetool/lib/cli.js"))
                .args(words)
                .args(["-L", &url, "-u", &user, "-p", password, "-o", "apifactory"])
                .args(["-e", environment, "-j", "-c"])
                .arg(&ca)
                .current_dir(folder.path())
                .output()
                .with_context(|| missing("node"))?;
            let said = match output.status.success() {
                true => output.stdout,
                false => output.stderr,
            };
            Ok((output.status.success(), String::from_utf8(said)?))
        };
        let done = |words: &[&str]| -> Result<Value> {
            let (is_done, said) = run(words, &password, "test")?;
            ensure!(is_done, "{words:?}: {said}");
            serde_json::from_str(&said).with_context(|| format!("{words:?}: {said}"))
        };
        let fails = |words: &[&str], password: &str, environment: &str, says: &str| {
            let (is_done, said) = run(words, password, environment)?;
            ensure!(!is_done && said.contains(says), "{words:?}: {said}");
            Ok(())
        };
        let of_books = |command| [command, "-z", "books"];
        let made = done(&["createcache", "-z", "books", "--cacheExpiryInSecs", "60"])?;
        ensure!(made["expirySettings"]["timeoutInSec"]["value"] == "60", "{made}");
        let listed = done(&["listcaches"])?;
        ensure!(listed == json!(["books", "small", "tokens"]), "{listed}");
        let found = done(&of_books("getcache"))?;
        ensure!(found == made && found["maxElementsInMemory"] == 100, "{found}");
        let caller = Caller::of(&gateway)?;
        let put = ["--request", "PUT", "--data-binary", "one"];
        let entries =
            format!("http://127.0.0.1:{port}/v1/o/apifactory/e/test/caches/books/entries/k");
        check(&[&["--user", &caller.login], &put[..], &[&entries]].concat(), "200", b"{")?;
        let cleared = done(&of_books("clearcache"))?;
        ensure!(cleared["cleared"] == 1, "{cleared}");
        fails(&of_books("createcache"), &password, "test", "has a cache `books` already")?;
        // Of a deletion the tool shows the text as it came, and of a refused one the status alone.
        let deleted = done(&of_books("deletecache"))?;
        ensure!(deleted.as_str().is_some_and(|text| text.contains("books")), "{deleted}");
        fails(&of_books("deletecache"), &password, "test", "failed with status code 404")?;
        fails(&of_books("getcache"), &password, "test", "Cache books does not exist")?;
        fails(&["listcaches"], &password, "prod", "Environment prod does not exist")?;
        fails(&["listcaches"], "wrong", "test", "user and password are wrong")?;
        fails(&["deletecache", "-z", "tokens"], &password, "test", "status code 409")?;
        let by_date = ["createcache", "-z", "dated", "--cacheExpiryByDate", "12-31-2999"];
        let dated = done(&by_date)?;
        ensure!(dated["expirySettings"]["expiryDate"]["value"] == "12-31-2999", "{dated}");
        done(&["deletecache", "-z", "dated"])?;
    }
    Ok(())
}
