/* Contextified objects, by the rules of node:vm: what each read, write, declaration and deletion does, and where it is. */
#include "guest.h"

/* What an evaluation gives, as text: of an error its name and message. */
static void outcome(const jsvm_context *context, const char *source, char *text, size_t size) {
  jsvm_error *error = NULL;
  jsvm_slot slot;
  if (js(context, source, &slot, &error) != JSVM_STATUS_OK) {
    snprintf(text, size, "%s: %s", jsvm_error_name(error), jsvm_error_message(error));
    jsvm_error_free(error);
    return;
  }
  switch (slot.kind) {
    case JSVM_KIND_STRING: snprintf(text, size, "%s", slot.data); break;
    case JSVM_KIND_NUMBER: snprintf(text, size, "%g", slot.number); break;
    case JSVM_KIND_BOOLEAN: snprintf(text, size, "%s", slot.number == 1 ? "true" : "false"); break;
    case JSVM_KIND_UNDEFINED: snprintf(text, size, "undefined"); break;
    default: snprintf(text, size, "kind %" PRIu32, slot.kind);
  }
  jsvm_slot_clear(&slot);
}

static void set_global(const jsvm_context *context, const char *name, jsvm_value *value) {
  jsvm_value *global = NULL;
  jsvm_slot key = string_slot(name), slot = handle_slot(value);
  jsvm_error *error = NULL;
  CHECK_OK(jsvm_context_global(context, &global, &error), &error);
  CHECK_OK(jsvm_object_set(global, &key, &slot, NULL, &error), &error);
  jsvm_value_free(global);
}

/* A context of an object of `outside`, where scripts see the object as `o` and the context's globalThis as `g`. */
static jsvm_context *contextify(jsvm_isolate *isolate, jsvm_context *outside, const char *object) {
  jsvm_value *value = js_value(outside, object), *global = NULL;
  jsvm_context_options options = {
      .struct_size = sizeof options, .contextify = true, .contextified_object = value};
  jsvm_context *context = new_context(isolate, &options);
  jsvm_error *error = NULL;
  CHECK_OK(jsvm_context_global(context, &global, &error), &error);
  set_global(outside, "o", value);
  set_global(outside, "g", global);
  jsvm_value_free(value);
  jsvm_value_free(global);
  return context;
}

typedef struct row {
  const char *object;                /* made outside */
  const char *inside, *inside_gives; /* in its context */
  const char *after, *after_gives;   /* outside again */
} row;

static void check_rows(const row *rows, size_t count) {
  jsvm_isolate *isolate = new_isolate(NULL);
  for (size_t i = 0; i < count; i++) {
    jsvm_context *outside = new_context(isolate, NULL);
    jsvm_context *inside = contextify(isolate, outside, rows[i].object);
    char text[300];
    outcome(inside, rows[i].inside, text, sizeof text);
    check_string(text, rows[i].inside_gives, rows[i].inside, rows[i].object, (int)i);
    outcome(outside, rows[i].after, text, sizeof text);
    check_string(text, rows[i].after_gives, rows[i].after, rows[i].object, (int)i);
    jsvm_context_free(inside);
    jsvm_context_free(outside);
  }
  jsvm_isolate_free(isolate);
}
#define CHECK_ROWS(rows) check_rows(rows, sizeof rows / sizeof *rows)

/* A sandbox without prototype, by which `in` says what it has itself. */
#define BARE "({__proto__: null})"
/* Where `x` is: on the sandbox, and in the global object behind, which shows once the sandbox has lost it. */
#define WHERE "Object.hasOwn(o, 'x') + ' ' + (delete o.x, Object.hasOwn(g, 'x'))"

