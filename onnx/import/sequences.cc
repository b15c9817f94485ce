// Sequences of tensors, and what may be absent. The tensors of a sequence have one dtype and number
// of dimensions.
#include "absl/strings/str_cat.h"
#include "neura/graph/host_functions.h"
#include "neura/onnx/format/tensor_message.h"
#include "neura/onnx/import/ops.h"
#include "neura/tensor/tensor.h"

namespace neura::onnx {
namespace {

using graph::Datum;
using graph::DeclaredExtent;
using graph::HostContext;
using graph::HostFunction;
using graph::ValueId;
using graph::ValueKind;
using graph::ValueType;

ValueKind KindOf(NodeReader& node, ValueId id) { return node.graph().value(id).kind; }

ValueId Sequence(NodeReader& node, size_t i) {
  const ValueId id = node.in_any(i);
  if (KindOf(node, id) != ValueKind::kSequence) {
    ThrowInvalidArgument(absl::StrCat("input ", i, " must be a sequence, not a ",
                                      graph::KindName(KindOf(node, id))));
  }
  return id;
}

// Numbers stay, what is open is open by itself: tensors of a sequence differ there.
std::vector<DeclaredExtent> Extents(const std::vector<graph::SymInt>& shape) {
  std::vector<DeclaredExtent> extents;
  for (const graph::SymInt& extent : shape) {
    extents.push_back(extent.is_number() ? DeclaredExtent(extent.number()) : graph::Open());
  }
  return extents;
}

// Of tensors like those of `type` and like `tensor`.
ValueType SequenceWith(NodeReader& node, ValueType type, ValueId tensor) {
  if (node.dtype(tensor) != type.dtype) {
    ThrowInvalidArgument(absl::StrCat("a tensor of ", DTypeName(node.dtype(tensor)),
                                      " in a sequence of ", DTypeName(type.dtype)));
  }
  const std::vector<DeclaredExtent> extents = Extents(node.shape(tensor));
  if (type.shape.empty()) type.shape = extents;
  if (type.shape.size() != extents.size()) {
    node.Unsupported(absl::StrCat("tensors of ", type.shape.size(), " and of ", extents.size(),
                                  " dimensions in one sequence"));
  }
  for (size_t d = 0; d < extents.size(); ++d) {
    const bool same =
        !type.shape[d].is_open && !extents[d].is_open && type.shape[d].size == extents[d].size;
    if (!same) type.shape[d] = graph::Open();
  }
  return type;
}

ValueType TypeOfSequence(NodeReader& node, ValueId sequence) {
  return {ValueKind::kSequence, node.dtype(sequence), Extents(node.shape(sequence))};
}

ValueId Call(NodeReader& node, const HostFunction& function, std::vector<ValueId> inputs,
             const ValueType& type, std::vector<graph::SymInt> integers = {}) {
  return node.graph().AddHostCall(function, std::move(inputs), std::move(integers), {&type, 1})[0];
}

// integers: the axis; whether it is left out where slices are of one element.
std::vector<Datum> SplitUp(const HostContext& context) {
  const Tensor& x = context.inputs[0].tensor();
  const int64_t axis = context.integers[0], extent = x.size(axis);
  const bool by_ones = context.inputs[1].kind() == ValueKind::kOptional;
  std::vector<int64_t> sizes;
  if (!by_ones && context.inputs[1].tensor().dim() > 0) {
    const Tensor given = Contiguous(Cast(HostCopy(context.inputs[1].tensor()), kInt64));
    sizes.assign(given.data<int64_t>(), given.data<int64_t>() + given.numel());
  } else {
    const int64_t size = by_ones ? 1 : HostCopy(context.inputs[1].tensor()).Item<int64_t>();
    if (size < 1) ThrowInvalidArgument(absl::StrCat("parts of ", size, " slices"));
    for (int64_t at = 0; at < extent; at += size) sizes.push_back(std::min(size, extent - at));
  }
  std::vector<Tensor> parts;
  int64_t begin = 0;
  for (const int64_t size : sizes) {
    if (size < 0 || size > extent - begin) {
      ThrowInvalidArgument(absl::StrCat("parts of more than ", extent, " slices in all"));
    }
    Tensor part = Slice(x, axis, begin, begin + size);
    if (by_ones && context.integers[1] == 0) part = Squeeze(part, {axis});
    parts.push_back(Contiguous(part));
    begin += size;
  }
  if (begin != extent) {
    ThrowInvalidArgument(absl::StrCat("parts of ", begin, " slices in all of ", extent));
  }
  return {Datum::Sequence(std::move(parts))};
}
constinit const HostFunction kSplitUp = {"split_to_sequence", &SplitUp};

// integers: the axis; whether it is a new one.
std::vector<Datum> PutTogether(const HostContext& context) {
  const std::vector<Tensor>& parts = context.inputs[0].sequence();
  if (parts.empty()) ThrowInvalidArgument("an empty sequence has nothing to put together");
  return {context.integers[1] != 0 ? Stack(parts, context.integers[0])
                                   : Cat(parts, context.integers[0])};
}
constinit const HostFunction kPutTogether = {"concat_from_sequence", &PutTogether};

std::vector<Datum> IsThere(const HostContext& context) {
  const bool is_there = context.inputs[0].kind() != ValueKind::kOptional;
  return {To(ScalarTensor(Scalar(is_there), {.dtype = kBool}), context.device)};
}
constinit const HostFunction kIsThere = {"optional_has_element", &IsThere};

std::vector<Datum> WhatIsThere(const HostContext& context) {
  if (context.inputs[0].kind() == ValueKind::kOptional) {
    ThrowInvalidArgument("the optional is empty");
  }
  return {context.inputs[0]};
}
constinit const HostFunction kWhatIsThere = {"optional_get_element", &WhatIsThere};

std::vector<Datum> Nothing(const HostContext&) { return {Datum()}; }
constinit const HostFunction kNothing = {"optional", &Nothing};

}  // namespace

void ReadSequenceConstruct(NodeReader& node) {
  std::vector<ValueId> inputs{node.in(0)};
  ValueType type{ValueKind::kSequence, node.dtype(inputs[0]), Extents(node.shape(inputs[0]))};
  for (size_t i = 1; i < node.num_inputs(); ++i) {
    inputs.push_back(node.in(i));
    type = SequenceWith(node, std::move(type), inputs.back());
  }
  node.Out(Call(node, graph::kSequenceConstruct, std::move(inputs), type));
}

void ReadSequenceEmpty(NodeReader& node) {
  const absl::StatusOr<DType> dtype = FromElementType(static_cast<int>(node.Int("dtype", 1)));
  if (!dtype.ok()) node.Unsupported(dtype.status().message());
  node.Out(Call(node, graph::kSequenceConstruct, {}, {ValueKind::kSequence, *dtype, {}}));
}

void ReadSequenceAt(NodeReader& node) {
  const ValueId sequence = Sequence(node, 0);
  ValueType type = TypeOfSequence(node, sequence);
  type.kind = ValueKind::kTensor;
  node.Out(Call(node, graph::kSequenceAt, {sequence, node.in(1)}, type));
}

void ReadSequenceInsert(NodeReader& node) {
  const ValueId sequence = Sequence(node, 0), tensor = node.in(1);
  const ValueType type = SequenceWith(node, TypeOfSequence(node, sequence), tensor);
  node.Out(Call(node, graph::kSequenceInsert, {sequence, tensor, node.in_or_none(2)}, type));
}

void ReadSequenceErase(NodeReader& node) {
  const ValueId sequence = Sequence(node, 0);
  node.Out(Call(node, graph::kSequenceErase, {sequence, node.in_or_none(1)},
                TypeOfSequence(node, sequence)));
}

void ReadSequenceLength(NodeReader& node) {
  node.Out(Call(node, graph::kSequenceLength, {Sequence(node, 0)}, {.dtype = kInt64}));
}

void ReadSplitToSequence(NodeReader& node) {
  const ValueId x = node.in(0), sizes = node.in_or_none(1);
  const int64_t axis = node.Axis(node.Int("axis", 0), node.rank(x));
  const int64_t keep = node.Int("keepdims", 1);
  std::vector<DeclaredExtent> extents = Extents(node.shape(x));
  const auto place = static_cast<size_t>(axis);
  if (sizes == graph::kNone && keep == 0) {
    extents.erase(extents.begin() + axis);
  } else {
    extents[place] = sizes == graph::kNone ? DeclaredExtent(1) : graph::Open();
  }
  node.Out(Call(node, kSplitUp, {x, sizes},
                {ValueKind::kSequence, node.dtype(x), std::move(extents)}, {axis, keep}));
}

void ReadConcatFromSequence(NodeReader& node) {
  const ValueId sequence = Sequence(node, 0);
  const int64_t is_new = node.Int("new_axis", 0);
  ValueType type = TypeOfSequence(node, sequence);
  type.kind = ValueKind::kTensor;
  const auto rank = static_cast<int64_t>(type.shape.size()) + (is_new != 0 ? 1 : 0);
  const int64_t axis = node.Axis(node.Int("axis", 0), rank);
  if (is_new != 0) {
    type.shape.insert(type.shape.begin() + axis, graph::Open());
  } else {
    type.shape[static_cast<size_t>(axis)] = graph::Open();
  }
  node.Out(Call(node, kPutTogether, {sequence}, type, {axis, is_new}));
}

// An optional that holds something is what it holds.
void ReadOptional(NodeReader& node) {
  const std::optional<ValueInfoMessage> given = node.TypeAttribute("type");
  if (node.has(0)) return node.OutOptional(node.in_any(0), node.HeldKind(0));
  ValueType type{.kind = ValueKind::kOptional};
  ValueKind held = ValueKind::kOptional;
  if (given && given->is_tensor) {
    const bool strings = given->element_type == kStringElements;
    held = given->is_sequence ? ValueKind::kSequence
           : strings          ? ValueKind::kStrings
                              : ValueKind::kTensor;
    const absl::StatusOr<DType> dtype = FromElementType(given->element_type);
    if (dtype.ok()) type.dtype = *dtype;
    for (size_t d = 0; given->shape && d < given->shape->size(); ++d) {
      type.shape.push_back(graph::Open());
    }
  }
  node.OutOptional(Call(node, kNothing, {}, type), held);
}

void ReadOptionalHasElement(NodeReader& node) {
  const auto known = [&](bool is_there) {
    node.OutKnown(KnownValue::Constant(ScalarTensor(Scalar(is_there), {.dtype = kBool})));
  };
  if (!node.has(0)) return known(false);
  const ValueId x = node.in_any(0);
  if (KindOf(node, x) != ValueKind::kOptional) return known(true);
  node.Out(Call(node, kIsThere, {x}, {.dtype = kBool}));
}

void ReadOptionalGetElement(NodeReader& node) {
  const ValueId x = node.in_any(0);
  if (KindOf(node, x) != ValueKind::kOptional) return node.Out(x);
  if (node.HeldKind(0) == ValueKind::kOptional) {
    node.Unsupported("what the optional holds is not known; its Optional has no type");
  }
  const ValueType type{node.HeldKind(0), node.dtype(x), Extents(node.shape(x))};
  node.Out(Call(node, kWhatIsThere, {x}, type));
}

}  // namespace neura::onnx
