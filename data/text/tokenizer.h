// Texts to numbers and back, by the files that tokenizers are published in.
//
//   absl::StatusOr<text::Tokenizer> tokenizer = text::LoadTokenizer("tokenizer.json");
//   if (!tokenizer.ok()) ...
//   tokenizer->EnablePadding();
//   text::EncodedBatch batch = (*tokenizer)({"One text.", "Another, longer text."});
//
// A text is normalized, cut to words, and each word to tokens by a model: whole words, WordPiece
// (BERT) or byte pair encoding (GPT-2); then the model's own tokens are added around it. Texts are
// UTF-8; what is none becomes U+FFFD, as in Python's decode(errors='replace'), and offsets count
// the bytes of the text with that. Characters are those of Unicode 15, and in regular expressions
// those of Unicode 14.
#ifndef NEURA_DATA_TEXT_TOKENIZER_H_
#define NEURA_DATA_TEXT_TOKENIZER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "neura/data/text/encoding.h"
#include "neura/data/text/vocab.h"

namespace neura::data::text {

namespace internal {
struct Assembly;
struct Pipeline;
class AddedVocabulary;
}  // namespace internal

// A token that is found in texts before anything else.
struct AddedToken {
  std::string content;
  bool single_word = false;  // only where no letters or digits touch it
  bool lstrip = false;       // takes the white space before it along
  bool rstrip = false;       // and behind it
  bool normalized = true;    // is looked for in what the normalizer makes of the text
  bool special = false;      // Decode may leave it out
};

struct EncodeOptions {
  // The model's own tokens, such as [CLS] and [SEP].
  bool add_special_tokens = true;
  // Offsets count characters rather than bytes.
  bool characters = false;
};

// Copies share what does not change. Const functions may be called from several threads at once.
class Tokenizer {
 public:
  explicit Tokenizer(std::shared_ptr<const internal::Pipeline> pipeline);

  // Throws InvalidArgument: an unknown word, and no token for it; a regular expression of the file
  // that takes more steps than a text of that length may; a truncation that does not fit the text,
  // or whose pieces have far more tokens than it; padding of more than 256 MiB for a text.
  Encoding Encode(std::string_view text, const EncodeOptions& options = {}) const;
  Encoding EncodePair(std::string_view text, std::string_view pair,
                      const EncodeOptions& options = {}) const;
  // In parallel; padded to one length where padding is enabled.
  std::vector<Encoding> EncodeBatch(absl::Span<const std::string> texts,
                                    const EncodeOptions& options = {}) const;
  std::vector<Encoding> EncodePairs(absl::Span<const std::pair<std::string, std::string>> pairs,
                                    const EncodeOptions& options = {}) const;
  // A batch as tensors, which makes a tokenizer a function that collates.
  EncodedBatch operator()(absl::Span<const std::string> texts) const {
    return ToTensors(EncodeBatch(texts));
  }

  // Numbers that no token has are passed over.
  std::string Decode(absl::Span<const int64_t> ids, bool skip_special_tokens = true) const;

  std::optional<int64_t> TokenToId(std::string_view token) const;
  std::optional<std::string> IdToToken(int64_t id) const;
  // All tokens with their numbers, in the order of these.
  std::vector<std::pair<std::string, int64_t>> GetVocab(bool with_added_tokens = true) const;
  int64_t GetVocabSize(bool with_added_tokens = true) const;

  // What a text is cut to, without numbers: words and where they stand.
  std::vector<std::pair<std::string, std::pair<int64_t, int64_t>>> PreTokenize(
      std::string_view text, bool characters = false) const;
  std::string Normalize(std::string_view text) const;

  // Return how many are new. Tokens that the model has keep their numbers, others get the next
  // ones.
  int64_t AddTokens(absl::Span<const AddedToken> tokens);
  int64_t AddSpecialTokens(absl::Span<const std::string> tokens);

  // Throw InvalidArgument for options that mean nothing.
  void EnablePadding(const PaddingOptions& options = {});
  void NoPadding() { padding_.reset(); }
  const std::optional<PaddingOptions>& padding() const { return padding_; }
  void EnableTruncation(const TruncationOptions& options);
  void NoTruncation() { truncation_.reset(); }
  const std::optional<TruncationOptions>& truncation() const { return truncation_; }
  // How many tokens are added to a text, or to a pair.
  int64_t NumSpecialTokensToAdd(bool pair) const;

