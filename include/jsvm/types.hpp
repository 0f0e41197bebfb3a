/*
 * Part of jsvm.hpp: values of one kind, with what can be done only with them. Get one by value::as<array>() or from a
 * context; each of them is a value.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef JSVM_TYPES_HPP
#define JSVM_TYPES_HPP

#include "function.hpp"

namespace jsvm {

/** A value of one kind: converted to by value::as, which throws type_error for other kinds. */
template <class Self>
class value_of : public value {
 public:
  value_of() noexcept = default;
  /** Takes a value that is known to be of the kind. */
  explicit value_of(value&& known) noexcept : value(std::move(known)) {}
  /** A second owner. No lock. */
  [[nodiscard]] Self clone() const { return Self(value::clone()); }
};

/** A function: it is called like one. */
class function : public value_of<function> {
 public:
  using value_of::value_of;
  static constexpr const char* what = "a function";
  static bool is(const jsvm_slot& slot) noexcept { return slot.kind == JSVM_KIND_FUNCTION; }
};

/** A symbol. */
class symbol : public value_of<symbol> {
 public:
  using value_of::value_of;
  static constexpr const char* what = "a symbol";
  static bool is(const jsvm_slot& slot) noexcept { return slot.kind == JSVM_KIND_SYMBOL; }

  /** JavaScript: symbol.description. */
  [[nodiscard]] std::optional<std::string> description() const {
    return value(detail::result<jsvm_slot>(jsvm_symbol_description, get()), nullptr)
        .as<std::optional<std::string>>();
  }
};

namespace detail {

/** Objects with one of these JSVM_FLAG_ bits. */
template <class Self, std::uint32_t Flags>
class flagged : public value_of<Self> {
 public:
  using value_of<Self>::value_of;
  using value_of<Self>::get;
  static bool is(const jsvm_slot& slot) noexcept { return (slot.flags & Flags) != 0 && slot.kind == JSVM_KIND_OBJECT; }
};

}  // namespace detail

/** An array. Its elements are read by elements(). */
class array : public detail::flagged<array, JSVM_FLAG_ARRAY> {
 public:
  using flagged::flagged;
  static constexpr const char* what = "an array";

  /** JavaScript: array.length. Guest code does not run. */
  [[nodiscard]] std::uint32_t length() const { return detail::result<std::uint32_t>(jsvm_array_length, get()); }
};

/** A Date. */
class date : public detail::flagged<date, JSVM_FLAG_DATE> {
 public:
  using flagged::flagged;
  static constexpr const char* what = "a date";

  /** Milliseconds since 1970; NaN if it is invalid. As a time: as<std::chrono::system_clock::time_point>(). */
  [[nodiscard]] double milliseconds() const { return detail::result<double>(jsvm_date_value, get()); }
};

/** A RegExp. */
class regexp : public detail::flagged<regexp, JSVM_FLAG_REGEXP> {
 public:
  using flagged::flagged;
  static constexpr const char* what = "a regular expression";

  [[nodiscard]] std::string source() const {
    return value(detail::result<jsvm_slot>(jsvm_regexp_source, get()), nullptr).to_string();
  }
  /** In alphabetical order. */
  [[nodiscard]] std::string letters() const {
    return value(detail::result<jsvm_slot>(jsvm_regexp_flags, get()), nullptr).to_string();
  }
};

/** A Map. Its own functions, whatever the guest did to Map.prototype; guest code does not run. */
class map : public detail::flagged<map, JSVM_FLAG_MAP> {
 public:
  using flagged::flagged;
  static constexpr const char* what = "a Map";

  /** JavaScript: map.get(key). */
  template <class Key>
  [[nodiscard]] value at(const Key& key) const {
    detail::source from(home());
    const jsvm_slot slot = detail::slot_of(from, key);
    return {detail::result<jsvm_slot>(jsvm_map_get, get(), &slot), home()};
  }
  /** JavaScript: map.set(key, given). */
  template <class Key, class T>
  void insert(const Key& key, T&& given) const {
    detail::source from(home());
    const jsvm_slot slot = detail::slot_of(from, key);
    const jsvm_slot content = detail::slot_of(from, std::forward<T>(given));
    detail::run(jsvm_map_set, get(), &slot, &content);
  }
  /** JavaScript: map.has(key). */
  template <class Key>
  [[nodiscard]] bool contains(const Key& key) const {
    detail::source from(home());
    const jsvm_slot slot = detail::slot_of(from, key);
    return detail::result<bool>(jsvm_map_has, get(), &slot);
  }
  /** JavaScript: map.delete(key): whether it was there. */
  template <class Key>
  bool erase(const Key& key) const {
    detail::source from(home());
    const jsvm_slot slot = detail::slot_of(from, key);
    return detail::result<bool>(jsvm_map_delete, get(), &slot);
  }
  /** JavaScript: map.size. */
  [[nodiscard]] std::size_t size() const { return detail::result<std::size_t>(jsvm_map_size, get()); }
  /** Keys and values, in the order in which they were put there. */
  [[nodiscard]] std::vector<std::pair<value, value>> entries() const {
    std::vector<value> flat = take(detail::result<jsvm_slot_list>(jsvm_map_entries, get()), home());
    std::vector<std::pair<value, value>> pairs;
    for (std::size_t i = 0; i + 1 < flat.size(); i += 2) {
      pairs.emplace_back(std::move(flat[i]), std::move(flat[i + 1]));
    }
    return pairs;
  }
};

