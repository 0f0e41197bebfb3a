/* Promises: the host's end, states, await, then, host async, wakeup, work left, Atomics.waitAsync. */
#include "guest.h"

typedef struct {
  jsvm_isolate *isolate;
  jsvm_context *context;
  jsvm_resolver *resolver;
  jsvm_cancel *cancel;
  jsvm_value *value;
  atomic_int calls;
  atomic_int woken;
  pthread_t thread;
  int reject;
} Host;

static Host host;

static void begin(void) {
  memset(&host, 0, sizeof host);
  host.isolate = new_isolate(NULL);
  host.context = new_context(host.isolate, NULL);
}

static void end(void) {
  jsvm_context_free(host.context);
  jsvm_isolate_free(host.isolate);
  CHECK_EQ_INT(jsvm_flush_finalizers(LONG_MS), JSVM_STATUS_OK);
}

static jsvm_value *new_promise(jsvm_resolver **resolver) {
  jsvm_value *promise = NULL;
  jsvm_error *error = NULL;
  CHECK_OK(jsvm_promise_new(host.context, &promise, resolver, &error), &error);
  return promise;
}

/* State and number of a promise. */
static void check_state(jsvm_value *promise, jsvm_promise_state expected, uint32_t kind,
                        double number, int line) {
  jsvm_promise_state state;
  jsvm_slot slot;
  jsvm_error *error = NULL;
  jsvm_status status = jsvm_promise_result(promise, &state, &slot, &error);
  check_status(status, JSVM_STATUS_OK, &error, NULL, "jsvm_promise_result", __FILE__, line);
  check_int(state, expected, "state", __FILE__, line);
  check_int(slot.kind, kind, "kind", __FILE__, line);
  check_number(slot.number, number, "number", __FILE__, line);
  jsvm_slot_clear(&slot);
  status = jsvm_promise_result(promise, &state, NULL, &error);
  check_status(status, JSVM_STATUS_OK, &error, NULL, "jsvm_promise_result", __FILE__, line);
  check_int(state, expected, "state", __FILE__, line);
}
#define STATE(promise, state, kind, number) check_state(promise, state, kind, number, __LINE__)

static void run_tasks(void) {
  jsvm_error *error = NULL;
  CHECK_OK(jsvm_isolate_run_tasks(host.isolate, 0, NULL, NULL, &error), &error);
}

