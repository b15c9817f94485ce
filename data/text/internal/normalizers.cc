#include <algorithm>
#include <utility>

#include "neura/data/text/internal/pipeline.h"

namespace neura::data::text::internal {

void LowercaseText(AlignedText& text) {
  std::vector<Change> changes;
  changes.reserve(text.text().size());
  bool changed = false;
  for (size_t at = 0; at < text.text().size();) {
    const char32_t c = NextCharacter(text.text(), at);
    changes.push_back({ToLower(c), 0});
    if (c == 0x130) changes.push_back({0x307, 1});
    changed |= changes.back().c != c;
  }
  if (changed) text.Transform(changes);
}

void NormalizeForm(AlignedText& text, Form form) {
  if (!IsAscii(text.text())) text.Transform(Normalize(text.text(), form));
}

void StripAccents(AlignedText& text) {
  if (!IsAscii(text.text())) text.Filter([](char32_t c) { return !IsMark(c); });
}

void Strip::operator()(AlignedText& text) const {
  // Bytes between which all stays.
  size_t begin = text.text().size(), end = 0;
  for (size_t at = 0; at < text.text().size();) {
    const size_t before = at;
    if (IsSpace(NextCharacter(text.text(), at))) continue;
    begin = std::min(begin, before);
    end = at;
  }
  if (!left) begin = 0;
  if (!right) end = text.text().size();
  size_t at = 0;
  text.Filter([&](char32_t c) {
    const bool keep = at >= begin && at < end;
    at += SizeOf(c);
    return keep;
  });
}

void BertNormalizer::operator()(AlignedText& text) const {
  if (clean_text) {
    text.Filter([](char32_t c) { return c != 0 && c != 0xfffd && !IsControl(c); });
    std::vector<Change> changes;
    bool changed = false;
    for (size_t at = 0; at < text.text().size();) {
      const char32_t c = NextCharacter(text.text(), at);
      changes.push_back({IsSpace(c) ? U' ' : c, 0});
      changed |= changes.back().c != c;
    }
    if (changed) text.Transform(changes);
  }
  if (handle_chinese_chars && !IsAscii(text.text())) {
    std::vector<Change> changes;
    for (size_t at = 0; at < text.text().size();) {
      const char32_t c = NextCharacter(text.text(), at);
      if (IsChinese(c)) {
        changes.insert(changes.end(), {{U' ', 0}, {c, 1}, {U' ', 1}});
      } else {
        changes.push_back({c, 0});
      }
    }
    text.Transform(changes);
  }
  if (strip_accents.value_or(lowercase) && !IsAscii(text.text())) {
    NormalizeForm(text, Form::kNfd);
    text.Filter([](char32_t c) { return !IsNonspacingMark(c); });
  }
  if (lowercase) LowercaseText(text);
}

}  // namespace neura::data::text::internal
