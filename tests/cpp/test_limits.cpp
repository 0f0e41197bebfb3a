/* Limits, ways to be stopped, threads, sessions. */
#include "check.hpp"

#include <thread>

namespace {

jsvm::status status_of(const std::function<void()>& call) {
  try {
    call();
    return jsvm::status::ok;
  } catch (const jsvm::error& error) {
    return error.status();
  }
}

void times() {
  const world w;
  const char* const endless = "function spin() { for (;;) {} } spin()";
  CHECK(status_of([&] { w.js(endless, jsvm::run_options().timeout(20ms)); }) == jsvm::status::timeout);
  CHECK(status_of([&] { w.js(endless, jsvm::run_options().cpu_time(20ms)); }) == jsvm::status::cpu_time);
  // What is left of a time may be nothing: that is no reason to run for ever.
  CHECK(status_of([&] { w.js(endless, jsvm::run_options().timeout(0ms)); }) == jsvm::status::timeout);
  CHECK(status_of([&] { w.js(endless, jsvm::run_options().timeout(-1h)); }) == jsvm::status::timeout);
  CHECK(status_of([&] { w.js(endless, jsvm::run_options().timeout(1ns)); }) == jsvm::status::timeout);
  CHECK_EQ(jsvm::run_options().timeout(1500us).get()->timeout_ms, 2U);
  CHECK_EQ(jsvm::run_options().timeout(2s).get()->timeout_ms, 2000U);
  CHECK_EQ(jsvm::run_options().timeout(std::chrono::hours::max()).get()->timeout_ms, std::uint64_t{1} << 53);
  CHECK_EQ(jsvm::run_options().timeout(std::chrono::duration<double>(0.5)).get()->timeout_ms, 500U);
  CHECK_EQ(w.js("1", jsvm::run_options().timeout(std::chrono::hours::max())).as<int>(), 1);
  try {
    w.js(endless, jsvm::run_options().timeout(20ms));
  } catch (const jsvm::stopped& stop) {
    CHECK_EQ(stop.what(), "TIMEOUT: Script execution timed out after 20ms"s);
    CHECK_EQ(stop.code().value_or(""), "ERR_SCRIPT_EXECUTION_TIMEOUT");
    CHECK_EQ(stop.frames().at(0).function, "spin");
  }
  // Getters and valueOf are the guest's too.
  const jsvm::value trap = w.js("({get a() { for (;;) {} }, toString() { for (;;) {} }})");
  const jsvm::run_options brief = jsvm::run_options().timeout(20ms);
  CHECK(status_of([&] { static_cast<void>(trap.get("a", brief)); }) == jsvm::status::timeout);
  CHECK(status_of([&] { static_cast<void>(trap.get_many(brief, "a")); }) == jsvm::status::timeout);
  CHECK(status_of([&] { static_cast<void>(trap.to_string(brief)); }) == jsvm::status::timeout);
  CHECK(status_of([&] { static_cast<void>(w.context.json_stringify(trap, 0, brief)); }) == jsvm::status::timeout);
}

void memory() {
  const world w(jsvm::isolate_options().heap_limit(32 << 20).buffer_limit(16 << 20).stack_size(256 << 10));
  CHECK(status_of([&] { w.js("(() => { const all = []; for (;;) all.push({}) })()"); }) == jsvm::status::out_of_memory);
  CHECK_THROWS(jsvm::exception, w.js("new ArrayBuffer(64 << 20)"), "RangeError");
  CHECK_THROWS(jsvm::exception, w.js("(function deep() { deep() })()"), "RangeError");
  CHECK(w.isolate.heap_statistics().heap_size_limit > 0);
}

void measured() {
  const world w;
  const jsvm::context other = w.isolate.new_context(jsvm::context_options().name("other"));
  other.evaluate("globalThis.held = new Array(1e5).fill(0.5); 0");
  const jsvm::measure_memory_options how = jsvm::measure_memory_options().detailed().eager();
  const jsvm::memory_measurement found = w.isolate.measure_memory(how, jsvm::run_options().timeout(60s));
  std::size_t sum = 0;
  for (const auto& each : found.contexts) {
    sum += each.estimate;
    CHECK(each.range_low <= each.estimate && each.estimate <= each.range_high);
    CHECK(each.name != "other" || each.estimate > 800000);
  }
  CHECK(found.contexts.size() >= 2);
  CHECK_EQ(found.total.estimate, sum);
  CHECK(w.isolate.measure_memory(jsvm::measure_memory_options().eager()).contexts.empty());
  const jsvm::value promised = other.measure_memory(how).await();
  CHECK(promised.get("current").get("jsMemoryEstimate").as<double>() > 800000);
  // V8's next collection is far.
  const jsvm::run_options brief = jsvm::run_options().timeout(20ms);
  CHECK(status_of([&] { static_cast<void>(w.isolate.measure_memory({}, brief)); }) == jsvm::status::timeout);
  CHECK(status_of([&] { other.measure_memory().await(brief); }) == jsvm::status::timeout);
}

void cancel() {
  const world w;
  const jsvm::cancel_token token;
  const jsvm::run_options limits = jsvm::run_options().cancel(token);
  std::thread thread([token = token.clone()] {
    std::this_thread::sleep_for(20ms);
    token.trigger();
  });
  CHECK(status_of([&] { w.js("for (;;) {}", limits); }) == jsvm::status::cancelled);
  thread.join();
  const jsvm::run_options copy = limits;
  CHECK(status_of([&] { w.js("1", copy); }) == jsvm::status::cancelled);
  // Options own the token too.
  jsvm::run_options longer;
  {
    const jsvm::cancel_token brief;
    longer.cancel(brief);
    brief.trigger();
  }
  CHECK(status_of([&] { w.js("1", longer); }) == jsvm::status::cancelled);
}

void terminate_and_interrupt() {
  const world w;
  std::atomic<int> interrupts{0};
  w.isolate.request_interrupt([&] {
    interrupts++;
    w.isolate.terminate();
  });
  CHECK(status_of([&] { w.js("for (;;) {}"); }) == jsvm::status::terminated);
  CHECK_EQ(interrupts, 1);
  CHECK_EQ(w.js("1").as<int>(), 1);
}

void many_threads() {
  const world w;
  w.js("let n = 0");
  const jsvm::value add = w.js("(x) => { n += x }");
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; i++) {
    threads.emplace_back([&] {
      for (int k = 0; k < 200; k++) {
        add(1);
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  CHECK_EQ(w.js("n").as<int>(), 800);
}

void exceptions_of_many_threads() {
  const world w;
  w.set("fail", [](int number) { throw std::out_of_range(std::to_string(number)); });
  const jsvm::value fail = w.js("(n) => fail(n)");
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; i++) {
    threads.emplace_back([&fail, i] {
      for (int k = 0; k < 100; k++) {
        try {
          fail(i * 1000 + k);
          CHECK(false);
        } catch (const std::out_of_range& error) {
          CHECK_EQ(error.what(), std::to_string(i * 1000 + k));
        }
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
}

void sessions() {
  const world w;
  std::thread thread;
  std::atomic<bool> in{false};
  {
    const jsvm::session held = w.isolate.enter();
    thread = std::thread([&] {
      CHECK(status_of([&] { w.js("1", jsvm::run_options().timeout(20ms)); }) == jsvm::status::timeout);
      CHECK(status_of([&] { const auto none = w.isolate.enter(jsvm::run_options().timeout(20ms)); }) ==
            jsvm::status::timeout);
      w.js("1");
      in = true;
    });
    for (int i = 0; i < 100; i++) {
      w.js("1");
    }
    std::this_thread::sleep_for(100ms);
    CHECK(!in);
  }
  thread.join();
  CHECK(in);
}

}  // namespace

int main() {
  RUN(times);
  RUN(memory);
  RUN(measured);
  RUN(cancel);
  RUN(terminate_and_interrupt);
  RUN(many_threads);
  RUN(exceptions_of_many_threads);
  RUN(sessions);
  return FINISH();
}