static void settling(void) {
  jsvm_resolver *resolver, *clone;
  jsvm_value *promise;
  jsvm_slot slot = number_slot(5);
  jsvm_error *error = NULL;
  begin();
  promise = new_promise(&resolver);
  STATE(promise, JSVM_PROMISE_STATE_PENDING, JSVM_KIND_UNDEFINED, 0);
  CHECK_OK(jsvm_resolver_resolve(resolver, &slot, &error), &error);
  run_tasks();
  STATE(promise, JSVM_PROMISE_STATE_FULFILLED, JSVM_KIND_NUMBER, 5);
  /* Twice. */
  CHECK_ERROR(jsvm_resolver_resolve(resolver, &slot, &error), JSVM_STATUS_WRONG_STATE, &error,
              "resolver: ");
  CHECK_ERROR(jsvm_resolver_reject(resolver, &slot, &error), JSVM_STATUS_WRONG_STATE, &error,
              "resolver: ");
  jsvm_resolver_free(resolver);
  jsvm_value_free(promise);
  promise = new_promise(&resolver);
  CHECK_OK(jsvm_resolver_reject(resolver, &slot, &error), &error);
  CHECK_STATUS(jsvm_resolver_resolve(resolver, &slot, &error), JSVM_STATUS_WRONG_STATE, &error);
  run_tasks();
  STATE(promise, JSVM_PROMISE_STATE_REJECTED, JSVM_KIND_NUMBER, 5);
  jsvm_resolver_free(resolver);
  jsvm_value_free(promise);
  /* NULL is undefined. The next call that runs guest code will do. */
  promise = new_promise(&resolver);
  CHECK_OK(jsvm_resolver_resolve(resolver, NULL, &error), &error);
  JS_OK(host.context, "1");
  STATE(promise, JSVM_PROMISE_STATE_FULFILLED, JSVM_KIND_UNDEFINED, 0);
  jsvm_resolver_free(resolver);
  jsvm_value_free(promise);
  promise = new_promise(&resolver);
  CHECK_OK(jsvm_resolver_reject(resolver, NULL, &error), &error);
  run_tasks();
  STATE(promise, JSVM_PROMISE_STATE_REJECTED, JSVM_KIND_UNDEFINED, 0);
  jsvm_resolver_free(resolver);
  jsvm_value_free(promise);
  /* Freed unsettled: rejected with an Error of the promise's context; two owners are two frees. */
  promise = new_promise(&resolver);
  clone = jsvm_resolver_clone(resolver);
  CHECK(clone != NULL);
  jsvm_resolver_free(resolver);
  run_tasks();
  STATE(promise, JSVM_PROMISE_STATE_PENDING, JSVM_KIND_UNDEFINED, 0);
  jsvm_resolver_free(clone);
  run_tasks();
  STATE(promise, JSVM_PROMISE_STATE_REJECTED, JSVM_KIND_OBJECT, 0);
  {
    jsvm_promise_state state;
    CHECK_OK(jsvm_promise_result(promise, &state, &slot, &error), &error);
    CHECK(slot.flags & JSVM_FLAG_ERROR);
    give(host.isolate, host.context, "reason", &slot);
    jsvm_slot_clear(&slot);
    JS_TRUE(host.context, "reason instanceof Error && reason.message.length > 0");
  }
  CHECK(jsvm_resolver_clone(clone) == NULL);
  CHECK(jsvm_resolver_clone(NULL) == NULL);
  jsvm_value_free(promise);
  /* A string, a bigint and an object outlive the call that brings them. */
  {
    char text[] = "text", big[] = {1, 2};
    slot = (jsvm_slot){.kind = JSVM_KIND_STRING, .data = text, .len = 4};
    promise = new_promise(&resolver);
    CHECK_OK(jsvm_resolver_resolve(resolver, &slot, &error), &error);
    memset(text, 'x', 4);
    CHECK_OK(jsvm_promise_await(promise, NULL, &slot, &error), &error);
    CHECK_BYTES(slot.data, slot.len, "text", 4);
    jsvm_slot_clear(&slot);
    jsvm_resolver_free(resolver);
    jsvm_value_free(promise);
    slot = (jsvm_slot){.kind = JSVM_KIND_BIGINT, .data = big, .len = 2};
    promise = new_promise(&resolver);
    CHECK_OK(jsvm_resolver_resolve(resolver, &slot, &error), &error);
    memset(big, 'x', 2);
    CHECK_OK(jsvm_promise_await(promise, NULL, &slot, &error), &error);
    CHECK_BYTES(slot.data, slot.len, "\1\2", 2);
    jsvm_slot_clear(&slot);
    jsvm_resolver_free(resolver);
    jsvm_value_free(promise);
    slot = handle_slot(js_value(host.context, "globalThis.o = {}"));
    promise = new_promise(&resolver);
    CHECK_OK(jsvm_resolver_resolve(resolver, &slot, &error), &error);
    jsvm_value_free(slot.handle);
    CHECK_OK(jsvm_promise_await(promise, NULL, &slot, &error), &error);
    give(host.isolate, host.context, "back", &slot);
    JS_TRUE(host.context, "back === o");
    jsvm_slot_clear(&slot);
    jsvm_resolver_free(resolver);
    jsvm_value_free(promise);
  }
  /* Bad values settle nothing. */
  promise = new_promise(&resolver);
  slot = (jsvm_slot){.kind = 77};
  CHECK_ERROR(jsvm_resolver_resolve(resolver, &slot, &error), JSVM_STATUS_INVALID_ARGUMENT, &error,
              "value: ");
  slot = (jsvm_slot){.kind = JSVM_KIND_STRING, .data = "\xff", .len = 1};
  CHECK_ERROR(jsvm_resolver_resolve(resolver, &slot, &error), JSVM_STATUS_INVALID_ARGUMENT, &error,
              "value: ");
  slot = number_slot(3);
  CHECK_OK(jsvm_resolver_resolve(resolver, &slot, &error), &error);
  run_tasks();
  STATE(promise, JSVM_PROMISE_STATE_FULFILLED, JSVM_KIND_NUMBER, 3);
  jsvm_resolver_free(resolver);
  jsvm_value_free(promise);
  end();
}

