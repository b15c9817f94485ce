// neura convert: weights from one kind of file into another, and into smaller dtypes.
#include <algorithm>
#include <cmath>
#include <optional>
#include <set>
#include <string_view>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "neura/cli/command.h"
#include "neura/cli/model.h"
#include "neura/onnx/weights.h"
#include "neura/tensor/core/units.h"
#include "neura/tensor/io/atomic_file.h"
#include "neura/tensor/io/safetensors.h"
#include "neura/tensor/tensor.h"

namespace neura::cli {
namespace {

struct ConvertOptions {
  std::string input, output;
  std::string model;  // whose weights are replaced
  std::string dtype;
  bool json = false;
};

// A weight in int8: weight = values * scale, for each slice along `axis`.
struct Quantized {
  Tensor values, scale;  // scale has the extent of `axis`
  int64_t axis = 0;
  double error = 0;  // the sum of the squares of what rounding has changed
};

Quantized QuantizeAlong(const Tensor& weight, int64_t axis) {
  Dims others;
  for (int64_t d = 0; d < weight.dim(); ++d) {
    if (d != axis) others.push_back(d);
  }
  const Tensor largest = AMax(Abs(weight), {.dims = others, .keepdim = true});
  // Slices of zeros have a scale, too.
  const Tensor scale = Where(largest > 0, largest / 127, OnesLike(largest));
  const Tensor rounded = Clamp(Round(weight / scale), {.min = -127, .max = 127});
  const Tensor change = Cast(rounded * scale - weight, kFloat64);
  return {Cast(rounded, kInt8), Contiguous(Reshape(scale, {weight.size(axis)})), axis,
          Sum(change * change).Item<double>()};
}

// Outputs of convolutions and of linear layers lie along the first dimension, those of matrix
// products along the last: what loses less is taken.
std::optional<Quantized> Quantize(const Tensor& weight) {
  if (weight.dtype() != kFloat32 || weight.dim() < 2 || weight.numel() == 0) return std::nullopt;
  if (!All(IsFinite(weight)).Item<bool>()) return std::nullopt;
  Quantized first = QuantizeAlong(weight, 0);
  Quantized last = QuantizeAlong(weight, weight.dim() - 1);
  return first.error <= last.error ? std::move(first) : std::move(last);
}

// The same numbers in another floating point dtype; nothing for what is not floating point, has it
// already, or would become infinite.
std::optional<Tensor> Converted(const Tensor& weight, DType dtype) {
  if (!IsFloating(weight.dtype()) || weight.dtype() == dtype) return std::nullopt;
  const Tensor converted = Cast(weight, dtype);
  if (!Equal(IsInf(converted), IsInf(weight))) return std::nullopt;
  return converted;
}

DType FloatDType(const std::string& name) {
  return name == "float16" ? kFloat16 : name == "bfloat16" ? kBFloat16 : kFloat32;
}

// What was done, to be told.
struct Report {
  int64_t tensors = 0, changed = 0;
  int64_t bytes_before = 0, bytes_after = 0;
};

void Count(Report& report, const Tensor& before, const Tensor& after, const Tensor& scale = {}) {
  ++report.tensors;
  report.changed += before.dtype() != after.dtype();
  report.bytes_before += static_cast<int64_t>(before.nbytes());
  report.bytes_after +=
      static_cast<int64_t>(after.nbytes() + (scale.defined() ? scale.nbytes() : 0));
}

constexpr char kScale[] = ".scale";

// Of the weight's dimensions, of which it has the extent of one at most.
bool IsScaleOf(const Tensor& scale, const Tensor& weight) {
  if (!IsFloating(scale.dtype()) || scale.dim() != weight.dim()) return false;
  int64_t axes = 0;
  for (int64_t d = 0; d < scale.dim(); ++d) {
    if (scale.size(d) == 1) continue;
    if (scale.size(d) != weight.size(d) || ++axes > 1) return false;
  }
  return true;
}

// int8 and its scale become the float32 that they stand for.
NamedTensors Dequantized(const NamedTensors& tensors) {
  const auto find = [&](std::string_view name) {
    return std::find_if(tensors.begin(), tensors.end(),
                        [&](const auto& each) { return each.first == name; });
  };
  NamedTensors result;
  for (const auto& [name, tensor] : tensors) {
    const auto scale = find(name + kScale);
    if (tensor.dtype() == kInt8 && scale != tensors.end()) {
      if (!IsScaleOf(scale->second, tensor)) {
        ThrowInvalidArgument(absl::StrCat(scale->first, ", ", Describe(scale->second),
                                          ", is no scale of ", name, ", ", Describe(tensor)));
      }
      result.emplace_back(name, Cast(tensor, kFloat32) * scale->second);
      continue;
    }
    const std::string_view of = absl::StripSuffix(name, kScale);
    const auto scaled = of.size() < name.size() ? find(of) : tensors.end();
    if (scaled != tensors.end() && scaled->second.dtype() == kInt8) continue;
    result.emplace_back(name, tensor);
  }
  return result;
}

// Scales have the dimensions of their weight, extents of 1 but for the axis, so that the product
// broadcasts. Without a dtype everything stays as it is.
NamedTensors InDType(const NamedTensors& tensors, const std::string& dtype, Report& report) {
  NamedTensors result;
  for (const auto& [name, tensor] : dtype.empty() ? tensors : Dequantized(tensors)) {
    if (dtype == "int8") {
      if (const std::optional<Quantized> quantized = Quantize(tensor)) {
        Dims shape(static_cast<size_t>(tensor.dim()), 1);
        shape[static_cast<size_t>(quantized->axis)] = -1;
        Count(report, tensor, quantized->values, quantized->scale);
        result.emplace_back(name, quantized->values);
        result.emplace_back(name + kScale, Reshape(quantized->scale, shape));
        continue;
      }
    } else if (!dtype.empty()) {
      if (const std::optional<Tensor> converted = Converted(tensor, FloatDType(dtype))) {
        Count(report, tensor, *converted);
        result.emplace_back(name, *converted);
        continue;
      }
    }
    Count(report, tensor, tensor);
    result.emplace_back(name, tensor);
  }
  return result;
}

// The tensors of a file of either kind, and what safetensors say besides.
Safetensors Weights(const std::string& path) {
  if (absl::EndsWith(path, ".safetensors")) {
    absl::StatusOr<Safetensors> file = LoadSafetensors(path);
    if (!file.ok()) ThrowStatus(file.status());
    return *std::move(file);
  }
  const std::string bytes = ReadFile(path);
  absl::StatusOr<NamedTensors> weights = onnx::WeightsOf(bytes);
  if (!weights.ok()) ThrowBadModel(path, bytes, std::string(weights.status().message()));
  return {.tensors = *std::move(weights)};
}

// A model with the weights of `given`, or its own, in another dtype.
std::string ModelWith(const std::string& path, const std::string& bytes,
                      const std::optional<NamedTensors>& given, const std::string& dtype,
                      const std::string& given_path, Report& report) {
  std::set<std::string> used;
  const auto replace = [&](const std::string& name,
                           const Tensor& old) -> std::optional<onnx::StoredWeight> {
    Tensor weight = old;
    if (given) {
      for (const auto& [given_name, tensor] : *given) {
        if (given_name != name) continue;
        used.insert(name);
        // The model reads what it has read; another dtype of the file's is one of storage.
        weight = tensor;
      }
    }
    std::optional<onnx::StoredWeight> stored;
    if (dtype == "int8" && old.dtype() == kFloat32) {
      if (const std::optional<Quantized> quantized = Quantize(Cast(weight, kFloat32))) {
        stored = onnx::StoredWeight{quantized->values, quantized->scale, quantized->axis};
      }
    } else if (!dtype.empty() && dtype != "int8") {
      if (const std::optional<Tensor> converted = Converted(weight, FloatDType(dtype))) {
        stored = onnx::StoredWeight{*converted};
      }
    }
    if (!stored && used.contains(name)) stored = onnx::StoredWeight{weight};
    if (stored && IsFloating(old.dtype()) != IsFloating(weight.dtype())) {
      ThrowInvalidArgument(absl::StrCat("weight ", name, " is ", Describe(old),
                                        ", what is to replace it ", Describe(weight)));
    }
    Count(report, old, stored ? stored->values : old, stored ? stored->scale : Tensor());
    return stored;
  };
  absl::StatusOr<std::string> converted = onnx::WithWeights(bytes, replace);
  if (!converted.ok()) ThrowBadModel(path, bytes, std::string(converted.status().message()));
  if (given) {
    std::vector<std::string> unknown;
    for (const auto& [name, tensor] : *given) {
      if (!used.contains(name)) unknown.push_back(name);
    }
    if (!unknown.empty()) {
      ThrowInvalidArgument(absl::StrCat(given_path, ": ", path, " has no weights named ",
                                        absl::StrJoin(unknown, ", ")));
    }
  }
  return *std::move(converted);
}

int ConvertCommand(const ConvertOptions& options) {
  const bool to_model = absl::EndsWith(options.output, ".onnx");
  if (!to_model && !absl::EndsWith(options.output, ".safetensors")) {
    ThrowInvalidArgument(options.output + ": the name must end in .onnx or .safetensors");
  }
  Report report;
  if (!to_model) {
    if (!options.model.empty()) ThrowInvalidArgument("--model is for a model as the output");
    Safetensors weights = Weights(options.input);
    weights.tensors = InDType(weights.tensors, options.dtype, report);
    SaveSafetensors(options.output, weights);
  } else {
    const bool from_weights = absl::EndsWith(options.input, ".safetensors");
    if (from_weights && options.model.empty()) {
      ThrowInvalidArgument(options.input +
                           ": holds weights alone: --model names the model that they are for");
    }
    const std::string& model = options.model.empty() ? options.input : options.model;
    std::optional<NamedTensors> given;
    if (!options.model.empty()) given = Dequantized(Weights(options.input).tensors);
    WriteFileAtomically(options.output, {ModelWith(model, ReadFile(model), given, options.dtype,
                                                   options.input, report)});
  }
  if (options.json) {
    Print(Json{{"path", options.output},
               {"tensors", report.tensors},
               {"converted", report.changed},
               {"bytes_before", report.bytes_before},
               {"bytes", report.bytes_after}});
  } else {
    Print(absl::StrCat(options.output, ": ", report.tensors, " tensors, ", report.changed,
                       " of them converted, ", BytesText(report.bytes_before), " -> ",
                       BytesText(report.bytes_after), "\n"));
  }
  return kDone;
}

}  // namespace

void AddConvert(CLI::App& program, Action& action) {
  AddCommand<ConvertOptions>(
      program, action,
      {"convert", "Weights between ONNX and safetensors, and into float16, bfloat16 or int8",
       "A model computes as before: its weights are converted when it is loaded. int8 is for "
       "float32 weights of\ntwo dimensions or more, with a scale for each slice (NAME.scale in "
       "safetensors). Weights that float16\ncannot hold stay as they are; without --dtype, all "
       "do.\n",
       "  neura convert model.onnx weights.safetensors\n"
       "  neura convert weights.safetensors tuned.onnx --model model.onnx\n"
       "  neura convert model.onnx small.onnx --dtype int8\n"
       "  neura convert weights.safetensors half.safetensors --dtype float16"},
      [](CLI::App& command, ConvertOptions& options) {
        command.add_option("input", options.input, "A .onnx or .safetensors file")
            ->required()
            ->type_name("FILE");
        command.add_option("output", options.output, "The .onnx or .safetensors file to write")
            ->required()
            ->type_name("OUTPUT");
        command
            .add_option("--model", options.model,
                        "The ONNX model whose weights of the same names are replaced")
            ->type_name("FILE");
        command.add_option("--dtype", options.dtype, "float32, float16, bfloat16 or int8")
            ->check(CLI::IsMember({"float32", "float16", "bfloat16", "int8"}));
        AddJson(command, options.json);
      },
      &ConvertCommand);
}

}  // namespace neura::cli
