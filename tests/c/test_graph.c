/* jsvm_value_flatten and jsvm_value_build: whole graphs in one call. */
#include "graph.h"

#include <math.h>
#include <pthread.h>

static jsvm_isolate *isolate;
static jsvm_context *context;
static jsvm_error *error;

/* Flattens what the source gives, which is an object. */
static int flatten_with(const char *source, const jsvm_flatten_options *options, jsvm_graph *graph) {
  jsvm_slot slot;
  int good = CHECK_OK(js(context, source, &slot, &error), &error) && CHECK(slot.handle != NULL) &&
             CHECK_OK(jsvm_value_flatten(slot.handle, options, NULL, graph, &error), &error);
  if (!good) {
    fprintf(stderr, "  in %s\n", source);
  }
  jsvm_slot_clear(&slot);
  return good;
}

static int flatten(const char *source, jsvm_graph *graph) {
  return flatten_with(source, NULL, graph);
}

static const char *kind_name(uint32_t kind) {
  switch (kind) {
    case JSVM_KIND_UNDEFINED: return "undefined";
    case JSVM_KIND_NULL: return "null";
    case JSVM_KIND_BOOLEAN: return "boolean";
    case JSVM_KIND_NUMBER: return "number";
    case JSVM_KIND_STRING: return "string";
    case JSVM_KIND_SYMBOL: return "symbol";
    case JSVM_KIND_BIGINT: return "bigint";
    case JSVM_KIND_OBJECT: return "object";
    case JSVM_KIND_FUNCTION: return "function";
    case JSVM_GRAPH_KIND_REFERENCE: return "reference";
    case JSVM_GRAPH_KIND_HOLE: return "hole";
    case JSVM_GRAPH_KIND_DATE: return "date";
    case JSVM_GRAPH_KIND_BYTES: return "bytes";
    case JSVM_GRAPH_KIND_ARRAY: return "array";
    case JSVM_GRAPH_KIND_RECORD: return "record";
    case JSVM_GRAPH_KIND_MAP: return "map";
    case JSVM_GRAPH_KIND_SET: return "set";
    case JSVM_GRAPH_KIND_ERROR: return "error";
    case JSVM_GRAPH_KIND_REGEXP: return "regexp";
  }
  return "?";
}

/* A graph in one line: kind, and what it says, of each slot. */
static const char *line_of(const jsvm_graph *graph) {
  static char line[16384];
  size_t at = 0;
  line[0] = 0;
  for (size_t i = 0; i < graph->count && at < sizeof line - 200; i++) {
    const jsvm_slot *slot = &graph->slots[i];
    at += (size_t)snprintf(line + at, sizeof line - at, "%s%s", i ? " " : "", kind_name(slot->kind));
    if (slot->flags & JSVM_FLAG_ACCESSOR) {
      at += (size_t)snprintf(line + at, sizeof line - at, "!");
    }
    switch (slot->kind) {
      case JSVM_KIND_BOOLEAN:
      case JSVM_KIND_NUMBER:
      case JSVM_GRAPH_KIND_DATE:
        at += (size_t)snprintf(line + at, sizeof line - at, ":%g", slot->number);
        break;
      case JSVM_KIND_STRING:
        at += (size_t)snprintf(line + at, sizeof line - at, ":%.*s",
                               slot->len < 60 ? (int)slot->len : 60, slot->data);
        break;
      case JSVM_GRAPH_KIND_BYTES:
        at += (size_t)snprintf(line + at, sizeof line - at, ":%g/%zu", slot->number, slot->len);
        break;
      case JSVM_KIND_BIGINT:
      case JSVM_GRAPH_KIND_REFERENCE:
      case JSVM_GRAPH_KIND_ARRAY:
      case JSVM_GRAPH_KIND_RECORD:
      case JSVM_GRAPH_KIND_MAP:
      case JSVM_GRAPH_KIND_SET:
      case JSVM_GRAPH_KIND_ERROR:
        at += (size_t)snprintf(line + at, sizeof line - at, ":%zu", slot->len);
        break;
      default: break;
    }
  }
  return line;
}

static void check_line(const char *source, const char *expected, const char *file, int line) {
  jsvm_graph graph;
  if (!flatten(source, &graph)) {
    fprintf(stderr, "  at %s:%d\n", file, line);
    return;
  }
  check_string(line_of(&graph), expected, source, file, line);
  jsvm_graph_clear(&graph);
}
#define LINE(source, expected) check_line(source, expected, __FILE__, __LINE__)

static int same(const jsvm_graph *a, const jsvm_graph *b) {
  if (!CHECK_EQ_INT(a->count, b->count)) {
    fprintf(stderr, "  %s\n", line_of(a));
    fprintf(stderr, "  %s\n", line_of(b));
    return 0;
  }
  for (size_t i = 0; i < a->count; i++) {
    const jsvm_slot *x = &a->slots[i], *y = &b->slots[i];
    int equal = x->kind == y->kind && x->flags == y->flags && x->len == y->len &&
                memcmp(&x->number, &y->number, sizeof x->number) == 0 &&
                (x->data == NULL) == (y->data == NULL) &&
                (x->handle == NULL) == (y->handle == NULL) &&
                (x->data == NULL || memcmp(x->data, y->data, x->len) == 0);
    if (!CHECK(equal)) {
      fprintf(stderr, "  slot %zu\n  %s\n", i, line_of(a));
      fprintf(stderr, "  %s\n", line_of(b));
      return 0;
    }
  }
  return 1;
}

