/* Timers: what they do, in which order, under limits, and how a host's event loop learns of them. */
#include "guest.h"

static jsvm_isolate *isolate;
static jsvm_context *context;

static void install_in(jsvm_context *in, uint32_t parts) {
  jsvm_error *error = NULL;
  CHECK_OK(jsvm_context_install(in, parts, NULL, &error), &error);
}

static void begin(void) {
  isolate = new_isolate(NULL);
  context = main_context(isolate);
  install_in(context, JSVM_PART_TIMERS | JSVM_PART_QUEUE_MICROTASK);
  JS_OK(context, "globalThis.log = ''; var busy = (ms) => { const end = Date.now() + ms; while (Date.now() < end); }");
}

static void end(void) {
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
}

/* Runs tasks until none are left, under the limits of nobody. Gives the number of calls. */
static int run_all(void) {
  jsvm_error *error = NULL;
  bool left = true;
  int calls = 0;
  while (left && CHECK_OK(jsvm_isolate_run_tasks(isolate, LONG_MS, NULL, &left, &error), &error)) {
    calls++;
  }
  return calls;
}

static bool run_once(uint64_t wait_ms) {
  jsvm_error *error = NULL;
  bool left = false;
  CHECK_OK(jsvm_isolate_run_tasks(isolate, wait_ms, NULL, &left, &error), &error);
  return left;
}

static void surface(void) {
  begin();
  jsvm_context *bare = new_context(isolate, NULL);
  JS_STR(bare, "typeof setTimeout + typeof setImmediate", "undefinedundefined");
  JS_STR(context, "['setTimeout', 'setInterval', 'setImmediate', 'clearTimeout', 'clearInterval', 'clearImmediate'].map((name) => {"
                  "const d = Object.getOwnPropertyDescriptor(globalThis, name);"
                  "return typeof d.value + d.value.name.length + d.writable + d.enumerable + d.configurable }).join()",
         "function10truetruetrue,function11truetruetrue,function12truetruetrue,"
         "function12truetruetrue,function13truetruetrue,function14truetruetrue");
  JS_STR(context, "[() => setTimeout('x'), () => setInterval(), () => setImmediate(null)].map((f) => {"
                  "try { f() } catch (e) { return e.code + ' ' + e.message } }).join('; ')",
         "ERR_INVALID_ARG_TYPE The \"callback\" argument must be of type function. Received type string ('x'); "
         "ERR_INVALID_ARG_TYPE The \"callback\" argument must be of type function. Received undefined; "
         "ERR_INVALID_ARG_TYPE The \"callback\" argument must be of type function. Received null");
  /* What is no timer is left alone, and what was made a number is known by it. */
  JS_STR(context, "for (const x of [undefined, null, {}, 'x', NaN, '__proto__', true]) { clearTimeout(x); clearInterval(x); clearImmediate(x) }"
                  "const t = setTimeout(() => log += 'never', 1), u = setTimeout(() => log += 'never', 1), i = setImmediate(() => log += 'never');"
                  "const facts = [typeof +t, +t !== +u, t.hasRef(), t.unref() === t, t.hasRef(), t.ref() === t, t.hasRef(), t.refresh() === t,"
                  "i.hasRef(), i.unref() === i, i.hasRef(), i.ref() === i, t.constructor.name, i.constructor.name];"
                  "clearTimeout(+t); clearInterval(String(u)); clearTimeout(u); i[Symbol.dispose]();"
                  "setTimeout(() => log += 'never', 1).close(); setTimeout(() => log += 'never', 1)[Symbol.dispose](); facts.join()",
         "number,true,true,true,false,true,true,true,true,true,false,true,Timeout,Immediate");
  CHECK(!run_once(20));
  JS_STR(context, "log", "");
  jsvm_context_free(bare);
  end();
}

