// args: --vm-generation=10
// node:vm as the manual of Node 10 has it: names, statuses and the four steps.
'use strict';

const vm = require('vm');

console.log(vm === require('node:vm'), Object.keys(vm).join());

const show = (module) => console.log(module.linkingStatus, module.status);
async function fails(call) {
  try {
    await call();
    console.log('it does not fail');
  } catch (error) {
    console.log(String(error));
  }
}

async function steps() {
  const dependency = new vm.SourceTextModule('export default 40');
  const module = new vm.SourceTextModule('import n from "forty"; n + 2;\n// the end', { url: 'file:///two.mjs' });
  console.log(module.url, dependency.url, module.dependencySpecifiers);
  show(module);
  await fails(() => module.instantiate());
  await fails(() => module.evaluate());
  const linking = module.link(async function(...given) {
    console.log(given.length, given[0], given[1] === module);
    return dependency;
  });
  show(module);
  await linking;
  show(module);
  await fails(() => module.link(() => {}));
  await fails(() => module.evaluate());
  module.instantiate();
  module.instantiate();
  show(module);
  show(dependency);
  console.log(await module.evaluate(), await module.evaluate());
  show(module);
}

async function failures() {
  const unlinkable = new vm.SourceTextModule('import "x"');
  await fails(() => unlinkable.link(() => { throw new Error('no x'); }));
  show(unlinkable);
  await fails(() => unlinkable.instantiate());
  const missing = new vm.SourceTextModule('import { q } from "x"');
  await missing.link(() => new vm.SourceTextModule(''));
  await fails(() => missing.instantiate());
  show(missing);
  const thrower = new vm.SourceTextModule('throw new Error("thrown")');
  await thrower.link(() => {});
  thrower.instantiate();
  await fails(() => thrower.evaluate());
  await fails(() => thrower.evaluate());
  show(thrower);
  console.log(thrower.error.message);
  await fails(() => new vm.SourceTextModule('let a = ;'));
}

// The value of a last statement, where it is an expression.
async function results() {
  const sources = [
    '1', '1;', '1; 2', '"a; b"', 'let a = 1; a++; a', 'let f = (x) => x; f\n(3)', '`a\n${1 + 1}; b`', '/* c; */ 5 // d; e',
    'function f() {}', 'class A {}', '{}', 'if (true) 6', '', ';', '({ a: 1 })', 'import.meta.name', 'Object.keys(import.meta).join()',
    'await 8', 'export default 9', '[1, 2].map((n) => {\n  return n;\n}).length',
  ];
  for (const source of sources) {
    const module = new vm.SourceTextModule(source, { initalizeImportMeta: (meta) => { meta.name = 'given'; } });
    await module.link(() => {});
    module.instantiate();
    console.log(JSON.stringify(source), await module.evaluate());
  }
}

steps().then(failures).then(results);
