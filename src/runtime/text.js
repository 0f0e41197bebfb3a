'use strict';

// TextEncoder and TextDecoder (https://encoding.spec.whatwg.org), atob and btoa.

const { coded, invalidArgType } = load('errors');
const { isAnyArrayBuffer, isArrayBufferView } = load('types');
const { utf8, utf16le, latin1, isUtf8 } = load('encoding');

const Bytes = Uint8Array;
const { fromBase64, prototype: { toBase64, set } } = Uint8Array;
const { apply } = Reflect;

// What other environments throw as a DOMException.
function invalidCharacter(message) {
  return Object.defineProperties(new Error(message), {
    name: { value: 'InvalidCharacterError', writable: true, configurable: true },
    code: { value: 5, writable: true, configurable: true },
  });
}

function requireInput(count) {
  if (count === 0) throw coded(TypeError, 'ERR_MISSING_ARGS', 'The "input" argument must be specified');
}

function atob(input) {
  requireInput(arguments.length);
  try {
    const bytes = fromBase64(`${input}`);
    return latin1.read(bytes, 0, bytes.length);
  } catch {
    throw invalidCharacter('The string to be decoded is not correctly encoded.');
  }
}

function btoa(input) {
  requireInput(arguments.length);
  const text = `${input}`;
  if (/[^\0-\xff]/.test(text)) throw invalidCharacter('Invalid character');
  const bytes = new Bytes(text.length);
  latin1.write(bytes, text, 0, text.length);
  return apply(toBase64, bytes, []);
}

class TextEncoder {
  get encoding() {
    return 'utf-8';
  }

  encode(input = '') {
    const text = `${input}`;
    const bytes = new Bytes(utf8.byteLength(text));
    utf8.write(bytes, text, 0, bytes.length);
    return bytes;
  }

  encodeInto(source, target) {
    if (typeof source !== 'string') throw invalidArgType('src', 'of type string', source);
    if (!(target instanceof Bytes)) throw invalidArgType('dest', 'an instance of Uint8Array', target);
    const written = utf8.write(target, source, 0, target.length);
    return { read: utf8.read(target, 0, written).length, written };
  }
}

// How many bytes at the end begin a character that goes on.
function unfinishedUtf8(bytes) {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back];
    if (byte >= 0xc0) return back < (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) ? back : 0;
    if (byte < 0x80) return 0;
  }
  return 0;
}

function unfinishedUtf16(bytes) {
  const odd = bytes.length % 2;
  const high = bytes[bytes.length - odd - 1];
  return high >= 0xd8 && high < 0xdc ? odd + 2 : odd;
}

// What the bytes 0x80 to 0x9f are in windows-1252.
const UPPER = '\u20ac\x81\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\x8d\u017d\x8f' +
  '\x90\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\x9d\u017e\u0178';

const decoders = {
  'utf-8': {
    labels: ['unicode-1-1-utf-8', 'unicode11utf8', 'unicode20utf8', 'utf-8', 'utf8', 'x-unicode20utf8'],
    unfinished: unfinishedUtf8,
    isValid: isUtf8,
    read: (bytes) => utf8.read(bytes, 0, bytes.length),
  },
  'utf-16le': {
    labels: ['csunicode', 'iso-10646-ucs-2', 'ucs-2', 'unicode', 'unicodefeff', 'utf-16', 'utf-16le'],
    unfinished: unfinishedUtf16,
    isValid: (bytes) => bytes.length % 2 === 0 && utf16le.read(bytes, 0, bytes.length).isWellFormed(),
    read: (bytes) =>
      utf16le.read(bytes, 0, bytes.length).toWellFormed() + (bytes.length % 2 === 1 ? '\ufffd' : ''),
  },
  'windows-1252': {
    labels: ['ansi_x3.4-1968', 'ascii', 'cp1252', 'cp819', 'csisolatin1', 'ibm819', 'iso-8859-1', 'iso-ir-100',
      'iso8859-1', 'iso88591', 'iso_8859-1', 'iso_8859-1:1987', 'l1', 'latin1', 'us-ascii', 'windows-1252',
      'x-cp1252'],
    unfinished: () => 0,
    isValid: () => true,
    read: (bytes) => latin1.read(bytes, 0, bytes.length)
      .replace(/[\x80-\x9f]/g, (char) => UPPER[char.charCodeAt(0) - 0x80]),
  },
};

function join(a, b) {
  const all = new Bytes(a.length + b.length);
  apply(set, all, [a, 0]);
  apply(set, all, [b, a.length]);
  return all;
}

class TextDecoder {
  #name;
  #fatal;
  #ignoreBOM;
  #rest = new Bytes();
  #begun = false;

  constructor(label = 'utf-8', options = {}) {
    const wanted = `${label}`.replace(/^[\t\n\f\r ]+|[\t\n\f\r ]+$/g, '').toLowerCase();
    this.#name = Object.keys(decoders).find((name) => decoders[name].labels.includes(wanted));
    if (this.#name === undefined) {
      throw coded(RangeError, 'ERR_ENCODING_NOT_SUPPORTED', `The "${label}" encoding is not supported`);
    }
    this.#fatal = Boolean(options?.fatal);
    this.#ignoreBOM = Boolean(options?.ignoreBOM);
  }

  get encoding() {
    return this.#name;
  }

  get fatal() {
    return this.#fatal;
  }

  get ignoreBOM() {
    return this.#ignoreBOM;
  }

  decode(input = new Bytes(), options = {}) {
    if (!isAnyArrayBuffer(input) && !isArrayBufferView(input)) {
      throw invalidArgType('input', 'an instance of ArrayBuffer or ArrayBufferView', input);
    }
    const { unfinished, isValid, read } = decoders[this.#name];
    const given = isAnyArrayBuffer(input) ? new Bytes(input) :
      new Bytes(input.buffer, input.byteOffset, input.byteLength);
    const bytes = this.#rest.length > 0 ? join(this.#rest, given) : given;
    const isLast = !options?.stream;
    const end = bytes.length - (isLast ? 0 : unfinished(bytes));
    // A copy: the caller may change its bytes.
    this.#rest = bytes.slice(end);
    const whole = bytes.subarray(0, end);
    if (this.#fatal && !isValid(whole)) {
      this.#rest = new Bytes();
      this.#begun = false;
      throw coded(TypeError, 'ERR_ENCODING_INVALID_ENCODED_DATA',
        `The encoded data was not valid for encoding ${this.#name}`);
    }
    let text = read(whole);
    if (!this.#begun && !this.#ignoreBOM && this.#name !== 'windows-1252' && text[0] === '\ufeff') {
      text = text.slice(1);
    }
    this.#begun = !isLast && (this.#begun || end > 0);
    return text;
  }
}

for (const kind of [TextEncoder, TextDecoder]) {
  Object.defineProperty(kind.prototype, Symbol.toStringTag, { value: kind.name, configurable: true });
}

return {
  TextEncoder,
  TextDecoder,
  atob,
  btoa,
  install(global) {
    for (const [name, value] of Object.entries({ TextEncoder, TextDecoder, atob, btoa })) {
      Object.defineProperty(global, name, { value, writable: true, configurable: true });
    }
  },
};
