/* What is no argument, for every function: a status, and a message that begins with the argument's name. */
#include "guest.h"

static jsvm_isolate *isolate, *other;
static jsvm_context *context, *their_context;
static jsvm_script *script, *their_script;
static jsvm_value *object, *function, *promise, *their_object, *their_function, *their_promise;
static jsvm_resolver *resolver, *their_resolver;
static jsvm_cancel *cancel;
static jsvm_error *kept;
/* One freed handle of each kind. */
static void *freed[JSVM_HANDLE_KIND_COUNT];
static void *live[JSVM_HANDLE_KIND_COUNT];
static jsvm_error *error;
static atomic_int finalized;

enum { BAD_COUNT = 17 };

/* The i-th thing that is no handle of the kind; `local` is on the caller's stack. */
static void *bad_handle(uint32_t kind, int i, void *local) {
  static char global[64];
  switch (i) {
  case 0:
    return NULL;
  case 1:
    return freed[kind];
  case 2:
    return local;
  case 3:
    return (void *)0x1234567;
  case 4:
    return (char *)live[kind] + 1;
  case 5:
    return (char *)live[kind] + 8;
  case 6:
    return (void *)UINTPTR_MAX;
  case 7:
    return (void *)(UINTPTR_MAX / 2);
  case 8:
    return global;
  case 9:
    return (char *)live[kind] - 1;
  default:
    /* Handles of the other kinds. */
    i -= 10;
    i += i >= (int)kind;
    return live[i] != NULL ? live[i] : global;
  }
}

static void check_refused(jsvm_status status, jsvm_status expected, const char *name,
                          const char *call, int bad, int line) {
  check_int(status, expected, call, __FILE__, line);
  if (check_condition(error != NULL, call, __FILE__, line)) {
    const char *message = jsvm_error_message(error);
    char start[100];
    check_int(jsvm_error_status(error), expected, call, __FILE__, line);
    snprintf(start, sizeof start, "%s:", name);
    if (!begins(message, start)) {
      check_failed(__FILE__, line);
      fprintf(stderr, "%s (%d): the message does not begin with %s: %s\n", call, bad, start, message);
    }
  }
  jsvm_error_free(error);
  error = NULL;
}

