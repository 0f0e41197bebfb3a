/*
 * Bytes that C and JavaScript share, without a copy, in both directions: memory of the host's as an ArrayBuffer, and the
 * memory of a typed array in the host's hands.
 *
 * Both sides see what the other one writes, at any time. While another thread may run the guest, the host has to
 * expect that the bytes change under its eyes: check what was copied out, not what is still shared.
 */
#include "example.h"

enum { SAMPLES = 8 };

static int freed;

/* When neither JavaScript nor a borrow uses the memory any more; on a thread of libjsvm's. */
static void free_samples(void *samples) {
  freed = 1;
  free(samples);
}

static void print_samples(const char *title, const double *samples, size_t count) {
  printf("%s", title);
  for (size_t i = 0; i < count; i++) {
    printf(" %g", samples[i]);
  }
  printf("\n");
}

/* The host's memory as globalThis.buffer. */
static void share(const jsvm_context *context, double *samples, size_t count) {
  jsvm_error *error;
  jsvm_value *buffer;
  CHECK(jsvm_array_buffer_new_external(context, samples, count * sizeof *samples, free_samples,
                                       samples, &buffer, &error));
  jsvm_value *global;
  CHECK(jsvm_context_global(context, &global, &error));
  jsvm_slot key = {.kind = JSVM_KIND_STRING, .data = "buffer", .len = JSVM_AUTO_LENGTH};
  jsvm_slot value = {.kind = JSVM_KIND_OBJECT, .handle = buffer};
  CHECK(jsvm_object_set(global, &key, &value, NULL, &error));
  jsvm_value_free(global);
  jsvm_value_free(buffer);
}

int main(void) {
  jsvm_error *error;
  jsvm_isolate *isolate;
  jsvm_context *context;
  CHECK(jsvm_isolate_new(NULL, &isolate, &error));
  CHECK(jsvm_isolate_main_context(isolate, &context, &error));

  /* From C to JavaScript. From now on the memory belongs to the ArrayBuffer: C may use it for as long as it knows
   * that JavaScript still holds the buffer. */
  double *samples = malloc(SAMPLES * sizeof *samples);
  if (samples == NULL) {
    return EXIT_FAILURE;
  }
  for (int i = 0; i < SAMPLES; i++) {
    samples[i] = i;
  }
  share(context, samples, SAMPLES);
  jsvm_slot sum;
  CHECK(jsvm_context_evaluate(context,
                              "const shared = new Float64Array(buffer);\n"
                              "for (let i = 0; i < shared.length; i++) shared[i] *= shared[i];\n"
                              "shared.reduce((a, b) => a + b)",
                              JSVM_AUTO_LENGTH, NULL, NULL, &sum, &error));
  printf("JavaScript squared the samples; their sum is %g\n", sum.number);
  jsvm_slot_clear(&sum);
  print_samples("C sees:", samples, SAMPLES);

  /* From JavaScript to C: what the view covers, here without its first two elements. */
  jsvm_slot view;
  CHECK(jsvm_context_evaluate(context, "const made = Float64Array.of(1, 2, 3, 4, 5); made.subarray(2)",
                              JSVM_AUTO_LENGTH, NULL, NULL, &view, &error));
  void *data;
  size_t len;
  jsvm_borrow *borrow;
  CHECK(jsvm_buffer_borrow(view.handle, &data, &len, &borrow, &error));
  /* The borrow holds the memory; the value is not needed for it. */
  jsvm_slot_clear(&view);
  double *elements = data;
  size_t count = len / sizeof *elements;
  print_samples("C borrowed:", elements, count);
  for (size_t i = 0; i < count; i++) {
    elements[i] = -elements[i];
  }
  jsvm_slot text;
  CHECK(jsvm_context_evaluate(context, "made.join(' ')", JSVM_AUTO_LENGTH, NULL, NULL, &text, &error));
  printf("JavaScript sees: %s\n", text.data);
  jsvm_slot_clear(&text);

  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
  /* A borrow outlives its isolate. */
  print_samples("C still has:", elements, count);
  jsvm_borrow_free(borrow);

  /* The isolate is gone, and with it the last user of the samples: waits until their finalizer has run. */
  if (jsvm_flush_finalizers(10000) != JSVM_STATUS_OK) {
    return EXIT_FAILURE;
  }
  printf("the samples were %s\n", freed ? "freed" : "not freed");
  return 0;
}
