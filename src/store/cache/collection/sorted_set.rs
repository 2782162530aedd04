//! A sorted set in memory: once in the order of its members' bytes, once in that of scores.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::Range;

use super::tree::{Tree, Weighed};
use super::{check_collection, check_element, last_of_equals, scored_weight_bytes};
use crate::store::cache::item::sorted_set::{
    Aggregate, Order, ScoreBound, ScoreRange, Scored, SortedSetOperation,
};
use crate::store::cache::{CacheError, Element, Outcome, WriteLimits};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct SortedSet {
    by_member: Tree<Scored>,
    by_score: Tree<Scored>,
}

impl Weighed for Scored {
    fn weight_bytes(&self) -> usize {
        scored_weight_bytes(&self.member)
    }
}

/// Scores are numbers, and zero has no sign.
pub(super) fn checked(
    operation: SortedSetOperation,
    limits: &WriteLimits,
) -> Result<SortedSetOperation, CacheError> {
    match &operation {
        SortedSetOperation::FetchByScore { scores, .. }
        | SortedSetOperation::LengthByScore { scores } => check_range(scores)?,
        SortedSetOperation::Increment { member, by, .. } => {
            check_element(member, limits)?;
            number(*by)?;
        }
        SortedSetOperation::Put { .. }
        | SortedSetOperation::FetchByIndex { .. }
        | SortedSetOperation::GetScores { .. }
        | SortedSetOperation::Remove { .. }
        | SortedSetOperation::RemoveAll
        | SortedSetOperation::Rank { .. }
        | SortedSetOperation::Length => {}
    }
    let SortedSetOperation::Put { mut elements, ttl } = operation else { return Ok(operation) };
    for element in &mut elements {
        check_element(&element.member, limits)?;
        element.score = number(element.score)?;
    }
    let elements = last_of_equals(elements, |element| &element.member);
    check_collection(elements.iter().map(Weighed::weight_bytes), limits)?;
    Ok(SortedSetOperation::Put { elements, ttl })
}

fn check_range(scores: &ScoreRange) -> Result<(), CacheError> {
    for bound in [scores.min, scores.max] {
        match bound {
            ScoreBound::Open => {}
            ScoreBound::Inclusive(score) | ScoreBound::Exclusive(score) => drop(number(score)?),
        }
    }
    Ok(())
}

/// Zero has no sign.
fn number(score: f64) -> Result<f64, CacheError> {
    if score.is_nan() {
        return Err(CacheError::NotANumber);
    }
    Ok(score + 0.0)
}

impl SortedSet {
    pub(in crate::store::cache) fn len(&self) -> usize {
        self.by_member.len()
    }

    pub(super) fn size_bytes(&self) -> usize {
        self.by_member.weight_bytes()
    }

    pub(super) fn elements(&self) -> impl Iterator<Item = &Scored> {
        self.by_member.iter()
    }

    pub(super) fn apply(&mut self, operation: &SortedSetOperation) -> Result<Outcome, CacheError> {
        match operation {
            SortedSetOperation::FetchByIndex { order, slice } => {
                let positions = slice.positions(self.len());
                let positions = match order {
                    Order::Ascending => positions,
                    Order::Descending => self.len() - positions.end..self.len() - positions.start,
                };
                return Ok(Outcome::Elements(self.at(positions, *order)));
            }
            SortedSetOperation::FetchByScore { order, scores, offset, count } => {
                let Range { start, end } = self.between(scores);
                let short = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
                let left_out = short(*offset).min(end - start);
                let taken = count.map_or(usize::MAX, short).min(end - start - left_out);
                let positions = match order {
                    Order::Ascending => start + left_out..start + left_out + taken,
                    Order::Descending => end - left_out - taken..end - left_out,
                };
                return Ok(Outcome::Elements(self.at(positions, *order)));
            }
            SortedSetOperation::GetScores { members } => {
                let scores = members.iter().map(|member| self.score(member));
                return Ok(Outcome::Scores(scores.collect()));
            }
            SortedSetOperation::Increment { member, by, .. } => {
                let before = self.score(member).unwrap_or_default();
                let score = number(before + by)?;
                self.set(&Scored { member: member.clone(), score });
                return Ok(Outcome::Score(score));
            }
            SortedSetOperation::Rank { member, order } => {
                let rank = self.score(member).map(|score| {
                    let before = self.before(score, member);
                    match order {
                        Order::Ascending => before,
                        Order::Descending => self.len() - 1 - before,
                    }
                });
                return Ok(Outcome::Rank(rank.map(|rank| rank as u64)));
            }
            SortedSetOperation::LengthByScore { scores } => {
                return Ok(Outcome::Length(self.between(scores).len() as u64));
            }
            SortedSetOperation::Put { elements, .. } => {
                for element in elements {
                    self.set(element);
                }
            }
            SortedSetOperation::Remove { members } => {
                for member in members {
                    self.remove(member);
                }
            }
            SortedSetOperation::RemoveAll => *self = Self::default(),
            SortedSetOperation::Length => {}
        }
        Ok(Outcome::Length(self.len() as u64))
    }

