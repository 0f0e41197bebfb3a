/* Contexts: names, globals, sharing, code generation, microtask modes, evaluation, clone and free. */
#include "guest.h"

#include <math.h>

static jsvm_context *context_with(jsvm_isolate *isolate, jsvm_context_options options) {
  options.struct_size = sizeof options;
  return new_context(isolate, &options);
}

static void names(void) {
  jsvm_isolate *isolate = new_isolate(NULL);
  jsvm_context *one = new_context(isolate, NULL);
  jsvm_context *two = context_with(isolate, (jsvm_context_options){
      .name = {"named", JSVM_AUTO_LENGTH}, .origin = {"https://x.test/ and more", 15}});
  jsvm_context *three = new_context(isolate, NULL);
  jsvm_context *empty = context_with(isolate, (jsvm_context_options){.name = {"", 0},
                                                                     .origin = {"", 0}});
  jsvm_context *unicode = context_with(isolate, (jsvm_context_options){
      .name = {"n\xc3\xa4me", JSVM_AUTO_LENGTH}});
  jsvm_context *bad = one;
  jsvm_error *error = NULL;
  jsvm_context_options options = {.struct_size = sizeof options};
  const char *name = jsvm_context_name(one);
  CHECK_STR(name, "VM Context 1");
  CHECK(jsvm_context_origin(one) == NULL);
  CHECK_STR(jsvm_context_name(two), "named");
  CHECK_STR(jsvm_context_origin(two), "https://x.test/");
  CHECK(begins(jsvm_context_name(three), "VM Context "));
  CHECK(strcmp(jsvm_context_name(three), name) != 0);
  CHECK_STR(jsvm_context_name(empty), "");
  CHECK_STR(jsvm_context_origin(empty), "");
  CHECK_STR(jsvm_context_name(unicode), "n\xc3\xa4me");
  /* It lives as long as the context. */
  JS_OK(one, "let garbage = []; for (let i = 0; i < 1e5; i++) garbage.push({});");
  CHECK(jsvm_context_name(one) == name);
  CHECK_STR(name, "VM Context 1");
  options.name = (jsvm_str){"a\xff", 2};
  CHECK_ERROR(jsvm_context_new(isolate, &options, &bad, &error), JSVM_STATUS_INVALID_ARGUMENT,
              &error, "options: name");
  CHECK(bad == NULL);
  options.name = (jsvm_str){"a\0b", 3};
  CHECK_ERROR(jsvm_context_new(isolate, &options, &bad, &error), JSVM_STATUS_INVALID_ARGUMENT,
              &error, "options: name");
  options.name = (jsvm_str){0};
  options.origin = (jsvm_str){"\xc0\x80", JSVM_AUTO_LENGTH};
  CHECK_ERROR(jsvm_context_new(isolate, &options, &bad, &error), JSVM_STATUS_INVALID_ARGUMENT,
              &error, "options: origin");
  options.origin = (jsvm_str){0};
  options.microtask_mode = 2;
  CHECK_ERROR(jsvm_context_new(isolate, &options, &bad, &error), JSVM_STATUS_INVALID_ARGUMENT,
              &error, "microtask_mode");
  CHECK_ERROR(jsvm_context_new(isolate, NULL, NULL, &error), JSVM_STATUS_INVALID_ARGUMENT, &error,
              "result: ");
  CHECK(jsvm_context_isolate(one) == isolate);
  jsvm_context_free(one);
  CHECK(jsvm_context_isolate(one) == NULL);
  CHECK(jsvm_context_isolate(NULL) == NULL);
  jsvm_context_free(two);
  jsvm_context_free(three);
  jsvm_context_free(empty);
  jsvm_isolate_free(isolate);
  CHECK(jsvm_context_isolate(unicode) == NULL);
  jsvm_context_free(unicode);
}

/* Default names count the contexts of the isolate, as node:vm's of a process. */
static void numbers(void) {
  jsvm_isolate *isolate = new_isolate(NULL), *other = new_isolate(NULL);
  char expected[40];
  for (int i = 1; i <= 3; i++) {
    jsvm_context *context = new_context(isolate, NULL);
    snprintf(expected, sizeof expected, "VM Context %d", i);
    CHECK_STR(jsvm_context_name(context), expected);
    jsvm_context_free(context);
  }
  {
    jsvm_context *context = new_context(other, NULL);
    CHECK_STR(jsvm_context_name(context), "VM Context 1");
    jsvm_context_free(context);
  }
  jsvm_isolate_free(isolate);
  jsvm_isolate_free(other);
}

