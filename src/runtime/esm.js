'use strict';

// ES modules by URL: reading, linking and evaluating of graphs, import() and import.meta. A host says where specifiers
// lead and what is there, each by a function:
//   resolve(specifier, base)  the URL that is meant
//   find(url, base)           the URL of what is there
//   formatOf(url)             'module', 'json', 'wasm', 'commonjs' or 'builtin'
//   readText(url), readBytes(url)
//   exportsOf(url, format)    of what is no ES module: { names, run() }; `run` gives the exports
//   meta(meta, url)           fills import.meta
//   show(url)                 the URL as messages name it
// A guest can change the builtins later: what a host must be sure of is checked in Rust.

const { coded } = load('errors');
const { array, list, map, regexp, set, string } = load('builtins');
const { wasmModule, WasmModule } = load('wasm');
const { Error, Map, Set, SyntaxError, TypeError } = globalThis;
const { parse } = JSON;
const { hasOwn } = Object;

const NO_ATTRIBUTES = Object.freeze({ __proto__: null });
// As native.moduleStatus and native.requests say them.
const UNLINKED = 0;
const EVALUATING = 3;
const SOURCE_PHASE = 0;

function typeOf(attributes, url) {
  for (const key in attributes) {
    if (key !== 'type' || attributes.type !== 'json') {
      throw coded(TypeError, 'ERR_IMPORT_ATTRIBUTE_UNSUPPORTED',
        `Import attribute "${key}" with value "${attributes[key]}" is not supported in ${url}`);
    }
  }
  return attributes.type;
}

function checkType(url, format, type) {
  if (format === 'json' && type === undefined) {
    throw coded(TypeError, 'ERR_IMPORT_ATTRIBUTE_MISSING',
      `Module "${url}" needs an import attribute of "type: json"`);
  }
  if (format !== 'json' && type === 'json') {
    throw coded(TypeError, 'ERR_IMPORT_ATTRIBUTE_TYPE_INCOMPATIBLE', `Module "${url}" is not of type "json"`);
  }
}

function synthetic(url, names, fill) {
  const put = (name, value) => native.setExport(record, name, value);
  const record = native.newSynthetic(url, names, () => fill(put), undefined);
  return record;
}

function json(url, text, name) {
  let value;
  try {
    value = parse(text[0] === '\ufeff' ? string.slice(text, 1) : text);
  } catch (error) {
    throw new SyntaxError(`${name}: ${error.message}`);
  }
  return synthetic(url, ['default'], (put) => put('default', value));
}

function compiled(bytes, name) {
  try {
    return new WasmModule(bytes);
  } catch (error) {
    error.message = `${name}: ${error.message}`;
    throw error;
  }
}

// What is no ES module, with its exports by name as far as they are known before it runs.
function foreign(url, { names, run }) {
  const all = list();
  array.push(all, 'default');
  for (let i = 0; i < names.length; i++) array.push(all, names[i]);
  return synthetic(url, all, (put) => {
    const exports = run();
    put('default', exports);
    for (let i = 0; i < names.length; i++) {
      put(names[i], names[i] === 'module.exports' ? exports : exportOf(exports, names[i]));
    }
  });
}

// As Node has it: undefined where the name turned out not to be there, or its getter throws.
function exportOf(exports, name) {
  try {
    return exports != null && hasOwn(exports, name) ? exports[name] : undefined;
  } catch {
    return undefined;
  }
}

