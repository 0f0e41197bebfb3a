// path, as Node's path.posix has it: paths made of odd pieces.
const path = require('path');
const PIECES = ['', '.', '..', 'a', 'b.js', '.x', 'c.', '..d', 'e.f.g', 'é'];
let seed = 1;
const random = (limit) => (seed = (seed * 1103515245 + 12345) % 2147483648) % limit;
function make() {
  let made = random(2) ? '/' : '';
  for (let i = random(5); i >= 0; i--) made += PIECES[random(PIECES.length)] + '/'.repeat(random(3));
  return made;
}
for (let i = 0; i < 300; i++) {
  const [a, b] = [make(), make()];
  // Node gives '////' for basename('////', '.js') and an extension to '/..': it does not for '//' and '..'.
  if (/^(?:\/+|\/\.\.)$/.test(a)) continue;
  console.log([a, b, path.normalize(a), path.join(a, b), path.resolve('/q/r', a, b), path.relative(`/${a}`, `/${b}`),
    path.dirname(a), path.basename(a), path.basename(a, '.js'), path.extname(a), JSON.stringify(path.parse(a)),
    path.format(path.parse(a)), path.isAbsolute(a)].join(' | '));
}
for (const name of ['join', 'resolve', 'dirname', 'basename', 'extname', 'normalize', 'isAbsolute', 'parse']) {
  try {
    path[name](1);
  } catch (error) {
    console.log(name, error.code, error.message);
  }
}
