// Every pointwise operation is this one kernel: the prepared iterator hands out rows, and a loop
// from the table computes them.
#include <algorithm>
#include <complex>
#include <cstring>

#include "neura/tensor/cpu/kernels/dtype_switch.h"
#include "neura/tensor/cpu/kernels/kernels.h"
#include "neura/tensor/cpu/kernels/pointwise_table.h"
#include "neura/tensor/iteration/strided_loop.h"

namespace neura::cpu {
namespace {

constexpr int kMaxInputs = 3;
// Elements that go through a buffer at a time where an operand is not contiguous: small enough that
// the buffers stay in L1.
constexpr int64_t kChunk = 512;
constexpr size_t kMaxItemSize = sizeof(std::complex<double>);

PointwiseTable& Table() {
  static PointwiseTable* table = [] {
    auto* filled = new PointwiseTable;
    FillScalarLoops(*filled);
    FillVectorLoops(*filled);
    return filled;
  }();
  return *table;
}
// Before threads are: a fork must not find one of them making it.
[[maybe_unused]] const PointwiseTable& kMade = Table();

void CopyStrided(const char* from, int64_t from_stride, char* to, int64_t to_stride, int64_t n,
                 size_t item_size) {
  const auto copy = [&]<typename T>(T) {
    for (int64_t i = 0; i < n; ++i) {
      T value;  // through memcpy: views may lie at any address
      std::memcpy(&value, from + i * from_stride, sizeof(T));
      std::memcpy(to + i * to_stride, &value, sizeof(T));
    }
  };
  switch (item_size) {
    case 1:
      return copy(uint8_t());
    case 2:
      return copy(uint16_t());
    case 4:
      return copy(uint32_t());
    case 8:
      return copy(uint64_t());
    default:
      return copy(std::complex<double>());
  }
}

struct Operand {
  size_t item_size;
  int64_t stride;  // in bytes
  bool contiguous() const { return stride == static_cast<int64_t>(item_size); }
};

// Rows with a strided or repeated operand: gathered into buffers, computed, scattered.
void RunBuffered(PointwiseLoop loop, const void* options, int64_t n,
                 const StridedLoop::Pointers& data, const Operand* operands, int num_inputs) {
  alignas(64) char buffers[kMaxInputs + 1][kChunk * kMaxItemSize];
  const void* inputs[kMaxInputs];
  for (int k = 1; k <= num_inputs; ++k) {
    if (operands[k].stride == 0) {
      CopyStrided(data[static_cast<size_t>(k)], 0, buffers[k],
                  static_cast<int64_t>(operands[k].item_size), std::min(n, kChunk),
                  operands[k].item_size);
    }
  }
  for (int64_t begin = 0; begin < n; begin += kChunk) {
    const int64_t count = std::min(kChunk, n - begin);
    for (int k = 1; k <= num_inputs; ++k) {
      const Operand& operand = operands[k];
      char* source = data[static_cast<size_t>(k)] + begin * operand.stride;
      inputs[k - 1] = operand.contiguous() ? source : buffers[k];
      if (operand.stride != 0 && !operand.contiguous()) {
        CopyStrided(source, operand.stride, buffers[k], static_cast<int64_t>(operand.item_size),
                    count, operand.item_size);
      }
    }
    char* target = data[0] + begin * operands[0].stride;
    void* output = operands[0].contiguous() ? target : buffers[0];
    loop(static_cast<size_t>(count), inputs, output, options);
    if (output != target) {
      CopyStrided(buffers[0], static_cast<int64_t>(operands[0].item_size), target,
                  operands[0].stride, count, operands[0].item_size);
    }
  }
}

void PointwiseKernel(KernelCall& call) {
  const OpSchema& schema = call.call.schema();
  const Tensor& output = call.output();
  const auto num_inputs = static_cast<int>(call.call.inputs.size());
  const DType dtype = call.input(schema.flags.first_value).dtype();
  const PointwiseLoop loop = Table().At(call.call.op, dtype);
  if (loop == nullptr) FailForDType(dtype);
  bool plain = output.is_contiguous();
  for (const Tensor* input : call.call.inputs) {
    plain = plain && input->is_contiguous() && input->shape() == output.shape();
  }
  constexpr int64_t kSmall = 4096;
  if (plain && output.numel() <= kSmall) {
    const void* inputs[kMaxInputs];
    for (int i = 0; i < num_inputs; ++i) inputs[i] = call.input(static_cast<size_t>(i)).raw_data();
    loop(static_cast<size_t>(output.numel()), inputs, output.raw_data(), call.call.options);
    return;
  }
  StridedLoop rows(output.shape());
  rows.Add(output);
  for (const Tensor* input : call.call.inputs) rows.Add(*input);
  rows.Prepare();
  Operand operands[kMaxInputs + 1];
  bool contiguous = true;
  for (int k = 0; k <= num_inputs; ++k) {
    const Tensor& tensor = k == 0 ? output : call.input(static_cast<size_t>(k - 1));
    operands[k] = {ItemSize(tensor.dtype()), rows.row_stride(k)};
    contiguous &= operands[k].contiguous();
  }
  rows.Run([&](int64_t n, const StridedLoop::Pointers& data) {
    if (contiguous) {
      const void* inputs[kMaxInputs] = {data[1], data[2], data[3]};
      loop(static_cast<size_t>(n), inputs, data[0], call.call.options);
    } else {
      RunBuffered(loop, call.call.options, n, data, operands, num_inputs);
    }
  });
}

}  // namespace

#define NEURA_UNARY_WITH(Name, ...) \
  void Name##Kernel(KernelCall& call) { PointwiseKernel(call); }
#define NEURA_BINARY(Name, ...) NEURA_UNARY_WITH(Name, )
#include "neura/tensor/ops/op_list/pointwise.inc"

void WhereKernel(KernelCall& call) { PointwiseKernel(call); }

}  // namespace neura::cpu
