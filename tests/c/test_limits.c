/*
 * What a guest may use, and what happens when it wants more: each row in a status of its own, the
 * process and the isolate go on.
 */
#include "check.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#define MB ((size_t)1 << 20)
/* The same row again and again in one isolate. */
#define TIMES (CHECK_ASAN ? 10 : 100)

static jsvm_isolate *new_isolate(size_t heap, size_t buffers) {
  jsvm_isolate_options options = {0};
  jsvm_isolate *isolate = NULL;
  jsvm_error *error = NULL;
  options.struct_size = sizeof options;
  options.heap_limit = heap;
  options.buffer_limit = buffers;
  CHECK_OK(jsvm_isolate_new(&options, &isolate, &error), &error);
  return isolate;
}

static jsvm_context *new_context(jsvm_isolate *isolate) {
  jsvm_context *context = NULL;
  jsvm_error *error = NULL;
  CHECK_OK(jsvm_context_new(isolate, NULL, &context, &error), &error);
  return context;
}

static jsvm_status evaluate(jsvm_context *context, const char *source, jsvm_run_options options,
                            double *number, jsvm_error **error) {
  jsvm_slot slot;
  options.struct_size = sizeof options;
  jsvm_status status =
      jsvm_context_evaluate(context, source, JSVM_AUTO_LENGTH, NULL, &options, &slot, error);
  if (number != NULL) {
    *number = slot.number;
  }
  jsvm_slot_clear(&slot);
  return status;
}

static int still_works(jsvm_context *context) {
  double number = 0;
  jsvm_error *error = NULL;
  return CHECK_OK(evaluate(context, "6*7", (jsvm_run_options){0}, &number, &error), &error) &&
         CHECK_EQ_NUM(number, 42);
}

/* Loops of every make that never end by themselves. */
static const char *const ENDLESS[] = {
    "for(;;){}",
    "for(;;)new Array(1000).fill(1)",
    "(function f(){Promise.resolve().then(f)})()",
    "(async()=>{for(;;)await 1})()",
    "({get a(){for(;;){}}}).a",
    "JSON.stringify({toJSON(){for(;;){}}})",
    "new Proxy({},{get(){for(;;){}}}).x",
    "[3,2,1].sort(()=>{for(;;){}})",
    "`${{toString(){for(;;){}}}}`",
    "try{for(;;){}}finally{for(;;){}}",
    "for(;;){try{(function f(){f()})()}catch(e){}}",
    "function* g(){for(;;)yield 1}; for(const x of g()){}",
    "'a'.replace(/a/g,()=>{for(;;){}})",
    "[1].map(()=>{for(;;){}})",
    "new Promise(()=>{for(;;){}})",
    "new (class{constructor(){for(;;){}}})",
    "Reflect.ownKeys(new Proxy({},{ownKeys(){for(;;){}}}))",
    "eval('for(;;){}')",
    "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)),0,0)",
};
enum { ENDLESS_COUNT = sizeof ENDLESS / sizeof *ENDLESS };

static void endless_is_timeout(void) {
  jsvm_isolate *isolate = new_isolate(0, 0);
  jsvm_context *context = new_context(isolate);
  for (int i = 0; i < ENDLESS_COUNT; i++) {
    jsvm_error *error = NULL;
    jsvm_run_options options = {0};
    options.timeout_ms = 20;
    jsvm_status status = evaluate(context, ENDLESS[i], options, NULL, &error);
    if (!CHECK_EQ_INT(status, JSVM_STATUS_TIMEOUT)) {
      fprintf(stderr, "  in %s\n", ENDLESS[i]);
    }
    CHECK_STR(jsvm_error_code(error), "ERR_SCRIPT_EXECUTION_TIMEOUT");
    CHECK_STR(jsvm_error_message(error), "Script execution timed out after 20ms");
    jsvm_error_free(error);
    still_works(context);
  }
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
}

