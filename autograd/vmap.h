// A function of one example, mapped over many at once.
//
//   // [B, n] and [n]: the products of each row.
//   Tensor y = autograd::Vmap([](const auto& in) { return std::vector{Sum(in[0] * in[1])}; },
//                             {rows, weights}, {.in_dims = {{0, std::nullopt}}})[0];
//
// The function runs once, on tensors that have the shape of one example and stand for all. It may
// call everything, Grad and another Vmap among it, which gives gradients of each example; what it
// must not do is look at elements, since they differ (FailedPrecondition). An operation works on
// all examples at once where a batching rule says how (batching_rules.h), else it runs for each.
#ifndef NEURA_AUTOGRAD_VMAP_H_
#define NEURA_AUTOGRAD_VMAP_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "neura/autograd/autograd.h"
#include "neura/tensor/core/tensor.h"

namespace neura::autograd {

// What random operations do in a mapped function.
enum class Randomness : uint8_t {
  kError,      // fail with FailedPrecondition
  kSame,       // give every example the same numbers
  kDifferent,  // give each numbers of its own
};

struct VmapOptions {
  // For each input the dimension that counts the examples, or none where all share the input. Left
  // out: the first one of each.
  std::vector<std::optional<int64_t>> in_dims = {};
  // For each output where the examples are counted; left out: first. None for an output that is the
  // same for all of them.
  std::vector<std::optional<int64_t>> out_dims = {};
  Randomness randomness = Randomness::kError;
  // How many examples are computed at once; 0: all.
  int64_t chunk_size = 0;
};

// Throws InvalidArgument where inputs do not have the same number of examples.
std::vector<Tensor> Vmap(const TensorFunction& function, const std::vector<Tensor>& inputs,
                         const VmapOptions& options = {});

// What Vmap does around the call of the function, for languages that call it in their own way.
// While alive, this thread is inside of the mapped function: of a new one, or of that of a level
// whose tensors somebody has kept.
class VmapScope {
 public:
  VmapScope(int64_t batch_size, Randomness randomness);
  VmapScope(int64_t batch_size, Randomness randomness, uint64_t level);
  ~VmapScope();
  VmapScope(const VmapScope&) = delete;
  VmapScope& operator=(const VmapScope&) = delete;

  // A tensor for the function, whose examples are counted by `dim`.
  Tensor Enter(const Tensor& examples, int64_t dim) const;
  // All examples of what the function returned, counted by `dim`; without one the tensor must be
  // the same for all. Called when the scope has ended.
  static Tensor Leave(const Tensor& tensor, const std::optional<int64_t>& dim, uint64_t level,
                      int64_t batch_size);
  uint64_t level() const;

  // Those that this thread is inside of, outermost first: what goes on later, as a part of what ran
  // here, enters them again.
  struct Entered {
    int64_t batch_size;
    Randomness randomness;
    uint64_t level;
  };
  static std::vector<Entered> Current();

 private:
  class Level;
  std::unique_ptr<Level> level_;
};

}  // namespace neura::autograd

#endif  // NEURA_AUTOGRAD_VMAP_H_
