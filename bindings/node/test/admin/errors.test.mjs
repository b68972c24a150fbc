// @ts-check
// What goes wrong becomes an AdminError with the server's own code; what passes by is tried again, and done once.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { inspect } from 'node:util';

import { Admin, AdminError } from 'tidegate/admin';

import { Server } from '../support/server.mjs';

/**
 * The error of a call.
 * @param {Promise<unknown>} call
 */
async function refused(call) {
  const error = await call.then(
    (answer) => assert.fail(`expected an error, found ${inspect(answer)}`),
    (/** @type {unknown} */ error) => error,
  );
  assert.ok(error instanceof AdminError, inspect(error));
  return error;
}

/** @param {Promise<unknown>} call */
async function code(call) {
  const error = await refused(call);
  assert.equal(error.problem?.status, error.status);
  assert.ok(error.requestId, 'the id of the request is known');
  return [error.status, error.code];
}

/**
 * What stands between a client and the server: it lets requests through, and `harm` does something to some.
 * @param {import("node:test").TestContext} t ends it
 * @param {string} url
 * @param {(request: import("node:http").IncomingMessage, response: import("node:http").ServerResponse, count: number) => "after" | "before" | "done" | "pass"} harm
 */
async function between(t, url, harm) {
  let count = 0;
  /** @type {Record<string, unknown>[]} */
  const seen = [];
  const proxy = createServer(async (request, response) => {
    count += 1;
    seen.push({ ...request.headers });
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const what = harm(request, response, count);
    if (what === 'done') return;
    if (what === 'before') return void response.destroy();
    const { authorization, 'content-type': type, 'idempotency-key': key } = request.headers;
    const headers = Object.entries({ authorization, 'content-type': type, 'idempotency-key': /** @type {string} */ (key) });
    const answer = await fetch(url + request.url, {
      method: request.method ?? 'GET',
      headers: /** @type {[string, string][]} */ (headers.filter(([, value]) => value !== undefined)),
      body: chunks.length > 0 ? Buffer.concat(chunks) : null,
    });
    const body = Buffer.from(await answer.arrayBuffer());
    if (what === 'after') return void response.destroy();
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' }).end(body);
  });
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
  const { port } = /** @type {import("node:net").AddressInfo} */ (proxy.address());
  t.after(() => {
    proxy.close();
    proxy.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${port}`, seen };
}

describe('errors', () => {
  /** @type {Server} */
  let server;
  /** @type {Admin} */
  let admin;
  const never = { deny: [{ description: 'always', starts: '2020-01-01T00:00:00Z', ends: '2200-01-01T00:00:00Z' }] };
  before(async () => {
    server = await Server.start();
    admin = server.admin();
    await admin.createEnvironment({ name: 'dev' });
    const draft = await admin.createPipeline({ key: 'slow', body: { phases: [{ id: 'all', entry: { approvals: { count: 1 } } }] } });
    await admin.publishPipeline('slow', { base_revision: draft.revision });
  });
  after(() => server?.stop());

  test('401: the token is not known', async () => {
    const error = await refused(server.admin(`tg_${'0'.repeat(64)}`).showMe());
    assert.deepEqual([error.status, error.code, error.operation], [401, 'unauthenticated', 'show_me']);
    assert.match(error.message, /^show_me: .+ \[unauthenticated\]/);
  });

  test('403: a viewer may not write, and nobody approves their own change', async () => {
    const eve = await server.person('eve', 'viewer');
    assert.deepEqual(await code(eve.createEnvironment({ name: 'mine' })), [403, 'forbidden']);
    const made = await admin.createFeature({ key: 'own', definition: { kind: 'gate' }, pipeline: 'slow' });
    const id = String(made.release?.['key']);
    const { revision } = await admin.showRelease(id);
    assert.deepEqual(await code(admin.approveRelease(id, { revision, phase: 'all' })), [403, 'self_approval']);
  });

  test('404, 409, 422: there is none, there is one already, it is not a definition', async () => {
    assert.deepEqual(await code(admin.showFeature('a/b?c#d')), [404, 'not_found']);
    assert.deepEqual(await code(admin.createEnvironment({ name: 'dev' })), [409, 'already_exists']);
    const error = await refused(admin.createFeature({ key: 'odd', definition: { kind: 'gate', rules: [{ id: 'r', variant: 'mauve' }] } }));
    assert.deepEqual([error.status, error.code], [422, 'invalid']);
    assert.match(JSON.stringify(error.problem?.problems), /mauve/);
    assert.match(JSON.stringify(error.problem?.problems), /\/rules\/0\/variant/);
  });

  test('412: somebody was faster; 428: the revision is missing', async () => {
    const shown = await admin.showEnvironment('dev');
    await admin.updateEnvironment('dev', { description: 'first' }, { ifMatch: shown.revision });
    const late = admin.updateEnvironment('dev', { description: 'second' }, { ifMatch: shown.revision });
    assert.deepEqual(await code(late), [412, 'precondition_failed']);
    const { key } = await admin.createFeature({ key: 'two', definition: { kind: 'gate' } });
    assert.deepEqual(await code(admin.saveFeature(key, { definition: { kind: 'gate' } })), [428, 'revision_required']);
  });

  test('423: a bypass is needed, or a window is shut', async () => {
    const made = await admin.createFeature({ key: 'three', definition: { kind: 'gate' }, pipeline: 'slow' });
    const id = String(made.release?.['key']);
    const { revision } = await admin.showRelease(id);
    const leap = await refused(admin.fullRollOutRelease(id, { revision, phase: 'all', reason: 'now' }));
    assert.deepEqual([leap.status, leap.code], [423, 'needs_bypass']);
    assert.match(String(leap.hint), /bypass/);
    assert.ok(leap.problem?.state, 'the state is told');
    assert.equal((await admin.fullRollOutRelease(id, { revision, phase: 'all', reason: 'now', bypass: true })).status, 'completed');
    const draft = await admin.createPipeline({ key: 'frozen', body: { phases: [{ id: 'all', bake_s: 3600 }], windows: never } });
    await admin.publishPipeline('frozen', { base_revision: draft.revision });
    const other = await admin.createFeature({ key: 'four', definition: { kind: 'gate' }, pipeline: 'frozen' });
    const held = String(other.release?.['key']);
    const shown = await admin.showRelease(held);
    const shut = await refused(admin.fullRollOutRelease(held, { revision: shown.revision, phase: 'all', reason: 'now' }));
    assert.deepEqual([shut.status, shut.code], [423, 'frozen']);
  });

  test('what cannot be a key is refused before anything is sent', () => {
    for (const key of ['', '.', '..']) assert.throws(() => admin.showFeature(key), /expected a key or an id/);
    assert.throws(() => new Admin('flags.example', 't'), TypeError);
    assert.throws(() => new Admin('ftp://flags.example', 't'), /expected the http or https URL/);
  });

  test('an answer that was lost is asked for again, and the change is made once', async (t) => {
    const proxy = await between(t, server.url, (_, __, count) => (count === 1 ? 'before' : count === 2 ? 'after' : 'pass'));
    const far = new Admin(proxy.url, server.token);
    const { seq: head } = /** @type {{seq: number}} */ ((await admin.listAudit({ newest_first: true, limit: 1 }).page()).items[0]);
    assert.equal((await far.createFeature({ key: 'once', definition: { kind: 'gate' } })).key, 'once');
    const events = await admin.listAudit({ after: head }).all();
    assert.deepEqual(
      events.map((one) => one.action),
      ['feature.created'],
    );
    const keys = proxy.seen.map((headers) => headers['idempotency-key']);
    assert.deepEqual([keys.length, new Set(keys).size], [3, 1]);
  });

  test('what nobody can repeat without harm is not repeated', async (t) => {
    const proxy = await between(t, server.url, () => 'before');
    const hook = await admin.createWebhook({ url: 'http://127.0.0.1:9/' });
    await admin.testWebhook(hook.key);
    const [sent] = await admin.listWebhookDeliveries(hook.key).all();
    const error = await refused(new Admin(proxy.url, server.token).resendDelivery(String(sent?.id)));
    assert.equal(error.code, 'unreachable');
    assert.equal(proxy.seen.length, 1);
    assert.equal((await refused(new Admin(proxy.url, server.token, { retries: 0 }).showMe())).code, 'unreachable');
    assert.equal(proxy.seen.length, 2);
  });

  test('an answer of something else in between is told as such', async (t) => {
    const proxy = await between(t, server.url, (_, response) => {
      response.writeHead(418, { 'content-type': 'text/html' }).end('<p>I am a teapot');
      return 'done';
    });
    const error = await refused(new Admin(proxy.url, server.token).showMe());
    assert.deepEqual([error.status, error.code, error.problem], [418, 'bad_answer', undefined]);
    assert.match(error.message, /teapot/);
  });

  test('a 503 with Retry-After is waited for', async (t) => {
    const proxy = await between(t, server.url, (_, response, count) => {
      if (count > 1) return 'pass';
      response.writeHead(503, { 'retry-after': '0' }).end();
      return 'done';
    });
    assert.ok(await new Admin(proxy.url, server.token).showMe());
    assert.equal(proxy.seen.length, 2);
  });

  test('silence ends a call, and so does its signal', async (t) => {
    const proxy = await between(t, server.url, () => 'done');
    const far = new Admin(proxy.url, server.token, { retries: 0 });
    const error = await refused(far.showMe({ timeoutMs: 50 }));
    assert.deepEqual([error.code, error.status], ['timeout', undefined]);
    const stop = new AbortController();
    const call = far.showMe({ signal: stop.signal });
    stop.abort(new Error('enough'));
    await assert.rejects(call, /enough/);
    await assert.rejects(async () => {
      for await (const event of far.followEvents({ after: 0 }, { signal: AbortSignal.abort(new Error('never')) }))
        assert.fail(inspect(event));
    }, /never/);
  });

  test('events that nobody may read are no events to wait for', async () => {
    const stranger = server.admin(`tg_${'0'.repeat(64)}`);
    const error = await refused(stranger.followEvents()[Symbol.asyncIterator]().next());
    assert.equal(error.code, 'unauthenticated');
  });

  test('a token can be renewed, and is shown by nothing', async () => {
    let asked = 0;
    const far = new Admin(server.url, async () => {
      asked += 1;
      return server.token;
    });
    await far.showMe();
    await far.showMe();
    assert.equal(asked, 2);
    const shown = inspect(admin, { depth: 9, showHidden: true }) + JSON.stringify(admin);
    assert.ok(!shown.includes(server.token));
    const { TIDEGATE_SERVER, TIDEGATE_TOKEN } = process.env;
    Object.assign(process.env, { TIDEGATE_SERVER: `${server.url}/`, TIDEGATE_TOKEN: server.token });
    assert.equal((await Admin.fromEnvironment().showMe()).principal.key, 'admin');
    delete process.env['TIDEGATE_TOKEN'];
    assert.throws(() => Admin.fromEnvironment(), /TIDEGATE_TOKEN/);
    Object.assign(process.env, { ...(TIDEGATE_SERVER ? { TIDEGATE_SERVER } : {}), ...(TIDEGATE_TOKEN ? { TIDEGATE_TOKEN } : {}) });
    if (!TIDEGATE_SERVER) delete process.env['TIDEGATE_SERVER'];
  });
});
