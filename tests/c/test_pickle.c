/* jsvm_value_pickle and jsvm_value_unpickle. Python reads and writes pickles in the tests of bindings/python. */
#include "graph.h"

static jsvm_isolate *isolate;
static jsvm_context *context;
static jsvm_error *error;

/* A pickle of what the source gives, which is an object. */
static jsvm_status pickle_with(const char *source, const jsvm_flatten_options *options, jsvm_bytes *bytes,
                               jsvm_slot_list *handles) {
  jsvm_slot slot;
  jsvm_status status;
  CHECK_OK(js(context, source, &slot, &error), &error);
  memset(bytes, 0xAA, sizeof *bytes);
  memset(handles, 0xAA, sizeof *handles);
  status = jsvm_value_pickle(slot.handle, options, NULL, bytes, handles, &error);
  if (status != JSVM_STATUS_OK) {
    CHECK(bytes->data == NULL && bytes->len == 0 && handles->slots == NULL && handles->len == 0);
  }
  jsvm_slot_clear(&slot);
  return status;
}

static jsvm_status unpickle(const void *bytes, size_t len, jsvm_slot *value) {
  return jsvm_value_unpickle(context, bytes, len, NULL, 0, NULL, value, &error);
}
/* The bytes of a literal, without its NUL, behind the first bytes of a pickle. */
#define UNPICKLE(literal, value) unpickle("\x80\x04" literal, sizeof(literal) + 1, value)

/* Whether the function `holds` is true of the value. */
static void check_holds(const char *holds, const jsvm_slot *value, const char *file, int line) {
  jsvm_slot function, result;
  CHECK_OK(js(context, holds, &function, &error), &error);
  if (check_status(jsvm_function_call(function.handle, NULL, value, 1, NULL, &result, &error), JSVM_STATUS_OK, &error,
                   NULL, holds, file, line)) {
    check_condition(result.kind == JSVM_KIND_BOOLEAN && result.number == 1, holds, file, line);
    jsvm_slot_clear(&result);
  }
  jsvm_slot_clear(&function);
}
#define HOLDS(holds, value) check_holds(holds, value, __FILE__, __LINE__)

static void bytes_of_a_pickle(void) {
  static const char expected[] =
      "\x80\x04\x95\x2d\0\0\0\0\0\0\0](K\x01M\0\x01J\xff\xff\xff\xff\x8a\x08\0\0\0\0\0\x01\0\0G\x80\0\0\0\0\0\0\0N\x88\x89}(\x8c\x01"
      "a\x8c\x01" "bue.";
  jsvm_bytes bytes;
  jsvm_slot_list handles;
  CHECK_OK(pickle_with("[1, 256, -1, 2**40, -0, null, true, false, {a: 'b'}]", NULL, &bytes, &handles), &error);
  CHECK_BYTES(bytes.data, bytes.len, expected, sizeof expected - 1);
  CHECK(handles.len == 0);
  jsvm_bytes_clear(&bytes);
  jsvm_slot_list_clear(&handles);
}

