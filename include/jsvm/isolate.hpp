/*
 * Part of jsvm.hpp: isolates, sessions, and the library itself.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef JSVM_ISOLATE_HPP
#define JSVM_ISOLATE_HPP

#include "module.hpp"

namespace jsvm {

/** Holds an isolate for this thread until its end, so that calls in between need no lock. It stays on its thread. */
class session {
 public:
  explicit session(const jsvm_isolate* isolate, const run_options& limits = {}) : isolate_(isolate) {
    detail::run(jsvm_isolate_enter, isolate, limits.get());
  }
  session(const session&) = delete;
  session& operator=(const session&) = delete;
  /** Sessions end in reverse order: scopes see to it. */
  ~session() { static_cast<void>(jsvm_isolate_exit(isolate_, nullptr) == JSVM_STATUS_OK); }

 private:
  const jsvm_isolate* isolate_;
};

/** What isolate_ref::measure_memory found: bytes. */
struct memory_measurement {
  /** What V8 attributes to a context, and that with all that it cannot attribute to one. */
  struct memory {
    std::string name;
    std::size_t estimate = 0;
    std::size_t range_low = 0;
    std::size_t range_high = 0;
  };
  /** The sum of all contexts; it has no name. */
  memory total;
  /** The contexts, if they were asked for. */
  std::vector<memory> contexts;
  /** Of all isolates of the process. */
  std::size_t wasm_code = 0;
  std::size_t wasm_metadata = 0;

  /** Copies a measurement of jsvm.h. */
  explicit memory_measurement(const jsvm_memory_measurement& from)
      : total{{}, from.total_estimate, from.total_range_low, from.total_range_high},
        wasm_code(from.wasm_code),
        wasm_metadata(from.wasm_metadata) {
    contexts.reserve(from.len);
    for (std::size_t i = 0; i < from.len; i++) {
      const jsvm_context_memory& each = from.contexts[i];
      contexts.push_back({{each.name, each.name_len}, each.estimate, each.range_low, each.range_high});
    }
  }
};

/** An isolate that somebody else owns: all that can be done with one, but freeing. Copies name the same. */
class isolate_ref {
 public:
  explicit isolate_ref(jsvm_isolate* borrowed) noexcept : pointer_(borrowed) {}
  /** The handle, not owned here. */
  [[nodiscard]] jsvm_isolate* get() const noexcept { return pointer_; }

  /** The context that it was made with. */
  [[nodiscard]] context main_context() const {
    return context(detail::result<jsvm_context*>(jsvm_isolate_main_context, get()));
  }
  /** A new context, with an ordinary global object. node:vm: createContext(vm.constants.DONT_CONTEXTIFY). */
  [[nodiscard]] context new_context(const context_options& options = {}) const {
    const jsvm_context_options world = options.get();
    return context(detail::result<jsvm_context*>(jsvm_context_new, get(), &world));
  }
  /** Compiles a script. Throws jsvm::exception for a SyntaxError. node:vm: new vm.Script. */
  [[nodiscard]] script compile(std::string_view source, const script_options& options = {}) const {
    const jsvm_script_options how = options.get();
    return script(detail::result<jsvm_script*>(jsvm_script_new, get(), source.data(), source.size(), &how));
  }
  /** JavaScript: Symbol(description). */
  [[nodiscard]] jsvm::symbol symbol(const std::optional<std::string>& description = {}) const {
    const jsvm_str text = detail::optional_text(description);
    return jsvm::symbol(value(detail::result<jsvm_value*>(jsvm_symbol_new, get(), text.data, text.len)));
  }
  /** JavaScript: Symbol.for(key). */
  [[nodiscard]] jsvm::symbol symbol_for(std::string_view key) const {
    return jsvm::symbol(value(detail::result<jsvm_value*>(jsvm_symbol_for, get(), key.data(), key.size())));
  }

