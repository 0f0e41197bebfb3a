/* Whole graphs: JSON, structured clone, flatten and build; and the collections. */
#include "check.hpp"

#include <map>

namespace {

void json() {
  const world w;
  const jsvm::value parsed = w.context.json_parse(R"({"a": [1, {"b": null}]})");
  CHECK_EQ(parsed.get("a").get(0).as<int>(), 1);
  CHECK_EQ(w.context.json_stringify(parsed).value_or(""), R"({"a":[1,{"b":null}]})");
  CHECK_EQ(w.context.json_stringify(w.context.array(1), 2).value_or(""), "[\n  1\n]");
  CHECK_EQ(w.context.json_stringify(std::map<std::string, int>{{"x", 1}}).value_or(""), R"({"x":1})");
  CHECK(!w.context.json_stringify(w.js("() => {}")));
  CHECK(!w.context.json_stringify(jsvm::value()));
  CHECK_THROWS(jsvm::exception, w.context.json_stringify(w.js("1n")), "TypeError");
}

void structured_clone() {
  const world w;
  const world other;
  const jsvm::bytes bytes = w.context.serialize(w.js("const o = {d: new Date(5), m: new Map([[1, 'x']])}; o.self = o"));
  const jsvm::value copy = other.context.deserialize(bytes.view());
  CHECK(other.js("(o) => o.self === o && o.d.getTime() === 5 && o.m.get(1) === 'x'")(copy).as<bool>());
  CHECK_THROWS(jsvm::exception, w.context.serialize(w.js("() => {}")), "DataCloneError");
  CHECK_EQ(other.context.deserialize(w.context.serialize(std::vector<int>{1, 2}).view()).as<jsvm::array>().length(), 2U);
}

void flatten_and_build() {
  const world w;
  const jsvm::value source = w.js("const a = [1, 'two', new Set([3n])]; a.push(a); a");
  const jsvm::graph graph = source.flatten();
  CHECK_EQ(graph.size(), 6U);
  CHECK_EQ(graph[0].kind, static_cast<std::uint32_t>(JSVM_GRAPH_KIND_ARRAY));
  std::size_t strings = 0;
  for (const jsvm_slot& slot : graph) {
    strings += slot.kind == JSVM_KIND_STRING;
  }
  CHECK_EQ(strings, 1U);
  CHECK(w.js("(b) => b[3] === b && b[2].has(3n) && b[1] === 'two'")(w.context.build(graph)).as<bool>());
  CHECK_THROWS(jsvm::error, source.flatten(jsvm::flatten_options().max_size(2)), "max_size");
  CHECK_THROWS(jsvm::error, source.flatten(jsvm::flatten_options().max_depth(1)), "max_depth");
  CHECK_THROWS(jsvm::error, source.flatten(jsvm::flatten_options().max_bytes(1)), "max_bytes");
  CHECK_EQ(w.js("({get a() { return 5 }})").flatten(jsvm::flatten_options().call_getters())[2].number, 5);
  CHECK_THROWS(jsvm::type_error, w.js("1").flatten(), "expected an object");
  CHECK_THROWS(jsvm::error, w.context.build(nullptr, 0), "INVALID_ARGUMENT");
}

void pickles() {
  const world w;
  std::vector<jsvm::value> handles;
  const jsvm::bytes pickled = w.js("globalThis.f = () => 1; const a = [1, 'two', f]; a.push(a); a").pickle(handles);
  CHECK_EQ(handles.size(), 1U);
  CHECK(w.js("(a) => a[3] === a && a[2] === f && a[1] === 'two'")(w.context.unpickle(pickled.view(), handles)).as<bool>());
  CHECK_THROWS(jsvm::error, w.context.unpickle(pickled.view()), "there is no handle 0");
  CHECK_THROWS(jsvm::error, w.js("[1, 2]").pickle(handles, jsvm::flatten_options().max_size(2)), "max_size");
  CHECK_EQ(w.context.unpickle("\x80\x04K\x05.").as<int>(), 5);
}

void arrays() {
  const world w;
  const jsvm::array array = w.context.array(1, "two", nullptr, std::vector<int>{4});
  CHECK_EQ(array.length(), 4U);
  std::string all;
  for (const jsvm::value& element : array.elements()) {
    all += element.to_string() + ";";
  }
  CHECK_EQ(all, "1;two;null;4;");
  CHECK_EQ(w.context.array().length(), 0U);
  CHECK(w.context.array().elements().empty());
  // An array can be long without taking memory.
  CHECK_THROWS(jsvm::range_error, w.js("new Array(2 ** 32 - 1)").elements(), "4294967295 elements");
  CHECK_THROWS(jsvm::error, w.js("new Array(2 ** 32 - 1)").as<std::vector<int>>(), "max_size");
  // Nor does naming it ten thousand times, but each time it would be read.
  CHECK_THROWS(jsvm::range_error,
               w.js("Array(1e4).fill(Array(1e4).fill('x'))").as<std::vector<std::vector<std::string>>>(), "so often");
  CHECK_THROWS(jsvm::exception, w.js("[1].concat(Object.defineProperty([], 0, {get() { throw 1 }, enumerable: true}))")
                                    .elements(),
               "1");
}

void maps_and_sets() {
  const world w;
  // Whatever the guest does to the prototypes.
  w.js("Map.prototype.get = Map.prototype.set = Set.prototype.add = () => { throw 'mine' }");
  const jsvm::map map = w.context.map();
  const jsvm::value key = w.context.object();
  map.insert("a", 1);
  map.insert(key, std::vector<int>{2});
  CHECK_EQ(map.size(), 2U);
  CHECK_EQ(map.at("a").as<int>(), 1);
  CHECK(map.at("b").is_undefined());
  CHECK(map.contains(key) && !map.contains(2));
  const std::vector<std::pair<jsvm::value, jsvm::value>> entries = map.entries();
  CHECK_EQ(entries.size(), 2U);
  CHECK(entries[1].first.strict_equals(key));
  CHECK_EQ(entries[1].second.get(0).as<int>(), 2);
  CHECK(map.erase("a") && !map.erase("a"));

  const jsvm::set set = w.context.set();
  set.insert("x");
  set.insert("x");
  set.insert(2);
  CHECK_EQ(set.size(), 2U);
  CHECK(set.contains("x") && !set.contains("y"));
  CHECK_EQ(set.values().at(1).as<int>(), 2);
  CHECK(set.erase("x") && !set.erase("x"));
}

void dates_and_regexps() {
  const world w;
  const jsvm::date date = w.context.date(86400000);
  CHECK_EQ(date.milliseconds(), 86400000);
  CHECK(date.as<std::chrono::system_clock::time_point>().time_since_epoch() == 24h);
  const jsvm::regexp regexp = w.context.regexp("a+", "ig");
  CHECK_EQ(regexp.source(), "a+");
  CHECK_EQ(regexp.letters(), "gi");
  CHECK_EQ(w.js("(r) => 'xAAx'.match(r)[0]")(regexp).to_string(), "AA");
  const jsvm::value error = w.context.exception(jsvm::exception_class::range_error, "too far", "ERR_FAR");
  CHECK_EQ(w.js("(e) => `${e instanceof RangeError} ${e.message} ${e.code}`")(error).to_string(), "true too far ERR_FAR");
  CHECK(!w.context.exception(jsvm::exception_class::error, "plain").has_own("code"));
}

}  // namespace

int main() {
  RUN(json);
  RUN(structured_clone);
  RUN(flatten_and_build);
  RUN(pickles);
  RUN(arrays);
  RUN(maps_and_sets);
  RUN(dates_and_regexps);
  return FINISH();
}
