/* ES modules: compiling, linking in both ways, evaluating. */
#include "modules.h"

static jsvm_isolate *isolate;
static jsvm_context *context;
static jsvm_error *error;

static void states_of_a_graph(void) {
  source_file files[] = {{"b", "import { c } from 'c'; export const b = c + 1;", NULL},
                         {"c", "export let c = 1;", NULL}};
  source_table table = TABLE(files);
  jsvm_module *a =
      new_module(context, "a", "import { b } from 'b'; import { c } from 'c'; export default b * 10 + c;");
  jsvm_value *none = NULL;
  CHECK_STR(jsvm_module_identifier(a), "a");
  {
    jsvm_context *home = NULL;
    CHECK_OK(jsvm_module_context(a, &home, &error), &error);
    CHECK_STR(jsvm_context_name(home), "VM Main Context");
    jsvm_context_free(home);
  }
  CHECK_EQ_INT(module_status(a), JSVM_MODULE_STATE_UNLINKED);
  CHECK_CODE(jsvm_module_namespace(a, &none, &error), JSVM_STATUS_WRONG_STATE, &error,
             "ERR_VM_MODULE_STATUS");
  CHECK_CODE(jsvm_module_evaluate(a, NULL, &none, &error), JSVM_STATUS_WRONG_STATE, &error,
             "ERR_VM_MODULE_STATUS");
  CHECK(none == NULL);
  LINK(a, &table);
  /* Once for each request of each module. */
  CHECK_EQ_INT(table.asked, 3);
  CHECK_EQ_INT(module_status(a), JSVM_MODULE_STATE_LINKED);
  CHECK_EQ_INT(module_status(files[1].module), JSVM_MODULE_STATE_LINKED);
  CHECK_CODE(jsvm_module_link(a, load_file, &table, NULL, &error), JSVM_STATUS_WRONG_STATE, &error,
             "ERR_VM_MODULE_ALREADY_LINKED");
  CHECK_CODE(jsvm_module_instantiate(a, &error), JSVM_STATUS_WRONG_STATE, &error,
             "ERR_VM_MODULE_STATUS");
  EVALUATE(a);
  CHECK_EQ_INT(module_status(a), JSVM_MODULE_STATE_EVALUATED);
  EXPORTS_NUM(a, "default", 21);
  /* Again: the same. */
  EVALUATE(a);
  CHECK_CODE(jsvm_module_link(a, load_file, &table, NULL, &error), JSVM_STATUS_WRONG_STATE, &error,
             "ERR_VM_MODULE_STATUS");
  jsvm_module_free(a);
  free_table(&table);
}

static void names_without_an_identifier(void) {
  jsvm_context *own = new_context(isolate, NULL);
  jsvm_module *first = NULL, *second = NULL, *synthetic = NULL;
  CHECK_OK(jsvm_module_new(own, "", 0, NULL, &first, &error), &error);
  CHECK_OK(jsvm_module_new(own, NULL, 0, NULL, &second, &error), &error);
  CHECK_OK(jsvm_synthetic_module_new(own, (jsvm_str){NULL, 0}, NULL, 0, NULL, NULL, NULL, &synthetic,
                                     &error),
           &error);
  CHECK_STR(jsvm_module_identifier(first), "vm:module(0)");
  CHECK_STR(jsvm_module_identifier(second), "vm:module(1)");
  CHECK_STR(jsvm_module_identifier(synthetic), "vm:module(2)");
  jsvm_module_free(first);
  jsvm_module_free(second);
  jsvm_module_free(synthetic);
  jsvm_context_free(own);
}

static void syntax_errors_have_a_place(void) {
  jsvm_module_options options = {
      .struct_size = sizeof options, .identifier = {"bad.mjs", JSVM_AUTO_LENGTH}, .line_offset = 10};
  jsvm_module *module = NULL;
  CHECK_EQ_INT(jsvm_module_new(context, "let a;\nlet a;", JSVM_AUTO_LENGTH, &options, &module, &error),
               JSVM_STATUS_EXCEPTION);
  CHECK(module == NULL);
  CHECK_STR(jsvm_error_name(error), "SyntaxError");
  CHECK_STR(jsvm_error_filename(error), "bad.mjs");
  CHECK_EQ_INT(jsvm_error_line(error), 12);
  jsvm_error_free(error);
  error = NULL;
  /* Imports belong to modules, and so does strict mode. */
  CHECK_ERROR(js(context, "import 'a'", NULL, &error), JSVM_STATUS_EXCEPTION, &error, "import");
  try_module(context, "sloppy", "with ({}) {}", NULL, JSVM_STATUS_EXCEPTION, "Strict mode");
}

