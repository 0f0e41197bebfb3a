/*
 * Part of jsvm.hpp: values, and what can be done with any of them.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef JSVM_VALUE_HPP
#define JSVM_VALUE_HPP

#include "primitive.hpp"

#include <array>

namespace jsvm {

class context;

/**
 * A JavaScript value. A primitive is held here, and needs neither isolate nor lock; an object, function or symbol by an
 * owned handle. Moving is free; clone() makes a second owner of the same.
 *
 * Objects remember the context through which they were reached: there the objects are made that their functions are
 * given (a std::vector, a callable). Unless told otherwise the functions wait for the isolate, and throw type_error if the
 * value is not of the kind that they are for. What may run guest code takes run_options.
 */
class value {
 public:
  /** `undefined`. */
  value() noexcept = default;
  /** `null`. */
  value(std::nullptr_t) noexcept { slot_.kind = JSVM_KIND_NULL; }
  /** A boolean, of a bool only: pointers do not become one. */
  template <class T, std::enable_if_t<std::is_same_v<T, bool>, int> = 0>
  value(T given) noexcept : value(JSVM_KIND_BOOLEAN, given ? 1 : 0) {}
  /** A number; throws range_error if an integer is not exact in a double. */
  template <class T, std::enable_if_t<detail::is_number<T>, int> = 0>
  value(T given) : value(JSVM_KIND_NUMBER, detail::exact_number(given)) {}
  /** A string, in UTF-8; throws jsvm::error if it is not. A null pointer is `null`. */
  template <class T, std::enable_if_t<detail::is_text<T> && !std::is_same_v<T, std::nullptr_t>, int> = 0>
  value(const T& text) {
    if constexpr (std::is_pointer_v<T>) {
      if (text == nullptr) {
        slot_.kind = JSVM_KIND_NULL;
        return;
      }
    }
    const std::string_view view = text;
    detail::check(jsvm_slot_set_string(&slot_, view.data(), view.size()));
  }
  value(const bigint& given) : value(JSVM_KIND_BIGINT, 0) { set_bytes(given.bytes()); }

  /** Owns a value of jsvm.h. Waits for the isolate if it is a primitive. */
  explicit value(jsvm_value* owned, const jsvm_context* home = nullptr) {
    detail::value_handle holder(owned);
    slot_.kind = jsvm_value_kind(owned);
    if (owned != nullptr && slot_.kind < JSVM_KIND_OBJECT && slot_.kind != JSVM_KIND_SYMBOL) {
      slot_ = detail::result<jsvm_slot>(jsvm_value_to_slot, owned);
      return;
    }
    slot_.flags = jsvm_value_flags(owned) | JSVM_FLAG_OWNED;
    slot_.handle = holder.release();
    remember(home);
  }
  /** Owns what an output slot of jsvm.h owns. */
  value(jsvm_slot&& owned, const jsvm_context* home) noexcept : slot_(std::exchange(owned, {})) { remember(home); }

  value(value&& other) noexcept
      : slot_(std::exchange(other.slot_, {})), bytes_(std::move(other.bytes_)), home_(std::move(other.home_)) {}
  value& operator=(value&& other) noexcept {
    value taken(std::move(other));
    std::swap(slot_, taken.slot_);
    std::swap(bytes_, taken.bytes_);
    std::swap(home_, taken.home_);
    return *this;
  }
  ~value() { jsvm_slot_clear(&slot_); }

  /** A second owner. No lock. */
  [[nodiscard]] value clone() const { return copy(slot_, home()); }
  /** A value of its own out of a slot that is borrowed, such as an argument's. No lock. */
  [[nodiscard]] static value copy(const jsvm_slot& borrowed, const jsvm_context* home) {
    value made(static_cast<jsvm_kind>(borrowed.kind), borrowed.number);
    if (borrowed.kind == JSVM_KIND_STRING) {
      detail::check(jsvm_slot_set_string(&made.slot_, borrowed.data, borrowed.len));
    } else if (borrowed.kind == JSVM_KIND_BIGINT) {
      made.set_bytes({borrowed.data, borrowed.len});
    }
    if (borrowed.handle != nullptr) {
      made.slot_.handle = jsvm_value_clone(borrowed.handle);
      if (made.slot_.handle == nullptr) {
        throw error(jsvm::status::invalid_argument, "value: it is not a live jsvm_value");
      }
      made.slot_.flags = borrowed.flags | JSVM_FLAG_OWNED;
    }
    made.remember(home);
    return made;
  }

