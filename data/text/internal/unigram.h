// Tokens with probabilities, as SentencePiece has them.
#ifndef NEURA_DATA_TEXT_INTERNAL_UNIGRAM_H_
#define NEURA_DATA_TEXT_INTERNAL_UNIGRAM_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "neura/data/text/internal/models.h"
#include "neura/data/text/internal/prefix_search.h"

namespace neura::data::text::internal {

struct UnigramOptions {
  std::optional<int64_t> unk_id = {};  // of what is unknown
  // Unknown pieces are tokens <0x00> to <0xFF> where these exist.
  bool byte_fallback = false;
};

// Cuts a word into the tokens whose probabilities have the largest product (Kudo, 2018,
// arXiv:1804.10959); of two ways that are as good the one whose last token is longer.
class Unigram final : public Model {
 public:
  // Tokens and the logarithms of their probabilities; the number of a token is its place. Throws
  // InvalidArgument for a number of what is unknown that none has, for what is not UTF-8, and for
  // long tokens (SearchOf).
  Unigram(std::vector<std::pair<std::string, double>> vocab, const UnigramOptions& options);
  void Tokenize(std::string_view word, std::vector<Token>& tokens) const override;

 private:
  // The ends of the pieces of a word, from the last one on.
  std::vector<size_t> CutFromBehind(std::string_view word) const;

  const UnigramOptions options_;
  std::vector<double> scores_;
  double unknown_score_ = 0;
  PrefixSearch search_;
};

}  // namespace neura::data::text::internal

#endif  // NEURA_DATA_TEXT_INTERNAL_UNIGRAM_H_