static void separate_globals(void) {
  jsvm_isolate *isolate = new_isolate(NULL);
  jsvm_context *main = main_context(isolate), *a = new_context(isolate, NULL),
               *b = new_context(isolate, NULL);
  jsvm_value *global = NULL, *again = NULL;
  jsvm_slot slot;
  jsvm_error *error = NULL;
  JS_OK(a, "globalThis.x = 1; var y = 2; let z = 3; Array.prototype.own = 4; function f() {}");
  JS_STR(b, "[typeof x, typeof y, typeof z, typeof f, typeof [].own].join()",
         "undefined,undefined,undefined,undefined,undefined");
  JS_STR(main, "[typeof x, typeof y, typeof z, typeof f, typeof [].own].join()",
         "undefined,undefined,undefined,undefined,undefined");
  JS_NUM(a, "x + y + z + [].own", 10);
  /* Only JavaScript's own globals. */
  JS_STR(a, "[typeof setTimeout, typeof process, typeof require].join()",
         "undefined,undefined,undefined");
  JS_STR(a, "[typeof WebAssembly, typeof Promise, typeof Atomics, typeof SharedArrayBuffer].join()",
         "object,function,object,function");
  /* An ordinary global object. */
  JS_TRUE(a, "Object.isExtensible(globalThis) && globalThis.x === x && this === globalThis");
  JS_STR(a, "JSON.stringify(Object.getOwnPropertyDescriptor(globalThis, 'x'))",
         "{\"value\":1,\"writable\":true,\"enumerable\":true,\"configurable\":true}");
  /* Objects go from one to the other and keep their realm. */
  CHECK_OK(jsvm_context_global(a, &global, &error), &error);
  slot = handle_slot(global);
  give(isolate, b, "ga", &slot);
  JS_NUM(b, "ga.x", 1);
  JS_TRUE(b, "ga !== globalThis && ga.Array !== Array && !(new ga.Array() instanceof Array)");
  JS_TRUE(b, "Array.isArray(new ga.Array())");
  JS_OK(b, "ga.fromB = {n: 5}; ga.add = (p, q) => p + q");
  JS_NUM(a, "fromB.n", 5);
  JS_TRUE(a, "!(fromB instanceof Object)");
  JS_NUM(a, "add(2, 3)", 5);
  JS_STR(b, "try { ga.Function('throw new TypeError()')() } catch (e) { [e instanceof TypeError, "
            "e instanceof ga.TypeError].join() }", "false,true");
  /* It is the same object each time. */
  CHECK_OK(jsvm_context_global(a, &again, &error), &error);
  slot = handle_slot(again);
  give(isolate, b, "ga2", &slot);
  JS_TRUE(b, "ga2 === ga");
  /* A context that is let go lives while something reaches it. */
  jsvm_context_free(a);
  CHECK_OK(jsvm_isolate_low_memory_notification(isolate, &error), &error);
  JS_NUM(b, "ga.x + ga.eval('y')", 3);
  jsvm_value_free(global);
  jsvm_value_free(again);
  jsvm_context_free(b);
  jsvm_context_free(main);
  jsvm_isolate_free(isolate);
}

#define WASM "new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])"

