//! A list in memory.

use std::ops::Range;

use super::tree::Tree;
use super::{check_collection, check_element, element_weight_bytes};
use crate::store::cache::item::list::{ListOperation, ListRange};
use crate::store::cache::operation::End;
use crate::store::cache::{CacheError, Element, Outcome, WriteLimits};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct List {
    values: Tree<Element>,
}

/// Leaves out of a push what would be cut off at once.
pub(super) fn checked(
    operation: ListOperation,
    limits: &WriteLimits,
) -> Result<ListOperation, CacheError> {
    let ListOperation::Push { end, mut values, truncate_to, ttl } = operation else {
        return Ok(operation);
    };
    for value in &values {
        check_element(value, limits)?;
    }
    let kept = truncate_to.map_or(values.len(), |to| length(to.get()).min(values.len()));
    match end {
        End::Front => values.truncate(kept),
        End::Back => drop(values.drain(..values.len() - kept)),
    }
    check_collection(values.iter().map(|value| element_weight_bytes(value)), limits)?;
    Ok(ListOperation::Push { end, values, truncate_to, ttl })
}

impl List {
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    pub(super) fn size_bytes(&self) -> usize {
        self.values.weight_bytes()
    }

    /// `None`: there is nothing to pop.
    pub(super) fn apply(&mut self, operation: &ListOperation) -> Outcome {
        match operation {
            ListOperation::Fetch { slice } => {
                let found = self.values.range(slice.positions(self.len()));
                return Outcome::Values(found.cloned().collect());
            }
            ListOperation::Pop { end } => {
                let at = match end {
                    End::Front => 0,
                    End::Back => self.len().saturating_sub(1),
                };
                let Some(value) = self.values.remove(at) else { return Outcome::Missing };
                return Outcome::Popped { value, length: self.len() as u64 };
            }
            ListOperation::Length => {}
            ListOperation::Push { end, values, truncate_to, .. } => {
                self.add(*end, values);
                let kept = truncate_to.map_or(self.len(), |to| length(to.get()));
                let removed = self.len().saturating_sub(kept);
                self.values.remove_ranges(&[match end {
                    End::Front => self.len() - removed..self.len(),
                    End::Back => 0..removed,
                }]);
            }
            ListOperation::Retain { slice, .. } => {
                let kept = slice.positions(self.len());
                self.values.remove_ranges(&[0..kept.start, kept.end..self.len()]);
            }
            ListOperation::Remove { value } => {
                let equal = |(_, found): &(usize, &Element)| *found == value;
                let equals = self.values.iter().enumerate().filter(equal);
                let ranges: Vec<_> = equals.map(|(at, _)| at..at + 1).collect();
                self.values.remove_ranges(&ranges);
            }
            ListOperation::Erase { ranges } => {
                self.values.remove_ranges(&disjoint(ranges, self.len()));
            }
            ListOperation::EraseAll => *self = Self::default(),
        }
        Outcome::Length(self.len() as u64)
    }

    fn add(&mut self, end: End, values: &[Element]) {
        match end {
            End::Front => {
                for value in values.iter().rev() {
                    self.values.insert(0, value.clone());
                }
            }
            End::Back => {
                for value in values {
                    self.values.push(value.clone());
                }
            }
        }
    }
}

/// The same positions, in their order and each once, of a list of `len` values.
fn disjoint(ranges: &[ListRange], len: usize) -> Vec<Range<usize>> {
    let range = |range: &ListRange| {
        let begin = length(range.begin).min(len);
        begin..begin.saturating_add(length(range.count)).min(len)
    };
    let mut ranges: Vec<_> = ranges.iter().map(range).collect();
    ranges.sort_unstable_by_key(|range| range.start);
    let mut end = 0;
    for range in &mut ranges {
        range.start = range.start.max(end);
        range.end = range.end.max(range.start);
        end = range.end;
    }
    ranges
}

fn length(length: u32) -> usize {
    usize::try_from(length).unwrap_or(usize::MAX)
}
