/* Dates, regular expressions, maps, sets and errors. */
#include "slots.h"

#include <math.h>

static void dates(void) {
  static const double times[] = {0, -1, 1e12, 8.64e15, -8.64e15};
  jsvm_value *date = NULL;
  double time = 1;
  for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
    CHECK_OK(jsvm_date_new(context, times[i], &date, &error), &error);
    CHECK(jsvm_value_flags(date) & JSVM_FLAG_DATE);
    CHECK_OK(jsvm_date_value(date, &time, &error), &error);
    CHECK_EQ_NUM(time, times[i]);
    jsvm_value_free(date);
  }
  CHECK_OK(jsvm_date_new(context, 1.9, &date, &error), &error);
  publish("d", date);
  CHECK_JS("d instanceof Date && d.getTime() === 1 && d.toISOString() === '1970-01-01T00:00:00.001Z'");
  CHECK_JS("d.setTime(77); Date.prototype.getTime = Date.prototype.valueOf = () => { throw 1 }; true");
  CHECK_OK(jsvm_date_value(date, &time, &error), &error);
  CHECK_EQ_NUM(time, 77);
  jsvm_value_free(date);
  double invalid[] = {NAN, INFINITY, 8.65e15};
  for (size_t i = 0; i < sizeof invalid / sizeof *invalid; i++) {
    CHECK_OK(jsvm_date_new(context, invalid[i], &date, &error), &error);
    CHECK_OK(jsvm_date_value(date, &time, &error), &error);
    CHECK_EQ_NUM(time, NAN);
    jsvm_value_free(date);
  }
  CHECK_INVALID(jsvm_date_new(NULL, 0, &date, &error), "context");
  CHECK(date == NULL);
  CHECK_INVALID(jsvm_date_new(context, 0, NULL, &error), "result");
  CHECK_INVALID(jsvm_date_value(NULL, &time, &error), "date");
  CHECK_EQ_NUM(time, 0);
  CHECK_INVALID(jsvm_date_value(freed, &time, &error), "date");
  CHECK_INVALID(jsvm_date_value(primitive, &time, &error), "date");
  CHECK_INVALID(jsvm_date_value(foreign, &time, &error), "date");
  CHECK_INVALID(jsvm_date_value((jsvm_value *)context, &time, &error), "date");
}

static void regexps(void) {
  jsvm_value *regexp = NULL;
  jsvm_slot text;
  CHECK_OK(jsvm_regexp_new(context, "a(b+)/c", JSVM_AUTO_LENGTH, "gi", &regexp, &error), &error);
  CHECK(jsvm_value_flags(regexp) & JSVM_FLAG_REGEXP);
  publish("r", regexp);
  CHECK_JS("r instanceof RegExp && r.global && r.ignoreCase && !r.sticky && r.exec('xABB/C')[1] === 'BB'");
  CHECK_JS("Object.defineProperty(RegExp.prototype, 'flags', {get() { throw 1 }}), delete RegExp.prototype.source");
  CHECK_OK(jsvm_regexp_source(regexp, &text, &error), &error);
  CHECK_TEXT(&text, "a(b+)\\/c");
  CHECK_OK(jsvm_regexp_flags(regexp, &text, &error), &error);
  CHECK_TEXT(&text, "gi");
  jsvm_value_free(regexp);
  static const char *const flags[][2] = {{"ysumigd", "dgimsuy"}, {"v", "v"}, {"", ""}, {NULL, ""}};
  for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
    CHECK_OK(jsvm_regexp_new(context, "\xc3\xbc.", 2 + 1, flags[i][0], &regexp, &error), &error);
    CHECK_OK(jsvm_regexp_flags(regexp, &text, &error), &error);
    CHECK_TEXT(&text, flags[i][1]);
    CHECK_OK(jsvm_regexp_source(regexp, &text, &error), &error);
    CHECK_TEXT(&text, "\xc3\xbc.");
    jsvm_value_free(regexp);
  }
  jsvm_value *guest = object_of("/x/dy");
  CHECK_OK(jsvm_regexp_flags(guest, &text, &error), &error);
  CHECK_TEXT(&text, "dy");
  CHECK_OK(jsvm_regexp_new(context, "", 0, "", &regexp, &error), &error);
  CHECK_OK(jsvm_regexp_source(regexp, &text, &error), &error);
  CHECK_TEXT(&text, "(?:)");
  jsvm_value_free(regexp);

  CHECK_ERROR(jsvm_regexp_new(context, "(", 1, "", &regexp, &error), JSVM_STATUS_EXCEPTION, &error, "Invalid regular expression");
  CHECK(regexp == NULL);
  CHECK_STATUS(jsvm_regexp_new(context, "\\u{110000}", JSVM_AUTO_LENGTH, "u", &regexp, &error), JSVM_STATUS_EXCEPTION, &error);
  static const char *const wrong[] = {"x", "gg", "uv", "l", "G", "g ", "\xc3\xbc"};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    CHECK_INVALID(jsvm_regexp_new(context, "x", 1, wrong[i], &regexp, &error), "flags");
  }
  CHECK_INVALID(jsvm_regexp_new(context, "x", 1, "\xff", &regexp, &error), "flags");
  CHECK_INVALID(jsvm_regexp_new(NULL, "x", 1, NULL, &regexp, &error), "context");
  CHECK_INVALID(jsvm_regexp_new(context, NULL, 1, NULL, &regexp, &error), "pattern");
  CHECK_INVALID(jsvm_regexp_new(context, "\xc3", 1, NULL, &regexp, &error), "pattern");
  CHECK_INVALID(jsvm_regexp_new(context, "x", SIZE_MAX - 1, NULL, &regexp, &error), "pattern");
  CHECK_INVALID(jsvm_regexp_new(context, "x", 1, NULL, NULL, &error), "result");
  CHECK_INVALID(jsvm_regexp_source(NULL, &text, &error), "regexp");
  CHECK_INVALID(jsvm_regexp_source(primitive, &text, &error), "regexp");
  CHECK_INVALID(jsvm_regexp_source(guest, NULL, &error), "result");
  CHECK_INVALID(jsvm_regexp_flags(freed, &text, &error), "regexp");
  CHECK_INVALID(jsvm_regexp_flags(guest, NULL, &error), "result");
  jsvm_value_free(guest);
}

