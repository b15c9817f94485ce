// Programs over elements: interpreted block by block, so that what a step hands on stays in L1, by
// the loops of pointwise operations; or by one loop, where the program came compiled.
#include "neura/tensor/ops/op_list/fused.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "neura/tensor/cpu/kernels/dtype_switch.h"
#include "neura/tensor/cpu/kernels/kernels.h"
#include "neura/tensor/cpu/kernels/pointwise_table.h"
#include "neura/tensor/parallel/thread_pool.h"

namespace neura::cpu {
namespace {

using Operand = ElementProgram::Operand;

// Of all tuples together; what one thread takes at a time.
constexpr int64_t kTaskElements = 1 << 14;
constexpr size_t kBlock = 256;  // elements, unless there are very many values
constexpr size_t kBlockBytes = 32 << 10;
constexpr size_t kMaxSlots = 2 * ElementProgram::kMaxSize;

// A tensor as blocks see it: contiguous, or one element for all.
struct Stream {
  char* data = nullptr;
  size_t item_size = 0;
  ConvertLoop convert = nullptr;  // to the dtype of the computation, or from it
  bool repeats = false;

  bool direct() const { return convert == nullptr && !repeats; }
};

// The tensors of one run of a program, as its inputs and then its results.
struct Tuple {
  int64_t begin = 0;  // elements of the tuples before it
  int64_t numel = 0;
  absl::Span<const Stream> inputs, results;
  bool direct = false;  // all of them
};

// A program as loops over slots: pointers to a block of elements each. First come the inputs, then
// the results, the numbers, and registers for everything else.
class Plan {
 public:
  // `targets` as in FusedOptions: results may share memory with these inputs.
  Plan(const FusedOptions& options, DType dtype)
      : program_(options.program),
        compiled_(options.compiled),
        targets_(options.targets),
        item_size_(ItemSize(dtype)),
        loop_(dtype == kFloat64 ? compiled_.float64 : compiled_.float32),
        num_inputs_(program_.num_inputs()),
        num_results_(program_.results().size()),
        staged_(num_results_, false) {
    num_slots_ = num_inputs_ + num_results_;
    if (!compiled()) PlanSteps(dtype);
    const size_t blocks = num_slots_ - (compiled() ? 0 : program_.numbers().size());
    block_ = std::min(kBlock, kBlockBytes / (blocks * item_size_) / 8 * 8);
    if (!compiled()) SpreadNumbers(dtype);
  }

  bool compiled() const { return loop_ != nullptr; }

  // Elements [begin, begin + n) of a tuple.
  void Run(const Tuple& tuple, int64_t begin, int64_t n) const {
    alignas(64) char memory[kBlockBytes];
    void* slots[kMaxSlots];
    const size_t numbers = num_inputs_ + num_results_, count = numbers_.size() / BlockBytes();
    // Inputs and results have a block of their own where they cannot use the tensor's memory.
    const auto own = [&](size_t slot) {
      return memory + (slot < numbers ? slot : slot - count) * BlockBytes();
    };
    for (size_t i = 0; i < num_slots_; ++i) slots[i] = own(i);
    for (size_t i = 0; i < count; ++i) {
      slots[numbers + i] = const_cast<char*>(numbers_.data() + i * BlockBytes());
    }
    for (size_t i = 0; i < num_inputs_; ++i) {
      if (tuple.inputs[i].repeats) Repeat(tuple.inputs[i], slots[i]);
    }
    const int64_t step = compiled() && tuple.direct ? n : std::min(n, static_cast<int64_t>(block_));
    for (int64_t done = 0; done < n; done += step) {
      RunBlock(tuple, begin + done, static_cast<size_t>(std::min(step, n - done)), slots, own);
    }
  }

 private:
  struct Step {
    PointwiseLoop loop;  // null: a copy
    const void* options;
    uint8_t num_operands;
    uint16_t operands[3];
    uint16_t output;
  };

  size_t BlockBytes() const { return block_ * item_size_; }

