/* Objects, arrays and calls. */
#include "slots.h"

#include <math.h>

static jsvm_value *new_object(void) {
  jsvm_value *object = NULL;
  CHECK_OK(jsvm_object_new(context, &object, &error), &error);
  return object;
}

static void properties(void) {
  jsvm_value *object = new_object();
  jsvm_value *symbol = object_of("Symbol.for('s')");
  jsvm_slot keys[] = {string("name"), number(0), number(-1.5), by_handle(symbol), string("gr\xc3\xb6\xc3\x9f" "e"),
                      string("")};
  bool has = true;
  publish("o", object);
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
    jsvm_slot value = number((double)i), out;
    CHECK_OK(jsvm_object_has(object, &keys[i], NULL, &has, &error), &error);
    CHECK(!has);
    CHECK_OK(jsvm_object_get(object, &keys[i], NULL, &out, &error), &error);
    CHECK_EQ_INT(out.kind, JSVM_KIND_UNDEFINED);
    CHECK_OK(jsvm_object_set(object, &keys[i], &value, NULL, &error), &error);
    CHECK_OK(jsvm_object_has_own(object, &keys[i], NULL, &has, &error), &error);
    CHECK(has);
    CHECK_OK(jsvm_object_get(object, &keys[i], NULL, &out, &error), &error);
    CHECK_EQ_NUM(out.number, (double)i);
  }
  CHECK_JS("o.name === 0 && o[0] === 1 && o['-1.5'] === 2 && o[Symbol.for('s')] === 3 && o.gr\xc3\xb6\xc3\x9f" "e === 4 && o[''] === 5");
  /* Inherited, but not its own. */
  jsvm_slot inherited = string("toString"), value;
  CHECK_OK(jsvm_object_has(object, &inherited, NULL, &has, &error), &error);
  CHECK(has);
  CHECK_OK(jsvm_object_has_own(object, &inherited, NULL, &has, &error), &error);
  CHECK(!has);
  CHECK_OK(jsvm_object_get(object, &inherited, NULL, &value, &error), &error);
  CHECK_EQ_INT(value.kind, JSVM_KIND_FUNCTION);
  jsvm_slot_clear(&value);
  /* No value is undefined. */
  CHECK_OK(jsvm_object_set(object, &keys[0], NULL, NULL, &error), &error);
  CHECK_JS("'name' in o && o.name === undefined");
  CHECK_OK(jsvm_object_delete(object, &keys[0], NULL, &has, &error), &error);
  CHECK(has);
  CHECK_OK(jsvm_object_delete(object, &keys[0], NULL, NULL, &error), &error);
  CHECK_JS("!('name' in o)");
  CHECK_JS("Object.defineProperty(o, 'fixed', {value: 1}), true");
  jsvm_slot fixed = string("fixed"), two = number(2);
  CHECK_OK(jsvm_object_delete(object, &fixed, NULL, &has, &error), &error);
  CHECK(!has);
  /* As in sloppy mode. */
  CHECK_OK(jsvm_object_set(object, &fixed, &two, NULL, &error), &error);
  CHECK_JS("o.fixed === 1");
  jsvm_value_free(symbol);
  jsvm_value_free(object);
}

/* A key that is a value of its own: a string exactly, a number. */
static void keys_by_handle(void) {
  static const uint16_t lone[] = {0xd800};
  jsvm_value *object = new_object(), *key = NULL;
  jsvm_slot one = number(1), slot;
  CHECK_OK(jsvm_string_new_utf16(isolate, lone, 1, &key, &error), &error);
  slot = by_handle(key);
  CHECK_OK(jsvm_object_set(object, &slot, &one, NULL, &error), &error);
  slot = by_handle(primitive);
  CHECK_OK(jsvm_object_set(object, &slot, &one, NULL, &error), &error);
  publish("o", object);
  CHECK_JS("o['\\ud800'] === 1 && o[1] === 1 && Object.keys(o).length === 2");
  jsvm_value_free(key);
  jsvm_value_free(object);
}

