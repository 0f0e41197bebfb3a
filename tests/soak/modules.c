/*
 * A million modules, one after another: compiled, linked, evaluated, freed; then 100,000 with import(). Prints the resident
 * size as it goes, and fails if it grows. `make soak` runs it; modules [COUNT [IMPORTS]] takes other numbers.
 */
#include "../c/modules.h"

#include <unistd.h>

static jsvm_isolate *isolate;
static jsvm_context *context;
static jsvm_error *error;

/* Kilobytes of memory that the process uses. */
static long resident(void) {
  long ignored, pages = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (file == NULL || fscanf(file, "%ld %ld", &ignored, &pages) != 2) {
    CHECK(!"/proc/self/statm can be read");
  }
  if (file != NULL) {
    fclose(file);
  }
  return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static void link_and_evaluate(void) {
  source_file files[] = {{"x", "export let x = 1", NULL}};
  source_table table = TABLE(files);
  jsvm_module *module = new_module(context, "m", "import { x } from 'x'; export let y = x + 1");
  LINK(module, &table);
  EVALUATE(module);
  jsvm_module_free(module);
  free_table(&table);
}

static uint32_t answer(void *userdata, const jsvm_import_request *request, jsvm_module **module,
                       jsvm_slot *result) {
  (void)userdata;
  (void)result;
  *module = new_module(request->context, "x", "export let x = 1");
  CHECK_OK(jsvm_module_instantiate(*module, &error), &error);
  CHECK_OK(jsvm_module_evaluate(*module, NULL, NULL, &error), &error);
  return JSVM_STATUS_OK;
}

static atomic_int finalized;

static void import_dynamically(void) {
  jsvm_import_hooks_options callbacks = {.struct_size = sizeof callbacks,
                                         .import_module_dynamically = answer};
  static long count;
  char source[100];
  jsvm_import_hooks *hooks = NULL;
  jsvm_module *module;
  /* Another text each time: V8 looks through all code of the same text, and finds none with the same hooks. */
  snprintf(source, sizeof source, "const { x } = await import('x'); export let y = x + %ld", count++);
  CHECK_OK(jsvm_import_hooks_new(&callbacks, &finalized, count_up, &hooks, &error), &error);
  module = try_module(context, "m", source, hooks, JSVM_STATUS_OK, NULL);
  CHECK_OK(jsvm_module_instantiate(module, &error), &error);
  EVALUATE(module);
  jsvm_module_free(module);
  jsvm_import_hooks_free(hooks);
}

/* Runs it so often; the size is taken after the first tenth, in which V8's heap finds its size. */
static void soak(const char *what, long count, void (*once)(void)) {
  long first = 0, now = 0;
  for (int part = 1; part <= 10; part++) {
    for (long i = 0; i < count / 10; i++) {
      once();
    }
    CHECK_OK(jsvm_isolate_low_memory_notification(isolate, &error), &error);
    now = resident();
    first = part == 1 ? now : first;
    printf("%s: %9ld of %ld, %7ld KB\n", what, count / 10 * part, count, now);
    fflush(stdout);
  }
  /* Four megabytes are V8's and the allocator's own ups and downs. */
  CHECK(now < first + 4096);
}

int main(int argc, char **argv) {
  long count = argc > 1 ? atol(argv[1]) : 1000000, imports = argc > 2 ? atol(argv[2]) : 100000;
  isolate = new_isolate(NULL);
  context = main_context(isolate);
  soak("compile, link, evaluate", count, link_and_evaluate);
  soak("import()", imports, import_dynamically);
  CHECK_OK(jsvm_isolate_low_memory_notification(isolate, &error), &error);
  CHECK(atomic_load(&finalized) >= imports / 10 * 10 - 2);
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
  return FINISH();
}
