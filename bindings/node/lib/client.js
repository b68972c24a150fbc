'use strict';
/**
 * A client: an engine that a server, a relay, static hosting or a file keeps current, by a native thread of its own.
 *
 *     native thread ── events ──▶ event loop ─▶ emitter 'ready' | 'changed' | 'stale' | 'fresh' | 'error', iterators
 *
 * It does not keep the process alive unless `ref` is called. An 'error' that nobody listens for is logged: it never ends the
 * process.
 */
const { EventEmitter } = require('node:events');
const { Core } = require('./core.js');
const { Subscription, around, bytes, withProcess } = require('./engine.js');
const { TidegateError, fromDetails, wrongType } = require('./errors.js');
const { guarded, logger } = require('./log.js');
const { call, callLater, native } = require('./native.js');
const { known } = require('./options.js');

const TIMES = {
  pollInterval: 'ms', reportInterval: 'ms', networkFirst: 'ms', connectTimeout: 'ms', answerTimeout: 'ms', readStall: 'ms',
  staleAfter: 'ms', flushTimeout: 'ms', watchInterval: 'ms',
};
const OPTIONS = {
  process: 'object', mode: ['lenient', 'strict'], counters: 'boolean', keepSource: 'boolean', cache: 'string', bundled: 'string',
  bootstrap: 'any', proxy: 'any', rootCertificates: 'strings', streaming: 'boolean', log: 'function', ...TIMES,
};

/** The most events that wait for a reader; the newest are lost beyond. */
const MOST_WAITING = 1024;
const DAY_MS = 24 * 60 * 60 * 1000;

class Client extends EventEmitter {
  #handle;
  #engine;
  #log;
  #readers = new Set();
  #closing;
  #last;
  #held;

