/*
 * Part of jsvm.hpp: C++ values to slots and back. Containers cross in one call, as graphs (jsvm_graph_kind).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef JSVM_CONVERT_HPP
#define JSVM_CONVERT_HPP

#include "value.hpp"

#include <functional>
#include <map>
#include <unordered_map>
#include <variant>

namespace jsvm {

class call_info;

namespace detail {

template <class T>
using plain = std::remove_cv_t<std::remove_reference_t<T>>;

using time_point = std::chrono::system_clock::time_point;

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

template <class T>
inline constexpr bool is_vector = false;
template <class T, class Allocator>
inline constexpr bool is_vector<std::vector<T, Allocator>> = true;

template <class T>
inline constexpr bool is_record = false;
template <class T, class Compare, class Allocator>
inline constexpr bool is_record<std::map<std::string, T, Compare, Allocator>> = true;
template <class T, class Hash, class Equal, class Allocator>
inline constexpr bool is_record<std::unordered_map<std::string, T, Hash, Equal, Allocator>> = true;

template <class T>
inline constexpr bool is_container = is_vector<T> || is_record<T>;

template <class T>
inline constexpr bool is_bytes = false;
template <class Allocator>
inline constexpr bool is_bytes<std::vector<std::byte, Allocator>> = true;

// What a callable takes and gives, where that is one thing only.

template <class T>
struct signature_of {};
template <class R, class... A>
struct signature_of<R(A...)> {
  using type = R(A...);
  static constexpr std::uint32_t length = sizeof...(A);
};
template <class R, class... A>
struct signature_of<R(A...) noexcept> : signature_of<R(A...)> {};
template <class C, class R, class... A>
struct signature_of<R (C::*)(A...)> : signature_of<R(A...)> {};
template <class C, class R, class... A>
struct signature_of<R (C::*)(A...) const> : signature_of<R(A...)> {};
template <class C, class R, class... A>
struct signature_of<R (C::*)(A...) noexcept> : signature_of<R(A...)> {};
template <class C, class R, class... A>
struct signature_of<R (C::*)(A...) const noexcept> : signature_of<R(A...)> {};

template <class T, class = void>
struct signature : signature_of<std::remove_pointer_t<T>> {};
template <class T>
struct signature<T, std::void_t<decltype(&T::operator())>> : signature_of<decltype(&T::operator())> {};

template <class T, class = void>
inline constexpr bool has_signature = false;
template <class T>
inline constexpr bool has_signature<T, std::void_t<typename signature<T>::type>> = true;

/** A generic callable, such as [](auto& call) {}, is given the call_info. */
template <class T>
inline constexpr bool is_callable = has_signature<T> || std::is_invocable_v<T&, call_info&>;

/** Makes a JavaScript function: see function.hpp. */
template <class Callable>
[[nodiscard]] jsvm_value* make_function(const jsvm_context* home, const function_options& options,
                                        Callable&& callable);

/** The JavaScript value that a C++ exception becomes: see function.hpp. */
[[nodiscard]] inline value error_of(const jsvm_context* home, const std::exception_ptr& original);

// To JavaScript.

/** The slots of a value and of all that it holds, in pre-order. */
template <class T>
void encode(source& from, std::vector<jsvm_slot>& slots, const T& given) {
  jsvm_slot slot = {};
  if constexpr (is_optional<T>) {
    if (given) {
      encode(from, slots, *given);
    } else {
      slots.push_back(slot);
    }
  } else if constexpr (is_bytes<T>) {
    slot.kind = JSVM_GRAPH_KIND_BYTES;
    slot.number = JSVM_ELEMENT_TYPE_UINT8;
    slot.data = reinterpret_cast<const char*>(given.data());
    slot.len = given.size();
    slots.push_back(slot);
  } else if constexpr (is_vector<T>) {
    slot.kind = JSVM_GRAPH_KIND_ARRAY;
    slot.len = given.size();
    slots.push_back(slot);
    for (const auto& element : given) {
      encode<typename T::value_type>(from, slots, element);
    }
  } else if constexpr (is_record<T>) {
    slot.kind = JSVM_GRAPH_KIND_RECORD;
    slot.len = 2 * given.size();
    slots.push_back(slot);
    for (const auto& [key, element] : given) {
      slots.push_back(slot_of(from, key));
      encode(from, slots, element);
    }
  } else {
    slots.push_back(slot_of(from, given));
  }
}

