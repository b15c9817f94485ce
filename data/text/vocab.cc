#include "neura/data/text/vocab.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "neura/data/lines.h"
#include "neura/data/text/internal/unicode.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/io/atomic_file.h"
#include "neura/tensor/io/byte_source.h"

namespace neura::data::text {
namespace {

// A vocabulary of more bytes is taken for a mistake.
constexpr uint64_t kMaxFile = 256 << 20;

absl::StatusOr<Vocab> ReadVocab(const ByteSource& source) {
  if (source.size() > kMaxFile) {
    return absl::InvalidArgumentError(
        absl::StrCat("a vocabulary of ", source.size(), " bytes; at most ", kMaxFile));
  }
  LineReader lines(source);
  Vocab vocab;
  for (;;) {
    absl::StatusOr<std::optional<std::string>> line = lines.Next();
    if (!line.ok()) return line.status();
    if (!*line) return vocab;
    std::string token = **std::move(line);
    if (internal::ToUtf8(token) != token) {
      return absl::InvalidArgumentError(
          absl::StrCat("line ", vocab.size() + 1, ": '", Printable(token), "' is not UTF-8"));
    }
    if (const std::optional<int64_t> other = vocab.Find(token)) {
      return absl::InvalidArgumentError(absl::StrCat("line ", vocab.size() + 1, ": the token '",
                                                     Printable(token), "' stands in line ",
                                                     *other + 1, " already"));
    }
    vocab.AppendToken(std::move(token));
  }
}

}  // namespace

Vocab::Vocab(std::vector<std::string> tokens) {
  tokens_.reserve(tokens.size());
  for (std::string& token : tokens) AppendToken(std::move(token));
}

std::optional<int64_t> Vocab::Find(std::string_view token) const {
  const auto found = indices_.find(token);
  if (found == indices_.end()) return std::nullopt;
  return found->second;
}

int64_t Vocab::operator[](std::string_view token) const {
  const std::optional<int64_t> index = Find(token);
  if (index) return *index;
  if (default_index_) return *default_index_;
  ThrowFailedPrecondition(absl::StrCat("Vocab: the token '", Printable(token),
                                       "' is not here, and no default index is set"));
}

std::vector<int64_t> Vocab::LookupIndices(absl::Span<const std::string> tokens) const {
  std::vector<int64_t> indices;
  indices.reserve(tokens.size());
  for (const std::string& token : tokens) indices.push_back((*this)[token]);
  return indices;
}

const std::string& Vocab::LookupToken(int64_t index) const {
  if (index < 0 || index >= size()) {
    ThrowFailedPrecondition(
        absl::StrCat("Vocab: no token has the index ", index, "; there are ", size()));
  }
  return tokens_[static_cast<size_t>(index)];
}

std::vector<std::string> Vocab::LookupTokens(absl::Span<const int64_t> indices) const {
  std::vector<std::string> tokens;
  tokens.reserve(indices.size());
  for (const int64_t index : indices) tokens.push_back(LookupToken(index));
  return tokens;
}

void Vocab::SetDefaultIndex(std::optional<int64_t> index) {
  if (index && (*index < 0 || *index >= size())) {
    ThrowInvalidArgument(
        absl::StrCat("Vocab: the default index is ", *index, "; there are ", size(), " tokens"));
  }
  default_index_ = index;
}

void Vocab::InsertToken(std::string token, int64_t index) {
  if (const std::optional<int64_t> other = Find(token)) {
    ThrowInvalidArgument(
        absl::StrCat("Vocab: the token '", Printable(token), "' is here already, at ", *other));
  }
  if (index < 0 || index > size()) {
    ThrowInvalidArgument(
        absl::StrCat("Vocab: an index from 0 to ", size(), " is expected, not ", index));
  }
  indices_.emplace(token, index);
  tokens_.insert(tokens_.begin() + static_cast<std::ptrdiff_t>(index), std::move(token));
  for (size_t i = static_cast<size_t>(index) + 1; i < tokens_.size(); ++i) {
    indices_[tokens_[i]] = static_cast<int64_t>(i);
  }
}

Vocab BuildVocab(const TokenCounts& counts, const BuildVocabOptions& options) {
  if (options.min_freq < 1) {
    ThrowInvalidArgument(
        absl::StrCat("a vocabulary: min_freq is at least 1, not ", options.min_freq));
  }
  std::vector<std::pair<std::string, int64_t>> frequent;
  for (const auto& [token, count] : counts) {
    if (count < options.min_freq) continue;
    if (std::find(options.specials.begin(), options.specials.end(), token) ==
        options.specials.end()) {
      frequent.emplace_back(token, count);
    }
  }
  std::sort(frequent.begin(), frequent.end(), [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  if (options.max_tokens) {
    const int64_t rest = *options.max_tokens - static_cast<int64_t>(options.specials.size());
    if (rest < 0) {
      ThrowInvalidArgument(absl::StrCat("a vocabulary: max_tokens is ", *options.max_tokens, "; ",
                                        options.specials.size(), " are special"));
    }
    if (frequent.size() > static_cast<size_t>(rest)) frequent.resize(static_cast<size_t>(rest));
  }
  std::vector<std::string> tokens;
  if (options.special_first) tokens = options.specials;
  for (auto& [token, count] : frequent) tokens.push_back(std::move(token));
  if (!options.special_first) {
    tokens.insert(tokens.end(), options.specials.begin(), options.specials.end());
  }
  return Vocab(std::move(tokens));
}

absl::StatusOr<Vocab> LoadVocab(const std::string& path) { return ReadFromFile(path, ReadVocab); }

absl::StatusOr<Vocab> ParseVocab(std::string_view text) { return ReadVocab(MemorySource(text)); }

void SaveVocab(const std::string& path, const Vocab& vocab) {
  std::string text;
  for (const std::string& token : vocab.itos()) {
    if (token.find('\n') != std::string::npos || (!token.empty() && token.back() == '\r')) {
      ThrowInvalidArgument(absl::StrCat("a vocabulary's file: the token '", Printable(token),
                                        "' does not fit into a line"));
    }
    absl::StrAppend(&text, token, "\n");
  }
  WriteFileAtomically(path, {text});
}

}  // namespace neura::data::text
