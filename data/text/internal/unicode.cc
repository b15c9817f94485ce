#include "neura/data/text/internal/unicode.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "utf8proc.h"

namespace neura::data::text::internal {
namespace {

// The length of the character at the start of `bytes`, or, as second, of what begins one there.
std::pair<size_t, size_t> CharacterAt(std::string_view bytes) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {1, 0};
  const size_t count = lead < 0xc2 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 1;
  if (count == 1) return {0, 1};
  // What the second byte may be: no longer form than needed, no surrogates, nothing above U+10FFFF.
  const unsigned char least = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  const unsigned char most = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  for (size_t i = 1; i < count; ++i) {
    const bool fits =
        i < bytes.size() && byte(i) >= (i == 1 ? least : 0x80) && byte(i) <= (i == 1 ? most : 0xbf);
    if (!fits) return {0, i};
  }
  return {count, 0};
}

utf8proc_category_t CategoryOf(char32_t c) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(c));
}

int CombiningClass(char32_t c) {
  return utf8proc_get_property(static_cast<utf8proc_int32_t>(c))->combining_class;
}

// The character that two are together, if there is one.
std::optional<char32_t> Compose(char32_t a, char32_t b) {
  // Not in the table, and taken by it for the end of a Hangul syllable that has none.
  if (b == 0x11a7) return std::nullopt;
  utf8proc_int32_t both[2] = {static_cast<utf8proc_int32_t>(a), static_cast<utf8proc_int32_t>(b)};
  const utf8proc_ssize_t count = utf8proc_normalize_utf32(
      both, 2, static_cast<utf8proc_option_t>(UTF8PROC_COMPOSE | UTF8PROC_STABLE));
  if (count != 1) return std::nullopt;
  return static_cast<char32_t>(both[0]);
}

// Canonical order, and decompositions in the place of characters.
std::vector<Change> Decompose(std::string_view text, bool compatibility) {
  const auto options =
      static_cast<utf8proc_option_t>(UTF8PROC_DECOMPOSE | (compatibility ? UTF8PROC_COMPAT : 0));
  std::vector<Change> changes;
  changes.reserve(text.size());
  std::vector<utf8proc_int32_t> parts(32);
  size_t marks = 0;  // where the run of characters to be put in order begins
  const auto order = [&] {
    const auto begin = changes.begin() + static_cast<std::ptrdiff_t>(marks);
    if (changes.end() - begin < 2) return;
    std::stable_sort(begin, changes.end(), [](const Change& a, const Change& b) {
      return CombiningClass(a.c) < CombiningClass(b.c);
    });
  };
  for (size_t at = 0; at < text.size();) {
    const auto c = static_cast<utf8proc_int32_t>(NextCharacter(text, at));
    int boundary = 0;
    const utf8proc_ssize_t count = utf8proc_decompose_char(
        c, parts.data(), static_cast<utf8proc_ssize_t>(parts.size()), options, &boundary);
    for (utf8proc_ssize_t i = 0; i < count; ++i) {
      const auto part = static_cast<char32_t>(parts[static_cast<size_t>(i)]);
      if (CombiningClass(part) == 0) {
        order();
        marks = changes.size() + 1;
      }
      changes.push_back({part, i > 0});
    }
  }
  order();
  return changes;
}

// The canonical composition of what is decomposed (The Unicode Standard, section 3.11).
std::vector<Change> Recompose(const std::vector<Change>& parts) {
  std::vector<Change> result;
  result.reserve(parts.size());
  std::optional<size_t> starter;  // in the result
  int last_class = -1;            // of what stands after the starter; -1: nothing
  for (const Change& part : parts) {
    const int own_class = CombiningClass(part.c);
    if (starter && last_class < own_class) {
      if (const std::optional<char32_t> both = Compose(result[*starter].c, part.c)) {
        result[*starter] = {*both, result[*starter].change + part.change - 1};
        continue;
      }
    }
    if (own_class == 0) {
      starter = result.size();
      last_class = -1;
    } else {
      last_class = own_class;
    }
    result.push_back(part);
  }
  return result;
}

}  // namespace