static const row reads[] = {
    {"({a: 1})", "a + this.a + globalThis.a", "3", "g.a + o.a", "2"},
    {"({__proto__: {p: 1}})", "p + ' ' + ('p' in globalThis)", "1 false", "Object.hasOwn(g, 'p')", "false"},
    {"({get a() { return this === o }, set a(v) {}})", "a", "true", "g.a", "true"},
    {"({get a() { throw new RangeError('mine') }})", "try { a } catch (e) { e.message }", "mine",
     "try { g.a } catch (e) { e.message }", "mine"},
    {"(() => { const o = {}; o.self = o; o.deep = {o}; return o })()", "self === globalThis", "true",
     "o.self === o", "true"},
    {"(() => { const o = {}; o.deep = {o}; return o })()", "deep.o === globalThis", "false", "o.deep.o === o",
     "true"},
    {"(() => { const o = {}; o.self = o; return o })()",
     "Object.getOwnPropertyDescriptor(globalThis, 'self').value === globalThis", "false", "g.self === g", "true"},
    {"({})", "missing", "ReferenceError: missing is not defined", "typeof g.missing", "undefined"},
    {"({})", "typeof missing", "undefined", "'missing' in g", "false"},
    {"({a: undefined})", "typeof a + ('a' in globalThis)", "undefinedtrue", "g.a", "undefined"},
    {"({Array: undefined})", "typeof Array", "undefined", "delete o.Array, typeof g.Array", "function"},
    /* The prototype of the object's realm comes before the context's own. */
    {"({})", "toString === Object.prototype.toString", "false", "g.toString === Object.prototype.toString",
     "true"},
    {BARE, "toString === Object.prototype.toString", "true", "g.toString === Object.prototype.toString",
     "false"},
    {"(Object.prototype.polluted = 1, {})", "polluted + ' ' + ('polluted' in globalThis)", "1 false",
     "delete Object.prototype.polluted, typeof g.polluted", "undefined"},
    {"({5: 'five'})", "this[5] + (5 in this) + (6 in this)", "fivetruefalse", "g[4294967294]", "undefined"},
    {"({[Symbol.for('s')]: 3})", "this[Symbol.for('s')]", "3", "g[Symbol.for('s')]", "3"},
    {"['zero', 'one']", "this[1] + length", "one2", "g.length", "2"},
};

