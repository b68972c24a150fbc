'use strict';
/** What a host may do wrong: each is an error with a code and the field, and never more. */
const assert = require('node:assert/strict');
const { describe, test } = require('node:test');
const { Context, Engine, TidegateError, TidegateTypeError, View, connect, watchFile } = require('tidegate');
const { ANSWER, GATE, UNKNOWN, check, decide, native, registers } = require('../lib/native.js');
const { always, document, gate } = require('./support/document.js');

const engine = new Engine();
engine.loadSync(document(1, { f: gate('a', 'eq', 'x'), on: always(true) }));
const f = engine.gate('f');

/** A `TidegateTypeError` of this field. */
function wrong(field) {
  return (error) => {
    assert.ok(error instanceof TidegateTypeError && error instanceof TypeError, String(error));
    assert.deepEqual([error.name, error.code, error.field], ['TidegateTypeError', 'TG5010', field]);
    assert.ok(error.expected?.length > 0 && error.found?.length > 0, error.message);
    return true;
  };
}

describe('arguments of another type', () => {
  const contexts = [undefined, null, 'u-1', 5, 5n, true, Symbol('s'), () => {}];
  for (const given of contexts) {
    test(`a context that is ${typeof given} ${String(given)}`, () => {
      for (const call of [
        () => f.check(given), () => f.check(given, true), () => f.decide(given), () => engine.check('f', given), () => engine.check('nope', given),
        () => engine.decide('f', given), () => engine.decide('nope', given), () => engine.evaluateAll(given), () => engine.view().check('f', given),
        () => engine.view().evaluateAll(given), () => engine.trace('f', given), () => engine.explain('f', given), () => engine.feature('f').value(given, 1),
      ]) assert.throws(call, wrong('context'));
      if (given !== undefined) assert.throws(() => engine.context(given), wrong('attributes'));
    });
  }

  test('names that are no strings', () => {
    for (const name of [undefined, null, 5, {}, ['f'], Symbol('f')]) {
      for (const call of [() => engine.gate(name), () => engine.feature(name), () => engine.check(name, {}), () => engine.decide(name, {}), () => engine.view().decide(name, {})]) {
        assert.throws(call, wrong('name'));
      }
      assert.throws(() => engine.context().set(name, 1), wrong('name'));
      for (const call of [() => engine.setOverride(name, { variant: 'on' }), () => engine.clearOverride(name), () => engine.trace(name, {})]) {
        assert.throws(call, wrong('feature'));
      }
    }
    assert.throws(() => engine.listing(5), wrong('feature'));
  });

  test('fallbacks of gates that are no booleans', () => {
    for (const fallback of ['yes', 1, null, {}]) {
      for (const call of [() => f.check({}, fallback), () => engine.check('f', {}, fallback), () => engine.check('nope', {}, fallback), () => engine.view().check('f', {}, fallback)]) {
        assert.throws(call, wrong('fallback'));
      }
    }
  });

  test('documents that are neither text nor bytes', async () => {
    for (const given of [undefined, null, 5, {}, [1], new Date()]) {
      assert.throws(() => engine.loadSync(given), wrong('document'));
      assert.throws(() => engine.applyDeltaSync(given), wrong('delta'));
      await assert.rejects(engine.load(given), wrong('document'));
      await assert.rejects(engine.applyDelta(given), wrong('delta'));
    }
  });

  test('options', () => {
    assert.throws(() => new Engine(null), wrong('options'));
    assert.throws(() => new Engine('strict'), wrong('options'));
    assert.throws(() => new Engine({ mode: 'loose' }), wrong('mode'));
    assert.throws(() => new Engine({ counters: 1 }), wrong('counters'));
    assert.throws(() => new Engine({ clock: 5 }), wrong('clock'));
    assert.throws(() => new Engine({ log: 'yes' }), wrong('log'));
    assert.throws(() => new Engine({ process: 'prod' }), wrong('process'));
    assert.throws(() => new Engine({ process: { environment: () => {} } }), TidegateTypeError);
    assert.throws(() => new Engine({ modes: 'strict' }), wrong('options'));
    assert.throws(() => connect(5), wrong('connection'));
    assert.throws(() => watchFile(5), wrong('path'));
    assert.throws(() => watchFile('x', { pollInterval: -1 }), wrong('pollInterval'));
    assert.throws(() => watchFile('x', { proxy: 5 }), wrong('proxy'));
    assert.throws(() => watchFile('x', { rootCertificates: 'pem' }), wrong('rootCertificates'));
    assert.throws(() => watchFile('x', { bootstrap: 5 }), wrong('bootstrap'));
    assert.throws(() => connect('http://example.invalid'), (error) => error instanceof TidegateError && error.code === 'TG6019');
    assert.throws(() => Engine.shared('x'), wrong('token'));
    assert.throws(() => Engine.shared(123456), { code: 'TG5011' });
  });

  test('overrides', () => {
    assert.throws(() => engine.setOverride('f'), wrong('override'));
    assert.throws(() => engine.setOverride('f', { variant: 5 }), wrong('variant'));
    for (const given of [{}, { variant: 'on', value: 1 }, { variant: 'on', unit: 'a' }, { variant: 'on', id: 'a' }]) {
      assert.throws(() => engine.setOverride('f', given), { name: 'TidegateTypeError', field: 'override' });
    }
    assert.deepEqual(engine.overridden(), []);
  });

  test('listeners', () => {
    for (const listener of [undefined, 'x', {}]) assert.throws(() => engine.onUpdate(listener), wrong('listener'));
  });

  test('values of attributes that are functions or symbols', () => {
    for (const value of [() => {}, Symbol('s'), class {}]) {
      assert.throws(() => engine.context({ a: value }), wrong('a'));
      assert.throws(() => engine.context().set('a', value), wrong('a'));
      assert.throws(() => f.check({ a: value }), wrong('a'));
      assert.throws(() => f.decide({ a: value }), wrong('a'));
      assert.throws(() => engine.evaluateAll({ a: value }), wrong('a'));
      assert.throws(() => engine.context().set('a', [value]), wrong('a'));
    }
    assert.equal(f.check({ a: 'x', other: () => {} }), true, 'what is not tested is not looked at');
  });

  test('JSON that is none', () => {
    for (const text of ['', '{', '[1]', '5', '"x"', 'null', '{"a":1e400}', '{"a":"\\ud800"}']) {
      assert.throws(() => engine.contextFromJson(text), { name: 'TidegateTypeError', code: 'TG5010', field: 'json' });
    }
    assert.throws(() => engine.contextFromJson({}), wrong('json'));
  });

  test('classes are made by an engine', () => {
    assert.throws(() => new Context(), Error);
    assert.throws(() => new View(), Error);
  });
});

