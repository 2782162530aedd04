//! What the compiler does not check of the project's order: floors, imports, headers,
//! dependencies and their licences, links, and that each policy has its fixture.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use libtest_mimic::Trial;
use regex::Regex;
use serde_json::Value;
use tollgate::policy::POLICIES;

use crate::support::missing;

/// Each module of `src/` and the floor it stands on. A module imports from lower floors only.
/// A new arrow upward is a question of design, never an edit of this list in passing.
const FLOORS: &[(&str, u8)] = &[
    ("diag", 0),
    ("clock", 0),
    ("json", 0),
    ("profile", 0),
    ("sync", 0),
    ("telemetry", 0),
    ("regex", 1),
    ("jsonpath", 1),
    ("xml", 1),
    ("bundle", 2),
    ("variable", 2),
    ("xmltree", 2),
    ("message", 3),
    ("xpath", 3),
    ("condition", 4),
    ("template", 4),
    ("store", 4),
    ("upstream", 4),
    ("script", 5),
    ("model", 5),
    ("policy", 6),
    ("lint", 7),
    ("plan", 7),
    ("engine", 8),
    ("deploy", 8),
    ("serve", 9),
    ("config", 10),
    ("gateway", 11),
    ("cli", 12),
    ("main", 13),
];

/// The files that may say `unsafe`, each with an `#[expect(unsafe_code, reason)]`.
const UNSAFE_FILES: &[&str] = &[];

/// Licences that code in the binary may have, by their SPDX names.
const LICENCES: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