static void definitions(void) {
  jsvm_value *object = new_object();
  jsvm_slot key = string("a"), value = number(1), other = number(2);
  publish("o", object);
  CHECK_OK(jsvm_object_define(object, &key, &value, 0, NULL, &error), &error);
  CHECK_JS("var d = Object.getOwnPropertyDescriptor(o, 'a'); d.value === 1 && d.writable && d.enumerable && d.configurable");
  CHECK_OK(jsvm_object_define(object, &key, &other, JSVM_PROPERTY_READ_ONLY | JSVM_PROPERTY_DONT_ENUM | JSVM_PROPERTY_DONT_DELETE, NULL, &error), &error);
  CHECK_JS("var d = Object.getOwnPropertyDescriptor(o, 'a'); d.value === 2 && !d.writable && !d.enumerable && !d.configurable");
  CHECK_ERROR(jsvm_object_define(object, &key, &value, 0, NULL, &error), JSVM_STATUS_WRONG_STATE, &error, "key: ");
  CHECK_INVALID(jsvm_object_define(object, &key, &value, 8, NULL, &error), "attributes");
  CHECK_JS("Object.freeze(o), true");
  key = string("b");
  CHECK_STATUS(jsvm_object_define(object, &key, &value, 0, NULL, &error), JSVM_STATUS_WRONG_STATE, &error);
  jsvm_value_free(object);

  object = new_object();
  publish("o", object);
  jsvm_value *getter = object_of("(function () { return this.seen })"), *setter = object_of("(function (v) { this.seen = v })");
  CHECK_OK(jsvm_object_define_accessor(object, &key, getter, setter, JSVM_PROPERTY_DONT_ENUM, NULL, &error), &error);
  CHECK_JS("o.b = 5; o.b === 5 && o.seen === 5 && !Object.keys(o).includes('b')");
  key = string("only");
  CHECK_OK(jsvm_object_define_accessor(object, &key, getter, NULL, 0, NULL, &error), &error);
  CHECK_JS("Object.getOwnPropertyDescriptor(o, 'only').set === undefined && o.only === 5");
  CHECK_INVALID(jsvm_object_define_accessor(object, &key, getter, NULL, JSVM_PROPERTY_READ_ONLY, NULL, &error), "attributes");
  CHECK_INVALID(jsvm_object_define_accessor(object, &key, object, NULL, 0, NULL, &error), "getter");
  CHECK_INVALID(jsvm_object_define_accessor(object, &key, NULL, freed, 0, NULL, &error), "setter");
  CHECK_INVALID(jsvm_object_define_accessor(object, &key, NULL, foreign, 0, NULL, &error), "setter");
  jsvm_value *foreign_function = eval_in(other_context, "Array").handle;
  CHECK_FOREIGN(jsvm_object_define_accessor(object, &key, NULL, foreign_function, 0, NULL, &error), "setter");
  jsvm_value_free(foreign_function);
  CHECK_INVALID(jsvm_object_define_accessor(NULL, &key, getter, NULL, 0, NULL, &error), "object");
  CHECK_INVALID(jsvm_object_define_accessor(object, NULL, getter, NULL, 0, NULL, &error), "key");
  jsvm_value_free(getter);
  jsvm_value_free(setter);
  jsvm_value_free(object);
}

static void prototypes_and_names(void) {
  jsvm_value *object = object_of("class Point {} var p = new Point; p");
  jsvm_value *proxy = object_of("new Proxy(p, {getPrototypeOf() { throw 1 }})");
  jsvm_value *bare = object_of("Object.create(null)");
  jsvm_slot slot;
  CHECK_OK(jsvm_object_get_prototype(object, &slot, &error), &error);
  publish("proto", slot.handle);
  CHECK_JS("proto === Point.prototype");
  jsvm_slot_clear(&slot);
  CHECK_OK(jsvm_object_constructor_name(object, &slot, &error), &error);
  CHECK_TEXT(&slot, "Point");
  CHECK_OK(jsvm_object_get_prototype(proxy, &slot, &error), &error);
  CHECK_EQ_INT(slot.kind, JSVM_KIND_NULL);
  CHECK_OK(jsvm_object_constructor_name(proxy, &slot, &error), &error);
  CHECK_EQ_INT(slot.kind, JSVM_KIND_STRING);
  jsvm_slot_clear(&slot);
  CHECK_OK(jsvm_object_get_prototype(bare, &slot, &error), &error);
  CHECK_EQ_INT(slot.kind, JSVM_KIND_NULL);
  CHECK_OK(jsvm_object_constructor_name(bare, &slot, &error), &error);
  CHECK_TEXT(&slot, "Object");
  CHECK_INVALID(jsvm_object_get_prototype(NULL, &slot, &error), "object");
  CHECK_INVALID(jsvm_object_get_prototype(primitive, &slot, &error), "object");
  CHECK_INVALID(jsvm_object_get_prototype(bare, NULL, &error), "result");
  CHECK_INVALID(jsvm_object_constructor_name(freed, &slot, &error), "object");
  CHECK_INVALID(jsvm_object_constructor_name(bare, NULL, &error), "result");
  jsvm_value_free(object);
  jsvm_value_free(proxy);
  jsvm_value_free(bare);
}

/* The keys as "a,b,Symbol" by the guest's own eyes. */
static void check_keys(jsvm_value *object, uint32_t flags, const char *expected, int line) {
  jsvm_slot_list list;
  char seen[200] = "";
  CHECK_OK(jsvm_object_own_keys(object, flags, NULL, &list, &error), &error);
  for (size_t i = 0; i < list.len; i++) {
    jsvm_slot text;
    jsvm_value *value = NULL;
    CHECK_OK(jsvm_value_new(isolate, &list.slots[i], &value, &error), &error);
    CHECK_OK(jsvm_value_to_string(value, NULL, &text, &error), &error);
    strcat(strcat(seen, i > 0 ? "," : ""), text.data);
    jsvm_slot_clear(&text);
    jsvm_value_free(value);
  }
  jsvm_slot_list_clear(&list);
  CHECK(list.slots == NULL && list.len == 0);
  jsvm_slot_list_clear(&list);
  check_string(seen, expected, "the keys", __FILE__, line);
}