    fn set(&mut self, element: &Scored) {
        match self.find(&element.member) {
            Ok(at) => {
                let before = self.by_member.get(at).map(|found| found.score);
                if before == Some(element.score) {
                    return;
                }
                if let Some(score) = before {
                    self.by_score.remove(self.before(score, &element.member));
                }
                self.by_member.replace(at, element.clone());
            }
            Err(at) => self.by_member.insert(at, element.clone()),
        }
        let at = self.before(element.score, &element.member);
        self.by_score.insert(at, element.clone());
    }

    fn remove(&mut self, member: &[u8]) {
        let removed = self.find(member).ok().and_then(|at| self.by_member.remove(at));
        if let Some(removed) = removed {
            self.by_score.remove(self.before(removed.score, member));
        }
    }

    fn score(&self, member: &[u8]) -> Option<f64> {
        let at = self.find(member).ok()?;
        self.by_member.get(at).map(|element| element.score)
    }

    /// Where the member is in the order of members, or where it would be.
    fn find(&self, member: &[u8]) -> Result<usize, usize> {
        let at = self.by_member.partition_point(|element| *element.member < *member);
        match self.by_member.get(at) {
            Some(element) if *element.member == *member => Ok(at),
            Some(_) | None => Err(at),
        }
    }

    /// How many come before such an element in the order of scores.
    fn before(&self, score: f64, member: &[u8]) -> usize {
        self.by_score.partition_point(|element| {
            let order = element.score.total_cmp(&score);
            order.then_with(|| (*element.member).cmp(member)) == Ordering::Less
        })
    }

    /// Positions in the order of scores.
    fn between(&self, scores: &ScoreRange) -> Range<usize> {
        let start = match scores.min {
            ScoreBound::Open => 0,
            ScoreBound::Inclusive(min) => self.by_score.partition_point(|at| at.score < min),
            ScoreBound::Exclusive(min) => self.by_score.partition_point(|at| at.score <= min),
        };
        let end = match scores.max {
            ScoreBound::Open => self.len(),
            ScoreBound::Inclusive(max) => self.by_score.partition_point(|at| at.score <= max),
            ScoreBound::Exclusive(max) => self.by_score.partition_point(|at| at.score < max),
        };
        start..end.max(start)
    }

    /// Positions count in the ascending order.
    fn at(&self, positions: Range<usize>, order: Order) -> Vec<Scored> {
        let mut found: Vec<_> = self.by_score.range(positions).cloned().collect();
        if order == Order::Descending {
            found.reverse();
        }
        found
    }
}

/// What sorted sets come to together, gathered one set at a time.
#[derive(Debug)]
pub(in crate::store::cache) struct Gathered {
    aggregate: Aggregate,
    scores: BTreeMap<Element, f64>,
    weight_bytes: usize,
}

impl Gathered {
    pub(in crate::store::cache) fn new(aggregate: Aggregate) -> Self {
        Self { aggregate, scores: BTreeMap::new(), weight_bytes: 0 }
    }

    /// Adds a set whose scores count `factor` times.
    pub(in crate::store::cache) fn add(
        &mut self,
        set: &SortedSet,
        factor: f64,
        limits: &WriteLimits,
    ) -> Result<(), CacheError> {
        for Scored { member, score } in set.elements() {
            let score = number(score * factor)?;
            if let Some(before) = self.scores.get_mut(member) {
                *before = number(match self.aggregate {
                    Aggregate::Sum => *before + score,
                    Aggregate::Min => before.min(score),
                    Aggregate::Max => before.max(score),
                })?;
            } else {
                self.weight_bytes += scored_weight_bytes(member);
                check_collection([self.weight_bytes], limits)?;
                self.scores.insert(member.clone(), score);
            }
        }
        Ok(())
    }

    pub(in crate::store::cache) fn into_set(self) -> SortedSet {
        let scored = |(member, score)| Scored { member, score };
        let mut elements: Vec<_> = self.scores.into_iter().map(scored).collect();
        let by_member = elements.iter().cloned().collect();
        // The order of members of equal score is there already.
        elements.sort_by(|one, other| one.score.total_cmp(&other.score));
        SortedSet { by_member, by_score: elements.into_iter().collect() }
    }
}
