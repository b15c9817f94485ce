#include "neura/data/audio/wav.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/io/atomic_file.h"
#include "neura/tensor/io/byte_source.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/shape.h"

namespace neura::data::audio {
namespace {

// Numbers stand little-endian, as in memory.
static_assert(std::endian::native == std::endian::little);

constexpr uint32_t kNoSize = std::numeric_limits<uint32_t>::max();
constexpr uint32_t kMaxRate = std::numeric_limits<int32_t>::max();
constexpr uint16_t kPcm = 1, kFloat = 3, kExtensible = 0xfffe;
// What follows the two bytes of the encoding in the subformat of an extensible one.
constexpr std::string_view kSubformat("\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71",
                                      14);

template <typename T>
T At(const char* bytes, size_t offset) {
  T value;
  std::memcpy(&value, bytes + offset, sizeof(value));
  return value;
}

// How a number stands in a file.
struct Format {
  const char* encoding;
  int64_t bits;
  DType dtype;  // that holds it
};
constexpr Format kFormats[] = {{"PCM_U", 8, kUInt8},    {"PCM_S", 16, kInt16},
                               {"PCM_S", 24, kInt32},   {"PCM_S", 32, kInt32},
                               {"PCM_F", 32, kFloat32}, {"PCM_F", 64, kFloat64}};

struct Layout {
  AudioInfo info;
  const Format* format = nullptr;
  uint64_t data = 0;  // where it begins
  int64_t frame_bytes = 0;
};

// Gives `layout` what a chunk "fmt " says.
absl::Status ReadFormat(const ByteSource& source, uint64_t offset, uint64_t size, Layout& layout) {
  char chunk[40] = {};
  if (size < 16) return absl::DataLossError(absl::StrCat("chunk 'fmt ' of ", size, " bytes"));
  absl::Status status = source.Read(offset, chunk, std::min<uint64_t>(size, sizeof(chunk)));
  if (!status.ok()) return status;
  auto tag = At<uint16_t>(chunk, 0);
  const auto channels = At<uint16_t>(chunk, 2), frame = At<uint16_t>(chunk, 12),
             bits = At<uint16_t>(chunk, 14);
  const auto rate = At<uint32_t>(chunk, 4);
  if (tag == kExtensible) {
    if (size < 40 || std::string_view(chunk + 26, kSubformat.size()) != kSubformat) {
      return absl::InvalidArgumentError("chunk 'fmt ': an extensible format that is not known");
    }
    tag = At<uint16_t>(chunk, 24);
  }
  if (channels == 0 || rate == 0 || rate > kMaxRate) {
    return absl::InvalidArgumentError(
        absl::StrCat("chunk 'fmt ': ", channels, " channels, ", rate, " frames a second"));
  }
  // Numbers of other than whole bytes stand in the upper bits of some.
  const int64_t bytes = frame / channels;
  if (frame % channels != 0 || bits > 8 * bytes || bits <= 8 * (bytes - 1)) {
    return absl::DataLossError(absl::StrCat("chunk 'fmt ': frames of ", frame, " bytes cannot be ",
                                            channels, " channels of ", bits, " bits"));
  }
  for (const Format& format : kFormats) {
    const bool floating = IsFloating(format.dtype);
    if (format.bits == 8 * bytes && tag == (floating ? kFloat : kPcm)) layout.format = &format;
  }
  if (layout.format == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("chunk 'fmt ': encoding ", tag, " of ", bits,
                     " bits; PCM (1) of 8, 16, 24 and 32 bits and floating point (3) of 32 and 64 "
                     "bits are read"));
  }
  layout.info.sample_rate = rate;
  layout.info.num_channels = channels;
  layout.info.bits_per_sample = layout.format->bits;
  layout.info.encoding = layout.format->encoding;
  layout.frame_bytes = frame;
  return absl::OkStatus();
}

absl::StatusOr<Layout> ReadLayout(const ByteSource& source) {
  char header[12] = {};
  absl::Status status = source.Read(0, header, std::min<uint64_t>(source.size(), sizeof(header)));
  if (!status.ok()) return status;
  const std::string_view start(header, sizeof(header));
  const bool large = start.substr(0, 4) == "RF64";
  if ((!large && start.substr(0, 4) != "RIFF") || start.substr(8) != "WAVE") {
    return absl::InvalidArgumentError("not a WAV file: it does not start with RIFF and WAVE");
  }
  const auto whole = At<uint32_t>(header, 4);
  Layout layout;
  uint64_t data_size = 0, large_size = kNoSize;
  bool has_data = false;
  for (uint64_t at = sizeof(header); source.size() - at >= 8;) {
    char chunk[8];
    status = source.Read(at, chunk, sizeof(chunk));
    if (!status.ok()) return status;
    at += sizeof(chunk);
    const std::string_view name(chunk, 4);
    const uint64_t left = source.size() - at;
    uint64_t size = At<uint32_t>(chunk, 4);
    if (name == "data") {
      if (large && size == kNoSize) size = large_size;
      // Who writes a stream does not know sizes yet.
      const bool streamed = size == kNoSize || (size == 0 && (whole == 0 || whole == kNoSize));
      if (streamed) size = left;
    }
    if (size > left) {
      return absl::DataLossError(
          absl::StrCat("truncated: chunk '", name, "' of ", size, " bytes, ", left, " are left"));
    }
    if (name == "ds64" && size >= 16) {
      char sizes[16];
      status = source.Read(at, sizes, sizeof(sizes));
      if (!status.ok()) return status;
      large_size = At<uint64_t>(sizes, 8);
    } else if (name == "fmt " && layout.format == nullptr) {
      status = ReadFormat(source, at, size, layout);
      if (!status.ok()) return status;
    } else if (name == "data" && !has_data) {
      has_data = true;
      layout.data = at;
      data_size = size;
    }
    if (has_data && layout.format != nullptr) break;
    // A chunk begins at an even byte.
    at += std::min(left, size + size % 2);
  }
  if (layout.format == nullptr) return absl::DataLossError("there is no chunk 'fmt '");
  if (!has_data) return absl::DataLossError("there is no chunk 'data'");
  layout.info.num_frames =
      static_cast<int64_t>(data_size / static_cast<uint64_t>(layout.frame_bytes));
  return layout;
}

// A number of 24 bits, in the upper ones.
int32_t Number24(const char* bytes) {
  const auto low = At<uint16_t>(bytes, 0);
  const auto high = static_cast<uint8_t>(bytes[2]);
  return static_cast<int32_t>(uint32_t{low} << 8 | uint32_t{high} << 24);
}

// From -1 to 1.
float Normal(uint8_t number) { return (static_cast<float>(number) - 128) / 128; }
float Normal(int16_t number) { return static_cast<float>(number) / 32768; }
float Normal(int32_t number) {
  return static_cast<float>(static_cast<double>(number) / 2147483648.0);
}
float Normal(float number) { return number; }
float Normal(double number) { return static_cast<float>(number); }

// Channel by channel, of frames that follow each other.
template <typename Out, typename Read>
void TakeApart(const Layout& layout, const std::string& frames, Out* out, Read read) {
  const int64_t channels = layout.info.num_channels;
  const auto number_bytes = static_cast<size_t>(layout.frame_bytes / channels);
  const size_t count = frames.size() / static_cast<size_t>(layout.frame_bytes);
  for (int64_t c = 0; c < channels; ++c) {
    const char* from = frames.data() + static_cast<size_t>(c) * number_bytes;
    for (size_t i = 0; i < count; ++i, from += layout.frame_bytes) *out++ = read(from);
  }
}

template <typename T>
void TakeApart(const Layout& layout, const std::string& frames, bool normalize, const Tensor& out) {
  const auto number = [&](const char* bytes) {
    if constexpr (std::is_same_v<T, int32_t>) {
      if (layout.format->bits == 24) return Number24(bytes);
    }
    return At<T>(bytes, 0);
  };
  if (normalize) {
    TakeApart(layout, frames, out.data<float>(), [&](const char* b) { return Normal(number(b)); });
  } else {
    TakeApart(layout, frames, out.data<T>(), number);
  }
}

absl::StatusOr<Audio> Read(const ByteSource& source, const LoadOptions& options) {
  if (options.frame_offset < 0 || options.num_frames < -1) {
    return absl::InvalidArgumentError(
        absl::StrCat("frame_offset = ", options.frame_offset, " must not be negative, and ",
                     "num_frames = ", options.num_frames, " not below -1"));
  }
  const absl::StatusOr<Layout> layout = ReadLayout(source);
  if (!layout.ok()) return layout.status();
  const int64_t first = std::min(options.frame_offset, layout->info.num_frames);
  int64_t count = layout->info.num_frames - first;
  if (options.num_frames >= 0) count = std::min(count, options.num_frames);
  try {
    std::string frames(static_cast<size_t>(count * layout->frame_bytes), '\0');
    const absl::Status status =
        source.Read(layout->data + static_cast<uint64_t>(first * layout->frame_bytes),
                    frames.data(), frames.size());
    if (!status.ok()) return status;
    const DType dtype = options.normalize ? kFloat32 : layout->format->dtype;
    const Tensor waveform = Tensor::Empty({layout->info.num_channels, count}, dtype, kCpu);
    const auto take = [&]<typename T>(T) {
      TakeApart<T>(*layout, frames, options.normalize, waveform);
    };
    switch (layout->format->dtype) {
      case kUInt8:
        take(uint8_t{});
        break;
      case kInt16:
        take(int16_t{});
        break;
      case kInt32:
        take(int32_t{});
        break;
      case kFloat32:
        take(float{});
        break;
      default:
        take(double{});
    }
    return Audio{options.channels_first ? waveform : Transpose(waveform, 0, 1),
                 layout->info.sample_rate};
  } catch (const Error& error) {  // no memory
    return absl::Status(error.code(), error.message());
  }
}

absl::StatusOr<AudioInfo> InfoOf(const ByteSource& source) {
  absl::StatusOr<Layout> layout = ReadLayout(source);
  if (!layout.ok()) return layout.status();
  return std::move(layout->info);
}

// The format of a tensor's numbers in a file.
const Format& FormatFor(DType dtype, const SaveOptions& options) {
  std::string encoding = options.encoding.value_or("");
  int64_t bits = options.bits_per_sample.value_or(0);
  if (encoding.empty()) {
    const bool floating = IsFloating(dtype) && (bits == 0 || bits >= 32);
    encoding = floating ? "PCM_F" : bits == 8 || (bits == 0 && dtype == kUInt8) ? "PCM_U" : "PCM_S";
    if (bits == 0 && dtype == kInt32) bits = 32;
  }
  if (bits == 0) bits = encoding == "PCM_U" ? 8 : encoding == "PCM_S" ? 16 : 32;
  for (const Format& format : kFormats) {
    if (encoding == format.encoding && bits == format.bits) return format;
  }
  ThrowInvalidArgument(absl::StrCat(
      "save: encoding = '", encoding, "' with bits_per_sample = ", bits,
      "; there are 'PCM_U' of 8 bits, 'PCM_S' of 16, 24 and 32, 'PCM_F' of 32 and 64"));
}

// The number of so many bits, with a sign, that `value` in [-1, 1] stands for.
int64_t Rounded(double value, int64_t bits) {
  const double scale = std::ldexp(1.0, static_cast<int>(bits - 1));
  if (std::isnan(value)) return 0;
  return static_cast<int64_t>(std::clamp(std::nearbyint(value * scale), -scale, scale - 1));
}

void Append(const Format& format, double value, std::string& bytes) {
  const auto append = [&](const auto& number, size_t count) {
    bytes.append(reinterpret_cast<const char*>(&number), count);
  };
  switch (format.dtype) {
    case kFloat32:
      return append(static_cast<float>(value), sizeof(float));
    case kFloat64:
      return append(value, sizeof(double));
    case kUInt8:
      return append(static_cast<uint8_t>(Rounded(value, 8) + 128), 1);
    default:
      return append(Rounded(value, format.bits), static_cast<size_t>(format.bits / 8));
  }
}

template <typename T>
double ValueOf(T number) {
  if constexpr (std::is_same_v<T, int32_t>) return number / 2147483648.0;
  if constexpr (std::is_same_v<T, double>) return number;
  return Normal(number);
}

template <typename T>
void AppendAll(const Format& format, const Tensor& waveform, std::string& bytes) {
  const T* const numbers = waveform.data<T>();
  const int64_t channels = waveform.size(0), frames = waveform.size(1);
  for (int64_t i = 0; i < frames; ++i) {
    for (int64_t c = 0; c < channels; ++c) {
      Append(format, ValueOf(numbers[c * frames + i]), bytes);
    }
  }
}

}  // namespace

