#include "neura/optim/lbfgs.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "neura/autograd/autograd.h"
#include "neura/optim/named_state.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/reduce.h"
#include "neura/tensor/ops/shape.h"
#include "neura/tensor/sparse/sparse.h"

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
    internal::CheckParam("LBFGS", param);
    if (!IsFloating(param.dtype())) {
      ThrowInvalidArgument(
          absl::StrCat("LBFGS: a parameter must be of real numbers, got ", Describe(param)));
    }
  }
}

void LBFGS::set_options(const LbfgsOptions& options) {
  CheckOptions(options);
  options_ = options;
}

double LBFGS::initial_lr(size_t) {
  if (!initial_lr_) initial_lr_ = options_.lr;
  return *initial_lr_;
}
double LBFGS::momentum(size_t) const { ThrowInvalidArgument("LBFGS: has no momentum"); }
void LBFGS::set_momentum(size_t group, double) { momentum(group); }

Tensor LBFGS::FlatGrad() const {
  std::vector<Tensor> parts;
  for (const Tensor& param : params_) {
    Tensor grad = autograd::GradOf(param);
    if (IsSparse(grad)) grad = sparse::ToDense(grad);
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
  if (state_.iterations == 1) {
    state_.history.clear();
    state_.scale = 1;
    return -grad;
  }
  const Tensor change = grad - state_.last_grad, step = state_.direction * state_.distance;
  const double product = Product(change, step);
  if (product > 1e-10) {  // else the curvature along the step is not positive
    if (state_.history.size() == static_cast<size_t>(options_.history_size))
      state_.history.erase(state_.history.begin());
    state_.history.push_back({change, step, 1 / product});
    state_.scale = product / Product(change, change);
  }
  // The two loops of Nocedal, 1980.
  Tensor q = -grad;
  std::vector<double> weights(state_.history.size());
  for (size_t i = state_.history.size(); i-- > 0;) {
    weights[i] = Product(state_.history[i].step, q) * state_.history[i].inverse_product;
    q = q - state_.history[i].grad * weights[i];
  }
  q = q * state_.scale;
  for (size_t i = 0; i < state_.history.size(); ++i) {
    const double weight = Product(state_.history[i].grad, q) * state_.history[i].inverse_product;
    q = q + state_.history[i].step * (weights[i] - weight);
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

void LBFGS::Step() {
  ThrowInvalidArgument("LBFGS: a step needs a closure, which computes the loss and the gradients");
}

Tensor LBFGS::Step(const Closure& closure) {
  const std::vector<Tensor> values = Values();
  const State before = state_;
  try {
    return Iterate(closure);
  } catch (...) {
    SetValues(values);
    state_ = before;
    throw;
  }
}

Tensor LBFGS::Iterate(const Closure& closure) {
  Tensor first;
  {
    const EnableGradGuard enable_grad;
    first = closure();
  }
  const NoGradGuard no_grad;
  Evaluation now{first.Item<double>(), FlatGrad()};
  ++state_.evaluations;
  int64_t evaluations = 1;
  const int64_t max_evaluations = options_.max_eval.value_or(options_.max_iter * 5 / 4);
  if (LargestOf(now.grad) <= options_.tolerance_grad) return first;

  for (int64_t iteration = 1; iteration <= options_.max_iter; ++iteration) {
    ++state_.iterations;
    state_.direction = Direction(now.grad);
    state_.last_grad = Clone(now.grad);
    state_.last_loss = now.loss;
    // Before the curvature is known, a step of length lr at most.
    state_.distance = state_.iterations == 1
                          ? std::min(1.0, 1 / Sum(Abs(now.grad)).Item<double>()) * options_.lr
                          : options_.lr;
    const double slope = Product(now.grad, state_.direction);
    if (slope > -options_.tolerance_change) break;
    int64_t spent = 0;
    if (!options_.line_search_fn.empty()) {
      const Found found = StrongWolfe(closure, state_.distance, state_.direction, now, slope);
      now = found.at;
      state_.distance = found.distance;
      spent = found.evaluations;
      Move(state_.distance, state_.direction);
    } else {
      Move(state_.distance, state_.direction);
      if (iteration != options_.max_iter) {
        const EnableGradGuard enable_grad;
        now.loss = closure().Item<double>();
        now.grad = FlatGrad();
        spent = 1;
      }
    }
    evaluations += spent;
    state_.evaluations += spent;
    if (iteration == options_.max_iter || evaluations >= max_evaluations) break;
    if (LargestOf(now.grad) <= options_.tolerance_grad) break;
    if (LargestOf(state_.direction * state_.distance) <= options_.tolerance_change) break;
    if (std::fabs(now.loss - state_.last_loss) < options_.tolerance_change) break;
  }
  return first;
}

NamedTensors LBFGS::StateDict() const {
  NamedTensors state;
  LbfgsOptions options = options_;
  options.VisitFields([&](const char* name, FieldRef field) {
    state.emplace_back(absl::StrCat("group.0.", name), internal::OptionToTensor(field));
  });
  state.emplace_back("func_evals", ScalarTensor(state_.evaluations));
  state.emplace_back("n_iter", ScalarTensor(state_.iterations));
  if (state_.iterations == 0) return state;
  const auto number = [&](std::string name, double value) {
    state.emplace_back(std::move(name), ScalarTensor(value, {.dtype = kFloat64}));
  };
  state.emplace_back("d", Clone(state_.direction));
  state.emplace_back("prev_flat_grad", Clone(state_.last_grad));
  number("t", state_.distance);
  number("prev_loss", state_.last_loss);
  number("H_diag", state_.scale);
  for (size_t i = 0; i < state_.history.size(); ++i) {
    state.emplace_back(absl::StrCat("old_dirs.", i), Clone(state_.history[i].grad));
    state.emplace_back(absl::StrCat("old_stps.", i), Clone(state_.history[i].step));
    number(absl::StrCat("ro.", i), state_.history[i].inverse_product);
  }
  return state;
}

void LBFGS::LoadStateDict(const NamedTensors& given) {
  int64_t numel = 0;
  for (const Tensor& param : params_) numel += param.numel();
  internal::NamedState named("LBFGS", given);
  named.CheckCount("group.", 1, "parameter groups");
  const auto vector = [&](const std::string& name) {
    const Tensor tensor = named.Take(name);
    if (!tensor.defined()) named.Fail("the state has no ", name);
    if (tensor.numel() != numel || tensor.dim() != 1) {
      named.Fail(name, " is ", Describe(tensor), ", for ", numel, " numbers in all parameters");
    }
    return Clone(tensor);
  };
  LbfgsOptions options;
  State state;
  state.evaluations = named.TakeInteger("func_evals");
  state.iterations = named.TakeInteger("n_iter");
  options.VisitFields([&](const char* name, FieldRef field) {
    named.TakeOption(absl::StrCat("group.0.", name), field);
  });
  CheckOptions(options);
  if (state.iterations > 0) {
    state.direction = vector("d");
    state.last_grad = vector("prev_flat_grad");
    state.distance = named.TakeNumber("t");
    state.last_loss = named.TakeNumber("prev_loss");
    state.scale = named.TakeNumber("H_diag");
    for (size_t i = 0; named.Has(absl::StrCat("old_dirs.", i)); ++i) {
      Tensor grad = vector(absl::StrCat("old_dirs.", i));
      Tensor step = vector(absl::StrCat("old_stps.", i));
      state.history.push_back(
          {std::move(grad), std::move(step), named.TakeNumber(absl::StrCat("ro.", i))});
    }
  }
  named.CheckAllTaken();
  options_ = options;
  state_ = std::move(state);
}

}  // namespace neura::optim
