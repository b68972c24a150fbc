'use strict';

/** Waits for something that does not keep the process alive by itself; at most so long. */
async function alive(promise, deadlineMs = 60_000) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing came within ${deadlineMs} ms`)), deadlineMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Asks again and again until the answer is not `undefined`; at most so long. */
async function until(ask, deadlineMs = 60_000) {
  const end = Date.now() + deadlineMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > end) throw new Error(`still not so after ${deadlineMs} ms: ${ask}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

module.exports = { alive, until };
