#include "neura/data/text/internal/precompiled.h"

#include <cstring>

#include "neura/data/text/internal/models.h"
#include "neura/data/text/internal/unicode.h"
#include "neura/tensor/core/error.h"

namespace neura::data::text::internal {

Precompiled::Precompiled(std::string_view charsmap) {
  uint32_t bytes = 0;
  if (charsmap.size() >= sizeof(bytes)) std::memcpy(&bytes, charsmap.data(), sizeof(bytes));
  charsmap.remove_prefix(std::min(charsmap.size(), sizeof(bytes)));
  if (bytes == 0 || bytes > charsmap.size() || bytes % sizeof(uint32_t) != 0) {
    ThrowInvalidArgument("precompiled_charsmap: its size is none of its array");
  }
  units_.resize(bytes / sizeof(uint32_t));
  std::memcpy(units_.data(), charsmap.data(), bytes);
  texts_ = charsmap.substr(bytes);
  if (ToUtf8(texts_) != texts_) {
    ThrowInvalidArgument("precompiled_charsmap: its texts are not UTF-8");
  }
}

std::optional<std::string_view> Precompiled::Of(std::string_view part) const {
  const auto offset = [](uint32_t unit) { return (unit >> 10) << ((unit & (1U << 9)) >> 6); };
  uint32_t at = offset(units_[0]);
  for (const char c : part) {
    const uint32_t byte = static_cast<unsigned char>(c);
    at ^= byte;
    if (byte == 0 || at >= units_.size() || (units_[at] & 0x800000ff) != byte) break;
    const bool ends = (units_[at] >> 8 & 1) != 0;
    at ^= offset(units_[at]);
    if (!ends) continue;
    if (at >= units_.size()) break;
    const size_t begin = units_[at] & 0x7fffffff;
    // Where no character begins, a file is damaged.
    if (begin >= texts_.size() || (static_cast<unsigned char>(texts_[begin]) & 0xc0) == 0x80) break;
    const std::string_view text(texts_.c_str() + begin);
    CheckRepeated("precompiled_charsmap: a text", text);
    return text;
  }
  return std::nullopt;
}

void Precompiled::operator()(AlignedText& text) const {
  const std::string& whole = text.text();
  std::vector<Change> changes;
  changes.reserve(whole.size());
  bool changed = false;
  const auto replace = [&](std::string_view part) {
    const std::optional<std::string_view> made = Of(part);
    if (!made) return false;
    changed = true;
    const size_t before = CountCharacters(part);
    size_t count = 0;
    for (size_t at = 0; at < made->size(); ++count) {
      changes.push_back({NextCharacter(*made, at), count >= before});
    }
    if (count < before && !changes.empty()) {
      changes.back().change -= static_cast<int32_t>(before - count);
    }
    return true;
  };
  // Longer graphemes are never looked up as a whole.
  constexpr size_t kMostBytes = 5;
  for (size_t at = 0; at < whole.size();) {
    const size_t end = GraphemeEnd(whole, at);
    if (end - at <= kMostBytes && replace(std::string_view(whole).substr(at, end - at))) {
      at = end;
      continue;
    }
    while (at < end) {
      const size_t begin = at;
      const char32_t c = NextCharacter(whole, at);
      if (!replace(std::string_view(whole).substr(begin, at - begin))) changes.push_back({c, 0});
    }
  }
  if (changed) text.Transform(changes);
}

}  // namespace neura::data::text::internal
