'use strict';

// Errors: the stack, made to tell what the error is, and the properties that it does not tell.
const { array, error, regexp, string } = load('builtins');
const { brand } = load('inspect_native');
const { isArray } = Array;

const NAME = /^([A-Z][a-z_ A-Z0-9[\]()-]+)(?::|\n\s+at)/;
const BARE_NAME = /^([a-z_A-Z0-9-]*Error)$/;
const INTERNAL = /\(?(?:node|jsvm):/;

// A property, without the trouble that a getter of the guest's makes.
function read(object, key) {
  try {
    return object[key];
  } catch {
    return undefined;
  }
}

function text(value) {
  try {
    return `${value}`;
  } catch {
    return '';
  }
}

function stackOf(value) {
  const given = read(value, 'stack');
  const stack = given ? text(given) : '';
  if (stack !== '') return stack;
  try {
    return error.toString(value);
  } catch {
    return 'Error';
  }
}

// What the stack says already is not said again.
function dropTold(keys, value, stack) {
  for (let i = keys.length - 1; i >= 0; i--) {
    if (keys[i] === 'name' || keys[i] === 'message' || keys[i] === 'stack') {
      const told = read(value, keys[i]);
      if (string.includes(stack, text(told))) array.splice(keys, i, 1);
    }
  }
}

// The stack begins with the name at the time of the throw: with the class, where that says more.
function withClass(stack, name, about, prefixOf) {
  const plain = string.endsWith(name, 'Error') && string.startsWith(stack, name) &&
    (stack.length === name.length || stack[name.length] === ':' || stack[name.length] === '\n');
  if (about.constructor !== null && !plain) return stack;
  let fallback = 'Error';
  let told = name.length;
  if (about.constructor === null) {
    const start = regexp.exec(NAME, stack) ?? regexp.exec(BARE_NAME, stack);
    fallback = start?.[1] ?? '';
    told = fallback.length;
    fallback ||= 'Error';
  }
  const prefix = string.slice(prefixOf(about, fallback), 0, -1);
  if (prefix === name) return stack;
  if (!string.includes(prefix, name)) return `${prefix} [${name}]${string.slice(stack, told)}`;
  return told === 0 ? `${prefix}: ${stack}` : `${prefix}${string.slice(stack, told)}`;
}

// Frames that the cause has too, from `from` on.
function sharedFrames(frames, others) {
  for (let from = 0; from < frames.length - 3; from++) {
    const at = array.indexOf(others, frames[from]);
    if (at === -1) continue;
    let count = 1;
    while (from + count < frames.length && at + count < others.length &&
           frames[from + count] === others[at + count]) count++;
    if (count > 3) return { from, count };
  }
  return undefined;
}

function framesOf(state, value, part) {
  const frames = string.split(part, '\n');
  const cause = read(value, 'cause');
  if (cause === null || typeof cause !== 'object' || brand(cause) !== 'Error') return frames;
  const other = stackOf(cause);
  const start = string.indexOf(other, '\n    at');
  if (start === -1) return frames;
  const shared = sharedFrames(frames, string.split(string.slice(other, start + 1), '\n'));
  if (shared !== undefined) {
    const message = `    ... ${shared.count - 2} lines matching cause stack trace ...`;
    array.splice(frames, shared.from + 1, shared.count - 2, state.paint(message, 'undefined'));
  }
  return frames;
}

// The text of an error; `keys` gets what is to stand behind it, and loses what it says.
function errorText(state, about, keys, prefixOf) {
  const { value } = about;
  const given = read(value, 'name');
  const name = given == null ? 'Error' : text(given);
  let stack = stackOf(value);
  if (!state.showHidden) dropTold(keys, value, stack);
  if ('cause' in value && !array.includes(keys, 'cause')) array.push(keys, 'cause');
  if (isArray(read(value, 'errors')) && !array.includes(keys, 'errors')) array.push(keys, 'errors');
  stack = withClass(stack, name, about, prefixOf);

  const message = read(value, 'message');
  const at = typeof message === 'string' && message !== '' ? string.indexOf(stack, message) : -1;
  const start = string.indexOf(stack, '\n    at', at === -1 ? 0 : at + message.length);
  if (start === -1) {
    stack = `[${stack}]`;
  } else {
    const frames = framesOf(state, value, string.slice(stack, start + 1));
    stack = string.slice(stack, 0, start);
    for (let i = 0; i < frames.length; i++) {
      const internal = state.colors && regexp.exec(INTERNAL, frames[i]) !== null;
      stack += `\n${internal ? state.paint(frames[i], 'undefined') : frames[i]}`;
    }
  }
  return state.indented(stack);
}

return { errorText, read };
