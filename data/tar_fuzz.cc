#include <cstddef>
#include <cstdint>
#include <string_view>

#include "neura/data/tar.h"
#include "neura/tensor/io/byte_source.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const neura::MemorySource source({reinterpret_cast<const char*>(data), size});
  neura::data::TarReader reader(source);
  for (;;) {
    const auto entry = reader.Next();
    if (!entry.ok() || !entry->has_value()) break;
  }
  return 0;
}
