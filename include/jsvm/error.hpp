/*
 * Part of jsvm.hpp: the numbers of jsvm.h as C++ enumerations, owned handles, and failures as exceptions.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef JSVM_ERROR_HPP
#define JSVM_ERROR_HPP

#include "../jsvm.h"

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace jsvm {

class value;

/** What a call came to: jsvm_status. */
enum class status : std::uint32_t {
  ok = JSVM_STATUS_OK,
  exception = JSVM_STATUS_EXCEPTION,
  timeout = JSVM_STATUS_TIMEOUT,
  cpu_time = JSVM_STATUS_CPU_TIME,
  interrupted = JSVM_STATUS_INTERRUPTED,
  cancelled = JSVM_STATUS_CANCELLED,
  terminated = JSVM_STATUS_TERMINATED,
  out_of_memory = JSVM_STATUS_OUT_OF_MEMORY,
  invalid_argument = JSVM_STATUS_INVALID_ARGUMENT,
  wrong_isolate = JSVM_STATUS_WRONG_ISOLATE,
  wrong_state = JSVM_STATUS_WRONG_STATE,
  busy = JSVM_STATUS_BUSY,
  disposed = JSVM_STATUS_DISPOSED,
  unsupported = JSVM_STATUS_UNSUPPORTED,
  forked = JSVM_STATUS_FORKED,
  panic = JSVM_STATUS_PANIC,
};

/** What kind of JavaScript value it is: jsvm_kind. */
enum class kind : std::uint32_t {
  undefined = JSVM_KIND_UNDEFINED,
  null = JSVM_KIND_NULL,
  boolean = JSVM_KIND_BOOLEAN,
  number = JSVM_KIND_NUMBER,
  string = JSVM_KIND_STRING,
  symbol = JSVM_KIND_SYMBOL,
  bigint = JSVM_KIND_BIGINT,
  object = JSVM_KIND_OBJECT,
  function = JSVM_KIND_FUNCTION,
};

/** What the bytes of a buffer or view are: jsvm_element_type. */
enum class element_type : std::uint32_t {
  int8 = JSVM_ELEMENT_TYPE_INT8,
  uint8 = JSVM_ELEMENT_TYPE_UINT8,
  uint8_clamped = JSVM_ELEMENT_TYPE_UINT8_CLAMPED,
  int16 = JSVM_ELEMENT_TYPE_INT16,
  uint16 = JSVM_ELEMENT_TYPE_UINT16,
  int32 = JSVM_ELEMENT_TYPE_INT32,
  uint32 = JSVM_ELEMENT_TYPE_UINT32,
  float16 = JSVM_ELEMENT_TYPE_FLOAT16,
  float32 = JSVM_ELEMENT_TYPE_FLOAT32,
  float64 = JSVM_ELEMENT_TYPE_FLOAT64,
  bigint64 = JSVM_ELEMENT_TYPE_BIGINT64,
  biguint64 = JSVM_ELEMENT_TYPE_BIGUINT64,
  data_view = JSVM_ELEMENT_TYPE_DATA_VIEW,
  array_buffer = JSVM_ELEMENT_TYPE_ARRAY_BUFFER,
};

/** A promise's state: jsvm_promise_state. */
enum class promise_state : std::uint32_t {
  pending = JSVM_PROMISE_STATE_PENDING,
  fulfilled = JSVM_PROMISE_STATE_FULFILLED,
  rejected = JSVM_PROMISE_STATE_REJECTED,
};

/** The class of an error that the host makes: jsvm_exception_class. */
enum class exception_class : std::uint32_t {
  error = JSVM_EXCEPTION_CLASS_ERROR,
  type_error = JSVM_EXCEPTION_CLASS_TYPE_ERROR,
  range_error = JSVM_EXCEPTION_CLASS_RANGE_ERROR,
  reference_error = JSVM_EXCEPTION_CLASS_REFERENCE_ERROR,
  syntax_error = JSVM_EXCEPTION_CLASS_SYNTAX_ERROR,
};

/** When a context's microtasks run: jsvm_microtask_mode. */
enum class microtask_mode : std::uint32_t {
  shared = JSVM_MICROTASK_MODE_SHARED,
  after_evaluate = JSVM_MICROTASK_MODE_AFTER_EVALUATE,
};

/** What a module has come to: jsvm_module_state. */
enum class module_state : std::uint32_t {
  unlinked = JSVM_MODULE_STATE_UNLINKED,
  linking = JSVM_MODULE_STATE_LINKING,
  linked = JSVM_MODULE_STATE_LINKED,
  evaluating = JSVM_MODULE_STATE_EVALUATING,
  evaluated = JSVM_MODULE_STATE_EVALUATED,
  errored = JSVM_MODULE_STATE_ERRORED,
};

/** How far an import goes: jsvm_import_phase. */
enum class import_phase : std::uint32_t {
  evaluation = JSVM_IMPORT_PHASE_EVALUATION,
  source = JSVM_IMPORT_PHASE_SOURCE,
  defer = JSVM_IMPORT_PHASE_DEFER,
};

