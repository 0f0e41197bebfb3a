/* ES modules out of files below a folder: what is loaded, what is refused, who imports. */
#include "guest.h"

#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[PATH_MAX], root[PATH_MAX + 8];

static void at(char *path, size_t size, const char *name) { snprintf(path, size, "%s/%s", folder, name); }

static void put_bytes(const char *name, const char *data, size_t size) {
  char path[PATH_MAX + 64];
  FILE *file;
  at(path, sizeof path, name);
  for (char *slash = path + strlen(folder) + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
    *slash = 0;
    mkdir(path, 0700);
    *slash = '/';
  }
  file = fopen(path, "w");
  if (CHECK(file != NULL)) {
    CHECK(fwrite(data, 1, size, file) == size);
    fclose(file);
  }
}

static void put(const char *name, const char *text) { put_bytes(name, text, strlen(text)); }

typedef struct {
  jsvm_isolate *isolate;
  jsvm_context *context;
  jsvm_file_loader *loader;
} World;

static jsvm_file_loader_options defaults(void) {
  return (jsvm_file_loader_options){.struct_size = sizeof(jsvm_file_loader_options), .root = {root, JSVM_AUTO_LENGTH}};
}

static World begin(const jsvm_file_loader_options *options) {
  World w = {new_isolate(NULL), NULL, NULL};
  jsvm_error *error = NULL;
  char source[PATH_MAX + 64];
  w.context = new_context(w.isolate, NULL);
  CHECK_OK(jsvm_file_loader_new(w.context, options, &w.loader, &error), &error);
  snprintf(source, sizeof source, "globalThis.dir = '%s'; globalThis.log = []; 0", root);
  JS_OK(w.context, source);
  JS_OK(w.context,
        "globalThis.put = (text) => { globalThis.seen = String(text).replaceAll(dir, 'ROOT').replaceAll(dir.slice(0, -5), 'BASE') };"
        "globalThis.shows = (specifier, options) => { globalThis.seen = 'pending'; import(specifier, options).then("
        "(n) => put(Object.keys(n).map((key) => `${key}:${n[key]}`)), (e) => put(`${e.name} ${e.code}: ${e.message}`)) }; 0");
  return w;
}

static void end(World *w) {
  jsvm_file_loader_free(w->loader);
  jsvm_context_free(w->context);
  jsvm_isolate_free(w->isolate);
}

/* What import() of the context's code comes to. */
static void shows(const World *w, const char *arguments, const char *expected, int line) {
  char source[512];
  snprintf(source, sizeof source, "shows(%s); 0", arguments);
  js_slot(w->context, source, NULL, __FILE__, line);
  js_string(w->context, "seen", expected, __FILE__, line);
}
#define SHOWS(w, arguments, expected) shows((w), (arguments), (expected), __LINE__)

static jsvm_status import(const World *w, const char *specifier, jsvm_slot *result, jsvm_error **error) {
  jsvm_value *promise = NULL;
  jsvm_status status = jsvm_file_loader_import(w->loader, specifier, JSVM_AUTO_LENGTH, NULL, &promise, error);
  if (status == JSVM_STATUS_OK) {
    status = jsvm_promise_await(promise, NULL, result, error);
  }
  jsvm_value_free(promise);
  return status;
}

static void graphs(void) {
  jsvm_file_loader_options options = defaults();
  World w;
  jsvm_slot namespace, value, key = string_slot("sum");
  jsvm_error *error = NULL;
  put("root/main.mjs", "log.push('main'); import { a } from './lib/a.js'; import data from './data.json' with { type: 'json' };"
                       "import { b } from './lib/b.mjs'; export const sum = a + b + data.n;"
                       "export const url = import.meta.url; export const other = import.meta.resolve('./x y.mjs')");
  put("root/lib/a.js", "log.push('a'); import * as self from './a.js'; import { b } from './b.mjs'; export const a = 1;"
                       "export const cycle = () => self.a + b");
  put("root/lib/b.mjs", "log.push('b'); import { cycle } from './a.js'; export const b = await 2; export { cycle }");
  put("root/data.json", "\xEF\xBB\xBF{\"n\": 4}");
  put("root/count.mjs", "globalThis.count = (globalThis.count ?? 0) + 1; export default count");
  put("root/x y.mjs", "export const space = 1");
  put("root/late.mjs", "import('./lib/a.js').then((n) => put(n.cycle()))");
  w = begin(&options);
  if (CHECK_OK(import(&w, "./main.mjs", &namespace, &error), &error)) {
    CHECK_OK(jsvm_object_get(namespace.handle, &key, NULL, &value, &error), &error);
    CHECK_EQ_NUM(value.number, 7);
    jsvm_slot_clear(&value);
    jsvm_slot_clear(&namespace);
  }
  JS_STR(w.context, "log.join()", "b,a,main");
  SHOWS(&w, "'./main.mjs'", "other:file://ROOT/x%20y.mjs,sum:7,url:file://ROOT/main.mjs");
  JS_STR(w.context, "log.join()", "b,a,main");
  CHECK_OK(import(&w, "./late.mjs", NULL, &error), &error);
  JS_STR(w.context, "seen", "3");
  /* A URL is a module. */
  SHOWS(&w, "'./count.mjs'", "default:1");
  SHOWS(&w, "`file://${dir}/lib/../count.mjs`", "default:1");
  SHOWS(&w, "dir + '/count.mjs'", "default:1");
  SHOWS(&w, "'./count.mjs?again'", "default:2");
  SHOWS(&w, "'./count.mjs#once'", "default:3");
  SHOWS(&w, "'./x y.mjs'", "space:1");
  SHOWS(&w, "'./x%20y.mjs'", "space:1");
  end(&w);
}

