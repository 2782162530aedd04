//! The operators of filters.
//!
//! Source: Jayway JsonPath 2.9, "Filter Operators" and its evaluators. `==` takes a number and a
//! text that spells it as equal, `===` does not; what is missing equals nothing.

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::json::{Number, Value};
use crate::jsonpath::ast::Relation;

/// `None` is what a path did not find.
pub(super) fn holds(
    left: Option<&Value<'_>>,
    relation: Relation,
    right: Option<&Value<'_>>,
) -> bool {
    match relation {
        Relation::NotEqual => return !holds(left, Relation::Equal, right),
        Relation::StrictlyNotEqual => return !holds(left, Relation::StrictlyEqual, right),
        Relation::NotIn => return !holds(left, Relation::In, right),
        _ => {}
    }
    let (Some(left), Some(right)) = (left, right) else { return false };
    match relation {
        Relation::Equal | Relation::NotEqual => equal(left, right),
        Relation::StrictlyEqual | Relation::StrictlyNotEqual => {
            std::mem::discriminant(left) == std::mem::discriminant(right) && equal(left, right)
        }
        Relation::Less => order(left, right).is_some_and(Ordering::is_lt),
        Relation::LessOrEqual => order(left, right).is_some_and(Ordering::is_le),
        Relation::Greater => order(left, right).is_some_and(Ordering::is_gt),
        Relation::GreaterOrEqual => order(left, right).is_some_and(Ordering::is_ge),
        Relation::In | Relation::NotIn => has(right, left),
        Relation::SubsetOf => elements(left).is_some_and(|mut items| items.all(|i| has(right, i))),
        Relation::AnyOf => elements(left).is_some_and(|mut items| items.any(|i| has(right, i))),
        Relation::NoneOf => {
            right.is_array()
                && elements(left).is_some_and(|mut items| !items.any(|i| has(right, i)))
        }
        Relation::All => elements(right).is_some_and(|mut items| items.all(|i| has(left, i))),
        Relation::Contains => match (left, right) {
            (Value::String(text), Value::String(part)) => text.contains(&**part),
            _ => has(left, right),
        },
        Relation::Size => size(left).is_some_and(|size| right.as_u64() == Some(size)),
        Relation::Empty => size(left).is_some_and(|size| right.as_bool() == Some(size == 0)),
    }
}

/// What a pattern is matched against: nothing of a container or of `null`.
pub(super) fn scalar_text<'v>(value: &'v Value<'_>) -> Cow<'v, str> {
    match value {
        Value::String(text) => Cow::Borrowed(text),
        Value::Number(number) => Cow::Owned(number.to_string()),
        Value::Bool(true) => Cow::Borrowed("true"),
        Value::Bool(false) => Cow::Borrowed("false"),
        Value::Null | Value::Array(_) | Value::Object(_) => Cow::Borrowed(""),
    }
}

fn equal(left: &Value<'_>, right: &Value<'_>) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            compare(left, right) == Some(Ordering::Equal)
        }
        (Value::Number(number), Value::String(text))
        | (Value::String(text), Value::Number(number)) => {
            text.trim().parse::<f64>().is_ok_and(|spelt| number.as_f64() == Some(spelt))
        }
        _ => left == right,
    }
}

fn order(left: &Value<'_>, right: &Value<'_>) -> Option<Ordering> {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => compare(left, right),
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        (Value::Number(left), Value::String(right)) => Some(left.to_string().as_str().cmp(right)),
        (Value::String(left), Value::Number(right)) => {
            Some((**left).cmp(right.to_string().as_str()))
        }
        _ => None,
    }
}

fn compare(left: &Number, right: &Number) -> Option<Ordering> {
    if let (Some(left), Some(right)) = (left.as_i64(), right.as_i64()) {
        return Some(left.cmp(&right));
    }
    if let (Some(left), Some(right)) = (left.as_u64(), right.as_u64()) {
        return Some(left.cmp(&right));
    }
    left.as_f64()?.partial_cmp(&right.as_f64()?)
}

fn elements<'v, 'd>(value: &'v Value<'d>) -> Option<std::slice::Iter<'v, Value<'d>>> {
    value.as_array().map(|items| items.iter())
}

fn has(list: &Value<'_>, wanted: &Value<'_>) -> bool {
    elements(list).is_some_and(|mut items| items.any(|item| equal(item, wanted)))
}

/// In elements, or in characters as Java counts them.
fn size(value: &Value<'_>) -> Option<u64> {
    let size = match value {
        Value::String(text) => text.encode_utf16().count(),
        Value::Array(items) => items.len(),
        Value::Object(members) => members.len(),
        Value::Null | Value::Bool(_) | Value::Number(_) => return None,
    };
    u64::try_from(size).ok()
}