static void maps(void) {
  jsvm_value *map = NULL, *object = NULL;
  bool is = true;
  size_t size = 9;
  CHECK_OK(jsvm_map_new(context, &map, &error), &error);
  CHECK_OK(jsvm_object_new(context, &object, &error), &error);
  CHECK(jsvm_value_flags(map) & JSVM_FLAG_MAP);
  publish("m", map);
  CHECK_JS("m instanceof Map && m.size === 0");
  /* Whatever the guest does to the prototype. */
  CHECK_JS("for (const k of ['get', 'set', 'has', 'delete', 'entries', Symbol.iterator]) Map.prototype[k] = () => { throw k }; true");
  jsvm_slot keys[] = {string("a"), number(1), by_handle(object), number(NAN), UNDEFINED, {.kind = JSVM_KIND_NULL}, {.kind = JSVM_KIND_BIGINT, .data = "\x05", .len = 1}};
  size_t count = sizeof keys / sizeof *keys;
  for (size_t i = 0; i < count; i++) {
    jsvm_slot value = number((double)i), out;
    CHECK_OK(jsvm_map_get(map, &keys[i], &out, &error), &error);
    CHECK_EQ_INT(out.kind, JSVM_KIND_UNDEFINED);
    CHECK_OK(jsvm_map_set(map, &keys[i], &value, &error), &error);
    CHECK_OK(jsvm_map_has(map, &keys[i], &is, &error), &error);
    CHECK(is);
    CHECK_OK(jsvm_map_get(map, &keys[i], &out, &error), &error);
    CHECK_EQ_NUM(out.number, (double)i);
  }
  CHECK_OK(jsvm_map_size(map, &size, &error), &error);
  CHECK_EQ_INT(size, count);
  jsvm_slot_list list;
  CHECK_OK(jsvm_map_entries(map, &list, &error), &error);
  CHECK_EQ_INT(list.len, 2 * count);
  CHECK_BYTES(list.slots[0].data, list.slots[0].len, "a", 1);
  for (size_t i = 0; i < count; i++) {
    CHECK_EQ_NUM(list.slots[2 * i + 1].number, (double)i);
  }
  CHECK_EQ_INT(list.slots[4].kind, JSVM_KIND_OBJECT);
  jsvm_slot_list_clear(&list);
  CHECK_OK(jsvm_map_delete(map, &keys[2], &is, &error), &error);
  CHECK(is);
  CHECK_OK(jsvm_map_delete(map, &keys[2], &is, &error), &error);
  CHECK(!is);
  CHECK_OK(jsvm_map_set(map, NULL, NULL, &error), &error);
  CHECK_OK(jsvm_map_size(map, &size, &error), &error);
  CHECK_EQ_INT(size, count - 1);

  jsvm_value *none[] = {NULL, freed, primitive, object, foreign, (jsvm_value *)context};
  jsvm_slot out, one = number(1), stale = by_handle(freed), theirs = by_handle(foreign), wrong = {.kind = 50};
  for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
    CHECK_INVALID(jsvm_map_get(none[i], &one, &out, &error), "map");
    CHECK_INVALID(jsvm_map_set(none[i], &one, &one, &error), "map");
    CHECK_INVALID(jsvm_map_has(none[i], &one, &is, &error), "map");
    CHECK_INVALID(jsvm_map_delete(none[i], &one, &is, &error), "map");
    CHECK_INVALID(jsvm_map_size(none[i], &size, &error), "map");
    CHECK_EQ_INT(size, 0);
    CHECK_INVALID(jsvm_map_entries(none[i], &list, &error), "map");
  }
  CHECK_INVALID(jsvm_map_get(map, &stale, &out, &error), "key");
  CHECK_INVALID(jsvm_map_get(map, &wrong, &out, &error), "key");
  CHECK_FOREIGN(jsvm_map_get(map, &theirs, &out, &error), "key");
  CHECK_INVALID(jsvm_map_get(map, &one, NULL, &error), "result");
  CHECK_FOREIGN(jsvm_map_set(map, &theirs, &one, &error), "key");
  CHECK_FOREIGN(jsvm_map_set(map, &one, &theirs, &error), "value");
  CHECK_INVALID(jsvm_map_set(map, &one, &stale, &error), "value");
  CHECK_FOREIGN(jsvm_map_has(map, &theirs, &is, &error), "key");
  CHECK_INVALID(jsvm_map_has(map, &one, NULL, &error), "result");
  CHECK_FOREIGN(jsvm_map_delete(map, &theirs, &is, &error), "key");
  CHECK_INVALID(jsvm_map_delete(map, &one, NULL, &error), "result");
  CHECK_INVALID(jsvm_map_size(map, NULL, &error), "result");
  CHECK_INVALID(jsvm_map_entries(map, NULL, &error), "result");
  jsvm_value_free(map);
  CHECK_INVALID(jsvm_map_new(NULL, &map, &error), "context");
  CHECK(map == NULL);
  CHECK_INVALID(jsvm_map_new(context, NULL, &error), "result");
  jsvm_value_free(object);
}

