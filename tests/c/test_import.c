/* import() and import.meta: who is asked, with what, and what becomes of the answer. */
#include "modules.h"

static jsvm_isolate *isolate;
static jsvm_context *context;
static jsvm_error *error;

enum { MODULE, NAMESPACE, NUMBER, NOTHING, LATER, LATER_NUMBER, THROWS, FAILS, STOPS, REJECTS };

/* A host that answers imports in one way, and what it was asked last. */
typedef struct {
  int how;
  jsvm_module *module;
  jsvm_resolver *resolver;
  atomic_int calls;
  atomic_int metas;
  atomic_int finalized;
  char specifier[50];
  char referrer[50];
  char attribute[50];
  uint32_t phase;
  int from_module;
  int from_function;
} host;

static void finalize(void *userdata) { atomic_fetch_add(&((host *)userdata)->finalized, 1); }

static uint32_t answer(void *userdata, const jsvm_import_request *request, jsvm_module **module,
                       jsvm_slot *result) {
  host *self = userdata;
  jsvm_value *value = NULL;
  atomic_fetch_add(&self->calls, 1);
  snprintf(self->specifier, sizeof self->specifier, "%s", request->request.specifier.data);
  snprintf(self->referrer, sizeof self->referrer, "%s", request->referrer_name.data);
  self->attribute[0] = 0;
  if (request->request.attribute_count > 0) {
    const jsvm_import_attribute *first = request->request.attributes;
    snprintf(self->attribute, sizeof self->attribute, "%s=%s", first->key.data, first->value.data);
  }
  self->phase = request->request.phase;
  self->from_module = request->referrer_module != NULL;
  self->from_function = request->referrer_function != NULL;
  CHECK(request->context != NULL);
  switch (self->how) {
    case MODULE:
      *module = jsvm_module_clone(self->module);
      return JSVM_STATUS_OK;
    case NAMESPACE:
      CHECK_OK(jsvm_module_namespace(self->module, &value, &error), &error);
      *result = handle_slot(value);
      return JSVM_STATUS_OK;
    case NUMBER:
      *result = number_slot(5);
      return JSVM_STATUS_OK;
    case LATER:
    case LATER_NUMBER:
    case REJECTS:
      CHECK_OK(jsvm_promise_new(request->context, &value, &self->resolver, &error), &error);
      *result = handle_slot(value);
      return JSVM_STATUS_OK;
    case THROWS:
      *result = string_slot("thrown by the host");
      return JSVM_STATUS_EXCEPTION;
    case FAILS:
      return JSVM_STATUS_BUSY;
    case STOPS:
      return JSVM_STATUS_CANCELLED;
    default:
      return JSVM_STATUS_OK;
  }
}

static uint32_t fill_meta(void *userdata, const jsvm_module *module, const jsvm_value *meta,
                          jsvm_slot *exception) {
  host *self = userdata;
  jsvm_slot key = string_slot("url"), value = string_slot(jsvm_module_identifier(module));
  atomic_fetch_add(&self->metas, 1);
  if (self->how == THROWS) {
    *exception = string_slot("no meta");
    return JSVM_STATUS_EXCEPTION;
  }
  CHECK_OK(jsvm_object_set(meta, &key, &value, NULL, &error), &error);
  return JSVM_STATUS_OK;
}

static jsvm_import_hooks *hooks_of(host *self) {
  jsvm_import_hooks_options callbacks = {.struct_size = sizeof callbacks,
                                         .import_module_dynamically = answer,
                                         .initialize_import_meta = fill_meta};
  jsvm_import_hooks *hooks = NULL;
  CHECK_OK(jsvm_import_hooks_new(&callbacks, self, finalize, &hooks, &error), &error);
  return hooks;
}

static jsvm_module *evaluated(const char *name, const char *source) {
  jsvm_module *module = new_module(context, name, source);
  CHECK_OK(jsvm_module_instantiate(module, &error), &error);
  return module;
}