type Case = (&'static str, fn() -> Result<()>);

const CASES: &[Case] = &[
    ("floors_hold", floors_hold),
    ("no_glob_imports", no_glob_imports),
    ("unsafe_only_where_listed", unsafe_only_where_listed),
    ("nothing_is_left_open", nothing_is_left_open),
    ("every_module_says_what_it_is_for", every_module_says_what_it_is_for),
    ("no_registry_is_named", no_registry_is_named),
    ("every_dependency_has_a_reason", every_dependency_has_a_reason),
    ("licences_are_permissive", licences_are_permissive),
    ("links_lead_somewhere", links_lead_somewhere),
    ("licence_expressions_are_understood", licence_expressions_are_understood),
    ("every_policy_has_a_fixture", every_policy_has_a_fixture),
    ("elements_have_snake_case_names", elements_have_snake_case_names),
];

pub(crate) fn trials() -> Vec<Trial> {
    let trial = |(name, case): &Case| {
        let case = *case;
        Trial::test(format!("tidy::{name}"), move || {
            case().map_err(|error| format!("{error:#}").into())
        })
    };
    CASES.iter().map(trial).collect()
}

fn floors_hold() -> Result<()> {
    let floor = |module: &str| {
        let found = FLOORS.iter().find(|(name, _)| *name == module);
        found.map(|(_, floor)| *floor).with_context(|| format!("`{module}` has no floor"))
    };
    let path = Regex::new(r"\b(?:crate|tollgate)::(\{|[a-z_0-9]+)")?;
    let mut faults = Vec::new();
    for file in sources()?.iter().filter(|file| !file.is_test && file.name != "src/lib.rs") {
        let module = file.module();
        let own = floor(module)?;
        for (number, line) in file.code() {
            for found in path.captures_iter(line) {
                let target = &found[1];
                let place = format!("{}:{number}", file.name);
                if target == "{" {
                    faults.push(format!("{place}: write one `use` for each module"));
                } else if target != module && floor(target)? >= own {
                    faults.push(format!("{place}: `{module}` reaches up to `{target}`"));
                }
            }
        }
    }
    none(faults)
}

fn no_glob_imports() -> Result<()> {
    let glob = Regex::new(r"^\s*(?:pub(?:\([a-z]+\))? )?use .*\*")?;
    lines(|file, line| {
        let is_allowed = file.is_test && (line.contains("super::*") || line.contains("proptest::"));
        glob.is_match(line) && !is_allowed
    })
}

fn unsafe_only_where_listed() -> Result<()> {
    let word = Regex::new(r"\bunsafe\b")?;
    lines(|file, line| word.is_match(line) && !UNSAFE_FILES.contains(&file.name.as_str()))
}

fn nothing_is_left_open() -> Result<()> {
    // Written apart, so that this line does not find itself.
    let open = Regex::new(&["todo", "!|unimplemented", "!|FIX", "ME"].concat())?;
    let mut faults = Vec::new();
    for file in sources()? {
        for (index, line) in file.text.lines().enumerate() {
            if open.is_match(line) {
                faults.push(format!("{}:{}: {line}", file.name, index + 1));
            }
        }
    }
    none(faults)
}

fn every_module_says_what_it_is_for() -> Result<()> {
    let files = sources()?;
    let silent = files.iter().filter(|file| !file.is_test && !file.text.starts_with("//! "));
    none(silent.map(|file| format!("{}: opens without `//!`", file.name)).collect())
}

/// Who builds the project says where packages come from; the project does not.
fn no_registry_is_named() -> Result<()> {
    let hosts = [
        ["crates", ".io"].concat(),
        ["pypi", ".org"].concat(),
        ["registry.npmjs", ".org"].concat(),
        ["deb.debian", ".org"].concat(),
    ];
    let mut faults = Vec::new();
    for name in tracked()?.iter().filter(|name| !name.ends_with("Cargo.lock")) {
        let Ok(text) = fs::read_to_string(root().join(name)) else { continue };
        for host in hosts.iter().filter(|host| text.contains(host.as_str())) {
            faults.push(format!("{name}: names {host}"));
        }
    }
    none(faults)
}

fn every_dependency_has_a_reason() -> Result<()> {
    let page = fs::read_to_string(root().join("docs/dependencies.md"))?;
    let manifest =
        |name: &str| -> Result<toml::Table> { Ok(fs::read_to_string(root().join(name))?.parse()?) };
    let manifests = [manifest("Cargo.toml")?, manifest("tests/interleavings/Cargo.toml")?];
    let listed = |name: &str| page.lines().any(|line| line.starts_with(&format!("| `{name}` |")));
    let kinds = ["dependencies", "dev-dependencies", "build-dependencies"];
    let names: BTreeSet<&str> = manifests
        .iter()
        .flat_map(|manifest| kinds.iter().filter_map(|kind| manifest.get(*kind)?.as_table()))
        .flat_map(|table| table.keys().map(String::as_str))
        .collect();
    let mut faults: Vec<String> = names
        .iter()
        .filter(|name| !listed(name))
        .map(|name| format!("docs/dependencies.md: no row for `{name}`"))
        .collect();
    for row in page.lines().filter_map(|line| line.strip_prefix("| `")) {
        let name = row.split('`').next().unwrap_or_default();
        if !names.contains(name) {
            faults.push(format!("docs/dependencies.md: `{name}` is no dependency"));
        }
    }
    none(faults)
}

fn licences_are_permissive() -> Result<()> {
    let metadata = metadata()?;
    let linked = linked_packages(&metadata)?;
    let packages = metadata["packages"].as_array().context("metadata lists packages")?;
    let mut faults = Vec::new();
    for package in packages.iter().filter(|package| linked.contains(&package["id"].as_str())) {
        let licence = package["license"].as_str().unwrap_or("none");
        if !is_permissive(licence) {
            faults.push(format!("{}: licence {licence}", package["name"]));
        }
    }
    none(faults)
}

/// What Cargo resolves for this machine, from the packages that are already here.
fn metadata() -> Result<Value> {
    let version = Command::new("rustc").arg("-vV").output().context("rustc says its host")?;
    let version = String::from_utf8(version.stdout)?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--offline"])
        .args(["--filter-platform", host.context("rustc names its host")?])
        .current_dir(root())
        .output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// The ids of all packages that end up in the binary, through normal dependencies.
fn linked_packages(metadata: &Value) -> Result<BTreeSet<Option<&str>>> {
    let nodes = metadata["resolve"]["nodes"].as_array().context("metadata has a graph")?;
    let is_normal = |dependency: &&Value| {
        let kinds = dependency["dep_kinds"].as_array();
        kinds.is_some_and(|kinds| kinds.iter().any(|kind| kind["kind"].is_null()))
    };
    let mut reached = BTreeSet::new();
    let mut open = vec![metadata["resolve"]["root"].as_str()];
    while let Some(id) = open.pop() {
        if !reached.insert(id) {
            continue;
        }
        let node = nodes.iter().find(|node| node["id"].as_str() == id);
        let node = node.with_context(|| format!("{id:?} is in the graph"))?;
        let dependencies = node["deps"].as_array().context("a node lists dependencies")?;
        open.extend(dependencies.iter().filter(is_normal).map(|found| found["pkg"].as_str()));
    }
    Ok(reached)
}

/// Whether an SPDX expression can be met with [`LICENCES`]. `/` is an old way to write `OR`.
fn is_permissive(expression: &str) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    // An exception belongs to the name before it.
    let joined = spaced.replace(" WITH ", "+WITH+");
    let mut words: Vec<&str> = joined.split_whitespace().rev().collect();
    any_of(&mut words) && words.is_empty()
}

/// `words` are in reverse, so that the next one is at the end.
fn any_of(words: &mut Vec<&str>) -> bool {
    let mut met = all_of(words);
    while words.pop_if(|word| *word == "OR").is_some() {
        met |= all_of(words);
    }
    met
}

fn all_of(words: &mut Vec<&str>) -> bool {
    let mut met = one(words);
    while words.pop_if(|word| *word == "AND").is_some() {
        met &= one(words);
    }
    met
}

fn one(words: &mut Vec<&str>) -> bool {
    match words.pop() {
        Some("(") => {
            let met = any_of(words);
            words.pop() == Some(")") && met
        }
        Some(name) => LICENCES.contains(&name.replace("+WITH+", " WITH ").as_str()),
        None => false,
    }
}

fn links_lead_somewhere() -> Result<()> {
    let link = Regex::new(r"\]\(([^)\s]+)\)")?;
    let mut faults = Vec::new();
    for name in tracked()?.iter().filter(|name| name.ends_with(".md")) {
        let text = fs::read_to_string(root().join(name))?;
        let folder = Path::new(name).parent().context("a file has a folder")?;
        for found in link.captures_iter(&text) {
            let target = found[1].split('#').next().unwrap_or_default();
            if !target.is_empty()
                && !target.contains("://")
                && !root().join(folder).join(target).exists()
            {
                faults.push(format!("{name}: {} leads nowhere", &found[1]));
            }
        }
    }
    none(faults)
}

fn licence_expressions_are_understood() -> Result<()> {
    for (expression, expected) in [
        ("MIT", true),
        ("MIT/Apache-2.0", true),
        ("GPL-3.0-only", false),
        ("MIT OR GPL-3.0-only", true),
        ("MIT AND GPL-3.0-only", false),
        ("(MIT OR GPL-3.0-only) AND MPL-2.0", false),
        ("(MIT OR Apache-2.0) AND Unicode-3.0", true),
        ("Apache-2.0 WITH LLVM-exception OR MPL-2.0", true),
        ("MIT AND", false),
        ("(MIT", false),
        ("", false),
    ] {
        ensure!(is_permissive(expression) == expected, "{expression}");
    }
    Ok(())
}

/// A transcript beside the smallest bundle, and a sample for who writes one.
fn every_policy_has_a_fixture() -> Result<()> {
    let mut faults = Vec::new();
    for kind in POLICIES {
        let element = kind.element;
        let folder = format!("tests/fixtures/policy/{}", snake_case(element));
        if there(&folder, "http").is_empty() {
            faults.push(format!("{folder}/: add a transcript, `*.http`, that shows {element}"));
        }
        let policies = format!("{folder}/apiproxy/policies");
        let shown = there(&policies, "xml");
        if !shown.iter().any(|path| root_element(path).as_deref() == Some(element)) {
            faults.push(format!("{policies}/: add a policy whose root is {element}"));
        }
        let sample = format!("policies/{element}.xml");
        if root_element(&root().join(&sample)).as_deref() != Some(element) {
            faults.push(format!("{sample}: add a commented sample whose root is {element}"));
        }
    }
    none(faults)
}

/// As [`below`], of a folder that need not be there.
fn there(folder: &str, extension: &str) -> Vec<PathBuf> {
    below(&root().join(folder), extension).unwrap_or_default()
}

/// The name of a file's first element.
pub(crate) fn root_element(path: &Path) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let before = Regex::new(r"(?s)^(?:\s|<\?.*?\?>|<!--.*?-->)*<([A-Za-z0-9]+)").ok()?;
    Some(before.captures(&text)?[1].to_owned())
}

