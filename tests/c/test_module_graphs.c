/* Module graphs that are deep, wide or many. */
// flags: -Wno-format-truncation
#include "modules.h"

#include <unistd.h>

static jsvm_isolate *isolate;
static jsvm_context *context;
static jsvm_error *error;

enum { DEPTH = CHECK_ASAN ? 2000 : 10000 };
static jsvm_module *modules[DEPTH];

static jsvm_module *numbered(const char *format, int i) {
  char source[200], name[20];
  snprintf(source, sizeof source, format, i + 1);
  snprintf(name, sizeof name, "%d", i);
  return new_module(context, name, source);
}

static const char CHAIN[] = "import { x as y } from '%d'; export const x = y + 1;";

/* A linker that makes the modules as they are asked for; the last one imports nothing. */
static uint32_t next_of_chain(void *userdata, const jsvm_import_request *request, jsvm_module **module,
                              jsvm_slot *result) {
  int i = atoi(request->request.specifier.data);
  (void)result;
  ++*(int *)userdata;
  *module = i + 1 < DEPTH ? numbered(CHAIN, i) : new_module(context, "last", "export const x = 1;");
  return JSVM_STATUS_OK;
}

static void a_chain_by_a_linker(void) {
  int asked = 0;
  jsvm_module *first = numbered(CHAIN, 0);
  CHECK_OK(jsvm_module_link(first, next_of_chain, &asked, NULL, &error), &error);
  CHECK_EQ_INT(asked, DEPTH - 1);
  EVALUATE(first);
  EXPORTS_NUM(first, "x", DEPTH);
  jsvm_module_free(first);
}

static void free_all(int count) {
  for (int i = 0; i < count; i++) {
    jsvm_module_free(modules[i]);
  }
}

static void link_to_next(int count) {
  for (int i = 0; i + 1 < count; i++) {
    const jsvm_module *next = modules[i + 1];
    CHECK_OK(jsvm_module_link_requests(modules[i], &next, 1, &error), &error);
  }
}

static void a_chain_step_by_step(void) {
  for (int i = 0; i < DEPTH; i++) {
    modules[i] = i + 1 < DEPTH ? numbered(CHAIN, i) : new_module(context, "last", "export const x = 1;");
  }
  link_to_next(DEPTH);
  CHECK_OK(jsvm_module_instantiate(modules[0], &error), &error);
  EVALUATE(modules[0]);
  EXPORTS_NUM(modules[0], "x", DEPTH);
  free_all(DEPTH);
}

static void a_chain_that_throws_at_its_end(void) {
  for (int i = 0; i < DEPTH; i++) {
    modules[i] = i + 1 < DEPTH ? numbered("import '%d'", i) : new_module(context, "last", "throw new Error('deep')");
  }
  link_to_next(DEPTH);
  CHECK_OK(jsvm_module_instantiate(modules[0], &error), &error);
  EVALUATE_ERROR(modules[0], "deep");
  CHECK_EQ_INT(module_status(modules[0]), JSVM_MODULE_STATE_ERRORED);
  CHECK_EQ_INT(module_status(modules[DEPTH / 2]), JSVM_MODULE_STATE_ERRORED);
  EVALUATE_ERROR(modules[0], "deep");
  free_all(DEPTH);
}

static void a_chain_whose_end_awaits(void) {
  for (int i = 0; i < DEPTH; i++) {
    modules[i] = i + 1 < DEPTH ? numbered(CHAIN, i)
                               : new_module(context, "last", "export const x = await Promise.resolve(1);");
  }
  link_to_next(DEPTH);
  CHECK_OK(jsvm_module_instantiate(modules[0], &error), &error);
  EVALUATE(modules[0]);
  EXPORTS_NUM(modules[0], "x", DEPTH);
  free_all(DEPTH);
}

/* (module (import "env" "hit" (func)) (start 0)) */
static const unsigned char WASM[] = {0, 'a', 's', 'm', 1,   0,   0, 0,   1,   4,   1, 0x60, 0, 0, 2,
                                     11, 1,  3,   'e', 'n', 'v', 3, 'h', 'i', 't', 0, 0,    8, 1, 0};

/* Only its text is wanted: nobody links or evaluates it, however deep the graph is. */
static void the_source_of_a_module(int depth) {
  jsvm_module *wasm = NULL;
  const jsvm_module *source;
  CHECK_OK(jsvm_wasm_module_new(context, str("w"), WASM, sizeof WASM, &wasm, &error), &error);
  for (int i = 0; i < depth; i++) {
    modules[i] = numbered("import '%d'", i);
  }
  modules[depth] = new_module(context, "last", "import source w from 'w'; globalThis.kind = String(w)");
  link_to_next(depth + 1);
  source = wasm;
  CHECK_OK(jsvm_module_link_requests(modules[depth], &source, 1, &error), &error);
  CHECK_OK(jsvm_module_instantiate(modules[0], &error), &error);
  EVALUATE(modules[0]);
  JS_STR(context, "kind", "[object WebAssembly.Module]");
  CHECK_EQ_INT(module_status(wasm), JSVM_MODULE_STATE_UNLINKED);
  jsvm_module_free(wasm);
  free_all(depth + 1);
}

static void sources(void) {
  the_source_of_a_module(1);
  the_source_of_a_module(500);
}

