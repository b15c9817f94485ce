#include "neura/graph/capture.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "absl/strings/str_cat.h"
#include "neura/tensor/backend_api.h"
#include "neura/tensor/ops/op_list/view.h"

namespace neura::graph {
namespace {

struct RecordedOp {
  OpId op;
  OptionsBox options;
  // Kept, so that no later tensor gets the address of one of these.
  std::vector<Tensor> inputs;
  std::vector<Tensor> outputs;
};

struct Recording : OpObserver {
  std::vector<RecordedOp> ops;
  std::vector<Tensor> inputs;
  std::vector<Tensor> outputs;

  void BeforeInPlace(const OpCall& call) override {
    ThrowInvalidArgument(absl::StrCat("Capture: ", Describe(call),
                                      " works in place, which a graph cannot express; use the ",
                                      "operation that returns a new tensor"));
  }

  void OnOp(const OpCall& call, absl::Span<Tensor> made) override {
    const OpSchema& schema = call.schema();
    if (schema.flags.random) {
      ThrowInvalidArgument(absl::StrCat("Capture: ", schema.name, " draws random numbers, which a ",
                                        "graph would repeat; put modules into evaluation mode"));
    }
    if (schema.flags.mutates != 0) {
      ThrowInvalidArgument(absl::StrCat("Capture: ", schema.name, " changes its inputs, which a ",
                                        "graph cannot express"));
    }
    RecordedOp record{call.op, OptionsBox(call.op, call.options), {}, {made.begin(), made.end()}};
    for (const Tensor* input : call.inputs) record.inputs.push_back(*input);
    ops.push_back(std::move(record));
  }
};

// The rows of `example`, repeated or cut to `size` of dimension `dim`.
Tensor Resized(const Tensor& example, int64_t dim, int64_t size) {
  const int64_t extent = example.size(dim);
  if (extent == size) return example;
  if (extent == 0) {
    Dims shape(example.shape().begin(), example.shape().end());
    shape[static_cast<size_t>(dim)] = size;
    return Zeros(shape, {.dtype = example.dtype(), .device = example.device()});
  }
  std::vector<int64_t> rows;
  for (int64_t i = 0; i < size; ++i) rows.push_back(i % extent);
  return IndexSelect(example, dim, FromVector(rows, {size}));
}

// Of a dimension whose size in the examples is `extent`. The third is odd where the first is even
// and no multiple of what divides it, so that roundings show.
std::array<int64_t, 3> ProbesFor(int64_t extent) {
  const int64_t probe = std::max<int64_t>(extent, 1);
  return {probe, probe * 2, probe * 3 + 1};
}

class Capturer {
 public:
  Capturer(Function function, absl::Span<const Tensor> examples, const CaptureOptions& options)
      : function_(function), examples_(examples), options_(options) {}

  Graph Run() {
    FindSymbols();
    Graph graph(symbols_);
    probe_sizes_ = ProbeSizes(symbols_);
    recordings_.resize(probe_sizes_.size());
    known_.resize(probe_sizes_.size());
    computed_.resize(probe_sizes_.size());
    constants_.resize(probe_sizes_.size());
    for (size_t p = 0; p < probe_sizes_.size(); ++p) Record(p);
    for (const auto& [name, tensor] : options_.constant_names) {
      if (tensor.defined()) names_[tensor.impl()] = name;
    }
    AddInputs(graph);
    CheckSameOps();
    for (size_t i = 0; i < recordings_[0].ops.size(); ++i) AddOp(graph, i);
    AddOutputs(graph);
    return graph;
  }

 private:
  void FindSymbols() {
    shapes_.resize(examples_.size());
    for (size_t i = 0; i < examples_.size(); ++i) {
      if (!examples_[i].defined()) {
        ThrowInvalidArgument(absl::StrCat("Capture: example ", i, " is undefined"));
      }
      shapes_[i].assign(examples_[i].shape().begin(), examples_[i].shape().end());
      if (options_.dynamic_batch && examples_[i].dim() > 0) AddDynamicDim(i, 0, {"batch"});
    }
    for (const DynamicDim& dynamic : options_.dynamic_dims) {
      const auto input = static_cast<size_t>(dynamic.input);
      if (input >= examples_.size()) {
        ThrowInvalidArgument(absl::StrCat("Capture: dynamic dimension ", dynamic.name,
                                          " is of input ", dynamic.input, " of ",
                                          examples_.size()));
      }
      const int64_t dim = NormalizeDim("Capture", dynamic.dim, examples_[input].dim());
      const int64_t extent = examples_[input].size(dim);
      AddDynamicDim(input, static_cast<size_t>(dim), {dynamic.name, ProbesFor(extent)});
    }
  }

