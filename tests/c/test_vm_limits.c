/* Limits of node:vm from JavaScript, inside those of C: whose run ends, who can catch it, and whose SIGINT is. */
#include "guest.h"

#include <signal.h>
#include <unistd.h>

static jsvm_isolate *isolate;
static jsvm_context *context;
static jsvm_error *error;
static atomic_int started;
static volatile sig_atomic_t host_signals;

/* Its functions are in most of the scripts: `loop(options)` spins in a context of its own until something ends it. */
static const char prelude[] =
    "globalThis.inner = vm.createContext({started});\n"
    "globalThis.loop = (options) => vm.runInContext('started(); for (;;);', inner, options);\n"
    "globalThis.codeOf = (f) => { try { return f() } catch (e) { return e.code ?? `${e}` } };";

static void give_vm(jsvm_isolate *of, jsvm_context *to) {
  jsvm_value *module = NULL;
  jsvm_error *wrong = NULL;
  jsvm_slot slot;
  CHECK_OK(jsvm_context_vm_module(to, NULL, &module, &wrong), &wrong);
  slot = handle_slot(module);
  give(of, to, "vm", &slot);
  install(of, to, "started", count_call, &started);
  JS_OK(to, prelude);
  jsvm_value_free(module);
}

static jsvm_status run(jsvm_context *where, const char *source, jsvm_run_options options, jsvm_error **wrong) {
  options.struct_size = sizeof options;
  return jsvm_context_evaluate(where, source, JSVM_AUTO_LENGTH, NULL, &options, NULL, wrong);
}

static void the_inner_timeout_is_caught(void) {
  JS_STR(context, "codeOf(() => loop({timeout: 20}))", "ERR_SCRIPT_EXECUTION_TIMEOUT");
  JS_STR(context, "try { loop({timeout: 20}) } catch (e) { e.message + (e instanceof Error) }",
         "Script execution timed out after 20ms"
         "false");
  /* Inside of a limit of C's that goes on. */
  CHECK_OK(js_ms(context, "globalThis.code = codeOf(() => loop({timeout: 20})); let i = 0; while (i < 1e5) i++", LONG_MS, NULL, &error), &error);
  JS_STR(context, "code", "ERR_SCRIPT_EXECUTION_TIMEOUT");
  /* Not caught by JavaScript, it is an exception for C. */
  CHECK_EQ_INT(js_ms(context, "loop({timeout: 20})", LONG_MS, NULL, &error), JSVM_STATUS_EXCEPTION);
  CHECK_STR(jsvm_error_code(error), "ERR_SCRIPT_EXECUTION_TIMEOUT");
  jsvm_error_free(error);
  error = NULL;
  /* What is stopped runs neither its catch nor its finally. */
  JS_STR(context, "globalThis.touched = ''; codeOf(() => vm.runInThisContext('try { for (;;); } catch { touched = 1 } finally "
                  "{ touched = 2 }', {timeout: 20})) + touched", "ERR_SCRIPT_EXECUTION_TIMEOUT");
  /* Three deep: the one whose time is over. */
  JS_STR(context, "codeOf(() => vm.runInThisContext(`codeOf(() => vm.runInThisContext('codeOf(() => loop({timeout: 60000})) + 1', "
                  "{timeout: 20})) + 2`, {timeout: 60000})) + 3", "ERR_SCRIPT_EXECUTION_TIMEOUT23");
}

static void the_outer_timeout_is_not(void) {
  static const char *const sources[] = {
      "for (;;) codeOf(() => loop({timeout: 60000}))",
      "for (;;) codeOf(() => loop({timeout: 1}))",
      "for (;;) codeOf(() => vm.runInThisContext('for (;;) codeOf(() => loop({timeout: 60000}))', {timeout: 60000}))",
      "for (;;) codeOf(() => vm.runInNewContext('f()', {f: () => { for (;;); }}, {timeout: 60000}))",
      "for (;;) codeOf(() => vm.compileFunction('for (;;);')())",
      "for (;;) codeOf(() => vm.runInNewContext('x', {get x() { for (;;); }}, {timeout: 60000}))",
      "for (;;) codeOf(() => vm.runInNewContext('(function f() { Promise.resolve().then(f) })()', {}, "
      "{timeout: 60000, microtaskMode: 'afterEvaluate'}))"};
  for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
    CHECK_STATUS(js_ms(context, sources[i], 50, NULL, &error), JSVM_STATUS_TIMEOUT, &error);
    JS_NUM(context, "vm.runInContext('6 * 7', inner, {timeout: 60000})", 42);
  }
}

