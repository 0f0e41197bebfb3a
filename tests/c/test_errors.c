/* Errors: what they say, of hostile values too; without guest code; on other threads; after the isolate. */
#include "guest.h"

static jsvm_isolate *isolate;
static jsvm_context *context;

/* The error of what throws: the caller's to free. */
static jsvm_error *thrown(const char *source) {
  jsvm_error *error = NULL;
  jsvm_status status = js(context, source, NULL, &error);
  if (!CHECK_EQ_INT(status, JSVM_STATUS_EXCEPTION)) {
    fprintf(stderr, "of %s: %s\n", source, error != NULL ? jsvm_error_message(error) : "no error");
  }
  return error;
}

static void fields(void) {
  jsvm_error *error = thrown("function inner() {\n  throw Object.assign(new RangeError('too far'), "
                             "{code: 'E_FAR'});\n}\nfunction outer() { inner() }\nouter();");
  jsvm_frame frame;
  jsvm_slot slot;
  CHECK_EQ_INT(jsvm_error_status(error), JSVM_STATUS_EXCEPTION);
  CHECK_STR(jsvm_error_name(error), "RangeError");
  CHECK_STR(jsvm_error_message(error), "too far");
  CHECK_STR(jsvm_error_code(error), "E_FAR");
  CHECK_STR(jsvm_error_stack(error),
            "RangeError: too far\n    at inner (evalmachine.<anonymous>:2:23)\n"
            "    at outer (evalmachine.<anonymous>:4:20)\n    at evalmachine.<anonymous>:5:1");
  CHECK_STR(jsvm_error_filename(error), "evalmachine.<anonymous>");
  CHECK_EQ_INT(jsvm_error_line(error), 2);
  CHECK_EQ_INT(jsvm_error_column(error), 3);
  CHECK(begins(jsvm_error_source_line(error), "  throw Object"));
  CHECK(begins(jsvm_error_arrow(error), "evalmachine.<anonymous>:2\n  throw Object"));
  CHECK(strstr(jsvm_error_arrow(error), "\n  ^\n") != NULL);
  CHECK_EQ_INT(jsvm_error_frame_count(error), 3);
  CHECK_EQ_INT(jsvm_error_frame(error, 1, &frame), JSVM_STATUS_OK);
  CHECK_STR(frame.function, "outer");
  CHECK_EQ_INT(frame.line, 4);
  CHECK_EQ_INT(frame.column, 20);
  CHECK_EQ_INT(jsvm_error_frame(error, 3, &frame), JSVM_STATUS_INVALID_ARGUMENT);
  CHECK(frame.function == NULL && frame.filename == NULL && frame.line == 0);
  CHECK_EQ_INT(jsvm_error_frame(error, (size_t)-1, &frame), JSVM_STATUS_INVALID_ARGUMENT);
  CHECK_EQ_INT(jsvm_error_frame(error, 0, NULL), JSVM_STATUS_INVALID_ARGUMENT);
  CHECK_EQ_INT(jsvm_error_exception(error, NULL), JSVM_STATUS_INVALID_ARGUMENT);
  CHECK(jsvm_error_cause(error) == NULL);
  /* The value, as often as it is asked for. */
  for (int i = 0; i < 3; i++) {
    CHECK_EQ_INT(jsvm_error_exception(error, &slot), JSVM_STATUS_OK);
    CHECK_EQ_INT(slot.kind, JSVM_KIND_OBJECT);
    CHECK(slot.flags & JSVM_FLAG_ERROR);
    give(isolate, context, i == 0 ? "first" : "again", &slot);
    jsvm_slot_clear(&slot);
  }
  JS_TRUE(context, "first === again && first instanceof RangeError && first.code === 'E_FAR'");
  jsvm_error_free(error);
  CHECK(jsvm_error_message(error) == NULL);
  jsvm_error_free(error);
}

