'use strict';

// CommonJS, as Node has it: https://nodejs.org/api/modules.html

const { coded, invalidArgValue, requireString } = load('errors');
const { typeOf } = load('packages');
const path = load('path');
const { resolve, nodeModulePaths, kindOf, readText } = load('resolve');
const builtins = load('modules');
const { compile, hasEsm } = native;
const defaultLoader = load('node:internal/vm/default_loader');

const cache = { __proto__: null };
const extensions = { __proto__: null };
// The main module, if there is one.
let main;

class Module {
  constructor(id = '', parent) {
    this.id = id;
    this.path = path.dirname(id);
    this.exports = {};
    this.filename = null;
    this.loaded = false;
    this.children = [];
    this.paths = [];
    // Not enumerable: printing a module should not print its parents.
    Object.defineProperty(this, 'parent', { value: parent, writable: true, configurable: true });
    parent?.children?.push(this);
  }

  require(id) {
    requireString('id', id);
    if (id === '') throw invalidArgValue('id', 'must be a non-empty string', id);
    return loadModule(id, this);
  }

  load(filename) {
    this.filename = filename;
    this.paths = nodeModulePaths(path.dirname(filename));
    const extension = path.extname(filename);
    (Object.hasOwn(extensions, extension) ? extensions[extension] : extensions['.js'])(this, filename);
    this.loaded = true;
  }

  _compile(content, filename) {
    const body = compile(content, filename, importer(filename), hasEsm && mayBeEsm(filename));
    if (body === undefined) return loadEsm(this, filename, content);
    return Reflect.apply(body, this.exports,
      [this.exports, makeRequire(this), this, filename, path.dirname(filename)]);
  }
}

Object.assign(Module, {
  Module,
  builtinModules: builtins.names,
  isBuiltin: builtins.isBuiltin,
  createRequire(filename) {
    const name = hasEsm ? fromUrl(filename) : filename;
    if (typeof name !== 'string' || !path.isAbsolute(name)) {
      throw invalidArgValue('filename', 'must be a file URL object, file URL string, or absolute path string', filename);
    }
    return makeRequire(outside(name));
  },
  _cache: cache,
  _extensions: extensions,
});

// The path of a file URL; what is none stays as it is.
function fromUrl(name) {
  const text = typeof name === 'object' && name !== null && load('url').isURL(name) ? name.href : name;
  return typeof text === 'string' && text.startsWith('file:') ? load('url').module.fileURLToPath(text) : text;
}

const withoutMark = (text) => text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;

// What answers import() in code of a file.
function importer(filename) {
  return hasEsm ? (...request) => load('node_loader').importer(load('esm').urlOf(filename))(...request) : undefined;
}

const isEsm = (filename) => filename.endsWith('.mjs') || (filename.endsWith('.js') && typeOf(filename) === 'module');

// Whether the text decides: nothing else has.
const mayBeEsm = (filename) => !/\.[cm]js$/.test(filename) && typeOf(filename) === undefined;

// An ES module as one of CommonJS. The text is undefined where it has not been read.
function loadEsm(module, filename, text) {
  if (!hasEsm) throw coded(Error, 'ERR_REQUIRE_ESM', `ES modules cannot be loaded: ${filename}`);
  if (module === main) load('node_loader').runText(text, load('esm').urlOf(filename), true);
  else module.exports = load('node_loader').requireFile(filename, text);
}

extensions['.js'] = (module, filename) => {
  if (isEsm(filename)) loadEsm(module, filename);
  else module._compile(withoutMark(readText(filename)), filename);
};

extensions['.json'] = (module, filename) => {
  const text = withoutMark(readText(filename));
  try {
    module.exports = JSON.parse(text);
  } catch (error) {
    throw new SyntaxError(`${filename}: ${error.message}`);
  }
};

function makeRequire(module) {
  function require(id) {
    return module.require(id);
  }
  require.resolve = function resolve(request, options) {
    requireString('request', request);
    return resolveFilename(request, module, options?.paths);
  };
  require.resolve.paths = function paths(request) {
    requireString('request', request);
    if (builtins.isBuiltin(request)) return null;
    return /^\.\.?(?:\/|$)/.test(request) ? [module.path] : [...module.paths];
  };
  return Object.assign(require, { main, extensions, cache });
}

// The file that a request names, or the name of a builtin.
function resolveFilename(request, parent, folders) {
  if (builtins.isBuiltin(request)) return request;
  const found = folders === undefined ?
    resolve(request, parent.path, parent.paths) :
    folders.values().map((folder) => resolve(request, folder, nodeModulePaths(folder))).find(Boolean);
  if (found !== undefined) return found;
  const stack = [];
  for (let at = parent; at != null; at = at.parent) stack.push(at.filename ?? at.id);
  throw notFound(request, stack);
}

