'use strict';

// The module node:vm: https://nodejs.org/api/vm.html

const { invalidArgType } = load('errors');
const {
  requireBoolean, requireBuffer, requireFunction, requireInt32, requireObject, requireOneOf, requireString,
  requireStrings, requireObjects, requireUint32,
} = load('validate');
const { ContextifyScript, compileFunction: compile } = native;
const { contextify, isContextified, measure, warn } = load('node:internal/vm/context');
const {
  asBuffer, Module, SourceTextModule, SyntheticModule, importer, setContextImport,
} = load('node:internal/vm/module');
const defaultLoader = load('node:internal/vm/default_loader');
const { apply } = Reflect;

// The errors ask for it only when they need it: the guest can have changed what it uses by then.
load('inspect');

const { createCachedData } = ContextifyScript.prototype;
ContextifyScript.prototype.createCachedData = {
  createCachedData() {
    return asBuffer(apply(createCachedData, this, []));
  },
}.createCachedData;

const parsingContext = Symbol('script parsing context');

const constants = Object.freeze({
  __proto__: null,
  USE_MAIN_CONTEXT_DEFAULT_LOADER: Symbol('vm_dynamic_import_main_context_default'),
  DONT_CONTEXTIFY: Symbol('vm_context_no_contextify'),
});

const DEFAULT_FILENAME = 'evalmachine.<anonymous>';
const NO_OPTIONS = Object.freeze({ __proto__: null });
// What Object.prototype is now: the default for a context's object.
const plain = Object.prototype;

function requireImport(callback) {
  if (callback !== undefined && callback !== constants.USE_MAIN_CONTEXT_DEFAULT_LOADER) {
    requireFunction('options.importModuleDynamically', callback);
  }
}

let warnedOfLoader = false;

// What answers the imports of code of that name that is compiled with the option.
function answer(callback, name) {
  if (callback !== constants.USE_MAIN_CONTEXT_DEFAULT_LOADER) return callback && importer(callback);
  if (!warnedOfLoader) {
    warnedOfLoader = true;
    warn('vm.USE_MAIN_CONTEXT_DEFAULT_LOADER is an experimental feature and might change at any time',
      'ExperimentalWarning');
  }
  return defaultLoader.importerOf?.(name);
}

// Objects that were found to be contextified, which they stay: each run asks, and a native takes longer to answer.
const known = new WeakSet();
const { add, has } = WeakSet.prototype;

function isContext(object) {
  requireObject('object', object, true);
  if (apply(has, known, [object])) return true;
  const is = isContextified(object);
  if (is) apply(add, known, [object]);
  return is;
}

function requireContext(object) {
  if (!isContext(object)) throw invalidArgType('contextifiedObject', 'an vm.Context', object);
}

class Script extends ContextifyScript {
  constructor(code, options = NO_OPTIONS) {
    code = `${code}`;
    if (typeof options === 'string') options = { __proto__: null, filename: options };
    else requireObject('options', options);
    const {
      filename = DEFAULT_FILENAME, lineOffset = 0, columnOffset = 0, cachedData, produceCachedData = false,
      importModuleDynamically, [parsingContext]: context,
    } = options;
    requireString('options.filename', filename);
    requireInt32('options.lineOffset', lineOffset);
    requireInt32('options.columnOffset', columnOffset);
    if (cachedData !== undefined) requireBuffer('options.cachedData', cachedData);
    requireBoolean('options.produceCachedData', produceCachedData);
    requireImport(importModuleDynamically);
    super(code, filename, lineOffset, columnOffset, cachedData, produceCachedData, context,
      answer(importModuleDynamically, filename));
    if (produceCachedData) this.cachedData = asBuffer(this.cachedData);
  }

  runInThisContext(options) {
    const { timeout, displayErrors, breakOnSigint } = runOptions(options);
    return super.runInContext(undefined, timeout, displayErrors, breakOnSigint);
  }

  runInContext(contextifiedObject, options) {
    requireContext(contextifiedObject);
    const { timeout, displayErrors, breakOnSigint } = runOptions(options);
    return super.runInContext(contextifiedObject, timeout, displayErrors, breakOnSigint);
  }

  runInNewContext(contextObject, options) {
    const context = createContext(contextObject, contextOptions(options));
    return this.runInContext(context, options);
  }
}

// The options of a run. No timeout is 0. Here and below each option is read when and as often as in Node: getters may
// throw, and say something else the second time.
function runOptions(options = NO_OPTIONS) {
  requireObject('options', options);
  const { timeout } = options;
  if (timeout !== undefined) requireUint32('options.timeout', timeout, 1);
  const { displayErrors = true, breakOnSigint = false } = options;
  requireBoolean('options.displayErrors', displayErrors);
  requireBoolean('options.breakOnSigint', breakOnSigint);
  return { timeout: timeout ?? 0, displayErrors, breakOnSigint };
}