 private:
  friend struct internal::Assembly;
  Encoding EncodeOne(std::string_view text, int64_t sequence, const EncodeOptions& options) const;
  Encoding EncodeUnpadded(std::string_view text, const std::string_view* pair,
                          const EncodeOptions& options) const;

  std::shared_ptr<const internal::Pipeline> pipeline_;
  std::shared_ptr<const internal::AddedVocabulary> added_;
  std::optional<PaddingOptions> padding_;
  std::optional<TruncationOptions> truncation_;
};

// ---- from files ------------------------------------------------------------------------------

// Hugging Face's tokenizer.json: the models BPE, Unigram, WordPiece and WordLevel; the normalizers
// BertNormalizer, Lowercase, NFC, NFD, NFKC, NFKD, Precompiled, Prepend, Replace, Strip,
// StripAccents and Sequence; the pre-tokenizers BertPreTokenizer, ByteLevel, Digits, Metaspace,
// Punctuation, Split, Whitespace, WhitespaceSplit and Sequence; the post-processors
// TemplateProcessing, BertProcessing, RobertaProcessing, ByteLevel and Sequence; the decoders
// BPEDecoder, ByteFallback, ByteLevel, Fuse, Metaspace, Replace, Strip, WordPiece and Sequence;
// truncation and padding.
// InvalidArgument or Unimplemented, which name the file and the key: no JSON, another part or
// option than these, parts that do not fit together.
absl::StatusOr<Tokenizer> LoadTokenizer(const std::string& path);
absl::StatusOr<Tokenizer> ParseTokenizer(std::string_view json);

// GPT-2's byte pair encoding, from vocab.json and merges.txt.
struct ByteLevelBpeOptions {
  bool add_prefix_space = false;  // a text begins with a space in any case
  bool lowercase = false;
  bool trim_offsets = false;  // spaces are no part of a token's place
  std::optional<std::string> unk_token = {};
};
absl::StatusOr<Tokenizer> LoadByteLevelBpe(const std::string& vocab, const std::string& merges,
                                           const ByteLevelBpeOptions& options = {});
absl::StatusOr<Tokenizer> ParseByteLevelBpe(std::string_view vocab, std::string_view merges,
                                            const ByteLevelBpeOptions& options = {});
// The merges as pairs, whose tokens may have white space.
absl::StatusOr<Tokenizer> ParseByteLevelBpe(
    std::string_view vocab, const std::vector<std::pair<std::string, std::string>>& merges,
    const ByteLevelBpeOptions& options = {});

// BERT's WordPiece, from vocab.txt. The tokens of the names below are special where the vocabulary
// has them; [CLS] and [SEP] are added to texts.
struct BertWordPieceOptions {
  std::string unk_token = "[UNK]";
  std::string sep_token = "[SEP]";
  std::string cls_token = "[CLS]";
  std::string pad_token = "[PAD]";
  std::string mask_token = "[MASK]";
  bool clean_text = true;  // without control characters, and spaces for other white space
  bool handle_chinese_chars = true;
  std::optional<bool> strip_accents = {};  // by default where lowercase is set
  bool lowercase = true;
  std::string wordpieces_prefix = "##";
  int64_t max_input_chars_per_word = 100;
};
Tokenizer BertWordPiece(const Vocab& vocab, const BertWordPieceOptions& options = {});
absl::StatusOr<Tokenizer> LoadBertWordPiece(const std::string& vocab,
                                            const BertWordPieceOptions& options = {});

// ---- words -----------------------------------------------------------------------------------

struct WordOptions {
  bool lowercase = false;
  // Each mark of punctuation is a word of its own.
  bool split_punctuation = true;
};
// A text cut at white space.
std::vector<std::string> SplitWords(std::string_view text, const WordOptions& options = {});
// Words as tokens; those that the vocabulary does not have become `unk_token`. Throws
// InvalidArgument where that is no token of it.
Tokenizer WordTokenizer(const Vocab& vocab, const std::string& unk_token = "[UNK]",
                        const WordOptions& options = {});

}  // namespace neura::data::text

#endif  // NEURA_DATA_TEXT_TOKENIZER_H_
