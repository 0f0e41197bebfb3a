/* Contextified objects and their host: host functions, values from C, limits, what lives how long, threads, misuse. */
#include "guest.h"

#include <unistd.h>

static jsvm_isolate *isolate;
static jsvm_context *outside;
static jsvm_error *error;

static jsvm_context *contextify_with(jsvm_value *object, jsvm_context_options options) {
  options.struct_size = sizeof options;
  options.contextify = true;
  options.contextified_object = object;
  return new_context(isolate, &options);
}

static jsvm_context *contextify(jsvm_value *object) {
  return contextify_with(object, (jsvm_context_options){0});
}

static jsvm_value *global_of(const jsvm_context *context) {
  jsvm_value *global = NULL;
  CHECK_OK(jsvm_context_global(context, &global, &error), &error);
  return global;
}

static jsvm_value *sandbox_of(const jsvm_context *context) {
  jsvm_value *sandbox = NULL;
  CHECK_OK(jsvm_context_contextified_object(context, &sandbox, &error), &error);
  return sandbox;
}

static void set_number(jsvm_value *object, const char *name, double number) {
  jsvm_slot key = string_slot(name), value = number_slot(number);
  CHECK_OK(jsvm_object_set(object, &key, &value, NULL, &error), &error);
}

static double get_number(jsvm_value *object, const char *name) {
  jsvm_slot key = string_slot(name), value;
  CHECK_OK(jsvm_object_get(object, &key, NULL, &value, &error), &error);
  CHECK_EQ_INT(value.kind, JSVM_KIND_NUMBER);
  return value.number;
}

static void set_value(jsvm_value *object, const char *name, jsvm_value *value) {
  jsvm_slot key = string_slot(name), slot = handle_slot(value);
  CHECK_OK(jsvm_object_set(object, &key, &slot, NULL, &error), &error);
}

static int has_own(jsvm_value *object, const char *name) {
  jsvm_slot key = string_slot(name);
  bool has = false;
  CHECK_OK(jsvm_object_has_own(object, &key, NULL, &has, &error), &error);
  return has;
}

static int same(const jsvm_value *a, const jsvm_value *b) {
  bool equal = false;
  CHECK_OK(jsvm_value_strict_equals(a, b, &equal, &error), &error);
  return equal;
}

static jsvm_value *host_function(jsvm_function_callback callback, void *userdata, jsvm_finalizer finalizer) {
  jsvm_function_options options = {.struct_size = sizeof options};
  jsvm_value *function = NULL;
  CHECK_OK(jsvm_function_new(outside, &options, callback, userdata, finalizer, &function, &error), &error);
  return function;
}

static uint32_t native_contexts(void) {
  jsvm_heap_statistics heap;
  CHECK_OK(jsvm_isolate_low_memory_notification(isolate, &error), &error);
  CHECK_OK(jsvm_isolate_heap_statistics(isolate, &heap, &error), &error);
  return (uint32_t)heap.number_of_native_contexts;
}

static void the_default_is_an_ordinary_global(void) {
  jsvm_context *ordinary = new_context(isolate, NULL), *found = NULL;
  jsvm_value *global = global_of(ordinary), *object = sandbox_of(ordinary);
  bool is = false;
  CHECK(same(global, object));
  CHECK_OK(jsvm_is_context(global, &is, &found, &error), &error);
  CHECK(is);
  JS_OK(found, "var x = 1");
  JS_NUM(ordinary, "x", 1);
  JS_TRUE(ordinary, "Object.isFrozen(Object.freeze(globalThis))");
  jsvm_context_free(found);
  jsvm_context_free(ordinary);
  jsvm_value_free(global);
  jsvm_value_free(object);
}

