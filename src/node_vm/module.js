'use strict';

// The classes of ES modules: https://nodejs.org/api/vm.html#class-vmmodule

const { coded, invalidArgType, invalidArgValue } = load('errors');
const {
  requireArray, requireBoolean, requireBuffer, requireFunction, requireInt32, requireObject, requireString, requireUint32,
} = load('validate');
const { isModuleNamespaceObject } = load('types');
const { list } = load('builtins');
const { isContextified } = load('node:internal/vm/context');
const { prototype: bufferPrototype } = load('buffer').Buffer;
const { Error, Promise, TypeError } = globalThis;
const { apply } = Reflect;
const { defineProperty, freeze, getPrototypeOf, setPrototypeOf } = Object;
const { isArray, prototype: arrayPrototype } = Array;
const uncurry = Function.prototype.bind.bind(Function.prototype.call);
const bind = uncurry(Function.prototype.bind);
const mapGet = uncurry(WeakMap.prototype.get);
const mapSet = uncurry(WeakMap.prototype.set);
const push = uncurry(Array.prototype.push);
const then = uncurry(Promise.prototype.then);
const resolve = Promise.resolve.bind(Promise);
const reject = Promise.reject.bind(Promise);
const inspectCustom = Symbol.for('nodejs.util.inspect.custom');

// What natives give as bytes is a Buffer to Node's users.
const asBuffer = (bytes) => setPrototypeOf(bytes, bufferPrototype);

const NO_OPTIONS = freeze({ __proto__: null });
const NO_ERROR = Symbol('no error');
// In the order of the natives.
const STATUSES = ['unlinked', 'linking', 'linked', 'evaluating', 'evaluated', 'errored'];
const PHASES = ['source', 'defer', 'evaluation'];
// Of most requests.
const NO_ATTRIBUTES = freeze({ __proto__: null });

// Default identifiers count the modules of each context, and those without one.
const counted = new WeakMap();
const nowhere = {};
function defaultIdentifier(context = nowhere) {
  const count = mapGet(counted, context) ?? 0;
  mapSet(counted, context, count + 1);
  return `vm:module(${count})`;
}

const invalidThis = (type) => coded(TypeError, 'ERR_INVALID_THIS', `Value of "this" must be of type ${type}`);
const wrongStatus = (text) => coded(Error, 'ERR_VM_MODULE_STATUS', `Module status ${text}`);
const notModule = () => coded(Error, 'ERR_VM_MODULE_NOT_MODULE', 'Provided module is not an instance of Module');
const otherContext = () =>
  coded(Error, 'ERR_VM_MODULE_DIFFERENT_CONTEXT', 'Linked modules must use the same context');
const erroredModule = (specifier, cause) => {
  const failure = coded(Error, 'ERR_VM_MODULE_LINK_FAILURE', `request for '${specifier}' resolved to an errored module`);
  return defineProperty(failure, 'cause',
    { __proto__: null, value: cause, configurable: true, enumerable: true, writable: true });
};

const statusOf = (record) => STATUSES[native.moduleStatus(record)];

// Set by the classes: what is inside of them, for the functions here.
let isModule, recordOf, isSourceText, requestsOf, progress, linkGraph;

function requireModule(module) {
  if (!isModule(module)) throw invalidThis('Module');
}

function requireSourceText(module) {
  if (!isSourceText(module)) throw invalidThis('SourceTextModule');
}

// What makes the record of the module that is being constructed. Not an argument: the guest can change the class that
// super() calls.
let makeRecord;

class Module {
  #record;
  #context;
  #identifier;

  static {
    isModule = (value) => typeof value === 'object' && value !== null && #record in value;
    recordOf = (module) => module.#record;
  }

  constructor(options) {
    const make = makeRecord;
    makeRecord = undefined;
    if (new.target === Module || make === undefined) throw new TypeError('Module is not a constructor');
    const { context, identifier } = options;
    if (context !== undefined) {
      requireObject('context', context);
      if (!isContextified(context)) throw invalidArgType('options.context', 'an vm.Context', context);
    }
    if (identifier !== undefined) requireString('options.identifier', identifier);
    this.#context = context;
    this.#identifier = identifier ?? defaultIdentifier(context);
    this.#record = make(this, this.#identifier);
  }

