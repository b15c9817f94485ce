#include "neura/tensor/ops/shape.h"

#include <algorithm>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/dispatch.h"
#include "neura/tensor/ops/op_list/shape.h"
#include "neura/tensor/ops/op_list/view.h"
#include "neura/tensor/ops/options/dims.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/view.h"

namespace neura {
namespace {

Dims ToDims(DimsView view) { return Dims(view.begin(), view.end()); }

Tensor CallWithShape(OpId op, const Tensor& input, DimsView shape) {
  const ShapeOptions options{.shape = ToDims(shape)};
  return CallAny(op, &options, input);
}

Tensor CallWithDims(OpId op, const Tensor& input, DimsView dims) {
  const DimsOptions options{.dims = ToDims(dims)};
  return CallAny(op, &options, input);
}

}  // namespace

Tensor View(const Tensor& input, DimsView shape) {
  return CallWithShape(op::kReshape, input, shape);
}

Tensor Reshape(const Tensor& input, DimsView shape) {
  RequireDefined("reshape", input);
  if (input.is_contiguous()) return View(input, shape);
  Dims target = ToDims(shape), strides;
  const auto wildcard = std::find(target.begin(), target.end(), -1);
  if (wildcard != target.end()) {
    *wildcard = 1;
    const int64_t known = NumElements(target);
    *wildcard = known > 0 ? input.numel() / known : 0;
  }
  // A shape that does not fit is reported by the operation.
  const bool viewable = NumElements(target) != input.numel() ||
                        ViewStrides(input.shape(), input.strides(), target, &strides);
  return View(viewable ? input : Clone(input), shape);
}

Tensor Flatten(const Tensor& input, int64_t start_dim, int64_t end_dim) {
  RequireDefined("flatten", input);
  const int64_t start = NormalizeDim("flatten", start_dim, input.dim());
  const int64_t end = NormalizeDim("flatten", end_dim, input.dim());
  if (start > end) {
    ThrowInvalidArgument(absl::StrCat("flatten: start_dim ", start_dim, " comes after end_dim ",
                                      end_dim, " in a tensor of shape ", ToString(input.shape())));
  }
  if (input.dim() == 0) return Reshape(input, {1});
  const auto first = static_cast<size_t>(start), last = static_cast<size_t>(end);
  Dims shape(input.shape().begin(), input.shape().begin() + start);
  shape.push_back(NumElements(input.shape().subspan(first, last - first + 1)));
  shape.insert(shape.end(), input.shape().begin() + end + 1, input.shape().end());
  return Reshape(input, shape);
}

Tensor Permute(const Tensor& input, DimsView dims) {
  return CallWithDims(op::kPermute, input, dims);
}

Tensor Transpose(const Tensor& input, int64_t dim0, int64_t dim1) {
  RequireDefined("transpose", input);
  Dims dims(static_cast<size_t>(input.dim()));
  std::iota(dims.begin(), dims.end(), 0);
  const int64_t a = NormalizeDim("transpose", dim0, input.dim());
  const int64_t b = NormalizeDim("transpose", dim1, input.dim());
  if (!dims.empty()) std::swap(dims[static_cast<size_t>(a)], dims[static_cast<size_t>(b)]);
  return Permute(input, dims);
}

Tensor Expand(const Tensor& input, DimsView shape) {
  return CallWithShape(op::kExpand, input, shape);
}
Tensor Squeeze(const Tensor& input) { return CallWithDims(op::kSqueeze, input, {}); }
Tensor Squeeze(const Tensor& input, DimsView dims) {
  return dims.empty() ? input : CallWithDims(op::kSqueeze, input, dims);
}

Tensor Unsqueeze(const Tensor& input, int64_t dim) {
  return Call<op::kUnsqueeze>({.dim = dim}, input);
}

Tensor Slice(const Tensor& input, int64_t dim, int64_t start, int64_t end, int64_t step) {
  return Call<op::kSlice>({.dim = dim, .start = start, .end = end, .step = step}, input);
}

Tensor Narrow(const Tensor& input, int64_t dim, int64_t start, int64_t length) {
  RequireDefined("narrow", input);
  const int64_t extent = input.size(dim);
  if (start < 0 || length < 0 || start > extent || length > extent - start) {
    ThrowOutOfRange(absl::StrCat("narrow: start ", start, " and length ", length,
                                 " reach outside dim ", dim, " of shape ",
                                 ToString(input.shape())));
  }
  return Slice(input, dim, start, start + length);
}

Tensor Select(const Tensor& input, int64_t dim, int64_t index) {
  RequireDefined("select", input);
  const int64_t extent = input.size(dim);
  if (index < -extent || index >= extent) {
    ThrowOutOfRange(absl::StrCat("select: index ", index, " is outside dim ", dim, " of shape ",
                                 ToString(input.shape())));
  }
  const int64_t start = index < 0 ? index + extent : index;
  return Squeeze(Slice(input, dim, start, start + 1), {dim});
}

Tensor Diagonal(const Tensor& input, int64_t offset, int64_t dim1, int64_t dim2) {
  return Call<op::kDiagonal>({.offset = offset, .dim1 = dim1, .dim2 = dim2}, input);
}

Tensor Unfold(const Tensor& input, int64_t dim, int64_t size, int64_t step) {
  // The one window of a number is all there is.
  if (input.defined() && input.dim() == 0) {
    NormalizeDim("unfold", dim, 0);
    return Squeeze(Call<op::kUnfold>({.dim = 0, .size = size, .step = step}, Reshape(input, {1})),
                   {0});
  }
  return Call<op::kUnfold>({.dim = dim, .size = size, .step = step}, input);
}

Tensor AsStrided(const Tensor& input, DimsView shape, DimsView strides, int64_t offset) {
  const AsStridedOptions options{
      .shape = ToDims(shape), .strides = ToDims(strides), .offset = offset};
  return Call<op::kAsStrided>(options, input);
}

Tensor AsStridedGrad(const Tensor& grad, DimsView input_shape, DimsView strides, int64_t offset) {
  const AsStridedGradOptions options{
      .input_shape = ToDims(input_shape), .strides = ToDims(strides), .offset = offset};
  return Call<op::kAsStridedGrad>(options, grad);
}

Tensor AsStridedScatter(const Tensor& input, const Tensor& source, DimsView shape, DimsView strides,
                        int64_t offset) {
  const AsStridedOptions options{
      .shape = ToDims(shape), .strides = ToDims(strides), .offset = offset};
  return Call<op::kAsStridedScatter>(options, input, source);
}

Tensor ViewAsReal(const Tensor& input) { return Call<op::kViewAsReal>({}, input); }
Tensor ViewAsComplex(const Tensor& input) { return Call<op::kViewAsComplex>({}, input); }
Tensor Alias(const Tensor& input) { return Call<op::kAlias>({}, input); }

Tensor Cat(absl::Span<const Tensor> tensors, int64_t dim) {
  absl::InlinedVector<const Tensor*, 8> refs;
  for (const Tensor& tensor : tensors) refs.push_back(&tensor);
  const DimOptions options{.dim = dim};
  Tensor output;
  Dispatch(op::kCat, &options, refs, absl::MakeSpan(&output, 1));
  return output;
}

Tensor Stack(absl::Span<const Tensor> tensors, int64_t dim) {
  std::vector<Tensor> rows;
  rows.reserve(tensors.size());
  for (const Tensor& tensor : tensors) {
    if (tensor.defined() && tensors[0].defined() && tensor.shape() != tensors[0].shape()) {
      ThrowInvalidArgument(absl::StrCat("stack: all tensors must have one shape, got ",
                                        ToString(tensors[0].shape()), " and ",
                                        ToString(tensor.shape())));
    }
    rows.push_back(Unsqueeze(tensor, dim));
  }
  return Cat(rows, dim);
}

std::vector<Tensor> Split(const Tensor& input, DimsView sizes, int64_t dim) {
  return Call<op::kSplit>({.sizes = ToDims(sizes), .dim = dim}, input);
}

std::vector<Tensor> Split(const Tensor& input, int64_t size, int64_t dim) {
  RequireDefined("split", input);
  if (size < 1) ThrowInvalidArgument(absl::StrCat("split: size ", size, " must be positive"));
  const int64_t extent = input.size(dim);
  Dims sizes;
  for (int64_t rest = extent; rest > 0; rest -= sizes.back()) {
    sizes.push_back(std::min(size, rest));
  }
  if (sizes.empty()) sizes.push_back(0);
  return Split(input, sizes, dim);
}

std::vector<Tensor> Chunk(const Tensor& input, int64_t chunks, int64_t dim) {
  RequireDefined("chunk", input);
  if (chunks < 1) ThrowInvalidArgument(absl::StrCat("chunk: ", chunks, " chunks"));
  const int64_t extent = input.size(dim);
  return Split(input, std::max<int64_t>(extent / chunks + (extent % chunks != 0), 1), dim);
}

std::vector<Tensor> Unbind(const Tensor& input, int64_t dim) {
  return Call<op::kUnbind>({.dim = dim}, input);
}

Tensor Pad(const Tensor& input, const PadOptions& options) {
  return Call<op::kPad>(options, input);
}
Tensor Flip(const Tensor& input, DimsView dims) { return CallWithDims(op::kFlip, input, dims); }
Tensor Tril(const Tensor& input, int64_t diagonal) {
  return Call<op::kTril>({.diagonal = diagonal}, input);
}
Tensor Triu(const Tensor& input, int64_t diagonal) {
  return Call<op::kTriu>({.diagonal = diagonal}, input);
}

// ---- composites ------------------------------------------------------------------------------

Tensor ViewAs(const Tensor& input, const Tensor& other) { return View(input, other.shape()); }
Tensor ReshapeAs(const Tensor& input, const Tensor& other) { return Reshape(input, other.shape()); }
Tensor ExpandAs(const Tensor& input, const Tensor& other) { return Expand(input, other.shape()); }
Tensor Ravel(const Tensor& input) { return Reshape(input, {-1}); }

Tensor TransposeMatrix(const Tensor& input) {
  RequireDefined("t", input);
  if (input.dim() > 2) {
    ThrowInvalidArgument(absl::StrCat("t: expected at most 2 dimensions, got ", Describe(input)));
  }
  return input.dim() < 2 ? input : Transpose(input, 0, 1);
}

namespace {

// Each once, in [0, rank).
Dims DistinctDims(std::string_view op, const Dims& dims, int64_t rank) {
  Dims normalized;
  for (int64_t dim : dims) {
    normalized.push_back(NormalizeDim(op, dim, rank));
    if (std::count(normalized.begin(), normalized.end(), normalized.back()) > 1) {
      ThrowInvalidArgument(absl::StrCat(op, ": dim ", dim, " stands twice in ", ToString(dims)));
    }
  }
  return normalized;
}

void CheckSameCount(std::string_view op, const Dims& a, const Dims& b) {
  if (a.size() == b.size()) return;
  ThrowInvalidArgument(absl::StrCat(op, ": ", ToString(a), " and ", ToString(b),
                                    " must have the same number of elements"));
}

}  // namespace

Tensor MoveDim(const Tensor& input, const Dims& source, const Dims& destination) {
  RequireDefined("movedim", input);
  CheckSameCount("movedim", source, destination);
  const Dims from = DistinctDims("movedim", source, input.dim());
  const Dims to = DistinctDims("movedim", destination, input.dim());
  if (input.dim() == 0) return Alias(input);
  Dims order(static_cast<size_t>(input.dim()), -1);
  for (size_t i = 0; i < from.size(); ++i) order[static_cast<size_t>(to[i])] = from[i];
  int64_t next = 0;
  for (int64_t& dim : order) {
    if (dim >= 0) continue;
    while (std::count(from.begin(), from.end(), next) > 0) ++next;
    dim = next++;
  }
  return Permute(input, order);
}

Tensor HStack(const std::vector<Tensor>& tensors) {
  std::vector<Tensor> parts;
  for (const Tensor& tensor : tensors) {
    RequireDefined("hstack", tensor);
    parts.push_back(tensor.dim() == 0 ? Reshape(tensor, {1}) : tensor);
  }
  return Cat(parts, !parts.empty() && parts[0].dim() > 1 ? 1 : 0);
}

Tensor VStack(const std::vector<Tensor>& tensors) {
  std::vector<Tensor> parts;
  for (const Tensor& tensor : tensors) {
    RequireDefined("vstack", tensor);
    parts.push_back(tensor.dim() < 2 ? Reshape(tensor, {1, tensor.numel()}) : tensor);
  }
  return Cat(parts, 0);
}

std::vector<Tensor> MeshGrid(const std::vector<Tensor>& tensors, const std::string& indexing) {
  if (indexing != "ij" && indexing != "xy") {
    ThrowInvalidArgument(
        absl::StrCat("meshgrid: indexing must be 'ij' or 'xy', not '", indexing, "'"));
  }
  Dims shape;
  for (const Tensor& tensor : tensors) {
    RequireDefined("meshgrid", tensor);
    if (tensor.dim() > 1) {
      ThrowInvalidArgument(absl::StrCat("meshgrid: expected vectors, got ", Describe(tensor)));
    }
    shape.push_back(tensor.numel());
  }
  std::vector<Tensor> grids;
  for (size_t i = 0; i < tensors.size(); ++i) {
    Dims alone(shape.size(), 1);
    alone[i] = shape[i];
    const Tensor grid = Expand(Reshape(tensors[i], alone), shape);
    grids.push_back(indexing == "xy" && shape.size() > 1 ? Transpose(grid, 0, 1) : grid);
  }
  return grids;
}

namespace {

// In memory of its own, also where it could be a view of `input`.
Tensor Apart(const Tensor& result, const Tensor& input) {
  return result.storage() == input.storage() ? Clone(result) : result;
}

}  // namespace

Tensor Repeat(const Tensor& input, const Dims& repeats) {
  RequireDefined("repeat", input);
  const size_t rank = input.shape().size();
  if (repeats.size() < rank) {
    ThrowInvalidArgument(absl::StrCat("repeat: expected at least ", rank, " numbers for ",
                                      Describe(input), ", got ", ToString(repeats)));
  }
  // At once, so that no -1 is taken for an extent to keep.
  for (int64_t count : repeats) {
    if (count < 0) {
      ThrowInvalidArgument(absl::StrCat("repeat: the numbers ", ToString(repeats), " for ",
                                        Describe(input), " must not be negative"));
    }
  }
  // [A, B] becomes [1, A, 1, B], that is expanded to [times, A, times, B] and joined again.
  Dims apart, expanded, joined;
  for (size_t d = 0; d < repeats.size(); ++d) {
    const size_t missing = repeats.size() - rank;
    const int64_t extent = d < missing ? 1 : input.shape()[d - missing];
    apart.push_back(1);
    apart.push_back(extent);
    expanded.push_back(repeats[d]);
    expanded.push_back(extent);
    joined.push_back(NumElements({repeats[d], extent}));
  }
  return Apart(Reshape(Expand(Reshape(input, apart), expanded), joined), input);
}

Tensor Roll(const Tensor& input, const Dims& shifts, const std::optional<Dims>& dims) {
  RequireDefined("roll", input);
  if (!dims || dims->empty()) {
    if (shifts.size() != 1) {
      ThrowInvalidArgument(
          absl::StrCat("roll: without dims one shift is expected, got ", ToString(shifts)));
    }
    return Reshape(Roll(Ravel(input), shifts, Dims{0}), input.shape());
  }
  CheckSameCount("roll", shifts, *dims);
  Tensor result = input;
  for (size_t i = 0; i < shifts.size(); ++i) {
    const int64_t dim = (*dims)[i], extent = input.size(dim);
    const int64_t shift = extent == 0 ? 0 : (shifts[i] % extent + extent) % extent;
    if (shift == 0) continue;
    const int64_t kept = extent - shift;
    result = Cat({Narrow(result, dim, kept, shift), Narrow(result, dim, 0, kept)}, dim);
  }
  return Apart(result, input);
}

Tensor Diag(const Tensor& input, int64_t diagonal) {
  RequireDefined("diag", input);
  if (input.dim() == 2) return Clone(Diagonal(input, diagonal));
  if (input.dim() != 1) {
    ThrowInvalidArgument(
        absl::StrCat("diag: expected a vector or a matrix, got ", Describe(input)));
  }
  const Tensor on_diagonal = Eye(input.numel(), {.dtype = kBool, .device = input.device()});
  const Tensor zero = Zeros({}, {.dtype = input.dtype(), .device = input.device()});
  const int64_t down = std::max<int64_t>(-diagonal, 0), right = std::max<int64_t>(diagonal, 0);
  const Tensor matrix = Where(on_diagonal, Unsqueeze(input, 1), zero);
  if (diagonal == 0) return matrix;
  return Pad(matrix, {.before = {down, right}, .after = {right, down}});
}

}  // namespace neura
