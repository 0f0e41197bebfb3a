// What a C++ program has of its own, it keeps: libjsvm contains another C++ library.
#include <iostream>
#include <jsvm.h>
#include <stdexcept>
#include <string>
#include <vector>

static std::string evaluate(const std::string &source) {
  jsvm_isolate *isolate = nullptr;
  jsvm_context *context = nullptr;
  jsvm_slot value{};
  jsvm_error *error = nullptr;
  jsvm_status status = jsvm_isolate_new(nullptr, &isolate, &error);
  if (status == JSVM_STATUS_OK)
    status = jsvm_isolate_main_context(isolate, &context, &error);
  if (status == JSVM_STATUS_OK)
    status = jsvm_context_evaluate(context, source.data(), source.size(), nullptr, nullptr, &value, &error);
  std::string text = status == JSVM_STATUS_OK ? std::string(value.data, value.len) : jsvm_error_message(error);
  jsvm_slot_clear(&value);
  jsvm_error_free(error);
  jsvm_context_free(context);
  jsvm_isolate_free(isolate);
  if (status != JSVM_STATUS_OK)
    throw std::runtime_error(text);
  return text;
}

int main() {
  int caught = 0;
  try {
    evaluate("throw new TypeError('no')");
  } catch (const std::runtime_error &) {
    ++caught;
  }
  try {
    std::vector<int>().at(evaluate("'abc'").size());
  } catch (const std::out_of_range &) {
    ++caught;
  }
  std::cout << "caught " << caught << " of 2\n";
  return caught != 2;
}
