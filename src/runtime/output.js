'use strict';

// write(stream, data): a string, or the bytes of a view, to stream 1 or 2, in one go. An install with a `write`
// of the host's puts that in the place of this one, so it is called as a method.
const { write } = native;

return {
  write,

  // Whether it is the process's streams.
  isProcess() {
    return this.write === write;
  },
};
