'use strict';

// Where a module's name leads, by Node's rules: https://nodejs.org/api/modules.html#all-together

const path = load('path');
const { readPackage, scopeOf, exported, imported, split } = load('packages');
const { kindOf, realPath, readText, readBytes } = native;

const EXTENSIONS = ['.js', '.json'];

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

// The file of what a package.json names.
function named(file) {
  const found = tryFile(file);
  if (found !== undefined) return found;
  const error = new Error(`Cannot find module '${file}'`);
  error.code = 'MODULE_NOT_FOUND';
  throw error;
}

// A package by its own name, in one of the node_modules folders, or a file in it.
function tryPackages(request, folder, paths) {
  const asked = split(request);
  if (asked !== undefined) {
    const own = scopeOf(path.join(folder, 'x'));
    if (own?.data.name === asked.name && own.data.exports != null) {
      return named(exported(own.folder, own.data.exports, asked.subpath, 'require'));
    }
  }
  for (const place of paths) {
    const root = asked && path.join(place, asked.name);
    const map = root && readPackage(root)?.exports;
    if (map != null) return named(exported(root, map, asked.subpath, 'require'));
    const found = tryPath(path.resolve(place, request), request.endsWith('/'));
    if (found !== undefined) return found;
  }
  return undefined;
}

// '#name', as the folder's package has it.
function tryImports(request, folder, paths) {
  const found = imported(request, path.join(folder, 'x'), 'require', '');
  return typeof found === 'string' ? named(found) : resolve(found.specifier, folder, paths);
}

// The file for a request from a folder, or undefined. `paths` are the node_modules folders to look into.
function resolve(request, folder, paths) {
  if (request[0] === '#') return tryImports(request, folder, paths);
  if (!/^(?:\/|\.\.?(?:\/|$))/.test(request)) return tryPackages(request, folder, paths);
  return tryPath(path.resolve(folder, request), /(?:^|\/)\.{0,2}$/.test(request));
}

return { resolve, nodeModulePaths, kindOf, realPath, readText, readBytes };
