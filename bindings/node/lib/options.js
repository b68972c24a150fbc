'use strict';
/** Options: each is known and of its type, or a `TidegateTypeError` names it. */
const { TidegateTypeError, wrongType } = require('./errors.js');

/** `types` by name: a type of `typeof`, a list of words, `'any'`, `'strings'`, `'objects'`, `'count'` or `'ms'`. */
function known(options, types, what = 'options') {
  if (typeof options !== 'object' || options === null) throw wrongType(what, 'an object', options);
  for (const name of Object.keys(options)) {
    if (options[name] === undefined) continue;
    if (!Object.hasOwn(types, name)) throw unknown(what, name, Object.keys(types));
    if (!fits(types[name], options[name])) throw wrongType(name, expected(types[name]), options[name]);
  }
  return options;
}

function fits(type, value) {
  if (Array.isArray(type)) return type.includes(value);
  if (type === 'any') return true;
  if (type === 'object') return typeof value === 'object' && value !== null;
  if (type === 'strings') return Array.isArray(value) && value.every((one) => typeof one === 'string');
  if (type === 'objects') return Array.isArray(value) && value.every((one) => typeof one === 'object' && one !== null);
  // As often as it takes.
  if (type === 'count' && value === Infinity) return true;
  if (type === 'ms' || type === 'count') return Number.isSafeInteger(value) && value >= 0;
  return typeof value === type;
}

function expected(type) {
  if (Array.isArray(type)) return `one of ${type.map((word) => JSON.stringify(word)).join(', ')}`;
  if (type === 'strings') return 'a list of strings';
  if (type === 'objects') return 'a list of objects';
  if (type === 'ms') return 'a whole number of milliseconds';
  if (type === 'count') return 'a whole number, or Infinity';
  return { object: 'an object', function: 'a function' }[type] ?? `a ${type}`;
}

function unknown(what, name, names) {
  const message = `expected one of ${names.map((own) => `\`${own}\``).join(', ')}, found \`${name}\``;
  return new TidegateTypeError({ code: 'TG5010', field: what, message });
}

module.exports = { known };
