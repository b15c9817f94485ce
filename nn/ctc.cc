#include <algorithm>
#include <limits>
#include <vector>

#include "absl/strings/str_cat.h"
#include "neura/nn/functional.h"
#include "neura/nn/loss_parts.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/autocast.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/index.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/reduce.h"
#include "neura/tensor/ops/shape.h"

namespace neura::nn {
namespace {

// Stands for log(0): sums of it stay finite, and so do their derivatives.
constexpr double kNever = -1e30;

std::vector<int64_t> Lengths(const char* what, const Tensor& lengths, int64_t count, int64_t most) {
  RequireDefined("Ctc", lengths);
  if (!IsIntegral(lengths.dtype()) || lengths.numel() != count) {
    ThrowInvalidArgument(
        absl::StrCat("Ctc: ", what, " must be ", count, " integers, got ", Describe(lengths)));
  }
  const Tensor read = Contiguous(To(Cast(lengths, kInt64), kCpu));
  std::vector<int64_t> result(read.data<int64_t>(), read.data<int64_t>() + count);
  for (int64_t length : result) {
    if (length < 0 || length > most) {
      ThrowInvalidArgument(
          absl::StrCat("Ctc: a length of ", what, " is ", length, ", not from 0 to ", most));
    }
  }
  return result;
}

// The targets as rows [N, S], however they came.
Tensor TargetRows(const Tensor& targets, const std::vector<int64_t>& lengths, int64_t blank) {
  const auto n = static_cast<int64_t>(lengths.size());
  if (targets.dim() == 2) {
    // What stands behind a target's length counts for nothing, whatever it is.
    if (targets.size(0) != n) return Cast(targets, kInt64);
    const Tensor ends = Reshape(To(FromVector(lengths, {n}), targets.device()), {n, 1});
    const Tensor place =
        Arange(0, targets.size(1), 1, {.dtype = kInt64, .device = targets.device()});
    return Where(place < ends, Cast(targets, kInt64), Scalar(blank));
  }
  std::vector<Tensor> rows;
  int64_t longest = 0, begin = 0;
  for (int64_t length : lengths) longest = std::max(longest, length);
  for (int64_t length : lengths) {
    const Tensor row = Narrow(targets, 0, begin, length);
    rows.push_back(Pad(row, {.before = {0}, .after = {longest - length}, .value = blank}));
    begin += length;
  }
  if (begin != targets.numel()) {
    ThrowInvalidArgument(absl::StrCat("Ctc: the target lengths add up to ", begin, ", not to the ",
                                      targets.numel(), " elements of ", Describe(targets)));
  }
  return Cast(n == 0 ? Reshape(targets, {0, 0}) : Stack(rows), kInt64);
}

}  // namespace

Tensor Ctc(const Tensor& log_probs, const Tensor& targets, const Tensor& input_lengths,
           const Tensor& target_lengths, const CtcOptions& options) {
  if (AutocastWidens({&log_probs})) {
    return Ctc(Widened(log_probs), targets, input_lengths, target_lengths, options);
  }
  RequireDefined("Ctc", log_probs);
  RequireDefined("Ctc", targets);
  const bool one = log_probs.dim() == 2;
  const Tensor probs = Cast(one ? Unsqueeze(log_probs, 1) : log_probs,
                            log_probs.dtype() == kFloat64 ? kFloat64 : kFloat32);
  if (probs.dim() != 3 || !IsFloating(log_probs.dtype()) || !IsIntegral(targets.dtype()) ||
      targets.dim() < 1 || targets.dim() > 2) {
    ThrowInvalidArgument(absl::StrCat(
        "Ctc: expected floating point log_probs [T, N, C] or [T, C] and integer targets [N, S] or "
        "[sum], got ",
        Describe(log_probs), " and ", Describe(targets)));
  }
  const int64_t steps = probs.size(0), batch = probs.size(1), classes = probs.size(2);
  if (options.blank < 0 || options.blank >= classes) {
    ThrowInvalidArgument(
        absl::StrCat("Ctc: blank = ", options.blank, " is none of ", classes, " classes"));
  }
  const std::vector<int64_t> lengths =
      Lengths("target_lengths", target_lengths, batch,
              targets.dim() == 2 ? targets.size(1) : targets.numel());
  const std::vector<int64_t> used = Lengths("input_lengths", input_lengths, batch, steps);
  const Tensor rows = TargetRows(targets, lengths, options.blank);
  if (rows.size(0) != batch) {
    ThrowInvalidArgument(
        absl::StrCat("Ctc: ", Describe(targets), " are not the targets of ", batch, " sequences"));
  }
  // A blank before, between and behind the labels: [N, L].
  const int64_t states = 2 * rows.size(1) + 1;
  const Tensor pairs = Stack({FullLike(rows, options.blank), rows}, 2);
  const Tensor labels = Pad(Reshape(pairs, {batch, states - 1}),
                            {.before = {0, 0}, .after = {0, 1}, .value = options.blank});
  const auto shifted = [](const Tensor& x, int64_t by, const Scalar& value) {
    const Tensor kept = Slice(x, 1, 0, std::max<int64_t>(x.size(1) - by, 0));
    return Pad(kept, {.before = {0, std::min(by, x.size(1))}, .after = {0, 0}, .value = value});
  };
  // A label may follow another one without a blank between them.
  const Tensor skips =
      LogicalAnd(labels != options.blank, labels != shifted(labels, 2, options.blank));
  const TensorOptions numbers{.dtype = probs.dtype(), .device = probs.device()};
  const Tensor state = Arange(0, states, 1, {.dtype = kInt64, .device = probs.device()});
  const Tensor input_ends = Reshape(To(FromVector(used, {batch}), probs.device()), {batch, 1});
  const Tensor never = Full({batch, states}, kNever, numbers);
  const auto emitted = [&](int64_t t) {
    return Gather(ClampMin(Select(probs, 0, t), kNever), 1, labels);
  };
  // What a first step from before the sequence leads to: the first two states.
  Tensor alpha = Where(state == 0, 0, never);
  for (int64_t t = 0; t < steps; ++t) {
    const Tensor next = Where(skips, shifted(alpha, 2, kNever), kNever);
    const Tensor sums = LogSumExp(Stack({alpha, shifted(alpha, 1, kNever), next}), {.dims = {0}});
    alpha = Where(input_ends > t, ClampMin(sums + emitted(t), kNever), alpha);
  }
  // It ends in the last label or the blank behind it.
  const Tensor end = Reshape(To(FromVector(lengths, {batch}), probs.device()), {batch, 1}) * 2;
  const Tensor last = Gather(alpha, 1, end);
  const Tensor before = Where(end > 0, Gather(alpha, 1, ClampMin(end - 1, 0)), kNever);
  Tensor losses = -Reshape(LogSumExp(Stack({last, before}), {.dims = {0}}), {batch});
  const double none = options.zero_infinity ? 0 : std::numeric_limits<double>::infinity();
  losses = Cast(Where(losses > -kNever / 2, none, losses), log_probs.dtype());
  if (options.reduction == "mean") {
    losses = losses / Cast(ClampMin(FloorDivide(Reshape(end, {batch}), 2), 1), losses.dtype());
  }
  return internal::ReduceLoss("Ctc", one ? Reshape(losses, {}) : losses, options.reduction);
}

}  // namespace neura::nn
