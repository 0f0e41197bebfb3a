/* The JavaScript module node:vm that a host gives to a context: whose it is, cached data between it and C, memory
 * measured, and a guest that has changed every builtin. Its limits are in test_vm_limits.c. */
#include "guest.h"

static jsvm_isolate *isolate;
static jsvm_error *error;

static jsvm_context *contextified(void) {
  jsvm_context_options options = {.struct_size = sizeof options, .contextify = true};
  return new_context(isolate, &options);
}

static jsvm_value *vm_of(const jsvm_context *context) {
  jsvm_value *module = NULL;
  CHECK_OK(jsvm_context_vm_module(context, NULL, &module, &error), &error);
  return module;
}

static void set_global(const jsvm_context *context, const char *name, const jsvm_slot *value) {
  jsvm_value *global = NULL;
  jsvm_slot key = string_slot(name);
  CHECK_OK(jsvm_context_global(context, &global, &error), &error);
  CHECK_OK(jsvm_object_set(global, &key, value, NULL, &error), &error);
  jsvm_value_free(global);
}

static void give_vm(const jsvm_context *context) {
  jsvm_value *module = vm_of(context);
  jsvm_slot slot = handle_slot(module);
  set_global(context, "vm", &slot);
  jsvm_value_free(module);
}

static int same(const jsvm_value *a, const jsvm_value *b) {
  bool equal = false;
  CHECK_OK(jsvm_value_strict_equals(a, b, &equal, &error), &error);
  return equal;
}

/* Nothing in a context leads to the module before the host gives it. */
static void only_when_given(void) {
  jsvm_context *context = new_context(isolate, NULL);
  JS_STR(context, "Reflect.ownKeys(globalThis).map(String).filter(k => /vm|require|process/i.test(k)).join()", "");
  jsvm_value *module = vm_of(context), *again = vm_of(context);
  CHECK(same(module, again));
  JS_STR(context, "Reflect.ownKeys(globalThis).map(String).filter(k => /vm|require|process/i.test(k)).join()", "");
  jsvm_value_free(module);
  jsvm_value_free(again);
  jsvm_context_free(context);
}

static void what_it_has(void) {
  jsvm_context *context = new_context(isolate, NULL);
  give_vm(context);
  JS_STR(context, "Object.keys(vm).join()",
         "Script,createContext,createScript,runInContext,runInNewContext,runInThisContext,isContext,"
         "compileFunction,measureMemory,constants,Module,SourceTextModule,SyntheticModule");
  JS_TRUE(context, "Object.isFrozen(vm.constants) && typeof vm.constants.DONT_CONTEXTIFY === 'symbol'");
  JS_NUM(context, "vm.runInNewContext('a + b', {a: 1, b: 2})", 3);
  JS_TRUE(context, "const s = vm.createContext({n: 1}); vm.isContext(s) && vm.runInContext('n++', s) === 1 && s.n === 2");
  JS_TRUE(context, "vm.runInContext('globalThis', s) !== s && !vm.isContext(vm.runInContext('globalThis', s))");
  JS_TRUE(context, "const d = vm.createContext(vm.constants.DONT_CONTEXTIFY); vm.runInContext('globalThis', d) === d");
  JS_NUM(context, "vm.compileFunction('return a + b', ['a', 'b'])(1, 2) + new vm.Script('1 + 1').runInThisContext()", 5);
  JS_STR(context, "try { vm.isContext(5) } catch (e) { e.code + e.message }",
         "ERR_INVALID_ARG_TYPEThe \"object\" argument must be of type object. Received type number (5)");
  jsvm_context_free(context);
}

