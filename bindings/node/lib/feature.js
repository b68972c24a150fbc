'use strict';
/**
 * Handles of features: a name that was looked up once. What services call per request is here.
 *
 *     a Context ──▶ native.check(gate, context)                             two integers
 *     an object ──▶ the reader that was generated for the feature           the values that its rules test
 */
const { Context, handleOf } = require('./context.js');
const { wrongType } = require('./errors.js');
const { native } = require('./native.js');
const { ODD } = require('./read.js');

/** The handle of a context, −1: a plain object. */
function contextOf(value) {
  // Not `#handle in value`, which is slow where values of several shapes come by.
  if (value instanceof Context) return handleOf(value);
  if (typeof value !== 'object' || value === null) throw wrongType('context', 'a Context or an object', value);
  return -1;
}

const { check, decide } = native;

/** A gate of an engine; also one that appears later. */
class Gate {
  #core;
  #place;
  #name;
  #handle;
  #isTimed;

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
    if (fallback !== undefined && fallback !== false) return this.#checkOr(context, fallback);
    if (this.#isTimed) this.#core.tick();
    if (context instanceof Context) {
      const on = check(this.#handle, handleOf(context));
      // Not `on !== undefined && …`: that would branch on the answer.
      return on === false ? fail(this.#core, handleOf(context)) : on !== undefined;
    }
    if (typeof context !== 'object' || context === null) contextOf(context);
    const { reader } = this.#place;
    if (reader !== undefined) {
      const on = reader.check(this.#handle, context);
      if (on !== false && on !== ODD) return on !== undefined;
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
    if (number === undefined) fail(core, handle);
  } else {
    const { reader } = place;
    number = reader === undefined ? undefined : reader.decide(place.handle, context);
    if (number === undefined || number === ODD) number = core.decideObject(place, context);
  }
  return number >= 0 ? core.decisions[number] : core.describe(~number);
}

function fail(core, context) {
  throw core.problem(context);
}

module.exports = { Feature, Gate, contextOf };
