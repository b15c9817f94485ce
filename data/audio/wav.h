// WAV files (RIFF WAVE; RF64 where they are larger than 4 GiB): what torchaudio.load(), info() and
// save() do with them.
//
//   Audio sound = *audio::LoadAudio("speech.wav");
//   audio::SaveAudio("speech16.wav", sound.waveform, sound.sample_rate, {.encoding = "PCM_S"});
#ifndef NEURA_DATA_AUDIO_WAV_H_
#define NEURA_DATA_AUDIO_WAV_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "neura/tensor/core/tensor.h"

namespace neura::data::audio {

struct AudioInfo {
  int64_t sample_rate = 0;
  int64_t num_frames = 0;  // numbers of a channel
  int64_t num_channels = 0;
  int64_t bits_per_sample = 0;
  std::string encoding;  // "PCM_U", of 8 bits, "PCM_S", of 16, 24 and 32, "PCM_F", of 32 and 64
};

struct Audio {
  Tensor waveform;
  int64_t sample_rate = 0;
};

struct LoadOptions {
  int64_t frame_offset = 0;
  int64_t num_frames = -1;  // -1: all
  // float32 in [-1, 1], integers over the largest one; else as they stand in the file, uint8,
  // int16, int32, of which numbers of 24 bits take the upper ones, float32 or float64.
  bool normalize = true;
  bool channels_first = true;  // [channels, frames]; else [frames, channels]
};

// What a file says of itself. Chunks stand in any order; a last chunk of data that has no size, as
// programs write it that do not know the end, extends to the file's end, and a part of a frame at
// the end is left out. InvalidArgument: no WAV file, or of an encoding that is none of the above;
// DataLoss: truncated, or of sizes that cannot be. Errors name the chunk, those of files the file.
absl::StatusOr<AudioInfo> ParseAudioInfo(std::string_view bytes);
absl::StatusOr<AudioInfo> ReadAudioInfo(const std::string& path);

// The numbers of a file. InvalidArgument also where frame_offset is negative or num_frames below
// -1; beyond the end there are no frames.
absl::StatusOr<Audio> ParseAudio(std::string_view bytes, const LoadOptions& options = {});
absl::StatusOr<Audio> LoadAudio(const std::string& path, const LoadOptions& options = {});

struct SaveOptions {
  bool channels_first = true;
  // As AudioInfo has them. By default "PCM_F" of 32 bits for floating types, and what integers
  // have; of one of the two alone the other follows, 16 bits for "PCM_S".
  std::optional<std::string> encoding = {};
  std::optional<int64_t> bits_per_sample = {};
};

// The bytes of a WAV file of a waveform [channels, frames] of uint8, int16, int32 or a floating
// type. Numbers become those of another encoding as LoadAudio() takes them apart, rounded, and what
// is beyond the largest one is that. Throws InvalidArgument for other tensors, rates that are not
// from 1 to 2^31 - 1, and what is larger than 4 GiB.
std::string EncodeWav(const Tensor& waveform, int64_t sample_rate, const SaveOptions& options = {});
// Throws Error that names the file.
void SaveAudio(const std::string& path, const Tensor& waveform, int64_t sample_rate,
               const SaveOptions& options = {});

}  // namespace neura::data::audio

#endif  // NEURA_DATA_AUDIO_WAV_H_
