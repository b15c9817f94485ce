#include "neura/examples/fashion_mnist/training.h"

#include "absl/strings/str_format.h"
#include "neura/examples/fashion_mnist/progress_bar.h"

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

std::vector<EpochRecord> TrainNet(Net& net, const Images& train, const Images& test,
                                  const TrainingOptions& options) {
  data::DataLoader loader(train, {.batch_size = options.batch_size,
                                  .shuffle = true,
                                  .drop_last = true,
                                  .num_workers = options.num_workers,
                                  .pin_memory = options.device != kCpu,
                                  .seed = options.seed});
  optim::AdamW optimizer(net.Parameters(), {.weight_decay = options.weight_decay});
  optim::OneCycleLR schedule(
      optimizer, {.max_lr = options.max_lr, .total_steps = options.epochs * loader.size()});
  std::vector<EpochRecord> records;
  int64_t steps = 0;
  for (int epoch = 1; epoch <= options.epochs; ++epoch) {
    net.Train();
    ProgressBar bar(absl::StrFormat("Epoch %d/%d", epoch, options.epochs), loader.size());
    double loss_sum = 0, correct = 0;
    int64_t batches = 0, seen = 0;
    const auto status = [&] {
      return absl::StrFormat(
          "loss %.4f  acc %5.2f%%  %6.0f images/s", loss_sum / static_cast<double>(batches),
          100 * correct / static_cast<double>(seen), static_cast<double>(seen) / bar.seconds());
    };
    bool stop = false;
    for (const auto& batch : loader) {
      const Tensor images = To(batch[0], options.device, /*non_blocking=*/true);
      const Tensor labels = To(batch[1], options.device, /*non_blocking=*/true);
      optimizer.ZeroGrad();
      const Tensor scores = net(images);
      const Tensor loss = nn::CrossEntropy(scores, labels);
      Backward(loss);
      optimizer.Step();
      schedule.Step();

      loss_sum += loss.Item<double>();
      correct += Sum(ArgMax(scores, {.dim = 1}) == labels).Item<double>();
      seen += images.size(0);
      bar.Update(++batches, status());
      stop = ++steps == options.max_steps;
      if (stop) break;
    }
    EpochRecord record;
    record.train_loss = loss_sum / static_cast<double>(batches);
    record.train_accuracy = correct / static_cast<double>(seen);
    record.images_per_second = static_cast<double>(seen) / bar.seconds();
    const std::string line = status();
    if (stop) {
      bar.Finish(line);
      return records;
    }
    net.Eval();
    record.test_accuracy =
        Agreement(Predict(net, test.tensors()[0], options.device), test.tensors()[1]);
    bar.Finish(absl::StrFormat("%s  test %5.2f%%", line, 100 * record.test_accuracy));
    records.push_back(record);
  }
  return records;
}

}  // namespace neura::examples
