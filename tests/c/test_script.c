/* Scripts: names and offsets, three ways to run, SyntaxErrors, cached data, odd sources. */
#include "guest.h"

static jsvm_isolate *isolate;
static jsvm_context *context;

static jsvm_script *compile(const char *source, jsvm_script_options options) {
  jsvm_script *script = NULL;
  jsvm_error *error = NULL;
  options.struct_size = sizeof options;
  CHECK_OK(jsvm_script_new(isolate, source, JSVM_AUTO_LENGTH, &options, &script, &error), &error);
  return script;
}

#define PLAIN ((jsvm_script_options){0})

/* What the run throws: the caller's to free. */
static jsvm_error *thrown(jsvm_script *script) {
  jsvm_error *error = NULL;
  CHECK_EQ_INT(jsvm_script_run_in_context(script, context, NULL, NULL, &error),
               JSVM_STATUS_EXCEPTION);
  return error;
}

static void places(void) {
  jsvm_script *script = compile("throw new Error('x')", PLAIN);
  jsvm_error *error = thrown(script);
  jsvm_frame frame;
  CHECK_STR(jsvm_error_filename(error), "evalmachine.<anonymous>");
  CHECK_EQ_INT(jsvm_error_line(error), 1);
  CHECK_EQ_INT(jsvm_error_column(error), 1);
  CHECK_STR(jsvm_error_source_line(error), "throw new Error('x')");
  CHECK_STR(jsvm_error_arrow(error), "evalmachine.<anonymous>:1\nthrow new Error('x')\n^\n");
  CHECK_STR(jsvm_error_stack(error), "Error: x\n    at evalmachine.<anonymous>:1:7");
  CHECK_EQ_INT(jsvm_error_frame_count(error), 1);
  CHECK_EQ_INT(jsvm_error_frame(error, 0, &frame), JSVM_STATUS_OK);
  CHECK_STR(frame.function, "");
  CHECK_STR(frame.filename, "evalmachine.<anonymous>");
  CHECK_EQ_INT(frame.line, 1);
  CHECK_EQ_INT(frame.column, 7);
  CHECK(!frame.is_eval && !frame.is_constructor && !frame.is_wasm);
  jsvm_error_free(error);
  jsvm_script_free(script);
  /* With name and offsets; columns are moved on the first line only. */
  script = compile("function f() { throw new Error('x') }\nfunction g() {\n  f();\n}\ng()",
                   (jsvm_script_options){.filename = {"dir/a.jsXX", 8}, .line_offset = 10,
                                         .column_offset = 100});
  error = thrown(script);
  CHECK_STR(jsvm_error_filename(error), "dir/a.js");
  CHECK_EQ_INT(jsvm_error_line(error), 11);
  CHECK_EQ_INT(jsvm_error_column(error), 116);
  CHECK_STR(jsvm_error_stack(error),
            "Error: x\n    at f (dir/a.js:11:122)\n    at g (dir/a.js:13:3)\n    at dir/a.js:15:1");
  /* The arrow stands under the place in the line that is shown. */
  CHECK_STR(jsvm_error_arrow(error), "dir/a.js:11\nfunction f() { throw new Error('x') }\n"
                                     "               ^\n");
  jsvm_error_free(error);
  jsvm_script_free(script);
  /* Negative offsets, the ends of the range, an empty name, a name with a NUL. */
  script = compile("\n\nthrow new Error('x')",
                   (jsvm_script_options){.filename = {"", 0}, .line_offset = -2});
  error = thrown(script);
  CHECK_EQ_INT(jsvm_error_line(error), 1);
  CHECK_STR(jsvm_error_filename(error), "");
  jsvm_error_free(error);
  jsvm_script_free(script);
  script = compile("throw 1", (jsvm_script_options){.filename = {"a\0b", 3}});
  error = thrown(script);
  CHECK(jsvm_error_filename(error) != NULL && jsvm_error_filename(error)[0] == 'a');
  jsvm_error_free(error);
  jsvm_script_free(script);
  {
    static const int32_t offsets[] = {INT32_MIN, INT32_MIN + 1, -1, INT32_MAX - 1, INT32_MAX};
    for (size_t i = 0; i < 25; i++) {
      script = compile("throw new Error('x')",
                       (jsvm_script_options){.line_offset = offsets[i / 5],
                                             .column_offset = offsets[i % 5]});
      error = thrown(script);
      CHECK_STR(jsvm_error_message(error), "x");
      CHECK(jsvm_error_stack(error) != NULL);
      jsvm_error_free(error);
      jsvm_script_free(script);
    }
  }
}

