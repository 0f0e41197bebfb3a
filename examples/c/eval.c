/*
 * Evaluates JavaScript; prints what comes out, or what went wrong and where.
 */
#include "example.h"

/* A slot holds one value: its kind says which field to read. */
static void print_value(const jsvm_slot *value) {
  switch (value->kind) {
    case JSVM_KIND_UNDEFINED:
      printf("undefined\n");
      break;
    case JSVM_KIND_NULL:
      printf("null\n");
      break;
    case JSVM_KIND_BOOLEAN:
      printf("%s\n", value->number != 0 ? "true" : "false");
      break;
    case JSVM_KIND_NUMBER:
      printf("%.17g\n", value->number);
      break;
    case JSVM_KIND_STRING:
      printf("\"%.*s\"\n", (int)value->len, value->data);
      break;
    case JSVM_KIND_BIGINT:
      printf("a bigint of %zu bytes\n", value->len);
      break;
    default:
      /* Objects stay in JavaScript: value->handle stands for this one. */
      printf("%s\n", value->flags & JSVM_FLAG_ARRAY        ? "an array"
                     : value->kind == JSVM_KIND_FUNCTION ? "a function"
                     : value->kind == JSVM_KIND_SYMBOL   ? "a symbol"
                                                         : "an object");
  }
}

static void evaluate(const jsvm_context *context, const char *source) {
  jsvm_script_options options = {.struct_size = sizeof options};
  options.filename = (jsvm_str){"example.js", JSVM_AUTO_LENGTH};

  jsvm_slot value;
  jsvm_error *error;
  printf("> %s\n", source);
  jsvm_status status =
      jsvm_context_evaluate(context, source, JSVM_AUTO_LENGTH, &options, NULL, &value, &error);
  if (status == JSVM_STATUS_OK) {
    print_value(&value);
  } else {
    /* The arrow is the source line with carets under the place. A kill, for example, has none. */
    const char *arrow = jsvm_error_arrow(error);
    const char *stack = jsvm_error_stack(error);
    printf("%s\n%s", jsvm_status_name(status), arrow != NULL ? arrow : "");
    printf("%s\n", stack != NULL ? stack : jsvm_error_message(error));
  }
  /* After a failure the slot is undefined; after a success the error is NULL. Both may be freed. */
  jsvm_slot_clear(&value);
  jsvm_error_free(error);
}

int main(void) {
  jsvm_error *error;

  /* The isolate is the heap, with the garbage collector; the context is a global object in it. */
  jsvm_isolate *isolate;
  CHECK(jsvm_isolate_new(NULL, &isolate, &error));
  jsvm_context *context;
  CHECK(jsvm_isolate_main_context(isolate, &context, &error));

  evaluate(context, "6 * 7");
  evaluate(context, "var greeting = 'Hello'");
  evaluate(context, "`${greeting}, world: ${[1, 2, 3].map((x) => x * x)}`");
  evaluate(context, "2n ** 64n");
  evaluate(context, "[greeting]");
  evaluate(context, "function area(shape) { return shape.width * shape.height; }");
  evaluate(context, "area({width: 2, height: 3})");
  evaluate(context, "area(null)");
  evaluate(context, "let x = ;");

  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
  return 0;
}
