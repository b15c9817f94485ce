#include "neura/data/dataloader.h"

#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <fstream>
#include <future>
#include <latch>
#include <memory>
#include <mutex>
#include <numeric>
#include <set>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "neura/data/tensor_dataset.h"
#include "neura/data/transforms.h"
#include "neura/tensor/core/device_memory.h"
#include "neura/tensor/tensor.h"

namespace neura::data {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TensorDataset<2> Numbers(int64_t n) {
  return TensorDataset(Reshape(Arange(0, n * 4, 1, {.dtype = kFloat32}), {n, 1, 2, 2}), Arange(n));
}

std::vector<int64_t> Labels(const Tensor& labels) {
  return {labels.data<int64_t>(), labels.data<int64_t>() + labels.numel()};
}

// Every element of an epoch, in order.
template <typename Loader>
std::vector<float> Drain(Loader& loader) {
  std::vector<float> values;
  for (auto [images, labels] : loader) {
    const Tensor contiguous = Contiguous(images);
    values.insert(values.end(), contiguous.data<float>(),
                  contiguous.data<float>() + contiguous.numel());
    for (const int64_t label : Labels(labels)) values.push_back(static_cast<float>(label));
  }
  return values;
}

TEST(DataLoader, BatchesInOrder) {
  std::vector<std::vector<int64_t>> seen;
  for (auto [images, labels] : DataLoader(Numbers(5), {.batch_size = 2})) {
    EXPECT_THAT(images.shape(), ElementsAre(labels.size(0), 1, 2, 2));
    seen.push_back(Labels(labels));
  }
  EXPECT_THAT(seen, ElementsAre(ElementsAre(0, 1), ElementsAre(2, 3), ElementsAre(4)));
}

TEST(DataLoader, SizeAndDropLast) {
  EXPECT_EQ(DataLoader(Numbers(5), {.batch_size = 2}).size(), 3);
  DataLoader loader(Numbers(5), {.batch_size = 2, .drop_last = true, .num_workers = 2});
  EXPECT_EQ(loader.size(), 2);
  int batches = 0;
  for (auto [images, labels] : loader) batches += labels.size(0) == 2;
  EXPECT_EQ(batches, 2);
}

TEST(DataLoader, EmptyDataset) {
  for (const int workers : {0, 2}) {
    DataLoader loader(TensorDataset(Zeros({0, 2})), {.batch_size = 4, .num_workers = workers});
    EXPECT_EQ(loader.size(), 0);
    for (auto [x] : loader) ADD_FAILURE() << x.dim();
  }
}

TEST(DataLoader, SameForAnyNumberOfWorkers) {
  const Transformed dataset(Numbers(103),
                            Compose(RandomCrop{.size = 2, .padding = 1}, RandomHorizontalFlip()));
  const DataLoaderOptions options{.batch_size = 8, .shuffle = true, .seed = 42};
  DataLoader reference(dataset, options);
  const std::vector<float> first = Drain(reference), second = Drain(reference);
  EXPECT_NE(first, second);
  for (const int workers : {1, 2, 3, 7}) {
    DataLoaderOptions with_workers = options;
    with_workers.num_workers = workers;
    DataLoader loader(dataset, with_workers);
    EXPECT_EQ(Drain(loader), first) << workers;
    EXPECT_EQ(Drain(loader), second) << workers;
    loader.set_epoch(0);
    EXPECT_EQ(Drain(loader), first) << workers;
    EXPECT_EQ(loader.epoch(), 1);
  }
}

TEST(DataLoader, ShuffleVisitsEachExampleOnce) {
  std::multiset<int64_t> seen;
  for (auto [images, labels] :
       DataLoader(Numbers(50), {.batch_size = 7, .shuffle = true, .num_workers = 2})) {
    for (const int64_t label : Labels(labels)) seen.insert(label);
  }
  EXPECT_EQ(seen.size(), 50u);
  EXPECT_EQ(std::set<int64_t>(seen.begin(), seen.end()).size(), 50u);
}

TEST(DataLoader, OwnSampler) {
  const Sampler backwards = [](const Epoch&) { return std::vector<int64_t>{4, 3, 2}; };
  std::vector<int64_t> seen;
  for (auto [images, labels] : DataLoader(Numbers(5), {.batch_size = 2, .sampler = backwards})) {
    for (const int64_t label : Labels(labels)) seen.push_back(label);
  }
  EXPECT_THAT(seen, ElementsAre(4, 3, 2));
}

TEST(DataLoader, OwnCollate) {
  const auto sum_labels = [](const std::vector<Example<2>>& examples) {
    int64_t sum = 0;
    for (const auto& [image, label] : examples) sum += label.Item<int64_t>();
    return sum;
  };
  for (const int workers : {0, 2}) {
    std::vector<int64_t> sums;
    for (const int64_t sum : DataLoader(
             Numbers(6), DataLoaderOptions{.batch_size = 2, .num_workers = workers}, sum_labels)) {
      sums.push_back(sum);
    }
    EXPECT_THAT(sums, ElementsAre(1, 5, 9));
  }
}

// Fails at one index and counts how often it was asked.
struct Watched {
  int64_t bad_index = -1;
  std::shared_ptr<std::atomic<int64_t>> calls = std::make_shared<std::atomic<int64_t>>(0);
  std::shared_ptr<std::atomic<int64_t>> finished = std::make_shared<std::atomic<int64_t>>(0);

