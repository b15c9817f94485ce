// Inference of views: extents, strides and offset over the input's memory.
#include <algorithm>

#include "neura/tensor/iteration/loop_dims.h"
#include "neura/tensor/ops/infer.h"
#include "neura/tensor/ops/op_list/view.h"
#include "neura/tensor/ops/options/dims.h"
#include "neura/tensor/ops/view.h"

namespace neura {

bool ViewStrides(DimsView shape, DimsView strides, DimsView new_shape, Dims* new_strides) {
  new_strides->assign(new_shape.size(), 0);
  if (IsContiguous(shape, strides)) {
    *new_strides = ContiguousStrides(new_shape);
    return true;
  }
  // A run of old dimensions that lies in memory without jumps can be cut up freely.
  LoopDims<1> runs;
  for (size_t i = 0; i < shape.size(); ++i) runs.Push(shape[i], {strides[i]});
  // Both shapes from the end.
  size_t n = new_shape.size();
  for (size_t run = runs.extents.size(); run-- > 0;) {
    int64_t stride = runs.strides[0][run], covered = 1;
    while (n > 0 && (covered < runs.extents[run] || new_shape[n - 1] == 1)) {
      (*new_strides)[--n] = stride;
      stride *= new_shape[n];
      covered *= new_shape[n];
    }
    if (covered != runs.extents[run]) return false;
  }
  // What is left has an extent of 1, and so any stride.
  return std::all_of(new_shape.begin(), new_shape.begin() + static_cast<ptrdiff_t>(n),
                     [](int64_t extent) { return extent == 1; });
}

namespace infer {

void InferReshape(const OpCall& call, OutputSpecs& outputs) {
  const Tensor& input = call.input(0);
  Dims shape = call.Get<ShapeOptions>().shape;
  int64_t* wildcard = nullptr;
  int64_t known = 1;
  for (int64_t& extent : shape) {
    if (extent == -1 && wildcard == nullptr) {
      wildcard = &extent;
    } else if (extent < 0 || __builtin_mul_overflow(known, extent, &known)) {
      Fail(call, "extents must be counts, at most one of them -1, and their product must fit");
    }
  }
  if (wildcard != nullptr) {
    if (known == 0 || input.numel() % known != 0) {
      Fail(call, "-1 cannot be inferred: ", input.numel(), " elements over ", known);
    }
    *wildcard = input.numel() / known;
    known = input.numel();
  }
  if (known != input.numel()) {
    Fail(call, input.numel(), " elements cannot take a shape of ", known);
  }
  if (!ViewStrides(input.shape(), input.strides(), shape, &outputs[0].strides)) {
    Fail(call,
         "the elements do not lie so in memory that this can be a view; make it Contiguous()");
  }
  outputs[0].dtype = input.dtype();
  outputs[0].shape = std::move(shape);
}

void InferPermute(const OpCall& call, OutputSpecs& outputs) {
  const Tensor& input = call.input(0);
  const Dims& dims = call.Get<DimsOptions>().dims;
  absl::InlinedVector<bool, 6> seen(dims.size(), false);
  if (static_cast<int64_t>(dims.size()) != input.dim()) {
    Fail(call, "dims must name each of the ", input.dim(), " dimensions once");
  }
  outputs[0].dtype = input.dtype();
  for (int64_t dim : dims) {
    const auto d = static_cast<size_t>(NormalizeDim("permute", dim, input.dim()));
    if (seen[d]) Fail(call, "dim ", d, " is named twice");
    seen[d] = true;
    outputs[0].shape.push_back(input.shape()[d]);
    outputs[0].strides.push_back(input.strides()[d]);
  }
}

void InferExpand(const OpCall& call, OutputSpecs& outputs) {
  const Tensor& input = call.input(0);
  Dims shape = call.Get<ShapeOptions>().shape;
  const size_t rank = input.shape().size();
  if (shape.size() < rank) Fail(call, "cannot expand to fewer dimensions");
  const size_t lead = shape.size() - rank;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == -1 && i >= lead) shape[i] = input.shape()[i - lead];
    if (shape[i] < 0 ||
        (i >= lead && input.shape()[i - lead] != 1 && input.shape()[i - lead] != shape[i])) {
      Fail(call, "dimension ", i, " cannot become ", shape[i], "; only extents of 1 expand");
    }
  }
  outputs[0].dtype = input.dtype();
  outputs[0].strides = BroadcastStrides(input.shape(), input.strides(), shape);
  outputs[0].shape = std::move(shape);
}

