'use strict';

// What each kind of object looks like. A kind is a function of (state, about) that gives a string, if that is
// all there is to say, or a shape: the brackets, what stands before them (`base`), the keys to list, and
// `entries`, which makes what comes before the keys. Kinds go by V8's brands, so objects of other contexts and
// of changed classes are known too.
const {
  array, bigint, boolean, date, func, iterator, map, number, object, regexp, set, string, symbol, typed,
} = load('builtins');
const { errorText } = load('inspect_error');
const { laidOut } = load('inspect_layout');
const { bigNumeral, matches, numeral } = load('inspect_text');
const { brand, constructorName, namesOf, previewOf, promiseOf } = load('inspect_native');
const { getOwnPropertyDescriptor, getOwnPropertyNames, getOwnPropertySymbols, getPrototypeOf, keys } = Object;
const { max, min } = Math;
const { isNaN } = Number;
const hasOwn = object.hasOwnProperty;
const isEnumerable = object.propertyIsEnumerable;
const Bytes = Uint8Array;
const Expression = RegExp;

// How a property is written: with its key, or as an element.
const KEYED = 0;
const ELEMENT = 1;
const KEYED_IN_LIST = 2;

const ABOUT_VIEW = ['BYTES_PER_ELEMENT', 'length', 'byteLength', 'byteOffset', 'buffer'];
const INDEX = /^(?:0|[1-9][0-9]*)$/;

function plural(count, word) {
  return `${count} ${word}${count > 1 ? 's' : ''}`;
}

// `Foo(2) [Tag] `, `[Foo(2): null prototype] [Tag] `.
function prefixOf({ constructor, tag }, fallback, size = '') {
  if (constructor === null) {
    return `[${fallback}${size}: null prototype] ${tag !== '' && fallback !== tag ? `[${tag}] ` : ''}`;
  }
  return `${constructor}${size} ${tag !== '' && constructor !== tag ? `[${tag}] ` : ''}`;
}

function ownKeys(state, value) {
  const symbols = getOwnPropertySymbols(value);
  const found = state.showHidden ? getOwnPropertyNames(value) : keys(value);
  for (let i = 0; i < symbols.length; i++) {
    if (state.showHidden || isEnumerable(value, symbols[i])) array.push(found, symbols[i]);
  }
  return found;
}

// Nothing to list: neither keys nor, with showHidden, what the prototypes have.
function isBare(about, found) {
  return found.length === 0 && about.inherited === undefined;
}

// The items that maxArrayLength lets through, and a line for the rest.
function limited(state, length, add) {
  const count = min(max(0, state.maxArrayLength), length);
  const entries = [];
  state.indentation += 2;
  for (let i = 0; i < count; i++) array.push(entries, add(i));
  state.indentation -= 2;
  if (length > count) array.push(entries, `... ${plural(length - count, 'more item')}`);
  return entries;
}

function arrayEntries(state, { value }, level) {
  const most = min(max(0, state.maxArrayLength), value.length);
  const entries = [];
  let index = 0;
  for (; index < most && hasOwn(value, index); index++) {
    array.push(entries, state.property(value, index, level, ELEMENT));
  }
  if (index < most) index = sparseEntries(state, value, level, entries, index, most);
  const rest = value.length - index;
  if (rest > 0) {
    const more = entries.length >= most;
    array.push(entries, more ? `... ${plural(rest, 'more item')}` : holes(state, rest));
  }
  return entries;
}

function holes(state, count) {
  return state.paint(`<${plural(count, 'empty item')}>`, 'undefined');
}

// From the first hole on: an array may have more holes than anybody can count.
function sparseEntries(state, value, level, entries, index, most) {
  const present = keys(value);
  for (let i = index; i < present.length && entries.length < most; i++) {
    const key = present[i];
    if (!matches(INDEX, key) || +key >= value.length) break;
    if (+key > index) {
      array.push(entries, holes(state, key - index));
      index = +key;
      if (entries.length === most) break;
    }
    array.push(entries, state.property(value, key, level, ELEMENT));
    index++;
  }
  return index;
}

