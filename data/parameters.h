// What transforms are made of: one value, or several.
#ifndef NEURA_DATA_PARAMETERS_H_
#define NEURA_DATA_PARAMETERS_H_

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

namespace neura::data {

template <typename T>
struct OneOrMore {
  OneOrMore() = default;
  OneOrMore(T value) : values{value} {}
  OneOrMore(std::initializer_list<T> list) : values(list) {}
  OneOrMore(std::vector<T> list) : values(std::move(list)) {}

  size_t size() const { return values.size(); }
  bool empty() const { return values.empty(); }
  T operator[](size_t i) const { return values[i]; }

  std::vector<T> values;
};
using Integers = OneOrMore<int64_t>;
using Numbers = OneOrMore<double>;

// Numbers to fill with: one for each channel, or one for all.
struct Fill {
  Fill() = default;
  Fill(double value) : numbers(value) {}
  Fill(std::vector<double> list) : numbers(std::move(list)) {}
  Fill(std::initializer_list<double> list) : numbers(list) {}

  Numbers numbers = 0.0;
  bool random = false;  // instead of them: normally distributed (RandomErasing alone)
};

// From `low` to `high`.
struct Range {
  double low = 0, high = 0;
};

namespace internal {
// Height and width of one number or two. Throws InvalidArgument unless they are positive.
std::pair<int64_t, int64_t> HeightAndWidth(const char* transform, const Integers& size);
// Two numbers, or one for `of_one`'s. Throws InvalidArgument unless low <= high, both within
// [least, most].
Range RangeOf(const char* transform, const char* what, const Numbers& numbers, Range of_one,
              double least, double most);
void CheckProbability(const char* transform, double p);
}  // namespace internal

}  // namespace neura::data

#endif  // NEURA_DATA_PARAMETERS_H_
