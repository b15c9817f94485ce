// A small run that uses everything that a checkpoint has to keep.
#ifndef NEURA_TRAINER_TESTING_H_
#define NEURA_TRAINER_TESTING_H_

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "neura/data/data.h"
#include "neura/nn/nn.h"
#include "neura/optim/optim.h"
#include "neura/tensor/tensor.h"
#include "neura/trainer/callbacks.h"
#include "neura/trainer/trainer.h"

namespace neura::trainer::testing {

struct Net : nn::Module {
  nn::Linear in{{.in_features = 2, .out_features = 8}};
  nn::BatchNorm1d norm{{.num_features = 8}};
  nn::Dropout dropout{{.p = 0.2}};
  nn::Linear out{{.in_features = 8, .out_features = 2}};

  Tensor Forward(const Tensor& x) override { return out(dropout(Relu(norm(in(x))))); }
  NEURA_MODULE(in, norm, dropout, out)
};

// Points of two classes, one inside of a circle.
inline data::TensorDataset<2> Points(int64_t count, double seed) {
  std::vector<float> places;
  std::vector<int64_t> classes;
  for (int64_t i = 0; i < count; ++i) {
    const double x = std::sin(12.9898 * static_cast<double>(i) + seed) * 1.5;
    const double y = std::sin(78.233 * static_cast<double>(i) + 2 * seed) * 1.5;
    places.push_back(static_cast<float>(x));
    places.push_back(static_cast<float>(y));
    classes.push_back(x * x + y * y < 1);
  }
  return data::TensorDataset<2>(FromVector(places, {count, 2}), FromVector(classes, {count}));
}

// All that one run is made of: batches in random order, dropout, batch norm, a schedule.
struct SmallRun {
  using Loader = data::DataLoader<data::TensorDataset<2>>;

  explicit SmallRun(TrainerOptions options) : trainer(options) {}

  std::vector<EpochRecord> Fit(const std::string& resume_from = "") {
    const auto step = [this](const auto& batch) {
      const Tensor scores = net(batch[0]);
      const Tensor right = ArgMax(scores, {.dim = 1}) == batch[1];
      trainer.Log("accuracy", Mean(Cast(right, kFloat64)), static_cast<double>(batch[1].numel()));
      return nn::CrossEntropy(scores, batch[1]);
    };
    return trainer.Fit({.model = net,
                        .optimizer = optimizer,
                        .scheduler = &schedule,
                        .scheduler_interval = Interval::kStep,
                        .resume_from = resume_from},
                       Over(train, step), Over(validation, step));
  }

  // Before the parameters are drawn.
  int seeded = (ManualSeed(3), 0);
  Net net;
  optim::AdamW optimizer{net.Parameters(), {.lr = 0.02}};
  optim::CosineAnnealingLR schedule{optimizer, {.T_max = 100}};
  Loader train{Points(84, 0), {.batch_size = 8, .shuffle = true, .seed = 5}};
  Loader validation{Points(40, 1), {.batch_size = 16}};
  Trainer trainer;
};

}  // namespace neura::trainer::testing

#endif  // NEURA_TRAINER_TESTING_H_
