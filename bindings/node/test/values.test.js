'use strict';
/** What each value of JavaScript's is as an attribute, through every way in which it may cross the boundary. */
const assert = require('node:assert/strict');
const { describe, test } = require('node:test');
const { Engine } = require('tidegate');
const { document } = require('./support/document.js');

/** The traced value and type of an attribute, and whether a condition holds, by all ways; they must agree. */
function seen(value, condition) {
  const engine = new Engine({ keepSource: true, mode: 'strict' });
  engine.loadSync(document(1, { f: { kind: 'gate', rules: [{ id: 'r', if: condition, variant: 'on' }] } }));
  const own = engine.context({ a: value });
  const set = engine.context().set('a', value);
  const answers = [
    engine.gate('f').check(own), engine.gate('f').check(set), engine.gate('f').check({ a: value }), engine.check('f', { a: value }), engine.view().check('f', { a: value }),
    engine.evaluateAll({ a: value }).get('f').isOn, engine.trace('f', own).check, engine.trace('f', { a: value }).check,
  ];
  assert.equal(new Set(answers).size, 1, `${typeof value}: ${answers}`);
  engine.close();
  return answers[0];
}

const op = (name, value) => ({ attribute: 'a', op: name, ...(value === undefined ? {} : { value }) });
const type = (...types) => op('type_in', types);

describe('kinds', () => {
  const long = 'é'.repeat(5000);
  for (const [what, value, condition, expected = true] of [
    ['undefined', undefined, op('is_set'), false],
    ['null', null, op('is_set'), false],
    ['NaN', NaN, op('is_set'), false],
    ['Infinity', Infinity, op('is_set'), false],
    ['an invalid Date', new Date(NaN), op('is_set'), false],
    ['a string', 'x', op('eq', 'x')],
    ['an empty string', '', op('is_set')],
    ['a string of 7 bytes', 'abcdefg', op('eq', 'abcdefg')],
    ['a string of 8 bytes', 'abcdefgh', op('eq', 'abcdefgh')],
    ['a string with a zero', 'a\0b', op('eq', 'a\0b')],
    ['a string beyond ASCII', 'Zürich 東京 🌊', op('eq', 'Zürich 東京 🌊')],
    ['a string in Latin-1', 'é'.repeat(100), op('eq', 'é'.repeat(100))],
    ['a long string', long, op('eq', long)],
    ['a rope', 'ab'.repeat(500) + 'cd'.repeat(500), op('ends_with', 'cdcd')],
    ['a sliced string', 'x'.repeat(30).concat('needle-in-a-haystack').slice(30), op('eq', 'needle-in-a-haystack')],
    ['a lone surrogate', 'a\ud800b', op('eq', 'a\ufffdb')],
    ['true', true, op('eq', true)],
    ['false', false, op('eq', false)],
    ['an integer', 5, op('eq', 5)],
    ['minus zero', -0, op('eq', 0)],
    ['a fraction', 2.5, op('gt', 2)],
    ['2^53', 2 ** 53, op('gte', 9007199254740992)],
    ['a huge number', 1e300, op('gt', 9007199254740993)],
    ['a small bigint', 5n, op('eq', 5)],
    ['a bigint of 64 bits', 9223372036854775807n, op('gt', 9007199254740993)],
    ['a bigint beyond 64 bits', 2n ** 80n, op('gt', 9007199254740993)],
    ['a negative bigint beyond 64 bits', -(2n ** 80n), op('lt', -9007199254740993)],
    ['a bigint beyond every double', 10n ** 400n, op('is_set'), false],
    ['a Date', new Date('2026-01-02T03:04:05.678Z'), op('before', '2026-01-02T03:04:05.679Z')],
    ['a list of strings', ['a', 'b'], op('contains_any', ['b', 'c'])],
    ['a list of all kinds', [1, 'b', null, true, 2n, new Date(0)], op('contains_all', ['b'])],
    ['an empty list', [], op('contains_none', ['b'])],
    ['a list with holes', [, 'b'], op('contains_any', ['b'])], // eslint-disable-line no-sparse-arrays
    ['a list with a lone surrogate', ['\ud800'], op('contains_any', ['\ufffd'])],
    ['a String object', new String('x'), op('eq', 'x')], // eslint-disable-line no-new-wrappers
  ]) test(what, () => assert.equal(seen(value, condition), expected));

  test('strings of every length, whatever their last character is', () => {
    const lengths = [...Array(36).keys(), 47, 48, 49, 252, 253, 254, 255, 256, 257, 258, 3000];
    const texts = lengths.flatMap((length) => ['z', 'é', '東', '🌊', '\ud800'].map((last) => 'abcdefgh'.repeat(400).slice(0, length) + last));
    const rules = texts.map((text, i) => ({ id: `r${i}`, if: op('eq', text.toWellFormed()), variant: 'on' }));
    const engine = new Engine({ mode: 'strict' });
    engine.loadSync(document(1, { f: { kind: 'gate', rules } }));
    for (const [i, text] of texts.entries()) {
      for (const subject of [{ a: text }, engine.context({ a: text })]) assert.equal(engine.decide('f', subject).rule, `r${i}`, JSON.stringify(text));
      assert.equal(engine.gate('f').check({ a: `${text}!` }), false);
    }
  });

  test('many long strings at once, and short ones after them', () => {
    const names = [...Array(16).keys()].map((i) => `a${i}`);
    const texts = names.map((_, i) => (i % 3 === 2 ? `x${i}` : '東'.repeat(200) + i));
    const all = names.map((attribute, i) => ({ attribute, op: 'eq', value: texts[i] }));
    const engine = new Engine({ mode: 'strict' });
    engine.loadSync(document(1, { f: { kind: 'gate', rules: [{ id: 'r', if: { all }, variant: 'on' }] } }));
    const f = engine.gate('f');
    const user = Object.fromEntries(names.map((name, i) => [name, texts[i]]));
    for (let turn = 0; turn < 3; turn += 1) assert.deepEqual([f.check(user), f.check({ ...user, a14: 'x1' }), engine.check('f', user)], [true, false, true]);
  });

  test('objects are only told to be objects', () => {
    for (const value of [{}, { toJSON: () => 'x' }, Object.create(null), new Map(), /x/, new Error('x'), new Uint8Array(2)]) {
      assert.equal(seen(value, op('is_set')), true);
      assert.equal(seen(value, op('eq', 'x')), false);
    }
  });

  test('a bigint that no number holds is exact', () => {
    const engine = new Engine();
    engine.loadSync('{"schema_version":1,"version":1,"features":{"f":{"kind":"gate","rules":[{"id":"r","if":{"attribute":"a","op":"eq","value":9007199254740993},"variant":"on"}]}}}');
    for (const [value, expected] of [[9007199254740993n, true], [9007199254740992n, false], [2 ** 53, false]]) {
      assert.equal(engine.check('f', { a: value }), expected);
      assert.equal(engine.check('f', engine.context({ a: value })), expected);
    }
    assert.equal(engine.check('f', engine.contextFromJson('{"a":9007199254740993}')), true);
  });
});

