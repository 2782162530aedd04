"""Makes every call of the official Python SDK against a gateway.

client.py CREDENTIALS HOW [PART...]: CREDENTIALS is the object that
`tollgate credentials --format json` prints, HOW is `plaintext` (the address of the door) or `tls`
(the names in the key). Without parts all of them run.
"""

import base64
import json
import sys
import warnings
from datetime import timedelta

from momento import AuthClient, CacheClient, Configurations, CredentialProvider
from momento.auth.access_control.disposable_token_scopes import DisposableTokenScopes
from momento.config.auth_configurations import AuthConfigurations
from momento.requests import CollectionTtl, SortOrder
from momento.utilities.expiration import ExpiresIn

warnings.simplefilter("ignore")
momento = json.loads(sys.argv[1])["momento"]
HOW = sys.argv[2]
TTL = timedelta(seconds=60)
CACHE = "python"


def provider(token, wrapped):
    """Of a bare token, and of the same in the form in which the SDK gets it."""
    if HOW == "tls":
        return CredentialProvider.from_string(wrapped)
    host, port = momento["grpc_endpoint"].rsplit(":", 1)
    return CredentialProvider(token, host, host, host, int(port))


def inner(wrapped):
    return json.loads(base64.b64decode(wrapped))["api_key"]


def wrap(token):
    body = json.dumps({"endpoint": momento["endpoint"], "api_key": token})
    return base64.b64encode(body.encode()).decode()


def connect(token):
    return CacheClient.create(
        Configurations.Laptop.v1(), provider(token, wrap(token)), TTL
    )


def expect(response, kind, **members):
    name = type(response).__name__
    assert name == kind, f"{response} is no {kind}"
    for member, expected in members.items():
        found = getattr(response, member)
        assert found == expected, f"{response}: {member} is {found!r}, not {expected!r}"
    return response


def expect_error(response, code, *words):
    assert type(response).__name__ == "Error", f"{response} is no error"
    assert response.error_code.name == code, f"{response.error_code}: {response}, not {code}"
    for word in words:
        assert word in str(response), f"{response} says `{word}`"


def control(client):
    expect(client.create_cache(CACHE), "CacheAlreadyExists")
    expect_error(client.create_cache(""), "INVALID_ARGUMENT_ERROR")
    names = [cache.name for cache in expect(client.list_caches(), "Success").caches]
    assert CACHE in names, names
    expect(client.create_cache("gone"), "Success")
    expect(client.set("gone", "k", "v"), "Success")
    expect(client.flush_cache("gone"), "Success")
    expect(client.get("gone", "k"), "Miss")
    expect(client.delete_cache("gone"), "Success")
    expect_error(client.delete_cache("gone"), "NOT_FOUND_ERROR")
    expect_error(client.flush_cache("gone"), "NOT_FOUND_ERROR")
    expect_error(client.get("gone", "k"), "NOT_FOUND_ERROR")
    made = expect(client.create_signing_key(timedelta(minutes=30)), "Success")
    listed = expect(client.list_signing_keys(), "Success").signing_keys
    assert made.key_id in [key.key_id for key in listed], (made, listed)
    expect(client.revoke_signing_key(made.key_id), "Success")
    listed = expect(client.list_signing_keys(), "Success").signing_keys
    assert made.key_id not in [key.key_id for key in listed], (made, listed)


def scalars(client):
    expect(client.get(CACHE, "k"), "Miss")
    expect(client.set(CACHE, "k", "v"), "Success")
    expect(client.get(CACHE, "k"), "Hit", value_string="v")
    binary = bytes(range(256))
    expect(client.set(CACHE, binary, binary), "Success")
    expect(client.get(CACHE, binary), "Hit", value_bytes=binary)
    expect(client.set(CACHE, "empty", b""), "Success")
    expect(client.get(CACHE, "empty"), "Hit", value_bytes=b"")
    expect(client.delete(CACHE, "k"), "Success")
    expect(client.delete(CACHE, "k"), "Success")
    expect(client.get(CACHE, "k"), "Miss")
    expect(client.set_if_not_exists(CACHE, "once", "1"), "Stored")
    expect(client.set_if_not_exists(CACHE, "once", "2"), "NotStored")
    expect(client.get(CACHE, "once"), "Hit", value_string="1")
    expect(client.increment(CACHE, "count"), "Success", value=1)
    expect(client.increment(CACHE, "count", -5), "Success", value=-4)
    expect(client.get(CACHE, "count"), "Hit", value_string="-4")
    expect(client.set(CACHE, "text", "abc"), "Success")
    expect_error(client.increment(CACHE, "text"), "FAILED_PRECONDITION_ERROR")
    expect_error(client.get(CACHE, ""), "INVALID_ARGUMENT_ERROR")
    expect_error(client.set(CACHE, "k", "v", timedelta(days=2)), "INVALID_ARGUMENT_ERROR")
    expect(client.set(CACHE, "large", b"x" * 5_000_000), "Success")
    assert len(expect(client.get(CACHE, "large"), "Hit").value_bytes) == 5_000_000
    expect_error(client.set(CACHE, "large", b"x" * 5_100_000), "LIMIT_EXCEEDED_ERROR")
    expect(client.delete(CACHE, "large"), "Success")


