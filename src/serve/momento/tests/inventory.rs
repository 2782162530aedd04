//! Every method of the protocol has a row here: what it takes, what its caller needs, and what it
//! says of a bad argument and of an item of another kind.

use std::collections::BTreeSet;

use momento_protos::cache_client::{
    DeleteRequest, DictionaryDeleteRequest, DictionaryFetchRequest, DictionaryFieldValuePair,
    DictionaryGetRequest, DictionaryIncrementRequest, DictionaryLengthRequest,
    DictionarySetRequest, GetBatchRequest, GetRequest, GetWithHashRequest, IncrementRequest,
    ItemGetTtlRequest, ItemGetTypeRequest, KeysExistRequest, ListConcatenateBackRequest,
    ListConcatenateFrontRequest, ListEraseRequest, ListFetchRequest, ListLengthRequest,
    ListPopBackRequest, ListPopFrontRequest, ListPushBackRequest, ListPushFrontRequest, ListRange,
    ListRemoveRequest, ListRetainRequest, SetBatchRequest, SetContainsRequest,
    SetDifferenceRequest, SetFetchRequest, SetIfHashRequest, SetIfNotExistsRequest, SetIfRequest,
    SetIfResponse, SetLengthRequest, SetPopRequest, SetRequest, SetSampleRequest, SetUnionRequest,
    SortedSetElement, SortedSetFetchRequest, SortedSetGetRankRequest, SortedSetGetScoreRequest,
    SortedSetIncrementRequest, SortedSetLengthByScoreRequest, SortedSetLengthRequest,
    SortedSetPutRequest, SortedSetRemoveRequest, SortedSetUnionStoreRequest, UpdateTtlRequest,
    dictionary_delete_request, list_erase_request, list_remove_request, list_retain_request,
    set_difference_request, set_if_hash_request, set_if_request, set_if_response,
    sorted_set_fetch_request, sorted_set_remove_request, sorted_set_union_store_request,
    update_ttl_request,
};
use momento_protos::common::{Absent, Present, Unbounded, Unconditional};
use prost::Message;

use super::*;

/// Source: Momento's protocol, its service definitions. The index calls are of a service that
/// has ended.
const SERVICES: [(&str, &[&str]); 5] = [
    (
        "cache_client.Scs",
        &[
            "Get",
            "GetWithHash",
            "GetBatch",
            "Set",
            "SetBatch",
            "SetIf",
            "SetIfHash",
            "SetIfNotExists",
            "Delete",
            "KeysExist",
            "Increment",
            "UpdateTtl",
            "ItemGetTtl",
            "ItemGetType",
            "DictionaryGet",
            "DictionaryFetch",
            "DictionarySet",
            "DictionaryIncrement",
            "DictionaryDelete",
            "DictionaryLength",
            "SetFetch",
            "SetSample",
            "SetUnion",
            "SetDifference",
            "SetContains",
            "SetLength",
            "SetPop",
            "ListPushFront",
            "ListPushBack",
            "ListPopFront",
            "ListPopBack",
            "ListErase",
            "ListRemove",
            "ListFetch",
            "ListLength",
            "ListConcatenateFront",
            "ListConcatenateBack",
            "ListRetain",
            "SortedSetPut",
            "SortedSetFetch",
            "SortedSetGetScore",
            "SortedSetRemove",
            "SortedSetIncrement",
            "SortedSetGetRank",
            "SortedSetLength",
            "SortedSetLengthByScore",
            "SortedSetUnionStore",
        ],
    ),
    (
        "control_client.ScsControl",
        &[
            "CreateCache",
            "DeleteCache",
            "ListCaches",
            "FlushCache",
            "CreateSigningKey",
            "RevokeSigningKey",
            "ListSigningKeys",
            "CreateIndex",
            "DeleteIndex",
            "ListIndexes",
        ],
    ),
    ("cache_client.Ping", &["Ping"]),
    ("auth.Auth", &["Login", "GenerateApiToken", "RefreshApiToken"]),
    ("token.Token", &["GenerateDisposableToken"]),
];

/// What a caller of a data method needs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Needs {
    Read,
    Write,
    Both,
}

/// What the method says of an item of another kind.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Other {
    Refuses,
    /// It is for items of any kind.
    Takes,
}