function typedEntries(state, { value }, level) {
  const length = typed.getLength(value);
  const write = length > 0 && typeof value[0] === 'bigint' ? bigNumeral : numeral;
  const style = write === numeral ? 'number' : 'bigint';
  const entries = limited(state, length, (i) => state.paint(write(value[i], state.numericSeparator), style));
  if (state.showHidden) {
    state.indentation += 2;
    for (let i = 0; i < ABOUT_VIEW.length; i++) {
      array.push(entries, `[${ABOUT_VIEW[i]}]: ${state.show(value[ABOUT_VIEW[i]], level, true)}`);
    }
    state.indentation -= 2;
  }
  return entries;
}

function bufferEntries(state, { value }) {
  let bytes;
  try {
    bytes = new Bytes(value);
  } catch {
    return [state.paint('(detached)', 'special')];
  }
  const count = min(max(0, state.maxArrayLength), bytes.length);
  let text = '';
  for (let i = 0; i < count; i++) {
    text += `${i === 0 ? '' : ' '}${string.padStart(number.toString(bytes[i], 16), 2, '0')}`;
  }
  if (bytes.length > count) text += ` ... ${plural(bytes.length - count, 'more byte')}`;
  return [`${state.paint('[Uint8Contents]', 'special')}: <${text}>`];
}

function setEntries(state, { value }, level) {
  const values = set.values(value);
  return limited(state, set.getSize(value), () => state.show(iterator.nextOfSet(values).value, level));
}

function mapEntries(state, { value }, level) {
  const entries = map.entries(value);
  return limited(state, map.getSize(value), () => {
    const entry = iterator.nextOfMap(entries).value;
    return `${state.show(entry[0], level)} => ${state.show(entry[1], level)}`;
  });
}

// What is left in an iterator, or in a collection whose items may go: those have no order.
function previewEntries(state, { value, kind }, level) {
  const preview = previewOf(value);
  const items = preview.items;
  const weak = kind === 'WeakSet' || kind === 'WeakMap';
  const most = min(max(0, state.maxArrayLength), items.length);
  if (!preview.pairs) {
    const entries = limited(state, items.length, (i) => state.show(items[i], level));
    return weak && !state.sorted ? sortedItems(entries, most) : entries;
  }
  const shape = { base: '', open: '[', close: ']', list: true };
  const entries = limited(state, items.length / 2, (i) => {
    const pair = [state.show(items[2 * i], level), state.show(items[2 * i + 1], level)];
    return weak ? `${pair[0]} => ${pair[1]}` : laidOut(state, pair, shape, level);
  });
  return weak && !state.sorted ? sortedItems(entries, most) : entries;
}

function sortedItems(entries, most) {
  const rest = array.splice(entries, most);
  array.sort(entries);
  if (rest.length > 0) array.push(entries, rest[0]);
  return entries;
}

function promiseEntries(state, { value }, level) {
  const { pending, rejected, result } = promiseOf(value);
  if (pending) return [state.paint('<pending>', 'special')];
  state.indentation += 2;
  const text = state.show(result, level);
  state.indentation -= 2;
  return [rejected ? `${state.paint('<rejected>', 'special')} ${text}` : text];
}

// Whether the module has come to the declaration.
function isInitialized(value, name) {
  try {
    getOwnPropertyDescriptor(value, name);
    return true;
  } catch {
    return false;
  }
}

function moduleEntries(state, { value }, level) {
  const names = getOwnPropertyNames(value);
  const entries = [];
  for (let i = 0; i < names.length; i++) {
    if (isInitialized(value, names[i])) {
      array.push(entries, state.property(value, names[i], level, KEYED));
    } else {
      array.push(entries, `${state.key(names[i], true)}: ${state.paint('<uninitialized>', 'special')}`);
    }
  }
  return entries;
}

function noEntries() {
  return [];
}

function shapeOf(open, found, entries = noEntries, list = false) {
  return { base: '', open, close: list ? ']' : '}', keys: found, entries, list };
}

function withBase(base, found) {
  return { base, open: '{', close: '}', keys: found, entries: noEntries, list: false };
}

