// Tensors and their operations: the one header for users of //tensor.
#ifndef NEURA_TENSOR_TENSOR_H_
#define NEURA_TENSOR_TENSOR_H_

#include "neura/tensor/core/allocator.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/image.h"
#include "neura/tensor/ops/index.h"
#include "neura/tensor/ops/linalg.h"
#include "neura/tensor/ops/norm.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/reduce.h"
#include "neura/tensor/ops/shape.h"
#include "neura/tensor/ops/summary.h"
#include "neura/tensor/parallel/thread_pool.h"

#endif  // NEURA_TENSOR_TENSOR_H_
