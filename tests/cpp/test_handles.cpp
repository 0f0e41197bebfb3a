/* Owners: moves, clones, adoption, what outlives what, bad input. */
#include "check.hpp"

#include <type_traits>

namespace {

template <class T>
constexpr bool move_only = std::is_nothrow_move_constructible_v<T> && std::is_nothrow_move_assignable_v<T> &&
                           std::is_nothrow_destructible_v<T> && !std::is_copy_constructible_v<T> &&
                           !std::is_copy_assignable_v<T>;
static_assert(move_only<jsvm::isolate>);
static_assert(move_only<jsvm::context>);
static_assert(move_only<jsvm::script>);
static_assert(move_only<jsvm::value>);
static_assert(move_only<jsvm::function>);
static_assert(move_only<jsvm::promise>);
static_assert(move_only<jsvm::resolver>);
static_assert(move_only<jsvm::borrow>);
static_assert(move_only<jsvm::cancel_token>);
static_assert(move_only<jsvm::bytes>);
static_assert(move_only<jsvm::graph>);
static_assert(std::is_nothrow_copy_constructible_v<jsvm::error>);
static_assert(!std::is_constructible_v<jsvm::value, int*>, "a pointer is no boolean");
static_assert(!std::is_constructible_v<jsvm::value, char>, "a character is no number");

void moves() {
  jsvm::isolate isolate;
  jsvm::isolate other = std::move(isolate);
  CHECK(isolate.get() == nullptr);
  isolate = std::move(other);
  jsvm::context context = isolate.main_context();
  jsvm::context second = std::move(context);
  CHECK(!context && second);
  jsvm::value value = second.evaluate("({a: 1})");
  jsvm::value moved = std::move(value);
  CHECK(value.is_undefined() && value.get() == nullptr);
  moved = std::move(*&moved);
  CHECK_EQ(moved.get("a").as<int>(), 1);
  moved = second.evaluate("'text'");
  CHECK_EQ(moved.to_string(), "text");
  std::vector<jsvm::value> many;
  for (int i = 0; i < 100; i++) {
    many.push_back(second.evaluate("({})"));
  }
  many.erase(many.begin(), many.begin() + 50);
  CHECK_EQ(many.size(), 50U);
  const std::size_t live = jsvm::live_handles(jsvm::handle_kind::value);
  many.clear();
  CHECK_EQ(jsvm::live_handles(jsvm::handle_kind::value), live - 50);
}

void clones() {
  const world w;
  for (const char* source : {"undefined", "null", "true", "1.5", "'text'", "'\\ud800'", "-5n", "Symbol.iterator", "({})",
                             "() => {}"}) {
    jsvm::value value = w.js(source);
    const jsvm::value copy = value.clone();
    CHECK(copy.strict_equals(value));
    CHECK_EQ(copy.flags(), value.flags());
    value = nullptr;
    CHECK(copy.strict_equals(w.js(source)) || copy.is_object());
  }
  const jsvm::array array = w.context.array(1, "x", nullptr);
  CHECK_EQ(array.clone().length(), 3U);
  const jsvm::context context = w.context.clone();
  CHECK_EQ(context.evaluate("1").as<int>(), 1);
  const jsvm::script script = w.isolate.compile("1").clone();
  CHECK_EQ(script.run_in_this_context().as<int>(), 1);
}

/* Handles of C become owners, and the other way round. */
void adoption() {
  const world w;
  jsvm_value* raw = nullptr;
  CHECK(jsvm_context_global(w.context.get(), &raw, nullptr) == JSVM_STATUS_OK);
  const jsvm::value adopted(raw, w.context.get());
  CHECK(adopted.strict_equals(w.context.global()));
  jsvm_slot slot = {};
  slot.kind = JSVM_KIND_STRING;
  slot.data = "text";
  slot.len = 4;
  CHECK(jsvm_value_new(w.isolate.get(), &slot, &raw, nullptr) == JSVM_STATUS_OK);
  CHECK_EQ(jsvm::value(raw).to_string(), "text");
  CHECK(jsvm::value(static_cast<jsvm_value*>(nullptr)).is_undefined());
  jsvm_slot given_up = w.js("'long enough'").release();
  CHECK(given_up.kind == JSVM_KIND_STRING);
  jsvm_slot_clear(&given_up);
  jsvm_context_free(w.context.clone().release());
}

void after_the_isolate() {
  jsvm::value object;
  jsvm::value text;
  jsvm::context context;
  jsvm::error error(jsvm::status::ok, "");
  {
    jsvm::isolate isolate;
    context = isolate.main_context();
    object = context.evaluate("({})");
    text = context.evaluate("'text'");
    try {
      context.evaluate("throw new Error('kept')");
    } catch (const jsvm::error& thrown) {
      error = thrown;
    }
  }
  CHECK_THROWS(jsvm::error, object.get("a"), "DISPOSED");
  CHECK_THROWS(jsvm::error, context.evaluate("1"), "DISPOSED");
  CHECK(context.isolate().get() == nullptr);
  CHECK_EQ(text.to_string(), "text");
  CHECK_EQ(error.what(), "Error: kept"s);
  CHECK(object.clone().is_object());
}

void bad_input() {
  const world w;
  CHECK_THROWS(jsvm::error, w.js("\xff"), "UTF-8");
  CHECK_THROWS(jsvm::error, jsvm::isolate(jsvm::isolate_options().heap_limit(1)), "INVALID_ARGUMENT");
  CHECK_THROWS(jsvm::error, w.js("1", jsvm::run_options().cancel(jsvm::cancel_token(nullptr))), "not a live cancel_token");
  CHECK_THROWS(jsvm::error, jsvm::resolver().resolve(1), "INVALID_ARGUMENT");
  CHECK_THROWS(jsvm::error, jsvm::script().run_in_context(w.context), "INVALID_ARGUMENT");
  CHECK_THROWS(jsvm::error, w.context.regexp("a", "zz"), "INVALID_ARGUMENT");
  CHECK_THROWS(jsvm::exception, w.context.regexp("("), "SyntaxError");
  CHECK_THROWS(jsvm::exception, w.context.json_parse("{"), "SyntaxError");
  CHECK_THROWS(jsvm::error, w.context.deserialize("not from here"), "INVALID_ARGUMENT");
  CHECK_THROWS(jsvm::error, w.context.install(1U << 31), "INVALID_ARGUMENT");
  CHECK_THROWS(jsvm::error, jsvm::set_v8_flags("--expose-gc"), "WRONG_STATE");
  CHECK_THROWS(jsvm::type_error, w.js("1").as<jsvm::promise>(), "expected a promise, got a number");
  CHECK_THROWS(jsvm::type_error, w.js("({})").as<jsvm::map>(), "expected a Map");
  CHECK_THROWS(jsvm::type_error, w.js("new Map").elements(), "expected an array, got an object");
  CHECK_EQ(w.js("").to_string(), "undefined");
}

void library() {
  CHECK_EQ(jsvm::abi_version(), static_cast<std::uint32_t>(JSVM_ABI_VERSION));
  CHECK(std::string(jsvm::version()).find('.') != std::string::npos);
  CHECK(std::string(jsvm::v8_version()).find('.') != std::string::npos);
  CHECK_EQ(jsvm::status_name(jsvm::status::cpu_time), "CPU_TIME"s);
  CHECK(jsvm::is_stop(jsvm::status::out_of_memory) && !jsvm::is_stop(jsvm::status::exception));
}

void scripts() {
  const world w;
  const std::string source = "var n = (globalThis.n ?? 0) + 1; n //# sourceMappingURL=x.map\n";
  const jsvm::script script = w.isolate.compile(source, jsvm::script_options().filename("n.js").offset(10));
  CHECK_EQ(script.run_in_this_context().as<int>(), 1);
  CHECK_EQ(script.run_in_context(w.context).as<int>(), 2);
  const jsvm::context other = w.isolate.new_context();
  CHECK_EQ(script.run_in_context(other).as<int>(), 1);
  auto [value, fresh] = script.run_in_new_context(jsvm::context_options().code_generation(false, false));
  CHECK_EQ(value.as<int>(), 1);
  CHECK_THROWS(jsvm::exception, fresh.evaluate("eval('1')"), "EvalError");
  CHECK_EQ(script.source_map_url().value_or(""), "x.map");
  CHECK(!w.isolate.compile("1").source_map_url());
  CHECK(!script.source_url());
  CHECK_EQ(w.isolate.compile("1 //# sourceURL=x.js\n").source_url().value_or(""), "x.js");
  const jsvm::bytes cache = script.create_cached_data();
  const jsvm::script cached =
      w.isolate.compile(source, jsvm::script_options().filename("n.js").cached_data(cache.data(), cache.size()));
  CHECK(!cached.cached_data_rejected());
  CHECK(w.isolate.compile("2", jsvm::script_options().cached_data(cache.data(), cache.size())).cached_data_rejected());
  CHECK_THROWS(jsvm::exception, w.isolate.compile("throw 1").run_in_new_context(), "1");
  try {
    static_cast<void>(w.isolate.compile("x y", jsvm::script_options().offset(4, 2).display_errors(false)));
  } catch (const jsvm::exception& error) {
    CHECK_EQ(error.line(), 5U);
    CHECK(!error.arrow());
  }
  w.context.install(JSVM_PART_QUEUE_MICROTASK);
  w.js("queueMicrotask(() => { globalThis.ran = true })");
  CHECK(w.js("ran").as<bool>());
}

void contextified() {
  const world w;
  const jsvm::value object = w.js("({a: 1})");
  const jsvm::context context = w.isolate.new_context(jsvm::context_options().name("own").contextify(object.get()));
  CHECK_EQ(context.evaluate("b = a + 1").as<int>(), 2);
  CHECK_EQ(object.get("b").as<int>(), 2);
  CHECK(context.contextified_object().strict_equals(object));
  CHECK(!context.global().strict_equals(object));
  const std::optional<jsvm::context> found = jsvm::find_context(object.get());
  CHECK(found && found->name() == "own");
  CHECK(!jsvm::find_context(context.global().get()));
  CHECK_THROWS(jsvm::error, jsvm::find_context(nullptr), "object: ");
  /* A new object, and the ordinary global object. */
  const jsvm::context fresh = w.isolate.new_context(jsvm::context_options().contextify());
  fresh.evaluate("c = 3");
  CHECK_EQ(fresh.contextified_object().get("c").as<int>(), 3);
  CHECK(!fresh.contextified_object().has_own("Array"));
  CHECK(w.context.contextified_object().strict_equals(w.context.global()));
}

void vm_module() {
  const world w;
  w.set("vm", w.context.vm_module());
  CHECK(w.js("vm").strict_equals(w.context.vm_module()));
  CHECK(!w.js("vm").strict_equals(w.context.vm_module(jsvm::vm_module_options().generation(10))));
  CHECK_EQ(w.js("vm.runInNewContext('a + 1', {a: 1})").as<int>(), 2);
  CHECK(w.js("vm.runInThisContext('globalThis') === globalThis").as<bool>());
  const jsvm::value made = w.js("vm.createContext({x: 7})");
  CHECK_EQ(jsvm::find_context(made.get()).value().evaluate("x").as<int>(), 7);
  CHECK_THROWS(jsvm::exception, w.js("vm.runInNewContext('for (;;);', {}, {timeout: 20})"), "timed out after 20ms");
  CHECK_THROWS(jsvm::stopped, w.js("vm.runInNewContext('for (;;);')", jsvm::run_options().timeout(20ms)), "");
}

void compiled_functions() {
  const world w;
  const std::string body = "return a + b + (this.c ?? 0) + (typeof d === 'undefined' ? 0 : d)";
  auto plain = w.context.compile_function(body, {"a", "b"}, {}, true);
  CHECK_EQ(plain.function(1, 2).as<int>(), 3);
  CHECK(!plain.cached_data_rejected && plain.cached_data.size() > 0);
  const jsvm::bytes& cache = plain.cached_data;
  const auto cached = w.context.compile_function(
      body, {"a", "b"}, jsvm::compile_function_options().cached_data(cache.data(), cache.size()));
  CHECK(!cached.cached_data_rejected && cached.cached_data.size() == 0);
  CHECK_EQ(cached.function(1, 2).as<int>(), 3);
  CHECK(w.context.compile_function(body, {"a", "c"}, jsvm::compile_function_options().cached_data(cache.data(), cache.size()))
            .cached_data_rejected);
  const jsvm::value first = w.js("({d: 10, e: 1})"), second = w.js("({d: 20})");
  jsvm::compile_function_options options;
  options.context_extension(first.get()).context_extension(second.get()).filename("f.js").offset(4, 2);
  CHECK_EQ(w.context.compile_function("return d + e", {}, options).function().as<int>(), 21);
  try {
    static_cast<void>(w.context.compile_function("x y", {}, options));
    CHECK(false);
  } catch (const jsvm::exception& error) {
    CHECK_EQ(error.filename().value_or(""), "f.js");
    CHECK_EQ(error.line(), 5U);
  }
  CHECK_THROWS(jsvm::exception, static_cast<void>(w.context.compile_function("", {"a=1"})), "a=1");
}

}  // namespace

int main() {
  RUN(library);
  RUN(moves);
  RUN(clones);
  RUN(adoption);
  RUN(after_the_isolate);
  RUN(bad_input);
  RUN(scripts);
  RUN(contextified);
  RUN(vm_module);
  RUN(compiled_functions);
  return FINISH();
}
