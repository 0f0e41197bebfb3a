/* console and inspect: what the host gets to see of them, and what guests cannot do with them. */
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

/* What was written, one after another; `writes` counts the calls. */
struct output {
  char text[2][400000];
  size_t len[2];
  int writes;
  atomic_int finalized;
  jsvm_context *again;
  jsvm_isolate *ending;
};

static void written(void *userdata, uint32_t stream, const char *data, size_t len) {
  struct output *output = userdata;
  CHECK(stream == 1 || stream == 2);
  output->writes++;
  if (output->len[stream - 1] + len < sizeof output->text[0]) {
    memcpy(output->text[stream - 1] + output->len[stream - 1], data, len);
    output->len[stream - 1] += len;
    output->text[stream - 1][output->len[stream - 1]] = 0;
  }
  if (output->again != NULL) {
    JS_NUM(output->again, "20 + 22", 42);
  }
  if (output->ending != NULL) {
    CHECK_OK(jsvm_isolate_terminate(output->ending, NULL), NULL);
  }
}

static void finalize(void *userdata) {
  atomic_fetch_add(&((struct output *)userdata)->finalized, 1);
}

static struct output *new_output(void) {
  struct output *output = calloc(1, sizeof *output);
  if (output == NULL) {
    exit(1);
  }
  return output;
}

static void add_console(jsvm_context *context, struct output *output) {
  jsvm_error *error = NULL;
  jsvm_install_options options = {
      .struct_size = sizeof options, .write = written, .userdata = output, .finalizer = finalize};
  CHECK_OK(jsvm_context_install(context, JSVM_PART_CONSOLE, &options, &error), &error);
}

/* What a piece of JavaScript writes, and then forgets. */
static void check_written(jsvm_context *context, struct output *output, const char *source,
                          const char *out, const char *err, int line) {
  js_slot(context, source, NULL, __FILE__, line);
  check_string(output->text[0], out, source, __FILE__, line);
  check_string(output->text[1], err, source, __FILE__, line);
  output->len[0] = output->len[1] = 0;
  output->text[0][0] = output->text[1][0] = 0;
  output->writes = 0;
}

#define WRITES(source, out, err) check_written(context, output, source, out, err, __LINE__)

static void methods(void) {
  jsvm_isolate *isolate = new_isolate(NULL);
  jsvm_context *context = main_context(isolate);
  struct output *output = new_output();
  add_console(context, output);
  WRITES("console.log('a', 1, { b: [2] })", "a 1 { b: [ 2 ] }\n", "");
  WRITES("console.log(); console.info('i'); console.debug('d'); console.dirxml({ a: 1 })", "\ni\nd\n{ a: 1 }\n", "");
  WRITES("console.warn('w'); console.error('%s!', 'e')", "", "w\ne!\n");
  WRITES("const { log } = console; [1].forEach(log); new console.log.constructor('l', 'l(2)')(log)", "1 0 [ 1 ]\n2\n", "");
  WRITES("console.group('g'); console.log('a\\nb'); console.warn('w'); console.groupCollapsed(); console.log(1);"
         "console.groupEnd(); console.groupEnd(); console.groupEnd(); console.log(2)",
         "g\n  a\n  b\n    1\n2\n", "  w\n");
  WRITES("console.count(); console.count('a'); console.count(); console.countReset(); console.count(); console.countReset('no')",
         "default: 1\na: 1\ndefault: 2\ndefault: 1\n", "Warning: Count for 'no' does not exist\n");
  WRITES("console.assert(true, 'no'); console.assert(false); console.assert(0, 'x %s', 1); console.assert('', { a: 1 })", "",
         "Assertion failed\nAssertion failed: x 1\nAssertion failed { a: 1 }\n");
  WRITES("console.dir({ a: { b: {} } }, { depth: 0 })", "{ a: [Object] }\n", "");
  WRITES("console.table([{ a: 1 }, { b: '日本' }])",
         "┌─────────┬───┬────────┐\n│ (index) │ a │ b      │\n├─────────┼───┼────────┤\n│ 0       │ 1 │        │\n"
         "│ 1       │   │ '日本' │\n└─────────┴───┴────────┘\n", "");
  WRITES("console.table(5); try { console.table([], 5) } catch (e) { console.log(e.code) }", "5\nERR_INVALID_ARG_TYPE\n", "");
  WRITES("function here() { console.trace('t %d', 1) } here()", "",
         "Trace: t 1\n    at here (evalmachine.<anonymous>:1:27)\n    at evalmachine.<anonymous>:1:46\n");
  WRITES("console.timeEnd('t'); console.time('t'); console.time('t')", "",
         "Warning: No such label 't' for console.timeEnd()\nWarning: Label 't' already exists for console.time()\n");
  JS_OK(context, "console.timeLog('t', 'more'); console.timeEnd('t'); console.timeLog('t')");
  CHECK(begins(output->text[0], "t: ") && strstr(output->text[0], "ms more\nt: ") != NULL);
  JS_STR(context, "Object.prototype.toString.call(console) + Object.keys(console).includes('log') +"
                  "Object.keys(globalThis).includes('console')", "[object console]truefalse");
  /* One call, one write. */
  output->writes = 0;
  JS_OK(context, "console.log('a\\nb', { c: 'x'.repeat(5000) }); console.table([[1, 2]])");
  CHECK_EQ_INT(output->writes, 2);
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
  CHECK_OK(jsvm_flush_finalizers(LONG_MS), NULL);
  CHECK_EQ_INT(atomic_load(&output->finalized), 1);
  free(output);
}

