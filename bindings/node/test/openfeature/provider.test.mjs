// @ts-check
// The provider over an engine, a client and a connection string, with the published SDK.
import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, test } from 'node:test';

import { ErrorCode, OpenFeature, ProviderEvents, ProviderStatus } from '@openfeature/server-sdk';
import { Engine, connect, version, watchFile } from 'tidegate';
import * as esm from 'tidegate/openfeature';

import { Server, until } from '../support/server.mjs';

const { TidegateProvider } = esm;

const rule = (/** @type {string} */ attribute, /** @type {string} */ op, /** @type {unknown} */ value) => ({
  rules: [{ id: 'r', if: { attribute, op, value }, variant: 'on' }],
});
/** @type {Record<string, unknown>} */
const FEATURES = {
  on: { kind: 'gate', rules: [{ id: 'everyone', variant: 'on' }] },
  plain: { kind: 'gate' },
  off: { kind: 'gate', enabled: false },
  tenth: { kind: 'gate', rules: [{ id: 'tenth', rollout: { percent: 50 }, variant: 'on' }] },
  'by-key': { kind: 'gate', ...rule('targeting_key', 'eq', 'u-1') },
  'by-user': { kind: 'gate', ...rule('user_id', 'eq', 'u-1') },
  'by-own-name': { kind: 'gate', ...rule('targetingKey', 'eq', 'u-1') },
  late: { kind: 'gate', ...rule('since', 'after', '2026-01-01T00:00:00Z') },
  tagged: { kind: 'gate', ...rule('tags', 'contains_any', ['beta']) },
  limits: { kind: 'config', variants: { small: { items: [1, 2] } }, default: 'small' },
  list: { kind: 'config', variants: { few: ['a'] }, default: 'few' },
  nothing: { kind: 'config', variants: { none: null }, default: 'none' },
  text: { kind: 'config', variants: { hi: 'hi' }, default: 'hi' },
  number: { kind: 'config', variants: { half: 0.5 }, default: 'half' },
  split: {
    kind: 'experiment',
    variants: { a: 'A', b: 'B' },
    default: 'a',
    rules: [
      {
        id: 'all',
        split: [
          { variant: 'a', weight: 50 },
          { variant: 'b', weight: 50 },
        ],
      },
    ],
  },
  broken: { kind: 'gate', rules: [{ id: 'r', variant: 'mauve' }] },
  released: { kind: 'gate' },
};
const RELEASES = [
  {
    id: 'rel-1',
    features: { released: { candidate: FEATURES['on'] } },
    phases: [{ id: 'first', live: true }],
  },
];
const document = (version = 7, features = FEATURES, releases = RELEASES) =>
  JSON.stringify({ schema_version: 1, version, features, releases });

/** An engine that serves the features. */
function engine() {
  const made = new Engine();
  made.loadSync(document());
  return made;
}

let domains = 0;

/** A client of the SDK with its own provider, which is ready. */
async function using(/** @type {ConstructorParameters<typeof TidegateProvider>} */ ...args) {
  const domain = `d-${++domains}`;
  const provider = new TidegateProvider(...args);
  await OpenFeature.setProviderAndWait(domain, provider);
  return { provider, client: OpenFeature.getClient(domain), domain };
}

/** The events of a client from now on, as text. */
function heard(/** @type {import('@openfeature/server-sdk').Client} */ client) {
  /** @type {{type: string, flags: readonly string[] | undefined, message: string | undefined}[]} */
  const events = [];
  for (const type of [ProviderEvents.Ready, ProviderEvents.Stale, ProviderEvents.Error, ProviderEvents.ConfigurationChanged]) {
    let isFirst = client.providerStatus === ProviderStatus.READY && type === ProviderEvents.Ready;
    client.addHandler(type, (details) => {
      // Of the state that it is in, the SDK tells at once.
      if (!isFirst) events.push({ type, flags: /** @type {any} */ (details)?.flagsChanged, message: details?.message });
      isFirst = false;
    });
  }
  return events;
}

