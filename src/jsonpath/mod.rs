//! JSONPath in the dialect that the platform's policies speak, Jayway JsonPath.
//!
//! Sources: the README of Jayway JsonPath 2.9 (operators, functions, filter operators) and the
//! behaviour of its evaluator where the README is silent; Apigee docs, "ExtractVariables policy"
//! and "Message templates" (`jsonPath` function) for what becomes of a result. A path is text
//! like `$.store.book[?(@.price < 10)].title`; one without `$` starts at the document too.
//!
//! Differs: a slice takes bounds and a step as RFC 9535 has them (`[1:-1]`, `[::2]`), and an
//! indefinite path in a filter exists only where it finds something. Jayway drops the step,
//! finds nothing between bounds of unlike sign, and calls every indefinite path existing.
//! Unknown: a filter's word without quotes, which bundles write as `@.id == {id}`, is a text.

mod ast;
mod compare;
mod eval;
mod function;
mod parser;
mod pattern;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::cell::RefCell;
use std::io;
use std::num::NonZeroUsize;
use std::ops::Deref;
use std::rc::Rc;

use lru::LruCache;
use serde::ser::{Serialize, Serializer};

use crate::json::Value;
use crate::jsonpath::ast::{Path, Selector};

/// How long a path may be.
pub const PATH_BYTES_MAX: usize = 4096;
/// How deep filters, groups and arguments may nest in a path.
pub const NESTING_MAX: usize = 32;
/// How many values one search may look at; a long text counts as several.
pub const STEPS_MAX: u64 = 1_000_000;
/// How many values any part of a path may find.
pub const RESULTS_MAX: usize = 100_000;
/// How long the text of several values may be: more than a document's own, less than all of its
/// parts that hold one another.
pub const TEXT_BYTES_MAX: usize = 16 * 1024 * 1024;
/// How many paths made at run time a thread keeps.
const KEPT_PATHS_MAX: NonZeroUsize = NonZeroUsize::new(64).expect("64 is not 0");

/// A path, ready to be searched for.
#[derive(Clone, Debug)]
pub struct JsonPath {
    path: Path,
}

/// Why a text is no path: bytes `start..end` of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct JsonPathError {
    pub message: String,
    pub start: usize,
    pub end: usize,
}

/// Why a search was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonPathLimit {
    #[error("the JSON path takes more than {STEPS_MAX} steps in this document")]
    Steps,
    #[error("the JSON path finds more than {RESULTS_MAX} values in this document")]
    Results,
    #[error("the values that the JSON path finds are longer than {TEXT_BYTES_MAX} bytes")]
    Text,
}