function makeLoader(host) {
  // What was there when a URL was looked for. It may be gone since, and is loaded.
  const found = new Map();
  // By URL. An entry is { record, url, format, links, ready }: `links` are the entries that its requests lead to, an
  // entry is ready when all that it depends on is linked.
  const cache = new Map();

  function keep(url, format, record) {
    const entry = { __proto__: null, record, url, format, links: undefined, ready: false };
    map.set(cache, url, entry);
    return entry;
  }

  function sourceText(url, text) {
    return native.newSourceText(text, url, 0, 0, undefined, undefined, (meta) => host.meta(meta, url), importer(url));
  }

  function make(url, format) {
    switch (format) {
      case 'module': return sourceText(url, host.readText(url));
      case 'json': return json(url, host.readText(url), host.show(url));
      case 'wasm': return wasmModule(url, compiled(host.readBytes(url), host.show(url)), importer(url));
      default: return foreign(url, host.exportsOf(url, format));
    }
  }

  function entryOf(specifier, base, attributes = NO_ATTRIBUTES) {
    const meant = host.resolve(specifier, base);
    const url = map.get(found, meant) ?? host.find(meant, base);
    const type = typeOf(attributes, url);
    const known = map.get(cache, url);
    const format = known === undefined ? host.formatOf(url) : known.format;
    checkType(url, format, type);
    const entry = known ?? keep(url, format, make(url, format));
    map.set(found, meant, url);
    return entry;
  }

  function linkRequests(entry) {
    const requests = native.requests(entry.record);
    const links = list();
    const records = list();
    for (let i = 0; i < requests.length; i += 3) {
      const linked = entryOf(requests[i], entry.url, requests[i + 1]);
      array.push(records, linked.record);
      // Of a source only the text is wanted.
      if (requests[i + 2] !== SOURCE_PHASE) array.push(links, linked);
    }
    if (requests.length > 0) native.linkRequests(entry.record, records);
    entry.links = links;
  }

  // Breadth first, so that of several faults the one next to the root is told.
  function link(root) {
    if (root.ready) return;
    const found = list();
    array.push(found, root);
    const seen = new Set();
    set.add(seen, root);
    for (let i = 0; i < found.length; i++) {
      const entry = found[i];
      if (entry.links === undefined) linkRequests(entry);
      for (let j = 0; j < entry.links.length; j++) {
        const next = entry.links[j];
        if (next.ready || set.has(seen, next)) continue;
        set.add(seen, next);
        array.push(found, next);
      }
    }
    if (native.moduleStatus(root.record) === UNLINKED) instantiate(root.record, found);
    for (let i = 0; i < found.length; i++) found[i].ready = true;
  }

  function instantiate(record, found) {
    try {
      native.instantiate(record);
    } catch (error) {
      explain(error, found);
      throw error;
    }
  }

  // Says of an export that is missing in a CommonJS module why it may be.
  function explain(error, found) {
    const { message } = error;
    const [, specifier, name] = regexp.exec(
      /^The requested module '(.*)' does not provide an export named '(.*)'$/s, `${message}`) ?? [];
    if (name === undefined || !isForeign(specifier, found)) return;
    // The stack begins with the place.
    const [, names] = regexp.exec(/^[^\n]*\n *import[^{\n]*(\{[^}\n]*\})/, `${error.stack}`) ?? [];
    const pattern = names === undefined ? `{ ${name} }` : string.replaceAll(names, ' as ', () => ': ');
    error.message = `Named export '${name}' not found. The requested module '${specifier}' is a CommonJS module, which ` +
      'may not support all module.exports as named exports.\nCommonJS modules can always be imported via the default ' +
      `export, for example using:\n\nimport pkg from '${specifier}';\nconst ${pattern} = pkg;\n`;
    error.stack = string.replaceAll(error.stack, message, () => error.message);
  }

  function isForeign(specifier, found) {
    for (let i = 0; i < found.length; i++) {
      const requests = native.requests(found[i].record);
      for (let j = 0; j < requests.length; j += 3) {
        if (requests[j] === specifier) return entryOf(specifier, found[i].url, requests[j + 1]).format === 'commonjs';
      }
    }
    return false;
  }

  function evaluate(entry) {
    link(entry);
    return native.evaluate(entry.record, 0, false);
  }

  async function importFrom(specifier, base, attributes, phase = 'evaluation') {
    // Whoever imports goes on first: it may be a module that is evaluated now.
    await undefined;
    const entry = entryOf(specifier, base, attributes);
    if (phase === 'source') return native.sourceObject(entry.record);
    await evaluate(entry);
    return native.namespace(entry.record);
  }

  // The same for the host, who can ask what the promise waits for.
  function importMain(specifier, base) {
    const promise = (async () => {
      await undefined;
      const entry = entryOf(specifier, base);
      native.waitsFor(promise, entry.record);
      await evaluate(entry);
      return native.namespace(entry.record);
    })();
    return promise;
  }

  // What answers import() of code with this base.
  function importer(base) {
    return (specifier, referrer, attributes, phase) => importFrom(specifier, base, attributes, phase);
  }

  // Evaluates at once what needs no await, and gives what require does.
  function requireSync(entry, name) {
    link(entry);
    if (native.isGraphAsync(entry.record)) {
      throw coded(Error, 'ERR_REQUIRE_ASYNC_MODULE', 'require() cannot be used on an ESM graph with top-level await. ' +
        `Use import() instead.\nRequired module: ${name}`);
    }
    if (native.moduleStatus(entry.record) === EVALUATING) {
      throw coded(Error, 'ERR_REQUIRE_CYCLE_MODULE', `Cannot require() ES Module ${name} in a cycle.`);
    }
    native.requireFulfilled(evaluate(entry));
    const namespace = native.namespace(entry.record);
    if (hasOwn(namespace, 'module.exports')) return namespace['module.exports'];
    return hasOwn(namespace, 'default') && !hasOwn(namespace, '__esModule') ? marked(entry) : namespace;
  }

  // The same exports, and the mark of those whose default export is no module.exports.
  function marked(entry) {
    const record = native.newSourceText(
      "export * from 'm'; export { default } from 'm'; export const __esModule = true;", entry.url, 0, 0);
    native.linkRequests(record, [entry.record]);
    native.instantiate(record);
    native.requireFulfilled(native.evaluate(record, 0, false));
    return native.namespace(record);
  }

  return {
    __proto__: null,
    entryOf,
    link,
    evaluate,
    importFrom,
    importMain,
    importer,
    requireSync,
    // A module whose text does not come from its URL, or is known already.
    ofText: (url, text) => keep(url, 'module', sourceText(url, text)),
    known: (url) => map.get(cache, url),
  };
}

const { resolveUrl, pathOf, urlOf, stalled } = native;
return { makeLoader, resolveUrl, pathOf, urlOf, stalled };
