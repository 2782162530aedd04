//! A bundle in a zip. No size that the zip says of itself is believed.
//!
//! Source: PKWARE APPNOTE 6.3.10, sections 4.3.12 (directory), 4.3.14 to 4.3.16 (its end).

use std::io::Cursor;
use std::path::Path;

use bytes::Bytes;
use zip::read::{ArchiveOffset, Config};
use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive};

use crate::bundle::contents::{Contents, is_ignored};
use crate::bundle::{BundleError, BundleKind};

/// An entry that belongs to the bundle; a folder's name has no `/` at the end.
struct Listed {
    index: usize,
    name: String,
    is_folder: bool,
}

pub(super) fn read(
    path: &Path,
    packed: Bytes,
    contents: &mut Contents,
) -> Result<BundleKind, BundleError> {
    let Some(end) = find_end(&packed) else {
        let path = path.to_owned();
        let is_start = packed.starts_with(b"PK\x03\x04") || b"PK\x03\x04".starts_with(&packed);
        return Err(if is_start {
            BundleError::Incomplete { path }
        } else {
            BundleError::NotZip { path }
        });
    };
    contents.check_entries(end.entries)?;
    let damaged = |source| BundleError::Damaged { path: path.to_owned(), source };
    let config = Config { archive_offset: ArchiveOffset::Known(0) };
    let mut archive =
        ZipArchive::with_config(config, Cursor::new(packed.clone())).map_err(damaged)?;
    contents.check_entries(super::contents::size(archive.len()))?;
    if archive.has_duplicate_names() {
        let entry = doubled_name(&packed, end.directory_start).unwrap_or_default();
        return Err(BundleError::EntryTwice { path: path.to_owned(), entry });
    }
    let listed = list(path, &archive, contents)?;
    let kind = root_of(path, &listed)?;
    for Listed { index, name, is_folder } in listed {
        if is_folder {
            if name != kind.root() {
                contents.add_folder(&name)?;
            }
            continue;
        }
        let mut file = archive.by_index(index).map_err(|source| match source {
            ZipError::Io(source) => {
                BundleError::EntryRead { path: path.to_owned(), entry: name.clone(), source }
            }
            source => damaged(source),
        })?;
        let packed_bytes = file.compressed_size();
        contents.add_file(&name, Some(packed_bytes), &mut file)?;
    }
    Ok(kind)
}

/// Checks every entry by what the directory says of it, before anything is unpacked.
fn list(
    path: &Path,
    archive: &ZipArchive<Cursor<Bytes>>,
    contents: &Contents,
) -> Result<Vec<Listed>, BundleError> {
    const MODE_KIND: u32 = 0o170_000;
    const MODE_FILE: u32 = 0o100_000;
    const MODE_FOLDER: u32 = 0o040_000;
    const MODE_LINK: u32 = 0o120_000;
    let mut listed = Vec::new();
    for index in 0..archive.len() {
        let damaged = |source| BundleError::Damaged { path: path.to_owned(), source };
        let file = archive.by_index_data(index).map_err(damaged)?;
        let name = file.name().map_err(damaged)?.into_owned();
        contents.check_name(&name)?;
        if is_ignored(&name) {
            continue;
        }
        let (path, entry) = (path.to_owned(), name.clone());
        let kind = file.unix_mode().map_or(0, |mode| mode & MODE_KIND);
        if kind == MODE_LINK || file.is_symlink() {
            return Err(BundleError::EntryIsLink { path, entry });
        }
        if ![0, MODE_FILE, MODE_FOLDER].contains(&kind) {
            return Err(BundleError::EntryNotFile { path, entry });
        }
        if file.encrypted() {
            return Err(BundleError::EntryEncrypted { path, entry });
        }
        match file.compression() {
            CompressionMethod::Stored | CompressionMethod::Deflated => {}
            other => {
                let method = other.to_string();
                return Err(BundleError::EntryMethod { path, entry, method });
            }
        }
        let is_folder = name.ends_with('/');
        let name = name.strip_suffix('/').unwrap_or(&name).to_owned();
        listed.push(Listed { index, name, is_folder });
    }
    Ok(listed)
}

