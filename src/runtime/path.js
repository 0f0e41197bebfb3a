'use strict';

// Node's path module, for POSIX.

const { invalidArgType, requireString } = load('errors');
const { cwd } = native;

// Takes '', '.' and, where something is before them, '..' out of a path.
function fold(path, absolute) {
  const parts = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else if (!absolute) parts.push('..');
  }
  return parts.join('/');
}

function withoutEndSlashes(path) {
  let end = path.length;
  while (end > 1 && path[end - 1] === '/') end--;
  return path.slice(0, end);
}

function isAbsolute(path) {
  requireString('path', path);
  return path[0] === '/';
}

function normalize(path) {
  const absolute = isAbsolute(path);
  const folded = fold(path, absolute);
  const end = path.at(-1) === '/' && (folded || !absolute) ? '/' : '';
  return `${absolute ? '/' : ''}${folded || (absolute ? '' : '.')}${end}`;
}

function join(...paths) {
  for (const path of paths) requireString('path', path);
  return normalize(paths.filter((path) => path !== '').join('/'));
}

function resolve(...paths) {
  let resolved = '';
  for (let i = paths.length - 1; i >= 0 && resolved[0] !== '/'; i--) {
    requireString(`paths[${i}]`, paths[i]);
    if (paths[i] !== '') resolved = `${paths[i]}/${resolved}`;
  }
  if (resolved[0] !== '/') resolved = `${cwd()}/${resolved}`;
  return `/${fold(resolved, true)}`;
}

function relative(from, to) {
  requireString('from', from);
  requireString('to', to);
  const [here, there] = [resolve(from), resolve(to)].map((path) => path.split('/').filter(Boolean));
  let same = 0;
  while (same < here.length && here[same] === there[same]) same++;
  return [...here.slice(same).fill('..'), ...there.slice(same)].join('/');
}

function dirname(path) {
  requireString('path', path);
  const slash = path.lastIndexOf('/', withoutEndSlashes(path).length - 1);
  if (slash === -1) return '.';
  if (slash === 0) return '/';
  return slash === 1 && path[0] === '/' ? '//' : path.slice(0, slash);
}

function basename(path, suffix) {
  requireString('path', path);
  if (suffix !== undefined) requireString('suffix', suffix);
  if (suffix === path) return '';
  const whole = withoutEndSlashes(path);
  const base = whole.slice(whole.lastIndexOf('/') + 1);
  return suffix && base !== suffix && base.endsWith(suffix) ? base.slice(0, -suffix.length) : base;
}

function extname(path) {
  const base = basename(path);
  const dot = base.lastIndexOf('.');
  return dot <= 0 || base === '..' ? '' : base.slice(dot);
}

function parse(path) {
  const base = basename(path);
  const ext = extname(path);
  const root = path[0] === '/' ? '/' : '';
  const dir = path.slice(0, Math.max(0, withoutEndSlashes(path).lastIndexOf('/'))) || root;
  return { root, dir, base, ext, name: ext ? base.slice(0, -ext.length) : base };
}

function format(parts) {
  if (parts === null || typeof parts !== 'object') throw invalidArgType('pathObject', 'of type object', parts);
  const { root = '', name = '', ext = '' } = parts;
  const dir = parts.dir || root;
  const base = parts.base || `${name}${ext && ext[0] !== '.' ? '.' : ''}${ext}`;
  return dir && dir !== root ? `${dir}/${base}` : `${dir}${base}`;
}

const toNamespacedPath = (path) => path;

const path = {
  resolve, normalize, isAbsolute, join, relative, toNamespacedPath, dirname, basename, extname, format, parse,
  sep: '/', delimiter: ':',
};
path.posix = path;

return path;
