// The picture that the example draws.
#ifndef NEURA_EXAMPLES_FASHION_MNIST_PICTURES_H_
#define NEURA_EXAMPLES_FASHION_MNIST_PICTURES_H_

#include <string>

#include "neura/examples/fashion_mnist/training.h"

namespace neura::examples {

// The first images of the test set with their predicted classes, wrong ones framed in red with what
// they really are. `predictions` is int64 [N].
void DrawContactSheet(const Images& test, const Tensor& predictions, const std::string& path);

}  // namespace neura::examples

#endif  // NEURA_EXAMPLES_FASHION_MNIST_PICTURES_H_
