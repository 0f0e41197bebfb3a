'use strict';

// URL and URLSearchParams: https://url.spec.whatwg.org

const { coded, invalidArgType } = load('errors');
const path = load('path');
const { parse, set, parseQuery, encodeQuery } = native;

const INSPECT = Symbol.for('nodejs.util.inspect.custom');
const PARTS = ['href', 'origin', 'protocol', 'username', 'password', 'host', 'hostname', 'port', 'pathname',
  'search', 'hash'];
const SEARCH = PARTS.indexOf('search');

const missing = (...names) => {
  const list = names.map((name) => `"${name}"`).join(' and ');
  return coded(TypeError, 'ERR_MISSING_ARGS',
    `The ${list} argument${names.length > 1 ? 's' : ''} must be specified`);
};

function invalidUrl(input, base) {
  const error = coded(TypeError, 'ERR_INVALID_URL', 'Invalid URL');
  error.input = input;
  if (base !== undefined) error.base = base;
  return error;
}

const wellFormed = (value) => `${value}`.toWellFormed();

// Names and values, by turns, of what URLSearchParams can be made of.
function pairsOf(init) {
  if (init === undefined || init === null) return [];
  if (typeof init !== 'object' && typeof init !== 'function') {
    const text = wellFormed(init);
    return parseQuery(text[0] === '?' ? text.slice(1) : text);
  }
  const iterate = init[Symbol.iterator];
  if (iterate === undefined || iterate === null) {
    return Reflect.ownKeys(init).filter((key) => Object.getOwnPropertyDescriptor(init, key)?.enumerable)
      .flatMap((key) => [wellFormed(key), wellFormed(init[key])]);
  }
  if (typeof iterate !== 'function') {
    throw coded(TypeError, 'ERR_ARG_NOT_ITERABLE', 'Query pairs must be iterable');
  }
  const invalid = () => coded(TypeError, 'ERR_INVALID_TUPLE',
    'Each query pair must be an iterable [name, value] tuple');
  return [...init].flatMap((pair) => {
    if (pair === null || typeof pair !== 'object' && typeof pair !== 'function' ||
      typeof pair[Symbol.iterator] !== 'function') throw invalid();
    const both = [...pair];
    if (both.length !== 2) throw invalid();
    return both.map(wellFormed);
  });
}

// Set by the class below, for URL alone.
let ofUrl;
let update;

class URLSearchParams {
  #pairs;
  // Called when the pairs have changed.
  #changed = () => {};

  static {
    ofUrl = (changed) => {
      const params = new URLSearchParams();
      params.#changed = changed;
      return params;
    };
    update = (params, search) => {
      params.#pairs = parseQuery(search.slice(1));
    };
  }

  constructor(init = undefined) {
    this.#pairs = pairsOf(init);
  }

  get size() {
    return this.#pairs.length / 2;
  }

  // Where pairs of the name, and of the value if there is one, begin.
  #find(name, value) {
    const wanted = wellFormed(name);
    const exact = value === undefined ? undefined : wellFormed(value);
    const found = [];
    for (let i = 0; i < this.#pairs.length; i += 2) {
      if (this.#pairs[i] === wanted && (exact === undefined || this.#pairs[i + 1] === exact)) found.push(i);
    }
    return found;
  }

  // Keeps the pairs that do not begin at these places.
  #remove(places) {
    const gone = new Set(places);
    this.#pairs = this.#pairs.filter((_, i) => !gone.has(i & ~1));
  }

  append(name, value) {
    if (arguments.length < 2) throw missing('name', 'value');
    this.#pairs.push(wellFormed(name), wellFormed(value));
    this.#changed(this);
  }

  delete(name, value = undefined) {
    if (arguments.length < 1) throw missing('name');
    this.#remove(this.#find(name, value));
    this.#changed(this);
  }

  get(name) {
    if (arguments.length < 1) throw missing('name');
    const [first] = this.#find(name);
    return first === undefined ? null : this.#pairs[first + 1];
  }

  getAll(name) {
    if (arguments.length < 1) throw missing('name');
    return this.#find(name).map((i) => this.#pairs[i + 1]);
  }

  has(name, value = undefined) {
    if (arguments.length < 1) throw missing('name');
    return this.#find(name, value).length > 0;
  }

  set(name, value) {
    if (arguments.length < 2) throw missing('name', 'value');
    const text = wellFormed(value);
    const [first, ...rest] = this.#find(name);
    if (first === undefined) {
      this.#pairs.push(wellFormed(name), text);
    } else {
      this.#pairs[first + 1] = text;
      this.#remove(rest);
    }
    this.#changed(this);
  }

  sort() {
    const order = (a, b) => a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0;
    this.#pairs = [...this].sort(order).flat();
    this.#changed(this);
  }

  forEach(callback, receiver = undefined) {
    if (typeof callback !== 'function') throw invalidArgType('callback', 'of type function', callback);
    for (const [name, value] of this) Reflect.apply(callback, receiver, [value, name, this]);
  }

  // The pairs as they are when each is reached.
  * #each(make) {
    for (let i = 0; i < this.#pairs.length; i += 2) yield make(this.#pairs[i], this.#pairs[i + 1]);
  }

  entries() {
    return this.#each((name, value) => [name, value]);
  }

  keys() {
    return this.#each((name) => name);
  }

  values() {
    return this.#each((_, value) => value);
  }

  toString() {
    return [...this].map(([name, value]) => `${encodeQuery(name)}=${encodeQuery(value)}`).join('&');
  }

  [INSPECT](depth, options, inspect) {
    if (typeof depth === 'number' && depth < 0) return '[URLSearchParams]';
    const pairs = [...this].map(([name, value]) => `${inspect(name, options)} => ${inspect(value, options)}`);
    if (pairs.length === 0) return 'URLSearchParams {}';
    const long = pairs.join(', ').length + 20 > (options?.breakLength ?? 80);
    return long ? `URLSearchParams {\n  ${pairs.join(',\n  ')} }` : `URLSearchParams { ${pairs.join(', ')} }`;
  }
}

