/*
 * C++ callables that JavaScript calls: results, exceptions both ways, and one that works on a thread of its own while
 * JavaScript goes on, and gives its result through a promise.
 */
#include <jsvm.hpp>

#include <chrono>
#include <cmath>
#include <iostream>
#include <map>
#include <thread>

using namespace std::chrono_literals;

static void evaluate(const jsvm::context& context, const std::string& source) {
  std::cout << source << "\n  ";
  try {
    jsvm::value value = context.evaluate(source);
    if (value.is_promise()) {
      // Runs what JavaScript has to do until the promise settles, and sleeps in between.
      value = value.as<jsvm::promise>().await(jsvm::run_options().timeout(10s));
    }
    std::cout << value.to_string() << "\n";
  } catch (const std::out_of_range& error) {
    std::cout << "std::out_of_range: " << error.what() << "\n";
  } catch (const std::exception& error) {
    std::cout << error.what() << "\n";
  }
}

/* Works on a thread; JavaScript gets a promise at once. */
static jsvm::promise shout(jsvm::call_info& call, std::string text) {
  auto [promise, resolver] = call.context().promise();
  std::thread([resolver = std::move(resolver), text = std::move(text)]() mutable {
    std::this_thread::sleep_for(20ms);
    // What this returns settles the promise, as does what it throws.
    resolver.settle([&] {
      if (text.empty()) {
        throw std::invalid_argument("nothing to shout");
      }
      for (char& letter : text) {
        letter = letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter;
      }
      return text;
    });
  }).detach();
  return std::move(promise);
}

int main() {
  const jsvm::isolate isolate;
  const jsvm::context context = isolate.main_context();
  const jsvm::value global = context.global();

  // Parameters and results convert; what does not fit is a TypeError in JavaScript.
  global.set("hypot", [](double x, double y) { return std::hypot(x, y); });
  global.set("shout", shout);
  // State of the host's; JavaScript owns the callable.
  global.set("price", [prices = std::map<std::string, double>{{"tea", 2.5}, {"coffee", 3}}](const std::string& name) {
    const auto found = prices.find(name);
    if (found == prices.end()) {
      throw std::out_of_range("no price for " + name);
    }
    return found->second;
  });
  // A call_info has everything else: `this`, any number of arguments.
  global.set("count", [](jsvm::call_info& call) { return call.size(); });
  // Functions of JavaScript's are parameters too.
  global.set("twice", [](const std::function<double(double)>& f, double x) { return f(f(x)); });

  evaluate(context, "hypot(3, 4)");
  evaluate(context, "count(1, 2, 3)");
  evaluate(context, "twice((x) => x * 10, 5)");
  evaluate(context, "hypot('3', 4)");
  evaluate(context, "try { hypot() } catch (error) { `caught ${error}` }");

  // A C++ exception is an Error in JavaScript, and comes out as itself if JavaScript lets it go by.
  evaluate(context, "price('tea') + price('coffee')");
  evaluate(context, "try { price('milk') } catch (error) { error instanceof Error }");
  evaluate(context, "price('milk') > 0");

  evaluate(context, "shout('hello')");
  evaluate(context, "Promise.all(['one', 'two', 'three'].map(shout)).then((all) => all.join())");
  evaluate(context, "shout('')");
  evaluate(context, "shout('').catch((reason) => `caught: ${reason}`)");
  evaluate(context, "shout(42)");
}
