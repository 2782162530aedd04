// Makes every call of the official Node SDK against a gateway.
//
// client.mjs CREDENTIALS HOW [PART...]: CREDENTIALS is the object that
// `tollgate credentials --format json` prints, HOW is `plaintext` (the address of the door) or
// `tls` (the names in the key). Without parts all of them run.

import assert from 'node:assert/strict';
import {
  AllDataReadWrite, AuthClient, AuthClientConfigurations, CacheClient, CacheRole, CollectionTtl,
  Configurations, CredentialProvider, DisposableTokenScopes, ExpiresIn, ItemType,
  PermissionScopes, SortedSetAggregate, SortedSetOrder,
} from '@gomomento/sdk';
import { InternalNodeGrpcPingClient } from '@gomomento/sdk/dist/src/internal/ping-client.js';
import { InternalSuperUserPermissions } from '@gomomento/sdk-core/dist/src/internal/utils/auth.js';

const { momento } = JSON.parse(process.argv[2]);
const how = process.argv[3];
const CACHE = 'node';
const bytes = (...numbers) => new Uint8Array(numbers);

const wrap = (token) =>
  Buffer.from(JSON.stringify({ endpoint: momento.endpoint, api_key: token })).toString('base64');
const inner = (wrapped) => JSON.parse(Buffer.from(wrapped, 'base64')).api_key;

function provider(apiKey) {
  if (how === 'tls') return CredentialProvider.fromString({ apiKey });
  const at = momento.grpc_endpoint;
  const endpointOverrides = {
    cacheEndpoint: at, controlEndpoint: at, tokenEndpoint: at, secureConnection: false,
  };
  return CredentialProvider.fromString({ apiKey, endpointOverrides });
}

const connect = (apiKey) =>
  CacheClient.create({
    configuration: Configurations.Laptop.v1(),
    credentialProvider: provider(apiKey),
    defaultTtlSeconds: 60,
  });
const sign = (apiKey) =>
  new AuthClient({ configuration: AuthClientConfigurations.Default.latest(), credentialProvider: provider(apiKey) });

async function expect(call, kind, check) {
  const response = await call;
  const name = response.constructor.name;
  assert.equal(name, kind, `${response} (${response.errorCode?.()}) is no ${kind}`);
  if (check) assert.deepEqual(check(response), true, `${response}: ${check}`);
  return response;
}

async function expectError(call, code, words) {
  const response = await call;
  assert.equal(response.constructor.name, 'Error', `${response} is no error`);
  assert.equal(response.errorCode(), code, `${response}`);
  if (words) assert.ok(response.message().includes(words), `${response.message()} says ${words}`);
}

const same = (one, other) => {
  assert.deepEqual(one, other);
  return true;
};

async function ping() {
  const credentialProvider = provider(momento.api_key);
  const endpoint = credentialProvider.getCacheEndpoint();
  await new InternalNodeGrpcPingClient({ configuration: Configurations.Laptop.v1(), endpoint, credentialProvider }).ping();
}

async function control(client) {
  await expect(client.createCache(CACHE), 'AlreadyExists');
  await expectError(client.createCache(' '), 'INVALID_ARGUMENT_ERROR');
  const listed = await expect(client.listCaches(), 'Success');
  const mine = listed.getCaches().find((cache) => cache.getName() === CACHE);
  same(mine.getCacheLimits(), {
    maxTrafficRate: 500, maxThroughputKbps: 10240, maxItemSizeKb: 4883, maxTtlSeconds: 86400,
  });
  same(mine.getTopicLimits(), {
    maxPublishRate: 100, maxSubscriptionCount: 100, maxPublishMessageSizeKb: 100,
  });
  await expect(client.createCache('node-gone'), 'Success');
  await expect(client.set('node-gone', 'k', 'v'), 'Success');
  await expect(client.flushCache('node-gone'), 'Success');
  await expect(client.get('node-gone', 'k'), 'Miss');
  await expect(client.deleteCache('node-gone'), 'Success');
  await expectError(client.deleteCache('node-gone'), 'NOT_FOUND_ERROR');
  await expectError(client.flushCache('node-gone'), 'NOT_FOUND_ERROR');
  await expectError(client.get('node-gone', 'k'), 'NOT_FOUND_ERROR');
  await expectError(client.setBatch('node-gone', { a: '1' }), 'NOT_FOUND_ERROR');
}

