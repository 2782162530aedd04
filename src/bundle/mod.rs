//! A folder or a zip to named files. The only reader of bundle files.
//!
//! Sources: Apigee docs, "API proxy configuration reference" (layout) and "Limits";
//! apigeelint BN001 (what is ignored). A bundle is read whole, once, under [`Limits`];
//! nothing of it is read again later. Raises `GW107` for a file that is not UTF-8.

mod archive;
mod contents;
mod error;
mod folder;
mod rewrite;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::hash::{BuildHasher, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;

use crate::bundle::contents::Contents;
pub use crate::bundle::error::{BundleError, Limits};
pub use crate::bundle::rewrite::{RewriteError, replace_file};
use crate::diag::{Diagnostics, FileId, SourceMap, Span};
use crate::xml::{self, Element};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BundleKind {
    Proxy,
    SharedFlow,
}

/// A file whose content is to be another.
#[derive(Clone, Debug)]
pub struct FileChange {
    pub path: PathBuf,
    pub before: Bytes,
    pub after: Bytes,
}

/// What may stand before a file's text.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

impl BundleKind {
    pub const ALL: [Self; 2] = [Self::Proxy, Self::SharedFlow];

    /// The folder that holds everything.
    pub fn root(self) -> &'static str {
        match self {
            Self::Proxy => "apiproxy",
            Self::SharedFlow => "sharedflowbundle",
        }
    }
}

/// What apigeelint reads its options from.
const RC_FILE: &str = ".apigeelintrc";
/// A longer one is not read.
const RC_FILE_BYTES_MAX: u64 = 64 * 1024;

/// The files of one bundle, by their paths inside the root folder.
#[derive(Debug)]
pub struct Bundle {
    kind: BundleKind,
    path: PathBuf,
    /// What file names in findings start from; `None` for a zip.
    folder: Option<PathBuf>,
    display_root: String,
    /// What stands before a file's name in findings: `apiproxy/`, or nothing.
    prefix: String,
    files: BTreeMap<String, Bytes>,
    digest: u64,
    /// Of an `.apigeelintrc` beside the root folder, until it is asked for.
    rc_file: Option<Result<Bytes, String>>,
    sources: SourceMap,
    /// The texts already registered with `sources`.
    texts: HashMap<String, (FileId, Arc<str>)>,
}

impl Bundle {
    /// A folder that holds `apiproxy/` or `sharedflowbundle/`, that folder itself, or a zip
    /// with one of them. The path may be a symbolic link; nothing inside may be one.
    pub fn open(path: &Path, limits: &Limits) -> Result<Self, BundleError> {
        let metadata = fs::metadata(path)
            .map_err(|source| BundleError::Read { path: path.to_owned(), source })?;
        if !metadata.is_dir() {
            let packed = folder::read_whole(path, limits.packed_bytes_max)?;
            return Self::from_zip(path, packed, limits);
        }
        let (kind, parent) = folder::find_root(path)?;
        let mut contents = Contents::new(path, limits);
        folder::read(&parent, kind.root(), &mut contents)?;
        let prefix = format!("{}/", kind.root());
        let bundle = Self::new(kind, path, &parent, prefix, contents.into_files()?);
        let rc_file = folder::read_beside(&parent, RC_FILE, RC_FILE_BYTES_MAX);
        Ok(Self { folder: Some(parent), rc_file, ..bundle })
    }

    /// `name` stands for the path in errors and findings.
    pub fn from_zip_bytes(name: &str, packed: Bytes, limits: &Limits) -> Result<Self, BundleError> {
        let path = Path::new(name);
        if packed.is_empty() {
            return Err(BundleError::Empty { path: path.to_owned() });
        }
        Self::from_zip(path, packed, limits)
    }

    /// A bare policy file as a bundle of one file, whose name is the file's own.
    pub fn single_policy(path: &Path, limits: &Limits) -> Result<Self, BundleError> {
        let mut contents = Contents::new(path, limits);
        folder::read_single(path, limits, &mut contents)?;
        let parent = path.parent().unwrap_or(Path::new(""));
        let files = contents.into_files()?;
        let bundle = Self::new(BundleKind::Proxy, path, parent, String::new(), files);
        Ok(Self { folder: Some(parent.to_owned()), ..bundle })
    }

