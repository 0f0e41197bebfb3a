/* jsvm_value_serialize and jsvm_value_deserialize. */
#include "graph.h"

static jsvm_isolate *isolate;
static jsvm_context *context;
static jsvm_error *error;

static jsvm_status serialize(const char *source, const jsvm_run_options *options, jsvm_bytes *bytes) {
  jsvm_slot slot;
  jsvm_status status;
  memset(bytes, 0xAA, sizeof *bytes);
  CHECK_OK(js(context, source, &slot, &error), &error);
  status = jsvm_value_serialize(context, &slot, options, bytes, &error);
  if (status != JSVM_STATUS_OK) {
    CHECK(bytes->data == NULL && bytes->len == 0);
  }
  jsvm_slot_clear(&slot);
  return status;
}

/* Clones into another isolate and has `test`, an expression of v, look at it there. */
static void check_clone(const char *source, const char *test, const char *file, int line) {
  jsvm_isolate *other = new_isolate(NULL);
  jsvm_context *there = main_context(other);
  jsvm_bytes bytes, text;
  jsvm_slot value, function;
  jsvm_slot all[5];
  char code[4096];
  if (check_status(serialize(source, NULL, &bytes), JSVM_STATUS_OK, &error, NULL, source, file, line) &&
      check_status(jsvm_value_deserialize(there, bytes.data, bytes.len, NULL, &value, &error), JSVM_STATUS_OK,
                   &error, NULL, source, file, line)) {
    snprintf(code, sizeof code, "(function () { 'use strict'; const v = this.v; return %s; })", test);
    check_status(js(there, code, &function, &error), JSVM_STATUS_OK, &error, NULL, code, file, line);
    all[0] = (jsvm_slot){.kind = JSVM_GRAPH_KIND_RECORD, .len = 4};
    all[1] = (jsvm_slot){.kind = JSVM_KIND_STRING, .data = "toJSON", .len = 6};
    all[2] = (jsvm_slot){.handle = function.handle};
    all[3] = (jsvm_slot){.kind = JSVM_KIND_STRING, .data = "v", .len = 1};
    all[4] = value;
    jsvm_slot holder;
    CHECK_OK(jsvm_value_build(there, all, 5, NULL, &holder, &error), &error);
    check_status(jsvm_json_stringify(there, &holder, 0, NULL, &text, &error), JSVM_STATUS_OK, &error, NULL, source,
                 file, line);
    check_string(text.data, "true", source, file, line);
    jsvm_bytes_clear(&text);
    jsvm_slot_clear(&holder);
    jsvm_slot_clear(&function);
    jsvm_slot_clear(&value);
  }
  jsvm_bytes_clear(&bytes);
  jsvm_context_free(there);
  jsvm_isolate_free(other);
}
#define CLONE(source, test) check_clone(source, test, __FILE__, __LINE__)

static void clones(void) {
  CLONE("1.5", "v === 1.5");
  CLONE("undefined", "v === undefined");
  CLONE("'\\ud800x€'", "v === '\\ud800x€'");
  CLONE("-(2n ** 100n)", "v === -(2n ** 100n)");
  CLONE("var o = {a: [1, , 3], d: new Date(5), r: /x/gi, n: null}; o.self = o; o",
        "v.self === v && v.a.length === 3 && !(1 in v.a) && v.d.getTime() === 5 && v.r.flags === 'gi'");
  CLONE("var m = new Map([[1, new Set(['a'])]]); m.set(m, m); m", "v.get(v) === v && v.get(1).has('a')");
  CLONE("var e = new RangeError('m', {cause: {x: 1}}); e",
        "v instanceof RangeError && v.message === 'm' && v.cause.x === 1");
  CLONE("var b = new ArrayBuffer(8); [new Uint8Array(b).fill(7), new Float64Array(b), new DataView(b, 1, 2)]",
        "v[0][7] === 7 && v[0].buffer === v[1].buffer && v[2].byteLength === 2 && v[2].getUint8(0) === 7");
  CLONE("[new Number(3), new String('s'), Object(4n)]", "v[0] == 3 && v[1].length === 1 && typeof v[2] === 'object'");
  CLONE("({get x() { return 9 }})", "v.x === 9");
  CLONE("Array.from({length: 20000}, (_, i) => ({i}))", "v.length === 20000 && v[19999].i === 19999");
}