struct Row {
    method: &'static str,
    needs: Needs,
    /// On the key `none`, where there is nothing.
    good: Vec<u8>,
    /// With one argument that is none.
    bad: Vec<u8>,
    /// On the key `other`, which has an item of another kind.
    other: (Other, Vec<u8>),
}

const TTL: u64 = 60_000;

/// Makes the three messages of one: `build` gets the key.
fn row<M: Message>(
    method: &'static str,
    needs: Needs,
    kind: Other,
    build: impl Fn(Vec<u8>) -> M,
    spoil: impl Fn(&mut M),
) -> Row {
    let mut bad = build(b"none".to_vec());
    spoil(&mut bad);
    Row {
        method,
        needs,
        good: build(b"none".to_vec()).encode_to_vec(),
        bad: bad.encode_to_vec(),
        other: (kind, build(b"other".to_vec()).encode_to_vec()),
    }
}

fn data_methods() -> Vec<Row> {
    use Needs::{Both, Read, Write};
    use Other::{Refuses, Takes};
    let one = || vec![b"e".to_vec()];
    vec![
        row("Get", Read, Refuses, |cache_key| GetRequest { cache_key }, |m| m.cache_key.clear()),
        row(
            "GetWithHash",
            Read,
            Refuses,
            |cache_key| GetWithHashRequest { cache_key },
            |m| {
                m.cache_key.clear();
            },
        ),
        row(
            "GetBatch",
            Read,
            Takes,
            |cache_key| GetBatchRequest { items: vec![GetRequest { cache_key }] },
            |m| m.items[0].cache_key.clear(),
        ),
        row(
            "Set",
            Write,
            Takes,
            |cache_key| SetRequest { cache_key, cache_body: vec![1], ttl_milliseconds: TTL },
            |m| m.ttl_milliseconds = 0,
        ),
        row(
            "SetBatch",
            Write,
            Takes,
            |cache_key| SetBatchRequest {
                items: vec![SetRequest { cache_key, cache_body: vec![1], ttl_milliseconds: TTL }],
            },
            |m| m.items[0].ttl_milliseconds = 86_400_001,
        ),
        row(
            "SetIf",
            Both,
            Refuses,
            |cache_key| SetIfRequest {
                cache_key,
                cache_body: vec![1],
                ttl_milliseconds: TTL,
                condition: Some(set_if_request::Condition::Equal(momento_protos::common::Equal {
                    value_to_check: vec![2],
                })),
            },
            |m| m.condition = None,
        ),
        row(
            "SetIfHash",
            Both,
            Takes,
            |cache_key| SetIfHashRequest {
                cache_key,
                cache_body: vec![1],
                ttl_milliseconds: TTL,
                condition: Some(set_if_hash_request::Condition::Unconditional(Unconditional {})),
            },
            |m| m.condition = None,
        ),
        row(
            "SetIfNotExists",
            Both,
            Takes,
            |cache_key| SetIfNotExistsRequest {
                cache_key,
                cache_body: vec![1],
                ttl_milliseconds: TTL,
            },
            |m| m.ttl_milliseconds = 0,
        ),
        row(
            "Delete",
            Write,
            Takes,
            |cache_key| DeleteRequest { cache_key },
            |m| {
                m.cache_key.clear();
            },
        ),
        row(
            "KeysExist",
            Read,
            Takes,
            |cache_key| KeysExistRequest { cache_keys: vec![cache_key] },
            |m| m.cache_keys.push(Vec::new()),
        ),
        row(
            "Increment",
            Both,
            Refuses,
            |cache_key| IncrementRequest { cache_key, amount: 1, ttl_milliseconds: TTL },
            |m| m.ttl_milliseconds = 0,
        ),
        row(
            "UpdateTtl",
            Both,
            Takes,
            |cache_key| UpdateTtlRequest {
                cache_key,
                update_ttl: Some(update_ttl_request::UpdateTtl::OverwriteToMilliseconds(TTL)),
            },
            |m| m.update_ttl = None,
        ),
        row(
            "ItemGetTtl",
            Read,
            Takes,
            |cache_key| ItemGetTtlRequest { cache_key },
            |m| {
                m.cache_key.clear();
            },
        ),
        row(
            "ItemGetType",
            Read,
            Takes,
            |cache_key| ItemGetTypeRequest { cache_key },
            |m| {
                m.cache_key.clear();
            },
        ),
        row(
            "DictionaryGet",
            Read,
            Refuses,
            |dictionary_name| DictionaryGetRequest { dictionary_name, fields: one() },
            |m| m.fields.clear(),
        ),
        row(
            "DictionaryFetch",
            Read,
            Refuses,
            |dictionary_name| DictionaryFetchRequest { dictionary_name },
            |m| m.dictionary_name.clear(),
        ),
        row(
            "DictionarySet",
            Write,
            Refuses,
            |dictionary_name| DictionarySetRequest {
                dictionary_name,
                items: vec![DictionaryFieldValuePair { field: vec![1], value: vec![1] }],
                ttl_milliseconds: TTL,
                refresh_ttl: true,
            },
            |m| m.items.clear(),
        ),
        row(
            "DictionaryIncrement",
            Both,
            Refuses,
            |dictionary_name| DictionaryIncrementRequest {
                dictionary_name,
                field: vec![1],
                amount: 1,
                ttl_milliseconds: TTL,
                refresh_ttl: false,
            },
            |m| m.ttl_milliseconds = 0,
        ),
        row(
            "DictionaryDelete",
            Write,
            Refuses,
            |dictionary_name| DictionaryDeleteRequest {
                dictionary_name,
                delete: Some(dictionary_delete_request::Delete::All(
                    dictionary_delete_request::All {},
                )),
            },
            |m| m.delete = None,
        ),
        row(
            "DictionaryLength",
            Read,
            Refuses,
            |dictionary_name| DictionaryLengthRequest { dictionary_name },
            |m| m.dictionary_name.clear(),
        ),
        row(
            "SetFetch",
            Read,
            Refuses,
            |set_name| SetFetchRequest { set_name },
            |m| {
                m.set_name.clear();
            },
        ),
        row(
            "SetSample",
            Read,
            Refuses,
            |set_name| SetSampleRequest { set_name, limit: 1 },
            |m| {
                m.set_name.clear();
            },
        ),
        row(
            "SetUnion",
            Write,
            Refuses,
            |set_name| SetUnionRequest {
                set_name,
                elements: one(),
                ttl_milliseconds: TTL,
                refresh_ttl: true,
            },
            |m| m.elements.clear(),
        ),
        row(
            "SetDifference",
            Both,
            Refuses,
            |set_name| SetDifferenceRequest {
                set_name,
                difference: Some(set_difference_request::Difference::Minuend(
                    set_difference_request::Minuend { elements: one() },
                )),
            },
            |m| m.difference = None,
        ),
        row(
            "SetContains",
            Read,
            Refuses,
            |set_name| SetContainsRequest { set_name, elements: one() },
            |m| m.elements.clear(),
        ),
        row(
            "SetLength",
            Read,
            Refuses,
            |set_name| SetLengthRequest { set_name },
            |m| {
                m.set_name.clear();
            },
        ),
        row(
            "SetPop",
            Both,
            Refuses,
            |set_name| SetPopRequest { set_name, count: 1 },
            |m| {
                m.count = 0;
            },
        ),
        row(
            "ListPushFront",
            Write,
            Refuses,
            |list_name| ListPushFrontRequest {
                list_name,
                value: vec![1],
                ttl_milliseconds: TTL,
                refresh_ttl: true,
                truncate_back_to_size: 0,
            },
            |m| m.ttl_milliseconds = 0,
        ),
        row(
            "ListPushBack",
            Write,
            Refuses,
            |list_name| ListPushBackRequest {
                list_name,
                value: vec![1],
                ttl_milliseconds: TTL,
                refresh_ttl: true,
                truncate_front_to_size: 0,
            },
            |m| m.ttl_milliseconds = u64::MAX,
        ),
        row(
            "ListPopFront",
            Both,
            Refuses,
            |list_name| ListPopFrontRequest { list_name },
            |m| {
                m.list_name.clear();
            },
        ),
        row(
            "ListPopBack",
            Both,
            Refuses,
            |list_name| ListPopBackRequest { list_name },
            |m| {
                m.list_name.clear();
            },
        ),
        row(
            "ListErase",
            Both,
            Refuses,
            |list_name| ListEraseRequest {
                list_name,
                erase: Some(list_erase_request::Erase::Some(list_erase_request::ListRanges {
                    ranges: vec![ListRange { begin_index: 0, count: 1 }],
                })),
            },
            |m| m.erase = None,
        ),
        row(
            "ListRemove",
            Both,
            Refuses,
            |list_name| ListRemoveRequest {
                list_name,
                remove: Some(list_remove_request::Remove::AllElementsWithValue(vec![1])),
            },
            |m| m.remove = None,
        ),
        row(
            "ListFetch",
            Read,
            Refuses,
            |list_name| ListFetchRequest { list_name, start_index: None, end_index: None },
            |m| m.list_name.clear(),
        ),
        row(
            "ListLength",
            Read,
            Refuses,
            |list_name| ListLengthRequest { list_name },
            |m| {
                m.list_name.clear();
            },
        ),
        row(
            "ListConcatenateFront",
            Write,
            Refuses,
            |list_name| ListConcatenateFrontRequest {
                list_name,
                values: one(),
                ttl_milliseconds: TTL,
                refresh_ttl: true,
                truncate_back_to_size: 0,
            },
            |m| m.values.clear(),
        ),
        row(
            "ListConcatenateBack",
            Write,
            Refuses,
            |list_name| ListConcatenateBackRequest {
                list_name,
                values: one(),
                ttl_milliseconds: TTL,
                refresh_ttl: true,
                truncate_front_to_size: 0,
            },
            |m| m.values.clear(),
        ),
        row(
            "ListRetain",
            Both,
            Refuses,
            |list_name| ListRetainRequest {
                list_name,
                ttl_milliseconds: TTL,
                refresh_ttl: false,
                start_index: Some(list_retain_request::StartIndex::InclusiveStart(0)),
                end_index: Some(list_retain_request::EndIndex::UnboundedEnd(Unbounded {})),
            },
            |m| m.ttl_milliseconds = 0,
        ),
        row(
            "SortedSetPut",
            Write,
            Refuses,
            |set_name| SortedSetPutRequest {
                set_name,
                elements: vec![SortedSetElement { value: vec![1], score: 1.0 }],
                ttl_milliseconds: TTL,
                refresh_ttl: true,
            },
            |m| m.elements.clear(),
        ),
        row(
            "SortedSetFetch",
            Read,
            Refuses,
            |set_name| SortedSetFetchRequest {
                set_name,
                order: 0,
                with_scores: true,
                range: Some(sorted_set_fetch_request::Range::ByIndex(
                    sorted_set_fetch_request::ByIndex { start: None, end: None },
                )),
            },
            |m| m.order = 7,
        ),
        row(
            "SortedSetGetScore",
            Read,
            Refuses,
            |set_name| SortedSetGetScoreRequest { set_name, values: one() },
            |m| m.values.clear(),
        ),
        row(
            "SortedSetRemove",
            Write,
            Refuses,
            |set_name| SortedSetRemoveRequest {
                set_name,
                remove_elements: Some(sorted_set_remove_request::RemoveElements::All(
                    sorted_set_remove_request::All {},
                )),
            },
            |m| m.remove_elements = None,
        ),
        row(
            "SortedSetIncrement",
            Both,
            Refuses,
            |set_name| SortedSetIncrementRequest {
                set_name,
                value: vec![1],
                amount: 1.0,
                ttl_milliseconds: TTL,
                refresh_ttl: true,
            },
            |m| m.ttl_milliseconds = 0,
        ),
        row(
            "SortedSetGetRank",
            Read,
            Refuses,
            |set_name| SortedSetGetRankRequest { set_name, value: vec![1], order: 0 },
            |m| m.order = -1,
        ),
        row(
            "SortedSetLength",
            Read,
            Refuses,
            |set_name| SortedSetLengthRequest { set_name },
            |m| m.set_name.clear(),
        ),
        row(
            "SortedSetLengthByScore",
            Read,
            Refuses,
            |set_name| SortedSetLengthByScoreRequest { set_name, min: None, max: None },
            |m| m.set_name.clear(),
        ),
        row(
            "SortedSetUnionStore",
            Both,
            Refuses,
            |source| SortedSetUnionStoreRequest {
                set_name: b"none".to_vec(),
                sources: vec![sorted_set_union_store_request::Source {
                    set_name: source,
                    weight: 1.0,
                }],
                aggregate: 0,
                ttl_milliseconds: TTL,
            },
            |m| m.sources.clear(),
        ),
    ]
}

