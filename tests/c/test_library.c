/* Versions, status names, live handles, and V8's flags before and after the start. */
#include "guest.h"

static void versions(void) {
  char expected[50];
  const char *v8 = jsvm_v8_version();
  int number[4];
  snprintf(expected, sizeof expected, "%d.%d.%d", JSVM_VERSION_MAJOR, JSVM_VERSION_MINOR,
           JSVM_VERSION_PATCH);
  CHECK_STR(jsvm_version(), expected);
  CHECK(jsvm_version() == jsvm_version());
  CHECK_EQ_INT(jsvm_abi_version(), JSVM_ABI_VERSION);
  if (!CHECK(v8 != NULL && v8[0] >= '1' && v8[0] <= '9')) {
    return;
  }
  CHECK(v8 == jsvm_v8_version());
  /* Four numbers; the crate adds a word of its own. */
  CHECK_EQ_INT(sscanf(v8, "%d.%d.%d.%d", &number[0], &number[1], &number[2], &number[3]), 4);
}

static void status_names(void) {
  static const char *const names[] = {
      "OK",           "EXCEPTION",        "TIMEOUT",       "CPU_TIME",
      "INTERRUPTED",  "CANCELLED",        "TERMINATED",    "OUT_OF_MEMORY",
      "INVALID_ARGUMENT", "WRONG_ISOLATE", "WRONG_STATE",  "BUSY",
      "DISPOSED",     "UNSUPPORTED",      "FORKED",        "PANIC"};
  for (uint32_t i = 0; i < 16; i++) {
    CHECK_STR(jsvm_status_name(i), names[i]);
    CHECK(jsvm_status_name(i) == jsvm_status_name(i));
  }
  CHECK_STR(jsvm_status_name(16), "?");
  CHECK_STR(jsvm_status_name(17), "?");
  CHECK_STR(jsvm_status_name(0x80000000u), "?");
  CHECK_STR(jsvm_status_name(UINT32_MAX), "?");
  CHECK_EQ_INT(JSVM_STATUS_PANIC, 15);
}

static void live_handles_of_tokens(void) {
  jsvm_cancel *token = NULL, *again;
  jsvm_error *error = NULL;
  for (uint32_t kind = 0; kind < JSVM_HANDLE_KIND_COUNT; kind++) {
    CHECK_EQ_INT(jsvm_live_handles(kind), 0);
  }
  CHECK_EQ_INT(jsvm_live_handles(JSVM_HANDLE_KIND_COUNT), 0);
  CHECK_EQ_INT(jsvm_live_handles(UINT32_MAX), 0);
  CHECK_OK(jsvm_cancel_new(&token, &error), &error);
  CHECK_EQ_INT(jsvm_live_handles(JSVM_HANDLE_KIND_CANCEL), 1);
  again = jsvm_cancel_clone(token);
  CHECK(again != NULL);
  /* Each owner is counted. */
  CHECK_EQ_INT(jsvm_live_handles(JSVM_HANDLE_KIND_CANCEL), 2);
  jsvm_cancel_free(token);
  CHECK_EQ_INT(jsvm_live_handles(JSVM_HANDLE_KIND_CANCEL), 1);
  CHECK_OK(jsvm_cancel_trigger(again, &error), &error);
  jsvm_cancel_free(again);
  CHECK_EQ_INT(jsvm_live_handles(JSVM_HANDLE_KIND_CANCEL), 0);
}

