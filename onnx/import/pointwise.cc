// Pointwise operators.
#include "neura/tensor/ops/op_list/pointwise.h"

#include <limits>

#include "absl/strings/str_cat.h"
#include "neura/onnx/import/ops.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/shape.h"

namespace neura::onnx {

using graph::ValueId;

void ReadUnary(NodeReader& node, OpId op) { node.Out(node.Add(op, {node.in(0)})); }

void ReadBinary(NodeReader& node, OpId op) {
  node.Out(node.Add(op, {node.in(0), SecondOperand(node)}));
}

// One or more inputs, from the left.
void ReadVariadic(NodeReader& node, OpId op) {
  ValueId result = node.in(0);
  for (size_t i = 1; i < node.num_inputs(); ++i) result = node.Add(op, {result, node.in(i)});
  node.Out(result);
}

void ReadIsInf(NodeReader& node) {
  const bool negative = node.Int("detect_negative", 1) != 0;
  const bool positive = node.Int("detect_positive", 1) != 0;
  const double infinity = std::numeric_limits<double>::infinity();
  node.Out(node.Pointwise(
      [=](const Tensor& x) {
        if (negative && positive) return IsInf(x);
        if (negative || positive) return Eq(x, positive ? infinity : -infinity);
        return Abs(x) < 0;
      },
      node.in(0)));
}

void ReadGelu(NodeReader& node) {
  node.Out(node.Add(op::kGelu, GeluOptions{.approximate = node.String("approximate", "none")},
                    {node.in(0)}));
}

void ReadLeakyRelu(NodeReader& node) {
  node.Out(node.Add(op::kLeakyRelu, LeakyReluOptions{.negative_slope = node.Float("alpha", 0.01)},
                    {node.in(0)}));
}

void ReadElu(NodeReader& node) {
  const double alpha = node.Float("alpha", 1);
  node.Out(node.Pointwise([=](const Tensor& x) { return Elu(x, alpha); }, node.in(0)));
}

void ReadCelu(NodeReader& node) {
  const double alpha = node.Float("alpha", 1);
  node.Out(node.Pointwise([=](const Tensor& x) { return alpha * Elu(x / alpha, 1); }, node.in(0)));
}

void ReadSelu(NodeReader& node) {
  const bool old = node.opset() < 6;
  const double alpha = node.Float("alpha", old ? 1.6732 : 1.67326319217681884765625);
  const double gamma = node.Float("gamma", old ? 1.0507 : 1.05070102214813232421875);
  node.Out(node.Pointwise([=](const Tensor& x) { return gamma * Elu(x, alpha); }, node.in(0)));
}

namespace {

Tensor HardSigmoid(const Tensor& x, double alpha, double beta) {
  return Clamp(x * alpha + beta, {.min = 0.0, .max = 1.0});
}

}  // namespace

void ReadHardSigmoid(NodeReader& node) {
  const double alpha = node.Float("alpha", 0.2), beta = node.Float("beta", 0.5);
  node.Out(
      node.Pointwise([=](const Tensor& x) { return HardSigmoid(x, alpha, beta); }, node.in(0)));
}

void ReadHardSwish(NodeReader& node) {
  node.Out(
      node.Pointwise([](const Tensor& x) { return x * HardSigmoid(x, 1.0 / 6, 0.5); }, node.in(0)));
}

void ReadPRelu(NodeReader& node) {
  const ValueId x = node.in(0);
  ValueId slope = node.in(1);
  // Before operator set 7, one number for each channel.
  if (node.opset() < 7 && node.rank(slope) == 1 && node.rank(x) > 2) {
    std::vector<graph::SymInt> shape(static_cast<size_t>(node.rank(x) - 1), 1);
    shape[0] = -1;
    slope = node.Reshape(slope, shape);
  }
  node.Out(node.Pointwise(
      [](const Tensor& x, const Tensor& slope) { return Where(x < 0, x * slope, x); }, x, slope));
}

void ReadSoftsign(NodeReader& node) {
  node.Out(node.Pointwise([](const Tensor& x) { return x / (Abs(x) + 1); }, node.in(0)));
}

void ReadThresholdedRelu(NodeReader& node) {
  const double alpha = node.Float("alpha", 1);
  node.Out(node.Pointwise([=](const Tensor& x) { return Where(x > alpha, x, 0); }, node.in(0)));
}

// Bounds are attributes before operator set 11.
void ReadClip(NodeReader& node) {
  ValueId x = node.in(0);
  const auto bound = [&node](const char* name, size_t i) -> std::optional<Scalar> {
    if (node.opset() < 11) {
      const bool given = node.HasAttribute(name);
      const double value = node.Float(name, 0);
      return given ? std::optional<Scalar>(value) : std::nullopt;
    }
    const std::optional<Tensor> known = node.Known(i);
    return known ? std::optional<Scalar>(known->ItemScalar()) : std::nullopt;
  };
  const std::optional<Scalar> min = bound("min", 1), max = bound("max", 2);
  const auto is_known = [&](size_t i, const std::optional<Scalar>& value) {
    return node.opset() < 11 || !node.has(i) || value;
  };
  if (is_known(1, min) && is_known(2, max)) {
    x = node.Add(op::kClamp, ClampOptions{.min = min, .max = max}, {x});
  } else {
    if (node.has(1)) x = node.Add(op::kMaximum, {x, node.in(1)});
    if (node.has(2)) x = node.Add(op::kMinimum, {x, node.in(2)});
  }
  node.Out(x);
}

// That of integers cuts towards zero.
void ReadDiv(NodeReader& node) {
  const ValueId a = node.in(0), b = SecondOperand(node);
  const DType dtype = node.dtype(a);
  if (!IsIntegral(dtype)) return node.Out(node.Add(op::kDiv, {a, b}));
  if (dtype == kUInt8) return node.Out(node.Add(op::kFloorDivide, {a, b}));
  node.Out(node.Pointwise(
      [=](const Tensor& a, const Tensor& b) {
        const Tensor up = LogicalAnd(Ne(Remainder(a, b), 0), LogicalXor(a < 0, b < 0));
        return FloorDivide(a, b) + Cast(up, dtype);
      },
      a, b));
}

// With fmod, the result has the sign of the first.
void ReadMod(NodeReader& node) {
  const ValueId a = node.in(0), b = node.in(1);
  node.Out(node.Add(node.Int("fmod", 0) == 0 ? op::kRemainder : op::kFmod, {a, b}));
}

// The result has the dtype of the base.
void ReadPow(NodeReader& node) {
  const ValueId base = node.in(0), exponent = SecondOperand(node);
  const DType dtype = node.dtype(base);
  if (IsIntegral(dtype) && IsFloating(node.dtype(exponent))) {
    const ValueId wide =
        node.Add(op::kPow, {node.Cast(base, kFloat64), node.Cast(exponent, kFloat64)});
    return node.Out(node.Cast(wide, dtype));
  }
  node.Out(node.Add(op::kPow, {base, node.Cast(exponent, dtype)}));
}

void ReadVariadicMean(NodeReader& node) {
  ValueId sum = node.in(0);
  for (size_t i = 1; i < node.num_inputs(); ++i) sum = node.Add(op::kAdd, {sum, node.in(i)});
  const auto count = static_cast<double>(node.num_inputs());
  node.Out(node.Pointwise([=](const Tensor& x) { return x / count; }, sum));
}

void ReadWhere(NodeReader& node) {
  node.Out(node.Add(op::kWhere, {node.in(0), node.in(1), node.in(2)}));
}

void ReadIdentity(NodeReader& node) { node.Out(node.in_any(0)); }

// In inference, an identity.
void ReadDropout(NodeReader& node) {
  node.Float("ratio", 0.5);
  node.Int("seed", 0);
  if (node.opset() < 7) node.Int("is_test", 0);
  if (node.has(2)) {
    const std::optional<Tensor> training = node.Known(2);
    if (!training || training->numel() != 1 || training->Item<bool>()) {
      return FindForm("Dropout", "training")(node);
    }
  }
  const ValueId x = node.in(0);
  node.Out(x);
  // The mask came to be bool with operator set 10.
  const DType mask = node.opset() < 10 ? node.dtype(x) : kBool;
  if (node.Wants(1)) node.Out(node.Full(node.shape(x), Scalar(1), mask), 1);
}

}  // namespace neura::onnx