static void frame_flags(void) {
  jsvm_error *error = thrown("class A { constructor() { eval('throw new Error(1)') } }\n"
                             "const make = () => new A();\n[1].map(make)");
  jsvm_frame frame;
  int evals = 0, made = 0;
  for (size_t i = 0; i < jsvm_error_frame_count(error); i++) {
    CHECK_EQ_INT(jsvm_error_frame(error, i, &frame), JSVM_STATUS_OK);
    evals += frame.is_eval;
    made += strcmp(frame.function, "make") == 0;
    CHECK(!frame.is_wasm);
  }
  CHECK_EQ_INT(evals, 1);
  CHECK_EQ_INT(made, 1);
  jsvm_error_free(error);
  /* Of an Error's frames V8 does not tell which are constructors; of what is thrown otherwise it does. */
  error = thrown("function B() { throw 1 }\nnew B()");
  CHECK_EQ_INT(jsvm_error_frame(error, 0, &frame), JSVM_STATUS_OK);
  CHECK(frame.is_constructor);
  CHECK(strstr(jsvm_error_stack(error), "at new B (") != NULL);
  jsvm_error_free(error);
  /* Deep stacks have an end. */
  error = thrown("(function f(n) { if (n === 0) throw new Error('deep'); f(n - 1) })(500)");
  CHECK(jsvm_error_frame_count(error) > 5 && jsvm_error_frame_count(error) < 500);
  jsvm_error_free(error);
  error = thrown("(function f() { f() })()");
  CHECK_STR(jsvm_error_name(error), "RangeError");
  CHECK_STR(jsvm_error_message(error), "Maximum call stack size exceeded");
  jsvm_error_free(error);
}

static void primitives(void) {
  static const struct {
    const char *source, *message;
    uint32_t kind;
  } rows[] = {{"throw 'text'", "text", JSVM_KIND_STRING},
              {"throw 42", "42", JSVM_KIND_NUMBER},
              {"throw undefined", "undefined", JSVM_KIND_UNDEFINED},
              {"throw null", "null", JSVM_KIND_NULL},
              {"throw true", "true", JSVM_KIND_BOOLEAN},
              {"throw 10n", "10", JSVM_KIND_BIGINT},
              {"throw ''", "", JSVM_KIND_STRING},
              {"throw Symbol('s')", "Symbol(s)", JSVM_KIND_SYMBOL},
              {"throw {}", "#<Object>", JSVM_KIND_OBJECT},
              {"throw function named() {}", NULL, JSVM_KIND_FUNCTION},
              {"throw [1, 2]", NULL, JSVM_KIND_OBJECT},
              {"throw Object.create(null)", NULL, JSVM_KIND_OBJECT}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    jsvm_error *error = thrown(rows[i].source);
    jsvm_slot slot;
    CHECK_STR(jsvm_error_name(error), "");
    if (rows[i].message != NULL) {
      CHECK_STR(jsvm_error_message(error), rows[i].message);
    } else {
      CHECK(jsvm_error_message(error) != NULL);
    }
    CHECK(jsvm_error_code(error) == NULL);
    CHECK_EQ_INT(jsvm_error_line(error), 1);
    CHECK_EQ_INT(jsvm_error_column(error), 1);
    CHECK_STR(jsvm_error_source_line(error), rows[i].source);
    CHECK_EQ_INT(jsvm_error_exception(error, &slot), JSVM_STATUS_OK);
    CHECK_EQ_INT(slot.kind, rows[i].kind);
    jsvm_slot_clear(&slot);
    jsvm_error_free(error);
  }
}