  /** The value as an input slot, which points into it. */
  [[nodiscard]] const jsvm_slot& slot() const noexcept { return slot_; }
  /** The handle, still owned here; NULL for primitives. */
  [[nodiscard]] jsvm_value* get() const noexcept { return slot_.handle; }
  /** The context in which it makes objects; NULL if there is none. Still owned here. */
  [[nodiscard]] const jsvm_context* home() const noexcept { return home_.get(); }
  /** The value, now making objects in another context. No lock. */
  [[nodiscard]] value in(const context& other) &&;
  /** Gives up what it owns, to jsvm_slot_clear; it becomes `undefined`. For bigints made by C++ it stays the owner. */
  [[nodiscard]] jsvm_slot release() noexcept {
    home_.reset();
    return std::exchange(slot_, {});
  }

  // What it is: no lock, no guest code, by V8's own brands.

  [[nodiscard]] jsvm::kind kind() const noexcept { return static_cast<jsvm::kind>(slot_.kind); }
  /** JSVM_FLAG_ bits. */
  [[nodiscard]] std::uint32_t flags() const noexcept { return slot_.flags & ~JSVM_FLAG_OWNED; }
  [[nodiscard]] bool is_undefined() const noexcept { return kind() == kind::undefined; }
  [[nodiscard]] bool is_null() const noexcept { return kind() == kind::null; }
  [[nodiscard]] bool is_nullish() const noexcept { return is_undefined() || is_null(); }
  [[nodiscard]] bool is_boolean() const noexcept { return kind() == kind::boolean; }
  [[nodiscard]] bool is_number() const noexcept { return kind() == kind::number; }
  [[nodiscard]] bool is_string() const noexcept { return kind() == kind::string; }
  [[nodiscard]] bool is_symbol() const noexcept { return kind() == kind::symbol; }
  [[nodiscard]] bool is_bigint() const noexcept { return kind() == kind::bigint; }
  /** An object or a function. */
  [[nodiscard]] bool is_object() const noexcept { return slot_.kind == JSVM_KIND_OBJECT || is_function(); }
  [[nodiscard]] bool is_function() const noexcept { return slot_.kind == JSVM_KIND_FUNCTION; }
  [[nodiscard]] bool is_array() const noexcept { return has_flag(JSVM_FLAG_ARRAY); }
  [[nodiscard]] bool is_error() const noexcept { return has_flag(JSVM_FLAG_ERROR); }
  [[nodiscard]] bool is_promise() const noexcept { return has_flag(JSVM_FLAG_PROMISE); }
  [[nodiscard]] bool is_date() const noexcept { return has_flag(JSVM_FLAG_DATE); }
  [[nodiscard]] bool is_regexp() const noexcept { return has_flag(JSVM_FLAG_REGEXP); }
  [[nodiscard]] bool is_map() const noexcept { return has_flag(JSVM_FLAG_MAP); }
  [[nodiscard]] bool is_set() const noexcept { return has_flag(JSVM_FLAG_SET); }
  /** An ArrayBuffer or SharedArrayBuffer. */
  [[nodiscard]] bool is_buffer() const noexcept { return has_flag(JSVM_FLAG_BUFFER); }
  /** A typed array or DataView. */
  [[nodiscard]] bool is_view() const noexcept { return has_flag(JSVM_FLAG_VIEW); }
  [[nodiscard]] bool is_proxy() const noexcept { return has_flag(JSVM_FLAG_PROXY); }
  /** The string has lone surrogates: as<std::u16string>() is exact, UTF-8 has U+FFFD in their place. */
  [[nodiscard]] bool is_lossy() const noexcept { return is_string() && has_flag(JSVM_FLAG_LOSSY); }

  // As something else.

