/*
 * What the examples share: CHECK, for calls that have to succeed. It expects a variable
 * `jsvm_error *error` that the call was given; if the call fails it says why and ends the program.
 */
#ifndef EXAMPLE_H
#define EXAMPLE_H

#include <jsvm.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(call)                    \
  do {                                 \
    if ((call) != JSVM_STATUS_OK) {    \
      example_failed(error, #call);    \
    }                                  \
  } while (0)

static inline void example_failed(const jsvm_error *error, const char *call) {
  const char *message = jsvm_error_message(error);
  const char *stack = jsvm_error_stack(error);
  fprintf(stderr, "%s\n  %s: %s\n", call, jsvm_status_name(jsvm_error_status(error)),
          message != NULL ? message : "");
  if (stack != NULL) {
    fprintf(stderr, "%s\n", stack);
  }
  exit(EXIT_FAILURE);
}

#endif
