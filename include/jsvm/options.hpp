/*
 * Part of jsvm.hpp: cancel tokens and options.
 *
 * Options are set by name: run_options().timeout(100ms).cancel(token). They copy what they are given. Threads may
 * share them while nobody sets.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef JSVM_OPTIONS_HPP
#define JSVM_OPTIONS_HPP

#include "error.hpp"

#include <chrono>
#include <functional>

namespace jsvm {

namespace detail {

[[nodiscard]] inline jsvm_str optional_text(const std::optional<std::string>& text) noexcept {
  return text ? jsvm_str{text->data(), text->size()} : jsvm_str{nullptr, 0};
}

/**
 * A limit in milliseconds, where 0 would be none. What is left of a time may be nothing or less: that is the shortest
 * limit, not the longest.
 */
template <class Rep, class Period>
[[nodiscard]] std::uint64_t limit_ms(std::chrono::duration<Rep, Period> time) {
  using floating = std::chrono::duration<double, std::milli>;
  const double ms = std::chrono::duration_cast<floating>(time).count();
  if (!(ms > 1)) {
    return 1;
  }
  // As far as a double is exact: 285000 years.
  if (ms >= 9007199254740992.0) {
    return 9007199254740992;
  }
  return static_cast<std::uint64_t>(std::chrono::ceil<std::chrono::milliseconds>(time).count());
}

/** A wait in milliseconds, where 0 does not wait. */
template <class Rep, class Period>
[[nodiscard]] std::uint64_t wait_ms(std::chrono::duration<Rep, Period> time) {
  return time <= time.zero() ? 0 : limit_ms(time);
}

}  // namespace detail

/** A cancel token: calls that carry it end with status::cancelled once it is triggered. Any thread, no lock. */
class cancel_token : public detail::handle<jsvm_cancel, jsvm_cancel_free> {
 public:
  /** A new token. */
  cancel_token() : handle(detail::result<jsvm_cancel*>(jsvm_cancel_new)) {}
  /** Owns a token of jsvm.h. */
  explicit cancel_token(jsvm_cancel* owned) noexcept : handle(owned) {}

  /** Ends the calls that carry it, now and for ever. */
  void trigger() const { detail::run(jsvm_cancel_trigger, get()); }
  /** A second owner of the same token. */
  [[nodiscard]] cancel_token clone() const { return cancel_token(jsvm_cancel_clone(get())); }
};

/** Limits of one call: jsvm_run_options. None are the default. */
class run_options {
 public:
  run_options() noexcept { options_.struct_size = sizeof options_; }

  /** The call ends with status::timeout; its wait for the isolate counts. A time of nothing or less is 1 ms. */
  template <class Rep, class Period>
  run_options& timeout(std::chrono::duration<Rep, Period> time) {
    options_.timeout_ms = detail::limit_ms(time);
    return *this;
  }
  /** The call ends with status::cpu_time. */
  template <class Rep, class Period>
  run_options& cpu_time(std::chrono::duration<Rep, Period> time) {
    options_.cpu_time_ms = detail::limit_ms(time);
    return *this;
  }
  /** A SIGINT ends the call with status::interrupted. */
  run_options& break_on_sigint(bool on = true) noexcept {
    options_.break_on_sigint = on;
    return *this;
  }
  /** The call ends with status::cancelled when the token is triggered. The options own the token too. */
  run_options& cancel(const cancel_token& token) {
    jsvm_cancel* const second = jsvm_cancel_clone(token.get());
    if (second == nullptr) {
      throw error(status::invalid_argument, "cancel: it is not a live cancel_token");
    }
    cancel_.reset(second, jsvm_cancel_free);
    options_.cancel = cancel_.get();
    return *this;
  }

  /** The C options, which live as long as these. */
  [[nodiscard]] const jsvm_run_options* get() const noexcept { return &options_; }

 private:
  jsvm_run_options options_ = {};
  std::shared_ptr<jsvm_cancel> cancel_;
};

/**
 * What the host does for the imports of some code; make_import_hooks makes one. Code that was compiled with it keeps it. No
 * lock.
 */
class import_hooks : public detail::handle<jsvm_import_hooks, jsvm_import_hooks_free> {
 public:
  import_hooks() noexcept = default;
  /** Owns hooks of jsvm.h. */
  explicit import_hooks(jsvm_import_hooks* owned) noexcept : handle(owned) {}
  /** A second owner of the same hooks. */
  [[nodiscard]] import_hooks clone() const { return import_hooks(jsvm_import_hooks_clone(get())); }
  /** A second owner, for options that are copied. */
  [[nodiscard]] std::shared_ptr<jsvm_import_hooks> share() const {
    return {jsvm_import_hooks_clone(get()), jsvm_import_hooks_free};
  }
};

