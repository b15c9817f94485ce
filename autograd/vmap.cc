#include "neura/autograd/vmap.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "absl/strings/str_cat.h"
#include "neura/autograd/batched.h"
#include "neura/autograd/batching_rules.h"
#include "neura/autograd/tape.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/op_list/create.h"
#include "neura/tensor/ops/shape.h"

namespace neura::autograd {
namespace {

std::atomic<uint64_t> g_level{1};

Tensor ExamplesFirst(const Tensor& tensor, int64_t dim) {
  const int64_t from = NormalizeDim("Vmap", dim, tensor.dim());
  if (from == 0) return tensor;
  Dims dims{from};
  for (int64_t d = 0; d < tensor.dim(); ++d) {
    if (d != from) dims.push_back(d);
  }
  return Permute(tensor, dims);
}

Tensor ExamplesAt(const Tensor& tensor, int64_t dim) {
  const int64_t to = NormalizeDim("Vmap", dim, tensor.dim());
  if (to == 0) return tensor;
  Dims dims;
  for (int64_t d = 1; d < tensor.dim(); ++d) dims.push_back(d);
  dims.insert(dims.begin() + to, 0);
  return Permute(tensor, dims);
}

// Another key of the random numbers for each state.
uint64_t Mixed(uint64_t seed, uint64_t offset, uint64_t example) {
  uint64_t mixed = seed;
  for (uint64_t part : {offset, example}) {
    // The finalizer of SplitMix64 (Steele et al., 2014).
    mixed += part * 0x9E3779B97F4A7C15u + 0x9E3779B97F4A7C15u;
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9u;
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EBu;
    mixed ^= mixed >> 31;
  }
  return mixed;
}

}  // namespace

class VmapScope::Level final : public OpInterceptor, public OpObserver {
 public:
  Level(int64_t size, Randomness randomness, uint64_t id)
      : id_(id),
        size_(size),
        randomness_(randomness),
        outer_(std::exchange(t_innermost, this)),
        observing_(this),
        intercepting_(this) {}
  ~Level() override { t_innermost = outer_; }

  uint64_t id() const { return id_; }
  static std::vector<Entered> Current() {
    std::vector<Entered> levels;
    for (const Level* level = t_innermost; level != nullptr; level = level->outer_) {
      levels.push_back({level->size_, level->randomness_, level->id_});
    }
    std::reverse(levels.begin(), levels.end());
    return levels;
  }

  bool Intercept(const OpCall& call, absl::Span<Tensor> outputs) override {
    if (call.schema().flags.random) return Draw(call, outputs);
    std::vector<Tensor> inputs;
    std::vector<bool> batched;
    bool any = false;
    for (const Tensor* input : call.inputs) {
      const Tensor examples = input->defined() ? ExamplesOf(*input, id_) : Tensor();
      batched.push_back(examples.defined());
      inputs.push_back(examples.defined() ? examples : *input);
      any |= examples.defined();
    }
    if (!any) return false;
    const OutputSpecs specs = InferOutputs(call);
    OpCall seen = call;
    seen.wanted |= call.wanted == kAllOutputs ? 0 : TheTape().Needs(call);
    bool changes = false;
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (!call.changes(i)) continue;
      changes = true;
      if (batched[i]) continue;
      ThrowInvalidArgument(absl::StrCat(
          "Vmap: ", Describe(call), ": cannot write what differs from example to example over ",
          "a tensor that all of them share; write to a Clone() of one that differs"));
    }
    if (changes) TheTape().BeforeInPlace(call);
    const BatchedCall of_all(seen, specs, size_, std::move(inputs), std::move(batched));
    if (call.in_place) {
      const std::vector<Tensor> aligned = of_all.AllAligned();
      std::vector<const Tensor*> refs;
      for (const Tensor& input : aligned) refs.push_back(&input);
      DispatchInPlace(call.op, call.options, refs);
    } else {
      const BatchingRule rule = changes ? nullptr : BatchingRuleOf(call.op);
      const std::vector<Tensor> made = rule != nullptr ? rule(of_all) : RunForEach(of_all);
      for (size_t i = 0; i < outputs.size(); ++i) {
        if (made[i].defined()) outputs[i] = StandFor(made[i], id_);
      }
    }
    if (call.schema().flags.view) NoteBase(call.input(0), outputs);
    Record(seen, outputs);
    for (size_t i = 0; i < outputs.size() && call.wanted != kAllOutputs; ++i) {
      if ((call.wanted >> i & 1) == 0) outputs[i] = Tensor();
    }
    return true;
  }

