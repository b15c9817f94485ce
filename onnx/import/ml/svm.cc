// Models of support vectors.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "neura/onnx/import/ml/scores.h"
#include "neura/onnx/import/ops.h"
#include "neura/tensor/tensor.h"

namespace neura::onnx {
namespace {

using graph::Datum;
using graph::HostContext;
using graph::HostFunction;
using graph::kNone;
using graph::ValueId;
using graph::ValueType;

struct Kernel {
  std::string type;
  double gamma = 0, coef0 = 0, degree = 0;
};

Kernel ReadKernel(NodeReader& node) {
  Kernel kernel{.type = node.String("kernel_type", "LINEAR")};
  const std::vector<double> given = node.Floats("kernel_params");
  if (!given.empty() && given.size() != 3) {
    ThrowInvalidArgument(absl::StrCat("kernel_params has ", given.size(), " elements, not 3"));
  }
  if (!given.empty()) {
    kernel.gamma = given[0];
    kernel.coef0 = given[1];
    kernel.degree = given[2];
  }
  for (const char* known : {"LINEAR", "POLY", "RBF", "SIGMOID"}) {
    if (kernel.type == known) return kernel;
  }
  ThrowInvalidArgument(absl::StrCat("kernel_type ", kernel.type, " is unknown"));
}

// [N, V] of rows x [N, F] and vectors [V, F].
Tensor Apply(const Kernel& kernel, const Tensor& x, const Tensor& vectors) {
  if (kernel.type == "RBF") {
    // |x|^2 + |v|^2 - 2 xv, which float32 would leave little of.
    const Tensor a = Cast(x, kFloat64), b = Cast(vectors, kFloat64);
    const auto squares = [](const Tensor& t) { return Sum(Square(t), {.dims = {1}}); };
    const Tensor square =
        Unsqueeze(squares(a), 1) + Unsqueeze(squares(b), 0) - MatMul(a, Transpose(b, 0, 1)) * 2;
    return Cast(Exp(Relu(square) * -kernel.gamma), kFloat32);
  }
  const Tensor products = MatMul(x, Transpose(vectors, 0, 1));
  if (kernel.type == "LINEAR") return products;
  const Tensor y = products * kernel.gamma + kernel.coef0;
  return kernel.type == "SIGMOID" ? Tanh(y) : Pow(y, kernel.degree);
}

// A constant matrix of an attribute's elements, or an error that names it.
ValueId Matrix(NodeReader& node, const char* name, const std::vector<double>& elements,
               int64_t rows) {
  const auto count = static_cast<int64_t>(elements.size());
  if (rows < 1 || count == 0 || count % rows != 0) {
    ThrowInvalidArgument(absl::StrCat(name, " has ", count, " elements for ", rows, " rows"));
  }
  return node.Constant(Cast(FromVector(elements, {rows, count / rows}), kFloat32));
}

void RequireSize(const char* name, size_t size, size_t expected) {
  if (size == expected) return;
  ThrowInvalidArgument(absl::StrCat(name, " has ", size, " elements, expected ", expected));
}

void RequireRows(NodeReader& node, ValueId x) {
  if (node.rank(x) == 1 || node.rank(x) == 2) return;
  ThrowInvalidArgument(absl::StrCat("expects [N, F] or [F], got ", node.rank(x), " dimensions"));
}

// The probabilities of k classes that fit those of each of two, r[i * k + j] of class i beside j,
// best: Wu, Lin and Weng, 2004, their second method, as often as libsvm repeats it.
void Couple(int64_t k, const std::vector<float>& r, float* p) {
  const auto at = [k](int64_t i, int64_t j) { return static_cast<size_t>(i * k + j); };
  std::vector<float> q(static_cast<size_t>(k * k)), qp(static_cast<size_t>(k));
  for (int64_t i = 0; i < k; ++i) {
    p[i] = 1 / static_cast<float>(k);
    for (int64_t j = 0; j < k; ++j) {
      if (j == i) continue;
      q[at(i, i)] += r[at(j, i)] * r[at(j, i)];
      q[at(i, j)] = -r[at(j, i)] * r[at(i, j)];
    }
  }
  const float enough = 0.005f / static_cast<float>(k);
  const int64_t rounds = std::max<int64_t>(100, k);
  for (int64_t round = 0; round < rounds; ++round) {
    float pqp = 0;
    for (int64_t i = 0; i < k; ++i) {
      qp[static_cast<size_t>(i)] =
          std::inner_product(p, p + k, q.begin() + static_cast<ptrdiff_t>(i * k), 0.0f);
      pqp += p[i] * qp[static_cast<size_t>(i)];
    }
    float error = 0;
    for (const float each : qp) error = std::max(error, std::abs(each - pqp));
    if (error < enough) return;
    for (int64_t i = 0; i < k; ++i) {
      const float own = q[at(i, i)];
      const float step = (pqp - qp[static_cast<size_t>(i)]) / own;
      p[i] += step;
      pqp = (pqp + step * (step * own + 2 * qp[static_cast<size_t>(i)])) / (1 + step) / (1 + step);
      for (int64_t j = 0; j < k; ++j) {
        const auto n = static_cast<size_t>(j);
        qp[n] = (qp[n] + step * q[at(i, j)]) / (1 + step);
        p[j] /= 1 + step;
      }
    }
  }
}

// integers: the number of classes. Input: [N, pairs], how likely the first of two classes is.
std::vector<Datum> Coupled(const HostContext& context) {
  const Tensor pairs = Contiguous(HostCopy(context.inputs[0].tensor()));
  const int64_t k = context.integers[0], rows = pairs.size(0);
  const Tensor result = Tensor::Empty({rows, k}, kFloat32, kCpu);
  std::vector<float> r(static_cast<size_t>(k * k));
  const float* next = pairs.data<float>();
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t i = 0; i < k; ++i) {
      for (int64_t j = i + 1; j < k; ++j) {
        const float p = *next++;
        r[static_cast<size_t>(i * k + j)] = p;
        r[static_cast<size_t>(j * k + i)] = 1 - p;
      }
    }
    Couple(k, r, static_cast<float*>(result.raw_data()) + row * k);
  }
  return {To(result, context.device)};
}
constinit const HostFunction kCoupled = {"coupled_probabilities", &Coupled};

