#include "neura/data/text/internal/regex.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "neura/data/text/internal/unicode.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/io/byte_source.h"
#include "pcre2.h"

namespace neura::data::text::internal {
namespace {

constexpr size_t kMaxPattern = 10'000;
// Of all matches in a text, for each of its bytes, beside one for each byte of the pattern: what
// patterns of tokenizers need is a step for each of their parts at most.
constexpr uint64_t kStepsPerByte = 256;
// In short texts each byte may look at all others.
constexpr uint64_t kMostSquare = 1 << 20;
// How many bytes are passed in the time of a step.
constexpr uint64_t kBytesPerStep = 16;
constexpr uint32_t kHeapKiB = 64 << 10;

template <auto release>
struct Release {
  template <typename T>
  void operator()(T* object) const {
    release(object);
  }
};
using Context = std::unique_ptr<pcre2_match_context, Release<pcre2_match_context_free>>;
using Data = std::unique_ptr<pcre2_match_data, Release<pcre2_match_data_free>>;
using CompileContext = std::unique_ptr<pcre2_compile_context, Release<pcre2_compile_context_free>>;

std::string MessageOf(int code) {
  unsigned char text[256] = {};
  pcre2_get_error_message(code, text, sizeof(text));
  return reinterpret_cast<const char*>(text);
}

PCRE2_SPTR BytesOf(std::string_view text) {
  return reinterpret_cast<PCRE2_SPTR>(text.data() == nullptr ? "" : text.data());
}

void CheckMemory(const void* made) {
  if (made == nullptr) ThrowResourceExhausted("regular expressions: out of memory");
}

// The first of the escapes \h and \H.
bool HasHexOrBlank(std::string_view pattern) {
  for (size_t i = 0; i + 1 < pattern.size(); ++i) {
    if (pattern[i] != '\\') continue;
    ++i;
    if (pattern[i] == 'h' || pattern[i] == 'H') return true;
  }
  return false;
}

// What a group begins with that PCRE2 does not understand as Oniguruma does, or nothing. `at` is
// behind the parenthesis.
std::string UnlikeGroup(std::string_view pattern, size_t at) {
  const std::string_view rest = pattern.substr(at);
  if (absl::StartsWith(rest, "*")) {
    return absl::StrCat("the verb '(", rest.substr(0, rest.find(')')), ")'");
  }
  if (!absl::StartsWith(rest, "?")) return "";
  size_t flags = 1;
  bool extended = false;
  for (; flags < rest.size(); ++flags) {
    const char c = rest[flags];
    if (c == '^' ||
        (absl::ascii_isalpha(static_cast<unsigned char>(c)) && c != 'i' && c != 'x' && c != 'P') ||
        (c == 'x' && extended)) {
      return absl::StrCat("the flag '", std::string(1, c), "' of '(", rest.substr(0, flags + 1),
                          "'");
    }
    extended |= c == 'x';
    if (c != 'i' && c != 'x' && c != '-') break;
  }
  return "";
}

// The bracket that ends the class which one at `at` begins, or the pattern's end: a bracket that
// comes first, and those of [:alpha:], do not end it.
size_t ClassEnd(std::string_view pattern, size_t at) {
  if (at + 1 < pattern.size() && pattern[at + 1] == '^') ++at;
  if (at + 1 < pattern.size() && pattern[at + 1] == ']') ++at;
  for (++at; at < pattern.size() && pattern[at] != ']'; ++at) {
    if (pattern[at] == '\\') ++at;
    const size_t end = pattern.substr(at, 2) == "[:" ? pattern.find(":]", at + 2) : pattern.npos;
    if (end != pattern.npos) at = end + 1;
  }
  return at;
}

// Flags that stand alone are a group of what follows in theirs, as Oniguruma has it: a(?i)b|c is
// a(?i:b|c), where PCRE2 would read a(?i)b or c.
std::string WithFlagsAsGroups(std::string_view pattern) {
  std::string made;
  std::vector<size_t> open(1, 0);  // such groups, in each of those around
  for (size_t i = 0; i < pattern.size(); ++i) {
    const size_t begin = i;
    if (pattern[i] == '\\') {
      ++i;
    } else if (pattern[i] == '[') {
      i = ClassEnd(pattern, i);
    } else if (pattern.substr(i, 3) == "(?#") {
      i = std::min(pattern.find(')', i), pattern.size());
    } else if (pattern[i] == '(') {
      const size_t flags_end = std::min(pattern.find_first_not_of("ix-", i + 2), pattern.size());
      if (pattern.substr(i, 2) == "(?" && pattern.substr(flags_end, 1) == ")") {
        absl::StrAppend(&made, pattern.substr(i, flags_end - i), ":");
        ++open.back();
        i = flags_end;
        continue;
      }
      open.push_back(0);
    } else if (pattern[i] == ')' && open.size() > 1) {
      made.append(open.back(), ')');
      open.pop_back();
    }
    made.append(pattern.substr(begin, i + 1 - begin));
  }
  return made.append(open.back(), ')');
}

// The first part of a pattern that PCRE2 does not understand as Oniguruma does, or nothing.
std::string UnlikePart(std::string_view pattern) {
  bool extended = false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\') {
      ++i;
      if (i < pattern.size() && pattern[i] == 'Q') return "the quotation '\\Q'";
    } else if (pattern[i] == '[') {
      i = ClassEnd(pattern, i);
    } else if (pattern[i] == '(') {
      if (pattern.substr(i, 3) == "(?#") {
        i = std::min(pattern.find(')', i), pattern.size());
        continue;
      }
      std::string unlike = UnlikeGroup(pattern, i + 1);
      if (!unlike.empty()) return unlike;
      const size_t flags_end = pattern.find_first_not_of("?ix-", i + 1);
      extended |= pattern.substr(i, 2) == "(?" &&
                  pattern.substr(i, flags_end - i).find('x') != pattern.npos;
    } else if (pattern[i] == '#' && extended) {
      return "a comment after (?x)";
    }
  }
  return "";
}