  uint16_t SlotOf(Operand operand) const {
    switch (operand.kind) {
      case Operand::Kind::kInput:
        return operand.index;
      case Operand::Kind::kNumber:
        return static_cast<uint16_t>(num_inputs_ + num_results_ + operand.index);
      case Operand::Kind::kStep:
        return step_slots_[operand.index];
    }
    __builtin_unreachable();
  }

  void PlanSteps(DType dtype) {
    const absl::Span<const ElementProgram::Step> steps = program_.steps();
    const absl::Span<const Operand> results = program_.results();
    const size_t count = steps.size();
    // When the value of a step and the first value of an input are read for the last time; what is
    // a result is read at the end.
    std::vector<size_t> last_use(count, 0), last_read(num_inputs_, 0);
    const auto note = [&](Operand operand, size_t when) {
      if (operand.kind == Operand::Kind::kStep) last_use[operand.index] = when;
      if (operand.kind == Operand::Kind::kInput) last_read[operand.index] = when;
    };
    for (size_t s = 0; s < count; ++s) {
      for (size_t k = 0; k < steps[s].num_operands; ++k) note(steps[s].operands[k], s);
    }
    for (size_t k = 0; k < num_results_; ++k) {
      const bool stays =
          !targets_.empty() && results[k] == Operand{Operand::Kind::kInput, targets_[k]};
      if (!stays) note(results[k], count);
    }
    // A step that is a result has the result's slot, others have registers.
    const uint16_t none = kMaxSlots;
    step_slots_.assign(count, none);
    std::vector<bool> placed(num_results_, false);
    for (size_t k = 0; k < num_results_; ++k) {
      if (results[k].kind != Operand::Kind::kStep) continue;
      uint16_t& slot = step_slots_[results[k].index];
      placed[k] = slot == none;
      if (placed[k]) slot = static_cast<uint16_t>(num_inputs_ + k);
      // Not over elements that are still to be read.
      if (placed[k] && !targets_.empty()) {
        staged_[k] = last_read[targets_[k]] > results[k].index;
      }
    }
    const size_t first = num_slots_ += program_.numbers().size();  // of the registers
    std::vector<uint16_t> free;
    const auto release = [&](const ElementProgram::Step& step, size_t s, bool tests) {
      for (size_t k = 0; k < step.num_operands; ++k) {
        const Operand operand = step.operands[k];
        if (operand.kind != Operand::Kind::kStep || last_use[operand.index] != s) continue;
        if (program_.IsTest(operand) != tests || SlotOf(operand) < first) continue;
        free.push_back(SlotOf(operand));
        last_use[operand.index] = count + 1;  // once, also when it is read twice
      }
    };
    for (size_t s = 0; s < count; ++s) {
      const ElementProgram::Step& step = steps[s];
      const bool test = program_.IsTest({Operand::Kind::kStep, static_cast<uint8_t>(s)});
      const DTypeRule rule = SchemaOf(step.op).flags.rule;
      Step planned{PointwiseLoopOf(step.op, rule == DTypeRule::kLogical ? kBool : dtype),
                   step.options.get(),
                   step.num_operands,
                   {},
                   0};
      if (planned.loop == nullptr) FailForDType(dtype);
      for (size_t k = 0; k < step.num_operands; ++k) planned.operands[k] = SlotOf(step.operands[k]);
      // A loop may write over an input of elements of the same size.
      release(step, s, test);
      if (step_slots_[s] == none) {
        if (free.empty()) free.push_back(static_cast<uint16_t>(num_slots_++));
        step_slots_[s] = free.back();
        free.pop_back();
      }
      release(step, s, !test);
      planned.output = step_slots_[s];
      steps_.push_back(planned);
    }
    for (size_t k = 0; k < num_results_; ++k) {
      const uint16_t slot = static_cast<uint16_t>(num_inputs_ + k);
      if (placed[k]) continue;
      // Another result may be a copy of what this one replaces.
      staged_[k] = !targets_.empty();
      steps_.push_back({nullptr, nullptr, 1, {SlotOf(results[k])}, slot});
    }
  }