static void arrows(void) {
  static const struct {
    const char *source, *arrow;
  } rows[] = {
      {"  throw 1", "evalmachine.<anonymous>:1\n  throw 1\n  ^\n"},
      {"\tthrow 1", "evalmachine.<anonymous>:1\n\tthrow 1\n\t^\n"},
      {"0;\nnull.x", "evalmachine.<anonymous>:2\nnull.x\n     ^\n"},
      {"nope", "evalmachine.<anonymous>:1\nnope\n^\n"},
      {"'\\u00e4'; '\xc3\xa4\xe2\x82\xac'; nope",
       "evalmachine.<anonymous>:1\n'\\u00e4'; '\xc3\xa4\xe2\x82\xac'; nope\n                ^\n"}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    jsvm_script *script = compile(rows[i].source, PLAIN);
    jsvm_error *error = thrown(script);
    CHECK_STR(jsvm_error_arrow(error), rows[i].arrow);
    jsvm_error_free(error);
    jsvm_script_free(script);
  }
}

static void syntax_errors(void) {
  static const struct {
    const char *source, *message, *line_text;
    uint32_t line, column;
  } rows[] = {
      {"1 +", "Unexpected end of input", "1 +", 1, 4},
      {"let a;\nlet a;", "Identifier 'a' has already been declared", "let a;", 2, 5},
      {"\n\n  var = 1;\n", "Unexpected token '='", "  var = 1;", 3, 7},
      {"'", "Invalid or unexpected token", "'", 1, 1},
      {"await 1", "await is only valid in async functions and the top level bodies of modules",
       "await 1", 1, 1},
      {"import 'x'", "Cannot use import statement outside a module", "import 'x'", 1, 1},
      {"return 1", "Illegal return statement", "return 1", 1, 1}};
  jsvm_error *error = NULL;
  jsvm_script_options options = {.struct_size = sizeof options, .filename = {"s.js", 4}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    jsvm_script *script = (jsvm_script *)&options;
    jsvm_slot slot;
    CHECK_EQ_INT(jsvm_script_new(isolate, rows[i].source, JSVM_AUTO_LENGTH, &options, &script,
                                 &error), JSVM_STATUS_EXCEPTION);
    CHECK(script == NULL);
    CHECK_EQ_INT(jsvm_error_status(error), JSVM_STATUS_EXCEPTION);
    CHECK_STR(jsvm_error_name(error), "SyntaxError");
    CHECK_STR(jsvm_error_message(error), rows[i].message);
    CHECK_STR(jsvm_error_filename(error), "s.js");
    CHECK_EQ_INT(jsvm_error_line(error), rows[i].line);
    CHECK_EQ_INT(jsvm_error_column(error), rows[i].column);
    CHECK_STR(jsvm_error_source_line(error), rows[i].line_text);
    CHECK(begins(jsvm_error_arrow(error), "s.js:"));
    CHECK(begins(jsvm_error_stack(error), "SyntaxError: "));
    CHECK_EQ_INT(jsvm_error_exception(error, &slot), JSVM_STATUS_OK);
    CHECK(slot.flags & JSVM_FLAG_ERROR);
    jsvm_slot_clear(&slot);
    jsvm_error_free(error);
    error = NULL;
  }
  /* With offsets. */
  options.line_offset = 5;
  options.column_offset = 7;
  {
    jsvm_script *script = NULL;
    CHECK_EQ_INT(jsvm_script_new(isolate, "var = 1", JSVM_AUTO_LENGTH, &options, &script, &error),
                 JSVM_STATUS_EXCEPTION);
    CHECK_EQ_INT(jsvm_error_line(error), 6);
    CHECK_EQ_INT(jsvm_error_column(error), 12);
    CHECK_STR(jsvm_error_arrow(error), "s.js:6\nvar = 1\n    ^\n");
    jsvm_error_free(error);
    error = NULL;
    options.no_display_errors = true;
    CHECK_EQ_INT(jsvm_script_new(isolate, "var = 1", JSVM_AUTO_LENGTH, &options, &script, &error),
                 JSVM_STATUS_EXCEPTION);
    CHECK(jsvm_error_arrow(error) == NULL);
    CHECK_STR(jsvm_error_source_line(error), "var = 1");
    jsvm_error_free(error);
    error = NULL;
  }
}

