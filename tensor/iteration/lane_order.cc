#include "neura/tensor/iteration/lane_order.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <memory>
#include <type_traits>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/iteration/reduce_plan.h"
#include "neura/tensor/parallel/thread_pool.h"

namespace neura {
namespace {

// An unsigned number that compares as the element does, backwards with `descending`.
template <typename T>
auto KeyOf(T x, bool descending) {
  using Bits = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;
  using Signed = std::make_signed_t<Bits>;
  constexpr Bits kSign = Bits{1} << (8 * sizeof(Bits) - 1);
  Bits key;
  if constexpr (std::is_floating_point_v<T>) {
    const Bits bits = std::bit_cast<Bits>(x), magnitude = bits & ~kSign;
    const auto sign = static_cast<Bits>(static_cast<Signed>(bits) >> (8 * sizeof(Bits) - 1));
    const Bits signed_magnitude = (magnitude ^ sign) - sign;
    const Bits infinity = std::bit_cast<Bits>(std::numeric_limits<T>::infinity());
    key = (magnitude > infinity ? ~kSign : signed_magnitude) ^ kSign;
  } else if constexpr (std::is_signed_v<T>) {
    key = static_cast<Bits>(x) ^ kSign;
  } else {
    key = static_cast<Bits>(x);
  }
  return descending ? static_cast<Bits>(~key) : key;
}

// An element of a lane: a key of 32 bits above an index of as many, or both in full. No two of a
// lane are equal, so that their order does not depend on how it is found.
using Packed = uint64_t;
struct Wide {
  uint64_t key;
  int64_t index;
  friend bool operator<(const Wide& a, const Wide& b) {
    return a.key != b.key ? a.key < b.key : a.index < b.index;
  }
};
int64_t IndexOf(Packed item) { return static_cast<int64_t>(item & 0xffffffff); }
int64_t IndexOf(const Wide& item) { return item.index; }
template <typename Item>
constexpr int kKeyBytes = std::is_same_v<Item, Packed> ? 4 : 8;
template <typename Item>
constexpr Item kLast = {};
template <>
constexpr Packed kLast<Packed> = std::numeric_limits<Packed>::max();
template <>
constexpr Wide kLast<Wide> = {std::numeric_limits<uint64_t>::max(),
                              std::numeric_limits<int64_t>::max()};
size_t DigitOf(Packed item, int byte) { return item >> (32 + 8 * byte) & 0xff; }
size_t DigitOf(const Wide& item, int byte) { return item.key >> (8 * byte) & 0xff; }

// Fewer are sorted faster by comparisons.
constexpr int64_t kRadixCount = 128;

// Sorts n items, which stand in the order of their indices, by the bytes of their keys from the
// lowest. Returns where they are then: `items` or `other`.
template <typename Item>
Item* SortByKey(Item* items, Item* other, int64_t n) {
  if (n < kRadixCount || n > std::numeric_limits<uint32_t>::max()) {
    std::sort(items, items + n);
    return items;
  }
  constexpr int kBytes = kKeyBytes<Item>;
  uint32_t counts[kBytes][256] = {};
  for (int64_t i = 0; i < n; ++i) {
    for (int byte = 0; byte < kBytes; ++byte) ++counts[byte][DigitOf(items[i], byte)];
  }
  for (int byte = 0; byte < kBytes; ++byte) {
    uint32_t* const of = counts[byte];
    if (of[DigitOf(items[0], byte)] == n) continue;
    uint32_t before = 0;
    for (int digit = 0; digit < 256; ++digit) {
      const uint32_t here = of[digit];
      of[digit] = before;
      before += here;
    }
    for (int64_t i = 0; i < n; ++i) other[of[DigitOf(items[i], byte)]++] = items[i];
    std::swap(items, other);
  }
  return items;
}

// The least `count` of n > count items that add(item) is called with, in the order of their
// indices: more than twice as many are never kept.
template <typename Item>
class Least {
 public:
  Least(Item* kept, int64_t count) : kept_(kept), count_(count) {}
  bool Wants(const Item& item) const { return item < bound_; }
  void Add(const Item& item) {
    kept_[size_++] = item;
    if (size_ == count_) bound_ = *std::max_element(kept_, kept_ + count_);
    if (size_ == 2 * count_) Cut();
  }
  void Cut() {
    if (size_ <= count_) return;
    std::nth_element(kept_, kept_ + count_ - 1, kept_ + size_);
    size_ = count_;
    bound_ = kept_[count_ - 1];
  }

