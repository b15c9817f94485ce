#include "neura/onnx/conformance/cases.h"

#include <cmath>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "neura/graph/graph.h"
#include "neura/onnx/format/tensor_message.h"
#include "neura/onnx/import/narrow.h"
#include "neura/onnx/onnx.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/op_cases.h"
#include "onnx/onnx.pb.h"

namespace neura::onnx {
namespace {

namespace fs = std::filesystem;
using testing::Array;
using testing::ToArray;

std::string ReadAll(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

absl::StatusOr<std::vector<TensorOfFile>> ReadTensors(const fs::path& set,
                                                     const std::string& kind) {
  std::vector<TensorOfFile> tensors;
  for (int i = 0;; ++i) {
    const fs::path path = set / absl::StrCat(kind, "_", i, ".pb");
    if (!fs::exists(path)) return tensors;
    absl::StatusOr<TensorOfFile> read = ReadTensorOfFile(ReadAll(path));
    if (!read.ok()) return absl::UnimplementedError(read.status().message());
    tensors.push_back(*std::move(read));
  }
}

std::vector<Tensor> Held(const std::vector<TensorOfFile>& tensors) {
  std::vector<Tensor> held;
  for (const TensorOfFile& tensor : tensors) held.push_back(tensor.tensor);
  return held;
}

// What is wrong with the result, if anything. The tolerance is that of ONNX's own runner.
std::optional<std::string> Difference(const Tensor& actual, const TensorOfFile& of_file) {
  const Tensor& expected = of_file.tensor;
  if (actual.dtype() != expected.dtype() || actual.shape() != expected.shape()) {
    return absl::StrCat("is ", Describe(actual), ", expected ", Describe(expected));
  }
  const auto numbers = [&](const Tensor& tensor) {
    const bool integers =
        of_file.narrow == nullptr || of_file.narrow->kind == NarrowType::Kind::kInteger;
    return ToArray(integers ? tensor : Take(NumbersOf(*of_file.narrow), Cast(tensor, kInt64)));
  };
  const Array a = numbers(actual), b = numbers(expected);
  for (int64_t i = 0; i < a.numel(); ++i) {
    if (a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i]))) continue;
    if (!(std::abs(a[i] - b[i]) <= 1e-7 + 1e-3 * std::abs(b[i]))) {
      return absl::StrCat("element ", i, " is ", a[i], ", expected ", b[i]);
    }
  }
  return std::nullopt;
}

// Many cases have as inputs what models have as constants: axes, shapes, pads.
std::string WithConstants(const std::string& bytes, const std::vector<Tensor>& inputs) {
  ::onnx::ModelProto model;
  model.ParseFromString(bytes);
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].dtype() != kInt64 || inputs[i].dim() > 1) continue;
    ::onnx::TensorProto* initializer = model.mutable_graph()->add_initializer();
    initializer->ParseFromString(
        WriteTensor(inputs[i], model.graph().input(static_cast<int>(i)).name()));
  }
  return model.SerializeAsString();
}

// The files have bfloat16 as uint16, with what does not fit cut off rather than rounded.
bool HasBitsOfBFloat16(const std::vector<Tensor>& tensors, const auto& dtype_of) {
  for (size_t i = 0; i < tensors.size(); ++i) {
    if (tensors[i].dtype() == kUInt16 && dtype_of(i) == kBFloat16) return true;
  }
  return false;
}

// Whether the outputs are random numbers, of which shape and dtype alone can be compared.
bool Draws(const std::string& bytes, const std::vector<Tensor>& inputs) {
  ::onnx::ModelProto model;
  model.ParseFromString(bytes);
  const auto number = [&](const ::onnx::NodeProto& node, int i, double otherwise) {
    for (int k = 0; k < model.graph().input_size() && i < node.input_size(); ++k) {
      if (model.graph().input(k).name() == node.input(i)) {
        return ToArray(inputs[static_cast<size_t>(k)])[0];
      }
    }
    return otherwise;
  };
  for (const ::onnx::NodeProto& node : model.graph().node()) {
    if (node.op_type().starts_with("Random") || node.op_type() == "Bernoulli") return true;
    const bool drops = node.op_type() == "Dropout" && number(node, 2, 0) != 0;
    if (drops && number(node, 1, 0.5) != 0) return true;
  }
  return false;
}

// One set of inputs and outputs: OK, Unimplemented, or what went wrong.
absl::Status RunSet(const std::string& bytes, CaseInputs as, const std::vector<Tensor>& inputs,
                    const std::vector<TensorOfFile>& outputs) {
  absl::StatusOr<graph::Graph> graph = FromBytes(bytes);
  const bool constants =
      as == CaseInputs::kConstantsWhereRefused && absl::IsUnimplemented(graph.status());
  if (constants) {
    const absl::Status first = graph.status();
    graph = FromBytes(WithConstants(bytes, inputs));
    if (absl::IsUnimplemented(graph.status())) return first;
  }
  if (!graph.ok()) return graph.status();
  std::vector<Tensor> given;
  for (const Tensor& input : inputs) {
    if (!constants || input.dtype() != kInt64 || input.dim() > 1) given.push_back(input);
  }
  const auto in_graph = [&](absl::Span<const graph::ValueId> values) {
    return [&, values](size_t i) { return graph->value(values[i]).dtype; };
  };
  if (HasBitsOfBFloat16(given, in_graph(graph->inputs())) ||
      HasBitsOfBFloat16(Held(outputs), in_graph(graph->outputs()))) {
    return absl::UnimplementedError("bfloat16 as the bits of uint16");
  }
  const bool draws = Draws(bytes, inputs);
  try {
    const std::vector<Tensor> results = graph::Compile(*graph).Run(given);
    if (results.size() != outputs.size()) return absl::InternalError("number of outputs");
    for (size_t i = 0; i < results.size(); ++i) {
      const Tensor& expected = outputs[i].tensor;
      const bool same_type =
          results[i].dtype() == expected.dtype() && results[i].shape() == expected.shape();
      if (same_type && draws) continue;
      if (const auto difference = Difference(results[i], outputs[i])) {
        return absl::InternalError(absl::StrCat("output ", i, " ", *difference));
      }
    }
  } catch (const Error& error) {
    return absl::Status(error.code(), error.message());
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status RunCase(const fs::path& path, CaseInputs as) {
  const std::string bytes = ReadAll(path / "model.onnx");
  for (const auto& set : fs::directory_iterator(path)) {
    if (!set.is_directory()) continue;
    const auto inputs = ReadTensors(set.path(), "input");
    const auto outputs = ReadTensors(set.path(), "output");
    if (!inputs.ok()) return inputs.status();
    if (!outputs.ok()) return outputs.status();
    const absl::Status status = RunSet(bytes, as, Held(*inputs), *outputs);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace neura::onnx
