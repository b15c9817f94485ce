// Conversions between all dtypes against Convert() of single elements, and copies between layouts
// against elements read one by one.
#include "neura/tensor/cpu/kernels/move.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <complex>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <type_traits>
#include <vector>

#include "neura/tensor/core/convert.h"
#include "neura/tensor/tensor.h"

namespace neura::cpu {
namespace {

// Values at which conversions differ: where each integer ends, around the middle between two, too
// large, and none at all; among ordinary ones.
std::vector<double> Values() {
  std::vector<double> values;
  for (double end :
       {0.0,    0.5,    1.0,    127.0,   255.0,   32767.0, 0x1p31,  0x1p32,  0x1p51, 0x1p52,
        0x1p53, 0x1p62, 0x1p63, 65504.0, 65520.0, 0x1p-14, 0x1p-24, 0x1p-25, 1e30,   1e300}) {
    for (double step : {-1.0, -0.5, 0.0, 0.25, 0.5, 1.0}) {
      values.push_back(end + step);
      values.push_back(-end - step);
    }
    values.push_back(std::nextafter(end, 0.0));
  }
  std::mt19937_64 random(1);
  for (int i = 0; i < 1000; ++i) {
    values.push_back(std::uniform_real_distribution<double>(-300, 300)(random));
  }
  for (double special : {-0.0, std::numeric_limits<double>::infinity(),
                         -std::numeric_limits<double>::infinity(), std::nan("")}) {
    values.push_back(special);
  }
  // Once more, each among others: blocks are converted together.
  const size_t n = values.size();
  for (size_t i = 0; i < n; ++i) values.push_back(i % 37 == 0 ? values[i] : 3.75);
  return values;
}

// A vector of bool has no elements in memory.
template <typename T>
struct Element {
  T value;
};

template <typename From, typename To>
void ExpectConverts(const std::vector<Element<From>>& from) {
  const ConvertLoop convert = ConvertLoopOf(DTypeOf<From>, DTypeOf<To>);
  ASSERT_NE(convert, nullptr);
  std::vector<unsigned char> bytes(from.size() * sizeof(To));
  convert(static_cast<int64_t>(from.size()), from.data(), bytes.data());
  for (size_t i = 0; i < from.size(); ++i) {
    const To expected = Convert<To>(from[i].value);
    ASSERT_EQ(std::memcmp(&expected, &bytes[i * sizeof(To)], sizeof(To)), 0)
        << DTypeName(DTypeOf<From>) << " to " << DTypeName(DTypeOf<To>) << ", element " << i
        << " from " << Convert<double>(from[i].value);
  }
}

TEST(ConvertTest, EveryPairAsSingleElements) {
  const std::vector<double> values = Values();
  for (int from = 0; from < kNumDTypes; ++from) {
    SwitchDType(static_cast<DType>(from), [&]<typename From>(From) {
      std::vector<Element<From>> source;
      for (double value : values) source.push_back({Convert<From>(value)});
      for (int to = 0; to < kNumDTypes; ++to) {
        SwitchDType(static_cast<DType>(to), [&]<typename To>(To) {
          if constexpr (!std::is_same_v<From, To>) ExpectConverts<From, To>(source);
        });
      }
    });
  }
}

TEST(ConvertTest, EveryHalf) {
  std::vector<Element<Half>> halves(1 << 16);
  for (size_t i = 0; i < halves.size(); ++i) halves[i].value.bits = static_cast<uint16_t>(i);
  ExpectConverts<Half, float>(halves);
  ExpectConverts<Half, double>(halves);
  ExpectConverts<Half, int64_t>(halves);
}

TEST(ConvertTest, FloatsOfAllMagnitudesToHalves) {
  std::vector<Element<float>> floats;
  for (uint64_t bits = 0; bits < uint64_t{1} << 32; bits += 4093) {
    floats.push_back({std::bit_cast<float>(static_cast<uint32_t>(bits))});
  }
  ExpectConverts<float, Half>(floats);
  ExpectConverts<float, BFloat16>(floats);
}

TEST(CopyTest, TransposesEveryItemSize) {
  for (DType dtype : {kUInt8, kFloat16, kInt32, kFloat32, kFloat64, kComplex128}) {
    SCOPED_TRACE(DTypeName(dtype));
    for (const Dims& shape :
         std::vector<Dims>{{1, 40, 3}, {2, 33, 70}, {3, 16, 16}, {1, 300, 41}}) {
      const int64_t a = shape[0], b = shape[1], c = shape[2];
      const Tensor numbers = Cast(Reshape(Remainder(Arange(0, a * b * c), 251), shape), dtype);
      const Tensor expected = Cast(numbers, kInt64);
      const auto* x = static_cast<const int64_t*>(expected.raw_data());
      const auto expect_permuted = [&](const Tensor& permuted) {
        const Tensor y = Cast(permuted, kInt64);
        const auto* actual = static_cast<const int64_t*>(y.raw_data());
        for (int64_t i = 0; i < a; ++i) {
          for (int64_t j = 0; j < b; ++j) {
            for (int64_t k = 0; k < c; ++k) {
              ASSERT_EQ(actual[(i * c + k) * b + j], x[(i * b + j) * c + k]);
            }
          }
        }
      };
      expect_permuted(Contiguous(Transpose(numbers, 1, 2)));
      // Into a transposed view, from contiguous memory.
      const Tensor target = Zeros({a, c, b}, {.dtype = dtype});
      Assign(Transpose(target, 1, 2), numbers);
      expect_permuted(target);
    }
  }
}

}  // namespace
}  // namespace neura::cpu
