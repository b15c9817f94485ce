// Elements of one type as those of another.
#include "absl/strings/str_cat.h"
#include "neura/onnx/format/tensor_message.h"
#include "neura/onnx/import/narrow.h"
#include "neura/onnx/import/ops.h"
#include "neura/tensor/core/device_memory.h"
#include "neura/tensor/tensor.h"

namespace neura::onnx {
namespace {

using graph::ValueId;

// A dtype, or a narrow type and the dtype in which its elements are held.
struct ElementType {
  DType dtype;
  const NarrowType* narrow;
  bool is_strings = false;
};

ElementType TypeAttribute(NodeReader& node) {
  const int type = node.opset() < 6 ? NamedElementType(node.String("to", ""))
                                    : static_cast<int>(node.Int("to", 0));
  if (type == kStringElements) return {kUInt8, nullptr, true};
  if (const NarrowType* const narrow = FindNarrowType(type)) return {narrow->dtype, narrow};
  const absl::StatusOr<DType> dtype = FromElementType(type);
  if (!dtype.ok()) node.Unsupported(dtype.status().message());
  return {*dtype, nullptr};
}

void Converted(NodeReader& node, const ElementType& to) {
  const bool saturate = node.Int("saturate", 1) != 0;
  const std::string round_mode = node.String("round_mode", "up");
  const NarrowType* const from = node.Narrow(0);
  ValueId x = node.in_any(0);
  const bool of_strings = node.graph().value(x).kind == graph::ValueKind::kStrings;
  if (of_strings && to.is_strings) return node.Out(x);
  if (of_strings) x = NumbersOfStrings(node, x, to.narrow != nullptr ? kFloat32 : to.dtype);
  if (from != nullptr && from != to.narrow) x = FromNarrow(node, *from, x);
  if (to.is_strings) return node.Out(StringsOfNumbers(node, x));
  if (to.narrow == nullptr) return node.Out(node.Cast(x, to.dtype));
  if (from != to.narrow) {
    const ToNarrowOptions options{.saturate = saturate, .round_mode = round_mode};
    x = node.Trace([&](const Tensor& y) { return ToNarrow(*to.narrow, y, options); }, x);
  }
  node.OutNarrow(x, to.narrow);
}

std::vector<graph::Datum> Reinterpret(const graph::HostContext& context) {
  const Tensor& x = context.inputs[0].tensor();
  const Tensor bits = Contiguous(x);
  const Tensor result =
      Tensor::Empty(x.shape(), static_cast<DType>(context.integers[0]), x.device());
  CopyBytes({result.raw_data(), result.device()}, {bits.raw_data(), bits.device()}, bits.nbytes());
  return {result};
}
constinit const graph::HostFunction kReinterpret = {"reinterpret", &Reinterpret};

}  // namespace

void ReadCast(NodeReader& node) { Converted(node, TypeAttribute(node)); }

void ReadCastLike(NodeReader& node) {
  const NarrowType* const narrow = node.Narrow(1);
  const ValueId like = node.in_any(1);
  const bool is_strings = node.graph().value(like).kind == graph::ValueKind::kStrings;
  Converted(node, {node.dtype(like), narrow, is_strings});
}

void ReadBitCast(NodeReader& node) {
  const ElementType to = TypeAttribute(node);
  if (to.is_strings) node.Unsupported("bits as strings");
  if (to.dtype == kBool) node.Unsupported("bits as bool, whose bytes are 0 or 1 alone");
  const NarrowType* const from = node.Narrow(0);
  const ValueId x = node.in(0);
  const auto bits = [](const NarrowType* narrow, DType dtype) {
    return narrow != nullptr ? narrow->bits : 8 * static_cast<int>(ItemSize(dtype));
  };
  if (bits(from, node.dtype(x)) != bits(to.narrow, to.dtype)) {
    ThrowInvalidArgument(absl::StrCat("elements of ", bits(from, node.dtype(x)),
                                      " bits have no place in ", bits(to.narrow, to.dtype)));
  }
  if (bits(from, node.dtype(x)) < 8) node.Unsupported("several elements in a byte");
  graph::ValueType type{.dtype = to.dtype};
  for (const graph::SymInt& extent : node.shape(x)) {
    type.shape.push_back(extent.is_number() ? graph::DeclaredExtent(extent.number())
                                            : graph::Open());
  }
  const ValueId result =
      node.graph().AddHostCall(kReinterpret, {x}, {static_cast<int64_t>(to.dtype)}, {&type, 1})[0];
  node.OutNarrow(node.Reshape(result, node.shape(x)), to.narrow);
}

}  // namespace neura::onnx
