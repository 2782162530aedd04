//! What is compared, and how.
//!
//! Source: Apigee docs, "Conditions reference": operands are adapted to a common type (String
//! beats Double, Float, Long, Integer, Boolean; an object compares false), and the table of
//! nulls. Differs: a text that meets a number, or is ordered against another text, counts as
//! the number that it shows, since the documentation's own samples order numbers against
//! texts. Two texts are equal only letter by letter: a secret is not equal to another
//! spelling of the same number.

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::condition::ast::Relation;
use crate::message::View;

/// `Whole` holds Integer and Long.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Number {
    Whole(i64),
    Float(f32),
    Double(f64),
}

/// One side of a comparison.
#[derive(Clone, Debug)]
pub(super) enum Datum<'a> {
    Null,
    Text(Cow<'a, str>),
    /// A text and the number that it shows.
    Numeral(&'a str, Number),
    Number(Number),
    Boolean(bool),
    /// A message or a collection.
    Object,
}

impl<'a> From<Option<View<'a>>> for Datum<'a> {
    fn from(view: Option<View<'a>>) -> Self {
        match view {
            None => Self::Null,
            Some(View::Text(text)) => Self::Text(text),
            Some(View::Shared(text)) => Self::Text(Cow::Borrowed(text)),
            Some(View::Integer(n)) => Self::Number(Number::Whole(i64::from(n))),
            Some(View::Long(n)) => Self::Number(Number::Whole(n)),
            Some(View::Float(n)) => Self::Number(Number::Float(n)),
            Some(View::Double(n)) => Self::Number(Number::Double(n)),
            Some(View::Boolean(flag)) => Self::Boolean(flag),
            Some(bytes @ View::Bytes(_)) => Self::Text(bytes.into_text()),
            Some(View::Collection(_) | View::Message) => Self::Object,
        }
    }
}

impl Datum<'_> {
    fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Numeral(text, _) => Some(text),
            Self::Boolean(flag) => Some(boolean_text(*flag)),
            Self::Null | Self::Number(_) | Self::Object => None,
        }
    }

    /// The number, as the other side's type has it.
    fn number(&self, other: Option<Number>) -> Option<Number> {
        match (self, other) {
            (Self::Number(number), _) => Some(*number),
            (Self::Numeral(text, _), Some(Number::Float(_))) => float_of(text),
            (Self::Numeral(_, number), _) => Some(*number),
            (Self::Text(text), Some(Number::Float(_))) => float_of(text),
            (Self::Text(text), _) => number_of(text),
            (Self::Null | Self::Boolean(_) | Self::Object, _) => None,
        }
    }

    fn typed_number(&self) -> Option<Number> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Null | Self::Text(_) | Self::Numeral(..) | Self::Boolean(_) | Self::Object => {
                None
            }
        }
    }
}

/// What the comparison says; the relations of patterns and prefixes are the caller's.
pub(super) fn compare(relation: Relation, left: &Datum<'_>, right: &Datum<'_>) -> bool {
    let (left_null, right_null) = (matches!(left, Datum::Null), matches!(right, Datum::Null));
    if left_null || right_null {
        return with_null(relation, left_null, right_null);
    }
    if matches!(left, Datum::Object) || matches!(right, Datum::Object) {
        return false;
    }
    match relation {
        Relation::Equals => equal(left, right, |a, b| a == b),
        Relation::NotEquals => !equal(left, right, |a, b| a == b),
        Relation::EqualsCaseInsensitive => equal(left, right, equal_ignoring_case),
        Relation::Greater => order(left, right).is_some_and(Ordering::is_gt),
        Relation::GreaterOrEquals => order(left, right).is_some_and(Ordering::is_ge),
        Relation::Lesser => order(left, right).is_some_and(Ordering::is_lt),
        Relation::LesserOrEquals => order(left, right).is_some_and(Ordering::is_le),
        Relation::JavaRegex
        | Relation::Matches
        | Relation::NotMatches
        | Relation::MatchesPath
        | Relation::StartsWith => false,
    }
}

/// The table of nulls, row by row.
pub(super) fn with_null(relation: Relation, left_null: bool, right_null: bool) -> bool {
    let both = left_null && right_null;
    match relation {
        Relation::Equals | Relation::EqualsCaseInsensitive => both,
        Relation::NotEquals => !both,
        Relation::StartsWith => false,
        Relation::Greater => left_null && !right_null,
        Relation::GreaterOrEquals => right_null,
        Relation::Lesser => left_null && !right_null,
        Relation::LesserOrEquals => left_null,
        Relation::Matches | Relation::JavaRegex | Relation::MatchesPath => false,
        Relation::NotMatches => left_null && !right_null,
    }
}

