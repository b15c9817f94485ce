// The options and identities of all operations, for what works on every family.
#ifndef NEURA_TENSOR_OPS_OP_LIST_H_
#define NEURA_TENSOR_OPS_OP_LIST_H_

#include "neura/tensor/ops/op_list/copy.h"
#include "neura/tensor/ops/op_list/create.h"
#include "neura/tensor/ops/op_list/fft.h"
#include "neura/tensor/ops/op_list/fused.h"
#include "neura/tensor/ops/op_list/image.h"
#include "neura/tensor/ops/op_list/index.h"
#include "neura/tensor/ops/op_list/linalg.h"
#include "neura/tensor/ops/op_list/norm.h"
#include "neura/tensor/ops/op_list/pointwise.h"
#include "neura/tensor/ops/op_list/reduce.h"
#include "neura/tensor/ops/op_list/shape.h"
#include "neura/tensor/ops/op_list/view.h"

#endif  // NEURA_TENSOR_OPS_OP_LIST_H_