/* "This context" is the one that the module was asked for, whoever calls it. */
static void each_context_has_its_own(void) {
  jsvm_context *contexts[] = {new_context(isolate, NULL), contextified(), contextified(), main_context(isolate)};
  enum { COUNT = sizeof contexts / sizeof *contexts };
  jsvm_value *modules[COUNT];
  for (int i = 0; i < COUNT; i++) {
    jsvm_slot number = number_slot(i);
    give_vm(contexts[i]);
    set_global(contexts[i], "which", &number);
    modules[i] = vm_of(contexts[i]);
  }
  for (int i = 0; i < COUNT; i++) {
    JS_NUM(contexts[i], "vm.runInThisContext('which')", i);
    JS_TRUE(contexts[i], "vm.runInThisContext('globalThis') === globalThis");
    JS_TRUE(contexts[i], "vm.compileFunction('return globalThis')() === globalThis");
    JS_TRUE(contexts[i], "vm.runInThisContext('[]') instanceof Array && !(vm.runInNewContext('[]') instanceof Array)");
    JS_TRUE(contexts[i], "try { vm.isContext(1) } catch (e) { e instanceof TypeError }");
    for (int j = 0; j < i; j++) {
      CHECK(!same(modules[i], modules[j]));
    }
    /* Another context's module, lent. */
    jsvm_slot lent = handle_slot(modules[(i + 1) % COUNT]);
    set_global(contexts[i], "lent", &lent);
    JS_NUM(contexts[i], "lent.runInThisContext('which')", (i + 1) % COUNT);
    JS_TRUE(contexts[i], "try { lent.isContext(1) } catch (e) { !(e instanceof TypeError) }");
  }
  /* What the guest makes in one is a context for C and for the others. */
  jsvm_value *made = js_value(contexts[0], "vm.createContext({x: 1}, {name: 'of the guest', origin: 'here'})");
  jsvm_context *found = NULL;
  jsvm_slot slot = handle_slot(made);
  set_global(contexts[1], "made", &slot);
  JS_NUM(contexts[1], "vm.runInContext('x', made)", 1);
  CHECK_OK(jsvm_is_context(made, NULL, &found, &error), &error);
  CHECK_STR(jsvm_context_name(found), "of the guest");
  CHECK_STR(jsvm_context_origin(found), "here");
  JS_NUM(found, "x", 1);
  JS_STR(found, "typeof vm", "undefined");
  give_vm(found);
  JS_NUM(found, "vm.runInThisContext('x')", 1);
  jsvm_context_free(found);
  jsvm_value_free(made);
  for (int i = 0; i < COUNT; i++) {
    jsvm_value_free(modules[i]);
    jsvm_context_free(contexts[i]);
  }
}

/* The module's functions after the context is given up. */
static void outlives_its_context(void) {
  jsvm_context *context = new_context(isolate, NULL), *other = new_context(isolate, NULL);
  jsvm_value *module;
  jsvm_slot slot;
  JS_OK(context, "globalThis.mine = 5");
  module = vm_of(context);
  slot = handle_slot(module);
  set_global(other, "lent", &slot);
  jsvm_value_free(module);
  jsvm_context_free(context);
  CHECK_OK(jsvm_isolate_low_memory_notification(isolate, &error), &error);
  JS_NUM(other, "lent.runInThisContext('mine') + lent.runInNewContext('1')", 6);
  jsvm_context_free(other);
}

/* Every builtin of the guest's is replaced by a function that throws, and what it inherits by accessors that do. */
static const char poison[] =
    "(() => {\n"
    "  const {ownKeys, getOwnPropertyDescriptor, getPrototypeOf} = Reflect, {defineProperty} = Object;\n"
    "  const seen = new Set(), found = [];\n"
    "  const walk = (object) => {\n"
    "    if (object === null || typeof object !== 'object' && typeof object !== 'function' || seen.has(object)) return;\n"
    "    if (object === vm) return;\n"
    "    seen.add(object);\n"
    "    walk(getPrototypeOf(object));\n"
    "    for (const key of ownKeys(object)) {\n"
    "      const own = getOwnPropertyDescriptor(object, key);\n"
    "      if (object !== globalThis || key !== 'vm') found.push([object, key, own.get || own.set]);\n"
    "      if ('value' in own) walk(own.value); else { walk(own.get); walk(own.set); }\n"
    "    }\n"
    "  };\n"
    "  walk(globalThis);\n"
    "  for (const of of [function* () {}, async () => {}, async function* () {}, [].values(), new Map().values(), new Set()\n"
    "    .values(), ''[Symbol.iterator](), 'x'.matchAll(/x/g)]) walk(of);\n"
    "  function poisoned() { throw 'poisoned'; }\n"
    "  const value = {value: poisoned}, accessor = {get: poisoned, set: poisoned};\n"
    "  let count = 0;\n"
    "  for (let i = 0; i < found.length; i++) {\n"
    "    const object = found[i][0], key = found[i][1];\n"
    "    if (key === 'globalThis') continue;\n"
    "    try { defineProperty(object, key, ACCESSORS || found[i][2] ? accessor : value); count++; } catch {}\n"
    "  }\n"
    "  const names = ['value', 'get', 'set', 'writable', 'enumerable', 'configurable', 'code', 'cachedData', 'stack', 'message',\n"
    "    'cachedDataProduced', 'cachedDataRejected', 'sourceMapURL', 'sourceURL', 'total', 'current', 'other', 'jsMemoryEstimate',\n"
    "    'jsMemoryRange', 'name', 'origin', 'strings', 'wasm', 'depth', 'length', 'buffer', 'seen', 'inspect'];\n"
    "  for (let i = 0; i < names.length; i++)\n"
    "    defineProperty(getPrototypeOf({}), names[i], {__proto__: null, get: poisoned, set: poisoned});\n"
    "  return count;\n"
    "})()";

