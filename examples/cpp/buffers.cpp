/*
 * Bytes that C++ and JavaScript share, without a copy, in both directions.
 *
 * Both sides see what the other one writes, at any time. While another thread may run the guest, the host has to
 * expect that the bytes change under its eyes: check what was copied out, not what is still shared.
 */
#include <jsvm.hpp>

#include <iostream>
#include <numeric>

static void print(const char* title, const double* samples, std::size_t count) {
  std::cout << title;
  for (std::size_t i = 0; i < count; i++) {
    std::cout << " " << samples[i];
  }
  std::cout << "\n";
}

int main() {
  jsvm::borrow borrow;
  {
    const jsvm::isolate isolate;
    const jsvm::context context = isolate.main_context();

    // From C++ to JavaScript: the vector moves in, and is freed when JavaScript has let go of the buffer.
    std::vector<double> samples(8);
    std::iota(samples.begin(), samples.end(), 0);
    const jsvm::array_buffer buffer = context.array_buffer(std::move(samples));
    context.global().set("buffer", buffer);
    const double sum = context
                           .evaluate("const shared = new Float64Array(buffer);\n"
                                     "for (let i = 0; i < shared.length; i++) shared[i] *= shared[i];\n"
                                     "shared.reduce((a, b) => a + b)")
                           .as<double>();
    std::cout << "JavaScript squared the samples; their sum is " << sum << "\n";
    const jsvm::borrow squares = buffer.borrow();
    print("C++ sees:", squares.data<double>(), squares.size<double>());

    // From JavaScript to C++: what the view covers, here without its first two elements.
    borrow = context.evaluate("const made = Float64Array.of(1, 2, 3, 4, 5); made.subarray(2)")
                 .as<jsvm::typed_array>()
                 .borrow();
    print("C++ borrowed:", borrow.data<double>(), borrow.size<double>());
    for (std::size_t i = 0; i < borrow.size<double>(); i++) {
      borrow.data<double>()[i] *= -1;
    }
    std::cout << "JavaScript sees: " << context.evaluate("made.join(' ')").to_string() << "\n";
  }
  // A borrow outlives its isolate.
  print("C++ still has:", borrow.data<double>(), borrow.size<double>());
}
