/* Modules whose exports the host sets; modules of JSON and WebAssembly. */
#include "modules.h"

static jsvm_isolate *isolate;
static jsvm_context *context;
static jsvm_error *error;

static jsvm_module *synthetic(const jsvm_str *names, size_t count,
                              jsvm_module_evaluate_callback callback, void *userdata,
                              jsvm_finalizer finalizer) {
  jsvm_module *module = NULL;
  CHECK_OK(jsvm_synthetic_module_new(context, str("synthetic"), names, count, callback, userdata, finalizer,
                                     &module, &error),
           &error);
  return module;
}

static jsvm_status set_number(const jsvm_module *module, const char *name, double number) {
  jsvm_slot value = number_slot(number);
  return jsvm_module_set_export(module, name, JSVM_AUTO_LENGTH, &value, &error);
}

static void exports_without_a_callback(void) {
  const jsvm_str names[] = {{"a", 1}, {"default", 7}};
  jsvm_module *module = synthetic(names, 2, NULL, NULL, NULL);
  source_file files[] = {{"synthetic", NULL, NULL}};
  source_table table = TABLE(files);
  jsvm_module_request_list list;
  jsvm_slot slot;
  jsvm_bytes bytes;
  bool has = true;
  CHECK_STR(jsvm_module_identifier(module), "synthetic");
  CHECK_EQ_INT(module_status(module), JSVM_MODULE_STATE_LINKED);
  slot = exported(module, "a");
  CHECK_EQ_INT(slot.kind, JSVM_KIND_UNDEFINED);
  /* There is nothing to link. */
  LINK(module, &table);
  CHECK_EQ_INT(table.asked, 0);
  CHECK_CODE(jsvm_module_instantiate(module, &error), JSVM_STATUS_WRONG_STATE, &error,
             "ERR_VM_MODULE_STATUS");
  CHECK_CODE(jsvm_module_link_requests(module, NULL, 0, &error), JSVM_STATUS_WRONG_STATE, &error,
             "ERR_VM_MODULE_STATUS");
  CHECK_OK(jsvm_module_requests(module, &list, &error), &error);
  CHECK_EQ_INT(list.len, 0);
  jsvm_module_request_list_clear(&list);
  CHECK_OK(jsvm_module_has_top_level_await(module, &has, &error), &error);
  CHECK(!has);
  CHECK_OK(jsvm_module_has_async_graph(module, &has, &error), &error);
  CHECK(!has);
  CHECK_STATUS(jsvm_module_create_cached_data(module, &bytes, &error), JSVM_STATUS_WRONG_STATE, &error);
  CHECK_OK(set_number(module, "a", 1), &error);
  EXPORTS_NUM(module, "a", 1);
  {
    files[0].module = jsvm_module_clone(module);
    jsvm_module *user = new_module(
        context, "user", "import d, { a } from 'synthetic'; export const now = () => `${a} ${d}`;");
    jsvm_value *namespace = NULL;
    LINK(user, &table);
    EVALUATE(user);
    CHECK_OK(set_number(module, "a", 2), &error);
    CHECK_OK(jsvm_module_set_export(module, "default", JSVM_AUTO_LENGTH, NULL, &error), &error);
    slot = exported(user, "now");
    {
      jsvm_slot text;
      CHECK_OK(jsvm_function_call(slot.handle, NULL, NULL, 0, NULL, &text, &error), &error);
      CHECK_STR(text.data, "2 undefined");
      jsvm_slot_clear(&text);
    }
    jsvm_slot_clear(&slot);
    jsvm_value_free(namespace);
    jsvm_module_free(user);
  }
  CHECK_EQ_INT(module_status(module), JSVM_MODULE_STATE_EVALUATED);
  CHECK_CODE(jsvm_module_create_cached_data(module, &bytes, &error), JSVM_STATUS_WRONG_STATE, &error,
             "ERR_VM_MODULE_CANNOT_CREATE_CACHED_DATA");
  CHECK_ERROR(set_number(module, "b", 1), JSVM_STATUS_EXCEPTION, &error, "Export 'b' is not defined in module");
  jsvm_module_free(module);
  free_table(&table);
}

/* What an evaluate callback returns. */
typedef struct {
  uint32_t status;
  atomic_int calls;
  atomic_int finalized;
} evaluation;

static void finalize(void *userdata) { atomic_fetch_add(&((evaluation *)userdata)->finalized, 1); }

static uint32_t evaluate(void *userdata, const jsvm_module *module, jsvm_slot *exception) {
  evaluation *self = userdata;
  jsvm_value *promise = NULL;
  atomic_fetch_add(&self->calls, 1);
  CHECK_STR(jsvm_module_identifier(module), "synthetic");
  CHECK_EQ_INT(module_status(module), JSVM_MODULE_STATE_EVALUATING);
  CHECK_CODE(jsvm_module_evaluate(module, NULL, &promise, &error), JSVM_STATUS_WRONG_STATE, &error,
             "ERR_VM_MODULE_STATUS");
  CHECK_OK(set_number(module, "a", 5), &error);
  if (self->status == JSVM_STATUS_EXCEPTION) {
    CHECK_OK(jsvm_slot_set_string(exception, "thrown by the host", JSVM_AUTO_LENGTH), (jsvm_error **)NULL);
  }
  return self->status;
}