static void no_display_errors(void) {
  jsvm_script_options options = {.struct_size = sizeof options, .no_display_errors = true};
  jsvm_script *script = compile("throw new Error('x')", options);
  jsvm_error *error = thrown(script);
  jsvm_context *made = NULL;
  CHECK(jsvm_error_arrow(error) == NULL);
  CHECK_EQ_INT(jsvm_error_line(error), 1);
  jsvm_error_free(error);
  CHECK_EQ_INT(jsvm_script_run_in_this_context(script, NULL, NULL, &error), JSVM_STATUS_EXCEPTION);
  CHECK(jsvm_error_arrow(error) == NULL);
  jsvm_error_free(error);
  CHECK_EQ_INT(jsvm_script_run_in_new_context(script, NULL, NULL, NULL, &made, &error),
               JSVM_STATUS_EXCEPTION);
  CHECK(jsvm_error_arrow(error) == NULL);
  jsvm_error_free(error);
  jsvm_context_free(made);
  jsvm_script_free(script);
  error = NULL;
  CHECK_EQ_INT(jsvm_context_evaluate(context, "throw new Error('x')", JSVM_AUTO_LENGTH, &options,
                                     NULL, NULL, &error), JSVM_STATUS_EXCEPTION);
  CHECK(jsvm_error_arrow(error) == NULL);
  jsvm_error_free(error);
}

static void three_ways(void) {
  jsvm_script *script = compile("globalThis.n = (globalThis.n || 0) + 1; n", PLAIN);
  jsvm_context *main = main_context(isolate), *fresh = new_context(isolate, NULL), *made = NULL;
  jsvm_context_options options = {.struct_size = sizeof options,
                                  .name = {"made", JSVM_AUTO_LENGTH},
                                  .disallow_code_generation_strings = true};
  jsvm_slot slot;
  jsvm_error *error = NULL;
  for (int i = 1; i <= 3; i++) {
    CHECK_OK(jsvm_script_run_in_context(script, fresh, NULL, &slot, &error), &error);
    CHECK_EQ_NUM(slot.number, i);
  }
  for (int i = 1; i <= 3; i++) {
    CHECK_OK(jsvm_script_run_in_this_context(script, NULL, &slot, &error), &error);
    CHECK_EQ_NUM(slot.number, i);
  }
  JS_NUM(main, "n", 3);
  JS_NUM(fresh, "n", 3);
  for (int i = 1; i <= 3; i++) {
    CHECK_OK(jsvm_script_run_in_new_context(script, &options, NULL, &slot, &made, &error), &error);
    CHECK_EQ_NUM(slot.number, 1);
    CHECK_STR(jsvm_context_name(made), "made");
    JS_NUM(made, "n", 1);
    CHECK_EQ_INT(js(made, "eval('1')", NULL, NULL), JSVM_STATUS_EXCEPTION);
    jsvm_context_free(made);
  }
  /* What is of no use. */
  CHECK_OK(jsvm_script_run_in_new_context(script, NULL, NULL, NULL, NULL, &error), &error);
  CHECK_OK(jsvm_script_run_in_context(script, fresh, NULL, NULL, NULL), &error);
  CHECK_OK(jsvm_script_run_in_this_context(script, NULL, NULL, NULL), &error);
  jsvm_script_free(script);
  /* The context comes also when the run throws, or is killed. */
  script = compile("globalThis.n = 5; throw new Error('x')", PLAIN);
  made = NULL;
  CHECK_STATUS(jsvm_script_run_in_new_context(script, NULL, NULL, &slot, &made, &error),
               JSVM_STATUS_EXCEPTION, &error);
  CHECK_EQ_INT(slot.kind, JSVM_KIND_UNDEFINED);
  if (CHECK(made != NULL)) {
    JS_NUM(made, "n", 5);
  }
  jsvm_context_free(made);
  jsvm_script_free(script);
  script = compile("globalThis.n = 6; for (;;) ;", PLAIN);
  made = NULL;
  {
    jsvm_run_options limits = {.struct_size = sizeof limits, .timeout_ms = 50};
    CHECK_STATUS(jsvm_script_run_in_new_context(script, NULL, &limits, &slot, &made, &error),
                 JSVM_STATUS_TIMEOUT, &error);
    if (CHECK(made != NULL)) {
      JS_NUM(made, "n", 6);
    }
    jsvm_context_free(made);
    limits.timeout_ms = 0;
    limits.cpu_time_ms = 50;
    CHECK_STATUS(jsvm_script_run_in_this_context(script, &limits, &slot, &error),
                 JSVM_STATUS_CPU_TIME, &error);
  }
  /* Bad options: no context. */
  options.microtask_mode = 9;
  made = fresh;
  CHECK_STATUS(jsvm_script_run_in_new_context(script, &options, NULL, &slot, &made, &error),
               JSVM_STATUS_INVALID_ARGUMENT, &error);
  CHECK(made == NULL);
  jsvm_script_free(script);
  jsvm_context_free(main);
  jsvm_context_free(fresh);
}