/** What C++ can hold: jsvm_handle_kind. For live_handles(). */
enum class handle_kind : std::uint32_t {
  isolate = JSVM_HANDLE_KIND_ISOLATE,
  context = JSVM_HANDLE_KIND_CONTEXT,
  script = JSVM_HANDLE_KIND_SCRIPT,
  value = JSVM_HANDLE_KIND_VALUE,
  error = JSVM_HANDLE_KIND_ERROR,
  cancel = JSVM_HANDLE_KIND_CANCEL,
  resolver = JSVM_HANDLE_KIND_RESOLVER,
  borrow = JSVM_HANDLE_KIND_BORROW,
  module = JSVM_HANDLE_KIND_MODULE,
  import_hooks = JSVM_HANDLE_KIND_IMPORT_HOOKS,
};

/** A status as a word, such as "TIMEOUT". Never throws. */
[[nodiscard]] inline const char* status_name(status code) noexcept {
  return jsvm_status_name(static_cast<std::uint32_t>(code));
}

/**
 * Whether a run was stopped: timeout, cpu_time, interrupted, cancelled, terminated or out_of_memory. JavaScript
 * cannot catch these.
 */
[[nodiscard]] constexpr bool is_stop(status code) noexcept {
  return code >= status::timeout && code <= status::out_of_memory;
}

/** A frame of a JavaScript stack: jsvm_frame. */
struct frame {
  std::string function;
  std::string filename;
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  bool is_eval = false;
  bool is_constructor = false;
  bool is_wasm = false;
};

namespace detail {

/** Sole owner of a handle of jsvm.h. */
template <class T, void (*Free)(T*)>
class handle {
 public:
  handle() noexcept = default;
  explicit handle(T* owned) noexcept : pointer_(owned) {}
  handle(handle&& other) noexcept : pointer_(other.release()) {}
  handle& operator=(handle&& other) noexcept {
    if (this != &other) {
      reset(other.release());
    }
    return *this;
  }
  ~handle() { reset(); }

  /** The handle, still owned here; NULL if there is none. */
  [[nodiscard]] T* get() const noexcept { return pointer_; }
  /** The handle, no longer owned here: free it with the function of jsvm.h. */
  [[nodiscard]] T* release() noexcept { return std::exchange(pointer_, nullptr); }
  /** Frees the handle and owns another one, or none. */
  void reset(T* owned = nullptr) noexcept {
    if (T* old = std::exchange(pointer_, owned)) {
      Free(old);
    }
  }
  explicit operator bool() const noexcept { return pointer_ != nullptr; }

 private:
  T* pointer_ = nullptr;
};

/** Text of jsvm.h, where NULL is none. */
[[nodiscard]] inline std::optional<std::string> text_or_none(const char* text) {
  return text != nullptr ? std::optional<std::string>(text) : std::nullopt;
}

[[nodiscard]] inline std::string text_or_empty(const char* text) { return text != nullptr ? text : ""; }

/**
 * Its address says that the userdata of a JavaScript error is a std::exception_ptr. Each shared library has its own:
 * those of two C++ libraries do not mix.
 */
[[gnu::visibility("hidden")]] inline constexpr char exception_key = 0;

/** The C++ exception that became this JavaScript error, if one did. */
[[nodiscard]] inline std::exception_ptr original_of(const jsvm_error* error) noexcept {
  const void* found = jsvm_error_userdata(error, &exception_key);
  return found != nullptr ? *static_cast<const std::exception_ptr*>(found) : nullptr;
}

}  // namespace detail

/**
 * What a failed call of libjsvm throws. Copies share the jsvm_error that they own; reading needs no lock and runs no
 * JavaScript, on any thread.
 *
 * What is thrown is a jsvm::exception if the guest threw, a jsvm::stopped if the run was stopped, and otherwise a
 * jsvm::error: the host's mistake, or a state that forbids the call. If what the guest threw began as a C++ exception in
 * a host function, then it is not a jsvm::error that is thrown, but that very exception.
 */
class JSVM_API error : public std::runtime_error {
 public:
  /** Owns the error of a call of jsvm.h, which may be NULL. */
  error(jsvm_status code, std::shared_ptr<jsvm_error> data)
      : std::runtime_error(describe(code, data.get())),
        status_(static_cast<jsvm::status>(code)),
        data_(std::move(data)) {}

  /** An error of the C++ side, without a jsvm_error. */
  error(jsvm::status code, const std::string& message) : std::runtime_error(message), status_(code) {}