  /**
   * As a C++ value: bool, integers, floating point, std::string, std::u16string, bigint, std::optional (undefined and null
   * are nothing), std::vector of an array or of bytes, std::map and std::unordered_map with string keys,
   * std::chrono::system_clock::time_point of a date, a callable std::function, value, and the classes of values
   * (array, promise, ...). Nothing is coerced: "1" is no number. An integer is taken from a number or bigint that is
   * exactly that. Guest code does not run, but for vectors and maps of jsvm::value, which are read like elements().
   * Throws type_error, range_error.
   */
  template <class T>
  [[nodiscard]] T as() const {
    static_assert(!std::is_same_v<T, std::string_view> && !std::is_same_v<T, std::optional<std::string_view>>,
                  "libjsvm: the value may go before the view: use std::string");
    return detail::from<T>::get(slot_, home());
  }

  /** JavaScript: String(value). An object's toString and valueOf run. No lock for primitives. */
  [[nodiscard]] std::string to_string(const run_options& limits = {}) const {
    switch (kind()) {
      case kind::undefined:
      case kind::null:
        return detail::kind_word(slot_);
      case kind::boolean:
        return slot_.number != 0 ? "true" : "false";
      case kind::number:
        return detail::number_text(slot_.number);
      case kind::string:
        return std::string(slot_.data, slot_.len);
      case kind::bigint:
        return bigint::from_bytes({slot_.data, slot_.len}).to_string();
      default:
        return value(detail::result<jsvm_slot>(jsvm_value_to_string, get(), limits.get()), nullptr).to_string();
    }
  }

  /** JavaScript: +value, of an object. Its valueOf and toString run. */
  [[nodiscard]] double to_number(const run_options& limits = {}) const {
    return is_number() ? slot_.number : detail::result<double>(jsvm_value_to_number, object(), limits.get());
  }

  /** The whole graph in one call. No guest code runs unless the options ask for getters. */
  [[nodiscard]] graph flatten(const flatten_options& options = {}, const run_options& limits = {}) const {
    return graph(detail::result<jsvm_graph>(jsvm_value_flatten, object(), options.get(), limits.get()));
  }

  /** The whole graph as a pickle of Python's. What it names by a handle is put behind the values that are in `handles`. */
  [[nodiscard]] bytes pickle(std::vector<value>& handles, const flatten_options& options = {},
                             const run_options& limits = {}) const {
    jsvm_slot_list list = {};
    bytes made(detail::result<jsvm_bytes>(
        [&list](const jsvm_value* from, const jsvm_flatten_options* how, const jsvm_run_options* run, jsvm_bytes* result,
                jsvm_error** error) { return jsvm_value_pickle(from, how, run, result, &list, error); },
        object(), options.get(), limits.get()));
    for (value& one : take(list, home())) {
      handles.push_back(std::move(one));
    }
    return made;
  }

  /** JavaScript: this === other. Guest code does not run; no lock unless both are objects, symbols or lossy strings. */
  [[nodiscard]] bool strict_equals(const value& other) const {
    if (kind() != other.kind()) {
      return false;
    }
    if (get() != nullptr && other.get() != nullptr) {
      return detail::result<bool>(jsvm_value_strict_equals, get(), other.get());
    }
    if (is_string() || is_bigint()) {
      const std::string_view mine(slot_.data, slot_.len), others(other.slot_.data, other.slot_.len);
      return get() == other.get() &&
             (is_string() ? mine == others : bigint::from_bytes(mine) == bigint::from_bytes(others));
    }
    return slot_.number == other.slot_.number;
  }

  /** JavaScript: this instanceof constructor. To know what a value is, ask is_array() and so on. */
  [[nodiscard]] bool instance_of(const value& constructor, const run_options& limits = {}) const {
    return is_object() && detail::result<bool>(jsvm_value_instance_of, get(), constructor.object(), limits.get());
  }

  // Properties. A key is text, a number or a symbol.

