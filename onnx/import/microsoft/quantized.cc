// Operators on quantized tensors: computed in float32 on the numbers that elements stand for, and
// rounded to the steps of the result.
#include "absl/strings/str_cat.h"
#include "neura/onnx/import/microsoft/layout.h"
#include "neura/onnx/import/ops.h"
#include "neura/onnx/import/quantize.h"
#include "neura/tensor/tensor.h"

namespace neura::onnx {
namespace {

using graph::kNone;
using graph::ValueId;

// Elements, a scale and a zero point, which may be absent.
struct Part {
  ValueId elements, scale, zero;
};

Tensor Numbers(const Tensor& x, const Tensor& scale, const Tensor& zero) {
  const Tensor steps = Cast(x, kFloat32);
  return (zero.defined() ? steps - Reshape(Cast(zero, kFloat32), {}) : steps) * Reshape(scale, {});
}

Tensor InSteps(const Tensor& x, const Tensor& scale, const Tensor& zero, DType dtype) {
  const Tensor steps = Round(x / Reshape(scale, {}));
  return Saturated(zero.defined() ? steps + Reshape(Cast(zero, kFloat32), {}) : steps, dtype);
}

ValueId Dequantized(NodeReader& node, const Part& part) {
  if (!IsQuantized(node.dtype(part.elements))) {
    ThrowInvalidArgument(
        absl::StrCat("elements of ", DTypeName(node.dtype(part.elements)), " are not quantized"));
  }
  return node.TraceAll({part.elements, part.scale, part.zero}, [](absl::Span<const Tensor> in) {
    return std::vector{Numbers(in[0], in[1], in[2])};
  })[0];
}

ValueId QuantizedAs(NodeReader& node, ValueId x, ValueId scale, ValueId zero, DType dtype) {
  return node.TraceAll({x, scale, zero}, [&](absl::Span<const Tensor> in) {
    return std::vector{InSteps(in[0], in[1], in[2], dtype)};
  })[0];
}

Part PartAt(NodeReader& node, size_t i) {
  return {node.in(i), node.in(i + 1), node.in_or_none(i + 2)};
}

// f of the numbers of one tensor, whose scale and zero point are followed by those of the result.
template <typename F>
void ReadOne(NodeReader& node, const F& f) {
  const Part x = PartAt(node, 0);
  const ValueId scale = node.in(3), zero = node.in_or_none(4);
  node.Out(QuantizedAs(node, f(Dequantized(node, x)), scale, zero, node.dtype(x.elements)));
}

template <typename F>
void ReadTwo(NodeReader& node, const F& f) {
  const Part a = PartAt(node, 0), b = PartAt(node, 3);
  const ValueId y = node.Trace(f, Dequantized(node, a), Dequantized(node, b));
  node.Out(QuantizedAs(node, y, node.in(6), node.in_or_none(7), node.dtype(a.elements)));
}

}  // namespace

void ReadQLinearAdd(NodeReader& node) {
  ReadTwo(node, [](const Tensor& a, const Tensor& b) { return a + b; });
}

void ReadQLinearMul(NodeReader& node) {
  ReadTwo(node, [](const Tensor& a, const Tensor& b) { return a * b; });
}

void ReadQLinearSigmoid(NodeReader& node) {
  ReadOne(node,
          [&](ValueId x) { return node.Pointwise([](const Tensor& x) { return Sigmoid(x); }, x); });
}

void ReadQLinearLeakyRelu(NodeReader& node) {
  const double alpha = node.Float("alpha", 0.01);
  ReadOne(node, [&](ValueId x) {
    return node.Pointwise([=](const Tensor& x) { return Where(x >= 0, x, x * alpha); }, x);
  });
}

// Before operator set 13 of ai.onnx over all dimensions from the axis on together.
void ReadQLinearSoftmax(NodeReader& node) {
  const int64_t axis = node.Axis(node.Int("axis", -1), node.rank(node.in(0)));
  const bool flat = node.Int("opset", 13) < 13;
  ReadOne(node, [&](ValueId x) {
    return node.Trace(
        [&](const Tensor& x) {
          if (!flat) return Softmax(x, {.dim = axis});
          return Reshape(Softmax(Flatten(x, axis, -1), {.dim = -1}), x.shape());
        },
        x);
  });
}

void ReadQLinearConcat(NodeReader& node) {
  if (node.num_inputs() < 5 || (node.num_inputs() - 2) % 3 != 0) {
    ThrowInvalidArgument(absl::StrCat(node.num_inputs(), " inputs"));
  }
  const int64_t axis = node.Axis(node.Int("axis", 0), node.rank(node.in(2)));
  std::vector<ValueId> parts;
  for (size_t i = 2; i < node.num_inputs(); i += 3) {
    parts.push_back(Dequantized(node, PartAt(node, i)));
  }
  const ValueId all = node.TraceAll(
      parts, [&](absl::Span<const Tensor> in) { return std::vector{Cat(in, axis)}; })[0];
  node.Out(QuantizedAs(node, all, node.in(0), node.in(1), node.dtype(node.in(1))));
}

void ReadQLinearWhere(NodeReader& node) {
  const Part x = PartAt(node, 1), y = PartAt(node, 4);
  const ValueId z = node.Trace(
      [](const Tensor& test, const Tensor& x, const Tensor& y) { return Where(test, x, y); },
      node.in(0), Dequantized(node, x), Dequantized(node, y));
  node.Out(QuantizedAs(node, z, node.in(7), node.in(8), node.dtype(x.elements)));
}

void ReadQLinearReduceMean(NodeReader& node) {
  const int64_t rank = node.rank(node.in(0));
  ReduceOptions over{.keepdim = node.Int("keepdims", 1) != 0};
  for (const int64_t axis : node.Ints("axes")) over.dims.push_back(node.Axis(axis, rank));
  ReadOne(node,
          [&](ValueId x) { return node.Trace([&](const Tensor& x) { return Mean(x, over); }, x); });
}

namespace {

template <typename F>
void ReadPool(NodeReader& node, const F& pool) {
  const bool last = node.Int("channels_last", 0) != 0;
  ReadOne(node, [&](ValueId x) {
    const ValueId y = pool(last ? ChannelsFirst(node, x) : x);
    return last ? ChannelsLast(node, y) : y;
  });
}

}  // namespace

void ReadQLinearAveragePool(NodeReader& node) {
  ReadPool(node, [&](ValueId x) { return AveragePoolOf(node, x); });
}

void ReadQLinearGlobalAveragePool(NodeReader& node) {
  ReadPool(node, [&](ValueId x) {
    const ReduceOptions over{.dims = SpatialDims(node, x), .keepdim = true};
    return node.Trace([&](const Tensor& x) { return Mean(x, over); }, x);
  });
}

void ReadMicrosoftQLinearConv(NodeReader& node) {
  if (node.Int("channels_last", 0) == 0) return node.Out(QLinearConvOf(node, node.in(0)));
  node.Out(ChannelsLast(node, QLinearConvOf(node, ChannelsFirst(node, node.in(0)))));
}

void ReadMulInteger(NodeReader& node) {
  const auto centered = [&](size_t i) {
    return node.TraceAll({node.in(i), node.in_or_none(i + 1)}, [](absl::Span<const Tensor> in) {
      const Tensor x = Cast(in[0], kInt32);
      return std::vector{in[1].defined() ? x - Reshape(Cast(in[1], kInt32), {}) : x};
    })[0];
  };
  node.Out(
      node.Trace([](const Tensor& a, const Tensor& b) { return a * b; }, centered(0), centered(2)));
}

}  // namespace neura::onnx