/* "or has it follow another one if the value is a thenable" */
static void thenables(void) {
  static const struct {
    const char *source;
    jsvm_promise_state state;
    double number;
  } rows[] = {{"Promise.resolve(1)", JSVM_PROMISE_STATE_FULFILLED, 1},
              {"{ const p = Promise.reject(2); p.catch(() => {}); p }", JSVM_PROMISE_STATE_REJECTED, 2},
              {"({then(f) { f(3) }})", JSVM_PROMISE_STATE_FULFILLED, 3},
              {"({then(f, r) { r(4) }})", JSVM_PROMISE_STATE_REJECTED, 4},
              {"({get then() { throw 5 }})", JSVM_PROMISE_STATE_REJECTED, 5},
              {"({then() { throw 6 }})", JSVM_PROMISE_STATE_REJECTED, 6},
              {"({then(f) { f({then(g) { g(7) }}) }})", JSVM_PROMISE_STATE_FULFILLED, 7}};
  jsvm_error *error = NULL;
  jsvm_run_options limits = {.struct_size = sizeof limits, .timeout_ms = 50};
  jsvm_resolver *resolver;
  jsvm_value *promise;
  jsvm_slot slot;
  begin();
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    promise = new_promise(&resolver);
    JS_SLOT(host.context, rows[i].source, &slot);
    CHECK_OK(jsvm_resolver_resolve(resolver, &slot, &error), &error);
    jsvm_slot_clear(&slot);
    run_tasks();
    STATE(promise, rows[i].state, JSVM_KIND_NUMBER, rows[i].number);
    jsvm_resolver_free(resolver);
    jsvm_value_free(promise);
  }
  /* A getter that never returns runs within the limits of who drains. */
  promise = new_promise(&resolver);
  JS_SLOT(host.context, "({get then() { for (;;) ; }})", &slot);
  CHECK_OK(jsvm_resolver_resolve(resolver, &slot, &error), &error);
  jsvm_slot_clear(&slot);
  CHECK_STATUS(jsvm_isolate_run_tasks(host.isolate, 0, &limits, NULL, &error), JSVM_STATUS_TIMEOUT,
               &error);
  JS_NUM(host.context, "1", 1);
  jsvm_resolver_free(resolver);
  jsvm_value_free(promise);
  end();
}

static void states_of_guests(void) {
  jsvm_value *value;
  jsvm_promise_state state = JSVM_PROMISE_STATE_FULFILLED;
  jsvm_slot slot;
  jsvm_error *error = NULL;
  begin();
  value = js_value(host.context, "new Promise(() => {})");
  STATE(value, JSVM_PROMISE_STATE_PENDING, JSVM_KIND_UNDEFINED, 0);
  jsvm_value_free(value);
  value = js_value(host.context, "(async () => 4)()");
  STATE(value, JSVM_PROMISE_STATE_FULFILLED, JSVM_KIND_NUMBER, 4);
  jsvm_value_free(value);
  value = js_value(host.context, "({then() {}})");
  memset(&slot, 0xaa, sizeof slot);
  CHECK_ERROR(jsvm_promise_result(value, &state, &slot, &error), JSVM_STATUS_INVALID_ARGUMENT,
              &error, "promise: ");
  CHECK_EQ_INT(slot.kind, JSVM_KIND_UNDEFINED);
  CHECK_EQ_INT(state, JSVM_PROMISE_STATE_PENDING);
  CHECK_ERROR(jsvm_promise_await(value, NULL, &slot, &error), JSVM_STATUS_INVALID_ARGUMENT, &error,
              "promise: ");
  CHECK_ERROR(jsvm_promise_then(value, value, NULL, NULL, &host.value, &error),
              JSVM_STATUS_INVALID_ARGUMENT, &error, "promise: ");
  CHECK(host.value == NULL);
  jsvm_value_free(value);
  value = js_value(host.context, "Promise.resolve(1)");
  CHECK_ERROR(jsvm_promise_result(value, NULL, &slot, &error), JSVM_STATUS_INVALID_ARGUMENT, &error,
              "state: ");
  jsvm_value_free(value);
  end();
}

static void *act_soon(void *data) {
  Host *h = data;
  jsvm_slot slot = number_slot(77);
  jsvm_error *error = NULL;
  sleep_ms(50);
  if (h->cancel != NULL) {
    CHECK_OK(jsvm_cancel_trigger(h->cancel, &error), &error);
  } else if (h->resolver == NULL) {
    CHECK_OK(jsvm_isolate_terminate(h->isolate, &error), &error);
  } else if (h->reject) {
    CHECK_OK(jsvm_resolver_reject(h->resolver, &slot, &error), &error);
  } else {
    /* While it waits, the isolate is free for others. */
    JS_NUM(h->context, "40 + 2", 42);
    CHECK_OK(jsvm_resolver_resolve(h->resolver, &slot, &error), &error);
  }
  return NULL;
}

