//! What a client may keep in memory, and for how long one call may keep others waiting.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use http_body::{Body, Frame};
use momento_protos::cache_client::{
    GetBatchRequest, GetRequest, KeysExistRequest, SetBatchRequest, SetContainsRequest, SetRequest,
};

use super::*;
use crate::serve::control::Holding;
use crate::serve::momento::answering::CONNECTION_BYTES_MAX;

const TTL: u64 = 60_000;
const VALUE_BYTES: usize = 1_000_000;

/// Elements of one call, as the documentation has it.
const ELEMENTS_MAX: usize = 100_000;

/// A body that never ends.
struct Endless(VecDeque<Bytes>);

impl Body for Endless {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match self.0.pop_front() {
            Some(piece) => Poll::Ready(Some(Ok(Frame::data(piece)))),
            None => Poll::Pending,
        }
    }
}

async fn set(rig: &Rig, key: &[u8], cache_body: Vec<u8>) {
    let set = SetRequest { cache_key: key.to_vec(), cache_body, ttl_milliseconds: TTL };
    let path = "cache_client.Scs/Set";
    let answer = rig.call(path, &rig.super_user(), CACHE, &set.encode_to_vec()).await;
    assert_eq!(answer.code, Code::Ok, "{}", answer.message);
}

fn held_bytes(rig: &Rig) -> usize {
    rig.door.inner.answering.bytes()
}

/// With its frame.
fn grpc(rig: &Rig, method: &str, message: &impl Message) -> Request<Full<Bytes>> {
    let message = message.encode_to_vec();
    let mut framed = BytesMut::new();
    framed.put_u8(0);
    framed.put_u32(u32::try_from(message.len()).expect("it fits"));
    framed.extend_from_slice(&message);
    Request::post(format!("http://localhost/cache_client.Scs/{method}"))
        .header(CONTENT_TYPE, "application/grpc")
        .header(AUTHORIZATION, rig.super_user())
        .header("cache", CACHE)
        .body(Full::new(framed.freeze()))
        .expect("well-formed")
}

fn get_by_http(rig: &Rig) -> Request<Full<Bytes>> {
    Request::get("/cache/kept?key=k")
        .header(AUTHORIZATION, rig.super_user())
        .body(Full::default())
        .expect("well-formed")
}

/// Whether the future has to wait.
async fn waits(future: &mut (impl Future + Unpin)) -> bool {
    tokio::select! {
        biased;
        _ = future => false,
        () = std::future::ready(()) => true,
    }
}

#[tokio::test]
async fn a_value_that_http_has_yet_to_send_counts() {
    let rig = Rig::new().await;
    set(&rig, b"k", vec![7; VALUE_BYTES]).await;
    let response = rig.door.answer(get_by_http(&rig)).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.body().size_hint().exact(), Some(1_000_000), "its length is told");
    assert_eq!(held_bytes(&rig), VALUE_BYTES);
    let body = response.into_body().collect().await.expect("a body");
    assert_eq!(held_bytes(&rig), VALUE_BYTES, "its pieces count on");
    drop(body);
    assert_eq!(held_bytes(&rig), 0);
}

#[tokio::test]
async fn replies_of_a_batch_count_as_they_are_made() {
    let rig = Rig::new().await;
    set(&rig, b"k", vec![7; VALUE_BYTES]).await;
    let items = vec![GetRequest { cache_key: b"k".to_vec() }; 3];
    let response = rig.door.answer(grpc(&rig, "GetBatch", &GetBatchRequest { items })).await;
    let mut body = response.into_body();
    assert_eq!(held_bytes(&rig), 0, "nothing is made");
    let first = body.frame().await.expect("a frame").expect("it is one");
    let one = VALUE_BYTES..VALUE_BYTES + 100;
    assert!(one.contains(&held_bytes(&rig)), "{}", held_bytes(&rig));
    let second = body.frame().await.expect("a frame").expect("it is one");
    drop(first);
    assert!(one.contains(&held_bytes(&rig)), "{}", held_bytes(&rig));
    drop(second);
    assert_eq!(held_bytes(&rig), 0);
    // No other is made while others are to be taken.
    let all = rig.door.inner.answering.of(None).hold(8 * CONNECTION_BYTES_MAX);
    let last = body.frame().await.expect("a frame").expect("it is one");
    let trailers = last.into_trailers().expect("it ends");
    assert_eq!(trailers["grpc-status"], "8");
    assert_eq!(trailers["err"], "throughput_rate_limit_exceeded");
    drop(all);
    let set = SetRequest { cache_key: b"k".to_vec(), cache_body: vec![1], ttl_milliseconds: TTL };
    let items = vec![set; 100];
    let response = rig.door.answer(grpc(&rig, "SetBatch", &SetBatchRequest { items })).await;
    assert!(held_bytes(&rig) >= 100, "{}", held_bytes(&rig));
    let answer = answered(response).await;
    assert_eq!((answer.code, answer.replies.len()), (Code::Ok, 100));
    drop(answer);
    assert_eq!(held_bytes(&rig), 0);
}

