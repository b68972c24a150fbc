// @ts-check
// The services of examples/node, started and used as they are, against a real admin server.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect as socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';

import { ROOT, Server, until } from '../support/server.mjs';

const EXAMPLES = join(ROOT, 'examples/node');
const everyone = { rules: [{ id: 'everyone', variant: 'on' }] };
const inNorway = { rules: [{ id: 'norway', if: { attribute: 'country', op: 'eq', value: 'NO' }, variant: 'on' }] };

/**
 * A service, from its first line to its last.
 * @param {string} name
 * @param {Record<string, string>} env
 */
async function start(name, env) {
  const child = spawn(process.execPath, [join(EXAMPLES, name, 'service.js')], {
    env: { ...process.env, PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let told = '';
  child.stderr.on('data', (chunk) => (told += chunk));
  const exit = once(child, 'exit');
  for await (const line of createInterface({ input: child.stdout })) {
    const [, url] = /^listening on (http:.*)$/.exec(line) ?? [];
    assert.ok(url, line);
    child.stdout.resume();
    return { url, child, exit, told: () => told };
  }
  throw new Error(`${name} ended early: ${told}`);
}

/**
 * @param {string} url
 * @param {Record<string, string>} headers
 */
async function get(url, headers = {}) {
  const answer = await fetch(url, { headers: { connection: 'close', ...headers } });
  return { status: answer.status, body: /** @type {any} */ (await answer.json()) };
}

for (const name of ['express', 'fastify']) {
  describe(`examples/node/${name}`, { skip: !existsSync(join(EXAMPLES, 'node_modules')) && 'npm ci was not run there' }, () => {
    /** @type {Server} */
    let server;
    /** @type {string} */
    let connection;
    before(async () => {
      server = await Server.start();
      const admin = server.admin();
      await admin.createEnvironment({ name: 'prod', production: true });
      await admin.createFeature({ key: 'checkout', definition: { kind: 'gate', ...inNorway } });
      connection = server.connection('prod');
    });
    after(() => server?.stop());

    test('it decides for each user, follows what changes, outlives the server and ends in good order', async () => {
      const { url, child, exit, told } = await start(name, { TIDEGATE_CONNECTION: connection });
      try {
        assert.deepEqual((await get(`${url}/livez`)).body, { status: 'alive' });
        const ready = await get(`${url}/readyz`);
        assert.deepEqual([ready.status, ready.body.source, ready.body.stale], [200, 'stream', false]);
        const checkout = async (/** @type {string} */ country) =>
          (await get(`${url}/checkout`, { 'x-user': 'u-1', 'x-country': country })).body.checkout;
        assert.deepEqual([await checkout('NO'), await checkout('SE')], ['new', 'old']);
        assert.deepEqual((await get(`${url}/limits`)).body, { items: 10 }, 'there is no such feature yet');

        const admin = server.admin();
        const limits = { kind: 'config', variants: { few: { items: 3 } }, default: 'few' };
        const change = { features: { checkout: { kind: 'gate', ...everyone }, limits }, base_revisions: { checkout: 1 } };
        await admin.applyChange(change);
        await until('the change came through', async () => (await checkout('SE')) === 'new');
        assert.deepEqual((await get(`${url}/limits`)).body, { items: 3 });

        await server.kill();
        assert.equal(await checkout('SE'), 'new');
        const { status, body } = await get(`${url}/readyz`);
        assert.deepEqual([status, body.version > 0], [200, true]);
        await server.restart();

        // A request that is here when the service is told to end is answered.
        const { hostname, port } = new URL(url);
        const slow = socket(Number(port), hostname);
        await once(slow, 'connect');
        slow.write('GET /checkout HTTP/1.1\r\nhost: x\r\nx-user: u-1\r\n');
        await get(`${url}/livez`);
        child.kill('SIGTERM');
        await until('it takes no new request', () =>
          get(`${url}/livez`).then(
            () => false,
            () => true,
          ),
        );
        slow.write('connection: close\r\n\r\n');
        let answer = '';
        for await (const chunk of slow) answer += chunk;
        assert.match(answer, /200 OK[^]*"checkout":"new"/);
        assert.deepEqual(await exit, [0, null], told());
      } finally {
        child.kill('SIGKILL');
      }
    });

    test('it starts without a server, and says that it has nothing to serve', async () => {
      const { url, child, exit } = await start(name, {
        TIDEGATE_CONNECTION: `tidegate+http://tgs_${'0'.repeat(64)}@127.0.0.1:9?environment=prod&key=none`,
      });
      try {
        const { status, body } = await get(`${url}/readyz`);
        assert.deepEqual([status, body.source, body.version], [503, 'defaults', 0]);
        assert.equal((await get(`${url}/checkout`)).body.checkout, 'old');
        child.kill('SIGTERM');
        assert.deepEqual(await exit, [0, null]);
      } finally {
        child.kill('SIGKILL');
      }
    });
  });
}
