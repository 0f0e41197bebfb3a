/* Functions compiled from their body: parameters, places, extensions, cached data, what V8 refuses without a word. */
#include "guest.h"

static jsvm_isolate *isolate;
static jsvm_context *context;

#define PLAIN ((jsvm_compile_function_options){0})

static jsvm_status compile(const char *body, const char *const *params, size_t count,
                           jsvm_compile_function_options options, jsvm_value **result, jsvm_error **error) {
  jsvm_str names[8];
  CHECK(count <= 8);
  for (size_t i = 0; i < count; i++) {
    names[i] = (jsvm_str){params[i], JSVM_AUTO_LENGTH};
  }
  options.struct_size = sizeof options;
  return jsvm_context_compile_function(context, body, JSVM_AUTO_LENGTH, names, count, &options, result,
                                       NULL, NULL, error);
}

/* Compiles without parameters, and calls. */
static void gives(const char *body, jsvm_compile_function_options options, double expected) {
  jsvm_value *function = NULL;
  jsvm_error *error = NULL;
  jsvm_slot slot;
  if (CHECK_OK(compile(body, NULL, 0, options, &function, &error), &error)) {
    CHECK_OK(jsvm_function_call(function, NULL, NULL, 0, NULL, &slot, &error), &error);
    CHECK_EQ_NUM(slot.number, expected);
    jsvm_slot_clear(&slot);
  }
  jsvm_value_free(function);
}

/* The function is refused with an Error of that class, whose message has the part. */
static void refused(const char *body, const char *const *params, size_t count,
                    jsvm_compile_function_options options, const char *name, const char *part) {
  jsvm_value *function = (jsvm_value *)&options;
  jsvm_error *error = NULL;
  CHECK_EQ_INT(compile(body, params, count, options, &function, &error), JSVM_STATUS_EXCEPTION);
  CHECK(function == NULL);
  CHECK_STR(jsvm_error_name(error), name);
  CHECK(strstr(jsvm_error_message(error), part) != NULL);
  jsvm_error_free(error);
}

static jsvm_value *object(const char *source) {
  jsvm_slot slot = {0};
  CHECK_EQ_INT(js(context, source, &slot, NULL), JSVM_STATUS_OK);
  return slot.handle;
}

static void calls(void) {
  static const char *const params[] = {"a", "b"};
  jsvm_value *function = NULL;
  jsvm_error *error = NULL;
  jsvm_slot slot, args[2] = {{.kind = JSVM_KIND_NUMBER, .number = 40}, {.kind = JSVM_KIND_NUMBER, .number = 2}};
  CHECK_OK(compile("return a + b", params, 2, PLAIN, &function, &error), &error);
  CHECK_OK(jsvm_function_call(function, NULL, args, 2, NULL, &slot, &error), &error);
  CHECK_EQ_NUM(slot.number, 42);
  jsvm_value_free(function);
  gives("", PLAIN, 0);
  gives("return this === globalThis ? 1 : 0", PLAIN, 1);
  gives("return new.target === undefined ? 1 : 0", PLAIN, 1);
  gives("// a comment", PLAIN, 0);
  gives("#!/usr/bin/env jsvm\nreturn 1", PLAIN, 1);
  CHECK_OK(jsvm_context_compile_function(context, "return 7 //X", 8, NULL, 0, NULL, &function, NULL, NULL, &error),
           &error);
  CHECK_OK(jsvm_function_call(function, NULL, NULL, 0, NULL, &slot, &error), &error);
  CHECK_EQ_NUM(slot.number, 7);
  jsvm_value_free(function);
  /* It is of the context that it was compiled in, and sees no variables of a caller. */
  {
    jsvm_context *other = new_context(isolate, NULL);
    jsvm_slot made;
    CHECK_OK(js(other, "globalThis.n = 3; let m = 4", NULL, &error), &error);
    CHECK_OK(jsvm_context_compile_function(other, "return [n, m]", JSVM_AUTO_LENGTH, NULL, 0, NULL, &function, NULL,
                                           NULL, &error), &error);
    CHECK_OK(js(context, "((f, n) => { const m = 2; const made = f(); return made instanceof Array ? 0 : 10 * made[0] + made[1] })",
                &made, &error), &error);
    args[0] = (jsvm_slot){.kind = JSVM_KIND_FUNCTION, .handle = function};
    CHECK_OK(jsvm_function_call(made.handle, NULL, args, 2, NULL, &slot, &error), &error);
    CHECK_EQ_NUM(slot.number, 34);
    jsvm_slot_clear(&made);
    jsvm_value_free(function);
    jsvm_context_free(other);
  }
}