/// `LookupCache` as `lookup_cache`, `JSONToXML` as `json_to_xml`.
pub(crate) fn snake_case(element: &str) -> String {
    let mut name = String::new();
    let mut letters = element.chars().peekable();
    let mut last = '_';
    while let Some(letter) = letters.next() {
        let begins_a_word = letter.is_uppercase()
            && (!last.is_uppercase() || letters.peek().is_some_and(|next| next.is_lowercase()));
        if begins_a_word && last != '_' {
            name.push('_');
        }
        name.extend(letter.to_lowercase());
        last = letter;
    }
    name
}

fn elements_have_snake_case_names() -> Result<()> {
    for (element, expected) in
        [("LookupCache", "lookup_cache"), ("JSONToXML", "json_to_xml"), ("Quota", "quota")]
    {
        ensure!(snake_case(element) == expected, "{element} is {}", snake_case(element));
    }
    Ok(())
}

/// What the pattern's group finds in the code that is no test, once each, with its place.
pub(crate) fn in_code(pattern: &Regex) -> Result<Vec<(String, String)>> {
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for file in sources()?.iter().filter(|file| !file.is_test) {
        for (number, line) in file.code() {
            for text in pattern.captures_iter(line) {
                if seen.insert(text[1].to_owned()) {
                    found.push((format!("{}:{number}", file.name), text[1].to_owned()));
                }
            }
        }
    }
    Ok(found)
}

