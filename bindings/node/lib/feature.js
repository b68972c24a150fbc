'use strict';
/**
 * Handles of features: a name that was looked up once. What services call per request is here.
 *
 *     a Context ──▶ check(gate, context)                                    two integers, in registers
 *     an object ──▶ the reader that was generated for the feature           the values that its rules test
 */
const { ANSWERS, checkOf } = require('./check.js');
const { Context, handleOf } = require('./context.js');
const { wrongType } = require('./errors.js');
const { UNKNOWN, check, decide } = require('./native.js');
const { ODD } = require('./read.js');

/** The handle of a context, −1: a plain object. */
function contextOf(value) {
  // Not `#handle in value`, which is slow where values of several shapes come by.
  if (value instanceof Context) return handleOf(value);
  if (typeof value !== 'object' || value === null) throw wrongType('context', 'a Context or an object', value);
  return -1;
}

/** The check of a gate without a function of its own, for who has many gates. */
const checkBy = Symbol('check');

/** Gives a gate a function of its own. */
const adopt = Symbol('adopt');

/** A gate of an engine; also one that appears later. */
class Gate {
  #core;
  #place;
  #name;
  #handle;
  #isTimed;
  /** The plan of the function of its own, and that function. */
  #plan;
  #own;

  constructor(core, name) {
    this.#core = core;
    this.#name = name;
    this.#place = core.gate(name);
    this.#handle = this.#place.handle;
    this.#isTimed = core.clock !== undefined;
  }

  get name() {
    return this.#name;
  }

  /** Whether it is on; `fallback` where nothing is served, as for a gate that does not exist. */
  check(context, fallback) {
    this[adopt]();
    return this[checkBy](context, fallback);
  }

  /** Has `check` be the function that is made for what is read now; not if somebody, such as a test, put another one there. */
  [adopt]() {
    const plan = this.#isTimed ? undefined : this.#core.planned(this.#place);
    if (plan === undefined || plan === this.#plan) return;
    if (Object.hasOwn(this, 'check') && this.check !== this.#own) return;
    this.#plan = plan;
    this.#own = checkOf(this.#handle, plan, (context, fallback) => {
      const on = this[checkBy](context, fallback);
      this[adopt]();
      return on;
    });
    Object.defineProperty(this, 'check', { value: this.#own, configurable: true, enumerable: false, writable: true });
  }

  [checkBy](context, fallback) {
    if (fallback !== undefined && fallback !== false) return this.#checkOr(context, fallback);
    if (this.#isTimed) this.#core.tick();
    if (context instanceof Context) {
      const on = check(this.#handle, handleOf(context));
      return on < 0 ? fail(this.#core, handleOf(context)) : ANSWERS[on];
    }
    if (typeof context !== 'object' || context === null) contextOf(context);
    const { plan, reader } = this.#place;
    if (reader !== undefined) {
      const on = reader.check(this.#handle, plan.number, context);
      if (on >= 0) return ANSWERS[on];
    }
    return this.#core.checkObject(this.#place, context);
  }

  #checkOr(context, fallback) {
    if (typeof fallback !== 'boolean') throw wrongType('fallback', 'a boolean', fallback);
    const { isOn, value } = this.decide(context);
    return value === undefined ? fallback : isOn;
  }

  /** The decision. */
  decide(context) {
    return decision(this.#core, this.#place, context);
  }
}

/** A feature of any kind. */
class Feature {
  #core;
  #place;
  #name;

  constructor(core, name) {
    this.#core = core;
    this.#name = name;
    this.#place = core.gate(name);
  }

  get name() {
    return this.#name;
  }

  decide(context) {
    return decision(this.#core, this.#place, context);
  }

  /** The value; `fallback` where there is none. */
  value(context, fallback) {
    const { value } = this.decide(context);
    return value === undefined ? fallback : value;
  }

  /** The value if it is a boolean, else `fallback`. */
  bool(context, fallback) {
    const { value } = this.decide(context);
    return typeof value === 'boolean' ? value : fallback;
  }

  /** The value if it is an integer that a number holds exactly, else `fallback`. */
  int(context, fallback) {
    const { value } = this.decide(context);
    return Number.isSafeInteger(value) ? value : fallback;
  }

  /** The value if it is a number, else `fallback`. */
  float(context, fallback) {
    const { value } = this.decide(context);
    return typeof value === 'number' ? value : fallback;
  }

  /** The value if it is a string, else `fallback`. */
  str(context, fallback) {
    const { value } = this.decide(context);
    return typeof value === 'string' ? value : fallback;
  }
}

/** The decision of a feature. */
function decision(core, place, context) {
  if (core.clock !== undefined) core.tick();
  const handle = contextOf(context);
  let number;
  if (handle !== -1) {
    number = decide(place.handle, handle);
    if (number === UNKNOWN) fail(core, handle);
  } else {
    const { plan, reader } = place;
    number = reader === undefined ? UNKNOWN : reader.decide(place.handle, plan.number, context);
    if (number <= ODD) number = core.decideObject(place, context);
  }
  return number >= 0 ? core.decisions[number] : core.describe(~number);
}

function fail(core, context) {
  throw core.problem(context);
}

module.exports = { Feature, Gate, adopt, checkBy, contextOf };
