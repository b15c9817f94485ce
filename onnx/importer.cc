#include "neura/onnx/importer.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "neura/graph/passes/passes.h"
#include "neura/onnx/tensor_proto.h"

namespace neura::onnx {
namespace {

using graph::Extent;
using graph::Graph;
using graph::kNone;
using graph::Symbol;
using graph::ValueId;
using ::onnx::NodeProto;

// Values of up to so many elements are computed while importing, so that shapes may follow from
// them.
constexpr int64_t kMaxKnownElements = 1 << 14;
// Beyond this no model is meant.
constexpr int64_t kMaxExtent = int64_t{1} << 31;
constexpr int kMaxSymbols = 16;

class Importer {
 public:
  Importer(const ::onnx::ModelProto& model,
           const std::vector<std::pair<std::string, int64_t>>& fixed_dims)
      : proto_(model.graph()), fixed_dims_(fixed_dims), opset_(OpsetOf(model)) {
    if (!model.has_graph()) ThrowInvalidArgument("the model has no graph");
    if (model.functions_size() > 0) ThrowUnimplemented("models with functions are not supported");
    if (proto_.sparse_initializer_size() > 0) {
      ThrowUnimplemented("sparse initializers are not supported");
    }
  }

  Graph Run() {
    for (const auto& initializer : proto_.initializer()) initializers_.insert(initializer.name());
    ReadInputTypes();
    graph_ = Graph(symbols_);
    AddInputs();
    AddInitializers();
    for (const NodeProto& node : proto_.node()) ReadNode(node);
    AddOutputs();
    return std::move(graph_);
  }

 private:
  struct Input {
    std::string name;
    DType dtype;
    std::vector<Extent> shape;
  };

  static int OpsetOf(const ::onnx::ModelProto& model) {
    int64_t opset = -1;
    for (const auto& entry : model.opset_import()) {
      if (entry.domain().empty() || entry.domain() == "ai.onnx") opset = entry.version();
    }
    if (opset < kMinOpset || opset > kMaxOpset) {
      ThrowUnimplemented(absl::StrCat("operator set ", opset, " is not supported; ", kMinOpset,
                                      " to ", kMaxOpset, " are"));
    }
    return static_cast<int>(opset);
  }

  void ReadInputTypes() {
    for (const ::onnx::ValueInfoProto& info : proto_.input()) {
      if (initializers_.contains(info.name())) continue;
      if (!info.type().has_tensor_type()) {
        ThrowUnimplemented(absl::StrCat("input ", info.name(), " is not a tensor"));
      }
      const auto& type = info.type().tensor_type();
      const absl::StatusOr<DType> dtype = FromElementType(type.elem_type());
      if (!dtype.ok()) {
        ThrowUnimplemented(absl::StrCat("input ", info.name(), ": ", dtype.status().message()));
      }
      if (!type.has_shape() || type.shape().dim_size() > kMaxRank) {
        ThrowInvalidArgument(
            absl::StrCat("input ", info.name(), " has no shape, or too many dimensions"));
      }
      Input input{info.name(), *dtype, {}};
      for (const auto& dim : type.shape().dim()) {
        input.shape.push_back(ExtentOf(dim, info.name(), input.shape.size()));
      }
      inputs_.push_back(std::move(input));
    }
  }