static void order(void) {
  begin();
  JS_OK(context, "const say = (what) => () => { log += what + ' ' };"
                 "setTimeout((a, b) => { log += 'timeout' + a + b + ' '; setImmediate(say('from-timer'));"
                 "  Promise.resolve().then(say('promise')); setTimeout(say('next-timeout'), 0) }, 0, 1, 2);"
                 "setTimeout(say('one'), 1); setTimeout(say('nan'), NaN); setTimeout(say('negative'), -1);"
                 "setTimeout(say('huge'), 2 ** 31); setTimeout(say('text'), '1');"
                 "setImmediate(() => { log += 'immediate '; queueMicrotask(say('microtask')); setImmediate(say('next-immediate')); });"
                 "const gone = setImmediate(say('never')); setImmediate(() => { log += 'clears '; clearImmediate(alsoGone) });"
                 "const alsoGone = setImmediate(say('never')); clearImmediate(gone);"
                 "setTimeout(() => { log += 'clears '; clearTimeout(after) }, 3); const after = setTimeout(say('never'), 3);"
                 "busy(5); Promise.resolve().then(say('first'))");
  CHECK(run_once(0));
  JS_STR(context, "busy(2); log",
         "first timeout12 promise one nan negative huge text clears immediate microtask clears from-timer ");
  CHECK(!run_once(0));
  JS_STR(context, "log.slice(log.indexOf('next'))", "next-timeout next-immediate ");
  /* By time, whatever came first; this is the timer; an interval starts again after its callback. */
  JS_OK(context, "log = ''; setTimeout(say('30'), 30); setTimeout(say('10'), 10); setTimeout(say('20'), 20);"
                 "let rounds = 0; const every = setInterval(function (x) {"
                 "  log += x; if (++rounds === 3) { clearInterval(this); log += this === every } }, 40, 'i')");
  run_all();
  JS_STR(context, "log", "10 20 30 iiitrue");
  JS_OK(context, "log = ''; let turns = 0; const again = setTimeout(() => { log += ++turns; if (turns < 3) again.refresh() }, 1);"
                 "const late = setTimeout(say('late'), 200); setTimeout(() => { log += 'refresh '; late.refresh() }, 150);"
                 "setTimeout(say('250'), 250); const start = Date.now(); const closed = setTimeout(say('never'), 1); closed.close(); closed.refresh()");
  run_all();
  JS_STR(context, "log", "123refresh 250 late ");
  JS_TRUE(context, "Date.now() - start >= 349");
  end();
}

static void work_left(void) {
  begin();
  CHECK(!run_once(0));
  JS_OK(context, "const t = setTimeout(() => log += 't', 1e6)");
  CHECK(run_once(0));
  JS_OK(context, "t.unref()");
  CHECK(!run_once(0));
  JS_OK(context, "t.ref()");
  CHECK(run_once(0));
  JS_OK(context, "clearTimeout(t)");
  CHECK(!run_once(0));
  /* What does not count runs all the same, while somebody looks. */
  JS_OK(context, "setTimeout(() => log += 'unref', 1).unref(); setTimeout(() => log += ' ref', 10)");
  run_all();
  JS_STR(context, "log", "unref ref");
  JS_OK(context, "setImmediate(() => log += '!').unref()");
  CHECK(!run_once(0));
  JS_STR(context, "log", "unref ref!");
  /* A promise that waits for a timer is worth waiting for; one that waits for an unref'd one is not. */
  jsvm_value *promise = js_value(context, "({ p: new Promise((r) => setTimeout(r, 5, 'done')) }).p");
  jsvm_value *hopeless = js_value(context, "({ p: new Promise((r) => setTimeout(r, 1e6).unref()) }).p");
  jsvm_slot value = {0};
  jsvm_error *error = NULL;
  CHECK_OK(jsvm_promise_await(promise, NULL, &value, &error), &error);
  CHECK_BYTES(value.data, value.len, "done", 4);
  jsvm_slot_clear(&value);
  CHECK_STATUS(jsvm_promise_await(hopeless, NULL, &value, &error), JSVM_STATUS_WRONG_STATE, &error);
  jsvm_value_free(promise);
  jsvm_value_free(hopeless);
  end();
}

static void errors(void) {
  begin();
  jsvm_error *error = NULL;
  bool left = true;
  JS_OK(context, "setTimeout(() => { log += 1; Promise.resolve().then(() => log += 'p'); throw new RangeError('from a timer') }, 1);"
                 "setTimeout(() => log += 2, 1); setImmediate(() => log += 3); busy(3)");
  CHECK_ERROR(jsvm_isolate_run_tasks(isolate, 0, NULL, &left, &error), JSVM_STATUS_EXCEPTION, &error, "from a timer");
  CHECK(!left);
  JS_STR(context, "log", "1p");
  CHECK(!run_once(0));
  JS_STR(context, "log", "1p23");
  /* An interval that throws goes on. */
  JS_OK(context, "log = ''; const i = setInterval(() => { log += 'i'; if (log === 'iii') clearInterval(i); throw 'x' }, 1)");
  for (int n = 0; n < 3; n++) {
    CHECK_STATUS(jsvm_isolate_run_tasks(isolate, LONG_MS, NULL, NULL, &error), JSVM_STATUS_EXCEPTION, &error);
  }
  CHECK(!run_once(0));
  JS_STR(context, "log", "iii");
  /* Awaiting runs timers too, and ends as they do. */
  jsvm_value *promise = js_value(context, "({ p: new Promise((r) => { setTimeout(() => { throw new Error('in between') }, 1); setTimeout(r, 5) }) }).p");
  CHECK_ERROR(jsvm_promise_await(promise, NULL, NULL, &error), JSVM_STATUS_EXCEPTION, &error, "in between");
  CHECK_OK(jsvm_promise_await(promise, NULL, NULL, &error), &error);
  jsvm_value_free(promise);
  end();
}

