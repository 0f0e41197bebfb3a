// What node:vm keeps of a module is not for the guest: neither to see nor to give.
const vm = require('vm');

function attempt(name, attack) {
  try {
    console.log(name, attack());
  } catch (error) {
    console.log(name, error.name, error.message);
  }
}

attempt('a record of the guest\'s', () => {
  class Own extends vm.Module {
    constructor() {
      super({ make: () => new vm.Script('1') });
    }
  }
  return new Own().status;
});

attempt('another superclass', () => {
  let given;
  class Own {
    constructor(options) {
      given = Object.keys(options);
    }
  }
  const { prototype } = vm.Module;
  Object.setPrototypeOf(vm.SourceTextModule, Own);
  new vm.SourceTextModule('1');
  Object.setPrototypeOf(vm.SourceTextModule, prototype.constructor);
  return given;
});

// Calls something with setters in Array.prototype, and counts what they and the getters were asked for.
function watched(get, body) {
  let asked = 0;
  for (let i = 0; i < 8; i++) {
    Object.defineProperty(Array.prototype, i, { configurable: true, get: () => { asked++; return get; }, set: () => { asked++; } });
  }
  try {
    body();
  } finally {
    for (let i = 0; i < 8; i++) delete Array.prototype[i];
  }
  return asked;
}

attempt('linkRequests', () => {
  const module = new vm.SourceTextModule('import "dependency"');
  const dependencies = [new vm.SourceTextModule('')];
  const asked = watched(new vm.Script('1'), () => module.linkRequests(dependencies));
  dependencies[0].linkRequests([]);
  module.instantiate();
  return [asked, module.status];
});

attempt('the names of exports', () => {
  let module;
  const names = ['a', 'b'];
  const asked = watched('a', () => { module = new vm.SyntheticModule(names, () => {}); });
  return [asked, Object.keys(module.namespace)];
});

const root = new vm.SourceTextModule('import "dependency"');
const dependency = new vm.SourceTextModule('');
const asked = watched({}, () => root.link(() => dependency));
setTimeout(() => console.log('link', asked, root.status), 10);