static void code_generation(void) {
  jsvm_isolate *isolate = new_isolate(NULL);
  jsvm_context *usual = new_context(isolate, NULL);
  jsvm_context *strings = context_with(isolate, (jsvm_context_options){
      .disallow_code_generation_strings = true});
  jsvm_context *wasm = context_with(isolate, (jsvm_context_options){
      .disallow_code_generation_wasm = true});
  jsvm_error *error = NULL;
  static const char *const generators[] = {
      "eval('1')", "(0, eval)('1')", "new Function('return 1')", "Function('a', 'return a')",
      "(async () => {}).constructor('1')", "(function* () {}).constructor('1')"};
  static const char *const compilers[] = {"new WebAssembly.Module(" WASM ")",
                                          "WebAssembly.Module(" WASM ")"};
  char source[300];
  JS_NUM(usual, "eval('1') + new Function('return 2')()", 3);
  JS_TRUE(usual, "new WebAssembly.Module(" WASM ") instanceof WebAssembly.Module");
  for (size_t i = 0; i < sizeof generators / sizeof *generators; i++) {
    snprintf(source, sizeof source, "try { %s } catch (e) { `${e instanceof EvalError} ${e}` }",
             generators[i]);
    JS_STR(strings, source,
           "true EvalError: Code generation from strings disallowed for this context");
    CHECK_ERROR(js(strings, generators[i], NULL, &error), JSVM_STATUS_EXCEPTION, &error,
                "Code generation from strings disallowed for this context");
    CHECK_OK(js(wasm, generators[i], NULL, &error), &error);
  }
  /* What is no string is no code. */
  JS_NUM(strings, "eval(5)", 5);
  JS_TRUE(strings, "new WebAssembly.Module(" WASM ") instanceof WebAssembly.Module");
  JS_NUM(wasm, "eval('1') + new Function('return 2')()", 3);
  snprintf(source, sizeof source, "try { %s } catch (e) { `${e instanceof "
           "WebAssembly.CompileError} ${e}` }", compilers[0]);
  JS_STR(wasm, source, "true CompileError: WebAssembly.Module(): Wasm code generation disallowed by "
                       "embedder");
  CHECK_OK(js(wasm, "globalThis.r = ''; WebAssembly.compile(" WASM ").catch(e => { r = "
                    "e.constructor === WebAssembly.CompileError ? e.message : 'not it ' + e })",
              NULL, &error), &error);
  JS_STR(wasm, "r", "WebAssembly.compile(): Wasm code generation disallowed by embedder");
  CHECK_OK(js(wasm, "r = ''; WebAssembly.instantiate(" WASM ").catch(e => { r = e.message })",
              NULL, &error), &error);
  JS_STR(wasm, "r", "WebAssembly.instantiate(): Wasm code generation disallowed by embedder");
  /* The host still compiles in it. */
  JS_NUM(strings, "1 + 1", 2);
  jsvm_context_free(usual);
  jsvm_context_free(strings);
  jsvm_context_free(wasm);
  jsvm_isolate_free(isolate);
}

static uint32_t shared_then_own(void *userdata, const jsvm_call *call, jsvm_slot *result) {
  (void)call;
  (void)result;
  /* A nested evaluation drains its context's own queue. */
  JS_OK(userdata, "globalThis.own = 0; Promise.resolve().then(() => { own = 1 })");
  JS_NUM(userdata, "own", 1);
  return JSVM_STATUS_OK;
}

static void after_evaluate(void) {
  jsvm_isolate *isolate = new_isolate(NULL);
  jsvm_context *shared = new_context(isolate, NULL);
  jsvm_context *own = context_with(isolate, (jsvm_context_options){
      .microtask_mode = JSVM_MICROTASK_MODE_AFTER_EVALUATE});
  jsvm_error *error = NULL;
  jsvm_slot slot;
  install(isolate, shared, "nested", shared_then_own, own);
  JS_OK(shared, "nested()");
  /* In a nested call the shared queue waits for the outermost. */
  JS_OK(own, "globalThis.log = ''; Promise.resolve().then(() => log += 'a').then(() => log += 'b');"
             "log += '-'");
  JS_STR(own, "log", "-ab");
  JS_OK(shared, "globalThis.log = ''; Promise.resolve().then(() => log += 'a'); log += '-'");
  JS_STR(shared, "log", "-a");
  /* The result is the completion value, not what the drain leaves. */
  JS_STR(own, "log = 'x'; Promise.resolve().then(() => log = 'y'); log", "x");
  /* Inside of the timeout. */
  CHECK_STATUS(js_ms(own, "(function loop() { Promise.resolve().then(loop) })(); 1", 50, &slot,
                     &error), JSVM_STATUS_TIMEOUT, &error);
  CHECK_EQ_INT(slot.kind, JSVM_KIND_UNDEFINED);
  CHECK_STATUS(js_ms(own, "(async () => { for (;;) await 1 })(); 1", 50, NULL, &error),
               JSVM_STATUS_TIMEOUT, &error);
  /* And without own queue as well: the promise loop does not escape. */
  CHECK_STATUS(js_ms(shared, "(function loop() { Promise.resolve().then(loop) })(); 1", 50, NULL,
                     &error), JSVM_STATUS_TIMEOUT, &error);
  CHECK_STATUS(js_ms(shared, "(async () => { for (;;) await 1 })(); 1", 50, NULL, &error),
               JSVM_STATUS_TIMEOUT, &error);
  JS_NUM(shared, "1", 1);
  jsvm_context_free(own);
  jsvm_context_free(shared);
  jsvm_isolate_free(isolate);
  /* A script that throws: its microtasks run by the end of the next evaluation, as node:vm's. */
  isolate = new_isolate(NULL);
  own = context_with(isolate, (jsvm_context_options){
      .microtask_mode = JSVM_MICROTASK_MODE_AFTER_EVALUATE});
  CHECK_STATUS(js(own, "globalThis.n = 0; Promise.resolve().then(() => n = 7); throw 1", NULL,
                  &error), JSVM_STATUS_EXCEPTION, &error);
  JS_OK(own, "0");
  JS_NUM(own, "n", 7);
  jsvm_context_free(own);
  jsvm_isolate_free(isolate);
}

