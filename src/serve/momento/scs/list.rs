//! Calls of lists. An unset end of a slice is an open one.

use std::num::NonZero;

use momento_protos::cache_client::{
    ListConcatenateBackRequest, ListConcatenateBackResponse, ListConcatenateFrontRequest,
    ListConcatenateFrontResponse, ListEraseRequest, ListEraseResponse, ListFetchRequest,
    ListFetchResponse, ListLengthRequest, ListLengthResponse, ListPopBackRequest,
    ListPopBackResponse, ListPopFrontRequest, ListPopFrontResponse, ListPushBackRequest,
    ListPushBackResponse, ListPushFrontRequest, ListPushFrontResponse, ListRemoveRequest,
    ListRemoveResponse, ListRetainRequest, ListRetainResponse, list_erase_request,
    list_erase_response, list_fetch_request, list_fetch_response, list_length_response,
    list_pop_back_response, list_pop_front_response, list_remove_request, list_remove_response,
    list_retain_request, list_retain_response,
};

use crate::serve::momento::permission::Need;
use crate::serve::momento::refusal::Refusal;
use crate::serve::momento::scs::{Call, collection, elements, short, unexpected, unset, values};
use crate::store::cache::item::list::{ListOperation, ListRange, Slice};
use crate::store::cache::operation::{CollectionTtl, End};
use crate::store::cache::{CollectionOperation, Element, Operation, Outcome};

/// What a message names of a list; each of the two calls has types of its own for that.
macro_rules! slice {
    ($of:ident, $message:ident) => {
        Slice {
            start: match $message.start_index {
                Some($of::StartIndex::InclusiveStart(start)) => Some(start.into()),
                Some($of::StartIndex::UnboundedStart(_)) | None => None,
            },
            end: match $message.end_index {
                Some($of::EndIndex::ExclusiveEnd(end)) => Some(end.into()),
                Some($of::EndIndex::UnboundedEnd(_)) | None => None,
            },
        }
    };
}

pub(super) async fn push_front(
    call: &Call,
    message: ListPushFrontRequest,
) -> Result<ListPushFrontResponse, Refusal> {
    let ttl = collection(message.ttl_milliseconds, message.refresh_ttl)?;
    let push = push(End::Front, vec![message.value.into()], message.truncate_back_to_size, ttl);
    let list_length = pushed(call, &message.list_name, push).await?;
    Ok(ListPushFrontResponse { list_length })
}

pub(super) async fn push_back(
    call: &Call,
    message: ListPushBackRequest,
) -> Result<ListPushBackResponse, Refusal> {
    let ttl = collection(message.ttl_milliseconds, message.refresh_ttl)?;
    let push = push(End::Back, vec![message.value.into()], message.truncate_front_to_size, ttl);
    let list_length = pushed(call, &message.list_name, push).await?;
    Ok(ListPushBackResponse { list_length })
}

pub(super) async fn concatenate_front(
    call: &Call,
    message: ListConcatenateFrontRequest,
) -> Result<ListConcatenateFrontResponse, Refusal> {
    let ttl = collection(message.ttl_milliseconds, message.refresh_ttl)?;
    let values = elements(message.values)?;
    let push = push(End::Front, values, message.truncate_back_to_size, ttl);
    let list_length = pushed(call, &message.list_name, push).await?;
    Ok(ListConcatenateFrontResponse { list_length })
}

pub(super) async fn concatenate_back(
    call: &Call,
    message: ListConcatenateBackRequest,
) -> Result<ListConcatenateBackResponse, Refusal> {
    let ttl = collection(message.ttl_milliseconds, message.refresh_ttl)?;
    let values = elements(message.values)?;
    let push = push(End::Back, values, message.truncate_front_to_size, ttl);
    let list_length = pushed(call, &message.list_name, push).await?;
    Ok(ListConcatenateBackResponse { list_length })
}

/// `truncate_to` zero is no truncation.
fn push(end: End, values: Vec<Element>, truncate_to: u32, ttl: CollectionTtl) -> ListOperation {
    ListOperation::Push { end, values, truncate_to: NonZero::new(truncate_to), ttl }
}

/// A writer hears the length, as every reply of the protocol has it.
async fn pushed(call: &Call, name: &[u8], push: ListOperation) -> Result<u32, Refusal> {
    match apply(call, name, Need::Write, push).await? {
        Outcome::Length(length) => Ok(short(length)),
        other => Err(unexpected(&other)),
    }
}

pub(super) async fn pop_front(
    call: &Call,
    message: ListPopFrontRequest,
) -> Result<ListPopFrontResponse, Refusal> {
    use list_pop_front_response::{Found, List, Missing};
    let list = match popped(call, &message.list_name, End::Front).await? {
        Some((front, list_length)) => List::Found(Found { front, list_length }),
        None => List::Missing(Missing {}),
    };
    Ok(ListPopFrontResponse { list: Some(list) })
}

