//! A set in memory: members in the order of their bytes.

use super::tree::Tree;
use super::{check_collection, check_element, element_weight_bytes, last_of_equals};
use crate::store::cache::item::set::SetOperation;
use crate::store::cache::{CacheError, Element, Outcome, WriteLimits};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Set {
    members: Tree<Element>,
}

/// Members that may be stored come out in their order, each once.
pub(super) fn checked(
    operation: SetOperation,
    limits: &WriteLimits,
) -> Result<SetOperation, CacheError> {
    let sorted = |members: Vec<Element>| {
        members.iter().try_for_each(|member| check_element(member, limits))?;
        Ok(last_of_equals(members, |member| member))
    };
    Ok(match operation {
        SetOperation::Union { members, ttl } => {
            let members = sorted(members)?;
            check_collection(members.iter().map(|member| element_weight_bytes(member)), limits)?;
            SetOperation::Union { members, ttl }
        }
        SetOperation::SubtractFrom { members } => {
            SetOperation::SubtractFrom { members: sorted(members)? }
        }
        SetOperation::Fetch
        | SetOperation::Sample { .. }
        | SetOperation::Subtract { .. }
        | SetOperation::DeleteAll
        | SetOperation::Contains { .. }
        | SetOperation::Length
        | SetOperation::Pop { .. } => operation,
    })
}

impl Set {
    pub(super) fn len(&self) -> usize {
        self.members.len()
    }

    pub(super) fn size_bytes(&self) -> usize {
        self.members.weight_bytes()
    }

    pub(super) fn apply(&mut self, operation: &SetOperation) -> Outcome {
        match operation {
            SetOperation::Fetch => {
                return Outcome::Values(self.members.iter().cloned().collect());
            }
            SetOperation::Sample { limit } => {
                let chosen = self.at_random(*limit);
                let members = chosen.into_iter().filter_map(|at| self.members.get(at).cloned());
                return Outcome::Values(members.collect());
            }
            SetOperation::Contains { members } => {
                let contains = |member: &Element| self.find(member).is_ok();
                return Outcome::Contains(members.iter().map(contains).collect());
            }
            SetOperation::Pop { count } => {
                let mut chosen = self.at_random(*count);
                let members = chosen.iter().filter_map(|at| self.members.get(*at).cloned());
                let members = members.collect();
                chosen.sort_unstable();
                let ranges: Vec<_> = chosen.into_iter().map(|at| at..at + 1).collect();
                self.members.remove_ranges(&ranges);
                return Outcome::Values(members);
            }
            SetOperation::Union { members, .. } => {
                for member in members {
                    if let Err(at) = self.find(member) {
                        self.members.insert(at, member.clone());
                    }
                }
            }
            SetOperation::Subtract { members } => {
                for member in members {
                    if let Ok(at) = self.find(member) {
                        self.members.remove(at);
                    }
                }
            }
            SetOperation::SubtractFrom { members } => {
                let left = members.iter().filter(|member| self.find(member).is_err());
                self.members = left.cloned().collect();
            }
            SetOperation::DeleteAll => *self = Self::default(),
            SetOperation::Length => {}
        }
        Outcome::Length(self.len() as u64)
    }

    /// Different positions, at most `count` of them.
    fn at_random(&self, count: u64) -> Vec<usize> {
        let count = usize::try_from(count).unwrap_or(usize::MAX).min(self.len());
        rand::seq::index::sample(&mut rand::rng(), self.len(), count).into_vec()
    }

    /// Where the member is, or where it would be.
    fn find(&self, member: &[u8]) -> Result<usize, usize> {
        let at = self.members.partition_point(|found| **found < *member);
        match self.members.get(at) {
            Some(found) if **found == *member => Ok(at),
            Some(_) | None => Err(at),
        }
    }
}
