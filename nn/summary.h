// What a module consists of and what one call of it costs, layer by layer.
//
//   std::cout << nn::Summary(net, Zeros({1, 3, 32, 32})).ToString();
#ifndef NEURA_NN_SUMMARY_H_
#define NEURA_NN_SUMMARY_H_

#include <cstdint>
#include <iosfwd>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "neura/autograd/autograd.h"
#include "neura/nn/module.h"
#include "neura/tensor/ops/dispatch.h"

namespace neura::nn {

// A module of the tree. What is counted is its own, without the modules in it, so that sums over
// rows are those of the tree.
struct SummaryRow {
  std::string name;  // "head.0"; empty for the whole
  std::string type;
  int64_t depth = 0;
  int64_t calls = 0;
  std::vector<Dims> outputs = {};  // the shapes that the first call gave
  int64_t parameters = 0;          // elements; what several modules share is the first one's
  int64_t trainable = 0;           // those of them that require a gradient
  int64_t multiply_adds = 0;       // of matrix products and convolutions, over all calls
  int64_t output_bytes = 0;        // over all calls, of modules in which no other one was called
};

struct ModuleSummary {
  std::vector<SummaryRow> rows;  // parents first
  int64_t parameters = 0;
  int64_t trainable = 0;
  int64_t multiply_adds = 0;
  int64_t input_bytes = 0;
  int64_t output_bytes = 0;     // what the layers' results take
  int64_t parameter_bytes = 0;  // of parameters and buffers

  // A table.
  std::string ToString() const;
};
std::ostream& operator<<(std::ostream& out, const ModuleSummary& summary);

namespace internal {

// Watches calls of the modules of a tree, on the thread that has made it.
class Summarizer final : public OpObserver {
 public:
  // The module is in evaluation, and nothing is recorded for gradients, until Finish().
  explicit Summarizer(ModuleBase& root);
  ~Summarizer() override;

  void Enter(const ModuleBase& module);
  void Leave(const ModuleBase& module, absl::Span<const Tensor> outputs);
  // A call of the root has ended, of such inputs.
  ModuleSummary Finish(absl::Span<const Tensor> inputs);

  void OnOp(const OpCall& call, absl::Span<Tensor> outputs) override;

 private:
  struct Seen {
    int64_t calls = 0, multiply_adds = 0, output_bytes = 0;
    std::vector<Dims> outputs;
  };
  struct Open {
    const ModuleBase* module;
    int64_t multiply_adds = 0;
    bool has_calls = false;
  };

  ModuleBase& root_;
  std::vector<std::pair<ModuleBase*, bool>> training_;
  std::unordered_map<const ModuleBase*, Seen> seen_;
  std::vector<Open> open_;
  const NoGradGuard no_grad_;
  const ScopedObserver scope_;
};

// Has a Summarizer watch by hooks, while alive.
class WatchCalls {
 public:
  WatchCalls(ModuleBase& root, Summarizer& summarizer);
  ~WatchCalls();
  WatchCalls(const WatchCalls&) = delete;
  WatchCalls& operator=(const WatchCalls&) = delete;

 private:
  std::vector<HookHandle> handles_;
};

}  // namespace internal

// Calls the module once, in evaluation and without gradients, with such arguments. Statistics and
// modes stay what they are.
template <typename M, typename... A>
ModuleSummary Summary(M& module, A... arguments) {
  internal::Summarizer summarizer(module);
  {
    const internal::WatchCalls watch(module, summarizer);
    module(arguments...);
  }
  std::vector<Tensor> inputs;
  (internal::VisitTensors(arguments, [&](Tensor& input) { inputs.push_back(input); }), ...);
  return summarizer.Finish(inputs);
}

}  // namespace neura::nn

#endif  // NEURA_NN_SUMMARY_H_
