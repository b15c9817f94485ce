#include "neura/data/internal/inflate_reader.h"

#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace neura::data::internal {
namespace {

constexpr uint64_t kMaxRatio = 1032;
constexpr int kGzipWindow = 15 + 16;  // zlib: the largest window, in gzip's format

uInt Chunk(uint64_t count) {
  return static_cast<uInt>(std::min<uint64_t>(count, std::numeric_limits<uInt>::max()));
}

}  // namespace

InflateReader::InflateReader(std::string_view bytes) : rest_(bytes) {
  if (!absl::StartsWith(bytes, "\x1f\x8b")) return;
  stream_ = std::make_unique<z_stream>();
  if (inflateInit2(stream_.get(), kGzipWindow) != Z_OK) throw std::bad_alloc();
}

InflateReader::~InflateReader() {
  if (stream_ != nullptr) inflateEnd(stream_.get());
}

uint64_t InflateReader::max_size() const {
  return stream_ == nullptr ? rest_.size() : rest_.size() * kMaxRatio;
}

absl::Status InflateReader::Read(void* out, uint64_t count) {
  if (stream_ != nullptr) return Inflate(static_cast<char*>(out), count);
  if (count > rest_.size()) {
    return absl::DataLossError(
        absl::StrCat("truncated: ", count, " more bytes expected, there are ", rest_.size()));
  }
  if (count > 0) std::memcpy(out, rest_.data(), count);
  rest_.remove_prefix(count);
  return absl::OkStatus();
}

absl::Status InflateReader::Inflate(char* out, uint64_t count) {
  while (count > 0 && !ended_) {
    stream_->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(rest_.data()));
    stream_->avail_in = Chunk(rest_.size());
    stream_->next_out = reinterpret_cast<Bytef*>(out);
    stream_->avail_out = Chunk(count);
    const uInt room = stream_->avail_out, given = stream_->avail_in;
    const int result = inflate(stream_.get(), Z_NO_FLUSH);
    rest_.remove_prefix(given - stream_->avail_in);
    out += room - stream_->avail_out;
    count -= room - stream_->avail_out;
    ended_ = result == Z_STREAM_END;
    if (result == Z_BUF_ERROR) break;  // The input has ended too early.
    if (result != Z_OK && !ended_) {
      return absl::DataLossError(
          absl::StrCat("corrupt gzip: ", stream_->msg != nullptr ? stream_->msg : zError(result)));
    }
  }
  if (count == 0) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("truncated: ", count, " more bytes expected"));
}

absl::Status InflateReader::Finish() {
  if (stream_ != nullptr && !ended_) {
    // The checksum comes with the attempt to read one byte more.
    char extra;
    absl::Status status = Inflate(&extra, 1);
    if (status.ok()) return absl::DataLossError("more bytes than expected");
    if (!ended_) return status;
  }
  if (!rest_.empty()) {
    return absl::DataLossError(absl::StrCat(rest_.size(), " bytes more than expected"));
  }
  return absl::OkStatus();
}

}  // namespace neura::data::internal
