#include "neura/onnx/import/importer.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "absl/strings/str_cat.h"
#include "neura/onnx/format/tensor_message.h"
#include "neura/onnx/import/readings.h"
#include "neura/onnx/import/scope.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/tensor.h"

namespace neura::onnx {

int RequireOpset(int64_t opset) {
  if (opset < kMinOpset || opset > kMaxOpset) {
    ThrowUnimplemented(absl::StrCat("operator set ", opset, " is not supported; ", kMinOpset,
                                    " to ", kMaxOpset, " are"));
  }
  return static_cast<int>(opset);
}

namespace {

using graph::DeclaredExtent;
using graph::Graph;
using graph::ValueId;

// Beyond this no model is meant.
constexpr int64_t kMaxExtent = int64_t{1} << 31;
constexpr int kMaxOpenSizes = 16;
// Constants computed while importing may take this, and some multiple of the file's bytes.
constexpr int64_t kLeastBudget = int64_t{16} << 20;

// Some name all that is open by a question mark, whether it is equal or not.
std::string OpenName(const DimensionMessage& dim, std::string_view input, size_t index) {
  return dim.param.empty() || dim.param == "?" ? absl::StrCat(input, "_dim", index)
                                               : std::string(dim.param);
}

class Importer {
 public:
  Importer(const ModelMessage& model,
           const std::vector<std::pair<std::string, int64_t>>& fixed_dims, ExternalData* external,
           int64_t most_rounds, const Ranks& ranks, bool takes_open_for_one)
      : message_(GraphOf(model)),
        fixed_dims_(fixed_dims),
        ranks_(ranks),
        file_{.opset = OpsetOf(model),
              .other_sets = OtherSetsOf(model),
              .functions = FunctionsOf(model),
              .external = external,
              .most_rounds = most_rounds,
              .takes_open_for_one = takes_open_for_one,
              .budget = 4 * static_cast<int64_t>(model.num_bytes) + kLeastBudget,
              .nodes_left = static_cast<int64_t>(model.num_bytes),
              .bytes_left = 16 * static_cast<int64_t>(model.num_bytes)},
        scope_(file_, graph_) {}

  Graph Run() {
    for (std::string_view bytes : message_.initializers) initializers_.emplace(TensorName(bytes));
    ReadInputTypes();
    AddInputs();
    scope_.ReadGraph(message_);
    AddOutputs();
    return std::move(graph_);
  }

  // Whether extents of 1 were left out where some are open.
  bool leaves_out_open() const { return file_.leaves_out_open; }
  // Whether outputs have as many dimensions as they are declared with.
  bool outputs_fit() const { return outputs_fit_; }

 private:
  struct Input {
    std::string name;
    DType dtype;
    const NarrowType* narrow;
    std::vector<DeclaredExtent> shape;
    graph::ValueKind kind = graph::ValueKind::kTensor;
    graph::ValueKind held = graph::ValueKind::kTensor;
  };

  static const GraphMessage& GraphOf(const ModelMessage& model) {
    if (!model.graph) ThrowInvalidArgument("the model has no graph");
    return *model.graph;
  }

  static std::map<FileContext::FunctionName, const FunctionMessage*> FunctionsOf(
      const ModelMessage& model) {
    std::map<FileContext::FunctionName, const FunctionMessage*> functions;
    for (const FunctionMessage& function : model.functions) {
      if (functions
              .emplace(std::tuple(function.domain, function.name, function.overload), &function)
              .second) {
        continue;
      }
      ThrowInvalidArgument(absl::StrCat("there are two functions named ", function.name,
                                        " of the domain '", function.domain, "'"));
    }
    return functions;
  }

  static std::map<std::string_view, int64_t> OtherSetsOf(const ModelMessage& model) {
    std::map<std::string_view, int64_t> sets;
    for (const auto& [domain, version] : model.opsets) {
      if (!IsOnnxDomain(domain)) sets.emplace(domain, version);
    }
    return sets;
  }

  static int OpsetOf(const ModelMessage& model) {
    int64_t opset = -1;
    bool has_others = false;
    std::map<std::string_view, int64_t> versions;
    for (const auto& [domain, version] : model.opsets) {
      const auto [known, is_new] = versions.emplace(IsOnnxDomain(domain) ? "" : domain, version);
      if (!is_new && known->second != version) {
        ThrowInvalidArgument(absl::StrCat("two operator sets of the domain '", domain,
                                          "' are imported, ", known->second, " and ", version));
      }
      if (IsOnnxDomain(domain)) {
        opset = version;
      } else {
        has_others |= IsReadDomain(domain);
      }
    }
    // Operators of another domain may be all that there are.
    if (opset < 0 && has_others) return kMaxOpset;
    return RequireOpset(opset);
  }