static void params(void) {
  static const char *const good[] = {"if", "this", "a\xc3\xa4", "$_0", "\xe5\x90\x8d", "arguments", "eval", "let"};
  static const char *const twice[] = {"a", "a"};
  static const char *const bad[] = {"",      "a=1", "...a", "a,b",  "a b",  "1a",   "{a}",          "[a]",
                                    "a){}(", "a\n", " a",   "a/**/", "a//", "-",    "\xf0\x9d\x93\x90", "\xe2\x80\xa8"};
  jsvm_value *function = NULL;
  jsvm_error *error = NULL;
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    CHECK_OK(compile("return 1", &good[i], 1, PLAIN, &function, &error), &error);
    jsvm_value_free(function);
  }
  CHECK_OK(compile("'use strict'; return a", twice, 2, PLAIN, &function, &error), &error);
  jsvm_value_free(function);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    const char *list[] = {"a", bad[i], "b"};
    char part[64];
    snprintf(part, sizeof part, "Parameter '%s' is not an identifier", bad[i]);
    refused("return 1", list, 3, PLAIN, "SyntaxError", part);
  }
  /* A NUL in it. */
  {
    const jsvm_str name = {"a\0b", 3}, invalid = {"\xff", 1}, none = {NULL, 0};
    CHECK_STATUS(jsvm_context_compile_function(context, "", 0, &name, 1, NULL, &function, NULL, NULL, &error),
                 JSVM_STATUS_EXCEPTION, &error);
    CHECK_ERROR(jsvm_context_compile_function(context, "", 0, &invalid, 1, NULL, &function, NULL, NULL, &error),
                JSVM_STATUS_INVALID_ARGUMENT, &error, "params[0]: it is not UTF-8");
    CHECK_ERROR(jsvm_context_compile_function(context, "", 0, &none, 1, NULL, &function, NULL, NULL, &error),
                JSVM_STATUS_INVALID_ARGUMENT, &error, "params[0]: it is NULL");
    CHECK_ERROR(jsvm_context_compile_function(context, "", 0, NULL, 1, NULL, &function, NULL, NULL, &error),
                JSVM_STATUS_INVALID_ARGUMENT, &error, "params: ");
    CHECK(function == NULL);
  }
}

static void many_params(void) {
  enum { MOST = 65534 };
  static char text[MOST + 1][8];
  static jsvm_str names[MOST + 1];
  jsvm_value *function = NULL;
  jsvm_error *error = NULL;
  jsvm_slot slot, key = {.kind = JSVM_KIND_STRING, .data = "length", .len = 6};
  for (size_t i = 0; i <= MOST; i++) {
    snprintf(text[i], sizeof text[i], "p%zu", i);
    names[i] = (jsvm_str){text[i], JSVM_AUTO_LENGTH};
  }
  CHECK_OK(jsvm_context_compile_function(context, "return p65533", JSVM_AUTO_LENGTH, names, MOST, NULL, &function,
                                         NULL, NULL, &error), &error);
  CHECK_OK(jsvm_object_get(function, &key, NULL, &slot, &error), &error);
  CHECK_EQ_NUM(slot.number, MOST);
  CHECK_OK(jsvm_function_call(function, NULL, NULL, 0, NULL, &slot, &error), &error);
  CHECK_EQ_INT(slot.kind, JSVM_KIND_UNDEFINED);
  jsvm_value_free(function);
  CHECK_ERROR(jsvm_context_compile_function(context, "", 0, names, MOST + 1, NULL, &function, NULL, NULL, &error),
              JSVM_STATUS_INVALID_ARGUMENT, &error, "params: its count 65535");
  CHECK_ERROR(jsvm_context_compile_function(context, "", 0, names, SIZE_MAX, NULL, &function, NULL, NULL, &error),
              JSVM_STATUS_INVALID_ARGUMENT, &error, "params: its count");
}

