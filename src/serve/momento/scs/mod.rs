//! `cache_client.Scs`: the data calls. Each is a thin call of the cache's own operations.
//!
//! Sources: Momento's protocol (`cache_client.proto`) and its libraries' test suites. A key that
//! is not there is no error: replies have a branch for it. What the protocol leaves open and we
//! chose: an empty key or name, a TTL of zero or over 24 hours, a list of elements that is empty
//! and a choice that is unset are INVALID_ARGUMENT; a call for another kind of item than the one
//! that is there is FAILED_PRECONDITION; of a batch nothing is done where one item is refused.

mod dictionary;
mod list;
pub(super) mod scalar;
mod set;
mod sorted_set;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use momento_protos::cache_client as proto;
use momento_protos::cache_client::scs_server;
use prost::Message;
use tokio::task::coop::consume_budget;
use tokio::time::Instant;
use tonic::codegen::tokio_stream::Stream;
use tonic::{Request, Response, Status};

use crate::serve::momento::answering::Account;
use crate::serve::momento::permission::Need;
use crate::serve::momento::receiving::Weight;
use crate::serve::momento::refusal::Refusal;
use crate::serve::momento::token::Token;
use crate::store::cache::operation::{CollectionTtl, Lifetime, Union};
use crate::store::cache::{Element, NamedCache, Operation, Outcome, WriteLimits};

/// Key and value together: 4,883 KiB, as ListCaches reports.
pub(super) const ITEM_BYTES_MAX: usize = 4_883 * 1024;
pub(super) const TTL_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// Node takes no larger message. No item has as much; a reply that names one often could.
const REPLY_BYTES_MAX: usize = 10_486_000;
const ELEMENT_BYTES_MAX: usize = 128 * 1024;
/// Unknown: the longest key; the documentation knows the item's limit only.
const KEY_BYTES_MAX: usize = 64 * 1024;

/// What the door lets a writer do.
const LIMITS: WriteLimits = WriteLimits {
    key_bytes_max: KEY_BYTES_MAX,
    value_bytes_max: ITEM_BYTES_MAX,
    element_bytes_max: ELEMENT_BYTES_MAX,
    collection_bytes_max: ITEM_BYTES_MAX,
    ttl_max: TTL_MAX,
};

/// The service. Who calls, and of which cache, [`Call`] says, which travels with the request.
pub(super) struct Scs;

/// A call that was let in.
#[derive(Clone)]
pub(super) struct Call {
    pub(super) token: Arc<Token>,
    pub(super) cache: Arc<NamedCache>,
    pub(super) deadline: Instant,
    pub(super) account: Account,
    /// Of its request.
    pub(super) weight: Weight,
}

type Replies<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// One row for each method: its name, what it takes and gives, and who does it.
macro_rules! methods {
    ($($name:ident($request:ident) -> $reply:ident: $function:path;)*) => {
        #[tonic::async_trait]
        impl scs_server::Scs for Scs {
            type GetBatchStream = Replies<proto::GetResponse>;
            type SetBatchStream = Replies<proto::SetResponse>;

            $(
                async fn $name(
                    &self,
                    request: Request<proto::$request>,
                ) -> Result<Response<proto::$reply>, Status> {
                    let (call, message) = Call::of(request).await?;
                    Ok(call.reply($function(&call, message).await?))
                }
            )*

            async fn get_batch(
                &self,
                request: Request<proto::GetBatchRequest>,
            ) -> Result<Response<Self::GetBatchStream>, Status> {
                let (call, message) = Call::of(request).await?;
                Ok(Response::new(scalar::get_batch(call, message)?))
            }

            async fn set_batch(
                &self,
                request: Request<proto::SetBatchRequest>,
            ) -> Result<Response<Self::SetBatchStream>, Status> {
                let (call, message) = Call::of(request).await?;
                Ok(Response::new(scalar::set_batch(call, message).await?))
            }
        }
    };
}

