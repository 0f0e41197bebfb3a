/* Host functions: arguments, results, endings, accessors, re-entry, finalizers, many. */
#include "guest.h"

#include <math.h>

typedef struct {
  jsvm_isolate *isolate;
  jsvm_context *context;
  jsvm_value *value;
  jsvm_cancel *cancel;
  const jsvm_call *outer;
  const char *source;
  uint32_t status;
  jsvm_slot result;
  int depth;
  int step;
  uint64_t inner_ms;
  jsvm_status inner_status;
  atomic_int calls;
  atomic_int next;
  atomic_int finalized;
} Host;

static Host host;

static void begin(void) {
  memset(&host, 0, sizeof host);
  host.isolate = new_isolate(NULL);
  host.context = new_context(host.isolate, NULL);
  install(host.isolate, host.context, "next", count_call, &host.next);
}

static void end(void) {
  jsvm_context_free(host.context);
  jsvm_isolate_free(host.isolate);
  CHECK_EQ_INT(jsvm_flush_finalizers(LONG_MS), JSVM_STATUS_OK);
}

static void finalize_host(void *userdata) { count_up(&((Host *)userdata)->finalized); }

static uint32_t look_at_arguments(void *userdata, const jsvm_call *call, jsvm_slot *result) {
  const jsvm_slot *args = call->args;
  CHECK(userdata == &host);
  CHECK(call->struct_size >= sizeof *call);
  CHECK(!call->is_construct_call);
  CHECK_EQ_INT(result->kind, JSVM_KIND_UNDEFINED);
  if (!CHECK_EQ_INT(call->argc, 10)) {
    return JSVM_STATUS_OK;
  }
  CHECK_EQ_INT(args[0].kind, JSVM_KIND_UNDEFINED);
  CHECK_EQ_INT(args[1].kind, JSVM_KIND_NULL);
  CHECK_EQ_INT(args[2].kind, JSVM_KIND_BOOLEAN);
  CHECK_EQ_NUM(args[2].number, 1);
  CHECK_EQ_INT(args[3].kind, JSVM_KIND_NUMBER);
  CHECK_EQ_NUM(args[3].number, -0.0);
  CHECK_EQ_INT(args[4].kind, JSVM_KIND_STRING);
  CHECK_BYTES(args[4].data, args[4].len, "a\0\xc3\xa4", 4);
  CHECK(args[4].data[4] == '\0');
  CHECK_EQ_INT(args[5].kind, JSVM_KIND_SYMBOL);
  CHECK_EQ_INT(args[6].kind, JSVM_KIND_BIGINT);
  CHECK_BYTES(args[6].data, args[6].len, "\x00\xff", 2);
  CHECK_EQ_INT(args[7].kind, JSVM_KIND_OBJECT);
  CHECK(args[7].flags & JSVM_FLAG_ARRAY);
  CHECK_EQ_INT(args[8].kind, JSVM_KIND_FUNCTION);
  CHECK_EQ_INT(args[9].kind, JSVM_KIND_STRING);
  CHECK(args[9].flags & JSVM_FLAG_LOSSY);
  CHECK(args[9].handle != NULL);
  host.value = jsvm_value_clone(args[7].handle);
  return JSVM_STATUS_OK;
}

static void arguments(void) {
  jsvm_slot slot;
  size_t live;
  begin();
  install(host.isolate, host.context, "f", look_at_arguments, &host);
  live = jsvm_live_handles(JSVM_HANDLE_KIND_VALUE);
  JS_SLOT(host.context, "f(undefined, null, true, -0, 'a\\0\\u00e4', Symbol(), -256n, [], () => {}, "
                        "'\\ud800')", &slot);
  CHECK_EQ_INT(slot.kind, JSVM_KIND_UNDEFINED);
  /* All died but the clone. */
  CHECK_EQ_INT(jsvm_live_handles(JSVM_HANDLE_KIND_VALUE), live + 1);
  jsvm_value_free(host.value);
  end();
}

static uint32_t sum_and_count(void *userdata, const jsvm_call *call, jsvm_slot *result) {
  double sum = 0;
  (void)userdata;
  for (size_t i = 0; i < call->argc; i++) {
    CHECK_EQ_INT(call->args[i].kind, JSVM_KIND_NUMBER);
    sum += call->args[i].number;
  }
  *result = number_slot(sum * 10000 + (double)call->argc);
  return JSVM_STATUS_OK;
}

static void many_arguments(void) {
  begin();
  install(host.isolate, host.context, "f", sum_and_count, &host);
  for (int count = 0; count <= 20; count++) {
    char source[100];
    snprintf(source, sizeof source, "f(...new Array(%d).fill(1))", count);
    JS_NUM(host.context, source, count * 10000.0 + count);
  }
  JS_NUM(host.context, "f(...new Array(1000).fill(3))", 3000 * 10000.0 + 1000);
  JS_NUM(host.context, "f(...new Array(1000).fill(0).map((_, i) => i))", 499500 * 10000.0 + 1000);
  JS_NUM(host.context, "f.apply(null, [1, 2, 3, 4, 5, 6, 7])", 28 * 10000.0 + 7);
  end();
}

static uint32_t give_result(void *userdata, const jsvm_call *call, jsvm_slot *result) {
  (void)call;
  *result = ((Host *)userdata)->result;
  return ((Host *)userdata)->status;
}

static uint32_t give_argument(void *userdata, const jsvm_call *call, jsvm_slot *result) {
  (void)userdata;
  *result = call->args[call->argc - 1];
  return JSVM_STATUS_OK;
}

static uint32_t give_argument_by_handle(void *userdata, const jsvm_call *call, jsvm_slot *result) {
  (void)userdata;
  *result = handle_slot(call->args[0].handle);
  return JSVM_STATUS_OK;
}

static uint32_t give_copy(void *userdata, const jsvm_call *call, jsvm_slot *result) {
  (void)userdata;
  if (call->argc == 0) {
    return jsvm_slot_set_string(result, "c\xc3\xb6pyXX", 5);
  }
  return jsvm_slot_set_string(result, "", 0);
}

