'use strict';
/**
 * The native addon, and the boundary to it: what it throws becomes an error of ours.
 *
 *     hot     check(gate, context)          integers: 1 on, 0 off, less if nobody knows
 *             decide(gate, context)         integers: the decision's number; UNKNOWN if nobody knows
 *     cold    call(native.engineLoad, …)    text; throws
 *
 * Integers of the hot calls cross in `registers`, an array in memory that both sides see: that costs less than arguments.
 */
const { join } = require('node:path');
const { platform } = require('./platform.js');
const { failure } = require('./errors.js');

const file = join(__dirname, '..', 'native', `tidegate.${platform}.node`);

function load() {
  try {
    return require(file);
  } catch (cause) {
    const hint = `this package carries no native file for ${platform} and Node ${process.version}, or it cannot be loaded`;
    throw new Error(`tidegate: cannot load ${file}: ${cause.message}\n  hint: ${hint}`, { cause });
  }
}

const native = load();

const { registers, check: nativeCheck, decide: nativeDecide } = native;

/** The places of the registers. */
const [GATE, CONTEXT, ANSWER, PLAN] = [0, 1, 2, 3];

/** The answer if something is not as it should be, which is looked at then. */
const UNKNOWN = -(2 ** 31);

/** Whether a gate is on for a context: 1 or 0. */
function check(gate, context) {
  registers[GATE] = gate;
  registers[CONTEXT] = context;
  nativeCheck();
  return registers[ANSWER];
}

/** The number of the decision. */
function decide(gate, context) {
  registers[GATE] = gate;
  registers[CONTEXT] = context;
  nativeDecide();
  return registers[ANSWER];
}

/** Calls a cold function; throws what it says as an error of ours. */
function call(work, ...given) {
  try {
    return work(...given);
  } catch (error) {
    throw failure(error);
  }
}

/** Likewise, of one that gives a promise. */
async function callLater(work, ...given) {
  try {
    return await work(...given);
  } catch (error) {
    throw failure(error);
  }
}

module.exports = { ANSWER, CONTEXT, GATE, PLAN, UNKNOWN, call, callLater, check, decide, native, registers };
