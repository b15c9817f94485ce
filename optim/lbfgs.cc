#include "neura/optim/lbfgs.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "neura/autograd/autograd.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/reduce.h"
#include "neura/tensor/ops/shape.h"

namespace neura::optim {
namespace {

double Product(const Tensor& a, const Tensor& b) { return Sum(a * b).Item<double>(); }
double LargestOf(const Tensor& x) { return x.numel() == 0 ? 0 : AMax(Abs(x)).Item<double>(); }

// A loss and its slope at a distance along the direction.
struct Point {
  double x, loss, slope;
};

// Where the cubic through two points with their slopes is least, within bounds; their middle where
// it has no least value.
double CubicMinimum(const Point& a, const Point& b, double low, double high) {
  const auto& [x1, f1, g1] = a;
  const auto& [x2, f2, g2] = b;
  const double d1 = g1 + g2 - 3 * (f1 - f2) / (x1 - x2);
  const double square = d1 * d1 - g1 * g2;
  if (!(square >= 0)) return (low + high) / 2;
  const double d2 = std::sqrt(square);
  const double least = x1 <= x2 ? x2 - (x2 - x1) * ((g2 + d2 - d1) / (g2 - g1 + 2 * d2))
                                : x1 - (x1 - x2) * ((g1 + d2 - d1) / (g1 - g2 + 2 * d2));
  return std::min(std::max(least, low), high);
}
double CubicMinimum(const Point& a, const Point& b) {
  return CubicMinimum(a, b, std::min(a.x, b.x), std::max(a.x, b.x));
}

void CheckOptions(const LbfgsOptions& options) {
  const auto bad = [](const char* name, double value) {
    ThrowInvalidArgument(absl::StrCat("LBFGS: ", name, " = ", value, " must not be negative"));
  };
  if (!(options.lr >= 0)) bad("lr", options.lr);
  if (!(options.tolerance_grad >= 0)) bad("tolerance_grad", options.tolerance_grad);
  if (!(options.tolerance_change >= 0)) bad("tolerance_change", options.tolerance_change);
  if (options.max_iter < 1 || options.history_size < 1) {
    ThrowInvalidArgument(absl::StrCat("LBFGS: max_iter = ", options.max_iter,
                                      " and history_size = ", options.history_size,
                                      " must be at least 1"));
  }
  if (!options.line_search_fn.empty() && options.line_search_fn != "strong_wolfe") {
    ThrowInvalidArgument(absl::StrCat("LBFGS: line_search_fn = \"", options.line_search_fn,
                                      "\" must be empty or \"strong_wolfe\""));
  }
}

}  // namespace

LBFGS::LBFGS(std::vector<Tensor> params, const LbfgsOptions& options)
    : params_(std::move(params)), options_(options) {
  CheckOptions(options);
  if (params_.empty()) ThrowInvalidArgument("LBFGS: no parameters are given");
  for (const Tensor& param : params_) {
    if (!RequiresGrad(param) || !autograd::IsLeaf(param) || !IsFloating(param.dtype())) {
      ThrowInvalidArgument(absl::StrCat(
          "LBFGS: a parameter must be a leaf of real numbers that requires a gradient, got ",
          Describe(param)));
    }
  }
}

void LBFGS::set_options(const LbfgsOptions& options) {
  CheckOptions(options);
  options_ = options;
}

void LBFGS::ZeroGrad() {
  for (const Tensor& param : params_) autograd::SetGrad(param, {});
}

Tensor LBFGS::FlatGrad() const {
  std::vector<Tensor> parts;
  for (const Tensor& param : params_) {
    const Tensor grad = autograd::GradOf(param);
    parts.push_back(Reshape(grad.defined() ? grad : ZerosLike(Detach(param)), {-1}));
  }
  return Cat(parts);
}

std::vector<Tensor> LBFGS::Values() const {
  std::vector<Tensor> values;
  for (const Tensor& param : params_) values.push_back(Clone(Detach(param)));
  return values;
}
void LBFGS::SetValues(const std::vector<Tensor>& values) const {
  const NoGradGuard no_grad;
  for (size_t i = 0; i < params_.size(); ++i) Assign(params_[i], values[i]);
}

void LBFGS::Move(double distance, const Tensor& direction) const {
  const NoGradGuard no_grad;
  int64_t begin = 0;
  for (const Tensor& param : params_) {
    const Tensor part = Reshape(Narrow(direction, 0, begin, param.numel()), param.shape());
    Assign(param, param + part * distance);
    begin += param.numel();
  }
}

LBFGS::Evaluation LBFGS::At(const Closure& closure, const std::vector<Tensor>& from,
                            double distance, const Tensor& direction) const {
  Move(distance, direction);
  Evaluation evaluation;
  try {
    const EnableGradGuard enable_grad;
    evaluation.loss = closure().Item<double>();
  } catch (...) {
    SetValues(from);
    throw;
  }
  evaluation.grad = FlatGrad();
  SetValues(from);
  return evaluation;
}

Tensor LBFGS::Direction(const Tensor& grad) {
  if (iterations_ == 1) {
    history_.clear();
    scale_ = 1;
    return -grad;
  }
  const Tensor change = grad - last_grad_, step = direction_ * distance_;
  const double product = Product(change, step);
  if (product > 1e-10) {  // else the curvature along the step is not positive
    if (history_.size() == static_cast<size_t>(options_.history_size))
      history_.erase(history_.begin());
    history_.push_back({change, step, 1 / product});
    scale_ = product / Product(change, change);
  }
  // The two loops of Nocedal, 1980.
  Tensor q = -grad;
  std::vector<double> weights(history_.size());
  for (size_t i = history_.size(); i-- > 0;) {
    weights[i] = Product(history_[i].step, q) * history_[i].inverse_product;
    q = q - history_[i].grad * weights[i];
  }
  q = q * scale_;
  for (size_t i = 0; i < history_.size(); ++i) {
    const double weight = Product(history_[i].grad, q) * history_[i].inverse_product;
    q = q + history_[i].step * (weights[i] - weight);
  }
  return q;
}

LBFGS::Found LBFGS::StrongWolfe(const Closure& closure, double distance, const Tensor& direction,
                                const Evaluation& start, double slope) const {
  constexpr double kDecrease = 1e-4, kCurvature = 0.9;
  constexpr int64_t kMaxEvaluations = 25;
  const std::vector<Tensor> from = Values();
  const double reach = LargestOf(direction);
  int64_t evaluations = 0;
  const auto evaluate = [&](double x, Evaluation& at) {
    at = At(closure, from, x, direction);
    ++evaluations;
    return Point{x, at.loss, Product(at.grad, direction)};
  };
  const auto falls_enough = [&](const Point& p) {
    return p.loss <= start.loss + kDecrease * p.x * slope;
  };

  struct End {
    Point point;
    Evaluation at;
  };
  const Point origin{0, start.loss, slope};
  End last{origin, start}, now{};
  now.point = evaluate(distance, now.at);
  std::vector<End> bracket;
  bool done = false;
  int64_t iterations = 0;
  while (iterations < kMaxEvaluations) {
    if (!falls_enough(now.point) || (iterations > 1 && now.point.loss >= last.point.loss)) {
      bracket = {last, now};
      break;
    }
    if (std::fabs(now.point.slope) <= -kCurvature * slope) {
      bracket = {now};
      done = true;
      break;
    }
    if (now.point.slope >= 0) {
      bracket = {last, now};
      break;
    }
    // Further out, but not much further.
    const double low = now.point.x + 0.01 * (now.point.x - last.point.x), high = now.point.x * 10;
    const double next = CubicMinimum(last.point, now.point, low, high);
    last = now;
    now.point = evaluate(next, now.at);
    ++iterations;
  }
  if (iterations == kMaxEvaluations) bracket = {{origin, start}, now};

  // The bracket is narrowed until a point in it will do.
  bool close_to_an_end = false;
  size_t low = bracket.front().point.loss <= bracket.back().point.loss ? 0 : 1, high = 1 - low;
  while (!done && iterations < kMaxEvaluations) {
    const auto width = [&] { return std::fabs(bracket[1].point.x - bracket[0].point.x); };
    if (width() * reach < options_.tolerance_change) break;
    double x = CubicMinimum(bracket[0].point, bracket[1].point);
    // Twice near an end, or beyond it: a tenth of the width away from the nearer one.
    const double least = std::min(bracket[0].point.x, bracket[1].point.x);
    const double most = std::max(bracket[0].point.x, bracket[1].point.x);
    const double margin = 0.1 * (most - least);
    if (std::min(most - x, x - least) < margin) {
      if (close_to_an_end || x >= most || x <= least) {
        x = std::fabs(x - most) < std::fabs(x - least) ? most - margin : least + margin;
        close_to_an_end = false;
      } else {
        close_to_an_end = true;
      }
    } else {
      close_to_an_end = false;
    }
    End tried;
    tried.point = evaluate(x, tried.at);
    ++iterations;
    if (!falls_enough(tried.point) || tried.point.loss >= bracket[low].point.loss) {
      bracket[high] = tried;
      low = bracket[0].point.loss <= bracket[1].point.loss ? 0 : 1;
      high = 1 - low;
    } else {
      if (std::fabs(tried.point.slope) <= -kCurvature * slope) {
        done = true;
      } else if (tried.point.slope * (bracket[high].point.x - bracket[low].point.x) >= 0) {
        bracket[high] = bracket[low];
      }
      bracket[low] = tried;
    }
  }
  const End& found = bracket[bracket.size() == 1 ? 0 : low];
  return {found.at, found.point.x, evaluations};
}

Tensor LBFGS::Step(const Closure& closure) {
  Tensor first;
  {
    const EnableGradGuard enable_grad;
    first = closure();
  }
  const NoGradGuard no_grad;
  Evaluation now{first.Item<double>(), FlatGrad()};
  ++evaluations_;
  int64_t evaluations = 1;
  const int64_t max_evaluations = options_.max_eval.value_or(options_.max_iter * 5 / 4);
  if (LargestOf(now.grad) <= options_.tolerance_grad) return first;

  for (int64_t iteration = 1; iteration <= options_.max_iter; ++iteration) {
    ++iterations_;
    direction_ = Direction(now.grad);
    last_grad_ = Clone(now.grad);
    last_loss_ = now.loss;
    // Before the curvature is known, a step of length lr at most.
    distance_ = iterations_ == 1
                    ? std::min(1.0, 1 / Sum(Abs(now.grad)).Item<double>()) * options_.lr
                    : options_.lr;
    const double slope = Product(now.grad, direction_);
    if (slope > -options_.tolerance_change) break;
    int64_t spent = 0;
    if (!options_.line_search_fn.empty()) {
      const Found found = StrongWolfe(closure, distance_, direction_, now, slope);
      now = found.at;
      distance_ = found.distance;
      spent = found.evaluations;
      Move(distance_, direction_);
    } else {
      Move(distance_, direction_);
      if (iteration != options_.max_iter) {
        const EnableGradGuard enable_grad;
        now.loss = closure().Item<double>();
        now.grad = FlatGrad();
        spent = 1;
      }
    }
    evaluations += spent;
    evaluations_ += spent;
    if (iteration == options_.max_iter || evaluations >= max_evaluations) break;
    if (LargestOf(now.grad) <= options_.tolerance_grad) break;
    if (LargestOf(direction_ * distance_) <= options_.tolerance_change) break;
    if (std::fabs(now.loss - last_loss_) < options_.tolerance_change) break;
  }
  return first;
}

NamedTensors LBFGS::StateDict() const {
  NamedTensors state = {{"func_evals", ScalarTensor(evaluations_)},
                        {"n_iter", ScalarTensor(iterations_)}};
  if (iterations_ == 0) return state;
  const auto number = [&](std::string name, double value) {
    state.emplace_back(std::move(name), ScalarTensor(value, {.dtype = kFloat64}));
  };
  state.emplace_back("d", Clone(direction_));
  state.emplace_back("prev_flat_grad", Clone(last_grad_));
  number("t", distance_);
  number("prev_loss", last_loss_);
  number("H_diag", scale_);
  for (size_t i = 0; i < history_.size(); ++i) {
    state.emplace_back(absl::StrCat("old_dirs.", i), Clone(history_[i].grad));
    state.emplace_back(absl::StrCat("old_stps.", i), Clone(history_[i].step));
    number(absl::StrCat("ro.", i), history_[i].inverse_product);
  }
  return state;
}

void LBFGS::LoadStateDict(const NamedTensors& state) {
  int64_t numel = 0;
  for (const Tensor& param : params_) numel += param.numel();
  size_t taken = 0;
  const auto find = [&](const std::string& name, bool vector) -> Tensor {
    for (const auto& [key, tensor] : state) {
      if (key != name) continue;
      if (tensor.numel() != (vector ? numel : 1)) {
        ThrowInvalidArgument(absl::StrCat("LBFGS: ", name, " is ", Describe(tensor), ", for ",
                                          numel, " numbers in all parameters"));
      }
      ++taken;
      return tensor;
    }
    return {};
  };
  const auto number = [&](const std::string& name) {
    const Tensor tensor = find(name, false);
    if (!tensor.defined()) ThrowInvalidArgument(absl::StrCat("LBFGS: the state has no ", name));
    return tensor.Item<double>();
  };
  const double evaluations = number("func_evals"), iterations = number("n_iter");
  Tensor direction, last_grad;
  double distance = 0, last_loss = 0, scale = 1;
  std::vector<Pair> history;
  if (iterations > 0) {
    direction = find("d", true);
    last_grad = find("prev_flat_grad", true);
    if (!direction.defined() || !last_grad.defined()) {
      ThrowInvalidArgument("LBFGS: the state has no direction d and gradient prev_flat_grad");
    }
    distance = number("t");
    last_loss = number("prev_loss");
    scale = number("H_diag");
    for (;;) {
      const Tensor grad = find(absl::StrCat("old_dirs.", history.size()), true);
      if (!grad.defined()) break;
      const Tensor step = find(absl::StrCat("old_stps.", history.size()), true);
      if (!step.defined())
        ThrowInvalidArgument(absl::StrCat("LBFGS: the state has no old_stps.", history.size()));
      history.push_back({Clone(grad), Clone(step), number(absl::StrCat("ro.", history.size()))});
    }
    direction = Clone(direction);
    last_grad = Clone(last_grad);
  }
  if (taken != state.size()) {
    ThrowInvalidArgument(
        absl::StrCat("LBFGS: of the state's ", state.size(), " tensors ", taken, " are known"));
  }
  evaluations_ = static_cast<int64_t>(evaluations);
  iterations_ = static_cast<int64_t>(iterations);
  direction_ = direction;
  last_grad_ = last_grad;
  distance_ = distance;
  last_loss_ = last_loss;
  scale_ = scale;
  history_ = std::move(history);
}

}  // namespace neura::optim
