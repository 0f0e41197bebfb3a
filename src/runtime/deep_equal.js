'use strict';

// util.isDeepStrictEqual.

const types = load('types');
const { ownKeys } = Reflect;
const { is, getPrototypeOf, getOwnPropertyDescriptor } = Object;
const isEnumerable = (object, key) => getOwnPropertyDescriptor(object, key)?.enumerable === true;
const tagOf = (object) => Object.prototype.toString.call(object);

// The primitive that a box, a date or a regular expression stands for.
const INNER = [
  [types.isDate, (date) => Date.prototype.getTime.call(date)],
  [types.isRegExp, (regexp) => `${regexp.source}/${regexp.flags}/${regexp.lastIndex}`],
  [types.isNumberObject, (box) => Number.prototype.valueOf.call(box)],
  [types.isStringObject, (box) => String.prototype.valueOf.call(box)],
  [types.isBooleanObject, (box) => Boolean.prototype.valueOf.call(box)],
  [types.isBigIntObject, (box) => BigInt.prototype.valueOf.call(box)],
  [types.isSymbolObject, (box) => Symbol.prototype.valueOf.call(box)],
];
// Of these only the identical one is equal.
const UNIQUE = [types.isPromise, types.isWeakMap, types.isWeakSet];
const KINDS = [types.isMap, types.isSet, types.isNativeError, Array.isArray, types.isArrayBufferView,
  types.isAnyArrayBuffer, ...INNER.map(([is]) => is)];

const enumerableKeys = (object) => ownKeys(object).filter((key) => isEnumerable(object, key));

function sameKeys(a, b, seen) {
  const keys = enumerableKeys(a);
  return keys.length === enumerableKeys(b).length &&
    keys.every((key) => isEnumerable(b, key) && equal(a[key], b[key], seen));
}

function sameBytes(a, b) {
  const bytes = (value) => types.isArrayBufferView(value) ?
    new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : new Uint8Array(value);
  const [left, right] = [bytes(a), bytes(b)];
  return left.length === right.length && left.every((byte, i) => byte === right[i]);
}

// Takes one of the rest for each of the entries. Primitives were looked up before.
function matchAll(entries, rest, same) {
  return entries.every((entry) => {
    const at = rest.findIndex((other) => same(entry, other));
    if (at !== -1) rest.splice(at, 1);
    return at !== -1;
  });
}

const isObject = (value) => typeof value === 'object' && value !== null;

function sameSets(a, b, seen) {
  if (a.size !== b.size) return false;
  const left = [...a].filter((value) => !b.has(value));
  if (left.some((value) => !isObject(value))) return false;
  return matchAll(left, [...b].filter((value) => isObject(value) && !a.has(value)), (x, y) => equal(x, y, seen));
}

function sameMaps(a, b, seen) {
  if (a.size !== b.size) return false;
  const left = [];
  for (const [key, value] of a) {
    if (!b.has(key)) left.push([key, value]);
    else if (!equal(value, b.get(key), seen)) return false;
  }
  if (left.some(([key]) => !isObject(key))) return false;
  return matchAll(left, [...b].filter(([key]) => isObject(key) && !a.has(key)),
    (x, y) => equal(x[0], y[0], seen) && equal(x[1], y[1], seen));
}

// -0 and 0, and different NaNs, are told apart by their bytes only where Object.is tells them apart.
function sameElements(a, b) {
  return a.length === b.length && a.every((value, i) => is(value, b[i]));
}

function sameObjects(a, b, seen) {
  if (getPrototypeOf(a) !== getPrototypeOf(b) || tagOf(a) !== tagOf(b)) return false;
  if (KINDS.some((is) => is(a) !== is(b)) || UNIQUE.some((is) => is(a))) return false;
  const inner = INNER.find(([is]) => is(a))?.[1];
  if (inner !== undefined && !is(inner(a), inner(b))) return false;
  if (types.isArrayBufferView(a)) {
    const isFloat = types.isFloat16Array(a) || types.isFloat32Array(a) || types.isFloat64Array(a);
    return isFloat ? sameElements(a, b) : sameBytes(a, b);
  }
  if (types.isAnyArrayBuffer(a) && !sameBytes(a, b)) return false;
  if (Array.isArray(a) && a.length !== b.length) return false;
  if (types.isNativeError(a) && !(a.message === b.message && a.name === b.name &&
    Object.hasOwn(a, 'cause') === Object.hasOwn(b, 'cause') && equal(a.cause, b.cause, seen) &&
    equal(a.errors, b.errors, seen))) return false;
  if (types.isMap(a) && !sameMaps(a, b, seen)) return false;
  if (types.isSet(a) && !sameSets(a, b, seen)) return false;
  return sameKeys(a, b, seen);
}

// `seen` has the pairs that are being compared: a cycle is equal as far as it goes.
function equal(a, b, seen) {
  if (is(a, b)) return true;
  if (!isObject(a) || !isObject(b)) return false;
  const others = seen.get(a) ?? [];
  if (others.includes(b)) return true;
  seen.set(a, [...others, b]);
  const result = sameObjects(a, b, seen);
  seen.set(a, others);
  return result;
}

return { isDeepStrictEqual: (a, b) => equal(a, b, new Map()) };
