/* For the tests of modules: a linker that serves sources out of a table. */
#ifndef JSVM_TESTS_MODULES_H
#define JSVM_TESTS_MODULES_H

#include "guest.h"

typedef struct {
  const char *name;
  const char *source;
  jsvm_module *module;
} source_file;

/* A table of sources, and how often the linker was asked. */
typedef struct {
  source_file *files;
  size_t count;
  jsvm_import_hooks *hooks;
  int asked;
} source_table;

#define TABLE(files) {(files), sizeof(files) / sizeof *(files), NULL, 0}

static inline jsvm_str str(const char *text) { return (jsvm_str){text, JSVM_AUTO_LENGTH}; }

static inline jsvm_module *try_module(const jsvm_context *context, const char *name,
                                      const char *source, const jsvm_import_hooks *hooks,
                                      jsvm_status expected, const char *part) {
  jsvm_module_options options = {
      .struct_size = sizeof options, .identifier = {name, JSVM_AUTO_LENGTH}, .import_hooks = hooks};
  jsvm_module *module = NULL;
  jsvm_error *error = NULL;
  CHECK_ERROR(jsvm_module_new(context, source, JSVM_AUTO_LENGTH, &options, &module, &error), expected,
              &error, part);
  return module;
}

static inline jsvm_module *new_module(const jsvm_context *context, const char *name,
                                      const char *source) {
  return try_module(context, name, source, NULL, JSVM_STATUS_OK, NULL);
}

/* A jsvm_import_callback of a source_table: each file is compiled once. */
static inline uint32_t load_file(void *userdata, const jsvm_import_request *request,
                                 jsvm_module **module, jsvm_slot *result) {
  source_table *table = userdata;
  table->asked++;
  for (size_t i = 0; i < table->count; i++) {
    source_file *file = &table->files[i];
    if (strcmp(file->name, request->request.specifier.data) == 0) {
      if (file->module == NULL) {
        file->module = try_module(request->context, file->name, file->source, table->hooks,
                                  JSVM_STATUS_OK, NULL);
      }
      *module = jsvm_module_clone(file->module);
      return JSVM_STATUS_OK;
    }
  }
  *result = (jsvm_slot){.kind = JSVM_KIND_STRING, .data = "no such file", .len = JSVM_AUTO_LENGTH};
  return JSVM_STATUS_EXCEPTION;
}

static inline void free_table(source_table *table) {
  for (size_t i = 0; i < table->count; i++) {
    jsvm_module_free(table->files[i].module);
    table->files[i].module = NULL;
  }
}

static inline jsvm_module_state module_status(const jsvm_module *module) {
  jsvm_module_state state = JSVM_MODULE_STATE_LINKING;
  jsvm_error *error = NULL;
  CHECK_OK(jsvm_module_status(module, &state, &error), &error);
  return state;
}

/* Evaluates and awaits. */
static inline int evaluate_as(const jsvm_module *module, jsvm_status expected, const char *part,
                              const char *file, int line) {
  jsvm_value *promise = NULL;
  jsvm_error *error = NULL;
  int good = 0;
  if (check_status(jsvm_module_evaluate(module, NULL, &promise, &error), JSVM_STATUS_OK, &error, NULL,
                   "evaluate", file, line)) {
    good = check_status(jsvm_promise_await(promise, NULL, NULL, &error), expected, &error, part, "await",
                        file, line);
  }
  jsvm_value_free(promise);
  return good;
}
#define EVALUATE(module) evaluate_as((module), JSVM_STATUS_OK, NULL, __FILE__, __LINE__)
#define EVALUATE_ERROR(module, part)                                                               \
  evaluate_as((module), JSVM_STATUS_EXCEPTION, (part), __FILE__, __LINE__)

static inline int link_as(const jsvm_module *module, source_table *table, jsvm_status expected,
                          const char *part, const char *file, int line) {
  jsvm_error *error = NULL;
  return check_status(jsvm_module_link(module, load_file, table, NULL, &error), expected, &error, part,
                      "link", file, line);
}
#define LINK(module, table) link_as((module), (table), JSVM_STATUS_OK, NULL, __FILE__, __LINE__)
#define LINK_ERROR(module, table, status, part)                                                    \
  link_as((module), (table), (status), (part), __FILE__, __LINE__)

/* What a module exports by a name. */
static inline jsvm_slot exported(const jsvm_module *module, const char *name) {
  jsvm_slot key = string_slot(name), slot = {.kind = JSVM_KIND_UNDEFINED};
  jsvm_value *namespace = NULL;
  jsvm_error *error = NULL;
  if (CHECK_OK(jsvm_module_namespace(module, &namespace, &error), &error)) {
    CHECK_OK(jsvm_object_get(namespace, &key, NULL, &slot, &error), &error);
  }
  jsvm_value_free(namespace);
  return slot;
}

static inline int exports_number(const jsvm_module *module, const char *name, double expected,
                                 const char *file, int line) {
  jsvm_slot slot = exported(module, name);
  int good = check_int(slot.kind, JSVM_KIND_NUMBER, name, file, line) &&
             check_number(slot.number, expected, name, file, line);
  jsvm_slot_clear(&slot);
  return good;
}

static inline int exports_string(const jsvm_module *module, const char *name, const char *expected,
                                 const char *file, int line) {
  jsvm_slot slot = exported(module, name);
  int good = check_int(slot.kind, JSVM_KIND_STRING, name, file, line) &&
             check_bytes(slot.data, slot.len, expected, strlen(expected), name, file, line);
  jsvm_slot_clear(&slot);
  return good;
}
#define EXPORTS_NUM(module, name, expected)                                                        \
  exports_number((module), (name), (expected), __FILE__, __LINE__)
#define EXPORTS_STR(module, name, expected)                                                        \
  exports_string((module), (name), (expected), __FILE__, __LINE__)

/* The call fails, and its error has this code of Node's. */
static inline int check_code(jsvm_status seen, jsvm_status expected, jsvm_error **error,
                             const char *code, const char *text, const char *file, int line) {
  int good = check_string(jsvm_error_code(*error), code, text, file, line);
  return check_status(seen, expected, error, NULL, text, file, line) && good;
}
#define CHECK_CODE(call, expected, error, code)                                                    \
  check_code((call), (expected), (error), (code), #call, __FILE__, __LINE__)

#endif
