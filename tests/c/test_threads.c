/*
 * Any thread may use an isolate: many threads, nested isolates, waits that end, frees anywhere.
 */
#include "check.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

static jsvm_isolate *new_isolate(void) {
  jsvm_isolate *isolate = NULL;
  jsvm_error *error = NULL;
  CHECK_OK(jsvm_isolate_new(NULL, &isolate, &error), &error);
  return isolate;
}

static jsvm_context *main_context(jsvm_isolate *isolate) {
  jsvm_context *context = NULL;
  jsvm_error *error = NULL;
  CHECK_OK(jsvm_isolate_main_context(isolate, &context, &error), &error);
  return context;
}

static jsvm_status evaluate(jsvm_context *context, const char *source, jsvm_run_options *options,
                            double *number, jsvm_error **error) {
  jsvm_slot slot;
  if (options != NULL) {
    options->struct_size = sizeof *options;
  }
  jsvm_status status =
      jsvm_context_evaluate(context, source, JSVM_AUTO_LENGTH, NULL, options, &slot, error);
  if (number != NULL) {
    *number = slot.number;
  }
  jsvm_slot_clear(&slot);
  return status;
}

static double number_of(jsvm_context *context, const char *source) {
  double number = -1;
  jsvm_error *error = NULL;
  CHECK_OK(evaluate(context, source, NULL, &number, &error), &error);
  return number;
}

/* Gives globalThis a host function, by a function of the guest's that takes it. */
static void define(jsvm_context *context, const char *name, jsvm_function_callback callback,
                   void *userdata) {
  jsvm_value *function = NULL;
  jsvm_value *global = NULL;
  jsvm_error *error = NULL;
  jsvm_slot key = {0}, value = {0};
  CHECK_OK(jsvm_function_new(context, NULL, callback, userdata, NULL, &function, &error), &error);
  CHECK_OK(jsvm_context_global(context, &global, &error), &error);
  key.kind = JSVM_KIND_STRING;
  key.data = name;
  key.len = JSVM_AUTO_LENGTH;
  value.handle = function;
  CHECK_OK(jsvm_object_set(global, &key, &value, NULL, &error), &error);
  jsvm_value_free(function);
  jsvm_value_free(global);
}

/* ---- re-entry and nesting ---- */

static uint32_t run_own(void *context, const jsvm_call *call, jsvm_slot *result) {
  double depth = call->args[0].number;
  char source[64];
  jsvm_error *error = NULL;
  if (depth == 0) {
    result->kind = JSVM_KIND_NUMBER;
    result->number = 42;
    return JSVM_STATUS_OK;
  }
  snprintf(source, sizeof source, "own(%d)", (int)depth - 1);
  result->kind = JSVM_KIND_NUMBER;
  CHECK_OK(evaluate(context, source, NULL, &result->number, &error), &error);
  return JSVM_STATUS_OK;
}

static void reentry(void) {
  jsvm_isolate *isolate = new_isolate();
  jsvm_context *context = main_context(isolate);
  define(context, "own", run_own, context);
  CHECK_EQ_NUM(number_of(context, "own(0)"), 42);
  CHECK_EQ_NUM(number_of(context, "own(30)"), 42);
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
}

struct pair {
  jsvm_context *a, *b;
};

static uint32_t call_b(void *userdata, const jsvm_call *call, jsvm_slot *result) {
  struct pair *pair = userdata;
  char source[64];
  jsvm_error *error = NULL;
  snprintf(source, sizeof source, "inB(%d)", (int)call->args[0].number);
  result->kind = JSVM_KIND_NUMBER;
  CHECK_OK(evaluate(pair->b, source, NULL, &result->number, &error), &error);
  return JSVM_STATUS_OK;
}

static uint32_t call_a(void *userdata, const jsvm_call *call, jsvm_slot *result) {
  struct pair *pair = userdata;
  char source[64];
  jsvm_error *error = NULL;
  snprintf(source, sizeof source, "inA(%d)", (int)call->args[0].number);
  result->kind = JSVM_KIND_NUMBER;
  CHECK_OK(evaluate(pair->a, source, NULL, &result->number, &error), &error);
  return JSVM_STATUS_OK;
}