static void own_keys(void) {
  jsvm_value *object = object_of("var o = Object.create({inherited: 1}, {hidden: {value: 1}}); o.b = 1; o[10] = 1; o[2] = 1; o.a = 1;"
                                 "o[Symbol('s')] = 1; Object.defineProperty(o, Symbol('t'), {value: 1}); o");
  check_keys(object, 0, "2,10,hidden,b,a,Symbol(s),Symbol(t)", __LINE__);
  check_keys(object, JSVM_KEYS_STRINGS | JSVM_KEYS_SYMBOLS, "2,10,hidden,b,a,Symbol(s),Symbol(t)", __LINE__);
  check_keys(object, JSVM_KEYS_ENUMERABLE, "2,10,b,a,Symbol(s)", __LINE__);
  check_keys(object, JSVM_KEYS_STRINGS, "2,10,hidden,b,a", __LINE__);
  check_keys(object, JSVM_KEYS_ENUMERABLE | JSVM_KEYS_STRINGS, "2,10,b,a", __LINE__);
  check_keys(object, JSVM_KEYS_SYMBOLS, "Symbol(s),Symbol(t)", __LINE__);
  check_keys(object, JSVM_KEYS_SYMBOLS | JSVM_KEYS_ENUMERABLE, "Symbol(s)", __LINE__);
  jsvm_value_free(object);
  object = object_of("[5, 6]");
  check_keys(object, 0, "0,1,length", __LINE__);
  jsvm_value_free(object);
  object = object_of("new Uint8Array(2)");
  check_keys(object, 0, "0,1", __LINE__);
  jsvm_value_free(object);
  object = new_object();
  check_keys(object, 0, "", __LINE__);
  jsvm_value_free(object);
  object = object_of("new Proxy({x: 1, y: 2}, {ownKeys() { return ['y', 'x', Symbol.iterator] }, getOwnPropertyDescriptor(t, k) {"
                     "  return {value: 1, enumerable: k === 'x', configurable: true} }})");
  check_keys(object, 0, "y,x,Symbol(Symbol.iterator)", __LINE__);
  check_keys(object, JSVM_KEYS_ENUMERABLE | JSVM_KEYS_STRINGS, "x", __LINE__);
  jsvm_value_free(object);

  jsvm_slot_list list = {(jsvm_slot *)&list, 3};
  jsvm_value *throws = object_of("new Proxy({}, {ownKeys() { throw new Error('no keys') }})");
  CHECK_ERROR(jsvm_object_own_keys(throws, 0, NULL, &list, &error), JSVM_STATUS_EXCEPTION, &error, "no keys");
  CHECK(list.slots == NULL && list.len == 0);
  jsvm_value_free(throws);
  object = new_object();
  CHECK_INVALID(jsvm_object_own_keys(object, 8, NULL, &list, &error), "flags");
  CHECK_INVALID(jsvm_object_own_keys(NULL, 0, NULL, &list, &error), "object");
  CHECK_INVALID(jsvm_object_own_keys(primitive, 0, NULL, &list, &error), "object");
  CHECK_INVALID(jsvm_object_own_keys(object, 0, NULL, NULL, &error), "result");
  jsvm_run_options options = {.struct_size = 1};
  CHECK_INVALID(jsvm_object_own_keys(object, 0, &options, &list, &error), "options");
  jsvm_slot_list_clear(NULL);
  jsvm_value_free(object);
}

static void many_at_once(void) {
  jsvm_value *object = new_object();
  jsvm_slot keys[] = {string("a"), string("b"), number(7)}, values[] = {number(1), string("two"), boolean(1)}, out[3];
  CHECK_OK(jsvm_object_set_many(object, keys, values, 3, NULL, &error), &error);
  publish("o", object);
  CHECK_JS("o.a === 1 && o.b === 'two' && o[7] === true");
  CHECK_OK(jsvm_object_get_many(object, keys, 3, NULL, out, &error), &error);
  CHECK_EQ_NUM(out[0].number, 1);
  CHECK_TEXT(&out[1], "two");
  CHECK_EQ_INT(out[2].kind, JSVM_KIND_BOOLEAN);
  CHECK_OK(jsvm_object_get_many(object, NULL, 0, NULL, NULL, &error), &error);
  CHECK_OK(jsvm_object_set_many(object, NULL, NULL, 0, NULL, &error), &error);

  /* One that throws takes the others with it. */
  jsvm_value *bad = object_of("({a: {}, get b() { throw new Error('b') }, set b(v) { throw new Error('b') }})");
  memset(out, 0x55, sizeof out);
  CHECK_ERROR(jsvm_object_get_many(bad, keys, 3, NULL, out, &error), JSVM_STATUS_EXCEPTION, &error, "b");
  CHECK(memcmp(&out[0], &UNDEFINED, sizeof *out) == 0 && memcmp(&out[2], &UNDEFINED, sizeof *out) == 0);
  CHECK_ERROR(jsvm_object_set_many(bad, keys, values, 3, NULL, &error), JSVM_STATUS_EXCEPTION, &error, "b");
  publish("o", bad);
  CHECK_JS("o.a === 1 && !(7 in o)");
  jsvm_value_free(bad);

  CHECK_INVALID(jsvm_object_get_many(NULL, keys, 3, NULL, out, &error), "object");
  CHECK_INVALID(jsvm_object_get_many(object, NULL, 3, NULL, out, &error), "keys");
  CHECK_INVALID(jsvm_object_get_many(object, keys, 3, NULL, NULL, &error), "results");
  CHECK_INVALID(jsvm_object_get_many(object, keys, SIZE_MAX, NULL, out, &error), "results");
  CHECK_INVALID(jsvm_object_set_many(object, NULL, values, 3, NULL, &error), "keys");
  CHECK_INVALID(jsvm_object_set_many(object, keys, NULL, 3, NULL, &error), "values");
  CHECK_INVALID(jsvm_object_set_many(object, keys, values, SIZE_MAX / 8, NULL, &error), "keys");
  keys[1] = boolean(1);
  CHECK_INVALID(jsvm_object_get_many(object, keys, 3, NULL, out, &error), "keys[1]");
  keys[1] = by_handle(foreign);
  CHECK_FOREIGN(jsvm_object_get_many(object, keys, 3, NULL, out, &error), "keys[1]");
  keys[1] = string("ok");
  values[2] = by_handle(freed);
  CHECK_INVALID(jsvm_object_set_many(object, keys, values, 3, NULL, &error), "values[2]");
  values[2] = by_handle(foreign);
  CHECK_FOREIGN(jsvm_object_set_many(object, keys, values, 3, NULL, &error), "values[2]");
  publish("o", object);
  CHECK_JS("!('ok' in o)");
  jsvm_value_free(object);
}

