// Nodes of an executor that are no operations.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "neura/graph/executor.h"
#include "neura/graph/meta.h"
#include "neura/tensor/core/device_memory.h"
#include "neura/tensor/ops/op_list/shape.h"
#include "neura/tensor/ops/options/dims.h"

namespace neura::graph {
namespace {

template <typename T>
Tensor NumberOn(Device device, T number) {
  const Tensor on_host = Tensor::Empty({}, DTypeOf<T>, kCpu);
  *on_host.data<T>() = number;
  if (device == kCpu) return on_host;
  Tensor copy = Tensor::Empty({}, DTypeOf<T>, device);
  CopyBytes({copy.raw_data(), device}, {on_host.raw_data(), kCpu}, sizeof(T));
  return copy;
}

bool IsTrue(const Node& node, const Tensor& condition) {
  if (condition.numel() != 1) {
    ThrowInvalidArgument(absl::StrCat(node.name(), ": the condition must have one element, got ",
                                      Describe(condition)));
  }
  return Tensor::View(condition.storage(), condition.storage_offset(), {}, {}, condition.dtype())
      .Item<bool>();
}

// Along a new dimension 0; `like` says what nothing is stacked of.
Tensor Stack(const std::vector<Datum>& slices, const Value& like, Device device) {
  if (slices.empty()) {
    Dims shape = {0};
    for (const SymInt& extent : like.shape)
      shape.push_back(extent.is_number() ? extent.number() : 0);
    return Tensor::Empty(shape, like.dtype, device);
  }
  std::vector<Tensor> rows;
  std::vector<const Tensor*> refs;
  for (const Datum& slice : slices) {
    const Tensor& tensor = slice.tensor();
    Dims shape(tensor.shape().begin(), tensor.shape().end());
    Dims strides(tensor.strides().begin(), tensor.strides().end());
    shape.insert(shape.begin(), 1);
    strides.insert(strides.begin(), tensor.numel());
    rows.push_back(
        Tensor::View(tensor.storage(), tensor.storage_offset(), shape, strides, tensor.dtype()));
  }
  for (const Tensor& row : rows) refs.push_back(&row);
  const DimOptions options{.dim = 0};
  const OptionsBox box(op::kCat, &options);
  const OpCall call{op::kCat, box.data(), refs, device};
  const OutputSpec spec = neura::InferOutputs(call)[0];
  Tensor stacked = Tensor::Empty(spec.shape, spec.dtype, device);
  RunKernel(call, absl::MakeSpan(&stacked, 1));
  return stacked;
}

// Operations behind a value trust what was declared of it; what comes out of a sequence may be
// otherwise.
void CheckMade(const Value& declared, const Datum& made) {
  if (declared.kind == ValueKind::kOptional) return;
  if (declared.kind != ValueKind::kTensor) {
    if (made.kind() == declared.kind) return;
    ThrowInvalidArgument(absl::StrCat("a ", KindName(made.kind()), " where a ",
                                      KindName(declared.kind), " was declared"));
  }
  const Tensor& tensor = made.tensor();
  bool fits = tensor.dtype() == declared.dtype && tensor.shape().size() == declared.shape.size();
  for (size_t d = 0; fits && d < declared.shape.size(); ++d) {
    const SymInt& extent = declared.shape[d];
    fits = !extent.is_number() || extent.number() == tensor.shape()[d];
  }
  if (fits) return;
  ThrowInvalidArgument(absl::StrCat(Describe(tensor), " where ", declared.shape.size(),
                                    " dimensions of ", DTypeName(declared.dtype),
                                    " were declared"));
}

// The stacks of what bodies gave from output `first` on.
void AppendStacks(const Graph& body, size_t first, const std::vector<std::vector<Datum>>& slices,
                  Device device, std::vector<Datum>& results) {
  for (size_t i = 0; i < slices.size(); ++i) {
    results.push_back(Stack(slices[i], body.value(body.outputs()[first + i]), device));
  }
}

}  // namespace

std::vector<Datum> Executor::RunNode(const Step& step, const std::vector<Datum>& values,
                                     const RunContext& context) const {
  const Node& node = graph_.node(step.node);
  std::vector<Datum> inputs;
  for (ValueId id : node.inputs) inputs.push_back(Get(id, values, context));
  const absl::Span<const Datum> given = inputs;
  if (std::holds_alternative<If>(node.what)) {
    const size_t body = IsTrue(node, inputs[0].tensor()) ? 0 : 1;
    return step.bodies[body]->Run(given.subspan(1), context);
  }
  if (std::holds_alternative<Loop>(node.what)) return RunLoop(step, given, context);
  if (std::holds_alternative<Scan>(node.what)) return RunScan(step, given, context);
  if (std::holds_alternative<Call>(node.what)) return step.bodies[0]->Run(given, context);
  return RunHostCall(node, given, values, context);
}

std::vector<Datum> Executor::RunLoop(const Step& step, absl::Span<const Datum> inputs,
                                     const RunContext& context) const {
  const Node& node = graph_.node(step.node);
  const Executor& body = *step.bodies[0];
  const auto& [num_carried, most_rounds] = std::get<Loop>(node.what);
  const bool is_counted = node.inputs[0] != kNone;
  const int64_t rounds = is_counted ? ReadElement(inputs[0].tensor(), 0) : 0;
  Datum condition =
      node.inputs[1] != kNone ? inputs[1] : Datum(NumberOn<bool>(context.device, true));
  const absl::Span<const Datum> captures = inputs.subspan(2 + num_carried);
  std::vector<Datum> carried(inputs.begin() + 2,
                             inputs.begin() + 2 + static_cast<ptrdiff_t>(num_carried));
  std::vector<std::vector<Datum>> slices(body.graph().outputs().size() - 1 - num_carried);
  for (int64_t i = 0; (!is_counted || i < rounds) && IsTrue(node, condition.tensor()); ++i) {
    if (i >= most_rounds) {
      ThrowFailedPrecondition(
          absl::StrCat("loop: goes on after ", most_rounds, " rounds, the most that it may take"));
    }
    std::vector<Datum> given = {NumberOn<int64_t>(context.device, i),
                                NumberOn<bool>(context.device, true)};
    std::move(carried.begin(), carried.end(), std::back_inserter(given));
    given.insert(given.end(), captures.begin(), captures.end());
    std::vector<Datum> made = body.Run(given, context);
    condition = std::move(made[0]);
    for (size_t k = 0; k < num_carried; ++k) carried[k] = std::move(made[1 + k]);
    for (size_t k = 0; k < slices.size(); ++k) {
      slices[k].push_back(std::move(made[1 + num_carried + k]));
    }
  }
  AppendStacks(body.graph(), 1 + num_carried, slices, context.device, carried);
  return carried;
}

std::vector<Datum> Executor::RunScan(const Step& step, absl::Span<const Datum> inputs,
                                     const RunContext& context) const {
  const auto& scan = std::get<Scan>(graph_.node(step.node).what);
  const Executor& body = *step.bodies[0];
  const absl::Span<const Datum> scanned = inputs.subspan(scan.num_carried, scan.num_scanned);
  const absl::Span<const Datum> captures = inputs.subspan(scan.num_carried + scan.num_scanned);
  std::vector<Datum> carried(inputs.begin(),
                             inputs.begin() + static_cast<ptrdiff_t>(scan.num_carried));
  std::vector<std::vector<Datum>> slices(body.graph().outputs().size() - scan.num_carried);
  for (const Datum& sequence : scanned) {
    if (sequence.tensor().dim() > 0 && sequence.tensor().size(0) == scanned[0].tensor().size(0)) {
      continue;
    }
    ThrowInvalidArgument(absl::StrCat("scan: tensors of one length are scanned, not ",
                                      Describe(scanned[0].tensor()), " and ",
                                      Describe(sequence.tensor())));
  }
  for (int64_t i = 0; i < scanned[0].tensor().size(0); ++i) {
    std::vector<Datum> given;
    std::move(carried.begin(), carried.end(), std::back_inserter(given));
    for (const Datum& sequence : scanned) {
      const Tensor& tensor = sequence.tensor();
      given.push_back(
          Tensor::View(tensor.storage(), tensor.storage_offset() + i * tensor.strides()[0],
                       tensor.shape().subspan(1), tensor.strides().subspan(1), tensor.dtype()));
    }
    given.insert(given.end(), captures.begin(), captures.end());
    std::vector<Datum> made = body.Run(given, context);
    for (size_t k = 0; k < scan.num_carried; ++k) carried[k] = std::move(made[k]);
    for (size_t k = 0; k < slices.size(); ++k) {
      slices[k].push_back(std::move(made[scan.num_carried + k]));
    }
  }
  AppendStacks(body.graph(), scan.num_carried, slices, context.device, carried);
  return carried;
}

std::vector<Datum> Executor::RunHostCall(const Node& node, absl::Span<const Datum> inputs,
                                         const std::vector<Datum>& values,
                                         const RunContext& context) const {
  const auto& call = std::get<HostCall>(node.what);
  std::vector<int64_t> integers;
  for (const SymInt& integer : call.integers) {
    integers.push_back(integer.Evaluate([&](const SizeLeaf& leaf) {
      const Datum value = Get(leaf.value, values, context);
      return leaf.kind == SizeLeaf::Kind::kExtent ? value.tensor().size(leaf.index)
                                                  : ReadElement(value.tensor(), leaf.index);
    }));
  }
  try {
    std::vector<Datum> made = call.function->run({inputs, integers, call.data, context.device});
    for (size_t i = 0; i < made.size(); ++i) CheckMade(graph_.value(node.outputs[i]), made[i]);
    return made;
  } catch (Error& error) {
    error.AddContext(call.function->name);
    throw;
  }
}

}  // namespace neura::graph
