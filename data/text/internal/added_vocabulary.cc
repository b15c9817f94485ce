#include "neura/data/text/internal/added_vocabulary.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/io/byte_source.h"

namespace neura::data::text::internal {
namespace {

// Looking for longer ones would take as many steps at each byte of a text.
constexpr size_t kMaxToken = 4096;

bool StartsWithWord(std::string_view text) {
  size_t at = 0;
  return !text.empty() && IsWord(NextCharacter(text, at));
}

// Where the last character of a text begins.
size_t LastCharacter(std::string_view text) {
  size_t at = text.size() - 1;
  while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80) --at;
  return at;
}

bool EndsWithWord(std::string_view text) {
  return !text.empty() && StartsWithWord(text.substr(LastCharacter(text)));
}

// Where the white space begins that a text ends with, not before `least`.
size_t SpaceAtEnd(std::string_view text, size_t least) {
  while (text.size() > least) {
    const size_t last = LastCharacter(text);
    size_t at = last;
    if (last < least || !IsSpace(NextCharacter(text, at))) break;
    text = text.substr(0, last);
  }
  return text.size();
}

size_t SpaceAtStart(std::string_view text) {
  size_t length = 0;
  for (size_t at = 0; at < text.size() && IsSpace(NextCharacter(text, at));) length = at;
  return length;
}

}  // namespace

int64_t AddedVocabulary::Add(absl::Span<const AddedToken> tokens, const Pipeline& pipeline) {
  const TokenTable& table = pipeline.model->table();
  int64_t next = static_cast<int64_t>(table.ids().size());
  if (!tokens_.empty()) next = std::max(next, tokens_.rbegin()->first + 1);
  int64_t added = 0;
  for (const AddedToken& token : tokens) {
    if (token.content.empty() || Find(token.content)) continue;
    std::optional<int64_t> id = table.Find(token.content);
    if (!id) {
      while (table.TokenOf(next) != nullptr || TokenOf(next) != nullptr) ++next;
      id = next++;
    }
    AddAs(token, *id, pipeline);
    ++added;
  }
  Refresh(pipeline);
  return added;
}

void AddedVocabulary::AddAs(AddedToken token, int64_t id, const Pipeline& pipeline) {
  const TokenTable& table = pipeline.model->table();
  const auto refuse = [&](const auto&... problem) {
    ThrowInvalidArgument(
        Printable(absl::StrCat("the added token '", token.content, "' ", problem...)));
  };
  if (token.content.size() > kMaxToken) {
    refuse("has ", token.content.size(), " bytes; at most ", kMaxToken);
  }
  if (ToUtf8(token.content) != token.content) refuse("is not UTF-8");
  if (id < 0) refuse("has the id ", id);
  const std::optional<int64_t> own = table.Find(token.content);
  if (own && *own != id) refuse("has the id ", id, ", and ", *own, " in the model's vocabulary");
  const std::string* const other = table.TokenOf(id);
  if (other != nullptr && *other != token.content) {
    refuse("has the id ", id, " of '", *other, "' in the model's vocabulary");
  }
  if (const AddedToken* const there = TokenOf(id)) {
    refuse("has the id ", id, " of '", there->content, "'");
  }
  if (Find(token.content)) refuse("is there twice");
  ids_.emplace(token.content, id);
  tokens_.emplace(id, std::move(token));
}

void AddedVocabulary::Refresh(const Pipeline& pipeline) {
  std::vector<std::pair<std::string, int64_t>> raw, normalized;
  for (const auto& [id, token] : tokens_) {
    if (!token.normalized) {
      raw.emplace_back(token.content, id);
      continue;
    }
    AlignedText text(token.content);
    if (pipeline.normalizer) pipeline.normalizer(text);
    normalized.emplace_back(text.text(), id);
  }
  raw_ = PrefixSearch(std::move(raw));
  normalized_ = PrefixSearch(std::move(normalized));
}

std::optional<int64_t> AddedVocabulary::Find(std::string_view token) const {
  const auto found = ids_.find(token);
  if (found == ids_.end()) return std::nullopt;
  return found->second;
}

const AddedToken* AddedVocabulary::TokenOf(int64_t id) const {
  const auto found = tokens_.find(id);
  return found == tokens_.end() ? nullptr : &found->second;
}

std::vector<AddedVocabulary::Found> AddedVocabulary::PartsOf(std::string_view text,
                                                             bool normalized) const {
  const PrefixSearch& search = normalized ? normalized_ : raw_;
  std::vector<Found> parts;
  size_t done = 0;
  for (size_t at = 0; !search.empty() && at < text.size();) {
    const std::optional<PrefixSearch::Found> found = search.Longest(text.substr(at));
    if (!found) {
      ++at;
      continue;
    }
    size_t begin = at, end = at + found->length;
    at = end;
    const AddedToken& token = tokens_.at(found->value);
    if (token.single_word &&
        (EndsWithWord(text.substr(0, begin)) || StartsWithWord(text.substr(end)))) {
      continue;
    }
    // White space that another token has taken stays with it.
    if (token.lstrip) begin = SpaceAtEnd(text.substr(0, begin), done);
    if (begin < done) continue;
    if (token.rstrip) end += SpaceAtStart(text.substr(end));
    if (begin > done) parts.push_back({done, begin, std::nullopt});
    parts.push_back({begin, end, found->value});
    done = end;
    at = std::max(at, end);
  }
  if (done < text.size()) parts.push_back({done, text.size(), std::nullopt});
  return parts;
}

}  // namespace neura::data::text::internal
