// Batches of 128 images of the size of Fashion-MNIST's, on the thread that iterates.

#include <cstdint>

#include "benchmark/benchmark.h"
#include "neura/data/dataloader.h"
#include "neura/data/tensor_dataset.h"
#include "neura/data/transforms.h"
#include "neura/tensor/tensor.h"

namespace neura::data {
namespace {

constexpr int64_t kImages = 12800;
constexpr int64_t kBatchSize = 128;

TensorDataset<2> Images() {
  return TensorDataset(Zeros({kImages, 1, 28, 28}, {.dtype = kUInt8}),
                       Zeros({kImages}, {.dtype = kInt64}));
}

template <typename D>
void LoadEpochs(benchmark::State& state, const D& dataset) {
  DataLoader loader(dataset, {.batch_size = kBatchSize, .shuffle = true});
  int64_t batches = 0;
  for (auto _ : state) {
    for (auto [images, labels] : loader) {
      benchmark::DoNotOptimize(images.raw_data());
      benchmark::DoNotOptimize(labels.raw_data());
      ++batches;
    }
  }
  state.counters["images"] =
      benchmark::Counter(static_cast<double>(batches * kBatchSize), benchmark::Counter::kIsRate);
}

void BM_Rows(benchmark::State& state) { LoadEpochs(state, Images()); }
BENCHMARK(BM_Rows)->Unit(benchmark::kMillisecond);

void BM_Normalized(benchmark::State& state) {
  LoadEpochs(state, Transformed(Images(), Compose(ToFloat(), Normalize({0.286f}, {0.353f}))));
}
BENCHMARK(BM_Normalized)->Unit(benchmark::kMillisecond);

void BM_Augmented(benchmark::State& state) {
  LoadEpochs(state, Transformed(Images(), Compose(RandomCrop{.size = 28, .padding = 2},
                                                  RandomHorizontalFlip(), ToFloat(),
                                                  Normalize({0.286f}, {0.353f}))));
}
BENCHMARK(BM_Augmented)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace neura::data
