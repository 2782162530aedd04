//! What `tollgate kv` can be told.

use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args, Subcommand, ValueEnum};

use crate::cli::kv::select::Selection;

#[derive(Debug, Args)]
pub(in crate::cli) struct KvArguments {
    #[command(subcommand)]
    pub(super) command: KvCommand,
    /// The configuration file [default: tollgate.toml, where there is one]
    #[arg(long, value_name = "FILE", global = true)]
    pub(super) config: Option<PathBuf>,
    /// The folder of the gateway's own files [default: state]
    #[arg(long, value_name = "DIR", global = true)]
    pub(super) state: Option<PathBuf>,
    /// How to print it
    #[arg(long, default_value = "text", global = true)]
    pub(super) format: KvFormat,
}

#[derive(Debug, Subcommand)]
pub(super) enum KvCommand {
    /// Show the key-values that filters match
    List {
        #[command(flatten)]
        selection: Selection,
    },
    /// Print the value of a key
    Get {
        #[command(flatten)]
        place: Place,
        /// As it was at that time
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
    },
    /// Give a key a value; its content type, tags and description stay unless they are told
    #[command(override_usage = "tollgate kv set [OPTIONS] <KEY> <VALUE|--file <FILE>>")]
    Set(SetArguments),
    /// Remove a key-value
    Delete {
        #[command(flatten)]
        place: Place,
    },
    /// Let nobody change a key-value until it is unlocked
    Lock {
        #[command(flatten)]
        place: Place,
    },
    /// Let a key-value be changed again
    Unlock {
        #[command(flatten)]
        place: Place,
    },
    /// Show what key-values were, the newest first
    History {
        #[command(flatten)]
        selection: Selection,
    },
    /// Put key-values back to what they were
    Restore {
        /// Such as 2026-11-27T09:30:00Z, "2026-11-27 09:30" or "20 minutes ago"
        #[arg(long, value_name = "TIME")]
        at: String,
        /// Only these keys, such as app/*
        #[arg(long, value_name = "FILTER")]
        key: Option<String>,
        /// Only these labels; %00 is no label
        #[arg(long, value_name = "FILTER")]
        label: Option<String>,
        #[command(flatten)]
        consent: Consent,
    },
    /// Write the key-values of a JSON, YAML or .properties file
    Import(ImportArguments),
    /// Write key-values to a JSON, YAML or .properties file
    Export(ExportArguments),
}

/// One key-value.
#[derive(Debug, Args)]
pub(super) struct Place {
    /// Such as app/color; an entry of a map is MAP/ENTRY
    pub(super) key: String,
    /// Its label [default: the one without]
    #[arg(long)]
    pub(super) label: Option<String>,
}

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("given").required(true)))]
pub(super) struct SetArguments {
    #[command(flatten)]
    pub(super) place: Place,
    /// The value; - reads it from standard input
    #[arg(group = "given", allow_hyphen_values = true)]
    pub(super) value: Option<String>,
    /// A file that holds the value, as it is
    #[arg(long, value_name = "FILE", group = "given")]
    pub(super) file: Option<PathBuf>,
    /// Such as application/json; empty for none
    #[arg(long, value_name = "TYPE")]
    pub(super) content_type: Option<String>,
    /// All its tags; repeat it for several
    #[arg(long = "tag", value_name = "NAME=VALUE")]
    pub(super) tags: Vec<String>,
    /// Empty for none
    #[arg(long)]
    pub(super) description: Option<String>,
    /// Only where its etag is still this one; * for any
    #[arg(long, value_name = "ETAG", conflicts_with = "only_new")]
    pub(super) if_match: Option<String>,
    /// Only where there is none yet
    #[arg(long)]
    pub(super) only_new: bool,
}

#[derive(Debug, Args)]
pub(super) struct ImportArguments {
    /// - is standard input
    pub(super) file: PathBuf,
    /// What the file is [default: as its name ends]
    #[arg(long, value_name = "FORMAT")]
    pub(super) file_format: Option<FileFormat>,
    /// The label of all that is written
    #[arg(long)]
    pub(super) label: Option<String>,
    /// Put before each key
    #[arg(long, default_value = "")]
    pub(super) prefix: String,
    /// What joins the names of nested objects
    #[arg(long, default_value = "/")]
    pub(super) separator: String,
    /// Remove what has the prefix and one of the labels, and is not in the file
    #[arg(long)]
    pub(super) strict: bool,
    #[command(flatten)]
    pub(super) consent: Consent,
}

#[derive(Debug, Args)]
pub(super) struct ExportArguments {
    /// [default: standard output]
    pub(super) file: Option<PathBuf>,
    /// What to write [default: as the file's name ends, else JSON]
    #[arg(long, value_name = "FORMAT")]
    pub(super) file_format: Option<FileFormat>,
    /// Names and values alone, without labels, content types, tags and descriptions, as always in
    /// .properties
    #[arg(long)]
    pub(super) flat: bool,
    /// Only keys that begin so; it is taken off them
    #[arg(long, default_value = "", conflicts_with = "key")]
    pub(super) prefix: String,
    #[command(flatten)]
    pub(super) selection: Selection,
}

/// Whether a list of changes is done.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct Consent {
    /// Write without asking
    #[arg(long, short)]
    pub(super) yes: bool,
    /// Show what would change, and write nothing
    #[arg(long, conflicts_with = "yes")]
    pub(super) dry_run: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum KvFormat {
    /// For people
    Text,
    /// One object
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum FileFormat {
    Json,
    Yaml,
    /// Java's .properties
    Properties,
}

impl FileFormat {
    pub(super) fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "json" => Some(Self::Json),
            "yaml" | "yml" => Some(Self::Yaml),
            "properties" => Some(Self::Properties),
            _ => None,
        }
    }
}
