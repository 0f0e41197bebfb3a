/*
 * Part of jsvm.hpp: what values are made of: slots, numbers, bigints, bytes, flat graphs.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef JSVM_PRIMITIVE_HPP
#define JSVM_PRIMITIVE_HPP

#include "options.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <type_traits>

namespace jsvm {

namespace detail {

using value_handle = handle<jsvm_value, jsvm_value_free>;
using context_handle = handle<jsvm_context, jsvm_context_free>;

/** Where the arguments of one call come from: the context in which to make objects, and what was made. */
struct source {
  explicit source(const jsvm_context* made_in, std::string_view function_name = {})
      : home(made_in), name(function_name) {}

  /** Owns a new value until the call is over. */
  [[nodiscard]] jsvm_slot keep(jsvm_value* owned) {
    made.emplace_back(owned);
    jsvm_slot slot = {};
    slot.kind = JSVM_KIND_OBJECT;
    slot.handle = owned;
    return slot;
  }
  [[nodiscard]] const jsvm_context* need_home() const {
    if (home == nullptr) {
      throw error(status::invalid_argument,
                  "no context is known in which to make this value: use context::make, or value::in");
    }
    return home;
  }

  const jsvm_context* home;
  /** For functions that are made. */
  std::string_view name;
  std::vector<value_handle> made;
};

/** A slot for a C++ value; it points into the value and the source. */
template <class T>
[[nodiscard]] jsvm_slot slot_of(source& from, T&& given);

template <class T>
inline constexpr bool never = false;

/** How a slot becomes a T: `static T get(const jsvm_slot&, const jsvm_context* home)`. */
template <class T, class = void>
struct from {
  static_assert(never<T>, "libjsvm: a JavaScript value does not become this C++ type");
};

/** Whether T is a number for JavaScript. Characters are not: 'a' could be meant as a string. */
template <class T>
inline constexpr bool is_number =
    std::is_arithmetic_v<T> && !std::is_same_v<T, bool> && !std::is_same_v<T, char> &&
    !std::is_same_v<T, wchar_t> && !std::is_same_v<T, char16_t> && !std::is_same_v<T, char32_t>;

template <class T>
inline constexpr bool is_text = std::is_convertible_v<const T&, std::string_view>;

/** An integer as a double; throws range_error where that is not exact. */
template <class T>
[[nodiscard]] double exact_number(T given) {
  const auto number = static_cast<double>(given);
  if constexpr (std::is_integral_v<T> && std::numeric_limits<T>::digits > 53) {
    constexpr T limit = T{1} << 53;
    bool exact = given <= limit;
    if constexpr (std::is_signed_v<T>) {
      exact = exact && given >= -limit;
    }
    if (!exact) {
      throw range_error(std::to_string(given) + " is no exact number in JavaScript: pass a jsvm::bigint");
    }
  }
  return number;
}

/** A number as JavaScript writes it. */
[[nodiscard]] inline std::string number_text(double number) {
  if (std::isnan(number)) {
    return "NaN";
  }
  if (number == 0) {
    return "0";
  }
  if (std::isinf(number)) {
    return number < 0 ? "-Infinity" : "Infinity";
  }
  // The shortest digits that read back: d.ddde+xx.
  char buffer[32];
  const auto written = std::to_chars(buffer, buffer + sizeof buffer, std::abs(number), std::chars_format::scientific);
  const std::string_view all(buffer, static_cast<std::size_t>(written.ptr - buffer));
  const std::size_t e = all.find('e');
  int exponent = 0;
  const char* from_sign = all.data() + e + 1;
  std::from_chars(*from_sign == '+' ? from_sign + 1 : from_sign, written.ptr, exponent);
  std::string digits(all.substr(0, 1));
  if (e > 2) {
    digits += all.substr(2, e - 2);
  }
  const int count = static_cast<int>(digits.size());
  const int point = exponent + 1;
  const auto at = static_cast<std::size_t>(point > 0 ? point : 0);
  const std::string sign = number < 0 ? "-" : "";
  if (count <= point && point <= 21) {
    return sign + digits + std::string(at - digits.size(), '0');
  }
  if (0 < point && point <= 21) {
    return sign + digits.insert(at, 1, '.');
  }
  if (-6 < point && point <= 0) {
    return sign + "0." + std::string(static_cast<std::size_t>(-point), '0') + digits;
  }
  if (count > 1) {
    digits.insert(1, 1, '.');
  }
  return sign + digits + (exponent < 0 ? "e-" : "e+") + std::to_string(std::abs(exponent));
}

/** A word for what a value is, for messages. */
[[nodiscard]] inline const char* kind_word(const jsvm_slot& slot) noexcept {
  switch (slot.kind) {
    case JSVM_KIND_UNDEFINED:
    case JSVM_GRAPH_KIND_HOLE:
      return "undefined";
    case JSVM_KIND_NULL:
      return "null";
    case JSVM_KIND_BOOLEAN:
      return "a boolean";
    case JSVM_KIND_NUMBER:
      return "a number";
    case JSVM_KIND_STRING:
      return "a string";
    case JSVM_KIND_SYMBOL:
      return "a symbol";
    case JSVM_KIND_BIGINT:
      return "a bigint";
    case JSVM_KIND_FUNCTION:
      return "a function";
    default:
      return (slot.flags & JSVM_FLAG_ARRAY) != 0 || slot.kind == JSVM_GRAPH_KIND_ARRAY ? "an array" : "an object";
  }
}

