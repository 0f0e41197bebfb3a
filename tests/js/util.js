// util, and that the modules by name are the globals. Each case prints its own text and what it gives.
const { inspect } = require('util');
function t(make) {
  let result;
  try {
    result = inspect(make());
  } catch (error) {
    result = `${error.name} ${error.code}: ${error.message}`;
  }
  console.log(`${String(make).slice(6)}\n  ${result}`);
}
const util = require('util');
const circ=()=>{const a={x:1};a.self=a;return a};
// Equal or not, one way and the other.
const pairs = [
  [1,1],
  [1,2],
  [NaN,NaN],
  [0,-0],
  ['a','a'],
  [null,undefined],
  [{a:1},{a:1}],
  [{a:1},{a:2}],
  [{a:1},{b:1}],
  [{a:undefined},{}],
  [[1,2],[1,2]],
  [[1,2],[1,3]],
  [[1],{0:1,length:1}],
  [[,1],[undefined,1]],
  [new Date(1),new Date(1)],
  [new Date(1),new Date(2)],
  [/a/g,/a/g],
  [/a/g,/a/i],
  [new Map([[1,{a:1}]]),new Map([[1,{a:1}]])],
  [new Map([[{a:1},1]]),new Map([[{a:1},1]])],
  [new Map([[{a:1},1]]),new Map([[{a:1},2]])],
  [new Set([1,2]),new Set([2,1])],
  [new Set([{a:1},{a:2}]),new Set([{a:2},{a:1}])],
  [new Set([{a:1},{a:1}]),new Set([{a:1},{a:2}])],
  [new Set([1]),new Set(['1'])],
  [new Error('x'),new Error('x')],
  [new Error('x'),new Error('y')],
  [new Error('x'),new TypeError('x')],
  [new Uint8Array([1]),new Uint8Array([1])],
  [new Uint8Array([1]),new Int8Array([1])],
  [new Float32Array([0]),new Float32Array([-0])],
  [new Float64Array([NaN]),new Float64Array([NaN])],
  [Object(1),Object(1)],
  [Object('a'),Object('b')],
  [Object(Symbol.iterator),Object(Symbol.iterator)],
  [()=>1,()=>1],
  [circ(),circ()],
  [Object.create(null),{}],
  [{[Symbol.for('a')]:1},{[Symbol.for('a')]:1}],
  [{[Symbol.for('a')]:1},{[Symbol.for('a')]:2}],
  [new (class A{}),new (class A{})],
  [new ArrayBuffer(2),new ArrayBuffer(2)],
  [1n,1n],
  [1n,1],
  [new DataView(new ArrayBuffer(1)),new DataView(new ArrayBuffer(1))],
  [new Error('x',{cause:1}),new Error('x',{cause:2})],
  [Object.assign([1],{x:1}),[1]],
  [Object.assign(new Map,{x:1}),new Map],
  [[[[]]],[[[]]]],
  [{a:circ()},{a:circ()}],
  [new Set([[1,[2]]]),new Set([[1,[2]]])],
  [Buffer.from('a'),Buffer.from('a')],
  [Buffer.from('a'),new Uint8Array([97])],
];
for (const [i, [a, b]] of pairs.entries()) console.log(i, util.isDeepStrictEqual(a, b), util.isDeepStrictEqual(b, a));
t(() => util.promisify(1));
t(() => util.promisify.custom.toString());
t(() => {function A(){} function B(){} B.prototype.x=1; util.inherits(A,B); return [new A().x, A.super_===B].join()});
t(() => util.types.isDate(new Date));
t(() => util.types.isProxy(new Proxy({},{})));
t(() => util.types.isPromise({}));
t(() => util.types.isBoxedPrimitive(Object(1n)));
t(() => util.format('%s %d %j', 'a', 1, {x:1}));
t(() => util.inspect({a:[1,{b:2}]}));
t(() => util.inspect(Buffer.from('hi')));
t(() => util.stripVTControlCharacters('\x1b[31mx\x1b[0m'));
t(() => util.callbackify(async()=>1).length);
t(() => new util.TextEncoder().encode('a').length);
t(() => util.isArray([]));
t(() => util.inspect(new URL('http://h/?a=1&b=2')));
t(() => util.inspect(new URLSearchParams('a=1&b=%20x')));
t(() => util.inspect(new URLSearchParams()));
t(() => util.inspect({u:new URL('http://h/')}));
t(() => require('events').EventEmitter===require('events'));
t(() => require('timers').setTimeout===setTimeout);
t(() => require('process')===process);
t(() => require('console')===console);
t(() => require('buffer').Buffer===Buffer);
t(() => Object.keys(require('timers/promises')).includes('setTimeout'));
t(() => util.inspect(Buffer.alloc(60)));
t(() => util.inspect(module).split('\n')[1]);
t(() => util.inspect(new URLSearchParams('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa=1&bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb=2')));
