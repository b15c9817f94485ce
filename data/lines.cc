#include "neura/data/lines.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"

namespace neura::data {

absl::StatusOr<std::optional<std::string>> LineReader::Next() {
  constexpr uint64_t kChunk = 1 << 16;
  size_t searched = at_;
  for (;;) {
    const size_t end = buffer_.find('\n', searched);
    const bool last = end == std::string::npos && offset_ == source_->size();
    if (end != std::string::npos || last) {
      if (last && at_ == buffer_.size()) return std::nullopt;
      std::string line = buffer_.substr(at_, last ? std::string::npos : end - at_);
      at_ = last ? buffer_.size() : end + 1;
      if (!line.empty() && line.back() == '\r') line.pop_back();
      return line;
    }
    searched = buffer_.size() - at_;
    buffer_.erase(0, at_);
    at_ = 0;
    const uint64_t count = std::min(kChunk, source_->size() - offset_);
    const size_t before = buffer_.size();
    buffer_.resize(before + count);
    absl::Status status = source_->Read(offset_, buffer_.data() + before, count);
    if (!status.ok()) return status;
    offset_ += count;
  }
}

}  // namespace neura::data
