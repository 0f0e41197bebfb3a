'use strict';

// Node's Buffer: https://nodejs.org/api/buffer.html

const { coded, describe, invalidArgType, invalidArgValue, outOfRange } = load('errors');
const { isAnyArrayBuffer, isArrayBufferView, isUint8Array } = load('types');
const encoding = load('encoding');
const { methods: numbers } = load('buffer_numbers');

const { apply } = Reflect;
const { isArray } = Array;
const { fill, set, copyWithin, indexOf, lastIndexOf } = Uint8Array.prototype;

const MAX_LENGTH = Number.MAX_SAFE_INTEGER;
const { MAX_LENGTH: MAX_STRING_LENGTH } = encoding;
// Bytes that the inspection shows.
const SHOWN = 50;

// What all Buffers are made by; Buffer itself can also be called.
class Bytes extends Uint8Array {}

function Buffer(value, encodingOrOffset, length) {
  if (typeof value !== 'number') return Buffer.from(value, encodingOrOffset, length);
  if (typeof encodingOrOffset === 'string') throw invalidArgType('string', 'of type string', value);
  return Buffer.alloc(value);
}
Object.setPrototypeOf(Buffer, Uint8Array);
Buffer.prototype = Bytes.prototype;
Bytes.prototype.constructor = Buffer;

function getEncoding(name) {
  const found = encoding.find(name);
  if (found === undefined || typeof name !== 'string') {
    throw coded(TypeError, 'ERR_UNKNOWN_ENCODING', `Unknown encoding: ${name}`);
  }
  return found;
}

const encodingOr = (name) => name === undefined || name === null || name === '' ? encoding.utf8 : getEncoding(name);

function requireBytes(name, value) {
  if (!isUint8Array(value)) throw invalidArgType(name, 'an instance of Buffer or Uint8Array', value);
}

function requireRange(name, value, min, max) {
  if (typeof value !== 'number') throw invalidArgType(name, 'of type number', value);
  if (!(value >= min && value <= max)) throw outOfRange(name, `>= ${min} && <= ${max}`, value);
}

function requireOffset(name, value, max) {
  if (typeof value === 'number' && !Number.isInteger(value)) throw outOfRange(name, 'an integer', value);
  requireRange(name, value, 0, max);
}

function allocate(size) {
  requireRange('size', size, 0, MAX_LENGTH);
  return new Bytes(size);
}

function fromString(text, name) {
  const { byteLength, write } = encodingOr(name);
  const bytes = new Bytes(byteLength(text));
  const written = write(bytes, text, 0, bytes.length);
  return written === bytes.length ? bytes : new Bytes(bytes.buffer, 0, written);
}

function fromArrayBuffer(buffer, byteOffset, length) {
  const offset = byteOffset === undefined ? 0 : Number.isNaN(+byteOffset) ? 0 : +byteOffset;
  const room = buffer.byteLength - offset;
  const outside = (name) =>
    coded(RangeError, 'ERR_BUFFER_OUT_OF_BOUNDS', `"${name}" is outside of buffer bounds`);
  if (room < 0) throw outside('offset');
  if (length === undefined) return new Bytes(buffer, offset);
  const count = Math.max(0, Math.trunc(+length) || 0);
  if (count > room) throw outside('length');
  return new Bytes(buffer, offset, count);
}

function fromArrayLike(values) {
  const bytes = new Bytes(values.length > 0 ? values.length : 0);
  if (bytes.length > 0) apply(set, bytes, [values]);
  return bytes;
}

function fromObject(value) {
  if (value.length !== undefined || isAnyArrayBuffer(value.buffer)) {
    return fromArrayLike(typeof value.length === 'number' ? value : []);
  }
  return value.type === 'Buffer' && isArray(value.data) ? fromArrayLike(value.data) : undefined;
}

// Where a slice begins or ends: from the end, if it is negative.
function place(value, length) {
  const at = Math.trunc(value) || 0;
  return at < 0 ? Math.max(0, at + length) : Math.min(at, length);
}

function slice(bytes, start, end) {
  const from = place(start, bytes.length);
  const to = end === undefined ? bytes.length : place(end, bytes.length);
  return new Bytes(bytes.buffer, bytes.byteOffset + from, Math.max(0, to - from));
}

