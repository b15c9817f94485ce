#include "neura/onnx/onnx.h"

#include <limits>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "neura/graph/passes/passes.h"
#include "neura/onnx/export/exporter.h"
#include "neura/onnx/format/external_bytes.h"
#include "neura/onnx/format/fields.h"
#include "neura/onnx/format/messages.h"
#include "neura/onnx/format/tensor_message.h"
#include "neura/onnx/import/importer.h"
#include "neura/tensor/io/atomic_file.h"
#include "neura/tensor/io/byte_source.h"

namespace neura::onnx {

namespace {

constexpr int kIrVersion = 8;
// What protobuf, with which others read, takes.
constexpr uint64_t kMaxBytes = std::numeric_limits<int32_t>::max();
// At most what stands around the graph.
constexpr uint64_t kHeaderBytes = 64;

// With those of graphs among attributes, as far as there are models. `constants` are the names of
// initializers and of what Constant makes, here and around.
void AddOperators(const std::vector<NodeMessage>& nodes, int depth,
                  std::set<std::string_view>& constants, std::map<std::string, int64_t>* counts) {
  std::vector<std::string_view> added;
  const auto add = [&](std::string_view name) {
    if (constants.insert(name).second) added.push_back(name);
  };
  for (const NodeMessage& node : nodes) {
    if (node.op_type == "Constant") {
      for (std::string_view output : node.outputs) add(output);
    }
    ++(*counts)[IsOnnxDomain(node.domain) ? std::string(node.op_type)
                                          : absl::StrCat(node.domain, ".", node.op_type)];
    const std::string_view form =
        FormOf(node, [&](size_t i) { return constants.contains(node.inputs[i]); });
    if (!form.empty()) ++(*counts)[absl::StrCat(node.op_type, ":", form)];
    for (const AttributeMessage& attribute : node.attributes) {
      if (attribute.g.empty() || depth > 64) continue;
      const absl::StatusOr<GraphMessage> inner = ParseSubgraph(attribute.g);
      if (!inner.ok()) continue;
      for (std::string_view bytes : inner->initializers) add(TensorName(bytes));
      AddOperators(inner->nodes, depth + 1, constants, counts);
    }
  }
  for (std::string_view name : added) constants.erase(name);
}

absl::StatusOr<graph::Graph> Import(std::string_view bytes, const ImportOptions& options,
                                    ExternalData* external) {
  if (bytes.size() > kMaxBytes) return absl::InvalidArgumentError("the model is too large");
  try {
    const absl::StatusOr<ModelMessage> model = ParseModel(bytes);
    if (!model.ok()) return model.status();
    if (options.most_loop_rounds < 0) {
      ThrowInvalidArgument(
          absl::StrCat("most_loop_rounds = ", options.most_loop_rounds, " is negative"));
    }
    return ImportModel(*model, options.fixed_dims, external, options.most_loop_rounds);
  } catch (const Error& error) {
    return absl::Status(error.code(), Printable(error.message()));
  }
}

}  // namespace

std::string ToBytes(const graph::Graph& graph, std::string_view model_name) {
  graph::Graph needed = graph;
  graph::EliminateDeadCode(needed);
  graph::RemoveIdentities(needed);
  const std::string bytes = Exporter(needed).Run(model_name);
  if (bytes.size() > kMaxBytes - kHeaderBytes) {
    ThrowResourceExhausted(absl::StrCat("onnx: the model takes ", bytes.size(),
                                        " bytes; one file holds at most ", kMaxBytes));
  }
  const std::string opset = Encode<OperatorSetField>([](auto& out) {
    out.add_string(OperatorSetField::kDomain, "");
    out.add_int64(OperatorSetField::kVersion, kOpset);
  });
  return Encode<ModelField>([&](auto& out) {
    out.add_int64(ModelField::kIrVersion, kIrVersion);
    out.add_string(ModelField::kProducerName, "neura");
    out.add_message(ModelField::kGraph, bytes);
    out.add_message(ModelField::kOpsetImport, opset);
  });
}

void ExportGraph(const graph::Graph& graph, const std::string& path, std::string_view model_name) {
  WriteFileAtomically(path, {ToBytes(graph, model_name)});
}

absl::StatusOr<graph::Graph> FromBytes(std::string_view bytes, const ImportOptions& options) {
  GivenBytes given(options.external_data);
  FilesBeside beside(options.path);
  if (options.external_data) return Import(bytes, options, &given);
  return Import(bytes, options, options.path.empty() ? nullptr : &beside);
}

absl::StatusOr<std::map<std::string, int64_t>> OperatorsOf(std::string_view bytes) {
  const absl::StatusOr<ModelMessage> model = ParseModel(bytes);
  if (!model.ok()) return model.status();
  std::map<std::string, int64_t> counts;
  std::set<std::string_view> constants;
  if (model->graph.has_value()) {
    for (std::string_view initializer : model->graph->initializers) {
      constants.insert(TensorName(initializer));
    }
    AddOperators(model->graph->nodes, 0, constants, &counts);
  }
  for (const FunctionMessage& function : model->functions) {
    std::set<std::string_view> none;
    AddOperators(function.nodes, 0, none, &counts);
  }
  return counts;
}

absl::StatusOr<std::set<std::string>> OpenSizesOf(std::string_view bytes) {
  const absl::StatusOr<ModelMessage> model = ParseModel(bytes);
  if (!model.ok()) return model.status();
  return OpenSizes(*model);
}

absl::StatusOr<graph::Graph> LoadGraph(const std::string& path, const ImportOptions& options) {
  return ReadFromFile(path, [&](const ByteSource& source) -> absl::StatusOr<graph::Graph> {
    const absl::StatusOr<std::string> bytes = ReadAll(source, kMaxBytes);
    if (!bytes.ok()) return bytes.status();
    ImportOptions of_file = options;
    of_file.path = path;
    return FromBytes(*bytes, of_file);
  });
}

absl::StatusOr<graph::Program> Load(const std::string& path, const ImportOptions& options) {
  absl::StatusOr<graph::Graph> graph = LoadGraph(path, options);
  if (!graph.ok()) return graph.status();
  try {
    return graph::Compile(*std::move(graph));
  } catch (const Error& error) {
    return InFile(path, absl::Status(error.code(), error.message()));
  }
}

}  // namespace neura::onnx
