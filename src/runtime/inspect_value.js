'use strict';

// inspect itself: the walk through a value.
const { array, map, object, set, string, symbol } = load('builtins');
const { invalidArgType } = load('errors');
const { read } = load('inspect_error');
const { KEYED, ELEMENT, KEYED_IN_LIST, prefixOf, shapeOf } = load('inspect_kinds');
const { laidOut } = load('inspect_layout');
const { bigNumeral, columns, escape, isIdentifier, numeral, quoted } = load('inspect_text');
const { brand, constructorName, proxyOf } = load('inspect_native');
const { assign, getOwnPropertyDescriptor, getOwnPropertyNames, getPrototypeOf, keys, setPrototypeOf } = Object;
const { apply, ownKeys } = Reflect;
const hasOwn = object.hasOwnProperty;
const Names = Set;
const Marks = Map;
const ErrorPrototype = Error.prototype;
const TagKey = Symbol.toStringTag;

const custom = Symbol.for('nodejs.util.inspect.custom');

const defaults = {
  showHidden: false,
  depth: 2,
  colors: false,
  customInspect: true,
  showProxy: false,
  maxArrayLength: 100,
  maxStringLength: 10000,
  breakLength: 80,
  compact: 3,
  sorted: false,
  getters: false,
  numericSeparator: false,
};

const names = keys(defaults);

// More text than this ends in names instead of contents: what is shared may be said very often.
const MOST_TEXT = 2 ** 27;
// A string that is longer than this may be broken at its line ends.
const SHORT_LINE = 16;

const builtinNames = new Names();
for (const name of getOwnPropertyNames(globalThis)) {
  if (name[0] >= 'A' && name[0] <= 'Z') builtinNames.add(name);
}

function isBuiltin(name) {
  return set.has(builtinNames, name);
}

// The text of a run: what was asked for, and how far it has come.
class State {
  constructor(options) {
    assign(this, defaults, options);
    this.indentation = 0;
    this.seen = [];
    this.circular = undefined;
    this.deepest = 0;
    this.spent = 0;
    this.maxArrayLength ??= Infinity;
    this.maxStringLength ??= Infinity;
  }

  paint(text, style) {
    if (!this.colors) return text;
    const color = inspect.colors[inspect.styles[style]];
    return color === undefined ? text : `\x1b[${color[0]}m${text}\x1b[${color[1]}m`;
  }

  indented(text) {
    return this.indentation === 0 ? text
      : string.replaceAll(text, '\n', `\n${string.repeat(' ', this.indentation)}`);
  }

  isTooDeep(level) {
    return this.depth !== null && level > this.depth;
  }