/* A calls B calls A calls B ... on one thread. */
static void a_calls_b_calls_a(void) {
  jsvm_isolate *a = new_isolate(), *b = new_isolate();
  struct pair pair = {main_context(a), main_context(b)};
  jsvm_error *error = NULL;
  define(pair.a, "b", call_b, &pair);
  define(pair.b, "a", call_a, &pair);
  CHECK_OK(evaluate(pair.a, "function inA(n) { return n ? b(n - 1) + 1 : 0 }", NULL, NULL, &error),
           &error);
  CHECK_OK(evaluate(pair.b, "function inB(n) { return n ? a(n - 1) + 1 : 0 }", NULL, NULL, &error),
           &error);
  for (int i = 0; i < 100; i++) {
    CHECK_EQ_NUM(number_of(pair.a, "inA(20)"), 20);
    CHECK_EQ_NUM(number_of(pair.b, "inB(7)"), 7);
  }
  jsvm_context_free(pair.a);
  jsvm_context_free(pair.b);
  jsvm_isolate_free(a);
  jsvm_isolate_free(b);
}

struct crossing {
  jsvm_context *here, *there;
  pthread_barrier_t *barrier;
  jsvm_status status;
};

static uint32_t cross(void *userdata, const jsvm_call *call, jsvm_slot *result) {
  struct crossing *crossing = userdata;
  (void)call;
  (void)result;
  pthread_barrier_wait(crossing->barrier);
  crossing->status = evaluate(crossing->there, "1", NULL, NULL, NULL);
  return JSVM_STATUS_OK;
}

static void *cross_thread(void *userdata) {
  struct crossing *crossing = userdata;
  jsvm_error *error = NULL;
  CHECK_OK(evaluate(crossing->here, "cross()", NULL, NULL, &error), &error);
  return NULL;
}

/* Two threads, each in one isolate, each wants the other: one of them is refused, both end. */
static void no_deadlock(void) {
  jsvm_isolate *a = new_isolate(), *b = new_isolate();
  pthread_barrier_t barrier;
  struct crossing one = {main_context(a), main_context(b), &barrier, JSVM_STATUS_OK};
  struct crossing two = {one.there, one.here, &barrier, JSVM_STATUS_OK};
  pthread_barrier_init(&barrier, NULL, 2);
  define(one.here, "cross", cross, &one);
  define(two.here, "cross", cross, &two);
  for (int i = 0; i < 50; i++) {
    pthread_t threads[2];
    CHECK_EQ_INT(pthread_create(&threads[0], NULL, cross_thread, &one), 0);
    CHECK_EQ_INT(pthread_create(&threads[1], NULL, cross_thread, &two), 0);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    CHECK(one.status == JSVM_STATUS_BUSY || two.status == JSVM_STATUS_BUSY);
    CHECK(one.status == JSVM_STATUS_OK || two.status == JSVM_STATUS_OK);
  }
  pthread_barrier_destroy(&barrier);
  jsvm_context_free(one.here);
  jsvm_context_free(one.there);
  jsvm_isolate_free(a);
  jsvm_isolate_free(b);
}

/* The limits of an outer call hold in what it calls, in another isolate too. */
static uint32_t spin_b(void *userdata, const jsvm_call *call, jsvm_slot *result) {
  struct pair *pair = userdata;
  (void)call;
  (void)result;
  jsvm_error *error = NULL;
  CHECK_STATUS(evaluate(pair->b, "for(;;){}", NULL, NULL, &error), JSVM_STATUS_TIMEOUT, &error);
  return JSVM_STATUS_OK;
}

