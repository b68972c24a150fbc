// @ts-check
// The steps of OpenFeature's suite, with the published SDK, this provider, and an engine that serves the suite's flags. The provider answers a
// disabled feature as OpenFeature reads it (`onDisabled: 'default'`); provider.test.mjs has what it answers without the option.
import assert from 'node:assert/strict';

import { After, AfterAll, Before, Given, Then, When, setWorldConstructor } from '@cucumber/cucumber';
import { AsyncLocalStorageTransactionContextPropagator, ErrorCode, OpenFeature, ProviderEvents } from '@openfeature/server-sdk';
import { Engine, connect } from 'tidegate';
import { TidegateProvider } from 'tidegate/openfeature';

import { document } from './flags.mjs';
import { notApplicable } from './not_applicable.mjs';

/** @typedef {import('@openfeature/server-sdk').EvaluationContext} EvaluationContext */
/** @typedef {import('@openfeature/server-sdk').EvaluationDetails<any>} Details */

let domains = 0;

/** Keeps the context that the SDK merged. */
class Retrieving extends TidegateProvider {
  /** @type {EvaluationContext | undefined} */
  merged;

  /** @override */
  async resolveBooleanEvaluation(/** @type {string} */ key, /** @type {boolean} */ fallback, /** @type {EvaluationContext} */ context) {
    this.merged = context;
    return super.resolveBooleanEvaluation(key, fallback, context);
  }
}

class World {
  domain = `scenario-${++domains}`;
  client = OpenFeature.getClient(this.domain);
  /** @type {{key: string, type: string, fallback: any}} */
  flag = { key: '', type: '', fallback: undefined };
  /** @type {EvaluationContext} */
  context = {};
  /** @type {Details | undefined} */
  found;
  /** @type {string[]} */
  hooksRun = [];
  /** What each stage of the hooks was told. @type {Record<string, (Details | undefined)[]>} */
  stages = {};
  /** @type {Retrieving | undefined} */
  retrieving;
  /** @type {Record<string, EvaluationContext>} */
  levels = {};
  /** @type {string[]} */
  order = [];
  /** @type {(() => unknown)[]} */
  ends = [];

  get details() {
    assert.ok(this.found, 'nothing was evaluated');
    return this.found;
  }

  /** An engine; with the flags, unless told otherwise. */
  engine(isFed = true) {
    const engine = new Engine();
    if (isFed) engine.loadSync(document());
    this.ends.push(() => engine.close());
    return engine;
  }

  /** Asks for the flag. */
  evaluate(/** @type {import('@openfeature/server-sdk').FlagEvaluationOptions} */ options = {}) {
    const { key, type, fallback } = this.flag;
    const { client, context } = this;
    switch (type.toLowerCase()) {
      case 'boolean':
        return client.getBooleanDetails(key, fallback, context, options);
      case 'string':
        return client.getStringDetails(key, fallback, context, options);
      case 'integer':
      case 'float':
        return client.getNumberDetails(key, fallback, context, options);
      case 'object':
        return client.getObjectDetails(key, fallback, context, options);
      default:
        throw new Error(`there is no type ${type}`);
    }
  }

  /** A hook that notes what it is told. */
  hook(/** @type {string} */ name) {
    /** @type {(stage: string, details?: Details) => void} */
    const note = (stage, details) => {
      this.hooksRun.push(`${name} ${stage}`);
      (this.stages[stage] ??= []).push(details);
    };
    return {
      before: () => note('before'),
      after: (/** @type {unknown} */ _, /** @type {Details} */ details) => note('after', details),
      error: () => note('error'),
      finally: (/** @type {unknown} */ _, /** @type {Details} */ details) => note('finally', details),
    };
  }
}

setWorldConstructor(World);

/** A value as a table or a step writes it. */
function parse(/** @type {string} */ type, /** @type {string} */ text) {
  switch (type.toLowerCase()) {
    case 'boolean':
      return text === 'true';
    case 'integer':
    case 'float':
      return Number(text);
    case 'object':
      return JSON.parse(text.replaceAll('\\"', '"'));
    default:
      return text === 'null' ? null : text;
  }
}

/** As {@link parse}, of what may be quoted. */
const unquoted = (/** @type {string} */ type, /** @type {string} */ text) => parse(type, text.replace(/^"|"$/g, ''));

Before((/** @type {any} */ { pickle }) => (notApplicable(pickle.uri, pickle.name) ? 'skipped' : undefined));
After(async function () {
  const world = /** @type {World} */ (/** @type {unknown} */ (this));
  OpenFeature.clearHooks().clearHandlers();
  OpenFeature.setContext({});
  await OpenFeature.clearProviders();
  for (const end of world.ends) await end();
});
AfterAll(() => OpenFeature.close());

/** A step, with its world as the first argument. */
const step = (/** @type {(world: World, ...args: any[]) => unknown} */ run) =>
  Object.defineProperty(
    /** @this {any} */ function (/** @type {any[]} */ ...args) {
      return run(this, ...args);
    },
    'length',
    { value: run.length - 1 },
  );

