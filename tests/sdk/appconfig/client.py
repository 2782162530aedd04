"""Every call of the official Python SDK, synchronous and asynchronous, and of its provider.

client.py CONNECTION_STRING READ_ONLY_CONNECTION_STRING

The store must hold no open key-values before; it holds none afterwards.
"""

import asyncio
import contextlib
import datetime
import sys

from azure.appconfiguration import (
    AzureAppConfigurationClient,
    ConfigurationSetting,
    ConfigurationSettingsFilter,
    FeatureFlagConfigurationSetting,
    ResourceReadOnlyError,
    SecretReferenceConfigurationSetting,
    SnapshotComposition,
    SnapshotStatus,
)
from azure.appconfiguration.aio import AzureAppConfigurationClient as AsyncClient
from azure.appconfiguration.provider import SettingSelector, load
from azure.core import MatchConditions
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
    ResourceNotModifiedError,
)

CONNECTION, READ_ONLY = sys.argv[1:3]
KEY = "app/ünï*c,ö\\de: 1"
passed = 0


def client(connection=CONNECTION):
    return AzureAppConfigurationClient.from_connection_string(connection, retry_total=0)


def equal(found, expected):
    assert found == expected, f"{found!r}, wanted {expected!r}"


@contextlib.contextmanager
def raises(kind, status=None):
    try:
        yield
    except kind as error:
        if status is not None:
            equal(error.status_code, status)
        return
    raise AssertionError(f"{kind.__name__} is not raised")


def clear(c):
    for setting in list(c.list_configuration_settings()):
        if setting.read_only:
            c.set_read_only(setting, False)
        c.delete_configuration_setting(setting.key, setting.label)


def set_get_delete(c):
    wanted = ConfigurationSetting(
        key=KEY, label="pröd", value="välue", content_type="text/plain", tags={"a": "b", "none": None}
    )
    stored = c.set_configuration_setting(wanted)
    found = c.get_configuration_setting(KEY, "pröd")
    for field in ("key", "label", "value", "content_type", "tags", "etag", "read_only"):
        equal(getattr(found, field), getattr(stored, field))
    equal((found.value, found.tags), ("välue", {"a": "b", "none": None}))
    assert found.last_modified and not found.read_only
    with raises(ResourceNotFoundError, 404):
        c.get_configuration_setting(KEY)
    again = c.set_configuration_setting(wanted)
    equal(again.etag, stored.etag)
    removed = c.delete_configuration_setting(KEY, "pröd")
    equal(removed.value, "välue")
    assert c.delete_configuration_setting(KEY, "pröd") is None


def add_and_conditions(c):
    first = c.add_configuration_setting(ConfigurationSetting(key="k", value="1"))
    with raises(ResourceExistsError, 412):
        c.add_configuration_setting(ConfigurationSetting(key="k", value="2"))
    changed = ConfigurationSetting(key="k", value="2", etag=first.etag)
    second = c.set_configuration_setting(changed, match_condition=MatchConditions.IfNotModified)
    with raises(ResourceModifiedError, 412):
        c.set_configuration_setting(
            ConfigurationSetting(key="k", value="3", etag=first.etag),
            match_condition=MatchConditions.IfNotModified,
        )
    assert (
        c.get_configuration_setting("k", etag=second.etag, match_condition=MatchConditions.IfModified)
        is None
    )
    with raises(ResourceModifiedError, 412):
        c.get_configuration_setting(
            "k", etag=first.etag, match_condition=MatchConditions.IfNotModified
        )
    with raises(ResourceModifiedError, 412):
        c.delete_configuration_setting(
            "k", etag=first.etag, match_condition=MatchConditions.IfNotModified
        )
    with raises((ResourceModifiedError, ResourceNotFoundError), 412):
        c.set_configuration_setting(
            ConfigurationSetting(key="absent", value="3", etag="*"),
            match_condition=MatchConditions.IfPresent,
        )
    equal(c.get_configuration_setting("k").value, "2")
    c.delete_configuration_setting("k")


def locks(c):
    setting = c.set_configuration_setting(ConfigurationSetting(key="locked", value="1"))
    assert c.set_read_only(setting).read_only
    with raises(ResourceReadOnlyError, 409):
        c.set_configuration_setting(ConfigurationSetting(key="locked", value="2"))
    with raises(ResourceReadOnlyError, 409):
        c.delete_configuration_setting("locked")
    equal(c.get_configuration_setting("locked").value, "1")
    assert not c.set_read_only(setting, False).read_only
    with raises(ResourceNotFoundError, 404):
        c.set_read_only(ConfigurationSetting(key="absent"))
    c.delete_configuration_setting("locked")


