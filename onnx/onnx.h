// ONNX files (https://onnx.ai): a way out of and into graphs.
//
//   onnx::Export(net, {example}, "net.onnx");
//   onnx::Export(net, {example}, "net.onnx", {.opset = 23, .metadata = {{"trained_on", "cats"}}});
//   absl::StatusOr<graph::Program> program = onnx::Load("net.onnx");
//   Tensor y = (*program)(x);
#ifndef NEURA_ONNX_ONNX_H_
#define NEURA_ONNX_ONNX_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "neura/graph/capture.h"
#include "neura/graph/graph.h"
#include "neura/graph/program.h"

namespace neura::onnx {

// ---- out -------------------------------------------------------------------------------------

// The operator set that is written unless another is asked for, and those that may be.
inline constexpr int kOpset = 17, kOldestOpset = 13, kNewestOpset = 28;

// Dimension `dim` of output `output` has this name, where its size follows from no named one.
struct OutputDim {
  int output = 0;
  int dim = 0;
  std::string name;
};

struct ExportOptions {
  graph::CaptureOptions capture = {};  // names and sizes left open; the batch size is by default
  int opset = kOpset;
  std::string model_name = "neura";  // that of its graph
  std::string doc_string = {};
  std::vector<std::pair<std::string, std::string>> metadata = {};  // metadata_props
  std::string producer_name = "neura";
  std::string producer_version = {};  // empty: that of this library
  std::string domain = {};            // "org.example.vision"
  int64_t model_version = 0;
  std::vector<OutputDim> output_dims = {};
  // Whether tensors of at least external_threshold bytes lie in a file beside the model, which is
  // called as that is with ".data" behind it; by default where one file could not hold them.
  std::optional<bool> external_data = {};
  int64_t external_threshold = 1024;
};

// The bytes of a model, with all its tensors. Throws Unimplemented for an operation that ONNX or
// the operator set cannot say, with the module that it is in, and why; InvalidArgument for a set
// that is not written; ResourceExhausted where one file cannot hold the model.
std::string ToBytes(const graph::Graph& graph, const ExportOptions& options = {});

// Captures a function of tensors and writes it to `path`, where either the old file or the whole
// new one is at any moment; a file of its tensors is replaced in the same way before. Parameters
// and buffers of modules keep their names: of whatever has NamedParameters() and NamedBuffers()
// that give pairs of a string and a tensor. Nodes begin with the path of the module that they are
// of. What the operator set has an operator for is that: recurrent layers, attention,
// normalization, resizing. Put modules into evaluation mode first. Throws Error.
template <typename Fn>
void Export(Fn&& function, const std::vector<Tensor>& examples, const std::string& path,
            ExportOptions options = {});
void ExportGraph(const graph::Graph& graph, const std::string& path,
                 const ExportOptions& options = {});

// Options for capturing a graph that is to be written with these: functions that the operator set
// has operators for stay whole.
graph::CaptureOptions CaptureOptionsOf(const ExportOptions& options);

// ---- in --------------------------------------------------------------------------------------

struct ImportOptions {
  // Sizes of open dimensions, by the name in the file, for models whose shapes cannot be worked out
  // while they are open.
  std::vector<std::pair<std::string, int64_t>> fixed_dims = {};
  // Of each Loop. A run that would take more ends with FailedPrecondition.
  int64_t most_loop_rounds = graph::Loop::kMostRounds;
  // The bytes that a model means by the location of a tensor that lies outside of it.
  std::function<absl::StatusOr<std::string>(const std::string& location)> external_data = {};
};

// The bytes may come from anywhere: whatever is wrong with them is an InvalidArgument, an operator
// or operator set that is not known an Unimplemented, which names the node. Nothing is allocated
// that the bytes do not pay for.
absl::StatusOr<graph::Graph> FromBytes(std::string_view bytes, const ImportOptions& options = {});
// The bytes of the file at `path`. Without external_data, tensors that lie outside of it are read
// from files below its folder alone, mapped and not copied, and so not to be made shorter while the
// model is in use. LoadGraph and Load do so, too.
absl::StatusOr<graph::Graph> FromBytesOf(const std::string& path, std::string_view bytes,
                                         const ImportOptions& options = {});
// The operators that a model consists of and how many nodes are of each, and the same of
// "Slice:at_run_time" for a form of one that few models have, and "Input:any_rank" where an input
// has no shape; InvalidArgument where the bytes are no model.
absl::StatusOr<std::map<std::string, int64_t>> OperatorsOf(std::string_view bytes);
// The names of the open sizes of a model's inputs, as fixed_dims takes them: "input_dim0" where the
// file has none.
absl::StatusOr<std::set<std::string>> OpenSizesOf(std::string_view bytes);
// Errors name the file.
absl::StatusOr<graph::Graph> LoadGraph(const std::string& path, const ImportOptions& options = {});
// Optimized and ready to run.
absl::StatusOr<graph::Program> Load(const std::string& path, const ImportOptions& options = {});

// ---- implementation ----

template <typename Fn>
void Export(Fn&& function, const std::vector<Tensor>& examples, const std::string& path,
            ExportOptions options) {
  auto& names = options.capture.constant_names;
  if constexpr (requires { function.NamedParameters(); }) {
    for (const auto& [name, tensor] : function.NamedParameters()) names.emplace_back(name, tensor);
  }
  if constexpr (requires { function.NamedBuffers(); }) {
    for (const auto& [name, tensor] : function.NamedBuffers()) names.emplace_back(name, tensor);
  }
  ExportGraph(graph::Capture(function, examples, CaptureOptionsOf(options)), path, options);
}

}  // namespace neura::onnx

#endif  // NEURA_ONNX_ONNX_H_