/// The methods that are not about a cache's data: a message that is good for a super user.
fn other_methods() -> Vec<(&'static str, &'static str, Vec<u8>, Code)> {
    use momento_protos::control_client::{
        CreateCacheRequest, CreateSigningKeyRequest, DeleteCacheRequest, FlushCacheRequest,
        ListCachesRequest, ListSigningKeysRequest, RevokeSigningKeyRequest,
    };
    let control = "control_client.ScsControl";
    let name = || "none".to_owned();
    vec![
        (
            control,
            "CreateCache",
            CreateCacheRequest { cache_name: name() }.encode_to_vec(),
            Code::Ok,
        ),
        (
            control,
            "DeleteCache",
            DeleteCacheRequest { cache_name: name() }.encode_to_vec(),
            Code::Ok,
        ),
        (
            control,
            "ListCaches",
            ListCachesRequest { next_token: String::new() }.encode_to_vec(),
            Code::Ok,
        ),
        (
            control,
            "FlushCache",
            FlushCacheRequest { cache_name: CACHE.to_owned() }.encode_to_vec(),
            Code::Ok,
        ),
        (
            control,
            "CreateSigningKey",
            CreateSigningKeyRequest { ttl_minutes: 1 }.encode_to_vec(),
            Code::Ok,
        ),
        (
            control,
            "RevokeSigningKey",
            RevokeSigningKeyRequest { key_id: name() }.encode_to_vec(),
            Code::Ok,
        ),
        (
            control,
            "ListSigningKeys",
            ListSigningKeysRequest { next_token: String::new() }.encode_to_vec(),
            Code::Ok,
        ),
        (control, "CreateIndex", Vec::new(), Code::Unimplemented),
        (control, "DeleteIndex", Vec::new(), Code::Unimplemented),
        (control, "ListIndexes", Vec::new(), Code::Unimplemented),
        ("cache_client.Ping", "Ping", Vec::new(), Code::Ok),
        ("auth.Auth", "Login", Vec::new(), Code::Ok),
        ("auth.Auth", "GenerateApiToken", Vec::new(), Code::InvalidArgument),
        ("auth.Auth", "RefreshApiToken", Vec::new(), Code::Unauthenticated),
        ("token.Token", "GenerateDisposableToken", Vec::new(), Code::InvalidArgument),
    ]
}

