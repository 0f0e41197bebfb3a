// node:assert: what each check says. Each case prints its own text, then "ok" or the error's properties and message.
const assert = require('assert');
const { inspect } = require('util');

function told(error) {
  const { message, code, generatedMessage, operator, name } = Object(error);
  if (code !== 'ERR_ASSERTION') return error instanceof Error ? `${name} ${code}: ${message}` : inspect(error);
  return `${name} ${code} ${generatedMessage ? 'generated' : 'given'} ${operator}\n${message}`;
}
function t(check) {
  let result = 'ok';
  try {
    check();
  } catch (error) {
    result = told(error);
  }
  console.log(`--- ${check}\n${result}`);
}
async function ta(check) {
  console.log(`--- ${check}\n${await check().then(() => 'ok', told)}`);
}

const circle = () => {const a = {x: 1}; a.self = a; return a};
const crossed = () => {const a = {}; a.self = {self: a}; return a};
const args = function() {return arguments};
class Own extends Error {}
const tagged = (object, tag) => Object.defineProperty(object, Symbol.toStringTag, {value: tag});
const [k1, k2] = [{a: 1}, {a: 1}];

// Equal loosely and strictly, one way and the other.
const pairs = [
  [1, '1'], [0, -0], [NaN, NaN], [null, undefined], [null, {}], [1, true], ['a', Object('a')], [{}, []],
  [[, 1], [undefined, 1]], [[1], ['1']], [{a: 1}, {a: '1'}], [{a: 1, [Symbol.for('x')]: 1}, {a: 1}],
  [new Set([1]), new Set(['1'])], [new Set([1, '1']), new Set(['1', 1])], [new Set([1, 2]), new Set(['2', '1'])],
  [new Set([1, 2]), new Set(['1', 3])], [new Set([{a: 1}]), new Set([{a: '1'}])],
  [new Map([[1, 2]]), new Map([['1', '2']])], [new Map([[1, 2], ['1', 3]]), new Map([[1, 3], ['1', 2]])],
  [new Map([[null, 1]]), new Map([[undefined, 1]])], [new Map([[k1, 1], [k2, 2]]), new Map([[k1, 2], [k2, 1]])],
  [new Map([[{a: 1}, 1]]), new Map([[{a: '1'}, '1']])], [new Map([[1, undefined]]), new Map([[2, undefined]])],
  [new Date(1), new Date(1)], [new Date(NaN), new Date(NaN)], [new Date(1), new Date(2)],
  [/a/g, Object.assign(/a/g, {lastIndex: 1})], [new Error('a'), new Error('b')], [new Error('a'), new TypeError('a')],
  [new Own('a'), new Error('a')], [new Error('a', {cause: 1}), new Error('a', {cause: undefined})],
  [new Error('a'), new Error('a', {cause: undefined})], [{message: 'a'}, new Error('a')],
  [new AggregateError([1], 'a'), new AggregateError([2], 'a')], [Object.create(new Error('a')), new Error('a')],
  [new Float32Array([0]), new Float32Array([-0])], [new Float64Array([NaN]), new Float64Array([NaN])],
  [new Uint8Array([1]), new Int8Array([1])], [tagged(new Uint8Array([1]), 'x'), tagged(new Int8Array([1]), 'x')],
  [Object.assign(new Uint8Array(1), {x: 1}), new Uint8Array(1)], [Buffer.from('a'), new Uint8Array([97])],
  [new ArrayBuffer(1), new SharedArrayBuffer(1)], [Object(1), Object(1)], [Object(1), Object(2)],
  [Object(Symbol.iterator), Object(Symbol.iterator)], [Object.create(null), {}], [new (class A {}), {}],
  [() => 1, () => 1], [Object.assign([1], {x: 1}), [1]], [new URL('http://a'), new URL('http://b')],
  [new URL('http://a'), new URL('http://a')], [new WeakMap, new WeakMap], [Promise.resolve(1), Promise.resolve(1)],
  [args(1), [1]], [args(1), args(1)], [{a: undefined}, {b: undefined}], [new Set([null]), new Set([undefined])],
  [new Set(['']), new Set([0])], [1n, 1], [new Proxy({a: 1}, {}), {a: 1}],
  [Object.defineProperty({}, 'x', {value: 1}), {}], [{valueOf() {return 1}}, 1], [tagged({}, 'x'), {}],
  [[NaN], [NaN]], [circle(), circle()], [crossed(), crossed()], [crossed(), {self: circle()}],
];
for (const [i, [a, b]] of pairs.entries()) {
  const passes = (name, ...values) => {
    try {
      assert[name](...values);
      return true;
    } catch (error) {
      if (error.code !== 'ERR_ASSERTION') throw error;
      return false;
    }
  };
  const loose = [passes('deepEqual', a, b), passes('deepEqual', b, a), !passes('notDeepEqual', a, b)];
  const strict = [passes('deepStrictEqual', a, b), passes('deepStrictEqual', b, a), !passes('notDeepStrictEqual', a, b)];
  console.log(i, loose.join(), strict.join());
}