static const row writes[] = {
    {BARE, "x = 1; this.x", "1", WHERE, "true false"},
    {BARE, "'use strict'; this.x = 1; x", "1", WHERE, "true false"},
    {BARE, "'use strict'; x = 1", "ReferenceError: x is not defined", WHERE, "false false"},
    {BARE, "'use strict'; x = () => {}", "ReferenceError: x is not defined", WHERE, "false false"},
    {"({x: 0})", "'use strict'; x = 1", "1", "o.x", "1"},
    {"({__proto__: {x: 0}})", "'use strict'; x = 1", "ReferenceError: x is not defined", WHERE, "false false"},
    {"({__proto__: {x: 0}})", "x = 1", "1", "o.x + ' ' + Object.getPrototypeOf(o).x", "1 0"},
    {BARE, "this[7] = 1; this['7']", "1", "Object.keys(o).join()", "7"},
    {BARE, "globalThis[Symbol.for('s')] = 1; globalThis[Symbol.for('s')]", "1",
     "Object.getOwnPropertySymbols(o).length", "0"},
    {"({[Symbol.for('s')]: 0})", "this[Symbol.for('s')] = 1", "1", "o[Symbol.for('s')]", "1"},
    {BARE, "Object.assign(globalThis, {x: 1}).x", "1", WHERE, "true false"},
    {BARE, "Reflect.set(globalThis, 'x', 1)", "true", WHERE, "true false"},
    {BARE, "Array = 1; typeof Array", "number", "delete o.Array, o.Array + typeof g.Array", "undefinednumber"},
    /* Read-only on either side, own or inherited. */
    {"Object.defineProperty({}, 'x', {value: 0, configurable: true})", "x = 1; x", "0", "o.x", "0"},
    {"Object.defineProperty({}, 'x', {value: 0})", "'use strict'; x = 1",
     "TypeError: Cannot assign to read only property 'x' of object '[object Object]'", "o.x", "0"},
    {"Object.defineProperty({}, 'x', {value: 0})", "'use strict'; this.x = 1",
     "TypeError: Cannot redefine property: x", "o.x", "0"},
    {"Object.defineProperty({}, 'x', {value: 0})", "Reflect.set(globalThis, 'x', 1)", "false", "o.x", "0"},
    {"({__proto__: Object.defineProperty({}, 'x', {value: 0})})", "x = 1; x", "0", "Object.hasOwn(o, 'x')",
     "false"},
    {BARE, "NaN = 1; undefined = 1; typeof undefined", "undefined", "Object.keys(o).length", "0"},
    /* Accessors. */
    {"({n: 0, set x(v) { this.n += v }})", "x = 1; x = 1; n", "2", "o.n", "2"},
    {"({__proto__: {set x(v) { this.n = (this.n ?? 0) + v }}})", "x = 1; n", "1", "o.n + ' ' + Object.hasOwn(o, 'x')",
     "1 false"},
    {"({get x() { return 7 }})", "'use strict'; x = 1; x", "7", "o.x", "7"},
    {"({set x(v) { throw new RangeError('mine') }})", "try { x = 1 } catch (e) { e.message }", "mine",
     "try { g.x = 1 } catch (e) { e.message }", "mine"},
    /* An object that takes nothing: the global behind has it. */
    {"Object.freeze({a: 1})", "x = 1; a = 2; x + a", "2", "('x' in o) + ' ' + g.x", "false 1"},
    {"Object.preventExtensions({a: 1})", "a = 2; x = 1; a + x", "3", "o.a + ' ' + ('x' in o)", "2 false"},
    /* Another receiver. */
    {BARE, "Object.create(globalThis).x = 1; typeof x", "undefined", WHERE, "false false"},
    {BARE, "var other = {}; Reflect.set(globalThis, 'x', 1, other); other.x + typeof x", "1undefined", WHERE,
     "false false"},
    /* From outside. */
    {BARE, "1", "1", "g.x = 1; " WHERE, "true false"},
    {"Object.defineProperty({}, 'x', {value: 0})", "1", "1", "'use strict'; g.x = 1",
     "TypeError: Cannot redefine property: x"},
};

static const row declarations[] = {
    {BARE, "var x = 1; x", "1", WHERE, "true true"},
    {BARE, "var x; typeof x + ('x' in globalThis)", "undefinedtrue", WHERE, "false true"},
    {BARE, "function x() { return 1 } x()", "1", "o.x() + ' ' + " WHERE, "1 true true"},
    {BARE, "{ function x() { return 1 } } x()", "1", WHERE, "true true"},
    {BARE, "let x = 1; x", "1", WHERE, "false false"},
    {BARE, "const x = 1; class Y {} typeof Y + x", "function1", "('Y' in o) + ' ' + " WHERE, "false false false"},
    {BARE, "eval('var x = 1'); delete globalThis.x", "true", WHERE, "false false"},
    {BARE, "'use strict'; eval('var x = 1'); typeof x", "undefined", WHERE, "false false"},
    {"({x: 0})", "let x = 1; x + this.x", "1", "o.x", "0"},
    {"({x: 0})", "var x; x", "0", "o.x", "0"},
    {BARE, "x = 0; let y = 1; (0, eval)('let x = 2; x + y')", "3", "o.x", "0"},
    {"Object.defineProperty({}, 'x', {value: 0})", "let x = 1",
     "SyntaxError: Identifier 'x' has already been declared", "o.x", "0"},
    {BARE, "Object.defineProperty(this, 'x', {value: 0}); (0, eval)('1')", "1", "Object.hasOwn(o, 'x')", "true"},
    {"({set onload(v) { this.seen = typeof v }})", "onload = function () {}; seen", "function", "o.seen",
     "function"},
};

