// Modules, layers, losses and initial values: the one header for users of //nn.
#ifndef NEURA_NN_NN_H_
#define NEURA_NN_NN_H_

#include "neura/nn/activations.h"
#include "neura/nn/convolution.h"
#include "neura/nn/dropout.h"
#include "neura/nn/functional.h"
#include "neura/nn/images.h"
#include "neura/nn/init.h"
#include "neura/nn/layers.h"
#include "neura/nn/loss.h"
#include "neura/nn/module.h"
#include "neura/nn/normalization.h"
#include "neura/nn/padding.h"
#include "neura/nn/pooling.h"
#include "neura/nn/sequential.h"
#include "neura/nn/substitute.h"

#endif  // NEURA_NN_NN_H_
