#include "neura/examples/fashion_mnist/training.h"

namespace neura::examples {

Images LoadImages(bool train) {
  auto dataset = data::FashionMnist({.train = train});
  if (!dataset.ok()) ThrowStatus(dataset.status());
  // Mean and standard deviation of the training images.
  const data::Compose prepare(data::ToFloat(), data::Normalize({0.2860f}, {0.3530f}));
  return Images(prepare(dataset->tensors()[0], {}), dataset->tensors()[1]);
}

double Agreement(const Tensor& a, const Tensor& b) {
  return Mean(Cast(a == b, kFloat64)).Item<double>();
}

void TrainNet(Net& net, const Images& train, const Images& test, const TrainingOptions& options) {
  const bool pin = options.device != kCpu;
  data::DataLoader train_loader(train, {.batch_size = options.batch_size,
                                        .shuffle = true,
                                        .drop_last = true,
                                        .num_workers = options.num_workers,
                                        .pin_memory = pin,
                                        .seed = options.seed});
  data::DataLoader test_loader(test, {.batch_size = 500, .pin_memory = pin});
  optim::AdamW optimizer(net.Parameters(), {.weight_decay = options.weight_decay});
  optim::OneCycleLR schedule(
      optimizer, {.max_lr = options.max_lr, .total_steps = options.epochs * train_loader.size()});

  trainer::Trainer trainer(
      {.max_epochs = options.epochs, .max_steps = options.max_steps > 0 ? options.max_steps : -1});
  trainer.Add<trainer::ProgressBarCallback>();
  const auto& checkpoint = trainer.Add<trainer::ModelCheckpoint>(
      {.folder = options.out, .monitor = "val_accuracy", .mode = trainer::Mode::kMax});
  trainer.Add<trainer::CsvLogger>({.path = options.out + "/metrics.csv"});
  trainer.Add<trainer::CurvesCallback>({.path = options.out + "/learning_curves.svg"});
  trainer.Add<trainer::TensorBoardLogger>({.folder = options.out + "/events"});

  const auto step = [&](const auto& batch) {
    const Tensor images = To(batch[0], options.device, /*non_blocking=*/true);
    const Tensor labels = To(batch[1], options.device, /*non_blocking=*/true);
    const Tensor scores = net(images);
    trainer.Log("accuracy", Agreement(ArgMax(scores, {.dim = 1}), labels),
                static_cast<double>(labels.numel()));
    return nn::CrossEntropy(scores, labels);
  };
  trainer.Fit({.model = net,
               .optimizer = optimizer,
               .scheduler = &schedule,
               .scheduler_interval = trainer::Interval::kStep,
               .resume_from = options.resume ? checkpoint.last_path() : ""},
              trainer::Over(train_loader, step), trainer::Over(test_loader, step));
}

}  // namespace neura::examples