  // Each number as a block, so that it is an operand like others.
  void SpreadNumbers(DType dtype) {
    numbers_.resize(program_.numbers().size() * BlockBytes());
    for (size_t i = 0; i < program_.numbers().size(); ++i) {
      char* const block = numbers_.data() + i * BlockBytes();
      const double number = program_.numbers()[i];
      if (dtype == kFloat64) {
        std::fill_n(reinterpret_cast<double*>(block), block_, number);
      } else {
        std::fill_n(reinterpret_cast<float*>(block), block_, static_cast<float>(number));
      }
    }
  }

  void Repeat(const Stream& stream, void* block) const {
    char* const to = static_cast<char*>(block);
    stream.convert != nullptr ? stream.convert(1, stream.data, to)
                              : void(std::memcpy(to, stream.data, item_size_));
    for (size_t i = 1; i < block_; ++i) std::memcpy(to + i * item_size_, to, item_size_);
  }

  template <typename Own>
  void RunBlock(const Tuple& tuple, int64_t begin, size_t n, void** slots, const Own& own) const {
    const auto count = static_cast<int64_t>(n);
    for (size_t i = 0; i < num_inputs_; ++i) {
      const Stream& stream = tuple.inputs[i];
      char* const data = stream.data + begin * static_cast<int64_t>(stream.item_size);
      if (stream.repeats) continue;
      if (stream.convert != nullptr) {
        stream.convert(count, data, slots[i]);
      } else {
        slots[i] = data;
      }
    }
    for (size_t k = 0; k < num_results_; ++k) {
      const Stream& stream = tuple.results[k];
      const bool direct = stream.direct() && !staged_[k];
      slots[num_inputs_ + k] =
          direct ? stream.data + begin * static_cast<int64_t>(item_size_) : own(num_inputs_ + k);
    }
    if (compiled()) {
      loop_(compiled_.data.get(), n, slots, slots + num_inputs_);
    } else {
      Interpret(n, slots);
    }
    for (size_t k = 0; k < num_results_; ++k) {
      const Stream& stream = tuple.results[k];
      if (stream.direct() && !staged_[k]) continue;
      char* const data = stream.data + begin * static_cast<int64_t>(stream.item_size);
      stream.convert != nullptr ? stream.convert(count, slots[num_inputs_ + k], data)
                                : void(std::memcpy(data, slots[num_inputs_ + k], n * item_size_));
    }
  }

  void Interpret(size_t n, void** slots) const {
    for (const Step& step : steps_) {
      const void* inputs[3];
      for (size_t k = 0; k < step.num_operands; ++k) inputs[k] = slots[step.operands[k]];
      if (step.loop != nullptr) {
        step.loop(n, inputs, slots[step.output], step.options);
      } else if (inputs[0] != slots[step.output]) {
        std::memcpy(slots[step.output], inputs[0], n * item_size_);
      }
    }
  }

  const ElementProgram& program_;
  const CompiledProgram& compiled_;
  const std::vector<uint8_t>& targets_;
  size_t item_size_;
  CompiledProgram::Loop loop_;
  size_t num_inputs_, num_results_;
  size_t block_ = 0;
  size_t num_slots_ = 0;
  std::vector<Step> steps_;
  std::vector<uint16_t> step_slots_;
  std::vector<bool> staged_;  // results that are written when everything was read
  std::vector<char> numbers_;
};

// float64 if a floating point tensor of the tuple is, else float32.
DType ComputeDTypeOf(TensorRefs tensors) {
  const auto is_double = [](const Tensor* tensor) { return tensor->dtype() == kFloat64; };
  return std::any_of(tensors.begin(), tensors.end(), is_double) ? kFloat64 : kFloat32;
}

// All tuples that are computed in one dtype.
class Tuples {
 public:
  // At most `count` of them.
  Tuples(const FusedOptions& options, DType dtype, size_t count)
      : options_(options), dtype_(dtype), count_(count) {}

