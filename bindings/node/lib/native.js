'use strict';
/**
 * The native addon, and the boundary to it: what it throws becomes an error of ours.
 *
 *     hot     native.check(gate, context)       integers: the gate if it is on, `undefined` if it is off, `false` if nobody knows
 *             native.decide(gate, context)      integers: the decision's number, `undefined` if nobody knows
 *     cold    call(native.engineLoad, …)        text; throws
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

module.exports = { call, callLater, native };
