// Packed sequences, and recurrent layers over them.
#include "neura/nn/packed_sequence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "neura/autograd/autograd.h"
#include "neura/nn/nn.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/error_of.h"
#include "neura/tensor/testing/op_cases.h"

namespace neura {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using testing::ErrorOf;
using ::testing::HasSubstr;
using testing::Sample;
using testing::ToArray;

std::vector<double> Values(const Tensor& tensor) { return ToArray(tensor).values; }

// [T, N] with the element 10 n + t.
Tensor Places(int64_t steps, int64_t batch) {
  return Unsqueeze(Arange(0, steps, 1, {.dtype = kFloat64}), 1) +
         Arange(0, batch, 1, {.dtype = kFloat64}) * 10.0;
}

TEST(PackedSequenceTest, HoldsTheStepsOneAfterTheOther) {
  const nn::PackedSequence packed = nn::PackPaddedSequence(Places(4, 3), {4, 2, 1});
  EXPECT_THAT(Values(packed.data), ElementsAre(0, 10, 20, 1, 11, 2, 3));
  EXPECT_THAT(Values(packed.batch_sizes), ElementsAre(3, 2, 1, 1));
  EXPECT_FALSE(packed.sorted_indices.defined());
  EXPECT_FALSE(packed.unsorted_indices.defined());
}

TEST(PackedSequenceTest, SortsLengths) {
  for (const bool batch_first : {false, true}) {
    const Tensor x = batch_first ? Transpose(Places(4, 3), 0, 1) : Places(4, 3);
    const nn::PackedSequence packed =
        nn::PackPaddedSequence(x, {1, 4, 2}, {.batch_first = batch_first, .enforce_sorted = false});
    EXPECT_THAT(Values(packed.data), ElementsAre(10, 20, 0, 11, 21, 12, 13));
    EXPECT_THAT(Values(packed.sorted_indices), ElementsAre(1, 2, 0));
    EXPECT_THAT(Values(packed.unsorted_indices), ElementsAre(2, 0, 1));
    const nn::PaddedSequences padded = nn::PadPackedSequence(
        packed, {.batch_first = batch_first, .padding_value = -1, .total_length = 5});
    EXPECT_THAT(Values(padded.lengths), ElementsAre(1, 4, 2));
    const Tensor rows = batch_first ? padded.output : Transpose(padded.output, 0, 1);
    EXPECT_THAT(Values(rows),
                ElementsAre(0, -1, -1, -1, -1, 10, 11, 12, 13, -1, 20, 21, -1, -1, -1));
  }
}

TEST(PackedSequenceTest, ListsOfSequences) {
  const std::vector<Tensor> sequences = {Sample({2, 3}, 1), Sample({4, 3}, 2), Sample({1, 3}, 3)};
  const std::vector<Tensor> again =
      nn::UnpackSequence(nn::PackSequence(sequences, /*enforce_sorted=*/false));
  ASSERT_EQ(again.size(), sequences.size());
  for (size_t i = 0; i < again.size(); ++i) EXPECT_TRUE(SameBits(again[i], sequences[i]));
  const Tensor vectors = nn::PadSequence({Ones({1}), Ones({2})}, {.padding_value = 7});
  EXPECT_THAT(Values(vectors), ElementsAre(1, 1, 7, 1));
  const Tensor left =
      nn::PadSequence({Ones({1}), Ones({2})}, {.batch_first = true, .padding_side = "left"});
  EXPECT_THAT(Values(left), ElementsAre(0, 1, 1, 1));
  EXPECT_THAT(Values(nn::UnpadSequence(left, {2, 1}, true)[1]), ElementsAre(1));
}

TEST(PackedSequenceTest, PassesGradientsOn) {
  const Tensor x = SetRequiresGrad(Places(3, 2));
  const nn::PackedSequence packed = nn::PackPaddedSequence(x, {3, 1});
  const Tensor padded = nn::PadPackedSequence(packed, {.padding_value = 5}).output;
  Backward(Sum(padded * padded));
  EXPECT_THAT(Values(autograd::GradOf(x)), ElementsAre(0, 20, 2, 0, 4, 0));
}

TEST(PackedSequenceTest, SaysWhatDoesNotFit) {
  const Tensor x = Places(3, 2);
  EXPECT_THAT(ErrorOf([&] { nn::PackPaddedSequence(x, {1, 3}); }), HasSubstr("must be sorted"));
  EXPECT_THAT(ErrorOf([&] { nn::PackPaddedSequence(x, {3}); }), HasSubstr("1 lengths for 2"));
  EXPECT_THAT(ErrorOf([&] { nn::PackPaddedSequence(x, {3, 0}); }), HasSubstr("a length is 0"));
  EXPECT_THAT(ErrorOf([&] { nn::PackPaddedSequence(x, {4, 1}); }), HasSubstr("a length is 4"));
  const nn::PackedSequence packed = nn::PackPaddedSequence(x, {3, 1});
  EXPECT_THAT(ErrorOf([&] { nn::PadPackedSequence(packed, {.total_length = 2}); }),
              HasSubstr("total_length = 2"));
  EXPECT_THAT(ErrorOf([&] {
                nn::BatchSizesOf({.data = x, .batch_sizes = FromList<int64_t>({1, 2})});
              }),
              HasSubstr("must not grow"));
  EXPECT_THAT(ErrorOf([] {
                nn::PadSequence({Ones({2, 3}), Ones({2, 4})});
              }),
              HasSubstr("the same shapes"));
  EXPECT_THAT(ErrorOf([] {
                nn::InvertPermutation(FromList<int64_t>({0, 0}));
              }),
              HasSubstr("0 is not one of 2 numbers"));
}

// Each sequence by itself, and the gradients of a sum over all of them.
template <typename Layer>
void ExpectPackedIsEach(Layer& layer, int64_t hidden) {
  layer.To(kFloat64);
  const std::vector<int64_t> lengths = {2, 4, 1};
  const Tensor x = SetRequiresGrad(Sample({4, 3, 3}, 1));
  const int64_t lines = static_cast<int64_t>(layer.weights.size());
  const Tensor h = Sample({lines, 3, hidden}, 2), c = Sample({lines, 3, hidden}, 3);
  const auto state_of = [&](const Tensor& first, const Tensor& second) {
    typename std::remove_cvref_t<decltype(layer(x).state)> state;
    if constexpr (nn::HasParts<decltype(state)>) {
      state = {first, second};
    } else {
      state = first;
    }
    return state;
  };
  const auto h_of = [](const auto& state) {
    if constexpr (nn::HasParts<decltype(state)>) {
      return state.h;
    } else {
      return state;
    }
  };
  const auto result =
      layer(nn::PackPaddedSequence(x, lengths, {.enforce_sorted = false}), state_of(h, c));
  const std::vector<Tensor> outputs = nn::UnpackSequence(result.output);
  Backward(Sum(result.output.data * result.output.data));
  std::vector<Tensor> gradients = {autograd::GradOf(x)};
  for (const Tensor& parameter : layer.Parameters())
    gradients.push_back(autograd::GradOf(parameter));

  const Tensor y = SetRequiresGrad(Detach(x));
  layer.ZeroGrad();
  for (int64_t n = 0; n < 3; ++n) {
    const Tensor one = Narrow(Select(y, 1, n), 0, 0, lengths[static_cast<size_t>(n)]);
    const auto alone = layer(one, state_of(Select(h, 1, n), Select(c, 1, n)));
    EXPECT_TRUE(AllClose(outputs[static_cast<size_t>(n)], alone.output, 1e-12, 1e-12));
    EXPECT_TRUE(AllClose(Select(h_of(result.state), 1, n), h_of(alone.state), 1e-12, 1e-12));
    Backward(Sum(alone.output * alone.output));
  }
  EXPECT_TRUE(AllClose(gradients[0], autograd::GradOf(y), 1e-10, 1e-10));
  for (size_t i = 0; i < layer.Parameters().size(); ++i) {
    EXPECT_TRUE(AllClose(gradients[i + 1], autograd::GradOf(layer.Parameters()[i]), 1e-10, 1e-10));
  }
}

TEST(RecurrentTest, PackedSequencesAreEachByItself) {
  nn::RNN rnn({.input_size = 3, .hidden_size = 4, .num_layers = 2, .bidirectional = true});
  ExpectPackedIsEach(rnn, 4);
  nn::LSTM lstm({.input_size = 3, .hidden_size = 4, .num_layers = 2, .bidirectional = true});
  ExpectPackedIsEach(lstm, 4);
  nn::GRU gru({.input_size = 3, .hidden_size = 4, .bidirectional = true});
  ExpectPackedIsEach(gru, 4);
}

TEST(RecurrentTest, DropsWhatOneLayerGivesTheNextWhileTraining) {
  nn::GRU gru({.input_size = 2, .hidden_size = 3, .num_layers = 2, .dropout = 0.5});
  const Tensor x = Ones({4, 1, 2});
  EXPECT_FALSE(SameBits(gru(x).output, gru(x).output));
  gru.Eval();
  EXPECT_TRUE(SameBits(gru(x).output, gru(x).output));
  // Of one layer there is no next.
  nn::GRU one({.input_size = 2, .hidden_size = 3, .dropout = 0.5});
  EXPECT_TRUE(SameBits(one(x).output, one(x).output));
}

TEST(RecurrentTest, StartsUniform) {
  nn::LSTM lstm({.input_size = 50, .hidden_size = 25, .bidirectional = true, .proj_size = 5});
  std::vector<std::string> names;
  for (const auto& [name, tensor] : lstm.NamedParameters()) {
    names.push_back(name);
    EXPECT_LE(AMax(Abs(tensor)).Item<double>(), 0.2);
    EXPECT_GT(AMax(Abs(tensor)).Item<double>(), 0.17);
  }
  EXPECT_THAT(names, ElementsAreArray({"weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0",
                                       "weight_hr_l0", "weight_ih_l0_reverse",
                                       "weight_hh_l0_reverse", "bias_ih_l0_reverse",
                                       "bias_hh_l0_reverse", "weight_hr_l0_reverse"}));
}

TEST(RecurrentTest, HooksSeeOutputsAndStates) {
  nn::LSTM lstm({.input_size = 2, .hidden_size = 3});
  size_t given = 0, returned = 0;
  lstm.RegisterForwardHook(
      [&](nn::ModuleBase&, absl::Span<const Tensor> inputs, absl::Span<Tensor> outputs) {
        given = inputs.size();
        returned = outputs.size();
        outputs[1] = outputs[1] * 0.0;
      });
  const Tensor x = Ones({4, 1, 2});
  const auto [output, state] = lstm(x);
  EXPECT_EQ(given, 1u);
  EXPECT_EQ(returned, 3u);
  EXPECT_EQ(AMax(Abs(state.h)).Item<float>(), 0);
  EXPECT_GT(AMax(Abs(state.c)).Item<float>(), 0);
  lstm(x, state);
  EXPECT_EQ(given, 3u);
  lstm(nn::PackPaddedSequence(x, {4}), state);
  EXPECT_EQ(given, 6u);
  EXPECT_EQ(returned, 6u);
}

TEST(RecurrentTest, SaysWhatDoesNotFit) {
  nn::GRU gru({.input_size = 2, .hidden_size = 3, .batch_first = true});
  EXPECT_THAT(ErrorOf([&] { gru(Ones({2})); }),
              ::testing::StartsWith(
                  "GRU: expected [N, T, input_size] or [T, input_size], got float32 [2]"));
  EXPECT_THAT(ErrorOf([&] { gru(Ones({4, 5, 3})); }), HasSubstr("must be input_size = 2"));
  EXPECT_THAT(ErrorOf([&] {
                gru(Ones({4, 5, 2}), Ones({1, 5, 3}));
              }),
              HasSubstr("expected the state h to be float32 [1, 4, 3]"));
  EXPECT_THAT(ErrorOf([&] {
                gru(Ones({4, 2}), Zeros({1, 3}, {.dtype = kFloat64}));
              }),
              HasSubstr("expected the state h to be float32 [1, 3]"));
  EXPECT_THAT(ErrorOf([&] { gru(Ones({4, 0, 2})); }), HasSubstr("there are no steps"));
  EXPECT_THAT(ErrorOf([] { nn::GRU({.input_size = 2, .hidden_size = 0}); }),
              HasSubstr("GRU: hidden_size = 0 must be at least 1"));
  EXPECT_THAT(ErrorOf([] { nn::GRU({.input_size = 2, .hidden_size = 1, .dropout = 2}); }),
              HasSubstr("dropout = 2"));
  EXPECT_THAT(ErrorOf([] { nn::LSTM({.input_size = 2, .hidden_size = 3, .proj_size = 3}); }),
              HasSubstr("proj_size = 3"));
  EXPECT_THAT(ErrorOf([] { nn::RNN({.input_size = 2, .hidden_size = 3, .nonlinearity = "gelu"}); }),
              HasSubstr("nonlinearity = 'gelu' must be one of 'tanh', 'relu'"));
  EXPECT_THAT(ErrorOf([] {
                nn::LSTMCell({.input_size = 2, .hidden_size = 3})(Ones({1, 1, 2}));
              }),
              HasSubstr("expected [N, input_size] or [input_size]"));
}

}  // namespace
}  // namespace neura
