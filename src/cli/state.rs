//! The folder of the gateway's own files: mode 0700, one gateway at a time.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read};
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Holds the folder's lock until it is dropped or the process ends.
#[derive(Debug)]
pub struct StateDir {
    path: PathBuf,
    /// The lock is the open file's.
    _lock: File,
}

/// Why the folder is not this gateway's.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    #[error("cannot use {} as the state folder; name another one with --state", path.display())]
    Unusable { path: PathBuf, source: io::Error },
    #[error("another gateway uses the state folder {}; stop it, or name another folder with --state",
            path.display())]
    Taken { path: PathBuf },
    #[error("others may read {}, and it holds files that are not Tollgate's; \
             close it with chmod 700, or name another folder with --state", path.display())]
    Open { path: PathBuf },
}

/// Its owner's alone: the folder holds credentials and keys.
const FOLDER_MODE: u32 = 0o700;
const LOCK_MODE: u32 = 0o600;
const LOCK: &str = "lock";
/// Where the running gateway's admin listener is.
const ADMIN: &str = "admin.addr";
const ADDRESS_BYTES_MAX: u64 = 64;

impl StateDir {
    /// Makes the folder where it is missing, closes it to others, and locks it.
    pub fn open(path: &Path) -> Result<Self, StateError> {
        let failed = |source| StateError::Unusable { path: path.to_owned(), source };
        let made = fs::DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(path);
        made.map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists => failed(io::Error::other("it is no folder")),
            _ => failed(source),
        })?;
        if is_open_to_others(path).map_err(failed)? {
            if !is_ours(path).map_err(failed)? {
                return Err(StateError::Open { path: path.to_owned() });
            }
            tracing::warn!(folder = %path.display(), "the state folder was open to others; closed");
            fs::set_permissions(path, fs::Permissions::from_mode(FOLDER_MODE)).map_err(failed)?;
        }
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(LOCK_MODE)
            .open(path.join(LOCK))
            .map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(StateError::Taken { path: path.to_owned() }),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Leaves the admin listener's address for other commands of this folder.
    pub fn tell_admin_address(&self, address: SocketAddr) -> io::Result<()> {
        fs::write(self.path.join(ADMIN), address.to_string())
    }

    /// What the gateway of that folder told last.
    pub fn admin_address(path: &Path) -> Option<SocketAddr> {
        let file = OpenOptions::new().read(true).open(path.join(ADMIN)).ok()?;
        let mut text = String::new();
        file.take(ADDRESS_BYTES_MAX).read_to_string(&mut text).ok()?;
        text.parse().ok()
    }
}

fn is_open_to_others(path: &Path) -> io::Result<bool> {
    Ok(fs::metadata(path)?.permissions().mode() & 0o077 != 0)
}

/// A folder with a lock is one that a gateway made; an empty one may be taken over.
fn is_ours(path: &Path) -> io::Result<bool> {
    Ok(path.join(LOCK).exists() || fs::read_dir(path)?.next().is_none())
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    #[test]
    fn a_folder_serves_one_gateway() {
        let root = TempDir::new().expect("a folder");
        let path = root.path().join("deep/state");
        let first = StateDir::open(&path).expect("it is free");
        let error = StateDir::open(&path).expect_err("it is taken");
        assert!(matches!(&error, StateError::Taken { .. }), "{error}");
        drop(first);
        assert_eq!(StateDir::open(&path).expect("it is free again").path(), path);
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("it is there").permissions().mode() & 0o777
    }

    fn open_to_others(path: &Path) {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("it is opened");
    }

    #[test]
    fn a_folder_is_closed_to_others() {
        let root = TempDir::new().expect("a folder");
        let path = root.path().join("state");
        StateDir::open(&path).expect("it is free");
        assert_eq!(mode(&path), 0o700);
        assert_eq!(mode(&path.join(LOCK)), 0o600);
        open_to_others(&path);
        StateDir::open(&path).expect("it is free");
        assert_eq!(mode(&path), 0o700);
    }

    #[test]
    fn a_folder_of_others_is_left_alone() {
        let root = TempDir::new().expect("a folder");
        fs::create_dir(root.path().join("theirs")).expect("it is made");
        open_to_others(root.path());
        let error = StateDir::open(root.path()).expect_err("it is not ours");
        assert!(matches!(error, StateError::Open { .. }), "{error}");
        assert_eq!(mode(root.path()), 0o755);
    }

    #[test]
    fn a_file_in_its_place_is_refused() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let error = StateDir::open(file.path()).expect_err("it is no folder");
        assert!(matches!(error, StateError::Unusable { .. }), "{error}");
    }
}
