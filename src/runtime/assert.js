'use strict';

// Node's assert: https://nodejs.org/api/assert.html

const { coded, invalidArgType } = load('errors');
const { format, inspect } = load('inspect');
const { isDeepEqual, isDeepStrictEqual, isError } = load('deep_equal');
const { AssertionError } = load('assert_error');
const { callOf } = load('assert_source');
const { throws, rejects, doesNotThrow, doesNotReject } = load('assert_throws');
const { isRegExp } = load('types');

// The message of a caller: an error is thrown itself, a function makes the message of the values.
function givenMessage([message, ...rest], actual, expected) {
  if (isError(message)) throw message;
  if (typeof message === 'function') {
    try {
      const made = message(actual, expected);
      return typeof made === 'string' ? made : undefined;
    } catch {
      return undefined;
    }
  }
  if (message !== undefined && typeof message !== 'string') {
    throw invalidArgType('message', 'one of type string or function', message);
  }
  return rest.length > 0 ? format(message, ...rest) : message;
}

function fail(message) {
  if (isError(message)) throw message;
  const error = new AssertionError({
    message: message === undefined ? 'Failed' : message, operator: 'fail', stackStartFn: fail,
  });
  error.generatedMessage = message == null;
  throw error;
}

// Of a function `caller` of assert whose value is falsy.
function failOk(caller, args) {
  const [actual, ...given] = args;
  const options = { actual, expected: true, operator: '==', stackStartFn: caller };
  let message = given[0] == null ? undefined : givenMessage(given, actual, true);
  const isGenerated = message === undefined;
  if (args.length === 0) {
    message = 'No value argument passed to `assert.ok()`';
  } else if (isGenerated) {
    const call = callOf(caller);
    if (call !== undefined) message = `The expression evaluated to a falsy value:\n\n  ${call}\n`;
  }
  const error = new AssertionError({ ...options, message });
  error.generatedMessage = isGenerated;
  throw error;
}

function assert(...args) {
  if (!args[0]) failOk(assert, args);
}

function ok(...args) {
  if (!args[0]) failOk(ok, args);
}

function strict(...args) {
  if (!args[0]) failOk(strict, args);
}

// A function that compares two values; `operator` is how the error calls it.
function comparison(name, isRight, operator = name) {
  const { [name]: compare } = {
    [name](actual, expected, ...message) {
      if (arguments.length < 2) {
        throw coded(TypeError, 'ERR_MISSING_ARGS', 'The "actual" and "expected" arguments must be specified');
      }
      if (isRight(actual, expected)) return;
      throw new AssertionError({
        actual, expected, message: givenMessage(message, actual, expected), operator, stackStartFn: compare,
      });
    },
  };
  return compare;
}

const isEqual = (a, b) => a == b || Number.isNaN(a) && Number.isNaN(b);
const comparisons = {
  equal: comparison('equal', isEqual, '=='),
  notEqual: comparison('notEqual', (a, b) => !isEqual(a, b), '!='),
  deepEqual: comparison('deepEqual', isDeepEqual),
  notDeepEqual: comparison('notDeepEqual', (a, b) => !isDeepEqual(a, b)),
  deepStrictEqual: comparison('deepStrictEqual', isDeepStrictEqual),
  notDeepStrictEqual: comparison('notDeepStrictEqual', (a, b) => !isDeepStrictEqual(a, b)),
  strictEqual: comparison('strictEqual', Object.is),
  notStrictEqual: comparison('notStrictEqual', (a, b) => !Object.is(a, b)),
};

function failMatch(caller, string, regexp, given, sentence) {
  let message = givenMessage(given, string, regexp);
  const isGenerated = !message;
  if (isGenerated) {
    message = typeof string === 'string' ?
      `${sentence} ${inspect(regexp)}. Input:\n\n${inspect(string)}\n` :
      `The "string" argument must be of type string. Received type ${typeof string} (${inspect(string)})`;
  }
  const error = new AssertionError(
    { actual: string, expected: regexp, message, operator: caller.name, stackStartFn: caller });
  error.generatedMessage = isGenerated;
  throw error;
}

function isMatch(string, regexp) {
  if (!isRegExp(regexp)) throw invalidArgType('regexp', 'an instance of RegExp', regexp);
  return typeof string === 'string' && RegExp.prototype.exec.call(regexp, string) !== null;
}

function match(string, regexp, ...message) {
  if (isMatch(string, regexp)) return;
  failMatch(match, string, regexp, message, 'The input did not match the regular expression');
}

function doesNotMatch(string, regexp, ...message) {
  if (!isMatch(string, regexp) && typeof string === 'string') return;
  failMatch(doesNotMatch, string, regexp, message, 'The input was expected to not match the regular expression');
}

function ifError(value) {
  if (value === null || value === undefined) return;
  let what = inspect(value);
  if (typeof value === 'object' && typeof value.message === 'string') {
    what = value.message === '' && value.constructor ? value.constructor.name : value.message;
  }
  const error = new AssertionError({
    actual: value, expected: null, operator: 'ifError', message: `ifError got unwanted exception: ${what}`,
    stackStartFn: ifError,
  });
  // The stack tells both how the assertion came to be made and where the error is from.
  const start = typeof value.stack === 'string' ? value.stack.indexOf('\n    at') : -1;
  if (start !== -1) {
    const frames = value.stack.slice(start + 1).split('\n');
    const own = error.stack.split('\n');
    const shared = own.findIndex((line) => frames.includes(line));
    error.stack = [...own.slice(0, shared === -1 ? own.length : shared), ...frames].join('\n');
  }
  throw error;
}

const members = {
  AssertionError, ok, fail, ...comparisons, match, doesNotMatch, throws, rejects, doesNotThrow, doesNotReject, ifError,
};
const { strictEqual, notStrictEqual, deepStrictEqual, notDeepStrictEqual } = comparisons;
Object.assign(assert, members, { strict });
Object.assign(strict, members, {
  equal: strictEqual, notEqual: notStrictEqual, deepEqual: deepStrictEqual, notDeepEqual: notDeepStrictEqual, strict,
});

return { assert };