// Where each class has vectors, its scores beside each other class. Else a row of coefficients for
// each class.
struct Machine {
  Classes classes;
  Kernel kernel;
  std::vector<int64_t> begins;  // of the vectors of each class, and behind the last
  std::vector<double> coefficients, rho, prob_a, prob_b;

  int64_t num_vectors() const { return begins.back(); }
  int64_t num_pairs() const { return classes.size() * (classes.size() - 1) / 2; }
};

// [V, pairs]: with what weight each vector's kernel counts for a pair.
Tensor PairWeights(const Machine& machine) {
  const int64_t vectors = machine.num_vectors(), pairs = machine.num_pairs();
  std::vector<double> weights(static_cast<size_t>(vectors * pairs));
  int64_t pair = 0;
  for (int64_t i = 0; i < machine.classes.size(); ++i) {
    for (int64_t j = i + 1; j < machine.classes.size(); ++j, ++pair) {
      for (const auto& [of, row] : {std::pair{i, j - 1}, std::pair{j, i}}) {
        const auto n = static_cast<size_t>(of);
        for (int64_t v = machine.begins[n]; v < machine.begins[n + 1]; ++v) {
          weights[static_cast<size_t>(v * pairs + pair)] =
              machine.coefficients[static_cast<size_t>(row * vectors + v)];
        }
      }
    }
  }
  return Cast(FromVector(weights, {vectors, pairs}), kFloat32);
}

// [pairs, classes]: 1 for the class that wins a pair whose score is positive, -1 for the other one.
Tensor Votes(const Machine& machine) {
  const int64_t classes = machine.classes.size(), pairs = machine.num_pairs();
  std::vector<double> votes(static_cast<size_t>(pairs * classes));
  int64_t pair = 0;
  for (int64_t i = 0; i < classes; ++i) {
    for (int64_t j = i + 1; j < classes; ++j, ++pair) {
      votes[static_cast<size_t>(pair * classes + i)] = 1;
      votes[static_cast<size_t>(pair * classes + j)] = -1;
    }
  }
  return Cast(FromVector(votes, {pairs, classes}), kFloat32);
}

Machine ReadMachine(NodeReader& node) {
  Machine machine{.classes = ReadClasses(node, "classlabels_ints", "classlabels_strings"),
                  .kernel = ReadKernel(node),
                  .begins = {0},
                  .coefficients = node.Floats("coefficients"),
                  .rho = node.Floats("rho"),
                  .prob_a = node.Floats("prob_a"),
                  .prob_b = node.Floats("prob_b")};
  const std::vector<int64_t> counts = node.Ints("vectors_per_class");
  const int64_t classes = machine.classes.size();
  if (classes < 2) node.Unsupported("one class");
  if (classes > 1 << 12) node.Unsupported(absl::StrCat(classes, " classes"));
  for (const int64_t count : counts) {
    if (count < 0 || count > INT32_MAX) {
      ThrowInvalidArgument(absl::StrCat("vectors_per_class has an element of ", count));
    }
    machine.begins.push_back(machine.begins.back() + count);
  }
  if (machine.num_vectors() == 0) return machine;
  // Weights of pairs are a dense matrix.
  constexpr int64_t kMostWeights = int64_t{1} << 26;
  if (machine.num_pairs() > kMostWeights / std::max(machine.num_vectors(), classes)) {
    node.Unsupported(
        absl::StrCat(machine.num_vectors(), " support vectors of ", classes, " classes"));
  }
  const auto pairs = static_cast<size_t>(machine.num_pairs());
  RequireSize("vectors_per_class", counts.size(), static_cast<size_t>(classes));
  RequireSize("coefficients", machine.coefficients.size(),
              static_cast<size_t>((classes - 1) * machine.num_vectors()));
  RequireSize("rho", machine.rho.size(), pairs);
  if (!machine.prob_a.empty() || !machine.prob_b.empty()) {
    RequireSize("prob_a", machine.prob_a.size(), pairs);
    RequireSize("prob_b", machine.prob_b.size(), pairs);
  }
  return machine;
}

}  // namespace