static void *trigger_soon(void *cancel) {
  jsvm_error *error = NULL;
  sleep_ms(30);
  CHECK_OK(jsvm_cancel_trigger(cancel, &error), &error);
  return NULL;
}

static void limits(void) {
  begin();
  jsvm_error *error = NULL;
  jsvm_run_options options = {.struct_size = sizeof options, .timeout_ms = 50};
  /* The callback is stopped; what comes after it is not. An interval that was stopped has ended. */
  JS_OK(context, "setInterval(() => { log += 'i'; for (;;); }, 1); setTimeout(() => log += 't', 2); busy(5)");
  CHECK_STATUS(jsvm_isolate_run_tasks(isolate, 0, &options, NULL, &error), JSVM_STATUS_TIMEOUT, &error);
  CHECK(!run_once(0));
  JS_STR(context, "log", "it");
  /* So is a microtask loop after a callback, and a chain of immediates ends by rounds. */
  JS_OK(context, "setTimeout(() => { (function f() { Promise.resolve().then(f) })() }, 1); busy(2)");
  CHECK_STATUS(jsvm_isolate_run_tasks(isolate, 0, &options, NULL, &error), JSVM_STATUS_TIMEOUT, &error);
  JS_OK(context, "log = 0; (function f() { log++; setImmediate(f) })()");
  for (int n = 0; n < 10; n++) {
    CHECK(run_once(0));
  }
  JS_NUM(context, "const rounds = log; log = ''; rounds", 11);
  end();
  begin();
  /* A wait ends with the limits. */
  JS_OK(context, "setTimeout(() => log += 't', 1e6)");
  CHECK_STATUS(jsvm_isolate_run_tasks(isolate, LONG_MS, &options, NULL, &error), JSVM_STATUS_TIMEOUT, &error);
  jsvm_cancel *cancel = NULL;
  pthread_t thread;
  CHECK_OK(jsvm_cancel_new(&cancel, &error), &error);
  options = (jsvm_run_options){.struct_size = sizeof options, .cancel = cancel};
  pthread_create(&thread, NULL, trigger_soon, cancel);
  CHECK_STATUS(jsvm_isolate_run_tasks(isolate, LONG_MS, &options, NULL, &error), JSVM_STATUS_CANCELLED, &error);
  pthread_join(thread, NULL);
  jsvm_cancel_free(cancel);
  CHECK(run_once(1));
  JS_STR(context, "log", "");
  end();
}

/* A host's event loop: it sleeps on a condition until it is woken. */
struct loop {
  pthread_mutex_t mutex;
  pthread_cond_t condition;
  int woken;
};

static void wake(void *userdata) {
  struct loop *loop = userdata;
  pthread_mutex_lock(&loop->mutex);
  loop->woken++;
  pthread_cond_signal(&loop->condition);
  pthread_mutex_unlock(&loop->mutex);
}

static int times_woken(struct loop *loop) {
  pthread_mutex_lock(&loop->mutex);
  int woken = loop->woken;
  pthread_mutex_unlock(&loop->mutex);
  return woken;
}

/* Gives the number of calls of run_tasks; it never waits in one. Those that throw count. */
static int run_loop(struct loop *loop) {
  jsvm_error *error = NULL;
  bool left = true;
  int calls = 0;
  for (;;) {
    jsvm_status status = jsvm_isolate_run_tasks(isolate, 0, NULL, &left, &error);
    calls++;
    CHECK(status == JSVM_STATUS_OK || status == JSVM_STATUS_EXCEPTION);
    jsvm_error_free(error);
    error = NULL;
    if (status == JSVM_STATUS_OK && !left) {
      return calls;
    }
    pthread_mutex_lock(&loop->mutex);
    while (loop->woken == 0) {
      pthread_cond_wait(&loop->condition, &loop->mutex);
    }
    loop->woken = 0;
    pthread_mutex_unlock(&loop->mutex);
  }
}

