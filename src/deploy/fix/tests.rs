//! Every folder of `tests/fixtures/fix/` has a bundle (`before/`), its files that `--fix` changes
//! (`after/`), and what is said of the mended bundle (`left.txt`).

#![expect(clippy::disallowed_methods, reason = "fixtures are files")]

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use expect_test::expect_file;
use proptest::prelude::*;
use proptest::sample::select;
use tempfile::TempDir;

use super::*;
use crate::bundle::{RewriteError, replace_file};
use crate::deploy::check_path;
use crate::diag::catalogue::{self, MENDINGS};
use crate::diag::render_short;
use crate::profile::Profile;

#[test]
fn fixtures_are_mended() {
    for folder in fixtures() {
        let before = folder.join("before");
        let fixed = fix(&folder, &before);
        let root = before.display().to_string();
        let Checked { diags, sources, .. } = &fixed.checked;
        expect_file![folder.join("left.txt")].assert_eq(&render_short("", diags, sources));
        let mut changed = BTreeSet::new();
        for change in &fixed.changes {
            let name = change.path.strip_prefix(&before).expect("a file of the fixture");
            changed.insert(name.to_owned());
            let after = std::str::from_utf8(&change.after).expect("UTF-8");
            let file = folder.join("after").join(name);
            fs::create_dir_all(file.parent().expect("a folder")).expect("it is made");
            expect_file![file].assert_eq(after);
        }
        let expected: BTreeSet<PathBuf> = files(&folder.join("after"))
            .iter()
            .map(|file| file.strip_prefix(folder.join("after")).expect("below").to_owned())
            .collect();
        assert_eq!(changed, expected, "the files of {root}");
    }
}

/// The catalogue lists the codes that are mended somewhere, and each has a fixture.
#[test]
fn the_catalogue_says_what_is_mended() {
    let mended: BTreeSet<&str> = fixtures()
        .iter()
        .flat_map(|folder| {
            let limits = Limits::default();
            let checked = check_path(&folder.join("before"), &limits, &environment(folder));
            let codes = checked.diags.iter().filter(|found| !found.fix.is_empty());
            codes.map(|found| found.code).collect::<Vec<_>>()
        })
        .collect();
    let listed: BTreeSet<&str> = MENDINGS.iter().map(|mending| mending.code).collect();
    assert_eq!(mended, listed);
    assert!(listed.iter().all(|code| catalogue::find(code).is_some()));
}

/// What is mended is not mended again, nothing new is said of it, and nothing is written before
/// somebody asks for it.
#[test]
fn mended_once_is_mended() {
    for folder in fixtures() {
        let copy = Copy::of(&folder.join("before"), |bytes| bytes);
        copy.check(&environment(&folder));
    }
}

#[test]
fn bytes_that_are_not_edited_stay() {
    let copy = Copy::empty();
    let file = copy.write(
        "a.xml",
        b"\xEF\xBB\xBF<?xml version='1.0'?>\r\n<LookupCache  name='a'>\r\n\t<CacheKey><Prefix>\xC3\xBC</Prefix>\
          <KeyFragment/>\r\n</CacheKey> <Scope>Global</Scope>\r\n\t<Scope>Global</Scope>  \r\n  <AssignTo>x</AssignTo></LookupCache>",
    );
    let fixed = fix_path(&file, &Limits::default(), &view());
    assert_eq!(fixed.mended, 2);
    let [change] = fixed.changes.as_slice() else { panic!("one file") };
    replace_file(change).unwrap();
    let expected: &[u8] =
        b"\xEF\xBB\xBF<?xml version='1.0'?>\r\n<LookupCache  name='a'>\r\n\t<CacheKey><Prefix>\xC3\xBC</Prefix>\
          <KeyFragment/>\r\n</CacheKey> \r\n  <AssignTo>x</AssignTo></LookupCache>";
    assert_eq!(fs::read(&file).unwrap(), expected);
}

#[test]
fn a_file_that_changed_meanwhile_is_left() {
    let copy = Copy::of(&fixture("gw303_scope_and_prefix").join("before"), |bytes| bytes);
    let fixed = fix_path(copy.path(), &Limits::default(), &view());
    let change = fixed.changes.first().expect("a change");
    fs::write(&change.path, "mine").unwrap();
    let error = replace_file(change).unwrap_err();
    assert!(matches!(error, RewriteError::Changed { .. }), "{error}");
    assert_eq!(fs::read_to_string(&change.path).unwrap(), "mine");
}

#[cfg(unix)]
#[test]
fn modes_and_links_stay() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let copy = Copy::empty();
    let text = "<LookupCache name='a'><CacheKey><Prefix>p</Prefix><KeyFragment>f</KeyFragment>\
                </CacheKey><Scope>Global</Scope><AssignTo>x</AssignTo></LookupCache>";
    let file = copy.write("real", text.as_bytes());
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    let link = copy.path().join("a.xml");
    symlink(&file, &link).unwrap();
    let fixed = fix_path(&link, &Limits::default(), &view());
    replace_file(fixed.changes.first().expect("a change")).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    assert!(!fs::read_to_string(&file).unwrap().contains("Scope"));
    // Nothing is left beside them.
    assert_eq!(fs::read_dir(copy.path()).unwrap().count(), 2);
    // What nobody may write is not written.
    fs::write(&file, text).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o440)).unwrap();
    let fixed = fix_path(&link, &Limits::default(), &view());
    let error = replace_file(fixed.changes.first().expect("a change")).unwrap_err();
    assert!(matches!(error, RewriteError::Write { .. }), "{error}");
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
}

