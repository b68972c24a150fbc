'use strict';
/** What the native files of this platform are named by, such as `linux-x64-gnu`. */

/** Whether the C library is musl: then Node's report names no glibc. */
function isMusl() {
  try {
    return process.report.getReport().header.glibcVersionRuntime === undefined;
  } catch {
    return false;
  }
}

const libc = process.platform === 'linux' ? (isMusl() ? '-musl' : '-gnu') : '';

module.exports = { platform: `${process.platform}-${process.arch}${libc}` };
