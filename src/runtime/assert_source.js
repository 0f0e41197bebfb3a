'use strict';

// The call that an assertion was made with, as the source writes it.

// What stands before the place that V8 names: `assert.` of assert.ok(0).
const HEAD = /[\w$]+(?:\??\.[\w$]+|(?:\?\.)?\[['"]?[\w$]*['"]?\])*(?:\??\.|(?:\?\.)?\[['"]?)?$/;
// What may hold a parenthesis that is none, and the parentheses: texts, comments, regular expressions.
const TOKEN = new RegExp([/'(?:\\.|[^'\\])*'/, /"(?:\\.|[^"\\])*"/, /`(?:\\.|[^`\\])*`/, /\/\*.*?\*\//, /\/\/.*/,
  /(?<=[(,=:[!&|?{};+*%~^<>-]\s*)\/(?:\\.|\[(?:\\.|[^\]\\])*\]|[^/\\[])+\//, /[()]/]
  .map((part) => part.source).join('|'), 'g');

// The call of `callee` that is being made, as far as its first line goes; undefined if the source is not known.
function callOf(callee) {
  const at = new Error();
  Error.captureStackTrace(at, callee);
  const place = native.place(at);
  if (place === undefined) return undefined;
  const [line, column] = place;
  const start = column - (HEAD.exec(line.slice(0, column))?.[0].length ?? 0);
  let depth = 0;
  TOKEN.lastIndex = column;
  for (let token; (token = TOKEN.exec(line)) !== null;) {
    if (token[0] === '(') depth++;
    else if (token[0] === ')' && --depth <= 0) return line.slice(start, token.index + 1);
  }
  return line.slice(start).replace(/;?\s*$/, '');
}

return { callOf };