[[nodiscard]] inline jsvm_slot number_slot(jsvm_kind kind, double number) noexcept {
  jsvm_slot slot = {};
  slot.kind = kind;
  slot.number = number;
  return slot;
}

[[nodiscard]] inline jsvm_slot data_slot(jsvm_kind kind, std::string_view data) noexcept {
  jsvm_slot slot = {};
  slot.kind = kind;
  slot.data = data.data();
  slot.len = data.size();
  return slot;
}

template <class T>
[[nodiscard]] jsvm_slot slot_of(source& from, T&& given) {
  using U = plain<T>;
  if constexpr (std::is_base_of_v<value, U>) {
    return given.slot();
  } else if constexpr (std::is_same_v<U, bool>) {
    return number_slot(JSVM_KIND_BOOLEAN, given ? 1 : 0);
  } else if constexpr (is_number<U>) {
    return number_slot(JSVM_KIND_NUMBER, exact_number(given));
  } else if constexpr (std::is_same_v<U, std::nullptr_t>) {
    return number_slot(JSVM_KIND_NULL, 0);
  } else if constexpr (std::is_same_v<U, std::monostate> || std::is_same_v<U, std::nullopt_t>) {
    return {};
  } else if constexpr (is_text<U>) {
    if constexpr (std::is_pointer_v<U>) {
      if (given == nullptr) {
        return number_slot(JSVM_KIND_NULL, 0);
      }
    }
    return data_slot(JSVM_KIND_STRING, given);
  } else if constexpr (std::is_convertible_v<const U&, std::u16string_view>) {
    const std::u16string_view text = given;
    return from.keep(result<jsvm_value*>(jsvm_string_new_utf16, jsvm_context_isolate(from.need_home()),
                                         reinterpret_cast<const std::uint16_t*>(text.data()), text.size()));
  } else if constexpr (std::is_same_v<U, bigint>) {
    return data_slot(JSVM_KIND_BIGINT, given.bytes());
  } else if constexpr (is_optional<U>) {
    return given ? slot_of(from, *std::forward<T>(given)) : jsvm_slot{};
  } else if constexpr (std::is_same_v<U, time_point>) {
    using milliseconds = std::chrono::duration<double, std::milli>;
    return from.keep(result<jsvm_value*>(
        jsvm_date_new, from.need_home(),
        std::chrono::duration_cast<milliseconds>(given.time_since_epoch()).count()));
  } else if constexpr (is_container<U>) {
    std::vector<jsvm_slot> slots;
    encode(from, slots, given);
    const run_options none;
    return from.keep(
        result<jsvm_slot>(jsvm_value_build, from.need_home(), slots.data(), slots.size(), none.get()).handle);
  } else if constexpr (std::is_same_v<U, std::exception_ptr>) {
    const value error = error_of(from.need_home(), given);
    return from.keep(result<jsvm_value*>(jsvm_value_new, jsvm_context_isolate(from.home), &error.slot()));
  } else if constexpr (is_callable<U>) {
    function_options options;
    options.name(std::string(from.name));
    return from.keep(make_function(from.need_home(), options, std::forward<T>(given)));
  } else {
    static_assert(never<T>, "libjsvm: this C++ type does not become a JavaScript value");
  }
}

/** A value to keep. */
template <class T>
[[nodiscard]] value make_value(const jsvm_context* home, T&& given, std::string_view name = {}) {
  if constexpr (std::is_base_of_v<value, plain<T>>) {
    if constexpr (std::is_lvalue_reference_v<T>) {
      return given.clone();
    } else {
      return value(std::move(given));
    }
  } else {
    source from(home, name);
    const jsvm_slot slot = slot_of(from, std::forward<T>(given));
    if (!from.made.empty() && from.made.back().get() == slot.handle) {
      return value(from.made.back().release(), home);
    }
    return value::copy(slot, home);
  }
}

// From JavaScript.

template <>
struct from<value> {
  static value get(const jsvm_slot& slot, const jsvm_context* home) { return value::copy(slot, home); }
};

template <>
struct from<bool> {
  static bool get(const jsvm_slot& slot, const jsvm_context*) {
    if (slot.kind != JSVM_KIND_BOOLEAN) {
      wrong_kind("a boolean", slot);
    }
    return slot.number != 0;
  }
};

template <class T>
struct from<T, std::enable_if_t<is_number<T> && std::is_floating_point_v<T>>> {
  static T get(const jsvm_slot& slot, const jsvm_context*) {
    if (slot.kind != JSVM_KIND_NUMBER) {
      wrong_kind("a number", slot);
    }
    return static_cast<T>(slot.number);
  }
};

