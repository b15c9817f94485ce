// A text on its way to tokens, which remembers what it was.
#ifndef NEURA_DATA_TEXT_INTERNAL_ALIGNED_TEXT_H_
#define NEURA_DATA_TEXT_INTERNAL_ALIGNED_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "neura/data/text/internal/unicode.h"

namespace neura::data::text::internal {

// From one byte to before another one.
struct Place {
  uint32_t begin = 0, end = 0;
};

// A part of a text where a pattern matches, or none of the parts between.
struct Part {
  size_t begin, end;
  bool matches;
};

// What becomes of the matches where a text is cut.
enum class Delimiters {
  kRemoved,             // they are left out
  kIsolated,            // parts of their own
  kMergedWithPrevious,  // the end of the part before
  kMergedWithNext,      // the start of the part after
  kContiguous,          // parts of their own, those that touch together
};

// UTF-8, each byte of which knows the place in the original text that it comes from.
class AlignedText {
 public:
  AlignedText() = default;
  // The original itself, of less than 4 GiB.
  explicit AlignedText(std::string text);

  const std::string& text() const { return text_; }
  bool empty() const { return text_.empty(); }
  // Where the text begins in the original.
  uint32_t start() const { return start_; }

  // Bytes begin to end, at the ends of characters.
  AlignedText Slice(size_t begin, size_t end) const;
  // Where bytes begin to end come from.
  Place Origin(size_t begin, size_t end) const;
  // Cut by parts that cover it, in their order.
  std::vector<AlignedText> Cut(std::vector<Part> parts, Delimiters delimiters) const;
  // Cut at each character for which `test` holds.
  template <typename Test>
  std::vector<AlignedText> CutAt(Test test, Delimiters delimiters) const;

  // Replaces the text, after as many characters were taken from its start. Throws InvalidArgument
  // where it grows out of proportion, as Replace does.
  void Transform(absl::Span<const Change> changes, size_t removed = 0);
  // Keeps the characters for which `keep` holds.
  template <typename Keep>
  void Filter(Keep keep);
  // Replaces each match among the parts, which cover the text, by `content`, which stands where the
  // match's last character does.
  void Replace(const std::vector<Part>& parts, std::string_view content);
  // Puts UTF-8 before a text that is not empty, where its first character stands.
  void Prepend(std::string_view before);

 private:
  void CheckSize(size_t size) const;

  std::string text_;
  std::vector<Place> origins_;  // of each byte
  uint32_t start_ = 0;          // in the original
  size_t limit_ = 0;            // of bytes
};

// The parts of a text that are runs of characters for which `test` does not hold, and each
// character for which it does. An empty text is one part.
template <typename Test>
std::vector<Part> PartsWhere(std::string_view text, Test test) {
  std::vector<Part> parts;
  size_t before = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t begin = at;
    if (!test(NextCharacter(text, at))) continue;
    if (begin > before) parts.push_back({before, begin, false});
    parts.push_back({begin, at, true});
    before = at;
  }
  if (before < text.size() || parts.empty()) parts.push_back({before, text.size(), false});
  return parts;
}

template <typename Test>
std::vector<AlignedText> AlignedText::CutAt(Test test, Delimiters delimiters) const {
  return Cut(PartsWhere(text_, test), delimiters);
}

template <typename Keep>
void AlignedText::Filter(Keep keep) {
  std::vector<Change> changes;
  changes.reserve(text_.size());
  size_t removed_first = 0;
  bool all = true;
  for (size_t at = 0; at < text_.size();) {
    const char32_t c = NextCharacter(text_, at);
    if (keep(c)) {
      changes.push_back({c, 0});
      continue;
    }
    all = false;
    if (changes.empty()) {
      ++removed_first;
    } else {
      --changes.back().change;
    }
  }
  if (!all) Transform(changes, removed_first);
}

}  // namespace neura::data::text::internal

#endif  // NEURA_DATA_TEXT_INTERNAL_ALIGNED_TEXT_H_
