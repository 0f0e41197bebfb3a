/*
 * Part of jsvm.hpp: ES modules.
 *
 *   jsvm::es_module main = context.compile_module("import { f } from './f.mjs'; f();");
 *   main.link([&](const jsvm::import_request& asked) { return asked.context().compile_module(read(asked.specifier())); });
 *   main.evaluate().await();
 *
 * (The class is not called `module`, which is a keyword of C++20 where a line begins.)
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef JSVM_MODULE_HPP
#define JSVM_MODULE_HPP

#include "context.hpp"

namespace jsvm {

/** What a module asks for: jsvm_module_request. */
struct module_request {
  std::string specifier;
  std::vector<std::pair<std::string, std::string>> attributes;
  import_phase phase = import_phase::evaluation;

  /** Copies a request of jsvm.h. */
  explicit module_request(const jsvm_module_request& from)
      : specifier(from.specifier.data, from.specifier.len), phase(static_cast<import_phase>(from.phase)) {
    for (std::size_t i = 0; i < from.attribute_count; i++) {
      const jsvm_import_attribute& each = from.attributes[i];
      attributes.emplace_back(std::string(each.key.data, each.key.len), std::string(each.value.data, each.value.len));
    }
  }
};

/**
 * An ES module of a context: source text (context::compile_module) or synthetic. What it imports lives as long as it does.
 * node:vm: vm.Module.
 */
class es_module : public detail::handle<jsvm_module, jsvm_module_free> {
 public:
  es_module() noexcept = default;
  /** Owns a module of jsvm.h. */
  explicit es_module(jsvm_module* owned) noexcept : handle(owned) {}
  /** A second owner of the same module. No lock. */
  [[nodiscard]] es_module clone() const { return es_module(jsvm_module_clone(get())); }

  /** Its name. No lock. */
  [[nodiscard]] std::string identifier() const { return detail::text_or_empty(jsvm_module_identifier(get())); }
  [[nodiscard]] jsvm::context context() const {
    return jsvm::context(detail::result<jsvm_context*>(jsvm_module_context, get()));
  }
  [[nodiscard]] module_state status() const {
    return static_cast<module_state>(detail::result<jsvm_module_state>(jsvm_module_status, get()));
  }
  /** What it has thrown, if it is errored. */
  [[nodiscard]] value error() const {
    return {detail::result<jsvm_slot>(jsvm_module_error, get()), context().get()};
  }
  /** The object whose properties are its exports, if it is linked. node:vm: module.namespace. */
  [[nodiscard]] value namespace_object() const {
    return value(detail::result<jsvm_value*>(jsvm_module_namespace, get()), context().get());
  }
  /** What it imports. */
  [[nodiscard]] std::vector<module_request> requests() const {
    struct release {
      jsvm_module_request_list list;
      ~release() { jsvm_module_request_list_clear(&list); }
    } const at_end{detail::result<jsvm_module_request_list>(jsvm_module_requests, get())};
    return {at_end.list.requests, at_end.list.requests + at_end.list.len};
  }
  /** It awaits something outside of functions. */
  [[nodiscard]] bool has_top_level_await() const { return detail::result<bool>(jsvm_module_has_top_level_await, get()); }
  /** It, or what it depends on, does, if it is linked. */
  [[nodiscard]] bool has_async_graph() const { return detail::result<bool>(jsvm_module_has_async_graph, get()); }
  /** Bytes that make the next compilation of the same source fast; before it is evaluated. */
  [[nodiscard]] bytes create_cached_data() const {
    return bytes(detail::result<jsvm_bytes>(jsvm_module_create_cached_data, get()));
  }

  /**
   * Links it and all that it depends on: a callable is given a const import_request& for each request, outside the isolate, and
   * returns the es_module. What it throws is thrown. node:vm: module.link.
   */
  template <class Callable>
  void link(Callable&& linker, const run_options& limits = {}) const;
  /** Says what modules its requests are for, in their order. node:vm: module.linkRequests. */
  void link_requests(const std::vector<es_module>& modules) const {
    std::vector<const jsvm_module*> all;
    all.reserve(modules.size());
    for (const es_module& module : modules) {
      all.push_back(module.get());
    }
    detail::run(jsvm_module_link_requests, get(), all.data(), all.size());
  }
  /** Binds imports to exports, after link_requests. node:vm: module.instantiate. */
  void instantiate() const { detail::run(jsvm_module_instantiate, get()); }
  /** Runs it and all that it depends on. The promise tells how it ended, and has to be asked. node:vm: module.evaluate. */
  promise evaluate(const run_options& limits = {}) const {
    return promise(value(detail::result<jsvm_value*>(jsvm_module_evaluate, get(), limits.get()), context().get()));
  }