/* Builds the slots in a context and has `source`, a function of v, look at the result there. */
static void look(jsvm_context *where, const jsvm_slot *slots, size_t count, const char *source,
                 const char *file, int line) {
  char code[4096];
  jsvm_slot function, value;
  jsvm_bytes text;
  jsvm_slot *all = calloc(count + 4, sizeof *all);
  snprintf(code, sizeof code, "(function () { 'use strict'; const v = this.v; return %s; })", source);
  check_status(js(where, code, &function, &error), JSVM_STATUS_OK, &error, NULL, code, file, line);
  all[0] = (jsvm_slot){.kind = JSVM_GRAPH_KIND_RECORD, .len = 4};
  all[1] = (jsvm_slot){.kind = JSVM_KIND_STRING, .data = "toJSON", .len = 6};
  all[2] = (jsvm_slot){.handle = function.handle};
  all[3] = (jsvm_slot){.kind = JSVM_KIND_STRING, .data = "v", .len = 1};
  for (size_t i = 0; i < count; i++) {
    all[i + 4] = slots[i];
    if (slots[i].kind == JSVM_GRAPH_KIND_REFERENCE) {
      all[i + 4].len += 4;
    }
  }
  check_status(jsvm_value_build(where, all, count + 4, NULL, &value, &error), JSVM_STATUS_OK, &error, NULL,
               source, file, line);
  check_status(jsvm_json_stringify(where, &value, 0, NULL, &text, &error), JSVM_STATUS_OK, &error, NULL,
               source, file, line);
  check_string(text.data, "true", source, file, line);
  jsvm_bytes_clear(&text);
  jsvm_slot_clear(&function);
  jsvm_slot_clear(&value);
  free(all);
}

/* Flattens, builds in another isolate, has that looked at, flattens again and compares. */
static void check_round(const char *source, const char *test, const char *file, int line) {
  jsvm_graph first, second;
  jsvm_slot value;
  jsvm_isolate *other;
  jsvm_context *there;
  if (!flatten(source, &first)) {
    fprintf(stderr, "  at %s:%d\n", file, line);
    return;
  }
  look(context, first.slots, first.count, test, file, line);
  other = new_isolate(NULL);
  there = main_context(other);
  int handles = 0;
  for (size_t i = 0; i < first.count; i++) {
    handles |= first.slots[i].handle != NULL;
  }
  if (!handles) {
    look(there, first.slots, first.count, test, file, line);
    if (check_status(jsvm_value_build(there, first.slots, first.count, NULL, &value, &error),
                     JSVM_STATUS_OK, &error, NULL, source, file, line) &&
        check_status(jsvm_value_flatten(value.handle, NULL, NULL, &second, &error), JSVM_STATUS_OK,
                     &error, NULL, source, file, line)) {
      if (!same(&first, &second)) {
        fprintf(stderr, "  at %s:%d\n", file, line);
      }
      jsvm_graph_clear(&second);
    }
    jsvm_slot_clear(&value);
  }
  jsvm_context_free(there);
  jsvm_isolate_free(other);
  jsvm_graph_clear(&first);
}
#define ROUND(source, test) check_round(source, test, __FILE__, __LINE__)

static void encoding(void) {
  LINE("[]", "array:0");
  LINE("({})", "record:0");
  LINE("[undefined, null, true, false, 1.5, 'x', 7n]",
       "array:7 undefined null boolean:1 boolean:0 number:1.5 string:x bigint:1");
  LINE("({a: 1, b: [2, {c: 3}]})",
       "record:4 string:a number:1 string:b array:2 number:2 record:2 string:c number:3");
  LINE("[1, , 3, ,]", "array:4 number:1 hole number:3 hole");
  LINE("new Map([[1, 'a'], [{}, 2]])", "map:4 number:1 string:a record:0 number:2");
  LINE("new Set([1, [2]])", "set:2 number:1 array:1 number:2");
  LINE("new Date(1234)", "date:1234");
  LINE("/a\\/b/giu", "regexp string:a\\/b string:giu");
  LINE("/x/dgimsvy", "regexp string:x string:dgimsvy");
  LINE("new Uint16Array([1, 2])", "bytes:4/4");
  LINE("new Uint8Array([1, 2, 3]).buffer", "bytes:13/3");
  LINE("new DataView(new ArrayBuffer(5), 1)", "bytes:12/4");
  LINE("new Float64Array(100)", "bytes:9/800");
  LINE("var a = {}; a.a = a; a", "record:2 string:a reference:0");
  LINE("var s = []; [s, s, {s}]", "array:3 array:0 reference:1 record:2 string:s reference:1");
  LINE("var d = new Date(1); [d, d]", "array:2 date:1 reference:1");
  LINE("[() => 1, Symbol('x'), Promise.resolve(1), new Proxy({}, {}), new WeakMap(), new Number(1)]",
       "array:6 function symbol object object object object");
  LINE("[new Intl.NumberFormat('de'), (function* () {})(), [].values(), globalThis, Object.prototype]",
       "array:5 object object object object object");
  LINE("[new SharedArrayBuffer(8), new Uint8Array(new SharedArrayBuffer(8))]", "array:2 object object");
  LINE("({2: 'b', 1: 'a', z: 0, [Symbol('s')]: 1})",
       "record:6 string:1 string:a string:2 string:b string:z number:0");
  LINE("class C { x = 1; #y = 2; get z() { return 3; } } new C()", "record:2 string:x number:1");
  LINE("Object.assign(Object.create(null), {__proto__: 1, k: 2})", "record:2 string:k number:2");
  LINE("JSON.parse('{\"__proto__\": 1}')", "record:2 string:__proto__ number:1");
  LINE("Object.defineProperty({v: 1}, 'hidden', {value: 2})", "record:2 string:v number:1");
  LINE("var a = [1]; a.extra = 2; a", "array:1 number:1");
  LINE("class M extends Map {} new M([[1, 2]])", "map:2 number:1 number:2");
  LINE("var e = new TypeError('no'); e.stack = 's'; e.code = 5; e",
       "error:8 string:name string:TypeError string:message string:no string:stack string:s "
       "string:code number:5");
  LINE("var e = new Error('a', {cause: new Error('b')}); e.stack = e.cause.stack = ''; e",
       "error:8 string:name string:Error string:message string:a string:stack string: string:cause "
       "error:6 string:name string:Error string:message string:b string:stack string:");
}

static void exact_numbers(void) {
  jsvm_graph graph;
  if (flatten("[-0, NaN, Infinity, -Infinity, 5e-324, 2**53, new Date(NaN)]", &graph)) {
    CHECK_EQ_NUM(graph.slots[1].number, -0.0);
    CHECK(isnan(graph.slots[2].number));
    CHECK_EQ_NUM(graph.slots[3].number, INFINITY);
    CHECK_EQ_NUM(graph.slots[4].number, -INFINITY);
    CHECK_EQ_NUM(graph.slots[5].number, 5e-324);
    CHECK_EQ_NUM(graph.slots[6].number, 9007199254740992.0);
    CHECK(isnan(graph.slots[7].number));
    jsvm_graph_clear(&graph);
  }
}

