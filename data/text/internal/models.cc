#include "neura/data/text/internal/models.h"

#include <algorithm>
#include <queue>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "neura/data/text/internal/unicode.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/io/byte_source.h"

namespace neura::data::text::internal {
namespace {

StringMap<int64_t> IdsOf(const Vocab& vocab) {
  StringMap<int64_t> ids;
  for (const std::string& token : vocab.itos())
    ids.emplace(token, static_cast<int64_t>(ids.size()));
  return ids;
}

}  // namespace

void CheckRepeated(std::string_view what, std::string_view text) {
  if (text.size() > kMaxRepeated) {
    ThrowInvalidArgument(
        absl::StrCat(what, " has ", text.size(), " bytes; at most ", kMaxRepeated));
  }
}

TokenTable::TokenTable(StringMap<int64_t> ids) : ids_(std::move(ids)) {
  tokens_.reserve(ids_.size());
  for (const auto& [token, id] : ids_) {
    if (id < 0) {
      ThrowInvalidArgument(absl::StrCat("the token '", Printable(token), "' has the id ", id));
    }
    if (ToUtf8(token) != token) {
      ThrowInvalidArgument(absl::StrCat("the token '", Printable(token), "' is not UTF-8"));
    }
    const auto inserted = tokens_.emplace(id, &token);
    if (!inserted.second) {
      // The same ones whatever the order of the table.
      const std::string& a = std::min(token, *inserted.first->second);
      const std::string& b = std::max(token, *inserted.first->second);
      ThrowInvalidArgument(absl::StrCat("the tokens '", Printable(a), "' and '", Printable(b),
                                        "' both have the id ", id));
    }
  }
}

TokenTable::TokenTable(const Vocab& vocab) : TokenTable(IdsOf(vocab)) {}

std::optional<int64_t> TokenTable::Find(std::string_view token) const {
  const auto found = ids_.find(token);
  if (found == ids_.end()) return std::nullopt;
  return found->second;
}

const std::string* TokenTable::TokenOf(int64_t id) const {
  const auto found = tokens_.find(id);
  return found == tokens_.end() ? nullptr : found->second;
}

PrefixSearch SearchOf(const char* model, const TokenTable& table) {
  constexpr size_t kMaxToken = 4096;
  for (const auto& token : table.ids()) {
    if (token.first.size() > kMaxToken) {
      ThrowInvalidArgument(
          absl::StrCat(model, ": a token of ", token.first.size(), " bytes; at most ", kMaxToken));
    }
  }
  return PrefixSearch({table.ids().begin(), table.ids().end()});
}

std::vector<int64_t> Model::ByteTokens(std::string_view text) const {
  std::vector<int64_t> bytes;
  for (const char c : text) {
    const std::optional<int64_t> id =
        table_.Find(absl::StrFormat("<0x%02X>", static_cast<unsigned char>(c)));
    if (!id) return {};
    bytes.push_back(*id);
  }
  return bytes;
}

int64_t Model::Unknown(const std::string& token) const {
  const std::optional<int64_t> id = table_.Find(token);
  if (!id) {
    ThrowInvalidArgument(absl::StrCat("the token for what is unknown, '", Printable(token),
                                      "', is not in the vocabulary"));
  }
  return *id;
}

void WordLevel::Tokenize(std::string_view word, std::vector<Token>& tokens) const {
  if (const std::optional<int64_t> id = table_.Find(word)) {
    tokens.push_back({*id, std::string(word), 0, word.size()});
  } else {
    tokens.push_back({Unknown(unk_token_), unk_token_, 0, word.size()});
  }
}

void WordPiece::Tokenize(std::string_view word, std::vector<Token>& tokens) const {
  const size_t before = tokens.size();
  bool known = CountCharacters(word) <= static_cast<size_t>(options_.max_input_chars_per_word);
  for (size_t at = 0; known && at < word.size();) {
    const std::string_view rest = word.substr(at);
    const std::optional<PrefixSearch::Found> found =
        at == 0 ? search_.Longest(rest) : search_.Longest(rest, options_.continuing_subword_prefix);
    known = found.has_value();
    if (!known) break;
    tokens.push_back({found->value, *table_.TokenOf(found->value), at, at + found->length});
    at += found->length;
  }
  if (known) return;
  tokens.resize(before);
  tokens.push_back({Unknown(options_.unk_token), options_.unk_token, 0, word.size()});
}

Bpe::Bpe(StringMap<int64_t> ids, const Merges& merges, BpeOptions options)
    : Model(std::move(ids)), options_(std::move(options)) {
  const auto id_of = [&](std::string_view token, size_t merge) {
    const std::optional<int64_t> id = table_.Find(token);
    if (!id) {
      ThrowInvalidArgument(absl::StrCat("merge ", merge + 1, " ('", Printable(merges[merge].first),
                                        "' and '", Printable(merges[merge].second), "'): '",
                                        Printable(token), "' is not in the vocabulary"));
    }
    return *id;
  };
  const std::string& prefix = options_.continuing_subword_prefix;
  CheckRepeated("BPE: unk_token", options_.unk_token.value_or(""));
  CheckRepeated("BPE: continuing_subword_prefix", prefix);
  CheckRepeated("BPE: end_of_word_suffix", options_.end_of_word_suffix);
  if (options_.byte_fallback && !(prefix.empty() && options_.end_of_word_suffix.empty())) {
    ThrowUnimplemented(
        "BPE: byte_fallback is not supported together with continuing_subword_prefix or "
        "end_of_word_suffix");
  }
  merges_.reserve(merges.size());
  for (size_t i = 0; i < merges.size(); ++i) {
    const auto& [left, right] = merges[i];
    std::string_view end = right;
    // The second part is always one that continues.
    end.remove_prefix(std::min(prefix.size(), end.size()));
    const std::pair<int64_t, int64_t> pair(id_of(left, i), id_of(right, i));
    merges_.insert_or_assign(pair,
                             Merge{static_cast<int64_t>(i), id_of(absl::StrCat(left, end), i)});
  }
}

const Bpe::Merge* Bpe::Find(const Symbol& left, const Symbol& right) const {
  const auto found = merges_.find({left.id, right.id});
  return found == merges_.end() ? nullptr : &found->second;
}

std::vector<Bpe::Symbol> Bpe::SymbolsOf(std::string_view word) const {
  std::vector<Symbol> symbols;
  symbols.reserve(word.size());
  size_t unknown = 0;  // bytes that are unknown and have no symbol yet
  const auto add = [&](int64_t id, size_t length) {
    const auto at = static_cast<int64_t>(symbols.size());
    symbols.push_back({id, length, at - 1, at + 1});
  };
  const auto add_unknown = [&] {
    if (unknown > 0) add(Unknown(*options_.unk_token), unknown);
    unknown = 0;
  };
  std::string text;
  for (size_t at = 0; at < word.size();) {
    const size_t begin = at;
    NextCharacter(word, at);
    const size_t length = at - begin;
    text.clear();
    if (begin > 0) text = options_.continuing_subword_prefix;
    text.append(word.substr(begin, length));
    if (at == word.size()) text += options_.end_of_word_suffix;
    if (const std::optional<int64_t> id = table_.Find(text)) {
      add_unknown();
      add(*id, length);
      continue;
    }
    if (options_.byte_fallback) {
      if (const std::vector<int64_t> bytes = ByteTokens(text); !bytes.empty()) {
        add_unknown();
        for (const int64_t id : bytes) add(id, 1);
        continue;
      }
    }
    // Without a token for it, what is unknown is left out.
    if (!options_.unk_token) continue;
    if (!options_.fuse_unk) add_unknown();
    unknown += length;
  }
  add_unknown();
  if (!symbols.empty()) symbols.back().next = -1;
  return symbols;
}

// What can be merged waits in a queue, of which each merge adds at most two entries.
void Bpe::MergeAll(std::vector<Symbol>& symbols) const {
  struct Candidate {
    int64_t rank, at, id;
    // The first merge of the list is on top, and of equal ones the one furthest to the left.
    bool operator<(const Candidate& other) const {
      return rank != other.rank ? rank > other.rank : at > other.at;
    }
  };
  std::priority_queue<Candidate> queue;
  const auto symbol = [&](int64_t at) -> Symbol& { return symbols[static_cast<size_t>(at)]; };
  const auto consider = [&](int64_t left) {
    if (left < 0 || symbol(left).next < 0) return;
    const Merge* const merge = Find(symbol(left), symbol(symbol(left).next));
    if (merge != nullptr) queue.push({merge->rank, left, merge->id});
  };
  for (size_t i = 0; i < symbols.size(); ++i) consider(static_cast<int64_t>(i));
  while (!queue.empty()) {
    const Candidate top = queue.top();
    queue.pop();
    Symbol& left = symbol(top.at);
    if (left.length == 0 || left.next < 0) continue;
    Symbol& right = symbol(left.next);
    // One of both may have become another symbol since.
    const Merge* const merge = Find(left, right);
    if (merge == nullptr || merge->id != top.id) continue;
    left.id = top.id;
    left.length += right.length;
    left.next = right.next;
    right.length = 0;
    if (left.next >= 0) symbol(left.next).previous = top.at;
    consider(left.previous);
    consider(top.at);
  }
}

void Bpe::Tokenize(std::string_view word, std::vector<Token>& tokens) const {
  if (word.empty()) return;
  if (options_.ignore_merges) {
    if (const std::optional<int64_t> id = table_.Find(word)) {
      tokens.push_back({*id, std::string(word), 0, word.size()});
      return;
    }
  }
  std::vector<Symbol> symbols = SymbolsOf(word);
  MergeAll(symbols);
  size_t at = 0;
  for (const Symbol& symbol : symbols) {
    if (symbol.length == 0) continue;
    tokens.push_back({symbol.id, *table_.TokenOf(symbol.id), at, at + symbol.length});
    at += symbol.length;
  }
}

}  // namespace neura::data::text::internal
