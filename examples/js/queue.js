// Work on many things, at most two at a time, with retries: promises and timers.
'use strict';

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function retry(times, work) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work(attempt);
    } catch (error) {
      if (attempt === times) throw new Error(`given up after ${times} attempts`, { cause: error });
      await pause(10 * attempt);
    }
  }
}

async function pool(width, jobs) {
  const results = [];
  const left = jobs.entries();
  await Promise.all(Array.from({ length: width }, async () => {
    for (const [index, job] of left) {
      results[index] = await job().then((value) => ({ value }), (error) => ({ error: error.message }));
    }
  }));
  return results;
}

let running = 0;
let most = 0;
const job = (name, failures) => () => retry(3, async (attempt) => {
  most = Math.max(most, ++running);
  await pause(5);
  running--;
  if (attempt <= failures) throw new RangeError(`${name} failed`);
  return `${name} took ${attempt} attempt${attempt > 1 ? 's' : ''}`;
});

pool(2, [job('a', 0), job('b', 1), job('c', 5), job('d', 2), job('e', 0)]).then((results) => {
  console.table(results);
  console.log({ most });
});
process.on('exit', (code) => console.log(`exit ${code}`));
