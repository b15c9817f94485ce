// Numerical checks of derivatives, for whoever writes a gradient rule.
#ifndef NEURA_AUTOGRAD_GRADCHECK_H_
#define NEURA_AUTOGRAD_GRADCHECK_H_

#include <string>
#include <vector>

#include "neura/autograd/autograd.h"
#include "neura/tensor/core/tensor.h"

namespace neura::autograd {

struct GradCheckOptions {
  double eps = 1e-6;  // step of the central difference
  double atol = 1e-6;
  double rtol = 1e-5;
};

// Compares the gradient of a fixed random combination of all floating point outputs, and of the
// parts of complex ones, for every element of each float64 input with (f(x + eps) - f(x - eps)) /
// (2 eps). The gradient of a complex128 element has the derivatives for its parts as its own. Empty
// when they agree, else what differs. Inputs of other dtypes are constants.
std::string GradCheck(const TensorFunction& fn, const std::vector<Tensor>& inputs,
                      const GradCheckOptions& options = {});

// The same for the gradient's own gradient.
std::string GradGradCheck(const TensorFunction& fn, const std::vector<Tensor>& inputs,
                          const GradCheckOptions& options = {});

}  // namespace neura::autograd

#endif  // NEURA_AUTOGRAD_GRADCHECK_H_
