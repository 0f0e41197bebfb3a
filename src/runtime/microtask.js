'use strict';

const { requireFunction } = load('errors');
const { report } = load('uncaught');
const { enqueue } = native;

// What the task throws is nobody's else: the call that drains the queue ends with it.
function queueMicrotask(callback) {
  requireFunction('callback', callback);
  enqueue(() => {
    try {
      callback();
    } catch (error) {
      report(error);
    }
  });
}

return {
  install(global) {
    Object.defineProperty(global, 'queueMicrotask',
      { value: queueMicrotask, writable: true, enumerable: true, configurable: true });
  },
};
