// Operators of many kinds.
#include "absl/strings/str_cat.h"
#include "neura/graph/host_functions.h"
#include "neura/onnx/import/ops.h"
#include "neura/tensor/fft/fft.h"
#include "neura/tensor/linalg/linalg.h"
#include "neura/tensor/ops/op_list/view.h"
#include "neura/tensor/tensor.h"

namespace neura::onnx {

using graph::ValueId;

void ReadInverse(NodeReader& node) {
  node.Out(node.Trace(
      [](const Tensor& x) { return Cast(linalg::Inv(Cast(x, WideDType(x.dtype()))), x.dtype()); },
      node.in(0)));
}

// Between all rows of two matrices.
void ReadCDist(NodeReader& node) {
  const std::string metric = node.String("metric", "sqeuclidean");
  if (metric != "sqeuclidean" && metric != "euclidean") {
    node.Unsupported(absl::StrCat("metric ", metric));
  }
  if (node.rank(node.in(0)) != 2 || node.rank(node.in(1)) != 2) {
    ThrowInvalidArgument("expects two matrices");
  }
  node.Out(node.Trace(
      [&](const Tensor& a, const Tensor& b) {
        // |a|^2 + |b|^2 - 2 ab takes no memory for each pair of rows; rounding may leave it below
        // 0.
        const auto squares = [](const Tensor& x) { return Sum(Square(x), {.dims = {1}}); };
        const Tensor products = MatMul(a, Transpose(b, 0, 1));
        const Tensor square =
            Relu(Unsqueeze(squares(a), 1) + Unsqueeze(squares(b), 0) - products * 2);
        return metric == "euclidean" ? Sqrt(square) : square;
      },
      node.in(0), node.in(1)));
}

namespace {

void RequireOneDimension(NodeReader& node) {
  if (node.Int("onesided", 1) == 0 || node.Int("normalized", 0) != 0 ||
      node.Int("signal_ndim", 1) != 1) {
    node.Unsupported("anything but one-sided transforms of one dimension");
  }
}

}  // namespace

void ReadRfft(NodeReader& node) {
  RequireOneDimension(node);
  node.Out(node.Trace(
      [](const Tensor& x) {
        return Cast(ViewAsReal(fft::Rfft(Cast(x, WideDType(x.dtype())))), x.dtype());
      },
      node.in(0)));
}

// Of an even number of elements.
void ReadIrfft(NodeReader& node) {
  RequireOneDimension(node);
  node.Out(node.Trace(
      [](const Tensor& x) {
        const Tensor wide = Cast(x, WideDType(x.dtype()));
        return Cast(fft::Irfft(Complex(Select(wide, -1, 0), Select(wide, -1, 1))), x.dtype());
      },
      node.in(0)));
}

namespace {

// Of pairs of a real and an imaginary part.
void ReadProduct(NodeReader& node, double sign) {
  node.Out(node.Trace(
      [=](const Tensor& a, const Tensor& b) {
        const Tensor re = Select(a, -1, 0), im = Select(a, -1, 1);
        const Tensor other_re = Select(b, -1, 0), other_im = Select(b, -1, 1) * sign;
        return Stack({re * other_re - im * other_im, re * other_im + im * other_re}, -1);
      },
      node.in(0), node.in(1)));
}

}  // namespace

void ReadComplexMul(NodeReader& node) { ReadProduct(node, 1); }
void ReadComplexMulConj(NodeReader& node) { ReadProduct(node, -1); }

void ReadExpandDims(NodeReader& node) {
  const std::vector<int64_t> axis = node.Ints(1);
  if (axis.size() != 1) ThrowInvalidArgument("axis is not one number");
  const ValueId x = node.in(0);
  const DimOptions options{.dim = node.Axis(axis[0], node.rank(x) + 1)};
  node.Out(node.Add(op::kUnsqueeze, options, {x}));
}

void ReadIsAllFinite(NodeReader& node) {
  const bool nan_only = node.Int("isnan_only", 0) != 0, inf_only = node.Int("isinf_only", 0) != 0;
  if (nan_only && inf_only) ThrowInvalidArgument("isnan_only and isinf_only exclude each other");
  std::vector<ValueId> inputs;
  for (size_t i = 0; i < node.num_inputs(); ++i) inputs.push_back(node.in(i));
  if (inputs.empty()) ThrowInvalidArgument("has no inputs");
  node.Out(node.TraceAll(inputs, [&](absl::Span<const Tensor> in) {
    std::vector<Tensor> found;
    for (const Tensor& x : in) {
      found.push_back(All(LogicalNot(nan_only   ? IsNan(x)
                                     : inf_only ? IsInf(x)
                                                : LogicalNot(IsFinite(x)))));
    }
    return std::vector{All(Stack(found, 0))};
  })[0]);
}

}  // namespace neura::onnx
