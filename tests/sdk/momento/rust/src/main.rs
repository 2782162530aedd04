//! Makes every call of the official Rust SDK against a gateway, in the clear: the SDK knows no
//! private authority.
//!
//! `momento-client CREDENTIALS [PART...]`: CREDENTIALS is the object that
//! `tollgate credentials --format json` prints; without parts all of them run.

use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine};
use momento::auth::{AuthClient, DisposableTokenScopes, ExpiresIn};
use momento::cache::{SortedSetOrder, configurations};
use momento::{CacheClient, CredentialProvider, MomentoError, MomentoErrorCode, MomentoResult};
use serde_json::Value;

const CACHE: &str = "rust";

/// What a call came to, by the name of its variant, or of its type where there is one alone.
macro_rules! expect {
    ($call:expr, $kind:literal) => {{
        let response = $call.await.unwrap_or_else(|error| panic!("{}: {error:?}", stringify!($call)));
        let shown = format!("{response:?}");
        assert!(shown.starts_with($kind), "{}: {shown} is no {}", stringify!($call), $kind);
        response
    }};
}

macro_rules! expect_error {
    ($call:expr, $code:ident) => {{
        let error: MomentoError = match $call.await {
            Ok(response) => panic!("{}: {response:?} is no error", stringify!($call)),
            Err(error) => error,
        };
        let expected = MomentoErrorCode::$code;
        assert_eq!(error.error_code, expected, "{}: {error:?}", stringify!($call));
    }};
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> MomentoResult<()> {
    let mut arguments = std::env::args().skip(1);
    let credentials = arguments.next().expect("the credentials");
    let parts: Vec<String> = arguments.collect();
    let credentials: Value = serde_json::from_str(&credentials).expect("JSON");
    let door = &credentials["momento"];
    let text = |name: &str| door[name].as_str().expect("a text").to_owned();
    let endpoint = text("http_endpoint");
    let client = connect(provider(&text("api_key"), &endpoint)?)?;
    expect!(client.create_cache(CACHE), "Created");
    expect!(client.create_cache(CACHE), "AlreadyExists");
    let wanted = |part: &str| parts.is_empty() || parts.iter().any(|name| name == part);
    if wanted("control") {
        control(&client).await?;
    }
    if wanted("scalars") {
        scalars(&client).await?;
        lifetimes(&client).await?;
    }
    if wanted("collections") {
        dictionaries(&client).await?;
        lists(&client).await?;
        sets(&client).await?;
        sorted_sets(&client).await?;
        wrong_types(&client).await?;
    }
    if wanted("tokens") {
        tokens(&client, &text("session_token"), &text("endpoint"), &endpoint).await?;
        let second = CredentialProvider::from_api_key_v2(text("api_key_v2"), text("endpoint"))?;
        let second = connect(second.insecure_endpoint_override(&endpoint))?;
        expect!(second.get(CACHE, "mine"), "Hit");
    }
    println!("every call answered as it should");
    Ok(())
}

#[expect(deprecated, reason = "v1 keys are still taken")]
fn provider(api_key: &str, endpoint: &str) -> MomentoResult<CredentialProvider> {
    Ok(CredentialProvider::from_string(api_key)?.insecure_endpoint_override(endpoint))
}

fn connect(provider: CredentialProvider) -> MomentoResult<CacheClient> {
    CacheClient::builder()
        .default_ttl(Duration::from_secs(60))
        .configuration(configurations::Laptop::latest())
        .credential_provider(provider)
        .build()
}

async fn control(client: &CacheClient) -> MomentoResult<()> {
    let listed = client.list_caches().await?;
    let mine = listed.caches.iter().find(|cache| cache.name == CACHE).expect("it is listed");
    assert_eq!(mine.cache_limits.max_item_size_kb, 4_883);
    assert_eq!(mine.cache_limits.max_ttl_seconds, 86_400);
    expect!(client.create_cache("rust-gone"), "Created");
    expect!(client.set("rust-gone", "k", "v"), "SetResponse");
    expect!(client.flush_cache("rust-gone"), "FlushCacheResponse");
    expect!(client.get("rust-gone", "k"), "Miss");
    expect!(client.delete_cache("rust-gone"), "DeleteCacheResponse");
    expect_error!(client.delete_cache("rust-gone"), CacheNotFoundError);
    expect_error!(client.flush_cache("rust-gone"), CacheNotFoundError);
    expect_error!(client.get("rust-gone", "k"), CacheNotFoundError);
    expect_error!(client.create_cache(" "), InvalidArgumentError);
    Ok(())
}

async fn scalars(client: &CacheClient) -> MomentoResult<()> {
    expect!(client.get(CACHE, "k"), "Miss");
    expect!(client.set(CACHE, "k", "v"), "SetResponse");
    let value: String = expect!(client.get(CACHE, "k"), "Hit").try_into()?;
    assert_eq!(value, "v");
    let binary: Vec<u8> = (0..=255).collect();
    client.set(CACHE, binary.clone(), binary.clone()).await?;
    let value: Vec<u8> = client.get(CACHE, binary.clone()).await?.try_into()?;
    assert_eq!(value, binary);
    expect!(client.delete(CACHE, "k"), "DeleteResponse");
    expect!(client.delete(CACHE, "k"), "DeleteResponse");
    expect!(client.set_batch(CACHE, [("b1", "1"), ("b2", "2")]), "SetBatchResponse");
    expect!(client.get_batch(CACHE, vec!["b1", "none", "b2"]), "GetBatchResponse");
    assert!(client.key_exists(CACHE, "b1").await?.exists);
    expect!(client.keys_exist(CACHE, vec!["b1", "none"]), "KeysExistResponse");
    assert_eq!(client.increment(CACHE, "count", 5).await?.value, 5);
    assert_eq!(client.increment(CACHE, "count", -7).await?.value, -2);
    client.set(CACHE, "text", "abc").await?;
    expect_error!(client.increment(CACHE, "text", 1), FailedPreconditionError);
    expect_error!(client.get(CACHE, ""), InvalidArgumentError);
    expect_error!(client.set(CACHE, "large", vec![b'x'; 5_300_000]), LimitExceededError);
    let key = "condition";
    expect!(client.set_if_present(CACHE, key, "1"), "NotStored");
    expect!(client.set_if_equal(CACHE, key, "1", ""), "NotStored");
    expect!(client.set_if_absent(CACHE, key, "1"), "Stored");
    expect!(client.set_if_absent(CACHE, key, "2"), "NotStored");
    expect!(client.set_if_present(CACHE, key, "2"), "Stored");
    expect!(client.set_if_equal(CACHE, key, "3", "2"), "Stored");
    expect!(client.set_if_not_equal(CACHE, key, "4", "3"), "NotStored");
    expect!(client.set_if_not_equal(CACHE, key, "4", "2"), "Stored");
    expect!(client.set_if_present_and_not_equal(CACHE, key, "5", "4"), "NotStored");
    expect!(client.set_if_present_and_not_equal(CACHE, key, "5", "3"), "Stored");
    expect!(client.set_if_absent_or_equal(CACHE, key, "6", "4"), "NotStored");
    expect!(client.set_if_absent_or_equal(CACHE, key, "6", "5"), "Stored");
    expect!(client.item_get_type(CACHE, key), "Hit");
    expect!(client.item_get_type(CACHE, "none"), "Miss");
    Ok(())
}

async fn lifetimes(client: &CacheClient) -> MomentoResult<()> {
    let seconds = Duration::from_secs;
    expect!(client.item_get_ttl(CACHE, "none"), "Miss");
    expect!(client.update_ttl(CACHE, "none", seconds(1)), "Miss");
    client.set(CACHE, "ttl", "1").await?;
    expect!(client.item_get_ttl(CACHE, "ttl"), "Hit");
    expect!(client.increase_ttl(CACHE, "ttl", seconds(30)), "NotSet");
    expect!(client.increase_ttl(CACHE, "ttl", seconds(90)), "Set");
    expect!(client.decrease_ttl(CACHE, "ttl", seconds(120)), "NotSet");
    expect!(client.decrease_ttl(CACHE, "ttl", seconds(30)), "Set");
    expect!(client.update_ttl(CACHE, "ttl", seconds(60)), "Set");
    expect_error!(client.update_ttl(CACHE, "ttl", seconds(86_401)), InvalidArgumentError);
    expect!(client.update_ttl(CACHE, "ttl", Duration::from_millis(1)), "Set");
    while format!("{:?}", client.get(CACHE, "ttl").await?).starts_with("Hit") {}
    Ok(())
}

async fn dictionaries(client: &CacheClient) -> MomentoResult<()> {
    expect!(client.dictionary_fetch(CACHE, "d"), "Miss");
    expect!(client.dictionary_length(CACHE, "d"), "Miss");
    expect!(client.dictionary_get_field(CACHE, "d", "a"), "Miss");
    client.dictionary_set_field(CACHE, "d", "a", "1").await?;
    client.dictionary_set_fields(CACHE, "d", vec![("b", "2"), ("c", "3")]).await?;
    let value: String = client.dictionary_get_field(CACHE, "d", "b").await?.try_into()?;
    assert_eq!(value, "2");
    expect!(client.dictionary_get_fields(CACHE, "d", vec!["a", "x"]), "Hit");
    expect!(client.dictionary_fetch(CACHE, "d"), "Hit");
    assert_eq!(client.dictionary_increment(CACHE, "d", "a", 4).await?.value, 5);
    expect!(client.dictionary_length(CACHE, "d"), "Hit");
    client.dictionary_remove_field(CACHE, "d", "a").await?;
    client.dictionary_remove_fields(CACHE, "d", vec!["b", "c"]).await?;
    expect!(client.dictionary_fetch(CACHE, "d"), "Miss");
    Ok(())
}

async fn lists(client: &CacheClient) -> MomentoResult<()> {
    expect!(client.list_fetch(CACHE, "l"), "Miss");
    expect!(client.list_length(CACHE, "l"), "Miss");
    expect!(client.list_pop_front(CACHE, "l"), "Miss");
    expect!(client.list_pop_back(CACHE, "l"), "Miss");
    client.list_push_front(CACHE, "l", "b").await?;
    client.list_push_back(CACHE, "l", "c").await?;
    client.list_concatenate_front(CACHE, "l", vec!["z", "a"]).await?;
    client.list_concatenate_back(CACHE, "l", vec!["d", "a"]).await?;
    let values: Vec<String> = client.list_fetch(CACHE, "l").await?.try_into()?;
    assert_eq!(values, ["z", "a", "b", "c", "d", "a"]);
    expect!(client.list_length(CACHE, "l"), "Hit");
    client.list_remove_value(CACHE, "l", "a").await?;
    let value: String = client.list_pop_front(CACHE, "l").await?.try_into()?;
    assert_eq!(value, "z");
    let value: String = client.list_pop_back(CACHE, "l").await?.try_into()?;
    assert_eq!(value, "d");
    expect!(client.list_retain(CACHE, "l", 1, None), "Hit");
    let values: Vec<String> = client.list_fetch(CACHE, "l").await?.try_into()?;
    assert_eq!(values, ["c"]);
    Ok(())
}

async fn sets(client: &CacheClient) -> MomentoResult<()> {
    expect!(client.set_fetch(CACHE, "s"), "Miss");
    client.set_add_elements(CACHE, "s", vec!["a", "b", "a"]).await?;
    expect!(client.set_fetch(CACHE, "s"), "Hit");
    client.set_remove_elements(CACHE, "s", vec!["a", "b", "x"]).await?;
    expect!(client.set_fetch(CACHE, "s"), "Miss");
    Ok(())
}

async fn sorted_sets(client: &CacheClient) -> MomentoResult<()> {
    let ascending = || SortedSetOrder::Ascending;
    expect!(client.sorted_set_length(CACHE, "z"), "Miss");
    expect!(client.sorted_set_get_rank(CACHE, "z", "a"), "Miss");
    expect!(client.sorted_set_get_score(CACHE, "z", "a"), "Miss");
    client.sorted_set_put_element(CACHE, "z", "a", 1.0).await?;
    client.sorted_set_put_elements(CACHE, "z", vec![("b", 0.0), ("c", 3.0)]).await?;
    let found: Vec<(String, f64)> =
        client.sorted_set_fetch_by_rank(CACHE, "z", ascending(), None, None).await?.try_into()?;
    assert_eq!(found, [("b".to_owned(), 0.0), ("a".to_owned(), 1.0), ("c".to_owned(), 3.0)]);
    expect!(client.sorted_set_fetch_by_score(CACHE, "z", ascending()), "Hit");
    expect!(client.sorted_set_length(CACHE, "z"), "Hit");
    expect!(client.sorted_set_length_by_score(CACHE, "z"), "Hit");
    expect!(client.sorted_set_get_rank(CACHE, "z", "c"), "Hit");
    expect!(client.sorted_set_get_score(CACHE, "z", "c"), "Hit");
    expect!(client.sorted_set_get_score(CACHE, "z", "x"), "Miss");
    expect!(client.sorted_set_get_scores(CACHE, "z", vec!["c", "x"]), "Hit");
    assert_eq!(client.sorted_set_increment_score(CACHE, "z", "a", 1.5).await?.score, 2.5);
    let sources = vec![("z", 2.0), ("none", 1.0)];
    expect!(client.sorted_set_union_store(CACHE, "u", sources), "SortedSetUnionStoreResponse");
    expect!(client.sorted_set_length(CACHE, "u"), "Hit");
    client.sorted_set_remove_elements(CACHE, "z", vec!["a", "b", "c"]).await?;
    expect!(client.sorted_set_length(CACHE, "z"), "Miss");
    Ok(())
}

async fn wrong_types(client: &CacheClient) -> MomentoResult<()> {
    client.set(CACHE, "scalar", "1").await?;
    client.list_push_back(CACHE, "list", "1").await?;
    let key = "scalar";
    expect_error!(client.get(CACHE, "list"), FailedPreconditionError);
    expect_error!(client.dictionary_fetch(CACHE, key), FailedPreconditionError);
    expect_error!(client.list_fetch(CACHE, key), FailedPreconditionError);
    expect_error!(client.list_push_back(CACHE, key, "1"), FailedPreconditionError);
    expect_error!(client.set_fetch(CACHE, key), FailedPreconditionError);
    expect_error!(client.sorted_set_length(CACHE, key), FailedPreconditionError);
    expect_error!(client.sorted_set_put_element(CACHE, key, "a", 1.0), FailedPreconditionError);
    Ok(())
}

async fn tokens(
    client: &CacheClient,
    session: &str,
    base: &str,
    endpoint: &str,
) -> MomentoResult<()> {
    client.set(CACHE, "mine", "1").await?;
    let wrapper = serde_json::json!({ "endpoint": base, "api_key": session }).to_string();
    let auth = AuthClient::builder()
        .credential_provider(provider(&BASE64_STANDARD.encode(wrapper), endpoint)?)
        .build()?;
    let scope = DisposableTokenScopes::cache_key_read_only(CACHE, "mine");
    let made = auth.generate_disposable_token(scope, ExpiresIn::minutes(5)).await?;
    let reader = CredentialProvider::from_disposable_token(made.auth_token())?;
    let reader = connect(reader.insecure_endpoint_override(endpoint))?;
    expect!(reader.get(CACHE, "mine"), "Hit");
    expect_error!(reader.get(CACHE, "other"), PermissionError);
    expect_error!(reader.set(CACHE, "mine", "2"), PermissionError);
    expect_error!(reader.list_caches(), PermissionError);
    let scope = DisposableTokenScopes::cache_key_read_write(CACHE, "mine");
    let made = auth.generate_disposable_token(scope, ExpiresIn::seconds(1)).await?;
    let brief = CredentialProvider::from_disposable_token(made.auth_token())?;
    let brief = connect(brief.insecure_endpoint_override(endpoint))?;
    while brief.get(CACHE, "mine").await.is_ok() {}
    expect_error!(brief.get(CACHE, "mine"), AuthenticationError);
    expect_error!(brief.list_caches(), AuthenticationError);
    let wrapper = serde_json::json!({ "endpoint": base, "api_key": "not.a.token" }).to_string();
    let stranger = connect(provider(&BASE64_STANDARD.encode(wrapper), endpoint)?)?;
    expect_error!(stranger.get(CACHE, "mine"), AuthenticationError);
    Ok(())
}