static void refused(const char *source, const char *part, const char *file, int line) {
  jsvm_bytes bytes;
  jsvm_status status = serialize(source, NULL, &bytes);
  check_string(error != NULL ? jsvm_error_name(error) : "no error", "DataCloneError", source, file, line);
  check_status(status, JSVM_STATUS_EXCEPTION, &error, part, source, file, line);
}
#define REFUSED(source, part) refused(source, part, __FILE__, __LINE__)

static void not_cloneable(void) {
  jsvm_bytes bytes;
  jsvm_run_options limits = {.struct_size = sizeof limits, .timeout_ms = 50};
  REFUSED("(function f() {})", "could not be cloned");
  REFUSED("[Symbol('x')]", "could not be cloned");
  REFUSED("Promise.resolve(1)", "could not be cloned");
  REFUSED("new WeakMap()", "could not be cloned");
  REFUSED("new Proxy({}, {})", "could not be cloned");
  REFUSED("new SharedArrayBuffer(8)", "#<SharedArrayBuffer> could not be cloned");
  REFUSED("[new Uint8Array(new SharedArrayBuffer(8))]", "#<SharedArrayBuffer> could not be cloned");
  REFUSED("new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]))",
          "#<WebAssembly.Module> could not be cloned");
  REFUSED("new WebAssembly.Memory({initial: 1})", "could not be cloned");
  REFUSED("var b = new ArrayBuffer(8); b.transfer(); b", "could not be cloned");
  CHECK_ERROR(serialize("({get a() { throw new TypeError('boo') }})", NULL, &bytes), JSVM_STATUS_EXCEPTION, &error,
              "boo");
  CHECK_STATUS(serialize("({get a() { for (;;); }})", &limits, &bytes), JSVM_STATUS_TIMEOUT, &error);
  CHECK_ERROR(serialize("var d = []; for (let i = 0; i < 1e6; i++) d = [d]; d", NULL, &bytes), JSVM_STATUS_EXCEPTION,
              &error, "stack");
  CHECK_STATUS(serialize("1", NULL, &bytes), JSVM_STATUS_OK, &error);
  jsvm_bytes_clear(&bytes);
}

/* Bytes that are not what serialize gave. */
static void forged(void) {
  jsvm_bytes bytes;
  jsvm_slot value;
  if (!CHECK_OK(serialize("({a: [1, 'x', {b: new Map([[1, new Uint8Array(9)]])}], d: new Date(1)})", NULL, &bytes),
                &error)) {
    return;
  }
  for (size_t len = 0; len < bytes.len; len++) {
    /* A copy of that length, so that a read past it is seen. */
    char *copy = malloc(len + 1);
    memcpy(copy, bytes.data, len);
    char *exact = realloc(copy, len ? len : 1);
    memset(&value, 0xAA, sizeof value);
    CHECK_ERROR(jsvm_value_deserialize(context, exact, len, NULL, &value, &error), JSVM_STATUS_INVALID_ARGUMENT, &error,
                "bytes: ");
    CHECK(value.kind == JSVM_KIND_UNDEFINED && value.handle == NULL);
    free(exact);
  }
  char *copy = malloc(bytes.len + 1);
  for (size_t at = 0; at < bytes.len; at++) {
    for (int bit = 0; bit < 8; bit++) {
      memcpy(copy, bytes.data, bytes.len);
      copy[at] = (char)(copy[at] ^ (1 << bit));
      CHECK_ERROR(jsvm_value_deserialize(context, copy, bytes.len, NULL, &value, &error), JSVM_STATUS_INVALID_ARGUMENT,
                  &error, "bytes: ");
    }
  }
  memcpy(copy, bytes.data, bytes.len);
  copy[bytes.len] = 0;
  CHECK_ERROR(jsvm_value_deserialize(context, copy, bytes.len + 1, NULL, &value, &error), JSVM_STATUS_INVALID_ARGUMENT,
              &error, "bytes: ");
  CHECK_OK(jsvm_value_deserialize(context, copy, bytes.len, NULL, &value, &error), &error);
  jsvm_slot_clear(&value);

  uint64_t seed = 88172645463325252u;
  for (int round = 0; round < 20000; round++) {
    memcpy(copy, bytes.data, bytes.len);
    int changed = 0;
    for (int change = 0; change < 1 + round % 5; change++) {
      seed ^= seed << 13;
      seed ^= seed >> 7;
      seed ^= seed << 17;
      size_t at = (size_t)(seed >> 20) % bytes.len;
      char byte = (char)seed;
      copy[at] = byte;
    }
    changed = memcmp(copy, bytes.data, bytes.len) != 0;
    jsvm_status status = jsvm_value_deserialize(context, copy, bytes.len, NULL, &value, NULL);
    CHECK_EQ_INT(status, changed ? JSVM_STATUS_INVALID_ARGUMENT : JSVM_STATUS_OK);
    jsvm_slot_clear(&value);
  }
  free(copy);
  jsvm_bytes_clear(&bytes);

  /* The code cache has the same kind of header, and is something else. */
  jsvm_script *script = NULL;
  CHECK_OK(jsvm_script_new(isolate, "1", 1, NULL, &script, &error), &error);
  CHECK_OK(jsvm_script_create_cached_data(script, &bytes, &error), &error);
  CHECK_ERROR(jsvm_value_deserialize(context, bytes.data, bytes.len, NULL, &value, &error),
              JSVM_STATUS_INVALID_ARGUMENT, &error, "bytes: ");
  jsvm_bytes_clear(&bytes);
  jsvm_script_free(script);
}

