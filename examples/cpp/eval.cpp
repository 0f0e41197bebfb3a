/*
 * Evaluates JavaScript; prints what comes out, or what went wrong and where.
 */
#include <jsvm.hpp>

#include <iostream>
#include <map>

static void evaluate(const jsvm::context& context, const std::string& source) {
  std::cout << "> " << source << "\n";
  try {
    const jsvm::value value = context.evaluate(source, jsvm::script_options().filename("example.js"));
    if (value.is_object()) {
      // JSON for the eye; a function has none.
      std::cout << context.json_stringify(value).value_or("a function") << "\n";
    } else {
      std::cout << value.to_string() << "\n";
    }
  } catch (const jsvm::exception& error) {
    // The arrow is the source line with carets under the place.
    std::cout << error.arrow().value_or("") << error.stack().value_or(error.what()) << "\n";
  }
}

int main() {
  // The isolate is the heap, with the garbage collector; the context is a global object in it.
  const jsvm::isolate isolate;
  const jsvm::context context = isolate.main_context();

  evaluate(context, "6 * 7");
  evaluate(context, "var greeting = 'Hello'");
  evaluate(context, "`${greeting}, world: ${[1, 2, 3].map((x) => x * x)}`");
  evaluate(context, "2n ** 64n");
  evaluate(context, "[greeting]");
  evaluate(context, "function area(shape) { return shape.width * shape.height; }");
  evaluate(context, "area({width: 2, height: 3})");
  evaluate(context, "area(null)");
  evaluate(context, "let x = ;");

  // Values convert, both ways; a whole container crosses in one call.
  const jsvm::value area = context.global().get("area");
  std::cout << "area is " << area(context.object("width", 4, "height", 5)).as<int>() << "\n";
  const auto counts = context.evaluate("({apples: 3, pears: 4})").as<std::map<std::string, int>>();
  for (const auto& [name, count] : counts) {
    std::cout << name << ": " << count << "\n";
  }
  context.global().set("list", std::vector<std::string>{"b", "c", "a"});
  std::cout << context.evaluate("list.sort().join()").to_string() << "\n";
  try {
    static_cast<void>(context.evaluate("'7'").as<int>());
  } catch (const jsvm::type_error& error) {
    // Nothing is coerced.
    std::cout << error.what() << "\n";
  }
}
