#include "neura/tensor/cpu/kernels/fold.h"

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "neura/tensor/cpu/targets.h"  // IWYU pragma: keep

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/cpu/kernels/fold.cc"
#include "hwy/foreach_target.h"  // before any other header of Highway
#include "hwy/highway.h"
#include "neura/tensor/cpu/lanes-inl.h"
#include "neura/tensor/elements/reducers.h"
#include "neura/tensor/elements/select.h"

HWY_BEFORE_NAMESPACE();
namespace neura::cpu::HWY_NAMESPACE {
namespace {

// What a vector of T holds: truth values are bytes, and sums of integers wrap as unsigned ones.
template <typename T>
using LaneOf = std::conditional_t<std::is_same_v<T, bool>, uint8_t, T>;

template <typename T>
using FoldTag = hn::CappedTag<LaneOf<T>, kFoldLanes>;

template <typename T>
using MaxReducer = elements::HWY_NAMESPACE::ExtremumReducer<T, true>;
template <typename T>
using MinReducer = elements::HWY_NAMESPACE::ExtremumReducer<T, false>;

template <class R>
struct LoopsOf {
  using In = typename R::In;
  using Acc = typename R::Acc;
  using D = FoldTag<Acc>;
  using V = Lanes<D>;
  static constexpr int64_t kN = static_cast<int64_t>(hn::MaxLanes(D()));
  static constexpr int64_t kVectors = kFoldLanes / kN;
  static constexpr bool kIsExtremum =
      std::is_same_v<R, MaxReducer<In>> || std::is_same_v<R, MinReducer<In>>;
  // Highway widens no bytes to 64 bits and multiplies no 64 bits. There loops of kFoldLanes rounds
  // leave it to the compiler.
  static constexpr bool kHasVectors =
      std::is_same_v<In, Acc> || std::is_floating_point_v<Acc> ||
      (sizeof(In) >= 4 && std::is_same_v<R, elements::HWY_NAMESPACE::SumReducer<In>>);

  static HWY_INLINE V Load(const In* from) { return LoadAs(D(), from); }
  static HWY_INLINE V LoadAcc(const Acc* from) { return LoadAs(D(), from); }
  static HWY_INLINE void StoreAcc(V v, Acc* to) {
    hn::StoreU(v.raw, D(), reinterpret_cast<LaneOf<Acc>*>(to));
  }
  static HWY_INLINE Acc Step(Acc acc, In x) { return R::Combine(acc, static_cast<Acc>(x)); }

  // Products of floats that are about to leave double's normal numbers become 0, now and then:
  // those beyond, far below what floats hold, take processors a hundred times as long.
  static constexpr bool kSettles = std::is_same_v<R, elements::HWY_NAMESPACE::ProdReducer<float>>;
  static constexpr int64_t kSettled = 4 * kFoldLanes;  // elements of a row from one to the next
  template <typename U>
  static HWY_INLINE U Settle(U acc) {
    if constexpr (kSettles) {
      using elements::HWY_NAMESPACE::Select;
      return Select((acc < U(0x1p-990)) & (acc > U(-0x1p-990)), acc * U(0.0),
                    acc);  // with its sign
    } else {
      return acc;
    }
  }

  static void Fill(int64_t n, void* acc) { std::fill_n(static_cast<Acc*>(acc), n, R::Init()); }

  static void Row(const void* from, int64_t n, int64_t stride, void* to) {
    const In* x = static_cast<const In*>(from);
    Acc* lanes = static_cast<Acc*>(to);
    int64_t i = 0;
    if (stride == 1 && n >= kFoldLanes) {
      if constexpr (kHasVectors) {
        V acc[kVectors];
#pragma GCC unroll 16
        for (int64_t v = 0; v < kVectors; ++v) acc[v] = LoadAcc(lanes + v * kN);
        for (; i + kFoldLanes <= n; i += kFoldLanes) {
#pragma GCC unroll 16
          for (int64_t v = 0; v < kVectors; ++v) acc[v] = R::Combine(acc[v], Load(x + i + v * kN));
          if (!kSettles || (i + kFoldLanes) % kSettled != 0) continue;
#pragma GCC unroll 16
          for (int64_t v = 0; v < kVectors; ++v) acc[v] = Settle(acc[v]);
        }
#pragma GCC unroll 16
        for (int64_t v = 0; v < kVectors; ++v) StoreAcc(acc[v], lanes + v * kN);
      } else {
        for (; i + kFoldLanes <= n; i += kFoldLanes) {
          for (int64_t k = 0; k < kFoldLanes; ++k) lanes[k] = Step(lanes[k], x[i + k]);
        }
      }
    }
    for (; i < n; ++i) {
      lanes[i % kFoldLanes] = Step(lanes[i % kFoldLanes], x[i * stride]);
      if (!kSettles || (i + 1) % kSettled != 0) continue;
      for (int64_t k = 0; k < kFoldLanes; ++k) lanes[k] = Settle(lanes[k]);
    }
  }

  static void Merge(void* to) {
    Acc* lanes = static_cast<Acc*>(to);
    for (int64_t width = kFoldLanes / 2; width > 0; width /= 2)
      Combine(width, lanes + width, lanes);
  }

