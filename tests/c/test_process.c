/* process: what it knows, how it ends a run, ticks, events, unhandled rejections. */
#include "guest.h"

static jsvm_isolate *isolate;
static jsvm_context *context;
static char written[2][1 << 12];

static void take(void *userdata, uint32_t stream, const char *data, size_t len) {
  char *text = written[stream - 1];
  size_t used = strlen(text);
  (void)userdata;
  if (CHECK(used + len < sizeof written[0])) {
    memcpy(text + used, data, len);
    text[used + len] = '\0';
  }
}

static void install_process(jsvm_context *in) {
  jsvm_install_options options = {.struct_size = sizeof options, .write = take};
  jsvm_error *error = NULL;
  CHECK_OK(jsvm_context_install(in, JSVM_PART_PROCESS | JSVM_PART_TIMERS | JSVM_PART_QUEUE_MICROTASK, &options, &error), &error);
  JS_OK(in, "globalThis.log = ''");
}

static void begin(void) {
  memset(written, 0, sizeof written);
  isolate = new_isolate(NULL);
  context = main_context(isolate);
  install_process(context);
}

static void end(void) {
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
}

static jsvm_status run_tasks(jsvm_error **error) {
  bool left = true;
  jsvm_status status = jsvm_isolate_run_tasks(isolate, 0, NULL, &left, error);
  while (left && status == JSVM_STATUS_OK) {
    status = jsvm_isolate_run_tasks(isolate, LONG_MS, NULL, &left, error);
  }
  return status;
}

static void check_exit(int32_t expected_code, bool expected_exiting) {
  jsvm_error *error = NULL;
  int32_t code = -1;
  bool exiting = !expected_exiting;
  CHECK_OK(jsvm_context_exit_code(context, &code, &exiting, &error), &error);
  CHECK_EQ_INT(code, expected_code);
  CHECK_EQ_INT(exiting, expected_exiting);
}

#define TEXT(text) {(text), JSVM_AUTO_LENGTH}

