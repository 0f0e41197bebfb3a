/* Bytes: copied, shared, borrowed. */
#include "check.hpp"

#include <numeric>

namespace {

void moved_in() {
  const world w;
  std::vector<double> samples(8);
  std::iota(samples.begin(), samples.end(), 0);
  const double* const memory = samples.data();
  const jsvm::array_buffer buffer = w.context.array_buffer(std::move(samples));
  CHECK_EQ(buffer.byte_length(), 64U);
  w.set("buffer", buffer);
  CHECK_EQ(w.js("const a = new Float64Array(buffer); a[0] = 100; a.reduce((x, y) => x + y)").as<int>(), 128);
  CHECK_EQ(memory[0], 100);
  CHECK(buffer.borrow().data<double>() == memory);
  CHECK_EQ(w.context.array_buffer(std::vector<int>()).byte_length(), 0U);
}

void shared_owner() {
  const auto owner = std::make_shared<std::array<char, 4>>();
  std::weak_ptr<void> watch;
  {
    const world w;
    const auto second = std::make_shared<std::array<char, 4>>();
    watch = second;
    w.set("one", w.context.array_buffer(owner, owner->data(), owner->size()));
    w.set("two", w.context.array_buffer(second, second->data(), second->size()));
    w.js("new Uint8Array(one)[3] = 7");
  }
  world::flush();
  CHECK_EQ((*owner)[3], 7);
  CHECK_EQ(owner.use_count(), 1);
  CHECK(watch.expired());
}

void deleters() {
  std::atomic<int> deleted{0};
  char memory[16] = {};
  {
    const world w;
    w.context.global().set("kept", w.context.external_buffer(memory, sizeof memory, [&deleted] { deleted++; }));
    w.collect();
    CHECK_EQ(deleted, 0);
  }
  world::flush();
  CHECK_EQ(deleted, 1);
  CHECK_THROWS(jsvm::error, jsvm::context().external_buffer(memory, 1, [&deleted] { deleted++; }), "INVALID_ARGUMENT");
  world::flush();
  CHECK_EQ(deleted, 2);
}

void views() {
  const world w;
  const jsvm::array_buffer buffer = w.context.array_buffer("\1\0\2\0\3\0\4\0", 8);
  const jsvm::typed_array view = buffer.view(jsvm::element_type::uint16, 2, 2);
  CHECK(view.type() == jsvm::element_type::uint16);
  CHECK_EQ(view.byte_length(), 4U);
  CHECK_EQ(w.js("(v) => v.constructor.name + v.join()")(view).to_string(), "Uint16Array2,3");
  CHECK(w.js("new DataView(new ArrayBuffer(4))").as<jsvm::typed_array>().type() == jsvm::element_type::data_view);
  CHECK_THROWS(jsvm::error, buffer.view(jsvm::element_type::uint16, 1, 1), "INVALID_ARGUMENT");
  CHECK_THROWS(jsvm::error, buffer.view(jsvm::element_type::uint16, 0, 5), "INVALID_ARGUMENT");
  char room[3] = {};
  CHECK_EQ(view.copy_out(2, room, sizeof room), 2U);
  CHECK_EQ(room[0], 3);
  CHECK_THROWS(jsvm::error, view.copy_out(5, room, 1), "INVALID_ARGUMENT");
  CHECK_EQ(buffer.copy().size(), 8U);
  CHECK(buffer.copy()[4] == std::byte{3});
  CHECK_THROWS(jsvm::type_error, w.js("[]").as<jsvm::array_buffer>(), "expected an ArrayBuffer, got an array");
}

void borrows() {
  jsvm::borrow borrow;
  {
    const world w;
    const auto array = w.js("globalThis.made = Float64Array.of(1, 2, 3, 4); made.subarray(1)").as<jsvm::typed_array>();
    borrow = array.borrow();
    CHECK_EQ(borrow.size<double>(), 3U);
    CHECK_EQ(borrow.size(), 24U);
    borrow.data<double>()[0] = -2;
    CHECK_EQ(w.js("made[1]").as<int>(), -2);
    w.js("made.buffer").as<jsvm::array_buffer>().detach();
    CHECK_EQ(w.js("made.length").as<int>(), 0);
    CHECK_THROWS(jsvm::error, w.js("new ArrayBuffer(1, {maxByteLength: 2})").as<jsvm::array_buffer>().borrow(),
                 "WRONG_STATE");
  }
  CHECK_EQ(borrow.data<double>()[0], -2);
}

}  // namespace

int main() {
  RUN(moved_in);
  RUN(shared_owner);
  RUN(deleters);
  RUN(views);
  RUN(borrows);
  return FINISH();
}
