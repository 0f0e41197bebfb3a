/* Exceptions, both ways: which come out, as what, and that none is left behind. */
#include "check.hpp"

#include <thread>

namespace {

/* Counts its live copies: what JavaScript keeps has to be let go. */
struct counted : std::out_of_range {
  static inline std::atomic<int> live{0};
  explicit counted(int given) : std::out_of_range("number " + std::to_string(given)), number(given) { live++; }
  counted(const counted& other) noexcept : std::out_of_range(other), number(other.number) { live++; }
  counted& operator=(const counted&) = delete;
  ~counted() override { live--; }
  int number;
};

void guest_errors() {
  const world w;
  try {
    w.context.evaluate("function area(shape) {\n  return shape.width;\n}\narea(null)",
                       jsvm::script_options().filename("area.js"));
    CHECK(false);
  } catch (const jsvm::exception& error) {
    CHECK(error.status() == jsvm::status::exception);
    CHECK_EQ(error.name(), "TypeError");
    CHECK_EQ(error.what(), "TypeError: Cannot read properties of null (reading 'width')"s);
    CHECK_EQ(error.message(), "Cannot read properties of null (reading 'width')");
    CHECK_EQ(error.filename().value_or(""), "area.js");
    CHECK_EQ(error.line(), 2U);
    CHECK_EQ(error.column(), 16U);
    CHECK_EQ(error.source_line().value_or(""), "  return shape.width;");
    CHECK(error.arrow().value_or("").find("^") != std::string::npos);
    CHECK(error.stack().value_or("").find("at area (area.js:2:16)") != std::string::npos);
    CHECK_EQ(error.frames().size(), 2U);
    CHECK_EQ(error.frames().at(0).function, "area");
    CHECK_EQ(error.frames().at(1).line, 4U);
    CHECK(!error.code() && !error.cause() && !error.original());
    CHECK(error.thrown().is_error());
    CHECK_EQ(error.thrown().constructor_name(), "TypeError");
    // A copy shares the error.
    const jsvm::error copy = error;
    CHECK(copy.get() == error.get());
  }
  CHECK_THROWS(jsvm::exception, w.js("let x = ;"), "SyntaxError");
  CHECK_THROWS(jsvm::exception, w.js("throw 'text'"), "text");
  try {
    w.js("throw {code: 'E_MINE', message: 'mine'}");
  } catch (const jsvm::exception& error) {
    CHECK_EQ(error.code().value_or(""), "E_MINE");
    CHECK_EQ(error.thrown().get("code").to_string(), "E_MINE");
  }
  try {
    w.js("throw new Error('outer', {cause: new TypeError('inner', {cause: 7})})");
  } catch (const jsvm::exception& error) {
    const jsvm::error cause = error.cause().value();
    CHECK_EQ(cause.what(), "TypeError: inner"s);
    CHECK_EQ(cause.cause().value().thrown().as<int>(), 7);
  }
}

void host_errors() {
  const world w;
  const world other;
  CHECK_THROWS(jsvm::error, jsvm::context().evaluate("1"), "INVALID_ARGUMENT");
  CHECK_THROWS(jsvm::error, w.js("(x) => x")(other.js("({})")), "WRONG_ISOLATE");
  try {
    w.js("(x) => x")(other.js("({})"));
  } catch (const jsvm::error& error) {
    CHECK(error.status() == jsvm::status::wrong_isolate);
    CHECK_THROWS(jsvm::error, error.thrown(), "WRONG_STATE");
    CHECK(!error.stack());
  }
  const jsvm::error made(jsvm::status::busy, "made by hand");
  CHECK_EQ(made.message(), "made by hand");
  CHECK_EQ(made.name(), "Error");
  CHECK(made.frames().empty() && made.line() == 0 && !made.cause());
}

/* What is thrown in a callback and not caught by JavaScript comes out as itself. */
void original_comes_out() {
  const world w;
  w.set("fail", [](int number) -> int { throw counted(number); });
  try {
    w.js("[1, 2].forEach((n) => fail(n * 10))");
    CHECK(false);
  } catch (const counted& error) {
    CHECK_EQ(error.number, 10);
  }
  w.set("failInt", [] { throw 42; });
  try {
    w.js("failInt()");
    CHECK(false);
  } catch (int number) {
    CHECK_EQ(number, 42);
  }
  w.set("failMisuse", [] { throw jsvm::error(jsvm::status::wrong_state, "a state"); });
  CHECK_THROWS(jsvm::error, w.js("failMisuse()"), "a state");
  // The same object, not a copy of it.
  const counted* thrown = nullptr;
  w.set("failSame", [&thrown] {
    try {
      throw counted(1);
    } catch (const counted& error) {
      thrown = &error;
      throw;
    }
  });
  try {
    w.js("failSame()");
  } catch (const counted& error) {
    CHECK(&error == thrown);
  }
}

void as_javascript_sees_it() {
  const world w;
  w.set("f", [](int what) {
    switch (what) {
      case 0:
        throw std::runtime_error("plain");
      case 1:
        throw jsvm::type_error("kind");
      case 2:
        throw jsvm::range_error("size");
      case 3:
        throw what;
      case 4:
        throw std::runtime_error("not UTF-8: \xff\xc3");
      case 5:
        jsvm::throw_value("just text");
      case 6:
        throw jsvm::error(jsvm::status::busy, "busy");
      case 7:
        throw jsvm::exception(jsvm::status::exception, "made by hand");
      default:
        break;
    }
  });
  const jsvm::value seen = w.js("(n) => { try { f(n) } catch (e) { return e instanceof Error ? `${e}` : typeof e } }");
  CHECK_EQ(seen(0).to_string(), "Error: plain");
  CHECK_EQ(seen(1).to_string(), "TypeError: kind");
  CHECK_EQ(seen(2).to_string(), "RangeError: size");
  CHECK_EQ(seen(3).to_string(), "Error: a C++ exception that is no std::exception");
  CHECK_EQ(seen(4).to_string(), "Error: not UTF-8: ??");
  CHECK_EQ(seen(5).to_string(), "string");
  CHECK_EQ(seen(6).to_string(), "Error: busy");
  CHECK_EQ(seen(7).to_string(), "Error: made by hand");
  // Nothing of the host's shows.
  CHECK_EQ(w.js("try { f(0) } catch (e) { Reflect.ownKeys(e).map(String).join() }").to_string(), "stack,message");
  CHECK_EQ(w.js("try { f(0) } catch (e) { /at eval|at <|at .*evalmachine/.test(e.stack) }").as<bool>(), true);
}

/* JavaScript may keep the error and throw it whenever it likes. */
void caught_and_rethrown() {
  const world w;
  w.set("fail", [](int number) { throw counted(number); });
  CHECK_THROWS(counted, w.js("try { fail(1) } catch (e) { throw e }"), "number 1");
  CHECK_THROWS(counted, w.js("try { fail(2) } finally { 0 }"), "number 2");
  w.js("try { fail(3) } catch (e) { globalThis.kept = e } try { fail(4) } catch (e) { globalThis.later = e }");
  w.collect();
  CHECK_EQ(counted::live, 2);
  CHECK_THROWS(counted, w.js("throw kept"), "number 3");
  CHECK_THROWS(counted, w.js("throw later"), "number 4");
  CHECK_THROWS(counted, w.js("throw kept"), "number 3");
  // Another error is another error.
  CHECK_THROWS(jsvm::exception, w.js("try { fail(5) } catch (e) { throw new Error('mine') }"), "Error: mine");
  CHECK_THROWS(jsvm::exception, w.js("try { fail(6) } catch (e) { throw Object.assign(new Error('copied'), e) }"), "copied");
  CHECK_THROWS(jsvm::exception, w.js("throw Object.create(kept)"), "number 3");
  CHECK_THROWS(jsvm::exception, w.js("throw new Proxy(kept, {})"), "");
  CHECK_THROWS(jsvm::exception, w.js("throw structuredCopy"), "ReferenceError");
  // Wrapped, it is the cause.
  try {
    w.js("try { fail(7) } catch (e) { throw new Error('wrapped', {cause: e}) }");
    CHECK(false);
  } catch (const jsvm::exception& error) {
    CHECK_EQ(error.message(), "wrapped");
    CHECK_THROWS(counted, std::rethrow_exception(error.cause().value().original()), "number 7");
  }
  w.js("kept = later = null");
  w.collect();
  CHECK_EQ(counted::live, 0);
}

void nested_calls() {
  const world w;
  w.set("inner", [](int number) { throw counted(number); });
  w.set("again", [&w](const std::string& source) { return w.js(source); });
  // Through two levels of both.
  CHECK_THROWS(counted, w.js("again('again(\"inner(8)\")')"), "number 8");
  // What a nested call threw goes on as the same value.
  CHECK_EQ(w.js("const mine = new RangeError('mine'); let same; try { again('throw mine') } catch (e) { same = e === mine } same")
               .as<bool>(),
           true);
  CHECK_EQ(w.js("try { again('throw 7') } catch (e) { e }").as<int>(), 7);
  CHECK_THROWS(jsvm::exception, w.js("again('throw mine')"), "RangeError: mine");
  // A host function that catches.
  w.set("safe", [&w](const std::string& source) -> std::string {
    try {
      w.js(source);
      return "fine";
    } catch (const counted& error) {
      return "caught " + std::to_string(error.number);
    }
  });
  CHECK_EQ(w.js("safe('inner(9)')").to_string(), "caught 9");
}

void nested_isolates() {
  const world outer;
  const world inner;
  inner.set("fail", [](int number) { throw counted(number); });
  outer.set("run", [&inner](const std::string& source) { return inner.js(source).as<double>(); });
  CHECK_EQ(outer.js("run('1 + 1')").as<int>(), 2);
  CHECK_THROWS(counted, outer.js("run('fail(3)')"), "number 3");
  CHECK_EQ(outer.js("try { run('fail(4)') } catch (e) { `${e}` }").to_string(), "Error: number 4");
  // A value of the inner isolate cannot be thrown in the outer one; the exception with it can.
  CHECK_EQ(outer.js("try { run('throw new TypeError(\"inside\")') } catch (e) { `${e}` }").to_string(),
           "Error: TypeError: inside");
  try {
    outer.js("run('throw new TypeError(\"inside\")')");
    CHECK(false);
  } catch (const jsvm::exception& error) {
    CHECK_EQ(error.name(), "TypeError");
    CHECK(inner.js("(e) => e instanceof TypeError")(error.thrown()).as<bool>());
  }
  CHECK_THROWS(jsvm::type_error, outer.js("run('\"text\"')"), "expected a number, got a string");
}

void promises() {
  const world w;
  w.set("fail", [](int number) { throw counted(number); });
  w.set("reject", [&w](int number) {
    auto [promise, resolver] = w.context.promise();
    resolver.reject(std::make_exception_ptr(counted(number)));
    return std::move(promise);
  });
  const auto rejected = w.js("(async () => { await null; fail(1) })()").as<jsvm::promise>();
  CHECK(rejected.state() == jsvm::promise_state::rejected);
  CHECK_THROWS(counted, rejected.await(), "number 1");
  CHECK_THROWS(counted, w.js("reject(2)").as<jsvm::promise>().await(), "number 2");
  CHECK_EQ(w.js("reject(3).catch((e) => `caught ${e}`)").as<jsvm::promise>().await().to_string(), "caught Error: number 3");
  CHECK_THROWS(counted, w.js("(async () => { try { await reject(4) } finally { await null } })()")
                            .as<jsvm::promise>()
                            .await(),
               "number 4");
  // From a thread of the host's.
  auto [promise, resolver] = w.context.promise();
  std::thread thread([resolver = std::move(resolver)] { resolver.settle([]() -> int { throw counted(5); }); });
  CHECK_THROWS(counted, promise.await(jsvm::run_options().timeout(10s)), "number 5");
  thread.join();
  // A value goes as a value.
  auto [other, end] = w.context.promise();
  end.settle([&w]() -> int { return w.js("throw new TypeError('a value')").as<int>(); });
  CHECK_EQ(w.js("(p) => p.catch((e) => e instanceof TypeError)")(other).as<jsvm::promise>().await().as<bool>(), true);
}

/* Many errors that JavaScript catches leave nothing behind. */
void no_leak() {
  const world w;
  w.set("fail", [](int number) { throw counted(number); });
  const int count = 20000;
  w.context.evaluate("for (let i = 0; i < " + std::to_string(count) + "; i++) { try { fail(i) } catch {} }");
  w.collect();
  CHECK_EQ(counted::live, 0);
  for (int i = 0; i < 100; i++) {
    CHECK_THROWS(counted, w.js("fail(1)"), "number 1");
  }
  w.collect();
  CHECK_EQ(counted::live, 0);
  {
    const world short_lived;
    short_lived.set("fail", [](int number) { throw counted(number); });
    short_lived.js("globalThis.all = []; for (let i = 0; i < 10; i++) { try { fail(i) } catch (e) { all.push(e) } }");
    CHECK_EQ(counted::live, 10);
  }
  world::flush();
  CHECK_EQ(counted::live, 0);
}

void stops_go_on() {
  const world w;
  bool caught = false;
  w.set("spin", [&] {
    try {
      w.js("for (;;) {}");
    } catch (const jsvm::stopped&) {
      caught = true;
      throw;
    }
  });
  CHECK_THROWS(jsvm::stopped, w.js("try { spin() } catch { 'no' } finally { for (;;) {} }", jsvm::run_options().timeout(50ms)),
               "TIMEOUT");
  CHECK(caught);
  // The inner call's own limit stops the outer one too, unless the host catches it.
  w.set("brief", [&] { return w.js("for (;;) {}", jsvm::run_options().timeout(20ms)); });
  CHECK_THROWS(jsvm::stopped, w.js("try { brief() } catch { 'no' }"), "TIMEOUT");
  w.set("careful", [&]() -> std::string {
    try {
      w.js("for (;;) {}", jsvm::run_options().timeout(20ms));
      return "?";
    } catch (const jsvm::stopped& stop) {
      return jsvm::status_name(stop.status());
    }
  });
  CHECK_EQ(w.js("careful()").to_string(), "TIMEOUT");
  // What the host throws when the run is stopped meanwhile gives way.
  w.set("stop", [&] {
    w.isolate.terminate();
    throw counted(1);
  });
  CHECK_THROWS(jsvm::stopped, w.js("stop(); 1"), "TERMINATED");
  CHECK_EQ(w.js("1").as<int>(), 1);
}

void disposed_inside() {
  auto w = std::make_unique<world>();
  w->set("close", [&w] {
    jsvm_isolate_free(w->isolate.release());
    throw counted(1);
  });
  CHECK_THROWS(jsvm::error, w->js("close()"), "DISPOSED");
}

}  // namespace

int main() {
  RUN(guest_errors);
  RUN(host_errors);
  RUN(original_comes_out);
  RUN(as_javascript_sees_it);
  RUN(caught_and_rethrown);
  RUN(nested_calls);
  RUN(nested_isolates);
  RUN(promises);
  RUN(no_leak);
  RUN(stops_go_on);
  RUN(disposed_inside);
  const int failed = FINISH();
  return failed + (counted::live != 0);
}
