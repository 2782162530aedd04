//! A JSON value whose texts are slices of the document that it was read from.

use std::borrow::Cow;
use std::fmt;
use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::Number;

/// How many members an object may have before an index finds their names.
const SCANNED_MEMBERS_MAX: usize = 16;

/// A value of a document that lives for `'d`. A text is a slice of it where it holds no escape.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value<'d> {
    #[default]
    Null,
    Bool(bool),
    Number(Number),
    String(Cow<'d, str>),
    Array(Vec<Value<'d>>),
    Object(Members<'d>),
}

/// The members of an object in their order, each name once. Two are equal whatever their order.
#[derive(Clone, Default)]
pub struct Members<'d> {
    entries: Vec<(Cow<'d, str>, Value<'d>)>,
    /// Of more than [`SCANNED_MEMBERS_MAX`].
    index: Option<Box<Index>>,
}

/// Where each name stands among the entries. The seed is the process's own, so that a document
/// cannot be written for names that meet in one place.
#[derive(Clone, Default)]
struct Index {
    places: HashTable<usize>,
    hasher: RandomState,
}

impl<'d> Value<'d> {
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    pub fn as_number(&self) -> Option<&Number> {
        match self {
            Self::Number(number) => Some(number),
            _ => None,
        }
    }

    pub fn as_i64(&self) -> Option<i64> {
        self.as_number()?.as_i64()
    }

    pub fn as_u64(&self) -> Option<u64> {
        self.as_number()?.as_u64()
    }

    pub fn as_f64(&self) -> Option<f64> {
        self.as_number()?.as_f64()
    }

    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    pub fn as_array(&self) -> Option<&[Value<'d>]> {
        match self {
            Self::Array(items) => Some(items),
            _ => None,
        }
    }

    pub fn as_object(&self) -> Option<&Members<'d>> {
        match self {
            Self::Object(members) => Some(members),
            _ => None,
        }
    }

    pub fn is_array(&self) -> bool {
        self.as_array().is_some()
    }

    pub fn is_object(&self) -> bool {
        self.as_object().is_some()
    }

    /// A member of an object.
    pub fn get(&self, name: &str) -> Option<&Value<'d>> {
        self.as_object()?.get(name)
    }

    /// Its text without white space.
    pub fn to_json(&self) -> String {
        // Names are texts and numbers finite, so that there is nothing to fail.
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl<'d> Members<'d> {
    /// Of a name that is there the new value takes the place.
    pub fn insert(&mut self, name: Cow<'d, str>, value: Value<'d>) {
        match self.place(&name).and_then(|place| self.entries.get_mut(place)) {
            Some((_, there)) => *there = value,
            None => self.push(name, value),
        }
    }

    pub fn get(&self, name: &str) -> Option<&Value<'d>> {
        self.entries.get(self.place(name)?).map(|(_, value)| value)
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value<'d>)> {
        self.entries.iter().map(|(name, value)| (&**name, value))
    }

    /// A name is a slice of the document still.
    pub fn names(&self) -> impl Iterator<Item = &Cow<'d, str>> {
        self.entries.iter().map(|(name, _)| name)
    }

    pub fn values(&self) -> impl Iterator<Item = &Value<'d>> {
        self.entries.iter().map(|(_, value)| value)
    }

    fn place(&self, name: &str) -> Option<usize> {
        let Some(index) = &self.index else {
            return self.entries.iter().position(|(known, _)| known == name);
        };
        let is_it =
            |place: &usize| self.entries.get(*place).is_some_and(|(known, _)| known == name);
        index.places.find(index.hasher.hash_one(name), is_it).copied()
    }

    fn push(&mut self, name: Cow<'d, str>, value: Value<'d>) {
        let place = self.entries.len();
        self.entries.push((name, value));
        match &mut self.index {
            Some(index) => index.add(place, &self.entries),
            None if self.entries.len() > SCANNED_MEMBERS_MAX => {
                let index = self.index.insert(Box::default());
                (0..self.entries.len()).for_each(|place| index.add(place, &self.entries));
            }
            None => {}
        }
    }
}

impl Index {
    fn add(&mut self, place: usize, entries: &[(Cow<'_, str>, Value<'_>)]) {
        let hash = |place: &usize| {
            let name = entries.get(*place).map_or("", |(name, _)| name);
            self.hasher.hash_one(name)
        };
        self.places.insert_unique(hash(&place), place, hash);
    }
}

impl PartialEq for Members<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().all(|(name, value)| other.get(name) == Some(value))
    }
}

impl fmt::Debug for Members<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// Of a name that stands twice the last value counts, in the first one's place.
impl<'d> From<Vec<(Cow<'d, str>, Value<'d>)>> for Members<'d> {
    fn from(entries: Vec<(Cow<'d, str>, Value<'d>)>) -> Self {
        if entries.len() > SCANNED_MEMBERS_MAX || a_name_stands_twice(&entries) {
            return entries.into_iter().collect();
        }
        Self { entries, index: None }
    }
}