pub(crate) struct Source {
    /// With `/`, from the project's folder on.
    pub(crate) name: String,
    text: String,
    is_test: bool,
}

impl Source {
    /// The first folder or file below `src/`.
    fn module(&self) -> &str {
        let below = self.name.strip_prefix("src/").unwrap_or(&self.name);
        below.split('/').next().unwrap_or_default().trim_end_matches(".rs")
    }

    /// Lines with their numbers from 1, without comments, up to the tests.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let code = self.text.get(..self.tests_at()).unwrap_or_default();
        let code = if self.is_test { &self.text } else { code };
        code.lines().enumerate().map(|(index, line)| {
            (index + 1, if line.trim_start().starts_with("//") { "" } else { line })
        })
    }

    /// The part that only tests compile.
    pub(crate) fn tests(&self) -> &str {
        let at = if self.is_test { 0 } else { self.tests_at() };
        self.text.get(at..).unwrap_or_default()
    }

    /// Where tests in the file itself begin; its end where it has none.
    fn tests_at(&self) -> usize {
        self.text.find("\n#[cfg(test)]\nmod tests {").unwrap_or(self.text.len())
    }
}

/// All Rust files below `src/`. Those that only tests compile say so in their name or where
/// they are declared.
pub(crate) fn sources() -> Result<Vec<Source>> {
    let declared = Regex::new(r"#\[cfg\(test\)\]\s*(?:pub(?:\([a-z]+\))? )?mod ([a-z_]+);")?;
    let mut files = Vec::new();
    let mut of_tests = BTreeSet::new();
    for path in below(&root().join("src"), "rs")? {
        let text = fs::read_to_string(&path)?;
        let folder = match path.file_stem().and_then(|stem| stem.to_str()) {
            Some("mod" | "lib" | "main") => path.with_file_name(""),
            _ => path.with_extension(""),
        };
        for found in declared.captures_iter(&text) {
            of_tests.insert(folder.join(format!("{}.rs", &found[1])));
            of_tests.insert(folder.join(&found[1]));
        }
        files.push((path, text));
    }
    ensure!(!files.is_empty(), "src/ has files");
    let source = |(path, text): (PathBuf, String)| {
        let is_test = path.ancestors().any(|part| of_tests.contains(part));
        let name = path.strip_prefix(root())?.to_string_lossy().into_owned();
        Ok(Source { name, text, is_test })
    };
    files.into_iter().map(source).collect()
}

/// All files of that extension in the folder and in those below it.
pub(crate) fn below(folder: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.append(&mut below(&path, extension)?);
        } else if path.extension().is_some_and(|found| found == extension) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Every line of code that the rule finds fault with.
fn lines(is_fault: impl Fn(&Source, &str) -> bool) -> Result<()> {
    let mut faults = Vec::new();
    for file in sources()? {
        for (number, line) in file.code() {
            if is_fault(&file, line) {
                faults.push(format!("{}:{number}: {}", file.name, line.trim()));
            }
        }
    }
    none(faults)
}

/// What belongs to the project: in git, or about to be.
fn tracked() -> Result<Vec<String>> {
    let output = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .with_context(|| missing("git"))?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let names: Vec<String> = String::from_utf8(output.stdout)?.lines().map(str::to_owned).collect();
    ensure!(!names.is_empty(), "the project has files");
    Ok(names.into_iter().filter(|name| root().join(name).exists()).collect())
}

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn none(faults: Vec<String>) -> Result<()> {
    if faults.is_empty() { Ok(()) } else { bail!("\n{}", faults.join("\n")) }
}
