'use strict';
/** The engine: holds what is served, decides, and says why. */
const { readFileSync } = require('node:fs');
const { readFile } = require('node:fs/promises');
const { Core, closed } = require('./core.js');
const { Context } = require('./context.js');
const { Decision } = require('./decision.js');
const { Decisions } = require('./decisions.js');
const { TidegateError, wrongType } = require('./errors.js');
const { Feature, Gate, adopt, checkBy, contextOf } = require('./feature.js');
const { guarded, logger } = require('./log.js');
const { call, callLater, native } = require('./native.js');
const { known } = require('./options.js');
const { View } = require('./view.js');
const { json } = require('./values.js');

const { evaluateAll } = native;

/** Makes an engine of a core that exists. */
let around;

class Engine {
  #core;
  #gates = new Map();

  static {
    around = (core) => new Engine(undefined, core);
  }

  /** @param {object} [options] process, mode, counters, keepSource, clock, log */
  constructor(options = {}, core = undefined) {
    this.#core = core instanceof Core ? core : made(options);
  }

  /** An engine that serves the document of a file. */
  static async fromFile(path, options = {}) {
    const document = await readFile(path).catch((cause) => unreadable(path, cause));
    const engine = new Engine(options);
    await engine.load(document);
    return engine;
  }

  /** As `fromFile`, at once. */
  static fromFileSync(path, options = {}) {
    let document;
    try {
      document = readFileSync(path);
    } catch (cause) {
      unreadable(path, cause);
    }
    const engine = new Engine(options);
    engine.loadSync(document);
    return engine;
  }

  /** The engine that another thread of this process shares by this token. */
  static shared(token, options = {}) {
    if (typeof token !== 'number') throw wrongType('token', 'a number that `share` gave', token);
    const { log } = known(options, { log: 'function' });
    return around(new Core(call(native.engineShared, token), logger(log), undefined));
  }

  /** Serves a document from now on; compiles it off this thread. */
  async load(document) {
    return this.#later(bytes(document, 'document'), false);
  }