static void syntax_errors(void) {
  static const struct {
    const char *body, *message, *arrow;
    uint32_t line, column;
  } rows[] = {
      {"})(); (function(){", "Unexpected token '}'", "f.js:5\n})(); (function(){\n^\n", 5, 11},
      {"}", "Unexpected token '}'", "f.js:5\n}\n^\n", 5, 11},
      {"return 1 }, function () {", "Unexpected token '}'", "f.js:5\nreturn 1 }, function () {\n         ^\n", 5, 20},
      {"/*", "Invalid or unexpected token", "f.js:5\n/*\n^^\n", 5, 11},
      {"\n  var a = ;", "Unexpected token ';'", "f.js:6\n  var a = ;\n          ^\n", 6, 11},
      {"import 'x'", "Cannot use import statement outside a module", "f.js:5\nimport 'x'\n^^^^^^\n", 5, 11},
      {"await 1", "await is only valid in async functions and the top level bodies of modules",
       "f.js:5\nawait 1\n^^^^^\n", 5, 11},
      {"super.x", "'super' keyword unexpected here", "f.js:5\nsuper.x\n^^^^^\n", 5, 11}};
  jsvm_compile_function_options options = {
      .filename = {"f.js", JSVM_AUTO_LENGTH}, .line_offset = 4, .column_offset = 10};
  jsvm_value *function = NULL;
  jsvm_error *error = NULL;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    CHECK_EQ_INT(compile(rows[i].body, NULL, 0, options, &function, &error), JSVM_STATUS_EXCEPTION);
    CHECK_STR(jsvm_error_name(error), "SyntaxError");
    CHECK_STR(jsvm_error_message(error), rows[i].message);
    CHECK_STR(jsvm_error_filename(error), "f.js");
    CHECK_EQ_INT(jsvm_error_line(error), rows[i].line);
    CHECK_EQ_INT(jsvm_error_column(error), rows[i].column);
    CHECK_STR(jsvm_error_arrow(error), rows[i].arrow);
    jsvm_error_free(error);
    error = NULL;
  }
}

static void places(void) {
  static const int32_t offsets[] = {INT32_MIN, -1, 0, INT32_MAX};
  jsvm_value *function = NULL;
  jsvm_error *error = NULL;
  CHECK_OK(compile("\n  throw new Error('x')", NULL, 0,
                   (jsvm_compile_function_options){.filename = {"f.jsXX", 4}, .line_offset = 4, .column_offset = 9},
                   &function, &error), &error);
  CHECK_EQ_INT(jsvm_function_call(function, NULL, NULL, 0, NULL, NULL, &error), JSVM_STATUS_EXCEPTION);
  CHECK_STR(jsvm_error_stack(error), "Error: x\n    at f.js:6:9");
  CHECK_STR(jsvm_error_arrow(error), "f.js:6\n  throw new Error('x')\n  ^\n");
  jsvm_error_free(error);
  jsvm_value_free(function);
  error = NULL;
  for (size_t i = 0; i < 16; i++) {
    const jsvm_compile_function_options options = {.line_offset = offsets[i / 4], .column_offset = offsets[i % 4]};
    CHECK_OK(compile("throw new Error('x')", NULL, 0, options, &function, &error), &error);
    CHECK_EQ_INT(jsvm_function_call(function, NULL, NULL, 0, NULL, NULL, &error), JSVM_STATUS_EXCEPTION);
    CHECK_STR(jsvm_error_message(error), "x");
    jsvm_error_free(error);
    jsvm_value_free(function);
    error = NULL;
    refused("x y", NULL, 0, options, "SyntaxError", "Unexpected identifier 'y'");
  }
}

static jsvm_compile_function_options extended(const jsvm_value *const *objects, size_t count) {
  return (jsvm_compile_function_options){.context_extensions = objects, .context_extension_count = count};
}