static const row deletions[] = {
    {"({x: 1})", "delete x + ' ' + typeof x", "true undefined", WHERE, "false false"},
    {"({x: 1})", "'use strict'; delete globalThis.x", "true", WHERE, "false false"},
    {BARE, "delete globalThis.missing", "true", "delete g.missing", "true"},
    {"Object.defineProperty({}, 'x', {value: 1})", "delete x", "false", "o.x", "1"},
    {"Object.defineProperty({}, 'x', {value: 1})", "'use strict'; delete globalThis.x",
     "TypeError: Cannot delete property 'x' of [object Object]", "o.x", "1"},
    {BARE, "var x = 1; delete x", "false", "('x' in o) + ' ' + g.x", "false 1"},
    {"({__proto__: {x: 1}})", "delete x + ' ' + x", "true 1", "o.x", "1"},
    {"({5: 1})", "delete this[5] + ' ' + (5 in this)", "true false", "5 in o", "false"},
    {BARE, "delete globalThis.Array + typeof Array", "trueundefined", "typeof g.Array", "undefined"},
    {BARE, "Array = 1; delete globalThis.Array; typeof Array", "undefined", "typeof g.Array", "undefined"},
    {"({x: 1})", "1", "1", "delete o.x; 'x' in g", "false"},
    {"({[Symbol.for('s')]: 1})", "delete this[Symbol.for('s')]", "true", "Object.getOwnPropertySymbols(o).length",
     "0"},
};

static const row descriptors[] = {
    {"({b: 1, 7: 1, a: 1, [Symbol.for('s')]: 1})", "Object.keys(globalThis).join()", "7,b,a", "Object.keys(g).join()",
     "7,b,a"},
    {"Object.defineProperty({a: 1, __proto__: {p: 1}}, 'hidden', {value: 1})",
     "let keys = ''; for (const key in globalThis) keys += key + ' '; keys", "a ",
     "Reflect.ownKeys(g).includes('hidden') + ' ' + Reflect.ownKeys(g).includes('p')", "true false"},
    {"({[Symbol.for('s')]: 1})", "Reflect.ownKeys(globalThis).includes(Symbol.for('s'))", "true",
     "Object.getOwnPropertySymbols(g).includes(Symbol.for('s'))", "true"},
    {"({a: 1})", "var v = 1; b = 2; Object.keys(globalThis).join()", "v,a,b", "Object.keys(o).join()", "a,v,b"},
    {"({a: 1})", "JSON.stringify(Object.getOwnPropertyDescriptor(globalThis, 'a'))",
     "{\"value\":1,\"writable\":true,\"enumerable\":true,\"configurable\":true}",
     "Object.getOwnPropertyDescriptor(g, 'a') instanceof Object", "true"},
    {"({get a() { return 1 }})", "typeof Object.getOwnPropertyDescriptor(globalThis, 'a').get", "function",
     "Object.getOwnPropertyDescriptor(g, 'a').get === Object.getOwnPropertyDescriptor(o, 'a').get", "true"},
    {"({__proto__: {p: 1}})", "String(Object.getOwnPropertyDescriptor(globalThis, 'p'))", "undefined", "'p' in g",
     "false"},
    {BARE, "Object.defineProperty(globalThis, 'x', {value: 1}); JSON.stringify(Object.getOwnPropertyDescriptor(this, 'x'))",
     "{\"value\":1,\"writable\":false,\"enumerable\":false,\"configurable\":false}",
     "JSON.stringify(Object.getOwnPropertyDescriptor(o, 'x'))",
     "{\"value\":1,\"writable\":false,\"enumerable\":false,\"configurable\":false}"},
    {"({x: 1})", "Object.defineProperty(globalThis, 'x', {enumerable: false}); x", "1",
     "JSON.stringify(Object.getOwnPropertyDescriptor(o, 'x'))",
     "{\"value\":1,\"writable\":true,\"enumerable\":false,\"configurable\":true}"},
    {"({x: 1})", "Object.defineProperty(globalThis, 'x', {writable: false}); x = 2; x", "1", "o.x", "1"},
    {BARE, "Object.defineProperty(this, 'x', {get: () => 5, configurable: true}); x", "5", WHERE, "true false"},
    {BARE, "Object.defineProperty(this, 'x', {get() { return this === globalThis }, configurable: true}); x", "false",
     "Object.getOwnPropertyDescriptor(o, 'x').get.call(o)", "false"},
    {BARE, "Object.defineProperty(globalThis, 'NaN', {value: 1})", "TypeError: Cannot redefine property: NaN",
     "'NaN' in o", "false"},
    {"Object.defineProperty({}, 'x', {value: 1})", "Object.defineProperty(globalThis, 'x', {value: 2})",
     "TypeError: Cannot redefine property: x", "o.x", "1"},
    {"Object.defineProperty({}, 'x', {value: 1})", "Reflect.defineProperty(globalThis, 'x', {value: 2})", "false",
     "Reflect.defineProperty(g, 'x', {value: 1})", "true"},
    {"Object.freeze({})", "Object.defineProperty(this, 'x', {value: 1}); x", "1", "('x' in o) + ' ' + g.x", "false 1"},
    {BARE, "Object.defineProperty(this, 3, {value: 1, configurable: true}); this[3]", "1", "o[3]", "1"},
    {BARE, "Object.defineProperty(this, Symbol.for('s'), {value: 1}); this[Symbol.for('s')]", "1",
     "o[Symbol.for('s')]", "1"},
    {"({x: 1})", "globalThis.propertyIsEnumerable('x') + ' ' + globalThis.hasOwnProperty('x')", "true true",
     "Object.hasOwn(g, 'Array')", "true"},
};