static void hostile_objects(void) {
  static const struct {
    const char *source;
    jsvm_status status;
  } cases[] = {
      {"({get x() { throw new TypeError('trap') }, set x(v) { throw new TypeError('trap') }})", JSVM_STATUS_EXCEPTION},
      {"({get x() { for (;;); }, set x(v) { for (;;); }})", JSVM_STATUS_TIMEOUT},
      {"new Proxy({}, {get() { throw 1 }, set() { throw 1 }, has() { throw 1 }, getOwnPropertyDescriptor() { throw 1 },"
       " deleteProperty() { throw 1 }, defineProperty() { throw 1 }, ownKeys() { throw 1 }})", JSVM_STATUS_EXCEPTION},
      {"new Proxy({}, {get() { for (;;); }, set() { for (;;); }, has() { for (;;); }, getOwnPropertyDescriptor() { for (;;); },"
       " deleteProperty() { for (;;); }, defineProperty() { for (;;); }, ownKeys() { for (;;); }})", JSVM_STATUS_TIMEOUT},
      {"var r = Proxy.revocable({}, {}); r.revoke(); r.proxy", JSVM_STATUS_EXCEPTION},
      {"new Proxy({}, {get(t, k, o) { return o[k] }, set(t, k, v, o) { o[k] = v }, has(t, k) { return k in p }})", JSVM_STATUS_EXCEPTION},
  };
  jsvm_run_options options = {.struct_size = sizeof options};
  jsvm_slot key = string("x"), value = number(1), out;
  bool is;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    options.timeout_ms = cases[i].status == JSVM_STATUS_TIMEOUT ? 20 : LONG_MS;
    jsvm_value *object = object_of(cases[i].source);
    publish("p", object);
    CHECK_STATUS(jsvm_object_get(object, &key, &options, &out, &error), cases[i].status, &error);
    CHECK_EQ_INT(out.kind, JSVM_KIND_UNDEFINED);
    CHECK_STATUS(jsvm_object_set(object, &key, &value, &options, &error), cases[i].status, &error);
    if (i >= 2) {
      CHECK_STATUS(jsvm_object_has(object, &key, &options, &is, &error), cases[i].status, &error);
      CHECK(!is);
    }
    if (i >= 2 && i < 5) {
      jsvm_slot_list list;
      CHECK_STATUS(jsvm_object_has_own(object, &key, &options, &is, &error), cases[i].status, &error);
      CHECK_STATUS(jsvm_object_delete(object, &key, &options, &is, &error), cases[i].status, &error);
      CHECK_STATUS(jsvm_object_define(object, &key, &value, 0, &options, &error), cases[i].status, &error);
      CHECK_STATUS(jsvm_object_own_keys(object, 0, &options, &list, &error), cases[i].status, &error);
    }
    jsvm_value_free(object);
  }
  CHECK_JS("1 + 1 === 2");
  /* A token that was triggered before. */
  jsvm_cancel *cancel = NULL;
  jsvm_value *object = new_object();
  CHECK_OK(jsvm_cancel_new(&cancel, &error), &error);
  CHECK_OK(jsvm_cancel_trigger(cancel, &error), &error);
  options = (jsvm_run_options){.struct_size = sizeof options, .cancel = cancel};
  CHECK_STATUS(jsvm_object_get(object, &key, &options, &out, &error), JSVM_STATUS_CANCELLED, &error);
  jsvm_cancel_free(cancel);
  jsvm_value_free(object);
}

