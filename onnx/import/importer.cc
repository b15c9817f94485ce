#include "neura/onnx/import/importer.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <unordered_set>

#include "absl/strings/str_cat.h"
#include "neura/graph/passes/passes.h"
#include "neura/onnx/format/tensor_message.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/copy.h"

namespace neura::onnx {
namespace {

using graph::DeclaredExtent;
using graph::Graph;
using graph::kNone;
using graph::ValueId;

// Beyond this no model is meant.
constexpr int64_t kMaxExtent = int64_t{1} << 31;
constexpr int kMaxOpenSizes = 16;
// Constants computed while importing may take this, and some multiple of the file's bytes.
constexpr int64_t kLeastBudget = int64_t{16} << 20;

// Of ONNX's own operators.
bool IsOnnxDomain(std::string_view domain) { return domain.empty() || domain == "ai.onnx"; }

class Importer {
 public:
  Importer(const ModelMessage& model,
           const std::vector<std::pair<std::string, int64_t>>& fixed_dims)
      : message_(GraphOf(model)),
        fixed_dims_(fixed_dims),
        opset_(OpsetOf(model)),
        budget_(4 * static_cast<int64_t>(model.num_bytes) + kLeastBudget) {
    if (model.has_functions) ThrowUnimplemented("models with functions are not supported");
    if (message_.has_sparse_initializers) {
      ThrowUnimplemented("sparse initializers are not supported");
    }
  }

  Graph Run() {
    for (std::string_view bytes : message_.initializers) initializers_.emplace(TensorName(bytes));
    ReadInputTypes();
    AddInputs();
    AddInitializers();
    for (const NodeMessage& node : message_.nodes) ReadNode(node);
    AddOutputs();
    return std::move(graph_);
  }

 private:
  struct Input {
    std::string name;
    DType dtype;
    std::vector<DeclaredExtent> shape;
  };

  static const GraphMessage& GraphOf(const ModelMessage& model) {
    if (!model.graph) ThrowInvalidArgument("the model has no graph");
    return *model.graph;
  }

  static int OpsetOf(const ModelMessage& model) {
    int64_t opset = -1;
    std::unordered_set<std::string_view> domains;
    for (const auto& [domain, version] : model.opsets) {
      if (!domains.insert(IsOnnxDomain(domain) ? "" : domain).second) {
        ThrowInvalidArgument(
            absl::StrCat("operator sets of the domain '", domain, "' are imported twice"));
      }
      if (IsOnnxDomain(domain)) opset = version;
    }
    if (opset < kMinOpset || opset > kMaxOpset) {
      ThrowUnimplemented(absl::StrCat("operator set ", opset, " is not supported; ", kMinOpset,
                                      " to ", kMaxOpset, " are"));
    }
    return static_cast<int>(opset);
  }

  void ReadInputTypes() {
    for (const ValueInfoMessage& info : message_.inputs) {
      if (initializers_.contains(info.name)) continue;
      if (!info.is_tensor) {
        ThrowUnimplemented(absl::StrCat("input ", info.name, " is not a tensor"));
      }
      const absl::StatusOr<DType> dtype = FromElementType(info.element_type);
      if (!dtype.ok()) {
        ThrowUnimplemented(absl::StrCat("input ", info.name, ": ", dtype.status().message()));
      }
      if (!info.shape || info.shape->size() > kMaxDims) {
        ThrowInvalidArgument(
            absl::StrCat("input ", info.name, " has no shape, or too many dimensions"));
      }
      Input input{std::string(info.name), *dtype, {}};
      for (const DimensionMessage& dim : *info.shape) {
        input.shape.push_back(ExtentOf(dim, input.name, input.shape.size()));
      }
      inputs_.push_back(std::move(input));
    }
  }

  DeclaredExtent ExtentOf(const DimensionMessage& dim, const std::string& input, size_t index) {
    if (dim.value) {
      if (*dim.value >= 0 && *dim.value <= kMaxExtent) return *dim.value;
      // Some write an open size as -1.
      if (*dim.value != -1) {
        ThrowInvalidArgument(absl::StrCat("input ", input, " has an extent of ", *dim.value));
      }
    }
    const std::string name =
        dim.param.empty() ? absl::StrCat(input, "_dim", index) : std::string(dim.param);
    for (const auto& [fixed, size] : fixed_dims_) {
      if (fixed != name) continue;
      if (size >= 0 && size <= kMaxExtent) return size;
      ThrowInvalidArgument(
          absl::StrCat("fixed_dims: ", name, " = ", size, " is outside [0, ", kMaxExtent, "]"));
    }
    if (open_sizes_.insert(name).second && static_cast<int>(open_sizes_.size()) > kMaxOpenSizes) {
      ThrowUnimplemented(
          absl::StrCat("more than ", kMaxOpenSizes, " open sizes are not supported"));
    }
    // Shapes are tried at a small batch, and elsewhere at a size that images have.
    return graph::Open(name, index == 0 ? 2 : 224);
  }

