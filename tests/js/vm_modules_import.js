// args: --js-source-phase-imports
// import() and import.meta in vm's code: each kind of code that imports, and each answer that a callback can give.
'use strict';

const vm = require('vm');
const { inspect, types } = require('util');
const { Script, SourceTextModule, SyntheticModule } = vm;

const context = vm.createContext({});
const told = (error) => error === null || typeof error !== 'object' ? String(error) :
  `${error.name} ${error.code} ${error instanceof Error}: ${error.message}`;

async function settled(promise) {
  const pending = Symbol('pending');
  let timer;
  const late = new Promise((resolve) => { timer = setTimeout(resolve, 20, pending); });
  try {
    return inspect(await Promise.race([promise, late]), { depth: 1 });
  } catch (error) {
    return `rejected: ${told(error)}`;
  } finally {
    clearTimeout(timer);
  }
}

async function linked(source, options) {
  const module = new SourceTextModule(source, options);
  await module.link(() => {});
  return module;
}

async function evaluated(source, options) {
  const module = await linked(source, options);
  await module.evaluate();
  return module;
}

const ANSWERS = {
  evaluated: (context) => evaluated('export let a = 1', { context }),
  linked: (context) => linked('export let a = 1', { context }),
  unlinked: (context) => new SourceTextModule('export let a = 1', { context }),
  errored: async (context) => {
    const module = await linked('throw new TypeError("E")', { context });
    await module.evaluate().catch(() => {});
    return module;
  },
  notLinkable: async (context) => {
    const module = new SourceTextModule('import "x"', { context });
    await module.link(async () => { throw new Error('L'); }).catch(() => {});
    return module;
  },
  waiting: async (context) => {
    const module = await linked('export let a = 1; await new Promise(() => {})', { context });
    module.evaluate();
    return module;
  },
  synthetic: (context) => new SyntheticModule(['default'], () => {}, { context }),
  otherContext: () => evaluated('export let a = 1', { context: vm.createContext() }),
  namespace: async (context) => (await evaluated('export let a = 1', { context })).namespace,
  thenNamespace: (context) => evaluated('export function then(resolve) { resolve(77) }', { context }),
  thenable: (context) => ({ then(resolve) { ANSWERS.evaluated(context).then(resolve); } }),
  inherits: async (context) => Object.create(await ANSWERS.evaluated(context)),
  number: () => 5,
  undefined: () => undefined,
  null: () => null,
  object: () => ({}),
  throws: () => { throw new Error('C'); },
  rejects: async () => { throw new Error('C'); },
  never: () => new Promise(() => {}),
};

const moduleThatImports = async (options) => (await evaluated('export default await import("x")', options)).namespace.default;
const IMPORTERS = {
  script: (importModuleDynamically) => new Script('import("x")', { importModuleDynamically }).runInThisContext(),
  scriptInContext: (importModuleDynamically) => new Script('import("x")', { importModuleDynamically }).runInContext(context),
  runInContext: (importModuleDynamically) => vm.runInContext('import("x")', context, { importModuleDynamically }),
  compiled: (importModuleDynamically) => vm.compileFunction('return import("x")', [], { importModuleDynamically })(),
  compiledInContext: (importModuleDynamically) =>
    vm.compileFunction('return import("x")', [], { importModuleDynamically, parsingContext: context })(),
  module: (importModuleDynamically) => moduleThatImports({ importModuleDynamically }),
  moduleInContext: (importModuleDynamically) => moduleThatImports({ importModuleDynamically, context }),
  context: (importModuleDynamically) =>
    vm.runInContext('Promise.resolve("import(\'x\')").then(eval)', vm.createContext({}, { importModuleDynamically })),
  source: (importModuleDynamically) => new Script('import.source("x")', { importModuleDynamically }).runInThisContext(),
  newFunction: (importModuleDynamically) =>
    new Script('new Function("return import(\'x\')")()', { importModuleDynamically }).runInThisContext(),
  nobody: () => new Script('import("x")').runInThisContext(),
};

async function imports() {
  for (const [who, imports] of Object.entries(IMPORTERS)) {
    console.log(`== ${who}`);
    for (const [what, answer] of Object.entries(ANSWERS)) {
      const calls = [];
      const promise = imports(function(...given) {
        calls.push(this === undefined, ...given.map((each) => inspect(each, { depth: 0 }).split(' ')[0]));
        return answer(/Context/.test(who) ? context : undefined);
      });
      console.log(what, types.isPromise(promise), promise instanceof Promise, await settled(promise), calls.join());
    }
  }
}

async function referrers() {
  const seen = [];
  const importModuleDynamically = (specifier, referrer) => void seen.push(referrer);
  const script = new Script('import("x")', { importModuleDynamically });
  await settled(script.runInThisContext());
  const compiled = vm.compileFunction('return import("x")', [], { importModuleDynamically });
  await settled(compiled());
  const module = await linked('await import("x")', { importModuleDynamically });
  await settled(module.evaluate());
  const context = vm.createContext({}, { importModuleDynamically });
  await settled(vm.runInContext('Promise.resolve("import(\'x\')").then(eval)', context));
  console.log([script, compiled, module, context].map((each, i) => seen[i] === each));
}

async function attributes() {
  const importModuleDynamically = (specifier, referrer, attributes, phase) => {
    console.log(specifier, attributes, Object.isFrozen(attributes), phase);
    return evaluated('');
  };
  for (const source of [
    'import("x", { with: { type: "json", b: "c" } })', 'import("x", {})', 'import("x", { with: { type: 5 } })', 'import("x", 5)',
    'import({ toString() { return "made"; } })', 'import({ toString() { throw new Error("TS"); } })', 'import(Symbol())',
  ]) {
    console.log(source, await settled(new Script(source, { importModuleDynamically }).runInThisContext()));
  }
}

async function meta() {
  for (const of of [undefined, context]) {
    let times = 0;
    const module = await evaluated('export const a = import.meta; export default () => import.meta', {
      context: of,
      initializeImportMeta(meta, ...rest) {
        times++;
        meta.given = rest.length;
        console.log(Object.getPrototypeOf(meta), this === undefined, rest[0].constructor.name);
      },
    });
    console.log(module.namespace.a, module.namespace.default() === module.namespace.a, times);
    const throws = await linked('export let seen; try { import.meta } catch (error) { seen = error.message } import.meta', {
      context: of,
      initializeImportMeta() { throw new RangeError(`IM ${++times}`); },
    });
    console.log(await settled(throws.evaluate()), throws.status, times);
    console.log((await evaluated('export default import.meta', { context: of })).namespace.default);
  }
}

// Who answers for a context answers for code that no script or module of vm's has brought.
async function answersOfAContext() {
  const answering = vm.createContext({}, {
    importModuleDynamically: (specifier, referrer) => {
      console.log('asked', specifier, referrer === answering);
      return evaluated('');
    },
  });
  const { promise } = (await evaluated('export const promise = import("m")', { context: answering })).namespace;
  for (const [name, imported] of [
    ['runInContext', vm.runInContext('import("a")', answering)],
    ['Script', new Script('import("b")').runInContext(answering)],
    ['eval', vm.runInContext('eval("import(`c`)")', answering)],
    ['compileFunction', vm.compileFunction('return import("d")', [], { parsingContext: answering })()],
    ['module', promise],
    ['a job of eval', vm.runInContext('Promise.resolve("import(`e`)").then(eval)', answering)],
  ]) {
    console.log(name, await settled(imported));
  }
}

(async () => {
  await answersOfAContext();
  await imports();
  await referrers();
  await attributes();
  await meta();
})();
