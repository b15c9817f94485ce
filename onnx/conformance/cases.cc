#include "neura/onnx/conformance/cases.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "neura/graph/graph.h"
#include "neura/onnx/conformance/data_file.h"
#include "neura/onnx/format/tensor_message.h"
#include "neura/onnx/import/narrow.h"
#include "neura/onnx/onnx.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/op_cases.h"
#include "onnx/onnx.pb.h"

namespace neura::onnx {
namespace {

namespace fs = std::filesystem;
using graph::Datum;
using testing::Array;
using testing::ToArray;

std::string ReadAll(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

absl::StatusOr<std::vector<DatumOfFile>> ReadData(
    const fs::path& set, const std::string& kind,
    const google::protobuf::RepeatedPtrField<::onnx::ValueInfoProto>& declared) {
  std::vector<DatumOfFile> data;
  for (int i = 0;; ++i) {
    const fs::path path = set / absl::StrCat(kind, "_", i, ".pb");
    if (!fs::exists(path) || i >= declared.size()) return data;
    absl::StatusOr<DatumOfFile> read = ReadDatum(ReadAll(path), declared[i].type());
    if (!read.ok()) return read.status();
    data.push_back(*std::move(read));
  }
}

// Undefined where it is none.
Tensor TensorOf(const Datum& datum) {
  return datum.kind() == graph::ValueKind::kTensor ? datum.tensor() : Tensor();
}

// What is wrong with the result, if anything.
std::optional<std::string> Difference(const Tensor& actual, const Tensor& expected,
                                      const NarrowType* narrow, double share_of_largest) {
  if (actual.dtype() != expected.dtype() || actual.shape() != expected.shape()) {
    return absl::StrCat("is ", Describe(actual), ", expected ", Describe(expected));
  }
  const auto numbers = [&](const Tensor& tensor) {
    const bool integers = narrow == nullptr || narrow->kind == NarrowType::Kind::kInteger;
    return ToArray(integers ? tensor : Take(NumbersOf(*narrow), Cast(tensor, kInt64)));
  };
  const Array a = numbers(actual), b = numbers(expected);
  double largest = 0;
  for (int64_t i = 0; i < b.numel(); ++i) {
    if (std::isfinite(b[i])) largest = std::max(largest, std::abs(b[i]));
  }
  // That of ONNX's own runner, and what was asked for, but two steps of the dtype.
  if (share_of_largest > 0 && expected.dtype() == kFloat16) {
    share_of_largest = std::max(share_of_largest, 0x1p-9);
  }
  const double least = 1e-7 + share_of_largest * largest;
  for (int64_t i = 0; i < a.numel(); ++i) {
    if (a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i]))) continue;
    if (!(std::abs(a[i] - b[i]) <= least + 1e-3 * std::abs(b[i]))) {
      return absl::StrCat("element ", i, " is ", a[i], ", expected ", b[i]);
    }
  }
  return std::nullopt;
}

std::optional<std::string> Difference(const Datum& actual, const DatumOfFile& expected,
                                      double share_of_largest) {
  if (actual.kind() != expected.datum.kind()) {
    return absl::StrCat("is a ", graph::KindName(actual.kind()), ", expected a ",
                        graph::KindName(expected.datum.kind()));
  }
  if (actual.kind() == graph::ValueKind::kOptional) return std::nullopt;
  if (actual.kind() == graph::ValueKind::kTensor) {
    return Difference(actual.tensor(), expected.datum.tensor(), expected.narrow, share_of_largest);
  }
  if (actual.kind() == graph::ValueKind::kStrings) {
    const bool same = actual.strings() == expected.datum.strings() &&
                      actual.strings_shape() == expected.datum.strings_shape();
    return same ? std::nullopt : std::optional<std::string>("has other strings");
  }
  const std::vector<Tensor>&a = actual.sequence(), &b = expected.datum.sequence();
  if (a.size() != b.size()) {
    return absl::StrCat("is a sequence of ", a.size(), ", expected one of ", b.size());
  }
  for (size_t i = 0; i < a.size(); ++i) {
    if (auto difference = Difference(a[i], b[i], nullptr, share_of_largest)) return difference;
  }
  return std::nullopt;
}