static void endless_is_cpu_time(void) {
  jsvm_isolate *isolate = new_isolate(0, 0);
  jsvm_context *context = new_context(isolate);
  /* The last one sleeps: it uses no CPU time. */
  for (int i = 0; i < ENDLESS_COUNT - 1; i++) {
    jsvm_error *error = NULL;
    jsvm_run_options options = {0};
    options.cpu_time_ms = 20;
    if (!CHECK_STATUS(evaluate(context, ENDLESS[i], options, NULL, &error), JSVM_STATUS_CPU_TIME,
                      &error)) {
      fprintf(stderr, "  in %s\n", ENDLESS[i]);
    }
    still_works(context);
  }
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
}

static void *trigger_soon(void *cancel) {
  jsvm_error *error = NULL;
  usleep(20000);
  CHECK_OK(jsvm_cancel_trigger(cancel, &error), &error);
  return NULL;
}

static void endless_is_cancelled(void) {
  jsvm_isolate *isolate = new_isolate(0, 0);
  jsvm_context *context = new_context(isolate);
  for (int i = 0; i < ENDLESS_COUNT; i++) {
    jsvm_error *error = NULL;
    jsvm_run_options options = {0};
    jsvm_cancel *cancel = NULL;
    pthread_t thread;
    CHECK_OK(jsvm_cancel_new(&cancel, &error), &error);
    options.cancel = cancel;
    CHECK_EQ_INT(pthread_create(&thread, NULL, trigger_soon, cancel), 0);
    if (!CHECK_STATUS(evaluate(context, ENDLESS[i], options, NULL, &error), JSVM_STATUS_CANCELLED,
                      &error)) {
      fprintf(stderr, "  in %s\n", ENDLESS[i]);
    }
    pthread_join(thread, NULL);
    /* The token is sticky: the next call with it does not run. */
    CHECK_STATUS(evaluate(context, "globalThis.ran = true", options, NULL, &error),
                 JSVM_STATUS_CANCELLED, &error);
    double ran = -1;
    CHECK_OK(evaluate(context, "'ran' in globalThis ? 1 : 0", (jsvm_run_options){0}, &ran, &error),
             &error);
    CHECK_EQ_NUM(ran, 0);
    jsvm_cancel_free(cancel);
  }
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
}

static void *terminate_soon(void *isolate) {
  jsvm_error *error = NULL;
  usleep(20000);
  CHECK_OK(jsvm_isolate_terminate(isolate, &error), &error);
  return NULL;
}

static void endless_is_terminated(void) {
  jsvm_isolate *isolate = new_isolate(0, 0);
  jsvm_context *context = new_context(isolate);
  for (int i = 0; i < ENDLESS_COUNT; i++) {
    jsvm_error *error = NULL;
    pthread_t thread;
    CHECK_EQ_INT(pthread_create(&thread, NULL, terminate_soon, isolate), 0);
    if (!CHECK_STATUS(evaluate(context, ENDLESS[i], (jsvm_run_options){0}, NULL, &error),
                      JSVM_STATUS_TERMINATED, &error)) {
      fprintf(stderr, "  in %s\n", ENDLESS[i]);
    }
    pthread_join(thread, NULL);
    still_works(context);
  }
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
}

static void kill_has_the_guests_stack(void) {
  jsvm_isolate *isolate = new_isolate(0, 0);
  jsvm_context *context = new_context(isolate);
  jsvm_error *error = NULL;
  jsvm_run_options options = {0};
  jsvm_frame frame;
  options.timeout_ms = 20;
  CHECK_EQ_INT(evaluate(context,
                        "function spin() { for (;;) {} }\n"
                        "function outer() {\n  spin()\n}\n"
                        "outer()",
                        options, NULL, &error),
               JSVM_STATUS_TIMEOUT);
  if (CHECK(jsvm_error_frame_count(error) == 3)) {
    CHECK_EQ_INT(jsvm_error_frame(error, 0, &frame), JSVM_STATUS_OK);
    CHECK_STR(frame.function, "spin");
    CHECK_EQ_INT(frame.line, 1);
    CHECK_EQ_INT(jsvm_error_frame(error, 1, &frame), JSVM_STATUS_OK);
    CHECK_STR(frame.function, "outer");
    CHECK_EQ_INT(frame.line, 3);
    CHECK_EQ_INT(jsvm_error_frame(error, 3, &frame), JSVM_STATUS_INVALID_ARGUMENT);
  }
  CHECK(jsvm_error_stack(error) != NULL && strstr(jsvm_error_stack(error), "at outer") != NULL);
  jsvm_error_free(error);
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
}

