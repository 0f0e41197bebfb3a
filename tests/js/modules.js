#!/usr/bin/env node
// require, as Node has it.
const path = require('path');
const here = (text) => String(text).replaceAll(__dirname, 'HERE');
console.log(here([__filename, __dirname, module.id, module.filename, module.loaded, require.main === module]));
console.log(this === exports, arguments.length, Object.keys(require));
console.log(require('./modules/data'), require('./modules/data.json') === require('./modules/data'));
console.log(require('./modules/folder'), require('./modules/package'), require('./modules/plain.cjs'));
console.log(require('./modules/first'), require.cache[path.join(__dirname, 'modules/second.js')].loaded);
console.log(require('./modules/asks')('plain'), require('./modules/asks')('@scope/name'),
  require('./modules/asks')('@scope/name/f/x'));
console.log(here(module.children.map((child) => child.id)));
console.log(here(require.resolve('./modules/package')), require.resolve('node:path'), require.resolve.paths('path'));
function fails(name) {
  try {
    require(name);
  } catch (error) {
    console.log(error.name, error.code, here(error.message), here(error.requireStack ?? ''));
    console.log(here(error.stack.replace(/\n    at [^]*/, '')));
  }
}
fails('./modules/nowhere');
fails('nowhere');
fails('node:nowhere');
fails('');
fails('./modules/throws');
fails('./modules/wrong');
fails('./modules/asks_nowhere');
console.log(Object.keys(require.cache).some((name) => /throws|wrong|asks_nowhere/.test(name)));
require('./modules/throws_later').then(console.log, (error) => console.log(error.message));