describe('what is closed', () => {
  test('an engine', async () => {
    const own = new Engine();
    own.loadSync(document(1, { f: gate('a', 'eq', 'x') }));
    const [handle, context, view] = [own.gate('f'), own.context({ a: 'x' }), own.view()];
    handle.check({ a: 'x' });
    assert.equal(own.isClosed, false);
    own.close();
    own.close();
    own[Symbol.dispose]();
    assert.equal(own.isClosed, true);
    for (const call of [
      () => own.version, () => own.gate('f'), () => own.gate('g'), () => own.check('f', {}), () => own.check('f', context), () => own.check('nope', {}), () => own.decide('f', {}),
      () => own.context(), () => own.view(), () => own.loadSync(document(2)), () => own.features(), () => own.snapshot(), () => own.share(), () => own.overridden(),
      () => own.evaluateAll({}), () => own.evaluateAll(context), () => own.drainExposures(), () => own.trace('f', {}), () => own.onUpdate(() => {}), () => own.clearOverrides(),
      () => handle.check({}), () => handle.check({ a: 'x' }), () => handle.check(context), () => handle.decide(context), () => handle.decide({ a: 'x' }), () => context.set('new', 1),
    ]) assert.throws(call, { name: 'TidegateError', code: 'TG5011' }, String(call));
    await assert.rejects(own.load(document(2)), { code: 'TG5011' });
    assert.equal(view.version, 1);
    context[Symbol.dispose]();
    view[Symbol.dispose]();
  });

  test('an engine that is closed during a load', async () => {
    const own = new Engine();
    const loading = own.load(document(1));
    own.close();
    assert.equal((await loading).version, 1);
  });

  test('a context', () => {
    const context = engine.context({ a: 'x' });
    assert.equal(f.check(context), true);
    context[Symbol.dispose]();
    context[Symbol.dispose]();
    for (const call of [
      () => f.check(context), () => f.decide(context), () => engine.check('f', context), () => engine.evaluateAll(context), () => engine.view().check('f', context),
      () => engine.view().evaluateAll(context), () => engine.trace('f', context), () => context.set('a', 1), () => context.set('a', [1]), () => context.clear(), () => context.assignJson('{}'),
    ]) assert.throws(call, { name: 'TidegateError', code: 'TG5011' }, String(call));
  });

  test('a context of another engine', () => {
    const other = new Engine({ keepSource: true });
    other.loadSync(document(1, { f: gate('b', 'eq', 'x') }));
    const foreign = other.context({ b: 'x' });
    for (const call of [
      () => f.check(foreign), () => f.decide(foreign), () => engine.check('f', foreign), () => engine.evaluateAll(foreign), () => engine.view().check('f', foreign),
      () => engine.view().evaluateAll(foreign), () => engine.trace('f', foreign),
    ]) assert.throws(call, { name: 'TidegateError', code: 'TG5012' }, String(call));
  });
});

