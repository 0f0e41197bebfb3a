// What console.log makes of its arguments: util.format.
const circle = {};
circle.circle = circle;
class Foo { constructor() { this.a = 1; } }
class Bar extends Foo { toString() { return 'a Bar'; } }
const noStack = (error) => Object.assign(error, { stack: undefined });
const cases = [
  [], [''], ['%'], ['%%'], ['%% %%', 1], ['100%', 1], ['%s'], ['%d %s'], ['%s', 'a'], ['%s'], ['a', 'b', 'c'],
  ['%s %s', 'a'], ['%s', 'a', 'b', { c: 1 }], ['%s%s%s', 1, 2, 3], ['%x %s', 'a'], ['%', 'a'], ['%s%', 'a'], ['%%%s%%', 'a'],
  ['%%s', 'a'], ['%%%', 1], ['%S', 1], ['% s', 1],
  ['%s %s %s %s', -0, 5n, Symbol('x'), undefined], ['%s %s', null, true], ['%s', { a: { b: { c: 1 } } }], ['%s', [1, [2, [3]]]],
  ['%s', () => 5], ['%s', function foo() {}], ['%s', class Foo {}], ['%s', new Foo()], ['%s', new Bar()], ['%s', new (class extends Bar {})()],
  ['%s', { toString() { return 'own'; } }], ['%s', Object.create(null)], ['%s', Object.create({ toString() { return 'inherited'; } })],
  ['%s', noStack(new Error('m'))], ['%s', noStack(new (class E extends Error { toString() { return 'E!'; } })('m'))],
  ['%s', new Date(0)], ['%s', /x/], ['%s', new Map([[1, { a: 1 }]])], ['%s', new Proxy({ a: 1 }, {})], ['%s', new Proxy(new Bar(), {})],
  ['%s', { [Symbol.toPrimitive]: () => 'primitive', a: 1 }], ['%s', new String('x')], ['%s', new Number(-0)], ['%s', { toString: 5 }],
  ['%d', 5], ['%d', '0x10'], ['%d', 'x'], ['%d', 5n], ['%d', Symbol('x')], ['%d', {}], ['%d', null], ['%d', undefined], ['%d', -0], ['%d', 1.5], ['%d', ''], ['%d', []], ['%d', new Date(7)], ['%d', Infinity],
  ['%i', 5.9], ['%i', '12px'], ['%i', 5n], ['%i', Symbol('x')], ['%i', {}], ['%i', -0.5], ['%i', 1e21],
  ['%f', '1.5x'], ['%f', 5n], ['%f', Symbol('x')], ['%f', -0], ['%f', {}], ['%f', '1e3'],
  ['%j', { a: [1, 'x'] }], ['%j', undefined], ['%j', () => {}], ['%j', circle], ['%j', { toJSON() { return 'J'; } }], ['%j', 'x'], ['%j', Symbol('x')],
  ['%o', { f() {} }], ['%o', [1, [2]]], ['%o', 'x'], ['%o', 5], ['%o', { foo() {} }.foo], ['%o', new Proxy({ a: 1 }, {})], ['%o', { a: { b: { c: { d: { e: { f: 1 } } } } } }],
  ['%O', { f() {} }], ['%O', { a: { b: { c: { d: { e: 1 } } } } }], ['%O', [1, [2]]], ['%O', 'x'], ['%O', 5],
  ['%c', 'css'], ['%cred%c', 'color:red', ''], ['%c'], ['a%cb', 'x', 'y'],
  [1, 2, 3], [1, '%s', 2], [{ a: 1 }, 'x'], ['x', { a: 1 }, [2], 'y', null, undefined, 1n, Symbol('s')], [null], [undefined], [undefined, undefined], [Symbol('x')], [5n, -0],
  [new Error('x').nothing, 'a\nb'], ['a\n%s', 'b\nc'], [['a\nb']], [{ a: { b: { c: { d: 1 } } } }, 'x'], ['', 'x'], ['', ''], ['x', ''], [1, ''],
  ['%s', 'x'.repeat(20000).length], ['%s', 'a'.repeat(300)], ['%O', circle], ['%s', circle], [circle], [() => {}, class {}], [function foo() {}],
  ['%s', 1234567.891], ['%d', '1e400'], ['%i', '  42  '], ['%f', ' 4.2 '], ['%d', '  42  '], ['%o %O', { a: 1 }, { b: 2 }], ['%s:%s', 'a', 'b', 'c:%s', 'd'], ['%d%%', 50], ['%j%j', 1, 2, 3],
];
for (const values of cases) {
  try {
    console.log(...values);
  } catch (error) {
    console.log('threw', error.name, error.message.split('\n')[0]);
  }
}
