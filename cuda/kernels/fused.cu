// Programs over elements: one thread for an element, which reads what it needs, runs the steps of
// the program and writes the results. The program and the tensors of many tuples are arguments of
// one launch.
#include <algorithm>
#include <cstring>
#include <type_traits>
#include <utility>
#include <vector>

#include "neura/cuda/kernels/kernels.h"
#include "neura/cuda/kernels/numeric.h"
#include "neura/cuda/kernels/support.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/elements/pointwise.h"
#include "neura/tensor/ops/op_list/fused.h"

namespace neura::cuda {
namespace {

constexpr size_t kMaxValues = ElementProgram::kMaxSize;
// Of one launch: arguments may have 32 KiB.
constexpr size_t kMaxTensors = 2 * kMaxValues;
constexpr int kMaxTuples = 128;  // a power of 2
constexpr size_t kMaxWithOptions = 32;
constexpr size_t kOptionsBytes = sizeof(elements::ClampOp<double>);

// Truth values are 0 and 1 among numbers.
template <DTypeRule kRule, typename T>
using OperandOf = std::conditional_t<kRule == DTypeRule::kLogical, bool, T>;
template <typename Op, DTypeRule kRule, typename T, typename... X>
NEURA_DEVICE T Compute(X... x) {
  if constexpr (kRule == DTypeRule::kInteger || kRule == DTypeRule::kBits) {
    return T(0);  // in no program
  } else {
    return static_cast<T>(Op::Do(static_cast<OperandOf<kRule, T>>(x)...));
  }
}

// The elements of a tensor, or one for all.
struct DeviceTensor {
  void* data;
  DType dtype;
  bool repeats;

  template <typename T>
  NEURA_DEVICE T Load(int64_t i) const {
    if (repeats) i = 0;
    switch (dtype) {
#define NEURA_LOAD(type, name) \
  case DType::name:            \
    return Convert<T>(Widen(static_cast<const type*>(data)[i]));
      NEURA_LOAD(bool, kBool)
      NEURA_LOAD(uint8_t, kUInt8)
      NEURA_LOAD(int8_t, kInt8)
      NEURA_LOAD(int16_t, kInt16)
      NEURA_LOAD(int32_t, kInt32)
      NEURA_LOAD(int64_t, kInt64)
      NEURA_LOAD(Half, kFloat16)
      NEURA_LOAD(BFloat16, kBFloat16)
      NEURA_LOAD(float, kFloat32)
      NEURA_LOAD(double, kFloat64)
#undef NEURA_LOAD
      default:
        return T(0);
    }
  }

  template <typename T>
  NEURA_DEVICE void Store(int64_t i, T value) const {
    switch (dtype) {
#define NEURA_STORE(type, name)                                                          \
  case DType::name:                                                                      \
    static_cast<type*>(data)[i] = Narrow<type>(static_cast<cuda::Compute<type>>(value)); \
    return;
      NEURA_STORE(Half, kFloat16)
      NEURA_STORE(BFloat16, kBFloat16)
      NEURA_STORE(float, kFloat32)
      NEURA_STORE(double, kFloat64)
#undef NEURA_STORE
      default:
        return;
    }
  }
};

// Values are numbered: inputs, numbers, steps.
struct DeviceStep {
  uint8_t op;           // of PointwiseList
  uint8_t options = 0;  // its place among those with options
  uint8_t operands[3];
};

template <typename T>
struct FusedBody {
  int num_inputs = 0, num_numbers = 0, num_steps = 0, num_results = 0, num_tuples = 0;
  T numbers[kMaxValues];
  DeviceStep steps[kMaxValues];
  uint8_t results[kMaxValues];
  alignas(double) unsigned char options[kMaxWithOptions][kOptionsBytes];
  int64_t begins[kMaxTuples];         // elements of the tuples before
  DeviceTensor tensors[kMaxTensors];  // of each tuple: inputs, then what the results go to

  NEURA_DEVICE void operator()(int64_t i) const {
    // The last tuple that begins at i or before.
    int first = 0;
    for (int step = kMaxTuples / 2; step > 0; step /= 2) {
      if (first + step < num_tuples && begins[first + step] <= i) first += step;
    }
    const DeviceTensor* const tuple = tensors + first * (num_inputs + num_results);
    const int64_t element = i - begins[first];
    T values[kMaxValues];
    for (int k = 0; k < num_inputs; ++k) values[k] = tuple[k].Load<T>(element);
    for (int k = 0; k < num_numbers; ++k) values[num_inputs + k] = numbers[k];
    for (int k = 0; k < num_steps; ++k) {
      const DeviceStep& step = steps[k];
      values[num_inputs + num_numbers + k] =
          Run(step, values[step.operands[0]], values[step.operands[1]], values[step.operands[2]]);
    }
    for (int k = 0; k < num_results; ++k) {
      tuple[num_inputs + k].Store<T>(element, values[results[k]]);
    }
  }

