/* The runtime's parts from C++: where they write to, what they are told, how a program ends. */
#include "check.hpp"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>

namespace {

void output() {
  auto lines = std::make_shared<std::string>();
  {
    const world w;
    jsvm::install_options options;
    options.write([lines](jsvm::stream to, std::string_view text) {
      *lines += to == jsvm::stream::errors ? "! " : "> ";
      *lines += text;
    });
    w.context.install(JSVM_PART_CONSOLE | JSVM_PART_PROCESS, options);
    w.js("console.log({ a: [1, 'x'] }); console.error('no'); process.stdout.write('raw')");
    CHECK_EQ(*lines, "> { a: [ 1, 'x' ] }\n! no\n> raw");
    CHECK(lines.use_count() > 1);
    // The options can be used again: each install owns what it was given.
    const jsvm::context other = w.isolate.new_context();
    other.install(JSVM_PART_CONSOLE, options);
    other.evaluate("console.log('other')");
    CHECK_EQ(*lines, "> { a: [ 1, 'x' ] }\n! no\n> raw> other\n");
    CHECK_THROWS(jsvm::error, other.install(1U << 31, options), "INVALID_ARGUMENT");
  }
  CHECK(jsvm::flush_finalizers(std::chrono::minutes(1)));
  CHECK_EQ(lines.use_count(), 1);
}

void program() {
  const world w;
  CHECK_THROWS(jsvm::error, w.context.exit_code(), "WRONG_STATE");
  w.context.install(JSVM_PART_PROCESS | JSVM_PART_TIMERS,
                    jsvm::install_options().argv({"host", "main.js", "x"}).exec_argv({"--flag"}).env({"HOME=/nowhere"}));
  CHECK_EQ(w.js("[...process.argv, ...process.execArgv, process.env.HOME, Object.keys(process.env).length].join()").to_string(),
           "host,main.js,x,--flag,/nowhere,1");
  w.js("setTimeout(() => { process.exit(3) }, 1)");
  CHECK(!w.context.is_exiting());
  const auto loop = [&] {
    while (w.isolate.run_tasks(std::chrono::seconds(10))) {
    }
    return 0;
  };
  CHECK_THROWS(jsvm::stopped, loop(), "TERMINATED");
  CHECK(w.context.is_exiting());
  CHECK_EQ(w.context.exit_code(), 3);
  CHECK_THROWS(jsvm::error, w.context.install(JSVM_PART_PROCESS, jsvm::install_options().argv({"\xff"})), "argv");
}

void modules() {
  const world w;
  w.context.provide_module("sums", std::map<std::string, double>{{"two", 2}});
  w.context.provide_module("twice", w.context.function([](double x) { return 2 * x; }));
  w.context.install(JSVM_PART_REQUIRE);
  CHECK_EQ(w.js("require('node:twice')(require('sums').two)").as<int>(), 4);
  CHECK_THROWS(jsvm::error, w.context.provide_module("", 1), "name");
}

void files() {
  char root[] = "/tmp/jsvm-cpp-loader-XXXXXX";
  CHECK(mkdtemp(root) != nullptr);
  const std::string main = std::string(root) + "/main.mjs";
  std::ofstream(main) << "import { n } from 'given'; export const twice = 2 * n;";
  {
    const world w;
    w.context.provide_module("given", std::map<std::string, double>{{"n", 21}});
    const jsvm::file_loader loader(w.context, root, jsvm::file_loader_options().import_map(R"({"imports": {"m": "./main.mjs"}})"));
    const jsvm::value first = loader.import_module("./main.mjs").await();
    CHECK_EQ(first.get("twice").as<int>(), 42);
    CHECK(loader.clone().import_module("m").await().strict_equals(first));
    CHECK_THROWS(jsvm::exception, loader.import_module("node:path").await(), "No such built-in module");
    CHECK_THROWS(jsvm::exception, loader.import_module("../x.mjs").await(), "is refused");
    const auto small = jsvm::file_loader_options().max_file_size(10).builtins();
    CHECK_THROWS(jsvm::exception, jsvm::file_loader(w.context, root, small).import_module("./main.mjs").await(), "larger than 10");
    CHECK_THROWS(jsvm::error, jsvm::file_loader(w.context, "/nonexistent"), "root");
  }
  std::remove(main.c_str());
  CHECK(rmdir(root) == 0);
}

}  // namespace

int main() {
  RUN(output);
  RUN(program);
  RUN(modules);
  RUN(files);
  return FINISH();
}
