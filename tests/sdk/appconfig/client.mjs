// Every call of the official JavaScript SDK, and of its provider.
//
// node client.mjs CONNECTION_STRING READ_ONLY_CONNECTION_STRING
//
// The store must hold no open key-values before; it holds none afterwards.

import assert from "node:assert/strict";
import {
  AppConfigurationClient,
  featureFlagContentType,
  featureFlagPrefix,
  parseFeatureFlag,
  parseSecretReference,
  secretReferenceContentType,
} from "@azure/app-configuration";
import { load } from "@azure/app-configuration-provider";

const [connection, readOnly] = process.argv.slice(2);
const options = { allowInsecureConnection: true, retryOptions: { maxRetries: 0 } };
const client = new AppConfigurationClient(connection, options);
const KEY = "app/ünï*c,ö\\de: 1";

const all = async (iterator) => {
  const found = [];
  for await (const item of iterator) found.push(item);
  return found;
};
const refused = (promise, statusCode) =>
  assert.rejects(promise, (error) => {
    assert.equal(error.statusCode, statusCode, error.message);
    return true;
  });

async function clear() {
  for (const setting of await all(client.listConfigurationSettings())) {
    if (setting.isReadOnly) await client.setReadOnly(setting, false);
    await client.deleteConfigurationSetting(setting);
  }
}