static void extensions(void) {
  jsvm_value *const outer = object("({x: 1, y: 2})"), *const inner = object("({x: 3})"),
                   *const array = object("[5]"), *const global = object("globalThis"),
                   *const function = object("Object.assign(() => 0, {z: 6})"), *const proxy = object("new Proxy({}, {})"),
                   *const symbol = object("Symbol()"),
                   *const getter = object("({get g() { throw new RangeError('g') }})");
  const jsvm_value *both[] = {outer, inner}, *odd[] = {array, global, function};
  jsvm_value *result = NULL;
  jsvm_error *error = NULL;
  gives("return 10 * x + y", extended(both, 2), 32);
  gives("return eval('10 * x + y')", extended(both, 2), 32);
  gives("return (() => () => 10 * x + y)()()", extended(both, 2), 32);
  gives("return length + z", extended(odd, 3), 6);
  /* V8 keeps what it has compiled: not for a function with other extensions, nor without. */
  refused("return x y", NULL, 0, extended(both, 2), "SyntaxError", "Unexpected identifier 'y'");
  JS_NUM(context, "var x = 7; x", 7);
  for (int i = 0; i < 3; i++) {
    gives("return x", PLAIN, 7);
    gives("return x", extended(both, 1), 1);
    gives("return x", extended(both, 2), 3);
  }
  /* It reads and writes the object itself. */
  gives("return x = 8", extended(both, 2), 8);
  gives("return x", extended(&both[1], 1), 8);
  JS_NUM(context, "x", 7);
  {
    const jsvm_value *throws[] = {getter};
    CHECK_OK(compile("return g", NULL, 0, extended(throws, 1), &result, &error), &error);
    CHECK_EQ_INT(jsvm_function_call(result, NULL, NULL, 0, NULL, NULL, &error), JSVM_STATUS_EXCEPTION);
    CHECK_STR(jsvm_error_name(error), "RangeError");
    jsvm_error_free(error);
    jsvm_value_free(result);
    error = NULL;
  }
  {
    const jsvm_value *bad[] = {outer, proxy};
    static const char *const name[] = {"a="};
    refused("return 1", NULL, 0, extended(bad, 2), "TypeError", "Context extension 1");
    refused("return 1", name, 1, extended(bad, 2), "SyntaxError", "Parameter 'a='");
    bad[1] = NULL;
    CHECK_ERROR(compile("", NULL, 0, extended(bad, 2), &result, &error), JSVM_STATUS_INVALID_ARGUMENT, &error,
                "options: context_extensions[1]: ");
    bad[1] = symbol;
    CHECK_ERROR(compile("", NULL, 0, extended(bad, 2), &result, &error), JSVM_STATUS_INVALID_ARGUMENT, &error,
                "options: context_extensions[1]: it is not an object");
    CHECK_ERROR(compile("", NULL, 0, extended(NULL, 2), &result, &error), JSVM_STATUS_INVALID_ARGUMENT, &error,
                "options: context_extensions: it is NULL");
  }
  {
    jsvm_isolate *other = new_isolate(NULL);
    jsvm_context *there = main_context(other);
    jsvm_slot slot;
    CHECK_OK(js(there, "({})", &slot, &error), &error);
    const jsvm_value *foreign[] = {slot.handle};
    CHECK_ERROR(compile("", NULL, 0, extended(foreign, 1), &result, &error), JSVM_STATUS_WRONG_ISOLATE, &error,
                "options: context_extensions[0]");
    jsvm_slot_clear(&slot);
    jsvm_context_free(there);
    jsvm_isolate_free(other);
  }
  {
    enum { MOST = 500 };
    const jsvm_value *many[MOST + 1];
    for (size_t i = 0; i <= MOST; i++) {
      many[i] = i == 0 ? outer : array;
    }
    gives("return y", extended(many, MOST), 2);
    CHECK_ERROR(compile("", NULL, 0, extended(many, MOST + 1), &result, &error), JSVM_STATUS_INVALID_ARGUMENT, &error,
                "options: context_extensions: its count 501");
    CHECK_ERROR(compile("", NULL, 0, extended(many, SIZE_MAX), &result, &error), JSVM_STATUS_INVALID_ARGUMENT, &error,
                "options: context_extensions: its count");
  }
  jsvm_value_free(outer);
  jsvm_value_free(inner);
  jsvm_value_free(array);
  jsvm_value_free(global);
  jsvm_value_free(function);
  jsvm_value_free(proxy);
  jsvm_value_free(symbol);
  jsvm_value_free(getter);
}

#define BODY "const inner = b => b * 2; return inner(a) + 1"
#define SAME_LENGTH "const inner = b => b * 2; return inner(a) + 2"

/* Compiles with cached data, which must not change what the function gives. */
static bool rejected(const char *body, const char *param, const jsvm_value *const *objects, size_t count,
                     const char *data, size_t len, double expected) {
  jsvm_compile_function_options options = extended(objects, count);
  const jsvm_str name = {param, JSVM_AUTO_LENGTH};
  const jsvm_slot argument = {.kind = JSVM_KIND_NUMBER, .number = 20};
  jsvm_value *function = NULL;
  jsvm_error *error = NULL;
  jsvm_slot slot;
  bool result = true;
  options.struct_size = sizeof options;
  options.cached_data = (const uint8_t *)data;
  options.cached_data_len = len;
  CHECK_OK(jsvm_context_compile_function(context, body, JSVM_AUTO_LENGTH, &name, 1, &options, &function, &result,
                                         NULL, &error), &error);
  CHECK_OK(jsvm_function_call(function, NULL, &argument, 1, NULL, &slot, &error), &error);
  CHECK_EQ_NUM(slot.number, expected);
  jsvm_slot_clear(&slot);
  jsvm_value_free(function);
  return result;
}