static void results(void) {
  size_t live;
  begin();
  install(host.isolate, host.context, "f", give_result, &host);
  install(host.isolate, host.context, "same", give_argument, &host);
  install(host.isolate, host.context, "sameHandle", give_argument_by_handle, &host);
  install(host.isolate, host.context, "copy", give_copy, &host);
  live = jsvm_live_handles(JSVM_HANDLE_KIND_VALUE);
  JS_TRUE(host.context, "f() === undefined");
  host.result = (jsvm_slot){.kind = JSVM_KIND_NULL};
  JS_TRUE(host.context, "f() === null");
  host.result = (jsvm_slot){.kind = JSVM_KIND_BOOLEAN, .number = 1};
  JS_TRUE(host.context, "f() === true");
  host.result.number = 0;
  JS_TRUE(host.context, "f() === false");
  host.result = number_slot(-0.0);
  JS_TRUE(host.context, "Object.is(f(), -0)");
  host.result = number_slot(NAN);
  JS_TRUE(host.context, "Object.is(f(), NaN)");
  host.result = string_slot("static \xe2\x82\xac");
  JS_TRUE(host.context, "f() === 'static \\u20ac'");
  host.result = (jsvm_slot){.kind = JSVM_KIND_STRING, .data = "a\0bX", .len = 3};
  JS_TRUE(host.context, "f() === 'a\\0b'");
  host.result = (jsvm_slot){.kind = JSVM_KIND_STRING};
  JS_TRUE(host.context, "f() === ''");
  host.result = (jsvm_slot){.kind = JSVM_KIND_BIGINT, .data = "\x00\xff", .len = 2};
  JS_TRUE(host.context, "f() === -256n");
  host.result = (jsvm_slot){.kind = JSVM_KIND_BIGINT};
  JS_TRUE(host.context, "f() === 0n");
  /* An owned handle is taken; the kind beside it is not looked at. */
  for (int i = 0; i < 50; i++) {
    host.result = handle_slot(js_value(host.context, "globalThis.kept = {}"));
    JS_TRUE(host.context, "f() === kept");
  }
  JS_SLOT(host.context, "globalThis.kept = Symbol('s')", &host.result);
  JS_TRUE(host.context, "f() === kept");
  JS_SLOT(host.context, "globalThis.kept = 'owned string'", &host.result);
  JS_TRUE(host.context, "f() === kept");
  JS_SLOT(host.context, "globalThis.kept = '\\ud800'", &host.result);
  JS_TRUE(host.context, "f() === kept");
  CHECK_EQ_INT(jsvm_live_handles(JSVM_HANDLE_KIND_VALUE), live);
  JS_TRUE(host.context, "{ const o = {}; same(o) === o && same(1, o) === o && sameHandle(o) === o }");
  JS_TRUE(host.context, "same('text') === 'text' && same('\\ud800') === '\\ud800' && same(7n) === 7n");
  JS_TRUE(host.context, "same(undefined) === undefined && same(1, 2, 3, 4, 5, 6, 7, 'x') === 'x'");
  JS_TRUE(host.context, "copy() === 'c\\u00f6py' && copy(1) === ''");
  CHECK_EQ_INT(jsvm_live_handles(JSVM_HANDLE_KIND_VALUE), live);
  /* What is no value: the guest sees an Error that names function and fault. */
  {
    static const struct {
      jsvm_slot slot;
      const char *part;
    } bad[] = {{{.kind = 99}, "99"},
               {{.kind = JSVM_KIND_OBJECT}, "handle"},
               {{.kind = JSVM_KIND_SYMBOL}, "handle"},
               {{.kind = JSVM_KIND_STRING, .data = "\xff", .len = 1}, "UTF-8"},
               {{.kind = JSVM_KIND_STRING, .data = NULL, .len = 3}, "NULL"},
               {{.kind = JSVM_KIND_BIGINT, .data = NULL, .len = 3}, "NULL"},
               {{.handle = (jsvm_value *)0x1234560}, "live"}};
    jsvm_error *error = NULL;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
      host.result = bad[i].slot;
      CHECK_ERROR(js(host.context, "f(); next()", NULL, &error), JSVM_STATUS_EXCEPTION, &error,
                  bad[i].part);
      CHECK_ERROR(js(host.context, "f()", NULL, &error), JSVM_STATUS_EXCEPTION, &error, "'f'");
    }
    CHECK_EQ_INT(atomic_load(&host.next), 0);
    /* Another isolate's value is refused, and freed. */
    {
      jsvm_isolate *other = new_isolate(NULL);
      jsvm_context *there = main_context(other);
      host.result = handle_slot(js_value(there, "({})"));
      CHECK_ERROR(js(host.context, "f()", NULL, &error), JSVM_STATUS_EXCEPTION, &error, "isolate");
      jsvm_context_free(there);
      jsvm_isolate_free(other);
    }
    CHECK_EQ_INT(jsvm_live_handles(JSVM_HANDLE_KIND_VALUE), live);
    CHECK_EQ_INT(jsvm_slot_set_string(NULL, "x", 1), JSVM_STATUS_INVALID_ARGUMENT);
    CHECK_EQ_INT(jsvm_slot_set_string(&host.result, NULL, 1), JSVM_STATUS_INVALID_ARGUMENT);
    CHECK_EQ_INT(jsvm_slot_set_string(&host.result, "x", JSVM_AUTO_LENGTH), JSVM_STATUS_OK);
    CHECK_BYTES(host.result.data, host.result.len, "x", 1);
    jsvm_slot_clear(&host.result);
    CHECK_EQ_INT(jsvm_slot_set_string(&host.result, "\xff", 1), JSVM_STATUS_INVALID_ARGUMENT);
    CHECK_EQ_INT(host.result.kind, JSVM_KIND_UNDEFINED);
  }
  host.result = (jsvm_slot){0};
  end();
}