const cases = {
  async setGetDelete() {
    const wanted = { key: KEY, label: "pröd", value: "välue", contentType: "text/plain", tags: { a: "b" } };
    const stored = await client.setConfigurationSetting(wanted);
    const found = await client.getConfigurationSetting({ key: KEY, label: "pröd" });
    for (const [field, value] of Object.entries(wanted)) assert.deepEqual(found[field], value);
    assert.equal(found.etag, stored.etag);
    assert.equal(found.isReadOnly, false);
    assert.ok(found.lastModified instanceof Date);
    await refused(client.getConfigurationSetting({ key: KEY }), 404);
    const some = await client.getConfigurationSetting({ key: KEY, label: "pröd" }, { fields: ["value"] });
    assert.equal(some.value, "välue");
    assert.equal(some.etag, undefined);
    assert.equal((await client.deleteConfigurationSetting({ key: KEY, label: "pröd" })).statusCode, 200);
    assert.equal((await client.deleteConfigurationSetting({ key: KEY, label: "pröd" })).statusCode, 204);
  },

  async conditions() {
    const first = await client.addConfigurationSetting({ key: "k", value: "1" });
    await refused(client.addConfigurationSetting({ key: "k", value: "2" }), 412);
    const second = await client.setConfigurationSetting({ ...first, value: "2" }, { onlyIfUnchanged: true });
    await refused(client.setConfigurationSetting({ ...first, value: "3" }, { onlyIfUnchanged: true }), 412);
    await refused(client.deleteConfigurationSetting(first, { onlyIfUnchanged: true }), 412);
    const same = await client.getConfigurationSetting(second, { onlyIfChanged: true });
    assert.equal(same.statusCode, 304);
    assert.equal((await client.getConfigurationSetting({ key: "k" })).value, "2");
    const race = await Promise.allSettled(
      ["left", "right"].map((value) =>
        client.setConfigurationSetting({ ...second, value }, { onlyIfUnchanged: true }),
      ),
    );
    assert.equal(race.filter((answer) => answer.status === "fulfilled").length, 1);
    await client.deleteConfigurationSetting({ key: "k" });
  },

  async locks() {
    await client.setConfigurationSetting({ key: "locked", value: "1" });
    assert.equal((await client.setReadOnly({ key: "locked" }, true)).isReadOnly, true);
    await refused(client.setConfigurationSetting({ key: "locked", value: "2" }), 409);
    await refused(client.deleteConfigurationSetting({ key: "locked" }), 409);
    assert.equal((await client.setReadOnly({ key: "locked" }, false)).isReadOnly, false);
    await refused(client.setReadOnly({ key: "absent" }, true), 404);
    await client.deleteConfigurationSetting({ key: "locked" });
  },

  async lists() {
    for (let index = 0; index < 105; index += 1) {
      const key = `many/${String(index).padStart(3, "0")}`;
      await client.setConfigurationSetting({ key, value: String(index) });
    }
    for (const label of ["dev", "prod"]) {
      await client.setConfigurationSetting({ key: "one", label, value: label, tags: { env: label } });
    }
    const found = await all(client.listConfigurationSettings({ keyFilter: "many/*" }));
    assert.equal(found.length, 105);
    const pages = await all(client.listConfigurationSettings({ keyFilter: "many/*" }).byPage());
    assert.deepEqual(pages.map((page) => page.items.length), [100, 5]);
    const rest = client
      .listConfigurationSettings({ keyFilter: "many/*" })
      .byPage({ continuationToken: pages[0].continuationToken });
    assert.equal((await rest.next()).value.items[0].key, "many/100");
    const labels = await all(client.listConfigurationSettings({ keyFilter: "one", labelFilter: "dev,prod" }));
    assert.deepEqual(labels.map((setting) => setting.label), ["dev", "prod"]);
    const none = await all(client.listConfigurationSettings({ labelFilter: "\0", keyFilter: "many/000,one" }));
    assert.deepEqual(none.map((setting) => setting.key), ["many/000"]);
    const tagged = await all(client.listConfigurationSettings({ tagsFilter: ["env=prod"] }));
    assert.deepEqual(tagged.map((setting) => setting.label), ["prod"]);
    const names = (await all(client.listLabels())).map((label) => label.name ?? null);
    assert.deepEqual(names, [null, "dev", "prod"]);
    await refused(all(client.listConfigurationSettings({ keyFilter: "a*b" })), 400);
  },

  async pageEtags() {
    const pages = await all(client.listConfigurationSettings({ keyFilter: "many/*" }).byPage());
    const pageEtags = pages.map((page) => page.etag);
    const same = await all(client.listConfigurationSettings({ keyFilter: "many/*", pageEtags }).byPage());
    assert.deepEqual(same.map((page) => page.items.length), [0, 0]);
    await client.setConfigurationSetting({ key: "many/104", value: "new" });
    const changed = await all(client.listConfigurationSettings({ keyFilter: "many/*", pageEtags }).byPage());
    assert.deepEqual(changed.map((page) => page.items.length), [0, 5]);
    const heads = await all(client.checkConfigurationSettings({ keyFilter: "many/*" }).byPage());
    assert.equal(heads.length, 2);
    assert.ok(heads.every((page) => page.etag));
  },

  async revisionsAndTime() {
    const first = await client.setConfigurationSetting({ key: "past", value: "old" });
    const second = await client.setConfigurationSetting({ key: "past", value: "new" });
    const values = (await all(client.listRevisions({ keyFilter: "past" }))).map((revision) => revision.value);
    assert.deepEqual(values.slice(0, 2), ["new", "old"]);
    assert.ok(second.lastModified >= first.lastModified);
    const acceptDateTime = new Date(first.lastModified.getTime() - 60_000);
    await refused(client.getConfigurationSetting({ key: "past" }, { acceptDateTime }), 404);
    await client.deleteConfigurationSetting({ key: "past" });
  },

  async flagsAndSecrets() {
    const flag = { enabled: true, conditions: { clientFilters: [] } };
    const key = `${featureFlagPrefix}beta`;
    await client.setConfigurationSetting({ key, contentType: featureFlagContentType, value: flag });
    assert.equal(parseFeatureFlag(await client.getConfigurationSetting({ key })).value.enabled, true);
    const value = { secretId: "https://vault.example/secrets/s" };
    await client.setConfigurationSetting({ key: "secret", contentType: secretReferenceContentType, value });
    const secret = parseSecretReference(await client.getConfigurationSetting({ key: "secret" }));
    assert.equal(secret.value.secretId, value.secretId);
  },

  async snapshots() {
    const name = `snap/${Date.now()}`;
    const filters = [{ keyFilter: "many/00*" }, { keyFilter: "one", labelFilter: "prod" }];
    const snapshot = { name, retentionPeriodInSeconds: 3600, filters, tags: { t: "v" } };
    const made = await client.beginCreateSnapshotAndWait(snapshot, { updateIntervalInMs: 1 });
    assert.equal(made.status, "ready");
    assert.equal(made.itemCount, 11);
    await client.setConfigurationSetting({ key: "many/000", value: "later" });
    const items = await all(client.listConfigurationSettingsForSnapshot(name));
    assert.equal(items.length, 11);
    assert.equal(items[0].value, "0");
    await refused(client.beginCreateSnapshot(snapshot), 409);
    assert.equal((await client.archiveSnapshot(name)).status, "archived");
    assert.equal((await client.recoverSnapshot(name)).status, "ready");
    await refused(client.archiveSnapshot(name, { etag: "other" }), 412);
    const listed = await all(client.listSnapshots({ nameFilter: name, statusFilter: ["ready"] }));
    assert.deepEqual(listed.map((found) => found.name), [name]);
    assert.equal((await client.getSnapshot(name)).tags.t, "v");
    await refused(client.getSnapshot("absent"), 404);
  },

  async authentication() {
    const reader = new AppConfigurationClient(readOnly, options);
    assert.equal((await reader.getConfigurationSetting({ key: "one", label: "prod" })).value, "prod");
    await refused(reader.setConfigurationSetting({ key: "one", value: "x" }), 403);
    const [endpoint, id] = connection.split(";");
    const stranger = new AppConfigurationClient(`${endpoint};${id};Secret=d3Jvbmc=`, options);
    await refused(stranger.getConfigurationSetting({ key: "one" }), 401);
  },

  async limits() {
    await refused(client.setConfigurationSetting({ key: "large", value: "x".repeat(10240) }), 413);
    await refused(client.setConfigurationSetting({ key: "a%b", value: "x" }), 400);
  },

  async provider() {
    await client.setConfigurationSetting({ key: "app/message", value: "hello" });
    const settings = await load(connection, {
      clientOptions: { allowInsecureConnection: true },
      selectors: [{ keyFilter: "app/*" }],
      trimKeyPrefixes: ["app/"],
      featureFlagOptions: { enabled: true, selectors: [{ keyFilter: "*" }] },
      refreshOptions: { enabled: true, refreshIntervalInMs: 1000 },
    });
    assert.equal(settings.get("message"), "hello");
    assert.equal(settings.get("feature_management").feature_flags[0].id, "beta");
    await client.setConfigurationSetting({ key: "app/message", value: "changed" });
    const deadline = Date.now() + 20_000;
    while (settings.get("message") !== "changed") {
      assert.ok(Date.now() < deadline, "the provider does not see the change");
      await new Promise((resolve) => setTimeout(resolve, 100));
      await settings.refresh();
    }
  },
};

await clear();
for (const [name, run] of Object.entries(cases)) {
  try {
    await run();
  } catch (error) {
    console.error(`${name}: ${error.stack}`);
    process.exit(1);
  }
}
await clear();
console.log(`${Object.keys(cases).length} cases passed`);