static void the_block(void) {
  jsvm_graph graph;
  if (flatten("[{key: 'a'}, {key: ''}, 'grün', new Float64Array([1, 2])]", &graph)) {
    CHECK_EQ_INT(graph.count, 9);
    CHECK(graph.slots[2].data == graph.slots[5].data);
    for (size_t i = 0; i < graph.count; i++) {
      const jsvm_slot *slot = &graph.slots[i];
      if (slot->data != NULL) {
        CHECK(slot->data >= graph.block && slot->data + slot->len < graph.block + graph.block_len);
        CHECK_EQ_INT(slot->data[slot->len], 0);
      }
      CHECK(slot->handle == NULL);
      CHECK_EQ_INT(slot->flags, 0);
    }
    CHECK_STR(graph.slots[7].data, "gr\xc3\xbcn");
    CHECK_EQ_INT((uintptr_t)graph.slots[8].data % 8, 0);
    CHECK_EQ_NUM(((const double *)(const void *)graph.slots[8].data)[1], 2);
    jsvm_graph_clear(&graph);
    CHECK(graph.slots == NULL && graph.block == NULL && graph.count == 0);
    jsvm_graph_clear(&graph);
  }
  jsvm_graph_clear(NULL);
}

static void round_trips(void) {
  ROUND("[undefined, null, true, false, 0, -0, NaN, 1e300, '', 'x', 0n, -1n, 2n**200n, -(2n**64n)]",
        "v.length === 14 && Object.is(v[5], -0) && Number.isNaN(v[6]) && v[8] === '' && v[10] === 0n && "
        "v[11] === -1n && v[12] === 2n**200n && v[13] === -(2n**64n)");
  ROUND("['ä€😀\\0z', 'x'.repeat(10000), '€'.repeat(9000), 'é'.repeat(5000)]",
        "v[0] === 'ä€😀\\0z' && v[1] === 'x'.repeat(10000) && v[2] === '€'.repeat(9000) && "
        "v[3] === 'é'.repeat(5000)");
  ROUND("['\\ud800', {'\\udc00a': '\\uffff\\ufffd\\ud83d'}]",
        "v[0] === '\\ud800' && v[1]['\\udc00a'] === '\\uffff\\ufffd\\ud83d'");
  ROUND("['\\ufffd']", "v[0] === '\\ufffd'");
  ROUND("[, 1, , ]", "v.length === 3 && !(0 in v) && v[1] === 1 && !(2 in v)");
  ROUND("var a = [, 1, , ]; a[1] = a; a", "v.length === 3 && !(0 in v) && v[1] === v && !(2 in v)");
  ROUND("var a = [1, 2]; a[2] = {a}; a.push('z'); a",
        "v.length === 4 && v[0] === 1 && v[2].a === v && v[3] === 'z'");
  ROUND("new Array(5)", "v.length === 5 && !(4 in v)");
  ROUND("var m = new Map(); m.set('self', m); m.set(m, [m]); m.set(NaN, -0); m",
        "v instanceof Map && v.get('self') === v && v.get(v)[0] === v && v.size === 3");
  ROUND("var s = new Set([1, 'a', [2]]); s.add(s); s",
        "v instanceof Set && v.has(v) && v.size === 4 && [...v][2][0] === 2");
  ROUND("({__proto__: null, 1: 1, a: {b: {c: []}}, ['__proto__']: 5, constructor: 6})",
        "v[1] === 1 && Array.isArray(v.a.b.c) && Object.hasOwn(v, '__proto__') && v.constructor === 6 && "
        "Object.getPrototypeOf(v) === Object.prototype");
  ROUND("[new Date(8.64e15), new Date(NaN)]", "v[0].getTime() === 8.64e15 && isNaN(v[1])");
  ROUND("[/a\\/b/giu, new RegExp(''), /[\\p{L}--[a]]/v, /\\n/y]",
        "v[0].source === 'a\\\\/b' && v[0].flags === 'giu' && v[1].source === '(?:)' && v[2].test('b') && "
        "!v[2].test('a') && v[3].sticky");
  ROUND("var r = /a/; [r, r]", "v[0] === v[1]");
  ROUND("[new Int8Array([-1]), new Uint8Array(3), new Uint8ClampedArray([300]), new Int16Array([-2]), "
        "new Uint16Array([1]), new Int32Array([1]), new Uint32Array([1]), new Float16Array([1.5]), "
        "new Float32Array([0.5]), new Float64Array([0.1]), new BigInt64Array([-5n]), "
        "new BigUint64Array([2n**64n-1n]), new DataView(new ArrayBuffer(4)), new ArrayBuffer(7), "
        "new Uint8Array(0), new ArrayBuffer(0)]",
        "v.map(x => x.constructor.name + (x.length ?? x.byteLength)).join() === "
        "'Int8Array1,Uint8Array3,Uint8ClampedArray1,Int16Array1,Uint16Array1,Int32Array1,Uint32Array1,"
        "Float16Array1,Float32Array1,Float64Array1,BigInt64Array1,BigUint64Array1,DataView4,ArrayBuffer7,"
        "Uint8Array0,ArrayBuffer0' && v[7][0] === 1.5 && v[9][0] === 0.1 && v[10][0] === -5n && v[2][0] === 255");
  ROUND("var b = new ArrayBuffer(8, {maxByteLength: 16}); [b, new Uint8Array(b, 2)]",
        "v[0].byteLength === 8 && v[1].length === 6 && v[1].buffer !== v[0]");
  ROUND("var b = new ArrayBuffer(8), w = new Uint8Array(b); structuredClone = 0; b.transfer(); [b, w]",
        "v[0].byteLength === 0 && v[1].length === 0");
  ROUND("var e = new RangeError('far', {cause: {why: 1}}); e.cause.e = e; e.extra = [1]; e",
        "v instanceof RangeError && v.name === 'RangeError' && !Object.hasOwn(v, 'name') && v.message === 'far' "
        "&& v.cause.why === 1 && v.cause.e === v && v.extra[0] === 1 && v.stack.startsWith('RangeError: far\\n') "
        "&& Object.keys(v).join() === 'extra'");
  ROUND("var MyError = class MyError extends Error {}; MyError.prototype.name = 'MyError'; new MyError('m')",
        "v instanceof Error && v.name === 'MyError' && v.message === 'm'");
  ROUND("new AggregateError([new Error('x')], 'agg')",
        "v instanceof Error && v.name === 'AggregateError' && v.errors[0].message === 'x'");
  ROUND("var o = {}; var f = () => o; [f, Symbol.iterator, f]",
        "typeof v[0] === 'function' && v[0] === v[2] && v[1] === Symbol.iterator");
  ROUND("var deep = 1; for (let i = 0; i < 999; i++) deep = i % 2 ? [deep] : {deep}; deep",
        "(() => { let n = 0; for (let x = v; typeof x === 'object'; n++) x = x[0] ?? x.deep; return n === 999 })()");
  ROUND("Array.from({length: 3000}, (_, i) => ({id: i, name: 'n' + i, tags: ['a', i]}))",
        "v.length === 3000 && v.every((x, i) => x.id === i && x.name === 'n' + i && x.tags[1] === i)");
}

