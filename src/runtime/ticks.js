'use strict';

const { requireFunction } = load('errors');
const { report } = load('uncaught');
const { beforeMicrotasks, drainOwnQueue } = native;
const { apply } = Reflect;

// A list, so that what has run can be collected.
let first = null;
let last = null;
let scheduled = false;

function nextTick(callback, ...callArguments) {
  requireFunction('callback', callback);
  const tick = { callback, callArguments, next: null };
  if (first === null) first = tick;
  else last.next = tick;
  last = tick;
  if (!scheduled) {
    scheduled = true;
    beforeMicrotasks(runTicks);
  }
}

// If it is stopped, the engine calls it again: what is in the list has not run.
function runTicks() {
  while (first !== null) {
    const { callback, callArguments } = first;
    first = first.next;
    try {
      apply(callback, undefined, callArguments);
    } catch (error) {
      report(error);
    }
  }
  scheduled = false;
  drainOwnQueue();
}

return { nextTick };
