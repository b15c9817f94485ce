#include "neura/data/tar.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "neura/data/internal/reading.h"
#include "neura/tensor/core/error.h"

namespace neura::data {
namespace {

constexpr uint64_t kBlock = 512;
// No name is longer.
constexpr uint64_t kMostText = 1 << 20;

using Block = std::array<char, kBlock>;

std::string_view Field(const Block& block, size_t from, size_t size) {
  const std::string_view field(block.data() + from, size);
  return field.substr(0, field.find('\0'));
}

// Octal digits, or, after a byte with the highest bit, the number itself.
std::optional<uint64_t> Number(const Block& block, size_t from, size_t size) {
  uint64_t value = 0;
  if ((block[from] & 0x80) != 0) {
    for (size_t i = from; i < from + size; ++i) {
      const auto byte = static_cast<uint8_t>(i == from ? block[i] & 0x7f : block[i]);
      if (value >> 55 != 0) return std::nullopt;
      value = value << 8 | byte;
    }
    return value;
  }
  std::string_view digits = Field(block, from, size);
  while (!digits.empty() && digits.front() == ' ') digits.remove_prefix(1);
  while (!digits.empty() && digits.back() == ' ') digits.remove_suffix(1);
  for (const char digit : digits) {
    if (digit < '0' || digit > '7' || value >> 60 != 0) return std::nullopt;
    value = value << 3 | static_cast<uint64_t>(digit - '0');
  }
  return value;
}

// The sum of the header's bytes, those of the checksum taken for blanks.
bool ChecksumFits(const Block& block) {
  uint64_t sum = 0;
  for (size_t i = 0; i < kBlock; ++i) {
    sum += i >= 148 && i < 156 ? uint64_t{' '} : static_cast<uint8_t>(block[i]);
  }
  return Number(block, 148, 8) == sum;
}

}  // namespace

absl::StatusOr<std::string> TarReader::Text(uint64_t size) const {
  if (size > kMostText || size > source_->size() - offset_) {
    return absl::DataLossError(absl::StrCat("an extended header of ", size, " bytes"));
  }
  std::string text(size, '\0');
  absl::Status status = source_->Read(offset_, text.data(), size);
  if (!status.ok()) return status;
  return text;
}

// Records "<length> <key>=<value>\n", of which the length counts all.
absl::Status TarReader::ReadPax(uint64_t size, Extended& extended) const {
  const absl::StatusOr<std::string> text = Text(size);
  if (!text.ok()) return text.status();
  std::string_view rest = *text;
  while (!rest.empty()) {
    const size_t blank = rest.find(' ');
    uint64_t length = 0;
    if (blank == std::string_view::npos || !absl::SimpleAtoi(rest.substr(0, blank), &length) ||
        length <= blank + 1 || length > rest.size() || rest[length - 1] != '\n') {
      return absl::DataLossError("a corrupt extended header");
    }
    const std::string_view record = rest.substr(blank + 1, length - blank - 2);
    const size_t equals = record.find('=');
    if (equals == std::string_view::npos) return absl::DataLossError("a corrupt extended header");
    const std::string_view key = record.substr(0, equals), value = record.substr(equals + 1);
    if (key == "path") extended.name = std::string(value);
    if (key == "size") {
      uint64_t number = 0;
      if (!absl::SimpleAtoi(value, &number)) {
        return absl::DataLossError("a corrupt extended header");
      }
      extended.size = number;
    }
    rest.remove_prefix(length);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<TarReader::Entry>> TarReader::Next() {
  Extended extended;
  for (;;) {
    if (source_->size() - offset_ < kBlock) {
      return absl::DataLossError("truncated: it ends without the mark of its end");
    }
    Block block;
    absl::Status status = source_->Read(offset_, block.data(), kBlock);
    if (!status.ok()) return status;
    if (std::all_of(block.begin(), block.end(), [](char c) { return c == 0; })) {
      return std::nullopt;
    }
    const std::string where = absl::StrCat("the header at byte ", offset_);
    const std::optional<uint64_t> written = Number(block, 124, 12);
    if (!ChecksumFits(block) || !written) {
      return absl::DataLossError(absl::StrCat("not a tar file, or corrupt: ", where));
    }
    offset_ += kBlock;
    const char type = block[156];
    const bool describes = type == 'x' || type == 'g' || type == 'L' || type == 'K';
    // Links, devices and folders have no data, whatever their size says.
    const bool empty = type >= '1' && type <= '6';
    const uint64_t size =
        describes ? *written : extended.size.value_or(empty ? uint64_t{0} : *written);
    if (size > source_->size() - offset_) {
      return absl::DataLossError(absl::StrCat("truncated: ", where, " is followed by ",
                                              source_->size() - offset_, " of ", size, " bytes"));
    }
    Entry entry{extended.name, offset_, size};
    if (type == 'x') {
      status = ReadPax(size, extended);
      if (!status.ok()) return status;
    } else if (type == 'L') {
      absl::StatusOr<std::string> name = Text(size);
      if (!name.ok()) return name.status();
      extended.name = name->substr(0, name->find('\0'));
    } else if (!describes) {
      extended = {};
    }
    const uint64_t blocks = (size + kBlock - 1) / kBlock;
    offset_ = std::min(source_->size(), offset_ + blocks * kBlock);
    if (type != '0' && type != '\0' && type != '7') continue;
    if (entry.name.empty()) {
      const std::string_view prefix =
          Field(block, 257, 5) == "ustar" ? Field(block, 345, 155) : std::string_view();
      entry.name = prefix.empty() ? std::string(Field(block, 0, 100))
                                  : absl::StrCat(prefix, "/", Field(block, 0, 100));
    }
    return entry;
  }
}

TarDataset::Stream::Stream(std::vector<std::string> paths, int64_t part, int64_t parts)
    : paths_(std::move(paths)),
      next_(static_cast<size_t>(part)),
      step_(static_cast<size_t>(parts)) {}

std::optional<TarExample> TarDataset::Stream::NextOfArchive() {
  TarExample example;
  for (;; ahead_.reset()) {
    if (!ahead_) {
      absl::StatusOr<std::optional<TarReader::Entry>> entry = reader_->Next();
      if (!entry.ok()) ThrowStatus(InFile(path_, entry.status()));
      ahead_ = *std::move(entry);
    }
    if (!ahead_) break;
    const std::string& name = ahead_->name;
    const size_t slash = name.rfind('/');
    const size_t dot = name.find('.', slash == std::string::npos ? 0 : slash + 1);
    if (dot == std::string::npos) continue;
    std::string key = name.substr(0, dot), part = name.substr(dot + 1);
    // Files of the next example, or another file of the same name.
    if (!example.empty() && (example.at("__key__") != key || example.contains(part))) break;
    std::string bytes(ahead_->size, '\0');
    const absl::Status status = source_->Read(ahead_->offset, bytes.data(), bytes.size());
    if (!status.ok()) ThrowStatus(InFile(path_, status));
    example.emplace("__key__", std::move(key));
    example.emplace(std::move(part), std::move(bytes));
  }
  if (example.empty()) return std::nullopt;
  return example;
}

std::optional<TarExample> TarDataset::Stream::Next() {
  for (;;) {
    if (source_ == nullptr) {
      if (next_ >= paths_.size()) return std::nullopt;
      path_ = paths_[next_];
      next_ += step_;
      source_ = internal::OpenFile(path_);
      reader_.emplace(*source_);
      ahead_.reset();
    }
    if (std::optional<TarExample> example = NextOfArchive()) return example;
    source_.reset();
  }
}

TarDataset::Stream TarDataset::Begin(const Epoch&) const {
  const internal::Share share = internal::OwnShare();
  return Stream(paths_, share.part, share.parts);
}

}  // namespace neura::data