function notFound(request, requireStack) {
  const stack = requireStack.length > 0 ? `\nRequire stack:\n- ${requireStack.join('\n- ')}` : '';
  const error = new Error(`Cannot find module '${request}'${stack}`);
  error.code = 'MODULE_NOT_FOUND';
  error.requireStack = requireStack;
  return error;
}

function loadModule(request, parent) {
  const builtin = builtins.find(request);
  if (builtin !== undefined) return builtin.exports;
  const filename = resolveFilename(request, parent);
  const cached = cache[filename];
  if (cached === undefined) return loadFile(new Module(filename, parent), filename);
  if (!parent.children.includes(cached)) parent.children.push(cached);
  return cached.exports;
}

// No catch: an exception that passes keeps the place that V8 noted for it.
function loadFile(module, filename) {
  cache[filename] = module;
  let done = false;
  try {
    module.load(filename);
    done = true;
  } finally {
    if (!done) {
      delete cache[filename];
      const siblings = module.parent?.children ?? [];
      if (siblings.includes(module)) siblings.splice(siblings.indexOf(module), 1);
    }
  }
  return module.exports;
}

// Node's programs have it only as a variable of CommonJS modules.
function hideRequire() {
  if (globalThis.require === hostRequire) delete globalThis.require;
}

// The host may name what is no regular file, such as a pipe, which need not have a path of its own.
function runMain(name) {
  hideRequire();
  const absolute = path.resolve(name);
  const filename = kindOf(absolute) === 'other' ? absolute : resolve(absolute, '/', []);
  if (filename === undefined) throw notFound(absolute, []);
  if (hasEsm && (isEsm(filename) || filename.endsWith('.wasm'))) {
    const url = load('esm').urlOf(filename);
    // A pipe can be read once.
    if (kindOf(filename) === 'other') return load('node_loader').runText(readText(filename), url, true);
    return load('node_loader').runMain(url);
  }
  main = new Module(filename, null);
  main.id = '.';
  return loadFile(main, filename);
}

// The module of code that is no module's file: it resolves as the named file would, or from the folder, if the name
// ends in a slash.
function outside(name) {
  const module = new Module(name);
  place(module, name);
  return module;
}

function place(module, name) {
  module.filename = path.resolve(name);
  module.path = name.endsWith('/') ? module.filename : path.dirname(module.filename);
  module.paths = nodeModulePaths(module.path);
}

const host = outside('[host]');
const hostRequire = makeRequire(host);

// A file that an ES module imports.
function importFile(filename) {
  return (cache[filename] ?? (loadFile(new Module(filename, null), filename), cache[filename])).exports;
}

// Whether a text is one of an ES module. What is neither is CommonJS's to complain of.
function isModuleText(text, filename) {
  try {
    return compile(withoutMark(text), filename, undefined, true) === undefined;
  } catch {
    return false;
  }
}

function define(global, values) {
  for (const [name, value] of Object.entries(values)) {
    Object.defineProperty(global, name, { value, writable: true, enumerable: true, configurable: true });
  }
}

function installGlobals(name) {
  const module = outside(name);
  define(globalThis,
    { require: makeRequire(module), module, exports: module.exports, __filename: name, __dirname: '.' });
  offerBuiltins(globalThis);
}

// Code that is no file's has the builtins by their names, until it gives a name another meaning.
function offerBuiltins(global) {
  for (const name of builtins.names) {
    if (name.includes('/') || name in global) continue;
    Object.defineProperty(global, name, {
      get: () => builtins.find(name).exports,
      set: (value) => define(global, { [name]: value }),
      configurable: true,
    });
  }
}

return {
  Module,
  runMain,
  importFile,
  isModuleText,
  installGlobals,
  // What answers import() in text that is no file's.
  textImporter: (name) => importer(path.resolve(name)),
  runModuleText(text, name) {
    hideRequire();
    load('node_loader').runText(text, load('esm').urlOf(path.resolve(name)), false);
  },
  setImportMap(text, filename) {
    load('node_loader').setImportMap(text, load('esm').urlOf(path.resolve(filename)));
  },
  resolveFrom(name) {
    place(host, name);
  },
  install(global) {
    define(global, { require: hostRequire });
    if (hasEsm) defaultLoader.importerOf = (name) => load('node_loader').importerOf(name);
  },
};
