#include "neura/graph/meta.h"

#include "absl/strings/str_cat.h"
#include "neura/tensor/ops/pointwise_type.h"

namespace neura::graph {
namespace {

// A graph holds no conversions but those that were recorded.
void CheckPromoted(const OpCall& call) {
  const OpSchema& schema = call.schema();
  if (!schema.flags.promotes) return;
  const size_t first = schema.flags.first_value;
  const DType common = CommonDType(call);
  for (size_t i = first; i < call.inputs.size(); ++i) {
    // A number beside float16 is float32.
    if (WideDType(call.input(i).dtype()) == WideDType(common)) continue;
    ThrowInvalidArgument(absl::StrCat(Describe(call), ": inputs must be cast to ",
                                      DTypeName(common), " before they enter a graph"));
  }
}

// Never read: an address to count from.
Storage* Nothing() {
  static Storage* const nothing = Storage::External(
                                      new char[64], 0, kCpu, [](void*) {}, nullptr)
                                      .Detach();
  return nothing;
}
// Before threads are: a fork must not find one of them making it.
[[maybe_unused]] const Storage* const kMadeNothing = Nothing();
[[maybe_unused]] const Tensor& kMadeAbsent = Absent();

}  // namespace

const Tensor& Absent() {
  static const auto* const absent = new Tensor;
  return *absent;
}

Tensor MetaTensor(DType dtype, DimsView shape, DimsView strides) {
  return Tensor::View(IntrusivePtr<Storage>::Share(Nothing()), 0, shape, strides, dtype);
}

Tensor MetaTensor(DType dtype, DimsView shape) {
  return MetaTensor(dtype, shape, ContiguousStrides(shape));
}

OutputSpecs InferOutputs(OpId op, const OptionsBox& options, TensorRefs inputs) {
  const OpCall call{op, options.data(), inputs, kCpu};
  CheckInputs(call);
  CheckPromoted(call);
  return neura::InferOutputs(call);
}

Tensor MetaTensor(OpId op, const OutputSpec& spec) {
  return SchemaOf(op).flags.view ? MetaTensor(spec.dtype, spec.shape, spec.strides)
                                 : MetaTensor(spec.dtype, spec.shape);
}

bool ReadsElements(const SymInt& size) {
  bool reads = false;
  size.VisitLeaves(
      [&reads](const SizeLeaf& leaf) { reads |= leaf.kind == SizeLeaf::Kind::kElement; });
  return reads;
}

int64_t ReadElement(const Tensor& tensor, int64_t index) {
  if (index < 0 || index >= tensor.numel()) {
    ThrowOutOfRange(absl::StrCat("there is no element ", index, " in ", Describe(tensor)));
  }
  int64_t offset = tensor.storage_offset();
  for (size_t d = tensor.shape().size(); d-- > 0;) {
    offset += index % tensor.shape()[d] * tensor.strides()[d];
    index /= tensor.shape()[d];
  }
  return Tensor::View(tensor.storage(), offset, {}, {}, tensor.dtype()).Item<int64_t>();
}

}  // namespace neura::graph
