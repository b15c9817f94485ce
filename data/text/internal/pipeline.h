// The parts of a tokenizer.
#ifndef NEURA_DATA_TEXT_INTERNAL_PIPELINE_H_
#define NEURA_DATA_TEXT_INTERNAL_PIPELINE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "neura/data/text/encoding.h"
#include "neura/data/text/internal/aligned_text.h"
#include "neura/data/text/internal/models.h"
#include "neura/data/text/internal/regex.h"
#include "neura/data/text/internal/unicode.h"

namespace neura::data::text::internal {

// ---- normalizers: change a text --------------------------------------------------------------

using Normalizer = std::function<void(AlignedText&)>;

void LowercaseText(AlignedText& text);
void NormalizeForm(AlignedText& text, Form form);
// Without any marks, of a text that is decomposed.
void StripAccents(AlignedText& text);

struct BertNormalizer {
  bool clean_text = true, handle_chinese_chars = true;
  std::optional<bool> strip_accents = {};
  bool lowercase = true;
  void operator()(AlignedText& text) const;
};

// White space at the ends.
struct Strip {
  bool left = true, right = true;
  void operator()(AlignedText& text) const;
};

// ---- pre-tokenizers: cut a text to words -----------------------------------------------------

using Words = std::vector<AlignedText>;
using PreTokenizer = std::function<Words(AlignedText)>;

Words SplitBert(const AlignedText& text);
// Runs of \w, and of what is neither that nor white space.
Words SplitWhitespace(const AlignedText& text);

// Each byte becomes a character that can be shown, as in GPT-2.
struct ByteLevel {
  static absl::StatusOr<ByteLevel> Make(bool add_prefix_space, bool use_regex);
  bool add_prefix_space = true;
  std::optional<Regex> regex = {};  // cut by it first
  Words operator()(AlignedText text) const;
};

// A character, often U+2581, stands for each space, and for one before the text; it begins words.
struct Metaspace {
  std::string replacement = "\u2581";
  // Where one more is put before a text that begins with none.
  enum class Prepend { kAlways, kFirst, kNever } prepend = Prepend::kAlways;
  bool split = true;
  Words operator()(AlignedText text) const;
};

// ---- post-processors: add tokens -------------------------------------------------------------

class PostProcessor {
 public:
  virtual ~PostProcessor() = default;
  // How many tokens it adds.
  virtual int64_t Added(bool pair) const = 0;
  // Of the encodings of a text, or of a pair, makes those that, one after the other, are the
  // result.
  virtual void Process(std::vector<Encoding>& encodings, bool add_special_tokens) const = 0;
};

// Takes spaces out of the places of tokens.
class TrimOffsets final : public PostProcessor {
 public:
  explicit TrimOffsets(bool add_prefix_space) : add_prefix_space_(add_prefix_space) {}
  int64_t Added(bool) const override { return 0; }
  void Process(std::vector<Encoding>& encodings, bool add_special_tokens) const override;

 private:
  void Trim(Encoding& encoding) const;
  const bool add_prefix_space_;
};

class Template final : public PostProcessor {
 public:
  struct Piece {
    // Of one or more special tokens; none where the text, or its pair, stands.
    std::vector<std::pair<int64_t, std::string>> tokens;
    int64_t sequence = 0;
    int64_t type_id = 0;
  };
  // Each text stands once in what it is a template of. Throws InvalidArgument for special tokens
  // that are too long (kMaxRepeated).
  Template(std::vector<Piece> single, std::vector<Piece> pair);
  int64_t Added(bool pair) const override;
  void Process(std::vector<Encoding>& encodings, bool add_special_tokens) const override;

 private:
  const std::vector<Piece> single_, pair_;
};
// [CLS] A [SEP] and [CLS] A [SEP] B [SEP], or, as in RoBERTa, <s> A </s> and <s> A </s></s> B </s>.
using SpecialToken = std::pair<int64_t, std::string>;
std::unique_ptr<const PostProcessor> BertTemplate(const SpecialToken& cls, const SpecialToken& sep);
std::unique_ptr<const PostProcessor> RobertaTemplate(const SpecialToken& cls,
                                                     const SpecialToken& sep);

// One behind the other; at most one of them is a template, which gives other encodings than it
// gets.
class ProcessorSequence final : public PostProcessor {
 public:
  explicit ProcessorSequence(std::vector<std::unique_ptr<const PostProcessor>> processors)
      : processors_(std::move(processors)) {}
  int64_t Added(bool pair) const override;
  void Process(std::vector<Encoding>& encodings, bool add_special_tokens) const override;

 private:
  const std::vector<std::unique_ptr<const PostProcessor>> processors_;
};

// ---- decoders: join tokens -------------------------------------------------------------------

// Makes of tokens others, which are then put behind one another.
using Texts = std::vector<std::string>;
using Decoder = std::function<Texts(Texts)>;

Texts DecodeByteLevel(const Texts& tokens);
struct WordPieceDecoder {
  std::string prefix = "##";
  bool cleanup = true;  // without spaces before punctuation
  Texts operator()(Texts tokens) const;
};
struct BpeDecoder {
  std::string suffix = "</w>";
  Texts operator()(Texts tokens) const;
};
// Spaces for the replacement of a Metaspace, and nothing in the first token unless it is never
// prepended.
struct MetaspaceDecoder {
  Metaspace metaspace;
  Texts operator()(Texts tokens) const;
};
// Tokens <0x00> to <0xFF> as the characters of their bytes, U+FFFD for each where these are none.
Texts DecodeByteTokens(const Texts& tokens);
// One token of all.
Texts FuseTokens(const Texts& tokens);
// Takes so many of a character off the ends of each token.
struct StripDecoder {
  std::string content = " ";
  int64_t start = 0, stop = 0;
  Texts operator()(Texts tokens) const;
};

// ---- together --------------------------------------------------------------------------------

struct Pipeline {
  Normalizer normalizer;       // may be empty
  PreTokenizer pre_tokenizer;  // may be empty
  std::unique_ptr<const Model> model;
  std::unique_ptr<const PostProcessor> post_processor;  // may be null
  Decoder decoder;                                      // empty: tokens with spaces between
};

}  // namespace neura::data::text::internal

#endif  // NEURA_DATA_TEXT_INTERNAL_PIPELINE_H_