/** Options of compiling: jsvm_script_options. */
class script_options {
 public:
  script_options() noexcept { options_.struct_size = sizeof options_; }

  /** The script's name in errors and stacks. */
  script_options& filename(std::string name) {
    filename_ = std::move(name);
    return *this;
  }
  /** Lines and columns that stand before the source in its file. */
  script_options& offset(std::int32_t line, std::int32_t column = 0) noexcept {
    options_.line_offset = line;
    options_.column_offset = column;
    return *this;
  }
  /** Bytes of script::create_cached_data. Take them from your own disk only. */
  script_options& cached_data(const void* data, std::size_t size) {
    const auto* bytes = static_cast<const std::uint8_t*>(data);
    cached_data_.assign(bytes, bytes + size);
    return *this;
  }
  /** Whether errors have an arrow. They do unless told. */
  script_options& display_errors(bool on) noexcept {
    options_.no_display_errors = !on;
    return *this;
  }

  /** Who answers its import(). The options own the hooks too. */
  script_options& import_hooks(const jsvm::import_hooks& hooks) {
    import_hooks_ = hooks.share();
    return *this;
  }

  /** The C options, which point into these. */
  [[nodiscard]] jsvm_script_options get() const noexcept {
    jsvm_script_options all = options_;
    all.filename = detail::optional_text(filename_);
    all.cached_data = cached_data_.empty() ? nullptr : cached_data_.data();
    all.cached_data_len = cached_data_.size();
    all.import_hooks = import_hooks_.get();
    return all;
  }

 private:
  jsvm_script_options options_ = {};
  std::shared_ptr<jsvm_import_hooks> import_hooks_;
  std::optional<std::string> filename_;
  std::vector<std::uint8_t> cached_data_;
};

/** Options of compiling a function: jsvm_compile_function_options. */
class compile_function_options {
 public:
  compile_function_options() noexcept { options_.struct_size = sizeof options_; }

  /** The function's file in errors and stacks. */
  compile_function_options& filename(std::string name) {
    filename_ = std::move(name);
    return *this;
  }
  /** Lines and columns that stand before the body in its file. */
  compile_function_options& offset(std::int32_t line, std::int32_t column = 0) noexcept {
    options_.line_offset = line;
    options_.column_offset = column;
    return *this;
  }
  /** Bytes of compiled_function::cached_data. Take them from your own disk only. */
  compile_function_options& cached_data(const void* data, std::size_t size) {
    const auto* bytes = static_cast<const std::uint8_t*>(data);
    cached_data_.assign(bytes, bytes + size);
    return *this;
  }
  /** One more object whose properties are variables of the function. It is not owned. */
  compile_function_options& context_extension(const jsvm_value* object) {
    context_extensions_.push_back(object);
    return *this;
  }

  /** Who answers its import(). The options own the hooks too. */
  compile_function_options& import_hooks(const jsvm::import_hooks& hooks) {
    import_hooks_ = hooks.share();
    return *this;
  }

  /** The C options, which point into these. */
  [[nodiscard]] jsvm_compile_function_options get() const noexcept {
    jsvm_compile_function_options all = options_;
    all.filename = detail::optional_text(filename_);
    all.cached_data = cached_data_.empty() ? nullptr : cached_data_.data();
    all.cached_data_len = cached_data_.size();
    all.context_extensions = context_extensions_.data();
    all.context_extension_count = context_extensions_.size();
    all.import_hooks = import_hooks_.get();
    return all;
  }

 private:
  jsvm_compile_function_options options_ = {};
  std::shared_ptr<jsvm_import_hooks> import_hooks_;
  std::optional<std::string> filename_;
  std::vector<std::uint8_t> cached_data_;
  std::vector<const jsvm_value*> context_extensions_;
};

/** Options of compiling a module: jsvm_module_options. */
class module_options {
 public:
  module_options() noexcept { options_.struct_size = sizeof options_; }

  /** The module's name in errors, stacks and messages. */
  module_options& identifier(std::string name) {
    identifier_ = std::move(name);
    return *this;
  }
  /** Lines and columns that stand before the source in its file. */
  module_options& offset(std::int32_t line, std::int32_t column = 0) noexcept {
    options_.line_offset = line;
    options_.column_offset = column;
    return *this;
  }
  /** Bytes of es_module::create_cached_data. Take them from your own disk only. */
  module_options& cached_data(const void* data, std::size_t size) {
    const auto* bytes = static_cast<const std::uint8_t*>(data);
    cached_data_.assign(bytes, bytes + size);
    return *this;
  }
  /** Who answers its import() and fills its import.meta. The options own the hooks too. */
  module_options& import_hooks(const jsvm::import_hooks& hooks) {
    import_hooks_ = hooks.share();
    return *this;
  }