/// Each name is compared with all before it: for few of them.
fn a_name_stands_twice(entries: &[(Cow<'_, str>, Value<'_>)]) -> bool {
    entries
        .iter()
        .enumerate()
        .any(|(place, (name, _))| entries.iter().take(place).any(|(before, _)| before == name))
}

impl<'d, N: Into<Cow<'d, str>>> FromIterator<(N, Value<'d>)> for Members<'d> {
    fn from_iter<I: IntoIterator<Item = (N, Value<'d>)>>(entries: I) -> Self {
        let entries = entries.into_iter();
        let mut members = Self::default();
        entries.for_each(|(name, value)| members.insert(name.into(), value));
        members
    }
}

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_json())
    }
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(number) => number.serialize(serializer),
            Self::String(text) => serializer.serialize_str(text),
            Self::Array(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    list.serialize_element(item)?;
                }
                list.end()
            }
            Self::Object(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (name, value) in members.iter() {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }
    }
}

impl<'d> From<&'d str> for Value<'d> {
    fn from(text: &'d str) -> Self {
        Self::String(Cow::Borrowed(text))
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::String(Cow::Owned(text))
    }
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Number(Number::from(number))
    }
}

impl From<usize> for Value<'_> {
    fn from(number: usize) -> Self {
        Self::Number(Number::from(number))
    }
}

/// What is no finite number is null.
impl From<f64> for Value<'_> {
    fn from(number: f64) -> Self {
        Number::from_f64(number).map_or(Self::Null, Self::Number)
    }
}

/// Within the nesting that serde_json reads.
impl From<serde_json::Value> for Value<'_> {
    fn from(value: serde_json::Value) -> Self {
        match value {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(value) => Self::Bool(value),
            serde_json::Value::Number(number) => Self::Number(number),
            serde_json::Value::String(text) => Self::from(text),
            serde_json::Value::Array(items) => {
                Self::Array(items.into_iter().map(Self::from).collect())
            }
            serde_json::Value::Object(members) => {
                let members = members.into_iter().map(|(name, value)| (name, Self::from(value)));
                Self::Object(members.collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop, proptest};
    use proptest::{prop_assert, prop_assert_eq};

    use super::*;

    fn numbered(count: usize) -> Members<'static> {
        (0..count).map(|number| (format!("m{number}"), Value::from(number))).collect()
    }

    #[test]
    fn members_are_found_with_and_without_an_index() {
        for (count, has_index) in [
            (0, false),
            (SCANNED_MEMBERS_MAX, false),
            (SCANNED_MEMBERS_MAX + 1, true),
            (5000, true),
        ] {
            let mut members = numbered(count);
            assert_eq!(members.index.is_some(), has_index, "{count}");
            for number in 0..count {
                let found = members.get(&format!("m{number}"));
                assert_eq!(found.and_then(Value::as_u64), u64::try_from(number).ok());
            }
            assert!(members.get("m").is_none() && members.get("").is_none());
            if count > 0 {
                members.insert(Cow::Borrowed("m0"), Value::Null);
                assert_eq!(members.iter().next(), Some(("m0", &Value::Null)));
            }
            assert_eq!(members.len(), count);
        }
    }

    #[test]
    fn the_order_of_members_is_kept_and_does_not_matter() {
        let forth = numbered(40);
        let back: Members<'_> = {
            let mut entries = forth.entries.clone();
            entries.reverse();
            entries.into_iter().collect()
        };
        assert_eq!(forth, back);
        assert_ne!(forth.names().collect::<Vec<_>>(), back.names().collect::<Vec<_>>());
        assert_ne!(forth, numbered(39));
        let mut other = numbered(40);
        other.insert(Cow::Borrowed("m39"), Value::Null);
        assert_ne!(forth, other);
    }

    proptest! {
        #[test]
        fn members_are_a_map(entries in prop::collection::vec(("[a-f]{0,2}", any::<u32>()), 0..60)) {
            let expected: serde_json::Map<String, serde_json::Value> =
                entries.iter().map(|(name, number)| (name.clone(), (*number).into())).collect();
            let entries = entries
                .iter()
                .map(|(name, number)| (Cow::from(name), Value::Number((*number).into())));
            let members: Members<'_> = entries.clone().collect();
            prop_assert_eq!(&members, &Members::from(entries.collect::<Vec<_>>()));
            let expected_json = serde_json::Value::Object(expected.clone()).to_string();
            for (name, value) in &expected {
                prop_assert_eq!(members.get(name).and_then(Value::as_u64), value.as_u64());
            }
            prop_assert!(members.get("g").is_none());
            prop_assert_eq!(Value::Object(members).to_json(), expected_json);
        }
    }
}
