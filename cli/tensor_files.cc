#include "neura/cli/tensor_files.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/types/span.h"
#include "neura/cli/image_input.h"
#include "neura/cli/json_tensor.h"
#include "neura/cli/model.h"
#include "neura/data/image.h"
#include "neura/data/image_functions.h"
#include "neura/onnx/format/tensor_message.h"
#include "neura/tensor/io/atomic_file.h"
#include "neura/tensor/io/byte_source.h"
#include "neura/tensor/io/npy.h"
#include "neura/tensor/io/npz.h"
#include "neura/tensor/io/safetensors.h"
#include "neura/tensor/tensor.h"

namespace neura::cli {

const char kInputFiles[] =
    "Files are told by their names: .npy, .npz, .safetensors, .json, .pb (a TensorProto of ONNX), "
    ".png\nand .jpg. A file of several tensors gives each input the one of its name. JSON is "
    "nested "
    "lists, or\n{\"NAME\": lists, ...}. Images are resized to the extents that the input has, and "
    "become numbers from 0\nto 1, less --mean, over --std, unless the input takes uint8; several "
    "for one input are a batch.\n";

namespace {

enum class Kind { kNpy, kNpz, kSafetensors, kJson, kProto, kImage };

Kind KindOf(const std::string& path) {
  const std::string ending =
      absl::AsciiStrToLower(std::filesystem::path(path).extension().string());
  if (ending == ".npy") return Kind::kNpy;
  if (ending == ".npz") return Kind::kNpz;
  if (ending == ".safetensors") return Kind::kSafetensors;
  if (ending == ".json") return Kind::kJson;
  if (ending == ".pb") return Kind::kProto;
  if (ending == ".png" || ending == ".jpg" || ending == ".jpeg") return Kind::kImage;
  ThrowInvalidArgument(absl::StrCat(
      path, ": the name must end in .npy, .npz, .safetensors, .json, .pb, .png or .jpg"));
}

template <typename T>
T ValueOr(absl::StatusOr<T> result) {
  if (!result.ok()) ThrowStatus(result.status());
  return *std::move(result);
}

std::string Names(const std::vector<Expected>& expected) {
  return absl::StrJoin(expected, ", ",
                       [](std::string* text, const Expected& each) { text->append(each.name); });
}

std::string TypeText(const Expected& expected) {
  return absl::StrCat(DTypeName(expected.dtype), " [",
                      absl::StrJoin(expected.shape, ", ",
                                    [](std::string* text, int64_t extent) {
                                      text->append(extent < 0 ? "?" : absl::StrCat(extent));
                                    }),
                      "]");
}

const Expected* Find(const std::vector<Expected>& expected, std::string_view name) {
  const auto at = std::find_if(expected.begin(), expected.end(),
                               [&](const Expected& each) { return each.name == name; });
  return at == expected.end() ? nullptr : &*at;
}

// JSON throws exceptions of its own; errors name the file.
template <typename Read>
auto InJson(const std::string& path, Read read) {
  try {
    return read();
  } catch (const Json::exception& error) {
    ThrowInvalidArgument(absl::StrCat(path, ": ", Printable(error.what())));
  } catch (Error& error) {
    error.AddContext(path);
    throw;
  }
}

Json ParseJson(const std::string& path) {
  const std::string bytes = ReadFile(path);
  return InJson(path, [&] { return Json::parse(bytes); });
}

bool IsOneTensor(const Json& json) { return !json.is_object() || json.contains("data"); }

// Of files with several tensors, the one of a name, or the only one.
const Tensor& Member(const std::string& path, const NamedTensors& members,
                     const std::string& name) {
  for (const auto& [member, tensor] : members) {
    if (member == name || members.size() == 1) return tensor;
  }
  ThrowInvalidArgument(absl::StrCat(
      path, ": holds no ", name, ", but ",
      absl::StrJoin(members, ", ",
                    [](std::string* text, const auto& member) { text->append(member.first); })));
}

class Reader {
 public:
  Reader(const char* option, const std::vector<Expected>& expected, const InputOptions& options,
         Fit fit)
      : option_(option),
        fit_(fit),
        expected_(expected),
        options_(options),
        tensors_(expected.size()),
        are_images_(expected.size()) {}

  void Read(const std::string& spec) {
    const size_t at = spec.find('=');
    if (at == std::string::npos || std::filesystem::exists(spec)) return ReadFor(spec);
    const std::string name = spec.substr(0, at), path = spec.substr(at + 1);
    const Expected* const expected = Find(expected_, name);
    if (expected == nullptr) {
      ThrowInvalidArgument(absl::StrCat(option_, " ", spec, ": the model has no ", name,
                                        ", but: ", Names(expected_)));
    }
    Set(*expected, path, One(path, *expected));
  }

  std::vector<Tensor> Take() { return std::move(tensors_); }

