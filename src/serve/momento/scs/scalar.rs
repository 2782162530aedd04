//! Calls of scalars, and those of items of any kind.

use bytes::Bytes;
use momento_protos::cache_client::item_get_type_response::ItemType;
use momento_protos::cache_client::{
    DeleteRequest, DeleteResponse, ECacheResult, GetBatchRequest, GetRequest, GetResponse,
    GetWithHashRequest, GetWithHashResponse, IncrementRequest, IncrementResponse,
    ItemGetTtlRequest, ItemGetTtlResponse, ItemGetTypeRequest, ItemGetTypeResponse,
    KeysExistRequest, KeysExistResponse, SetBatchRequest, SetIfHashRequest, SetIfHashResponse,
    SetIfNotExistsRequest, SetIfNotExistsResponse, SetIfRequest, SetIfResponse, SetRequest,
    SetResponse, UpdateTtlRequest, UpdateTtlResponse, get_with_hash_response,
    item_get_ttl_response, item_get_type_response, set_if_hash_request, set_if_hash_response,
    set_if_not_exists_response, set_if_request, set_if_response, update_ttl_request,
    update_ttl_response,
};
use tokio::time::timeout_at;
use tonic::Status;
use tonic::codegen::tokio_stream::{self as stream, StreamExt};

use crate::serve::momento::permission::Need;
use crate::serve::momento::refusal::Refusal;
use crate::serve::momento::scs::{
    Call, ITEM_BYTES_MAX, LIMITS, Replies, TTL_MAX, lifetime, unexpected, unset,
};
use crate::store::cache::operation::{Condition, Put, Scalar, TtlOperation, ValueHash};
use crate::store::cache::{Item, ItemKind, Operation, Outcome};

pub(super) async fn get(call: &Call, message: GetRequest) -> Result<GetResponse, Refusal> {
    Ok(match read(call, &message.cache_key).await? {
        Some(value) => GetResponse {
            result: ECacheResult::Hit.into(),
            cache_body: value.into(),
            message: String::new(),
        },
        None => GetResponse { result: ECacheResult::Miss.into(), ..GetResponse::default() },
    })
}

pub(super) async fn get_with_hash(
    call: &Call,
    message: GetWithHashRequest,
) -> Result<GetWithHashResponse, Refusal> {
    use get_with_hash_response::{Found, Missing, Result};
    let result = match read(call, &message.cache_key).await? {
        Some(value) => {
            let hash = ValueHash::of(&value).0.to_vec();
            Result::Found(Found { value: value.into(), hash })
        }
        None => Result::Missing(Missing {}),
    };
    Ok(GetWithHashResponse { result: Some(result) })
}

/// One reply for each item, in their order, made when the one before was taken. A client that
/// takes none of them has one made at most, and none while it has its share of others to take.
pub(super) fn get_batch(
    call: Call,
    message: GetBatchRequest,
) -> Result<Replies<GetResponse>, Refusal> {
    for item in &message.items {
        call.allow(&item.cache_key, Need::Read)?;
    }
    let replies = stream::iter(message.items).then(move |item| {
        let call = call.clone();
        async move {
            call.take_turns().await?;
            let admitted = timeout_at(call.deadline, call.account.admit(0)).await;
            admitted.map_err(|_| Refusal::DeadlineExceeded)??;
            Ok(get(&call, item).await?)
        }
    });
    Ok(Box::pin(replies))
}

pub(super) async fn set(call: &Call, message: SetRequest) -> Result<SetResponse, Refusal> {
    let SetRequest { cache_key, cache_body, ttl_milliseconds } = message;
    let put = put(&cache_key, cache_body, ttl_milliseconds, Condition::Always)?;
    stored(call.apply(&cache_key, Need::Write, put).await?)?;
    Ok(SetResponse { result: ECacheResult::Ok.into(), message: String::new() })
}

pub(super) async fn set_batch(
    call: Call,
    message: SetBatchRequest,
) -> Result<Replies<SetResponse>, Refusal> {
    let mut puts = Vec::with_capacity(message.items.len());
    for SetRequest { cache_key, cache_body, ttl_milliseconds } in message.items {
        call.allow(&cache_key, Need::Write)?;
        let put = put(&cache_key, cache_body, ttl_milliseconds, Condition::Always)?;
        puts.push((cache_key, put));
    }
    let mut done = Vec::with_capacity(puts.len());
    for (key, put) in puts {
        call.take_turns().await?;
        let outcome = call.cache.apply(&key, put, LIMITS).settled().await;
        let is_stored = outcome.map_err(Refusal::from).and_then(stored);
        done.push(is_stored.map(drop).map_err(Status::from));
    }
    let held = call.account.hold(size_of_val(&*done));
    let replies = stream::iter(done).map(move |done| {
        let _until_they_are_taken = &held;
        done.map(|()| SetResponse { result: ECacheResult::Ok.into(), message: String::new() })
    });
    Ok(Box::pin(replies))
}

