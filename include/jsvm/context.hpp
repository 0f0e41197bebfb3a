/*
 * Part of jsvm.hpp: contexts and scripts.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef JSVM_CONTEXT_HPP
#define JSVM_CONTEXT_HPP

#include "types.hpp"

namespace jsvm {

class isolate_ref;
class es_module;

/** What context::compile_function gives. */
struct compiled_function {
  jsvm::function function;
  /** Whether cached data was given and refused. */
  bool cached_data_rejected = false;
  /** What was asked to be produced: bytes that make the next compilation fast. */
  bytes cached_data;
};

/** A context: a global object with its builtins. Any thread; what it does waits for the isolate. */
class context : public detail::context_handle {
 public:
  context() noexcept = default;
  /** Owns a context of jsvm.h. */
  explicit context(jsvm_context* owned) noexcept : handle(owned) {}
  /** A second owner of the same context. No lock. */
  [[nodiscard]] context clone() const { return context(jsvm_context_clone(get())); }

  /** Compiles and runs source. node:vm: runInContext. */
  value evaluate(std::string_view source, const script_options& how, const run_options& limits = {}) const {
    const jsvm_script_options compiled = how.get();
    return {detail::result<jsvm_slot>(jsvm_context_evaluate, get(), source.data(), source.size(), &compiled, limits.get()),
            get()};
  }
  value evaluate(std::string_view source, const run_options& limits = {}) const {
    return evaluate(source, script_options(), limits);
  }

  /**
   * Compiles a function out of its body and the names of its parameters. Throws jsvm::exception for a SyntaxError.
   * node:vm: vm.compileFunction.
   */
  [[nodiscard]] compiled_function compile_function(std::string_view body, const std::vector<std::string>& params = {},
                                                   const compile_function_options& options = {},
                                                   bool produce_cached_data = false) const {
    std::vector<jsvm_str> names;
    names.reserve(params.size());
    for (const std::string& name : params) {
      names.push_back({name.data(), name.size()});
    }
    const jsvm_compile_function_options how = options.get();
    bool rejected = false;
    jsvm_bytes produced = {};
    jsvm_value* const made = detail::result<jsvm_value*>(
        [&](const jsvm_context* self, jsvm_value** result, jsvm_error** error) {
          return jsvm_context_compile_function(self, body.data(), body.size(), names.data(), names.size(), &how, result,
                                               &rejected, produce_cached_data ? &produced : nullptr, error);
        },
        get());
    return {jsvm::function(owned(made)), rejected, bytes(produced)};
  }

  // Modules: module.hpp.

  /** Compiles a module. Throws jsvm::exception for a SyntaxError. node:vm: new vm.SourceTextModule. */
  [[nodiscard]] es_module compile_module(std::string_view source, const module_options& options = {}) const;
  /** A module whose exports the host sets, by es_module::set_export at any time. node:vm: new vm.SyntheticModule. */
  [[nodiscard]] es_module synthetic_module(const std::vector<std::string>& exports,
                                           const std::optional<std::string>& identifier = {}) const;
  /** As above; the callable is given the module, a const es_module&, when it is evaluated, and sets the exports then. */
  template <class Callable>
  [[nodiscard]] es_module synthetic_module(const std::vector<std::string>& exports,
                                           const std::optional<std::string>& identifier, Callable evaluate) const;
  /** A module whose default export is what JSON text says. */
  [[nodiscard]] es_module json_module(std::string_view json, const std::optional<std::string>& identifier = {}) const;
  /** A module that imports and exports what the WebAssembly does; its source phase is the WebAssembly.Module. */
  [[nodiscard]] es_module wasm_module(const void* data, std::size_t size,
                                      const std::optional<std::string>& identifier = {}) const;
  /** Who answers the import() of its code that was compiled without hooks; nullptr: nobody. */
  void set_import_hooks(const jsvm::import_hooks& hooks) const {
    detail::run(jsvm_context_set_import_hooks, get(), hooks.get());
  }
  void set_import_hooks(std::nullptr_t) const {
    detail::run(jsvm_context_set_import_hooks, get(), static_cast<const jsvm_import_hooks*>(nullptr));
  }