/* What ends in a status of its own under a 64 MB heap. */
static const struct {
  const char *source;
  jsvm_status status;
} GROWTH[] = {
    {"let s='x';for(;;)s+=s", JSVM_STATUS_EXCEPTION},
    {"let a=[];for(;;)a.push(a.length)", JSVM_STATUS_OUT_OF_MEMORY},
    {"let a=[];for(;;)a.push(new Array(1000).fill(1))", JSVM_STATUS_OUT_OF_MEMORY},
    {"let a=[];for(;;)a.push(JSON.parse('{\"a\":[1,2,3,{\"b\":\"c\"}]}'))",
     JSVM_STATUS_OUT_OF_MEMORY},
    {"let o='[1,2,3]',a=[];for(;;){o='['+o+','+o+']';a.push(JSON.parse(o))}",
     JSVM_STATUS_OUT_OF_MEMORY},
    {"let a=[];for(;;)a.push(()=>a)", JSVM_STATUS_OUT_OF_MEMORY},
    {"let m=new Map;for(let i=0;;i++)m.set(i,i)", JSVM_STATUS_OUT_OF_MEMORY},
    {"let m=new Set;for(let i=0;;i++)m.add('k'+i)", JSVM_STATUS_OUT_OF_MEMORY},
    {"let o={};for(let i=0;;i++)o['k'+i]=i", JSVM_STATUS_OUT_OF_MEMORY},
    {"let a=[1];for(;;)a=[...a,...a]", JSVM_STATUS_OUT_OF_MEMORY},
    {"let a=[];for(;;)a.push(new Promise(()=>{}))", JSVM_STATUS_OUT_OF_MEMORY},
    {"let a=[];for(;;)a.push(new Uint8Array(1e6))", JSVM_STATUS_EXCEPTION},
    {"new Uint8Array(1e9)", JSVM_STATUS_EXCEPTION},
    {"let a=[];for(;;)a.push(new ArrayBuffer(1e7))", JSVM_STATUS_EXCEPTION},
};
enum { GROWTH_COUNT = sizeof GROWTH / sizeof *GROWTH };

static void growth_is_stopped(void) {
  for (int i = 0; i < GROWTH_COUNT; i++) {
    jsvm_isolate *isolate = new_isolate(64 * MB, 256 * MB);
    for (int n = 0; n < 3; n++) {
      jsvm_context *context = new_context(isolate);
      jsvm_error *error = NULL;
      jsvm_status status =
          evaluate(context, GROWTH[i].source, (jsvm_run_options){0}, NULL, &error);
      if (!CHECK_EQ_INT(status, GROWTH[i].status)) {
        fprintf(stderr, "  in %s: %s\n", GROWTH[i].source, jsvm_error_message(error));
      } else if (status == JSVM_STATUS_EXCEPTION) {
        CHECK_STR(jsvm_error_name(error), "RangeError");
      }
      jsvm_error_free(error);
      still_works(context);
      jsvm_context_free(context);
    }
    jsvm_isolate_free(isolate);
  }
}

