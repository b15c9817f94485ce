// A number of any category: fill values and the scalar side of arithmetic.
#ifndef NEURA_TENSOR_CORE_SCALAR_H_
#define NEURA_TENSOR_CORE_SCALAR_H_

#include <bit>
#include <complex>
#include <concepts>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>

#include "neura/tensor/core/convert.h"
#include "neura/tensor/core/dtype.h"

namespace neura {

class Scalar {
 public:
  Scalar() : Scalar(int64_t{0}) {}
  Scalar(bool value) : category_(DTypeCategory::kBool), int_(value) {}
  template <std::integral T>
  Scalar(T value)
      : category_(DTypeCategory::kIntegral),
        beyond_int64_(std::cmp_greater(value, std::numeric_limits<int64_t>::max())),
        int_(static_cast<int64_t>(value)) {}
  template <std::floating_point T>
  Scalar(T value) : category_(DTypeCategory::kFloating), real_(static_cast<double>(value)) {}
  Scalar(std::complex<double> value)
      : category_(DTypeCategory::kComplex), real_(value.real()), imag_(value.imag()) {}

  DTypeCategory category() const { return category_; }

  // The value as the element type T, by the rules of Convert().
  template <typename T>
  T To() const {
    if (beyond_int64_) return Convert<T>(static_cast<uint64_t>(int_));
    if (category_ <= DTypeCategory::kIntegral) return Convert<T>(int_);
    return Convert<T>(std::complex<double>(real_, imag_));
  }

  // The value of T nearest to this one, where To() wraps. A fraction is cut off; NaN is not for
  // integral T.
  template <typename T>
  T Saturate() const {
    if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
      if (Fits(DTypeOf<T>)) return To<T>();
      const bool negative =
          category_ <= DTypeCategory::kIntegral ? int_ < 0 && !beyond_int64_ : real_ < 0;
      return negative ? std::numeric_limits<T>::min() : std::numeric_limits<T>::max();
    } else {
      return To<T>();
    }
  }

  // Whether it is an integer of at least 2^63, which uint64 alone holds.
  bool beyond_int64() const { return beyond_int64_; }

  // Whether a tensor of `dtype` can hold the value but for rounding: an integral dtype what lies in
  // its range once the fraction is cut off (no NaN), a real one nothing imaginary; bool all.
  bool Fits(DType dtype) const;

  // The dtype that a tensor made of this number alone has: bool, int64 (uint64 where that is too
  // narrow), float32 or complex64.
  DType default_dtype() const;

  // Of one category and with the same bits: 0.0 is not -0.0, and a NaN equals itself.
  friend bool operator==(const Scalar& a, const Scalar& b) {
    const auto bits = [](double value) { return std::bit_cast<uint64_t>(value); };
    return a.category_ == b.category_ && a.int_ == b.int_ && a.beyond_int64_ == b.beyond_int64_ &&
           bits(a.real_) == bits(b.real_) && bits(a.imag_) == bits(b.imag_);
  }

 private:
  DTypeCategory category_;
  bool beyond_int64_ = false;  // int_ is then the bits of a uint64_t
  int64_t int_ = 0;
  double real_ = 0;
  double imag_ = 0;
};

std::string ToString(const Scalar& value);

}  // namespace neura

#endif  // NEURA_TENSOR_CORE_SCALAR_H_