  /** Serves a document from now on; returns when it does. */
  loadSync(document) {
    return update(this.#core.call(native.engineLoad, bytes(document, 'document'), false));
  }

  /** Serves a document with a change of what is served; compiles it off this thread. */
  async applyDelta(delta) {
    return this.#later(bytes(delta, 'delta'), true);
  }

  applyDeltaSync(delta) {
    return update(this.#core.call(native.engineLoad, bytes(delta, 'delta'), true));
  }

  async #later(document, isDelta) {
    if (this.#core.handle === 0) throw closed('engine');
    return update(await callLater(native.engineLoadLater, this.#core.handle, document, isDelta));
  }

  /** The version that is served; 0 if there is none. */
  get version() {
    return this.#core.call(native.engineVersion);
  }

  get isClosed() {
    return this.#core.handle === 0;
  }

  /** What is served: `{version, features, memoryBytes}`. */
  snapshot() {
    const { version, names } = this.#core.features();
    return { version, features: names.length, memoryBytes: this.#core.call(native.engineMemory) };
  }

  /** The names of all features, sorted. */
  features() {
    return [...this.#core.features().names];
  }

  /** A gate as a handle, existing or not: the same one for the same name. */
  gate(name) {
    if (this.isClosed) throw closed('engine');
    const gate = this.#gates.get(name) ?? this.#gate(name);
    gate[adopt]();
    return gate;
  }

  #gate(name) {
    if (typeof name !== 'string') throw wrongType('name', 'the name of a feature', name);
    const gate = new Gate(this.#core, name);
    this.#gates.set(name, gate);
    return gate;
  }

  /** A feature as a handle, existing or not. */
  feature(name) {
    if (typeof name !== 'string') throw wrongType('name', 'the name of a feature', name);
    return new Feature(this.#core, name);
  }

  /** A context, to be filled once and used for many decisions. */
  context(attributes) {
    return new Context(this.#core, attributes);
  }

  /** A context of a JSON object; integers are exact to 64 bits. */
  contextFromJson(text) {
    return new Context(this.#core).assignJson(text);
  }

  /** Whether a gate is on, by name. */
  check(name, context, fallback) {
    let gate = this.#gates.get(name);
    if (gate === undefined) {
      gate = this.#present(name);
      if (gate === undefined) {
        contextOf(context);
        if (fallback !== undefined && typeof fallback !== 'boolean') throw wrongType('fallback', 'a boolean', fallback);
        return fallback ?? false;
      }
    }
    return gate[checkBy](context, fallback);
  }

  /** The decision of a feature, by name. */
  decide(name, context) {
    const gate = this.#gates.get(name) ?? this.#present(name);
    if (gate !== undefined) return gate.decide(context);
    contextOf(context);
    return Decision.unknown(name, this.version);
  }

  /** A name that strangers ask for is not kept. */
  #present(name) {
    if (typeof name !== 'string') throw wrongType('name', 'the name of a feature', name);
    return this.#core.present(name) === undefined ? undefined : this.#gate(name);
  }

  /** The decisions of all features, by name, in the order of names: one version, one instant. */
  evaluateAll(context) {
    const core = this.#core;
    if (core.clock !== undefined) core.tick();
    const given = contextOf(context);
    for (;;) {
      const list = core.list ?? core.features();
      const handle = given === -1 ? core.borrowed(context, list.reads) : given;
      if (evaluateAll(core.handle, handle, list.numbers, list.found, list.epoch) === true) return decisions(core, list);
      const { epoch } = core.features();
      // The same program: it is not the list that is at fault.
      if (epoch === list.epoch) throw core.problem(handle);
    }
  }

  /** One version at one instant, for several decisions; to be disposed of. */
  view() {
    return new View(this.#core);
  }

  /** Serves a variant or a value whatever the document says, for everyone or where the attribute `unit` is `id`. */
  setOverride(feature, override) {
    if (typeof feature !== 'string') throw wrongType('feature', 'the name of a feature', feature);
    const types = { variant: 'string', value: 'any', unit: 'string', id: 'string' };
    const { variant, unit, id, ...rest } = known(override, types, 'override');
    const value = 'value' in rest ? json(rest.value) : undefined;
    this.#core.call(native.overrideSet, feature, variant, value, unit, id);
  }

  clearOverride(feature) {
    if (typeof feature !== 'string') throw wrongType('feature', 'the name of a feature', feature);
    this.#core.call(native.overrideClear, feature);
  }

  clearOverrides() {
    this.#core.call(native.overrideClear, undefined);
  }

  /** The features that are overridden, sorted. */
  overridden() {
    return this.#core.call(native.overridden);
  }

  /** What was decided since the last call, by variant and phase; needs `counters`. */
  drainExposures() {
    const without = ([, value]) => value !== null;
    const exposures = JSON.parse(this.#core.call(native.engineExposures));
    return exposures.map((exposure) => Object.fromEntries(Object.entries(exposure).filter(without)));
  }

  /** Why a feature is decided as it is, step by step; needs `keepSource`. */
  trace(feature, context) {
    return JSON.parse(this.#trace(feature, context, false));
  }

  /** Likewise, as a tree of text for people. */
  explain(feature, context) {
    return this.#trace(feature, context, true);
  }

  #trace(feature, context, isText) {
    if (typeof feature !== 'string') throw wrongType('feature', 'the name of a feature', feature);
    if (this.#core.clock !== undefined) this.#core.tick();
    const core = this.#core;
    let handle = contextOf(context);
    if (handle === 0) throw closed('context');
    if (handle === -1) {
      const place = core.present(feature);
      handle = core.whole(context, place === undefined ? [] : core.reads(place).indexes);
    }
    return core.call(native.engineTrace, feature, handle, isText);
  }

  /** What was compiled, as text; of one feature if one is named, `undefined` if there is none of that name. */
  listing(feature) {
    if (feature !== undefined && typeof feature !== 'string') throw wrongType('feature', 'the name of a feature', feature);
    return this.#core.call(native.engineListing, feature) ?? undefined;
  }

  /** Whether a gate is on for everybody or for nobody; `undefined` where that depends on the context or the time. */
  constant(gate) {
    if (typeof gate !== 'string') throw wrongType('gate', 'the name of a gate', gate);
    return this.#core.call(native.engineConstant, gate) ?? undefined;
  }

  /** Calls `listener` with each update, on the event loop, until the subscription is closed. Does not keep the process alive. */
  onUpdate(listener) {
    if (typeof listener !== 'function') throw wrongType('listener', 'a function', listener);
    const core = this.#core;
    const own = (text) => guarded(core.log, listener, update(text));
    if (core.listeners.size === 0) subscribe(core);
    core.listeners.add(own);
    return new Subscription(() => {
      if (core.listeners.delete(own) && core.listeners.size === 0 && core.handle !== 0) native.engineOffUpdate(core.handle);
    });
  }

  /** A number by which other threads of this process can use this engine: `Engine.shared(token)`, until it is closed. */
  share() {
    return this.#core.call(native.engineShare);
  }

  /** Ends its use; a client that keeps it current goes on. */
  close() {
    this.#core.close();
  }

  [Symbol.dispose]() {
    this.close();
  }
}

/** Ends the calls of a listener. */
class Subscription {
  #end;

  constructor(end) {
    this.#end = end;
  }

  close() {
    const end = this.#end;
    this.#end = undefined;
    end?.();
  }

  [Symbol.dispose]() {
    this.close();
  }
}

/** Only the listeners are held by the native side, not the engine: that can still be forgotten. */
function subscribe({ handle, listeners }) {
  call(native.engineOnUpdate, handle, (text) => {
    for (const listener of [...listeners]) listener(text);
  });
}

function made(options) {
  const types = { process: 'object', mode: ['lenient', 'strict'], counters: 'boolean', keepSource: 'boolean', clock: 'function', log: 'function' };
  const { process, mode, counters, keepSource, clock, log } = known(options, types);
  const given = { strict: mode === 'strict', counters, keepSource, clock: clock !== undefined };
  return new Core(call(native.engineNew, withProcess(given, process)), logger(log), clock);
}

/** Options as JSON, with process attributes that may have bigints. */
function withProcess(given, attributes) {
  return json(attributes === undefined ? given : { ...given, process: attributes });
}

function update(text) {
  return JSON.parse(text);
}

function decisions(core, { names, places, found }) {
  const all = new Array(names.length);
  for (let i = 0; i < all.length; i += 1) {
    const number = found[i];
    all[i] = number >= 0 ? core.decisions[number] : core.describe(~number);
  }
  return new Decisions(names, places, all);
}

/** The bytes of a document. */
function bytes(document, field) {
  if (typeof document === 'string') return Buffer.from(document);
  if (document instanceof Uint8Array) {
    // Others may write to shared memory while it is read.
    return document.buffer instanceof ArrayBuffer ? document : Uint8Array.from(document);
  }
  if (document instanceof ArrayBuffer) return new Uint8Array(document);
  throw wrongType(field, 'a string or bytes', document);
}

function unreadable(path, cause) {
  const error = new TidegateError({ code: 'TG6111', message: `expected a document in ${JSON.stringify(String(path))}, found none that can be read: ${cause.message}` });
  error.cause = cause;
  throw error;
}

module.exports = { Engine, Subscription, around, bytes, withProcess };
