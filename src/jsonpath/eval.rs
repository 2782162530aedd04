//! Walks a document along a path.
//!
//! Source: Jayway JsonPath 2.9, the path tokens. One list of places is made for each step, so
//! that no step calls another; a definite path needs no list. Every value looked at counts
//! against [`STEPS_MAX`], every list against [`RESULTS_MAX`].

use std::borrow::Cow;

use crate::json::{Members, Value};
use crate::jsonpath::ast::{Filter, Operand, Origin, Path, Relation, Selector, Step};
use crate::jsonpath::{Found, JsonPathLimit, Place, RESULTS_MAX, STEPS_MAX, compare, function};

/// How many bytes of text count as one step.
pub(super) const BYTES_PER_STEP: usize = 64;

pub(super) fn find<'a>(path: &Path, document: &'a Value<'a>) -> Result<Found<'a>, JsonPathLimit> {
    Search { document, steps_left: STEPS_MAX }.find(path, document)
}

/// Whether the steps before the first indefinite one lead somewhere.
pub(super) fn is_start_there(path: &Path, document: &Value<'_>) -> bool {
    let is_fixed = |step: &&Step| {
        !step.deep && matches!(step.selector, Selector::Name(_) | Selector::Index(_))
    };
    let fixed = path.steps.iter().take_while(is_fixed).count();
    let start = path.steps.get(..fixed).unwrap_or_default();
    let mut search = Search { document, steps_left: STEPS_MAX };
    matches!(search.single(start, document), Ok(Some(Some(_))))
}

pub(super) struct Search<'a> {
    document: &'a Value<'a>,
    steps_left: u64,
}

