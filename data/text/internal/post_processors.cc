#include <algorithm>
#include <utility>

#include "neura/data/text/internal/pipeline.h"

namespace neura::data::text::internal {
namespace {

// What stands for a space in byte-level tokens.
constexpr char32_t kShownSpace = 0x120;

bool IsBlank(char32_t c) { return c == kShownSpace || IsSpace(c); }

Encoding OfSpecialTokens(const Template::Piece& piece) {
  Encoding encoding;
  for (const SpecialToken& token : piece.tokens) {
    encoding.ids.push_back(token.first);
    encoding.type_ids.push_back(piece.type_id);
    encoding.tokens.push_back(token.second);
    encoding.offsets.emplace_back(0, 0);
    encoding.word_ids.push_back(-1);
    encoding.sequence_ids.push_back(-1);
    encoding.special_tokens_mask.push_back(1);
    encoding.attention_mask.push_back(1);
  }
  return encoding;
}

void SetTypeIds(Encoding& encoding, int64_t type_id) {
  encoding.type_ids.assign(encoding.size(), type_id);
  for (Encoding& piece : encoding.overflowing) SetTypeIds(piece, type_id);
}

}  // namespace

void TrimOffsets::Process(std::vector<Encoding>& encodings, bool) const {
  for (Encoding& encoding : encodings) Trim(encoding);
}

void TrimOffsets::Trim(Encoding& encoding) const {
  for (Encoding& piece : encoding.overflowing) Trim(piece);
  for (size_t i = 0; i < encoding.size(); ++i) {
    const std::string& token = encoding.tokens[i];
    int64_t leading = 0, trailing = 0;
    bool all = true;
    for (size_t at = 0; at < token.size();) {
      const bool blank = IsBlank(NextCharacter(token, at));
      all &= blank;
      if (all) ++leading;
      trailing = blank ? trailing + 1 : 0;
    }
    auto& [begin, end] = encoding.offsets[i];
    if (leading > 0) {
      // A single one was put before the text, and takes no place.
      if (add_prefix_space_ && (i == 0 || begin == 0) && leading == 1) leading = 0;
      begin = std::min(begin + leading, end);
    }
    if (trailing > 0 && end >= trailing) end = std::max(end - trailing, begin);
  }
}

Template::Template(std::vector<Piece> single, std::vector<Piece> pair)
    : single_(std::move(single)), pair_(std::move(pair)) {
  for (const std::vector<Piece>* pieces : {&single_, &pair_}) {
    for (const Piece& piece : *pieces) {
      for (const SpecialToken& token : piece.tokens) {
        CheckRepeated("a token that is added to texts", token.second);
      }
    }
  }
}

int64_t Template::Added(bool pair) const {
  int64_t count = 0;
  for (const Piece& piece : pair ? pair_ : single_) {
    count += static_cast<int64_t>(piece.tokens.size());
  }
  return count;
}

void Template::Process(std::vector<Encoding>& encodings, bool add_special_tokens) const {
  std::vector<Encoding> result;
  for (const Piece& piece : encodings.size() > 1 ? pair_ : single_) {
    if (!piece.tokens.empty()) {
      if (add_special_tokens) result.push_back(OfSpecialTokens(piece));
      continue;
    }
    result.push_back(encodings[static_cast<size_t>(piece.sequence)]);
    SetTypeIds(result.back(), piece.type_id);
  }
  encodings = std::move(result);
}

std::unique_ptr<const PostProcessor> BertTemplate(const SpecialToken& cls,
                                                  const SpecialToken& sep) {
  using Pieces = std::vector<Template::Piece>;
  return std::make_unique<Template>(Pieces{{.tokens = {cls}}, {}, {.tokens = {sep}}},
                                    Pieces{{.tokens = {cls}},
                                           {},
                                           {.tokens = {sep}},
                                           {.tokens = {}, .sequence = 1, .type_id = 1},
                                           {.tokens = {sep}, .type_id = 1}});
}

std::unique_ptr<const PostProcessor> RobertaTemplate(const SpecialToken& cls,
                                                     const SpecialToken& sep) {
  using Pieces = std::vector<Template::Piece>;
  return std::make_unique<Template>(Pieces{{.tokens = {cls}}, {}, {.tokens = {sep}}},
                                    Pieces{{.tokens = {cls}},
                                           {},
                                           {.tokens = {sep, sep}},
                                           {.tokens = {}, .sequence = 1},
                                           {.tokens = {sep}}});
}

int64_t ProcessorSequence::Added(bool pair) const {
  int64_t count = 0;
  for (const auto& processor : processors_) count += processor->Added(pair);
  return count;
}

void ProcessorSequence::Process(std::vector<Encoding>& encodings, bool add_special_tokens) const {
  for (const auto& processor : processors_) processor->Process(encodings, add_special_tokens);
}

}  // namespace neura::data::text::internal