 private:
  // A file without a name before it.
  void ReadFor(const std::string& path) {
    const Kind kind = KindOf(path);
    if (kind == Kind::kNpz || kind == Kind::kSafetensors) return SetAll(path, Members(path, kind));
    if (kind == Kind::kJson) {
      const Json json = ParseJson(path);
      if (!IsOneTensor(json)) return SetAll(path, json);
    }
    const Expected* expected = expected_.size() == 1 ? expected_.data() : nullptr;
    if (kind == Kind::kProto && expected == nullptr) {
      const std::string bytes = ReadFile(path);
      expected = Find(expected_, onnx::TensorName(bytes));
    }
    if (expected == nullptr) {
      ThrowInvalidArgument(absl::StrCat(option_, " ", path, ": say for which it is, NAME=", path,
                                        "; the model has ", Names(expected_)));
    }
    Set(*expected, path, One(path, *expected));
  }

  static NamedTensors Members(const std::string& path, Kind kind) {
    return kind == Kind::kNpz ? ValueOr(LoadNpz(path)) : ValueOr(LoadSafetensors(path)).tensors;
  }

  Tensor One(const std::string& path, const Expected& expected) const {
    switch (const Kind kind = KindOf(path); kind) {
      case Kind::kNpy:
        return ValueOr(LoadNpy(path));
      case Kind::kNpz:
      case Kind::kSafetensors:
        return Member(path, Members(path, kind), expected.name);
      case Kind::kJson: {
        const Json json = ParseJson(path);
        return InJson(path, [&] {
          if (IsOneTensor(json)) return TensorFromJson(json, expected.dtype);
          if (!json.contains(expected.name)) {
            ThrowInvalidArgument(absl::StrCat("holds no ", expected.name));
          }
          return TensorFromJson(json[expected.name], expected.dtype);
        });
      }
      case Kind::kProto: {
        const absl::StatusOr<Tensor> tensor = onnx::ReadTensor(ReadFile(path));
        if (!tensor.ok()) ThrowStatus(InFile(path, tensor.status()));
        return *tensor;
      }
      case Kind::kImage:
        return ImageInput(path, expected.name, expected.dtype, expected.shape, options_.mean,
                          options_.std);
    }
    ThrowInternal("a kind of file");
  }

  void SetAll(const std::string& path, const NamedTensors& members) {
    bool any = false;
    for (const auto& [name, tensor] : members) {
      const Expected* const expected = Find(expected_, name);
      if (expected != nullptr) Set(*expected, path, tensor);
      any |= expected != nullptr;
    }
    if (!any) ThrowNoneOf(path);
  }
  void SetAll(const std::string& path, const Json& json) {
    bool any = false;
    for (const auto& member : json.items()) {
      const Expected* const expected = Find(expected_, member.key());
      if (expected == nullptr) continue;
      Set(*expected, path,
          InJson(path, [&] { return TensorFromJson(member.value(), expected->dtype); }));
      any = true;
    }
    if (!any) ThrowNoneOf(path);
  }
  [[noreturn]] void ThrowNoneOf(const std::string& path) const {
    ThrowInvalidArgument(absl::StrCat(option_, " ", path, ": holds none of: ", Names(expected_)));
  }

  void Set(const Expected& expected, const std::string& path, Tensor tensor) {
    const auto i = static_cast<size_t>(&expected - expected_.data());
    if (options_.cast) tensor = Cast(tensor, expected.dtype);
    const bool is_image = KindOf(path) == Kind::kImage;
    bool fits = tensor.dtype() == expected.dtype &&
                static_cast<size_t>(tensor.dim()) == expected.shape.size();
    for (size_t d = 0; fits && d < expected.shape.size(); ++d) {
      fits = expected.shape[d] < 0 || expected.shape[d] == tensor.shape()[d] ||
             (is_image && d == 0);  // of a batch
    }
    if (!fits && fit_ == Fit::kChecked) {
      ThrowInvalidArgument(absl::StrCat(
          path, ": is ", Describe(tensor), ", but ", expected.name, " is ", TypeText(expected),
          tensor.dtype() == expected.dtype ? "" : "; --cast converts"));
    }
    if (!tensors_[i].defined()) {
      tensors_[i] = tensor;
      are_images_[i] = is_image;
      return;
    }
    if (!is_image || !are_images_[i] || tensor.dim() != 4) {
      ThrowInvalidArgument(
          absl::StrCat(option_, " ", path, ": ", expected.name, " was given before"));
    }
    tensors_[i] = Cat({tensors_[i], tensor}, 0);
  }

