//! The bundles that a command names, and the environment that it judges them against.

use std::fs;
use std::path::{Path, PathBuf};

use crate::bundle::{BundleKind, Limits};
use crate::cli::CliError;
use crate::config::{Config, Unsupported};
use crate::deploy::watch::{entries, holds_bundle};
use crate::deploy::{Offer, offer_of};
use crate::lint::EnvironmentView;

/// How deep below a folder bundles are looked for, and in how many folders.
const DEPTH_MAX: usize = 16;
const FOLDERS_MAX: usize = 20_000;

/// Each bundle and policy that the paths stand for, a folder of bundles for each of them.
pub(super) fn named(paths: Vec<PathBuf>) -> Result<Vec<PathBuf>, CliError> {
    let mut bundles = Vec::new();
    for path in paths {
        expand(path, &mut bundles)?;
    }
    Ok(bundles)
}

/// The environment of the configuration, with the shared flows and environment policies that
/// lie in its folders or are judged along.
pub(super) fn environment(config: &Config, paths: &[PathBuf], limits: &Limits) -> EnvironmentView {
    let mut view = EnvironmentView::new(&config.organization, &config.environment, config.profile);
    view.unsupported_faults = config.deploy.unsupported == Unsupported::Fault;
    view.lint = config.lint.clone();
    view.targets = config.targets.clone();
    view.caches = config.caches.iter().map(|cache| cache.name.clone()).collect();
    // A folder that cannot be read adds nothing; serving says so.
    let deployed = config.deploy.folders.iter().filter_map(|folder| entries(folder).ok());
    let deployed = deployed.flatten().map(|entry| entry.path);
    for path in deployed.chain(paths.iter().cloned()) {
        match offer_of(&path, limits) {
            Some(Offer::SharedFlow { name }) => drop(view.shared_flows.insert(name)),
            Some(Offer::Policy { name, kind }) => {
                view.environment_policies.insert(name, kind);
            }
            None => {}
        }
    }
    view
}

/// A folder without a bundle of its own stands for all below it, by path.
fn expand(path: PathBuf, paths: &mut Vec<PathBuf>) -> Result<(), CliError> {
    let failed = |source| CliError::Read { path: path.clone(), source };
    let is_folder = fs::metadata(&path).map_err(failed)?.is_dir();
    if !is_folder {
        let is_bundle = path
            .extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("zip") || extension == "xml");
        return if is_bundle {
            paths.push(path);
            Ok(())
        } else {
            Err(CliError::NoBundle { path })
        };
    }
    let is_root = |kind: BundleKind| path.file_name().is_some_and(|name| name == kind.root());
    if holds_bundle(&path) || BundleKind::ALL.into_iter().any(is_root) {
        paths.push(path);
        return Ok(());
    }
    let mut found = below(&path)?;
    if found.is_empty() {
        return Err(CliError::NoBundle { path });
    }
    found.sort();
    paths.append(&mut found);
    Ok(())
}

/// The bundles and policies below a folder that holds none itself. As where they are deployed from,
/// names that begin with a dot and symbolic links are left alone; a bundle's own folders are its.
fn below(root: &Path) -> Result<Vec<PathBuf>, CliError> {
    let mut found = Vec::new();
    let mut looked_at = 0;
    let mut waiting = vec![(root.to_owned(), 0)];
    while let Some((folder, depth)) = waiting.pop() {
        looked_at += 1;
        if looked_at > FOLDERS_MAX {
            return Err(CliError::TooManyFolders { path: root.to_owned(), max: FOLDERS_MAX });
        }
        let failed = |source| CliError::Read { path: folder.clone(), source };
        found.extend(entries(&folder).map_err(failed)?.into_iter().map(|entry| entry.path));
        if depth >= DEPTH_MAX {
            continue;
        }
        for file in fs::read_dir(&folder).map_err(failed)? {
            let file = file.map_err(failed)?;
            let is_folder = file.file_type().is_ok_and(|kind| kind.is_dir());
            let name = file.file_name();
            let is_left = name.as_encoded_bytes().starts_with(b".") || name == "node_modules";
            if is_folder && !is_left && !holds_bundle(&file.path()) {
                waiting.push((file.path(), depth + 1));
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named_below(files: &[&str], path: &str) -> Result<Vec<String>, String> {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let file = folder.path().join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, "").unwrap();
        }
        let root = format!("{}/", folder.path().display());
        let found = named(vec![folder.path().join(path)]);
        let shown = |path: &PathBuf| path.display().to_string().replace(&root, "");
        found
            .map(|found| found.iter().map(shown).collect())
            .map_err(|error| error.to_string().replace(&root, ""))
    }

    #[test]
    fn a_folder_stands_for_the_bundles_below_it() {
        let files = [
            "a/apiproxy/a.xml",
            "team/b/apiproxy/b.xml",
            "team/b/apiproxy/resources/c/apiproxy/c.xml",
            "team/flows/d/sharedflowbundle/d.xml",
            "team/e.zip",
            "team/policies/f.xml",
            "team/g.xml",
            ".git/h/apiproxy/h.xml",
            "node_modules/i/apiproxy/i.xml",
        ];
        let all = ["a", "team/b", "team/e.zip", "team/flows/d", "team/policies/f.xml"];
        assert_eq!(named_below(&files, "").unwrap(), all);
        assert_eq!(named_below(&files, "team").unwrap(), &all[1..]);
        assert_eq!(named_below(&files, "a").unwrap(), ["a"]);
        assert_eq!(named_below(&files, "a/apiproxy").unwrap(), ["a/apiproxy"]);
        assert_eq!(named_below(&files, "team/g.xml").unwrap(), ["team/g.xml"]);
        let error = named_below(&["a/b/c.txt"], "a").unwrap_err();
        assert!(error.starts_with("a is no bundle, and no folder of bundles"), "{error}");
    }

    #[test]
    fn the_search_is_bounded_in_depth() {
        let at = |folders: usize| format!("{}x/apiproxy/x.xml", "d/".repeat(folders));
        assert_eq!(named_below(&[&at(DEPTH_MAX)], "").unwrap().len(), 1);
        assert!(named_below(&[&at(DEPTH_MAX + 1)], "").is_err());
    }
}
