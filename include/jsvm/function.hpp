/*
 * Part of jsvm.hpp: C++ callables as JavaScript functions, and exceptions on their way through JavaScript.
 *
 * What a callable throws becomes a JavaScript error, and comes out of the C++ call around it as the same C++ exception
 * if JavaScript does not catch it:
 *
 *   thrown in the callable            what JavaScript sees             what leaves the outer C++ call
 *   jsvm::type_error, range_error     a TypeError, RangeError          that exception
 *   another std::exception            an Error with what()             that exception
 *   something else                    an Error                         that object
 *   jsvm::exception of a nested call  the value that was thrown there  a jsvm::exception of that value
 *   throw_value(v)                    v                                a jsvm::exception of v
 *   jsvm::stopped                     nothing: it is stopped too       a jsvm::stopped of the outer call
 *
 * The C++ exception lives with the JavaScript error object, out of the guest's sight (jsvm_exception_set_userdata): it
 * comes out whenever and wherever the object does, from a promise as well, and goes when the object is collected, on a
 * thread of libjsvm's. A guest that makes another error of it keeps it as error::cause().
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef JSVM_FUNCTION_HPP
#define JSVM_FUNCTION_HPP

#include "convert.hpp"

#include <tuple>

namespace jsvm {

/** A call of a host function: its arguments and its `this`. It must not be used after the call. */
class call_info {
 public:
  explicit call_info(const jsvm_call* call) noexcept : call_(call) {}
  call_info(const call_info&) = delete;
  call_info& operator=(const call_info&) = delete;

  /** How many arguments there are. */
  [[nodiscard]] std::size_t size() const noexcept { return call_->argc; }
  /** An argument, to keep; `undefined` past the end. */
  [[nodiscard]] value operator[](std::size_t index) const {
    const jsvm_slot& slot = borrowed(index);
    return value::copy(slot, home_of(slot));
  }
  /** An argument as a C++ value; throws type_error and range_error that name it. */
  template <class T>
  [[nodiscard]] T arg(std::size_t index) const {
    const jsvm_slot& slot = borrowed(index);
    try {
      return detail::from<T>::get(slot, home_of(slot));
    } catch (const type_error& wrong) {
      throw type_error(argument(index) + wrong.what());
    } catch (const range_error& wrong) {
      throw range_error(argument(index) + wrong.what());
    }
  }
  /** The `this` of the call. */
  [[nodiscard]] value this_value() const {
    return {detail::result<jsvm_slot>(jsvm_call_this, call_), home()};
  }
  /** `undefined` unless it was called by `new`. */
  [[nodiscard]] value new_target() const {
    return {detail::result<jsvm_slot>(jsvm_call_new_target, call_), home()};
  }
  /** Called by `new`: `this` is the new object. */
  [[nodiscard]] bool is_construct_call() const noexcept { return call_->is_construct_call; }
  /** The context of the function that was called. */
  [[nodiscard]] jsvm::context context() const;
  /** The C call. */
  [[nodiscard]] const jsvm_call* get() const noexcept { return call_; }

  /** The context's handle, still owned here. */
  [[nodiscard]] const jsvm_context* home() const {
    if (!home_) {
      home_.reset(detail::result<jsvm_context*>(jsvm_call_context, call_));
    }
    return home_.get();
  }

 private:
  [[nodiscard]] const jsvm_slot& borrowed(std::size_t index) const noexcept {
    static const jsvm_slot undefined = {};
    return index < call_->argc ? call_->args[index] : undefined;
  }
  [[nodiscard]] const jsvm_context* home_of(const jsvm_slot& slot) const {
    return slot.handle != nullptr ? home() : nullptr;
  }
  static std::string argument(std::size_t index) { return "argument " + std::to_string(index + 1) + ": "; }

  const jsvm_call* call_;
  /** Made when it is asked for: calls with numbers do not need it. */
  mutable detail::context_handle home_;
};