  const char* option_;
  Fit fit_;
  const std::vector<Expected>& expected_;
  const InputOptions& options_;
  std::vector<Tensor> tensors_;
  std::vector<bool> are_images_;
};

std::string EncodeImage(const std::string& path, const std::string& name, const Tensor& tensor) {
  Tensor image = tensor;
  if (image.dim() == 4 && image.size(0) == 1) image = Select(image, 0, 0);
  if (image.dim() == 2) image = Unsqueeze(image, 0);
  const bool is_image = image.dim() == 3 && image.size(0) >= 1 && image.size(0) <= 4 &&
                        (image.dtype() == kUInt8 || IsFloating(image.dtype()));
  if (!is_image) {
    ThrowInvalidArgument(absl::StrCat(path, ": output ", name, " is ", Describe(tensor),
                                      ", and no image [channels, height, width] of uint8 or of "
                                      "numbers from 0 to 1"));
  }
  if (image.dtype() != kUInt8) {
    const Tensor clamped = Clamp(Cast(image, kFloat32), {.min = 0, .max = 1});
    image = Select(data::functional::ConvertDtype(Unsqueeze(clamped, 0), kUInt8), 0, 0);
  }
  return std::filesystem::path(absl::AsciiStrToLower(path)).extension() == ".png"
             ? data::EncodePng(image)
             : data::EncodeJpeg(image);
}

void WriteOne(const std::string& path, const std::string& name, const Tensor& tensor) {
  switch (KindOf(path)) {
    case Kind::kNpy:
      return SaveNpy(path, tensor);
    case Kind::kImage:
      return WriteFileAtomically(path, {EncodeImage(path, name, tensor)});
    case Kind::kProto:
      return WriteFileAtomically(path, {onnx::WriteTensor(tensor, name)});
    default:
      ThrowInternal("a file of several tensors");
  }
}

bool HoldsSeveral(Kind kind) {
  return kind == Kind::kNpz || kind == Kind::kSafetensors || kind == Kind::kJson;
}

[[noreturn]] void ThrowHoldsOne(const std::string& path, absl::Span<const std::string> names) {
  ThrowInvalidArgument(absl::StrCat("--output ", path, ": holds one tensor; say which, NAME=", path,
                                    ", of ", absl::StrJoin(names, ", ")));
}

// Where a tensor goes, or all of them where `name` is empty.
struct Target {
  std::string name = {}, path;
};
template <typename HasOutput>
Target TargetOf(const std::string& spec, const HasOutput& has_output) {
  const size_t at = spec.find('=');
  Target target{.path = spec};
  if (at != std::string::npos) target = {spec.substr(0, at), spec.substr(at + 1)};
  if (at != std::string::npos && !has_output(target.name)) {
    ThrowInvalidArgument(
        absl::StrCat("--output ", spec, ": the model has no output ", target.name));
  }
  KindOf(target.path);
  return target;
}

void WriteAll(const std::string& path, const NamedTensors& tensors) {
  switch (KindOf(path)) {
    case Kind::kNpz:
      return SaveNpz(path, tensors);
    case Kind::kSafetensors:
      return SaveSafetensors(path, {.tensors = tensors});
    case Kind::kJson: {
      Json json = Json::object();
      for (const auto& [name, tensor] : tensors) json[name] = TensorToJson(tensor);
      return WriteFileAtomically(path,
                                 {json.dump(-1, ' ', false, Json::error_handler_t::replace), "\n"});
    }
    default:
      if (tensors.size() == 1) return WriteOne(path, tensors[0].first, tensors[0].second);
      std::vector<std::string> names;
      for (const auto& [name, tensor] : tensors) names.push_back(name);
      ThrowHoldsOne(path, names);
  }
}

}  // namespace

void AddInputs(CLI::App& command, InputOptions& options) {
  command
      .add_option("-i,--input", options.inputs,
                  "What an input takes, from a file. May be given several times")
      ->type_name("[NAME=]FILE")
      ->allow_extra_args(false);
  command.add_option("--mean", options.mean, "Of images: what each channel is lessened by")
      ->delimiter(',')
      ->type_name("A,B,C");
  command.add_option("--std", options.std, "Of images: what each channel is divided by")
      ->delimiter(',')
      ->type_name("A,B,C");
  command.add_flag("--cast", options.cast, "Convert tensors to the dtypes that the model takes");
  command.add_option("--seed", options.seed, "Of made-up inputs: the same seed, the same numbers");
}

Expected ExpectedOf(const graph::Graph& graph, graph::ValueId id, const std::string& name) {
  Expected expected{.name = name, .dtype = graph.value(id).dtype, .shape = {}};
  for (const graph::SymInt& extent : graph.value(id).shape) {
    expected.shape.push_back(extent.is_number() ? extent.number() : -1);
  }
  return expected;
}

std::vector<Tensor> ReadTensors(const char* option, const std::vector<std::string>& specs,
                                const std::vector<Expected>& expected, const InputOptions& options,
                                Fit fit) {
  Reader reader(option, expected, options, fit);
  for (const std::string& spec : specs) reader.Read(spec);
  return reader.Take();
}

std::vector<Tensor> InputsFor(const graph::Graph& graph, const graph::Graph& from,
                              const std::vector<Tensor>& inputs) {
  if (graph.inputs().size() != inputs.size()) {
    ThrowInvalidArgument(absl::StrCat("the models take ", inputs.size(), " and ",
                                      graph.inputs().size(), " inputs: they cannot be compared"));
  }
  std::vector<Tensor> matched;
  for (size_t i = 0; i < inputs.size(); ++i) {
    size_t at = i;
    for (size_t k = 0; k < inputs.size(); ++k) {
      if (from.value(from.inputs()[k]).name == graph.value(graph.inputs()[i]).name) at = k;
    }
    matched.push_back(inputs[at]);
  }
  return matched;
}

std::vector<Tensor> MadeUpInputs(const graph::Graph& graph, const std::vector<int64_t>& sizes,
                                 uint64_t seed) {
  Generator generator(seed);
  std::vector<Tensor> inputs;
  for (graph::ValueId id : graph.inputs()) {
    const graph::Value& value = graph.value(id);
    Dims shape;
    for (const graph::SymInt& extent : value.shape) {
      shape.push_back(extent.Evaluate([&](const graph::SizeLeaf& leaf) {
        for (size_t i = 0; i < sizes.size(); ++i) {
          if (graph.symbols()[i].leaf == leaf) return sizes[i];
        }
        return int64_t{1};
      }));
    }
    inputs.push_back(IsFloating(value.dtype)
                         ? Cast(Randn(shape, {.dtype = kFloat32}, &generator), value.dtype)
                         : Ones(shape, {.dtype = value.dtype}));
  }
  return inputs;
}

std::vector<Tensor> InputsOf(const graph::Graph& graph, const InputOptions& options) {
  std::vector<Expected> expected;
  for (graph::ValueId id : graph.inputs()) {
    expected.push_back(ExpectedOf(graph, id, graph.value(id).name));
  }
  std::vector<Tensor> inputs =
      ReadTensors("--input", options.inputs, expected, options, Fit::kChecked);
  std::vector<Tensor> made_up;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].defined()) continue;
    if (!options.random) {
      ThrowInvalidArgument(absl::StrCat("input ", expected[i].name, " is missing: give --input ",
                                        expected[i].name, "=FILE, a file of ",
                                        TypeText(graph, graph.inputs()[i])));
    }
    if (made_up.empty()) {
      // Open sizes are those of the inputs that are given.
      std::vector<int64_t> sizes = SmallestSizes(graph);
      for (size_t s = 0; s < sizes.size(); ++s) {
        const graph::SizeLeaf& leaf = graph.symbols()[s].leaf;
        for (size_t k = 0; k < inputs.size(); ++k) {
          if (!inputs[k].defined()) continue;
          const auto& shape = graph.value(graph.inputs()[k]).shape;
          for (size_t d = 0; d < shape.size(); ++d) {
            if (shape[d] == graph::SymInt::Extent(leaf.value, leaf.index)) {
              sizes[s] = inputs[k].shape()[d];
            }
          }
        }
      }
      made_up = MadeUpInputs(graph, sizes, options.seed);
    }
    inputs[i] = made_up[i];
  }
  return inputs;
}