  int64_t size() const { return 100; }
  Example<1> Get(int64_t index) const {
    ++*calls;
    if (index == bad_index) ThrowInvalidArgument("sample 6 is damaged");
    // Long enough to be seen at work by whoever does not wait.
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    ++*finished;
    return {FromList<int64_t>({index})};
  }
};

TEST(DataLoader, ExceptionsArriveWhereTheirBatchWould) {
  for (const int workers : {0, 1, 3}) {
    DataLoader loader(Watched{.bad_index = 6}, {.batch_size = 2, .num_workers = workers});
    int batches = 0;
    std::string message;
    try {
      for (auto [x] : loader) batches += x.size(0) == 2;
    } catch (const Error& error) {
      message = error.message();
    }
    EXPECT_EQ(batches, 3) << workers;
    EXPECT_THAT(message, HasSubstr("example 6 of the dataset: sample 6")) << workers;
  }
}

TEST(DataLoader, EarlyBreakStopsTheWorkers) {
  for (const int workers : {0, 1, 4}) {
    const Watched dataset;
    DataLoader loader(dataset, {.num_workers = workers, .prefetch_factor = 3});
    for (auto [x] : loader) {
      if (x.template data<int64_t>()[0] == 2) break;
    }
    // Nobody is at work any more.
    EXPECT_EQ(*dataset.finished, *dataset.calls) << workers;
    // Three were taken, and no more than the window was begun beyond them.
    EXPECT_LE(*dataset.calls, 3 + std::max(1, workers * 3)) << workers;
    loader.set_epoch(0);
    int64_t batches = 0;
    for (auto [x] : loader) batches += x.numel();
    EXPECT_EQ(batches, 100);
  }
}

// While this lives, the process cannot map more than `bytes` beyond what it has.
class ScopedMemoryLimit {
 public:
  explicit ScopedMemoryLimit(uint64_t bytes) {
    getrlimit(RLIMIT_AS, &old_);
    std::ifstream statm("/proc/self/statm");
    uint64_t pages = 0;
    statm >> pages;
    rlimit limit = old_;
    limit.rlim_cur = pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE)) + bytes;
    setrlimit(RLIMIT_AS, &limit);
  }
  ~ScopedMemoryLimit() { setrlimit(RLIMIT_AS, &old_); }

 private:
  rlimit old_;
};

TEST(DataLoader, ThreadsThatCannotBeStartedAreAnError) {
  // The stacks of some of the threads fit, those of the others do not.
  pthread_attr_t before, large;
  pthread_getattr_default_np(&before);
  pthread_attr_init(&large);
  pthread_attr_setstacksize(&large, size_t{1} << 30);
  DataLoader loader(Watched(), {.batch_size = 2, .num_workers = 8});
  pthread_setattr_default_np(&large);
  try {
    const ScopedMemoryLimit limit(uint64_t{5} << 29);
    loader.begin();
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), absl::StatusCode::kResourceExhausted);
    EXPECT_THAT(error.message(), HasSubstr(" of 8 cannot be started"));
  }
  pthread_setattr_default_np(&before);
  int64_t batches = 0;
  for (auto [x] : loader) batches += x.numel();
  EXPECT_EQ(batches, 100);
}

TEST(DataLoader, FewBatchesNeedFewWorkersAndLittleAhead) {
  DataLoader loader(Numbers(3), {.num_workers = kMaxThreads, .prefetch_factor = INT64_MAX});
  std::vector<int64_t> seen;
  for (auto [images, labels] : loader) seen.push_back(labels.template data<int64_t>()[0]);
  EXPECT_THAT(seen, ElementsAre(0, 1, 2));
}

