// The network of this example: two convolutions and two linear layers, 421,000 parameters.
#ifndef NEURA_EXAMPLES_FASHION_MNIST_NET_H_
#define NEURA_EXAMPLES_FASHION_MNIST_NET_H_

#include "neura/neura.h"

namespace neura::examples {

// [N, 1, 28, 28] -> [N, 10], one score for each class.
struct Net : nn::Module {
  nn::Conv2d conv1{{.in_channels = 1, .out_channels = 32, .kernel_size = 3, .padding = 1}};
  nn::BatchNorm2d bn1{{.num_features = 32}};
  nn::Conv2d conv2{{.in_channels = 32, .out_channels = 64, .kernel_size = 3, .padding = 1}};
  nn::BatchNorm2d bn2{{.num_features = 64}};
  nn::Linear fc1{{.in_features = 64 * 7 * 7, .out_features = 128}};
  nn::Dropout dropout{{.p = 0.25}};
  nn::Linear fc2{{.in_features = 128, .out_features = 10}};

  Tensor Forward(const Tensor& x) override {
    Tensor h = MaxPool2d(Relu(bn1(conv1(x))), {.kernel_size = 2});
    h = MaxPool2d(Relu(bn2(conv2(h))), {.kernel_size = 2});
    return fc2(dropout(Relu(fc1(Flatten(h, 1)))));
  }
  NEURA_MODULE(conv1, bn1, conv2, bn2, fc1, dropout, fc2)
};

}  // namespace neura::examples

#endif  // NEURA_EXAMPLES_FASHION_MNIST_NET_H_
