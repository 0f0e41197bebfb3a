'use strict';

// assert.throws, rejects and their opposites: what is thrown, against what is expected.

const { coded, describe, invalidArgType, invalidArgValue, requireFunction } = load('errors');
const { inspect } = load('inspect');
const { isDeepStrictEqual, isError } = load('deep_equal');
const { AssertionError } = load('assert_error');
const types = load('types');

const NOTHING = Symbol('nothing was thrown');

const isErrorClass = (value) => value === Error || Object.prototype.isPrototypeOf.call(Error, value);
const isInstance = (value, kind) => kind.prototype !== undefined && value instanceof kind;
const matches = (regexp, text) => RegExp.prototype.exec.call(regexp, text) !== null;

function thrownBy(fn) {
  requireFunction('fn', fn);
  try {
    fn();
  } catch (error) {
    return error;
  }
  return NOTHING;
}

function isThenable(value) {
  return types.isPromise(value) || value !== null && typeof value === 'object' &&
    typeof value.then === 'function' && typeof value.catch === 'function';
}

async function rejectionOf(given) {
  let promise = given;
  if (typeof given === 'function') {
    promise = given();
    if (!isThenable(promise)) {
      throw coded(TypeError, 'ERR_INVALID_RETURN_VALUE',
        `Expected instance of Promise to be returned from the "promiseFn" function but got ${describe(promise)}.`);
    }
  } else if (!isThenable(given)) {
    throw invalidArgType('promiseFn', 'of type function or an instance of Promise', given);
  }
  try {
    await promise;
  } catch (error) {
    return error;
  }
  return NOTHING;
}

// The properties of an error that are compared, and no others. What a regular expression matches is shown as it is.
class Comparison {
  constructor(object, keys, actual) {
    for (const key of keys) {
      if (!(key in object)) continue;
      const expected = object[key];
      const isMatch = typeof actual?.[key] === 'string' && types.isRegExp(expected) && matches(expected, actual[key]);
      this[key] = isMatch ? actual[key] : expected;
    }
  }
}

// One check: what was thrown, what for, on behalf of which function of assert.
class Expectation {
  constructor(actual, expected, message, caller) {
    Object.assign(this, { actual, expected, message, caller });
  }

  fail(message, generated = false) {
    const error = this.error({ message, operator: this.caller.name });
    error.generatedMessage = generated;
    throw error;
  }

  error(options) {
    const { actual, expected, caller } = this;
    return new AssertionError({ actual, expected, stackStartFn: caller, ...options });
  }

  // `generate` makes the message where the caller gave none.
  failWith(generate) {
    if (this.message) this.fail(this.message);
    this.fail(generate(), true);
  }

  check() {
    const { actual, expected } = this;
    if (typeof expected === 'function') this.checkFunction();
    else if (types.isRegExp(expected)) {
      const text = String(actual);
      if (matches(expected, text)) return;
      this.failWith(() =>
        `The input did not match the regular expression ${inspect(expected)}. Input:\n\n${inspect(text)}\n`);
    } else if (typeof actual !== 'object' || actual === null) {
      const error = this.error({ message: this.message, operator: 'deepStrictEqual' });
      error.operator = this.caller.name;
      throw error;
    } else this.checkProperties();
  }

  checkProperties() {
    const { actual, expected } = this;
    const keys = Object.keys(expected);
    if (isError(expected)) keys.push('name', 'message');
    else if (keys.length === 0) throw invalidArgValue('error', 'may not be an empty object', expected);
    for (const key of keys) {
      if (typeof actual[key] === 'string' && types.isRegExp(expected[key]) && matches(expected[key], actual[key])) {
        continue;
      }
      if (!(key in actual) || !isDeepStrictEqual(actual[key], expected[key])) this.failProperties(keys);
    }
  }

  failProperties(keys) {
    const { actual, expected, message, caller } = this;
    if (isError(message)) throw message;
    if (message) this.fail(message);
    const error = this.error({
      actual: new Comparison(actual, keys),
      expected: new Comparison(expected, keys, actual),
      operator: 'deepStrictEqual',
    });
    throw Object.assign(error, { actual, expected, operator: caller.name });
  }

  checkFunction() {
    const { actual, expected } = this;
    if (isInstance(actual, expected)) return;
    if (isErrorClass(expected)) {
      this.failWith(() => {
        const what = isError(actual) ? actual.constructor?.name ?? actual.name : inspect(actual, { depth: -1 });
        const text = `The error is expected to be an instance of "${expected.name}". Received "${what}"`;
        return isError(actual) ? `${text}\n\nError message:\n\n${actual.message}` : text;
      });
    }
    const result = Reflect.apply(expected, {}, [actual]);
    if (result === true) return;
    this.failWith(() => {
      const name = expected.name ? `"${expected.name}" ` : '';
      const text = `The ${name}validation function is expected to return "true". Received ${inspect(result)}`;
      return isError(actual) ? `${text}\n\nCaught error:\n\n${actual}` : text;
    });
  }

  missing(what) {
    const kind = this.expected?.name ? ` (${this.expected.name})` : '';
    this.fail(`Missing expected ${what}${kind}${this.message ? `: ${this.message}` : '.'}`);
  }

  isUnwanted() {
    const { actual, expected } = this;
    if (!expected) return true;
    if (types.isRegExp(expected)) return matches(expected, String(actual));
    if (typeof expected !== 'function') {
      throw invalidArgType('expected', 'of type function or an instance of RegExp', expected);
    }
    return isInstance(actual, expected) ||
      !isErrorClass(expected) && Reflect.apply(expected, {}, [actual]) === true;
  }
}

const ambiguous = (what) => coded(TypeError, 'ERR_AMBIGUOUS_ARGUMENT',
  `The "error/message" argument is ambiguous. The ${what} is identical to the message.`);

// Of throws and rejects. `rest`: what is expected and the message, or the message alone.
function expectError(caller, actual, rest, what) {
  let [expected, message] = rest;
  if (typeof expected === 'string' && rest.length === 1) {
    if (actual?.message === expected) throw ambiguous(`error message "${expected}"`);
    if (actual === expected) throw ambiguous(`error "${expected}"`);
    [expected, message] = [undefined, expected];
  } else if (expected != null && typeof expected !== 'object' && typeof expected !== 'function') {
    throw invalidArgType('error', 'of type function or an instance of Error, RegExp, or Object', expected);
  }
  if (actual === NOTHING) new Expectation(undefined, expected, message, caller).missing(what);
  if (expected) new Expectation(actual, expected, message, caller).check();
}

// Of doesNotThrow and doesNotReject.
function expectNoError(caller, actual, [expected, message], what) {
  if (actual === NOTHING) return;
  if (typeof expected === 'string') [expected, message] = [undefined, expected];
  const expectation = new Expectation(actual, expected, message, caller);
  if (!expectation.isUnwanted()) throw actual;
  expectation.fail(
    `Got unwanted ${what}${message ? `: ${message}` : '.'}\nActual message: "${actual?.message}"`);
}

function throws(fn, ...rest) {
  expectError(throws, thrownBy(fn), rest, 'exception');
}

async function rejects(promiseFn, ...rest) {
  expectError(rejects, await rejectionOf(promiseFn), rest, 'rejection');
}

function doesNotThrow(fn, ...rest) {
  expectNoError(doesNotThrow, thrownBy(fn), rest, 'exception');
}

async function doesNotReject(promiseFn, ...rest) {
  expectNoError(doesNotReject, await rejectionOf(promiseFn), rest, 'rejection');
}

return { throws, rejects, doesNotThrow, doesNotReject };