  /** JavaScript: this[key]. Getters and Proxy traps run. */
  template <class Key>
  [[nodiscard]] value get(const Key& key, const run_options& limits = {}) const {
    detail::source from(home());
    const jsvm_slot slot = detail::slot_of(from, key);
    return {detail::result<jsvm_slot>(jsvm_object_get, object(), &slot, limits.get()), home()};
  }
  /** JavaScript: this[key] = given, of whatever context::make takes. Setters and Proxy traps run. */
  template <class Key, class T>
  void set(const Key& key, T&& given, const run_options& limits = {}) const {
    detail::source from(home());
    const jsvm_slot slot = detail::slot_of(from, key);
    from.name = name_of(slot);
    const jsvm_slot content = detail::slot_of(from, std::forward<T>(given));
    detail::run(jsvm_object_set, object(), &slot, &content, limits.get());
  }
  /** Several properties in one call: auto [a, b] = object.get_many("a", "b"). After run_options as the first, if any. */
  template <class... Keys>
  [[nodiscard]] auto get_many(const Keys&... keys) const {
    if constexpr (detail::leads<run_options, Keys...>) {
      return get_many_limited(keys...);
    } else {
      return get_many_limited(run_options(), keys...);
    }
  }
  /** Several properties in one call: object.set_many("a", 1, "b", 2). After run_options as the first, if any. */
  template <class... Pairs>
  void set_many(Pairs&&... pairs) const {
    if constexpr (detail::leads<run_options, Pairs...>) {
      set_many_limited(std::forward<Pairs>(pairs)...);
    } else {
      set_many_limited(run_options(), std::forward<Pairs>(pairs)...);
    }
  }
  /** JavaScript: key in this. Proxy traps run. */
  template <class Key>
  [[nodiscard]] bool has(const Key& key, const run_options& limits = {}) const {
    return ask(jsvm_object_has, key, limits);
  }
  /** JavaScript: Object.hasOwn(this, key). Proxy traps run. */
  template <class Key>
  [[nodiscard]] bool has_own(const Key& key, const run_options& limits = {}) const {
    return ask(jsvm_object_has_own, key, limits);
  }
  /** JavaScript: Reflect.deleteProperty(this, key): whether it is gone. Proxy traps run. */
  template <class Key>
  bool remove(const Key& key, const run_options& limits = {}) const {
    return ask(jsvm_object_delete, key, limits);
  }
  /** Defines an own property; attributes are JSVM_PROPERTY_ bits. Proxy traps run. */
  template <class Key, class T>
  void define(const Key& key, T&& given, std::uint32_t attributes = 0, const run_options& limits = {}) const {
    detail::source from(home());
    const jsvm_slot slot = detail::slot_of(from, key);
    from.name = name_of(slot);
    const jsvm_slot content = detail::slot_of(from, std::forward<T>(given));
    detail::run(jsvm_object_define, object(), &slot, &content, attributes, limits.get());
  }
  /** Defines an own property with a getter and a setter: callables, functions, or nullptr. Proxy traps run. */
  template <class Key, class Getter, class Setter = std::nullptr_t>
  void define_accessor(const Key& key, Getter&& getter, Setter&& setter = nullptr, std::uint32_t attributes = 0,
                       const run_options& limits = {}) const {
    detail::source from(home());
    const jsvm_slot slot = detail::slot_of(from, key);
    from.name = name_of(slot);
    const jsvm_slot get_slot = detail::slot_of(from, std::forward<Getter>(getter));
    const jsvm_slot set_slot = detail::slot_of(from, std::forward<Setter>(setter));
    detail::run(jsvm_object_define_accessor, object(), &slot, get_slot.handle, set_slot.handle, attributes,
                limits.get());
  }
  /** JavaScript: Object.getPrototypeOf(this). Guest code does not run. */
  [[nodiscard]] value prototype() const {
    return {detail::result<jsvm_slot>(jsvm_object_get_prototype, object()), home()};
  }
  /** The name of the function that made it, such as "Map". Guest code does not run. */
  [[nodiscard]] std::string constructor_name() const {
    return value(detail::result<jsvm_slot>(jsvm_object_constructor_name, object()), nullptr).to_string();
  }
  /** Keys of own properties, strings and symbols; flags are JSVM_KEYS_ bits, 0 for all. Proxy traps run. */
  [[nodiscard]] std::vector<value> own_keys(std::uint32_t flags = 0, const run_options& limits = {}) const {
    return take(detail::result<jsvm_slot_list>(jsvm_object_own_keys, object(), flags, limits.get()), home());
  }
  /** JavaScript: Object.keys(this). Proxy traps run. */
  [[nodiscard]] std::vector<std::string> keys(const run_options& limits = {}) const {
    std::vector<std::string> names;
    for (const value& key : own_keys(JSVM_KEYS_ENUMERABLE | JSVM_KEYS_STRINGS, limits)) {
      names.push_back(key.to_string());
    }
    return names;
  }
  /**
   * The elements of an array, read in one call. Getters and Proxy traps run. Throws range_error above 4 million, holes
   * included, since a guest can make an array that long of nothing: read it by get().
   */
  [[nodiscard]] std::vector<value> elements(const run_options& limits = {}) const {
    if (!is_array()) {
      detail::wrong_kind("an array", slot_);
    }
    const auto length = detail::result<std::uint32_t>(jsvm_array_length, object());
    if (length > 4000000) {
      throw range_error("an array of " + std::to_string(length) + " elements is too long");
    }
    std::vector<jsvm_slot> indices(length);
    for (std::uint32_t i = 0; i < length; i++) {
      indices[i].kind = JSVM_KIND_NUMBER;
      indices[i].number = i;
    }
    std::vector<jsvm_slot> slots(length);
    std::vector<value> all;
    all.reserve(length);
    detail::run(jsvm_object_get_many, object(), indices.data(), indices.size(), limits.get(), slots.data());
    for (jsvm_slot& slot : slots) {
      all.emplace_back(std::move(slot), home());
    }
    return all;
  }

