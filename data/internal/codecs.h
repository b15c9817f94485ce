// The formats of images, each by its library.
#ifndef NEURA_DATA_INTERNAL_CODECS_H_
#define NEURA_DATA_INTERNAL_CODECS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace neura::data::internal {

// Rows of pixels, channels innermost, as the libraries have them.
struct Pixels {
  int64_t height = 0, width = 0, channels = 0;
  std::vector<uint8_t> bytes;
};

// Refuses what no file of this size can hold, or nobody means: a few bytes may announce billions of
// pixels. `most` is what a byte of the file can bring at most.
absl::Status CheckExtent(uint64_t height, uint64_t width, size_t file_size, uint64_t most);

// `channels` 0: those of the file.
absl::StatusOr<Pixels> DecodePng(std::string_view bytes, int channels);
// Grey or colours; two and four channels are the caller's.
absl::StatusOr<Pixels> DecodeJpeg(std::string_view bytes, int channels);
std::string EncodePng(const Pixels& pixels, int compression_level);
std::string EncodeJpeg(const Pixels& pixels, int quality);

}  // namespace neura::data::internal

#endif  // NEURA_DATA_INTERNAL_CODECS_H_
