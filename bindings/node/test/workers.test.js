'use strict';
/** Worker threads: each has the addon and engines of its own, or uses one that another shares; and each may end at any time. */
const assert = require('node:assert/strict');
const { once } = require('node:events');
const { test } = require('node:test');
const { Worker } = require('node:worker_threads');
const { Engine } = require('tidegate');
const { always, document, gate } = require('./support/document.js');

function worker(body, workerData) {
  return new Worker(`
    const { parentPort, workerData } = require('node:worker_threads');
    const { Engine, connect, watchFile } = require(${JSON.stringify(require.resolve('tidegate'))});
    ${body}`, { eval: true, workerData });
}

const text = document(1, { f: gate('a', 'eq', 'x'), on: always(true) });

test('a worker has engines of its own, and ends with live handles', async () => {
  const own = new Engine();
  own.loadSync(text);
  const answers = await Promise.all(Array.from({ length: 4 }, async () => {
    const running = worker(`
      const engine = new Engine({ counters: true });
      engine.loadSync(workerData);
      globalThis.kept = [engine, engine.view(), engine.context({ a: 'x' }), engine.onUpdate(() => {}), watchFile('/nowhere.json', { log() {} })];
      parentPort.postMessage([engine.gate('f').check(kept[2]), engine.check('f', { a: 'y' })]);
    `, text);
    const [[answer], [code]] = await Promise.all([once(running, 'message'), once(running, 'exit')]);
    assert.equal(code, 0);
    return answer;
  }));
  assert.deepEqual(answers, Array(4).fill([true, false]));
  assert.equal(own.check('f', { a: 'x' }), true);
});

test('an engine is shared by its token, and what one loads all serve', async () => {
  const engine = new Engine({ counters: true });
  engine.loadSync(text);
  const token = engine.share();
  assert.equal(engine.share(), token);
  const running = worker(`
    const engine = Engine.shared(workerData);
    const gate = engine.gate('f');
    const seen = [];
    engine.onUpdate(({ version }) => parentPort.postMessage({ version, on: gate.check({ a: 'x' }) }));
    parentPort.on('message', () => { engine.loadSync(JSON.stringify({ schema_version: 1, version: 3, features: {} })); parentPort.close(); });
    parentPort.postMessage({ version: engine.version, on: gate.check({ a: 'x' }) });
  `, token);
  assert.deepEqual((await once(running, 'message'))[0], { version: 1, on: true });
  const told = once(running, 'message');
  engine.loadSync(document(2, { f: always(false) }));
  assert.deepEqual((await told)[0], { version: 2, on: false });
  running.postMessage('end');
  await once(running, 'exit');
  assert.equal(engine.version, 3);
  assert.deepEqual(engine.drainExposures().map(({ feature, variant, count }) => [feature, variant, count]), [['f', 'off', 1], ['f', 'on', 1]]);
  engine.close();
  assert.throws(() => Engine.shared(token), { code: 'TG5011' });
});

test('an engine that a worker shares is gone with the worker', async () => {
  const running = worker('const engine = new Engine(); parentPort.postMessage(engine.share()); parentPort.once("message", () => {});');
  const [token] = (await once(running, 'message'));
  const shared = Engine.shared(token);
  running.postMessage('end');
  await once(running, 'exit');
  assert.throws(() => Engine.shared(token), { code: 'TG5011' });
  shared.loadSync(text);
  assert.equal(shared.check('on', {}), true, 'who has it keeps it');
  shared.close();
});

test('workers are ended in the middle of whatever they do', async () => {
  const bodies = [
    'const e = new Engine(); e.loadSync(workerData); const g = e.gate("f"); parentPort.postMessage(0); for (;;) g.check({ a: "x" });',
    'const e = new Engine(); e.loadSync(workerData); const g = e.gate("f"), c = e.context({ a: "x" }); parentPort.postMessage(0); for (;;) { g.check(c); e.evaluateAll(c); e.view(); e.context({ a: 1 }); }',
    'const e = new Engine(); parentPort.postMessage(0); (function again() { for (let i = 0; i < 50; i++) e.load(workerData.replace(":1,", ":" + (2 + i) + ",")).catch(() => {}); setImmediate(again); })();',
    'const e = new Engine(); e.onUpdate(() => e.loadSync(workerData)); e.loadSync(workerData); parentPort.postMessage(0); setInterval(() => {}, 1);',
    'for (let i = 0; i < 5; i++) { const c = watchFile("/nowhere.json", { watchInterval: 10, log() {} }); c.on("error", () => {}); c.events(); } parentPort.postMessage(0); setInterval(() => {}, 1);',
    'const c = connect("tidegate+http://tgs_' + '0'.repeat(64) + '@127.0.0.1:9?environment=prod&key=none", { log() {}, flushTimeout: 100 }); parentPort.postMessage(0); setInterval(() => c.status(), 0);',
    'const c = watchFile("/nowhere.json", { log() {} }); parentPort.postMessage(0); c.close(); process.exit(0);',
  ];
  for (let round = 0; round < 3; round += 1) {
    await Promise.all(bodies.map(async (body) => {
      const running = worker(body, text);
      const ended = once(running, 'exit');
      await Promise.race([once(running, 'message'), ended]);
      for (let i = 0; i < round * 3; i += 1) await new Promise(setImmediate);
      await running.terminate();
      await ended;
    }));
  }
});

test('many workers come and go, and leave nothing', async () => {
  const { native } = require('../lib/native.js');
  const before = native.handles();
  for (let i = 0; i < 20; i += 1) {
    const running = worker('const e = new Engine(); e.loadSync(workerData); e.context({ a: 1 });', text);
    const [code] = await once(running, 'exit');
    assert.equal(code, 0);
  }
  // Fewer, if what other tests left was collected meanwhile.
  native.handles().forEach((count, kind) => assert.ok(count <= before[kind], `${native.handles()}, before ${before}`));
});
