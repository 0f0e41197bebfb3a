// Which options node:vm reads, in which order and how often, and which of several wrong ones it names.
const vm = require('node:vm');

let log;
const logged = (object, name = '') => new Proxy(object, {
  get(target, key) {
    if (typeof key === 'string') log.push(name + key);
    return target[key];
  },
  ownKeys(target) {
    log.push('keys');
    return Reflect.ownKeys(target);
  },
});
const wrong = (...names) => Object.fromEntries(names.map((name) => [name, Symbol(name)]));
const context = vm.createContext();
const calls = {
  Script: (options) => new vm.Script('1', options),
  createContext: (options) => vm.createContext({}, options),
  runInContext: (options) => vm.runInContext('1', context, options),
  runInNewContext: (options) => vm.runInNewContext('1', {}, options),
  runInThisContext: (options) => vm.runInThisContext('1', options),
  'script.runInContext': (options) => new vm.Script('1').runInContext(context, options),
  'script.runInNewContext': (options) => new vm.Script('1').runInNewContext({}, options),
  'script.runInThisContext': (options) => new vm.Script('1').runInThisContext(options),
  compileFunction: (options) => vm.compileFunction('', [], options),
};
const given = [
  {},
  { contextCodeGeneration: logged({ strings: true }, 'strings: '), codeGeneration: logged({ wasm: true }, 'wasm: ') },
  { contextCodeGeneration: null, codeGeneration: null, microtaskMode: null },
  { microtaskMode: 'never' },
  wrong('contextOrigin', 'contextName', 'origin', 'name', 'columnOffset', 'lineOffset', 'parsingContext', 'timeout', 'displayErrors'),
  wrong('filename', 'produceCachedData', 'breakOnSigint', 'codeGeneration', 'contextCodeGeneration', 'importModuleDynamically'),
  wrong('displayErrors', 'breakOnSigint', 'cachedData', 'contextExtensions', 'microtaskMode'),
];
for (const [name, call] of Object.entries(calls)) {
  for (const options of given) {
    log = [];
    let end = 'fine';
    try {
      call(logged(options));
    } catch (error) {
      end = String(error);
    }
    console.log(`${name} | ${log.join(', ')} | ${end}`);
  }
}

// Names of constructors count where they are strings.
for (const constructor of [{ name: 'Named' }, { name: '' }, { name: 7 }, { name: Symbol('s') }, { name: ['x'] }, null, 'text']) {
  try {
    vm.runInThisContext('1', { filename: { constructor } });
  } catch (error) {
    console.log(String(error));
  }
}