static void errors_of_guests(void) {
  static const struct {
    const char *source, *name, *message, *code;
  } rows[] = {
      {"throw new (class MyError extends Error {})('m')", "Error", "m", NULL},
      {"class N extends Error {} N.prototype.name = 'N'; throw new N('m')", "N", "m", NULL},
      {"{ const e = new Error('m'); e.name = 'Own'; throw e }", "Own", "m", NULL},
      /* It is no error, whatever it says. */
      {"throw {name: 'Plain', message: 'm', code: 'C'}", "", "m", "C"},
      {"throw new Error()", "Error", "", NULL},
      {"{ const e = new Error('m'); e.code = 5; throw e }", "Error", "m", NULL},
      {"{ const e = new Error('m'); e.name = 5; e.message = {}; throw e }", "Error", "", NULL},
      {"{ const e = Object.freeze(new TypeError('m')); throw e }", "TypeError", "m", NULL},
      {"{ const e = new TypeError('m'); Object.setPrototypeOf(e, null); throw e }", "Error", "m",
       NULL},
      {"throw new AggregateError([1], 'm')", "AggregateError", "m", NULL},
      {"null.x", "TypeError", "Cannot read properties of null (reading 'x')", NULL},
      {"nope", "ReferenceError", "nope is not defined", NULL},
      {"{ const e = new Error('m'); delete e.stack; throw e }", "Error", "m", NULL},
      {"{ const e = new Error('m'); e.stack = 'mine'; throw e }", "Error", "m", NULL},
      {"throw new Error('\\ud83d\\ude00 \\u00e4')", "Error", "\xf0\x9f\x98\x80 \xc3\xa4", NULL},
      {"throw new Error('\\ud800')", "Error", "\xef\xbf\xbd", NULL}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    jsvm_error *error = thrown(rows[i].source);
    if (!(CHECK_STR(jsvm_error_name(error), rows[i].name) &
          CHECK_STR(jsvm_error_message(error), rows[i].message) &
          CHECK_STR(jsvm_error_code(error), rows[i].code))) {
      fprintf(stderr, "of %s\n", rows[i].source);
    }
    jsvm_error_free(error);
  }
}