static jsvm_bytes produce(const char *body, const char *param) {
  const jsvm_str name = {param, JSVM_AUTO_LENGTH};
  jsvm_bytes bytes = {0};
  jsvm_value *function = NULL;
  jsvm_error *error = NULL;
  CHECK_OK(jsvm_context_compile_function(context, body, JSVM_AUTO_LENGTH, &name, 1, NULL, &function, NULL, &bytes,
                                         &error), &error);
  jsvm_value_free(function);
  return bytes;
}

static void cached_data(void) {
  jsvm_bytes made = produce(BODY, "a"), other;
  jsvm_value *const object_a = object("({a: 1})");
  const jsvm_value *objects[] = {object_a};
  jsvm_error *error = NULL;
  jsvm_slot slot;
  size_t wrong = 0;
  char *copy = malloc(made.len + 16);
  CHECK(made.data != NULL && made.len > 0 && made.data[made.len] == '\0');
  CHECK(!rejected(BODY, "a", NULL, 0, made.data, made.len, 41));
  CHECK(!rejected(BODY, "a", NULL, 0, NULL, 0, 41));
  CHECK(rejected(BODY, "a", NULL, 0, made.data, 0, 41));
  CHECK(rejected(SAME_LENGTH, "a", NULL, 0, made.data, made.len, 42));
  CHECK(rejected("const a = 20; " BODY, "b", NULL, 0, made.data, made.len, 41));
  CHECK(rejected(BODY, "a", objects, 1, made.data, made.len, 41));
  CHECK(rejected(BODY, "a", NULL, 0, "nonsense", 8, 41));
  /* Of exactly that size, so that a read beyond is seen. */
  for (size_t len = 0; len < made.len; len += 97) {
    char *exact = malloc(len + (len == 0));
    memcpy(exact, made.data, len);
    wrong += !rejected(BODY, "a", NULL, 0, exact, len, 41);
    free(exact);
  }
  CHECK_EQ_INT(wrong, 0);
  for (size_t at = 0; at < made.len; at++) {
    memcpy(copy, made.data, made.len);
    copy[at] ^= (char)(1 << at % 8);
    wrong += !rejected(BODY, "a", NULL, 0, copy, made.len, 41);
  }
  CHECK_EQ_INT(wrong, 0);
  memset(copy, 0, made.len + 16);
  memcpy(copy, made.data, made.len);
  CHECK(rejected(BODY, "a", NULL, 0, copy, made.len + 1, 41));
  memmove(copy + 1, made.data, made.len);
  CHECK(!rejected(BODY, "a", NULL, 0, copy + 1, made.len, 41));
  free(copy);
  /* A function's are not a script's, nor the other way round. */
  {
    jsvm_script_options options = {.struct_size = sizeof options, .cached_data = (const uint8_t *)made.data,
                                   .cached_data_len = made.len};
    jsvm_script *script = NULL;
    CHECK_OK(jsvm_script_new(isolate, "41", 2, &options, &script, &error), &error);
    CHECK(jsvm_script_cached_data_rejected(script));
    CHECK_OK(jsvm_script_create_cached_data(script, &other, &error), &error);
    CHECK(rejected("return 41", "a", NULL, 0, other.data, other.len, 41));
    jsvm_bytes_clear(&other);
    jsvm_script_free(script);
  }
  /* With extensions: their number is part of it, they themselves are not. */
  {
    jsvm_compile_function_options options = extended(objects, 1);
    jsvm_value *function = NULL, *const six = object("({q: 6})");
    const jsvm_value *others[] = {six};
    options.struct_size = sizeof options;
    CHECK_OK(jsvm_context_compile_function(context, "return q", JSVM_AUTO_LENGTH, &(jsvm_str){"p", 1}, 1, &options,
                                           &function, NULL, &other, &error), &error);
    jsvm_value_free(function);
    JS_NUM(context, "var q = 5; q", 5);
    CHECK(!rejected("return q", "p", others, 1, other.data, other.len, 6));
    CHECK(rejected("return q", "p", NULL, 0, other.data, other.len, 5));
    jsvm_bytes_clear(&other);
    jsvm_value_free(six);
  }
  /* Units beyond ASCII and beyond Latin-1; another isolate takes it. */
  {
    jsvm_isolate *another = new_isolate(NULL);
    jsvm_context *there = main_context(another);
    static const char *const bodies[] = {"return a + '\xc3\xa4'.length", "return a + '\xe2\x82\xac'.length"};
    for (size_t i = 0; i < 2; i++) {
      jsvm_value *function = NULL;
      bool refused_there = true;
      other = produce(bodies[i], "a");
      jsvm_compile_function_options options = {.struct_size = sizeof options, .cached_data = (const uint8_t *)other.data,
                                               .cached_data_len = other.len};
      CHECK_OK(jsvm_context_compile_function(there, bodies[i], JSVM_AUTO_LENGTH, &(jsvm_str){"a", 1}, 1, &options,
                                             &function, &refused_there, NULL, &error), &error);
      CHECK(!refused_there);
      CHECK_OK(jsvm_function_call(function, NULL, &(jsvm_slot){.kind = JSVM_KIND_NUMBER, .number = 1}, 1, NULL, &slot,
                                  &error), &error);
      CHECK_EQ_NUM(slot.number, 2);
      jsvm_value_free(function);
      CHECK(!rejected(bodies[i], "a", NULL, 0, other.data, other.len, 21));
      jsvm_bytes_clear(&other);
    }
    jsvm_context_free(there);
    jsvm_isolate_free(another);
  }
  jsvm_bytes_clear(&made);
  jsvm_value_free(object_a);
}