void ReadSvmClassifier(NodeReader& node) {
  const Machine machine = ReadMachine(node);
  const PostTransform transform = PostTransformByName(node.String("post_transform", "NONE"));
  const std::vector<double> vectors = node.Floats("support_vectors");
  const ValueId x = node.in(0);
  RequireRows(node, x);
  const int64_t classes = machine.classes.size();
  if (machine.num_vectors() == 0) {
    if (machine.rho.empty()) ThrowInvalidArgument("rho is empty");
    const double rho = machine.rho[0];
    const std::vector<ValueId> results =
        node.TraceAll({x, Matrix(node, "coefficients", machine.coefficients, classes)},
                      [&](absl::Span<const Tensor> in) {
                        const Tensor y = Linear(AsRows(in[0]), in[1]) + rho;
                        return std::vector{ArgMax(y, {.dim = 1}), Transformed(y, transform)};
                      });
    if (node.Wants(0)) node.Out(LabelsAt(node, machine.classes, results[0]));
    if (node.Wants(1)) node.Out(results[1], 1);
    return;
  }
  const std::vector<ValueId> results = node.TraceAll(
      {x, Matrix(node, "support_vectors", vectors, machine.num_vectors()),
       node.Constant(PairWeights(machine)), Vector(node, machine.rho, kFloat32),
       node.Constant(Votes(machine))},
      [&](absl::Span<const Tensor> in) {
        const Tensor scores = MatMul(Apply(machine.kernel, AsRows(in[0]), in[1]), in[2]) + in[3];
        const Tensor won = Cast(scores > 0, kFloat32) * 2 - 1;
        return std::vector{scores, ArgMax(MatMul(won, in[4]), {.dim = 1})};
      });
  if (node.Wants(0)) node.Out(LabelsAt(node, machine.classes, results[1]));
  if (!node.Wants(1)) return;
  if (machine.prob_a.empty()) {
    return node.Out(node.Trace(
                        [&](const Tensor& scores) {
                          if (classes > 2) return Transformed(scores, transform);
                          return ScoresOfBoth(scores, transform, transform != PostTransform::kNone);
                        },
                        results[0]),
                    1);
  }
  const ValueId likely = node.Pointwise(
      [](const Tensor& s, const Tensor& a, const Tensor& b) {
        return Clamp(1 - Sigmoid(s * a + b), {.min = 1e-7, .max = 1 - 1e-7});
      },
      results[0], Vector(node, machine.prob_a, kFloat32), Vector(node, machine.prob_b, kFloat32));
  const graph::SymInt rows = node.shape(likely)[0];
  const ValueType type{
      .dtype = kFloat32,
      .shape = {rows.is_number() ? graph::DeclaredExtent(rows.number()) : graph::Open(), classes}};
  const ValueId coupled = node.graph().AddHostCall(kCoupled, {likely}, {classes}, {&type, 1})[0];
  node.Out(node.Trace([&](const Tensor& p) { return Transformed(p, transform); },
                      node.Reshape(coupled, {rows, classes})),
           1);
}

void ReadSvmRegressor(NodeReader& node) {
  const Kernel kernel = ReadKernel(node);
  const PostTransform transform = PostTransformByName(node.String("post_transform", "NONE"));
  const std::vector<double> coefficients = node.Floats("coefficients"), rho = node.Floats("rho"),
                            vectors = node.Floats("support_vectors");
  const int64_t supports = node.Int("n_supports", 0);
  const bool one_class = node.Int("one_class", 0) != 0;
  RequireSize("rho", rho.size(), 1);
  const ValueId x = node.in(0);
  RequireRows(node, x);
  if (supports > 0) RequireSize("coefficients", coefficients.size(), static_cast<size_t>(supports));
  const ValueId of_vectors =
      supports > 0 ? Matrix(node, "support_vectors", vectors, supports) : kNone;
  node.Out(node.TraceAll({x, Matrix(node, "coefficients", coefficients, 1), of_vectors},
                         [&](absl::Span<const Tensor> in) {
                           const Tensor rows = AsRows(in[0]);
                           const Tensor y =
                               Linear(in[2].defined() ? Apply(kernel, rows, in[2]) : rows, in[1]) +
                               rho[0];
                           if (one_class)
                             return std::vector{Where(y > 0, OnesLike(y), FullLike(y, -1))};
                           return std::vector{TransformedTargets(y, transform)};
                         })[0]);
}

}  // namespace neura::onnx