  void OnOp(const OpCall&, absl::Span<Tensor>) override {}
  void OnRead(const Tensor& tensor) override {
    if (!ExamplesOf(tensor).defined()) return;
    ThrowFailedPrecondition(absl::StrCat(
        "Vmap: the elements of ", Describe(tensor), " inside of a mapped function cannot be ",
        "looked at (Item(), data(), a decision on a value): they differ from example to example"));
  }

 private:
  // As the door does it for views of single examples.
  static void NoteBase(const Tensor& input, absl::Span<Tensor> views) {
    for (Tensor& view : views) {
      view.impl()->base = input.impl()->base ? input.impl()->base : input.handle();
      view.impl()->base_version.store(input.version(), std::memory_order_relaxed);
    }
  }

  // What is recorded may be kept by hooks, which work on single examples.
  void Record(const OpCall& call, absl::Span<Tensor> outputs) {
    const ScopedInterceptor again(this);
    TheTape().OnOp(call, outputs);
  }

  bool Draw(const OpCall& call, absl::Span<Tensor> outputs) const {
    if (randomness_ == Randomness::kError) {
      ThrowFailedPrecondition(absl::StrCat(
          "Vmap: ", Describe(call), " inside of a mapped function: say by its randomness whether ",
          "all examples get the same numbers or different ones"));
    }
    if (randomness_ == Randomness::kSame) return false;
    auto options = call.Get<RandomOptions>();
    const auto draw = [&](uint64_t example) {
      options.seed =
          Mixed(call.Get<RandomOptions>().seed, call.Get<RandomOptions>().offset, example);
      options.offset = 0;
      Tensor made;
      Dispatch(call.op, &options, {}, absl::MakeSpan(&made, 1), call.device);
      return made;
    };
    Tensor all;
    if (call.op == op::kRandomPermutation) {
      std::vector<Tensor> permutations;
      for (int64_t b = 0; b < size_; ++b) permutations.push_back(draw(static_cast<uint64_t>(b)));
      all = size_ > 0 ? Stack(permutations) : Tensor::Empty({0, options.shape[0]}, kInt64, kCpu);
    } else {
      options.shape.insert(options.shape.begin(), size_);
      all = draw(0);
    }
    outputs[0] = StandFor(all, id_);
    return true;
  }

  const uint64_t id_;
  const int64_t size_;
  const Randomness randomness_;
  Level* const outer_;
  const ScopedObserver observing_;
  const ScopedInterceptor intercepting_;

  static thread_local Level* t_innermost;
};
thread_local VmapScope::Level* VmapScope::Level::t_innermost = nullptr;

VmapScope::VmapScope(int64_t batch_size, Randomness randomness)
    : VmapScope(batch_size, randomness, g_level.fetch_add(1, std::memory_order_relaxed)) {}
VmapScope::VmapScope(int64_t batch_size, Randomness randomness, uint64_t level)
    : level_(std::make_unique<Level>(batch_size, randomness, level)) {}
VmapScope::~VmapScope() = default;
uint64_t VmapScope::level() const { return level_->id(); }
std::vector<VmapScope::Entered> VmapScope::Current() { return Level::Current(); }

Tensor VmapScope::Enter(const Tensor& examples, int64_t dim) const {
  return StandFor(ExamplesFirst(examples, dim), level_->id());
}