static void a_guest_that_changes_everything(void) {
  static const struct {
    const char *source, *gives;
  } rows[] = {
      {"vm.runInThisContext('1 + 1')", "2"},
      {"vm.runInNewContext('a + 1', {__proto__: null, a: 5})", "6"},
      {"vm.runInNewContext('a + typeof Array', {__proto__: null, a: 5}, 'file.js')", "5function"},
      {"vm.runInContext('x = 1; x', vm.createContext())", "1"},
      {"vm.runInContext('x = 1; x', vm.createContext({__proto__: null}), {__proto__: null, timeout: 1000})", "1"},
      {"vm.isContext({__proto__: null})", "false"},
      {"vm.isContext(vm.createContext(vm.constants.DONT_CONTEXTIFY))", "true"},
      {"new vm.Script('1 + 2').runInThisContext()", "3"},
      {"new vm.Script('a', {__proto__: null, filename: 'f.js'}).runInNewContext({__proto__: null, a: 7})", "7"},
      {"vm.createScript('4', 'f.js').runInContext(vm.createContext({__proto__: null}))", "4"},
      {"vm.compileFunction('return a + this', ['a']).call", "poisoned"},
      {"vm.compileFunction('return a + 1', ['a'])(1)", "2"},
      {"vm.compileFunction('return a', [], {__proto__: null, contextExtensions: [{__proto__: null, a: 3}]})()", "3"},
      {"vm.compileFunction('return x', undefined, {__proto__: null, parsingContext: vm.createContext({__proto__: null, x: 3})})()",
       "3"},
      {"typeof new vm.Script('1', {__proto__: null, produceCachedData: true}).cachedData", "object"},
      {"typeof new vm.Script('1').createCachedData()", "object"},
      {"new vm.Script('12', {__proto__: null, cachedData: new vm.Script('12').createCachedData()}).cachedDataRejected", "false"},
      {"typeof vm.compileFunction('1', [], {__proto__: null, produceCachedData: true}).cachedData", "object"},
      {"typeof new vm.SourceTextModule('1').createCachedData()", "object"},
      {"new vm.SourceTextModule('export default 1').status", "unlinked"},
      {"new vm.SyntheticModule(['a'], () => {}).identifier", "vm:module(2)"},
      {"new vm.SourceTextModule(5)", "ERR_INVALID_ARG_TYPE"},
      {"typeof vm.measureMemory()", "object"},
      {"typeof vm.measureMemory({__proto__: null, mode: 'detailed', execution: 'eager'})", "object"},
      {"vm.isContext(1)", "ERR_INVALID_ARG_TYPE"},
      {"vm.runInContext('1', {__proto__: null})", "ERR_INVALID_ARG_TYPE"},
      {"vm.runInContext('1', {__proto__: null, text: 'two', more: {__proto__: null}})", "ERR_INVALID_ARG_TYPE"},
      {"new vm.Script('1', 5)", "ERR_INVALID_ARG_TYPE"},
      {"new vm.Script('1', {__proto__: null, filename: \"it's a long string that is not the type\".length})",
       "ERR_INVALID_ARG_TYPE"},
      {"new vm.Script('1', {__proto__: null, produceCachedData: \"it's a long string of the wrong type\"})",
       "ERR_INVALID_ARG_TYPE"},
      {"new vm.Script('1', {__proto__: null, cachedData: 1n})", "ERR_INVALID_ARG_TYPE"},
      {"new vm.Script('1', {__proto__: null, lineOffset: 1.5})", "ERR_OUT_OF_RANGE"},
      {"new vm.Script('1', {__proto__: null, lineOffset: 12345678901})", "ERR_OUT_OF_RANGE"},
      {"new vm.Script('1').runInThisContext({__proto__: null, timeout: 0})", "ERR_OUT_OF_RANGE"},
      {"vm.createContext({__proto__: null}, {__proto__: null, microtaskMode: 'never'})", "ERR_INVALID_ARG_VALUE"},
      {"vm.createContext({__proto__: null}, {__proto__: null, microtaskMode: {__proto__: null, a: 1}})", "ERR_INVALID_ARG_VALUE"},
      {"vm.measureMemory({__proto__: null, mode: 5})", "ERR_INVALID_ARG_VALUE"},
      {"vm.compileFunction('1', {__proto__: null})", "ERR_INVALID_ARG_TYPE"},
      {"vm.compileFunction('1', [5])", "ERR_INVALID_ARG_TYPE"},
      {"vm.compileFunction('1', [], {__proto__: null, contextExtensions: [1]})", "ERR_INVALID_ARG_TYPE"},
      {"vm.runInThisContext('for (;;);', {__proto__: null, timeout: 20})", "ERR_SCRIPT_EXECUTION_TIMEOUT"},
      {"vm.runInNewContext('for (;;);', {__proto__: null}, {__proto__: null, timeout: 20})", "ERR_SCRIPT_EXECUTION_TIMEOUT"},
      {"vm.runInNewContext('missing', {__proto__: null})", "missing is not defined"},
      {"vm.runInThisContext('throw 5')", "5"},
  };
  /* By functions, and by accessors. */
  for (int variant = 0; variant < 4; variant++) {
    jsvm_context *context = variant % 2 == 0 ? new_context(isolate, NULL) : contextified();
    jsvm_slot accessors = {.kind = JSVM_KIND_BOOLEAN, .number = variant >= 2}, slot;
    give_vm(context);
    set_global(context, "ACCESSORS", &accessors);
    JS_OK(context, "Error.prepareStackTrace = Error.captureStackTrace = () => { throw 'poisoned' }");
    JS_SLOT(context, poison, &slot);
    CHECK(slot.number > 1000);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
      char source[400];
      snprintf(source, sizeof source,
               "(() => { try { return `${%s}`; } catch (e) { return typeof e === 'object' ? e.code ?? e.message : `${e}`; } })()",
               rows[i].source);
      jsvm_status status = js(context, source, &slot, &error);
      if (!check_status(status, JSVM_STATUS_OK, &error, NULL, rows[i].source, "variant", variant)) {
        continue;
      }
      check_bytes(slot.data, slot.len, rows[i].gives, strlen(rows[i].gives), rows[i].source, "variant", variant);
      jsvm_slot_clear(&slot);
    }
    jsvm_context_free(context);
  }
}

