// Optimizer steps: they change their inputs: options and identities.
#ifndef NEURA_TENSOR_OPS_OP_LIST_STEP_H_
#define NEURA_TENSOR_OPS_OP_LIST_STEP_H_

#include <cstdint>

#include "neura/tensor/core/fields.h"
#include "neura/tensor/ops/schema.h"

namespace neura {

struct SgdStepOptions {
  double lr = 0;
  double momentum = 0;
  double dampening = 0;
  double weight_decay = 0;
  bool nesterov = false;
  bool maximize = false;
  bool first_step = false;  // the momentum buffer is set, not updated
  NEURA_FIELDS(lr, momentum, dampening, weight_decay, nesterov, maximize, first_step)
};

struct AdamStepOptions {
  double lr = 0;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 0;
  bool decoupled_weight_decay = false;  // AdamW
  bool maximize = false;
  int64_t step = 1;  // counts from 1
  NEURA_FIELDS(lr, beta1, beta2, eps, weight_decay, decoupled_weight_decay, maximize, step)
};

namespace op {
#define NEURA_OP(Name, ...) Name,
struct StepList {
  enum : uint16_t {
#include "neura/tensor/ops/op_list/step.inc"
  };
};
#undef NEURA_OP
#define NEURA_OP(Name, ...) inline constexpr OpId k##Name = IdIn(OpFamily::kStep, StepList::Name);
#include "neura/tensor/ops/op_list/step.inc"
#undef NEURA_OP
}  // namespace op

#define NEURA_OP(Name, name, Options, inputs, outputs, infer, flags, ...) \
  NEURA_DEFINE_CALL(Name, Options, flags, NEURA_UNPACK outputs)
#include "neura/tensor/ops/op_list/step.inc"
#undef NEURA_OP

}  // namespace neura

#endif  // NEURA_TENSOR_OPS_OP_LIST_STEP_H_
