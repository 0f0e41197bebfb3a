// What inspect makes of values and options that nobody chose: the same as Node's.
let seed = 42;
const random = () => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) / 0x7fffffff;
const int = (n) => Math.floor(random() * n);
const chance = (p) => random() < p;
const pick = (list) => list[int(list.length)];

class Plain {}
class Index extends Map {}
class List extends Array {}
class Failure extends Error {}
const words = ['a', 'b c', "it's", 'x\ny', '日本', '', 'longer word here', '😀', 'foo', 'bar_baz', '123', 'é', '"q"',
  '`', '\\', 'x'.repeat(40)];
// What was made before may come again, inside of itself too.
const made = [];
const keep = (value) => (made.push(value), value);
const times = (n, f) => { for (let i = 0; i < n; i++) f(i); };

const leaves = [
  () => int(1e6),
  () => (random() - 0.5) * 10 ** int(20),
  () => pick(words),
  () => pick(words) + pick(words),
  () => pick([true, false, null, undefined, -0, NaN]),
  () => BigInt(int(1e9)),
  () => Symbol(pick(words)),
  () => pick([() => {}, Plain, Math.max, async () => {}]),
  () => (made.length > 0 ? pick(made) : 1),
];

function object(depth) {
  const result = keep(pick([() => ({}), () => new Plain(), () => Object.create(null), () => ({})])());
  times(int(6), () => { result[chance(0.1) ? Symbol(pick(words)) : pick(words)] = value(depth - 1); });
  return result;
}

function array(depth) {
  const result = keep(pick([() => [], () => new List()])());
  const item = pick([() => int(1000), () => pick(words), () => value(depth - 1), () => value(0), () => int(9) * 1.5,
    () => `i${int(100)}`]);
  times(int(chance(0.3) ? 130 : 9), (i) => { if (chance(0.97)) result[i] = item(); });
  if (chance(0.1)) result.extra = value(depth - 1);
  return result;
}

function failure(depth) {
  const error = new Failure(pick(words));
  error.stack = `Error: ${error.message}\n    at x (y:1:1)`;
  if (chance(0.4)) error.cause = value(depth - 1);
  if (chance(0.4)) error.code = 'X';
  return error;
}

const branches = [
  object, object, object, object, array, array, array, failure,
  (depth) => {
    const map = keep(pick([() => new Map(), () => new Index()])());
    times(int(5), () => map.set(value(depth - 1), value(depth - 1)));
    return map;
  },
  (depth) => {
    const set = new Set();
    times(int(9), () => set.add(value(depth - 1)));
    return set;
  },
  () => new Date(int(1e12)),
  () => /x(y)+/gi,
  () => new Uint8Array(int(30)).map(() => int(256)),
  () => pick([new Number(int(9)), new String(pick(words))]),
  (depth) => Promise.resolve(value(depth - 1)),
  (depth) => new Proxy({ p: value(depth - 1) }, {}),
  (depth) => new Map([[1, value(depth - 1)]]).entries(),
  (depth) => ({ get g() { return 1; }, set s(x) {}, v: value(depth - 1), m() {} }),
];

function value(depth) {
  const kind = int(leaves.length + (depth > 0 ? branches.length : 0));
  return kind < leaves.length ? leaves[kind]() : branches[kind - leaves.length](depth);
}

const choices = {
  depth: [0, 1, 3, 5, null],
  colors: [true],
  compact: [true, false, 1, 2, 4],
  breakLength: [20, 40, 60, 120, Infinity],
  maxArrayLength: [0, 1, 5, 200],
  maxStringLength: [0, 3, 10],
  showProxy: [true],
  getters: [true],
  sorted: [true],
};

for (let i = 0; i < 150; i++) {
  made.length = 0;
  const options = {};
  for (const name of Object.keys(choices)) if (chance(0.12)) options[name] = pick(choices[name]);
  console.log('#', i, JSON.stringify(options));
  console.dir(value(4), options);
}