static void requests_of_a_module(void) {
  jsvm_module *module = new_module(
      context, "r",
      "import 'a'; import b from 'b' with { type: 'json', x: 'y' }; import c from 'a'; export * from 'c';"
      "import source s from 'a'; import d from 'b' with { type: 'css' };");
  jsvm_module_request_list list;
  CHECK_OK(jsvm_module_requests(module, &list, &error), &error);
  if (CHECK_EQ_INT(list.len, 5)) {
    const jsvm_module_request *all = list.requests;
    CHECK_STR(all[0].specifier.data, "a");
    CHECK_EQ_INT(all[0].specifier.len, 1);
    CHECK_EQ_INT(all[0].attribute_count, 0);
    CHECK(all[0].attributes == NULL);
    CHECK_EQ_INT(all[0].phase, JSVM_IMPORT_PHASE_EVALUATION);
    CHECK_STR(all[1].specifier.data, "b");
    if (CHECK_EQ_INT(all[1].attribute_count, 2)) {
      CHECK_STR(all[1].attributes[0].key.data, "type");
      CHECK_STR(all[1].attributes[0].value.data, "json");
      CHECK_STR(all[1].attributes[1].key.data, "x");
      CHECK_EQ_INT(all[1].attributes[1].value.len, 1);
    }
    CHECK_STR(all[2].specifier.data, "c");
    CHECK_STR(all[3].specifier.data, "a");
    CHECK_EQ_INT(all[3].phase, JSVM_IMPORT_PHASE_SOURCE);
    CHECK_STR(all[4].specifier.data, "b");
    CHECK_STR(all[4].attributes[0].value.data, "css");
  }
  jsvm_module_request_list_clear(&list);
  CHECK(list.requests == NULL && list.len == 0);
  jsvm_module_request_list_clear(&list);
  jsvm_module_request_list_clear(NULL);
  jsvm_module_free(module);
  module = new_module(context, "none", "1");
  CHECK_OK(jsvm_module_requests(module, &list, &error), &error);
  CHECK_EQ_INT(list.len, 0);
  jsvm_module_request_list_clear(&list);
  jsvm_module_free(module);
}

static void linking_step_by_step(void) {
  jsvm_module *a = new_module(context, "a", "import { b } from 'b'; import 'c'; export { b };");
  jsvm_module *b = new_module(context, "b", "import './a'; export const b = 5;");
  jsvm_module *c = new_module(context, "c", "");
  const jsvm_module *of_a[] = {b, c}, *of_b[] = {a};
  CHECK_CODE(jsvm_module_instantiate(a, &error), JSVM_STATUS_WRONG_STATE, &error,
             "ERR_VM_MODULE_LINK_FAILURE");
  CHECK_EQ_INT(module_status(a), JSVM_MODULE_STATE_UNLINKED);
  CHECK_CODE(jsvm_module_link_requests(a, of_a, 1, &error), JSVM_STATUS_INVALID_ARGUMENT, &error,
             "ERR_MODULE_LINK_MISMATCH");
  CHECK_OK(jsvm_module_link_requests(a, of_a, 2, &error), &error);
  /* It may be said again. */
  CHECK_OK(jsvm_module_link_requests(a, of_a, 2, &error), &error);
  CHECK_CODE(jsvm_module_instantiate(a, &error), JSVM_STATUS_WRONG_STATE, &error,
             "ERR_VM_MODULE_LINK_FAILURE");
  CHECK_OK(jsvm_module_link_requests(b, of_b, 1, &error), &error);
  CHECK_EQ_INT(module_status(b), JSVM_MODULE_STATE_UNLINKED);
  CHECK_OK(jsvm_module_instantiate(a, &error), &error);
  CHECK_EQ_INT(module_status(b), JSVM_MODULE_STATE_LINKED);
  CHECK_EQ_INT(module_status(c), JSVM_MODULE_STATE_LINKED);
  CHECK_CODE(jsvm_module_link_requests(a, of_a, 2, &error), JSVM_STATUS_WRONG_STATE, &error,
             "ERR_VM_MODULE_STATUS");
  EVALUATE(a);
  EXPORTS_NUM(a, "b", 5);
  jsvm_module_free(a);
  jsvm_module_free(b);
  jsvm_module_free(c);
}

static void one_module_for_a_request_in_two_phases(void) {
  jsvm_module *module = new_module(context, "m", "import source s from 'x'; import 'x';");
  jsvm_module *x = new_module(context, "x", ""), *y = new_module(context, "y", "");
  const jsvm_module *different[] = {x, y}, *same[] = {x, x};
  CHECK_CODE(jsvm_module_link_requests(module, different, 2, &error), JSVM_STATUS_INVALID_ARGUMENT,
             &error, "ERR_MODULE_LINK_MISMATCH");
  CHECK_OK(jsvm_module_link_requests(module, same, 2, &error), &error);
  /* A source text has no source phase. */
  CHECK_CODE(jsvm_module_instantiate(module, &error), JSVM_STATUS_EXCEPTION, &error,
             "ERR_SOURCE_PHASE_NOT_DEFINED");
  jsvm_module_free(module);
  jsvm_module_free(x);
  jsvm_module_free(y);
}

