// Cases of softmax and normalization, by their textbook formulas.
#include <cmath>

#include "neura/tensor/ops/op_list/norm.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/op_cases.h"

namespace neura::testing {
namespace {

// Calls fn(indices of one lane along dim) for every lane.
void ForLanes(const Array& x, int64_t dim,
              const std::function<void(const std::vector<int64_t>&)>& fn) {
  if (x.dim() == 0) return fn({0});
  if (dim < 0) dim += x.dim();
  int64_t inner = 1;
  for (int64_t d = dim + 1; d < x.dim(); ++d) inner *= x.size(d);
  const int64_t size = x.size(dim);
  for (int64_t lane = 0; size > 0 && lane < x.numel() / size; ++lane) {
    std::vector<int64_t> indices;
    for (int64_t i = 0; i < size; ++i) {
      indices.push_back(lane / inner * inner * size + i * inner + lane % inner);
    }
    fn(indices);
  }
}

Reference SoftmaxReference(int64_t dim, bool log) {
  return [=](const std::vector<Array>& in) {
    Array out = in[0];
    ForLanes(in[0], dim, [&](const std::vector<int64_t>& lane) {
      double sum = 0;
      for (int64_t i : lane) sum += std::exp(in[0][i]);
      for (int64_t i : lane) out[i] = log ? in[0][i] - std::log(sum) : std::exp(in[0][i]) / sum;
    });
    return std::vector<Array>{out};
  };
}

Reference SoftmaxGradReference(int64_t dim, bool log) {
  return [=](const std::vector<Array>& in) {
    const Array &g = in[0], &y = in[1];
    Array out = g;
    ForLanes(g, dim, [&](const std::vector<int64_t>& lane) {
      double sum = 0;
      for (int64_t i : lane) sum += log ? g[i] : g[i] * y[i];
      for (int64_t i : lane) out[i] = log ? g[i] - std::exp(y[i]) * sum : y[i] * (g[i] - sum);
    });
    return std::vector<Array>{out};
  };
}

// A normalization sees each input as groups of elements that share statistics, and each element's
// place in weight and bias.
struct Layout {
  std::vector<std::vector<int64_t>> groups;
  std::vector<int64_t> parameter;
  int64_t num_parameters = 0;
};

Layout ChannelLayout(const Array& x) {
  Layout layout;
  const int64_t inner = x.numel() / (x.size(0) * x.size(1));
  layout.num_parameters = x.size(1);
  layout.groups.resize(static_cast<size_t>(x.size(1)));
  for (int64_t i = 0; i < x.numel(); ++i) {
    layout.parameter.push_back(i / inner % x.size(1));
    layout.groups[static_cast<size_t>(layout.parameter.back())].push_back(i);
  }
  return layout;
}

Layout RowLayout(const Array& x, int64_t num_dims) {
  Layout layout;
  int64_t size = 1;
  for (int64_t d = x.dim() - num_dims; d < x.dim(); ++d) size *= x.size(d);
  layout.num_parameters = size;
  layout.groups.resize(static_cast<size_t>(x.numel() / size));
  for (int64_t i = 0; i < x.numel(); ++i) {
    layout.parameter.push_back(i % size);
    layout.groups[static_cast<size_t>(i / size)].push_back(i);
  }
  return layout;
}

double ParameterOr(const Array& array, int64_t i, double otherwise) {
  return array.values.empty() ? otherwise : array[i];
}

std::vector<Array> Normalize(const Array& x, const Array& w, const Array& b, const Layout& layout,
                             Dims stats_shape, double eps) {
  Array out = x, means = MakeArray(stats_shape), rstds = MakeArray(stats_shape),
        variances = MakeArray(stats_shape);
  for (size_t g = 0; g < layout.groups.size(); ++g) {
    const auto& group = layout.groups[g];
    const double count = static_cast<double>(group.size());
    double mean = 0, variance = 0;
    for (int64_t i : group) mean += x[i] / count;
    for (int64_t i : group) variance += (x[i] - mean) * (x[i] - mean) / count;
    means.values[g] = mean;
    variances.values[g] = variance;
    rstds.values[g] = 1 / std::sqrt(variance + eps);
    for (int64_t i : group) {
      const int64_t p = layout.parameter[static_cast<size_t>(i)];
      out[i] = (x[i] - mean) * rstds.values[g] * ParameterOr(w, p, 1) + ParameterOr(b, p, 0);
    }
  }
  return {out, means, rstds, variances};
}

std::vector<Array> NormalizeGrad(const Array& g, const Array& x, const Array& w, const Array& mean,
                                 const Array& rstd, const Layout& layout, Dims parameter_shape) {
  Array dx = x, dw = MakeArray(parameter_shape), db = MakeArray(parameter_shape);
  for (size_t k = 0; k < layout.groups.size(); ++k) {
    const auto& group = layout.groups[k];
    const double count = static_cast<double>(group.size());
    double sum = 0, product = 0;
    const auto xhat = [&](int64_t i) { return (x[i] - mean.values[k]) * rstd.values[k]; };
    const auto h = [&](int64_t i) {
      return g[i] * ParameterOr(w, layout.parameter[static_cast<size_t>(i)], 1);
    };
    for (int64_t i : group) {
      sum += h(i) / count;
      product += h(i) * xhat(i) / count;
      dw[layout.parameter[static_cast<size_t>(i)]] += g[i] * xhat(i);
      db[layout.parameter[static_cast<size_t>(i)]] += g[i];
    }
    for (int64_t i : group) dx[i] = rstd.values[k] * (h(i) - sum - xhat(i) * product);
  }
  return {dx, dw, db};
}

// The statistics that a gradient's inputs must carry: they are functions of x.
Tensor FromArray(const Array& array) {
  return FromSpan<double>(absl::MakeConstSpan(array.values), array.shape);
}

constexpr double kEps = 1e-3;

void AddBatchNorm(CaseList& cases) {
  struct Form {
    const char* name;
    Dims shape;
    bool affine;
  };
  for (const Form& form : {Form{"images", {3, 2, 2, 3}, true}, Form{"vectors", {5, 3}, true},
                           Form{"plain", {4, 2, 3}, false}}) {
    const Dims c = {form.shape[1]};
    const Tensor x = Sample(form.shape, 1), none;
    const Tensor w = form.affine ? Sample(c, 2, 0.5, 1.5) : none,
                 b = form.affine ? Sample(c, 3) : none;
    const auto stats = Normalize(ToArray(x), {}, {}, ChannelLayout(ToArray(x)), c, kEps);
    cases.push_back({std::string("batch_norm_training/") + form.name,
                     op::kBatchNormTraining,
                     {x, w, b},
                     Own(BatchNormOptions{.eps = kEps}),
                     [c](const std::vector<Array>& in) {
                       return Normalize(in[0], in[1], in[2], ChannelLayout(in[0]), c, kEps);
                     }});
    cases.push_back({std::string("batch_norm_training_grad/") + form.name,
                     op::kBatchNormTrainingGrad,
                     {Sample(form.shape, 4), x, w, FromArray(stats[1]), FromArray(stats[2])},
                     nullptr,
                     [c](const std::vector<Array>& in) {
                       return NormalizeGrad(in[0], in[1], in[2], in[3], in[4], ChannelLayout(in[1]),
                                            c);
                     },
                     1e-5});
    cases.push_back({std::string("batch_norm_inference/") + form.name,
                     op::kBatchNormInference,
                     {x, Sample(c, 5), Sample(c, 6, 0.5, 2), w, b},
                     Own(BatchNormOptions{.eps = kEps}),
                     [](const std::vector<Array>& in) {
                       Array out = in[0];
                       const Layout layout = ChannelLayout(in[0]);
                       for (int64_t i = 0; i < out.numel(); ++i) {
                         const int64_t p = layout.parameter[static_cast<size_t>(i)];
                         out[i] = (in[0][i] - in[1][p]) / std::sqrt(in[2][p] + kEps) *
                                      ParameterOr(in[3], p, 1) +
                                  ParameterOr(in[4], p, 0);
                       }
                       return std::vector<Array>{out};
                     }});
  }
}

void AddLayerNorm(CaseList& cases) {
  struct Form {
    const char* name;
    Dims shape;
    int64_t num_dims;
    bool affine;
  };
  for (const Form& form : {Form{"last", {2, 3, 5}, 1, true}, Form{"two", {3, 2, 4}, 2, true},
                           Form{"plain", {4, 6}, 1, false}, Form{"one_row", {7}, 1, true}}) {
    const int64_t num_dims = form.num_dims;
    const Dims normalized(form.shape.end() - num_dims, form.shape.end());
    const Dims rows(form.shape.begin(), form.shape.end() - num_dims);
    const Tensor x = Sample(form.shape, 1), none;
    const Tensor w = form.affine ? Sample(normalized, 2, 0.5, 1.5) : none;
    const Tensor b = form.affine ? Sample(normalized, 3) : none;
    const auto options = Own(LayerNormOptions{.num_dims = num_dims, .eps = kEps});
    const auto stats = Normalize(ToArray(x), {}, {}, RowLayout(ToArray(x), num_dims), rows, kEps);
    cases.push_back({std::string("layer_norm/") + form.name,
                     op::kLayerNorm,
                     {x, w, b},
                     options,
                     [=](const std::vector<Array>& in) {
                       std::vector<Array> outputs =
                           Normalize(in[0], in[1], in[2], RowLayout(in[0], num_dims), rows, kEps);
                       outputs.pop_back();  // the variance is batch norm's
                       return outputs;
                     }});
    cases.push_back({std::string("layer_norm_grad/") + form.name,
                     op::kLayerNormGrad,
                     {Sample(form.shape, 4), x, w, FromArray(stats[1]), FromArray(stats[2])},
                     options,
                     [=](const std::vector<Array>& in) {
                       return NormalizeGrad(in[0], in[1], in[2], in[3], in[4],
                                            RowLayout(in[1], num_dims), normalized);
                     },
                     1e-5});
  }
}

}  // namespace

void AddNormCases(CaseList& cases) {
  struct Form {
    const char* name;
    Dims shape;
    int64_t dim;
  };
  for (const Form& form :
       {Form{"last", {3, 5}, -1}, Form{"first", {4, 3}, 0}, Form{"middle", {2, 4, 3}, 1},
        Form{"vector", {7}, 0}, Form{"scalar", {}, 0}, Form{"empty", {0, 4}, 1}}) {
    const auto options = Own(SoftmaxOptions{.dim = form.dim});
    const Tensor x = Sample(form.shape, 1, -3, 3), g = Sample(form.shape, 2),
                 y = Sample(form.shape, 3);
    const std::string name = form.name;
    cases.push_back(
        {"softmax/" + name, op::kSoftmax, {x}, options, SoftmaxReference(form.dim, false)});
    cases.push_back(
        {"log_softmax/" + name, op::kLogSoftmax, {x}, options, SoftmaxReference(form.dim, true)});
    cases.push_back({"softmax_grad/" + name,
                     op::kSoftmaxGrad,
                     {g, y},
                     options,
                     SoftmaxGradReference(form.dim, false)});
    cases.push_back({"log_softmax_grad/" + name,
                     op::kLogSoftmaxGrad,
                     {g, y},
                     options,
                     SoftmaxGradReference(form.dim, true)});
  }
  AddBatchNorm(cases);
  AddLayerNorm(cases);
}

}  // namespace neura::testing