  // Any value. `inView`: the buffer of a view, whose bytes the view shows.
  show(value, level, inView = false) {
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null) {
      return this.primitive(value);
    }
    let target = value;
    let kind = brand(value);
    for (; kind === 'Proxy'; kind = brand(target)) {
      const proxy = proxyOf(target);
      if (proxy.target === null) return this.paint('<Revoked Proxy>', 'special');
      if (this.showProxy) return this.proxy(proxy, level);
      target = proxy.target;
    }
    if (this.customInspect) {
      const method = target[custom];
      if (typeof method === 'function' && method !== inspect && !isPrototype(target)) {
        const text = this.custom(method, value, level);
        if (text !== undefined) return text;
      }
    }
    if (array.includes(this.seen, target)) return this.circle(target);
    // What has the methods of an error is one.
    if (kind === 'Object' && object.isPrototypeOf(ErrorPrototype, target)) kind = 'Error';
    return this.object(target, kind, level, inView);
  }

  primitive(value) {
    switch (typeof value) {
      case 'string':
        return this.text(value);
      case 'number':
        return this.paint(numeral(value, this.numericSeparator), 'number');
      case 'bigint':
        return this.paint(bigNumeral(value, this.numericSeparator), 'bigint');
      case 'symbol':
        return this.paint(symbol.toString(value), 'symbol');
      default:
        return this.paint(`${value}`, value === null ? 'null' : typeof value);
    }
  }

  // A primitive without colours.
  plain(value) {
    const { colors } = this;
    this.colors = false;
    const text = this.primitive(value);
    this.colors = colors;
    return text;
  }

  text(value) {
    const rest = value.length - this.maxStringLength;
    let more = '';
    if (rest > 0) {
      value = string.slice(value, 0, this.maxStringLength);
      more = `... ${rest} more character${rest > 1 ? 's' : ''}`;
    }
    const long = value.length > SHORT_LINE && value.length > this.breakLength - this.indentation - 4;
    if (this.compact === true || !long) return `${this.paint(quoted(value), 'string')}${more}`;
    const lines = [];
    for (let from = 0; from < value.length;) {
      const end = string.indexOf(value, '\n', from) + 1 || value.length;
      array.push(lines, this.paint(quoted(string.slice(value, from, end)), 'string'));
      from = end;
    }
    return `${array.join(lines, ` +\n${string.repeat(' ', this.indentation + 2)}`)}${more}`;
  }

  proxy({ target, handler }, level) {
    if (this.isTooDeep(level)) return this.paint('Proxy [Array]', 'special');
    level++;
    this.indentation += 2;
    const entries = [this.show(target, level), this.show(handler, level)];
    this.indentation -= 2;
    return laidOut(this, entries, { base: '', open: 'Proxy [', close: ']', list: true }, level);
  }

  // What the object's own method says, or undefined if it gave the object back.
  custom(method, value, level) {
    const depth = this.depth === null ? null : this.depth - level;
    const options = { ...this.options(), stylize: (text, style) => this.paint(`${text}`, style) };
    const result = apply(method, value, [depth, options, inspect]);
    if (result === value) return undefined;
    if (typeof result !== 'object' && typeof result !== 'function') return this.indented(`${result}`);
    return this.indented(this.show(result, level));
  }

  options() {
    const options = { ...this.given };
    for (let i = 0; i < names.length; i++) options[names[i]] = this[names[i]];
    return options;
  }

  circle(value) {
    this.circular ??= new Marks();
    let mark = map.get(this.circular, value);
    if (mark === undefined) {
      mark = map.getSize(this.circular) + 1;
      map.set(this.circular, value, mark);
    }
    return this.paint(`[Circular *${mark}]`, 'special');
  }

  object(value, kind, level, inView) {
    const inherited = this.showHidden && !this.isTooDeep(level) ? [] : undefined;
    const about = { value, kind, inView, tag: '', inherited: undefined, constructor: null };
    about.constructor = this.className(value, level, inherited);
    if (inherited !== undefined && inherited.length > 0) about.inherited = inherited;
    about.tag = this.tagOf(value);
    if (about.tag !== '' && about.tag === about.constructor) about.tag = '';

    const shape = shapeOf(this, about, this.isTooDeep(level));
    if (typeof shape === 'string') return shape;
    if (this.isTooDeep(level)) return this.paint(nameOnly(about), 'special');

    level++;
    const { indentation, seen } = this;
    const above = seen.length;
    this.deepest = level;
    array.push(seen, value);
    let entries;
    try {
      entries = shape.entries(this, about, level);
      const how = shape.list ? KEYED_IN_LIST : KEYED;
      for (let i = 0; i < shape.keys.length; i++) {
        array.push(entries, this.property(value, shape.keys[i], level, how));
      }
      if (about.inherited !== undefined) {
        for (let i = 0; i < inherited.length; i++) array.push(entries, inherited[i]);
      }
    } catch (error) {
      if (!isOverflow(error)) throw error;
      seen.length = above;
      this.indentation = indentation;
      const name = string.slice(prefixOf(about, 'Object'), 0, -1);
      const what = `[${name}: Inspection interrupted prematurely. Maximum call stack size exceeded.]`;
      return this.paint(what, 'special');
    }
    array.pop(seen);

    const mark = this.circular === undefined ? undefined : map.get(this.circular, value);
    if (mark !== undefined) {
      const reference = this.paint(`<ref *${mark}>`, 'special');
      if (this.compact === true) shape.open = `${reference} ${shape.open}`;
      else shape.base = shape.base === '' ? reference : `${reference} ${shape.base}`;
    }
    if (this.sorted) this.sort(entries, shape);
    const text = laidOut(this, entries, shape, level, value);
    this.spent += text.length;
    if (this.spent > MOST_TEXT) this.depth = -1;
    return text;
  }

  sort(entries, shape) {
    const compare = this.sorted === true ? undefined : this.sorted;
    if (!shape.list) return array.sort(entries, compare);
    const last = array.splice(entries, entries.length - shape.keys.length);
    array.sort(last, compare);
    for (let i = 0; i < last.length; i++) array.push(entries, last[i]);
  }

  // One property: `key: value`, or only the value of an element. `self`: what getters are called on.
  property(value, key, level, how, self = value) {
    const found = getOwnPropertyDescriptor(value, key) ??
      { value: value[key], configurable: true, enumerable: true };
    let gap = ' ';
    let text;
    if (found.value !== undefined) {
      const more = this.compact !== true || how !== KEYED ? 2 : 3;
      this.indentation += more;
      text = this.show(found.value, level);
      if (more === 3 && this.breakLength < columns(text, this.colors)) {
        gap = `\n${string.repeat(' ', this.indentation)}`;
      }
      this.indentation -= more;
    } else if (found.get !== undefined) {
      text = this.getter(found, level, self);
    } else if (found.set !== undefined) {
      text = this.paint('[Setter]', 'special');
    } else {
      text = this.paint('undefined', 'undefined');
    }
    return how === ELEMENT ? text : `${this.key(key, found.enumerable)}:${gap}${text}`;
  }

  key(key, enumerable) {
    if (typeof key === 'symbol') return `[${this.paint(escape(symbol.toString(key), "'"), 'symbol')}]`;
    if (key === '__proto__') return "['__proto__']";
    if (enumerable === false) return `[${escape(key, "'")}]`;
    return isIdentifier(key) ? this.paint(key, 'name') : this.paint(quoted(key), 'string');
  }

  getter({ get, set: setter }, level, self) {
    const both = setter !== undefined;
    const label = both ? 'Getter/Setter' : 'Getter';
    const wanted = this.getters === true || this.getters === (both ? 'set' : 'get');
    if (!wanted) return this.paint(`[${label}]`, 'special');
    const around = (text) => `${this.paint(`[${label}:`, 'special')} ${text}${this.paint(']', 'special')}`;
    try {
      const value = apply(get, self, []);
      if (value === null || typeof value !== 'object') return around(this.primitiveOrName(value));
      this.indentation += 2;
      const text = `${this.paint(`[${label}]`, 'special')} ${this.show(value, level)}`;
      this.indentation -= 2;
      return text;
    } catch (error) {
      return around(`<Inspection threw (${read(error ?? {}, 'message')})>`);
    }
  }

  primitiveOrName(value) {
    return typeof value === 'function' ? this.show(value, Infinity) : this.primitive(value);
  }

  tagOf(value) {
    const tag = read(value, TagKey);
    if (typeof tag !== 'string' || tag === '') return '';
    const own = this.showHidden ? hasOwn(value, TagKey) : object.propertyIsEnumerable(value, TagKey);
    return own ? '' : tag;
  }

  // The class's name by the prototypes' constructors; null without a prototype.
  className(value, level, inherited) {
    let first;
    for (let at = value; at !== null; at = getPrototypeOf(at), first = first === undefined ? at : first) {
      const name = classAt(at, value);
      if (name !== '') {
        if (inherited !== undefined && (first !== at || !isBuiltin(name))) {
          this.inherit(value, first ?? value, level, inherited);
        }
        return name;
      }
    }
    if (first === null) return null;
    const name = constructorName(value);
    if (this.isTooDeep(level)) return `${name} <Complex prototype>`;
    const parent = this.className(first, level + 1, inherited);
    if (parent !== null) return `${name} <${parent}>`;
    return `${name} <${inspect(first, { ...this.options(), customInspect: false, depth: -1 })}>`;
  }

  // For showHidden: the data of the prototypes of the guest's, up to three.
  inherit(value, from, level, inherited) {
    const told = new Names();
    let at = from;
    for (let depth = 0; depth < 3; depth++) {
      if (depth !== 0 || value === at) {
        at = getPrototypeOf(at);
        if (at === null) return;
        const maker = getOwnPropertyDescriptor(at, 'constructor')?.value;
        if (typeof maker === 'function' && isBuiltin(nameOf(maker))) return;
      }
      const found = ownKeys(at);
      array.push(this.seen, value);
      for (let i = 0; i < found.length; i++) {
        const key = found[i];
        if (key === 'constructor' || hasOwn(value, key) || set.has(told, key)) continue;
        if (typeof getOwnPropertyDescriptor(at, key)?.value === 'function') continue;
        const text = this.property(at, key, level, KEYED, value);
        array.push(inherited, this.colors ? `\x1b[2m${text}\x1b[22m` : text);
      }
      for (let i = 0; i < found.length; i++) set.add(told, found[i]);
      array.pop(this.seen);
    }
  }
}

