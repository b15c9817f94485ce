// jpeglib.h needs what it does not include, and jerror.h that.
// clang-format off
#include <cstdio>
#include <jpeglib.h>
#include <jerror.h>
// clang-format on

#include <algorithm>
#include <cstdlib>
#include <new>

#include "absl/strings/str_cat.h"
#include "neura/data/internal/codecs.h"
#include "neura/tensor/core/error.h"

namespace neura::data::internal {
namespace {

// A scan of DC coefficients has at least one bit for each 8 by 8 block, and the components that
// have the most blocks across and down may be two: each has at least a quarter of all.
constexpr uint64_t kMostPixelsOfAByte = 8 * 64 * 4;
// No encoder makes more scans; each costs as much time as the image has pixels, and few bytes.
constexpr int kMaxScans = 200;

// Thrown through the library, which is compiled for it.
struct Failure {
  std::string message;
};

[[noreturn]] void Fail(j_common_ptr info) {
  if (info->err->msg_code == JERR_OUT_OF_MEMORY) throw std::bad_alloc();
  char message[JMSG_LENGTH_MAX];
  info->err->format_message(info, message);
  throw Failure{message};
}

// Warnings that mean that pixels are missing or wrong fail, too.
void Warn(j_common_ptr info, int level) {
  if (level >= 0) return;
  const int code = info->err->msg_code;
  if (code == JWRN_HIT_MARKER || code == JWRN_HUFF_BAD_CODE || code == JWRN_JPEG_EOF ||
      code == JWRN_MUST_RESYNC)
    Fail(info);
}

void WatchScans(j_common_ptr info) {
  auto* const decoder = reinterpret_cast<j_decompress_ptr>(info);
  if (decoder->input_scan_number > kMaxScans) throw Failure{"too many scans"};
}

boolean Truncated(j_decompress_ptr) { throw Failure{"truncated"}; }

void Skip(j_decompress_ptr info, long count) {
  if (count <= 0) return;
  if (static_cast<size_t>(count) > info->src->bytes_in_buffer) Truncated(info);
  info->src->next_input_byte += count;
  info->src->bytes_in_buffer -= static_cast<size_t>(count);
}

void InitErrors(jpeg_error_mgr& errors) {
  jpeg_std_error(&errors);
  errors.error_exit = Fail;
  errors.emit_message = Warn;
  errors.output_message = [](j_common_ptr) {};
}

struct Decoder {
  explicit Decoder(std::string_view bytes) {
    InitErrors(errors);
    info.err = &errors;
    jpeg_create_decompress(&info);
    source.next_input_byte = reinterpret_cast<const JOCTET*>(bytes.data());
    source.bytes_in_buffer = bytes.size();
    source.init_source = source.term_source = [](j_decompress_ptr) {};
    source.fill_input_buffer = Truncated;
    source.skip_input_data = Skip;
    source.resync_to_restart = jpeg_resync_to_restart;
    info.src = &source;
    progress.progress_monitor = WatchScans;
    info.progress = &progress;
  }
  ~Decoder() { jpeg_destroy_decompress(&info); }
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  jpeg_error_mgr errors;
  jpeg_source_mgr source{};
  jpeg_progress_mgr progress{};
  jpeg_decompress_struct info{};
};

// Inks of cyan, magenta, yellow and black, inverted as Adobe writes them, to colours.
void InksToColours(const JSAMPLE* inks, bool inverted, int64_t width, uint8_t* out) {
  for (int64_t x = 0; x < width; ++x) {
    const int black = inverted ? inks[4 * x + 3] : 255 - inks[4 * x + 3];
    for (int64_t c = 0; c < 3; ++c) {
      const int ink = inverted ? inks[4 * x + c] : 255 - inks[4 * x + c];
      out[3 * x + c] = static_cast<uint8_t>((ink * black + 127) / 255);
    }
  }
}

void ToGrey(const uint8_t* colours, int64_t width, uint8_t* out) {
  for (int64_t x = 0; x < width; ++x) {
    out[x] = static_cast<uint8_t>(
        (19595 * colours[3 * x] + 38470 * colours[3 * x + 1] + 7471 * colours[3 * x + 2] + 32768) >>
        16);
  }
}

}  // namespace

absl::StatusOr<Pixels> DecodeJpeg(std::string_view bytes, int channels) {
  try {
    Decoder decoder(bytes);
    jpeg_decompress_struct& info = decoder.info;
    jpeg_read_header(&info, TRUE);
    const absl::Status extent =
        CheckExtent(info.image_height, info.image_width, bytes.size(), kMostPixelsOfAByte);
    if (!extent.ok()) return extent;
    const bool inks = info.num_components == 4;
    const bool grey = channels == 1 || (channels == 0 && info.num_components == 1);
    info.out_color_space = inks ? JCS_CMYK : grey ? JCS_GRAYSCALE : JCS_RGB;
    // The brightness of colours that are not stored as brightness and hue is computed below.
    const bool rgb_to_grey = grey && info.jpeg_color_space == JCS_RGB;
    if (rgb_to_grey) info.out_color_space = JCS_RGB;
    jpeg_start_decompress(&info);
    Pixels pixels{info.output_height, info.output_width, grey ? 1 : 3, {}};
    const auto row = static_cast<size_t>(pixels.width * pixels.channels);
    pixels.bytes.resize(row * static_cast<size_t>(pixels.height));
    std::vector<uint8_t> line(static_cast<size_t>(pixels.width) * 4), colours(line.size());
    while (info.output_scanline < info.output_height) {
      uint8_t* const out = pixels.bytes.data() + info.output_scanline * row;
      JSAMPROW target = inks || rgb_to_grey ? line.data() : out;
      jpeg_read_scanlines(&info, &target, 1);
      const uint8_t* rgb = line.data();
      if (inks) {
        uint8_t* const made = grey ? colours.data() : out;
        InksToColours(line.data(), info.saw_Adobe_marker != 0, pixels.width, made);
        rgb = made;
      }
      if (grey && (inks || rgb_to_grey)) ToGrey(rgb, pixels.width, out);
    }
    jpeg_finish_decompress(&info);
    return pixels;
  } catch (const Failure& failure) {
    return absl::DataLossError(absl::StrCat("corrupt JPEG: ", failure.message));
  } catch (const std::bad_alloc&) {
    return absl::ResourceExhaustedError("JPEG: no memory for the pixels");
  }
}

std::string EncodeJpeg(const Pixels& pixels, int quality) {
  jpeg_compress_struct info{};
  jpeg_error_mgr errors;
  InitErrors(errors);
  info.err = &errors;
  unsigned char* out = nullptr;
  unsigned long size = 0;
  const auto clean = [&] {
    jpeg_destroy_compress(&info);
    std::free(out);
  };
  try {
    jpeg_create_compress(&info);
    jpeg_mem_dest(&info, &out, &size);
    info.image_width = static_cast<JDIMENSION>(pixels.width);
    info.image_height = static_cast<JDIMENSION>(pixels.height);
    info.input_components = static_cast<int>(pixels.channels);
    info.in_color_space = pixels.channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(&info);
    jpeg_set_quality(&info, quality, TRUE);
    jpeg_start_compress(&info, TRUE);
    while (info.next_scanline < info.image_height) {
      JSAMPROW row = const_cast<JSAMPROW>(pixels.bytes.data()) +
                     int64_t{info.next_scanline} * pixels.width * pixels.channels;
      jpeg_write_scanlines(&info, &row, 1);
    }
    jpeg_finish_compress(&info);
    std::string bytes(reinterpret_cast<const char*>(out), size);
    clean();
    return bytes;
  } catch (const Failure& failure) {
    clean();
    ThrowInvalidArgument(absl::StrCat("EncodeJpeg: ", failure.message));
  } catch (...) {
    clean();
    throw;
  }
}

}  // namespace neura::data::internal