static void callbacks(void) {
  const jsvm_str names[] = {{"a", 1}};
  static const struct {
    uint32_t status;
    jsvm_status evaluated;
    jsvm_status awaited;
    const char *part;
  } cases[] = {
      {JSVM_STATUS_OK, JSVM_STATUS_OK, JSVM_STATUS_OK, NULL},
      {JSVM_STATUS_EXCEPTION, JSVM_STATUS_OK, JSVM_STATUS_EXCEPTION, "thrown by the host"},
      {JSVM_STATUS_WRONG_STATE, JSVM_STATUS_OK, JSVM_STATUS_EXCEPTION, "WRONG_STATE"},
      {1234, JSVM_STATUS_OK, JSVM_STATUS_EXCEPTION, "1234"},
      {JSVM_STATUS_CANCELLED, JSVM_STATUS_CANCELLED, JSVM_STATUS_OK, NULL},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    evaluation how = {.status = cases[i].status};
    jsvm_module *module = synthetic(names, 1, evaluate, &how, finalize);
    jsvm_value *promise = NULL;
    if (CHECK_STATUS(jsvm_module_evaluate(module, NULL, &promise, &error), cases[i].evaluated, &error) &&
        promise != NULL) {
      CHECK_ERROR(jsvm_promise_await(promise, NULL, NULL, &error), cases[i].awaited, &error, cases[i].part);
      EXPORTS_NUM(module, "a", 5);
    }
    CHECK_EQ_INT(module_status(module),
                 how.status == JSVM_STATUS_OK ? JSVM_MODULE_STATE_EVALUATED : JSVM_MODULE_STATE_ERRORED);
    CHECK_EQ_INT(how.calls, 1);
    jsvm_value_free(promise);
    promise = NULL;
    /* It is not called again. */
    if (how.status != JSVM_STATUS_CANCELLED) {
      CHECK_OK(jsvm_module_evaluate(module, NULL, &promise, &error), &error);
    }
    CHECK_EQ_INT(how.calls, 1);
    jsvm_value_free(promise);
    jsvm_module_free(module);
    for (int tries = 0; atomic_load(&how.finalized) == 0 && tries < 20; tries++) {
      CHECK_OK(jsvm_isolate_low_memory_notification(isolate, &error), &error);
    }
    CHECK_EQ_INT(how.finalized, 1);
  }
}

