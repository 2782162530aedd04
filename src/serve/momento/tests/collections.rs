//! Calls of collections whose answer is no matter of one operation.

use momento_protos::cache_client::{
    DictionaryFieldValuePair, DictionaryGetRequest, DictionarySetRequest,
    ListConcatenateBackRequest, ListFetchRequest, ListFetchResponse, ListPushBackRequest,
    SetUnionRequest, SortedSetElement, SortedSetGetRankRequest, SortedSetGetRankResponse,
    SortedSetPutRequest, list_fetch_response, sorted_set_get_rank_response,
};

use super::*;

const TTL: u64 = 60_000;
const ELEMENT_BYTES_MAX: usize = 128 * 1024;

async fn call(rig: &Rig, method: &str, message: &impl Message) -> Answered {
    let path = format!("cache_client.Scs/{method}");
    rig.call(&path, &rig.super_user(), CACHE, &message.encode_to_vec()).await
}

fn concatenate(key: Vec<u8>, values: Vec<Vec<u8>>) -> ListConcatenateBackRequest {
    ListConcatenateBackRequest {
        list_name: key,
        values,
        ttl_milliseconds: TTL,
        refresh_ttl: true,
        truncate_front_to_size: 0,
    }
}

async fn list(rig: &Rig, key: &[u8]) -> Option<Vec<Vec<u8>>> {
    let fetch = ListFetchRequest { list_name: key.to_vec(), ..ListFetchRequest::default() };
    let answer = call(rig, "ListFetch", &fetch).await;
    let reply = ListFetchResponse::decode(&*answer.replies[0]).expect("a reply");
    match reply.list.expect("it says what it found") {
        list_fetch_response::List::Found(found) => Some(found.values),
        list_fetch_response::List::Missing(_) => None,
    }
}

#[tokio::test]
async fn an_absent_sorted_set_ranks_nothing() {
    let rig = Rig::new().await;
    let get = SortedSetGetRankRequest {
        set_name: b"none".to_vec(),
        value: b"a".to_vec(),
        ..SortedSetGetRankRequest::default()
    };
    let answer = call(&rig, "SortedSetGetRank", &get).await;
    let reply = SortedSetGetRankResponse::decode(&*answer.replies[0]).expect("a reply");
    let Some(sorted_set_get_rank_response::Rank::ElementRank(part)) = reply.rank else {
        panic!("{reply:?}");
    };
    assert_eq!(part.result, 3, "a miss");
}

#[tokio::test]
async fn an_element_over_128_kb_changes_nothing() {
    let rig = Rig::new().await;
    let (fits, over) = (vec![7; ELEMENT_BYTES_MAX], vec![7; ELEMENT_BYTES_MAX + 1]);
    let push = |value: &[u8]| concatenate(b"l".to_vec(), vec![b"a".to_vec(), value.to_vec()]);
    assert_eq!(call(&rig, "ListConcatenateBack", &push(&fits)).await.code, Code::Ok);
    let refused = call(&rig, "ListConcatenateBack", &push(&over)).await;
    let expected = (Code::ResourceExhausted, "element_size_limit_exceeded");
    assert_eq!((refused.code, &*refused.err), expected, "{}", refused.message);
    assert!(refused.message.contains("element size"), "{}", refused.message);
    assert_eq!(list(&rig, b"l").await, Some(vec![b"a".to_vec(), fits.clone()]));

    let set = SetUnionRequest {
        set_name: b"s".to_vec(),
        elements: vec![over.clone()],
        ttl_milliseconds: TTL,
        refresh_ttl: true,
    };
    assert_eq!(call(&rig, "SetUnion", &set).await.code, Code::ResourceExhausted);
    let put = SortedSetPutRequest {
        set_name: b"z".to_vec(),
        elements: vec![SortedSetElement { value: over.clone(), score: 1.0 }],
        ttl_milliseconds: TTL,
        refresh_ttl: true,
    };
    assert_eq!(call(&rig, "SortedSetPut", &put).await.code, Code::ResourceExhausted);
    for (field, value) in [(over.clone(), fits.clone()), (fits, over)] {
        let set = DictionarySetRequest {
            dictionary_name: b"d".to_vec(),
            items: vec![DictionaryFieldValuePair { field, value }],
            ttl_milliseconds: TTL,
            refresh_ttl: true,
        };
        assert_eq!(call(&rig, "DictionarySet", &set).await.code, Code::ResourceExhausted);
    }
}

#[tokio::test]
async fn a_name_over_64_kb_is_none() {
    let rig = Rig::new().await;
    for (bytes, expected) in [(64 * 1024, Code::Ok), (64 * 1024 + 1, Code::InvalidArgument)] {
        let push = concatenate(vec![7; bytes], vec![b"a".to_vec()]);
        assert_eq!(call(&rig, "ListConcatenateBack", &push).await.code, expected, "{bytes}");
    }
}

