// The pictures that the example leaves behind.
#ifndef NEURA_EXAMPLES_FASHION_MNIST_PICTURES_H_
#define NEURA_EXAMPLES_FASHION_MNIST_PICTURES_H_

#include <string>
#include <vector>

#include "neura/examples/fashion_mnist/training.h"

namespace neura::examples {

// Loss and accuracies over the epochs, as a PNG file. Throws Error when it cannot be written.
void DrawLearningCurves(const std::vector<EpochRecord>& records, const std::string& path);

// The first images of the test set with their predicted classes, wrong ones framed in red with what
// they really are. `predictions` is int64 [N].
void DrawContactSheet(const Images& test, const Tensor& predictions, const std::string& path);

}  // namespace neura::examples

#endif  // NEURA_EXAMPLES_FASHION_MNIST_PICTURES_H_