static void there_and_back(void) {
  static const struct { const char *source, *holds; } cases[] = {
      {"[]", "(a) => Array.isArray(a) && a.length === 0"},
      {"[1, -1, 255, 256, 65536, -65536, 2 ** 31, -(2 ** 31), 2 ** 53 - 1, 1 - 2 ** 53, 2 ** 53, 1e300, 0.5]",
       "(a) => a.join() === [1, -1, 255, 256, 65536, -65536, 2 ** 31, -(2 ** 31), 2 ** 53 - 1, 1 - 2 ** 53, 2 ** 53, 1e300, 0.5].join()"},
      {"[-0, NaN, Infinity, null, undefined, true, false]",
       "(a) => Object.is(a[0], -0) && Object.is(a[1], NaN) && a[2] === Infinity && a[3] === null && a[4] === undefined && 4 in a && a[5] === true && a[6] === false"},
      {"[1, , 3]", "(a) => a.length === 3 && 1 in a && a[1] === undefined"},
      {"['', 'a', '\\0', '\\u00fc', '\\u{1f600}', '\\ud800', 'x\\udc00\\ud800y', 'l'.repeat(70000)]",
       "(a) => a.slice(0, 7).join('|') === '|a|\\0|\\u00fc|\\u{1f600}|\\ud800|x\\udc00\\ud800y' && a[7] === 'l'.repeat(70000)"},
      {"[0n, 1n, -1n, 127n, 128n, -128n, -129n, 2n ** 63n, -(2n ** 64n), 2n ** 5000n]",
       "(a) => a.join() === [0n, 1n, -1n, 127n, 128n, -128n, -129n, 2n ** 63n, -(2n ** 64n), 2n ** 5000n].join()"},
      {"({a: 1, '\\ud800': 2, 3: 4, __proto__: null, ['__proto__']: 5})",
       "(o) => Reflect.ownKeys(o).join() === '3,a,\\ud800,__proto__' && o.a === 1 && o['\\ud800'] === 2 && o[3] === 4"},
      {"[{a: 1, b: 'a'}, {a: 2, b: 'a'}, {a: {}, b: {}}]", "(a) => JSON.stringify(a) === '[{\"a\":1,\"b\":\"a\"},{\"a\":2,\"b\":\"a\"},{\"a\":{},\"b\":{}}]'"},
      {"[new Date(5), new Date(NaN), new Date(8.64e15)]",
       "([a, b, c]) => a.getTime() === 5 && Number.isNaN(b.getTime()) && c.getTime() === 8.64e15"},
      {"[/a\\/b/gi, new Uint8Array([1, 2]), new Uint8Array(300), new Uint8Array()]",
       "([r, b, c, d]) => String(r) === '/a\\\\/b/gi' && b.join() === '1,2' && c.length === 300 && d.length === 0"},
      {"[new Map([[{}, 1], ['k', new Set([[]])]]), new Map, new Set]",
       "([m, n, s]) => m.size === 2 && [...m.keys()][1] === 'k' && m.get('k').size === 1 && n instanceof Map && n.size === 0 && s.size === 0"},
      {"[Object.assign(new TypeError('boo', {cause: 1}), {code: 'E'})]",
       "([e]) => e instanceof TypeError && e.message === 'boo' && e.cause === 1 && e.code === 'E' && e.stack.startsWith('TypeError: boo')"},
      {"var o = {}; o.self = [o, o]; var m = new Map([[o, o]]); m.set('m', m); var e = new Error('x'); e.cause = e;"
       "var s = new Set; s.add(s); var d = new Date(1), r = /r/, b = new Uint8Array(1); ({o, m, e, s, all: [o, m, e, s, d, r, b, d, r, b]})",
       "({o, m, e, s, all}) => o.self[0] === o && o.self[1] === o && m.get(o) === o && m.get('m') === m && e.cause === e && s.has(s) &&"
       "all[0] === o && all[1] === m && all[2] === e && all[3] === s && all[4] === all[7] && all[5] === all[8] && all[6] === all[9] && all[5].source === 'r'"},
      {"var f = () => 1, s = Symbol.iterator; [f, s, f, Promise.resolve(), new Proxy({}, {})]",
       "([f, s, g, p]) => f() === 1 && f === g && s === Symbol.iterator && p instanceof Promise"},
      {"var d = []; for (let i = 0; i < 900; i++) d = [d, {d: 1}]; d",
       "(d) => { let n = 0; for (; d.length; d = d[0]) n++; return n === 900; }"},
      /* More than BINGET can say. */
      {"var all = Array.from({length: 300}, (_, i) => [i]); [all, all.toReversed()]",
       "([a, b]) => a.every((one, i) => one[0] === i && one === b[299 - i])"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    jsvm_bytes bytes;
    jsvm_slot_list handles;
    jsvm_slot value;
    CHECK_OK(pickle_with(cases[i].source, NULL, &bytes, &handles), &error);
    if (CHECK_OK(jsvm_value_unpickle(context, bytes.data, bytes.len, handles.slots, handles.len, NULL, &value, &error), &error)) {
      HOLDS(cases[i].holds, &value);
    } else {
      fprintf(stderr, "  in %s\n", cases[i].source);
    }
    jsvm_slot_clear(&value);
    jsvm_bytes_clear(&bytes);
    jsvm_slot_list_clear(&handles);
  }
}

static void limits(void) {
  jsvm_flatten_options options = {.struct_size = sizeof options, .max_size = 3};
  jsvm_bytes bytes;
  jsvm_slot_list handles;
  CHECK_ERROR(pickle_with("[1, 2, 3]", &options, &bytes, &handles), JSVM_STATUS_INVALID_ARGUMENT, &error, "max_size");
  options = (jsvm_flatten_options){.struct_size = sizeof options, .max_depth = 1};
  CHECK_ERROR(pickle_with("[[]]", &options, &bytes, &handles), JSVM_STATUS_INVALID_ARGUMENT, &error, "max_depth");
  options = (jsvm_flatten_options){.struct_size = sizeof options, .max_bytes = 2};
  CHECK_ERROR(pickle_with("['abc']", &options, &bytes, &handles), JSVM_STATUS_INVALID_ARGUMENT, &error, "max_bytes");
  options = (jsvm_flatten_options){.struct_size = sizeof options, .call_getters = true};
  CHECK_ERROR(pickle_with("({get a() { throw new Error('boo') }})", &options, &bytes, &handles),
              JSVM_STATUS_EXCEPTION, &error, "boo");
}

/* What Python writes and jsvm_value_pickle does not. */
static void of_python(void) {
  static const char *const handle = "\x80\x04](\x8c\x01m\x8c\x06handle\x93K\0\x85Re.";
  jsvm_slot value, object, slots[1];
  /* A list by APPEND, a dict by SETITEM, tuples of 1 to 4, sets, a bytearray: what is shared, a key that is an int. */
  CHECK_OK(UNPICKLE("](]K\x01" "a}K\x05K\x01sK\x01\x85K\x01K\x02\x86K\x01K\x02K\x03\x87(K\x01K\x02K\x03K\x04t\x94h\0"
                    "\x8f\x94(K\x01K\x02\x90(K\x01\x91\x96\x01\0\0\0\0\0\0\0\xff" "e.", &value), &error);
  HOLDS("(a) => JSON.stringify(a.slice(0, 7)) === '[[1],{\"5\":1},[1],[1,2],[1,2,3],[1,2,3,4],[1,2,3,4]]' && a[5] === a[6] &&"
        "a[7].size === 2 && a[8].has(1) && a[9][0] === 255", &value);
  jsvm_slot_clear(&value);
  /* A recursive tuple: what was begun is thrown away. */
  CHECK_OK(UNPICKLE("(]\x94(h\0K\x01K\x02K\x03K\x04t\x94" "aK\x01K\x02K\x03K\x04" "1h\x01.", &value), &error);
  HOLDS("(a) => a.length === 5 && a[0][0] === a && a[4] === 4", &value);
  jsvm_slot_clear(&value);
  CHECK_OK(UNPICKLE("(\x8c\x01m\x8c\x05value\x93\x94\x8c\x01x\x85Rh\0\x8a\x01\xff\x85R\x8c\x01m\x8c\x06" "bigint\x93K\x05\x85R"
                    "\x8c\x01m\x8c\x03map\x93(K\x01K\x02t\x85R\x8c\x01m\x8c\x03set\x93(K\x01t\x85Rt.", &value), &error);
  HOLDS("([a, b, c, d, e]) => a === 'x' && b === -1 && c === 5n && d.get(1) === 2 && e.has(1)", &value);
  jsvm_slot_clear(&value);
  CHECK_OK(UNPICKLE("\x8c\x06\xed\xa0\x80\xed\xb0\x80.", &value), &error);
  HOLDS("(s) => s === '\\u{10000}'", &value);
  jsvm_slot_clear(&value);
  CHECK_OK(UNPICKLE("N.", &value), &error);
  CHECK_EQ_INT(value.kind, JSVM_KIND_NULL);

  CHECK_OK(js(context, "globalThis.one = {}", &object, &error), &error);
  slots[0] = (jsvm_slot){.handle = object.handle};
  CHECK_OK(jsvm_value_unpickle(context, handle, 22, slots, 1, NULL, &value, &error), &error);
  HOLDS("([a]) => a === one", &value);
  jsvm_slot_clear(&value);
  CHECK_ERROR(jsvm_value_unpickle(context, handle, 22, slots, 0, NULL, &value, &error), JSVM_STATUS_INVALID_ARGUMENT,
              &error, "there is no handle 0");
  jsvm_slot_clear(&object);
}

#define REFUSED(literal, message) CHECK_ERROR(UNPICKLE(literal, &value), JSVM_STATUS_INVALID_ARGUMENT, &error, message)

static void refused(void) {
  jsvm_slot value;
  REFUSED("", "it ends too early");
  REFUSED(".", "the stack is empty");
  REFUSED("K", "it ends too early");
  REFUSED("NN.", "more than one value");
  REFUSED("N.N", "more than one value");
  REFUSED("\x8c\x05" "abcd.", "it ends too early");
  REFUSED("\x8d\xff\xff\xff\xff\xff\xff\xff\xff" "a.", "it ends too early");
  REFUSED("\x8c\x01\xff.", "not UTF-8");
  REFUSED("\x8c\x02\xed\xa0.", "not UTF-8");
  REFUSED("\xff.", "the opcode 0xff");
  REFUSED("cos\nsystem\n.", "the opcode 0x63");
  REFUSED("\x8c\x02os\x8c\x06system\x93.", "\"system\" is no global");
  REFUSED("\x8c\x01m\x8c\x04" "date\x93.", "a global stands");
  REFUSED("\x8c\x01m\x8c\x04" "date\x93N\x85R.", "the arguments of \"date\"");
  REFUSED("\x8c\x01m\x8c\x04" "date\x93NR.", "the arguments are no tuple");
  REFUSED("\x8c\x01m\x8c\x06" "handle\x93K\x01\x85R.", "there is no handle 1");
  REFUSED("\x8c\x01m\x8c\x04" "fill\x93])\x86R.", "no map, set or error");
  REFUSED("\x8c\x01m\x8c\x03map\x93(K\x01t\x85R.", "no pairs");
  REFUSED("\x8c\x01m\x8c\x06regexp\x93NN\x86R.", "the source is a STRING");
  REFUSED("K\x01)R.", "is no global");
  REFUSED("h\0.", "the memo has no 0");
  REFUSED("\x94.", "nothing to memoize");
  REFUSED("t.", "there is no mark");
  REFUSED("K\x01(a.", "the stack is empty");
  REFUSED("K\x01(\x85.", "the stack is too short");
  REFUSED("N\x86.", "the stack is too short");
  REFUSED("}(K\x01u.", "a key without a value");
  REFUSED("}(NNu.", "a key is no string or int");
  REFUSED("}(\x88Nu.", "a key is no string or int");
  REFUSED("}K\x01" "a.", "of another kind");
}

/* What damaged pickles give is one thing or another, and no harm. */
static void damaged(void) {
  const char *rounds = getenv("JSVM_TEST_ROUNDS");
  jsvm_bytes bytes;
  jsvm_slot_list handles;
  unsigned random = 1;
  CHECK_OK(pickle_with("var s = [1, -5, 2.5, 'a', {k: 'v', w: null}, new Date(1), /x/g, 10n, new Uint8Array(9)];"
                       "({s, t: [s, s], m: new Map([[1, s]]), u: new Set([s, 'a']), e: new Error('e'), f: () => 1, l: 'x\\ud800'.repeat(200)})",
                       NULL, &bytes, &handles), &error);
  char *copy = malloc(bytes.len);
  int good = 0, bad = 0;
  for (long i = rounds != NULL ? atol(rounds) : 5000; i > 0; i--) {
    jsvm_slot value;
    memcpy(copy, bytes.data, bytes.len);
    for (int change = 0; change < 1 + (int)(i % 3); change++) {
      random = random * 1664525u + 1013904223u;
      copy[(random >> 8) % bytes.len] = i % 2 ? (char)random : copy[(random >> 4) % bytes.len];
    }
    random = random * 1664525u + 1013904223u;
    size_t len = i % 5 ? bytes.len : (random >> 8) % bytes.len;
    jsvm_status status = jsvm_value_unpickle(context, copy, len, handles.slots, handles.len, NULL, &value, &error);
    CHECK(status == JSVM_STATUS_OK || status == JSVM_STATUS_INVALID_ARGUMENT || status == JSVM_STATUS_EXCEPTION);
    *(status == JSVM_STATUS_OK ? &good : &bad) += 1;
    jsvm_error_free(error);
    error = NULL;
    jsvm_slot_clear(&value);
  }
  CHECK(good > 0 && bad > 0);
  free(copy);
  jsvm_bytes_clear(&bytes);
  jsvm_slot_list_clear(&handles);
}

static void bad_arguments(void) {
  jsvm_slot value, object, no_handle = {0};
  jsvm_bytes bytes;
  jsvm_slot_list handles;
  jsvm_run_options run = {.struct_size = 1};
  jsvm_flatten_options options = {.struct_size = 1};
  jsvm_isolate *other = new_isolate(NULL);
  jsvm_context *there = main_context(other);
  CHECK_OK(js(context, "[1]", &object, &error), &error);
  CHECK_ERROR(jsvm_value_pickle(NULL, NULL, NULL, &bytes, &handles, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "value: ");
  CHECK_ERROR(jsvm_value_pickle(object.handle, &options, NULL, &bytes, &handles, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "options: ");
  CHECK_ERROR(jsvm_value_pickle(object.handle, NULL, &run, &bytes, &handles, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "run_options: ");
  CHECK_ERROR(jsvm_value_pickle(object.handle, NULL, NULL, NULL, &handles, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "result: ");
  CHECK_ERROR(jsvm_value_pickle(object.handle, NULL, NULL, &bytes, NULL, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "handles: ");
  CHECK_ERROR(jsvm_value_unpickle(NULL, "N.", 2, NULL, 0, NULL, &value, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "context: ");
  CHECK_ERROR(jsvm_value_unpickle(context, NULL, 2, NULL, 0, NULL, &value, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "bytes: ");
  CHECK_ERROR(jsvm_value_unpickle(context, "N.", 2, NULL, 1, NULL, &value, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "handles: ");
  CHECK_ERROR(jsvm_value_unpickle(context, "N.", 2, &no_handle, 1, NULL, &value, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "handles[0]: ");
  CHECK_ERROR(jsvm_value_unpickle(context, "N.", 2, NULL, 0, &run, &value, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "options: ");
  CHECK_ERROR(jsvm_value_unpickle(context, "N.", 2, NULL, 0, NULL, NULL, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "result: ");
  CHECK_STATUS(jsvm_value_unpickle(there, "\x8c\x01m\x8c\x06handle\x93K\0\x85R.", 17, &object, 1, NULL, &value, &error),
               JSVM_STATUS_WRONG_ISOLATE, &error);
  jsvm_slot_clear(&object);
  jsvm_isolate_free(other);
  CHECK_STATUS(jsvm_value_unpickle(there, "N.", 2, NULL, 0, NULL, &value, &error), JSVM_STATUS_DISPOSED, &error);
  jsvm_context_free(there);
}

int main(void) {
  isolate = new_isolate(NULL);
  context = main_context(isolate);
  RUN(bytes_of_a_pickle);
  RUN(there_and_back);
  RUN(limits);
  RUN(of_python);
  RUN(refused);
  RUN(damaged);
  RUN(bad_arguments);
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
  return FINISH();
}