#[test]
fn every_method_has_a_row() {
    let inventory: BTreeSet<(&str, &str)> = SERVICES
        .iter()
        .flat_map(|(service, methods)| methods.iter().map(|method| (*service, *method)))
        .collect();
    let data = data_methods().into_iter().map(|row| ("cache_client.Scs", row.method));
    let other = other_methods().into_iter().map(|(service, method, ..)| (service, method));
    assert_eq!(data.chain(other).collect::<BTreeSet<_>>(), inventory);
}

#[tokio::test]
async fn every_data_method_is_done_where_it_may_and_refused_where_not() {
    let rig = Rig::new().await;
    let token = rig.super_user();
    let expired = rig.token(Grants::SuperUser, Some(NOW_S));
    let elsewhere = rig.token(
        Grants::Explicit(vec![Grant::Items {
            role: Role::ReadWrite,
            cache: Some("elsewhere".to_owned()),
            items: Items::All,
        }]),
        None,
    );
    let key_only = rig.token(
        Grants::Explicit(vec![Grant::Items {
            role: Role::ReadWrite,
            cache: Some(CACHE.to_owned()),
            items: Items::Key(b"mine".to_vec()),
        }]),
        None,
    );
    let (read, write) = (rig.role(Role::ReadOnly), rig.role(Role::WriteOnly));
    for row in data_methods() {
        let path = format!("cache_client.Scs/{}", row.method);
        let code = async |token: &str, cache: &str, message: &[u8]| {
            rig.call(&path, token, cache, message).await.code
        };
        let done = |role: &str, allowed: bool| {
            let (rig, path, good, role) = (&rig, &path, &row.good, role.to_owned());
            async move {
                let code = rig.call(path, &role, CACHE, good).await.code;
                assert_eq!(code == Code::PermissionDenied, !allowed, "{path} is {code:?}");
            }
        };
        assert_eq!(code("", CACHE, &row.good).await, Code::Unauthenticated, "{path}");
        assert_eq!(code("garbage", CACHE, &row.good).await, Code::Unauthenticated, "{path}");
        assert_eq!(code(&expired, CACHE, &row.good).await, Code::Unauthenticated, "{path}");
        assert_eq!(code(&elsewhere, CACHE, &row.good).await, Code::PermissionDenied, "{path}");
        assert_eq!(code(&key_only, CACHE, &row.good).await, Code::PermissionDenied, "{path}");
        assert_eq!(code(&token, "none", &row.good).await, Code::NotFound, "{path}");
        assert_eq!(code(&token, "", &row.good).await, Code::InvalidArgument, "{path}");
        let bad = rig.call(&path, &token, CACHE, &row.bad).await;
        assert_eq!(bad.code, Code::InvalidArgument, "{path}: {}", bad.message);
        assert_eq!(bad.err, "invalid_argument", "{path}");
        done(&read, row.needs == Needs::Read).await;
        done(&write, row.needs == Needs::Write).await;
        rig.clock.advance(Duration::from_millis(TTL));
        let good = rig.call(&path, &token, CACHE, &row.good).await;
        assert_eq!(good.code, Code::Ok, "{path}: {}", good.message);
        assert_eq!(good.replies.len(), 1, "{path}");
        rig.clock.advance(Duration::from_millis(TTL));
    }
}

