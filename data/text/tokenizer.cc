#include "neura/data/text/tokenizer.h"

#include <algorithm>
#include <map>

#include "absl/strings/str_join.h"
#include "neura/data/text/internal/added_vocabulary.h"
#include "neura/data/text/internal/pipeline.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/parallel/thread_pool.h"

namespace neura::data::text {
namespace {

using internal::AddedVocabulary;
using internal::AlignedText;
using internal::Pipeline;
using internal::Place;
using internal::Token;
using internal::Words;

// A word, or a token that was found before.
struct Piece {
  AlignedText text;
  std::optional<int64_t> id = {};
};

std::vector<Piece> PiecesOf(AlignedText text, const AddedVocabulary& added, bool normalized) {
  std::vector<Piece> pieces;
  const std::vector<AddedVocabulary::Found> parts = added.PartsOf(text.text(), normalized);
  if (parts.size() == 1 && !parts[0].id) {
    pieces.push_back({std::move(text)});
    return pieces;
  }
  for (const AddedVocabulary::Found& part : parts) {
    pieces.push_back({text.Slice(part.begin, part.end), part.id});
  }
  return pieces;
}

// The words of a text and the added tokens between them.
std::vector<Piece> CutText(std::string_view bytes, const Pipeline& pipeline,
                           const AddedVocabulary& added) {
  std::vector<Piece> pieces;
  for (Piece& outer : PiecesOf(AlignedText(internal::ToUtf8(bytes)), added, false)) {
    if (outer.id) {
      pieces.push_back(std::move(outer));
      continue;
    }
    if (pipeline.normalizer) pipeline.normalizer(outer.text);
    for (Piece& inner : PiecesOf(std::move(outer.text), added, true)) {
      if (inner.id || !pipeline.pre_tokenizer) {
        if (!inner.text.empty()) pieces.push_back(std::move(inner));
        continue;
      }
      for (AlignedText& word : pipeline.pre_tokenizer(std::move(inner.text))) {
        if (!word.empty()) pieces.push_back({std::move(word)});
      }
    }
  }
  return pieces;
}

// Turns places in a text into how many characters are before them.
class CharacterCounter {
 public:
  CharacterCounter(std::string_view bytes, bool wanted) {
    const std::string text = internal::ToUtf8(bytes);
    if (!wanted || internal::IsAscii(text)) return;
    before_.resize(text.size() + 1);
    uint32_t count = 0;
    for (size_t at = 0; at < text.size(); ++count) {
      size_t next = at;
      internal::NextCharacter(text, next);
      std::fill(before_.begin() + static_cast<std::ptrdiff_t>(at),
                before_.begin() + static_cast<std::ptrdiff_t>(next), count);
      at = next;
    }
    before_.back() = count;
  }
  int64_t operator()(uint32_t byte) const { return before_.empty() ? byte : before_[byte]; }