  /** `globalThis`. */
  [[nodiscard]] value global() const { return owned(detail::result<jsvm_value*>(jsvm_context_global, get())); }
  /** The object whose properties are the global variables; of an ordinary context `globalThis`. */
  [[nodiscard]] value contextified_object() const {
    return owned(detail::result<jsvm_value*>(jsvm_context_contextified_object, get()));
  }
  /** The JavaScript module node:vm, for scripts of this context. */
  [[nodiscard]] value vm_module(const vm_module_options& options = {}) const {
    return owned(detail::result<jsvm_value*>(jsvm_context_vm_module, get(), options.get()));
  }
  /** Gives it what scripts expect around them, before guest code runs: parts are jsvm_part bits. */
  void install(std::uint32_t parts, const install_options& options = {}) const {
    options.with([&](const jsvm_install_options* given) { detail::run(jsvm_context_install, get(), parts, given); });
  }
  /** Gives its scripts a module of the host's: require(name), and require("node:" + name), return what is given. */
  template <class T>
  void provide_module(std::string_view name, T&& given) const {
    const value module = make(std::forward<T>(given));
    detail::run(jsvm_context_provide_module, get(), name.data(), name.size(), &module.slot());
  }
  /** What process.exit or process.exitCode came to, with JSVM_PART_PROCESS. */
  [[nodiscard]] std::int32_t exit_code() const {
    std::int32_t code = 0;
    detail::run(jsvm_context_exit_code, get(), &code, static_cast<bool*>(nullptr));
    return code;
  }
  /** Whether process.exit was called: then a call that ended with status::terminated ended by it. */
  [[nodiscard]] bool is_exiting() const {
    std::int32_t code = 0;
    bool exiting = false;
    detail::run(jsvm_context_exit_code, get(), &code, &exiting);
    return exiting;
  }
  /** Its name. No lock. */
  [[nodiscard]] std::string name() const { return detail::text_or_empty(jsvm_context_name(get())); }
  /** Its origin. No lock. */
  [[nodiscard]] std::optional<std::string> origin() const {
    return detail::text_or_none(jsvm_context_origin(get()));
  }
  /** Its isolate, not owned. No lock. */
  [[nodiscard]] isolate_ref isolate() const;
  /**
   * The promise of what the contexts of its isolate take, as an object: `total`, `current` and so on. Tasks have to run
   * until it settles. node:vm: measureMemory.
   */
  [[nodiscard]] jsvm::promise measure_memory(const measure_memory_options& options = {}) const {
    return jsvm::promise(owned(detail::result<jsvm_value*>(jsvm_context_measure_memory, get(), options.get())));
  }

  // Making values.

  /**
   * A value of whatever converts to one: what value::as can give, std::u16string_view, callables, and std::exception_ptr
   * as the error that it becomes in JavaScript. An integer that is no exact double throws range_error: pass a bigint.
   */
  template <class T>
  [[nodiscard]] value make(T&& given) const {
    return detail::make_value(get(), std::forward<T>(given));
  }
  /**
   * A function that calls a C++ callable, on whatever thread runs the isolate. Its parameters are of types that value::as
   * gives, and std::string_view; a missing argument is `undefined`, one of another kind a TypeError. Or it takes a
   * call_info&, alone or before such parameters. JavaScript owns the callable: one that owns a value or context of the same
   * isolate is a cycle, which ends with the isolate. function.hpp says what becomes of exceptions.
   */
  template <class Callable>
  [[nodiscard]] jsvm::function function(Callable&& callable, const function_options& options = {}) const {
    return jsvm::function(owned(detail::make_function(get(), options, std::forward<Callable>(callable))));
  }
  /** JavaScript: ({key: value, ...}), of keys and values in turn. */
  template <class... Pairs>
  [[nodiscard]] value object(Pairs&&... pairs) const {
    value made = owned(detail::result<jsvm_value*>(jsvm_object_new, get()));
    if constexpr (sizeof...(Pairs) > 0) {
      made.set_many(std::forward<Pairs>(pairs)...);
    }
    return made;
  }
  /** JavaScript: [...elements]. */
  template <class... Elements>
  [[nodiscard]] jsvm::array array(Elements&&... elements) const {
    detail::source from(get());
    const jsvm_slot slots[] = {detail::slot_of(from, std::forward<Elements>(elements))..., jsvm_slot{}};
    return jsvm::array(owned(detail::result<jsvm_value*>(jsvm_array_new, get(), &slots[0], sizeof...(Elements))));
  }
  /** JavaScript: new Map(). */
  [[nodiscard]] jsvm::map map() const {
    return jsvm::map(owned(detail::result<jsvm_value*>(jsvm_map_new, get())));
  }
  /** JavaScript: new Set(). */
  [[nodiscard]] jsvm::set set() const {
    return jsvm::set(owned(detail::result<jsvm_value*>(jsvm_set_new, get())));
  }
  /** JavaScript: new Date(milliseconds). make() takes a time_point. */
  [[nodiscard]] jsvm::date date(double milliseconds) const {
    return jsvm::date(owned(detail::result<jsvm_value*>(jsvm_date_new, get(), milliseconds)));
  }
  /** JavaScript: new RegExp(pattern, flags). */
  [[nodiscard]] jsvm::regexp regexp(std::string_view pattern, const std::string& flags = {}) const {
    return jsvm::regexp(owned(
        detail::result<jsvm_value*>(jsvm_regexp_new, get(), pattern.data(), pattern.size(), flags.c_str())));
  }
  /** JavaScript: new TypeError(message) and so on, with Node's `code` if it is given. */
  [[nodiscard]] value exception(exception_class type, std::string_view message,
                                const std::optional<std::string>& code = {}) const {
    const jsvm_str text = detail::optional_text(code);
    return owned(detail::result<jsvm_value*>(jsvm_exception_new, get(), static_cast<std::uint32_t>(type),
                                             message.data(), message.size(), text.data, text.len));
  }
  /** A pending promise, and the host's end of it. */
  [[nodiscard]] std::pair<jsvm::promise, resolver> promise() const {
    jsvm_value* pending = nullptr;
    jsvm_resolver* const end = detail::result<jsvm_resolver*>(jsvm_promise_new, get(), &pending);
    resolver settles(end, get());
    return {jsvm::promise(owned(pending)), std::move(settles)};
  }