async function scalars(client) {
  await expect(client.get(CACHE, 'k'), 'Miss');
  await expect(client.set(CACHE, 'k', 'v'), 'Success');
  await expect(client.get(CACHE, 'k'), 'Hit', (hit) => hit.valueString() === 'v');
  await expect(client.set(CACHE, bytes(0, 255), bytes(255, 0)), 'Success');
  await expect(client.get(CACHE, bytes(0, 255)), 'Hit', (hit) => same(hit.valueUint8Array(), bytes(255, 0)));
  await expect(client.delete(CACHE, 'k'), 'Success');
  await expect(client.delete(CACHE, 'k'), 'Success');
  await expect(client.setIfNotExists(CACHE, 'once', '1'), 'Stored');
  await expect(client.setIfNotExists(CACHE, 'once', '2'), 'NotStored');
  await expect(client.increment(CACHE, 'count', 7), 'Success', (done) => done.value() === 7);
  await expect(client.set(CACHE, 'text', 'abc'), 'Success');
  await expectError(client.increment(CACHE, 'text'), 'FAILED_PRECONDITION_ERROR');
  await expectError(client.get(CACHE, ''), 'INVALID_ARGUMENT_ERROR');
  await expectError(client.set(CACHE, 'k', 'v', { ttl: 86401 }), 'INVALID_ARGUMENT_ERROR');
  await expect(client.set(CACHE, 'large', 'x'.repeat(5_000_000)), 'Success');
  await expectError(client.set(CACHE, 'large', 'x'.repeat(5_300_000)), 'LIMIT_EXCEEDED_ERROR', 'equest limit');
  await expect(client.delete(CACHE, 'large'), 'Success');
  const keys = ['b1', 'nothing', 'b2', 'b1'];
  await expect(client.setBatch(CACHE, { b1: '1', b2: '2' }), 'Success');
  await expect(client.getBatch(CACHE, keys), 'Success', (batch) =>
    same(batch.results().map((one) => (one.constructor.name === 'Hit' ? one.valueString() : null)), ['1', null, '2', '1']));
  await expectError(client.setBatch(CACHE, { b1: '3', '': '4' }), 'INVALID_ARGUMENT_ERROR');
  await expect(client.get(CACHE, 'b1'), 'Hit', (hit) => hit.valueString() === '1');
  await expect(client.keyExists(CACHE, 'b1'), 'Success', (found) => found.exists());
  await expect(client.keysExist(CACHE, ['b1', 'nothing']), 'Success', (found) => same(found.exists(), [true, false]));
  await expect(client.keysExist(CACHE, []), 'Success', (found) => same(found.exists(), []));
}

