'use strict';

const { coded } = load('errors');
const { clone } = native;

function structuredClone(value, options) {
  if (arguments.length === 0) throw coded(TypeError, 'ERR_MISSING_ARGS', 'The "value" argument must be specified');
  if (options != null && typeof options !== 'object' && typeof options !== 'function') {
    throw coded(TypeError, 'ERR_INVALID_ARG_TYPE',
      'The options argument must be either an object or undefined');
  }
  const transfer = options?.transfer;
  if (transfer === undefined || transfer === null) return clone(value, []);
  if (typeof transfer !== 'object' || typeof transfer[Symbol.iterator] !== 'function') {
    throw coded(TypeError, 'ERR_INVALID_ARG_TYPE', 'Optional transferList argument must be an iterable');
  }
  return clone(value, [...transfer]);
}

return {
  install(global) {
    Object.defineProperty(global, 'structuredClone',
      { value: structuredClone, writable: true, enumerable: true, configurable: true });
  },
};