  // Calls. run_options may be the first argument of each.

  /** JavaScript: this(...arguments). */
  template <class... Arguments>
  value operator()(Arguments&&... arguments) const {
    if constexpr (detail::leads<run_options, Arguments...>) {
      return call_limited(value(), std::forward<Arguments>(arguments)...);
    } else {
      return call_limited(value(), run_options(), std::forward<Arguments>(arguments)...);
    }
  }
  /** JavaScript: this.call(this_value, ...arguments). run_options may come after this_value. */
  template <class... Arguments>
  value call(const value& this_value, Arguments&&... arguments) const {
    if constexpr (detail::leads<run_options, Arguments...>) {
      return call_limited(this_value, std::forward<Arguments>(arguments)...);
    } else {
      return call_limited(this_value, run_options(), std::forward<Arguments>(arguments)...);
    }
  }
  /** JavaScript: this[key](...arguments). run_options may come after the key. */
  template <class Key, class... Arguments>
  value call_method(const Key& key, Arguments&&... arguments) const {
    if constexpr (detail::leads<run_options, Arguments...>) {
      return method_limited(key, std::forward<Arguments>(arguments)...);
    } else {
      return method_limited(key, run_options(), std::forward<Arguments>(arguments)...);
    }
  }
  /** JavaScript: new this(...arguments). */
  template <class... Arguments>
  value construct(Arguments&&... arguments) const {
    if constexpr (detail::leads<run_options, Arguments...>) {
      return construct_limited(std::forward<Arguments>(arguments)...);
    } else {
      return construct_limited(run_options(), std::forward<Arguments>(arguments)...);
    }
  }

  /** Owns the slots of a list of jsvm.h, as values. */
  [[nodiscard]] static std::vector<value> take(jsvm_slot_list list, const jsvm_context* home) {
    struct release {
      jsvm_slot_list& list;
      ~release() { jsvm_slot_list_clear(&list); }
    } const at_end{list};
    std::vector<value> all;
    all.reserve(list.len);
    for (std::size_t i = 0; i < list.len; i++) {
      all.emplace_back(std::move(list.slots[i]), home);
    }
    return all;
  }

 protected:
  /** The handle of an object or function; throws type_error for other values. */
  [[nodiscard]] jsvm_value* object() const {
    if (!is_object()) {
      detail::wrong_kind("an object", slot_);
    }
    return slot_.handle;
  }

 private:
  value(jsvm_kind kind, double number) noexcept {
    slot_.kind = kind;
    slot_.number = number;
  }

  [[nodiscard]] bool has_flag(std::uint32_t flag) const noexcept { return (slot_.flags & flag) != 0; }

  /** libjsvm has no function that makes owned bytes: these are the value's own. */
  void set_bytes(std::string_view given) {
    bytes_.reset(new char[given.size() + 1]);
    std::copy(given.begin(), given.end(), bytes_.get());
    slot_.data = bytes_.get();
    slot_.len = given.size();
  }

  void remember(const jsvm_context* home) noexcept {
    if (home != nullptr && is_object()) {
      home_.reset(jsvm_context_clone(home));
    }
  }

