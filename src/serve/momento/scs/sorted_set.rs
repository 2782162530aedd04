//! Calls of sorted sets. An unset bound is an open one.

use bytes::Bytes;
use momento_protos::cache_client::sorted_set_fetch_request::{
    ByIndex, ByScore, by_index, by_score,
};
use momento_protos::cache_client::{
    ECacheResult, SortedSetElement, SortedSetFetchRequest, SortedSetFetchResponse,
    SortedSetGetRankRequest, SortedSetGetRankResponse, SortedSetGetScoreRequest,
    SortedSetGetScoreResponse, SortedSetIncrementRequest, SortedSetIncrementResponse,
    SortedSetLengthByScoreRequest, SortedSetLengthByScoreResponse, SortedSetLengthRequest,
    SortedSetLengthResponse, SortedSetPutRequest, SortedSetPutResponse, SortedSetRemoveRequest,
    SortedSetRemoveResponse, SortedSetUnionStoreRequest, SortedSetUnionStoreResponse,
    sorted_set_fetch_request, sorted_set_fetch_response, sorted_set_get_rank_request,
    sorted_set_get_rank_response, sorted_set_get_score_response,
    sorted_set_length_by_score_request, sorted_set_length_by_score_response,
    sorted_set_length_response, sorted_set_remove_request, sorted_set_union_store_request,
};

use crate::serve::momento::permission::Need;
use crate::serve::momento::refusal::Refusal;
use crate::serve::momento::scs::{Call, collection, elements, lifetime, short, unexpected, unset};
use crate::store::cache::item::list::Slice;
use crate::store::cache::item::sorted_set::{
    Aggregate, Order, ScoreBound, ScoreRange, Scored, SortedSetOperation,
};
use crate::store::cache::operation::Union;
use crate::store::cache::{CollectionOperation, Operation, Outcome};

pub(super) async fn put(
    call: &Call,
    message: SortedSetPutRequest,
) -> Result<SortedSetPutResponse, Refusal> {
    let ttl = collection(message.ttl_milliseconds, message.refresh_ttl)?;
    if message.elements.is_empty() {
        return Err(Refusal::invalid("Invalid argument: the list of elements is empty"));
    }
    let scored =
        |element: SortedSetElement| Scored { member: element.value.into(), score: element.score };
    let elements = message.elements.into_iter().map(scored).collect();
    let put = SortedSetOperation::Put { elements, ttl };
    match apply(call, &message.set_name, Need::Write, put).await? {
        Outcome::Length(_) => Ok(SortedSetPutResponse {}),
        other => Err(unexpected(&other)),
    }
}

pub(super) async fn fetch(
    call: &Call,
    message: SortedSetFetchRequest,
) -> Result<SortedSetFetchResponse, Refusal> {
    use sorted_set_fetch_request::{Order as Asked, Range};
    use sorted_set_fetch_response::found::{Elements, Values, ValuesWithScores};
    use sorted_set_fetch_response::{Found, Missing, SortedSet};
    let order = match Asked::try_from(message.order) {
        Ok(Asked::Ascending) => Order::Ascending,
        Ok(Asked::Descending) => Order::Descending,
        Err(_) => return Err(unknown_order()),
    };
    let fetch = match message.range.ok_or_else(unset)? {
        Range::ByIndex(range) => {
            SortedSetOperation::FetchByIndex { order, slice: slice_of(&range) }
        }
        Range::ByScore(range) => by_score(order, &range)?,
    };
    let sorted_set = match apply(call, &message.set_name, Need::Read, fetch).await? {
        Outcome::Elements(found) if message.with_scores => {
            let element = |found: &Scored| SortedSetElement {
                value: found.member.to_vec(),
                score: found.score,
            };
            let elements = found.iter().map(element).collect();
            let elements = Elements::ValuesWithScores(ValuesWithScores { elements });
            SortedSet::Found(Found { elements: Some(elements) })
        }
        Outcome::Elements(found) => {
            let values = found.iter().map(|found| found.member.to_vec()).collect();
            SortedSet::Found(Found { elements: Some(Elements::Values(Values { values })) })
        }
        Outcome::Missing => SortedSet::Missing(Missing {}),
        other => return Err(unexpected(&other)),
    };
    Ok(SortedSetFetchResponse { sorted_set: Some(sorted_set) })
}