// Set by the class.
let isURL;

class URL {
  #parts;
  #params;

  static {
    isURL = (object) => #parts in object;
  }

  constructor(input, base = undefined) {
    if (arguments.length === 0) throw missing('url');
    const parts = URL.#parse(input, base);
    if (parts === undefined) throw invalidUrl(`${input}`, base === undefined ? undefined : `${base}`);
    this.#parts = parts;
  }

  static #parse(input, base) {
    return parse(`${input}`, base === undefined ? undefined : `${base}`);
  }

  static canParse(input, base = undefined) {
    if (arguments.length === 0) throw missing('url');
    return URL.#parse(input, base) !== undefined;
  }

  static parse(input, base = undefined) {
    if (arguments.length === 0) throw missing('url');
    return URL.#parse(input, base) === undefined ? null : new URL(input, base);
  }

  get(index) {
    return this.#parts[index];
  }

  set(name, value) {
    const parts = name === 'href' ? parse(value, undefined) : set(this.#parts[0], name, value);
    if (parts === undefined) throw invalidUrl(value);
    this.#parts = parts;
    if (this.#params !== undefined && (name === 'href' || name === 'search')) update(this.#params, parts[SEARCH]);
  }

  get searchParams() {
    if (this.#params === undefined) {
      this.#params = ofUrl((params) => {
        this.#parts = set(this.#parts[0], 'search', params.toString());
      });
      update(this.#params, this.#parts[SEARCH]);
    }
    return this.#params;
  }

  toString() {
    return this.#parts[0];
  }

  toJSON() {
    return this.#parts[0];
  }

  [INSPECT](depth, options, inspect) {
    if (typeof depth === 'number' && depth < 0) return '[URL]';
    const { href, origin, protocol, username, password, host, hostname, port, pathname, search, searchParams,
      hash } = this;
    return `${this.constructor.name} ${inspect({ href, origin, protocol, username, password, host, hostname, port,
      pathname, search, searchParams, hash }, options)}`;
  }
}

// The parts as accessors: the two functions that reach them are not for users.
const { get, set: put } = URL.prototype;
delete URL.prototype.get;
delete URL.prototype.set;
PARTS.forEach((name, index) => {
  const accessor = {
    get [name]() {
      return Reflect.apply(get, this, [index]);
    },
    set [name](value) {
      Reflect.apply(put, this, [name, `${value}`]);
    },
  };
  const { get: getter, set: setter } = Object.getOwnPropertyDescriptor(accessor, name);
  Object.defineProperty(URL.prototype, name, {
    get: getter, set: name === 'origin' ? undefined : setter, enumerable: true, configurable: true });
});

for (const [kind, names] of [
  [URL, ['searchParams', 'toString', 'toJSON']],
  [URLSearchParams, ['append', 'delete', 'get', 'getAll', 'has', 'set', 'sort', 'forEach', 'entries', 'keys',
    'values', 'size', 'toString']],
]) {
  for (const name of names) Object.defineProperty(kind.prototype, name, { enumerable: true });
  Object.defineProperty(kind.prototype, Symbol.toStringTag, { value: kind.name, configurable: true });
}
Object.defineProperty(URLSearchParams.prototype, Symbol.iterator,
  { value: URLSearchParams.prototype.entries, writable: true, configurable: true });

function fileURLToPath(url) {
  const { protocol, hostname, pathname } = typeof url === 'string' ? new URL(url) : url;
  if (protocol !== 'file:') throw coded(TypeError, 'ERR_INVALID_URL_SCHEME', 'The URL must be of scheme file');
  if (hostname !== '') {
    throw coded(TypeError, 'ERR_INVALID_FILE_URL_HOST', 'File URL host must be "localhost" or empty on linux');
  }
  if (/%2f/i.test(pathname)) {
    throw coded(TypeError, 'ERR_INVALID_FILE_URL_PATH', 'File URL path must not include encoded / characters');
  }
  return decodeURIComponent(pathname);
}

function pathToFileURL(name) {
  const absolute = path.resolve(name) + (name.length > 1 && name.endsWith('/') ? '/' : '');
  return new URL(`file://${absolute.replace(/[%\\\n\r\t?#]/g, encodeURIComponent)}`);
}

return {
  module: { URL, URLSearchParams, fileURLToPath, pathToFileURL },
  isURL,
  install(global) {
    for (const [name, value] of Object.entries({ URL, URLSearchParams })) {
      Object.defineProperty(global, name, { value, writable: true, configurable: true });
    }
  },
};
