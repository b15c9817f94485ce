#include <cstddef>
#include <cstdint>
#include <string_view>

#include "neura/tensor/io/npy.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static_cast<void>(neura::ParseNpy({reinterpret_cast<const char*>(data), size}).ok());
  return 0;
}
