// structuredClone, as Node has it. Each case prints its own text and what it gives.
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
t(() => structuredClone(()=>1));
t(() => structuredClone(Symbol("x")));
t(() => structuredClone(1,{transfer:1}));
t(() => {const b=new ArrayBuffer(4); structuredClone(1,{transfer:[b,b]})});
t(() => {const b=new ArrayBuffer(4); const c=structuredClone({b,v:new Uint8Array(b,1)},{transfer:[b]}); return [b.byteLength, c.b===c.v.buffer, c.v.length, c.v.byteOffset]});
t(() => {const b=new ArrayBuffer(4); structuredClone(1,{transfer:[b]}); structuredClone(b)});
t(() => { const s=new SharedArrayBuffer(4); const c=structuredClone({s, t:[s, new Uint8Array(s)]}); new Uint8Array(s)[0]=7; return [c.s===s, c.s===c.t[0], new Uint8Array(c.s)[0], c.t[1].buffer===c.s, c.s instanceof SharedArrayBuffer].join()});
t(() => structuredClone(new WeakMap()));
t(() => structuredClone({get a(){throw new RangeError("in getter")}}));
t(() => structuredClone(Promise.resolve()));
t(() => structuredClone(new Proxy({},{})));
t(() => structuredClone(1,null));
t(() => structuredClone(1,2));
t(() => structuredClone(1,{transfer:null}));
t(() => structuredClone(1,{transfer:new Set([new ArrayBuffer(1)])}));
t(() => {const e=structuredClone(new (class A extends Error{})("x",{cause:1})); return [e.message,e.cause,e.constructor===Error,e.name].join()});
t(() => structuredClone(new (class X{a=1})));
t(() => {const b=new ArrayBuffer(4); try { structuredClone(()=>1,{transfer:[b]}) } catch {} ; return b.byteLength});
t(() => structuredClone(new ArrayBuffer(4,{maxByteLength:8})).maxByteLength);
t(() => {const b=new ArrayBuffer(4,{maxByteLength:8}); const c=structuredClone(b,{transfer:[b]}); c.resize(8); return [c.byteLength,b.byteLength].join()});
t(() => {const m=new Map([[1,{a:new Set([1n,new Date(5),/x/g])}]]); m.set('self',m); const c=structuredClone(m); return [c.get('self')===c, [...c.get(1).a].join()].join()});
t(() => structuredClone([1,,3]).hasOwnProperty(1));
t(() => structuredClone(Object.assign([1],{x:2})).x);
t(() => Object.keys(structuredClone({a:undefined,[Symbol()]:1})));
t(() => structuredClone(new Number(4)) instanceof Number);