#define REFUSED_AS(call, status, name)                                                             \
  check_refused((call), (status), (name), #call, 0, __LINE__)
#define REFUSED(call, name) REFUSED_AS(call, JSVM_STATUS_INVALID_ARGUMENT, name)

/* For each thing that is no handle of the kind, as `bad`. */
#define EACH_BAD(KIND, type, call, name)                                                           \
  for (int i_ = 0; i_ < BAD_COUNT; i_++) {                                                         \
    char local_[64] = {0};                                                                         \
    type *bad = bad_handle(JSVM_HANDLE_KIND_##KIND, i_, local_);                                   \
    check_refused((call), JSVM_STATUS_INVALID_ARGUMENT, (name), #call, i_, __LINE__);              \
  }

/* The same without NULL, which is allowed. */
#define EACH_BAD_OR_NULL(KIND, type, call, name)                                                   \
  for (int i_ = 1; i_ < BAD_COUNT; i_++) {                                                         \
    char local_[64] = {0};                                                                         \
    type *bad = bad_handle(JSVM_HANDLE_KIND_##KIND, i_, local_);                                   \
    check_refused((call), JSVM_STATUS_INVALID_ARGUMENT, (name), #call, i_, __LINE__);              \
  }

/* An accessor or a free: what it gives for each. */
#define EACH_BAD_IS(KIND, type, condition)                                                         \
  for (int i_ = 0; i_ < BAD_COUNT; i_++) {                                                         \
    char local_[64] = {0};                                                                         \
    type *bad = bad_handle(JSVM_HANDLE_KIND_##KIND, i_, local_);                                   \
    if (!CHECK(condition)) {                                                                       \
      fprintf(stderr, "bad handle %d\n", i_);                                                      \
    }                                                                                              \
  }

static void make(void) {
  jsvm_isolate *i = NULL;
  jsvm_context *c;
  jsvm_script *s = NULL;
  jsvm_value *v, *p = NULL;
  jsvm_resolver *r = NULL;
  jsvm_cancel *t = NULL;
  jsvm_error *e = NULL, *none = NULL;
  isolate = new_isolate(NULL);
  context = main_context(isolate);
  other = new_isolate(NULL);
  their_context = main_context(other);
  CHECK_OK(jsvm_script_new(isolate, "1", 1, NULL, &script, &none), &none);
  CHECK_OK(jsvm_script_new(other, "1", 1, NULL, &their_script, &none), &none);
  object = js_value(context, "({})");
  function = js_value(context, "() => {}");
  their_object = js_value(their_context, "({})");
  their_function = js_value(their_context, "() => {}");
  CHECK_OK(jsvm_promise_new(context, &promise, &resolver, &none), &none);
  CHECK_OK(jsvm_promise_new(their_context, &their_promise, &their_resolver, &none), &none);
  CHECK_OK(jsvm_cancel_new(&cancel, &none), &none);
  CHECK_EQ_INT(js(context, "throw 1", NULL, &kept), JSVM_STATUS_EXCEPTION);
  live[JSVM_HANDLE_KIND_ISOLATE] = isolate;
  live[JSVM_HANDLE_KIND_CONTEXT] = context;
  live[JSVM_HANDLE_KIND_SCRIPT] = script;
  live[JSVM_HANDLE_KIND_VALUE] = object;
  live[JSVM_HANDLE_KIND_ERROR] = kept;
  live[JSVM_HANDLE_KIND_CANCEL] = cancel;
  live[JSVM_HANDLE_KIND_RESOLVER] = resolver;
  i = new_isolate(NULL);
  c = main_context(i);
  CHECK_OK(jsvm_script_new(i, "1", 1, NULL, &s, &none), &none);
  v = js_value(c, "({})");
  CHECK_OK(jsvm_promise_new(c, &p, &r, &none), &none);
  CHECK_OK(jsvm_cancel_new(&t, &none), &none);
  CHECK_EQ_INT(js(c, "throw 1", NULL, &e), JSVM_STATUS_EXCEPTION);
  jsvm_value_free(p);
  jsvm_value_free(freed[JSVM_HANDLE_KIND_VALUE] = v);
  jsvm_context_free(freed[JSVM_HANDLE_KIND_CONTEXT] = c);
  jsvm_script_free(freed[JSVM_HANDLE_KIND_SCRIPT] = s);
  jsvm_resolver_free(freed[JSVM_HANDLE_KIND_RESOLVER] = r);
  jsvm_cancel_free(freed[JSVM_HANDLE_KIND_CANCEL] = t);
  jsvm_isolate_free(freed[JSVM_HANDLE_KIND_ISOLATE] = i);
  jsvm_error_free(freed[JSVM_HANDLE_KIND_ERROR] = e);
}

static void count_finalized(void *data) {
  (void)data;
  atomic_fetch_add(&finalized, 1);
}

static void on_rejection(void *data, const jsvm_value *p, const jsvm_slot *reason) {
  (void)data;
  (void)p;
  (void)reason;
}

static void isolates(void) {
  jsvm_context *out = NULL;
  jsvm_heap_statistics heap;
  bool left = true;
  REFUSED(jsvm_isolate_new(NULL, NULL, &error), "result");
  EACH_BAD(ISOLATE, jsvm_isolate, jsvm_isolate_main_context(bad, &out, &error), "isolate")
  REFUSED(jsvm_isolate_main_context(isolate, NULL, &error), "result");
  EACH_BAD(ISOLATE, jsvm_isolate, jsvm_isolate_enter(bad, NULL, &error), "isolate")
  EACH_BAD(ISOLATE, jsvm_isolate, jsvm_isolate_exit(bad, &error), "isolate")
  EACH_BAD(ISOLATE, jsvm_isolate, jsvm_isolate_terminate(bad, &error), "isolate")
  EACH_BAD(ISOLATE, jsvm_isolate,
           jsvm_isolate_request_interrupt(bad, count_finalized, NULL, count_finalized, &error),
           "isolate")
  CHECK_EQ_INT(atomic_exchange(&finalized, 0), BAD_COUNT);
  EACH_BAD(ISOLATE, jsvm_isolate, jsvm_isolate_run_tasks(bad, 0, NULL, &left, &error), "isolate")
  CHECK(!left);
  EACH_BAD(ISOLATE, jsvm_isolate,
           jsvm_isolate_perform_microtask_checkpoint(bad, NULL, &error), "isolate")
  EACH_BAD(ISOLATE, jsvm_isolate,
           jsvm_isolate_set_wakeup(bad, count_finalized, NULL, count_finalized, &error), "isolate")
  EACH_BAD(ISOLATE, jsvm_isolate,
           jsvm_isolate_set_unhandled_rejection_callback(bad, on_rejection, NULL, count_finalized,
                                                         &error), "isolate")
  CHECK_EQ_INT(atomic_exchange(&finalized, 0), 2 * BAD_COUNT);
  EACH_BAD(ISOLATE, jsvm_isolate, jsvm_isolate_heap_statistics(bad, &heap, &error), "isolate")
  CHECK_EQ_INT(heap.heap_size_limit, 0);
  REFUSED(jsvm_isolate_heap_statistics(isolate, NULL, &error), "result");
  EACH_BAD(ISOLATE, jsvm_isolate, jsvm_isolate_low_memory_notification(bad, &error), "isolate")
}

static void contexts(void) {
  jsvm_context *out = context;
  jsvm_value *value = object;
  jsvm_slot slot;
  EACH_BAD(ISOLATE, jsvm_isolate, jsvm_context_new(bad, NULL, &out, &error), "isolate")
  CHECK(out == NULL);
  REFUSED(jsvm_context_new(isolate, NULL, NULL, &error), "result");
  EACH_BAD(CONTEXT, jsvm_context,
           jsvm_context_evaluate(bad, "1", 1, NULL, NULL, &slot, &error), "context")
  CHECK_EQ_INT(slot.kind, JSVM_KIND_UNDEFINED);
  REFUSED(jsvm_context_evaluate(context, NULL, 1, NULL, NULL, NULL, &error), "source");
  REFUSED(jsvm_context_evaluate(context, NULL, JSVM_AUTO_LENGTH, NULL, NULL, NULL, &error),
          "source");
  REFUSED(jsvm_context_evaluate(context, "\xff", 1, NULL, NULL, NULL, &error), "source");
  EACH_BAD(CONTEXT, jsvm_context, jsvm_context_global(bad, &value, &error), "context")
  CHECK(value == NULL);
  REFUSED(jsvm_context_global(context, NULL, &error), "result");
  EACH_BAD_IS(CONTEXT, jsvm_context, jsvm_context_name(bad) == NULL)
  EACH_BAD_IS(CONTEXT, jsvm_context, jsvm_context_isolate(bad) == NULL)
  EACH_BAD_IS(CONTEXT, jsvm_context, jsvm_context_origin(bad) == NULL)
  EACH_BAD_IS(CONTEXT, jsvm_context, jsvm_context_clone(bad) == NULL)
}

static void scripts(void) {
  jsvm_script *out = script;
  jsvm_context *made = context;
  jsvm_slot slot;
  jsvm_bytes bytes;
  EACH_BAD(ISOLATE, jsvm_isolate, jsvm_script_new(bad, "1", 1, NULL, &out, &error), "isolate")
  CHECK(out == NULL);
  REFUSED(jsvm_script_new(isolate, "1", 1, NULL, NULL, &error), "result");
  REFUSED(jsvm_script_new(isolate, NULL, 1, NULL, &out, &error), "source");
  EACH_BAD(SCRIPT, jsvm_script, jsvm_script_run_in_context(bad, context, NULL, &slot, &error),
           "script")
  EACH_BAD(CONTEXT, jsvm_context, jsvm_script_run_in_context(script, bad, NULL, &slot, &error),
           "context")
  REFUSED_AS(jsvm_script_run_in_context(script, their_context, NULL, &slot, &error),
             JSVM_STATUS_WRONG_ISOLATE, "context");
  REFUSED_AS(jsvm_script_run_in_context(their_script, context, NULL, &slot, &error),
             JSVM_STATUS_WRONG_ISOLATE, "context");
  EACH_BAD(SCRIPT, jsvm_script, jsvm_script_run_in_this_context(bad, NULL, &slot, &error), "script")
  EACH_BAD(SCRIPT, jsvm_script,
           jsvm_script_run_in_new_context(bad, NULL, NULL, &slot, &made, &error), "script")
  CHECK(made == NULL);
  EACH_BAD(SCRIPT, jsvm_script, jsvm_script_create_cached_data(bad, &bytes, &error), "script")
  CHECK(bytes.data == NULL && bytes.len == 0);
  REFUSED(jsvm_script_create_cached_data(script, NULL, &error), "result");
  EACH_BAD_IS(SCRIPT, jsvm_script, !jsvm_script_cached_data_rejected(bad))
  EACH_BAD_IS(SCRIPT, jsvm_script, jsvm_script_source_map_url(bad) == NULL)
  EACH_BAD_IS(SCRIPT, jsvm_script, jsvm_script_clone(bad) == NULL)
}

static void functions(void) {
  jsvm_value *out = object;
  jsvm_slot slot;
  EACH_BAD(CONTEXT, jsvm_context,
           jsvm_function_new(bad, NULL, count_call, NULL, count_finalized, &out, &error), "context")
  CHECK(out == NULL);
  CHECK_EQ_INT(atomic_exchange(&finalized, 0), BAD_COUNT);
  REFUSED(jsvm_function_new(context, NULL, NULL, NULL, count_finalized, &out, &error), "callback");
  REFUSED(jsvm_function_new(context, NULL, count_call, NULL, count_finalized, NULL, &error),
          "result");
  CHECK_EQ_INT(atomic_exchange(&finalized, 0), 2);
  REFUSED(jsvm_call_this(NULL, &slot, &error), "call");
  REFUSED(jsvm_call_new_target(NULL, &slot, &error), "call");
  {
    jsvm_context *made = context;
    REFUSED(jsvm_call_context(NULL, &made, &error), "call");
    CHECK(made == NULL);
  }
  CHECK_EQ_INT(jsvm_slot_set_string(NULL, "x", 1), JSVM_STATUS_INVALID_ARGUMENT);
  CHECK_EQ_INT(jsvm_slot_set_string(&slot, NULL, 1), JSVM_STATUS_INVALID_ARGUMENT);
  CHECK_EQ_INT(slot.kind, JSVM_KIND_UNDEFINED);
  CHECK_EQ_INT(jsvm_slot_set_string(&slot, "x", (size_t)-2), JSVM_STATUS_INVALID_ARGUMENT);
  EACH_BAD_IS(VALUE, jsvm_value, jsvm_value_clone(bad) == NULL)
}

static void promises(void) {
  jsvm_value *out = object;
  jsvm_resolver *made = resolver;
  jsvm_promise_state state;
  jsvm_slot slot;
  EACH_BAD(CONTEXT, jsvm_context, jsvm_promise_new(bad, &out, &made, &error), "context")
  CHECK(out == NULL && made == NULL);
  made = resolver;
  REFUSED(jsvm_promise_new(context, NULL, &made, &error), "promise");
  REFUSED(jsvm_promise_new(context, &out, NULL, &error), "resolver");
  CHECK(out == NULL);
  EACH_BAD(RESOLVER, jsvm_resolver, jsvm_resolver_resolve(bad, NULL, &error), "resolver")
  EACH_BAD(RESOLVER, jsvm_resolver, jsvm_resolver_reject(bad, NULL, &error), "resolver")
  EACH_BAD_IS(RESOLVER, jsvm_resolver, jsvm_resolver_clone(bad) == NULL)
  for (int i = 1; i < BAD_COUNT; i++) {
    char local[64] = {0};
    slot = handle_slot(bad_handle(JSVM_HANDLE_KIND_VALUE, i, local));
    REFUSED(jsvm_resolver_resolve(resolver, &slot, &error), "value");
    REFUSED(jsvm_resolver_reject(resolver, &slot, &error), "reason");
  }
  for (uint32_t kind = 0; kind < 12; kind++) {
    if (kind == JSVM_KIND_SYMBOL || kind == JSVM_KIND_OBJECT || kind > JSVM_KIND_OBJECT) {
      slot = (jsvm_slot){.kind = kind};
      REFUSED(jsvm_resolver_resolve(resolver, &slot, &error), "value");
      REFUSED(jsvm_resolver_reject(resolver, &slot, &error), "reason");
    }
  }
  slot = handle_slot(their_object);
  REFUSED_AS(jsvm_resolver_resolve(resolver, &slot, &error), JSVM_STATUS_WRONG_ISOLATE, "value");
  REFUSED_AS(jsvm_resolver_reject(resolver, &slot, &error), JSVM_STATUS_WRONG_ISOLATE, "reason");
  EACH_BAD(VALUE, jsvm_value, jsvm_promise_result(bad, &state, &slot, &error), "promise")
  REFUSED(jsvm_promise_result(object, &state, &slot, &error), "promise");
  REFUSED(jsvm_promise_result(promise, NULL, &slot, &error), "state");
  EACH_BAD(VALUE, jsvm_value, jsvm_promise_await(bad, NULL, &slot, &error), "promise")
  REFUSED(jsvm_promise_await(object, NULL, &slot, &error), "promise");
  EACH_BAD(VALUE, jsvm_value, jsvm_promise_then(bad, function, NULL, NULL, &out, &error), "promise")
  EACH_BAD_OR_NULL(VALUE, jsvm_value, jsvm_promise_then(promise, bad, NULL, NULL, &out, &error),
                   "on_fulfilled")
  EACH_BAD_OR_NULL(VALUE, jsvm_value, jsvm_promise_then(promise, NULL, bad, NULL, &out, &error),
                   "on_rejected")
  REFUSED(jsvm_promise_then(promise, NULL, NULL, NULL, &out, &error), "on_fulfilled");
  REFUSED(jsvm_promise_then(promise, object, NULL, NULL, &out, &error), "on_fulfilled");
  REFUSED(jsvm_promise_then(promise, function, object, NULL, &out, &error), "on_rejected");
  REFUSED(jsvm_promise_then(promise, function, NULL, NULL, NULL, &error), "result");
  REFUSED_AS(jsvm_promise_then(promise, their_function, NULL, NULL, &out, &error),
             JSVM_STATUS_WRONG_ISOLATE, "on_fulfilled");
  REFUSED_AS(jsvm_promise_then(promise, NULL, their_function, NULL, &out, &error),
             JSVM_STATUS_WRONG_ISOLATE, "on_rejected");
  REFUSED_AS(jsvm_promise_then(their_promise, function, NULL, NULL, &out, &error),
             JSVM_STATUS_WRONG_ISOLATE, "on_fulfilled");
  CHECK(out == NULL);
}

static void tokens_and_errors(void) {
  jsvm_frame frame;
  jsvm_slot slot;
  REFUSED(jsvm_cancel_new(NULL, &error), "result");
  EACH_BAD(CANCEL, jsvm_cancel, jsvm_cancel_trigger(bad, &error), "cancel")
  EACH_BAD_IS(CANCEL, jsvm_cancel, jsvm_cancel_clone(bad) == NULL)
  REFUSED(jsvm_set_v8_flags(NULL, 1, &error), "flags");
  /* Freshly freed: the errors of this test use slots again. */
  {
    jsvm_error *fresh = NULL;
    CHECK_EQ_INT(js(context, "throw 1", NULL, &fresh), JSVM_STATUS_EXCEPTION);
    jsvm_error_free(fresh);
    freed[JSVM_HANDLE_KIND_ERROR] = fresh;
  }
  EACH_BAD_IS(ERROR, jsvm_error, jsvm_error_status(bad) == JSVM_STATUS_INVALID_ARGUMENT)
  EACH_BAD_IS(ERROR, jsvm_error, jsvm_error_name(bad) == NULL)
  EACH_BAD_IS(ERROR, jsvm_error, jsvm_error_message(bad) == NULL)
  EACH_BAD_IS(ERROR, jsvm_error, jsvm_error_code(bad) == NULL)
  EACH_BAD_IS(ERROR, jsvm_error, jsvm_error_stack(bad) == NULL)
  EACH_BAD_IS(ERROR, jsvm_error, jsvm_error_filename(bad) == NULL)
  EACH_BAD_IS(ERROR, jsvm_error, jsvm_error_source_line(bad) == NULL)
  EACH_BAD_IS(ERROR, jsvm_error, jsvm_error_arrow(bad) == NULL)
  EACH_BAD_IS(ERROR, jsvm_error, jsvm_error_line(bad) == 0)
  EACH_BAD_IS(ERROR, jsvm_error, jsvm_error_column(bad) == 0)
  EACH_BAD_IS(ERROR, jsvm_error, jsvm_error_frame_count(bad) == 0)
  EACH_BAD_IS(ERROR, jsvm_error, jsvm_error_cause(bad) == NULL)
  EACH_BAD_IS(ERROR, jsvm_error,
              jsvm_error_frame(bad, 0, &frame) == JSVM_STATUS_INVALID_ARGUMENT)
  EACH_BAD_IS(ERROR, jsvm_error,
              jsvm_error_exception(bad, &slot) == JSVM_STATUS_INVALID_ARGUMENT)
  CHECK_EQ_INT(jsvm_error_frame(kept, 0, NULL), JSVM_STATUS_INVALID_ARGUMENT);
  CHECK_EQ_INT(jsvm_error_exception(kept, NULL), JSVM_STATUS_INVALID_ARGUMENT);
}

/* Every function that takes options, with a wrong size, an unknown field, a bad token. */
static void wrong_options(void) {
  union {
    size_t struct_size;
    jsvm_run_options run;
    jsvm_script_options script;
    jsvm_context_options context;
    jsvm_function_options function;
    jsvm_isolate_options isolate;
    unsigned char bytes[512];
  } u;
  jsvm_isolate *i = NULL;
  jsvm_context *c = NULL;
  jsvm_script *s = NULL;
  jsvm_value *v = NULL;
  for (int wrong = 0; wrong < 6; wrong++) {
    static const size_t sizes[] = {0, 3, 7, 4097, (size_t)-1, 512};
    memset(&u, 0, sizeof u);
    u.struct_size = sizes[wrong];
    u.bytes[511] = 1;
    REFUSED(jsvm_isolate_new(&u.isolate, &i, &error), "options");
    REFUSED(jsvm_context_new(isolate, &u.context, &c, &error), "options");
    REFUSED(jsvm_script_new(isolate, "1", 1, &u.script, &s, &error), "options");
    REFUSED(jsvm_function_new(context, &u.function, count_call, NULL, NULL, &v, &error), "options");
    REFUSED(jsvm_script_run_in_context(script, context, &u.run, NULL, &error), "options");
    REFUSED(jsvm_script_run_in_this_context(script, &u.run, NULL, &error), "options");
    REFUSED(jsvm_script_run_in_new_context(script, NULL, &u.run, NULL, NULL, &error), "options");
    REFUSED(jsvm_isolate_run_tasks(isolate, 0, &u.run, NULL, &error), "options");
    REFUSED(jsvm_isolate_perform_microtask_checkpoint(isolate, &u.run, &error), "options");
    REFUSED(jsvm_promise_await(promise, &u.run, NULL, &error), "options");
    REFUSED(jsvm_promise_then(promise, function, NULL, &u.run, &v, &error), "options");
    CHECK(i == NULL && c == NULL && s == NULL && v == NULL);
  }
  u.struct_size = 3;
  REFUSED(jsvm_script_run_in_new_context(script, &u.context, NULL, NULL, NULL, &error),
          "context_options");
  REFUSED(jsvm_context_evaluate(context, "1", 1, &u.script, NULL, NULL, &error), "script_options");
  REFUSED(jsvm_context_evaluate(context, "1", 1, NULL, &u.run, NULL, &error), "run_options");
  /* Options that are not aligned are refused, not read. */
  REFUSED(jsvm_script_run_in_this_context(script, (jsvm_run_options *)(void *)(u.bytes + 1), NULL,
                                          &error), "options");
  for (int k = 1; k < BAD_COUNT; k++) {
    char local[64] = {0};
    jsvm_run_options options = {.struct_size = sizeof options};
    options.cancel = bad_handle(JSVM_HANDLE_KIND_CANCEL, k, local);
    REFUSED(jsvm_script_run_in_context(script, context, &options, NULL, &error), "options");
    REFUSED(jsvm_script_run_in_this_context(script, &options, NULL, &error), "options");
    REFUSED(jsvm_script_run_in_new_context(script, NULL, &options, NULL, NULL, &error), "options");
    REFUSED(jsvm_isolate_run_tasks(isolate, 0, &options, NULL, &error), "options");
    REFUSED(jsvm_promise_await(promise, &options, NULL, &error), "options");
  }
}

/* A free of what is no handle changes nothing; a double free neither. */
static void frees(void) {
  size_t before[JSVM_HANDLE_KIND_COUNT];
  for (uint32_t kind = 0; kind < JSVM_HANDLE_KIND_COUNT; kind++) {
    before[kind] = jsvm_live_handles(kind);
  }
  for (int round = 0; round < 2; round++) {
    EACH_BAD_IS(ISOLATE, jsvm_isolate, (jsvm_isolate_free(bad), 1))
    EACH_BAD_IS(CONTEXT, jsvm_context, (jsvm_context_free(bad), 1))
    EACH_BAD_IS(SCRIPT, jsvm_script, (jsvm_script_free(bad), 1))
    EACH_BAD_IS(VALUE, jsvm_value, (jsvm_value_free(bad), 1))
    EACH_BAD_IS(ERROR, jsvm_error, (jsvm_error_free(bad), 1))
    EACH_BAD_IS(CANCEL, jsvm_cancel, (jsvm_cancel_free(bad), 1))
    EACH_BAD_IS(RESOLVER, jsvm_resolver, (jsvm_resolver_free(bad), 1))
    jsvm_slot_clear(NULL);
    jsvm_bytes_clear(NULL);
  }
  for (uint32_t kind = 0; kind < JSVM_HANDLE_KIND_COUNT; kind++) {
    CHECK_EQ_INT(jsvm_live_handles(kind), before[kind]);
  }
  JS_NUM(context, "1 + 1", 2);
  /* Each clone has its own free; one more is nobody's. */
  {
    jsvm_value *value = js_value(context, "({})"), *clone = jsvm_value_clone(value);
    size_t live_values = jsvm_live_handles(JSVM_HANDLE_KIND_VALUE);
    jsvm_value_free(value);
    CHECK_EQ_INT(jsvm_live_handles(JSVM_HANDLE_KIND_VALUE), live_values - 1);
    jsvm_value_free(clone);
    jsvm_value_free(clone);
    jsvm_value_free(value);
    CHECK_EQ_INT(jsvm_live_handles(JSVM_HANDLE_KIND_VALUE), live_values - 2);
  }
}

/* A stale handle is found out for 200 more frees of its kind. */
static void stale(void) {
  jsvm_value *value = js_value(context, "({})");
  jsvm_promise_state state;
  jsvm_value_free(value);
  for (int i = 0; i < 200; i++) {
    jsvm_value_free(js_value(context, "({})"));
    REFUSED(jsvm_promise_result(value, &state, NULL, &error), "promise");
  }
}

static void *free_together(void *data) {
  for (int i = 0; i < 200; i++) {
    jsvm_value_free(((jsvm_value **)data)[i]);
  }
  return NULL;
}

/* Four threads free the same handles: each is freed once. */
static void freed_together(void) {
  jsvm_value *values[200];
  pthread_t threads[4];
  size_t before = jsvm_live_handles(JSVM_HANDLE_KIND_VALUE);
  for (int i = 0; i < 200; i++) {
    values[i] = js_value(context, "({})");
  }
  for (int i = 0; i < 4; i++) {
    pthread_create(&threads[i], NULL, free_together, values);
  }
  for (int i = 0; i < 4; i++) {
    pthread_join(threads[i], NULL);
  }
  CHECK_EQ_INT(jsvm_live_handles(JSVM_HANDLE_KIND_VALUE), before);
}

int main(void) {
  make();
  RUN(isolates);
  RUN(contexts);
  RUN(scripts);
  RUN(functions);
  RUN(promises);
  RUN(tokens_and_errors);
  RUN(wrong_options);
  RUN(frees);
  RUN(stale);
  RUN(freed_together);
  jsvm_value_free(object);
  jsvm_value_free(function);
  jsvm_value_free(promise);
  jsvm_value_free(their_object);
  jsvm_value_free(their_function);
  jsvm_value_free(their_promise);
  jsvm_resolver_free(resolver);
  jsvm_resolver_free(their_resolver);
  jsvm_script_free(script);
  jsvm_script_free(their_script);
  jsvm_cancel_free(cancel);
  jsvm_error_free(kept);
  jsvm_context_free(context);
  jsvm_context_free(their_context);
  jsvm_isolate_free(isolate);
  jsvm_isolate_free(other);
  return FINISH();
}
