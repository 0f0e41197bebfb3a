// status: 3
'use strict';

// The order of main, ticks, microtasks, timers, immediates and events, and the end of a program.

function busy(ms) {
  const end = Date.now() + ms;
  while (Date.now() < end);
}

const say = (...what) => console.log(...what);

process.on('beforeExit', (code) => say('beforeExit', code));
process.once('beforeExit', () => setTimeout(say, 1, 'more'));
process.on('exit', (code) => say('exit', code, process.exitCode));
process.on('uncaughtException', (error, origin) => say('uncaught', String(error), origin));
process.on('unhandledRejection', (reason) => say('rejection', reason));

Promise.resolve().then(() => {
  say('microtask');
  process.nextTick(say, 'tick of a microtask');
  queueMicrotask(() => say('microtask of a microtask'));
});
process.nextTick(() => {
  say('tick');
  Promise.resolve().then(() => say('microtask of a tick'));
  process.nextTick(say, 'tick of a tick');
});

setTimeout((...args) => {
  say('timer', ...args);
  process.nextTick(say, 'tick of a timer');
  Promise.resolve().then(() => say('microtask of a timer'));
  setImmediate(say, 'immediate of a timer');
}, 0, 'a', 'b');
setTimeout(() => {
  Promise.reject('rejected');
  process.nextTick(say, 'tick before the rejection is told');
  throw new Error('thrown in a timer');
}, 1);
setTimeout(say, 240, 'third');
setTimeout(say, 220, 'second');
setTimeout(say, 200, 'first');
setTimeout(say, 1e6, 'never').unref();
clearTimeout(setTimeout(say, 1, 'never'));
clearTimeout(+setTimeout(say, 1, 'never'));
clearImmediate(setImmediate(say, 'never'));

let count = 0;
const interval = setInterval(function (what) {
  say(what, ++count, this === interval);
  if (count === 2) clearInterval(interval);
}, 700, 'interval');

setTimeout(() => {
  setTimeout(say, 0, 'timer of a timer, after the immediates');
  setImmediate(() => {
    say('immediate');
    process.nextTick(say, 'tick of an immediate');
  });
}, 400);

busy(5);
process.exitCode = 3;
say('main');