static void options(void) {
  isolate = new_isolate(NULL);
  context = main_context(isolate);
  jsvm_error *error = NULL;
  jsvm_str argv[] = {TEXT("/bin/host"), TEXT("script.js"), TEXT("--x")}, exec_argv[] = {TEXT("--flag")};
  jsvm_str env[] = {TEXT("A=1"), TEXT("B=x=y\nz"), TEXT("EMPTY=")}, bad[] = {TEXT("A=1"), TEXT("=x")}, absent[] = {{NULL, 0}};
  jsvm_install_options options = {.struct_size = sizeof options, .argv = argv, .argv_count = 3, .exec_argv = exec_argv,
                                  .exec_argv_count = 1, .env = bad, .env_count = 2};
  int32_t code;
  JS_STR(context, "typeof process", "undefined");
  CHECK_ERROR(jsvm_context_exit_code(context, &code, NULL, &error), JSVM_STATUS_WRONG_STATE, &error, "JSVM_PART_PROCESS");
  CHECK_ERROR(jsvm_context_exit_code(context, NULL, NULL, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "code");
  CHECK_ERROR(jsvm_context_exit_code(NULL, &code, NULL, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "context");
  CHECK_ERROR(jsvm_context_install(context, JSVM_PART_PROCESS, &options, &error), JSVM_STATUS_INVALID_ARGUMENT, &error,
              "env: \"=x\" is not NAME=value");
  options.env = absent;
  options.env_count = 1;
  CHECK_ERROR(jsvm_context_install(context, JSVM_PART_PROCESS, &options, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "env: one is NULL");
  options.env = NULL;
  CHECK_ERROR(jsvm_context_install(context, JSVM_PART_PROCESS, &options, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "env: ");
  JS_STR(context, "typeof process", "undefined");
  options.env = env;
  options.env_count = 3;
  CHECK_OK(jsvm_context_install(context, JSVM_PART_PROCESS, &options, &error), &error);
  JS_STR(context, "JSON.stringify([process.argv, process.execArgv, process.env, process.execPath])",
         "[[\"/bin/host\",\"script.js\",\"--x\"],[\"--flag\"],{\"A\":\"1\",\"B\":\"x=y\\nz\",\"EMPTY\":\"\"},\"/bin/host\"]");
  /* As Node's: strings only. It is the guest's own copy. */
  JS_STR(context, "process.env.N = 5; process.env.U = undefined; Object.defineProperty(process.env, 'D', { value: 7, writable: true,"
                  "enumerable: true, configurable: true }); delete process.env.A; let e; try { process.env.S = Symbol() } catch (x) { e = x.name }"
                  "JSON.stringify(process.env) + e + ('A' in process.env) + process.env.hasOwnProperty('B')",
         "{\"B\":\"x=y\\nz\",\"EMPTY\":\"\",\"N\":\"5\",\"U\":\"undefined\",\"D\":\"7\"}TypeErrorfalsetrue");
  /* Said once. */
  CHECK_OK(jsvm_context_install(context, JSVM_PART_PROCESS, NULL, &error), &error);
  JS_STR(context, "process.argv.join()", "/bin/host,script.js,--x");
  end();
  /* Nothing of the host's, unless it says so. */
  begin();
  JS_STR(context, "JSON.stringify([process.argv, process.execArgv, process.env])", "[[],[],{}]");
  JS_STR(context, "const d = Object.getOwnPropertyDescriptor(globalThis, 'process'); [d.enumerable, d.configurable, d.writable,"
                  "String(process), process.version.startsWith('v' + process.versions.node), typeof process.versions.v8, typeof process.versions.jsvm,"
                  "process.title, typeof process.pid, process.platform, typeof process.arch, process.cwd()[0], process.kill, process.abort].join()",
         "false,true,true,[object process],true,string,string,jsvm,number,linux,string,/,,");
  JS_TRUE(context, "const a = process.hrtime(), b = process.hrtime.bigint(); busy: for (const end = Date.now() + 3; Date.now() < end;);"
                   "const d1 = process.hrtime(a); d1[0] === 0 && d1[1] >= 1e6 && process.hrtime.bigint() - b >= 1000000n && process.uptime() > 0"
                   "&& process.uptime() < 1000 && typeof process.memoryUsage().heapUsed === 'number' && process.memoryUsage.rss() > 1e6");
  JS_STR(context, "[() => process.hrtime(1), () => process.hrtime([1]), () => process.nextTick(1), () => process.on('x', 1)].map((f) => {"
                  "try { f() } catch (e) { return e.code } }).join()",
         "ERR_INVALID_ARG_TYPE,ERR_OUT_OF_RANGE,ERR_INVALID_ARG_TYPE,ERR_INVALID_ARG_TYPE");
  end();
}

static uint32_t evaluates(void *userdata, const jsvm_call *call, jsvm_slot *result) {
  jsvm_error *error = NULL;
  (void)userdata;
  (void)call;
  (void)result;
  CHECK_STATUS(js(context, "process.exit(4); log += 'never'", NULL, &error), JSVM_STATUS_TERMINATED, &error);
  return JSVM_STATUS_OK;
}

static void exits(void) {
  begin();
  jsvm_error *error = NULL;
  check_exit(0, false);
  JS_STR(context, "[[5, 1], ['6', 2], [undefined, 3], ['abc', 4], [1.5, 5], [{}, 6], ['', 7], [true, 8]].map(([code]) => {"
                  "try { process.exitCode = code; return String(process.exitCode) } catch (e) { return e.code.slice(4) } }).join()",
         "5,6,undefined,INVALID_ARG_TYPE,OUT_OF_RANGE,INVALID_ARG_TYPE,INVALID_ARG_TYPE,INVALID_ARG_TYPE");
  check_exit(0, false);
  JS_OK(context, "process.exitCode = '-3'");
  check_exit(-3, false);
  JS_OK(context, "process.on('exit', (code) => { log += `exit ${code} ${process.exitCode};`; process.nextTick(() => log += 'never');"
                 "process.exitCode = 9; process.exit() }); process.exitCode = undefined");
  CHECK_STATUS(js(context, "try { process.exit(7) } catch { log += 'never' } finally { log += 'never' }", NULL, &error),
               JSVM_STATUS_TERMINATED, &error);
  check_exit(9, true);
  /* 'exit' comes once; the host may go on. */
  JS_STR(context, "log", "exit 7 7;");
  CHECK_STATUS(js(context, "process.exit(2); log += 'never'", NULL, &error), JSVM_STATUS_TERMINATED, &error);
  check_exit(2, true);
  JS_STR(context, "log", "exit 7 7;");
  end();
  /* From a timer, a tick, a microtask: the call that runs it ends. */
  static const char *const sources[] = {
      "setTimeout(() => { process.exit(1); log += 'never' }, 1)",
      "setTimeout(() => process.nextTick(() => { process.exit(1); log += 'never' }), 1)",
      "setTimeout(() => Promise.resolve().then(() => { process.exit(1); log += 'never' }), 1)",
      "setImmediate(() => process.exit('1'))",
  };
  for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
    begin();
    JS_OK(context, sources[i]);
    CHECK_STATUS(run_tasks(&error), JSVM_STATUS_TERMINATED, &error);
    check_exit(1, true);
    JS_STR(context, "log", "");
    end();
  }
  /* From inside: the outermost call ends too. */
  begin();
  install(isolate, context, "evaluates", evaluates, NULL);
  CHECK_STATUS(js(context, "evaluates(); log += 'never'", NULL, &error), JSVM_STATUS_TERMINATED, &error);
  check_exit(4, true);
  JS_STR(context, "log", "");
  /* What throws in 'exit' is the caller's. */
  end();
  begin();
  CHECK_ERROR(js(context, "process.on('exit', () => { throw new Error('in exit') }); process.exit()", NULL, &error),
              JSVM_STATUS_EXCEPTION, &error, "in exit");
  end();
}

static void ticks(void) {
  begin();
  jsvm_error *error = NULL;
  jsvm_run_options limits = {.struct_size = sizeof limits, .timeout_ms = 50};
  JS_OK(context, "const say = (what) => () => { log += what + ' ' };"
                 "Promise.resolve().then(() => { log += 'p1 '; process.nextTick(say('t3')) }).then(say('p2'));"
                 "process.nextTick((a, b) => { log += 't1' + a + b + ' '; Promise.resolve().then(say('p3')); process.nextTick(say('t2')) }, 1, 2);"
                 "log += 'main '");
  JS_STR(context, "log", "main t112 t2 p1 p3 p2 t3 ");
  /* A stopped tick takes those behind it with it, and the microtasks, as V8 does with these: no chain goes on later. */
  static const char *const endless[] = {
      "log = ''; process.nextTick(() => { for (;;); }); process.nextTick(() => log += 'tick'); Promise.resolve().then(() => log += 'microtask')",
      "log = ''; (function f() { process.nextTick(f) })()",
      "log = ''; (function f() { process.nextTick(() => Promise.resolve().then(f)); Promise.resolve().then(() => {}) })()",
      "log = ''; Promise.resolve().then(() => { process.nextTick(() => log += 'tick'); for (;;); })",
      "log = ''; process.on('unhandledRejection', () => process.nextTick(() => { Promise.reject(1) })); Promise.reject(1)",
  };
  for (size_t i = 0; i < sizeof endless / sizeof *endless; i++) {
    CHECK_STATUS(jsvm_context_evaluate(context, endless[i], JSVM_AUTO_LENGTH, NULL, &limits, NULL, &error), JSVM_STATUS_TIMEOUT, &error);
    CHECK_OK(jsvm_context_evaluate(context, "0", JSVM_AUTO_LENGTH, NULL, &limits, NULL, &error), &error);
    JS_STR(context, "log", "");
  }
  /* What one throws ends the call; the others run. */
  CHECK_ERROR(js(context, "log = ''; process.nextTick(() => { throw new Error('tick') }); process.nextTick(say('next'))", NULL, &error),
              JSVM_STATUS_EXCEPTION, &error, "tick");
  JS_STR(context, "log", "next ");
  end();
  /* A context's own queue comes after its ticks. */
  begin();
  jsvm_context_options options = {.struct_size = sizeof options, .microtask_mode = JSVM_MICROTASK_MODE_AFTER_EVALUATE};
  jsvm_context *own = new_context(isolate, &options);
  install_process(own);
  JS_OK(own, "process.nextTick(() => { Promise.resolve().then(() => log += 'p'); log += 't' })");
  JS_STR(own, "log", "tp");
  jsvm_context_free(own);
  end();
}

static void uncaught(void) {
  begin();
  jsvm_error *error = NULL;
  JS_OK(context, "const taken = process.on('uncaughtException', (e, origin) => { log += `${e} ${origin};` });"
                 "setTimeout(() => { throw 'timer' }, 1); setImmediate(() => { throw 'immediate' }); setTimeout(() => queueMicrotask(() => { throw 'microtask' }), 2);"
                 "setTimeout(() => process.nextTick(() => { throw 'tick' }), 4)");
  CHECK_OK(run_tasks(&error), &error);
  JS_STR(context, "log.split(';').sort().join(';')",
         ";immediate uncaughtException;microtask uncaughtException;tick uncaughtException;timer uncaughtException");
  /* The call's own throw is the caller's. */
  CHECK_ERROR(js(context, "log = ''; throw new Error('mine')", NULL, &error), JSVM_STATUS_EXCEPTION, &error, "mine");
  JS_STR(context, "log", "");
  JS_OK(context, "process.removeAllListeners('uncaughtException').once('uncaughtException', () => { throw new Error('listener') });"
                 "setTimeout(() => { throw 1 }, 1); setTimeout(() => { throw new Error('nobody') }, 3)");
  CHECK_ERROR(run_tasks(&error), JSVM_STATUS_EXCEPTION, &error, "listener");
  CHECK_ERROR(run_tasks(&error), JSVM_STATUS_EXCEPTION, &error, "nobody");
  CHECK_OK(run_tasks(&error), &error);
  end();
}

static void told(void *userdata, const jsvm_value *promise, const jsvm_slot *reason) {
  (void)promise;
  CHECK_EQ_INT(reason->kind, JSVM_KIND_NUMBER);
  atomic_fetch_add((atomic_int *)userdata, (int)reason->number);
}

static void rejections(void) {
  begin();
  jsvm_error *error = NULL;
  atomic_int host = 0;
  CHECK_OK(jsvm_isolate_set_unhandled_rejection_callback(isolate, told, &host, NULL, &error), &error);
  /* Nobody in JavaScript: the host. */
  JS_OK(context, "Promise.reject(1); Promise.reject(2).catch(() => {}); const late = Promise.reject(3); late.catch(() => {})");
  CHECK_EQ_INT(atomic_load(&host), 1);
  /* A listener: not the host. After the microtasks; what it starts runs in the same call. */
  JS_OK(context, "const kept = Promise.reject(10); process.on('unhandledRejection', (reason, promise) => {"
                 "log += `${reason} ${promise === kept};`; Promise.resolve().then(() => log += 'then;'); process.nextTick(() => log += 'tick;') });"
                 "process.on('rejectionHandled', (promise) => log += `handled ${promise === kept};`); queueMicrotask(() => log += 'first;')");
  JS_STR(context, "log", "first;10 true;tick;then;");
  JS_OK(context, "log = ''; kept.catch(() => log += 'caught;')");
  JS_STR(context, "log", "caught;handled true;");
  CHECK_EQ_INT(atomic_load(&host), 1);
  /* In a timer, too. */
  JS_OK(context, "log = ''; setTimeout(() => { Promise.reject(20) }, 1)");
  CHECK_OK(run_tasks(&error), &error);
  JS_STR(context, "log", "20 false;tick;then;");
  /* The promise's own context decides. */
  jsvm_context *bare = new_context(isolate, NULL), *other = new_context(isolate, NULL);
  install_process(other);
  JS_OK(other, "process.on('unhandledRejection', (reason) => { log += reason })");
  JS_OK(context, "log = ''");
  JS_OK(bare, "Promise.reject(100)");
  CHECK_EQ_INT(atomic_load(&host), 101);
  JS_OK(other, "Promise.reject(5)");
  JS_STR(other, "log", "5");
  JS_STR(context, "log", "");
  jsvm_context_free(bare);
  jsvm_context_free(other);
  /* Only 'uncaughtException': it gets the reason; an error of its own where that is none. */
  JS_OK(context, "process.removeAllListeners(); process.on('uncaughtException', (e, origin) => { log += `${e.code ?? e.message} ${origin};` });"
                 "Promise.reject(new Error('r')); Promise.reject({ x: 1 })");
  JS_STR(context, "log", "r unhandledRejection;ERR_UNHANDLED_REJECTION unhandledRejection;");
  CHECK_EQ_INT(atomic_load(&host), 101);
  /* A listener that throws is uncaught. */
  CHECK_ERROR(js(context, "process.removeAllListeners(); process.on('unhandledRejection', () => { throw new Error('listener') }); Promise.reject(1)",
                 NULL, &error), JSVM_STATUS_EXCEPTION, &error, "listener");
  /* What a listener handles meanwhile is not told. */
  JS_OK(context, "process.removeAllListeners(); log = ''; process.on('unhandledRejection', (reason) => { log += reason; second.catch(() => {}) });"
                 "process.on('rejectionHandled', () => log += 'handled'); Promise.reject(1); const second = Promise.reject(2); Promise.reject(3)");
  JS_STR(context, "log", "13");
  /* Many that are handled later do not take quadratic time. */
  jsvm_run_options long_limits = {.struct_size = sizeof long_limits, .timeout_ms = LONG_MS};
  CHECK_OK(jsvm_context_evaluate(context, "process.removeAllListeners(); log = ''; Promise.allSettled(Array.from({ length: 3e5 }, (_, i) => Promise.reject(i)))"
                                 ".then((all) => log += all.length)", JSVM_AUTO_LENGTH, NULL, &long_limits, NULL, &error), &error);
  JS_STR(context, "log", "300000");
  CHECK_EQ_INT(atomic_load(&host), 101);
  /* One that rejects for ever is stopped. */
  jsvm_run_options limits = {.struct_size = sizeof limits, .timeout_ms = 50};
  CHECK_STATUS(jsvm_context_evaluate(context, "process.removeAllListeners(); process.on('unhandledRejection', () => { Promise.reject(1) }); Promise.reject(1)",
                                     JSVM_AUTO_LENGTH, NULL, &limits, NULL, &error), JSVM_STATUS_TIMEOUT, &error);
  CHECK_OK(jsvm_context_evaluate(context, "0", JSVM_AUTO_LENGTH, NULL, &limits, NULL, &error), &error);
  end();
}

static void streams(void) {
  begin();
  JS_STR(context, "const results = [process.stdout.write('out '), process.stdout.write(new Uint8Array([0x68, 0x69]), () => log += 'cb'),"
                  "process.stderr.write('err', 'utf8', () => log += 'cb'), process.stdout.isTTY, process.stdout.columns, process.stdout.fd, process.stderr.fd];"
                  "try { process.stdout.write(1) } catch (e) { results.push(e.code) } results.join()",
         "true,true,true,false,,1,2,ERR_INVALID_ARG_TYPE");
  JS_STR(context, "log", "cbcb");
  CHECK_STR(written[0], "out hi");
  CHECK_STR(written[1], "err");
  written[1][0] = '\0';
  JS_OK(context, "process.on('warning', (w) => log = `${w.name} ${w.message} ${w.code}`); process.emitWarning('careful', { type: 'T', code: 'C', detail: 'more' })");
  JS_STR(context, "log", "T careful C");
  CHECK(strstr(written[1], "[C] T: careful\nmore\n") != NULL);
  written[1][0] = '\0';
  JS_STR(context, "process.emitWarning(new RangeError('own')); try { process.emitWarning(1) } catch (e) { e.code }", "ERR_INVALID_ARG_TYPE");
  CHECK(strstr(written[1], ") RangeError: own\n") != NULL);
  written[1][0] = '\0';
  JS_OK(context, "process.execArgv.push('--no-warnings'); process.emitWarning('quiet', 'Kind', 'K')");
  JS_STR(context, "log", "Kind quiet K");
  CHECK_STR(written[1], "");
  /* What is written is the output, whatever the guest makes of the number. */
  written[0][0] = '\0';
  JS_OK(context, "process.stdout.fd = 77; process.stdout.write('still '); process.stdout.fd = { valueOf() { throw 1 } }; process.stdout.write('out')");
  CHECK_STR(written[0], "still out");
  end();
}

static void emitter(void) {
  begin();
  JS_OK(context, "const EventEmitter = Object.getPrototypeOf(Object.getPrototypeOf(process)).constructor; var e = new EventEmitter();"
                 "const say = (what) => (...args) => { log += what + args.join('') + ' ' }");
  JS_STR(context, "const a = say('a'), b = say('b'); e.on('x', a).addListener('x', b).prependListener('x', say('first')).once('x', say('once')).prependOnceListener('x', say('pre'));"
                  "const before = [e.emit('x', 1, 2), e.listenerCount('x'), e.emit('x'), e.emit('y'), e.eventNames().join()].join(); e.off('x', a);"
                  "e.emit('x'); log + before + ' ' + e.listeners('x').includes(b)",
         "pre12 first12 a12 b12 once12 first a b first b true,3,true,false,x true");
  /* A listener that comes or goes while an event is emitted; the same one twice; once, removed by its own function. */
  JS_STR(context, "log = ''; e = new EventEmitter(); const c = say('c'); e.on('x', () => { e.off('x', c); e.on('x', say('new')) }); e.on('x', c); e.emit('x');"
                  "log += '| '; e.removeAllListeners('x'); e.on('x', a); e.on('x', b); e.on('x', a); e.off('x', a); e.emit('x'); e.once('o', c); e.off('o', c);"
                  "e.removeAllListeners(); log + e.emit('x') + e.emit('o') + e.eventNames().length",
         "c | a b falsefalse0");
  JS_STR(context, "log = ''; e = new EventEmitter(); e.on('newListener', (name, f) => log += `+${name}${f === a} `).on('removeListener', (name, f) => log += `-${name}${f === a} `);"
                  "e.once('x', a); e.emit('x'); e.on('y', a); e.removeAllListeners('y'); e.removeAllListeners(); log",
         "+removeListenerfalse +xtrue -xtrue a +ytrue -ytrue -newListenerfalse ");
  JS_STR(context, "e = new EventEmitter(); [() => e.emit('error', new RangeError('mine')), () => e.emit('error', 5), () => e.on('x', 1), () => e.once('x')].map((f) => {"
                  "try { f() } catch (error) { return error.code ?? error.message } }).join()",
         "mine,ERR_UNHANDLED_ERROR,ERR_INVALID_ARG_TYPE,ERR_INVALID_ARG_TYPE");
  /* Old-style inheritance, symbols, and a promise of an event. */
  JS_OK(context, "function Old() { EventEmitter.call(this) } Object.setPrototypeOf(Old.prototype, EventEmitter.prototype); const old = new Old(), key = Symbol();"
                 "log = ''; old.on(key, say('symbol')); old.emit(key, 1); EventEmitter.once(old, 'soon').then((args) => log += args.join());"
                 "EventEmitter.once(old, 'never').catch((error) => log += error); old.emit('soon', 1, 2); old.emit('error', 'e')");
  JS_STR(context, "log + old.listenerCount('error') + (old instanceof EventEmitter)", "symbol1 1,2e0true");
  end();
}

int main(void) {
  RUN(options);
  RUN(exits);
  RUN(ticks);
  RUN(uncaught);
  RUN(rejections);
  RUN(streams);
  RUN(emitter);
  return FINISH();
}