/* The class that vm.Script extends, and what else vm.js does not look at. */
static void past_the_checks(void) {
  static const struct {
    const char *source, *gives;
  } rows[] = {
      {"base.runInContext.call(script, inner, bad)", "1"},
      {"base.runInContext.call(script, inner, Symbol())", "1"},
      {"base.runInContext.call(script, {})", "Error: an argument is no contextified object"},
      {"base.runInContext.call({}, inner)", "TypeError: Illegal invocation"},
      {"base.runInContext.call(Object.create(vm.Script.prototype), inner)", "TypeError: Illegal invocation"},
      {"base.runInContext.call(new Proxy(script, {}), inner)", "TypeError: Illegal invocation"},
      {"base.createCachedData.call({})", "TypeError: Illegal invocation"},
      {"Base('1')", "TypeError: Class constructor ContextifyScript cannot be invoked without 'new'"},
      {"new Base()", "Error: an argument is no string"},
      {"typeof new Base('1', 'f', bad)", "object"},
      {"typeof new Base('1', 'f', 0, Symbol())", "object"},
      {"typeof new Base('1', 'f', 0, 0, 5, true, 5)", "object"},
      {"typeof new Base('1', 'f', 0, 0, 5, true, {})", "Error: an argument is no contextified object"},
      {"base.runInContext.call(Reflect.construct(vm.Script, ['7'], Array), inner)", "7"},
      {"vm.runInContext('1', new Proxy(inner, {}))", "TypeError [ERR_INVALID_ARG_TYPE]: The \"contextifiedObject\" argument must be an vm.Context. "
       "Received an instance of Object"},
      {"new vm.Script({toString: bad.valueOf})", "RangeError: mine"},
      {"new vm.Script('1', {get filename() { bad.valueOf() }})", "RangeError: mine"},
      {"new vm.Script('1', {cachedData: new Uint8Array(new SharedArrayBuffer(8))}).cachedDataRejected", "true"},
      {"new vm.Script('1', {cachedData: detached}).cachedDataRejected", "true"},
      {"new vm.Script('1', {cachedData: new Uint8Array(new ArrayBuffer(8, {maxByteLength: 16}))}).cachedDataRejected", "true"},
      {"typeof vm.compileFunction('1', new Proxy(['a'], {}))", "function"},
      {"vm.compileFunction('1', flipping)", "function (a) {\n1\n}"},
      {"vm.compileFunction('}; (', [])", "SyntaxError: Unexpected token '}'"},
      {"vm.compileFunction('', ['a) { } function f('])", "SyntaxError: Parameter 'a) { } function f(' is not an identifier"},
      {"vm.compileFunction('', new Array(70000).fill('a'))",
       "SyntaxError: Too many parameters in function definition (only 65534 allowed)"},
      {"new vm.Script('1', {lineOffset: 2147483647, columnOffset: -2147483648}).runInThisContext({timeout: 4294967295})", "1"},
      {"typeof vm.createContext(new Proxy({}, {get: bad.valueOf, getPrototypeOf: bad.valueOf, has: bad.valueOf}))", "object"},
      {"typeof vm.createContext({}, {name: '\\ud800', origin: '\\0'})", "object"},
  };
  jsvm_context *context = new_context(isolate, NULL);
  give_vm(context);
  JS_OK(context, "const Base = Object.getPrototypeOf(vm.Script), base = Base.prototype, inner = vm.createContext({}); "
                 "const script = new vm.Script('1'), detached = new Uint8Array(8), flipping = []; let reads = 0; "
                 "detached.buffer.transfer(); "
                 "const bad = {valueOf() { throw new RangeError('mine') }}; "
                 "Object.defineProperty(flipping, 0, {get: () => reads++ ? 5 : 'a'})");
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char source[400];
    snprintf(source, sizeof source, "(() => { try { return `${%s}` } catch (e) { return `${e}` } })()", rows[i].source);
    js_string(context, source, rows[i].gives, __FILE__, (int)i);
  }
  jsvm_context_free(context);
}

