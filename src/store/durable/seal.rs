//! Seals values with AES-256-GCM, so that a copy of the database alone does not tell them.
//!
//! Sealed: a byte 1, 12 random bytes, the ciphertext with its tag of 16. What stands beside it
//! unsealed (its place) is authenticated, so that one value cannot be put in another's place.

use std::fs::OpenOptions;
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::rand;
use bytes::Bytes;
use tempfile::NamedTempFile;

use crate::store::durable::StoreError;

const KEY_BYTES: usize = 32;
const FORM: u8 = 1;
/// What the key's check is made of.
const CHECK: &[u8] = b"tollgate store";

/// The key of a store, and where it came from.
pub(super) struct Sealer {
    key: LessSafeKey,
    path: PathBuf,
}

impl Sealer {
    /// Reads the key of that file.
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let failed =
            |source| StoreError::KeyFile { path: path.to_owned(), source: Arc::new(source) };
        let mut file = OpenOptions::new().read(true).open(path).map_err(failed)?;
        let bytes = file.metadata().map_err(failed)?.len();
        let mut key = [0; KEY_BYTES];
        if bytes != KEY_BYTES as u64 {
            return Err(StoreError::KeyLength { path: path.to_owned(), bytes });
        }
        file.read_exact(&mut key).map_err(failed)?;
        let key = UnboundKey::new(&AES_256_GCM, &key)
            .map_err(|_| failed(io::Error::from(io::ErrorKind::InvalidData)))?;
        Ok(Self { key: LessSafeKey::new(key), path: path.to_owned() })
    }

    /// Reads the key of that file, which is made where it is missing.
    pub(super) fn open_or_make(path: &Path) -> Result<Self, StoreError> {
        let failed =
            |source| StoreError::KeyFile { path: path.to_owned(), source: Arc::new(source) };
        match Self::open(path) {
            Err(StoreError::KeyFile { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                make(path).map_err(failed)?;
                Self::open(path)
            }
            opened => opened,
        }
    }

    pub(super) fn seal(&self, place: &[u8], open: &[u8]) -> Result<Bytes, StoreError> {
        let mut nonce = [0; NONCE_LEN];
        rand::fill(&mut nonce).map_err(|_| StoreError::Unsealable)?;
        let mut text = open.to_vec();
        let tag = self
            .key
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(place),
                &mut text,
            )
            .map_err(|_| StoreError::Unsealable)?;
        let mut sealed = Vec::with_capacity(1 + nonce.len() + text.len() + tag.as_ref().len());
        sealed.push(FORM);
        sealed.extend_from_slice(&nonce);
        sealed.append(&mut text);
        sealed.extend_from_slice(tag.as_ref());
        Ok(Bytes::from(sealed))
    }

    pub(super) fn unseal(&self, place: &[u8], sealed: &[u8]) -> Result<Bytes, StoreError> {
        let (nonce, text) = sealed
            .strip_prefix(&[FORM])
            .and_then(|rest| rest.split_first_chunk::<NONCE_LEN>())
            .ok_or(StoreError::Unsealable)?;
        let mut text = text.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let open = self
            .key
            .open_in_place(nonce, Aad::from(place), &mut text)
            .map_err(|_| StoreError::Unsealable)?
            .len();
        text.truncate(open);
        Ok(Bytes::from(text))
    }

    /// What a store keeps to know its key again.
    pub(super) fn check(&self) -> Result<Bytes, StoreError> {
        self.seal(CHECK, CHECK)
    }

    pub(super) fn verify(&self, check: &[u8]) -> Result<(), StoreError> {
        let opened = self.unseal(CHECK, check);
        opened.map(drop).map_err(|_| StoreError::WrongKey { path: self.path.clone() })
    }
}

/// Written beside its place and then named, so that a key is there as a whole or not at all; where
/// another process made one in the meantime, that one stays.
fn make(path: &Path) -> io::Result<()> {
    let mut key = [0; KEY_BYTES];
    rand::fill(&mut key).map_err(|_| io::Error::other("no random numbers"))?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    // Its owner's alone, as every such file.
    let mut draft = NamedTempFile::new_in(folder)?;
    draft.write_all(&key)?;
    draft.as_file().sync_all()?;
    match draft.persist_noclobber(path) {
        Ok(_) => {}
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error.error),
    }
    OpenOptions::new().read(true).open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::sync::Barrier;
    use std::thread;

    use super::*;

    #[test]
    fn processes_that_start_at_once_have_one_key() {
        const MAKERS: usize = 8;
        for _ in 0..20 {
            let folder = tempfile::tempdir().expect("a folder");
            let path = folder.path().join("store.key");
            let barrier = Barrier::new(MAKERS);
            let checks: Vec<Bytes> = thread::scope(|scope| {
                let make = || {
                    barrier.wait();
                    Sealer::open_or_make(&path).and_then(|sealer| sealer.check()).expect("a key")
                };
                let makers: Vec<_> = (0..MAKERS).map(|_| scope.spawn(make)).collect();
                makers.into_iter().map(|maker| maker.join().expect("it ends")).collect()
            });
            let sealer = Sealer::open(&path).expect("the key is there");
            assert!(checks.iter().all(|check| sealer.verify(check).is_ok()));
            let mode = path.metadata().expect("it is there").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
            assert_eq!(folder.path().read_dir().expect("a folder").count(), 1);
        }
    }
}
