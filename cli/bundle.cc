// neura bundle: the browser package of a model.
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "neura/cli/command.h"
#include "neura/cli/model.h"
#include "neura/graph/program.h"
#include "neura/onnx/onnx.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/units.h"
#include "neura/tensor/io/atomic_file.h"

namespace neura::cli {
namespace {

namespace fs = std::filesystem;

struct BundleOptions {
  std::string model, output;
  std::string runtime;
  std::string name = "neura";
  bool json = false;
};

// Without one of these there is no package.
constexpr const char* kParts[] = {"index.js", "neura-threads.wasm", "neura.wasm", "package.json"};

void CheckRuntime(const fs::path& folder) {
  for (const char* part : kParts) {
    if (fs::is_regular_file(folder / part)) continue;
    ThrowInvalidArgument(
        absl::StrCat("--runtime ", folder.string(), ": holds no ", part,
                     "; `bazel build //wasm:bundle` makes such a folder, bazel-bin/wasm/bundle"));
  }
}

std::string NamedPackage(const std::string& bytes, const std::string& name,
                         const std::string& path) {
  try {
    Json package = Json::parse(bytes);
    package["name"] = name;
    return package.dump(2) + "\n";
  } catch (const Json::exception&) {
    ThrowInvalidArgument(path + ": is no JSON object");
  }
}

constexpr char kPackage[] = "package.json";

int BundleCommand(const BundleOptions& options) {
  const fs::path runtime = options.runtime, output = options.output;
  CheckRuntime(runtime);
  const std::string model = ReadFile(options.model);
  // What cannot run from its bytes alone is no package.
  absl::StatusOr<graph::Graph> graph = onnx::FromBytes(model);
  if (!graph.ok()) ThrowBadModel(options.model, model, std::string(graph.status().message()));
  graph::Compile(*std::move(graph));
  const std::string name = fs::path(options.model).filename().string();
  // All is read before anything is written, and what makes a folder a package is written last.
  std::vector<std::pair<std::string, std::string>> contents{{name, model}};
  std::optional<std::string> package;
  for (const auto& entry : fs::directory_iterator(runtime)) {
    // A runtime that is the package of another model.
    if (!entry.is_regular_file() || entry.path().extension() == ".onnx") continue;
    const std::string file = entry.path().filename().string();
    if (file == name) {
      ThrowInvalidArgument(absl::StrCat(options.model, ": the runtime has a file of this name"));
    }
    const std::string bytes = ReadFile(entry.path().string());
    if (file == kPackage) {
      package = NamedPackage(bytes, options.name, entry.path().string());
    } else {
      contents.emplace_back(file, bytes);
    }
  }
  if (package) contents.emplace_back(kPackage, *package);
  std::error_code error;
  fs::create_directories(output, error);
  if (error || !fs::is_directory(output)) {
    ThrowInvalidArgument(absl::StrCat(options.output, ": cannot be made a folder",
                                      error ? ": " + error.message() : ""));
  }
  Json files = Json::object();
  int64_t bytes = 0;
  for (const auto& [file, text] : contents) {
    WriteFileAtomically((output / file).string(), {text});
    files[file] = text.size();
    bytes += static_cast<int64_t>(text.size());
  }
  if (options.json) {
    Print(Json{{"path", options.output}, {"model", name}, {"bytes", bytes}, {"files", files}});
  } else {
    Print(absl::StrCat(options.output, ": ", files.size(), " files, ", BytesText(bytes),
                       "\n  import * as neura from '", options.name,
                       "';\n  const session = await neura.load(import.meta.resolve('", options.name,
                       "/", name, "'));\n"));
  }
  return kDone;
}

}  // namespace

void AddBundle(CLI::App& program, Action& action) {
  AddCommand<BundleOptions>(
      program, action,
      {"bundle", "Make the npm package of a model, for browsers and Node",
       "The package is the runtime for WebAssembly, with every operation that it was built with, "
       "and the model.\nA smaller one, with the operations of the model alone, is made by the rule "
       "neura_web_bundle of\n//wasm:web_bundle.bzl, which needs emscripten.\n",
       "  bazel build //wasm:bundle\n"
       "  neura bundle model.onnx package --runtime bazel-bin/wasm/bundle"},
      [](CLI::App& command, BundleOptions& options) {
        command.add_option("model", options.model, "An ONNX file")->required()->type_name("FILE");
        command.add_option("output", options.output, "The folder to write")
            ->required()
            ->type_name("FOLDER");
        command
            .add_option("--runtime", options.runtime,
                        "The package without a model: bazel-bin/wasm/bundle")
            ->required()
            ->type_name("FOLDER");
        command.add_option("--name", options.name, "Under which programs import the package")
            ->capture_default_str();
        AddJson(command, options.json);
      },
      &BundleCommand);
}

}  // namespace neura::cli
