// Modules, layers, losses and initial values: the one header for users of //nn.
#ifndef NEURA_NN_NN_H_
#define NEURA_NN_NN_H_

#include "neura/nn/activations.h"
#include "neura/nn/adaptive_softmax.h"
#include "neura/nn/attention.h"
#include "neura/nn/convolution.h"
#include "neura/nn/dropout.h"
#include "neura/nn/functional.h"
#include "neura/nn/images.h"
#include "neura/nn/init.h"
#include "neura/nn/layers.h"
#include "neura/nn/lazy.h"
#include "neura/nn/loss.h"
#include "neura/nn/losses_of_several.h"
#include "neura/nn/module.h"
#include "neura/nn/normalization.h"
#include "neura/nn/packed_sequence.h"
#include "neura/nn/padding.h"
#include "neura/nn/pooling.h"
#include "neura/nn/positions.h"
#include "neura/nn/recurrent.h"
#include "neura/nn/sequential.h"
#include "neura/nn/substitute.h"
#include "neura/nn/summary.h"
#include "neura/nn/transformer.h"
#include "neura/nn/weight_norms.h"

#endif  // NEURA_NN_NN_H_
