'use strict';

// Buffer's read... and write... methods: numbers in bytes.

const { coded, invalidArgType, outOfRange } = load('errors');

const { apply } = Reflect;
const accessors = Object.getOwnPropertyDescriptors(DataView.prototype);
// Where a number lies while it is read or written: a DataView of the Buffer, made each time, would cost more.
const scratch = new Uint8Array(8);
const view = new DataView(scratch.buffer);

function requireNumber(name, value) {
  if (typeof value !== 'number') throw invalidArgType(name, 'of type number', value);
}

function checkInteger(name, value, min, max) {
  requireNumber(name, value);
  if (value >= min && value <= max && Number.isInteger(value)) return;
  if (!Number.isInteger(value) && Math.abs(value) !== Infinity) throw outOfRange(name, 'an integer', value);
  throw outOfRange(name, `>= ${min} and <= ${max}`, value);
}

function checkOffset(bytes, offset, size) {
  requireNumber('offset', offset);
  if (bytes.length < size) {
    throw coded(RangeError, 'ERR_BUFFER_OUT_OF_BOUNDS', 'Attempt to access memory outside buffer bounds');
  }
  checkInteger('offset', offset, 0, bytes.length - size);
}

// What integers of so many bytes can be.
function limits(size, signed, isBig) {
  const n = isBig ? 'n' : '';
  const bits = size * 8 - (signed ? 1 : 0);
  const power = isBig ? 2n ** BigInt(bits) : 2 ** bits;
  const [zero, one] = isBig ? [0n, 1n] : [0, 1];
  const min = signed ? -power : zero;
  const max = power - one;
  const text = size <= 4 ? `>= ${min} and <= ${max}` :
    `>= ${signed ? `-(2${n} ** ${bits}${n})` : `0${n}`} and < 2${n} ** ${bits}${n}`;
  return { min, max, text };
}

function checkValue(value, { min, max, text }) {
  if (value > max || value < min) throw outOfRange('value', text, value);
}

const methods = {};

// A pair of methods over DataView's accessor of that name.
function fixed(name, accessor, size, isLittle, range) {
  const get = accessors[`get${accessor}`].value;
  const put = accessors[`set${accessor}`].value;
  methods[`read${name}`] = function (offset = 0) {
    checkOffset(this, offset, size);
    for (let i = 0; i < size; i++) scratch[i] = this[offset + i];
    return apply(get, view, [0, isLittle]);
  };
  methods[`write${name}`] = function (value, offset = 0) {
    if (typeof value !== 'bigint') value = +value;
    if (range !== undefined) checkValue(value, range);
    checkOffset(this, offset, size);
    apply(put, view, [0, value, isLittle]);
    for (let i = 0; i < size; i++) this[offset + i] = scratch[i];
    return offset + size;
  };
}

// A pair of methods for integers of 1 to 6 bytes.
function variable(name, signed, isLittle) {
  const place = (offset, size, i) => offset + (isLittle ? i : size - 1 - i);
  methods[`read${name}`] = function (offset, byteLength) {
    requireNumber('offset', offset);
    checkInteger('byteLength', byteLength, 1, 6);
    checkOffset(this, offset, byteLength);
    let value = 0;
    for (let i = byteLength - 1; i >= 0; i--) value = value * 256 + this[place(offset, byteLength, i)];
    return signed && value >= 2 ** (byteLength * 8 - 1) ? value - 2 ** (byteLength * 8) : value;
  };
  methods[`write${name}`] = function (value, offset, byteLength) {
    requireNumber('offset', offset);
    checkInteger('byteLength', byteLength, 1, 6);
    value = +value;
    checkValue(value, limits(byteLength, signed, false));
    checkOffset(this, offset, byteLength);
    value = Math.trunc(value);
    for (let i = 0; i < byteLength; i++) {
      this[place(offset, byteLength, i)] = value;
      value = Math.floor(value / 256);
    }
    return offset + byteLength;
  };
}

fixed('UInt8', 'Uint8', 1, true, limits(1, false));
fixed('Int8', 'Int8', 1, true, limits(1, true));
for (const [end, isLittle] of [['LE', true], ['BE', false]]) {
  for (const size of [2, 4]) {
    fixed(`UInt${size * 8}${end}`, `Uint${size * 8}`, size, isLittle, limits(size, false));
    fixed(`Int${size * 8}${end}`, `Int${size * 8}`, size, isLittle, limits(size, true));
  }
  fixed(`BigUInt64${end}`, 'BigUint64', 8, isLittle, limits(8, false, true));
  fixed(`BigInt64${end}`, 'BigInt64', 8, isLittle, limits(8, true, true));
  fixed(`Float${end}`, 'Float32', 4, isLittle);
  fixed(`Double${end}`, 'Float64', 8, isLittle);
  variable(`UInt${end}`, false, isLittle);
  variable(`Int${end}`, true, isLittle);
}
for (const [name, method] of Object.entries(methods)) {
  Object.defineProperty(method, 'name', { value: name, configurable: true });
  if (name.includes('UInt')) methods[name.replace('UInt', 'Uint')] = method;
}

return { methods };