  void Define(std::string_view name, ImportedValue value) {
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
    for (std::string_view bytes : message_.initializers) {
      const std::string name(TensorName(bytes));
      absl::StatusOr<Tensor> tensor = ReadTensor(bytes);
      if (!tensor.ok()) ThrowStatus(tensor.status());
      ImportedValue value{graph_.AddConstant(*tensor, name), {}};
      if (tensor->numel() <= kMaxKnownElements) value.known = KnownValue::Constant(*tensor);
      Define(name, std::move(value));
    }
  }

  std::string NameOf(const NodeMessage& node) const {
    return absl::StrCat("node ", node.name.empty() ? "without a name" : node.name, " (",
                        node.op_type, node.domain.empty() ? "" : " of domain ", node.domain,
                        ", operator set ", opset_, ")");
  }

  static void CheckAttributes(const NodeMessage& node) {
    std::unordered_set<std::string_view> names;
    for (const AttributeMessage& attribute : node.attributes) {
      if (!names.insert(attribute.name).second) {
        ThrowInvalidArgument(absl::StrCat("there are two attributes named ", attribute.name));
      }
      if (!attribute.reference.empty()) {
        ThrowInvalidArgument(absl::StrCat("attribute ", attribute.name, " refers to ",
                                          attribute.reference,
                                          " of a function, but the node stands in none"));
      }
    }
  }

