/* The runtime's parts: what is installed, what it does, how it fails. */
#include "guest.h"

static void parts(void) {
  jsvm_isolate *isolate = new_isolate(NULL);
  jsvm_context *context = main_context(isolate);
  jsvm_error *error = NULL;
  JS_STR(context, "typeof queueMicrotask", "undefined");
  CHECK_ERROR(jsvm_context_install(context, 1u << 31, NULL, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "parts: ");
  CHECK_OK(jsvm_context_install(context, 0, NULL, &error), &error);
  JS_STR(context, "typeof queueMicrotask", "undefined");
  CHECK_OK(jsvm_context_install(context, JSVM_PART_QUEUE_MICROTASK, NULL, &error), &error);
  JS_STR(context, "typeof queueMicrotask", "function");
  JS_OK(context, "globalThis.kept = queueMicrotask");
  CHECK_OK(jsvm_context_install(context, JSVM_PART_QUEUE_MICROTASK, NULL, &error), &error);
  JS_STR(context, "String(kept === queueMicrotask)", "true");
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
}

static void microtasks(void) {
  jsvm_isolate *isolate = new_isolate(NULL);
  jsvm_context *context = main_context(isolate);
  jsvm_slot result = {0};
  jsvm_error *error = NULL;
  CHECK_OK(jsvm_context_install(context, JSVM_PART_QUEUE_MICROTASK, NULL, &error), &error);
  JS_OK(context, "globalThis.log = ''; Promise.resolve().then(() => log += 1); queueMicrotask(() => log += 2);"
                 "Promise.resolve().then(() => log += 3); log += 0");
  JS_STR(context, "log", "0123");
  JS_STR(context, "try { queueMicrotask(1) } catch (e) { e.code + ' ' + e.name + ' ' + e.message + ' ' + e.stack.split('\\n')[0] }",
         "ERR_INVALID_ARG_TYPE TypeError The \"callback\" argument must be of type function. Received type number (1)"
         " TypeError [ERR_INVALID_ARG_TYPE]: The \"callback\" argument must be of type function. Received type number (1)");
  /* What it throws is told by the call that drains. */
  CHECK_STATUS(jsvm_context_evaluate(context, "queueMicrotask(() => { log += 4; throw new RangeError('late') });"
                                     "queueMicrotask(() => { log += 5; throw 6 }); 7",
                                     JSVM_AUTO_LENGTH, NULL, NULL, &result, &error), JSVM_STATUS_EXCEPTION, NULL);
  CHECK_STR(jsvm_error_message(error), "late");
  CHECK_STR(jsvm_error_name(error), "RangeError");
  CHECK(jsvm_error_line(error) == 1);
  jsvm_error_free(error);
  CHECK(result.kind == JSVM_KIND_UNDEFINED);
  JS_STR(context, "log", "012345");
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
}

int main(void) {
  RUN(parts);
  RUN(microtasks);
  return FINISH();
}