methods! {
    get(GetRequest) -> GetResponse: scalar::get;
    get_with_hash(GetWithHashRequest) -> GetWithHashResponse: scalar::get_with_hash;
    set(SetRequest) -> SetResponse: scalar::set;
    set_if(SetIfRequest) -> SetIfResponse: scalar::set_if;
    set_if_hash(SetIfHashRequest) -> SetIfHashResponse: scalar::set_if_hash;
    set_if_not_exists(SetIfNotExistsRequest) -> SetIfNotExistsResponse: scalar::set_if_not_exists;
    delete(DeleteRequest) -> DeleteResponse: scalar::delete;
    keys_exist(KeysExistRequest) -> KeysExistResponse: scalar::keys_exist;
    increment(IncrementRequest) -> IncrementResponse: scalar::increment;
    update_ttl(UpdateTtlRequest) -> UpdateTtlResponse: scalar::update_ttl;
    item_get_ttl(ItemGetTtlRequest) -> ItemGetTtlResponse: scalar::item_get_ttl;
    item_get_type(ItemGetTypeRequest) -> ItemGetTypeResponse: scalar::item_get_type;
    dictionary_get(DictionaryGetRequest) -> DictionaryGetResponse: dictionary::get;
    dictionary_fetch(DictionaryFetchRequest) -> DictionaryFetchResponse: dictionary::fetch;
    dictionary_set(DictionarySetRequest) -> DictionarySetResponse: dictionary::set;
    dictionary_increment(DictionaryIncrementRequest) -> DictionaryIncrementResponse:
        dictionary::increment;
    dictionary_delete(DictionaryDeleteRequest) -> DictionaryDeleteResponse: dictionary::delete;
    dictionary_length(DictionaryLengthRequest) -> DictionaryLengthResponse: dictionary::length;
    set_fetch(SetFetchRequest) -> SetFetchResponse: set::fetch;
    set_sample(SetSampleRequest) -> SetSampleResponse: set::sample;
    set_union(SetUnionRequest) -> SetUnionResponse: set::union;
    set_difference(SetDifferenceRequest) -> SetDifferenceResponse: set::difference;
    set_contains(SetContainsRequest) -> SetContainsResponse: set::contains;
    set_length(SetLengthRequest) -> SetLengthResponse: set::length;
    set_pop(SetPopRequest) -> SetPopResponse: set::pop;
    list_push_front(ListPushFrontRequest) -> ListPushFrontResponse: list::push_front;
    list_push_back(ListPushBackRequest) -> ListPushBackResponse: list::push_back;
    list_pop_front(ListPopFrontRequest) -> ListPopFrontResponse: list::pop_front;
    list_pop_back(ListPopBackRequest) -> ListPopBackResponse: list::pop_back;
    list_erase(ListEraseRequest) -> ListEraseResponse: list::erase;
    list_remove(ListRemoveRequest) -> ListRemoveResponse: list::remove;
    list_fetch(ListFetchRequest) -> ListFetchResponse: list::fetch;
    list_length(ListLengthRequest) -> ListLengthResponse: list::length;
    list_concatenate_front(ListConcatenateFrontRequest) -> ListConcatenateFrontResponse:
        list::concatenate_front;
    list_concatenate_back(ListConcatenateBackRequest) -> ListConcatenateBackResponse:
        list::concatenate_back;
    list_retain(ListRetainRequest) -> ListRetainResponse: list::retain;
    sorted_set_put(SortedSetPutRequest) -> SortedSetPutResponse: sorted_set::put;
    sorted_set_fetch(SortedSetFetchRequest) -> SortedSetFetchResponse: sorted_set::fetch;
    sorted_set_get_score(SortedSetGetScoreRequest) -> SortedSetGetScoreResponse:
        sorted_set::get_score;
    sorted_set_remove(SortedSetRemoveRequest) -> SortedSetRemoveResponse: sorted_set::remove;
    sorted_set_increment(SortedSetIncrementRequest) -> SortedSetIncrementResponse:
        sorted_set::increment;
    sorted_set_get_rank(SortedSetGetRankRequest) -> SortedSetGetRankResponse: sorted_set::get_rank;
    sorted_set_length(SortedSetLengthRequest) -> SortedSetLengthResponse: sorted_set::length;
    sorted_set_length_by_score(SortedSetLengthByScoreRequest) -> SortedSetLengthByScoreResponse:
        sorted_set::length_by_score;
    sorted_set_union_store(SortedSetUnionStoreRequest) -> SortedSetUnionStoreResponse:
        sorted_set::union_store;
}