  // The dimension is of the symbol of this name, which is `symbol` if there is none yet.
  void AddDynamicDim(size_t input, size_t dim, Symbol symbol) {
    const int64_t extent = examples_[input].shape()[dim];
    for (size_t s = 0; s < symbols_.size(); ++s) {
      if (symbols_[s].name != symbol.name) continue;
      if (extents_[s] != extent) {
        ThrowInvalidArgument(absl::StrCat("Capture: dimension ", dim, " of example ", input,
                                          " has extent ", extent, ", but other dimensions named ",
                                          symbol.name, " have ", extents_[s]));
      }
      shapes_[input][dim] = Extent(1, static_cast<int>(s));
      return;
    }
    extents_.push_back(extent);
    symbols_.push_back(std::move(symbol));
    shapes_[input][dim] = Extent(1, static_cast<int>(symbols_.size()) - 1);
  }

  // "batch = 3", of the symbol that differs from the first probe.
  std::string SizeAt(size_t p) const {
    for (size_t s = 0; s < symbols_.size(); ++s) {
      const int64_t size = probe_sizes_[p][s];
      if (size != probe_sizes_[0][s]) return absl::StrCat(symbols_[s].name, " = ", size);
    }
    return "";
  }

  void Record(size_t p) {
    Recording& recording = recordings_[p];
    for (size_t i = 0; i < examples_.size(); ++i) {
      Tensor input = Contiguous(examples_[i]);
      for (size_t d = 0; d < shapes_[i].size(); ++d) {
        input = Resized(input, static_cast<int64_t>(d), shapes_[i][d].At(probe_sizes_[p]));
      }
      // Distinct objects, even where one tensor is given twice.
      recording.inputs.push_back(Tensor::View(input.storage(), input.storage_offset(),
                                              input.shape(), input.strides(), input.dtype()));
    }
    ScopedObserver scope(&recording);
    try {
      recording.outputs = function_(recording.inputs);
    } catch (Error& error) {
      // The caller never asked for this size.
      if (p > 0) error.AddContext(absl::StrCat("Capture, with ", SizeAt(p)));
      throw;
    }
  }

  void AddInputs(Graph& graph) {
    for (size_t i = 0; i < examples_.size(); ++i) {
      const std::string name = i < options_.input_names.size() ? options_.input_names[i]
                               : i == 0                        ? "input"
                                                               : absl::StrCat("input", i);
      const ValueId id = graph.AddInput(name, examples_[i].dtype(), shapes_[i]);
      for (size_t p = 0; p < recordings_.size(); ++p) Define(p, recordings_[p].inputs[i], id);
    }
  }

  void CheckSameOps() {
    const std::vector<RecordedOp>& ops = recordings_[0].ops;
    for (size_t p = 1; p < recordings_.size(); ++p) {
      const std::vector<RecordedOp>& others = recordings_[p].ops;
      for (size_t i = 0; i < std::max(ops.size(), others.size()); ++i) {
        if (i < ops.size() && i < others.size() && ops[i].op == others[i].op &&
            ops[i].inputs.size() == others[i].inputs.size()) {
          continue;
        }
        const auto name = [i](const std::vector<RecordedOp>& list) {
          return i < list.size() ? SchemaOf(list[i].op).name : "nothing more";
        };
        ThrowInvalidArgument(
            absl::StrCat("Capture: the function's operations depend on an open size: operation ", i,
                         " is ", name(ops), ", but with ", SizeAt(p), " ", name(others)));
      }
    }
  }

  void AddOp(Graph& graph, size_t index) {
    const RecordedOp& first = recordings_[0].ops[index];
    std::vector<ValueId> inputs;
    for (size_t i = 0; i < first.inputs.size(); ++i) {
      inputs.push_back(Find(graph, SchemaOf(first.op).name,
                            [index, i](const Recording& r) { return r.ops[index].inputs[i]; }));
    }
    OptionsBox options = first.options;
    std::vector<SymbolicInt> symbolic = MergeOptions(index, options);
    const absl::Span<const ValueId> outputs =
        graph.AddNode(first.op, std::move(options), std::move(inputs), std::move(symbolic));
    for (size_t p = 0; p < recordings_.size(); ++p) {
      for (size_t i = 0; i < outputs.size(); ++i) {
        Define(p, recordings_[p].ops[index].outputs[i], outputs[i]);
      }
    }
  }

