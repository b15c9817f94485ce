#include "neura/data/text/internal/aligned_text.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"

namespace neura::data::text::internal {
namespace {

// How long a text of so many bytes may become: parts of a hostile file could each double it.
// Normal forms make 11 bytes of one at most.
size_t LimitFor(size_t size) { return 16 * size + 4096; }

// Joins each match to the part before it, unless that is one, too.
std::vector<Part> MergedWithPrevious(const std::vector<Part>& parts) {
  std::vector<Part> merged;
  bool previous = false;
  for (const Part& part : parts) {
    if (part.matches && !previous && !merged.empty()) {
      merged.back().end = part.end;
    } else {
      merged.push_back(part);
    }
    previous = part.matches;
  }
  return merged;
}

std::vector<Part> MergedWithNext(const std::vector<Part>& parts) {
  std::vector<Part> merged;
  bool next = false;
  for (size_t i = parts.size(); i-- > 0;) {
    if (parts[i].matches && !next && !merged.empty()) {
      merged.back().begin = parts[i].begin;
    } else {
      merged.push_back(parts[i]);
    }
    next = parts[i].matches;
  }
  std::reverse(merged.begin(), merged.end());
  return merged;
}

std::vector<Part> Contiguous(const std::vector<Part>& parts) {
  std::vector<Part> merged;
  for (const Part& part : parts) {
    // What does not match comes before the first part.
    const bool previous = !merged.empty() && merged.back().matches;
    if (!merged.empty() && part.matches == previous) {
      merged.back().end = part.end;
    } else {
      merged.push_back(part);
    }
  }
  return merged;
}

}  // namespace

AlignedText::AlignedText(std::string text)
    : text_(std::move(text)), limit_(LimitFor(text_.size())) {
  if (text_.size() >= std::numeric_limits<uint32_t>::max()) {
    ThrowInvalidArgument(
        absl::StrCat("a text of ", text_.size(), " bytes; less than 4 GiB are expected"));
  }
  origins_.reserve(text_.size());
  for (size_t at = 0; at < text_.size();) {
    const auto begin = static_cast<uint32_t>(at);
    NextCharacter(text_, at);
    origins_.resize(at, {begin, static_cast<uint32_t>(at)});
  }
}

AlignedText AlignedText::Slice(size_t begin, size_t end) const {
  AlignedText part;
  part.text_ = text_.substr(begin, end - begin);
  part.origins_.assign(origins_.begin() + static_cast<std::ptrdiff_t>(begin),
                       origins_.begin() + static_cast<std::ptrdiff_t>(end));
  part.limit_ = LimitFor(end - begin);
  part.start_ = part.origins_.empty() ? start_ : part.origins_.front().begin;
  return part;
}

Place AlignedText::Origin(size_t begin, size_t end) const {
  if (begin > end || end > origins_.size()) {
    ThrowInternal(absl::StrCat("bytes ", begin, " to ", end, " of a text of ", origins_.size()));
  }
  if (begin == end) {
    const uint32_t at = begin < origins_.size() ? origins_[begin].begin
                        : origins_.empty()      ? start_
                                                : origins_.back().end;
    return {at, at};
  }
  return {origins_[begin].begin, origins_[end - 1].end};
}

std::vector<AlignedText> AlignedText::Cut(std::vector<Part> parts, Delimiters delimiters) const {
  if (delimiters == Delimiters::kMergedWithPrevious) parts = MergedWithPrevious(parts);
  if (delimiters == Delimiters::kMergedWithNext) parts = MergedWithNext(parts);
  if (delimiters == Delimiters::kContiguous) parts = Contiguous(parts);
  std::vector<AlignedText> pieces;
  pieces.reserve(parts.size());
  for (const Part& part : parts) {
    if (part.begin == part.end) continue;
    if (part.matches && delimiters == Delimiters::kRemoved) continue;
    pieces.push_back(Slice(part.begin, part.end));
  }
  return pieces;
}

void AlignedText::Transform(absl::Span<const Change> changes, size_t removed) {
  size_t at = 0;  // in the former text
  for (size_t i = 0; i < removed; ++i) NextCharacter(text_, at);
  std::string text;
  std::vector<Place> origins;
  text.reserve(text_.size());
  origins.reserve(text_.size());
  for (const Change& change : changes) {
    Place origin = {start_, start_};
    if (change.change > 0) {
      if (at > 0) origin = origins_[at - 1];
    } else {
      origin = origins_[at];
      for (int32_t i = change.change; i <= 0; ++i) NextCharacter(text_, at);
    }
    AppendCharacter(change.c, text);
    origins.resize(text.size(), origin);
  }
  CheckSize(text.size());
  text_ = std::move(text);
  origins_ = std::move(origins);
}

void AlignedText::Replace(const std::vector<Part>& parts, std::string_view content) {
  std::string text;
  std::vector<Place> origins;
  for (const Part& part : parts) {
    if (!part.matches) {
      text.append(text_, part.begin, part.end - part.begin);
      origins.insert(origins.end(), origins_.begin() + static_cast<std::ptrdiff_t>(part.begin),
                     origins_.begin() + static_cast<std::ptrdiff_t>(part.end));
      continue;
    }
    CheckSize(text.size() + content.size());
    text.append(content);
    origins.resize(text.size(), part.end > 0 ? origins_[part.end - 1] : Place{start_, start_});
  }
  text_ = std::move(text);
  origins_ = std::move(origins);
}

void AlignedText::CheckSize(size_t size) const {
  if (size > limit_) {
    ThrowInvalidArgument(absl::StrCat("the tokenizer makes more than ", limit_,
                                      " bytes of a text, by which it grows out of proportion"));
  }
}

void AlignedText::Prepend(std::string_view before) {
  if (text_.empty()) return;
  CheckSize(text_.size() + before.size());
  text_.insert(0, before);
  const Place first = origins_.front();
  origins_.insert(origins_.begin(), before.size(), first);
}

}  // namespace neura::data::text::internal