static void bad_input(void) {
  jsvm_value *object = new_object(), *made = freed;
  jsvm_slot key = string("x"), value = number(1), out, bad[] = {boolean(1), UNDEFINED, {.kind = JSVM_KIND_NULL},
    {.kind = JSVM_KIND_BIGINT}, {.kind = 99}, {.kind = JSVM_KIND_SYMBOL}, by_handle(object), by_handle(freed), string("\xff"),
    {.kind = JSVM_KIND_STRING, .len = 1}};
  bool is;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    CHECK_INVALID(jsvm_object_get(object, &bad[i], NULL, &out, &error), "key");
    CHECK_INVALID(jsvm_object_set(object, &bad[i], &value, NULL, &error), "key");
    CHECK_INVALID(jsvm_object_has(object, &bad[i], NULL, &is, &error), "key");
    CHECK_INVALID(jsvm_object_has_own(object, &bad[i], NULL, &is, &error), "key");
    CHECK_INVALID(jsvm_object_delete(object, &bad[i], NULL, &is, &error), "key");
    CHECK_INVALID(jsvm_object_define(object, &bad[i], &value, 0, NULL, &error), "key");
  }
  CHECK_INVALID(jsvm_object_get(object, NULL, NULL, &out, &error), "key");
  bad[0] = by_handle(foreign);
  CHECK_FOREIGN(jsvm_object_get(object, &bad[0], NULL, &out, &error), "key");
  CHECK_FOREIGN(jsvm_object_set(object, &key, &bad[0], NULL, &error), "value");
  CHECK_FOREIGN(jsvm_object_define(object, &key, &bad[0], 0, NULL, &error), "value");
  bad[0] = by_handle(freed);
  CHECK_INVALID(jsvm_object_set(object, &key, &bad[0], NULL, &error), "value");
  CHECK_INVALID(jsvm_object_get(object, &key, NULL, NULL, &error), "result");
  CHECK_INVALID(jsvm_object_has(object, &key, NULL, NULL, &error), "result");
  CHECK_INVALID(jsvm_object_has_own(object, &key, NULL, NULL, &error), "result");
  jsvm_value *none[] = {NULL, freed, primitive, (jsvm_value *)context};
  for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
    CHECK_INVALID(jsvm_object_get(none[i], &key, NULL, &out, &error), "object");
    CHECK_INVALID(jsvm_object_set(none[i], &key, &value, NULL, &error), "object");
    CHECK_INVALID(jsvm_object_has(none[i], &key, NULL, &is, &error), "object");
    CHECK_INVALID(jsvm_object_has_own(none[i], &key, NULL, &is, &error), "object");
    CHECK_INVALID(jsvm_object_delete(none[i], &key, NULL, &is, &error), "object");
    CHECK_INVALID(jsvm_object_define(none[i], &key, &value, 0, NULL, &error), "object");
    CHECK_INVALID(jsvm_function_call(none[i], NULL, NULL, 0, NULL, &out, &error), "function");
    CHECK_INVALID(jsvm_function_construct(none[i], NULL, 0, NULL, &out, &error), "function");
  }
  jsvm_run_options wrong = {.struct_size = 5000};
  CHECK_INVALID(jsvm_object_get(object, &key, &wrong, &out, &error), "options");
  CHECK_INVALID(jsvm_object_set(object, &key, &value, &wrong, &error), "options");
  CHECK_INVALID(jsvm_object_has(object, &key, &wrong, &is, &error), "options");
  CHECK_INVALID(jsvm_object_delete(object, &key, &wrong, &is, &error), "options");
  CHECK_INVALID(jsvm_object_new(NULL, &made, &error), "context");
  CHECK(made == NULL);
  CHECK_INVALID(jsvm_object_new((jsvm_context *)object, &made, &error), "context");
  CHECK_INVALID(jsvm_object_new(context, NULL, &error), "result");
  jsvm_value_free(object);
}

static void arrays(void) {
  jsvm_value *array = NULL, *object = new_object();
  jsvm_slot few[] = {number(1), string("two"), UNDEFINED, by_handle(object)};
  uint32_t length = 9;
  CHECK_OK(jsvm_array_new(context, few, 4, &array, &error), &error);
  CHECK(jsvm_value_flags(array) & JSVM_FLAG_ARRAY);
  CHECK_OK(jsvm_array_length(array, &length, &error), &error);
  CHECK_EQ_INT(length, 4);
  publish("a", array);
  CHECK_JS("Array.isArray(a) && a instanceof Array && a[0] === 1 && a[1] === 'two' && 2 in a && a[2] === undefined && typeof a[3] === 'object'");
  jsvm_value_free(array);
  CHECK_OK(jsvm_array_new(context, NULL, 0, &array, &error), &error);
  CHECK_OK(jsvm_array_length(array, &length, &error), &error);
  CHECK_EQ_INT(length, 0);
  jsvm_value_free(array);
  size_t count = 100000;
  jsvm_slot *many = malloc(count * sizeof *many);
  for (size_t i = 0; i < count; i++) {
    many[i] = number((double)i);
  }
  CHECK_OK(jsvm_array_new(context, many, count, &array, &error), &error);
  publish("a", array);
  CHECK_JS("a.length === 100000 && a.every((v, i) => v === i)");
  jsvm_value_free(array);
  many[4242] = by_handle(foreign);
  CHECK_FOREIGN(jsvm_array_new(context, many, count, &array, &error), "elements[4242]");
  CHECK(array == NULL);
  many[4242] = (jsvm_slot){.kind = 99};
  CHECK_INVALID(jsvm_array_new(context, many, count, &array, &error), "elements[4242]");
  free(many);
  CHECK_INVALID(jsvm_array_new(NULL, few, 4, &array, &error), "context");
  CHECK_INVALID(jsvm_array_new(context, NULL, 4, &array, &error), "elements");
  CHECK_INVALID(jsvm_array_new(context, few, SIZE_MAX, &array, &error), "count");
  CHECK_INVALID(jsvm_array_new(context, few, 67108865, &array, &error), "count");
  CHECK_INVALID(jsvm_array_new(context, few, 4, NULL, &error), "result");
  CHECK_INVALID(jsvm_array_length(NULL, &length, &error), "array");
  CHECK_EQ_INT(length, 0);
  CHECK_INVALID(jsvm_array_length(object, &length, &error), "array");
  CHECK_INVALID(jsvm_array_length(freed, &length, &error), "array");
  jsvm_value_free(object);
}