// What is left of the steps of a text; callouts, which PCRE2 makes before each part of a pattern,
// count them.
struct Steps {
  uint64_t left;
  size_t start = 0, at = 0;

  static int Count(pcre2_callout_block* block, void* steps) {
    return static_cast<Steps*>(steps)->Pass(block->start_match, block->current_position);
  }
  int Pass(size_t match, size_t position) {
    if (match != start) at = start = match;
    const uint64_t cost = 1 + (position > at ? position - at : 0) / kBytesPerStep;
    at = position;
    if (cost > left) return PCRE2_ERROR_MATCHLIMIT;
    left -= cost;
    return 0;
  }
};

}  // namespace

struct Regex::Code {
  explicit Code(pcre2_code* made) : code(made) {}
  ~Code() { pcre2_code_free(code); }
  Code(const Code&) = delete;
  Code& operator=(const Code&) = delete;
  pcre2_code* const code;
};

Regex::Regex(std::shared_ptr<const Code> code, std::string pattern)
    : code_(std::move(code)), pattern_(std::move(pattern)) {}

absl::StatusOr<Regex> Regex::Compile(const std::string& pattern) {
  const auto error = [&](std::string_view problem) {
    return absl::InvalidArgumentError(
        Printable(absl::StrCat("the regular expression '", pattern, "': ", problem)));
  };
  if (HasHexOrBlank(pattern)) return error("\\h and \\H are not supported");
  if (const std::string unlike = UnlikePart(pattern); !unlike.empty()) {
    return absl::UnimplementedError(Printable(
        absl::StrCat("the regular expression '", pattern, "': ", unlike, " is not supported")));
  }
  const CompileContext context(pcre2_compile_context_create(nullptr));
  CheckMemory(context.get());
  pcre2_set_max_pattern_length(context.get(), kMaxPattern);
  int code = 0;
  PCRE2_SIZE at = 0;
  const std::string isolated = WithFlagsAsGroups(pattern);
  pcre2_code* const compiled = pcre2_compile(
      BytesOf(isolated), isolated.size(),
      PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C | PCRE2_AUTO_CALLOUT, &code,
      &at, context.get());
  if (compiled == nullptr) {
    return error(absl::StrCat(MessageOf(code), " at byte ", static_cast<size_t>(at)));
  }
  return Regex(std::make_shared<const Code>(compiled), pattern);
}

std::vector<Part> Regex::PartsOf(std::string_view text) const {
  const Context context(pcre2_match_context_create(nullptr));
  CheckMemory(context.get());
  const Data data(pcre2_match_data_create(1, nullptr));
  CheckMemory(data.get());
  pcre2_set_heap_limit(context.get(), kHeapKiB);
  const uint64_t bytes = text.size() + 1;
  Steps steps{bytes * (kStepsPerByte + pattern_.size()) + std::min(bytes * bytes, kMostSquare)};
  pcre2_set_match_limit(context.get(),
                        static_cast<uint32_t>(std::min<uint64_t>(steps.left, UINT32_MAX)));
  pcre2_set_callout(context.get(), &Steps::Count, &steps);
  std::vector<Part> parts;
  size_t before = 0;           // the end of the last part
  size_t last_end = SIZE_MAX;  // of the last match
  for (size_t at = 0; at <= text.size();) {
    const int count = pcre2_match(code_->code, BytesOf(text), text.size(), at, PCRE2_NO_UTF_CHECK,
                                  data.get(), context.get());
    if (count == PCRE2_ERROR_NOMATCH) break;
    if (count < 0) {
      ThrowInvalidArgument(
          Printable(absl::StrCat("the regular expression '", pattern_, "', on a text of ",
                                 text.size(), " bytes: ", MessageOf(count))));
    }
    const size_t begin = pcre2_get_ovector_pointer(data.get())[0];
    const size_t end = pcre2_get_ovector_pointer(data.get())[1];
    // Nothing matches there once more, where something has just ended; \K may move the start.
    const bool nothing = begin >= end || begin < before;
    if (!nothing || end != last_end) {
      const size_t from = std::max(begin, before);
      if (from > before) parts.push_back({before, from, false});
      if (end > from) parts.push_back({from, end, true});
      before = std::max(before, end);
      last_end = end;
    }
    at = std::max(at, end);
    if (nothing) {
      if (at >= text.size()) break;
      NextCharacter(text, at);
    }
  }
  if (before < text.size() || parts.empty()) parts.push_back({before, text.size(), false});
  return parts;
}

}  // namespace neura::data::text::internal