static void failures(void) {
  jsvm_file_loader_options options = defaults();
  World w = begin(&options);
  jsvm_error *error = NULL;
  put("root/wrong.mjs", "let fine;\nlet x = ;");
  put("root/throws.mjs", "globalThis.count = (globalThis.count ?? 0) + 1; throw new RangeError('thrown ' + count)");
  put("root/asks.mjs", "import { nothing } from './count.mjs'");
  put("root/deep.mjs", "import './lib/missing.mjs'");
  put("root/text.txt", "1");
  put("root/wrong.json", "{\"a\":}");
  put("root/waits.mjs", "await new Promise(() => {})");
  SHOWS(&w, "'./missing.mjs'",
        "Error ERR_MODULE_NOT_FOUND: Cannot find module 'file://ROOT/missing.mjs' imported from file://ROOT/");
  SHOWS(&w, "'./deep.mjs'",
        "Error ERR_MODULE_NOT_FOUND: Cannot find module 'file://ROOT/lib/missing.mjs' imported from file://ROOT/deep.mjs");
  SHOWS(&w, "'bare'", "Error ERR_MODULE_NOT_FOUND: Cannot find package 'bare' imported from file://ROOT/");
  SHOWS(&w, "'./lib'",
        "Error ERR_UNSUPPORTED_DIR_IMPORT: Directory import 'file://ROOT/lib' is not supported imported from file://ROOT/");
  SHOWS(&w, "'./text.txt'", "TypeError ERR_UNKNOWN_FILE_EXTENSION: Unknown file extension of file://ROOT/text.txt: there are "
                            ".mjs, .js, .json and .wasm");
  SHOWS(&w, "'./wrong.mjs'", "SyntaxError undefined: Unexpected token ';'");
  SHOWS(&w, "'./asks.mjs'",
        "SyntaxError undefined: The requested module './count.mjs' does not provide an export named 'nothing'");
  SHOWS(&w, "'./data.json'", "TypeError ERR_IMPORT_ATTRIBUTE_MISSING: Module \"file://ROOT/data.json\" needs an import "
                             "attribute of \"type: json\"");
  SHOWS(&w, "'./count.mjs', { with: { type: 'json' } }",
        "TypeError ERR_IMPORT_ATTRIBUTE_TYPE_INCOMPATIBLE: Module \"file://ROOT/count.mjs\" is not of type \"json\"");
  SHOWS(&w, "'./wrong.json', { with: { type: 'json' } }",
        "SyntaxError undefined: file://ROOT/wrong.json: Unexpected token '}', \"{\"a\":}\" is not valid JSON");
  {
    jsvm_slot result = {0};
    CHECK_ERROR(import(&w, "./waits.mjs", &result, &error), JSVM_STATUS_WRONG_STATE, &error, "waits.mjs:1");
  }
  /* A module that has thrown stays so. */
  SHOWS(&w, "'./throws.mjs'", "RangeError undefined: thrown 1");
  SHOWS(&w, "'./throws.mjs'", "RangeError undefined: thrown 1");
  /* What is not there now may be there later. */
  put("root/lib/missing.mjs", "export {}");
  SHOWS(&w, "'./deep.mjs'", "");
  CHECK_STATUS(import(&w, "./wrong.mjs", NULL, &error), JSVM_STATUS_EXCEPTION, NULL);
  CHECK_EQ_INT(jsvm_error_line(error), 2);
  CHECK_EQ_INT(jsvm_error_column(error), 9);
  jsvm_error_free(error);
  error = NULL;
  CHECK_ERROR(import(&w, "./waits.mjs", NULL, &error), JSVM_STATUS_WRONG_STATE, &error, "");
  end(&w);
}

