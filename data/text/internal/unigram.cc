#include "neura/data/text/internal/unigram.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "neura/data/text/internal/unicode.h"
#include "neura/tensor/core/error.h"

namespace neura::data::text::internal {
namespace {

// How much less probable than the least probable token SentencePiece takes what is unknown for.
constexpr double kUnknownPenalty = 10;

StringMap<int64_t> IdsOf(const std::vector<std::pair<std::string, double>>& vocab) {
  StringMap<int64_t> ids;
  ids.reserve(vocab.size());
  for (size_t i = 0; i < vocab.size(); ++i) {
    ids.insert_or_assign(vocab[i].first, static_cast<int64_t>(i));
  }
  return ids;
}

}  // namespace

Unigram::Unigram(std::vector<std::pair<std::string, double>> vocab, const UnigramOptions& options)
    : Model(IdsOf(vocab)), options_(options), search_(SearchOf("Unigram", table())) {
  const int64_t unknown = options_.unk_id.value_or(0);
  if (unknown < 0 || (options_.unk_id && static_cast<size_t>(unknown) >= vocab.size())) {
    ThrowInvalidArgument(
        absl::StrCat("Unigram: unk_id = ", unknown, " is none of ", vocab.size(), " tokens"));
  }
  double least = std::numeric_limits<double>::infinity();
  scores_.reserve(vocab.size());
  for (const auto& [token, score] : vocab) {
    least = std::min(least, score);
    scores_.push_back(score);
  }
  unknown_score_ = least - kUnknownPenalty;
}

std::vector<size_t> Unigram::CutFromBehind(std::string_view word) const {
  // The best way to each byte, and where its last piece begins.
  struct Best {
    double score = 0;
    size_t begin = 0;
    bool reached = false, unknown = false;
  };
  std::vector<Best> best(word.size() + 1);
  for (size_t at = 0; at < word.size();) {
    const double so_far = best[at].score;
    const auto reach = [&](size_t end, double score, bool unknown) {
      if (!best[end].reached || so_far + score > best[end].score) {
        best[end] = {so_far + score, at, true, unknown};
      }
    };
    size_t next = at;
    NextCharacter(word, next);
    bool single = false;
    search_.ForEach(word.substr(at), {}, [&](const PrefixSearch::Found& found) {
      reach(at + found.length, scores_[static_cast<size_t>(found.value)],
            found.value == options_.unk_id);
      single |= at + found.length == next;
    });
    if (!single) {
      if (!options_.unk_id) {
        ThrowInvalidArgument(
            "Unigram: a character is unknown, and there is no token (unk_id) for it");
      }
      reach(next, unknown_score_, true);
    }
    at = next;
  }
  std::vector<size_t> ends;
  bool unknown = false;
  for (size_t end = word.size(); end > 0; end = best[end].begin) {
    // Unknown neighbours are one piece.
    if (!(unknown && best[end].unknown)) ends.push_back(end);
    unknown = best[end].unknown;
  }
  return ends;
}

void Unigram::Tokenize(std::string_view word, std::vector<Token>& tokens) const {
  const std::vector<size_t> ends = CutFromBehind(word);
  size_t begin = 0;
  for (size_t i = ends.size(); i-- > 0; begin = ends[i]) {
    const std::string_view piece = word.substr(begin, ends[i] - begin);
    if (const std::optional<int64_t> id = table().Find(piece)) {
      tokens.push_back({*id, std::string(piece), begin, ends[i]});
    } else if (const std::vector<int64_t> bytes =
                   options_.byte_fallback ? ByteTokens(piece) : std::vector<int64_t>();
               !bytes.empty()) {
      for (const int64_t byte : bytes) {
        tokens.push_back({byte, *table().TokenOf(byte), begin, ends[i]});
      }
    } else {
      // CutFromBehind() has seen that there is one.
      tokens.push_back({options_.unk_id.value_or(0), std::string(piece), begin, ends[i]});
    }
  }
}

}  // namespace neura::data::text::internal
