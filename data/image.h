// Images in files: JPEG and PNG, which are told apart by how they begin.
#ifndef NEURA_DATA_IMAGE_H_
#define NEURA_DATA_IMAGE_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "neura/tensor/core/tensor.h"

namespace neura::data {

// Which channels an image gets, whatever its file has: one, two, three or four. Colours become grey
// by their brightness, alpha is dropped or opaque.
enum class ImageReadMode { kUnchanged = 0, kGray = 1, kGrayAlpha = 2, kRgb = 3, kRgbAlpha = 4 };

// An image uint8 [C, H, W], on the CPU. Palettes become colours, 16 bits become 8. InvalidArgument:
// neither a JPEG nor a PNG file, or larger than 2^28 pixels; DataLoss: truncated or corrupt.
absl::StatusOr<Tensor> DecodeImage(std::string_view bytes,
                                   ImageReadMode mode = ImageReadMode::kUnchanged);

// The same of a file; errors name it.
absl::StatusOr<Tensor> ReadImage(const std::string& path,
                                 ImageReadMode mode = ImageReadMode::kUnchanged);

// The bytes of a PNG file of an image uint8 [C, H, W] of one to four channels. Throws
// InvalidArgument for other tensors, and unless 0 <= compression_level <= 9.
std::string EncodePng(const Tensor& image, int64_t compression_level = 6);

// The bytes of a JPEG file of an image uint8 [1, H, W] or [3, H, W]. Throws InvalidArgument for
// other tensors, and unless 1 <= quality <= 100.
std::string EncodeJpeg(const Tensor& image, int64_t quality = 75);

}  // namespace neura::data

#endif  // NEURA_DATA_IMAGE_H_
