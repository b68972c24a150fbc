'use strict';
/**
 * What JavaScript's values are as attributes.
 *
 *     undefined, null, NaN, ±Infinity, an invalid Date → missing          Date → its ISO text
 *     string, boolean, number, bigint → themselves                         array → a list
 *     any other object → an object, of which only the type can be tested   function, symbol → a TidegateTypeError
 */
const { wrongType } = require('./errors.js');

const MOST_DEPTH = 120;

/** A value in JSON, to be parsed on the other side. */
class Json {
  constructor(text) {
    this.text = text;
  }
}

/** What may cross the boundary as it is, or a `Json`. */
function attribute(name, value) {
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'boolean':
    case 'bigint':
    case 'undefined':
      return value;
    case 'object':
      if (value === null) return undefined;
      if (value instanceof Date) return instant(value);
      if (isBoxed(value)) return value.valueOf();
      return Array.isArray(value) ? new Json(json(value, name, 0)) : OBJECT;
    default:
      throw wrongType(name, 'a value that is JSON, a bigint or a Date', value);
  }
}

const OBJECT = new Json('{}');

function isBoxed(value) {
  return value instanceof String || value instanceof Number || value instanceof Boolean;
}

function instant(date) {
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

/** JSON text; unlike `JSON.stringify`, with bigints, and without calls of `toJSON` other than a Date's. */
function json(value, name = 'value', depth = 0) {
  if (depth > MOST_DEPTH) throw wrongType(name, `a value nested at most ${MOST_DEPTH} deep`, value);
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value.toWellFormed());
    case 'number':
      return number(value);
    case 'boolean':
      return String(value);
    case 'bigint':
      return BigInt.asIntN(64, value) === value ? String(value) : number(Number(value));
    case 'undefined':
      return 'null';
    case 'object':
      if (value === null) return 'null';
      if (isBoxed(value)) return json(value.valueOf(), name, depth);
      if (value instanceof Date) return JSON.stringify(instant(value) ?? null);
      if (Array.isArray(value)) return `[${Array.from(value, (element) => json(element, name, depth + 1)).join(',')}]`;
      return object(value, name, depth);
    default:
      throw wrongType(name, 'a value that is JSON, a bigint or a Date', value);
  }
}

/** A number is a double: beyond 2^53, where it would be read as an exact integer, it is written as one. */
function number(value) {
  if (!Number.isFinite(value)) return 'null';
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? value.toExponential() : String(value);
}

/** An object's own enumerable members; those that are undefined are left out. */
function object(value, name, depth) {
  const members = [];
  for (const key of Object.keys(value)) {
    const member = value[key];
    if (member !== undefined) members.push(`${JSON.stringify(key.toWellFormed())}:${json(member, depth ? name : key, depth + 1)}`);
  }
  return `{${members.join(',')}}`;
}

/** A parsed JSON value that many may hold: nobody may change it. */
function frozen(value) {
  if (value !== null && typeof value === 'object') {
    for (const member of Object.values(value)) frozen(member);
    Object.freeze(value);
  }
  return value;
}

module.exports = { Json, attribute, frozen, json };
