'use strict';

const { requireFunction } = load('errors');
const { report } = load('uncaught');
const { schedule, cancel, setCounts } = native;
const { apply } = Reflect;
const { trunc } = Math;
const { defineProperty } = Object;

const MAX_DELAY = 2 ** 31 - 1;

// Timers that were made a number of, by that number.
const numbered = { __proto__: null };
let lastId = 0;

// What the rest of the file does with an object's own fields.
let isTimeout, fireTimeout, stopTimeout, isImmediate, fireImmediate, stopImmediate;

class Timeout {
  #callback;
  #arguments;
  #delay;
  #repeats;
  #counts = true;
  #id = ++lastId;
  // The engine's number while it waits, else 0.
  #handle = 0;

  constructor(callback, delay, repeats, callArguments) {
    delay *= 1;
    this.#callback = callback;
    this.#arguments = callArguments;
    this.#delay = delay >= 1 && delay <= MAX_DELAY ? trunc(delay) : 1;
    this.#repeats = repeats;
    this.#start();
  }

  #start() {
    cancel(this.#handle);
    this.#handle = schedule(this, this.#delay, this.#counts);
  }

  ref() {
    this.#counts = true;
    setCounts(this.#handle, true);
    return this;
  }

  unref() {
    this.#counts = false;
    setCounts(this.#handle, false);
    return this;
  }

  hasRef() {
    return this.#counts;
  }

  refresh() {
    if (this.#callback !== null) this.#start();
    return this;
  }

  close() {
    stopTimeout(this);
    return this;
  }

  [Symbol.dispose]() {
    stopTimeout(this);
  }

  [Symbol.toPrimitive]() {
    if (this.#handle !== 0) numbered[this.#id] = this;
    return this.#id;
  }

  static {
    isTimeout = (value) => typeof value === 'object' && value !== null && #callback in value;

    fireTimeout = (timer) => {
      timer.#handle = 0;
      try {
        apply(timer.#callback, timer, timer.#arguments);
      } catch (error) {
        report(error);
      }
      if (timer.#handle !== 0) return; // refresh()
      if (timer.#repeats && timer.#callback !== null) timer.#start();
      else delete numbered[timer.#id];
    };

    stopTimeout = (timer) => {
      cancel(timer.#handle);
      timer.#handle = 0;
      timer.#callback = timer.#arguments = null;
      delete numbered[timer.#id];
    };
  }
}

class Immediate {
  #callback;
  #arguments;
  #counts = true;
  #handle;

  constructor(callback, callArguments) {
    this.#callback = callback;
    this.#arguments = callArguments;
    this.#handle = schedule(this, 0, true);
  }

  ref() {
    this.#counts = this.#handle !== 0;
    setCounts(this.#handle, true);
    return this;
  }

  unref() {
    this.#counts = false;
    setCounts(this.#handle, false);
    return this;
  }

  hasRef() {
    return this.#counts;
  }

  [Symbol.dispose]() {
    stopImmediate(this);
  }

  static {
    isImmediate = (value) => typeof value === 'object' && value !== null && #callback in value;

    fireImmediate = (immediate) => {
      const callback = immediate.#callback;
      const callArguments = immediate.#arguments;
      stopImmediate(immediate);
      try {
        apply(callback, immediate, callArguments);
      } catch (error) {
        report(error);
      }
    };

    stopImmediate = (immediate) => {
      cancel(immediate.#handle);
      immediate.#handle = 0;
      immediate.#callback = immediate.#arguments = null;
      immediate.#counts = false;
    };
  }
}

function setTimeout(callback, delay, ...callArguments) {
  requireFunction('callback', callback);
  return new Timeout(callback, delay, false, callArguments);
}

function setInterval(callback, delay, ...callArguments) {
  requireFunction('callback', callback);
  return new Timeout(callback, delay, true, callArguments);
}

function setImmediate(callback, ...callArguments) {
  requireFunction('callback', callback);
  return new Immediate(callback, callArguments);
}

function clearTimeout(timer) {
  if (typeof timer === 'number' || typeof timer === 'string') timer = numbered[timer];
  if (isTimeout(timer)) stopTimeout(timer);
}

function clearInterval(timer) {
  clearTimeout(timer);
}

function clearImmediate(immediate) {
  if (isImmediate(immediate)) stopImmediate(immediate);
}

// What util.promisify and the module 'timers/promises' give.
const promises = {
  setTimeout: (after, value) => new Promise((resolve) => setTimeout(resolve, after, value)),
  setImmediate: (value) => new Promise((resolve) => setImmediate(resolve, value)),
};
for (const start of [setTimeout, setImmediate]) {
  defineProperty(start, Symbol.for('nodejs.util.promisify.custom'), { value: promises[start.name] });
}

return {
  promises,
  setTimeout, setInterval, setImmediate, clearTimeout, clearInterval, clearImmediate,

  // The engine calls it when an object's time has come.
  fire(object) {
    if (isTimeout(object)) fireTimeout(object);
    else fireImmediate(object);
  },

  install(global) {
    const functions = [setTimeout, setInterval, setImmediate, clearTimeout, clearInterval, clearImmediate];
    for (const value of functions) {
      defineProperty(global, value.name, { value, writable: true, enumerable: true, configurable: true });
    }
  },
};