static void options(void) {
  jsvm_isolate *isolate = new_isolate(NULL);
  jsvm_context *context = new_context(isolate, NULL);
  struct output *output = new_output(), *second = new_output();
  jsvm_error *error = NULL;
  jsvm_install_options given = {
      .struct_size = sizeof given, .write = written, .userdata = output, .finalizer = finalize};
  CHECK_ERROR(jsvm_context_install(NULL, JSVM_PART_CONSOLE, &given, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "context: ");
  CHECK_EQ_INT(atomic_load(&output->finalized), 1);
  CHECK_ERROR(jsvm_context_install(context, 1u << 30, &given, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "parts: ");
  CHECK_EQ_INT(atomic_load(&output->finalized), 2);
  given.write = NULL;
  CHECK_OK(jsvm_context_install(context, 0, &given, &error), &error);
  CHECK_EQ_INT(atomic_load(&output->finalized), 3);
  given.struct_size = 3;
  CHECK_ERROR(jsvm_context_install(context, 0, &given, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "struct_size");
  CHECK_EQ_INT(atomic_load(&output->finalized), 3);

  /* Without a console there is V8's, which says nothing. The second `write` takes the place of the first. */
  JS_OK(context, "console.log('nobody hears')");
  add_console(context, output);
  JS_OK(context, "globalThis.kept = console; console.log(1)");
  add_console(context, second);
  JS_OK(context, "console.log(2); kept.log(3)");
  CHECK_STR(output->text[0], "1\n");
  CHECK_STR(second->text[0], "2\n3\n");
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
  CHECK_OK(jsvm_flush_finalizers(LONG_MS), NULL);
  CHECK_EQ_INT(atomic_load(&output->finalized), 4);
  CHECK_EQ_INT(atomic_load(&second->finalized), 1);
  free(output);
  free(second);
}

static char *file(const char *name) {
  FILE *stream = fopen(name, "rb");
  char *text = calloc(1, 400000);
  if (stream == NULL || text == NULL || fread(text, 1, 399999, stream) == 0) {
    fprintf(stderr, "%s cannot be read\n", name);
    exit(1);
  }
  fclose(stream);
  return text;
}

/* Files that print the same in Node. */
static void as_node(void) {
  static const char *const names[] = {"inspect", "format", "inspect_random"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    char path[100];
    jsvm_isolate *isolate = new_isolate(NULL);
    jsvm_context *context = main_context(isolate);
    struct output *output = new_output();
    char *source, *expected, *at, *other;
    int line = 1;
    add_console(context, output);
    snprintf(path, sizeof path, "tests/js/%s.js", names[i]);
    source = file(path);
    snprintf(path, sizeof path, "tests/js/%s.expected", names[i]);
    expected = file(path);
    JS_OK(context, source);
    for (at = output->text[0], other = expected; *at == *other && *at != 0; at++, other++) {
      line += *at == '\n';
    }
    if (!CHECK(*at == *other)) {
      fprintf(stderr, "%s, line %d: \"%.60s\", expected \"%.60s\"\n", path, line, at, other);
    }
    free(source);
    free(expected);
    jsvm_context_free(context);
    jsvm_isolate_free(isolate);
    CHECK_OK(jsvm_flush_finalizers(LONG_MS), NULL);
    free(output);
  }
}

/* What belongs to another context is known by what it is. */
static void other_context(void) {
  jsvm_isolate *isolate = new_isolate(NULL);
  jsvm_context *context = main_context(isolate), *other = new_context(isolate, NULL);
  struct output *output = new_output();
  jsvm_value *value = js_value(other, "const e = new RangeError('m'); e.stack = 'RangeError: m\\n    at x (y:1:1)';"
                                      "[{ a: 1 }, [1], new Map([[1, 2]]), new Set([1]), new Date(0), /x/, e, () => {}, class A {},"
                                      " new (class B {}), Promise.resolve(1), new Uint8Array(2), Object.create(null), globalThis.Map]");
  jsvm_slot slot = handle_slot(value);
  add_console(context, output);
  give(isolate, context, "other", &slot);
  WRITES("console.log(other[0], other[1], other[2], other[3], other[4], other[5], other[7], other[8])",
         "{ a: 1 } [ 1 ] Map(1) { 1 => 2 } Set(1) { 1 } 1970-01-01T00:00:00.000Z /x/ [Function (anonymous)] [class A]\n", "");
  WRITES("console.log(other[9], other[10], other[11], other[12], other[13])",
         "B {} Promise { 1 } Uint8Array(2) [ 0, 0 ] [Object: null prototype] {} [Function: Map]\n", "");
  WRITES("console.log(other[6])", "RangeError: m\n    at x (y:1:1)\n", "");
  jsvm_value_free(value);
  jsvm_context_free(other);
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
  CHECK_OK(jsvm_flush_finalizers(LONG_MS), NULL);
  free(output);
}

/* A guest that changes the builtins changes nothing for console. */
static void changed_builtins(void) {
  jsvm_isolate *isolate = new_isolate(NULL);
  jsvm_context *context = main_context(isolate);
  struct output *output = new_output();
  add_console(context, output);
  JS_OK(context,
        "const values = [{ a: [1], 'b c': \"it's\\n\" }, [1, , 3], new Map([[1, { x: 1 }]]), new Set(['a']), new Date(0), 1n,"
        "  function f() {}, class A {}, Promise.resolve(1), new Map([[1, 2]]).entries(), new Uint8Array(2), Symbol('s'),"
        "  Array.from({ length: 8 }, (_, i) => i), (function () { return arguments })(1), new Number(1), new Error('m')];"
        "values[15].stack = 'Error: m\\n    at x (y:1:1)';"
        "const ours = console, { ownKeys } = Reflect, { defineProperty } = Object;"
        "const broken = { configurable: true, writable: true, value() { throw new Error('broken') } };"
        "const kinds = [Array, Map, Set, String, Symbol, Number, BigInt, RegExp, Date, Promise, Object, Function, Error, WeakMap,"
        "  Uint8Array, Object.getPrototypeOf(Uint8Array), Reflect, Math, JSON, Iterator];"
        "const holders = [];"
        "for (const kind of kinds) holders.push(kind, kind.prototype ?? kind);"
        "holders.push(Object.getPrototypeOf([][Symbol.iterator]()), Object.getPrototypeOf(new Map().entries()),"
        "  Object.getPrototypeOf(new Set().entries()));"
        "const keep = ['prototype', 'constructor', 'name', 'message', 'length', 'toString', 'stackTraceLimit', Symbol.toStringTag];"
        "const change = (holder) => {"
        "  const keys = ownKeys(holder);"
        "  for (let i = 0; i < keys.length; i++) {"
        "    let kept = false;"
        "    for (let j = 0; j < keep.length; j++) kept ||= keep[j] === keys[i];"
        "    try { if (!kept) defineProperty(holder, keys[i], broken) } catch {}"
        "  }"
        "};"
        "for (let i = 0; i < holders.length; i++) change(holders[i]);"
        "globalThis.Map = globalThis.Set = globalThis.String = globalThis.RegExp = undefined;");
  WRITES("for (let i = 0; i < values.length; i++) ours.log(values[i])",
         "{ a: [ 1 ], 'b c': \"it's\\n\" }\n[ 1, <1 empty item>, 3 ]\nMap(1) { 1 => { x: 1 } }\nSet(1) { 'a' }\n"
         "1970-01-01T00:00:00.000Z\n1n\n[Function: f]\n[class A]\nPromise { 1 }\n[Map Entries] { [ 1, 2 ] }\n"
         "Uint8Array(2) [ 0, 0 ]\nSymbol(s)\n[\n  0, 1, 2, 3,\n  4, 5, 6, 7\n]\n[Arguments] { '0': 1 }\n[Number: 1]\n"
         "Error: m\n    at x (y:1:1)\n", "");
  WRITES("ours.log('%s %d %i %f %j %o %O %c%%', 'a', 1, 2, 3, 4, 5, [6], '', 7)", "a 1 2 3 4 5 [ 6 ] % 7\n", "");
  WRITES("ours.group(1); ours.log(2); ours.groupEnd(); ours.count(); ours.assert(false, 'a')", "1\n  2\ndefault: 1\n",
         "Assertion failed: a\n");
  WRITES("ours.table([{ a: 1 }])", "┌─────────┬───┐\n│ (index) │ a │\n├─────────┼───┤\n│ 0       │ 1 │\n└─────────┴───┘\n", "");
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
  CHECK_OK(jsvm_flush_finalizers(LONG_MS), NULL);
  free(output);
}

static void guests_code(void) {
  jsvm_isolate *isolate = new_isolate(NULL);
  jsvm_context *context = main_context(isolate);
  struct output *output = new_output();
  jsvm_error *error = NULL;
  static const char *const endless[] = {
      "console.log({ get [Symbol.toStringTag]() { for (;;); } })",
      "console.log({ [custom]() { for (;;); } })",
      "console.dir({ get a() { for (;;); } }, { getters: true })",
      "console.log('%s', { toString() { for (;;); } })",
      "console.log('%d', { valueOf() { for (;;); } })",
      "console.log('%j', { toJSON() { for (;;); } })",
      "console.log(Object.create(new Proxy({}, { getPrototypeOf() { for (;;); } })))",
      "console.log({ [custom]: function f() { return { [custom]: f } } }, (() => { for (;;); })())",
      "for (;;) console.log('more')",
      "console.group = 1; console.table([new Proxy({}, {}), { get a() { for (;;); } }])",
  };
  add_console(context, output);
  JS_OK(context, "globalThis.custom = Symbol.for('nodejs.util.inspect.custom')");
  for (size_t i = 0; i < sizeof endless / sizeof *endless; i++) {
    char source[300];
    snprintf(source, sizeof source, "{ %s }", endless[i]);
    if (!CHECK_STATUS(js_ms(context, source, 50, NULL, &error), JSVM_STATUS_TIMEOUT, &error)) {
      fprintf(stderr, "%s\n", endless[i]);
    }
  }
  output->len[0] = output->len[1] = 0;
  output->text[0][0] = 0;
  CHECK_ERROR(js(context, "console.log(1, { [custom]() { throw new RangeError('from custom') } })", NULL, &error),
              JSVM_STATUS_EXCEPTION, &error, "from custom");
  CHECK_STR(output->text[0], "");
  /* What throws where nothing is asked of it is no error. */
  WRITES("console.log({ get a() { throw 1 }, get [Symbol.toStringTag]() { throw 2 } })",
         "{ a: [Getter], [Symbol(Symbol.toStringTag)]: [Getter] }\n", "");
  WRITES("console.log(new Proxy([1], new Proxy({}, { get() { throw 1 } })))", "[ 1 ]\n", "");
  WRITES("{ const e = new Error('m'); Object.defineProperty(e, 'stack', { get() { throw 1 } }); console.log(e) }", "[Error: m]\n", "");
  WRITES("{ const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); console.log(proxy) }", "<Revoked Proxy>\n", "");
  WRITES("console.log('\\ud800')", "\xEF\xBF\xBD\n", "");

  /* Deeper than the stack; and shared so often that it cannot be said in full. */
  JS_OK(context, "{ let deep = {}; for (let i = 0; i < 50000; i++) deep = { deep }; console.dir(deep, { depth: Infinity }) }");
  CHECK(strstr(output->text[0], "Inspection interrupted prematurely") != NULL || output->len[0] == 0);
  CHECK_OK(js_ms(context, "{ let wide = {}; for (let i = 0; i < 60; i++) wide = [wide, wide];"
                          "console.dir(wide, { depth: Infinity }) }", LONG_MS, NULL, &error), &error);
  WRITES("", output->text[0], output->text[1]);
  WRITES("console.log('after all')", "after all\n", "");
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
  CHECK_OK(jsvm_flush_finalizers(LONG_MS), NULL);
  free(output);
}

/* `write` may call in again, and end what writes. */
static void callbacks(void) {
  jsvm_isolate *isolate = new_isolate(NULL);
  jsvm_context *context = main_context(isolate);
  struct output *output = new_output();
  jsvm_error *error = NULL;
  add_console(context, output);
  output->again = context;
  WRITES("console.log(1)", "1\n", "");
  output->again = NULL;
  output->ending = isolate;
  CHECK_STATUS(js(context, "console.log(1); console.log(2); for (;;);", NULL, &error), JSVM_STATUS_TERMINATED, &error);
  output->ending = NULL;
  CHECK_STR(output->text[0], "1\n");
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
  CHECK_OK(jsvm_flush_finalizers(LONG_MS), NULL);
  free(output);
}

/* The process's own streams: pipes that are full, that nobody reads, that are read slowly. */
static void streams(void) {
  jsvm_isolate *isolate = new_isolate(NULL);
  jsvm_context *context = main_context(isolate);
  jsvm_error *error = NULL;
  int kept[2] = {dup(1), dup(2)};
  int out[2], err[2];
  char text[100000];
  size_t len = 0;
  ssize_t got;
  CHECK(pipe(out) == 0 && pipe(err) == 0);
  CHECK_OK(jsvm_context_install(context, JSVM_PART_CONSOLE, NULL, &error), &error);
  dup2(out[1], 1);
  close(out[1]);
  jsvm_status status = js(context, "console.log('to 1', { a: 1 })", NULL, NULL);
  CHECK_EQ_INT(status, JSVM_STATUS_OK);
  got = read(out[0], text, sizeof text);
  CHECK_BYTES(text, got < 0 ? 0 : (size_t)got, "to 1 { a: 1 }\n", 14);

  /* Nobody reads: the time of the call still counts. */
  status = js_ms(context, "for (;;) console.log('x'.repeat(9999))", 200, NULL, NULL);
  CHECK_EQ_INT(status, JSVM_STATUS_TIMEOUT);
  fcntl(out[0], F_SETFL, O_NONBLOCK);
  while ((got = read(out[0], text, sizeof text)) > 0) {
    len += (size_t)got;
  }
  CHECK(len > 40000);

  /* A pipe of the non-blocking kind that was full takes all of it in the end. */
  fcntl(1, F_SETFL, O_NONBLOCK);
  status = js(context, "console.log('y'.repeat(60000))", NULL, NULL);
  CHECK_EQ_INT(status, JSVM_STATUS_OK);
  for (len = 0; (got = read(out[0], text, sizeof text)) > 0;) {
    len += (size_t)got;
  }
  CHECK_EQ_INT(len, 60001);

  /* Nobody will ever read. */
  signal(SIGPIPE, SIG_IGN);
  close(out[0]);
  dup2(err[1], 2);
  close(err[1]);
  close(err[0]);
  status = js(context, "console.log('lost'); console.error('lost'); 'goes on'", NULL, NULL);
  dup2(kept[0], 1);
  dup2(kept[1], 2);
  close(kept[0]);
  close(kept[1]);
  CHECK_EQ_INT(status, JSVM_STATUS_OK);
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
}

int main(void) {
  RUN(methods);
  RUN(options);
  RUN(as_node);
  RUN(other_context);
  RUN(changed_builtins);
  RUN(guests_code);
  RUN(callbacks);
  RUN(streams);
  return FINISH();
}
