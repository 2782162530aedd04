//! The functions that end a path.
//!
//! Source: Jayway JsonPath 2.9, "Functions". The arithmetic ones give doubles; what they cannot
//! work on (no number, no array) gives nothing. Behind a scan a function takes all results as
//! one list, else each result by itself. What a function reads counts against the search, not
//! what only stands below it.

use crate::json::Value;
use crate::jsonpath::JsonPathLimit;
use crate::jsonpath::ast::{Call, Function};
use crate::jsonpath::eval::{BYTES_PER_STEP, Search};

/// `input` is what the path led to, `current` what its arguments start from.
pub(super) fn apply<'a>(
    search: &mut Search<'a>,
    call: &Call,
    input: &Value<'a>,
    current: &'a Value<'a>,
) -> Result<Option<Value<'a>>, JsonPathLimit> {
    let mut arguments = Vec::new();
    for argument in &call.arguments {
        arguments.extend(search.operand(argument, current)?);
    }
    let items = input.as_array();
    Ok(match call.function {
        Function::Length => {
            let measured = arguments.first().map_or(input, |argument| &**argument);
            match measured {
                Value::Array(items) => Some(Value::from(items.len())),
                Value::Object(members) => Some(Value::from(members.len())),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
            }
        }
        Function::Keys => match input.as_object() {
            Some(members) => {
                let names = members.names().map(|name| {
                    search.spend(1 + name.len() / BYTES_PER_STEP)?;
                    Ok(Value::String(name.clone()))
                });
                Some(Value::Array(names.collect::<Result<_, _>>()?))
            }
            None => None,
        },
        Function::First => copied(search, items.and_then(|items| items.first()))?,
        Function::Last => copied(search, items.and_then(|items| items.last()))?,
        Function::Index => {
            let index = arguments.first().and_then(|argument| argument.as_i64());
            let item = items.zip(index).and_then(|(items, index)| {
                let length = i64::try_from(items.len()).ok()?;
                let from_start = if index < 0 { length.checked_add(index)? } else { index };
                items.get(usize::try_from(from_start).ok()?)
            });
            copied(search, item)?
        }
        Function::Concat => {
            let mut text = String::new();
            let parts = items.into_iter().flatten();
            for part in parts.chain(arguments.iter().flat_map(|argument| spread(argument))) {
                let part = part.as_str().unwrap_or_default();
                search.spend(1 + part.len() / BYTES_PER_STEP)?;
                text.push_str(part);
            }
            Some(Value::from(text))
        }
        Function::Min | Function::Max | Function::Avg | Function::Stddev | Function::Sum => {
            let mut numbers = Vec::new();
            let all = items.into_iter().flatten();
            for part in all.chain(arguments.iter().flat_map(|argument| spread(argument))) {
                search.spend(1)?;
                numbers.extend(part.as_f64());
            }
            aggregate(call.function, &numbers).map(Value::from)
        }
    })
}

fn copied<'a>(
    search: &mut Search<'a>,
    item: Option<&Value<'a>>,
) -> Result<Option<Value<'a>>, JsonPathLimit> {
    item.map(|item| search.copy(item)).transpose()
}

/// A list's elements, or the value itself.
fn spread<'v, 'd>(value: &'v Value<'d>) -> std::slice::Iter<'v, Value<'d>> {
    match value {
        Value::Array(items) => items.iter(),
        single => std::slice::from_ref(single).iter(),
    }
}

fn aggregate(function: Function, numbers: &[f64]) -> Option<f64> {
    if numbers.is_empty() {
        return None;
    }
    let sum: f64 = numbers.iter().sum();
    // Exact up to 2^53 numbers.
    #[expect(clippy::cast_precision_loss, reason = "no document holds so many")]
    let count = numbers.len() as f64;
    match function {
        Function::Min => numbers.iter().copied().reduce(f64::min),
        Function::Max => numbers.iter().copied().reduce(f64::max),
        Function::Sum => Some(sum),
        Function::Avg => Some(sum / count),
        Function::Stddev => {
            let squares: f64 = numbers.iter().map(|number| number * number).sum();
            let mean = sum / count;
            Some((squares / count - mean * mean).max(0.0).sqrt())
        }
        Function::Length
        | Function::Keys
        | Function::First
        | Function::Last
        | Function::Index
        | Function::Concat => None,
    }
}
