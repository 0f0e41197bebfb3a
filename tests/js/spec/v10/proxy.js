'use strict';
const { createContext, runInContext } = require('vm');

function createProxySandbox(handlers) {
  // Create a VM context with a Proxy object with no hooks specified.
  const sandbox = {};
  const proxyHandlers = {};
  const contextifiedProxy = createContext(new Proxy(sandbox, proxyHandlers));

  // Save the initial globals onto our sandbox object.
  const contextThis = runInContext('this', contextifiedProxy);
  for (const prop of Reflect.ownKeys(contextThis)) {
    const descriptor = Object.getOwnPropertyDescriptor(contextThis, prop);
    Object.defineProperty(sandbox, prop, descriptor);
  }

  // Now that `sandbox` contains all the initial global properties, assign the
  // provided handlers to the handlers we used to create the Proxy.
  Object.assign(proxyHandlers, handlers);

  // Return the created contextified Proxy object.
  return contextifiedProxy;
}
