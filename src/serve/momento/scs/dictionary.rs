//! Calls of dictionaries.

use momento_protos::cache_client::{
    DictionaryDeleteRequest, DictionaryDeleteResponse, DictionaryFetchRequest,
    DictionaryFetchResponse, DictionaryFieldValuePair, DictionaryGetRequest, DictionaryGetResponse,
    DictionaryIncrementRequest, DictionaryIncrementResponse, DictionaryLengthRequest,
    DictionaryLengthResponse, DictionarySetRequest, DictionarySetResponse, ECacheResult,
    dictionary_delete_request, dictionary_fetch_response, dictionary_get_response,
    dictionary_length_response,
};

use crate::serve::momento::permission::Need;
use crate::serve::momento::refusal::Refusal;
use crate::serve::momento::scs::{
    Call, REPLY_BYTES_MAX, collection, elements, short, unexpected, unset,
};
use crate::store::cache::item::dictionary::DictionaryOperation;
use crate::store::cache::{CollectionOperation, Element, Operation, Outcome};

pub(super) async fn get(
    call: &Call,
    message: DictionaryGetRequest,
) -> Result<DictionaryGetResponse, Refusal> {
    use dictionary_get_response::{Dictionary, DictionaryGetResponsePart as Part, Found, Missing};
    let get = DictionaryOperation::Get { fields: elements(message.fields)? };
    let dictionary = match apply(call, &message.dictionary_name, Need::Read, get).await? {
        Outcome::FieldValues(values) => {
            // A field may be asked for any number of times.
            let bytes: usize = values.iter().flatten().map(|value| value.len()).sum();
            if bytes > REPLY_BYTES_MAX {
                return Err(Refusal::TooMany("Limit exceeded: the reply would be over 10 MB"));
            }
            let part = |value: Option<Element>| match value {
                Some(value) => {
                    Part { result: ECacheResult::Hit.into(), cache_body: value.to_vec() }
                }
                None => Part { result: ECacheResult::Miss.into(), cache_body: Vec::new() },
            };
            Dictionary::Found(Found { items: values.into_iter().map(part).collect() })
        }
        Outcome::Missing => Dictionary::Missing(Missing {}),
        other => return Err(unexpected(&other)),
    };
    Ok(DictionaryGetResponse { dictionary: Some(dictionary) })
}

pub(super) async fn fetch(
    call: &Call,
    message: DictionaryFetchRequest,
) -> Result<DictionaryFetchResponse, Refusal> {
    use dictionary_fetch_response::{Dictionary, Found, Missing};
    let fetch = DictionaryOperation::Fetch;
    let dictionary = match apply(call, &message.dictionary_name, Need::Read, fetch).await? {
        Outcome::Fields(fields) => {
            let pair = |(field, value): &(Element, Element)| DictionaryFieldValuePair {
                field: field.to_vec(),
                value: value.to_vec(),
            };
            Dictionary::Found(Found { items: fields.iter().map(pair).collect() })
        }
        Outcome::Missing => Dictionary::Missing(Missing {}),
        other => return Err(unexpected(&other)),
    };
    Ok(DictionaryFetchResponse { dictionary: Some(dictionary) })
}

pub(super) async fn set(
    call: &Call,
    message: DictionarySetRequest,
) -> Result<DictionarySetResponse, Refusal> {
    let ttl = collection(message.ttl_milliseconds, message.refresh_ttl)?;
    if message.items.is_empty() {
        return Err(Refusal::invalid("Invalid argument: the list of fields is empty"));
    }
    let pair = |pair: DictionaryFieldValuePair| (pair.field.into(), pair.value.into());
    let fields = message.items.into_iter().map(pair).collect();
    let set = DictionaryOperation::Set { fields, ttl };
    match apply(call, &message.dictionary_name, Need::Write, set).await? {
        Outcome::Length(_) => Ok(DictionarySetResponse {}),
        other => Err(unexpected(&other)),
    }
}

pub(super) async fn increment(
    call: &Call,
    message: DictionaryIncrementRequest,
) -> Result<DictionaryIncrementResponse, Refusal> {
    let ttl = collection(message.ttl_milliseconds, message.refresh_ttl)?;
    let (field, by) = (message.field.into(), message.amount);
    let increment = DictionaryOperation::Increment { field, by, ttl };
    match apply(call, &message.dictionary_name, Need::ReadAndWrite, increment).await? {
        Outcome::Number(value) => Ok(DictionaryIncrementResponse { value }),
        other => Err(unexpected(&other)),
    }
}

pub(super) async fn delete(
    call: &Call,
    message: DictionaryDeleteRequest,
) -> Result<DictionaryDeleteResponse, Refusal> {
    use dictionary_delete_request::Delete;
    let delete = match message.delete.ok_or_else(unset)? {
        Delete::Some(some) => DictionaryOperation::Delete { fields: elements(some.fields)? },
        Delete::All(_) => DictionaryOperation::DeleteAll,
    };
    match apply(call, &message.dictionary_name, Need::Write, delete).await? {
        Outcome::Length(_) | Outcome::Missing => Ok(DictionaryDeleteResponse {}),
        other => Err(unexpected(&other)),
    }
}

pub(super) async fn length(
    call: &Call,
    message: DictionaryLengthRequest,
) -> Result<DictionaryLengthResponse, Refusal> {
    use dictionary_length_response::{Dictionary, Found, Missing};
    let length = DictionaryOperation::Length;
    let dictionary = match apply(call, &message.dictionary_name, Need::Read, length).await? {
        Outcome::Length(length) => Dictionary::Found(Found { length: short(length) }),
        Outcome::Missing => Dictionary::Missing(Missing {}),
        other => return Err(unexpected(&other)),
    };
    Ok(DictionaryLengthResponse { dictionary: Some(dictionary) })
}

async fn apply(
    call: &Call,
    name: &[u8],
    need: Need,
    operation: DictionaryOperation,
) -> Result<Outcome, Refusal> {
    call.apply(name, need, Operation::Collection(CollectionOperation::Dictionary(operation))).await
}
