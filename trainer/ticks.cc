#include "neura/trainer/ticks.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace neura::trainer {

Ticks RoundTicks(double low, double high) {
  if (!std::isfinite(high - low)) return RoundTicks(0, 1);
  // What is smaller has no tenth part, and is drawn as 0.
  constexpr double kLeast = 1e-290;
  const double size = std::max(std::abs(low), std::abs(high));
  if (size > 0 && size < kLeast) return RoundTicks(0, 0);
  // Below this the labels would be longer than what they tell.
  if (high - low <= 1e-6 * size) {
    const double room = size > 0 ? 0.1 * size : 1;
    return RoundTicks(low - room, high + room);
  }
  // Quotients of decimal fractions miss whole numbers by their last bits.
  constexpr double kSlack = 1e-6;
  // The smallest step of which the range holds at most five.
  const double least = (high - low) / 5;
  int exponent = static_cast<int>(std::floor(std::log10(least)));
  double factor = 1;
  if (const double wanted = least / std::pow(10, exponent); wanted > 5 + kSlack) {
    ++exponent;
  } else if (wanted > 1 + kSlack) {
    factor = wanted > 2 + kSlack ? 5 : 2;
  }
  const double step = factor * std::pow(10, exponent);
  Ticks ticks{.values = {}, .digits = std::max(0, -exponent)};
  const auto last = static_cast<int64_t>(std::ceil(high / step - kSlack));
  for (auto i = static_cast<int64_t>(std::floor(low / step + kSlack)); i <= last; ++i) {
    ticks.values.push_back(static_cast<double>(i) * step);
  }
  return ticks;
}

}  // namespace neura::trainer