static void calls(void) {
  jsvm_value *add = object_of("(function (...a) { return a.reduce((x, y) => x + y, this?.base ?? 0) })");
  jsvm_value *strict = object_of("(function () { 'use strict'; return typeof this })");
  jsvm_value *base = object_of("({base: 100})");
  jsvm_slot args[20], this_value = by_handle(base), out;
  for (size_t i = 0; i < 20; i++) {
    args[i] = number((double)i);
  }
  size_t counts[] = {0, 1, 2, 7, 8, 9, 20};
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
    size_t n = counts[i];
    CHECK_OK(jsvm_function_call(add, &this_value, args, n, NULL, &out, &error), &error);
    CHECK_EQ_NUM(out.number, 100 + (n == 0 ? 0 : (double)(n * (n - 1) / 2)));
  }
  CHECK_OK(jsvm_function_call(add, NULL, args, 3, NULL, NULL, &error), &error);
  CHECK_OK(jsvm_function_call(strict, NULL, NULL, 0, NULL, &out, &error), &error);
  CHECK_TEXT(&out, "undefined");
  this_value = number(1);
  CHECK_OK(jsvm_function_call(strict, &this_value, NULL, 0, NULL, &out, &error), &error);
  CHECK_TEXT(&out, "number");
  args[0] = string("a");
  args[1] = string("b");
  CHECK_OK(jsvm_function_call(add, NULL, args, 2, NULL, &out, &error), &error);
  CHECK_TEXT(&out, "0ab");
  args[1] = by_handle(foreign);
  CHECK_FOREIGN(jsvm_function_call(add, NULL, args, 2, NULL, &out, &error), "args[1]");
  CHECK_FOREIGN(jsvm_function_call(add, &args[1], args, 1, NULL, &out, &error), "this_value");
  args[1] = by_handle(freed);
  CHECK_INVALID(jsvm_function_call(add, NULL, args, 2, NULL, &out, &error), "args[1]");
  CHECK_INVALID(jsvm_function_call(add, NULL, args, 20, NULL, &out, &error), "args[1]");
  CHECK_INVALID(jsvm_function_call(add, &args[1], NULL, 0, NULL, &out, &error), "this_value");
  CHECK_INVALID(jsvm_function_call(add, NULL, NULL, 2, NULL, &out, &error), "args");
  CHECK_INVALID(jsvm_function_call(add, NULL, args, SIZE_MAX, NULL, &out, &error), "argc");
  CHECK_INVALID(jsvm_function_call(add, NULL, args, 65526, NULL, &out, &error), "argc");
  CHECK_INVALID(jsvm_function_call(base, NULL, NULL, 0, NULL, &out, &error), "function");
  jsvm_run_options wrong = {.struct_size = 7};
  CHECK_INVALID(jsvm_function_call(add, NULL, NULL, 0, &wrong, &out, &error), "options");

  /* As many as V8 can pass. */
  size_t most = 65525;
  jsvm_slot *many = malloc(most * sizeof *many);
  for (size_t i = 0; i < most; i++) {
    many[i] = number(1);
  }
  jsvm_value *count = object_of("(function () { return arguments.length })");
  CHECK_OK(jsvm_function_call(count, NULL, many, most, NULL, &out, &error), &error);
  CHECK_EQ_NUM(out.number, (double)most);
  jsvm_value_free(count);
  count = object_of("(class { constructor() { this.count = arguments.length } })");
  /* A constructor needs more stack: it may be too much, but then the guest is told. */
  CHECK_OK(jsvm_function_construct(count, many, 10000, NULL, &out, &error), &error);
  publish("c", out.handle);
  CHECK_JS("c.count === 10000");
  jsvm_slot_clear(&out);
  jsvm_value_free(count);
  free(many);
  jsvm_value_free(add);
  jsvm_value_free(strict);
  jsvm_value_free(base);
}

static void constructions(void) {
  jsvm_value *class = object_of("(class Point { constructor(x, y) { if (x < 0) throw new RangeError('x'); this.x = x; this.y = y } })");
  jsvm_value *arrow = object_of("(() => 1)"), *proxy = object_of("new Proxy(class { }, {construct(t, a) { return {got: a.length} }})");
  jsvm_slot args[] = {number(3), number(4)}, out;
  CHECK_OK(jsvm_function_construct(class, args, 2, NULL, &out, &error), &error);
  CHECK_EQ_INT(out.kind, JSVM_KIND_OBJECT);
  publish("p", out.handle);
  CHECK_JS("p.x === 3 && p.y === 4 && p.constructor.name === 'Point'");
  jsvm_slot_clear(&out);
  CHECK_OK(jsvm_function_construct(proxy, args, 2, NULL, &out, &error), &error);
  publish("p", out.handle);
  CHECK_JS("p.got === 2");
  jsvm_slot_clear(&out);
  CHECK_STATUS(jsvm_function_construct(arrow, NULL, 0, NULL, &out, &error), JSVM_STATUS_EXCEPTION, &error);
  CHECK_ERROR(jsvm_function_call(class, NULL, NULL, 0, NULL, &out, &error), JSVM_STATUS_EXCEPTION, &error, "without 'new'");
  args[0] = number(-1);
  CHECK_ERROR(jsvm_function_construct(class, args, 2, NULL, &out, &error), JSVM_STATUS_EXCEPTION, &error, "x");
  CHECK_EQ_INT(out.kind, JSVM_KIND_UNDEFINED);
  CHECK_INVALID(jsvm_function_construct(class, NULL, 2, NULL, &out, &error), "args");
  CHECK_INVALID(jsvm_function_construct(class, args, SIZE_MAX, NULL, &out, &error), "argc");
  CHECK_INVALID(jsvm_function_construct(class, args, 2, NULL, NULL, &error), "result");
  args[0] = by_handle(foreign);
  CHECK_FOREIGN(jsvm_function_construct(class, args, 2, NULL, &out, &error), "args[0]");
  jsvm_value_free(class);
  jsvm_value_free(arrow);
  jsvm_value_free(proxy);
}

