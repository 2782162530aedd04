//! A backend for tests that keeps nothing and lets lookups wait, as a server far away does.

use std::time::Duration;

use crate::store::cache::operation::{KeyCursor, KeyPage, Operation, Outcome, Union, WriteLimits};
use crate::store::cache::{Answer, CacheBackend, CacheError, Item, Lookup, Stats};

/// Answers every lookup after a time; the clock is the paused runtime's.
pub(crate) struct Slow {
    pub(crate) takes: Duration,
    pub(crate) answer: Result<Lookup, CacheError>,
}

impl CacheBackend for Slow {
    fn apply<'a>(
        &'a self,
        _: &'a [u8],
        _: Operation,
        _: WriteLimits,
    ) -> Answer<'a, Result<Outcome, CacheError>> {
        Answer::Now(Ok(Outcome::Missing))
    }

    fn sorted_set_union<'a>(
        &'a self,
        _: &'a [u8],
        _: Union,
        _: WriteLimits,
    ) -> Answer<'a, Result<Outcome, CacheError>> {
        Answer::Now(Ok(Outcome::Length(0)))
    }

    fn keys<'a>(
        &'a self,
        _: &'a [u8],
        _: Option<KeyCursor>,
        _: usize,
    ) -> Answer<'a, Result<KeyPage, CacheError>> {
        Answer::Now(Ok(KeyPage { keys: Vec::new(), next: None }))
    }

    fn remove_prefix<'a>(&'a self, _: &'a [u8]) -> Answer<'a, Result<usize, CacheError>> {
        Answer::Now(Ok(0))
    }

    fn get<'a>(&'a self, _: &'a [u8]) -> Answer<'a, Result<Lookup, CacheError>> {
        Answer::Later(Box::pin(async {
            tokio::time::sleep(self.takes).await;
            self.answer.clone()
        }))
    }

    fn put<'a>(
        &'a self,
        _: &'a [u8],
        _: Item,
        _: Option<Duration>,
    ) -> Answer<'a, Result<(), CacheError>> {
        Answer::Now(Ok(()))
    }

    fn remove<'a>(&'a self, _: &'a [u8]) -> Answer<'a, Result<bool, CacheError>> {
        Answer::Now(Ok(false))
    }

    fn purge<'a>(&'a self, _: &'a [u8]) -> Answer<'a, Result<usize, CacheError>> {
        Answer::Now(Ok(0))
    }

    fn clear(&self) -> Answer<'_, Result<usize, CacheError>> {
        Answer::Now(Ok(0))
    }

    fn stats(&self) -> Stats {
        Stats::default()
    }
}
