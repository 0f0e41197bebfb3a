'use strict';

// Errors with Node's codes. Everything that is used is taken now: the guest can change it later.
const { Error, RangeError, String, TypeError } = globalThis;
const { create, defineProperty, setPrototypeOf } = Object;
const { isInteger } = Number;
const { stringify } = JSON;
const { includes, slice } = load('builtins').string;

// Between an error and its class: as a string it has its code.
const toString = function toString() {
  return `${this.name} [${this.code}]: ${this.message}`;
};
const hidden = (value) => ({ __proto__: null, value, configurable: true, writable: true });
const between = (Kind) =>
  create(Kind.prototype, { __proto__: null, constructor: hidden(Kind), toString: hidden(toString) });
const kinds = [Error, RangeError, TypeError].map((Kind) => ({ Kind, name: Kind.name, prototype: between(Kind) }));

// An Error with one of Node's codes: the code is a property, and stands in the stack.
function coded(Kind, code, message) {
  const error = new Kind(message);
  let name = 'Error';
  for (let i = 0; i < kinds.length; i++) {
    if (kinds[i].Kind !== Kind) continue;
    setPrototypeOf(error, kinds[i].prototype);
    ({ name } = kinds[i]);
  }
  defineProperty(error, 'name', hidden(`${name} [${code}]`));
  try {
    void error.stack; // V8 writes the name down when the stack is first asked for.
  } catch {
    // The guest's Error.prepareStackTrace has thrown.
  }
  delete error.name;
  return defineProperty(error, 'code',
    { __proto__: null, value: code, configurable: true, enumerable: true, writable: true });
}

// What an argument was, for "Received ...".
function describe(value) {
  if (value == null) return `${value}`;
  switch (typeof value) {
    case 'function':
      return `function ${value.name}`;
    case 'object': {
      const name = value.constructor?.name;
      return name && typeof name === 'string' ? `an instance of ${name}` : load('inspect').inspect(value, { depth: -1 });
    }
    case 'string': {
      const text = value.length > 28 ? `${slice(value, 0, 25)}...` : value;
      return `type string (${includes(text, "'") ? stringify(text) : `'${text}'`})`;
    }
    case 'number':
      return `type number (${value === 0 && 1 / value < 0 ? '-0' : value})`;
    case 'bigint':
      return `type bigint (${value}n)`;
    default:
      return `type ${typeof value} (${String(value)})`;
  }
}

const kind = (name) => includes(name, '.') ? 'property' : 'argument';

// ERR_INVALID_ARG_TYPE. `expected` ends the sentence: "of type string", "an instance of Map".
function invalidArgType(name, expected, value) {
  return coded(TypeError, 'ERR_INVALID_ARG_TYPE',
    `The "${name}" ${kind(name)} must be ${expected}. Received ${describe(value)}`);
}

// A number in a message: long integers with separators.
function grouped(value) {
  let text = String(value);
  if ((typeof value === 'bigint' || isInteger(value)) && (value > 2 ** 32 || value < -(2 ** 32))) {
    const first = value < 0 ? 1 : 0;
    for (let at = text.length - 3; at > first; at -= 3) text = `${slice(text, 0, at)}_${slice(text, at)}`;
  }
  return typeof value === 'bigint' ? `${text}n` : text;
}

// ERR_OUT_OF_RANGE.
function outOfRange(name, expected, value) {
  return coded(RangeError, 'ERR_OUT_OF_RANGE',
    `The value of "${name}" is out of range. It must be ${expected}. Received ${grouped(value)}`);
}

// ERR_INVALID_ARG_VALUE. `reason` ends the first sentence: "is invalid".
function invalidArgValue(name, reason, value) {
  const text = load('inspect').inspect(value);
  return coded(TypeError, 'ERR_INVALID_ARG_VALUE',
    `The ${kind(name)} '${name}' ${reason}. Received ${text.length > 128 ? `${slice(text, 0, 128)}...` : text}`);
}

function requireFunction(name, value) {
  if (typeof value !== 'function') throw invalidArgType(name, 'of type function', value);
}

function requireString(name, value) {
  if (typeof value !== 'string') throw invalidArgType(name, 'of type string', value);
}

return { coded, describe, invalidArgType, invalidArgValue, outOfRange, requireFunction, requireString };