// An own data property of a function, without asking the guest: its name.
function nameOf(value) {
  const name = getOwnPropertyDescriptor(value, 'name')?.value;
  return typeof name === 'string' ? name : '';
}

// A method that is named class has no prototype to make objects with.
function isClass(value) {
  return getOwnPropertyDescriptor(value, 'prototype')?.writable === false &&
    string.startsWith(func.toString(value), 'class');
}

function functionBase(state, { value, constructor, tag }) {
  const extra = tag !== '' && constructor !== tag ? ` [${tag}]` : '';
  if (isClass(value)) {
    let base = `class ${nameOf(value) || '(anonymous)'}`;
    if (constructor !== 'Function' && constructor !== null) base += ` [${constructor}]`;
    base += extra;
    if (constructor === null) return `[${base} extends [null prototype]]`;
    const parent = getPrototypeOf(value);
    const name = typeof parent === 'function' && brand(parent) !== 'Proxy' ? nameOf(parent) : '';
    return `[${base}${name === '' ? '' : ` extends ${name}`}]`;
  }
  const type = brand(value);
  const name = nameOf(value);
  let base = `[${type}${constructor === null ? ' (null prototype)' : ''}`;
  base += `${name === '' ? ' (anonymous)' : `: ${name}`}]`;
  if (constructor !== type && constructor !== null) base += ` ${constructor}`;
  return base + extra;
}

function functionKind(state, about) {
  const found = ownKeys(state, about.value);
  const base = functionBase(state, about);
  return isBare(about, found) ? state.paint(base, 'special') : withBase(base, found);
}

function boxed(unbox, type) {
  return (state, about) => {
    const { value, constructor, tag } = about;
    // Number.prototype is a Number too.
    if (constructor === 'Object') return KINDS.Object(state, about);
    const found = ownKeys(state, value);
    const content = unbox(value);
    // A String has its characters as keys.
    if (type === 'String') array.splice(found, 0, content.length);
    let base = `[${type}`;
    if (type !== constructor) base += constructor === null ? ' (null prototype)' : ` (${constructor})`;
    base += `: ${state.plain(content)}]`;
    if (tag !== '' && tag !== constructor) base += ` [${tag}]`;
    if (!isBare(about, found)) return withBase(base, found);
    return state.paint(base, string.toLowerCase(type));
  };
}

function collection(type, sizeOf, entries) {
  return (state, about) => {
    const found = ownKeys(state, about.value);
    const size = sizeOf(about.value);
    const prefix = prefixOf(about, type, `(${size})`);
    return size === 0 && isBare(about, found) ? `${prefix}{}` : shapeOf(`${prefix}{`, found, entries);
  };
}

function iteratorOf(type) {
  return (state, about) => {
    const { pairs } = previewOf(about.value);
    const usual = `${type} Iterator`;
    const what = `[${type} ${pairs ? 'Entries' : 'Iterator'}] {`;
    const open = about.tag === usual || about.tag === '' ? what : `[${about.tag}] ${what}`;
    return shapeOf(open, ownKeys(state, about.value), previewEntries);
  };
}

function bytesOf(type) {
  return (state, about) => {
    const found = ownKeys(state, about.value);
    const prefix = prefixOf(about, type);
    if (about.inView && isBare(about, found)) {
      return `${prefix}{ byteLength: ${state.primitive(about.value.byteLength)} }`;
    }
    array.unshift(found, 'byteLength');
    return shapeOf(`${prefix}{`, found, about.inView ? noEntries : bufferEntries);
  };
}

function weak(type) {
  return (state, about) => {
    const unknown = () => [state.paint('<items unknown>', 'special')];
    const entries = state.showHidden ? previewEntries : unknown;
    return shapeOf(`${prefixOf(about, type)}{`, ownKeys(state, about.value), entries);
  };
}

