'use strict';

const { coded, invalidArgType, outOfRange, requireFunction } = load('errors');
const { EventEmitter } = load('events');
const output = load('output');
const ticks = load('ticks');
const uncaught = load('uncaught');
const { isArray } = Array;
const { isView } = ArrayBuffer;
const { defineProperty, freeze } = Object;
const { isInteger, isNaN, MAX_SAFE_INTEGER } = Number;

const BILLION = 1_000_000_000n;
const started = native.now();

class Process extends EventEmitter {
  get [Symbol.toStringTag]() {
    return 'process';
  }
}

const process = new Process();
let configured = false;
// Read by process.rs too: `code` is undefined, an integer or a string that says one.
const state = { __proto__: null, exiting: false, code: undefined };

function checkExitCode(code) {
  const number = typeof code === 'string' && code !== '' && !isNaN(+code) ? +code : code;
  if (typeof number !== 'number') throw invalidArgType('code', 'of type number', code);
  if (!isInteger(number)) throw outOfRange('code', 'an integer', number);
}

function emitExit() {
  if (!state.exiting) {
    state.exiting = true;
    process.emit('exit', state.code ?? 0);
  }
}

function exit(code) {
  if (code !== undefined) process.exitCode = code;
  emitExit();
  native.stop();
}

function nextTick(callback, ...callArguments) {
  requireFunction('callback', callback);
  if (!state.exiting) ticks.nextTick(callback, ...callArguments);
}

function hrtime(previous) {
  const now = native.now();
  const time = [Number(now / BILLION), Number(now % BILLION)];
  if (previous === undefined) return time;
  if (!isArray(previous)) throw invalidArgType('time', 'an instance of Array', previous);
  if (previous.length !== 2) throw outOfRange('time', '2', previous.length);
  const seconds = time[0] - previous[0];
  const nanoseconds = time[1] - previous[1];
  return nanoseconds < 0 ? [seconds - 1, nanoseconds + 1e9] : [seconds, nanoseconds];
}
hrtime.bigint = () => native.now();

// Microseconds of all threads, since the process began or since a previous answer.
function cpuUsage(previous) {
  const usage = native.cpu();
  if (!previous) return { user: usage[0], system: usage[1] };
  if (typeof previous !== 'object' || isArray(previous)) {
    throw invalidArgType('prevValue', 'of type object', previous);
  }
  const [user, system] = ['user', 'system'].map((key, index) => {
    const value = previous[key];
    if (typeof value !== 'number') throw invalidArgType(`prevValue.${key}`, 'of type number', value);
    if (!(value >= 0 && value <= MAX_SAFE_INTEGER)) {
      throw coded(RangeError, 'ERR_INVALID_ARG_VALUE', `The property 'prevValue.${key}' is invalid. Received ${value}`);
    }
    return usage[index] - value;
  });
  return { user, system };
}

function memoryUsage() {
  const [rss, heapTotal, heapUsed, external, arrayBuffers] = native.memory();
  return { rss, heapTotal, heapUsed, external, arrayBuffers };
}
memoryUsage.rss = () => native.memory()[0];

// An Error with a name of its own becomes a 'warning' in the next tick, and a line of the error stream.
function emitWarning(warning, type = 'Warning', code = undefined) {
  let detail;
  if (typeof type === 'object' && type !== null) ({ type = 'Warning', code, detail } = type);
  if (typeof warning === 'string') {
    warning = new Error(warning);
    warning.name = String(type);
    if (code !== undefined) warning.code = code;
    if (detail !== undefined) warning.detail = detail;
  } else if (!native.isError(warning)) {
    throw invalidArgType('warning', 'of type string or an instance of Error', warning);
  }
  nextTick(() => {
    process.emit('warning', warning);
    if (process.execArgv.includes('--no-warnings')) return;
    const mark = warning.code === undefined ? '' : `[${warning.code}] `;
    const more = typeof warning.detail === 'string' ? `${warning.detail}\n` : '';
    output.write(2, `(jsvm:${process.pid}) ${mark}${warning}\n${more}`);
  });
}

// What is written goes out at once: there is no buffer, and nothing to wait for.
class Stream extends EventEmitter {
  // Out of the guest's reach: it says which of the host's streams is written.
  #number;

  constructor(number) {
    super();
    this.#number = number;
    this.fd = number;
    this.writable = true;
  }

  get isTTY() {
    return this.columns !== undefined;
  }