async function conditions(client) {
  const key = 'condition';
  const now = async () => (await client.get(CACHE, key)).value?.();
  await expect(client.setIfPresent(CACHE, key, '1'), 'NotStored');
  await expect(client.setIfEqual(CACHE, key, '1', ''), 'NotStored');
  await expect(client.setIfPresentAndNotEqual(CACHE, key, '1', 'x'), 'NotStored');
  await expect(client.setIfAbsent(CACHE, key, '1'), 'Stored');
  await expect(client.setIfAbsent(CACHE, key, '2'), 'NotStored');
  await expect(client.setIfPresent(CACHE, key, '2'), 'Stored');
  await expect(client.setIfEqual(CACHE, key, '3', '2'), 'Stored');
  await expect(client.setIfEqual(CACHE, key, '4', '2'), 'NotStored');
  await expect(client.setIfNotEqual(CACHE, key, '4', '2'), 'Stored');
  await expect(client.setIfNotEqual(CACHE, key, '5', '4'), 'NotStored');
  await expect(client.setIfPresentAndNotEqual(CACHE, key, '5', '3'), 'Stored');
  await expect(client.setIfAbsentOrEqual(CACHE, key, '6', '5'), 'Stored');
  await expect(client.setIfAbsentOrEqual(CACHE, key, '7', '5'), 'NotStored');
  assert.equal(await now(), '6');
  await expect(client.setIfNotEqual(CACHE, 'not-there', '1', '2'), 'Stored');

  const stored = await expect(client.setWithHash(CACHE, 'hashed', 'a'), 'Stored');
  const hash = stored.hashUint8Array();
  await expect(client.getWithHash(CACHE, 'hashed'), 'Hit', (hit) =>
    hit.valueString() === 'a' && same(hit.hashUint8Array(), hash));
  await expect(client.getWithHash(CACHE, 'nothing'), 'Miss');
  const other = bytes(...Array(16).keys());
  await expect(client.setIfPresentAndHashEqual(CACHE, 'hashed', 'b', other), 'NotStored');
  await expect(client.setIfPresentAndHashEqual(CACHE, 'hashed', 'b', hash), 'Stored');
  await expect(client.setIfPresentAndHashNotEqual(CACHE, 'hashed', 'c', hash), 'Stored');
  await expect(client.setIfAbsentOrHashEqual(CACHE, 'hashed', 'd', hash), 'NotStored');
  await expect(client.setIfAbsentOrHashEqual(CACHE, 'hashed-new', 'd', hash), 'Stored');
  await expect(client.setIfAbsentOrHashNotEqual(CACHE, 'hashed', 'e', hash), 'Stored');
  await expect(client.setIfPresentAndHashEqual(CACHE, 'hashed', 'f', bytes(1)), 'NotStored');
  await expect(client.getWithHash(CACHE, 'hashed'), 'Hit', (hit) => hit.valueString() === 'e');
}

async function lifetimes(client) {
  await expect(client.itemGetTtl(CACHE, 'nothing'), 'Miss');
  await expect(client.updateTtl(CACHE, 'nothing', 1000), 'Miss');
  await expect(client.set(CACHE, 'ttl', '1', { ttl: 100 }), 'Success');
  const remaining = async () => (await expect(client.itemGetTtl(CACHE, 'ttl'), 'Hit')).remainingTtlMillis();
  assert.ok((await remaining()) <= 100_000);
  await expect(client.increaseTtl(CACHE, 'ttl', 50_000), 'NotSet');
  await expect(client.increaseTtl(CACHE, 'ttl', 200_000), 'Set');
  assert.ok((await remaining()) > 100_000);
  await expect(client.decreaseTtl(CACHE, 'ttl', 300_000), 'NotSet');
  await expect(client.decreaseTtl(CACHE, 'ttl', 50_000), 'Set');
  await expect(client.updateTtl(CACHE, 'ttl', 500_000), 'Set');
  assert.ok((await remaining()) > 200_000);
  await expectError(client.updateTtl(CACHE, 'ttl', 86_400_001), 'INVALID_ARGUMENT_ERROR');
  await expect(client.updateTtl(CACHE, 'ttl', 1), 'Set');
  while ((await client.get(CACHE, 'ttl')).constructor.name === 'Hit');
  await expect(client.itemGetTtl(CACHE, 'ttl'), 'Miss');
}

async function dictionaries(client) {
  await expect(client.dictionaryFetch(CACHE, 'd'), 'Miss');
  await expect(client.dictionaryLength(CACHE, 'd'), 'Miss');
  await expect(client.dictionarySetField(CACHE, 'd', 'a', '1'), 'Success');
  await expect(client.dictionarySetFields(CACHE, 'd', { b: '2', c: '3' }), 'Success');
  await expect(client.dictionaryFetch(CACHE, 'd'), 'Hit', (hit) =>
    same(hit.valueRecordStringString(), { a: '1', b: '2', c: '3' }));
  await expect(client.dictionaryGetField(CACHE, 'd', 'b'), 'Hit', (hit) => hit.valueString() === '2');
  await expect(client.dictionaryGetFields(CACHE, 'd', ['b', 'x']), 'Hit', (hit) =>
    same(hit.valueRecordStringString(), { b: '2' }));
  await expect(client.dictionaryLength(CACHE, 'd'), 'Hit', (hit) => hit.length() === 3);
  await expect(client.dictionaryIncrement(CACHE, 'd', 'a', 4), 'Success', (done) => done.value() === 5);
  await expect(client.dictionaryRemoveField(CACHE, 'd', 'a'), 'Success');
  await expect(client.dictionaryRemoveFields(CACHE, 'd', ['b', 'c']), 'Success');
  await expect(client.dictionaryFetch(CACHE, 'd'), 'Miss');
}

