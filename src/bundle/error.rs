//! Why a bundle cannot be opened, and the limits that it must keep.

use std::io;
use std::path::PathBuf;

use zip::result::ZipError;

const MIB: u64 = 1024 * 1024;

/// What a bundle may cost before it is understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The size of a zip (Apigee docs, "Limits": 15 MB).
    pub packed_bytes_max: u64,
    /// All files together.
    pub unpacked_bytes_max: u64,
    /// One file (Apigee docs, "Limits": 15 MB for a resource).
    pub file_bytes_max: u64,
    /// Files and folders, whether they are read or ignored.
    pub entries_max: usize,
    /// Parts of an entry's path, the root folder and the file's own name included.
    pub nesting_max: usize,
    /// Bytes of an entry's path.
    pub path_bytes_max: usize,
    /// How many bytes one packed byte may become, once a file is over `ratio_from_bytes`.
    pub ratio_max: u64,
    pub ratio_from_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            packed_bytes_max: 15 * MIB,
            unpacked_bytes_max: 60 * MIB,
            file_bytes_max: 15 * MIB,
            entries_max: 5000,
            nesting_max: 16,
            path_bytes_max: 255 * 4,
            ratio_max: 200,
            ratio_from_bytes: MIB,
        }
    }
}

/// Why a bundle could not be opened at all. A mistake inside one of its files is a
/// `Diagnostic`, not one of these. Where the platform's words are known they come first.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    #[error("cannot read {}: {source}; check that it exists and may be read", shown(path))]
    Read { path: PathBuf, source: io::Error },
    #[error("Bundle is invalid. Empty bundle: {} holds no files; add a manifest", shown(path))]
    Empty { path: PathBuf },
    #[error(
        "Bundle is invalid. Unable to read/find APIProxy contents: {} holds neither apiproxy/ nor \
         sharedflowbundle/; put the bundle's files into one of them",
        shown(path)
    )]
    NoRoot { path: PathBuf },
    #[error("{} holds both apiproxy/ and sharedflowbundle/; make two bundles of them", shown(path))]
    TwoRoots { path: PathBuf },
    #[error("{} is not a zip; name a folder or a zip that holds apiproxy/", shown(path))]
    NotZip { path: PathBuf },
    /// The start of a zip whose end is missing, as while it is being copied.
    #[error(
        "{} is not a whole zip: its end is missing; wait for it, or copy it again",
        shown(path)
    )]
    Incomplete { path: PathBuf },
    #[error("{} is a damaged zip: {source}; make it again", shown(path))]
    Damaged { path: PathBuf, source: ZipError },
    #[error(
        "{} has {packed_bytes} bytes or more; the limit is {limit_bytes}; leave files out",
        shown(path)
    )]
    PackedTooLarge { path: PathBuf, packed_bytes: u64, limit_bytes: u64 },
    #[error(
        "{} unpacks to {unpacked_bytes} bytes or more; the limit is {limit_bytes}; leave files out",
        shown(path)
    )]
    TooLarge { path: PathBuf, unpacked_bytes: u64, limit_bytes: u64 },
    #[error("{} has {entries} entries or more; the limit is {limit}; leave files out", shown(path))]
    TooManyEntries { path: PathBuf, entries: u64, limit: usize },
    #[error(
        "entry {} of {} has {unpacked_bytes} bytes or more; the limit is {limit_bytes}; make it \
         smaller",
        plain(entry),
        shown(path)
    )]
    EntryTooLarge { path: PathBuf, entry: String, unpacked_bytes: u64, limit_bytes: u64 },
    #[error(
        "entry {} of {} unpacks from {packed_bytes} bytes to {unpacked_bytes} or more, over the \
         limit of {limit} to 1; make it smaller",
        plain(entry),
        shown(path)
    )]
    EntryRatio { path: PathBuf, entry: String, packed_bytes: u64, unpacked_bytes: u64, limit: u64 },
    #[error(
        "entry {} of {} lies {levels} levels deep; the limit is {limit}; move it up",
        plain(entry),
        shown(path)
    )]
    EntryTooDeep { path: PathBuf, entry: String, levels: usize, limit: usize },
    #[error(
        "entry {} of {} has a path of {path_bytes} bytes; the limit is {limit_bytes}; shorten it",
        plain(&start(entry)),
        shown(path)
    )]
    EntryPathTooLong { path: PathBuf, entry: String, path_bytes: usize, limit_bytes: usize },
    #[error(
        "zip entry in bundle is outside the bundle root: {} of {} leaves its folder; give it \
         a path inside",
        plain(entry),
        shown(path)
    )]
    EntryEscapes { path: PathBuf, entry: String },
    #[error(
        "zip entry in bundle is outside the bundle root: {} of {} lies beside {root}/; leave it out",
        plain(entry),
        shown(path)
    )]
    EntryForeign { path: PathBuf, entry: String, root: &'static str },
    #[error("entry {} of {} has {fault} in its path; rename it", plain(entry), shown(path))]
    EntryName { path: PathBuf, entry: String, fault: &'static str },
    #[error(
        "entry {} of {} is a symbolic link; put a copy in its place",
        plain(entry),
        shown(path)
    )]
    EntryIsLink { path: PathBuf, entry: String },
    #[error("entry {} of {} is neither a file nor a folder; remove it", plain(entry), shown(path))]
    EntryNotFile { path: PathBuf, entry: String },
    #[error("entry {} of {} is there twice; keep one", plain(entry), shown(path))]
    EntryTwice { path: PathBuf, entry: String },
    #[error("entry {} of {} is encrypted; zip it without a password", plain(entry), shown(path))]
    EntryEncrypted { path: PathBuf, entry: String },
    #[error(
        "entry {} of {} is packed by {method}; only stored and deflated are read; zip it again",
        plain(entry),
        shown(path)
    )]
    EntryMethod { path: PathBuf, entry: String, method: String },
    #[error("cannot read entry {} of {}: {source}; make it again", plain(entry), shown(path))]
    EntryRead { path: PathBuf, entry: String, source: io::Error },
    #[error("entry {} of {} changed while it was read; try again", plain(entry), shown(path))]
    EntryChanged { path: PathBuf, entry: String },
}

fn shown(path: &std::path::Path) -> String {
    plain(&path.to_string_lossy())
}

/// Nothing in a name may steer the terminal or the log that it is shown in.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

fn start(entry: &str) -> String {
    const SHOWN_CHARS_MAX: usize = 64;
    entry.chars().take(SHOWN_CHARS_MAX).chain("...".chars()).collect()
}
