// What import rejects with.
const here = (text) => String(text).replaceAll(import.meta.dirname, 'HERE');
async function fails(specifier, options) {
  const what = options === undefined ? specifier : `${specifier} ${JSON.stringify(options)}`;
  try {
    await import(specifier, options);
    console.log(here(what), 'is loaded');
  } catch (error) {
    const keys = Object.keys(error).filter((key) => key !== 'code');
    console.log(`${here(what)}: ${error.name} ${error.code}: ${here(error.message).split('\nDid you')[0]}`, keys);
  }
}
await fails('./esm/nowhere.mjs');
await fails('./esm/values');
await fails('./esm/missing_file.mjs');
await fails('./esm/folder_');
await fails('./esm/typed');
await fails('./esm/typed/');
await fails('./esm/text.txt');
await fails('./esm/a%2fb.mjs');
await fails('nowhere');
await fails('nowhere/at/all');
await fails('@nowhere/at/all');
await fails('');
await fails('http://host/x.mjs');
await fails('other:x');
await fails('node:nowhere');
await fails('./esm/syntax.mjs');
await fails('./esm/missing_export.mjs');
await fails('./esm/throws.mjs');
await fails('./esm/commonjs/x.js');
await fails('./esm/data.json');
await fails('./esm/data.json', { with: { type: 'css' } });
await fails('./esm/data.json', { with: { kind: 'json' } });
await fails('./esm/values.mjs', { with: { type: 'json' } });
await fails('node:path', { with: { type: 'json' } });
await fails('./esm/typed/package.json', { with: { type: 'json' } });
const [first, second] = await Promise.allSettled([import('./esm/throws.mjs'), import('./esm/throws.mjs')]);
console.log(first.reason === second.reason, first.reason.message);
await fails('data:text/plain,1');
for (const name of ['missing', 'default']) {
  const source = `data:text/javascript,import { ${name} } from ${JSON.stringify(`${import.meta.url}/../esm/literal.cjs`)}`;
  await import(source).then(() => console.log(name, 'is there'), (error) => console.log(here(error.message)));
}
