'use strict';
/**
 * Every case of testdata/cases through each door of the package: a context, a context of JSON text, a plain object, by handle and by name,
 * by a view, all at once. And every vector of the bucket.
 *
 * The traces, which an evaluator of their own makes of the attributes as they crossed the boundary, say the same; each bucket that they tell
 * is the one of the compiled program, whose buckets are those of the vectors.
 */
const assert = require('node:assert/strict');
const { readFileSync, readdirSync } = require('node:fs');
const { join } = require('node:path');
const { test } = require('node:test');
const { Engine } = require('tidegate');
const { parse, same, source } = require('./support/json.js');

const testdata = join(__dirname, '../../../testdata');
const files = readdirSync(join(testdata, 'cases')).filter((file) => file.endsWith('.json'));

/** A case, its shorthands written out. */
function writtenOut(file, given) {
  const { snapshot = file.snapshot, mode = 'strict', process = {}, now = 1_700_000_000_000, context = {}, feature = 'f', expect, name } = given;
  const condition = given.if && `{"schema_version":1,"version":1,"features":{"f":{"kind":"gate","unit":"user_id","rules":[{"id":"r","if":${source(given.if)},"variant":"on"}]}}}`;
  return { document: condition ?? source(snapshot), mode, process, now: typeof now === 'string' ? Date.parse(now) : now, context, feature, expect, name };
}

/** What is wrong with an answer. */
function differences(expect, decision) {
  if (typeof expect === 'boolean') return expect === decision.isOn ? [] : ['check'];
  const found = { ...decision.toJSON(), value: parse(decision.valueText ?? 'null') };
  return Object.keys(expect).filter((field) => !same(expect[field], found[field]));
}

/** What a trace tells of buckets, by what it tells. */
const told = new Map();

/** Whatever in a trace names a salt, a unit and a bucket. */
function* steps(node) {
  if (typeof node !== 'object' || node === null) return;
  if (typeof node.salt === 'string' && typeof node.text === 'string' && typeof node.bucket === 'number') yield node;
  for (const child of Object.values(node)) yield* steps(child);
}

function run({ document, mode, process, now, context, feature, expect }) {
  const engine = new Engine({ mode, process, clock: () => now, keepSource: true });
  try {
    engine.loadSync(document);
    const own = engine.context(context);
    const json = engine.contextFromJson(source(context) ?? '{}');
    const view = engine.view();
    const gate = engine.gate(feature);
    const wanted = gate.decide(own);
    assert.deepEqual(differences(expect, wanted), [], `decided ${JSON.stringify(wanted)}`);
    const doors = {
      'context, by name': engine.decide(feature, own),
      'context of JSON': gate.decide(json),
      object: gate.decide(context),
      'object again': gate.decide(context),
      'object, by name': engine.decide(feature, context),
      'object of another shape': gate.decide(Object.defineProperties(Object.create({ inherited: 1 }), Object.getOwnPropertyDescriptors(context))),
      view: view.decide(feature, own),
      'view, object': view.decide(feature, context),
      'all at once': engine.evaluateAll(own).get(feature) ?? engine.decide(feature, own),
      'all at once, object': engine.evaluateAll(context).get(feature) ?? engine.decide(feature, own),
      'view, all at once, object': view.evaluateAll(context).get(feature) ?? engine.decide(feature, own),
    };
    for (const [door, decision] of Object.entries(doors)) assert.deepEqual(decision, wanted, door);
    for (const [door, on] of Object.entries({
      context: gate.check(own), object: gate.check(context), name: engine.check(feature, context), view: view.check(feature, context),
    })) assert.equal(on, wanted.isOn, `check: ${door}`);
    for (const [door, given] of Object.entries({ context: own, object: context, json })) {
      const trace = engine.trace(feature, given);
      assert.ok(same({ ...trace.decision, value: wanted.value ?? null }, wanted.toJSON()) && trace.check === wanted.isOn, `trace of a ${door}: ${JSON.stringify(trace.decision)}`);
      for (const step of steps(trace.steps)) told.set(`${step.salt}\0${step.text}\0${step.bucket}`, step);
    }
    for (const one of [own, json, view]) one[Symbol.dispose]();
  } finally {
    engine.close();
  }
}

let count = 0;
for (const name of files) {
  test(`cases of ${name}`, () => {
    const file = parse(readFileSync(join(testdata, 'cases', name), 'utf8'));
    for (const given of file.cases) {
      try {
        run(writtenOut(file, given));
      } catch (error) {
        error.message = `${name} ${given.name}: ${error.message}`;
        throw error;
      }
      count += 1;
    }
  });
}

test('all cases were run', () => {
  assert.ok(count > 4000, `${count} cases`);
});

const range = (salt, from, to) => ({ kind: 'gate', unit: 'u', rules: [{ id: 'r', if: { bucket: { salt, unit: 'u', from, to } }, variant: 'on' }] });

test('buckets of the traces are those of the program', () => {
  const all = [...told.values()];
  assert.ok(all.length > 80, `${all.length} buckets`);
  const engine = new Engine({ mode: 'strict' });
  const features = Object.fromEntries(all.map(({ salt, bucket }, at) => [`f${at}`, range(salt, bucket, bucket + 1)]));
  engine.loadSync(JSON.stringify({ schema_version: 1, version: 1, features }));
  for (const [at, { salt, text, bucket }] of all.entries()) assert.equal(engine.check(`f${at}`, { u: text }), true, `${salt} ${text} is not ${bucket}`);
  engine.close();
});

test('buckets are those of the vectors', () => {
  const vectors = JSON.parse(readFileSync(join(testdata, 'vectors/bucket.json'), 'utf8'));
  assert.ok(vectors.length > 200);
  for (const { salt, unit, bucket } of vectors) {
    if (bucket === null) continue;
    const engine = new Engine({ mode: 'strict' });
    engine.loadSync(JSON.stringify({ schema_version: 1, version: 1, features: { its: range(salt, bucket, bucket + 1) } }));
    const gate = engine.gate('its');
    assert.equal(gate.check({ u: unit }), true, `${salt} ${unit} is not ${bucket}`);
    assert.equal(gate.check(engine.context({ u: unit })), true);
    engine.close();
  }
});
