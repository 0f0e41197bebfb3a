'use strict';

// node:vm as the manual of Node 10 has it: its modules go through four steps, the constructor, link(), instantiate() and
// evaluate(). They are today's modules with other names.

const { coded } = load('errors');
const { requireFunction } = load('validate');
const { SourceTextModule: Newest, Module, SyntheticModule, ...others } = load('node:vm');
const { progress, link, instantiate } = load('node:internal/vm/module');
const { Error } = globalThis;
const { apply } = Reflect;
const uncurry = Function.prototype.bind.bind(Function.prototype.call);
const includes = uncurry(String.prototype.includes);
const slice = uncurry(String.prototype.slice);
const replace = uncurry(RegExp.prototype[Symbol.replace]);
const test = uncurry(RegExp.prototype.test);

const STATUSES = {
  __proto__: null, unlinked: 'uninstantiated', linking: 'uninstantiated', linked: 'instantiated',
};

// V8 does not give the value of the last statement of a module. So the source puts it aside itself, in a property of
// import.meta that is gone when evaluate() is fulfilled. That is done to a last statement that is an expression; the
// result of other modules is undefined.
const RESULT = 'result of the last statement';
// How many ends of lines and statements are tried as the beginning of the last statement, backwards.
const TRIES = 50;

function withResult(code) {
  let found = code;
  let tries = 0;
  for (let at = code.length - 1; at >= 0 && tries < TRIES; at--) {
    if (at > 0 && !includes(';}\n', code[at - 1])) continue;
    tries++;
    const head = slice(code, 0, at);
    const tail = slice(code, at);
    const first = replace(/^(?:\s|\/\/.*|\/\*[^]*?\*\/)+/, tail, '');
    // Alone in parentheses these would be expressions.
    if (first === '' || test(/^(?:\{|(?:async\s+function|function|class)\b)/, first)) continue;
    // What looks like a comment may be inside of a string.
    for (const end of [/[\s;]+$/, /(?:[\s;]|\/\/.*|\/\*[^]*?\*\/)+$/]) {
      const expression = replace(end, tail, '');
      const whole = `${head};import.meta['${RESULT}']=(${expression}\n)`;
      if (compiles(`(${expression}\n)`) && compiles(head) && compiles(whole)) found = whole;
    }
  }
  return found;
}

function compiles(code) {
  try {
    new Newest(code, { identifier: 'vm:result' });
    return true;
  } catch {
    return false;
  }
}

class SourceTextModule extends Newest {
  #linkingStatus = 'unlinked';
  // import.meta, until the result has been taken from it.
  #meta;

  constructor(code, options) {
    let module;
    const given = { ...options, identifier: options?.url };
    // The manual's list spells it so; its example has it right.
    const initialize = given.initializeImportMeta ?? given.initalizeImportMeta;
    if (initialize !== undefined) requireFunction('options.initializeImportMeta', initialize);
    const asked = typeof code === 'string' && includes(code, 'import.meta');
    given.initializeImportMeta = (meta) => {
      module.#meta = meta;
      if (asked && initialize !== undefined) apply(initialize, undefined, [meta, module]);
    };
    // What does not compile is an error of the code as it is.
    super(typeof code === 'string' && compiles(code) ? withResult(code) : code, given);
    module = this;
  }

  get url() {
    return this.identifier;
  }

  get status() {
    // What could not be linked has not been evaluated.
    if (this.linkingStatus === 'errored') return 'uninstantiated';
    const status = progress(this);
    return STATUSES[status] ?? status;
  }

  get linkingStatus() {
    const status = progress(this);
    if (status === 'linking') return 'linking';
    if (this.#linkingStatus === 'errored') return 'errored';
    return status === 'unlinked' ? this.#linkingStatus : 'linked';
  }

  async link(linker) {
    requireFunction('linker', linker);
    if (this.linkingStatus !== 'unlinked') {
      throw coded(Error, 'ERR_VM_MODULE_ALREADY_LINKED', 'Module has already been linked');
    }
    this.#linkingStatus = 'linking';
    try {
      await link(this, (specifier, module) => {
        module.#linkingStatus = 'linked';
        return linker(specifier, module);
      });
      this.#linkingStatus = 'linked';
    } catch (error) {
      this.#linkingStatus = 'errored';
      throw error;
    }
  }

  instantiate() {
    if (this.linkingStatus !== 'linked') {
      throw coded(Error, 'ERR_VM_MODULE_NOT_LINKED', 'Linking has to be completed before instantiation');
    }
    if (progress(this) === 'unlinked') instantiate(this);
  }

  async evaluate(options) {
    const status = progress(this);
    if (status === 'unlinked' || status === 'linking' || status === 'evaluating') {
      throw coded(Error, 'ERR_VM_MODULE_STATUS',
        'Module status must be one of instantiated, evaluated, and errored');
    }
    await super.evaluate(options);
    if (status !== 'linked') return undefined;
    const meta = this.#meta;
    const result = meta?.[RESULT];
    if (meta !== undefined) delete meta[RESULT];
    this.#meta = undefined;
    return { result };
  }
}

return { ...others, SourceTextModule };
