'use strict';
/** JSON as it is written: integers that a number does not hold are bigints, and `source` gives the text of an object. */

const sources = new WeakMap();

function parse(text) {
  let at = 0;
  const space = () => {
    while (' \n\r\t'.includes(text[at]) && at < text.length) at += 1;
  };
  const value = () => {
    space();
    const from = at;
    if (text[at] === '{') return members(from);
    if (text[at] === '[') return elements();
    if (text[at] === '"') return string();
    const [word] = /^[-+.\w]+/.exec(text.slice(at, at + 400));
    at += word.length;
    const number = JSON.parse(word);
    return /^-?\d+$/.test(word) && !Number.isSafeInteger(number) ? BigInt(word) : number;
  };
  const string = () => {
    const from = at;
    at += 1;
    while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
    at += 1;
    return JSON.parse(text.slice(from, at));
  };
  const list = (end, one) => {
    at += 1;
    for (space(); text[at] !== end; space()) {
      if (text[at] === ',') at += 1;
      one();
    }
    at += 1;
  };
  const elements = () => {
    const found = [];
    list(']', () => found.push(value()));
    return found;
  };
  const members = (from) => {
    const found = {};
    list('}', () => {
      space();
      const name = string();
      space();
      at += 1;
      Object.defineProperty(found, name, { value: value(), enumerable: true, configurable: true, writable: true });
    });
    sources.set(found, text.slice(from, at));
    return found;
  };
  return value();
}

/** The text that an object was parsed from. */
function source(object) {
  return sources.get(object);
}

/** Equal, numbers by their value. */
function same(a, b) {
  if (isNumber(a) && isNumber(b)) return a == b;
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((one, i) => same(one, b[i]));
  if (isObject(a) && isObject(b)) {
    const names = Object.keys(a);
    return names.length === Object.keys(b).length && names.every((name) => Object.hasOwn(b, name) && same(a[name], b[name]));
  }
  return a === b;
}

const isNumber = (value) => typeof value === 'number' || typeof value === 'bigint';
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

module.exports = { parse, same, source };