describe('the provider', () => {
  afterEach(async () => {
    await OpenFeature.clearProviders();
    OpenFeature.clearHandlers();
  });

  test('it has a name, the version of the package, and one class for both kinds of module', async () => {
    const { client } = await using(engine());
    assert.deepEqual(client.metadata.providerMetadata, { name: 'tidegate', version });
    assert.equal(createRequire(import.meta.url)('tidegate/openfeature').TidegateProvider, TidegateProvider);
  });

  test('each reason has the name that the semantics give it, and whence it came', async () => {
    const { client } = await using(engine());
    const context = { targetingKey: 'u-1' };
    const table = /** @type {[string, boolean, string, string | undefined, Record<string, unknown>][]} */ ([
      ['on', true, 'TARGETING_MATCH', 'on', { reason: 'rule', rule: 'everyone', version: 7 }],
      ['plain', false, 'STATIC', 'off', { reason: 'default', version: 7 }],
      ['tagged', false, 'DEFAULT', 'off', { reason: 'default', version: 7 }],
      ['off', false, 'DISABLED', 'off', { reason: 'disabled', version: 7 }],
      ['released', true, 'TARGETING_MATCH', 'on', { reason: 'rule', rule: 'everyone', release: 'rel-1', phase: 'first', version: 7 }],
    ]);
    for (const [key, value, reason, variant, flagMetadata] of table) {
      const details = await client.getBooleanDetails(key, !value, context);
      assert.deepEqual(details, { flagKey: key, value, reason, variant, flagMetadata });
    }
    const split = await client.getStringDetails('split', '', context);
    assert.equal(split.reason, 'SPLIT');
    assert.equal(split.variant, split.value.toLowerCase());
  });

  test("a disabled feature may be answered with the caller's default", async () => {
    const off = { archived: { archived: true }, disabled: { enabled: false }, killed: {} };
    for (const [reason, state] of Object.entries(off)) {
      const features = { f: { .../** @type {any} */ (FEATURES['on']), ...state }, c: { .../** @type {any} */ (FEATURES['text']), ...state } };
      const kills = reason === 'killed' ? Object.keys(features).map((feature) => ({ feature, environment: 'prod' })) : [];
      const served = JSON.stringify({ schema_version: 1, version: 7, features, kills });
      const flagMetadata = { reason, version: 7 };
      const counted = [];
      for (const onDisabled of /** @type {const} */ (['variant', 'default'])) {
        const made = new Engine({ process: { environment: 'prod' }, counters: true });
        made.loadSync(served);
        const { client } = await using(made, { onDisabled });
        /** @type {import('@openfeature/server-sdk').EvaluationDetails<any>[]} */
        const found = [];
        for (const flagKey of Object.keys(features)) {
          found.push(await client.getBooleanDetails(flagKey, true));
          found.push(await client.getStringDetails(flagKey, 'mine'));
          found.push(await client.getNumberDetails(flagKey, 3));
          found.push(await client.getObjectDetails(flagKey, { mine: true }));
        }
        if (onDisabled === 'default') {
          const own = [true, 'mine', 3, { mine: true }];
          const expected = Object.keys(features).flatMap((flagKey) => own.map((value) => ({ flagKey, value, reason: 'DISABLED', flagMetadata })));
          assert.deepEqual(found, expected);
        } else {
          assert.deepEqual(found[0], { flagKey: 'f', value: false, variant: 'off', reason: 'DISABLED', flagMetadata });
          assert.deepEqual(found[5], { flagKey: 'c', value: 'hi', variant: 'hi', reason: 'DISABLED', flagMetadata });
          assert.equal(found.filter(({ errorCode }) => errorCode === ErrorCode.TYPE_MISMATCH).length, 6);
        }
        counted.push(made.drainExposures().map(({ feature, variant, count }) => `${feature} ${variant} ${count}`).sort());
      }
      assert.deepEqual(counted, [['c hi 4', 'f off 4'], ['c hi 4', 'f off 4']], 'what is counted stays what the engine decided');
    }
  });

  test("only disabled features are answered with the caller's default", async () => {
    const one = new TidegateProvider(engine());
    const other = new TidegateProvider(engine(), { onDisabled: 'default' });
    for (const key of ['on', 'plain', 'text', 'broken', 'released', 'missing']) {
      const found = await other.resolveBooleanEvaluation(key, true, {});
      assert.deepEqual(found, await one.resolveBooleanEvaluation(key, true, {}));
      assert.notEqual(found.reason, 'DISABLED');
    }
  });

  test('an override is static', async () => {
    const overridden = engine();
    overridden.setOverride('on', { variant: 'off' });
    const { client } = await using(overridden);
    const { value, reason } = await client.getBooleanDetails('on', true);
    assert.deepEqual([value, reason], [false, 'STATIC']);
  });

  test('values come as the types that they are, and as no other', async () => {
    const { client } = await using(engine());
    assert.equal(await client.getStringValue('text', ''), 'hi');
    assert.equal(await client.getNumberValue('number', 0), 0.5);
    assert.deepEqual(await client.getObjectValue('limits', {}), { items: [1, 2] });
    assert.deepEqual(await client.getObjectValue('list', []), ['a']);
    const mismatches = await Promise.all([
      client.getBooleanDetails('text', true),
      client.getStringDetails('on', 'mine'),
      client.getNumberDetails('text', 3),
      client.getObjectDetails('text', { mine: true }),
      client.getObjectDetails('nothing', { mine: true }),
    ]);
    assert.deepEqual(
      mismatches.map(({ value, reason, errorCode, errorMessage }) => [value, reason, errorCode, errorMessage]),
      [
        [true, 'ERROR', 'TYPE_MISMATCH', 'expected flag `text` to be a boolean, found string'],
        ['mine', 'ERROR', 'TYPE_MISMATCH', 'expected flag `on` to be a string, found boolean'],
        [3, 'ERROR', 'TYPE_MISMATCH', 'expected flag `text` to be a number, found string'],
        [{ mine: true }, 'ERROR', 'TYPE_MISMATCH', 'expected flag `text` to be an object or a list, found string'],
        [{ mine: true }, 'ERROR', 'TYPE_MISMATCH', 'expected flag `nothing` to be an object or a list, found null'],
      ],
    );
    assert.equal(mismatches[0]?.flagMetadata['version'], 7);
  });

  test('errors have their codes, and the default is served', async () => {
    const { client, provider } = await using(engine());
    const codes = async (/** @type {string} */ key, /** @type {any} */ context = {}) => {
      const { value, errorCode, reason } = await client.getBooleanDetails(key, true, context);
      assert.deepEqual([value, reason], [true, 'ERROR']);
      return errorCode;
    };
    assert.equal(await codes('missing'), ErrorCode.FLAG_NOT_FOUND);
    assert.equal(await codes('broken'), ErrorCode.PARSE_ERROR);
    assert.equal(await codes('on', { targetingKey: 7 }), ErrorCode.INVALID_CONTEXT);
    const angry = {
      get tags() {
        throw new Error('no tags today');
      },
    };
    assert.equal((await provider.resolveBooleanEvaluation('tagged', true, { targetingKey: 'u-1' })).value, false);
    const thrown = await provider.resolveBooleanEvaluation('tagged', true, /** @type {any} */ (angry));
    assert.deepEqual([thrown.value, thrown.errorCode, thrown.errorMessage], [true, ErrorCode.GENERAL, 'no tags today']);
    assert.equal(await codes('tagged', { tags: () => [] }), ErrorCode.INVALID_CONTEXT);
    provider.engine?.close();
    assert.equal(await codes('on'), ErrorCode.GENERAL);
    const unborn = new TidegateProvider('tidegate+http://x');
    assert.equal((await unborn.resolveBooleanEvaluation('on', true, {})).errorCode, ErrorCode.PROVIDER_NOT_READY);
  });

  test('the targeting key is a user id as well, unless the context has one', async () => {
    const { client } = await using(engine());
    const on = async (/** @type {any} */ context) => {
      const keys = ['by-key', 'by-user', 'by-own-name'];
      const values = await Promise.all(keys.map((key) => client.getBooleanValue(key, false, context)));
      return keys.filter((_, index) => values[index]);
    };
    assert.deepEqual(await on({ targetingKey: 'u-1' }), ['by-key', 'by-user', 'by-own-name']);
    assert.deepEqual(await on({ targetingKey: 'u-1', user_id: 'u-2' }), ['by-key', 'by-own-name']);
    assert.deepEqual(await on({ targetingKey: 'u-1', user_id: null }), ['by-key', 'by-user', 'by-own-name']);
    assert.deepEqual(await on({ targetingKey: 'u-2', targeting_key: 'u-1' }), ['by-key']);
    assert.deepEqual(await on({ user_id: 'u-1' }), ['by-user']);
    assert.deepEqual(await on({}), []);
    const { value } = await client.getBooleanDetails('tenth', true, {});
    assert.equal(value, false, 'a missing unit is outside each share');
  });

  test('dates and lists are attributes like others', async () => {
    const { client } = await using(engine());
    assert.equal(await client.getBooleanValue('late', false, { since: new Date('2026-02-01') }), true);
    assert.equal(await client.getBooleanValue('late', true, { since: new Date('2025-02-01') }), false);
    assert.equal(await client.getBooleanValue('late', true, { since: new Date(Number.NaN) }), false);
    assert.equal(await client.getBooleanValue('tagged', false, { tags: ['x', 'beta'] }), true);
  });

  test('hooks of the provider run with each evaluation, and tracking goes where the program says', async () => {
    /** @type {string[]} */
    const run = [];
    /** @type {import('tidegate/openfeature').Tracking[]} */
    const tracked = [];
    const hooks = [{ after: (/** @type {any} */ { flagKey }) => void run.push(flagKey) }];
    const { client } = await using(engine(), { hooks, onTrack: (event) => tracked.push(event) });
    await client.getBooleanValue('on', false);
    assert.deepEqual(run, ['on']);
    client.setContext({ plan: 'pro' });
    client.track('bought', { targetingKey: 'u-1' }, { value: 9.5, currency: 'EUR' });
    client.track('left');
    assert.deepEqual(tracked, [
      {
        name: 'bought',
        targetingKey: 'u-1',
        context: { targetingKey: 'u-1', plan: 'pro' },
        value: 9.5,
        attributes: { currency: 'EUR' },
        version: 7,
      },
      { name: 'left', targetingKey: undefined, context: { plan: 'pro' }, value: undefined, attributes: {}, version: 7 },
    ]);
    const { client: mute, provider: quiet } = await using(engine());
    mute.track('bought');
    mute.track('bought', {}, { value: 2.5 });
    mute.track('asked');
    assert.deepEqual(quiet.drainTracked(), [
      { name: 'asked', count: 1, value: 0 },
      { name: 'bought', count: 2, value: 2.5 },
    ]);
    assert.deepEqual(quiet.drainTracked(), []);
    for (let n = 0; n < 2_000; n += 1) mute.track(`name-${n}`);
    assert.equal(quiet.drainTracked().length, 1_000, 'strangers cannot fill the memory with names');
  });

  test('an engine that is fed later: NOT_READY, then ERROR, then READY by itself', async () => {
    const empty = new Engine();
    const domain = `d-${++domains}`;
    const setting = OpenFeature.setProviderAndWait(domain, new TidegateProvider(empty, { readyTimeout: 50 }));
    const client = OpenFeature.getClient(domain);
    assert.equal(client.providerStatus, ProviderStatus.NOT_READY);
    await assert.rejects(setting, /within 50 ms/);
    assert.equal(client.providerStatus, ProviderStatus.ERROR);
    assert.equal((await client.getBooleanDetails('on', false)).errorCode, ErrorCode.PROVIDER_NOT_READY);
    const events = heard(client);
    await empty.load(document());
    await until('it is ready', () => client.providerStatus === ProviderStatus.READY);
    assert.equal(await client.getBooleanValue('on', false), true);
    await until('the change is told', () => events.some(({ type }) => type === ProviderEvents.ConfigurationChanged));

    const second = new Engine();
    const waiting = OpenFeature.setProviderAndWait(`d-${++domains}`, new TidegateProvider(second));
    second.loadSync(document());
    await waiting;
    const closed = new TidegateProvider(new Engine());
    const pending = closed.initialize();
    await closed.onClose();
    await assert.rejects(pending, /closed before/);
  });

  test('what changes is told by name, and only until the provider is replaced', async () => {
    const served = engine();
    const { client, domain } = await using(served);
    const events = heard(client);
    served.loadSync(document(8, { ...FEATURES, plain: FEATURES['on'], text: FEATURES['list'] }));
    await until('it is told', () => events.length > 0);
    assert.deepEqual(events, [{ type: ProviderEvents.ConfigurationChanged, flags: ['plain', 'text'], message: undefined }]);
    await OpenFeature.setProviderAndWait(domain, new TidegateProvider(engine()));
    const before = events.length;
    served.loadSync(document(9));
    await new Promise(setImmediate);
    assert.deepEqual(
      events.slice(before).filter(({ type }) => type === ProviderEvents.ConfigurationChanged),
      [],
    );
    assert.equal(served.check('on', {}), true, 'an engine stays who it was given to');
  });

  test('what is no source is refused at once, and a bad connection string is fatal', async () => {
    for (const source of [undefined, null, 7, {}]) {
      assert.throws(() => new TidegateProvider(/** @type {any} */ (source)), /expected a Client, an Engine or a connection string/);
    }
    const domain = `d-${++domains}`;
    await assert.rejects(OpenFeature.setProviderAndWait(domain, new TidegateProvider('https://flags.example')), /TG6019/);
    assert.equal(OpenFeature.getClient(domain).providerStatus, ProviderStatus.FATAL);
  });

  test('a file: a version that is refused is an error, the next good one ends it', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'tidegate-node-'));
    const path = join(folder, 'flags.json');
    const put = (/** @type {string} */ text) => {
      writeFileSync(`${path}.new`, text);
      renameSync(`${path}.new`, path);
    };
    put(document());
    const file = watchFile(path, { watchInterval: 10, log() {} });
    t.after(async () => {
      await file.close();
      rmSync(folder, { recursive: true });
    });
    const { client } = await using(file);
    const events = heard(client);
    put('{');
    await until('it is an error', () => client.providerStatus === ProviderStatus.ERROR);
    assert.equal(await client.getBooleanValue('on', false), true, 'what was served is served on');
    put(document(8));
    await until('it is over', () => client.providerStatus === ProviderStatus.READY);
    assert.deepEqual(events.map(({ type }) => type).slice(0, 2), [ProviderEvents.Error, ProviderEvents.Ready]);
  });

  test('a server: ready, changed, stale while it is gone, ready again; a client that it made is closed with it', async (t) => {
    const server = await Server.start();
    t.after(() => server.stop());
    const admin = server.admin();
    await admin.createEnvironment({ name: 'prod', production: true });
    await admin.createFeature({ key: 'checkout', definition: { kind: 'gate' } });
    const options = { connect: { staleAfter: 2_000, log() {} } };
    const { client, provider, domain } = await using(server.connection('prod'), options);
    assert.equal(client.providerStatus, ProviderStatus.READY);
    assert.equal(await client.getBooleanValue('checkout', true), false);
    const events = heard(client);
    const definition = /** @type {any} */ (FEATURES['on']);
    const { definition_revision: base } = await admin.showFeature('checkout');
    await admin.saveFeature('checkout', { definition, base_revision: base });
    await until('the change is told', () => events.some(({ flags }) => flags?.includes('checkout')));
    assert.equal(await client.getBooleanValue('checkout', false), true);
    await server.kill();
    await until('it is stale', () => client.providerStatus === ProviderStatus.STALE);
    assert.equal(await client.getBooleanValue('checkout', false), true, 'what was served is served on');
    await server.restart();
    await until('it is fresh', () => client.providerStatus === ProviderStatus.READY);
    assert.deepEqual(
      events.filter(({ type }) => type === ProviderEvents.Error),
      [],
      'a server that is gone for a while is no error',
    );
    const own = provider.engine;
    await OpenFeature.setProviderAndWait(domain, new TidegateProvider(engine()));
    await until('its client is closed', () => provider.engine === undefined);
    assert.equal(own?.check('checkout', {}), true);
  });

  test('a client that was given is not closed, and one that never gets a snapshot is in error', async (t) => {
    const nowhere = connect(`tidegate+http://tgs_${'0'.repeat(64)}@127.0.0.1:9?environment=prod&key=none`, { log() {} });
    t.after(() => nowhere.close());
    const domain = `d-${++domains}`;
    await assert.rejects(OpenFeature.setProviderAndWait(domain, new TidegateProvider(nowhere, { readyTimeout: 10 })), /TG6112/);
    assert.equal(OpenFeature.getClient(domain).providerStatus, ProviderStatus.ERROR);
    await OpenFeature.setProviderAndWait(domain, new TidegateProvider(engine()));
    await new Promise(setImmediate);
    assert.equal(nowhere.status().life, 'running');
  });
});
