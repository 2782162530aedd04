//! One look at the watched folders: names, sizes and times, no contents.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::bundle::BundleKind;
use crate::deploy::watch::{Entry, EntryKind};

/// A folder that holds more is not looked at until it holds fewer.
const ENTRIES_MAX: usize = 10_000;
/// Files and folders of one entry that count; a bundle has a limit of its own below this one.
const FILES_MAX: usize = 20_000;
/// How deep the folders of one entry count.
const DEPTH_MAX: usize = 32;

/// The folder in which a bare XML is an environment policy.
const POLICIES: &str = "policies";

/// What is where an entry is; two that differ are two contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fingerprint(pub(super) u64);

/// A device, the inode on it, and when it was made: a new folder may get an old inode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FolderId(u64, u64, Option<SystemTime>);

/// All entries of the watched folders.
#[derive(Debug, Default)]
pub(super) struct Scan {
    pub(super) entries: BTreeMap<PathBuf, (EntryKind, Fingerprint)>,
    /// Folders that could not be read: nothing is known of their entries.
    pub(super) unknown: Vec<PathBuf>,
    /// What is not looked at, and why.
    pub(super) left_out: Vec<(PathBuf, String)>,
}

pub(super) fn scan(folders: &[PathBuf]) -> Scan {
    let mut found = Scan::default();
    for folder in folders {
        match entries(folder) {
            Ok(listing) => {
                found.left_out.extend(listing.left_out);
                for Entry { path, kind } in listing.entries {
                    let fingerprint = fingerprint(&path, kind);
                    found.entries.insert(path, (kind, fingerprint));
                }
            }
            Err(error) => {
                found.left_out.push((folder.clone(), error.to_string()));
                found.unknown.push(folder.clone());
            }
        }
    }
    found
}

/// The entries of one folder by path.
pub(super) struct Listing {
    pub(super) entries: Vec<Entry>,
    pub(super) left_out: Vec<(PathBuf, String)>,
}

/// A folder that is missing has no entries. Names that begin with a dot are left alone.
pub(super) fn entries(folder: &Path) -> io::Result<Listing> {
    let mut listing = Listing { entries: Vec::new(), left_out: Vec::new() };
    let files = match fs::read_dir(folder) {
        Ok(files) => files,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(listing),
        Err(error) => return Err(error),
    };
    let takes_policies = folder.file_name().is_some_and(|name| name == POLICIES);
    for (count, file) in files.enumerate() {
        if count >= ENTRIES_MAX {
            return Err(io::Error::other(format!("it holds more than {ENTRIES_MAX} entries")));
        }
        let file = file?;
        if file.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        // It may be gone by now, which the next scan sees.
        let Ok(kind) = file.file_type() else { continue };
        let path = file.path();
        if kind.is_symlink() {
            listing.left_out.push((path, "it is a symbolic link".to_owned()));
        } else if let Some(kind) = entry_kind(&path, kind.is_dir(), takes_policies) {
            listing.entries.push(Entry { path, kind });
        }
    }
    listing.entries.sort();
    Ok(listing)
}

fn entry_kind(path: &Path, is_folder: bool, takes_policies: bool) -> Option<EntryKind> {
    if is_folder {
        return holds_bundle(path).then_some(EntryKind::Folder);
    }
    let extension = path.extension()?;
    if extension.eq_ignore_ascii_case("zip") {
        Some(EntryKind::Zip)
    } else if takes_policies && extension == "xml" {
        Some(EntryKind::Policy)
    } else {
        None
    }
}

pub(super) fn holds_bundle(folder: &Path) -> bool {
    let is_root = |root: &str| {
        fs::symlink_metadata(folder.join(root)).is_ok_and(|metadata| metadata.is_dir())
    };
    BundleKind::ALL.into_iter().any(|kind| is_root(kind.root()))
}

/// What the watcher holds on to; `None` where there is no folder.
pub(super) fn folder_id(folder: &Path) -> Option<FolderId> {
    let metadata = fs::metadata(folder).ok().filter(Metadata::is_dir)?;
    Some(FolderId(metadata.dev(), metadata.ino(), metadata.created().ok()))
}

/// Whether a zip's directory, which stands at its end, has arrived.
pub(super) fn is_whole(path: &Path) -> bool {
    #[expect(clippy::disallowed_methods, reason = "asks only for the zip's directory")]
    let file = fs::File::open(path);
    file.is_ok_and(|file| zip::ZipArchive::new(io::BufReader::new(file)).is_ok())
}

fn fingerprint(path: &Path, kind: EntryKind) -> Fingerprint {
    let mut hash = DefaultHasher::new();
    kind.hash(&mut hash);
    let mut left = FILES_MAX;
    hash_file(path, 0, &mut left, &mut hash);
    Fingerprint(hash.finish())
}

/// What cannot be read counts as the error that it gives; opening the bundle will tell.
fn hash_file(path: &Path, depth: usize, left: &mut usize, hash: &mut DefaultHasher) {
    path.file_name().hash(hash);
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) => return error.raw_os_error().hash(hash),
    };
    metadata.mode().hash(hash);
    metadata.ino().hash(hash);
    if !metadata.is_dir() {
        metadata.size().hash(hash);
        (metadata.mtime(), metadata.mtime_nsec()).hash(hash);
        return;
    }
    if depth >= DEPTH_MAX {
        return;
    }
    match names(path, left) {
        Ok(paths) => {
            paths.len().hash(hash);
            for path in paths {
                hash_file(&path, depth + 1, left, hash);
            }
        }
        Err(error) => error.raw_os_error().hash(hash),
    }
}

fn names(folder: &Path, left: &mut usize) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for file in fs::read_dir(folder)?.take(*left) {
        paths.push(file?.path());
    }
    *left = left.saturating_sub(paths.len());
    paths.sort();
    Ok(paths)
}