async function lists(client) {
  await expect(client.listFetch(CACHE, 'l'), 'Miss');
  await expect(client.listLength(CACHE, 'l'), 'Miss');
  await expect(client.listPopFront(CACHE, 'l'), 'Miss');
  await expect(client.listPopBack(CACHE, 'l'), 'Miss');
  await expect(client.listPushFront(CACHE, 'l', 'b'), 'Success', (done) => done.listLength() === 1);
  await expect(client.listPushBack(CACHE, 'l', 'c'), 'Success');
  await expect(client.listConcatenateFront(CACHE, 'l', ['z', 'a']), 'Success');
  await expect(client.listConcatenateBack(CACHE, 'l', ['d', 'a']), 'Success', (done) => done.listLength() === 6);
  await expect(client.listFetch(CACHE, 'l'), 'Hit', (hit) =>
    same(hit.valueListString(), ['z', 'a', 'b', 'c', 'd', 'a']));
  await expect(client.listFetch(CACHE, 'l', { startIndex: 1, endIndex: -2 }), 'Hit', (hit) =>
    same(hit.valueListString(), ['a', 'b', 'c']));
  await expect(client.listLength(CACHE, 'l'), 'Hit', (hit) => hit.length() === 6);
  await expect(client.listRemoveValue(CACHE, 'l', 'a'), 'Success');
  await expect(client.listPopFront(CACHE, 'l'), 'Hit', (hit) => hit.valueString() === 'z');
  await expect(client.listPopBack(CACHE, 'l'), 'Hit', (hit) => hit.valueString() === 'd');
  await expect(client.listPushBack(CACHE, 'l', 'e', { truncateFrontToSize: 2 }), 'Success');
  await expect(client.listFetch(CACHE, 'l'), 'Hit', (hit) => same(hit.valueListString(), ['c', 'e']));
  await expect(client.listRetain(CACHE, 'l', { startIndex: 1 }), 'Success');
  await expect(client.listFetch(CACHE, 'l'), 'Hit', (hit) => same(hit.valueListString(), ['e']));
}

async function sets(client) {
  await expect(client.setFetch(CACHE, 's'), 'Miss');
  await expect(client.setLength(CACHE, 's'), 'Miss');
  await expect(client.setSample(CACHE, 's', 1), 'Miss');
  await expect(client.setPop(CACHE, 's', 1), 'Miss');
  await expect(client.setContainsElement(CACHE, 's', 'a'), 'Miss');
  await expect(client.setAddElement(CACHE, 's', 'a'), 'Success');
  await expect(client.setAddElements(CACHE, 's', ['a', 'b', 'c']), 'Success');
  await expect(client.setFetch(CACHE, 's'), 'Hit', (hit) => same(hit.valueSetString(), new Set(['a', 'b', 'c'])));
  await expect(client.setContainsElement(CACHE, 's', 'a'), 'Hit', (hit) => hit.containsElement());
  await expect(client.setContainsElements(CACHE, 's', ['x', 'b']), 'Hit', (hit) =>
    same(hit.containsElements(), { x: false, b: true }));
  await expect(client.setLength(CACHE, 's'), 'Hit', (hit) => hit.length() === 3);
  await expect(client.setSample(CACHE, 's', 2), 'Hit', (hit) => hit.valueSet().size === 2);
  await expect(client.setSample(CACHE, 's', 0), 'Hit', (hit) => hit.valueSet().size === 0);
  await expect(client.setRemoveElement(CACHE, 's', 'a'), 'Success');
  await expect(client.setRemoveElements(CACHE, 's', ['x', 'b']), 'Success');
  await expect(client.setPop(CACHE, 's', 5), 'Hit', (hit) => same(hit.valueSet(), new Set(['c'])));
  await expect(client.setFetch(CACHE, 's'), 'Miss');
}

