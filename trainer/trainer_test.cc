#include "neura/trainer/trainer.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "neura/autograd/autograd.h"
#include "neura/tensor/io/safetensors.h"
#include "neura/tensor/testing/error_of.h"
#include "neura/trainer/callbacks.h"
#include "neura/trainer/tensorboard.h"
#include "neura/trainer/testing.h"
#include "protozero/pbf_reader.hpp"

namespace neura::trainer {
namespace {

using neura::testing::ErrorOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::SmallRun;

std::string Folder(const std::string& name) {
  const std::string path = absl::StrCat(::testing::TempDir(), "/", name);
  std::filesystem::remove_all(path);
  return path;
}

std::string Bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.good()) << path;
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// Saves the run when it ends, and throws after so many batches.
class Interrupt final : public Callback {
 public:
  Interrupt(std::string path, int64_t batches) : path_(std::move(path)), batches_(batches) {}
  void OnTrainBatchEnd(Trainer& trainer) override {
    if (--batches_ != 0) return;
    trainer.SaveCheckpoint(path_);
    throw std::runtime_error("interrupted");
  }
  void OnFitEnd(Trainer& trainer) override { trainer.SaveCheckpoint(path_); }

 private:
  std::string path_;
  int64_t batches_;
};

TEST(TrainerTest, LearnsAndRecordsEveryEpoch) {
  SmallRun run({.max_epochs = 6});
  const std::vector<EpochRecord> records = run.Fit();
  ASSERT_EQ(records.size(), 6u);
  for (size_t i = 0; i < records.size(); ++i) {
    EXPECT_EQ(records[i].epoch, static_cast<int64_t>(i));
    EXPECT_EQ(records[i].step, static_cast<int64_t>(i + 1) * 11);
  }
  EXPECT_LT(records.back()["loss"], records.front()["loss"]);
  EXPECT_GT(records.back()["val_accuracy"], 0.6);
  EXPECT_TRUE(std::isnan(records.back()["nothing"]));
  EXPECT_TRUE(run.net.training());
}

// The last batch of 4 counts half as much as the others of 8 where it is weighted so.
TEST(TrainerTest, AveragesOverBatchesWithTheirWeights) {
  SmallRun run({.max_epochs = 1});
  double losses = 0, right = 0;
  class Watch final : public Callback {
   public:
    Watch(double& losses, double& right) : losses_(losses), right_(right) {}
    void OnTrainBatchEnd(Trainer& trainer) override {
      // Running averages, from which the batch follows.
      const NamedNumbers numbers = trainer.numbers();
      const double weight = trainer.batch() == 11 ? 84 : 8.0 * static_cast<double>(trainer.batch());
      for (const auto& [name, value] : numbers) {
        if (name == "loss") losses_ = value * static_cast<double>(trainer.batch());
        if (name == "accuracy") right_ = value * weight;
      }
    }

   private:
    double &losses_, &right_;
  };
  run.trainer.Add(std::make_shared<Watch>(losses, right));
  const EpochRecord record = run.Fit()[0];
  EXPECT_NEAR(record["loss"], losses / 11, 1e-12);
  EXPECT_NEAR(record["accuracy"], right / 84, 1e-12);
  EXPECT_NEAR(right, std::round(right), 1e-9);
}

// After each of its batches a run is given up, another one goes on from the checkpoint, and ends
// with the bits of one that was never interrupted.
TEST(TrainerTest, GoesOnInMidEpochWithTheSameBits) {
  for (const int64_t accumulate : {1, 3}) {
    const TrainerOptions options{.max_epochs = 2, .accumulate_grad_batches = accumulate};
    const std::string folder = Folder("resume");
    std::filesystem::create_directories(folder);
    const std::string whole = folder + "/whole", cut = folder + "/cut";
    SmallRun undisturbed(options);
    undisturbed.trainer.Add(std::make_shared<Interrupt>(whole, -1));
    const std::vector<EpochRecord> records = undisturbed.Fit();
    const std::string expected = Bytes(whole);
    for (int64_t batches = 1; batches <= 22; ++batches) {
      SmallRun first(options);
      first.trainer.Add(std::make_shared<Interrupt>(cut, batches));
      EXPECT_THROW(first.Fit(), std::runtime_error);
      SmallRun second(options);
      second.trainer.Add(std::make_shared<Interrupt>(cut, -1));
      const std::vector<EpochRecord> resumed = second.Fit(cut);
      EXPECT_EQ(Bytes(cut), expected) << "after " << batches << " batches";
      ASSERT_EQ(resumed.size(), records.size());
      EXPECT_EQ(resumed[1].numbers, records[1].numbers);
    }
  }
}

TEST(TrainerTest, AccumulatedGradientsMakeTheStepOfALargeBatch) {
  // Two batches of four as one of eight: the mean of their losses.
  const Tensor x = Reshape(Arange(0, 16, 1, {.dtype = kFloat32}) / 16, {8, 2});
  const Tensor y = Sin(Sum(x, {.dims = {1}, .keepdim = true}));
  const auto weight_after = [&](int64_t batch_size, int64_t accumulate) {
    ManualSeed(1);
    nn::Linear net({.in_features = 2, .out_features = 1});
    optim::SGD optimizer(net.Parameters(), {.lr = 0.1});
    data::DataLoader loader(data::TensorDataset<2>(x, y), {.batch_size = batch_size});
    Trainer trainer({.max_epochs = 3, .accumulate_grad_batches = accumulate});
    trainer.Fit({.model = net, .optimizer = optimizer}, Over(loader, [&](const auto& batch) {
                  return Mean(Square(net(batch[0]) - batch[1]));
                }));
    EXPECT_EQ(trainer.step(), 3);
    return Contiguous(net.StateDict()[0].second);
  };
  EXPECT_TRUE(AllClose(weight_after(4, 2), weight_after(8, 1), 1e-6, 1e-7));
}

// Between two steps, whose gradients are sparse.
TEST(TrainerTest, GoesOnWithSparseGradientsThatHaveAccumulated) {
  const Tensor rows = Remainder(Arange(24) * 5, 9), targets = Sin(Cast(rows, kFloat32));
  const auto run = [&](const std::string& path, int64_t batches, const std::string& resume_from) {
    ManualSeed(1);
    nn::Embedding net({.num_embeddings = 9, .embedding_dim = 2, .sparse = true});
    optim::SparseAdam optimizer(net.Parameters(), {.lr = 0.1});
    data::DataLoader loader(data::TensorDataset<2>(rows, targets), {.batch_size = 4});
    Trainer trainer({.max_epochs = 2, .accumulate_grad_batches = 3});
    trainer.Add(std::make_shared<Interrupt>(path, batches));
    trainer.Fit({.model = net, .optimizer = optimizer, .resume_from = resume_from},
                Over(loader, [&](const auto& batch) {
                  return Mean(Square(net(batch[0]) - Unsqueeze(batch[1], 1)));
                }));
  };
  const std::string folder = Folder("sparse");
  std::filesystem::create_directories(folder);
  const std::string whole = folder + "/whole", cut = folder + "/cut";
  run(whole, -1, "");
  for (int64_t batches = 1; batches <= 4; ++batches) {
    EXPECT_THROW(run(cut, batches, ""), std::runtime_error);
    run(cut, -1, cut);
    EXPECT_EQ(Bytes(cut), Bytes(whole)) << "after " << batches << " batches";
  }
}

TEST(TrainerTest, StopsAfterSoManySteps) {
  SmallRun run({.max_epochs = 100, .max_steps = 25});
  EXPECT_EQ(run.Fit().size(), 2u);
  EXPECT_EQ(run.trainer.step(), 25);
  SmallRun short_run({.max_epochs = 2, .limit_train_batches = 3, .limit_val_batches = 1});
  EXPECT_EQ(short_run.Fit().back().step, 6);
}

TEST(TrainerTest, ClipsGradients) {
  struct Norms final : Callback {
    void OnTrainBatchEnd(Trainer& trainer) override {
      double squares = 0;
      for (const Tensor& param : trainer.model().Parameters()) {
        squares += Sum(Square(Cast(autograd::GradOf(param), kFloat64))).Item<double>();
      }
      largest = std::max(largest, std::sqrt(squares));
    }
    double largest = 0;
  };
  SmallRun run({.max_epochs = 1, .gradient_clip_norm = 0.05});
  auto norms = std::make_shared<Norms>();
  run.trainer.Add(norms);
  run.Fit();
  EXPECT_NEAR(norms->largest, 0.05, 1e-5);
}

TEST(TrainerTest, EvaluationChangesNothing) {
  SmallRun run({});
  run.net.dropout.Eval();
  const auto step = [&](const auto& batch) {
    return nn::CrossEntropy(run.net(batch[0]), batch[1]);
  };
  const NamedTensors before = run.net.StateDict();
  std::vector<Tensor> copies;
  for (const auto& [name, tensor] : before) copies.push_back(Clone(tensor));
  const NamedNumbers numbers = run.trainer.Test(run.net, Over(run.validation, step));
  ASSERT_EQ(numbers.size(), 1u);
  EXPECT_EQ(numbers[0].first, "test_loss");
  EXPECT_EQ(run.trainer.Validate(run.net, Over(run.validation, step))[0].second, numbers[0].second);
  const std::vector<Tensor> scores = run.trainer.Predict(
      run.net, Over(run.validation, [&](const auto& batch) { return run.net(batch[0]); }));
  EXPECT_EQ(scores.size(), 3u);
  EXPECT_FALSE(RequiresGrad(scores[0]));
  for (size_t i = 0; i < before.size(); ++i) EXPECT_TRUE(Equal(before[i].second, copies[i]));
  // Each module is in the mode that it had.
  EXPECT_TRUE(run.net.training());
  EXPECT_FALSE(run.net.dropout.training());
}

TEST(ModelCheckpointTest, KeepsTheLastAndTheBest) {
  const std::string folder = Folder("checkpoints");
  SmallRun run({.max_epochs = 5});
  const auto& checkpoint =
      run.trainer.Add<ModelCheckpoint>({.folder = folder, .monitor = "val_loss"});
  const std::vector<EpochRecord> records = run.Fit();
  size_t best = 0;
  for (size_t i = 0; i < records.size(); ++i) {
    if (records[i]["val_loss"] < records[best]["val_loss"]) best = i;
  }
  EXPECT_EQ(checkpoint.best(), records[best]["val_loss"]);
  // The best one is of the end of its epoch, with the numbers of that.
  SmallRun again({.max_epochs = static_cast<int64_t>(best) + 1});
  EXPECT_EQ(again.Fit(checkpoint.best_path()).back().numbers, records[best].numbers);
  SmallRun last({.max_epochs = 5});
  EXPECT_EQ(last.Fit(checkpoint.last_path()).size(), 5u);
  for (size_t i = 0; i < run.net.StateDict().size(); ++i) {
    EXPECT_TRUE(Equal(last.net.StateDict()[i].second, run.net.StateDict()[i].second));
  }
}

TEST(EarlyStoppingTest, EndsWhereNothingBecomesBetter) {
  SmallRun run({.max_epochs = 50});
  const std::string folder = Folder("stopped");
  // Whether the checkpoint is written before or after, it knows that the run has ended.
  const auto& checkpoint = run.trainer.Add<ModelCheckpoint>({.folder = folder});
  const EarlyStoppingOptions options{.monitor = "val_loss", .min_delta = 10, .patience = 2};
  run.trainer.Add<EarlyStopping>(options);
  EXPECT_EQ(run.Fit().size(), 3u);
  SmallRun again({.max_epochs = 50});
  again.trainer.Add<EarlyStopping>(options);
  EXPECT_EQ(again.Fit(checkpoint.last_path()).size(), 3u);
}

TEST(LoggersTest, TheTableHasARowForEachEpoch) {
  const std::string folder = Folder("logs");
  std::filesystem::create_directories(folder);
  SmallRun run({.max_epochs = 3});
  run.trainer.Add<LearningRateMonitor>();
  run.trainer.Add<CsvLogger>({.path = folder + "/metrics.csv"});
  run.trainer.Add<CurvesCallback>({.path = folder + "/curves.svg"});
  const std::vector<EpochRecord> records = run.Fit();
  const std::vector<std::string> lines =
      absl::StrSplit(Bytes(folder + "/metrics.csv"), '\n', absl::SkipEmpty());
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[0], "epoch,step,accuracy,loss,lr,val_accuracy,val_loss");
  const std::vector<std::string> row = absl::StrSplit(lines[3], ',');
  EXPECT_EQ(row[0], "2");
  EXPECT_EQ(row[1], "33");
  EXPECT_NEAR(std::stod(row[3]), records[2]["loss"], 1e-7);
  const std::string picture = Bytes(folder + "/curves.svg");
  EXPECT_THAT(picture, HasSubstr(">val_accuracy</text>"));
  EXPECT_THAT(picture, HasSubstr("<path d=\"M"));
}