static void values_from_c(void) {
  jsvm_value *object = js_value(outside, "({a: 1})");
  jsvm_context *context = contextify(object);
  jsvm_value *global = global_of(context), *again = sandbox_of(context);
  jsvm_slot_list keys;
  jsvm_slot key = string_slot("fixed"), value = number_slot(5);
  bool deleted = true;
  CHECK(same(object, again) && !same(object, global));
  CHECK_EQ_NUM(get_number(global, "a"), 1);
  set_number(object, "b", 2);
  set_number(global, "c", 3);
  JS_NUM(context, "a + b + c", 6);
  JS_OK(context, "d = 4; var e = 5; let f = 6");
  CHECK_EQ_NUM(get_number(object, "c") + get_number(object, "d") + get_number(object, "e"), 12);
  CHECK(!has_own(object, "f") && !has_own(global, "f") && !has_own(object, "Array") && has_own(global, "Array"));
  CHECK_OK(jsvm_object_own_keys(object, 0, NULL, &keys, &error), &error);
  CHECK_EQ_INT(keys.len, 5);
  jsvm_slot_list_clear(&keys);
  CHECK_OK(jsvm_object_own_keys(global, JSVM_KEYS_ENUMERABLE | JSVM_KEYS_STRINGS, NULL, &keys, &error), &error);
  CHECK_EQ_INT(keys.len, 5);
  jsvm_slot_list_clear(&keys);
  /* What C defines on the global is on the object, and as fixed as C says. */
  CHECK_OK(jsvm_object_define(global, &key, &value, JSVM_PROPERTY_READ_ONLY | JSVM_PROPERTY_DONT_DELETE, NULL, &error), &error);
  CHECK(has_own(object, "fixed"));
  JS_NUM(context, "fixed = 1; delete globalThis.fixed; fixed", 5);
  CHECK_OK(jsvm_object_delete(global, &key, NULL, &deleted, &error), &error);
  CHECK(!deleted);
  key = string_slot("a");
  CHECK_OK(jsvm_object_delete(object, &key, NULL, &deleted, &error), &error);
  JS_STR(context, "typeof a", "undefined");
  jsvm_context_free(context);
  jsvm_value_free(object);
  jsvm_value_free(again);
  jsvm_value_free(global);
}

typedef struct host_store {
  double value;
  int gets, sets;
  jsvm_value *object;
} host_store;

static void check_this(const host_store *store, const jsvm_call *call) {
  jsvm_slot self;
  jsvm_error *wrong = NULL;
  CHECK_OK(jsvm_call_this(call, &self, &wrong), &wrong);
  CHECK(same(self.handle, store->object));
  jsvm_slot_clear(&self);
}

static uint32_t read_store(void *userdata, const jsvm_call *call, jsvm_slot *result) {
  host_store *store = userdata;
  check_this(store, call);
  store->gets++;
  *result = number_slot(store->value);
  return JSVM_STATUS_OK;
}

static uint32_t write_store(void *userdata, const jsvm_call *call, jsvm_slot *result) {
  host_store *store = userdata;
  (void)result;
  check_this(store, call);
  store->sets++;
  store->value = call->args[0].number;
  return call->args[0].number < 0 ? JSVM_STATUS_INVALID_ARGUMENT : JSVM_STATUS_OK;
}