  void ReadNode(const NodeMessage& node) {
    try {
      CheckAttributes(node);
      if (!IsOnnxDomain(node.domain)) {
        ThrowUnimplemented("the operator is of a domain that is not supported");
      }
      if (node.outputs.empty()) ThrowInvalidArgument("has no outputs");
      const OperatorReader read = FindOperator(node.op_type);
      if (read == nullptr) ThrowUnimplemented("the operator is not supported");
      std::vector<ImportedValue> inputs;
      for (std::string_view name : node.inputs) {
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
      for (size_t i = 0; i < node.outputs.size(); ++i) {
        if (node.outputs[i].empty()) continue;
        ImportedValue& output = outputs[i];
        if (!output.is_present()) {
          ThrowUnimplemented(absl::StrCat("output ", i, " is not supported"));
        }
        Define(node.outputs[i], std::move(output));
      }
    } catch (Error& error) {
      error.AddContext(NameOf(node));
      throw;
    }
  }

  std::vector<ImportedValue> Read(Graph& graph, OperatorReader read, const NodeMessage& node,
                                  std::vector<ImportedValue> inputs) {
    NodeReader reader(graph, node, opset_, std::move(inputs));
    read(reader);
    reader.CheckAttributes();
    return std::move(reader.outputs());
  }

  // Nodes whose inputs are all known are computed here and now: this is how shapes that are put
  // together from the shapes of other values are followed.
  bool ComputeNow(OperatorReader read, const NodeMessage& node,
                  const std::vector<ImportedValue>& inputs, std::vector<ImportedValue>* outputs) {
    if (inputs.empty()) return false;
    bool constant = true;
    std::vector<const KnownValue*> known;
    std::vector<Tensor> tensors;
    for (const ImportedValue& input : inputs) {
      if (input.is_present() && !input.known) return false;
      known.push_back(input.known ? &*input.known : nullptr);
      constant &= !input.known || input.known->is_constant();
      tensors.push_back(input.known ? input.known->constant : Tensor());
    }
    const auto evaluate = [&](const std::vector<Tensor>& given) {
      return Evaluate(read, node, given);
    };
    std::optional<std::vector<KnownValue>> results;
    if (!constant) {
      results = FollowSizes(node, known, evaluate);
    } else if (const std::optional<std::vector<Tensor>> computed = evaluate(tensors)) {
      results.emplace();
      for (const Tensor& tensor : *computed) results->push_back(KnownValue::Constant(tensor));
    }
    if (!results) return false;
    outputs->assign(node.outputs.size(), {});
    for (size_t i = 0; i < results->size(); ++i) {
      KnownValue& result = (*results)[i];
      if (!result.is_constant() && result.sizes.size() > kMaxDims) return false;
      if (result.is_constant() || !result.sizes.empty()) (*outputs)[i].known = std::move(result);
    }
    return true;
  }

  // The results of a node whose inputs are constants, undefined where it leaves them out; nothing
  // where they are too large to be computed while importing.
  std::optional<std::vector<Tensor>> Evaluate(OperatorReader read, const NodeMessage& node,
                                              const std::vector<Tensor>& inputs) {
    Graph scratch;
    std::vector<ImportedValue> constants;
    for (const Tensor& input : inputs) {
      constants.emplace_back();
      if (!input.defined()) continue;
      constants.back() = {scratch.AddConstant(input), KnownValue::Constant(input)};
    }
    std::vector<ImportedValue> results = Read(scratch, read, node, std::move(constants));
    for (const ImportedValue& result : results) {
      if (result.id != kNone) scratch.AddOutput(result.id, "");
    }
    graph::EliminateDeadCode(scratch);
    if (!IsSmall(scratch)) return std::nullopt;
    graph::FoldConstants(scratch);
    std::vector<Tensor> computed;
    size_t next = 0;
    for (const ImportedValue& result : results) {
      if (result.id == kNone) {
        computed.push_back(result.known ? result.known->constant : Tensor());
        continue;
      }
      const Tensor& constant = scratch.value(scratch.outputs()[next++]).constant;
      if (!constant.defined() || !Spend(constant)) return std::nullopt;
      computed.push_back(Contiguous(constant));
    }
    return computed;
  }

  // Whether there is still room for a constant that the file does not hold.
  bool Spend(const Tensor& constant) {
    budget_ -= constant.numel() * static_cast<int64_t>(ItemSize(constant.dtype()));
    return budget_ >= 0;
  }

  static bool IsSmall(const Graph& scratch) {
    for (graph::NodeId node : scratch.nodes()) {
      for (ValueId output : scratch.node(node).outputs) {
        if (scratch.value(output).tried.numel() > kMaxKnownElements) return false;
      }
    }
    return true;
  }

  void AddOutputs() {
    if (message_.outputs.empty()) ThrowInvalidArgument("the graph has no outputs");
    for (const ValueInfoMessage& info : message_.outputs) {
      const auto it = values_.find(info.name);
      if (it == values_.end()) {
        ThrowInvalidArgument(absl::StrCat("nothing makes the output ", info.name));
      }
      NodeMessage nothing;
      nothing.inputs = {info.name};
      NodeReader reader(graph_, nothing, opset_, {it->second});
      try {
        const ValueId id = reader.in(0);
        CheckDeclared(info, reader.dtype(id));
        graph_.AddOutput(id, std::string(info.name));
      } catch (Error& error) {
        error.AddContext(absl::StrCat("output ", info.name));
        throw;
      }
    }
  }

  // Whoever reads the file's declaration would take the output for something else.
  void CheckDeclared(const ValueInfoMessage& info, DType dtype) const {
    const absl::StatusOr<DType> declared = FromElementType(info.element_type);
    if (!info.is_tensor || info.element_type == 0 || (declared.ok() && *declared == dtype)) return;
    std::string maker = "the graph";
    for (const NodeMessage& node : message_.nodes) {
      if (std::count(node.outputs.begin(), node.outputs.end(), info.name) > 0) maker = NameOf(node);
    }
    ThrowInvalidArgument(absl::StrCat(
        "declared as ", declared.ok() ? DTypeName(*declared) : declared.status().message(),
        ", but ", maker, " makes ", DTypeName(dtype)));
  }

  const GraphMessage& message_;
  const std::vector<std::pair<std::string, int64_t>>& fixed_dims_;
  int opset_;
  int64_t budget_;  // in bytes, for constants computed while importing
  std::set<std::string, std::less<>> initializers_;
  std::vector<Input> inputs_;
  std::set<std::string> open_sizes_;
  Graph graph_;
  std::map<std::string, ImportedValue, std::less<>> values_;
};

}  // namespace

Graph ImportModel(const ModelMessage& model,
                  const std::vector<std::pair<std::string, int64_t>>& fixed_dims) {
  return Importer(model, fixed_dims).Run();
}

}  // namespace neura::onnx
