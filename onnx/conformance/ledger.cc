// Runs cases of ONNX's own suite, as they are given, and prints one line each and how many passed.
//
// usage: ledger FOLDER...    a FOLDER holds folders of cases
#include <filesystem>
#include <iostream>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_replace.h"
#include "neura/onnx/conformance/cases.h"

namespace {

namespace fs = std::filesystem;

void RunFolder(const fs::path& folder) {
  std::set<fs::path> cases;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.is_directory()) cases.insert(entry);
  }
  int passed = 0, refused = 0;
  for (const fs::path& path : cases) {
    const absl::Status status = neura::onnx::RunCase(path, neura::onnx::CaseInputs::kAsGiven);
    passed += status.ok();
    refused += absl::IsUnimplemented(status);
    std::cout << path.filename().string() << '\t'
              << (status.ok()                     ? "ok"
                  : absl::IsUnimplemented(status) ? "refused"
                                                  : "WRONG")
              << '\t' << absl::StrReplaceAll(status.message(), {{"\n", " "}}) << std::endl;
  }
  std::cout << folder.string() << ": " << passed << " of " << cases.size() << " pass, " << refused
            << " are refused" << std::endl;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: ledger FOLDER...\n";
    return 2;
  }
  for (int i = 1; i < argc; ++i) {
    if (!fs::is_directory(argv[i])) {
      std::cerr << "ledger: " << argv[i] << " is no folder\n";
      return 2;
    }
    RunFolder(argv[i]);
  }
}
