//! `tollgate kv` from outside: on a store that nobody else has open, and beside a gateway.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, ensure};
use libtest_mimic::Trial;
use serde_json::Value;
use tempfile::TempDir;

use crate::served::{SETTINGS_BUNDLE, Served};
use crate::support::{Client, missing, until, write_bundle};

type Case = (&'static str, fn(&Path) -> Result<()>);

const CASES: &[Case] = &[
    ("only_what_writes_makes_a_store", only_what_writes_makes_a_store),
    ("what_is_set_is_got", what_is_set_is_got),
    ("conditions_hold", conditions_hold),
    ("a_locked_key_refuses", a_locked_key_refuses),
    ("lists_are_filtered", lists_are_filtered),
    ("an_import_shows_what_it_does", an_import_shows_what_it_does),
    ("an_import_asks_on_a_terminal", an_import_asks_on_a_terminal),
    ("an_import_is_done_whole_or_not", an_import_is_done_whole_or_not),
    ("a_strict_import_removes_the_rest", a_strict_import_removes_the_rest),
    ("an_export_comes_back", an_export_comes_back),
    ("a_restore_undoes", a_restore_undoes),
    ("wrong_usage_is_told", wrong_usage_is_told),
    ("a_running_gateway_sees_a_change", a_running_gateway_sees_a_change),
];

pub(crate) fn trials() -> Vec<Trial> {
    let trial = |(name, case): &Case| {
        let case = *case;
        Trial::test(format!("kv::{name}"), move || {
            let root = TempDir::new()?;
            case(root.path()).map_err(|error| format!("{error:#}").into())
        })
    };
    CASES.iter().map(trial).collect()
}

/// `words` are split at blanks.
fn command(folder: &Path, words: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tollgate"));
    command.arg("kv").args(words.split_whitespace()).current_dir(folder);
    command.env_remove("TOLLGATE_LOG").stdin(Stdio::null());
    command
}

fn told(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

/// What it prints, where it ends so.
fn run(folder: &Path, words: &str, code: i32, err: &str) -> Result<String> {
    let output = command(folder, words).output()?;
    let (stdout, stderr) = told(&output);
    ensure!(
        output.status.code() == Some(code) && stderr.contains(err),
        "{words}: {:?}\nstdout: {stdout}\nstderr: {stderr}",
        output.status.code()
    );
    Ok(stdout)
}

fn check(folder: &Path, words: &str, code: i32, out: &str, err: &str) -> Result<()> {
    let stdout = run(folder, words, code, err)?;
    ensure!(stdout == out, "{words}: {stdout}");
    Ok(())
}

fn only_what_writes_makes_a_store(folder: &Path) -> Result<()> {
    let document = folder.join("document.json");
    fs::write(&document, r#"{"a": 1}"#)?;
    for words in [
        "list",
        "get app/color",
        "delete app/color",
        "lock app/color",
        "unlock app/color",
        "history",
        "export",
        "export out.json",
        "import document.json --dry-run",
    ] {
        let words = format!("{words} --state typo");
        let says = "error: there is no store at typo/tollgate.db; name the gateway's --config or";
        check(folder, &words, 1, "", says)?;
    }
    run(folder, "restore --at 2000-01-01T00:00:00Z --state typo", 1, "there is no store at typo")?;
    fs::remove_file(document)?;
    ensure!(fs::read_dir(folder)?.next().is_none(), "nothing was made");
    // Nor in a folder that is there.
    fs::create_dir(folder.join("typo"))?;
    run(folder, "list --state typo", 1, "there is no store at typo/tollgate.db")?;
    ensure!(fs::read_dir(folder.join("typo"))?.next().is_none(), "nothing was made");
    check(folder, "set app/color red --state state", 0, "", "set app/color\n")?;
    check(folder, "get app/color", 0, "red\n", "")?;
    // Nor is the key of a store made.
    fs::remove_file(folder.join("state/store.key"))?;
    run(folder, "get app/color", 1, "state/store.key")?;
    ensure!(!folder.join("state/store.key").exists(), "it was made");
    Ok(())
}

fn what_is_set_is_got(folder: &Path) -> Result<()> {
    check(folder, "set app/color red", 0, "", "set app/color\n")?;
    check(folder, "set app/color blue --label prod", 0, "", "set app/color [prod]\n")?;
    check(folder, "set app/color blue --label prod", 0, "", "unchanged app/color [prod]\n")?;
    check(folder, "get app/color", 0, "red\n", "")?;
    check(folder, "get app/color --label prod", 0, "blue\n", "")?;
    check(
        folder,
        "get app/color --label test",
        1,
        "",
        "error: there is no key-value app/color [test]; there is one with no label, the label prod\n",
    )?;
    run(
        folder,
        "set app/color {} --content-type application/json --tag team=web --tag x=%00",
        0,
        "",
    )?;
    run(folder, "set app/color [1]", 0, "")?;
    let item: Value = serde_json::from_str(&run(folder, "get app/color --format json", 0, "")?)?;
    ensure!(item["value"] == "[1]" && item["content_type"] == "application/json", "{item}");
    ensure!(item["tags"] == serde_json::json!({"team": "web", "x": null}), "{item}");
    fs::write(folder.join("long"), "x".repeat(1024 * 1024))?;
    run(folder, "set long --file long", 0, "set long")?;
    fs::write(folder.join("long"), "x".repeat(1024 * 1024 + 1))?;
    run(folder, "set long --file long", 2, "more than 1048576 bytes")?;
    let mut piped = command(folder, "set piped -").stdin(Stdio::piped()).spawn()?;
    piped.stdin.take().context("it is piped")?.write_all(b"two\nlines")?;
    ensure!(piped.wait()?.success(), "standard input is taken");
    check(folder, "get piped", 0, "two\nlines\n", "")?;
    check(folder, "delete app/color", 0, "", "deleted app/color\n")?;
    run(
        folder,
        "delete app/color",
        1,
        "there is no key-value app/color; there is one with the label prod",
    )?;
    let history = run(folder, "history --key app/color --label %00", 0, "")?;
    let ends: Vec<&str> =
        history.lines().filter_map(|line| line.split_once("Z  ")).map(|(_, end)| end).collect();
    ensure!(
        ends == [
            "app/color removed",
            "app/color = \"[1]\"",
            "app/color = \"{}\"",
            "app/color = \"red\""
        ],
        "{history}"
    );
    Ok(())
}

fn conditions_hold(folder: &Path) -> Result<()> {
    run(folder, "set a 1 --if-match *", 1, "a is not in the state that was asked for")?;
    run(folder, "set a 1 --only-new", 0, "set a")?;
    run(folder, "set a 2 --only-new", 1, "a is not in the state that was asked for")?;
    let item: Value = serde_json::from_str(&run(folder, "get a --format json", 0, "")?)?;
    let etag = item["etag"].as_str().context("an etag")?;
    run(folder, &format!("set a 2 --if-match {etag}"), 0, "set a")?;
    run(folder, &format!("set a 3 --if-match {etag}"), 1, "a is not in the state")?;
    check(folder, "get a", 0, "2\n", "")
}

fn a_locked_key_refuses(folder: &Path) -> Result<()> {
    run(folder, "set a 1", 0, "")?;
    run(folder, "lock a", 0, "locked a")?;
    check(folder, "list", 0, "a = \"1\"  locked\n", "")?;
    run(folder, "set a 2", 1, "error: a is locked; `tollgate kv unlock` opens it")?;
    run(folder, "delete a", 1, "a is locked")?;
    fs::write(folder.join("new.json"), r#"{"a": "2", "b": "1"}"#)?;
    let refusal = "a are locked and would change, so nothing is written";
    check(folder, "import new.json --yes", 1, "-a = \"1\"\n+a = \"2\"\n+b = \"1\"\n", refusal)?;
    run(folder, "get b", 1, "there is no key-value b")?;
    run(folder, "unlock a", 0, "unlocked a")?;
    run(folder, "import new.json --yes", 0, "written")?;
    run(folder, "lock none", 1, "there is no key-value none")?;
    Ok(())
}

fn lists_are_filtered(folder: &Path) -> Result<()> {
    for words in ["a/1 x", "a/2 y --label l", "b z --tag t=1"] {
        run(folder, &format!("set {words}"), 0, "")?;
    }
    check(folder, "list", 0, "a/1 = \"x\"\na/2 [l] = \"y\"\nb = \"z\"\n", "")?;
    check(folder, "list --key a/*", 0, "a/1 = \"x\"\na/2 [l] = \"y\"\n", "")?;
    check(folder, "list --key a/1,b", 0, "a/1 = \"x\"\nb = \"z\"\n", "")?;
    check(folder, "list --label l", 0, "a/2 [l] = \"y\"\n", "")?;
    check(folder, "list --label %00", 0, "a/1 = \"x\"\nb = \"z\"\n", "")?;
    check(folder, "list --tag t=1", 0, "b = \"z\"\n", "")?;
    check(folder, "list --key none", 0, "", "")?;
    let list: Value = serde_json::from_str(&run(folder, "list --key a/* --format json", 0, "")?)?;
    ensure!(list["items"][1]["label"] == "l" && list["items"][1]["locked"] == false, "{list}");
    check(folder, "list --key none --format json", 0, "{\"items\":[]}\n", "")
}

fn an_import_shows_what_it_does(folder: &Path) -> Result<()> {
    run(folder, "set app/size 1 --label prod --tag t=1", 0, "")?;
    run(folder, "set app/same x --label prod", 0, "")?;
    fs::write(folder.join("app.yaml"), "size: 2\nsame: x\nhosts: [a, b]\ncolor:\n  fore: red\n")?;
    let words = "import app.yaml --prefix app/ --label prod";
    let diff = "-app/size [prod] = \"1\"\n+app/size [prod] = \"2\"\n\
                +app/hosts [prod] = \"[\\\"a\\\",\\\"b\\\"]\"  content type application/json\n\
                +app/color/fore [prod] = \"red\"\n";
    let summary = "2 to add, 1 to change, 0 to remove, 1 as they are\n";
    check(folder, words, 1, diff, "nothing is written; --yes writes it\n")?;
    check(folder, &format!("{words} --dry-run"), 0, diff, summary)?;
    check(folder, "get app/size --label prod", 0, "1\n", "")?;
    check(folder, &format!("{words} --yes"), 0, diff, "written\n")?;
    check(folder, "get app/size --label prod", 0, "2\n", "")?;
    let item = run(folder, "get app/size --label prod --format json", 0, "")?;
    ensure!(serde_json::from_str::<Value>(&item)?["tags"]["t"] == "1", "tags stay: {item}");
    check(folder, &format!("{words} --yes"), 0, "", "nothing to change\n")?;
    let told = run(folder, "import app.yaml --label test --format json --dry-run", 0, "")?;
    let told: Value = serde_json::from_str(&told)?;
    ensure!(told["written"] == false && told["changes"][0]["change"] == "add", "{told}");
    Ok(())
}

/// A terminal of util-linux's `script`.
fn an_import_asks_on_a_terminal(folder: &Path) -> Result<()> {
    fs::write(folder.join("app.properties"), "color = red\n")?;
    let ask = |answer: &[u8]| -> Result<String> {
        let command = format!("{} kv import app.properties", env!("CARGO_BIN_EXE_tollgate"));
        let mut script = Command::new("script")
            .args(["-qec", &command, "/dev/null"])
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| missing("script"))?;
        script.stdin.take().context("it is piped")?.write_all(answer)?;
        let (said, _) = told(&script.wait_with_output()?);
        ensure!(said.contains("+color = \"red\"") && said.contains("Write this? [y/N]"), "{said}");
        Ok(said)
    };
    let said = ask(b"n\n")?;
    ensure!(said.contains("nothing is written"), "{said}");
    run(folder, "get color", 1, "there is no key-value color")?;
    let said = ask(b"y\n")?;
    ensure!(said.contains("written"), "{said}");
    check(folder, "get color", 0, "red\n", "")
}

fn an_import_is_done_whole_or_not(folder: &Path) -> Result<()> {
    let bad = |text: &str, err: &str| -> Result<()> {
        fs::write(folder.join("bad.json"), text)?;
        check(folder, "import bad.json --yes", 2, "", err)
    };
    bad(r#"{"a": "1", "b%": "2"}"#, "b%: key(1): Invalid character")?;
    bad(r#"{"a": "1""#, "error: bad.json:1:")?;
    bad(r#"{"a": {"b": 1}, "a/b": 2}"#, "a/b: it stands in the file twice")?;
    bad(
        &format!(r#"{{"a": "1", "b": "{}"}}"#, "x".repeat(1024 * 1024 + 1)),
        "the limit is 1048576",
    )?;
    let many: Vec<String> = (0..10_001).map(|number| format!("\"k{number}\": 1")).collect();
    fs::write(folder.join("many.json"), format!("{{{}}}", many.join(",")))?;
    run(folder, "import many.json --yes", 1, "the limit of one import or restore is 10000")?;
    fs::write(folder.join("many.json"), format!("{{{}}}", many[1..].join(",")))?;
    run(folder, "import many.json --yes", 0, "10000 to add")?;
    fs::write(folder.join("more.txt"), "a=1")?;
    run(folder, "import more.txt --yes", 2, "add --file-format")?;
    run(folder, "import more.txt --yes --file-format properties", 0, "written")?;
    Ok(())
}

fn a_strict_import_removes_the_rest(folder: &Path) -> Result<()> {
    for words in ["app/a 1", "app/b 2", "app/c 3 --label l", "else 4"] {
        run(folder, &format!("set {words}"), 0, "")?;
    }
    fs::write(folder.join("app.json"), r#"{"a": "1", "d": "5"}"#)?;
    let diff = "+app/d = \"5\"\n-app/b = \"2\"\n";
    check(folder, "import app.json --prefix app/ --strict --yes", 0, diff, "written")?;
    let left = "app/a = \"1\"\napp/c [l] = \"3\"\napp/d = \"5\"\nelse = \"4\"\n";
    check(folder, "list", 0, left, "")
}

fn an_export_comes_back(folder: &Path) -> Result<()> {
    for words in [
        "app/color red --label prod --tag t=%00 --content-type text/plain --description why",
        "app/color blue",
        "app/list [1] --content-type application/json",
    ] {
        run(folder, &format!("set {words}"), 0, "")?;
    }
    let listed = run(folder, "list", 0, "")?;
    for name in ["all.json", "all.yaml"] {
        run(folder, &format!("export {name}"), 0, "exported 3 key-values")?;
        run(folder, &format!("import {name} --yes"), 0, "nothing to change")?;
        run(folder, "delete app/color --label prod", 0, "")?;
        run(folder, "set app/list [2]", 0, "")?;
        run(folder, &format!("import {name} --yes"), 0, "1 to add, 1 to change")?;
        run(folder, &format!("import {name} --yes"), 0, "nothing to change")?;
        let again = run(folder, "list", 0, "")?;
        ensure!(again == listed, "{again}");
    }
    check(folder, "export --flat", 1, "", "add --label")?;
    let flat = "color: blue\nlist: \"[1]\"\n";
    check(folder, "export --flat --label %00 --prefix app/ --file-format yaml", 0, flat, "")?;
    let flat = "color=blue\nlist=[1]\n";
    check(folder, "export --label %00 --prefix app/ --file-format properties", 0, flat, "")
}

fn a_restore_undoes(folder: &Path) -> Result<()> {
    for words in ["app/a 1 --tag t=1", "app/b 2", "other 3"] {
        run(folder, &format!("set {words}"), 0, "")?;
    }
    let history: Value =
        serde_json::from_str(&run(folder, "history --key other --format json", 0, "")?)?;
    let then = history["items"][0]["last_modified"].as_str().context("a time")?.to_owned();
    run(folder, "set app/a 9 --tag t=2", 0, "")?;
    run(folder, "delete app/b", 0, "")?;
    run(folder, "set app/c 4", 0, "")?;
    run(folder, "set other 5", 0, "")?;
    check(
        folder,
        &format!("list --at {then}"),
        0,
        "app/a = \"1\"\napp/b = \"2\"\nother = \"3\"\n",
        "",
    )?;
    check(folder, &format!("get app/a --at {then}"), 0, "1\n", "")?;
    let words = format!("restore --at {then} --key app/*");
    let diff = "-app/a = \"9\"  tags {\"t\":\"2\"}\n+app/a = \"1\"  tags {\"t\":\"1\"}\n\
                +app/b = \"2\"\n-app/c = \"4\"\n";
    check(folder, &format!("{words} --dry-run"), 0, diff, "1 to add, 1 to change, 1 to remove")?;
    check(folder, &words, 1, diff, "nothing is written")?;
    check(folder, &format!("{words} --yes"), 0, diff, "written")?;
    check(folder, "list", 0, "app/a = \"1\"\napp/b = \"2\"\nother = \"5\"\n", "")?;
    check(folder, &format!("{words} --yes"), 0, "", "nothing to change")?;
    run(folder, "restore --at 2020-01-01T00:00:00Z --yes", 1, "history is kept for 7 days")?;
    run(folder, "restore --at 2999-01-01T00:00:00Z --yes", 2, "is in the future")?;
    Ok(())
}

fn wrong_usage_is_told(folder: &Path) -> Result<()> {
    run(folder, "set app/color red", 0, "")?;
    run(folder, "list --key a*b", 2, "--key: key(1): Invalid character")?;
    run(folder, "list --at soon", 2, "`soon` is no time")?;
    run(folder, "get ..", 2, "error: ..: A key is neither empty nor `.` nor `..`")?;
    run(folder, "get a%b", 2, "key(1): Invalid character")?;
    run(folder, "set a", 2, "")?;
    run(folder, "restore --yes", 2, "--at")?;
    run(folder, "import --yes --dry-run x.json", 2, "cannot be used with")?;
    run(folder, "import none.json", 2, "cannot read none.json")?;
    Ok(())
}

/// A write of another process is seen at once, as at every door.
fn a_running_gateway_sees_a_change(folder: &Path) -> Result<()> {
    write_bundle(&folder.join("proxies/settings"), &SETTINGS_BUNDLE)?;
    let gateway = Served::start(folder, None, "")?;
    let shown =
        || -> Result<String> { Ok(Client::connect(gateway.api.parse()?)?.get("/settings")?.body) };
    ensure!(shown()? == "none", "nothing is set yet");
    for value in ["first", "second"] {
        run(folder, &format!("set settings/color {value} --label test"), 0, "set settings/color")?;
        until("the change", || Ok((shown()? == value).then_some(())))?;
    }
    drop(gateway);
    check(folder, "get settings/color --label test", 0, "second\n", "")
}