static void host_functions(void) {
  host_store store = {.object = js_value(outside, "({})")};
  jsvm_value *getter = host_function(read_store, &store, NULL), *setter = host_function(write_store, &store, NULL);
  jsvm_value *called = host_function(count_call, &store.gets, NULL);
  jsvm_slot key = string_slot("stored");
  jsvm_context *context;
  CHECK_OK(jsvm_object_define_accessor(store.object, &key, getter, setter, 0, NULL, &error), &error);
  context = contextify(store.object);
  /* Once for each access, with the object as `this`. */
  JS_NUM(context, "stored = 5; stored", 5);
  CHECK_EQ_INT(store.gets, 1);
  CHECK_EQ_INT(store.sets, 1);
  JS_NUM(context, "'use strict'; this.stored += 2", 7);
  CHECK_EQ_INT(store.sets, 2);
  JS_TRUE(context, "try { stored = -1; false } catch (e) { e instanceof Error || e.name === 'Error' }");
  CHECK_EQ_INT(store.sets, 3);
  JS_TRUE(context, "typeof Object.getOwnPropertyDescriptor(globalThis, 'stored').get === 'function'");
  /* As a property. */
  set_value(store.object, "called", called);
  store.gets = 0;
  JS_OK(context, "called(); this.called(); globalThis.called.call(null)");
  CHECK_EQ_INT(store.gets, 3);
  jsvm_value_free(getter);
  jsvm_value_free(setter);
  jsvm_context_free(context);
  /* As the object itself. */
  context = contextify(called);
  JS_NUM(context, "x = 5; this.x", 5);
  CHECK_EQ_NUM(get_number(called, "x"), 5);
  CHECK_OK(jsvm_function_call(called, NULL, NULL, 0, NULL, NULL, &error), &error);
  CHECK_EQ_INT(store.gets, 4);
  jsvm_context_free(context);
  jsvm_value_free(called);
  jsvm_value_free(store.object);
}

/* The access does not end by itself, and what ends it cannot be caught. */
static void check_timeout(const char *object, const char *access) {
  jsvm_value *sandbox = js_value(outside, object);
  jsvm_context *context = contextify(sandbox);
  char source[200];
  snprintf(source, sizeof source, "try { %s } catch { for (;;); } finally { for (;;); }", access);
  CHECK_STATUS(js_ms(context, source, 20, NULL, &error), JSVM_STATUS_TIMEOUT, &error);
  JS_NUM(context, "1", 1);
  jsvm_context_free(context);
  jsvm_value_free(sandbox);
}

static void timeouts(void) {
  static const char accessor[] = "({get x() { for (;;); }, set x(v) { for (;;); }})";
  static const char proxy[] =
      "(() => { const spin = () => { for (;;); }; return new Proxy({x: 1}, {get: (t, k) => k === 'x' ? spin() : t[k], set: spin, "
      "deleteProperty: spin, ownKeys: spin, getOwnPropertyDescriptor: spin, defineProperty: spin}) })()";
  static const char *const accesses[] = {"x", "this.x", "typeof x", "x = 1", "this.x = 1", "'x' in this",
                                         "delete this.x", "for (const k in this);"};
  for (size_t i = 0; i < sizeof accesses / sizeof *accesses; i++) {
    if (i < 5) {
      check_timeout(accessor, accesses[i]);
    }
    check_timeout(proxy, accesses[i]);
  }
}

static void heap_limit(void) {
  jsvm_isolate_options small = {.struct_size = sizeof small, .heap_limit = 32 << 20};
  jsvm_isolate *own = new_isolate(&small);
  jsvm_context *main = main_context(own), *context = NULL;
  jsvm_value *object = js_value(main, "({n: 0, set x(v) { const kept = []; for (;;) kept.push(new Array(1000).fill(v)); }})");
  jsvm_context_options options = {.struct_size = sizeof options, .contextify = true, .contextified_object = object};
  context = new_context(own, &options);
  for (int i = 0; i < 3; i++) {
    CHECK_STATUS(js(context, "try { x = 1 } catch { n = 1 } finally { n = 2 }", NULL, &error), JSVM_STATUS_OUT_OF_MEMORY, &error);
    CHECK_OK(jsvm_isolate_low_memory_notification(own, &error), &error);
    JS_NUM(context, "n", 0);
  }
  jsvm_value_free(object);
  jsvm_context_free(context);
  jsvm_context_free(main);
  jsvm_isolate_free(own);
}