/* Made by the guest, with its own class, and large. */
static void maps_of_the_guest(void) {
  jsvm_context *fresh = NULL;
  CHECK_OK(jsvm_context_new(isolate, NULL, &fresh, &error), &error);
  jsvm_slot map = eval_in(fresh, "class M extends Map {} new M([['k', {}], ['l', 'v']])");
  jsvm_slot_list list;
  CHECK(map.flags & JSVM_FLAG_MAP);
  CHECK_OK(jsvm_map_entries(map.handle, &list, &error), &error);
  CHECK_EQ_INT(list.len, 4);
  CHECK_BYTES(list.slots[3].data, list.slots[3].len, "v", 1);
  jsvm_slot_list_clear(&list);
  jsvm_slot_clear(&map);
  /* Many: nothing is kept per element on the way. */
  map = eval_in(fresh, "new Map(Array.from({length: 100000}, (_, i) => [i, 'v' + i]))");
  CHECK_OK(jsvm_map_entries(map.handle, &list, &error), &error);
  CHECK_EQ_INT(list.len, 200000);
  CHECK_BYTES(list.slots[199999].data, list.slots[199999].len, "v99999", 6);
  jsvm_slot_list_clear(&list);
  jsvm_slot_clear(&map);
  jsvm_context_free(fresh);
}

