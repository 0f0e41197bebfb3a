/* measureMemory: the promise and its shapes, the plain structs, what is pending, and what goes wrong. */
#include "guest.h"

typedef struct {
  jsvm_isolate *isolate;
  jsvm_context *context;
} World;

static World begin(void) {
  World world;
  world.isolate = new_isolate(NULL);
  world.context = main_context(world.isolate);
  return world;
}

static void end(World *world) {
  jsvm_context_free(world->context);
  jsvm_isolate_free(world->isolate);
  CHECK_EQ_INT(jsvm_flush_finalizers(LONG_MS), JSVM_STATUS_OK);
}

static jsvm_measure_memory_options how(uint32_t mode, uint32_t execution) {
  return (jsvm_measure_memory_options){
      .struct_size = sizeof(jsvm_measure_memory_options), .mode = mode, .execution = execution};
}

#define SUMMARY how(JSVM_MEASURE_MEMORY_MODE_SUMMARY, JSVM_MEASURE_MEMORY_EXECUTION_EAGER)
#define DETAILED how(JSVM_MEASURE_MEMORY_MODE_DETAILED, JSVM_MEASURE_MEMORY_EXECUTION_EAGER)
#define PATIENT how(JSVM_MEASURE_MEMORY_MODE_DETAILED, JSVM_MEASURE_MEMORY_EXECUTION_DEFAULT)

static jsvm_run_options within(uint64_t ms) {
  return (jsvm_run_options){.struct_size = sizeof(jsvm_run_options), .timeout_ms = ms};
}

static jsvm_context *named(jsvm_isolate *isolate, const char *name) {
  jsvm_context_options options = {.struct_size = sizeof options, .name = {name, JSVM_AUTO_LENGTH}};
  return new_context(isolate, &options);
}

static jsvm_value *promise_of(jsvm_context *context, jsvm_measure_memory_options options) {
  jsvm_value *promise = NULL;
  jsvm_error *error = NULL;
  CHECK_OK(jsvm_context_measure_memory(context, &options, &promise, &error), &error);
  return promise;
}

/* What the promise comes to, as a global of the context. */
static void settle_as(World *world, jsvm_context *context, const char *name, jsvm_value *promise) {
  jsvm_run_options limit = within(LONG_MS);
  jsvm_error *error = NULL;
  jsvm_slot slot;
  CHECK_OK(jsvm_promise_await(promise, &limit, &slot, &error), &error);
  give(world->isolate, context, name, &slot);
  jsvm_slot_clear(&slot);
  jsvm_value_free(promise);
}

static jsvm_memory_measurement measured(World *world, jsvm_measure_memory_options options) {
  jsvm_run_options limit = within(LONG_MS);
  jsvm_memory_measurement result;
  jsvm_error *error = NULL;
  CHECK_OK(jsvm_isolate_measure_memory(world->isolate, &options, &limit, &result, &error), &error);
  return result;
}

/* The entry of a name; the last one if there are several. */
static jsvm_context_memory *entry(jsvm_memory_measurement *measurement, const char *name) {
  jsvm_context_memory *found = NULL;
  for (size_t i = 0; i < measurement->len; i++) {
    if (strcmp(measurement->contexts[i].name, name) == 0) {
      found = &measurement->contexts[i];
    }
  }
  return found;
}

/* Work that is left, after a round that does not wait. */
static int work_left(World *world) {
  bool left = false;
  jsvm_error *error = NULL;
  CHECK_OK(jsvm_isolate_run_tasks(world->isolate, 0, NULL, &left, &error), &error);
  return left;
}

/* Runs tasks until no work is left, V8's own after a collection included. */
static int comes_to_rest(World *world) {
  for (int i = 0; i < LONG_MS; i++) {
    if (!work_left(world)) {
      return 1;
    }
    sleep_ms(1);
  }
  return 0;
}