/* The bytes that each door makes are taken by the other. */
static void cached_data(void) {
  static const char *const sources[] = {
      "function f(n) { return n * 2 } f(21)", /* ASCII */
      "function f(n) { return n * 2 } var \xc3\xa4 = '\xc3\xbc'; f(21)", /* Latin-1 */
      "function f(n) { return n * 2 } var w = '\xe2\x82\xac\xf0\x9f\x98\x80'; f(21)", /* wide */
  };
  jsvm_context *context = new_context(isolate, NULL);
  give_vm(context);
  for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
    jsvm_script_options options = {.struct_size = sizeof options};
    jsvm_script *script = NULL;
    jsvm_bytes bytes;
    jsvm_borrow *borrow = NULL;
    void *data = NULL;
    jsvm_slot source = string_slot(sources[i]), slot;
    jsvm_value *made = NULL;
    set_global(context, "source", &source);
    /* C to JavaScript. */
    CHECK_OK(jsvm_script_new(isolate, sources[i], JSVM_AUTO_LENGTH, NULL, &script, &error), &error);
    CHECK_OK(jsvm_script_create_cached_data(script, &bytes, &error), &error);
    jsvm_script_free(script);
    CHECK_OK(jsvm_array_buffer_new(context, bytes.data, bytes.len, &made, &error), &error);
    slot = handle_slot(made);
    set_global(context, "bytes", &slot);
    jsvm_value_free(made);
    JS_TRUE(context, "var script = new vm.Script(source, {cachedData: new Uint8Array(bytes)}); "
                     "script.cachedDataRejected === false && script.runInThisContext() === 42");
    /* Each byte counts: what is changed, cut off, or of another source is refused, and the source compiled. */
    JS_TRUE(context, "var bad = 0; for (let at = 0; at < bytes.byteLength; at += 7) { const copy = new Uint8Array(bytes.slice()); "
                     "copy[at] ^= 0x55; const s = new vm.Script(source, {cachedData: copy}); "
                     "if (!s.cachedDataRejected || s.runInThisContext() !== 42) bad++ } bad === 0");
    JS_TRUE(context, "var bad = 0; for (let len = 0; len < bytes.byteLength; len += 13) { "
                     "const s = new vm.Script(source, {cachedData: new Uint8Array(bytes, 0, len)}); "
                     "if (!s.cachedDataRejected || s.runInThisContext() !== 42) bad++ } bad === 0");
    JS_TRUE(context, "new vm.Script(source + ' ', {cachedData: new Uint8Array(bytes)}).cachedDataRejected");
    JS_TRUE(context, "new vm.Script(source, {cachedData: new DataView(bytes)}).cachedDataRejected === false");
    jsvm_bytes_clear(&bytes);
    /* JavaScript to C. */
    made = js_value(context, "new Uint8Array(new vm.Script(source).createCachedData()).buffer");
    CHECK_OK(jsvm_buffer_borrow(made, &data, &options.cached_data_len, &borrow, &error), &error);
    options.cached_data = data;
    CHECK_OK(jsvm_script_new(isolate, sources[i], JSVM_AUTO_LENGTH, &options, &script, &error), &error);
    CHECK(!jsvm_script_cached_data_rejected(script));
    CHECK_OK(jsvm_script_run_in_context(script, context, NULL, &slot, &error), &error);
    CHECK_EQ_NUM(slot.number, 42);
    jsvm_script_free(script);
    jsvm_borrow_free(borrow);
    jsvm_value_free(made);
  }
  /* Bytes of a function are not bytes of a script, and the other way round. */
  JS_TRUE(context, "var f = vm.compileFunction('42', [], {produceCachedData: true}); f.cachedDataProduced && "
                   "new vm.Script('42', {cachedData: f.cachedData}).cachedDataRejected");
  jsvm_context_free(context);
}