fn equal(left: &Datum<'_>, right: &Datum<'_>, same_text: impl Fn(&str, &str) -> bool) -> bool {
    if let (Some(a), Some(b)) = (left.text(), right.text()) {
        return same_text(a, b);
    }
    number_order(left, right).is_some_and(Ordering::is_eq)
}

/// `None` where the two have no order.
fn order(left: &Datum<'_>, right: &Datum<'_>) -> Option<Ordering> {
    if let (Datum::Boolean(a), Datum::Boolean(b)) = (left, right) {
        return Some(a.cmp(b));
    }
    if let Some(order) = number_order(left, right) {
        return Some(order);
    }
    Some(left.text()?.cmp(right.text()?))
}

fn number_order(left: &Datum<'_>, right: &Datum<'_>) -> Option<Ordering> {
    let a = left.number(right.typed_number())?;
    let b = right.number(left.typed_number())?;
    match (a, b) {
        (Number::Whole(a), Number::Whole(b)) => Some(a.cmp(&b)),
        (Number::Float(a), Number::Float(b)) => a.partial_cmp(&b),
        (Number::Float(a), Number::Whole(b)) => a.partial_cmp(&nearest_float(b)),
        (Number::Whole(a), Number::Float(b)) => nearest_float(a).partial_cmp(&b),
        (a, b) => a.as_double().partial_cmp(&b.as_double()),
    }
}

#[expect(clippy::cast_precision_loss, reason = "Float beats Long, whatever it loses")]
fn nearest_float(whole: i64) -> f32 {
    whole as f32
}

impl Number {
    #[expect(clippy::cast_precision_loss, reason = "Double beats Long, whatever it loses")]
    fn as_double(self) -> f64 {
        match self {
            Self::Whole(n) => n as f64,
            Self::Float(n) => f64::from(n),
            Self::Double(n) => n,
        }
    }
}

/// The number that a text shows: a sign, digits, a fraction, an exponent.
pub(super) fn number_of(text: &str) -> Option<Number> {
    if let Ok(whole) = text.parse() {
        return Some(Number::Whole(whole));
    }
    let number: f64 = looks_numeric(text).then(|| text.parse().ok()).flatten()?;
    number.is_finite().then_some(Number::Double(number))
}

fn float_of(text: &str) -> Option<Number> {
    let number: f32 = looks_numeric(text).then(|| text.parse().ok()).flatten()?;
    number.is_finite().then_some(Number::Float(number))
}

/// Keeps out `inf`, `nan` and the like, which Rust reads as numbers.
fn looks_numeric(text: &str) -> bool {
    text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E'))
}

/// Equality that calls no function for short texts, which most are: the call costs more than
/// the comparison.
#[inline(always)]
pub(super) fn same_bytes(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    match a.len() {
        0..4 => a.iter().zip(b).all(|(a, b)| a == b),
        4..8 => a.first_chunk::<4>() == b.first_chunk() && a.last_chunk::<4>() == b.last_chunk(),
        8..64 => {
            let ((words, _), (others, _)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
            words.iter().zip(others).all(|(a, b)| a == b) && a.last_chunk::<8>() == b.last_chunk()
        }
        _ => a == b,
    }
}

pub(super) fn boolean_text(flag: bool) -> &'static str {
    if flag { "true" } else { "false" }
}

/// As Java's `equalsIgnoreCase`: letter by letter, without the expansions of full case mapping.
pub(super) fn equal_ignoring_case(a: &str, b: &str) -> bool {
    if a.is_ascii() && b.is_ascii() {
        return a.eq_ignore_ascii_case(b);
    }
    let mut others = b.chars();
    a.chars().all(|x| others.next().is_some_and(|y| x == y || fold(x) == fold(y)))
        && others.next().is_none()
}

fn fold(c: char) -> char {
    let upper = single(c.to_uppercase()).unwrap_or(c);
    single(upper.to_lowercase()).unwrap_or(upper)
}

fn single(mut mapped: impl Iterator<Item = char>) -> Option<char> {
    let first = mapped.next()?;
    mapped.next().is_none().then_some(first)
}
