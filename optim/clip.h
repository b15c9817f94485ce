// Norms and clipping of gradients.
#ifndef NEURA_OPTIM_CLIP_H_
#define NEURA_OPTIM_CLIP_H_

#include <vector>

#include "neura/tensor/core/tensor.h"

namespace neura::optim {

// The norm of all tensors together, of any order that Norm() knows, infinity among them; 0 of none.
// With error_if_nonfinite, throws FailedPrecondition when it is NaN or infinite.
double GetTotalNorm(const std::vector<Tensor>& tensors, double norm_type = 2,
                    bool error_if_nonfinite = false);

// Scales all gradients by one factor so that the norm of all of them together, which is known to be
// total_norm, is at most max_norm.
void ClipGradsWithNorm(const std::vector<Tensor>& parameters, double max_norm, double total_norm);

// The same with their norm, which is returned. An error changes nothing.
double ClipGradNorm(const std::vector<Tensor>& parameters, double max_norm, double norm_type = 2,
                    bool error_if_nonfinite = false);

// Brings each element of the gradients into [-clip_value, clip_value].
void ClipGradValue(const std::vector<Tensor>& parameters, double clip_value);

}  // namespace neura::optim

#endif  // NEURA_OPTIM_CLIP_H_