async function sortedSets(client) {
  await expect(client.sortedSetFetchByRank(CACHE, 'z'), 'Miss');
  await expect(client.sortedSetLength(CACHE, 'z'), 'Miss');
  await expect(client.sortedSetLengthByScore(CACHE, 'z'), 'Miss');
  await expect(client.sortedSetGetRank(CACHE, 'z', 'a'), 'Miss');
  await expect(client.sortedSetPutElement(CACHE, 'z', 'a', 1), 'Success');
  await expect(client.sortedSetPutElements(CACHE, 'z', { b: 0, c: 3 }), 'Success');
  const entries = (hit) => hit.valueArray().map(({ value, score }) => [value, score]);
  await expect(client.sortedSetFetchByRank(CACHE, 'z'), 'Hit', (hit) =>
    same(entries(hit), [['b', 0], ['a', 1], ['c', 3]]));
  await expect(
    client.sortedSetFetchByRank(CACHE, 'z', { startRank: 0, endRank: 2, order: SortedSetOrder.Descending }),
    'Hit', (hit) => same(entries(hit), [['c', 3], ['a', 1]]));
  await expect(client.sortedSetFetchByRank(CACHE, 'z', { startRank: 9, endRank: 12 }), 'Hit', (hit) => same(entries(hit), []));
  await expect(client.sortedSetFetchByScore(CACHE, 'z', { minScore: 0, maxScore: 1 }), 'Hit', (hit) =>
    same(entries(hit), [['b', 0], ['a', 1]]));
  await expect(client.sortedSetFetchByScore(CACHE, 'z', { offset: 1, count: 1 }), 'Hit', (hit) =>
    same(entries(hit), [['a', 1]]));
  await expect(client.sortedSetGetRank(CACHE, 'z', 'c'), 'Hit', (hit) => hit.rank() === 2);
  await expect(client.sortedSetGetRank(CACHE, 'z', 'x'), 'Miss');
  await expect(client.sortedSetGetScore(CACHE, 'z', 'c'), 'Hit', (hit) => hit.score() === 3);
  await expect(client.sortedSetGetScores(CACHE, 'z', ['c', 'x']), 'Hit', (hit) =>
    same(hit.valueRecord(), { c: 3 }));
  await expect(client.sortedSetIncrementScore(CACHE, 'z', 'a', 1.5), 'Success', (done) => done.score() === 2.5);
  await expect(client.sortedSetLength(CACHE, 'z'), 'Hit', (hit) => hit.length() === 3);
  await expect(client.sortedSetLengthByScore(CACHE, 'z', { minScore: 0, maxScore: 2.5 }), 'Hit', (hit) => hit.length() === 2);
  await expect(client.sortedSetPutElements(CACHE, 'y', { a: 1, d: 9 }), 'Success');
  const sources = [{ sortedSetName: 'z', weight: 2 }, { sortedSetName: 'y', weight: 1 }, { sortedSetName: 'none', weight: 1 }];
  await expect(client.sortedSetUnionStore(CACHE, 'u', sources), 'Success', (done) => done.length() === 4);
  await expect(client.sortedSetFetchByRank(CACHE, 'u'), 'Hit', (hit) =>
    same(entries(hit), [['b', 0], ['a', 6], ['c', 6], ['d', 9]]));
  await expect(
    client.sortedSetUnionStore(CACHE, 'u', sources, { aggregate: SortedSetAggregate.MAX }), 'Success');
  await expectError(client.sortedSetUnionStore(CACHE, 'u', []), 'INVALID_ARGUMENT_ERROR');
  await expect(client.sortedSetRemoveElement(CACHE, 'z', 'a'), 'Success');
  await expect(client.sortedSetRemoveElements(CACHE, 'z', ['b', 'c']), 'Success');
  await expect(client.sortedSetFetchByRank(CACHE, 'z'), 'Miss');
}