static void outer_limits_hold_inside(void) {
  jsvm_isolate *a = new_isolate(), *b = new_isolate();
  struct pair pair = {main_context(a), main_context(b)};
  jsvm_error *error = NULL;
  define(pair.a, "spinB", spin_b, &pair);
  for (int i = 0; i < 20; i++) {
    jsvm_run_options options = {0};
    options.timeout_ms = 10;
    CHECK_STATUS(evaluate(pair.a, "spinB(); for(;;){}", &options, NULL, &error),
                 JSVM_STATUS_TIMEOUT, &error);
    CHECK_EQ_NUM(number_of(pair.a, "1"), 1);
    CHECK_EQ_NUM(number_of(pair.b, "2"), 2);
  }
  jsvm_context_free(pair.a);
  jsvm_context_free(pair.b);
  jsvm_isolate_free(a);
  jsvm_isolate_free(b);
}

/* Isolates are made and freed inside a host function of another one. */
static uint32_t make_and_free(void *userdata, const jsvm_call *call, jsvm_slot *result) {
  jsvm_isolate **given = userdata;
  jsvm_isolate *made = new_isolate();
  jsvm_context *context = main_context(made);
  (void)call;
  CHECK_EQ_NUM(number_of(context, "6*7"), 42);
  jsvm_isolate_free(*given);
  *given = NULL;
  jsvm_isolate_free(made);
  CHECK_STATUS(evaluate(context, "1", NULL, NULL, NULL), JSVM_STATUS_DISPOSED, NULL);
  jsvm_context_free(context);
  result->kind = JSVM_KIND_NUMBER;
  result->number = 7;
  return JSVM_STATUS_OK;
}

static void isolates_inside_host_functions(void) {
  jsvm_isolate *isolate = new_isolate();
  jsvm_context *context = main_context(isolate);
  jsvm_isolate *given = NULL;
  define(context, "f", make_and_free, &given);
  for (int i = 0; i < 20; i++) {
    given = new_isolate();
    CHECK_EQ_NUM(number_of(context, "f() + [1, 2, 3].map(x => x * 2)[2]"), 13);
    CHECK(given == NULL);
  }
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
}

/* ---- storms ---- */

struct storm {
  jsvm_context *contexts[4];
  int seed;
};

static void *storm_thread(void *userdata) {
  struct storm *storm = userdata;
  unsigned seed = (unsigned)storm->seed;
  for (int i = 0; i < (CHECK_ASAN ? 100 : 400); i++) {
    jsvm_context *context = storm->contexts[rand_r(&seed) % 4];
    jsvm_error *error = NULL;
    if (rand_r(&seed) % 20 == 0) {
      jsvm_run_options options = {0};
      options.timeout_ms = 1000;
      options.cpu_time_ms = 2;
      jsvm_status status = evaluate(context, "for(;;){}", &options, NULL, &error);
      CHECK(status == JSVM_STATUS_CPU_TIME || status == JSVM_STATUS_TIMEOUT);
      jsvm_error_free(error);
    } else {
      CHECK_OK(evaluate(context, "globalThis.n = (globalThis.n || 0) + 1", NULL, NULL, &error),
               &error);
    }
  }
  return NULL;
}

static void sixteen_threads_on_four_isolates(void) {
  jsvm_isolate *isolates[4];
  struct storm storms[16];
  pthread_t threads[16];
  double total = 0;
  for (int i = 0; i < 4; i++) {
    isolates[i] = new_isolate();
    storms[0].contexts[i] = main_context(isolates[i]);
  }
  for (int i = 0; i < 16; i++) {
    memcpy(storms[i].contexts, storms[0].contexts, sizeof storms[0].contexts);
    storms[i].seed = i;
    CHECK_EQ_INT(pthread_create(&threads[i], NULL, storm_thread, &storms[i]), 0);
  }
  for (int i = 0; i < 16; i++) {
    pthread_join(threads[i], NULL);
  }
  for (int i = 0; i < 4; i++) {
    total += number_of(storms[0].contexts[i], "n");
    jsvm_context_free(storms[0].contexts[i]);
    jsvm_isolate_free(isolates[i]);
  }
  CHECK(total > (CHECK_ASAN ? 1000 : 5000));
}

