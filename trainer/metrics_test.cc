#include "neura/trainer/metrics.h"

#include <cmath>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/error_of.h"

namespace neura::trainer {
namespace {

using testing::ErrorOf;
using ::testing::HasSubstr;

double Value(const Metric& metric) { return metric.Compute().Item<double>(); }

// Scores of 40 examples in 5 classes, many of them equal, and their classes.
struct Examples {
  std::vector<std::vector<double>> scores;
  std::vector<int64_t> classes;
};
Examples Some() {
  Examples some;
  uint64_t state = 1;
  const auto next = [&](int64_t bound) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<int64_t>((state >> 33) % static_cast<uint64_t>(bound));
  };
  for (int i = 0; i < 40; ++i) {
    std::vector<double> row;
    for (int c = 0; c < 5; ++c) row.push_back(static_cast<double>(next(8)) / 4);
    some.scores.push_back(row);
    some.classes.push_back(next(5));
  }
  return some;
}
Tensor ScoresOf(const Examples& some, size_t from, size_t to) {
  std::vector<double> flat;
  for (size_t i = from; i < to; ++i) {
    flat.insert(flat.end(), some.scores[i].begin(), some.scores[i].end());
  }
  return FromVector(flat, {static_cast<int64_t>(to - from), 5});
}
Tensor ClassesOf(const Examples& some, size_t from, size_t to) {
  return FromVector(std::vector<int64_t>(some.classes.begin() + static_cast<int64_t>(from),
                                         some.classes.begin() + static_cast<int64_t>(to)),
                    {static_cast<int64_t>(to - from)});
}
// Gives it all in batches of different sizes.
void UpdateInBatches(Metric& metric, const Examples& some) {
  metric.Update(ScoresOf(some, 0, 17), ClassesOf(some, 0, 17));
  metric.Update(ScoresOf(some, 17, 40), ClassesOf(some, 17, 40));
}
int64_t Chosen(const std::vector<double>& scores) {
  int64_t best = 0;
  for (int64_t c = 1; c < 5; ++c) {
    if (scores[static_cast<size_t>(c)] > scores[static_cast<size_t>(best)]) best = c;
  }
  return best;
}

TEST(AccuracyTest, CountsTheClassesWithTheHighestScores) {
  const Examples some = Some();
  for (const int64_t k : {1, 2, 5}) {
    double correct = 0;
    for (size_t i = 0; i < some.classes.size(); ++i) {
      std::vector<double> scores = some.scores[i];
      // Takes the best k times.
      for (int64_t taken = 0; taken < k; ++taken) {
        const int64_t best = Chosen(scores);
        correct += best == some.classes[i];
        scores[static_cast<size_t>(best)] = -1;
      }
    }
    Accuracy accuracy({.top_k = k});
    UpdateInBatches(accuracy, some);
    EXPECT_DOUBLE_EQ(Value(accuracy), correct / 40) << k;
  }
  Accuracy accuracy;
  EXPECT_TRUE(std::isnan(Value(accuracy)));
  accuracy.Update(FromList<int64_t>({1, 2, 3}), FromList<int64_t>({1, 2, 0}));
  EXPECT_DOUBLE_EQ(Value(accuracy), 2.0 / 3);
  accuracy.Reset();
  EXPECT_TRUE(std::isnan(Value(accuracy)));
}

TEST(AccuracyTest, OfPicturesAndWithoutTheIgnored) {
  // [N, classes, W] and [N, W].
  const Tensor scores = FromList<float>({1, 0, 0, 1, 5, 6, 2, 3}, {2, 2, 2});
  Accuracy accuracy({.ignore_index = -1});
  accuracy.Update(scores, FromList<int64_t>({0, 1, 1, -1}, {2, 2}));
  EXPECT_DOUBLE_EQ(Value(accuracy), 2.0 / 3);
}

TEST(ClassMetricsTest, FollowFromTheConfusionMatrix) {
  const Examples some = Some();
  std::vector<std::vector<double>> counts(5, std::vector<double>(5));
  for (size_t i = 0; i < some.classes.size(); ++i) {
    ++counts[static_cast<size_t>(some.classes[i])][static_cast<size_t>(Chosen(some.scores[i]))];
  }
  ConfusionMatrix matrix({.num_classes = 5});
  UpdateInBatches(matrix, some);
  const Tensor table = matrix.Compute();
  double precision = 0, recall = 0, weighted = 0, f1 = 0, iou = 0, right = 0;
  for (size_t c = 0; c < 5; ++c) {
    double targets = 0, predictions = 0;
    for (size_t o = 0; o < 5; ++o) {
      EXPECT_EQ(static_cast<double>(table.data<int64_t>()[c * 5 + o]), counts[c][o]);
      targets += counts[c][o];
      predictions += counts[o][c];
    }
    const double own = counts[c][c];
    right += own;
    precision += own / predictions / 5;
    recall += own / targets / 5;
    weighted += own / targets * targets / 40;
    f1 += 2 * own / (targets + predictions) / 5;
    iou += own / (targets + predictions - own) / 5;
  }
  const auto expect = [&](Metric&& metric, double value) {
    UpdateInBatches(metric, some);
    EXPECT_NEAR(Value(metric), value, 1e-12);
  };
  expect(Precision({.num_classes = 5}), precision);
  expect(Recall({.num_classes = 5}), recall);
  expect(Recall({.num_classes = 5, .average = "weighted"}), weighted);
  expect(F1Score({.num_classes = 5}), f1);
  expect(F1Score({.num_classes = 5, .average = "micro"}), right / 40);
  expect(MeanIoU({.num_classes = 5}), iou);
}

TEST(ClassMetricsTest, ClassesThatDoNotOccurHaveNoValue) {
  Precision each({.num_classes = 4, .average = "none"});
  // Class 2 is never predicted, class 3 nowhere at all.
  each.Update(FromList<int64_t>({0, 0, 1}), FromList<int64_t>({0, 2, 1}));
  const Tensor values = each.Compute();
  EXPECT_DOUBLE_EQ(values.data<double>()[0], 0.5);
  EXPECT_DOUBLE_EQ(values.data<double>()[1], 1);
  EXPECT_DOUBLE_EQ(values.data<double>()[2], 0);
  EXPECT_TRUE(std::isnan(values.data<double>()[3]));
  Precision mean({.num_classes = 4});
  mean.Update(FromList<int64_t>({0, 0, 1}), FromList<int64_t>({0, 2, 1}));
  EXPECT_DOUBLE_EQ(Value(mean), 0.5);
}

TEST(AurocTest, IsTheShareOfPairsInTheRightOrder) {
  const Examples some = Some();
  double won = 0, pairs = 0;
  for (size_t i = 0; i < 40; ++i) {
    for (size_t j = 0; j < 40; ++j) {
      if (some.classes[i] < 3 || some.classes[j] >= 3) continue;
      const double a = some.scores[i][0], b = some.scores[j][0];
      won += a > b ? 1 : a == b ? 0.5 : 0;
      ++pairs;
    }
  }
  AUROC auroc;
  EXPECT_TRUE(std::isnan(Value(auroc)));
  const Tensor scores = ScoresOf(some, 0, 40), classes = ClassesOf(some, 0, 40);
  auroc.Update(Select(scores, 1, 0), classes >= 3);
  EXPECT_NEAR(Value(auroc), won / pairs, 1e-12);
}

TEST(PerplexityTest, OfUniformLogitsIsTheNumberOfClasses) {
  Perplexity perplexity({.ignore_index = -100});
  perplexity.Update(Zeros({2, 7, 3}), FromList<int64_t>({0, 1, 6, -100, 3, 3}, {2, 3}));
  EXPECT_NEAR(Value(perplexity), 7, 1e-9);
  perplexity.Reset();
  perplexity.Update(FromList<float>({0, std::log(3.0f)}, {1, 2}), FromList<int64_t>({1}));
  EXPECT_NEAR(Value(perplexity), 4.0 / 3, 1e-6);
}

TEST(MeanMetricTest, WeighsItsValues) {
  MeanMetric mean;
  mean.Update(FromList<float>({1, 2}), FromList<float>({3, 1}));
  mean.Update(Full({}, 7));
  EXPECT_DOUBLE_EQ(Value(mean), 12.0 / 5);
}

TEST(MetricErrorTest, NameTheMetricAndWhatDoesNotFit) {
  Accuracy accuracy;
  EXPECT_THAT(ErrorOf([&] {
                accuracy.Update(Zeros({2, 3}), FromList<int64_t>({0, 3}));
              }),
              HasSubstr("Accuracy: target 3 is none of 3 classes"));
  EXPECT_THAT(ErrorOf([&] {
                accuracy.Update(Zeros({2, 3}), Zeros({2}));
              }),
              HasSubstr("class indices, integers, not float32 [2]"));
  EXPECT_THAT(ErrorOf([&] {
                accuracy.Update(Zeros({4}), FromList<int64_t>({0, 3}));
              }),
              HasSubstr("predictions float32 [4] and targets int64 [2]"));
  ConfusionMatrix matrix({.num_classes = 2});
  EXPECT_THAT(ErrorOf([&] {
                matrix.Update(FromList<int64_t>({0, 2}), FromList<int64_t>({0, 0}));
              }),
              HasSubstr("2 is none of 2 classes"));
  // Nothing of a batch that was refused has been counted.
  EXPECT_EQ(Sum(matrix.Compute()).Item<int64_t>(), 0);
  EXPECT_THAT(ErrorOf([] { Recall({.num_classes = 3, .average = "mean"}); }),
              HasSubstr("got \"mean\""));
  EXPECT_THAT(ErrorOf([] { MeanIoU({}); }), HasSubstr("num_classes"));
  EXPECT_THAT(ErrorOf([] { AUROC().Update(FromList<float>({1}), FromList<int64_t>({2})); }),
              HasSubstr("targets are 0 or 1, got 2"));
}

}  // namespace
}  // namespace neura::trainer
