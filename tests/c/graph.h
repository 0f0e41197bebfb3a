/* For the tests of graphs, JSON and clones: isolates, contexts and short JavaScript. */
#ifndef JSVM_TESTS_GRAPH_H
#define JSVM_TESTS_GRAPH_H

#include "check.h"

#include <stdlib.h>

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

static inline jsvm_context *new_context(jsvm_isolate *isolate,
                                        const jsvm_context_options *options) {
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

#endif