  /** Sets an export of a synthetic module. node:vm: module.setExport. */
  template <class T>
  void set_export(std::string_view name, T&& given) const {
    const jsvm::context home = context();
    detail::source from(home.get());
    const jsvm_slot slot = detail::slot_of(from, std::forward<T>(given));
    detail::run(jsvm_module_set_export, get(), name.data(), name.size(), &slot);
  }
};

/** What an import names, and who asks: jsvm_import_request. It must not be used after the call. */
class import_request {
 public:
  explicit import_request(const jsvm_import_request* given) noexcept : given_(given) {}
  import_request(const import_request&) = delete;
  import_request& operator=(const import_request&) = delete;

  [[nodiscard]] std::string_view specifier() const noexcept {
    return {given_->request.specifier.data, given_->request.specifier.len};
  }
  /** An import attribute, such as "type". */
  [[nodiscard]] std::optional<std::string_view> attribute(std::string_view key) const noexcept {
    for (std::size_t i = 0; i < given_->request.attribute_count; i++) {
      const jsvm_import_attribute& each = given_->request.attributes[i];
      if (std::string_view(each.key.data, each.key.len) == key) {
        return std::string_view(each.value.data, each.value.len);
      }
    }
    return std::nullopt;
  }
  [[nodiscard]] import_phase phase() const noexcept { return static_cast<import_phase>(given_->request.phase); }
  /** The file name, or the identifier, of the code that asks. */
  [[nodiscard]] std::string_view referrer_name() const noexcept {
    return {given_->referrer_name.data, given_->referrer_name.len};
  }
  /** The module that asks; empty if it is none. */
  [[nodiscard]] es_module referrer_module() const { return es_module(jsvm_module_clone(given_->referrer_module)); }
  /** The context in which the code runs: where to make the module. */
  [[nodiscard]] jsvm::context context() const { return jsvm::context(jsvm_context_clone(given_->context)); }
  /** The C request. */
  [[nodiscard]] const jsvm_import_request* get() const noexcept { return given_; }

 private:
  const jsvm_import_request* given_;
};

namespace detail {

/** Gives a value to libjsvm, which takes it. */
inline void hand_over(const jsvm_context* home, value given, jsvm_slot* slot) {
  if (given.is_bigint()) {
    slot->handle = result<jsvm_value*>(jsvm_value_new, jsvm_context_isolate(home), &given.slot());
    return;
  }
  *slot = given.release();
}

/** The status of a callback: what its body throws is given to libjsvm. */
template <class Body>
std::uint32_t status_of(const jsvm_context* home, jsvm_slot* slot, Body body) noexcept {
  try {
    try {
      body();
      return JSVM_STATUS_OK;
    } catch (const stopped& stop) {
      return static_cast<std::uint32_t>(stop.status());
    } catch (...) {
      hand_over(home, error_of(home, std::current_exception()), slot);
      return JSVM_STATUS_EXCEPTION;
    }
  } catch (const error& failure) {
    // The error could not be made: the isolate is closed, or full.
    return static_cast<std::uint32_t>(failure.status());
  } catch (...) {
    return JSVM_STATUS_OUT_OF_MEMORY;
  }
}

template <class Callable>
std::uint32_t answer_import(Callable& callable, const jsvm_import_request* given, jsvm_module** found,
                            jsvm_slot* slot) noexcept {
  return status_of(given->context, slot, [&] {
    const import_request asked(given);
    auto made = callable(asked);
    if constexpr (std::is_same_v<decltype(made), es_module>) {
      *found = made.release();
    } else {
      hand_over(given->context, make_value(given->context, std::move(made)), slot);
    }
  });
}

/** What libjsvm owns of import hooks. */
template <class Import, class Meta>
struct hooks_host {
  Import import_callable;
  Meta meta_callable;

  static std::uint32_t on_import(void* userdata, const jsvm_import_request* asked, jsvm_module** found,
                                 jsvm_slot* slot) noexcept {
    return answer_import(static_cast<hooks_host*>(userdata)->import_callable, asked, found, slot);
  }
  static std::uint32_t on_meta(void* userdata, const jsvm_module* given, const jsvm_value* meta,
                               jsvm_slot* slot) noexcept {
    try {
      const es_module asked(jsvm_module_clone(given));
      const context home = asked.context();
      return status_of(home.get(), slot, [&] {
        const value object(jsvm_value_clone(meta), home.get());
        static_cast<hooks_host*>(userdata)->meta_callable(asked, object);
      });
    } catch (...) {
      return JSVM_STATUS_OUT_OF_MEMORY;
    }
  }
  static void finalize(void* userdata) noexcept { delete static_cast<hooks_host*>(userdata); }
};

/** What libjsvm owns of a synthetic module. */
template <class Callable>
struct evaluate_host {
  Callable callable;