/* What the guest does to its builtins and objects neither shows nor runs. */
static void hostile(void) {
  jsvm_context *mine = context;
  jsvm_slot ran;
  context = new_context(isolate, NULL);
  CHECK_OK(js(context,
              "var ran = 0; const hit = function () { ran++; throw 1; };"
              "const d = {__proto__: null, get: hit, set: hit, configurable: true};"
              "const spoil = (o, ks) => { for (let i = 0; i < ks.length; i++) Object.defineProperty(o, ks[i], d); };"
              "const keys = ['0', '1', '2', 'a', 'value', 'get', 'stack', 'cause', 'toJSON'];"
              "spoil(Map.prototype, ['set', 'get', 'size', 'entries', Symbol.iterator]);"
              "spoil(Set.prototype, ['add', 'values', Symbol.iterator]);"
              "spoil(Date.prototype, ['getTime', 'valueOf', Symbol.toPrimitive]);"
              "spoil(RegExp.prototype, ['source', 'flags', 'exec', 'global']);"
              "spoil(ArrayBuffer.prototype, ['byteLength']);"
              "spoil(TypeError.prototype, ['name']);"
              "spoil(TypeError, ['prepareStackTrace']);"
              "spoil(Array.prototype, [Symbol.iterator, 'push']);"
              "spoil(Array.prototype, keys); spoil(Error.prototype, keys); spoil(Object.prototype, keys);"
              "Map = Set = Array = Date = Error = RegExp = Uint8Array = undefined;",
              NULL, &error),
           &error);
  LINE("({b: 1, get c() { ran++; return 2; }})", "record:4 string:b number:1 string:c undefined!");
  LINE("Object.defineProperty([1, 2], 1, {__proto__: null, get() { ran++; return 2; }})", "array:2 number:1 undefined!");
  LINE("[, 'x', ,]", "array:3 hole string:x hole");
  LINE("var o = [1, , 3]; Object.setPrototypeOf(o, new Proxy([], {get() { ran++; }, has() { ran++; }, "
       "getPrototypeOf() { ran++; }, getOwnPropertyDescriptor() { ran++; }, ownKeys() { ran++; }})); o",
       "array:3 number:1 hole number:3");
  LINE("var o = {x: 1}; Object.setPrototypeOf(o, new Proxy({}, {get() { ran++; }})); o",
       "record:2 string:x number:1");
  LINE("try { null.x } catch (e) { e.stack = 's'; var t = e } t",
       "error:6 string:name string: string:message string:Cannot read properties of null (reading 'x') "
       "string:stack string:s");
  LINE("[/a/g, (function () { return arguments })(1)]", "array:2 regexp string:a string:g object");
  jsvm_slot slots[] = {
      {.kind = JSVM_GRAPH_KIND_ARRAY, .len = 6},
      {.kind = JSVM_GRAPH_KIND_MAP, .len = 2},
      {.kind = JSVM_KIND_STRING, .data = "k", .len = 1},
      {.kind = JSVM_KIND_NUMBER, .number = 1},
      {.kind = JSVM_GRAPH_KIND_SET, .len = 1},
      {.kind = JSVM_KIND_NUMBER, .number = 2},
      {.kind = JSVM_GRAPH_KIND_RECORD, .len = 4},
      {.kind = JSVM_KIND_STRING, .data = "a", .len = 1},
      {.kind = JSVM_KIND_NUMBER, .number = 3},
      {.kind = JSVM_KIND_STRING, .data = "0", .len = 1},
      {.kind = JSVM_KIND_NUMBER, .number = 4},
      {.kind = JSVM_GRAPH_KIND_ERROR, .len = 6},
      {.kind = JSVM_KIND_STRING, .data = "name", .len = 4},
      {.kind = JSVM_KIND_STRING, .data = "TypeError", .len = 9},
      {.kind = JSVM_KIND_STRING, .data = "message", .len = 7},
      {.kind = JSVM_KIND_STRING, .data = "m", .len = 1},
      {.kind = JSVM_KIND_STRING, .data = "cause", .len = 5},
      {.kind = JSVM_KIND_NUMBER, .number = 5},
      {.kind = JSVM_GRAPH_KIND_REGEXP, .len = 2},
      {.kind = JSVM_KIND_STRING, .data = "x", .len = 1},
      {.kind = JSVM_KIND_STRING, .data = "gi", .len = 2},
      {.kind = JSVM_GRAPH_KIND_REFERENCE, .len = 0},
  };
  size_t count = sizeof slots / sizeof *slots;
  jsvm_slot value;
  jsvm_graph graph;
  if (CHECK_OK(jsvm_value_build(context, slots, count, NULL, &value, &error), &error) &&
      CHECK_OK(jsvm_value_flatten(value.handle, NULL, NULL, &graph, &error), &error)) {
    CHECK(strncmp(line_of(&graph),
                  "array:6 map:2 string:k number:1 set:1 number:2 record:4 string:0 number:4 string:a number:3 "
                  "error:",
                  90) == 0);
    jsvm_graph_clear(&graph);
  }
  jsvm_slot_clear(&value);
  CHECK_OK(js(context, "ran", &ran, &error), &error);
  CHECK_EQ_NUM(ran.number, 0);
  jsvm_context_free(context);
  context = mine;
}