static void growth_a_hundred_times(void) {
  jsvm_isolate *isolate = new_isolate(16 * MB, 16 * MB);
  for (int n = 0; n < TIMES; n++) {
    int row = n % GROWTH_COUNT;
    jsvm_context *context = new_context(isolate);
    jsvm_error *error = NULL;
    if (!CHECK_STATUS(evaluate(context, GROWTH[row].source, (jsvm_run_options){0}, NULL, &error),
                      GROWTH[row].status, &error)) {
      fprintf(stderr, "  in %s, time %d\n", GROWTH[row].source, n);
    }
    still_works(context);
    jsvm_context_free(context);
  }
  jsvm_isolate_free(isolate);
}

static void endless_a_hundred_times(void) {
  jsvm_isolate *isolate = new_isolate(0, 0);
  jsvm_context *context = new_context(isolate);
  for (int n = 0; n < TIMES; n++) {
    int row = n % ENDLESS_COUNT;
    jsvm_error *error = NULL;
    jsvm_run_options options = {0};
    options.timeout_ms = 5;
    if (!CHECK_STATUS(evaluate(context, ENDLESS[row], options, NULL, &error), JSVM_STATUS_TIMEOUT,
                      &error)) {
      fprintf(stderr, "  in %s, time %d\n", ENDLESS[row], n);
    }
    still_works(context);
  }
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
}

/* A buffer that was refused hides no full heap. */
static void refused_buffers_hide_nothing(void) {
  for (int i = 0; i < 10; i++) {
    jsvm_isolate *isolate = new_isolate(16 * MB, 1 * MB);
    jsvm_context *context = new_context(isolate);
    jsvm_error *error = NULL;
    CHECK_STATUS(evaluate(context,
                          "try{new ArrayBuffer(1e8)}catch{}"
                          "let a=[];for(;;)a.push(new Array(1000).fill(1.5))",
                          (jsvm_run_options){0}, NULL, &error),
                 JSVM_STATUS_OUT_OF_MEMORY, &error);
    CHECK_STATUS(evaluate(context,
                          "let b=[];for(;;){try{b.push(new Array(30000).fill(1.5));new ArrayBuffer(1e8)}"
                          "catch{}}",
                          (jsvm_run_options){0}, NULL, &error),
                 JSVM_STATUS_OUT_OF_MEMORY, &error);
    jsvm_context_free(context);
    jsvm_isolate_free(isolate);
  }
}

/* Buffers that V8 makes without its allocator. */
static void buffers_that_grow(void) {
  static const char *const REFUSED[] = {
      "new ArrayBuffer(8,{maxByteLength:2**36}).resize(2**36)",
      "let b=new ArrayBuffer(8,{maxByteLength:2**30});for(;;)b.resize(b.byteLength+1e6)",
      "let a=[];for(;;)a.push(new ArrayBuffer(1e6,{maxByteLength:1e8}))",
      "let a=[];for(;;){a.push(new ArrayBuffer(8,{maxByteLength:1e8}));a.at(-1).resize(1e6)}",
      "new SharedArrayBuffer(8,{maxByteLength:2**30}).grow(2**28)",
      "new SharedArrayBuffer(2**28,{maxByteLength:2**30})",
      "new WebAssembly.Memory({initial:5000})",
      "new WebAssembly.Memory({initial:1}).grow(5000)",
      /* Step by step. */
      "let s=new SharedArrayBuffer(8,{maxByteLength:2**30});for(;;)s.grow(s.byteLength+1e7)",
      "let m=new WebAssembly.Memory({initial:1});for(;;)m.grow(100)",
      "let m=new WebAssembly.Memory({initial:1,maximum:60000,shared:true});for(;;)m.grow(100)",
  };
  static const char *const GIVEN[] = {
      /* What is garbage does not count. */
      "for(let i=0;i<50;i++)new ArrayBuffer(8,{maxByteLength:6e7}).resize(5e7)",
      /* Only the growth counts, and shrinking gives back. */
      "let b=new ArrayBuffer(8,{maxByteLength:6e7});b.resize(5e7);b.resize(6e7);b.resize(8);b.resize(6e7)",
      "new WebAssembly.Memory({initial:1}).grow(10)",
      "new SharedArrayBuffer(8,{maxByteLength:2**30}).grow(1e7)",
  };
  jsvm_isolate *isolate = new_isolate(64 * MB, 64 * MB);
  for (size_t i = 0; i < sizeof REFUSED / sizeof *REFUSED; i++) {
    jsvm_context *context = new_context(isolate);
    jsvm_error *error = NULL;
    if (!CHECK_EQ_INT(evaluate(context, REFUSED[i], (jsvm_run_options){0}, NULL, &error),
                      JSVM_STATUS_EXCEPTION) ||
        !CHECK_STR(jsvm_error_name(error), "RangeError")) {
      fprintf(stderr, "  in %s\n", REFUSED[i]);
    }
    jsvm_error_free(error);
    still_works(context);
    jsvm_context_free(context);
  }
  for (size_t i = 0; i < sizeof GIVEN / sizeof *GIVEN; i++) {
    jsvm_context *context = new_context(isolate);
    jsvm_error *error = NULL;
    if (!CHECK_OK(evaluate(context, GIVEN[i], (jsvm_run_options){0}, NULL, &error), &error)) {
      fprintf(stderr, "  in %s\n", GIVEN[i]);
    }
    jsvm_context_free(context);
  }
  jsvm_isolate_free(isolate);
}