  // Integers that differ between the recordings become symbolic, or -1 in a reshape.
  std::vector<SymbolicInt> MergeOptions(size_t index, OptionsBox& options) {
    std::vector<SymbolicInt> symbolic;
    const OpId op = recordings_[0].ops[index].op;
    std::vector<OptionsBox> boxes;
    for (const Recording& recording : recordings_) boxes.push_back(recording.ops[index].options);
    std::vector<std::vector<int64_t*>> integers;
    for (OptionsBox& box : boxes) integers.push_back(box.Integers());
    const auto fail = [&] {
      const auto options_at = [&](size_t p) { return recordings_[p].ops[index].options; };
      size_t other = 1;
      while (options_at(other) == options_at(0)) ++other;
      ThrowInvalidArgument(absl::StrCat(
          "Capture: the options of ", SchemaOf(op).name, " depend on an open size in a way ",
          "that a graph cannot express: ", options_at(0).ToString(), ", but with ", SizeAt(other),
          " ", options_at(other).ToString()));
    };
    for (const auto& list : integers) {
      if (list.size() != integers[0].size()) fail();
    }
    bool wildcard =
        op == op::kReshape && std::any_of(integers[0].begin(), integers[0].end(),
                                          [](const int64_t* extent) { return *extent == -1; });
    for (size_t k = 0; k < integers[0].size(); ++k) {
      std::vector<int64_t> values;
      for (const auto& list : integers) values.push_back(*list[k]);
      Extent value = Generalize(symbols_, values);
      if (value.is_number()) continue;
      if (!value.is_known() && (op != op::kReshape || wildcard)) fail();
      if (!value.is_known()) {
        wildcard = true;
        *options.Integers()[k] = -1;
      } else {
        symbolic.push_back({static_cast<int>(k), value});
      }
      for (const auto& list : integers) *list[k] = values[0];
    }
    // One open extent of a reshape follows from the others, whatever it is.
    if (op == op::kReshape && symbolic.size() == 1 && !wildcard) {
      *options.Integers()[static_cast<size_t>(symbolic[0].index)] = -1;
      symbolic.clear();
    }
    // What is left must be equal.
    for (const OptionsBox& box : boxes) {
      if (!(box == boxes[0])) fail();
    }
    return symbolic;
  }

  void AddOutputs(Graph& graph) {
    const size_t count = recordings_[0].outputs.size();
    for (const Recording& recording : recordings_) {
      if (recording.outputs.size() != count) {
        ThrowInvalidArgument("Capture: the number of outputs depends on the size of an input");
      }
    }
    for (size_t i = 0; i < count; ++i) {
      const ValueId id =
          Find(graph, "the function", [i](const Recording& r) { return r.outputs[i]; });
      if (id == kNone) ThrowInvalidArgument(absl::StrCat("Capture: output ", i, " is undefined"));
      graph.AddOutput(id, i < options_.output_names.size() ? options_.output_names[i]
                          : i == 0                         ? "output"
                                                           : absl::StrCat("output", i));
    }
  }

  void Define(size_t p, const Tensor& tensor, ValueId id) {
    known_[p][tensor.impl()] = id;
    if (!constants_[p].contains(tensor.storage().get())) {
      computed_[p].insert(tensor.storage().get());
    }
  }

  // The value that `tensor_of` picks from each recording.
  template <typename TensorOf>
  ValueId Find(Graph& graph, const char* reader, TensorOf tensor_of) {
    const Tensor first = tensor_of(recordings_[0]);
    if (!first.defined()) return kNone;
    const auto found = known_[0].find(first.impl());
    const ValueId id = found == known_[0].end() ? kNone : found->second;
    for (size_t p = 0; p < recordings_.size(); ++p) {
      const Tensor tensor = tensor_of(recordings_[p]);
      const auto it = tensor.defined() ? known_[p].find(tensor.impl()) : known_[p].end();
      const bool same = id == kNone ? it == known_[p].end() && tensor.defined() &&
                                          !computed_[p].contains(tensor.storage().get()) &&
                                          SameBits(first, tensor)
                                    : it != known_[p].end() && it->second == id;
      if (!same) {
        ThrowInvalidArgument(absl::StrCat(
            "Capture: ", reader, " reads a tensor (", Describe(tensor),
            ") that depends on an input's size or values but was not made by an operation"));
      }
    }
    if (id != kNone) return id;
    const auto name = names_.find(first.impl());
    const ValueId constant = graph.AddConstant(first, name == names_.end() ? "" : name->second);
    for (size_t p = 0; p < recordings_.size(); ++p) {
      const Tensor tensor = tensor_of(recordings_[p]);
      constants_[p].insert(tensor.storage().get());
      Define(p, tensor, constant);
    }
    return constant;
  }

  Function function_;
  absl::Span<const Tensor> examples_;
  const CaptureOptions& options_;
  std::vector<Symbol> symbols_;
  std::vector<int64_t> extents_;  // of the symbols, in the examples
  std::vector<std::vector<int64_t>> probe_sizes_;
  std::vector<std::vector<Extent>> shapes_;
  std::vector<Recording> recordings_;
  std::vector<std::unordered_map<const TensorImpl*, ValueId>> known_;
  // Memory of inputs and results, and of constants and their views.
  std::vector<std::unordered_set<const Storage*>> computed_;
  std::vector<std::unordered_set<const Storage*>> constants_;
  std::unordered_map<const TensorImpl*, std::string> names_;
};

}  // namespace

void internal::ThrowInputCount(size_t taken, size_t given) {
  ThrowInvalidArgument(
      absl::StrCat("Capture: the function takes ", taken, " tensors, got ", given, " examples"));
}

Graph CaptureFunction(Function function, absl::Span<const Tensor> examples,
                      const CaptureOptions& options) {
  return Capturer(function, examples, options).Run();
}

}  // namespace neura::graph