static void evaluate(void) {
  jsvm_isolate *isolate = new_isolate(NULL);
  jsvm_context *context = new_context(isolate, NULL);
  jsvm_script_options options = {.struct_size = sizeof options, .filename = {"a.js", 4},
                                 .line_offset = 9};
  jsvm_error *error = NULL;
  jsvm_slot slot;
  memset(&slot, 0xaa, sizeof slot);
  CHECK_OK(js(context, "1 + 1", &slot, &error), &error);
  CHECK_EQ_INT(slot.kind, JSVM_KIND_NUMBER);
  CHECK_EQ_NUM(slot.number, 2);
  CHECK_EQ_INT(slot.flags & JSVM_FLAG_OWNED, 0);
  /* A failed call leaves the slot undefined. */
  memset(&slot, 0xaa, sizeof slot);
  CHECK_STATUS(js(context, "throw 1", &slot, &error), JSVM_STATUS_EXCEPTION, &error);
  CHECK_EQ_INT(slot.kind, JSVM_KIND_UNDEFINED);
  CHECK(slot.handle == NULL && slot.data == NULL && slot.flags == 0);
  CHECK_OK(js(context, "({})", NULL, &error), &error);
  CHECK_EQ_INT(js(context, "throw 1", NULL, NULL), JSVM_STATUS_EXCEPTION);
  CHECK_OK(jsvm_context_evaluate(context, "42 this is not read", 2, NULL, NULL, &slot, &error),
           &error);
  CHECK_EQ_NUM(slot.number, 42);
  CHECK_OK(jsvm_context_evaluate(context, NULL, 0, NULL, NULL, &slot, &error), &error);
  CHECK_EQ_INT(slot.kind, JSVM_KIND_UNDEFINED);
  CHECK_EQ_INT(jsvm_context_evaluate(context, "\nthrow Error('x')", JSVM_AUTO_LENGTH, &options, NULL,
                                     &slot, &error), JSVM_STATUS_EXCEPTION);
  CHECK_STR(jsvm_error_filename(error), "a.js");
  CHECK_EQ_INT(jsvm_error_line(error), 11);
  jsvm_error_free(error);
  error = NULL;
  CHECK_EQ_INT(js(context, "1 +", &slot, &error), JSVM_STATUS_EXCEPTION);
  CHECK_STR(jsvm_error_name(error), "SyntaxError");
  /* As vm.runInContext: it compiles in the context, so the SyntaxError is of its realm. */
  CHECK_EQ_INT(jsvm_error_exception(error, &slot), JSVM_STATUS_OK);
  give(isolate, context, "thrown", &slot);
  jsvm_slot_clear(&slot);
  jsvm_error_free(error);
  error = NULL;
  JS_TRUE(context, "thrown instanceof SyntaxError");
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
}