def dictionaries(client):
    expect(client.dictionary_fetch(CACHE, "d"), "Miss")
    expect(client.dictionary_get_field(CACHE, "d", "a"), "Miss")
    expect(client.dictionary_get_fields(CACHE, "d", ["a"]), "Miss")
    expect(client.dictionary_set_field(CACHE, "d", "a", "1"), "Success")
    expect(client.dictionary_set_fields(CACHE, "d", {"b": "2", "c": "3"}), "Success")
    expect(client.dictionary_get_field(CACHE, "d", "a"), "Hit", value_string="1")
    expect(client.dictionary_get_field(CACHE, "d", "x"), "Miss")
    found = expect(client.dictionary_get_fields(CACHE, "d", ["c", "x", "a"]), "Hit")
    assert found.value_dictionary_string_string == {"c": "3", "a": "1"}, found
    found = expect(client.dictionary_fetch(CACHE, "d"), "Hit")
    assert found.value_dictionary_string_string == {"a": "1", "b": "2", "c": "3"}, found
    expect(client.dictionary_increment(CACHE, "d", "a", 41), "Success", value=42)
    expect(client.dictionary_set_field(CACHE, "d", "t", "x"), "Success")
    expect_error(client.dictionary_increment(CACHE, "d", "t"), "FAILED_PRECONDITION_ERROR")
    expect(client.dictionary_remove_field(CACHE, "d", "t"), "Success")
    expect(client.dictionary_remove_fields(CACHE, "d", ["a", "b"]), "Success")
    expect(client.dictionary_remove_fields(CACHE, "d", ["c"]), "Success")
    expect(client.dictionary_fetch(CACHE, "d"), "Miss")
    expect(client.dictionary_remove_field(CACHE, "d", "a"), "Success")


def lists(client):
    expect(client.list_fetch(CACHE, "l"), "Miss")
    expect(client.list_length(CACHE, "l"), "Miss")
    expect(client.list_pop_front(CACHE, "l"), "Miss")
    expect(client.list_pop_back(CACHE, "l"), "Miss")
    expect(client.list_push_front(CACHE, "l", "b"), "Success", list_length=1)
    expect(client.list_push_back(CACHE, "l", "c"), "Success", list_length=2)
    expect(client.list_concatenate_front(CACHE, "l", ["z", "a"]), "Success", list_length=4)
    expect(client.list_concatenate_back(CACHE, "l", ["d", "a"]), "Success", list_length=6)
    found = expect(client.list_fetch(CACHE, "l"), "Hit")
    assert found.value_list_string == ["z", "a", "b", "c", "d", "a"], found
    expect(client.list_length(CACHE, "l"), "Hit", length=6)
    expect(client.list_remove_value(CACHE, "l", "a"), "Success")
    expect(client.list_pop_front(CACHE, "l"), "Hit", value_string="z")
    expect(client.list_pop_back(CACHE, "l"), "Hit", value_string="d")
    expect(client.list_push_back(CACHE, "l", "e", truncate_front_to_size=2), "Success", list_length=2)
    found = expect(client.list_fetch(CACHE, "l"), "Hit")
    assert found.value_list_string == ["c", "e"], found
    expect(
        client.list_concatenate_front(CACHE, "l", ["1", "2"], truncate_back_to_size=3),
        "Success",
        list_length=3,
    )
    found = expect(client.list_fetch(CACHE, "l"), "Hit")
    assert found.value_list_string == ["1", "2", "c"], found