describe('units', () => {
  test('numbers, bigints and their texts are one unit', () => {
    const engine = new Engine({ keepSource: true });
    engine.loadSync(document(1, { f: { kind: 'gate', unit: 'a', rules: [{ id: 'r', rollout: { percent: 50 }, variant: 'on' }] } }));
    let on = 0;
    for (let i = 0; i < 500; i += 1) {
      const answers = [i, String(i), BigInt(i)].flatMap((a) => [engine.check('f', { a }), engine.check('f', engine.context({ a }))]);
      assert.equal(new Set(answers).size, 1, String(i));
      on += Number(answers[0]);
    }
    assert.ok(on > 180 && on < 320, String(on));
    for (const a of [undefined, '', null, NaN, true, [1], {}, 0.5]) assert.equal(engine.check('f', { a }), false);
  });
});

describe('objects of all kinds', () => {
  const engine = new Engine();
  engine.loadSync(document(1, { f: { kind: 'gate', rules: [{ id: 'r', if: op('eq', 'x'), variant: 'on' }] } }));
  const f = engine.gate('f');

  test('getters, prototypes, proxies, arrays, functions as properties', () => {
    class User { get a() { return 'x'; } }
    for (const user of [new User(), Object.create({ a: 'x' }), new Proxy({ a: 'x' }, {}), Object.freeze({ a: 'x' }), Object.assign([], { a: 'x' }), Object.assign(Object.create(null), { a: 'x' }), new (class extends User {})()]) {
      assert.equal(f.check(user), true);
    }
    assert.equal(engine.context(new User()).set('a', 'x') && f.check(engine.context({ a: 'x' })), true);
  });

  test('attributes with the names of what every object has', () => {
    const own = new Engine();
    const names = ['constructor', 'toString', '__proto__', 'hasOwnProperty', 'valueOf', 'length', 'a b', 'a"b', 'a\\b', '\u2028', '`${x}`', '0', ''];
    own.loadSync(document(1, Object.fromEntries(names.map((name, i) => [`f${i}`, { kind: 'gate', rules: [{ id: 'r', if: { attribute: name, op: 'eq', value: 'x' }, variant: 'on' }] }]))));
    names.forEach((name, i) => {
      assert.equal(own.check(`f${i}`, {}), false, name);
      const user = Object.defineProperty({}, name, { value: 'x', enumerable: true });
      assert.equal(own.check(`f${i}`, user), true, name);
      assert.equal(own.check(`f${i}`, own.context(user)), true, name);
    });
    assert.equal([...own.evaluateAll({}).values()].some(({ isOn }) => isOn), false);
  });
});

describe('contexts', () => {
  test('are set, unset, cleared and used again', () => {
    const engine = new Engine();
    engine.loadSync(document(1, { f: { kind: 'gate', rules: [{ id: 'r', if: op('eq', 'x'), variant: 'on' }] } }));
    const f = engine.gate('f');
    const context = engine.context();
    for (const [change, expected] of [
      [(c) => c.set('a', 'x'), true], [(c) => c.set('a', 'y'), false], [(c) => c.assign({ a: 'x', b: 1 }), true], [(c) => c.unset('a'), false], [(c) => c.assignJson('{"a":"x"}'), true],
      [(c) => c.clear(), false], [(c) => c.set('a', ['x']), false], [(c) => c.set('a', 'x'), true], [(c) => c.set('a', null), false],
    ]) {
      assert.equal(change(context), context);
      assert.equal(f.check(context), expected, String(change));
    }
  });

  test('more names than an engine takes from contexts count as missing', () => {
    const engine = new Engine();
    const context = engine.context();
    for (let i = 0; i < 1500; i += 1) context.set(`stranger_${i}`, i);
    engine.loadSync(document(1, { f: { kind: 'gate', rules: [{ id: 'r', if: { attribute: 'own', op: 'eq', value: 'x' }, variant: 'on' }] } }));
    assert.equal(engine.check('f', context.set('own', 'x')), true);
    assert.equal(engine.check('f', { own: 'x' }), true);
  });
});
