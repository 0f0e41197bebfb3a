// What vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER imports, and from where.
// stderr: ExperimentalWarning
const vm = require('node:vm');
const path = require('node:path');

const here = (text) => String(text).replaceAll(__dirname, 'HERE').replaceAll(process.cwd(), 'CWD').split('\nDid you')[0];
const loader = { importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER };
const said = async (what, promise) => console.log(what, await Promise.resolve(promise).then(
  (found) => Object.keys(found).join(), (error) => `${error.name} ${error.code}: ${here(error.message)}`));
(async () => {
  const code = "import('./esm/env.mjs')";
  const filename = path.join(__dirname, 'x.js');
  await said('a path', vm.runInThisContext(code, { ...loader, filename }));
  await said('a URL', vm.runInThisContext(code, { ...loader, filename: `file://${filename}` }));
  await said('neither', vm.runInThisContext("import('./nowhere.mjs')", { ...loader, filename: 'x/y.js' }));
  await said('no name', vm.runInThisContext("import('./nowhere.mjs')", loader));
  await said('another scheme', vm.runInThisContext(code, { ...loader, filename: 'http://host/x.js' }));
  await said('a script', new vm.Script(code, { ...loader, filename }).runInThisContext());
  await said('a function', vm.compileFunction(`return ${code}`, [], { ...loader, filename })());
  await said('a new context', vm.runInNewContext(code, {}, { ...loader, filename }));
  await said('a builtin', vm.runInNewContext("import('node:path/posix')", {}, loader).then(() => ({ loaded: 1 })));
  await said('without', vm.runInThisContext(code, { filename }));
  await said('the same', vm.runInThisContext(code, { ...loader, filename })
    .then(async (found) => ({ [found === await import('./esm/env.mjs')]: 1 })));
})();
