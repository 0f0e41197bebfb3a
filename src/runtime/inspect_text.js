'use strict';

// Strings, numbers and their width, as inspect writes them.
const { number, regexp, string } = load('builtins');
const { width } = load('inspect_native');
const { is } = Object;
const { isFinite } = Number;
const { trunc } = Math;

const PLAIN = /^[\x20-\x26\x28-\x5b\x5d-\x7e]*$/;
const SPECIAL = /[\0-\x1f\\\x7f-\x9f\ud800-\udfff]/;
const IDENTIFIER = /^[A-Za-z_][A-Za-z_0-9]*$/;
const ASCII = /^[\x20-\x7e]*$/;
// Control sequences, and what sets a terminal's title or a link.
const CONTROL = /(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)/;
const SHORT = { __proto__: null, 8: '\\b', 9: '\\t', 10: '\\n', 12: '\\f', 13: '\\r', 92: '\\\\' };

function matches(pattern, text) {
  return regexp.exec(pattern, text) !== null;
}

// What stands for a code unit inside of quotes.
function escaped(text, i, quote) {
  const code = string.charCodeAt(text, i);
  if (SHORT[code] !== undefined) return SHORT[code];
  if (code < 0x20 || (code >= 0x7f && code <= 0x9f)) {
    return `\\x${string.padStart(string.toUpperCase(number.toString(code, 16)), 2, '0')}`;
  }
  if (code >= 0xd800 && code <= 0xdfff) {
    const high = code <= 0xdbff;
    const other = string.charCodeAt(text, high ? i + 1 : i - 1);
    const paired = high ? other >= 0xdc00 && other <= 0xdfff : other >= 0xd800 && other <= 0xdbff;
    if (!paired) return `\\u${number.toString(code, 16)}`;
  }
  return text[i] === quote ? `\\${quote}` : text[i];
}

function escape(text, quote) {
  if (!matches(SPECIAL, text) && !string.includes(text, quote)) return text;
  let result = '';
  for (let i = 0; i < text.length; i++) result += escaped(text, i, quote);
  return result;
}

// A string in the quotes that need no escape: single ones if there is a choice.
function quoted(text) {
  if (matches(PLAIN, text)) return `'${text}'`;
  let quote = "'";
  if (string.includes(text, "'")) {
    if (!string.includes(text, '"')) quote = '"';
    else if (!string.includes(text, '`') && !string.includes(text, '${')) quote = '`';
  }
  return `${quote}${escape(text, quote)}${quote}`;
}

// 1234567 as 1_234_567; a fraction from its point on.
function separated(digits, fromLeft) {
  const sign = digits[0] === '-' ? '-' : '';
  let rest = string.slice(digits, sign.length);
  let result = '';
  while (rest.length > 3) {
    if (fromLeft) {
      result += `${string.slice(rest, 0, 3)}_`;
      rest = string.slice(rest, 3);
    } else {
      result = `_${string.slice(rest, -3)}${result}`;
      rest = string.slice(rest, 0, -3);
    }
  }
  return fromLeft ? result + rest : `${sign}${rest}${result}`;
}

function numeral(value, separator) {
  if (is(value, -0)) return '-0';
  const text = `${value}`;
  if (!separator || !isFinite(value) || string.includes(text, 'e')) return text;
  const point = string.indexOf(text, '.');
  if (point === -1) return separated(text, false);
  const whole = `${is(trunc(value), -0) ? '-' : ''}${trunc(value)}`;
  return `${separated(whole, false)}.${separated(string.slice(text, point + 1), true)}`;
}

function bigNumeral(value, separator) {
  return `${separator ? separated(`${value}`, false) : value}n`;
}

function withoutColors(text) {
  let rest = text;
  let result = '';
  for (let found; (found = regexp.exec(CONTROL, rest)) !== null;) {
    result += string.slice(rest, 0, found.index);
    rest = string.slice(rest, found.index + found[0].length);
  }
  return result + rest;
}

// How many columns of a terminal a text takes.
function columns(text, colors) {
  const plain = colors ? withoutColors(text) : text;
  return matches(ASCII, plain) ? plain.length : width(plain);
}

return {
  bigNumeral, columns, escape, matches, numeral, quoted, withoutColors,
  isIdentifier: (text) => matches(IDENTIFIER, text),
};