  /** The C options, which point into these. */
  [[nodiscard]] jsvm_module_options get() const noexcept {
    jsvm_module_options all = options_;
    all.identifier = detail::optional_text(identifier_);
    all.cached_data = cached_data_.empty() ? nullptr : cached_data_.data();
    all.cached_data_len = cached_data_.size();
    all.import_hooks = import_hooks_.get();
    return all;
  }

 private:
  jsvm_module_options options_ = {};
  std::optional<std::string> identifier_;
  std::vector<std::uint8_t> cached_data_;
  std::shared_ptr<jsvm_import_hooks> import_hooks_;
};

/** Options of a new context: jsvm_context_options. */
class context_options {
 public:
  context_options() noexcept { options_.struct_size = sizeof options_; }

  /** A name for people. */
  context_options& name(std::string text) {
    name_ = std::move(text);
    return *this;
  }
  /** An origin, like a URL's. */
  context_options& origin(std::string text) {
    origin_ = std::move(text);
    return *this;
  }
  /** Whether eval and new Function, and WebAssembly, may make code. They may unless told. */
  context_options& code_generation(bool strings, bool wasm) noexcept {
    options_.disallow_code_generation_strings = !strings;
    options_.disallow_code_generation_wasm = !wasm;
    return *this;
  }
  /** When its microtasks run. */
  context_options& microtasks(microtask_mode mode) noexcept {
    options_.microtask_mode = static_cast<std::uint32_t>(mode);
    return *this;
  }

  /** The global variables are the properties of a new object: context::contextified_object. */
  context_options& contextify() noexcept {
    options_.contextify = true;
    return *this;
  }
  /** The global variables are the properties of this object, which has to live until the context is made. */
  context_options& contextify(const jsvm_value* object) noexcept {
    options_.contextified_object = object;
    return contextify();
  }

  /** The C options, which point into these. */
  [[nodiscard]] jsvm_context_options get() const noexcept {
    jsvm_context_options all = options_;
    all.name = detail::optional_text(name_);
    all.origin = detail::optional_text(origin_);
    return all;
  }

 private:
  jsvm_context_options options_ = {};
  std::optional<std::string> name_;
  std::optional<std::string> origin_;
};

/** Limits of a new isolate: jsvm_isolate_options. */
class isolate_options {
 public:
  isolate_options() noexcept { options_.struct_size = sizeof options_; }

  /** The heap in bytes. A call that passes it ends with status::out_of_memory. */
  isolate_options& heap_limit(std::size_t bytes) noexcept {
    options_.heap_limit = bytes;
    return *this;
  }
  /** Bytes of ArrayBuffers. Beyond it the guest gets a RangeError. */
  isolate_options& buffer_limit(std::size_t bytes) noexcept {
    options_.buffer_limit = bytes;
    return *this;
  }
  /** Bytes of the calling thread's stack that JavaScript may use. */
  isolate_options& stack_size(std::size_t bytes) noexcept {
    options_.stack_size = bytes;
    return *this;
  }
  /** The host drains the microtask queue by isolate::perform_microtask_checkpoint. */
  isolate_options& host_drains_microtasks(bool on = true) noexcept {
    options_.host_drains_microtasks = on;
    return *this;
  }

  /** The C options, which live as long as these. */
  [[nodiscard]] const jsvm_isolate_options* get() const noexcept { return &options_; }

 private:
  jsvm_isolate_options options_ = {};
};

/** How memory is measured: jsvm_measure_memory_options. */
class measure_memory_options {
 public:
  measure_memory_options() noexcept { options_.struct_size = sizeof options_; }

  /** Each context, and not only their sum. */
  measure_memory_options& detailed(bool on = true) noexcept {
    options_.mode = on ? JSVM_MEASURE_MEMORY_MODE_DETAILED : JSVM_MEASURE_MEMORY_MODE_SUMMARY;
    return *this;
  }
  /** In a garbage collection that begins at once, not in V8's next one, which may take 20 seconds to come. */
  measure_memory_options& eager(bool on = true) noexcept {
    options_.execution = on ? JSVM_MEASURE_MEMORY_EXECUTION_EAGER : JSVM_MEASURE_MEMORY_EXECUTION_DEFAULT;
    return *this;
  }

  /** The C options, which live as long as these. */
  [[nodiscard]] const jsvm_measure_memory_options* get() const noexcept { return &options_; }

 private:
  jsvm_measure_memory_options options_ = {};
};

/** Which node:vm scripts get: jsvm_vm_module_options. */
class vm_module_options {
 public:
  vm_module_options() noexcept { options_.struct_size = sizeof options_; }

  /** The major version of Node whose manual it follows: 10, or 0 for the newest. */
  vm_module_options& generation(std::uint32_t version) noexcept {
    options_.generation = version;
    return *this;
  }

