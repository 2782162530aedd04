//! Why a command on caches did not do what it was asked.

use std::io;
use std::path::PathBuf;

use crate::message::BodyError;
use crate::upstream::UpstreamError;

/// Each says what to do where there is something.
#[derive(Debug, thiserror::Error)]
pub enum CacheCommandError {
    #[error("{what}: {reason}")]
    Argument { what: &'static str, reason: String },
    #[error(
        "purge needs --prefix, what the keys begin with; `tollgate cache clear {cache}` removes \
         every entry"
    )]
    NoPrefix { cache: String },
    #[error(
        "no gateway answers at {url}; start one with `tollgate serve`, or say which with --config \
         or --url"
    )]
    NotRunning { url: String, source: UpstreamError },
    #[error("cannot ask the gateway at {url}")]
    Call { url: String, source: UpstreamError },
    #[error("{url} does not prove who it is; name who vouches for it with --ca")]
    Untrusted { url: String, source: UpstreamError },
    #[error("the answer of {url} did not arrive whole")]
    Answer { url: String, source: BodyError },
    #[error("what answers at {url} is no management API of Tollgate (status {status})")]
    Foreign { url: String, status: u16 },
    #[error(
        "nothing says who may ask the gateway at {url}: there is no store in {}; name the \
         gateway's --config or --state, or its --user (`tollgate credentials` prints it)",
        state.display()
    )]
    NoStore { url: String, state: PathBuf },
    #[error(
        "the password in the store would go to {url} in the clear; write https, or say with --user \
         who asks"
    )]
    InTheClear { url: String },
    #[error(
        "what answers at {url} does not prove that it knows the password in the store, which was \
         not shown to it: it runs on another store, or its port is another one there; name its \
         --config or --state, or say with --user who asks"
    )]
    Unproven { url: String },
    #[error(
        "the gateway at {url} does not take the password that the store knows, so it runs on \
         another store: name its --config or --state, or its --user"
    )]
    WrongStore { url: String },
    #[error(
        "the gateway at {url} does not take the user `{user}` with that password; \
         `tollgate credentials` prints those it takes"
    )]
    WrongPassword { url: String, user: String },
    #[error("{message}{}", if *is_cache { "; `tollgate cache list` shows those that do" } else { "" })]
    Refused { message: String, is_cache: bool },
    #[error("cache {cache} has no entry {key}")]
    NoEntry { cache: String, key: String },
    #[error("the entry {key} of cache {cache} is a {kind}, which has no value to print")]
    NoValue { cache: String, key: String, kind: String },
    #[error("cannot write {}", path.display())]
    WriteFile { path: PathBuf, source: io::Error },
}

impl CacheCommandError {
    pub(in crate::cli) fn is_usage(&self) -> bool {
        matches!(self, Self::Argument { .. } | Self::NoPrefix { .. })
    }
}
