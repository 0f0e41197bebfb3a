/* CommonJS: what require finds, what it says when it does not, and what it leaves behind. */
#include "guest.h"
#include <pthread.h>

#include <sys/stat.h>
#include <unistd.h>

static char folder[64];

static void at(char *path, size_t size, const char *name) { snprintf(path, size, "%s/%s", folder, name); }

static void put(const char *name, const char *text) {
  char path[256];
  FILE *file;
  at(path, sizeof path, name);
  for (char *slash = path + strlen(folder) + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
    *slash = 0;
    mkdir(path, 0700);
    *slash = '/';
  }
  file = fopen(path, "w");
  if (CHECK(file != NULL)) {
    CHECK(fwrite(text, 1, strlen(text), file) == strlen(text));
    fclose(file);
  }
}

/* A context with require, and `dir`, the folder of the test's files. */
static jsvm_context *ready(jsvm_isolate *isolate) {
  jsvm_context *context = new_context(isolate, NULL);
  jsvm_error *error = NULL;
  char source[128];
  CHECK_OK(jsvm_context_install(context, JSVM_PART_REQUIRE, NULL, &error), &error);
  snprintf(source, sizeof source, "globalThis.dir = '%s'; 0", folder);
  JS_OK(context, source);
  JS_OK(context, "globalThis.fails = (name) => { try { require(name); return 'none' } catch (e) { return `${e.name} "
                 "${e.code}: ${e.message}`.replaceAll(dir, 'DIR').replace(/\\S*\\[host/, '[host') } }; 0");
  return context;
}

static void off_by_default(void) {
  jsvm_isolate *isolate = new_isolate(NULL);
  jsvm_context *context = main_context(isolate);
  JS_STR(context, "typeof require + typeof module + typeof exports", "undefinedundefinedundefined");
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
}

static void files(void) {
  jsvm_isolate *isolate = new_isolate(NULL);
  jsvm_context *context = ready(isolate);
  put("a.js", "#!/usr/bin/env node\nexports.b = require('./sub/b'); exports.me = [__filename, __dirname, module.id, "
              "module.filename, module.path, this === exports, arguments.length, typeof require.main].join();");
  put("sub/b.js", "\xEF\xBB\xBFmodule.exports = () => require('../data').n;");
  put("data.json", "\xEF\xBB\xBF{\"n\": 7}");
  put("strange.txt", "module.exports = __filename.endsWith('strange.txt')");
  put("c.cjs", "exports.c = 1");
  put("folder/index.js", "exports.index = 1");
  put("folder.js", "exports.file = 1");
  put("package/package.json", "{\"main\": \"./lib/start\"}");
  put("package/lib/start.js", "exports.start = 1");
  JS_STR(context, "require(dir + '/a').me.replaceAll(dir, 'DIR')", "DIR/a.js,DIR,DIR/a.js,DIR/a.js,DIR,true,5,undefined");
  JS_NUM(context, "require(dir + '/a.js').b()", 7);
  JS_TRUE(context, "require(dir + '/sub/../a') === require(dir + '/a.js')");
  JS_NUM(context, "require(dir + '/data').n + require(dir + '/data.json').n", 14);
  JS_TRUE(context, "require(dir + '/strange.txt')");
  JS_NUM(context, "require(dir + '/c.cjs').c", 1);
  JS_STR(context, "Object.keys(require(dir + '/folder')) + Object.keys(require(dir + '/folder/'))", "fileindex");
  JS_NUM(context, "require(dir + '/package').start", 1);
  JS_STR(context, "require.resolve(dir + '/package').replace(dir, 'DIR')", "DIR/package/lib/start.js");
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
}

