#include "neura/onnx/onnx.h"

#include <limits>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "neura/graph/passes/passes.h"
#include "neura/onnx/exporter.h"
#include "neura/onnx/importer.h"
#include "neura/tensor/io/atomic_file.h"
#include "neura/tensor/io/byte_source.h"

namespace neura::onnx {

namespace {

constexpr int kIrVersion = 8;
// What protobuf can read and write.
constexpr uint64_t kMaxBytes = std::numeric_limits<int32_t>::max();

}  // namespace

std::string ToBytes(const graph::Graph& graph, std::string_view model_name) {
  ::onnx::ModelProto model;
  model.set_ir_version(kIrVersion);
  model.set_producer_name("neura");
  ::onnx::OperatorSetIdProto* opset = model.add_opset_import();
  opset->set_domain("");
  opset->set_version(kOpset);
  model.mutable_graph()->set_name(std::string(model_name));
  graph::Graph needed = graph;
  graph::EliminateDeadCode(needed);
  graph::RemoveIdentities(needed);
  Exporter(needed, model.mutable_graph()).Run();
  if (model.ByteSizeLong() > kMaxBytes) {
    ThrowResourceExhausted(absl::StrCat("onnx: the model takes ", model.ByteSizeLong(),
                                        " bytes; one file holds at most ", kMaxBytes));
  }
  return model.SerializeAsString();
}

void ExportGraph(const graph::Graph& graph, const std::string& path, std::string_view model_name) {
  WriteFileAtomically(path, {ToBytes(graph, model_name)});
}

absl::StatusOr<graph::Graph> FromBytes(std::string_view bytes, const ImportOptions& options) {
  if (bytes.size() > kMaxBytes) return absl::InvalidArgumentError("the model is too large");
  try {
    ::onnx::ModelProto model;
    if (!model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
      return absl::InvalidArgumentError("the bytes are not an ONNX model");
    }
    return ImportModel(model, options.fixed_dims);
  } catch (const Error& error) {
    return absl::Status(error.code(), error.message());
  }
}

absl::StatusOr<graph::Graph> LoadGraph(const std::string& path, const ImportOptions& options) {
  return ReadFromFile(path, [&options](const ByteSource& source) -> absl::StatusOr<graph::Graph> {
    const absl::StatusOr<std::string> bytes = ReadAll(source, kMaxBytes);
    if (!bytes.ok()) return bytes.status();
    return FromBytes(*bytes, options);
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
