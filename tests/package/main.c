#include <jsvm.h>
#include <stdio.h>
#include <string.h>

int main(void) {
  jsvm_isolate *isolate = NULL;
  jsvm_context *context = NULL;
  jsvm_slot value = {0};
  jsvm_error *error = NULL;
  jsvm_status status = jsvm_isolate_new(NULL, &isolate, &error);

  if (status == JSVM_STATUS_OK)
    status = jsvm_isolate_main_context(isolate, &context, &error);
  if (status == JSVM_STATUS_OK)
    status = jsvm_context_evaluate(context, "[1, 2, 3].map((x) => x * x).join()", JSVM_AUTO_LENGTH, NULL, NULL,
                                   &value, &error);
  int good = status == JSVM_STATUS_OK && value.len == 5 && memcmp(value.data, "1,4,9", 5) == 0;
  printf("libjsvm %s: %s\n", jsvm_version(), good ? "1,4,9" : error ? jsvm_error_message(error) : "?");
  jsvm_slot_clear(&value);
  jsvm_error_free(error);
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
  return !good;
}