/// What a path found.
#[derive(Clone, Debug, PartialEq)]
pub enum Found<'a> {
    Nothing,
    /// By a definite path, which leads to one place, or by a function.
    One(Place<'a>),
    /// By an indefinite path, in the document's order; a search that finds none says `Nothing`.
    Many(Vec<Place<'a>>),
}

/// A value of the document or one that was made of it.
#[derive(Clone, Debug)]
pub enum Place<'a> {
    There(&'a Value<'a>),
    Made(Value<'a>),
}

impl JsonPath {
    pub fn compile(text: &str) -> Result<Self, JsonPathError> {
        Ok(Self { path: parser::parse(text)? })
    }

    /// A path that was made at run time; `None` where the text is none. A thread keeps the last
    /// ones.
    pub fn kept(text: &str) -> Option<Rc<Self>> {
        type Kept = LruCache<Box<str>, Option<Rc<JsonPath>>>;
        thread_local! {
            static KEPT: RefCell<Kept> = RefCell::new(LruCache::new(KEPT_PATHS_MAX));
        }
        if text.len() > PATH_BYTES_MAX {
            return None;
        }
        KEPT.with_borrow_mut(|kept| {
            if let Some(path) = kept.get(text) {
                return path.clone();
            }
            let path = Self::compile(text).ok().map(Rc::new);
            kept.put(Box::from(text), path.clone());
            path
        })
    }

    /// Whether it leads to one place at most, whatever the document.
    pub fn is_definite(&self) -> bool {
        self.path.is_definite()
    }

    /// Values are borrowed from the document, save those that a function or a choice of
    /// several names (`['a','b']`) makes.
    pub fn find<'a>(&self, document: &'a Value<'a>) -> Result<Found<'a>, JsonPathLimit> {
        eval::find(&self.path, document)
    }

    /// Whether finding nothing means an empty list: the path is indefinite, and the steps before
    /// its first indefinite one lead to a place in the document. Jayway's reader raises an
    /// exception where they do not.
    pub fn lists_in(&self, document: &Value<'_>) -> bool {
        !self.is_definite() && eval::is_start_there(&self.path, document)
    }
}

impl<'a> Found<'a> {
    /// The text that ExtractVariables assigns: a string as it is, else JSON; several results
    /// are one JSON array. `None` where nothing was found, or `null`.
    ///
    /// Unknown: what the platform assigns for `null`; here the variable stays unset.
    pub fn text(&self) -> Result<Option<Cow<'_, str>>, JsonPathLimit> {
        Ok(match self {
            Self::Nothing => None,
            Self::One(value) => value_text(value),
            Self::Many(values) => Some(Cow::Owned(array_text(values)?)),
        })
    }

    /// The text that the `jsonPath` function gives without its third argument: of an array the
    /// first element.
    pub fn first_text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Nothing => None,
            Self::One(value) => match &**value {
                Value::Array(items) => items.first().and_then(value_text),
                other => value_text(other),
            },
            Self::Many(values) => values.first().and_then(|value| value_text(value)),
        }
    }

    /// Each result by itself, as a pattern of RegularExpressionProtection meets it.
    pub fn values(&self) -> impl Iterator<Item = &Value<'a>> {
        let values: &[Place<'a>] = match self {
            Self::Nothing => &[],
            Self::One(value) => std::slice::from_ref(value),
            Self::Many(values) => values,
        };
        values.iter().map(|value| &**value)
    }
}

/// A string as it is, other values as JSON; `None` for `null`.
pub fn value_text<'v>(value: &'v Value<'_>) -> Option<Cow<'v, str>> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(Cow::Borrowed(text)),
        other => Some(Cow::Owned(other.to_json())),
    }
}

fn array_text(values: &[Place<'_>]) -> Result<String, JsonPathLimit> {
    let mut text = BoundedText::default();
    // As with one value nothing else fails, and JSON is UTF-8.
    serde_json::to_writer(&mut text, values).map_err(|_| JsonPathLimit::Text)?;
    String::from_utf8(text.0).map_err(|_| JsonPathLimit::Text)
}

/// Values may hold one another, so that a small document is written many times.
#[derive(Default)]
struct BoundedText(Vec<u8>);

impl io::Write for BoundedText {
    fn write(&mut self, part: &[u8]) -> io::Result<usize> {
        if part.len() > TEXT_BYTES_MAX.saturating_sub(self.0.len()) {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(part);
        Ok(part.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> Deref for Place<'a> {
    type Target = Value<'a>;

    fn deref(&self) -> &Value<'a> {
        match self {
            Self::There(value) => value,
            Self::Made(value) => value,
        }
    }
}

impl Serialize for Place<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(serializer)
    }
}

impl PartialEq for Place<'_> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<'a> Place<'a> {
    fn into_value(self) -> Value<'a> {
        match self {
            Self::There(value) => value.clone(),
            Self::Made(value) => value,
        }
    }
}

impl Path {
    /// Jayway: a scan, a wildcard, a filter, a slice and several indexes make a path
    /// indefinite; so do several names unless they end it, where they make one object.
    fn is_definite(&self) -> bool {
        let last = self.steps.len().saturating_sub(1);
        let one_place = self.steps.iter().enumerate().all(|(index, step)| {
            !step.deep
                && match &step.selector {
                    Selector::Name(_) | Selector::Index(_) => true,
                    Selector::Names(_) => index == last && self.function.is_none(),
                    Selector::Indexes(_)
                    | Selector::Slice { .. }
                    | Selector::Wildcard
                    | Selector::Filter(_) => false,
                }
        });
        one_place || self.joins()
    }

    /// Whether a function ends it that takes all results as one list.
    fn joins(&self) -> bool {
        self.function.is_some() && self.steps.iter().any(|step| step.deep)
    }
}
