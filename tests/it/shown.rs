//! `tests/fixtures/README.md`: which fixture, or which test beside the code, shows each finding
//! and each fault. Its tables come from those of the gateway, so that a row without anything that
//! shows it is a failure here.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use expect_test::expect_file;
use libtest_mimic::Trial;
use regex::Regex;
use tollgate::diag::catalogue::SECTIONS;
use tollgate::message::faults::{CATALOGUE, GatewayFault};
use tollgate::policy::POLICIES;
use tollgate::policy::kind::{FaultRow, PolicyKind};

use crate::tidy::{Source, below, in_code, none, root, root_element, snake_case, sources};

/// More places say no more, beside those that are named for what they show.
const PLACES_MAX: usize = 3;

/// Policies that the platform refuses for nothing of their own.
const NEVER_REFUSED: [&str; 1] = ["JSONToXML"];

const INTRODUCTION: &str = "\
# Fixtures

Bundles as small as what they show. `lint/<code>_<what>/` holds a bundle, or a policy of the environment, and in `lint.txt` what is said
of it; `fix/` what `--fix` makes of it. `policy/<name>/` and `engine/<what>/` hold a bundle, `lint.txt` where anything is said, and
`*.http`, in which a client, the gateway and a target speak (`tests/it/transcripts.rs` says how); `policy/<name>_refused/` and
`_deploy_errors/` do not deploy.

This page is written by `UPDATE_EXPECT=1 cargo test --test it -- shown`, and fails where a row has nothing that shows it. It names a test
beside the code where no bundle and no transcript can bring a finding or a fault about. Of many places it names three.
";

pub(crate) fn trials() -> Vec<Trial> {
    let trial = |name: &str, case: fn() -> Result<()>| {
        Trial::test(format!("shown::{name}"), move || {
            case().map_err(|error| format!("{error:#}").into())
        })
    };
    vec![
        trial("page", every_row_is_shown),
        trial("errorcodes_of_the_code", every_errorcode_has_a_row),
        trial("transcripts_are_taken_apart", answers_have_their_parts),
    ]
}

fn every_row_is_shown() -> Result<()> {
    let shown = Shown::read()?;
    let mut faults = Vec::new();
    let page = [
        INTRODUCTION.to_owned(),
        findings(&shown, &mut faults),
        policies(&shown, &mut faults)?,
        faults_of_policies(&shown, &mut faults)?,
        gateway(&shown, &mut faults)?,
    ]
    .join("\n");
    none(faults)?;
    expect_file![root().join("tests/fixtures/README.md")].assert_eq(&page);
    Ok(())
}

fn findings(shown: &Shown, faults: &mut Vec<String>) -> String {
    let mut page = "## Findings\n".to_owned();
    for section in SECTIONS {
        page += &format!("\n### {}\n\n| code | shown by |\n|---|---|\n", section.title);
        for row in section.codes {
            let places = shown.finding(row.code);
            if places.is_empty() {
                faults.push(format!(
                    "nothing shows {}: add a folder to tests/fixtures/lint/ whose lint.txt has it",
                    row.code
                ));
            }
            page += &format!("| `{}` | {} |\n", row.code, places.join(", "));
        }
    }
    page
}

fn policies(shown: &Shown, faults: &mut Vec<String>) -> Result<String> {
    let mut page =
        "## Policies\n\n| policy | bundles | errors that refuse them |\n|---|---|---|\n".to_owned();
    for kind in POLICIES {
        let (folders, errors) = shown.policy(kind)?;
        if errors.is_empty() != NEVER_REFUSED.contains(&kind.element) {
            let name = snake_case(kind.element);
            faults.push(format!(
                "{}: add what refuses it to tests/fixtures/policy/{name}_refused/, or see \
                 NEVER_REFUSED",
                kind.element
            ));
        }
        let (folders, errors) = (folders.join(", "), errors.join(", "));
        page += &format!("| {} | {folders} | {errors} |\n", kind.element);
    }
    Ok(page)
}

