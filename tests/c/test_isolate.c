/* Isolates: options, enter and exit, terminate, interrupts, tasks, wakeup, memory, rejections, free. */
#include "guest.h"

#include <sys/wait.h>
#include <unistd.h>

#define MB ((size_t)1 << 20)

static void wrong_sizes(void) {
  struct {
    jsvm_isolate_options options;
    unsigned char tail[64];
  } big;
  jsvm_isolate_options options;
  jsvm_isolate *isolate = (jsvm_isolate *)&options;
  jsvm_error *error = NULL;
  static const size_t wrong[] = {0, 3, 7, 4097, 100000, (size_t)-1, (size_t)1 << 63};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    memset(&options, 0, sizeof options);
    options.struct_size = wrong[i];
    isolate = (jsvm_isolate *)&options;
    CHECK_ERROR(jsvm_isolate_new(&options, &isolate, &error), JSVM_STATUS_INVALID_ARGUMENT, &error,
                "options: struct_size");
    CHECK(isolate == NULL);
  }
  memset(&big, 0, sizeof big);
  big.options.struct_size = sizeof big;
  CHECK_OK(jsvm_isolate_new(&big.options, &isolate, &error), &error);
  jsvm_isolate_free(isolate);
  for (size_t i = 0; i < sizeof big.tail; i += 7) {
    big.tail[i] = 1;
    CHECK_ERROR(jsvm_isolate_new(&big.options, &isolate, &error), JSVM_STATUS_INVALID_ARGUMENT,
                &error, "options: ");
    big.tail[i] = 0;
  }
  /* An older caller: what comes after its size is not looked at. */
  memset(&options, 0xff, sizeof options);
  options.struct_size = sizeof(size_t);
  CHECK_OK(jsvm_isolate_new(&options, &isolate, &error), &error);
  jsvm_isolate_free(isolate);
  options.struct_size = offsetof(jsvm_isolate_options, buffer_limit);
  options.heap_limit = 32 * MB;
  CHECK_OK(jsvm_isolate_new(&options, &isolate, &error), &error);
  jsvm_isolate_free(isolate);
}

static void check_heap(size_t given, size_t limit, jsvm_status expected) {
  jsvm_isolate_options options = {.struct_size = sizeof options, .heap_limit = given};
  jsvm_heap_statistics heap;
  jsvm_isolate *isolate = NULL;
  jsvm_context *context;
  jsvm_error *error = NULL;
  jsvm_status status = jsvm_isolate_new(&options, &isolate, &error);
  if (!CHECK_ERROR(status, expected, &error, expected == JSVM_STATUS_OK ? NULL : "heap_limit")) {
    fprintf(stderr, "heap_limit %zu\n", given);
  }
  if (isolate == NULL) {
    return;
  }
  context = main_context(isolate);
  JS_NUM(context, "let a = []; for (let i = 0; i < 1000; i++) a.push({i}); a.length", 1000);
  CHECK_OK(jsvm_isolate_heap_statistics(isolate, &heap, &error), &error);
  /* V8 counts its young generation on top. */
  CHECK(heap.heap_size_limit >= limit && heap.heap_size_limit <= limit + 64 * MB);
  CHECK(heap.used_heap_size > 0 && heap.used_heap_size <= heap.total_heap_size);
  CHECK(heap.total_physical_size > 0 && heap.malloced_memory > 0);
  CHECK_EQ_INT(heap.number_of_native_contexts, 1);
  CHECK_EQ_INT(heap.number_of_detached_contexts, 0);
  CHECK_EQ_INT(heap.buffer_memory, 0);
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
}

static void heap_limits(void) {
  check_heap(0, 512 * MB, JSVM_STATUS_OK);
  check_heap(8 * MB, 8 * MB, JSVM_STATUS_OK);
  check_heap(100 * MB, 100 * MB, JSVM_STATUS_OK);
  check_heap(1400 * MB, 1400 * MB, JSVM_STATUS_OK);
  check_heap(8 * MB - 1, 0, JSVM_STATUS_INVALID_ARGUMENT);
  check_heap(1, 0, JSVM_STATUS_INVALID_ARGUMENT);
  check_heap(1400 * MB + 1, 0, JSVM_STATUS_INVALID_ARGUMENT);
  check_heap((size_t)-1, 0, JSVM_STATUS_INVALID_ARGUMENT);
}

static void buffers_and_collection(void) {
  jsvm_isolate_options options = {.struct_size = sizeof options, .buffer_limit = 1 * MB};
  jsvm_isolate *isolate = new_isolate(&options);
  jsvm_context *context = main_context(isolate);
  jsvm_heap_statistics heap;
  jsvm_error *error = NULL;
  size_t used;
  JS_STR(context, "try { new ArrayBuffer(2 << 20); 'made' } catch (e) { e.constructor.name }",
         "RangeError");
  JS_NUM(context, "globalThis.b = new ArrayBuffer(512 << 10); b.byteLength", 512 << 10);
  CHECK_OK(jsvm_isolate_heap_statistics(isolate, &heap, &error), &error);
  CHECK_EQ_INT(heap.buffer_memory, 512 << 10);
  CHECK(heap.external_memory >= 512 << 10);
  JS_OK(context, "delete globalThis.b; globalThis.a = new Array(1e6).fill(1.5)");
  CHECK_OK(jsvm_isolate_low_memory_notification(isolate, &error), &error);
  CHECK_OK(jsvm_isolate_heap_statistics(isolate, &heap, &error), &error);
  CHECK_EQ_INT(heap.buffer_memory, 0);
  used = heap.used_heap_size;
  CHECK(used > 8000000);
  JS_OK(context, "delete globalThis.a");
  CHECK_OK(jsvm_isolate_low_memory_notification(isolate, &error), &error);
  CHECK_OK(jsvm_isolate_heap_statistics(isolate, &heap, &error), &error);
  CHECK(heap.used_heap_size < used - 7000000);
  /* What is let go and still reachable. */
  {
    jsvm_context *other = new_context(isolate, NULL);
    CHECK_OK(jsvm_isolate_heap_statistics(isolate, &heap, &error), &error);
    CHECK_EQ_INT(heap.number_of_native_contexts, 2);
    jsvm_context_free(other);
    CHECK_OK(jsvm_isolate_low_memory_notification(isolate, &error), &error);
    CHECK_OK(jsvm_isolate_low_memory_notification(isolate, &error), &error);
    CHECK_OK(jsvm_isolate_heap_statistics(isolate, &heap, &error), &error);
    CHECK_EQ_INT(heap.number_of_native_contexts, 1);
  }
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
}