static void memory_is_measured(void) {
  jsvm_context *context = contextified();
  jsvm_value *promise;
  jsvm_slot slot;
  give_vm(context);
  promise = js_value(context, "var inner = vm.createContext({}); vm.measureMemory({mode: 'detailed', execution: 'eager'})");
  CHECK((jsvm_value_flags(promise) & JSVM_FLAG_PROMISE) != 0);
  CHECK_OK(jsvm_promise_await(promise, NULL, &slot, &error), &error);
  set_global(context, "measured", &slot);
  jsvm_slot_clear(&slot);
  jsvm_value_free(promise);
  JS_STR(context, "Object.keys(measured).filter(k => k !== 'WebAssembly').join() + Object.keys(measured.current)",
         "total,current,otherjsMemoryEstimate,jsMemoryRange");
  JS_TRUE(context, "measured.total.jsMemoryEstimate > 0 && measured.other.length >= 1");
  jsvm_context_free(context);
}

static void microtask_modes(void) {
  jsvm_context *context = new_context(isolate, NULL);
  give_vm(context);
  JS_STR(context, "const own = vm.createContext({log: ''}, {microtaskMode: 'afterEvaluate'}); "
                  "vm.runInContext('Promise.resolve().then(() => log += 1); log += 0', own); own.log", "01");
  JS_STR(context, "const shared = vm.createContext({log: ''}); "
                  "vm.runInContext('Promise.resolve().then(() => log += 1); log += 0', shared); shared.log", "0");
  JS_STR(context, "shared.log", "01");
  /* The queue of its own is inside the timeout. */
  JS_STR(context, "try { vm.runInContext('(function loop() { Promise.resolve().then(loop) })()', own, {timeout: 30}) } "
                  "catch (e) { e.code }", "ERR_SCRIPT_EXECUTION_TIMEOUT");
  JS_NUM(context, "vm.runInContext('1', own)", 1);
  jsvm_context_free(context);
}