/* Making the error runs no guest code: the guest counts, and would be heard. */
static void hostile(void) {
  static const char *const rows[] = {
      "throw {get message() { n++ }}",
      "throw {get name() { n++ }}",
      "throw {get stack() { n++ }}",
      "throw {get code() { n++ }}",
      "throw {get cause() { n++ }}",
      "throw {toString() { n++; return 'x' }}",
      "throw {valueOf() { n++; return 1 }, toString: null}",
      "throw {[Symbol.toPrimitive]() { n++; return 'x' }}",
      "throw {get [Symbol.toStringTag]() { n++; return 'x' }}",
      "throw {get constructor() { n++; return Error }}",
      "throw {__proto__: {get message() { n++ }, get name() { n++ }}}",
      "throw new Proxy({}, all)",
      "throw new Proxy(new Error('x'), all)",
      "throw new Proxy(() => {}, all)",
      "throw {__proto__: new Proxy({}, all)}",
      "{ const e = new Error('x'); Object.setPrototypeOf(e, new Proxy({}, all)); throw e }",
      "{ const {proxy, revoke} = Proxy.revocable({}, all); revoke(); throw proxy }",
      "throw {__proto__: (() => { const r = Proxy.revocable({}, all); r.revoke(); return r.proxy })()}",
      "{ const e = new Error('x'); Object.defineProperty(e, 'message', {get() { n++ }}); throw e }",
      "{ const e = new Error('x'); Object.defineProperty(e, 'name', {get() { n++ }}); throw e }",
      "{ const e = new Error('x'); Object.defineProperty(e, 'stack', {get() { n++ }}); throw e }",
      "{ const e = new Error('x'); Object.defineProperty(e, 'cause', {get() { n++ }}); throw e }",
      "{ const e = new Error('x'); e.toString = () => { n++; return '' }; throw e }",
      "throw new Error('x', {cause: {get message() { n++ }, toString() { n++ }}})",
      "throw new Error('x', {cause: new Proxy({}, all)})",
      "throw new Error('x', {cause: new Error('y', {cause: {[Symbol.toPrimitive]() { n++ }}})})",
      "throw new (class extends Error { get name() { n++; return 'C' } })('x')",
      "throw new (class extends Error { get [Symbol.toStringTag]() { n++; return 'C' } })('x')",
      "throw Object.assign(function () {}, {toString() { n++ }})",
      "throw Object.assign([], {toString() { n++ }, join() { n++ }})",
      "throw Object.assign(new Date(), {toString() { n++ }, [Symbol.toPrimitive]() { n++ }})",
      "Promise.reject(1); Object.defineProperty(Object.prototype, 'value', {get() { n++ }, set() { n++ },"
      " configurable: true}); throw new Error('x')",
      "delete Object.prototype.value; Error.prepareStackTrace = () => { n++; return 's' }; "
      "throw new Error('x')",
      "throw new (class extends Error {})('x')",
      "null.x",
      "Error.stackTraceLimit = {valueOf() { n++; return 1 }}; throw new Error('x')",
      "Object.defineProperty(Error, 'stackTraceLimit', {get() { n++; return 1 }}); throw Error('x')",
      "Object.defineProperty(globalThis, 'Error', {get() { n++ }}); throw 1",
      "String.prototype.toString = Object.prototype.toString = () => { n++; return '' }; throw {}",
      "Object.defineProperty(Function.prototype, 'name', {get() { n++ }}); (function () { throw 1 })()"};
  jsvm_isolate *own = new_isolate(NULL);
  jsvm_context *there = new_context(own, NULL);
  atomic_int heard = 0;
  install(own, there, "hear", count_call, &heard);
  JS_OK(there, "var n = 0; const all = new Proxy({}, {get(t, trap) { n++; hear(); return Reflect[trap] }})");
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    jsvm_error *error = NULL;
    jsvm_slot slot;
    JS_OK(there, "n = 0");
    CHECK_EQ_INT(js(there, rows[i], NULL, &error), JSVM_STATUS_EXCEPTION);
    CHECK(error != NULL);
    CHECK(jsvm_error_name(error) != NULL && jsvm_error_message(error) != NULL);
    jsvm_error_stack(error);
    jsvm_error_code(error);
    for (const jsvm_error *cause = error; cause != NULL; cause = jsvm_error_cause(cause)) {
      CHECK(jsvm_error_message(cause) != NULL);
    }
    CHECK_EQ_INT(jsvm_error_exception(error, &slot), JSVM_STATUS_OK);
    jsvm_slot_clear(&slot);
    jsvm_error_free(error);
    if (!JS_NUM(there, "n", 0)) {
      fprintf(stderr, "of %s\n", rows[i]);
    }
    CHECK_EQ_INT(atomic_load(&heard), 0);
    atomic_store(&heard, 0);
  }
  /* A promise's reason likewise. */
  {
    jsvm_value *promise;
    jsvm_error *error = NULL;
    JS_OK(there, "n = 0");
    promise = js_value(there, "Promise.reject({get message() { n++ }, toString() { n++ }})");
    CHECK_EQ_INT(jsvm_promise_await(promise, NULL, NULL, &error), JSVM_STATUS_EXCEPTION);
    jsvm_error_free(error);
    jsvm_value_free(promise);
    JS_NUM(there, "n", 0);
  }
  jsvm_context_free(there);
  jsvm_isolate_free(own);
}

static void causes(void) {
  jsvm_error *error = thrown("throw new Error('a', {cause: new TypeError('b', {cause: {message: 'c', "
                             "code: 'C', cause: 'd'}})})");
  const jsvm_error *cause = jsvm_error_cause(error);
  jsvm_slot slot;
  CHECK_STR(jsvm_error_name(cause), "TypeError");
  CHECK_STR(jsvm_error_message(cause), "b");
  CHECK(jsvm_error_cause(error) == cause);
  cause = jsvm_error_cause(cause);
  CHECK_STR(jsvm_error_message(cause), "c");
  CHECK_STR(jsvm_error_code(cause), "C");
  cause = jsvm_error_cause(cause);
  CHECK(cause != NULL && strstr(jsvm_error_message(cause), "d") != NULL);
  CHECK_STR(jsvm_error_message(cause), "d");
  CHECK_EQ_INT(jsvm_error_exception(cause, &slot), JSVM_STATUS_OK);
  CHECK_BYTES(slot.data, slot.len, "d", 1);
  jsvm_slot_clear(&slot);
  CHECK(jsvm_error_cause(cause) == NULL);
  jsvm_error_free(error);
  CHECK(jsvm_error_message(cause) == NULL);
  /* A cause of null is one; of undefined, or none, is not. */
  error = thrown("throw new Error('a', {cause: undefined})");
  CHECK(jsvm_error_cause(error) == NULL);
  jsvm_error_free(error);
  error = thrown("throw new Error('a', {cause: null})");
  CHECK(jsvm_error_cause(error) != NULL);
  jsvm_error_free(error);
  /* A circle and a long chain end. */
  error = thrown("{ const e = new Error('a'); e.cause = e; throw e }");
  CHECK(jsvm_error_cause(error) != NULL);
  jsvm_error_free(error);
  error = thrown("{ let e = new Error('0'); for (let i = 1; i < 1e5; i++) e = new Error(i, {cause: e}); throw e }");
  CHECK_STR(jsvm_error_message(error), "99999");
  CHECK_STR(jsvm_error_message(jsvm_error_cause(error)), "99998");
  jsvm_error_free(error);
}

