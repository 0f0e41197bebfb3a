/*
 * For the C++ tests: each is a program with functions that RUN() runs, and ends with FINISH(). A check that fails says
 * where and what, is counted, and lets the test go on; an exception that nobody expects ends the function.
 */
#ifndef JSVM_TESTS_CHECK_HPP
#define JSVM_TESTS_CHECK_HPP

#include "jsvm.hpp"

#include <atomic>
#include <chrono>
#include <iostream>
#include <sstream>
#include <string>

namespace check {

using namespace std::chrono_literals;

inline std::atomic<int> failures{0};

inline void failed(const char* file, int line, const std::string& text) {
  failures++;
  std::cerr << file << ":" << line << ": " + text + "\n";
}

inline bool holds(bool condition, const char* text, const char* file, int line) {
  if (!condition) {
    failed(file, line, std::string("does not hold: ") + text);
  }
  return condition;
}

template <class T>
std::string shown(const T& given) {
  std::ostringstream text;
  if constexpr (std::is_enum_v<T>) {
    text << static_cast<long long>(given);
  } else {
    text << given;
  }
  return text.str();
}

template <class Seen, class Expected>
void equal(const Seen& seen, const Expected& expected, const char* text, const char* file, int line) {
  if (!(seen == expected)) {
    failed(file, line, std::string(text) + " is " + shown(seen) + ", expected " + shown(expected));
  }
}

/** Whether what is being thrown is a T, no class derived from it, and its what() has a part in it. */
template <class T>
void thrown(const std::string& part, const char* text, const char* file, int line) {
  try {
    throw;
  } catch (const T& error) {
    if (typeid(error) != typeid(T)) {
      failed(file, line, std::string(text) + " throws a " + typeid(error).name() + ": " + error.what());
    } else if (std::string(error.what()).find(part) == std::string::npos) {
      failed(file, line, std::string(text) + " says: " + error.what() + "; expected in it: " + part);
    }
  } catch (const std::exception& error) {
    failed(file, line, std::string(text) + " throws a " + typeid(error).name() + ": " + error.what());
  } catch (...) {
    failed(file, line, std::string(text) + " throws something else");
  }
}

inline void run(void (*test)(), const char* name) {
  std::cerr << name << "\n";
  try {
    test();
  } catch (const std::exception& error) {
    failed(name, 0, std::string("not caught: ") + error.what());
  }
}

/** Waits for finalizers, and counts what was not freed. */
inline int finish() {
  if (!jsvm::flush_finalizers(10s)) {
    failed(__FILE__, __LINE__, "the finalizers do not come to an end");
  }
  for (std::uint32_t kind = 0; kind < JSVM_HANDLE_KIND_COUNT; kind++) {
    if (const std::size_t live = jsvm_live_handles(kind)) {
      failed(__FILE__, __LINE__, std::to_string(live) + " handles of kind " + std::to_string(kind) + " are still alive");
    }
  }
  if (failures != 0) {
    std::cerr << failures << " checks failed\n";
  }
  return failures != 0;
}

/** An isolate with its main context. */
struct world {
  explicit world(const jsvm::isolate_options& options = {}) : isolate(options), context(isolate.main_context()) {}
  jsvm::value js(std::string_view source, const jsvm::run_options& limits = {}) const {
    return context.evaluate(source, limits);
  }
  template <class T>
  void set(const char* name, T&& given) const {
    context.global().set(name, std::forward<T>(given));
  }
  /** Lets JavaScript collect what it does not need, and the host's side follow. */
  void collect() const {
    isolate.low_memory_notification();
    flush();
  }
  static void flush() {
    if (!jsvm::flush_finalizers(10s)) {
      failed(__FILE__, __LINE__, "the finalizers do not come to an end");
    }
  }

  jsvm::isolate isolate;
  jsvm::context context;
};

}  // namespace check

using namespace std::chrono_literals;
using namespace std::string_literals;
using check::world;

#define CHECK(condition) check::holds((condition), #condition, __FILE__, __LINE__)
#define CHECK_EQ(seen, expected) check::equal((seen), (expected), #seen, __FILE__, __LINE__)
#define CHECK_THROWS(type, expression, part)                                    \
  do {                                                                          \
    bool threw = false;                                                         \
    try {                                                                       \
      static_cast<void>(expression);                                            \
    } catch (...) {                                                             \
      threw = true;                                                             \
      check::thrown<type>((part), #expression, __FILE__, __LINE__);             \
    }                                                                           \
    check::holds(threw, #expression " throws", __FILE__, __LINE__);             \
  } while (0)
#define RUN(test) check::run(test, #test)
#define FINISH() check::finish()

#endif