TEST(DataLoader, OptionsThatMakeNoSense) {
  EXPECT_THROW(DataLoader(Numbers(5), {.batch_size = 0}), Error);
  EXPECT_THROW(DataLoader(Numbers(5), {.num_workers = -1}), Error);
  EXPECT_THROW(DataLoader(Numbers(5), {.num_workers = kMaxThreads + 1}), Error);
  const Batches batches = [](const Epoch&) { return std::vector<std::vector<int64_t>>{{1}}; };
  EXPECT_THROW(DataLoader(Numbers(5), {.batch_size = 2, .batch_sampler = batches}), Error);
  EXPECT_THROW(DataLoader(Numbers(5), {.shuffle = true, .batch_sampler = batches}), Error);
  EXPECT_THROW(DataLoader(Numbers(5), {.drop_last = true, .batch_sampler = batches}), Error);
  EXPECT_THROW(DataLoader(Numbers(5), {.prefetch_factor = 0}), Error);
  EXPECT_THROW(DataLoader(Numbers(5), {.shuffle = true, .sampler = SequentialSampler{5}}), Error);
}

TEST(DataLoader, ABatchSamplerSaysWhatTheBatchesAre) {
  for (const int workers : {0, 2}) {
    DataLoader loader(Numbers(5),
                      {.num_workers = workers, .batch_sampler = [](const Epoch& epoch) {
                         return std::vector<std::vector<int64_t>>{{4, 0}, {epoch.number}};
                       }});
    EXPECT_EQ(loader.size(), 2);
    std::vector<int64_t> seen;
    for (int epoch = 0; epoch < 2; ++epoch) {
      for (auto [images, labels] : loader) {
        for (int64_t i = 0; i < labels.numel(); ++i)
          seen.push_back(labels.template data<int64_t>()[i]);
      }
    }
    EXPECT_THAT(seen, ElementsAre(4, 0, 0, 4, 0, 1));
  }
}

TEST(DataLoader, ThreadsTakeFromOnePass) {
  for (const int workers : {0, 1, 3}) {
    DataLoader loader(Numbers(200), {.batch_size = 3, .num_workers = workers});
    for (int round = 0; round < 10; ++round) {
      decltype(loader)::Pass pass(loader);
      std::mutex mutex;
      std::vector<int64_t> seen;
      std::vector<std::thread> takers;
      for (int i = 0; i < 4; ++i) {
        takers.emplace_back([&] {
          while (const auto batch = pass.Next()) {
            const Tensor& labels = (*batch)[1];
            const std::lock_guard lock(mutex);
            for (int64_t k = 0; k < labels.numel(); ++k) seen.push_back(labels.data<int64_t>()[k]);
          }
        });
      }
      for (std::thread& taker : takers) taker.join();
      std::sort(seen.begin(), seen.end());
      std::vector<int64_t> all(200);
      std::iota(all.begin(), all.end(), 0);
      EXPECT_EQ(seen, all);
    }
  }
}

TEST(DataLoader, APassThatIsStoppedGivesNothingToWhoeverWaits) {
  for (int round = 0; round < 20; ++round) {
    DataLoader loader(Numbers(100000), {.batch_size = 3, .num_workers = 2});
    decltype(loader)::Pass pass(loader);
    std::vector<std::thread> takers;
    for (int i = 0; i < 2; ++i) {
      takers.emplace_back([&] {
        while (pass.Next()) {
        }
      });
    }
    EXPECT_TRUE(pass.Stop(std::chrono::hours(1)));
    for (std::thread& taker : takers) taker.join();
    EXPECT_FALSE(pass.Next());
  }
}

// Example 1 is made when the test says so.
struct Stuck {
  std::shared_ptr<std::promise<void>> go = std::make_shared<std::promise<void>>();
  std::shared_future<void> gone = go->get_future().share();
  int64_t size() const { return 3; }
  Example<1> Get(int64_t index) const {
    if (index == 1) gone.wait();
    return {ScalarTensor(index)};
  }
};

TEST(DataLoader, WorkersThatDoNotReturnCanBeAbandoned) {
  const Stuck dataset;
  const std::weak_ptr<std::promise<void>> alive = dataset.go;
  {
    DataLoader loader(dataset, {.num_workers = 2, .timeout = 0.001});
    decltype(loader)::Pass pass(loader);
    try {
      while (pass.Next()) {
      }
      ADD_FAILURE() << "no error";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), absl::StatusCode::kDeadlineExceeded);
    }
    EXPECT_FALSE(pass.Next());
  }
  // The worker goes on with what it holds, though the loader is gone.
  dataset.go->set_value();
}

