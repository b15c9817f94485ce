// Trains a small convolutional network on Fashion-MNIST, saves it, exports it to ONNX, and shows
// that the exported file gives the same answers.
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/flags/usage_config.h"
#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "neura/examples/exit_code.h"
#include "neura/examples/fashion_mnist/net.h"
#include "neura/examples/fashion_mnist/pictures.h"
#include "neura/examples/fashion_mnist/training.h"
#include "neura/neura.h"

ABSL_FLAG(int, epochs, 5, "Passes over the 60,000 training images.");
ABSL_FLAG(std::string, device, "cpu",
          "Where it trains: cpu, or cuda where the program was built with --config=cuda.");
ABSL_FLAG(int, threads, 0, "Threads that compute; 0 uses every core.");
ABSL_FLAG(int, workers, 1, "Threads that prepare batches.");
ABSL_FLAG(uint64_t, seed, 1,
          "Of initial weights, order and dropout: the same seed gives the same bits.");
ABSL_FLAG(std::string, out, "fashion_mnist_out", "Folder for the model and the pictures.");
ABSL_FLAG(bool, resume, false, "Goes on from the last checkpoint in --out.");
ABSL_FLAG(int64_t, max_steps, 0,
          "Stops training after so many steps and only saves the model; 0: never.");

namespace neura::examples {
namespace {

// What is exported runs in the graph runtime: same classes for every test image?
bool CheckExported(const std::string& path, const Tensor& images, const Tensor& predictions) {
  auto program = onnx::Load(path);
  if (!program.ok()) ThrowStatus(program.status());
  const Tensor exported =
      Predict([&](const Tensor& batch) { return program->Run({batch})[0]; }, images);
  const int64_t equal = Sum(exported == predictions).Item<int64_t>();
  std::cout << absl::StrFormat(
      "ONNX in the graph runtime: %d of %d predictions equal to the eager model's\n", equal,
      predictions.numel());
  return equal == predictions.numel();
}

// A flag's value; throws where it is below `least`.
template <typename T>
T AtLeast(int least, const absl::Flag<T>& flag) {
  const T value = absl::GetFlag(flag);
  if (value < least) {
    ThrowInvalidArgument(absl::StrFormat("--%s=%d: at least %d is expected",
                                         absl::GetFlagReflectionHandle(flag).Name(), value, least));
  }
  return value;
}

std::filesystem::path MakeFolder(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) {
    throw Error(absl::ErrnoToStatusCode(error.value()),
                absl::StrFormat("--out=%s: cannot make the folder: %s", path, error.message()));
  }
  return path;
}

int Run() {
  TrainingOptions options;
  options.epochs = AtLeast(1, FLAGS_epochs);
  options.device = ParseDevice(absl::GetFlag(FLAGS_device));
  options.seed = absl::GetFlag(FLAGS_seed);
  options.num_workers = AtLeast(0, FLAGS_workers);
  options.max_steps = AtLeast(0, FLAGS_max_steps);
  if (const int threads = AtLeast(0, FLAGS_threads); threads != 0) SetNumThreads(threads);
  const std::filesystem::path out = MakeFolder(absl::GetFlag(FLAGS_out));
  options.out = out;
  options.resume = absl::GetFlag(FLAGS_resume);

  ManualSeed(options.seed);
  const Images train = LoadImages(true), test = LoadImages(false);
  Net net;
  net.To(options.device);
  std::cout << net << "\n\n";
  TrainNet(net, train, test, options);

  const std::string model = out / "model.safetensors", exported = out / "model.onnx";
  SaveSafetensors(model, {.tensors = net.StateDict()});
  std::cout << "\nWrote " << model << "\n";
  if (options.max_steps > 0) return 0;

  net.Eval();
  net.To(kCpu);
  const Tensor& images = test.tensors()[0];
  const Tensor predictions = Predict(net, images);
  std::cout << absl::StrFormat("Test accuracy: %.2f%%\n",
                               100 * Agreement(predictions, test.tensors()[1]));
  onnx::Export(net, {Slice(images, 0, 0, 2)}, exported);
  std::cout << "Wrote " << exported << "\n";
  const bool agrees = CheckExported(exported, images, predictions);

  const std::string sheet = out / "predictions.png";
  DrawContactSheet(test, predictions, sheet);
  std::cout << "Drew " << (out / "learning_curves.svg").string() << " and " << sheet << "\n";
  return agrees ? 0 : 1;
}

}  // namespace
}  // namespace neura::examples

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage(
      "Trains on Fashion-MNIST, saves and exports the model, and draws how it went.");
  absl::FlagsUsageConfig usage;
  // Without this, --help lists the flags of files that are called like the program.
  usage.contains_help_flags = [](std::string_view file) {
    return file.ends_with("fashion_mnist/main.cc");
  };
  absl::SetFlagsUsageConfig(usage);
  const std::vector<char*> arguments = absl::ParseCommandLine(argc, argv);
  return neura::examples::ExitCodeOf([&] {
    if (arguments.size() > 1) {  // the first is the program
      neura::ThrowInvalidArgument(
          absl::StrFormat("\"%s\" is not a flag; --help lists the flags", arguments[1]));
    }
    // bazel run starts programs in a folder of its own; --out counts from where the user is.
    if (const char* users_folder = std::getenv("BUILD_WORKING_DIRECTORY")) {
      std::filesystem::current_path(users_folder);
    }
    return neura::examples::Run();
  });
}
