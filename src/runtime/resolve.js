'use strict';

// Where a module's name leads, by Node's rules: https://nodejs.org/api/modules.html#all-together

const { coded } = load('errors');
const path = load('path');
const { kindOf, realPath, readText } = native;

const EXTENSIONS = ['.js', '.json'];
const CONDITIONS = ['node', 'require', 'module-sync', 'default'];

// The node_modules folders that a file in this folder sees.
function nodeModulePaths(folder) {
  const paths = [];
  for (let at = path.resolve(folder); ; at = path.dirname(at)) {
    if (path.basename(at) !== 'node_modules') paths.push(path.join(at, 'node_modules'));
    if (at === '/') return paths;
  }
}

function tryFile(name) {
  return kindOf(name) === 'file' ? realPath(name) : undefined;
}

function tryExtensions(name) {
  for (const extension of EXTENSIONS) {
    const found = tryFile(name + extension);
    if (found !== undefined) return found;
  }
  return undefined;
}

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

function tryFolder(folder) {
  const main = readPackage(folder)?.main;
  const index = path.join(folder, 'index');
  if (typeof main !== 'string' || main === '') return tryExtensions(index);
  const target = path.resolve(folder, main);
  const found = tryFile(target) ?? tryExtensions(target) ?? tryExtensions(path.join(target, 'index')) ??
    tryExtensions(index);
  if (found !== undefined) return found;
  const error = new Error(
    `Cannot find module '${target}'. Please verify that the package.json has a valid "main" entry`);
  error.code = 'MODULE_NOT_FOUND';
  error.path = path.join(folder, 'package.json');
  throw error;
}

// A file, a file without its extension, or a folder.
function tryPath(name, isFolder) {
  const kind = kindOf(name);
  if (kind === 'file' && !isFolder) return realPath(name);
  return (isFolder ? undefined : tryExtensions(name)) ?? (kind === 'directory' ? tryFolder(name) : undefined);
}

// What an entry of "exports" gives under our conditions: a string, null, or undefined.
function target(entry) {
  if (Array.isArray(entry)) return entry.map(target).find((found) => found != null);
  if (entry === null || typeof entry !== 'object') return entry;
  for (const condition of Object.keys(entry)) {
    if (CONDITIONS.includes(condition)) {
      const found = target(entry[condition]);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

// The file that "exports" has for '.' or './sub'.
function exported(folder, map, subpath) {
  const isMap = map !== null && typeof map === 'object' && Object.keys(map).some((key) => key[0] === '.');
  const entries = isMap ? map : { '.': map };
  let found = Object.hasOwn(entries, subpath) && !subpath.includes('*') ? target(entries[subpath]) : undefined;
  if (found === undefined) {
    let best = '';
    for (const key of Object.keys(entries)) {
      const [before, after] = key.split('*');
      if (after === undefined || key.length < best.length || subpath.length < key.length ||
        !subpath.startsWith(before) || !subpath.endsWith(after)) continue;
      best = key;
      const middle = subpath.slice(before.length, subpath.length - after.length);
      found = target(entries[key])?.replaceAll('*', () => middle);
    }
  }
  if (typeof found === 'string' && found.startsWith('./')) {
    const file = tryFile(path.join(folder, found));
    if (file !== undefined) return file;
  }
  const where = path.join(folder, 'package.json');
  throw coded(Error, 'ERR_PACKAGE_PATH_NOT_EXPORTED', subpath === '.' ?
    `No "exports" main defined in ${where}` :
    `Package subpath '${subpath}' is not defined by "exports" in ${where}`);
}

// A package in one of the node_modules folders, or a file in it.
function tryPackages(request, paths) {
  const [, name, rest] = /^((?:@[^/]+\/)?[^/]+)(.*)$/s.exec(request) ?? [];
  for (const folder of paths) {
    const map = name === undefined ? undefined : readPackage(path.join(folder, name))?.exports;
    if (map != null) return exported(path.join(folder, name), map, `.${rest}`);
    const found = tryPath(path.resolve(folder, request), request.endsWith('/'));
    if (found !== undefined) return found;
  }
  return undefined;
}

// The file for a request from a folder, or undefined. `paths` are the node_modules folders to look into.
function resolve(request, folder, paths) {
  if (!/^(?:\/|\.\.?(?:\/|$))/.test(request)) return tryPackages(request, paths);
  return tryPath(path.resolve(folder, request), /(?:^|\/)\.{0,2}$/.test(request));
}

return { resolve, nodeModulePaths, kindOf, readText };
