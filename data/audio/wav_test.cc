// WAV files, put together byte by byte.
#include "neura/data/audio/wav.h"

#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/error_of.h"
#include "neura/tensor/testing/values.h"

namespace neura::data::audio {
namespace {

using neura::testing::ErrorOf;
using neura::testing::Values;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

template <typename... T>
std::string Bytes(T... numbers) {
  std::string bytes;
  (bytes.append(reinterpret_cast<const char*>(&numbers), sizeof(numbers)), ...);
  return bytes;
}

std::string Chunk(const std::string& name, const std::string& content) {
  return name + Bytes(static_cast<uint32_t>(content.size())) + content +
         std::string(content.size() % 2, '\0');
}

std::string Riff(const std::string& chunks) {
  return "RIFF" + Bytes(static_cast<uint32_t>(chunks.size() + 4)) + "WAVE" + chunks;
}

std::string Format(int tag, int channels, int bits, uint32_t rate = 8000) {
  const int frame = channels * ((bits + 7) / 8);
  return Bytes(static_cast<uint16_t>(tag), static_cast<uint16_t>(channels), rate,
               rate * static_cast<uint32_t>(frame), static_cast<uint16_t>(frame),
               static_cast<uint16_t>(bits));
}

std::string Wav(int tag, int channels, int bits, const std::string& data) {
  return Riff(Chunk("fmt ", Format(tag, channels, bits)) + Chunk("data", data));
}

std::vector<double> Loaded(const std::string& bytes, const LoadOptions& options = {}) {
  const absl::StatusOr<Audio> audio = ParseAudio(bytes, options);
  if (!audio.ok()) {
    ADD_FAILURE() << audio.status();
    return {};
  }
  return Values<double>(Cast(audio->waveform, kFloat64));
}

std::string MessageOf(const std::string& bytes, const LoadOptions& options = {}) {
  return std::string(ParseAudio(bytes, options).status().message());
}

TEST(WavTest, ReadsEachEncoding) {
  EXPECT_THAT(Loaded(Wav(1, 1, 8, Bytes(uint8_t{0}, uint8_t{128}, uint8_t{192}))),
              ElementsAre(-1, 0, 0.5));
  EXPECT_THAT(Loaded(Wav(1, 1, 16, Bytes(int16_t{-32768}, int16_t{16384}))), ElementsAre(-1, 0.5));
  const std::string of_24("\x00\x00\x80\x00\x00\x40\x01\x00\x00", 9);
  EXPECT_THAT(Loaded(Wav(1, 1, 24, of_24)), ElementsAre(-1, 0.5, 1.0 / (1 << 23)));
  EXPECT_THAT(Loaded(Wav(1, 1, 24, of_24), {.normalize = false}),
              ElementsAre(-2147483648.0, 1 << 30, 256));
  EXPECT_THAT(Loaded(Wav(1, 1, 32, Bytes(int32_t{1 << 30}))), ElementsAre(0.5));
  EXPECT_THAT(Loaded(Wav(3, 1, 32, Bytes(1.5F))), ElementsAre(1.5));
  EXPECT_THAT(Loaded(Wav(3, 1, 64, Bytes(-0.25))), ElementsAre(-0.25));
  EXPECT_EQ(ParseAudio(Wav(3, 1, 64, Bytes(-0.25)), {.normalize = false})->waveform.dtype(),
            kFloat64);
}

TEST(WavTest, TakesChannelsApart) {
  const std::string wav = Wav(1, 2, 16, Bytes(int16_t{1}, int16_t{2}, int16_t{3}, int16_t{4}));
  const absl::StatusOr<Audio> audio = ParseAudio(wav, {.normalize = false});
  ASSERT_TRUE(audio.ok()) << audio.status();
  EXPECT_EQ(audio->waveform.shape(), DimsView({2, 2}));
  EXPECT_EQ(audio->waveform.dtype(), kInt16);
  EXPECT_EQ(audio->sample_rate, 8000);
  EXPECT_THAT(Values<int16_t>(audio->waveform), ElementsAre(1, 3, 2, 4));
  EXPECT_THAT(Loaded(wav, {.normalize = false, .channels_first = false}), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(Loaded(wav, {.frame_offset = 1, .normalize = false}), ElementsAre(3, 4));
  EXPECT_THAT(Loaded(wav, {.num_frames = 1, .normalize = false}), ElementsAre(1, 2));
  EXPECT_THAT(Loaded(wav, {.frame_offset = 5}), ElementsAre());
  const AudioInfo info = *ParseAudioInfo(wav);
  EXPECT_EQ(info.num_frames, 2);
  EXPECT_EQ(info.num_channels, 2);
  EXPECT_EQ(info.bits_per_sample, 16);
  EXPECT_EQ(info.encoding, "PCM_S");
}

TEST(WavTest, ReadsWhatProgramsWrite) {
  const std::string format = Chunk("fmt ", Format(1, 1, 16)), odd = Chunk("LIST", "abc"),
                    numbers = Bytes(int16_t{16384}, int16_t{-16384});
  EXPECT_THAT(Loaded(Riff(odd + format + odd + Chunk("data", numbers))), ElementsAre(0.5, -0.5));
  EXPECT_THAT(Loaded(Riff(Chunk("data", numbers) + odd + format)), ElementsAre(0.5, -0.5));
  // A part of a frame, and no byte that makes the size even.
  EXPECT_THAT(Loaded(Riff(format + "data" + Bytes(uint32_t{5}) + numbers + "x")),
              ElementsAre(0.5, -0.5));
  // Streams.
  const std::string endless = Bytes(uint32_t{0xffffffff});
  EXPECT_THAT(Loaded("RIFF" + endless + "WAVE" + format + "data" + endless + numbers),
              ElementsAre(0.5, -0.5));
  EXPECT_THAT(Loaded("RIFF" + Bytes(0) + "WAVE" + format + "data" + Bytes(0) + numbers),
              ElementsAre(0.5, -0.5));
  EXPECT_THAT(Loaded(Riff(format + Chunk("data", ""))), ElementsAre());
  EXPECT_THAT(Loaded("RF64" + endless + "WAVE" +
                     Chunk("ds64", Bytes(uint64_t{0}, uint64_t{2}, uint64_t{1})) + format + "data" +
                     endless + numbers),
              ElementsAre(0.5));
  // An extensible format says the encoding once more; 12 bits stand in the upper ones of 16.
  const std::string more =
      Bytes(uint16_t{22}, uint16_t{12}, uint32_t{4}, uint16_t{1}) +
      std::string("\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71", 14);
  EXPECT_THAT(Loaded(Riff(Chunk("fmt ", Format(0xfffe, 1, 12) + more) + Chunk("data", numbers))),
              ElementsAre(0.5, -0.5));
}

TEST(WavTest, SaysWhatIsWrong) {
  const std::string format = Chunk("fmt ", Format(1, 1, 16));
  EXPECT_THAT(MessageOf(""), HasSubstr("not a WAV file"));
  EXPECT_THAT(MessageOf("RIFF1234AVI chunks"), HasSubstr("not a WAV file"));
  EXPECT_THAT(MessageOf(Riff(format)), HasSubstr("there is no chunk 'data'"));
  EXPECT_THAT(MessageOf(Riff(Chunk("data", "ab"))), HasSubstr("there is no chunk 'fmt '"));
  EXPECT_THAT(MessageOf(Riff(format + "data" + Bytes(uint32_t{0x7fffffff}) + "ab")),
              HasSubstr("truncated: chunk 'data' of 2147483647 bytes, 2 are left"));
  EXPECT_THAT(MessageOf(Riff("LIST" + Bytes(uint32_t{0xffffffff}) + format)),
              HasSubstr("truncated: chunk 'LIST'"));
  EXPECT_THAT(MessageOf(Riff(Chunk("fmt ", "abc"))), HasSubstr("chunk 'fmt ' of 3 bytes"));
  EXPECT_THAT(MessageOf(Wav(1, 0, 16, "")), HasSubstr("chunk 'fmt ': 0 channels"));
  EXPECT_THAT(MessageOf(Riff(Chunk("fmt ", Format(1, 1, 16, 0)))), HasSubstr("0 frames a second"));
  EXPECT_THAT(MessageOf(Riff(Chunk("fmt ", Format(1, 1, 16, 0xffffffff)))),
              HasSubstr("4294967295 frames a second"));
  EXPECT_THAT(MessageOf(Wav(6, 1, 8, "a")), HasSubstr("encoding 6 of 8 bits"));
  EXPECT_THAT(MessageOf(Wav(1, 1, 64, "")), HasSubstr("encoding 1 of 64 bits"));
  std::string lying = Format(1, 2, 16);
  lying[12] = 3;
  EXPECT_THAT(MessageOf(Riff(Chunk("fmt ", lying))),
              HasSubstr("frames of 3 bytes cannot be 2 channels of 16 bits"));
  EXPECT_THAT(MessageOf(Riff(Chunk("fmt ", Format(0xfffe, 1, 16)))), HasSubstr("extensible"));
  EXPECT_THAT(MessageOf(Wav(1, 1, 16, ""), {.frame_offset = -1}), HasSubstr("frame_offset = -1"));
  EXPECT_THAT(MessageOf(Wav(1, 1, 16, ""), {.num_frames = -2}), HasSubstr("num_frames = -2"));
}

TEST(WavTest, WritesWhatItReads) {
  const Tensor waveform = FromList<float>({-1, 0.25, 2, 0.5, -0.5, 0}, {2, 3});
  const std::string as_float = EncodeWav(waveform, 16000);
  EXPECT_THAT(as_float, StartsWith(Riff("").substr(0, 4)));
  EXPECT_EQ(ParseAudioInfo(as_float)->encoding, "PCM_F");
  EXPECT_EQ(ParseAudioInfo(as_float)->sample_rate, 16000);
  EXPECT_THAT(Loaded(as_float), ElementsAre(-1, 0.25, 2, 0.5, -0.5, 0));
  // What is beyond the largest number is that.
  const auto saved = [&](const char* encoding, int64_t bits) {
    return Loaded(EncodeWav(waveform, 8000, {.encoding = encoding, .bits_per_sample = bits}));
  };
  EXPECT_THAT(saved("PCM_S", 16), ElementsAre(-1, 0.25, 32767.0 / 32768, 0.5, -0.5, 0));
  EXPECT_THAT(saved("PCM_S", 24), ElementsAre(-1, 0.25, 8388607.0 / 8388608, 0.5, -0.5, 0));
  EXPECT_THAT(saved("PCM_S", 32), ElementsAre(-1, 0.25, 1, 0.5, -0.5, 0));
  EXPECT_THAT(saved("PCM_U", 8), ElementsAre(-1, 0.25, 127.0 / 128, 0.5, -0.5, 0));
  EXPECT_THAT(saved("PCM_F", 64), ElementsAre(-1, 0.25, 2, 0.5, -0.5, 0));
  const Tensor integers = FromList<int16_t>({-32768, 32767, 1}, {1, 3});
  const std::string wav = EncodeWav(integers, 8000);
  EXPECT_EQ(wav, Wav(1, 1, 16, Bytes(int16_t{-32768}, int16_t{32767}, int16_t{1})));
  EXPECT_THAT(Loaded(wav, {.normalize = false}), ElementsAre(-32768, 32767, 1));
  EXPECT_EQ(EncodeWav(Transpose(integers, 0, 1), 8000, {.channels_first = false}), wav);
  EXPECT_EQ(EncodeWav(FromList<uint8_t>({1, 2, 3}, {1, 3}), 8000),
            Wav(1, 1, 8, std::string("\1\2\3")));
}

TEST(WavTest, RefusesWhatNoFileHolds) {
  EXPECT_THAT(ErrorOf([] { EncodeWav(Ones({3}), 8000); }),
              HasSubstr("save: expected 2 dimensions"));
  EXPECT_THAT(ErrorOf([] { EncodeWav(Ones({1, 3}), 0); }), HasSubstr("sample_rate = 0"));
  EXPECT_THAT(ErrorOf([] { EncodeWav(Ones({70000, 1}), 8000); }), HasSubstr("70000 channels"));
  EXPECT_THAT(ErrorOf([] {
                EncodeWav(Ones({1, 3}, {.dtype = kInt64}), 8000);
              }),
              HasSubstr("int64"));
  EXPECT_THAT(ErrorOf([] {
                EncodeWav(Ones({1, 3}), 8000, {.encoding = "ULAW"});
              }),
              HasSubstr("encoding = 'ULAW'"));
}

TEST(WavTest, ErrorsNameTheFile) {
  const std::string path = ::testing::TempDir() + "/sound.wav";
  SaveAudio(path, FromList<float>({0.5, -0.5}, {1, 2}), 44100);
  EXPECT_THAT(Values(LoadAudio(path)->waveform), ElementsAre(0.5, -0.5));
  EXPECT_EQ(ReadAudioInfo(path)->num_frames, 2);
  std::FILE* const file = std::fopen(path.c_str(), "wb");
  std::fputs("nothing", file);
  std::fclose(file);
  EXPECT_THAT(std::string(LoadAudio(path).status().message()),
              HasSubstr("sound.wav: not a WAV file"));
}

}  // namespace
}  // namespace neura::data::audio
