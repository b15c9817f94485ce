// Which of many strings a text goes on with.
#ifndef NEURA_DATA_TEXT_INTERNAL_PREFIX_SEARCH_H_
#define NEURA_DATA_TEXT_INTERNAL_PREFIX_SEARCH_H_

#include <algorithm>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace neura::data::text::internal {

// Takes the logarithm of the number of strings for each byte that it compares.
class PrefixSearch {
 public:
  struct Found {
    size_t length;
    int64_t value;
  };

  PrefixSearch() = default;
  // Strings and what they stand for. Of equal strings the first counts; an empty one is left out.
  explicit PrefixSearch(std::vector<std::pair<std::string, int64_t>> strings)
      : strings_(std::move(strings)) {
    std::stable_sort(strings_.begin(), strings_.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    strings_.erase(std::unique(strings_.begin(), strings_.end(),
                               [](const auto& a, const auto& b) { return a.first == b.first; }),
                   strings_.end());
    if (!strings_.empty() && strings_.front().first.empty()) strings_.erase(strings_.begin());
    for (const auto& string : strings_) first_bytes_.set(Byte(string.first, 0));
  }

  bool empty() const { return strings_.empty(); }

  // The longest string that `text`, behind `before`, begins with.
  std::optional<Found> Longest(std::string_view text, std::string_view before = {}) const {
    std::optional<Found> longest;
    ForEach(text, before, [&](const Found& found) { longest = found; });
    return longest;
  }

  // Calls visit with each string that it begins with, from the shortest one on.
  template <typename Visit>
  void ForEach(std::string_view text, std::string_view before, Visit visit) const {
    if (text.empty()) return;
    if (before.empty() && !first_bytes_.test(Byte(text, 0))) return;
    auto begin = strings_.begin(), end = strings_.end();
    size_t length = 0;  // that all of them share with the text
    const auto narrow = [&](unsigned char byte) {
      const auto at = [length](const auto& string) { return Byte(string.first, length); };
      begin = std::partition_point(
          begin, end, [&](const auto& s) { return s.first.size() <= length || at(s) < byte; });
      end = std::partition_point(begin, end, [&](const auto& s) { return at(s) == byte; });
      ++length;
      return begin != end;
    };
    for (const char c : before) {
      if (!narrow(static_cast<unsigned char>(c))) return;
    }
    for (const char c : text) {
      if (!narrow(static_cast<unsigned char>(c))) break;
      if (begin->first.size() == length) visit(Found{length - before.size(), begin->second});
    }
  }

 private:
  static unsigned char Byte(std::string_view text, size_t i) {
    return static_cast<unsigned char>(text[i]);
  }

  std::vector<std::pair<std::string, int64_t>> strings_;  // by their bytes
  std::bitset<256> first_bytes_;
};

}  // namespace neura::data::text::internal

#endif  // NEURA_DATA_TEXT_INTERNAL_PREFIX_SEARCH_H_