// Its fields are its own, whatever setters the guest has put into Object.prototype.
setPrototypeOf(State.prototype, null);

// `[Array]`, `[Foo]`, `[Object: null prototype]`.
function nameOnly(about) {
  const fallback = about.constructor === null ? constructorName(about.value) : '';
  const name = string.slice(prefixOf(about, fallback), 0, -1);
  return about.constructor === null ? name : `[${name}]`;
}

// The name of a class; undefined if it is none to be read, as a getter.
function nameOf(maker) {
  const found = getOwnPropertyDescriptor(maker, 'name');
  if (found === undefined) return '';
  return typeof found.value === 'string' ? found.value : undefined;
}

// The name of the class whose prototype `at` is, if `value` is an instance of it; otherwise ''.
function classAt(at, value) {
  const maker = getOwnPropertyDescriptor(at, 'constructor')?.value;
  if (typeof maker !== 'function') return '';
  const name = nameOf(maker) ?? constructorName(value);
  if (name === '') return '';
  const prototype = getOwnPropertyDescriptor(maker, 'prototype')?.value;
  // Function.prototype is a function.
  const isObject = prototype !== null && (typeof prototype === 'object' || typeof prototype === 'function');
  return isObject && object.isPrototypeOf(prototype, value) ? name : '';
}

