//! A purge of a large cache, some entries at a time, so that others on its thread come to their
//! turn in between.

use crate::store::cache::{Answer, CacheBackend, CacheError};

/// How many entries are looked at before others have their turn; a cache with no more is purged
/// at once.
pub(super) const STEPS_PER_TURN: usize = 1024;
/// What stands between a prefix and the rest of a key.
const KEY_BOUNDARY: &[u8] = b"__";

/// As [`CacheBackend::purge`]. An entry that is stored meanwhile may go or stay.
pub(super) fn purge<'a>(
    backend: &'a dyn CacheBackend,
    prefix: &'a [u8],
) -> Answer<'a, Result<usize, CacheError>> {
    // Where the entries are elsewhere none are counted, and nobody waits for the purge here.
    let entries = usize::try_from(backend.stats().entries).unwrap_or(usize::MAX);
    if entries <= STEPS_PER_TURN {
        return backend.purge(prefix);
    }
    Answer::Later(Box::pin(async move {
        let (mut removed, mut from) = (0, None);
        loop {
            let page = backend.keys(prefix, from, STEPS_PER_TURN).settled().await?;
            for key in page.keys.iter().filter(|key| is_below(prefix, key)) {
                removed += usize::from(backend.remove(key).settled().await?);
            }
            if page.next.is_none() {
                return Ok(removed);
            }
            from = page.next;
            tokio::task::yield_now().await;
        }
    }))
}

fn is_below(prefix: &[u8], key: &[u8]) -> bool {
    let rest = key.strip_prefix(prefix);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(KEY_BOUNDARY))
}