def sets(client):
    expect(client.set_fetch(CACHE, "s"), "Miss")
    expect(client.set_add_element(CACHE, "s", "a"), "Success")
    expect(client.set_add_elements(CACHE, "s", ["a", "b", "c"]), "Success")
    found = expect(client.set_fetch(CACHE, "s"), "Hit")
    assert found.value_set_string == {"a", "b", "c"}, found
    expect(client.set_remove_element(CACHE, "s", "a"), "Success")
    expect(client.set_remove_elements(CACHE, "s", ["b", "x"]), "Success")
    found = expect(client.set_fetch(CACHE, "s"), "Hit")
    assert found.value_set_string == {"c"}, found
    expect(client.set_remove_element(CACHE, "s", "c"), "Success")
    expect(client.set_fetch(CACHE, "s"), "Miss")
    expect(client.set_remove_element(CACHE, "s", "c"), "Success")


def sorted_sets(client):
    expect(client.sorted_set_fetch_by_rank(CACHE, "z"), "Miss")
    expect(client.sorted_set_fetch_by_score(CACHE, "z"), "Miss")
    expect(client.sorted_set_get_score(CACHE, "z", "a"), "Miss")
    expect(client.sorted_set_get_rank(CACHE, "z", "a"), "Miss")
    expect(client.sorted_set_put_element(CACHE, "z", "a", 1.0), "Success")
    expect(client.sorted_set_put_elements(CACHE, "z", {"b": 2.0, "c": 3.0}), "Success")
    found = expect(client.sorted_set_fetch_by_rank(CACHE, "z"), "Hit")
    assert found.value_list_string == [("a", 1.0), ("b", 2.0), ("c", 3.0)], found
    found = expect(
        client.sorted_set_fetch_by_rank(CACHE, "z", 0, 2, SortOrder.DESCENDING), "Hit"
    )
    assert found.value_list_string == [("c", 3.0), ("b", 2.0)], found
    found = expect(client.sorted_set_fetch_by_score(CACHE, "z", 1.5, 3.0, count=1), "Hit")
    assert found.value_list_string == [("b", 2.0)], found
    expect(client.sorted_set_get_score(CACHE, "z", "b"), "Hit", score=2.0)
    expect(client.sorted_set_get_score(CACHE, "z", "x"), "Miss")
    expect(client.sorted_set_get_scores(CACHE, "z", ["a", "x"]), "Hit")
    expect(client.sorted_set_get_rank(CACHE, "z", "c"), "Hit", rank=2)
    expect(client.sorted_set_get_rank(CACHE, "z", "x"), "Miss")
    expect(client.sorted_set_increment_score(CACHE, "z", "a", 9.5), "Success", score=10.5)
    expect(client.sorted_set_remove_element(CACHE, "z", "a"), "Success")
    expect(client.sorted_set_remove_elements(CACHE, "z", ["b", "c"]), "Success")
    expect(client.sorted_set_fetch_by_rank(CACHE, "z"), "Miss")


def wrong_types(client):
    expect(client.set(CACHE, "scalar", "1"), "Success")
    expect(client.list_push_back(CACHE, "list", "1"), "Success")
    code = "FAILED_PRECONDITION_ERROR"
    for call in (
        lambda key: client.dictionary_fetch(CACHE, key),
        lambda key: client.dictionary_get_field(CACHE, key, "a"),
        lambda key: client.dictionary_set_field(CACHE, key, "a", "1"),
        lambda key: client.dictionary_increment(CACHE, key, "a"),
        lambda key: client.dictionary_remove_field(CACHE, key, "a"),
        lambda key: client.set_fetch(CACHE, key),
        lambda key: client.set_add_element(CACHE, key, "a"),
        lambda key: client.set_remove_element(CACHE, key, "a"),
        lambda key: client.sorted_set_fetch_by_rank(CACHE, key),
        lambda key: client.sorted_set_put_element(CACHE, key, "a", 1.0),
        lambda key: client.sorted_set_get_rank(CACHE, key, "a"),
        lambda key: client.sorted_set_get_score(CACHE, key, "a"),
        lambda key: client.sorted_set_increment_score(CACHE, key, "a"),
        lambda key: client.sorted_set_remove_element(CACHE, key, "a"),
    ):
        expect_error(call("scalar"), code)
        expect_error(call("list"), code)
    for call in (
        lambda: client.get(CACHE, "list"),
        lambda: client.increment(CACHE, "list"),
        lambda: client.list_fetch(CACHE, "scalar"),
        lambda: client.list_length(CACHE, "scalar"),
        lambda: client.list_push_front(CACHE, "scalar", "1"),
        lambda: client.list_concatenate_back(CACHE, "scalar", ["1"]),
        lambda: client.list_pop_back(CACHE, "scalar"),
        lambda: client.list_remove_value(CACHE, "scalar", "1"),
    ):
        expect_error(call(), code)
    # A plain write replaces whatever is there.
    expect(client.set(CACHE, "list", "1"), "Success")
    expect(client.get(CACHE, "list"), "Hit", value_string="1")


