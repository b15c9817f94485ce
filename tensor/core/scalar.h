// A number of any category: fill values and the scalar side of arithmetic.
#ifndef NEURA_TENSOR_CORE_SCALAR_H_
#define NEURA_TENSOR_CORE_SCALAR_H_

#include <bit>
#include <complex>
#include <concepts>
#include <cstdint>
#include <string>

#include "neura/tensor/core/convert.h"
#include "neura/tensor/core/dtype.h"

namespace neura {

class Scalar {
 public:
  Scalar() : Scalar(int64_t{0}) {}
  Scalar(bool value) : category_(DTypeCategory::kBool), int_(value) {}
  template <std::integral T>
  Scalar(T value) : category_(DTypeCategory::kIntegral), int_(static_cast<int64_t>(value)) {}
  template <std::floating_point T>
  Scalar(T value) : category_(DTypeCategory::kFloating), real_(static_cast<double>(value)) {}
  Scalar(std::complex<double> value)
      : category_(DTypeCategory::kComplex), real_(value.real()), imag_(value.imag()) {}

  DTypeCategory category() const { return category_; }

  // The value as the element type T, by the rules of Convert().
  template <typename T>
  T To() const {
    if (category_ <= DTypeCategory::kIntegral) return Convert<T>(int_);
    return Convert<T>(std::complex<double>(real_, imag_));
  }

  // The dtype that a tensor made of this number alone has: bool, int64, float32 or complex64.
  DType default_dtype() const;

  // Of one category and with the same bits: 0.0 is not -0.0, and a NaN equals itself.
  friend bool operator==(const Scalar& a, const Scalar& b) {
    const auto bits = [](double value) { return std::bit_cast<uint64_t>(value); };
    return a.category_ == b.category_ && a.int_ == b.int_ && bits(a.real_) == bits(b.real_) &&
           bits(a.imag_) == bits(b.imag_);
  }

 private:
  DTypeCategory category_;
  int64_t int_ = 0;
  double real_ = 0;
  double imag_ = 0;
};

std::string ToString(const Scalar& value);

}  // namespace neura

#endif  // NEURA_TENSOR_CORE_SCALAR_H_