static const row identity[] = {
    {"({})", "this === globalThis && globalThis === globalThis.globalThis", "true", "o === g", "false"},
    {"({})", "globalThis instanceof Object", "true", "g instanceof Object", "false"},
    {"({})", "Object.getPrototypeOf(globalThis) === Object.prototype", "false",
     "Object.getPrototypeOf(g) === Object.prototype", "false"},
    {"({})", "(function () { return this })() === globalThis", "true", "typeof o.globalThis", "undefined"},
    {"({})", "Object.isExtensible(globalThis)", "true", "Object.isExtensible(o)", "true"},
    {"({})", "Object.freeze(globalThis)", "TypeError: Cannot freeze", "Object.isFrozen(o)", "false"},
    {"({})", "Object.seal(globalThis)", "TypeError: Cannot seal", "Object.isSealed(o)", "false"},
    {"({})", "Object.preventExtensions(globalThis)", "TypeError: Cannot prevent extensions", "Object.isExtensible(o)",
     "true"},
    {"({})", "Object.prototype.toString.call(globalThis)", "[object Object]",
     "Object.prototype.toString.call(g)", "[object Object]"},
    {"new (class Box {})", "Object.prototype.toString.call(globalThis)", "[object Box]",
     "JSON.stringify(Object.getOwnPropertyDescriptor(g, Symbol.toStringTag)) + (Symbol.toStringTag in o)",
     "{\"value\":\"Box\",\"writable\":true,\"enumerable\":false,\"configurable\":true}false"},
    {"[1]", "Object.prototype.toString.call(globalThis)", "[object Array]", "o.join()", "1"},
    {BARE, "Object.prototype.toString.call(globalThis)", "[object Object]", "Symbol.toStringTag in o", "false"},
    {"({})", "[typeof console, typeof setTimeout, typeof Intl.v8BreakIterator, typeof WebAssembly].join()",
     "object,undefined,undefined,object", "Object.keys(o).length", "0"},
};

#define TRAPS                                                                                      \
  "(globalThis.log = '', new Proxy({a: 1}, new Proxy({}, {get: (t, trap) => { log += trap + ' ' }})))"

