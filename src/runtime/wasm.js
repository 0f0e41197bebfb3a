'use strict';

// Modules made of WebAssembly. What the guest does to WebAssembly before this file is loaded changes what it does.

const { array, list } = load('builtins');
const { WebAssembly } = globalThis;
const { Global, Instance, Module } = WebAssembly ?? {};
const { exports: exportsOf, imports: importsOf } = Module ?? {};
const { stringify } = JSON;
const { getOwnPropertyDescriptor } = Object;
const { apply } = Reflect;
const globalValue = Global && getOwnPropertyDescriptor(Global.prototype, 'value').get;

// The record of a module whose imports and exports are those of the instance; of globals the values that they have when it is
// evaluated. `answer` answers its import().
function wasmModule(identifier, module, answer) {
  const imports = importsOf(module);
  const exports = exportsOf(module);
  let text = '';
  const names = list();
  for (let i = 0; i < imports.length; i++) {
    const from = imports[i].module;
    if (array.includes(names, from)) continue;
    text += `import * as i${names.length} from ${stringify(from)};\n`;
    array.push(names, from);
  }
  text += 'const e = import.meta.run([';
  for (let i = 0; i < names.length; i++) text += `i${i}, `;
  text += ']);\n';
  for (let i = 0; i < exports.length; i++) {
    text += `const e${i} = e[${i}]; export { e${i} as ${stringify(exports[i].name)} };\n`;
  }
  const run = (given) => {
    const object = { __proto__: null };
    for (let i = 0; i < names.length; i++) object[names[i]] = given[i];
    const made = new Instance(module, object).exports;
    const values = list();
    for (let i = 0; i < exports.length; i++) {
      const { kind, name } = exports[i];
      array.push(values, kind === 'global' ? apply(globalValue, made[name], []) : made[name]);
    }
    return values;
  };
  const record = native.newSourceText(text, identifier, 0, 0, undefined, undefined, (meta) => { meta.run = run; }, answer);
  native.setSource(record, module);
  return record;
}

return { wasmModule, WasmModule: Module };
