#include "neura/tensor/tensor.h"

#include <cmath>
#include <cstdlib>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"

namespace neura {
namespace {

TEST(SameBits, ComparesElementsWhateverTheStrides) {
  const Tensor x = FromList<float>({1, 2, 3, 4, 5, 6}, {2, 3});
  EXPECT_TRUE(SameBits(x, Clone(x)));
  EXPECT_TRUE(SameBits(Transpose(x, 0, 1), FromList<float>({1, 4, 2, 5, 3, 6}, {3, 2})));
  EXPECT_TRUE(SameBits(Expand(Ones({1, 3}), {2, 3}), Ones({2, 3})));
  EXPECT_TRUE(SameBits(Slice(x, 1, 1, 2), FromList<float>({2, 5}, {2, 1})));
  EXPECT_FALSE(SameBits(Slice(x, 1, 1, 2), FromList<float>({2, 6}, {2, 1})));
  EXPECT_FALSE(SameBits(x, FromList<float>({1, 2, 3, 4, 5, 7}, {2, 3})));
}

TEST(SameBits, IsAboutBitsDTypesAndShapes) {
  EXPECT_TRUE(SameBits(ScalarTensor(NAN), ScalarTensor(NAN)));
  EXPECT_FALSE(SameBits(ScalarTensor(0.0), ScalarTensor(-0.0)));
  EXPECT_FALSE(SameBits(Zeros({2}), Zeros({2}, {.dtype = kInt32})));
  EXPECT_FALSE(SameBits(Zeros({2, 1}), Zeros({2})));
  EXPECT_TRUE(SameBits(Zeros({0, 3}), Zeros({0, 3})));
  EXPECT_FALSE(SameBits(Zeros({0, 3}), Zeros({0, 2})));
  EXPECT_TRUE(SameBits(Tensor(), Tensor()));
  EXPECT_FALSE(SameBits(Tensor(), Zeros({})));
}

TEST(Tensor, BytesAreThoseOfItsElements) {
  EXPECT_EQ(Zeros({2, 3}).nbytes(), 24u);
  EXPECT_EQ(Expand(Zeros({1}, {.dtype = kInt64}), {5}).nbytes(), 40u);
  EXPECT_EQ(Zeros({0, 3}).nbytes(), 0u);
}

TEST(TensorSlot, ThreadsReadAndReplaceWhatItHolds) {
  const AllocatorStats before = CpuAllocator().Stats();
  {
    TensorSlot slot(Ones({4}));
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t) {
      threads.emplace_back([&slot, t] {
        std::vector<Tensor> held;  // more references than the slot has paid for at once
        for (int i = 0; i < 40000; ++i) {
          if (i % 1000 == t) slot.Store(i % 2 == 0 ? Full({4}, 1) : Tensor());
          Tensor tensor = slot.Load();
          if (!tensor.defined()) continue;
          if (tensor.data<float>()[3] != 1) std::abort();
          if (i % 1000 == 500) slot.CompareExchange(tensor, Ones({4}));
          held.push_back(std::move(tensor));
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    slot.Store(Ones({4}));
    std::vector<Tensor> many;
    for (int i = 0; i < 100000; ++i) many.push_back(slot.Load());
    EXPECT_TRUE(IsSame(many.front(), many.back()));
    EXPECT_FALSE(slot.CompareExchange(Ones({4}), {}));
    EXPECT_TRUE(slot.CompareExchange(many[7], {}));
    EXPECT_FALSE(slot.defined());
  }
  EXPECT_EQ(CpuAllocator().Stats().allocated, before.allocated);
}

TEST(ThrowStatus, KeepsCodeAndMessage) {
  try {
    ThrowStatus(absl::DataLossError("half a file"));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), absl::StatusCode::kDataLoss);
    EXPECT_EQ(error.message(), "half a file");
  }
}

TEST(TensorTest, ExtensionsAreByOwner) {
  static int alive = 0;
  struct Mark final : TensorExtension {
    explicit Mark(const void* owner) : TensorExtension(owner) { ++alive; }
    ~Mark() override { --alive; }
  };
  static constexpr char kMine = 0, kTheirs = 0, kNobodys = 0;
  {
    const Tensor x = Ones({2});
    EXPECT_EQ(x.impl()->FindExtension(&kMine), nullptr);
    const auto add = [&](const void* owner) {
      return &x.impl()->AddExtension(IntrusivePtr<TensorExtension>::Adopt(new Mark(owner)));
    };
    const TensorExtension* const mine = add(&kMine);
    EXPECT_NE(add(&kTheirs), mine);
    EXPECT_EQ(add(&kMine), mine);  // the first one stays
    EXPECT_EQ(x.impl()->FindExtension(&kMine), mine);
    EXPECT_EQ(x.impl()->FindExtension(&kNobodys), nullptr);
    EXPECT_EQ(alive, 2);
  }
  EXPECT_EQ(alive, 0);
}

TEST(TensorTest, ViewsKnowTheirBase) {
  const Tensor x = Ones({2, 3}), view = Select(Transpose(x, 0, 1), 0, 1);
  EXPECT_TRUE(IsSame(view.base(), x));
  EXPECT_FALSE(x.base().defined());
  EXPECT_FALSE(Clone(view).base().defined());
}

}  // namespace
}  // namespace neura