template <class T>
struct from<T, std::enable_if_t<is_number<T> && std::is_integral_v<T>>> {
  static T get(const jsvm_slot& slot, const jsvm_context*) {
    if (slot.kind == JSVM_KIND_BIGINT) {
      const bigint big = bigint::from_bytes({slot.data, slot.len});
      if (const std::optional<T> number = big.to<T>()) {
        return *number;
      }
      throw range_error(big.to_string() + " does not fit " + std::to_string(8 * sizeof(T)) + " bits");
    }
    if (slot.kind != JSVM_KIND_NUMBER) {
      wrong_kind("a number", slot);
    }
    const double limit = std::ldexp(1.0, std::numeric_limits<T>::digits);
    const double lowest = std::is_signed_v<T> ? -limit : 0;
    if (!(slot.number >= lowest && slot.number < limit) || std::trunc(slot.number) != slot.number) {
      throw range_error(number_text(slot.number) + " is no integer of " + std::to_string(8 * sizeof(T)) +
                        (std::is_signed_v<T> ? " bits" : " bits without a sign"));
    }
    return static_cast<T>(slot.number);
  }
};

/** For parameters of host functions: a view lives as long as the call. */
template <>
struct from<std::string_view> {
  static std::string_view get(const jsvm_slot& slot, const jsvm_context*) {
    if (slot.kind != JSVM_KIND_STRING) {
      wrong_kind("a string", slot);
    }
    return {slot.data, slot.len};
  }
};

template <>
struct from<std::string> {
  static std::string get(const jsvm_slot& slot, const jsvm_context* home) {
    return std::string(from<std::string_view>::get(slot, home));
  }
};

template <>
struct from<std::u16string> {
  static std::u16string get(const jsvm_slot& slot, const jsvm_context*) {
    if (slot.kind != JSVM_KIND_STRING) {
      wrong_kind("a string", slot);
    }
    if (slot.handle == nullptr) {
      return widened({slot.data, slot.len});
    }
    // With no room it says how many there are.
    std::uint16_t* const none = nullptr;
    std::u16string text(result<std::size_t>(jsvm_string_utf16, slot.handle, none, std::size_t{0}), u'\0');
    static_cast<void>(result<std::size_t>(jsvm_string_utf16, slot.handle,
                                          reinterpret_cast<std::uint16_t*>(text.data()), text.size()));
    return text;
  }

 private:
  /** UTF-8 of libjsvm's is well-formed. */
  static std::u16string widened(std::string_view text) {
    std::u16string wide;
    for (std::size_t i = 0; i < text.size();) {
      const auto lead = static_cast<unsigned char>(text[i++]);
      const int more = lead < 0x80 ? 0 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
      std::uint32_t code = more == 0 ? lead : lead & (0x3fU >> more);
      for (int k = 0; k < more && i < text.size(); k++) {
        code = code << 6 | (static_cast<unsigned char>(text[i++]) & 0x3fU);
      }
      if (code >= 0x10000) {
        wide += static_cast<char16_t>(0xd7c0 + (code >> 10));
        code = 0xdc00 | (code & 0x3ff);
      }
      wide += static_cast<char16_t>(code);
    }
    return wide;
  }
};

template <>
struct from<bigint> {
  static bigint get(const jsvm_slot& slot, const jsvm_context*) {
    if (slot.kind != JSVM_KIND_BIGINT) {
      wrong_kind("a bigint", slot);
    }
    return bigint::from_bytes({slot.data, slot.len});
  }
};

template <class T>
struct from<std::optional<T>> {
  static std::optional<T> get(const jsvm_slot& slot, const jsvm_context* home) {
    if (slot.kind == JSVM_KIND_UNDEFINED || slot.kind == JSVM_KIND_NULL || slot.kind == JSVM_GRAPH_KIND_HOLE) {
      return std::nullopt;
    }
    return from<T>::get(slot, home);
  }
};

template <>
struct from<time_point> {
  static time_point get(const jsvm_slot& slot, const jsvm_context*) {
    const bool in_graph = slot.kind == JSVM_GRAPH_KIND_DATE;
    if (!in_graph && (slot.flags & JSVM_FLAG_DATE) == 0) {
      wrong_kind("a date", slot);
    }
    const double ms = in_graph ? slot.number : result<double>(jsvm_date_value, slot.handle);
    using milliseconds = std::chrono::duration<double, std::milli>;
    const milliseconds limit = std::chrono::duration_cast<milliseconds>(time_point::duration::max());
    if (!(std::abs(ms) < limit.count())) {
      throw range_error("a date that is invalid, or too far for std::chrono::system_clock");
    }
    return time_point(std::chrono::duration_cast<time_point::duration>(milliseconds(ms)));
  }
};