static const char shape[] =
    "globalThis.size = (m) => Object.keys(m).join() === 'jsMemoryEstimate,jsMemoryRange' &&"
    " Array.isArray(m.jsMemoryRange) && m.jsMemoryRange.length === 2 && m.jsMemoryEstimate > 0 &&"
    " m.jsMemoryRange[0] === m.jsMemoryEstimate && m.jsMemoryRange[1] >= m.jsMemoryRange[0];"
    "globalThis.own = (o) => Object.getPrototypeOf(o) === Object.prototype &&"
    " Object.values(Object.getOwnPropertyDescriptors(o))"
    ".every((d) => d.writable && d.enumerable && d.configurable);"
    /* WebAssembly is there if V8 has anything to say. */
    "globalThis.keys = (o) => Object.keys(o).filter((k) => k !== 'WebAssembly').join();"
    "globalThis.wasm = (o) => !('WebAssembly' in o) || Object.keys(o)[1] === 'WebAssembly' &&"
    " Object.keys(o.WebAssembly).join() === 'code,metadata' && own(o.WebAssembly) &&"
    " o.WebAssembly.code >= 0 && o.WebAssembly.code + o.WebAssembly.metadata > 0; 0";

static void shapes(void) {
  World world = begin();
  jsvm_context *a = named(world.isolate, "a"), *b = named(world.isolate, "b");
  JS_OK(a, shape);
  settle_as(&world, a, "summary", promise_of(a, SUMMARY));
  JS_STR(a, "keys(summary)", "total");
  JS_TRUE(a, "size(summary.total) && own(summary) && own(summary.total) && wasm(summary)");
  settle_as(&world, a, "detailed", promise_of(a, DETAILED));
  JS_STR(a, "keys(detailed)", "total,current,other");
  JS_TRUE(a, "size(detailed.total) && size(detailed.current) && detailed.other.every(size)");
  JS_TRUE(a, "own(detailed) && own(detailed.current) && wasm(detailed)");
  /* b and the main context. The total is the sum, and what is shared is in every range once. */
  JS_NUM(a, "detailed.other.length", 2);
  JS_TRUE(a, "const sum = [detailed.current, ...detailed.other].reduce((n, m) => n + m.jsMemoryEstimate, 0);"
             "sum === detailed.total.jsMemoryEstimate");
  JS_TRUE(a, "const shared = (m) => m.jsMemoryRange[1] - m.jsMemoryRange[0];"
             "detailed.other.every((m) => shared(m) === shared(detailed.total))");
  jsvm_context_free(a);
  jsvm_context_free(b);
  end(&world);
}

static void web_assembly(void) {
  World world = begin();
  jsvm_measure_memory_options options = SUMMARY;
  jsvm_memory_measurement result;
  JS_OK(world.context, shape);
  JS_OK(world.context,
        "globalThis.instance = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(["
        "0,97,115,109,1,0,0,0, 1,5,1,96,0,1,127, 3,2,1,0, 7,5,1,1,102,0,0, 10,6,1,4,0,65,42,11])));"
        "for (let i = 0; i < 10; i++) instance.exports.f(); 0");
  settle_as(&world, world.context, "result", promise_of(world.context, options));
  JS_STR(world.context, "Object.keys(result).join()", "total,WebAssembly");
  JS_TRUE(world.context, "wasm(result)");
  result = measured(&world, options);
  CHECK(result.wasm_code + result.wasm_metadata > 0);
  jsvm_memory_measurement_clear(&result);
  end(&world);
}

/* What the guest did to builtins changes nothing, and its `then` cannot hold up the others. */
static void hostile(void) {
  World world = begin();
  jsvm_context *a = named(world.isolate, "a"), *b = named(world.isolate, "b");
  jsvm_value *first, *second;
  jsvm_run_options limit = within(200);
  jsvm_promise_state state;
  jsvm_error *error = NULL;
  JS_OK(a, "for (const key of ['total', 'current', 'other', 'jsMemoryRange', 'then'])"
           " Object.defineProperty(Object.prototype, key, { get() { for (;;); }, set() { for (;;); } }); 0");
  first = promise_of(a, DETAILED);
  second = promise_of(b, DETAILED);
  CHECK_STATUS(jsvm_promise_await(first, &limit, NULL, &error), JSVM_STATUS_TIMEOUT, &error);
  limit = within(LONG_MS);
  CHECK_OK(jsvm_promise_await(second, &limit, NULL, &error), &error);
  CHECK_OK(jsvm_promise_result(second, &state, NULL, &error), &error);
  CHECK_EQ_INT(state, JSVM_PROMISE_STATE_FULFILLED);
  CHECK(comes_to_rest(&world));
  jsvm_value_free(first);
  jsvm_value_free(second);
  jsvm_context_free(a);
  jsvm_context_free(b);
  end(&world);
}