absl::StatusOr<AudioInfo> ParseAudioInfo(std::string_view bytes) {
  return InfoOf(MemorySource(bytes));
}
absl::StatusOr<AudioInfo> ReadAudioInfo(const std::string& path) {
  return ReadFromFile(path, InfoOf);
}

absl::StatusOr<Audio> ParseAudio(std::string_view bytes, const LoadOptions& options) {
  return Read(MemorySource(bytes), options);
}
absl::StatusOr<Audio> LoadAudio(const std::string& path, const LoadOptions& options) {
  return ReadFromFile(path, [&](const ByteSource& source) { return Read(source, options); });
}

std::string EncodeWav(const Tensor& given, int64_t sample_rate, const SaveOptions& options) {
  RequireDims("save", given, 2);
  Tensor waveform = Contiguous(To(options.channels_first ? given : Transpose(given, 0, 1), kCpu));
  if (IsFloating(waveform.dtype()) && waveform.dtype() != kFloat64) {
    waveform = Cast(waveform, kFloat32);
  }
  const DType dtype = waveform.dtype();
  if (!IsFloating(dtype) && dtype != kUInt8 && dtype != kInt16 && dtype != kInt32) {
    ThrowInvalidArgument(
        absl::StrCat("save: expected a waveform of uint8, int16, int32 or a floating type, got ",
                     Describe(given)));
  }
  if (sample_rate < 1 || sample_rate > int64_t{kMaxRate}) {
    ThrowInvalidArgument(
        absl::StrCat("save: sample_rate = ", sample_rate, " must be from 1 to ", kMaxRate));
  }
  const Format& format = FormatFor(dtype, options);
  const int64_t channels = waveform.size(0), number_bytes = format.bits / 8;
  if (channels < 1 || channels * number_bytes > std::numeric_limits<uint16_t>::max()) {
    ThrowInvalidArgument(absl::StrCat("save: ", channels, " channels, in ", Describe(given),
                                      options.channels_first ? " [channels, frames]" : ""));
  }
  constexpr uint32_t kHeader = 44;
  const int64_t size = waveform.numel() * number_bytes;
  if (size > int64_t{kNoSize} - kHeader - 1) {
    ThrowInvalidArgument(absl::StrCat("save: ", Describe(given), " is ", size,
                                      " bytes, more than a WAV file holds"));
  }
  std::string bytes;
  bytes.reserve(static_cast<size_t>(size) + kHeader + 1);
  const auto put = [&bytes](auto number) {
    bytes.append(reinterpret_cast<const char*>(&number), sizeof(number));
  };
  const auto data_size = static_cast<uint32_t>(size);
  bytes += "RIFF";
  put(kHeader - 8 + data_size + data_size % 2);
  bytes += "WAVEfmt ";
  put(uint32_t{16});
  put(IsFloating(format.dtype) ? kFloat : kPcm);
  put(static_cast<uint16_t>(channels));
  put(static_cast<uint32_t>(sample_rate));
  // Bytes a second, which say no more than the rest; what is beyond their 32 bits is left out.
  put(static_cast<uint32_t>(sample_rate * channels * number_bytes));
  put(static_cast<uint16_t>(channels * number_bytes));
  put(static_cast<uint16_t>(format.bits));
  bytes += "data";
  put(data_size);
  switch (dtype) {
    case kUInt8:
      AppendAll<uint8_t>(format, waveform, bytes);
      break;
    case kInt16:
      AppendAll<int16_t>(format, waveform, bytes);
      break;
    case kInt32:
      AppendAll<int32_t>(format, waveform, bytes);
      break;
    case kFloat32:
      AppendAll<float>(format, waveform, bytes);
      break;
    default:
      AppendAll<double>(format, waveform, bytes);
  }
  if (data_size % 2 == 1) bytes += '\0';
  return bytes;
}

void SaveAudio(const std::string& path, const Tensor& waveform, int64_t sample_rate,
               const SaveOptions& options) {
  const std::string bytes = EncodeWav(waveform, sample_rate, options);
  WriteFileAtomically(path, {bytes});
}

}  // namespace neura::data::audio