  Extent ExtentOf(const ::onnx::TensorShapeProto::Dimension& dim, const std::string& input,
                  size_t index) {
    if (dim.has_dim_value()) {
      if (dim.dim_value() >= 0 && dim.dim_value() <= kMaxExtent) return dim.dim_value();
      // Some write an open size as -1.
      if (dim.dim_value() != -1) {
        ThrowInvalidArgument(absl::StrCat("input ", input, " has an extent of ", dim.dim_value()));
      }
    }
    const std::string name = dim.has_dim_param() && !dim.dim_param().empty()
                                 ? dim.dim_param()
                                 : absl::StrCat(input, "_dim", index);
    for (const auto& [fixed, size] : fixed_dims_) {
      if (fixed != name) continue;
      if (size >= 0 && size <= kMaxExtent) return size;
      ThrowInvalidArgument(
          absl::StrCat("fixed_dims: ", name, " = ", size, " is outside [0, ", kMaxExtent, "]"));
    }
    for (size_t i = 0; i < symbols_.size(); ++i) {
      if (symbols_[i].name == name) return Extent(1, static_cast<int>(i));
    }
    if (static_cast<int>(symbols_.size()) == kMaxSymbols) {
      ThrowUnimplemented(absl::StrCat("more than ", kMaxSymbols, " open sizes are not supported"));
    }
    // Shapes are tried at small batches, and elsewhere at sizes that images have, odd ones too.
    symbols_.push_back(index == 0 ? Symbol{name} : Symbol{name, {224, 256, 289}});
    return Extent(1, static_cast<int>(symbols_.size()) - 1);
  }

  void Define(const std::string& name, ImportedValue value) {
    if (name.empty()) ThrowInvalidArgument("a value has no name");
    if (!values_.emplace(name, std::move(value)).second) {
      ThrowInvalidArgument(absl::StrCat("there are two values named ", name));
    }
  }

  void AddInputs() {
    for (const Input& input : inputs_) {
      Define(input.name, {graph_.AddInput(input.name, input.dtype, input.shape), {}});
    }
  }

  void AddInitializers() {
    for (const ::onnx::TensorProto& initializer : proto_.initializer()) {
      if (initializer.dims_size() > kMaxRank) {
        ThrowInvalidArgument(
            absl::StrCat("tensor ", initializer.name(), " has too many dimensions"));
      }
      absl::StatusOr<Tensor> tensor = ReadTensor(initializer);
      if (!tensor.ok()) ThrowStatus(tensor.status());
      ImportedValue value{graph_.AddConstant(*tensor, initializer.name()), {}};
      if (tensor->numel() <= kMaxKnownElements) value.known.assign(graph_.num_probes(), *tensor);
      Define(initializer.name(), std::move(value));
    }
  }

  void ReadNode(const NodeProto& node) {
    const std::string context =
        absl::StrCat("node ", node.name().empty() ? std::string("without a name") : node.name(),
                     " (", node.op_type(), node.domain().empty() ? "" : " of domain ",
                     node.domain(), ", operator set ", opset_, ")");
    try {
      if (!node.domain().empty() && node.domain() != "ai.onnx") {
        ThrowUnimplemented("the operator is of a domain that is not supported");
      }
      if (node.output_size() == 0) ThrowInvalidArgument("has no outputs");
      const OperatorReader read = FindOperator(node.op_type());
      if (read == nullptr) ThrowUnimplemented("the operator is not supported");
      std::vector<ImportedValue> inputs;
      for (const std::string& name : node.input()) {
        if (name.empty()) {
          inputs.emplace_back();
          continue;
        }
        const auto it = values_.find(name);
        if (it == values_.end()) {
          ThrowInvalidArgument(absl::StrCat("reads ", name, ", which nothing has made before it"));
        }
        inputs.push_back(it->second);
      }
      std::vector<ImportedValue> outputs;
      if (!ComputeNow(read, node, inputs, &outputs)) outputs = Read(graph_, read, node, inputs);
      for (int i = 0; i < node.output_size(); ++i) {
        if (node.output(i).empty()) continue;
        ImportedValue& output = outputs[static_cast<size_t>(i)];
        if (output.id == kNone && output.known.empty()) {
          ThrowUnimplemented(absl::StrCat("output ", i, " is not supported"));
        }
        Define(node.output(i), std::move(output));
      }
    } catch (Error& error) {
      error.AddContext(context);
      throw;
    }
  }

  std::vector<ImportedValue> Read(Graph& graph, OperatorReader read, const NodeProto& node,
                                  std::vector<ImportedValue> inputs) {
    NodeReader reader(graph, node, opset_, std::move(inputs));
    read(reader);
    reader.CheckAttributes();
    return std::move(reader.outputs());
  }

