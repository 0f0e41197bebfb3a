'use strict';

// What is measured, by jsvm and by Node with the same options: --expose-gc rows.js NAME SOURCE prints the value of one
// row. Without arguments: the rows, as JSON. SOURCE is a JSON file with one long string, the text of a big script.

const vm = require('node:vm');

const LOOP = 1e6;
const ENOUGH = 300e6;
const KEPT = 1000;
const SAMPLES = 5;

// Nanoseconds of CPU time, of all threads: other programs run on the machine too.
function now() {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1e3;
}

// One time. Doubles the times until that takes long enough, which warms up V8's compilers on the way; what collecting
// the garbage costs is part of it.
function each(work) {
  for (let times = 1; ; times *= 2) {
    const start = now();
    for (let i = 0; i < times; i++) work(i);
    const taken = now() - start;
    if (taken >= ENOUGH) return taken / times;
  }
}

// The median of a few, each with the garbage of the one before collected first.
function single(prepare, work) {
  const taken = [];
  for (let i = 0; i < SAMPLES; i++) {
    const input = prepare(i);
    gc();
    const start = now();
    work(input, i);
    taken.push(now() - start);
  }
  return taken.sort((a, b) => a - b)[SAMPLES >> 1];
}

// One turn of a loop inside a contextified object.
function loop(statement, directive = '', declaration = '') {
  const context = vm.createContext({ foo: 1 });
  vm.runInContext(declaration, context);
  const source = `(() => { ${directive}; let last; for (let i = 0; i < ${LOOP}; i++) ${statement}; return last; })`;
  return each(vm.runInContext(source, context)) / LOOP;
}

// Bytes that each of many contexts adds.
function kept(measure, make) {
  for (let i = 0; i < 10; i++) make();
  gc();
  const before = measure();
  const contexts = [];
  for (let i = 0; i < KEPT; i++) contexts.push(make());
  gc();
  return (measure() - before) / contexts.length;
}

function run(code, options) {
  const script = new vm.Script(code);
  const context = vm.createContext({ foo: 1 });
  return each(() => script.runInContext(context, options));
}

const resident = () => process.memoryUsage().rss;
const heap = () => process.memoryUsage().heapUsed;
const contextified = () => vm.createContext({});
const ordinary = () => vm.createContext(vm.constants.DONT_CONTEXTIFY);

const source = () => require(process.argv[3]);
// Not to be collected.
let keep;
// Another text each time, in one piece before it is compiled.
function changed(i) {
  const text = `${source()}\n//${i}`;
  text.charCodeAt(0);
  return text;
}

// `target` is the ratio to Node that is to be reached, 1 unless it is named. `adds` names the row that does the same
// without the option, and the microseconds that the option may add.
const rows = {
  'createContext({})': { value: () => each(contextified) },
  'createContext(DONT_CONTEXTIFY)': { value: () => each(ordinary) },
  'runInNewContext of 0': { value: () => each(() => vm.runInNewContext('0')) },
  'memory of a context: resident': { unit: 'B', value: () => kept(resident, contextified) },
  'memory of a context: heap': { unit: 'B', value: () => kept(heap, contextified) },
  'memory of an ordinary context: resident': { unit: 'B', value: () => kept(resident, ordinary) },

  'script.runInContext of globalThis.foo++': { value: () => run('globalThis.foo++') },
  'script.runInContext of 0': { value: () => run('0') },
  'script.runInContext of 0, timeout': {
    adds: ['script.runInContext of 0', 1.5],
    value: () => run('0', { timeout: 1000 }),
  },
  'script.runInContext of 0, breakOnSigint': {
    adds: ['script.runInContext of 0', 3],
    value: () => run('0', { breakOnSigint: true }),
  },
  'script.runInContext of 0, timeout and breakOnSigint': {
    value: () => run('0', { timeout: 1000, breakOnSigint: true }),
  },
  'vm.runInContext of 0': {
    value() {
      const context = vm.createContext({});
      return each(() => vm.runInContext('0', context));
    },
  },

  'read foo': { value: () => loop('last = foo') },
  'read foo, strict': { value: () => loop('last = foo', '"use strict"') },
  'read globalThis.foo': { value: () => loop('last = globalThis.foo') },
  'read Math': { value: () => loop('last = Math') },
  'typeof undeclared': { value: () => loop('last = typeof undeclared') },
  'write foo': { target: 0.5, value: () => loop('foo = i') },
  'write foo, strict': { target: 0.5, value: () => loop('foo = i', '"use strict"') },
  'write a var': { value: () => loop('bar = i', '', 'var bar = 1') },
  'write globalThis.foo': { target: 0.5, value: () => loop('globalThis.foo = i') },

  'compileFunction, the same text': { value: () => each(() => vm.compileFunction('return a + b', ['a', 'b'])) },
  'compileFunction, another text': { value: () => each((i) => vm.compileFunction(`return a + b + ${i}`, ['a', 'b'])) },
  'new vm.Script, the same text': { value: () => each(() => new vm.Script('globalThis.foo++')) },
  'new vm.Script, another text': { value: () => each((i) => new vm.Script(`globalThis.foo + ${i}`)) },

  'new vm.Script of 9 MB, cold': { value: () => single(changed, (text) => new vm.Script(text)) },
  'new vm.Script of 9 MB, again': {
    value() {
      const text = source();
      keep = new vm.Script(text);
      return each(() => new vm.Script(text));
    },
  },
  'new vm.Script of 9 MB, again after the first was collected': {
    value() {
      const text = source();
      new vm.Script(text);
      return single(() => {}, () => new vm.Script(text));
    },
  },
  // By another file name each time: V8 would find the script itself by the same one.
  'new vm.Script of 9 MB, cachedData': {
    value() {
      const text = source();
      const cachedData = new vm.Script(text).createCachedData();
      return single(() => {}, (_, i) => {
        const script = new vm.Script(text, { filename: `${i}.js`, cachedData });
        if (script.cachedDataRejected) throw new Error('the cache was rejected');
      });
    },
  },
  'createCachedData of 9 MB': {
    value() {
      const script = new vm.Script(source());
      return single(() => {}, () => script.createCachedData());
    },
  },
};