static void source_map_urls(void) {
  static const struct {
    const char *source, *url;
  } rows[] = {{"1", NULL},
              {"1\n//# sourceMappingURL=a.js.map", "a.js.map"},
              {"//# sourceMappingURL=one\n//# sourceMappingURL=two\n1", "two"},
              {"1\n//# sourceMappingURL=https://x.test/\xc3\xa4", "https://x.test/\xc3\xa4"},
              {"1\n//@ sourceMappingURL=old", "old"},
              {"1\n//# sourceURL=a", NULL},
              {"'//# sourceMappingURL=a'", NULL}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    jsvm_script *script = compile(rows[i].source, PLAIN);
    const char *url = jsvm_script_source_map_url(script);
    CHECK_STR(url, rows[i].url);
    CHECK(jsvm_script_source_map_url(script) == url);
    jsvm_script_free(script);
  }
}

static void source_urls(void) {
  static const struct {
    const char *source, *url;
  } rows[] = {{"1", NULL},
              {"1\n//# sourceURL=a.js", "a.js"},
              {"1\n//# sourceMappingURL=a.js.map", NULL},
              {"//# sourceURL=\xc3\xa4\n1", "\xc3\xa4"}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    jsvm_script *script = compile(rows[i].source, PLAIN);
    CHECK_STR(jsvm_script_source_url(script), rows[i].url);
    jsvm_script_free(script);
    CHECK(jsvm_script_source_url(script) == NULL);
  }
  CHECK(jsvm_script_source_url(NULL) == NULL);
}

static void clones(void) {
  jsvm_script *script = compile("1 + 1 //# sourceMappingURL=m", PLAIN);
  jsvm_script *clone = jsvm_script_clone(script);
  jsvm_slot slot;
  jsvm_error *error = NULL;
  CHECK_EQ_INT(jsvm_live_handles(JSVM_HANDLE_KIND_SCRIPT), 2);
  jsvm_script_free(script);
  CHECK_STR(jsvm_script_source_map_url(clone), "m");
  CHECK_OK(jsvm_script_run_in_context(clone, context, NULL, &slot, &error), &error);
  CHECK_EQ_NUM(slot.number, 2);
  jsvm_script_free(clone);
  CHECK(jsvm_script_clone(clone) == NULL);
  CHECK(jsvm_script_source_map_url(clone) == NULL);
  CHECK(!jsvm_script_cached_data_rejected(clone));
}

