// Pointwise operators.
#include "neura/tensor/ops/op_list/pointwise.h"

#include <limits>

#include "absl/strings/str_cat.h"
#include "neura/onnx/format/tensor_message.h"
#include "neura/onnx/import/ops.h"

namespace neura::onnx {
namespace {

using graph::ValueId;

// Formulas over values, numbers taking the dtype of what they stand beside.
class Formula {
 public:
  explicit Formula(NodeReader& node) : node_(node) {}

  ValueId Add(ValueId a, ValueId b) { return node_.Add(op::kAdd, {a, b}); }
  ValueId Sub(ValueId a, ValueId b) { return node_.Add(op::kSub, {a, b}); }
  ValueId Mul(ValueId a, ValueId b) { return node_.Add(op::kMul, {a, b}); }
  ValueId Div(ValueId a, ValueId b) { return node_.Add(op::kDiv, {a, b}); }
  ValueId Add(ValueId a, double b) { return Add(a, node_.Number(b, a)); }
  ValueId Mul(ValueId a, double b) { return Mul(a, node_.Number(b, a)); }
  ValueId Test(OpId op, ValueId a, double b) { return node_.Add(op, {a, node_.Number(b, a)}); }
  ValueId Where(ValueId test, ValueId a, ValueId b) { return node_.Add(op::kWhere, {test, a, b}); }
  ValueId Zero(ValueId beside) { return node_.Number(0, beside); }

