// A C++ program with libjsvm.a inside throws and catches what it likes: before V8 starts, after, and on threads.
#include <any>
#include <cstdio>
#include <functional>
#include <future>
#include <jsvm.h>
#include <regex>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

struct Base {
  virtual ~Base() = default;
};
struct Custom : Base, std::logic_error {
  using std::logic_error::logic_error;
};

static int failed;

template <class Error, class Function> static void catches(const char *name, Function function) {
  const char *what = "nothing was thrown";
  try {
    function();
  } catch (const Error &) {
    return;
  } catch (...) {
    what = "it is something else";
  }
  std::printf("%s: %s\n", name, what);
  ++failed;
}

static void exceptions() {
  catches<std::out_of_range>("vector::at", [] { std::vector<int>().at(3); });
  catches<std::invalid_argument>("stoi", [] { (void)std::stoi("x"); });
  catches<Custom>("a class of its own", [] { throw Custom("c"); });
  catches<std::logic_error>("a class by its base", [] { throw Custom("c"); });
  catches<std::bad_any_cast>("any_cast", [] { (void)std::any_cast<int>(std::any(std::string("x"))); });
  catches<std::bad_function_call>("function", [] { std::function<void()>()(); });
  catches<std::regex_error>("regex", [] { std::regex pattern("("); });
  catches<std::system_error>("thread::join", [] { std::thread().join(); });
  catches<std::bad_cast>("dynamic_cast", [] {
    Base base;
    Base &reference = base;
    (void)dynamic_cast<Custom &>(reference);
  });
  catches<std::bad_alloc>("new", [] {
    volatile size_t size = static_cast<size_t>(1) << 62;
    delete[] new char[size];
  });
  catches<std::runtime_error>("future", [] {
    std::async(std::launch::async, []() -> int { throw std::runtime_error("r"); }).get();
  });
  catches<std::out_of_range>("nested", [] {
    try {
      try {
        throw std::out_of_range("inner");
      } catch (...) {
        std::throw_with_nested(Custom("outer"));
      }
    } catch (const std::nested_exception &outer) {
      outer.rethrow_nested();
    }
  });
}

static void javascript(jsvm_context *context) {
  jsvm_slot value{};
  jsvm_error *error = nullptr;
  jsvm_status status =
      jsvm_context_evaluate(context,
                            "new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]));"
                            "`${new Intl.NumberFormat('de').format(1234.5)} ${Temporal.Instant.fromEpochMilliseconds(0)}`",
                            JSVM_AUTO_LENGTH, nullptr, nullptr, &value, &error);
  if (status != JSVM_STATUS_OK || std::string(value.data, value.len) != "1.234,5 1970-01-01T00:00:00Z") {
    std::printf("JavaScript: %s\n", status == JSVM_STATUS_OK ? value.data : jsvm_error_message(error));
    ++failed;
  }
  jsvm_slot_clear(&value);
  jsvm_error_free(error);
}

int main() {
  jsvm_isolate *isolate = nullptr;
  jsvm_context *context = nullptr;

  exceptions();
  if (jsvm_isolate_new(nullptr, &isolate, nullptr) != JSVM_STATUS_OK ||
      jsvm_isolate_main_context(isolate, &context, nullptr) != JSVM_STATUS_OK)
    return 1;
  javascript(context);
  exceptions();
  std::thread([context] {
    javascript(context);
    exceptions();
  }).join();
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
  return failed != 0;
}