  get columns() {
    return output.redirected ? undefined : native.columns(this.#number);
  }

  // Strings are written as UTF-8, whatever the encoding.
  write(chunk, encoding, callback = encoding) {
    if (typeof chunk !== 'string' && !isView(chunk)) {
      throw invalidArgType('chunk', 'of type string or an instance of Buffer, TypedArray, or DataView', chunk);
    }
    output.write(this.#number, chunk);
    if (typeof callback === 'function') ticks.nextTick(callback);
    return true;
  }
}

// Values are strings, as in Node.
function environment(variables) {
  return new Proxy(variables, {
    set(target, name, value) {
      target[name] = `${value}`;
      return true;
    },
    defineProperty(target, name, descriptor) {
      if ('value' in descriptor) descriptor.value = `${descriptor.value}`;
      return Reflect.defineProperty(target, name, descriptor);
    },
  });
}

defineProperty(process, 'exitCode', {
  get: () => state.code,
  set(code) {
    if (code !== undefined && code !== null) checkExitCode(code);
    state.code = code ?? undefined;
  },
  enumerable: true,
  configurable: true,
});

Object.assign(process, {
  title: 'jsvm',
  // The Node whose node:vm and builtins are followed; scripts look at it to learn what they may use.
  version: `v${native.versions.node}`,
  versions: freeze({ ...native.versions }),
  release: freeze({ name: 'jsvm' }),
  platform: native.platform,
  arch: native.arch,
  pid: native.pid,
  argv: [],
  execArgv: [],
  execPath: '',
  env: environment({}),
  stdout: new Stream(1),
  stderr: new Stream(2),
  cwd: native.cwd,
  uptime: () => Number(native.now() - started) / 1e9,
  hrtime,
  cpuUsage,
  memoryUsage,
  nextTick,
  emitWarning,
  exit,
});

// Runs listeners; what they throw is nobody's else. True if there were some.
function emit(event, ...args) {
  try {
    return process.emit(event, ...args);
  } catch (error) {
    uncaught.reportUncaught(error);
    return true;
  }
}

function uncaughtException(error, origin) {
  if (process.listenerCount('uncaughtExceptionMonitor') > 0) emit('uncaughtExceptionMonitor', error, origin);
  return emit('uncaughtException', error, origin);
}

// What nobody took ends the call that runs the task, which asks once more.
let refused;
uncaught.setHandler((error, origin) => {
  const taken = uncaughtException(error, origin);
  if (!taken) refused = { error };
  return taken;
});


// What a rejection comes to that nobody handles: its reason, if that is an Error.
function rejectionError(reason) {
  if (native.isError(reason)) return reason;
  const text = load('inspect').inspect(reason);
  return coded(Error, 'ERR_UNHANDLED_REJECTION', `A promise was rejected with ${text}, and nobody handled it`);
}

const reported = new WeakSet();
// Says where the main module still waits, if it does.
let unsettled = () => undefined;

// A program that comes to its end while its main module waits.
function reportUnsettled() {
  const places = unsettled();
  if (places === undefined) return;
  state.code = 13;
  for (const place of places) output.write(2, `Warning: Detected unsettled top-level await at ${place}\n\n\n`);
}

// The rest is for process.rs, and for who runs the main module.
return {
  process,
  setUnsettled(places) {
    unsettled = places;
  },
  state,
  rejectionError,

  uncaughtException(error) {
    if (refused !== undefined && Object.is(refused.error, error)) return false;
    return uncaughtException(error, 'uncaughtException');
  },

  // True if somebody took it.
  rejected(promise, reason) {
    if (emit('unhandledRejection', reason, promise)) {
      reported.add(promise);
      return true;
    }
    return uncaughtException(rejectionError(reason), 'unhandledRejection');
  },

  handledLate(promise) {
    if (reported.delete(promise)) emit('rejectionHandled', promise);
  },

  beforeExit() {
    emit('beforeExit', state.code ?? 0);
  },

  // The end of the program: 'exit', if it was not emitted yet.
  end(failed) {
    // As in Node an error goes before a code that was set, but for that of a process.exit which is under way.
    if (failed) state.code = state.exiting ? state.code ?? 1 : 1;
    else if (state.code === undefined && !state.exiting) reportUnsettled();
    try {
      emitExit();
    } catch (error) {
      uncaught.reportUncaught(error);
    }
  },

  configure(argv, execArgv, variables) {
    if (configured) return;
    configured = true;
    process.argv = argv;
    process.execArgv = execArgv;
    process.execPath = argv[0] ?? '';
    const env = {};
    for (const variable of variables) {
      const [, name, value] = /^([^=]+)=(.*)$/s.exec(variable);
      env[name] = value;
    }
    process.env = environment(env);
  },

  install(global) {
    defineProperty(global, 'process', { value: process, writable: true, configurable: true });
    defineProperty(global, 'global', { value: global, writable: true, configurable: true });
  },
};
