/* structuredClone. */
#include "cases.h"

static void cases(void) {
  static const js_case cases[] = {
    {"structuredClone({ a: [1, 'x', null, undefined, 2n], d: new Date(5) })",
     "TypeError undefined: Do not know how to serialize a BigInt"},
    {"structuredClone([1, , 3]).hasOwnProperty(1)", "false"},
    {"(() => { const m = new Map([[1, { a: new Set([1n, /x/g]) }]]); m.set('self', m); const c = structuredClone("
     "m); return [c.get('self') === c, c !== m, [...c.get(1).a].join()].join() })()",
     "true,true,1,/x/g"},
    {"(() => { const e = structuredClone(new RangeError('x', { cause: 1 })); return [e.message, e.cause, e instan"
     "ceof RangeError, typeof e.stack].join() })()",
     "x,1,true,string"},
    {"structuredClone(() => 1)", "DataCloneError 25: () => 1 could not be cloned."},
    {"structuredClone({ deep: [Symbol('x')] })", "DataCloneError 25: Symbol(x) could not be cloned."},
    {"structuredClone(new WeakMap())", "DataCloneError 25: #<WeakMap> could not be cloned."},
    {"structuredClone(Promise.resolve())", "DataCloneError 25: #<Promise> could not be cloned."},
    {"structuredClone(new Proxy({}, {}))", "DataCloneError 25: #<Object> could not be cloned."},
    {"structuredClone({ get a() { throw new RangeError('in getter') } })", "RangeError undefined: in getter"},
    {"structuredClone(new (class X { a = 1 }))", "{\"a\":1}"},
    {"structuredClone(1, { transfer: 1 })",
     "TypeError ERR_INVALID_ARG_TYPE: Optional transferList argument must be an iterable"},
    {"structuredClone(1, 2)",
     "TypeError ERR_INVALID_ARG_TYPE: The options argument must be either an object or undefined"},
    {"structuredClone(1, null)", "1"},
    {"(() => { const b = new ArrayBuffer(4); structuredClone(1, { transfer: [b, b] }) })()",
     "DataCloneError 25: Transfer list contains duplicate ArrayBuffer"},
    {"(() => { const b = new Uint8Array([1, 2, 3, 4]).buffer; const c = structuredClone({ b, v: new Uint8Array(b,"
     " 1) }, { transfer: [b] }); return [b.byteLength, c.b === c.v.buffer, c.v.join()].join() })()",
     "0,true,2,3,4"},
    {"(() => { const b = new ArrayBuffer(4); try { structuredClone(() => 1, { transfer: [b] }) } catch {} return "
     "b.byteLength })()",
     "4"},
    {"(() => { const b = new ArrayBuffer(4, { maxByteLength: 8 }); const c = structuredClone(b, { transfer: new S"
     "et([b]) }); c.resize(8); return [c.byteLength, b.byteLength].join() })()",
     "8,0"},
    {"(() => { const s = new SharedArrayBuffer(4); const c = structuredClone({ s, t: [s, new Uint8Array(s)] }); n"
     "ew Uint8Array(s)[0] = 7; return [c.s === s, c.s === c.t[0], new Uint8Array(c.s)[0], c.t[1].buffer === c.s]."
     "join() })()",
     "false,true,7,true"},
    /* As Node since 21. */
    {"structuredClone(1, { transfer: [{}] })", "DataCloneError 25: Found invalid object in transferList"},
    {"structuredClone(1, { transfer: [new SharedArrayBuffer(4)] })",
     "DataCloneError 25: Found invalid object in transferList"},
    {"structuredClone()", "TypeError ERR_MISSING_ARGS: The \"value\" argument must be specified"},
    /* A buffer that is lost on the way. */
    {"(() => { const b = new ArrayBuffer(4); structuredClone({ get x() { structuredClone(b, { transfer: [b] }); return 1 } },"
     " { transfer: [b] }) })()", "DataCloneError 25: An ArrayBuffer is detached and could not be cloned."},
    {"(() => { const { buffer } = new WebAssembly.Memory({ initial: 1 }); structuredClone(0, { transfer: [buffer] }) })()",
     "DataCloneError 25: An ArrayBuffer is detached and could not be cloned."},
    {"structuredClone((() => { let a = {}; for (let i = 0; i < 1e5; i++) a = { a }; return a })())",
     "RangeError undefined: Maximum call stack size exceeded"},
  };
  jsvm_isolate *isolate = new_isolate(NULL);
  jsvm_context *context = main_context(isolate);
  jsvm_error *error = NULL;
  JS_STR(context, "typeof structuredClone", "undefined");
  CHECK_OK(jsvm_context_install(context, JSVM_PART_STRUCTURED_CLONE, NULL, &error), &error);
  RUN_CASES(context, cases);
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
}

/* Many buffers to move; a getter that never ends; a string that occurs more often than there is memory for. */
static void limits(void) {
  jsvm_isolate_options options = {.struct_size = sizeof options, .heap_limit = 32 << 20, .buffer_limit = 16 << 20};
  jsvm_isolate *isolate = new_isolate(&options);
  jsvm_context *context = with_parts(isolate, JSVM_PART_STRUCTURED_CLONE);
  jsvm_error *error = NULL;
  JS_TRUE(context, "const l = Array.from({ length: 50000 }, () => new ArrayBuffer(1));"
                   "structuredClone(l, { transfer: l }).every((b) => b.byteLength === 1) && l.every((b) => b.detached)");
  CHECK_STATUS(js_ms(context, "structuredClone({ get a() { for (;;); } })", 50, NULL, &error), JSVM_STATUS_TIMEOUT, &error);
  JS_STR(context, "const text = 'x'.repeat(1e6); try { structuredClone(Array(1e4).fill(text)) } catch (e) { `${e.name} ${e.code}: ${e.message}` }",
         "DataCloneError 25: Data cannot be cloned, out of memory.");
  JS_NUM(context, "structuredClone([text, text]).length", 2);
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
}

int main(void) {
  RUN(cases);
  RUN(limits);
  return FINISH();
}
