/*
 * ES modules: one callback says what a specifier names, for import statements and for import() alike. The sources are in a
 * table here; a program would read files, or ask a network.
 *
 * A host that wants to load on its own time does not give a callback: it asks jsvm_module_requests what a module needs, and
 * says jsvm_module_link_requests when it has it.
 */
#include "example.h"

static const struct {
  const char *name;
  const char *source;
} FILES[] = {
    {"main.mjs",
     "import { greet } from 'greet.mjs';\n"
     "import settings from 'settings.json' with { type: 'json' };\n"
     "import { version } from 'host';\n"
     "export const greeting = greet(settings.name);\n"
     "export const engine = version;\n"
     "const { square } = await import('square.mjs');\n"
     "export const squared = square(settings.number);\n"
     "export const url = import.meta.url;\n"},
    {"greet.mjs", "export const greet = (name) => `Hello, ${name}!`;\n"},
    {"square.mjs", "export const square = (x) => x * x;\n"},
    {"settings.json", "{\"name\": \"modules\", \"number\": 12}"},
};
enum { COUNT = sizeof FILES / sizeof *FILES };

typedef struct {
  /* Each file becomes one module, however often it is imported. */
  jsvm_module *modules[COUNT];
  jsvm_module *host;
  jsvm_import_hooks *hooks;
} loader;

static uint32_t load(void *userdata, const jsvm_import_request *asked, jsvm_module **module, jsvm_slot *result);

/* The module of a file; NULL if there is no such file. */
static jsvm_module *open_file(loader *self, const jsvm_context *context, const char *name) {
  jsvm_error *error;
  for (int i = 0; i < COUNT; i++) {
    if (strcmp(FILES[i].name, name) != 0) {
      continue;
    }
    if (self->modules[i] == NULL) {
      jsvm_str identifier = {name, JSVM_AUTO_LENGTH};
      if (strstr(name, ".json") != NULL) {
        CHECK(jsvm_json_module_new(context, identifier, FILES[i].source, JSVM_AUTO_LENGTH, &self->modules[i], &error));
      } else {
        jsvm_module_options options = {
            .struct_size = sizeof options, .identifier = identifier, .import_hooks = self->hooks};
        CHECK(jsvm_module_new(context, FILES[i].source, JSVM_AUTO_LENGTH, &options, &self->modules[i], &error));
      }
    }
    return self->modules[i];
  }
  return NULL;
}

/* For import statements. What it gives is libjsvm's, so it gives a second owner. */
static uint32_t load(void *userdata, const jsvm_import_request *asked, jsvm_module **module, jsvm_slot *result) {
  loader *self = userdata;
  const char *name = asked->request.specifier.data;
  printf("%s imports %s\n", asked->referrer_name.data, name);
  jsvm_module *found = strcmp(name, "host") == 0 ? self->host : open_file(self, asked->context, name);
  if (found == NULL) {
    *result = (jsvm_slot){.kind = JSVM_KIND_STRING, .data = "there is no such module", .len = JSVM_AUTO_LENGTH};
    return JSVM_STATUS_EXCEPTION;
  }
  *module = jsvm_module_clone(found);
  return JSVM_STATUS_OK;
}

/* For import(): the module has to be evaluated. */
static uint32_t import_now(void *userdata, const jsvm_import_request *asked, jsvm_module **module, jsvm_slot *result) {
  jsvm_error *error;
  jsvm_module_state state;
  uint32_t status = load(userdata, asked, module, result);
  if (status != JSVM_STATUS_OK) {
    return status;
  }
  CHECK(jsvm_module_status(*module, &state, &error));
  if (state == JSVM_MODULE_STATE_UNLINKED) {
    CHECK(jsvm_module_link(*module, load, userdata, NULL, &error));
  }
  CHECK(jsvm_module_evaluate(*module, NULL, NULL, &error));
  return JSVM_STATUS_OK;
}

static uint32_t fill_meta(void *userdata, const jsvm_module *module, const jsvm_value *meta, jsvm_slot *exception) {
  (void)userdata;
  (void)exception;
  jsvm_error *error;
  char url[100];
  snprintf(url, sizeof url, "example:%s", jsvm_module_identifier(module));
  jsvm_slot key = {.kind = JSVM_KIND_STRING, .data = "url", .len = 3};
  jsvm_slot value = {.kind = JSVM_KIND_STRING, .data = url, .len = JSVM_AUTO_LENGTH};
  CHECK(jsvm_object_set(meta, &key, &value, NULL, &error));
  return JSVM_STATUS_OK;
}

int main(void) {
  jsvm_error *error;
  jsvm_isolate *isolate;
  jsvm_context *context;
  CHECK(jsvm_isolate_new(NULL, &isolate, &error));
  CHECK(jsvm_isolate_main_context(isolate, &context, &error));

  loader loader = {0};
  jsvm_import_hooks_options callbacks = {.struct_size = sizeof callbacks,
                                         .import_module_dynamically = import_now,
                                         .initialize_import_meta = fill_meta};
  CHECK(jsvm_import_hooks_new(&callbacks, &loader, NULL, &loader.hooks, &error));

  /* A module of the host's own. */
  const jsvm_str exports[] = {{"version", JSVM_AUTO_LENGTH}};
  jsvm_slot version = {.kind = JSVM_KIND_STRING, .data = "1.0", .len = 3};
  CHECK(jsvm_synthetic_module_new(context, (jsvm_str){"host", JSVM_AUTO_LENGTH}, exports, 1, NULL, NULL, NULL,
                                  &loader.host, &error));
  CHECK(jsvm_module_set_export(loader.host, "version", JSVM_AUTO_LENGTH, &version, &error));

  jsvm_module *program = open_file(&loader, context, "main.mjs");
  CHECK(jsvm_module_link(program, load, &loader, NULL, &error));
  jsvm_value *promise;
  CHECK(jsvm_module_evaluate(program, NULL, &promise, &error));
  CHECK(jsvm_promise_await(promise, NULL, NULL, &error));

  jsvm_value *namespace;
  jsvm_slot json;
  CHECK(jsvm_module_namespace(program, &namespace, &error));
  jsvm_bytes text;
  json = (jsvm_slot){.handle = namespace};
  CHECK(jsvm_json_stringify(context, &json, 2, NULL, &text, &error));
  printf("%s\n", text.data);
  jsvm_bytes_clear(&text);

  jsvm_value_free(namespace);
  jsvm_value_free(promise);
  for (int i = 0; i < COUNT; i++) {
    jsvm_module_free(loader.modules[i]);
  }
  jsvm_module_free(loader.host);
  jsvm_import_hooks_free(loader.hooks);
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
  return 0;
}