static void awaiting(void) {
  jsvm_value *promise;
  jsvm_resolver *resolver;
  jsvm_slot slot;
  jsvm_error *error = NULL;
  jsvm_run_options limits = {.struct_size = sizeof limits};
  begin();
  promise = js_value(host.context, "Promise.resolve(1).then((v) => v + 1)");
  CHECK_OK(jsvm_promise_await(promise, NULL, &slot, &error), &error);
  CHECK_EQ_NUM(slot.number, 2);
  CHECK_OK(jsvm_promise_await(promise, NULL, NULL, &error), &error);
  jsvm_value_free(promise);
  promise = js_value(host.context, "Promise.reject(new TypeError('no'))");
  CHECK_EQ_INT(jsvm_promise_await(promise, NULL, &slot, &error), JSVM_STATUS_EXCEPTION);
  CHECK_STR(jsvm_error_name(error), "TypeError");
  CHECK_STR(jsvm_error_message(error), "no");
  CHECK_EQ_INT(slot.kind, JSVM_KIND_UNDEFINED);
  jsvm_error_free(error);
  error = NULL;
  jsvm_value_free(promise);
  {
    static const char *const rejections[] = {"5", "'x'", "undefined", "null", "{}", "Symbol('s')",
                                             "new Proxy({}, {})"};
    for (size_t i = 0; i < sizeof rejections / sizeof *rejections; i++) {
      char source[100];
      snprintf(source, sizeof source, "Promise.reject(%s)", rejections[i]);
      promise = js_value(host.context, source);
      CHECK_STATUS(jsvm_promise_await(promise, NULL, NULL, &error), JSVM_STATUS_EXCEPTION, &error);
      jsvm_value_free(promise);
    }
  }
  /* Nobody settles it, and nobody could. */
  promise = js_value(host.context, "new Promise(() => {})");
  CHECK_ERROR(jsvm_promise_await(promise, NULL, &slot, &error), JSVM_STATUS_WRONG_STATE, &error,
              "promise: ");
  CHECK_EQ_INT(slot.kind, JSVM_KIND_UNDEFINED);
  jsvm_value_free(promise);
  /* The host could. */
  promise = new_promise(&resolver);
  limits.timeout_ms = 50;
  CHECK_STATUS(jsvm_promise_await(promise, &limits, &slot, &error), JSVM_STATUS_TIMEOUT, &error);
  limits.timeout_ms = 0;
  /* Cancelled while it waits. */
  CHECK_OK(jsvm_cancel_new(&host.cancel, &error), &error);
  limits.cancel = host.cancel;
  pthread_create(&host.thread, NULL, act_soon, &host);
  CHECK_STATUS(jsvm_promise_await(promise, &limits, &slot, &error), JSVM_STATUS_CANCELLED, &error);
  pthread_join(host.thread, NULL);
  jsvm_cancel_free(host.cancel);
  host.cancel = NULL;
  limits.cancel = NULL;
  /* Settled while it waits. */
  host.resolver = resolver;
  pthread_create(&host.thread, NULL, act_soon, &host);
  CHECK_OK(jsvm_promise_await(promise, NULL, &slot, &error), &error);
  CHECK_EQ_NUM(slot.number, 77);
  pthread_join(host.thread, NULL);
  jsvm_resolver_free(resolver);
  jsvm_value_free(promise);
  promise = new_promise(&resolver);
  host.resolver = resolver;
  host.reject = 1;
  pthread_create(&host.thread, NULL, act_soon, &host);
  CHECK_STATUS(jsvm_promise_await(promise, NULL, NULL, &error), JSVM_STATUS_EXCEPTION, &error);
  pthread_join(host.thread, NULL);
  jsvm_resolver_free(resolver);
  jsvm_value_free(promise);
  /* Given up while it waits: an Error. */
  promise = new_promise(&resolver);
  jsvm_resolver_free(resolver);
  CHECK_STATUS(jsvm_promise_await(promise, NULL, NULL, &error), JSVM_STATUS_EXCEPTION, &error);
  jsvm_value_free(promise);
  /* What runs on the way is within the limits. */
  limits.timeout_ms = 50;
  promise = new_promise(&resolver);
  {
    jsvm_value *loop = js_value(host.context, "() => { for (;;) ; }"), *chained = NULL;
    CHECK_OK(jsvm_promise_then(promise, loop, NULL, NULL, &chained, &error), &error);
    CHECK_OK(jsvm_resolver_resolve(resolver, NULL, &error), &error);
    CHECK_STATUS(jsvm_promise_await(chained, &limits, NULL, &error), JSVM_STATUS_TIMEOUT, &error);
    jsvm_value_free(loop);
    jsvm_value_free(chained);
  }
  jsvm_resolver_free(resolver);
  jsvm_value_free(promise);
  JS_NUM(host.context, "1", 1);
  end();
}