/* What comes out, by kind. */
static void results(void) {
  static const struct {
    const char *source;
    uint32_t kind, flags;
  } rows[] = {
      {"undefined", JSVM_KIND_UNDEFINED, 0},
      {"null", JSVM_KIND_NULL, 0},
      {"true", JSVM_KIND_BOOLEAN, 0},
      {"1.5", JSVM_KIND_NUMBER, 0},
      {"'s'", JSVM_KIND_STRING, JSVM_FLAG_OWNED},
      {"'\\ud800'", JSVM_KIND_STRING, JSVM_FLAG_OWNED | JSVM_FLAG_LOSSY},
      {"'\\ufffd'", JSVM_KIND_STRING, JSVM_FLAG_OWNED},
      {"10n", JSVM_KIND_BIGINT, JSVM_FLAG_OWNED},
      {"Symbol()", JSVM_KIND_SYMBOL, JSVM_FLAG_OWNED},
      {"({})", JSVM_KIND_OBJECT, JSVM_FLAG_OWNED},
      {"[]", JSVM_KIND_OBJECT, JSVM_FLAG_OWNED | JSVM_FLAG_ARRAY},
      {"new TypeError()", JSVM_KIND_OBJECT, JSVM_FLAG_OWNED | JSVM_FLAG_ERROR},
      {"Promise.resolve()", JSVM_KIND_OBJECT, JSVM_FLAG_OWNED | JSVM_FLAG_PROMISE},
      {"new Date()", JSVM_KIND_OBJECT, JSVM_FLAG_OWNED | JSVM_FLAG_DATE},
      {"/x/", JSVM_KIND_OBJECT, JSVM_FLAG_OWNED | JSVM_FLAG_REGEXP},
      {"new Map()", JSVM_KIND_OBJECT, JSVM_FLAG_OWNED | JSVM_FLAG_MAP},
      {"new Set()", JSVM_KIND_OBJECT, JSVM_FLAG_OWNED | JSVM_FLAG_SET},
      {"new ArrayBuffer(1)", JSVM_KIND_OBJECT, JSVM_FLAG_OWNED | JSVM_FLAG_BUFFER},
      {"new SharedArrayBuffer(1)", JSVM_KIND_OBJECT, JSVM_FLAG_OWNED | JSVM_FLAG_BUFFER},
      {"new Uint8Array(1)", JSVM_KIND_OBJECT, JSVM_FLAG_OWNED | JSVM_FLAG_VIEW},
      {"new DataView(new ArrayBuffer(1))", JSVM_KIND_OBJECT, JSVM_FLAG_OWNED | JSVM_FLAG_VIEW},
      {"new Proxy({}, {})", JSVM_KIND_OBJECT, JSVM_FLAG_OWNED | JSVM_FLAG_PROXY},
      {"new Proxy(() => {}, {})", JSVM_KIND_FUNCTION, JSVM_FLAG_OWNED | JSVM_FLAG_PROXY},
      {"new WeakMap()", JSVM_KIND_OBJECT, JSVM_FLAG_OWNED},
      {"({__proto__: Error.prototype})", JSVM_KIND_OBJECT, JSVM_FLAG_OWNED},
      {"Object.assign({}, {constructor: Array})", JSVM_KIND_OBJECT, JSVM_FLAG_OWNED},
      {"() => {}", JSVM_KIND_FUNCTION, JSVM_FLAG_OWNED},
      {"(class {})", JSVM_KIND_FUNCTION, JSVM_FLAG_OWNED},
      {"new String('x')", JSVM_KIND_OBJECT, JSVM_FLAG_OWNED}};
  jsvm_isolate *isolate = new_isolate(NULL);
  jsvm_context *context = new_context(isolate, NULL);
  jsvm_slot slot;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    JS_SLOT(context, rows[i].source, &slot);
    if (!CHECK_EQ_INT(slot.kind, rows[i].kind) | !CHECK_EQ_INT(slot.flags, rows[i].flags)) {
      fprintf(stderr, "of %s\n", rows[i].source);
    }
    CHECK((slot.handle != NULL) ==
          (rows[i].kind >= JSVM_KIND_OBJECT || rows[i].kind == JSVM_KIND_SYMBOL ||
           (rows[i].flags & JSVM_FLAG_LOSSY) != 0));
    jsvm_slot_clear(&slot);
    CHECK_EQ_INT(slot.kind, JSVM_KIND_UNDEFINED);
    CHECK(slot.handle == NULL && slot.data == NULL && slot.flags == 0);
    jsvm_slot_clear(&slot);
  }
  jsvm_slot_clear(NULL);
  JS_STR(context, "'a\\u00e4\\u20ac\\u{1f600}'", "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
  JS_SLOT(context, "'a\\0b'", &slot);
  CHECK_BYTES(slot.data, slot.len, "a\0b", 3);
  CHECK(slot.data[slot.len] == '\0');
  jsvm_slot_clear(&slot);
  JS_SLOT(context, "'x\\ud800y'", &slot);
  CHECK_BYTES(slot.data, slot.len, "x\xef\xbf\xbdy", 5);
  /* The handle is exact. */
  give(isolate, context, "back", &slot);
  JS_TRUE(context, "back === 'x\\ud800y'");
  jsvm_slot_clear(&slot);
  JS_NUM(context, "-0", -0.0);
  JS_NUM(context, "NaN", (double)NAN);
  {
    static const struct {
      const char *source, *bytes;
      size_t len;
    } bigints[] = {{"0n", "", 0},
                   {"1n", "\x01", 1},
                   {"-1n", "\xff", 1},
                   {"127n", "\x7f", 1},
                   {"128n", "\x80\x00", 2},
                   {"-128n", "\x80", 1},
                   {"-129n", "\x7f\xff", 2},
                   {"2n ** 64n", "\0\0\0\0\0\0\0\0\x01", 9},
                   {"-(2n ** 63n)", "\0\0\0\0\0\0\0\x80", 8},
                   {"2n ** 63n", "\0\0\0\0\0\0\0\x80\0", 9}};
    for (size_t i = 0; i < sizeof bigints / sizeof *bigints; i++) {
      char source[100];
      JS_SLOT(context, bigints[i].source, &slot);
      CHECK_BYTES(slot.data, slot.len, bigints[i].bytes, bigints[i].len);
      give(isolate, context, "back", &slot);
      snprintf(source, sizeof source, "back === %s", bigints[i].source);
      JS_TRUE(context, source);
      jsvm_slot_clear(&slot);
    }
  }
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
}

