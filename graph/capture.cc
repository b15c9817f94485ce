#include "neura/graph/capture.h"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <unordered_set>

#include "absl/strings/str_cat.h"
#include "neura/graph/recording.h"
#include "neura/graph/size_fit.h"
#include "neura/graph/write_back.h"
#include "neura/tensor/backend_api.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/sparse_parts.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/index.h"
#include "neura/tensor/ops/op_list/copy.h"
#include "neura/tensor/ops/op_list/view.h"
#include "neura/tensor/ops/shape.h"
#include "neura/tensor/random/generator.h"

namespace neura::graph {
namespace {

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
  return IndexSelect(example, dim, To(FromVector(rows, {size}), example.device()));
}

// An open size and the sizes at which the function is run: with all at the first, with each in turn
// at the second and the third, and with all at the last.
struct OpenSize {
  std::string name;
  std::array<int64_t, 4> tried = {2, 3, 7, 11};
};

// Of a dimension whose size in the examples is `extent`. They are no multiples of what divides the
// first, so that roundings show.
std::array<int64_t, 4> SizesFor(int64_t extent) {
  const int64_t size = std::max<int64_t>(extent, 1);
  return {size, size * 2, size * 3 + 1, size * 4 + 3};
}

// Numbers that the function draws are not missed afterwards.
class KeepGenerator {
 public:
  KeepGenerator() : state_(DefaultGenerator().state()) {}
  ~KeepGenerator() { DefaultGenerator().SetState(state_); }

 private:
  RandomState state_;
};

class Capturer {
 public:
  Capturer(Function function, absl::Span<const Tensor> examples, const CaptureOptions& options)
      : function_(function), examples_(examples), options_(options) {}

  Graph Run() {
    FindOpenSizes();
    const size_t runs = sizes_.empty() ? 1 : 2 + 2 * sizes_.size();
    recordings_.resize(runs);
    known_.resize(runs);
    computed_.resize(runs);
    constants_.resize(runs);
    const KeepGenerator keep;
    for (size_t run = 0; run < runs; ++run) Record(run);
    for (const auto& [name, tensor] : options_.constant_names) {
      if (tensor.defined()) names_[tensor.impl()] = name;
    }
    AddInputs();
    CheckSameOps();
    for (size_t i = 0; i < recordings_[0].ops.size(); ++i) AddOp(i);
    AddOutputs();
    return std::move(graph_);
  }

 private:
  // A tensor of the function. What is written to its memory changes its value.
  struct Tracked {
    ValueId value = kNone;
    int writes = 0;         // to its memory, up to which `value` is right
    int root = -1;          // the tensor that the memory was made for
    int parent = -1;        // of a view: the tensor that it was made of,
    NodeId view = kNoNode;  // by which operation,
    size_t output = 0;      // and as which of its results
  };

  // ---- running ----
  void FindOpenSizes() {
    shapes_.resize(examples_.size());
    for (size_t i = 0; i < examples_.size(); ++i) {
      if (!examples_[i].defined()) {
        ThrowInvalidArgument(absl::StrCat("Capture: example ", i, " is undefined"));
      }
      RequireDense("Capture", examples_[i]);
      shapes_[i].resize(examples_[i].shape().size(), -1);
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
      AddDynamicDim(input, static_cast<size_t>(dim), {dynamic.name, SizesFor(extent)});
    }
    // Sizes that follow from two of them show.
    for (size_t s = 0; s < sizes_.size(); ++s)
      sizes_[s].tried.back() += 2 * static_cast<int64_t>(s);
  }

  // The dimension is of the size of this name, which is `size` if there is none yet.
  void AddDynamicDim(size_t input, size_t dim, OpenSize size) {
    const int64_t extent = examples_[input].shape()[dim];
    for (size_t s = 0; s < sizes_.size(); ++s) {
      if (sizes_[s].name != size.name) continue;
      if (extents_[s] != extent) {
        ThrowInvalidArgument(absl::StrCat("Capture: dimension ", dim, " of example ", input,
                                          " has extent ", extent, ", but other dimensions named ",
                                          size.name, " have ", extents_[s]));
      }
      shapes_[input][dim] = static_cast<int>(s);
      return;
    }
    extents_.push_back(extent);
    sizes_.push_back(std::move(size));
    shapes_[input][dim] = static_cast<int>(sizes_.size()) - 1;
  }

  int64_t SizeIn(size_t run, size_t s) const {
    const std::array<int64_t, 4>& tried = sizes_[s].tried;
    if (run == 0) return tried[0];
    if (run + 1 == recordings_.size()) return tried[3];
    return (run - 1) / 2 == s ? tried[1 + (run - 1) % 2] : tried[0];
  }