Tensor VmapScope::Leave(const Tensor& tensor, const std::optional<int64_t>& dim, uint64_t level,
                        int64_t batch_size) {
  RequireDefined("Vmap", tensor);
  Tensor examples = ExamplesOf(tensor, level);
  if (!dim) {
    if (!examples.defined()) return tensor;
    ThrowInvalidArgument(absl::StrCat("Vmap: out_dims says that an output is the same for all ",
                                      "examples, but ", Describe(tensor), " differs"));
  }
  if (!examples.defined()) {
    Dims shape{batch_size};
    shape.insert(shape.end(), tensor.shape().begin(), tensor.shape().end());
    examples = Expand(Unsqueeze(tensor, 0), shape);
  }
  return ExamplesAt(examples, *dim);
}

namespace {

int64_t BatchSize(const std::vector<Tensor>& inputs,
                  const std::vector<std::optional<int64_t>>& dims) {
  std::optional<int64_t> size;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!dims[i]) continue;
    RequireDefined("Vmap", inputs[i]);
    const int64_t extent = inputs[i].size(*dims[i]);
    if (size.value_or(extent) != extent) {
      ThrowInvalidArgument(absl::StrCat("Vmap: input ", i, ", ", Describe(inputs[i]), ", has ",
                                        extent, " examples, those before it ", *size));
    }
    size = extent;
  }
  if (!size) ThrowInvalidArgument("Vmap: no input has a dimension of examples");
  return *size;
}

std::vector<Tensor> MapAtOnce(const TensorFunction& function, const std::vector<Tensor>& inputs,
                              const std::vector<std::optional<int64_t>>& in_dims, int64_t size,
                              const VmapOptions& options) {
  std::vector<Tensor> outputs;
  uint64_t level;
  {
    const VmapScope scope(size, options.randomness);
    level = scope.level();
    std::vector<Tensor> ones = inputs;
    for (size_t i = 0; i < ones.size(); ++i) {
      if (in_dims[i]) ones[i] = scope.Enter(inputs[i], *in_dims[i]);
    }
    outputs = function(ones);
  }
  if (!options.out_dims.empty() && options.out_dims.size() != outputs.size()) {
    ThrowInvalidArgument(absl::StrCat("Vmap: ", options.out_dims.size(), " out_dims for ",
                                      outputs.size(), " outputs"));
  }
  for (size_t i = 0; i < outputs.size(); ++i) {
    outputs[i] = VmapScope::Leave(outputs[i], options.out_dims.empty() ? 0 : options.out_dims[i],
                                  level, size);
  }
  return outputs;
}

}  // namespace

std::vector<Tensor> Vmap(const TensorFunction& function, const std::vector<Tensor>& inputs,
                         const VmapOptions& options) {
  std::vector<std::optional<int64_t>> in_dims = options.in_dims;
  if (in_dims.empty()) in_dims.assign(inputs.size(), 0);
  if (in_dims.size() != inputs.size()) {
    ThrowInvalidArgument(
        absl::StrCat("Vmap: ", in_dims.size(), " in_dims for ", inputs.size(), " inputs"));
  }
  const int64_t size = BatchSize(inputs, in_dims);
  if (options.chunk_size <= 0 || size <= options.chunk_size) {
    return MapAtOnce(function, inputs, in_dims, size, options);
  }
  std::vector<std::vector<Tensor>> parts;
  for (int64_t begin = 0; begin < size; begin += options.chunk_size) {
    const int64_t length = std::min(options.chunk_size, size - begin);
    std::vector<Tensor> part = inputs;
    for (size_t i = 0; i < part.size(); ++i) {
      if (in_dims[i]) part[i] = Narrow(part[i], *in_dims[i], begin, length);
    }
    const std::vector<Tensor> made = MapAtOnce(function, part, in_dims, length, options);
    parts.resize(made.size());
    for (size_t k = 0; k < made.size(); ++k) parts[k].push_back(made[k]);
  }
  std::vector<Tensor> outputs;
  for (size_t k = 0; k < parts.size(); ++k) {
    const std::optional<int64_t> dim = options.out_dims.empty() ? 0 : options.out_dims[k];
    outputs.push_back(dim ? Cat(parts[k], *dim) : parts[k][0]);
  }
  return outputs;
}

}  // namespace neura::autograd