/* Isolates made, used and freed in any order by any thread while others run. */
static struct {
  pthread_mutex_t mutex;
  jsvm_isolate *isolates[12];
} POT = {PTHREAD_MUTEX_INITIALIZER, {0}};

static void *churn_thread(void *userdata) {
  unsigned seed = (unsigned)(uintptr_t)userdata;
  for (int i = 0; i < (CHECK_ASAN ? 30 : 120); i++) {
    int at = rand_r(&seed) % 12;
    jsvm_isolate *mine = new_isolate();
    jsvm_context *context = main_context(mine);
    CHECK_EQ_NUM(number_of(context, "6*7"), 42);
    if (rand_r(&seed) % 2) {
      jsvm_context_free(context);
      context = NULL;
    }
    pthread_mutex_lock(&POT.mutex);
    jsvm_isolate *other = POT.isolates[at];
    POT.isolates[at] = mine;
    pthread_mutex_unlock(&POT.mutex);
    jsvm_isolate_free(other);
    /* Its isolate may be gone by now. */
    if (context != NULL) {
      jsvm_status status = evaluate(context, "1", NULL, NULL, NULL);
      CHECK(status == JSVM_STATUS_OK || status == JSVM_STATUS_DISPOSED);
    }
    jsvm_context_free(context);
  }
  return NULL;
}

static void isolates_in_any_order(void) {
  pthread_t threads[8];
  for (uintptr_t i = 0; i < 8; i++) {
    CHECK_EQ_INT(pthread_create(&threads[i], NULL, churn_thread, (void *)(i + 1)), 0);
  }
  for (int i = 0; i < 8; i++) {
    pthread_join(threads[i], NULL);
  }
  for (int i = 0; i < 12; i++) {
    jsvm_isolate_free(POT.isolates[i]);
  }
}

static void isolates_one_after_another(void) {
  for (int i = 0; i < (CHECK_ASAN ? 300 : 3000); i++) {
    jsvm_isolate *isolate = new_isolate();
    jsvm_isolate_free(isolate);
  }
}

static void two_hundred_at_once(void) {
  jsvm_isolate *isolates[200];
  jsvm_context *contexts[200];
  for (int i = 0; i < 200; i++) {
    isolates[i] = new_isolate();
    contexts[i] = main_context(isolates[i]);
  }
  for (int i = 0; i < 200; i++) {
    CHECK_EQ_NUM(number_of(contexts[i], "globalThis.x = (globalThis.x || 0) + 1"), 1);
  }
  for (int i = 0; i < 200; i++) {
    int at = (i * 77) % 200;
    jsvm_isolate_free(isolates[at]);
    CHECK_STATUS(evaluate(contexts[at], "1", NULL, NULL, NULL), JSVM_STATUS_DISPOSED, NULL);
    jsvm_context_free(contexts[at]);
  }
}

/* ---- waits ---- */

static void *spin_thread(void *cancelled) {
  void **arguments = cancelled;
  jsvm_run_options options = {0};
  jsvm_error *error = NULL;
  options.cancel = arguments[1];
  CHECK_STATUS(evaluate(arguments[0], "for(;;){}", &options, NULL, &error), JSVM_STATUS_CANCELLED,
               &error);
  return NULL;
}

static void *cancel_soon(void *cancel) {
  jsvm_error *error = NULL;
  usleep(30000);
  CHECK_OK(jsvm_cancel_trigger(cancel, &error), &error);
  return NULL;
}