static void calls_that_do_not_return(void) {
  jsvm_value *loops = object_of("(() => { for (;;); })"), *deep = object_of("(function f() { return f() + 1 })");
  jsvm_value *later = object_of("(() => { Promise.resolve().then(function f() { Promise.resolve().then(f) }) })");
  jsvm_value *throws = object_of("(() => { throw {why: 'because'} })"), *ok = object_of("(() => 7)");
  jsvm_run_options options = {.struct_size = sizeof options, .timeout_ms = 30};
  jsvm_slot out;
  CHECK_STATUS(jsvm_function_call(loops, NULL, NULL, 0, &options, &out, &error), JSVM_STATUS_TIMEOUT, &error);
  CHECK_STATUS(jsvm_function_call(later, NULL, NULL, 0, &options, &out, &error), JSVM_STATUS_TIMEOUT, &error);
  options.timeout_ms = LONG_MS;
  CHECK_STATUS(jsvm_function_call(deep, NULL, NULL, 0, &options, &out, &error), JSVM_STATUS_EXCEPTION, &error);
  jsvm_status status = jsvm_function_call(throws, NULL, NULL, 0, NULL, &out, &error);
  CHECK_EQ_INT(status, JSVM_STATUS_EXCEPTION);
  jsvm_slot thrown, key = string("why");
  CHECK_OK(jsvm_error_exception(error, &thrown), NULL);
  jsvm_error_free(error);
  CHECK_OK(jsvm_object_get(thrown.handle, &key, NULL, &out, &error), &error);
  CHECK_TEXT(&out, "because");
  jsvm_slot_clear(&thrown);
  CHECK_OK(jsvm_function_call(ok, NULL, NULL, 0, &options, &out, &error), &error);
  CHECK_EQ_NUM(out.number, 7);
  jsvm_value_free(loops);
  jsvm_value_free(deep);
  jsvm_value_free(later);
  jsvm_value_free(throws);
  jsvm_value_free(ok);
}

/* What is done to an object is done in the context that made it. */
static void contexts_of_objects(void) {
  jsvm_context *second = NULL;
  CHECK_OK(jsvm_context_new(isolate, NULL, &second, &error), &error);
  jsvm_slot object = eval_in(second, "var x = {get realm() { return globalThis }, f() { return [] }}; x"), key = string("f"), out;
  jsvm_slot function, made;
  CHECK_OK(jsvm_object_get(object.handle, &key, NULL, &function, &error), &error);
  CHECK_OK(jsvm_function_call(function.handle, NULL, NULL, 0, NULL, &made, &error), &error);
  publish("made", made.handle);
  CHECK_JS("!(made instanceof Array) && Array.isArray(made)");
  /* A TypeError of that context. */
  jsvm_slot symbol = eval_in(second, "Object.freeze([]).push.bind(Object.freeze([]), 1)");
  jsvm_status status = jsvm_function_call(symbol.handle, NULL, NULL, 0, NULL, &out, &error);
  CHECK_EQ_INT(status, JSVM_STATUS_EXCEPTION);
  CHECK_OK(jsvm_error_exception(error, &out), NULL);
  jsvm_error_free(error);
  publish("thrown", out.handle);
  CHECK_JS("!(thrown instanceof TypeError) && thrown.name === 'TypeError'");
  jsvm_slot_clear(&out);
  /* The object outlives the handle of its context. */
  jsvm_context_free(second);
  key = string("realm");
  CHECK_OK(jsvm_object_get(object.handle, &key, NULL, &out, &error), &error);
  publish("realm", out.handle);
  CHECK_JS("realm !== globalThis && typeof realm.Array === 'function'");
  jsvm_slot_clear(&out);
  jsvm_slot_clear(&symbol);
  jsvm_slot_clear(&made);
  jsvm_slot_clear(&function);
  jsvm_slot_clear(&object);
}

/* A host function does all that from inside a call. */
static uint32_t re_enter(void *userdata, const jsvm_call *call, jsvm_slot *result) {
  jsvm_error *inner = NULL;
  jsvm_slot key = string("x"), out;
  jsvm_value *object = userdata, *array = NULL;
  jsvm_slot_list keys;
  uint32_t length = 0;
  CHECK_OK(jsvm_object_set(object, &key, &call->args[0], NULL, &inner), &inner);
  CHECK_OK(jsvm_object_get(object, &key, NULL, &out, &inner), &inner);
  CHECK_EQ_NUM(out.number, call->args[0].number);
  CHECK_OK(jsvm_object_own_keys(object, 0, NULL, &keys, &inner), &inner);
  CHECK_EQ_INT(keys.len, 1);
  jsvm_slot_list_clear(&keys);
  CHECK_OK(jsvm_array_new(context, call->args, call->argc, &array, &inner), &inner);
  CHECK_OK(jsvm_array_length(array, &length, &inner), &inner);
  CHECK_EQ_INT(length, call->argc);
  /* Another isolate's value, while this one runs. */
  CHECK_OK(jsvm_object_set(foreign, &key, &call->args[0], NULL, &inner), &inner);
  jsvm_slot theirs = by_handle(foreign);
  CHECK_ERROR(jsvm_object_set(object, &key, &theirs, NULL, &inner), JSVM_STATUS_WRONG_ISOLATE, &inner, "value: ");
  jsvm_value_free(array);
  *result = number(call->args[0].number + 1);
  return JSVM_STATUS_OK;
}