static void nuls(void) {
  jsvm_error *error = thrown("throw new Error('a\\0b')");
  jsvm_slot slot;
  CHECK(begins(jsvm_error_message(error), "a"));
  /* Nothing is lost after the NUL. */
  CHECK(jsvm_error_message(error)[strlen(jsvm_error_message(error)) - 1] == 'b');
  jsvm_error_free(error);
  error = thrown("throw 'a\\0b'");
  CHECK_EQ_INT(jsvm_error_exception(error, &slot), JSVM_STATUS_OK);
  CHECK_BYTES(slot.data, slot.len, "a\0b", 3);
  jsvm_slot_clear(&slot);
  jsvm_error_free(error);
  error = thrown("{ const e = new Error('\\0'); e.name = '\\0N'; e.code = '\\0C'; throw e }");
  CHECK(strchr(jsvm_error_name(error), 'N') != NULL);
  CHECK(strchr(jsvm_error_code(error), 'C') != NULL);
  jsvm_error_free(error);
  error = thrown("throw new Error('x'.repeat(3e6))");
  CHECK_EQ_INT(strlen(jsvm_error_message(error)), 3000000);
  jsvm_error_free(error);
}

static void *read_elsewhere(void *data) {
  const jsvm_error *error = data;
  jsvm_frame frame;
  jsvm_slot slot;
  for (int i = 0; i < 500; i++) {
    CHECK_STR(jsvm_error_message(error), "m");
    CHECK_STR(jsvm_error_message(jsvm_error_cause(error)), "c");
    CHECK_EQ_INT(jsvm_error_frame(error, 0, &frame), JSVM_STATUS_OK);
    CHECK_STR(frame.function, "f");
    CHECK_EQ_INT(jsvm_error_exception(error, &slot), JSVM_STATUS_OK);
    jsvm_slot_clear(&slot);
  }
  return NULL;
}

static void elsewhere_and_later(void) {
  jsvm_isolate *own = new_isolate(NULL);
  jsvm_context *there = new_context(own, NULL);
  jsvm_error *error = NULL, *none = NULL;
  pthread_t threads[4];
  const char *message;
  CHECK_EQ_INT(js(there, "(function f() { throw new Error('m', {cause: new Error('c')}) })()", NULL,
                  &error), JSVM_STATUS_EXCEPTION);
  message = jsvm_error_message(error);
  /* No lock: another thread holds the isolate meanwhile. */
  CHECK_OK(jsvm_isolate_enter(own, NULL, &none), &none);
  for (int i = 0; i < 4; i++) {
    pthread_create(&threads[i], NULL, read_elsewhere, error);
  }
  for (int i = 0; i < 4; i++) {
    pthread_join(threads[i], NULL);
  }
  CHECK_OK(jsvm_isolate_exit(own, &none), &none);
  jsvm_context_free(there);
  jsvm_isolate_free(own);
  read_elsewhere(error);
  CHECK(jsvm_error_message(error) == message);
  jsvm_error_free(error);
}

