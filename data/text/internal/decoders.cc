#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
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

std::string WordPieceDecoder::operator()(const std::vector<std::string>& tokens) const {
  std::string text;
  for (size_t i = 0; i < tokens.size(); ++i) {
    std::string token = tokens[i];
    if (i > 0) {
      token =
          absl::StartsWith(token, prefix) ? token.substr(prefix.size()) : absl::StrCat(" ", token);
    }
    if (cleanup) {
      for (const auto& replacement : kCleanup) {
        absl::StrReplaceAll({{replacement.first, replacement.second}}, &token);
      }
    }
    text += token;
  }
  return text;
}

std::string BpeDecoder::operator()(const std::vector<std::string>& tokens) const {
  std::string text;
  for (size_t i = 0; i < tokens.size(); ++i) {
    const char* const between = i + 1 == tokens.size() ? "" : " ";
    text += suffix.empty() ? tokens[i] : absl::StrReplaceAll(tokens[i], {{suffix, between}});
  }
  return text;
}

}  // namespace neura::data::text::internal
