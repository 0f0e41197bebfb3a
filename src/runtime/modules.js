'use strict';

// The modules that require has by name, with and without 'node:'. Each is loaded when it is asked for.

const { coded } = load('errors');

const modules = {
  __proto__: null,
  buffer() {
    const { install: _, ...buffer } = load('buffer');
    const { atob, btoa } = load('text');
    return { ...buffer, atob, btoa };
  },
  module: () => load('require').Module,
  path: () => load('path'),
  'path/posix': () => load('path'),
  url: () => load('url').module,
};

const plain = (name) => name.startsWith('node:') ? name.slice(5) : name;
const isBuiltin = (name) => plain(name) in modules;

// What gives the module of that name; undefined for a name that is no builtin's.
function find(name) {
  if (isBuiltin(name)) return modules[plain(name)];
  if (!name.startsWith('node:')) return undefined;
  throw coded(Error, 'ERR_UNKNOWN_BUILTIN_MODULE', `No such built-in module: ${name}`);
}

// A module is made once.
for (const name of Object.keys(modules)) {
  const make = modules[name];
  let made;
  modules[name] = () => made ??= make();
}

return { find, isBuiltin, names: Object.keys(modules) };