  // "batch = 3", of the sizes that differ from those of the first run.
  std::string SizesIn(size_t run) const {
    std::string text;
    for (size_t s = 0; s < sizes_.size(); ++s) {
      if (SizeIn(run, s) == SizeIn(0, s)) continue;
      absl::StrAppend(&text, text.empty() ? "" : ", ", sizes_[s].name, " = ", SizeIn(run, s));
    }
    return text;
  }

  void Record(size_t run) {
    Recording& recording = recordings_[run];
    for (size_t i = 0; i < examples_.size(); ++i) {
      Tensor input = Contiguous(examples_[i]);
      for (size_t d = 0; d < shapes_[i].size(); ++d) {
        if (shapes_[i][d] < 0) continue;
        input = Resized(input, static_cast<int64_t>(d),
                        SizeIn(run, static_cast<size_t>(shapes_[i][d])));
      }
      // Distinct objects, even where one tensor is given twice.
      recording.inputs.push_back(Tensor::View(input.storage(), input.storage_offset(),
                                              input.shape(), input.strides(), input.dtype()));
    }
    recording.keeps_whole = options_.keeps_whole;
    const ScopedObserver observer(&recording);
    const ScopedInterceptor interceptor(&recording);
    const ScopedWholeKeeper keeper(&recording);
    try {
      recording.outputs = function_(recording.inputs);
    } catch (Error& error) {
      // The caller never asked for this size.
      if (run > 0) error.AddContext(absl::StrCat("Capture, with ", SizesIn(run)));
      throw;
    }
  }

  // ---- building ----
  void AddInputs() {
    for (size_t i = 0; i < examples_.size(); ++i) {
      const std::string name = i < options_.input_names.size() ? options_.input_names[i]
                               : i == 0                        ? "input"
                                                               : absl::StrCat("input", i);
      std::vector<DeclaredExtent> shape;
      for (size_t d = 0; d < shapes_[i].size(); ++d) {
        if (shapes_[i][d] < 0) {
          shape.emplace_back(examples_[i].shape()[d]);
        } else {
          const OpenSize& size = sizes_[static_cast<size_t>(shapes_[i][d])];
          shape.push_back(Open(size.name, size.tried.back()));
        }
      }
      const ValueId id = graph_.AddInput(name, examples_[i].dtype(), std::move(shape));
      Define([i](const Recording& r) { return r.inputs[i]; }, {.value = id});
    }
    for (const Symbol& symbol : graph_.symbols()) {
      seen_.push_back({{}, SymInt::Extent(symbol.leaf.value, symbol.leaf.index)});
      for (size_t run = 0; run < recordings_.size(); ++run) {
        seen_.back().values.push_back(SizeIn(run, seen_.size() - 1));
      }
    }
  }

  // " in encoder.layers.0"
  static std::string InModule(const RecordedOp& op) {
    return op.module.empty() ? "" : absl::StrCat(" in ", op.module);
  }

  void CheckSameOps() {
    const std::vector<RecordedOp>& ops = recordings_[0].ops;
    for (size_t run = 1; run < recordings_.size(); ++run) {
      const std::vector<RecordedOp>& others = recordings_[run].ops;
      for (size_t i = 0; i < std::max(ops.size(), others.size()); ++i) {
        if (i < ops.size() && i < others.size() && ops[i].op == others[i].op &&
            ops[i].in_place == others[i].in_place &&
            ops[i].inputs.size() == others[i].inputs.size() &&
            ops[i].outputs.size() == others[i].outputs.size()) {
          continue;
        }
        const auto name = [i](const std::vector<RecordedOp>& list) -> std::string {
          if (i >= list.size()) return "nothing more";
          const OpSchema& schema = SchemaOf(list[i].op);
          if (!schema.flags.list) return schema.name;
          return absl::StrCat(schema.name, " into ", list[i].outputs.size());
        };
        ThrowInvalidArgument(
            absl::StrCat("Capture", InModule(i < ops.size() ? ops[i] : others[i]),
                         ": the function's operations depend on an open size: operation ", i,
                         " is ", name(ops), ", but with ", SizesIn(run), " ", name(others)));
      }
    }
  }