static void nothing_outside(void) {
  jsvm_file_loader_options options = defaults();
  World w;
  char path[PATH_MAX + 64], other[PATH_MAX + 64];
  put("secret.mjs", "export const secret = 1");
  put("rootless/secret.mjs", "export const secret = 1");
  at(path, sizeof path, "secret.mjs");
  at(other, sizeof other, "root/link.mjs");
  CHECK(symlink(path, other) == 0);
  at(other, sizeof other, "root/up");
  CHECK(symlink(folder, other) == 0);
  at(path, sizeof path, "root/pipe.mjs");
  CHECK(mkfifo(path, 0600) == 0);
  w = begin(&options);
  SHOWS(&w, "'../secret.mjs'", "Error ERR_ACCESS_DENIED: Import of 'file://BASE/secret.mjs' from 'file://ROOT/' is refused: it "
                               "is not below the root folder of the loader");
  JS_OK(w.context, "globalThis.code = (specifier) => { globalThis.seen = 'pending'; import(specifier).then(() => put('loaded'), "
                   "(e) => put(e.code)) }; 0");
#define CODE(specifier, expected) (JS_OK(w.context, "code(" specifier "); 0"), JS_STR(w.context, "seen", expected))
  CODE("'./lib/../../secret.mjs'", "ERR_ACCESS_DENIED");
  CODE("'./%2e%2e/secret.mjs'", "ERR_ACCESS_DENIED");
  CODE("'./.%2E/secret.mjs'", "ERR_ACCESS_DENIED");
  CODE("'./..%2fsecret.mjs'", "ERR_INVALID_MODULE_SPECIFIER");
  CODE("'./..%5Csecret.mjs'", "ERR_INVALID_MODULE_SPECIFIER");
  CODE("'..\\\\secret.mjs'", "ERR_MODULE_NOT_FOUND");
  CODE("'./..\\\\secret.mjs'", "ERR_ACCESS_DENIED");
  CODE("'./main.mjs%00.mjs'", "ERR_INVALID_MODULE_SPECIFIER");
  CODE("'./ma\\0in.mjs'", "ERR_INVALID_MODULE_SPECIFIER");
  CODE("'/etc/passwd'", "ERR_ACCESS_DENIED");
  CODE("'//host/x.mjs'", "ERR_ACCESS_DENIED");
  CODE("'file://host' + dir + '/main.mjs'", "ERR_ACCESS_DENIED");
  CODE("'file:///dev/zero'", "ERR_ACCESS_DENIED");
  CODE("dir", "ERR_ACCESS_DENIED");
  CODE("dir + 'less/secret.mjs'", "ERR_ACCESS_DENIED");
  CODE("dir.toUpperCase() + '/main.mjs'", "ERR_ACCESS_DENIED");
  CODE("'./MAIN.mjs'", "ERR_MODULE_NOT_FOUND");
  CODE("'./link.mjs'", "ERR_ACCESS_DENIED");
  CODE("'./up/secret.mjs'", "ERR_ACCESS_DENIED");
  CODE("'./up/root/main.mjs'", "ERR_ACCESS_DENIED");
  CODE("'./pipe.mjs'", "ERR_ACCESS_DENIED");
  CODE("'./main.mjs/'", "ERR_MODULE_NOT_FOUND");
  CODE("'./\\ud800.mjs'", "ERR_MODULE_NOT_FOUND");
  CODE("'http://host/x.mjs'", "ERR_UNSUPPORTED_ESM_URL_SCHEME");
  CODE("'data:text/javascript,1'", "ERR_UNSUPPORTED_ESM_URL_SCHEME");
  CODE("'node:fs'", "ERR_UNKNOWN_BUILTIN_MODULE");
  CODE("'node:path'", "ERR_UNKNOWN_BUILTIN_MODULE");
  CODE("'path'", "ERR_MODULE_NOT_FOUND");
  /* A guest that changes the builtins changes nothing of that. */
  JS_OK(w.context, "String.prototype.startsWith = String.prototype.endsWith = String.prototype.includes = () => true;"
                   "String.prototype.toLowerCase = () => ''; Array.prototype.push = () => 1; Map.prototype.get = () => undefined;"
                   "Object.defineProperty(Object.prototype, 'file', { value: 'file' }); RegExp.prototype.exec = () => []; 0");
  CODE("'../secret.mjs'", "ERR_ACCESS_DENIED");
  CODE("'./link.mjs'", "ERR_ACCESS_DENIED");
  CODE("'./count.mjs'", "loaded");
  end(&w);
}

