/* Values: slots in and out, conversions, strings exactly, symbols. */
#include "slots.h"

#include <math.h>

/* A slot goes in, becomes a value, and comes out again. */
static jsvm_slot round_trip(jsvm_slot in, jsvm_kind kind) {
  jsvm_value *value = NULL;
  jsvm_slot out;
  CHECK_OK(jsvm_value_new(isolate, &in, &value, &error), &error);
  CHECK_EQ_INT(jsvm_value_kind(value), kind);
  CHECK_OK(jsvm_value_to_slot(value, &out, &error), &error);
  CHECK_EQ_INT(out.kind, kind);
  jsvm_value_free(value);
  return out;
}

static void primitives_come_back(void) {
  double numbers[] = {0.0, -0.0, 1, -1, 0.5, 2147483648.0, 9007199254740993.0, INFINITY, -INFINITY,
                      NAN, 5e-324};
  round_trip(UNDEFINED, JSVM_KIND_UNDEFINED);
  round_trip((jsvm_slot){.kind = JSVM_KIND_NULL}, JSVM_KIND_NULL);
  CHECK_EQ_NUM(round_trip(boolean(1), JSVM_KIND_BOOLEAN).number, 1);
  CHECK_EQ_NUM(round_trip(boolean(0), JSVM_KIND_BOOLEAN).number, 0);
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    CHECK_EQ_NUM(round_trip(number(numbers[i]), JSVM_KIND_NUMBER).number, numbers[i]);
  }
  jsvm_slot text = round_trip(string("gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80"), JSVM_KIND_STRING);
  CHECK_EQ_INT(text.flags & JSVM_FLAG_LOSSY, 0);
  CHECK_TEXT(&text, "gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80");
  jsvm_slot with_nul = {.kind = JSVM_KIND_STRING, .data = "a\0b", .len = 3};
  with_nul = round_trip(with_nul, JSVM_KIND_STRING);
  CHECK_BYTES(with_nul.data, with_nul.len, "a\0b", 3);
  jsvm_slot_clear(&with_nul);
  jsvm_slot empty = {.kind = JSVM_KIND_STRING};
  empty = round_trip(empty, JSVM_KIND_STRING);
  CHECK_TEXT(&empty, "");
  /* No pointer is undefined. */
  jsvm_value *value = NULL;
  CHECK_OK(jsvm_value_new(isolate, NULL, &value, &error), &error);
  CHECK_EQ_INT(jsvm_value_kind(value), JSVM_KIND_UNDEFINED);
  jsvm_value_free(value);
}