// Foo.prototype has the methods of Foo, and is no Foo.
function isPrototype(value) {
  const { constructor } = value;
  return Boolean(constructor) && constructor.prototype === value;
}

// A regular expression that is compiled where no stack is left is a SyntaxError.
function isOverflow(error) {
  if (brand(error) !== 'Error') return false;
  const message = getOwnPropertyDescriptor(error, 'message')?.value;
  return typeof message === 'string' &&
    (message === 'Maximum call stack size exceeded' || string.endsWith(message, ': Stack overflow'));
}

// What is given of the options that there are.
function take(to, given) {
  for (let i = 0; i < names.length; i++) {
    if (hasOwn(given, names[i])) to[names[i]] = given[names[i]];
  }
}

function inspect(value, options, ...older) {
  let given = options;
  // inspect(value, showHidden, depth, colors)
  if (typeof options === 'boolean') {
    given = { showHidden: options };
    if (older[0] !== undefined) given.depth = older[0];
    if (older[1] !== undefined) given.colors = older[1];
  } else if (options === null || typeof options !== 'object') {
    given = undefined;
  }
  const known = { __proto__: null };
  if (given !== undefined) take(known, given);
  const state = new State(known);
  state.given = given;
  return state.show(value, 0);
}

inspect.custom = custom;
Object.defineProperty(inspect, 'defaultOptions', {
  get: () => defaults,
  set(options) {
    if (options === null || typeof options !== 'object') {
      throw invalidArgType('options', 'of type object', options);
    }
    take(defaults, options);
  },
});
inspect.colors = {
  __proto__: null,
  reset: [0, 0], bold: [1, 22], dim: [2, 22], italic: [3, 23], underline: [4, 24], blink: [5, 25],
  inverse: [7, 27], hidden: [8, 28], strikethrough: [9, 29], doubleunderline: [21, 24],
  black: [30, 39], red: [31, 39], green: [32, 39], yellow: [33, 39], blue: [34, 39], magenta: [35, 39],
  cyan: [36, 39], white: [37, 39], gray: [90, 39], grey: [90, 39],
  bgBlack: [40, 49], bgRed: [41, 49], bgGreen: [42, 49], bgYellow: [43, 49], bgBlue: [44, 49],
  bgMagenta: [45, 49], bgCyan: [46, 49], bgWhite: [47, 49], framed: [51, 54], overlined: [53, 55],
};
inspect.styles = {
  __proto__: null,
  special: 'cyan', number: 'yellow', bigint: 'yellow', boolean: 'yellow', undefined: 'grey', null: 'bold',
  string: 'green', symbol: 'green', date: 'magenta', regexp: 'red', module: 'underline',
};

return { inspect, isBuiltin };
