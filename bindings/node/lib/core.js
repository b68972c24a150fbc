'use strict';
/**
 * An engine as the classes of this package share it: its handle, and what is remembered of it.
 *
 *     Engine, Gate, Feature, Context, View ──▶ Core ──▶ native
 */
const { TidegateError, wrongType } = require('./errors.js');
const { Decision } = require('./decision.js');
const { absorbed } = require('./log.js');
const { UNKNOWN, call, check, decide, native } = require('./native.js');
const { ODD, reader } = require('./read.js');
const { Json, attribute } = require('./values.js');

const { contextSet } = native;

/** Engines that nobody holds any more are closed. */
const forgotten = new FinalizationRegistry(free);

function free({ engine, scratch }) {
  native.engineClose(engine);
  if (scratch !== 0) native.contextFree(scratch);
}

/** How often a check is tried again because another document came in its middle. */
const TRIES = 8;

class Core {
  constructor(handle, log, clock) {
    this.handle = handle;
    this.log = log;
    this.clock = clock;
    /** By the number that `decide` gives; of the program of `epoch`. */
    this.decisions = [];
    this.epoch = -1;
    /** By name. */
    this.gates = new Map();
    this.attributes = new Map();
    /** By index. */
    this.attributeNames = [];
    this.listeners = new Set();
    this.list = undefined;
    /** What is freed with it; `scratch` is a context for objects that cannot be read in place. */
    this.owned = { engine: handle, scratch: 0 };
    forgotten.register(this, this.owned, this);
  }

  close() {
    if (this.handle === 0) return;
    this.handle = 0;
    this.listeners.clear();
    forgotten.unregister(this);
    free(this.owned);
  }

  /** Calls a cold function of the engine. */
  call(work, ...given) {
    if (this.handle === 0) throw closed('engine');
    return call(work, this.handle, ...given);
  }

  /** Tells the engine the time, before a decision, where it has a clock of JavaScript's. */
  tick() {
    const now = this.clock();
    if (typeof now !== 'number' || !Number.isFinite(now)) {
      absorbed(now, () => {});
      throw wrongType('clock', 'a clock that gives milliseconds since 1970', now);
    }
    this.call(native.engineSetTime, Math.trunc(now));
  }

  /** The handle of a feature, by name. */
  gate(name) {
    if (this.handle === 0) throw closed('engine');
    let gate = this.gates.get(name);
    if (gate === undefined) {
      gate = new Place(this.call(native.gateNew, name));
      this.gates.set(name, gate);
    }
    return gate;
  }

  /** Likewise, if there is such a feature: names that strangers ask for are not kept. */
  present(name) {
    const gate = this.gates.get(name);
    if (gate !== undefined) return gate;
    return this.call(native.engineHas, name) ? this.gate(name) : undefined;
  }

  /** The index of an attribute; −1: the engine knows as many as it can, and this one counts as missing. */
  attribute(name) {
    let index = this.attributes.get(name);
    if (index === undefined) {
      index = this.call(native.engineAttribute, name);
      if (index >= 0) this.attributes.set(name, index);
    }
    return index;
  }

  attributeName(index) {
    return (this.attributeNames[index] ??= this.call(native.engineAttributeName, index));
  }

  /** The decision of a number that `decide` gave. */
  decision(number) {
    return number >= 0 ? this.decisions[number] : this.describe(~number);
  }

  /** One that is not known yet. */
  describe(number) {
    this.follow(this.call(native.engineEpoch));
    const decision = Decision.parse(this.call(native.describe, number));
    this.decisions[number] = decision;
    return decision;
  }

  /** Another program: its decisions are others. */
  follow(epoch) {
    if (epoch !== this.epoch) {
      this.epoch = epoch;
      this.decisions = [];
    }
  }

  /** Plans what is read for a gate. */
  plan(place) {
    const plan = JSON.parse(this.call((_, gate) => native.gatePlan(gate), place.handle));
    place.isPlanned = plan.epoch > 0;
    if (plan.number === place.plan?.number) return;
    place.plan = plan.names === null ? undefined : plan;
    place.reader = plan.names === null ? undefined : reader(plan.names);
  }

  /** The plan of a gate, if something is served, and no more is read for it than can be handed over. */
  planned(place) {
    if (!place.isPlanned && this.handle !== 0) this.plan(place);
    return place.isPlanned ? place.plan : undefined;
  }