static void clones(void) {
  jsvm_isolate *isolate = new_isolate(NULL);
  jsvm_context *context = new_context(isolate, NULL), *clone = jsvm_context_clone(context);
  jsvm_value *value = js_value(context, "({})"), *copy = jsvm_value_clone(value);
  jsvm_slot slot;
  JS_OK(context, "globalThis.x = 6");
  CHECK_EQ_INT(jsvm_live_handles(JSVM_HANDLE_KIND_CONTEXT), 2);
  CHECK_STR(jsvm_context_name(clone), jsvm_context_name(context));
  jsvm_context_free(context);
  JS_NUM(clone, "x", 6);
  jsvm_value_free(value);
  slot = handle_slot(copy);
  give(isolate, clone, "copy", &slot);
  JS_STR(clone, "typeof copy", "object");
  jsvm_value_free(copy);
  jsvm_context_free(clone);
  CHECK(jsvm_context_clone(clone) == NULL);
  CHECK(jsvm_value_clone(copy) == NULL);
  CHECK(jsvm_context_clone(NULL) == NULL);
  CHECK(jsvm_context_name(clone) == NULL);
  CHECK(jsvm_context_origin(NULL) == NULL);
  jsvm_context_free(clone);
  jsvm_context_free(NULL);
  jsvm_isolate_free(isolate);
}

/* Contexts that come and go are collected. */
static void many(void) {
  jsvm_isolate *isolate = new_isolate(NULL);
  jsvm_heap_statistics heap;
  jsvm_error *error = NULL;
  for (int i = 0; i < 300; i++) {
    jsvm_context *context = new_context(isolate, NULL);
    JS_OK(context, "globalThis.a = new Array(10000).fill(1)");
    jsvm_context_free(context);
  }
  CHECK_OK(jsvm_isolate_low_memory_notification(isolate, &error), &error);
  CHECK_OK(jsvm_isolate_heap_statistics(isolate, &heap, &error), &error);
  CHECK(heap.number_of_native_contexts <= 3);
  jsvm_isolate_free(isolate);
}

int main(void) {
  RUN(names);
  RUN(numbers);
  RUN(separate_globals);
  RUN(code_generation);
  RUN(after_evaluate);
  RUN(evaluate);
  RUN(results);
  RUN(clones);
  RUN(many);
  return FINISH();
}
