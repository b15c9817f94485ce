#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "neura/data/text/text.h"
#include "neura/tensor/core/error.h"

namespace {

using neura::data::text::Encoding;
using neura::data::text::Tokenizer;

// Encodes the file itself and texts that parts of tokenizers look at.
void Use(const absl::StatusOr<Tokenizer>& tokenizer, std::string_view file) {
  if (!tokenizer.ok()) return;
  for (const std::string_view text :
       {file.substr(0, 300), std::string_view("A caf\xc3\xa9, [MASK]  it's 12\xe6\x9d\xb1\xff"),
        std::string_view("aaaaaaaaaaaaaaaaaaaaaaaab")}) {
    try {
      const Encoding encoding = tokenizer->EncodePair(text, "a b", {.characters = true});
      tokenizer->Decode(encoding.ids);
    } catch (const neura::Error&) {
    }
  }
}

}  // namespace

// What begins with a brace is tokenizer.json, with # merges.txt; else it is vocab.txt.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace text = neura::data::text;
  const std::string_view file(reinterpret_cast<const char*>(data), size);
  if (!file.empty() && file[0] == '{') {
    Use(text::ParseTokenizer(file), file);
  } else if (!file.empty() && file[0] == '#') {
    Use(text::ParseByteLevelBpe(R"({"a":0,"b":1,"aa":2,"aaa":3,"ab":4,"aab":5})", file), file);
  } else {
    const absl::StatusOr<text::Vocab> vocab = text::ParseVocab(file);
    if (!vocab.ok()) return 0;
    Use(text::BertWordPiece(*vocab), file);
  }
  return 0;
}