static void stacks(void) {
  jsvm_graph graph;
  jsvm_slot slot;
  if (flatten("new Error('x')", &graph)) {
    CHECK_STR(graph.slots[5].data, "stack");
    CHECK(strncmp(graph.slots[6].data, "Error: x\n    at ", 16) == 0);
    jsvm_graph_clear(&graph);
  }
  CHECK_OK(js(context, "var asked = 0; Error.prepareStackTrace = () => { asked++; return 'mine'; }", NULL, &error),
           &error);
  if (flatten("new Error('x')", &graph)) {
    CHECK(strncmp(graph.slots[6].data, "Error: x\n    at ", 16) == 0);
    jsvm_graph_clear(&graph);
  }
  LINE("var o = {}; Error.captureStackTrace(o); Object.defineProperty(o, 'stack', {enumerable: true}); o",
       "record:2 string:stack undefined!");
  CHECK_OK(js(context, "asked", &slot, &error), &error);
  CHECK_EQ_NUM(slot.number, 0);
  CHECK_OK(js(context, "delete Error.prepareStackTrace", NULL, &error), &error);
}

static jsvm_status flatten_status(const char *source, const jsvm_flatten_options *options,
                                  const jsvm_run_options *limits) {
  jsvm_slot slot;
  jsvm_graph graph;
  jsvm_status status;
  memset(&graph, 0xAA, sizeof graph);
  CHECK_OK(js(context, source, &slot, &error), &error);
  status = jsvm_value_flatten(slot.handle, options, limits, &graph, &error);
  jsvm_slot_clear(&slot);
  if (status != JSVM_STATUS_OK) {
    CHECK(graph.slots == NULL && graph.block == NULL && graph.count == 0 && graph.block_len == 0);
  }
  jsvm_graph_clear(&graph);
  return status;
}

static void getters(void) {
  jsvm_flatten_options options = {.struct_size = sizeof options, .call_getters = true};
  jsvm_run_options limits = {.struct_size = sizeof limits, .timeout_ms = 50};
  jsvm_graph graph;
  if (flatten_with("({get a() { return [this.b] }, b: 2, __proto__: {}})", &options, &graph)) {
    CHECK_STR(line_of(&graph), "record:4 string:a array:1 number:2 string:b number:2");
    jsvm_graph_clear(&graph);
  }
  if (flatten_with("var o = [1, 2, 3, 4]; Object.defineProperty(o, 0, {get() { o.length = 2; return 9; }}); o",
                   &options, &graph)) {
    CHECK_STR(line_of(&graph), "array:4 number:9 number:2 hole hole");
    jsvm_graph_clear(&graph);
  }
  CHECK_ERROR(flatten_status("({get a() { throw new TypeError('boo') }})", &options, NULL),
              JSVM_STATUS_EXCEPTION, &error, "boo");
  CHECK_STATUS(flatten_status("({get a() { for (;;); }})", &options, &limits), JSVM_STATUS_TIMEOUT, &error);
}

static void limits(void) {
  jsvm_flatten_options options = {.struct_size = sizeof options, .max_depth = 2};
  jsvm_run_options run = {.struct_size = sizeof run, .timeout_ms = 60000};
  jsvm_cancel *cancel = NULL;
  CHECK_STATUS(flatten_status("[[1]]", &options, NULL), JSVM_STATUS_OK, &error);
  CHECK_ERROR(flatten_status("[[[]]]", &options, NULL), JSVM_STATUS_INVALID_ARGUMENT, &error, "max_depth");
  CHECK_ERROR(flatten_status("var d = 1; for (let i = 0; i < 1001; i++) d = [d]; d", NULL, NULL),
              JSVM_STATUS_INVALID_ARGUMENT, &error, "max_depth");
  options.max_depth = 300000;
  CHECK_STATUS(flatten_status("for (let i = 0; i < 200000; i++) d = [d]; d", &options, NULL), JSVM_STATUS_OK, &error);
  options = (jsvm_flatten_options){.struct_size = sizeof options, .max_size = 4};
  CHECK_STATUS(flatten_status("[1, 2, 3]", &options, NULL), JSVM_STATUS_OK, &error);
  CHECK_ERROR(flatten_status("[1, 2, 3, 4]", &options, NULL), JSVM_STATUS_INVALID_ARGUMENT, &error, "max_size");
  CHECK_ERROR(flatten_status("({a: 1, b: 2})", &options, NULL), JSVM_STATUS_INVALID_ARGUMENT, &error, "max_size");
  CHECK_ERROR(flatten_status("new Array(4294967295)", NULL, NULL), JSVM_STATUS_INVALID_ARGUMENT, &error, "max_size");
  options = (jsvm_flatten_options){.struct_size = sizeof options, .max_bytes = 10};
  CHECK_STATUS(flatten_status("['0123456789']", &options, NULL), JSVM_STATUS_OK, &error);
  CHECK_ERROR(flatten_status("['0123456789012']", &options, NULL), JSVM_STATUS_INVALID_ARGUMENT, &error, "max_bytes");
  CHECK_ERROR(flatten_status("['éééééééé']", &options, NULL), JSVM_STATUS_INVALID_ARGUMENT, &error, "max_bytes");
  CHECK_ERROR(flatten_status("new ArrayBuffer(100)", &options, NULL), JSVM_STATUS_INVALID_ARGUMENT, &error,
              "max_bytes");
  if (CHECK_OK(jsvm_cancel_new(&cancel, &error), &error)) {
    run.cancel = cancel;
    CHECK_OK(jsvm_cancel_trigger(cancel, &error), &error);
    CHECK_STATUS(flatten_status("[1]", NULL, &run), JSVM_STATUS_CANCELLED, &error);
    jsvm_cancel_free(cancel);
  }
}