// Providers.

Given(
  'a stable provider',
  step((world) => OpenFeature.setProviderAndWait(world.domain, new TidegateProvider(world.engine(), { onDisabled: 'default' }))),
);
Given(
  'a not ready provider',
  step((world) => {
    // It is closed while it waits, and says so.
    OpenFeature.setLogger({ error() {}, warn() {}, info() {}, debug() {} });
    OpenFeature.setProvider(world.domain, new TidegateProvider(world.engine(false), { readyTimeout: 600_000 }));
  }),
);
Given(
  'a(n) error provider',
  step((world) =>
    assert.rejects(OpenFeature.setProviderAndWait(world.domain, new TidegateProvider(world.engine(false), { readyTimeout: 1 }))),
  ),
);
Given(
  'a fatal provider',
  step((world) => assert.rejects(OpenFeature.setProviderAndWait(world.domain, new TidegateProvider('no connection string')))),
);
Given(
  'a stale provider',
  step(async (world) => {
    // It starts with a document of its own, and nobody is there to prove that it is the newest.
    const nowhere = `tidegate+http://tgs_${'0'.repeat(64)}@127.0.0.1:9?environment=prod&key=none`;
    const client = connect(nowhere, { bootstrap: document(), staleAfter: 1, log() {} });
    world.ends.push(() => client.close());
    const isStale = new Promise((resolve) => world.client.addHandler(ProviderEvents.Stale, resolve));
    await OpenFeature.setProviderAndWait(world.domain, new TidegateProvider(client));
    await isStale;
  }),
);
Then(
  'the provider status should be {string}',
  step((world, status) => assert.equal(world.client.providerStatus, status)),
);

// Flags.

Given(
  /^an? (\w+)-flag with key "([^"]*)" and a fallback value "(.*)"$/,
  step((world, type, key, fallback) => {
    world.flag = { key, type, fallback: parse(type, fallback) };
  }),
);
Given(
  'a context containing a key {string}, with type {string} and with value {string}',
  step((world, key, type, value) => {
    world.context = { ...world.context, [key]: parse(type, value) };
  }),
);
Given(
  'a context containing a key {string} with null value',
  step((world, key) => {
    world.context = { ...world.context, [key]: null };
  }),
);
When(
  'the flag was evaluated with details',
  step(async (world) => {
    world.found = await world.evaluate();
  }),
);
When(
  'the flag was evaluated with details asynchronously',
  step((world) => {
    const evaluation = world.evaluate();
    assert.ok(evaluation instanceof Promise);
    world.ends.push(() => evaluation);
    Object.defineProperty(world, 'pending', { value: evaluation });
  }),
);
Then(
  'the evaluation should complete without blocking',
  step(async (world) => {
    world.found = await /** @type {any} */ (world).pending;
  }),
);
Then(
  /^the resolved details value should be "(.*)"$/,
  step((world, value) => assert.deepEqual(world.details.value, parse(world.flag.type, value))),
);
Then(
  'the reason should be {string}',
  step((world, reason) => assert.equal(world.details.reason, reason)),
);
Then(
  'the error-code should be {string}',
  step((world, code) => assert.equal(world.details.errorCode, code)),
);
Then(
  'the flag key should be {string}',
  step((world, key) => assert.equal(world.details.flagKey, key)),
);
Then(
  'the variant should be {string}',
  step((world, variant) => assert.equal(world.details.variant, variant)),
);

// Hooks.

Given(
  'a client with added hook',
  step((world) => {
    world.client.addHooks(world.hook('client'));
  }),
);
Then(
  'the {string} hook should have been executed',
  step((world, stage) => assert.equal(world.stages[stage]?.length, 1)),
);
Then(
  'the {string} hooks should be called with evaluation details',
  step((world, stages, table) => {
    const names = /** @type {Record<string, string>} */ ({ flag_key: 'flagKey', error_code: 'errorCode' });
    for (const stage of stages.split(', ')) {
      const [details] = world.stages[stage] ?? [];
      assert.ok(details, `${stage} did not run`);
      for (const { data_type: type, key, value } of table.hashes()) {
        /** @type {unknown} */
        const found = /** @type {any} */ (details)[names[key] ?? key];
        assert.deepEqual(found ?? null, parse(type, value), `${stage}: ${key}`);
      }
    }
  }),
);
Given(
  'evaluation options containing specific hooks',
  step((world) => {
    Object.defineProperty(world, 'options', { value: { hooks: [world.hook('one'), world.hook('two')] } });
  }),
);
When(
  'the flag was evaluated with details using the evaluation options',
  step(async (world) => {
    world.found = await world.evaluate(/** @type {any} */ (world).options);
  }),
);
Then(
  'the specified hooks should execute during evaluation',
  step((world) => assert.equal(world.stages['before']?.length, 2)),
);
Then(
  'the hook order should be maintained',
  step((world) => {
    const order = ['one before', 'two before', 'two after', 'one after', 'two finally', 'one finally'];
    assert.deepEqual(world.hooksRun, order);
  }),
);

