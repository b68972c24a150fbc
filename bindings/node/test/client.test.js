'use strict';
/** Connected engines: a watched file, and a real server with its releases and its fleet page. */
const assert = require('node:assert/strict');
const { once } = require('node:events');
const { mkdtempSync, renameSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { describe, test } = require('node:test');
const { Client, Subscription, TidegateError, connect, watchFile } = require('tidegate');
const { alive, until } = require('./support/alive.js');
const { always, document, gate } = require('./support/document.js');
const { Server } = require('./support/server.js');

/** A folder, and a function that puts a document into its file at once. */
function folder(t) {
  const path = mkdtempSync(join(tmpdir(), 'tidegate-'));
  t.after(() => rmSync(path, { recursive: true }));
  const file = join(path, 'flags.json');
  const put = (text) => {
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  };
  return { path, file, put };
}

/** The event of a version. */
function changedTo(client, version) {
  return new Promise((resolve) => {
    client.on('changed', (event) => event.version === version && resolve(event));
  });
}

const quick = { watchInterval: 10, pollInterval: 50, reportInterval: 50, flushTimeout: 2000 };

describe('a watched file', () => {
  test('is served, and each change of it, with events', async (t) => {
    const { file, put } = folder(t);
    put(document(1, { f: gate('region', 'eq', 'eu') }));
    const client = watchFile(file, { ...quick, process: { region: 'eu' } });
    assert.ok(client instanceof Client);
    const ready = once(client, 'ready');
    assert.equal(await client.waitReady(), 'file');
    assert.equal(await client.waitReady(), 'file', 'again');
    assert.deepEqual(await alive(ready), [{ source: 'file', version: 1 }]);
    const { engine } = client;
    assert.equal(engine, client.engine);
    assert.equal(engine.check('f', {}), true);
    const { source, version, stale, connected, life, instance, lastError } = client.status();
    assert.deepEqual([source, version, stale, connected, life, lastError], ['file', 1, false, 'no', 'running', undefined]);
    assert.ok(instance.length > 8);

    const events = client.events();
    const changed = changedTo(client, 2);
    put(document(2, { f: always(false) }));
    const { version: next, features, lagMs } = await alive(changed);
    assert.deepEqual([next, features, lagMs >= 0, engine.check('f', {})], [2, ['f'], true, false]);
    let event;
    do ({ value: event } = await alive(events.next())); while (event.version !== 2);
    assert.deepEqual([event.type, event.source, event.features], ['changed', 'file', ['f']]);
    const pending = events.next();
    const [one, other] = [client.close(), client.close()];
    assert.equal(one, other);
    await one;
    assert.deepEqual([await pending, await events.next()], [{ value: undefined, done: true }, { value: undefined, done: true }]);
    assert.deepEqual([client.isClosed, client.status().life, client.status().version], [true, 'closed', 2]);
    assert.equal(engine.check('f', {}), false, 'the engine serves on');
    for await (const none of client) assert.fail(`after the end: ${JSON.stringify(none)}`);
    assert.equal(await client.waitReady(), 'file', 'it was ready');
    await client[Symbol.asyncDispose]();
    client[Symbol.dispose]();
  });

  test('that is bad or not there is an error, and what is served is served on', async (t) => {
    const { file, put } = folder(t);
    const logged = [];
    const client = watchFile(file, { ...quick, mode: 'strict', log: (...told) => logged.push(told) });
    await assert.rejects(client.waitReady(50), (error) => error instanceof TidegateError && error.code === 'TG6112' && /TG6111/.test(error.message));
    await until(() => logged.find(([level, , error]) => level === 'warn' && error.code === 'TG6111'));
    put(document(1, { f: always(true) }));
    await client.waitReady();
    const errors = once(client, 'error');
    put(document(2, { f: { kind: 'gate', default: 'nope' } }));
    const [error] = await alive(errors);
    assert.ok(error instanceof TidegateError);
    assert.deepEqual([error.code, error.pointer, client.engine.check('f', {})], ['TG2003', '/features/f/default', true]);
    assert.equal(client.status().lastError.code, 'TG2003');
    await client.close();
    await assert.rejects(watchFileClosed(file), { code: 'TG5011' });
    const never = watchFile('/nowhere/at/all.json', { log() {} });
    await never.close();
    await assert.rejects(never.waitReady(60_000), { code: 'TG5011' });
  });

  async function watchFileClosed() {
    const client = watchFile('/nowhere/at/all.json', { log() {} });
    const waiting = client.waitReady();
    await client.close();
    return waiting;
  }

  test('bootstrap and bundled documents are served until something better comes', async (t) => {
    const { file, path, put } = folder(t);
    const client = watchFile(file, { ...quick, bootstrap: document(1, { f: always(true) }), log() {} });
    assert.equal(client.engine.check('f', {}), true);
    put(document(2, { f: always(false) }));
    await until(() => client.engine.version === 2 || undefined);
    await client.close();
    assert.ok(path);
  });

  test('listeners that throw are logged, and the others are told', async (t) => {
    const { file, put } = folder(t);
    put(document(1));
    const logged = [];
    const client = watchFile(file, { ...quick, log: (level, message, error) => logged.push(error.message) });
    client.on('changed', () => { throw new Error('first'); });
    client.on('changed', async () => { throw new Error('second'); });
    const subscription = client.onEvent(() => { throw new Error('third'); });
    assert.ok(subscription instanceof Subscription, 'as it is declared');
    const last = once(client, 'changed');
    await alive(last);
    await until(() => (logged.length >= 4 ? true : undefined));
    assert.deepEqual([...new Set(logged)].sort(), ['first', 'second', 'third']);
    subscription.close();
    subscription[Symbol.dispose]();
    await client.close();
  });

  test('an async iterator that is left forgets what waits', async (t) => {
    const { file, put } = folder(t);
    put(document(1));
    await using(watchFile(file, quick), async (client) => {
      client.ref();
      for await (const event of client) {
        assert.equal(event.type, 'ready');
        break;
      }
      assert.equal(client.unref(), client);
    });
  });
});

/** `await using`, which Node 20 does not have. */
async function using(client, work) {
  try {
    await work(client);
  } finally {
    await client[Symbol.asyncDispose]();
  }
}

test('nobody listens at the other end', async () => {
  const key = `tgs_${'0'.repeat(64)}`;
  const client = connect(`tidegate+http://${key}@127.0.0.1:9?environment=prod&key=none`, { ...quick, networkFirst: 100, log() {} });
  const errors = once(client, 'error');
  await assert.rejects(client.waitReady(200), { code: 'TG6112' });
  assert.equal((await alive(errors))[0].code, 'TG6101');
  assert.equal(client.engine.check('f', {}), false);
  await client.close();
});

test('a release, its abort, and the fleet page, with a real server', async (t) => {
  const server = await Server.start(t);
  await server.call('POST', '/features', { key: 'checkout', definition: { kind: 'gate', rules: [] } });
  const phases = [{ id: 'all', target: [{ environments: ['prod', 'dev'] }], bake_s: 3600 }];
  const draft = await server.call('POST', '/pipelines', { key: 'slow', body: { phases } });
  await server.call('POST', '/pipelines/slow/publish', { base_revision: draft.revision });
  await server.call('PUT', '/features/checkout/pipeline', { pipeline: 'slow' });

  const client = connect(server.connection(), { ...quick, process: { region: 'eu', service: 'shop' } });
  t.after(() => client.close());
  assert.equal(await client.waitReady(30_000), 'stream');
  const { engine } = client;
  const checkout = engine.gate('checkout');
  assert.equal(checkout.check({}), false);

  const definition = { kind: 'gate', rules: [{ id: 'everyone', variant: 'on' }] };
  await server.call('PUT', '/features/checkout', { definition, base_revision: 1 });
  await until(() => (checkout.check({}) ? true : undefined));
  const { phase, release, reason, rule } = checkout.decide({});
  assert.deepEqual([phase, reason, rule], ['all', 'rule', 'everyone']);

  // What was checked comes to the server's pages.
  for (let i = 0; i < 1000; i += 1) checkout.check({});
  const { instance } = client.status();
  const member = await until(async () => (await server.call('GET', '/fleet?environment=prod')).items.find((item) => item.instance === instance && item.version === engine.version));
  assert.deepEqual([member.sdk.name, member.process.region, member.process.service], ['node', 'eu', 'shop']);
  const counted = await until(async () => {
    const text = JSON.stringify(await server.call('GET', '/features/checkout/exposures'));
    return text.includes(release) && /"count":\s*1\d{3}\b/.test(text) ? text : undefined;
  });
  assert.ok(counted.includes('"all"') && counted.includes('"prod"'), counted);

  // An abort reaches it.
  const aborted = once(client, 'changed');
  await server.call('POST', `/releases/${release}/abort`, { reason: 'a test' });
  const [{ features }] = await alive(aborted);
  assert.deepEqual([features, checkout.check({}), checkout.decide({}).release], [['checkout'], false, undefined]);

  // And a kill.
  const killed = once(client, 'changed');
  await server.call('POST', '/features/checkout/kill', { environment: 'prod', reason: 'a test' });
  await alive(killed);
  assert.equal(checkout.decide({}).reason, 'killed');
  await client.close();
});