  void AddOp(size_t index) {
    const RecordedOp& first = recordings_[0].ops[index];
    graph_.SetModule(first.module);
    std::vector<int> inputs;
    std::vector<ValueId> values;
    for (size_t i = 0; i < first.inputs.size(); ++i) {
      inputs.push_back(Find(SchemaOf(first.op).name,
                            [index, i](const Recording& r) { return r.ops[index].inputs[i]; }));
      values.push_back(Current(inputs.back()));
    }
    OptionsBox options = first.options;
    std::vector<SymbolicOption> symbolic = MergeOptions(index, options);
    if (first.in_place) {
      const ValueId written = first.op == op::kAssign
                                  ? Assigned(values[0], values[1])
                                  : graph_.AddNode(first.op, std::move(options), std::move(values),
                                                   std::move(symbolic))[0];
      return Write(inputs[0], written);
    }
    const absl::Span<const ValueId> added =
        graph_.AddNode(first.op, std::move(options), std::move(values), std::move(symbolic));
    const std::vector<ValueId> outputs(added.begin(), added.end());
    for (size_t i = 0; i < outputs.size(); ++i) {
      if (!first.outputs[i].defined()) continue;  // nobody wanted it
      Tracked tracked{.value = outputs[i]};
      if (SchemaOf(first.op).flags.view) {
        tracked.parent = inputs[0];
        tracked.root = tracked_[static_cast<size_t>(inputs[0])].root;
        tracked.writes = tracked_[static_cast<size_t>(tracked.root)].writes;
        tracked.view = graph_.value(outputs[i]).producer;
        tracked.output = i;
      }
      const auto output_of = [index, i](const Recording& r) { return r.ops[index].outputs[i]; };
      Define(output_of, tracked);
      NoteSizes(outputs[i], output_of);
    }
  }

  // What later sizes may follow from.
  template <typename TensorOf>
  void NoteSizes(ValueId id, TensorOf tensor_of) {
    const std::vector<SymInt>& shape = graph_.value(id).shape;
    for (size_t d = 0; d < shape.size(); ++d) {
      if (shape[d].is_number()) continue;
      SeenSize seen{{}, shape[d]};
      for (const Recording& recording : recordings_) {
        seen.values.push_back(tensor_of(recording).shape()[d]);
      }
      const auto same = [&seen](const SeenSize& other) { return other.values == seen.values; };
      if (std::none_of(seen_.begin(), seen_.end(), same)) seen_.push_back(std::move(seen));
    }
  }

  // ---- memory ----
  Tracked& tracked(int tensor) { return tracked_[static_cast<size_t>(tensor)]; }

  // The value of a tensor after what was written to its memory so far.
  ValueId Current(int tensor) {
    if (tensor < 0) return kNone;
    const int writes = tracked(tracked(tensor).root).writes;
    if (tracked(tensor).writes != writes) {
      const ValueId parent = Current(tracked(tensor).parent);
      const Operation view = graph_.node(tracked(tensor).view).operation();
      tracked(tensor).value =
          graph_.AddNode(view.op, view.options, {parent}, view.symbolic)[tracked(tensor).output];
      tracked(tensor).writes = writes;
    }
    return tracked(tensor).value;
  }

  // The source as what is in the target afterwards.
  ValueId Assigned(ValueId target, ValueId source) {
    const DType dtype = graph_.value(target).dtype;
    if (graph_.value(source).dtype != dtype) {
      const CastOptions options{.dtype = dtype};
      source = graph_.AddNode(op::kCast, OptionsBox(op::kCast, &options), {source})[0];
    }
    const std::vector<SymInt> shape = graph_.value(target).shape;
    return graph_.value(source).shape == shape ? source : AddExpand(graph_, source, shape);
  }

  void Write(int tensor, ValueId written) {
    std::vector<std::pair<int, ValueId>> changed = {{tensor, written}};
    while (tracked(tensor).parent >= 0) {
      const int parent = tracked(tensor).parent;
      const Operation view = graph_.node(tracked(tensor).view).operation();
      written = WriteBack(graph_, view, tracked(tensor).output, Current(parent), written);
      changed.emplace_back(parent, written);
      tensor = parent;
    }
    const int writes = ++tracked(tensor).writes;
    for (const auto& [each, value] : changed) {
      // In the order that views of it count on.
      tracked(each).value = graph_.IsContiguous(value)
                                ? value
                                : graph_.AddNode(op::kClone, OptionsBox(op::kClone), {value})[0];
      tracked(each).writes = writes;
    }
  }