static void structs(void) {
  World world = begin();
  jsvm_context *large = named(world.isolate, "large"), *small = named(world.isolate, "small \xc3\xa9");
  jsvm_context *buffers = named(world.isolate, "buffers");
  jsvm_memory_measurement result;
  jsvm_context_memory *main, *a, *b, *c;
  size_t sum = 0;
  JS_OK(large, "globalThis.held = Array.from({ length: 655360 }, (_, i) => i + 0.5); 0");
  JS_OK(buffers, "globalThis.held = new Uint8Array(5 << 20); 0");
  result = measured(&world, DETAILED);
  CHECK_EQ_INT(result.len, 4);
  main = entry(&result, "VM Main Context");
  a = entry(&result, "large");
  b = entry(&result, "small \xc3\xa9");
  c = entry(&result, "buffers");
  if (CHECK(main != NULL && a != NULL && b != NULL && c != NULL)) {
    CHECK(a->estimate > b->estimate + (5 << 20));
    CHECK(a->estimate < b->estimate + (8 << 20));
    CHECK(c->estimate > b->estimate + (5 << 20));
    CHECK(b->estimate > 10000 && b->estimate < 1 << 20);
    CHECK_EQ_INT(b->name_len, 8);
  }
  for (size_t i = 0; i < result.len; i++) {
    const jsvm_context_memory *each = &result.contexts[i];
    sum += each->estimate;
    CHECK_EQ_INT(each->range_low, each->estimate);
    CHECK_EQ_INT(each->range_high - each->estimate, result.total_range_high - result.total_estimate);
  }
  CHECK_EQ_INT(result.total_estimate, sum);
  CHECK_EQ_INT(result.total_range_low, sum);
  CHECK(result.total_range_high >= sum);
  jsvm_memory_measurement_clear(&result);
  CHECK(result.contexts == NULL && result.len == 0 && result.total_estimate == 0);
  jsvm_memory_measurement_clear(&result);
  /* The summary has no contexts. */
  result = measured(&world, SUMMARY);
  CHECK(result.contexts == NULL && result.len == 0 && result.total_estimate > 10 << 20);
  jsvm_memory_measurement_clear(&result);
  /* What was let go is gone once it is collected. */
  jsvm_context_free(large);
  CHECK_OK(jsvm_isolate_low_memory_notification(world.isolate, NULL), NULL);
  result = measured(&world, DETAILED);
  CHECK(entry(&result, "large") == NULL);
  CHECK_EQ_INT(result.len, 3);
  jsvm_memory_measurement_clear(&result);
  jsvm_context_free(small);
  jsvm_context_free(buffers);
  end(&world);
}

/* Twenty at once, of both kinds; each is settled, by whatever collection comes. */
static void many(void) {
  World world = begin();
  jsvm_value *promises[20];
  jsvm_run_options limit = within(LONG_MS);
  jsvm_error *error = NULL;
  for (int i = 0; i < 20; i++) {
    promises[i] = promise_of(world.context, i % 2 == 0 ? DETAILED : PATIENT);
  }
  for (int i = 0; i < 20; i++) {
    CHECK_OK(jsvm_promise_await(promises[i], &limit, NULL, &error), &error);
    jsvm_value_free(promises[i]);
  }
  CHECK(comes_to_rest(&world));
  end(&world);
}

/* An eager one is work that is left; a default one is none, and can be awaited all the same. */
static void waiting(void) {
  World world = begin();
  jsvm_run_options limit = within(50);
  jsvm_value *promise = promise_of(world.context, PATIENT);
  jsvm_promise_state state;
  jsvm_memory_measurement result;
  jsvm_measure_memory_options options = PATIENT;
  jsvm_error *error = NULL;
  CHECK(!work_left(&world));
  CHECK_STATUS(jsvm_promise_await(promise, &limit, NULL, &error), JSVM_STATUS_TIMEOUT, &error);
  CHECK_STATUS(jsvm_isolate_measure_memory(world.isolate, &options, &limit, &result, &error),
               JSVM_STATUS_TIMEOUT, &error);
  CHECK(result.contexts == NULL && result.len == 0 && result.total_estimate == 0);
  /* A collection that comes from elsewhere brings it. */
  CHECK_OK(jsvm_isolate_low_memory_notification(world.isolate, &error), &error);
  CHECK(comes_to_rest(&world));
  CHECK_OK(jsvm_promise_result(promise, &state, NULL, &error), &error);
  CHECK_EQ_INT(state, JSVM_PROMISE_STATE_FULFILLED);
  jsvm_value_free(promise);
  /* Settled, it holds nothing up: what cannot be settled is hopeless again. */
  promise = js_value(world.context, "new Promise(() => {})");
  CHECK_STATUS(jsvm_promise_await(promise, NULL, NULL, &error), JSVM_STATUS_WRONG_STATE, &error);
  jsvm_value_free(promise);
  promise = promise_of(world.context, DETAILED);
  CHECK(comes_to_rest(&world));
  CHECK_OK(jsvm_promise_result(promise, &state, NULL, &error), &error);
  CHECK_EQ_INT(state, JSVM_PROMISE_STATE_FULFILLED);
  jsvm_value_free(promise);
  end(&world);
}

