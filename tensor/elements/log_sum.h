// Running logarithms of sums of exponentials.
#ifndef NEURA_TENSOR_ELEMENTS_LOG_SUM_H_
#define NEURA_TENSOR_ELEMENTS_LOG_SUM_H_

#include <cmath>
#include <limits>

namespace neura::elements {

// log(sum(exp(x))) of what was added. The sum counts from the largest element so far on, which
// keeps it between 1 and their number. T is a floating point type.
template <typename T>
struct LogSum {
  T most = -std::numeric_limits<T>::infinity();
  T sum = 0;

  constexpr void Add(T x) {
    if (x > most) {
      sum = sum * std::exp(most - x) + 1;
      most = x;
    } else if (x - x != 0 && x == x) {
      sum += T(x == most && x > 0);  // an infinity again, or a term of 0
    } else {
      sum += std::exp(x - most);  // NaN, too
    }
  }
  constexpr T Value() const { return most + std::log(sum); }
};

}  // namespace neura::elements

#endif  // NEURA_TENSOR_ELEMENTS_LOG_SUM_H_
