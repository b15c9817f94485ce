#include "neura/data/image.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "neura/data/internal/codecs.h"
#include "neura/data/internal/pixel_loops.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/io/byte_source.h"
#include "neura/tensor/ops/copy.h"

namespace neura::data {
namespace internal {

absl::Status CheckExtent(uint64_t height, uint64_t width, size_t file_size, uint64_t most) {
  constexpr uint64_t kMaxPixels = uint64_t{1} << 28;
  if (height == 0 || width == 0 || height > kMaxPixels || width > kMaxPixels ||
      height * width > kMaxPixels) {
    return absl::InvalidArgumentError(absl::StrCat("an image of ", height, " by ", width,
                                                   " pixels; at most 2^28 pixels are read"));
  }
  if (height * width > file_size * most) {
    return absl::DataLossError(absl::StrCat("truncated: ", height, " by ", width,
                                            " pixels cannot be in a file of ", file_size,
                                            " bytes"));
  }
  return absl::OkStatus();
}

}  // namespace internal

namespace {

using internal::Pixels;

// Channels innermost to outermost; an alpha that JPEG lacks is opaque.
absl::StatusOr<Tensor> ToTensor(const Pixels& pixels, int channels) {
  const int64_t count = pixels.height * pixels.width;
  Tensor image;
  try {
    image = Tensor::Empty({channels == 0 ? pixels.channels : channels, pixels.height, pixels.width},
                          kUInt8, kCpu);
  } catch (const Error& error) {  // no memory
    return absl::Status(error.code(), error.message());
  }
  auto* out = image.data<uint8_t>();
  if (pixels.channels == 3 && image.size(0) == 3) {
    internal::SplitThreeChannels(pixels.bytes.data(), static_cast<size_t>(count), out);
    return image;
  }
  for (int64_t c = 0; c < image.size(0); ++c, out += count) {
    if (c >= pixels.channels) {
      std::fill(out, out + count, uint8_t{255});
      continue;
    }
    const uint8_t* in = pixels.bytes.data() + c;
    for (int64_t i = 0; i < count; ++i) out[i] = in[i * pixels.channels];
  }
  return image;
}

Pixels FromTensor(const char* function, const Tensor& image, bool alpha) {
  const bool fits = image.defined() && image.dtype() == kUInt8 && image.dim() == 3 &&
                    image.numel() > 0 && image.size(0) <= 4 &&
                    (alpha || image.size(0) == 1 || image.size(0) == 3);
  if (!fits) {
    ThrowInvalidArgument(absl::StrCat(function, ": an image uint8 [C, H, W] of ",
                                      alpha ? "one to four" : "one or three",
                                      " channels is expected, not ", Describe(image)));
  }
  const Tensor contiguous = Contiguous(To(image, kCpu));
  Pixels pixels{image.size(1), image.size(2), image.size(0), {}};
  const int64_t count = pixels.height * pixels.width;
  pixels.bytes.resize(static_cast<size_t>(image.numel()));
  for (int64_t c = 0; c < pixels.channels; ++c) {
    const auto* in = contiguous.data<uint8_t>() + c * count;
    for (int64_t i = 0; i < count; ++i) {
      pixels.bytes[static_cast<size_t>(i * pixels.channels + c)] = in[i];
    }
  }
  return pixels;
}

void CheckRange(const char* function, const char* what, int64_t value, int64_t low, int64_t high) {
  if (value >= low && value <= high) return;
  ThrowInvalidArgument(absl::StrCat(function, ": ", what, " is ", value, "; from ", low, " to ",
                                    high, " is expected"));
}

}  // namespace

absl::StatusOr<Tensor> DecodeImage(std::string_view bytes, ImageReadMode mode) {
  const int channels = static_cast<int>(mode);
  absl::StatusOr<Pixels> pixels;
  if (absl::StartsWith(bytes, "\x89PNG\r\n\x1a\n")) {
    pixels = internal::DecodePng(bytes, channels);
  } else if (absl::StartsWith(bytes, "\xff\xd8\xff")) {
    pixels = internal::DecodeJpeg(bytes, channels == 0 ? 0 : channels < 3 ? 1 : 3);
  } else {
    return absl::InvalidArgumentError(
        absl::StrCat("neither a JPEG nor a PNG file", bytes.empty() ? ": it is empty" : ""));
  }
  if (!pixels.ok()) return pixels.status();
  return ToTensor(*pixels, channels);
}

absl::StatusOr<Tensor> ReadImage(const std::string& path, ImageReadMode mode) {
  return ReadFromFile(path, [mode](const ByteSource& source) -> absl::StatusOr<Tensor> {
    const absl::StatusOr<std::string> bytes = ReadAll(source);
    if (!bytes.ok()) return bytes.status();
    return DecodeImage(*bytes, mode);
  });
}

std::string EncodePng(const Tensor& image, int64_t compression_level) {
  CheckRange("EncodePng", "compression_level", compression_level, 0, 9);
  return internal::EncodePng(FromTensor("EncodePng", image, true),
                             static_cast<int>(compression_level));
}

std::string EncodeJpeg(const Tensor& image, int64_t quality) {
  CheckRange("EncodeJpeg", "quality", quality, 1, 100);
  return internal::EncodeJpeg(FromTensor("EncodeJpeg", image, false), static_cast<int>(quality));
}

}  // namespace neura::data