/* "From then on it counts as handled." */
static void unhandled(void *userdata, const jsvm_value *promise, const jsvm_slot *reason) {
  (void)promise;
  (void)reason;
  count_up(userdata);
}

static void await_handles(void) {
  jsvm_value *promise;
  jsvm_resolver *resolver;
  jsvm_error *error = NULL;
  begin();
  CHECK_OK(jsvm_isolate_set_unhandled_rejection_callback(host.isolate, unhandled, &host.calls, NULL,
                                                         &error), &error);
  promise = new_promise(&resolver);
  CHECK_OK(jsvm_resolver_reject(resolver, NULL, &error), &error);
  CHECK_EQ_INT(jsvm_promise_await(promise, NULL, NULL, NULL), JSVM_STATUS_EXCEPTION);
  CHECK_EQ_INT(atomic_load(&host.calls), 0);
  jsvm_resolver_free(resolver);
  jsvm_value_free(promise);
  promise = new_promise(&resolver);
  CHECK_OK(jsvm_resolver_reject(resolver, NULL, &error), &error);
  run_tasks();
  CHECK_EQ_INT(atomic_load(&host.calls), 1);
  jsvm_resolver_free(resolver);
  jsvm_value_free(promise);
  end();
}

static uint32_t add_one(void *userdata, const jsvm_call *call, jsvm_slot *result) {
  count_up(&((Host *)userdata)->calls);
  CHECK_EQ_INT(call->argc, 1);
  *result = number_slot(call->args[0].number + 1);
  return JSVM_STATUS_OK;
}

static void thens(void) {
  jsvm_value *promise, *function = NULL, *chained = NULL, *other = NULL;
  jsvm_slot slot;
  jsvm_error *error = NULL;
  begin();
  CHECK_OK(jsvm_function_new(host.context, NULL, add_one, &host, NULL, &function, &error), &error);
  promise = js_value(host.context, "Promise.resolve(1)");
  CHECK_OK(jsvm_promise_then(promise, function, NULL, NULL, &chained, &error), &error);
  CHECK_OK(jsvm_promise_await(chained, NULL, &slot, &error), &error);
  CHECK_EQ_NUM(slot.number, 2);
  jsvm_value_free(chained);
  CHECK_OK(jsvm_promise_then(promise, NULL, function, NULL, &chained, &error), &error);
  CHECK_OK(jsvm_promise_await(chained, NULL, &slot, &error), &error);
  CHECK_EQ_NUM(slot.number, 1);
  jsvm_value_free(chained);
  jsvm_value_free(promise);
  promise = js_value(host.context, "Promise.reject(10)");
  CHECK_OK(jsvm_promise_then(promise, NULL, function, NULL, &chained, &error), &error);
  CHECK_OK(jsvm_promise_await(chained, NULL, &slot, &error), &error);
  CHECK_EQ_NUM(slot.number, 11);
  jsvm_value_free(chained);
  CHECK_OK(jsvm_promise_then(promise, function, function, NULL, &chained, &error), &error);
  CHECK_OK(jsvm_promise_await(chained, NULL, &slot, &error), &error);
  CHECK_EQ_NUM(slot.number, 11);
  jsvm_value_free(chained);
  CHECK_EQ_INT(atomic_load(&host.calls), 3);
  /* Misuse. */
  CHECK_ERROR(jsvm_promise_then(promise, NULL, NULL, NULL, &chained, &error),
              JSVM_STATUS_INVALID_ARGUMENT, &error, "on_fulfilled: ");
  CHECK(chained == NULL);
  CHECK_ERROR(jsvm_promise_then(promise, promise, NULL, NULL, &chained, &error),
              JSVM_STATUS_INVALID_ARGUMENT, &error, "on_fulfilled: ");
  CHECK_ERROR(jsvm_promise_then(promise, function, promise, NULL, &chained, &error),
              JSVM_STATUS_INVALID_ARGUMENT, &error, "on_rejected: ");
  CHECK_ERROR(jsvm_promise_then(promise, function, NULL, NULL, NULL, &error),
              JSVM_STATUS_INVALID_ARGUMENT, &error, "result: ");
  jsvm_value_free(promise);
  /* "without looking it up": the guest's own then is not called. */
  promise = js_value(host.context, "globalThis.n = 0; { const p = Promise.resolve(1); p.then = () => n++; p }");
  CHECK_OK(jsvm_promise_then(promise, function, NULL, NULL, &chained, &error), &error);
  JS_NUM(host.context, "n", 0);
  jsvm_value_free(chained);
  jsvm_value_free(promise);
  /* Statuses other than those of the header do not come. */
  promise = js_value(host.context, "{ const p = Promise.resolve(1); Object.defineProperty(p, "
                                   "'constructor', {get() { n++; throw new Error('mine') }}); p }");
  {
    jsvm_status status = jsvm_promise_then(promise, function, NULL, NULL, &chained, &error);
    CHECK(status == JSVM_STATUS_OK);
    jsvm_error_free(error);
    error = NULL;
    jsvm_value_free(chained);
  }
  JS_NUM(host.context, "n", 0);
  jsvm_value_free(promise);
  /* A throwing function rejects what then gives. */
  promise = js_value(host.context, "Promise.resolve(1)");
  other = js_value(host.context, "() => { throw new RangeError('r') }");
  CHECK_OK(jsvm_promise_then(promise, other, NULL, NULL, &chained, &error), &error);
  CHECK_EQ_INT(jsvm_promise_await(chained, NULL, NULL, &error), JSVM_STATUS_EXCEPTION);
  CHECK_STR(jsvm_error_name(error), "RangeError");
  jsvm_error_free(error);
  jsvm_value_free(chained);
  jsvm_value_free(other);
  jsvm_value_free(promise);
  jsvm_value_free(function);
  end();
}