const KINDS = {
  __proto__: null,
  Array(state, about) {
    const { value, constructor, tag } = about;
    const usual = constructor === 'Array' && tag === '';
    const prefix = usual ? '' : prefixOf(about, 'Array', `(${value.length})`);
    const found = namesOf(value, !state.showHidden);
    if (value.length === 0 && isBare(about, found)) return `${prefix}[]`;
    return shapeOf(`${prefix}[`, found, arrayEntries, true);
  },
  TypedArray(state, about) {
    const { value, constructor } = about;
    const length = typed.getLength(value);
    const fallback = constructor === null ? typed.getToStringTag(value) : '';
    const prefix = prefixOf(about, fallback, `(${length})`);
    const found = namesOf(value, !state.showHidden);
    if (length === 0 && found.length === 0 && !state.showHidden) return `${prefix}[]`;
    return shapeOf(`${prefix}[`, found, typedEntries, true);
  },
  Set: collection('Set', set.getSize, setEntries),
  Map: collection('Map', map.getSize, mapEntries),
  MapIterator: iteratorOf('Map'),
  SetIterator: iteratorOf('Set'),
  Arguments(state, about) {
    const found = ownKeys(state, about.value);
    const open = `${about.constructor === 'Object' ? '[Arguments] ' : prefixOf(about, 'Arguments')}{`;
    return isBare(about, found) ? `${open}}` : shapeOf(open, found);
  },
  Function: functionKind,
  AsyncFunction: functionKind,
  GeneratorFunction: functionKind,
  AsyncGeneratorFunction: functionKind,
  RegExp(state, about, tooDeep) {
    const { value, constructor } = about;
    const found = ownKeys(state, value);
    const prefix = prefixOf(about, 'RegExp');
    const text = regexp.toString(constructor === null ? new Expression(value) : value);
    const base = prefix === 'RegExp ' ? text : `${prefix}${text}`;
    return isBare(about, found) || tooDeep ? state.paint(base, 'regexp') : withBase(base, found);
  },
  Date(state, about) {
    const { value } = about;
    const found = ownKeys(state, value);
    const prefix = prefixOf(about, 'Date');
    const text = isNaN(date.getTime(value)) ? date.toString(value) : date.toISOString(value);
    const base = prefix === 'Date ' ? text : `${prefix}${text}`;
    return isBare(about, found) ? state.paint(base, 'date') : withBase(base, found);
  },
  Error(state, about) {
    const found = ownKeys(state, about.value);
    const base = errorText(state, about, found, prefixOf);
    return isBare(about, found) ? base : withBase(base, found);
  },
  ArrayBuffer: bytesOf('ArrayBuffer'),
  SharedArrayBuffer: bytesOf('SharedArrayBuffer'),
  DataView(state, about) {
    const found = ownKeys(state, about.value);
    array.unshift(found, 'byteLength', 'byteOffset', 'buffer');
    return shapeOf(`${prefixOf(about, 'DataView')}{`, found);
  },
  Promise(state, about) {
    return shapeOf(`${prefixOf(about, 'Promise')}{`, ownKeys(state, about.value), promiseEntries);
  },
  WeakSet: weak('WeakSet'),
  WeakMap: weak('WeakMap'),
  Module(state, about) {
    return shapeOf(`${prefixOf(about, 'Module')}{`, [], moduleEntries);
  },
  Number: boxed(number.valueOf, 'Number'),
  String: boxed(string.valueOf, 'String'),
  Boolean: boxed(boolean.valueOf, 'Boolean'),
  BigInt: boxed(bigint.valueOf, 'BigInt'),
  Symbol: boxed(symbol.valueOf, 'Symbol'),
  External: () => '[External]',
  Object(state, about) {
    const { constructor, tag } = about;
    const found = ownKeys(state, about.value);
    const fallback = constructor === null ? constructorName(about.value) : '';
    const prefix = constructor === 'Object' && tag === '' ? '' : prefixOf(about, fallback);
    return isBare(about, found) ? `${prefix}{}` : shapeOf(`${prefix}{`, found);
  },
};

return {
  KEYED, ELEMENT, KEYED_IN_LIST, prefixOf,
  shapeOf: (state, about, tooDeep) => KINDS[about.kind](state, about, tooDeep),
};