static void cycles_and_self_imports(void) {
  source_file files[] = {
      {"a", "import { b } from 'b'; export let a = 'a'; export function later() { return a + b; }", NULL},
      {"b", "import { later } from 'a'; import * as self from 'b'; export let b = 'b';"
            "export const lazy = () => later() + self.b;",
       NULL}};
  source_table table = TABLE(files);
  jsvm_module *root = new_module(context, "root", "import { lazy } from 'b'; export default lazy();");
  LINK(root, &table);
  EVALUATE(root);
  EXPORTS_STR(root, "default", "abb");
  jsvm_module_free(root);
  free_table(&table);
}

static void a_missing_export(void) {
  source_file files[] = {{"x", "export let x;", NULL}};
  source_table table = TABLE(files);
  jsvm_module *module = new_module(context, "m.mjs", "import { y } from 'x';");
  LINK_ERROR(module, &table, JSVM_STATUS_EXCEPTION, "does not provide an export named 'y'");
  CHECK_EQ_INT(module_status(module), JSVM_MODULE_STATE_UNLINKED);
  jsvm_module_free(module);
  free_table(&table);
}

/* What a linker does, by number. */
typedef struct {
  int what;
  jsvm_module *root;
  jsvm_module *other;
} mischief;

enum { NOTHING, THROWS, FAILS, STOPS, NO_STATUS, FOREIGN, OTHER_CONTEXT, ERRORED, FREED, REENTERS };

static uint32_t bad_linker(void *userdata, const jsvm_import_request *request, jsvm_module **module,
                           jsvm_slot *result) {
  mischief *how = userdata;
  jsvm_value *promise = NULL;
  CHECK(request->struct_size == sizeof *request);
  CHECK_STR(request->referrer_name.data, "root");
  CHECK(request->referrer_module == how->root);
  CHECK(request->referrer_function == NULL);
  switch (how->what) {
    case THROWS:
      *result = number_slot(7);
      return JSVM_STATUS_EXCEPTION;
    case FAILS:
      return JSVM_STATUS_DISPOSED;
    case STOPS:
      return JSVM_STATUS_CANCELLED;
    case NO_STATUS:
      return 99;
    case FREED:
      *module = how->other;
      jsvm_module_free(jsvm_module_clone(how->other));
      return JSVM_STATUS_OK;
    case FOREIGN:
    case OTHER_CONTEXT:
    case ERRORED:
      *module = jsvm_module_clone(how->other);
      return JSVM_STATUS_OK;
    case REENTERS:
      CHECK_EQ_INT(module_status(how->root), JSVM_MODULE_STATE_LINKING);
      CHECK_CODE(jsvm_module_link(how->root, bad_linker, how, NULL, &error), JSVM_STATUS_WRONG_STATE,
                 &error, "ERR_VM_MODULE_STATUS");
      CHECK_CODE(jsvm_module_link_requests(how->root, NULL, 0, &error), JSVM_STATUS_WRONG_STATE, &error,
                 "ERR_VM_MODULE_STATUS");
      CHECK_CODE(jsvm_module_instantiate(how->root, &error), JSVM_STATUS_WRONG_STATE, &error,
                 "ERR_VM_MODULE_STATUS");
      CHECK_CODE(jsvm_module_evaluate(how->root, NULL, &promise, &error), JSVM_STATUS_WRONG_STATE, &error,
                 "ERR_VM_MODULE_STATUS");
      *module = jsvm_module_clone(how->other);
      /* The walk has an owner of its own. */
      jsvm_module_free(how->root);
      how->root = NULL;
      return JSVM_STATUS_OK;
    default:
      return JSVM_STATUS_OK;
  }
}

