#include <array>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "neura/data/text/internal/pipeline.h"

namespace neura::data::text::internal {
namespace {

// The pattern of GPT-2's published encoder.
constexpr char kByteLevelPattern[] =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

// Bytes that are characters to be shown in Latin-1 stand for themselves, others for characters from
// U+0100 on.
constexpr bool IsShown(int byte) {
  return (byte >= '!' && byte <= '~') || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
}
constexpr std::array<char32_t, 256> ByteCharacters() {
  std::array<char32_t, 256> characters{};
  char32_t next = 0x100;
  for (int byte = 0; byte < 256; ++byte) {
    characters[static_cast<size_t>(byte)] = IsShown(byte) ? static_cast<char32_t>(byte) : next++;
  }
  return characters;
}
constexpr std::array<char32_t, 256> kByteCharacters = ByteCharacters();
constexpr size_t kNumCharacters = 0x144;
constexpr std::array<int, kNumCharacters> CharacterBytes() {
  std::array<int, kNumCharacters> bytes{};
  for (int& byte : bytes) byte = -1;
  for (int byte = 0; byte < 256; ++byte) bytes[kByteCharacters[static_cast<size_t>(byte)]] = byte;
  return bytes;
}
constexpr std::array<int, kNumCharacters> kCharacterBytes = CharacterBytes();

// What each byte of a word is shown as.
void ShowBytes(AlignedText& word) {
  std::vector<Change> changes;
  changes.reserve(word.text().size());
  for (size_t at = 0; at < word.text().size();) {
    const size_t begin = at;
    NextCharacter(word.text(), at);
    for (size_t i = begin; i < at; ++i) {
      const auto byte = static_cast<unsigned char>(word.text()[i]);
      changes.push_back({kByteCharacters[byte], i > begin});
    }
  }
  word.Transform(changes);
}

}  // namespace

Words SplitBert(const AlignedText& text) {
  Words words;
  for (const AlignedText& part : text.CutAt(IsSpace, Delimiters::kRemoved)) {
    for (AlignedText& word : part.CutAt(IsPunctuation, Delimiters::kIsolated)) {
      words.push_back(std::move(word));
    }
  }
  return words;
}

Words SplitWhitespace(const AlignedText& text) {
  Words words;
  for (const AlignedText& part : text.CutAt(IsSpace, Delimiters::kRemoved)) {
    for (AlignedText& word :
         part.CutAt([](char32_t c) { return !IsWord(c); }, Delimiters::kContiguous)) {
      words.push_back(std::move(word));
    }
  }
  return words;
}

absl::StatusOr<ByteLevel> ByteLevel::Make(bool add_prefix_space, bool use_regex) {
  ByteLevel made{.add_prefix_space = add_prefix_space};
  if (!use_regex) return made;
  absl::StatusOr<Regex> regex = Regex::Compile(kByteLevelPattern);
  if (!regex.ok()) return regex.status();
  made.regex = *std::move(regex);
  return made;
}

Words ByteLevel::operator()(AlignedText text) const {
  if (add_prefix_space && !absl::StartsWith(text.text(), " ")) text.Prepend(" ");
  Words words;
  if (regex) {
    words = text.Cut(regex->PartsOf(text.text()), Delimiters::kIsolated);
  } else {
    words.push_back(std::move(text));
  }
  for (AlignedText& word : words) ShowBytes(word);
  return words;
}

Words Metaspace::operator()(AlignedText text) const {
  text.Replace(PartsWhere(text.text(), [](char32_t c) { return c == ' '; }), replacement);
  const bool wanted =
      prepend == Prepend::kAlways || (prepend == Prepend::kFirst && text.start() == 0);
  if (wanted && !absl::StartsWith(text.text(), replacement)) text.Prepend(replacement);
  Words words;
  if (!split) {
    words.push_back(std::move(text));
    return words;
  }
  size_t at = 0;
  const char32_t begins = NextCharacter(replacement, at);
  return text.CutAt([=](char32_t c) { return c == begins; }, Delimiters::kMergedWithNext);
}

Texts DecodeByteLevel(const Texts& tokens) {
  std::string bytes;
  for (const std::string& token : tokens) {
    std::string own;
    bool shown = true;
    for (size_t at = 0; shown && at < token.size();) {
      const char32_t c = NextCharacter(token, at);
      shown = c < kNumCharacters && kCharacterBytes[c] >= 0;
      if (shown) own += static_cast<char>(kCharacterBytes[c]);
    }
    // Tokens that were added are texts.
    bytes += shown ? own : token;
  }
  return {ToUtf8(bytes)};
}

}  // namespace neura::data::text::internal
