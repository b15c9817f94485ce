// Tokens and their numbers, as torchtext.vocab has them.
#ifndef NEURA_DATA_TEXT_VOCAB_H_
#define NEURA_DATA_TEXT_VOCAB_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace neura::data::text {

namespace internal {
struct StringHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};
template <typename Value>
using StringMap = std::unordered_map<std::string, Value, StringHash, std::equal_to<>>;
}  // namespace internal

// How often each token occurs.
using TokenCounts = internal::StringMap<int64_t>;

// Tokens with the numbers 0, 1, ...
class Vocab {
 public:
  Vocab() = default;
  // Throws InvalidArgument where a token comes twice.
  explicit Vocab(std::vector<std::string> tokens);

  int64_t size() const { return static_cast<int64_t>(tokens_.size()); }
  bool Contains(std::string_view token) const { return Find(token).has_value(); }
  // The number of a token, if it has one.
  std::optional<int64_t> Find(std::string_view token) const;

  // The number of a token, or else the default index. Throws FailedPrecondition where there is
  // neither.
  int64_t operator[](std::string_view token) const;
  std::vector<int64_t> LookupIndices(absl::Span<const std::string> tokens) const;
  // Throws FailedPrecondition for a number that no token has.
  const std::string& LookupToken(int64_t index) const;
  std::vector<std::string> LookupTokens(absl::Span<const int64_t> indices) const;

  // What tokens get that are not here. None: they are an error. Throws InvalidArgument unless it is
  // the number of a token.
  void SetDefaultIndex(std::optional<int64_t> index);
  std::optional<int64_t> default_index() const { return default_index_; }

  // Before number `index`; tokens behind get other numbers. Throws InvalidArgument where the token
  // is there already, or the index is not from 0 to size().
  void InsertToken(std::string token, int64_t index);
  void AppendToken(std::string token) { InsertToken(std::move(token), size()); }

  // The tokens in the order of their numbers.
  const std::vector<std::string>& itos() const { return tokens_; }

 private:
  std::vector<std::string> tokens_;
  internal::StringMap<int64_t> indices_;
  std::optional<int64_t> default_index_;
};

struct BuildVocabOptions {
  // Tokens that occur less often are left out.
  int64_t min_freq = 1;
  // Tokens that are there in any case, first or last.
  std::vector<std::string> specials = {};
  bool special_first = true;
  // With the specials; the most frequent are kept.
  std::optional<int64_t> max_tokens = {};
};
// By how often they occur, most often first, equal ones in the order of their bytes. Throws
// InvalidArgument for a min_freq below 1 and max_tokens that the specials exceed.
Vocab BuildVocab(const TokenCounts& counts, const BuildVocabOptions& options = {});
// Of a range of texts that are cut to tokens.
template <typename TokenLists>
Vocab BuildVocabFromIterator(const TokenLists& texts, const BuildVocabOptions& options = {}) {
  TokenCounts counts;
  for (const auto& tokens : texts) {
    for (const auto& token : tokens) ++counts[token];
  }
  return BuildVocab(counts, options);
}

// A file of one token a line, as BERT's vocab.txt. Errors name the file and the line: a token that
// comes twice, what is not UTF-8.
absl::StatusOr<Vocab> LoadVocab(const std::string& path);
absl::StatusOr<Vocab> ParseVocab(std::string_view text);
// Throws InvalidArgument for tokens that no line holds, and the errors of the file system.
void SaveVocab(const std::string& path, const Vocab& vocab);

}  // namespace neura::data::text

#endif  // NEURA_DATA_TEXT_VOCAB_H_