/* (module (import "./env.mjs" "n" (func (result i32))) (func (export "twice") (result i32) (i32.mul (call 0) (i32.const 2)))) */
static const char wasm[] = "\0asm\1\0\0\0"
                           "\1\5\1\x60\0\1\x7f"
                           "\2\x0f\1\x09./env.mjs\1n\0\0"
                           "\3\2\1\0"
                           "\7\x09\1\5twice\0\1"
                           "\x0a\x09\1\7\0\x10\0\x41\2\x6c\x0b";

static void options_of_the_loader(void) {
  jsvm_file_loader_options options = defaults();
  jsvm_slot number = number_slot(5);
  jsvm_error *error = NULL;
  World w;
  jsvm_file_loader *none = NULL;
  jsvm_context *main;
  put("root/env.mjs", "export const n = () => 21");
  put_bytes("root/code.wasm", wasm, sizeof wasm - 1);
  put("root/wasm.mjs", "import { twice } from './code.wasm'; export const answer = twice()");
  put("root/mapped/inner.mjs", "export { default } from 'count'");
  options.import_map = (jsvm_str){
      "{\"imports\": {\"count\": \"./count.mjs\", \"lib/\": \"./lib/\", \"blocked\": null, \"out\": \"../secret.mjs\", \"p\": "
      "\"node:path\", \"./main.mjs\": \"./env.mjs\"}, \"scopes\": {\"./mapped/\": {\"count\": \"./count.mjs?scoped\"}}}",
      JSVM_AUTO_LENGTH};
  options.builtins = true;
  w = begin(&options);
  SHOWS(&w, "'./wasm.mjs'", "answer:42");
  SHOWS(&w, "'count'", "default:1");
  SHOWS(&w, "'./mapped/inner.mjs'", "default:2");
  SHOWS(&w, "'lib/missing.mjs'", "");
  SHOWS(&w, "'./main.mjs'", "n:() => 21");
  SHOWS(&w, "'blocked'", "TypeError undefined: The import map blocks the module specifier \"blocked\"");
  SHOWS(&w, "'lib/../count.mjs'",
        "TypeError undefined: The module specifier \"lib/../count.mjs\" leads out of what the import map has for \"lib/\"");
  SHOWS(&w, "'out'", "Error ERR_ACCESS_DENIED: Import of 'file://BASE/secret.mjs' from 'file://ROOT/' is refused: it is not "
                     "below the root folder of the loader");
  /* The library's own modules, but the one that would read every file; what the host provides. */
  JS_OK(w.context, "import('p').then((n) => put(n.join('a', 'b') + (n.default.join === n.join))); 0");
  JS_STR(w.context, "seen", "a/btrue");
  SHOWS(&w, "'node:module'", "Error ERR_UNKNOWN_BUILTIN_MODULE: No such built-in module: node:module");
  SHOWS(&w, "'module'", "Error ERR_MODULE_NOT_FOUND: Cannot find package 'module' imported from file://ROOT/");
  CHECK_OK(jsvm_context_provide_module(w.context, "five", JSVM_AUTO_LENGTH, &number, &error), &error);
  SHOWS(&w, "'five'", "default:5");
  /* A guest that changes how names are read gets no other module by them. */
  JS_OK(w.context, "globalThis.kept = [String.prototype.slice, String.prototype.startsWith, Array.prototype[Symbol.iterator]];"
                   "String.prototype.slice = () => 'module'; String.prototype.startsWith = () => true;"
                   "Array.prototype[Symbol.iterator] = function* () { yield 'require'; yield (file) => file.Module; };"
                   "import('node:util/types').then((n) => { globalThis.seen = typeof n.default.isDate + typeof "
                   "n.default.createRequire }, (e) => { globalThis.seen = 'refused' });"
                   "import('five').then((n) => { globalThis.five = n.default }, () => { globalThis.five = 'refused' }); 0");
  JS_OK(w.context, "String.prototype.slice = kept[0]; String.prototype.startsWith = kept[1];"
                   "Array.prototype[Symbol.iterator] = kept[2]; 0");
  JS_STR(w.context, "seen", "functionundefined");
  JS_TRUE(w.context, "five === 5 || five === 'refused'");
  /* node:vm's constant means this loader, in new contexts too. */
  JS_OK(w.context, "import('vm').then(({ default: vm }) => vm.runInNewContext('import(\"count\")', {}, { "
                   "importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER })).then((n) => put(n.default)); 0");
  JS_STR(w.context, "seen", "1");
  end(&w);

  options = defaults();
  options.max_file_size = 30;
  w = begin(&options);
  SHOWS(&w, "'./env.mjs'", "n:() => 21");
  SHOWS(&w, "'./wasm.mjs'", "Error ERR_ACCESS_DENIED: Import of 'file://ROOT/wasm.mjs' from 'file://ROOT/' is refused: it is "
                            "larger than 30 bytes");
  /* Without the library's, what is provided is there. */
  CHECK_OK(jsvm_context_provide_module(w.context, "node:five", JSVM_AUTO_LENGTH, &number, &error), &error);
  SHOWS(&w, "'node:five'", "default:5");
  /* A limit ends reading, linking and evaluating as it ends everything. */
  put("root/loop.mjs", "for (;;);");
  {
    jsvm_run_options limits = {.struct_size = sizeof limits, .timeout_ms = 50};
    jsvm_value *promise = NULL;
    CHECK_STATUS(jsvm_file_loader_import(w.loader, "./loop.mjs", JSVM_AUTO_LENGTH, &limits, &promise, &error),
                 JSVM_STATUS_TIMEOUT, &error);
    CHECK(promise == NULL);
  }
  /* The context goes on without the handle. */
  {
    jsvm_file_loader *second = jsvm_file_loader_clone(w.loader);
    CHECK_EQ_INT(jsvm_live_handles(JSVM_HANDLE_KIND_FILE_LOADER), 2);
    jsvm_file_loader_free(second);
  }
  jsvm_file_loader_free(w.loader);
  jsvm_file_loader_free(w.loader);
  CHECK_ERROR(import(&w, "./env.mjs", NULL, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "loader");
  SHOWS(&w, "'./env.mjs?'", "n:() => 21");

  main = main_context(w.isolate);
  options = defaults();
  options.root = (jsvm_str){0};
  CHECK_ERROR(jsvm_file_loader_new(main, &options, &none, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "root: it is NULL");
  options.root = (jsvm_str){"/nonexistent", JSVM_AUTO_LENGTH};
  CHECK_ERROR(jsvm_file_loader_new(main, &options, &none, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "cannot be opened");
  options.root = (jsvm_str){"/dev/null", JSVM_AUTO_LENGTH};
  CHECK_ERROR(jsvm_file_loader_new(main, &options, &none, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "is no folder");
  options = defaults();
  options.import_map = (jsvm_str){"{", JSVM_AUTO_LENGTH};
  CHECK_ERROR(jsvm_file_loader_new(main, &options, &none, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "import_map");
  options.import_map = (jsvm_str){"{\"imports\": []}", JSVM_AUTO_LENGTH};
  CHECK_ERROR(jsvm_file_loader_new(main, &options, &none, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "is not an object");
  CHECK_ERROR(jsvm_file_loader_new(main, NULL, &none, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "root");
  CHECK(none == NULL);
  jsvm_context_free(main);
  jsvm_context_free(w.context);
  jsvm_isolate_free(w.isolate);
}

/* A deep graph and many of them: nothing is kept. */
static void many(void) {
  jsvm_file_loader_options options = defaults();
  jsvm_error *error = NULL;
  World w;
  for (int i = 0; i < 1000; i++) {
    char name[32], text[64];
    snprintf(name, sizeof name, "root/chain/%d.mjs", i);
    snprintf(text, sizeof text, i == 999 ? "export default 1" : "export { default } from './%d.mjs'", i + 1);
    put(name, text);
  }
  w = begin(&options);
  SHOWS(&w, "'./chain/0.mjs'", "default:1");
  end(&w);
  w = begin(&options);
  for (int i = 0; i < 50; i++) {
    jsvm_context *context = new_context(w.isolate, NULL);
    jsvm_file_loader *loader = NULL;
    jsvm_value *promise = NULL;
    CHECK_OK(jsvm_file_loader_new(context, &options, &loader, &error), &error);
    CHECK_OK(jsvm_file_loader_import(loader, "./env.mjs", JSVM_AUTO_LENGTH, NULL, &promise, &error), &error);
    jsvm_value_free(promise);
    jsvm_file_loader_free(loader);
    jsvm_context_free(context);
  }
  end(&w);
}

int main(void) {
  char command[PATH_MAX + 16], template[] = "/tmp/jsvm-file-loader-XXXXXX";
  if (mkdtemp(template) == NULL || realpath(template, folder) == NULL) {
    return 1;
  }
  snprintf(root, sizeof root, "%s/root", folder);
  RUN(graphs);
  RUN(failures);
  RUN(nothing_outside);
  RUN(options_of_the_loader);
  RUN(many);
  snprintf(command, sizeof command, "rm -r '%s'", folder);
  CHECK(system(command) == 0);
  return FINISH();
}
