// All of Neura's libraries for C++ in one header. Programs that need only some include those:
// "neura/tensor/tensor.h", "neura/nn/nn.h", ...
#ifndef NEURA_NEURA_H_
#define NEURA_NEURA_H_

#include "neura/autograd/anomaly.h"
#include "neura/autograd/autograd.h"
#include "neura/autograd/checkpoint.h"
#include "neura/autograd/functional.h"
#include "neura/autograd/saved_tensors.h"
#include "neura/autograd/vmap.h"
#include "neura/data/audio/audio.h"
#include "neura/data/data.h"
#include "neura/data/text/text.h"
#include "neura/distributions/distributions.h"
#include "neura/graph/passes/passes.h"
#include "neura/graph/program.h"
#include "neura/nn/nn.h"
#include "neura/onnx/onnx.h"
#include "neura/optim/optim.h"
#include "neura/tensor/fft/fft.h"
#include "neura/tensor/io/npy.h"
#include "neura/tensor/io/safetensors.h"
#include "neura/tensor/linalg/linalg.h"
#include "neura/tensor/masked/masked.h"
#include "neura/tensor/ops/autocast.h"
#include "neura/tensor/sparse/sparse.h"
#include "neura/tensor/special/special.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/windows/windows.h"
#include "neura/trainer/callbacks.h"
#include "neura/trainer/metrics.h"
#include "neura/trainer/tensorboard.h"
#include "neura/trainer/trainer.h"
#include "neura/trainer/weight_averaging.h"

#endif  // NEURA_NEURA_H_
