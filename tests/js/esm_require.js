// require of ES modules, and import() in CommonJS.
const here = (text) => String(text).replaceAll(__dirname, 'HERE');
const fails = (name) => {
  try {
    require(name);
    console.log(name, 'is loaded');
  } catch (error) {
    console.log(name, error.name, error.code, here(error.message).split(/\n| To see/)[0]);
  }
};
globalThis.order = [];
const values = require('./esm/values.mjs');
console.log(values, values.__esModule, require('./esm/values.mjs') === values);
console.log(require('./esm/cycle_a.mjs').both(), require('./esm/cycle_a.mjs'));
console.log(require('./esm/detected.js'));
console.log(require('./esm/typed/x.js').default);
console.log(Object.keys(require.cache).map((name) => here(name)), module.children.length);
fails('./esm/second.mjs');
fails('./esm/throws.mjs');
fails('./esm/syntax.mjs');
fails('./esm/missing_export.mjs');
console.log(order);
(async () => {
  const again = await import('./esm/values.mjs');
  console.log(again.live, values.bump(), again.live, values.live);
  console.log((await import('./esm/literal.cjs')).default === require('./esm/literal.cjs'));
  console.log((await import('./esm/second.mjs')), order);
  console.log(await import('nowhere').catch((error) => here(error.message)));
  const { test } = await eval("import('./esm/values.mjs')").then((found) => ({ test: found === again }));
  console.log(test, await new Function("return import('./esm/values.mjs')")() === again);
})();
