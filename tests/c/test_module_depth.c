/* Graphs down which V8 goes without a look at the stack: they are refused before V8 is asked, or there is room. */
// flags: -pthread
#include "modules.h"

static jsvm_isolate *isolate;
static jsvm_context *context;

enum { MANY = 20000 };
static jsvm_module *modules[MANY + 1];
static int made;

static void start(void) {
  isolate = new_isolate(NULL);
  context = main_context(isolate);
}

static void end(void) {
  for (int i = 0; i < made; i++) {
    jsvm_module_free(modules[i]);
  }
  made = 0;
  JS_NUM(context, "1 + 1", 2);
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
}

/* One more module, linked to the one before it. */
static jsvm_module *add(const char *source) {
  const jsvm_module *before = made > 0 ? modules[made - 1] : NULL;
  jsvm_module *module = new_module(context, NULL, source);
  jsvm_error *error = NULL;
  CHECK_OK(jsvm_module_link_requests(module, &before, before != NULL, &error), &error);
  return modules[made++] = module;
}

static jsvm_module *chain(const char *end, const char *source, int count) {
  jsvm_module *last = add(end);
  for (int i = 0; i < count; i++) {
    last = add(source);
  }
  return last;
}

static int instantiate(const jsvm_module *module, jsvm_status expected, const char *part) {
  jsvm_error *error = NULL;
  return CHECK_ERROR(jsvm_module_instantiate(module, &error), expected, &error, part);
}

static void stars(void) {
  start();
  chain("export const x = 1", "export * from 'before'", 300);
  {
    jsvm_module *root = add("import { x } from 'before'; export const y = x + 1");
    instantiate(root, JSVM_STATUS_OK, NULL);
    EVALUATE(root);
    EXPORTS_NUM(root, "y", 2);
    EXPORTS_NUM(modules[made - 2], "x", 1);
  }
  end();
}

static void too_many_stars(void) {
  start();
  chain("export const x = 1", "export * from 'before'", 10000);
  instantiate(add("import { x } from 'before'"), JSVM_STATUS_EXCEPTION, "call stack size");
  CHECK_EQ_INT(module_status(modules[0]), JSVM_MODULE_STATE_UNLINKED);
  end();
}

/* Each is linked when the one below is: none of the steps is deep. */
static void too_many_stars_one_by_one(void) {
  jsvm_status status = JSVM_STATUS_OK;
  start();
  add("export const x = 1");
  for (int i = 0; i < 10000 && status == JSVM_STATUS_OK; i++) {
    jsvm_error *error = NULL;
    status = jsvm_module_instantiate(add("export/**/* from 'before'"), &error);
    if (status != JSVM_STATUS_OK) {
      CHECK_STR(jsvm_error_name(error), "RangeError");
      jsvm_error_free(error);
    }
  }
  CHECK_EQ_INT(status, JSVM_STATUS_EXCEPTION);
  CHECK(made > 300);
  /* What is below can be used, and what there is not is looked for all the way down. */
  jsvm_module_free(modules[--made]);
  jsvm_module_free(modules[--made]);
  instantiate(add("import { z } from 'before'"), JSVM_STATUS_EXCEPTION, "does not provide an export named 'z'");
  EVALUATE(modules[made - 2]);
  EXPORTS_NUM(modules[made - 2], "x", 1);
  end();
}

static void names_round_a_cycle(int names, jsvm_status expected, const char *part) {
  size_t room = (size_t)names * 30 + 100, used = 0;
  char *source = malloc(room);
  const jsvm_module *itself;
  jsvm_error *error = NULL;
  start();
  used += (size_t)snprintf(source, room, "export const x%d = 7; export {", names);
  for (int i = names - 1; i >= 0; i--) {
    used += (size_t)snprintf(source + used, room - used, "x%d as x%d,", i + 1, i);
  }
  snprintf(source + used, room - used, "} from 'itself'");
  itself = modules[made++] = new_module(context, NULL, source);
  CHECK_OK(jsvm_module_link_requests(modules[0], &itself, 1, &error), &error);
  if (instantiate(itself, expected, part) && expected == JSVM_STATUS_OK) {
    EVALUATE(itself);
    EXPORTS_NUM(itself, "x0", 7);
  }
  end();
  free(source);
}

static void renames(void) { names_round_a_cycle(200, JSVM_STATUS_OK, NULL); }

static void too_many_renames(void) { names_round_a_cycle(100000, JSVM_STATUS_EXCEPTION, "call stack size"); }

/* A chain that waits, until it is rejected. */
static void awaits(int count, int fits) {
  jsvm_module *last;
  jsvm_value *promise = NULL;
  jsvm_error *error = NULL;
  start();
  last = chain("await new Promise((resolve, reject) => { globalThis.fail = reject })", "import 'before'", count);
  instantiate(last, JSVM_STATUS_OK, NULL);
  if (fits && CHECK_OK(jsvm_module_evaluate(last, NULL, &promise, &error), &error)) {
    JS_NUM(context, "fail(new Error('too late')), 1", 1);
    CHECK_ERROR(jsvm_promise_await(promise, NULL, NULL, &error), JSVM_STATUS_EXCEPTION, &error, "too late");
  } else if (!fits) {
    CHECK_ERROR(jsvm_module_evaluate(last, NULL, &promise, &error), JSVM_STATUS_EXCEPTION, &error,
                "call stack size");
  }
  jsvm_value_free(promise);
  end();
}

static void some_awaits(void) { awaits(1500, 1); }

static void too_many_awaits(void) { awaits(MANY - 1, 0); }

static void *all_but_small(void *unused) {
  (void)unused;
  RUN(stars);
  RUN(too_many_stars);
  RUN(too_many_stars_one_by_one);
  RUN(renames);
  RUN(too_many_renames);
  RUN(some_awaits);
  RUN(too_many_awaits);
  return NULL;
}

static void on_stack_of(size_t size, void *(*body)(void *)) {
  pthread_attr_t attributes;
  pthread_t thread;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, size);
  if (CHECK(pthread_create(&thread, &attributes, body, NULL) == 0)) {
    pthread_join(thread, NULL);
  }
  pthread_attr_destroy(&attributes);
}

static void *on_a_small_stack(void *unused) {
  jsvm_slot result = {0};
  jsvm_error *error = NULL;
  (void)unused;
  CHECK_ERROR(jsvm_context_evaluate(context, "1", 1, NULL, NULL, &result, &error), JSVM_STATUS_UNSUPPORTED, &error,
              "stack");
  jsvm_slot_clear(&result);
  return NULL;
}

static void *on_an_isolate_with_a_deep_graph(void *unused) {
  (void)unused;
  instantiate(chain("export const x = 1", "export * from 'before'", 500), JSVM_STATUS_OK, NULL);
  on_stack_of(256 << 10, on_a_small_stack);
  return NULL;
}

static void a_stack_that_is_too_small(void) {
  start();
  on_stack_of(1 << 20, on_an_isolate_with_a_deep_graph);
  end();
}

int main(void) {
  on_stack_of(1 << 20, all_but_small);
  RUN(a_stack_that_is_too_small);
  return FINISH();
}