static void packages(void) {
  jsvm_isolate *isolate = new_isolate(NULL);
  jsvm_context *context = ready(isolate);
  put("node_modules/plain/index.js", "module.exports = 'plain'");
  put("node_modules/plain/more.js", "module.exports = 'more'");
  put("node_modules/@scope/name/package.json",
      "{\"exports\": {\".\": {\"import\": \"./no.mjs\", \"require\": [\"./main.cjs\"]}, \"./f/*\": \"./files/*.js\","
      "\"./f/private/*\": null, \"./data.json\": \"./data.json\"}}");
  put("node_modules/@scope/name/main.cjs", "module.exports = 'scoped'");
  put("node_modules/@scope/name/files/x.js", "module.exports = 'x'");
  put("node_modules/@scope/name/files/private/y.js", "module.exports = 'y'");
  put("node_modules/@scope/name/data.json", "[1]");
  put("node_modules/broken/package.json", "{");
  put("node_modules/wrong/package.json", "{\"main\": \"nowhere\"}");
  put("deep/er/ask.js", "module.exports = (name) => { try { return String(require(name)) } catch (e) { return e.code } }");
  put("deep/node_modules/plain.js", "module.exports = 'nearer'");
  JS_OK(context, "globalThis.ask = require(dir + '/deep/er/ask'); 0");
  JS_STR(context, "ask('plain')", "nearer");
  JS_STR(context, "ask('plain/more')", "more");
  JS_STR(context, "ask('@scope/name')", "scoped");
  JS_STR(context, "ask('@scope/name/f/x')", "x");
  JS_STR(context, "ask('@scope/name/f/private/y')", "ERR_PACKAGE_PATH_NOT_EXPORTED");
  JS_STR(context, "ask('@scope/name/data.json')", "1");
  JS_STR(context, "ask('@scope/name/main.cjs')", "ERR_PACKAGE_PATH_NOT_EXPORTED");
  JS_STR(context, "ask('broken')", "ERR_INVALID_PACKAGE_CONFIG");
  JS_STR(context, "ask('wrong') + ask('missing')", "MODULE_NOT_FOUNDMODULE_NOT_FOUND");
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
}

static void cache(void) {
  jsvm_isolate *isolate = new_isolate(NULL);
  jsvm_context *context = ready(isolate);
  char link[96], target[96];
  put("one.js", "exports.early = 1; exports.two = require('./two'); exports.late = 1;");
  put("two.js", "exports.seen = Object.keys(require('./one')) + ''; exports.parent = module.parent.filename");
  put("count.js", "globalThis.count = (globalThis.count ?? 0) + 1; if (globalThis.bad) throw new TypeError('bad')");
  JS_STR(context, "require(dir + '/one').two.seen", "early");
  JS_STR(context, "Object.keys(require(dir + '/one')).join()", "early,two,late");
  JS_STR(context, "require(dir + '/two').parent.replace(dir, '')", "/one.js");
  JS_STR(context, "require.cache[dir + '/one.js'].children.map((c) => c.id + c.loaded).join().replaceAll(dir, '')",
         "/two.jstrue");
  /* What fails is not kept. */
  JS_STR(context, "globalThis.bad = true; fails(dir + '/count')", "TypeError undefined: bad");
  JS_TRUE(context, "!(dir + '/count.js' in require.cache)");
  JS_NUM(context, "globalThis.bad = false; require(dir + '/count'); require(dir + '/count'); count", 2);
  JS_NUM(context, "delete require.cache[dir + '/count.js']; require(dir + '/count'); count", 3);
  /* Two names of one file are one module. */
  at(link, sizeof link, "link.js");
  at(target, sizeof target, "count.js");
  CHECK(symlink(target, link) == 0);
  JS_NUM(context, "require(dir + '/link'); count", 3);
  /* A context has its own modules. */
  {
    jsvm_context *other = ready(isolate);
    JS_NUM(other, "require(dir + '/count'); count", 1);
    jsvm_context_free(other);
  }
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
}

