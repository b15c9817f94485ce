#include <cstddef>
#include <cstdint>
#include <string_view>

#include "neura/tensor/io/npz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static_cast<void>(neura::ParseNpz({reinterpret_cast<const char*>(data), size}).ok());
  return 0;
}
