'use strict';

const { reportUncaught } = native;

let handler = null;

return {
  // The call that runs the task ends with it.
  reportUncaught,

  // What a task threw: the handler's if it takes it, otherwise the call that runs the task ends with it.
  report(error, origin = 'uncaughtException') {
    if (handler === null || !handler(error, origin)) reportUncaught(error);
  },

  // `taken(error, origin)` says whether it took the error.
  setHandler(taken) {
    handler = taken;
  },
};
