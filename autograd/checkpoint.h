// Computing again what backward needs, rather than keeping it. Chen et al., 2016, "Training Deep
// Nets with Sublinear Memory Cost" (arXiv:1604.06174).
#ifndef NEURA_AUTOGRAD_CHECKPOINT_H_
#define NEURA_AUTOGRAD_CHECKPOINT_H_

#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace neura::autograd {

struct CheckpointOptions {
  // The second run gets the random numbers of the default generator that the first one got.
  bool preserve_random_state = true;
};

// Runs `run`, whose operations keep nothing; when backward first needs something of them, `again`
// runs and brings all of it. It must do what `run` did.
void RunCheckpointed(const std::function<void()>& run, std::function<void()> again,
                     const CheckpointOptions& options = {});

// What `function()` returns. It is kept and called again in backward, so it holds what it needs:
//
//   Tensor y = Checkpoint([block, x] { return block(x); });
//
// Backward throws FailedPrecondition where the second call does something else than the first one.
template <typename F>
auto Checkpoint(F function, const CheckpointOptions& options = {}) {
  const auto shared = std::make_shared<F>(std::move(function));
  std::optional<std::invoke_result_t<F&>> result;
  RunCheckpointed([&] { result.emplace((*shared)()); }, [shared] { (*shared)(); }, options);
  return *std::move(result);
}

}  // namespace neura::autograd

#endif  // NEURA_AUTOGRAD_CHECKPOINT_H_
