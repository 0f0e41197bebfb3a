'use strict';

const { reportUncaught } = native;

let handler = null;

return {
  // The call that runs the task ends with it.
  reportUncaught,

  // What a task threw: the handler's if it takes it, otherwise the call that runs the task ends with it.
  report(error) {
    if (handler === null || !handler(error)) reportUncaught(error);
  },

  // `taken(error)` says whether it took the error.
  setHandler(taken) {
    handler = taken;
  },
};
