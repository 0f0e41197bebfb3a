/* Values: conversions both ways, kinds, properties, calls. */
#include "check.hpp"

#include <map>
#include <memory>
#include <unordered_map>

namespace {

void primitives() {
  const world w;
  CHECK(w.js("undefined").is_undefined());
  CHECK(w.js("null").is_null());
  CHECK(w.js("null").is_nullish() && w.js("undefined").is_nullish());
  CHECK_EQ(w.js("1 < 2").as<bool>(), true);
  CHECK_EQ(w.js("1.5").as<double>(), 1.5);
  CHECK_EQ(w.js("1.5").as<float>(), 1.5F);
  CHECK_EQ(w.js("'a\\u00e4\\0b'").as<std::string>(), "a\xc3\xa4\0b"s);
  CHECK(w.js("Symbol()").is_symbol());
  CHECK(w.js("'\\ud800'").is_lossy());
  CHECK_EQ(w.js("'\\ud800'").as<std::string>(), "\xef\xbf\xbd"s);
  CHECK(w.js("'\\ud800x'").as<std::u16string>() == std::u16string({0xd800, u'x'}));
  CHECK(w.js("'a\\u00e4\\u20ac\\u{1f600}'").as<std::u16string>() == u"a\u00e4\u20ac\U0001f600");
  CHECK(w.js("''").as<std::u16string>().empty());

  CHECK_THROWS(jsvm::type_error, w.js("'1'").as<double>(), "expected a number, got a string");
  CHECK_THROWS(jsvm::type_error, w.js("1").as<bool>(), "expected a boolean, got a number");
  CHECK_THROWS(jsvm::type_error, w.js("[]").as<std::string>(), "expected a string, got an array");
  CHECK_THROWS(jsvm::type_error, w.js("undefined").as<int>(), "expected a number, got undefined");
  CHECK_THROWS(jsvm::type_error, w.js("1n").as<double>(), "got a bigint");
  CHECK_THROWS(jsvm::type_error, w.js("1").as<jsvm::bigint>(), "expected a bigint");
}

void integers() {
  const world w;
  CHECK_EQ(w.js("-128").as<std::int8_t>(), -128);
  CHECK_EQ(w.js("255").as<std::uint8_t>(), 255);
  CHECK_EQ(w.js("-0").as<int>(), 0);
  CHECK_EQ(w.js("2 ** 53").as<std::int64_t>(), std::int64_t{1} << 53);
  CHECK_EQ(w.js("-(2 ** 63)").as<std::int64_t>(), INT64_MIN);
  CHECK_EQ(w.js("2n ** 63n - 1n").as<std::int64_t>(), INT64_MAX);
  CHECK_EQ(w.js("-(2n ** 63n)").as<std::int64_t>(), INT64_MIN);
  CHECK_EQ(w.js("2n ** 64n - 1n").as<std::uint64_t>(), UINT64_MAX);
  CHECK_EQ(w.js("-1n").as<std::int8_t>(), -1);
  CHECK_EQ(w.js("0n").as<int>(), 0);
  CHECK_THROWS(jsvm::range_error, w.js("128").as<std::int8_t>(), "128 is no integer of 8 bits");
  CHECK_THROWS(jsvm::range_error, w.js("-1").as<std::uint64_t>(), "without a sign");
  CHECK_THROWS(jsvm::range_error, w.js("2 ** 63").as<std::int64_t>(), "64 bits");
  CHECK_THROWS(jsvm::range_error, w.js("2 ** 64").as<std::uint64_t>(), "64 bits");
  CHECK_THROWS(jsvm::range_error, w.js("1.5").as<int>(), "1.5");
  CHECK_THROWS(jsvm::range_error, w.js("NaN").as<int>(), "NaN");
  CHECK_THROWS(jsvm::range_error, w.js("Infinity").as<std::int64_t>(), "Infinity");
  CHECK_THROWS(jsvm::range_error, w.js("2n ** 63n").as<std::int64_t>(), "9223372036854775808 does not fit 64 bits");
  CHECK_THROWS(jsvm::range_error, w.js("-1n").as<std::uint32_t>(), "-1 does not fit");
  CHECK_THROWS(jsvm::range_error, w.js("2n ** 100n").as<std::int64_t>(), "does not fit");
  CHECK_THROWS(jsvm::range_error, w.js("128n").as<std::int8_t>(), "does not fit");

  // To JavaScript an integer is a number, or it throws: its type never depends on its size.
  const jsvm::value type = w.js("(x) => typeof x + ' ' + x");
  CHECK_EQ(type(std::int64_t{1} << 53).to_string(), "number 9007199254740992");
  CHECK_EQ(type(-(std::int64_t{1} << 53)).to_string(), "number -9007199254740992");
  CHECK_THROWS(jsvm::range_error, type((std::int64_t{1} << 53) + 1), "pass a jsvm::bigint");
  CHECK_THROWS(jsvm::range_error, type(UINT64_MAX), "18446744073709551615");
  CHECK_THROWS(jsvm::range_error, type(INT64_MIN), "no exact number");
  CHECK_EQ(type(jsvm::bigint(UINT64_MAX)).to_string(), "bigint 18446744073709551615");
  CHECK_EQ(type(jsvm::bigint(INT64_MIN)).to_string(), "bigint -9223372036854775808");
  CHECK_EQ(type(jsvm::bigint(-1)).to_string(), "bigint -1");
  CHECK_EQ(type(static_cast<signed char>(-3)).to_string(), "number -3");
}

void bigints() {
  const world w;
  for (const char* const text :
       {"0", "1", "-1", "255", "256", "-256", "340282366920938463463374607431768211456",
        "-123456789012345678901234567890", "10000000000000000000000000000000000000000"}) {
    const jsvm::value big = w.js(std::string(text) + "n");
    CHECK_EQ(big.to_string(), text);
    CHECK_EQ(w.js("(x) => x.toString()")(big).to_string(), text);
    CHECK_EQ(w.js("(x) => x.toString()")(big.as<jsvm::bigint>()).to_string(), text);
    CHECK_EQ(w.js("(x) => x.toString()")(big.clone()).to_string(), text);
    CHECK(big.strict_equals(big.clone()));
  }
  CHECK(jsvm::value(jsvm::bigint(5)).strict_equals(w.js("5n")));
  CHECK(!jsvm::value(5).strict_equals(w.js("5n")));
}

/* As JavaScript prints them, without asking it. */
void number_texts() {
  const world w;
  const jsvm::value string = w.js("String");
  for (const double number :
       {0.0, -0.0, 1.0, -1.0, 1.5, 0.1, 100.0, 123456789.0, 1e20, 1e21, 1.5e21, 123e-7, 1e-6, 1e-7, 1.25e-7, 5e-324,
        1.7976931348623157e308, 0.000001234, 1234567890123456789.0, 123456789012345680000.0, 1.0 / 3, -2.5e-9,
        4294967296.5, std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity(),
        std::numeric_limits<double>::quiet_NaN()}) {
    CHECK_EQ(jsvm::value(number).to_string(), string(number).as<std::string>());
  }
}

void to_javascript() {
  const world w;
  const jsvm::value json = w.js("(...all) => JSON.stringify(all)");
  const std::string text = "string";
  const char* const none = nullptr;
  CHECK_EQ(json(1, -2.5, true, "literal", text, std::string_view("view"), nullptr, none).to_string(),
           R"([1,-2.5,true,"literal","string","view",null,null])");
  CHECK_EQ(json(u"wide \u20ac", std::u16string(u"x")).to_string(), "[\"wide \xe2\x82\xac\",\"x\"]");
  CHECK_EQ(json(std::vector<int>{1, 2}, std::vector<bool>{true, false}).to_string(), "[[1,2],[true,false]]");
  CHECK_EQ(json(std::map<std::string, std::vector<std::string>>{{"a", {"b", "c"}}, {"d", {}}}).to_string(),
           R"([{"a":["b","c"],"d":[]}])");
  CHECK_EQ(json(std::optional<int>(), std::optional<std::string>("x"), std::optional(std::vector<int>{1}))
               .to_string(),
           R"([null,"x",[1]])");
  CHECK_EQ(w.js("(a, b) => [a, b].map(String).join()")(std::nullopt, std::monostate()).to_string(),
           "undefined,undefined");
  CHECK_EQ(w.js("(d) => d.toISOString()")(std::chrono::system_clock::time_point(1500ms)).to_string(),
           "1970-01-01T00:00:01.500Z");
  CHECK_EQ(w.js("(b) => b.constructor.name + b.join()")(std::vector<std::byte>{std::byte{1}, std::byte{255}}).to_string(),
           "Uint8Array1,255");
  CHECK_EQ(w.js("(u) => u.charCodeAt(0).toString(16)")(std::u16string({0xd800})).to_string(), "d800");
  CHECK_EQ(w.js("(fs) => fs[0](3) + fs[1](3)")(std::vector<std::function<int(int)>>{[](int i) { return i + 1; },
                                                                                   [](int i) { return i * 10; }})
               .as<int>(),
           34);
  CHECK_THROWS(jsvm::error, json("\xff"), "UTF-8");
  CHECK_THROWS(jsvm::error, jsvm::value("\xff"), "INVALID_ARGUMENT");

  // Values inside containers are themselves.
  std::vector<jsvm::value> some;
  some.push_back(w.js("globalThis"));
  some.emplace_back(7);
  CHECK_EQ(w.js("(a) => a[0] === globalThis && a[1] === 7")(some).as<bool>(), true);
}

void from_javascript() {
  const world w;
  CHECK((w.js("[1, 2, 3]").as<std::vector<int>>() == std::vector<int>{1, 2, 3}));
  CHECK((w.js("[[1], [], [2, 3]]").as<std::vector<std::vector<double>>>() ==
         std::vector<std::vector<double>>{{1}, {}, {2, 3}}));
  CHECK((w.js("({a: 1, b: 2})").as<std::map<std::string, int>>() == std::map<std::string, int>{{"a", 1}, {"b", 2}}));
  CHECK((w.js("new Map([['a', ['x']]])").as<std::unordered_map<std::string, std::vector<std::string>>>().at("a") ==
         std::vector<std::string>{"x"}));
  CHECK((w.js("const twice = [1]; [twice, twice, twice]").as<std::vector<std::vector<int>>>() ==
         std::vector<std::vector<int>>{{1}, {1}, {1}}));
  CHECK((w.js("[1, , null, undefined]").as<std::vector<std::optional<int>>>() ==
         std::vector<std::optional<int>>{1, std::nullopt, std::nullopt, std::nullopt}));
  CHECK((w.js("new Uint16Array([1, 2])").as<std::vector<std::byte>>() ==
         std::vector<std::byte>{std::byte{1}, std::byte{0}, std::byte{2}, std::byte{0}}));
  CHECK(w.js("new Date(1500)").as<std::chrono::system_clock::time_point>().time_since_epoch() == 1500ms);
  CHECK_EQ(w.js("[new Date(1)]").as<std::vector<std::chrono::system_clock::time_point>>().size(), 1U);
  CHECK(!w.js("null").as<std::optional<std::string>>());
  CHECK_EQ(w.js("'x'").as<std::optional<std::string>>().value_or(""), "x");
  CHECK_THROWS(jsvm::type_error, w.js("[1, 'x']").as<std::vector<int>>(), "expected a number, got a string");
  CHECK_THROWS(jsvm::type_error, w.js("({})").as<std::vector<int>>(), "expected an array, got an object");
  CHECK_THROWS(jsvm::type_error, w.js("7").as<std::vector<int>>(), "expected an array, got a number");
  CHECK_THROWS(jsvm::type_error, (w.js("[]").as<std::map<std::string, int>>()), "got an array");
  CHECK_THROWS(jsvm::range_error, w.js("new Date(NaN)").as<std::chrono::system_clock::time_point>(), "date");
  CHECK_THROWS(jsvm::range_error, w.js("new Date(8.64e15)").as<std::chrono::system_clock::time_point>(), "date");

  // Getters do not run; an array of values is read as JavaScript reads it.
  CHECK_THROWS(jsvm::type_error, (w.js("({get a() { throw 1 }})").as<std::map<std::string, int>>()), "undefined");
  const std::vector<jsvm::value> values = w.js("[1, 'x', {a: 2}]").as<std::vector<jsvm::value>>();
  CHECK_EQ(values.size(), 3U);
  CHECK_EQ(values[2].get("a").as<int>(), 2);
  const auto record = w.js("({a: 1, b: {c: 2}})").as<std::map<std::string, jsvm::value>>();
  CHECK_EQ(record.at("b").get("c").as<int>(), 2);

  const auto add = w.js("(a, b) => a + b").as<std::function<double(double, double)>>();
  const std::function<double(double, double)> copy = add;
  CHECK_EQ(copy(1, 2), 3);
  CHECK_THROWS(jsvm::type_error, w.js("1").as<std::function<void()>>(), "expected a function");
}

void properties() {
  const world w;
  const jsvm::value object = w.context.object("a", 1, "b", "x");
  CHECK_EQ(object.get("a").as<int>(), 1);
  object.set("list", std::vector<int>{1, 2});
  object.set(0, "zero");
  const jsvm::symbol key = w.isolate.symbol("key");
  object.set(key, true);
  CHECK_EQ(object.get(key).as<bool>(), true);
  CHECK_EQ(key.description().value_or(""), "key");
  CHECK(!w.isolate.symbol().description());
  CHECK(w.isolate.symbol_for("k").strict_equals(w.js("Symbol.for('k')")));
  CHECK_EQ(key.to_string(), "Symbol(key)");
  const auto [a, zero, nothing] = object.get_many("a", 0, "nothing");
  CHECK_EQ(a.as<int>(), 1);
  CHECK_EQ(zero.as<std::string>(), "zero");
  CHECK(nothing.is_undefined());
  object.set_many("c", 3, "d", nullptr);
  CHECK((object.keys() == std::vector<std::string>{"0", "a", "b", "list", "c", "d"}));
  CHECK_EQ(object.own_keys().size(), 7U);
  CHECK_EQ(object.own_keys(JSVM_KEYS_SYMBOLS).size(), 1U);
  CHECK(object.has("toString") && !object.has_own("toString"));
  CHECK(object.remove("a") && !object.has("a"));
  object.define("fixed", 1, JSVM_PROPERTY_READ_ONLY | JSVM_PROPERTY_DONT_DELETE);
  object.set("fixed", 2);
  CHECK_EQ(object.get("fixed").as<int>(), 1);
  CHECK(!object.remove("fixed"));
  CHECK_THROWS(jsvm::error, object.define("fixed", 2), "WRONG_STATE");
  int stored = 5;
  object.define_accessor("stored", [&stored] { return stored; }, [&stored](int next) { stored = next; });
  object.set("stored", 6);
  CHECK_EQ(stored, 6);
  CHECK_EQ(object.get("stored").as<int>(), 6);
  CHECK(w.js("Array.prototype").strict_equals(w.context.array().prototype()));
  CHECK_EQ(w.context.map().constructor_name(), "Map");
  CHECK(w.js("[]").instance_of(w.js("Array")));
  CHECK(!jsvm::value(1).instance_of(w.js("Number")));
  CHECK_EQ(w.js("({valueOf() { return 7 }})").to_number(), 7);
  CHECK_EQ(w.js("({toString() { return 'me' }})").to_string(), "me");
  CHECK_THROWS(jsvm::type_error, jsvm::value(1).get("x"), "expected an object, got a number");
  CHECK_THROWS(jsvm::type_error, jsvm::value().set("x", 1), "got undefined");
  CHECK_THROWS(jsvm::exception, w.js("({get a() { throw new Error('no') }})").get("a"), "Error: no");
}

void calls() {
  const world w;
  const jsvm::value object = w.js("({n: 2, times(x) { return this.n * x }})");
  CHECK_EQ(object.call_method("times", 21).as<int>(), 42);
  CHECK_EQ(object.call_method("times", jsvm::run_options().timeout(10s), 2).as<int>(), 4);
  CHECK_EQ(object.get("times").call(w.context.object("n", 3), 5).as<int>(), 15);
  CHECK_EQ(w.js("(function () { 'use strict'; return typeof this })")().to_string(), "undefined");
  CHECK_EQ(w.js("class C { constructor(x) { this.x = x } }; C").construct(5).get("x").as<int>(), 5);
  CHECK_EQ(w.js("Date").construct(jsvm::run_options(), 5).as<jsvm::date>().milliseconds(), 5);
  CHECK_THROWS(jsvm::type_error, w.js("1")(), "expected a function, got a number");
  CHECK_THROWS(jsvm::type_error, object.call_method("none"), "expected a function, got undefined");
  CHECK_THROWS(jsvm::exception, w.js("(() => {})").construct(), "TypeError");
  CHECK_THROWS(jsvm::stopped, w.js("() => { for (;;) {} }")(jsvm::run_options().timeout(20ms)), "TIMEOUT");
}

void equality() {
  const world w;
  CHECK(jsvm::value(1).strict_equals(1.0));
  CHECK(!jsvm::value(std::numeric_limits<double>::quiet_NaN()).strict_equals(w.js("NaN")));
  CHECK(jsvm::value(0.0).strict_equals(w.js("-0")));
  CHECK(jsvm::value("a").strict_equals(w.js("'a'")) && !jsvm::value("a").strict_equals("b"));
  CHECK(jsvm::value().strict_equals({}) && !jsvm::value().strict_equals(nullptr));
  CHECK(w.js("globalThis").strict_equals(w.context.global()));
  CHECK(!w.js("({})").strict_equals(w.js("({})")));
  CHECK(w.js("'\\ud800'").strict_equals(w.js("'\\ud800'")) && !w.js("'\\ud800'").strict_equals("\xef\xbf\xbd"));
}

void contexts() {
  const world w;
  // Objects remember where to make what they are given.
  const jsvm::context other = w.isolate.new_context(jsvm::context_options().name("other").origin("o:"));
  CHECK_EQ(other.name(), "other");
  CHECK_EQ(other.origin().value_or(""), "o:");
  CHECK(!w.context.origin());
  other.global().set("list", std::vector<int>{1});
  CHECK(other.evaluate("list instanceof Array").as<bool>());
  CHECK(other.isolate().get() == w.isolate.get());
  const jsvm::value array = w.js("[]");
  CHECK(!w.js("(a) => a instanceof Array")(other.evaluate("[]")).as<bool>());
  CHECK(w.js("(a) => a[0] instanceof Array")(std::vector<std::vector<int>>{{}}).as<bool>());
  const jsvm::value moved = w.js("[]").in(other);
  moved.set(0, std::vector<int>());
  CHECK(other.evaluate("(a) => a[0] instanceof Array")(moved).as<bool>());

  // A handle of C has no home until it is told.
  const jsvm::value adopted(jsvm_value_clone(array.get()));
  adopted.set(0, 1);
  CHECK_THROWS(jsvm::error, adopted.set(0, std::vector<int>()), "no context is known");
}

}  // namespace

int main() {
  RUN(primitives);
  RUN(integers);
  RUN(bigints);
  RUN(number_texts);
  RUN(to_javascript);
  RUN(from_javascript);
  RUN(properties);
  RUN(calls);
  RUN(equality);
  RUN(contexts);
  return FINISH();
}
