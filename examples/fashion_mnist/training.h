// Training and evaluation of the example's network.
#ifndef NEURA_EXAMPLES_FASHION_MNIST_TRAINING_H_
#define NEURA_EXAMPLES_FASHION_MNIST_TRAINING_H_

#include <cstdint>
#include <string>
#include <vector>

#include "neura/examples/fashion_mnist/net.h"
#include "neura/neura.h"

namespace neura::examples {

struct TrainingOptions {
  int epochs = 5;
  int64_t batch_size = 64;
  double max_lr = 4e-3;
  double weight_decay = 1e-2;
  uint64_t seed = 1;
  int num_workers = 1;
  Device device = kCpu;   // where the network is
  int64_t max_steps = 0;  // stops early after so many steps; 0: never
  std::string out = ".";  // the folder for checkpoints, tables and curves
  bool resume = false;    // goes on from the last checkpoint in it
};

// Images float32 [N, 1, 28, 28], normalized, and labels int64 [N].
using Images = data::TensorDataset<2>;

// The training or the test images. Throws Error with what to install when they are missing.
Images LoadImages(bool train);

// Trains with AdamW under a one-cycle schedule, and evaluates after each epoch. Beside a progress
// bar, it leaves in options.out the last and the best checkpoint, metrics.csv, learning_curves.svg
// and, in events/, what TensorBoard shows.
void TrainNet(Net& net, const Images& train, const Images& test, const TrainingOptions& options);

// The class of every image: int64 [N]. `model` is called with batches of [n, 1, 28, 28] on
// `device`.
template <typename Model>
Tensor Predict(Model&& model, const Tensor& images, Device device = kCpu) {
  constexpr int64_t kBatch = 500;
  NoGradGuard no_grad;
  std::vector<Tensor> classes;
  for (const Tensor& batch : Split(images, kBatch)) {
    classes.push_back(ArgMax(model(To(batch, device)), {.dim = 1}));
  }
  return To(Cat(classes), kCpu);
}

// Share of equal elements.
double Agreement(const Tensor& a, const Tensor& b);

}  // namespace neura::examples

#endif  // NEURA_EXAMPLES_FASHION_MNIST_TRAINING_H_
