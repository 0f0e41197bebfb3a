/* break_on_sigint: who is interrupted by a signal, and whose the signal is before and after. */
#include "guest.h"

#include <signal.h>
#include <unistd.h>

enum { THREADS = 4 };

static volatile sig_atomic_t host_signals;
static atomic_int running;

static void on_signal(int number) {
  (void)number;
  host_signals = host_signals + 1;
}

static void set_handler(void (*handler)(int)) {
  struct sigaction action = {.sa_handler = handler};
  CHECK_EQ_INT(sigaction(SIGINT, &action, NULL), 0);
}

static int handler_is(void (*handler)(int)) {
  struct sigaction action;
  CHECK_EQ_INT(sigaction(SIGINT, NULL, &action), 0);
  return action.sa_handler == handler;
}

static jsvm_status evaluate(jsvm_context *context, const char *source, int break_on_sigint, uint64_t ms,
                            jsvm_error **error) {
  jsvm_run_options options = {
      .struct_size = sizeof options, .timeout_ms = ms, .break_on_sigint = break_on_sigint};
  return jsvm_context_evaluate(context, source, JSVM_AUTO_LENGTH, NULL, &options, NULL, error);
}

/* Signals the process as soon as so many guests have called started(). */
static void *signal_when(void *count) {
  if (CHECK(wait_for(&running, *(int *)count))) {
    kill(getpid(), SIGINT);
  }
  return NULL;
}

static pthread_t begin(int *count) {
  pthread_t thread;
  atomic_store(&running, 0);
  CHECK_EQ_INT(pthread_create(&thread, NULL, signal_when, count), 0);
  return thread;
}

static void a_loop_is_interrupted(void) {
  jsvm_isolate *isolate = new_isolate(NULL);
  jsvm_context *context = main_context(isolate);
  jsvm_error *error = NULL;
  int one = 1;
  install(isolate, context, "started", count_call, &running);
  host_signals = 0;
  for (int i = 0; i < 20; i++) {
    pthread_t thread = begin(&one);
    CHECK_EQ_INT(evaluate(context, "(function spin() { started(); for (;;) {} })()", 1, 0, &error),
                 JSVM_STATUS_INTERRUPTED);
    pthread_join(thread, NULL);
    CHECK_STR(jsvm_error_code(error), "ERR_SCRIPT_EXECUTION_INTERRUPTED");
    CHECK_STR(jsvm_error_message(error), "Script execution was interrupted by `SIGINT`");
    CHECK(strstr(jsvm_error_stack(error), "at spin (") != NULL);
    jsvm_error_free(error);
    error = NULL;
    CHECK(handler_is(on_signal));
    JS_NUM(context, "6*7", 42);
  }
  CHECK_EQ_INT(host_signals, 0);
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
}

static void the_hosts_handler_comes_back(void) {
  jsvm_isolate *isolate = new_isolate(NULL);
  jsvm_context *context = main_context(isolate);
  jsvm_error *error = NULL;
  host_signals = 0;
  CHECK_OK(evaluate(context, "1", 1, 0, &error), &error);
  CHECK(handler_is(on_signal));
  raise(SIGINT);
  CHECK_EQ_INT(host_signals, 1);
  /* A run that did not ask. */
  CHECK_OK(evaluate(context, "1", 0, 0, &error), &error);
  raise(SIGINT);
  CHECK_EQ_INT(host_signals, 2);
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
}

static uint32_t change_handler(void *userdata, const jsvm_call *call, jsvm_slot *result) {
  (void)userdata;
  (void)call;
  (void)result;
  set_handler(SIG_IGN);
  return JSVM_STATUS_OK;
}

static void a_handler_of_meanwhile_stays(void) {
  jsvm_isolate *isolate = new_isolate(NULL);
  jsvm_context *context = main_context(isolate);
  jsvm_error *error = NULL;
  install(isolate, context, "change", change_handler, NULL);
  CHECK_OK(evaluate(context, "change()", 1, 0, &error), &error);
  CHECK(handler_is(SIG_IGN));
  set_handler(on_signal);
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
}

static void *spin(void *unused) {
  jsvm_isolate *isolate = new_isolate(NULL);
  jsvm_context *context = main_context(isolate);
  jsvm_error *error = NULL;
  (void)unused;
  install(isolate, context, "started", count_call, &running);
  CHECK_STATUS(evaluate(context, "started(); for (;;) {}", 1, LONG_MS, &error), JSVM_STATUS_INTERRUPTED, &error);
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
  return NULL;
}