 private:
  std::vector<uint32_t> before_;
};

}  // namespace

Tokenizer::Tokenizer(std::shared_ptr<const Pipeline> pipeline)
    : pipeline_(std::move(pipeline)), added_(std::make_shared<AddedVocabulary>()) {}

Encoding Tokenizer::EncodeOne(std::string_view text, int64_t sequence,
                              const EncodeOptions& options) const {
  const CharacterCounter count(text, options.characters);
  Encoding encoding;
  const auto add = [&](int64_t id, std::string token, const Place& place, size_t word) {
    encoding.ids.push_back(id);
    encoding.type_ids.push_back(sequence);
    encoding.tokens.push_back(std::move(token));
    encoding.offsets.emplace_back(count(place.begin), count(place.end));
    encoding.word_ids.push_back(static_cast<int64_t>(word));
    encoding.sequence_ids.push_back(sequence);
    encoding.special_tokens_mask.push_back(0);
    encoding.attention_mask.push_back(1);
  };
  const std::vector<Piece> pieces = CutText(text, *pipeline_, *added_);
  std::vector<Token> tokens;
  for (size_t word = 0; word < pieces.size(); ++word) {
    const AlignedText& piece = pieces[word].text;
    if (pieces[word].id) {
      add(*pieces[word].id, piece.text(), piece.Origin(0, piece.text().size()), word);
      continue;
    }
    tokens.clear();
    pipeline_->model->Tokenize(piece.text(), tokens);
    for (Token& token : tokens) {
      add(token.id, std::move(token.text), piece.Origin(token.begin, token.end), word);
    }
  }
  return encoding;
}

Encoding Tokenizer::EncodeUnpadded(std::string_view text, const std::string_view* pair,
                                   const EncodeOptions& options) const {
  std::vector<Encoding> encodings;
  encodings.push_back(EncodeOne(text, 0, options));
  if (pair != nullptr) encodings.push_back(EncodeOne(*pair, 1, options));
  if (truncation_) {
    const int64_t added = options.add_special_tokens ? NumSpecialTokensToAdd(pair != nullptr) : 0;
    internal::CheckTruncation(*truncation_, added);
    internal::TruncateBoth(encodings[0], pair != nullptr ? &encodings[1] : nullptr, *truncation_,
                           added);
  }
  if (pipeline_->post_processor != nullptr) {
    pipeline_->post_processor->Process(encodings, options.add_special_tokens);
  }
  Encoding whole;
  for (size_t i = 0; i < encodings.size(); ++i) {
    if (i == 0) {
      whole = std::move(encodings[0]);
    } else {
      internal::Append(whole, encodings[i]);
    }
  }
  return whole;
}

Encoding Tokenizer::Encode(std::string_view text, const EncodeOptions& options) const {
  Encoding encoding = EncodeUnpadded(text, nullptr, options);
  if (padding_) Pad(absl::MakeSpan(&encoding, 1), *padding_);
  return encoding;
}

Encoding Tokenizer::EncodePair(std::string_view text, std::string_view pair,
                               const EncodeOptions& options) const {
  Encoding encoding = EncodeUnpadded(text, &pair, options);
  if (padding_) Pad(absl::MakeSpan(&encoding, 1), *padding_);
  return encoding;
}

std::vector<Encoding> Tokenizer::EncodeBatch(absl::Span<const std::string> texts,
                                             const EncodeOptions& options) const {
  std::vector<Encoding> encodings(texts.size());
  ParallelFor(static_cast<int64_t>(texts.size()), [&](int64_t i) {
    const auto at = static_cast<size_t>(i);
    encodings[at] = EncodeUnpadded(texts[at], nullptr, options);
  });
  if (padding_) Pad(absl::MakeSpan(encodings), *padding_);
  return encodings;
}

std::vector<Encoding> Tokenizer::EncodePairs(
    absl::Span<const std::pair<std::string, std::string>> pairs,
    const EncodeOptions& options) const {
  std::vector<Encoding> encodings(pairs.size());
  ParallelFor(static_cast<int64_t>(pairs.size()), [&](int64_t i) {
    const auto at = static_cast<size_t>(i);
    const std::string_view second = pairs[at].second;
    encodings[at] = EncodeUnpadded(pairs[at].first, &second, options);
  });
  if (padding_) Pad(absl::MakeSpan(encodings), *padding_);
  return encodings;
}

std::string Tokenizer::Decode(absl::Span<const int64_t> ids, bool skip_special_tokens) const {
  std::vector<std::string> tokens;
  for (const int64_t id : ids) {
    const AddedToken* const added = added_->TokenOf(id);
    if (added != nullptr) {
      if (!added->special || !skip_special_tokens) tokens.push_back(added->content);
      continue;
    }
    const std::string* const token = pipeline_->model->table().TokenOf(id);
    if (token == nullptr) continue;
    // What padding puts there is no part of a text, even where its token was not added as a special
    // one, as in plain vocabularies.
    if (skip_special_tokens && padding_ && *token == padding_->pad_token) continue;
    tokens.push_back(*token);
  }
  if (pipeline_->decoder) return absl::StrJoin(pipeline_->decoder(std::move(tokens)), "");
  return absl::StrJoin(tokens, " ");
}

std::optional<int64_t> Tokenizer::TokenToId(std::string_view token) const {
  const std::optional<int64_t> added = added_->Find(token);
  return added ? added : pipeline_->model->table().Find(token);
}

std::optional<std::string> Tokenizer::IdToToken(int64_t id) const {
  if (const AddedToken* const added = added_->TokenOf(id)) return added->content;
  const std::string* const token = pipeline_->model->table().TokenOf(id);
  if (token == nullptr) return std::nullopt;
  return *token;
}

std::vector<std::pair<std::string, int64_t>> Tokenizer::GetVocab(bool with_added_tokens) const {
  std::map<int64_t, std::string> tokens;
  for (const auto& [token, id] : pipeline_->model->table().ids()) tokens.emplace(id, token);
  if (with_added_tokens) {
    for (const auto& [id, token] : added_->tokens()) tokens.emplace(id, token.content);
  }
  std::vector<std::pair<std::string, int64_t>> list;
  list.reserve(tokens.size());
  for (auto& [id, token] : tokens) list.emplace_back(std::move(token), id);
  return list;
}

int64_t Tokenizer::GetVocabSize(bool with_added_tokens) const {
  const internal::TokenTable& table = pipeline_->model->table();
  auto size = static_cast<int64_t>(table.ids().size());
  if (with_added_tokens) {
    for (const auto& [id, token] : added_->tokens()) size += table.TokenOf(id) == nullptr;
  }
  return size;
}

std::vector<std::pair<std::string, std::pair<int64_t, int64_t>>> Tokenizer::PreTokenize(
    std::string_view text, bool characters) const {
  const CharacterCounter count(text, characters);
  std::vector<std::pair<std::string, std::pair<int64_t, int64_t>>> words;
  for (const Piece& piece : CutText(text, *pipeline_, *added_)) {
    const std::string& word = piece.text.text();
    const Place place = piece.text.Origin(0, word.size());
    words.push_back({word, {count(place.begin), count(place.end)}});
  }
  return words;
}

std::string Tokenizer::Normalize(std::string_view text) const {
  AlignedText normalized(internal::ToUtf8(text));
  if (pipeline_->normalizer) pipeline_->normalizer(normalized);
  return normalized.text();
}

int64_t Tokenizer::AddTokens(absl::Span<const AddedToken> tokens) {
  auto added = std::make_shared<AddedVocabulary>(*added_);
  const int64_t count = added->Add(tokens, *pipeline_);
  added_ = std::move(added);
  return count;
}

int64_t Tokenizer::AddSpecialTokens(absl::Span<const std::string> tokens) {
  std::vector<AddedToken> added;
  for (const std::string& token : tokens) {
    added.push_back({.content = token, .normalized = false, .special = true});
  }
  return AddTokens(added);
}

void Tokenizer::EnablePadding(const PaddingOptions& options) {
  internal::CheckPadding(options);
  padding_ = options;
}

void Tokenizer::EnableTruncation(const TruncationOptions& options) {
  internal::CheckTruncation(options, NumSpecialTokensToAdd(false));
  truncation_ = options;
}

int64_t Tokenizer::NumSpecialTokensToAdd(bool pair) const {
  return pipeline_->post_processor == nullptr ? 0 : pipeline_->post_processor->Added(pair);
}

}  // namespace neura::data::text