/* What the guest has node:vm call on the way: conversions, getters of options, the hook for stacks. */
static void a_hook_that_loops(void) {
  static const char *const sources[] = {
      "new vm.Script({toString: spin})",
      "vm.createContext({}, {get name() { spin() }})",
      "vm.createContext(new Proxy({}, {get: spin})), vm.runInNewContext('x', new Proxy({}, {get: spin}))",
      "Error.prepareStackTrace = spin; vm.isContext(1)",
      "Error.prepareStackTrace = spin; vm.runInThisContext('throw new Error()', {timeout: 60000})",
      "Error.prepareStackTrace = spin; vm.runInThisContext('x y')",
      "vm.compileFunction('1', new Proxy([''], {get: spin}))"};
  for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
    jsvm_context *own = new_context(isolate, NULL);
    char source[300];
    give_vm(isolate, own);
    snprintf(source, sizeof source, "const spin = () => { for (;;); }; try { %s } catch { for (;;); } finally { for (;;); }", sources[i]);
    CHECK_STATUS(js_ms(own, source, 30, NULL, &error), JSVM_STATUS_TIMEOUT, &error);
    JS_NUM(own, "Error.prepareStackTrace = undefined; vm.runInContext('1', inner, {timeout: 60000})", 1);
    jsvm_context_free(own);
  }
}

/* Both at nearly the same time: either may come first, and nothing else. */
static void both_timeouts(void) {
  enum { TIMES = CHECK_ASAN ? 40 : 150 };
  int inner = 0;
  for (int i = 0; i < TIMES; i++) {
    jsvm_slot slot;
    jsvm_status status = js_ms(context, "codeOf(() => loop({timeout: 5}))", 4 + i % 3, &slot, &error);
    if (status == JSVM_STATUS_OK) {
      inner++;
      CHECK_BYTES(slot.data, slot.len, "ERR_SCRIPT_EXECUTION_TIMEOUT", 28);
      jsvm_slot_clear(&slot);
    } else {
      CHECK_STATUS(status, JSVM_STATUS_TIMEOUT, &error);
    }
    JS_NUM(context, "vm.runInContext('1', inner) + vm.runInThisContext('1', {timeout: 60000})", 2);
  }
  fprintf(stderr, "  the inner one first: %d of %d\n", inner, TIMES);
}

typedef struct ender {
  jsvm_isolate *isolate;
  jsvm_cancel *cancel;
} ender;

static void *end_it(void *argument) {
  const ender *with = argument;
  jsvm_error *wrong = NULL;
  if (CHECK(wait_for(&started, 1))) {
    if (with->cancel != NULL) {
      CHECK_OK(jsvm_cancel_trigger(with->cancel, &wrong), &wrong);
    } else if (with->isolate != NULL) {
      CHECK_OK(jsvm_isolate_terminate(with->isolate, &wrong), &wrong);
    } else {
      kill(getpid(), SIGINT);
    }
  }
  return NULL;
}

/* Runs it while another thread ends it by a token, by the isolate, or with neither by SIGINT. */
static jsvm_status ended(const char *source, ender with, jsvm_run_options options) {
  pthread_t thread;
  jsvm_status status;
  atomic_store(&started, 0);
  CHECK_EQ_INT(pthread_create(&thread, NULL, end_it, &with), 0);
  options.cancel = with.cancel;
  status = run(context, source, options, &error);
  pthread_join(thread, NULL);
  return status;
}

