// L-BFGS: a quasi-Newton method, which evaluates the loss as often as it needs to.
#ifndef NEURA_OPTIM_LBFGS_H_
#define NEURA_OPTIM_LBFGS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "neura/optim/optimizer.h"
#include "neura/tensor/core/fields.h"
#include "neura/tensor/core/tensor.h"

namespace neura::optim {

struct LbfgsOptions {
  double lr = 1;
  int64_t max_iter = 20;                 // iterations a step
  std::optional<int64_t> max_eval = {};  // evaluations a step; 5/4 of max_iter
  double tolerance_grad = 1e-7;          // the largest gradient at which to stop
  double tolerance_change = 1e-9;  // the smallest change of loss or parameters at which to go on
  int64_t history_size = 100;
  std::string line_search_fn = "";  // or "strong_wolfe"
  NEURA_FIELDS(lr, max_iter, max_eval, tolerance_grad, tolerance_change, history_size,
               line_search_fn)
};

// Liu and Nocedal, "On the limited memory BFGS method for large scale optimization", 1989. The line
// search finds a step that fulfils the strong Wolfe conditions by bracketing and cubic
// interpolation (Nocedal and Wright, "Numerical Optimization", 2006, chapter 3).
//
//   optim::LBFGS optimizer(net.Parameters(), {.line_search_fn = "strong_wolfe"});
//   optimizer.Step([&] {
//     optimizer.ZeroGrad();
//     const Tensor loss = Loss(net(x), y);
//     Backward(loss);
//     return loss;
//   });
class LBFGS final : public Optimizer {
 public:
  // Throws InvalidArgument for options out of their bounds, and for a parameter that is computed
  // from others or not of real numbers. All parameters are one group.
  explicit LBFGS(std::vector<Tensor> params, const LbfgsOptions& options = {});

  // Throws InvalidArgument: there is no step without a closure.
  void Step() override;
  // Up to max_iter iterations; returns the loss before them. Where the closure throws, or asks for
  // what there is not, parameters and state are those from before the step.
  Tensor Step(const Closure& closure) override;

  const char* name() const override { return "LBFGS"; }
  size_t num_groups() const override { return 1; }
  std::vector<Tensor> params(size_t) const override { return params_; }
  const std::vector<Tensor>& params() const { return params_; }
  LbfgsOptions options() const { return options_; }
  void set_options(const LbfgsOptions& options);
  double lr(size_t) const override { return options_.lr; }
  void set_lr(size_t, double lr) override { options_.lr = lr; }
  double initial_lr(size_t group) override;
  void set_initial_lr(size_t, double lr) override { initial_lr_ = lr; }
  // There is none: throws InvalidArgument.
  double momentum(size_t) const override;
  void set_momentum(size_t, double) override;

  // The options ("group.0.lr", ...), of all steps the scalars "func_evals" and "n_iter", and what
  // the direction is made from: "d", "t", "prev_flat_grad", "prev_loss", "H_diag", and
  // "old_dirs.0", "old_stps.0", "ro.0", ...
  NamedTensors StateDict() const override;
  // Throws InvalidArgument, and changes nothing, for what is not the state of such parameters.
  void LoadStateDict(const NamedTensors& state) override;

 private:
  struct Evaluation {
    double loss;
    Tensor grad;  // flat
  };
  // A pair of changes: of the gradient, and of the parameters, and the inverse of their product.
  struct Pair {
    Tensor grad, step;
    double inverse_product;
  };

  Tensor FlatGrad() const;
  // Along a direction from where the parameters are.
  void Move(double distance, const Tensor& direction) const;
  Evaluation At(const Closure& closure, const std::vector<Tensor>& from, double distance,
                const Tensor& direction) const;
  std::vector<Tensor> Values() const;
  void SetValues(const std::vector<Tensor>& values) const;
  // Remembers the last change, and gives the direction in which the quadratic model falls to its
  // least.
  Tensor Direction(const Tensor& grad);
  // The step along the direction, and what was evaluated there.
  struct Found {
    Evaluation at;
    double distance;
    int64_t evaluations;
  };
  Found StrongWolfe(const Closure& closure, double distance, const Tensor& direction,
                    const Evaluation& start, double slope) const;

  // What one step leaves to the next. Tensors are replaced, never changed.
  struct State {
    int64_t evaluations = 0, iterations = 0;
    std::vector<Pair> history;
    Tensor direction, last_grad;
    double distance = 0, last_loss = 0, scale = 1;
  };
  Tensor Iterate(const Closure& closure);

  const std::vector<Tensor> params_;
  LbfgsOptions options_;
  std::optional<double> initial_lr_;
  State state_;
};

}  // namespace neura::optim

#endif  // NEURA_OPTIM_LBFGS_H_
