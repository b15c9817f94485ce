#include "neura/onnx/onnx.h"

#include <filesystem>
#include <iterator>
#include <limits>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "neura/graph/passes/passes.h"
#include "neura/onnx/export/exporter.h"
#include "neura/onnx/export/mapping.h"
#include "neura/onnx/format/external_bytes.h"
#include "neura/onnx/format/fields.h"
#include "neura/onnx/format/messages.h"
#include "neura/onnx/format/tensor_message.h"
#include "neura/onnx/import/importer.h"
#include "neura/onnx/import/readings.h"
#include "neura/onnx/version.h"
#include "neura/tensor/io/atomic_file.h"
#include "neura/tensor/io/byte_source.h"

namespace neura::onnx {

namespace {

// That came with each operator set from kOldestOpset on.
constexpr int kIrVersions[] = {7, 7, 8, 8, 8, 8, 9, 9, 10, 10, 11, 12, 13, 13, 13, 14};
static_assert(std::size(kIrVersions) == kNewestOpset - kOldestOpset + 1);
// What protobuf, with which others read, takes.
constexpr uint64_t kMaxBytes = std::numeric_limits<int32_t>::max();

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

namespace {

// What stands around the graph, of `bytes`.
std::string ModelOf(const std::string& graph_bytes, const ExportOptions& options) {
  const std::string opset = Encode<OperatorSetField>([&](auto& out) {
    out.add_string(OperatorSetField::kDomain, "");
    out.add_int64(OperatorSetField::kVersion, options.opset);
  });
  const std::string model = Encode<ModelField>([&](auto& out) {
    const auto add = [&out](ModelField field, const std::string& text) {
      if (!text.empty()) out.add_string(field, text);
    };
    out.add_int64(ModelField::kIrVersion, kIrVersions[options.opset - kOldestOpset]);
    add(ModelField::kProducerName, options.producer_name);
    add(ModelField::kProducerVersion,
        options.producer_version.empty() ? kOnnxVersion : options.producer_version);
    add(ModelField::kDomain, options.domain);
    if (options.model_version != 0) {
      out.add_int64(ModelField::kModelVersion, options.model_version);
    }
    add(ModelField::kDocString, options.doc_string);
    out.add_message(ModelField::kGraph, graph_bytes);
    out.add_message(ModelField::kOpsetImport, opset);
    for (const auto& [key, value] : options.metadata) {
      std::string entry;
      protozero::pbf_builder<StringEntryField> fields(entry);
      fields.add_string(StringEntryField::kKey, key);
      fields.add_string(StringEntryField::kValue, value);
      out.add_message(ModelField::kMetadata, entry);
    }
  });
  if (model.size() > kMaxBytes) {
    ThrowResourceExhausted(absl::StrCat("onnx: the model takes ", model.size(),
                                        " bytes; one file holds at most ", kMaxBytes,
                                        ", so its tensors must lie in another: external_data"));
  }
  return model;
}

// `outside` may be null.
std::string Write(const graph::Graph& graph, const ExportOptions& options,
                  OutsideTensors* outside) {
  if (options.opset < kOldestOpset || options.opset > kNewestOpset) {
    ThrowInvalidArgument(absl::StrCat("onnx: operator set ", options.opset,
                                      " is not written; those from ", kOldestOpset, " to ",
                                      kNewestOpset, " are"));
  }
  graph::Graph needed = graph;
  graph::EliminateDeadCode(needed);
  graph::RemoveIdentities(needed);
  GraphOptions of_graph{.opset = options.opset, .name = options.model_name, .outside = outside};
  for (const OutputDim& dim : options.output_dims) {
    of_graph.output_dims[{dim.output, dim.dim}] = dim.name;
  }
  return ModelOf(Exporter(needed, of_graph).Run(), options);
}

// Of all constants, whether in use or not.
uint64_t BytesOfConstants(const graph::Graph& graph) {
  uint64_t bytes = 0;
  for (graph::ValueId id : graph.values()) {
    const graph::Value& value = graph.value(id);
    if (value.is_constant()) bytes += static_cast<uint64_t>(value.constant.nbytes());
  }
  return bytes;
}

}  // namespace

graph::CaptureOptions CaptureOptionsOf(const ExportOptions& options) {
  graph::CaptureOptions capture = options.capture;
  capture.keeps_whole = [opset = options.opset](const OpCall& call) {
    return HasOperator(call, opset);
  };
  return capture;
}

std::string ToBytes(const graph::Graph& graph, const ExportOptions& options) {
  return Write(graph, options, nullptr);
}

void ExportGraph(const graph::Graph& graph, const std::string& path, const ExportOptions& options) {
  constexpr uint64_t kForTheRest = uint64_t{64} << 20;
  if (!options.external_data.value_or(BytesOfConstants(graph) > kMaxBytes - kForTheRest)) {
    return WriteFileAtomically(path, {ToBytes(graph, options)});
  }
  const std::string data_path = path + ".data";
  OutsideTensors outside{.location = std::filesystem::path(data_path).filename().string(),
                         .least_bytes = options.external_threshold};
  const std::string model = Write(graph, options, &outside);
  const std::string padding(4096, '\0');
  std::vector<std::string_view> pieces;
  uint64_t written = 0;
  for (size_t i = 0; i < outside.tensors.size(); ++i) {
    pieces.push_back(std::string_view(padding).substr(0, outside.offsets[i] - written));
    const Tensor& tensor = outside.tensors[i];
    pieces.emplace_back(static_cast<const char*>(tensor.raw_data()),
                        static_cast<size_t>(tensor.nbytes()));
    written = outside.offsets[i] + static_cast<uint64_t>(tensor.nbytes());
  }
  if (!pieces.empty()) WriteFileAtomically(data_path, pieces);
  WriteFileAtomically(path, {model});
}

absl::StatusOr<graph::Graph> FromBytes(std::string_view bytes, const ImportOptions& options) {
  GivenBytes given(options.external_data);
  return Import(bytes, options, options.external_data ? &given : nullptr);
}

absl::StatusOr<graph::Graph> FromBytesOf(const std::string& path, std::string_view bytes,
                                         const ImportOptions& options) {
  if (options.external_data) return FromBytes(bytes, options);
  FilesBeside beside(path);
  return Import(bytes, options, &beside);
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
    if (!InputsWithoutShape(*model).empty()) ++counts["Input:any_rank"];
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
    return FromBytesOf(path, *bytes, options);
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
