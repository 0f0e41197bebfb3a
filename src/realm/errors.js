'use strict';

// An Error with one of Node's codes: the code is a property, and stands in the stack.
function coded(Kind, code, message) {
  const error = new Kind(message);
  Object.defineProperty(error, 'name',
    { value: `${error.name} [${code}]`, configurable: true, writable: true });
  void error.stack; // V8 writes the name down when the stack is first asked for.
  delete error.name;
  error.code = code;
  return error;
}

// What an argument was, for "Received ...".
function describe(value) {
  if (value == null) return `${value}`;
  if (typeof value === 'function') return value.name ? `function ${value.name}` : 'function ';
  if (typeof value === 'object') {
    const name = value.constructor?.name;
    return name ? `an instance of ${name}` : 'an object with no prototype';
  }
  let text = typeof value === 'string' ? `'${value}'` : String(value);
  if (typeof value === 'bigint') text += 'n';
  if (text.length > 28) text = `${text.slice(0, 25)}...`;
  return `type ${typeof value} (${text})`;
}

// ERR_INVALID_ARG_TYPE. `expected` ends the sentence: "of type string", "an instance of Map".
function invalidArgType(name, expected, value) {
  const what = name.includes('.') ? 'property' : 'argument';
  return coded(TypeError, 'ERR_INVALID_ARG_TYPE',
    `The "${name}" ${what} must be ${expected}. Received ${describe(value)}`);
}

// A number in a message: long integers with separators.
function grouped(value) {
  const text = `${String(value)}${typeof value === 'bigint' ? 'n' : ''}`;
  const long = typeof value === 'bigint' || Number.isInteger(value) ? value > 2 ** 32 || value < -(2 ** 32) : false;
  return long ? text.replace(/\B(?=(?:\d{3})+n?$)/g, '_') : text;
}

// ERR_OUT_OF_RANGE.
function outOfRange(name, expected, value) {
  return coded(RangeError, 'ERR_OUT_OF_RANGE',
    `The value of "${name}" is out of range. It must be ${expected}. Received ${grouped(value)}`);
}

// ERR_INVALID_ARG_VALUE. `reason` ends the first sentence: "is invalid".
function invalidArgValue(name, reason, value) {
  const what = name.includes('.') ? 'property' : 'argument';
  const text = load('inspect').inspect(value);
  return coded(TypeError, 'ERR_INVALID_ARG_VALUE',
    `The ${what} '${name}' ${reason}. Received ${text.length > 128 ? `${text.slice(0, 128)}...` : text}`);
}

function requireFunction(name, value) {
  if (typeof value !== 'function') throw invalidArgType(name, 'of type function', value);
}

function requireString(name, value) {
  if (typeof value !== 'string') throw invalidArgType(name, 'of type string', value);
}

return { coded, describe, invalidArgType, invalidArgValue, outOfRange, requireFunction, requireString };