t(() => assert.strictEqual(1, 2));
t(() => assert.strictEqual('a', 'b'));
t(() => assert.strictEqual('hello world', 'hello worle'));
t(() => assert.strictEqual('abcdefgh'.repeat(10), 'abcdefgh'.repeat(9)));
t(() => assert.strictEqual('axcdefg', 'abcdefg'));
t(() => assert.strictEqual('abcdef', 'abcdeg'));
t(() => assert.strictEqual('a\nb\nc\nd', 'a\nb\nc\ne'));
t(() => assert.strictEqual(1234567, 123456));
t(() => assert.strictEqual(-0, 0));
t(() => assert.strictEqual({a: 1}, {a: 1}));
t(() => assert.strictEqual({a: 1}, {a: 2}));
t(() => assert.strictEqual({a: 1}, 1));
t(() => assert.strictEqual(null, {}));
t(() => assert.strictEqual(() => 1, () => 2));
t(() => assert.strictEqual(Array(60).fill(1), Array(60).fill(1)));
t(() => assert.deepStrictEqual({a: 1, b: [1, 2, {c: 3}]}, {a: 1, b: [1, 2, {c: 4}]}));
t(() => assert.deepStrictEqual([0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14]));
t(() => assert.deepStrictEqual([1, [2, [3, [4, [5, 6], 7], 8], 9], 10], [1, [2, [3, [4, [5, 5], 7], 8], 9], 10]));
t(() => assert.deepStrictEqual([1, 2, 3, 4, 5, 6, 7], [1, 2, 3, 4, 5, 6, 7, 8]));
t(() => assert.deepStrictEqual([1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6, 9]));
t(() => assert.deepStrictEqual([1, 2, 3, 4, 5], [1, 2, 3, 4, 5, 9]));
t(() => assert.deepStrictEqual(['a', 'b', 'c', 'd'], ['x', 'b', 'y', 'd', 'e']));
t(() => assert.deepStrictEqual([...'abcabba'], [...'cbabac']));
t(() => assert.deepStrictEqual({b: 1, a: 2}, {a: 2, b: 3}));
t(() => assert.deepStrictEqual({a: 1}, {a: 1, b: 2}));
t(() => assert.deepStrictEqual({get a() {return 1}}, {a: 2}));
t(() => assert.deepStrictEqual(new Map([[1, 2]]), new Map([[1, 3]])));
t(() => assert.deepStrictEqual(new Set([{a: 1}]), new Set([{a: 2}])));
t(() => assert.deepStrictEqual(new Date(0), new Date(1)));
t(() => assert.deepStrictEqual(Object.create(null), {}));
t(() => assert.deepStrictEqual(new (class A {x = 1}), new (class B {x = 1})));
t(() => assert.deepStrictEqual(new (class A {x = 1}), new (class A {x = 1})));
t(() => assert.deepStrictEqual(new Error('x', {cause: new Error('y')}), new Error('x', {cause: new Error('z')})));
t(() => assert.deepStrictEqual(Object.assign(new Error('x'), {code: 1}), Object.assign(new TypeError('x'), {code: 2})));
t(() => assert.deepStrictEqual(1, '1'));
t(() => assert.deepEqual({a: 1}, {a: 2}));
t(() => assert.deepEqual(1, 2));
t(() => assert.equal({a: 1}, {a: 1}));
t(() => assert.equal('a'.repeat(600), 2));
t(() => assert.equal(NaN, NaN));
t(() => assert.notEqual(1, '1'));
t(() => assert.notStrictEqual(1, 1));
t(() => assert.notStrictEqual('aaaaaa', 'aaaaaa'));
t(() => assert.notStrictEqual(t, t));
t(() => assert.notDeepStrictEqual({a: 1}, {a: 1}));
t(() => assert.notDeepStrictEqual(Array(60).fill(1), Array(60).fill(1)));
t(() => assert.notDeepEqual({a: 1}, {a: 1}));
t(() => assert.notDeepEqual({a: 1}, {a: '1'}));

