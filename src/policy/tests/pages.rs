//! What the pages say is so: their elements are those that are read, their variables those
//! that are set, their faults those that transcripts show.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use regex::Regex;
use serde_json::Value;

use crate::diag::{Diagnostics, SourceMap, Span};
use crate::policy::POLICIES;
use crate::policy::cache_entry::page::CACHE_NOT_FOUND;
use crate::policy::kind::{FaultRow, PolicyKind};
use crate::policy::reference::bare;
use crate::policy::testing::Rig;
use crate::xml::asked::{About, Ask, record};
use crate::xml::{self, Element};

const STORE_UNAVAILABLE: &str = "steps.keyvaluemapoperations.StoreUnavailable";

/// Of the root element of every policy; `docs/policies.md` says what they mean.
const OF_ALL: [&str; 8] = [
    "name",
    "enabled",
    "continueOnError",
    "async",
    "DisplayName",
    "Description",
    "Properties",
    "FaultRules",
];

/// Each element and attribute that a fixture or the sample makes the reader ask for has a row,
/// and each row is asked for.
#[test]
fn rows_of_elements_are_what_is_read() {
    let mut faults = Vec::new();
    for kind in POLICIES {
        let mut read = BTreeSet::new();
        let mut known = BTreeSet::new();
        for text in policies(kind) {
            for (about, path) in asks(kind, &text) {
                match about {
                    About::Child => known.insert(path.clone()) && read.insert(path),
                    About::Attribute => known.insert(path.clone()) && read.insert(path),
                    About::Ignored => known.insert(path),
                };
            }
        }
        let rows: Vec<&str> =
            kind.page.elements.iter().flat_map(|row| row.path.split(", ")).collect();
        let covers = |row: &str, path: &str| row == path || is_above(path, row);
        for path in &read {
            if !rows.iter().any(|row| covers(row, path)) {
                faults.push(format!("{}: no row for `{path}`", kind.element));
            }
        }
        for row in &rows {
            if !known.iter().any(|path| covers(path, row)) {
                faults.push(format!("{}: no policy is asked for `{row}`", kind.element));
            }
        }
        let once: BTreeSet<&str> = rows.iter().copied().collect();
        assert_eq!(once.len(), rows.len(), "{}: a row stands twice", kind.element);
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Whether `path` is what `below` stands in, with the element itself for its attributes.
fn is_above(path: &str, below: &str) -> bool {
    below.strip_prefix(path).is_some_and(|rest| rest.starts_with(['/', '@']))
}

/// What reading the policy asks for, by paths such as `CacheKey/KeyFragment@ref`.
fn asks(kind: &PolicyKind, text: &str) -> Vec<(About, String)> {
    let root = parse(text);
    let (_, asked) = record(|| (kind.read)(&root, &mut Diagnostics::default()));
    let mut paths = Vec::new();
    for Ask { element, name, about } in asked {
        let Some(above) = path_of(&root, element) else { continue };
        if above.is_empty() && OF_ALL.contains(&name.as_str()) {
            continue;
        }
        let child = if above.is_empty() { name.clone() } else { format!("{above}/{name}") };
        let attribute = format!("{above}@{name}");
        match about {
            About::Child => paths.push((about, child)),
            About::Attribute => paths.push((about, attribute)),
            About::Ignored => paths.extend([(about, child), (about, attribute)]),
        }
    }
    paths
}

/// Of the element with that start tag; empty for the root.
fn path_of(element: &Element, open: Span) -> Option<String> {
    if element.open_span == open {
        return Some(String::new());
    }
    element.elements().find_map(|child| {
        let below = path_of(child, open)?;
        let slash = if below.is_empty() { "" } else { "/" };
        Some(format!("{}{slash}{below}", child.name))
    })
}

/// The names that a policy gives its linker for others to read.
#[test]
fn rows_of_variables_are_what_is_set() {
    let mut faults = Vec::new();
    for kind in POLICIES {
        let mut set = BTreeSet::new();
        for text in policies(kind) {
            let root = parse(&text);
            let mut diags = Diagnostics::default();
            let read = (kind.read)(&root, &mut diags).filter(|_| !diags.has_errors());
            let Some(policy) = read else { continue };
            let mut rig = Rig::named("{policy}");
            drop(policy.link(&mut rig));
            set.extend(rig.outputs);
        }
        let rows: Vec<&str> = kind.page.variables.iter().map(|row| row.name).collect();
        for name in &set {
            if !rows.iter().any(|row| pattern(row).is_match(name)) {
                faults.push(format!("{}: no row for variable `{name}`", kind.element));
            }
        }
        for row in rows {
            if !set.iter().any(|name| pattern(row).is_match(name)) {
                faults.push(format!("{}: no policy sets `{row}`", kind.element));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// A row's text, in which `{name}` stands for anything.
fn pattern(row: &str) -> Regex {
    let escaped = regex::escape(row);
    let hole = Regex::new(r"\\\{[A-Za-z_]+\\\}").expect("a pattern");
    let pattern = format!("(?s)^{}$", hole.replace_all(&escaped, ".+"));
    Regex::new(&pattern).expect("an escaped text is a pattern")
}

/// Each errorcode in a policy's own source has a row, and each row the status and the text
/// that the policy's transcripts show.
#[test]
fn rows_of_faults_are_what_is_raised() {
    let code = Regex::new(r#""((?:[a-z]+\.)+[A-Z][A-Za-z]+)""#).expect("a pattern");
    let mut faults = Vec::new();
    for kind in POLICIES {
        let rows = kind.page.faults;
        for found in code.captures_iter(&source(kind)) {
            if !rows.iter().any(|row| row.code == &found[1]) {
                faults.push(format!("{}: no row for {}", kind.element, &found[1]));
            }
        }
        let shown: Vec<Shown> = files_below(&fixture(kind), "http")
            .iter()
            .flat_map(|file| shown_faults(&read_file(file)))
            .collect();
        let tests: String = source_files(kind).iter().filter(is_test).map(read_file).collect();
        for row in rows {
            // No transcript takes a cache or the store away from a policy that runs.
            let is_gone = row.code == CACHE_NOT_FOUND.code || row.code == STORE_UNAVAILABLE;
            if is_gone && tests.contains(row.code) {
                continue;
            }
            faults.extend(why_untrue(row, &shown).map(|why| format!("{}: {why}", kind.element)));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn why_untrue(row: &FaultRow, shown: &[Shown]) -> Option<String> {
    let code = row.code;
    let mut of_code = shown.iter().filter(|shown| shown.code == code).peekable();
    if of_code.peek().is_none() {
        return Some(format!("no transcript shows {code}"));
    }
    let text = pattern(bare(row.faultstring));
    let is_so = |shown: &&Shown| shown.status == row.status && text.is_match(&shown.text);
    if of_code.clone().any(|shown| is_so(&shown)) {
        return None;
    }
    of_code.next().map(|shown| format!("{code} is {} `{}`", shown.status, shown.text))
}

/// A fault that a client got.
struct Shown {
    status: u16,
    code: String,
    text: String,
}

fn shown_faults(transcript: &str) -> Vec<Shown> {
    let mut status = 0;
    let mut shown = Vec::new();
    for line in transcript.lines().filter_map(|line| line.strip_prefix("< ")) {
        status = line.parse().unwrap_or(status);
        let Ok(body) = serde_json::from_str::<Value>(line) else { continue };
        let fault = &body["fault"];
        if let (Some(text), Some(code)) =
            (fault["faultstring"].as_str(), fault["detail"]["errorcode"].as_str())
        {
            shown.push(Shown { status, code: code.to_owned(), text: text.to_owned() });
        }
    }
    shown
}

fn parse(text: &str) -> Element {
    let text: Arc<str> = Arc::from(text);
    let file = SourceMap::default().add("p.xml", text.clone());
    xml::parse(file, &text, &mut Diagnostics::default()).expect("the XML is well-formed")
}

/// The texts of the sample and of the fixtures' policies of that kind.
fn policies(kind: &PolicyKind) -> Vec<String> {
    let mut files = files_below(&root().join("tests/fixtures/policy"), "xml");
    files.push(root().join("policies").join(format!("{}.xml", kind.element)));
    let starts = Regex::new(&format!(r"(?s)^(?:\s|<\?.*?\?>|<!--.*?-->)*<{}[\s>/]", kind.element));
    let starts = starts.expect("a pattern");
    files.iter().map(read_file).filter(|text| starts.is_match(text)).collect()
}

/// The code of a policy's own files, without its tests and its page.
fn source(kind: &PolicyKind) -> String {
    let files = source_files(kind);
    files
        .iter()
        .filter(|file| !is_test(file) && !file.ends_with("page.rs"))
        .map(read_file)
        .collect()
}

fn source_files(kind: &PolicyKind) -> Vec<PathBuf> {
    let folder = root().join("src/policy");
    let name = module(kind);
    let mut files = files_below(&folder.join(&name), "rs");
    files.push(folder.join(format!("{name}.rs")));
    files
}

fn is_test(file: &&PathBuf) -> bool {
    file.ends_with("tests.rs")
}

fn fixture(kind: &PolicyKind) -> PathBuf {
    root().join("tests/fixtures/policy").join(module(kind))
}

/// The file of `src/policy/` whose row of the table it is.
fn module(kind: &PolicyKind) -> String {
    let head = Regex::new(&format!(r#"element: "{}""#, kind.element)).expect("a pattern");
    let files = files_below(&root().join("src/policy"), "rs");
    let file = files.iter().find(|file| head.is_match(&read_file(file))).expect("a policy's file");
    file.file_stem().expect("a file has a name").to_string_lossy().into_owned()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[expect(clippy::disallowed_methods, reason = "fixtures are files")]
fn read_file(file: &PathBuf) -> String {
    fs::read_to_string(file).expect("a readable file")
}

/// All files of a folder and of those in it; none where it is not there.
fn files_below(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}