/** Where in a graph the reading is. */
struct reader {
  const jsvm_slot* slots;
  std::size_t at;
};

template <class T>
[[nodiscard]] T decode(reader& graph) {
  static_assert(!std::is_base_of_v<value, T>, "libjsvm: a jsvm::value can stand in a vector or map, not deeper");
  const jsvm_slot& slot = graph.slots[graph.at++];
  if (slot.kind == JSVM_GRAPH_KIND_REFERENCE) {
    reader seen{graph.slots, slot.len};
    return decode<T>(seen);
  }
  if constexpr (is_optional<T>) {
    if (slot.kind == JSVM_KIND_UNDEFINED || slot.kind == JSVM_KIND_NULL || slot.kind == JSVM_GRAPH_KIND_HOLE) {
      return std::nullopt;
    }
    graph.at--;
    return decode<typename T::value_type>(graph);
  } else if constexpr (is_bytes<T>) {
    if (slot.kind != JSVM_GRAPH_KIND_BYTES) {
      wrong_kind("bytes", slot);
    }
    const auto* data = reinterpret_cast<const std::byte*>(slot.data);
    return T(data, data + slot.len);
  } else if constexpr (is_vector<T>) {
    if (slot.kind != JSVM_GRAPH_KIND_ARRAY) {
      wrong_kind("an array", slot);
    }
    T all;
    all.reserve(slot.len);
    for (std::size_t i = 0; i < slot.len; i++) {
      all.push_back(decode<typename T::value_type>(graph));
    }
    return all;
  } else if constexpr (is_record<T>) {
    if (slot.kind != JSVM_GRAPH_KIND_RECORD && slot.kind != JSVM_GRAPH_KIND_MAP) {
      wrong_kind("an object with properties", slot);
    }
    T all;
    for (std::size_t i = 0; i < slot.len / 2; i++) {
      std::string key = decode<std::string>(graph);
      all.insert_or_assign(std::move(key), decode<typename T::mapped_type>(graph));
    }
    return all;
  } else {
    return from<T>::get(slot, nullptr);
  }
}

template <class T>
struct from<T, std::enable_if_t<is_container<T>>> {
  static T get(const jsvm_slot& slot, const jsvm_context* home) {
    if (slot.kind != JSVM_KIND_OBJECT) {
      wrong_kind(is_bytes<T> ? "bytes" : is_vector<T> ? "an array" : "an object with properties", slot);
    }
    if constexpr (is_vector<T> && std::is_same_v<typename T::value_type, value>) {
      return value::copy(slot, home).elements();
    } else if constexpr (is_record_of_values<T>()) {
      T all;
      const value object = value::copy(slot, home);
      for (std::string& key : object.keys()) {
        value content = object.get(key);
        all.insert_or_assign(std::move(key), std::move(content));
      }
      return all;
    } else {
      const flatten_options exact;
      const run_options none;
      const graph flat(result<jsvm_graph>(jsvm_value_flatten, slot.handle, exact.get(), none.get()));
      reader start{flat.data(), 0};
      return decode<T>(start);
    }
  }

 private:
  template <class U>
  static constexpr bool is_record_of_values() {
    if constexpr (is_record<U>) {
      return std::is_same_v<typename U::mapped_type, value>;
    } else {
      return false;
    }
  }
};

/** A std::function that calls JavaScript; its copies share the function. */
template <class R, class... A>
struct from<std::function<R(A...)>> {
  static std::function<R(A...)> get(const jsvm_slot& slot, const jsvm_context* home) {
    if (slot.kind != JSVM_KIND_FUNCTION) {
      wrong_kind("a function", slot);
    }
    auto callee = std::make_shared<const value>(value::copy(slot, home));
    return [callee](A... arguments) -> R {
      if constexpr (std::is_void_v<R>) {
        static_cast<void>((*callee)(std::forward<A>(arguments)...));
      } else {
        return (*callee)(std::forward<A>(arguments)...).template as<R>();
      }
    };
  }
};

}  // namespace detail
}  // namespace jsvm

#endif