static void twice(void) {
  jsvm_value *object = js_value(outside, "({})"), *found_object;
  jsvm_context *first = contextify_with(object, (jsvm_context_options){.name = {"first", 5}, .origin = {"here", 4}});
  jsvm_context *second = contextify_with(object, (jsvm_context_options){
      .name = {"second", 6}, .disallow_code_generation_strings = true});
  jsvm_context *found = NULL;
  bool is = false;
  CHECK_STR(jsvm_context_name(second), "first");
  CHECK_STR(jsvm_context_origin(second), "here");
  JS_OK(first, "let shared = 1");
  JS_NUM(second, "eval('shared')", 1);
  jsvm_context_free(first);
  CHECK_OK(jsvm_is_context(object, &is, &found, &error), &error);
  CHECK(is);
  CHECK_STR(jsvm_context_name(found), "first");
  JS_NUM(found, "shared", 1);
  found_object = sandbox_of(found);
  CHECK(same(found_object, object));
  CHECK_OK(jsvm_is_context(object, &is, NULL, &error), &error);
  CHECK_OK(jsvm_is_context(object, NULL, NULL, &error), &error);
  jsvm_value_free(found_object);
  jsvm_value_free(object);
  jsvm_context_free(found);
  jsvm_context_free(second);
}

static void what_is_no_context(void) {
  static const char *const sources[] = {"({})", "() => {}", "new Proxy(globalThis, {})", "Object.create(globalThis)", "[]"};
  jsvm_context *context = contextify(NULL), *found = context;
  jsvm_value *global = global_of(context), *object = sandbox_of(context), *proxy;
  bool is = true;
  CHECK_OK(jsvm_is_context(global, &is, &found, &error), &error);
  CHECK(!is && found == NULL);
  /* A Proxy of a contextified object is none. */
  set_value(global, "sandbox", object);
  proxy = js_value(context, "new Proxy(sandbox, {})");
  CHECK_OK(jsvm_is_context(proxy, &is, NULL, &error), &error);
  CHECK(!is);
  for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
    jsvm_value *other = js_value(outside, sources[i]);
    is = true;
    CHECK_OK(jsvm_is_context(other, &is, NULL, &error), &error);
    CHECK(!is);
    jsvm_value_free(other);
  }
  jsvm_value_free(proxy);
  jsvm_value_free(global);
  jsvm_value_free(object);
  jsvm_context_free(context);
}