  // Nodes whose inputs are all known are computed here and now, at every probe: this is how shapes
  // that are put together from the shapes of other values are followed.
  bool ComputeNow(OperatorReader read, const NodeProto& node,
                  const std::vector<ImportedValue>& inputs, std::vector<ImportedValue>* outputs) {
    if (inputs.empty()) return false;
    for (const ImportedValue& input : inputs) {
      if (input.known.empty() && input.id != kNone) return false;
    }
    outputs->assign(static_cast<size_t>(node.output_size()), {});
    for (size_t p = 0; p < graph_.num_probes(); ++p) {
      Graph scratch;
      std::vector<ImportedValue> at_probe;
      for (const ImportedValue& input : inputs) {
        ImportedValue value;
        if (!input.known.empty()) {
          value = {scratch.AddConstant(input.known[p]), {input.known[p]}};
        }
        at_probe.push_back(std::move(value));
      }
      std::vector<ImportedValue> results = Read(scratch, read, node, std::move(at_probe));
      std::vector<int> places;
      for (size_t i = 0; i < results.size(); ++i) {
        if (results[i].id == kNone) continue;
        scratch.AddOutput(results[i].id, "");
        places.push_back(static_cast<int>(i));
      }
      graph::EliminateDeadCode(scratch);
      if (!IsSmall(scratch)) return false;
      graph::FoldConstants(scratch);
      for (size_t k = 0; k < places.size(); ++k) {
        const Tensor& constant = scratch.value(scratch.outputs()[k]).constant;
        if (!constant.defined()) return false;
        (*outputs)[static_cast<size_t>(places[k])].known.push_back(Contiguous(constant));
      }
      for (size_t i = 0; i < results.size(); ++i) {
        if (results[i].id == kNone && !results[i].known.empty()) {
          (*outputs)[i].known.push_back(results[i].known[0]);
        }
      }
    }
    return std::all_of(outputs->begin(), outputs->end(), IsShapeOrConstant);
  }

  // Whether the value is the same at every probe, or a few integers. What else depends on open
  // sizes is computed when the graph runs.
  static bool IsShapeOrConstant(const ImportedValue& value) {
    for (const Tensor& tensor : value.known) {
      const Tensor& first = value.known[0];
      const bool few = tensor.dtype() == kInt64 && tensor.dim() <= 1 && tensor.numel() <= kMaxRank;
      if (!SameBits(tensor, first) && !(few && tensor.shape() == first.shape())) return false;
    }
    return true;
  }

  static bool IsSmall(const Graph& scratch) {
    for (graph::NodeId node : scratch.nodes()) {
      for (ValueId output : scratch.node(node).outputs) {
        if (scratch.value(output).probes[0].numel() > kMaxKnownElements) return false;
      }
    }
    return true;
  }

  void AddOutputs() {
    if (proto_.output_size() == 0) ThrowInvalidArgument("the graph has no outputs");
    for (const ::onnx::ValueInfoProto& info : proto_.output()) {
      const auto it = values_.find(info.name());
      if (it == values_.end()) {
        ThrowInvalidArgument(absl::StrCat("nothing makes the output ", info.name()));
      }
      NodeProto nothing;
      nothing.add_input(info.name());
      NodeReader reader(graph_, nothing, opset_, {it->second});
      try {
        graph_.AddOutput(reader.in(0), info.name());
      } catch (Error& error) {
        error.AddContext(absl::StrCat("output ", info.name()));
        throw;
      }
    }
  }

  const ::onnx::GraphProto& proto_;
  const std::vector<std::pair<std::string, int64_t>>& fixed_dims_;
  int opset_;
  absl::flat_hash_set<std::string> initializers_;
  std::vector<Input> inputs_;
  std::vector<Symbol> symbols_;
  Graph graph_;
  absl::flat_hash_map<std::string, ImportedValue> values_;
};

}  // namespace

Graph ImportModel(const ::onnx::ModelProto& model,
                  const std::vector<std::pair<std::string, int64_t>>& fixed_dims) {
  return Importer(model, fixed_dims).Run();
}

}  // namespace neura::onnx
