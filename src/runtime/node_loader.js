'use strict';

// Where import leads in programs of the command line, by Node's rules: files, packages, builtins, CommonJS, data: URLs.
// https://nodejs.org/api/esm.html#resolution-algorithm-specification

const { coded } = load('errors');
const { makeLoader, resolveUrl, pathOf, urlOf, stalled } = load('esm');
const { parseMap, resolveByMap } = load('import_map');
const { readPackage, scopeOf, typeOf, exported, imported, split } = load('packages');
const { kindOf, realPath, readText, readBytes, nodeModulePaths } = load('resolve');
const { namesOf } = load('cjs_names');
const builtins = load('modules');
const path = load('path');

const FORMATS = { __proto__: null, '.mjs': 'module', '.cjs': 'commonjs', '.json': 'json', '.wasm': 'wasm' };
const DATA_FORMATS = { __proto__: null, 'text/javascript': 'module', 'application/json': 'json', 'application/wasm': 'wasm' };

let importMap;
let mainUrl;

const show = (url) => url.startsWith('file:') ? pathOf(url) ?? url : url;
const importedFrom = (base) => ` imported from ${show(base)}`;

function notFound(what, base, url) {
  const error = coded(Error, 'ERR_MODULE_NOT_FOUND', `Cannot find ${what}${importedFrom(base)}`);
  if (url !== undefined) error.url = url;
  return error;
}

function resolve(specifier, base) {
  const mapped = importMap === undefined ? undefined : resolveByMap(importMap, specifier, base);
  if (mapped !== undefined) return mapped;
  if (/^(?:\/|\.\.?(?:\/|$))/.test(specifier)) {
    const url = resolveUrl(specifier, base);
    if (url !== undefined) return url;
    throw coded(TypeError, 'ERR_UNSUPPORTED_RESOLVE_REQUEST', `Failed to resolve module specifier "${specifier}" from ` +
      `"${base}": Invalid relative URL or base scheme is not hierarchical.`);
  }
  if (specifier[0] === '#') {
    const found = imported(specifier, show(base), 'import');
    return typeof found === 'string' ? urlOf(found) : resolve(found.specifier, base);
  }
  return resolveUrl(specifier) ?? resolvePackage(specifier, base);
}

function resolvePackage(specifier, base) {
  if (builtins.isBuiltin(specifier)) return `node:${specifier}`;
  if (specifier === '') throw notFound("package ''", base);
  const asked = split(specifier);
  if (asked === undefined) {
    throw coded(TypeError, 'ERR_INVALID_MODULE_SPECIFIER',
      `Invalid module "${specifier}" is not a valid package name${importedFrom(base)}`);
  }
  const { name, subpath } = asked;
  const from = show(base);
  const own = scopeOf(from);
  if (own?.data.name === name && own.data.exports != null) {
    return urlOf(exported(own.folder, own.data.exports, subpath, 'import', from));
  }
  for (const place of nodeModulePaths(path.dirname(from))) {
    const folder = path.join(place, name);
    if (kindOf(folder) !== 'directory') continue;
    const data = readPackage(folder);
    if (data?.exports != null) return urlOf(exported(folder, data.exports, subpath, 'import', from));
    return subpath === '.' ? mainOf(folder, data, base) : resolveUrl(subpath, `${urlOf(folder)}/`);
  }
  throw notFound(`package '${name}'`, base);
}

function mainOf(folder, data, base) {
  const main = typeof data?.main === 'string' ? data.main : undefined;
  const tries = main === undefined ? [] : ['', '.js', '.json', '.node', '/index.js', '/index.json', '/index.node']
    .map((end) => `${main}${end}`);
  for (const name of [...tries, 'index.js', 'index.json', 'index.node']) {
    const file = path.join(folder, name);
    if (kindOf(file) === 'file') return urlOf(file);
  }
  throw notFound(`package '${folder}'`, base);
}

