// For tests of what errors say.
#ifndef NEURA_TENSOR_TESTING_ERROR_OF_H_
#define NEURA_TENSOR_TESTING_ERROR_OF_H_

#include <string>

#include "absl/status/status.h"
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

// The code of the Error that f throws, or kOk.
template <typename F>
absl::StatusCode CodeOf(F f) {
  try {
    f();
  } catch (const Error& error) {
    return error.code();
  }
  return absl::StatusCode::kOk;
}

}  // namespace neura::testing

#endif  // NEURA_TENSOR_TESTING_ERROR_OF_H_
