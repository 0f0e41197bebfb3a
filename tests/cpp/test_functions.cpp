/* C++ callables as JavaScript functions. */
#include "check.hpp"

#include <map>
#include <memory>

namespace {

int free_function(int a, int b) { return a - b; }

void kinds_of_callables() {
  const world w;
  w.set("lambda", [](double a, double b) { return a + b; });
  w.set("pointer", free_function);
  w.set("address", &free_function);
  w.set("erased", std::function<std::string(std::string)>([](const std::string& s) { return s + "!"; }));
  w.set("none", [] {});
  w.set("quick", [](int i) noexcept { return i; });
  struct adder {
    int base;
    int operator()(int x) const { return base + x; }
  };
  w.set("object", adder{10});
  w.set("counter", [n = 0]() mutable { return ++n; });
  w.set("only", [owned = std::make_unique<int>(5)] { return *owned; });
  w.set("generic", [](auto& call) { return call.size(); });
  w.set("whole", [](jsvm::call_info& call) { return call.arg<std::string>(1); });
  w.set("both", [](jsvm::call_info& call, int first) { return static_cast<int>(call.size()) * first; });
  CHECK_EQ(w.js("lambda(1, 2)").as<int>(), 3);
  CHECK_EQ(w.js("pointer(5, 3) + address(1, 0)").as<int>(), 3);
  CHECK_EQ(w.js("erased('hi')").to_string(), "hi!");
  CHECK(w.js("none()").is_undefined());
  CHECK_EQ(w.js("quick(7)").as<int>(), 7);
  CHECK_EQ(w.js("object(5)").as<int>(), 15);
  CHECK_EQ(w.js("counter(); counter()").as<int>(), 2);
  CHECK_EQ(w.js("only()").as<int>(), 5);
  CHECK_EQ(w.js("generic(1, 2, 3)").as<int>(), 3);
  CHECK_EQ(w.js("whole(0, 'second')").to_string(), "second");
  CHECK_EQ(w.js("both(4, 0, 0)").as<int>(), 12);
  // The name is the property's; the length that of the callable, without the call_info.
  CHECK_EQ(w.js("[lambda, none, both, generic].map((f) => f.name + f.length).join()").to_string(),
           "lambda2,none0,both1,generic0");
  const jsvm::function named =
      w.context.function([] {}, jsvm::function_options().name("other").length(9).constructor());
  CHECK_EQ(named.get("name").to_string() + named.get("length").to_string(), "other9");
}

void arguments() {
  const world w;
  w.set("number", [](int i) { return i; });
  w.set("text", [](std::string_view s) { return s.size(); });
  w.set("maybe", [](std::optional<int> i) { return i.value_or(-1); });
  w.set("list", [](const std::vector<std::string>& all) { return all.size(); });
  w.set("record", [](std::map<std::string, double> all) { return all.at("a"); });
  w.set("any", [](const jsvm::value& given) { return static_cast<int>(given.kind()); });
  w.set("callback", [](const jsvm::function& f) { return f(1, 2); });
  w.set("typed", [](std::function<int(int)> f) { return f(20) + 1; });
  w.set("array", [](const jsvm::array& a) { return a.length(); });
  CHECK_EQ(w.js("text('\\u00e4')").as<int>(), 2);
  CHECK_EQ(w.js("maybe() + maybe(5) + maybe(null)").as<int>(), 3);
  CHECK_EQ(w.js("list(['a', 'b'])").as<int>(), 2);
  CHECK_EQ(w.js("record({a: 1.5})").as<double>(), 1.5);
  CHECK_EQ(w.js("any() + any(null)").as<int>(), 1);
  CHECK_EQ(w.js("callback((a, b) => a + b)").as<int>(), 3);
  CHECK_EQ(w.js("typed((x) => x * 2)").as<int>(), 41);
  CHECK_EQ(w.js("array([1, 2, 3])").as<int>(), 3);
  const jsvm::value wrong = w.js("(f) => { try { f() } catch (e) { return `${e}` } }");
  CHECK_EQ(wrong(w.js("() => number()")).to_string(), "TypeError: argument 1: expected a number, got undefined");
  CHECK_EQ(wrong(w.js("() => number('1')")).to_string(), "TypeError: argument 1: expected a number, got a string");
  CHECK_EQ(wrong(w.js("() => number(2 ** 40)")).to_string(),
           "RangeError: argument 1: 1099511627776 is no integer of 32 bits");
  CHECK_EQ(wrong(w.js("() => list([1])")).to_string(), "TypeError: argument 1: expected a string, got a number");
  CHECK_EQ(wrong(w.js("() => array({})")).to_string(), "TypeError: argument 1: expected an array, got an object");
  CHECK_EQ(wrong(w.js("() => typed(1)")).to_string(), "TypeError: argument 1: expected a function, got a number");
  // The first wrong one is named.
  w.set("two", [](int a, int b) { return a + b; });
  CHECK_EQ(wrong(w.js("() => two('a', 'b')")).to_string(), "TypeError: argument 1: expected a number, got a string");
  CHECK_EQ(wrong(w.js("() => two(1)")).to_string(), "TypeError: argument 2: expected a number, got undefined");
  // By reference or moved in.
  w.set("taken", [](std::vector<int>&& all, std::string& text) { return text + std::to_string(all.size()); });
  CHECK_EQ(w.js("taken([1, 2], 'x')").to_string(), "x2");
  // A surplus is left alone, as in JavaScript.
  CHECK_EQ(w.js("number(1, 2, 3)").as<int>(), 1);
}

void results() {
  const world w;
  w.set("text", [] { return "literal"; });
  w.set("copy", [](std::string s) { return s; });
  w.set("wide", [] { return std::u16string(u"wide"); });
  w.set("list", [] { return std::vector<std::string>{"a", "b"}; });
  w.set("maybe", [](bool yes) { return yes ? std::optional<int>(1) : std::nullopt; });
  w.set("big", [] { return jsvm::bigint(UINT64_MAX); });
  w.set("maker", [] { return [](int x) { return x + 1; }; });
  w.set("same", [](jsvm::value given) { return given; });
  w.set("sameText", [](jsvm::call_info& call) { return call[0]; });
  w.set("global", [](jsvm::call_info& call) { return call.context().global(); });
  w.set("bad", [] { return UINT64_MAX; });
  CHECK_EQ(w.js("text() + copy('x') + wide()").to_string(), "literalxwide");
  CHECK_EQ(w.js("list().join()").to_string(), "a,b");
  CHECK_EQ(w.js("String([maybe(true), typeof maybe(false)])").to_string(), "1,undefined");
  CHECK_EQ(w.js("big()").to_string(), "18446744073709551615");
  CHECK_EQ(w.js("maker()(1)").as<int>(), 2);
  // An argument that comes back, of every kind.
  CHECK(w.js("[undefined, null, true, 1.5, 'x', '\\ud800', 7n, -(2n ** 70n), Symbol.iterator, {}, [], () => {}]"
             ".every((x) => same(x) === x && sameText(x) === x)")
            .as<bool>());
  CHECK(w.js("global() === globalThis").as<bool>());
  CHECK_THROWS(jsvm::range_error, w.js("bad()"), "no exact number");
}

void construct_calls() {
  const world w;
  w.context.global().set("Point",
                         w.context.function(
                             [](jsvm::call_info& call, double x) {
                               if (!call.is_construct_call()) {
                                 throw jsvm::type_error("Point needs new");
                               }
                               CHECK(call.new_target().is_function());
                               call.this_value().set("x", x);
                             },
                             jsvm::function_options().name("Point").constructor()));
  CHECK_EQ(w.js("new Point(3).x").as<int>(), 3);
  CHECK_THROWS(jsvm::type_error, w.js("Point(3)"), "needs new");
  w.set("me", [](jsvm::call_info& call) {
    CHECK(call.new_target().is_undefined());
    return call.this_value();
  });
  CHECK(w.js("const object = {me}; object.me() === object").as<bool>());
}

/* JavaScript owns what a callable holds. */
void lifetimes() {
  const world w;
  auto owner = std::make_shared<int>(1);
  const std::weak_ptr<int> watch = owner;
  w.set("f", [owner = std::move(owner)] { return *owner; });
  CHECK_EQ(w.js("f()").as<int>(), 1);
  w.collect();
  CHECK(!watch.expired());
  w.js("f = null");
  w.collect();
  CHECK(watch.expired());
  // Also if it cannot be made.
  auto second = std::make_shared<int>(2);
  const std::weak_ptr<int> watch_second = second;
  CHECK_THROWS(jsvm::error, jsvm::context().function([second = std::move(second)] {}), "INVALID_ARGUMENT");
  world::flush();
  CHECK(watch_second.expired());
}

void reentry() {
  const world w;
  w.set("down", [&w](int n) -> int { return n == 0 ? 0 : w.js("down(" + std::to_string(n - 1) + ")").as<int>() + 1; });
  CHECK_EQ(w.js("down(20)").as<int>(), 20);
}

}  // namespace

int main() {
  RUN(kinds_of_callables);
  RUN(arguments);
  RUN(results);
  RUN(construct_calls);
  RUN(lifetimes);
  RUN(reentry);
  return FINISH();
}
