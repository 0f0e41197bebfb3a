/* For the C tests: isolates, contexts and short JavaScript with what it is to give. */
#ifndef JSVM_TESTS_GUEST_H
#define JSVM_TESTS_GUEST_H

#include "check.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

static inline void sleep_ms(long ms) {
  struct timespec time = {ms / 1000, ms % 1000 * 1000000};
  nanosleep(&time, NULL);
}

/* Waits until another thread has counted that far. */
static inline int wait_for(atomic_int *counter, int value) {
  for (int i = 0; i < LONG_MS; i++) {
    if (atomic_load(counter) >= value) {
      return 1;
    }
    sleep_ms(1);
  }
  return 0;
}

static inline jsvm_isolate *new_isolate(const jsvm_isolate_options *options) {
  jsvm_isolate *isolate = NULL;
  jsvm_error *error = NULL;
  if (!CHECK_OK(jsvm_isolate_new(options, &isolate, &error), &error)) {
    exit(1);
  }
  return isolate;
}

static inline jsvm_context *main_context(jsvm_isolate *isolate) {
  jsvm_context *context = NULL;
  jsvm_error *error = NULL;
  if (!CHECK_OK(jsvm_isolate_main_context(isolate, &context, &error), &error)) {
    exit(1);
  }
  return context;
}

static inline jsvm_context *new_context(jsvm_isolate *isolate, const jsvm_context_options *options) {
  jsvm_context *context = NULL;
  jsvm_error *error = NULL;
  if (!CHECK_OK(jsvm_context_new(isolate, options, &context, &error), &error)) {
    exit(1);
  }
  return context;
}

/* Evaluates without options. */
static inline jsvm_status js(const jsvm_context *context, const char *source, jsvm_slot *result,
                             jsvm_error **error) {
  return jsvm_context_evaluate(context, source, JSVM_AUTO_LENGTH, NULL, NULL, result, error);
}

/* Evaluates with a limit of time. */
static inline jsvm_status js_ms(const jsvm_context *context, const char *source, uint64_t ms,
                                jsvm_slot *result, jsvm_error **error) {
  jsvm_run_options options = {.struct_size = sizeof options, .timeout_ms = ms};
  return jsvm_context_evaluate(context, source, JSVM_AUTO_LENGTH, NULL, &options, result, error);
}

static inline int js_slot(const jsvm_context *context, const char *source, jsvm_slot *result,
                          const char *file, int line) {
  jsvm_error *error = NULL;
  jsvm_status status = js(context, source, result, &error);
  return check_status(status, JSVM_STATUS_OK, &error, NULL, source, file, line);
}

static inline int js_number(const jsvm_context *context, const char *source, double expected,
                            const char *file, int line) {
  jsvm_slot slot;
  int good = js_slot(context, source, &slot, file, line) &&
             check_int(slot.kind, JSVM_KIND_NUMBER, source, file, line) &&
             check_number(slot.number, expected, source, file, line);
  jsvm_slot_clear(&slot);
  return good;
}

static inline int js_string(const jsvm_context *context, const char *source, const char *expected,
                            const char *file, int line) {
  jsvm_slot slot;
  int good = js_slot(context, source, &slot, file, line) &&
             check_int(slot.kind, JSVM_KIND_STRING, source, file, line) &&
             check_bytes(slot.data, slot.len, expected, strlen(expected), source, file, line);
  jsvm_slot_clear(&slot);
  return good;
}

static inline int js_true(const jsvm_context *context, const char *source, const char *file,
                          int line) {
  jsvm_slot slot;
  int good = js_slot(context, source, &slot, file, line) &&
             check_int(slot.kind, JSVM_KIND_BOOLEAN, source, file, line) &&
             check_condition(slot.number == 1, source, file, line);
  jsvm_slot_clear(&slot);
  return good;
}

#define JS_OK(context, source) js_slot((context), (source), NULL, __FILE__, __LINE__)
#define JS_SLOT(context, source, slot) js_slot((context), (source), (slot), __FILE__, __LINE__)
#define JS_NUM(context, source, expected)                                                          \
  js_number((context), (source), (expected), __FILE__, __LINE__)
#define JS_STR(context, source, expected)                                                          \
  js_string((context), (source), (expected), __FILE__, __LINE__)
#define JS_TRUE(context, source) js_true((context), (source), __FILE__, __LINE__)

/* The handle of a value of the guest: the caller's to free. */
static inline jsvm_value *js_value(const jsvm_context *context, const char *source) {
  jsvm_slot slot;
  JS_SLOT(context, source, &slot);
  CHECK(slot.handle != NULL);
  return slot.handle;
}

static inline jsvm_slot number_slot(double number) {
  return (jsvm_slot){.kind = JSVM_KIND_NUMBER, .number = number};
}

static inline jsvm_slot string_slot(const char *text) {
  return (jsvm_slot){.kind = JSVM_KIND_STRING, .data = text, .len = JSVM_AUTO_LENGTH};
}

static inline jsvm_slot handle_slot(jsvm_value *handle) { return (jsvm_slot){.handle = handle}; }

/* Makes a global of a value that is no thenable: by a promise that the host settles. */
static inline void give(jsvm_isolate *isolate, jsvm_context *context, const char *name,
                        const jsvm_slot *value) {
  char source[200];
  jsvm_error *error = NULL;
  jsvm_value *setter, *promise = NULL, *chained = NULL;
  jsvm_resolver *resolver = NULL;
  snprintf(source, sizeof source, "(v) => { globalThis.%s = v; }", name);
  setter = js_value(context, source);
  CHECK_OK(jsvm_promise_new(context, &promise, &resolver, &error), &error);
  CHECK_OK(jsvm_promise_then(promise, setter, NULL, NULL, &chained, &error), &error);
  CHECK_OK(jsvm_resolver_resolve(resolver, value, &error), &error);
  CHECK_OK(jsvm_isolate_run_tasks(isolate, 0, NULL, NULL, &error), &error);
  jsvm_value_free(setter);
  jsvm_value_free(promise);
  jsvm_value_free(chained);
  jsvm_resolver_free(resolver);
}

/* Makes a global of a host function. */
static inline void install(jsvm_isolate *isolate, jsvm_context *context, const char *name,
                           jsvm_function_callback callback, void *userdata) {
  jsvm_function_options options = {.struct_size = sizeof options,
                                   .name = {name, JSVM_AUTO_LENGTH},
                                   .is_constructor = true};
  jsvm_value *function = NULL;
  jsvm_error *error = NULL;
  jsvm_slot slot;
  CHECK_OK(jsvm_function_new(context, &options, callback, userdata, NULL, &function, &error),
           &error);
  slot = handle_slot(function);
  give(isolate, context, name, &slot);
  jsvm_value_free(function);
}

/* A finalizer, interrupt or wakeup that counts in an atomic_int. */
static inline void count_up(void *userdata) { atomic_fetch_add((atomic_int *)userdata, 1); }

/* A host function that counts in an atomic_int. */
static inline uint32_t count_call(void *userdata, const jsvm_call *call, jsvm_slot *result) {
  (void)call;
  (void)result;
  count_up(userdata);
  return JSVM_STATUS_OK;
}

/* Whether a text begins with another. */
static inline int begins(const char *text, const char *start) {
  return text != NULL && strncmp(text, start, strlen(start)) == 0;
}

#endif
