'use strict';

// Node's EventEmitter: an old-style constructor, because programs call it on objects of their own.

const { coded, requireFunction } = load('errors');
const { apply, ownKeys } = Reflect;
const { create, defineProperty, hasOwn } = Object;

// Where an emitter keeps its listeners: an array by event.
const LISTENERS = Symbol('listeners');
const MAX = Symbol('maxListeners');

function EventEmitter() {
  listenersOf(this);
}

EventEmitter.EventEmitter = EventEmitter;
EventEmitter.defaultMaxListeners = 10;

function listenersOf(emitter) {
  if (!hasOwn(emitter, LISTENERS)) {
    defineProperty(emitter, LISTENERS, { value: { __proto__: null }, writable: true, configurable: true });
  }
  return emitter[LISTENERS];
}

function add(emitter, event, listener, first) {
  requireFunction('listener', listener);
  const listeners = listenersOf(emitter);
  // Told before it is there, so that it does not hear of itself.
  if (listeners.newListener !== undefined) emitter.emit('newListener', event, listener.listener ?? listener);
  const list = listeners[event] ?? [];
  // A list is never changed: whoever goes through one is not disturbed.
  listeners[event] = first ? [listener, ...list] : [...list, listener];
  return emitter;
}

function onceWrapper(emitter, event, listener) {
  requireFunction('listener', listener);
  let fired = false;
  function wrapper(...args) {
    if (fired) return undefined;
    fired = true;
    emitter.removeListener(event, wrapper);
    return apply(listener, emitter, args);
  }
  wrapper.listener = listener;
  return wrapper;
}

const methods = {
  on(event, listener) {
    return add(this, event, listener, false);
  },

  once(event, listener) {
    return this.on(event, onceWrapper(this, event, listener));
  },

  prependListener(event, listener) {
    return add(this, event, listener, true);
  },

  prependOnceListener(event, listener) {
    return this.prependListener(event, onceWrapper(this, event, listener));
  },

  removeListener(event, listener) {
    requireFunction('listener', listener);
    const listeners = listenersOf(this);
    const list = listeners[event] ?? [];
    const at = list.findLastIndex((one) => one === listener || one.listener === listener);
    if (at < 0) return this;
    if (list.length === 1) delete listeners[event];
    else listeners[event] = list.toSpliced(at, 1);
    if (listeners.removeListener !== undefined) {
      this.emit('removeListener', event, list[at].listener ?? listener);
    }
    return this;
  },

  removeAllListeners(event) {
    const listeners = listenersOf(this);
    if (listeners.removeListener === undefined) {
      if (arguments.length === 0) this[LISTENERS] = { __proto__: null };
      else delete listeners[event];
    } else if (arguments.length === 0) {
      for (const key of ownKeys(listeners)) {
        if (key !== 'removeListener') this.removeAllListeners(key);
      }
      this.removeAllListeners('removeListener');
    } else {
      for (const listener of (listeners[event] ?? []).toReversed()) this.removeListener(event, listener);
    }
    return this;
  },

  emit(event, ...args) {
    const list = listenersOf(this)[event];
    if (list === undefined) {
      if (event === 'error') throw unhandled(args[0]);
      return false;
    }
    for (const listener of list) apply(listener, this, args);
    return true;
  },

  listeners(event) {
    return this.rawListeners(event).map((listener) => listener.listener ?? listener);
  },

  rawListeners(event) {
    return [...listenersOf(this)[event] ?? []];
  },

  listenerCount(event, listener) {
    const list = this.rawListeners(event);
    if (listener === undefined) return list.length;
    return list.filter((one) => one === listener || one.listener === listener).length;
  },

  eventNames() {
    return ownKeys(listenersOf(this));
  },

  // Kept for who asks: no warning comes of it.
  setMaxListeners(count) {
    defineProperty(this, MAX, { value: count, writable: true, configurable: true });
    return this;
  },

  getMaxListeners() {
    return this[MAX] ?? EventEmitter.defaultMaxListeners;
  },
};
methods.addListener = methods.on;
methods.off = methods.removeListener;
EventEmitter.prototype = create(Object.prototype, {
  constructor: { value: EventEmitter, writable: true, configurable: true },
});
Object.assign(EventEmitter.prototype, methods);

function unhandled(error) {
  if (error instanceof Error) return error;
  const result = coded(Error, 'ERR_UNHANDLED_ERROR', `Unhandled error. (${load('inspect').inspect(error)})`);
  result.context = error;
  return result;
}

// A promise of the next event's arguments.
EventEmitter.once = function once(emitter, event) {
  return new Promise((resolve, reject) => {
    function onEvent(...args) {
      emitter.removeListener('error', onError);
      resolve(args);
    }
    function onError(error) {
      emitter.removeListener(event, onEvent);
      reject(error);
    }
    emitter.once(event, onEvent);
    if (event !== 'error') emitter.once('error', onError);
  });
};

return { EventEmitter };