static void endings(void) {
  static const jsvm_status kills[] = {JSVM_STATUS_TIMEOUT, JSVM_STATUS_CPU_TIME,
                                      JSVM_STATUS_INTERRUPTED, JSVM_STATUS_CANCELLED,
                                      JSVM_STATUS_TERMINATED, JSVM_STATUS_OUT_OF_MEMORY};
  static const uint32_t others[] = {
      JSVM_STATUS_INVALID_ARGUMENT, JSVM_STATUS_WRONG_ISOLATE, JSVM_STATUS_WRONG_STATE,
      JSVM_STATUS_BUSY, JSVM_STATUS_DISPOSED, JSVM_STATUS_UNSUPPORTED, JSVM_STATUS_FORKED,
      JSVM_STATUS_PANIC};
  static const uint32_t invalid[] = {16, 17, 1000, 0x80000000u, UINT32_MAX};
  jsvm_error *error = NULL;
  begin();
  install(host.isolate, host.context, "f", give_result, &host);
  /* EXCEPTION throws the result, whatever it is. */
  host.status = JSVM_STATUS_EXCEPTION;
  host.result = number_slot(5);
  JS_NUM(host.context, "try { f() } catch (e) { e + 1 }", 6);
  CHECK_ERROR(js(host.context, "f(); next()", NULL, &error), JSVM_STATUS_EXCEPTION, &error, "5");
  host.result = handle_slot(js_value(host.context, "globalThis.mine = new TypeError('mine')"));
  JS_TRUE(host.context, "try { f() } catch (e) { e === mine }");
  host.result = (jsvm_slot){0};
  JS_TRUE(host.context, "try { f(); false } catch (e) { e === undefined }");
  for (size_t i = 0; i < sizeof kills / sizeof *kills; i++) {
    jsvm_slot slot;
    host.status = kills[i];
    CHECK_STATUS(js(host.context, "try { f(); next() } catch { next() } finally { next() } next()",
                    &slot, &error), kills[i], &error);
    CHECK_EQ_INT(atomic_exchange(&host.next, 0), 0);
    /* Its result goes nowhere, and is let go. */
    host.result = handle_slot(js_value(host.context, "({})"));
    CHECK_STATUS(js(host.context, "[1, 2].forEach(() => { f(); next() }); next()", &slot, &error),
                 kills[i], &error);
    host.result = (jsvm_slot){0};
    CHECK_STATUS(js(host.context, "({get x() { f(); next() }}).x; next()", &slot, &error),
                 kills[i], &error);
    CHECK_STATUS(js(host.context, "new Proxy({}, {get: f}).x; next()", &slot, &error), kills[i],
                 &error);
    CHECK_STATUS(js(host.context, "[3, 1].sort(f); next()", &slot, &error), kills[i], &error);
    CHECK_STATUS(js(host.context, "JSON.stringify({toJSON: f}); next()", &slot, &error), kills[i],
                 &error);
    CHECK_STATUS(js(host.context, "new f(); next()", &slot, &error), kills[i], &error);
    CHECK_STATUS(js(host.context, "`${{toString: f}}`; next()", &slot, &error), kills[i], &error);
    CHECK_STATUS(js(host.context, "Promise.resolve().then(() => { f(); next() }); 1", &slot,
                    &error), kills[i], &error);
    CHECK_EQ_INT(atomic_exchange(&host.next, 0), 0);
    /* The isolate is usable. */
    JS_NUM(host.context, "1 + 1", 2);
    /* The guest's stack is in the error. */
    CHECK_EQ_INT(js(host.context, "function caller() { f() }\ncaller()", NULL, &error), kills[i]);
    CHECK(jsvm_error_stack(error) != NULL && strstr(jsvm_error_stack(error), "caller") != NULL);
    jsvm_error_free(error);
    error = NULL;
  }
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    host.status = others[i];
    if (!CHECK_ERROR(js(host.context, "f(); next()", NULL, &error), JSVM_STATUS_EXCEPTION, &error,
                     jsvm_status_name(others[i]))) {
      fprintf(stderr, "of %s\n", jsvm_status_name(others[i]));
    }
    JS_TRUE(host.context, "try { f(); false } catch (e) { e instanceof Error }");
  }
  for (size_t i = 0; i < sizeof invalid / sizeof *invalid; i++) {
    char number[20];
    host.status = invalid[i];
    snprintf(number, sizeof number, "%" PRIu32, invalid[i]);
    CHECK_ERROR(js(host.context, "f(); next()", NULL, &error), JSVM_STATUS_EXCEPTION, &error,
                number);
  }
  CHECK_EQ_INT(atomic_exchange(&host.next, 0), 0);
  end();
}

