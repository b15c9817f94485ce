// Every allocation of five workloads is made to fail once, in a process of its own: the workload
// ends in an error, and run again it gives what it always gives.
#include <sys/wait.h>
#include <unistd.h>

#include <new>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "neura/autograd/autograd.h"
#include "neura/nn/nn.h"
#include "neura/optim/optim.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/failing_malloc.h"

namespace neura {
namespace {

using Workload = std::vector<Tensor> (*)();

template <typename Optimizer, typename Options>
std::vector<Tensor> Train(nn::Module& net, const Tensor& input, int64_t classes,
                          const Options& options) {
  std::vector<int64_t> labels(static_cast<size_t>(input.size(0)));
  for (size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<int64_t>(i) % classes;
  const Tensor targets = FromVector(labels, {input.size(0)});
  Optimizer optimizer(net.Parameters(), options);
  for (int step = 0; step < 2; ++step) {
    optimizer.ZeroGrad();
    Backward(nn::CrossEntropy(net(input), targets));
    optimizer.Step();
  }
  return net.Parameters();
}

std::vector<Tensor> Perceptron() {
  ManualSeed(1);
  nn::Sequential net(nn::Linear({.in_features = 96, .out_features = 128}), nn::ReLU(),
                     nn::Linear({.in_features = 128, .out_features = 10}));
  return Train<optim::SGD>(net, Rand({128, 96}), 10, optim::SgdOptions{.lr = 0.1, .momentum = 0.9});
}

std::vector<Tensor> Convolution() {
  ManualSeed(2);
  nn::Sequential net(
      nn::Conv2d({.in_channels = 3, .out_channels = 8, .kernel_size = 3, .padding = 1}),
      nn::BatchNorm2d({.num_features = 8}), nn::ReLU(), nn::MaxPool2d({.kernel_size = 2}),
      nn::Conv2d({.in_channels = 8, .out_channels = 8, .kernel_size = 3, .groups = 2}),
      nn::Flatten(), nn::Linear({.in_features = 8 * 6 * 6, .out_features = 4}));
  return Train<optim::SGD>(net, Rand({8, 3, 16, 16}), 4, optim::SgdOptions{.lr = 0.1});
}

std::vector<Tensor> Products() {
  ManualSeed(3);
  const Tensor a = Rand({150, 170}), b = Rand({170, 190});
  const Tensor batch = Rand({4, 70, 60});
  return {MatMul(a, b),
          MatMul(Cast(Transpose(b, 0, 1), kFloat64), Cast(Transpose(a, 0, 1), kFloat64)),
          MatMul(batch, Transpose(batch, 1, 2)), MatMul(Cast(a * 10, kInt64), Cast(b * 10, kInt64)),
          MatMul(Cast(a, kFloat16), Cast(b, kFloat16))};
}

std::vector<Tensor> Optimizers() {
  ManualSeed(4);
  nn::Sequential net(nn::Linear({.in_features = 300, .out_features = 200}));
  return Train<optim::AdamW>(net, Rand({4, 300}), 200, optim::AdamWOptions{.lr = 1e-2});
}

std::vector<Tensor> Indexing() {
  ManualSeed(5);
  Tensor x = Rand({300, 200});
  SetRequiresGrad(x);
  const Tensor rows = FromVector<int64_t>({5, 0, 299, 5}, {4});
  const Tensor picked = IndexSelect(x, 0, rows);
  const Tensor joined = Cat({Slice(x, 1, 10, 60, 2), Flip(Slice(x, 1, 20, 45), {1})}, 1);
  Backward(Sum(picked * picked) + Sum(joined) + Sum(Where(x > 0.5, x, -x)));
  return {picked, joined, CumSum(x, 0), Softmax(x, {.dim = 1}), autograd::GradOf(x)};
}

std::string BytesOf(const std::vector<Tensor>& tensors) {
  std::string bytes;
  for (const Tensor& tensor : tensors) {
    const Tensor whole = Contiguous(tensor);
    bytes.append(static_cast<const char*>(whole.raw_data()),
                 static_cast<size_t>(whole.numel()) * ItemSize(whole.dtype()));
  }
  return bytes;
}

enum Outcome { kFailedWell = 10, kNothingFailed, kNoError, kWrongAfterwards };

// In a child, to its end.
[[noreturn]] void RunWithFailure(Workload workload, int64_t allocation,
                                 const std::string& expected) {
  SetNumThreads(2);
  Outcome outcome = kNoError;
  fail_allocation_after(allocation);
  try {
    const std::string bytes = BytesOf(workload());
    // What the library can do without it does without: another thread, a cache.
    if (bytes == expected) outcome = kFailedWell;
  } catch (const Error& error) {
    if (error.code() == absl::StatusCode::kResourceExhausted) outcome = kFailedWell;
  } catch (const std::bad_alloc&) {
    outcome = kFailedWell;
  }
  if (fail_allocation_after(-1) >= 0) outcome = kNothingFailed;
  if (BytesOf(workload()) != expected) outcome = kWrongAfterwards;
  _exit(outcome);
}

class OutOfMemory : public testing::TestWithParam<std::pair<const char*, Workload>> {};

TEST_P(OutOfMemory, AtAnyAllocationIsAnErrorAndNothingMore) {
  const auto [name, workload] = GetParam();
  // The parent starts no thread, and its caches are those that every child begins with.
  SetNumThreads(1);
  const std::string expected = BytesOf(workload());
  int64_t allocation = 0;
  for (;; ++allocation) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      alarm(60);
      CpuAllocator().EmptyCache();
      RunWithFailure(workload, allocation, expected);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status))
        << name << ", allocation " << allocation << ": signal " << WTERMSIG(status);
    if (WEXITSTATUS(status) == kNothingFailed) break;
    ASSERT_EQ(WEXITSTATUS(status), kFailedWell) << name << ", allocation " << allocation;
  }
  RecordProperty("allocations", std::to_string(allocation));
  EXPECT_GT(allocation, 20);
}

INSTANTIATE_TEST_SUITE_P(Workloads, OutOfMemory,
                         testing::Values(std::pair{"perceptron", &Perceptron},
                                         std::pair{"convolution", &Convolution},
                                         std::pair{"products", &Products},
                                         std::pair{"optimizers", &Optimizers},
                                         std::pair{"indexing", &Indexing}),
                         [](const auto& info) { return std::string(info.param.first); });

}  // namespace
}  // namespace neura