  /** The C options, which live as long as these. */
  [[nodiscard]] const jsvm_vm_module_options* get() const noexcept { return &options_; }

 private:
  jsvm_vm_module_options options_ = {};
};

/** Name and shape of a host function: jsvm_function_options. */
class function_options {
 public:
  /** The function's `name`. */
  function_options& name(std::string text) {
    name_ = std::move(text);
    return *this;
  }
  /** The function's `length`; how many parameters the callable has, unless told. */
  function_options& length(std::uint32_t count) noexcept {
    length_ = count;
    return *this;
  }
  /** It may be called by `new`. */
  function_options& constructor(bool on = true) noexcept {
    is_constructor_ = on;
    return *this;
  }

  /** The C options, which point into these. */
  [[nodiscard]] jsvm_function_options get(std::uint32_t default_length) const noexcept {
    return {sizeof(jsvm_function_options), detail::optional_text(name_), length_.value_or(default_length),
            is_constructor_};
  }

 private:
  std::optional<std::string> name_;
  std::optional<std::uint32_t> length_;
  bool is_constructor_ = false;
};

/** Where the parts of the runtime write to. */
enum class stream : std::uint32_t { output = 1, errors = 2 };

/** What the parts of the runtime work with: jsvm_install_options. */
class install_options {
 public:
  /** Takes what the parts write, instead of the process's streams, inside the isolate. It must not throw. */
  install_options& write(std::function<void(stream, std::string_view)> callable) {
    write_ = std::move(callable);
    return *this;
  }
  /** process.argv; as Node has it, the program and the script come first. */
  install_options& argv(std::vector<std::string> all) {
    argv_ = std::move(all);
    return *this;
  }
  /** process.execArgv. */
  install_options& exec_argv(std::vector<std::string> all) {
    exec_argv_ = std::move(all);
    return *this;
  }
  /** process.env, each as NAME=value. Nothing unless told. */
  install_options& env(std::vector<std::string> all) {
    env_ = std::move(all);
    return *this;
  }
  /** The file from which `require` resolves, or with a slash at its end the folder. */
  install_options& require_from(std::string path) {
    require_from_ = std::move(path);
    return *this;
  }

  /** Calls with the C options, which point into these and are good for one jsvm_context_install. */
  template <class Body>
  void with(Body body) const {
    const std::vector<jsvm_str> argv = texts(argv_), exec_argv = texts(exec_argv_), env = texts(env_);
    jsvm_install_options all = {};
    all.struct_size = sizeof all;
    all.argv = argv.data();
    all.argv_count = argv.size();
    all.exec_argv = exec_argv.data();
    all.exec_argv_count = exec_argv.size();
    all.env = env.data();
    all.env_count = env.size();
    all.require_from = detail::optional_text(require_from_);
    if (write_) {
      // Last: from here on it is the library's to delete.
      all.userdata = new std::function<void(stream, std::string_view)>(write_);
      all.write = [](void* userdata, std::uint32_t to, const char* data, std::size_t size) noexcept {
        (*static_cast<const std::function<void(stream, std::string_view)>*>(userdata))(static_cast<stream>(to),
                                                                                      {data, size});
      };
      all.finalizer = [](void* userdata) noexcept {
        delete static_cast<std::function<void(stream, std::string_view)>*>(userdata);
      };
    }
    body(static_cast<const jsvm_install_options*>(&all));
  }

 private:
  static std::vector<jsvm_str> texts(const std::vector<std::string>& all) {
    std::vector<jsvm_str> borrowed;
    borrowed.reserve(all.size());
    for (const std::string& text : all) {
      borrowed.push_back({text.data(), text.size()});
    }
    return borrowed;
  }

  std::function<void(stream, std::string_view)> write_;
  std::vector<std::string> argv_, exec_argv_, env_;
  std::optional<std::string> require_from_;
};

/** Limits of value::flatten: jsvm_flatten_options. */
class flatten_options {
 public:
  flatten_options() noexcept { options_.struct_size = sizeof options_; }

  /** Containers within containers. */
  flatten_options& max_depth(std::size_t count) noexcept {
    options_.max_depth = count;
    return *this;
  }
  /** Slots. */
  flatten_options& max_size(std::size_t count) noexcept {
    options_.max_size = count;
    return *this;
  }
  /** Bytes of strings, bigints and buffers. */
  flatten_options& max_bytes(std::size_t bytes) noexcept {
    options_.max_bytes = bytes;
    return *this;
  }
  /** Getters are called; otherwise no guest code runs. */
  flatten_options& call_getters(bool on = true) noexcept {
    options_.call_getters = on;
    return *this;
  }

  /** The C options, which live as long as these. */
  [[nodiscard]] const jsvm_flatten_options* get() const noexcept { return &options_; }

 private:
  jsvm_flatten_options options_ = {};
};

}  // namespace jsvm

#endif
