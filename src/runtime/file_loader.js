'use strict';

// A loader of ES modules for guests: files below one folder, which it never leaves (file_loader.rs sees to that, whatever the
// guest has done to the builtins), what the host has provided, and the library's own modules where the host says so.

const { coded } = load('errors');
const { string } = load('builtins');
const { Error, TypeError } = globalThis;
const { keys } = Object;
const { makeLoader, resolveUrl, pathOf, urlOf } = load('esm');
const { isRelative, parseMap, resolveByMap } = load('import_map');
const defaultLoader = load('node:internal/vm/default_loader');
const builtins = load('modules');
const { kindBelow, readBelow } = native;

const FORMATS = [['.mjs', 'module'], ['.js', 'module'], ['.json', 'json'], ['.wasm', 'wasm']];
const REFUSED = {
  __proto__: null,
  outside: 'it is not below the root folder of the loader',
  link: 'there is a symbolic link on the way',
  other: 'it is no regular file',
};

const refuse = (url, base, why) =>
  coded(Error, 'ERR_ACCESS_DENIED', `Import of '${url}' from '${base}' is refused: ${why}`);

// `root` is an absolute path without links. `mapText` is undefined where there is no import map.
function make(root, mapText, hasBuiltins, maxSize) {
  const folder = root === '/' ? 'file:///' : `${urlOf(root)}/`;
  const map = mapText === undefined ? undefined : parseMap(mapText, folder);
  // createRequire reads every file.
  const isBuiltin = (name) => builtins.isProvided(name) ||
    (hasBuiltins && name !== 'module' && name !== 'node:module' && builtins.isBuiltin(name));

  function resolve(specifier, base) {
    const mapped = map === undefined ? undefined : resolveByMap(map, specifier, base);
    const url = mapped ?? (isRelative(specifier) ? resolveUrl(specifier, base) : resolveUrl(specifier));
    if (url !== undefined) return url;
    if (isBuiltin(specifier)) return `node:${specifier}`;
    throw coded(Error, 'ERR_MODULE_NOT_FOUND', `Cannot find package '${specifier}' imported from ${base}`);
  }

  function find(url, base) {
    if (string.startsWith(url, 'node:')) {
      if (isBuiltin(url)) return url;
      throw coded(Error, 'ERR_UNKNOWN_BUILTIN_MODULE', `No such built-in module: ${url}`);
    }
    if (!string.startsWith(url, 'file:')) {
      throw coded(Error, 'ERR_UNSUPPORTED_ESM_URL_SCHEME', `Import of '${url}' from '${base}': only file URLs are supported`);
    }
    if (!string.startsWith(url, folder)) throw refuse(url, base, REFUSED.outside);
    const file = pathOf(url);
    const lower = string.toLowerCase(url);
    if (file === undefined || string.includes(lower, '%2f') || string.includes(lower, '%5c') ||
      string.includes(lower, '%00')) {
      throw coded(TypeError, 'ERR_INVALID_MODULE_SPECIFIER',
        `Invalid module "${url}" must not include encoded "/", "\\" or NUL characters imported from ${base}`);
    }
    const kind = kindBelow(root, file);
    if (kind === undefined) throw coded(Error, 'ERR_MODULE_NOT_FOUND', `Cannot find module '${url}' imported from ${base}`);
    if (kind === 'directory') {
      throw coded(Error, 'ERR_UNSUPPORTED_DIR_IMPORT', `Directory import '${url}' is not supported imported from ${base}`);
    }
    if (kind !== 'file') throw refuse(url, base, REFUSED[kind]);
    return url;
  }

  function formatOf(url) {
    if (string.startsWith(url, 'node:')) return 'builtin';
    const file = pathOf(url);
    for (let i = 0; i < FORMATS.length; i++) {
      if (string.endsWith(file, FORMATS[i][0])) return FORMATS[i][1];
    }
    throw coded(TypeError, 'ERR_UNKNOWN_FILE_EXTENSION',
      `Unknown file extension of ${url}: there are .mjs, .js, .json and .wasm`);
  }

  function exportsOf(url) {
    const { exports } = builtins.find(url);
    const names = { __proto__: null };
    if (typeof exports === 'object' && exports !== null || typeof exports === 'function') {
      const all = keys(exports);
      for (let i = 0; i < all.length; i++) names[all[i]] = true;
    }
    delete names.default;
    return { names: keys(names), run: () => exports };
  }

  function meta(target, url) {
    target.resolve = (specifier) => resolve(`${specifier}`, url);
    target.url = url;
  }

  const read = (url, asText) => {
    const content = readBelow(root, pathOf(url), maxSize, asText);
    if (content === undefined) throw refuse(url, folder, `it is larger than ${maxSize} bytes`);
    return content;
  };
  const loader = makeLoader({
    resolve,
    find,
    formatOf,
    exportsOf,
    meta,
    show: (url) => url,
    readText: (url) => read(url, true),
    readBytes: (url) => read(url, false),
  });
  defaultLoader.importerOf = (name) => {
    const base = string.startsWith(name, '/') ? urlOf(name) : resolveUrl(name);
    return loader.importer(base ?? folder);
  };
  return {
    __proto__: null,
    answer: loader.importer(folder),
    importMain: (specifier) => loader.importMain(specifier, folder),
  };
}

return { make };
