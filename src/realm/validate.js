'use strict';

// Checks of arguments, with the errors that Node's users know. What is right passes without a word.

const { invalidArgType, invalidArgValue, outOfRange, requireFunction, requireString } = load('errors');
const { array, list } = load('builtins');
const { isArray } = Array;
const { isInteger } = Number;
const { isView } = ArrayBuffer;

// No array, unless those are allowed, and no function.
function requireObject(name, value, arrays = false) {
  if (value === null || typeof value !== 'object' || !arrays && isArray(value)) {
    throw invalidArgType(name, 'of type object', value);
  }
}

function requireBoolean(name, value) {
  if (typeof value !== 'boolean') throw invalidArgType(name, 'of type boolean', value);
}

function requireInteger(name, value, min, max) {
  if (typeof value !== 'number') throw invalidArgType(name, 'of type number', value);
  if (!isInteger(value)) throw outOfRange(name, 'an integer', value);
  if (value < min || value > max) throw outOfRange(name, `>= ${min} && <= ${max}`, value);
}

function requireInt32(name, value) {
  requireInteger(name, value, -2147483648, 2147483647);
}

function requireUint32(name, value, min = 0) {
  requireInteger(name, value, min, 4294967295);
}

function requireBuffer(name, value) {
  if (!isView(value)) throw invalidArgType(name, 'an instance of Buffer, TypedArray, or DataView', value);
}

// `values` are strings, or undefined.
function requireOneOf(name, value, values) {
  let list = '';
  for (let i = 0; i < values.length; i++) {
    if (values[i] === value) return;
    list += `${i === 0 ? '' : ', '}${values[i] === undefined ? 'undefined' : `'${values[i]}'`}`;
  }
  throw invalidArgValue(name, `must be one of: ${list}`, value);
}

// The elements as they were when they were checked.
function requireArray(name, value, requireElement) {
  if (!isArray(value)) throw invalidArgType(name, 'an instance of Array', value);
  const elements = list();
  for (let i = 0; i < value.length; i++) {
    const element = value[i];
    requireElement(`${name}[${i}]`, element);
    array.push(elements, element);
  }
  return elements;
}

const requireStrings = (name, value) => requireArray(name, value, requireString);
const requireObjects = (name, value) => requireArray(name, value, requireObject);

return {
  requireArray, requireBoolean, requireBuffer, requireFunction, requireInt32, requireObject, requireObjects, requireOneOf,
  requireString, requireStrings, requireUint32,
};