void AppendCharacter(char32_t c, std::string& text) {
  utf8proc_uint8_t bytes[4];
  const utf8proc_ssize_t count = utf8proc_encode_char(static_cast<utf8proc_int32_t>(c), bytes);
  text.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(count));
}

size_t GraphemeEnd(std::string_view text, size_t at) {
  utf8proc_int32_t state = 0;
  auto last = static_cast<utf8proc_int32_t>(NextCharacter(text, at));
  while (at < text.size()) {
    size_t next = at;
    const auto c = static_cast<utf8proc_int32_t>(NextCharacter(text, next));
    if (utf8proc_grapheme_break_stateful(last, c, &state)) break;
    last = c;
    at = next;
  }
  return at;
}

size_t CountCharacters(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

bool IsAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

std::string ToUtf8(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  while (!bytes.empty()) {
    const std::pair<size_t, size_t> lengths = CharacterAt(bytes);
    if (lengths.first > 0) {
      text.append(bytes.substr(0, lengths.first));
    } else {
      text.append("\xef\xbf\xbd");
    }
    bytes.remove_prefix(lengths.first + lengths.second);
  }
  return text;
}

bool IsSpace(char32_t c) {
  if (c < 0x80) return c == ' ' || (c >= '\t' && c <= '\r');
  if (c == 0x85) return true;
  const utf8proc_category_t category = CategoryOf(c);
  return category >= UTF8PROC_CATEGORY_ZS && category <= UTF8PROC_CATEGORY_ZP;
}

bool IsPunctuation(char32_t c) {
  if (c < 0x80) {
    return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') ||
           (c >= '{' && c <= '~');
  }
  const utf8proc_category_t category = CategoryOf(c);
  return category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_PO;
}

bool IsControl(char32_t c) {
  if (c == '\t' || c == '\n' || c == '\r') return false;
  const utf8proc_category_t category = CategoryOf(c);
  return category >= UTF8PROC_CATEGORY_CC && category <= UTF8PROC_CATEGORY_CO;
}

bool IsMark(char32_t c) {
  const utf8proc_category_t category = CategoryOf(c);
  return category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_ME;
}

bool IsNonspacingMark(char32_t c) { return CategoryOf(c) == UTF8PROC_CATEGORY_MN; }

bool IsNumber(char32_t c) {
  const utf8proc_category_t category = CategoryOf(c);
  return category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO;
}

bool IsWord(char32_t c) {
  const utf8proc_category_t category = CategoryOf(c);
  if (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NL) return true;
  // Connectors, the joiners, and the symbols that have the property Alphabetic: letters in circles
  // and squares.
  return category == UTF8PROC_CATEGORY_PC || c == 0x200c || c == 0x200d ||
         (c >= 0x24b6 && c <= 0x24e9) || (c >= 0x1f130 && c <= 0x1f149) ||
         (c >= 0x1f150 && c <= 0x1f169) || (c >= 0x1f170 && c <= 0x1f189);
}

bool IsChinese(char32_t c) {
  return (c >= 0x4e00 && c <= 0x9fff) || (c >= 0x3400 && c <= 0x4dbf) ||
         (c >= 0x20000 && c <= 0x2a6df) || (c >= 0x2a700 && c <= 0x2b73f) ||
         (c >= 0x2b740 && c <= 0x2b81f) || (c >= 0x2b820 && c <= 0x2ceaf) ||
         (c >= 0xf900 && c <= 0xfaff) || (c >= 0x2f800 && c <= 0x2fa1f);
}

char32_t ToLower(char32_t c) {
  return static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c)));
}

std::vector<Change> Normalize(std::string_view text, Form form) {
  std::vector<Change> changes = Decompose(text, form == Form::kNfkc || form == Form::kNfkd);
  if (form == Form::kNfd || form == Form::kNfkd) return changes;
  return Recompose(changes);
}

}  // namespace neura::data::text::internal