  static std::uint32_t call(void* userdata, const jsvm_module* given, jsvm_slot* slot) noexcept {
    try {
      const es_module self(jsvm_module_clone(given));
      const context home = self.context();
      return status_of(home.get(), slot, [&] { static_cast<evaluate_host*>(userdata)->callable(self); });
    } catch (...) {
      return JSVM_STATUS_OUT_OF_MEMORY;
    }
  }
  static void finalize(void* userdata) noexcept { delete static_cast<evaluate_host*>(userdata); }
};

inline jsvm_module* new_synthetic(const jsvm_context* home, const std::vector<std::string>& exports,
                                  const std::optional<std::string>& identifier, jsvm_module_evaluate_callback evaluate,
                                  void* userdata, jsvm_finalizer finalize) {
  std::vector<jsvm_str> names;
  names.reserve(exports.size());
  for (const std::string& name : exports) {
    names.push_back({name.data(), name.size()});
  }
  return result<jsvm_module*>(jsvm_synthetic_module_new, home, optional_text(identifier), names.data(), names.size(),
                              evaluate, userdata, finalize);
}

}  // namespace detail

/**
 * Hooks out of callables. The first is given a const import_request& for each import(), inside the isolate, and returns an
 * es_module that is evaluated, a namespace, or a promise of one. The second, if there is one, is given a const es_module&
 * and its import.meta, a const value&, to fill. What they throw becomes a JavaScript error. They are deleted when no code is
 * left that was compiled with the hooks.
 */
template <class Import, class Meta>
[[nodiscard]] import_hooks make_import_hooks(Import on_import, Meta on_meta) {
  using host = detail::hooks_host<Import, Meta>;
  jsvm_import_hooks_options callbacks = {};
  callbacks.struct_size = sizeof callbacks;
  callbacks.import_module_dynamically = &host::on_import;
  callbacks.initialize_import_meta = &host::on_meta;
  return import_hooks(detail::result<jsvm_import_hooks*>(
      jsvm_import_hooks_new, &callbacks, static_cast<void*>(new host{std::move(on_import), std::move(on_meta)}),
      &host::finalize));
}
template <class Import>
[[nodiscard]] import_hooks make_import_hooks(Import on_import) {
  return make_import_hooks(std::move(on_import), [](const es_module&, const value&) {});
}

template <class Callable>
void es_module::link(Callable&& linker, const run_options& limits) const {
  using type = std::remove_reference_t<Callable>;
  const jsvm_import_callback ask = [](void* userdata, const jsvm_import_request* asked, jsvm_module** found,
                                      jsvm_slot* slot) noexcept -> std::uint32_t {
    return detail::answer_import(*static_cast<type*>(userdata), asked, found, slot);
  };
  void* const userdata = const_cast<void*>(static_cast<const void*>(std::addressof(linker)));
  detail::run(jsvm_module_link, get(), ask, userdata, limits.get());
}

inline es_module context::compile_module(std::string_view source, const module_options& options) const {
  const jsvm_module_options how = options.get();
  return es_module(detail::result<jsvm_module*>(jsvm_module_new, get(), source.data(), source.size(), &how));
}

inline es_module context::synthetic_module(const std::vector<std::string>& exports,
                                           const std::optional<std::string>& identifier) const {
  return es_module(detail::new_synthetic(get(), exports, identifier, nullptr, nullptr, nullptr));
}

template <class Callable>
es_module context::synthetic_module(const std::vector<std::string>& exports,
                                    const std::optional<std::string>& identifier, Callable evaluate) const {
  using host = detail::evaluate_host<Callable>;
  return es_module(detail::new_synthetic(get(), exports, identifier, &host::call,
                                         static_cast<void*>(new host{std::move(evaluate)}), &host::finalize));
}

inline es_module context::json_module(std::string_view json, const std::optional<std::string>& identifier) const {
  return es_module(detail::result<jsvm_module*>(jsvm_json_module_new, get(), detail::optional_text(identifier),
                                                json.data(), json.size()));
}

inline es_module context::wasm_module(const void* data, std::size_t size,
                                      const std::optional<std::string>& identifier) const {
  return es_module(
      detail::result<jsvm_module*>(jsvm_wasm_module_new, get(), detail::optional_text(identifier), data, size));
}

}  // namespace jsvm

#endif
