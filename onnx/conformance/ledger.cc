// Runs cases of ONNX's own suite, as they are given, and prints one line each and how many passed.
//
// usage: ledger [--models] FOLDER...    a FOLDER holds folders of cases
//
// With --models, outputs that only a tolerance of the largest element of each lets pass are near.
#include <filesystem>
#include <iostream>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_replace.h"
#include "neura/onnx/conformance/cases.h"

namespace {

namespace fs = std::filesystem;

// Whole models sum in another order: near 0 they differ by a share of what was summed.
constexpr double kShareOfModels = 1e-5;

void RunFolder(const fs::path& folder, bool models) {
  std::set<fs::path> cases;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.is_directory()) cases.insert(entry);
  }
  int passed = 0, refused = 0, near = 0;
  for (const fs::path& path : cases) {
    const absl::Status status = neura::onnx::RunCase(path, neura::onnx::CaseInputs::kAsGiven);
    const bool is_near =
        models && absl::IsInternal(status) &&
        neura::onnx::RunCase(path, neura::onnx::CaseInputs::kAsGiven, kShareOfModels).ok();
    passed += status.ok();
    near += is_near;
    refused += absl::IsUnimplemented(status);
    std::cout << path.filename().string() << '\t'
              << (status.ok()                     ? "ok"
                  : is_near                       ? "near"
                  : absl::IsUnimplemented(status) ? "refused"
                                                  : "WRONG")
              << '\t' << absl::StrReplaceAll(status.message(), {{"\n", " "}}) << std::endl;
  }
  std::cout << folder.string() << ": " << passed << " of " << cases.size() << " pass, ";
  if (models) std::cout << near << " more are near, ";
  std::cout << refused << " are refused" << std::endl;
}

}  // namespace

int main(int argc, char** argv) {
  const bool models = argc > 1 && std::string(argv[1]) == "--models";
  const int first = models ? 2 : 1;
  if (argc <= first) {
    std::cerr << "usage: ledger [--models] FOLDER...\n";
    return 2;
  }
  for (int i = first; i < argc; ++i) {
    if (!fs::is_directory(argv[i])) {
      std::cerr << "ledger: " << argv[i] << " is no folder\n";
      return 2;
    }
    RunFolder(argv[i], models);
  }
}