static void every_thread_that_asks(void) {
  pthread_t threads[THREADS], signaller;
  jsvm_isolate *isolate = new_isolate(NULL);
  jsvm_context *context = main_context(isolate);
  jsvm_error *error = NULL;
  int all = THREADS + 1;
  host_signals = 0;
  signaller = begin(&all);
  for (int i = 0; i < THREADS; i++) {
    CHECK_EQ_INT(pthread_create(&threads[i], NULL, spin, NULL), 0);
  }
  /* This one does not ask, and goes on until its time is over. */
  install(isolate, context, "started", count_call, &running);
  CHECK_STATUS(evaluate(context, "started(); for (;;) {}", 0, 3000, &error), JSVM_STATUS_TIMEOUT, &error);
  for (int i = 0; i < THREADS; i++) {
    pthread_join(threads[i], NULL);
  }
  pthread_join(signaller, NULL);
  CHECK_EQ_INT(host_signals, 0);
  CHECK(handler_is(on_signal));
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
}

/* Runs a loop that asks, inside a run that asked as well, and swallows what it ends with. */
static uint32_t run_inner(void *context, const jsvm_call *call, jsvm_slot *result) {
  jsvm_error *error = NULL;
  (void)call;
  (void)result;
  CHECK_STATUS(evaluate(context, "started(); for (;;) {}", 1, 0, &error), JSVM_STATUS_INTERRUPTED, &error);
  return JSVM_STATUS_OK;
}

/* The same loop in a run that does not ask: it is stopped with the outer one. */
static uint32_t run_plain(void *context, const jsvm_call *call, jsvm_slot *result) {
  jsvm_error *error = NULL;
  (void)call;
  (void)result;
  CHECK_STATUS(evaluate(context, "started(); for (;;) {}", 0, 0, &error), JSVM_STATUS_INTERRUPTED, &error);
  return JSVM_STATUS_OK;
}

static void the_innermost_that_asks(void) {
  jsvm_isolate *isolate = new_isolate(NULL);
  jsvm_context *context = main_context(isolate);
  jsvm_error *error = NULL;
  int one = 1;
  pthread_t thread;
  install(isolate, context, "started", count_call, &running);
  install(isolate, context, "inner", run_inner, context);
  thread = begin(&one);
  CHECK_OK(evaluate(context, "inner(); for (let i = 0; i < 1e6; i++) ;", 1, 0, &error), &error);
  pthread_join(thread, NULL);
  install(isolate, context, "plain", run_plain, context);
  thread = begin(&one);
  CHECK_STATUS(evaluate(context, "plain()", 1, 0, &error), JSVM_STATUS_INTERRUPTED, &error);
  pthread_join(thread, NULL);
  CHECK(handler_is(on_signal));
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
}

/* Those that come before the wait are the host's. */
static void *signal_until(void *done) {
  while (atomic_load((atomic_int *)done) == 0) {
    kill(getpid(), SIGINT);
    sleep_ms(5);
  }
  return NULL;
}

static void a_wait_is_interrupted(void) {
  jsvm_isolate *isolate = new_isolate(NULL);
  jsvm_context *context = main_context(isolate);
  jsvm_run_options options = {.struct_size = sizeof options, .break_on_sigint = true};
  jsvm_value *promise = NULL;
  jsvm_resolver *resolver = NULL;
  jsvm_error *error = NULL;
  atomic_int done = 0;
  pthread_t thread;
  CHECK_OK(jsvm_promise_new(context, &promise, &resolver, &error), &error);
  CHECK_EQ_INT(pthread_create(&thread, NULL, signal_until, &done), 0);
  CHECK_STATUS(jsvm_promise_await(promise, &options, NULL, &error), JSVM_STATUS_INTERRUPTED, &error);
  count_up(&done);
  pthread_join(thread, NULL);
  jsvm_value_free(promise);
  jsvm_resolver_free(resolver);
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
}

int main(void) {
  set_handler(on_signal);
  RUN(a_loop_is_interrupted);
  RUN(the_hosts_handler_comes_back);
  RUN(a_handler_of_meanwhile_stays);
  RUN(every_thread_that_asks);
  RUN(the_innermost_that_asks);
  RUN(a_wait_is_interrupted);
  FINISH();
}
