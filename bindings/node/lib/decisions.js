'use strict';
/** The decisions of all features: a map that costs no more to make than a list. */

class Decisions {
  #names;
  #places;
  #all;

  /** @param {string[]} names sorted @param {Map<string, number>} places by name */
  constructor(names, places, all) {
    this.#names = names;
    this.#places = places;
    this.#all = all;
  }

  get size() {
    return this.#all.length;
  }

  get(name) {
    const place = this.#places.get(name);
    return place === undefined ? undefined : this.#all[place];
  }

  has(name) {
    return this.#places.has(name);
  }

  keys() {
    return this.#names.values();
  }

  values() {
    return this.#all.values();
  }

  *entries() {
    for (let i = 0; i < this.#names.length; i += 1) yield [this.#names[i], this.#all[i]];
  }

  [Symbol.iterator]() {
    return this.entries();
  }

  forEach(callback, own) {
    for (const [name, decision] of this) callback.call(own, decision, name, this);
  }

  /** By name, as an object. */
  toJSON() {
    // Also a feature that is called `__proto__` is a member.
    return Object.fromEntries(this);
  }

  get [Symbol.toStringTag]() {
    return 'Decisions';
  }

  [Symbol.for('nodejs.util.inspect.custom')](_, options, inspect) {
    return inspect(new Map(this), options);
  }
}

module.exports = { Decisions };