fn slice_of(range: &ByIndex) -> Slice {
    Slice {
        start: match range.start {
            Some(by_index::Start::InclusiveStartIndex(start)) => Some(start.into()),
            Some(by_index::Start::UnboundedStart(_)) | None => None,
        },
        end: match range.end {
            Some(by_index::End::ExclusiveEndIndex(end)) => Some(end.into()),
            Some(by_index::End::UnboundedEnd(_)) | None => None,
        },
    }
}

/// A count of -1 is all of them.
fn by_score(order: Order, range: &ByScore) -> Result<SortedSetOperation, Refusal> {
    let bound = |score: &by_score::Score| match score.exclusive {
        true => ScoreBound::Exclusive(score.score),
        false => ScoreBound::Inclusive(score.score),
    };
    let scores = ScoreRange {
        min: match &range.min {
            Some(by_score::Min::MinScore(score)) => bound(score),
            Some(by_score::Min::UnboundedMin(_)) | None => ScoreBound::Open,
        },
        max: match &range.max {
            Some(by_score::Max::MaxScore(score)) => bound(score),
            Some(by_score::Max::UnboundedMax(_)) | None => ScoreBound::Open,
        },
    };
    let count =
        match range.count {
            -1 => None,
            count => Some(u64::try_from(count).map_err(|_| {
                Refusal::invalid("Invalid argument: the count is negative and not -1")
            })?),
        };
    let offset = range.offset.into();
    Ok(SortedSetOperation::FetchByScore { order, scores, offset, count })
}

pub(super) async fn get_score(
    call: &Call,
    message: SortedSetGetScoreRequest,
) -> Result<SortedSetGetScoreResponse, Refusal> {
    use sorted_set_get_score_response::{
        SortedSet, SortedSetFound, SortedSetGetScoreResponsePart as Part, SortedSetMissing,
    };
    let get = SortedSetOperation::GetScores { members: elements(message.values)? };
    let sorted_set = match apply(call, &message.set_name, Need::Read, get).await? {
        Outcome::Scores(scores) => {
            let part = |score: &Option<f64>| match score {
                Some(score) => Part { result: ECacheResult::Hit.into(), score: *score },
                None => Part { result: ECacheResult::Miss.into(), score: 0.0 },
            };
            SortedSet::Found(SortedSetFound { elements: scores.iter().map(part).collect() })
        }
        Outcome::Missing => SortedSet::Missing(SortedSetMissing {}),
        other => return Err(unexpected(&other)),
    };
    Ok(SortedSetGetScoreResponse { sorted_set: Some(sorted_set) })
}

pub(super) async fn remove(
    call: &Call,
    message: SortedSetRemoveRequest,
) -> Result<SortedSetRemoveResponse, Refusal> {
    use sorted_set_remove_request::RemoveElements;
    let remove = match message.remove_elements.ok_or_else(unset)? {
        RemoveElements::All(_) => SortedSetOperation::RemoveAll,
        RemoveElements::Some(some) => {
            SortedSetOperation::Remove { members: elements(some.values)? }
        }
    };
    match apply(call, &message.set_name, Need::Write, remove).await? {
        Outcome::Length(_) | Outcome::Missing => Ok(SortedSetRemoveResponse {}),
        other => Err(unexpected(&other)),
    }
}

pub(super) async fn increment(
    call: &Call,
    message: SortedSetIncrementRequest,
) -> Result<SortedSetIncrementResponse, Refusal> {
    let ttl = collection(message.ttl_milliseconds, message.refresh_ttl)?;
    let (member, by) = (message.value.into(), message.amount);
    let increment = SortedSetOperation::Increment { member, by, ttl };
    match apply(call, &message.set_name, Need::ReadAndWrite, increment).await? {
        Outcome::Score(score) => Ok(SortedSetIncrementResponse { score }),
        other => Err(unexpected(&other)),
    }
}