  void ReadInputTypes() {
    for (const ValueInfoMessage& info : message_.inputs) {
      if (initializers_.contains(info.name)) continue;
      if (!info.is_tensor) {
        ThrowUnimplemented(absl::StrCat("input ", info.name, " is not a tensor"));
      }
      if (info.is_map) {
        inputs_.push_back(MapInput(info));
        continue;
      }
      const NarrowType* const narrow = FindNarrowType(info.element_type);
      const bool strings = info.element_type == kStringElements;
      if (strings && (info.is_sequence || info.is_optional)) {
        ThrowUnimplemented(absl::StrCat("input ", info.name, " holds tensors of strings"));
      }
      const absl::StatusOr<DType> dtype = narrow != nullptr ? narrow->dtype
                                          : strings         ? kUInt8  // no tensor has them
                                                            : FromElementType(info.element_type);
      if (!dtype.ok()) {
        ThrowUnimplemented(absl::StrCat("input ", info.name, ": ", dtype.status().message()));
      }
      const bool in_other = info.is_sequence || info.is_optional;
      if (info.shape && info.shape->size() > kMaxDims) {
        ThrowInvalidArgument(absl::StrCat("input ", info.name, " has too many dimensions"));
      }
      if (in_other && narrow != nullptr) {
        ThrowUnimplemented(absl::StrCat("input ", info.name, " holds tensors of ", narrow->name));
      }
      Input input{std::string(info.name), *dtype, narrow, {}};
      const graph::ValueKind held = info.is_sequence ? graph::ValueKind::kSequence
                                    : strings        ? graph::ValueKind::kStrings
                                                     : graph::ValueKind::kTensor;
      input.kind = info.is_optional ? graph::ValueKind::kOptional : held;
      input.held = held;
      if (!info.shape) {
        input.shape.assign(ranks_.find(info.name)->second, graph::Open());
      } else {
        for (const DimensionMessage& dim : *info.shape) {
          // Tensors of a sequence differ in what is open.
          input.shape.push_back(!in_other && !strings
                                    ? ExtentOf(dim, input.name, input.shape.size())
                                : dim.value && *dim.value >= 0 && *dim.value <= kMaxExtent
                                    ? DeclaredExtent(*dim.value)
                                    : graph::Open());
        }
      }
      inputs_.push_back(std::move(input));
    }
  }

  // One map, of whatever keys and values.
  static Input MapInput(const ValueInfoMessage& info) {
    if (info.is_sequence || info.is_optional) {
      ThrowUnimplemented(absl::StrCat("input ", info.name, " holds maps"));
    }
    const absl::StatusOr<DType> dtype = FromElementType(info.element_type);
    Input input{std::string(info.name), dtype.ok() ? *dtype : kUInt8, nullptr, {graph::Open()}};
    input.kind = graph::ValueKind::kMap;
    return input;
  }