static void registration(void) {
  jsvm_function_options options = {.struct_size = sizeof options};
  jsvm_value *value = NULL;
  jsvm_slot slot;
  jsvm_error *error = NULL;
  begin();
  CHECK_ERROR(jsvm_function_new(host.context, NULL, NULL, &host, finalize_host, &value, &error),
              JSVM_STATUS_INVALID_ARGUMENT, &error, "callback: ");
  CHECK_EQ_INT(atomic_load(&host.finalized), 1);
  CHECK(value == NULL);
  CHECK_ERROR(jsvm_function_new(NULL, NULL, count_call, &host, finalize_host, &value, &error),
              JSVM_STATUS_INVALID_ARGUMENT, &error, "context: ");
  CHECK_EQ_INT(atomic_load(&host.finalized), 2);
  CHECK_ERROR(jsvm_function_new(host.context, NULL, count_call, &host, finalize_host, NULL, &error),
              JSVM_STATUS_INVALID_ARGUMENT, &error, "result: ");
  CHECK_EQ_INT(atomic_load(&host.finalized), 3);
  options.name = (jsvm_str){"\xff", 1};
  CHECK_ERROR(jsvm_function_new(host.context, &options, count_call, &host, finalize_host, &value,
                                &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "options: name");
  CHECK_EQ_INT(atomic_load(&host.finalized), 4);
  options.struct_size = 1;
  CHECK_ERROR(jsvm_function_new(host.context, &options, count_call, &host, finalize_host, &value,
                                &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "options: ");
  CHECK_EQ_INT(atomic_load(&host.finalized), 5);
  options = (jsvm_function_options){.struct_size = sizeof options, .length = UINT32_MAX};
  CHECK_ERROR(jsvm_function_new(host.context, &options, count_call, &host, finalize_host, &value,
                                &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "length");
  CHECK_EQ_INT(atomic_load(&host.finalized), 6);
  /* Name and shape. */
  options = (jsvm_function_options){.struct_size = sizeof options, .length = 3,
                                    .name = {"n\xc3\xa4me", JSVM_AUTO_LENGTH}};
  CHECK_OK(jsvm_function_new(host.context, &options, count_call, &host.calls, NULL, &value, &error),
           &error);
  slot = handle_slot(value);
  give(host.isolate, host.context, "f", &slot);
  jsvm_value_free(value);
  JS_TRUE(host.context, "f.name === 'n\\u00e4me' && f.length === 3 && typeof f === 'function'");
  JS_TRUE(host.context, "f instanceof Function");
  JS_STR(host.context, "try { new f() } catch (e) { e.constructor.name }", "TypeError");
  CHECK_OK(jsvm_function_new(host.context, NULL, count_call, &host.calls, NULL, &value, &error),
           &error);
  slot = handle_slot(value);
  give(host.isolate, host.context, "g", &slot);
  jsvm_value_free(value);
  JS_TRUE(host.context, "g.name === '' && g.length === 0");
  JS_TRUE(host.context, "{ g(); f.call(1); f.bind(null)(); [1].map(g); true }");
  CHECK_EQ_INT(atomic_load(&host.calls), 4);
  end();
  CHECK_EQ_INT(atomic_load(&host.finalized), 6);
}

static void *accessors_elsewhere(void *data) {
  jsvm_slot slot;
  jsvm_context *context = NULL;
  jsvm_error *error = NULL;
  CHECK_STATUS(jsvm_call_this(data, &slot, &error), JSVM_STATUS_WRONG_STATE, &error);
  CHECK_EQ_INT(slot.kind, JSVM_KIND_UNDEFINED);
  CHECK_STATUS(jsvm_call_new_target(data, &slot, &error), JSVM_STATUS_WRONG_STATE, &error);
  CHECK_STATUS(jsvm_call_context(data, &context, &error), JSVM_STATUS_WRONG_STATE, &error);
  CHECK(context == NULL);
  return NULL;
}

static uint32_t use_accessors(void *userdata, const jsvm_call *call, jsvm_slot *result) {
  Host *h = userdata;
  jsvm_slot this_slot, target;
  jsvm_context *context = NULL;
  jsvm_error *error = NULL;
  pthread_t thread;
  CHECK_OK(jsvm_call_this(call, &this_slot, &error), &error);
  CHECK_OK(jsvm_call_new_target(call, &target, &error), &error);
  CHECK_OK(jsvm_call_context(call, &context, &error), &error);
  CHECK_EQ_INT(target.kind, call->is_construct_call ? JSVM_KIND_FUNCTION : JSVM_KIND_UNDEFINED);
  JS_STR(context, "where", "here");
  if (h->step == 1) {
    CHECK_STR(jsvm_context_name(context), jsvm_context_name(h->context));
  }
  jsvm_slot_clear(&target);
  jsvm_slot_clear(&this_slot);
  CHECK_ERROR(jsvm_call_this(NULL, &this_slot, &error), JSVM_STATUS_INVALID_ARGUMENT, &error,
              "call: ");
  CHECK_OK(jsvm_call_this(call, &this_slot, &error), &error);
  CHECK_ERROR(jsvm_call_this(call, NULL, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "result: ");
  CHECK_ERROR(jsvm_call_new_target(NULL, &target, &error), JSVM_STATUS_INVALID_ARGUMENT, &error,
              "call: ");
  CHECK_ERROR(jsvm_call_new_target(call, NULL, &error), JSVM_STATUS_INVALID_ARGUMENT, &error,
              "result: ");
  CHECK_ERROR(jsvm_call_context(call, NULL, &error), JSVM_STATUS_INVALID_ARGUMENT, &error,
              "result: ");
  pthread_create(&thread, NULL, accessors_elsewhere, (void *)call);
  pthread_join(thread, NULL);
  jsvm_context_free(context);
  *result = this_slot;
  return JSVM_STATUS_OK;
}

static void accessors(void) {
  begin();
  install(host.isolate, host.context, "f", use_accessors, &host);
  JS_OK(host.context, "globalThis.where = 'here'");
  JS_TRUE(host.context, "{ const o = {f}; o.f() === o }");
  JS_TRUE(host.context, "f.call('x') == 'x' && f.call(5) == 5");
  JS_TRUE(host.context, "f() === globalThis");
  JS_TRUE(host.context, "new f() instanceof f");
  JS_TRUE(host.context, "class D extends f { constructor() { super(); this.d = 1 } } new D() instanceof D && "
                        "new D().d === 1");
  host.step = 1;
  JS_OK(host.context, "f()");
  end();
}

static uint32_t construct(void *userdata, const jsvm_call *call, jsvm_slot *result) {
  Host *h = userdata;
  CHECK(call->is_construct_call);
  *result = h->result;
  return h->status;
}

static void construct_calls(void) {
  begin();
  install(host.isolate, host.context, "C", construct, &host);
  /* What it returns replaces `this` if it is an object. */
  JS_TRUE(host.context, "new C() instanceof C");
  host.result = number_slot(5);
  JS_TRUE(host.context, "new C() instanceof C");
  host.result = (jsvm_slot){.kind = JSVM_KIND_NULL};
  JS_TRUE(host.context, "new C() instanceof C");
  host.result = handle_slot(js_value(host.context, "globalThis.other = {}"));
  JS_TRUE(host.context, "new C() === other");
  host.result = string_slot("thrown");
  host.status = JSVM_STATUS_EXCEPTION;
  JS_STR(host.context, "try { new C() } catch (e) { e }", "thrown");
  end();
}

/* The outer call's context, asked for from an inner call of another context. */
static uint32_t ask_outer(void *userdata, const jsvm_call *call, jsvm_slot *result) {
  Host *h = userdata;
  (void)result;
  if (h->outer == NULL) {
    h->outer = call;
    JS_OK(h->context, "inner()");
    h->outer = NULL;
  } else {
    jsvm_context *context = NULL;
    jsvm_slot slot;
    jsvm_error *error = NULL;
    CHECK_OK(jsvm_call_context(h->outer, &context, &error), &error);
    JS_STR(context, "where", "outer");
    jsvm_context_free(context);
    CHECK_OK(jsvm_call_context(call, &context, &error), &error);
    JS_STR(context, "where", "inner");
    jsvm_context_free(context);
    CHECK_OK(jsvm_call_this(h->outer, &slot, &error), &error);
    CHECK_EQ_INT(slot.kind, JSVM_KIND_OBJECT);
    jsvm_slot_clear(&slot);
  }
  return JSVM_STATUS_OK;
}

static void contexts_of_calls(void) {
  jsvm_context *outer;
  begin();
  outer = new_context(host.isolate, NULL);
  JS_OK(outer, "globalThis.where = 'outer'");
  JS_OK(host.context, "globalThis.where = 'inner'");
  install(host.isolate, outer, "outer", ask_outer, &host);
  install(host.isolate, host.context, "inner", ask_outer, &host);
  JS_OK(outer, "outer()");
  jsvm_context_free(outer);
  end();
}

static uint32_t reenter(void *userdata, const jsvm_call *call, jsvm_slot *result) {
  Host *h = userdata;
  jsvm_slot slot;
  jsvm_error *error = NULL;
  double n = call->args[0].number;
  if (n > 0) {
    char source[40];
    snprintf(source, sizeof source, "f(%g)", n - 1);
    CHECK_OK(js(h->context, source, &slot, &error), &error);
    *result = number_slot(slot.number + 1);
    jsvm_slot_clear(&slot);
  }
  return JSVM_STATUS_OK;
}

static uint32_t reenter_undefined_end(void *userdata, const jsvm_call *call, jsvm_slot *result) {
  reenter(userdata, call, result);
  if (result->kind == JSVM_KIND_UNDEFINED) {
    *result = number_slot(100);
  }
  return JSVM_STATUS_OK;
}

static void reentry(void) {
  begin();
  install(host.isolate, host.context, "f", reenter_undefined_end, &host);
  JS_NUM(host.context, "f(0)", 100);
  JS_NUM(host.context, "f(50)", 150);
  JS_NUM(host.context, "f(50) + f(3)", 253);
  end();
}

/* Ends by the stack's end, as a RangeError, wherever it begins. */
static uint32_t reenter_forever(void *userdata, const jsvm_call *call, jsvm_slot *result) {
  Host *h = userdata;
  jsvm_error *error = NULL;
  jsvm_status status = js(h->context, "f()", NULL, &error);
  (void)call;
  h->depth++;
  if (status == JSVM_STATUS_EXCEPTION) {
    CHECK_EQ_INT(jsvm_error_exception(error, result), JSVM_STATUS_OK);
  }
  jsvm_error_free(error);
  return status;
}

static void reenter_by(Host *h, const char *source) {
  jsvm_error *error = NULL;
  h->depth = 0;
  CHECK_EQ_INT(js(h->context, source, NULL, &error), JSVM_STATUS_EXCEPTION);
  CHECK_STR(jsvm_error_name(error), "RangeError");
  CHECK(h->depth > 1);
  jsvm_error_free(error);
}

/* Calls itself by its handle: there is no JavaScript between. */
static uint32_t call_itself_forever(void *userdata, const jsvm_call *call, jsvm_slot *result) {
  Host *h = userdata;
  jsvm_error *error = NULL;
  jsvm_status status = jsvm_function_call(h->value, NULL, NULL, 0, NULL, result, &error);
  (void)call;
  h->depth++;
  if (status == JSVM_STATUS_EXCEPTION) {
    CHECK_EQ_INT(jsvm_error_exception(error, result), JSVM_STATUS_OK);
  }
  jsvm_error_free(error);
  return status;
}

static void *reenter_here(void *data) {
  reenter_by(data, "f()");
  reenter_by(data, "g()");
  return NULL;
}

static void endless_reentry(void) {
  static const size_t sizes[] = {128 << 10, 256 << 10, 1 << 20};
  begin();
  install(host.isolate, host.context, "f", reenter_forever, &host);
  install(host.isolate, host.context, "g", call_itself_forever, &host);
  {
    jsvm_slot itself;
    JS_SLOT(host.context, "g", &itself);
    host.value = itself.handle;
  }
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    CHECK_EQ_INT(pthread_attr_setstacksize(&attributes, CHECK_ASAN ? sizes[i] * 4 : sizes[i]), 0);
    CHECK_EQ_INT(pthread_create(&thread, &attributes, reenter_here, &host), 0);
    pthread_join(thread, NULL);
    pthread_attr_destroy(&attributes);
  }
  reenter_here(&host);
  JS_NUM(host.context, "1 + 1", 2);
  jsvm_value_free(host.value);
  end();
}

/* Another isolate, made and freed inside a host function, which calls back into this one. */
static uint32_t call_first(void *userdata, const jsvm_call *call, jsvm_slot *result) {
  (void)call;
  (void)result;
  JS_NUM(((Host *)userdata)->context, "1 + 1", 2);
  return JSVM_STATUS_OK;
}

static uint32_t nest_isolate(void *userdata, const jsvm_call *call, jsvm_slot *result) {
  jsvm_isolate *isolate = new_isolate(NULL);
  jsvm_context *context = main_context(isolate);
  jsvm_slot slot;
  jsvm_error *error = NULL;
  install(isolate, context, "first", call_first, userdata);
  JS_NUM(context, "first(); 6 * 7", 42);
  JS_NUM(((Host *)userdata)->context, "5", 5);
  /* An argument of this isolate is none of the other's. */
  slot = handle_slot(call->args[0].handle);
  {
    jsvm_value *promise = NULL;
    jsvm_resolver *resolver = NULL;
    CHECK_OK(jsvm_promise_new(context, &promise, &resolver, &error), &error);
    CHECK_STATUS(jsvm_resolver_resolve(resolver, &slot, &error), JSVM_STATUS_WRONG_ISOLATE, &error);
    jsvm_resolver_free(resolver);
    jsvm_value_free(promise);
  }
  CHECK_OK(jsvm_call_this(call, result, &error), &error);
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
  return JSVM_STATUS_OK;
}

static void nested_isolates(void) {
  begin();
  install(host.isolate, host.context, "f", nest_isolate, &host);
  for (int i = 0; i < 3; i++) {
    JS_TRUE(host.context, "{ const o = {f}; o.f({}) === o }");
  }
  end();
}

static uint32_t run_inner(void *userdata, const jsvm_call *call, jsvm_slot *result) {
  Host *h = userdata;
  jsvm_error *error = NULL;
  (void)call;
  (void)result;
  h->inner_status = js_ms(h->context, "for (;;) ;", h->inner_ms, NULL, &error);
  jsvm_error_free(error);
  return JSVM_STATUS_OK;
}

static void nested_timeouts(void) {
  jsvm_error *error = NULL;
  begin();
  install(host.isolate, host.context, "f", run_inner, &host);
  /* The inner one ends alone. */
  host.inner_ms = 50;
  {
    jsvm_slot slot;
    CHECK_OK(js_ms(host.context, "f(); 7", LONG_MS, &slot, &error), &error);
    CHECK_EQ_NUM(slot.number, 7);
  }
  CHECK_EQ_INT(host.inner_status, JSVM_STATUS_TIMEOUT);
  /* The outer one ends both. */
  host.inner_ms = LONG_MS;
  CHECK_STATUS(js_ms(host.context, "f(); for (;;) ;", 50, NULL, &error), JSVM_STATUS_TIMEOUT,
               &error);
  CHECK_EQ_INT(host.inner_status, JSVM_STATUS_TIMEOUT);
  host.inner_ms = 0;
  CHECK_STATUS(js_ms(host.context, "f(); next()", 50, NULL, &error), JSVM_STATUS_TIMEOUT, &error);
  CHECK_EQ_INT(host.inner_status, JSVM_STATUS_TIMEOUT);
  CHECK_EQ_INT(atomic_load(&host.next), 0);
  JS_NUM(host.context, "3", 3);
  end();
}

static uint32_t pass_exception(void *userdata, const jsvm_call *call, jsvm_slot *result) {
  Host *h = userdata;
  jsvm_error *error = NULL;
  char source[60];
  jsvm_status status;
  (void)call;
  snprintf(source, sizeof source, h->depth-- > 0 ? "f()" : "throw original");
  status = js(h->context, source, NULL, &error);
  if (status == JSVM_STATUS_EXCEPTION) {
    CHECK_EQ_INT(jsvm_error_exception(error, result), JSVM_STATUS_OK);
  }
  jsvm_error_free(error);
  return status;
}

static void exceptions_cross(void) {
  jsvm_error *error = NULL;
  size_t live;
  begin();
  install(host.isolate, host.context, "f", pass_exception, &host);
  JS_OK(host.context, "globalThis.original = new TypeError('original')");
  live = jsvm_live_handles(JSVM_HANDLE_KIND_VALUE);
  host.depth = 5;
  JS_TRUE(host.context, "try { f() } catch (e) { e === original }");
  host.depth = 5;
  CHECK_EQ_INT(js(host.context, "f()", NULL, &error), JSVM_STATUS_EXCEPTION);
  CHECK_STR(jsvm_error_name(error), "TypeError");
  CHECK_STR(jsvm_error_message(error), "original");
  jsvm_error_free(error);
  JS_OK(host.context, "original = 'a string'");
  host.depth = 3;
  JS_STR(host.context, "try { f() } catch (e) { e }", "a string");
  JS_OK(host.context, "original = undefined");
  host.depth = 3;
  JS_TRUE(host.context, "try { f(); false } catch (e) { e === undefined }");
  CHECK_EQ_INT(jsvm_live_handles(JSVM_HANDLE_KIND_VALUE), live);
  end();
}

static void finalizers(void) {
  jsvm_value *value = NULL;
  jsvm_slot slot;
  jsvm_error *error = NULL;
  begin();
  /* By the collector, when neither JavaScript nor the host holds it. */
  CHECK_OK(jsvm_function_new(host.context, NULL, count_call, &host, finalize_host, &value, &error),
           &error);
  CHECK_OK(jsvm_isolate_low_memory_notification(host.isolate, &error), &error);
  CHECK_EQ_INT(atomic_load(&host.finalized), 0);
  slot = handle_slot(value);
  give(host.isolate, host.context, "f", &slot);
  jsvm_value_free(value);
  CHECK_OK(jsvm_isolate_low_memory_notification(host.isolate, &error), &error);
  CHECK_EQ_INT(atomic_load(&host.finalized), 0);
  JS_OK(host.context, "f = null");
  for (int i = 0; i < 3; i++) {
    CHECK_OK(jsvm_isolate_low_memory_notification(host.isolate, &error), &error);
  }
  CHECK(wait_for(&host.finalized, 1));
  /* With the isolate: one the host holds, one JavaScript holds, one nobody holds. */
  CHECK_OK(jsvm_function_new(host.context, NULL, count_call, &host, finalize_host, &value, &error),
           &error);
  jsvm_value_free(value);
  CHECK_OK(jsvm_function_new(host.context, NULL, count_call, &host, finalize_host, &value, &error),
           &error);
  slot = handle_slot(value);
  give(host.isolate, host.context, "f", &slot);
  jsvm_value_free(value);
  CHECK_OK(jsvm_function_new(host.context, NULL, count_call, &host, finalize_host, &value, &error),
           &error);
  end();
  CHECK_EQ_INT(atomic_load(&host.finalized), 4);
  jsvm_value_free(value);
  CHECK_EQ_INT(jsvm_flush_finalizers(LONG_MS), JSVM_STATUS_OK);
  CHECK_EQ_INT(atomic_load(&host.finalized), 4);
}

/* A finalizer may call libjsvm. */
static void finalize_and_call(void *userdata) {
  Host *h = userdata;
  jsvm_cancel *cancel = NULL;
  jsvm_error *error = NULL;
  JS_NUM(h->context, "2 + 2", 4);
  CHECK_OK(jsvm_cancel_new(&cancel, &error), &error);
  jsvm_cancel_free(cancel);
  count_up(&h->finalized);
}

static void finalizers_that_call(void) {
  jsvm_value *value = NULL;
  jsvm_error *error = NULL;
  begin();
  CHECK_OK(jsvm_function_new(host.context, NULL, count_call, &host, finalize_and_call, &value,
                             &error), &error);
  jsvm_value_free(value);
  for (int i = 0; i < 3; i++) {
    CHECK_OK(jsvm_isolate_low_memory_notification(host.isolate, &error), &error);
  }
  CHECK(wait_for(&host.finalized, 1));
  end();
}

static void *use_elsewhere(void *data) {
  jsvm_error *error = NULL;
  CHECK_OK(js_ms(((Host *)data)->context, "1", 2000, NULL, &error), &error);
  return NULL;
}

/* "with nothing held": another thread can use the isolate meanwhile. */
static void finalize_and_wait(void *userdata) {
  pthread_t thread;
  count_up(&((Host *)userdata)->finalized);
  pthread_create(&thread, NULL, use_elsewhere, userdata);
  for (int i = 0; i < 4000 && pthread_tryjoin_np(thread, NULL) != 0; i++) {
    sleep_ms(1);
    if (i == 3999) {
      CHECK(!"the isolate is held while a finalizer runs");
      pthread_detach(thread);
    }
  }
}

static void finalizers_hold_nothing(void) {
  jsvm_value *value = NULL;
  jsvm_error *error = NULL;
  for (int session = 0; session < 2; session++) {
    begin();
    CHECK_OK(jsvm_function_new(host.context, NULL, count_call, &host, finalize_and_wait, &value,
                               &error), &error);
    if (session) {
      CHECK_OK(jsvm_isolate_enter(host.isolate, NULL, &error), &error);
    }
    jsvm_value_free(value);
    for (int i = 0; i < 3; i++) {
      CHECK_OK(jsvm_isolate_low_memory_notification(host.isolate, &error), &error);
    }
    if (session) {
      CHECK_OK(jsvm_isolate_exit(host.isolate, &error), &error);
    }
    CHECK(wait_for(&host.finalized, 1));
    /* The detached thread of a failure ends in the meantime. */
    sleep_ms(50);
    end();
  }
}

static void many_functions(void) {
  enum { COUNT = CHECK_ASAN ? 20000 : 100000 };
  jsvm_heap_statistics heap;
  jsvm_error *error = NULL;
  size_t before;
  begin();
  CHECK_OK(jsvm_isolate_low_memory_notification(host.isolate, &error), &error);
  CHECK_OK(jsvm_isolate_heap_statistics(host.isolate, &heap, &error), &error);
  before = heap.used_heap_size;
  for (int i = 0; i < COUNT; i++) {
    jsvm_value *value = NULL;
    if (!CHECK_OK(jsvm_function_new(host.context, NULL, count_call, &host, finalize_host, &value,
                                    &error), &error)) {
      break;
    }
    jsvm_value_free(value);
  }
  for (int i = 0; i < 3; i++) {
    CHECK_OK(jsvm_isolate_low_memory_notification(host.isolate, &error), &error);
  }
  CHECK(wait_for(&host.finalized, COUNT));
  CHECK_EQ_INT(atomic_load(&host.finalized), COUNT);
  CHECK_OK(jsvm_isolate_heap_statistics(host.isolate, &heap, &error), &error);
  CHECK(heap.used_heap_size < before + 4000000);
  end();
  CHECK_EQ_INT(atomic_load(&host.finalized), COUNT);
}

static uint32_t free_during_call(void *userdata, const jsvm_call *call, jsvm_slot *result) {
  Host *h = userdata;
  jsvm_slot slot;
  jsvm_error *error = NULL;
  switch (h->step) {
  case 0:
    jsvm_value_free(h->value);
    h->value = NULL;
    CHECK_OK(jsvm_isolate_low_memory_notification(h->isolate, &error), &error);
    CHECK_EQ_INT(atomic_load(&h->finalized), 0);
    break;
  case 1:
    jsvm_context_free(h->context);
    h->context = NULL;
    CHECK_OK(jsvm_isolate_low_memory_notification(h->isolate, &error), &error);
    break;
  case 2:
    jsvm_isolate_free(h->isolate);
    break;
  }
  CHECK_EQ_INT(call->argc, 1);
  CHECK_BYTES(call->args[0].data, call->args[0].len, "argument", 8);
  if (h->step != 2) {
    CHECK_OK(jsvm_call_this(call, &slot, &error), &error);
    jsvm_slot_clear(&slot);
  }
  h->calls++;
  *result = number_slot(9);
  return JSVM_STATUS_OK;
}

static void freed_during_calls(void) {
  jsvm_error *error = NULL;
  jsvm_slot slot;
  jsvm_value *chained = NULL, *promise;
  /* Its own handle, the only thing that holds the function: called by a promise. */
  begin();
  CHECK_OK(jsvm_function_new(host.context, NULL, free_during_call, &host, finalize_host,
                             &host.value, &error), &error);
  promise = js_value(host.context, "Promise.resolve('argument')");
  CHECK_OK(jsvm_promise_then(promise, host.value, NULL, NULL, &chained, &error), &error);
  CHECK_EQ_INT(atomic_load(&host.calls), 1);
  CHECK_OK(jsvm_promise_await(chained, NULL, &slot, &error), &error);
  CHECK_EQ_NUM(slot.number, 9);
  jsvm_value_free(promise);
  jsvm_value_free(chained);
  end();
  CHECK_EQ_INT(atomic_load(&host.finalized), 1);
  /* Its context. */
  begin();
  install(host.isolate, host.context, "f", free_during_call, &host);
  host.step = 1;
  CHECK_OK(js(host.context, "f('argument')", &slot, &error), &error);
  CHECK_EQ_NUM(slot.number, 9);
  CHECK_EQ_INT(atomic_load(&host.calls), 1);
  end();
  /* Its isolate. */
  begin();
  install(host.isolate, host.context, "f", free_during_call, &host);
  host.step = 2;
  CHECK_STATUS(js(host.context, "f('argument')", &slot, &error), JSVM_STATUS_DISPOSED, &error);
  CHECK_EQ_INT(atomic_load(&host.calls), 1);
  end();
}

static const char key;
static const char other_key;

/* An error that carries something of the host's, as a host function throws it. */
static uint32_t throw_carrier(void *userdata, const jsvm_call *call, jsvm_slot *result) {
  Host *h = userdata;
  jsvm_context *context = NULL;
  jsvm_error *error = NULL;
  CHECK_OK(jsvm_call_context(call, &context, &error), &error);
  CHECK_OK(jsvm_exception_new(context, JSVM_EXCEPTION_CLASS_ERROR, "carries", JSVM_AUTO_LENGTH, NULL, 0,
                              &result->handle, &error),
           &error);
  jsvm_context_free(context);
  CHECK_OK(jsvm_exception_set_userdata(result->handle, &key, h, finalize_host, &error), &error);
  return JSVM_STATUS_EXCEPTION;
}

static jsvm_error *failure_of(const char *source) {
  jsvm_error *error = NULL;
  CHECK_EQ_INT(jsvm_context_evaluate(host.context, source, JSVM_AUTO_LENGTH, NULL, NULL, NULL, &error),
               JSVM_STATUS_EXCEPTION);
  return error;
}

static void userdata_of_exceptions(void) {
  jsvm_error *error = NULL;
  jsvm_error *kept;
  jsvm_slot slot;
  begin();
  install(host.isolate, host.context, "fail", throw_carrier, &host);

  kept = failure_of("fail()");
  CHECK(jsvm_error_userdata(kept, &key) == &host);
  CHECK(jsvm_error_userdata(kept, &other_key) == NULL);
  CHECK(jsvm_error_userdata(NULL, &key) == NULL);

  /* It goes with the object, and with nothing else. */
  error = failure_of("try { fail() } catch (e) { globalThis.e = e } throw e");
  CHECK(jsvm_error_userdata(error, &key) == &host);
  jsvm_error_free(error);
  error = failure_of("throw Object.assign(new Error('copy'), e)");
  CHECK(jsvm_error_userdata(error, &key) == NULL);
  jsvm_error_free(error);
  error = failure_of("throw Object.create(e)");
  CHECK(jsvm_error_userdata(error, &key) == NULL);
  jsvm_error_free(error);
  error = failure_of("throw new Proxy(e, {})");
  CHECK(jsvm_error_userdata(error, &key) == NULL);
  jsvm_error_free(error);
  error = failure_of("throw new Error('wraps', {cause: e})");
  CHECK(jsvm_error_userdata(error, &key) == NULL);
  CHECK(jsvm_error_userdata(jsvm_error_cause(error), &key) == &host);
  jsvm_error_free(error);
  JS_SLOT(host.context, "Reflect.ownKeys(e).map(String).join()", &slot);
  CHECK_STR(slot.data, "stack,message");
  jsvm_slot_clear(&slot);

  /* What was there before is let go. */
  JS_SLOT(host.context, "e", &slot);
  CHECK_OK(jsvm_exception_set_userdata(slot.handle, &other_key, NULL, NULL, &error), &error);
  jsvm_slot_clear(&slot);
  CHECK_OK(jsvm_isolate_low_memory_notification(host.isolate, &error), &error);
  CHECK_EQ_INT(jsvm_flush_finalizers(LONG_MS), JSVM_STATUS_OK);
  CHECK_EQ_INT(atomic_load(&host.finalized), 1);
  /* A jsvm_error keeps its own, after the isolate too. */
  CHECK(jsvm_error_userdata(kept, &key) == &host);

  /* Only for errors; the finalizer runs all the same. */
  JS_SLOT(host.context, "({})", &slot);
  CHECK_ERROR(jsvm_exception_set_userdata(slot.handle, &key, &host, finalize_host, &error),
              JSVM_STATUS_INVALID_ARGUMENT, &error, "exception: it is not an Error");
  jsvm_slot_clear(&slot);
  CHECK_ERROR(jsvm_exception_set_userdata(NULL, &key, &host, finalize_host, &error),
              JSVM_STATUS_INVALID_ARGUMENT, &error, "exception");
  CHECK_EQ_INT(atomic_load(&host.finalized), 3);
  end();
  CHECK(jsvm_error_userdata(kept, &key) == &host);
  CHECK_EQ_INT(atomic_load(&host.finalized), 3);
  jsvm_error_free(kept);
  CHECK_EQ_INT(jsvm_flush_finalizers(LONG_MS), JSVM_STATUS_OK);
  CHECK_EQ_INT(atomic_load(&host.finalized), 4);
}

int main(void) {
  RUN(arguments);
  RUN(many_arguments);
  RUN(results);
  RUN(endings);
  RUN(registration);
  RUN(accessors);
  RUN(construct_calls);
  RUN(contexts_of_calls);
  RUN(reentry);
  RUN(endless_reentry);
  RUN(nested_isolates);
  RUN(nested_timeouts);
  RUN(exceptions_cross);
  RUN(userdata_of_exceptions);
  RUN(finalizers);
  RUN(finalizers_that_call);
  RUN(finalizers_hold_nothing);
  RUN(many_functions);
  RUN(freed_during_calls);
  return FINISH();
}