static void wakeups(void) {
  struct loop loop = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0};
  jsvm_error *error = NULL;
  begin();
  CHECK_OK(jsvm_isolate_set_wakeup(isolate, wake, &loop, NULL, &error), &error);
  JS_OK(context, "let n = 0; const i = setInterval(() => { log += 'i'; if (++n === 5) clearInterval(i) }, 5);"
                 "setTimeout(() => log += 't', 600); setTimeout(() => { throw 1 }, 300); setTimeout(() => log += 'after', 300);"
                 "setTimeout(() => setImmediate(() => setImmediate(() => log += 'immediate')), 400)");
  int calls = run_loop(&loop);
  JS_STR(context, "log", "iiiiiafterimmediatet");
  /* About one for each timer: it does not spin. */
  CHECK(calls >= 8);
  CHECK(calls <= 24);
  /* V8's own timers too. */
  JS_OK(context, "Atomics.waitAsync(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20).value.then((x) => log = x)");
  run_loop(&loop);
  JS_STR(context, "log", "timed-out");
  /* Set when timers are there already, one of them overdue. */
  CHECK_OK(jsvm_isolate_set_wakeup(isolate, NULL, NULL, NULL, &error), &error);
  JS_OK(context, "log = ''; setTimeout(() => log += 1, 1); setTimeout(() => log += 2, 20); busy(5)");
  CHECK_OK(jsvm_isolate_set_wakeup(isolate, wake, &loop, NULL, &error), &error);
  CHECK_EQ_INT(loop.woken, 1);
  run_loop(&loop);
  JS_STR(context, "log", "12");
  /* It is called once until somebody looks, and not for what was cleared in time. */
  loop.woken = 0;
  JS_OK(context, "setTimeout(() => log += 3, 1); setTimeout(() => log += 4, 5); clearTimeout(setTimeout(() => log += 'never', 2))");
  while (times_woken(&loop) == 0) {
    sleep_ms(1);
  }
  sleep_ms(30);
  CHECK_EQ_INT(times_woken(&loop), 1);
  run_loop(&loop);
  JS_STR(context, "log", "1234");
  /* A timer that falls due while nobody looks, in an isolate that is freed: nothing is called later. */
  JS_OK(context, "setTimeout(() => log += 5, 30)");
  end();
  loop.woken = 0;
  sleep_ms(60);
  CHECK_EQ_INT(times_woken(&loop), 0);
}

static void *busy_for_long(void *data) {
  (void)data;
  JS_OK(context, "entered(); busy(500)");
  return NULL;
}

/* A look that is over before it has seen what came in is followed by another call. */
static void wakeup_after_a_look_in_vain(void) {
  struct loop loop = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0};
  jsvm_run_options limits = {.struct_size = sizeof limits, .timeout_ms = 10};
  jsvm_error *error = NULL;
  jsvm_value *promise = NULL;
  jsvm_resolver *resolver = NULL;
  jsvm_slot one = number_slot(1);
  pthread_t thread;
  atomic_int entered = 0;
  begin();
  install(isolate, context, "entered", count_call, &entered);
  CHECK_OK(jsvm_promise_new(context, &promise, &resolver, &error), &error);
  CHECK_OK(jsvm_isolate_set_wakeup(isolate, wake, &loop, NULL, &error), &error);
  pthread_create(&thread, NULL, busy_for_long, NULL);
  while (atomic_load(&entered) == 0) {
    sleep_ms(1);
  }
  CHECK_OK(jsvm_resolver_resolve(resolver, &one, &error), &error);
  CHECK_EQ_INT(times_woken(&loop), 1);
  CHECK_STATUS(jsvm_isolate_run_tasks(isolate, 0, &limits, NULL, &error), JSVM_STATUS_TIMEOUT, &error);
  CHECK_EQ_INT(times_woken(&loop), 2);
  pthread_join(thread, NULL);
  jsvm_value_free(promise);
  jsvm_resolver_free(resolver);
  end();
}

static void *later_timer(void *data) {
  (void)data;
  sleep_ms(20);
  JS_OK(context, "setTimeout(() => log += 'soon', 10); setTimeout(() => log += 'never', 1e6).unref()");
  return NULL;
}

