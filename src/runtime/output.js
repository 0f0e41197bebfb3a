'use strict';

// write(stream, data): a string, or the bytes of a view, to stream 1 or 2, in one go. colors(stream): whether
// colours are wanted there. An install with a `write` of the host's changes both, so they are called as
// methods.
const known = { __proto__: null };

return {
  write: native.write,
  redirected: false,
  colors(stream) {
    return !this.redirected && (known[stream] ??= native.colors(stream));
  },
};