  static void Columns(const void* from, int64_t rows, int64_t row_stride, int64_t width, void* to) {
    const In* x = static_cast<const In*>(from);
    Acc* acc = static_cast<Acc*>(to);
    // Several rows to each visit of the partial results.
    int64_t r = 0;
    for (; r + 8 <= rows; r += 8) Rows<8>(x + r * row_stride, row_stride, width, acc);
    for (; r < rows; ++r) Rows<1>(x + r * row_stride, row_stride, width, acc);
  }
  template <int kRows>
  static HWY_INLINE void Rows(const In* x, int64_t row_stride, int64_t width, Acc* acc) {
    int64_t j = 0;
    if constexpr (kHasVectors) {
      for (; j + kN <= width; j += kN) {
        V v = LoadAcc(acc + j);
#pragma GCC unroll 8
        for (int r = 0; r < kRows; ++r) v = R::Combine(v, Load(x + r * row_stride + j));
        StoreAcc(Settle(v), acc + j);
      }
    }
    const auto fold = [&](int64_t column) HWY_ATTR {
      Acc a = acc[column];
#pragma GCC unroll 8
      for (int r = 0; r < kRows; ++r) a = Step(a, x[r * row_stride + column]);
      acc[column] = Settle(a);
    };
    if constexpr (!kHasVectors) {
      for (; j + kFoldLanes <= width; j += kFoldLanes) {
        for (int64_t k = 0; k < kFoldLanes; ++k) fold(j + k);
      }
    }
    for (; j < width; ++j) fold(j);
  }

  static void Combine(int64_t n, const void* from, void* to) {
    const Acc* other = static_cast<const Acc*>(from);
    Acc* acc = static_cast<Acc*>(to);
    for (int64_t i = 0; i < n; ++i) acc[i] = Settle(R::Combine(acc[i], other[i]));
  }

  static int64_t Find(const void* from, int64_t n, int64_t stride, const void* wanted) {
    const In* x = static_cast<const In*>(from);
    const In value = *static_cast<const In*>(wanted);
    int64_t i = 0;
    if (stride == 1) {
      const V searched(static_cast<LaneOf<In>>(value));
      for (; i + kFoldLanes <= n; i += kFoldLanes) {
        LaneMask<D> found = Matches(Load(x + i), searched);
#pragma GCC unroll 16
        for (int64_t v = 1; v < kVectors; ++v) {
          found = found | Matches(Load(x + i + v * kN), searched);
        }
        if (!hn::AllFalse(D(), found.raw)) break;
      }
    }
    for (; i < n; ++i) {
      if (Matches(x[i * stride], value)) return i;
    }
    return n;
  }
  static void FindColumns(const void* from, int64_t rows, int64_t row_stride, int64_t width,
                          const void* wanted, int64_t* index) {
    const In* x = static_cast<const In*>(from);
    const In* values = static_cast<const In*>(wanted);
    // The first row is the last to be written.
    for (int64_t r = rows; r-- > 0;) {
      const In* row = x + r * row_stride;
      const auto look = [&](int64_t j)
                            HWY_ATTR { index[j] = Matches(row[j], values[j]) ? r : index[j]; };
      int64_t j = 0;
      for (; j + kFoldLanes <= width; j += kFoldLanes) {
        for (int64_t k = 0; k < kFoldLanes; ++k) look(j + k);
      }
      for (; j < width; ++j) look(j);
    }
  }
  // A NaN where the extremum is one; no other column has any.
  template <typename U>
  static HWY_INLINE auto Matches(U x, U value) {
    using elements::HWY_NAMESPACE::IsNan;
    return (x == value) | IsNan(x);
  }

  static constexpr FoldLoops Make() {
    FoldLoops loops = {sizeof(In), sizeof(Acc), &Fill,   &Row,   &Merge,
                       &Columns,   &Combine,    nullptr, nullptr};
    if constexpr (kIsExtremum) {
      loops.find = &Find;
      loops.find_columns = &FindColumns;
    }
    return loops;
  }
  static constexpr FoldLoops kLoops = Make();
};

template <template <typename> class Reducer>
const FoldLoops* OfNumbers(DType dtype) {
  switch (dtype) {
    case kFloat32:
      return &LoopsOf<Reducer<float>>::kLoops;
    case kFloat64:
      return &LoopsOf<Reducer<double>>::kLoops;
    case kInt64:
      return &LoopsOf<Reducer<int64_t>>::kLoops;
    case kUInt64:
      return &LoopsOf<Reducer<uint64_t>>::kLoops;
    case kInt32:
      return &LoopsOf<Reducer<int32_t>>::kLoops;
    case kUInt8:
      return &LoopsOf<Reducer<uint8_t>>::kLoops;
    default:
      return nullptr;
  }
}

const FoldLoops* LoopsFor(Fold fold, DType dtype) {
  switch (fold) {
    case Fold::kSum:
      return OfNumbers<elements::HWY_NAMESPACE::SumReducer>(dtype);
    case Fold::kProd:
      return OfNumbers<elements::HWY_NAMESPACE::ProdReducer>(dtype);
    case Fold::kMax:
      return dtype == kBool ? &LoopsOf<MaxReducer<bool>>::kLoops : OfNumbers<MaxReducer>(dtype);
    case Fold::kMin:
      return dtype == kBool ? &LoopsOf<MinReducer<bool>>::kLoops : OfNumbers<MinReducer>(dtype);
  }
  return nullptr;
}

}  // namespace
}  // namespace neura::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace neura::cpu {
namespace {
HWY_EXPORT(LoopsFor);
}  // namespace
const FoldLoops* FoldLoopsOf(Fold fold, DType dtype) {
  return HWY_DYNAMIC_DISPATCH(LoopsFor)(fold, dtype);
}
}  // namespace neura::cpu
#endif
