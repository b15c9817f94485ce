// Histories and gradients that threads share: which values count is open, but every one is
// somebody's.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "neura/autograd/autograd.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/values.h"

namespace neura {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Values;

Tensor Leaf(std::initializer_list<float> values) {
  return SetRequiresGrad(FromList<float>(values));
}

TEST(ThreadsTest, BackwardFromSeveralThreads) {
  const Tensor w = Leaf({2});
  std::vector<std::thread> threads;
  std::vector<float> results(4);
  for (size_t t = 0; t < results.size(); ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 100; ++i) {
        const Tensor x = Leaf({static_cast<float>(t)});
        results[t] = Grad({Sum(x * x * w)}, {x})[0].Item<float>();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(results, ElementsAre(0, 4, 8, 12));
}

// Runs each function `times` times on a thread of its own.
void Together(int times, const std::vector<std::function<void()>>& functions) {
  std::vector<std::thread> threads;
  for (const auto& function : functions) {
    threads.emplace_back([&function, times] {
      for (int i = 0; i < times; ++i) function();
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(ThreadsTest, GradientsOfSeveralThreadsAddUpInOneLeaf) {
  const Tensor w = Leaf({1, 2, 3});
  const auto backward = [&] { Backward(Sum(w * 2.0)); };
  Together(200, {backward, backward, backward});
  EXPECT_THAT(Values(autograd::GradOf(w)), ElementsAre(1200, 1200, 1200));
}

TEST(ThreadsTest, AGradientIsReplacedAndReadDuringBackward) {
  const Tensor w = Leaf({1, 2, 3});
  const auto backward = [&] { Backward(Sum(Square(w))); };
  Together(300, {backward, backward, [&] { autograd::SetGrad(w, {}); },
                 [&] { autograd::SetGrad(w, Ones({3})); },
                 [&] {
                   const Tensor grad = autograd::GradOf(w);
                   EXPECT_TRUE(!grad.defined() || grad.numel() == 3);
                 }});
}

TEST(ThreadsTest, TheFirstUsesOfALeafMeet) {
  for (int i = 0; i < 100; ++i) {
    const Tensor x = FromList<float>({1, 2});
    Together(1, {[&] { SetRequiresGrad(x); }, [&] { autograd::SetGrad(x, Ones({2})); },
                 [&] { Sum(x * 2.0); }, [&] { autograd::GradOf(x); }});
    EXPECT_TRUE(RequiresGrad(x));
    EXPECT_THAT(Values(autograd::GradOf(x)), ElementsAre(1, 1));
  }
}

TEST(ThreadsTest, OneGraphRunsBackwardInTwoThreads) {
  for (int i = 0; i < 50; ++i) {
    const bool retain = i % 2 == 0;
    const Tensor w = Leaf({0.5});
    Tensor y = w;
    for (int k = 0; k < 20; ++k) y = Exp(y * 0.5);
    const Tensor loss = Sum(y);
    Backward(loss, {.retain_graph = true});
    const float once = autograd::GradOf(w).Item<float>();
    autograd::SetGrad(w, {});
    std::atomic<int> failed{0};
    const auto backward = [&] {
      try {
        Backward(loss, {.retain_graph = retain});
      } catch (const Error& error) {
        EXPECT_THAT(error.message(), HasSubstr("already freed"));
        ++failed;
      }
    };
    Together(1, {backward, backward});
    EXPECT_LE(failed, retain ? 0 : 1);
    EXPECT_FLOAT_EQ(autograd::GradOf(w).Item<float>(), once * static_cast<float>(2 - failed));
  }
}

TEST(ThreadsTest, HooksAreAddedDuringBackward) {
  const Tensor w = Leaf({1, 2});
  const Tensor y = w * 2.0;
  std::atomic<int> calls{0};
  const auto hook = [&](const Tensor&) {
    ++calls;
    return Tensor();
  };
  Together(100,
           {[&] { Backward(Sum(y), {.retain_graph = true}); },
            [&] { autograd::RegisterHook(w, hook); }, [&] { autograd::RegisterHook(y, hook); }});
  calls = 0;
  Backward(Sum(y));
  EXPECT_EQ(calls, 200);
}

TEST(ThreadsTest, TheHistoryOfATensorIsReplacedWhileOthersUseIt) {
  const Tensor w = Leaf({1, 2});
  const Tensor y = w * 1.0;
  // What changes the values takes turns, so that only the history is shared.
  std::mutex values;
  const auto change = [&](auto function) {
    return [&values, function] {
      const std::lock_guard lock(values);
      try {
        function();
      } catch (const Error&) {
      }
    };
  };
  const auto look = [&] {
    autograd::RecordedOp(y);
    autograd::IsLeaf(y);
    RequiresGrad(y);
  };
  Together(200, {change([&] { MulInPlace(y, w); }), change([&] { FloorInPlace(y); }),
                 change([&] { Backward(Sum(y + w)); }), look, look});
}

}  // namespace
}  // namespace neura