pub(super) async fn set_if(call: &Call, message: SetIfRequest) -> Result<SetIfResponse, Refusal> {
    use set_if_request::Condition as Asked;
    use set_if_response::{NotStored, Result, Stored};
    let SetIfRequest { cache_key, cache_body, ttl_milliseconds, condition } = message;
    let condition = match condition.ok_or_else(unset)? {
        Asked::Present(_) => Condition::Present,
        Asked::Absent(_) => Condition::Absent,
        Asked::Equal(than) => Condition::Equal(than.value_to_check.into()),
        Asked::NotEqual(than) => Condition::NotEqual(than.value_to_check.into()),
        Asked::PresentAndNotEqual(than) => {
            Condition::PresentAndNotEqual(than.value_to_check.into())
        }
        Asked::AbsentOrEqual(than) => Condition::AbsentOrEqual(than.value_to_check.into()),
    };
    let put = put(&cache_key, cache_body, ttl_milliseconds, condition)?;
    let outcome = call.apply(&cache_key, Need::ReadAndWrite, put).await?;
    let result = match stored(outcome)? {
        true => Result::Stored(Stored {}),
        false => Result::NotStored(NotStored {}),
    };
    Ok(SetIfResponse { result: Some(result) })
}

pub(super) async fn set_if_hash(
    call: &Call,
    message: SetIfHashRequest,
) -> Result<SetIfHashResponse, Refusal> {
    use set_if_hash_response::{NotStored, Result, Stored};
    let SetIfHashRequest { cache_key, cache_body, ttl_milliseconds, condition } = message;
    let value = Bytes::from(cache_body);
    let put = |condition| put(&cache_key, value.clone(), ttl_milliseconds, condition);
    let is_stored = match hash_condition(condition.ok_or_else(unset)?) {
        Some(condition) => {
            stored(call.apply(&cache_key, Need::ReadAndWrite, put(condition)?).await?)?
        }
        None => {
            call.allow(&cache_key, Need::ReadAndWrite)?;
            put(Condition::Always)?;
            false
        }
    };
    let result = match is_stored {
        true => Result::Stored(Stored { new_hash: ValueHash::of(&value).0.to_vec() }),
        false => Result::NotStored(NotStored {}),
    };
    Ok(SetIfHashResponse { result: Some(result) })
}

/// What is no hash of ours is equal to none. `None`: nothing can meet the condition.
fn hash_condition(asked: set_if_hash_request::Condition) -> Option<Condition> {
    use set_if_hash_request::Condition as Asked;
    let hash = |bytes: &[u8]| ValueHash::from_slice(bytes);
    match asked {
        Asked::Unconditional(_) => Some(Condition::Always),
        Asked::PresentAndHashEqual(than) => hash(&than.hash_to_check).map(Condition::HashEqual),
        Asked::PresentAndNotHashEqual(than) => Some(
            hash(&than.hash_to_check).map_or(Condition::Present, Condition::PresentAndNotHashEqual),
        ),
        Asked::AbsentOrHashEqual(than) => {
            Some(hash(&than.hash_to_check).map_or(Condition::Absent, Condition::AbsentOrHashEqual))
        }
        Asked::AbsentOrNotHashEqual(than) => Some(
            hash(&than.hash_to_check).map_or(Condition::Always, Condition::AbsentOrNotHashEqual),
        ),
    }
}

pub(super) async fn set_if_not_exists(
    call: &Call,
    message: SetIfNotExistsRequest,
) -> Result<SetIfNotExistsResponse, Refusal> {
    use set_if_not_exists_response::{NotStored, Result, Stored};
    let SetIfNotExistsRequest { cache_key, cache_body, ttl_milliseconds } = message;
    let put = put(&cache_key, cache_body, ttl_milliseconds, Condition::Absent)?;
    let outcome = call.apply(&cache_key, Need::ReadAndWrite, put).await?;
    let result = match stored(outcome)? {
        true => Result::Stored(Stored {}),
        false => Result::NotStored(NotStored {}),
    };
    Ok(SetIfNotExistsResponse { result: Some(result) })
}

pub(super) async fn delete(call: &Call, message: DeleteRequest) -> Result<DeleteResponse, Refusal> {
    let delete = Operation::Delete { cas: None };
    match call.apply(&message.cache_key, Need::Write, delete).await? {
        Outcome::Done | Outcome::Missing => Ok(DeleteResponse {}),
        other => Err(unexpected(&other)),
    }
}

pub(super) async fn keys_exist(
    call: &Call,
    message: KeysExistRequest,
) -> Result<KeysExistResponse, Refusal> {
    let mut exists = Vec::with_capacity(message.cache_keys.len());
    for key in &message.cache_keys {
        call.take_turns().await?;
        let outcome = call.apply(key, Need::Read, Operation::Kind).await?;
        exists.push(outcome != Outcome::Missing);
    }
    Ok(KeysExistResponse { exists })
}

