// The test cases of ONNX itself, from Debian's libonnx-testdata.
#include <filesystem>
#include <iostream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "neura/onnx/conformance/cases.h"

namespace neura::onnx {
namespace {

namespace fs = std::filesystem;

constexpr char kData[] = "/usr/share/libonnx-testdata/data";

// The model of the first leaves out the epsilon with which its results were made, which a later
// release has. Casts to bfloat16 are expected to cut off, where they round. Inputs called like have
// another shape than their model declares.
const std::set<std::string>& Wrong() {
  static const auto* wrong = new std::set<std::string>{"test_adam_multiple",
                                                       "test_cast_FLOAT_to_BFLOAT16",
                                                       "test_castlike_FLOAT_to_BFLOAT16",
                                                       "test_castlike_FLOAT_to_BFLOAT16_expanded",
                                                       "test_castlike_BFLOAT16_to_FLOAT",
                                                       "test_castlike_BFLOAT16_to_FLOAT_expanded"};
  return *wrong;
}

void RunFolder(const std::string& folder, int at_least) {
  int passed = 0;
  std::map<std::string, std::vector<std::string>> unsupported;  // by reason
  std::set<fs::path> cases;
  for (const auto& entry : fs::directory_iterator(fs::path(kData) / folder)) cases.insert(entry);
  for (const fs::path& path : cases) {
    const absl::Status status = RunCase(path, CaseInputs::kConstantsWhereRefused);
    const std::string name = path.filename().string();
    if (status.ok()) {
      ++passed;
    } else if (absl::IsUnimplemented(status)) {
      unsupported[std::string(status.message())].push_back(name);
    } else if (!Wrong().contains(name)) {
      ADD_FAILURE() << folder << "/" << name << ": " << status;
    }
  }
  std::cout << folder << ": " << passed << " of " << cases.size() << " pass; not supported:\n";
  for (const auto& [reason, names] : unsupported) {
    for (const std::string& name : names) std::cout << "  " << name << ": " << reason << "\n";
  }
  EXPECT_GE(passed, at_least);
}

TEST(Conformance, Nodes) { RunFolder("node", 925); }
TEST(Conformance, Simple) { RunFolder("simple", 21); }
TEST(Conformance, PytorchOperators) { RunFolder("pytorch-operator", 35); }
TEST(Conformance, PytorchConverted) { RunFolder("pytorch-converted", 82); }

}  // namespace
}  // namespace neura::onnx