const statics = {
  from(value, encodingOrOffset, length) {
    if (typeof value === 'string') return fromString(value, encodingOrOffset);
    if (typeof value === 'object' && value !== null) {
      if (isAnyArrayBuffer(value)) return fromArrayBuffer(value, encodingOrOffset, length);
      const inner = value.valueOf?.();
      if (inner != null && inner !== value && (typeof inner === 'string' || typeof inner === 'object')) {
        return Buffer.from(inner, encodingOrOffset, length);
      }
      const bytes = fromObject(value);
      if (bytes !== undefined) return bytes;
      const text = value[Symbol.toPrimitive]?.('string');
      if (typeof text === 'string') return fromString(text, encodingOrOffset);
    }
    throw coded(TypeError, 'ERR_INVALID_ARG_TYPE', 'The first argument must be of type string or an instance of ' +
      `Buffer, ArrayBuffer, or Array or an Array-like Object. Received ${describe(value)}`);
  },

  of(...values) {
    return fromArrayLike(values);
  },

  copyBytesFrom(view, offset = 0, length) {
    if (!isArrayBufferView(view) || view.BYTES_PER_ELEMENT === undefined) {
      throw invalidArgType('view', 'an instance of TypedArray', view);
    }
    const end = length === undefined ? view.length : offset + length;
    const { buffer, byteOffset, byteLength } = view.slice(offset, end);
    return new Bytes(buffer, byteOffset, byteLength);
  },

  alloc(size, value, name) {
    const bytes = allocate(size);
    return value === undefined || value === 0 || bytes.length === 0 ? bytes : bytes.fill(value, name);
  },

  // Memory that held something else is never shown.
  allocUnsafe(size) {
    return allocate(size);
  },

  allocUnsafeSlow(size) {
    return allocate(size);
  },

  byteLength(value, name) {
    if (isArrayBufferView(value) || isAnyArrayBuffer(value)) return value.byteLength;
    if (typeof value !== 'string') {
      throw invalidArgType('string', 'of type string or an instance of Buffer or ArrayBuffer', value);
    }
    return (encoding.find(name) ?? encoding.utf8).byteLength(value);
  },

  concat(list, totalLength) {
    if (!isArray(list)) throw invalidArgType('list', 'an instance of Array', list);
    list.forEach((bytes, i) => requireBytes(`list[${i}]`, bytes));
    if (totalLength !== undefined) requireOffset('length', totalLength, MAX_LENGTH);
    const all = new Bytes(totalLength ?? list.reduce((sum, bytes) => sum + bytes.length, 0));
    let at = 0;
    for (const bytes of list) {
      const taken = bytes.length > all.length - at ? slice(bytes, 0, all.length - at) : bytes;
      apply(set, all, [taken, at]);
      at += taken.length;
    }
    return all;
  },

  compare(a, b) {
    requireBytes('buf1', a);
    requireBytes('buf2', b);
    return encoding.compare(a, b);
  },

  isBuffer: (value) => value instanceof Buffer,

  isEncoding: (name) => typeof name === 'string' && encoding.find(name) !== undefined,
};

// Where something is in the bytes, forwards or backwards from a place on.
function search(bytes, value, byteOffset, name, isForward) {
  if (typeof byteOffset === 'string') [byteOffset, name] = [undefined, byteOffset];
  let from = Math.trunc(+byteOffset);
  if (Number.isNaN(from)) from = isForward ? 0 : bytes.length;
  if (from < 0) from += bytes.length;
  if (from < 0) {
    if (!isForward) return -1;
    from = 0;
  }
  if (typeof value === 'number') {
    return apply(isForward ? indexOf : lastIndexOf, bytes, [value & 255, from]);
  }
  const isText = typeof value === 'string';
  if (!isText && !isUint8Array(value)) {
    throw invalidArgType('value', 'one of type number or string or an instance of Buffer or Uint8Array', value);
  }
  const { name: used } = encodingOr(name);
  const sought = isText ? fromString(value, used) : value;
  if (sought.length === 0) return Math.min(from, bytes.length);
  return encoding.locate(bytes, sought, from, isForward, used === 'utf16le' ? 2 : 1);
}

function swap(bytes, size) {
  if (bytes.length % size !== 0) {
    throw coded(RangeError, 'ERR_INVALID_BUFFER_SIZE', `Buffer size must be a multiple of ${size * 8}-bits`);
  }
  for (let at = 0; at < bytes.length; at += size) {
    for (let i = at, j = at + size - 1; i < j; i++, j--) [bytes[i], bytes[j]] = [bytes[j], bytes[i]];
  }
  return bytes;
}