#define SOURCE "function outer(a) { function inner(b) { return b * 2 } return inner(a) + 1 } outer(20)"
#define SAME_LENGTH                                                                                \
  "function outer(a) { function inner(b) { return b * 2 } return inner(a) + 1 } outer(21)"

/* Compiles with cached data, which must not change what the script gives. */
static bool rejected(const char *source, const char *data, size_t len, double expected) {
  jsvm_script *script = compile(source, (jsvm_script_options){
      .cached_data = (const uint8_t *)data, .cached_data_len = len});
  bool result = jsvm_script_cached_data_rejected(script);
  jsvm_slot slot;
  jsvm_error *error = NULL;
  CHECK_OK(jsvm_script_run_in_context(script, context, NULL, &slot, &error), &error);
  CHECK_EQ_NUM(slot.number, expected);
  jsvm_slot_clear(&slot);
  jsvm_script_free(script);
  return result;
}

static void cached_data(void) {
  jsvm_script *script = compile(SOURCE, PLAIN);
  jsvm_bytes before = {0}, after = {0};
  jsvm_slot slot;
  jsvm_error *error = NULL;
  char *copy;
  size_t wrong = 0;
  CHECK(!jsvm_script_cached_data_rejected(script));
  CHECK_OK(jsvm_script_create_cached_data(script, &before, &error), &error);
  CHECK(before.data != NULL && before.len > 0 && before.data[before.len] == '\0');
  CHECK_OK(jsvm_script_run_in_context(script, context, NULL, &slot, &error), &error);
  CHECK_EQ_NUM(slot.number, 41);
  /* After a run it has the functions. */
  CHECK_OK(jsvm_script_create_cached_data(script, &after, &error), &error);
  CHECK(after.len > before.len);
  jsvm_script_free(script);
  CHECK(!rejected(SOURCE, before.data, before.len, 41));
  CHECK(!rejected(SOURCE, after.data, after.len, 41));
  CHECK(!rejected(SOURCE, NULL, 0, 41));
  CHECK(rejected(SOURCE, after.data, 0, 41));
  CHECK(rejected(SAME_LENGTH, after.data, after.len, 43));
  CHECK(rejected("1", after.data, after.len, 1));
  CHECK(rejected(SOURCE, "nonsense", 8, 41));
  copy = malloc(after.len + 16);
  /* Of exactly that size, so that a read beyond is seen. */
  for (size_t len = 0; len < after.len; len++) {
    char *exact = malloc(len + (len == 0));
    memcpy(exact, after.data, len);
    wrong += !rejected(SOURCE, exact, len, 41);
    free(exact);
  }
  CHECK_EQ_INT(wrong, 0);
  for (size_t at = 0; at < after.len; at++) {
    memcpy(copy, after.data, after.len);
    copy[at] ^= (char)(1 << at % 8);
    wrong += !rejected(SOURCE, copy, after.len, 41);
  }
  CHECK_EQ_INT(wrong, 0);
  memset(copy, 0, after.len + 16);
  memcpy(copy, after.data, after.len);
  CHECK(rejected(SOURCE, copy, after.len + 1, 41));
  CHECK(rejected(SOURCE, copy, after.len + 16, 41));
  /* Not aligned. */
  memmove(copy + 1, after.data, after.len);
  CHECK(!rejected(SOURCE, copy + 1, after.len, 41));
  free(copy);
  /* The name is not part of it; another isolate takes it. */
  {
    jsvm_isolate *other = new_isolate(NULL);
    jsvm_context *there = main_context(other);
    jsvm_script_options options = {.struct_size = sizeof options, .filename = {"b.js", 4},
                                   .cached_data = (const uint8_t *)after.data,
                                   .cached_data_len = after.len};
    CHECK_OK(jsvm_script_new(other, SOURCE, JSVM_AUTO_LENGTH, &options, &script, &error), &error);
    CHECK(!jsvm_script_cached_data_rejected(script));
    CHECK_OK(jsvm_script_run_in_context(script, there, NULL, &slot, &error), &error);
    CHECK_EQ_NUM(slot.number, 41);
    /* A cache of a script that came from a cache. */
    jsvm_bytes_clear(&before);
    CHECK_OK(jsvm_script_create_cached_data(script, &before, &error), &error);
    CHECK(!rejected(SOURCE, before.data, before.len, 41));
    jsvm_script_free(script);
    CHECK_OK(jsvm_context_evaluate(there, SOURCE, JSVM_AUTO_LENGTH, &options, NULL, &slot, &error),
             &error);
    CHECK_EQ_NUM(slot.number, 41);
    jsvm_context_free(there);
    jsvm_isolate_free(other);
  }
  /* Units beyond ASCII and beyond Latin-1. */
  {
    static const char *const wide[] = {"'\xc3\xa4'.length + 1", "'\xe2\x82\xac'.length + 1"};
    for (size_t i = 0; i < 2; i++) {
      script = compile(wide[i], PLAIN);
      jsvm_bytes_clear(&before);
      CHECK_OK(jsvm_script_create_cached_data(script, &before, &error), &error);
      jsvm_script_free(script);
      CHECK(!rejected(wide[i], before.data, before.len, 2));
      CHECK(rejected(wide[1 - i], before.data, before.len, 2));
    }
  }
  jsvm_bytes_clear(&before);
  CHECK(before.data == NULL && before.len == 0);
  jsvm_bytes_clear(&before);
  jsvm_bytes_clear(&after);
  jsvm_bytes_clear(NULL);
  /* A SyntaxError is one with a cache too. */
  CHECK_EQ_INT(jsvm_script_new(isolate, "1 +", 3, NULL, &script, NULL), JSVM_STATUS_EXCEPTION);
}

