//! Why a command on key-values did not do what it was asked.

use std::io;
use std::path::PathBuf;

use crate::cli::kv::document::DocumentError;
use crate::cli::kv::pair::Unfit;
use crate::cli::kv::select::TimeError;

/// Each says what to do where there is something.
#[derive(Debug, thiserror::Error)]
pub enum KvError {
    #[error("{what}: {reason}")]
    Argument { what: &'static str, reason: String },
    #[error(transparent)]
    Time(#[from] TimeError),
    #[error(
        "history is kept for {days} days, and {text} is before that; raise \
         `store.retention_days` to keep more from now on"
    )]
    TooOld { text: String, days: u64 },
    #[error("nothing says whether {} is json, yaml or properties; add --file-format", path.display())]
    UnknownFormat { path: PathBuf },
    #[error(transparent)]
    Document(#[from] DocumentError),
    #[error("{name}: {reason}")]
    Unfit { name: String, reason: Unfit },
    #[error("there is no key-value {name}{}", other_labels(.labels))]
    Missing { name: String, labels: Vec<String> },
    #[error("{name} is locked; `tollgate kv unlock` opens it")]
    Locked { name: String },
    #[error("{} are locked and would change, so nothing is written; `tollgate kv unlock` opens one",
            names.join(", "))]
    ManyLocked { names: Vec<String> },
    #[error("{name} belongs to an encrypted map, which this command does not touch")]
    Encrypted { name: String },
    #[error("{name} is not in the state that was asked for")]
    NotAsAsked { name: String },
    #[error(
        "{name} has another label elsewhere in the list; a flat file has one value for each \
             key, so add --label"
    )]
    SeveralLabels { name: String },
    #[error(
        "{count} key-values would change; the limit of one import or restore is {count_max}, \
             so narrow it"
    )]
    TooMany { count: usize, count_max: usize },
    #[error("others changed some of these key-values meanwhile, so nothing is written; look again")]
    Overtaken,
    #[error("cannot write {}", path.display())]
    WriteFile { path: PathBuf, source: io::Error },
    #[error("cannot read the answer")]
    Answer(#[source] io::Error),
}

impl KvError {
    pub(in crate::cli) fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::Argument { .. }
                | Self::Time(_)
                | Self::UnknownFormat { .. }
                | Self::Document(_)
                | Self::Unfit { .. }
        )
    }
}

fn other_labels(labels: &[String]) -> String {
    if labels.is_empty() {
        return String::new();
    }
    format!("; there is one with {}", labels.join(", "))
}