pub(super) async fn pop_back(
    call: &Call,
    message: ListPopBackRequest,
) -> Result<ListPopBackResponse, Refusal> {
    use list_pop_back_response::{Found, List, Missing};
    let list = match popped(call, &message.list_name, End::Back).await? {
        Some((back, list_length)) => List::Found(Found { back, list_length }),
        None => List::Missing(Missing {}),
    };
    Ok(ListPopBackResponse { list: Some(list) })
}

async fn popped(call: &Call, name: &[u8], end: End) -> Result<Option<(Vec<u8>, u32)>, Refusal> {
    match apply(call, name, Need::ReadAndWrite, ListOperation::Pop { end }).await? {
        Outcome::Popped { value, length } => Ok(Some((value.to_vec(), short(length)))),
        Outcome::Missing => Ok(None),
        other => Err(unexpected(&other)),
    }
}

pub(super) async fn erase(
    call: &Call,
    message: ListEraseRequest,
) -> Result<ListEraseResponse, Refusal> {
    use list_erase_request::Erase;
    use list_erase_response::{Found, List, Missing};
    let erase = match message.erase.ok_or_else(unset)? {
        Erase::All(_) => ListOperation::EraseAll,
        Erase::Some(some) => {
            if some.ranges.is_empty() {
                return Err(Refusal::invalid("Invalid argument: the list of ranges is empty"));
            }
            let range = |range: &momento_protos::cache_client::ListRange| ListRange {
                begin: range.begin_index,
                count: range.count,
            };
            ListOperation::Erase { ranges: some.ranges.iter().map(range).collect() }
        }
    };
    let list = match left(call, &message.list_name, erase).await? {
        Some(list_length) => List::Found(Found { list_length }),
        None => List::Missing(Missing {}),
    };
    Ok(ListEraseResponse { list: Some(list) })
}

pub(super) async fn remove(
    call: &Call,
    message: ListRemoveRequest,
) -> Result<ListRemoveResponse, Refusal> {
    use list_remove_request::Remove;
    use list_remove_response::{Found, List, Missing};
    let Remove::AllElementsWithValue(value) = message.remove.ok_or_else(unset)?;
    let remove = ListOperation::Remove { value: value.into() };
    let list = match left(call, &message.list_name, remove).await? {
        Some(list_length) => List::Found(Found { list_length }),
        None => List::Missing(Missing {}),
    };
    Ok(ListRemoveResponse { list: Some(list) })
}

pub(super) async fn retain(
    call: &Call,
    message: ListRetainRequest,
) -> Result<ListRetainResponse, Refusal> {
    use list_retain_response::{Found, List, Missing};
    let ttl = collection(message.ttl_milliseconds, message.refresh_ttl)?;
    let slice = slice!(list_retain_request, message);
    let retain = ListOperation::Retain { slice, ttl };
    let list = match left(call, &message.list_name, retain).await? {
        Some(list_length) => List::Found(Found { list_length }),
        None => List::Missing(Missing {}),
    };
    Ok(ListRetainResponse { list: Some(list) })
}

/// The length after something was taken out.
async fn left(call: &Call, name: &[u8], taking: ListOperation) -> Result<Option<u32>, Refusal> {
    // It tells how many there are, and with that which were there.
    match apply(call, name, Need::ReadAndWrite, taking).await? {
        Outcome::Length(length) => Ok(Some(short(length))),
        Outcome::Missing => Ok(None),
        other => Err(unexpected(&other)),
    }
}

pub(super) async fn fetch(
    call: &Call,
    message: ListFetchRequest,
) -> Result<ListFetchResponse, Refusal> {
    use list_fetch_response::{Found, List, Missing};
    let slice = slice!(list_fetch_request, message);
    let fetch = ListOperation::Fetch { slice };
    let list = match apply(call, &message.list_name, Need::Read, fetch).await? {
        Outcome::Values(found) => List::Found(Found { values: values(found) }),
        Outcome::Missing => List::Missing(Missing {}),
        other => return Err(unexpected(&other)),
    };
    Ok(ListFetchResponse { list: Some(list) })
}

pub(super) async fn length(
    call: &Call,
    message: ListLengthRequest,
) -> Result<ListLengthResponse, Refusal> {
    use list_length_response::{Found, List, Missing};
    let list = match apply(call, &message.list_name, Need::Read, ListOperation::Length).await? {
        Outcome::Length(length) => List::Found(Found { length: short(length) }),
        Outcome::Missing => List::Missing(Missing {}),
        other => return Err(unexpected(&other)),
    };
    Ok(ListLengthResponse { list: Some(list) })
}

async fn apply(
    call: &Call,
    name: &[u8],
    need: Need,
    operation: ListOperation,
) -> Result<Outcome, Refusal> {
    call.apply(name, need, Operation::Collection(CollectionOperation::List(operation))).await
}
