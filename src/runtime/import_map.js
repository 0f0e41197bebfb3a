'use strict';

// Import maps: https://html.spec.whatwg.org/multipage/webappapis.html#import-maps. `integrity` is not looked at.

const { array, regexp, string } = load('builtins');
const { TypeError } = globalThis;
const { keys } = Object;
const { isArray } = Array;
const { parse } = JSON;
const { resolveUrl } = load('esm');

const isObject = (value) => typeof value === 'object' && value !== null && !isArray(value);

const isRelative = (specifier) => string.startsWith(specifier, '/') || string.startsWith(specifier, './') ||
  string.startsWith(specifier, '../');

// The URL that a specifier is, if it is one.
function asUrl(specifier, base) {
  return isRelative(specifier) ? resolveUrl(specifier, base) : resolveUrl(specifier);
}

// The longest and last first, so that the first that matches is the most special.
const backwards = (a, b) => a < b ? 1 : -1;

// Pairs of a specifier and a URL; null is a specifier that must not be imported.
function parseImports(imports, base, what) {
  if (!isObject(imports)) throw new TypeError(`${what} is not an object`);
  const seen = { __proto__: null };
  const names = keys(imports);
  for (let i = 0; i < names.length; i++) {
    const name = names[i];
    if (name === '') continue;
    const target = imports[name];
    const url = typeof target === 'string' ? asUrl(target, base) : undefined;
    const fits = url !== undefined && (!string.endsWith(name, '/') || string.endsWith(url, '/'));
    seen[asUrl(name, base) ?? name] = fits ? url : null;
  }
  const pairs = [];
  const sorted = array.sort(keys(seen), backwards);
  for (let i = 0; i < sorted.length; i++) array.push(pairs, { __proto__: null, name: sorted[i], url: seen[sorted[i]] });
  return pairs;
}

// An import map of its JSON text. Relative addresses in it are relative to `base`.
function parseMap(text, base) {
  const map = parse(text);
  if (!isObject(map)) throw new TypeError('it is not an object');
  const { imports = {}, scopes = {} } = map;
  if (!isObject(scopes)) throw new TypeError('"scopes" is not an object');
  const byPrefix = { __proto__: null };
  const names = keys(scopes);
  for (let i = 0; i < names.length; i++) {
    const prefix = resolveUrl(names[i], base);
    if (prefix !== undefined) byPrefix[prefix] = parseImports(scopes[names[i]], base, `scope "${names[i]}"`);
  }
  const sorted = array.sort(keys(byPrefix), backwards);
  const parsed = [];
  for (let i = 0; i < sorted.length; i++) {
    array.push(parsed, { __proto__: null, prefix: sorted[i], imports: byPrefix[sorted[i]] });
  }
  return { __proto__: null, imports: parseImports(imports, base, '"imports"'), scopes: parsed };
}

// The URL that the map gives a specifier; undefined if it says nothing of it.
function resolveByMap(map, specifier, base) {
  const url = asUrl(specifier, base);
  const name = url ?? specifier;
  for (let i = 0; i < map.scopes.length; i++) {
    const { prefix, imports } = map.scopes[i];
    if (prefix === base || (string.endsWith(prefix, '/') && string.startsWith(base, prefix))) {
      const found = lookUp(imports, name, url !== undefined);
      if (found !== undefined) return found;
    }
  }
  return lookUp(map.imports, name, url !== undefined);
}

// Folders are of URLs that have such, and of what is no URL.
const SPECIAL = /^(?:file|ftp|https?|wss?):/;

function lookUp(imports, specifier, isUrl) {
  const inFolder = !isUrl || regexp.exec(SPECIAL, specifier) !== null;
  for (let i = 0; i < imports.length; i++) {
    const { name, url } = imports[i];
    const exact = name === specifier;
    if (!exact && !(inFolder && string.endsWith(name, '/') && string.startsWith(specifier, name))) continue;
    if (url === null) throw new TypeError(`The import map blocks the module specifier "${specifier}"`);
    if (exact) return url;
    const found = resolveUrl(string.slice(specifier, name.length), url);
    if (found === undefined || !string.startsWith(found, url)) {
      throw new TypeError(`The module specifier "${specifier}" leads out of what the import map has for "${name}"`);
    }
    return found;
  }
  return undefined;
}

return { isRelative, parseMap, resolveByMap };
