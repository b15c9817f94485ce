// For tests of what errors say.
#ifndef NEURA_TENSOR_TESTING_ERROR_OF_H_
#define NEURA_TENSOR_TESTING_ERROR_OF_H_

#include <string>

#include "neura/tensor/core/error.h"

namespace neura::testing {

// The message of the Error that f throws, or "no error".
template <typename F>
std::string ErrorOf(F f) {
  try {
    f();
  } catch (const Error& error) {
    return error.message();
  }
  return "no error";
}

}  // namespace neura::testing

#endif  // NEURA_TENSOR_TESTING_ERROR_OF_H_