function find(url, base) {
  const [, scheme] = /^([^:]*:)/.exec(url);
  if (scheme === 'data:') return url;
  if (scheme === 'node:') {
    if (!builtins.isBuiltin(url)) throw coded(Error, 'ERR_UNKNOWN_BUILTIN_MODULE', `No such built-in module: ${url}`);
    return url;
  }
  if (scheme !== 'file:') {
    const known = scheme === 'http:' || scheme === 'https:' ? 'file and data' : 'file, data, and node';
    throw coded(Error, 'ERR_UNSUPPORTED_ESM_URL_SCHEME', `Only URLs with a scheme in: ${known} are supported by the ` +
      `default ESM loader. Received protocol '${scheme}'`);
  }
  const [, address, query] = /^([^?#]*)(.*)$/s.exec(url);
  if (/%2f|%5c/i.test(address)) {
    throw coded(TypeError, 'ERR_INVALID_MODULE_SPECIFIER', `Invalid module "${address.slice('file://'.length)}" must ` +
      `not include encoded "/" or "\\" characters${importedFrom(base)}`);
  }
  if (!address.startsWith('file:///')) {
    throw coded(TypeError, 'ERR_INVALID_FILE_URL_HOST', 'File URL host must be "localhost" or empty on linux');
  }
  const file = pathOf(url);
  const kind = file === undefined ? undefined : kindOf(file);
  if (kind === 'directory') {
    const error = coded(Error, 'ERR_UNSUPPORTED_DIR_IMPORT',
      `Directory import '${file}' is not supported resolving ES modules${importedFrom(base)}`);
    error.url = url;
    throw error;
  }
  if (kind !== 'file' || file.endsWith('/')) throw notFound(`module '${file ?? url}'`, base, url);
  return urlOf(realPath(file)) + query;
}

const dataUrl = (url) => /^data:([^,;]*)([^,]*),([^#]*)/s.exec(url) ?? [];

function formatOf(url) {
  if (url.startsWith('node:')) return 'builtin';
  if (url.startsWith('data:')) {
    const [, type] = dataUrl(url);
    if (type in DATA_FORMATS) return DATA_FORMATS[type];
    throw coded(RangeError, 'ERR_UNKNOWN_MODULE_FORMAT', `Unknown module format: ${type} for URL ${url}`);
  }
  const file = pathOf(url);
  const extension = path.extname(file);
  if (extension in FORMATS) return FORMATS[extension];
  if (extension !== '.js' && extension !== '') {
    throw coded(TypeError, 'ERR_UNKNOWN_FILE_EXTENSION', `Unknown file extension "${extension}" for ${file}`);
  }
  return typeOf(file) ?? (load('require').isModuleText(readText(file), file) ? 'module' : 'commonjs');
}

function dataOf(url) {
  const [, , options, body] = dataUrl(url);
  const { Buffer } = load('buffer');
  const text = decodeURIComponent(body);
  return /;base64$/i.test(options) ? Buffer.from(text, 'base64') : Buffer.from(text);
}

function exportsOf(url, format) {
  if (format === 'builtin') {
    const { exports } = builtins.find(url);
    const names = exports === null || typeof exports !== 'object' && typeof exports !== 'function' ? [] :
      Object.keys(exports);
    return { names: names.filter((name) => name !== 'default'), run: () => exports };
  }
  const file = pathOf(url);
  const names = new Set(['module.exports']);
  collectNames(file, names, new Set());
  names.delete('default');
  return { names: [...names], run: () => load('require').importFile(file) };
}

// The names of a CommonJS file, and of those whose exports it passes on.
function collectNames(file, names, seen) {
  if (seen.has(file)) return;
  seen.add(file);
  const loaded = load('require').Module._cache[file];
  if (loaded?.loaded && loaded.exports !== null && typeof loaded.exports === 'object') {
    for (const name of Object.keys(loaded.exports)) names.add(name);
    return;
  }
  const found = namesOf(readText(file));
  for (const name of found.names) names.add(name);
  for (const other of found.others) {
    try {
      const next = load('require').Module.createRequire(file).resolve(other);
      if (path.isAbsolute(next) && /\.(?:c?js)$/.test(next)) collectNames(next, names, seen);
    } catch {
      // The module says what is missing when it runs.
    }
  }
}

function meta(target, url) {
  const file = pathOf(url);
  if (file !== undefined) {
    target.dirname = path.dirname(file);
    target.filename = file;
  }
  target.main = url === mainUrl;
  target.resolve = function resolve(specifier) {
    return loaderResolve(`${specifier}`, url);
  };
  target.url = url;
}
const loaderResolve = resolve;

const loader = makeLoader({
  resolve,
  find,
  formatOf,
  exportsOf,
  meta,
  show,
  readText: (url) => url.startsWith('data:') ? dataOf(url).toString() : readText(pathOf(url)),
  readBytes: (url) => url.startsWith('data:') ? dataOf(url) : readBytes(pathOf(url)),
});

// The main module, as long as its evaluation goes on.
let main;

// The places at which a program that is at its end still waits; undefined if at none.
const unsettled = () => main && stalled(main.record);

// Evaluates the main module as Node does, in a microtask: those of process.nextTick come after the microtasks of its own.
async function evaluate(entry) {
  await undefined;
  await loader.evaluate(entry);
}

function start(entry) {
  loader.link(entry);
  const { report } = load('uncaught');
  load('process').setUnsettled(unsettled);
  main = entry;
  const settled = () => {
    main = undefined;
  };
  evaluate(entry).then(settled, (error) => {
    settled();
    report(error, 'unhandledRejection');
  });
}

// Evaluates the main module.
function runMain(url) {
  mainUrl = find(url, `${urlOf(path.resolve('.'))}/`);
  start(loader.entryOf(mainUrl, mainUrl));
}

// Evaluates text that is no file's, or that of a file that has been read.
function runText(text, url, isMain) {
  if (isMain) mainUrl = url;
  start(loader.ofText(url, text));
}

return {
  runMain,
  runText,
  importer: loader.importer,
  // For vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER: code of that name.
  importerOf(name) {
    const folder = `${urlOf(path.resolve('.'))}/`;
    if (path.isAbsolute(name)) return loader.importer(urlOf(name));
    return loader.importer(resolveUrl(name) ?? folder);
  },
  requireFile(file, text) {
    const url = urlOf(file);
    const entry = loader.known(url) ?? (text === undefined ? loader.entryOf(url, url) : loader.ofText(url, text));
    return loader.requireSync(entry, file);
  },
  setImportMap(text, base) {
    importMap = parseMap(text, base);
  },
};