static void sets(void) {
  jsvm_value *set = NULL, *object = NULL;
  bool is = false;
  size_t size = 9;
  jsvm_slot_list list;
  CHECK_OK(jsvm_set_new(context, &set, &error), &error);
  CHECK_OK(jsvm_object_new(context, &object, &error), &error);
  CHECK(jsvm_value_flags(set) & JSVM_FLAG_SET);
  publish("s", set);
  CHECK_JS("s instanceof Set && s.size === 0");
  CHECK_JS("for (const k of ['add', 'has', 'delete', 'values', Symbol.iterator]) Set.prototype[k] = () => { throw k }; true");
  jsvm_slot values[] = {string("x"), number(-0.0), number(0), number(NAN), number(NAN), by_handle(object), string("x")};
  for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
    CHECK_OK(jsvm_set_add(set, &values[i], &error), &error);
    CHECK_OK(jsvm_set_has(set, &values[i], &is, &error), &error);
    CHECK(is);
  }
  CHECK_OK(jsvm_set_size(set, &size, &error), &error);
  CHECK_EQ_INT(size, 4);
  CHECK_OK(jsvm_set_values(set, &list, &error), &error);
  CHECK_EQ_INT(list.len, 4);
  CHECK_BYTES(list.slots[0].data, list.slots[0].len, "x", 1);
  CHECK_EQ_NUM(list.slots[1].number, 0);
  CHECK_EQ_NUM(list.slots[2].number, NAN);
  bool same = false;
  CHECK_OK(jsvm_value_strict_equals(list.slots[3].handle, object, &same, &error), &error);
  CHECK(same);
  jsvm_slot_list_clear(&list);
  CHECK_OK(jsvm_set_delete(set, &values[0], &is, &error), &error);
  CHECK(is);
  CHECK_OK(jsvm_set_delete(set, &values[0], &is, &error), &error);
  CHECK(!is);
  jsvm_value *none[] = {NULL, freed, primitive, object, foreign, (jsvm_value *)context};
  jsvm_slot one = number(1), stale = by_handle(freed), theirs = by_handle(foreign);
  for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
    CHECK_INVALID(jsvm_set_add(none[i], &one, &error), "set");
    CHECK_INVALID(jsvm_set_has(none[i], &one, &is, &error), "set");
    CHECK_INVALID(jsvm_set_delete(none[i], &one, &is, &error), "set");
    CHECK_INVALID(jsvm_set_size(none[i], &size, &error), "set");
    CHECK_INVALID(jsvm_set_values(none[i], &list, &error), "set");
    CHECK(list.slots == NULL && list.len == 0);
  }
  CHECK_INVALID(jsvm_set_add(set, &stale, &error), "value");
  CHECK_FOREIGN(jsvm_set_add(set, &theirs, &error), "value");
  CHECK_FOREIGN(jsvm_set_has(set, &theirs, &is, &error), "value");
  CHECK_INVALID(jsvm_set_has(set, &one, NULL, &error), "result");
  CHECK_FOREIGN(jsvm_set_delete(set, &theirs, &is, &error), "value");
  CHECK_INVALID(jsvm_set_delete(set, &one, NULL, &error), "result");
  CHECK_INVALID(jsvm_set_size(set, NULL, &error), "result");
  CHECK_INVALID(jsvm_set_values(set, NULL, &error), "result");
  jsvm_value_free(set);
  CHECK_INVALID(jsvm_set_new(NULL, &set, &error), "context");
  CHECK(set == NULL);
  CHECK_INVALID(jsvm_set_new(context, NULL, &error), "result");
  jsvm_value_free(object);
}

static void exceptions(void) {
  static const struct {
    jsvm_exception_class class;
    const char *name;
  } classes[] = {{JSVM_EXCEPTION_CLASS_ERROR, "Error"},
                 {JSVM_EXCEPTION_CLASS_TYPE_ERROR, "TypeError"},
                 {JSVM_EXCEPTION_CLASS_RANGE_ERROR, "RangeError"},
                 {JSVM_EXCEPTION_CLASS_REFERENCE_ERROR, "ReferenceError"},
                 {JSVM_EXCEPTION_CLASS_SYNTAX_ERROR, "SyntaxError"}};
  jsvm_value *exception = NULL;
  for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
    char source[200];
    CHECK_OK(jsvm_exception_new(context, classes[i].class, "what â¬", JSVM_AUTO_LENGTH, "ERR_X", 5, &exception, &error), &error);
    CHECK_EQ_INT(jsvm_value_flags(exception), JSVM_FLAG_ERROR);
    publish("e", exception);
    snprintf(source, sizeof source, "e instanceof %s && e.name === '%s' && e.message === 'what â¬' && Object.keys(e).join() === 'code' && e.code === 'ERR_X'",
             classes[i].name, classes[i].name);
    CHECK_JS(source);
    jsvm_value_free(exception);
  }
  CHECK_OK(jsvm_exception_new(context, 0, NULL, 0, NULL, 0, &exception, &error), &error);
  publish("e", exception);
  CHECK_JS("e.message === '' && !('code' in e)");
  jsvm_value_free(exception);
  CHECK_INVALID(jsvm_exception_new(context, 5, "", 0, NULL, 0, &exception, &error), "class");
  CHECK(exception == NULL);
  CHECK_INVALID(jsvm_exception_new(NULL, 0, "", 0, NULL, 0, &exception, &error), "context");
  CHECK_INVALID(jsvm_exception_new(context, 0, NULL, 1, NULL, 0, &exception, &error), "message");
  CHECK_INVALID(jsvm_exception_new(context, 0, "ÿ", 1, NULL, 0, &exception, &error), "message");
  CHECK_INVALID(jsvm_exception_new(context, 0, "", 0, "ÿ", 1, &exception, &error), "code");
  CHECK_INVALID(jsvm_exception_new(context, 0, "", 0, NULL, 0, NULL, &error), "result");
}