def lists(c):
    for index in range(205):
        c.set_configuration_setting(ConfigurationSetting(key=f"many/{index:03}", value=str(index)))
    for label in ("dev", "prod"):
        c.set_configuration_setting(
            ConfigurationSetting(key="one", label=label, value=label, tags={"env": label})
        )
    keys = [setting.key for setting in c.list_configuration_settings(key_filter="many/*")]
    equal(keys, [f"many/{index:03}" for index in range(205)])
    pages = list(c.list_configuration_settings(key_filter="many/*").by_page())
    equal([len(list(page)) for page in pages], [100, 100, 5])
    only = list(c.list_configuration_settings(key_filter="one", label_filter="prod"))
    equal([(found.key, found.label, found.value) for found in only], [("one", "prod", "prod")])
    two = list(c.list_configuration_settings(key_filter="one", label_filter="dev,prod"))
    equal([found.label for found in two], ["dev", "prod"])
    none = list(c.list_configuration_settings(key_filter="many/000,one", label_filter="\0"))
    equal([found.key for found in none], ["many/000"])
    tagged = list(c.list_configuration_settings(tags_filter=["env=prod"]))
    equal([found.label for found in tagged], ["prod"])
    some = list(c.list_configuration_settings(key_filter="one", fields=["key", "value"]))
    equal([(found.value, found.etag) for found in some], [("dev", None), ("prod", None)])
    equal([label.name for label in c.list_labels()], [None, "dev", "prod"])
    equal([label.name for label in c.list_labels(name="pro*")], ["prod"])
    with raises(HttpResponseError, 400):
        list(c.list_configuration_settings(key_filter="a*b"))
    with raises(HttpResponseError, 400):
        list(c.list_configuration_settings(label_filter="a,b,c,d,e,f"))


def page_etags(c):
    def etags(pages):
        found = []
        for page in pages:
            list(page)
            found.append(pages.etag)
        return found

    iterator = c.list_configuration_settings(key_filter="many/*").by_page()
    known = etags(iterator)
    equal(len(set(known)), 3)
    again = c.list_configuration_settings(key_filter="many/*").by_page(match_conditions=known)
    equal([list(page) for page in again], [])
    c.set_configuration_setting(ConfigurationSetting(key="many/150", value="new"))
    again = c.list_configuration_settings(key_filter="many/*").by_page(match_conditions=known)
    equal([len(list(page)) for page in again], [100])
    heads = c.check_configuration_settings(key_filter="many/*").by_page()
    assert len([list(page) for page in heads]) == 3


def revisions_and_time(c):
    c.set_configuration_setting(ConfigurationSetting(key="past", value="old"))
    first = c.get_configuration_setting("past")
    second = c.set_configuration_setting(ConfigurationSetting(key="past", value="new"))
    between = first.last_modified + (second.last_modified - first.last_modified) / 2
    equal(c.get_configuration_setting("past", accept_datetime=between).value, "old")
    then = list(c.list_configuration_settings(key_filter="past", accept_datetime=between))
    equal([found.value for found in then], ["old"])
    before = first.last_modified - datetime.timedelta(seconds=1)
    with raises(ResourceNotFoundError, 404):
        c.get_configuration_setting("past", accept_datetime=before)
    found = list(c.list_revisions(key_filter="past"))
    equal([revision.value for revision in found][:2], ["new", "old"])
    c.delete_configuration_setting("past")
    equal(list(c.list_configuration_settings(key_filter="past")), [])
    assert len(list(c.list_revisions(key_filter="past"))) >= 2


def flags_and_secrets(c):
    flag = FeatureFlagConfigurationSetting("beta", enabled=True)
    c.set_configuration_setting(flag)
    found = c.get_configuration_setting(flag.key)
    assert isinstance(found, FeatureFlagConfigurationSetting) and found.enabled
    found.enabled = False
    c.set_configuration_setting(found)
    assert not c.get_configuration_setting(flag.key).enabled
    secret = SecretReferenceConfigurationSetting("secret", "https://vault.example/secrets/s")
    c.set_configuration_setting(secret)
    equal(c.get_configuration_setting("secret").secret_id, "https://vault.example/secrets/s")