TEST(DataLoader, WorkersBeginWithTheirNumbers) {
  std::mutex mutex;
  std::set<int> started;
  std::latch all_started(3);  // else two could do all the work before the third began
  DataLoader loader(Numbers(40), {.num_workers = 3, .start_worker = [&](int worker) {
                                    {
                                      const std::lock_guard lock(mutex);
                                      started.insert(worker);
                                    }
                                    all_started.arrive_and_wait();
                                  }});
  for (auto batch : loader) static_cast<void>(batch);
  EXPECT_THAT(started, ElementsAre(0, 1, 2));
  DataLoader failing(Numbers(40), {.num_workers = 2, .start_worker = [](int worker) {
                                     if (worker == 1) ThrowInvalidArgument("no worker 1");
                                   }});
  try {
    for (int epoch = 0; epoch < 1000; ++epoch) {
      for (auto batch : failing) static_cast<void>(batch);
    }
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_THAT(error.message(), HasSubstr("no worker 1"));
  }
}

#if !defined(__SANITIZE_THREAD__)  // which does not support threads in a forked child
TEST(DataLoader, APassIsOverInAForkedChild) {
  DataLoader loader(Numbers(40), {.num_workers = 2});
  auto pass = std::make_unique<decltype(loader)::Pass>(loader);
  ASSERT_TRUE(pass->Next());
  const pid_t child = fork();
  if (child == 0) {
    int code = 1;
    try {
      pass->Next();
    } catch (const Error& error) {
      if (error.code() == absl::StatusCode::kFailedPrecondition) code = 0;
    }
    pass.reset();
    int64_t count = 0;
    for (auto [images, labels] : loader) count += labels.numel();
    _exit(count == 40 ? code : 2);
  }
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(pass->Next());
}
#endif

// Host memory that counts as pinned while one of these lives.
class PinningBackend {
 public:
  PinningBackend() { SetDeviceMemory(DeviceType::kCustom, &kMemory); }
  ~PinningBackend() { SetDeviceMemory(DeviceType::kCustom, nullptr); }

  static bool IsPinned(const Tensor& tensor) { return pinned_.contains(tensor.storage()->data()); }

 private:
  class PinnedAllocator final : public Allocator {
   public:
    void* Allocate(size_t bytes) override {
      void* data = CpuAllocator().Allocate(bytes);
      const std::lock_guard<std::mutex> lock(mutex_);
      pinned_.insert(data);
      return data;
    }
    void Free(void* data, size_t bytes) noexcept override {
      const std::lock_guard<std::mutex> lock(mutex_);
      pinned_.erase(data);
      CpuAllocator().Free(data, bytes);
    }
    AllocatorStats Stats() const override { return {}; }
    void EmptyCache() noexcept override {}

   private:
    std::mutex mutex_;
  };

  static inline std::set<void*> pinned_;
  static constexpr DeviceMemory kMemory = {.pinned_allocator = []() -> Allocator& {
    static PinnedAllocator allocator;
    return allocator;
  }};
};

TEST(DataLoader, PinsBatchesWhoeverPreparesThem) {
  const PinningBackend backend;
  for (const int workers : {0, 2}) {
    DataLoader plain(Numbers(7), {.batch_size = 2, .num_workers = workers});
    DataLoader pinning(Numbers(7), {.batch_size = 2, .num_workers = workers, .pin_memory = true});
    EXPECT_EQ(Drain(pinning), Drain(plain));
    for (auto [images, labels] : pinning) {
      EXPECT_TRUE(PinningBackend::IsPinned(images));
      EXPECT_TRUE(PinningBackend::IsPinned(labels));
    }
    for (auto [images, labels] : plain) EXPECT_FALSE(PinningBackend::IsPinned(images));
  }
}

TEST(DataLoader, PinsWhatCollateReturns) {
  const PinningBackend backend;
  const auto collate = [](const std::vector<Example<2>>& examples) {
    return std::pair(std::vector<Tensor>{examples[0][0]}, std::tuple(examples[0][1]));
  };
  DataLoader loader(Numbers(2), {.batch_size = 2, .pin_memory = true}, collate);
  for (const auto& [images, labels] : loader) {
    EXPECT_TRUE(PinningBackend::IsPinned(images[0]));
    EXPECT_TRUE(PinningBackend::IsPinned(std::get<0>(labels)));
  }
}

TEST(DataLoader, PinningNeedsAnAcceleratorAndTensors) {
  const auto code_of = [](auto make) {
    try {
      make();
    } catch (const Error& error) {
      return error.code();
    }
    return absl::StatusCode::kOk;
  };
  EXPECT_EQ(code_of([] { DataLoader(Numbers(2), {.pin_memory = true}); }),
            absl::StatusCode::kFailedPrecondition);
  const PinningBackend backend;
  const auto count = [](const std::vector<Example<2>>& examples) { return examples.size(); };
  EXPECT_EQ(code_of([&] { DataLoader(Numbers(2), {.pin_memory = true}, count); }),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace neura::data
