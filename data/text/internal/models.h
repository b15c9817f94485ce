// What makes tokens of words.
#ifndef NEURA_DATA_TEXT_INTERNAL_MODELS_H_
#define NEURA_DATA_TEXT_INTERNAL_MODELS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "neura/data/text/internal/prefix_search.h"
#include "neura/data/text/vocab.h"

namespace neura::data::text::internal {

struct Token {
  int64_t id;
  std::string text;
  size_t begin, end;  // in the word
};

// Bytes of what a token of each position of a text may have: the token for what is unknown, affixes
// and tokens of templates. A small file would make a large encoding of a small text by longer ones.
inline constexpr size_t kMaxRepeated = 256;
// Throws InvalidArgument, which begins with `what`, for more.
void CheckRepeated(std::string_view what, std::string_view text);

// Tokens and their numbers, which need not follow one another.
class TokenTable {
 public:
  // Throws InvalidArgument where two tokens have one number, or one is below 0, and for what is not
  // UTF-8.
  explicit TokenTable(StringMap<int64_t> ids);
  explicit TokenTable(const Vocab& vocab);

  std::optional<int64_t> Find(std::string_view token) const;
  // Null for a number that none has.
  const std::string* TokenOf(int64_t id) const;
  const StringMap<int64_t>& ids() const { return ids_; }

 private:
  StringMap<int64_t> ids_;
  std::unordered_map<int64_t, const std::string*> tokens_;
};

// All tokens. Throws InvalidArgument for those of more than 4096 bytes, each of which could be
// compared with all of a word for each of its bytes.
PrefixSearch SearchOf(const char* model, const TokenTable& table);

class Model {
 public:
  explicit Model(StringMap<int64_t> ids) : table_(std::move(ids)) {}
  explicit Model(const Vocab& vocab) : table_(vocab) {}
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;
  virtual ~Model() = default;

  // Appends the tokens of a word of UTF-8.
  virtual void Tokenize(std::string_view word, std::vector<Token>& tokens) const = 0;
  const TokenTable& table() const { return table_; }

 protected:
  // The number of the token for what is unknown. Throws InvalidArgument where it has none.
  int64_t Unknown(const std::string& token) const;
  // The numbers of the tokens <0x00> to <0xFF> of the bytes of a text; none where one is missing.
  std::vector<int64_t> ByteTokens(std::string_view text) const;

  const TokenTable table_;
};

// Whole words.
class WordLevel final : public Model {
 public:
  template <typename Tokens>
  WordLevel(Tokens tokens, std::string unk_token)
      : Model(std::move(tokens)), unk_token_(std::move(unk_token)) {
    CheckRepeated("WordLevel: unk_token", unk_token_);
  }
  void Tokenize(std::string_view word, std::vector<Token>& tokens) const override;

 private:
  const std::string unk_token_;
};

// The longest token that a word begins with, then the longest one behind it
// (Wu et al., 2016, arXiv:1609.08144).
struct WordPieceOptions {
  std::string unk_token = "[UNK]";
  std::string continuing_subword_prefix = "##";
  // Longer words are unknown.
  int64_t max_input_chars_per_word = 100;
};
class WordPiece final : public Model {
 public:
  // Throws InvalidArgument for long tokens (SearchOf).
  template <typename Tokens>
  WordPiece(Tokens tokens, WordPieceOptions options)
      : Model(std::move(tokens)),
        options_(std::move(options)),
        search_(SearchOf("WordPiece", table_)) {
    CheckRepeated("WordPiece: unk_token", options_.unk_token);
    CheckRepeated("WordPiece: continuing_subword_prefix", options_.continuing_subword_prefix);
  }
  void Tokenize(std::string_view word, std::vector<Token>& tokens) const override;

 private:
  const WordPieceOptions options_;
  const PrefixSearch search_;
};

// Byte pair encoding: pairs of neighbouring tokens are merged, always the first of a list of merges
// (Sennrich et al., 2016, arXiv:1508.07909).
struct BpeOptions {
  std::optional<std::string> unk_token = {};
  std::string continuing_subword_prefix = {};
  std::string end_of_word_suffix = {};
  bool fuse_unk = false;  // unknown neighbours are one token
  // Unknown characters are tokens <0x00> to <0xFF> where these exist. Not together with affixes,
  // whose bytes stand nowhere in a text.
  bool byte_fallback = false;
  bool ignore_merges = false;  // a word that is a token is that
};
class Bpe final : public Model {
 public:
  using Merges = std::vector<std::pair<std::string, std::string>>;
  // Throws InvalidArgument for a merge whose parts, or whose result, are no tokens, Unimplemented
  // for byte_fallback with affixes.
  Bpe(StringMap<int64_t> ids, const Merges& merges, BpeOptions options);
  void Tokenize(std::string_view word, std::vector<Token>& tokens) const override;

 private:
  struct Merge {
    int64_t rank, id;
  };
  struct Symbol {
    int64_t id;
    size_t length;  // in bytes; 0 for one that has become a part of another
    int64_t previous, next;
  };
  struct PairHash {
    size_t operator()(const std::pair<int64_t, int64_t>& pair) const {
      return std::hash<uint64_t>()(static_cast<uint64_t>(pair.first) * 0x9e3779b97f4a7c15 ^
                                   static_cast<uint64_t>(pair.second));
    }
  };
  std::vector<Symbol> SymbolsOf(std::string_view word) const;
  void MergeAll(std::vector<Symbol>& symbols) const;
  const Merge* Find(const Symbol& left, const Symbol& right) const;

  const BpeOptions options_;
  std::unordered_map<std::pair<int64_t, int64_t>, Merge, PairHash> merges_;
};

}  // namespace neura::data::text::internal

#endif  // NEURA_DATA_TEXT_INTERNAL_MODELS_H_