/* A linker that gives what it has under that name. */
static uint32_t only_one(void *userdata, const jsvm_import_request *request, jsvm_module **module, jsvm_slot *result) {
  (void)result;
  *module = jsvm_module_clone(userdata);
  return strcmp(request->request.specifier.data, "w") == 0 ? JSVM_STATUS_OK : JSVM_STATUS_WRONG_STATE;
}

static void the_linker_is_not_asked_for_what_a_source_imports(void) {
  jsvm_module *wasm = NULL, *module = new_module(context, "m", "import source w from 'w'");
  CHECK_OK(jsvm_wasm_module_new(context, str("w"), WASM, sizeof WASM, &wasm, &error), &error);
  CHECK_OK(jsvm_module_link(module, only_one, wasm, NULL, &error), &error);
  EVALUATE(module);
  jsvm_module_free(module);
  jsvm_module_free(wasm);
}

static void what_was_stopped_is_told(void) {
  jsvm_run_options limits = {.struct_size = sizeof limits, .timeout_ms = 20};
  jsvm_module *module = new_module(context, "endless", "for (;;);");
  jsvm_value *promise = NULL;
  CHECK_OK(jsvm_module_instantiate(module, &error), &error);
  CHECK_ERROR(jsvm_module_evaluate(module, &limits, &promise, &error), JSVM_STATUS_TIMEOUT, &error, "timed out");
  EVALUATE_ERROR(module, "was stopped");
  jsvm_module_free(module);
}

/* One cycle cannot be cut in pieces: V8's stack has to take it. The isolate goes on. */
static void a_cycle_that_is_too_deep(void) {
  const jsvm_module *first;
  jsvm_status status;
  for (int i = 0; i < DEPTH; i++) {
    modules[i] = numbered("import '%d'", i);
  }
  link_to_next(DEPTH);
  first = modules[0];
  CHECK_OK(jsvm_module_link_requests(modules[DEPTH - 1], &first, 1, &error), &error);
  status = jsvm_module_instantiate(modules[0], &error);
  if (status == JSVM_STATUS_OK) {
    jsvm_value *promise = NULL;
    status = jsvm_module_evaluate(modules[0], NULL, &promise, &error);
    if (promise != NULL) {
      status = jsvm_promise_await(promise, NULL, NULL, &error);
    }
    jsvm_value_free(promise);
  }
  if (!CHECK_ASAN) {
    CHECK_STR(jsvm_error_name(error), "RangeError");
    CHECK_ERROR(status, JSVM_STATUS_EXCEPTION, &error, "stack");
  }
  jsvm_error_free(error);
  error = NULL;
  free_all(DEPTH);
  JS_NUM(context, "1 + 1", 2);
}

static void many_leaves(void) {
  size_t room = DEPTH * 20;
  char *source = malloc(room);
  const jsvm_module *leaves[DEPTH];
  size_t used = 0;
  for (int i = 0; i < DEPTH; i++) {
    used += (size_t)snprintf(source + used, room - used, "import '%d';", i);
    modules[i] = numbered("globalThis.leaves = (globalThis.leaves ?? 0) + 1; 0", i);
    leaves[i] = modules[i];
  }
  {
    jsvm_module *root = new_module(context, "root", source);
    CHECK_OK(jsvm_module_link_requests(root, leaves, DEPTH, &error), &error);
    CHECK_OK(jsvm_module_instantiate(root, &error), &error);
    EVALUATE(root);
    JS_NUM(context, "leaves", DEPTH);
    jsvm_module_free(root);
  }
  free_all(DEPTH);
  free(source);
}

/* Kilobytes of memory that the process uses. */
static long resident(void) {
  long pages = 0, ignored;
  FILE *file = fopen("/proc/self/statm", "r");
  if (file != NULL) {
    if (fscanf(file, "%ld %ld", &ignored, &pages) != 2) {
      pages = 0;
    }
    fclose(file);
  }
  return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static void cycles(int count) {
  for (int i = 0; i < count; i++) {
    source_file files[] = {{"x", "export let x = 1", NULL}};
    source_table table = TABLE(files);
    jsvm_module *module = new_module(context, "m", "import { x } from 'x'; export let y = x + 1");
    LINK(module, &table);
    EVALUATE(module);
    jsvm_module_free(module);
    free_table(&table);
  }
}

/* The long version is tests/soak. */
static void memory_stays(void) {
  long before;
  cycles(CHECK_ASAN ? 500 : 5000);
  CHECK_OK(jsvm_isolate_low_memory_notification(isolate, &error), &error);
  before = resident();
  cycles(CHECK_ASAN ? 500 : 20000);
  CHECK_OK(jsvm_isolate_low_memory_notification(isolate, &error), &error);
  if (!CHECK_ASAN && !CHECK(resident() < before + 8192)) {
    fprintf(stderr, "%ld KB, then %ld KB\n", before, resident());
  }
}

int main(void) {
  isolate = new_isolate(NULL);
  context = main_context(isolate);
  RUN(a_chain_by_a_linker);
  RUN(a_chain_step_by_step);
  RUN(a_chain_that_throws_at_its_end);
  RUN(a_chain_whose_end_awaits);
  RUN(sources);
  RUN(the_linker_is_not_asked_for_what_a_source_imports);
  RUN(what_was_stopped_is_told);
  RUN(a_cycle_that_is_too_deep);
  RUN(many_leaves);
  RUN(memory_stays);
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
  return FINISH();
}
