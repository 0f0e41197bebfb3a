/*
 * A child of a process in which V8 had started: every call says FORKED, frees only leak, nothing
 * crashes or hangs. A child that was made before V8 started is a process like any other.
 */
#include "check.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static int child_of(int (*body)(void)) {
  int status = -1;
  pid_t pid = fork();
  if (pid == 0) {
    alarm(60);
    _exit(body());
  }
  waitpid(pid, &status, 0);
  return status;
}

static jsvm_isolate *isolate;
static jsvm_context *context;
static jsvm_script *script;
static jsvm_cancel *cancel;
static jsvm_slot object;

static int use_v8(void) {
  jsvm_slot slot = {0};
  if (jsvm_isolate_new(NULL, &isolate, NULL) != JSVM_STATUS_OK ||
      jsvm_isolate_main_context(isolate, &context, NULL) != JSVM_STATUS_OK ||
      jsvm_context_evaluate(context, "6*7", JSVM_AUTO_LENGTH, NULL, NULL, &slot, NULL) !=
          JSVM_STATUS_OK) {
    return 1;
  }
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
  return slot.number == 42 ? 0 : 2;
}

static int use_after_fork(void) {
  jsvm_isolate *other = NULL;
  jsvm_error *error = NULL;
  jsvm_slot slot = {0};
  CHECK_EQ_INT(jsvm_isolate_new(NULL, &other, NULL), JSVM_STATUS_FORKED);
  /* No error is made: another thread of the parent's may have held a lock. */
  CHECK_EQ_INT(jsvm_context_evaluate(context, "1", 1, NULL, NULL, &slot, &error), JSVM_STATUS_FORKED);
  CHECK(error == NULL);
  CHECK_EQ_INT(jsvm_context_evaluate(context, "1", 1, NULL, NULL, &slot, NULL), JSVM_STATUS_FORKED);
  CHECK_EQ_INT(jsvm_script_run_in_this_context(script, NULL, NULL, NULL), JSVM_STATUS_FORKED);
  CHECK_EQ_INT(jsvm_isolate_terminate(isolate, NULL), JSVM_STATUS_FORKED);
  CHECK_EQ_INT(jsvm_isolate_enter(isolate, NULL, NULL), JSVM_STATUS_FORKED);
  CHECK_EQ_INT(jsvm_cancel_trigger(cancel, NULL), JSVM_STATUS_FORKED);
  CHECK_EQ_INT(jsvm_flush_finalizers(1000), JSVM_STATUS_FORKED);
  CHECK(jsvm_context_clone(context) == NULL);
  CHECK_STR(jsvm_version(), "0.1.0");
  jsvm_error_free(error);
  jsvm_slot_clear(&object);
  jsvm_script_free(script);
  jsvm_cancel_free(cancel);
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
  return atomic_load(&check_failures) != 0;
}

static int just_leave(void) { return 0; }

int main(void) {
  jsvm_error *error = NULL;
  /* Loaded, but V8 has not started: both may use it. */
  CHECK_EQ_INT(child_of(use_v8), 0);
  CHECK_OK(jsvm_isolate_new(NULL, &isolate, &error), &error);
  CHECK_OK(jsvm_isolate_main_context(isolate, &context, &error), &error);
  CHECK_OK(jsvm_script_new(isolate, "1", 1, NULL, &script, &error), &error);
  CHECK_OK(jsvm_cancel_new(&cancel, &error), &error);
  CHECK_OK(jsvm_context_evaluate(context, "({})", 4, NULL, NULL, &object, &error), &error);
  CHECK_EQ_INT(child_of(use_after_fork), 0);
  CHECK_EQ_INT(child_of(just_leave), 0);
  /* Nothing has changed for the parent. */
  CHECK_OK(jsvm_script_run_in_this_context(script, NULL, NULL, &error), &error);
  jsvm_slot_clear(&object);
  jsvm_script_free(script);
  jsvm_cancel_free(cancel);
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
  return FINISH();
}