static void waits_end(void) {
  jsvm_isolate *isolate = new_isolate();
  jsvm_context *context = main_context(isolate);
  jsvm_cancel *spinner = NULL, *waiter = NULL;
  jsvm_error *error = NULL;
  pthread_t spin, cancel;
  CHECK_OK(jsvm_cancel_new(&spinner, &error), &error);
  CHECK_OK(jsvm_cancel_new(&waiter, &error), &error);
  void *arguments[] = {context, spinner};
  CHECK_EQ_INT(pthread_create(&spin, NULL, spin_thread, arguments), 0);
  usleep(30000);
  /* The isolate is busy: the wait ends by its own timeout ... */
  jsvm_run_options options = {0};
  options.timeout_ms = 20;
  CHECK_STATUS(evaluate(context, "1", &options, NULL, &error), JSVM_STATUS_TIMEOUT, &error);
  /* ... and by its own token, which does not hit the other caller. */
  options.timeout_ms = 0;
  options.cancel = waiter;
  CHECK_EQ_INT(pthread_create(&cancel, NULL, cancel_soon, waiter), 0);
  CHECK_STATUS(evaluate(context, "1", &options, NULL, &error), JSVM_STATUS_CANCELLED, &error);
  pthread_join(cancel, NULL);
  CHECK_OK(jsvm_cancel_trigger(spinner, &error), &error);
  pthread_join(spin, NULL);
  CHECK_EQ_NUM(number_of(context, "1"), 1);
  jsvm_cancel_free(spinner);
  jsvm_cancel_free(waiter);
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
}

static void *wait_for_disposed(void *context) {
  jsvm_error *error = NULL;
  jsvm_status status = evaluate(context, "for(;;){}", NULL, NULL, &error);
  CHECK_STATUS(status, JSVM_STATUS_DISPOSED, &error);
  return NULL;
}

/* Freeing an isolate ends who runs in it and who waits for it. */
static void free_while_others_run(void) {
  for (int i = 0; i < 30; i++) {
    jsvm_isolate *isolate = new_isolate();
    jsvm_context *context = main_context(isolate);
    pthread_t threads[4];
    for (int n = 0; n < 4; n++) {
      CHECK_EQ_INT(pthread_create(&threads[n], NULL, wait_for_disposed, context), 0);
    }
    usleep(i * 500);
    jsvm_isolate_free(isolate);
    for (int n = 0; n < 4; n++) {
      pthread_join(threads[n], NULL);
    }
    jsvm_context_free(context);
  }
}

/* Handles are freed on another thread, while the isolate is in use and after it is gone. */
static void *free_values(void *values) {
  jsvm_value **list = values;
  for (int i = 0; i < 1000; i++) {
    jsvm_value_free(list[i]);
  }
  return NULL;
}

static void frees_on_another_thread(void) {
  static jsvm_value *values[2000];
  jsvm_isolate *isolate = new_isolate();
  jsvm_context *context = main_context(isolate);
  jsvm_error *error = NULL;
  pthread_t thread;
  for (int i = 0; i < 2000; i++) {
    jsvm_slot slot;
    CHECK_OK(jsvm_context_evaluate(context, "({})", JSVM_AUTO_LENGTH, NULL, NULL, &slot, &error),
             &error);
    values[i] = jsvm_value_clone(slot.handle);
    jsvm_slot_clear(&slot);
  }
  CHECK_EQ_INT(pthread_create(&thread, NULL, free_values, values), 0);
  for (int i = 0; i < 200; i++) {
    CHECK_EQ_NUM(number_of(context, "[1,2,3].length"), 3);
  }
  pthread_join(thread, NULL);
  jsvm_isolate_free(isolate);
  CHECK_EQ_INT(pthread_create(&thread, NULL, free_values, values + 1000), 0);
  pthread_join(thread, NULL);
  jsvm_context_free(context);
}

/* ---- small stacks ---- */

static void *small_stack_thread(void *isolate) {
  jsvm_context *context = main_context(isolate);
  jsvm_error *error = NULL;
  CHECK_EQ_NUM(number_of(context, "[3,1,2].sort().map(x => x * 2).join('').length"), 3);
  CHECK_EQ_NUM(number_of(context, "JSON.parse('[[[[1]]]]').flat(9)[0]"), 1);
  CHECK_EQ_NUM(number_of(context, "new Intl.NumberFormat('de').format(1.5).length"), 3);
  CHECK_EQ_NUM(number_of(context, "/(a+)+b/.test('aaaaab') ? 1 : 0"), 1);
  CHECK_STATUS(evaluate(context, "(function f(){f()})()", NULL, NULL, &error),
               JSVM_STATUS_EXCEPTION, &error);
  CHECK_STATUS(evaluate(context, "eval('['.repeat(1e5))", NULL, NULL, &error),
               JSVM_STATUS_EXCEPTION, &error);
  CHECK_STATUS(evaluate(context, "JSON.parse('['.repeat(1e5))", NULL, NULL, &error),
               JSVM_STATUS_EXCEPTION, &error);
  jsvm_context_free(context);
  return NULL;
}

