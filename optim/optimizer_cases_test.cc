// Every row of optimizers.inc: its steps against the formula in plain loops over doubles, in every
// dtype, compiled and interpreted, for any number of threads, and with a state that was saved.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <ostream>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "neura/autograd/autograd.h"
#include "neura/optim/optim.h"
#include "neura/tensor/backend_api.h"
#include "neura/tensor/ops/op_list/fused.h"
#include "neura/tensor/sparse/sparse.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/values.h"

namespace neura {
namespace {

using testing::Close;

// Step number `step`, counted from 1, of one element. States begin as zeros.
using Formula = std::function<void(double& p, double g, std::vector<double>& states, int step)>;

struct OptimizerCase {
  std::string optimizer;
  std::string name;
  std::shared_ptr<void> options;
  Formula formula;
};

void PrintTo(const OptimizerCase& c, std::ostream* out) { *out << c.optimizer << ", " << c.name; }

// ---- the formulas ----------------------------------------------------------------------------

template <typename Options, typename F>
OptimizerCase Case(const std::string& optimizer, const std::string& name, const Options& options,
                   F formula) {
  return {optimizer, name, std::make_shared<Options>(options),
          [options, formula](double& p, double g, std::vector<double>& states, int step) {
            formula(options, p, g, states, step);
          }};
}

void Sgd(const optim::SgdOptions& o, double& p, double g, std::vector<double>& states, int step) {
  if (o.maximize) g = -g;
  g += o.weight_decay * p;
  double& buffer = states[0];
  if (o.momentum != 0) {
    buffer = step == 1 ? g : o.momentum * buffer + (1 - o.dampening) * g;
    g = o.nesterov ? g + o.momentum * buffer : buffer;
  }
  p -= o.lr * g;
}

template <typename Options>
void AdamLikeStep(const Options& o, bool decoupled, double& p, double g,
                  std::vector<double>& states, int step) {
  if (o.maximize) g = -g;
  if (decoupled) {
    p -= o.lr * o.weight_decay * p;
  } else {
    g += o.weight_decay * p;
  }
  double &mean = states[0], &square = states[1];
  mean += (1 - o.beta1) * (g - mean);
  square += (1 - o.beta2) * (g * g - square);
  states[2] = std::max(states[2], square);
  const double unbiased_mean = mean / (1 - std::pow(o.beta1, step));
  const double unbiased_square = (o.amsgrad ? states[2] : square) / (1 - std::pow(o.beta2, step));
  p -= o.lr * unbiased_mean / (std::sqrt(unbiased_square) + o.eps);
}
void AdamStep(const optim::AdamOptions& o, double& p, double g, std::vector<double>& s, int step) {
  AdamLikeStep(o, false, p, g, s, step);
}
void AdamWStep(const optim::AdamWOptions& o, double& p, double g, std::vector<double>& s,
               int step) {
  AdamLikeStep(o, true, p, g, s, step);
}

// Unlike Adam's, eps is beside the square root before it is unbiased.
void SparseAdamStep(const optim::SparseAdamOptions& o, double& p, double g, std::vector<double>& s,
                    int step) {
  if (o.maximize) g = -g;
  s[0] += (1 - o.beta1) * (g - s[0]);
  s[1] += (1 - o.beta2) * (g * g - s[1]);
  const double size = o.lr * std::sqrt(1 - std::pow(o.beta2, step)) / (1 - std::pow(o.beta1, step));
  p -= size * s[0] / (std::sqrt(s[1]) + o.eps);
}

void AdamaxStep(const optim::AdamaxOptions& o, double& p, double g, std::vector<double>& s,
                int step) {
  g = (o.maximize ? -g : g) + o.weight_decay * p;
  s[0] += (1 - o.beta1) * (g - s[0]);
  s[1] = std::max(o.beta2 * s[1], std::fabs(g) + o.eps);
  p -= o.lr / (1 - std::pow(o.beta1, step)) * s[0] / s[1];
}

void NAdamStep(const optim::NAdamOptions& o, double& p, double g, std::vector<double>& s,
               int step) {
  if (o.maximize) g = -g;
  if (o.decoupled_weight_decay) {
    p *= 1 - o.lr * o.weight_decay;
  } else {
    g += o.weight_decay * p;
  }
  const auto momentum = [&](int t) {
    return o.beta1 * (1 - 0.5 * std::pow(0.96, t * o.momentum_decay));
  };
  double product = 1;
  for (int t = 1; t <= step; ++t) product *= momentum(t);
  s[0] += (1 - o.beta1) * (g - s[0]);
  s[1] += (1 - o.beta2) * (g * g - s[1]);
  const double denominator = std::sqrt(s[1] / (1 - std::pow(o.beta2, step))) + o.eps;
  p -= o.lr * (1 - momentum(step)) / (1 - product) * g / denominator;
  p -= o.lr * momentum(step + 1) / (1 - product * momentum(step + 1)) * s[0] / denominator;
}

void RAdamStep(const optim::RAdamOptions& o, double& p, double g, std::vector<double>& s,
               int step) {
  if (o.maximize) g = -g;
  if (o.decoupled_weight_decay) {
    p *= 1 - o.lr * o.weight_decay;
  } else {
    g += o.weight_decay * p;
  }
  s[0] += (1 - o.beta1) * (g - s[0]);
  s[1] += (1 - o.beta2) * (g * g - s[1]);
  const double mean = s[0] / (1 - std::pow(o.beta1, step));
  const double limit = 2 / (1 - o.beta2) - 1, left = std::pow(o.beta2, step);
  const double length = limit - 2 * step * left / (1 - left);
  if (length <= 5) {
    p -= o.lr * mean;
    return;
  }
  const double rectified =
      std::sqrt((length - 4) * (length - 2) * limit / ((limit - 4) * (limit - 2) * length));
  p -= o.lr * mean * rectified * std::sqrt(1 - left) / (std::sqrt(s[1]) + o.eps);
}

void AdagradStep(const optim::AdagradOptions& o, double& p, double g, std::vector<double>& s,
                 int step) {
  g = (o.maximize ? -g : g) + o.weight_decay * p;
  if (step == 1) s[0] = o.initial_accumulator_value;
  s[0] += g * g;
  p -= o.lr / (1 + (step - 1) * o.lr_decay) * g / (std::sqrt(s[0]) + o.eps);
}

void AdadeltaStep(const optim::AdadeltaOptions& o, double& p, double g, std::vector<double>& s,
                  int) {
  g = (o.maximize ? -g : g) + o.weight_decay * p;
  s[0] = o.rho * s[0] + (1 - o.rho) * g * g;
  const double change = std::sqrt((s[1] + o.eps) / (s[0] + o.eps)) * g;
  s[1] = o.rho * s[1] + (1 - o.rho) * change * change;
  p -= o.lr * change;
}

void RMSpropStep(const optim::RMSpropOptions& o, double& p, double g, std::vector<double>& s, int) {
  g = (o.maximize ? -g : g) + o.weight_decay * p;
  s[0] = o.alpha * s[0] + (1 - o.alpha) * g * g;
  s[2] = o.alpha * s[2] + (1 - o.alpha) * g;
  g /= std::sqrt(o.centered ? s[0] - s[2] * s[2] : s[0]) + o.eps;
  s[1] = o.momentum * s[1] + g;
  p -= o.lr * s[1];
}

void RpropStep(const optim::RpropOptions& o, double& p, double g, std::vector<double>& s,
               int step) {
  if (o.maximize) g = -g;
  if (step == 1) s[1] = o.lr;
  const double turn = g * s[0];
  s[1] = std::clamp(s[1] * (turn > 0 ? o.eta2 : turn < 0 ? o.eta1 : 1), o.step_size1, o.step_size2);
  if (turn < 0) g = 0;
  if (g != 0) p -= g > 0 ? s[1] : -s[1];
  s[0] = g;
}

void Asgd(const optim::ASGDOptions& o, double& p, double g, std::vector<double>& s, int step) {
  g = (o.maximize ? -g : g) + o.weight_decay * p;
  const double rate = o.lr / std::pow(1 + o.lambd * o.lr * (step - 1), o.alpha);
  p = p * (1 - o.lambd * rate) - rate * g;
  s[0] += (p - s[0]) / std::max(1.0, step - 1 - o.t0);
}

void LionStep(const optim::LionOptions& o, double& p, double g, std::vector<double>& states, int) {
  if (o.maximize) g = -g;
  double& mean = states[0];
  const double direction = o.beta1 * mean + (1 - o.beta1) * g;
  p -= o.lr * o.weight_decay * p;
  p -= direction > 0 ? o.lr : -o.lr;
  mean = o.beta2 * mean + (1 - o.beta2) * g;
}

std::vector<OptimizerCase> Cases() {
  using namespace optim;  // NOLINT: rows name their options as optim does
  return {
      Case("SGD", "plain", SgdOptions{.lr = 0.1}, Sgd),
      Case("SGD", "decay", SgdOptions{.lr = 0.1, .weight_decay = 0.3, .maximize = true}, Sgd),
      Case("SGD", "momentum", SgdOptions{.lr = 0.1, .momentum = 0.9, .dampening = 0.3}, Sgd),
      Case("SGD", "nesterov", SgdOptions{.lr = 0.1, .momentum = 0.9, .nesterov = true}, Sgd),
      Case("Adam", "plain", AdamOptions{.lr = 0.05}, AdamStep),
      Case("Adam", "all",
           AdamOptions{.lr = 0.05,
                       .beta1 = 0.7,
                       .beta2 = 0.9,
                       .eps = 1e-3,
                       .weight_decay = 0.1,
                       .maximize = true},
           AdamStep),
      Case("Adam", "amsgrad", AdamOptions{.lr = 0.05, .beta2 = 0.6, .amsgrad = true}, AdamStep),
      Case("AdamW", "plain", AdamWOptions{.lr = 0.05}, AdamWStep),
      Case("AdamW", "all",
           AdamWOptions{.lr = 0.05,
                        .beta1 = 0.7,
                        .beta2 = 0.9,
                        .eps = 1e-3,
                        .weight_decay = 0.4,
                        .maximize = true},
           AdamWStep),
      Case("AdamW", "amsgrad", AdamWOptions{.lr = 0.05, .beta2 = 0.6, .amsgrad = true}, AdamWStep),
      Case("Adamax", "plain", AdamaxOptions{.lr = 0.05}, AdamaxStep),
      Case("Adamax", "all",
           AdamaxOptions{.lr = 0.05,
                         .beta1 = 0.7,
                         .beta2 = 0.5,
                         .eps = 1e-3,
                         .weight_decay = 0.1,
                         .maximize = true},
           AdamaxStep),
      Case("NAdam", "plain", NAdamOptions{.lr = 0.05}, NAdamStep),
      Case("NAdam", "all",
           NAdamOptions{.lr = 0.05,
                        .beta1 = 0.7,
                        .eps = 1e-3,
                        .weight_decay = 0.1,
                        .momentum_decay = 0.3,
                        .maximize = true},
           NAdamStep),
      Case("NAdam", "decoupled", NAdamOptions{.weight_decay = 0.3, .decoupled_weight_decay = true},
           NAdamStep),
      Case("RAdam", "plain", RAdamOptions{.lr = 0.05}, RAdamStep),
      // Rectified from the first steps on.
      Case("RAdam", "all",
           RAdamOptions{.lr = 0.05,
                        .beta1 = 0.7,
                        .beta2 = 0.95,
                        .eps = 1e-3,
                        .weight_decay = 0.1,
                        .maximize = true},
           RAdamStep),
      Case("RAdam", "decoupled",
           RAdamOptions{.beta2 = 0.9, .weight_decay = 0.3, .decoupled_weight_decay = true},
           RAdamStep),
      Case("Adagrad", "plain", AdagradOptions{.lr = 0.1}, AdagradStep),
      Case("Adagrad", "all",
           AdagradOptions{.lr = 0.1,
                          .lr_decay = 0.2,
                          .weight_decay = 0.1,
                          .initial_accumulator_value = 0.5,
                          .eps = 1e-3,
                          .maximize = true},
           AdagradStep),
      Case("Adadelta", "plain", AdadeltaOptions{.eps = 1e-2}, AdadeltaStep),
      Case("Adadelta", "all",
           AdadeltaOptions{
               .lr = 0.5, .rho = 0.6, .eps = 1e-3, .weight_decay = 0.1, .maximize = true},
           AdadeltaStep),
      Case("RMSprop", "plain", RMSpropOptions{}, RMSpropStep),
      Case("RMSprop", "momentum", RMSpropOptions{.alpha = 0.8, .momentum = 0.9}, RMSpropStep),
      Case("RMSprop", "all",
           RMSpropOptions{.alpha = 0.8,
                          .eps = 1e-2,
                          .weight_decay = 0.1,
                          .momentum = 0.5,
                          .centered = true,
                          .maximize = true},
           RMSpropStep),
      Case("RMSprop", "centered", RMSpropOptions{.alpha = 0.8, .eps = 1e-2, .centered = true},
           RMSpropStep),
      Case("Rprop", "plain", RpropOptions{}, RpropStep),
      Case("Rprop", "all",
           RpropOptions{.lr = 0.03,
                        .eta1 = 0.3,
                        .eta2 = 1.7,
                        .step_size1 = 0.02,
                        .step_size2 = 0.05,
                        .maximize = true},
           RpropStep),
      Case("ASGD", "plain", ASGDOptions{}, Asgd),
      Case("ASGD", "all",
           ASGDOptions{.lr = 0.1,
                       .lambd = 0.3,
                       .alpha = 0.5,
                       .t0 = 1,
                       .weight_decay = 0.1,
                       .maximize = true},
           Asgd),
      Case("SparseAdam", "plain", SparseAdamOptions{}, SparseAdamStep),
      Case("SparseAdam", "all",
           SparseAdamOptions{.lr = 0.05, .beta1 = 0.7, .beta2 = 0.8, .eps = 1e-2, .maximize = true},
           SparseAdamStep),
      Case("Lion", "plain", LionOptions{.lr = 0.01}, LionStep),
      Case("Lion", "all",
           LionOptions{
               .lr = 0.05, .beta1 = 0.7, .beta2 = 0.8, .weight_decay = 0.3, .maximize = true},
           LionStep),
  };
}

// ---- what is asked of each -------------------------------------------------------------------

const optim::OptimizerRow& RowNamed(const std::string& name) {
  for (const optim::OptimizerRow& row : optim::OptimizerRows()) {
    if (name == row.name) return row;
  }
  ADD_FAILURE() << "no row " << name;
  return optim::OptimizerRows()[0];
}

// No element lies at 0, where signs and square roots turn.
Tensor Wave(int64_t count, double frequency, DType dtype) {
  return Cast(Sin(Arange(count) * frequency + 0.3) * 0.9 + 0.01, dtype);
}
Tensor GradAt(const Tensor& param, int step) {
  return Wave(param.numel(), 0.7 + 0.1 * step, param.dtype());
}
// As the row takes it; a sparse one has values for all elements.
void SetGradAt(const std::string& optimizer, const Tensor& param, int step) {
  const Tensor grad = GradAt(param, step);
  const bool dense = RowNamed(optimizer).takes_dense;
  const Tensor places = Unsqueeze(Arange(param.numel()), 0);
  autograd::SetGrad(param, dense ? grad : sparse::FromParts(places, grad, param.shape()));
}

std::vector<Tensor> Params(DType dtype) {
  // Tails and more than one task.
  std::vector<Tensor> params;
  for (int64_t count : {5, 20'001, 1}) {
    params.push_back(SetRequiresGrad(Wave(count, 0.1, dtype)));
  }
  return params;
}

std::shared_ptr<optim::Optimizer> Make(const OptimizerCase& c, const std::vector<Tensor>& params) {
  return std::make_shared<optim::RowOptimizer>(
      RowNamed(c.optimizer), std::vector<optim::AnyParamGroup>{{params, c.options}});
}

void Steps(optim::Optimizer& optimizer, int first, int last) {
  for (int step = first; step <= last; ++step) {
    for (const Tensor& param : optimizer.params(0)) SetGradAt(optimizer.name(), param, step);
    optimizer.Step();
  }
}

// After so many steps, where the parameter is rounded to its dtype after each.
Tensor Expected(const OptimizerCase& c, const Tensor& start, int steps) {
  const size_t num_states = RowNamed(c.optimizer).states.size();
  Tensor params = Clone(Cast(start, kFloat64));
  std::vector<std::vector<double>> states(static_cast<size_t>(start.numel()),
                                          std::vector<double>(num_states));
  for (int step = 1; step <= steps; ++step) {
    const Tensor grads = Cast(GradAt(start, step), kFloat64);
    for (int64_t i = 0; i < start.numel(); ++i) {
      c.formula(params.data<double>()[i], grads.data<double>()[i], states[static_cast<size_t>(i)],
                step);
    }
    params = Cast(Cast(params, start.dtype()), kFloat64);
  }
  return params;
}

class OptimizerRowTest : public ::testing::TestWithParam<OptimizerCase> {};

TEST_P(OptimizerRowTest, FollowsItsFormula) {
  struct Precision {
    DType dtype;
    double tolerance;
  };
  for (const auto [dtype, tolerance] : {Precision{kFloat64, 1e-12}, Precision{kFloat32, 1e-5}}) {
    SCOPED_TRACE(DTypeName(dtype));
    const std::vector<Tensor> params = Params(dtype), start = Params(dtype);
    const auto optimizer = Make(GetParam(), params);
    Steps(*optimizer, 1, 6);
    for (size_t i = 0; i < params.size(); ++i) {
      EXPECT_TRUE(Close(Detach(params[i]), Expected(GetParam(), Detach(start[i]), 6), tolerance));
      EXPECT_FALSE(SameBits(params[i], start[i]));
    }
  }
}

TEST_P(OptimizerRowTest, KeepsFloat32StatesBesideNarrowParameters) {
  for (DType dtype : {kBFloat16, kFloat16}) {
    SCOPED_TRACE(DTypeName(dtype));
    const std::vector<Tensor> params = Params(dtype), start = Params(dtype);
    const auto optimizer = Make(GetParam(), params);
    Steps(*optimizer, 1, 6);
    // Where a result lies between two numbers of the dtype, float32 may round it the other way, and
    // the next steps begin there.
    const double tolerance = 3 * (dtype == kBFloat16 ? 0x1p-8 : 0x1p-11);
    for (size_t i = 0; i < params.size(); ++i) {
      EXPECT_TRUE(Close(Detach(params[i]), Expected(GetParam(), Detach(start[i]), 6), tolerance));
    }
    for (const auto& [name, tensor] : optimizer->StateDict()) {
      if (tensor.dim() == 1) {
        EXPECT_EQ(tensor.dtype(), kFloat32) << name;
      }
    }
  }
}

// The programs of the steps without the loops that were compiled of the rules.
class Interpreting : public OpInterceptor {
 public:
  bool Intercept(const OpCall& call, absl::Span<Tensor> outputs) override {
    if (call.op != op::kFusedUpdate) return false;
    FusedOptions options = call.Get<FusedOptions>();
    EXPECT_NE(options.compiled.float32, nullptr);
    options.compiled = {};
    Dispatch(call.op, &options, call.inputs, outputs);
    ++num_steps;
    return true;
  }
  int num_steps = 0;
};

TEST_P(OptimizerRowTest, TheProgramAndTheCompiledLoopGiveTheSameBits) {
  for (DType dtype : {kFloat64, kFloat32, kBFloat16}) {
    const std::vector<Tensor> compiled = Params(dtype), interpreted = Params(dtype);
    Steps(*Make(GetParam(), compiled), 1, 4);
    Interpreting interpreting;
    {
      const ScopedInterceptor scoped(&interpreting);
      Steps(*Make(GetParam(), interpreted), 1, 4);
    }
    // Sparse gradients are stepped one parameter after the other.
    EXPECT_EQ(interpreting.num_steps, RowNamed(GetParam().optimizer).takes_dense ? 4 : 12);
    for (size_t i = 0; i < compiled.size(); ++i) {
      EXPECT_TRUE(SameBits(compiled[i], interpreted[i])) << DTypeName(dtype);
    }
  }
}

TEST_P(OptimizerRowTest, GivesTheSameBitsForAnyNumberOfThreads) {
  const int threads = GetNumThreads();
  const auto run = [](int n) {
    SetNumThreads(n);
    const std::vector<Tensor> params = Params(kFloat32);
    Steps(*Make(GetParam(), params), 1, 3);
    return params;
  };
  const std::vector<Tensor> one = run(1);
  for (int n : {2, 3}) {
    const std::vector<Tensor> more = run(n);
    for (size_t i = 0; i < one.size(); ++i) EXPECT_TRUE(SameBits(one[i], more[i])) << n;
  }
  SetNumThreads(threads);
}

TEST_P(OptimizerRowTest, GoesOnFromASavedState) {
  for (DType dtype : {kFloat32, kBFloat16}) {
    const std::vector<Tensor> params = Params(dtype);
    const auto first = Make(GetParam(), params);
    Steps(*first, 1, 3);
    std::vector<Tensor> copies;
    for (const Tensor& param : params) copies.push_back(SetRequiresGrad(Clone(Detach(param))));
    const auto second = Make(GetParam(), copies);
    second->LoadStateDict(first->StateDict());
    Steps(*first, 4, 6);
    Steps(*second, 4, 6);
    for (size_t i = 0; i < params.size(); ++i) EXPECT_TRUE(SameBits(params[i], copies[i]));
  }
}

TEST_P(OptimizerRowTest, TakesStatesInTheDTypeOfTheParameter) {
  const std::vector<Tensor> params = Params(kBFloat16);
  const auto optimizer = Make(GetParam(), params);
  Steps(*optimizer, 1, 2);
  NamedTensors state = optimizer->StateDict();
  for (auto& [name, tensor] : state) {
    if (tensor.dim() == 1) tensor = Cast(tensor, kBFloat16);
  }
  optimizer->LoadStateDict(state);
  const NamedTensors loaded = optimizer->StateDict();
  ASSERT_EQ(loaded.size(), state.size());
  for (size_t i = 0; i < loaded.size(); ++i) {
    const Tensor& tensor = loaded[i].second;
    if (tensor.dim() != 1) continue;
    EXPECT_EQ(tensor.dtype(), kFloat32);
    EXPECT_TRUE(SameBits(tensor, Cast(state[i].second, kFloat32)));
  }
}

TEST_P(OptimizerRowTest, StepsParametersOfDifferentAges) {
  const std::vector<Tensor> params = Params(kFloat64), start = Params(kFloat64);
  const auto optimizer = Make(GetParam(), params);
  for (int step = 1; step <= 4; ++step) {
    for (size_t i = 0; i < params.size(); ++i) {
      // The first one begins two steps later.
      const int own = i == 0 ? step - 2 : step;
      if (own < 1) {
        autograd::SetGrad(params[i], {});
      } else {
        SetGradAt(GetParam().optimizer, params[i], own);
      }
    }
    optimizer->Step();
  }
  for (size_t i = 0; i < params.size(); ++i) {
    EXPECT_TRUE(
        Close(Detach(params[i]), Expected(GetParam(), Detach(start[i]), i == 0 ? 2 : 4), 1e-12));
  }
}

INSTANTIATE_TEST_SUITE_P(Optimizers, OptimizerRowTest, ::testing::ValuesIn(Cases()),
                         [](const auto& info) {
                           return absl::StrCat(info.param.optimizer, "_", info.param.name);
                         });

TEST(OptimizerRowsTest, EachHasACase) {
  std::set<std::string> cases;
  for (const OptimizerCase& c : Cases()) cases.insert(c.optimizer);
  for (const optim::OptimizerRow& row : optim::OptimizerRows()) {
    if (row.update == nullptr) continue;  // in tensor_rules_test.cc
    EXPECT_TRUE(cases.count(row.name)) << "give " << row.name << " a case in Cases()";
  }
}

// What options say of their bounds are names of theirs.
TEST(OptimizerRowsTest, BoundsNameOptions) {
  using namespace optim;  // NOLINT: rows name their options as optim does
#define NEURA_OPTIMIZER(Name, Options, ...)                                                  \
  {                                                                                          \
    std::set<std::string> names;                                                             \
    Options().VisitFields([&](const char* name, FieldRef) { names.insert(name); });          \
    for (const std::string_view bounded : {Options::kNotNegative, Options::kFractions}) {    \
      for (const std::string_view name : absl::StrSplit(bounded, ", ", absl::SkipEmpty())) { \
        EXPECT_TRUE(names.count(std::string(name))) << #Name ": " << name;                   \
      }                                                                                      \
    }                                                                                        \
    EXPECT_TRUE(names.count("lr")) << #Name;                                                 \
  }
#include "neura/optim/optimizers.inc"
}

}  // namespace
}  // namespace neura