static void without_error(void) {
  jsvm_value *value = NULL;
  CHECK_EQ_INT(js(context, "throw 1", NULL, NULL), JSVM_STATUS_EXCEPTION);
  CHECK_EQ_INT(js(NULL, "throw 1", NULL, NULL), JSVM_STATUS_INVALID_ARGUMENT);
  CHECK_EQ_INT(js_ms(context, "for (;;) ;", 30, NULL, NULL), JSVM_STATUS_TIMEOUT);
  CHECK_EQ_INT(jsvm_context_global(NULL, &value, NULL), JSVM_STATUS_INVALID_ARGUMENT);
  CHECK_EQ_INT(jsvm_live_handles(JSVM_HANDLE_KIND_ERROR), 0);
  /* On success it is set to NULL, whatever was there. */
  {
    jsvm_error *error = (jsvm_error *)&value;
    CHECK_EQ_INT(js(context, "1", NULL, &error), JSVM_STATUS_OK);
    CHECK(error == NULL);
  }
  CHECK_EQ_INT(jsvm_error_status(NULL), JSVM_STATUS_INVALID_ARGUMENT);
  CHECK(jsvm_error_name(NULL) == NULL && jsvm_error_message(NULL) == NULL);
  CHECK(jsvm_error_stack(NULL) == NULL && jsvm_error_cause(NULL) == NULL);
  CHECK_EQ_INT(jsvm_error_frame_count(NULL), 0);
  jsvm_error_free(NULL);
}

/* A kill has the guest's stack; misuse has none. */
static void kills(void) {
  static const char source[] =
      "function leaf() { for (;;) ; }\nfunction middle() { leaf() }\nmiddle()";
  jsvm_run_options options = {.struct_size = sizeof options, .timeout_ms = 50};
  jsvm_error *error = NULL;
  jsvm_frame frame;
  jsvm_slot slot;
  CHECK_EQ_INT(jsvm_context_evaluate(context, source, JSVM_AUTO_LENGTH, NULL, &options, NULL,
                                     &error), JSVM_STATUS_TIMEOUT);
  CHECK_EQ_INT(jsvm_error_status(error), JSVM_STATUS_TIMEOUT);
  CHECK_STR(jsvm_error_name(error), "Error");
  CHECK_STR(jsvm_error_code(error), "ERR_SCRIPT_EXECUTION_TIMEOUT");
  /* Node's words: spec/errors.md. */
  CHECK_STR(jsvm_error_message(error), "Script execution timed out after 50ms");
  CHECK_EQ_INT(jsvm_error_frame_count(error), 3);
  if (CHECK_EQ_INT(jsvm_error_frame(error, 0, &frame), JSVM_STATUS_OK)) {
    CHECK_STR(frame.function, "leaf");
    CHECK_EQ_INT(frame.line, 1);
  }
  if (CHECK_EQ_INT(jsvm_error_frame(error, 1, &frame), JSVM_STATUS_OK)) {
    CHECK_STR(frame.function, "middle");
    CHECK_EQ_INT(frame.line, 2);
  }
  if (CHECK(jsvm_error_stack(error) != NULL)) {
    CHECK(strstr(jsvm_error_stack(error), "at leaf (evalmachine.<anonymous>:1:") != NULL);
    CHECK(strstr(jsvm_error_stack(error), "at middle (evalmachine.<anonymous>:2:") != NULL);
  }
  CHECK_STR(jsvm_error_filename(error), "evalmachine.<anonymous>");
  CHECK_EQ_INT(jsvm_error_line(error), 1);
  /* Nothing was thrown. */
  memset(&slot, 0xaa, sizeof slot);
  CHECK_EQ_INT(jsvm_error_exception(error, &slot), JSVM_STATUS_WRONG_STATE);
  CHECK_EQ_INT(slot.kind, JSVM_KIND_UNDEFINED);
  jsvm_error_free(error);
  options = (jsvm_run_options){.struct_size = sizeof options, .cpu_time_ms = 50};
  CHECK_EQ_INT(jsvm_context_evaluate(context, source, JSVM_AUTO_LENGTH, NULL, &options, NULL,
                                     &error), JSVM_STATUS_CPU_TIME);
  CHECK(jsvm_error_code(error) == NULL);
  CHECK(jsvm_error_stack(error) != NULL && strstr(jsvm_error_stack(error), "leaf") != NULL);
  jsvm_error_free(error);
  {
    jsvm_isolate_options small = {.struct_size = sizeof small, .heap_limit = 32 << 20};
    jsvm_isolate *own = new_isolate(&small);
    jsvm_context *there = main_context(own);
    CHECK_EQ_INT(js(there, "function eat() { const a = []; for (;;) a.push({a}) }\neat()", NULL,
                    &error), JSVM_STATUS_OUT_OF_MEMORY);
    CHECK(jsvm_error_stack(error) != NULL && strstr(jsvm_error_stack(error), "eat") != NULL);
    jsvm_error_free(error);
    JS_NUM(there, "1 + 1", 2);
    jsvm_context_free(there);
    jsvm_isolate_free(own);
  }
  /* A token that was triggered before: no JavaScript was on the stack. */
  {
    jsvm_cancel *cancel = NULL;
    CHECK_OK(jsvm_cancel_new(&cancel, &error), &error);
    CHECK_EQ_INT(jsvm_cancel_trigger(cancel, NULL), JSVM_STATUS_OK);
    options = (jsvm_run_options){.struct_size = sizeof options, .cancel = cancel};
    CHECK_EQ_INT(jsvm_context_evaluate(context, source, JSVM_AUTO_LENGTH, NULL, &options, NULL,
                                       &error), JSVM_STATUS_CANCELLED);
    CHECK(jsvm_error_stack(error) == NULL);
    CHECK_EQ_INT(jsvm_error_frame_count(error), 0);
    CHECK(jsvm_error_filename(error) == NULL && jsvm_error_arrow(error) == NULL);
    CHECK_EQ_INT(jsvm_error_line(error), 0);
    CHECK_EQ_INT(jsvm_error_column(error), 0);
    jsvm_error_free(error);
    jsvm_cancel_free(cancel);
  }
  CHECK_EQ_INT(js(NULL, "1", NULL, &error), JSVM_STATUS_INVALID_ARGUMENT);
  CHECK_EQ_INT(jsvm_error_status(error), JSVM_STATUS_INVALID_ARGUMENT);
  CHECK_STR(jsvm_error_name(error), "Error");
  CHECK(jsvm_error_stack(error) == NULL && jsvm_error_code(error) == NULL);
  CHECK(jsvm_error_source_line(error) == NULL);
  jsvm_error_free(error);
}

