'use strict';
/**
 * What the package costs: `check` through it, an empty call through the same boundary with the same arguments, and the same check
 * in pure Rust, in one process and in turns, so that what disturbs one disturbs all. `make bench-node` runs it.
 *
 * All answers are compared with a plain evaluation of the gates first, for every user.
 */
const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const { existsSync, readFileSync } = require('node:fs');
const { join } = require('node:path');
const { Engine } = require('..');
const { handleOf } = require('../lib/context.js');
const { native } = require('../lib/native.js');

const root = join(__dirname, '../../..');
const data = join(process.env.CARGO_TARGET_DIR ?? join(root, 'target'), 'bench-data');
/** Short, so that most runs are not interrupted. */
const CHECKS = 1 << 12;
const ROUNDS = Number(process.env.ROUNDS ?? 1001);
const ATTRIBUTES = ['id', 'email', 'country', 'plan', 'app_version', 'region'];

if (!existsSync(join(data, 'stamp'))) execFileSync('python3', [join(root, 'testdata/bench/workload.py'), data]);
const file = (name) => JSON.parse(readFileSync(join(data, name), 'utf8'));
const [everyone, matching, gates] = [file('users.json'), file('match_users.json'), file('gates.json')];

/** A plain evaluation of the gates without shares; a share is taken as the engine's own decision. */
function holds([kind, name, operand], user) {
  switch (kind) {
    case 'ends': return user[name].endsWith(operand);
    case 'eq': return user[name] === operand;
    case 'in': return operand.includes(user[name]);
    case 'id_in': return name.includes(user.id);
    case 'semver_gte': return compare(user[name], operand) >= 0;
    default: throw new Error(kind);
  }
}

function compare(a, b) {
  const [x, y] = [a, b].map((version) => version.split('.').map(Number));
  const at = x.findIndex((number, i) => number !== y[i]);
  return at < 0 ? 0 : x[at] - y[at];
}

function median(times) {
  times.sort((a, b) => a - b);
  return times[times.length >> 1];
}

/**
 * Nanoseconds a call. A function of its own for each thing that is timed, so that they are compiled apart, as where a service asks for
 * one gate at one place; two of the same text would share what they have learnt of the calls in them. Answers are summed up, as
 * in Rust: a branch of the loop's own, which can't be guessed where shares decide, would cost more than the call.
 */
function timed(label, body) {
  return new Function('values', 'target', 'extra', `// ${label}
    let on = 0;
    const start = process.hrtime.bigint();
    for (let i = 0; i < ${CHECKS}; i += 1) on += +(${body});
    return [Number(process.hrtime.bigint() - start) / ${CHECKS}, on];`);
}

const engine = new Engine();
engine.loadSync(readFileSync(join(data, 'small.json')));

const works = ['W1', 'W2', 'W3', 'W4'].map((label, index) => {
  const neutral = gates.small[index];
  const users = index === 1 ? matching : everyone;
  const gate = engine.gate(neutral.name);
  const contexts = users.map((user) => engine.context(user));
  const rust = native.benchRust(native.gateNew(handleOfEngine(), neutral.name), contexts.map(handleOf), users.length);
  let on = 0;
  users.forEach((user, i) => {
    const decision = gate.decide(contexts[i]);
    const rule = neutral.rules.findIndex((own) => own.conds.every((condition) => holds(condition, user)) && own.pct === 100);
    if (rule >= 0) assert.equal(decision.isOn, true);
    if (decision.rule !== undefined) {
      const own = neutral.rules[Number(decision.rule.slice(1))];
      assert.ok(own.conds.every((condition) => holds(condition, user)));
    }
    for (const answer of [gate.check(contexts[i]), gate.check(user), gate.check({ ...user }), engine.check(neutral.name, user), gate.decide(user).isOn]) {
      assert.equal(answer, decision.isOn);
    }
    on += Number(decision.isOn);
  });
  assert.equal(rust[1], on, `${label}: pure Rust decides otherwise`);
  assert.ok(on > 0);
  return { label, name: neutral.name, gate, users, contexts, on };
});

/** The engine's own handle, which only benches want. */
function handleOfEngine() {
  return (handleOfEngine.known ??= native.engineShared(engine.share()));
}

const rows = [];
function row(label, nanoseconds, note = '') {
  rows.push([label, nanoseconds]);
  console.log(`${label.padEnd(48)} ${nanoseconds.toFixed(2).padStart(9)} ${note}`);
}