  // Bytes.

  /** An ArrayBuffer with a copy of bytes. */
  [[nodiscard]] jsvm::array_buffer array_buffer(const void* data, std::size_t size) const {
    return jsvm::array_buffer(owned(detail::result<jsvm_value*>(jsvm_array_buffer_new, get(), data, size)));
  }
  /** An ArrayBuffer over the memory of a vector that is moved in, without copying. */
  template <class T>
  [[nodiscard]] jsvm::array_buffer array_buffer(std::vector<T>&& owner) const {
    static_assert(std::is_trivially_copyable_v<T>, "libjsvm: JavaScript writes to the elements as bytes");
    auto* const kept = new std::vector<T>(std::move(owner));
    return external_buffer(kept->data(), kept->size() * sizeof(T), [kept] { delete kept; });
  }
  /** An ArrayBuffer over memory that is kept alive by a shared owner, without copying. */
  [[nodiscard]] jsvm::array_buffer array_buffer(std::shared_ptr<void> owner, void* data, std::size_t size) const {
    return external_buffer(data, size, [owner = std::move(owner)] {});
  }
  /**
   * An ArrayBuffer over memory of the host's, without copying. The deleter is called once, also if this throws, when
   * neither JavaScript nor a borrow uses the memory: on a thread of libjsvm's. It must not throw.
   */
  template <class Deleter>
  [[nodiscard]] jsvm::array_buffer external_buffer(void* data, std::size_t size, Deleter deleter) const {
    struct at_end {
      Deleter deleter;
      static void finalize(void* userdata) noexcept {
        auto* self = static_cast<at_end*>(userdata);
        self->deleter();
        delete self;
      }
    };
    return jsvm::array_buffer(owned(
        detail::result<jsvm_value*>(jsvm_array_buffer_new_external, get(), data, size, &at_end::finalize,
                                    static_cast<void*>(new at_end{std::move(deleter)}))));
  }

  // Whole graphs.

  /** JavaScript: JSON.parse(json). */
  [[nodiscard]] value json_parse(std::string_view json, const run_options& limits = {}) const {
    return {detail::result<jsvm_slot>(jsvm_json_parse, get(), json.data(), json.size(), limits.get()), get()};
  }
  /** JavaScript: JSON.stringify(given, undefined, indent); nothing where that is `undefined`. Getters and toJSON run. */
  template <class T>
  [[nodiscard]] std::optional<std::string> json_stringify(const T& given, std::uint32_t indent = 0,
                                                          const run_options& limits = {}) const {
    detail::source from(get());
    const jsvm_slot slot = detail::slot_of(from, given);
    const bytes text(detail::result<jsvm_bytes>(jsvm_json_stringify, get(), &slot, indent, limits.get()));
    return text.data() != nullptr ? std::optional<std::string>(text.view()) : std::nullopt;
  }
  /** Bytes of a value, as structuredClone copies it, for deserialize() in any isolate. Getters run. */
  template <class T>
  [[nodiscard]] bytes serialize(const T& given, const run_options& limits = {}) const {
    detail::source from(get());
    const jsvm_slot slot = detail::slot_of(from, given);
    return bytes(detail::result<jsvm_bytes>(jsvm_value_serialize, get(), &slot, limits.get()));
  }
  /** The value of bytes that serialize() gave. Take them from libjsvm only. */
  [[nodiscard]] value deserialize(std::string_view serialized, const run_options& limits = {}) const {
    const void* const data = serialized.data();
    return {detail::result<jsvm_slot>(jsvm_value_deserialize, get(), data, serialized.size(), limits.get()), get()};
  }
  /** The value that the slots of a graph describe: jsvm_graph_kind. */
  [[nodiscard]] value build(const jsvm_slot* slots, std::size_t count, const run_options& limits = {}) const {
    return {detail::result<jsvm_slot>(jsvm_value_build, get(), slots, count, limits.get()), get()};
  }
  [[nodiscard]] value build(const graph& flat, const run_options& limits = {}) const {
    return build(flat.data(), flat.size(), limits);
  }
  /** The value of a pickle that Python or value::pickle() wrote. Its handle(i) is the object handles[i]. */
  [[nodiscard]] value unpickle(std::string_view pickled, const std::vector<value>& handles = {},
                               const run_options& limits = {}) const {
    std::vector<jsvm_slot> slots(handles.size());
    for (std::size_t i = 0; i < handles.size(); ++i) {
      slots[i].handle = handles[i].get();
    }
    const void* const data = pickled.data();
    return {detail::result<jsvm_slot>(jsvm_value_unpickle, get(), data, pickled.size(), slots.data(), slots.size(), limits.get()),
            get()};
  }