async function kinds(client) {
  await expect(client.itemGetType(CACHE, 'nothing'), 'Miss');
  await expect(client.set(CACHE, 'scalar', '1'), 'Success');
  await expect(client.itemGetType(CACHE, 'scalar'), 'Hit', (hit) => hit.itemType() === ItemType.SCALAR);
  await expect(client.listPushBack(CACHE, 'list', '1'), 'Success');
  await expect(client.itemGetType(CACHE, 'list'), 'Hit', (hit) => hit.itemType() === ItemType.LIST);
  await expect(client.setAddElement(CACHE, 'set', '1', { ttl: CollectionTtl.of(9) }), 'Success');
  await expect(client.itemGetType(CACHE, 'set'), 'Hit', (hit) => hit.itemType() === ItemType.SET);
  await expect(client.sortedSetPutElement(CACHE, 'sorted', '1', 1), 'Success');
  await expect(client.itemGetType(CACHE, 'sorted'), 'Hit', (hit) => hit.itemType() === ItemType.SORTED_SET);
  await expect(client.dictionarySetField(CACHE, 'dictionary', '1', '1'), 'Success');
  await expect(client.itemGetType(CACHE, 'dictionary'), 'Hit', (hit) => hit.itemType() === ItemType.DICTIONARY);
  const wrong = 'FAILED_PRECONDITION_ERROR';
  for (const key of ['scalar', 'dictionary']) {
    await expectError(client.listFetch(CACHE, key), wrong);
    await expectError(client.listRetain(CACHE, key, { startIndex: 1 }), wrong);
    await expectError(client.setFetch(CACHE, key), wrong);
    await expectError(client.setSample(CACHE, key, 1), wrong);
    await expectError(client.setPop(CACHE, key, 1), wrong);
    await expectError(client.setLength(CACHE, key), wrong);
    await expectError(client.setContainsElement(CACHE, key, 'a'), wrong);
    await expectError(client.sortedSetFetchByRank(CACHE, key), wrong);
    await expectError(client.sortedSetLength(CACHE, key), wrong);
    await expectError(client.sortedSetLengthByScore(CACHE, key), wrong);
    await expectError(client.sortedSetUnionStore(CACHE, 'u', [{ sortedSetName: key, weight: 1 }]), wrong);
  }
  for (const key of ['list', 'sorted']) {
    await expectError(client.get(CACHE, key), wrong);
    await expectError(client.getWithHash(CACHE, key), wrong);
    await expectError(client.setIfEqual(CACHE, key, '1', '1'), wrong);
    await expectError(client.dictionaryLength(CACHE, key), wrong);
    await expectError(client.dictionaryGetFields(CACHE, key, ['a']), wrong);
  }
}

