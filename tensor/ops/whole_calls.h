// Functions of operations that may be kept as one: LSTM, attention, resizing. Whoever records what
// a thread does may ask for a call of such a function as a whole, where a format has an operator
// for it, or where the operations that it consists of depend on sizes.
#ifndef NEURA_TENSOR_OPS_WHOLE_CALLS_H_
#define NEURA_TENSOR_OPS_WHOLE_CALLS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "neura/tensor/core/fields.h"
#include "neura/tensor/ops/dispatch.h"

namespace neura {

enum class WholeFunction : uint8_t {
  kAttention,
  kGridSample,
  kGroupNorm,
  kInstanceNorm,
  kInterpolate,
  kRecurrent,
  kRmsNorm,
};
inline constexpr int kNumWholeFunctions = 7;

// ---- options of each, and what the call has as inputs and outputs ------------------------------

// query, key, value, mask? -> output, weights (the softmax; undefined where nobody asked for it)
struct AttentionCall {
  double scale = 1;
  bool is_causal = false;
  bool wants_weights = false;
  NEURA_FIELDS(scale, is_causal, wants_weights)
};
// input, grid
struct GridSampleCall {
  std::string mode = "bilinear";
  std::string padding_mode = "zeros";
  bool align_corners = false;
  NEURA_FIELDS(mode, padding_mode, align_corners)
};
// input, weight?, bias?
struct GroupNormCall {
  int64_t num_groups = 1;
  double eps = 1e-5;
  NEURA_FIELDS(num_groups, eps)
};
// input, weight?, bias?: by the statistics of each example
struct InstanceNormCall {
  double eps = 1e-5;
  NEURA_FIELDS(eps)
};
// input
struct InterpolateCall {
  Dims size = {};  // of the spatial dimensions; none where they are scaled by these factors
  double scale0 = 0, scale1 = 0, scale2 = 0;
  std::string mode = "nearest";
  bool align_corners = false;
  double scale(size_t dim) const { return dim == 0 ? scale0 : dim == 1 ? scale1 : scale2; }
  NEURA_FIELDS(size, scale0, scale1, scale2, mode, align_corners)
};
// input [T, N, input_size], h?, c?, and of each layer and direction weight_ih, weight_hh and, with
// `bias`, bias_ih and bias_hh -> output, h, c (undefined where the kind has none)
struct RecurrentCall {
  std::string kind = "lstm";  // "gru", "rnn_tanh" or "rnn_relu"
  int64_t hidden_size = 1;
  int64_t num_layers = 1;
  bool bias = true;
  bool bidirectional = false;
  size_t directions() const { return bidirectional ? 2 : 1; }
  NEURA_FIELDS(kind, hidden_size, num_layers, bias, bidirectional)
};
// input, weight?
struct RmsNormCall {
  int64_t num_dims = 1;
  std::optional<double> eps = {};
  NEURA_FIELDS(num_dims, eps)
};

// ---- the calls -------------------------------------------------------------------------------

// The operation that stands for a call, which the program registers with the first one.
OpId WholeOp(WholeFunction function);
// The function that an operation stands for; nothing for other operations.
std::optional<WholeFunction> WholeFunctionOf(OpId op);

// What computes a call: the function itself, which makes as many outputs as the operation has.
using RunWhole = std::vector<Tensor> (*)(const OpCall& call);

// Whoever keeps calls whole.
class WholeKeeper {
 public:
  virtual ~WholeKeeper() = default;
  virtual bool Keeps(const OpCall& call) = 0;
  // Takes what compute() gives for the call's outputs.
  virtual std::vector<Tensor> Keep(const OpCall& call,
                                   absl::FunctionRef<std::vector<Tensor>()> compute) = 0;
};
// While alive, the keeper of this thread; null for none.
class ScopedWholeKeeper {
 public:
  explicit ScopedWholeKeeper(WholeKeeper* keeper);
  ~ScopedWholeKeeper();
  ScopedWholeKeeper(const ScopedWholeKeeper&) = delete;
  ScopedWholeKeeper& operator=(const ScopedWholeKeeper&) = delete;

 private:
  WholeKeeper* outer_;
};

// The outputs of a call that this thread's keeper wants as a whole; none where the caller is to
// compute them by operations. `run` is the same one in all calls of the function: given with them,
// so that a program has it only where it has the function.
std::vector<Tensor> KeptWhole(WholeFunction function, RunWhole run, const void* options,
                              TensorRefs inputs);

}  // namespace neura

#endif  // NEURA_TENSOR_OPS_WHOLE_CALLS_H_
