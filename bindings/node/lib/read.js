'use strict';
/**
 * Plain objects as contexts: for each list of attribute names one generated function that reads just these properties, in
 * JavaScript, where it is a nanosecond each, and hands the values over. Native code converts those that the decision comes to.
 *
 *     program of the feature ─ gatePlan ─▶ {number, names: ["id", "country"]} ─▶ (gate, plan, o) => checkRead2(o["id"], o["country"])
 *
 * Names come from the document and enter the source quoted by `JSON.stringify`; nothing else does. Where code generation is
 * forbidden (`--disallow-code-generation-from-strings`), a loop does the same, more slowly.
 */
const { ANSWER, GATE, PLAN, UNKNOWN, native, registers } = require('./native.js');

/** The answer if some value is no primitive: a context must be made. */
const ODD = UNKNOWN + 1;

/** By the names. Bounded: a document that has more lists than these gives the newest a place of their own. */
const known = new Map();
const MOST_KNOWN = 4096;

/** The reader of a list of names: `{check(gate, plan, object), decide(gate, plan, object)}`. */
function reader(names) {
  const text = JSON.stringify(names);
  let found = known.get(text);
  if (found === undefined) {
    found = generate(names);
    if (known.size >= MOST_KNOWN) known.clear();
    known.set(text, found);
  }
  return found;
}

/** There are functions for so many values. */
const SIZES = [0, 1, 2, 4, 8, 16];

/** The native functions for so many values. */
function natives(count) {
  const size = SIZES.find((most) => most >= count);
  return { checkRead: native[`checkRead${size}`], decideRead: native[`decideRead${size}`] };
}

function generate(names) {
  const { checkRead, decideRead } = natives(names.length);
  const { reads, odd, values } = source(names);
  const made = (work) => `(gate, plan, object) => { ${reads} if (${odd}) return ODD; ${setting('gate', 'plan')} ${work}(${values}); return registers[${ANSWER}]; }`;
  const text = `return { check: ${made('checkRead')}, decide: ${made('decideRead')} };`;
  const found = compiled(text, { checkRead, decideRead, registers, ODD });
  return found ?? { check: loop(checkRead, names), decide: loop(decideRead, names) };
}

/** What reads the names of `object`; it is done first, as it may run code of the host's. Whether some value is no primitive. */
function source(names) {
  const values = names.map((_, index) => `v${index}`);
  const reads = names.map((name, index) => `const v${index} = object[${JSON.stringify(name)}];`).join('\n');
  const odd = values.map((v) => `(typeof ${v} === "object" ? ${v} !== null : typeof ${v} === "function" || typeof ${v} === "symbol")`);
  return { reads, odd: odd.join(' || ') || 'false', values: values.join(', ') };
}

/** What sets the registers of a call of `checkRead` or `decideRead`. */
function setting(gate, plan) {
  return `registers[${GATE}] = ${gate}; registers[${PLAN}] = ${plan};`;
}

/** What a source returns; `undefined` where no code may be generated. */
function compiled(text, names) {
  try {
    return new Function(...Object.keys(names), `"use strict"; ${text}`)(...Object.values(names));
  } catch (error) {
    if (!(error instanceof EvalError)) throw error;
    return undefined;
  }
}

function loop(work, names) {
  return (gate, plan, object) => {
    const values = names.map((name) => object[name]);
    if (values.some(isOdd)) return ODD;
    registers[GATE] = gate;
    registers[PLAN] = plan;
    work(...values);
    return registers[ANSWER];
  };
}

function isOdd(value) {
  return typeof value === 'object' ? value !== null : typeof value === 'function' || typeof value === 'symbol';
}

module.exports = { ODD, compiled, natives, reader, setting, source };