test('a stale handle finds nothing, whoever has its place now', () => {
  const own = new Engine();
  const handle = native.engineShared(own.share());
  const gateHandle = native.gateNew(handle, 'f');
  const first = native.contextNew(handle);
  native.contextFree(first);
  const seen = new Set([first]);
  for (let i = 0; i < 1022; i += 1) {
    const next = native.contextNew(handle);
    assert.ok(!seen.has(next), 'a handle is given again');
    seen.add(next);
    assert.equal(check(gateHandle, first), UNKNOWN);
    assert.equal(native.contextSet(first, 0, 'x'), undefined);
    native.contextFree(next);
    native.contextFree(next);
  }
  // A register takes any of them as an integer, but for the last two.
  const junk = [0, -1, 1, 2 ** 31 - 1, -(2 ** 31), 2 ** 40, NaN, Infinity, 0.5, '1', null, undefined, {}];
  for (const a of junk) {
    for (const b of junk) {
      for (const hot of [check, decide]) assert.equal(hot(a, b), UNKNOWN);
      for (const hot of [native.checkRead4, native.decideRead4]) {
        [registers[GATE], registers[ANSWER]] = [a, 1];
        assert.equal(hot(a, b), undefined);
        assert.equal(registers[ANSWER], UNKNOWN);
      }
      registers[ANSWER] = 1;
      native.viewDecide(a, b, a, b);
      assert.equal(registers[ANSWER], UNKNOWN);
      for (const hot of [native.contextSet, native.evaluateAll, native.viewEvaluateAll]) assert.equal(hot(a, b, a, b), undefined);
    }
  }
  native.engineClose(handle);
  assert.equal(check(gateHandle, first), UNKNOWN);
  own.close();
});

describe('callbacks of the host', () => {
  test('a getter that throws is heard by the caller, and the engine works on', () => {
    const mine = new Error('mine');
    const user = { get a() { throw mine; } };
    for (const call of [() => f.check(user), () => f.decide(user), () => engine.check('f', user), () => engine.evaluateAll(user), () => engine.view().check('f', user), () => engine.context(user)]) {
      assert.throws(call, mine);
    }
    assert.equal(f.check({ a: 'x' }), true);
  });

  test('a getter may use, and even close, the engine', () => {
    const own = new Engine();
    own.loadSync(document(1, { f: gate('a', 'eq', 'x'), g: gate('b', 'contains_any', ['x']) }));
    const inner = own.gate('g');
    const reentrant = { get a() { return inner.check({ b: ['x'] }) ? 'x' : 'y'; }, get b() { return [own.check('f', { a: 'x' }) ? 'x' : 'y']; } };
    assert.equal(own.check('f', reentrant), true);
    assert.equal(own.check('g', reentrant), true);
    assert.deepEqual([...own.evaluateAll(reentrant).values()].map(({ isOn }) => isOn), [true, true]);
    let version = 1;
    const loading = { get a() { own.loadSync(document((version += 1), { f: gate('a', 'eq', `${version}`) })); return `${version}`; } };
    assert.equal(own.check('f', loading), true, 'it decides by a document that is not older than what was read');
    const closing = { get a() { own.close(); return 'x'; } };
    assert.throws(() => own.check('f', closing), { code: 'TG5011' });
  });

  test('a Proxy that lies', () => {
    const traps = { get: () => { throw new RangeError('no'); }, has: () => { throw new RangeError('no'); }, ownKeys: () => { throw new RangeError('no'); } };
    for (const call of [() => f.check(new Proxy({}, traps)), () => engine.context(new Proxy({}, traps)), () => engine.evaluateAll(new Proxy({}, traps))]) {
      assert.throws(call, RangeError);
    }
    const { proxy, revoke } = Proxy.revocable({ a: 'x' }, {});
    assert.equal(f.check(proxy), true);
    revoke();
    assert.throws(() => f.check(proxy), TypeError);
    assert.throws(() => f.check({ a: proxy }), TypeError);
  });

  test('a clock that throws or lies', () => {
    const mine = new Error('mine');
    let tell = () => { throw mine; };
    const own = new Engine({ clock: () => tell(), keepSource: true });
    own.loadSync(document(1, { f: always(true) }));
    const calls = [() => own.check('f', {}), () => own.decide('f', {}), () => own.evaluateAll({}), () => own.view(), () => own.trace('f', {})];
    for (const call of calls) assert.throws(call, mine);
    for (const now of [NaN, Infinity, 'now', undefined, 5n]) {
      tell = () => now;
      for (const call of calls) assert.throws(call, { name: 'TidegateTypeError', field: 'clock' });
    }
    tell = () => 1e300;
    assert.equal(own.check('f', {}), true);
  });

  test('what is thrown is no data of the native side', () => {
    assert.throws(() => native.engineLoad(5, new Uint8Array(), false), Error);
    assert.throws(() => native.engineLoad(), Error);
    assert.throws(() => native.describe(1, 1), Error);
  });
});