#[test]
fn what_is_switched_off_is_not_mended() {
    let mut view = view();
    view.lint.excluded = Some(["GW303".to_owned()].into());
    let before = fixture("gw303_scope_and_prefix").join("before");
    let fixed = fix_path(&before, &Limits::default(), &view);
    let names = fixed.changes.iter().filter_map(|change| change.path.file_name());
    assert_eq!(names.collect::<Vec<_>>(), ["PC-Token.xml"], "that of PO030 alone");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever the fixtures' files are written like, they are mended once and for all, and a
    /// diff of the two holds no line that an edit does not touch.
    #[test]
    fn every_way_of_writing_is_kept(
        folder in select(every_bundle()),
        is_dos: bool,
        has_mark: bool,
        is_one_line: bool,
    ) {
        let copy = Copy::of(&folder, |bytes| {
            let Ok(text) = String::from_utf8(bytes.clone()) else { return bytes };
            let mut text = if is_one_line { text.replace("\n", " ") } else { text };
            if is_dos {
                text = text.replace('\n', "\r\n");
            }
            let mark = if has_mark { "\u{FEFF}" } else { "" };
            format!("{mark}{text}").into_bytes()
        });
        copy.check(&view());
    }
}

/// Each fixture that can be opened: of fixes, of lint and of policies.
fn every_bundle() -> Vec<PathBuf> {
    let root = fixtures_root();
    let mut found: Vec<PathBuf> =
        fixtures().into_iter().map(|folder| folder.join("before")).collect();
    for kind in ["lint", "policy", "engine"] {
        found.extend(entries(&root.join(kind)));
    }
    found
}

/// A bundle in a folder of its own.
struct Copy(TempDir);

impl Copy {
    fn empty() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn of(folder: &Path, change: impl Fn(Vec<u8>) -> Vec<u8>) -> Self {
        let copy = Self::empty();
        for file in files(folder) {
            let name = file.strip_prefix(folder).expect("a file of the folder");
            copy.write(&name.to_string_lossy(), &change(fs::read(&file).expect("a file")));
        }
        copy
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("it is made");
        fs::write(&path, bytes).expect("it is written");
        path
    }

    fn check(&self, view: &EnvironmentView) {
        let limits = Limits::default();
        let judged = check_path(self.path(), &limits, view);
        let fixed = fix_path(self.path(), &limits, view);
        for change in &fixed.changes {
            assert_eq!(fs::read(&change.path).expect("a file"), change.before);
            assert!(is_rest_kept(&change.before, &change.after), "{}", change.path.display());
            replace_file(change).expect("it is written");
        }
        let again = fix_path(self.path(), &limits, view);
        assert!(again.changes.is_empty() && again.mended == 0, "{:?}", again.changes);
        let said = |checked: &Checked| {
            let mut said: Vec<_> =
                checked.diags.iter().map(|found| (found.code, found.message.clone())).collect();
            said.sort();
            said
        };
        let (before, after) = (said(&judged), said(&again.checked));
        assert_eq!(after, said(&fixed.checked));
        let new: Vec<_> = after.iter().filter(|found| !before.contains(found)).collect();
        assert!(new.is_empty(), "new: {new:?}");
        assert!(before.len() - after.len() >= fixed.mended.min(1));
    }
}

/// Every line is there as it was, or is one of an edit: gone, or with another name of a tag.
fn is_rest_kept(before: &[u8], after: &[u8]) -> bool {
    let (before, after) = (String::from_utf8_lossy(before), String::from_utf8_lossy(after));
    let diff = similar::TextDiff::from_chars(before.as_ref(), after.as_ref());
    let is_plain = |text: &str| !text.contains('\u{FEFF}');
    diff.iter_all_changes().all(|change| match change.tag() {
        similar::ChangeTag::Equal => true,
        similar::ChangeTag::Delete => is_plain(change.value()),
        // `HTTP` and `onds` are all that fixes put in.
        similar::ChangeTag::Insert => "HTTPonds".contains(change.value()),
    })
}

fn fix(folder: &Path, before: &Path) -> Fixed {
    fix_path(before, &Limits::default(), &environment(folder))
}

fn environment(folder: &Path) -> EnvironmentView {
    let settings = fs::read_to_string(folder.join("tollgate.toml")).unwrap_or_default();
    let settings: toml::Table = settings.parse().expect("tollgate.toml");
    let is_x = settings.get("profile").is_some_and(|profile| profile.as_str() == Some("x"));
    let profile = if is_x { Profile::X } else { Profile::Edge };
    let mut view = EnvironmentView::new("acme", "test", profile);
    view.unsupported_faults = settings.contains_key("deploy");
    view
}

fn view() -> EnvironmentView {
    EnvironmentView::new("acme", "test", Profile::Edge)
}

fn fixture(name: &str) -> PathBuf {
    fixtures_root().join("fix").join(name)
}

fn fixtures() -> Vec<PathBuf> {
    entries(&fixtures_root().join("fix"))
}

fn fixtures_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let read = fs::read_dir(folder).expect("a folder");
    let mut entries: Vec<_> = read.map(|entry| entry.expect("an entry").path()).collect();
    entries.sort();
    entries
}

/// All files of a folder that may not be there.
fn files(folder: &Path) -> Vec<PathBuf> {
    if !folder.is_dir() {
        return Vec::new();
    }
    let (folders, mut files): (Vec<_>, Vec<_>) =
        entries(folder).into_iter().partition(|entry| entry.is_dir());
    files.extend(folders.iter().flat_map(|folder| self::files(folder)));
    files
}
