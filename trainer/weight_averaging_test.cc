#include "neura/trainer/weight_averaging.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "neura/autograd/autograd.h"
#include "neura/tensor/io/safetensors.h"
#include "neura/tensor/testing/error_of.h"
#include "neura/tensor/testing/values.h"
#include "neura/trainer/testing.h"
#include "neura/trainer/trainer.h"

namespace neura::trainer {
namespace {

using neura::testing::ErrorOf;
using neura::testing::Values;
using ::testing::HasSubstr;
using testing::SmallRun;

std::vector<float> FirstWeight(const nn::ModuleBase& model) {
  return Values(model.NamedParameters()[0].second);
}

// The average by its definition, and what validation sees.
class Watch final : public Callback {
 public:
  explicit Watch(double decay) : decay_(decay) {}
  void OnTrainBatchEnd(Trainer& trainer) override {
    const std::vector<float> now = FirstWeight(trainer.model());
    for (size_t i = 0; i < now.size(); ++i) {
      if (average.size() <= i) average.push_back(now[i]);
      average[i] = decay_ * average[i] + (1 - decay_) * now[i];
    }
    trained = now;
  }
  void OnValidationStart(Trainer& trainer) override { validated = FirstWeight(trainer.model()); }
  void OnTrainEpochEnd(Trainer& trainer) override { after = FirstWeight(trainer.model()); }

  std::vector<double> average;
  std::vector<float> trained, validated, after;

 private:
  double decay_;
};

TEST(EmaWeightAveraging, ValidationAndTheEndSeeTheAverages) {
  SmallRun run({.max_epochs = 2});
  auto& ema = run.trainer.Add<EmaWeightAveraging>({.decay = 0.8});
  auto watch = std::make_shared<Watch>(0.8);
  run.trainer.Add(watch);
  run.Fit();
  ASSERT_FALSE(watch->average.empty());
  const std::vector<float> end = FirstWeight(run.net), kept = Values(ema.averages()[0].second);
  for (size_t i = 0; i < end.size(); ++i) {
    EXPECT_NEAR(end[i], watch->average[i], 1e-6);
    EXPECT_FLOAT_EQ(watch->validated[i], end[i]);
    EXPECT_FLOAT_EQ(kept[i], end[i]);
  }
  EXPECT_EQ(watch->after, watch->trained);
  EXPECT_NE(watch->after, end);
}

TEST(EmaWeightAveraging, RefusesWhatMakesNoSense) {
  EXPECT_THAT(ErrorOf([] { EmaWeightAveraging({.decay = 1.5}); }), HasSubstr("1.5"));
  EXPECT_THAT(ErrorOf([] { EmaWeightAveraging({.update_every_n_steps = 0}); }),
              HasSubstr("update_every_n_steps"));
}

// Saves after each batch, and throws after so many.
class Interrupt final : public Callback {
 public:
  Interrupt(std::string path, int64_t batches) : path_(std::move(path)), batches_(batches) {}
  void OnCheckpoint(Trainer& trainer) override {
    trainer.SaveCheckpoint(path_);
    if (--batches_ == 0) throw std::runtime_error("interrupted");
  }

 private:
  std::string path_;
  int64_t batches_;
};

std::string Bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// The averages and the scale of the losses are part of a checkpoint: a run that goes on has the
// bits of one that was never interrupted.
TEST(EmaWeightAveraging, GoesOnWithACheckpoint) {
  const std::string folder = absl::StrCat(::testing::TempDir(), "/ema");
  std::filesystem::create_directories(folder);
  for (const TrainingPrecision precision :
       {TrainingPrecision::k32, TrainingPrecision::kBFloat16Mixed,
        TrainingPrecision::kFloat16Mixed}) {
    const TrainerOptions options{.max_epochs = 2, .precision = precision};
    const auto fit = [&](const std::string& path, int64_t batches, const std::string& from) {
      SmallRun run(options);
      run.trainer.Add<EmaWeightAveraging>({.decay = 0.7, .update_every_n_steps = 2});
      run.trainer.Add(std::make_shared<Interrupt>(path, batches));
      run.Fit(from);
    };
    const std::string whole = folder + "/whole", cut = folder + "/cut";
    fit(whole, -1, "");
    for (const int64_t batches : {3, 11, 12, 17}) {
      EXPECT_THROW(fit(cut, batches, ""), std::runtime_error);
      fit(cut, -1, cut);
      EXPECT_EQ(Bytes(cut), Bytes(whole)) << "after " << batches;
    }
  }
}

// Saves once, where callbacks before and after it have been called or not.
class SaveIn final : public Callback {
 public:
  enum Moment { kBatchEnd, kValidationStart, kValidationEnd };
  SaveIn(std::string path, Moment moment) : path_(std::move(path)), moment_(moment) {}
  void OnTrainBatchEnd(Trainer& trainer) override { Save(trainer, kBatchEnd, trainer.step() == 3); }
  void OnValidationStart(Trainer& trainer) override { Save(trainer, kValidationStart, true); }
  void OnValidationEnd(Trainer& trainer) override { Save(trainer, kValidationEnd, true); }

 private:
  void Save(Trainer& trainer, Moment moment, bool now) {
    if (moment == moment_ && now) trainer.SaveCheckpoint(path_);
  }
  std::string path_;
  Moment moment_;
};

// A checkpoint is the same whichever of two callbacks comes first.
TEST(EmaWeightAveraging, IsSavedAsItShouldBeAtAnyMoment) {
  const std::string folder = absl::StrCat(::testing::TempDir(), "/ema_moments");
  std::filesystem::create_directories(folder);
  for (const SaveIn::Moment moment :
       {SaveIn::kBatchEnd, SaveIn::kValidationStart, SaveIn::kValidationEnd}) {
    std::string found[2];
    for (const bool before : {true, false}) {
      const std::string path = absl::StrCat(folder, "/", moment, before);
      SmallRun run({.max_epochs = 1});
      if (before) run.trainer.Add(std::make_shared<SaveIn>(path, moment));
      run.trainer.Add<EmaWeightAveraging>({.decay = 0.7});
      if (!before) run.trainer.Add(std::make_shared<SaveIn>(path, moment));
      run.Fit();
      found[before ? 1 : 0] = Bytes(path);
    }
    EXPECT_FALSE(found[0].empty());
    EXPECT_EQ(found[0], found[1]) << moment;
  }
}

TEST(TrainingPrecision, StepsRunInSixteenBits) {
  for (const TrainingPrecision precision :
       {TrainingPrecision::kBFloat16Mixed, TrainingPrecision::kFloat16Mixed}) {
    SmallRun run({.max_epochs = 6, .precision = precision});
    const std::vector<EpochRecord> records = run.Fit();
    EXPECT_GT(records.back()["val_accuracy"], 0.6);
    for (const auto& [name, parameter] : run.net.NamedParameters()) {
      EXPECT_EQ(parameter.dtype(), kFloat32) << name;
      EXPECT_EQ(autograd::GradOf(parameter).dtype(), kFloat32) << name;
    }
  }
  // And what they compute is not what float32 has.
  SmallRun low({.max_epochs = 1, .precision = TrainingPrecision::kBFloat16Mixed}),
      full({.max_epochs = 1});
  EXPECT_NE(low.Fit()[0]["loss"], full.Fit()[0]["loss"]);
}

}  // namespace
}  // namespace neura::trainer