static void odd_sources(void) {
  jsvm_script *script = NULL;
  jsvm_error *error = NULL;
  jsvm_slot slot;
  static const char *const invalid[] = {"\xff", "'\xc3'", "'\xc0\x80'", "'\xed\xa0\x80'",
                                        "'\xf4\x90\x80\x80'", "1; \xe2\x82"};
  for (size_t i = 0; i < sizeof invalid / sizeof *invalid; i++) {
    CHECK_ERROR(jsvm_script_new(isolate, invalid[i], JSVM_AUTO_LENGTH, NULL, &script, &error),
                JSVM_STATUS_INVALID_ARGUMENT, &error, "source: it is not UTF-8");
    CHECK(script == NULL);
    CHECK_ERROR(js(context, invalid[i], NULL, &error), JSVM_STATUS_INVALID_ARGUMENT, &error,
                "source: ");
  }
  /* The place is told. */
  CHECK_ERROR(jsvm_script_new(isolate, "abc\xff", JSVM_AUTO_LENGTH, NULL, &script, &error),
              JSVM_STATUS_INVALID_ARGUMENT, &error, "byte 3");
  /* A NUL is a character. */
  CHECK_OK(jsvm_script_new(isolate, "'a\0b'", 5, NULL, &script, &error), &error);
  CHECK_OK(jsvm_script_run_in_context(script, context, NULL, &slot, &error), &error);
  CHECK_BYTES(slot.data, slot.len, "a\0b", 3);
  jsvm_slot_clear(&slot);
  jsvm_script_free(script);
  CHECK_EQ_INT(jsvm_script_new(isolate, "1\0+ 1", 5, NULL, &script, &error),
               JSVM_STATUS_EXCEPTION);
  CHECK_STR(jsvm_error_name(error), "SyntaxError");
  CHECK(jsvm_error_source_line(error) != NULL);
  jsvm_error_free(error);
  /* Empty, a hashbang, a byte order mark. */
  CHECK_OK(jsvm_script_new(isolate, "", 0, NULL, &script, &error), &error);
  CHECK_OK(jsvm_script_run_in_context(script, context, NULL, &slot, &error), &error);
  CHECK_EQ_INT(slot.kind, JSVM_KIND_UNDEFINED);
  jsvm_script_free(script);
  CHECK_OK(jsvm_script_new(isolate, NULL, 0, NULL, &script, &error), &error);
  jsvm_script_free(script);
  JS_NUM(context, "#!/usr/bin/env jsvm\n3", 3);
  JS_NUM(context, "\xef\xbb\xbf""4", 4);
  JS_STR(context, "'\xf0\x9f\x98\x80'.length + ' ' + '\xf0\x9f\x98\x80'", "2 \xf0\x9f\x98\x80");
  CHECK_ERROR(jsvm_script_new(isolate, NULL, 1, NULL, &script, &error),
              JSVM_STATUS_INVALID_ARGUMENT, &error, "source: ");
  CHECK_ERROR(jsvm_script_new(isolate, NULL, JSVM_AUTO_LENGTH, NULL, &script, &error),
              JSVM_STATUS_INVALID_ARGUMENT, &error, "source: ");
  CHECK_ERROR(jsvm_script_new(isolate, "1", (size_t)-2, NULL, &script, &error),
              JSVM_STATUS_INVALID_ARGUMENT, &error, "source: ");
  {
    jsvm_script_options options = {.struct_size = sizeof options, .filename = {"\xff", 1}};
    CHECK_ERROR(jsvm_script_new(isolate, "1", 1, &options, &script, &error),
                JSVM_STATUS_INVALID_ARGUMENT, &error, "options: filename");
    options.filename = (jsvm_str){0};
    options.cached_data = (const uint8_t *)"";
    options.cached_data_len = (size_t)-1;
    CHECK_ERROR(jsvm_script_new(isolate, "1", 1, &options, &script, &error),
                JSVM_STATUS_INVALID_ARGUMENT, &error, "options: cached_data");
  }
}

