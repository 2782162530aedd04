//! Sorted sets: members with a score, by which they are ordered; members of equal score by
//! their bytes.

use crate::store::cache::item::Element;
use crate::store::cache::item::list::Slice;
use crate::store::cache::operation::{Access, CollectionTtl};

/// Those that read or remove have [`Missing`](crate::store::cache::operation::Outcome::Missing)
/// for an outcome where there is no sorted set. One without members does not exist. A score is
/// any number but NaN, which is `NotANumber`; -0 is 0.
#[derive(Clone, Debug, PartialEq)]
pub enum SortedSetOperation {
    /// `Length`. Of equal members the last one counts.
    Put { elements: Vec<Scored>, ttl: CollectionTtl },
    /// `Elements`, in `order`; positions count in that order.
    FetchByIndex { order: Order, slice: Slice },
    /// `Elements`, in `order`.
    FetchByScore {
        order: Order,
        scores: ScoreRange,
        /// Elements in front, in that order, that are left out.
        offset: u64,
        /// `None`: all of them.
        count: Option<u64>,
    },
    /// `Scores`.
    GetScores { members: Vec<Element> },
    /// `Length`.
    Remove { members: Vec<Element> },
    /// `Length`: zero.
    RemoveAll,
    /// `Score`. A member that is not there has zero before.
    Increment { member: Element, by: f64, ttl: CollectionTtl },
    /// `Rank`.
    Rank { member: Element, order: Order },
    /// `Length`.
    Length,
    /// `Length`: how many have such a score.
    LengthByScore { scores: ScoreRange },
}

impl SortedSetOperation {
    pub(in crate::store::cache) fn access(&self) -> Access {
        match self {
            Self::FetchByIndex { .. }
            | Self::FetchByScore { .. }
            | Self::GetScores { .. }
            | Self::Rank { .. }
            | Self::Length
            | Self::LengthByScore { .. } => Access::Read,
            Self::Put { ttl, .. } | Self::Increment { ttl, .. } => Access::Add(*ttl),
            Self::Remove { .. } | Self::RemoveAll => Access::Take(None),
        }
    }

    pub(in crate::store::cache) fn steps(&self, length: usize) -> usize {
        match self {
            Self::Put { elements, .. } => elements.len(),
            Self::GetScores { members } | Self::Remove { members } => members.len(),
            Self::FetchByIndex { .. } | Self::FetchByScore { .. } => length,
            Self::RemoveAll
            | Self::Increment { .. }
            | Self::Rank { .. }
            | Self::Length
            | Self::LengthByScore { .. } => 1,
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Scored {
    pub member: Element,
    pub score: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Ascending,
    /// The exact reverse, members of equal score included.
    Descending,
}

/// Scores between two bounds. The default is all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ScoreRange {
    pub min: ScoreBound,
    pub max: ScoreBound,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum ScoreBound {
    #[default]
    Open,
    Inclusive(f64),
    Exclusive(f64),
}

/// What becomes of the scores of a member of several sorted sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggregate {
    Sum,
    Min,
    Max,
}
