// flags: tests/cpp/second_unit.cpp
/* The header in two translation units of one program: no symbol is defined twice, and both mean the same by it. */
#include "check.hpp"

void throws_in_the_second_unit(const jsvm::context& context);
double add_in_the_second_unit(const jsvm::context& context);

namespace {

void both() {
  const world w;
  CHECK_EQ(add_in_the_second_unit(w.context), 3);
  // Thrown by a function of one unit, caught in the other.
  throws_in_the_second_unit(w.context);
  CHECK_THROWS(std::out_of_range, w.js("fail()"), "second unit");
}

}  // namespace

int main() {
  RUN(both);
  return FINISH();
}