#[tokio::test]
async fn every_data_method_tells_an_item_of_another_kind() {
    let rig = Rig::new().await;
    let token = rig.super_user();
    for row in data_methods() {
        let is_scalar = row.method.starts_with("Get")
            || ["SetIf", "SetIfHash", "Increment"].contains(&row.method);
        let (make, message) = match is_scalar {
            true => ("ListPushBack", push(b"other")),
            false => ("Set", set(b"other")),
        };
        let made = rig.call(&format!("cache_client.Scs/{make}"), &token, CACHE, &message).await;
        assert_eq!(made.code, Code::Ok, "{make}: {}", made.message);
        let (kind, message) = &row.other;
        let path = format!("cache_client.Scs/{}", row.method);
        let answer = rig.call(&path, &token, CACHE, message).await;
        // A batch says so of the one item.
        let refuses = *kind == Other::Refuses || row.method == "GetBatch";
        let expected = if refuses { Code::FailedPrecondition } else { Code::Ok };
        assert_eq!(answer.code, expected, "{path}: {}", answer.message);
        rig.clock.advance(Duration::from_millis(TTL));
    }
}

fn set(key: &[u8]) -> Vec<u8> {
    let cache_key = key.to_vec();
    SetRequest { cache_key, cache_body: vec![b'x'], ttl_milliseconds: TTL }.encode_to_vec()
}

