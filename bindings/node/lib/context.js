'use strict';
/** The attributes of one evaluation, held natively; to be filled once and used for many decisions. */
const { wrongType } = require('./errors.js');
const { closed, put } = require('./core.js');
const { call, native } = require('./native.js');
const { attribute } = require('./values.js');

const forgotten = new FinalizationRegistry((handle) => native.contextFree(handle));

/** The handle of a context. */
let handleOf;

class Context {
  /** 0: freed. */
  #handle;
  #core;

  static {
    handleOf = (context) => context.#handle;
  }

  constructor(core, attributes) {
    this.#core = core;
    this.#handle = core.call(native.contextNew);
    forgotten.register(this, this.#handle, this);
    if (attributes !== undefined) this.assign(attributes);
  }

  /** Sets an attribute; `undefined` and `null` unset it. */
  set(name, value) {
    if (typeof name !== 'string') throw wrongType('name', 'the name of an attribute', name);
    const index = this.#core.attribute(name);
    if (index >= 0 && put(this.#handle, index, attribute(name, value)) === undefined) throw closed('context');
    return this;
  }

  /** Makes an attribute missing. */
  unset(name) {
    return this.set(name, undefined);
  }

  /** Sets an attribute for each own enumerable property. */
  assign(attributes) {
    if (typeof attributes !== 'object' || attributes === null) throw wrongType('attributes', 'an object', attributes);
    for (const name of Object.keys(attributes)) this.set(name, attributes[name]);
    return this;
  }

  /** Sets an attribute for each member of an object in JSON text; integers are exact to 64 bits. */
  assignJson(text) {
    if (typeof text !== 'string') throw wrongType('json', 'JSON text', text);
    call(native.contextSetObject, this.#handle, text);
    return this;
  }

  /** Makes all attributes missing and keeps the memory. */
  clear() {
    call(native.contextClear, this.#handle);
    return this;
  }

  /** Frees it, ahead of the garbage collector. */
  [Symbol.dispose]() {
    if (this.#handle === 0) return;
    forgotten.unregister(this);
    native.contextFree(this.#handle);
    this.#handle = 0;
  }
}

module.exports = { Context, handleOf };
