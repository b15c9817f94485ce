// What models that train have.
#include "absl/strings/str_cat.h"
#include "neura/onnx/import/ops.h"
#include "neura/tensor/tensor.h"

namespace neura::onnx {
namespace {

using graph::ValueId;

// One parameter, its gradient, and what is kept for it.
using Update = absl::FunctionRef<std::vector<Tensor>(const Tensor& rate, const Tensor& count,
                                                     absl::Span<const Tensor> parameter)>;

// Inputs: the rate, the number of updates so far, then all parameters, all gradients, and all of
// each that is kept; outputs the same without gradients.
void ReadOptimizer(NodeReader& node, size_t num_kept, Update update) {
  const size_t each = 2 + num_kept, given = node.num_inputs();
  if (given < 2 + each || (given - 2) % each != 0) {
    ThrowInvalidArgument(
        absl::StrCat(given, " inputs, expected 2 and ", each, " for each parameter"));
  }
  const size_t count = (given - 2) / each;
  if (node.num_outputs() > count * (1 + num_kept)) ThrowInvalidArgument("too many outputs");
  for (size_t i = 0; i < count; ++i) {
    std::vector<ValueId> values{node.in(0), node.in(1)};
    for (size_t k = 0; k < each; ++k) values.push_back(node.in(2 + k * count + i));
    const DType dtype = node.dtype(values[2]);
    if (!IsFloating(dtype)) ThrowInvalidArgument(absl::StrCat("a parameter is ", DTypeName(dtype)));
    const std::vector<ValueId> results = node.TraceAll(values, [&](absl::Span<const Tensor> in) {
      const auto number = [&](const Tensor& x) { return Reshape(Cast(x, dtype), {}); };
      return update(number(in[0]), number(in[1]), in.subspan(2));
    });
    for (size_t k = 0; k <= num_kept; ++k) {
      const size_t output = k * count + i;
      if (node.Wants(output)) node.Out(results[k], output);
    }
  }
}

// beta to the power of a number.
Tensor PowerOf(double beta, const Tensor& count) { return Pow(FullLike(count, beta), count); }

}  // namespace

// Duchi, Hazan and Singer, 2011.
void ReadAdagrad(NodeReader& node) {
  const double decay = node.Float("decay_factor", 0), norm = node.Float("norm_coefficient", 0);
  const double eps = node.Float("epsilon", 1e-6);
  ReadOptimizer(node, 1, [=](const Tensor& rate, const Tensor& t, absl::Span<const Tensor> p) {
    const Tensor gradient = p[0] * norm + p[1], sum = p[2] + Square(gradient);
    return std::vector{p[0] - rate / (t * decay + 1) * gradient / (Sqrt(sum) + eps), sum};
  });
}

// Kingma and Ba, 2015 (arXiv:1412.6980).
void ReadAdam(NodeReader& node) {
  const double alpha = node.Float("alpha", 0.9), beta = node.Float("beta", 0.999);
  const double eps = node.Float("epsilon", 1e-6), norm = node.Float("norm_coefficient", 0);
  const double post = node.Float("norm_coefficient_post", 0);
  ReadOptimizer(node, 2, [=](const Tensor& rate, const Tensor& t, absl::Span<const Tensor> p) {
    const Tensor gradient = p[0] * norm + p[1];
    const Tensor mean = p[2] * alpha + gradient * (1 - alpha);
    const Tensor square = p[3] * beta + Square(gradient) * (1 - beta);
    // The first update is not corrected.
    const Tensor corrected =
        Where(t > 0, rate * Sqrt(1 - PowerOf(beta, t)) / (1 - PowerOf(alpha, t)), rate);
    const Tensor next = p[0] - corrected * (mean / (Sqrt(square) + eps));
    return std::vector{next * (1 - post), mean, square};
  });
}

void ReadMomentum(NodeReader& node) {
  const double alpha = node.Float("alpha", 0), beta = node.Float("beta", 0);
  const double norm = node.Float("norm_coefficient", 0);
  const std::string mode = node.String("mode", "");
  if (mode != "standard" && mode != "nesterov") node.Unsupported(absl::StrCat("mode ", mode));
  ReadOptimizer(node, 1, [&](const Tensor& rate, const Tensor& t, absl::Span<const Tensor> p) {
    const Tensor gradient = p[0] * norm + p[1];
    const Tensor share = Where(t > 0, FullLike(t, beta), FullLike(t, 1));
    const Tensor velocity = p[2] * alpha + share * gradient;
    const Tensor step = mode == "standard" ? velocity : gradient + velocity * alpha;
    return std::vector{p[0] - rate * step, velocity};
  });
}

// By the mean and variance of the batch, which also move the running ones; before operator set 14
// they may be results, too.
void ReadBatchNormalizationInTraining(NodeReader& node) {
  const double eps = node.Float("epsilon", 1e-5), momentum = node.Float("momentum", 0.9);
  const int64_t rank = node.rank(node.in(0));
  if (rank < 2) ThrowInvalidArgument("expects [N, C, ...]");
  Dims over{0}, shape(static_cast<size_t>(rank), 1);
  for (int64_t d = 2; d < rank; ++d) over.push_back(d);
  shape[1] = -1;
  std::vector<ValueId> values;
  for (size_t i = 0; i < 5; ++i) values.push_back(node.in(i));
  const std::vector<ValueId> results = node.TraceAll(values, [&](absl::Span<const Tensor> in) {
    const auto channels = [&](const Tensor& x, DType dtype) {
      return Reshape(Cast(x, dtype), shape);
    };
    const Tensor x = Cast(in[0], WideDType(in[0].dtype()));
    const Tensor mean = Mean(x, {.dims = over, .keepdim = true}), centered = x - mean;
    const Tensor variance = Mean(Square(centered), {.dims = over, .keepdim = true});
    const Tensor y =
        centered * Rsqrt(variance + eps) * channels(in[1], x.dtype()) + channels(in[2], x.dtype());
    std::vector<Tensor> out{Cast(y, in[0].dtype())};
    for (const bool saved : {false, true}) {
      for (const auto& [running, batch] : {std::pair{in[3], mean}, std::pair{in[4], variance}}) {
        const Tensor now = Cast(Flatten(batch), running.dtype());
        out.push_back(saved ? now : running * momentum + now * (1 - momentum));
      }
    }
    return out;
  });
  for (size_t i = 0; i < results.size(); ++i) {
    if (node.Wants(i)) node.Out(results[i], i);
  }
}

// Elements at random, and what is left made larger. Seeds of the file say nothing about the
// numbers, as in the standard.
void ReadDropoutInTraining(NodeReader& node) {
  node.Int("seed", 0);
  const ValueId x = node.in(0);
  const ValueId half = node.Constant(ScalarTensor(0.5, {.dtype = kFloat32}));
  const std::vector<ValueId> results = node.TraceAll(
      {x, node.has(1) ? node.in(1) : half, node.in(2)}, [](absl::Span<const Tensor> in) {
        const Tensor& x = in[0];
        const Tensor ratio = Reshape(Cast(in[1], kFloat32), {});
        const Tensor share = Where(Reshape(Cast(in[2], kBool), {}), ratio, ZerosLike(ratio));
        const Tensor drawn = Uniform(x.shape(), 0, 1, {.dtype = kFloat32, .device = x.device()});
        const Tensor mask = drawn >= share;
        const Tensor scaled = x / Cast(1 - share, x.dtype());
        return std::vector{Where(mask, scaled, ZerosLike(x)), mask};
      });
  for (size_t i = 0; i < results.size(); ++i) {
    if (node.Wants(i)) node.Out(results[i], i);
  }
}

}  // namespace neura::onnx
