/* jsvm_json_parse and jsvm_json_stringify. */
#include "graph.h"

static jsvm_isolate *isolate;
static jsvm_context *context;
static jsvm_error *error;

/* The text of what the source gives. */
static jsvm_status stringify(const char *source, uint32_t indent, const jsvm_run_options *options,
                             jsvm_bytes *text) {
  jsvm_slot slot;
  jsvm_status status;
  CHECK_OK(js(context, source, &slot, &error), &error);
  memset(text, 0xAA, sizeof *text);
  status = jsvm_json_stringify(context, &slot, indent, options, text, &error);
  if (status != JSVM_STATUS_OK) {
    CHECK(text->data == NULL && text->len == 0);
  }
  jsvm_slot_clear(&slot);
  return status;
}

static void check_text(const char *source, uint32_t indent, const char *expected, const char *file,
                       int line) {
  jsvm_bytes text;
  if (check_status(stringify(source, indent, NULL, &text), JSVM_STATUS_OK, &error, NULL, source, file, line)) {
    check_bytes(text.data, text.len, expected, expected != NULL ? strlen(expected) : 0, source, file, line);
  }
  jsvm_bytes_clear(&text);
}
#define TEXT(source, indent, expected) check_text(source, indent, expected, __FILE__, __LINE__)

static void texts(void) {
  TEXT("[1, 'a', null, undefined, -0, NaN, new Date(0)]", 0,
       "[1,\"a\",null,null,0,null,\"1970-01-01T00:00:00.000Z\"]");
  TEXT("({a: {b: []}})", 0, "{\"a\":{\"b\":[]}}");
  TEXT("({a: [1]})", 2, "{\n  \"a\": [\n    1\n  ]\n}");
  TEXT("({a: 1})", 1000000, "{\n          \"a\": 1\n}");
  TEXT("'\\u00e9\\ud800\\u0000'", 0, "\"\xc3\xa9\\ud800\\u0000\"");
  TEXT("'undefined'", 0, "\"undefined\"");
  TEXT("1.5", 0, "1.5");
  TEXT("null", 0, "null");
  TEXT("({toJSON() { return [this.x] }, x: 7})", 0, "[7]");
  TEXT("({get x() { return 8 }})", 0, "{\"x\":8}");
  TEXT("new Proxy({a: 1}, {})", 0, "{\"a\":1}");
  TEXT("undefined", 0, NULL);
  TEXT("(() => 1)", 0, NULL);
  TEXT("Symbol('x')", 0, NULL);
  TEXT("({toJSON() {}})", 2, NULL);
}

static void parses(void) {
  static const char *const same[] = {"{\"a\":[1,true,null,\"x\",{\"b\":{}}],\"__proto__\":{\"c\":1.5e+300}}", "[]",
                                     "\"\\ud800\"", "12345678901234567000", "-0.5"};
  jsvm_slot value;
  jsvm_bytes text;
  for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
    if (CHECK_OK(jsvm_json_parse(context, same[i], JSVM_AUTO_LENGTH, NULL, &value, &error), &error) &&
        CHECK_OK(jsvm_json_stringify(context, &value, 0, NULL, &text, &error), &error)) {
      CHECK_STR(text.data, same[i]);
      jsvm_bytes_clear(&text);
    }
    jsvm_slot_clear(&value);
  }
  CHECK_OK(jsvm_json_parse(context, "1]", 1, NULL, &value, &error), &error);
  CHECK_EQ_NUM(value.number, 1);
  CHECK_OK(jsvm_json_parse(context, "\"gr\xc3\xbcn\"", JSVM_AUTO_LENGTH, NULL, &value, &error), &error);
  CHECK_STR(value.data, "gr\xc3\xbcn");
  jsvm_slot_clear(&value);
  CHECK_OK(jsvm_json_parse(context, "\"\\ud800\"", JSVM_AUTO_LENGTH, NULL, &value, &error), &error);
  CHECK(value.flags & JSVM_FLAG_LOSSY);
  CHECK(value.handle != NULL);
  jsvm_slot_clear(&value);
}

static void syntax_errors(void) {
  static const char *const bad[] = {"", "{", "[1,]", "{a:1}", "undefined", "'x'", "\"\n\"", "1 2", "\xef\xbb\xbf" "1"};
  jsvm_slot value;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    jsvm_status status = jsvm_json_parse(context, bad[i], JSVM_AUTO_LENGTH, NULL, &value, &error);
    CHECK(error != NULL && strcmp(jsvm_error_name(error), "SyntaxError") == 0);
    CHECK_STATUS(status, JSVM_STATUS_EXCEPTION, &error);
    CHECK_EQ_INT(value.kind, JSVM_KIND_UNDEFINED);
  }
}