#[tokio::test]
async fn a_collection_over_an_items_size_is_as_it_was() {
    let rig = Rig::new().await;
    let chunk = vec![vec![7; ELEMENT_BYTES_MAX]; 18];
    for expected in [Code::Ok, Code::Ok, Code::ResourceExhausted] {
        let push = concatenate(b"l".to_vec(), chunk.clone());
        assert_eq!(call(&rig, "ListConcatenateBack", &push).await.code, expected);
    }
    assert_eq!(list(&rig, b"l").await.expect("it is there").len(), 36);
    let push = |truncate_front_to_size| ListPushBackRequest {
        list_name: b"l".to_vec(),
        value: vec![7; ELEMENT_BYTES_MAX],
        ttl_milliseconds: TTL,
        refresh_ttl: true,
        truncate_front_to_size,
    };
    assert_eq!(call(&rig, "ListPushBack", &push(0)).await.code, Code::ResourceExhausted);
    assert_eq!(call(&rig, "ListPushBack", &push(36)).await.code, Code::Ok, "it does not grow");
}

#[tokio::test]
async fn a_reply_that_names_a_field_often_is_bounded() {
    let rig = Rig::new().await;
    let set = DictionarySetRequest {
        dictionary_name: b"d".to_vec(),
        items: vec![DictionaryFieldValuePair {
            field: b"f".to_vec(),
            value: vec![7; ELEMENT_BYTES_MAX],
        }],
        ttl_milliseconds: TTL,
        refresh_ttl: true,
    };
    assert_eq!(call(&rig, "DictionarySet", &set).await.code, Code::Ok);
    // 10,486,000 bytes are 80 times 128 KiB and a little.
    for (times, expected) in [(80, Code::Ok), (81, Code::ResourceExhausted)] {
        let fields = vec![b"f".to_vec(); times];
        let get = DictionaryGetRequest { dictionary_name: b"d".to_vec(), fields };
        assert_eq!(call(&rig, "DictionaryGet", &get).await.code, expected, "{times}");
    }
}

/// Who may only write hears whether a set is there from no reply.
#[tokio::test]
async fn a_writer_subtracts_from_no_set() {
    use momento_protos::cache_client::SetDifferenceRequest;
    use momento_protos::cache_client::set_difference_request::subtrahend::{
        Identity, Set, SubtrahendSet,
    };
    use momento_protos::cache_client::set_difference_request::{Difference, Subtrahend};
    let rig = Rig::new().await;
    let set = SubtrahendSet::Set(Set { elements: vec![b"a".to_vec()] });
    for subtrahend in [set, SubtrahendSet::Identity(Identity {})] {
        let difference = Difference::Subtrahend(Subtrahend { subtrahend_set: Some(subtrahend) });
        let request =
            SetDifferenceRequest { set_name: b"s".to_vec(), difference: Some(difference) };
        let request = request.encode_to_vec();
        let path = "cache_client.Scs/SetDifference";
        let by = async |token: String| rig.call(path, &token, CACHE, &request).await.code;
        assert_eq!(by(rig.role(Role::WriteOnly)).await, Code::PermissionDenied);
        assert_eq!(by(rig.role(Role::ReadWrite)).await, Code::Ok);
    }
}

/// What is held for a client is given back when it takes it, and when it goes away.
#[tokio::test]
async fn replies_count_until_they_are_gone() {
    let rig = Rig::new().await;
    let push = concatenate(b"l".to_vec(), vec![vec![7; 100_000]]);
    assert_eq!(call(&rig, "ListConcatenateBack", &push).await.code, Code::Ok);
    let fetch = ListFetchRequest { list_name: b"l".to_vec(), ..ListFetchRequest::default() };
    let mut message = BytesMut::new();
    let fetch = fetch.encode_to_vec();
    message.put_u8(0);
    message.put_u32(u32::try_from(fetch.len()).expect("it fits"));
    message.extend_from_slice(&fetch);
    let request = Request::post("http://localhost/cache_client.Scs/ListFetch")
        .header(CONTENT_TYPE, "application/grpc")
        .header(AUTHORIZATION, rig.super_user())
        .header("cache", CACHE)
        .body(Full::new(message.freeze()));
    let response = rig.door.answer(request.expect("well-formed")).await;
    assert!(rig.door.inner.answering.bytes() > 100_000, "{}", rig.door.inner.answering.bytes());
    drop(response);
    assert_eq!(rig.door.inner.answering.bytes(), 0);
}