void CheckOutputs(const std::vector<std::string>& specs, const graph::Graph& graph) {
  const absl::Span<const std::string> names = graph.output_names();
  const auto is_tensor = [&](size_t i) {
    return graph.value(graph.outputs()[i]).kind == graph::ValueKind::kTensor;
  };
  const auto has_output = [&](std::string_view name) {
    for (size_t i = 0; i < names.size(); ++i) {
      if (name == names[i] || (!is_tensor(i) && name.starts_with(names[i] + "."))) return true;
    }
    return false;
  };
  bool are_tensors = true;
  for (size_t i = 0; i < names.size(); ++i) are_tensors = are_tensors && is_tensor(i);
  for (const std::string& spec : specs) {
    const Target target = TargetOf(spec, has_output);
    if (target.name.empty() && are_tensors && names.size() > 1 &&
        !HoldsSeveral(KindOf(target.path))) {
      ThrowHoldsOne(target.path, names);
    }
  }
}

void WriteTensors(const std::vector<std::string>& specs, const NamedTensors& tensors) {
  const auto find = [&](std::string_view name) {
    return std::find_if(tensors.begin(), tensors.end(),
                        [&](const auto& each) { return each.first == name; });
  };
  for (const std::string& spec : specs) {
    const Target target =
        TargetOf(spec, [&](std::string_view name) { return find(name) != tensors.end(); });
    WriteAll(target.path, target.name.empty() ? tensors : NamedTensors{*find(target.name)});
  }
}

}  // namespace neura::cli