static void ended_from_outside(void) {
  static const char source[] = "for (;;) codeOf(() => loop({timeout: 60000}))";
  for (int i = 0; i < 20; i++) {
    jsvm_cancel *cancel = NULL;
    CHECK_OK(jsvm_cancel_new(&cancel, &error), &error);
    CHECK_STATUS(ended(source, (ender){.cancel = cancel}, (jsvm_run_options){.timeout_ms = LONG_MS}), JSVM_STATUS_CANCELLED, &error);
    CHECK_STATUS(ended(source, (ender){.isolate = isolate}, (jsvm_run_options){0}), JSVM_STATUS_TERMINATED, &error);
    JS_NUM(context, "vm.runInContext('1', inner, {timeout: 60000})", 1);
    jsvm_cancel_free(cancel);
  }
}

static void heap_limit(void) {
  jsvm_isolate_options small = {.struct_size = sizeof small, .heap_limit = 40 << 20};
  jsvm_isolate *own = new_isolate(&small);
  jsvm_context *main = main_context(own);
  give_vm(own, main);
  for (int i = 0; i < 3; i++) {
    CHECK_STATUS(js(main, "codeOf(() => vm.runInContext('{ const a = []; for (;;) a.push(new Array(1000).fill(1)) }', "
                          "inner, {timeout: 60000})); for (;;);", NULL, &error), JSVM_STATUS_OUT_OF_MEMORY, &error);
    CHECK_OK(jsvm_isolate_low_memory_notification(own, &error), &error);
    JS_NUM(main, "vm.runInContext('1', inner)", 1);
    /* Contexts count as well. */
    CHECK_STATUS(js(main, "{ const kept = []; for (;;) kept.push(vm.createContext({})) }", NULL, &error), JSVM_STATUS_OUT_OF_MEMORY, &error);
    CHECK_OK(jsvm_isolate_low_memory_notification(own, &error), &error);
  }
  jsvm_context_free(main);
  jsvm_isolate_free(own);
}

static void depth(void) {
  /* vm in vm in vm: each context is given the one before. */
  JS_NUM(context, "let f = (n) => n; for (let i = 0; i < 100; i++) f = vm.runInNewContext('(n) => f(n + 1)', {f}); f(0)", 100);
  JS_NUM(context, "(function deep(n) { return n === 0 ? 0 : 1 + vm.runInNewContext('deep(n - 1)', {deep, n}) })(20)", 20);
  JS_STR(context, "globalThis.again = () => vm.runInThisContext('again()'); try { again() } catch (e) { `${e instanceof RangeError} ${e}` }",
         "true RangeError: Maximum call stack size exceeded");
  JS_STR(context, "inner.again = () => vm.runInContext('again()', inner); try { inner.again() } catch (e) { e.name }", "RangeError");
  JS_STR(context, "inner.again = () => vm.runInContext('again()', inner, {timeout: 60000}); try { inner.again() } catch (e) { e.name }",
         "RangeError");
  JS_STR(context, "globalThis.again = () => new vm.Script('again()').runInThisContext({displayErrors: false}); "
                  "try { again() } catch (e) { e.name }", "RangeError");
  JS_STR(context, "globalThis.again = () => vm.compileFunction('again()')(); try { again() } catch (e) { e.name }", "RangeError");
  JS_STR(context, "const getter = vm.createContext({get x() { return vm.runInContext('x', getter) }}); "
                  "try { getter.x } catch (e) { e.name }", "RangeError");
  CHECK_STATUS(js_ms(context, "{ const kept = []; for (let c = {};;) { c = vm.createContext({c}); kept.push(c) } }", 200, NULL, &error),
               JSVM_STATUS_TIMEOUT, &error);
  JS_NUM(context, "vm.runInNewContext('1')", 1);
}

static void on_signal(int number) {
  (void)number;
  host_signals = host_signals + 1;
}

static void (*handler_now(void))(int) {
  struct sigaction action;
  CHECK_EQ_INT(sigaction(SIGINT, NULL, &action), 0);
  return action.sa_handler;
}

/* The first of the tests of SIGINT: nothing has asked for it so far. */
static void untouched_until_asked(void) {
  CHECK(handler_now() == SIG_DFL);
  JS_NUM(context, "vm.runInContext('1', inner, {breakOnSigint: false, timeout: 60000})", 1);
  CHECK(handler_now() == SIG_DFL);
  JS_NUM(context, "vm.runInContext('1', inner, {breakOnSigint: true})", 1);
  CHECK(handler_now() == SIG_DFL);
}

