#include "neura/tensor/testing/op_cases.h"

#include "neura/tensor/ops/op_list/copy.h"
#include "neura/tensor/ops/op_list/create.h"
#include "neura/tensor/ops/op_list/fused.h"
#include "neura/tensor/ops/op_list/index.h"
#include "neura/tensor/ops/op_list/linalg.h"
#include "neura/tensor/ops/op_list/reduce.h"
#include "neura/tensor/tensor.h"

namespace neura::testing {

Array MakeArray(Dims shape, double fill) {
  Array array;
  array.values.assign(static_cast<size_t>(NumElements(shape)), fill);
  array.shape = std::move(shape);
  return array;
}

namespace {

double ReadElement(const Tensor& tensor, int64_t offset) {
  return SwitchDType(tensor.dtype(), [&]<typename T>(T) {
    return Convert<double>(static_cast<const T*>(tensor.raw_data())[offset]);
  });
}

}  // namespace

Array ToArray(const Tensor& tensor) {
  if (!tensor.defined()) return {};
  Array array = MakeArray(Dims(tensor.shape().begin(), tensor.shape().end()));
  for (int64_t i = 0; i < array.numel(); ++i) {
    int64_t rest = i, offset = 0;
    for (size_t d = array.shape.size(); d-- > 0;) {
      offset += rest % array.shape[d] * tensor.strides()[d];
      rest /= array.shape[d];
    }
    array[i] = ReadElement(tensor, offset);
  }
  return array;
}

Tensor Sample(DimsView shape, int seed, double low, double high) {
  Tensor tensor = Empty(shape, {.dtype = kFloat64});
  // Knuth's 64-bit linear congruential generator; nothing of the library's own.
  uint64_t state = 0x9E3779B97F4A7C15u * static_cast<uint64_t>(seed + 1);
  for (int64_t i = 0; i < tensor.numel(); ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    tensor.data<double>()[i] = low + (high - low) * static_cast<double>(state >> 11) * 0x1p-53;
  }
  return tensor;
}

Tensor Strided(const Tensor& tensor) {
  if (!tensor.defined() || tensor.dim() == 0 || tensor.numel() == 0) return tensor;
  // Every dimension in reverse order, every second element of the last.
  Dims shape(tensor.shape().rbegin(), tensor.shape().rend());
  Dims order;
  for (int64_t i = tensor.dim(); i-- > 0;) order.push_back(i);
  shape.back() *= 2;
  Tensor memory = Zeros(shape, {.dtype = tensor.dtype()});
  Tensor view = Permute(Slice(memory, -1, 0, INT64_MAX, 2), order);
  Assign(view, tensor);
  return view;
}

std::vector<Tensor> RunCase(const OpCase& op_case, const std::vector<Tensor>& inputs) {
  if (op_case.composite) return op_case.composite(inputs);
  std::vector<const Tensor*> refs;
  for (const Tensor& input : inputs) refs.push_back(&input);
  if (op_case.schema().flags.list) return DispatchList(*op_case.op, op_case.options.get(), refs);
  std::vector<Tensor> outputs(op_case.schema().num_outputs);
  Dispatch(*op_case.op, op_case.options.get(), refs, absl::MakeSpan(outputs));
  return outputs;
}

std::vector<Tensor> InputsAs(const OpCase& op_case, DType dtype) {
  std::vector<Tensor> inputs = op_case.inputs;
  for (Tensor& input : inputs) {
    if (input.defined() && IsFloating(input.dtype())) input = Cast(input, dtype);
  }
  return inputs;
}

std::vector<Tensor> ValuesAs(const OpCase& op_case, DType dtype) {
  const OpFlags& flags = op_case.schema().flags;
  const size_t first = flags.first_value;
  std::vector<Tensor> inputs = op_case.inputs;
  const DType given = inputs[first].dtype();
  for (size_t i = first; i < inputs.size(); ++i) {
    // Beside integers, others may be indices.
    const bool is_value = i == first || flags.promotes || IsFloating(given);
    if (is_value && inputs[i].defined() && inputs[i].dtype() == given) {
      inputs[i] = Cast(inputs[i], dtype);
    }
  }
  return inputs;
}

bool TakesDType(const OpCase& op_case, const std::vector<Tensor>& inputs) {
  const OpFlags& flags = op_case.schema().flags;
  DType dtype = inputs[flags.first_value].dtype();
  // Integers add up to int64; a mean of them is none.
  if (flags.in_result && !IsDifferentiable(dtype) && op_case.op != op::kMean) dtype = kInt64;
  return flags.dtypes.Has(dtype);
}

const std::vector<OpCase>& OpCases() {
  static const auto* cases = [] {
    auto* list = new CaseList;
    AddPointwiseCases(*list);
    AddReductionCases(*list);
    AddLinearAlgebraCases(*list);
    AddImageCases(*list);
    AddNormCases(*list);
    AddIndexCases(*list);
    AddShapeCases(*list);
    AddFusedCases(*list);
    AddCompositeCases(*list);
    return list;
  }();
  return *cases;
}

const std::vector<ElsewhereTested>& OpsTestedElsewhere() {
  static const std::vector<ElsewhereTested> list = {
      {op::kAssign, "//tensor/ops:inplace_test"},
      {op::kIndexAssign, "//tensor/ops:inplace_test"},
      {op::kRandomUniform, "//tensor/random:random_test"},
      {op::kRandomNormal, "//tensor/random:random_test"},
      {op::kRandomInt, "//tensor/random:random_test"},
      {op::kRandomBernoulli, "//tensor/random:random_test"},
      {op::kRandomPermutation, "//tensor/random:random_test"},
      {op::kFusedUpdate, "//tensor/ops:fused_test"},
      // It is of the dtype itself, where others compute wider ones.
      {op::kNextAfter, "//tensor/ops:pointwise_test"},
      // They have no derivative by their first input.
      {op::kGammaInc, "the cases special.gammainc"},
      {op::kGammaIncC, "the cases special.gammaincc"},
      {op::kZeta, "the cases special.zeta"},
      // Their results are a choice, or functions of one triangle.
      {op::kLinalgCholesky, "the cases linalg.cholesky"},
      {op::kLinalgLu, "the cases linalg.lu_factor"},
      {op::kLinalgQr, "the cases linalg.qr"},
      {op::kLinalgSvd, "the cases linalg.svd"},
      {op::kLinalgEigh, "the cases linalg.eigh"},
  };
  return list;
}

}  // namespace neura::testing
