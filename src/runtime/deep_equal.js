'use strict';

// Deep equality: util.isDeepStrictEqual, assert.deepStrictEqual and assert.deepEqual. Objects go by V8's brands, so
// that those of another context are compared like those of this one.

const types = load('types');
const { typed: { getToStringTag } } = load('builtins');
const { brand, namesOf } = load('inspect_native');
const { isBuiltin } = load('modules');
const { is, getPrototypeOf, getOwnPropertySymbols, hasOwn, keys } = Object;
const uncurry = Function.prototype.bind.bind(Function.prototype.call);
const isEnumerable = uncurry(Object.prototype.propertyIsEnumerable);
const tagOf = uncurry(Object.prototype.toString);

// The primitive that an object of a kind stands for.
const INNER = {
  __proto__: null,
  Date: uncurry(Date.prototype.getTime),
  RegExp: (regexp) => `${regexp.source}/${regexp.flags}/${regexp.lastIndex}`,
  Number: uncurry(Number.prototype.valueOf),
  String: uncurry(String.prototype.valueOf),
  Boolean: uncurry(Boolean.prototype.valueOf),
  BigInt: uncurry(BigInt.prototype.valueOf),
  Symbol: uncurry(Symbol.prototype.valueOf),
};

// A proxy is what it looks like.
function kindOf(object) {
  const kind = brand(object);
  if (kind !== 'Proxy') return kind;
  return Array.isArray(object) ? 'Array' : 'Object';
}
// An error by its brand, or by its prototype: some make their own.
const isError = (value) => types.isNativeError(value) || value instanceof Error;

const isObject = (value) => typeof value === 'object' && value !== null;
const namesBesideIndices = (object) => namesOf(object, true).filter((key) => typeof key === 'string');
// The tag comes first, so that url is not loaded for nothing.
const isURL = (value) => tagOf(value) === '[object URL]' && isBuiltin('url') && load('url').isURL(value);

const enumerableSymbols = (object) => getOwnPropertySymbols(object).filter((key) => isEnumerable(object, key));

// How two values are compared. `strict`: by Object.is, with prototypes and symbols; otherwise primitives by ==.
class Comparison {
  // The objects that are being compared: a cycle is equal if both sides have it at the same place.
  #partners = new Map();
  #others = new Set();

  constructor(strict) {
    this.strict = strict;
  }

  equal(a, b) {
    if (!isObject(a) || !isObject(b)) return this.samePrimitives(a, b);
    if (a === b) return true;
    if (this.#partners.has(a)) return this.#partners.get(a) === b;
    if (this.#others.has(b)) return false;
    this.#partners.set(a, b);
    this.#others.add(b);
    const result = this.sameObjects(a, b);
    this.#partners.delete(a);
    this.#others.delete(b);
    return result;
  }

  samePrimitives(a, b) {
    if (this.strict) return is(a, b);
    // An object is never made a primitive for ==.
    return isObject(a) === isObject(b) && (a == b || is(a, b));
  }

  sameObjects(a, b) {
    if (this.strict && getPrototypeOf(a) !== getPrototypeOf(b) || tagOf(a) !== tagOf(b)) return false;
    const kind = kindOf(a);
    if (kind !== kindOf(b)) return false;
    if ((isError(a) || isError(b)) && !this.sameErrors(a, b)) return false;
    switch (kind) {
      // Of these only the identical one is equal.
      case 'Promise': case 'WeakMap': case 'WeakSet': return false;
      case 'Array': return this.sameArrays(a, b);
      case 'TypedArray': case 'DataView':
        return this.sameElements(a, b) && this.sameProperties(a, b, namesBesideIndices);
      case 'ArrayBuffer': case 'SharedArrayBuffer': if (!sameBytes(a, b)) return false; break;
      case 'Map': if (!this.sameMaps(a, b)) return false; break;
      case 'Set': if (!this.sameSets(a, b)) return false; break;
      default: if (kind in INNER && !is(INNER[kind](a), INNER[kind](b))) return false;
    }
    if (isURL(a) && !(isURL(b) && a.href === b.href)) return false;
    return this.sameProperties(a, b, keys);
  }

  sameArrays(a, b) {
    if (a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) {
      const [left, right] = [a[i], b[i]];
      // Of an array with holes only the elements are gone through: it may be long.
      if (left === undefined && !hasOwn(a, i) || right === undefined && !hasOwn(b, i)) {
        return this.sameProperties(a, b, keys);
      }
      if (!this.equal(left, right)) return false;
    }
    return this.sameProperties(a, b, namesBesideIndices);
  }

  sameProperties(a, b, keysOf) {
    const names = keysOf(a);
    if (names.length !== keysOf(b).length) return false;
    if (this.strict) {
      const symbols = enumerableSymbols(a);
      if (symbols.length !== enumerableSymbols(b).length) return false;
      names.push(...symbols);
    }
    return names.every((key) => isEnumerable(b, key) && this.equal(a[key], b[key]));
  }

  sameErrors(a, b) {
    return isError(a) === isError(b) && a.message === b.message && a.name === b.name && hasOwn(a, 'cause') === hasOwn(b, 'cause') &&
      this.equal(a.cause, b.cause) && this.equal(a.errors, b.errors);
  }

  // -0 and 0, and different NaNs, are told apart by their bytes only where Object.is tells them apart.
  sameElements(a, b) {
    if (getToStringTag(a) !== getToStringTag(b)) return false;
    if (!types.isFloat16Array(a) && !types.isFloat32Array(a) && !types.isFloat64Array(a)) return sameBytes(a, b);
    return a.length === b.length && a.every((value, i) => this.strict ? is(value, b[i]) : value === b[i]);
  }

  sameSets(a, b) {
    if (a.size !== b.size) return false;
    const left = [...a].filter((value) => !b.has(value));
    if (this.strict && !left.every(isObject)) return false;
    return matchAll(left, [...b].filter((value) => !a.has(value)), (x, y) => this.equal(x, y));
  }

  sameMaps(a, b) {
    if (a.size !== b.size) return false;
    const settled = new Set();
    const left = [];
    for (const [key, value] of a) {
      if (!isObject(key) && b.has(key) && this.equal(value, b.get(key))) settled.add(key);
      else if (this.strict && !isObject(key)) return false;
      else left.push([key, value]);
    }
    return matchAll(left, [...b].filter(([key]) => !settled.has(key)),
      (x, y) => this.equal(x[0], y[0]) && this.equal(x[1], y[1]));
  }
}

function sameBytes(a, b) {
  const bytes = (value) => types.isArrayBufferView(value) ?
    new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : new Uint8Array(value);
  const [left, right] = [bytes(a), bytes(b)];
  return left.length === right.length && left.every((byte, i) => byte === right[i]);
}

// Takes one of the rest for each of the entries.
function matchAll(entries, rest, same) {
  return entries.every((entry) => {
    const at = rest.findIndex((other) => same(entry, other));
    if (at !== -1) rest.splice(at, 1);
    return at !== -1;
  });
}

return {
  isError,
  isDeepEqual: (a, b) => new Comparison(false).equal(a, b),
  isDeepStrictEqual: (a, b) => new Comparison(true).equal(a, b),
};
