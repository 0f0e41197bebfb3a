'use strict';

const { requireFunction } = load('errors');
const { report } = load('uncaught');
const { beforeMicrotasks, drainOwnQueue } = native;
const { apply } = Reflect;

return {
  nextTick(callback, ...callArguments) {
    requireFunction('callback', callback);
    beforeMicrotasks(() => {
      try {
        apply(callback, undefined, callArguments);
      } catch (error) {
        report(error);
      }
      drainOwnQueue();
    });
  },
};
