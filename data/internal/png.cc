#include <png.h>

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "neura/data/internal/codecs.h"
#include "neura/tensor/core/error.h"

namespace neura::data::internal {
namespace {

// deflate shrinks nothing to less than a 1032th, and a pixel has at least one bit.
constexpr uint64_t kMostPixelsOfAByte = 1032 * 8;

// Thrown through the library, which is compiled for it.
struct Failure {
  std::string message;
};

[[noreturn]] void Fail(png_structp, png_const_charp message) { throw Failure{message}; }
void Ignore(png_structp, png_const_charp) {}

class Reader {
 public:
  explicit Reader(std::string_view bytes)
      : png_(png_create_read_struct(PNG_LIBPNG_VER_STRING, nullptr, Fail, Ignore)), rest_(bytes) {
    if (png_ == nullptr) throw std::bad_alloc();
    info_ = png_create_info_struct(png_);
    if (info_ == nullptr) {
      png_destroy_read_struct(&png_, nullptr, nullptr);
      throw std::bad_alloc();
    }
    png_set_read_fn(png_, this, Read);
  }
  ~Reader() { png_destroy_read_struct(&png_, &info_, nullptr); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  png_structp png() { return png_; }
  png_infop info() { return info_; }

 private:
  static void Read(png_structp png, png_bytep out, size_t count) {
    auto* const reader = static_cast<Reader*>(png_get_io_ptr(png));
    if (count > reader->rest_.size()) Fail(png, "truncated");
    std::memcpy(out, reader->rest_.data(), count);
    reader->rest_.remove_prefix(count);
  }

  png_structp png_;
  png_infop info_ = nullptr;
  std::string_view rest_;
};

void Transform(png_structp png, png_infop info, int channels) {
  const int type = png_get_color_type(png, info), depth = png_get_bit_depth(png, info);
  const bool transparent = png_get_valid(png, info, PNG_INFO_tRNS) != 0;
  if (depth == 16) png_set_scale_16(png);
  if (type == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(png);
  if (type == PNG_COLOR_TYPE_GRAY && depth < 8) png_set_expand_gray_1_2_4_to_8(png);
  if (transparent) png_set_tRNS_to_alpha(png);
  bool alpha = (type & PNG_COLOR_MASK_ALPHA) != 0 || transparent;
  const bool colours = (type & PNG_COLOR_MASK_COLOR) != 0;
  if (channels == 0) return;
  if (channels >= 3 && !colours) png_set_gray_to_rgb(png);
  // ITU-R BT.601's brightness, times 100,000.
  if (channels < 3 && colours) png_set_rgb_to_gray_fixed(png, PNG_ERROR_ACTION_NONE, 29900, 58700);
  const bool wants_alpha = channels % 2 == 0;
  if (alpha && !wants_alpha) png_set_strip_alpha(png);
  if (!alpha && wants_alpha) png_set_add_alpha(png, 0xff, PNG_FILLER_AFTER);
}

}  // namespace

absl::StatusOr<Pixels> DecodePng(std::string_view bytes, int channels) {
  try {
    Reader reader(bytes);
    png_structp png = reader.png();
    png_infop info = reader.info();
    png_set_chunk_malloc_max(png, 1 << 20);
    png_read_info(png, info);
    Pixels pixels;
    pixels.height = png_get_image_height(png, info);
    pixels.width = png_get_image_width(png, info);
    const absl::Status extent =
        CheckExtent(static_cast<uint64_t>(pixels.height), static_cast<uint64_t>(pixels.width),
                    bytes.size(), kMostPixelsOfAByte);
    if (!extent.ok()) return extent;
    Transform(png, info, channels);
    png_set_interlace_handling(png);
    png_read_update_info(png, info);
    pixels.channels = png_get_channels(png, info);
    const size_t row = png_get_rowbytes(png, info);
    if (row != static_cast<size_t>(pixels.width * pixels.channels)) {
      return absl::InternalError("PNG: rows of an unexpected length");
    }
    pixels.bytes.resize(row * static_cast<size_t>(pixels.height));
    std::vector<png_bytep> rows(static_cast<size_t>(pixels.height));
    for (size_t i = 0; i < rows.size(); ++i) rows[i] = pixels.bytes.data() + i * row;
    png_read_image(png, rows.data());
    png_read_end(png, nullptr);
    return pixels;
  } catch (const Failure& failure) {
    return absl::DataLossError(absl::StrCat("corrupt PNG: ", failure.message));
  } catch (const std::bad_alloc&) {
    return absl::ResourceExhaustedError("PNG: no memory for the pixels");
  }
}

std::string EncodePng(const Pixels& pixels, int compression_level) {
  constexpr int kTypes[] = {PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB,
                            PNG_COLOR_TYPE_RGB_ALPHA};
  std::string out;
  png_structp png = nullptr;
  png_infop info = nullptr;
  const auto append = [](png_structp at, png_bytep data, size_t count) {
    static_cast<std::string*>(png_get_io_ptr(at))->append(reinterpret_cast<char*>(data), count);
  };
  try {
    png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, Fail, Ignore);
    if (png == nullptr) throw std::bad_alloc();
    info = png_create_info_struct(png);
    if (info == nullptr) throw std::bad_alloc();
    png_set_write_fn(png, &out, append, [](png_structp) {});
    png_set_compression_level(png, compression_level);
    png_set_IHDR(png, info, static_cast<png_uint_32>(pixels.width),
                 static_cast<png_uint_32>(pixels.height), 8, kTypes[pixels.channels - 1],
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, info);
    for (int64_t row = 0; row < pixels.height; ++row) {
      png_write_row(png, pixels.bytes.data() + row * pixels.width * pixels.channels);
    }
    png_write_end(png, info);
  } catch (const Failure& failure) {
    png_destroy_write_struct(&png, &info);
    ThrowInvalidArgument(absl::StrCat("EncodePng: ", failure.message));
  } catch (...) {
    png_destroy_write_struct(&png, &info);
    throw;
  }
  png_destroy_write_struct(&png, &info);
  return out;
}

}  // namespace neura::data::internal
