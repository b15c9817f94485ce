// What the kernels compute when they are held to one instruction set: a line for each operation
// case and for some larger calls, with a hash of the outputs' bits. targets_test.sh compares them.
//
// The variable TARGET, a number of Highway's, says which set. It is read before the kernels choose
// theirs, some of which do so when the program is loaded. Without it the sets of this machine are
// printed, those with fused multiply-adds with the word "fused" behind them.
#include <cinttypes>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "hwy/targets.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/op_cases.h"

namespace neura::testing {
namespace {

const char* HeldTo() { return std::getenv("TARGET"); }

__attribute__((constructor(101))) void HoldToTarget() {
  if (HeldTo() != nullptr) hwy::SetSupportedTargetsForTest(std::strtoll(HeldTo(), nullptr, 10));
}

constexpr int64_t kFused = HWY_AVX2 | HWY_AVX3 | HWY_AVX3_DL | HWY_NEON;
// Compiled everywhere.
constexpr int64_t kCompiled = HWY_SCALAR | HWY_SSE4 | HWY_AVX2 | HWY_AVX3 | HWY_NEON | HWY_WASM;

void PrintTargets() {
  const int64_t targets = (hwy::SupportedTargets() | HWY_STATIC_TARGET) & kCompiled;
  for (int bit = 0; bit < 63; ++bit) {
    const int64_t target = int64_t{1} << bit;
    if ((targets & target) == 0) continue;
    std::printf("%" PRId64 "%s\n", target, (target & kFused) != 0 ? " fused" : "");
  }
}

// FNV-1a
uint64_t HashOf(const std::vector<Tensor>& tensors) {
  uint64_t hash = 14695981039346656037u;
  for (const Tensor& tensor : tensors) {
    const Tensor contiguous = Contiguous(tensor);
    const auto* bytes = static_cast<const unsigned char*>(contiguous.raw_data());
    const size_t n = static_cast<size_t>(contiguous.numel()) * ItemSize(contiguous.dtype());
    for (size_t i = 0; i < n; ++i) hash = (hash ^ bytes[i]) * 1099511628211u;
  }
  return hash;
}

// `everywhere`: no product of it is added before it is rounded, and so even targets without fused
// multiply-adds must give the same bits.
void Print(bool everywhere, const std::string& name, const std::vector<Tensor>& outputs) {
  std::printf("%s %s %016" PRIx64 "\n", everywhere ? "everywhere" : "fused", name.c_str(),
              HashOf(outputs));
}

bool SameEverywhere(const OpCase& op_case) {
  if (!op_case.op) return false;
  const auto op = static_cast<uint16_t>(*op_case.op);
  const auto in = [op](OpFamily from, OpFamily to) {
    return op >= static_cast<uint16_t>(from) && op < static_cast<uint16_t>(to);
  };
  return in(OpFamily::kCopy, OpFamily::kLinearAlgebra) || in(OpFamily::kIndex, OpFamily::kFused);
}

Tensor Random(DimsView shape, uint64_t seed, DType dtype) {
  Generator generator(seed);
  return Cast(Normal(shape, 0, 1, {.dtype = kFloat64}, &generator), dtype);
}

// Long rows, several tasks, and tails of every length.
void PrintLargeCalls(DType dtype) {
  const std::string suffix = std::string("/large/") + std::string(DTypeName(dtype));
  const Tensor x = Random({70, 1009}, 1, dtype), w = Random({300, 1009}, 2, dtype);
  const Tensor wide = Random({3, 100'003}, 3, dtype);
  Print(true, "sum" + suffix, {Sum(x), Sum(wide), Sum(x, {.dims = {0}}), Sum(x, {.dims = {1}})});
  Print(true, "prod" + suffix, {Prod(x, {.dims = {0}}), Prod(x, {.dims = {1}})});
  Print(true, "extrema" + suffix, {AMax(wide), AMin(x, {.dims = {0}}), ArgMax(x, {.dim = 1})});
  Print(
      true, "copies" + suffix,
      {Contiguous(Transpose(x, 0, 1)), Cast(x, kInt64), Cast(x * 100, kUInt8), Cast(x, kFloat16)});
  const Tensor scale = Random({1009}, 4, dtype);
  const auto layer = LayerNorm(x, scale, scale);
  const auto batch = BatchNormTraining(x, scale, scale);
  Print(true, "norms" + suffix, {layer.output, layer.rstd, batch.output, batch.rstd});
  Print(false, "softmax" + suffix, {Softmax(x), LogSoftmax(x), Softmax(x, {.dim = 0})});
  Print(false, "pointwise" + suffix, {Exp(x), Tanh(x), Gelu(x), Sigmoid(x), Erf(x), Sin(x)});
  Print(false, "products" + suffix,
        {Linear(x, w), Linear(Narrow(x, 0, 0, 3), w), Linear(Narrow(x, 0, 0, 1), w),
         MatMul(x, Transpose(w, 0, 1))});
  // Around the numbers of rows from which a target packs, in rows that collide in its caches.
  const Tensor deep = Random({700, 1024}, 9, dtype);
  std::vector<Tensor> products;
  for (int64_t rows : {5, 12, 13, 20, 28, 29}) {
    products.push_back(MatMul(Random({rows, 700}, 10, dtype), deep));
  }
  Print(false, "products_of_rows" + suffix, products);
  const Tensor images = Random({2, 5, 33, 29}, 5, dtype), kernel = Random({7, 5, 3, 3}, 6, dtype);
  const Tensor convolved = Conv2d(images, kernel, {}, {.padding = 1});
  Print(false, "conv" + suffix,
        {convolved, ConvWeightGrad(convolved, images, {.size = 3, .padding = 1})});
  // Few channels, whose gradients are dot products, and so many weights that images share sums.
  std::vector<Tensor> gradients;
  for (int64_t channels : {1, 2, 3, 4}) {
    gradients.push_back(
        ConvWeightGrad(Narrow(convolved, 1, 0, channels), images, {.size = 3, .padding = 1}));
  }
  gradients.push_back(ConvWeightGrad(Random({16, 100, 3, 3}, 7, dtype),
                                     Random({16, 300, 3, 3}, 8, dtype), {.size = 3, .padding = 1}));
  Print(false, "conv_weight_grads" + suffix, gradients);
  std::vector<Tensor> infinite;
  for (int64_t channels : {1, 4, 8, 16, 64}) {
    Tensor weight = Random({channels, 5, 3, 3}, 11, dtype);
    Fill(Narrow(Narrow(Narrow(weight, 1, 0, 1), 2, 0, 1), 3, 0, 1), INFINITY);
    infinite.push_back(IsNan(Conv2d(images, weight, {}, {.padding = 1})));
  }
  Print(false, "conv_of_infinities" + suffix, infinite);
}

int Run() {
  if (HeldTo() == nullptr) {
    PrintTargets();
    return 0;
  }
  for (const OpCase& op_case : OpCases()) {
    const bool everywhere = SameEverywhere(op_case);
    Print(everywhere, op_case.name + "/float64", RunCase(op_case));
    Print(everywhere, op_case.name + "/float32", RunCase(op_case, InputsAs(op_case, kFloat32)));
  }
  PrintLargeCalls(kFloat32);
  PrintLargeCalls(kFloat64);
  return 0;
}

}  // namespace
}  // namespace neura::testing

int main() { return neura::testing::Run(); }
