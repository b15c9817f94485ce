#include "neura/tensor/ops/linalg.h"

#include <complex>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/dispatch.h"
#include "neura/tensor/ops/op_list/linalg.h"
#include "neura/tensor/ops/pointwise.h"
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
Tensor Addmm(const Tensor& input, const Tensor& mat1, const Tensor& mat2, const Scalar& beta,
             const Scalar& alpha) {
  const Tensor product = Product("addmm", mat1, 2, mat2, 2);
  RequireDefined("addmm", input);
  // Nothing of an input that counts for nothing, also where it is not finite.
  if (beta.To<std::complex<double>>() == 0.0) {
    return AddScaled(Zeros(input.shape(), {.dtype = input.dtype(), .device = input.device()}),
                     product, alpha);
  }
  return AddScaled(beta == Scalar(1) ? input : input * beta, product, alpha);
}
Tensor Trace(const Tensor& input) {
  RequireDims("trace", input, 2);
  return Sum(Diagonal(input));
}

}  // namespace neura
