import main from 'pkg';
import sub from 'pkg/sub';
import file from 'pkg/files/sub';
import legacy from 'legacy';
import legacyFile from 'legacy/file.mjs';
const codes = [];
for (const name of ['pkg/files/hidden', 'pkg/other', 'pkg/bad', 'pkg/gone', 'legacy/file', 'nowhere', '#none', '@scope', 'a%b']) {
  codes.push(await import(name).then(() => 'loaded', (error) =>
    `${error.name} ${error.code}: ${error.message.replaceAll(import.meta.dirname, 'HERE').split('\n')[0]}`));
}
export default [main, sub, file, legacy, legacyFile, ...codes];