t(() => assert.match('abc', /x/));
t(() => assert.match(1, /x/));
t(() => assert.match('a', 'x'));
t(() => assert.match('abc', /x/, 'text'));
t(() => assert.match('abc', /b/));
t(() => assert.doesNotMatch('abc', /a/));
t(() => assert.doesNotMatch('abc', /x/));
t(() => assert.doesNotMatch(1, /a/));

t(() => assert.strictEqual(1, 2, 'text'));
t(() => assert.strictEqual(1, 2, '%s of %d', 'one', 2));
t(() => assert.strictEqual(1, 2, ''));
t(() => assert.strictEqual(1, 2, new TypeError('thrown as it is')));
t(() => assert.strictEqual(1, 2, (a, b) => `${a} is not ${b}`));
t(() => assert.strictEqual(1, 2, () => 5));
t(() => assert.strictEqual(1, 2, () => {throw 1}));
t(() => assert.strictEqual(1, 2, 5));
t(() => assert.strictEqual(1, 2, null));
t(() => assert.strictEqual(1));
t(() => assert.deepEqual([1], [2], 'text'));
t(() => assert.notStrictEqual(1, 1, 'text'));

t(() => assert.fail());
t(() => assert.fail('text'));
t(() => assert.fail(new RangeError('thrown as it is')));
t(() => assert.fail(null));
t(() => assert.ifError(null));
t(() => assert.ifError(undefined));
t(() => assert.ifError(0));
t(() => assert.ifError('x'));
t(() => assert.ifError(new Error('x')));
t(() => assert.ifError(new RangeError()));
t(() => assert.ifError({a: 1}));

// The source of the call.
t(() => assert.ok(1));
t(() => assert.ok());
t(() => assert.ok(0));
t(() => assert(0));
t(() => assert.ok(
  null,
  undefined
));
t(() => assert.ok(1 && [1, 2].includes(3)) || 1);
t(() => [assert?.ok( ")" && /[)]/ && `)` && 0 /* ) */), 3]);
t(() => assert['ok'](0));
t(() => {const o = {f: {assert}}; o.f.assert.ok(0)});
t(() => {const {ok} = assert; ok(false)});
t(() => assert.strict(0));
t(() => assert.ok.call(null, 0));
t(() => eval('assert.ok(0)'));
t(() => new Function('a', 'a.ok(0)')(assert));
t(() => assert.ok(0, 'text'));
t(() => assert.ok(0, ''));
t(() => assert.ok(0, new RangeError('thrown as it is')));
t(() => assert.ok(0, 5));