static void errors(void) {
  jsvm_isolate *isolate = new_isolate(NULL);
  jsvm_context *context = ready(isolate);
  jsvm_error *error = NULL;
  char path[96], place[128];
  put("bad.js", "let fine;\nlet x = ;\n");
  put("bad.json", "{\"a\":}");
  put("throws.js", "\n  throw new RangeError('here')");
  put("asks.js", "require('./nowhere')");
  put("empty/x.txt", "");
  JS_STR(context, "fails(dir + '/nope')",
         "Error MODULE_NOT_FOUND: Cannot find module 'DIR/nope'\nRequire stack:\n- [host]");
  JS_STR(context, "fails(dir + '/asks')", "Error MODULE_NOT_FOUND: Cannot find module './nowhere'\n"
                                          "Require stack:\n- DIR/asks.js\n- [host]");
  JS_STR(context, "fails('nope').split('\\n')[0]", "Error MODULE_NOT_FOUND: Cannot find module 'nope'");
  JS_STR(context, "fails('node:nope')", "Error ERR_UNKNOWN_BUILTIN_MODULE: No such built-in module: node:nope");
  JS_STR(context, "fails('')",
         "TypeError ERR_INVALID_ARG_VALUE: The argument 'id' must be a non-empty string. Received ''");
  JS_STR(context, "fails(3)", "TypeError ERR_INVALID_ARG_TYPE: The \"id\" argument must be of type string. Received "
                              "type number (3)");
  JS_STR(context, "fails(dir + '/bad.json')", "SyntaxError undefined: DIR/bad.json: Unexpected token '}', \"{\"a\":}\" "
                                              "is not valid JSON");
  put("waits.mjs", "await 1");
  JS_STR(context, "fails(dir + '/waits.mjs')",
         "Error ERR_REQUIRE_ASYNC_MODULE: require() cannot be used on an ESM graph with top-level await. Use import() "
         "instead.\nRequired module: DIR/waits.mjs");
  JS_STR(context, "fails(dir + '/empty').slice(0, 24)", "Error MODULE_NOT_FOUND: ");
  /* No waiting for what is no file. */
  at(path, sizeof path, "pipe.js");
  CHECK(mkfifo(path, 0600) == 0);
  JS_STR(context, "fails(dir + '/pipe.js').slice(0, 24)", "Error MODULE_NOT_FOUND: ");
  if (geteuid() != 0) {
    put("closed.js", "1");
    at(path, sizeof path, "closed.js");
    CHECK(chmod(path, 0) == 0);
    JS_STR(context, "fails(dir + '/closed.js')", "Error EACCES: EACCES: permission denied, open 'DIR/closed.js'");
  }
  /* The place in the file: for the guest in the stack, for the host in the error. */
  JS_STR(context, "try { require(dir + '/bad') } catch (e) { e.stack.replaceAll(dir, 'DIR').split('\\n').slice(0, 5)"
                  ".join('|') }",
         "DIR/bad.js:2|let x = ;|        ^||SyntaxError: Unexpected token ';'");
  CHECK_STATUS(js(context, "require(dir + '/bad')", NULL, &error), JSVM_STATUS_EXCEPTION, NULL);
  snprintf(place, sizeof place, "%s/bad.js", folder);
  CHECK_STR(jsvm_error_filename(error), place);
  CHECK_EQ_INT(jsvm_error_line(error), 2);
  CHECK_EQ_INT(jsvm_error_column(error), 9);
  jsvm_error_free(error);
  error = NULL;
  CHECK_STATUS(js(context, "require(dir + '/throws')", NULL, &error), JSVM_STATUS_EXCEPTION, NULL);
  snprintf(place, sizeof place, "%s/throws.js", folder);
  CHECK_STR(jsvm_error_filename(error), place);
  CHECK_EQ_INT(jsvm_error_line(error), 2);
  CHECK_EQ_INT(jsvm_error_column(error), 3);
  jsvm_error_free(error);
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
}