[[noreturn]] inline void wrong_kind(const char* wanted, const jsvm_slot& slot) {
  throw type_error(std::string("expected ") + wanted + ", got " + kind_word(slot));
}

template <class T, class... All>
inline constexpr bool leads = false;
template <class T, class First, class... Others>
inline constexpr bool leads<T, First, Others...> = std::is_same_v<std::decay_t<First>, T>;

}  // namespace detail

/** An integer of any size, for JavaScript's bigint. */
class bigint {
 public:
  bigint() = default;
  template <class T, std::enable_if_t<detail::is_number<T> && std::is_integral_v<T>, int> = 0>
  explicit bigint(T number) {
    for (std::size_t i = 0; i < sizeof number; i++) {
      bytes_.push_back(static_cast<char>(static_cast<std::uint64_t>(number) >> (8 * i) & 0xff));
    }
    if (std::is_unsigned_v<T>) {
      bytes_.push_back(0);
    }
  }
  /** Out of little-endian two's complement. */
  [[nodiscard]] static bigint from_bytes(std::string_view bytes) {
    bigint made;
    made.bytes_ = bytes;
    return made;
  }
  /** Little-endian two's complement; none are 0. */
  [[nodiscard]] std::string_view bytes() const noexcept { return bytes_; }
  [[nodiscard]] bool is_negative() const noexcept { return !bytes_.empty() && (bytes_.back() & 0x80) != 0; }

  /** As an integer type; nothing if it does not fit. */
  template <class T>
  [[nodiscard]] std::optional<T> to() const noexcept {
    const char sign = is_negative() ? '\xff' : '\0';
    if (std::is_unsigned_v<T> && sign != 0) {
      return std::nullopt;
    }
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < 8 || i < bytes_.size(); i++) {
      const char byte = i < bytes_.size() ? bytes_[i] : sign;
      if (i < 8) {
        bits |= static_cast<std::uint64_t>(static_cast<unsigned char>(byte)) << (8 * i);
      } else if (byte != sign) {
        return std::nullopt;
      }
    }
    const T number = static_cast<T>(bits);
    // The bits that T lacks, and its sign, must say the same.
    const bool fits = static_cast<std::uint64_t>(number) == bits && (std::is_unsigned_v<T> || (number < 0) == (sign != 0));
    return fits ? std::optional<T>(number) : std::nullopt;
  }

  /** In decimal. */
  [[nodiscard]] std::string to_string() const {
    std::string magnitude = bytes_;
    if (is_negative()) {
      unsigned carry = 1;
      for (char& byte : magnitude) {
        carry += static_cast<unsigned char>(~byte);
        byte = static_cast<char>(carry & 0xff);
        carry >>= 8;
      }
    }
    std::string digits;
    while (!magnitude.empty()) {
      unsigned rest = 0;
      for (auto byte = magnitude.rbegin(); byte != magnitude.rend(); ++byte) {
        rest = rest << 8 | static_cast<unsigned char>(*byte);
        *byte = static_cast<char>(rest / 10);
        rest %= 10;
      }
      digits.insert(digits.begin(), static_cast<char>('0' + rest));
      while (!magnitude.empty() && magnitude.back() == 0) {
        magnitude.pop_back();
      }
    }
    digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
    return digits.empty() ? "0" : (is_negative() ? "-" : "") + digits;
  }

 private:
  std::string bytes_;
};

/** Bytes that a call gave: jsvm_bytes. */
class bytes {
 public:
  bytes() noexcept = default;
  /** Owns bytes of jsvm.h. */
  explicit bytes(jsvm_bytes owned) noexcept : bytes_(owned) {}
  bytes(bytes&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  bytes& operator=(bytes&& other) noexcept {
    bytes taken(std::move(other));
    std::swap(bytes_, taken.bytes_);
    return *this;
  }
  ~bytes() { jsvm_bytes_clear(&bytes_); }

  [[nodiscard]] const char* data() const noexcept { return bytes_.data; }
  [[nodiscard]] std::size_t size() const noexcept { return bytes_.len; }
  [[nodiscard]] std::string_view view() const noexcept { return {bytes_.data, bytes_.len}; }

 private:
  jsvm_bytes bytes_ = {};
};

/** A flattened graph, which jsvm_graph_kind describes. Its slots are read without further calls. */
class graph {
 public:
  graph() noexcept = default;
  /** Owns a graph of jsvm.h. */
  explicit graph(jsvm_graph owned) noexcept : graph_(owned) {}
  graph(graph&& other) noexcept : graph_(std::exchange(other.graph_, {})) {}
  graph& operator=(graph&& other) noexcept {
    graph taken(std::move(other));
    std::swap(graph_, taken.graph_);
    return *this;
  }
  ~graph() { jsvm_graph_clear(&graph_); }

  [[nodiscard]] const jsvm_slot* data() const noexcept { return graph_.slots; }
  [[nodiscard]] std::size_t size() const noexcept { return graph_.count; }
  [[nodiscard]] const jsvm_slot& operator[](std::size_t index) const noexcept { return graph_.slots[index]; }
  [[nodiscard]] const jsvm_slot* begin() const noexcept { return graph_.slots; }
  [[nodiscard]] const jsvm_slot* end() const noexcept { return graph_.slots + graph_.count; }

 private:
  jsvm_graph graph_ = {};
};

}  // namespace jsvm

#endif
