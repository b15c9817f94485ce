// L-BFGS: a quasi-Newton method, which evaluates the loss as often as it needs to.
#ifndef NEURA_OPTIM_LBFGS_H_
#define NEURA_OPTIM_LBFGS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

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
class LBFGS {
 public:
  // Computes the loss and the gradients.
  using Closure = std::function<Tensor()>;

  // Throws InvalidArgument for options out of their bounds, and for a parameter that is no leaf
  // that requires a gradient.
  LBFGS(std::vector<Tensor> params, const LbfgsOptions& options = {});

  // Up to max_iter iterations; returns the loss before them.
  Tensor Step(const Closure& closure);
  void ZeroGrad();

  const std::vector<Tensor>& params() const { return params_; }
  LbfgsOptions options() const { return options_; }
  void set_options(const LbfgsOptions& options);

  // Of all steps, as scalars "func_evals" and "n_iter", and what the direction is made from: "d",
  // "t", "prev_flat_grad", "prev_loss", "H_diag", and "old_dirs.0", "old_stps.0", "ro.0", ...
  NamedTensors StateDict() const;
  void LoadStateDict(const NamedTensors& state);

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

  const std::vector<Tensor> params_;
  LbfgsOptions options_;
  int64_t evaluations_ = 0, iterations_ = 0;
  std::vector<Pair> history_;
  Tensor direction_, last_grad_;
  double distance_ = 0, last_loss_ = 0, scale_ = 1;
};

}  // namespace neura::optim

#endif  // NEURA_OPTIM_LBFGS_H_
