// Static imports: what comes from where, in what order, and what is shared.
globalThis.order = [];
const here = (text) => String(text).replaceAll(import.meta.dirname, 'HERE');
const show = (name, value) => console.log(name, value);

const { default: d, ...values } = await import('./esm/values.mjs');
show('values', [Object.keys(values), d.name]);
const live = await import('./esm/values.mjs');
live.bump();
show('live', [live.live, values.live]);
show('cycle', (await import('./esm/cycle_a.mjs')).both());

import json from './esm/data.json' with { type: 'json' };
import * as jsonNamespace from './esm/data.json' with { type: 'json' };
show('json', [json, jsonNamespace.default === json]);

import path, { join } from 'node:path';
import * as bare from 'path';
show('builtin', [path.join === join, bare.default === path, 'default' in bare]);
import vm, { Script } from 'node:vm';
show('vm', vm.Script === Script);

await import('./esm/second.mjs');
const inOrder = await import('data:text/javascript,globalThis.order.push("data"); export default 5');
show('data', inOrder.default);
await Promise.all(['first.mjs', 'second.mjs', 'third.cjs'].map((name) => import(`./esm/${name}`)));
show('order', order);

show('identity', [
  live === await import('./esm/../esm/values.mjs'),
  live === await import(new URL('./esm/values.mjs', import.meta.url)),
  live === await import(`${import.meta.dirname}/esm/values.mjs`),
  live === await import('./esm/values.mjs?query'),
  live === await import('./esm/values.mjs#fragment'),
]);

show('names.cjs', await import('./esm/names.cjs'));
show('literal.cjs', Object.keys(await import('./esm/literal.cjs')));
show('passes.cjs', Object.keys(await import('./esm/passes.cjs')));
show('detected', Object.entries(await import('./esm/detected.js')));
show('plain', (await import('./esm/plain.js')).default);
show('typed', [(await import('./esm/typed/x.js')).default, (await import('./esm/typed/y.cjs')).default]);
show('packages', [
  (await import('./esm/packages.mjs')).default,
]);

show('meta', [here(import.meta.url), here(import.meta.filename), here(import.meta.dirname), import.meta.main]);
show('resolve', ['./x.mjs', 'node:path', 'path', 'file:///a/../b'].map((name) => here(import.meta.resolve(name))));
show('globals', [typeof require, typeof module, typeof exports, typeof __filename, typeof this]);

const globals = await import('./esm/globals.wasm');
show('globals of wasm', [globals.constant, globals.variable, globals.memory instanceof WebAssembly.Memory]);
const wasm = await import('./esm/answer.wasm');
show('wasm', [Object.keys(wasm), wasm.answer()]);

import { createRequire } from 'node:module';
const load = createRequire(import.meta.url);
show('createRequire', [
  load('./esm/literal.cjs').a,
  createRequire(new URL('./esm/typed/x.js', import.meta.url))('./y.cjs'),
  createRequire(import.meta.filename)('./esm/values.mjs') === live,
]);
for (const name of ['x', 5, 'http://host/y']) {
  try {
    createRequire(name);
  } catch (error) {
    show(error.code, error.message);
  }
}
import source moduleSource from './esm/answer.wasm';
show('source', [moduleSource instanceof WebAssembly.Module, WebAssembly.Module.exports(moduleSource)[0].name]);
show('same source', moduleSource === await import.source('./esm/answer.wasm'));
