'use strict';
/** One version of the document at one instant, for several decisions that must not mix versions. */
const { closed, listed } = require('./core.js');
const { Decision } = require('./decision.js');
const { Decisions } = require('./decisions.js');
const { TidegateError, wrongType } = require('./errors.js');
const { contextOf } = require('./feature.js');
const { ANSWER, UNKNOWN, call, native, registers } = require('./native.js');

const { viewDecide, viewEvaluateAll } = native;

const forgotten = new FinalizationRegistry((handle) => native.viewFree(handle));

class View {
  #core;
  #handle;
  #version;
  #now;
  #decisions;
  #list;
  /** By the gate's handle: the attributes that are read for it. */
  #reads = new Map();

  constructor(core) {
    if (core.clock !== undefined) core.tick();
    const [handle, epoch, version, now] = core.call(native.viewNew);
    this.#core = core;
    this.#handle = handle;
    this.#version = version;
    this.#now = now;
    if (core.call(native.engineEpoch) === epoch) {
      core.follow(epoch);
      this.#decisions = core.decisions;
      this.#list = core.list?.epoch === epoch ? core.list : undefined;
    } else {
      // Another document came in between: its decisions are its own.
      this.#decisions = [];
    }
    forgotten.register(this, handle, this);
  }

  get version() {
    return this.#version;
  }

  /** The instant, in milliseconds since 1970. */
  get now() {
    return this.#now;
  }

  check(name, context, fallback = false) {
    if (typeof fallback !== 'boolean') throw wrongType('fallback', 'a boolean', fallback);
    const { isOn, value } = this.decide(name, context);
    return value === undefined ? fallback : isOn;
  }

  decide(name, context) {
    if (typeof name !== 'string') throw wrongType('name', 'the name of a feature', name);
    if (this.#handle === 0) throw closed('view');
    const handle = contextOf(context);
    if (this.#core.gates.get(name) === undefined && !call(native.viewHas, this.#handle, name)) {
      return Decision.unknown(name, this.#version);
    }
    const gate = this.#core.gate(name).handle;
    const used = handle === -1 ? this.#core.borrowed(context, this.#readsOf(gate)) : handle;
    viewDecide(this.#handle, gate, used);
    const number = registers[ANSWER];
    if (number === UNKNOWN) throw this.#problem(used);
    const decision = this.#decision(number);
    // The view may be older than the name.
    return decision.feature === name ? decision : Decision.unknown(name, this.#version);
  }

  /** The decisions of all features, by name, in the order of names. */
  evaluateAll(context) {
    if (this.#handle === 0) throw closed('view');
    const handle = contextOf(context);
    this.#list ??= listed(call(native.viewFeatures, this.#handle));
    const { names, places, numbers, reads } = this.#list;
    const used = handle === -1 ? this.#core.borrowed(context, reads) : handle;
    const found = new Int32Array(numbers.length);
    if (viewEvaluateAll(this.#handle, used, numbers, found) === undefined) throw this.#problem(used);
    return new Decisions(names, places, Array.from(found, (number) => this.#decision(number)));
  }

  [Symbol.dispose]() {
    if (this.#handle === 0) return;
    forgotten.unregister(this);
    native.viewFree(this.#handle);
    this.#handle = 0;
  }

  #readsOf(gate) {
    let reads = this.#reads.get(gate);
    if (reads === undefined) {
      reads = JSON.parse(call(native.gateReads, gate, this.#handle)).indexes;
      this.#reads.set(gate, reads);
    }
    return reads;
  }

  #decision(number) {
    if (number >= 0) return this.#decisions[number];
    const decision = Decision.parse(call(native.viewDescribe, this.#handle, ~number));
    this.#decisions[~number] = decision;
    return decision;
  }

  #problem(context) {
    if (context === 0) return closed('context');
    try {
      call(native.viewProblem, this.#handle, context);
    } catch (error) {
      return error;
    }
    return this.#core.handle === 0
      ? closed('engine')
      : new TidegateError({ code: 'TG0000', message: 'the native code gave no answer; this is a defect of tidegate' });
  }
}

module.exports = { View };
