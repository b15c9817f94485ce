#include "neura/tensor/core/shape.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "neura/tensor/core/error.h"

namespace neura {

void ThrowTooManyDims(std::string_view op, size_t count) {
  ThrowInvalidArgument(
      absl::StrCat(op, ": a tensor has at most ", kMaxDims, " dimensions, not ", count));
}

std::string ToString(DimsView dims) { return absl::StrCat("[", absl::StrJoin(dims, ", "), "]"); }

int64_t NumElements(DimsView shape) {
  int64_t numel = 1;
  bool overflow = false, empty = false;
  for (int64_t extent : shape) {
    if (extent < 0) {
      ThrowInvalidArgument(absl::StrCat("shape ", ToString(shape), " has a negative extent"));
    }
    empty |= extent == 0;
    overflow |= __builtin_mul_overflow(numel, std::max<int64_t>(extent, 1), &numel);
  }
  if (empty) return 0;
  if (overflow) {
    ThrowResourceExhausted(
        absl::StrCat("shape ", ToString(shape), " has more elements than 64 bits can count"));
  }
  return numel;
}

int64_t SetContiguousStrides(Dims& strides, DimsView shape) {
  SetDims(strides, shape);
  int64_t numel = 1;
  bool counted = true;
  for (size_t i = shape.size(); i-- > 0;) {
    strides[i] = numel;
    counted &= shape[i] > 0 && !__builtin_mul_overflow(numel, shape[i], &numel);
  }
  if (counted) return numel;
  strides.assign(shape.size(), 1);
  return NumElements(shape);
}

Dims ContiguousStrides(DimsView shape) {
  Dims strides;
  SetContiguousStrides(strides, shape);
  return strides;
}

bool IsContiguous(DimsView shape, DimsView strides) {
  uint64_t expected = 1;
  bool contiguous = true;
  for (size_t i = shape.size(); i-- > 0;) {
    if (shape[i] == 0) return true;
    if (shape[i] == 1) continue;
    contiguous &= static_cast<uint64_t>(strides[i]) == expected;
    expected *= static_cast<uint64_t>(shape[i]);
  }
  return contiguous;
}

bool Overlaps(DimsView shape, DimsView strides) {
  absl::InlinedVector<size_t, 6> dims;  // by stride
  for (size_t d = 0; d < shape.size(); ++d) {
    if (shape[d] == 0) return false;
    if (shape[d] > 1) dims.push_back(d);
  }
  std::sort(dims.begin(), dims.end(), [&](size_t a, size_t b) { return strides[a] < strides[b]; });
  // Where each stride steps over all that the smaller ones reach, no two elements meet.
  int64_t reach = 0;
  bool apart = true;
  for (size_t d : dims) {
    if (strides[d] == 0) return true;
    apart &= strides[d] > reach;
    reach += (shape[d] - 1) * strides[d];
  }
  if (apart) return false;
  // Strides that interlock may keep them apart too. More elements than places cannot.
  if (NumElements(shape) > reach + 1) return true;
  std::vector<bool> taken(static_cast<size_t>(reach) + 1);
  Dims index(dims.size(), 0);
  for (int64_t place = 0;;) {
    if (taken[static_cast<size_t>(place)]) return true;
    taken[static_cast<size_t>(place)] = true;
    size_t k = 0;
    for (; k < dims.size(); ++k) {
      place += strides[dims[k]];
      if (++index[k] < shape[dims[k]]) break;
      place -= strides[dims[k]] * shape[dims[k]];
      index[k] = 0;
    }
    if (k == dims.size()) return false;
  }
}

Dims BroadcastShapes(std::string_view op, DimsView a, DimsView b) {
  const DimsView longer = a.size() >= b.size() ? a : b;
  const DimsView shorter = a.size() >= b.size() ? b : a;
  const size_t lead = longer.size() - shorter.size();
  Dims result(longer.begin(), longer.end());
  for (size_t i = 0; i < shorter.size(); ++i) {
    int64_t& extent = result[lead + i];
    if (extent == shorter[i] || shorter[i] == 1) continue;
    if (extent != 1) {
      ThrowInvalidArgument(absl::StrCat(op, ": shapes ", ToString(a), " and ", ToString(b),
                                        " do not broadcast: dimension ", lead + i, " has extents ",
                                        extent, " and ", shorter[i],
                                        ", which must be equal or one of them 1"));
    }
    extent = shorter[i];
  }
  return result;
}

Dims BroadcastStrides(DimsView shape, DimsView strides, DimsView target) {
  Dims result(target.size(), 0);
  const size_t lead = target.size() - shape.size();
  for (size_t i = 0; i < shape.size(); ++i) {
    result[lead + i] = shape[i] == 1 && target[lead + i] != 1 ? 0 : strides[i];
  }
  return result;
}

int64_t NormalizeDim(std::string_view op, int64_t dim, int64_t rank) {
  const int64_t extent = std::max<int64_t>(rank, 1);
  if (dim < -extent || dim >= extent) {
    ThrowOutOfRange(absl::StrCat(op, ": dim ", dim, " is outside [", -extent, ", ", extent - 1,
                                 "] for a tensor of ", rank, " dimensions"));
  }
  return dim < 0 ? dim + extent : dim;
}

}  // namespace neura
