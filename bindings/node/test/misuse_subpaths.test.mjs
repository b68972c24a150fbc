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

/** The events, with this source of tokens. */
const following = (/** @type {() => unknown} */ token) => new Admin('http://127.0.0.1:9', odd(token), { fetch }).followEvents({ after: 0 })[Symbol.asyncIterator]();
/** A span that keeps the ids that it is told of. */
const recording = (/** @type {unknown[]} */ ids) => ({ isRecording: () => true, addEvent: (/** @type {unknown} */ _, /** @type {any} */ told) => ids.push(told['feature_flag.context.id']) });

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
  ...['Default', '', 'off', ['default'], {}, true, 5, null].map((given) => row(`onDisabled that is ${text(given)}`, () => provider({ onDisabled: given }), 'onDisabled')),

  ...['flags.example', 'ftp://flags.example', '', undefined, null, 5, {}, Symbol('s')].map((url) => row(`a URL of ${text(url)}`, () => new Admin(odd(url), 't'), 'url')),
  ...[undefined, null, 5, {}, ''].map((token) => row(`a token of ${text(token)}`, () => new Admin('http://127.0.0.1:9', odd(token)), 'token')),
  row('a token of two lines', () => new Admin('http://127.0.0.1:9', 'secret\nsecret\n'), 'token'),
  ...[undefined, null, 5, '', ' \n', 'secret secret'].flatMap((token) => [
    row(`a source of tokens that gives ${text(token)}`, () => new Admin('http://127.0.0.1:9', odd(() => token)).showMe(), 'token'),
    row(`a source of tokens for events that gives ${text(token)}`, () => following(() => token).next(), 'token'),
    row(`a source of tokens for events that promises ${text(token)}`, () => following(async () => token).next(), 'token'),
  ]),
  row('options of an admin that are null', () => new Admin('http://127.0.0.1:9', 't', odd(null)), 'options'),
  row('an option of an admin that there is not', () => admin({ timeout: 5 }), 'options'),
  ...[-1, 0.5, Number.NaN, Number.NEGATIVE_INFINITY, '5', null].map((given) => row(`retries of ${text(given)}`, () => admin({ retries: given }), 'retries')),
  ...[-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, '5', null].flatMap((given) => [
    row(`a timeoutMs of ${text(given)}`, () => admin({ timeoutMs: given }), 'timeoutMs'),
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
  ...[{}, 5, 'x'].map((signal) => row(`a signal of ${text(signal)}`, () => admin().showMe(odd({ signal })), 'signal')),
  row('an idempotencyKey that is no text', () => admin().createFeature({ key: 'f', definition: {} }, odd({ idempotencyKey: 5 })), 'idempotencyKey'),
  row('force that is no text', () => admin().createFeature({ key: 'f', definition: {} }, odd({ force: true })), 'force'),
  row('ifMatch that is neither', () => admin().abortRelease('r', {}, odd({ ifMatch: {} })), 'ifMatch'),

  ...[undefined, null, 5, {}, 'f'].flatMap((given) => [
    row(`a decision that is ${text(given)}`, () => record(odd(given)), 'decision'),
    row(`a decision of attributes that is ${text(given)}`, () => attributes(odd(given)), 'decision'),
  ]),
  row('what is told that is null', () => record(decision, odd(null)), 'options'),
  row('an option of an event that there is not', () => record(decision, odd({ context: 'u-1' })), 'options'),
  ...[{}, true, null].flatMap((contextId) => [
    row(`a contextId of attributes of ${text(contextId)}`, () => attributes(decision, odd({ contextId })), 'contextId'),
    row(`a contextId that is recorded of ${text(contextId)}`, () => record(decision, odd({ contextId, span: recording([]) })), 'contextId'),
  ]),
  row('a setId that is no text', () => record(decision, odd({ setId: {} })), 'setId'),
  ...[{}, 'active', 5].map((span) => row(`a span that is ${text(span)}`, () => record(decision, odd({ span })), 'span')),
];

/**
 * @template Wanted
 * @param {string} what
 * @param {() => unknown} call
 * @param {Wanted} wanted the field that is named, or what comes of it
 * @returns {[string, () => unknown, Wanted]}
 */
function row(what, call, wanted) {
  return [what, call, wanted];
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

/** What a call with these sends, to an admin that it is answered by. */
async function sent(/** @type {any} */ { url = 'http://127.0.0.1:9', token = 't', options = {}, call = {} }) {
  /** @type {[string, string][]} */
  const requests = [];
  const answering = async (/** @type {string} */ to, /** @type {any} */ { headers }) => {
    requests.push([to, headers.authorization]);
    return requests.length > (options.retries === undefined ? 0 : 3) ? Response.json({}) : new Response('', { status: 503, headers: { 'retry-after': '0' } });
  };
  await new Admin(url, token, { ...options, fetch: odd(answering) }).showMe(call);
  return requests.at(-1);
}

/** What is recorded of this. */
function recorded(/** @type {any} */ options) {
  /** @type {unknown[]} */
  const ids = [];
  record(decision, { ...options, span: recording(ids) });
  return ids;
}

const ME = 'http://127.0.0.1:9/api/v1/me';
/** @type {[string, () => unknown, unknown][]} What is unusual, and is taken. */
const taken = [
  ...['t\n', '\r\n t\t', ' t'].flatMap((token) => [
    row(`a token of ${text(token)}`, () => sent({ token }), [ME, 'Bearer t']),
    row(`a source of tokens that gives ${text(token)}`, () => sent({ token: async () => token }), [ME, 'Bearer t']),
  ]),
  row('a URL that is an object', () => sent({ url: new URL('https://flags.example/base/') }), ['https://flags.example/base/api/v1/me', 'Bearer t']),
  row('retries without an end', () => sent({ options: { retries: Number.POSITIVE_INFINITY } }), [ME, 'Bearer t']),
  row('a signal that is null', () => sent({ call: { signal: null } }), [ME, 'Bearer t']),
  row('a span that is null', () => record(decision, { span: null }), undefined),
  row('a contextId of a wrong type where nothing records', () => record(decision, odd({ contextId: {} })), undefined),
  ...[42, 42n, '42'].map((contextId) => row(`a contextId that is a ${typeof contextId}`, () => recorded({ contextId }), ['42'])),
];

for (const [what, call, wanted] of taken) {
  test(`taken: ${what}`, { timeout: 5_000 }, async () => assert.deepEqual(await call(), wanted));
}

test('a silence that is longer than a timer can wait for is waited for', { timeout: 5_000 }, async () => {
  let connections = 0;
  const slow = async (/** @type {unknown} */ _, /** @type {any} */ { signal }) => {
    connections += 1;
    const body = new ReadableStream({
      async start(controller) {
        signal.addEventListener('abort', () => controller.error(signal.reason));
        // The second part comes while the timer runs that the first one set.
        for (const part of ['id: 1\nevent: feature.created\n', 'data: {}\n\n']) {
          await new Promise((go) => setTimeout(go, 50));
          if (!signal.aborted) controller.enqueue(new TextEncoder().encode(part));
        }
      },
    });
    return new Response(body);
  };
  const following = admin({ fetch: slow }).followEvents({ after: 0 }, { timeoutMs: 2 ** 31 })[Symbol.asyncIterator]();
  assert.deepEqual((await following.next()).value, { seq: 1, action: 'feature.created', data: {} });
  assert.equal(connections, 1);
  await following.return?.();
});
