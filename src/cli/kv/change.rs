//! What an import or a restore would change: shown first, then done at once or not at all.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use serde_json::{Value, json};

use crate::cli::CliError;
use crate::cli::kv::show::{item_json, name_of, text_of, value_of};
use crate::cli::kv::{Consent, KvError, KvFormat};
use crate::cli::terminal::print;
use crate::store::durable::{Address, Condition, Content, Etag, KeyValue, Via, Write};

/// Changes of one transaction, during which no other writer has a turn.
pub(super) const CHANGES_MAX: usize = 10_000;

/// A key-value before and after; at least one of them is there.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Change {
    at: Address,
    before: Option<KeyValue>,
    after: Option<Content>,
}

/// What is to be done, in the order of lists.
#[derive(Clone, Debug, Default)]
pub(super) struct Plan {
    changes: Vec<Change>,
    unchanged: usize,
}

/// What comes of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// There is nothing to do.
    Nothing,
    /// Shown alone was wanted.
    Shown,
    Write,
    /// Nobody said yes.
    Refused,
}

impl Plan {
    pub(super) fn add(
        &mut self,
        at: Address,
        before: Option<KeyValue>,
        after: Option<Content>,
    ) -> Result<(), KvError> {
        if before.as_ref().map(|item| &item.content) == after.as_ref() {
            self.unchanged += usize::from(after.is_some());
            return Ok(());
        }
        self.changes.push(Change { at, before, after });
        let count = self.changes.len();
        if count > CHANGES_MAX {
            return Err(KvError::TooMany { count, count_max: CHANGES_MAX });
        }
        Ok(())
    }

    /// Shows the changes, and asks where nothing says yet whether to do them.
    pub(super) fn decide(&self, consent: Consent, format: KvFormat) -> Result<Verdict, CliError> {
        if format == KvFormat::Text {
            print(self.changes.iter().map(Change::text).collect::<String>())?;
            anstream::eprintln!("{}", self.summary());
        }
        if self.changes.is_empty() {
            return Ok(Verdict::Nothing);
        }
        let locked = self.changes.iter().filter(|change| change.is_locked());
        let names: Vec<String> = locked.map(|change| name_of(&change.at)).collect();
        if !names.is_empty() {
            return Err(KvError::ManyLocked { names }.into());
        }
        if consent.dry_run {
            return Ok(Verdict::Shown);
        }
        if consent.yes {
            return Ok(Verdict::Write);
        }
        if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
            return Ok(Verdict::Refused);
        }
        if format == KvFormat::Json {
            anstream::eprintln!("{}", self.summary());
        }
        Ok(if ask()? { Verdict::Write } else { Verdict::Refused })
    }

    /// All, or none where one of them was changed since it was looked at.
    pub(super) fn write(&self) -> Write {
        Write::All(self.changes.iter().map(Change::write).collect())
    }

    pub(super) fn tell(&self, verdict: Verdict, format: KvFormat) -> Result<(), CliError> {
        let is_written = verdict == Verdict::Write;
        if format == KvFormat::Json {
            let changes: Vec<Value> = self.changes.iter().map(Change::json).collect();
            let whole = json!({
                "changes": changes, "unchanged": self.unchanged, "written": is_written,
            });
            print(format!("{whole:#}\n"))?;
        }
        match verdict {
            Verdict::Write => anstream::eprintln!("written"),
            Verdict::Refused => anstream::eprintln!("nothing is written; --yes writes it"),
            Verdict::Nothing | Verdict::Shown => {}
        }
        Ok(())
    }

    fn summary(&self) -> String {
        if self.changes.is_empty() {
            return "nothing to change".to_owned();
        }
        let count = |kind| self.changes.iter().filter(|change| change.kind() == kind).count();
        format!(
            "{} to add, {} to change, {} to remove, {} as they are",
            count("add"),
            count("change"),
            count("remove"),
            self.unchanged
        )
    }
}

fn ask() -> Result<bool, KvError> {
    anstream::eprint!("Write this? [y/N] ");
    io::stderr().flush().map_err(KvError::Answer)?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).map_err(KvError::Answer)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

impl Change {
    fn kind(&self) -> &'static str {
        match (&self.before, &self.after) {
            (None, _) => "add",
            (Some(_), Some(_)) => "change",
            (Some(_), None) => "remove",
        }
    }

    fn is_locked(&self) -> bool {
        self.before.as_ref().is_some_and(|item| item.is_locked)
    }

    fn write(&self) -> Write {
        let when = match &self.before {
            Some(item) => Condition::IfMatch(Etag::Is(item.etag.clone())),
            None => Condition::IfNoneMatch(Etag::Any),
        };
        let (at, via) = (self.at.clone(), Via::Open);
        match self.after.clone() {
            Some(content) => Write::Put { at, content, when, via },
            None => Write::Delete { at, when, via },
        }
    }

    /// As a diff has it: what goes with `-`, what comes with `+`.
    fn text(&self) -> String {
        let name = name_of(&self.at);
        let mut text = String::new();
        let before = self.before.as_ref().map(|item| &item.content);
        if let Some(before) = before {
            text.push_str(&format!("-{name}{}\n", describe(before, self.after.as_ref())));
        }
        if let Some(after) = &self.after {
            text.push_str(&format!("+{name}{}\n", describe(after, before)));
        }
        text
    }

    fn json(&self) -> Value {
        json!({
            "change": self.kind(),
            "key": text_of(&self.at.key),
            "label": self.at.label.as_ref().map(text_of),
            "before": self.before.as_ref().map(item_json),
            "after": self.after.as_ref().map(|content| json!({
                "value": content.value.as_ref().map(text_of),
                "content_type": content.content_type,
                "tags": content.tags,
                "description": content.description,
            })),
        })
    }
}

/// The value, and of the rest what is there and differs.
fn describe(content: &Content, other: Option<&Content>) -> String {
    let mut text = format!(" = {}", value_of(content.value.as_ref()));
    let nothing = Content::default();
    let other = other.unwrap_or(&nothing);
    if content.content_type != other.content_type {
        let content_type = content.content_type.as_deref().unwrap_or("none");
        text.push_str(&format!("  content type {content_type}"));
    }
    if content.tags != other.tags {
        text.push_str(&format!("  tags {}", json!(content.tags)));
    }
    if content.description != other.description {
        text.push_str(&format!("  description {}", json!(content.description)));
    }
    text
}
