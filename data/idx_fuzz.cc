#include <cstddef>
#include <cstdint>
#include <string_view>

#include "neura/data/idx.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static_cast<void>(neura::data::ParseIdx({reinterpret_cast<const char*>(data), size}).ok());
  return 0;
}