impl<'a> Search<'a> {
    fn find(&mut self, path: &Path, current: &'a Value<'a>) -> Result<Found<'a>, JsonPathLimit> {
        let origin = match path.origin {
            Origin::Document => self.document,
            Origin::Current => current,
        };
        let places = self.places(path, origin)?;
        let Some(call) = &path.function else { return Ok(places) };
        if path.joins() {
            let list = match places {
                Found::Nothing => Vec::new(),
                Found::One(value) => vec![value.into_value()],
                Found::Many(values) => self.copies(&values)?,
            };
            let made = function::apply(self, call, &Value::Array(list), current)?;
            return Ok(made.map_or(Found::Nothing, |value| Found::One(Place::Made(value))));
        }
        match places {
            Found::Nothing => Ok(Found::Nothing),
            Found::One(value) => {
                let made = function::apply(self, call, &value, current)?;
                Ok(made.map_or(Found::Nothing, |value| Found::One(Place::Made(value))))
            }
            Found::Many(values) => {
                let mut made = Vec::new();
                for value in &values {
                    made.extend(function::apply(self, call, value, current)?.map(Place::Made));
                }
                Ok(many(made))
            }
        }
    }

    /// What the steps lead to, functions left out.
    fn places(&mut self, path: &Path, origin: &'a Value<'a>) -> Result<Found<'a>, JsonPathLimit> {
        let (last, before) = match path.steps.split_last() {
            Some((Step { deep: false, selector: Selector::Names(names) }, before))
                if path.function.is_none() =>
            {
                (Some(names), before)
            }
            Some((Step { deep: true, selector: Selector::Names(names) }, before))
                if path.function.is_none() =>
            {
                let containers = self.lists(before, origin)?;
                let mut made = Vec::new();
                for container in containers {
                    self.scan(container, |search, value| {
                        search.spend(names.len())?;
                        let complete = names.iter().all(|name| value.get(name).is_some());
                        if complete {
                            made.extend(search.chosen(value, names)?.map(Place::Made));
                        }
                        if made.len() > RESULTS_MAX {
                            return Err(JsonPathLimit::Results);
                        }
                        Ok(())
                    })?;
                }
                return Ok(many(made));
            }
            _ => (None, path.steps.as_slice()),
        };
        if let Some(place) = self.single(before, origin)? {
            let Some(place) = place else { return Ok(Found::Nothing) };
            return Ok(match last {
                None => Found::One(Place::There(place)),
                Some(names) => match self.chosen(place, names)? {
                    Some(value) => Found::One(Place::Made(value)),
                    None => Found::Nothing,
                },
            });
        }
        let places = self.lists(before, origin)?;
        let Some(names) = last else {
            return Ok(many(places.into_iter().map(Place::There).collect()));
        };
        let mut made = Vec::new();
        for place in places {
            made.extend(self.chosen(place, names)?.map(Place::Made));
        }
        Ok(many(made))
    }

    /// The one place of steps that are definite; the outer `None` where they are not.
    fn single(
        &mut self,
        steps: &[Step],
        origin: &'a Value<'a>,
    ) -> Result<Option<Option<&'a Value<'a>>>, JsonPathLimit> {
        let mut place = origin;
        for step in steps {
            if step.deep {
                return Ok(None);
            }
            self.spend(1)?;
            let next = match &step.selector {
                Selector::Name(name) => place.as_object().and_then(|object| object.get(name)),
                Selector::Index(index) => element(place, *index),
                Selector::Names(_)
                | Selector::Indexes(_)
                | Selector::Slice { .. }
                | Selector::Wildcard
                | Selector::Filter(_) => return Ok(None),
            };
            match next {
                Some(next) => place = next,
                // What follows cannot find anything, but decides what a filter would be told.
                None => return Ok(Some(None)),
            }
        }
        Ok(Some(Some(place)))
    }

    fn lists(
        &mut self,
        steps: &[Step],
        origin: &'a Value<'a>,
    ) -> Result<Vec<&'a Value<'a>>, JsonPathLimit> {
        let mut places = vec![origin];
        for step in steps {
            let mut next = Vec::new();
            for place in places {
                if step.deep {
                    self.scan(place, |search, container| {
                        search.select_deep(&step.selector, container, &mut next)
                    })?;
                } else {
                    self.select(&step.selector, place, &mut next)?;
                }
                if next.len() > RESULTS_MAX {
                    return Err(JsonPathLimit::Results);
                }
            }
            places = next;
        }
        Ok(places)
    }

    /// Visits the containers at and below `top`, each before those inside it.
    fn scan(
        &mut self,
        top: &'a Value<'a>,
        mut visit: impl FnMut(&mut Self, &'a Value<'a>) -> Result<(), JsonPathLimit>,
    ) -> Result<(), JsonPathLimit> {
        let is_container = |value: &&Value| value.is_object() || value.is_array();
        let mut open = vec![top];
        while let Some(value) = open.pop() {
            let before = open.len();
            match value {
                Value::Object(members) => {
                    self.spend(members.len() + 1)?;
                    visit(self, value)?;
                    open.extend(members.values().filter(is_container));
                }
                Value::Array(items) => {
                    self.spend(items.len() + 1)?;
                    visit(self, value)?;
                    open.extend(items.iter().filter(is_container));
                }
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
            }
            if let Some(inside) = open.get_mut(before..) {
                inside.reverse();
            }
        }
        Ok(())
    }

    /// Behind `..` a filter judges each value once: an object where the scan comes to it, other
    /// values as elements of their array.
    fn select_deep(
        &mut self,
        selector: &Selector,
        container: &'a Value<'a>,
        found: &mut Vec<&'a Value<'a>>,
    ) -> Result<(), JsonPathLimit> {
        let (Selector::Filter(filter), Value::Array(items)) = (selector, container) else {
            return self.select(selector, container, found);
        };
        for item in items.iter().filter(|item| !item.is_object()) {
            if self.holds(filter, item)? {
                found.push(item);
            }
        }
        Ok(())
    }

    fn select(
        &mut self,
        selector: &Selector,
        place: &'a Value<'a>,
        found: &mut Vec<&'a Value<'a>>,
    ) -> Result<(), JsonPathLimit> {
        self.spend(1)?;
        match (selector, place) {
            (Selector::Name(name), Value::Object(members)) => found.extend(members.get(name)),
            (Selector::Names(names), Value::Object(members)) => {
                self.spend(names.len())?;
                found.extend(names.iter().filter_map(|name| members.get(name)));
            }
            (Selector::Index(index), Value::Array(_)) => found.extend(element(place, *index)),
            (Selector::Indexes(indexes), Value::Array(_)) => {
                self.spend(indexes.len())?;
                found.extend(indexes.iter().filter_map(|index| element(place, *index)));
            }
            (Selector::Slice { start, end, step }, Value::Array(items)) => {
                self.spend(items.len())?;
                slice(items, *start, *end, *step, found);
            }
            (Selector::Wildcard, Value::Object(members)) => {
                self.spend(members.len())?;
                found.extend(members.values());
            }
            (Selector::Wildcard, Value::Array(items)) => {
                self.spend(items.len())?;
                found.extend(items);
            }
            // An object is judged itself, not its members.
            (Selector::Filter(filter), Value::Object(_)) => {
                if self.holds(filter, place)? {
                    found.push(place);
                }
            }
            (Selector::Filter(filter), Value::Array(items)) => {
                for item in items {
                    if self.holds(filter, item)? {
                        found.push(item);
                    }
                }
            }
            (
                Selector::Name(_)
                | Selector::Names(_)
                | Selector::Index(_)
                | Selector::Indexes(_)
                | Selector::Slice { .. }
                | Selector::Wildcard
                | Selector::Filter(_),
                _,
            ) => {}
        }
        Ok(())
    }

    /// The object that several names at the end of a path make.
    fn chosen(
        &mut self,
        place: &Value<'a>,
        names: &[Box<str>],
    ) -> Result<Option<Value<'a>>, JsonPathLimit> {
        let Value::Object(members) = place else { return Ok(None) };
        self.spend(names.len())?;
        let mut object = Members::default();
        for name in names {
            if let Some(value) = members.get(name) {
                object.insert(Cow::Owned(name.as_ref().to_owned()), self.copy(value)?);
            }
        }
        Ok(Some(Value::Object(object)))
    }

    fn holds(&mut self, filter: &Filter, current: &'a Value<'a>) -> Result<bool, JsonPathLimit> {
        self.spend(1)?;
        match filter {
            Filter::Any(parts) => {
                for part in parts {
                    if self.holds(part, current)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Filter::All(parts) => {
                for part in parts {
                    if !self.holds(part, current)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Filter::Not(inner) => Ok(!self.holds(inner, current)?),
            Filter::Exists(path) => Ok(self.find(path, current)? != Found::Nothing),
            Filter::Compare { left, relation, right } => {
                self.compare(left, *relation, right, current)
            }
            Filter::Matches { text, pattern } => {
                let Some(value) = self.operand(text, current)? else { return Ok(false) };
                self.spend_on(&value)?;
                let items = match &*value {
                    Value::Array(items) => items.as_slice(),
                    single => std::slice::from_ref(single),
                };
                for item in items {
                    if pattern.matches(&compare::scalar_text(item), self)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
        }
    }

    fn compare(
        &mut self,
        left: &Operand,
        relation: Relation,
        right: &Operand,
        current: &'a Value<'a>,
    ) -> Result<bool, JsonPathLimit> {
        let left = self.operand(left, current)?;
        let right = self.operand(right, current)?;
        // Lists are compared element by element.
        let list_len = |value: &Option<Place<'_>>| match value.as_deref() {
            Some(Value::Array(items)) => items.len(),
            _ => 1,
        };
        self.spend(list_len(&left).saturating_mul(list_len(&right)))?;
        for value in [&left, &right].into_iter().flatten() {
            self.spend_on(value)?;
        }
        Ok(compare::holds(left.as_deref(), relation, right.as_deref()))
    }

    /// `None` where its path finds nothing; several results are an array.
    pub(super) fn operand<'v>(
        &mut self,
        operand: &'v Operand,
        current: &'a Value<'a>,
    ) -> Result<Option<Place<'v>>, JsonPathLimit>
    where
        'a: 'v,
    {
        match operand {
            Operand::Literal(value) => Ok(Some(Place::There(value))),
            Operand::Path(path) => Ok(match self.find(path, current)? {
                Found::Nothing => None,
                Found::One(value) => Some(value),
                Found::Many(values) => Some(Place::Made(Value::Array(self.copies(&values)?))),
            }),
        }
    }

    fn copies(&mut self, values: &[Place<'a>]) -> Result<Vec<Value<'a>>, JsonPathLimit> {
        values.iter().map(|value| self.copy(value)).collect()
    }

    pub(super) fn copy(&mut self, value: &Value<'a>) -> Result<Value<'a>, JsonPathLimit> {
        self.spend_on(value)?;
        Ok(value.clone())
    }

    /// For what is done with a whole value.
    pub(super) fn spend_on(&mut self, value: &Value<'_>) -> Result<(), JsonPathLimit> {
        match value {
            Value::String(text) => return self.spend(1 + text.len() / BYTES_PER_STEP),
            Value::Null | Value::Bool(_) | Value::Number(_) => return self.spend(1),
            Value::Array(_) | Value::Object(_) => {}
        }
        let mut open = vec![value];
        while let Some(value) = open.pop() {
            self.spend(1)?;
            match value {
                Value::String(text) => self.spend(text.len() / BYTES_PER_STEP)?,
                Value::Array(items) => open.extend(items),
                Value::Object(members) => {
                    for (name, value) in members.iter() {
                        self.spend(name.len() / BYTES_PER_STEP)?;
                        open.push(value);
                    }
                }
                Value::Null | Value::Bool(_) | Value::Number(_) => {}
            }
        }
        Ok(())
    }

    pub(super) fn spend(&mut self, steps: usize) -> Result<(), JsonPathLimit> {
        let steps = u64::try_from(steps).unwrap_or(u64::MAX);
        self.steps_left = self.steps_left.checked_sub(steps).ok_or(JsonPathLimit::Steps)?;
        Ok(())
    }
}

fn many<'a>(values: Vec<Place<'a>>) -> Found<'a> {
    if values.is_empty() { Found::Nothing } else { Found::Many(values) }
}

/// An index below 0 counts from the end.
fn element<'v, 'd>(place: &'v Value<'d>, index: i64) -> Option<&'v Value<'d>> {
    let items = place.as_array()?;
    let from_start = if index < 0 { i64::try_from(items.len()).ok()? + index } else { index };
    items.get(usize::try_from(from_start).ok()?)
}

/// RFC 9535, 2.3.4.2.2.
fn slice<'a>(
    items: &'a [Value<'a>],
    start: Option<i64>,
    end: Option<i64>,
    step: i64,
    found: &mut Vec<&'a Value<'a>>,
) {
    let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
    let from_start = |bound: i64| if bound < 0 { bound.saturating_add(length) } else { bound };
    let get = |index: i64| usize::try_from(index).ok().and_then(|index| items.get(index));
    if step > 0 {
        let mut index = from_start(start.unwrap_or(0)).clamp(0, length);
        let end = from_start(end.unwrap_or(length)).clamp(0, length);
        while index < end {
            found.extend(get(index));
            index = index.saturating_add(step);
        }
    } else if step < 0 {
        let mut index = start.map_or(length - 1, from_start).clamp(-1, length - 1);
        let end = end.map_or(-1, from_start).clamp(-1, length - 1);
        while index > end {
            found.extend(get(index));
            index = index.saturating_add(step);
        }
    }
}