static void *settle_job(void *data) {
  Host *job = data;
  jsvm_slot slot = number_slot(21);
  jsvm_error *error = NULL;
  sleep_ms(20);
  CHECK_OK(jsvm_resolver_resolve(job->resolver, &slot, &error), &error);
  jsvm_resolver_free(job->resolver);
  return NULL;
}

/* An asynchronous host function: returns a promise, which a thread settles. */
static uint32_t work(void *userdata, const jsvm_call *call, jsvm_slot *result) {
  Host *job = userdata;
  jsvm_context *context = NULL;
  jsvm_error *error = NULL;
  CHECK_OK(jsvm_call_context(call, &context, &error), &error);
  CHECK_OK(jsvm_promise_new(context, &result->handle, &job->resolver, &error), &error);
  jsvm_context_free(context);
  pthread_create(&job->thread, NULL, settle_job, job);
  return JSVM_STATUS_OK;
}

static void host_async(void) {
  jsvm_value *promise;
  jsvm_slot slot;
  jsvm_error *error = NULL;
  bool left = true;
  begin();
  install(host.isolate, host.context, "work", work, &host);
  promise = js_value(host.context, "(async () => { const v = await work(); return v * 2 })()");
  CHECK_OK(jsvm_promise_await(promise, NULL, &slot, &error), &error);
  CHECK_EQ_NUM(slot.number, 42);
  pthread_join(host.thread, NULL);
  jsvm_value_free(promise);
  /* By the pump of an event loop. */
  promise = js_value(host.context, "globalThis.done = 0; work().then((v) => { done = v })");
  for (int i = 0; i < LONG_MS && left; i++) {
    CHECK_OK(jsvm_isolate_run_tasks(host.isolate, 1000, NULL, &left, &error), &error);
  }
  CHECK(!left);
  JS_NUM(host.context, "done", 21);
  pthread_join(host.thread, NULL);
  jsvm_value_free(promise);
  end();
}