static void bad_arguments(void) {
  jsvm_slot value, object, wrong = {.kind = 99};
  jsvm_bytes bytes, none;
  jsvm_run_options run = {.struct_size = 1};
  jsvm_isolate *other = new_isolate(NULL);
  jsvm_context *there = main_context(other);
  CHECK_OK(serialize("[1]", NULL, &bytes), &error);
  CHECK_ERROR(jsvm_value_deserialize(NULL, bytes.data, bytes.len, NULL, &value, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "context: ");
  CHECK_ERROR(jsvm_value_deserialize(context, NULL, 9, NULL, &value, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "bytes: it is NULL");
  CHECK_ERROR(jsvm_value_deserialize(context, NULL, 0, NULL, &value, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "bytes: ");
  CHECK_ERROR(jsvm_value_deserialize(context, bytes.data, (size_t)-1, NULL, &value, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "bytes: its length");
  CHECK_ERROR(jsvm_value_deserialize(context, bytes.data, bytes.len, &run, &value, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "options: ");
  CHECK_ERROR(jsvm_value_deserialize(context, bytes.data, bytes.len, NULL, NULL, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "result: ");
  CHECK_STATUS(jsvm_value_deserialize(context, "x", 1, NULL, &value, NULL), JSVM_STATUS_INVALID_ARGUMENT, NULL);

  CHECK_OK(js(context, "[1]", &object, &error), &error);
  CHECK_ERROR(jsvm_value_serialize(NULL, &object, NULL, &none, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "context: ");
  CHECK_ERROR(jsvm_value_serialize(context, &object, &run, &none, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "options: ");
  CHECK_ERROR(jsvm_value_serialize(context, &object, NULL, NULL, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "result: ");
  CHECK_ERROR(jsvm_value_serialize(context, &wrong, NULL, &none, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "value: 99");
  CHECK_STATUS(jsvm_value_serialize(there, &object, NULL, &none, &error), JSVM_STATUS_WRONG_ISOLATE, &error);
  CHECK_OK(jsvm_value_serialize(context, NULL, NULL, &none, &error), &error);
  jsvm_bytes_clear(&none);
  jsvm_value *gone = object.handle;
  jsvm_slot_clear(&object);
  object = (jsvm_slot){.handle = gone};
  CHECK_ERROR(jsvm_value_serialize(context, &object, NULL, &none, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "value: it is not a live");
  jsvm_isolate_free(other);
  CHECK_STATUS(jsvm_value_deserialize(there, bytes.data, bytes.len, NULL, &value, &error), JSVM_STATUS_DISPOSED, &error);
  CHECK_STATUS(jsvm_value_serialize(there, NULL, NULL, &none, &error), JSVM_STATUS_DISPOSED, &error);
  jsvm_context_free(there);
  jsvm_bytes_clear(&bytes);
}

int main(void) {
  isolate = new_isolate(NULL);
  context = main_context(isolate);
  RUN(clones);
  RUN(not_cloneable);
  RUN(forged);
  RUN(bad_arguments);
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
  return FINISH();
}
