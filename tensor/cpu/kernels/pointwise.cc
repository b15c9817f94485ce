// Every pointwise operation is this one kernel: the prepared iterator hands out rows, and a loop
// from the table computes them.
#include "neura/tensor/ops/op_list/pointwise.h"

#include <algorithm>
#include <complex>
#include <cstdint>
#include <cstring>

#include "neura/tensor/core/error.h"
#include "neura/tensor/cpu/kernels/dtype_switch.h"
#include "neura/tensor/cpu/kernels/kernels.h"
#include "neura/tensor/cpu/kernels/pointwise_table.h"
#include "neura/tensor/iteration/strided_loop.h"
#include "neura/tensor/ops/pointwise_type.h"

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

}  // namespace

PointwiseLoop PointwiseLoopOf(OpId op, DType dtype) { return Table().At(op, dtype); }

namespace {

// How the elements of a tensor lie, and what the loop takes them for.
struct Operand {
  size_t item_size = 0;
  int64_t stride = 0;             // in bytes
  size_t loop_size = 0;           // of an element in the loop's dtype
  ConvertLoop convert = nullptr;  // to the loop's dtype; from it, of the output

  bool direct() const { return stride == static_cast<int64_t>(item_size) && convert == nullptr; }
  void Load(int64_t n, const char* from, char* buffer) const {
    const auto packed = static_cast<int64_t>(loop_size);
    convert != nullptr ? ConvertRow(convert, n, item_size, from, stride, loop_size, buffer, packed)
                       : CopyStrided(n, item_size, from, stride, buffer, packed);
  }
  void Store(int64_t n, const char* buffer, char* to) const {
    const auto packed = static_cast<int64_t>(loop_size);
    convert != nullptr ? ConvertRow(convert, n, loop_size, buffer, packed, item_size, to, stride)
                       : CopyStrided(n, item_size, buffer, packed, to, stride);
  }
};

// A call as its rows are computed. Operand 0 is the output.
class Rows {
 public:
  explicit Rows(const KernelCall& call) : num_inputs_(call.call.inputs.size()) {
    const size_t first = call.call.schema().flags.first_value;
    DType compute = call.input(first).dtype();
    bool same = true;
    for (size_t i = first + 1; i < num_inputs_; ++i) same &= call.input(i).dtype() == compute;
    // A number beside float16 is float32. What depends on the dtype itself has loops of float16.
    if (!same) {
      for (size_t i = first; i < num_inputs_; ++i) {
        const DType dtype = call.input(i).dtype();
        if (WideDType(dtype) != dtype) compute = dtype;
      }
      if (Table().At(call.call.op, compute) == nullptr) compute = WideDType(compute);
    }
    loop_ = Table().At(call.call.op, compute);
    if (loop_ == nullptr) loop_ = Table().At(call.call.op, compute = WideDType(compute));
    if (loop_ == nullptr) FailForDType(call.input(first).dtype());
    options_ = call.call.options;
    for (size_t i = 0; i < num_inputs_; ++i) {
      const DType dtype = call.input(i).dtype(), wanted = i < first ? dtype : compute;
      operands_[i + 1].item_size = ItemSize(dtype);
      operands_[i + 1].loop_size = ItemSize(wanted);
      if (dtype != wanted) operands_[i + 1].convert = ConvertLoopOf(dtype, wanted);
    }
    const DType dtype = call.output().dtype();
    const DType made = ResultDType(call.call.schema().flags.rule, compute);
    operands_[0].item_size = ItemSize(dtype);
    operands_[0].loop_size = ItemSize(made);
    if (dtype != made) operands_[0].convert = ConvertLoopOf(made, dtype);
  }

  Operand& operand(size_t k) { return operands_[k]; }

  // Whether elements go straight from the tensors into the loop.
  bool direct() const {
    bool direct = true;
    for (size_t k = 0; k <= num_inputs_; ++k) direct &= operands_[k].direct();
    return direct;
  }

  void RunDirect(int64_t n, const StridedLoop::Pointers& data) const {
    const void* inputs[kMaxInputs] = {data[1], data[2], data[3]};
    loop_(static_cast<size_t>(n), inputs, data[0], options_);
  }

  // With a strided, repeated or converted operand: gathered into buffers, computed, scattered.
  void RunBuffered(int64_t n, const StridedLoop::Pointers& data) const {
    alignas(64) char buffers[kMaxInputs + 1][kChunk * kMaxItemSize];
    const void* inputs[kMaxInputs];
    for (size_t k = 1; k <= num_inputs_; ++k) {
      if (operands_[k].stride == 0) operands_[k].Load(std::min(n, kChunk), data[k], buffers[k]);
    }
    for (int64_t begin = 0; begin < n; begin += kChunk) {
      const int64_t count = std::min(kChunk, n - begin);
      for (size_t k = 1; k <= num_inputs_; ++k) {
        const Operand& operand = operands_[k];
        const char* source = data[k] + begin * operand.stride;
        inputs[k - 1] = operand.direct() ? source : buffers[k];
        if (operand.stride != 0 && !operand.direct()) operand.Load(count, source, buffers[k]);
      }
      char* target = data[0] + begin * operands_[0].stride;
      const bool direct = operands_[0].direct();
      loop_(static_cast<size_t>(count), inputs, direct ? target : buffers[0], options_);
      if (!direct) operands_[0].Store(count, buffers[0], target);
    }
  }