 private:
  NodeReader& node_;
};

// positive where x > 0, and alpha * (exp(x / scale) - 1) elsewhere.
ValueId Exponential(NodeReader& node, ValueId x, double alpha, double scale) {
  Formula f(node);
  const ValueId inner = scale == 1 ? x : f.Div(x, node.Number(scale, x));
  const ValueId below = f.Mul(node.Add(op::kExpm1, {inner}), alpha);
  return f.Where(f.Test(op::kGt, x, 0), x, below);
}

}  // namespace

void ReadIsInf(NodeReader& node) {
  const ValueId x = node.in(0);
  const bool negative = node.Int("detect_negative", 1) != 0;
  const bool positive = node.Int("detect_positive", 1) != 0;
  const double infinity = std::numeric_limits<double>::infinity();
  Formula f(node);
  if (negative && positive) {
    node.Out(node.Add(op::kIsInf, {x}));
  } else if (negative || positive) {
    node.Out(f.Test(op::kEq, x, positive ? infinity : -infinity));
  } else {
    node.Out(f.Test(op::kLt, node.Add(op::kAbs, {x}), 0));
  }
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
  node.Out(Exponential(node, node.in(0), node.Float("alpha", 1), 1));
}

void ReadCelu(NodeReader& node) {
  const double alpha = node.Float("alpha", 1);
  node.Out(Exponential(node, node.in(0), alpha, alpha));
}

void ReadSelu(NodeReader& node) {
  const double alpha = node.Float("alpha", 1.67326319217681884765625);
  const double gamma = node.Float("gamma", 1.05070102214813232421875);
  node.Out(Formula(node).Mul(Exponential(node, node.in(0), alpha, 1), gamma));
}

namespace {

ValueId HardSigmoid(NodeReader& node, ValueId x, double alpha, double beta) {
  Formula f(node);
  return node.Add(op::kClamp, ClampOptions{.min = 0.0, .max = 1.0}, {f.Add(f.Mul(x, alpha), beta)});
}

}  // namespace

void ReadHardSigmoid(NodeReader& node) {
  node.Out(HardSigmoid(node, node.in(0), node.Float("alpha", 0.2), node.Float("beta", 0.5)));
}

void ReadHardSwish(NodeReader& node) {
  const ValueId x = node.in(0);
  node.Out(Formula(node).Mul(x, HardSigmoid(node, x, 1.0 / 6, 0.5)));
}

void ReadPRelu(NodeReader& node) {
  Formula f(node);
  const ValueId x = node.in(0);
  ValueId slope = node.in(1);
  // Before operator set 7, one number for each channel.
  if (node.opset() < 7 && node.rank(slope) == 1 && node.rank(x) > 2) {
    std::vector<graph::SymInt> shape(static_cast<size_t>(node.rank(x) - 1), 1);
    shape[0] = -1;
    slope = node.Reshape(slope, shape);
  }
  node.Out(f.Where(f.Test(op::kLt, x, 0), f.Mul(x, slope), x));
}

void ReadSoftsign(NodeReader& node) {
  Formula f(node);
  const ValueId x = node.in(0);
  node.Out(f.Div(x, f.Add(node.Add(op::kAbs, {x}), 1)));
}

void ReadThresholdedRelu(NodeReader& node) {
  Formula f(node);
  const ValueId x = node.in(0);
  node.Out(f.Where(f.Test(op::kGt, x, node.Float("alpha", 1)), x, f.Zero(x)));
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
  const ValueId a = node.in(0), b = node.in(1);
  if (!IsIntegral(node.dtype(a))) return node.Out(node.Add(op::kDiv, {a, b}));
  Formula f(node);
  const ValueId down = node.Add(op::kFloorDivide, {a, b});
  if (node.dtype(a) == kUInt8) return node.Out(down);
  const ValueId rest = node.Add(op::kRemainder, {a, b});
  const ValueId signs_differ =
      node.Add(op::kLogicalXor, {f.Test(op::kLt, a, 0), f.Test(op::kLt, b, 0)});
  const ValueId up = node.Add(op::kLogicalAnd, {f.Test(op::kNe, rest, 0), signs_differ});
  node.Out(f.Add(down, node.Cast(up, node.dtype(a))));
}

// With fmod, the result has the sign of the first.
void ReadMod(NodeReader& node) {
  const ValueId a = node.in(0), b = node.in(1);
  if (node.Int("fmod", 0) == 0) return node.Out(node.Add(op::kRemainder, {a, b}));
  const ValueId size = node.Add(op::kRemainder, {node.Add(op::kAbs, {a}), node.Add(op::kAbs, {b})});
  Formula f(node);
  node.Out(f.Where(f.Test(op::kLt, a, 0), node.Add(op::kNeg, {size}), size));
}

// The result has the dtype of the base.
void ReadPow(NodeReader& node) {
  const ValueId base = node.in(0), exponent = node.in(1);
  const DType dtype = node.dtype(base);
  if (IsIntegral(dtype) && IsFloating(node.dtype(exponent))) {
    const ValueId wide =
        node.Add(op::kPow, {node.Cast(base, kFloat64), node.Cast(exponent, kFloat64)});
    return node.Out(node.Cast(wide, dtype));
  }
  node.Out(node.Add(op::kPow, {base, node.Cast(exponent, dtype)}));
}

void ReadVariadicMean(NodeReader& node) {
  Formula f(node);
  ValueId sum = node.in(0);
  for (size_t i = 1; i < node.num_inputs(); ++i) sum = f.Add(sum, node.in(i));
  node.Out(f.Div(sum, node.Number(static_cast<double>(node.num_inputs()), sum)));
}

void ReadWhere(NodeReader& node) {
  node.Out(node.Add(op::kWhere, {node.in(0), node.in(1), node.in(2)}));
}

void ReadCast(NodeReader& node) {
  node.Int("saturate", 1);  // of float8 alone
  const absl::StatusOr<DType> dtype = FromElementType(static_cast<int>(node.Int("to", 0)));
  if (!dtype.ok()) node.Unsupported(dtype.status().message());
  node.Out(node.Cast(node.in(0), *dtype));
}

void ReadCastLike(NodeReader& node) {
  node.Int("saturate", 1);
  node.Out(node.Cast(node.in(0), node.dtype(node.in(1))));
}

void ReadIdentity(NodeReader& node) { node.Out(node.in(0)); }

// In inference, an identity.
void ReadDropout(NodeReader& node) {
  node.Float("ratio", 0.5);
  node.Int("seed", 0);
  if (node.opset() < 7) node.Int("is_test", 0);
  if (node.has(2)) {
    const std::optional<Tensor> training = node.Known(2);
    if (!training || training->Item<bool>()) node.Unsupported("training mode is not supported");
  }
  const ValueId x = node.in(0);
  node.Out(x);
  // The mask came to be bool with operator set 10.
  const DType mask = node.opset() < 10 ? node.dtype(x) : kBool;
  if (node.Wants(1)) node.Out(node.Full(node.shape(x), Scalar(1), mask), 1);
}

}  // namespace neura::onnx
