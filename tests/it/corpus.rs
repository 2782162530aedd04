//! Real bundles, where `TOLLGATE_CORPUS` names a folder of them: each is read without a panic,
//! and each refusal has a reason that the platform has too, or waits for a policy type.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use libtest_mimic::Trial;
use tollgate::bundle::Limits;
use tollgate::deploy::check_path;
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
    let refused = REFUSED.iter().any(|(bundle, _)| *bundle == name);
    ensure!(refused || checked.found.is_some(), "the bundle was not read");
    Ok(())
}
