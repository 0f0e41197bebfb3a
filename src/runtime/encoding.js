'use strict';

// The encodings of Buffer. Each has byteLength(text), the most bytes that the text can give;
// write(view, text, offset, length), which gives how many bytes were written; and read(view, start, length).

const { coded } = load('errors');

const { apply } = Reflect;
// The longest string that V8 has.
const MAX_LENGTH = 2 ** 29 - 24;
const { fromBase64, prototype: { toBase64, toHex, setFromHex, set, subarray } } = Uint8Array;
const part = (view, start, length) => apply(subarray, plain(view), [start, start + length]);
// A Uint8Array, whatever it inherits: subarray would ask a Buffer for its species.
const plain = (view) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);

// A reader whose strings can be too long: each byte gives so many characters. A native gives undefined then.
function bounded(read, perByte) {
  return (view, start, length) => {
    const text = length * perByte > MAX_LENGTH ? undefined : read(view, start, length);
    if (text !== undefined) return text;
    throw coded(Error, 'ERR_STRING_TOO_LONG',
      `Cannot create a string longer than 0x${MAX_LENGTH.toString(16)} characters`);
  };
}
// What UTF-8 gives is known when it is read.
const readUtf8 = bounded(native.readUtf8, 0);
const readUtf16 = bounded(native.readUtf16, 1 / 2);
const readLatin1 = bounded(native.readLatin1, 1);
const readAscii = bounded(native.readAscii, 1);
const readHex = bounded((view, start, length) => apply(toHex, part(view, start, length), []), 2);
const readBase64 = bounded((view, start, length) => apply(toBase64, part(view, start, length), []), 4 / 3);
const URL_ALPHABET = { __proto__: null, alphabet: 'base64url', omitPadding: true };
const readBase64url =
  bounded((view, start, length) => apply(toBase64, part(view, start, length), [URL_ALPHABET]), 4 / 3);

// Node reads base64 up to the first '=', in either alphabet, and passes over what is in neither.
function bytesOfBase64(text) {
  try {
    return fromBase64(text);
  } catch {
    const end = text.indexOf('=');
    let rest = (end === -1 ? text : text.slice(0, end)).replaceAll('-', '+').replaceAll('_', '/')
      .replace(/[^A-Za-z0-9+/]+/g, '');
    if (rest.length % 4 === 1) rest = rest.slice(0, -1);
    return fromBase64(rest);
  }
}

function writeBase64(view, text, offset, length) {
  const bytes = bytesOfBase64(text);
  const taken = bytes.length > length ? part(bytes, 0, length) : bytes;
  apply(set, view, [taken, offset]);
  return taken.length;
}

function base64Length(text) {
  let length = text.length;
  if (text[length - 1] === '=') length--;
  if (length > 1 && text[length - 1] === '=') length--;
  return Math.floor(length * 3 / 4);
}

function writeHex(view, text, offset, length) {
  const end = text.search(/[^0-9a-f]/i);
  const digits = Math.min((end === -1 ? text.length : end) & ~1, length * 2);
  return apply(setFromHex, part(view, offset, length), [text.slice(0, digits)]).written;
}

const { utf8Length, writeUtf8, writeUtf16, writeLatin1 } = native;
const utf8 = { name: 'utf8', byteLength: utf8Length, write: writeUtf8, read: readUtf8 };
const utf16le = { name: 'utf16le', byteLength: (text) => text.length * 2, write: writeUtf16, read: readUtf16 };
const latin1 = { name: 'latin1', byteLength: (text) => text.length, write: writeLatin1, read: readLatin1 };
const ascii = { ...latin1, name: 'ascii', read: readAscii };
const hex = { name: 'hex', byteLength: (text) => text.length >>> 1, write: writeHex, read: readHex };
const base64 = { name: 'base64', byteLength: base64Length, write: writeBase64, read: readBase64 };
const base64url = { ...base64, name: 'base64url', read: readBase64url };

const encodings = {
  __proto__: null,
  utf8, 'utf-8': utf8, ucs2: utf16le, 'ucs-2': utf16le, utf16le, 'utf-16le': utf16le,
  latin1, binary: latin1, ascii, hex, base64, base64url,
};

// The encoding of that name, in any case; undefined if there is none.
const find = (name) => encodings[name] ?? encodings[String(name).toLowerCase()];

const { compare, locate, isUtf8, isAscii } = native;
return { MAX_LENGTH, find, utf8, utf16le, latin1, compare, locate, isUtf8, isAscii };