/// The one root folder; every entry must lie in it.
fn root_of(path: &Path, listed: &[Listed]) -> Result<BundleKind, BundleError> {
    let path = path.to_owned();
    if listed.is_empty() {
        return Err(BundleError::Empty { path });
    }
    let lies_in = |entry: &Listed, kind: BundleKind| match entry.name.strip_prefix(kind.root()) {
        Some("") => entry.is_folder,
        Some(rest) => rest.starts_with('/'),
        None => false,
    };
    let has = |kind| listed.iter().any(|entry| lies_in(entry, kind));
    let kind = match (has(BundleKind::Proxy), has(BundleKind::SharedFlow)) {
        (true, true) => return Err(BundleError::TwoRoots { path }),
        (false, false) => return Err(BundleError::NoRoot { path }),
        (true, false) => BundleKind::Proxy,
        (false, true) => BundleKind::SharedFlow,
    };
    match listed.iter().find(|entry| !lies_in(entry, kind)) {
        Some(Listed { name, .. }) => {
            Err(BundleError::EntryForeign { path, entry: name.clone(), root: kind.root() })
        }
        None => Ok(kind),
    }
}

struct End {
    entries: u64,
    directory_start: usize,
}

/// The end record, if it ends the file and the directory stands right before it. A zip cut
/// short just behind a zip that it holds has an end record too, and is told apart by that.
fn find_end(packed: &[u8]) -> Option<End> {
    const END_BYTES: usize = 22;
    const LOCATOR_BYTES: usize = 20;
    const COMMENT_BYTES_MAX: usize = 0xFFFF;
    let last = packed.len().checked_sub(END_BYTES)?;
    let at = (last.saturating_sub(COMMENT_BYTES_MAX)..=last).rev().find(|at| {
        packed.get(*at..*at + 4) == Some(b"PK\x05\x06".as_slice())
            && number(packed, at + 20, 2) == Some(super::contents::size(last - at))
    })?;
    let long = at
        .checked_sub(LOCATOR_BYTES)
        .filter(|locator| packed.get(*locator..*locator + 4) == Some(b"PK\x06\x07".as_slice()))
        .and_then(|locator| usize::try_from(number(packed, locator + 8, 8)?).ok())
        .filter(|record| packed.get(*record..record.saturating_add(4)) == Some(b"PK\x06\x06"));
    let (end_of_directory, entries, bytes, start) = match long {
        Some(record) => (
            record,
            number(packed, record + 32, 8)?,
            number(packed, record + 40, 8)?,
            number(packed, record + 48, 8)?,
        ),
        None => (
            at,
            number(packed, at + 10, 2)?,
            number(packed, at + 12, 4)?,
            number(packed, at + 16, 4)?,
        ),
    };
    let end = start.checked_add(bytes)?;
    (usize::try_from(end).ok()? == end_of_directory)
        .then_some(End { entries, directory_start: usize::try_from(start).ok()? })
}

/// The first name that the directory holds a second time.
fn doubled_name(packed: &[u8], start: usize) -> Option<String> {
    const HEADER_BYTES: usize = 46;
    let mut seen = std::collections::HashSet::new();
    let mut at = start;
    while packed.get(at..at + 4) == Some(b"PK\x01\x02".as_slice()) {
        let length = |field| usize::try_from(number(packed, at + field, 2)?).ok();
        let name_end = at + HEADER_BYTES + length(28)?;
        let name = packed.get(at + HEADER_BYTES..name_end)?;
        if !seen.insert(name) {
            return Some(String::from_utf8_lossy(name).into_owned());
        }
        at = name_end + length(30)? + length(32)?;
    }
    None
}

/// A little-endian number of up to eight bytes.
fn number(packed: &[u8], at: usize, bytes: usize) -> Option<u64> {
    let field = packed.get(at..at.checked_add(bytes)?)?;
    Some(field.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte)))
}
