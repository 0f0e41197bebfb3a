/*
 * ES modules: one callable says what a specifier names. The sources are in a table here; a program would read files.
 */
#include <jsvm.hpp>

#include <iostream>
#include <map>
#include <stdexcept>

int main() {
  const std::map<std::string, std::string, std::less<>> files = {
      {"greet.mjs", "import { upper } from 'text.mjs'; export const greet = (name) => `Hello, ${upper(name)}!`;"},
      {"text.mjs", "export const upper = (text) => text.toUpperCase();"},
      {"settings.json", R"({"name": "modules"})"},
  };
  std::map<std::string, jsvm::es_module, std::less<>> modules;
  // Each file becomes one module, however often it is imported.
  const auto load = [&](const jsvm::import_request& asked) {
    const std::string name(asked.specifier());
    std::cout << asked.referrer_name() << " imports " << name << '\n';
    auto known = modules.find(name);
    if (known == modules.end()) {
      const auto file = files.find(name);
      if (file == files.end()) {
        throw std::runtime_error("there is no module " + name);
      }
      const jsvm::context context = asked.context();
      known = modules
                  .emplace(name, asked.attribute("type") == "json"
                                     ? context.json_module(file->second, name)
                                     : context.compile_module(file->second, jsvm::module_options().identifier(name)))
                  .first;
    }
    return known->second.clone();
  };

  const jsvm::isolate isolate;
  const jsvm::context context = isolate.main_context();
  const jsvm::es_module program = context.compile_module(
      "import { greet } from 'greet.mjs';"
      "import settings from 'settings.json' with { type: 'json' };"
      "export const greeting = greet(settings.name);",
      jsvm::module_options().identifier("main.mjs"));
  program.link(load);
  program.evaluate().await();
  std::cout << program.namespace_object().get("greeting").to_string() << '\n';

  // What the callable throws comes out of link().
  try {
    context.compile_module("import 'nowhere.mjs'", jsvm::module_options().identifier("lost.mjs")).link(load);
  } catch (const std::runtime_error& error) {
    std::cout << error.what() << '\n';
  }
}