static void wakeups_and_work_left(void) {
  enum { COUNT = 5 };
  jsvm_value *promise[COUNT];
  jsvm_resolver *resolver[COUNT];
  jsvm_error *error = NULL;
  bool left = true;
  begin();
  run_tasks();
  CHECK_OK(jsvm_isolate_set_wakeup(host.isolate, count_up, &host.woken, NULL, &error), &error);
  CHECK_OK(jsvm_isolate_run_tasks(host.isolate, 0, NULL, &left, &error), &error);
  CHECK(!left);
  atomic_store(&host.woken, 0);
  for (int i = 0; i < COUNT; i++) {
    promise[i] = new_promise(&resolver[i]);
  }
  CHECK_OK(jsvm_isolate_run_tasks(host.isolate, 0, NULL, &left, &error), &error);
  CHECK(left);
  CHECK_EQ_INT(atomic_load(&host.woken), 0);
  for (int i = 0; i < COUNT - 2; i++) {
    CHECK_OK(jsvm_resolver_resolve(resolver[i], NULL, &error), &error);
    CHECK_EQ_INT(atomic_load(&host.woken), 1);
  }
  CHECK_OK(jsvm_isolate_run_tasks(host.isolate, 0, NULL, &left, &error), &error);
  CHECK(left);
  CHECK_EQ_INT(atomic_load(&host.woken), 1);
  /* Freeing it unsettled is something to run, too. */
  jsvm_resolver_free(resolver[COUNT - 2]);
  CHECK_EQ_INT(atomic_load(&host.woken), 2);
  run_tasks();
  CHECK_OK(jsvm_resolver_reject(resolver[COUNT - 1], NULL, &error), &error);
  CHECK_EQ_INT(atomic_load(&host.woken), 3);
  CHECK_OK(jsvm_isolate_run_tasks(host.isolate, 0, NULL, &left, &error), &error);
  CHECK(!left);
  /* A callback that comes when something waits already is told at once. */
  jsvm_resolver_free(resolver[COUNT - 1]);
  jsvm_value_free(promise[0]);
  promise[0] = new_promise(&resolver[COUNT - 1]);
  CHECK_OK(jsvm_isolate_set_wakeup(host.isolate, NULL, NULL, NULL, &error), &error);
  CHECK_OK(jsvm_resolver_resolve(resolver[COUNT - 1], NULL, &error), &error);
  CHECK_EQ_INT(atomic_load(&host.woken), 3);
  CHECK_OK(jsvm_isolate_set_wakeup(host.isolate, count_up, &host.woken, NULL, &error), &error);
  CHECK_EQ_INT(atomic_load(&host.woken), 4);
  for (int i = 0; i < COUNT; i++) {
    jsvm_value_free(promise[i]);
    if (i != COUNT - 2) {
      jsvm_resolver_free(resolver[i]);
    }
  }
  end();
}

static void *settle_many(void *data) {
  jsvm_resolver **resolvers = data;
  jsvm_slot slot = number_slot(1);
  for (int i = 0; i < 500; i++) {
    jsvm_status status = jsvm_resolver_resolve(resolvers[i], &slot, NULL);
    CHECK(status == JSVM_STATUS_OK || status == JSVM_STATUS_WRONG_STATE);
  }
  return NULL;
}

/* Two threads race for the same resolvers while a third runs the isolate. */
static void races(void) {
  static jsvm_resolver *resolvers[500];
  static jsvm_value *promises[500];
  pthread_t threads[2];
  jsvm_error *error = NULL;
  begin();
  for (int i = 0; i < 500; i++) {
    promises[i] = new_promise(&resolvers[i]);
  }
  for (int i = 0; i < 2; i++) {
    pthread_create(&threads[i], NULL, settle_many, resolvers);
  }
  for (int i = 0; i < 500; i++) {
    jsvm_slot slot;
    CHECK_OK(jsvm_promise_await(promises[i], NULL, &slot, &error), &error);
    CHECK_EQ_NUM(slot.number, 1);
  }
  for (int i = 0; i < 2; i++) {
    pthread_join(threads[i], NULL);
  }
  for (int i = 0; i < 500; i++) {
    jsvm_resolver_free(resolvers[i]);
    jsvm_value_free(promises[i]);
  }
  end();
}

static void wait_async(void) {
  jsvm_error *error = NULL;
  bool left = true;
  begin();
  JS_OK(host.context, "globalThis.out = ''; Atomics.waitAsync(new Int32Array(new "
                      "SharedArrayBuffer(4)), 0, 0, 30).value.then((v) => { out = v })");
  for (int i = 0; i < 600; i++) {
    jsvm_slot slot;
    int done;
    CHECK_OK(jsvm_isolate_run_tasks(host.isolate, 100, NULL, &left, &error), &error);
    JS_SLOT(host.context, "out !== ''", &slot);
    done = slot.number == 1;
    jsvm_slot_clear(&slot);
    if (done) {
      break;
    }
    /* A timer is work left. */
    CHECK(left);
  }
  JS_STR(host.context, "out", "timed-out");
  /* Notified by the guest. */
  JS_OK(host.context, "{ const a = new Int32Array(new SharedArrayBuffer(4)); out = '';"
                      "Atomics.waitAsync(a, 0, 0).value.then((v) => { out = v }); Atomics.notify(a, 0) }");
  for (int i = 0; i < 10; i++) {
    CHECK_OK(jsvm_isolate_run_tasks(host.isolate, 20, NULL, NULL, &error), &error);
  }
  JS_STR(host.context, "out", "ok");
  /* By await. */
  {
    jsvm_value *promise = js_value(host.context, "Atomics.waitAsync(new Int32Array(new "
                                                 "SharedArrayBuffer(4)), 0, 0, 30).value");
    jsvm_slot slot;
    CHECK_OK(jsvm_promise_await(promise, NULL, &slot, &error), &error);
    CHECK_BYTES(slot.data, slot.len, "timed-out", 9);
    jsvm_slot_clear(&slot);
    jsvm_value_free(promise);
  }
  /* One that is left over when the isolate goes. */
  JS_OK(host.context, "Atomics.waitAsync(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1e6); 0");
  end();
}

