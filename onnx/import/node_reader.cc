#include <algorithm>

#include "absl/strings/str_cat.h"
#include "neura/onnx/format/fields.h"
#include "neura/onnx/format/tensor_message.h"
#include "neura/onnx/import/importer.h"
#include "neura/tensor/ops/op_list/copy.h"
#include "neura/tensor/ops/op_list/create.h"
#include "neura/tensor/ops/op_list/dims.h"
#include "neura/tensor/ops/op_list/reduce.h"
#include "neura/tensor/ops/op_list/shape.h"
#include "neura/tensor/ops/op_list/view.h"
#include "neura/tensor/ops/pointwise_type.h"

namespace neura::onnx {

using graph::Extent;
using graph::kNone;
using graph::OptionsBox;
using graph::SymbolicInt;
using graph::ValueId;

NodeReader::NodeReader(graph::Graph& graph, const NodeMessage& node, int opset,
                       std::vector<ImportedValue> inputs)
    : graph_(graph),
      node_(node),
      opset_(opset),
      inputs_(std::move(inputs)),
      outputs_(node.outputs.size()) {}

ValueId NodeReader::in(size_t i) {
  if (!has(i)) ThrowInvalidArgument(absl::StrCat("input ", i, " is missing"));
  ImportedValue& input = inputs_[i];
  if (input.id != kNone) return input.id;
  return input.id = input.known->is_constant() ? graph_.AddConstant(input.known->constant)
                                               : Sizes(OpenSizes(i), input.known->shape);
}

// Open sizes as elements: each is the sum of so many ones.
ValueId NodeReader::Sizes(const std::vector<Extent>& extents, DimsView shape) {
  std::vector<ValueId> parts;
  for (const Extent& extent : extents) {
    if (extent.is_number()) {
      parts.push_back(Constant(FromList<int64_t>({extent.factor})));
      continue;
    }
    const ValueId ones = Full({Extent(1, extent.symbol)}, extent.factor, kInt64);
    parts.push_back(Add(op::kSum, ReduceOptions{.keepdim = true}, {ones}));
  }
  const ValueId sizes = Add(op::kCat, DimOptions{.dim = 0}, std::move(parts));
  return shape.size() == 1 ? sizes : Reshape(sizes, {shape.begin(), shape.end()});
}

std::optional<Tensor> NodeReader::Known(size_t i) const {
  if (!has(i)) return std::nullopt;
  const ImportedValue& input = inputs_[i];
  const Tensor& constant = input.known ? input.known->constant : graph_.value(input.id).constant;
  return constant.defined() ? std::optional<Tensor>(constant) : std::nullopt;
}

const std::vector<Extent>& NodeReader::OpenSizes(size_t i) const {
  const std::vector<Extent>& sizes = inputs_[i].known->sizes;
  for (size_t k = 0; k < sizes.size(); ++k) {
    if (sizes[k].is_known()) continue;
    Unsupported(absl::StrCat("element ", k, " of input ", i,
                             " depends on an open size otherwise than by a factor"));
  }
  return sizes;
}

std::vector<Extent> NodeReader::Extents(size_t i) {
  const auto require_one_dimension = [&](size_t dims) {
    if (dims > 1) {
      Unsupported(absl::StrCat("input ", i, " must have one dimension of a fixed size"));
    }
  };
  if (!has(i)) ThrowInvalidArgument(absl::StrCat("input ", i, " is missing"));
  if (const std::optional<KnownValue>& known = inputs_[i].known; known && !known->is_constant()) {
    require_one_dimension(known->shape.size());
    return OpenSizes(i);
  }
  const std::optional<Tensor> constant = Known(i);
  if (!constant) {
    Unsupported(
        absl::StrCat("input ", i, " (", node_.inputs[i],
                     ") must be a constant or follow from shapes; it depends on an open size ",
                     "otherwise than by a factor, or on elements"));
  }
  if (!IsIntegral(constant->dtype())) {
    ThrowInvalidArgument(
        absl::StrCat("input ", i, " must hold integers, got ", Describe(*constant)));
  }
  require_one_dimension(constant->shape().size());
  const Tensor integers = Contiguous(neura::Cast(*constant, kInt64));
  std::vector<Extent> extents;
  for (int64_t k = 0; k < integers.numel(); ++k) extents.push_back(integers.data<int64_t>()[k]);
  return extents;
}

std::vector<int64_t> NodeReader::Ints(size_t i) {
  std::vector<int64_t> ints;
  for (const Extent& extent : Extents(i)) {
    if (!extent.is_number()) Unsupported(absl::StrCat("input ", i, " depends on an open size"));
    ints.push_back(extent.factor);
  }
  return ints;
}

const AttributeMessage* NodeReader::FindAttribute(std::string_view name) const {
  for (const AttributeMessage& attribute : node_.attributes) {
    if (attribute.name == name) return &attribute;
  }
  return nullptr;
}

const AttributeMessage* NodeReader::TakeAttribute(std::string_view name, int type) {
  taken_.insert(std::string(name));
  const AttributeMessage* attribute = FindAttribute(name);
  if (attribute != nullptr && attribute->type != type) {
    ThrowInvalidArgument(
        absl::StrCat("attribute ", name, " has type ", attribute->type, ", expected ", type));
  }
  return attribute;
}

int64_t NodeReader::Int(std::string_view name, int64_t otherwise) {
  const AttributeMessage* attribute = TakeAttribute(name, attribute_type::kInt);
  return attribute == nullptr ? otherwise : attribute->i;
}
double NodeReader::Float(std::string_view name, double otherwise) {
  const AttributeMessage* attribute = TakeAttribute(name, attribute_type::kFloat);
  return attribute == nullptr ? otherwise : static_cast<double>(attribute->f);
}
std::string NodeReader::String(std::string_view name, std::string_view otherwise) {
  const AttributeMessage* attribute = TakeAttribute(name, attribute_type::kString);
  return attribute == nullptr ? std::string(otherwise) : std::string(attribute->s);
}
std::vector<int64_t> NodeReader::Ints(std::string_view name, std::vector<int64_t> otherwise) {
  const AttributeMessage* attribute = TakeAttribute(name, attribute_type::kInts);
  if (attribute == nullptr) return otherwise;
  return attribute->ints;
}
std::vector<double> NodeReader::Floats(std::string_view name) {
  const AttributeMessage* attribute = TakeAttribute(name, attribute_type::kFloats);
  if (attribute == nullptr) return {};
  return {attribute->floats.begin(), attribute->floats.end()};
}
std::optional<Tensor> NodeReader::TensorAttribute(std::string_view name) {
  const AttributeMessage* attribute = TakeAttribute(name, attribute_type::kTensor);
  if (attribute == nullptr) return std::nullopt;
  absl::StatusOr<Tensor> tensor = ReadTensor(attribute->t);
  if (!tensor.ok()) ThrowStatus(tensor.status());
  return *tensor;
}

std::optional<std::vector<int64_t>> NodeReader::IntsFrom(std::string_view attribute, size_t i) {
  if (HasAttribute(attribute)) return Ints(attribute);
  if (has(i)) return Ints(i);
  return std::nullopt;
}

int64_t NodeReader::FixedExtent(ValueId id, int64_t dim) {
  // An axis of a scalar may be 0, but there is nothing to measure.
  if (dim >= rank(id)) {
    ThrowInvalidArgument(
        absl::StrCat("there is no dimension ", dim, " in a tensor of rank ", rank(id)));
  }
  const Extent& extent = shape(id)[static_cast<size_t>(dim)];
  if (!extent.is_number()) {
    Unsupported(absl::StrCat("dimension ", dim, " must have a fixed size; give one in fixed_dims"));
  }
  return extent.factor;
}

int64_t NodeReader::Axis(int64_t axis, int64_t rank) const {
  return NormalizeDim(op_type(), axis, rank);
}

ValueId NodeReader::AddNode(OpId op, OptionsBox options, std::vector<ValueId> inputs,
                            std::vector<SymbolicInt> symbolic) {
  for (const SymbolicInt& entry : symbolic) {
    if (!entry.value.is_known()) Unsupported("a shape follows from open sizes in no simple way");
  }
  const OpFlags& flags = SchemaOf(op).flags;
  if (flags.promotes) {
    std::vector<const Tensor*> metas;
    for (size_t i = flags.first_value; i < inputs.size(); ++i) {
      metas.push_back(&graph_.value(inputs[i]).probes[0]);
    }
    const DType common = ComputeDType(flags.rule, PromotedDType(metas));
    for (size_t i = flags.first_value; i < inputs.size(); ++i) inputs[i] = Cast(inputs[i], common);
  }
  const ValueId result =
      graph_.AddNode(op, std::move(options), std::move(inputs), std::move(symbolic))[0];
  if (shape(result).size() > kMaxDims) Unsupported(absl::StrCat(rank(result), " dimensions"));
  return result;
}

ValueId NodeReader::AddShaped(OpId op, OptionsBox options, std::vector<ValueId> inputs,
                              const std::vector<Extent>& shape) {
  std::vector<SymbolicInt> symbolic;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (!shape[i].is_number()) symbolic.push_back({static_cast<int>(i), shape[i]});
  }
  return AddNode(op, std::move(options), std::move(inputs), std::move(symbolic));
}