TEST(LoggersTest, TheModelIsPrintedOnce) {
  SmallRun run({.max_epochs = 2});
  run.trainer.Add<ModelSummaryCallback>();
  ::testing::internal::CaptureStdout();
  run.Fit();
  const std::string printed = ::testing::internal::GetCapturedStdout();
  EXPECT_THAT(printed, HasSubstr("Linear"));
  EXPECT_THAT(printed, HasSubstr(absl::StrCat("Parameters: ", run.net.NumParameters())));
  EXPECT_EQ(printed.find("Parameters:"), printed.rfind("Parameters:"));
  EXPECT_TRUE(run.net.training());
}

// What TensorBoard reads: records with their checks, and messages of type Event.
TEST(LoggersTest, EventsAreRecordsWithTheirChecks) {
  EXPECT_EQ(internal::Crc32c("123456789"), 0xe3069283u);  // RFC 3720, B.4 and others
  const std::string folder = Folder("events");
  SmallRun run({.max_epochs = 2});
  run.trainer.Add<TensorBoardLogger>({.folder = folder, .every_n_steps = 10});
  const std::vector<EpochRecord> records = run.Fit();
  std::string bytes;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    EXPECT_THAT(entry.path().filename().string(), HasSubstr("events.out.tfevents."));
    bytes = Bytes(entry.path());
  }
  const auto number = [&](size_t at, size_t width) {
    uint64_t value = 0;
    for (size_t i = width; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
    return value;
  };
  const auto masked = [](std::string_view part) {
    const uint32_t crc = internal::Crc32c(part);
    return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
  };
  std::vector<std::string> tags;
  std::vector<std::pair<int64_t, float>> losses;
  for (size_t at = 0; at < bytes.size();) {
    const uint64_t length = number(at, 8);
    ASSERT_LE(at + 16 + length, bytes.size());
    EXPECT_EQ(number(at + 8, 4), masked(std::string_view(bytes).substr(at, 8)));
    const std::string_view event = std::string_view(bytes).substr(at + 12, length);
    EXPECT_EQ(number(at + 12 + length, 4), masked(event));
    at += 16 + length;
    int64_t step = 0;
    protozero::pbf_reader reader(event.data(), event.size());
    while (reader.next()) {
      if (reader.tag() == 2) {
        step = reader.get_int64();
      } else if (reader.tag() == 3) {
        EXPECT_EQ(reader.get_string(), "brain.Event:2");
      } else if (reader.tag() == 5) {
        protozero::pbf_reader value = reader.get_message();
        ASSERT_TRUE(value.next(1));
        protozero::pbf_reader scalar = value.get_message();
        ASSERT_TRUE(scalar.next(1));
        tags.push_back(scalar.get_string());
        ASSERT_TRUE(scalar.next(2));
        const float read = scalar.get_float();
        if (tags.back() == "epoch/val_loss") losses.emplace_back(step, read);
      } else {
        reader.skip();
      }
    }
  }
  EXPECT_THAT(tags, ::testing::Contains("step/loss"));
  EXPECT_THAT(losses, ElementsAre(std::pair(1, static_cast<float>(records[0]["val_loss"])),
                                  std::pair(2, static_cast<float>(records[1]["val_loss"]))));
}

