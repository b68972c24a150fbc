'use strict';
/**
 * What is thrown: a `TidegateError` for a document or a use that was refused, a `TidegateTypeError` (a `TypeError`) for an argument of
 * the wrong type. Both say the code, the place, what was expected and what was found.
 */

/** "expected …, found …", as the core's messages are. */
const FORM = /^expected (.+?), found (.+)$/s;

function describe(error, { code, message, field, pointer, hint, diagnostics = [] }) {
  const [, expected, found] = FORM.exec(message) ?? [];
  const own = { code, pointer, field, expected, found, hint, diagnostics };
  for (const [name, value] of Object.entries(own)) {
    Object.defineProperty(error, name, { value, enumerable: value !== undefined, configurable: true, writable: true });
  }
}

class TidegateError extends Error {
  /** @param {object} details what the core says; @param {string} text the message as a whole */
  constructor(details, text = `${details.code}: ${details.message}`) {
    super(text);
    describe(this, details);
  }

  /** 1 document, 2 definition, 3 reference, 4 release, 5 use, 6 delivery. */
  get family() {
    return Number(this.code.charAt(2));
  }
}
Object.defineProperty(TidegateError.prototype, 'name', { value: 'TidegateError', configurable: true, writable: true });

class TidegateTypeError extends TypeError {
  constructor(details) {
    super(`${details.code}: ${details.field === undefined ? '' : `\`${details.field}\`: `}${details.message}`);
    describe(this, details);
  }
}
Object.defineProperty(TidegateTypeError.prototype, 'name', { value: 'TidegateTypeError', configurable: true, writable: true });

const BAD_ARGUMENT = 'TG5010';

/** What a value is, for a message; never runs code of the value's. */
function kind(value) {
  if (value === null) return 'null';
  if (typeof value === 'object') return Array.isArray(value) ? 'an array' : 'an object';
  if (typeof value === 'string') return value.length > 40 ? 'a string' : JSON.stringify(value);
  if (typeof value === 'undefined') return 'undefined';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return `a ${typeof value}`;
}

/** An argument has the wrong type. */
function wrongType(field, expected, value) {
  return new TidegateTypeError({ code: BAD_ARGUMENT, field, message: `expected ${expected}, found ${kind(value)}` });
}

/** The error that a failure of the addon stands for; what is no failure of the addon stays what it is. */
function failure(error) {
  let details;
  try {
    details = JSON.parse(error.message);
  } catch {
    return error;
  }
  return fromDetails(details) ?? error;
}

/** Of the details that the addon tells. */
function fromDetails(details) {
  if (details === null || typeof details !== 'object' || typeof details.code !== 'string') return undefined;
  const { first, ...rest } = details;
  if (rest.code === BAD_ARGUMENT) return new TidegateTypeError(rest);
  if (!first) return new TidegateError(rest);
  const { message, pointer, hint } = first;
  return new TidegateError({ ...rest, message, pointer, hint }, details.message);
}

module.exports = { TidegateError, TidegateTypeError, failure, fromDetails, wrongType };