const MODULES = 10000;
const { SourceTextModule, SyntheticModule } = vm;

// The median of a few, of promises.
async function later(prepare, work) {
  const taken = [];
  for (let i = 0; i < SAMPLES; i++) {
    const input = await prepare();
    gc();
    const start = now();
    await work(input);
    taken.push(now() - start);
  }
  return taken.sort((a, b) => a - b)[SAMPLES >> 1];
}

// Modules by number, of which each imports the ones that `imports` gives.
function modules(count, imports) {
  return Array.from({ length: count }, (_, i) => {
    const lines = imports(i).filter((at) => at < count).map((at) => `import { v as v${at} } from '${at}';`);
    return new SourceTextModule(`${lines.join('')}export const v = ${i};`);
  });
}
const leaves = () => modules(MODULES, () => []);
const tree = () => modules(MODULES, (i) => [2 * i + 1, 2 * i + 2]);
const chain = () => modules(2000, (i) => [i + 1]);
const link = (all) => all[0].link((specifier) => all[specifier]);
async function linked(all) {
  await link(all);
  return all;
}
const requested = (all) => all.map((module) => module.moduleRequests.map(({ specifier }) => all[specifier]));
const synthetic = () => Array.from({ length: MODULES }, () => new SyntheticModule(['a', 'b'], function evaluate() {
  this.setExport('a', 1);
  this.setExport('b', 2);
}));

Object.assign(rows, {
  'modules: 10,000 leaves, new': { value: () => single(() => {}, leaves) },
  'modules: 10,000 leaves, link': {
    async value() {
      return await later(leaves, async (all) => { for (const module of all) await module.link(() => {}); });
    },
  },
  'modules: 10,000 leaves, evaluate': {
    async value() {
      return await later(async () => {
        const all = leaves();
        for (const module of all) await module.link(() => {});
        return all;
      }, async (all) => { for (const module of all) await module.evaluate(); });
    },
  },
  'modules: a tree of 10,000, link': { target: 0.33, value: () => later(tree, link) },
  'modules: a tree of 10,000, linkRequests and instantiate': {
    value: () => later(() => {
      const all = tree();
      return [all, requested(all)];
    }, ([all, requests]) => {
      all.forEach((module, i) => module.linkRequests(requests[i]));
      all[0].instantiate();
    }),
  },
  'modules: a tree of 10,000, evaluate': { value: () => later(() => linked(tree()), (all) => all[0].evaluate()) },
  'modules: a chain of 2,000, link': { target: 0.33, value: () => later(chain, link) },
  'modules: a chain of 2,000, evaluate': { value: () => later(() => linked(chain()), (all) => all[0].evaluate()) },
  'modules: 10,000 synthetic, new': { value: () => single(() => {}, synthetic) },
  'modules: 10,000 synthetic, evaluate': {
    value: () => later(synthetic, async (all) => { for (const module of all) await module.evaluate(); }),
  },
});

const name = process.argv[2];
if (name === undefined) {
  const list = Object.entries(rows).map(([name, { unit = 'ns', target = 1, adds }]) => ({ name, unit, target, adds }));
  console.log(JSON.stringify(list));
} else {
  Promise.resolve(rows[name].value()).then(console.log);
}
