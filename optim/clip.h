// Gradient clipping.
#ifndef NEURA_OPTIM_CLIP_H_
#define NEURA_OPTIM_CLIP_H_

#include <vector>

#include "neura/tensor/core/tensor.h"

namespace neura::optim {

// Scales all gradients by one factor so that the norm of all of them together is at most max_norm;
// returns what it was before. norm_type may be infinity. With error_if_nonfinite, throws
// FailedPrecondition when that norm is NaN or infinite, and changes nothing.
double ClipGradNorm(const std::vector<Tensor>& parameters, double max_norm, double norm_type = 2,
                    bool error_if_nonfinite = false);

// Brings each element of the gradients into [-clip_value, clip_value].
void ClipGradValue(const std::vector<Tensor>& parameters, double clip_value);

}  // namespace neura::optim

#endif  // NEURA_OPTIM_CLIP_H_
