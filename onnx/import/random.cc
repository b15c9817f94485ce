// Random numbers: drawn anew in each run, from the run's generator. Seeds of the file say nothing
// about the numbers, as in the standard.
#include "neura/onnx/format/tensor_message.h"
#include "neura/onnx/import/ops.h"
#include "neura/tensor/tensor.h"

namespace neura::onnx {
namespace {

using graph::ValueId;

DType GivenDType(NodeReader& node, DType otherwise) {
  const int64_t type = node.Int("dtype", 0);
  if (type == 0) return otherwise;
  const absl::StatusOr<DType> dtype = FromElementType(static_cast<int>(type));
  if (!dtype.ok()) node.Unsupported(dtype.status().message());
  return *dtype;
}

DType DTypeOf(NodeReader& node, DType otherwise) {
  const DType dtype = GivenDType(node, otherwise);
  if (!IsFloating(dtype)) ThrowInvalidArgument("dtype is no floating point dtype");
  return dtype;
}

// Of the shape of `like`.
void Draw(NodeReader& node, ValueId like, DType dtype) {
  node.Float("seed", 0);
  const bool normal = node.op_type().find("Normal") != std::string_view::npos;
  const double first = normal ? node.Float("mean", 0) : node.Float("low", 0);
  const double second = normal ? node.Float("scale", 1) : node.Float("high", 1);
  node.Out(node.Trace(
      [&](const Tensor& like) {
        const TensorOptions options{.dtype = dtype, .device = like.device()};
        return normal ? Normal(like.shape(), first, second, options)
                      : Uniform(like.shape(), first, second, options);
      },
      like));
}

}  // namespace

void ReadRandom(NodeReader& node) {
  std::vector<graph::SymInt> shape;
  for (int64_t extent : node.Ints("shape")) shape.emplace_back(extent);
  Draw(node, node.Full(shape, 0, kFloat32), DTypeOf(node, kFloat32));
}

void ReadRandomLike(NodeReader& node) {
  const DType own = node.dtype(node.in(0));
  Draw(node, node.in(0), DTypeOf(node, IsFloating(own) ? own : kFloat32));
}

// 1 with the probability that each element is.
void ReadBernoulli(NodeReader& node) {
  const ValueId x = node.in(0);
  node.Float("seed", 0);
  if (!IsFloating(node.dtype(x))) ThrowInvalidArgument("probabilities are no integers");
  const DType dtype = GivenDType(node, node.dtype(x));
  node.Out(node.Trace(
      [&](const Tensor& p) {
        const Tensor wide = Cast(p, WideDType(p.dtype()));
        const Tensor drawn =
            Uniform(p.shape(), 0, 1, {.dtype = wide.dtype(), .device = p.device()});
        return Cast(drawn < wide, dtype);
      },
      x));
}

}  // namespace neura::onnx
