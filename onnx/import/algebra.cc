// Linear algebra, scans and bits.
#include "absl/strings/str_cat.h"
#include "neura/onnx/import/ops.h"
#include "neura/tensor/linalg/linalg.h"
#include "neura/tensor/ops/op_list/pointwise.h"
#include "neura/tensor/tensor.h"

namespace neura::onnx {

using graph::ValueId;

void ReadEinsum(NodeReader& node) {
  const std::string equation = node.String("equation", "");
  std::vector<ValueId> operands;
  for (size_t i = 0; i < node.num_inputs(); ++i) operands.push_back(node.in(i));
  node.Out(node.TraceAll(operands, [&](absl::Span<const Tensor> in) {
    return std::vector{Einsum(equation, {in.begin(), in.end()})};
  })[0]);
}

void ReadDet(NodeReader& node) {
  node.Out(node.Trace([](const Tensor& x) { return linalg::Det(x); }, node.in(0)));
}

// As CumSum; see SplitByFlags for axes that only a run can tell.
void ReadCumProd(NodeReader& node) {
  const ValueId x = node.in(0);
  const bool reverse = node.Int("reverse", 0) != 0, exclusive = node.Int("exclusive", 0) != 0;
  const DType dtype = node.dtype(x);
  const auto along = [&](ValueId of, int64_t dim) {
    return node.Trace(
        [&](const Tensor& x) {
          Tensor y = reverse ? Flip(x, {dim}) : x;
          if (exclusive) y = Cat({OnesLike(Slice(y, dim, 0, 1)), Slice(y, dim, 0, -1)}, dim);
          y = Cast(CumProd(y, dim), dtype);
          return reverse ? Flip(y, {dim}) : y;
        },
        of);
  };
  if (const auto flags = AxisFlags(node, 1, node.rank(x))) {
    ValueId y = SplitByFlags(node, x, *flags);
    for (size_t d = 0; d < flags->size(); ++d) {
      // Along a dimension that is not named an exclusive product is no identity.
      const ValueId named =
          node.Cast(node.Number((*flags)[d], node.Constant(ScalarTensor(int64_t{0}))), kBool);
      y = node.Add(op::kWhere, {named, along(y, static_cast<int64_t>(2 * d + 1)), y});
    }
    return node.Out(node.Reshape(y, node.shape(x)));
  }
  const std::vector<int64_t> axis = node.Ints(1);
  if (axis.size() != 1) node.Unsupported("the axis must be one number");
  node.Out(along(x, node.AxisOrZero(axis[0], node.rank(x))));
}

void ReadBitShift(NodeReader& node) {
  const std::string direction = node.String("direction", "");
  if (direction != "LEFT" && direction != "RIGHT") {
    ThrowInvalidArgument("direction is neither LEFT nor RIGHT");
  }
  node.Out(node.Pointwise(
      [&](const Tensor& x, const Tensor& by) {
        return direction == "LEFT" ? BitwiseLeftShift(x, by) : BitwiseRightShift(x, by);
      },
      node.in(0), node.in(1)));
}

void ReadShrink(NodeReader& node) {
  const ValueId x = node.in(0);
  const DType dtype = node.dtype(x);
  const double bias = node.Float("bias", 0), lambda = node.Float("lambd", 0.5);
  node.Out(node.Trace(
      [&](const Tensor& x) {
        const Tensor wide = IsFloating(dtype) ? x : Cast(x, kFloat32);
        return Cast(
            Where(wide < -lambda, wide + bias, Where(wide > lambda, wide - bias, ZerosLike(wide))),
            dtype);
      },
      x));
}

void ReadMish(NodeReader& node) {
  node.Out(node.Pointwise([](const Tensor& x) { return x * Tanh(Softplus(x)); }, node.in(0)));
}

void ReadSwish(NodeReader& node) {
  const double alpha = node.Float("alpha", 1);
  node.Out(node.Pointwise([=](const Tensor& x) { return x * Sigmoid(x * alpha); }, node.in(0)));
}

// Nothing is broadcast.
void ReadSwiGlu(NodeReader& node) {
  const ValueId a = node.in(0), b = node.in(1);
  const double alpha = node.Float("alpha", 1);
  if (node.rank(a) != node.rank(b) || node.dtype(a) != node.dtype(b)) {
    ThrowInvalidArgument("A and B differ in rank or dtype");
  }
  for (size_t d = 0; d < node.shape(a).size(); ++d) {
    const graph::SymInt &m = node.shape(a)[d], &n = node.shape(b)[d];
    if (m.is_number() && n.is_number() && m != n) {
      ThrowInvalidArgument(absl::StrCat("A and B differ in dimension ", d));
    }
  }
  node.Out(node.Pointwise(
      [=](const Tensor& a, const Tensor& b) { return a * Sigmoid(a * alpha) * b; }, a, b));
}

}  // namespace neura::onnx