def snapshots(c, name):
    filters = [ConfigurationSettingsFilter(key="many/00*"), ConfigurationSettingsFilter(key="one", label="prod")]
    made = c.begin_create_snapshot(name, filters, retention_period=3600, tags={"t": "v"}).result()
    equal((made.status, made.items_count, made.name), (SnapshotStatus.READY, 11, name))
    c.set_configuration_setting(ConfigurationSetting(key="many/000", value="later"))
    items = list(c.list_configuration_settings(snapshot_name=name))
    equal(len(items), 11)
    equal(items[0].value, "0")
    with raises(ResourceExistsError, 409):
        c.begin_create_snapshot(name, filters)
    assert name in [found.name for found in c.list_snapshots(name=name, status=["ready"])]
    archived = c.archive_snapshot(name)
    assert archived.status == SnapshotStatus.ARCHIVED and archived.expires
    equal(list(c.list_snapshots(name=name, status=["ready"])), [])
    recovered = c.recover_snapshot(name)
    assert recovered.status == SnapshotStatus.READY and recovered.expires is None
    with raises(ResourceModifiedError, 412):
        c.archive_snapshot(name, etag="other", match_condition=MatchConditions.IfNotModified)
    equal(c.get_snapshot(name).composition_type, SnapshotComposition.KEY)
    with raises(ResourceNotFoundError, 404):
        c.get_snapshot("absent")
    equal(list(c.list_configuration_settings(snapshot_name="absent")), [])


def authentication():
    reader = client(READ_ONLY)
    equal(reader.get_configuration_setting("one", "prod").value, "prod")
    with raises(HttpResponseError, 403):
        reader.set_configuration_setting(ConfigurationSetting(key="one", value="x"))
    endpoint, name, secret = CONNECTION.split(";")
    with raises(ClientAuthenticationError, 401):
        client(f"{endpoint};{name};Secret=d3Jvbmc=").get_configuration_setting("one", "prod")
    with raises(ClientAuthenticationError, 401):
        client(f"{endpoint};Id=nobody;{secret}").get_configuration_setting("one", "prod")


def limits(c):
    with raises(HttpResponseError, 413):
        c.set_configuration_setting(ConfigurationSetting(key="large", value="x" * 10240))
    for key in (".", "..", "a%b"):
        with raises(HttpResponseError):
            c.set_configuration_setting(ConfigurationSetting(key=key, value="x"))
    equal(list(c.list_configuration_settings(key_filter="large")), [])


async def asynchronous():
    async with AsyncClient.from_connection_string(CONNECTION) as c:
        await c.set_configuration_setting(ConfigurationSetting(key="async", value="1"))
        equal((await c.get_configuration_setting("async")).value, "1")
        with raises(ResourceNotModifiedError):
            setting = await c.get_configuration_setting("async")
            found = await c.get_configuration_setting(
                "async", etag=setting.etag, match_condition=MatchConditions.IfModified
            )
            assert found is None
            raise ResourceNotModifiedError("as the synchronous client says it")
        found = [setting.key async for setting in c.list_configuration_settings(key_filter="many/*")]
        equal(len(found), 205)
        found = [revision.value async for revision in c.list_revisions(key_filter="async")]
        equal(found[0], "1")
        equal([label.name async for label in c.list_labels()], [None, "dev", "prod"])
        # Of two writers that hold the same etag one wins.
        race = [
            c.set_configuration_setting(
                ConfigurationSetting(key="async", value=value, etag=setting.etag),
                match_condition=MatchConditions.IfNotModified,
            )
            for value in ("left", "right")
        ]
        won = await asyncio.gather(*race, return_exceptions=True)
        equal(sum(isinstance(answer, ResourceModifiedError) for answer in won), 1)
        await c.delete_configuration_setting("async")


def provider(c):
    c.set_configuration_setting(ConfigurationSetting(key="app/message", value="hello"))
    c.set_configuration_setting(
        ConfigurationSetting(key="app/json", value='{"a": 1}', content_type="application/json")
    )
    changed = []
    config = load(
        connection_string=CONNECTION,
        selects=[SettingSelector(key_filter="app/*")],
        trim_prefixes=["app/"],
        feature_flag_enabled=True,
        refresh_interval=1,
        refresh_enabled=True,
        on_refresh_success=lambda: changed.append(True),
        on_refresh_error=lambda error: (_ for _ in ()).throw(error),
    )
    equal((config["message"], config["json"]["a"]), ("hello", 1))
    equal(config["feature_management"]["feature_flags"][0]["id"], "beta")
    config.close()


def main():
    with client() as c:
        name = f"snap-{datetime.datetime.now().timestamp()}"
        clear(c)
        for case in (
            lambda: set_get_delete(c),
            lambda: add_and_conditions(c),
            lambda: locks(c),
            lambda: lists(c),
            lambda: page_etags(c),
            lambda: revisions_and_time(c),
            lambda: flags_and_secrets(c),
            lambda: snapshots(c, name),
            authentication,
            lambda: limits(c),
            lambda: asyncio.run(asynchronous()),
            lambda: provider(c),
        ):
            case()
            globals()["passed"] += 1
        clear(c)
    print(f"{passed} cases passed")


main()
