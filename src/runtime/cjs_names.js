'use strict';

// The names that a CommonJS module will export, from its text: what an ES module can import of it by name has to be known
// before it runs. Found are the forms that people and compilers write; what is computed is not, as in Node.

const IDENTIFIER = '[A-Za-z_$][\\w$]*';
const STRING = '\'(?:[^\'\\\\\\n]|\\\\.)*\'|"(?:[^"\\\\\\n]|\\\\.)*"';
const EXPORTS = '(?:module\\s*\\.\\s*)?exports';

// What is skipped, so that nothing is found inside of it.
const SKIPPED = `//[^\\n]*|/\\*[^]*?\\*/|\`(?:[^\`\\\\]|\\\\[^])*\``;
const FORMS = new RegExp([
  SKIPPED,
  // exports.name = ...; exports['name'] = ...
  `(?<![\\w$.])${EXPORTS}\\s*(?:\\.\\s*(?<name>${IDENTIFIER})|\\[\\s*(?<key>${STRING})\\s*\\])\\s*=(?!=)`,
  // Object.defineProperty(exports, 'name', ...
  `(?<![\\w$.])Object\\s*\\.\\s*defineProperty\\s*\\(\\s*${EXPORTS}\\s*,\\s*(?<defined>${STRING})`,
  // module.exports = require('other')
  `(?<![\\w$.])module\\s*\\.\\s*exports\\s*=\\s*require\\s*\\(\\s*(?<other>${STRING})\\s*\\)`,
  // __exportStar(require('other'), exports), as compilers write it
  `(?<![\\w$.])(?:\\w+\\s*\\.\\s*)?__export(?:Star)?\\s*\\(\\s*require\\s*\\(\\s*(?<star>${STRING})\\s*\\)`,
  // module.exports = {
  '(?<![\\w$.])module\\s*\\.\\s*exports\\s*=\\s*(?<object>\\{)',
  STRING,
].join('|'), 'g');

// In an object literal: a name and what follows it, or `...require('other')`. Once a value is more than a name the rest of
// the literal is not looked at.
const MEMBER = new RegExp(`(?:\\s|//[^\\n]*|/\\*[^]*?\\*/)*(?:\\.\\.\\.\\s*require\\s*\\(\\s*(?<other>${STRING})\\s*\\)|` +
  `(?<name>${IDENTIFIER})|(?<key>${STRING}))(?:\\s|//[^\\n]*|/\\*[^]*?\\*/)*(?<next>[,}:(])?`, 'y');
const VALUE = new RegExp(`\\s*${IDENTIFIER}\\s*(?<next>,)?`, 'y');

function textOf(quoted) {
  try {
    return JSON.parse(`"${quoted.slice(1, -1).replace(/\\'/g, "'").replace(/(?<!\\)"/g, '\\"')}"`);
  } catch {
    return undefined;
  }
}

// { names, others }: the exports of `others`, as required, are its own too.
function namesOf(text) {
  const names = new Set();
  const others = new Set();
  const add = (name) => {
    if (name !== undefined) names.add(name);
  };
  FORMS.lastIndex = 0;
  for (let found; (found = FORMS.exec(text)) !== null;) {
    const { name, key, defined, other, star, object } = found.groups;
    if (name !== undefined) add(name);
    if (key !== undefined) add(textOf(key));
    if (defined !== undefined) add(textOf(defined));
    if (other !== undefined || object !== undefined) others.clear();
    if (other !== undefined) others.add(textOf(other));
    if (star !== undefined) others.add(textOf(star));
    if (object !== undefined) literal(text, FORMS.lastIndex, add, others);
  }
  return { names, others };
}

function literal(text, start, add, others) {
  MEMBER.lastIndex = start;
  for (let found; (found = MEMBER.exec(text)) !== null;) {
    const { other, name, key, next } = found.groups;
    if (other !== undefined) {
      others.add(textOf(other));
      if (next !== ',') return;
      continue;
    }
    // A method or an accessor.
    if (next === '(' || next === undefined) return;
    VALUE.lastIndex = MEMBER.lastIndex;
    const value = next === ':' ? VALUE.exec(text) : found;
    if (value === null) return;
    add(name ?? textOf(key));
    if (value.groups.next !== ',') return;
    if (next === ':') MEMBER.lastIndex = VALUE.lastIndex;
  }
}

return { namesOf };
