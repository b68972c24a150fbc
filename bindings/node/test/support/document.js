'use strict';
/** Documents for tests. */

/** A document of these features. */
function document(version, features = {}, more = {}) {
  return JSON.stringify({ schema_version: 1, version, features, ...more });
}

/** A gate that is on where an attribute passes a test. */
function gate(attribute, op, value) {
  return { kind: 'gate', rules: [{ id: 'r', if: { attribute, op, ...(value === undefined ? {} : { value }) }, variant: 'on' }] };
}

/** A gate that is on or off for everyone. */
function always(on) {
  return { kind: 'gate', default: on ? 'on' : 'off' };
}

function config(variants, name = Object.keys(variants)[0], more = {}) {
  return { kind: 'config', variants, default: name, ...more };
}

module.exports = { always, config, document, gate };