void InferSqueeze(const OpCall& call, OutputSpecs& outputs) {
  const Tensor& input = call.input(0);
  const Dims& dims = call.Get<DimsOptions>().dims;
  absl::InlinedVector<bool, 6> named(input.shape().size() + 1, dims.empty());
  for (int64_t dim : dims)
    named[static_cast<size_t>(NormalizeDim("squeeze", dim, input.dim()))] = true;
  outputs[0].dtype = input.dtype();
  for (size_t i = 0; i < input.shape().size(); ++i) {
    if (named[i] && input.shape()[i] == 1) continue;
    outputs[0].shape.push_back(input.shape()[i]);
    outputs[0].strides.push_back(input.strides()[i]);
  }
}

void InferUnsqueeze(const OpCall& call, OutputSpecs& outputs) {
  const Tensor& input = call.input(0);
  const auto dim =
      static_cast<size_t>(NormalizeDim("unsqueeze", call.Get<DimOptions>().dim, input.dim() + 1));
  outputs[0].dtype = input.dtype();
  outputs[0].shape.assign(input.shape().begin(), input.shape().end());
  outputs[0].strides.assign(input.strides().begin(), input.strides().end());
  const bool steps_over = dim < input.shape().size() && input.numel() > 0;
  const int64_t stride = steps_over ? input.shape()[dim] * input.strides()[dim] : 1;
  outputs[0].shape.insert(outputs[0].shape.begin() + static_cast<ptrdiff_t>(dim), 1);
  outputs[0].strides.insert(outputs[0].strides.begin() + static_cast<ptrdiff_t>(dim), stride);
}

void InferSlice(const OpCall& call, OutputSpecs& outputs) {
  const Tensor& input = call.input(0);
  const auto& options = call.Get<SliceOptions>();
  if (input.dim() == 0) Fail(call, "a tensor without dimensions cannot be sliced");
  const auto dim = static_cast<size_t>(NormalizeDim("slice", options.dim, input.dim()));
  if (options.step < 1) Fail(call, "step must be positive");
  const int64_t extent = input.shape()[dim];
  const auto bound = [extent](int64_t i) {
    return std::clamp<int64_t>(i < 0 ? i + extent : i, 0, extent);
  };
  const int64_t start = bound(options.start), end = std::max(bound(options.end), start);
  outputs[0].dtype = input.dtype();
  outputs[0].shape.assign(input.shape().begin(), input.shape().end());
  outputs[0].strides.assign(input.strides().begin(), input.strides().end());
  outputs[0].shape[dim] = (end - start) / options.step + ((end - start) % options.step != 0);
  outputs[0].offset = outputs[0].shape[dim] == 0 ? 0 : start * outputs[0].strides[dim];
  // With one element left no stride is used; a huge step must not overflow it.
  if (outputs[0].shape[dim] > 1) outputs[0].strides[dim] *= options.step;
}

void InferSplit(const OpCall& call, OutputSpecs& outputs) {
  const Tensor& input = call.input(0);
  const auto& options = call.Get<SplitOptions>();
  if (input.dim() == 0) Fail(call, "a tensor without dimensions cannot be split");
  const auto dim = static_cast<size_t>(NormalizeDim("split", options.dim, input.dim()));
  const int64_t extent = input.shape()[dim];
  outputs.resize(options.sizes.size());
  int64_t start = 0;
  const auto fail = [&] {
    Fail(call, "the sizes do not add up to the ", extent, " of dim ", options.dim);
  };
  for (size_t i = 0; i < outputs.size(); ++i) {
    const int64_t size = options.sizes[i];
    if (size < 0) Fail(call, "a size is negative");
    if (size > extent - start) fail();
    outputs[i].dtype = input.dtype();
    outputs[i].shape.assign(input.shape().begin(), input.shape().end());
    outputs[i].strides.assign(input.strides().begin(), input.strides().end());
    outputs[i].shape[dim] = size;
    outputs[i].offset = size == 0 ? 0 : start * input.strides()[dim];
    start += size;
  }
  if (start != extent) fail();
}

