// Random zeros as layers. While training, elements or whole channels are dropped, each with the
// probability p; in evaluation they are the identity.
#ifndef NEURA_NN_DROPOUT_H_
#define NEURA_NN_DROPOUT_H_

#include "neura/nn/with_options.h"

namespace neura::nn {

struct DropoutOptions {
  double p = 0.5;
  NEURA_FIELDS(p)
};

#define NEURA_INTERNAL_DROPOUT(Name)                   \
  class Name : public WithOptions<DropoutOptions> {    \
   public:                                             \
    explicit Name(const DropoutOptions& options = {}); \
    Tensor Forward(const Tensor& input) override;      \
    NEURA_MODULE()                                     \
  };

// Zeros elements and scales the others by 1 / (1 - p). Srivastava et al., 2014.
NEURA_INTERNAL_DROPOUT(Dropout)
// The same for channels: of [N, C] and [N, C, ...] for two dimensions, and in one and three ones
// also of one example without N. Tompson et al., 2015 (arXiv:1411.4280).
NEURA_INTERNAL_DROPOUT(Dropout1d)
NEURA_INTERNAL_DROPOUT(Dropout2d)
NEURA_INTERNAL_DROPOUT(Dropout3d)
// Sets elements, or channels of [N, C, ...], to the value that SELU tends to and scales all, so
// that mean 0 and variance 1 stay. Klambauer et al., 2017 (arXiv:1706.02515).
NEURA_INTERNAL_DROPOUT(AlphaDropout)
NEURA_INTERNAL_DROPOUT(FeatureAlphaDropout)

#undef NEURA_INTERNAL_DROPOUT

}  // namespace neura::nn

#endif  // NEURA_NN_DROPOUT_H_
