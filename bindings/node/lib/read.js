'use strict';
/**
 * Plain objects as contexts: for each list of attribute names one generated function that reads just these properties, in
 * JavaScript, where it is a nanosecond each, and hands the values over. Native code converts those that the decision comes to.
 *
 *     program of the feature ─ gatePlan ─▶ ["id", "country"] ─▶ (gate, o) => checkRead2(gate, o["id"], o["country"])
 *
 * Names come from the document and enter the source quoted by `JSON.stringify`; nothing else does. Where code generation is
 * forbidden (`--disallow-code-generation-from-strings`), a loop does the same, more slowly.
 */
const { native } = require('./native.js');

/** Some value is no primitive: a context must be made. */
const ODD = Symbol('odd');

/** By the names, as JSON. Bounded: a document that has more lists than these gives the newest a place of their own. */
const known = new Map();
const MOST_KNOWN = 4096;

/** The reader of a list of names, as JSON text: `{names, check(gate, object), decide(gate, object)}`. */
function reader(text) {
  let found = known.get(text);
  if (found === undefined) {
    found = generate(JSON.parse(text));
    if (known.size >= MOST_KNOWN) known.clear();
    known.set(text, found);
  }
  return found;
}

/** There are functions for so many values. */
const SIZES = [0, 1, 2, 4, 8, 16];

function generate(names) {
  const size = SIZES.find((most) => most >= names.length);
  const { [`checkRead${size}`]: checkRead, [`decideRead${size}`]: decideRead } = native;
  const values = names.map((_, index) => `v${index}`);
  const reads = names.map((name, index) => `const v${index} = object[${JSON.stringify(name)}];`).join('\n');
  const odd = values.map((v) => `(typeof ${v} === "object" ? ${v} !== null : typeof ${v} === "function" || typeof ${v} === "symbol")`);
  const test = odd.length === 0 ? '' : `if (${odd.join(' || ')}) return ODD;`;
  const made = (call) => `(gate, object) => { ${reads} ${test} return ${call}(${['gate', ...values].join(', ')}); }`;
  const source = `"use strict"; return { check: ${made('checkRead')}, decide: ${made('decideRead')} };`;
  try {
    return { names, ...new Function('checkRead', 'decideRead', 'ODD', source)(checkRead, decideRead, ODD) };
  } catch (error) {
    if (!(error instanceof EvalError)) throw error;
    return { names, check: loop(checkRead, names), decide: loop(decideRead, names) };
  }
}

function loop(work, names) {
  return (gate, object) => {
    const values = names.map((name) => object[name]);
    return values.some(isOdd) ? ODD : work(gate, ...values);
  };
}

function isOdd(value) {
  return typeof value === 'object' ? value !== null : typeof value === 'function' || typeof value === 'symbol';
}

module.exports = { ODD, reader };
