'use strict';

// Node's util, as far as it needs nothing of the system: https://nodejs.org/api/util.html

const { coded, invalidArgType, requireFunction, requireString } = load('errors');
const { inspect, format, formatWithOptions } = load('inspect');
const { isDeepStrictEqual } = load('deep_equal');
const { TextEncoder, TextDecoder } = load('text');
const { withoutColors } = load('inspect_text');
const types = load('types');

const CUSTOM = Symbol.for('nodejs.util.promisify.custom');

function promisify(original) {
  requireFunction('original', original);
  const custom = original[CUSTOM];
  if (custom !== undefined) {
    requireFunction('util.promisify.custom', custom);
    return Object.defineProperty(custom, CUSTOM, { value: custom, configurable: true });
  }
  function promised(...args) {
    return new Promise((resolve, reject) => {
      Reflect.apply(original, this, [...args, (error, value) => {
        if (error) reject(error);
        else resolve(value);
      }]);
    });
  }
  Object.setPrototypeOf(promised, Object.getPrototypeOf(original));
  Object.defineProperty(promised, CUSTOM, { value: promised, configurable: true });
  return Object.defineProperties(promised, Object.getOwnPropertyDescriptors(original));
}
promisify.custom = CUSTOM;

function callbackify(original) {
  requireFunction('original', original);
  function called(...args) {
    const callback = args.pop();
    requireFunction('last argument', callback);
    const { nextTick } = load('process').process;
    Reflect.apply(original, this, args).then((value) => nextTick(callback, null, value), (reason) => {
      nextTick(callback, reason || Object.assign(
        coded(Error, 'ERR_FALSY_VALUE_REJECTION', 'Promise was rejected with falsy value'), { reason }));
    });
  }
  Object.defineProperty(called, 'name', { value: `${original.name}Callbackified`, configurable: true });
  return Object.defineProperty(called, 'length', { value: original.length + 1, configurable: true });
}

function inherits(constructor, superConstructor) {
  requireFunction('ctor', constructor);
  requireFunction('superCtor', superConstructor);
  if (superConstructor.prototype === undefined) {
    throw invalidArgType('superCtor.prototype', 'of type object', superConstructor.prototype);
  }
  Object.defineProperty(constructor, 'super_', { value: superConstructor, writable: true, configurable: true });
  Object.setPrototypeOf(constructor.prototype, superConstructor.prototype);
}

const warned = new Set();

// A function that says once that it is deprecated, on the console.
function deprecate(original, message, code) {
  let told = false;
  return function deprecated(...args) {
    if (!told && !warned.has(code)) {
      told = true;
      if (code !== undefined) warned.add(code);
      load('console').make().error(`DeprecationWarning: ${code === undefined ? '' : `[${code}] `}${message}`);
    }
    return new.target ? Reflect.construct(original, args, new.target) : Reflect.apply(original, this, args);
  };
}

function stripVTControlCharacters(text) {
  requireString('str', text);
  return withoutColors(text);
}

return {
  callbackify, deprecate, format, formatWithOptions, inherits, inspect, isArray: Array.isArray, isDeepStrictEqual,
  promisify, stripVTControlCharacters, TextDecoder, TextEncoder, toUSVString: (text) => `${text}`.toWellFormed(),
  types,
};
