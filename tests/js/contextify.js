// Contextified objects where they are not plain: what Proxies see, whose context errors are of, what is declared twice.
// Node 26.10 prints the same, but for the lines of "keys", where it ends with a failed check of V8's.
const vm = require('node:vm');

// A Proxy logs what it is asked.
const log = [];
const handler = {};
for (const trap of ['get', 'set', 'has', 'deleteProperty', 'getOwnPropertyDescriptor', 'defineProperty', 'ownKeys']) {
  handler[trap] = (...given) => {
    log.push(typeof given[1] === 'string' ? `${trap} ${given[1]}` : trap);
    return Reflect[trap](...given);
  };
}
const targets = { data: { a: 1 }, none: {}, accessor: { get a() { return 1; }, set a(value) {} }, frozen: Object.freeze({ a: 1 }) };
for (const [name, target] of Object.entries(targets)) {
  for (const code of ['a', 'typeof a', 'a = 2', '"use strict"; a = 2', 'this.a = 2', '"a" in this', 'Object.hasOwn(this, "a")',
    'delete a', 'let a', 'var a', 'function a() {}', 'a++', 'Object.getOwnPropertyDescriptor(this, "a")',
    'Object.defineProperty(this, "a", { value: 3 })', 'with (this) a', 'Reflect.set(this, "a", 1, {})']) {
    const sandbox = vm.createContext(new Proxy(Object.create(null, Object.getOwnPropertyDescriptors(target)), handler));
    log.length = 0;
    let end = '';
    try {
      vm.runInContext(code, sandbox, { displayErrors: false });
    } catch (error) {
      end = `: ${error.name}`;
    }
    // Node's way to a stack asks for Error.
    console.log(`${name}, ${code} | ${log.filter((line) => line !== 'get Error').join(', ')}${end}`);
  }
}

// The descriptor that a trap gets, and an error of a typed array's, are of the global's context, whoever writes.
let realm;
const watched = vm.createContext(new Proxy({}, {
  defineProperty(target, key, descriptor) {
    realm = descriptor instanceof Object;
    return Reflect.defineProperty(target, key, descriptor);
  },
}));
vm.runInContext('this', watched).x = 1;
console.log('descriptor of this context', realm);
try {
  vm.runInContext('this', vm.createContext(new BigInt64Array(2)))[0] = Symbol();
} catch (error) {
  console.log(error.message, error instanceof TypeError);
}

// Indices among a Proxy's keys.
for (const target of [['x', 'y'], { 0: 'zero', a: 1 }, { a: 1 }]) {
  const global = vm.runInContext('this', vm.createContext(new Proxy(target, { ownKeys: Reflect.ownKeys })));
  const keys = [];
  for (const key in global) keys.push(key);
  console.log('keys', Object.keys(global), keys, Object.entries(global));
}

// function and var over a property of the sandbox that is hidden or read-only, twice.
for (const attributes of [{ writable: true }, { writable: true, enumerable: true }, { enumerable: true }]) {
  for (const codes of [['var x = 2', 'function x() {}'], ['function x() {}', 'function x() {}'], ['var x; function x() {}']]) {
    const sandbox = vm.createContext(Object.create(null, { x: { value: 1, configurable: true, ...attributes } }));
    for (const code of codes) vm.runInContext(code, sandbox);
    console.log(codes.join('; '), '|', JSON.stringify(attributes), typeof sandbox.x);
  }
}