 private:
  Item* kept_;
  int64_t count_, size_ = 0;
  Item bound_ = kLast<Item>;  // above all until there are `count`
};

// A lane whose element i is x[i * stride].
template <typename T>
struct Lane {
  const T* x;
  int64_t stride, length;
  bool descending;
  auto Key(int64_t i) const { return KeyOf(x[i * stride], descending); }
};

// Keys are made in blocks, which the compiler makes vectors of.
template <typename Item, typename T, typename Make>
Item* FirstOf(const Lane<T>& lane, int64_t count, Item* items, Item* other, const Make& make) {
  // Where most are wanted, all are sorted.
  if (8 * count > lane.length) {
    for (int64_t i = 0; i < lane.length; ++i) items[i] = make(lane.Key(i), i);
    return SortByKey(items, other, lane.length);
  }
  constexpr int64_t kBlock = 256;
  decltype(lane.Key(0)) keys[kBlock];
  Least<Item> least(items, count);
  for (int64_t begin = 0; begin < lane.length; begin += kBlock) {
    const int64_t n = std::min(kBlock, lane.length - begin);
    if (lane.stride == 1) {
      const T* const x = lane.x + begin;
      if (lane.descending) {
        for (int64_t i = 0; i < n; ++i) keys[i] = KeyOf(x[i], true);
      } else {
        for (int64_t i = 0; i < n; ++i) keys[i] = KeyOf(x[i], false);
      }
    } else {
      for (int64_t i = 0; i < n; ++i) keys[i] = lane.Key(begin + i);
    }
    for (int64_t i = 0; i < n; ++i) {
      const Item item = make(keys[i], begin + i);
      if (least.Wants(item)) least.Add(item);
    }
  }
  least.Cut();
  std::sort(items, items + count);
  return items;
}

template <typename Item, typename T>
void Write(const Lane<T>& lane, int64_t count, const Item* sorted, T* values, int64_t* indices) {
  for (int64_t i = 0; i < count; ++i) {
    const int64_t index = IndexOf(sorted[i]);
    if (values != nullptr) values[i * lane.stride] = lane.x[index * lane.stride];
    if (indices != nullptr) indices[i * lane.stride] = index;
  }
}

// `memory` holds two Wide for each element.
template <typename T>
void OrderLane(const Lane<T>& lane, int64_t count, Wide* memory, T* values, int64_t* indices) {
  using Key = decltype(lane.Key(0));
  // Integers count from their least: what they have in common is not sorted by.
  Key least = 0, range = std::numeric_limits<Key>::max();
  const bool selects = sizeof(T) <= 4 && 8 * count <= lane.length;
  if (!(std::is_floating_point_v<T> && sizeof(T) == 4) && !selects) {
    Key most = 0;
    least = range;
    for (int64_t i = 0; i < lane.length; ++i) {
      const Key key = lane.Key(i);
      least = std::min(least, key);
      most = std::max(most, key);
    }
    range = most - least;
  }
  constexpr uint64_t kMost = std::numeric_limits<uint32_t>::max();
  if (range <= kMost && static_cast<uint64_t>(lane.length) <= kMost) {
    auto* const items = reinterpret_cast<Packed*>(memory);
    const auto make = [least](Key key, int64_t i) {
      return uint64_t{static_cast<Key>(key - least)} << 32 | static_cast<uint64_t>(i);
    };
    Write(lane, count, FirstOf(lane, count, items, items + lane.length, make), values, indices);
  } else {
    const auto make = [](Key key, int64_t i) { return Wide{key, i}; };
    Write(lane, count, FirstOf(lane, count, memory, memory + lane.length, make), values, indices);
  }
}

template <typename T>
void OrderLanesOf(const Tensor& input, int64_t dim, bool descending, int64_t count, void* values,
                  int64_t* indices) {
  const AroundDim around(input, dim);
  const auto* const x = static_cast<const T*>(input.raw_data());
  constexpr int64_t kTaskElements = 1 << 13;
  const int64_t lanes = around.outer * around.inner;
  const int64_t per_task = std::max<int64_t>(kTaskElements / around.extent, 1);
  ParallelFor((lanes + per_task - 1) / per_task, [&](int64_t task) {
    const std::unique_ptr<Wide[]> memory(new Wide[static_cast<size_t>(2 * around.extent)]);
    for (int64_t lane = task * per_task; lane < std::min((task + 1) * per_task, lanes); ++lane) {
      const int64_t outer = lane / around.inner * around.inner, inner = lane % around.inner;
      const int64_t to = outer * count + inner;
      OrderLane<T>({x + outer * around.extent + inner, around.inner, around.extent, descending},
                   count, memory.get(), values != nullptr ? static_cast<T*>(values) + to : nullptr,
                   indices != nullptr ? indices + to : nullptr);
    }
  });
}

}  // namespace

bool HasLaneOrder(DType dtype) {
  return dtype == kFloat32 || dtype == kFloat64 || dtype == kInt64 || dtype == kUInt64 ||
         dtype == kInt32 || dtype == kUInt8 || dtype == kBool;
}

void OrderLanes(const Tensor& input, int64_t dim, bool descending, int64_t count, void* values,
                int64_t* indices) {
  if (input.numel() == 0 || count == 0) return;
  switch (input.dtype()) {
    case kFloat32:
      return OrderLanesOf<float>(input, dim, descending, count, values, indices);
    case kFloat64:
      return OrderLanesOf<double>(input, dim, descending, count, values, indices);
    case kInt64:
      return OrderLanesOf<int64_t>(input, dim, descending, count, values, indices);
    case kUInt64:
      return OrderLanesOf<uint64_t>(input, dim, descending, count, values, indices);
    case kInt32:
      return OrderLanesOf<int32_t>(input, dim, descending, count, values, indices);
    case kUInt8:
      return OrderLanesOf<uint8_t>(input, dim, descending, count, values, indices);
    case kBool:
      return OrderLanesOf<bool>(input, dim, descending, count, values, indices);
    default:
      ThrowUnimplemented(absl::StrCat("no order of dtype ", DTypeName(input.dtype())));
  }
}

}  // namespace neura
