//! Calls of sets.

use momento_protos::cache_client::{
    SetContainsRequest, SetContainsResponse, SetDifferenceRequest, SetDifferenceResponse,
    SetFetchRequest, SetFetchResponse, SetLengthRequest, SetLengthResponse, SetPopRequest,
    SetPopResponse, SetSampleRequest, SetSampleResponse, SetUnionRequest, SetUnionResponse,
    set_contains_response, set_difference_request, set_difference_response, set_fetch_response,
    set_length_response, set_pop_response, set_sample_response,
};

use crate::serve::momento::permission::Need;
use crate::serve::momento::refusal::Refusal;
use crate::serve::momento::scs::{Call, collection, elements, short, unexpected, unset, values};
use crate::store::cache::item::set::SetOperation;
use crate::store::cache::{CollectionOperation, Operation, Outcome};

pub(super) async fn fetch(
    call: &Call,
    message: SetFetchRequest,
) -> Result<SetFetchResponse, Refusal> {
    use set_fetch_response::{Found, Missing, Set};
    let set = match apply(call, &message.set_name, Need::Read, SetOperation::Fetch).await? {
        Outcome::Values(members) => Set::Found(Found { elements: values(members) }),
        Outcome::Missing => Set::Missing(Missing {}),
        other => return Err(unexpected(&other)),
    };
    Ok(SetFetchResponse { set: Some(set) })
}

pub(super) async fn sample(
    call: &Call,
    message: SetSampleRequest,
) -> Result<SetSampleResponse, Refusal> {
    use set_sample_response::{Found, Missing, Set};
    let sample = SetOperation::Sample { limit: message.limit };
    let set = match apply(call, &message.set_name, Need::Read, sample).await? {
        Outcome::Values(members) => Set::Found(Found { elements: values(members) }),
        Outcome::Missing => Set::Missing(Missing {}),
        other => return Err(unexpected(&other)),
    };
    Ok(SetSampleResponse { set: Some(set) })
}

pub(super) async fn union(
    call: &Call,
    message: SetUnionRequest,
) -> Result<SetUnionResponse, Refusal> {
    let ttl = collection(message.ttl_milliseconds, message.refresh_ttl)?;
    let union = SetOperation::Union { members: elements(message.elements)?, ttl };
    match apply(call, &message.set_name, Need::Write, union).await? {
        Outcome::Length(_) => Ok(SetUnionResponse {}),
        other => Err(unexpected(&other)),
    }
}

pub(super) async fn difference(
    call: &Call,
    message: SetDifferenceRequest,
) -> Result<SetDifferenceResponse, Refusal> {
    use set_difference_request::Difference;
    use set_difference_request::subtrahend::SubtrahendSet;
    use set_difference_response::{Found, Missing, Set};
    let difference = match message.difference.ok_or_else(unset)? {
        Difference::Minuend(minuend) => {
            SetOperation::SubtractFrom { members: elements(minuend.elements)? }
        }
        Difference::Subtrahend(subtrahend) => match subtrahend.subtrahend_set.ok_or_else(unset)? {
            SubtrahendSet::Set(set) => SetOperation::Subtract { members: elements(set.elements)? },
            SubtrahendSet::Identity(_) => SetOperation::DeleteAll,
        },
    };
    // What is left depends on what is there, or the reply tells whether it is.
    let set = match apply(call, &message.set_name, Need::ReadAndWrite, difference).await? {
        Outcome::Length(_) => Set::Found(Found {}),
        Outcome::Missing => Set::Missing(Missing {}),
        other => return Err(unexpected(&other)),
    };
    Ok(SetDifferenceResponse { set: Some(set) })
}

pub(super) async fn contains(
    call: &Call,
    message: SetContainsRequest,
) -> Result<SetContainsResponse, Refusal> {
    use set_contains_response::{Found, Missing, Set};
    let contains = SetOperation::Contains { members: elements(message.elements)? };
    let set = match apply(call, &message.set_name, Need::Read, contains).await? {
        Outcome::Contains(contains) => Set::Found(Found { contains }),
        Outcome::Missing => Set::Missing(Missing {}),
        other => return Err(unexpected(&other)),
    };
    Ok(SetContainsResponse { set: Some(set) })
}

pub(super) async fn length(
    call: &Call,
    message: SetLengthRequest,
) -> Result<SetLengthResponse, Refusal> {
    use set_length_response::{Found, Missing, Set};
    let set = match apply(call, &message.set_name, Need::Read, SetOperation::Length).await? {
        Outcome::Length(length) => Set::Found(Found { length: short(length) }),
        Outcome::Missing => Set::Missing(Missing {}),
        other => return Err(unexpected(&other)),
    };
    Ok(SetLengthResponse { set: Some(set) })
}

pub(super) async fn pop(call: &Call, message: SetPopRequest) -> Result<SetPopResponse, Refusal> {
    use set_pop_response::{Found, Missing, Set};
    if message.count == 0 {
        return Err(Refusal::invalid("Invalid argument: the count has to be more than zero"));
    }
    let pop = SetOperation::Pop { count: message.count.into() };
    let set = match apply(call, &message.set_name, Need::ReadAndWrite, pop).await? {
        Outcome::Values(members) => Set::Found(Found { elements: values(members) }),
        Outcome::Missing => Set::Missing(Missing {}),
        other => return Err(unexpected(&other)),
    };
    Ok(SetPopResponse { set: Some(set) })
}

async fn apply(
    call: &Call,
    name: &[u8],
    need: Need,
    operation: SetOperation,
) -> Result<Outcome, Refusal> {
    call.apply(name, need, Operation::Collection(CollectionOperation::Set(operation))).await
}