    fn from_zip(path: &Path, packed: Bytes, limits: &Limits) -> Result<Self, BundleError> {
        let (packed_bytes, limit_bytes) = (contents::size(packed.len()), limits.packed_bytes_max);
        if packed_bytes > limit_bytes {
            let path = path.to_owned();
            return Err(BundleError::PackedTooLarge { path, packed_bytes, limit_bytes });
        }
        let mut contents = Contents::new(path, limits);
        let kind = archive::read(path, packed, &mut contents)?;
        let prefix = format!("{}/", kind.root());
        Ok(Self::new(kind, path, path, prefix, contents.into_files()?))
    }

    fn new(
        kind: BundleKind,
        path: &Path,
        display_root: &Path,
        prefix: String,
        entries: BTreeMap<String, Bytes>,
    ) -> Self {
        let files: BTreeMap<String, Bytes> = entries
            .into_iter()
            .filter_map(|(entry, bytes)| Some((entry.strip_prefix(&prefix)?.to_owned(), bytes)))
            .collect();
        Self {
            kind,
            path: path.to_owned(),
            folder: None,
            display_root: display_root.to_string_lossy().into_owned(),
            digest: digest(kind, &files),
            prefix,
            files,
            rc_file: None,
            sources: SourceMap::default(),
            texts: HashMap::new(),
        }
    }

    /// For a bare policy without meaning: `Proxy`.
    pub fn kind(&self) -> BundleKind {
        self.kind
    }

    /// As it was given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What stands before each file name where findings are shown; empty for a file or a
    /// folder of the working directory.
    pub fn display_root(&self) -> &str {
        &self.display_root
    }

    /// Sorted paths inside the root folder, such as `policies/X.xml`.
    pub fn file_names(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    pub fn bytes(&self, name: &str) -> Option<&Bytes> {
        self.files.get(name)
    }

    /// The files below a folder, at any depth.
    pub fn in_folder(&self, folder: &str) -> impl Iterator<Item = &str> {
        let prefix = format!("{}/", folder.trim_end_matches('/'));
        self.files
            .range(prefix.clone()..)
            .map(|(name, _)| name.as_str())
            .take_while(move |name| name.starts_with(&prefix))
    }

    /// Equal for equal kinds, names and contents, in every process.
    pub fn digest(&self) -> u64 {
        self.digest
    }

    /// The text of an `.apigeelintrc` beside the root folder, or why there is none. A zip has none.
    pub fn rc_file(&mut self) -> Option<Result<(FileId, Arc<str>), String>> {
        let bytes = match self.rc_file.as_ref()? {
            Ok(bytes) => bytes,
            Err(message) => return Some(Err(message.clone())),
        };
        let Ok(text) = std::str::from_utf8(bytes) else {
            return Some(Err(format!("`{RC_FILE}` is not UTF-8")));
        };
        let text: Arc<str> = text.into();
        Some(Ok((self.sources.add(RC_FILE, Arc::clone(&text)), text)))
    }

    /// The same bundle with other texts, by the names that its [`SourceMap`] has for the files.
    pub fn with_texts(&self, texts: BTreeMap<String, String>) -> Self {
        let mut files = self.files.clone();
        for (name, text) in texts {
            let Some(bytes) = name.strip_prefix(&self.prefix).and_then(|name| files.get_mut(name))
            else {
                continue;
            };
            let mark = if bytes.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK } else { b"" };
            *bytes = [mark, text.as_bytes()].concat().into();
        }
        Self {
            kind: self.kind,
            path: self.path.clone(),
            folder: self.folder.clone(),
            display_root: self.display_root.clone(),
            prefix: self.prefix.clone(),
            digest: digest(self.kind, &files),
            files,
            rc_file: self.rc_file.clone(),
            sources: SourceMap::default(),
            texts: HashMap::new(),
        }
    }

    /// The files in which another state of the bundle differs, with what they hold here and
    /// there. Their paths are those on the disk; there are none for a zip.
    pub fn changes(&self, other: &Self) -> Vec<FileChange> {
        let Some(folder) = &self.folder else { return Vec::new() };
        let changed = self.files.iter().filter_map(|(name, before)| {
            let after = other.files.get(name).filter(|after| *after != before)?;
            let path = folder.join(format!("{}{name}", self.prefix));
            Some(FileChange { path, before: before.clone(), after: after.clone() })
        });
        changed.collect()
    }