// createContext's options out of those of runInNewContext.
function contextOptions(options) {
  if (!options) return NO_OPTIONS;
  const made = {
    __proto__: null, name: options.contextName, origin: options.contextOrigin, microtaskMode: options.microtaskMode,
  };
  if (made.name !== undefined) requireString('options.contextName', made.name);
  if (made.origin !== undefined) requireString('options.contextOrigin', made.origin);
  if (options.contextCodeGeneration !== undefined) {
    requireObject('options.contextCodeGeneration', options.contextCodeGeneration);
    const { strings, wasm } = options.contextCodeGeneration;
    if (strings !== undefined) requireBoolean('options.contextCodeGeneration.strings', strings);
    if (wasm !== undefined) requireBoolean('options.contextCodeGeneration.wasm', wasm);
    made.codeGeneration = { __proto__: null, strings, wasm };
  }
  if (options.microtaskMode !== undefined) requireString('options.microtaskMode', options.microtaskMode);
  return made;
}

function createContext(contextObject = { __proto__: plain }, options = NO_OPTIONS) {
  const ordinary = contextObject === constants.DONT_CONTEXTIFY;
  if (!ordinary && isContext(contextObject)) return contextObject;
  requireObject('options', options);
  const { name, origin, codeGeneration, microtaskMode, importModuleDynamically } = options;
  if (name !== undefined) requireString('options.name', name);
  if (origin !== undefined) requireString('options.origin', origin);
  if (codeGeneration !== undefined) requireObject('options.codeGeneration', codeGeneration);
  const { strings = true, wasm = true } = codeGeneration ?? NO_OPTIONS;
  requireBoolean('options.codeGeneration.strings', strings);
  requireBoolean('options.codeGeneration.wasm', wasm);
  requireOneOf('options.microtaskMode', microtaskMode, ['afterEvaluate', undefined]);
  requireImport(importModuleDynamically);
  const global = contextify(ordinary ? undefined : contextObject, name, origin, strings, wasm,
    microtaskMode === 'afterEvaluate');
  const context = ordinary ? global : contextObject;
  if (importModuleDynamically !== undefined) setContextImport(context, answer(importModuleDynamically, ''), context);
  return context;
}

function createScript(code, options) {
  return new Script(code, options);
}

// The options of a script that is compiled in the context that it runs in.
function compiledIn(context, options) {
  return typeof options === 'string' ?
    { __proto__: null, filename: options, [parsingContext]: context } :
    { __proto__: null, ...options, [parsingContext]: context };
}

function runInContext(code, contextifiedObject, options) {
  requireContext(contextifiedObject);
  options = compiledIn(contextifiedObject, options);
  return createScript(code, options).runInContext(contextifiedObject, options);
}

function runInNewContext(code, contextObject, options) {
  if (typeof options === 'string') options = { __proto__: null, filename: options };
  const context = createContext(contextObject, contextOptions(options));
  options = compiledIn(context, options);
  return createScript(code, options).runInNewContext(context, options);
}

function runInThisContext(code, options) {
  if (typeof options === 'string') options = { __proto__: null, filename: options };
  return createScript(code, options).runInThisContext(options);
}

function compileFunction(code, params, options = NO_OPTIONS) {
  requireString('code', code);
  const parameters = params === undefined ? undefined : requireStrings('params', params);
  requireObject('options', options);
  const {
    filename = '', columnOffset = 0, lineOffset = 0, cachedData, produceCachedData = false, parsingContext,
    contextExtensions = [], importModuleDynamically,
  } = options;
  requireString('options.filename', filename);
  requireInt32('options.columnOffset', columnOffset);
  requireInt32('options.lineOffset', lineOffset);
  if (cachedData !== undefined) requireBuffer('options.cachedData', cachedData);
  requireBoolean('options.produceCachedData', produceCachedData);
  if (parsingContext !== undefined &&
    (typeof parsingContext !== 'object' || parsingContext === null || !isContextified(parsingContext))) {
    throw invalidArgType('options.parsingContext', 'an instance of Context', parsingContext);
  }
  const extensions = requireObjects('options.contextExtensions', contextExtensions);
  requireImport(importModuleDynamically);
  const compiled = compile(code, filename, lineOffset, columnOffset, cachedData, produceCachedData, parsingContext,
    extensions, parameters, answer(importModuleDynamically, filename));
  if (produceCachedData) compiled.cachedData = asBuffer(compiled.cachedData);
  return compiled;
}

let warned = false;

function measureMemory(options = NO_OPTIONS) {
  if (!warned) {
    warned = true;
    warn('vm.measureMemory is an experimental feature and might change at any time', 'ExperimentalWarning');
  }
  requireObject('options', options);
  const { mode = 'summary', execution = 'default' } = options;
  requireOneOf('options.mode', mode, ['summary', 'detailed']);
  requireOneOf('options.execution', execution, ['default', 'eager']);
  return measure(mode === 'detailed', execution === 'eager');
}

return {
  Script, createContext, createScript, runInContext, runInNewContext, runInThisContext, isContext, compileFunction,
  measureMemory, constants, Module, SourceTextModule, SyntheticModule,
};