static void linkers_that_misbehave(void) {
  static const struct {
    int what;
    jsvm_status status;
    const char *code;
    const char *part;
  } cases[] = {
      {NOTHING, JSVM_STATUS_INVALID_ARGUMENT, "ERR_VM_MODULE_NOT_MODULE", "gave no module"},
      {THROWS, JSVM_STATUS_EXCEPTION, NULL, "7"},
      {FAILS, JSVM_STATUS_DISPOSED, "ERR_VM_MODULE_LINK_FAILURE", "failed: DISPOSED"},
      {STOPS, JSVM_STATUS_CANCELLED, NULL, "cancelled"},
      {NO_STATUS, JSVM_STATUS_INVALID_ARGUMENT, "ERR_VM_MODULE_LINK_FAILURE", "99"},
      {FOREIGN, JSVM_STATUS_WRONG_ISOLATE, NULL, "another isolate"},
      {OTHER_CONTEXT, JSVM_STATUS_INVALID_ARGUMENT, "ERR_VM_MODULE_DIFFERENT_CONTEXT", "same context"},
      {ERRORED, JSVM_STATUS_WRONG_STATE, "ERR_VM_MODULE_LINK_FAILURE", "errored"},
      {FREED, JSVM_STATUS_INVALID_ARGUMENT, "ERR_VM_MODULE_NOT_MODULE", "not a live"},
      {REENTERS, JSVM_STATUS_OK, NULL, NULL},
  };
  jsvm_isolate *foreign = new_isolate(NULL);
  jsvm_context *foreign_context = main_context(foreign), *other_context = new_context(isolate, NULL);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    mischief how = {cases[i].what, new_module(context, "root", "import 'x'"), NULL};
    jsvm_status status;
    switch (how.what) {
      case FOREIGN:
        how.other = new_module(foreign_context, "x", "");
        break;
      case OTHER_CONTEXT:
        how.other = new_module(other_context, "x", "");
        break;
      default:
        how.other = new_module(context, "x", how.what == ERRORED ? "throw new Error('why')" : "");
    }
    if (how.what == ERRORED) {
      CHECK_OK(jsvm_module_instantiate(how.other, &error), &error);
      EVALUATE_ERROR(how.other, "why");
    } else if (how.what == FREED) {
      jsvm_module_free(how.other);
    }
    status = jsvm_module_link(how.root, bad_linker, &how, NULL, &error);
    CHECK_STR(jsvm_error_code(error), cases[i].code);
    if (how.what == ERRORED) {
      CHECK_STR(jsvm_error_message(jsvm_error_cause(error)), "why");
    }
    CHECK_ERROR(status, cases[i].status, &error, cases[i].part);
    if (how.root != NULL) {
      /* It can be linked again. */
      const jsvm_module *good = new_module(context, "x", "");
      CHECK_EQ_INT(module_status(how.root), JSVM_MODULE_STATE_UNLINKED);
      CHECK_OK(jsvm_module_link_requests(how.root, &good, 1, &error), &error);
      CHECK_OK(jsvm_module_instantiate(how.root, &error), &error);
      EVALUATE(how.root);
      jsvm_module_free((jsvm_module *)good);
    }
    jsvm_module_free(how.root);
    jsvm_module_free(how.other);
  }
  jsvm_context_free(foreign_context);
  jsvm_context_free(other_context);
  jsvm_isolate_free(foreign);
}

/* Gives the module of the userdata, or links it first. */
static uint32_t give_module(void *userdata, const jsvm_import_request *request, jsvm_module **module,
                            jsvm_slot *result) {
  (void)request;
  (void)result;
  *module = jsvm_module_clone(userdata);
  return JSVM_STATUS_OK;
}

static uint32_t link_another(void *userdata, const jsvm_import_request *request, jsvm_module **module,
                             jsvm_slot *result) {
  jsvm_module *another = new_module(context, "another", "import 'root'");
  (void)result;
  CHECK_ERROR(jsvm_module_link(another, give_module, (void *)request->referrer_module, NULL, &error),
              JSVM_STATUS_WRONG_STATE, &error, "another call is linking it");
  CHECK_EQ_INT(module_status(another), JSVM_MODULE_STATE_UNLINKED);
  jsvm_module_free(another);
  *module = jsvm_module_clone(userdata);
  return JSVM_STATUS_OK;
}

static void two_links_of_one_module(void) {
  jsvm_module *root = new_module(context, "root", "import 'x'"), *x = new_module(context, "x", "");
  CHECK_OK(jsvm_module_link(root, link_another, x, NULL, &error), &error);
  EVALUATE(root);
  jsvm_module_free(root);
  jsvm_module_free(x);
}

static uint32_t slow_linker(void *userdata, const jsvm_import_request *request, jsvm_module **module,
                            jsvm_slot *result) {
  (void)result;
  sleep_ms(20);
  *module = new_module(request->context, "next", "import 'next'");
  atomic_fetch_add((atomic_int *)userdata, 1);
  return JSVM_STATUS_OK;
}

static void limits_of_linking(void) {
  atomic_int asked = 0;
  jsvm_run_options options = {.struct_size = sizeof options, .timeout_ms = 100};
  jsvm_module *module = new_module(context, "first", "import 'next'");
  /* A graph without an end. */
  CHECK_STATUS(jsvm_module_link(module, slow_linker, &asked, &options, &error), JSVM_STATUS_TIMEOUT, &error);
  CHECK(atomic_load(&asked) > 0);
  CHECK_EQ_INT(module_status(module), JSVM_MODULE_STATE_UNLINKED);
  jsvm_module_free(module);
}

static void errors_are_kept(void) {
  jsvm_module *module = new_module(context, "thrower.mjs", "\nthrow new RangeError('once');");
  jsvm_slot slot;
  jsvm_value *promise = NULL;
  source_table none = {NULL, 0, NULL, 0};
  CHECK_CODE(jsvm_module_error(module, &slot, &error), JSVM_STATUS_WRONG_STATE, &error,
             "ERR_VM_MODULE_STATUS");
  LINK(module, &none);
  CHECK_OK(jsvm_module_evaluate(module, NULL, &promise, &error), &error);
  CHECK_EQ_INT(module_status(module), JSVM_MODULE_STATE_ERRORED);
  CHECK_EQ_INT(jsvm_promise_await(promise, NULL, NULL, &error), JSVM_STATUS_EXCEPTION);
  CHECK_STR(jsvm_error_name(error), "RangeError");
  CHECK_STR(jsvm_error_frame_count(error) > 0 ? jsvm_error_stack(error) : NULL,
            "RangeError: once\n    at thrower.mjs:2:7");
  jsvm_error_free(error);
  error = NULL;
  CHECK_OK(jsvm_module_error(module, &slot, &error), &error);
  CHECK(slot.flags & JSVM_FLAG_ERROR);
  jsvm_slot_clear(&slot);
  EVALUATE_ERROR(module, "once");
  CHECK_CODE(jsvm_module_link(module, load_file, &none, NULL, &error), JSVM_STATUS_WRONG_STATE, &error,
             "ERR_VM_MODULE_STATUS");
  jsvm_value_free(promise);
  jsvm_module_free(module);
}