static void finalization_registry(void) {
  jsvm_error *error = NULL;
  begin();
  JS_OK(host.context, "globalThis.n = 0; globalThis.r = new FinalizationRegistry(() => n++);"
                      "for (let i = 0; i < 1000; i++) r.register({}, i); globalThis.w = new WeakRef({})");
  for (int i = 0; i < 5; i++) {
    CHECK_OK(jsvm_isolate_low_memory_notification(host.isolate, &error), &error);
    CHECK_OK(jsvm_isolate_run_tasks(host.isolate, 0, NULL, NULL, &error), &error);
  }
  JS_TRUE(host.context, "w.deref() === undefined");
  JS_TRUE(host.context, "n >= 0");
  /* Pending when the isolate goes. */
  JS_OK(host.context, "for (let i = 0; i < 1000; i++) r.register({}, i); 0");
  CHECK_OK(jsvm_isolate_low_memory_notification(host.isolate, &error), &error);
  end();
}

/* Inside a host function of the isolate. */
static uint32_t await_inside(void *userdata, const jsvm_call *call, jsvm_slot *result) {
  Host *h = userdata;
  jsvm_error *error = NULL;
  (void)h;
  CHECK_OK(jsvm_promise_await(call->args[0].handle, NULL, result, &error), &error);
  return JSVM_STATUS_OK;
}

static void nested_await(void) {
  begin();
  install(host.isolate, host.context, "wait", await_inside, &host);
  install(host.isolate, host.context, "work", work, &host);
  JS_NUM(host.context, "wait(Promise.resolve(4).then((v) => v * 2))", 8);
  JS_NUM(host.context, "wait(work())", 21);
  pthread_join(host.thread, NULL);
  end();
}

static void *free_soon(void *data) {
  sleep_ms(50);
  jsvm_isolate_free(((Host *)data)->isolate);
  return NULL;
}

/* The isolate goes while it waits. */
static void freed_while_it_waits(void) {
  jsvm_value *promise;
  jsvm_resolver *resolver;
  jsvm_run_options limits = {.struct_size = sizeof limits, .timeout_ms = LONG_MS};
  jsvm_error *error = NULL;
  begin();
  promise = new_promise(&resolver);
  pthread_create(&host.thread, NULL, free_soon, &host);
  CHECK_STATUS(jsvm_promise_await(promise, &limits, NULL, &error), JSVM_STATUS_DISPOSED, &error);
  pthread_join(host.thread, NULL);
  jsvm_resolver_free(resolver);
  jsvm_value_free(promise);
  end();
}

static void *await_thread(void *promise) {
  jsvm_error *error = NULL;
  jsvm_run_options options = {0};
  options.struct_size = sizeof options;
  options.timeout_ms = 20000;
  CHECK_OK(jsvm_promise_await(promise, &options, NULL, &error), &error);
  return NULL;
}

/* Each thread's run may do what another one waits for. */
static void many_threads_await(void) {
  jsvm_isolate *isolate = NULL;
  jsvm_context *context = NULL;
  jsvm_error *error = NULL;
  CHECK_OK(jsvm_isolate_new(NULL, &isolate, &error), &error);
  CHECK_OK(jsvm_isolate_main_context(isolate, &context, &error), &error);
  for (int round = 0; round < 100; round++) {
    jsvm_value *promises[4];
    jsvm_resolver *resolvers[4];
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
      CHECK_OK(jsvm_promise_new(context, &promises[i], &resolvers[i], &error), &error);
    }
    for (int i = 0; i < 4; i++) {
      CHECK_EQ_INT(pthread_create(&threads[i], NULL, await_thread, promises[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
      CHECK_OK(jsvm_resolver_resolve(resolvers[i], NULL, &error), &error);
    }
    for (int i = 0; i < 4; i++) {
      pthread_join(threads[i], NULL);
      jsvm_value_free(promises[i]);
      jsvm_resolver_free(resolvers[i]);
    }
  }
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
}

int main(void) {
  RUN(many_threads_await);
  RUN(settling);
  RUN(thenables);
  RUN(states_of_guests);
  RUN(awaiting);
  RUN(await_handles);
  RUN(thens);
  RUN(host_async);
  RUN(wakeups_and_work_left);
  RUN(races);
  RUN(wait_async);
  RUN(finalization_registry);
  RUN(nested_await);
  RUN(freed_while_it_waits);
  return FINISH();
}
