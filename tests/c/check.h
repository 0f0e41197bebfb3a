/*
 * For the C tests: each is a program with functions that RUN() runs, and ends with FINISH().
 * A check that fails says where and what, is counted, and lets the test go on.
 */
#ifndef JSVM_TESTS_CHECK_H
#define JSVM_TESTS_CHECK_H

#include "jsvm.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

/* Something that must end at all: no test of time. */
#define LONG_MS 60000

/* 1 under AddressSanitizer: for tests that have to be smaller there. */
#if defined(__SANITIZE_ADDRESS__)
#define CHECK_ASAN 1
#else
#define CHECK_ASAN 0
#endif

/* Tests check on many threads. */
static atomic_int check_failures;

static inline void check_failed(const char *file, int line) {
  atomic_fetch_add(&check_failures, 1);
  fprintf(stderr, "%s:%d: ", file, line);
}

static inline int check_condition(int holds, const char *text, const char *file, int line) {
  if (!holds) {
    check_failed(file, line);
    fprintf(stderr, "does not hold: %s\n", text);
  }
  return holds;
}

static inline int check_int(intmax_t seen, intmax_t expected, const char *text, const char *file,
                            int line) {
  if (seen != expected) {
    check_failed(file, line);
    fprintf(stderr, "%s is %" PRIdMAX ", expected %" PRIdMAX "\n", text, seen, expected);
  }
  return seen == expected;
}

static inline int check_number(double seen, double expected, const char *text, const char *file,
                               int line) {
  int same = memcmp(&seen, &expected, sizeof seen) == 0 || (seen != seen && expected != expected);
  if (!same) {
    check_failed(file, line);
    fprintf(stderr, "%s is %.17g, expected %.17g\n", text, seen, expected);
  }
  return same;
}

static inline int check_bytes(const char *seen, size_t seen_len, const char *expected,
                              size_t expected_len, const char *text, const char *file, int line) {
  int same = seen != NULL && expected != NULL
                 ? seen_len == expected_len && memcmp(seen, expected, seen_len) == 0
                 : seen == expected;
  if (!same) {
    check_failed(file, line);
    fprintf(stderr, "%s is ", text);
    if (seen == NULL) {
      fputs("NULL", stderr);
    } else {
      fprintf(stderr, "\"%.*s\" (%zu bytes)", (int)seen_len, seen, seen_len);
    }
    if (expected == NULL) {
      fputs(", expected NULL\n", stderr);
    } else {
      fprintf(stderr, ", expected \"%.*s\" (%zu bytes)\n", (int)expected_len, expected,
              expected_len);
    }
  }
  return same;
}

static inline int check_string(const char *seen, const char *expected, const char *text,
                               const char *file, int line) {
  return check_bytes(seen, seen != NULL ? strlen(seen) : 0, expected,
                     expected != NULL ? strlen(expected) : 0, text, file, line);
}

/* Frees the error, so that a test can use one variable for all its calls. */
static inline int check_status(jsvm_status seen, jsvm_status expected, jsvm_error **error,
                               const char *part, const char *text, const char *file, int line) {
  const char *message = error != NULL && *error != NULL ? jsvm_error_message(*error) : NULL;
  int good = 0;
  if (seen != expected) {
    check_failed(file, line);
    fprintf(stderr, "%s is %s, expected %s; its message: %s\n", text, jsvm_status_name(seen),
            jsvm_status_name(expected), message != NULL ? message : "none");
  } else if (error != NULL && (*error != NULL) != (seen != JSVM_STATUS_OK)) {
    check_failed(file, line);
    fprintf(stderr, "%s is %s and %s an error\n", text, jsvm_status_name(seen),
            *error != NULL ? "has" : "has not");
  } else if (part != NULL && (message == NULL || strstr(message, part) == NULL)) {
    check_failed(file, line);
    fprintf(stderr, "%s has the message: %s; expected in it: %s\n", text,
            message != NULL ? message : "none", part);
  } else {
    good = 1;
  }
  if (error != NULL) {
    jsvm_error_free(*error);
    *error = NULL;
  }
  return good;
}

static inline int check_finish(void) {
  int failures;
  for (uint32_t kind = 0; kind < JSVM_HANDLE_KIND_COUNT; kind++) {
    size_t live = jsvm_live_handles(kind);
    if (live != 0) {
      check_failed(__FILE__, __LINE__);
      fprintf(stderr, "%zu handles of kind %" PRIu32 " are still alive\n", live, kind);
    }
  }
  failures = atomic_load(&check_failures);
  if (failures != 0) {
    fprintf(stderr, "%d checks failed\n", failures);
  }
  return failures != 0;
}

/* All of these are 1 when they hold, so that a test can stop: if (!CHECK(x)) return; */
#define CHECK(condition) check_condition((condition) ? 1 : 0, #condition, __FILE__, __LINE__)
#define CHECK_EQ_INT(seen, expected)                                                               \
  check_int((intmax_t)(seen), (intmax_t)(expected), #seen, __FILE__, __LINE__)
/* As Object.is: NaN is NaN, and 0 is not -0. */
#define CHECK_EQ_NUM(seen, expected) check_number((seen), (expected), #seen, __FILE__, __LINE__)
#define CHECK_STR(seen, expected) check_string((seen), (expected), #seen, __FILE__, __LINE__)
#define CHECK_BYTES(seen, seen_len, expected, expected_len)                                        \
  check_bytes((seen), (seen_len), (expected), (expected_len), #seen, __FILE__, __LINE__)

/* CHECK_STATUS(jsvm_f(x, &error), JSVM_STATUS_TIMEOUT, &error): frees the error, sets it to NULL. */
#define CHECK_STATUS(call, expected, error) CHECK_ERROR(call, expected, error, NULL)
#define CHECK_OK(call, error) CHECK_ERROR(call, JSVM_STATUS_OK, error, NULL)
/* The same, and the message has this in it. */
#define CHECK_ERROR(call, expected, error, part)                                                   \
  check_status((call), (expected), (error), (part), #call, __FILE__, __LINE__)

#define RUN(test)                                                                                  \
  do {                                                                                             \
    fprintf(stderr, "%s\n", #test);                                                                \
    test();                                                                                        \
  } while (0)

/* As the last line of main: return FINISH(); */
#define FINISH() check_finish()

#endif