void InferUnbind(const OpCall& call, OutputSpecs& outputs) {
  const Tensor& input = call.input(0);
  if (input.dim() == 0) Fail(call, "a tensor without dimensions has no slices");
  const int64_t dim = NormalizeDim("unbind", call.Get<DimOptions>().dim, input.dim());
  const auto extent = input.shape()[static_cast<size_t>(dim)];
  outputs.resize(static_cast<size_t>(extent));
  for (int64_t i = 0; i < extent; ++i) {
    OutputSpec& slice = outputs[static_cast<size_t>(i)];
    slice.dtype = input.dtype();
    slice.shape.assign(input.shape().begin(), input.shape().end());
    slice.strides.assign(input.strides().begin(), input.strides().end());
    slice.shape.erase(slice.shape.begin() + dim);
    slice.strides.erase(slice.strides.begin() + dim);
    slice.offset = input.numel() == 0 ? 0 : i * input.strides()[static_cast<size_t>(dim)];
  }
}

void InferDiagonal(const OpCall& call, OutputSpecs& outputs) {
  const Tensor& input = call.input(0);
  const auto& options = call.Get<DiagonalOptions>();
  if (input.dim() < 2) Fail(call, "needs at least two dimensions");
  const auto dim1 = static_cast<size_t>(NormalizeDim("diagonal", options.dim1, input.dim()));
  const auto dim2 = static_cast<size_t>(NormalizeDim("diagonal", options.dim2, input.dim()));
  if (dim1 == dim2) Fail(call, "dim1 and dim2 must differ");
  const int64_t rows = input.shape()[dim1], cols = input.shape()[dim2];
  const int64_t row = std::clamp<int64_t>(-std::max(options.offset, -rows), 0, rows);
  const int64_t col = std::clamp<int64_t>(options.offset, 0, cols);
  const int64_t length = std::max<int64_t>(std::min(rows - row, cols - col), 0);
  for (size_t i = 0; i < input.shape().size(); ++i) {
    if (i == dim1 || i == dim2) continue;
    outputs[0].shape.push_back(input.shape()[i]);
    outputs[0].strides.push_back(input.strides()[i]);
  }
  outputs[0].dtype = input.dtype();
  outputs[0].shape.push_back(length);
  // A stride that is not used may be any.
  outputs[0].strides.push_back(length > 1 ? input.strides()[dim1] + input.strides()[dim2] : 1);
  if (length > 0) outputs[0].offset = row * input.strides()[dim1] + col * input.strides()[dim2];
}

void InferUnfold(const OpCall& call, OutputSpecs& outputs) {
  const Tensor& input = call.input(0);
  const auto& options = call.Get<UnfoldOptions>();
  if (input.dim() == 0) Fail(call, "needs at least one dimension");
  const auto dim = static_cast<size_t>(NormalizeDim("unfold", options.dim, input.dim()));
  if (options.step < 1 || options.size < 1 || options.size > input.shape()[dim]) {
    Fail(call, "step must be positive and size between 1 and ", input.shape()[dim]);
  }
  outputs[0].dtype = input.dtype();
  outputs[0].shape.assign(input.shape().begin(), input.shape().end());
  outputs[0].strides.assign(input.strides().begin(), input.strides().end());
  outputs[0].shape[dim] = (input.shape()[dim] - options.size) / options.step + 1;
  outputs[0].shape.push_back(options.size);
  outputs[0].strides.push_back(input.strides()[dim]);
  if (outputs[0].shape[dim] > 1) outputs[0].strides[dim] *= options.step;
}

