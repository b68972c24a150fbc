// @ts-check
// What a host may do wrong with the sub-paths: the errors are those of `tidegate` (misuse.test.js), with a code and the field.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Engine, TidegateTypeError } from 'tidegate';
import { Admin } from 'tidegate/admin';
import { TidegateProvider } from 'tidegate/openfeature';
import { attributes, record } from 'tidegate/otel';

const engine = new Engine();
const decision = engine.decide('f', {});
const fetch = () => assert.fail('something was sent');
const admin = (/** @type {object} */ options = {}) => new Admin('http://127.0.0.1:9', 't', /** @type {any} */ ({ fetch, ...options }));
const provider = (/** @type {any} */ options) => new TidegateProvider(engine, options);
/** Nothing that a type allows. */
const odd = (/** @type {unknown} */ value) => /** @type {any} */ (value);

/** @type {[string, () => unknown, string][]} */
const table = [
  ...[undefined, null, 5, {}, []].map((source) => row(`a source that is ${text(source)}`, () => new TidegateProvider(odd(source)), 'source')),
  row('options of a provider that are null', () => provider(null), 'options'),
  row('options of a provider that are text', () => provider('fast'), 'options'),
  row('an option of a provider that there is not', () => provider({ readyTimeoutMs: 5 }), 'options'),
  ...[-1, 0.5, Number.NaN, '5', null].map((given) => row(`a readyTimeout of ${text(given)}`, () => provider({ readyTimeout: given }), 'readyTimeout')),
  ...['x', null, 5].map((given) => row(`connect that is ${text(given)}`, () => provider({ connect: given }), 'connect')),
  ...[{}, 'before', [5], [null], null].map((given) => row(`hooks that are ${text(given)}`, () => provider({ hooks: given }), 'hooks')),
  ...[{}, 'console.log', null].map((given) => row(`onTrack that is ${text(given)}`, () => provider({ onTrack: given }), 'onTrack')),

  ...['flags.example', 'ftp://flags.example', '', undefined, null, 5, {}, Symbol('s')].map((url) => row(`a URL of ${text(url)}`, () => new Admin(odd(url), 't'), 'url')),
  ...[undefined, null, 5, {}, ''].map((token) => row(`a token of ${text(token)}`, () => new Admin('http://127.0.0.1:9', odd(token)), 'token')),
  row('a token of two lines', () => new Admin('http://127.0.0.1:9', 'secret\n'), 'token'),
  ...[undefined, 5, '', 'secret\n'].map((token) => row(`a source of tokens that gives ${text(token)}`, () => new Admin('http://127.0.0.1:9', odd(() => token)).showMe(), 'token')),
  row('options of an admin that are null', () => new Admin('http://127.0.0.1:9', 't', odd(null)), 'options'),
  row('an option of an admin that there is not', () => admin({ timeout: 5 }), 'options'),
  ...[-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, '5', null].flatMap((given) => [
    row(`a timeoutMs of ${text(given)}`, () => admin({ timeoutMs: given }), 'timeoutMs'),
    row(`retries of ${text(given)}`, () => admin({ retries: given }), 'retries'),
    row(`a timeoutMs of a call of ${text(given)}`, () => admin().showMe(odd({ timeoutMs: given })), 'timeoutMs'),
    row(`a timeoutMs of events of ${text(given)}`, () => admin().followEvents({ after: 0 }, odd({ timeoutMs: given }))[Symbol.asyncIterator]().next(), 'timeoutMs'),
  ]),
  row('fetch that is none', () => admin({ fetch: 'curl' }), 'fetch'),
  row('without a URL in the environment', () => environment({ TIDEGATE_TOKEN: 't' }), 'TIDEGATE_SERVER'),
  row('without a token in the environment', () => environment({ TIDEGATE_SERVER: 'http://127.0.0.1:9' }), 'TIDEGATE_TOKEN'),
  ...['', '.', '..', undefined, null, {}, Symbol('s')].flatMap((key) => [
    row(`a key of ${text(key)}`, () => admin().showFeature(odd(key)), 'key'),
    row(`an id of ${text(key)}`, () => admin().abortRelease(odd(key)), 'id'),
  ]),
  ...[null, 5, 'x', []].map((body) => row(`a body of ${text(body)}`, () => admin().createFeature(odd(body)), 'body')),
  ...[null, 5, 'x', []].map((query) => row(`a query of ${text(query)}`, () => admin().listFeatures(odd(query)).page(), 'query')),
  row('options of a call that are null', () => admin().showMe(odd(null)), 'options'),
  row('an option of a call that there is not', () => admin().showMe(odd({ timeout: 5 })), 'options'),
  row('a signal that is none', () => admin().showMe(odd({ signal: {} })), 'signal'),
  row('an idempotencyKey that is no text', () => admin().createFeature({ key: 'f', definition: {} }, odd({ idempotencyKey: 5 })), 'idempotencyKey'),
  row('force that is no text', () => admin().createFeature({ key: 'f', definition: {} }, odd({ force: true })), 'force'),
  row('ifMatch that is neither', () => admin().abortRelease('r', {}, odd({ ifMatch: {} })), 'ifMatch'),

  ...[undefined, null, 5, {}, 'f'].flatMap((given) => [
    row(`a decision that is ${text(given)}`, () => record(odd(given)), 'decision'),
    row(`a decision of attributes that is ${text(given)}`, () => attributes(odd(given)), 'decision'),
  ]),
  row('what is told that is null', () => record(decision, odd(null)), 'options'),
  row('an option of an event that there is not', () => record(decision, odd({ context: 'u-1' })), 'options'),
  row('a contextId that is no text', () => attributes(decision, odd({ contextId: 5 })), 'contextId'),
  row('a setId that is no text', () => record(decision, odd({ setId: {} })), 'setId'),
  ...[{}, 'active', null].map((span) => row(`a span that is ${text(span)}`, () => record(decision, odd({ span })), 'span')),
];

/** @returns {[string, () => unknown, string]} */
function row(/** @type {string} */ what, /** @type {() => unknown} */ call, /** @type {string} */ field) {
  return [what, call, field];
}

function text(/** @type {unknown} */ value) {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : typeof value === 'string' ? JSON.stringify(value) : String(value);
}

/** An admin of this environment. */
function environment(/** @type {Record<string, string>} */ given) {
  const { TIDEGATE_SERVER, TIDEGATE_TOKEN, ...rest } = process.env;
  const before = process.env;
  process.env = { ...rest, ...given };
  try {
    return Admin.fromEnvironment();
  } finally {
    process.env = before;
  }
}

for (const [what, call, field] of table) {
  test(what, { timeout: 5_000 }, async () => {
    await assert.rejects(
      async () => call(),
      (error) => {
        assert.ok(error instanceof TidegateTypeError, String(error));
        assert.deepEqual([error.code, error.field], ['TG5010', field]);
        assert.ok(error.expected && error.found, error.message);
        assert.ok(!error.message.includes('secret'), 'a token is shown by nothing');
        return true;
      },
    );
  });
}
