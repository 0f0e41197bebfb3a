/* Promises, resolvers, tasks, and what an event loop needs. */
#include "check.hpp"

#include <future>
#include <thread>

namespace {

void states() {
  const world w;
  auto [promise, resolver] = w.context.promise();
  CHECK(promise.state() == jsvm::promise_state::pending);
  CHECK(promise.result().is_undefined());
  w.set("p", promise);
  w.js("let seen; p.then((value) => { seen = value })");
  resolver.resolve("done");
  CHECK_THROWS(jsvm::error, resolver.resolve(2), "WRONG_STATE");
  CHECK_EQ(promise.await().to_string(), "done");
  CHECK(promise.state() == jsvm::promise_state::fulfilled);
  CHECK_EQ(promise.result().to_string(), "done");
  CHECK_EQ(w.js("seen").to_string(), "done");
  CHECK_THROWS(jsvm::error, w.js("new Promise(() => {})").as<jsvm::promise>().await(), "WRONG_STATE");
  CHECK_THROWS(jsvm::exception, w.js("Promise.reject(new TypeError('no'))").as<jsvm::promise>().await(), "TypeError: no");
  auto [forgotten, gone] = w.context.promise();
  gone.reset();
  CHECK_THROWS(jsvm::exception, forgotten.await(), "Error");
  auto [waits, nobody] = w.context.promise();
  CHECK_THROWS(jsvm::stopped, waits.await(jsvm::run_options().timeout(20ms)), "TIMEOUT");
}

void values_of_all_kinds() {
  const world w;
  const auto settled_with = [&w](auto given) {
    auto [promise, resolver] = w.context.promise();
    resolver.clone().resolve(std::move(given));
    return promise.await();
  };
  CHECK_EQ(settled_with(5).template as<int>(), 5);
  CHECK((settled_with(std::vector<int>{1, 2}).template as<std::vector<int>>() == std::vector<int>{1, 2}));
  CHECK_EQ(settled_with(w.js("Promise.resolve(7)")).template as<int>(), 7);
  auto [promise, resolver] = w.context.promise();
  resolver.resolve();
  CHECK(promise.await().is_undefined());
  auto [rejected, end] = w.context.promise();
  end.reject("reason");
  CHECK_THROWS(jsvm::exception, rejected.await(), "reason");
}

void then() {
  const world w;
  const auto promise = w.js("Promise.resolve(20)").as<jsvm::promise>();
  CHECK_EQ(promise.then([](int x) { return x + 1; }).await().as<int>(), 21);
  const auto rejected = w.js("Promise.reject('why')").as<jsvm::promise>();
  CHECK_EQ(rejected.then(nullptr, [](const std::string& why) { return "caught " + why; }).await().to_string(),
           "caught why");
  CHECK_THROWS(std::out_of_range, promise.then([]() -> int { throw std::out_of_range("then"); }).await(), "then");
}

/* A host function that works on a thread, and std::future at both ends. */
void asynchronous_host() {
  const world w;
  std::vector<std::thread> threads;
  w.set("slowly", [&threads](jsvm::call_info& call, int x) {
    auto [promise, resolver] = call.context().promise();
    threads.emplace_back([resolver = std::move(resolver), x] {
      resolver.settle([x] {
        std::this_thread::sleep_for(5ms);
        if (x < 0) {
          throw std::domain_error("negative");
        }
        return std::vector<int>{x, x * x};
      });
    });
    return std::move(promise);
  });
  const jsvm::value all = w.js("Promise.all([1, 2, 3].map(slowly)).then((all) => all.join())");
  CHECK_EQ(all.as<jsvm::promise>().await(jsvm::run_options().timeout(20s)).to_string(), "1,1,2,4,3,9");
  CHECK_THROWS(std::domain_error, w.js("slowly(-1)").as<jsvm::promise>().await(), "negative");

  std::promise<int> result;
  std::future<int> future = result.get_future();
  static_cast<void>(w.js("slowly(4)").as<jsvm::promise>().then(
      [&result](const std::vector<int>& pair) { result.set_value(pair.at(1)); }));
  while (future.wait_for(0s) != std::future_status::ready && w.isolate.run_tasks(1s)) {
  }
  CHECK_EQ(future.get(), 16);
  for (std::thread& thread : threads) {
    thread.join();
  }
}

/* A thread of the host's has nobody to throw to. */
void too_late() {
  jsvm::resolver kept;
  {
    const world w;
    auto [promise, resolver] = w.context.promise();
    CHECK(resolver.settle([] {}));
    CHECK(!resolver.settle([] { return 1; }));
    CHECK(promise.await().is_undefined());
    kept = w.context.promise().second;
  }
  CHECK(!kept.settle([] { return 1; }));
  CHECK(!kept.settle([] { throw std::runtime_error("too late"); }));
  CHECK_THROWS(jsvm::error, kept.resolve(1), "DISPOSED");
}

void event_loop() {
  const world w;
  std::atomic<int> wakeups{0};
  w.isolate.on_wakeup([&wakeups] { wakeups++; });
  auto [promise, resolver] = w.context.promise();
  CHECK(w.isolate.run_tasks());
  resolver.resolve(1);
  CHECK(wakeups > 0);
  CHECK(!w.isolate.run_tasks(0ms, jsvm::run_options().timeout(10s)));
  CHECK(promise.state() == jsvm::promise_state::fulfilled);
  w.isolate.on_wakeup(nullptr);

  std::string reason;
  w.isolate.on_unhandled_rejection([&reason](const jsvm::value& rejected, const jsvm::value& why) {
    CHECK(rejected.is_promise());
    reason = why.to_string();
  });
  w.js("Promise.reject('nobody listens'); Promise.reject(1).catch(() => {})");
  CHECK_EQ(reason, "nobody listens");
  w.isolate.on_unhandled_rejection(nullptr);
}

void microtasks() {
  const world w(jsvm::isolate_options().host_drains_microtasks());
  w.js("let ran = 0; Promise.resolve().then(() => { ran++ })");
  CHECK_EQ(w.js("ran").as<int>(), 0);
  w.isolate.perform_microtask_checkpoint();
  CHECK_EQ(w.js("ran").as<int>(), 1);
  const jsvm::context own =
      w.isolate.new_context(jsvm::context_options().microtasks(jsvm::microtask_mode::after_evaluate));
  own.evaluate("let ran = 0; Promise.resolve().then(() => { ran++ })");
  CHECK_EQ(own.evaluate("ran").as<int>(), 1);
}

}  // namespace

int main() {
  RUN(states);
  RUN(values_of_all_kinds);
  RUN(then);
  RUN(asynchronous_host);
  RUN(too_late);
  RUN(event_loop);
  RUN(microtasks);
  return FINISH();
}