/** A Set. Its own functions, whatever the guest did to Set.prototype; guest code does not run. */
class set : public detail::flagged<set, JSVM_FLAG_SET> {
 public:
  using flagged::flagged;
  static constexpr const char* what = "a Set";

  /** JavaScript: set.add(given). */
  template <class T>
  void insert(T&& given) const {
    detail::source from(home());
    const jsvm_slot slot = detail::slot_of(from, std::forward<T>(given));
    detail::run(jsvm_set_add, get(), &slot);
  }
  /** JavaScript: set.has(given). */
  template <class T>
  [[nodiscard]] bool contains(const T& given) const {
    detail::source from(home());
    const jsvm_slot slot = detail::slot_of(from, given);
    return detail::result<bool>(jsvm_set_has, get(), &slot);
  }
  /** JavaScript: set.delete(given): whether it was there. */
  template <class T>
  bool erase(const T& given) const {
    detail::source from(home());
    const jsvm_slot slot = detail::slot_of(from, given);
    return detail::result<bool>(jsvm_set_delete, get(), &slot);
  }
  /** JavaScript: set.size. */
  [[nodiscard]] std::size_t size() const { return detail::result<std::size_t>(jsvm_set_size, get()); }
  /** The values, in the order in which they were added. */
  [[nodiscard]] std::vector<value> values() const {
    return take(detail::result<jsvm_slot_list>(jsvm_set_values, get()), home());
  }
};

/** A promise. */
class promise : public detail::flagged<promise, JSVM_FLAG_PROMISE> {
 public:
  using flagged::flagged;
  static constexpr const char* what = "a promise";

  [[nodiscard]] promise_state state() const {
    jsvm_slot* const none = nullptr;
    jsvm_promise_state now = JSVM_PROMISE_STATE_PENDING;
    detail::run(jsvm_promise_result, get(), &now, none);
    return static_cast<promise_state>(now);
  }
  /** Its value or reason; `undefined` while it is pending. */
  [[nodiscard]] value result() const {
    jsvm_promise_state now = JSVM_PROMISE_STATE_PENDING;
    jsvm_slot slot = {};
    detail::run(jsvm_promise_result, get(), &now, &slot);
    return {std::move(slot), home()};
  }
  /**
   * Runs tasks and waits until it settles. Throws what it was rejected with: a jsvm::exception, or the C++ exception
   * that it began as; wrong_state if nothing is left that could settle it.
   */
  value await(const run_options& limits = {}) const {
    return {detail::result<jsvm_slot>(jsvm_promise_await, get(), limits.get()), home()};
  }
  /** Has callables, or functions, called when it settles; nullptr is none. Gives the promise of what they return. */
  template <class Fulfilled, class Rejected = std::nullptr_t>
  promise then(Fulfilled&& on_fulfilled, Rejected&& on_rejected = nullptr, const run_options& limits = {}) const {
    detail::source from(home());
    const jsvm_slot fulfilled = detail::slot_of(from, std::forward<Fulfilled>(on_fulfilled));
    const jsvm_slot rejected = detail::slot_of(from, std::forward<Rejected>(on_rejected));
    return promise(value(
        detail::result<jsvm_value*>(jsvm_promise_then, get(), fulfilled.handle, rejected.handle, limits.get()),
        home()));
  }
};

/**
 * The host's end of a promise: settled once, from any thread. Numbers, text and values are handed over without waiting for
 * the isolate; what has to be made in it first (a std::vector, an exception) waits. Freed unsettled, it rejects.
 */
class resolver : public detail::handle<jsvm_resolver, jsvm_resolver_free> {
 public:
  resolver() noexcept = default;
  /** Owns a resolver of jsvm.h, and makes objects in a context, if any. */
  explicit resolver(jsvm_resolver* owned, const jsvm_context* home) noexcept
      : handle(owned), home_(home != nullptr ? jsvm_context_clone(home) : nullptr) {}
  /** A second owner. No lock. */
  [[nodiscard]] resolver clone() const { return resolver(jsvm_resolver_clone(get()), home_.get()); }