/* Longer than any string of V8: refused, and the process lives on. */
static void long_source(void) {
  size_t len = ((size_t)1 << 29) + 1;
  char *source = malloc(len);
  jsvm_script *script = NULL;
  jsvm_error *error = NULL;
  if (!CHECK(source != NULL)) {
    return;
  }
  memset(source, ' ', len);
  CHECK_ERROR(jsvm_script_new(isolate, source, len, NULL, &script, &error),
              JSVM_STATUS_INVALID_ARGUMENT, &error, "too long");
  CHECK(script == NULL);
  {
    jsvm_status status = jsvm_context_evaluate(context, source, len, NULL, NULL, NULL, &error);
    CHECK_EQ_INT(status, JSVM_STATUS_INVALID_ARGUMENT);
    CHECK(begins(jsvm_error_message(error), "source"));
    jsvm_error_free(error);
    error = NULL;
  }
  free(source);
  JS_NUM(context, "1 + 1", 2);
  /* A few megabytes are fine. */
  len = (size_t)5 << 20;
  source = malloc(len);
  memset(source, ' ', len);
  memcpy(source, "1;", 2);
  source[len - 1] = '7';
  {
    jsvm_slot slot;
    CHECK_OK(jsvm_context_evaluate(context, source, len, NULL, NULL, &slot, &error), &error);
    CHECK_EQ_NUM(slot.number, 7);
  }
  memcpy(source + len - 7, "throw 1", 7);
  CHECK_EQ_INT(jsvm_context_evaluate(context, source, len, NULL, NULL, NULL, &error),
               JSVM_STATUS_EXCEPTION);
  CHECK(strlen(jsvm_error_arrow(error)) < 1000);
  jsvm_error_free(error);
  error = NULL;
  free(source);
  /* Deeply nested source is a RangeError or SyntaxError, not a crash. */
  len = 2000000;
  source = malloc(len);
  memset(source, '[', len);
  CHECK_STATUS(jsvm_script_new(isolate, source, len, NULL, &script, &error), JSVM_STATUS_EXCEPTION,
               &error);
  free(source);
}

int main(void) {
  isolate = new_isolate(NULL);
  context = new_context(isolate, NULL);
  RUN(places);
  RUN(arrows);
  RUN(syntax_errors);
  RUN(no_display_errors);
  RUN(three_ways);
  RUN(source_map_urls);
  RUN(source_urls);
  RUN(clones);
  RUN(cached_data);
  RUN(odd_sources);
  RUN(long_source);
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
  return FINISH();
}