 private:
  [[nodiscard]] value owned(jsvm_value* made) const { return value(made, get()); }
};

/** A compiled script, which runs many times, in any context of its isolate. node:vm: vm.Script. */
class script : public detail::handle<jsvm_script, jsvm_script_free> {
 public:
  script() noexcept = default;
  /** Owns a script of jsvm.h. */
  explicit script(jsvm_script* owned) noexcept : handle(owned) {}
  /** A second owner of the same script. No lock. */
  [[nodiscard]] script clone() const { return script(jsvm_script_clone(get())); }

  /** Runs in a context. node:vm: script.runInContext. */
  value run_in_context(const context& where, const run_options& limits = {}) const {
    return {detail::result<jsvm_slot>(jsvm_script_run_in_context, get(), where.get(), limits.get()), where.get()};
  }
  /**
   * Runs in the isolate's main context. node:vm: script.runInThisContext. The value makes no objects until it is told
   * where: value::in.
   */
  value run_in_this_context(const run_options& limits = {}) const {
    return {detail::result<jsvm_slot>(jsvm_script_run_in_this_context, get(), limits.get()), nullptr};
  }
  /** Makes a context and runs in it. node:vm: script.runInNewContext. */
  std::pair<value, context> run_in_new_context(const context_options& world = {},
                                               const run_options& limits = {}) const {
    const jsvm_context_options made = world.get();
    jsvm_slot slot = {};
    jsvm_context* where = nullptr;
    jsvm_error* failure = nullptr;
    const jsvm_status code =
        jsvm_script_run_in_new_context(get(), &made, limits.get(), &slot, &where, &failure);
    context owner(where);
    if (code != JSVM_STATUS_OK) {
      detail::fail(code, failure);
    }
    value completion(std::move(slot), where);
    return {std::move(completion), std::move(owner)};
  }
  /** Bytes that make the next compilation of the same source fast. */
  [[nodiscard]] bytes create_cached_data() const {
    return bytes(detail::result<jsvm_bytes>(jsvm_script_create_cached_data, get()));
  }
  /** Whether cached data was given and refused. No lock. */
  [[nodiscard]] bool cached_data_rejected() const noexcept { return jsvm_script_cached_data_rejected(get()); }
  /** The URL of the source's `//# sourceMappingURL=` comment. No lock. */
  [[nodiscard]] std::optional<std::string> source_map_url() const {
    return detail::text_or_none(jsvm_script_source_map_url(get()));
  }
  /** The URL of the source's `//# sourceURL=` comment. No lock. */
  [[nodiscard]] std::optional<std::string> source_url() const {
    return detail::text_or_none(jsvm_script_source_url(get()));
  }
};

/** The context that an object is the contextified object of, if it is one. node:vm: isContext. */
[[nodiscard]] inline std::optional<context> find_context(const jsvm_value* object) {
  jsvm_context* found = nullptr;
  detail::run(jsvm_is_context, object, static_cast<bool*>(nullptr), &found);
  return found == nullptr ? std::nullopt : std::optional<context>(context(found));
}

inline context call_info::context() const { return jsvm::context(jsvm_context_clone(home())); }

inline value value::in(const context& other) && {
  value moved(std::move(*this));
  moved.remember(other.get());
  return moved;
}

}  // namespace jsvm

#endif
