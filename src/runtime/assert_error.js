'use strict';

// AssertionError, and the message that it makes of two values.

const { invalidArgType } = load('errors');
const { inspect } = load('inspect');
const { diff } = load('assert_diff');
const { isError } = load('deep_equal');

const CODE = 'ERR_ASSERTION';
const TITLES = {
  __proto__: null,
  deepStrictEqual: 'Expected values to be strictly deep-equal:',
  strictEqual: 'Expected values to be strictly equal:',
  sameReference: 'Expected "actual" to be reference-equal to "expected":',
  deepEqual: 'Expected values to be loosely deep-equal:',
  notDeepStrictEqual: 'Expected "actual" not to be strictly deep-equal to:',
  notStrictEqual: 'Expected "actual" to be strictly unequal to:',
  notSameReference: 'Expected "actual" not to be reference-equal to "expected":',
  notDeepEqual: 'Expected "actual" not to be loosely deep-equal to:',
  notDeepEqualToOther: 'Expected values not to be loosely deep-equal:',
  notIdentical: 'Values have same structure but are not reference-equal:',
};

const isObject = (value) => typeof value === 'object' && value !== null;

// Everything of a value, in lines that can be compared.
function show(value) {
  return inspect(value, { compact: false, customInspect: false, depth: 1000, maxArrayLength: Infinity,
    showHidden: false, showProxy: false, sorted: true, getters: true });
}

function shorten(text, most) {
  return text.length > most ? `${text.slice(0, most - 3)}...` : text;
}

const hidden = (object, name, value) =>
  Object.defineProperty(object, name, { __proto__: null, value, configurable: true, enumerable: false, writable: true });

// Two errors differ in what they say; their stacks are not to be compared.
function withoutFrames(error) {
  const copy = Object.assign(new Error(error.message), error);
  Object.setPrototypeOf(copy, Object.getPrototypeOf(error));
  if (Object.hasOwn(error, 'cause')) hidden(copy, 'cause', isError(error.cause) ? withoutFrames(error.cause) : error.cause);
  return hidden(copy, 'stack', Error.prototype.toString.call(error));
}

function equalMessage(actual, expected, operator, message) {
  if (isError(actual) && isError(expected)) [actual, expected] = [withoutFrames(actual), withoutFrames(expected)];
  const haveReferences = isObject(actual) && isObject(expected) ||
    typeof actual === 'function' && typeof expected === 'function';
  const main = operator === 'strictEqual' && haveReferences ? 'sameReference' : operator;
  return diff(actual, expected, show(actual), show(expected), (title = main) => message || TITLES[title]);
}

function notEqualMessage(actual, operator) {
  const hasReference = isObject(actual) || typeof actual === 'function';
  const title = TITLES[operator === 'notStrictEqual' && hasReference ? 'notSameReference' : operator];
  const lines = show(actual).split('\n');
  if (lines.length === 1) return `${title}${lines[0].length > 5 ? '\n\n' : ' '}${lines[0]}`;
  if (lines.length > 50) lines.splice(46, lines.length, '...');
  return `${title}\n\n${lines.join('\n')}\n`;
}

function otherMessage(actual, expected, operator) {
  const [left, right] = [show(actual), show(expected)];
  if (operator === 'notDeepEqual' && left === right) return shorten(`${TITLES.notDeepEqual}\n\n${left}`, 1024);
  const [a, b] = [shorten(left, 512), shorten(right, 512)];
  if (operator === 'deepEqual') return `${TITLES.deepEqual}\n\n${a}\n\nshould loosely deep-equal\n\n${b}`;
  if (operator === 'notDeepEqual') {
    return `${TITLES.notDeepEqualToOther}\n\n${a}\n\nshould not loosely deep-equal\n\n${b}`;
  }
  return `${a} ${operator} ${b}`;
}

function messageOf({ message, operator, actual, expected }) {
  if (operator === 'deepStrictEqual' || operator === 'strictEqual') {
    return equalMessage(actual, expected, operator, message == null ? undefined : String(message));
  }
  if (message != null) return String(message);
  if (operator === 'notDeepStrictEqual' || operator === 'notStrictEqual') return notEqualMessage(actual, operator);
  return otherMessage(actual, expected, operator);
}

// A long text, for inspect.
function clip(value) {
  if (typeof value !== 'string') return value;
  const lines = value.split('\n');
  if (lines.length > 10) return `${lines.slice(0, 10).join('\n')}\n...`;
  return value.length > 512 ? `${value.slice(0, 512)}...` : value;
}

class AssertionError extends Error {
  // `stackStartFn`: the stack begins with its caller.
  constructor(options) {
    if (!isObject(options)) throw invalidArgType('options', 'of type object', options);
    const { message, operator, stackStartFn } = options;
    super(messageOf(options));
    this.generatedMessage = !message;
    hidden(this, 'name', `AssertionError [${CODE}]`);
    Error.captureStackTrace(this, stackStartFn ?? AssertionError);
    void this.stack; // V8 writes the name down when the stack is first asked for.
    hidden(this, 'name', 'AssertionError');
    this.code = CODE;
    this.actual = options.actual;
    this.expected = options.expected;
    this.operator = operator;
    this.diff = 'simple';
  }

  toString() {
    return `${this.name} [${this.code}]: ${this.message}`;
  }

  [inspect.custom](depth, options) {
    const { actual, expected } = this;
    this.actual = clip(actual);
    this.expected = clip(expected);
    try {
      return inspect(this, { ...options, customInspect: false, depth: 0 });
    } finally {
      this.actual = actual;
      this.expected = expected;
    }
  }
}

return { AssertionError };
