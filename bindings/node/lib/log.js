'use strict';
/** Where things are told that nobody waits for: to the host's `log`, else as a warning of the process. */

/** A log function that does not throw. */
function logger(log) {
  return (level, message, error) => {
    try {
      if (log !== undefined) absorbed(log(level, message, error), () => {});
      else if (level === 'error' || level === 'warn') process.emitWarning(text(message, error), { type: 'TidegateWarning' });
    } catch {
      // The last resort is silence: it must not end the process.
    }
  };
}

function text(message, error) {
  return error === undefined ? message : `${message}: ${error?.stack ?? error}`;
}

/** Calls what is the host's own; what it throws is logged, and never ends the process. */
function guarded(log, listener, ...given) {
  try {
    absorbed(listener(...given), (error) => log('error', 'a listener was rejected', error));
  } catch (error) {
    log('error', 'a listener threw', error);
  }
}

/** What a function of the host's gave may be a promise: nobody else hears that it is rejected. */
function absorbed(result, rejected) {
  if (typeof result?.then === 'function') result.then(undefined, rejected);
}

module.exports = { absorbed, guarded, logger };
