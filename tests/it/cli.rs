//! The program from outside: exit codes, and what goes to which stream.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, ensure};
use expect_test::expect;
use libtest_mimic::Trial;
use serde_json::{Value, json};
use tempfile::TempDir;
use tollgate::cli::StateDir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// A name, and what is checked with a folder of its own.
type Case = (&'static str, fn(&Path) -> Result<()>);

const CASES: &[Case] = &[
    ("help_and_version_are_fine", help_and_version_are_fine),
    ("wrong_usage_ends_with_2", wrong_usage_ends_with_2),
    ("a_wrong_configuration_ends_with_2", a_wrong_configuration_ends_with_2),
    ("one_gateway_holds_a_state_folder", one_gateway_holds_a_state_folder),
    ("an_occupied_port_ends_with_1", an_occupied_port_ends_with_1),
    ("a_zip_cut_short_is_told_at_start", a_zip_cut_short_is_told_at_start),
    ("findings_end_with_1", findings_end_with_1),
    ("a_fine_bundle_ends_with_0", a_fine_bundle_ends_with_0),
    ("a_folder_of_bundles_is_judged_by_path", a_folder_of_bundles_is_judged_by_path),
    ("json_is_one_object", json_is_one_object),
    ("other_programs_read_the_findings", other_programs_read_the_findings),
    ("fix_mends_and_lints_what_is_left", fix_mends_and_lints_what_is_left),
    ("diff_shows_and_writes_nothing", diff_shows_and_writes_nothing),
    ("a_zip_is_not_mended", a_zip_is_not_mended),
    ("excluded_codes_are_not_told", excluded_codes_are_not_told),
    ("the_command_line_wins_over_the_rc_file", the_command_line_wins_over_the_rc_file),
    ("check_tells_support_and_needs", check_tells_support_and_needs),
    ("check_is_one_object", check_is_one_object),
    ("a_code_is_explained", a_code_is_explained),
    ("other_names_are_explained", other_names_are_explained),
    ("caches_come_from_the_configuration", caches_come_from_the_configuration),
];

pub(crate) fn trials() -> Vec<Trial> {
    let trial = |(name, case): &Case| {
        let case = *case;
        Trial::test(format!("cli::{name}"), move || {
            let root = TempDir::new()?;
            case(root.path()).map_err(|error| format!("{error:#}").into())
        })
    };
    CASES.iter().map(trial).collect()
}

fn run(folder: &Path, arguments: &[&str]) -> Result<Output> {
    let mut program = Command::new(env!("CARGO_BIN_EXE_tollgate"));
    program.args(arguments).current_dir(folder).env_remove("TOLLGATE_LOG");
    program.output().context("the program starts")
}

fn check(folder: &Path, arguments: &[&str], code: i32, out: &str, err: &str) -> Result<()> {
    let output = run(folder, arguments)?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    let told = format!("{arguments:?}\nstdout: {stdout}\nstderr: {stderr}");
    ensure!(output.status.code() == Some(code), "exit {:?}: {told}", output.status.code());
    ensure!(stdout.contains(out), "stdout has no {out:?}: {told}");
    ensure!(stderr.contains(err), "stderr has no {err:?}: {told}");
    ensure!(!stdout.contains('\u{1b}'), "colour off a terminal: {told}");
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::create_dir_all(path.parent().context("it has a folder")?)?;
    Ok(fs::write(path, text)?)
}

/// A proxy that answers by itself, and whose step looks up the cache `tokens`.
fn write_bundle(folder: &Path) -> Result<()> {
    let root = folder.join("apiproxy");
    let name = folder.file_name().context("it has a name")?.to_string_lossy();
    write(
        &root.join(format!("{name}.xml")),
        &format!(r#"<APIProxy name="{name}" revision="1"/>"#),
    )?;
    write(
        &root.join("proxies/default.xml"),
        &format!(
            r#"<ProxyEndpoint name="default">
  <PreFlow name="PreFlow"><Request><Step><Name>Lookup</Name></Step></Request></PreFlow>
  <HTTPProxyConnection><BasePath>/{name}</BasePath></HTTPProxyConnection>
  <RouteRule name="none"/>
</ProxyEndpoint>"#
        ),
    )?;
    write(
        &root.join("policies/Lookup.xml"),
        r#"<LookupCache name="Lookup">
  <CacheResource>tokens</CacheResource>
  <Scope>Exclusive</Scope>
  <CacheKey><KeyFragment ref="request.uri"/></CacheKey>
  <AssignTo>flow.token</AssignTo>
</LookupCache>"#,
    )
}

fn help_and_version_are_fine(root: &Path) -> Result<()> {
    check(root, &["--version"], 0, "tollgate ", "")?;
    check(root, &["lint", "--help"], 0, "--warnings-as-errors", "")
}

fn wrong_usage_ends_with_2(root: &Path) -> Result<()> {
    check(root, &["--bogus"], 2, "", "--bogus")?;
    check(root, &["lint"], 2, "", "PATH")?;
    check(root, &["lint", "nowhere"], 2, "", "nowhere")?;
    check(root, &["lint", "."], 2, "", "no folder of bundles")?;
    check(root, &["serve", "--api", "here"], 2, "", "--api")
}

fn a_wrong_configuration_ends_with_2(root: &Path) -> Result<()> {
    write_bundle(&root.join("a"))?;
    write(&root.join("tollgate.toml"), "\norganisation = 'x'\n")?;
    let place = "tollgate.toml:2:1: unknown key `organisation`; did you mean `organization`?";
    check(root, &["lint", "a"], 2, "", place)?;
    check(root, &["serve"], 2, "", place)?;
    ensure!(!root.join("state").exists(), "nothing is made before the file is read");
    check(root, &["lint", "a", "--config", "none.toml"], 2, "", "cannot read none.toml")
}

fn one_gateway_holds_a_state_folder(root: &Path) -> Result<()> {
    let _held = StateDir::open(&root.join("held"))?;
    let arguments = ["serve", "--state", "held", "--api", "127.0.0.1:0", "--admin", "127.0.0.1:0"];
    check(root, &arguments, 1, "", "another gateway uses the state folder held")
}

fn an_occupied_port_ends_with_1(root: &Path) -> Result<()> {
    let taken = TcpListener::bind("127.0.0.1:0")?;
    let address = taken.local_addr()?.to_string();
    check(root, &["serve", "--api", &address, "--admin", "127.0.0.1:0"], 1, "", &address)
}

fn a_zip_cut_short_is_told_at_start(root: &Path) -> Result<()> {
    write(&root.join("proxies/cut.zip"), "PK")?;
    let mut program = Command::new(env!("CARGO_BIN_EXE_tollgate"))
        .args(["serve", "--api", "127.0.0.1:0", "--admin", "127.0.0.1:0"])
        .current_dir(root)
        .stderr(Stdio::piped())
        .spawn()?;
    let stderr = BufReader::new(program.stderr.take().context("it is piped")?);
    // The addresses come after what was said of the bundles.
    let told: Vec<String> = stderr
        .lines()
        .map_while(Result::ok)
        .take_while(|line| !line.contains("API traffic"))
        .collect();
    program.kill()?;
    program.wait()?;
    let told = told.join("\n");
    ensure!(told.contains("waiting for the rest of proxies/cut.zip"), "{told}");
    ensure!(told.contains("is not a whole zip"), "{told}");
    Ok(())
}

fn findings_end_with_1(root: &Path) -> Result<()> {
    write_bundle(&root.join("a"))?;
    check(
        root,
        &["lint", "a", "--format", "short"],
        1,
        "a/apiproxy/policies/Lookup.xml:2",
        "1 error",
    )?;
    check(root, &["lint", "a"], 1, "<CacheResource>tokens</CacheResource>", "1 bundle, 1 error")
}

fn a_fine_bundle_ends_with_0(root: &Path) -> Result<()> {
    write_bundle(&root.join("a"))?;
    check(root, &["lint", "a", "--profile", "x"], 0, "", "1 bundle, 0 errors")?;
    check(root, &["lint", "a/apiproxy", "--profile", "x"], 0, "", "1 bundle, 0 errors")
}

fn a_folder_of_bundles_is_judged_by_path(root: &Path) -> Result<()> {
    for name in ["b", "a"] {
        write_bundle(&root.join("bundles").join(name))?;
    }
    let output = run(root, &["lint", "bundles", "--format", "short"])?;
    let text = String::from_utf8(output.stdout)?;
    let mut first: Vec<&str> =
        text.lines().filter_map(|line| line.split("/apiproxy").next()).collect();
    first.dedup();
    ensure!(first == ["bundles/a", "bundles/b"], "{text}");
    Ok(())
}

fn json_is_one_object(root: &Path) -> Result<()> {
    write_bundle(&root.join("a"))?;
    let output = run(root, &["lint", "a", "--format", "json"])?;
    let report: Value = serde_json::from_slice(&output.stdout)?;
    ensure!(report["errors"] == 1, "{report}");
    ensure!(report["bundles"][0]["path"] == "a", "{report}");
    let found = report["bundles"][0]["diagnostics"].as_array().context("a list")?;
    let mut severities = found.iter().map(|found| &found["severity"]);
    ensure!(severities.any(|severity| severity == "error"), "{report}");
    Ok(())
}

fn other_programs_read_the_findings(root: &Path) -> Result<()> {
    for name in ["a", "b"] {
        write_bundle(&root.join(name))?;
    }
    let told = |format: &str| -> Result<String> {
        let output = run(root, &["lint", "a", "b", "--format", format])?;
        ensure!(output.status.code() == Some(1), "{output:?}");
        Ok(String::from_utf8(output.stdout)?)
    };
    let log: Value = serde_json::from_str(&told("sarif")?)?;
    let run = &log["runs"][0];
    ensure!(run["results"].as_array().is_some_and(|list| list.len() >= 2), "{log:#}");
    ensure!(run["tool"]["driver"]["rules"][0]["shortDescription"]["text"].is_string(), "{log:#}");
    let report = told("junit")?;
    let report = roxmltree::Document::parse(&report)?;
    let suites = report.root_element().children().filter(|node| node.has_tag_name("testsuite"));
    ensure!(suites.map(|suite| suite.attribute("name")).eq([Some("a"), Some("b")]));
    let lines = told("github")?;
    ensure!(lines.contains("::error file=a/apiproxy/policies/Lookup.xml,line=2"), "{lines}");
    ensure!(lines.lines().all(|line| line.starts_with("::")), "{lines}");
    Ok(())
}

/// Its policy has a Scope beside a Prefix, and a PopulateCache the old name of a timeout.
fn write_mendable_bundle(folder: &Path) -> Result<()> {
    write_bundle(folder)?;
    let policies = folder.join("apiproxy/policies");
    write(
        &policies.join("Lookup.xml"),
        r#"<LookupCache name="Lookup">
  <Scope>Exclusive</Scope>
  <CacheKey><Prefix>p</Prefix><KeyFragment ref="request.uri"/></CacheKey>
  <AssignTo>flow.token</AssignTo>
</LookupCache>
"#,
    )?;
    write(
        &policies.join("Populate.xml"),
        r#"<PopulateCache name="Populate">
  <CacheKey><Prefix>p</Prefix><KeyFragment ref="request.uri"/></CacheKey>
  <ExpirySettings><TimeoutInSec>60</TimeoutInSec></ExpirySettings>
  <Source>flow.token</Source>
</PopulateCache>
"#,
    )
}

fn fix_mends_and_lints_what_is_left(root: &Path) -> Result<()> {
    write_mendable_bundle(&root.join("a"))?;
    check(root, &["lint", "a"], 0, "GW303", "1 bundle, 0 errors, 5 warnings; `--fix` mends 2")?;
    let log: Value =
        serde_json::from_slice(&run(root, &["lint", "a", "--format", "json"])?.stdout)?;
    let found = log["bundles"][0]["diagnostics"].as_array().context("a list")?;
    let scope = found.iter().find(|found| found["code"] == "GW303").context("the Scope")?;
    let fixes = &scope["fix"];
    let expected = json!([{"file": "apiproxy/policies/Lookup.xml", "line": 2, "column": 1,
        "end_line": 3, "end_column": 1, "text": ""}]);
    ensure!(*fixes == expected, "{log:#}");
    let left = "a/apiproxy/policies/Populate.xml:1:22: warning[BN005]: ";
    let arguments = ["lint", "a", "--fix", "--format", "short"];
    check(
        root,
        &arguments,
        0,
        left,
        "mended 2 findings in 2 files\n1 bundle, 0 errors, 4 warnings",
    )?;
    let lookup = fs::read_to_string(root.join("a/apiproxy/policies/Lookup.xml"))?;
    ensure!(lookup.starts_with("<LookupCache name=\"Lookup\">\n  <CacheKey>"), "{lookup}");
    check(root, &arguments, 0, left, "nothing to mend\n")?;
    let strict = ["lint", "a", "--fix", "--warnings-as-errors"];
    check(root, &strict, 1, "BN005", "")
}

fn diff_shows_and_writes_nothing(root: &Path) -> Result<()> {
    write_mendable_bundle(&root.join("a"))?;
    let output = run(root, &["lint", "a", "--fix", "--diff"])?;
    ensure!(output.status.code() == Some(1), "{output:?}");
    expect![[r#"
        --- a/apiproxy/policies/Lookup.xml
        +++ a/apiproxy/policies/Lookup.xml
        @@ -1,5 +1,4 @@
         <LookupCache name="Lookup">
        -  <Scope>Exclusive</Scope>
           <CacheKey><Prefix>p</Prefix><KeyFragment ref="request.uri"/></CacheKey>
           <AssignTo>flow.token</AssignTo>
         </LookupCache>
        --- a/apiproxy/policies/Populate.xml
        +++ a/apiproxy/policies/Populate.xml
        @@ -1,5 +1,5 @@
         <PopulateCache name="Populate">
           <CacheKey><Prefix>p</Prefix><KeyFragment ref="request.uri"/></CacheKey>
        -  <ExpirySettings><TimeoutInSec>60</TimeoutInSec></ExpirySettings>
        +  <ExpirySettings><TimeoutInSeconds>60</TimeoutInSeconds></ExpirySettings>
           <Source>flow.token</Source>
         </PopulateCache>
    "#]]
    .assert_eq(&String::from_utf8(output.stdout)?);
    let lookup = fs::read_to_string(root.join("a/apiproxy/policies/Lookup.xml"))?;
    ensure!(lookup.contains("Scope"), "nothing is written");
    run(root, &["lint", "a", "--fix"])?;
    check(root, &["lint", "a", "--fix", "--diff"], 0, "", "nothing to mend\n")?;
    check(root, &["lint", "a", "--diff"], 2, "", "--fix")?;
    check(root, &["lint", "a", "--fix", "--diff", "--format", "json"], 2, "", "--format")
}

fn a_zip_is_not_mended(root: &Path) -> Result<()> {
    write_mendable_bundle(&root.join("a"))?;
    let mut zip = ZipWriter::new(fs::File::create(root.join("a.zip"))?);
    for file in ["a.xml", "proxies/default.xml", "policies/Lookup.xml"] {
        let name = format!("apiproxy/{file}");
        zip.start_file(&name, SimpleFileOptions::default())?;
        std::io::copy(&mut fs::File::open(root.join("a").join(&name))?, &mut zip)?;
    }
    zip.finish()?;
    let before = fs::read(root.join("a.zip"))?;
    let told = "a.zip: a zip is never changed; unpack it to mend 1 finding\n";
    check(root, &["lint", "a.zip", "--fix"], 0, "note[GW303]", told)?;
    ensure!(fs::read(root.join("a.zip"))? == before, "the zip is as it was");
    Ok(())
}

fn excluded_codes_are_not_told(root: &Path) -> Result<()> {
    write_bundle(&root.join("a"))?;
    write(&root.join("a/apiproxy/policies/Idle.xml"), r#"<RaiseFault name="Idle"/>"#)?;
    let arguments = ["lint", "a", "--profile", "x", "--format", "short"];
    check(root, &arguments, 0, "warning[BN005]: no Step names policy `Idle`", "")?;
    write(&root.join("tollgate.toml"), "lint.excluded = ['BN005', 'GW141']\n")?;
    let output = run(root, &arguments)?;
    ensure!(!String::from_utf8(output.stdout)?.contains("BN005"));
    // Under edge the missing cache refuses the bundle, whatever is excluded.
    let note = "an error is not switched off by an excluded code";
    check(root, &["lint", "a"], 1, note, "1 error")
}

fn the_command_line_wins_over_the_rc_file(root: &Path) -> Result<()> {
    write_bundle(&root.join("a"))?;
    write(&root.join("a/apiproxy/policies/Idle.xml"), r#"<RaiseFault name="Idle"/>"#)?;
    write(&root.join("tollgate.toml"), "lint.excluded = ['PO007']\n")?;
    write(&root.join("a/.apigeelintrc"), "--excluded BN003\n--profile apigeex\n--maxWarnings 0\n")?;
    let lint = |more: &[&str], status, stdout: &str, stderr: &str| {
        let arguments = [&["lint", "a", "--format", "short"][..], more].concat();
        check(root, &arguments, status, stdout, stderr)
    };
    let idle = "warning[BN005]";
    lint(&[], 1, idle, "1 bundle, 0 errors, 1 warning; 1 bundle with more warnings than allowed")?;
    lint(&["--max-warnings", "1"], 0, idle, "1 bundle, 0 errors, 1 warning\n")?;
    lint(&["--excluded", "BN005,XX999"], 1, "warning[BN003]", "with more warnings than allowed")?;
    lint(&["--excluded", "BN005,BN003"], 0, "", "1 bundle, 0 errors, 0 warnings\n")?;
    lint(&["--no-rc"], 1, "error[GW141]", "1 bundle, 1 error, 2 warnings\n")?;
    lint(&["--profile", "edge"], 1, "error[GW141]", "1 bundle, 1 error, 1 warning")?;
    lint(&["--excluded", "BN5"], 2, "", "write two capitals and three digits, as BN005")
}

/// Beside the cached lookup, one of each thing that is not run, or not wholly.
fn write_demanding_bundle(folder: &Path) -> Result<()> {
    write_bundle(folder)?;
    let root = folder.join("apiproxy");
    write(
        &root.join("targets/balanced.xml"),
        r#"<TargetEndpoint name="balanced">
  <HTTPTargetConnection>
    <LoadBalancer><Server name="east"/><Server name="west"/></LoadBalancer>
  </HTTPTargetConnection>
</TargetEndpoint>"#,
    )?;
    write(
        &root.join("targets/plain.xml"),
        r#"<TargetEndpoint name="plain">
  <HTTPTargetConnection>
    <URL>https://backend.example.com/{propertyset.urls.path}</URL>
    <SSLInfo><Enabled>true</Enabled><TrustStore>ref://authorities</TrustStore></SSLInfo>
  </HTTPTargetConnection>
</TargetEndpoint>"#,
    )?;
    for (name, policy) in [
        ("Log-A", r#"<Ldap name="Log-A"/>"#),
        ("Log-B", r#"<Ldap name="Log-B"/>"#),
        (
            "Key",
            r#"<VerifyAPIKey name="Key"><APIKey ref="request.queryparam.key"/></VerifyAPIKey>"#,
        ),
        (
            "Code",
            r#"<Javascript name="Code"><ResourceURL>jsc://shared.js</ResourceURL></Javascript>"#,
        ),
        ("Map", r#"<KeyValueMapOperations name="Map" mapIdentifier="settings"/>"#),
        (
            "Call",
            r#"<FlowCallout name="Call"><SharedFlowBundle>auth</SharedFlowBundle></FlowCallout>"#,
        ),
        (
            "Id",
            r#"<AssignMessage name="Id"><Set><Payload>{createUuid()} {toUpperCase(a)} {createUuid()} {none()}</Payload></Set></AssignMessage>"#,
        ),
    ] {
        write(&root.join(format!("policies/{name}.xml")), policy)?;
    }
    Ok(())
}

fn check_tells_support_and_needs(root: &Path) -> Result<()> {
    write_bundle(&root.join("a"))?;
    // A missing cache is a need; all else is there.
    let table = "a (a) runs, once the environment has what it lacks

  part                 count  supported
  policy  LookupCache  1      yes

  needs          named by  environment
  cache  tokens  Lookup    lacks it
";
    check(root, &["check", "a"], 0, table, "")?;
    check(root, &["check", "a", "--profile", "x"], 0, "a (a) runs\n", "")?;
    check(root, &["check", "a", "--profile", "x"], 0, "makes it on first use", "")?;
    write(&root.join("tollgate.toml"), "[[cache]]\nname = 'tokens'\n")?;
    check(root, &["check", "a"], 0, "a (a) runs\n", "")?;
    check(root, &["check", "a"], 0, "has it", "")?;
    write(&root.join("a/apiproxy/policies/Bad.xml"), "<Bad name='Bad'/>")?;
    let refused = "why Apigee refuses it\n  a/apiproxy/policies/Bad.xml:1:2: error[PO029]: ";
    check(root, &["check", "a"], 1, refused, "")?;
    check(root, &["check", "a"], 1, "a (a) is refused by Apigee\n", "")?;
    write_demanding_bundle(&root.join("b"))?;
    let output = run(root, &["check", "b"])?;
    ensure!(output.status.code() == Some(1), "{output:?}");
    expect![[r#"
        b (b) does not run here

          part                               count  supported
          policy      AssignMessage          1      yes
          policy      FlowCallout            1      yes
          policy      Javascript             1      no: Code
          policy      KeyValueMapOperations  1      yes
          policy      Ldap                   2      no: Log-A, Log-B
          policy      LookupCache            1      yes
          policy      VerifyAPIKey           1      no: Key
          connection  LoadBalancer           1      no: balanced
          connection  URL                    1      yes
          function    createUuid             2      yes
          function    toUpperCase            1      yes

          needs                                            named by  environment
          cache               tokens                       Lookup    has it
          key value map       settings                     Map       not asked
          API products                                     Key       not asked
          target server       east                         balanced  lacks it
          target server       west                         balanced  lacks it
          key or trust store  ref://authorities            plain     lacks it
          shared flow         auth                         Call      lacks it
          resource file       jsc://shared.js              Code      not asked
          property set        urls                         plain     not asked
          backend             https://backend.example.com  plain     not asked
    "#]]
    .assert_eq(&String::from_utf8(output.stdout)?);
    check(root, &["check"], 2, "", "PATH")?;
    write(&root.join("c.zip"), "PK")?;
    let output = run(root, &["check", "a", "b", "c.zip"])?;
    ensure!(output.status.code() == Some(1), "{output:?}");
    let text = String::from_utf8(output.stdout)?;
    let from = text.find("c.zip (c)").context("the zip is told")?;
    expect![[r#"
        c.zip (c) cannot be read

          why
          error[GW110]: c.zip is not a whole zip: its end is missing; wait for it, or copy it again

        all bundles

              1  does not run here
              1  is refused by Apigee
              1  cannot be read

          not supported                bundles
          connection     LoadBalancer  1
          policy         Bad           1
          policy         Javascript    1
          policy         Ldap          1
          policy         VerifyAPIKey  1
    "#]]
    .assert_eq(&text[from..]);
    Ok(())
}

fn check_is_one_object(root: &Path) -> Result<()> {
    write_demanding_bundle(&root.join("b"))?;
    let output = run(root, &["check", "b", "--format", "json"])?;
    let report: Value = serde_json::from_slice(&output.stdout)?;
    ensure!(report["supported"] == false, "{report:#}");
    let bundle = &report["bundles"][0];
    let find = |list: &str, name: &str| -> Result<Value> {
        let rows = bundle[list].as_array().context("a list")?;
        let found = rows.iter().find(|row| row["name"] == name).cloned();
        found.with_context(|| format!("no {name} in {bundle:#}"))
    };
    let ldap = json!({"kind": "policy", "name": "Ldap", "count": 2, "supported": "no", "names": ["Log-A", "Log-B"], "limits": []});
    ensure!(bundle["verdict"] == "unsupported", "{bundle:#}");
    ensure!(find("parts", "Ldap")? == ldap);
    let map =
        json!({"kind": "key value map", "name": "settings", "by": ["Map"], "presence": "unknown"});
    ensure!(find("needs", "settings")? == map);
    ensure!(bundle["refusals"].as_array().is_some_and(Vec::is_empty), "{bundle:#}");
    Ok(())
}

fn a_code_is_explained(root: &Path) -> Result<()> {
    let output = run(root, &["explain", "po030"])?;
    expect![[r#"
        PO030: warning

        What
          an expiry that is missing, doubled, deprecated or too long

        Why it matters
          How long an entry lives is then the cache's decision, or not the one that was
          meant; at most it is 30 days.

        What to do
          write one `TimeoutInSeconds`
          `tollgate lint --fix` writes `TimeoutInSeconds` for `TimeoutInSec`, where that
          has no `ref` and there is no `TimeoutInSeconds` yet; deletes the second of two
          elements that are written alike: both names are read alike but for the `ref`;
          only the first is read.

        Wrong
          <PopulateCache name="PC-Token">
              <CacheKey>
                  <Prefix>token</Prefix>
                  <KeyFragment ref="client_id"/>
              </CacheKey>
              <ExpirySettings>
                  <TimeoutInSec>300</TimeoutInSec>
              </ExpirySettings>
              <Source>token</Source>
          </PopulateCache>

        Right
          <PopulateCache name="PC-Token">
              <CacheKey>
                  <Prefix>token</Prefix>
                  <KeyFragment ref="client_id"/>
              </CacheKey>
              <ExpirySettings>
                  <TimeoutInSeconds>300</TimeoutInSeconds>
              </ExpirySettings>
              <Source>token</Source>
          </PopulateCache>

        How it is shown
          apiproxy/policies/PC-None.xml:1:2: warning[PO030]: no expiry is given

        How to silence it
          `<!-- apigeelint disable=PO030 -->` on the line above
          `excluded = ["PO030"]` under `[lint]` in tollgate.toml

        Elsewhere
          apigeelint's PO030 means the same; its severity may differ.
    "#]]
    .assert_eq(&String::from_utf8(output.stdout)?);
    let silence = "An error cannot be silenced: it refuses the bundle.";
    check(root, &["explain", "BN010"], 0, silence, "")?;
    check(root, &["explain", "BN004"], 2, "", "nothing is called `BN004`")?;
    check(root, &["explain", "BN004"], 2, "", "did you mean `BN003`?")?;
    check(root, &["explain"], 2, "", "NAME")
}

fn other_names_are_explained(root: &Path) -> Result<()> {
    let output = run(root, &["explain", "QuotaViolation"])?;
    expect![[r#"
        policies.ratelimit.QuotaViolation: a fault of Quota

        When
          the message is one too many

        What the client gets, where no FaultRule says otherwise
          status 429
          Rate limit quota violation. Quota limit  exceeded. Identifier : {identifier}

        A FaultRule for it
          <FaultRule name="QuotaViolation">
            <Condition>fault.name = "QuotaViolation"</Condition>
            ...
          </FaultRule>

        `ratelimit.failed` and `ratelimit.{policy}.failed` are true then.
    "#]]
    .assert_eq(&String::from_utf8(output.stdout)?);
    let output = run(root, &["explain", "AssertCondition"])?;
    expect![[r#"
        AssertCondition: a policy

        Evaluates a condition into a variable, for conditions and messages behind it. It
        never faults: what cannot be compared is false.

        Elements and attributes

          Condition (required)
              see conditions

        Variables that it sets

          assertcondition.{policy}.truthValue (boolean)
              whether the condition holds
          assertcondition.{policy}.failed (boolean)
              always `false`
    "#]]
    .assert_eq(&String::from_utf8(output.stdout)?);
    let fault = "steps.raisefault.UnresolvedVariable: a fault of RaiseFault\n";
    check(root, &["explain", "steps.raisefault.UnresolvedVariable"], 0, fault, "")?;
    check(root, &["explain", "UnresolvedVariable"], 0, fault, "")?;
    let routed =
        "messaging.runtime.RouteFailed: a fault of the gateway\n\nWhen\n  no RouteRule holds\n";
    check(root, &["explain", "RouteFailed"], 0, routed, "")?;
    let result = "  {toUpperCase(city)}\n  gives ZÜRICH\n";
    check(root, &["explain", "touppercase"], 0, result, "")?;
    let variable = "proxy.pathsuffix: a predefined variable, read-only\n";
    check(root, &["explain", "proxy.pathsuffix"], 0, variable, "")?;
    check(root, &["explain", "LokupCache"], 2, "", "did you mean `LookupCache`?")?;
    check(root, &["explain", "zzzzzzzzz"], 2, "", "function or variable\n")
}

fn caches_come_from_the_configuration(root: &Path) -> Result<()> {
    write_bundle(&root.join("a"))?;
    write(&root.join("conf/tollgate.toml"), "[[cache]]\nname = 'tokens'\n")?;
    check(root, &["lint", "a", "--config", "conf/tollgate.toml"], 0, "", "1 bundle, 0 errors")
}