TEST(TrainerErrorTest, SayWhatDoesNotFit) {
  EXPECT_THAT(ErrorOf([] { Trainer({.accumulate_grad_batches = 0}); }),
              HasSubstr("accumulate_grad_batches must be at least 1, got 0"));
  SmallRun run({});
  EXPECT_THAT(ErrorOf([&] { run.trainer.SaveCheckpoint("nowhere"); }), HasSubstr("during Fit"));
  EXPECT_THAT(ErrorOf([&] { run.Fit("/nowhere/last.safetensors"); }),
              HasSubstr("/nowhere/last.safetensors"));
  // The weights alone are no run.
  const std::string path = ::testing::TempDir() + "/weights.safetensors";
  SaveSafetensors(path, {.tensors = run.net.StateDict()});
  EXPECT_THAT(ErrorOf([&] { run.Fit(path); }),
              HasSubstr("weights.safetensors: it is no checkpoint"));
  run.trainer.Add<EarlyStopping>({.monitor = "val_f1"});
  EXPECT_THAT(ErrorOf([&] { run.Fit(); }),
              HasSubstr("EarlyStopping: there is no \"val_f1\" in epoch 0, only accuracy, loss"));
  EXPECT_THAT(ErrorOf([&] { run.trainer.Add<EarlyStopping>({.monitor = "val_f1"}); }),
              HasSubstr("two callbacks keep their state as \"EarlyStopping.val_f1\""));
  SmallRun wrong({});
  EXPECT_THAT(ErrorOf([&] {
                wrong.trainer.Fit({.model = wrong.net, .optimizer = wrong.optimizer},
                                  Over(wrong.train, [&](const auto& batch) { return batch[0]; }));
              }),
              HasSubstr("a training step gives the loss, one element, not float32 [8, 2]"));
}

TEST(TrainerErrorTest, ACheckpointOfAnotherModelNamesBothShapes) {
  const std::string folder = Folder("other");
  SmallRun run({.max_epochs = 1});
  run.trainer.Add<ModelCheckpoint>({.folder = folder});
  run.Fit();
  nn::Linear net({.in_features = 2, .out_features = 2});
  optim::SGD optimizer(net.Parameters(), {.lr = 0.1});
  Trainer trainer;
  const auto fit = [&] {
    trainer.Fit({.model = net, .optimizer = optimizer, .resume_from = folder + "/last.safetensors"},
                Over(run.train, [&](const auto& batch) { return Sum(net(batch[0])); }));
  };
  EXPECT_THAT(ErrorOf(fit), HasSubstr("last.safetensors: "));
  EXPECT_THAT(ErrorOf(fit), HasSubstr("in.weight"));
}

}  // namespace
}  // namespace neura::trainer