static const row proxies[] = {
    {"new Proxy({a: 1}, {})", "a + typeof Array", "1function", "o.a", "1"},
    {"new Proxy({}, {get() {}})", "typeof Array", "undefined", "g.Array", "undefined"},
    {"new Proxy({}, {get: (t, k) => k === 'made' ? 5 : t[k]})", "made", "5", "'made' in g", "false"},
    {"new Proxy({}, {get(t, k) { if (k === 'x') throw new RangeError('mine'); }})",
     "try { x } catch (e) { e.message }", "mine", "try { g.x } catch (e) { e.message }", "mine"},
    {"new Proxy({}, {has: () => true})", "typeof missing", "undefined", "'missing' in g", "false"},
    {"new Proxy({}, {getOwnPropertyDescriptor: (t, k) => k === 'v' ? {value: 1, configurable: true} : undefined})",
     "'v' in globalThis", "true", "Object.hasOwn(g, 'v')", "true"},
    /* What `set` has made of it is defined once more, as given. */
    {"new Proxy({}, {set(t, k, v) { t[k] = v * 2; return true }})", "x = 1; x", "1", "o.x", "1"},
    {"new Proxy({}, {set: () => false})", "x = 1; x", "1", "'x' in o", "false"},
    {"new Proxy({}, {set() { throw new RangeError('mine') }})", "try { x = 1 } catch (e) { e.message }", "mine",
     "'x' in o", "false"},
    {"new Proxy({x: 1}, {deleteProperty: () => false})", "delete x", "false", "o.x", "1"},
    {"new Proxy({x: 1}, {defineProperty() { throw new RangeError('mine') }})",
     "try { Object.defineProperty(globalThis, 'x', {value: 2}) } catch (e) { e.message }", "mine", "o.x", "1"},
    {"new Proxy({}, {ownKeys: () => ['p', 'q'], getOwnPropertyDescriptor: () => ({value: 1, enumerable: true, "
     "configurable: true})})", "Object.keys(globalThis).join()", "p,q", "Object.keys(g).join()", "p,q"},
    {"new Proxy({}, {ownKeys() { throw new RangeError('mine') }})",
     "try { Object.keys(globalThis) } catch (e) { e.message }", "mine", "1", "1"},
    /* Making the context asks nothing of a Proxy; a read asks for the value only. */
    {TRAPS, "a", "1", "log", "get "},
    {"(() => { const {proxy, revoke} = Proxy.revocable({}, {}); revoke(); return proxy })()", "1", "1",
     "try { g.a } catch (e) { e.name }", "TypeError"},
    {"(() => { const {proxy, revoke} = Proxy.revocable({a: 1}, {}); globalThis.revoke = revoke; return proxy })()",
     "a", "1", "revoke(); ['g.a', 'g.a = 1', '\"a\" in g', 'delete g.a', 'Object.keys(g)'].map(code => "
     "{ try { return eval(code) } catch (e) { return e.name } }).join()",
     "TypeError,TypeError,TypeError,TypeError,TypeError"},
};