// Nobody changes what is somebody else's.

Given(
  'an evaluation context with modifiable data',
  step((world) => {
    world.context = { targetingKey: 'u-1', tags: ['a'] };
  }),
);
Then(
  'the original evaluation context should remain unmodified',
  step((world) => assert.deepEqual(world.context, { targetingKey: 'u-1', tags: ['a'] })),
);
Then(
  'the evaluation details should be immutable',
  step((world) => {
    assert.ok(Object.isFrozen(world.details.flagMetadata));
    assert.ok(Object.isFrozen(world.details.value));
  }),
);

// Contexts of several levels.

Given(
  'a stable provider with retrievable context is registered',
  step((world) => {
    world.retrieving = new Retrieving(world.engine(), { onDisabled: 'default' });
    OpenFeature.setTransactionContextPropagator(new AsyncLocalStorageTransactionContextPropagator());
    return OpenFeature.setProviderAndWait(world.domain, world.retrieving);
  }),
);
const add = (/** @type {World} */ world, /** @type {string} */ level, /** @type {string} */ key, /** @type {string} */ value) => {
  world.levels[level] = { ...world.levels[level], [key]: value };
};
Given(
  'A context entry with key {string} and value {string} is added to the {string} level',
  step((world, key, value, level) => add(world, level, key, value)),
);
Given(
  'A table with levels of increasing precedence',
  step((world, table) => {
    world.order = table.raw().flat();
  }),
);
Given(
  'Context entries for each level from API level down to the {string} level, with key {string} and value {string}',
  step((world, last, key, _) => {
    for (const level of world.order.slice(0, world.order.indexOf(last) + 1)) add(world, level, key, level);
  }),
);
When(
  'Some flag was evaluated',
  step(async (world) => {
    const { client, levels } = world;
    OpenFeature.setContext(levels['API'] ?? {});
    client.setContext(levels['Client'] ?? {});
    client.addHooks({ before: () => levels['Before Hooks'] });
    await new Promise((resolve) => {
      OpenFeature.setTransactionContext(levels['Transaction'] ?? {}, () => {
        resolve(client.getBooleanValue('boolean-flag', false, levels['Invocation']));
      });
    });
  }),
);
Then(
  'The merged context contains an entry with key {string} and value {string}',
  step((world, key, value) => assert.equal(world.retrieving?.merged?.[key], value)),
);

// evaluation.feature, which is deprecated: the same in other words.

const KINDS = '(boolean|string|integer|float|object)';
When(
  new RegExp(`^an? ${KINDS} flag with key "([^"]*)" is evaluated with (?:details and )?(?:a )?(null |)(?:default value)(?: (.+))?$`),
  step(async (world, type, key, isNull, fallback) => {
    world.flag = { key, type, fallback: isNull || fallback === undefined ? null : unquoted(type, fallback) };
    world.found = await world.evaluate();
  }),
);
Then(
  new RegExp(`^the resolved (boolean|string|integer|float) value should be (.+)$`),
  step((world, type, value) => assert.equal(world.details.value, unquoted(type, value))),
);
Then(
  new RegExp(
    `^the resolved ${KINDS} details value should be ([^,]+), the variant should be "([^"]*)", and the reason should be "([^"]*)"$`,
  ),
  step((world, type, value, variant, reason) => {
    const { details } = world;
    assert.deepEqual([details.value, details.variant, details.reason], [unquoted(type, value), variant, reason]);
  }),
);
Then(
  /^the resolved object (?:details )?value should be contain fields "([^"]*)", "([^"]*)", and "([^"]*)", with values "([^"]*)", "([^"]*)" and (\d+), respectively$/,
  step((world, a, b, c, x, y, z) => assert.deepEqual(world.details.value, { [a]: x === 'true', [b]: y, [c]: Number(z) })),
);
Then(
  'the variant should be {string}, and the reason should be {string}',
  step((world, variant, reason) => assert.deepEqual([world.details.variant, world.details.reason], [variant, reason])),
);
When(
  'a non-existent string flag with key {string} is evaluated with details and a fallback value {string}',
  step(async (world, key, fallback) => {
    world.flag = { key, type: 'string', fallback };
    world.found = await world.evaluate();
  }),
);
When(
  'a string flag with key {string} is evaluated as an integer, with details and a fallback value {int}',
  step(async (world, key, fallback) => {
    world.flag = { key, type: 'integer', fallback };
    world.found = await world.evaluate();
  }),
);
Then(
  /^the default (?:string|integer) value should be returned$/,
  step((world) => assert.equal(world.details.value, world.flag.fallback)),
);
Then(
  /^the reason should indicate an error and the error code should indicate a (?:missing flag|type mismatch) with "([^"]*)"$/,
  step((world, code) => {
    assert.ok(code in ErrorCode);
    assert.deepEqual([world.details.reason, world.details.errorCode], ['ERROR', code]);
  }),
);
