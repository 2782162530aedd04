//! A bundle in a folder. Symbolic links are never followed, so that a bundle cannot name
//! files of the machine that it is put on.

use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use bytes::Bytes;

use crate::bundle::contents::{Contents, is_ignored, size};
use crate::bundle::{BundleError, BundleKind, Limits};

/// The root folder's kind, and the folder that holds it.
pub(super) fn find_root(path: &Path) -> Result<(BundleKind, PathBuf), BundleError> {
    let mut found = None;
    for kind in BundleKind::ALL {
        match fs::symlink_metadata(path.join(kind.root())) {
            Ok(metadata) if metadata.is_symlink() => {
                let (path, entry) = (path.to_owned(), kind.root().to_owned());
                return Err(BundleError::EntryIsLink { path, entry });
            }
            Ok(metadata) if !metadata.is_dir() => {}
            Ok(_) if found.is_some() => {
                return Err(BundleError::TwoRoots { path: path.to_owned() });
            }
            Ok(_) => found = Some(kind),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(BundleError::Read { path: path.to_owned(), source }),
        }
    }
    if let Some(kind) = found {
        return Ok((kind, path.to_owned()));
    }
    // `.` and what ends in `..` have a name only once they are resolved.
    let own = match path.file_name() {
        Some(_) => path.to_owned(),
        None => fs::canonicalize(path)
            .map_err(|source| BundleError::Read { path: path.to_owned(), source })?,
    };
    let kind = BundleKind::ALL
        .into_iter()
        .find(|kind| own.file_name().is_some_and(|name| name == kind.root()));
    match (kind, own.parent()) {
        (Some(kind), Some(parent)) => Ok((kind, parent.to_owned())),
        _ => Err(BundleError::NoRoot { path: path.to_owned() }),
    }
}

/// Reads the folder `parent`/`root` into `contents`.
pub(super) fn read(parent: &Path, root: &str, contents: &mut Contents) -> Result<(), BundleError> {
    let mut entries = 0;
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let listed = fs::read_dir(parent.join(&folder))
            .map_err(|source| unreadable(parent, &folder, source))?;
        for item in listed {
            let item = item.map_err(|source| unreadable(parent, &folder, source))?;
            entries += 1;
            contents.check_entries(entries)?;
            let name = item.file_name();
            let entry = format!("{folder}/{}", name.to_string_lossy());
            if name.to_str().is_none() {
                let (path, fault) = (parent.to_owned(), "bytes that are not UTF-8");
                return Err(BundleError::EntryName { path, entry, fault });
            }
            if is_ignored(&entry) {
                continue;
            }
            contents.check_name(&entry)?;
            let path = item.path();
            let metadata =
                fs::symlink_metadata(&path).map_err(|source| unreadable(parent, &entry, source))?;
            if metadata.is_dir() {
                contents.add_folder(&entry)?;
                folders.push(entry);
            } else {
                read_file(parent, entry, &metadata, contents)?;
            }
        }
    }
    Ok(())
}

fn read_file(
    parent: &Path,
    entry: String,
    seen: &Metadata,
    contents: &mut Contents,
) -> Result<(), BundleError> {
    let path = parent.to_owned();
    if seen.is_symlink() {
        return Err(BundleError::EntryIsLink { path, entry });
    }
    if !seen.is_file() {
        return Err(BundleError::EntryNotFile { path, entry });
    }
    let mut file =
        open(&parent.join(&entry)).map_err(|source| unreadable(parent, &entry, source))?;
    let metadata = file.metadata().map_err(|source| unreadable(parent, &entry, source))?;
    if !is_same_file(seen, &metadata) {
        return Err(BundleError::EntryChanged { path, entry });
    }
    let read = contents.add_file(&entry, None, &mut file)?;
    let after = file.metadata().map_err(|source| unreadable(parent, &entry, source))?;
    if read != after.len() || seen.modified().ok() != after.modified().ok() {
        return Err(BundleError::EntryChanged { path, entry });
    }
    Ok(())
}

/// A file beside the root folder, where there is one that is no link, or why it is not read.
pub(super) fn read_beside(
    parent: &Path,
    name: &str,
    limit_bytes: u64,
) -> Option<Result<Bytes, String>> {
    let path = parent.join(name);
    let is_file = fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_file());
    is_file.then(|| {
        read_whole(&path, limit_bytes).map_err(|error| match error {
            BundleError::PackedTooLarge { .. } => {
                format!("`{name}` has more than {limit_bytes} bytes, and is not read")
            }
            other => other.to_string(),
        })
    })
}

/// The content of a file that stands by itself: a zip, or a bare policy.
pub(super) fn read_whole(path: &Path, limit_bytes: u64) -> Result<Bytes, BundleError> {
    let failed = |source| BundleError::Read { path: path.to_owned(), source };
    let file = open(path).map_err(failed)?;
    if !file.metadata().map_err(failed)?.is_file() {
        return Err(failed(io::Error::other("it is no file")));
    }
    let mut content = Vec::new();
    file.take(limit_bytes.saturating_add(1)).read_to_end(&mut content).map_err(failed)?;
    let packed_bytes = size(content.len());
    if packed_bytes > limit_bytes {
        let path = path.to_owned();
        return Err(BundleError::PackedTooLarge { path, packed_bytes, limit_bytes });
    }
    Ok(content.into())
}

/// A bundle of one file; its entry name is the file's own.
pub(super) fn read_single(
    path: &Path,
    limits: &Limits,
    contents: &mut Contents,
) -> Result<(), BundleError> {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
        let (entry, fault) = (path.to_string_lossy().into_owned(), "bytes that are not UTF-8");
        return Err(BundleError::EntryName { path: path.to_owned(), entry, fault });
    };
    contents.check_name(name)?;
    let content = read_whole(path, limits.file_bytes_max)?;
    contents.add_file(name, None, &mut content.as_ref())?;
    Ok(())
}

fn unreadable(parent: &Path, entry: &str, source: io::Error) -> BundleError {
    BundleError::EntryRead { path: parent.to_owned(), entry: entry.to_owned(), source }
}

#[expect(clippy::disallowed_methods, reason = "bundle files are read here")]
fn open(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// False where a link or another file took the place of the one that was looked at.
#[cfg(unix)]
fn is_same_file(seen: &Metadata, opened: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    seen.dev() == opened.dev() && seen.ino() == opened.ino() && opened.is_file()
}

#[cfg(not(unix))]
fn is_same_file(seen: &Metadata, opened: &Metadata) -> bool {
    seen.len() == opened.len() && opened.is_file()
}