#[tokio::test]
async fn every_call_begins_when_there_is_room() {
    let rig = Rig::new().await;
    set(&rig, b"k", vec![7]).await;
    let all = rig.door.inner.answering.of(None).hold(8 * CONNECTION_BYTES_MAX);
    let refused = rig.door.answer(get_by_http(&rig)).await;
    assert_eq!(refused.status(), 429);
    let refused = refused.into_body().collect().await.expect("a body").to_bytes();
    assert!(String::from_utf8_lossy(&refused).contains("throughput"), "{refused:?}");
    for path in [
        "control_client.ScsControl/ListCaches",
        "auth.Auth/Login",
        "token.Token/GenerateDisposableToken",
    ] {
        let answer = rig.call(path, &rig.super_user(), "", b"").await;
        assert_eq!(answer.err, "throughput_rate_limit_exceeded", "{path}: {}", answer.message);
    }
    drop(all);
    let own = Holding::default();
    own.add(CONNECTION_BYTES_MAX);
    let mut request = get_by_http(&rig);
    request.extensions_mut().insert(own.clone());
    let mut waiting = Box::pin(rig.door.answer(request));
    assert!(waits(&mut waiting).await);
    own.subtract(1);
    assert_eq!(waiting.await.status(), 200);
}

#[tokio::test]
async fn a_value_that_http_receives_counts() {
    let rig = Rig::new().await;
    let put = |pieces: Bytes| {
        Request::put("/cache/kept?key=k&ttl_seconds=60")
            .header(AUTHORIZATION, rig.super_user())
            .body(Endless(VecDeque::from([pieces])))
            .expect("well-formed")
    };
    let mut one = Box::pin(rig.door.answer(put(Bytes::from(vec![7; 1000]))));
    assert!(waits(&mut one).await);
    let receiving = || rig.door.inner.receiving.bytes();
    assert!(receiving() >= 1000, "{}", receiving());
    drop(one);
    assert_eq!(receiving(), 0);
    // 512 MB and no more.
    let large = Bytes::from(vec![7; 4_000_000]);
    let mut many = Vec::new();
    let refused = loop {
        let mut one = Box::pin(rig.door.answer(put(large.clone())));
        let answer = tokio::select! {
            biased;
            answer = &mut one => answer,
            () = std::future::ready(()) => {
                many.push(one);
                assert!(many.len() < 200);
                continue;
            }
        };
        break answer;
    };
    assert_eq!(refused.status(), 429);
}

#[tokio::test]
async fn a_request_has_so_many_elements() {
    let rig = Rig::new().await;
    for (count, expected) in [(ELEMENTS_MAX, Code::Ok), (ELEMENTS_MAX + 1, Code::ResourceExhausted)]
    {
        let (set_name, elements) = (b"s".to_vec(), vec![Vec::new(); count]);
        let contains = SetContainsRequest { set_name, elements }.encode_to_vec();
        let path = "cache_client.Scs/SetContains";
        let answer = rig.call(path, &rig.super_user(), CACHE, &contains).await;
        assert_eq!(answer.code, expected, "{count}: {}", answer.message);
    }
}

/// What a message takes is more than its bytes, and a batch of reads keeps its own.
#[tokio::test]
async fn a_request_counts_until_its_last_reply() {
    let rig = Rig::new().await;
    let items = vec![GetRequest { cache_key: b"k".to_vec() }; 1000];
    let batch = GetBatchRequest { items };
    let response = rig.door.answer(grpc(&rig, "GetBatch", &batch)).await;
    let receiving = || rig.door.inner.receiving.bytes();
    assert!(receiving() > 100 * 1000, "{}", receiving());
    assert_eq!(answered(response).await.replies.len(), 1000);
    assert_eq!(receiving(), 0);
    let keys = KeysExistRequest { cache_keys: vec![b"k".to_vec(); 1000] };
    let response = rig.door.answer(grpc(&rig, "KeysExist", &keys)).await;
    assert_eq!(receiving(), 0, "the reply is made");
    drop(response);
}

