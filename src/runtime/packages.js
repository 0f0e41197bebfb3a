'use strict';

// What a package.json says of the modules of its folder: https://nodejs.org/api/esm.html#resolution-algorithm-specification

const { coded } = load('errors');
const path = load('path');
const { kindOf, readText } = native;

const CONDITIONS = {
  __proto__: null,
  import: ['node', 'import', 'module-sync', 'node-addons', 'default'],
  require: ['node', 'require', 'module-sync', 'node-addons', 'default'],
};

const packages = new Map();

// What a folder's package.json says; undefined if it has none.
function readPackage(folder) {
  const name = path.join(folder, 'package.json');
  if (!packages.has(name)) packages.set(name, kindOf(name) === 'file' ? parsePackage(name) : undefined);
  return packages.get(name);
}

function parsePackage(name) {
  try {
    return Object(JSON.parse(readText(name)));
  } catch (error) {
    throw coded(Error, 'ERR_INVALID_PACKAGE_CONFIG', `Invalid package config ${name}. ${error.message}`);
  }
}

// The package that a file belongs to: { folder, data }.
function scopeOf(file) {
  for (let folder = path.dirname(file); path.basename(folder) !== 'node_modules'; folder = path.dirname(folder)) {
    const data = readPackage(folder);
    if (data !== undefined) return { folder, data };
    if (folder === '/') break;
  }
  return undefined;
}

// 'module', 'commonjs', or undefined if the package does not say.
function typeOf(file) {
  const type = scopeOf(file)?.data.type;
  return type === 'module' || type === 'commonjs' ? type : undefined;
}

const isSubpaths = (map) =>
  map !== null && typeof map === 'object' && !Array.isArray(map) && Object.keys(map).some((key) => key[0] === '.');

// `from` is what imports, for messages: '' where Node does not say it.
const importedFrom = (from) => from === '' ? '' : ` imported from ${from}`;

// What "exports" has for '.' or './sub': a path.
function exported(folder, map, subpath, kind, from = '') {
  const where = path.join(folder, 'package.json');
  const keys = map !== null && typeof map === 'object' && !Array.isArray(map) ? Object.keys(map) : [];
  if (isSubpaths(map) && keys.some((key) => key[0] !== '.')) {
    throw coded(Error, 'ERR_INVALID_PACKAGE_CONFIG', `Invalid package config ${where}. "exports" cannot contain some ` +
      "keys starting with '.' and some not. The exports object must either be an object of package subpath keys or " +
      'an object of main entry condition name keys only.');
  }
  const entries = isSubpaths(map) ? map : { '.': map };
  const found = matched({ folder, field: 'exports', kind, from }, entries, subpath);
  if (found != null) return found;
  throw coded(Error, 'ERR_PACKAGE_PATH_NOT_EXPORTED', (subpath === '.' ?
    `No "exports" main defined in ${where}` :
    `Package subpath '${subpath}' is not defined by "exports" in ${where}`) + importedFrom(from));
}

// What the "imports" of a file's package have for '#name': a path, or { specifier } of another package.
function imported(specifier, file, kind, from = file) {
  const scope = scopeOf(file);
  const entries = scope?.data.imports;
  const known = specifier !== '#' && entries !== null && typeof entries === 'object';
  const found = known ? matched({ folder: scope.folder, field: 'imports', kind, from }, entries, specifier) : undefined;
  if (found != null) return found;
  const where = scope === undefined ? '' : ` in package ${path.join(scope.folder, 'package.json')}`;
  throw coded(TypeError, 'ERR_PACKAGE_IMPORT_NOT_DEFINED',
    `Package import specifier "${specifier}" is not defined${where}${importedFrom(from)}`);
}

function matched(at, entries, name) {
  if (Object.hasOwn(entries, name) && !name.includes('*') && !name.endsWith('/')) {
    return target({ ...at, key: name }, entries[name], undefined);
  }
  let best;
  for (const key of Object.keys(entries)) {
    const [before, after, more] = key.split('*');
    if (after === undefined || more !== undefined || name === before || name.length < key.length ||
      !name.startsWith(before) || !name.endsWith(after)) continue;
    if (best === undefined || before.length > best.before.length ||
      (before.length === best.before.length && key.length > best.key.length)) {
      best = { key, before, middle: name.slice(before.length, name.length - after.length) };
    }
  }
  return best === undefined ? undefined : target({ ...at, key: best.key }, entries[best.key], best.middle);
}

// What an entry gives under the conditions: a path, { specifier }, null, or undefined. `middle` is what a '*' stands for.
function target(at, entry, middle) {
  if (typeof entry === 'string') return targetPath(at, entry, middle);
  if (Array.isArray(entry)) {
    let last;
    for (const one of entry) {
      try {
        last = target(at, one, middle);
      } catch (error) {
        if (error.code !== 'ERR_INVALID_PACKAGE_TARGET') throw error;
        last = error;
        continue;
      }
      if (last != null) return last;
    }
    if (last instanceof Error) throw last;
    return last;
  }
  if (entry === null) return null;
  if (typeof entry !== 'object') throw invalidTarget(at, entry);
  for (const condition of Object.keys(entry)) {
    if (!CONDITIONS[at.kind].includes(condition)) continue;
    const found = target(at, entry[condition], middle);
    if (found !== undefined) return found;
  }
  return undefined;
}

const BAD_SEGMENT = /(?:^|[\\/])(?:\.\.?|node_modules)(?:[\\/]|$)/i;

function targetPath(at, entry, middle) {
  const filled = middle === undefined ? entry : entry.replaceAll('*', () => middle);
  if (!entry.startsWith('./')) {
    if (at.field === 'imports' && !/^(?:\.\.\/|\/)/.test(entry)) return { specifier: filled };
    throw invalidTarget(at, entry);
  }
  let decoded;
  try {
    decoded = decodeURIComponent(filled.slice(2));
  } catch {
    decoded = filled.slice(2);
  }
  if (BAD_SEGMENT.test(entry.slice(2))) throw invalidTarget(at, entry);
  if (BAD_SEGMENT.test(decoded)) {
    throw coded(TypeError, 'ERR_INVALID_MODULE_SPECIFIER', `Invalid module "${filled}" request is not a valid match in ` +
      `pattern "${at.key}" for the "${at.field}" resolution of ${path.join(at.folder, 'package.json')}` +
      importedFrom(at.from));
  }
  return path.join(at.folder, filled);
}

function invalidTarget({ folder, field, key, from }, entry) {
  const shown = JSON.stringify(entry);
  const where = path.join(folder, 'package.json');
  const hint = typeof entry === 'string' && field === 'exports' && !entry.startsWith('./') ?
    '; targets must start with "./"' : '';
  return coded(Error, 'ERR_INVALID_PACKAGE_TARGET', (key === '.' ?
    `Invalid "exports" main target ${shown} defined in the package config ${where}` :
    `Invalid "${field}" target ${shown} defined for '${key}' in the package config ${where}`) +
    `${importedFrom(from)}${hint}`);
}

// A package's name and './sub'; undefined if there is none.
function split(specifier) {
  const [, name, rest] = /^((?:@[^/]+\/)?[^/@.%\\][^/%\\]*)(\/.*)?$/s.exec(specifier) ?? [];
  return name === undefined ? undefined : { name, subpath: `.${rest ?? ''}` };
}

return { readPackage, scopeOf, typeOf, exported, imported, split };
