#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "neura/data/text/internal/pipeline.h"

namespace neura::data::text::internal {
namespace {

// What stands before what it becomes, in the order in which they are replaced.
constexpr std::pair<const char*, const char*> kCleanup[] = {
    {" .", "."},   {" ?", "?"},     {" !", "!"},     {" ,", ","},
    {" ' ", "'"},  {" n't", "n't"}, {" 'm", "'m"},   {" do not", " don't"},
    {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"},
};

}  // namespace

Texts WordPieceDecoder::operator()(Texts tokens) const {
  for (size_t i = 0; i < tokens.size(); ++i) {
    std::string& token = tokens[i];
    if (i > 0) {
      token =
          absl::StartsWith(token, prefix) ? token.substr(prefix.size()) : absl::StrCat(" ", token);
    }
    if (!cleanup) continue;
    for (const auto& replacement : kCleanup) {
      absl::StrReplaceAll({{replacement.first, replacement.second}}, &token);
    }
  }
  return tokens;
}

Texts BpeDecoder::operator()(Texts tokens) const {
  for (size_t i = 0; i < tokens.size(); ++i) {
    const char* const between = i + 1 == tokens.size() ? "" : " ";
    if (!suffix.empty()) absl::StrReplaceAll({{suffix, between}}, &tokens[i]);
  }
  return tokens;
}

Texts MetaspaceDecoder::operator()(Texts tokens) const {
  for (size_t i = 0; i < tokens.size(); ++i) {
    const bool drop = i == 0 && metaspace.prepend != Metaspace::Prepend::kNever;
    absl::StrReplaceAll({{metaspace.replacement, drop ? "" : " "}}, &tokens[i]);
  }
  return tokens;
}

Texts DecodeByteTokens(const Texts& tokens) {
  Texts decoded;
  std::string bytes;
  const auto add_bytes = [&] {
    if (ToUtf8(bytes) == bytes) {
      if (!bytes.empty()) decoded.push_back(bytes);
    } else {
      decoded.insert(decoded.end(), bytes.size(), "\ufffd");
    }
    bytes.clear();
  };
  for (const std::string& token : tokens) {
    const bool is_byte = token.size() == 6 && absl::StartsWith(token, "<0x") && token[5] == '>';
    if (unsigned byte = 0; is_byte && absl::SimpleHexAtoi(token.substr(3, 2), &byte)) {
      bytes += static_cast<char>(byte);
      continue;
    }
    add_bytes();
    decoded.push_back(token);
  }
  add_bytes();
  return decoded;
}

Texts FuseTokens(const Texts& tokens) { return {absl::StrJoin(tokens, "")}; }

Texts StripDecoder::operator()(Texts tokens) const {
  for (std::string& token : tokens) {
    std::string_view rest = token;
    for (int64_t i = 0; i < start && absl::ConsumePrefix(&rest, content); ++i) {
    }
    for (int64_t i = 0; i < stop && absl::ConsumeSuffix(&rest, content); ++i) {
    }
    token = std::string(rest);
  }
  return tokens;
}

}  // namespace neura::data::text::internal