pub(super) async fn increment(
    call: &Call,
    message: IncrementRequest,
) -> Result<IncrementResponse, Refusal> {
    let lifetime = lifetime(message.ttl_milliseconds)?;
    let increment = Operation::Increment { by: message.amount, lifetime };
    match call.apply(&message.cache_key, Need::ReadAndWrite, increment).await? {
        Outcome::Number(value) => Ok(IncrementResponse { value }),
        other => Err(unexpected(&other)),
    }
}

pub(super) async fn update_ttl(
    call: &Call,
    message: UpdateTtlRequest,
) -> Result<UpdateTtlResponse, Refusal> {
    use update_ttl_request::UpdateTtl;
    use update_ttl_response::{Missing, NotSet, Result, Set};
    let update = match message.update_ttl.ok_or_else(unset)? {
        UpdateTtl::OverwriteToMilliseconds(ttl) => TtlOperation::Overwrite(lifetime(ttl)?),
        UpdateTtl::IncreaseToMilliseconds(ttl) => TtlOperation::Increase(lifetime(ttl)?),
        UpdateTtl::DecreaseToMilliseconds(ttl) => TtlOperation::Decrease(lifetime(ttl)?),
    };
    let update = Operation::Ttl(update);
    let result = match call.apply(&message.cache_key, Need::ReadAndWrite, update).await? {
        Outcome::Done => Result::Set(Set {}),
        Outcome::NotSet => Result::NotSet(NotSet {}),
        Outcome::Missing => Result::Missing(Missing {}),
        other => return Err(unexpected(&other)),
    };
    Ok(UpdateTtlResponse { result: Some(result) })
}

/// An item that does not expire has the longest TTL of this protocol.
pub(super) async fn item_get_ttl(
    call: &Call,
    message: ItemGetTtlRequest,
) -> Result<ItemGetTtlResponse, Refusal> {
    use item_get_ttl_response::{Found, Missing, Result};
    let ask = Operation::Ttl(TtlOperation::Remaining);
    let result = match call.apply(&message.cache_key, Need::Read, ask).await? {
        Outcome::Remaining(remaining) => {
            let remaining = remaining.unwrap_or(TTL_MAX).as_millis();
            let remaining_ttl_millis = u64::try_from(remaining).unwrap_or(u64::MAX);
            Result::Found(Found { remaining_ttl_millis })
        }
        Outcome::Missing => Result::Missing(Missing {}),
        other => return Err(unexpected(&other)),
    };
    Ok(ItemGetTtlResponse { result: Some(result) })
}

pub(super) async fn item_get_type(
    call: &Call,
    message: ItemGetTypeRequest,
) -> Result<ItemGetTypeResponse, Refusal> {
    use item_get_type_response::{Found, Missing, Result};
    let found = |kind: ItemType| Result::Found(Found { item_type: kind.into() });
    let result = match call.apply(&message.cache_key, Need::Read, Operation::Kind).await? {
        Outcome::Kind(ItemKind::Scalar) => found(ItemType::Scalar),
        Outcome::Kind(ItemKind::Dictionary) => found(ItemType::Dictionary),
        Outcome::Kind(ItemKind::Set) => found(ItemType::Set),
        Outcome::Kind(ItemKind::List) => found(ItemType::List),
        Outcome::Kind(ItemKind::SortedSet) => found(ItemType::SortedSet),
        Outcome::Kind(ItemKind::Response) => {
            let message = "Failed precondition: the item under the key is a stored response";
            return Err(Refusal::Precondition(message.into()));
        }
        Outcome::Missing => Result::Missing(Missing {}),
        other => return Err(unexpected(&other)),
    };
    Ok(ItemGetTypeResponse { result: Some(result) })
}

/// The bytes of the scalar under a key.
pub(in crate::serve::momento) async fn read(
    call: &Call,
    key: &[u8],
) -> Result<Option<Bytes>, Refusal> {
    match call.apply(key, Need::Read, Operation::Get).await? {
        Outcome::Scalar(Scalar { item, .. }) => item.as_bytes().map(Some).ok_or(Refusal::Failed),
        Outcome::Missing => Ok(None),
        other => Err(unexpected(&other)),
    }
}

/// An operation that stores a scalar, where the two are within the limit.
pub(in crate::serve::momento) fn put(
    key: &[u8],
    value: impl Into<Bytes>,
    ttl_milliseconds: u64,
    condition: Condition,
) -> Result<Operation, Refusal> {
    let value = value.into();
    if key.len().saturating_add(value.len()) > ITEM_BYTES_MAX {
        return Err(Refusal::RequestTooLarge);
    }
    let lifetime = lifetime(ttl_milliseconds)?;
    Ok(Operation::Put(Put { item: Item::Bytes(value), flags: 0, lifetime, condition }))
}

/// Whether a put stored.
pub(in crate::serve::momento) fn stored(outcome: Outcome) -> Result<bool, Refusal> {
    match outcome {
        Outcome::Stored { .. } => Ok(true),
        Outcome::NotStored { .. } => Ok(false),
        other => Err(unexpected(&other)),
    }
}
