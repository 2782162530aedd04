//! Collects the files of a bundle, whatever they come from, under [`Limits`].
//!
//! Entry names are paths with `/` that begin with the bundle's root folder.

use std::collections::{BTreeMap, HashSet};
use std::io::Read;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use crate::bundle::{BundleError, Limits};

/// Entries named so are no part of a bundle: `.DS_Store`, `.git`, `__MACOSX`, backups.
pub(super) fn is_ignored(entry: &str) -> bool {
    entry.split('/').any(|part| part == "__MACOSX" || part.starts_with('.') || part.ends_with('~'))
}

pub(super) struct Contents<'l> {
    path: PathBuf,
    limits: &'l Limits,
    files: BTreeMap<String, Bytes>,
    folders: HashSet<String>,
    unpacked_bytes: u64,
}

impl<'l> Contents<'l> {
    pub(super) fn new(path: &Path, limits: &'l Limits) -> Self {
        Self {
            path: path.to_owned(),
            limits,
            files: BTreeMap::new(),
            folders: HashSet::new(),
            unpacked_bytes: 0,
        }
    }

    /// All files by their whole entry names.
    pub(super) fn into_files(self) -> Result<BTreeMap<String, Bytes>, BundleError> {
        if self.files.is_empty() {
            return Err(BundleError::Empty { path: self.path });
        }
        Ok(self.files)
    }

    /// Refuses a name that could mean a place outside of the bundle, or that is too long.
    pub(super) fn check_name(&self, entry: &str) -> Result<(), BundleError> {
        let (path, name) = (self.path.clone(), entry.to_owned());
        let path_bytes = entry.len();
        if path_bytes > self.limits.path_bytes_max {
            let limit_bytes = self.limits.path_bytes_max;
            return Err(BundleError::EntryPathTooLong {
                path,
                entry: name,
                path_bytes,
                limit_bytes,
            });
        }
        let has_drive = entry.as_bytes().get(1) == Some(&b':')
            && entry.as_bytes().first().is_some_and(u8::is_ascii_alphabetic);
        if entry.starts_with('/')
            || has_drive
            || entry.contains('\\')
            || entry.split('/').any(|part| part == "..")
        {
            return Err(BundleError::EntryEscapes { path, entry: name });
        }
        let inside = entry.strip_suffix('/').unwrap_or(entry);
        let fault = if entry.chars().any(char::is_control) {
            Some("a control character")
        } else if inside.split('/').any(str::is_empty) {
            Some("an empty part")
        } else if inside.split('/').any(|part| part == ".") {
            Some("a part that is a dot")
        } else {
            None
        };
        if let Some(fault) = fault {
            return Err(BundleError::EntryName { path, entry: name, fault });
        }
        let (levels, limit) = (inside.split('/').count(), self.limits.nesting_max);
        if levels > limit {
            return Err(BundleError::EntryTooDeep { path, entry: name, levels, limit });
        }
        Ok(())
    }

    pub(super) fn check_entries(&self, entries: u64) -> Result<(), BundleError> {
        let limit = self.limits.entries_max;
        if usize::try_from(entries).is_ok_and(|entries| entries <= limit) {
            return Ok(());
        }
        Err(BundleError::TooManyEntries { path: self.path.clone(), entries, limit })
    }

    /// A folder that stands in the bundle by itself; its name has no `/` at the end.
    pub(super) fn add_folder(&mut self, entry: &str) -> Result<(), BundleError> {
        if self.files.contains_key(entry) || !self.enter_folders(entry) {
            return Err(self.twice(entry));
        }
        self.folders.insert(entry.to_owned());
        Ok(())
    }

    /// Reads a file to its end, or to the first limit that it breaks. `packed_bytes` is
    /// what it takes in a zip.
    pub(super) fn add_file(
        &mut self,
        entry: &str,
        packed_bytes: Option<u64>,
        reader: &mut dyn Read,
    ) -> Result<u64, BundleError> {
        if self.files.contains_key(entry)
            || self.folders.contains(entry)
            || !self.enter_folders(entry)
        {
            return Err(self.twice(entry));
        }
        let content = self.read(entry, packed_bytes, reader)?;
        let length = size(content.len());
        self.unpacked_bytes = self.unpacked_bytes.saturating_add(length);
        self.files.insert(entry.to_owned(), content.into());
        Ok(length)
    }

    fn read(
        &self,
        entry: &str,
        packed_bytes: Option<u64>,
        reader: &mut dyn Read,
    ) -> Result<Box<[u8]>, BundleError> {
        const CHUNK_BYTES: u64 = 32 * 1024;
        // Most files fit at once; reading to the end of an empty vector begins with 32 bytes.
        const START_BYTES: usize = 8 * 1024;
        let limits = self.limits;
        let mut content = Vec::with_capacity(START_BYTES);
        loop {
            let read = reader.take(CHUNK_BYTES).read_to_end(&mut content).map_err(|source| {
                let (path, entry) = (self.path.clone(), entry.to_owned());
                BundleError::EntryRead { path, entry, source }
            })?;
            let unpacked_bytes = size(content.len());
            let (path, limit_bytes) = (self.path.clone(), limits.file_bytes_max);
            if unpacked_bytes > limit_bytes {
                let entry = entry.to_owned();
                return Err(BundleError::EntryTooLarge {
                    path,
                    entry,
                    unpacked_bytes,
                    limit_bytes,
                });
            }
            let (total, limit_bytes) =
                (self.unpacked_bytes.saturating_add(unpacked_bytes), limits.unpacked_bytes_max);
            if total > limit_bytes {
                return Err(BundleError::TooLarge { path, unpacked_bytes: total, limit_bytes });
            }
            if let Some(packed_bytes) = packed_bytes
                && unpacked_bytes > limits.ratio_from_bytes
                && unpacked_bytes > packed_bytes.saturating_mul(limits.ratio_max)
            {
                let (entry, limit) = (entry.to_owned(), limits.ratio_max);
                return Err(BundleError::EntryRatio {
                    path,
                    entry,
                    packed_bytes,
                    unpacked_bytes,
                    limit,
                });
            }
            if read == 0 {
                return Ok(content.into_boxed_slice());
            }
        }
    }

    /// Notes the folders above an entry; false where one of them is a file.
    fn enter_folders(&mut self, entry: &str) -> bool {
        for (at, _) in entry.match_indices('/') {
            let Some(folder) = entry.get(..at) else { continue };
            if self.files.contains_key(folder) {
                return false;
            }
            if !self.folders.contains(folder) {
                self.folders.insert(folder.to_owned());
            }
        }
        true
    }

    fn twice(&self, entry: &str) -> BundleError {
        BundleError::EntryTwice { path: self.path.clone(), entry: entry.to_owned() }
    }
}

pub(super) fn size(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}