/* Slots that are no graph. */
static void refuse(const jsvm_slot *slots, size_t count, const char *part, const char *file, int line) {
  jsvm_slot value;
  memset(&value, 0xAA, sizeof value);
  check_status(jsvm_value_build(context, slots, count, NULL, &value, &error), JSVM_STATUS_INVALID_ARGUMENT,
               &error, part, part, file, line);
  CHECK_EQ_INT(value.kind, JSVM_KIND_UNDEFINED);
  CHECK(value.handle == NULL);
}
#define REFUSE(part, ...)                                                                          \
  do {                                                                                             \
    jsvm_slot slots_[] = {__VA_ARGS__};                                                            \
    refuse(slots_, sizeof slots_ / sizeof *slots_, part, __FILE__, __LINE__);                      \
  } while (0)
#define BOX(box_kind, children) {.kind = JSVM_GRAPH_KIND_##box_kind, .len = (children)}
#define NUM {.kind = JSVM_KIND_NUMBER, .number = 1}
#define STR(text) {.kind = JSVM_KIND_STRING, .data = (text), .len = sizeof(text) - 1}

static void bad_slots(void) {
  jsvm_slot huge = BOX(ARRAY, 0);
  REFUSE("slots[0]: it has 2 children, but only 1 slots follow", BOX(ARRAY, 2), NUM);
  REFUSE("slots[0]: it has", BOX(ARRAY, (size_t)-1), NUM);
  REFUSE("slots[1]: it has", BOX(ARRAY, 1), BOX(MAP, (size_t)1 << 63));
  REFUSE("slots[0]: 1 of its children", BOX(ARRAY, 2), BOX(ARRAY, 1), NUM);
  REFUSE("slots[1]: the value ends before it", NUM, NUM);
  REFUSE("slots[2]: the value ends before it", BOX(ARRAY, 1), NUM, NUM);
  REFUSE("slots[1]: the value ends before it", BOX(SET, 0), NUM);
  REFUSE("slots[0]: slot 0 is no object", BOX(REFERENCE, 0));
  REFUSE("slots[1]: slot 1 is no object", BOX(ARRAY, 1), BOX(REFERENCE, 1));
  REFUSE("slots[1]: slot 2 is no object", BOX(ARRAY, 2), BOX(REFERENCE, 2), BOX(ARRAY, 0));
  REFUSE("slots[2]: slot 1 is no object", BOX(ARRAY, 2), NUM, BOX(REFERENCE, 1));
  REFUSE("is no object", BOX(ARRAY, 1), BOX(REFERENCE, (size_t)-1));
  REFUSE("slots[2]: slot 1 is no object", BOX(ARRAY, 1), BOX(REGEXP, 2), BOX(REFERENCE, 1), STR(""));
  REFUSE("slots[0]: a HOLE", BOX(HOLE, 0));
  REFUSE("slots[1]: a HOLE", BOX(SET, 1), BOX(HOLE, 0));
  REFUSE("slots[2]: a HOLE", BOX(RECORD, 2), STR("a"), BOX(HOLE, 0));
  REFUSE("slots[0]: its 1 children are no pairs", BOX(RECORD, 1), NUM);
  REFUSE("slots[0]: its 3 children are no pairs", BOX(MAP, 3), NUM, NUM, NUM);
  REFUSE("slots[0]: its 1 children are no pairs", BOX(ERROR, 1), STR("name"));
  REFUSE("slots[1]: a key is a STRING", BOX(RECORD, 2), NUM, NUM);
  REFUSE("slots[1]: a key is a STRING", BOX(ERROR, 2), BOX(ARRAY, 0), NUM);
  REFUSE("slots[0]: a REGEXP has 2", BOX(REGEXP, 1), STR("a"));
  REFUSE("slots[1]: the source is a STRING", BOX(REGEXP, 2), NUM, STR(""));
  REFUSE("slots[2]: the flags", BOX(REGEXP, 2), STR("a"), NUM);
  REFUSE("slots[2]: \"x\" are no flags", BOX(REGEXP, 2), STR("a"), STR("x"));
  REFUSE("slots[2]: \"gg\" are no flags", BOX(REGEXP, 2), STR("a"), STR("gg"));
  REFUSE("slots[2]: a REGEXP has either", BOX(REGEXP, 2), STR("a"), STR("uv"));
  REFUSE("slots[0]: 3 bytes are no elements", {.kind = JSVM_GRAPH_KIND_BYTES, .number = 3, .data = "abc", .len = 3});
  REFUSE("slots[0]: 14 is no jsvm_element_type", {.kind = JSVM_GRAPH_KIND_BYTES, .number = 14});
  REFUSE("no jsvm_element_type", {.kind = JSVM_GRAPH_KIND_BYTES, .number = 0.5});
  REFUSE("no jsvm_element_type", {.kind = JSVM_GRAPH_KIND_BYTES, .number = NAN});
  REFUSE("slots[0]: it is NULL and its length is 4", {.kind = JSVM_GRAPH_KIND_BYTES, .number = 1, .len = 4});
  REFUSE("slots[1]: it is NULL and its length is 4", BOX(ARRAY, 1), {.kind = JSVM_KIND_STRING, .len = 4});
  REFUSE("slots[1]: it is not UTF-8, at byte 1", BOX(ARRAY, 1), STR("a\xff"));
  REFUSE("slots[1]: it is not UTF-8", BOX(RECORD, 2), STR("\xed\xa0\x80"), NUM);
  REFUSE("slots[0]: 15 is no kind", {.kind = 15});
  REFUSE("slots[0]: 20 is no kind", {.kind = 20});
  REFUSE("slots[0]: 38 is no kind", {.kind = 38});
  REFUSE("is no kind", {.kind = UINT32_MAX});
  REFUSE("slots[0]: a slot of kind 5 needs a handle", {.kind = JSVM_KIND_SYMBOL});
  REFUSE("slots[0]: a slot of kind 8 needs a handle", {.kind = JSVM_KIND_FUNCTION});
  REFUSE("slots[1]: it is not a live jsvm_value", BOX(ARRAY, 1), {.handle = (jsvm_value *)(void *)context});
  REFUSE("slots[0]: it is not a live jsvm_value", {.handle = (jsvm_value *)(uintptr_t)8});
  refuse(NULL, 0, "slots: there are none", __FILE__, __LINE__);
  refuse(NULL, 1, "slots: it is NULL and its count is 1", __FILE__, __LINE__);
  refuse(&huge, (size_t)JSVM_GRAPH_MAX_COUNT + 1, "count: ", __FILE__, __LINE__);
}