static void a_run_that_is_stopped(void) {
  jsvm_run_options options = {.struct_size = sizeof options, .timeout_ms = 50};
  jsvm_module *module = new_module(context, "endless", "for (;;) {}");
  jsvm_value *promise = NULL;
  jsvm_slot slot;
  CHECK_OK(jsvm_module_instantiate(module, &error), &error);
  CHECK_CODE(jsvm_module_evaluate(module, &options, &promise, &error), JSVM_STATUS_TIMEOUT, &error,
             "ERR_SCRIPT_EXECUTION_TIMEOUT");
  CHECK(promise == NULL);
  CHECK_EQ_INT(module_status(module), JSVM_MODULE_STATE_ERRORED);
  CHECK_OK(jsvm_module_error(module, &slot, &error), &error);
  CHECK_EQ_INT(slot.kind, JSVM_KIND_NULL);
  jsvm_module_free(module);
  JS_NUM(context, "1 + 1", 2);
}

static void top_level_await(void) {
  jsvm_module *module = new_module(context, "tla", "export const x = await globalThis.answer; export let y = 2");
  jsvm_value *promise = NULL, *pending = NULL;
  jsvm_resolver *resolver = NULL;
  jsvm_promise_state state;
  jsvm_slot slot = number_slot(42);
  bool has = false;
  CHECK_OK(jsvm_promise_new(context, &pending, &resolver, &error), &error);
  {
    jsvm_value *global = NULL;
    jsvm_slot key = string_slot("answer"), value = handle_slot(pending);
    CHECK_OK(jsvm_context_global(context, &global, &error), &error);
    CHECK_OK(jsvm_object_set(global, &key, &value, NULL, &error), &error);
    jsvm_value_free(global);
  }
  CHECK_OK(jsvm_module_has_top_level_await(module, &has, &error), &error);
  CHECK(has);
  CHECK_CODE(jsvm_module_has_async_graph(module, &has, &error), JSVM_STATUS_WRONG_STATE, &error,
             "ERR_VM_MODULE_STATUS");
  CHECK_OK(jsvm_module_instantiate(module, &error), &error);
  CHECK_OK(jsvm_module_has_async_graph(module, &has, &error), &error);
  CHECK(has);
  CHECK_OK(jsvm_module_evaluate(module, NULL, &promise, &error), &error);
  CHECK_OK(jsvm_promise_result(promise, &state, NULL, &error), &error);
  CHECK_EQ_INT(state, JSVM_PROMISE_STATE_PENDING);
  CHECK_EQ_INT(module_status(module), JSVM_MODULE_STATE_EVALUATED);
  CHECK_OK(jsvm_resolver_resolve(resolver, &slot, &error), &error);
  CHECK_OK(jsvm_promise_await(promise, NULL, NULL, &error), &error);
  EXPORTS_NUM(module, "x", 42);
  jsvm_value_free(promise);
  jsvm_value_free(pending);
  jsvm_resolver_free(resolver);
  jsvm_module_free(module);
}

static void what_stalls_is_named(void) {
  source_file files[] = {{"stall.mjs", "export {};\n\nawait new Promise(() => {});", NULL}};
  source_table table = TABLE(files);
  jsvm_module *root = new_module(context, "root.mjs", "import 'stall.mjs'");
  jsvm_value *promise = NULL;
  LINK(root, &table);
  CHECK_OK(jsvm_module_evaluate(root, NULL, &promise, &error), &error);
  CHECK_ERROR(jsvm_promise_await(promise, NULL, NULL, &error), JSVM_STATUS_WRONG_STATE, &error,
              "nothing is left to run that could settle it; it waits in stall.mjs:3");
  jsvm_value_free(promise);
  jsvm_module_free(root);
  free_table(&table);
}

static jsvm_module *nested;

static uint32_t evaluate_nested(void *userdata, const jsvm_call *call, jsvm_slot *result) {
  jsvm_value *promise = NULL;
  (void)call;
  (void)result;
  CHECK_CODE(jsvm_module_evaluate(nested, NULL, &promise, &error), JSVM_STATUS_WRONG_STATE, &error,
             "ERR_VM_MODULE_STATUS");
  CHECK(promise == NULL);
  count_up(userdata);
  return JSVM_STATUS_OK;
}