  get identifier() {
    requireModule(this);
    return this.#identifier;
  }

  get context() {
    requireModule(this);
    return this.#context;
  }

  get namespace() {
    requireModule(this);
    const status = statusOf(this.#record);
    if (status === 'unlinked' || status === 'linking') throw wrongStatus('must not be unlinked or linking');
    return native.namespace(this.#record);
  }

  get status() {
    requireModule(this);
    return statusOf(this.#record);
  }

  get error() {
    requireModule(this);
    if (this.status !== 'errored') throw wrongStatus('must be errored');
    return native.moduleError(this.#record);
  }

  async link(linker) {
    requireModule(this);
    requireFunction('linker', linker);
    const status = progress(this);
    if (status === 'linked') {
      throw coded(Error, 'ERR_VM_MODULE_ALREADY_LINKED', 'Module has already been linked');
    }
    if (status !== 'unlinked') throw wrongStatus('must be unlinked');
    await linkGraph(this, linker);
    native.instantiate(this.#record);
  }

  evaluate(options = NO_OPTIONS) {
    try {
      requireModule(this);
      requireObject('options', options);
      const { timeout, breakOnSigint = false } = options;
      if (timeout !== undefined) requireUint32('options.timeout', timeout, 1);
      requireBoolean('options.breakOnSigint', breakOnSigint);
      const status = statusOf(this.#record);
      if (status !== 'linked' && status !== 'evaluated' && status !== 'errored') {
        throw wrongStatus('must be one of linked, evaluated, or errored');
      }
      return native.evaluate(this.#record, timeout ?? 0, breakOnSigint);
    } catch (error) {
      return reject(error);
    }
  }

  [inspectCustom](depth, options) {
    requireModule(this);
    const shown = { status: this.status, identifier: this.identifier, context: this.context };
    setPrototypeOf(shown, getPrototypeOf(this));
    const { inspect } = load('inspect');
    return inspect(shown, { ...options, customInspect: false, depth: typeof depth === 'number' && depth < 0 ? -1 : options?.depth });
  }
}

class SourceTextModule extends Module {
  #error = NO_ERROR;
  #linking = false;
  // Specifier, attributes and phase of each request.
  #requests;
  #moduleRequests;
  #dependencySpecifiers;

  static {
    isSourceText = (value) => typeof value === 'object' && value !== null && #moduleRequests in value;

    // The status, whatever a subclass makes of it.
    progress = (module) => {
      if (isSourceText(module)) {
        if (module.#error !== NO_ERROR) return 'errored';
        if (module.#linking) return 'linking';
      }
      return statusOf(recordOf(module));
    };

    requestsOf = (module) => {
      if (module.#requests === undefined) {
        const flat = native.requests(recordOf(module));
        for (let i = 1; i < flat.length; i += 3) flat[i] = flat[i] === undefined ? NO_ATTRIBUTES : freeze(flat[i]);
        module.#requests = flat;
      }
      return module.#requests;
    };

    linkGraph = (root, linker) => isSourceText(root) ? new Promise((done, failed) => {
      // The modules that are being linked, in the order in which they were found. The parent of each waits for it.
      const nodes = list();
      let at = 0;
      const enter = (module, parent) => {
        module.#linking = true;
        push(nodes, { module, parent, records: list(), missing: 1, failed: false });
      };

      const fail = (node, error) => {
        for (; node !== undefined && !node.failed; node = node.parent) {
          node.failed = true;
          node.module.#error = error;
          if (node.parent === undefined) failed(error);
        }
      };

      // Something that a node has waited for is there.
      const arrive = (node) => {
        while (--node.missing === 0 && !node.failed) {
          try {
            native.linkRequests(recordOf(node.module), node.records);
          } catch (error) {
            return fail(node, error);
          }
          node.module.#linking = false;
          if (node.parent === undefined) return done();
          node = node.parent;
        }
      };

      // What the linker has answered.
      const accept = (node, i, module) => {
        if (!isModule(module)) return fail(node, notModule());
        if (module.context !== node.module.context) return fail(node, otherContext());
        node.records[i] = recordOf(module);
        const status = progress(module);
        if (status === 'errored') return fail(node, erroredModule(requestsOf(node.module)[3 * i], module.error));
        if (status === 'unlinked' && isSourceText(module)) enter(module, node);
        else arrive(node);
      };

      const take = (node, i, answer) => {
        const module = isModule(answer) ? answer : native.fulfilled(answer);
        if (isModule(module)) return accept(node, i, module);
        try {
          then(resolve(answer), (module) => {
            accept(node, i, module);
            walk();
          }, (error) => fail(node, error));
        } catch (error) {
          fail(node, error);
        }
      };

      // Calls the linker for each request of a module, and returns the answers.
      const ask = (node) => {
        const requests = requestsOf(node.module);
        const answers = list();
        try {
          for (let i = 0; i < requests.length; i += 3) {
            const attributes = requests[i + 1];
            push(answers, linker(requests[i], node.module, { attributes, assert: attributes }));
          }
        } catch (error) {
          fail(node, error);
        }
        node.missing += answers.length;
        return answers;
      };
      const receive = (node, answers) => {
        for (let i = 0; i < answers.length; i++) take(node, i, answers[i]);
        arrive(node);
      };
      const walk = () => {
        while (at < nodes.length) {
          const node = nodes[at++];
          receive(node, ask(node));
        }
      };

      // The linker is called for the root's requests now, and for all others after link() has returned.
      enter(root);
      const answers = ask(nodes[at++]);
      then(resolve(), () => {
        receive(nodes[0], answers);
        walk();
      });
    }) : undefined;
  }

  constructor(sourceText, options = NO_OPTIONS) {
    requireString('sourceText', sourceText);
    requireObject('options', options);
    const {
      lineOffset = 0, columnOffset = 0, initializeImportMeta, importModuleDynamically, context, identifier, cachedData,
    } = options;
    requireInt32('options.lineOffset', lineOffset);
    requireInt32('options.columnOffset', columnOffset);
    if (initializeImportMeta !== undefined) {
      requireFunction('options.initializeImportMeta', initializeImportMeta);
    }
    if (importModuleDynamically !== undefined) {
      requireFunction('options.importModuleDynamically', importModuleDynamically);
    }
    if (cachedData !== undefined) requireBuffer('options.cachedData', cachedData);
    makeRecord = (self, name) => native.newSourceText(sourceText, name, lineOffset, columnOffset, cachedData, context,
      initializeImportMeta && ((meta) => void initializeImportMeta(meta, self)),
      importModuleDynamically && importer(importModuleDynamically), self);
    super({ __proto__: null, context, identifier });
  }

  linkRequests(modules) {
    requireSourceText(this);
    if (progress(this) !== 'unlinked') throw wrongStatus('must be unlinked');
    const given = requireArray('modules', modules, () => {});
    const length = requestsOf(this).length / 3;
    if (given.length !== length) {
      throw coded(TypeError, 'ERR_MODULE_LINK_MISMATCH', `Expected ${length} modules, got ${given.length}`);
    }
    const records = list();
    for (let i = 0; i < length; i++) {
      const module = given[i];
      if (!isModule(module)) throw notModule();
      if (module.context !== this.context) throw otherContext();
      push(records, recordOf(module));
    }
    native.linkRequests(recordOf(this), records);
  }

  instantiate() {
    requireSourceText(this);
    if (progress(this) !== 'unlinked') throw wrongStatus('must be unlinked');
    if (!native.isLinked(recordOf(this))) {
      const failure = new Error('module is not linked');
      throw defineProperty(failure, 'code', { __proto__: null, value: 'ERR_VM_MODULE_LINK_FAILURE', configurable: true,
        enumerable: true, writable: true });
    }
    native.instantiate(recordOf(this));
  }

  get dependencySpecifiers() {
    if (this.#dependencySpecifiers === undefined) {
      const specifiers = list();
      const requests = requestsOf(this);
      for (let i = 0; i < requests.length; i += 3) push(specifiers, requests[i]);
      this.#dependencySpecifiers = freeze(setPrototypeOf(specifiers, arrayPrototype));
    }
    return this.#dependencySpecifiers;
  }

  get moduleRequests() {
    if (this.#moduleRequests === undefined) {
      const flat = requestsOf(this);
      const requests = list();
      for (let i = 0; i < flat.length; i += 3) {
        push(requests, freeze({
          __proto__: null, specifier: flat[i], attributes: flat[i + 1], phase: PHASES[flat[i + 2]],
        }));
      }
      this.#moduleRequests = freeze(setPrototypeOf(requests, arrayPrototype));
    }
    return this.#moduleRequests;
  }

  get status() {
    return this.#error === NO_ERROR ? progress(this) : 'errored';
  }

  get error() {
    return this.#error === NO_ERROR ? super.error : this.#error;
  }

  hasAsyncGraph() {
    requireSourceText(this);
    const status = statusOf(recordOf(this));
    if (status === 'unlinked' || status === 'linking') throw wrongStatus('must be instantiated');
    return native.isGraphAsync(recordOf(this));
  }

  hasTopLevelAwait() {
    requireSourceText(this);
    return native.hasTopLevelAwait(recordOf(this));
  }

  createCachedData() {
    requireSourceText(this);
    const status = progress(this);
    if (status === 'evaluating' || status === 'evaluated' || status === 'errored') {
      throw coded(Error, 'ERR_VM_MODULE_CANNOT_CREATE_CACHED_DATA',
        'Cached data cannot be created for a module which has been evaluated');
    }
    return asBuffer(native.createModuleCachedData(recordOf(this)));
  }
}

class SyntheticModule extends Module {
  #synthetic = true;

  constructor(exportNames, evaluateCallback, options = NO_OPTIONS) {
    const names = uniqueNames(exportNames);
    requireFunction('evaluateCallback', evaluateCallback);
    requireObject('options', options);
    const { context, identifier } = options;
    makeRecord = (self, name) => native.newSynthetic(name, names, bind(evaluateCallback, self), context);
    super({ __proto__: null, context, identifier });
  }

  // It is linked from the beginning.
  link() {
    if (!isModule(this) || !(#synthetic in this)) throw invalidThis('SyntheticModule');
  }

  setExport(name, value) {
    if (!isModule(this) || !(#synthetic in this)) throw invalidThis('SyntheticModule');
    requireString('name', name);
    native.setExport(recordOf(this), name, value);
  }
}

function uniqueNames(names) {
  const fault = () => invalidArgType('exportNames', 'an Array of unique strings', names);
  if (!isArray(names)) throw fault();
  const seen = { __proto__: null };
  const unique = list();
  for (let i = 0; i < names.length; i++) {
    const name = names[i];
    if (typeof name !== 'string') throw fault();
    if (name in seen) throw invalidArgValue(`exportNames.${name}`, 'is duplicated', name);
    seen[name] = true;
    push(unique, name);
  }
  return unique;
}

// What answers the imports of some code: it asks the callback, and gives the namespace of the module that comes.
function importer(callback) {
  return async (specifier, referrer, attributes, phase) => {
    const module = await callback(specifier, referrer, freeze(attributes), phase);
    if (phase !== 'source' && typeof module === 'object' && isModuleNamespaceObject(module)) return module;
    if (!isModule(module)) throw notModule();
    if (progress(module) === 'errored') throw module.error;
    return phase === 'source' ? native.sourceObject(recordOf(module)) : module.namespace;
  };
}

// Links the requests of a module and of all that it depends on; instantiating it is another step.
const link = async (module, linker) => linkGraph(module, linker);
const instantiate = (module) => native.instantiate(recordOf(module));

return {
  asBuffer, Module, SourceTextModule, SyntheticModule, importer, progress, link, instantiate,
  setContextImport: native.setContextImport,
};
