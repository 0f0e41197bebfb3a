'use strict';

// The modules that require has by name, with and without 'node:'. Each is made when it is first asked for, by the file
// that has it, whether the host has installed the part or not.

const { coded } = load('errors');
const { array, string } = load('builtins');

const modules = {
  __proto__: null,
  assert: ['assert', (file) => file.assert],
  'assert/strict': ['assert', (file) => file.assert.strict],
  buffer: ['buffer', ({ install: _, ...buffer }) => {
    const { atob, btoa } = load('text');
    return { ...buffer, atob, btoa };
  }],
  console: ['console', (file) => file.make()],
  events: ['events', (file) => file.EventEmitter],
  module: ['require', (file) => file.Module],
  path: ['path', (file) => file],
  'path/posix': ['path', (file) => file],
  process: ['process', (file) => file.process],
  timers: ['timers', ({ setTimeout, setInterval, setImmediate, clearTimeout, clearInterval, clearImmediate }) =>
    ({ setTimeout, setInterval, setImmediate, clearTimeout, clearInterval, clearImmediate })],
  url: ['url', (file) => file.module],
  'timers/promises': ['timers', (file) => file.promises],
  util: ['util', (file) => file],
  vm: ['node:vm', (file) => file],
  'util/types': ['types', (file) => file],
};

// What the host has provided, in braces.
const provided = { __proto__: null };
const made = { __proto__: null };
// A guest that could have one name taken for another would get modules that a loader keeps from it.
const isMarked = (name) => string.startsWith(name, 'node:');
const plain = (name) => isMarked(name) ? string.slice(name, 5) : name;
const isProvided = (name) => name in provided || plain(name) in provided;
const isBuiltin = (name) => isProvided(name) || plain(name) in modules;

// A build may leave a file out.
for (const name of Object.keys(modules)) {
  if (!native.has(modules[name][0])) delete modules[name];
}

// The module of that name in braces; undefined for a name that is no builtin's.
function find(name) {
  const key = plain(name);
  const own = provided[name] ?? provided[key];
  if (own !== undefined) return own;
  if (key in modules) {
    const { 0: file, 1: pick } = modules[key];
    made[key] ??= { exports: pick(load(file)) };
    return made[key];
  }
  if (!isMarked(name)) return undefined;
  throw coded(Error, 'ERR_UNKNOWN_BUILTIN_MODULE', `No such built-in module: ${name}`);
}

const names = Object.keys(modules);

// From now on, require gives the host's value by that name, and for one without 'node:' with it, too.
function provide(name, exports) {
  provided[name] = { exports };
  if (!array.includes(names, name)) array.push(names, name);
}

return { find, isBuiltin, isProvided, names, provide };
