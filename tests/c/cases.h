/* For the tests of the runtime's parts: expressions with what Node gives for them. */
#ifndef JSVM_TESTS_CASES_H
#define JSVM_TESTS_CASES_H

#include "guest.h"

typedef struct {
  const char *source;
  const char *expected;
} js_case;

/* A context with parts. */
static inline jsvm_context *with_parts(jsvm_isolate *isolate, uint32_t parts) {
  jsvm_context *context = new_context(isolate, NULL);
  jsvm_error *error = NULL;
  CHECK_OK(jsvm_context_install(context, parts, NULL, &error), &error);
  return context;
}

/* Bytes are shown in hexadecimal, other objects as JSON, errors by name, code and message. */
static inline void run_cases(const jsvm_context *context, const js_case *cases, size_t count) {
  JS_OK(context, "globalThis.show = (f) => { try { const v = f(); return v instanceof Uint8Array ?"
                 " `<${[...v].map((b) => b.toString(16)).join(' ')}>` : typeof v === 'bigint' ? `${v}n` :"
                 " typeof v === 'object' ? JSON.stringify(v) : String(v) }"
                 " catch (e) { return `${e.name} ${e.code}: ${e.message}` } }; 0");
  for (size_t i = 0; i < count; i++) {
    char source[1000];
    int length = snprintf(source, sizeof source, "show(() => (%s))", cases[i].source);
    if (CHECK(length < (int)sizeof source)) {
      js_string(context, source, cases[i].expected, __FILE__, (int)i);
    }
  }
}

#define RUN_CASES(context, cases) run_cases((context), (cases), sizeof(cases) / sizeof *(cases))

#endif
