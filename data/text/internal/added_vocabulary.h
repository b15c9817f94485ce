// Tokens that are found in a text before it is cut to words.
#ifndef NEURA_DATA_TEXT_INTERNAL_ADDED_VOCABULARY_H_
#define NEURA_DATA_TEXT_INTERNAL_ADDED_VOCABULARY_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "neura/data/text/internal/pipeline.h"
#include "neura/data/text/tokenizer.h"

namespace neura::data::text::internal {

class AddedVocabulary {
 public:
  // Adds tokens with the numbers that they have in the model, or the next ones; the number of new
  // ones. Empty ones, and those that are there, are passed over.
  int64_t Add(absl::Span<const AddedToken> tokens, const Pipeline& pipeline);
  // Adds a token under a number of a file. Throws InvalidArgument where the model, or another
  // token, has it otherwise. Refresh comes after the last one.
  void AddAs(AddedToken token, int64_t id, const Pipeline& pipeline);
  void Refresh(const Pipeline& pipeline);

  std::optional<int64_t> Find(std::string_view token) const;
  // Null for a number that none of them has.
  const AddedToken* TokenOf(int64_t id) const;
  const std::map<int64_t, AddedToken>& tokens() const { return tokens_; }

  // A part of a text, and the token that it is, if it is one.
  struct Found {
    size_t begin, end;
    std::optional<int64_t> id;
  };
  // The parts of a text that are tokens, and what is between them: of tokens that are looked for in
  // what the normalizer makes of it, or of the others.
  std::vector<Found> PartsOf(std::string_view text, bool normalized) const;

 private:
  std::map<int64_t, AddedToken> tokens_;
  StringMap<int64_t> ids_;
  PrefixSearch raw_, normalized_;
};

}  // namespace neura::data::text::internal

#endif  // NEURA_DATA_TEXT_INTERNAL_ADDED_VOCABULARY_H_