static void evaluating_while_evaluating(void) {
  atomic_int calls = 0;
  source_file files[] = {{"inner", "reenter();", NULL}};
  source_table table = TABLE(files);
  jsvm_module *root = new_module(context, "root", "import 'inner'"), *above;
  install(isolate, context, "reenter", evaluate_nested, &calls);
  LINK(root, &table);
  /* Of another graph, which depends on what is being evaluated. */
  above = new_module(context, "above", "import 'inner'");
  LINK(above, &table);
  nested = above;
  EVALUATE(root);
  EVALUATE(above);
  jsvm_module_free(above);
  jsvm_module_free(root);
  free_table(&table);
  root = new_module(context, "self", "reenter()");
  nested = root;
  CHECK_OK(jsvm_module_instantiate(root, &error), &error);
  EVALUATE(root);
  jsvm_module_free(root);
  CHECK_EQ_INT(atomic_load(&calls), 2);
}

static void note_rejection(void *userdata, const jsvm_value *promise, const jsvm_slot *reason) {
  (void)promise;
  (void)reason;
  count_up(userdata);
}

static void a_failure_without_a_promise_is_reported(void) {
  atomic_int reported = 0;
  jsvm_module *module = new_module(context, "m", "throw 1");
  jsvm_value *promise = NULL;
  CHECK_OK(jsvm_isolate_set_unhandled_rejection_callback(isolate, note_rejection, &reported, NULL, &error),
           &error);
  CHECK_OK(jsvm_module_instantiate(module, &error), &error);
  CHECK_OK(jsvm_module_evaluate(module, NULL, NULL, &error), &error);
  CHECK_EQ_INT(atomic_load(&reported), 1);
  jsvm_module_free(module);
  module = new_module(context, "m", "throw 1");
  CHECK_OK(jsvm_module_instantiate(module, &error), &error);
  CHECK_OK(jsvm_module_evaluate(module, NULL, &promise, &error), &error);
  CHECK_EQ_INT(atomic_load(&reported), 1);
  CHECK_OK(jsvm_isolate_set_unhandled_rejection_callback(isolate, NULL, NULL, NULL, &error), &error);
  jsvm_value_free(promise);
  jsvm_module_free(module);
}

static void microtasks_of_its_own(void) {
  jsvm_context_options options = {.struct_size = sizeof options,
                                  .microtask_mode = JSVM_MICROTASK_MODE_AFTER_EVALUATE};
  jsvm_context *own = new_context(isolate, &options);
  jsvm_module *module = new_module(own, "m", "export let x = 1; Promise.resolve().then(() => { x = 2; });");
  CHECK_OK(jsvm_module_instantiate(module, &error), &error);
  CHECK_OK(jsvm_module_evaluate(module, NULL, NULL, &error), &error);
  EXPORTS_NUM(module, "x", 2);
  jsvm_module_free(module);
  jsvm_context_free(own);
}

static void cached_data(void) {
  static const char source[] = "export function f() { return 3 } export const x = f();";
  jsvm_module_options options = {.struct_size = sizeof options};
  jsvm_module *module = NULL;
  jsvm_bytes bytes;
  CHECK_OK(jsvm_module_new(context, source, JSVM_AUTO_LENGTH, NULL, &module, &error), &error);
  CHECK_OK(jsvm_module_create_cached_data(module, &bytes, &error), &error);
  CHECK(bytes.len > 0);
  CHECK_OK(jsvm_module_instantiate(module, &error), &error);
  EVALUATE(module);
  {
    jsvm_bytes none;
    CHECK_CODE(jsvm_module_create_cached_data(module, &none, &error), JSVM_STATUS_WRONG_STATE, &error,
               "ERR_VM_MODULE_CANNOT_CREATE_CACHED_DATA");
  }
  jsvm_module_free(module);
  options.cached_data = (const uint8_t *)bytes.data;
  options.cached_data_len = bytes.len;
  CHECK_OK(jsvm_module_new(context, source, JSVM_AUTO_LENGTH, &options, &module, &error), &error);
  CHECK_OK(jsvm_module_instantiate(module, &error), &error);
  EVALUATE(module);
  EXPORTS_NUM(module, "x", 3);
  jsvm_module_free(module);
  CHECK_CODE(jsvm_module_new(context, "export {}", JSVM_AUTO_LENGTH, &options, &module, &error),
             JSVM_STATUS_INVALID_ARGUMENT, &error, "ERR_VM_MODULE_CACHED_DATA_REJECTED");
  CHECK(module == NULL);
  jsvm_bytes_clear(&bytes);
}