async function tokens(client) {
  const session = sign(wrap(momento.session_token));
  const superUser = sign(momento.api_key);
  const soon = ExpiresIn.minutes(5);
  const scope = new InternalSuperUserPermissions();
  await expect(session.generateApiKey(scope, soon), 'Success');
  await expectError(superUser.generateApiKey(scope, soon), 'PERMISSION_ERROR', 'Insufficient permissions');
  const all = await expect(superUser.generateApiKey(AllDataReadWrite, ExpiresIn.never()), 'Success');
  const dataOnly = await connect(all.apiKey);
  await expect(dataOnly.set(CACHE, 'k', 'v'), 'Success');
  await expectError(dataOnly.createCache('more'), 'PERMISSION_ERROR');
  await expectError(dataOnly.listCaches(), 'PERMISSION_ERROR');
  await expectError(sign(all.apiKey).generateApiKey(AllDataReadWrite, soon), 'PERMISSION_ERROR');
  await expectError(session.generateApiKey({ permissions: [] }, soon), 'INVALID_ARGUMENT_ERROR');
  const twice = { permissions: [{ role: CacheRole.ReadOnly, cache: CACHE }, { role: CacheRole.ReadWrite, cache: CACHE }] };
  await expectError(session.generateApiKey(twice, soon), 'INVALID_ARGUMENT_ERROR');

  const read = await expect(superUser.generateApiKey(PermissionScopes.cacheReadOnly(CACHE), soon), 'Success');
  const reader = await connect(read.apiKey);
  await expect(reader.get(CACHE, 'k'), 'Hit');
  await expectError(reader.set(CACHE, 'k', '2'), 'PERMISSION_ERROR');
  await expectError(reader.setBatch(CACHE, { k: '2' }), 'PERMISSION_ERROR');
  await expectError(reader.get('elsewhere', 'k'), 'PERMISSION_ERROR');
  const renewed = await expect(sign(read.apiKey).refreshApiKey(read.refreshToken), 'Success');
  assert.notEqual(renewed.apiKey, read.apiKey);
  const again = await connect(renewed.apiKey);
  await expectError(again.set(CACHE, 'k', '2'), 'PERMISSION_ERROR');
  await expect(again.get(CACHE, 'k'), 'Hit', (hit) => hit.valueString() === 'v');
  await expectError(sign(read.apiKey).refreshApiKey(inner(read.apiKey)), 'AUTHENTICATION_ERROR');

  const prefix = DisposableTokenScopes.cacheKeyPrefixReadWrite(CACHE, 'user-');
  const brief = await expect(superUser.generateDisposableToken(prefix, soon, { tokenId: 'me' }), 'Success');
  const user = await connect(brief.authToken);
  await expect(user.set(CACHE, 'user-1', '1'), 'Success');
  await expect(user.setIfAbsent(CACHE, 'user-1', '1'), 'NotStored');
  await expectError(user.get(CACHE, 'k'), 'PERMISSION_ERROR');
  await expectError(user.getBatch(CACHE, ['user-1', 'k']), 'PERMISSION_ERROR');
  await expectError(sign(brief.authToken).generateDisposableToken(prefix, soon), 'PERMISSION_ERROR');
  await expectError(superUser.generateDisposableToken(prefix, ExpiresIn.hours(26)), 'INVALID_ARGUMENT_ERROR');

  const ending = await expect(superUser.generateApiKey(AllDataReadWrite, ExpiresIn.seconds(1)), 'Success');
  const late = await connect(ending.apiKey);
  while ((await late.get(CACHE, 'k')).constructor.name === 'Hit');
  await expectError(late.get(CACHE, 'k'), 'AUTHENTICATION_ERROR');
  await expectError(late.listPushBack(CACHE, 'l', '1'), 'AUTHENTICATION_ERROR');
  await expectError(late.listCaches(), 'AUTHENTICATION_ERROR');
  await expectError(sign(ending.apiKey).generateApiKey(AllDataReadWrite, soon), 'AUTHENTICATION_ERROR');
  for (const one of [dataOnly, reader, again, user, late]) one.close();
}

const PARTS = {
  control: [control],
  scalars: [scalars, conditions, lifetimes],
  collections: [dictionaries, lists, sets, sortedSets, kinds],
  tokens: [tokens],
};

const client = await connect(momento.api_key);
await ping();
await expect(client.createCache(CACHE), 'Success');
for (const name of process.argv.length > 4 ? process.argv.slice(4) : Object.keys(PARTS)) {
  for (const part of PARTS[name]) await part(client);
}
await expect(client.set(CACHE, 'k', 'v'), 'Success');
client.close();
if (how === 'tls') {
  const second = await CacheClient.create({
    configuration: Configurations.Laptop.v1(),
    credentialProvider: CredentialProvider.fromApiKeyV2({ apiKey: momento.api_key_v2, endpoint: momento.endpoint }),
    defaultTtlSeconds: 60,
  });
  await expect(second.get(CACHE, 'k'), 'Hit');
  second.close();
}
console.log('every call answered as it should');
process.exit(0);