 private:
  size_t num_inputs_;
  PointwiseLoop loop_;
  const void* options_;
  Operand operands_[kMaxInputs + 1];
};

// What is not worth any preparation: few elements.
constexpr int64_t kSmall = 4096;

template <bool kRepeats>
struct RepeatedInputs {
  alignas(64) char buffers[kMaxInputs][kChunk * kMaxItemSize];
};
template <>
struct RepeatedInputs<false> {};

// Of tensors that all lie in the same order, in a dtype with a loop of its own; kRepeats allows
// also one element for a few, apart because of the memory that it takes.
template <bool kRepeats>
bool RunPlain(const KernelCall& call) {
  const Tensor& output = call.output();
  const int64_t numel = output.numel();
  if (numel > (kRepeats ? kChunk : kSmall) || !output.is_contiguous()) return false;
  const size_t count = call.call.inputs.size(), first = call.call.schema().flags.first_value;
  const DType dtype = call.input(first).dtype();
  const void* inputs[kMaxInputs];
  [[maybe_unused]] RepeatedInputs<kRepeats> repeated;
  for (size_t i = 0; i < count; ++i) {
    const Tensor& input = call.input(i);
    if (i > first && input.dtype() != dtype) return false;
    inputs[i] = input.raw_data();
    if (input.is_contiguous() && SameDims(input.shape(), output.shape())) continue;
    if constexpr (!kRepeats) {
      return false;
    } else {
      if (input.numel() != 1) return false;
      RepeatLoopOf(ItemSize(input.dtype()))(numel, inputs[i], repeated.buffers[i]);
      inputs[i] = repeated.buffers[i];
    }
  }
  const PointwiseLoop loop = Table().At(call.call.op, dtype);
  if (loop == nullptr) return false;
  loop(static_cast<size_t>(numel), inputs, output.raw_data(), call.call.options);
  return true;
}

// And where some are one element for all, or are converted.
bool RunSmall(const KernelCall& call, Rows& rows) {
  const Tensor& output = call.output();
  if (output.numel() > kSmall || !output.is_contiguous()) return false;
  StridedLoop::Pointers data = {static_cast<char*>(output.raw_data())};
  rows.operand(0).stride = static_cast<int64_t>(ItemSize(output.dtype()));
  for (size_t i = 0; i < call.call.inputs.size(); ++i) {
    const Tensor& input = call.input(i);
    if (input.is_contiguous() && SameDims(input.shape(), output.shape())) {
      rows.operand(i + 1).stride = static_cast<int64_t>(ItemSize(input.dtype()));
    } else if (input.numel() != 1) {
      return false;
    }
    data[i + 1] = static_cast<char*>(input.raw_data());
  }
  rows.direct() ? rows.RunDirect(output.numel(), data) : rows.RunBuffered(output.numel(), data);
  return true;
}

// Of integers of the size of T.
template <typename T>
bool HasZero(const Tensor& divisor) {
  const Tensor packed = ContiguousInput(divisor);
  const auto* const numbers = static_cast<const T*>(packed.raw_data());
  return std::find(numbers, numbers + packed.numel(), T(0)) != numbers + packed.numel();
}

// Throws FailedPrecondition where an integer is divided by 0.
void CheckDivisor(const KernelCall& call) {
  const Tensor& divisor = call.input(1);
  if (call.output().numel() == 0 || IsFloating(divisor.dtype())) return;
  const size_t size = ItemSize(divisor.dtype());
  if (size == 8   ? HasZero<uint64_t>(divisor)
      : size == 4 ? HasZero<uint32_t>(divisor)
      : size == 2 ? HasZero<uint16_t>(divisor)
                  : HasZero<uint8_t>(divisor)) {
    ThrowFailedPrecondition("ZeroDivisionError: integers have no quotient by 0");
  }
}

void PointwiseKernel(KernelCall& call) {
  const OpId id = call.call.op;
  if (id == op::kFloorDivide || id == op::kRemainder || id == op::kFmod) CheckDivisor(call);
  bool any_number = false;
  for (const Tensor* input : call.call.inputs) any_number |= input->dim() == 0;
  if (any_number ? RunPlain<true>(call) : RunPlain<false>(call)) return;
  Rows rows(call);
  if (RunSmall(call, rows)) return;
  StridedLoop strided(call.output().shape());
  strided.Add(call.output());
  for (const Tensor* input : call.call.inputs) strided.Add(*input);
  strided.Prepare();
  for (size_t k = 0; k <= call.call.inputs.size(); ++k) {
    rows.operand(k).stride = strided.row_stride(static_cast<int>(k));
  }
  if (rows.direct()) {
    strided.Run([&](int64_t n, const StridedLoop::Pointers& data) { rows.RunDirect(n, data); });
  } else {
    strided.Run([&](int64_t n, const StridedLoop::Pointers& data) { rows.RunBuffered(n, data); });
  }
}

}  // namespace

#define NEURA_UNARY_WITH(Name, ...) \
  void Name##Kernel(KernelCall& call) { PointwiseKernel(call); }
#define NEURA_BINARY(Name, ...) NEURA_UNARY_WITH(Name, )
#include "neura/tensor/ops/op_list/pointwise.inc"

void NextAfterKernel(KernelCall& call) { PointwiseKernel(call); }
void PolynomialKernel(KernelCall& call) { PointwiseKernel(call); }
void WhereKernel(KernelCall& call) { PointwiseKernel(call); }

}  // namespace neura::cpu
