#include "neura/tensor/ops/index.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/dispatch.h"
#include "neura/tensor/ops/op_list/index.h"
#include "neura/tensor/ops/op_list/reduce.h"
#include "neura/tensor/ops/options/dims.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/reduce.h"
#include "neura/tensor/ops/shape.h"

namespace neura {

Tensor IndexSelect(const Tensor& input, int64_t dim, const Tensor& index) {
  // A number is the one slice that it has.
  if (input.defined() && input.dim() == 0 && index.defined() && index.numel() == 1) {
    NormalizeDim("index_select", dim, 0);
    return Reshape(Call<op::kIndexSelect>({.dim = 0}, Reshape(input, {1}), index), {});
  }
  return Call<op::kIndexSelect>({.dim = dim}, input, index);
}
Tensor IndexAdd(const Tensor& input, int64_t dim, const Tensor& index, const Tensor& source) {
  if (input.defined() && input.dim() == 0 && source.defined() && source.numel() == 1) {
    NormalizeDim("index_add", dim, 0);
    const Tensor sum =
        Call<op::kIndexAdd>({.dim = 0}, Reshape(input, {1}), index, Reshape(source, {1}));
    return Reshape(sum, {});
  }
  return Call<op::kIndexAdd>({.dim = dim}, input, index, source);
}
Tensor IndexAssign(const Tensor& input, int64_t dim, const Tensor& index, const Tensor& source) {
  const DimOptions options{.dim = dim};
  DispatchInPlace(op::kIndexAssign, &options, {&input, &index, &source});
  return input;
}
Tensor Gather(const Tensor& input, int64_t dim, const Tensor& index) {
  RequireDefined("gather", input);
  RequireDefined("gather", index);
  // An index that names nothing may be of any dtype.
  if (index.numel() == 0 && index.dtype() != kInt64) {
    return Gather(input, dim, Cast(index, kInt64));
  }
  // A number is a vector of one element.
  if (input.dim() + index.dim() == 1) {
    NormalizeDim("gather", dim, 1);
    const Tensor vector = Call<op::kGather>({.dim = 0}, AtLeast1d(input), AtLeast1d(index));
    return Reshape(vector, index.shape());
  }
  return Call<op::kGather>({.dim = dim}, input, index);
}
Tensor ScatterAdd(const Tensor& input, int64_t dim, const Tensor& index, const Tensor& source) {
  return Call<op::kScatterAdd>({.dim = dim}, input, index, source);
}

Tensor ScatterElements(const Tensor& input, const Tensor& index, const Tensor& source,
                       const ScatterOptions& options) {
  const bool by_parts = options.reduction == "none" || options.reduction == "add";
  if (input.defined() && IsComplex(input.dtype()) && by_parts) {
    const int64_t dim = NormalizeDim("scatter", options.dim, input.dim());
    if (input.dim() == 0) {
      // Beside the two parts a number has no dimension of its own.
      const auto vector = [](const Tensor& tensor) { return Reshape(tensor, {1}); };
      return Reshape(ScatterElements(vector(input), vector(index), vector(source), options), {});
    }
    Dims both(index.shape().begin(), index.shape().end());
    both.push_back(2);
    return ViewAsComplex(ScatterElements(ViewAsReal(input), Expand(Unsqueeze(index, -1), both),
                                         ViewAsReal(source),
                                         {.dim = dim, .reduction = options.reduction}));
  }
  return Call<op::kScatterElements>(options, input, index, source);
}

namespace {

// Of bytes that are to be truth values: memory from outside may hold others than 0 and 1.
int64_t CountHolding(const uint8_t* holds, int64_t count) {
  int64_t found = 0;
  for (int64_t i = 0; i < count; ++i) found += holds[i] != 0;
  return found;
}

// The places, of `found` in all, at which a byte is not 0; each is written, and kept where it is
// one, so that no branch depends on the bytes.
int64_t FindHolding(const uint8_t* holds, int64_t count, int64_t found, int64_t* places) {
  int64_t at = 0;
  for (int64_t i = 0; i < count && at < found; ++i) {
    places[at] = i;
    at += holds[i] != 0;
  }
  return at;
}

}  // namespace

Tensor NonZero(const Tensor& input) {
  RequireDefined("nonzero", input);
  const Tensor mask = Contiguous(To(input.dtype() == kBool ? input : input != 0, kCpu));
  const auto* const holds = reinterpret_cast<const uint8_t*>(mask.data<bool>());
  const int64_t count = CountHolding(holds, mask.numel());
  const size_t rank = mask.shape().size();
  Tensor columns = Empty({mask.dim(), count}, {.dtype = kInt64, .device = kCpu});
  int64_t* const positions = columns.data<int64_t>();
  if (rank > 0) {
    // By rows: within one all positions but the last are the same.
    int64_t* const last = positions + static_cast<int64_t>(rank - 1) * count;
    const int64_t row = mask.size(-1);
    Dims position(rank, 0);
    int64_t found = 0;
    for (int64_t begin = 0; found < count; begin += row) {
      const int64_t here = FindHolding(holds + begin, row, count - found, last + found);
      for (size_t d = 0; d + 1 < rank; ++d) {
        std::fill_n(positions + static_cast<int64_t>(d) * count + found, here, position[d]);
      }
      found += here;
      for (size_t d = rank - 1; d-- > 0;) {
        if (++position[d] < mask.shape()[d]) break;
        position[d] = 0;
      }
    }
  }
  return Transpose(To(columns, input.device()), 0, 1);
}

Tensor CountNonZero(const Tensor& input, const std::optional<Dims>& dim) {
  ReduceOptions options;
  if (dim) options.dims = *dim;
  return Sum(input != 0, options);
}

Tensor MaskedSelect(const Tensor& input, const Tensor& mask) {
  RequireDefined("masked_select", input);
  RequireDefined("masked_select", mask);
  if (mask.dtype() != kBool) {
    ThrowInvalidArgument(
        absl::StrCat("masked_select: the mask must be bool, got ", Describe(mask)));
  }
  const Dims shape = BroadcastShapes("masked_select", input.shape(), mask.shape());
  const Tensor places = Ravel(NonZero(Ravel(Expand(mask, shape))));
  return IndexSelect(Ravel(Expand(input, shape)), 0, places);
}

Tensor OneHot(const Tensor& tensor, int64_t num_classes) {
  RequireDefined("one_hot", tensor);
  if (!IsIntegral(tensor.dtype())) {
    ThrowInvalidArgument(
        absl::StrCat("one_hot: the classes must be integers, got ", Describe(tensor)));
  }
  if (num_classes < 0 && tensor.numel() == 0) {
    ThrowInvalidArgument("one_hot: without elements, num_classes has to be given");
  }
  int64_t least = 0, most = num_classes - 1;
  if (tensor.numel() > 0) {
    least = AMin(tensor).Item<int64_t>();
    most = AMax(tensor).Item<int64_t>();
  }
  const int64_t count = num_classes < 0 ? most + 1 : num_classes;
  if (least < 0 || most >= count) {
    ThrowInvalidArgument(absl::StrCat("one_hot: classes must lie in [0, ",
                                      num_classes < 0 ? "..." : absl::StrCat(count), ")"));
  }
  const Tensor classes = Arange(0, count, 1, {.dtype = kInt64, .device = tensor.device()});
  return Cast(Unsqueeze(tensor, -1) == classes, kInt64);
}

Tensor Embedding(const Tensor& input, const Tensor& weight) {
  RequireDefined("embedding", input);
  RequireDims("embedding", weight, 2);
  Dims shape(input.shape().begin(), input.shape().end());
  shape.push_back(weight.size(1));
  return Reshape(IndexSelect(weight, 0, Ravel(input)), shape);
}

}  // namespace neura
