#include <algorithm>
#include <cmath>
#include <map>

#include "absl/strings/str_cat.h"
#include "neura/graph/host_functions.h"
#include "neura/graph/recording.h"
#include "neura/onnx/format/fields.h"
#include "neura/onnx/format/tensor_message.h"
#include "neura/onnx/import/importer.h"
#include "neura/onnx/import/ops.h"
#include "neura/onnx/import/scope.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/op_list/copy.h"
#include "neura/tensor/ops/op_list/create.h"
#include "neura/tensor/ops/op_list/reduce.h"
#include "neura/tensor/ops/op_list/shape.h"
#include "neura/tensor/ops/op_list/view.h"
#include "neura/tensor/ops/options/dims.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/pointwise_type.h"
#include "neura/tensor/ops/shape.h"

namespace neura::onnx {

using graph::kNone;
using graph::OptionsBox;
using graph::SymbolicOption;
using graph::SymInt;
using graph::ValueId;

NodeReader::NodeReader(graph::Graph& graph, const NodeMessage& node, int opset,
                       std::vector<ImportedValue> inputs, FileContext* file)
    : graph_(graph),
      node_(node),
      opset_(opset),
      file_(file),
      inputs_(std::move(inputs)),
      outputs_(node.outputs.size()) {}

const NarrowType* NodeReader::Narrow(size_t i) {
  narrow_.insert(i);
  return has(i) ? inputs_[i].narrow : nullptr;
}

void NodeReader::RequireOfDType(size_t i) const {
  if (inputs_[i].narrow == nullptr || narrow_.contains(i)) return;
  Unsupported(absl::StrCat("input ", i, " of ", inputs_[i].narrow->name));
}

ValueId NodeReader::in(size_t i) {
  const ValueId id = in_any(i);
  const graph::ValueKind kind = graph_.value(id).kind;
  if (kind != graph::ValueKind::kTensor) {
    Unsupported(absl::StrCat("input ", i, " is a ", graph::KindName(kind)));
  }
  return id;
}

ValueId NodeReader::in_any(size_t i) {
  if (!has(i)) ThrowInvalidArgument(absl::StrCat("input ", i, " is missing"));
  RequireOfDType(i);
  ImportedValue& input = inputs_[i];
  if (input.id != kNone) return input.id;
  if (input.known->is_constant()) return input.id = graph_.AddConstant(input.known->constant);
  return input.id = Cast(Sizes(input.known->sizes, input.known->shape), input.known->dtype);
}

ValueId NodeReader::Sizes(const std::vector<SymInt>& sizes, DimsView shape) {
  const graph::ValueType type{.dtype = kInt64, .shape = {static_cast<int64_t>(sizes.size())}};
  const ValueId vector = graph_.AddHostCall(graph::kIntegers, {}, sizes, {&type, 1})[0];
  return shape.size() == 1 ? vector : Reshape(vector, {shape.begin(), shape.end()});
}

std::optional<Tensor> NodeReader::Known(size_t i) const {
  if (!has(i)) return std::nullopt;
  RequireOfDType(i);
  const ImportedValue& input = inputs_[i];
  const Tensor& constant = input.known ? input.known->constant : graph_.value(input.id).constant;
  return constant.defined() ? std::optional<Tensor>(constant) : std::nullopt;
}

std::vector<SymInt> NodeReader::Extents(size_t i) {
  const auto require_one_dimension = [&](size_t dims) {
    if (dims > 1) {
      Unsupported(absl::StrCat("input ", i, " must have one dimension of a fixed size"));
    }
  };
  if (!has(i)) ThrowInvalidArgument(absl::StrCat("input ", i, " is missing"));
  const std::optional<KnownValue>& known = inputs_[i].known;
  if (known && !known->is_constant()) {
    if (!IsIntegral(known->dtype)) {
      ThrowInvalidArgument(
          absl::StrCat("input ", i, " must hold integers, got ", DTypeName(known->dtype)));
    }
    require_one_dimension(known->shape.size());
    return known->sizes;
  }
  const std::optional<Tensor> constant = Known(i);
  const DType dtype = constant ? constant->dtype() : this->dtype(in(i));
  if (!IsIntegral(dtype)) {
    ThrowInvalidArgument(absl::StrCat("input ", i, " must hold integers, got ", DTypeName(dtype)));
  }
  std::vector<SymInt> extents;
  if (!constant) {
    require_one_dimension(static_cast<size_t>(rank(in(i))));
    const int64_t count = rank(in(i)) == 0 ? 1 : FixedExtent(in(i), 0);
    if (count > static_cast<int64_t>(kMaxDims)) {
      Unsupported(absl::StrCat(count, " integers of input ", i, " that only a run can tell"));
    }
    for (int64_t k = 0; k < count; ++k) extents.push_back(SymInt::Element(in(i), k));
    return extents;
  }
  require_one_dimension(constant->shape().size());
  const Tensor integers = Contiguous(neura::Cast(*constant, kInt64));
  for (int64_t k = 0; k < integers.numel(); ++k) extents.push_back(integers.data<int64_t>()[k]);
  return extents;
}

bool NodeReader::FollowsFromSizes(size_t i) const {
  if (const std::optional<Tensor> constant = Known(i)) return constant->dtype() == kInt64;
  return has(i) && inputs_[i].known && inputs_[i].known->dtype == kInt64;
}

std::optional<SymInt> NodeReader::KnownInteger(size_t i) const {
  if (const std::optional<Tensor> constant = Known(i)) {
    if (constant->numel() != 1) return std::nullopt;
    if (!IsFloating(constant->dtype())) return SymInt(constant->Item<int64_t>());
    const double number = constant->Item<double>();
    if (number != std::round(number) || std::abs(number) > 1 << 24) return std::nullopt;
    return SymInt(static_cast<int64_t>(number));
  }
  if (!has(i) || !inputs_[i].known || inputs_[i].known->sizes.size() != 1) return std::nullopt;
  return inputs_[i].known->sizes[0];
}

std::vector<int64_t> NodeReader::Ints(size_t i) {
  std::vector<int64_t> ints;
  for (const SymInt& extent : Extents(i)) {
    if (!extent.is_number()) {
      Unsupported(absl::StrCat("input ", i, " (", node_.inputs[i], ") must be a constant"));
    }
    ints.push_back(extent.number());
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
std::vector<std::string> NodeReader::Strings(std::string_view name) {
  const AttributeMessage* attribute = TakeAttribute(name, attribute_type::kStrings);
  if (attribute == nullptr) return {};
  return {attribute->strings.begin(), attribute->strings.end()};
}
std::optional<Tensor> NodeReader::TensorAttribute(std::string_view name) {
  const AttributeMessage* attribute = TakeAttribute(name, attribute_type::kTensor);
  if (attribute == nullptr) return std::nullopt;
  absl::StatusOr<Tensor> tensor = ReadTensor(attribute->t, External());
  if (!tensor.ok()) ThrowStatus(tensor.status());
  return *tensor;
}

std::optional<TensorOfFile> NodeReader::AnyTensorAttribute(std::string_view name) {
  const AttributeMessage* attribute = TakeAttribute(name, attribute_type::kTensor);
  if (attribute == nullptr) return std::nullopt;
  absl::StatusOr<TensorOfFile> tensor = ReadTensorOfFile(attribute->t, External());
  if (!tensor.ok()) ThrowStatus(tensor.status());
  return *std::move(tensor);
}

std::optional<ValueInfoMessage> NodeReader::TypeAttribute(std::string_view name) {
  const AttributeMessage* attribute = TakeAttribute(name, attribute_type::kTypeProto);
  if (attribute == nullptr) return std::nullopt;
  absl::StatusOr<ValueInfoMessage> type = ParseTypeOf(attribute->tp);
  if (!type.ok()) ThrowStatus(type.status());
  return *std::move(type);
}

std::optional<std::vector<int64_t>> NodeReader::IntsFrom(std::string_view attribute, size_t i) {
  if (HasAttribute(attribute)) return Ints(attribute);
  if (has(i)) return Ints(i);
  return std::nullopt;
}

int64_t NodeReader::FixedExtent(ValueId id, int64_t dim) {
  // An axis of a scalar may be 0, but there is nothing to measure.
  if (dim < 0 || dim >= rank(id)) {
    ThrowInvalidArgument(
        absl::StrCat("there is no dimension ", dim, " in a tensor of rank ", rank(id)));
  }
  const SymInt& extent = shape(id)[static_cast<size_t>(dim)];
  if (!extent.is_number()) {
    Unsupported(absl::StrCat("dimension ", dim, " must have a fixed size; give one in fixed_dims"));
  }
  return extent.number();
}

int64_t NodeReader::Axis(int64_t axis, int64_t rank) const {
  if (rank == 0) ThrowInvalidArgument("a tensor without dimensions has no axis");
  return AxisOrZero(axis, rank);
}
int64_t NodeReader::AxisOrZero(int64_t axis, int64_t rank) const {
  return NormalizeDim(op_type(), axis, rank);
}

ValueId NodeReader::AddNode(OpId op, OptionsBox options, std::vector<ValueId> inputs,
                            std::vector<SymbolicOption> symbolic) {
  const OpFlags& flags = SchemaOf(op).flags;
  if (flags.promotes) {
    std::vector<const Tensor*> metas;
    for (size_t i = flags.first_value; i < inputs.size(); ++i) {
      metas.push_back(&graph_.value(inputs[i]).tried);
    }
    const DType common = ComputeDType(flags.rule, PromotedDType(metas));
    for (size_t i = flags.first_value; i < inputs.size(); ++i) inputs[i] = Cast(inputs[i], common);
  }
  const ValueId result =
      graph_.AddNode(op, std::move(options), std::move(inputs), std::move(symbolic))[0];
  if (shape(result).size() > kMaxDims) Unsupported(absl::StrCat(rank(result), " dimensions"));
  return result;
}

ValueId NodeReader::TracePointwise(const std::vector<ValueId>& values,
                                   absl::FunctionRef<Tensor(absl::Span<const Tensor>)> function) {
  graph::Recording recording;
  for (const ValueId value : values) {
    Dims fits;  // whatever a run has
    for (const SymInt& extent : shape(value)) {
      fits.push_back(extent.is_number() ? extent.number() : 1);
    }
    recording.inputs.push_back(Tensor::Empty(fits, dtype(value), Device{DeviceType::kMeta}));
  }
  Tensor result;
  {
    const ScopedObserver observer(&recording);
    result = function(recording.inputs);
  }
  std::map<const TensorImpl*, ValueId> known;
  for (size_t i = 0; i < values.size(); ++i) known[recording.inputs[i].impl()] = values[i];
  for (graph::RecordedOp& made : recording.ops) {
    ValueId& value = known[made.outputs[0].impl()];
    if (made.op == op::kFull) {  // a number beside tensors
      const auto& number = made.options.Get<FullOptions>();
      value = Constant(ScalarTensor(number.value, {.dtype = number.dtype}));
      continue;
    }
    const OpFlags& flags = SchemaOf(made.op).flags;
    if (made.in_place || !(flags.pointwise || made.op == op::kCast)) {
      ThrowInternal(absl::StrCat(SchemaOf(made.op).name, " is not pointwise"));
    }
    std::vector<ValueId> inputs;
    for (const Tensor& input : made.inputs) inputs.push_back(known.at(input.impl()));
    value = graph_.AddNode(made.op, std::move(made.options), std::move(inputs))[0];
  }
  return known.at(result.impl());
}

ValueId NodeReader::AddShaped(OpId op, OptionsBox options, std::vector<ValueId> inputs,
                              const std::vector<SymInt>& shape) {
  std::vector<SymbolicOption> symbolic;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (!shape[i].is_number()) symbolic.push_back({static_cast<int>(i), shape[i]});
  }
  return AddNode(op, std::move(options), std::move(inputs), std::move(symbolic));
}

namespace {

// What is open is filled in at each size.
Dims Template(const std::vector<SymInt>& shape) {
  if (shape.size() > kMaxDims) {
    ThrowUnimplemented(absl::StrCat(shape.size(), " dimensions are not supported"));
  }
  Dims dims;
  for (const SymInt& extent : shape) dims.push_back(extent.is_number() ? extent.number() : 0);
  return dims;
}

}  // namespace

ValueId NodeReader::Reshape(ValueId input, const std::vector<SymInt>& shape) {
  ShapeOptions options{.shape = Template(shape)};
  const auto is_open = [](const SymInt& extent) { return !extent.is_number(); };
  const auto open = std::count_if(shape.begin(), shape.end(), is_open);
  const bool wildcard = std::count(shape.begin(), shape.end(), SymInt(-1)) > 0;
  // Of a value whose extents only a run tells, what is said of the result is what is known of it.
  if (open != 1 || wildcard || graph_.value(input).is_guess) return ReshapeAndCheck(input, shape);
  const auto at = std::find_if(shape.begin(), shape.end(), is_open) - shape.begin();
  options.shape[static_cast<size_t>(at)] = -1;
  // Where the elements may not lie in order, a view will not do.
  if (!graph_.IsContiguous(input)) input = Add(op::kClone, {input});
  return Add(op::kReshape, options, {input});
}

ValueId NodeReader::ReshapeAndCheck(ValueId input, const std::vector<SymInt>& shape) {
  if (!graph_.IsContiguous(input)) input = Add(op::kClone, {input});
  const ShapeOptions options{.shape = Template(shape)};
  return AddShaped(op::kReshape, OptionsBox(op::kReshape, &options), {input}, shape);
}

ValueId NodeReader::WithExtent(ValueId value, size_t dim, const SymInt& extent) {
  std::vector<SymInt> extents = shape(value);
  if (extents[dim] == extent) return value;
  extents[dim] = extent;
  // There are as many elements only where the extent was that before.
  return ReshapeAndCheck(value, extents);
}

ValueId NodeReader::Expand(ValueId input, const std::vector<SymInt>& shape) {
  const ShapeOptions options{.shape = Template(shape)};
  return AddShaped(op::kExpand, OptionsBox(op::kExpand, &options), {input}, shape);
}

ValueId NodeReader::Full(const std::vector<SymInt>& shape, const Scalar& value, DType dtype) {
  const FullOptions options{.shape = Template(shape), .value = value, .dtype = dtype};
  return AddShaped(op::kFull, OptionsBox(op::kFull, &options), {}, shape);
}

ValueId NodeReader::Slice(ValueId input, int64_t dim, SymInt start, SymInt end, int64_t step) {
  const SliceOptions options{
      .dim = dim, .start = start.number(), .end = end.number(), .step = step};
  std::vector<SymbolicOption> symbolic;
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

ValueId NodeReader::Counted(const SymInt& count) {
  const RangeOptions options{.start = 0, .step = 1, .length = count.number(), .dtype = kInt64};
  if (count.is_number()) return Add(op::kRange, options, {});
  return AddNode(op::kRange, OptionsBox(op::kRange, &options), {}, {{0, count}});
}

bool NodeReader::TakesOpenForOne() {
  if (file_ == nullptr) return false;
  file_->leaves_out_open = true;
  return file_->takes_open_for_one;
}

ExternalData* NodeReader::External() const { return file_ == nullptr ? nullptr : file_->external; }

ValueId NodeReader::Number(const SymInt& value, ValueId beside) {
  if (value.is_number()) return Constant(ScalarTensor(value.number(), {.dtype = dtype(beside)}));
  return Cast(Sizes({value}, {}), dtype(beside));
}

void NodeReader::Out(ValueId value, size_t i) { outputs_[i].id = value; }
void NodeReader::OutNarrow(ValueId value, const NarrowType* narrow, size_t i) {
  outputs_[i].id = value;
  outputs_[i].narrow = narrow;
}
void NodeReader::OutOptional(ValueId value, graph::ValueKind held, size_t i) {
  outputs_[i].id = value;
  outputs_[i].held = held;
}
void NodeReader::OutStrings(std::vector<std::string> elements, DimsView shape, size_t i) {
  Out(AddStrings(graph_, std::move(elements), shape), i);
}
void NodeReader::OutKnown(KnownValue value, size_t i, const NarrowType* narrow) {
  outputs_[i].known = std::move(value);
  outputs_[i].narrow = narrow;
}

void NodeReader::Unsupported(std::string_view what) const {
  ThrowUnimplemented(absl::StrCat(what));
}

void NodeReader::CheckAttributes() const {
  for (const AttributeMessage& attribute : node_.attributes) {
    if (opset_ < 6 && attribute.name == "consumed_inputs") continue;  // says nothing about results
    if (!taken_.contains(attribute.name)) {
      Unsupported(absl::StrCat("attribute ", attribute.name, " is not supported"));
    }
  }
}

}  // namespace neura::onnx