static void bad_input(void) {
  jsvm_value *function = (jsvm_value *)&function;
  jsvm_error *error = NULL;
  bool refused_data = true;
  jsvm_bytes bytes = {"x", 1};
  CHECK_ERROR(jsvm_context_compile_function(NULL, "", 0, NULL, 0, NULL, &function, &refused_data, &bytes, &error),
              JSVM_STATUS_INVALID_ARGUMENT, &error, "context: ");
  CHECK(function == NULL && !refused_data && bytes.data == NULL && bytes.len == 0);
  CHECK_ERROR(jsvm_context_compile_function(context, "", 0, NULL, 0, NULL, NULL, NULL, NULL, &error),
              JSVM_STATUS_INVALID_ARGUMENT, &error, "result: ");
  CHECK_ERROR(jsvm_context_compile_function(context, NULL, 1, NULL, 0, NULL, &function, NULL, NULL, &error),
              JSVM_STATUS_INVALID_ARGUMENT, &error, "body: ");
  CHECK_ERROR(jsvm_context_compile_function(context, "\xff", 1, NULL, 0, NULL, &function, NULL, NULL, &error),
              JSVM_STATUS_INVALID_ARGUMENT, &error, "body: ");
  CHECK_ERROR(compile("", NULL, 0, (jsvm_compile_function_options){.filename = {"\xff", 1}}, &function, &error),
              JSVM_STATUS_INVALID_ARGUMENT, &error, "options: filename");
  CHECK_ERROR(compile("", NULL, 0, (jsvm_compile_function_options){.cached_data = (const uint8_t *)"",
                                                                   .cached_data_len = SIZE_MAX},
                      &function, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "options: cached_data");
  {
    jsvm_compile_function_options options = {.struct_size = 1};
    CHECK_ERROR(jsvm_context_compile_function(context, "", 0, NULL, 0, &options, &function, NULL, NULL, &error),
                JSVM_STATUS_INVALID_ARGUMENT, &error, "options: struct_size");
  }
  /* Too deep a body is an error, and no crash. */
  {
    size_t len = 2000000;
    char *body = malloc(len);
    memset(body, '[', len);
    CHECK_STATUS(jsvm_context_compile_function(context, body, len, NULL, 0, NULL, &function, NULL, NULL, &error),
                 JSVM_STATUS_EXCEPTION, &error);
    free(body);
  }
}

int main(void) {
  isolate = new_isolate(NULL);
  context = new_context(isolate, NULL);
  RUN(calls);
  RUN(params);
  RUN(many_params);
  RUN(syntax_errors);
  RUN(places);
  RUN(extensions);
  RUN(cached_data);
  RUN(bad_input);
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
  return FINISH();
}