/// A client that sends one message after the other where one is due.
#[tokio::test]
async fn a_call_has_bytes_for_one_message() {
    let rig = Rig::new().await;
    let set =
        SetRequest { cache_key: b"k".to_vec(), cache_body: vec![7; 60_000], ttl_milliseconds: TTL };
    let frame = grpc(&rig, "Set", &set).into_body().collect().await.expect("a body").to_bytes();
    for (path, token) in
        [("cache_client.Scs/Set", rig.super_user()), ("auth.Auth/RefreshApiToken", String::new())]
    {
        let request = Request::post(format!("http://localhost/{path}"))
            .header(CONTENT_TYPE, "application/grpc")
            .header(AUTHORIZATION, token)
            .header("cache", CACHE)
            .body(Endless(VecDeque::from(vec![frame.clone(); 200])));
        let answer = answered(rig.door.answer(request.expect("well-formed")).await).await;
        assert_eq!(answer.code, Code::ResourceExhausted, "{path}: {}", answer.message);
        assert!(answer.message.contains("request limit"), "{path}: {}", answer.message);
    }
    assert_eq!(rig.door.inner.receiving.bytes(), 0);
}

#[tokio::test]
async fn a_call_of_many_items_lets_others_run_and_ends_at_its_deadline() {
    const ITEMS: usize = 1_000;
    let rig = Rig::new().await;
    let key = || b"k".to_vec();
    let set = SetRequest { cache_key: key(), cache_body: vec![1], ttl_milliseconds: TTL };
    let keys = KeysExistRequest { cache_keys: vec![key(); ITEMS] };
    let batch = SetBatchRequest { items: vec![set; ITEMS] };
    let gets = GetBatchRequest { items: vec![GetRequest { cache_key: key() }; ITEMS] };
    for many in [grpc(&rig, "KeysExist", &keys), grpc(&rig, "SetBatch", &batch)] {
        let path = many.uri().path().to_owned();
        let mut waiting = Box::pin(rig.door.answer(many));
        assert!(waits(&mut waiting).await, "{path}");
        assert_eq!(answered(waiting.await).await.code, Code::Ok, "{path}");
    }
    for mut many in [
        grpc(&rig, "KeysExist", &keys),
        grpc(&rig, "SetBatch", &batch),
        grpc(&rig, "GetBatch", &gets),
    ] {
        many.headers_mut().insert("grpc-timeout", "1n".parse().expect("a value"));
        let path = many.uri().path().to_owned();
        assert_eq!(
            answered(rig.door.answer(many).await).await.code,
            Code::DeadlineExceeded,
            "{path}"
        );
    }
    let mut body = rig.door.answer(grpc(&rig, "GetBatch", &gets)).await.into_body();
    let mut taking = Box::pin(async { while body.frame().await.is_some() {} });
    assert!(waits(&mut taking).await);
    taking.await;
}

/// A union goes through its sources at once, so that they have a limit together.
#[tokio::test]
async fn a_union_has_so_many_elements() {
    use momento_protos::cache_client::sorted_set_union_store_request::Source;
    use momento_protos::cache_client::{
        SortedSetElement, SortedSetPutRequest, SortedSetUnionStoreRequest,
    };
    const SET_ELEMENTS: usize = 32_768;
    let rig = Rig::new().await;
    let element = |number: usize| {
        let value = u32::try_from(number).expect("it fits").to_be_bytes().to_vec();
        SortedSetElement { value, score: 1.0 }
    };
    let put = SortedSetPutRequest {
        set_name: b"s".to_vec(),
        elements: (0..SET_ELEMENTS).map(element).collect(),
        ttl_milliseconds: TTL,
        refresh_ttl: true,
    };
    let token = rig.super_user();
    let put = rig.call("cache_client.Scs/SortedSetPut", &token, CACHE, &put.encode_to_vec()).await;
    assert_eq!(put.code, Code::Ok, "{}", put.message);
    for (sources, expected) in [(8, Code::Ok), (9, Code::ResourceExhausted)] {
        let union = SortedSetUnionStoreRequest {
            set_name: b"u".to_vec(),
            sources: vec![Source { set_name: b"s".to_vec(), weight: 1.0 }; sources],
            aggregate: 0,
            ttl_milliseconds: TTL,
        };
        let union = union.encode_to_vec();
        let path = "cache_client.Scs/SortedSetUnionStore";
        let answer = rig.call(path, &token, CACHE, &union).await;
        assert_eq!(answer.code, expected, "{sources}: {}", answer.message);
    }
}

/// What is refused for its head is refused before its body comes.
#[tokio::test]
async fn a_value_without_a_lifetime_is_not_received() {
    let rig = Rig::new().await;
    for (ttl_seconds, waits_for_it) in
        [("0", false), ("1", true), ("86400", true), ("86401", false)]
    {
        let request = Request::put(format!("/cache/kept?key=k&ttl_seconds={ttl_seconds}"))
            .header(AUTHORIZATION, rig.super_user())
            .body(Endless(VecDeque::new()))
            .expect("well-formed");
        let mut answer = Box::pin(rig.door.answer(request));
        assert_eq!(waits(&mut answer).await, waits_for_it, "{ttl_seconds}");
    }
}