static void threads(void) {
  begin();
  pthread_t thread;
  /* Who waits for a late timer is there in time for an earlier one of another thread. */
  JS_OK(context, "const late = setTimeout(() => log += 'late', 1e6)");
  pthread_create(&thread, NULL, later_timer, NULL);
  CHECK(run_once(LONG_MS));
  pthread_join(thread, NULL);
  JS_STR(context, "clearTimeout(late); log", "soon");
  CHECK(!run_once(0));
  end();
}

static void many(void) {
  const double count = CHECK_ASAN ? 20000 : 100000;
  char source[200];
  begin();
  snprintf(source, sizeof source,
           "let n = 0; const timers = []; for (let i = 0; i < %.0f; i++) timers.push(setTimeout(() => n++, i %% 7));"
           "for (let i = 0; i < timers.length; i += 2) clearTimeout(timers[i])", count);
  JS_OK(context, source);
  run_all();
  JS_NUM(context, "n", count / 2);
  snprintf(source, sizeof source, "for (let i = 0; i < %.0f; i++) setTimeout(() => n++, 1e6)", count);
  JS_OK(context, source);
  CHECK(run_once(0));
  /* They go with the isolate. */
  end();
}

static void contexts(void) {
  begin();
  jsvm_context_options options = {.struct_size = sizeof options, .microtask_mode = JSVM_MICROTASK_MODE_AFTER_EVALUATE};
  jsvm_context *other = new_context(isolate, NULL), *own = new_context(isolate, &options);
  install_in(other, JSVM_PART_TIMERS);
  install_in(own, JSVM_PART_TIMERS);
  /* They share the order of time. A timer keeps its context alive. */
  JS_OK(context, "globalThis.shared = { log: '' }; setTimeout(() => shared.log += 'a', 1); setTimeout(() => shared.log += 'c', 9)");
  jsvm_value *shared = js_value(context, "shared"), *global = NULL;
  jsvm_slot key = string_slot("shared"), value = handle_slot(shared);
  jsvm_error *error = NULL;
  CHECK_OK(jsvm_context_global(other, &global, &error), &error);
  CHECK_OK(jsvm_object_set(global, &key, &value, NULL, &error), &error);
  jsvm_value_free(global);
  CHECK_OK(jsvm_context_global(own, &global, &error), &error);
  CHECK_OK(jsvm_object_set(global, &key, &value, NULL, &error), &error);
  jsvm_value_free(global);
  jsvm_value_free(shared);
  JS_OK(other, "setTimeout(() => shared.log += 'b', 5)");
  /* A queue of its own is drained after each callback. */
  JS_OK(own, "setTimeout(() => { Promise.resolve().then(() => shared.log += '2'); shared.log += '1' }, 20);"
             "setTimeout(() => shared.log += '3', 20)");
  jsvm_context_free(other);
  CHECK_OK(jsvm_isolate_low_memory_notification(isolate, &error), &error);
  run_all();
  JS_STR(context, "shared.log", "abc123");
  jsvm_context_free(own);
  end();
}

static uint32_t nested_tasks(void *userdata, const jsvm_call *call, jsvm_slot *result) {
  jsvm_error *error = NULL;
  (void)userdata;
  (void)call;
  (void)result;
  CHECK_OK(jsvm_isolate_run_tasks(isolate, 0, NULL, NULL, &error), &error);
  return JSVM_STATUS_OK;
}

static void nested(void) {
  begin();
  jsvm_error *error = NULL;
  install(isolate, context, "tasks", nested_tasks, NULL);
  JS_OK(context, "setTimeout(() => log += 1, 1); setImmediate(() => log += 2); busy(3); tasks(); log += 3");
  JS_STR(context, "log", "123");
  /* What a nested one's timer throws is told by the outermost call. */
  CHECK_ERROR(js(context, "setTimeout(() => { throw new Error('nested') }, 1); busy(3); tasks(); log += 4", NULL, &error),
              JSVM_STATUS_EXCEPTION, &error, "nested");
  JS_STR(context, "log", "1234");
  end();
}

int main(void) {
  RUN(surface);
  RUN(order);
  RUN(work_left);
  RUN(errors);
  RUN(limits);
  RUN(wakeups);
  RUN(wakeup_after_a_look_in_vain);
  RUN(threads);
  RUN(many);
  RUN(contexts);
  RUN(nested);
  return FINISH();
}