  /** Whether a gate is on for a plain object. */
  checkObject(place, object) {
    return this.read(place, object, 'check', check) === 1;
  }

  /** The number of the decision for a plain object. */
  decideObject(place, object) {
    return this.read(place, object, 'decide', decide);
  }

  /** The indexes of the attributes that are read for a gate, and in which epoch. */
  reads({ handle }) {
    return JSON.parse(this.call((_, gate) => native.gateReads(gate, 0), handle));
  }

  read(place, object, how, whole) {
    for (let tries = 0; tries < TRIES; tries += 1) {
      if (place.isPlanned && place.reader !== undefined) {
        const found = place.reader[how](place.handle, place.plan.number, object);
        if (found === ODD) break;
        if (found !== UNKNOWN) return found;
      }
      this.plan(place);
      if (place.reader === undefined) break;
    }
    for (let tries = 0; ; tries += 1) {
      const { epoch, indexes } = this.reads(place);
      const found = whole(place.handle, this.borrowed(object, indexes));
      if (found === UNKNOWN) throw this.problem(this.owned.scratch);
      // Another document may test what was not read.
      if (tries >= TRIES || this.call(native.engineUsed) === epoch) return found;
    }
  }

  /** The scratch context with some attributes of an object, by index. */
  borrowed(object, indexes) {
    const values = [];
    for (const index of indexes) {
      const name = this.attributeName(index);
      const value = object[name];
      if (value === undefined || value === null || isInherited(name, value)) continue;
      values.push(index, attribute(name, value));
    }
    return this.filled(values);
  }

  /** The scratch context with these attributes, and all own ones that can be any, for a trace. */
  whole(object, indexes) {
    const values = [];
    for (const name of Object.keys(object)) {
      const value = object[name];
      if (typeof value === 'function' || typeof value === 'symbol') continue;
      const index = this.attribute(name);
      if (index >= 0) values.push(index, attribute(name, value));
    }
    for (const index of indexes) {
      const name = this.attributeName(index);
      if (!Object.hasOwn(object, name) && !isInherited(name, object[name])) values.push(index, attribute(name, object[name]));
    }
    return this.filled(values);
  }

  /** All values were read before: reading may run code, which may want the scratch context as well. */
  filled(values) {
    const { owned } = this;
    if (owned.scratch === 0) owned.scratch = this.call(native.contextNew);
    call(native.contextClear, owned.scratch);
    for (let i = 0; i < values.length; i += 2) put(owned.scratch, values[i], values[i + 1]);
    return owned.scratch;
  }

  /** The features of the program that is served, `{epoch, version, names, numbers, reads}`. */
  features() {
    return (this.list = listed(this.call(native.engineFeatures)));
  }

  /** Why the engine does not decide for a context. */
  problem(context) {
    if (this.handle === 0) return closed('engine');
    if (context === 0) return closed('context');
    try {
      this.call(native.contextProblem, context);
    } catch (error) {
      return error;
    }
    return new TidegateError({ code: 'TG0000', message: 'the native code gave no answer; this is a defect of tidegate' });
  }
}

/** A feature's handle, and what is read of an object for it. */
class Place {
  constructor(handle) {
    this.handle = handle;
    /** `{number, names}`; none: there are too many names. */
    this.plan = undefined;
    this.isPlanned = false;
    /** Of the names of the plan. */
    this.reader = undefined;
  }
}

function listed(text) {
  const { epoch, version, features, reads } = JSON.parse(text);
  const numbers = Int32Array.from(features, ([number]) => number);
  const names = features.map(([, name]) => name);
  const places = new Map(names.map((name, place) => [name, place]));
  return { epoch, version, reads, numbers, names, places, found: new Int32Array(numbers.length) };
}

/** Sets an attribute that `attribute` of `values.js` made. */
function put(context, index, value) {
  if (value instanceof Json) {
    call(native.contextSetJson, context, index, value.text);
    return true;
  }
  return contextSet(context, index, value);
}

/** An attribute may have the name of what every object has, such as `constructor`. */
function isInherited(name, value) {
  return typeof value !== 'string' && name in Object.prototype && (value === Object.prototype[name] || name === '__proto__');
}

function closed(what) {
  return new TidegateError({ code: 'TG5011', message: `expected an open ${what}, found one that was closed` });
}

module.exports = { Core, closed, listed, put };