namespace detail {

/** Hands a value to JavaScript as the result of a host function. */
inline void deliver(const call_info& call, value given, jsvm_slot* result_slot) {
  if (given.is_bigint()) {
    result_slot->handle =
        result<jsvm_value*>(jsvm_value_new, jsvm_context_isolate(call.home()), &given.slot());
    return;
  }
  // libjsvm frees no handle that is an argument's: it would leave the second owner that we have.
  for (std::size_t i = 0; i < call.size(); i++) {
    if (given.get() != nullptr && given.get() == call.get()->args[i].handle) {
      *result_slot = call.get()->args[i];
      return;
    }
  }
  *result_slot = given.release();
}

/** What a host function threw, when it is no JavaScript value: its class and message for JavaScript. */
struct foreign {
  exception_class type = exception_class::error;
  std::string message = "a C++ exception that is no std::exception";
};

[[nodiscard]] inline jsvm_value* error_value(const jsvm_context* home, const foreign& failure,
                                             const std::exception_ptr& original) {
  const auto type = static_cast<std::uint32_t>(failure.type);
  const char* const no_code = nullptr;
  const auto make = [&](const std::string& message) {
    return result<jsvm_value*>(jsvm_exception_new, home, type, message.data(), message.size(), no_code,
                               std::size_t{0});
  };
  value_handle made;
  try {
    made.reset(make(failure.message));
  } catch (const error& refused) {
    if (refused.status() != status::invalid_argument) {
      throw;
    }
    // what() need not be UTF-8.
    std::string ascii = failure.message;
    for (char& byte : ascii) {
      byte = (byte & 0x80) != 0 ? '?' : byte;
    }
    made.reset(make(ascii));
  }
  // From here on libjsvm owns the copy, also if it fails.
  run(jsvm_exception_set_userdata, made.get(), static_cast<const void*>(&exception_key),
      static_cast<void*>(new std::exception_ptr(original)),
      [](void* userdata) { delete static_cast<std::exception_ptr*>(userdata); });
  return made.release();
}

/** The JavaScript value that a C++ exception becomes. */
[[nodiscard]] inline value error_of(const jsvm_context* home, const std::exception_ptr& original) {
  foreign failure;
  try {
    std::rethrow_exception(original);
  } catch (const thrown_value& thrown) {
    return thrown.get().clone();
  } catch (const error& nested) {
    failure.message = nested.message();
    if (nested.status() == status::exception) {
      // Another isolate's value cannot be thrown in this one: it gets an error of its own.
      jsvm_value* same = nullptr;
      if (jsvm_value_new(jsvm_context_isolate(home), &nested.thrown().slot(), &same, nullptr) == JSVM_STATUS_OK) {
        return value(same, home);
      }
      failure.message = nested.what();
    }
  } catch (const type_error& wrong) {
    failure = {exception_class::type_error, wrong.what()};
  } catch (const range_error& wrong) {
    failure = {exception_class::range_error, wrong.what()};
  } catch (const std::exception& other) {
    failure.message = other.what();
  } catch (...) {
  }
  return value(error_value(home, failure, original), home);
}

/** Ends a host function with what is being thrown. Called in a catch block. */
[[nodiscard]] inline jsvm_status end_with_exception(const call_info& call, jsvm_slot* result_slot) {
  try {
    throw;
  } catch (const stopped& stop) {
    return static_cast<jsvm_status>(stop.status());
  } catch (...) {
    deliver(call, error_of(call.home(), std::current_exception()), result_slot);
    return JSVM_STATUS_EXCEPTION;
  }
}

/** Calls a callable with a call's arguments. */
/** In braces, so that the first wrong argument is the one that is named. */
template <class... A, std::size_t... I>
[[nodiscard]] std::tuple<plain<A>...> typed_arguments(const call_info& call, std::index_sequence<I...>) {
  return std::tuple<plain<A>...>{call.arg<plain<A>>(I)...};
}

template <class Callable, class R, class... A, std::size_t... I>
decltype(auto) invoke_typed(Callable& callable, call_info& call, R (*)(A...), std::index_sequence<I...> all) {
  [[maybe_unused]] auto arguments = typed_arguments<A...>(call, all);
  return callable(std::forward<A>(std::get<I>(arguments))...);
}

template <class Callable, class R, class... A, std::size_t... I>
decltype(auto) invoke_typed(Callable& callable, call_info& call, R (*)(call_info&, A...),
                            std::index_sequence<I...> all) {
  [[maybe_unused]] auto arguments = typed_arguments<A...>(call, all);
  return callable(call, std::forward<A>(std::get<I>(arguments))...);
}

template <class>
struct arguments_of {};
template <class R, class... A>
struct arguments_of<R(A...)> {
  using indices = std::index_sequence_for<A...>;
};
template <class R, class... A>
struct arguments_of<R(call_info&, A...)> {
  using indices = std::index_sequence_for<A...>;
};

template <class Callable>
decltype(auto) invoke_any(Callable& callable, call_info& call) {
  if constexpr (has_signature<Callable>) {
    using type = typename signature<Callable>::type;
    return invoke_typed(callable, call, static_cast<type*>(nullptr), typename arguments_of<type>::indices());
  } else {
    return callable(call);
  }
}

/** What JavaScript owns of a host function. */
template <class Callable>
struct host {
  Callable callable;

  static std::uint32_t call(void* userdata, const jsvm_call* given, jsvm_slot* result_slot) noexcept {
    call_info call(given);
    try {
      try {
        Callable& callable = static_cast<host*>(userdata)->callable;
        using R = decltype(invoke_any(callable, call));
        if constexpr (std::is_void_v<R>) {
          invoke_any(callable, call);
        } else {
          R&& made = invoke_any(callable, call);
          // The context is asked for only if something is made in it.
          constexpr bool flat = std::is_base_of_v<value, plain<R>> || std::is_arithmetic_v<plain<R>> || is_text<plain<R>>;
          deliver(call, make_value(flat ? nullptr : call.home(), std::forward<R>(made)), result_slot);
        }
        return JSVM_STATUS_OK;
      } catch (...) {
        return end_with_exception(call, result_slot);
      }
    } catch (const error& failure) {
      // The error could not be made: the isolate is closed, or full.
      return static_cast<std::uint32_t>(failure.status());
    } catch (...) {
      return JSVM_STATUS_OUT_OF_MEMORY;
    }
  }

  static void finalize(void* userdata) noexcept { delete static_cast<host*>(userdata); }
};

template <class Callable>
[[nodiscard]] jsvm_value* make_function(const jsvm_context* home, const function_options& options,
                                        Callable&& callable) {
  using type = std::decay_t<Callable>;
  std::uint32_t length = 0;
  if constexpr (has_signature<type>) {
    using arguments = arguments_of<typename signature<type>::type>;
    length = arguments::indices::size();
  }
  const jsvm_function_options shape = options.get(length);
  return result<jsvm_value*>(jsvm_function_new, home, &shape, &host<type>::call,
                             static_cast<void*>(new host<type>{std::forward<Callable>(callable)}),
                             &host<type>::finalize);
}

/** Userdata and its functions for those callbacks of jsvm.h that JavaScript does not see. They must not throw. */
template <class Callable>
struct callback {
  explicit callback(Callable given) : callable(std::move(given)) {}
  Callable callable;

  template <class... Arguments>
  static void call(void* userdata, Arguments... arguments) noexcept {
    static_cast<callback*>(userdata)->callable(arguments...);
  }
  static void finalize(void* userdata) noexcept { delete static_cast<callback*>(userdata); }
};

}  // namespace detail
}  // namespace jsvm

#endif