/* What the guest keeps stays too much: each run says so, until the host lets the context go. */
static void kept_memory_says_so(void) {
  jsvm_isolate *isolate = new_isolate(32 * MB, 0);
  jsvm_context *context = new_context(isolate);
  jsvm_error *error = NULL;
  CHECK_STATUS(evaluate(context, "globalThis.a=[];for(;;)a.push(new Array(100).fill(1))",
                        (jsvm_run_options){0}, NULL, &error),
               JSVM_STATUS_OUT_OF_MEMORY, &error);
  CHECK_STATUS(evaluate(context, "for(;;)a.push(new Array(100).fill(1))", (jsvm_run_options){0},
                        NULL, &error),
               JSVM_STATUS_OUT_OF_MEMORY, &error);
  jsvm_context_free(context);
  context = new_context(isolate);
  CHECK_OK(jsvm_isolate_low_memory_notification(isolate, &error), &error);
  double number = 0;
  CHECK_OK(evaluate(context, "let b=[];for(let i=0;i<1e5;i++)b.push([i]);b.length",
                    (jsvm_run_options){0}, &number, &error),
           &error);
  CHECK_EQ_NUM(number, 1e5);
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
}

static void one_huge_step(void) {
  jsvm_isolate *isolate = new_isolate(64 * MB, 0);
  jsvm_context *context = new_context(isolate);
  jsvm_error *error = NULL;
  CHECK_STATUS(evaluate(context, "new Array(1e8).fill({})", (jsvm_run_options){0}, NULL, &error),
               JSVM_STATUS_OUT_OF_MEMORY, &error);
  still_works(context);
  CHECK_STATUS(evaluate(context, "'x'.repeat(1e8).split('')", (jsvm_run_options){0}, NULL, &error),
               JSVM_STATUS_OUT_OF_MEMORY, &error);
  still_works(context);
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
}

static void a_catastrophic_regexp_ends(void) {
  jsvm_isolate *isolate = new_isolate(0, 0);
  jsvm_context *context = new_context(isolate);
  jsvm_error *error = NULL;
  double number = -1;
  CHECK_OK(evaluate(context, "/^(a+)+b$/.test('a'.repeat(64)) ? 1 : 0", (jsvm_run_options){0},
                    &number, &error),
           &error);
  CHECK_EQ_NUM(number, 0);
  /* The linear engine cannot do back references: this one has to be killed. */
  jsvm_run_options options = {0};
  options.timeout_ms = 50;
  CHECK_STATUS(evaluate(context, "/^(a+)+\\1b$/.test('a'.repeat(64))", options, NULL, &error),
               JSVM_STATUS_TIMEOUT, &error);
  still_works(context);
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
}

