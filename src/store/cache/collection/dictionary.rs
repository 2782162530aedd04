//! A dictionary in memory: fields in the order of their bytes.

use super::tree::{Tree, Weighed};
use super::{check_collection, check_element, element_weight_bytes, last_of_equals};
use crate::store::cache::item::dictionary::DictionaryOperation;
use crate::store::cache::operation::integer;
use crate::store::cache::{CacheError, Element, Outcome, WriteLimits};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dictionary {
    fields: Tree<Field>,
}

#[derive(Clone, Debug, PartialEq)]
struct Field {
    name: Element,
    value: Element,
}

impl Weighed for Field {
    fn weight_bytes(&self) -> usize {
        weight_bytes(&self.name, &self.value)
    }
}

fn weight_bytes(name: &[u8], value: &[u8]) -> usize {
    element_weight_bytes(name) + element_weight_bytes(value)
}

pub(super) fn checked(
    operation: DictionaryOperation,
    limits: &WriteLimits,
) -> Result<DictionaryOperation, CacheError> {
    match &operation {
        DictionaryOperation::Set { fields, .. } => {
            for (name, value) in fields {
                check_element(name, limits)?;
                check_element(value, limits)?;
            }
        }
        DictionaryOperation::Increment { field, .. } => check_element(field, limits)?,
        DictionaryOperation::Fetch
        | DictionaryOperation::Get { .. }
        | DictionaryOperation::Delete { .. }
        | DictionaryOperation::DeleteAll
        | DictionaryOperation::Length => {}
    }
    let DictionaryOperation::Set { fields, ttl } = operation else { return Ok(operation) };
    let fields = last_of_equals(fields, |(name, _)| name);
    check_collection(fields.iter().map(|(name, value)| weight_bytes(name, value)), limits)?;
    Ok(DictionaryOperation::Set { fields, ttl })
}

impl Dictionary {
    pub(super) fn len(&self) -> usize {
        self.fields.len()
    }

    pub(super) fn size_bytes(&self) -> usize {
        self.fields.weight_bytes()
    }

    pub(super) fn apply(&mut self, operation: &DictionaryOperation) -> Result<Outcome, CacheError> {
        match operation {
            DictionaryOperation::Fetch => {
                let pair = |field: &Field| (field.name.clone(), field.value.clone());
                return Ok(Outcome::Fields(self.fields.iter().map(pair).collect()));
            }
            DictionaryOperation::Get { fields } => {
                let value = |name: &Element| self.get(name).map(|field| field.value.clone());
                return Ok(Outcome::FieldValues(fields.iter().map(value).collect()));
            }
            DictionaryOperation::Increment { field, by, .. } => {
                let before = match self.get(field) {
                    None => 0,
                    Some(field) => integer(&field.value)?,
                };
                let sum = before.checked_add(*by).ok_or(CacheError::Overflow)?;
                self.set(field, &Element::from(sum.to_string().into_bytes()));
                return Ok(Outcome::Number(sum));
            }
            DictionaryOperation::Set { fields, .. } => {
                for (name, value) in fields {
                    self.set(name, value);
                }
            }
            DictionaryOperation::Delete { fields } => {
                for name in fields {
                    if let Ok(at) = self.find(name) {
                        self.fields.remove(at);
                    }
                }
            }
            DictionaryOperation::DeleteAll => *self = Self::default(),
            DictionaryOperation::Length => {}
        }
        Ok(Outcome::Length(self.len() as u64))
    }

    fn get(&self, name: &[u8]) -> Option<&Field> {
        self.find(name).ok().and_then(|at| self.fields.get(at))
    }

    fn set(&mut self, name: &Element, value: &Element) {
        let at = self.find(name);
        let field = Field { name: name.clone(), value: value.clone() };
        match at {
            Ok(at) => self.fields.replace(at, field),
            Err(at) => self.fields.insert(at, field),
        }
    }

    /// Where the field is, or where it would be.
    fn find(&self, name: &[u8]) -> Result<usize, usize> {
        let at = self.fields.partition_point(|field| *field.name < *name);
        match self.fields.get(at) {
            Some(field) if *field.name == *name => Ok(at),
            Some(_) | None => Err(at),
        }
    }
}