namespace {

// What is open is filled in at each size.
Dims Template(const std::vector<Extent>& shape) {
  if (shape.size() > kMaxDims) {
    ThrowUnimplemented(absl::StrCat(shape.size(), " dimensions are not supported"));
  }
  Dims dims;
  for (const Extent& extent : shape) dims.push_back(extent.is_number() ? extent.factor : 0);
  return dims;
}

}  // namespace

ValueId NodeReader::Reshape(ValueId input, const std::vector<Extent>& shape) {
  // Where the elements do not lie in order, a view will not do.
  for (const Tensor& probe : graph_.value(input).probes) {
    if (probe.is_contiguous()) continue;
    input = Add(op::kClone, {input});
    break;
  }
  ShapeOptions options{.shape = Template(shape)};
  const auto is_open = [](const Extent& extent) { return !extent.is_number(); };
  const auto open = std::count_if(shape.begin(), shape.end(), is_open);
  const bool wildcard = std::count(shape.begin(), shape.end(), Extent(-1)) > 0;
  if (open != 1 || wildcard) {
    return AddShaped(op::kReshape, OptionsBox(op::kReshape, &options), {input}, shape);
  }
  const auto at = std::find_if(shape.begin(), shape.end(), is_open) - shape.begin();
  options.shape[static_cast<size_t>(at)] = -1;
  return Add(op::kReshape, options, {input});
}

