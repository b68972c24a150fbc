'use strict';
/** Where things are told that nobody waits for: to the host's `log`, else as a warning of the process. */

/** A log function that does not throw. */
function logger(log) {
  return (level, message, error) => {
    try {
      if (log !== undefined) log(level, message, error);
      else if (level === 'error' || level === 'warn') process.emitWarning(text(message, error), { type: 'TidegateWarning' });
    } catch {
      // The last resort is silence: it must not end the process.
    }
  };
}

function text(message, error) {
  return error === undefined ? message : `${message}: ${error?.stack ?? error}`;
}

module.exports = { logger };