static void bad_input(void) {
  const jsvm_str twice[] = {{"a", 1}, {"b", 1}, {"a", JSVM_AUTO_LENGTH}}, none[] = {{NULL, 0}};
  const jsvm_str names[] = {{"a", 1}}, bytes[] = {{"\xff", 1}};
  evaluation how = {.status = JSVM_STATUS_OK};
  jsvm_module *made = NULL, *module = synthetic(names, 1, NULL, NULL, NULL);
  jsvm_module *text = new_module(context, "text", "export let a");
  jsvm_isolate *other = new_isolate(NULL);
  jsvm_context *foreign = main_context(other);
  jsvm_value *object = js_value(foreign, "({})");
  jsvm_slot slot = handle_slot(object);
#define NEW(...) jsvm_synthetic_module_new(__VA_ARGS__, evaluate, &how, finalize, &made, &error)
  CHECK_ERROR(NEW(context, str("s"), twice, 3), JSVM_STATUS_INVALID_ARGUMENT, &error,
              "export_names[2]: 'a' is there already");
  CHECK_ERROR(NEW(context, str("s"), none, 1), JSVM_STATUS_INVALID_ARGUMENT, &error, "export_names[0]: ");
  CHECK_ERROR(NEW(context, str("s"), bytes, 1), JSVM_STATUS_INVALID_ARGUMENT, &error, "export_names[0]: ");
  CHECK_ERROR(NEW(context, str("s"), NULL, 1), JSVM_STATUS_INVALID_ARGUMENT, &error, "export_names: ");
  CHECK_ERROR(NEW(context, ((jsvm_str){"\0", 1}), NULL, 0), JSVM_STATUS_INVALID_ARGUMENT, &error, "identifier: ");
  CHECK_ERROR(NEW(NULL, str("s"), NULL, 0), JSVM_STATUS_INVALID_ARGUMENT, &error, "context: ");
  CHECK_EQ_INT(how.finalized, 6);
  CHECK(made == NULL);
  CHECK_ERROR(jsvm_module_set_export(module, NULL, 1, NULL, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "name: ");
  CHECK_ERROR(jsvm_module_set_export(NULL, "a", 1, NULL, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "module: ");
  CHECK_ERROR(jsvm_module_set_export(module, "a", 1, &slot, &error), JSVM_STATUS_WRONG_ISOLATE, &error, "value: ");
  CHECK_ERROR(set_number(text, "a", 1), JSVM_STATUS_WRONG_STATE, &error, "synthetic");
  CHECK_ERROR(jsvm_json_module_new(context, str("j"), "{", 1, &made, &error), JSVM_STATUS_EXCEPTION, &error, "JSON");
  CHECK_ERROR(jsvm_json_module_new(context, str("j"), NULL, 1, &made, &error), JSVM_STATUS_INVALID_ARGUMENT, &error,
              "json: ");
  CHECK_ERROR(jsvm_wasm_module_new(context, str("w"), "nowasm", 6, &made, &error), JSVM_STATUS_EXCEPTION, &error,
              "magic");
  CHECK_ERROR(jsvm_wasm_module_new(context, str("w"), NULL, 6, &made, &error), JSVM_STATUS_INVALID_ARGUMENT, &error,
              "data: ");
  CHECK_ERROR(jsvm_wasm_module_new(context, str("w"), "", 0, &made, &error), JSVM_STATUS_EXCEPTION, &error, "");
  jsvm_value_free(object);
  jsvm_context_free(foreign);
  jsvm_isolate_free(other);
  jsvm_module_free(module);
  jsvm_module_free(text);
}

static void json(void) {
  jsvm_module *module = NULL, *user;
  source_file files[] = {{"data.json", NULL, NULL}};
  source_table table = TABLE(files);
  CHECK_OK(jsvm_json_module_new(context, str("data.json"), "{\"n\": [1, 2, 39]}", JSVM_AUTO_LENGTH, &module, &error),
           &error);
  files[0].module = module;
  CHECK_EQ_INT(module_status(module), JSVM_MODULE_STATE_LINKED);
  user = new_module(context, "user",
                    "import data from 'data.json' with { type: 'json' };"
                    "export default data.n.reduce((a, b) => a + b);");
  LINK(user, &table);
  EVALUATE(user);
  EXPORTS_NUM(user, "default", 42);
  jsvm_module_free(user);
  free_table(&table);
}

/* (module (import "env" "k" (func $k (result i32)))
           (func (export "f") (result i32) (i32.mul (call $k) (i32.const 2)))) */
static const unsigned char WASM[] = {0,   'a', 's', 'm', 1,   0, 0,    0, 1,   5, 1, 0x60, 0,   1, 0x7f, 2,    9, 1,    3, 'e',  'n',
                                     'v', 1,   'k', 0,   0,   3, 2,    1, 0,   7, 5, 1,    1,   'f', 0,  1,    10, 9,   1, 7,    0,
                                     0x10, 0,  0x41, 2,  0x6c, 0x0b};

static void wasm(void) {
  jsvm_module *user;
  jsvm_module_state state = JSVM_MODULE_STATE_ERRORED;
  source_file files[] = {{"f.wasm", NULL, NULL}, {"env", "export function k() { return 21 }", NULL}};
  source_table table = TABLE(files);
  CHECK_OK(jsvm_wasm_module_new(context, str("f.wasm"), WASM, sizeof WASM, &files[0].module, &error), &error);
  CHECK_OK(jsvm_module_status(files[0].module, &state, &error), &error);
  CHECK_EQ_INT(state, JSVM_MODULE_STATE_UNLINKED);
  user = new_module(context, "user",
                    "import source compiled from 'f.wasm'; import { f } from 'f.wasm'; export default f();"
                    "export const kind = Object.prototype.toString.call(compiled);");
  LINK(user, &table);
  EVALUATE(user);
  EXPORTS_NUM(user, "default", 42);
  EXPORTS_STR(user, "kind", "[object WebAssembly.Module]");
  jsvm_module_free(user);
  free_table(&table);
}

static void wasm_that_does_not_fit(void) {
  jsvm_module *module = NULL;
  jsvm_context_options options = {.struct_size = sizeof options, .disallow_code_generation_wasm = true};
  jsvm_context *strict = new_context(isolate, &options);
  source_file files[] = {{"env", "export const k = 'no function'", NULL}};
  source_table table = TABLE(files);
  CHECK_OK(jsvm_wasm_module_new(context, str("f.wasm"), WASM, sizeof WASM, &module, &error), &error);
  LINK(module, &table);
  EVALUATE_ERROR(module, "function import requires a callable");
  jsvm_module_free(module);
  free_table(&table);
  CHECK_ERROR(jsvm_wasm_module_new(strict, str("f.wasm"), WASM, sizeof WASM, &module, &error), JSVM_STATUS_WRONG_STATE,
              &error, "context: ");
  jsvm_context_free(strict);
}

int main(void) {
  isolate = new_isolate(NULL);
  context = main_context(isolate);
  RUN(exports_without_a_callback);
  RUN(callbacks);
  RUN(bad_input);
  RUN(json);
  RUN(wasm);
  RUN(wasm_that_does_not_fit);
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
  return FINISH();
}