static void bad_input(void) {
  jsvm_module *module = new_module(context, "m", "import 'x'"), *made = NULL, *freed;
  jsvm_module_options options = {.struct_size = sizeof options, .identifier = {"a\0b", 3}};
  jsvm_module_request_list list;
  jsvm_module_state state;
  jsvm_value *value = NULL;
  jsvm_slot slot;
  jsvm_bytes bytes;
  bool flag;
  const jsvm_module *two[] = {NULL};
#define INVALID(call, part) CHECK_ERROR(call, JSVM_STATUS_INVALID_ARGUMENT, &error, part)
  freed = new_module(context, "freed", "");
  jsvm_module_free(freed);
  jsvm_module_free(freed);
  INVALID(jsvm_module_new(NULL, "", 0, NULL, &made, &error), "context: ");
  INVALID(jsvm_module_new(context, NULL, 1, NULL, &made, &error), "source: ");
  INVALID(jsvm_module_new(context, "\xff", 1, NULL, &made, &error), "source: ");
  INVALID(jsvm_module_new(context, "", 0, NULL, NULL, &error), "result: ");
  INVALID(jsvm_module_new(context, "", 0, &options, &made, &error), "identifier: it has a NUL");
  options.identifier = (jsvm_str){"\xff", 1};
  INVALID(jsvm_module_new(context, "", 0, &options, &made, &error), "identifier: ");
  options = (jsvm_module_options){.struct_size = sizeof options, .cached_data = (const uint8_t *)"x"};
  INVALID(jsvm_module_new(context, "", 0, &options, &made, &error), "rejected");
  options = (jsvm_module_options){.struct_size = sizeof options,
                                  .import_hooks = (const jsvm_import_hooks *)module};
  INVALID(jsvm_module_new(context, "", 0, &options, &made, &error), "import_hooks: ");
  options = (jsvm_module_options){.struct_size = 3};
  INVALID(jsvm_module_new(context, "", 0, &options, &made, &error), "struct_size");
  INVALID(jsvm_module_status(NULL, &state, &error), "module: ");
  INVALID(jsvm_module_status(module, NULL, &error), "result: ");
  INVALID(jsvm_module_status((jsvm_module *)context, &state, &error), "not a live jsvm_module");
  {
    jsvm_context *home = NULL;
    INVALID(jsvm_module_context(freed, &home, &error), "module: ");
    INVALID(jsvm_module_context(module, NULL, &error), "result: ");
  }
  INVALID(jsvm_module_error(freed, &slot, &error), "module: ");
  INVALID(jsvm_module_error(module, NULL, &error), "result: ");
  INVALID(jsvm_module_namespace(freed, &value, &error), "module: ");
  INVALID(jsvm_module_namespace(module, NULL, &error), "result: ");
  INVALID(jsvm_module_requests(freed, &list, &error), "module: ");
  INVALID(jsvm_module_requests(module, NULL, &error), "result: ");
  INVALID(jsvm_module_has_top_level_await(freed, &flag, &error), "module: ");
  INVALID(jsvm_module_has_top_level_await(module, NULL, &error), "result: ");
  INVALID(jsvm_module_has_async_graph(freed, &flag, &error), "module: ");
  INVALID(jsvm_module_has_async_graph(module, NULL, &error), "result: ");
  INVALID(jsvm_module_create_cached_data(freed, &bytes, &error), "module: ");
  INVALID(jsvm_module_create_cached_data(module, NULL, &error), "result: ");
  INVALID(jsvm_module_link(freed, load_file, NULL, NULL, &error), "module: ");
  INVALID(jsvm_module_link(module, NULL, NULL, NULL, &error), "linker: ");
  INVALID(jsvm_module_link_requests(freed, NULL, 0, &error), "module: ");
  INVALID(jsvm_module_link_requests(module, NULL, 1, &error), "modules: ");
  INVALID(jsvm_module_link_requests(module, two, 1, &error), "modules[0]: ");
  two[0] = freed;
  INVALID(jsvm_module_link_requests(module, two, 1, &error), "modules[0]: ");
  INVALID(jsvm_module_instantiate(freed, &error), "module: ");
  INVALID(jsvm_module_evaluate(freed, NULL, &value, &error), "module: ");
  CHECK(jsvm_module_identifier(freed) == NULL);
  CHECK(jsvm_module_identifier(NULL) == NULL);
  CHECK(jsvm_module_clone(freed) == NULL);
  jsvm_module_free(NULL);
  CHECK_EQ_INT(jsvm_live_handles(JSVM_HANDLE_KIND_MODULE), 1);
  CHECK(jsvm_module_clone(module) == module);
  jsvm_module_free(module);
  CHECK_STR(jsvm_module_identifier(module), "m");
  jsvm_module_free(module);
}

static void modules_of_other_contexts_and_isolates(void) {
  jsvm_isolate *other = new_isolate(NULL);
  jsvm_context *foreign = main_context(other), *second = new_context(isolate, NULL);
  jsvm_module *module = new_module(context, "m", "import 'x'");
  const jsvm_module *x = new_module(foreign, "x", ""), *y = new_module(second, "y", "");
  CHECK_ERROR(jsvm_module_link_requests(module, &x, 1, &error), JSVM_STATUS_WRONG_ISOLATE, &error, "modules[0]: ");
  CHECK_CODE(jsvm_module_link_requests(module, &y, 1, &error), JSVM_STATUS_INVALID_ARGUMENT, &error,
             "ERR_VM_MODULE_DIFFERENT_CONTEXT");
  /* Its globals are its context's. */
  JS_OK(second, "globalThis.here = 5; 0");
  {
    jsvm_module *reads = new_module(second, "r", "export default here;");
    CHECK_OK(jsvm_module_instantiate(reads, &error), &error);
    EVALUATE(reads);
    EXPORTS_NUM(reads, "default", 5);
    jsvm_module_free(reads);
  }
  jsvm_module_free((jsvm_module *)x);
  jsvm_module_free((jsvm_module *)y);
  jsvm_module_free(module);
  jsvm_context_free(foreign);
  jsvm_context_free(second);
  jsvm_isolate_free(other);
}