impl Call {
    async fn of<T: Message>(request: Request<T>) -> Result<(Self, T), Status> {
        let (_, mut extensions, message) = request.into_parts();
        let call = extensions.remove::<Self>().ok_or(Refusal::Failed)?;
        call.account.admit(message.encoded_len()).await?;
        Ok((call, message))
    }

    /// The reply, which counts until its client has it.
    fn reply<M: Message>(&self, message: M) -> Response<M> {
        let held = self.account.hold(message.encoded_len());
        let mut response = Response::new(message);
        response.extensions_mut().insert(held);
        response
    }

    /// Whether the bearer may do that to the item, and its key is one.
    pub(super) fn allow(&self, key: &[u8], need: Need) -> Result<(), Refusal> {
        if key.is_empty() {
            return Err(Refusal::invalid("Invalid argument: a key or name must not be empty"));
        }
        if key.len() > KEY_BYTES_MAX {
            return Err(Refusal::invalid("Invalid argument: a key or name is over 64 KB"));
        }
        if self.token.grants.allow_item(&self.cache.definition().name, key, need) {
            return Ok(());
        }
        Err(Refusal::Forbidden)
    }

    /// Before each of many items: no loop keeps others waiting for more of them than a task may do
    /// at a time, nor goes on after its deadline.
    async fn take_turns(&self) -> Result<(), Refusal> {
        // To yield is not enough: what a batch has made so far is taken, and it is asked for more.
        consume_budget().await;
        if Instant::now() >= self.deadline { Err(Refusal::DeadlineExceeded) } else { Ok(()) }
    }

    pub(super) async fn apply(
        &self,
        key: &[u8],
        need: Need,
        operation: Operation,
    ) -> Result<Outcome, Refusal> {
        self.allow(key, need)?;
        Ok(self.cache.apply(key, operation, LIMITS).settled().await?)
    }

    async fn union_store(&self, key: &[u8], union: Union) -> Result<Outcome, Refusal> {
        self.allow(key, Need::Write)?;
        for (source, _) in &union.sources {
            self.allow(source, Need::Read)?;
        }
        Ok(self.cache.sorted_set_union(key, union, LIMITS).settled().await?)
    }
}

/// What the operation cannot have come to.
fn unexpected(outcome: &Outcome) -> Refusal {
    tracing::error!(?outcome, "an operation came to something else");
    Refusal::Failed
}

pub(super) fn lifetime(milliseconds: u64) -> Result<Lifetime, Refusal> {
    let lifetime = Duration::from_millis(milliseconds);
    if lifetime.is_zero() {
        return Err(Refusal::invalid("Invalid argument: the TTL has to be more than zero"));
    }
    if lifetime > TTL_MAX {
        return Err(Refusal::invalid("Invalid argument: the TTL is over 24 hours"));
    }
    Ok(Some(lifetime))
}

fn collection(milliseconds: u64, refresh: bool) -> Result<CollectionTtl, Refusal> {
    Ok(CollectionTtl { lifetime: lifetime(milliseconds)?, refresh })
}

fn elements(values: Vec<Vec<u8>>) -> Result<Vec<Element>, Refusal> {
    if values.is_empty() {
        return Err(Refusal::invalid("Invalid argument: the list of elements is empty"));
    }
    Ok(values.into_iter().map(Element::from).collect())
}

fn values(elements: Vec<Element>) -> Vec<Vec<u8>> {
    elements.iter().map(|element| element.to_vec()).collect()
}

fn unset() -> Refusal {
    Refusal::invalid("Invalid argument: the request does not say what to do")
}

fn short(length: u64) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