  /** Holds the isolate for this thread. The limits are those of the wait. */
  [[nodiscard]] session enter(const run_options& limits = {}) const { return session(get(), limits); }
  /** Stops what runs in it now, with status::terminated. No lock. */
  void terminate() const { detail::run(jsvm_isolate_terminate, get()); }
  /**
   * Has a callable called on the thread that runs the isolate, at the next point where the guest can stop. It must not
   * throw or enter an isolate. No lock.
   */
  template <class Callable>
  void request_interrupt(Callable callable) const {
    using kept = detail::callback<Callable>;
    detail::run(jsvm_isolate_request_interrupt, get(), &kept::template call<>,
                static_cast<void*>(new kept(std::move(callable))), &kept::finalize);
  }
  /** Runs what waits to run, and waits for something at most so long. Gives whether something may still come. */
  template <class Rep = std::int64_t, class Period = std::milli>
  bool run_tasks(std::chrono::duration<Rep, Period> wait = {}, const run_options& limits = {}) const {
    return detail::result<bool>(jsvm_isolate_run_tasks, get(), detail::wait_ms(wait), limits.get());
  }
  /** Runs the microtasks, for an isolate whose host drains them. */
  void perform_microtask_checkpoint(const run_options& limits = {}) const {
    detail::run(jsvm_isolate_perform_microtask_checkpoint, get(), limits.get());
  }
  /** Has a callable called, on any thread, when something comes in for run_tasks(). It must not throw. No lock. */
  template <class Callable>
  void on_wakeup(Callable callable) const {
    using kept = detail::callback<Callable>;
    detail::run(jsvm_isolate_set_wakeup, get(), &kept::template call<>,
                static_cast<void*>(new kept(std::move(callable))), &kept::finalize);
  }
  void on_wakeup(std::nullptr_t) const {
    detail::run(jsvm_isolate_set_wakeup, get(), nullptr, nullptr, nullptr);
  }
  /**
   * Has a callable called with a promise and its reason, both const value&, when the promise was rejected and nobody
   * listens. It must not throw. No lock.
   */
  template <class Callable>
  void on_unhandled_rejection(Callable callable) const {
    auto with_values = [callable = std::move(callable)](const jsvm_value* promise, const jsvm_slot* reason) mutable {
      jsvm_slot slot = {};
      slot.kind = JSVM_KIND_OBJECT;
      slot.flags = JSVM_FLAG_PROMISE;
      slot.handle = const_cast<jsvm_value*>(promise);
      const value rejected = value::copy(slot, nullptr);
      const value why = value::copy(*reason, nullptr);
      callable(rejected, why);
    };
    using kept = detail::callback<decltype(with_values)>;
    detail::run(jsvm_isolate_set_unhandled_rejection_callback, get(),
                &kept::template call<const jsvm_value*, const jsvm_slot*>,
                static_cast<void*>(new kept(std::move(with_values))), &kept::finalize);
  }
  void on_unhandled_rejection(std::nullptr_t) const {
    detail::run(jsvm_isolate_set_unhandled_rejection_callback, get(), nullptr, nullptr, nullptr);
  }
  /** The isolate's memory. */
  [[nodiscard]] jsvm_heap_statistics heap_statistics() const {
    return detail::result<jsvm_heap_statistics>(jsvm_isolate_heap_statistics, get());
  }
  /** Collects all garbage, now. */
  void low_memory_notification() const { detail::run(jsvm_isolate_low_memory_notification, get()); }
  /** What its contexts take. Runs tasks until V8 has measured. node:vm: await measureMemory. */
  [[nodiscard]] memory_measurement measure_memory(const measure_memory_options& options = {},
                                                  const run_options& limits = {}) const {
    struct release {
      jsvm_memory_measurement found;
      ~release() { jsvm_memory_measurement_clear(&found); }
    } const at_end{detail::result<jsvm_memory_measurement>(jsvm_isolate_measure_memory, get(), options.get(),
                                                           limits.get())};
    return memory_measurement(at_end.found);
  }

 protected:
  jsvm_isolate* pointer_;
};

/**
 * An isolate: a JavaScript heap with its contexts. Any thread may use it, one at a time; the others wait their turn. At its
 * end what runs in it is stopped, and what is left of its values is inert.
 */
class isolate : public isolate_ref {
 public:
  /** Makes an isolate with its main context. The first one starts V8 for the process. */
  explicit isolate(const isolate_options& options = {})
      : isolate_ref(detail::result<jsvm_isolate*>(jsvm_isolate_new, options.get())) {}
  /** Owns an isolate of jsvm.h. */
  explicit isolate(jsvm_isolate* owned) noexcept : isolate_ref(owned) {}
  isolate(isolate&& other) noexcept : isolate_ref(other.release()) {}
  isolate& operator=(isolate&& other) noexcept {
    isolate taken(std::move(other));
    std::swap(pointer_, taken.pointer_);
    return *this;
  }
  ~isolate() { jsvm_isolate_free(pointer_); }

  /** The handle, no longer owned here. */
  [[nodiscard]] jsvm_isolate* release() noexcept { return std::exchange(pointer_, nullptr); }
};

inline isolate_ref context::isolate() const { return isolate_ref(jsvm_context_isolate(get())); }

// The library.

/** Its version, such as "0.1.0". */
[[nodiscard]] inline const char* version() noexcept { return jsvm_version(); }
/** It works with programs that were built against a header with this JSVM_ABI_VERSION. */
[[nodiscard]] inline std::uint32_t abi_version() noexcept { return jsvm_abi_version(); }
/** V8's version. */
[[nodiscard]] inline const char* v8_version() noexcept { return jsvm_v8_version(); }
/** How many handles of a kind have not been freed, each owner counted. For leak tests. */
[[nodiscard]] inline std::size_t live_handles(handle_kind which) noexcept {
  return jsvm_live_handles(static_cast<std::uint32_t>(which));
}
/** Sets flags of V8 for the process, before the first isolate. */
inline void set_v8_flags(std::string_view flags) { detail::run(jsvm_set_v8_flags, flags.data(), flags.size()); }
/** Waits until the finalizers that came due by frees have run; false if that takes longer. */
template <class Rep, class Period>
[[nodiscard]] bool flush_finalizers(std::chrono::duration<Rep, Period> timeout) {
  return jsvm_flush_finalizers(detail::wait_ms(timeout)) == JSVM_STATUS_OK;
}

}  // namespace jsvm

#endif