/* Nobody collects: V8 does after 10 to 20 seconds. */
static void default_execution(void) {
  World world = begin();
  jsvm_memory_measurement result = measured(&world, PATIENT);
  CHECK_EQ_INT(result.len, 1);
  CHECK(entry(&result, "VM Main Context") != NULL);
  jsvm_memory_measurement_clear(&result);
  end(&world);
}

/* The promise, the measurement and the isolate in different orders. */
static void pending_at_the_end(void) {
  for (int i = 0; i < 4; i++) {
    World world = begin();
    jsvm_value *eager = promise_of(world.context, DETAILED);
    jsvm_value *patient = promise_of(world.context, PATIENT);
    jsvm_error *error = NULL;
    if (i % 2 == 0) {
      jsvm_value_free(eager);
      jsvm_value_free(patient);
    }
    if (i >= 2) {
      bool left;
      CHECK_OK(jsvm_isolate_run_tasks(world.isolate, 0, NULL, &left, &error), &error);
    }
    end(&world);
    if (i % 2 != 0) {
      CHECK_STATUS(jsvm_promise_await(eager, NULL, NULL, &error), JSVM_STATUS_DISPOSED, &error);
      jsvm_value_free(eager);
      jsvm_value_free(patient);
    }
  }
}

/* A context that asked, or that is measured, is let go meanwhile. */
static void collected_meanwhile(void) {
  World world = begin();
  jsvm_memory_measurement result;
  jsvm_error *error = NULL;
  for (int i = 0; i < 10; i++) {
    jsvm_context *context = named(world.isolate, "short");
    jsvm_value_free(promise_of(context, PATIENT));
    jsvm_context_free(context);
  }
  CHECK_OK(jsvm_isolate_low_memory_notification(world.isolate, &error), &error);
  result = measured(&world, DETAILED);
  jsvm_memory_measurement_clear(&result);
  CHECK_OK(jsvm_isolate_low_memory_notification(world.isolate, &error), &error);
  result = measured(&world, DETAILED);
  CHECK_EQ_INT(result.len, 1);
  jsvm_memory_measurement_clear(&result);
  end(&world);
}

/* The guest is stopped, or fills the heap, while a measurement is pending. */
static void stopped_meanwhile(void) {
  jsvm_isolate_options options = {.struct_size = sizeof options, .heap_limit = 16 << 20};
  World world;
  jsvm_value *promise;
  jsvm_run_options limit = within(LONG_MS);
  jsvm_error *error = NULL;
  world.isolate = new_isolate(&options);
  world.context = main_context(world.isolate);
  promise = promise_of(world.context, DETAILED);
  CHECK_STATUS(js_ms(world.context, "for (;;);", 20, NULL, &error), JSVM_STATUS_TIMEOUT, &error);
  CHECK_STATUS(js(world.context, "const all = []; for (;;) all.push(new Array(1000).fill(1.5))", NULL,
                  &error),
               JSVM_STATUS_OUT_OF_MEMORY, &error);
  CHECK_OK(jsvm_promise_await(promise, &limit, NULL, &error), &error);
  jsvm_value_free(promise);
  CHECK(comes_to_rest(&world));
  end(&world);
}

static uint32_t measure_inside(void *userdata, const jsvm_call *call, jsvm_slot *result) {
  jsvm_memory_measurement measurement = measured(userdata, DETAILED);
  (void)call;
  *result = number_slot((double)measurement.len);
  jsvm_memory_measurement_clear(&measurement);
  return JSVM_STATUS_OK;
}

