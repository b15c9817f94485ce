// What the tests of the readers share.
#ifndef NEURA_TENSOR_IO_TESTING_H_
#define NEURA_TENSOR_IO_TESTING_H_

#include <fstream>
#include <iterator>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "gtest/gtest.h"

namespace neura::testing {

// The whole file.
inline std::string Bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// What was loaded; the test fails where nothing was.
template <typename T>
T Must(absl::StatusOr<T> loaded) {
  EXPECT_TRUE(loaded.ok()) << loaded.status();
  return *std::move(loaded);
}

}  // namespace neura::testing

#endif  // NEURA_TENSOR_IO_TESTING_H_
