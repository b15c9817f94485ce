#include <cstddef>
#include <cstdint>
#include <string_view>

#include "neura/data/image.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  using neura::data::ImageReadMode;
  for (const auto mode :
       {ImageReadMode::kUnchanged, ImageReadMode::kGray, ImageReadMode::kGrayAlpha,
        ImageReadMode::kRgb, ImageReadMode::kRgbAlpha}) {
    static_cast<void>(neura::data::DecodeImage(bytes, mode).ok());
  }
  return 0;
}
