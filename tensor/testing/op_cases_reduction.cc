// Cases of reductions: sums in the plainest order.
#include <algorithm>
#include <cmath>

#include "neura/tensor/ops/op_list/reduce.h"
#include "neura/tensor/ops/options/dims.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/references.h"

namespace neura::testing {
namespace {

using Fold = std::function<double(const std::vector<double>&)>;

double SumOf(const std::vector<double>& v) {
  double sum = 0;
  for (double x : v) sum += x;
  return sum;
}
double ProductOf(const std::vector<double>& v) {
  double product = 1;
  for (double x : v) product *= x;
  return product;
}
double MeanOf(const std::vector<double>& v) { return SumOf(v) / static_cast<double>(v.size()); }
double MaxOf(const std::vector<double>& v) { return *std::max_element(v.begin(), v.end()); }
double MinOf(const std::vector<double>& v) { return *std::min_element(v.begin(), v.end()); }

struct Form {
  const char* name;
  Dims shape;
  Dims dims;
  bool keepdim;
};
const Form kForms[] = {
    {"all", {3, 4, 5}, {}, false},       {"last", {3, 4, 5}, {-1}, false},
    {"first", {3, 4, 5}, {0}, false},    {"middle", {3, 4, 5}, {1}, true},
    {"outer", {3, 4, 5}, {0, 2}, false}, {"scalar", {}, {}, false},
    {"long", {2, 41}, {1}, false},
};

// By selection: each time the first of the extremes that are left.
std::vector<Array> Sorted(const Array& x, int64_t dim, bool descending) {
  Array values = x, indices = x;
  int64_t inner = 1;
  for (int64_t d = dim + 1; d < x.dim(); ++d) inner *= x.size(d);
  const int64_t length = x.size(dim);
  const auto less = [](double a, double b) { return std::isnan(b) ? !std::isnan(a) : a < b; };
  for (int64_t lane = 0; lane < x.numel() / std::max<int64_t>(length, 1); ++lane) {
    const int64_t base = lane / inner * inner * length + lane % inner;
    std::vector<bool> taken(static_cast<size_t>(length));
    for (int64_t i = 0; i < length; ++i) {
      int64_t best = -1;
      for (int64_t k = 0; k < length; ++k) {
        if (taken[static_cast<size_t>(k)]) continue;
        const double here = x[base + k * inner];
        if (best < 0 || (descending ? less(x[base + best * inner], here)
                                    : less(here, x[base + best * inner]))) {
          best = k;
        }
      }
      taken[static_cast<size_t>(best)] = true;
      values[base + i * inner] = x[base + best * inner];
      indices[base + i * inner] = static_cast<double>(best);
    }
  }
  return {values, indices};
}

void AddSort(CaseList& cases) {
  const auto add = [&](const char* name, const Tensor& x, const SortOptions& options) {
    const int64_t dim = options.dim < 0 ? options.dim + x.dim() : options.dim;
    cases.push_back({std::string("sort/") + name,
                     op::kSort,
                     {x},
                     Own(options),
                     [dim, down = options.descending](const std::vector<Array>& in) {
                       return Sorted(in[0], dim, down);
                     }});
  };
  add("last", Sample({3, 7}, 4), {});
  add("first", Sample({5, 2, 3}, 5), {.dim = 0, .stable = true});
  add("descending", Sample({2, 5, 3}, 6), {.dim = 1, .descending = true});
  add("ties", FromList<int64_t>({2, 1, 2, 0, 1, 2}), {.descending = true});
  add("nothing", Zeros({2, 0, 3}, {.dtype = kFloat64}), {.dim = 1});
}

}  // namespace

void AddReductionCases(CaseList& cases) {
  AddSort(cases);
  const auto add = [&](OpId op, const Fold& fold, double low = -1, double high = 1) {
    for (const Form& form : kForms) {
      cases.push_back({std::string(SchemaOf(op).name) + "/" + form.name,
                       op,
                       {Sample(form.shape, 3, low, high)},
                       Own(ReduceOptions{.dims = form.dims, .keepdim = form.keepdim}),
                       Reduce(form.dims, form.keepdim, fold)});
    }
  };
  add(op::kSum, SumOf);
  add(op::kMean, MeanOf);
  add(op::kProd, ProductOf, 0.5, 1.5);
  add(op::kAMax, MaxOf);
  add(op::kAMin, MinOf);
  add(op::kAll, [](const std::vector<double>& v) {
    return std::all_of(v.begin(), v.end(), [](double x) { return x != 0; });
  });
  add(op::kAny, [](const std::vector<double>& v) {
    return std::any_of(v.begin(), v.end(), [](double x) { return x != 0; });
  });
  cases.push_back({"sum/empty",
                   op::kSum,
                   {Sample({0, 3})},
                   Own(ReduceOptions{.dims = {0}}),
                   Reduce({0}, false, SumOf)});
  cases.push_back({"prod/empty",
                   op::kProd,
                   {Sample({0, 3})},
                   Own(ReduceOptions{.dims = {0}}),
                   Reduce({0}, false, ProductOf)});
  cases.push_back({"sum/bool",
                   op::kSum,
                   {FromList<bool>({true, false, true, true}, {2, 2})},
                   Own(ReduceOptions{}),
                   Reduce({}, false, SumOf)});
  cases.push_back({"sum/int32",
                   op::kSum,
                   {Cast(Reshape(Arange(12), {3, 4}), kInt32)},
                   Own(ReduceOptions{.dims = {0}}),
                   Reduce({0}, false, SumOf)});
  cases.push_back({"all/bool",
                   op::kAll,
                   {FromList<bool>({true, false, true, true}, {2, 2})},
                   Own(ReduceOptions{.dims = {1}}),
                   Reduce({1}, false, MinOf)});
  cases.push_back({"prod/zero",
                   op::kProd,
                   {FromList<double>({0.5, 0, 2, 1.5, 1, -1}, {2, 3})},
                   Own(ReduceOptions{.dims = {1}}),
                   Reduce({1}, false, ProductOf)});
  // Large enough to be cut into pieces.
  cases.push_back({"sum/rows",
                   op::kSum,
                   {Cast(Sample({300, 500}), kFloat32)},
                   Own(ReduceOptions{.dims = {0}}),
                   Reduce({0}, false, SumOf),
                   1e-6});
  cases.push_back({"mean/large",
                   op::kMean,
                   {Cast(Sample({90000}), kFloat32)},
                   Own(ReduceOptions{}),
                   Reduce({}, false, MeanOf),
                   1e-6});

  const auto arg = [&](OpId op, bool max) {
    const Fold position = [max](const std::vector<double>& v) {
      const auto it =
          max ? std::max_element(v.begin(), v.end()) : std::min_element(v.begin(), v.end());
      return static_cast<double>(it - v.begin());
    };
    for (int64_t dim : {0, 1, -1}) {
      cases.push_back({std::string(SchemaOf(op).name) + "/dim" + std::to_string(dim),
                       op,
                       {Sample({3, 4, 5}, 4)},
                       Own(ArgReduceOptions{.dim = dim}),
                       Reduce({dim}, false, position)});
    }
    cases.push_back({std::string(SchemaOf(op).name) + "/flat",
                     op,
                     {Sample({3, 4, 5}, 4)},
                     Own(ArgReduceOptions{}),
                     Reduce({}, false, position)});
    cases.push_back({std::string(SchemaOf(op).name) + "/ties",
                     op,
                     {FromList<int64_t>({1, 5, 5, 1}, {1, 4})},
                     Own(ArgReduceOptions{.dim = 1}),
                     Reduce({1}, false, position)});
  };
  arg(op::kArgMax, true);
  arg(op::kArgMin, false);

  // f(total, x) along each lane; and of extrema where they stand.
  const auto running = [&](OpId op, const char* name, const Tensor& x, int64_t dim, auto f,
                           bool places) {
    cases.push_back(
        {std::string(SchemaOf(op).name) + "/" + name,
         op,
         {x},
         Own(DimOptions{.dim = dim}),
         [dim, f, places](const std::vector<Array>& in) {
           Array values = in[0], indices = in[0];
           int64_t inner = 1;
           for (int64_t d = dim + 1; d < values.dim(); ++d) inner *= values.size(d);
           for (int64_t i = 0; i < values.numel(); ++i) {
             const int64_t at = i / inner % values.size(dim);
             if (at == 0) {
               indices[i] = 0;
               continue;
             }
             const double total = f(values[i - inner], in[0][i]);
             indices[i] = total == in[0][i] ? static_cast<double>(at) : indices[i - inner];
             values[i] = total;
           }
           return places ? std::vector<Array>{values, indices} : std::vector<Array>{values};
         }});
  };
  const auto product = [](double a, double b) { return a * b; };
  const auto larger = [](double a, double b) { return std::max(a, b); };
  const auto smaller = [](double a, double b) { return std::min(a, b); };
  for (int64_t dim : {0, 1, 2}) {
    const std::string name = "dim" + std::to_string(dim);
    const Tensor x = Sample({3, 4, 5}, 5);
    running(op::kCumProd, name.c_str(), x, dim, product, false);
    running(
        op::kLogCumSumExp, name.c_str(), x, dim,
        [](double a, double b) { return std::log(std::exp(a) + std::exp(b)); }, false);
    running(op::kCumMax, name.c_str(), x, dim, larger, true);
    running(op::kCumMin, name.c_str(), x, dim, smaller, true);
  }
  running(op::kCumProd, "integers", FromList<int64_t>({3, -2, 0, 5}), 0, product, false);
  running(op::kCumMax, "ties", FromList<int64_t>({1, 3, 3, 2, 3}), 0, larger, true);
  const auto search = [&](const char* name, const Tensor& sorted, const Tensor& values,
                          bool right) {
    cases.push_back({std::string("searchsorted/") + name,
                     op::kSearchSorted,
                     {sorted, values},
                     Own(SearchSortedOptions{.right = right}),
                     [right](const std::vector<Array>& in) {
                       Array out = in[1];
                       const int64_t length = in[0].size(-1);
                       for (int64_t i = 0; i < out.numel(); ++i) {
                         const int64_t row = in[0].dim() == 1 ? 0 : i / in[1].size(-1);
                         double below = 0;
                         for (int64_t k = 0; k < length; ++k) {
                           const double s = in[0][row * length + k], v = in[1][i];
                           below += right ? s <= v : s < v;
                         }
                         out[i] = below;
                       }
                       return std::vector<Array>{out};
                     }});
  };
  const Tensor steps = FromList<double>({-0.8, -0.25, -0.25, 0.1, 0.7});
  search("vector", steps, Sample({2, 3}, 6), false);
  search("ties", steps, FromList<double>({-0.25, 0.7, 2, -1}), true);
  search("rows", Reshape(Arange(0, 8), {2, 4}), FromList<int64_t>({3, 0, 9, 5, 4, 7}, {2, 3}),
         false);

  for (int64_t dim : {0, 1, -1}) {
    cases.push_back({"cumsum/dim" + std::to_string(dim),
                     op::kCumSum,
                     {Sample({3, 4, 5}, 5)},
                     Own(DimOptions{.dim = dim}),
                     [dim](const std::vector<Array>& in) {
                       Array out = in[0];
                       int64_t stride = 1;
                       for (int64_t d = out.dim() - 1; d > (dim < 0 ? dim + out.dim() : dim); --d) {
                         stride *= out.size(d);
                       }
                       for (int64_t i = 0; i < out.numel(); ++i) {
                         if (i / stride % out.size(dim) > 0) out[i] += out[i - stride];
                       }
                       return std::vector<Array>{out};
                     }});
  }
}

}  // namespace neura::testing