/* The finalizer runs once all that can import has been collected. */
static int is_finalized(host *self) {
  for (int i = 0; atomic_load(&self->finalized) == 0 && i < 20; i++) {
    CHECK_OK(jsvm_isolate_low_memory_notification(isolate, &error), &error);
  }
  return CHECK_EQ_INT(atomic_load(&self->finalized), 1);
}

/* Evaluates source that gives a promise, with hooks; the promise is the caller's. */
static jsvm_value *promise_of(const char *source, const jsvm_import_hooks *hooks) {
  jsvm_script_options options = {.struct_size = sizeof options,
                                 .filename = {"script.js", JSVM_AUTO_LENGTH},
                                 .import_hooks = hooks};
  jsvm_slot slot;
  CHECK_OK(jsvm_context_evaluate(context, source, JSVM_AUTO_LENGTH, &options, NULL, &slot, &error), &error);
  CHECK(slot.flags & JSVM_FLAG_PROMISE);
  return slot.handle;
}

/* What an import comes to. */
static void import_gives(const char *source, const jsvm_import_hooks *hooks, jsvm_status expected,
                         const char *code, const char *part) {
  jsvm_value *promise = promise_of(source, hooks);
  jsvm_status status = jsvm_promise_await(promise, NULL, NULL, &error);
  CHECK_STR(jsvm_error_code(error), code);
  CHECK_ERROR(status, expected, &error, part);
  jsvm_value_free(promise);
}

static void answers_to_a_script(void) {
  host self = {.how = MODULE, .module = evaluated("m", "export const x = 42;")};
  jsvm_import_hooks *hooks = hooks_of(&self);
  jsvm_value *promise;
  jsvm_slot slot;
  static const struct {
    int how;
    jsvm_status status;
    const char *code;
    const char *part;
  } cases[] = {
      {MODULE, JSVM_STATUS_OK, NULL, NULL},
      {NAMESPACE, JSVM_STATUS_OK, NULL, NULL},
      {NUMBER, JSVM_STATUS_EXCEPTION, "ERR_VM_MODULE_NOT_MODULE", "no module"},
      {NOTHING, JSVM_STATUS_EXCEPTION, "ERR_VM_MODULE_NOT_MODULE", "no module"},
      {THROWS, JSVM_STATUS_EXCEPTION, NULL, "thrown by the host"},
      {FAILS, JSVM_STATUS_EXCEPTION, NULL, "the host's import callback failed: BUSY"},
  };
  EVALUATE(self.module);
  promise = promise_of("import('x').then((ns) => ns.x)", hooks);
  CHECK_OK(jsvm_promise_await(promise, NULL, &slot, &error), &error);
  CHECK_EQ_NUM(slot.number, 42);
  jsvm_value_free(promise);
  CHECK_STR(self.specifier, "x");
  CHECK_STR(self.referrer, "script.js");
  CHECK_STR(self.attribute, "");
  CHECK_EQ_INT(self.phase, JSVM_IMPORT_PHASE_EVALUATION);
  CHECK(!self.from_module && !self.from_function);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    self.how = cases[i].how;
    import_gives("import('y', { with: { type: 'json' } })", hooks, cases[i].status, cases[i].code, cases[i].part);
    CHECK_STR(self.attribute, "type=json");
    /* A namespace is no source. */
    import_gives("import.source('y')", hooks, JSVM_STATUS_EXCEPTION,
                 self.how == MODULE ? "ERR_SOURCE_PHASE_NOT_DEFINED"
                                    : (self.how == NAMESPACE ? "ERR_VM_MODULE_NOT_MODULE" : cases[i].code),
                 cases[i].part);
    CHECK_EQ_INT(self.phase, JSVM_IMPORT_PHASE_SOURCE);
  }
  /* Code that the script makes asks the same. */
  self.how = MODULE;
  import_gives("eval(\"import('from eval')\")", hooks, JSVM_STATUS_OK, NULL, NULL);
  CHECK_STR(self.specifier, "from eval");
  import_gives("new Function(\"return import('from Function')\")()", hooks, JSVM_STATUS_OK, NULL, NULL);
  CHECK_STR(self.specifier, "from Function");
  /* The run is stopped. */
  self.how = STOPS;
  {
    jsvm_script_options options = {.struct_size = sizeof options, .import_hooks = hooks};
    CHECK_STATUS(jsvm_context_evaluate(context, "import('z'); 1", JSVM_AUTO_LENGTH, &options, NULL, &slot, &error),
                 JSVM_STATUS_CANCELLED, &error);
  }
  CHECK_EQ_INT(self.finalized, 0);
  jsvm_import_hooks_free(hooks);
  CHECK(is_finalized(&self));
  jsvm_module_free(self.module);
}