const methods = {
  toString(name, start = 0, end = this.length) {
    const from = start <= 0 ? 0 : Math.trunc(start) || 0;
    const to = Math.min(Math.trunc(end) || 0, this.length);
    const { read } = name === undefined ? encoding.utf8 : getEncoding(name);
    return to <= from ? '' : read(this, from, to - from);
  },

  toJSON() {
    return { type: 'Buffer', data: [...this] };
  },

  equals(other) {
    requireBytes('otherBuffer', other);
    return encoding.compare(this, other) === 0;
  },

  compare(target, targetStart = 0, targetEnd = target?.length, sourceStart = 0, sourceEnd = this.length) {
    requireBytes('target', target);
    requireOffset('targetStart', targetStart, MAX_LENGTH);
    requireOffset('targetEnd', targetEnd, target.length);
    requireOffset('sourceStart', sourceStart, MAX_LENGTH);
    requireOffset('sourceEnd', sourceEnd, this.length);
    return encoding.compare(slice(this, sourceStart, sourceEnd), slice(target, targetStart, targetEnd));
  },

  indexOf(value, byteOffset, name) {
    return search(this, value, byteOffset, name, true);
  },

  lastIndexOf(value, byteOffset, name) {
    return search(this, value, byteOffset, name, false);
  },

  includes(value, byteOffset, name) {
    return search(this, value, byteOffset, name, true) !== -1;
  },

  subarray(start, end) {
    return slice(this, start, end);
  },

  slice(start, end) {
    return slice(this, start, end);
  },

  copy(target, targetStart = 0, sourceStart = 0, sourceEnd = this.length) {
    requireBytes('target', target);
    const [to, from, end] = [targetStart, sourceStart, sourceEnd].map((value) => Math.trunc(value) || 0);
    if (to < 0) throw outOfRange('targetStart', '>= 0', targetStart);
    if (from < 0 || from > this.length) throw outOfRange('sourceStart', `>= 0 && <= ${this.length}`, sourceStart);
    if (end < 0) throw outOfRange('sourceEnd', '>= 0', sourceEnd);
    const count = Math.min(end - from, this.length - from, target.length - to);
    if (count <= 0) return 0;
    apply(set, target, [slice(this, from, from + count), to]);
    return count;
  },

  // write(text[, offset[, length]][, encoding])
  write(text, offset, length, name) {
    if (typeof text !== 'string') throw coded(TypeError, 'ERR_INVALID_ARG_TYPE', 'argument must be a string');
    if (typeof offset === 'string') [offset, length, name] = [undefined, undefined, offset];
    else if (typeof length === 'string') [length, name] = [undefined, length];
    if (offset === undefined) offset = 0;
    else requireOffset('offset', offset, this.length);
    const room = this.length - offset;
    if (length === undefined) length = room;
    else requireOffset('length', length, this.length);
    return encodingOr(name).write(this, text, offset, Math.min(length, room));
  },

  // fill(value[, offset[, end]][, encoding])
  fill(value, offset, end, name) {
    if (typeof offset === 'string') [offset, end, name] = [undefined, undefined, offset];
    else if (typeof end === 'string') [end, name] = [undefined, end];
    if (name !== undefined && typeof name !== 'string') throw invalidArgType('encoding', 'of type string', name);
    if (offset === undefined) offset = 0;
    else requireOffset('offset', offset, MAX_LENGTH);
    if (end === undefined) end = this.length;
    else requireOffset('end', end, this.length);
    const pattern = typeof value === 'string' && value !== '' ? fromString(value, name) :
      isUint8Array(value) ? value : undefined;
    if (pattern === undefined) return apply(fill, this, [typeof value === 'string' ? 0 : value & 255, offset, end]);
    if (pattern.length === 0) throw invalidArgValue('value', 'is invalid', value);
    if (offset >= end) return this;
    let done = Math.min(pattern.length, end - offset);
    apply(set, this, [slice(pattern, 0, done), offset]);
    for (; done < end - offset; done *= 2) {
      apply(copyWithin, this, [offset + done, offset, Math.min(offset + done, end - done)]);
    }
    return this;
  },

  swap16() {
    return swap(this, 2);
  },

  swap32() {
    return swap(this, 4);
  },

  swap64() {
    return swap(this, 8);
  },

  [Symbol.for('nodejs.util.inspect.custom')]() {
    const bytes = [...slice(this, 0, SHOWN)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const rest = this.length - SHOWN;
    return `<Buffer ${bytes}${rest > 0 ? ` ... ${rest} more byte${rest > 1 ? 's' : ''}` : ''}>`;
  },

  ...numbers,
};

function define(object, values) {
  for (const key of Reflect.ownKeys(values)) {
    Object.defineProperty(object, key, { value: values[key], writable: true, configurable: true });
  }
}
define(Buffer, { ...statics, poolSize: 8192 });
define(Buffer.prototype, { ...methods, toLocaleString: methods.toString });
Object.defineProperties(Buffer.prototype, {
  parent: { get() { return this.buffer; }, configurable: true },
  offset: { get() { return this.byteOffset; }, configurable: true },
});

return {
  Buffer,
  kMaxLength: MAX_LENGTH,
  kStringMaxLength: MAX_STRING_LENGTH,
  constants: { MAX_LENGTH, MAX_STRING_LENGTH },
  INSPECT_MAX_BYTES: SHOWN,
  isUtf8: encoding.isUtf8,
  isAscii: encoding.isAscii,
  install(global) {
    define(global, { Buffer });
    load('text').install(global);
  },
};
