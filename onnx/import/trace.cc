// Reading by running: what a function of tensors does becomes nodes.
#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "neura/graph/capture.h"
#include "neura/onnx/import/importer.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/op_list/copy.h"

namespace neura::onnx {
namespace {

using graph::SizeLeaf;
using graph::SymInt;
using graph::ValueId;

// Large enough for windows of the usual sizes, and small enough to be run at four sizes.
constexpr int64_t kExampleExtent = 5;

// Copies the nodes of a captured graph behind those of another.
class Splicer {
 public:
  Splicer(const graph::Graph& from, graph::Graph& to, const std::vector<ValueId>& inputs)
      : from_(from), to_(to) {
    for (size_t i = 0; i < inputs.size(); ++i) made_[from.inputs()[i]] = inputs[i];
  }

  std::vector<ValueId> Run() {
    for (const graph::NodeId id : from_.nodes()) Copy(from_.node(id));
    std::vector<ValueId> outputs;
    for (const ValueId output : from_.outputs()) outputs.push_back(Made(output));
    return outputs;
  }

 private:
  ValueId Made(ValueId id) {
    if (id == graph::kNone) return id;
    const auto it = made_.find(id);
    if (it != made_.end()) return it->second;
    return made_[id] = to_.AddConstant(from_.value(id).constant);
  }

  SymInt Read(const SizeLeaf& leaf) {
    const ValueId value = Made(leaf.value);
    if (leaf.kind == SizeLeaf::Kind::kElement) return SymInt::Element(value, leaf.index);
    return to_.value(value).shape[static_cast<size_t>(leaf.index)];
  }

  void Copy(const graph::Node& node) {
    std::vector<ValueId> inputs;
    for (const ValueId input : node.inputs) inputs.push_back(Made(input));
    std::vector<graph::SymbolicOption> symbolic = node.symbolic();
    for (graph::SymbolicOption& option : symbolic) {
      option.value = option.value.Replace([this](const SizeLeaf& leaf) { return Read(leaf); });
    }
    const absl::Span<const ValueId> outputs =
        to_.AddNode(node.op(), node.options(), std::move(inputs), std::move(symbolic));
    for (size_t i = 0; i < outputs.size(); ++i) made_[node.outputs[i]] = outputs[i];
  }

  const graph::Graph& from_;
  graph::Graph& to_;
  std::map<ValueId, ValueId> made_;
};

}  // namespace

graph::Graph NodeReader::Captured(const std::vector<ValueId>& values, size_t first_slice,
                                  size_t num_slices, graph::Function function) const {
  // Without memory: a file may declare any size.
  const ScopedDefaultDevice without_memory(kMeta);
  std::vector<Tensor> examples;
  std::vector<SymInt> open;
  graph::CaptureOptions options{.dynamic_batch = false};
  for (size_t i = 0; i < values.size(); ++i) {
    std::vector<SymInt> extents = shape(values[i]);
    if (i >= first_slice && i < first_slice + num_slices) extents.erase(extents.begin());
    Dims example;
    for (size_t d = 0; d < extents.size(); ++d) {
      example.push_back(extents[d].is_number() ? extents[d].number() : kExampleExtent);
      if (extents[d].is_number()) continue;
      const auto known = std::find(open.begin(), open.end(), extents[d]);
      const auto index = known - open.begin();
      if (known == open.end()) open.push_back(extents[d]);
      options.dynamic_dims.push_back(
          {static_cast<int>(i), static_cast<int>(d), absl::StrCat("size", index)});
    }
    examples.push_back(Zeros(example, {.dtype = dtype(values[i])}));
  }
  return graph::CaptureFunction(function, examples, options);
}

std::vector<ValueId> NodeReader::TraceAll(const std::vector<ValueId>& values,
                                          graph::Function function) {
  std::vector<ValueId> present;
  for (const ValueId value : values) {
    if (value != graph::kNone) present.push_back(value);
  }
  const auto with_absent = [&](absl::Span<const Tensor> in) {
    std::vector<Tensor> all;
    size_t next = 0;
    for (const ValueId value : values) {
      all.push_back(value == graph::kNone ? Tensor() : in[next++]);
    }
    return function(all);
  };
  const graph::Graph captured = Captured(present, 0, 0, with_absent);
  try {
    return Splicer(captured, graph_, present).Run();
  } catch (const Error&) {
    // The function has seen elements in order; other ones may be no views that it made of those.
    const std::vector<ValueId> given = present;
    for (ValueId& value : present) {
      if (!graph_.IsContiguous(value)) value = Add(op::kClone, {value});
    }
    if (present == given) throw;
  }
  return Splicer(captured, graph_, present).Run();
}

std::vector<ValueId> NodeReader::ScanOver(const std::vector<ValueId>& carried,
                                          const std::vector<ValueId>& scanned,
                                          const std::vector<ValueId>& captures,
                                          graph::Function function) {
  std::vector<ValueId> values = carried;
  for (const std::vector<ValueId>& more : {scanned, captures}) {
    values.insert(values.end(), more.begin(), more.end());
  }
  graph::Graph body = Captured(values, carried.size(), scanned.size(), function);
  const absl::Span<const ValueId> results =
      graph_.AddScan(carried, scanned, captures, std::move(body));
  return {results.begin(), results.end()};
}

}  // namespace neura::onnx
