/* ES modules. */
#include "check.hpp"

#include <map>
#include <stdexcept>
#include <thread>

namespace {

using jsvm::es_module;
using jsvm::import_request;

/** Modules out of a table of sources, each compiled once. */
struct loader {
  std::map<std::string, std::string, std::less<>> sources;
  std::map<std::string, es_module, std::less<>> modules;

  es_module operator()(const import_request& asked) {
    const std::string name(asked.specifier());
    auto found = modules.find(name);
    if (found == modules.end()) {
      const auto source = sources.find(name);
      if (source == sources.end()) {
        throw std::out_of_range("no file " + name + " for " + std::string(asked.referrer_name()));
      }
      es_module made = asked.attribute("type") == "json"
                           ? asked.context().json_module(source->second, name)
                           : asked.context().compile_module(source->second, jsvm::module_options().identifier(name));
      found = modules.emplace(name, std::move(made)).first;
    }
    return found->second.clone();
  }
};

template <class T>
T exported(const es_module& module, const char* name) {
  return module.namespace_object().get(name).as<T>();
}

void linking_by_a_callable() {
  const world w;
  loader load{{{"b", "import data from 'c' with { type: 'json' }; export const b = data.n;"}, {"c", R"({"n": 41})"}}, {}};
  const es_module a = w.context.compile_module("import { b } from 'b'; export default b + 1;",
                                               jsvm::module_options().identifier("a"));
  CHECK(a.status() == jsvm::module_state::unlinked);
  CHECK_THROWS(jsvm::error, a.namespace_object(), "WRONG_STATE");
  a.link(load);
  CHECK(a.status() == jsvm::module_state::linked);
  CHECK(!a.has_async_graph());
  a.evaluate().await();
  CHECK_EQ(exported<int>(a, "default"), 42);
  CHECK_EQ(a.identifier(), "a");
  CHECK_EQ(a.context().name(), w.context.name());
}

void what_a_linker_throws() {
  const world w;
  loader load{};
  const es_module module = w.context.compile_module("import 'x'", jsvm::module_options().identifier("m"));
  CHECK_THROWS(std::out_of_range, module.link(load), "no file x for m");
  CHECK_THROWS(jsvm::exception, module.link([](const import_request& asked) {
    return asked.context().compile_module("nonsense here");
  }), "SyntaxError");
  CHECK_THROWS(jsvm::error, module.link([](const import_request&) { return es_module(); }), "gave no module");
  CHECK_THROWS(jsvm::exception, w.context.compile_module("export let let"), "SyntaxError");
}

void linking_step_by_step() {
  const world w;
  const es_module module =
      w.context.compile_module("import { x } from 'x' with { type: 'js' }; export { x as default };");
  const std::vector<jsvm::module_request> requests = module.requests();
  CHECK_EQ(requests.size(), 1U);
  CHECK_EQ(requests.at(0).specifier, "x");
  CHECK_EQ(requests.at(0).attributes.at(0).second, "js");
  CHECK(requests.at(0).phase == jsvm::import_phase::evaluation);
  std::vector<es_module> modules;
  CHECK_THROWS(jsvm::error, module.link_requests(modules), "INVALID_ARGUMENT");
  modules.push_back(w.context.compile_module("export const x = await Promise.resolve(3)"));
  CHECK(modules[0].has_top_level_await());
  CHECK(modules[0].create_cached_data().size() > 0);
  module.link_requests(modules);
  module.instantiate();
  CHECK(module.has_async_graph());
  module.evaluate().await();
  CHECK_EQ(exported<int>(module, "default"), 3);
}

void synthetic_modules() {
  const world w;
  const es_module plain = w.context.synthetic_module({"a", "b"}, "plain");
  plain.set_export("a", std::vector<int>{1, 2});
  CHECK_EQ(exported<std::vector<int>>(plain, "a").size(), 2U);
  CHECK_THROWS(jsvm::exception, plain.set_export("c", 1), "ReferenceError");
  CHECK_THROWS(jsvm::error, w.context.synthetic_module({"a", "a"}), "there already");
  int calls = 0;
  const es_module called = w.context.synthetic_module({"x"}, "called", [&calls](const es_module& self) {
    calls++;
    self.set_export("x", "set");
  });
  called.evaluate().await();
  CHECK_EQ(calls, 1);
  CHECK_EQ(exported<std::string>(called, "x"), "set");
  const es_module failing = w.context.synthetic_module(
      {}, {}, [](const es_module&) { throw std::domain_error("from C++"); });
  CHECK_THROWS(std::domain_error, failing.evaluate().await(), "from C++");
  CHECK(failing.status() == jsvm::module_state::errored);
  CHECK(failing.error().is_error());
  const unsigned char empty[] = {0, 'a', 's', 'm', 1, 0, 0, 0};
  const es_module compiled = w.context.wasm_module(empty, sizeof empty, "empty.wasm");
  CHECK_EQ(compiled.requests().size(), 0U);
  compiled.instantiate();
  compiled.evaluate().await();
  CHECK_EQ(compiled.identifier(), "empty.wasm");
}

void imports() {
  const world w;
  const auto alive = std::make_shared<int>(0);
  {
    const es_module target = w.context.compile_module("export const x = 5;");
    target.instantiate();
    target.evaluate().await();
    const jsvm::import_hooks hooks = jsvm::make_import_hooks(
        [alive, target = std::make_shared<es_module>(target.clone())](const import_request& asked) {
          if (asked.specifier() == "missing") {
            throw std::out_of_range("no such module");
          }
          return target->clone();
        },
        [](const es_module& module, const jsvm::value& meta) { meta.set("url", module.identifier()); });
    const auto with_hooks = jsvm::script_options().import_hooks(hooks);
    CHECK_EQ(w.context.evaluate("import('x').then((ns) => ns.x)", with_hooks).as<jsvm::promise>().await().as<int>(), 5);
    CHECK_THROWS(std::out_of_range, w.context.evaluate("import('missing')", with_hooks).as<jsvm::promise>().await(),
                 "no such");
    const es_module importer = w.context.compile_module(
        "export const { x } = await import('x'); export const { url } = import.meta;",
        jsvm::module_options().identifier("file:///a.mjs").import_hooks(hooks));
    importer.instantiate();
    importer.evaluate().await();
    CHECK_EQ(exported<int>(importer, "x"), 5);
    CHECK_EQ(exported<std::string>(importer, "url"), "file:///a.mjs");
    const jsvm::function f =
        w.context
            .compile_function("return import('x')", {}, jsvm::compile_function_options().import_hooks(hooks.clone()))
            .function;
    f().as<jsvm::promise>().await();
    CHECK_THROWS(jsvm::exception, w.js("import('x')").as<jsvm::promise>().await(), "callback was not specified");
    w.context.set_import_hooks(hooks);
    w.js("import('x')").as<jsvm::promise>().await();
    w.context.set_import_hooks(nullptr);
    CHECK_THROWS(jsvm::exception, w.js("import('x')").as<jsvm::promise>().await(), "callback was not specified");
  }
  for (int i = 0; alive.use_count() > 1 && i < 20; i++) {
    w.collect();
  }
  CHECK_EQ(alive.use_count(), 1);
}

void imports_that_are_answered_later() {
  const world w;
  const es_module target = w.context.compile_module("export const x = 5;");
  target.instantiate();
  target.evaluate().await();
  std::thread work;
  const jsvm::import_hooks hooks = jsvm::make_import_hooks([&](const import_request& asked) {
    auto [promise, resolver] = asked.context().promise();
    work = std::thread([&target, resolver = std::move(resolver)] {
      resolver.settle([&] { return target.namespace_object(); });
    });
    return std::move(promise);
  });
  const auto imported = w.context.evaluate("import('x').then((ns) => ns.x)", jsvm::script_options().import_hooks(hooks));
  CHECK_EQ(imported.as<jsvm::promise>().await().as<int>(), 5);
  work.join();
}

}  // namespace

int main() {
  RUN(linking_by_a_callable);
  RUN(what_a_linker_throws);
  RUN(linking_step_by_step);
  RUN(synthetic_modules);
  RUN(imports);
  RUN(imports_that_are_answered_later);
  return FINISH();
}