def lifetimes(client):
    expect(client.set(CACHE, "short", "1", timedelta(milliseconds=400)), "Success")
    while type(client.get(CACHE, "short")).__name__ == "Hit":
        pass
    expect(client.get(CACHE, "short"), "Miss")


def collection_lifetimes(client):
    short, no_refresh = timedelta(milliseconds=400), CollectionTtl(TTL, False)
    expect(client.list_push_back(CACHE, "kept", "1", ttl=CollectionTtl(TTL, True)), "Success")
    expect(client.list_push_back(CACHE, "brief", "1", ttl=CollectionTtl(short, True)), "Success")
    expect(client.list_push_back(CACHE, "brief", "2", ttl=no_refresh), "Success")
    while type(client.list_fetch(CACHE, "brief")).__name__ == "Hit":
        pass
    expect(client.list_fetch(CACHE, "kept"), "Hit")


def tokens(client):
    auth = AuthClient(
        AuthConfigurations.Laptop.latest(),
        provider(momento["session_token"], wrap(momento["session_token"])),
    )
    expect(client.set(CACHE, "mine", "1"), "Success")

    def make(scope, expires=ExpiresIn.minutes(5)):
        made = expect(auth.generate_disposable_token(scope, expires), "Success")
        return connect(inner(made.auth_token))

    with make(DisposableTokenScopes.cache_key_read_only(CACHE, "mine")) as reader:
        expect(reader.get(CACHE, "mine"), "Hit", value_string="1")
        expect_error(reader.get(CACHE, "other"), "PERMISSION_ERROR")
        expect_error(reader.set(CACHE, "mine", "2"), "PERMISSION_ERROR")
        expect_error(reader.create_cache("more"), "PERMISSION_ERROR")
        expect_error(reader.list_caches(), "PERMISSION_ERROR")
    with make(DisposableTokenScopes.cache_key_prefix_write_only(CACHE, "user-")) as writer:
        expect(writer.set(CACHE, "user-1", "1"), "Success")
        expect_error(writer.get(CACHE, "user-1"), "PERMISSION_ERROR")
        expect_error(writer.set_if_not_exists(CACHE, "user-2", "1"), "PERMISSION_ERROR")
        expect_error(writer.set(CACHE, "user", "1"), "PERMISSION_ERROR")
    with make(DisposableTokenScopes.cache_read_write("elsewhere")) as other:
        expect_error(other.get(CACHE, "mine"), "PERMISSION_ERROR")
    with make(DisposableTokenScopes.cache_read_write(CACHE), ExpiresIn.seconds(1)) as brief:
        while type(brief.get(CACHE, "mine")).__name__ == "Hit":
            pass
        expect_error(brief.get(CACHE, "mine"), "AUTHENTICATION_ERROR")
        expect_error(brief.set(CACHE, "mine", "2"), "AUTHENTICATION_ERROR")
        expect_error(brief.list_caches(), "AUTHENTICATION_ERROR")
    too_long = auth.generate_disposable_token(
        DisposableTokenScopes.cache_read_write(CACHE), ExpiresIn.hours(26)
    )
    expect_error(too_long, "INVALID_ARGUMENT_ERROR")
    expect(client.get(CACHE, "mine"), "Hit", value_string="1")
    header, claims, signature = inner(momento["api_key"]).split(".")
    with connect(".".join([header, claims, signature[::-1]])) as forger:
        expect_error(forger.get(CACHE, "mine"), "AUTHENTICATION_ERROR")
    auth.close()


PARTS = {
    "control": (control,),
    "scalars": (scalars, lifetimes),
    "collections": (dictionaries, lists, sets, sorted_sets, wrong_types, collection_lifetimes),
    "tokens": (tokens,),
}

with connect(inner(momento["api_key"])) as client:
    expect(client.create_cache(CACHE), "Success")
    for name in sys.argv[3:] or PARTS:
        for part in PARTS[name]:
            part(client)
    expect(client.set(CACHE, "mine", "1"), "Success")
if HOW == "tls":
    second = CredentialProvider.from_api_key_v2(momento["api_key_v2"], momento["endpoint"])
    with CacheClient.create(Configurations.Laptop.v1(), second, TTL) as client:
        expect(client.get(CACHE, "mine"), "Hit", value_string="1")
print("every call answered as it should")