/* Objects that lead back to their own global: an end, never a crash. */
static const row circles[] = {
    {"({})", "1", "1", "Object.setPrototypeOf(o, g); [typeof g.missing, g.x = 1, o.x, 'missing' in g].join()",
     "undefined,1,1,false"},
    {"({})", "1", "1", "Object.setPrototypeOf(o, new Proxy(g, {})); try { g.missing } catch (e) { e.name }",
     "RangeError"},
    {"({})", "1", "1", "Object.setPrototypeOf(o, new Proxy(g, {})); g.missing = 1; o.missing", "1"},
    {"(globalThis.t = {}, new Proxy(t, {}))", "1", "1",
     "Object.setPrototypeOf(t, g); try { g.missing } catch (e) { e.name }", "RangeError"},
    {"({get a() { return g.a }, set a(v) { g.a = v }})", "try { a } catch (e) { e.message }",
     "Maximum call stack size exceeded", "try { g.a = 1 } catch (e) { e.message }",
     "Maximum call stack size exceeded"},
    {"new Proxy({}, {get: (t, k) => g[k]})", "try { missing } catch (e) { e.message }",
     "Maximum call stack size exceeded", "1", "1"},
    {"new Proxy({}, {getOwnPropertyDescriptor: (t, k) => Object.getOwnPropertyDescriptor(g, k)})",
     "try { 'missing' in globalThis } catch (e) { e.message }", "Maximum call stack size exceeded", "1", "1"},
    {"new Proxy({}, {ownKeys: () => Reflect.ownKeys(g)})", "try { Object.keys(globalThis) } catch (e) { e.message }",
     "Maximum call stack size exceeded", "1", "1"},
    {"new Proxy({}, {deleteProperty: (t, k) => delete g[k]})", "try { delete globalThis.a } catch (e) { e.message }",
     "Maximum call stack size exceeded", "1", "1"},
    {"new Proxy({}, {defineProperty: (t, k, d) => Reflect.defineProperty(g, k, d)})",
     "try { Object.defineProperty(globalThis, 'a', {value: 1}) } catch (e) { e.message }",
     "Maximum call stack size exceeded", "1", "1"},
};

/* What can be contextified: anything that is an object. */
static const row objects[] = {
    {"(() => {})", "x = 1", "1", "o.x", "1"},
    {"(class {})", "x = 1", "1", "o.x", "1"},
    {"[]", "x = 1", "1", "o.x", "1"},
    {"new Uint8Array(2)", "this[0] = 300; this[0] + ' ' + x", "ReferenceError: x is not defined", "o[0]", "44"},
    {"new Map()", "x = 1", "1", "o.x", "1"},
    {"new Date(0)", "x = 1", "1", "o.x", "1"},
    {"/x/", "x = 1; source", "x", "o.x", "1"},
    {"new Error('mine')", "x = 1; message", "mine", "o.x", "1"},
    {"Promise.resolve()", "x = 1", "1", "o.x", "1"},
    {"new String('text')", "x = 1; length + this[0]", "4t", "o.x", "1"},
    {"(function () { return arguments })(7)", "this[0] = 8; this[0]", "8", "o[0]", "8"},
    {"new ArrayBuffer(8)", "x = 1", "1", "o.x", "1"},
    {"new WeakRef({})", "x = 1", "1", "o.x", "1"},
    {"(function* () {})()", "x = 1", "1", "o.x", "1"},
    {"new Proxy(() => {}, {})", "x = 1", "1", "o.x", "1"},
    {"new WebAssembly.Memory({initial: 0})", "x = 1", "1", "o.x", "1"},
    {"Object.prototype", "x = 1; x", "1", "delete Object.prototype.x, 'x' in g", "false"},
    {"Intl", "x = 1", "1", "o.x", "1"},
};

static void rules_of_reads(void) { CHECK_ROWS(reads); }
static void rules_of_writes(void) { CHECK_ROWS(writes); }
static void rules_of_declarations(void) { CHECK_ROWS(declarations); }
static void rules_of_deletions(void) { CHECK_ROWS(deletions); }
static void rules_of_descriptors(void) { CHECK_ROWS(descriptors); }
static void rules_of_identity(void) { CHECK_ROWS(identity); }
static void rules_of_proxies(void) { CHECK_ROWS(proxies); }
static void no_circle_crashes(void) { CHECK_ROWS(circles); }
static void any_object(void) { CHECK_ROWS(objects); }

int main(void) {
  RUN(rules_of_reads);
  RUN(rules_of_writes);
  RUN(rules_of_declarations);
  RUN(rules_of_deletions);
  RUN(rules_of_descriptors);
  RUN(rules_of_identity);
  RUN(rules_of_proxies);
  RUN(no_circle_crashes);
  RUN(any_object);
  return FINISH();
}