static void bigints_come_back(void) {
  static const struct {
    const char *source, *bytes;
    size_t len;
  } cases[] = {
      {"0n", "", 0},
      {"1n", "\x01", 1},
      {"127n", "\x7f", 1},
      {"128n", "\x80\x00", 2},
      {"-1n", "\xff", 1},
      {"-128n", "\x80", 1},
      {"-129n", "\x7f\xff", 2},
      {"-(2n ** 63n)", "\0\0\0\0\0\0\0\x80", 8},
      {"2n ** 64n", "\0\0\0\0\0\0\0\0\x01", 9},
      {"-(2n ** 64n)", "\0\0\0\0\0\0\0\0\xff", 9},
      {"2n ** 127n", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x80\0", 17},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    jsvm_slot slot = eval(cases[i].source);
    CHECK_EQ_INT(slot.kind, JSVM_KIND_BIGINT);
    CHECK_BYTES(slot.data, slot.len, cases[i].bytes, cases[i].len);
    jsvm_value *value = NULL, *expected = NULL;
    bool same = false;
    jsvm_slot back = {.kind = JSVM_KIND_BIGINT, .data = cases[i].bytes, .len = cases[i].len};
    CHECK_OK(jsvm_value_new(isolate, &back, &value, &error), &error);
    CHECK_OK(jsvm_value_new(isolate, &slot, &expected, &error), &error);
    CHECK_OK(jsvm_value_strict_equals(value, expected, &same, &error), &error);
    CHECK(same);
    jsvm_value_free(value);
    jsvm_value_free(expected);
    jsvm_slot_clear(&slot);
  }
  /* More bytes than are needed are the same number. */
  jsvm_slot wide = {.kind = JSVM_KIND_BIGINT, .data = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", .len = 11};
  wide = round_trip(wide, JSVM_KIND_BIGINT);
  CHECK_BYTES(wide.data, wide.len, "\xff", 1);
  jsvm_slot_clear(&wide);
}

static void kinds_and_flags(void) {
  static const struct {
    const char *source;
    jsvm_kind kind;
    uint32_t flags;
  } cases[] = {
      {"({})", JSVM_KIND_OBJECT, 0},
      {"(() => 1)", JSVM_KIND_FUNCTION, 0},
      {"(class {})", JSVM_KIND_FUNCTION, 0},
      {"Symbol()", JSVM_KIND_SYMBOL, 0},
      {"[]", JSVM_KIND_OBJECT, JSVM_FLAG_ARRAY},
      {"new TypeError", JSVM_KIND_OBJECT, JSVM_FLAG_ERROR},
      {"Promise.resolve()", JSVM_KIND_OBJECT, JSVM_FLAG_PROMISE},
      {"new Date", JSVM_KIND_OBJECT, JSVM_FLAG_DATE},
      {"/x/", JSVM_KIND_OBJECT, JSVM_FLAG_REGEXP},
      {"new Map", JSVM_KIND_OBJECT, JSVM_FLAG_MAP},
      {"new Set", JSVM_KIND_OBJECT, JSVM_FLAG_SET},
      {"new ArrayBuffer(1)", JSVM_KIND_OBJECT, JSVM_FLAG_BUFFER},
      {"new SharedArrayBuffer(1)", JSVM_KIND_OBJECT, JSVM_FLAG_BUFFER},
      {"new Int8Array(1)", JSVM_KIND_OBJECT, JSVM_FLAG_VIEW},
      {"new DataView(new ArrayBuffer(1))", JSVM_KIND_OBJECT, JSVM_FLAG_VIEW},
      {"new Proxy({}, {})", JSVM_KIND_OBJECT, JSVM_FLAG_PROXY},
      {"new Proxy([], {})", JSVM_KIND_OBJECT, JSVM_FLAG_PROXY},
      {"new Proxy(class {}, {})", JSVM_KIND_FUNCTION, JSVM_FLAG_PROXY},
      /* Not what they look like. */
      {"Object.setPrototypeOf({}, Map.prototype)", JSVM_KIND_OBJECT, 0},
      {"({[Symbol.toStringTag]: 'Date'})", JSVM_KIND_OBJECT, 0},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    jsvm_slot slot = eval(cases[i].source), again;
    if (!CHECK_EQ_INT(slot.kind, cases[i].kind)) {
      fprintf(stderr, "%s\n", cases[i].source);
    }
    CHECK_EQ_INT(slot.flags & ~JSVM_FLAG_OWNED, cases[i].flags);
    CHECK_EQ_INT(jsvm_value_kind(slot.handle), cases[i].kind);
    CHECK_EQ_INT(jsvm_value_flags(slot.handle), cases[i].flags);
    /* A second handle of the same value. */
    CHECK_OK(jsvm_value_to_slot(slot.handle, &again, &error), &error);
    bool same = false;
    CHECK_OK(jsvm_value_strict_equals(slot.handle, again.handle, &same, &error), &error);
    CHECK(same);
    jsvm_slot_clear(&again);
    jsvm_slot_clear(&slot);
  }
  CHECK_EQ_INT(jsvm_value_kind(NULL), JSVM_KIND_UNDEFINED);
  CHECK_EQ_INT(jsvm_value_kind(freed), JSVM_KIND_UNDEFINED);
  CHECK_EQ_INT(jsvm_value_flags(NULL), 0);
  CHECK_EQ_INT(jsvm_value_flags(freed), 0);
}

/* Of another context: the flags know them, instanceof does not. */
static void brands_cross_contexts(void) {
  jsvm_context *second = NULL;
  CHECK_OK(jsvm_context_new(isolate, NULL, &second, &error), &error);
  jsvm_slot theirs = eval_in(second, "[]"), ours = eval("Array"), their_array = eval_in(second, "Array");
  bool is = true;
  CHECK(theirs.flags & JSVM_FLAG_ARRAY);
  CHECK_OK(jsvm_value_instance_of(theirs.handle, ours.handle, NULL, &is, &error), &error);
  CHECK(!is);
  CHECK_OK(jsvm_value_instance_of(theirs.handle, their_array.handle, NULL, &is, &error), &error);
  CHECK(is);
  jsvm_slot_clear(&theirs);
  jsvm_slot_clear(&ours);
  jsvm_slot_clear(&their_array);
  jsvm_context_free(second);
}

static void strict_equality(void) {
  static const struct {
    const char *a, *b;
    bool same;
  } cases[] = {{"1", "1", true},      {"0", "-0", true},      {"NaN", "NaN", false},
               {"'ab'", "'a' + 'b'", true}, {"1", "'1'", false}, {"null", "undefined", false},
               {"({})", "({})", false}, {"1n", "1n", true},     {"1n", "1", false},
               {"Math", "Math", true}, {"Symbol.iterator", "Symbol.iterator", true},
               {"Symbol('a')", "Symbol('a')", false}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    jsvm_slot a = eval(cases[i].a), b = eval(cases[i].b);
    jsvm_value *left = NULL, *right = NULL;
    bool same = !cases[i].same;
    CHECK_OK(jsvm_value_new(isolate, &a, &left, &error), &error);
    CHECK_OK(jsvm_value_new(isolate, &b, &right, &error), &error);
    CHECK_OK(jsvm_value_strict_equals(left, right, &same, &error), &error);
    if (!CHECK_EQ_INT(same, cases[i].same)) {
      fprintf(stderr, "%s === %s\n", cases[i].a, cases[i].b);
    }
    jsvm_value_free(left);
    jsvm_value_free(right);
    jsvm_slot_clear(&a);
    jsvm_slot_clear(&b);
  }
}

static jsvm_value *value_of(const char *source) {
  jsvm_slot slot = eval(source);
  jsvm_value *value = NULL;
  CHECK_OK(jsvm_value_new(isolate, &slot, &value, &error), &error);
  jsvm_slot_clear(&slot);
  return value;
}

static void conversions(void) {
  static const struct {
    const char *source, *text;
    double number;
  } cases[] = {{"undefined", "undefined", NAN},
               {"null", "null", 0},
               {"true", "true", 1},
               {"-0", "0", -0.0},
               {"'0x10'", "0x10", 16},
               {"1e21", "1e+21", 1e21},
               {"[1, [2, 3]]", "1,2,3", NAN},
               {"({})", "[object Object]", NAN},
               {"({toString() { return 'called' }, valueOf() { return 7 }})", "called", 7},
               {"new Date(12).valueOf()", "12", 12}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    jsvm_value *value = value_of(cases[i].source);
    jsvm_slot text;
    double converted = -1;
    CHECK_OK(jsvm_value_to_string(value, NULL, &text, &error), &error);
    CHECK_TEXT(&text, cases[i].text);
    CHECK_OK(jsvm_value_to_number(value, NULL, &converted, &error), &error);
    CHECK_EQ_NUM(converted, cases[i].number);
    jsvm_value_free(value);
  }
  /* What cannot be a number, and what String() has words for. */
  jsvm_value *symbol = value_of("Symbol('s')"), *bigint = value_of("12345678901234567890n");
  jsvm_slot text;
  double converted = 1;
  CHECK_OK(jsvm_value_to_string(symbol, NULL, &text, &error), &error);
  CHECK_TEXT(&text, "Symbol(s)");
  CHECK_OK(jsvm_value_to_string(bigint, NULL, &text, &error), &error);
  CHECK_TEXT(&text, "12345678901234567890");
  CHECK_STATUS(jsvm_value_to_number(symbol, NULL, &converted, &error), JSVM_STATUS_EXCEPTION, &error);
  CHECK_EQ_NUM(converted, 0);
  CHECK_STATUS(jsvm_value_to_number(bigint, NULL, &converted, &error), JSVM_STATUS_EXCEPTION, &error);
  jsvm_value_free(symbol);
  jsvm_value_free(bigint);
}

/* Guest code in a conversion throws, never ends, or recurses without end. */
static void hostile_conversions(void) {
  jsvm_run_options options = {.struct_size = sizeof options, .timeout_ms = 50};
  jsvm_value *throws = value_of("({toString() { throw new RangeError('no') }})");
  jsvm_value *loops = value_of("({get [Symbol.toPrimitive]() { for (;;); }})");
  jsvm_value *deep = value_of("var f = {toString() { return String(f) }}; f");
  jsvm_value *constructor = value_of("({get [Symbol.hasInstance]() { for (;;); }})");
  jsvm_slot text = number(3);
  double converted = 3;
  bool is = true;
  CHECK_ERROR(jsvm_value_to_string(throws, NULL, &text, &error), JSVM_STATUS_EXCEPTION, &error, "no");
  CHECK_EQ_INT(text.kind, JSVM_KIND_UNDEFINED);
  CHECK_ERROR(jsvm_value_to_number(throws, NULL, &converted, &error), JSVM_STATUS_EXCEPTION, &error, "no");
  CHECK_STATUS(jsvm_value_to_string(loops, &options, &text, &error), JSVM_STATUS_TIMEOUT, &error);
  CHECK_STATUS(jsvm_value_to_number(loops, &options, &converted, &error), JSVM_STATUS_TIMEOUT, &error);
  CHECK_STATUS(jsvm_value_to_string(deep, NULL, &text, &error), JSVM_STATUS_EXCEPTION, &error);
  CHECK_STATUS(jsvm_value_instance_of(loops, constructor, &options, &is, &error), JSVM_STATUS_TIMEOUT, &error);
  CHECK(!is);
  CHECK_STATUS(jsvm_value_instance_of(loops, throws, &options, &is, &error), JSVM_STATUS_EXCEPTION, &error);
  jsvm_value_free(throws);
  jsvm_value_free(loops);
  jsvm_value_free(deep);
  jsvm_value_free(constructor);
  CHECK_JS("1 + 1 === 2");
}

static void utf16_is_exact(void) {
  static const uint16_t lone[] = {'a', 0xd800, 'b', 0xdc00}, pair[] = {0xd83d, 0xde00};
  jsvm_value *value = NULL;
  uint16_t units[8];
  size_t length = 99;
  jsvm_slot slot;
  CHECK_OK(jsvm_string_new_utf16(isolate, lone, 4, &value, &error), &error);
  CHECK_EQ_INT(jsvm_value_kind(value), JSVM_KIND_STRING);
  publish("lone", value);
  CHECK_JS("lone === 'a\\ud800b\\udc00'");
  CHECK_OK(jsvm_string_utf16(value, units, 8, &length, &error), &error);
  CHECK_EQ_INT(length, 4);
  CHECK(memcmp(units, lone, sizeof lone) == 0);
  /* UTF-8 cannot say it: the slot has a handle that can. */
  CHECK_OK(jsvm_value_to_slot(value, &slot, &error), &error);
  CHECK(slot.flags & JSVM_FLAG_LOSSY);
  CHECK_BYTES(slot.data, slot.len, "a\xef\xbf\xbd" "b\xef\xbf\xbd", 8);
  publish("again", slot.handle);
  CHECK_JS("again === lone");
  jsvm_slot_clear(&slot);
  jsvm_value_free(value);

  CHECK_OK(jsvm_string_new_utf16(isolate, pair, 2, &value, &error), &error);
  CHECK_OK(jsvm_value_to_slot(value, &slot, &error), &error);
  CHECK_EQ_INT(slot.flags & JSVM_FLAG_LOSSY, 0);
  CHECK_TEXT(&slot, "\xf0\x9f\x98\x80");
  /* Less room than there are units, and none. */
  units[1] = 7;
  CHECK_OK(jsvm_string_utf16(value, units, 1, &length, &error), &error);
  CHECK_EQ_INT(length, 2);
  CHECK_EQ_INT(units[0], 0xd83d);
  CHECK_EQ_INT(units[1], 7);
  CHECK_OK(jsvm_string_utf16(value, NULL, 0, &length, &error), &error);
  CHECK_EQ_INT(length, 2);
  jsvm_value_free(value);

  CHECK_OK(jsvm_string_new_utf16(isolate, NULL, 0, &value, &error), &error);
  CHECK_OK(jsvm_string_utf16(value, units, 8, &length, &error), &error);
  CHECK_EQ_INT(length, 0);
  jsvm_value_free(value);

  /* A string that V8 keeps in one byte per character, and one in pieces. */
  jsvm_value *pieces = value_of("'x'.repeat(1000) + '\\u00ff'.repeat(1000)");
  static uint16_t many[2000];
  CHECK_OK(jsvm_string_utf16(pieces, many, 2000, &length, &error), &error);
  CHECK_EQ_INT(length, 2000);
  CHECK(many[0] == 'x' && many[999] == 'x' && many[1000] == 0xff && many[1999] == 0xff);
  jsvm_value_free(pieces);

  /* U+FFFD of its own is nothing lost. */
  slot = eval("'\\ufffd\\u0100'");
  CHECK_EQ_INT(slot.flags & JSVM_FLAG_LOSSY, 0);
  CHECK_TEXT(&slot, "\xef\xbf\xbd\xc4\x80");
}

static void symbols(void) {
  jsvm_value *plain = NULL, *named = NULL, *shared = NULL, *again = NULL, *empty = NULL;
  jsvm_slot text;
  bool same = false;
  CHECK_OK(jsvm_symbol_new(isolate, NULL, 0, &plain, &error), &error);
  CHECK_OK(jsvm_symbol_new(isolate, "name", JSVM_AUTO_LENGTH, &named, &error), &error);
  CHECK_OK(jsvm_symbol_for(isolate, "key", 3, &shared, &error), &error);
  CHECK_OK(jsvm_symbol_for(isolate, "keys", 3, &again, &error), &error);
  CHECK_EQ_INT(jsvm_value_kind(plain), JSVM_KIND_SYMBOL);
  CHECK_OK(jsvm_symbol_description(plain, &text, &error), &error);
  CHECK_EQ_INT(text.kind, JSVM_KIND_UNDEFINED);
  CHECK_OK(jsvm_symbol_description(named, &text, &error), &error);
  CHECK_TEXT(&text, "name");
  CHECK_OK(jsvm_value_strict_equals(shared, again, &same, &error), &error);
  CHECK(same);
  publish("shared", shared);
  publish("named", named);
  CHECK_JS("shared === Symbol.for('key') && typeof named === 'symbol'");
  CHECK_OK(jsvm_symbol_new(isolate, "", 0, &empty, &error), &error);
  CHECK_OK(jsvm_symbol_description(empty, &text, &error), &error);
  CHECK_TEXT(&text, "");
  jsvm_value_free(plain);
  jsvm_value_free(named);
  jsvm_value_free(shared);
  jsvm_value_free(again);
  jsvm_value_free(empty);
}

static void bad_input(void) {
  jsvm_value *value = freed;
  jsvm_slot slot = number(1), out;
  bool same = true;
  double converted = 1;
  size_t length = 1;
  uint16_t unit = 'x';
  jsvm_run_options wrong_size = {.struct_size = 3};
  struct {
    jsvm_run_options known;
    uint64_t unknown;
  } newer = {.known = {.struct_size = sizeof newer}, .unknown = 1};

  CHECK_INVALID(jsvm_value_new(NULL, &slot, &value, &error), "isolate");
  CHECK(value == NULL);
  CHECK_INVALID(jsvm_value_new((jsvm_isolate *)primitive, &slot, &value, &error), "isolate");
  CHECK_INVALID(jsvm_value_new(isolate, &slot, NULL, &error), "result");
  slot.kind = 77;
  CHECK_INVALID(jsvm_value_new(isolate, &slot, &value, &error), "slot");
  slot.kind = JSVM_KIND_OBJECT;
  CHECK_INVALID(jsvm_value_new(isolate, &slot, &value, &error), "slot");
  slot = (jsvm_slot){.kind = JSVM_KIND_STRING, .len = 3};
  CHECK_INVALID(jsvm_value_new(isolate, &slot, &value, &error), "slot");
  slot = string("a\xff");
  CHECK_INVALID(jsvm_value_new(isolate, &slot, &value, &error), "slot");
  /* A surrogate in UTF-8 is no UTF-8. */
  slot = string("\xed\xa0\x80");
  CHECK_INVALID(jsvm_value_new(isolate, &slot, &value, &error), "slot");
  slot = (jsvm_slot){.kind = JSVM_KIND_STRING, .data = "x", .len = (size_t)-2};
  CHECK_INVALID(jsvm_value_new(isolate, &slot, &value, &error), "slot");
  slot = (jsvm_slot){.kind = JSVM_KIND_BIGINT, .len = 3};
  CHECK_INVALID(jsvm_value_new(isolate, &slot, &value, &error), "slot");
  slot = by_handle(freed);
  CHECK_INVALID(jsvm_value_new(isolate, &slot, &value, &error), "slot");
  slot = by_handle(foreign);
  CHECK_FOREIGN(jsvm_value_new(isolate, &slot, &value, &error), "slot");
  CHECK(value == NULL);

  CHECK_INVALID(jsvm_value_to_slot(NULL, &out, &error), "value");
  CHECK_INVALID(jsvm_value_to_slot(freed, &out, &error), "value");
  CHECK_INVALID(jsvm_value_to_slot((jsvm_value *)context, &out, &error), "value");
  CHECK_INVALID(jsvm_value_to_slot((jsvm_value *)((char *)primitive + 1), &out, &error), "value");
  CHECK_INVALID(jsvm_value_to_slot((jsvm_value *)&out, &out, &error), "value");
  CHECK_INVALID(jsvm_value_to_slot(primitive, NULL, &error), "result");

  CHECK_INVALID(jsvm_value_strict_equals(NULL, primitive, &same, &error), "a");
  CHECK(!same);
  CHECK_INVALID(jsvm_value_strict_equals(primitive, NULL, &same, &error), "b");
  CHECK_INVALID(jsvm_value_strict_equals(primitive, freed, &same, &error), "b");
  CHECK_FOREIGN(jsvm_value_strict_equals(primitive, foreign, &same, &error), "b");
  CHECK_INVALID(jsvm_value_strict_equals(primitive, primitive, NULL, &error), "result");

  CHECK_INVALID(jsvm_value_to_string(NULL, NULL, &out, &error), "value");
  CHECK_INVALID(jsvm_value_to_string(primitive, NULL, NULL, &error), "result");
  CHECK_INVALID(jsvm_value_to_string(primitive, &wrong_size, &out, &error), "options");
  CHECK_INVALID(jsvm_value_to_string(primitive, &newer.known, &out, &error), "options");
  newer.unknown = 0;
  CHECK_OK(jsvm_value_to_string(primitive, &newer.known, &out, &error), &error);
  jsvm_slot_clear(&out);
  CHECK_INVALID(jsvm_value_to_number(freed, NULL, &converted, &error), "value");
  CHECK_INVALID(jsvm_value_to_number(primitive, NULL, NULL, &error), "result");
  CHECK_INVALID(jsvm_value_to_number(primitive, &wrong_size, &converted, &error), "options");

  jsvm_value *array = object_of("Array");
  CHECK_INVALID(jsvm_value_instance_of(NULL, array, NULL, &same, &error), "value");
  CHECK_INVALID(jsvm_value_instance_of(primitive, NULL, NULL, &same, &error), "constructor");
  CHECK_INVALID(jsvm_value_instance_of(primitive, primitive, NULL, &same, &error), "constructor");
  CHECK_FOREIGN(jsvm_value_instance_of(primitive, foreign, NULL, &same, &error), "constructor");
  CHECK_INVALID(jsvm_value_instance_of(primitive, array, NULL, NULL, &error), "result");
  CHECK_INVALID(jsvm_value_instance_of(primitive, array, &wrong_size, &same, &error), "options");
  jsvm_value_free(array);

  CHECK_INVALID(jsvm_string_new_utf16(NULL, &unit, 1, &value, &error), "isolate");
  CHECK_INVALID(jsvm_string_new_utf16(isolate, NULL, 1, &value, &error), "data");
  CHECK_INVALID(jsvm_string_new_utf16(isolate, &unit, SIZE_MAX, &value, &error), "data");
  CHECK_INVALID(jsvm_string_new_utf16(isolate, &unit, (size_t)1 << 40, &value, &error), "len");
  CHECK_INVALID(jsvm_string_new_utf16(isolate, &unit, 1, NULL, &error), "result");
  CHECK_INVALID(jsvm_string_utf16(NULL, &unit, 1, &length, &error), "value");
  CHECK_EQ_INT(length, 0);
  CHECK_INVALID(jsvm_string_utf16(primitive, &unit, 1, &length, &error), "value");
  jsvm_value *text = value_of("'text'");
  CHECK_INVALID(jsvm_string_utf16(text, NULL, 1, &length, &error), "buffer");
  CHECK_INVALID(jsvm_string_utf16(text, (uint16_t *)((char *)&slot + 1), 1, &length, &error), "buffer");
  CHECK_INVALID(jsvm_string_utf16(text, &unit, 1, NULL, &error), "length");
  jsvm_value_free(text);

  CHECK_INVALID(jsvm_symbol_new(NULL, "x", 1, &value, &error), "isolate");
  CHECK_INVALID(jsvm_symbol_new(isolate, "\xc0", 1, &value, &error), "description");
  CHECK_INVALID(jsvm_symbol_new(isolate, "x", 1, NULL, &error), "result");
  CHECK_INVALID(jsvm_symbol_for(NULL, "x", 1, &value, &error), "isolate");
  CHECK_INVALID(jsvm_symbol_for(isolate, NULL, 1, &value, &error), "key");
  CHECK_INVALID(jsvm_symbol_for(isolate, NULL, JSVM_AUTO_LENGTH, &value, &error), "key");
  CHECK_INVALID(jsvm_symbol_for(isolate, "x", 1, NULL, &error), "result");
  CHECK_INVALID(jsvm_symbol_description(NULL, &out, &error), "symbol");
  CHECK_INVALID(jsvm_symbol_description(primitive, &out, &error), "symbol");
  CHECK_INVALID(jsvm_symbol_description(primitive, NULL, &error), "result");
  /* Nobody has to ask for the error. */
  CHECK_STATUS(jsvm_value_to_slot(NULL, &out, NULL), JSVM_STATUS_INVALID_ARGUMENT, NULL);
}

static void after_the_isolate(void) {
  jsvm_isolate *gone = NULL;
  jsvm_value *number_left = NULL, *object_left = NULL;
  jsvm_context *left = NULL;
  jsvm_slot slot = number(4), out;
  double converted = 1;
  size_t length = 1;
  CHECK_OK(jsvm_isolate_new(NULL, &gone, &error), &error);
  CHECK_OK(jsvm_isolate_main_context(gone, &left, &error), &error);
  CHECK_OK(jsvm_value_new(gone, &slot, &number_left, &error), &error);
  CHECK_OK(jsvm_object_new(left, &object_left, &error), &error);
  jsvm_value *second = jsvm_value_clone(object_left);
  jsvm_isolate_free(gone);
  CHECK_STATUS(jsvm_value_to_slot(number_left, &out, &error), JSVM_STATUS_DISPOSED, &error);
  CHECK_STATUS(jsvm_value_to_number(number_left, NULL, &converted, &error), JSVM_STATUS_DISPOSED, &error);
  CHECK_STATUS(jsvm_buffer_length(object_left, &length, &error), JSVM_STATUS_INVALID_ARGUMENT, &error);
  CHECK_STATUS(jsvm_object_new(left, &freed, &error), JSVM_STATUS_DISPOSED, &error);
  CHECK_INVALID(jsvm_value_new(gone, &slot, &freed, &error), "isolate");
  /* Kind and flags are known without it. */
  CHECK_EQ_INT(jsvm_value_kind(number_left), JSVM_KIND_NUMBER);
  jsvm_value_free(number_left);
  jsvm_value_free(object_left);
  CHECK_EQ_INT(jsvm_value_kind(second), JSVM_KIND_OBJECT);
  jsvm_value_free(second);
  jsvm_context_free(left);
}

int main(void) {
  set_up();
  RUN(primitives_come_back);
  RUN(bigints_come_back);
  RUN(kinds_and_flags);
  RUN(brands_cross_contexts);
  RUN(strict_equality);
  RUN(conversions);
  RUN(hostile_conversions);
  RUN(utf16_is_exact);
  RUN(symbols);
  RUN(bad_input);
  RUN(after_the_isolate);
  tear_down();
  return FINISH();
}