static void modules_in_other_states(void) {
  host self = {.how = MODULE, .module = new_module(context, "m", "throw new Error('why')")};
  jsvm_import_hooks *hooks = hooks_of(&self);
  import_gives("import('x')", hooks, JSVM_STATUS_EXCEPTION, "ERR_VM_MODULE_STATUS", "must not be unlinked");
  CHECK_OK(jsvm_module_instantiate(self.module, &error), &error);
  EVALUATE_ERROR(self.module, "why");
  import_gives("import('x')", hooks, JSVM_STATUS_EXCEPTION, NULL, "why");
  jsvm_module_free(self.module);
  self.module = NULL;
  import_gives("import('x')", hooks, JSVM_STATUS_EXCEPTION, "ERR_VM_MODULE_NOT_MODULE", NULL);
  {
    static const unsigned char empty[] = {0, 'a', 's', 'm', 1, 0, 0, 0};
    CHECK_OK(jsvm_wasm_module_new(context, str("w"), empty, sizeof empty, &self.module, &error), &error);
    import_gives("import.source('w').then((m) => { if (!(m instanceof WebAssembly.Module)) throw 1 })", hooks,
                 JSVM_STATUS_OK, NULL, NULL);
  }
  jsvm_import_hooks_free(hooks);
  jsvm_module_free(self.module);
  CHECK(is_finalized(&self));
}

static void modules_of_other_isolates(void) {
  jsvm_isolate *other = new_isolate(NULL);
  jsvm_context *there = main_context(other), *second = new_context(isolate, NULL);
  host self = {.how = MODULE, .module = new_module(there, "m", "")};
  jsvm_import_hooks *hooks = hooks_of(&self);
  import_gives("import('x')", hooks, JSVM_STATUS_EXCEPTION, NULL, "another isolate");
  self.how = NAMESPACE;
  CHECK_OK(jsvm_module_instantiate(self.module, &error), &error);
  import_gives("import('x')", hooks, JSVM_STATUS_EXCEPTION, NULL, "another isolate");
  jsvm_module_free(self.module);
  /* Of another context of the isolate: its namespace. */
  self.how = MODULE;
  self.module = new_module(second, "m", "");
  CHECK_OK(jsvm_module_instantiate(self.module, &error), &error);
  EVALUATE(self.module);
  import_gives("import('x')", hooks, JSVM_STATUS_OK, NULL, NULL);
  jsvm_module_free(self.module);
  jsvm_import_hooks_free(hooks);
  CHECK(is_finalized(&self));
  jsvm_context_free(there);
  jsvm_context_free(second);
  jsvm_isolate_free(other);
}

static void *settle(void *given) {
  host *self = given;
  jsvm_value *value = NULL;
  jsvm_error *failure = NULL;
  jsvm_slot slot = number_slot(1);
  sleep_ms(20);
  if (self->how == LATER) {
    CHECK_OK(jsvm_module_namespace(self->module, &value, &failure), &failure);
    slot = handle_slot(value);
  }
  if (self->how == REJECTS) {
    slot = string_slot("rejected");
    CHECK_OK(jsvm_resolver_reject(self->resolver, &slot, &failure), &failure);
  } else {
    CHECK_OK(jsvm_resolver_resolve(self->resolver, &slot, &failure), &failure);
  }
  jsvm_resolver_free(self->resolver);
  jsvm_value_free(value);
  return NULL;
}