  NEURA_DEVICE T Run(const DeviceStep& step, T a, T b, T c) const {
    switch (step.op) {
#define NEURA_UNARY(Name, name, rule, ...) \
  case op::PointwiseList::Name:            \
    return Compute<elements::Name##Op, DTypeRule::rule, T>(a);
#define NEURA_UNARY_WITH(Name, ...) \
  case op::PointwiseList::Name:     \
    return (*reinterpret_cast<const elements::Name##Op<T>*>(options[step.options]))(a);
#define NEURA_BINARY(Name, name, rule, ...) \
  case op::PointwiseList::Name:             \
    return Compute<elements::Name##Op, DTypeRule::rule, T>(a, b);
#include "neura/tensor/ops/op_list/pointwise.inc"
      default:  // where
        return a != T(0) ? b : c;
    }
  }
};

// An operation that was made of a step's options, as bytes.
template <typename Op>
void Put(unsigned char* bytes, const Op& op) {
  static_assert(std::is_trivially_copyable_v<Op> && sizeof(Op) <= kOptionsBytes);
  std::memcpy(bytes, &op, sizeof(op));
}

template <typename T>
void PutOptions(const ElementProgram::Step& step, unsigned char* bytes) {
#define NEURA_UNARY(...)
#define NEURA_UNARY_WITH(Name, name, Options, ...) \
  if (step.op == op::k##Name)                      \
    Put(bytes, elements::Name##Op<T>(*static_cast<const Options*>(step.options.get())));
#define NEURA_BINARY(...)
#include "neura/tensor/ops/op_list/pointwise.inc"
}

// The program, without tensors.
template <typename T>
void PutProgram(const ElementProgram& program, FusedBody<T>& body) {
  body.num_inputs = static_cast<int>(program.num_inputs());
  body.num_numbers = static_cast<int>(program.numbers().size());
  body.num_steps = static_cast<int>(program.steps().size());
  body.num_results = static_cast<int>(program.results().size());
  const auto place = [&](ElementProgram::Operand operand) {
    using Kind = ElementProgram::Operand::Kind;
    const int first = operand.kind == Kind::kInput    ? 0
                      : operand.kind == Kind::kNumber ? body.num_inputs
                                                      : body.num_inputs + body.num_numbers;
    return static_cast<uint8_t>(first + operand.index);
  };
  for (int i = 0; i < body.num_numbers; ++i) body.numbers[i] = static_cast<T>(program.numbers()[i]);
  size_t with_options = 0;
  for (int s = 0; s < body.num_steps; ++s) {
    const ElementProgram::Step& step = program.steps()[s];
    DeviceStep& to = body.steps[s];
    to = {static_cast<uint8_t>(step.op), 0, {}};
    for (size_t k = 0; k < step.num_operands; ++k) to.operands[k] = place(step.operands[k]);
    if (step.options == nullptr) continue;
    if (with_options == kMaxWithOptions) {
      ThrowUnimplemented("CUDA programs over elements have at most 32 steps with options");
    }
    to.options = static_cast<uint8_t>(with_options);
    PutOptions<T>(step, body.options[with_options++]);
  }
  for (int k = 0; k < body.num_results; ++k) body.results[k] = place(program.results()[k]);
}

// All tuples that are computed in T, in as few launches as their number allows.
template <typename T>
class Launches {
 public:
  explicit Launches(const KernelCall& call) : call_(call) {
    PutProgram(call.Get<FusedOptions>().program, body_);
  }

  void Add(TensorRefs inputs, const Tensor* output) {
    const std::vector<uint8_t>& targets = call_.Get<FusedOptions>().targets;
    const Tensor& whole = output != nullptr ? *output : *inputs[targets[0]];
    if (whole.numel() == 0) return;
    const size_t size = inputs.size() + static_cast<size_t>(body_.num_results);
    if (body_.num_tuples == kMaxTuples || num_tensors_ + size > kMaxTensors) Run();
    DeviceTensor* const first = body_.tensors + num_tensors_;
    for (size_t i = 0; i < inputs.size(); ++i) {
      const Tensor& input = *inputs[i];
      const bool repeats = input.numel() == 1 && whole.numel() != 1;
      first[i] = {input.raw_data(), input.dtype(), repeats};
      if (repeats || (input.is_contiguous() && input.shape() == whole.shape())) continue;
      // What does not lie in the order of the others is copied, and copied back where it changes.
      const Tensor copy = Scratch(call_, whole.shape(), input.dtype());
      CopyElements(call_, input, copy);
      first[i].data = copy.raw_data();
      const bool changes = std::find(targets.begin(), targets.end(), i) != targets.end();
      copies_.push_back({copy, changes ? input : Tensor()});
    }
    DeviceTensor* results = first + inputs.size();
    if (output != nullptr) *results++ = {output->raw_data(), output->dtype(), false};
    for (uint8_t target : targets) *results++ = first[target];
    body_.begins[body_.num_tuples++] = total_;
    num_tensors_ += size;
    total_ += whole.numel();
  }

  void Run() {
    ForEach(call_, total_, body_);
    for (const auto& [copy, target] : copies_) {
      if (target.defined()) CopyElements(call_, copy, target);
    }
    copies_.clear();
    body_.num_tuples = 0;
    num_tensors_ = 0;
    total_ = 0;
  }

 private:
  const KernelCall& call_;
  FusedBody<T> body_;
  size_t num_tensors_ = 0;
  int64_t total_ = 0;
  std::vector<std::pair<Tensor, Tensor>> copies_;  // and what they replace, if anything
};

template <typename T>
void RunTuples(const KernelCall& call, const Tensor* output) {
  const size_t size = call.Get<FusedOptions>().program.num_inputs();
  Launches<T> launches(call);
  for (size_t first = 0; first < call.call.inputs.size(); first += size) {
    const TensorRefs tuple = call.call.inputs.subspan(first, size);
    const bool wide = std::any_of(tuple.begin(), tuple.end(),
                                  [](const Tensor* tensor) { return tensor->dtype() == kFloat64; });
    if (wide == std::is_same_v<T, double>) launches.Add(tuple, output);
  }
  launches.Run();
}

// `output` is null where inputs are overwritten.
void RunFused(const KernelCall& call, const Tensor* output) {
  RunTuples<float>(call, output);
  RunTuples<double>(call, output);
}

}  // namespace

void FusedPointwiseKernel(KernelCall& call) { RunFused(call, &call.output()); }
void FusedUpdateKernel(KernelCall& call) { RunFused(call, nullptr); }

}  // namespace neura::cuda