static void after_the_isolate(void) {
  jsvm_isolate *other = new_isolate(NULL);
  jsvm_context *there = main_context(other);
  jsvm_module *module = new_module(there, "m", "import 'x'");
  jsvm_module_state state;
  source_table none = {NULL, 0, NULL, 0};
  jsvm_value *promise = NULL;
  jsvm_isolate_free(other);
  CHECK_STATUS(jsvm_module_status(module, &state, &error), JSVM_STATUS_DISPOSED, &error);
  CHECK_STATUS(jsvm_module_link(module, load_file, &none, NULL, &error), JSVM_STATUS_DISPOSED, &error);
  CHECK_STATUS(jsvm_module_evaluate(module, NULL, &promise, &error), JSVM_STATUS_DISPOSED, &error);
  CHECK_STR(jsvm_module_identifier(module), "m");
  jsvm_module_free(module);
  jsvm_context_free(there);
}

static void *evaluate_on_a_thread(void *given) {
  jsvm_error *failure = NULL;
  for (int i = 0; i < 50; i++) {
    jsvm_module *module = NULL;
    jsvm_value *promise = NULL;
    source_file files[] = {{"x", "export let x = 1", NULL}};
    source_table table = TABLE(files);
    CHECK_OK(jsvm_module_new(given, "import { x } from 'x'; export let y = x + 1", JSVM_AUTO_LENGTH, NULL, &module,
                             &failure),
             &failure);
    LINK(module, &table);
    CHECK_OK(jsvm_module_evaluate(module, NULL, &promise, &failure), &failure);
    EXPORTS_NUM(module, "y", 2);
    jsvm_value_free(promise);
    jsvm_module_free(module);
    free_table(&table);
  }
  return NULL;
}

static void many_threads(void) {
  pthread_t threads[4];
  for (int i = 0; i < 4; i++) {
    pthread_create(&threads[i], NULL, evaluate_on_a_thread, context);
  }
  for (int i = 0; i < 4; i++) {
    pthread_join(threads[i], NULL);
  }
}

/* Exports as plain data. */
static void a_namespace_is_taken_apart(void) {
  jsvm_module *module = new_module(context, "data", "export const a = 1; export default { b: ['two'] };");
  jsvm_value *namespace = NULL;
  jsvm_graph graph = {0};
  LINK(module, NULL);
  CHECK_OK(jsvm_module_namespace(module, &namespace, &error), &error);
  CHECK_ERROR(jsvm_value_flatten(namespace, NULL, NULL, &graph, &error), JSVM_STATUS_EXCEPTION, &error,
              "before initialization");
  EVALUATE(module);
  if (CHECK_OK(jsvm_value_flatten(namespace, NULL, NULL, &graph, &error), &error)) {
    CHECK_EQ_INT(graph.slots[0].kind, JSVM_GRAPH_KIND_RECORD);
    CHECK_EQ_INT(graph.slots[0].len, 4);
    CHECK_STR(graph.slots[1].data, "a");
    CHECK_EQ_INT(graph.slots[2].number, 1);
    CHECK_STR(graph.slots[3].data, "default");
    CHECK_EQ_INT(graph.slots[4].kind, JSVM_GRAPH_KIND_RECORD);
  }
  jsvm_graph_clear(&graph);
  jsvm_value_free(namespace);
  jsvm_module_free(module);
}

int main(void) {
  isolate = new_isolate(NULL);
  context = main_context(isolate);
  RUN(states_of_a_graph);
  RUN(names_without_an_identifier);
  RUN(syntax_errors_have_a_place);
  RUN(requests_of_a_module);
  RUN(linking_step_by_step);
  RUN(one_module_for_a_request_in_two_phases);
  RUN(cycles_and_self_imports);
  RUN(a_missing_export);
  RUN(linkers_that_misbehave);
  RUN(two_links_of_one_module);
  RUN(limits_of_linking);
  RUN(errors_are_kept);
  RUN(a_run_that_is_stopped);
  RUN(top_level_await);
  RUN(what_stalls_is_named);
  RUN(evaluating_while_evaluating);
  RUN(a_failure_without_a_promise_is_reported);
  RUN(microtasks_of_its_own);
  RUN(cached_data);
  RUN(bad_input);
  RUN(modules_of_other_contexts_and_isolates);
  RUN(after_the_isolate);
  RUN(many_threads);
  RUN(a_namespace_is_taken_apart);
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
  return FINISH();
}