  // ---- options ----
  // Integers that differ between the runs become symbolic, or -1 in a reshape.
  std::vector<SymbolicOption> MergeOptions(size_t index, OptionsBox& options) {
    std::vector<SymbolicOption> symbolic;
    const OpId op = recordings_[0].ops[index].op;
    std::vector<OptionsBox> boxes;
    for (const Recording& recording : recordings_) boxes.push_back(recording.ops[index].options);
    std::vector<std::vector<int64_t*>> integers;
    for (OptionsBox& box : boxes) integers.push_back(box.Integers());
    const auto fail = [&] {
      const auto options_in = [&](size_t run) { return recordings_[run].ops[index].options; };
      size_t other = 1;
      while (options_in(other) == options_in(0)) ++other;
      ThrowInvalidArgument(absl::StrCat(
          "Capture", InModule(recordings_[0].ops[index]), ": the options of ", SchemaOf(op).name,
          " depend on an open size in a way ", "that is not known: ", options_in(0).ToString(),
          ", but with ", SizesIn(other), " ", options_in(other).ToString()));
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
      const std::optional<SymInt> value = FitSize(values, seen_, graph_.symbols().size());
      if (value && value->is_number()) continue;
      if (!value && (op != op::kReshape || wildcard)) fail();
      if (!value) {
        wildcard = true;
        *options.Integers()[k] = -1;
      } else {
        symbolic.push_back({static_cast<int>(k), *value});
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

  void AddOutputs() {
    graph_.SetModule("");
    const size_t count = recordings_[0].outputs.size();
    for (const Recording& recording : recordings_) {
      if (recording.outputs.size() != count) {
        ThrowInvalidArgument("Capture: the number of outputs depends on the size of an input");
      }
    }
    for (size_t i = 0; i < count; ++i) {
      const ValueId id =
          Current(Find("the function", [i](const Recording& r) { return r.outputs[i]; }));
      if (id == kNone) ThrowInvalidArgument(absl::StrCat("Capture: output ", i, " is undefined"));
      graph_.AddOutput(id, i < options_.output_names.size() ? options_.output_names[i]
                           : i == 0                         ? "output"
                                                            : absl::StrCat("output", i));
    }
  }

  // The tensor that `tensor_of` picks from each recording is the next one.
  template <typename TensorOf>
  int Define(TensorOf tensor_of, Tracked tracked) {
    const auto number = static_cast<int>(tracked_.size());
    if (tracked.root < 0) tracked.root = number;
    tracked_.push_back(tracked);
    for (size_t run = 0; run < recordings_.size(); ++run) {
      const Tensor tensor = tensor_of(recordings_[run]);
      known_[run][tensor.impl()] = number;
      if (!constants_[run].contains(tensor.storage().get())) {
        computed_[run].insert(tensor.storage().get());
      }
    }
    return number;
  }

  // The number of the tensor that `tensor_of` picks from each recording; -1 where it is undefined.
  template <typename TensorOf>
  int Find(const char* reader, TensorOf tensor_of) {
    const Tensor first = tensor_of(recordings_[0]);
    if (!first.defined()) return -1;
    const auto found = known_[0].find(first.impl());
    const int number = found == known_[0].end() ? -1 : found->second;
    for (size_t run = 0; run < recordings_.size(); ++run) {
      const Tensor tensor = tensor_of(recordings_[run]);
      const auto it = tensor.defined() ? known_[run].find(tensor.impl()) : known_[run].end();
      const bool same = number < 0 ? it == known_[run].end() && tensor.defined() &&
                                         !computed_[run].contains(tensor.storage().get()) &&
                                         SameBits(first, tensor)
                                   : it != known_[run].end() && it->second == number;
      if (!same) {
        ThrowInvalidArgument(absl::StrCat(
            "Capture: ", reader, " reads a tensor (", Describe(tensor),
            ") that depends on an input's size or values but was not made by an operation"));
      }
    }
    if (number >= 0) return number;
    const auto name = names_.find(first.impl());
    const ValueId constant = graph_.AddConstant(first, name == names_.end() ? "" : name->second);
    for (size_t run = 0; run < recordings_.size(); ++run) {
      constants_[run].insert(tensor_of(recordings_[run]).storage().get());
    }
    return Define(tensor_of, {.value = constant});
  }

  Function function_;
  absl::Span<const Tensor> examples_;
  const CaptureOptions& options_;
  std::vector<OpenSize> sizes_;
  std::vector<int64_t> extents_;          // of the open sizes, in the examples
  std::vector<std::vector<int>> shapes_;  // of the examples: which open size, or -1
  std::vector<Recording> recordings_;
  Graph graph_;
  std::vector<SeenSize> seen_;  // symbols first
  std::vector<Tracked> tracked_;
  std::vector<std::unordered_map<const TensorImpl*, int>> known_;  // by run
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
