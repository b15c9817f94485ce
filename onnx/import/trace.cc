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
constexpr int64_t kOtherExtent = 9;

// Of so many sizes, which one each must be equal to: itself, or one before it. `runs` says whether
// all goes well where those are of one size and the others of a smaller one.
std::vector<size_t> FindEqual(size_t count,
                              absl::FunctionRef<bool(const std::vector<size_t>&)> runs) {
  std::vector<size_t> equal(count), tied, rest;
  for (size_t i = 0; i < count; ++i) {
    equal[i] = i;
    if (!runs({i})) tied.push_back(i);
  }
  for (const size_t i : tied) {
    if (equal[i] != i) continue;
    bool alone = true;
    for (const size_t other : tied) {
      if (other <= i || equal[other] != other || !runs({i, other})) continue;
      equal[other] = i;
      alone = false;
    }
    // Or one that it must not exceed, which alone may be larger.
    for (size_t other = 0; alone && other < count; ++other) {
      if (other == i || equal[other] != other || !runs({i, other})) continue;
      equal[std::max(i, other)] = std::min(i, other);
      alone = false;
    }
    if (alone) rest.push_back(i);
  }
  if (rest.size() > 2 && runs(rest)) {
    for (const size_t i : rest) equal[i] = rest[0];
  }
  return equal;
}

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

graph::Graph NodeReader::Captured(std::vector<ValueId>& values, size_t first_slice,
                                  size_t num_slices, graph::Function function) {
  // Without memory: a file may declare any size.
  const ScopedDefaultDevice without_memory(kMeta);
  const auto is_slice = [&](size_t i) { return i >= first_slice && i < first_slice + num_slices; };
  std::vector<SymInt> open;
  graph::CaptureOptions options{.dynamic_batch = false};
  std::vector<std::vector<size_t>> numbers;  // by value and dimension: which of the open ones
  for (size_t i = 0; i < values.size(); ++i) {
    numbers.emplace_back();
    for (const SymInt& extent : shape(values[i])) {
      numbers.back().push_back(open.size());
      if (extent.is_number() || (is_slice(i) && numbers.back().size() == 1)) continue;
      const auto known = std::find(open.begin(), open.end(), extent);
      numbers.back().back() = static_cast<size_t>(known - open.begin());
      if (known == open.end()) open.push_back(extent);
    }
  }
  std::vector<size_t> equal;
  for (size_t k = 0; k < open.size(); ++k) equal.push_back(k);
  // Tensors as the function gets them, where some of the open extents are of another size.
  const auto examples = [&](const std::vector<size_t>& others) {
    std::vector<Tensor> tensors;
    for (size_t i = 0; i < values.size(); ++i) {
      Dims example;
      for (size_t d = is_slice(i) ? 1 : 0; d < numbers[i].size(); ++d) {
        const SymInt& extent = shape(values[i])[d];
        const bool is_other = std::count(others.begin(), others.end(), numbers[i][d]) > 0;
        example.push_back(extent.is_number() ? extent.number()
                          : is_other         ? kOtherExtent
                                             : kExampleExtent);
      }
      tensors.push_back(Zeros(example, {.dtype = dtype(values[i])}));
    }
    return tensors;
  };
  const auto capture = [&] {
    options.dynamic_dims.clear();
    for (size_t i = 0; i < values.size(); ++i) {
      const size_t first = is_slice(i) ? 1 : 0;
      for (size_t d = first; d < numbers[i].size(); ++d) {
        if (shape(values[i])[d].is_number()) continue;
        options.dynamic_dims.push_back({static_cast<int>(i), static_cast<int>(d - first),
                                        absl::StrCat("size", equal[numbers[i][d]])});
      }
    }
    return graph::CaptureFunction(function, examples({}), options);
  };
  try {
    return capture();
  } catch (const Error&) {
    const auto runs = [&](const std::vector<size_t>& others) {
      try {
        function(examples(others));
        return true;
      } catch (const Error&) {
        return false;
      }
    };
    if (open.size() < 2 || !runs({})) throw;
    const std::vector<size_t> found = FindEqual(open.size(), runs);
    if (found == equal) throw;
    equal = found;
  }
  for (size_t i = 0; i < values.size(); ++i) {
    const ValueId value = values[i];
    for (size_t d = is_slice(i) ? 1 : 0; d < numbers[i].size(); ++d) {
      const size_t number = numbers[i][d];
      if (shape(value)[d].is_number() || equal[number] == number) continue;
      values[i] = WithExtent(values[i], d, open[equal[number]]);
    }
  }
  return capture();
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
  const absl::Span<const ValueId> all = values;
  const size_t first_capture = carried.size() + scanned.size();
  const absl::Span<const ValueId> results =
      graph_.AddScan(all.first(carried.size()), all.subspan(carried.size(), scanned.size()),
                     all.subspan(first_capture), std::move(body));
  return {results.begin(), results.end()};
}

}  // namespace neura::onnx
