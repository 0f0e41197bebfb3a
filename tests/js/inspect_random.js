let seed = 42; const rnd = () => { seed = (seed * 1103515245 + 12345) & 0x7fffffff; return seed / 0x7fffffff; };
const int = (n) => Math.floor(rnd() * n); const pick = (a) => a[int(a.length)];
class A {} class B extends Map {} class C extends Array {} class E extends Error {}
const words = ['a', 'b c', "it's", 'x\ny', '日本', '', 'longer word here', '😀', 'foo', 'bar_baz', '123', 'é', '"q"', '`', '\\', 'x'.repeat(40)];
const pool = [];
function value(d) {
  const k = int(d <= 0 ? 9 : 26);
  switch (k) {
    case 0: return int(1e6); case 1: return (rnd() - 0.5) * 10 ** int(20); case 2: return pick(words); case 3: return pick([true, false, null, undefined, -0, NaN]);
    case 4: return BigInt(int(1e9)); case 5: return Symbol(pick(words)); case 6: return pick([() => {}, A, Math.max, async () => {}]); case 7: return pick(words) + pick(words); case 8: return pool.length ? pick(pool) : 1;
    case 9: case 10: case 11: case 12: { const o = pick([() => ({}), () => new A(), () => Object.create(null), () => ({})])(); pool.push(o); for (let i = int(6); i > 0; i--) o[rnd() < 0.1 ? Symbol(pick(words)) : pick(words)] = value(d - 1); return o; }
    case 13: case 14: case 15: { const n = int(rnd() < 0.3 ? 130 : 9); const a = pick([() => [], () => new C()])(); const f = pick([() => int(1000), () => pick(words), () => value(d - 1), () => value(0), () => int(9) * 1.5, () => 'i' + int(100)]); for (let i = 0; i < n; i++) if (rnd() > 0.03) a[i] = f(); pool.push(a); if (rnd() < 0.1) a.extra = value(d - 1); return a; }
    case 16: { const m = pick([() => new Map(), () => new B()])(); for (let i = int(5); i > 0; i--) m.set(value(d - 1), value(d - 1)); pool.push(m); return m; }
    case 17: { const m = new Set(); for (let i = int(9); i > 0; i--) m.add(value(d - 1)); return m; }
    case 18: return new Date(int(1e12)); case 19: return /x(y)+/gi; case 20: return new Uint8Array(int(30)).map(() => int(256));
    case 21: { const e = new E(pick(words)); e.stack = 'Error: ' + e.message + '\n    at x (y:1:1)'; if (rnd() < 0.4) e.cause = value(d - 1); if (rnd() < 0.4) e.code = 'X'; return e; }
    case 22: return Promise.resolve(value(d - 1)); case 23: return new Proxy({ p: value(d - 1) }, {}); case 24: return pick([new Number(int(9)), new String(pick(words)), new Map([[1, value(d - 1)]]).entries()]);
    case 25: return { get g() { return 1; }, set s(x) {}, v: value(d - 1), m() {} };
  }
}
for (let i = 0; i < 150; i++) {
  pool.length = 0;
  const options = {};
  if (rnd() < 0.2) options.depth = pick([0, 1, 3, 5, null]); if (rnd() < 0.15) options.colors = true; if (rnd() < 0.15) options.compact = pick([true, false, 1, 2, 4]);
  if (rnd() < 0.15) options.breakLength = pick([20, 40, 60, 120, Infinity]); if (rnd() < 0.1) options.maxArrayLength = pick([0, 1, 5, 200]); if (rnd() < 0.1) options.sorted = true; if (rnd() < 0.1) options.showProxy = true;
  if (rnd() < 0.1) options.maxStringLength = pick([0, 3, 10]); if (rnd() < 0.1) options.numericSeparator = false; if (rnd() < 0.1) options.getters = true; if (rnd() < 0.1 && !options.sorted) options.showHidden = true;
  const v = value(4);
  console.log('#', i, JSON.stringify(options)); try { console.dir(v, options); } catch (e) { console.log('threw', String(e).split('\n')[0]); }
}
