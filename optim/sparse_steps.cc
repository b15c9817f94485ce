#include "neura/optim/sparse_steps.h"

#include <algorithm>
#include <vector>

#include "neura/optim/optimizer.h"
#include "neura/tensor/backend_api.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/index.h"
#include "neura/tensor/ops/op_list/fused.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/shape.h"
#include "neura/tensor/sparse/sparse.h"

namespace neura::optim::internal {
namespace {

// Over a parameter, its gradient and its states.
void Update(const FusedOptions& update, const std::vector<Tensor>& tensors) {
  std::vector<const Tensor*> refs;
  for (const Tensor& tensor : tensors) refs.push_back(&tensor);
  Dispatch(op::kFusedUpdate, &update, refs, {});
}

// The rows are taken out, stepped and put back.
void StepRows(const FusedOptions& update, const Tensor& rows, const Tensor& values,
              const std::vector<Tensor>& kept) {
  std::vector<Tensor> parts;
  for (const Tensor& tensor : kept) parts.push_back(IndexSelect(tensor, 0, rows));
  std::vector<Tensor> tensors = {parts[0], values};
  tensors.insert(tensors.end(), parts.begin() + 1, parts.end());
  Update(update, tensors);
  for (size_t i = 0; i < kept.size(); ++i) IndexAssign(kept[i], 0, rows, parts[i]);
}

// Part by part, with a dense gradient of each.
void StepAll(const FusedOptions& update, const Tensor& rows, const Tensor& values,
             const std::vector<Tensor>& kept) {
  const Tensor& param = kept[0];
  if (param.numel() == 0) return;
  constexpr int64_t kPartElements = int64_t{1} << 18;
  const int64_t count = param.size(0);
  const int64_t per_part = std::max<int64_t>(kPartElements / (param.numel() / count), 1);
  const Tensor sorted = HostCopy(rows);
  const int64_t* const begin = sorted.data<int64_t>();
  const int64_t* const end = begin + sorted.numel();
  for (int64_t from = 0; from < count; from += per_part) {
    const int64_t to = std::min(from + per_part, count);
    const int64_t first = std::lower_bound(begin, end, from) - begin;
    const int64_t last = std::lower_bound(begin, end, to) - begin;
    std::vector<Tensor> tensors;
    for (const Tensor& tensor : kept) tensors.push_back(Slice(tensor, 0, from, to));
    const Tensor grad =
        Zeros(tensors[0].shape(), {.dtype = values.dtype(), .device = values.device()});
    if (first < last) {
      IndexAssign(grad, 0, Slice(rows, 0, first, last) - from, Slice(values, 0, first, last));
    }
    tensors.insert(tensors.begin() + 1, grad);
    Update(update, tensors);
  }
}

}  // namespace

void StepSparse(const OptimizerRow& row, const void* options, StepInfo info, const Tensor& grad,
                const Tensor& param, absl::Span<const Tensor> states) {
  const SparseStep step = row.step_of_sparse(options);
  const Tensor coalesced = sparse::Coalesce(grad);
  const Tensor rows = Contiguous(sparse::Places(coalesced));
  const Tensor values = RealView(sparse::Values(coalesced));
  // A rule begins the states that it sees; these are of all rows.
  if (info.first && row.initial_state != nullptr && step == SparseStep::kRows) {
    const double initial = row.initial_state(options);
    for (const Tensor& state : states) {
      if (initial != 0) Fill(state, initial);
    }
    info.first = false;
  }
  std::vector<Tensor> kept = {param};
  kept.insert(kept.end(), states.begin(), states.end());
  const FusedOptions update = row.update(options, info, states.size());
  if (step == SparseStep::kAll) return StepAll(update, rows, values, kept);
  if (rows.numel() > 0) StepRows(update, rows, values, kept);
}

}  // namespace neura::optim::internal
