'use strict';

// console, as Node's: what a call writes goes out in one piece.
const { array, map, number, string } = load('builtins');
const { table } = load('console_table');
const { invalidArgType } = load('errors');
const { formatAll, inspect } = load('inspect');
const output = load('output');
const { now } = native;
const { defineProperty, getOwnPropertyDescriptor, keys } = Object;
const { captureStackTrace } = Error;
const { isArray } = Array;
const { floor } = Math;
const Labels = Map;

const OUT = 1;
const ERR = 2;

const started = new Labels();
const counts = new Labels();
let indent = '';

function put(stream, text) {
  if (indent !== '') text = indent + string.replaceAll(text, '\n', `\n${indent}`);
  output.write(stream, `${text}\n`);
}

function text(stream, values) {
  return formatAll({ colors: output.colors(stream) }, values);
}

function write(stream, values) {
  put(stream, text(stream, values));
}

function warning(message) {
  put(ERR, `Warning: ${message}`);
}

// 1.5ms, 1.234s, 2:03.004 (m:ss.mmm), 1:02:03.004 (h:mm:ss.mmm)
function duration(ms) {
  if (ms < 1000) return `${+number.toFixed(ms, 3)}ms`;
  if (ms < 60_000) return `${number.toFixed(ms / 1000, 3)}s`;
  const seconds = string.padStart(number.toFixed(ms % 60_000 / 1000, 3), 6, '0');
  const minutes = `${floor(ms / 60_000) % 60}`;
  const hours = floor(ms / 3_600_000);
  if (hours === 0) return `${minutes}:${seconds} (m:ss.mmm)`;
  return `${hours}:${string.padStart(minutes, 2, '0')}:${seconds} (h:mm:ss.mmm)`;
}

// `label: 1.5ms`; undefined, and a warning, if no such time runs.
function elapsed(label, method) {
  const start = map.get(started, label);
  if (start !== undefined) return `${label}: ${duration(now() - start)}`;
  warning(`No such label '${label}' for console.${method}()`);
  return undefined;
}

// None needs its `this`.
const methods = {
  log(...values) {
    write(OUT, values);
  },
  warn(...values) {
    write(ERR, values);
  },
  dir(value, options) {
    put(OUT, inspect(value, { customInspect: false, colors: output.colors(OUT), ...options }));
  },
  time(label = 'default') {
    label = `${label}`;
    if (map.has(started, label)) warning(`Label '${label}' already exists for console.time()`);
    else map.set(started, label, now());
  },
  timeEnd(label = 'default') {
    label = `${label}`;
    const line = elapsed(label, 'timeEnd');
    if (line === undefined) return;
    map.delete(started, label);
    put(OUT, line);
  },
  timeLog(label = 'default', ...values) {
    const line = elapsed(`${label}`, 'timeLog');
    if (line === undefined) return;
    // A % in the label is no place for a value.
    array.unshift(values, '%s', line);
    write(OUT, values);
  },
  trace(...values) {
    const error = { name: 'Trace', message: text(ERR, values) };
    captureStackTrace(error, methods.trace);
    put(ERR, error.stack ?? `Trace: ${error.message}`);
  },
  assert(condition, ...values) {
    if (condition) return;
    if (typeof values[0] === 'string') values[0] = `Assertion failed: ${values[0]}`;
    else array.unshift(values, 'Assertion failed');
    write(ERR, values);
  },
  clear() {
    if (output.colors(OUT)) output.write(OUT, '\x1b[1;1H\x1b[0J');
  },
  count(label = 'default') {
    label = `${label}`;
    const count = (map.get(counts, label) ?? 0) + 1;
    map.set(counts, label, count);
    put(OUT, `${label}: ${count}`);
  },
  countReset(label = 'default') {
    label = `${label}`;
    if (!map.delete(counts, label)) warning(`Count for '${label}' does not exist`);
  },
  group(...values) {
    if (values.length > 0) write(OUT, values);
    indent += '  ';
  },
  groupEnd() {
    indent = string.slice(indent, 2);
  },
  table(data, properties) {
    if (data === null || typeof data !== 'object') return write(OUT, [data]);
    if (properties !== undefined && !isArray(properties)) {
      throw invalidArgType('properties', 'an instance of Array', properties);
    }
    put(OUT, table(data, properties, output.colors(OUT)));
  },
  debug(...values) {
    write(OUT, values);
  },
  info(...values) {
    write(OUT, values);
  },
  dirxml(...values) {
    write(OUT, values);
  },
  error(...values) {
    write(ERR, values);
  },
  groupCollapsed(...values) {
    if (values.length > 0) write(OUT, values);
    indent += '  ';
  },
};

let made;

// The context's console, made once. What V8's own has for a debugger stays.
function make() {
  if (made !== undefined) return made;
  const console = { __proto__: {} };
  const names = keys(methods);
  for (let i = 0; i < names.length; i++) console[names[i]] = methods[names[i]];
  const inherited = globalThis.console ?? {};
  const debuggers = ['profile', 'profileEnd', 'timeStamp', 'context', 'createTask'];
  for (let i = 0; i < debuggers.length; i++) {
    const found = getOwnPropertyDescriptor(inherited, debuggers[i]);
    if (found !== undefined) defineProperty(console, debuggers[i], found);
  }
  defineProperty(console, Symbol.toStringTag, { value: 'console', configurable: true });
  made = console;
  return made;
}

return {
  make,
  install(global) {
    defineProperty(global, 'console', { value: make(), writable: true, configurable: true });
  },
};