  DeclaredExtent ExtentOf(const DimensionMessage& dim, const std::string& input, size_t index) {
    if (dim.value) {
      if (*dim.value >= 0 && *dim.value <= kMaxExtent) return *dim.value;
      // Some write an open size as -1.
      if (*dim.value != -1) {
        ThrowInvalidArgument(absl::StrCat("input ", input, " has an extent of ", *dim.value));
      }
    }
    const std::string name = OpenName(dim, input, index);
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

  void AddInputs() {
    for (const Input& input : inputs_) {
      const ValueId id = graph_.AddInput(input.name, {input.kind, input.dtype, input.shape});
      scope_.Define(input.name, {id, {}, input.narrow, input.held});
    }
  }

  void AddOutputs() {
    if (message_.outputs.empty()) ThrowInvalidArgument("the graph has no outputs");
    for (const ValueInfoMessage& info : message_.outputs) {
      try {
        const ValueId id = scope_.ValueOf(info.name);
        const graph::Value& value = graph_.value(id);
        const bool map = value.kind == graph::ValueKind::kMap;
        if (map != info.is_map && (map ? info.is_tensor : info.is_map)) {
          ThrowInvalidArgument(map ? "is not declared as a map" : "declared as a map");
        }
        if (map) {
          graph_.AddOutput(id, std::string(info.name));
          continue;
        }
        const bool strings = value.kind == graph::ValueKind::kStrings;
        const bool says_rank = info.is_tensor && !info.is_sequence && !info.is_optional &&
                               info.shape && value.kind == graph::ValueKind::kTensor;
        outputs_fit_ &= !says_rank || info.shape->size() == value.shape.size();
        if (!ranks_.empty() && !outputs_fit_) {
          ThrowInvalidArgument(absl::StrCat("declared with ", info.shape->size(),
                                            " dimensions, but has ", value.shape.size()));
        }
        if (strings != (info.element_type == kStringElements) && info.element_type != 0) {
          ThrowInvalidArgument(strings ? "is not declared as strings" : "declared as strings");
        }
        if (!strings) CheckDeclared(info, graph_.value(id).dtype);
        graph_.AddOutput(id, std::string(info.name));
      } catch (Error& error) {
        error.AddContext(absl::StrCat("output ", info.name));
        throw;
      }
    }
  }

  // Whoever reads the file's declaration would take the output for something else.
  void CheckDeclared(const ValueInfoMessage& info, DType dtype) {
    const NarrowType* const narrow = FindNarrowType(info.element_type);
    const NarrowType* const made = scope_.NarrowOf(info.name);
    const absl::StatusOr<DType> declared =
        narrow != nullptr ? narrow->dtype : FromElementType(info.element_type);
    if (!info.is_tensor || info.is_optional || info.element_type == 0) return;
    if (declared.ok() && *declared == dtype && narrow == made) return;
    const auto name = [](const NarrowType* type, DType otherwise) {
      return type != nullptr ? type->name : DTypeName(otherwise);
    };
    std::string maker = "the graph";
    for (const NodeMessage& node : message_.nodes) {
      if (std::count(node.outputs.begin(), node.outputs.end(), info.name) > 0)
        maker = scope_.NameOf(node);
    }
    ThrowInvalidArgument(absl::StrCat(
        "declared as ", declared.ok() ? name(narrow, *declared) : declared.status().message(),
        ", but ", maker, " makes ", name(made, dtype)));
  }

  const GraphMessage& message_;
  const std::vector<std::pair<std::string, int64_t>>& fixed_dims_;
  const Ranks& ranks_;  // of inputs without a shape
  std::set<std::string, std::less<>> initializers_;
  std::vector<Input> inputs_;
  std::set<std::string> open_sizes_;
  bool outputs_fit_ = true;
  Graph graph_;
  FileContext file_;
  Scope scope_;
};

}  // namespace

std::set<std::string> OpenSizes(const ModelMessage& model) {
  std::set<std::string> names;
  if (!model.graph) return names;
  for (const ValueInfoMessage& info : model.graph->inputs) {
    for (size_t i = 0; info.shape && i < info.shape->size(); ++i) {
      const DimensionMessage& dim = (*info.shape)[i];
      if (!dim.value || *dim.value < 0) names.insert(OpenName(dim, info.name, i));
    }
  }
  return names;
}

Graph ImportModel(const ModelMessage& model,
                  const std::vector<std::pair<std::string, int64_t>>& fixed_dims,
                  ExternalData* external, int64_t most_rounds) {
  const auto importer = [&](const Ranks& ranks, bool takes_open_for_one) {
    return Importer(model, fixed_dims, external, most_rounds, ranks, takes_open_for_one);
  };
  const auto read = [&](const Ranks& ranks) -> Graph {
    Importer first = importer(ranks, false);
    std::optional<Graph> graph;
    std::optional<Error> error;
    try {
      graph = first.Run();
    } catch (const Error& thrown) {
      error = thrown;
    }
    if (first.leaves_out_open() && !(graph && first.outputs_fit())) {
      // Where open extents that stay make no sense, they are meant to be 1.
      Importer other = importer(ranks, true);
      try {
        Graph without = other.Run();
        if (!graph || other.outputs_fit()) return without;
      } catch (const Error&) {
        // What is wrong with the first tells more.
      }
    }
    if (error) throw *std::move(error);
    return *std::move(graph);
  };
  const std::vector<std::string> names = InputsWithoutShape(model);
  if (names.empty()) return read({});
  const AnyRankReader read_at_any = FindAnyRankReader();
  if (read_at_any == nullptr) {
    ThrowUnimplemented(absl::StrCat("input ", names[0],
                                    " has no shape; this program was built without such inputs"));
  }
  return read_at_any(names, read);
}

}  // namespace neura::onnx