    /// Whether its files lie in a folder, each by itself.
    pub fn is_folder(&self) -> bool {
        self.folder.is_some()
    }

    /// The texts that [`Bundle::document`] registered.
    pub fn sources(&self) -> &SourceMap {
        &self.sources
    }

    /// The texts, when the files are no longer needed.
    pub fn into_sources(self) -> SourceMap {
        self.sources
    }

    /// A text that is not XML, registered for findings. What is not UTF-8 is read as Latin-1.
    pub fn text(&mut self, name: &str) -> Option<(FileId, Arc<str>)> {
        let bytes = self.files.get(name)?;
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let text: Arc<str> = match std::str::from_utf8(bytes) {
            Ok(text) => text.into(),
            Err(_) => bytes.iter().copied().map(char::from).collect::<String>().into(),
        };
        let file = self.sources.add(format!("{}{name}", self.prefix), Arc::clone(&text));
        Some((file, text))
    }

    /// The file's root element. `None` with an error in `diags`, or without one where the
    /// bundle has no such file.
    pub fn document(&mut self, name: &str, diags: &mut Diagnostics) -> Option<Element> {
        if let Some((file, text)) = self.texts.get(name) {
            return xml::parse(*file, text, diags);
        }
        let bytes = self.files.get(name)?.clone();
        let full_name = format!("{}{name}", self.prefix);
        let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&bytes);
        if let Some(encoding) = foreign_encoding(bytes) {
            let file = self.sources.add(full_name, "".into());
            let message = format!("the file is {encoding} text; only UTF-8 is read");
            diags
                .error(xml::ENCODING, Span::file_start(file), message)
                .help("save the file as UTF-8");
            return None;
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => {
                let text: Arc<str> = text.into();
                let file = self.sources.add(full_name, Arc::clone(&text));
                self.texts.insert(name.to_owned(), (file, Arc::clone(&text)));
                xml::parse(file, &text, diags)
            }
            Err(error) => {
                // Up to the first bad byte the text shown is the file's, byte for byte.
                let text: Arc<str> = String::from_utf8_lossy(bytes).into();
                let file = self.sources.add(full_name, Arc::clone(&text));
                if xml::refuses_encoding(file, &text, diags) {
                    return None;
                }
                let at = error.valid_up_to();
                let byte = bytes.get(at).copied().unwrap_or_default();
                let span = Span::new(file, at, at + char::REPLACEMENT_CHARACTER.len_utf8());
                let message = format!("the byte 0x{byte:02X} is not UTF-8");
                diags.error(xml::ENCODING, span, message).help("save the file as UTF-8");
                None
            }
        }
    }
}

/// An encoding told by its byte order mark, or by how it writes the `<` of a first tag.
fn foreign_encoding(bytes: &[u8]) -> Option<&'static str> {
    const SIGNS: [(&[u8], &str); 8] = [
        (b"\xFF\xFE\0\0", "UTF-32"),
        (b"\0\0\xFE\xFF", "UTF-32"),
        (b"<\0\0\0", "UTF-32"),
        (b"\0\0\0<", "UTF-32"),
        (b"\xFF\xFE", "UTF-16"),
        (b"\xFE\xFF", "UTF-16"),
        (b"<\0", "UTF-16"),
        (b"\0<", "UTF-16"),
    ];
    SIGNS.iter().find(|(sign, _)| bytes.starts_with(sign)).map(|(_, name)| *name)
}

fn digest(kind: BundleKind, files: &BTreeMap<String, Bytes>) -> u64 {
    const SEED: u64 = 0x546F_6C6C_6761_7465;
    let mut hasher = foldhash::quality::FixedState::with_seed(SEED).build_hasher();
    let mut write = |part: &[u8]| {
        hasher.write_u64(contents::size(part.len()));
        hasher.write(part);
    };
    write(kind.root().as_bytes());
    for (name, bytes) in files {
        write(name.as_bytes());
        write(bytes);
    }
    hasher.finish()
}