  // With the output that the result goes to; null: it replaces inputs.
  void Add(TensorRefs inputs, const Tensor* output) {
    const Tensor& whole = output != nullptr ? *output : *inputs[options_.targets[0]];
    if (whole.numel() == 0) return;
    if (tuples_.empty()) {
      tuples_.reserve(count_);
      // Tuples point into it.
      streams_.reserve(count_ * (inputs.size() + options_.program.results().size()));
    }
    const size_t first = streams_.size(), first_copy = copies_.size();
    for (const Tensor* input : inputs) AddInput(*input, whole);
    if (output != nullptr) AddResult(*output, static_cast<char*>(output->raw_data()));
    for (uint8_t target : options_.targets) {
      AddResult(*inputs[target], streams_[first + target].data);
    }
    for (size_t i = first_copy; i < copies_.size(); ++i) {
      Copy& copy = copies_[i];
      copy.replaces = std::any_of(options_.targets.begin(), options_.targets.end(),
                                  [&](uint8_t target) { return inputs[target] == copy.of; });
    }
    const absl::Span<const Stream> all(&streams_[first], streams_.size() - first);
    tuples_.push_back(
        {total_, whole.numel(), all.first(inputs.size()), all.subspan(inputs.size()),
         std::all_of(all.begin(), all.end(), [](const Stream& s) { return s.direct(); })});
    total_ += whole.numel();
  }

  void Run() const {
    if (tuples_.empty()) return;
    const Plan plan(options_, dtype_);
    ParallelFor((total_ + kTaskElements - 1) / kTaskElements, [&](int64_t task) {
      int64_t at = task * kTaskElements;
      const int64_t end = std::min(at + kTaskElements, total_);
      auto tuple = std::upper_bound(tuples_.begin(), tuples_.end(), at,
                                    [](int64_t i, const Tuple& t) { return i < t.begin; }) -
                   1;
      for (; at < end; ++tuple) {
        const int64_t stop = std::min(end, tuple->begin + tuple->numel);
        plan.Run(*tuple, at - tuple->begin, stop - at);
        at = stop;
      }
    });
    for (const Copy& copy : copies_) {
      if (copy.replaces) CopyElements(copy.tensor, *copy.of);
    }
  }

 private:
  struct Copy {
    const Tensor* of;
    Tensor tensor;
    bool replaces = false;
  };

  // What does not lie as blocks need it is copied.
  void AddInput(const Tensor& input, const Tensor& whole) {
    const bool repeats = input.numel() == 1 && whole.numel() != 1;
    const bool lies = input.is_contiguous() && input.shape() == whole.shape();
    void* data = input.raw_data();
    if (!repeats && !lies) {
      copies_.push_back({&input, Tensor::Empty(whole.shape(), input.dtype(), kCpu)});
      CopyElements(input, copies_.back().tensor);
      data = copies_.back().tensor.raw_data();
    }
    const DType dtype = input.dtype();
    streams_.push_back({static_cast<char*>(data), ItemSize(dtype),
                        dtype == dtype_ ? nullptr : ConvertLoopOf(dtype, dtype_), repeats});
  }

  void AddResult(const Tensor& result, char* data) {
    const DType dtype = result.dtype();
    streams_.push_back(
        {data, ItemSize(dtype), dtype == dtype_ ? nullptr : ConvertLoopOf(dtype_, dtype), false});
  }

  const FusedOptions& options_;
  DType dtype_;
  size_t count_;
  int64_t total_ = 0;
  std::vector<Tuple> tuples_;
  std::vector<Stream> streams_;
  std::vector<Copy> copies_;
};

// `output` is null where inputs are overwritten.
void RunFused(const KernelCall& call, const Tensor* output) {
  const auto& options = call.Get<FusedOptions>();
  const TensorRefs inputs = call.call.inputs;
  const size_t size = options.program.num_inputs();
  for (const DType dtype : {kFloat32, kFloat64}) {
    Tuples tuples(options, dtype, inputs.size() / size);
    for (size_t first = 0; first < inputs.size(); first += size) {
      const TensorRefs tuple = inputs.subspan(first, size);
      if (ComputeDTypeOf(tuple) == dtype) tuples.Add(tuple, output);
    }
    tuples.Run();
  }
}

}  // namespace

void FusedPointwiseKernel(KernelCall& call) { RunFused(call, &call.output()); }
void FusedUpdateKernel(KernelCall& call) { RunFused(call, nullptr); }

}  // namespace neura::cpu