ValueId NodeReader::Expand(ValueId input, const std::vector<Extent>& shape) {
  const ShapeOptions options{.shape = Template(shape)};
  return AddShaped(op::kExpand, OptionsBox(op::kExpand, &options), {input}, shape);
}

ValueId NodeReader::Full(const std::vector<Extent>& shape, const Scalar& value, DType dtype) {
  const FullOptions options{.shape = Template(shape), .value = value, .dtype = dtype};
  return AddShaped(op::kFull, OptionsBox(op::kFull, &options), {}, shape);
}

ValueId NodeReader::Slice(ValueId input, int64_t dim, Extent start, Extent end, int64_t step) {
  const SliceOptions options{.dim = dim, .start = start.factor, .end = end.factor, .step = step};
  std::vector<SymbolicInt> symbolic;
  if (!start.is_number()) symbolic.push_back({1, start});
  if (!end.is_number()) symbolic.push_back({2, end});
  return AddNode(op::kSlice, OptionsBox(op::kSlice, &options), {input}, std::move(symbolic));
}

ValueId NodeReader::Permute(ValueId input, std::vector<int64_t> dims) {
  const DimsOptions options{.dims = Dims(dims.begin(), dims.end())};
  return Add(op::kPermute, options, {input});
}

ValueId NodeReader::Cast(ValueId input, DType to) {
  if (dtype(input) == to) return input;
  const CastOptions options{.dtype = to};
  return Add(op::kCast, options, {input});
}

ValueId NodeReader::Number(double value, ValueId beside) {
  return Constant(ScalarTensor(value, {.dtype = dtype(beside)}));
}

void NodeReader::Out(ValueId value, size_t i) { outputs_[i].id = value; }
void NodeReader::OutKnown(KnownValue value, size_t i) { outputs_[i].known = std::move(value); }

void NodeReader::Unsupported(std::string_view what) const {
  ThrowUnimplemented(absl::StrCat(what));
}

void NodeReader::CheckAttributes() const {
  for (const AttributeMessage& attribute : node_.attributes) {
    if (!taken_.contains(attribute.name)) {
      Unsupported(absl::StrCat("attribute ", attribute.name, " is not supported"));
    }
  }
}

}  // namespace neura::onnx
