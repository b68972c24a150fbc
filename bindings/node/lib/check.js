'use strict';
/**
 * A function for each gate that somebody has a handle of, which knows the gate's numbers and the names of what its rules test.
 * JavaScript's compiler puts it into the function that calls it, and an object that was made for the call alone is then not made.
 */
const { Context, handleOf } = require('./context.js');
const { ANSWER, CONTEXT, GATE, native, registers } = require('./native.js');
const { compiled, natives, setting, source } = require('./read.js');

/** By the answer of a check. A comparison would be a branch, on what can't be guessed. */
const ANSWERS = [false, true];

/**
 * The check of one gate. What is rare is left to `slow`: a call that was never made is not in the compiled code, and with it no use
 * of the object.
 */
function checkOf(gate, { number, names }, slow) {
  const { checkRead } = natives(names.length);
  const { reads, odd, values } = source(names);
  const answer = `const on = registers[${ANSWER}]; if (on >= 0) return ANSWERS[on];`;
  const text = `return function check(object, fallback) {
    if (fallback === undefined || fallback === false) {
      if (object instanceof Context) {
        registers[${GATE}] = ${gate}; registers[${CONTEXT}] = handleOf(object); check_();
        ${answer}
      } else if (typeof object === 'object' && object !== null) {
        ${reads}
        if (!(${odd})) { ${setting(gate, number)} checkRead(${values}); ${answer} }
      }
    }
    return slow(object, fallback);
  };`;
  return compiled(text, { ANSWERS, Context, checkRead, check_: native.check, handleOf, registers, slow }) ?? slow;
}

module.exports = { ANSWERS, checkOf };
