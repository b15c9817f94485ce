// How the examples end.
#ifndef NEURA_EXAMPLES_EXIT_CODE_H_
#define NEURA_EXAMPLES_EXIT_CODE_H_

#include <exception>
#include <iostream>

namespace neura::examples {

// run(), the exit code; 1 for an error, which is printed.
template <typename Run>
int ExitCodeOf(Run run) {
  try {
    return run();
  } catch (const std::exception& error) {
    std::cerr << "error: " << error.what() << "\n";
    return 1;
  }
}

}  // namespace neura::examples

#endif  // NEURA_EXAMPLES_EXIT_CODE_H_