  [[nodiscard]] jsvm::status status() const noexcept { return status_; }
  /** Such as "TypeError"; "" for a thrown value that is no error. */
  [[nodiscard]] std::string name() const {
    return data_ ? detail::text_or_empty(jsvm_error_name(get())) : "Error";
  }
  /** The message without the name, which what() has in front. */
  [[nodiscard]] std::string message() const {
    return data_ ? detail::text_or_empty(jsvm_error_message(get())) : what();
  }
  /** Node's code, such as "ERR_SCRIPT_EXECUTION_TIMEOUT", or the thrown error's own `code`. */
  [[nodiscard]] std::optional<std::string> code() const {
    return detail::text_or_none(jsvm_error_code(get()));
  }
  /** "Name: message" and a line for each frame. */
  [[nodiscard]] std::optional<std::string> stack() const {
    return detail::text_or_none(jsvm_error_stack(get()));
  }
  [[nodiscard]] std::optional<std::string> filename() const {
    return detail::text_or_none(jsvm_error_filename(get()));
  }
  [[nodiscard]] std::optional<std::string> source_line() const {
    return detail::text_or_none(jsvm_error_source_line(get()));
  }
  /** The source line with carets under the place, as Node prints above a stack. */
  [[nodiscard]] std::optional<std::string> arrow() const {
    return detail::text_or_none(jsvm_error_arrow(get()));
  }
  /** From 1; 0 if unknown. */
  [[nodiscard]] std::uint32_t line() const noexcept { return jsvm_error_line(get()); }
  /** From 1; 0 if unknown. */
  [[nodiscard]] std::uint32_t column() const noexcept { return jsvm_error_column(get()); }

  /** The frames of the stack, innermost first. */
  [[nodiscard]] std::vector<frame> frames() const {
    std::vector<frame> all;
    for (std::size_t i = 0; i < jsvm_error_frame_count(get()); i++) {
      jsvm_frame one = {};
      if (jsvm_error_frame(get(), i, &one) == JSVM_STATUS_OK) {
        all.push_back({one.function, one.filename, one.line, one.column, one.is_eval, one.is_constructor,
                       one.is_wasm});
      }
    }
    return all;
  }

  /** The error's `cause`, if it has one. */
  [[nodiscard]] std::optional<error> cause() const {
    const jsvm_error* inner = jsvm_error_cause(get());
    if (inner == nullptr) {
      return std::nullopt;
    }
    // The cause lives as long as the error, which this keeps.
    return error(jsvm_error_status(inner), std::shared_ptr<jsvm_error>(data_, const_cast<jsvm_error*>(inner)));
  }

  /**
   * The C++ exception that became this error in a host function; NULL if none did. A call throws it instead of the
   * error: it is found here only of a cause().
   */
  [[nodiscard]] std::exception_ptr original() const noexcept { return detail::original_of(get()); }

  /** The value that the guest threw; throws wrong_state if the guest did not throw. */
  [[nodiscard]] value thrown() const;

  /** The C handle, which this owns; NULL if there is none. */
  [[nodiscard]] const jsvm_error* get() const noexcept { return data_.get(); }

 private:
  static std::string describe(jsvm_status code, const jsvm_error* data) {
    const std::string name =
        code == JSVM_STATUS_EXCEPTION ? detail::text_or_empty(jsvm_error_name(data)) : jsvm_status_name(code);
    const std::string message = detail::text_or_empty(jsvm_error_message(data));
    return name.empty() || message.empty() ? name + message : name + ": " + message;
  }

  jsvm::status status_;
  std::shared_ptr<jsvm_error> data_;
};

/** The guest threw, or its source does not compile. */
class JSVM_API exception : public error {
 public:
  using error::error;
};

/** The run was stopped: see is_stop(). Thrown in a host function, it goes on stopping what runs around it. */
class JSVM_API stopped : public error {
 public:
  using error::error;
};

/**
 * A value is not of the kind that was asked for. In a host function it becomes a JavaScript TypeError.
 */
class JSVM_API type_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/** A number does not fit where it is to go. In a host function it becomes a JavaScript RangeError. */
class JSVM_API range_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

namespace detail {

/** Throws what a failed call came to. Takes the error. */
[[noreturn]] inline void fail(jsvm_status code, jsvm_error* owned) {
  std::shared_ptr<jsvm_error> data(owned, jsvm_error_free);
  if (std::exception_ptr original = original_of(owned)) {
    data.reset();
    std::rethrow_exception(std::move(original));
  }
  if (code == JSVM_STATUS_EXCEPTION) {
    throw exception(code, std::move(data));
  }
  if (is_stop(static_cast<status>(code))) {
    throw stopped(code, std::move(data));
  }
  throw error(code, std::move(data));
}

/** For the few functions of jsvm.h that give a status and no error. */
inline void check(jsvm_status code) {
  if (code != JSVM_STATUS_OK) {
    fail(code, nullptr);
  }
}

/** Calls a function of jsvm.h whose last parameter is the error. */
template <class Function, class... Arguments>
void run(Function function, Arguments... arguments) {
  jsvm_error* failure = nullptr;
  const jsvm_status code = function(arguments..., &failure);
  if (code != JSVM_STATUS_OK) {
    fail(code, failure);
  }
}

/** Calls a function of jsvm.h whose last parameters are a result and the error; gives the result. */
template <class Result, class Function, class... Arguments>
[[nodiscard]] Result result(Function function, Arguments... arguments) {
  Result made = {};
  run(function, arguments..., &made);
  return made;
}

}  // namespace detail
}  // namespace jsvm

#endif