  constructor(origin, options = {}) {
    super();
    const { bootstrap, log, ...given } = known(options, OPTIONS);
    this.#log = logger(log);
    const document = bootstrap === undefined ? undefined : bytes(bootstrap, 'bootstrap');
    // Until it is closed, the native side holds this function, and with it the client.
    const [client, engine] = call(native.clientConnect, connectOptions(origin, given), document, (text) => this.#take(JSON.parse(text)));
    this.#handle = client;
    this.#engine = around(new Core(engine, this.#log, undefined));
  }

  /** The engine that is kept current; stays usable after `close`. */
  get engine() {
    return this.#engine;
  }

  get isClosed() {
    return this.#closing !== undefined;
  }

  /** Waits until something other than the callers' defaults is served; says where it came from. */
  async waitReady(timeoutMs = 5000) {
    if (!(Number.isSafeInteger(timeoutMs) && timeoutMs >= 0)) throw wrongType('timeoutMs', 'a whole number of milliseconds', timeoutMs);
    return new Promise((resolve, reject) => {
      const { source } = this.status();
      if (source !== 'defaults') return resolve(source);
      if (this.isClosed) return reject(this.#notReady('before it was closed', 'TG5011'));
      const end = (settle, value) => {
        clearTimeout(timer);
        this.#readers.delete(reader);
        settle(value);
      };
      const reader = {
        take: (event) => event.type === 'ready' && end(resolve, event.source),
        end: () => end(reject, this.#notReady('before it was closed', 'TG5011')),
      };
      const timer = setTimeout(() => {
        const { source: late } = this.status();
        if (late !== 'defaults') end(resolve, late);
        else end(reject, this.#notReady(`within ${timeoutMs} ms`));
      }, Math.min(timeoutMs, 2 ** 31 - 1));
      this.#readers.add(reader);
    });
  }

  #notReady(when, code = 'TG6112') {
    const { lastError } = this.status();
    const last = lastError === undefined ? '' : `; last error: ${lastError.message}`;
    return new TidegateError({ code, message: `expected a document ${when}, found none${last}` });
  }

  /** The state at this moment. */
  status() {
    return this.#last ?? status(call(native.clientStatus, this.#handle));
  }

  /** Calls `listener` with each event; the same as the emitter's events, in one. */
  onEvent(listener) {
    if (typeof listener !== 'function') throw wrongType('listener', 'a function', listener);
    const reader = { take: (event) => guarded(this.#log, listener, event), end() {} };
    this.#readers.add(reader);
    return new Subscription(() => this.#readers.delete(reader));
  }

  /** Events from now on, to be read with `for await` at one's own pace; ends when the client is closed. */
  events() {
    const events = new Events(() => this.#readers.delete(events));
    if (this.isClosed) events.end();
    else this.#readers.add(events);
    return events;
  }

  [Symbol.asyncIterator]() {
    return this.events();
  }

  /** Keeps the process alive until it is closed. */
  ref() {
    if (!this.isClosed) this.#held ??= setInterval(() => {}, DAY_MS);
    return this;
  }

  /** Takes `ref` back. */
  unref() {
    clearInterval(this.#held);
    this.#held = undefined;
    return this;
  }

  /** Sends the last counts and ends the native thread. The engine serves on what it has. Again is nothing. */
  close() {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close() {
    this.#last = this.status();
    this.#last = { ...status(await callLater(native.clientClose, this.#handle)), life: 'closed' };
    this.unref();
    for (const reader of [...this.#readers]) reader.end();
    this.#readers.clear();
  }

  [Symbol.asyncDispose]() {
    return this.close();
  }

  /** Begins to close it. */
  [Symbol.dispose]() {
    this.close().catch((error) => this.#log('error', 'a client did not close', error));
  }

  #take(told) {
    const event = told.type === 'error' ? { ...told, error: fromDetails(told.error) } : told;
    for (const reader of [...this.#readers]) reader.take(event);
    const { type, ...rest } = event;
    if (type === 'error' && this.listenerCount('error') === 0) {
      this.#log('warn', 'a client had an error', event.error);
      return;
    }
    // One by one, so that one that throws does not keep the event from the others.
    for (const listener of this.rawListeners(type)) {
      guarded(this.#log, listener.bind(this), type === 'error' ? event.error : rest);
    }
  }
}

/** Events that wait to be read. */
class Events {
  #waiting = [];
  #asked = [];
  #isEnded = false;
  #forget;

  constructor(forget) {
    this.#forget = forget;
  }

  take(event) {
    const asked = this.#asked.shift();
    if (asked !== undefined) asked({ value: event, done: false });
    else if (this.#waiting.length < MOST_WAITING) this.#waiting.push(event);
  }

  end() {
    this.#isEnded = true;
    for (const asked of this.#asked.splice(0)) asked({ value: undefined, done: true });
  }

  next() {
    if (this.#waiting.length > 0) return Promise.resolve({ value: this.#waiting.shift(), done: false });
    if (this.#isEnded) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve) => this.#asked.push(resolve));
  }

  return() {
    this.#forget();
    this.#waiting = [];
    this.end();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  [Symbol.asyncDispose]() {
    return this.return().then(() => undefined);
  }
}

function status(text) {
  const { lastError, ...rest } = JSON.parse(text);
  const present = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== null));
  return lastError === null ? present : { ...present, lastError: fromDetails(lastError) };
}

function connectOptions(origin, options) {
  const { process, mode, counters = true, keepSource, proxy, streaming = true, rootCertificates, cache, bundled, ...times } = options;
  if (proxy !== undefined && proxy !== false && typeof proxy !== 'string') throw wrongType('proxy', 'a URL or false', proxy);
  const engine = { strict: mode === 'strict', counters, keepSource };
  const given = { ...origin, cache, bundled, rootCertificates, proxy: proxy || undefined, direct: proxy === false, pollOnly: !streaming, times };
  const text = withProcess(engine, process);
  const rest = JSON.stringify(given);
  return `${rest.slice(0, -1)},"engine":${text}}`;
}

/** Connects with a connection string as `tidegate sdk-key new` prints it. Returns at once: see `waitReady`. */
function connect(connection, options) {
  if (typeof connection !== 'string') throw wrongType('connection', 'a connection string', connection);
  return new Client({ connection }, options);
}

/** A document in a file that is watched instead of a server. */
function watchFile(path, options) {
  if (typeof path !== 'string') throw wrongType('path', 'a path', path);
  return new Client({ file: path }, options);
}

module.exports = { Client, connect, watchFile };
