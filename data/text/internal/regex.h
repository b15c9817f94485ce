// Regular expressions over UTF-8, by PCRE2.
#ifndef NEURA_DATA_TEXT_INTERNAL_REGEX_H_
#define NEURA_DATA_TEXT_INTERNAL_REGEX_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "neura/data/text/internal/aligned_text.h"

namespace neura::data::text::internal {

// A pattern in what Perl's and Oniguruma's syntax have in common: \w, \d and \s are Unicode's, ^
// and $ stand at the lines' ends, and a dot is anything but a new line.
class Regex {
 public:
  // InvalidArgument: no pattern, one that is too large, or \h, \H, which mean different things.
  // Unimplemented: verbs such as (*F), and flags other than i and x, of which the same holds.
  static absl::StatusOr<Regex> Compile(const std::string& pattern);

  // The matches from left to right, and what is between them. Throws InvalidArgument where all of
  // them together take more steps than a text of that length may.
  std::vector<Part> PartsOf(std::string_view text) const;

 private:
  struct Code;
  Regex(std::shared_ptr<const Code> code, std::string pattern);
  std::shared_ptr<const Code> code_;
  std::string pattern_;
};

}  // namespace neura::data::text::internal

#endif  // NEURA_DATA_TEXT_INTERNAL_REGEX_H_