/* It is the host that fills the heap: no guest runs that could be stopped. */
static void a_full_heap(void) {
  jsvm_isolate_options options = {.struct_size = sizeof options, .heap_limit = (size_t)16 << 20};
  jsvm_isolate *small = NULL;
  jsvm_context *inside = NULL;
  jsvm_value *map = NULL;
  static char text[1000];
  memset(text, 'x', sizeof text);
  CHECK_OK(jsvm_isolate_new(&options, &small, &error), &error);
  CHECK_OK(jsvm_isolate_main_context(small, &inside, &error), &error);
  for (int round = 0; round < 3; round++) {
    jsvm_status status = JSVM_STATUS_OK;
    jsvm_slot slot;
    int i = 0;
    CHECK_OK(jsvm_map_new(inside, &map, &error), &error);
    for (; i < 1000000 && status == JSVM_STATUS_OK; i++) {
      jsvm_slot key = number(i), value = {.kind = JSVM_KIND_STRING, .data = text, .len = sizeof text};
      status = jsvm_map_set(map, &key, &value, &error);
    }
    CHECK_STATUS(status, JSVM_STATUS_OUT_OF_MEMORY, &error);
    CHECK(i > 5000 && i < 100000);
    jsvm_value_free(map);
    slot = eval_in(inside, "6 * 7");
    CHECK_EQ_NUM(slot.number, 42);
  }
  /* One value that is too large, again and again. */
  size_t len = (size_t)100 << 20;
  char *large = malloc(len);
  memset(large, 'y', len);
  for (int i = 0; i < 6; i++) {
    jsvm_slot slot = {.kind = JSVM_KIND_STRING, .data = large, .len = len};
    jsvm_value *value = NULL;
    jsvm_status status = jsvm_value_new(small, &slot, &value, &error);
    CHECK(status == JSVM_STATUS_OK || status == JSVM_STATUS_OUT_OF_MEMORY);
    jsvm_error_free(error);
    jsvm_value_free(value);
  }
  free(large);
  jsvm_slot slot = eval_in(inside, "6 * 7");
  CHECK_EQ_NUM(slot.number, 42);
  /* More than a bigint or a string can be. */
  char *bytes = calloc(1, (size_t)200 << 20);
  jsvm_value *value = NULL;
  slot = (jsvm_slot){.kind = JSVM_KIND_BIGINT, .data = bytes, .len = (size_t)200 << 20};
  CHECK_ERROR(jsvm_value_new(isolate, &slot, &value, &error), JSVM_STATUS_EXCEPTION, &error, "BigInt");
  free(bytes);
  len = (size_t)600 << 20;
  large = malloc(len);
  memset(large, 'z', len);
  slot = (jsvm_slot){.kind = JSVM_KIND_STRING, .data = large, .len = len};
  CHECK_INVALID(jsvm_value_new(isolate, &slot, &value, &error), "slot");
  CHECK(value == NULL);
  CHECK_INVALID(jsvm_symbol_new(isolate, large, len, &value, &error), "description");
  free(large);
  jsvm_context_free(inside);
  jsvm_isolate_free(small);
}

int main(void) {
  set_up();
  RUN(dates);
  RUN(regexps);
  RUN(maps);
  RUN(maps_of_the_guest);
  RUN(sets);
  RUN(exceptions);
  RUN(a_full_heap);
  tear_down();
  return FINISH();
}