const boom = () => {throw new TypeError('boom')};
t(() => assert.throws(boom));
t(() => assert.throws(boom, TypeError));
t(() => assert.throws(boom, RangeError));
t(() => assert.throws(boom, RangeError, 'text'));
t(() => assert.throws(boom, /^TypeError: boom$/));
t(() => assert.throws(boom, /nope/));
t(() => assert.throws(boom, {message: 'boom', name: 'TypeError'}));
t(() => assert.throws(boom, {message: 'bo'}));
t(() => assert.throws(boom, {message: /oo/, name: 'TypeError'}));
t(() => assert.throws(boom, {message: /x/, name: 'TypeError'}));
t(() => assert.throws(boom, {message: /oo/, name: 'Type', code: 3}));
t(() => assert.throws(boom, {message: 'x'}, 'text'));
t(() => assert.throws(boom, {message: 'x'}, new RangeError('thrown as it is')));
t(() => assert.throws(boom, new TypeError('boom')));
t(() => assert.throws(boom, new Error('boom')));
t(() => assert.throws(boom, (error) => error.message === 'boom'));
t(() => assert.throws(boom, () => false));
t(() => assert.throws(boom, function check() {return 5}));
t(() => assert.throws(boom, () => {throw new RangeError('inner')}));
t(() => assert.throws(boom, {}));
t(() => assert.throws(boom, 5));
t(() => assert.throws(boom, 'boom'));
t(() => assert.throws(boom, 'other'));
t(() => assert.throws(boom, 'a', 'b'));
t(() => assert.throws('x'));
t(() => assert.throws(() => {throw 'text'}, 'text'));
t(() => assert.throws(() => {throw null}, /null/));
t(() => assert.throws(() => {throw 5}, /nope/));
t(() => assert.throws(() => {throw 'text'}, {message: 'x'}));
t(() => assert.throws(() => {throw 'text'}, RangeError));
t(() => assert.throws(() => {throw {a: 1, b: 2}}, {a: 1}));
t(() => assert.throws(() => {throw new Own('x')}, RangeError));
t(() => assert.throws(() => {}));
t(() => assert.throws(() => {}, 'text'));
t(() => assert.throws(() => {}, TypeError));
t(() => assert.throws(() => {}, TypeError, 'text'));
t(() => assert.throws(() => {}, /x/));
t(() => assert.doesNotThrow(() => 1));
t(() => assert.doesNotThrow(boom));
t(() => assert.doesNotThrow(boom, 'text'));
t(() => assert.doesNotThrow(boom, TypeError, 'text'));
t(() => assert.doesNotThrow(boom, RangeError));
t(() => assert.doesNotThrow(boom, /boom/));
t(() => assert.doesNotThrow(boom, /other/));
t(() => assert.doesNotThrow(boom, {}));

t(() => new assert.AssertionError());
console.log(inspect(Object.getOwnPropertyDescriptors(new assert.AssertionError({actual: 1, expected: 2, operator: 'is'})))
  .replace(/stack: \{[^}]*\},\s*/, ''));
{
  const error = new assert.AssertionError({message: 'text', actual: 'x\n'.repeat(20), expected: 'y'.repeat(500)});
  console.log(inspect(error).replace(/\n +at .*/g, ''), `${error}`);
  console.log(error.stack.split('\n')[0], Object.getOwnPropertyNames(assert.AssertionError.prototype));
}
{
  const { strict } = assert;
  console.log(strict === strict.strict, strict === require('node:assert/strict'), assert === require('node:assert'));
  for (const name of ['equal', 'notEqual', 'deepEqual', 'notDeepEqual', 'ok', 'throws']) {
    console.log(name, strict[name].name, strict[name].length, strict[name] === assert[name]);
  }
}
{
  const caught = (check) => {
    try {
      check();
    } catch (error) {
      return error;
    }
  };
  // A stack begins where the check is called.
  for (const check of [() => assert.strictEqual(1, 2), () => assert(0), () => assert.throws(boom, RangeError),
    () => assert.fail(), () => assert.match('a', /b/), () => assert.throws(boom, {message: 'x'})]) {
    console.log(/\/assert\.js:\d+:\d+\)?$/.test(caught(check).stack.split('\n').find((line) => /^ +at /.test(line))));
  }
  const cause = new Error('cause');
  const stack = caught(() => assert.ifError(cause)).stack;
  console.log(stack.endsWith(cause.stack.slice(cause.stack.indexOf('\n    at'))));
}

(async () => {
  await ta(() => assert.rejects(Promise.resolve(1)));
  await ta(() => assert.rejects(async () => 1, TypeError));
  await ta(() => assert.rejects(async () => 1, 'text'));
  await ta(() => assert.rejects(async () => boom(), TypeError));
  await ta(() => assert.rejects(async () => boom(), RangeError));
  await ta(() => assert.rejects(Promise.reject(new TypeError('boom')), {message: 'boom'}));
  await ta(() => assert.rejects(async () => boom(), {message: 'bom'}));
  await ta(() => assert.rejects(() => 1));
  await ta(() => assert.rejects(5));
  await ta(() => assert.rejects(() => {throw new Error('before there is a promise')}));
  await ta(() => assert.rejects({then(resolve, reject) {reject(1)}}));
  await ta(() => assert.rejects({then(resolve, reject) {reject(1)}, catch() {}}));
  await ta(() => assert.doesNotReject(async () => 1));
  await ta(() => assert.doesNotReject(async () => boom()));
  await ta(() => assert.doesNotReject(async () => boom(), 'text'));
})();