fn faults_of_policies(shown: &Shown, faults: &mut Vec<String>) -> Result<String> {
    let mut page = "## Faults of policies\n\n\
        | policy | errorcode | status | when | shown by |\n|---|---|---|---|---|\n"
        .to_owned();
    for kind in POLICIES {
        for row in kind.page.faults {
            let FaultRow { code, status, when, .. } = row;
            let places = shown.policy_fault(kind, row)?;
            if places.is_empty() {
                faults.push(format!(
                    "nothing shows {code} of {} with `{}`: add a transcript to \
                     tests/fixtures/policy/{}/",
                    kind.element,
                    row.faultstring,
                    snake_case(kind.element)
                ));
            }
            let places = places.join(", ");
            page += &format!("| {} | `{code}` | {status} | {when} | {places} |\n", kind.element);
        }
    }
    Ok(page)
}

fn gateway(shown: &Shown, faults: &mut Vec<String>) -> Result<String> {
    let mut page = "## Faults of the gateway\n\n\
        | errorcode | status | when | shown by |\n|---|---|---|---|\n"
        .to_owned();
    for row in CATALOGUE {
        let GatewayFault { code, when, .. } = row;
        let places = shown.gateway_fault(row)?;
        if places.is_empty() {
            faults.push(format!(
                "nothing shows {code} with `{}`: add a transcript below tests/fixtures/engine/",
                row.faultstring
            ));
        }
        let status =
            row.status.map_or("the target's".to_owned(), |status| status.as_str().to_owned());
        page += &format!("| `{code}` | {status} | {when} | {} |\n", places.join(", "));
    }
    Ok(page)
}

/// All that shows something.
struct Shown {
    /// Each `lint.txt`.
    lints: Vec<(PathBuf, String)>,
    /// What clients get in each transcript, and the types of policies in its bundle.
    transcripts: Vec<(PathBuf, Vec<Answer>, Vec<String>)>,
    sources: Vec<Source>,
}

/// What a client gets.
#[derive(Debug, PartialEq)]
struct Answer {
    status: u16,
    text: String,
}

impl Shown {
    fn read() -> Result<Self> {
        let fixtures = root().join("tests/fixtures");
        let mut lints = Vec::new();
        for path in below(&fixtures, "txt")? {
            lints.push((path.clone(), fs::read_to_string(path)?));
        }
        let mut transcripts = Vec::new();
        for path in below(&fixtures, "http")? {
            let answers = answers(&fs::read_to_string(&path)?)?;
            let kinds = below(path.parent().context("a file has a folder")?, "xml")?;
            let kinds = kinds.iter().filter_map(|file| root_element(file)).collect();
            transcripts.push((path, answers, kinds));
        }
        Ok(Self { lints, transcripts, sources: sources()? })
    }

