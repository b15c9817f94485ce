// Characters: what they are, their UTF-8, and the normal forms of Unicode 15.
#ifndef NEURA_DATA_TEXT_INTERNAL_UNICODE_H_
#define NEURA_DATA_TEXT_INTERNAL_UNICODE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace neura::data::text::internal {

// The character that begins at `at`, which moves behind it. The text is UTF-8.
inline char32_t NextCharacter(std::string_view text, size_t& at) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const char32_t lead = byte(at);
  if (lead < 0x80) {
    ++at;
    return lead;
  }
  const size_t count = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  char32_t c = lead & (0xff >> (count + 1));
  for (size_t i = 1; i < count; ++i) c = c << 6 | (byte(at + i) & 0x3f);
  at += count;
  return c;
}

// Bytes that a character has in UTF-8.
inline size_t SizeOf(char32_t c) { return c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4; }
void AppendCharacter(char32_t c, std::string& text);
// Where the grapheme ends that begins at `at`: an extended one, of what is seen as one character.
size_t GraphemeEnd(std::string_view text, size_t at);
// How many characters a text of UTF-8 has.
size_t CountCharacters(std::string_view text);
bool IsAscii(std::string_view text);

// The bytes as UTF-8: U+FFFD stands for each longest part that begins a character and is none, as
// in Python's decode(errors='replace') (The Unicode Standard, section 3.9).
std::string ToUtf8(std::string_view bytes);

bool IsSpace(char32_t c);        // White_Space
bool IsPunctuation(char32_t c);  // category P, and all others of ASCII that are no letters, digits
bool IsControl(char32_t c);      // Cc, Cf, Co, apart from tab, new line and carriage return
bool IsMark(char32_t c);         // category M
bool IsNonspacingMark(char32_t c);
bool IsNumber(char32_t c);   // category N
bool IsWord(char32_t c);     // letters, marks, digits, connectors: \w of Unicode's TR 18
bool IsChinese(char32_t c);  // a CJK ideograph, as BERT's tokenizer has them
// The simple mapping; U+0130 alone becomes two characters, the second of which is U+0307.
char32_t ToLower(char32_t c);

// A character of a text that was changed: `change` is 0 where it stands for the next one of the
// former text, 1 where it is new, and -n where it stands for that one and n more are gone.
struct Change {
  char32_t c;
  int32_t change;
};

enum class Form { kNfc, kNfd, kNfkc, kNfkd };
// The normal form of UTF-8, as changes.
std::vector<Change> Normalize(std::string_view text, Form form);

}  // namespace neura::data::text::internal

#endif  // NEURA_DATA_TEXT_INTERNAL_UNICODE_H_