static void small_stacks(void) {
  jsvm_isolate *isolate = new_isolate();
  pthread_attr_t attributes;
  pthread_t thread;
  pthread_attr_init(&attributes);
  CHECK_EQ_INT(pthread_attr_setstacksize(&attributes, 128 << 10), 0);
  for (int i = 0; i < 10; i++) {
    if (CHECK(pthread_create(&thread, &attributes, small_stack_thread, isolate) == 0)) {
      pthread_join(thread, NULL);
    }
  }
  pthread_attr_destroy(&attributes);
  jsvm_isolate_free(isolate);
}

/* ---- sessions ---- */

static void *session_thread(void *isolate) {
  jsvm_error *error = NULL;
  CHECK_OK(jsvm_isolate_enter(isolate, NULL, &error), &error);
  /* It ends without exit: the isolate is given back. */
  return NULL;
}

static void *exit_first_thread(void *isolate) {
  jsvm_error *error = NULL;
  CHECK_STATUS(jsvm_isolate_exit(isolate, &error), JSVM_STATUS_WRONG_STATE, &error);
  return session_thread(isolate);
}

static void a_thread_that_ends_gives_back(void) {
  jsvm_isolate *isolate = new_isolate();
  jsvm_context *context = main_context(isolate);
  pthread_t thread;
  CHECK_EQ_INT(pthread_create(&thread, NULL, session_thread, isolate), 0);
  pthread_join(thread, NULL);
  CHECK_EQ_NUM(number_of(context, "1"), 1);
  CHECK_EQ_INT(pthread_create(&thread, NULL, exit_first_thread, isolate), 0);
  pthread_join(thread, NULL);
  CHECK_EQ_NUM(number_of(context, "2"), 2);
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
}

static void *count_thread(void *context) {
  jsvm_error *error = NULL;
  for (int i = 0; i < 200; i++) {
    CHECK_OK(evaluate(context, "n++", NULL, NULL, &error), &error);
  }
  return NULL;
}

static void a_session_keeps_others_out(void) {
  jsvm_isolate *isolate = new_isolate();
  jsvm_context *context = main_context(isolate);
  jsvm_error *error = NULL;
  pthread_t thread;
  CHECK_OK(evaluate(context, "globalThis.n = 0", NULL, NULL, &error), &error);
  CHECK_OK(jsvm_isolate_enter(isolate, NULL, &error), &error);
  CHECK_EQ_INT(pthread_create(&thread, NULL, count_thread, context), 0);
  for (int i = 0; i < 200; i++) {
    CHECK_EQ_NUM(number_of(context, "n"), 0);
  }
  CHECK_OK(jsvm_isolate_exit(isolate, &error), &error);
  pthread_join(thread, NULL);
  CHECK_EQ_NUM(number_of(context, "n"), 200);
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
}

int main(void) {
  RUN(reentry);
  RUN(a_calls_b_calls_a);
  RUN(no_deadlock);
  RUN(outer_limits_hold_inside);
  RUN(isolates_inside_host_functions);
  RUN(sixteen_threads_on_four_isolates);
  RUN(isolates_in_any_order);
  RUN(isolates_one_after_another);
  RUN(two_hundred_at_once);
  RUN(waits_end);
  RUN(free_while_others_run);
  RUN(frees_on_another_thread);
  RUN(small_stacks);
  RUN(a_thread_that_ends_gives_back);
  RUN(a_session_keeps_others_out);
  return FINISH();
}