    fn finding(&self, code: &str) -> Vec<String> {
        let head = format!("[{code}]");
        let found = self.lints.iter().filter(|(_, text)| text.contains(&head));
        let mut folders: Vec<&Path> = found.filter_map(|(path, _)| path.parent()).collect();
        let own = format!("{}_", code.to_lowercase());
        let is_own = |folder: &&Path| {
            folder.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&own))
        };
        folders.sort_by_key(|folder| !is_own(folder));
        let named = folders.iter().filter(|folder| is_own(folder)).count();
        folders.truncate(named.max(PLACES_MAX));
        let places: Vec<String> = folders.into_iter().map(link).collect();
        if places.is_empty() { self.tests_of("", code) } else { places }
    }

    /// The bundles of a policy, and the codes of the errors that stand in their `lint.txt`.
    fn policy(&self, kind: &PolicyKind) -> Result<(Vec<String>, Vec<String>)> {
        let own = snake_case(kind.element);
        let error = Regex::new(r"(?m)^error\[([A-Z]{2}[0-9]{3})\]")?;
        let (mut folders, mut errors) = (Vec::new(), BTreeSet::new());
        for entry in fs::read_dir(root().join("tests/fixtures/policy"))? {
            let folder = entry?.path();
            let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let rest = name.strip_prefix(&own);
            if rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('_')) {
                let texts = self.lints.iter().filter(|(path, _)| path.starts_with(&folder));
                let found = texts.flat_map(|(_, text)| error.captures_iter(text));
                errors.extend(found.map(|found| format!("`{}`", &found[1])));
                folders.push(link(&folder));
            }
        }
        folders.sort();
        Ok((folders, errors.into_iter().collect()))
    }

    fn policy_fault(&self, kind: &PolicyKind, row: &FaultRow) -> Result<Vec<String>> {
        let FaultRow { code, status, faultstring, .. } = row;
        let pattern = body(faultstring, code)?;
        let has_kind = |kinds: &[String]| kinds.iter().any(|known| known == kind.element);
        let places = self.transcripts(|answer, kinds| {
            answer.status == *status && has_kind(kinds) && pattern.is_match(&answer.text)
        });
        if places.is_empty() {
            let folder = format!("src/policy/{}", snake_case(kind.element));
            return Ok(self.tests_of(&folder, code));
        }
        Ok(places)
    }

    fn gateway_fault(&self, row: &GatewayFault) -> Result<Vec<String>> {
        let status = row.status.map(|status| status.as_u16());
        let pattern = match status {
            Some(_) => body(row.faultstring, row.code)?,
            // The target's own answer passes, and a FaultRule tells the fault's name in a header.
            None => Regex::new(&format!("(?im)^x-.*{}", name_of(row.code)))?,
        };
        let is_shown = |answer: &Answer| {
            status.is_none_or(|status| answer.status == status) && pattern.is_match(&answer.text)
        };
        // Profile edge shows no reason, and there rows that differ in theirs alone look alike.
        let is_alone = CATALOGUE.iter().filter(|other| other.code == row.code).count() == 1;
        let has_reason = |answer: &Answer| {
            is_alone || row.reason.is_none_or(|reason| answer.text.contains(reason))
        };
        let places = self.transcripts(|answer, _| is_shown(answer) && has_reason(answer));
        if places.is_empty() {
            return Ok(self.tests_of("src/", row.reason.filter(|_| !is_alone).unwrap_or(row.code)));
        }
        Ok(places)
    }

    fn transcripts(&self, is_shown: impl Fn(&Answer, &[String]) -> bool) -> Vec<String> {
        let found = self
            .transcripts
            .iter()
            .filter(|(_, answers, kinds)| answers.iter().any(|answer| is_shown(answer, kinds)));
        found.map(|(path, ..)| link(path)).take(PLACES_MAX).collect()
    }

    /// The tests below a folder of the code that say the word.
    fn tests_of(&self, folder: &str, word: &str) -> Vec<String> {
        let mut places: Vec<String> = Vec::new();
        for file in self.sources.iter().filter(|file| file.name.starts_with(folder)) {
            let mut test = None;
            for line in file.tests().lines() {
                if let Some(rest) = line.trim_start().strip_prefix("fn ") {
                    test = rest.split('(').next();
                }
                if let Some(test) = test.filter(|_| line.contains(word)) {
                    let place = format!("[{}: `{test}`](../../{})", file.name, file.name);
                    if !places.contains(&place) {
                        places.push(place);
                    }
                }
            }
        }
        places.truncate(PLACES_MAX);
        places
    }
}

/// The last part of an errorcode, which `fault.name` is.
fn name_of(code: &str) -> &str {
    code.rsplit('.').next().unwrap_or(code)
}

/// Below `tests/fixtures/`.
fn link(path: &Path) -> String {
    let path = path.strip_prefix(root().join("tests/fixtures")).unwrap_or(path).display();
    format!("[{path}]({path})")
}

