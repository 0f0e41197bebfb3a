'use strict';

// Methods of the builtins as they are now, before the guest can change them, as functions:
// string.slice(text, 1) is text.slice(1), map.getSize(x) is x.size. Only what is used is here: each costs time
// in every context.
const { getOwnPropertyDescriptor, getPrototypeOf, setPrototypeOf } = Object;
const uncurry = Function.prototype.bind.bind(Function.prototype.call);

function methods(prototype, ...names) {
  const found = { __proto__: null };
  for (const name of names) found[name] = uncurry(prototype[name]);
  return found;
}

function getter(prototype, key) {
  return uncurry(getOwnPropertyDescriptor(prototype, key).get);
}

const typed = getPrototypeOf(Uint8Array.prototype);

return {
  array: methods(Array.prototype, 'includes', 'indexOf', 'join', 'pop', 'push', 'sort', 'splice', 'unshift'),
  // An array that inherits nothing: a setter that the guest has put into Array.prototype would see what is added.
  list: () => setPrototypeOf([], null),
  bigint: methods(BigInt.prototype, 'valueOf'),
  boolean: methods(Boolean.prototype, 'valueOf'),
  date: methods(Date.prototype, 'getTime', 'toISOString', 'toString'),
  error: methods(Error.prototype, 'toString'),
  func: methods(Function.prototype, 'toString'),
  iterator: { nextOfMap: uncurry(new Map().entries().next), nextOfSet: uncurry(new Set().values().next) },
  map: {
    ...methods(Map.prototype, 'delete', 'entries', 'get', 'has', 'set'),
    getSize: getter(Map.prototype, 'size'),
  },
  number: methods(Number.prototype, 'toFixed', 'toString', 'valueOf'),
  object: methods(Object.prototype, 'hasOwnProperty', 'isPrototypeOf', 'propertyIsEnumerable'),
  regexp: methods(RegExp.prototype, 'exec', 'toString'),
  set: { ...methods(Set.prototype, 'add', 'has', 'values'), getSize: getter(Set.prototype, 'size') },
  string: methods(String.prototype, 'charCodeAt', 'endsWith', 'includes', 'indexOf', 'padEnd', 'padStart',
    'repeat', 'replaceAll', 'slice', 'split', 'startsWith', 'toLowerCase', 'toUpperCase', 'valueOf'),
  symbol: methods(Symbol.prototype, 'toString', 'valueOf'),
  typed: { getLength: getter(typed, 'length'), getToStringTag: getter(typed, Symbol.toStringTag) },
};