static void bad_arguments(void) {
  jsvm_slot slot, value, number = NUM;
  jsvm_graph graph;
  jsvm_flatten_options options = {.struct_size = 3};
  jsvm_run_options run = {.struct_size = 4097};
  jsvm_isolate *other = new_isolate(NULL);
  jsvm_context *there = main_context(other), *gone = new_context(isolate, NULL);
  jsvm_slot bad_regexp[] = {BOX(REGEXP, 2), STR("("), STR("")};
  CHECK_OK(js(context, "[1]", &slot, &error), &error);

  CHECK_ERROR(jsvm_value_flatten(NULL, NULL, NULL, &graph, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "value: it is NULL");
  CHECK_ERROR(jsvm_value_flatten(slot.handle, NULL, NULL, NULL, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "result: ");
  CHECK_STATUS(jsvm_value_flatten(slot.handle, NULL, NULL, &graph, NULL), JSVM_STATUS_OK, NULL);
  jsvm_graph_clear(&graph);
  CHECK_ERROR(jsvm_value_flatten(slot.handle, &options, NULL, &graph, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "options: struct_size 3");
  CHECK_ERROR(jsvm_value_flatten(slot.handle, NULL, &run, &graph, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "options: struct_size 4097");
  CHECK_ERROR(jsvm_value_flatten((jsvm_value *)(void *)context, NULL, NULL, &graph, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "value: it is not a live");

  CHECK_ERROR(jsvm_value_build(NULL, &number, 1, NULL, &value, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "context: it is NULL");
  CHECK_ERROR(jsvm_value_build(context, &number, 1, NULL, NULL, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "result: ");
  CHECK_ERROR(jsvm_value_build(context, &number, 1, &run, &value, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "options: ");
  CHECK_STATUS(jsvm_value_build(context, NULL, 1, NULL, &value, NULL), JSVM_STATUS_INVALID_ARGUMENT, NULL);
  CHECK_ERROR(jsvm_value_build(there, &slot, 1, NULL, &value, &error), JSVM_STATUS_WRONG_ISOLATE, &error, "slots[0]: ");
  CHECK_ERROR(jsvm_value_build(context, bad_regexp, 3, NULL, &value, &error), JSVM_STATUS_EXCEPTION, &error, "Invalid regular expression");
  jsvm_context_free(gone);
  CHECK_ERROR(jsvm_value_build(gone, &number, 1, NULL, &value, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "context: it is not a live");
  CHECK_OK(jsvm_value_build(context, &number, 1, NULL, &value, &error), &error);
  CHECK_EQ_NUM(value.number, 1);

  jsvm_value *handle = slot.handle;
  jsvm_slot_clear(&slot);
  CHECK_ERROR(jsvm_value_flatten(handle, NULL, NULL, &graph, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "value: it is not a live");
  slot = (jsvm_slot){.handle = handle};
  CHECK_ERROR(jsvm_value_build(context, &slot, 1, NULL, &value, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "slots[0]: it is not a live");

  CHECK_OK(js(there, "[1]", &slot, &error), &error);
  jsvm_isolate_free(other);
  CHECK_STATUS(jsvm_value_flatten(slot.handle, NULL, NULL, &graph, &error), JSVM_STATUS_DISPOSED, &error);
  CHECK_STATUS(jsvm_value_build(there, &number, 1, NULL, &value, &error), JSVM_STATUS_DISPOSED, &error);
  jsvm_slot_clear(&slot);
  jsvm_context_free(there);
}

static void no_room(void) {
  jsvm_isolate_options options = {.struct_size = sizeof options, .buffer_limit = 1000, .heap_limit = 16 << 20};
  jsvm_isolate *small = new_isolate(&options);
  jsvm_context *there = main_context(small);
  jsvm_slot value, bytes = {.kind = JSVM_GRAPH_KIND_BYTES, .number = JSVM_ELEMENT_TYPE_UINT8};
  size_t count = 2000001;
  jsvm_slot *many = calloc(count, sizeof *many);
  bytes.data = calloc(2000, 1);
  bytes.len = 2000;
  CHECK_STATUS(jsvm_value_build(there, &bytes, 1, NULL, &value, &error), JSVM_STATUS_OUT_OF_MEMORY, &error);
  free((void *)(uintptr_t)bytes.data);
  many[0] = (jsvm_slot)BOX(ARRAY, count - 1);
  for (size_t i = 1; i < count; i++) {
    many[i] = (jsvm_slot)BOX(RECORD, 0);
  }
  CHECK_STATUS(jsvm_value_build(there, many, count, NULL, &value, &error), JSVM_STATUS_OUT_OF_MEMORY, &error);
  many[0].len = 100;
  CHECK_OK(jsvm_value_build(there, many, 101, NULL, &value, &error), &error);
  jsvm_slot_clear(&value);
  free(many);
  jsvm_context_free(there);
  jsvm_isolate_free(small);
}

/* Depth of slots costs no stack either. */
static void deep_build(void) {
  size_t count = 300000;
  jsvm_slot *slots = calloc(count, sizeof *slots);
  jsvm_slot value;
  jsvm_graph graph;
  jsvm_flatten_options options = {.struct_size = sizeof options, .max_depth = count};
  for (size_t i = 0; i < count; i++) {
    slots[i] = (jsvm_slot)BOX(ARRAY, i + 1 < count);
  }
  if (CHECK_OK(jsvm_value_build(context, slots, count, NULL, &value, &error), &error) &&
      CHECK_OK(jsvm_value_flatten(value.handle, &options, NULL, &graph, &error), &error)) {
    CHECK_EQ_INT(graph.count, count);
    jsvm_graph_clear(&graph);
  }
  jsvm_slot_clear(&value);
  free(slots);
}

static void *on_small_stack(void *unused) {
  (void)unused;
  deep_build();
  round_trips();
  return NULL;
}

static void small_stack(void) {
  pthread_t thread;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 128 << 10);
  CHECK_EQ_INT(pthread_create(&thread, &attributes, on_small_stack, NULL), 0);
  pthread_join(thread, NULL);
  pthread_attr_destroy(&attributes);
}

/* Nothing in V8 stops a call that runs no JavaScript. */
static void endings(void) {
  jsvm_run_options run = {.struct_size = sizeof run, .timeout_ms = 1};
  jsvm_slot slot, value, *slots = calloc(3000001, sizeof *slots);
  CHECK_STATUS(flatten_status("new Array(3000000)", NULL, &run), JSVM_STATUS_TIMEOUT, &error);
  slots[0] = (jsvm_slot){.kind = JSVM_GRAPH_KIND_SET, .len = 3000000};
  CHECK_STATUS(jsvm_value_build(context, slots, 3000001, &run, &value, &error), JSVM_STATUS_TIMEOUT, &error);
  CHECK_OK(js(context, "1", &slot, &error), &error);
  free(slots);
}

/* What V8 makes for the reading is not kept longer than it is of use. */
static void small_heap(void) {
  jsvm_isolate_options options = {.struct_size = sizeof options, .heap_limit = 64 << 20};
  jsvm_isolate *mine = isolate;
  jsvm_context *before = context;
  jsvm_graph graph;
  isolate = new_isolate(&options);
  context = main_context(isolate);
  if (flatten("var m = Array.from({length: 100}, (_, i) => [i, i]); Array.from({length: 14000}, () => new Map(m))", &graph)) {
    CHECK_EQ_INT(graph.count, 14000 * 201 + 1);
    jsvm_graph_clear(&graph);
  }
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
  isolate = mine;
  context = before;
}

static uint64_t seed = 0x9E3779B97F4A7C15u;
static uint32_t next(uint32_t below) {
  seed ^= seed << 13;
  seed ^= seed >> 7;
  seed ^= seed << 17;
  return (uint32_t)((seed >> 33) % below);
}

/* Mutated slots of a real graph: OK or a status, never a crash; and what is built can be flattened. */
static void fuzz(void) {
  static const uint32_t kinds[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 17, 18, 19, 20, 32, 33, 34, 35, 36, 37, 38};
  int rounds = CHECK_ASAN ? 10000 : 40000, built = 0;
  jsvm_graph graph, again;
  jsvm_slot value, *slots;
  size_t count;
  if (!flatten("var o = {n: [1, , 'x', 5n], d: new Date(1), m: new Map([[1, {}], ['k', [2]]]), s: new Set([1, 'a']),"
               " e: new TypeError('t', {cause: 1}), r: /a+/gi, b: new Uint16Array([1, 2, 3])};"
               " o.self = o; o.again = [o.m, o.s, o.e, o.r, o.b, o.d, '\\ud800']; o",
               &graph)) {
    return;
  }
  count = graph.count;
  slots = calloc(count + 4, sizeof *slots);
  for (int round = 0; round < rounds; round++) {
    size_t used = count;
    memcpy(slots, graph.slots, count * sizeof *slots);
    for (uint32_t change = next(4) + 1; change > 0; change--) {
      size_t at = next((uint32_t)used);
      jsvm_slot *slot = &slots[at];
      switch (next(8)) {
        case 0: slot->kind = kinds[next(sizeof kinds / sizeof *kinds)]; break;
        case 1:
          /* Lengths of data stay within it. */
          if (slot->data == NULL) {
            slot->len = next(3) ? next(60) : (size_t)-1 - next(3);
          } else {
            slot->len = next((uint32_t)slot->len + 1);
          }
          break;
        case 2: slot->number = next(20); break;
        case 3: slot->number = next(2) ? NAN : -1e308; break;
        case 4: used = 1 + next((uint32_t)used); break;
        case 5: slots[next((uint32_t)used)] = *slot; break;
        case 6: {
          jsvm_slot swap = *slot;
          size_t with = next((uint32_t)used);
          *slot = slots[with];
          slots[with] = swap;
          break;
        }
        default:
          if (used < count + 4) {
            memmove(slot + 1, slot, (used - at) * sizeof *slot);
            used++;
          }
      }
    }
    /* A kind that reads data needs as much of it as it says. */
    for (size_t i = 0; i < used; i++) {
      if (slots[i].data == NULL && (slots[i].kind == JSVM_KIND_STRING) && slots[i].len == (size_t)-1) {
        slots[i].len = 7;
      }
      if (slots[i].data != NULL && slots[i].len == (size_t)-1) {
        slots[i].len = 0;
      }
    }
    jsvm_status status = jsvm_value_build(context, slots, used, NULL, &value, &error);
    if (status == JSVM_STATUS_OK) {
      built++;
      if (value.handle != NULL &&
          CHECK_OK(jsvm_value_flatten(value.handle, NULL, NULL, &again, &error), &error)) {
        jsvm_graph_clear(&again);
      }
      jsvm_slot_clear(&value);
    } else {
      CHECK(status == JSVM_STATUS_INVALID_ARGUMENT || status == JSVM_STATUS_EXCEPTION);
      CHECK(value.kind == JSVM_KIND_UNDEFINED && value.handle == NULL);
      CHECK(error != NULL && jsvm_error_message(error)[0] != 0);
      jsvm_error_free(error);
      error = NULL;
    }
  }
  fprintf(stderr, "  %d of %d were graphs\n", built, rounds);
  CHECK(built > rounds / 50);
  free(slots);
  jsvm_graph_clear(&graph);
}

/* A guest's memory, not the host's stack or time: many shapes, and again. */
static void repeats(void) {
  jsvm_graph graph;
  jsvm_slot value;
  for (int i = 0; i < 50; i++) {
    if (flatten("Array.from({length: 2000}, (_, i) => ({id: i, ['k' + i]: [i, 'v' + i, () => i]}))", &graph)) {
      if (CHECK_OK(jsvm_value_build(context, graph.slots, graph.count, NULL, &value, &error), &error)) {
        jsvm_slot_clear(&value);
      }
      jsvm_graph_clear(&graph);
    }
  }
}

int main(void) {
  isolate = new_isolate(NULL);
  context = main_context(isolate);
  RUN(encoding);
  RUN(exact_numbers);
  RUN(the_block);
  RUN(round_trips);
  RUN(hostile);
  RUN(stacks);
  RUN(getters);
  RUN(limits);
  RUN(bad_slots);
  RUN(bad_arguments);
  RUN(no_room);
  RUN(deep_build);
  RUN(small_stack);
  RUN(endings);
  RUN(small_heap);
  RUN(fuzz);
  RUN(repeats);
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
  return FINISH();
}