static void inside_a_host_function(void) {
  jsvm_value *object = new_object(), *function = NULL;
  jsvm_slot args[] = {number(41), string("x")}, out;
  CHECK_OK(jsvm_function_new(context, NULL, re_enter, object, NULL, &function, &error), &error);
  publish("host", function);
  CHECK_JS("host(41, 'x') === 42");
  CHECK_OK(jsvm_function_call(function, NULL, args, 2, NULL, &out, &error), &error);
  CHECK_EQ_NUM(out.number, 42);
  jsvm_value_free(function);
  jsvm_value_free(object);
}

/* After the run was stopped, what the host function still does ends in a status. */
static uint32_t works_while_it_is_stopped(void *userdata, const jsvm_call *call, jsvm_slot *result) {
  jsvm_value *object = userdata, *made = NULL;
  jsvm_slot key = string("x"), one = number(1), out;
  jsvm_slot_list list = {0};
  bool is;
  (void)call;
  (void)result;
  CHECK_OK(jsvm_isolate_terminate(isolate, NULL), NULL);
  /* The guest is told at its next step: take one. */
  jsvm_status statuses[20], *next = statuses;
  *next++ = jsvm_context_evaluate(context, "for (let i = 0; i < 10; i++) {}", JSVM_AUTO_LENGTH, NULL, NULL, NULL, NULL);
  *next++ = jsvm_object_get(object, &key, NULL, &out, NULL);
  *next++ = jsvm_object_set(object, &key, &one, NULL, NULL);
  *next++ = jsvm_object_has_own(object, &key, NULL, &is, NULL);
  *next++ = jsvm_object_define(object, &key, &one, 0, NULL, NULL);
  *next++ = jsvm_object_own_keys(object, 0, NULL, &list, NULL);
  *next++ = jsvm_object_get_prototype(object, &out, NULL);
  jsvm_slot_clear(&out);
  void (*const release)(jsvm_value *) = jsvm_value_free;
  *next++ = jsvm_object_new(context, &made, NULL), release(made);
  *next++ = jsvm_array_new(context, &one, 1, &made, NULL), release(made);
  *next++ = jsvm_array_new(context, NULL, 0, &made, NULL), release(made);
  *next++ = jsvm_date_new(context, 1, &made, NULL), release(made);
  *next++ = jsvm_regexp_new(context, "(x", 2, NULL, &made, NULL), release(made);
  *next++ = jsvm_exception_new(context, 1, "m", 1, "c", 1, &made, NULL), release(made);
  *next++ = jsvm_symbol_new(isolate, "s", 1, &made, NULL), release(made);
  *next++ = jsvm_array_buffer_new(context, "abc", 3, &made, NULL), release(made);
  *next++ = jsvm_value_to_string(object, NULL, &out, NULL);
  jsvm_slot_clear(&out);
  *next++ = jsvm_map_new(context, &made, NULL);
  *next++ = jsvm_map_set(made, &key, &one, NULL);
  *next++ = jsvm_map_entries(made, &list, NULL);
  jsvm_slot_list_clear(&list);
  release(made);
  for (jsvm_status *status = statuses; status < next; status++) {
    if (!CHECK(*status == JSVM_STATUS_OK || *status == JSVM_STATUS_TERMINATED || *status == JSVM_STATUS_EXCEPTION)) {
      fprintf(stderr, "call %d: %s\n", (int)(status - statuses), jsvm_status_name(*status));
    }
  }
  return JSVM_STATUS_OK;
}

static void inside_a_stopped_run(void) {
  jsvm_value *object = object_of("({toString() { return 'x' }})"), *function = NULL;
  CHECK_OK(jsvm_function_new(context, NULL, works_while_it_is_stopped, object, NULL, &function, &error), &error);
  publish("host", function);
  CHECK_STATUS(jsvm_context_evaluate(context, "host()", JSVM_AUTO_LENGTH, NULL, NULL, NULL, &error), JSVM_STATUS_TERMINATED, &error);
  CHECK_JS("1 + 1 === 2");
  jsvm_value_free(function);
  jsvm_value_free(object);
}

int main(void) {
  set_up();
  RUN(properties);
  RUN(keys_by_handle);
  RUN(definitions);
  RUN(prototypes_and_names);
  RUN(own_keys);
  RUN(many_at_once);
  RUN(hostile_objects);
  RUN(bad_input);
  RUN(arrays);
  RUN(calls);
  RUN(constructions);
  RUN(calls_that_do_not_return);
  RUN(contexts_of_objects);
  RUN(inside_a_host_function);
  RUN(inside_a_stopped_run);
  tear_down();
  return FINISH();
}