  /** Fulfils the promise, with `undefined` unless told; or has it follow another one. */
  template <class T = std::monostate>
  void resolve(T&& given = {}) const {
    detail::source from(home_.get());
    const jsvm_slot slot = detail::slot_of(from, std::forward<T>(given));
    detail::run(jsvm_resolver_resolve, get(), &slot);
  }
  /** Rejects the promise. A std::exception_ptr becomes what that exception becomes in JavaScript. */
  template <class T>
  void reject(T&& reason) const {
    detail::source from(home_.get());
    const jsvm_slot slot = detail::slot_of(from, std::forward<T>(reason));
    detail::run(jsvm_resolver_reject, get(), &slot);
  }
  /**
   * Settles the promise with what the callable returns or throws: for threads of the host's, which have nobody to throw
   * to. False if the promise cannot be told: it is settled already, or its isolate is gone.
   */
  template <class Callable>
  bool settle(Callable&& work) const noexcept {
    try {
      try {
        if constexpr (std::is_void_v<decltype(work())>) {
          work();
          resolve();
        } else {
          resolve(work());
        }
      } catch (...) {
        reject(std::current_exception());
      }
      return true;
    } catch (...) {
      return false;
    }
  }

 private:
  detail::context_handle home_;
};

/** The memory of a buffer, borrowed: it stays where it is, whatever becomes of the buffer and the isolate. */
class borrow : public detail::handle<jsvm_borrow, jsvm_borrow_free> {
 public:
  borrow() noexcept = default;
  /** Owns a borrow of jsvm.h. */
  borrow(jsvm_borrow* owned, void* data, std::size_t size) noexcept : handle(owned), data_(data), size_(size) {}

  /** The memory, of this type; NULL if there are no bytes. The guest may write to it at the same time. */
  template <class T = std::byte>
  [[nodiscard]] T* data() const noexcept {
    return static_cast<T*>(data_);
  }
  /** How many of this type there are. */
  template <class T = std::byte>
  [[nodiscard]] std::size_t size() const noexcept {
    return size_ / sizeof(T);
  }

 private:
  void* data_ = nullptr;
  std::size_t size_ = 0;
};

namespace detail {

/** What has bytes: an ArrayBuffer, SharedArrayBuffer, typed array or DataView. */
template <class Self, std::uint32_t Flags>
class byte_object : public flagged<Self, Flags> {
 public:
  using flagged<Self, Flags>::flagged;
  using flagged<Self, Flags>::get;

  /** JavaScript: byteLength. */
  [[nodiscard]] std::size_t byte_length() const { return detail::result<std::size_t>(jsvm_buffer_length, get()); }
  /** Borrows the memory, without copying; not of a resizable ArrayBuffer. */
  [[nodiscard]] jsvm::borrow borrow() const {
    void* data = nullptr;
    std::size_t size = 0;
    jsvm_borrow* const owned = detail::result<jsvm_borrow*>(jsvm_buffer_borrow, get(), &data, &size);
    return jsvm::borrow(owned, data, size);
  }
  /** Copies bytes from an offset on to where there is room for `size`; gives how many there were. */
  std::size_t copy_out(std::size_t offset, void* data, std::size_t size) const {
    std::size_t copied = 0;
    detail::run(jsvm_buffer_copy_out, get(), offset, data, size, &copied);
    return copied;
  }
  /** A copy of all bytes. */
  [[nodiscard]] std::vector<std::byte> copy() const {
    std::vector<std::byte> all(byte_length());
    all.resize(copy_out(0, all.data(), all.size()));
    return all;
  }
  /** Takes the memory away from JavaScript; borrows keep theirs. */
  void detach() const { detail::run(jsvm_buffer_detach, get()); }
};

}  // namespace detail

/** A typed array or DataView. */
class typed_array : public detail::byte_object<typed_array, JSVM_FLAG_VIEW> {
 public:
  using byte_object::byte_object;
  static constexpr const char* what = "a typed array";

  [[nodiscard]] element_type type() const {
    return static_cast<element_type>(detail::result<jsvm_element_type>(jsvm_typed_array_type, get()));
  }
};

/** An ArrayBuffer or SharedArrayBuffer. */
class array_buffer : public detail::byte_object<array_buffer, JSVM_FLAG_BUFFER> {
 public:
  using byte_object::byte_object;
  static constexpr const char* what = "an ArrayBuffer";

  /** JavaScript: new Uint8Array(this, byte_offset, length) and so on; length in elements, of a data_view in bytes. */
  [[nodiscard]] typed_array view(element_type type, std::size_t byte_offset, std::size_t length) const {
    return typed_array(value(detail::result<jsvm_value*>(jsvm_typed_array_new, get(), static_cast<std::uint32_t>(type),
                                                         byte_offset, length),
                             home()));
  }
};

namespace detail {

template <class T>
struct from<T, std::enable_if_t<std::is_base_of_v<value, T> && !std::is_same_v<value, T>>> {
  static T get(const jsvm_slot& slot, const jsvm_context* home) {
    if (!T::is(slot)) {
      wrong_kind(T::what, slot);
    }
    return T(value::copy(slot, home));
  }
};

}  // namespace detail
}  // namespace jsvm

#endif