static void misuse(void) {
  jsvm_isolate *other = new_isolate(NULL);
  jsvm_context *other_main = main_context(other), *result = outside;
  jsvm_value *foreign = js_value(other_main, "({})"), *freed = js_value(outside, "({})"), *primitive = NULL, *symbol, *result_object = NULL;
  jsvm_slot one = number_slot(1);
  jsvm_context_options options = {.struct_size = sizeof options, .contextify = true};
  bool is = true;
  CHECK_OK(jsvm_value_new(isolate, &one, &primitive, &error), &error);
  symbol = js_value(outside, "Symbol()");
  jsvm_value_free(freed);
  options.contextified_object = foreign;
  CHECK_STATUS(jsvm_context_new(isolate, &options, &result, &error), JSVM_STATUS_WRONG_ISOLATE, &error);
  CHECK(result == NULL);
  jsvm_value *const wrong[] = {freed, primitive, symbol, (jsvm_value *)outside, (jsvm_value *)&options};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    options.contextified_object = wrong[i];
    CHECK_ERROR(jsvm_context_new(isolate, &options, &result, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "contextified_object");
    CHECK(result == NULL);
    result = outside;
    CHECK_ERROR(jsvm_is_context(wrong[i], &is, &result, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "object");
    CHECK(!is && result == NULL);
  }
  /* An object without `contextify` is a mistake of the caller's. */
  options = (jsvm_context_options){.struct_size = sizeof options, .contextified_object = foreign};
  CHECK_ERROR(jsvm_context_new(isolate, &options, &result, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "contextify");
  CHECK_STATUS(jsvm_is_context(NULL, &is, NULL, &error), JSVM_STATUS_INVALID_ARGUMENT, &error);
  CHECK_STATUS(jsvm_context_contextified_object(NULL, &result_object, &error), JSVM_STATUS_INVALID_ARGUMENT, &error);
  CHECK_STATUS(jsvm_context_contextified_object(outside, NULL, &error), JSVM_STATUS_INVALID_ARGUMENT, &error);
  /* Of an isolate that is gone. */
  options = (jsvm_context_options){.struct_size = sizeof options, .contextify = true, .contextified_object = foreign};
  jsvm_isolate_free(other);
  CHECK_STATUS(jsvm_is_context(foreign, &is, NULL, &error), JSVM_STATUS_DISPOSED, &error);
  CHECK(jsvm_context_new(isolate, &options, &result, NULL) != JSVM_STATUS_OK);
  jsvm_context_free(other_main);
  jsvm_value_free(foreign);
  jsvm_value_free(primitive);
  jsvm_value_free(symbol);
}

/* The globalThis of a contextified context is an object like others. */
static void of_another_global(void) {
  jsvm_context *inner = contextify(NULL), *outer;
  jsvm_value *global = global_of(inner), *object = sandbox_of(inner);
  outer = contextify(global);
  JS_OK(outer, "x = 1");
  CHECK_EQ_NUM(get_number(object, "x"), 1);
  JS_NUM(inner, "x", 1);
  JS_STR(outer, "Object.prototype.toString.call(globalThis)", "[object Object]");
  /* As in Node, a read does not go on to the object of the other context. */
  JS_STR(outer, "typeof x + ('x' in globalThis) + typeof Array", "undefinedtruefunction");
  jsvm_context_free(inner);
  JS_OK(outer, "x = 2");
  CHECK_EQ_NUM(get_number(object, "x"), 2);
  jsvm_context_free(outer);
  jsvm_value_free(global);
  jsvm_value_free(object);
  /* The globalThis of an ordinary one has a context already: that one. */
  inner = new_context(isolate, NULL);
  global = global_of(inner);
  outer = contextify(global);
  JS_OK(outer, "let lexical = 3");
  JS_NUM(inner, "lexical", 3);
  jsvm_context_free(inner);
  jsvm_context_free(outer);
  jsvm_value_free(global);
}

/* Any of the three handles keeps what the others had. */
static void any_order_of_frees(void) {
  for (int order = 0; order < 6; order++) {
    jsvm_context *context = contextify(NULL), *found = NULL;
    jsvm_value *object = sandbox_of(context), *global = global_of(context);
    JS_OK(context, "x = 1; f = () => x++; let hidden = 7; g = () => hidden");
    if (order < 4) {
      jsvm_context_free(context);
    }
    if (order % 2 == 0) {
      jsvm_value_free(object);
    } else {
      jsvm_value_free(global);
    }
    native_contexts();
    jsvm_value *left = order % 2 == 0 ? global : object;
    set_value(left, "kept", left);
    CHECK_EQ_NUM(get_number(left, "x"), 1);
    jsvm_slot key = string_slot("f"), function, result;
    CHECK_OK(jsvm_object_get(left, &key, NULL, &function, &error), &error);
    CHECK_OK(jsvm_function_call(function.handle, NULL, NULL, 0, NULL, &result, &error), &error);
    jsvm_slot_clear(&function);
    CHECK_EQ_NUM(get_number(left, "x"), 2);
    if (order % 2 == 1) {
      CHECK_OK(jsvm_is_context(object, NULL, &found, &error), &error);
      JS_NUM(found, "hidden + g()", 14);
      jsvm_context_free(found);
    }
    jsvm_value_free(left);
    if (order >= 4) {
      JS_NUM(context, "x", 2);
      jsvm_context_free(context);
    }
  }
}

static void collection(void) {
  atomic_int finalized = 0;
  jsvm_value *object = js_value(outside, "({})"), *function;
  jsvm_context *context = contextify(object), *found = NULL;
  uint32_t before = native_contexts();
  function = host_function(count_call, &finalized, count_up);
  set_value(object, "host", function);
  jsvm_value_free(function);
  JS_OK(context, "let hidden = 1; globalThis.self = globalThis; var inner = () => host");
  jsvm_context_free(context);
  /* The object alone keeps all of it. */
  CHECK_EQ_INT(native_contexts(), before);
  CHECK_EQ_INT(atomic_load(&finalized), 0);
  CHECK_OK(jsvm_is_context(object, NULL, &found, &error), &error);
  JS_NUM(found, "hidden + (self === globalThis ? 1 : 0)", 2);
  jsvm_context_free(found);
  /* And nothing keeps it when that is gone, though each leads to the other. */
  jsvm_value_free(object);
  CHECK_EQ_INT(native_contexts(), before - 1);
  CHECK(wait_for(&finalized, 1));
  CHECK_EQ_INT(atomic_load(&finalized), 1);
}

static size_t resident(void) {
  unsigned long size = 0, pages = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  CHECK(file != NULL && fscanf(file, "%lu %lu", &size, &pages) == 2);
  fclose(file);
  return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static void thousands(void) {
  enum { ROUNDS = CHECK_ASAN ? 4 : 20, EACH = 500 };
  size_t first = 0, last = 0;
  for (int round = 0; round < ROUNDS; round++) {
    for (int i = 0; i < EACH; i++) {
      jsvm_context *context = contextify(NULL);
      jsvm_value *object = sandbox_of(context);
      JS_NUM(context, "var x = 1; y = () => x; y()", 1);
      jsvm_context_free(context);
      jsvm_value_free(object);
    }
    CHECK(native_contexts() <= 3);
    last = resident();
    if (round == 1) {
      first = last;
    }
  }
  if (!CHECK_ASAN && !CHECK(last < first + (16 << 20))) {
    fprintf(stderr, "%zu MB after 1000 contexts, %zu MB after 10000\n", first >> 20, last >> 20);
  }
}

static void *take_turns(void *context) {
  for (int i = 0; i < 500; i++) {
    JS_OK(context, "count++; globalThis['own' + count] = 1; delete globalThis['own' + count]");
  }
  return NULL;
}

static void *make_and_free(void *unused) {
  (void)unused;
  for (int i = 0; i < 20; i++) {
    jsvm_error *wrong = NULL;
    jsvm_context_options options = {.struct_size = sizeof options, .contextify = true};
    jsvm_context *context = NULL;
    jsvm_value *object = NULL;
    CHECK_OK(jsvm_context_new(isolate, &options, &context, &wrong), &wrong);
    JS_OK(context, "x = 1");
    CHECK_OK(jsvm_context_contextified_object(context, &object, &wrong), &wrong);
    jsvm_context_free(context);
    CHECK_OK(jsvm_is_context(object, NULL, &context, &wrong), &wrong);
    JS_NUM(context, "x", 1);
    jsvm_context_free(context);
    jsvm_value_free(object);
  }
  return NULL;
}

static void threads(void) {
  enum { COUNT = 8 };
  pthread_t threads[COUNT];
  jsvm_context *context = contextify(NULL);
  JS_OK(context, "count = 0");
  for (int i = 0; i < COUNT; i++) {
    CHECK_EQ_INT(pthread_create(&threads[i], NULL, i % 2 == 0 ? take_turns : make_and_free, context), 0);
  }
  for (int i = 0; i < COUNT; i++) {
    pthread_join(threads[i], NULL);
  }
  JS_NUM(context, "count", COUNT / 2 * 500);
  JS_STR(context, "Object.keys(globalThis).join()", "count");
  jsvm_context_free(context);
}

static void in_a_new_context(void) {
  static const char source[] = "x = typeof given + typeof Array; var y = 1; x";
  jsvm_value *object = js_value(outside, "({given: 1})"), *made_object;
  jsvm_context_options options = {
      .struct_size = sizeof options, .contextify = true, .contextified_object = object, .name = {"made", 4}};
  jsvm_script *script = NULL, *throws = NULL;
  jsvm_context *made = NULL;
  jsvm_slot slot;
  CHECK_OK(jsvm_script_new(isolate, source, JSVM_AUTO_LENGTH, NULL, &script, &error), &error);
  CHECK_OK(jsvm_script_run_in_new_context(script, &options, NULL, &slot, &made, &error), &error);
  CHECK_BYTES(slot.data, slot.len, "numberfunction", 14);
  jsvm_slot_clear(&slot);
  CHECK(has_own(object, "x") && has_own(object, "y"));
  CHECK_STR(jsvm_context_name(made), "made");
  made_object = sandbox_of(made);
  CHECK(same(made_object, object));
  jsvm_value_free(made_object);
  jsvm_context_free(made);
  /* The same object: the same context, which is given also when the run failed. */
  CHECK_OK(jsvm_script_new(isolate, "z = x; throw 1", JSVM_AUTO_LENGTH, NULL, &throws, &error), &error);
  CHECK_STATUS(jsvm_script_run_in_new_context(throws, &options, NULL, NULL, &made, &error), JSVM_STATUS_EXCEPTION, &error);
  JS_STR(made, "z", "numberfunction");
  jsvm_context_free(made);
  jsvm_script_free(script);
  jsvm_script_free(throws);
  jsvm_value_free(object);
}

static void options_of_contexts(void) {
  jsvm_context *own = contextify_with(NULL, (jsvm_context_options){.microtask_mode = JSVM_MICROTASK_MODE_AFTER_EVALUATE});
  jsvm_context *strict = contextify_with(NULL, (jsvm_context_options){
      .disallow_code_generation_strings = true, .disallow_code_generation_wasm = true});
  JS_OK(own, "log = ''; Promise.resolve().then(() => log += 'a'); log += '-'");
  JS_STR(own, "log", "-a");
  CHECK_STATUS(js_ms(own, "(function loop() { Promise.resolve().then(loop) })()", 50, NULL, &error), JSVM_STATUS_TIMEOUT, &error);
  JS_STR(own, "log", "-a");
  CHECK_ERROR(js(strict, "x = 1; eval('x')", NULL, &error), JSVM_STATUS_EXCEPTION, &error, "Code generation from strings disallowed");
  CHECK_ERROR(js(strict, "new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]))", NULL, &error),
              JSVM_STATUS_EXCEPTION, &error, "Wasm code generation disallowed");
  JS_NUM(strict, "x", 1);
  CHECK(begins(jsvm_context_name(strict), "VM Context "));
  CHECK(jsvm_context_origin(strict) == NULL);
  jsvm_context_free(own);
  jsvm_context_free(strict);
}

/* Two contexts of one isolate see each other's objects, and each keeps its own builtins. */
static void realms(void) {
  jsvm_context *a = contextify(NULL), *b = contextify(NULL);
  jsvm_value *object = sandbox_of(a), *global = global_of(b);
  set_value(global, "a", object);
  JS_OK(a, "list = []; fail = () => { throw new TypeError('mine') }");
  JS_TRUE(b, "a.list instanceof Array === false && Array.isArray(a.list)");
  JS_TRUE(b, "try { a.fail() } catch (e) { !(e instanceof TypeError) && e.name === 'TypeError' }");
  JS_OK(b, "a.added = 5");
  JS_NUM(a, "added", 5);
  jsvm_value_free(object);
  jsvm_value_free(global);
  jsvm_context_free(b);
  jsvm_context_free(a);
}

int main(void) {
  isolate = new_isolate(NULL);
  outside = main_context(isolate);
  RUN(the_default_is_an_ordinary_global);
  RUN(values_from_c);
  RUN(host_functions);
  RUN(timeouts);
  RUN(heap_limit);
  RUN(twice);
  RUN(what_is_no_context);
  RUN(misuse);
  RUN(of_another_global);
  RUN(any_order_of_frees);
  RUN(collection);
  RUN(thousands);
  RUN(threads);
  RUN(in_a_new_context);
  RUN(options_of_contexts);
  RUN(realms);
  jsvm_context_free(outside);
  jsvm_isolate_free(isolate);
  return FINISH();
}
