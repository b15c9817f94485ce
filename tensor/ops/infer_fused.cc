#include <algorithm>
#include <vector>

#include "neura/tensor/ops/infer.h"
#include "neura/tensor/ops/linked_ops.h"
#include "neura/tensor/ops/op_list/fused.h"

namespace neura {

std::string FusedOptions::ToString() const {
  // A program that was built without them has none to print.
  if constexpr (!IsLinked("FusedPointwise") && !IsLinked("FusedUpdate")) return "{}";
  std::string text = absl::StrCat("{program=", program.ToString());
  for (size_t k = 0; k < targets.size(); ++k) {
    absl::StrAppend(&text, k == 0 ? ", targets=[" : ", ", targets[k]);
  }
  return text + (targets.empty() ? "}" : "]}");
}

bool FusedUpdateChanges(const void* options, size_t i) {
  const auto& fused = *static_cast<const FusedOptions*>(options);
  // In 32 bits, whose division takes a fraction of the time.
  const auto size = static_cast<uint32_t>(std::max<size_t>(fused.program.num_inputs(), 1));
  const uint32_t place = static_cast<uint32_t>(i) % size;
  return std::find(fused.targets.begin(), fused.targets.end(), place) != fused.targets.end();
}

namespace infer {
namespace {

void CheckElements(const OpCall& call) {
  for (const Tensor* input : call.inputs) {
    if (IsComplex(input->dtype())) Fail(call, "programs over elements take real numbers");
  }
}

// The memory that a tensor's elements lie in.
struct Extent {
  const char* begin;
  const char* end;
  size_t input;
  bool changes;
};

Extent ExtentOf(const Tensor& tensor, size_t input, bool changes) {
  int64_t low = 0, high = 1;
  for (size_t d = 0; d < tensor.shape().size(); ++d) {
    const int64_t last = (tensor.shape()[d] - 1) * tensor.strides()[d];
    (last < 0 ? low : high) += last;
  }
  const auto item = static_cast<int64_t>(ItemSize(tensor.dtype()));
  const char* const data = static_cast<const char*>(tensor.raw_data());
  return {data + low * item, data + high * item, input, changes};
}

// What is overwritten must not be seen through another input. `changed_places` of each tuple are.
void CheckApart(const OpCall& call, const std::vector<bool>& changed_places) {
  std::vector<Extent> extents;
  extents.reserve(call.inputs.size());
  const size_t size = changed_places.size();
  for (size_t first = 0; first < call.inputs.size(); first += size) {
    for (size_t i = 0; i < size; ++i) {
      const Tensor& input = call.input(first + i);
      if (input.numel() > 0) extents.push_back(ExtentOf(input, first + i, changed_places[i]));
    }
  }
  std::sort(extents.begin(), extents.end(),
            [](const Extent& a, const Extent& b) { return a.begin < b.begin; });
  // Of what begins earlier, what ends last: of all, and of what is overwritten.
  const Extent none{nullptr, nullptr, 0, false};
  Extent any = none, changed = none;
  for (const Extent& extent : extents) {
    const Extent& other = extent.changes ? any : changed;
    if (extent.begin < other.end) {
      Fail(call, "inputs ", std::min(extent.input, other.input), " and ",
           std::max(extent.input, other.input), " share memory, and one of them is overwritten");
    }
    if (extent.end > any.end) any = extent;
    if (extent.changes && extent.end > changed.end) changed = extent;
  }
}

}  // namespace

void InferFusedPointwise(const OpCall& call, OutputSpecs& outputs) {
  const auto& options = call.Get<FusedOptions>();
  const ElementProgram& program = options.program;
  constexpr size_t kMaxInputs = 16;  // of which a gradient rule may save all
  if (program.num_inputs() > kMaxInputs) Fail(call, "at most ", kMaxInputs, " inputs");
  if (call.inputs.size() != program.num_inputs() || program.results().size() != 1 ||
      !options.targets.empty()) {
    Fail(call, "the program must have one result, as many inputs and no targets");
  }
  CheckElements(call);
  OutputSpec& output = outputs[0];
  output.dtype = kBool;
  for (const Tensor* input : call.inputs) {
    if (IsFloating(input->dtype())) output.dtype = PromoteTypes(output.dtype, input->dtype());
    output.shape = BroadcastShapes(call.schema().name, output.shape, input->shape());
  }
  if (!IsFloating(output.dtype)) output.dtype = kFloat32;
}

void InferFusedUpdate(const OpCall& call, OutputSpecs&) {
  const auto& options = call.Get<FusedOptions>();
  const size_t size = options.program.num_inputs(), results = options.program.results().size();
  if (size == 0 || call.inputs.size() % size != 0) {
    Fail(call, "got ", call.inputs.size(), " inputs, which are no tuples of ", size);
  }
  std::vector<bool> taken(size);
  for (uint8_t target : options.targets) {
    if (target >= size || taken[target]) Fail(call, "targets must be different inputs");
    taken[target] = true;
  }
  if (results == 0 || options.targets.size() != results) {
    Fail(call, "each of ", results, " results needs a target");
  }
  CheckElements(call);
  for (size_t first = 0; first < call.inputs.size(); first += size) {
    Dims shape(call.input(first).shape().begin(), call.input(first).shape().end());
    for (size_t i = first + 1; i < first + size; ++i) {
      if (call.input(i).shape() == DimsView(shape)) continue;
      shape = BroadcastShapes(call.schema().name, shape, call.input(i).shape());
    }
    for (uint8_t target : options.targets) {
      const Tensor& overwritten = call.input(first + target);
      if (overwritten.shape() != DimsView(shape) || !IsFloating(overwritten.dtype())) {
        Fail(call, "input ", first + target, " is overwritten, and must be floating point ",
             "of the shape ", neura::ToString(DimsView(shape)), " of its tuple");
      }
      if (!overwritten.is_contiguous() && Overlaps(overwritten.shape(), overwritten.strides())) {
        Fail(call, "input ", first + target, " is overwritten, but some of its elements share ",
             "memory; Clone() it first");
      }
    }
  }
  if (call.device.type != DeviceType::kMeta) CheckApart(call, taken);
}

}  // namespace infer
}  // namespace neura
