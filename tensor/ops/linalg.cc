#include "neura/tensor/ops/linalg.h"

#include <algorithm>
#include <complex>
#include <vector>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/default_dtype.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/autocast.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/dispatch.h"
#include "neura/tensor/ops/op_list/linalg.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/pointwise_type.h"
#include "neura/tensor/ops/reduce.h"
#include "neura/tensor/ops/shape.h"

namespace neura {

Tensor MatMul(const Tensor& input, const Tensor& other) {
  if (input.defined() && other.defined() && (input.dim() == 0 || other.dim() == 0)) {
    ThrowInvalidArgument(absl::StrCat("matmul(", Describe(input), ", ", Describe(other),
                                      "): both inputs need at least one dimension"));
  }
  const bool row = input.defined() && input.dim() == 1,
             column = other.defined() && other.dim() == 1;
  if (!row && !column) return Call<op::kMatMul>({}, input, other);
  const Tensor result = Call<op::kMatMul>({}, row ? Unsqueeze(input, 0) : input,
                                          column ? Unsqueeze(other, 1) : other);
  Dims dims;
  if (row) dims.push_back(-2);
  if (column) dims.push_back(-1);
  return Squeeze(result, dims);
}

Tensor Linear(const Tensor& input, const Tensor& weight, const Tensor& bias) {
  // What the kernels do not take.
  if (weight.defined() && !IsFloating(weight.dtype())) {
    const Tensor product = MatMul(input, Transpose(weight, 0, 1));
    return bias.defined() ? product + bias : product;
  }
  return Call<op::kLinear>({}, input, weight, bias);
}

namespace {

// A matrix product of operands that must have so many dimensions.
Tensor Product(std::string_view name, const Tensor& x, int64_t x_dims, const Tensor& y,
               int64_t y_dims) {
  RequireDims(name, x, x_dims);
  RequireDims(name, y, y_dims);
  return MatMul(x, y);
}

}  // namespace

Tensor Mm(const Tensor& input, const Tensor& mat2) { return Product("mm", input, 2, mat2, 2); }
Tensor Bmm(const Tensor& input, const Tensor& mat2) { return Product("bmm", input, 3, mat2, 3); }
Tensor Mv(const Tensor& input, const Tensor& vec) { return Product("mv", input, 2, vec, 1); }
Tensor Dot(const Tensor& input, const Tensor& other) { return Product("dot", input, 1, other, 1); }
Tensor Outer(const Tensor& input, const Tensor& vec2) {
  RequireDims("outer", input, 1);
  RequireDims("outer", vec2, 1);
  return Unsqueeze(input, 1) * vec2;
}
Tensor Bilinear(const Tensor& input1, const Tensor& input2, const Tensor& weight,
                const std::optional<Tensor>& bias) {
  RequireDims("bilinear", weight, 3);
  const int64_t out = weight.size(0), in1 = weight.size(1), in2 = weight.size(2);
  const auto leads = [](const Tensor& input) { return input.shape().first(input.dim() - 1); };
  if (!input1.defined() || !input2.defined() || input1.dim() == 0 || input2.dim() == 0 ||
      input1.size(-1) != in1 || input2.size(-1) != in2 || leads(input1) != leads(input2)) {
    ThrowInvalidArgument(absl::StrCat("bilinear(", Describe(input1), ", ", Describe(input2), ", ",
                                      Describe(weight),
                                      "): inputs must be [..., in1] and [..., in2] for a weight of "
                                      "[out, in1, in2]"));
  }
  Dims shape(leads(input1).begin(), leads(input1).end());
  shape.push_back(out);
  const int64_t rows = NumElements(leads(input1));
  const Tensor first =
      MatMul(Reshape(input1, {rows, in1}), Reshape(Permute(weight, {1, 0, 2}), {in1, out * in2}));
  const Tensor both = MatMul(Reshape(first, {rows, out, in2}), Reshape(input2, {rows, in2, 1}));
  const Tensor result = Reshape(both, shape);
  return bias.has_value() && bias->defined() ? result + *bias : result;
}

namespace {

// beta * input + alpha * product
Tensor Weighted(std::string_view op, const Tensor& added, const Tensor& product, const Scalar& beta,
                const Scalar& alpha) {
  RequireDefined(op, added);
  // Of 16 bits as the product, whatever it was.
  const bool follows = AutocastWidens({&product}) && added.dtype() == kFloat32;
  const Tensor input = follows ? Cast(added, product.dtype()) : added;
  const DType dtype = PromoteTypes(input.dtype(), product.dtype());
  const Scalar of_input = FactorIn(dtype, beta), of_product = FactorIn(dtype, alpha);
  // Nothing of an input that counts for nothing, also where it is not finite.
  if (of_input.To<std::complex<double>>() == 0.0) {
    return AddScaled(Zeros(input.shape(), {.dtype = input.dtype(), .device = input.device()}),
                     product, of_product);
  }
  return AddScaled(of_input == Scalar(1) ? input : input * of_input, product, of_product);
}

}  // namespace

Tensor Addmm(const Tensor& input, const Tensor& mat1, const Tensor& mat2, const Scalar& beta,
             const Scalar& alpha) {
  return Weighted("addmm", input, Product("addmm", mat1, 2, mat2, 2), beta, alpha);
}
Tensor Addmv(const Tensor& input, const Tensor& mat, const Tensor& vec, const Scalar& beta,
             const Scalar& alpha) {
  return Weighted("addmv", input, Product("addmv", mat, 2, vec, 1), beta, alpha);
}
Tensor Addr(const Tensor& input, const Tensor& vec1, const Tensor& vec2, const Scalar& beta,
            const Scalar& alpha) {
  return Weighted("addr", input, Outer(vec1, vec2), beta, alpha);
}
Tensor Baddbmm(const Tensor& input, const Tensor& batch1, const Tensor& batch2, const Scalar& beta,
               const Scalar& alpha) {
  return Weighted("baddbmm", input, Product("baddbmm", batch1, 3, batch2, 3), beta, alpha);
}
Tensor Addbmm(const Tensor& input, const Tensor& batch1, const Tensor& batch2, const Scalar& beta,
              const Scalar& alpha) {
  const Tensor products = Product("addbmm", batch1, 3, batch2, 3);
  const Tensor sum = Sum(products, {.dims = {0}, .dtype = products.dtype()});
  return Weighted("addbmm", input, sum, beta, alpha);
}

Tensor TensorDot(const Tensor& input, const Tensor& other, const Dims& input_dims,
                 const Dims& other_dims) {
  RequireDefined("tensordot", input);
  RequireDefined("tensordot", other);
  if (input_dims.size() != other_dims.size()) {
    ThrowInvalidArgument("tensordot: as many dimensions of each must be named");
  }
  // Those that are named behind the others, in their order; and how many elements each part has.
  const auto arranged = [](const Tensor& tensor, const Dims& named, Dims& shape) {
    Dims order;
    std::vector<bool> taken(tensor.shape().size());
    for (int64_t dim : named) {
      const auto d = static_cast<size_t>(NormalizeDim("tensordot", dim, tensor.dim()));
      if (taken[d]) ThrowInvalidArgument("tensordot: a dimension is named twice");
      taken[d] = true;
    }
    for (size_t d = 0; d < taken.size(); ++d) {
      if (taken[d]) continue;
      order.push_back(static_cast<int64_t>(d));
      shape.push_back(tensor.shape()[d]);
    }
    for (int64_t dim : named) order.push_back(NormalizeDim("tensordot", dim, tensor.dim()));
    return Permute(tensor, order);
  };
  // What meets an extent of 1 is summed first.
  Tensor x = input, y = other;
  for (size_t i = 0; i < input_dims.size(); ++i) {
    const int64_t a = NormalizeDim("tensordot", input_dims[i], x.dim()),
                  b = NormalizeDim("tensordot", other_dims[i], y.dim());
    if (x.dim() == 0 || y.dim() == 0 || x.size(a) == y.size(b)) continue;
    if (x.size(a) == 1) y = Sum(y, {.dims = {b}, .keepdim = true, .dtype = y.dtype()});
    if (y.size(b) == 1) x = Sum(x, {.dims = {a}, .keepdim = true, .dtype = x.dtype()});
  }
  Dims rows, columns;
  const Tensor left = arranged(x, input_dims, rows), right = arranged(y, other_dims, columns);
  const DimsView summed = left.shape().subspan(rows.size());
  if (summed != right.shape().subspan(columns.size())) {
    ThrowInvalidArgument(absl::StrCat(
        "tensordot: dimensions ", ToString(DimsView(input_dims)), " of ", Describe(input), " and ",
        ToString(DimsView(other_dims)), " of ", Describe(other), " must have equal extents"));
  }
  const int64_t inner = NumElements(summed);
  const Tensor product = MatMul(Reshape(left, {NumElements(rows), inner}),
                                Transpose(Reshape(right, {NumElements(columns), inner}), 0, 1));
  rows.insert(rows.end(), columns.begin(), columns.end());
  return Reshape(product, rows);
}

Tensor Inner(const Tensor& input, const Tensor& other) {
  RequireDefined("inner", input);
  RequireDefined("inner", other);
  if (input.dim() == 0 || other.dim() == 0) return input * other;
  return TensorDot(input, other, {-1}, {-1});
}

Tensor Kron(const Tensor& input, const Tensor& other) {
  RequireDefined("kron", input);
  RequireDefined("kron", other);
  const int64_t rank = std::max(input.dim(), other.dim());
  // Every second dimension of each is its own, the others broadcast.
  const auto spread = [&](const Tensor& tensor, bool second) {
    Dims shape;
    for (int64_t d = 0; d < rank; ++d) {
      const int64_t own = d - (rank - tensor.dim());
      const int64_t extent = own < 0 ? 1 : tensor.size(own);
      shape.push_back(second ? 1 : extent);
      shape.push_back(second ? extent : 1);
    }
    return Reshape(tensor, shape);
  };
  const Tensor product = spread(input, false) * spread(other, true);
  Dims shape;
  for (int64_t d = 0; d < rank; ++d) {
    int64_t extent = 0;
    if (__builtin_mul_overflow(product.size(2 * d), product.size(2 * d + 1), &extent)) {
      ThrowResourceExhausted(absl::StrCat("kron(", Describe(input), ", ", Describe(other),
                                          "): an extent has more than 64 bits"));
    }
    shape.push_back(extent);
  }
  return Reshape(product, shape);
}

Tensor Cross(const Tensor& input, const Tensor& other, const std::optional<int64_t>& dim) {
  RequireDefined("cross", input);
  RequireDefined("cross", other);
  const Dims shape = BroadcastShapes("cross", input.shape(), other.shape());
  const Tensor a = Expand(input, shape), b = Expand(other, shape);
  int64_t along = 0;
  if (dim) {
    along = NormalizeDim("cross", *dim, a.dim());
  } else {
    along = std::find(shape.begin(), shape.end(), 3) - shape.begin();
  }
  if (along >= a.dim() || a.size(along) != 3) {
    ThrowInvalidArgument(absl::StrCat("cross: ", Describe(input), " and ", Describe(other),
                                      " must have extent 3 along dim"));
  }
  const auto next = [&](const Tensor& x, int64_t steps) { return Roll(x, {-steps}, Dims{along}); };
  return next(a, 1) * next(b, 2) - next(a, 2) * next(b, 1);
}

Tensor PairwiseDistance(const Tensor& x1, const Tensor& x2, double p, double eps, bool keepdim) {
  RequireDefined("pairwise_distance", x1);
  RequireDefined("pairwise_distance", x2);
  return Norm(x1 - x2 + eps, p, {.dims = {-1}, .keepdim = keepdim});
}
Tensor CosineSimilarity(const Tensor& x1, const Tensor& x2, int64_t dim, double eps) {
  RequireDefined("cosine_similarity", x1);
  RequireDefined("cosine_similarity", x2);
  const Dims shape = BroadcastShapes("cosine_similarity", x1.shape(), x2.shape());
  const ReduceOptions along{
      .dims = {NormalizeDim("cosine_similarity", dim, static_cast<int64_t>(shape.size()))}};
  // Each by its own length first: products of large numbers are infinite.
  const DType common = PromoteTypes(x1.dtype(), x2.dtype());
  const DType dtype = IsDifferentiable(common) ? common : DefaultDType();
  ReduceOptions keep = along;
  keep.keepdim = true;
  const auto direction = [&](const Tensor& x) {
    const Tensor wide = Cast(Expand(x, shape), WideDType(dtype));
    return wide / ClampMin(Norm(wide, 2, keep), eps);
  };
  return Cast(Sum(direction(x1) * direction(x2), along), dtype);
}

Tensor Vander(const Tensor& x, const std::optional<int64_t>& n, bool increasing) {
  RequireDims("vander", x, 1);
  const int64_t count = n.value_or(x.numel());
  if (count < 0) ThrowInvalidArgument("vander: the number of columns must not be negative");
  const Tensor powers = Arange(0, count, 1, {.dtype = kInt64, .device = x.device()});
  return Pow(Unsqueeze(x, 1), increasing ? powers : Flip(powers, {0}));
}

Tensor Trace(const Tensor& input) {
  if (AutocastWidens({&input})) {
    return Trace(Widened(input));
  }
  RequireDims("trace", input, 2);
  return Sum(Diagonal(input));
}

}  // namespace neura
