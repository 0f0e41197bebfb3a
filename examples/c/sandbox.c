/*
 * Runs code that nobody has looked at, with limits. Each guest ends in a status of its own, and the
 * program goes on.
 *
 * What this does not protect from: a fault of V8 itself, and the few operations to which V8 answers by ending the
 * process. docs/SECURITY.md lists them. For hostile code, put the process in a sandbox of the operating system too.
 */
#include "example.h"

#include <pthread.h>
#include <time.h>

typedef struct guest {
  const char *title;
  const char *source;
  uint64_t timeout_ms;
  uint64_t cpu_time_ms;
  /* Ended by the host: a cancel token that another thread triggers. */
  int cancelled;
} guest;

static const guest GUESTS[] = {
    {.title = "well behaved", .source = "[3, 1, 2].sort().join()", .timeout_ms = 10000},
    {.title = "endless loop", .source = "function spin() { for (;;) {} } spin()", .timeout_ms = 100},
    /* Microtasks run within the call and its limits: a promise does not outlive them. */
    {.title = "endless promises",
     .source = "(async () => { for (;;) await null; })()",
     .timeout_ms = 100},
    {.title = "endless getter",
     .source = "JSON.stringify({ get trap() { for (;;) {} } })",
     .timeout_ms = 100},
    /* The clock of the thread: other work on a busy machine does not count. */
    {.title = "much CPU time", .source = "function spin() { for (;;) {} } spin()", .cpu_time_ms = 100},
    {.title = "user went away", .source = "function spin() { for (;;) {} } spin()", .cancelled = 1},
    {.title = "growing array",
     .source = "function grow() { const all = []; for (;;) all.push({}); } grow()",
     .timeout_ms = 60000},
    {.title = "growing map",
     .source = "function grow() { const all = new Map(); for (let i = 0;; i++) all.set(i, [i]); } grow()",
     .timeout_ms = 60000},
    /* These two limits are ordinary JavaScript errors, which the guest may catch. */
    {.title = "growing string", .source = "let text = 'x'; for (;;) text += text", .timeout_ms = 60000},
    {.title = "typed arrays",
     .source = "const all = []; for (;;) all.push(new Uint8Array(1e6))",
     .timeout_ms = 60000},
    {.title = "deep recursion", .source = "function deep() { deep(); } deep()", .timeout_ms = 60000},
    {.title = "code from a string", .source = "eval('1 + 1')", .timeout_ms = 10000},
};

static void *trigger_later(void *cancel) {
  struct timespec pause = {.tv_nsec = 50 * 1000 * 1000};
  nanosleep(&pause, NULL);
  /* Any thread may trigger. It stays triggered: later calls with the token end at once. */
  (void)jsvm_cancel_trigger(cancel, NULL);
  return NULL;
}

static void run(const guest *guest) {
  jsvm_error *error;

  /* An isolate for each guest: guests in one isolate share its memory limit. It takes about a millisecond. */
  jsvm_isolate_options limits = {.struct_size = sizeof limits};
  limits.heap_limit = 64 << 20;
  limits.buffer_limit = 64 << 20;
  jsvm_isolate *isolate;
  CHECK(jsvm_isolate_new(&limits, &isolate, &error));
  jsvm_context_options world = {.struct_size = sizeof world};
  world.disallow_code_generation_strings = true;
  world.disallow_code_generation_wasm = true;
  jsvm_context *context;
  CHECK(jsvm_context_new(isolate, &world, &context, &error));

  jsvm_cancel *cancel = NULL;
  pthread_t thread;
  if (guest->cancelled) {
    CHECK(jsvm_cancel_new(&cancel, &error));
    if (pthread_create(&thread, NULL, trigger_later, cancel) != 0) {
      perror("pthread_create");
      exit(EXIT_FAILURE);
    }
  }

  jsvm_run_options options = {.struct_size = sizeof options};
  options.timeout_ms = guest->timeout_ms;
  options.cpu_time_ms = guest->cpu_time_ms;
  options.cancel = cancel;
  jsvm_slot value;
  jsvm_status status = jsvm_context_evaluate(context, guest->source, JSVM_AUTO_LENGTH, NULL,
                                             &options, &value, &error);
  printf("%-20s %-14s", guest->title, jsvm_status_name(status));
  if (status == JSVM_STATUS_OK) {
    printf(" %.*s", (int)value.len, value.data);
  } else {
    printf(" %s: %s", jsvm_error_name(error), jsvm_error_message(error));
    /* A stopped guest leaves its stack: where it was at that moment. */
    jsvm_frame frame;
    if (status != JSVM_STATUS_EXCEPTION && jsvm_error_frame(error, 0, &frame) == JSVM_STATUS_OK &&
        frame.function[0] != '\0') {
      printf(" (in %s)", frame.function);
    }
  }
  jsvm_slot_clear(&value);
  jsvm_error_free(error);

  /* The isolate that the guest used up works on. */
  CHECK(jsvm_context_evaluate(context, "6 * 7", JSVM_AUTO_LENGTH, NULL, NULL, &value, &error));
  printf("; then 6 * 7 is %g\n", value.number);
  jsvm_slot_clear(&value);

  if (cancel != NULL) {
    pthread_join(thread, NULL);
    jsvm_cancel_free(cancel);
  }
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
}

int main(void) {
  for (size_t i = 0; i < sizeof GUESTS / sizeof GUESTS[0]; i++) {
    run(&GUESTS[i]);
  }
  return 0;
}
