// fused_update: what it overwrites, of which dtypes and layouts, and what it refuses.
#include "neura/tensor/ops/op_list/fused.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>
#include <vector>

#include "neura/tensor/backend_api.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/error_of.h"
#include "neura/tensor/testing/values.h"

namespace neura {
namespace {

using ::testing::ElementsAre;
using testing::ErrorOf;
using ::testing::HasSubstr;
using testing::Values;

using Elements = std::vector<Element>;

// What `f` makes of `count` inputs replaces `targets`.
FusedOptions Update(size_t count, std::vector<uint8_t> targets,
                    const std::function<Elements(const Elements&)>& f) {
  ElementTrace trace(count);
  Elements inputs;
  for (size_t i = 0; i < count; ++i) inputs.push_back(trace.Input(i));
  FusedOptions options;
  options.program = trace.Finish(f(inputs));
  options.targets = std::move(targets);
  return options;
}

void Overwrite(const FusedOptions& options, const std::vector<Tensor>& inputs) {
  std::vector<const Tensor*> refs;
  for (const Tensor& input : inputs) refs.push_back(&input);
  Dispatch(op::kFusedUpdate, &options, refs, {});
}

FusedOptions Averaging() {
  return Update(3, {0, 2}, [](const Elements& v) {
    const Element average = 0.75 * v[2] + 0.25 * v[1];
    return Elements{v[0] - 0.5 * average, average};
  });
}

Tensor Wave(DimsView shape, double frequency, DType dtype = kFloat32) {
  return Cast(Sin(Reshape(Arange(NumElements(shape)), shape) * frequency), dtype);
}

TEST(FusedUpdateTest, OverwritesItsTargetsAndNothingElse) {
  const Tensor p = FromList<float>({1, 2}), g = FromList<float>({4, 8}),
               a = FromList<float>({0, 4});
  const uint32_t version = p.version();
  Overwrite(Averaging(), {p, g, a});
  EXPECT_THAT(Values(p), ElementsAre(0.5, -0.5));
  EXPECT_THAT(Values(a), ElementsAre(1, 5));
  EXPECT_THAT(Values(g), ElementsAre(4, 8));
  EXPECT_EQ(p.version(), version + 1);
  EXPECT_EQ(g.version(), 0u);
}

TEST(FusedUpdateTest, ReadsWhatWasThereBefore) {
  // Exchanged, and overwritten before the last read.
  const Tensor a = Wave({1000}, 0.1), b = Wave({1000}, 0.2), c = Wave({1000}, 0.3);
  const Tensor a0 = Clone(a), b0 = Clone(b), c0 = Clone(c);
  Overwrite(Update(3, {0, 1, 2},
                   [](const Elements& v) {
                     return Elements{v[1], v[0], v[2] + 1};
                   }),
            {a, b, c});
  EXPECT_TRUE(SameBits(a, b0));
  EXPECT_TRUE(SameBits(b, a0));
  EXPECT_TRUE(SameBits(c, c0 + 1));
  Overwrite(Update(2, {0, 1},
                   [](const Elements& v) {
                     const Element first = v[0] * 2, second = v[0] + v[1];
                     return Elements{first, second};
                   }),
            {a, b});
  EXPECT_TRUE(SameBits(a, b0 * 2));
  EXPECT_TRUE(SameBits(b, b0 + a0));
  // One value for two, a number, and the target itself.
  Overwrite(Update(3, {0, 1, 2},
                   [](const Elements& v) {
                     return Elements{v[0], v[0] * 3, 0.5};
                   }),
            {a, b, c});
  EXPECT_TRUE(SameBits(a, b0 * 2));
  EXPECT_TRUE(SameBits(b, b0 * 2 * 3));
  EXPECT_TRUE(SameBits(c, Full({1000}, 0.5)));
}

TEST(FusedUpdateTest, KeepsFloat32BesideNarrowFloats) {
  for (DType narrow : {kFloat16, kBFloat16}) {
    const Tensor p = Wave({700}, 0.1, narrow), g = Wave({700}, 0.2, narrow), a = Wave({700}, 0.3);
    const Tensor p0 = Cast(p, kFloat32), g0 = Cast(g, kFloat32), a0 = Clone(a);
    Overwrite(Averaging(), {p, g, a});
    const Tensor average = 0.75 * a0 + 0.25 * g0;
    EXPECT_TRUE(SameBits(a, average));
    EXPECT_TRUE(SameBits(p, Cast(p0 - 0.5 * average, narrow)));
  }
}

TEST(FusedUpdateTest, ComputesEachTupleInItsDType) {
  const Tensor p = Wave({5}, 0.1), g = Wave({5}, 0.2), a = Wave({5}, 0.3);
  const Tensor q = Wave({2, 3}, 0.1, kFloat64), h = Wave({2, 3}, 0.2), b = Wave({2, 3}, 0.3);
  const Tensor p0 = Clone(p), a0 = Clone(a), q0 = Clone(q), b0 = Cast(b, kFloat64);
  Overwrite(Averaging(), {p, g, a, q, h, b});
  EXPECT_TRUE(SameBits(p, p0 - 0.5 * (0.75 * a0 + 0.25 * g)));
  const Tensor average = 0.75 * b0 + 0.25 * Cast(h, kFloat64);
  EXPECT_TRUE(SameBits(q, q0 - 0.5 * average));
  EXPECT_TRUE(SameBits(b, Cast(average, kFloat32)));
}

TEST(FusedUpdateTest, WalksAnyLayout) {
  const Tensor p = Transpose(Wave({4, 3}, 0.1), 0, 1), g = Wave({4}, 0.2), a = Wave({3, 4}, 0.3);
  const Tensor p0 = Clone(p), a0 = Clone(a);
  Overwrite(Averaging(), {p, g, a});
  const Tensor average = 0.75 * a0 + 0.25 * g;
  EXPECT_TRUE(SameBits(a, average));
  EXPECT_TRUE(SameBits(Contiguous(p), p0 - 0.5 * average));
  // One number for all; none at all.
  const Tensor q = Wave({600}, 0.1), q0 = Clone(q), b = Zeros({600});
  Overwrite(Averaging(), {q, FromList<double>({8}) * 1, b, Zeros({0}), Zeros({0}), Zeros({0})});
  EXPECT_TRUE(SameBits(Cast(q, kFloat64), Cast(q0 - 0.5 * (0.75 * Zeros({600}) + 2), kFloat64)));
}

TEST(FusedUpdateTest, GivesTheSameBitsForAnyNumberOfThreads) {
  const int threads = GetNumThreads();
  const auto run = [](int n) {
    SetNumThreads(n);
    std::vector<Tensor> tensors;
    for (int64_t size : {3, 40'000, 0, 1, 16'384, 257, 5, 16'385}) {
      for (double frequency : {0.1, 0.2, 0.3}) {
        tensors.push_back(Wave({size}, frequency, size == 257 ? kFloat64 : kFloat32));
      }
    }
    Overwrite(Averaging(), tensors);
    return tensors;
  };
  const std::vector<Tensor> one = run(1);
  for (int n : {2, 3}) {
    const std::vector<Tensor> more = run(n);
    for (size_t i = 0; i < one.size(); ++i)
      EXPECT_TRUE(SameBits(one[i], more[i])) << n << ", " << i;
  }
  SetNumThreads(threads);
  for (size_t i = 0; i < one.size(); i += 3) {
    const Tensor p = Wave(one[i].shape(), 0.1, one[i].dtype()),
                 a = Wave(one[i].shape(), 0.3, one[i].dtype());
    EXPECT_TRUE(SameBits(one[i], p - 0.5 * (0.75 * a + 0.25 * one[i + 1])));
  }
}

// A value of a program: a double, or a truth value as 0 or 1.
double Compute(OpId op, const std::vector<double>& x) {
  if (op == op::kAdd) return x[0] + x[1];
  if (op == op::kSub) return x[0] - x[1];
  if (op == op::kMul) return x[0] * x[1];
  if (op == op::kMaximum) return std::fmax(x[0], x[1]);
  if (op == op::kNeg) return -x[0];
  if (op == op::kAbs) return std::fabs(x[0]);
  if (op == op::kLt) return x[0] < x[1];
  if (op == op::kGe) return x[0] >= x[1];
  if (op == op::kLogicalNot) return x[0] == 0;
  if (op == op::kLogicalXor) return x[0] != x[1];
  if (op == op::kWhere) return x[0] != 0 ? x[1] : x[2];
  ADD_FAILURE();
  return 0;
}

// `program` at one place.
std::vector<double> Evaluate(const ElementProgram& program, const std::vector<double>& inputs) {
  std::vector<double> values;
  const auto value = [&](ElementProgram::Operand operand) {
    using Kind = ElementProgram::Operand::Kind;
    if (operand.kind == Kind::kInput) return inputs[operand.index];
    return operand.kind == Kind::kNumber ? program.numbers()[operand.index] : values[operand.index];
  };
  for (const ElementProgram::Step& step : program.steps()) {
    std::vector<double> operands;
    for (size_t k = 0; k < step.num_operands; ++k) operands.push_back(value(step.operands[k]));
    values.push_back(Compute(step.op, operands));
  }
  std::vector<double> results;
  for (ElementProgram::Operand result : program.results()) results.push_back(value(result));
  return results;
}

TEST(FusedUpdateTest, ComputesAnyProgram) {
  std::mt19937 random(1);
  const auto below = [&](size_t n) { return static_cast<size_t>(random() % n); };
  for (int round = 0; round < 200; ++round) {
    const size_t count = 1 + below(5), steps = 1 + below(round % 10 == 0 ? 120 : 20);
    std::vector<uint8_t> targets;
    const FusedOptions options = [&] {
      ElementTrace trace(count);
      Elements numbers = {0.5}, tests;
      for (size_t i = 0; i < count; ++i) numbers.push_back(trace.Input(i));
      const auto number = [&] { return numbers[below(numbers.size())]; };
      const auto input = [&] { return trace.Input(below(count)); };
      for (size_t s = 0; s < steps; ++s) {
        const size_t kind = below(11);
        if (kind == 0) numbers.push_back(input() + number());
        if (kind == 1) numbers.push_back(input() - number());
        if (kind == 2) numbers.push_back(number() * input());
        if (kind == 3) numbers.push_back(Maximum(number(), input()));
        if (kind == 4) numbers.push_back(-input());
        if (kind == 5) numbers.push_back(Abs(input()));
        if (kind == 6) tests.push_back(input() < number());
        if (kind == 7) tests.push_back(number() >= input());
        if (tests.empty()) continue;
        const Element test = tests[below(tests.size())];
        if (kind == 8) tests.push_back(!test);
        if (kind == 9) tests.push_back(LogicalXor(test, tests[below(tests.size())]));
        if (kind == 10) numbers.push_back(Select(test, number(), number()));
      }
      Elements results;
      for (size_t i = 0; i < count; ++i) {
        if (results.empty() || below(2) == 0) {
          targets.push_back(static_cast<uint8_t>(i));
          results.push_back(number());
        }
      }
      FusedOptions made;
      made.program = trace.Finish(results);
      made.targets = targets;
      return made;
    }();
    SCOPED_TRACE(options.ToString());
    constexpr int64_t kElements = 300;
    std::vector<Tensor> tensors, before;
    for (size_t i = 0; i < count; ++i) {
      tensors.push_back(Wave({kElements}, 0.1 + 0.07 * static_cast<double>(i), kFloat64));
      before.push_back(Clone(tensors.back()));
    }
    Overwrite(options, tensors);
    for (int64_t e = 0; e < kElements; ++e) {
      std::vector<double> inputs;
      for (const Tensor& tensor : before) inputs.push_back(tensor.data<double>()[e]);
      const std::vector<double> expected = Evaluate(options.program, inputs);
      for (size_t k = 0; k < targets.size(); ++k) {
        ASSERT_EQ(tensors[targets[k]].data<double>()[e], expected[k]) << e << ", result " << k;
      }
    }
  }
}

TEST(FusedUpdateTest, RunsTheCompiledLoopOverConvertedBlocks) {
  const auto twice = [](const void* data, size_t n, const void* const* inputs,
                        void* const* results) {
    for (size_t i = 0; i < n; ++i) {
      static_cast<float*>(results[0])[i] =
          *static_cast<const float*>(data) * static_cast<const float*>(inputs[0])[i];
    }
  };
  FusedOptions options = Update(1, {0}, [](const Elements& v) { return Elements{v[0] * 2}; });
  options.compiled = {twice, nullptr, std::make_shared<float>(2.0f)};
  for (DType dtype : {kFloat32, kBFloat16, kFloat64}) {
    const Tensor x = Wave({1000}, 0.1, dtype), x0 = Clone(x);
    Overwrite(options, {x});
    EXPECT_TRUE(SameBits(x, Cast(Cast(x0, kFloat64) * 2, dtype))) << DTypeName(dtype);
  }
}

TEST(FusedUpdateTest, RefusesWhatItCannotOverwrite) {
  const Tensor p = Zeros({4}), g = Ones({4}), a = Zeros({4});
  const auto error = [](const std::vector<Tensor>& inputs) {
    return ErrorOf([&] { Overwrite(Averaging(), inputs); });
  };
  EXPECT_THAT(error({p, g}), HasSubstr("got 2 inputs, which are no tuples of 3"));
  EXPECT_THAT(error({Zeros({1}), g, a}), HasSubstr("of the shape [4] of its tuple"));
  EXPECT_THAT(error({Cast(p, kInt32), g, a}), HasSubstr("must be floating point"));
  EXPECT_THAT(error({Expand(Zeros({1}), {4}), g, a}), HasSubstr("share memory"));
  EXPECT_THAT(error({p, Zeros({3}), a}), HasSubstr("broadcast"));
  EXPECT_THAT(error({p, p, a}), HasSubstr("inputs 0 and 1 share memory"));
  EXPECT_THAT(error({p, g, a, Narrow(p, 0, 1, 2), Ones({2}), Zeros({2})}),
              HasSubstr("inputs 0 and 3 share memory"));
  EXPECT_THAT(error({p, Cast(g, kComplex64), a}), HasSubstr("real numbers"));
  // What is only read may be seen twice, and parts of one memory may be written.
  const Tensor flat = Zeros({8});
  EXPECT_EQ(error({Narrow(flat, 0, 0, 4), g, a, Narrow(flat, 0, 4, 4), g, Zeros({4})}), "no error");
  FusedOptions untargeted = Averaging();
  untargeted.targets = {0};
  EXPECT_THAT(ErrorOf([&] { Overwrite(untargeted, {p, g, a}); }), HasSubstr("needs a target"));
  EXPECT_THAT(Values(a), ::testing::Each(0.25));  // by the one call that ran
}

class Watcher : public OpObserver {
 public:
  void BeforeInPlace(const OpCall& call) override {
    for (size_t i = 0; i < call.inputs.size(); ++i) changed.push_back(call.changes(i));
  }
  void OnOp(const OpCall& call, absl::Span<Tensor>) override { text = Describe(call); }
  std::vector<bool> changed;
  std::string text;
};

TEST(FusedUpdateTest, TellsObserversWhatItChanges) {
  Watcher watcher;
  const ScopedObserver scoped(&watcher);
  Overwrite(Averaging(), {Zeros({2}), Ones({2}), Zeros({2})});
  EXPECT_THAT(watcher.changed, ElementsAre(true, false, true));
  EXPECT_THAT(watcher.text, HasSubstr("fused_update(float32 [2], float32 [2], float32 [2]; "
                                      "{program=(x0, x1, x2): t0 = mul("));
  EXPECT_THAT(watcher.text, HasSubstr("targets=[0, 2]}"));
}

}  // namespace
}  // namespace neura