namespace {

// Every element of the view must lie among the `numel` elements of the memory.
void CheckInside(const OpCall& call, DimsView shape, DimsView strides, int64_t offset,
                 int64_t numel) {
  if (shape.size() != strides.size()) Fail(call, "shape and strides differ in length");
  int64_t last = offset;
  bool overflow = offset < 0;
  for (size_t i = 0; i < shape.size(); ++i) {
    int64_t reach;
    overflow |= strides[i] < 0 || shape[i] < 0;
    overflow |= __builtin_mul_overflow(std::max<int64_t>(shape[i] - 1, 0), strides[i], &reach);
    overflow |= __builtin_add_overflow(last, reach, &last);
  }
  if (overflow || (NumElements(shape) > 0 && last >= numel)) {
    Fail(call, "the view reaches outside the ", numel, " elements");
  }
}

}  // namespace

void InferAsStrided(const OpCall& call, OutputSpecs& outputs) {
  const auto& options = call.Get<AsStridedOptions>();
  if (!call.input(0).is_contiguous()) Fail(call, "the input must be contiguous");
  CheckInside(call, options.shape, options.strides, options.offset, call.input(0).numel());
  outputs[0].dtype = call.input(0).dtype();
  outputs[0].shape = options.shape;
  outputs[0].strides = options.strides;
  outputs[0].offset = options.offset;
}

void InferAsStridedGrad(const OpCall& call, OutputSpecs& outputs) {
  const auto& options = call.Get<AsStridedGradOptions>();
  CheckInside(call, call.input(0).shape(), options.strides, options.offset,
              NumElements(options.input_shape));
  outputs[0].dtype = call.input(0).dtype();
  outputs[0].shape = options.input_shape;
}

void InferAsStridedScatter(const OpCall& call, OutputSpecs& outputs) {
  const auto& options = call.Get<AsStridedOptions>();
  CheckInside(call, options.shape, options.strides, options.offset, call.input(0).numel());
  if (call.input(1).shape() != DimsView(options.shape) ||
      call.input(1).dtype() != call.input(0).dtype()) {
    Fail(call, "the source must have the dtype of the input and the shape that is written");
  }
  if (Overlaps(options.shape, options.strides)) Fail(call, "elements would be written twice");
  SameAsInput(call, outputs[0]);
}

void InferViewAsReal(const OpCall& call, OutputSpecs& outputs) {
  const Tensor& input = call.input(0);
  if (!IsComplex(input.dtype())) Fail(call, "takes complex numbers");
  OutputSpec& output = outputs[0];
  output.dtype = RealDType(input.dtype());
  output.shape.assign(input.shape().begin(), input.shape().end());
  for (int64_t stride : input.strides()) output.strides.push_back(2 * stride);
  output.shape.push_back(2);
  output.strides.push_back(1);
  output.offset = input.storage_offset();  // which counts twice as many elements now
}

void InferViewAsComplex(const OpCall& call, OutputSpecs& outputs) {
  const Tensor& input = call.input(0);
  if (input.dtype() != kFloat32 && input.dtype() != kFloat64) {
    Fail(call, "takes pairs of float32 or float64");
  }
  if (input.dim() == 0 || input.size(-1) != 2) Fail(call, "the last dimension must be of 2");
  OutputSpec& output = outputs[0];
  output.dtype = ComplexDType(input.dtype());
  output.shape.assign(input.shape().begin(), input.shape().end() - 1);
  bool whole = input.strides().back() == 1 && input.storage_offset() % 2 == 0;
  for (size_t i = 0; i < output.shape.size(); ++i) {
    whole &= output.shape[i] <= 1 || input.strides()[i] % 2 == 0;
    output.strides.push_back(input.strides()[i] / 2);
  }
  if (!whole && input.numel() > 0) {
    Fail(call, "the pairs do not lie in memory as complex numbers do; make it Contiguous()");
  }
  output.offset = input.storage_offset() / 2 - input.storage_offset();
}

void InferAlias(const OpCall& call, OutputSpecs& outputs) {
  const Tensor& input = call.input(0);
  SameAsInput(call, outputs[0]);
  outputs[0].strides.assign(input.strides().begin(), input.strides().end());
}

}  // namespace infer
}  // namespace neura