static void resolves_from(void) {
  jsvm_isolate *isolate = new_isolate(NULL);
  jsvm_context *context = ready(isolate);
  jsvm_install_options options = {.struct_size = sizeof options};
  jsvm_error *error = NULL;
  char from[96];
  put("from/here.js", "module.exports = 'here'");
  put("from/node_modules/there.js", "module.exports = 'there'");
  JS_STR(context, "fails('./here').slice(0, 24)", "Error MODULE_NOT_FOUND: ");
  at(from, sizeof from, "from/main.js");
  options.require_from = (jsvm_str){from, JSVM_AUTO_LENGTH};
  CHECK_OK(jsvm_context_install(context, JSVM_PART_REQUIRE, &options, &error), &error);
  JS_STR(context, "require('./here') + require('there')", "herethere");
  /* A later install without it leaves it. */
  CHECK_OK(jsvm_context_install(context, JSVM_PART_REQUIRE, NULL, &error), &error);
  JS_STR(context, "require('./here')", "here");
  JS_STR(context, "fails('../from')", "Error MODULE_NOT_FOUND: Cannot find module '../from'\nRequire stack:\n- DIR/from/main.js");
  at(from, sizeof from, "from/");
  CHECK_OK(jsvm_context_install(context, 0, &options, &error), &error);
  JS_STR(context, "require('./here') + require('there') + require('module').createRequire(dir + '/from/')('there')",
         "heretherethere");
  options.require_from = (jsvm_str){"\xff", 1};
  CHECK_ERROR(jsvm_context_install(context, 0, &options, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "require_from");
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
}

/* Half of a module now, the other half when the reader waits for it. */
static void *write_slowly(void *data) {
  FILE *pipe = fopen(data, "w");
  if (CHECK(pipe != NULL)) {
    fputs("module.exports = 'slow", pipe);
    fflush(pipe);
    usleep(100000);
    fputs("ly'", pipe);
    fclose(pipe);
  }
  return NULL;
}

static void limits(void) {
  jsvm_isolate *isolate = new_isolate(NULL);
  jsvm_context *context = ready(isolate);
  jsvm_error *error = NULL;
  pthread_t writer;
  char path[96];
  /* A pipe that nobody writes does not keep the run; one that is written slowly is read to its end. */
  at(path, sizeof path, "endless.js");
  CHECK(mkfifo(path, 0600) == 0);
  JS_OK(context, "globalThis.load = (m = new (require('module'))('m')) => { require.extensions['.js'](m, dir + '/endless.js'); return m.exports }");
  CHECK_STATUS(js_ms(context, "load()", 50, NULL, &error), JSVM_STATUS_TIMEOUT, &error);
  pthread_create(&writer, NULL, write_slowly, path);
  JS_STR(context, "load()", "slowly");
  pthread_join(writer, NULL);
  put("loop.js", "for (;;);");
  CHECK_STATUS(js_ms(context, "require(dir + '/loop')", 50, NULL, &error), JSVM_STATUS_TIMEOUT, &error);
  JS_TRUE(context, "Object.keys(require('module')._cache).length < 2");
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
}

static void builtins(void) {
  jsvm_isolate *isolate = new_isolate(NULL);
  jsvm_context *context = ready(isolate);
  JS_TRUE(context, "require('path') === require('node:path') && require('path').posix === require('path')");
  JS_TRUE(context, "require('module').builtinModules.every((name) => require('node:' + name) === require(name))");
  JS_STR(context, "require.resolve('node:path') + require.resolve('path') + require.resolve.paths('path')",
         "node:pathpathnull");
  JS_TRUE(context, "require('events') === require('events').EventEmitter && require('util').types.isDate(new Date)");
  JS_STR(context, "(() => { const { isDeepStrictEqual: same, promisify } = require('util'); return ["
                  "same({ a: [new Map([[{ k: 1 }, new Set([1])]])] }, { a: [new Map([[{ k: 1 }, new Set([1])]])] }),"
                  "same([0], [-0]), same({ a: undefined }, {}), same(new Set([{ a: 1 }]), new Set([{ a: 2 }])),"
                  "typeof promisify(require('timers').setTimeout)].join() })()", "true,false,false,false,function");
  /* Their parts are not installed. */
  JS_STR(context, "typeof Buffer + typeof require('buffer').Buffer", "undefinedfunction");
  JS_STR(context, "(() => { const p = require('path'); return [p.normalize('/a/../../b//c/./'), p.join('a', '', '..', '..'),"
                  "p.resolve('/x', '../y', 'z/'), p.relative('/a/b/c', '/a/d'), p.dirname('/a/b//'), p.dirname('//a'),"
                  "p.basename('/a/b.js/', '.js'), p.extname('.x'), p.extname('a.b.'), p.extname('..'), p.normalize(''),"
                  "JSON.stringify(p.parse('/h/u/f.txt')), p.format({root: '/', name: 'a', ext: 'b'})].join(' ') })()",
         "/b/c/ .. /y/z ../../d /a // b  .  . {\"root\":\"/\",\"dir\":\"/h/u\",\"base\":\"f.txt\",\"ext\":\".txt\","
         "\"name\":\"f\"} /a.b");
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
}

/* Provides what an expression gives. */
static jsvm_status provide(const jsvm_context *context, const char *name, const char *source, jsvm_error **error) {
  jsvm_slot value;
  jsvm_status status = js(context, source, &value, error);
  if (status == JSVM_STATUS_OK) {
    status = jsvm_context_provide_module(context, name, JSVM_AUTO_LENGTH, &value, error);
    jsvm_slot_clear(&value);
  }
  return status;
}

static void provided(void) {
  jsvm_isolate *isolate = new_isolate(NULL), *elsewhere = new_isolate(NULL);
  jsvm_context *context = new_context(isolate, NULL), *other = ready(isolate), *foreign = main_context(elsewhere);
  jsvm_slot value = {.kind = JSVM_KIND_STRING, .data = "plain", .len = JSVM_AUTO_LENGTH};
  jsvm_error *error = NULL;
  /* Before there is a require, and it does not make one. */
  CHECK_OK(provide(context, "http", "globalThis.http = { n: 1 }", &error), &error);
  JS_STR(context, "typeof require", "undefined");
  CHECK_OK(jsvm_context_install(context, JSVM_PART_REQUIRE, NULL, &error), &error);
  JS_TRUE(context, "require('http') === http && require('node:http') === http");
  JS_STR(context, "(({ isBuiltin, builtinModules }) => [isBuiltin('http'), isBuiltin('node:http'), "
                  "builtinModules.filter((name) => name === 'http').length])(require('module')).join()",
         "true,true,1");
  JS_STR(context, "require.resolve('http') + require.resolve('node:http') + require.resolve.paths('http')",
         "httpnode:httpnull");
  /* In a module's require too, in place of a file and of a builtin; by any name that is no path. */
  put("node_modules/plain/index.js", "module.exports = 'file'");
  put("asks_host.js", "module.exports = require('http').n + require('plain') + require('@our/rules')");
  JS_STR(context, "require('module').createRequire('/')('http').n + ''", "1");
  CHECK_OK(jsvm_context_provide_module(context, "plain!", 5, &value, &error), &error);
  CHECK_OK(jsvm_context_provide_module(context, "@our/rules", JSVM_AUTO_LENGTH, &value, &error), &error);
  {
    char source[128];
    snprintf(source, sizeof source, "require('%s/asks_host')", folder);
    JS_STR(context, source, "1plainplain");
  }
  JS_STR(context, "typeof require('path').join", "function");
  CHECK_OK(provide(context, "path", "() => 'mine'", &error), &error);
  JS_STR(context, "require('path')() + require('node:path')()", "minemine");
  /* Once more: from now on. */
  CHECK_OK(provide(context, "http", "({ n: 2 })", &error), &error);
  JS_STR(context, "require('http').n + '' + http.n", "21");
  JS_STR(context, "require('module').builtinModules.filter((name) => name === 'http') + ''", "http");
  /* With its node: it is that name alone, and comes first. */
  CHECK_OK(provide(context, "node:http", "'exact'", &error), &error);
  CHECK_OK(provide(context, "node:only", "'only'", &error), &error);
  JS_STR(context, "require('node:http') + require('http').n + require('node:only')", "exact2only");
  JS_STR(context, "try { require('only') } catch (e) { e.code }", "MODULE_NOT_FOUND");
  /* Nothing is something: NULL is undefined. */
  CHECK_OK(jsvm_context_provide_module(context, "nothing", JSVM_AUTO_LENGTH, NULL, &error), &error);
  JS_STR(context, "typeof require('nothing')", "undefined");
  /* A context has its own; what is provided may be of another one of its isolate. */
  JS_STR(other, "fails('node:http')", "Error ERR_UNKNOWN_BUILTIN_MODULE: No such built-in module: node:http");
  CHECK_STATUS(js(context, "http", &value, &error), JSVM_STATUS_OK, &error);
  CHECK_OK(jsvm_context_provide_module(other, "http", JSVM_AUTO_LENGTH, &value, &error), &error);
  JS_NUM(other, "require('http').n", 1);
  CHECK_ERROR(jsvm_context_provide_module(foreign, "http", JSVM_AUTO_LENGTH, &value, &error),
              JSVM_STATUS_WRONG_ISOLATE, &error, "value");
  jsvm_slot_clear(&value);
  /* What cannot be a name. */
  static const char *const bad[] = {"", "node:", ".", "..", "./x", "../x", "/x", "\xff"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    CHECK_ERROR(jsvm_context_provide_module(context, bad[i], JSVM_AUTO_LENGTH, NULL, &error),
                JSVM_STATUS_INVALID_ARGUMENT, &error, "name");
  }
  CHECK_ERROR(jsvm_context_provide_module(context, NULL, JSVM_AUTO_LENGTH, NULL, &error), JSVM_STATUS_INVALID_ARGUMENT,
              &error, "name");
  CHECK_ERROR(jsvm_context_provide_module(NULL, "x", 1, NULL, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "context");
  value = (jsvm_slot){.kind = JSVM_KIND_OBJECT};
  CHECK_ERROR(jsvm_context_provide_module(context, "x", 1, &value, &error), JSVM_STATUS_INVALID_ARGUMENT, &error, "value");
  jsvm_context_free(context);
  jsvm_context_free(other);
  jsvm_context_free(foreign);
  jsvm_isolate_free(isolate);
  jsvm_isolate_free(elsewhere);
}

int main(void) {
  char command[96];
  char template[] = "/tmp/jsvm-require-XXXXXX";
  if (mkdtemp(template) == NULL) {
    return 1;
  }
  snprintf(folder, sizeof folder, "%s", template);
  RUN(off_by_default);
  RUN(files);
  RUN(packages);
  RUN(cache);
  RUN(errors);
  RUN(resolves_from);
  RUN(limits);
  RUN(builtins);
  RUN(provided);
  snprintf(command, sizeof command, "rm -r '%s'", folder);
  CHECK(system(command) == 0);
  return FINISH();
}