static void answers_that_come_later(void) {
  static const struct {
    int how;
    jsvm_status status;
    const char *part;
  } cases[] = {{LATER, JSVM_STATUS_OK, NULL},
               {LATER_NUMBER, JSVM_STATUS_EXCEPTION, "no module"},
               {REJECTS, JSVM_STATUS_EXCEPTION, "rejected"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    host self = {.how = cases[i].how, .module = evaluated("m", "export const x = 42;")};
    jsvm_import_hooks *hooks = hooks_of(&self);
    jsvm_value *promise;
    jsvm_slot slot;
    pthread_t thread;
    EVALUATE(self.module);
    promise = promise_of("import('x').then((ns) => ns.x)", hooks);
    pthread_create(&thread, NULL, settle, &self);
    if (CHECK_ERROR(jsvm_promise_await(promise, NULL, &slot, &error), cases[i].status, &error, cases[i].part) &&
        self.how == LATER) {
      CHECK_EQ_NUM(slot.number, 42);
    }
    pthread_join(thread, NULL);
    jsvm_value_free(promise);
    jsvm_import_hooks_free(hooks);
    jsvm_module_free(self.module);
    CHECK(is_finalized(&self));
  }
}

static void answers_to_modules(void) {
  host self = {.how = MODULE, .module = evaluated("m", "export const x = 42;")};
  jsvm_import_hooks *hooks = hooks_of(&self);
  jsvm_module *module = try_module(context, "importer.mjs",
                                   "export const { x } = await import('x');"
                                   "export const url = import.meta.url;"
                                   "export const again = import.meta.url;"
                                   "export const bare = Object.getPrototypeOf(import.meta) === null ? 1 : 0;",
                                   hooks, JSVM_STATUS_OK, NULL);
  EVALUATE(self.module);
  jsvm_import_hooks_free(hooks);
  CHECK_OK(jsvm_module_instantiate(module, &error), &error);
  CHECK_EQ_INT(self.metas, 0);
  EVALUATE(module);
  EXPORTS_NUM(module, "x", 42);
  EXPORTS_STR(module, "url", "importer.mjs");
  EXPORTS_NUM(module, "bare", 1);
  CHECK_STR(self.referrer, "importer.mjs");
  CHECK(self.from_module);
  CHECK_EQ_INT(self.metas, 1);
  CHECK_EQ_INT(self.finalized, 0);
  jsvm_module_free(module);
  CHECK(is_finalized(&self));
  jsvm_module_free(self.module);
}

static uint32_t fill_late(void *userdata, const jsvm_module *module, const jsvm_value *meta, jsvm_slot *exception) {
  jsvm_slot key = string_slot("x"), value = string_slot("filled");
  (void)userdata, (void)module, (void)exception;
  return jsvm_object_set(meta, &key, &value, NULL, NULL);
}

/* Its handle and all else that the host has of it are gone by then. */
static void import_meta_that_is_used_late(void) {
  jsvm_import_hooks_options options = {.struct_size = sizeof options, .initialize_import_meta = fill_late};
  jsvm_import_hooks *hooks = NULL;
  jsvm_module *module;
  CHECK_OK(jsvm_import_hooks_new(&options, NULL, NULL, &hooks, &error), &error);
  module = try_module(context, "late", "globalThis.late = () => import.meta.x", hooks, JSVM_STATUS_OK, NULL);
  jsvm_import_hooks_free(hooks);
  LINK(module, NULL);
  EVALUATE(module);
  jsvm_module_free(module);
  CHECK_OK(jsvm_isolate_low_memory_notification(isolate, &error), &error);
  JS_STR(context, "late()", "filled");
}

static void import_meta_that_throws(void) {
  host self = {.how = THROWS};
  jsvm_import_hooks *hooks = hooks_of(&self);
  jsvm_module *module = try_module(context, "m", "import.meta", hooks, JSVM_STATUS_OK, NULL);
  jsvm_module *without = new_module(context, "w", "export default Object.keys(import.meta).length");
  CHECK_OK(jsvm_module_instantiate(module, &error), &error);
  EVALUATE_ERROR(module, "no meta");
  CHECK_OK(jsvm_module_instantiate(without, &error), &error);
  EVALUATE(without);
  EXPORTS_NUM(without, "default", 0);
  jsvm_import_hooks_free(hooks);
  jsvm_module_free(module);
  jsvm_module_free(without);
  CHECK(is_finalized(&self));
}

static void answers_to_functions(void) {
  host self = {.how = MODULE, .module = evaluated("m", "export const x = 42;")};
  jsvm_import_hooks *hooks = hooks_of(&self);
  jsvm_compile_function_options options = {
      .struct_size = sizeof options, .filename = {"function.js", JSVM_AUTO_LENGTH}, .import_hooks = hooks};
  jsvm_value *function = NULL;
  jsvm_slot slot;
  EVALUATE(self.module);
  CHECK_OK(jsvm_context_compile_function(context, "return import('x')", JSVM_AUTO_LENGTH, NULL, 0, &options, &function,
                                         NULL, NULL, &error),
           &error);
  jsvm_import_hooks_free(hooks);
  CHECK_OK(jsvm_function_call(function, NULL, NULL, 0, NULL, &slot, &error), &error);
  CHECK_OK(jsvm_promise_await(slot.handle, NULL, NULL, &error), &error);
  CHECK(self.from_function);
  CHECK_STR(self.referrer, "function.js");
  jsvm_slot_clear(&slot);
  jsvm_value_free(function);
  jsvm_module_free(self.module);
  CHECK(is_finalized(&self));
}

static void answers_for_a_context(void) {
  host self = {.how = MODULE, .module = evaluated("m", "export const x = 42;")};
  host own = {.how = MODULE, .module = self.module};
  jsvm_import_hooks *hooks = hooks_of(&self), *script_hooks = hooks_of(&own);
  EVALUATE(self.module);
  import_gives("import('x')", NULL, JSVM_STATUS_EXCEPTION, "ERR_VM_DYNAMIC_IMPORT_CALLBACK_MISSING",
               "A dynamic import callback was not specified.");
  CHECK_OK(jsvm_context_set_import_hooks(context, hooks, &error), &error);
  import_gives("import('x')", NULL, JSVM_STATUS_OK, NULL, NULL);
  import_gives("Promise.resolve(\"import('job')\").then(eval)", NULL, JSVM_STATUS_OK, NULL, NULL);
  CHECK_STR(self.specifier, "job");
  CHECK_EQ_INT(self.calls, 2);
  import_gives("import('x')", script_hooks, JSVM_STATUS_OK, NULL, NULL);
  CHECK_EQ_INT(own.calls, 1);
  CHECK_EQ_INT(self.calls, 2);
  CHECK_OK(jsvm_context_set_import_hooks(context, NULL, &error), &error);
  import_gives("import('x')", NULL, JSVM_STATUS_EXCEPTION, "ERR_VM_DYNAMIC_IMPORT_CALLBACK_MISSING", NULL);
  jsvm_import_hooks_free(hooks);
  jsvm_import_hooks_free(script_hooks);
  CHECK(is_finalized(&self));
  CHECK(is_finalized(&own));
  jsvm_module_free(self.module);
}

static void hooks_live_as_long_as_code_that_can_import(void) {
  host self = {.how = NOTHING};
  jsvm_import_hooks *hooks = hooks_of(&self);
  jsvm_script_options options = {.struct_size = sizeof options, .import_hooks = hooks};
  jsvm_slot slot;
  CHECK(jsvm_import_hooks_clone(hooks) == hooks);
  jsvm_import_hooks_free(hooks);
  CHECK_OK(jsvm_context_evaluate(context, "() => import('late')", JSVM_AUTO_LENGTH, &options, NULL, &slot, &error),
           &error);
  jsvm_import_hooks_free(hooks);
  CHECK_OK(jsvm_isolate_low_memory_notification(isolate, &error), &error);
  CHECK_EQ_INT(self.finalized, 0);
  {
    jsvm_slot promise;
    CHECK_OK(jsvm_function_call(slot.handle, NULL, NULL, 0, NULL, &promise, &error), &error);
    CHECK_EQ_INT(self.calls, 1);
    jsvm_slot_clear(&promise);
  }
  jsvm_slot_clear(&slot);
  CHECK(is_finalized(&self));
}

static void the_isolate_goes_first(void) {
  host self = {.how = NOTHING};
  jsvm_isolate *other = new_isolate(NULL);
  jsvm_context *there = main_context(other);
  jsvm_import_hooks *hooks = hooks_of(&self);
  jsvm_module *module = try_module(there, "m", "import('x')", hooks, JSVM_STATUS_OK, NULL);
  jsvm_import_hooks_free(hooks);
  jsvm_isolate_free(other);
  CHECK_OK(jsvm_flush_finalizers(LONG_MS), (jsvm_error **)NULL);
  CHECK_EQ_INT(self.finalized, 1);
  jsvm_module_free(module);
  jsvm_context_free(there);
}

/* A host that frees its isolate, or evaluates what runs, in the middle of a callback. */
typedef struct {
  jsvm_isolate *isolate;
  jsvm_module *running;
} vandal;

static uint32_t free_isolate(void *userdata, const jsvm_import_request *request, jsvm_module **module,
                             jsvm_slot *result) {
  vandal *self = userdata;
  (void)request;
  (void)result;
  if (self->running != NULL) {
    jsvm_value *promise = NULL;
    CHECK_CODE(jsvm_module_evaluate(self->running, NULL, &promise, &error), JSVM_STATUS_WRONG_STATE, &error,
               "ERR_VM_MODULE_STATUS");
    CHECK_CODE(jsvm_module_link(self->running, answer, NULL, NULL, &error), JSVM_STATUS_WRONG_STATE, &error,
               "ERR_VM_MODULE_STATUS");
  }
  jsvm_isolate_free(self->isolate);
  CHECK(try_module(request->context, "late", "", NULL, JSVM_STATUS_DISPOSED, NULL) == NULL);
  *module = self->running != NULL ? jsvm_module_clone(self->running) : NULL;
  return JSVM_STATUS_OK;
}

static uint32_t free_in_meta(void *userdata, const jsvm_module *module, const jsvm_value *meta, jsvm_slot *exception) {
  jsvm_slot key = string_slot("url");
  (void)module;
  (void)exception;
  jsvm_isolate_free(((vandal *)userdata)->isolate);
  CHECK_STATUS(jsvm_object_set(meta, &key, NULL, NULL, &error), JSVM_STATUS_DISPOSED, &error);
  return JSVM_STATUS_OK;
}

static uint32_t free_in_evaluate(void *userdata, const jsvm_module *module, jsvm_slot *exception) {
  (void)exception;
  jsvm_isolate_free(((vandal *)userdata)->isolate);
  CHECK_STATUS(jsvm_module_set_export(module, "x", 1, NULL, &error), JSVM_STATUS_DISPOSED, &error);
  return JSVM_STATUS_OK;
}

static void callbacks_that_free_the_isolate(void) {
  static const char *const sources[] = {"import('x')", "import.meta", "", "import 'x'"};
  for (int i = 0; i < 4; i++) {
    vandal self = {new_isolate(NULL), NULL};
    jsvm_context *there = main_context(self.isolate);
    jsvm_import_hooks_options callbacks = {.struct_size = sizeof callbacks,
                                           .import_module_dynamically = free_isolate,
                                           .initialize_import_meta = free_in_meta};
    jsvm_import_hooks *hooks = NULL;
    jsvm_module *module = NULL;
    jsvm_value *promise = NULL;
    CHECK_OK(jsvm_import_hooks_new(&callbacks, &self, NULL, &hooks, &error), &error);
    if (i == 2) {
      const jsvm_str names[] = {{"x", 1}};
      CHECK_OK(jsvm_synthetic_module_new(there, str("s"), names, 1, free_in_evaluate, &self, NULL, &module, &error),
               &error);
    } else {
      module = try_module(there, "m", sources[i], hooks, JSVM_STATUS_OK, NULL);
    }
    if (i == 3) {
      CHECK(jsvm_module_link(module, free_isolate, &self, NULL, &error) != JSVM_STATUS_OK);
      jsvm_error_free(error);
      error = NULL;
    } else {
      if (i != 2) {
        CHECK_OK(jsvm_module_instantiate(module, &error), &error);
      }
      self.running = i == 0 ? module : NULL;
      CHECK_STATUS(jsvm_module_evaluate(module, NULL, &promise, &error), JSVM_STATUS_DISPOSED, &error);
      CHECK(promise == NULL);
    }
    jsvm_import_hooks_free(hooks);
    jsvm_module_free(module);
    jsvm_context_free(there);
  }
}

static void limits_hold_in_a_callback(void) {
  host self = {.how = NOTHING};
  jsvm_import_hooks *hooks = hooks_of(&self);
  jsvm_run_options options = {.struct_size = sizeof options, .timeout_ms = 50};
  jsvm_module *module =
      try_module(context, "m", "await import('x').catch(() => {}); for (;;) {}", hooks, JSVM_STATUS_OK, NULL);
  jsvm_value *promise = NULL;
  CHECK_OK(jsvm_module_instantiate(module, &error), &error);
  /* What comes after the await runs in the same call. */
  CHECK_CODE(jsvm_module_evaluate(module, &options, &promise, &error), JSVM_STATUS_TIMEOUT, &error,
             "ERR_SCRIPT_EXECUTION_TIMEOUT");
  CHECK(promise == NULL);
  JS_NUM(context, "1 + 1", 2);
  jsvm_module_free(module);
  jsvm_import_hooks_free(hooks);
  CHECK(is_finalized(&self));
}

static void bad_input(void) {
  host self = {.how = NOTHING};
  jsvm_import_hooks_options callbacks = {.struct_size = 1};
  jsvm_import_hooks *hooks = NULL;
  jsvm_script_options options = {.struct_size = sizeof options, .import_hooks = (jsvm_import_hooks *)context};
  jsvm_compile_function_options how = {.struct_size = sizeof how, .import_hooks = (jsvm_import_hooks *)context};
  jsvm_value *function = NULL;
  jsvm_script *script = NULL;
#define INVALID(call, part) CHECK_ERROR(call, JSVM_STATUS_INVALID_ARGUMENT, &error, part)
  INVALID(jsvm_import_hooks_new(&callbacks, &self, finalize, &hooks, &error), "struct_size");
  INVALID(jsvm_import_hooks_new(NULL, &self, finalize, NULL, &error), "result: ");
  CHECK_EQ_INT(self.finalized, 2);
  INVALID(jsvm_script_new(isolate, "1", 1, &options, &script, &error), "options: import_hooks: ");
  INVALID(jsvm_context_evaluate(context, "1", 1, &options, NULL, NULL, &error), "script_options: import_hooks: ");
  INVALID(jsvm_context_compile_function(context, "1", 1, NULL, 0, &how, &function, NULL, NULL, &error),
          "options: import_hooks: ");
  INVALID(jsvm_context_set_import_hooks(NULL, NULL, &error), "context: ");
  INVALID(jsvm_context_set_import_hooks(context, (jsvm_import_hooks *)context, &error), "hooks: ");
  CHECK(jsvm_import_hooks_clone(NULL) == NULL);
  jsvm_import_hooks_free(NULL);
  /* Without callbacks: as if there were none. */
  CHECK_OK(jsvm_import_hooks_new(NULL, NULL, NULL, &hooks, &error), &error);
  import_gives("import('x')", hooks, JSVM_STATUS_EXCEPTION, "ERR_VM_DYNAMIC_IMPORT_CALLBACK_MISSING", NULL);
  jsvm_import_hooks_free(hooks);
}

int main(void) {
  isolate = new_isolate(NULL);
  context = main_context(isolate);
  RUN(answers_to_a_script);
  RUN(modules_in_other_states);
  RUN(modules_of_other_isolates);
  RUN(answers_that_come_later);
  RUN(answers_to_modules);
  RUN(import_meta_that_is_used_late);
  RUN(import_meta_that_throws);
  RUN(answers_to_functions);
  RUN(answers_for_a_context);
  RUN(hooks_live_as_long_as_code_that_can_import);
  RUN(the_isolate_goes_first);
  RUN(callbacks_that_free_the_isolate);
  RUN(limits_hold_in_a_callback);
  RUN(bad_input);
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
  return FINISH();
}
