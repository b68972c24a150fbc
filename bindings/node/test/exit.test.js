'use strict';
/** The end of a process: with live handles, clients and loads, by every way out; and that nothing of ours keeps one alive. */
const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const { test } = require('node:test');
const { always, document } = require('./support/document.js');

const index = JSON.stringify(require.resolve('tidegate'));
const prelude = `
  const { Engine, connect, watchFile } = require(${index});
  const text = ${JSON.stringify(document(1, { f: always(true) }))};
  const engine = new Engine({ counters: true });
  engine.loadSync(text);
  const kept = [engine.view(), engine.context({ a: 1 }), engine.gate('f'), engine.onUpdate(() => {}), engine.share()];
  const clients = () => [watchFile('/nowhere.json', { log() {}, watchInterval: 10 }),
    connect('tidegate+http://tgs_${'0'.repeat(64)}@127.0.0.1:9?environment=prod&key=none', { log() {}, flushTimeout: 100 })];
`;

/** Runs a script in a process of its own; at most so long. */
function run(body, args = []) {
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [...args, '-e', prelude + body], { encoding: 'utf8', timeout: 60_000 });
  return { status, signal, stdout, stderr };
}

const clean = { status: 0, signal: null, stdout: '', stderr: '' };

for (const [what, body, expected = clean] of [
  ['with live handles', ''],
  ['with live clients, which do not keep it alive', 'clients();'],
  ['with live clients that are listened to', 'for (const c of clients()) { c.on("error", () => {}); c.onEvent(() => {}); c.events().next(); }'],
  ['by process.exit', 'clients(); process.exit(0);'],
  ['by process.exit in a listener', 'const [c] = clients(); c.ref(); c.on("error", () => process.exit(7));', { ...clean, status: 7 }],
  ['with loads under way', 'for (let i = 0; i < 20; i++) engine.load(text).catch(() => {}); process.exit(0);'],
  ['with a load that is awaited', 'engine.load(text).then(() => console.log("loaded"));', { ...clean, stdout: 'loaded\n' }],
  ['with a client that is closing', 'for (const c of clients()) c.close(); process.exit(0);'],
  ['with a client that is disposed of', 'for (const c of clients()) c[Symbol.dispose]();'],
  ['by an exit listener that uses the engine', 'process.on("exit", () => { if (!kept[2].check({})) process.exitCode = 9; });'],
  ['after a close that is awaited keeps it alive', 'const [c] = clients(); c.ref(); setTimeout(() => c.close().then(() => console.log("closed")), 20);', { ...clean, stdout: 'closed\n' }],
  ['by an exception', 'clients(); process.on("uncaughtException", () => process.exit(5)); throw new Error("mine");', { ...clean, status: 5 }],
]) test(`a process ends ${what}`, () => assert.deepEqual(run(body), expected));

test('an error of a client that nobody listens for is a warning', () => {
  const { status, stderr } = run('const c = watchFile("/nowhere.json"); c.ref(); process.on("warning", (w) => { console.log(w.name); process.exit(0); });');
  assert.equal(status, 0);
  assert.match(stderr, /TidegateWarning: a client had an error: TidegateError: error\[TG6111\]/);
});

test('a listener that throws is a warning', () => {
  const { status, stdout } = run('engine.onUpdate(() => { throw new Error("mine"); }); const t = setInterval(() => {}, 9); process.on("warning", (w) => { console.log(w.name, w.message.includes("mine")); clearInterval(t); }); engine.loadSync(text.replace(":1,", ":2,").replace(":1,", ":2,").replace("\\"schema_version\\":2", "\\"schema_version\\":1"));');
  assert.deepEqual([status, stdout], [0, 'TidegateWarning true\n']);
});

test('where code may not be generated from text, objects are read all the same', () => {
  const { status, stdout, stderr } = run(`
    engine.loadSync(JSON.stringify({ schema_version: 1, version: 2, features: { g: { kind: 'gate', rules: [{ id: 'r', if: { all: [
      { attribute: 'a', op: 'eq', value: 'x' }, { attribute: 'b', op: 'contains_any', value: ['y'] }] }, variant: 'on' }] } } }));
    console.log(engine.check('g', { a: 'x', b: ['y'] }), engine.check('g', { a: 'x', b: 'y' }), engine.gate('g').decide({ a: 'x', b: ['y'] }).rule);`,
  ['--disallow-code-generation-from-strings']);
  assert.deepEqual([status, stdout], [0, 'true false r\n'], stderr);
});

test('objects that are forgotten are freed', () => {
  const { status, stdout, stderr } = run(`
    const { native } = require(${index.replace('index.js', 'native.js')});
    const before = native.handles();
    (function () {
      for (let i = 0; i < 500; i++) { const e = new Engine(); e.loadSync(text); e.context({ a: 1 }); e.view(); e.check('f', { a: [1] }); e.evaluateAll({}); e.gate('f'); }
    })();
    if (native.handles()[0] < 500) throw new Error('freed before its time');
    const end = Date.now() + 60000;
    (function again() {
      gc();
      const now = native.handles();
      if (now.every((count, i) => count <= before[i] + 3)) return console.log('freed');
      if (Date.now() > end) { console.log(before, now); return; }
      setTimeout(again, 5);
    })();`, ['--expose-gc']);
  assert.deepEqual([status, stdout], [0, 'freed\n'], stderr);
});