// Many cases have as inputs what models have as constants: axes, shapes, pads.
bool IsConstantInModels(const Tensor& tensor) {
  return tensor.defined() && tensor.dtype() == kInt64 && tensor.dim() <= 1;
}
std::string WithConstants(::onnx::ModelProto model, const std::vector<DatumOfFile>& inputs) {
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Tensor input = TensorOf(inputs[i].datum);
    if (!IsConstantInModels(input)) continue;
    ::onnx::TensorProto* initializer = model.mutable_graph()->add_initializer();
    initializer->ParseFromString(
        WriteTensor(input, model.graph().input(static_cast<int>(i)).name()));
  }
  return model.SerializeAsString();
}

// Whether the outputs are random numbers, of which shape and dtype alone can be compared.
bool Draws(const ::onnx::ModelProto& model, const std::vector<DatumOfFile>& inputs) {
  const auto number = [&](const ::onnx::NodeProto& node, int i, double otherwise) {
    for (int k = 0; k < model.graph().input_size() && i < node.input_size(); ++k) {
      if (model.graph().input(k).name() == node.input(i)) {
        return ToArray(inputs[static_cast<size_t>(k)].datum.tensor())[0];
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
absl::Status RunSet(const std::string& bytes, const ::onnx::ModelProto& model, CaseInputs as,
                    const std::vector<DatumOfFile>& inputs, const std::vector<DatumOfFile>& outputs,
                    double share_of_largest) {
  absl::StatusOr<graph::Graph> graph = FromBytes(bytes);
  const bool constants =
      as == CaseInputs::kConstantsWhereRefused && absl::IsUnimplemented(graph.status());
  if (constants) {
    const absl::Status first = graph.status();
    graph = FromBytes(WithConstants(model, inputs));
    if (absl::IsUnimplemented(graph.status())) return first;
  }
  if (!graph.ok()) return graph.status();
  std::vector<DatumOfFile> given;
  for (const DatumOfFile& input : inputs) {
    if (!constants || !IsConstantInModels(TensorOf(input.datum))) given.push_back(input);
  }
  const bool draws = Draws(model, inputs);
  std::vector<Datum> data;
  for (const DatumOfFile& input : given) data.push_back(input.datum);
  try {
    const std::vector<Datum> results = graph::Compile(*graph).RunData(data);
    if (results.size() != outputs.size()) return absl::InternalError("number of outputs");
    for (size_t i = 0; i < results.size(); ++i) {
      const Tensor result = TensorOf(results[i]), expected = TensorOf(outputs[i].datum);
      const bool same_type = result.defined() && expected.defined() &&
                             result.dtype() == expected.dtype() &&
                             result.shape() == expected.shape();
      if (same_type && draws) continue;
      if (const auto difference = Difference(results[i], outputs[i], share_of_largest)) {
        return absl::InternalError(absl::StrCat("output ", i, " ", *difference));
      }
    }
  } catch (const Error& error) {
    return absl::Status(error.code(), error.message());
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status RunCase(const fs::path& path, CaseInputs as, double share_of_largest) {
  const std::string bytes = ReadAll(path / "model.onnx");
  ::onnx::ModelProto model;
  model.ParseFromString(bytes);
  for (const auto& set : fs::directory_iterator(path)) {
    if (!set.is_directory()) continue;
    const auto inputs = ReadData(set.path(), "input", model.graph().input());
    const auto outputs = ReadData(set.path(), "output", model.graph().output());
    if (!inputs.ok()) return inputs.status();
    if (!outputs.ok()) return outputs.status();
    const absl::Status status = RunSet(bytes, model, as, *inputs, *outputs, share_of_largest);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace neura::onnx