/// The body of a fault: what stands in braces varies.
fn body(faultstring: &str, code: &str) -> Result<Regex> {
    let name = Regex::new(r"\{[A-Za-z_ ]+\}")?;
    let text = faultstring.replace('\\', "\\\\").replace('"', "\\\"");
    let fixed: Vec<String> = name.split(&text).map(regex::escape).collect();
    let (text, code) = (fixed.join(".*"), regex::escape(code));
    Ok(Regex::new(&format!(r#""faultstring":"{text}".*"errorcode":"{code}""#))?)
}

/// What clients get, from a transcript.
fn answers(text: &str) -> Result<Vec<Answer>> {
    let mut answers: Vec<Answer> = Vec::new();
    let mut is_within = false;
    for line in text.lines() {
        let Some(rest) = line.strip_prefix('<').filter(|rest| !rest.starts_with('<')) else {
            is_within &= line.is_empty() || line.starts_with('#');
            continue;
        };
        let rest = rest.strip_prefix(' ').unwrap_or(rest);
        match answers.last_mut().filter(|_| is_within) {
            Some(answer) => answer.text += &format!("{rest}\n"),
            None => {
                let status = rest.parse().with_context(|| format!("{line} is no status"))?;
                answers.push(Answer { status, text: String::new() });
            }
        }
        is_within = true;
    }
    Ok(answers)
}

fn answers_have_their_parts() -> Result<()> {
    let text = "> GET /a\n<< 201\n<< \n<< body\n< 200\n# why\n< a: b\n< \n< x\n> GET /\n< 404\n";
    let answer = |status, text: &str| Answer { status, text: text.to_owned() };
    ensure!(answers(text)? == [answer(200, "a: b\n\nx\n"), answer(404, "")]);
    ensure!(
        body("{name} is \"{a}\"", "a.B")?
            .is_match(r#"{"fault":{"faultstring":"x is \"1\"","detail":{"errorcode":"a.B"}}}"#)
    );
    ensure!(!body("{name} is", "a.B")?.is_match(r#""faultstring":"x was","errorcode":"a.B""#));
    Ok(())
}

/// The tables that the page is made of have every code that the code can raise.
fn every_errorcode_has_a_row() -> Result<()> {
    let codes = in_code(&Regex::new(r#""((?:[a-z]+\.)+[A-Z][A-Za-z]+)""#)?)?;
    // Those of the management API are no faults; its page has them.
    let page = fs::read_to_string(root().join("docs/management.md"))?;
    let of_door =
        |place: &str| place.starts_with("src/serve/management/") || place.starts_with("src/cli/");
    let (of_door, mut codes): (Vec<_>, Vec<_>) =
        codes.into_iter().partition(|(place, _)| of_door(place));
    let told = |code: &str| page.contains(&format!("`{code}`"));
    let untold = of_door.iter().filter(|(_, code)| !told(code));
    none(
        untold.map(|(place, code)| format!("{place}: docs/management.md lacks {code}")).collect(),
    )?;
    // The policies that build messages share three names behind their own prefixes.
    let prefixes = in_code(&Regex::new(r#"Owner::new\("[A-Za-z]+", "([a-z.]+)""#)?)?;
    let names = in_code(&Regex::new(r#"\.code\("([A-Za-z]+)"\)"#)?)?;
    ensure!(!prefixes.is_empty() && !names.is_empty(), "the shared names are found");
    for (place, prefix) in &prefixes {
        codes.extend(names.iter().map(|(_, name)| (place.clone(), format!("{prefix}.{name}"))));
    }
    let of_policies = POLICIES.iter().flat_map(|kind| kind.page.faults).map(|row| row.code);
    let rows: Vec<&str> = CATALOGUE.iter().map(|row| row.code).chain(of_policies).collect();
    let missing = codes.iter().filter(|(_, code)| !rows.contains(&code.as_str()));
    none(missing.map(|(place, code)| format!("{place}: no table has {code}")).collect())
}