static void the_stack_ends_in_a_range_error(void) {
  jsvm_isolate *isolate = new_isolate(0, 0);
  jsvm_context *context = new_context(isolate);
  for (int n = 0; n < 20; n++) {
    jsvm_error *error = NULL;
    CHECK_EQ_INT(
        evaluate(context, "(function f(){f()})()", (jsvm_run_options){0}, NULL, &error),
        JSVM_STATUS_EXCEPTION);
    CHECK_STR(jsvm_error_name(error), "RangeError");
    CHECK_STR(jsvm_error_message(error), "Maximum call stack size exceeded");
    jsvm_error_free(error);
  }
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
}

/* A deadline that passed does not hit the runs after it. */
static void late_ends_hit_nobody(void) {
  jsvm_isolate *isolate = new_isolate(0, 0);
  jsvm_context *context = new_context(isolate);
  int timed_out = 0;
  for (int n = 0; n < (CHECK_ASAN ? 200 : 2000); n++) {
    jsvm_error *error = NULL;
    jsvm_run_options options = {0};
    double number = 0;
    options.timeout_ms = 1;
    /* About a millisecond of work: ends on both sides of the deadline. */
    jsvm_status status =
        evaluate(context, "var n=0;for(let i=0;i<4e4;i++)n+=i;n", options, &number, &error);
    CHECK(status == JSVM_STATUS_OK || status == JSVM_STATUS_TIMEOUT);
    timed_out += status == JSVM_STATUS_TIMEOUT;
    jsvm_error_free(error);
    error = NULL;
    CHECK_OK(evaluate(context, "for(let i=0;i<1000;i++);42", (jsvm_run_options){0}, &number, &error),
             &error);
    CHECK_EQ_NUM(number, 42);
  }
  fprintf(stderr, "  %d timed out\n", timed_out);
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
}

/* Terminating an idle isolate does nothing, now or later. */
static void early_ends_hit_nobody(void) {
  jsvm_isolate *isolate = new_isolate(0, 0);
  jsvm_context *context = new_context(isolate);
  for (int n = 0; n < 100; n++) {
    jsvm_error *error = NULL;
    CHECK_OK(jsvm_isolate_terminate(isolate, &error), &error);
    still_works(context);
  }
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
}

static void microtasks_share_the_limit(void) {
  jsvm_isolate *isolate = new_isolate(0, 0);
  jsvm_context *context = new_context(isolate);
  jsvm_error *error = NULL;
  jsvm_run_options options = {0};
  double number = 0;
  options.timeout_ms = 30;
  CHECK_STATUS(evaluate(context, "Promise.resolve().then(()=>{for(;;){}}); 1", options, NULL, &error),
               JSVM_STATUS_TIMEOUT, &error);
  CHECK_OK(evaluate(context, "globalThis.n = 0; Promise.resolve().then(()=>{n = 7}); 1",
                    (jsvm_run_options){0}, NULL, &error),
           &error);
  CHECK_OK(evaluate(context, "n", (jsvm_run_options){0}, &number, &error), &error);
  CHECK_EQ_NUM(number, 7);
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
}

int main(void) {
  RUN(endless_is_timeout);
  RUN(endless_is_cpu_time);
  RUN(endless_is_cancelled);
  RUN(endless_is_terminated);
  RUN(kill_has_the_guests_stack);
  RUN(growth_is_stopped);
  RUN(growth_a_hundred_times);
  RUN(endless_a_hundred_times);
  RUN(refused_buffers_hide_nothing);
  RUN(buffers_that_grow);
  RUN(kept_memory_says_so);
  RUN(one_huge_step);
  RUN(a_catastrophic_regexp_ends);
  RUN(the_stack_ends_in_a_range_error);
  RUN(late_ends_hit_nobody);
  RUN(early_ends_hit_nobody);
  RUN(microtasks_share_the_limit);
  return FINISH();
}