/* What has no place: thrown by a builtin, without JavaScript on the stack. */
static void without_place(void) {
  jsvm_value *promise = js_value(context, "Promise.reject(5)");
  jsvm_error *error = NULL;
  CHECK_EQ_INT(jsvm_promise_await(promise, NULL, NULL, &error), JSVM_STATUS_EXCEPTION);
  CHECK_STR(jsvm_error_message(error), "5");
  CHECK_EQ_INT(jsvm_error_line(error), 0);
  CHECK_EQ_INT(jsvm_error_column(error), 0);
  CHECK(jsvm_error_arrow(error) == NULL);
  /* "NULL if no JavaScript was on the stack." */
  CHECK(jsvm_error_stack(error) == NULL);
  jsvm_error_free(error);
  jsvm_value_free(promise);
  /* An error keeps the place at which it was made. */
  promise = js_value(context, "\n\nPromise.reject(new Error('late'))");
  CHECK_EQ_INT(jsvm_promise_await(promise, NULL, NULL, &error), JSVM_STATUS_EXCEPTION);
  CHECK_STR(jsvm_error_message(error), "late");
  CHECK_EQ_INT(jsvm_error_line(error), 3);
  jsvm_error_free(error);
  jsvm_value_free(promise);
}

int main(void) {
  isolate = new_isolate(NULL);
  context = new_context(isolate, NULL);
  RUN(fields);
  RUN(frame_flags);
  RUN(primitives);
  RUN(errors_of_guests);
  RUN(hostile);
  RUN(causes);
  RUN(nuls);
  RUN(elsewhere_and_later);
  RUN(without_error);
  RUN(kills);
  RUN(without_place);
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
  return FINISH();
}
