//! Real bundles, where `TOLLGATE_CORPUS` names a folder of them: each is read without a panic,
//! and each refusal has a reason that the platform has too, or waits for a policy type.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use libtest_mimic::Trial;
use tempfile::TempDir;
use tollgate::bundle::{Limits, replace_file};
use tollgate::deploy::{Checked, check_path, fix_path};
use tollgate::diag::{Severity, Style, catalogue, render_text};
use tollgate::lint::EnvironmentView;
use tollgate::profile::Profile;

/// Refusals that were looked at: the platform refuses these bundles too.
const REFUSED: &[(&str, &str)] = &[
    // Published without a manifest.
    ("GoogleCloudPlatform+apigee-samples/2", "GW130"),
    ("GoogleCloudPlatform+apigee-samples/3", "GW130"),
    // `/~` is no operator: the operator for paths is `~/`.
    ("apigee+api-platform-samples/59", "CC007"),
    // A Quota of type flexi with a StartTime: StartTimeNotSupported.
    ("apigee+devrel/33", "GW322"),
    // Steps that name policies which a build adds later.
    ("apigee+devrel/23", "BN010"),
    ("apigee+devrel/27", "BN010"),
    ("apigee+devrel/37", "BN010"),
    // Hosted targets, which Apigee X does not have.
    ("apigee+api-platform-samples/3", "EP002"),
    ("apigee+openbank/3", "EP002"),
];

pub(crate) fn trials() -> Vec<Trial> {
    let Ok(corpus) = env::var("TOLLGATE_CORPUS") else { return Vec::new() };
    let bundles = bundles(Path::new(&corpus));
    let total = bundles.len();
    let mut trials = vec![Trial::test("corpus::is_there", move || {
        if total == 0 { Err(format!("no bundle below {corpus}").into()) } else { Ok(()) }
    })];
    trials.extend(bundles.into_iter().map(|(name, path)| {
        Trial::test(format!("corpus::{name}"), move || {
            check(&name, &path).map_err(|error| format!("{error:#}").into())
        })
    }));
    trials
}

/// `owner+repository/number` and the folder of each bundle.
fn bundles(corpus: &Path) -> BTreeMap<String, PathBuf> {
    let mut found = BTreeMap::new();
    for repository in folders(corpus) {
        for bundle in folders(&repository) {
            let name = bundle.strip_prefix(corpus).unwrap().to_string_lossy().into_owned();
            found.insert(name, bundle);
        }
    }
    found
}

fn folders(path: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(path) else { return Vec::new() };
    entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect()
}

fn check(name: &str, path: &Path) -> Result<()> {
    // Profile x makes caches on first use, so that no cache has to be known here.
    let view = EnvironmentView::new("apifactory", "test", Profile::X);
    let checked = check_path(path, &Limits::default(), &view);
    for found in checked.diags.iter() {
        let known = found.severity != Severity::Error
            || catalogue::WAITING.contains(&found.code)
            || REFUSED.contains(&(name, found.code));
        ensure!(
            known,
            "a refusal that nobody has looked at:\n{}",
            render_text(&checked.root, &checked.diags, &checked.sources, Style::Plain)
        );
    }
    check_fixes(path, &view)?;
    let refused = REFUSED.iter().any(|(bundle, _)| *bundle == name);
    ensure!(refused || checked.found.is_some(), "the bundle was not read");
    Ok(())
}

/// A copy that was mended is not mended again, and nothing new is said of it.
fn check_fixes(path: &Path, view: &EnvironmentView) -> Result<()> {
    let copy = TempDir::new()?;
    for file in files(path)? {
        let target = copy.path().join(file.strip_prefix(path)?);
        fs::create_dir_all(target.parent().context("a file has a folder")?)?;
        fs::copy(&file, &target)?;
        fs::set_permissions(&target, fs::Permissions::from_mode(0o644))?;
    }
    let limits = Limits::default();
    let said = |checked: &Checked| -> BTreeSet<(&'static str, String)> {
        checked.diags.iter().map(|found| (found.code, found.message.clone())).collect()
    };
    let before = said(&check_path(copy.path(), &limits, view));
    for change in fix_path(copy.path(), &limits, view).changes {
        replace_file(&change)?;
    }
    let again = fix_path(copy.path(), &limits, view);
    ensure!(again.changes.is_empty(), "mended twice: {:?}", again.changes);
    let new: Vec<_> = said(&again.checked).difference(&before).cloned().collect();
    ensure!(new.is_empty(), "new: {new:?}");
    Ok(())
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.append(&mut files(&path)?);
        } else {
            found.push(path);
        }
    }
    Ok(found)
}
