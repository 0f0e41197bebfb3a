// Linking and evaluating of vm's modules: the order of the linker's calls, and what becomes of each module of a graph.
'use strict';

const vm = require('vm');
const { inspect } = require('util');
const { SourceTextModule, SyntheticModule } = vm;

process.on('unhandledRejection', (error) => console.log('UNHANDLED', String(error)));

const SOURCES = {
  a: "import 'b'; import 'c'; export let n = 'a'",
  b: "import 'd'; export let n = 'b'",
  c: "import 'd'; import 'a'; export let n = 'c'",
  d: "export let n = 'd'",
  missing: "import { zz } from 'd'",
  throws: "import 'thrower'; import 'd'",
  thrower: "throw new Error('T')",
  waits: "import 'waiter'; import 'd'",
  waiter: 'await new Promise(() => {})',
  self: "import * as me from 'self'; export let q = 1; export default me.q",
};

const told = (error) => error === null || typeof error !== 'object' ? String(error) :
  `${error} ${error.code} ${error instanceof Error}${error.cause ? ` because ${error.cause}` : ''}`;

async function settled(promise) {
  const pending = Symbol('pending');
  let timer;
  const late = new Promise((resolve) => { timer = setTimeout(resolve, 20, pending); });
  try {
    return inspect(await Promise.race([promise, late]), { depth: 0 });
  } catch (error) {
    return `rejected: ${told(error)}`;
  } finally {
    clearTimeout(timer);
  }
}

// Before all else: setters that a guest could have made.
Object.defineProperty(Array.prototype, 0, { set() { console.log('a setter was called'); }, configurable: true });
const lists = new SourceTextModule('import "a"; import "b"');
console.log(lists.dependencySpecifiers[0], lists.moduleRequests[0].specifier, Array.isArray(lists.moduleRequests));
delete Array.prototype[0];

// After some microtasks.
async function later(turns) {
  while (turns-- > 0) await undefined;
}

// The linker is asked for `specifier` by a module; `get` is what most give.
const LINKERS = {
  sync: (get) => (specifier) => get(specifier),
  async: (get) => async (specifier) => get(specifier),
  slow: (get) => async (specifier) => {
    await later({ a: 1, b: 9, c: 3, d: 2 }[specifier]);
    return get(specifier);
  },
  mixed: (get) => (specifier) => specifier === 'b' ? later(3).then(() => get('b')) : get(specifier),
  thenable: (get) => (specifier) => ({ then(resolve) { resolve(get(specifier)); } }),
  rejects: (get) => async (specifier) => {
    if (specifier === 'd') throw new Error('LR');
    return get(specifier);
  },
  rejectsLate: (get) => async (specifier, { identifier }) => {
    if (specifier === 'd') {
      await later(5);
      throw new Error(`late, for ${identifier}`);
    }
    return get(specifier);
  },
  rejectsAll: () => (specifier) => Promise.reject(new Error(specifier)),
  noModule: (get) => (specifier) => specifier === 'd' ? {} : get(specifier),
  nothing: (get) => (specifier) => specifier === 'c' ? undefined : get(specifier),
  otherContext: (get) => (specifier) => specifier === 'd' ? get('d', vm.createContext()) : get(specifier),
  inherits: (get) => (specifier) => specifier === 'd' ? Object.create(get('d')) : get(specifier),
  never: (get) => (specifier) => specifier === 'c' ? new Promise(() => {}) : get(specifier),
  synthetic: (get) => (specifier) => specifier === 'd' ? new SyntheticModule([], () => {}) : get(specifier),
  evaluated: (get) => async (specifier) => {
    const module = get(specifier);
    if (specifier === 'd' && module.status === 'unlinked') {
      await module.link(() => {});
      await module.evaluate();
    }
    return module;
  },
  errored: (get) => async (specifier) => {
    if (specifier !== 'd') return get(specifier);
    const module = new SourceTextModule('throw new Error("X")');
    await module.link(() => {});
    await module.evaluate().catch(() => {});
    return module;
  },
  linksAgain: (get, log) => async (specifier, referrer) => {
    log.push(await settled(referrer.link(() => {})), await settled(referrer.evaluate()));
    return get(specifier);
  },
};

async function graph(name, root) {
  const made = new Map();
  const log = [];
  const get = (specifier, context) => {
    if (!made.has(specifier)) {
      made.set(specifier, new SourceTextModule(SOURCES[specifier], { identifier: specifier, context }));
    }
    return made.get(specifier);
  };
  const states = () => [...made].map(([specifier, { status }]) => `${specifier} ${status}`).join();
  const errors = () => [...made.values()].filter(({ status }) => status === 'errored').map(({ error }) => told(error));

  const module = get(root);
  const linker = LINKERS[name](get, log);
  const promise = module.link((specifier, referrer, ...rest) => {
    log.push(`${specifier} of ${referrer.identifier}`);
    return linker(specifier, referrer, ...rest);
  });
  console.log(`== ${name} ${root}: ${states()}`);
  console.log(await settled(promise), '|', states(), '|', new Set(errors()));
  console.log(log.join('; '));
  if (module.status === 'linked') {
    const evaluation = module.evaluate();
    console.log(inspect(evaluation).split('\n')[0], '|', states(), '|', await settled(evaluation), '|', states());
    console.log([...made.values()].map((each) => `${each.hasTopLevelAwait()} ${each.hasAsyncGraph()}`).join());
    console.log(module.evaluate() === module.evaluate(), await settled(module.evaluate()), await settled(module.link(linker)));
  } else {
    console.log(await settled(module.link(linker)), '|', await settled(module.evaluate()));
    for (const each of made.values()) {
      try {
        each.instantiate();
        console.log(each.identifier, each.status);
      } catch (error) {
        console.log(each.identifier, each.status, told(error));
      }
    }
  }
}

// Two graphs that have a module in common.
async function shared() {
  const linked = (specifier, common) => specifier === 'common' ? common : new SourceTextModule('');
  const graphs = () => {
    const common = new SourceTextModule("import 'y'");
    return [common, ...[1, 2].map(() => new SourceTextModule("import 'common'"))];
  };
  {
    const [common, one, two] = graphs();
    const linker = async (specifier) => {
      await later(4);
      return linked(specifier, common);
    };
    console.log(await Promise.all([settled(one.link(linker)), settled(two.link(linker))]), one.status, two.status);
  }
  {
    const [common, one, two] = graphs();
    one.link((specifier) => specifier === 'common' ? common : new Promise(() => {}));
    console.log(await settled(two.link((specifier) => linked(specifier, common))), one.status, two.status, common.status);
  }
  {
    const [common, one, two] = graphs();
    console.log(await settled(one.link((specifier) => specifier === 'common' ? common : Promise.reject(new Error('no')))));
    console.log(await settled(two.link((specifier) => linked(specifier, common))), one.status, two.status, common.status);
  }
}

// A context that drains its own queue.
async function ownQueue() {
  const context = vm.createContext({}, { microtaskMode: 'afterEvaluate' });
  for (const source of ['1', 'await 0', 'await new Promise(() => {})', 'throw new Error("AE")', 'await 0; throw new Error("AE")']) {
    const module = new SourceTextModule(source, { context });
    await module.link(() => {});
    const promise = module.evaluate();
    console.log(source, promise instanceof Promise, inspect(promise).split('\n')[0], await settled(promise), module.status);
  }
}

(async () => {
  for (const name of Object.keys(LINKERS)) {
    for (const root of ['a', 'd', 'missing', 'throws', 'waits', 'self']) await graph(name, root);
  }
  await shared();
  await ownQueue();
})();