static double depth(size_t stack_size) {
  jsvm_isolate_options options = {.struct_size = sizeof options, .stack_size = stack_size};
  jsvm_isolate *isolate = new_isolate(&options);
  jsvm_context *context = main_context(isolate);
  jsvm_slot slot;
  double result;
  JS_SLOT(context, "(() => { let n = 0; const f = () => { n++; f(); }; try { f() } catch (e) { if "
                   "(!(e instanceof RangeError)) throw e; } return n; })()", &slot);
  result = slot.number;
  jsvm_slot_clear(&slot);
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
  return result;
}

static void stack_sizes(void) {
  jsvm_isolate_options options = {.struct_size = sizeof options, .stack_size = 1};
  jsvm_isolate *isolate = NULL;
  jsvm_error *error = NULL;
  double small = depth(100 << 10), usual = depth(0), same = depth(984 << 10);
  fprintf(stderr, "calls that fit: %g, %g, %g\n", small, usual, same);
  CHECK(small > 100);
  CHECK(small * 2 < usual);
  /* Frames are smaller once the compiler has come by. */
  CHECK(usual > same / 4 && usual < same * 4);
  /* Never more than the thread has left. */
  CHECK(depth((size_t)1 << 40) > small * 2);
  CHECK_ERROR(jsvm_isolate_new(&options, &isolate, &error), JSVM_STATUS_INVALID_ARGUMENT, &error,
              "stack_size");
  CHECK(isolate == NULL);
}

static void main_contexts(void) {
  jsvm_isolate *isolate = new_isolate(NULL);
  jsvm_context *one = main_context(isolate), *two = main_context(isolate);
  JS_OK(one, "globalThis.x = 42");
  JS_NUM(two, "x", 42);
  jsvm_context_free(one);
  JS_NUM(two, "x", 42);
  jsvm_context_free(two);
  one = main_context(isolate);
  JS_NUM(one, "x", 42);
  CHECK(jsvm_context_name(one) != NULL);
  CHECK(jsvm_context_origin(one) == NULL);
  jsvm_context_free(one);
  jsvm_isolate_free(isolate);
}

typedef struct {
  jsvm_isolate *isolate;
  jsvm_context *context;
  jsvm_cancel *cancel;
  jsvm_resolver *resolver;
  atomic_int steps;
  atomic_int calls;
  atomic_int finalized;
  int again;
  const char *source;
  jsvm_status status;
} Shared;

static void *exit_elsewhere(void *data) {
  Shared *shared = data;
  jsvm_error *error = NULL;
  CHECK_STATUS(jsvm_isolate_exit(shared->isolate, &error), JSVM_STATUS_WRONG_STATE, &error);
  return NULL;
}

