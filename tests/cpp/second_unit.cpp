/* The other half of test_two_units.cpp. */
#include "jsvm.hpp"

void throws_in_the_second_unit(const jsvm::context& context);
double add_in_the_second_unit(const jsvm::context& context);

void throws_in_the_second_unit(const jsvm::context& context) {
  context.global().set("fail", [] { throw std::out_of_range("second unit"); });
}

double add_in_the_second_unit(const jsvm::context& context) {
  context.global().set("add", [](double a, double b) { return a + b; });
  return context.evaluate("add(1, 2)").as<double>();
}