fn push(key: &[u8]) -> Vec<u8> {
    let message = ListPushBackRequest {
        list_name: key.to_vec(),
        value: vec![1],
        ttl_milliseconds: TTL,
        refresh_ttl: true,
        truncate_front_to_size: 0,
    };
    message.encode_to_vec()
}

#[tokio::test]
async fn every_other_method_is_answered() {
    let rig = Rig::new().await;
    let token = rig.super_user();
    let (expired, data) = (rig.token(Grants::SuperUser, Some(NOW_S)), rig.role(Role::ReadWrite));
    for (service, method, message, expected) in other_methods() {
        let path = format!("{service}/{method}");
        if service == "control_client.ScsControl" {
            for (token, expected) in [
                ("", Code::Unauthenticated),
                ("garbage", Code::Unauthenticated),
                (&*expired, Code::Unauthenticated),
                (&*data, Code::PermissionDenied),
            ] {
                let refused = rig.call(&path, token, "", &message).await;
                assert_eq!(refused.code, expected, "{path}: {}", refused.message);
            }
        }
        let answer = rig.call(&path, &token, "", &message).await;
        assert_eq!(answer.code, expected, "{path}: {}", answer.message);
    }
    for path in [
        "cache_client.Scs/Nothing",
        "cache_client.Ping/Pong",
        "cache_client.pubsub.Pubsub/Publish",
        "leaderboard.Leaderboard/GetByRank",
        "nothing",
        "",
    ] {
        let answer = rig.call(path, &token, CACHE, b"").await;
        assert_eq!(answer.code, Code::Unimplemented, "{path}");
        assert_eq!(answer.err, "unimplemented", "{path}");
    }
}

