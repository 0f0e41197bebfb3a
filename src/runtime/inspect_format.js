'use strict';

// util.format: text with places for values, and values behind it.
const { object, string } = load('builtins');
const { invalidArgType } = load('errors');
const { inspect, isBuiltin } = load('inspect_value');
const { bigNumeral, numeral } = load('inspect_text');
const { brand, proxyOf } = load('inspect_native');
const { getOwnPropertyDescriptor, getPrototypeOf } = Object;
const { stringify } = JSON;
const { parseFloat, parseInt } = Number;
const hasOwn = object.hasOwnProperty;
const toNumber = Number;
const ToPrimitive = Symbol.toPrimitive;
const toString = String;

// Whether an object's toString says no more than inspect: it is a builtin's.
function hasPlainToString(value) {
  let target = value;
  for (let proxy; (proxy = proxyOf(target)) !== undefined;) {
    if (proxy.target === null) return true;
    target = proxy.target;
  }
  // A Date's converts it to a number, too.
  if (typeof target[ToPrimitive] === 'function' && brand(target) !== 'Date') return false;
  if (typeof target.toString !== 'function') return true;
  if (hasOwn(target, 'toString')) return false;
  let at = target;
  do {
    at = getPrototypeOf(at);
  } while (at !== null && !hasOwn(at, 'toString'));
  if (at === null) return true;
  const maker = getOwnPropertyDescriptor(at, 'constructor')?.value;
  return typeof maker === 'function' && isBuiltin(getOwnPropertyDescriptor(maker, 'name')?.value);
}

function json(value) {
  try {
    return stringify(value);
  } catch (error) {
    if (typeof error?.message === 'string' && string.includes(error.message, 'circular structure')) {
      return '[Circular]';
    }
    throw error;
  }
}

function numberAs(value, convert) {
  if (typeof value === 'bigint') return bigNumeral(value, false);
  return numeral(typeof value === 'symbol' ? NaN : convert(value), false);
}

function asString(value, options) {
  if (typeof value === 'number') return numeral(value, false);
  if (typeof value === 'bigint') return bigNumeral(value, false);
  if (typeof value !== 'object' || value === null || !hasPlainToString(value)) return toString(value);
  return inspect(value, { ...options, depth: 0, colors: false, compact: 3 });
}

// What %`letter` makes of a value; undefined if it is no place.
function place(letter, value, options) {
  switch (letter) {
    case 's': return asString(value, options);
    case 'j': return `${json(value)}`;
    case 'd': return numberAs(value, toNumber);
    case 'i': return numberAs(value, parseInt);
    case 'f': return numeral(typeof value === 'symbol' ? NaN : parseFloat(value), false);
    case 'o': return inspect(value, { ...options, showHidden: true, showProxy: true, depth: 4 });
    case 'O': return inspect(value, options);
    case 'c': return '';
    default: return undefined;
  }
}

function formatAll(options, values) {
  if (values.length === 0) return '';
  const first = values[0];
  if (values.length === 1) return typeof first === 'string' ? first : inspect(first, options);
  let used = 0;
  let result = '';
  if (typeof first === 'string') {
    used = 1;
    let from = 0;
    for (let at = string.indexOf(first, '%'); at !== -1 && at + 1 < first.length;
      at = string.indexOf(first, '%', at)) {
      const letter = first[at + 1];
      let text;
      if (letter === '%') text = '%';
      else if (used < values.length) text = place(letter, values[used], options);
      if (text === undefined) {
        at++;
        continue;
      }
      if (letter !== '%') used++;
      result += string.slice(first, from, at) + text;
      from = at = at + 2;
    }
    result += string.slice(first, from);
  }
  for (; used < values.length; used++) {
    const value = values[used];
    if (used > 0) result += ' ';
    result += typeof value === 'string' ? value : inspect(value, options);
  }
  return result;
}

function format(...values) {
  return formatAll(undefined, values);
}

function formatWithOptions(options, ...values) {
  if (options === null || typeof options !== 'object') {
    throw invalidArgType('inspectOptions', 'of type object', options);
  }
  return formatAll(options, values);
}

return { format, formatAll, formatWithOptions };
