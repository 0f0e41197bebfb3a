/* For the tests of values: short ways to make slots and to run a line of JavaScript. */
#ifndef JSVM_TESTS_SLOTS_H
#define JSVM_TESTS_SLOTS_H

#include "check.h"

#include <stdlib.h>

/* Made by set_up() for every test, and freed by tear_down(). */
static jsvm_isolate *isolate, *other_isolate;
static jsvm_context *context, *other_context;
static jsvm_error *error;

/* A value of the other isolate, a value that was freed, and one that is no object. */
static jsvm_value *foreign, *freed, *primitive;

static const jsvm_slot UNDEFINED;

static inline jsvm_slot number(double value) {
  return (jsvm_slot){.kind = JSVM_KIND_NUMBER, .number = value};
}

static inline jsvm_slot string(const char *text) {
  return (jsvm_slot){.kind = JSVM_KIND_STRING, .data = text, .len = JSVM_AUTO_LENGTH};
}

static inline jsvm_slot boolean(int value) {
  return (jsvm_slot){.kind = JSVM_KIND_BOOLEAN, .number = value};
}

static inline jsvm_slot by_handle(jsvm_value *value) { return (jsvm_slot){.handle = value}; }

/* Runs source in a context of the isolate; the slot is the caller's. */
static inline jsvm_slot eval_in(jsvm_context *where, const char *source) {
  jsvm_slot slot;
  CHECK_OK(jsvm_context_evaluate(where, source, JSVM_AUTO_LENGTH, NULL, NULL, &slot, &error), &error);
  return slot;
}

static inline jsvm_slot eval(const char *source) { return eval_in(context, source); }

/* An object or function that source gives; free it with jsvm_value_free. */
static inline jsvm_value *object_of(const char *source) { return eval(source).handle; }

/* What source gives, which has to be a number or boolean. */
static inline double number_of(const char *source) {
  jsvm_slot slot = eval(source);
  CHECK(slot.kind == JSVM_KIND_NUMBER || slot.kind == JSVM_KIND_BOOLEAN);
  double value = slot.number;
  jsvm_slot_clear(&slot);
  return value;
}

/* Makes a value known to scripts of the context under a name. */
static inline void publish(const char *name, jsvm_value *value) {
  jsvm_value *global = NULL;
  jsvm_slot key = string(name), slot = by_handle(value);
  CHECK_OK(jsvm_context_global(context, &global, &error), &error);
  CHECK_OK(jsvm_object_set(global, &key, &slot, NULL, &error), &error);
  jsvm_value_free(global);
}

/* Checks a slot's string and clears the slot. */
static inline void check_text(jsvm_slot *slot, const char *expected, const char *file, int line) {
  check_int(slot->kind, JSVM_KIND_STRING, "the slot's kind", file, line);
  check_bytes(slot->data, slot->len, expected, strlen(expected), "the slot's text", file, line);
  jsvm_slot_clear(slot);
}
#define CHECK_TEXT(slot, expected) check_text(slot, expected, __FILE__, __LINE__)

/* Whether source is true in the context. */
#define CHECK_JS(source) check_condition(number_of(source) == 1, source, __FILE__, __LINE__)

/* The call refuses an argument, and names it. */
#define CHECK_INVALID(call, argument)                                                              \
  CHECK_ERROR(call, JSVM_STATUS_INVALID_ARGUMENT, &error, argument ": ")
#define CHECK_FOREIGN(call, argument)                                                              \
  CHECK_ERROR(call, JSVM_STATUS_WRONG_ISOLATE, &error, argument ": ")

static inline void set_up(void) {
  jsvm_slot one = number(1);
  CHECK_OK(jsvm_isolate_new(NULL, &isolate, &error), &error);
  CHECK_OK(jsvm_isolate_new(NULL, &other_isolate, &error), &error);
  CHECK_OK(jsvm_isolate_main_context(isolate, &context, &error), &error);
  CHECK_OK(jsvm_isolate_main_context(other_isolate, &other_context, &error), &error);
  CHECK_OK(jsvm_object_new(other_context, &foreign, &error), &error);
  CHECK_OK(jsvm_object_new(context, &freed, &error), &error);
  CHECK_OK(jsvm_value_new(isolate, &one, &primitive, &error), &error);
  jsvm_value_free(freed);
}

static inline void tear_down(void) {
  jsvm_value_free(foreign);
  jsvm_value_free(primitive);
  jsvm_context_free(context);
  jsvm_context_free(other_context);
  jsvm_isolate_free(isolate);
  jsvm_isolate_free(other_isolate);
}

#endif