console.log(`${everyone.length} users, median of ${ROUNDS} rounds of ${CHECKS} calls, in turns; nanoseconds. Node ${process.version}`);
for (const { label, name, gate, users, contexts, on } of works) {
  const mask = users.length - 1;
  const gateHandle = native.gateNew(handleOfEngine(), name);
  const handles = Int32Array.from(contexts, handleOf);
  const empty = timed(`${label} empty`, `target(extra, values[i & ${mask}]) !== undefined`);
  const reused = timed(`${label} reused`, `target.check(values[i & ${mask}])`);
  const existing = timed(`${label} existing`, `target.check(values[i & ${mask}])`);
  const made = timed(`${label} made`, `target.check((u => ({ id: u.id, email: u.email, country: u.country, plan: u.plan, app_version: u.app_version, region: u.region }))(values[i & ${mask}]))`);
  const named = timed(`${label} named`, `target.check(extra, values[i & ${mask}])`);
  const decided = timed(`${label} decided`, `target.decide(values[i & ${mask}]).isOn`);
  const decidedObject = timed(`${label} decidedObject`, `target.decide(values[i & ${mask}]).isOn`);
  const times = { rust: [], empty: [], reused: [], existing: [], made: [], named: [], decided: [], decidedObject: [] };
  const full = (on * CHECKS) / users.length;
  for (let round = 0; round < ROUNDS; round += 1) {
    times.rust.push(native.benchRust(gateHandle, [...handles], CHECKS)[0]);
    times.empty.push(empty(handles, native.empty, gateHandle)[0]);
    const runs = {
      reused: reused(contexts, gate), existing: existing(users, gate), made: made(users, gate),
      named: named(contexts, engine, name), decided: decided(contexts, gate), decidedObject: decidedObject(users, gate),
    };
    for (const [what, [time, found]] of Object.entries(runs)) {
      assert.equal(found, full, `${label} ${what}`);
      times[what].push(time);
    }
  }
  const [rust, nothing] = [median(times.rust), median(times.empty)];
  row(`${label} in Rust, by reader`, rust);
  row(`${label} an empty call with two integers`, nothing);
  for (const [what, text] of [['reused', 'check, a reused context'], ['existing', 'check, an existing object, read lazily'], ['made', 'check, a fresh object, read lazily'],
    ['named', 'check by name, a reused context'], ['decided', 'decide, a reused context'], ['decidedObject', 'decide, an existing object']]) {
    const time = median(times[what]);
    row(`${label} ${text}`, time, `  ${(time - nothing).toFixed(2)} above the empty call`);
  }
}

// A hundred features of the large document.
const hundred = new Engine();
const big = JSON.parse(readFileSync(join(data, 'bigs.json'), 'utf8'));
hundred.loadSync(JSON.stringify({ ...big, features: Object.fromEntries(Object.entries(big.features).slice(0, 100)) }));
const contexts = everyone.map((user) => hundred.context(user));
for (let i = 0; i < everyone.length; i += 1) {
  const all = hundred.evaluateAll(contexts[i]);
  assert.equal(all.size, 100);
  if (i % 64 === 0) for (const [name, decision] of all) assert.equal(hundred.decide(name, everyone[i]), decision);
}
const all = [[], [], []];
for (let round = 0; round < ROUNDS; round += 1) {
  for (const [index, values] of [[0, contexts], [1, everyone]]) {
    const start = process.hrtime.bigint();
    for (let i = 0; i < 256; i += 1) hundred.evaluateAll(values[(round * 256 + i) & 1023]);
    all[index].push(Number(process.hrtime.bigint() - start) / 256);
  }
  const start = process.hrtime.bigint();
  for (let i = 0; i < 256; i += 1) {
    const user = everyone[i];
    const context = hundred.context(user);
    context[Symbol.dispose]();
  }
  all[2].push(Number(process.hrtime.bigint() - start) / 256);
}
row('evaluateAll of 100 features, a reused context', median(all[0]));
row('evaluateAll of 100 features, an object', median(all[1]));
row('a context of 6 attributes, made and disposed of', median(all[2]));

// A gate's handle, for which a function is made; JavaScript compiles it at the first check. Names of its own for each, as a text that is
// known is not compiled again.
for (const count of [1, 4]) {
  const names = (i) => Array.from({ length: count }, (_, n) => `name_${n}_of_${i}`);
  const condition = (i) => ({ all: names(i).map((attribute) => ({ attribute, op: 'eq', value: 'x' })) });
  const gate = (i) => ({ kind: 'gate', rules: [{ id: 'r', if: condition(i), variant: 'on' }] });
  const [making, first] = [[], []];
  for (let round = 0; round < 10; round += 1) {
    const own = new Engine();
    own.loadSync(JSON.stringify({ schema_version: 1, version: 1, features: Object.fromEntries(Array.from({ length: 400 }, (_, i) => [`g${i}`, gate(i)])) }));
    for (let i = 0; i < 400; i += 1) {
      const user = Object.fromEntries(names(i).map((name) => [name, 'x']));
      const start = process.hrtime.bigint();
      const made = own.gate(`g${i}`);
      const between = process.hrtime.bigint();
      const isOn = made.check(user);
      first.push(Number(process.hrtime.bigint() - between));
      making.push(Number(between - start));
      assert.equal(isOn, true);
    }
    own.close();
  }
  row(`a gate's handle, of ${count} attribute(s), made`, median(making));
  row('  and its first check', median(first));
}
