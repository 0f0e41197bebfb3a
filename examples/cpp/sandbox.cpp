/*
 * Runs code that nobody has looked at, with limits. Each guest ends in a status of its own, and the program goes on.
 *
 * What this does not protect from: a fault of V8 itself, and the few operations to which V8 answers by ending the
 * process. docs/SECURITY.md lists them. For hostile code, put the process in a sandbox of the operating system too.
 */
#include <jsvm.hpp>

#include <chrono>
#include <iostream>
#include <thread>

using namespace std::chrono_literals;

static void run(const char* title, const char* source, const jsvm::run_options& limits) {
  // An isolate for each guest: guests in one isolate share its memory limit. It takes about a millisecond.
  const jsvm::isolate isolate(jsvm::isolate_options().heap_limit(64 << 20).buffer_limit(64 << 20));
  const jsvm::context context = isolate.new_context(jsvm::context_options().code_generation(false, false));
  std::cout << title << ": ";
  try {
    std::cout << context.evaluate(source, limits).to_string();
  } catch (const jsvm::stopped& stop) {
    // A stopped guest leaves its stack: where it was at that moment.
    const std::vector<jsvm::frame> frames = stop.frames();
    std::cout << stop.what() << (frames.empty() ? "" : " (in " + frames[0].function + ")");
  } catch (const jsvm::exception& error) {
    // An ordinary JavaScript error, which the guest may catch.
    std::cout << error.what();
  }
  // The isolate that the guest used up works on.
  std::cout << "; then 6 * 7 is " << context.evaluate("6 * 7").as<int>() << "\n";
}

int main() {
  const jsvm::run_options brief = jsvm::run_options().timeout(100ms);
  const jsvm::run_options patient = jsvm::run_options().timeout(60s);

  run("well behaved", "[3, 1, 2].sort().join()", patient);
  run("endless loop", "function spin() { for (;;) {} } spin()", brief);
  // Microtasks run within the call and its limits: a promise does not outlive them.
  run("endless promises", "(async () => { for (;;) await null; })()", brief);
  // The clock of the thread: other work on a busy machine does not count.
  run("much CPU time", "function spin() { for (;;) {} } spin()", jsvm::run_options().cpu_time(100ms));
  run("growing array", "function grow() { const all = []; for (;;) all.push({}); } grow()", patient);
  run("growing string", "let text = 'x'; for (;;) text += text", patient);
  run("typed arrays", "const all = []; for (;;) all.push(new Uint8Array(1e6))", patient);
  run("deep recursion", "function deep() { deep(); } deep()", patient);
  run("code from a string", "eval('1 + 1')", patient);

  // Any thread may trigger a token. It stays triggered: later calls with it end at once.
  const jsvm::cancel_token token;
  std::thread user([token = token.clone()] {
    std::this_thread::sleep_for(50ms);
    token.trigger();
  });
  run("user went away", "function spin() { for (;;) {} } spin()", jsvm::run_options().cancel(token));
  user.join();
}