/* The wait for the isolate ends with the options' limits. */
static void *enter_in_vain(void *data) {
  Shared *shared = data;
  jsvm_error *error = NULL;
  jsvm_cancel *cancel = NULL;
  jsvm_run_options limits = {.struct_size = sizeof limits, .timeout_ms = 20};
  CHECK_STATUS(jsvm_isolate_enter(shared->isolate, &limits, &error), JSVM_STATUS_TIMEOUT, &error);
  CHECK_OK(jsvm_cancel_new(&cancel, &error), &error);
  CHECK_OK(jsvm_cancel_trigger(cancel, &error), &error);
  limits = (jsvm_run_options){.struct_size = sizeof limits, .cancel = cancel};
  CHECK_STATUS(jsvm_isolate_enter(shared->isolate, &limits, &error), JSVM_STATUS_CANCELLED, &error);
  limits.struct_size = 1;
  CHECK_ERROR(jsvm_isolate_enter(shared->isolate, &limits, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "options: ");
  CHECK_STATUS(jsvm_isolate_exit(shared->isolate, &error), JSVM_STATUS_WRONG_STATE, &error);
  jsvm_cancel_free(cancel);
  return NULL;
}

static void *enter_and_end(void *data) {
  Shared *shared = data;
  jsvm_error *error = NULL;
  CHECK_OK(jsvm_isolate_enter(shared->isolate, NULL, &error), &error);
  CHECK_OK(jsvm_isolate_enter(shared->isolate, NULL, &error), &error);
  JS_NUM(shared->context, "1 + 1", 2);
  return NULL;
}

static void enter_and_exit(void) {
  Shared a = {0}, b = {0};
  pthread_t thread;
  jsvm_error *error = NULL;
  a.isolate = new_isolate(NULL);
  a.context = main_context(a.isolate);
  b.isolate = new_isolate(NULL);
  b.context = main_context(b.isolate);
  CHECK_ERROR(jsvm_isolate_exit(a.isolate, &error), JSVM_STATUS_WRONG_STATE, &error, "isolate: ");
  CHECK_OK(jsvm_isolate_enter(a.isolate, NULL, &error), &error);
  JS_NUM(a.context, "1 + 1", 2);
  CHECK(pthread_create(&thread, NULL, enter_in_vain, &a) == 0);
  CHECK(pthread_join(thread, NULL) == 0);
  JS_NUM(b.context, "2 + 2", 4);
  CHECK_STATUS(jsvm_isolate_exit(b.isolate, &error), JSVM_STATUS_WRONG_STATE, &error);
  CHECK_OK(jsvm_isolate_enter(a.isolate, NULL, &error), &error);
  CHECK_OK(jsvm_isolate_exit(a.isolate, &error), &error);
  JS_NUM(a.context, "1 + 2", 3);
  pthread_create(&thread, NULL, exit_elsewhere, &a);
  pthread_join(thread, NULL);
  /* In reverse order, across isolates. */
  CHECK_OK(jsvm_isolate_enter(b.isolate, NULL, &error), &error);
  CHECK_STATUS(jsvm_isolate_exit(a.isolate, &error), JSVM_STATUS_WRONG_STATE, &error);
  CHECK_OK(jsvm_isolate_enter(a.isolate, NULL, &error), &error);
  JS_NUM(a.context, "1 + 3", 4);
  JS_NUM(b.context, "1 + 4", 5);
  CHECK_STATUS(jsvm_isolate_exit(b.isolate, &error), JSVM_STATUS_WRONG_STATE, &error);
  CHECK_OK(jsvm_isolate_exit(a.isolate, &error), &error);
  CHECK_OK(jsvm_isolate_exit(b.isolate, &error), &error);
  CHECK_OK(jsvm_isolate_exit(a.isolate, &error), &error);
  CHECK_STATUS(jsvm_isolate_exit(a.isolate, &error), JSVM_STATUS_WRONG_STATE, &error);
  /* A thread that ends gives back what it holds. */
  pthread_create(&thread, NULL, enter_and_end, &a);
  pthread_join(thread, NULL);
  {
    jsvm_slot slot;
    CHECK_OK(js_ms(a.context, "7", LONG_MS, &slot, &error), &error);
    CHECK_EQ_NUM(slot.number, 7);
    jsvm_slot_clear(&slot);
  }
  jsvm_context_free(a.context);
  jsvm_context_free(b.context);
  jsvm_isolate_free(a.isolate);
  jsvm_isolate_free(b.isolate);
}

/* The innermost stay of this thread is the run, not an enter. */
static uint32_t exit_in_call(void *userdata, const jsvm_call *call, jsvm_slot *result) {
  Shared *shared = userdata;
  jsvm_error *error = NULL;
  (void)call;
  (void)result;
  CHECK_STATUS(jsvm_isolate_exit(shared->isolate, &error), JSVM_STATUS_WRONG_STATE, &error);
  /* A pair of its own is fine. */
  CHECK_OK(jsvm_isolate_enter(shared->isolate, NULL, &error), &error);
  JS_NUM(shared->context, "5", 5);
  CHECK_OK(jsvm_isolate_exit(shared->isolate, &error), &error);
  CHECK_STATUS(jsvm_isolate_exit(shared->isolate, &error), JSVM_STATUS_WRONG_STATE, &error);
  return JSVM_STATUS_OK;
}

static void exit_inside_a_call(void) {
  Shared a = {0};
  jsvm_error *error = NULL;
  a.isolate = new_isolate(NULL);
  a.context = main_context(a.isolate);
  install(a.isolate, a.context, "f", exit_in_call, &a);
  JS_OK(a.context, "f()");
  CHECK_OK(jsvm_isolate_enter(a.isolate, NULL, &error), &error);
  JS_OK(a.context, "f()");
  CHECK_OK(jsvm_isolate_exit(a.isolate, &error), &error);
  CHECK_OK(jsvm_isolate_enter(a.isolate, NULL, &error), &error);
  CHECK_OK(jsvm_isolate_enter(a.isolate, NULL, &error), &error);
  JS_OK(a.context, "f()");
  CHECK_OK(jsvm_isolate_exit(a.isolate, &error), &error);
  CHECK_OK(jsvm_isolate_exit(a.isolate, &error), &error);
  jsvm_context_free(a.context);
  jsvm_isolate_free(a.isolate);
}

/* A host function that forgets its exit. */
static uint32_t enter_in_call(void *userdata, const jsvm_call *call, jsvm_slot *result) {
  jsvm_error *error = NULL;
  (void)call;
  (void)result;
  CHECK_OK(jsvm_isolate_enter(userdata, NULL, &error), &error);
  return JSVM_STATUS_OK;
}

/* As a process of its own: whatever the call gives, the process goes on and ends. */
static int forgotten_exit(int other) {
  jsvm_error *error = NULL;
  jsvm_isolate *isolate = new_isolate(NULL), *second = new_isolate(NULL);
  jsvm_context *context = main_context(isolate);
  jsvm_status status;
  install(isolate, context, "f", enter_in_call, other ? second : isolate);
  status = js(context, "f()", NULL, &error);
  CHECK(status != JSVM_STATUS_PANIC);
  jsvm_error_free(error);
  JS_NUM(context, "6", 6);
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
  jsvm_isolate_free(second);
  return FINISH();
}

static void child(char *mode) {
  int status = -1;
  pid_t pid = fork();
  if (pid == 0) {
    char *arguments[] = {"test_isolate", mode, NULL};
    alarm(100);
    execv("/proc/self/exe", arguments);
    _exit(9);
  }
  waitpid(pid, &status, 0);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void forgotten_exits(void) {
  child("same");
  child("other");
}

static void *run_source(void *data) {
  Shared *shared = data;
  jsvm_error *error = NULL;
  shared->status = js(shared->context, shared->source, NULL, &error);
  jsvm_error_free(error);
  return NULL;
}

static uint32_t terminate_in_call(void *userdata, const jsvm_call *call, jsvm_slot *result) {
  Shared *shared = userdata;
  (void)call;
  (void)result;
  if (shared->again > 0) {
    jsvm_error *error = NULL;
    shared->again--;
    CHECK_STATUS(js(shared->context, "f(); for (;;) ;", NULL, &error), JSVM_STATUS_TERMINATED,
                 &error);
    return JSVM_STATUS_OK;
  }
  CHECK_EQ_INT(jsvm_isolate_terminate(shared->isolate, NULL), JSVM_STATUS_OK);
  return JSVM_STATUS_OK;
}

static void terminate(void) {
  Shared a = {0};
  pthread_t thread;
  jsvm_error *error = NULL;
  a.isolate = new_isolate(NULL);
  a.context = main_context(a.isolate);
  install(a.isolate, a.context, "started", count_call, &a.steps);
  install(a.isolate, a.context, "counted", count_call, &a.calls);
  install(a.isolate, a.context, "f", terminate_in_call, &a);
  /* Nothing runs: nothing happens, to later calls either. */
  CHECK_OK(jsvm_isolate_terminate(a.isolate, &error), &error);
  JS_NUM(a.context, "let s = 0; for (let i = 0; i < 1e5; i++) s++; s", 100000);
  /* Nothing runs while it is held either. */
  CHECK_OK(jsvm_isolate_enter(a.isolate, NULL, &error), &error);
  CHECK_OK(jsvm_isolate_terminate(a.isolate, &error), &error);
  JS_NUM(a.context, "{ let s = 0; for (let i = 0; i < 1e5; i++) s++; s }", 100000);
  CHECK_OK(jsvm_isolate_exit(a.isolate, &error), &error);
  a.source = "started(); for (;;) ;";
  pthread_create(&thread, NULL, run_source, &a);
  CHECK(wait_for(&a.steps, 1));
  CHECK_OK(jsvm_isolate_terminate(a.isolate, &error), &error);
  pthread_join(thread, NULL);
  CHECK_EQ_INT(a.status, JSVM_STATUS_TERMINATED);
  JS_NUM(a.context, "3", 3);
  /* By itself; try and finally do not see it. */
  CHECK_ERROR(js(a.context, "try { f(); for (;;) ; } catch { counted() } finally { counted() }",
                 NULL, &error),
              JSVM_STATUS_TERMINATED, &error, "terminated");
  CHECK_EQ_INT(atomic_load(&a.calls), 0);
  /* The outermost call ends, and all in between. */
  a.again = 3;
  CHECK_STATUS(js(a.context, "f(); for (;;) ; counted()", NULL, &error), JSVM_STATUS_TERMINATED,
               &error);
  CHECK_EQ_INT(a.again, 0);
  CHECK_EQ_INT(atomic_load(&a.calls), 0);
  JS_NUM(a.context, "4", 4);
  jsvm_context_free(a.context);
  jsvm_isolate_free(a.isolate);
}

/* "Stops what runs in the isolate now": the guest's next statement does not run. */
static void terminate_at_once(void) {
  Shared a = {0};
  jsvm_error *error = NULL;
  a.isolate = new_isolate(NULL);
  a.context = main_context(a.isolate);
  install(a.isolate, a.context, "counted", count_call, &a.calls);
  install(a.isolate, a.context, "f", terminate_in_call, &a);
  CHECK_STATUS(js(a.context, "try { f(); counted() } finally { counted() } counted()", NULL,
                  &error), JSVM_STATUS_TERMINATED, &error);
  CHECK_EQ_INT(atomic_load(&a.calls), 0);
  jsvm_context_free(a.context);
  jsvm_isolate_free(a.isolate);
}

static void interrupt_terminates(void *userdata) {
  Shared *shared = userdata;
  count_up(&shared->calls);
  CHECK_EQ_INT(jsvm_live_handles(JSVM_HANDLE_KIND_ISOLATE), 1);
  CHECK_EQ_INT(jsvm_isolate_terminate(shared->isolate, NULL), JSVM_STATUS_OK);
}

static void interrupt_cancels(void *userdata) {
  Shared *shared = userdata;
  count_up(&shared->calls);
  CHECK_EQ_INT(jsvm_cancel_trigger(shared->cancel, NULL), JSVM_STATUS_OK);
}

static void finalize_shared(void *userdata) { count_up(&((Shared *)userdata)->finalized); }

static void interrupts(void) {
  Shared a = {0};
  pthread_t thread;
  jsvm_error *error = NULL;
  jsvm_run_options options = {.struct_size = sizeof options};
  a.isolate = new_isolate(NULL);
  a.context = main_context(a.isolate);
  CHECK_OK(jsvm_cancel_new(&a.cancel, &error), &error);
  install(a.isolate, a.context, "started", count_call, &a.steps);
  /* While the guest runs. */
  a.source = "started(); for (;;) ;";
  pthread_create(&thread, NULL, run_source, &a);
  CHECK(wait_for(&a.steps, 1));
  CHECK_OK(jsvm_isolate_request_interrupt(a.isolate, interrupt_terminates, &a, finalize_shared,
                                          &error), &error);
  pthread_join(thread, NULL);
  CHECK_EQ_INT(a.status, JSVM_STATUS_TERMINATED);
  CHECK_EQ_INT(atomic_load(&a.calls), 1);
  CHECK(wait_for(&a.finalized, 1));
  /* While nothing runs: at the next point of a later call. */
  CHECK_OK(jsvm_isolate_request_interrupt(a.isolate, interrupt_cancels, &a, finalize_shared,
                                          &error), &error);
  CHECK_EQ_INT(atomic_load(&a.calls), 1);
  options.cancel = a.cancel;
  CHECK_STATUS(jsvm_context_evaluate(a.context, "for (;;) ;", JSVM_AUTO_LENGTH, NULL, &options,
                                     NULL, &error),
               JSVM_STATUS_CANCELLED, &error);
  CHECK_EQ_INT(atomic_load(&a.calls), 2);
  CHECK(wait_for(&a.finalized, 2));
  /* Without finalizer; several, in order. */
  CHECK_OK(jsvm_isolate_request_interrupt(a.isolate, count_up, &a.calls, NULL, &error), &error);
  CHECK_OK(jsvm_isolate_request_interrupt(a.isolate, count_up, &a.calls, NULL, &error), &error);
  JS_OK(a.context, "for (let i = 0; i < 1e5; i++) ;");
  CHECK_EQ_INT(atomic_load(&a.calls), 4);
  JS_OK(a.context, "for (let i = 0; i < 1e5; i++) ;");
  CHECK_EQ_INT(atomic_load(&a.calls), 4);
  /* Refused: the finalizer comes all the same. */
  CHECK_ERROR(jsvm_isolate_request_interrupt(a.isolate, NULL, &a, finalize_shared, &error),
              JSVM_STATUS_INVALID_ARGUMENT, &error, "callback: ");
  CHECK_EQ_INT(atomic_load(&a.finalized), 3);
  CHECK_ERROR(jsvm_isolate_request_interrupt(NULL, count_up, &a, finalize_shared, &error),
              JSVM_STATUS_INVALID_ARGUMENT, &error, "isolate: ");
  CHECK_EQ_INT(atomic_load(&a.finalized), 4);
  /* Freed before: not called. */
  CHECK_OK(jsvm_isolate_request_interrupt(a.isolate, interrupt_cancels, &a, finalize_shared,
                                          &error), &error);
  jsvm_context_free(a.context);
  jsvm_isolate_free(a.isolate);
  CHECK_EQ_INT(jsvm_flush_finalizers(LONG_MS), JSVM_STATUS_OK);
  CHECK_EQ_INT(atomic_load(&a.finalized), 5);
  CHECK_EQ_INT(atomic_load(&a.calls), 4);
  CHECK_STATUS(jsvm_isolate_request_interrupt(a.isolate, interrupt_cancels, &a, finalize_shared,
                                              &error), JSVM_STATUS_INVALID_ARGUMENT, &error);
  CHECK_EQ_INT(atomic_load(&a.finalized), 6);
  jsvm_cancel_free(a.cancel);
}

static void *settle_soon(void *data) {
  Shared *shared = data;
  jsvm_error *error = NULL;
  jsvm_slot value = number_slot(9);
  sleep_ms(50);
  CHECK_OK(jsvm_resolver_resolve(shared->resolver, &value, &error), &error);
  return NULL;
}

static void *cancel_soon(void *data) {
  sleep_ms(50);
  CHECK_EQ_INT(jsvm_cancel_trigger(((Shared *)data)->cancel, NULL), JSVM_STATUS_OK);
  return NULL;
}

static void tasks(void) {
  Shared a = {0};
  pthread_t thread;
  jsvm_error *error = NULL;
  jsvm_value *promise = NULL, *chained = NULL, *setter;
  jsvm_run_options options = {.struct_size = sizeof options};
  bool left = true;
  a.isolate = new_isolate(NULL);
  a.context = main_context(a.isolate);
  CHECK_OK(jsvm_cancel_new(&a.cancel, &error), &error);
  CHECK_OK(jsvm_isolate_run_tasks(a.isolate, 0, NULL, &left, &error), &error);
  CHECK_OK(jsvm_isolate_run_tasks(a.isolate, 20, NULL, NULL, &error), &error);
  CHECK_OK(jsvm_promise_new(a.context, &promise, &a.resolver, &error), &error);
  setter = js_value(a.context, "(v) => { globalThis.seen = v; }");
  CHECK_OK(jsvm_promise_then(promise, setter, NULL, NULL, &chained, &error), &error);
  left = false;
  CHECK_OK(jsvm_isolate_run_tasks(a.isolate, 0, NULL, &left, &error), &error);
  CHECK(left);
  /* Limits hold for the wait. */
  options.timeout_ms = 30;
  left = true;
  CHECK_STATUS(jsvm_isolate_run_tasks(a.isolate, LONG_MS * 10, &options, &left, &error),
               JSVM_STATUS_TIMEOUT, &error);
  CHECK(!left);
  options.timeout_ms = 0;
  options.cancel = a.cancel;
  pthread_create(&thread, NULL, cancel_soon, &a);
  CHECK_STATUS(jsvm_isolate_run_tasks(a.isolate, LONG_MS * 10, &options, NULL, &error),
               JSVM_STATUS_CANCELLED, &error);
  pthread_join(thread, NULL);
  /* It ends when something ran; another thread may enter while it waits. */
  pthread_create(&thread, NULL, settle_soon, &a);
  JS_STR(a.context, "typeof seen", "undefined");
  for (int i = 0; i < 100; i++) {
    CHECK_OK(jsvm_isolate_run_tasks(a.isolate, LONG_MS, NULL, &left, &error), &error);
    jsvm_slot slot;
    JS_SLOT(a.context, "typeof seen", &slot);
    int done = slot.kind == JSVM_KIND_STRING && strcmp(slot.data, "number") == 0;
    jsvm_slot_clear(&slot);
    if (done) {
      break;
    }
  }
  JS_NUM(a.context, "seen", 9);
  pthread_join(thread, NULL);
  /* What it runs has limits too. */
  jsvm_resolver_free(a.resolver);
  jsvm_value_free(promise);
  jsvm_value_free(chained);
  jsvm_value_free(setter);
  CHECK_OK(jsvm_promise_new(a.context, &promise, &a.resolver, &error), &error);
  setter = js_value(a.context, "(v) => { for (;;) ; }");
  CHECK_OK(jsvm_promise_then(promise, setter, NULL, NULL, &chained, &error), &error);
  CHECK_OK(jsvm_resolver_resolve(a.resolver, NULL, &error), &error);
  options.cancel = NULL;
  options.timeout_ms = 50;
  CHECK_STATUS(jsvm_isolate_run_tasks(a.isolate, LONG_MS, &options, &left, &error),
               JSVM_STATUS_TIMEOUT, &error);
  JS_NUM(a.context, "seen", 9);
  jsvm_resolver_free(a.resolver);
  jsvm_value_free(promise);
  jsvm_value_free(chained);
  jsvm_value_free(setter);
  jsvm_cancel_free(a.cancel);
  jsvm_context_free(a.context);
  jsvm_isolate_free(a.isolate);
}

static void wakeup(void) {
  jsvm_isolate *isolate = new_isolate(NULL);
  jsvm_context *context = main_context(isolate);
  atomic_int woken = 0, finalized = 0, none = 0;
  jsvm_error *error = NULL;
  jsvm_value *promise[3];
  jsvm_resolver *resolver[3];
  /* One counter: the userdata of both. */
  CHECK_OK(jsvm_isolate_set_wakeup(isolate, count_up, &woken, NULL, &error), &error);
  for (int i = 0; i < 3; i++) {
    CHECK_OK(jsvm_promise_new(context, &promise[i], &resolver[i], &error), &error);
  }
  CHECK_OK(jsvm_isolate_run_tasks(isolate, 0, NULL, NULL, &error), &error);
  atomic_store(&woken, 0);
  CHECK_OK(jsvm_resolver_resolve(resolver[0], NULL, &error), &error);
  CHECK_EQ_INT(atomic_load(&woken), 1);
  CHECK_OK(jsvm_resolver_resolve(resolver[1], NULL, &error), &error);
  CHECK_EQ_INT(atomic_load(&woken), 1);
  CHECK_OK(jsvm_isolate_run_tasks(isolate, 0, NULL, NULL, &error), &error);
  CHECK_EQ_INT(atomic_load(&woken), 1);
  /* Replaced: the new one is told; the old one is let go, once. */
  CHECK_OK(jsvm_isolate_set_wakeup(isolate, count_up, &finalized, count_up, &error), &error);
  CHECK_EQ_INT(atomic_load(&finalized), 0);
  CHECK_OK(jsvm_resolver_resolve(resolver[2], NULL, &error), &error);
  CHECK_EQ_INT(atomic_load(&woken), 1);
  CHECK_EQ_INT(atomic_load(&finalized), 1);
  CHECK_OK(jsvm_isolate_set_wakeup(isolate, NULL, &none, count_up, &error), &error);
  CHECK_EQ_INT(atomic_load(&finalized), 2);
  CHECK_STATUS(jsvm_isolate_set_wakeup(NULL, count_up, &finalized, count_up, &error),
               JSVM_STATUS_INVALID_ARGUMENT, &error);
  CHECK_EQ_INT(atomic_load(&finalized), 3);
  CHECK_OK(jsvm_isolate_run_tasks(isolate, 0, NULL, NULL, &error), &error);
  CHECK_OK(jsvm_isolate_set_wakeup(isolate, count_up, &finalized, count_up, &error), &error);
  for (int i = 0; i < 3; i++) {
    jsvm_value_free(promise[i]);
    jsvm_resolver_free(resolver[i]);
  }
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
  CHECK_EQ_INT(jsvm_flush_finalizers(LONG_MS), JSVM_STATUS_OK);
  CHECK_EQ_INT(atomic_load(&finalized), 4);
  CHECK_EQ_INT(atomic_load(&none), 1);
}

typedef struct {
  jsvm_context *context;
  atomic_int calls;
  atomic_int finalized;
  double sum;
} Rejections;

static void on_rejection(void *userdata, const jsvm_value *promise, const jsvm_slot *reason) {
  Rejections *seen = userdata;
  jsvm_promise_state state;
  jsvm_slot slot;
  jsvm_error *error = NULL;
  count_up(&seen->calls);
  CHECK_OK(jsvm_promise_result(promise, &state, &slot, &error), &error);
  CHECK_EQ_INT(state, JSVM_PROMISE_STATE_REJECTED);
  CHECK_EQ_INT(slot.kind, reason->kind);
  CHECK_EQ_NUM(slot.number, reason->number);
  jsvm_slot_clear(&slot);
  seen->sum += reason->number;
  /* It may call anything. */
  JS_NUM(seen->context, "20 + 3", 23);
}

static void finalize_rejections(void *userdata) { count_up(&((Rejections *)userdata)->finalized); }

static void rejections(void) {
  jsvm_isolate *isolate = new_isolate(NULL);
  Rejections a = {0}, b = {0};
  jsvm_error *error = NULL;
  a.context = b.context = main_context(isolate);
  JS_OK(a.context, "Promise.reject(0)");
  CHECK_OK(jsvm_isolate_set_unhandled_rejection_callback(isolate, on_rejection, &a,
                                                         finalize_rejections, &error), &error);
  CHECK_EQ_INT(atomic_load(&a.calls), 0);
  JS_OK(a.context, "Promise.reject(1)");
  CHECK_EQ_INT(atomic_load(&a.calls), 1);
  JS_OK(a.context, "Promise.reject(2); Promise.reject(4); 0");
  CHECK_EQ_INT(atomic_load(&a.calls), 3);
  CHECK_EQ_NUM(a.sum, 7);
  /* Handled: at once, later in the script, later in the same drain. */
  JS_OK(a.context, "Promise.reject(8).catch(() => {})");
  JS_OK(a.context, "{ const p = Promise.reject(8); for (let i = 0; i < 1e4; i++) ; p.catch(() => {}); }");
  JS_OK(a.context, "{ const p = Promise.reject(8); Promise.resolve().then(() => {}).then(() => {})"
                   ".then(() => p.catch(() => {})); }");
  CHECK_EQ_INT(atomic_load(&a.calls), 3);
  /* In the drain itself; and what a throwing run leaves. */
  JS_OK(a.context, "Promise.resolve().then(() => { throw 16 }); 0");
  CHECK_EQ_NUM(a.sum, 23);
  CHECK_STATUS(js(a.context, "Promise.reject(32); throw 1", NULL, &error), JSVM_STATUS_EXCEPTION,
               &error);
  CHECK_EQ_NUM(a.sum, 55);
  JS_OK(a.context, "(async () => { await 1; throw 64 })(); 0");
  CHECK_EQ_NUM(a.sum, 119);
  CHECK_EQ_INT(atomic_load(&a.calls), 6);
  /* Once: not again by later calls. */
  JS_OK(a.context, "0");
  CHECK_EQ_INT(atomic_load(&a.calls), 6);
  /* Replaced. */
  CHECK_OK(jsvm_isolate_set_unhandled_rejection_callback(isolate, on_rejection, &b,
                                                         finalize_rejections, &error), &error);
  CHECK_EQ_INT(atomic_load(&a.finalized), 1);
  JS_OK(a.context, "Promise.reject(1)");
  CHECK_EQ_INT(atomic_load(&b.calls), 1);
  CHECK_EQ_INT(atomic_load(&a.calls), 6);
  CHECK_OK(jsvm_isolate_set_unhandled_rejection_callback(isolate, NULL, NULL, NULL, &error),
           &error);
  CHECK_EQ_INT(atomic_load(&b.finalized), 1);
  JS_OK(a.context, "Promise.reject(1)");
  CHECK_EQ_INT(atomic_load(&b.calls), 1);
  CHECK_OK(jsvm_isolate_set_unhandled_rejection_callback(isolate, on_rejection, &b,
                                                         finalize_rejections, &error), &error);
  jsvm_context_free(a.context);
  jsvm_isolate_free(isolate);
  CHECK_EQ_INT(jsvm_flush_finalizers(LONG_MS), JSVM_STATUS_OK);
  CHECK_EQ_INT(atomic_load(&a.finalized), 1);
  CHECK_EQ_INT(atomic_load(&b.finalized), 2);
  CHECK_STATUS(jsvm_isolate_set_unhandled_rejection_callback(isolate, on_rejection, &b,
                                                             finalize_rejections, &error),
               JSVM_STATUS_INVALID_ARGUMENT, &error);
  CHECK_EQ_INT(atomic_load(&b.finalized), 3);
}

static void host_drains(void) {
  jsvm_isolate_options options = {.struct_size = sizeof options, .host_drains_microtasks = true};
  jsvm_run_options limits = {.struct_size = sizeof limits, .timeout_ms = 50};
  jsvm_isolate *isolate = new_isolate(&options);
  jsvm_context *context = main_context(isolate);
  Rejections seen = {.context = context};
  jsvm_error *error = NULL;
  JS_OK(context, "globalThis.n = 0; Promise.resolve().then(() => n++).then(() => n++)");
  JS_NUM(context, "n", 0);
  CHECK_OK(jsvm_isolate_perform_microtask_checkpoint(isolate, NULL, &error), &error);
  JS_NUM(context, "n", 2);
  JS_OK(context, "(function loop() { Promise.resolve().then(loop) })()");
  CHECK_STATUS(jsvm_isolate_perform_microtask_checkpoint(isolate, &limits, &error),
               JSVM_STATUS_TIMEOUT, &error);
  JS_NUM(context, "n", 2);
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
  /* Rejections are reported when the microtasks are done, not before. */
  isolate = new_isolate(&options);
  context = seen.context = main_context(isolate);
  CHECK_OK(jsvm_isolate_set_unhandled_rejection_callback(isolate, on_rejection, &seen, NULL,
                                                         &error), &error);
  JS_OK(context, "{ const p = Promise.reject(1); Promise.resolve().then(() => p.catch(() => {})); }");
  CHECK_EQ_INT(atomic_load(&seen.calls), 0);
  CHECK_OK(jsvm_isolate_perform_microtask_checkpoint(isolate, NULL, &error), &error);
  CHECK_EQ_INT(atomic_load(&seen.calls), 0);
  JS_OK(context, "Promise.resolve().then(() => { throw 2 }); 0");
  CHECK_OK(jsvm_isolate_perform_microtask_checkpoint(isolate, NULL, &error), &error);
  CHECK_EQ_INT(atomic_load(&seen.calls), 1);
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
  /* Nothing to do where the library drains. */
  isolate = new_isolate(NULL);
  CHECK_OK(jsvm_isolate_perform_microtask_checkpoint(isolate, NULL, &error), &error);
  jsvm_isolate_free(isolate);
}

static uint32_t checkpoint_in_call(void *userdata, const jsvm_call *call, jsvm_slot *result) {
  jsvm_error *error = NULL;
  (void)call;
  (void)result;
  CHECK_OK(jsvm_isolate_perform_microtask_checkpoint(userdata, NULL, &error), &error);
  return JSVM_STATUS_OK;
}

static void checkpoint_inside(void) {
  jsvm_isolate *isolate = new_isolate(NULL);
  jsvm_context *context = main_context(isolate);
  install(isolate, context, "checkpoint", checkpoint_in_call, isolate);
  JS_STR(context, "var log = ''; Promise.resolve().then(() => log += 'a'); checkpoint(); log", "a");
  /* While microtasks run already it does nothing. */
  JS_OK(context, "log = ''; Promise.resolve().then(() => { Promise.resolve().then(() => log += 'b');"
                 "checkpoint(); log += 'c'; })");
  JS_STR(context, "log", "cb");
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
}

static uint32_t free_in_call(void *userdata, const jsvm_call *call, jsvm_slot *result) {
  Shared *shared = userdata;
  jsvm_error *error = NULL;
  jsvm_slot slot;
  (void)result;
  jsvm_isolate_free(shared->isolate);
  CHECK_STATUS(js(shared->context, "1", NULL, &error), JSVM_STATUS_DISPOSED, &error);
  if (jsvm_call_this(call, &slot, NULL) == JSVM_STATUS_OK) {
    jsvm_slot_clear(&slot);
  }
  return JSVM_STATUS_OK;
}

static void freed(void) {
  Shared a = {0};
  jsvm_error *error = NULL, *kept = NULL;
  jsvm_script *script = NULL;
  jsvm_value *value = NULL, *promise = NULL, *chained = NULL, *function = NULL;
  jsvm_slot slot, symbol, text;
  jsvm_bytes bytes;
  jsvm_promise_state state;
  jsvm_context *context, *made;
  jsvm_resolver *second = NULL, *none = (jsvm_resolver *)&a;
  a.isolate = new_isolate(NULL);
  context = a.context = main_context(a.isolate);
  CHECK_OK(jsvm_script_new(a.isolate, "1 //# sourceMappingURL=x.map", JSVM_AUTO_LENGTH, NULL,
                           &script, &error), &error);
  function = js_value(context, "() => {}");
  JS_SLOT(context, "Symbol()", &symbol);
  JS_SLOT(context, "'\\ud800'", &text);
  CHECK(text.handle != NULL && (text.flags & JSVM_FLAG_LOSSY));
  CHECK_EQ_INT(js(context, "throw {a: 1}", NULL, NULL), JSVM_STATUS_EXCEPTION);
  CHECK_EQ_INT(js(context, "throw {a: 1}", NULL, &kept), JSVM_STATUS_EXCEPTION);
  CHECK_OK(jsvm_promise_new(context, &promise, &a.resolver, &error), &error);
  CHECK_OK(jsvm_promise_new(context, &value, &second, &error), &error);
  jsvm_isolate_free(a.isolate);
  /* The handle itself is no handle any more. */
  CHECK_ERROR(jsvm_isolate_main_context(a.isolate, &made, &error), JSVM_STATUS_INVALID_ARGUMENT,
              &error, "isolate: ");
  CHECK_STATUS(jsvm_isolate_enter(a.isolate, NULL, &error), JSVM_STATUS_INVALID_ARGUMENT, &error);
  jsvm_isolate_free(a.isolate);
  /* Its contexts, scripts and values are inert. */
  CHECK_STATUS(js(context, "1", &slot, &error), JSVM_STATUS_DISPOSED, &error);
  CHECK_EQ_INT(slot.kind, JSVM_KIND_UNDEFINED);
  made = context;
  CHECK_STATUS(jsvm_script_run_in_new_context(script, NULL, NULL, NULL, &made, &error),
               JSVM_STATUS_DISPOSED, &error);
  CHECK(made == NULL);
  CHECK_STATUS(jsvm_script_run_in_context(script, context, NULL, NULL, &error),
               JSVM_STATUS_DISPOSED, &error);
  CHECK_STATUS(jsvm_script_run_in_this_context(script, NULL, NULL, &error), JSVM_STATUS_DISPOSED,
               &error);
  CHECK_STATUS(jsvm_script_create_cached_data(script, &bytes, &error), JSVM_STATUS_DISPOSED,
               &error);
  CHECK(bytes.data == NULL && bytes.len == 0);
  CHECK_STATUS(jsvm_context_global(context, &chained, &error), JSVM_STATUS_DISPOSED, &error);
  CHECK(chained == NULL);
  CHECK_STATUS(jsvm_promise_result(promise, &state, &slot, &error), JSVM_STATUS_DISPOSED, &error);
  CHECK_STATUS(jsvm_promise_await(promise, NULL, &slot, &error), JSVM_STATUS_DISPOSED, &error);
  CHECK_STATUS(jsvm_promise_then(promise, function, NULL, NULL, &chained, &error),
               JSVM_STATUS_DISPOSED, &error);
  CHECK_STATUS(jsvm_promise_new(context, &chained, &none, &error), JSVM_STATUS_DISPOSED, &error);
  CHECK(chained == NULL && none == NULL);
  CHECK_STATUS(jsvm_function_new(context, NULL, count_call, &a, finalize_shared, &chained, &error),
               JSVM_STATUS_DISPOSED, &error);
  CHECK_EQ_INT(atomic_load(&a.finalized), 1);
  {
    /* No lock, so it need not know; but it must not crash. */
    jsvm_slot input = handle_slot(function);
    jsvm_status status = jsvm_resolver_resolve(a.resolver, &input, &error);
    CHECK(status == JSVM_STATUS_OK || status == JSVM_STATUS_DISPOSED);
    jsvm_error_free(error);
    error = NULL;
  }
  /* What needs no isolate goes on. */
  CHECK_STR(jsvm_script_source_map_url(script), "x.map");
  CHECK(jsvm_context_name(context) != NULL);
  CHECK_EQ_INT(jsvm_error_status(kept), JSVM_STATUS_EXCEPTION);
  CHECK_EQ_INT(jsvm_error_exception(kept, &slot), JSVM_STATUS_OK);
  CHECK_EQ_INT(slot.kind, JSVM_KIND_OBJECT);
  jsvm_slot_clear(&slot);
  {
    jsvm_context *copy = jsvm_context_clone(context);
    CHECK(copy != NULL);
    jsvm_context_free(copy);
  }
  jsvm_slot_clear(&symbol);
  jsvm_slot_clear(&text);
  jsvm_error_free(kept);
  jsvm_value_free(value);
  jsvm_value_free(function);
  jsvm_value_free(promise);
  jsvm_resolver_free(a.resolver);
  /* Unsettled. */
  jsvm_resolver_free(second);
  jsvm_script_free(script);
  jsvm_context_free(context);
}

static void freed_by_its_own_function(void) {
  Shared a = {0};
  jsvm_error *error = NULL;
  jsvm_value *function = NULL;
  a.isolate = new_isolate(NULL);
  a.context = main_context(a.isolate);
  install(a.isolate, a.context, "f", free_in_call, &a);
  install(a.isolate, a.context, "counted", count_call, &a.calls);
  CHECK_OK(jsvm_function_new(a.context, NULL, count_call, &a, finalize_shared, &function, &error),
           &error);
  CHECK_STATUS(js(a.context, "try { f(); counted() } finally { counted() }", NULL, &error),
               JSVM_STATUS_DISPOSED, &error);
  CHECK_EQ_INT(atomic_load(&a.calls), 0);
  CHECK_STATUS(js(a.context, "1", NULL, &error), JSVM_STATUS_DISPOSED, &error);
  CHECK_EQ_INT(jsvm_flush_finalizers(LONG_MS), JSVM_STATUS_OK);
  CHECK_EQ_INT(atomic_load(&a.finalized), 1);
  jsvm_value_free(function);
  jsvm_context_free(a.context);
}

static void freed_while_it_runs(void) {
  Shared a = {0};
  pthread_t thread;
  a.isolate = new_isolate(NULL);
  a.context = main_context(a.isolate);
  install(a.isolate, a.context, "started", count_call, &a.steps);
  a.source = "started(); for (;;) ;";
  pthread_create(&thread, NULL, run_source, &a);
  CHECK(wait_for(&a.steps, 1));
  jsvm_isolate_free(a.isolate);
  pthread_join(thread, NULL);
  CHECK_EQ_INT(a.status, JSVM_STATUS_DISPOSED);
  jsvm_context_free(a.context);
}

/* The last call in flight takes it down: here the exit, for which the handle is gone. */
static void *free_while_entered(void *data) {
  Shared *a = data;
  jsvm_error *error = NULL;
  jsvm_value *function = NULL;
  CHECK_OK(jsvm_function_new(a->context, NULL, count_call, a, finalize_shared, &function, &error),
           &error);
  CHECK_OK(jsvm_isolate_enter(a->isolate, NULL, &error), &error);
  jsvm_isolate_free(a->isolate);
  CHECK_STATUS(js(a->context, "1", NULL, &error), JSVM_STATUS_DISPOSED, &error);
  CHECK_OK(jsvm_isolate_exit(a->isolate, &error), &error);
  CHECK_EQ_INT(jsvm_flush_finalizers(LONG_MS), JSVM_STATUS_OK);
  CHECK_EQ_INT(atomic_load(&a->finalized), 1);
  jsvm_value_free(function);
  jsvm_context_free(a->context);
  return NULL;
}

static void freed_while_entered(void) {
  Shared a = {0};
  pthread_t thread;
  a.isolate = new_isolate(NULL);
  a.context = main_context(a.isolate);
  pthread_create(&thread, NULL, free_while_entered, &a);
  pthread_join(thread, NULL);
  CHECK_EQ_INT(jsvm_flush_finalizers(LONG_MS), JSVM_STATUS_OK);
  CHECK_EQ_INT(atomic_load(&a.finalized), 1);
}

static void *hold(void *data) {
  Shared *shared = data;
  jsvm_error *error = NULL;
  CHECK_OK(jsvm_isolate_enter(shared->isolate, NULL, &error), &error);
  count_up(&shared->steps);
  wait_for(&shared->calls, 1);
  CHECK_OK(jsvm_isolate_exit(shared->isolate, &error), &error);
  return NULL;
}

/* While another thread holds the isolate, limits end the wait; the holder lets go in the end. */
static void *waiting_call(void *data) {
  Shared *a = data;
  jsvm_run_options limits = {.struct_size = sizeof limits, .timeout_ms = 30};
  jsvm_error *error = NULL;
  jsvm_context *made = NULL;
  jsvm_script *script = (jsvm_script *)(void *)a->source;
  jsvm_value *promise = (jsvm_value *)(void *)a->cancel;
  switch (a->again) {
  case 0:
    a->status = js_ms(a->context, "1", 30, NULL, &error);
    break;
  case 1:
    a->status = jsvm_script_run_in_context(script, a->context, &limits, NULL, &error);
    break;
  case 2:
    a->status = jsvm_script_run_in_new_context(script, NULL, &limits, NULL, &made, &error);
    break;
  case 3:
    a->status = jsvm_script_run_in_this_context(script, &limits, NULL, &error);
    break;
  case 4:
    a->status = jsvm_isolate_run_tasks(a->isolate, 0, &limits, NULL, &error);
    break;
  case 5:
    a->status = jsvm_isolate_perform_microtask_checkpoint(a->isolate, &limits, &error);
    break;
  case 6:
    a->status = jsvm_promise_await(promise, &limits, NULL, &error);
    break;
  }
  jsvm_error_free(error);
  jsvm_context_free(made);
  count_up(&a->finalized);
  return NULL;
}

static void waiting_has_limits(void) {
  static const char *const names[] = {"context_evaluate", "run_in_context", "run_in_new_context",
                                      "run_in_this_context", "run_tasks",
                                      "perform_microtask_checkpoint", "promise_await"};
  Shared holder = {0};
  jsvm_script *script = NULL;
  jsvm_error *error = NULL;
  jsvm_value *promise;
  holder.isolate = new_isolate(NULL);
  holder.context = main_context(holder.isolate);
  promise = js_value(holder.context, "new Promise(() => {})");
  CHECK_OK(jsvm_script_new(holder.isolate, "1", 1, NULL, &script, &error), &error);
  for (int i = 0; i < 7; i++) {
    Shared caller = {0};
    pthread_t threads[2];
    atomic_store(&holder.steps, 0);
    atomic_store(&holder.calls, 0);
    caller.isolate = holder.isolate;
    caller.context = holder.context;
    caller.source = (const char *)(void *)script;
    caller.cancel = (jsvm_cancel *)(void *)promise;
    caller.again = i;
    pthread_create(&threads[0], NULL, hold, &holder);
    CHECK(wait_for(&holder.steps, 1));
    pthread_create(&threads[1], NULL, waiting_call, &caller);
    for (int ms = 0; ms < 3000 && atomic_load(&caller.finalized) == 0; ms += 10) {
      sleep_ms(10);
    }
    if (!CHECK(atomic_load(&caller.finalized) == 1)) {
      fprintf(stderr, "jsvm_%s waits for the isolate beyond its timeout_ms\n", names[i]);
    }
    atomic_store(&holder.calls, 1);
    pthread_join(threads[1], NULL);
    pthread_join(threads[0], NULL);
    CHECK_EQ_INT(caller.status, JSVM_STATUS_TIMEOUT);
  }
  jsvm_value_free(promise);
  jsvm_script_free(script);
  jsvm_context_free(holder.context);
  jsvm_isolate_free(holder.isolate);
}

int main(int argc, char **argv) {
  if (argc > 1) {
    return forgotten_exit(strcmp(argv[1], "other") == 0);
  }
  RUN(wrong_sizes);
  RUN(heap_limits);
  RUN(buffers_and_collection);
  RUN(stack_sizes);
  RUN(main_contexts);
  RUN(enter_and_exit);
  RUN(exit_inside_a_call);
  RUN(terminate);
  RUN(terminate_at_once);
  RUN(interrupts);
  RUN(tasks);
  RUN(wakeup);
  RUN(rejections);
  RUN(host_drains);
  RUN(checkpoint_inside);
  RUN(freed);
  RUN(freed_by_its_own_function);
  RUN(freed_while_it_runs);
  RUN(waiting_has_limits);
  RUN(freed_while_entered);
  RUN(forgotten_exits);
  return FINISH();
}
