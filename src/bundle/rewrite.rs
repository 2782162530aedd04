//! Puts another content into a file of a bundle, at once and under the same mode.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::Builder;

use crate::bundle::FileChange;

/// Why a file was left as it was.
#[derive(Debug, thiserror::Error)]
pub enum RewriteError {
    #[error("cannot write {}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("{} changed while it was looked at; try again", path.display())]
    Changed { path: PathBuf },
}

/// The new content takes the file's place whole, or the file stays as it was. A link that the
/// path may be stays one.
pub fn replace_file(change: &FileChange) -> Result<(), RewriteError> {
    let FileChange { path, before, after } = change;
    let failed = |source| RewriteError::Write { path: path.clone(), source };
    let real = fs::canonicalize(path).map_err(failed)?;
    if read(&real).map_err(failed)? != *before {
        return Err(RewriteError::Changed { path: path.clone() });
    }
    let permissions = fs::metadata(&real).map_err(failed)?.permissions();
    if permissions.readonly() {
        return Err(failed(io::ErrorKind::PermissionDenied.into()));
    }
    let folder = real.parent().unwrap_or(Path::new("."));
    // A name that begins with a dot is no part of a bundle.
    let mut file = Builder::new().prefix(".fix-").tempfile_in(folder).map_err(failed)?;
    file.write_all(after).map_err(failed)?;
    file.as_file().set_permissions(permissions).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(&real).map_err(|error| failed(error.error))?;
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "bundle files are read here")]
fn read(path: &Path) -> io::Result<Vec<u8>> {
    fs::read(path)
}