static void inside_a_host_function(void) {
  World world = begin();
  install(world.isolate, world.context, "measure", measure_inside, &world);
  JS_NUM(world.context, "measure()", 1);
  JS_NUM(world.context, "const deep = (n) => n === 0 ? measure() : deep(n - 1); deep(50)", 1);
  end(&world);
}

static void bad_arguments(void) {
  World world = begin();
  jsvm_context *freed = new_context(world.isolate, NULL);
  jsvm_measure_memory_options options = how(2, 0);
  jsvm_memory_measurement result;
  jsvm_value *promise = NULL;
  jsvm_cancel *cancel = NULL;
  jsvm_run_options cancelled = {.struct_size = sizeof cancelled};
  jsvm_error *error = NULL;
  CHECK_ERROR(jsvm_context_measure_memory(world.context, &options, &promise, &error),
              JSVM_STATUS_INVALID_ARGUMENT, &error, "options: 2 is no mode");
  CHECK(promise == NULL);
  options = how(0, UINT32_MAX);
  CHECK_ERROR(jsvm_isolate_measure_memory(world.isolate, &options, NULL, &result, &error),
              JSVM_STATUS_INVALID_ARGUMENT, &error, "options: 4294967295 is no execution");
  CHECK_EQ_INT(result.len, 0);
  options = (jsvm_measure_memory_options){0};
  CHECK_ERROR(jsvm_context_measure_memory(world.context, &options, &promise, &error),
              JSVM_STATUS_INVALID_ARGUMENT, &error, "struct_size");
  CHECK_ERROR(jsvm_context_measure_memory(world.context, NULL, NULL, &error),
              JSVM_STATUS_INVALID_ARGUMENT, &error, "promise: it is NULL");
  CHECK_ERROR(jsvm_isolate_measure_memory(world.isolate, NULL, NULL, NULL, &error),
              JSVM_STATUS_INVALID_ARGUMENT, &error, "result: it is NULL");
  CHECK_ERROR(jsvm_context_measure_memory(NULL, NULL, &promise, &error), JSVM_STATUS_INVALID_ARGUMENT,
              &error, "context: it is NULL");
  CHECK_ERROR(jsvm_context_measure_memory((const jsvm_context *)world.isolate, NULL, &promise, &error),
              JSVM_STATUS_INVALID_ARGUMENT, &error, "context: ");
  CHECK_ERROR(jsvm_isolate_measure_memory(NULL, NULL, NULL, &result, &error),
              JSVM_STATUS_INVALID_ARGUMENT, &error, "isolate: it is NULL");
  jsvm_context_free(freed);
  CHECK_ERROR(jsvm_context_measure_memory(freed, NULL, &promise, &error), JSVM_STATUS_INVALID_ARGUMENT,
              &error, "context: ");
  CHECK_OK(jsvm_cancel_new(&cancel, &error), &error);
  CHECK_OK(jsvm_cancel_trigger(cancel, &error), &error);
  cancelled.cancel = cancel;
  CHECK_STATUS(jsvm_isolate_measure_memory(world.isolate, NULL, &cancelled, &result, &error),
               JSVM_STATUS_CANCELLED, &error);
  jsvm_cancel_free(cancel);
  jsvm_memory_measurement_clear(NULL);
  /* The options may be left out. */
  CHECK_OK(jsvm_context_measure_memory(world.context, NULL, &promise, &error), &error);
  jsvm_value_free(promise);
  jsvm_isolate_free(world.isolate);
  CHECK_STATUS(jsvm_context_measure_memory(world.context, NULL, &promise, &error), JSVM_STATUS_DISPOSED,
               &error);
  CHECK_STATUS(jsvm_isolate_measure_memory(world.isolate, NULL, NULL, &result, &error),
               JSVM_STATUS_INVALID_ARGUMENT, &error);
  end(&world);
}

int main(void) {
  RUN(shapes);
  RUN(web_assembly);
  RUN(hostile);
  RUN(structs);
  RUN(many);
  RUN(waiting);
  RUN(default_execution);
  RUN(pending_at_the_end);
  RUN(collected_meanwhile);
  RUN(stopped_meanwhile);
  RUN(inside_a_host_function);
  RUN(bad_arguments);
  return FINISH();
}
