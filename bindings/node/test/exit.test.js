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

const [openfeature, otel, admin] = ['openfeature', 'otel', 'admin'].map((name) => JSON.stringify(require.resolve(`tidegate/${name}`)));
const rejects = 'async () => { throw new Error("mine"); }';
const next = 'engine.loadSync(text.replace("\\"version\\":1", "\\"version\\":2"));';

// What it says stands in stdout; a warning, where it is told to nobody else, in stderr.
for (const [what, body, { stdout = '', warns = false }] of [
  ['log', `const e = new Engine({ log: ${rejects} }); e.onUpdate(() => { throw new Error("told"); }); e.loadSync(text); setTimeout(() => {}, 50);`, {}],
  ['log of a client', `const c = watchFile("/nowhere.json", { watchInterval: 10, log: ${rejects} }); c.ref(); setTimeout(() => c.close(), 100);`, {}],
  ['clock', `try { new Engine({ clock: ${rejects} }).check("f", {}); console.log("none"); new Engine({ clock: ${rejects} }).view(); } catch (error) { console.log(error.field); }`, { stdout: 'none\nclock\n' }],
  ['listener of updates', `engine.onUpdate(${rejects}); ${next} setTimeout(() => {}, 50);`, { warns: true }],
  ['listener of events', `const c = watchFile("/nowhere.json", { watchInterval: 10 }); c.ref(); c.onEvent(${rejects}); setTimeout(() => c.close(), 100);`, { warns: true }],
  ['listener of errors', `const c = watchFile("/nowhere.json", { watchInterval: 10 }); c.ref(); c.on("error", ${rejects}); setTimeout(() => c.close(), 100);`, { warns: true }],
  ['onTrack', `const { TidegateProvider } = require(${openfeature}); new TidegateProvider(engine, { onTrack: ${rejects} }).track("bought", {});`, { warns: true }],
  ['onTrack, where there is a log', `const { TidegateProvider } = require(${openfeature});
    const log = (level, message, error) => console.log(level, error.message);
    new TidegateProvider("a connection", { onTrack: ${rejects}, connect: { log } }).track("bought", {});`, { stdout: 'error mine\n' }],
  ['hook', `const { OpenFeature } = require("@openfeature/server-sdk"); const { TidegateProvider } = require(${openfeature});
    const hook = { before: ${rejects}, error: ${rejects}, finally: ${rejects} };
    const provider = new TidegateProvider(engine, { hooks: [hook] });
    OpenFeature.setLogger({ error() {}, warn() {}, info() {}, debug() {} });
    OpenFeature.setProviderAndWait(provider).then(() => OpenFeature.getClient().getBooleanValue("f", false)).then(console.log);`, { stdout: 'false\n' }],
  ['span', `require(${otel}).record(engine.decide("f", {}), { span: { isRecording: () => true, addEvent: ${rejects} } });`, { warns: true }],
  ['fetch', `new (require(${admin}).Admin)("http://127.0.0.1:9", "t", { retries: 0, fetch: ${rejects} }).showMe().catch(({ code }) => console.log(code));`, { stdout: 'unreachable\n' }],
  ['source of tokens', `new (require(${admin}).Admin)("http://127.0.0.1:9", ${rejects}).showMe().catch(({ message }) => console.log(message));`, { stdout: 'mine\n' }],
]) test(`a ${what} that rejects does not end the process`, () => {
  const { stderr, ...ended } = run(body);
  assert.deepEqual(ended, { status: 0, signal: null, stdout }, stderr);
  if (warns) assert.match(stderr, /TidegateWarning: .*mine/);
  else assert.equal(stderr, '');
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
