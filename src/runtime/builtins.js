'use strict';

// The methods of the builtins as they are now, before the guest can change them, as functions:
// string.slice(text, 1) is text.slice(1), set.getSize(x) is x.size.
const { getOwnPropertyDescriptor, getPrototypeOf } = Object;
const { ownKeys } = Reflect;
const uncurry = Function.prototype.bind.bind(Function.prototype.call);

function methods(prototype) {
  const found = { __proto__: null };
  for (const key of ownKeys(prototype)) {
    const { value, get } = getOwnPropertyDescriptor(prototype, key);
    if (typeof value === 'function') {
      if (key !== 'constructor') found[key] = uncurry(value);
    } else if (get !== undefined) {
      const name = typeof key === 'symbol' ? key.description.replace('Symbol.', '') : key;
      found[`get${name[0].toUpperCase()}${name.slice(1)}`] = uncurry(get);
    }
  }
  return found;
}

return {
  array: methods(Array.prototype),
  bigint: methods(BigInt.prototype),
  boolean: methods(Boolean.prototype),
  buffer: methods(ArrayBuffer.prototype),
  date: methods(Date.prototype),
  error: methods(Error.prototype),
  func: methods(Function.prototype),
  iterator: { nextOfMap: uncurry(new Map().entries().next), nextOfSet: uncurry(new Set().values().next) },
  map: methods(Map.prototype),
  number: methods(Number.prototype),
  object: methods(Object.prototype),
  regexp: methods(RegExp.prototype),
  set: methods(Set.prototype),
  shared: methods(SharedArrayBuffer.prototype),
  string: methods(String.prototype),
  symbol: methods(Symbol.prototype),
  typed: methods(getPrototypeOf(Uint8Array.prototype)),
  view: methods(DataView.prototype),
};