  [[nodiscard]] static std::string_view name_of(const jsvm_slot& key) noexcept {
    return key.kind == JSVM_KIND_STRING ? std::string_view(key.data, key.len) : std::string_view();
  }

  template <class Question, class Key>
  [[nodiscard]] bool ask(Question question, const Key& key, const run_options& limits) const {
    detail::source from(home());
    const jsvm_slot slot = detail::slot_of(from, key);
    return detail::result<bool>(question, object(), &slot, limits.get());
  }

  template <class... Keys>
  [[nodiscard]] std::array<value, sizeof...(Keys)> get_many_limited(const run_options& limits,
                                                                    const Keys&... keys) const {
    detail::source from(home());
    const jsvm_slot slots[] = {detail::slot_of(from, keys)..., jsvm_slot{}};
    jsvm_slot results[sizeof...(Keys) + 1] = {};
    detail::run(jsvm_object_get_many, object(), &slots[0], sizeof...(Keys), limits.get(), &results[0]);
    std::array<value, sizeof...(Keys)> all;
    for (std::size_t i = 0; i < sizeof...(Keys); i++) {
      all[i] = value(std::move(results[i]), home());
    }
    return all;
  }

  template <class... Pairs>
  void set_many_limited(const run_options& limits, Pairs&&... pairs) const {
    static_assert(sizeof...(Pairs) % 2 == 0, "set_many takes keys and values in turn");
    detail::source from(home());
    const jsvm_slot slots[] = {detail::slot_of(from, std::forward<Pairs>(pairs))..., jsvm_slot{}};
    constexpr std::size_t count = sizeof...(Pairs) / 2;
    jsvm_slot keys[count + 1] = {};
    jsvm_slot values[count + 1] = {};
    for (std::size_t i = 0; i < count; i++) {
      keys[i] = slots[2 * i];
      values[i] = slots[2 * i + 1];
    }
    detail::run(jsvm_object_set_many, object(), &keys[0], &values[0], count, limits.get());
  }

  template <class... Arguments>
  value call_limited(const value& this_value, const run_options& limits, Arguments&&... arguments) const {
    detail::source from(home());
    const jsvm_slot slots[] = {detail::slot_of(from, std::forward<Arguments>(arguments))..., jsvm_slot{}};
    return {detail::result<jsvm_slot>(jsvm_function_call, callee(), &this_value.slot_, &slots[0], sizeof...(Arguments),
                                      limits.get()),
            home()};
  }

  template <class Key, class... Arguments>
  value method_limited(const Key& key, const run_options& limits, Arguments&&... arguments) const {
    return get(key, limits).call_limited(*this, limits, std::forward<Arguments>(arguments)...);
  }

  template <class... Arguments>
  value construct_limited(const run_options& limits, Arguments&&... arguments) const {
    detail::source from(home());
    const jsvm_slot slots[] = {detail::slot_of(from, std::forward<Arguments>(arguments))..., jsvm_slot{}};
    return {detail::result<jsvm_slot>(jsvm_function_construct, callee(), &slots[0], sizeof...(Arguments),
                                      limits.get()),
            home()};
  }

  [[nodiscard]] jsvm_value* callee() const {
    if (!is_function()) {
      detail::wrong_kind("a function", slot_);
    }
    return slot_.handle;
  }

  jsvm_slot slot_ = {};
  std::unique_ptr<char[]> bytes_;
  detail::context_handle home_;
};

inline value error::thrown() const {
  jsvm_slot slot = {};
  detail::check(jsvm_error_exception(get(), &slot));
  return {std::move(slot), nullptr};
}

namespace detail {

/** Throws any JavaScript value out of a host function. See throw_value. */
class JSVM_API thrown_value : public std::exception {
 public:
  explicit thrown_value(value given) : given_(std::make_shared<const value>(std::move(given))) {}
  [[nodiscard]] const value& get() const noexcept { return *given_; }
  [[nodiscard]] const char* what() const noexcept override { return "a JavaScript value was thrown"; }

 private:
  std::shared_ptr<const value> given_;
};

}  // namespace detail

/** In a host function: throws a value, as JavaScript's `throw` does. */
[[noreturn]] inline void throw_value(value given) { throw detail::thrown_value(std::move(given)); }

}  // namespace jsvm

#endif