/* Before V8 has started; jsvm_v8_version has not started it. */
static void flags_before(void) {
  jsvm_error *error = NULL;
  CHECK_ERROR(jsvm_set_v8_flags("--no-such-flag-of-v8", JSVM_AUTO_LENGTH, &error),
              JSVM_STATUS_INVALID_ARGUMENT, &error, "flags: ");
  CHECK_ERROR(jsvm_set_v8_flags("--no-such-flag-of-v8", JSVM_AUTO_LENGTH, &error),
              JSVM_STATUS_INVALID_ARGUMENT, &error, "no-such-flag-of-v8");
  CHECK_ERROR(jsvm_set_v8_flags("--max-lazy --no-such-flag-of-v8", JSVM_AUTO_LENGTH, &error),
              JSVM_STATUS_INVALID_ARGUMENT, &error, "flags: ");
  CHECK_ERROR(jsvm_set_v8_flags("nonsense", JSVM_AUTO_LENGTH, &error),
              JSVM_STATUS_INVALID_ARGUMENT, &error, "flags: ");
  CHECK_ERROR(jsvm_set_v8_flags(NULL, JSVM_AUTO_LENGTH, &error), JSVM_STATUS_INVALID_ARGUMENT,
              &error, "flags: ");
  CHECK_ERROR(jsvm_set_v8_flags(NULL, 4, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "flags: ");
  CHECK_ERROR(jsvm_set_v8_flags("--\xff", JSVM_AUTO_LENGTH, &error), JSVM_STATUS_INVALID_ARGUMENT,
              &error, "flags: ");
  CHECK_ERROR(jsvm_set_v8_flags("--max-lazy", (size_t)PTRDIFF_MAX + 1, &error),
              JSVM_STATUS_INVALID_ARGUMENT, &error, "flags: ");
  CHECK_EQ_INT(jsvm_set_v8_flags("--no-such-flag-of-v8", JSVM_AUTO_LENGTH, NULL),
               JSVM_STATUS_INVALID_ARGUMENT);
  CHECK_OK(jsvm_set_v8_flags("", 0, &error), &error);
  CHECK_OK(jsvm_set_v8_flags(NULL, 0, &error), &error);
  CHECK_OK(jsvm_set_v8_flags("   ", JSVM_AUTO_LENGTH, &error), &error);
  /* The header's own example; the length ends it. */
  CHECK_OK(jsvm_set_v8_flags("--max-lazy --expose-gc--no-such-flag", 22, &error), &error);
}

static void flags_act(void) {
  jsvm_error *error = NULL;
  jsvm_isolate *isolate = new_isolate(NULL);
  jsvm_context *context = main_context(isolate);
  JS_STR(context, "typeof gc", "function");
  JS_OK(context, "gc()");
  CHECK_ERROR(jsvm_set_v8_flags("--expose-gc", JSVM_AUTO_LENGTH, &error), JSVM_STATUS_WRONG_STATE,
              &error, "V8");
  CHECK_EQ_INT(jsvm_live_handles(JSVM_HANDLE_KIND_ISOLATE), 1);
  CHECK_EQ_INT(jsvm_live_handles(JSVM_HANDLE_KIND_CONTEXT), 1);
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
  /* V8 never ends. */
  CHECK_STATUS(jsvm_set_v8_flags("--expose-gc", JSVM_AUTO_LENGTH, &error), JSVM_STATUS_WRONG_STATE,
               &error);
  CHECK_STATUS(jsvm_set_v8_flags(NULL, JSVM_AUTO_LENGTH, &error), JSVM_STATUS_INVALID_ARGUMENT,
               &error);
}

static void finalizers_without_any(void) {
  CHECK_EQ_INT(jsvm_flush_finalizers(0), JSVM_STATUS_OK);
  CHECK_EQ_INT(jsvm_flush_finalizers(LONG_MS), JSVM_STATUS_OK);
}

static void slow_finalizer(void *userdata) {
  wait_for(userdata, 1);
  count_up(userdata);
}

/* "OK, TIMEOUT": while a finalizer does not end. */
static void flush_times_out(void) {
  atomic_int gate = 0;
  jsvm_error *error = NULL;
  jsvm_isolate *isolate = new_isolate(NULL);
  CHECK_OK(jsvm_isolate_request_interrupt(isolate, count_up, &gate, slow_finalizer, &error),
           &error);
  jsvm_isolate_free(isolate);
  CHECK_EQ_INT(jsvm_flush_finalizers(20), JSVM_STATUS_TIMEOUT);
  atomic_store(&gate, 1);
  CHECK_EQ_INT(jsvm_flush_finalizers(LONG_MS), JSVM_STATUS_OK);
  CHECK_EQ_INT(atomic_load(&gate), 2);
}

int main(void) {
  CHECK_EQ_INT(jsvm_flush_finalizers(0), JSVM_STATUS_OK);
  RUN(versions);
  RUN(status_names);
  RUN(live_handles_of_tokens);
  RUN(flags_before);
  RUN(flags_act);
  RUN(flush_times_out);
  RUN(finalizers_without_any);
  return FINISH();
}
