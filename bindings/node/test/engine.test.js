'use strict';
/** Every function of an engine, as it is meant. */
const assert = require('node:assert/strict');
const { mkdtempSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { describe, mock, test } = require('node:test');
const { Engine, Gate, SEMANTICS, TidegateError, codes, version } = require('tidegate');
const { alive } = require('./support/alive.js');
const { always, config, document, gate } = require('./support/document.js');

const staff = gate('email', 'ends_with', '@corp.example');

function loaded(features, options) {
  const engine = new Engine(options);
  engine.loadSync(document(1, features));
  return engine;
}

describe('deciding', () => {
  test('a gate is checked for a context, an object, by handle and by name', () => {
    const engine = loaded({ checkout: staff });
    const checkout = engine.gate('checkout');
    assert.equal(checkout.name, 'checkout');
    const [ann, bob] = [{ email: 'ann@corp.example' }, { email: 'bob@other.example' }];
    for (const [user, on] of [[ann, true], [bob, false]]) {
      assert.equal(checkout.check(engine.context(user)), on);
      assert.equal(checkout.check(user), on);
      assert.equal(engine.check('checkout', engine.context(user)), on);
      assert.equal(engine.check('checkout', user), on);
      assert.equal(engine.view().check('checkout', user), on);
    }
  });

  test('a decision says value, variant, reason, rule and version, and is frozen', () => {
    const engine = loaded({ checkout: staff });
    const decision = engine.decide('checkout', { email: 'ann@corp.example' });
    assert.deepEqual(decision.toJSON(), {
      feature: 'checkout', value: true, variant: 'on', reason: 'rule', rule: 'r', release: null, phase: null, indirect: false, version: 1,
    });
    assert.equal(JSON.stringify(decision), JSON.stringify(decision.toJSON()));
    assert.deepEqual([decision.isOn, decision.openFeatureReason, decision.openFeatureError], [true, 'TARGETING_MATCH', undefined]);
    assert.ok(Object.isFrozen(decision));
    assert.equal(engine.gate('checkout').decide(engine.context({ email: 'x@corp.example' })), decision, 'equal decisions are one object');
  });

  test('an unknown feature gives the fallback and its reason, and never throws', () => {
    const engine = loaded({});
    const nobody = engine.context();
    for (const context of [nobody, {}]) {
      assert.equal(engine.check('nope', context), false);
      assert.equal(engine.check('nope', context, true), true);
      assert.equal(engine.gate('nope').check(context, true), true);
      assert.equal(engine.view().check('nope', context, true), true);
      for (const decision of [engine.decide('nope', context), engine.gate('nope').decide(context), engine.view().decide('nope', context)]) {
        const { feature, reason, value, openFeatureReason, openFeatureError } = decision;
        assert.deepEqual({ feature, reason, value, openFeatureReason, openFeatureError },
          { feature: 'nope', reason: 'unknown_feature', value: undefined, openFeatureReason: 'ERROR', openFeatureError: 'FLAG_NOT_FOUND' });
      }
      assert.equal(engine.feature('nope').value(context, 7), 7);
    }
  });

  test('a fallback counts only where nothing is served', () => {
    const engine = loaded({ off: always(false), on: always(true) });
    assert.deepEqual([engine.check('off', {}, true), engine.check('on', {}, false), engine.gate('off').check({}, true)], [false, true, false]);
  });

  test('check of a config is false, also if its value is true', () => {
    const engine = loaded({ config: config({ yes: true }) });
    assert.equal(engine.check('config', {}), false);
    assert.equal(engine.check('config', {}, true), false);
    const { isOn, value } = engine.decide('config', {});
    assert.deepEqual([isOn, value], [false, true]);
  });

  test('a handle stays valid over updates, also one of a feature that appears later', () => {
    const engine = new Engine();
    const later = engine.gate('later');
    assert.equal(later.check({}), false);
    engine.loadSync(document(1, { later: always(true) }));
    assert.equal(later.check({}), true);
    engine.loadSync(document(2, {}));
    assert.equal(later.check({}), false);
    engine.loadSync(document(3, { later: gate('a', 'is_set') }));
    assert.deepEqual([later.check({}), later.check({ a: 1 })], [false, true]);
  });

  test('an object is read anew for what another document tests', () => {
    const engine = loaded({ f: gate('a', 'eq', 'x') });
    const f = engine.gate('f');
    const read = [];
    const user = new Proxy({ a: 'x', b: 'y', c: 'z' }, { get: (own, name) => (read.push(name), own[name]) });
    assert.equal(f.check(user), true);
    assert.deepEqual([...new Set(read)], ['a'], 'only what the feature tests is read');
    engine.loadSync(document(2, { f: gate('b', 'eq', 'nope') }));
    // The first time after an update it may begin as before it.
    assert.equal(f.check(user), false);
    read.length = 0;
    assert.equal(f.decide(user).version, 2);
    assert.equal(f.check(user), false);
    assert.deepEqual([...new Set(read)], ['b']);
  });

  test('a check that was taken from its gate is right whatever is served later', () => {
    const clock = { clock: () => 0 };
    for (const engine of [loaded({ f: gate('a', 'eq', 'x') }), loaded({ f: gate('a', 'eq', 'x') }, clock)]) {
      const f = engine.gate('f');
      // One that is told the time is a method like any other.
      const check = Object.hasOwn(f, 'check') ? f.check : (...given) => f.check(...given);
      assert.deepEqual([check({ a: 'x', b: 'y' }), check({ a: 'z', b: 'y' }), check(engine.context({ a: 'x' }))], [true, false, true]);
      assert.throws(() => check(7), { name: 'TidegateTypeError' });
      assert.equal(check({ a: 'x' }, true), true);
      // Other attributes, as many; the same attribute again; more; none.
      for (const [version, served, users] of [
        [2, gate('b', 'eq', 'y'), [[{ a: 'x', b: 'y' }, true], [{ a: 'y', b: 'x' }, false]]],
        [3, gate('b', 'eq', 'z'), [[{ a: 'x', b: 'y' }, false], [{ a: 'y', b: 'z' }, true]]],
        [4, { kind: 'gate', rules: [{ id: 'r', if: { all: [{ attribute: 'c', op: 'is_set' }, { attribute: 'a', op: 'eq', value: 'x' }] }, variant: 'on' }] }, [[{ a: 'x', b: 'y' }, false], [{ a: 'x', c: 1 }, true]]],
        [5, always(true), [[{}, true]]],
      ]) {
        engine.loadSync(document(version, { f: served }));
        for (const [user, on] of users) for (let i = 0; i < 3; i += 1) assert.deepEqual([check(user), engine.gate('f').check(user), engine.check('f', user), check(engine.context(user))], Array(4).fill(on), `${version}`);
      }
      engine.loadSync(document(6, {}));
      assert.deepEqual([check({}), check({}, true)], [false, true]);
      engine.close();
      assert.throws(() => check({}), { code: 'TG5011' });
    }
  });

  test('a check keeps its function while its gate reads the same', () => {
    const engine = loaded({ f: gate('a', 'eq', 'x') });
    const f = engine.gate('f');
    const { check } = f;
    engine.loadSync(document(2, { f: gate('a', 'eq', 'y') }));
    assert.deepEqual([f.check({ a: 'x' }), f.check({ a: 'y' }), f.check === check], [false, true, true]);
    engine.loadSync(document(3, { f: gate('b', 'eq', 'y') }));
    assert.deepEqual([f.check({ b: 'y' }), f.check === check], [true, false]);
  });

  test('two engines and their gates do not meet in the registers, also where a getter checks another gate', () => {
    const [one, other] = [loaded({ f: gate('a', 'eq', 'x') }), loaded({ g: gate('b', 'eq', 'x') })];
    const [f, g, x] = [one.gate('f'), other.gate('g'), other.context({ b: 'x' })];
    const user = { get a() { return g.check(x) && g.check({ b: 'x' }) && !g.check({}) ? 'x' : 'wrong'; } };
    assert.deepEqual([f.check(user), one.check('f', user), one.decide('f', user).isOn], [true, true, true]);
  });

  test('a test may put a function of its own in the place of a check', () => {
    const engine = loaded({ f: always(false) });
    const f = engine.gate('f');
    f.check = () => true;
    engine.loadSync(document(2, { f: gate('a', 'is_set') }));
    assert.deepEqual([f.check({}), engine.gate('f').check({}), engine.check('f', {})], [true, true, false]);
    delete f.check;
    assert.equal(f.check({}), false);
    const double = mock.method(f, 'check', () => true);
    assert.deepEqual([f.check({}), double.mock.callCount()], [true, 1]);
    double.mock.restore();
    assert.deepEqual([f.check({}), f.check({ a: 1 }), engine.gate('f') === f], [false, true, true]);
    assert.equal(typeof Gate.prototype.check, 'function');
    assert.equal(Gate.prototype.check.call(f, { a: 1 }), true);
  });

  test('an object of more attributes than are handed over is decided by one document', () => {
    const all = (version) => document(version, { f: { kind: 'gate', rules: [{ id: 'r', if: { all: [...Array(20).keys()].map((i) => ({ attribute: `a${version}_${i}`, op: 'eq', value: i })) }, variant: 'on' }] } });
    const engine = new Engine();
    engine.loadSync(all(1));
    const user = Object.fromEntries([1, 2].flatMap((version) => [...Array(20).keys()].map((i) => [`a${version}_${i}`, i])));
    let loads = 0;
    Object.defineProperty(user, 'a1_7', { get: () => ((loads += 1) === 1 && engine.loadSync(all(2)), 7) });
    assert.deepEqual([engine.gate('f').check(user), loads, engine.decide('f', user).version], [true, 1, 2]);
  });

  test('a gate of an engine that was closed long ago never answers for another one', () => {
    const old = loaded({ f: gate('a', 'eq', 'x') });
    const f = old.gate('f');
    const { check } = f;
    assert.equal(check({ a: 'x' }), true);
    old.close();
    for (let i = 0; i < 1100; i += 1) {
      const engine = loaded({ f: always(true) });
      for (const call of [() => check({}), () => f.check({}), () => f.decide({}), () => old.gate('f')]) assert.throws(call, { code: 'TG5011' });
      assert.equal(engine.gate('f').check({}), true);
      engine.close();
    }
  });

  test('typed reads give the fallback for another type', () => {
    const engine = loaded({
      yes: config({ v: true }), int: config({ v: 3 }), float: config({ v: 2.5 }), text: config({ v: 'hé' }),
      big: config({ v: { a: [1, { b: null }] } }), nothing: config({ v: null }),
    });
    const read = (name) => engine.feature(name);
    assert.deepEqual([read('yes').bool({}), read('int').bool({}, 'x')], [true, 'x']);
    assert.deepEqual([read('int').int({}), read('float').int({}, 9), read('int').float({}), read('float').float({})], [3, 9, 3, 2.5]);
    assert.deepEqual([read('text').str({}), read('int').str({}, 'd'), read('yes').str({})], ['hé', 'd', undefined]);
    assert.deepEqual([read('big').value({}), read('nothing').value({}, 'd')], [{ a: [1, { b: null }] }, null]);
    assert.ok(Object.isFrozen(read('big').value({}).a[1]), 'nobody changes what others get');
  });

  test('an integer that no number holds is exact as text', () => {
    const engine = new Engine();
    engine.loadSync('{"schema_version":1,"version":1,"features":{"f":{"kind":"config","variants":{"v":{"id":9007199254740993}},"default":"v"}}}');
    assert.equal(engine.decide('f', {}).valueText, '{"id":9007199254740993}');
    assert.equal(engine.decide('none', {}).valueText, undefined);
  });

  test('all features at once are those of one version, by name', () => {
    const engine = loaded({ b: always(true), a: staff, __proto__: undefined, ['__proto__']: always(true) });
    const user = { email: 'ann@corp.example' };
    for (const all of [engine.evaluateAll(user), engine.evaluateAll(engine.context(user)), engine.view().evaluateAll(user)]) {
      assert.equal(all.size, 3);
      assert.deepEqual([...all.keys()], ['__proto__', 'a', 'b']);
      assert.deepEqual([...all.values()].map(({ isOn }) => isOn), [true, true, true]);
      assert.equal(all.get('a'), engine.decide('a', user));
      assert.deepEqual([all.has('a'), all.has('c'), all.get('c')], [true, false, undefined]);
      assert.equal(new Map(all).size, 3);
      assert.equal(Object.keys(JSON.parse(JSON.stringify(all))).length, 3);
      let seen = 0;
      all.forEach((decision, name) => (seen += decision.feature === name));
      assert.equal(seen, 3);
    }
    engine.loadSync(document(2, { c: always(false) }));
    assert.deepEqual([...engine.evaluateAll({}).keys()], ['c']);
  });

  test('a feature that tests more attributes than are handed over one by one', () => {
    const names = Array.from({ length: 40 }, (_, i) => `attribute_${i}`);
    const engine = loaded({ f: { kind: 'gate', rules: [{ id: 'r', if: { all: names.map((attribute) => ({ attribute, op: 'eq', value: 'x' })) }, variant: 'on' }] } });
    const all = Object.fromEntries(names.map((name) => [name, 'x']));
    assert.equal(engine.gate('f').check(all), true);
    assert.equal(engine.gate('f').check({ ...all, attribute_39: 'y' }), false);
  });
});

describe('views', () => {
  test('a view keeps its version over updates', () => {
    const engine = loaded({ f: always(true), g: gate('a', 'eq', 'x') });
    const view = engine.view();
    engine.loadSync(document(2, { f: always(false), new: always(true) }));
    const gone = engine.gate('named-after-the-view');
    assert.deepEqual([view.version, view.check('f', {}), engine.check('f', {})], [1, true, false]);
    assert.deepEqual([view.decide('f', {}).version, engine.decide('f', {}).version], [1, 2]);
    assert.deepEqual([view.check('g', { a: 'x' }), view.check('new', {})], [true, false]);
    assert.equal(view.decide(gone.name, {}).feature, gone.name);
    assert.deepEqual([...view.evaluateAll({}).keys()], ['f', 'g']);
    assert.equal(view.decide('f', {}), view.evaluateAll({}).get('f'));
    view[Symbol.dispose]();
    view[Symbol.dispose]();
    assert.throws(() => view.check('f', {}), { code: 'TG5011' });
  });

  test('a view keeps its instant', () => {
    let now = 1000;
    const engine = new Engine({ clock: () => now });
    engine.loadSync(document(1, { f: { kind: 'gate', rules: [{ id: 'r', if: { time: { from: 1500, to: 2500 } }, variant: 'on' }] } }));
    const early = engine.view();
    assert.deepEqual([early.now, early.check('f', {}), engine.check('f', {})], [1000, false, false]);
    now = 2000;
    assert.deepEqual([early.check('f', {}), engine.check('f', {}), engine.decide('f', {}).isOn, engine.view().check('f', {})], [false, true, true, true]);
    assert.equal(engine.evaluateAll({}).get('f').isOn, true);
    assert.equal(engine.gate('f').check(engine.context()), true);
  });
});

describe('documents', () => {
  test('a load says what it did', async () => {
    const engine = new Engine();
    assert.equal(engine.version, 0);
    assert.deepEqual(engine.loadSync(document(1, { a: always(true) })), { from: 0, version: 1, changed: ['a'], recompiled: 1, diagnostics: [], isolated: [] });
    const update = await engine.load(Buffer.from(document(2, { a: always(true), b: always(true) })));
    assert.deepEqual([update.from, update.version, update.changed], [1, 2, ['b']]);
    assert.equal(engine.version, 2);
    assert.equal(engine.check('b', {}), true);
    const { version: served, features, memoryBytes } = engine.snapshot();
    assert.deepEqual([served, features, memoryBytes > 0], [2, 2, true]);
    assert.deepEqual(engine.features(), ['a', 'b']);
  });

  test('bytes of every kind are taken', () => {
    const text = document(1, { a: always(true) });
    const bytes = new TextEncoder().encode(text);
    const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
    shared.set(bytes);
    const part = Buffer.from(`  ${text}`).subarray(2);
    for (const given of [text, bytes, bytes.buffer, Buffer.from(text), part, shared]) {
      const engine = new Engine();
      assert.equal(engine.loadSync(given).version, 1);
    }
  });

  test('what is done to the bytes during a load is not seen', async () => {
    const engine = new Engine();
    const bytes = Buffer.from(document(1, { a: always(true) }));
    const loading = engine.load(bytes);
    bytes.fill(0);
    assert.equal((await loading).version, 1);
  });

  test('a refused document throws with all diagnostics, and the old one is served on', async () => {
    const engine = new Engine({ mode: 'strict' });
    engine.loadSync(document(1, { a: always(true) }));
    const bad = document(2, { a: always(false), b: { kind: 'gate', default: 'nope' }, c: gate('x', 'no_such_operator', 1) });
    for (const load of [async () => engine.loadSync(bad), () => engine.load(bad)]) {
      await assert.rejects(load, (error) => {
        assert.ok(error instanceof TidegateError && error instanceof Error);
        assert.equal(error.name, 'TidegateError');
        assert.equal(error.diagnostics.length >= 2, true);
        assert.ok(error.diagnostics.every(({ code, pointer, severity, message }) => codes[code] && pointer.startsWith('/') && severity && message));
        assert.deepEqual([error.code, error.pointer], [error.diagnostics[0].code, error.diagnostics[0].pointer]);
        assert.equal(error.family, 2);
        assert.match(error.message, /^error\[TG2\d{3}\] at \//);
        return true;
      });
    }
    assert.deepEqual([engine.version, engine.check('a', {})], [1, true]);
  });

  test('expected, found and hint are told apart', () => {
    const engine = new Engine({ mode: 'strict' });
    const bad = document(1, { b: { kind: 'gaet' } });
    assert.throws(() => engine.loadSync(bad), ({ code, pointer, expected, found, hint }) => {
      assert.deepEqual([code, pointer], ['TG2005', '/features/b/kind']);
      assert.ok(expected.length > 0 && found.includes('gaet') && hint.includes('gate'), `${expected} | ${found} | ${hint}`);
      return true;
    });
  });

  test('a lenient engine isolates what is invalid', () => {
    const engine = new Engine();
    const update = engine.loadSync(document(1, { good: always(true), bad: { kind: 'gate', default: 'nope' } }));
    assert.deepEqual(update.isolated, ['bad']);
    assert.equal(update.diagnostics[0].pointer, '/features/bad/default');
    assert.deepEqual([engine.check('good', {}), engine.decide('bad', {}).reason], [true, 'invalid_definition']);
  });

  test('an older document is refused', () => {
    const engine = new Engine();
    engine.loadSync(document(5));
    assert.throws(() => engine.loadSync(document(4)), { code: 'TG5003' });
  });

  test('deltas are applied to their base', async () => {
    const engine = loaded({ a: always(false), b: always(true) });
    const update = engine.applyDeltaSync(JSON.stringify({ schema_version: 1, from: 1, version: 2, features: { a: always(true), b: null } }));
    assert.deepEqual([update.from, update.version, update.changed], [1, 2, ['a', 'b']]);
    assert.deepEqual([engine.check('a', {}), engine.decide('b', {}).reason], [true, 'unknown_feature']);
    await assert.rejects(engine.applyDelta(JSON.stringify({ schema_version: 1, from: 1, version: 3, features: {} })), { code: 'TG5005' });
    assert.equal((await engine.applyDelta(JSON.stringify({ schema_version: 1, from: 2, version: 3, features: { a: null } }))).version, 3);
  });

  test('a file is loaded', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'tidegate-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'flags.json');
    await assert.rejects(Engine.fromFile(file), (error) => error instanceof TidegateError && error.code === 'TG6111' && error.cause.code === 'ENOENT');
    assert.throws(() => Engine.fromFileSync(file), { code: 'TG6111' });
    writeFileSync(file, document(1, { a: gate('region', 'eq', 'eu') }));
    const options = { process: { region: 'eu' } };
    assert.equal((await Engine.fromFile(file, options)).check('a', {}), true);
    assert.equal(Engine.fromFileSync(file).check('a', {}), false);
  });

  test('process attributes are fixed, and of any JSON type', () => {
    const features = { text: gate('region', 'eq', 'eu'), number: gate('shard', 'gt', 2), list: gate('roles', 'contains_any', ['web']), big: gate('id', 'eq', 'x') };
    const engine = new Engine({ process: { region: 'eu', shard: 3, roles: ['web', 'api'], id: 10n } });
    engine.loadSync(document(1, features));
    for (const name of ['text', 'number', 'list']) assert.equal(engine.check(name, { region: 'us', shard: 0, roles: [] }), true, name);
  });
});

describe('updates', () => {
  test('listeners are told until they are closed, and one that throws is logged', async () => {
    const logged = [];
    const engine = new Engine({ log: (...told) => logged.push(told) });
    const seen = [];
    const first = engine.onUpdate(() => { throw new Error('mine'); });
    const later = engine.onUpdate(async () => { throw new Error('later'); });
    let done;
    const both = new Promise((resolve) => (done = resolve));
    const second = engine.onUpdate((update) => {
      seen.push(update.version);
      if (update.version === 2) done();
    });
    engine.loadSync(document(1));
    await engine.load(document(2));
    await alive(both);
    await new Promise(setImmediate);
    assert.deepEqual(seen, [1, 2]);
    assert.deepEqual(logged.map(([level, , error]) => [level, error.message]).sort(), [['error', 'later'], ['error', 'later'], ['error', 'mine'], ['error', 'mine']]);
    for (const subscription of [first, second, later]) subscription.close();
    second.close();
    const other = new Promise((resolve) => engine.onUpdate(resolve));
    engine.loadSync(document(3));
    assert.equal((await alive(other)).version, 3);
    assert.deepEqual(seen, [1, 2]);
    engine.close();
  });

  test('a log that throws is ignored', async () => {
    const engine = new Engine({ log: () => { throw new Error('no log'); } });
    const told = new Promise((resolve) => {
      engine.onUpdate(() => { throw new Error('mine'); });
      engine.onUpdate(resolve);
    });
    engine.loadSync(document(1));
    await alive(told);
    engine.close();
  });
});

describe('overrides, counters, why', () => {
  test('overrides are served before all else, until cleared', () => {
    const engine = loaded({ f: always(false), theme: config({ light: 'l', dark: 'd' }) });
    const f = engine.gate('f');
    engine.setOverride('f', { value: true, unit: 'user_id', id: 'u-1' });
    assert.deepEqual([f.check({ user_id: 'u-1' }), f.check({ user_id: 'u-2' }), f.check({}), f.check(engine.context({ user_id: 'u-1' }))], [true, false, false, true]);
    engine.setOverride('theme', { variant: 'dark' });
    engine.setOverride('other', { value: { a: [1] } });
    assert.deepEqual(engine.overridden(), ['f', 'other', 'theme']);
    assert.deepEqual([engine.decide('theme', {}).value, engine.decide('theme', {}).reason], ['d', 'override']);
    assert.deepEqual(engine.decide('other', {}).value, { a: [1] });
    engine.clearOverride('f');
    assert.equal(f.check({ user_id: 'u-1' }), false);
    engine.clearOverrides();
    assert.deepEqual([engine.overridden(), engine.decide('theme', {}).value], [[], 'l']);
    assert.throws(() => engine.setOverride('theme', { variant: 'pink' }), { code: 'TG5004' });
    engine.setOverride('f', { value: null });
    assert.equal(engine.decide('f', {}).value, null);
  });

  test('exposures are counted by variant', () => {
    const engine = loaded({ f: gate('a', 'is_set') }, { counters: true });
    const f = engine.gate('f');
    for (let i = 0; i < 5; i += 1) f.check({});
    f.check(engine.context({ a: 1 }));
    f.decide({ a: 1 });
    engine.view().check('f', { a: 1 });
    engine.evaluateAll({ a: [1] });
    assert.deepEqual(engine.drainExposures(), [{ feature: 'f', variant: 'off', count: 5 }, { feature: 'f', variant: 'on', count: 4 }]);
    assert.deepEqual(engine.drainExposures(), []);
    assert.deepEqual(loaded({ f: always(true) }).drainExposures(), []);
  });

  test('a release and its phase are named', () => {
    const on = { kind: 'gate', default: 'on' };
    const engine = new Engine({ counters: true });
    engine.loadSync(document(1, { f: always(false) }, {
      releases: [{ id: 'r-1', features: { f: { candidate: on } }, phases: [{ id: 'canary', live: true, target: [{ if: { attribute: 'country', op: 'eq', value: 'NZ' } }] }] }],
    }));
    const decision = engine.decide('f', { country: 'NZ' });
    if (decision.release !== undefined) {
      assert.deepEqual([decision.isOn, decision.release, decision.phase], [true, 'r-1', 'canary']);
      assert.deepEqual(engine.drainExposures(), [{ feature: 'f', variant: 'on', release: 'r-1', phase: 'canary', count: 1 }]);
    } else assert.fail(JSON.stringify([decision, engine.listing()]));
  });

  test('a trace says why, for a context and for an object', () => {
    const engine = loaded({ f: staff }, { keepSource: true });
    for (const context of [engine.context({ email: 'ann@corp.example' }), { email: 'ann@corp.example', seats: 3n, since: new Date(0) }]) {
      const trace = engine.trace('f', context);
      assert.deepEqual([trace.check, trace.decision.rule], [true, 'r']);
      assert.match(engine.explain('f', context), /f = true \(variant `on`\) because rule `r` matched/);
    }
    assert.throws(() => loaded({ f: staff }).trace('f', {}), { code: 'TG5002' });
    assert.match(engine.listing('f'), /email ends with/);
    assert.equal(engine.listing('nope'), undefined);
    assert.match(engine.listing(), /feature f/);
  });

  test('versions', () => {
    assert.equal(version, require('../package.json').version);
    assert.equal(SEMANTICS, 1);
    assert.equal(codes.TG2003, "a variant is not one of the feature's");
    assert.throws(() => { codes.TG2003 = ''; }, TypeError);
  });
});