pub(super) async fn get_rank(
    call: &Call,
    message: SortedSetGetRankRequest,
) -> Result<SortedSetGetRankResponse, Refusal> {
    use sorted_set_get_rank_request::Order as Asked;
    use sorted_set_get_rank_response::{Rank, RankResponsePart};
    let order = match Asked::try_from(message.order) {
        Ok(Asked::Ascending) => Order::Ascending,
        Ok(Asked::Descending) => Order::Descending,
        Err(_) => return Err(unknown_order()),
    };
    let get = SortedSetOperation::Rank { member: message.value.into(), order };
    let rank = match apply(call, &message.set_name, Need::Read, get).await? {
        Outcome::Rank(Some(rank)) => {
            Rank::ElementRank(RankResponsePart { result: ECacheResult::Hit.into(), rank })
        }
        // The protocol has a branch of its own for a set that is not there, which Python's library
        // does not know: it takes that for an error.
        Outcome::Rank(None) | Outcome::Missing => {
            Rank::ElementRank(RankResponsePart { result: ECacheResult::Miss.into(), rank: 0 })
        }
        other => return Err(unexpected(&other)),
    };
    Ok(SortedSetGetRankResponse { rank: Some(rank) })
}

pub(super) async fn length(
    call: &Call,
    message: SortedSetLengthRequest,
) -> Result<SortedSetLengthResponse, Refusal> {
    use sorted_set_length_response::{Found, Missing, SortedSet};
    let length = SortedSetOperation::Length;
    let sorted_set = match apply(call, &message.set_name, Need::Read, length).await? {
        Outcome::Length(length) => SortedSet::Found(Found { length: short(length) }),
        Outcome::Missing => SortedSet::Missing(Missing {}),
        other => return Err(unexpected(&other)),
    };
    Ok(SortedSetLengthResponse { sorted_set: Some(sorted_set) })
}

pub(super) async fn length_by_score(
    call: &Call,
    message: SortedSetLengthByScoreRequest,
) -> Result<SortedSetLengthByScoreResponse, Refusal> {
    use sorted_set_length_by_score_request::{Max, Min};
    use sorted_set_length_by_score_response::{Found, Missing, SortedSet};
    let scores = ScoreRange {
        min: match message.min {
            Some(Min::InclusiveMin(score)) => ScoreBound::Inclusive(score),
            Some(Min::ExclusiveMin(score)) => ScoreBound::Exclusive(score),
            Some(Min::UnboundedMin(_)) | None => ScoreBound::Open,
        },
        max: match message.max {
            Some(Max::InclusiveMax(score)) => ScoreBound::Inclusive(score),
            Some(Max::ExclusiveMax(score)) => ScoreBound::Exclusive(score),
            Some(Max::UnboundedMax(_)) | None => ScoreBound::Open,
        },
    };
    let length = SortedSetOperation::LengthByScore { scores };
    let sorted_set = match apply(call, &message.set_name, Need::Read, length).await? {
        Outcome::Length(length) => SortedSet::Found(Found { length: short(length) }),
        Outcome::Missing => SortedSet::Missing(Missing {}),
        other => return Err(unexpected(&other)),
    };
    Ok(SortedSetLengthByScoreResponse { sorted_set: Some(sorted_set) })
}

pub(super) async fn union_store(
    call: &Call,
    message: SortedSetUnionStoreRequest,
) -> Result<SortedSetUnionStoreResponse, Refusal> {
    use sorted_set_union_store_request::AggregateFunction;
    if message.sources.is_empty() {
        return Err(Refusal::invalid("Invalid argument: a union needs a source"));
    }
    let aggregate = match AggregateFunction::try_from(message.aggregate) {
        Ok(AggregateFunction::Sum) => Aggregate::Sum,
        Ok(AggregateFunction::Min) => Aggregate::Min,
        Ok(AggregateFunction::Max) => Aggregate::Max,
        Err(_) => return Err(Refusal::invalid("Invalid argument: an unknown aggregate function")),
    };
    let sources = message
        .sources
        .into_iter()
        .map(|source| (Bytes::from(source.set_name), f64::from(source.weight)))
        .collect();
    let union = Union { sources, aggregate, lifetime: lifetime(message.ttl_milliseconds)? };
    match call.union_store(&message.set_name, union).await? {
        Outcome::Length(length) => Ok(SortedSetUnionStoreResponse { length: short(length) }),
        other => Err(unexpected(&other)),
    }
}

fn unknown_order() -> Refusal {
    Refusal::invalid("Invalid argument: an unknown order")
}

async fn apply(
    call: &Call,
    name: &[u8],
    need: Need,
    operation: SortedSetOperation,
) -> Result<Outcome, Refusal> {
    call.apply(name, need, Operation::Collection(CollectionOperation::SortedSet(operation))).await
}
