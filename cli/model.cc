#include "neura/cli/model.h"

#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "neura/onnx/onnx.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/io/byte_source.h"

namespace neura::cli {
namespace {

// What is often found where a model was meant to be.
std::string_view Likeness(std::string_view bytes) {
  const std::string_view text = absl::StripLeadingAsciiWhitespace(bytes.substr(0, 200));
  if (bytes.empty()) return "it is empty";
  if (absl::AsciiStrToLower(text.substr(0, 5)) == "<html" || text.substr(0, 2) == "<!") {
    return "it is a web page: download the file itself";
  }
  if (text.starts_with("version https://git-lfs")) {
    return "it is a pointer of Git LFS: run `git lfs pull`";
  }
  if (text.starts_with("PK\x03\x04")) {
    return "it is a zip archive, as torch.save writes: export the model to ONNX";
  }
  if (bytes.size() > 9 && bytes.substr(8, 1) == "{" && bytes[7] == '\0') {
    return "it is a safetensors file, which holds weights and no model";
  }
  return "";
}

using Sizes = std::vector<std::pair<std::string, int64_t>>;

Sizes SizesOf(const std::vector<std::string>& dims) {
  Sizes sizes;
  for (const std::string& dim : dims) {
    const size_t at = dim.rfind('=');
    int64_t size = 0;
    if (at == 0 || at == std::string::npos || !absl::SimpleAtoi(dim.substr(at + 1), &size) ||
        size < 0) {
      ThrowInvalidArgument(absl::StrCat("--dim ", dim, ": NAME=SIZE is expected, as batch=8"));
    }
    sizes.emplace_back(dim.substr(0, at), size);
  }
  return sizes;
}

std::set<std::string> OpenSizes(const std::string& path, std::string_view bytes) {
  absl::StatusOr<std::set<std::string>> open = onnx::OpenSizesOf(bytes);
  if (!open.ok()) ThrowBadModel(path, bytes, std::string(open.status().message()));
  return *std::move(open);
}

graph::Graph Import(const std::string& path, std::string_view bytes, Sizes sizes) {
  absl::StatusOr<graph::Graph> graph =
      onnx::FromBytesOf(path, bytes, {.fixed_dims = std::move(sizes)});
  if (!graph.ok()) ThrowBadModel(path, bytes, std::string(graph.status().message()));
  return *std::move(graph);
}

}  // namespace

void AddDims(CLI::App& command, std::vector<std::string>& dims) {
  command
      .add_option("--dim", dims,
                  "NAME=SIZE of an open size, such as batch=8; `neura inspect` lists them. May be "
                  "given several times")
      ->type_name("NAME=SIZE")
      ->allow_extra_args(false);
}

void AddModel(CLI::App& command, ModelOptions& options) {
  command.add_option("model", options.path, "An ONNX file")->required()->type_name("FILE");
  AddDims(command, options.dims);
}

std::string ReadFile(const std::string& path) {
  absl::StatusOr<std::string> bytes = ReadFromFile(
      path,
      [](const ByteSource& source) -> absl::StatusOr<std::string> { return ReadAll(source); });
  if (!bytes.ok()) ThrowStatus(bytes.status());
  return *std::move(bytes);
}

void ThrowBadModel(const std::string& path, std::string_view bytes, const std::string& why) {
  const std::string_view likeness = Likeness(bytes);
  ThrowInvalidArgument(absl::StrCat(path, ": ", likeness.empty() ? "" : "this is no ONNX model; ",
                                    likeness.empty() ? why : likeness));
}

graph::Graph LoadModel(const std::string& path, std::string_view bytes,
                       const std::vector<std::string>& dims) {
  const std::set<std::string> open = OpenSizes(path, bytes);
  const Sizes sizes = SizesOf(dims);
  for (const auto& [name, size] : sizes) {
    if (open.contains(name)) continue;
    ThrowInvalidArgument(absl::StrCat("--dim ", name, ": ", path, " has no such size, but: ",
                                      open.empty() ? "none" : absl::StrJoin(open, ", ")));
  }
  return Import(path, bytes, sizes);
}

graph::Graph LoadModel(const ModelOptions& options) {
  return LoadModel(options.path, ReadFile(options.path), options.dims);
}

graph::Graph LoadOther(const std::string& path, const std::vector<std::string>& dims) {
  return Import(path, ReadFile(path), SizesOf(dims));
}

std::string TypeText(const graph::Graph& graph, graph::ValueId id) {
  const graph::Value& value = graph.value(id);
  std::string text =
      value.kind == graph::ValueKind::kTensor ? "" : absl::StrCat(KindName(value.kind), " of ");
  absl::StrAppend(&text, DTypeName(value.dtype), " [");
  for (size_t i = 0; i < value.shape.size(); ++i) {
    absl::StrAppend(&text, i == 0 ? "" : ", ", graph.ExtentToString(value.shape[i]));
  }
  return text + "]";
}

Json TypeJson(const graph::Graph& graph, graph::ValueId id, const std::string& name) {
  const graph::Value& value = graph.value(id);
  Json shape = Json::array();
  for (const graph::SymInt& extent : value.shape) {
    if (extent.is_number()) {
      shape.push_back(extent.number());
    } else {
      shape.push_back(graph.ExtentToString(extent));
    }
  }
  return {{"name", name},
          {"kind", KindName(value.kind)},
          {"dtype", std::string(DTypeName(value.dtype))},
          {"shape", shape}};
}

std::vector<int64_t> SmallestSizes(const graph::Graph& graph) {
  return std::vector<int64_t>(graph.symbols().size(), 1);
}

std::string SizesText(const graph::Graph& graph, const std::vector<int64_t>& sizes) {
  std::string text;
  for (size_t i = 0; i < sizes.size(); ++i) {
    absl::StrAppend(&text, i == 0 ? "" : ", ", graph.symbols()[i].name, " = ", sizes[i]);
  }
  return text;
}

}  // namespace neura::cli