static void thrown(void) {
  jsvm_bytes text;
  jsvm_run_options limits = {.struct_size = sizeof limits, .timeout_ms = 50};
  CHECK_ERROR(stringify("var a = {}; a.a = a; a", 0, NULL, &text), JSVM_STATUS_EXCEPTION, &error, "circular");
  CHECK_ERROR(stringify("1n", 0, NULL, &text), JSVM_STATUS_EXCEPTION, &error, "BigInt");
  CHECK_ERROR(stringify("({toJSON() { throw new RangeError('boo') }})", 0, NULL, &text), JSVM_STATUS_EXCEPTION,
              &error, "boo");
  CHECK_STATUS(stringify("({toJSON() { for (;;); }})", 0, &limits, &text), JSVM_STATUS_TIMEOUT, &error);
  CHECK_STATUS(stringify("({get a() { for (;;); }})", 0, &limits, &text), JSVM_STATUS_TIMEOUT, &error);
  CHECK_STATUS(stringify("new Proxy({}, {ownKeys() { for (;;); }})", 0, &limits, &text), JSVM_STATUS_TIMEOUT, &error);
  CHECK_ERROR(stringify("var d = []; for (let i = 0; i < 1e6; i++) d = [d]; d", 0, NULL, &text),
              JSVM_STATUS_EXCEPTION, &error, "stack");
  TEXT("1", 0, "1");
}

/* What the guest did to its builtins does not show. */
static void spoiled(void) {
  jsvm_context *there = new_context(isolate, NULL);
  jsvm_slot value;
  jsvm_bytes text;
  CHECK_OK(js(there,
              "JSON.parse = JSON.stringify = () => { throw 1 };"
              "Object.defineProperty(Object.prototype, 'a', {set() { throw 2 }});"
              "Object.defineProperty(Array.prototype, '0', {set() { throw 3 }})",
              NULL, &error),
           &error);
  if (CHECK_OK(jsvm_json_parse(there, "{\"a\":[1]}", JSVM_AUTO_LENGTH, NULL, &value, &error), &error) &&
      CHECK_OK(jsvm_json_stringify(there, &value, 0, NULL, &text, &error), &error)) {
    CHECK_STR(text.data, "{\"a\":[1]}");
    jsvm_bytes_clear(&text);
  }
  jsvm_slot_clear(&value);
  jsvm_context_free(there);
}

static void bad_arguments(void) {
  jsvm_slot value, object, wrong = {.kind = 99};
  jsvm_bytes text;
  jsvm_run_options run = {.struct_size = 1};
  jsvm_isolate *other = new_isolate(NULL);
  jsvm_context *there = main_context(other);
  CHECK_ERROR(jsvm_json_parse(NULL, "1", 1, NULL, &value, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "context: ");
  CHECK_ERROR(jsvm_json_parse(context, NULL, 1, NULL, &value, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "json: it is NULL");
  CHECK_ERROR(jsvm_json_parse(context, NULL, JSVM_AUTO_LENGTH, NULL, &value, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "json: it is NULL");
  CHECK_ERROR(jsvm_json_parse(context, "\"\xff\"", 3, NULL, &value, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "json: it is not UTF-8, at byte 1");
  CHECK_ERROR(jsvm_json_parse(context, "1", 1, &run, &value, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "options: ");
  CHECK_ERROR(jsvm_json_parse(context, "1", 1, NULL, NULL, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "result: ");
  CHECK_STATUS(jsvm_json_parse(context, "", 0, NULL, &value, NULL), JSVM_STATUS_EXCEPTION, NULL);

  CHECK_OK(js(context, "[1]", &object, &error), &error);
  CHECK_ERROR(jsvm_json_stringify(NULL, &object, 0, NULL, &text, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "context: ");
  CHECK_OK(jsvm_json_stringify(context, NULL, 0, NULL, &text, &error), &error);
  CHECK(text.data == NULL);
  CHECK_ERROR(jsvm_json_stringify(context, &object, 0, &run, &text, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "options: ");
  CHECK_ERROR(jsvm_json_stringify(context, &object, 0, NULL, NULL, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "result: ");
  CHECK_ERROR(jsvm_json_stringify(context, &wrong, 0, NULL, &text, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "value: 99");
  CHECK_STATUS(jsvm_json_stringify(there, &object, 0, NULL, &text, &error), JSVM_STATUS_WRONG_ISOLATE, &error);
  jsvm_value *gone = object.handle;
  jsvm_slot_clear(&object);
  object = (jsvm_slot){.handle = gone};
  CHECK_ERROR(jsvm_json_stringify(context, &object, 0, NULL, &text, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "value: it is not a live");
  jsvm_isolate_free(other);
  CHECK_STATUS(jsvm_json_parse(there, "1", 1, NULL, &value, &error), JSVM_STATUS_DISPOSED, &error);
  CHECK_STATUS(jsvm_json_stringify(there, NULL, 0, NULL, &text, &error), JSVM_STATUS_DISPOSED, &error);
  jsvm_context_free(there);
  CHECK_ERROR(jsvm_json_parse(there, "1", 1, NULL, &value, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "context: it is not a live");
}

int main(void) {
  isolate = new_isolate(NULL);
  context = main_context(isolate);
  RUN(texts);
  RUN(parses);
  RUN(syntax_errors);
  RUN(thrown);
  RUN(spoiled);
  RUN(bad_arguments);
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
  return FINISH();
}