static uint32_t look_at_handler(void *userdata, const jsvm_call *call, jsvm_slot *result) {
  (void)call;
  (void)result;
  *(int *)userdata = handler_now() == on_signal;
  return JSVM_STATUS_OK;
}

static void interrupted(void) {
  struct sigaction action = {.sa_handler = on_signal};
  int is_ours = 1;
  CHECK_EQ_INT(sigaction(SIGINT, &action, NULL), 0);
  install(isolate, context, "look", look_at_handler, &is_ours);
  JS_OK(context, "vm.runInThisContext('look()', {breakOnSigint: true})");
  CHECK(!is_ours && handler_now() == on_signal);
  for (int i = 0; i < 20; i++) {
    /* Caught by the guest, which goes on. */
    CHECK_OK(ended("globalThis.seen = ''; try { loop({breakOnSigint: true}) } catch (e) { seen = e.code + e.message }", (ender){0},
                   (jsvm_run_options){0}), &error);
    JS_STR(context, "seen", "ERR_SCRIPT_EXECUTION_INTERRUPTEDScript execution was interrupted by `SIGINT`");
    CHECK(handler_now() == on_signal);
    /* The innermost that asks. */
    CHECK_OK(ended("globalThis.seen = codeOf(() => vm.runInThisContext('codeOf(() => loop({breakOnSigint: true})) + 1', "
                   "{breakOnSigint: true}))", (ender){0}, (jsvm_run_options){0}), &error);
    JS_STR(context, "seen", "ERR_SCRIPT_EXECUTION_INTERRUPTED1");
    CHECK_OK(ended("globalThis.seen = codeOf(() => vm.runInThisContext('codeOf(() => loop({timeout: 60000})) + 1', "
                   "{breakOnSigint: true}))", (ender){0}, (jsvm_run_options){0}), &error);
    JS_STR(context, "seen", "ERR_SCRIPT_EXECUTION_INTERRUPTED");
    /* Of C's call, with a run of JavaScript's in it that does not ask. */
    CHECK_STATUS(ended("for (;;) codeOf(() => loop({}))", (ender){0}, (jsvm_run_options){.break_on_sigint = true}),
                 JSVM_STATUS_INTERRUPTED, &error);
  }
  CHECK_EQ_INT(host_signals, 0);
  raise(SIGINT);
  CHECK_EQ_INT(host_signals, 1);
}

static void *spin(void *unused) {
  jsvm_isolate *own = new_isolate(NULL);
  jsvm_context *main = main_context(own);
  (void)unused;
  give_vm(own, main);
  JS_STR(main, "codeOf(() => loop({breakOnSigint: true, timeout: 60000}))", "ERR_SCRIPT_EXECUTION_INTERRUPTED");
  jsvm_context_free(main);
  jsvm_isolate_free(own);
  return NULL;
}

static void several_isolates(void) {
  enum { COUNT = 4 };
  pthread_t threads[COUNT];
  host_signals = 0;
  atomic_store(&started, 0);
  for (int i = 0; i < COUNT; i++) {
    CHECK_EQ_INT(pthread_create(&threads[i], NULL, spin, NULL), 0);
  }
  if (CHECK(wait_for(&started, COUNT))) {
    kill(getpid(), SIGINT);
  }
  for (int i = 0; i < COUNT; i++) {
    pthread_join(threads[i], NULL);
  }
  CHECK_EQ_INT(host_signals, 0);
  CHECK(handler_now() == on_signal);
  raise(SIGINT);
  CHECK_EQ_INT(host_signals, 1);
}

int main(void) {
  isolate = new_isolate(NULL);
  context = main_context(isolate);
  give_vm(isolate, context);
  RUN(untouched_until_asked);
  RUN(the_inner_timeout_is_caught);
  RUN(the_outer_timeout_is_not);
  RUN(a_hook_that_loops);
  RUN(both_timeouts);
  RUN(ended_from_outside);
  RUN(heap_limit);
  RUN(depth);
  RUN(interrupted);
  RUN(several_isolates);
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
  return FINISH();
}