static void a_thousand_contexts(void) {
  jsvm_isolate *own = new_isolate(NULL);
  jsvm_context *context = main_context(own);
  jsvm_heap_statistics heap;
  give_vm(context);
  JS_NUM(context, "let sum = 0; for (let i = 0; i < 1000; i++) sum += vm.runInNewContext('x = i * 2', {i}); sum", 999000);
  CHECK_OK(jsvm_isolate_low_memory_notification(own, &error), &error);
  CHECK_OK(jsvm_isolate_heap_statistics(own, &heap, &error), &error);
  CHECK_EQ_INT(heap.number_of_native_contexts, 1);
  jsvm_context_free(context);
  jsvm_isolate_free(own);
}

static void misuse(void) {
  jsvm_isolate *other = new_isolate(NULL);
  jsvm_context *gone = main_context(other);
  jsvm_value *module = (jsvm_value *)gone;
  CHECK_STATUS(jsvm_context_vm_module(NULL, NULL, &module, &error), JSVM_STATUS_INVALID_ARGUMENT, &error);
  CHECK(module == NULL);
  CHECK_STATUS(jsvm_context_vm_module(gone, NULL, NULL, &error), JSVM_STATUS_INVALID_ARGUMENT, &error);
  CHECK_STATUS(jsvm_context_vm_module((jsvm_context *)other, NULL, &module, &error), JSVM_STATUS_INVALID_ARGUMENT, &error);
  jsvm_vm_module_options wrong = {.struct_size = sizeof wrong, .generation = 11};
  CHECK_STATUS(jsvm_context_vm_module(gone, &wrong, &module, &error), JSVM_STATUS_INVALID_ARGUMENT, &error);
  jsvm_isolate_free(other);
  CHECK_STATUS(jsvm_context_vm_module(gone, NULL, &module, &error), JSVM_STATUS_DISPOSED, &error);
  jsvm_context_free(gone);
  CHECK_STATUS(jsvm_context_vm_module(gone, NULL, &module, &error), JSVM_STATUS_INVALID_ARGUMENT, &error);
}

static void oldest_names(void) {
  jsvm_context *context = new_context(isolate, NULL);
  jsvm_vm_module_options options = {.struct_size = sizeof options, .generation = 10};
  jsvm_value *oldest = NULL;
  jsvm_value *again = NULL;
  jsvm_value *newest = vm_of(context);
  CHECK_OK(jsvm_context_vm_module(context, &options, &oldest, &error), &error);
  CHECK_OK(jsvm_context_vm_module(context, &options, &again, &error), &error);
  CHECK(same(oldest, again));
  CHECK(!same(oldest, newest));
  jsvm_slot slot = handle_slot(oldest);
  set_global(context, "oldest", &slot);
  slot = handle_slot(newest);
  set_global(context, "newest", &slot);
  JS_TRUE(context, "oldest.Script === newest.Script && oldest.Module === undefined");
  JS_TRUE(context, "'linkingStatus' in oldest.SourceTextModule.prototype");
  JS_TRUE(context, "!('linkingStatus' in newest.SourceTextModule.prototype)");
  jsvm_value_free(newest);
  jsvm_value_free(again);
  jsvm_value_free(oldest);
  jsvm_context_free(context);
}

int main(void) {
  isolate = new_isolate(NULL);
  RUN(only_when_given);
  RUN(what_it_has);
  RUN(oldest_names);
  RUN(each_context_has_its_own);
  RUN(outlives_its_context);
  RUN(a_guest_that_changes_everything);
  RUN(past_the_checks);
  RUN(cached_data);
  RUN(memory_is_measured);
  RUN(microtask_modes);
  RUN(a_thousand_contexts);
  RUN(misuse);
  jsvm_isolate_free(isolate);
  return FINISH();
}