#[tokio::test]
async fn a_hash_is_told_of_what_was_stored() {
    use momento_protos::cache_client::{
        GetWithHashResponse, SetIfHashResponse, get_with_hash_response, set_if_hash_response,
    };
    use momento_protos::common::PresentAndHashEqual;
    use set_if_hash_request::Condition;
    let rig = Rig::new().await;
    let set = async |token: &str, body: &[u8], ttl_milliseconds, condition| {
        let message = SetIfHashRequest {
            cache_key: b"k".to_vec(),
            cache_body: body.to_vec(),
            ttl_milliseconds,
            condition: Some(condition),
        };
        let message = message.encode_to_vec();
        let answer = rig.call("cache_client.Scs/SetIfHash", token, CACHE, &message).await;
        let Some(reply) = answer.replies.first() else { return Err(answer.code) };
        match SetIfHashResponse::decode(&**reply).expect("a reply").result {
            Some(set_if_hash_response::Result::Stored(stored)) => Ok(Some(stored.new_hash)),
            _ => Ok(None),
        }
    };
    let equal = |hash: &[u8]| {
        Condition::PresentAndHashEqual(PresentAndHashEqual { hash_to_check: hash.to_vec() })
    };
    let (all, read) = (rig.super_user(), rig.role(Role::ReadOnly));
    let first = set(&all, b"1", TTL, Condition::Unconditional(Unconditional {})).await;
    let first = first.expect("a reply").expect("it is stored");
    let second = set(&all, b"2", TTL, equal(&first)).await.expect("a reply").expect("it is stored");
    assert_ne!(first, second);
    assert_eq!(set(&all, b"3", TTL, equal(&first)).await, Ok(None));
    // No hash of ours is equal to nothing, and the rest is judged as ever.
    assert_eq!(set(&all, b"3", TTL, equal(b"short")).await, Ok(None));
    assert_eq!(set(&all, b"3", 0, equal(b"short")).await, Err(Code::InvalidArgument));
    assert_eq!(set(&read, b"3", TTL, equal(b"short")).await, Err(Code::PermissionDenied));
    let get = GetWithHashRequest { cache_key: b"k".to_vec() }.encode_to_vec();
    let answer = rig.call("cache_client.Scs/GetWithHash", &all, CACHE, &get).await;
    let reply = GetWithHashResponse::decode(&*answer.replies[0]).expect("a reply");
    let Some(get_with_hash_response::Result::Found(found)) = reply.result else {
        panic!("{reply:?}");
    };
    assert_eq!((found.value, found.hash), (b"2".to_vec(), second));
}

#[tokio::test]
async fn conditions_compare_what_is_there() {
    let rig = Rig::new().await;
    let token = rig.super_user();
    let set_if = async |body: &[u8], condition| {
        let message = SetIfRequest {
            cache_key: b"k".to_vec(),
            cache_body: body.to_vec(),
            ttl_milliseconds: TTL,
            condition: Some(condition),
        };
        let path = "cache_client.Scs/SetIf";
        let answer = rig.call(path, &token, CACHE, &message.encode_to_vec()).await;
        let reply = SetIfResponse::decode(&*answer.replies[0]).expect("a reply");
        matches!(reply.result, Some(set_if_response::Result::Stored(_)))
    };
    use set_if_request::Condition;
    assert!(!set_if(b"1", Condition::Present(Present {})).await);
    assert!(set_if(b"1", Condition::Absent(Absent {})).await);
    assert!(!set_if(b"2", Condition::Absent(Absent {})).await);
    assert!(set_if(b"2", Condition::Present(Present {})).await);
}
