#include <cstddef>
#include <cstdint>
#include <string_view>

#include "neura/data/audio/wav.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view file(reinterpret_cast<const char*>(data), size);
  for (const bool normalize : {true, false}) {
    static_cast<void>(neura::data::audio::ParseAudio(file, {.normalize = normalize}).ok());
  }
  return 0;
}
