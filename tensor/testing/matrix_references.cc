#include "neura/tensor/testing/matrix_references.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace neura::testing {
namespace {

double& At(Array& a, int64_t r, int64_t c) { return a[r * a.size(1) + c]; }
double At(const Array& a, int64_t r, int64_t c) { return a[r * a.size(1) + c]; }

Array Slice(const Array& x, int64_t r0, int64_t r1, int64_t c0, int64_t c1) {
  Array out = MakeArray({r1 - r0, c1 - c0});
  for (int64_t i = 0; i < out.numel(); ++i) {
    out[i] = At(x, r0 + i / out.size(1), c0 + i % out.size(1));
  }
  return out;
}

}  // namespace

Reference PerMatrix(std::function<std::vector<Array>(const std::vector<Array>&)> f) {
  return [f](const std::vector<Array>& in) {
    const DimsView batch = DimsView(in[0].shape).first(in[0].shape.size() - 2);
    std::vector<Array> stacked;
    for (int64_t i = 0; i < NumElements(batch); ++i) {
      std::vector<Array> matrices;
      for (const Array& array : in) {
        Array matrix = MakeArray({array.size(-2), array.size(-1)});
        const int64_t first = array.dim() == 2 ? 0 : i * matrix.numel();
        std::copy_n(array.values.begin() + first, matrix.numel(), matrix.values.begin());
        matrices.push_back(std::move(matrix));
      }
      const std::vector<Array> outputs = f(matrices);
      for (size_t k = 0; k < outputs.size(); ++k) {
        if (i == 0) {
          stacked.push_back({Dims(batch.begin(), batch.end()), {}});
          stacked[k].shape.insert(stacked[k].shape.end(), outputs[k].shape.begin(),
                                  outputs[k].shape.end());
        }
        stacked[k].values.insert(stacked[k].values.end(), outputs[k].values.begin(),
                                 outputs[k].values.end());
      }
    }
    return stacked;
  };
}

Array Identity(int64_t n) { return DiagonalOf(std::vector<double>(static_cast<size_t>(n), 1)); }

Array Times(const Array& a, const Array& b) {
  Array out = MakeArray({a.size(0), b.size(1)});
  for (int64_t r = 0; r < a.size(0); ++r) {
    for (int64_t c = 0; c < b.size(1); ++c) {
      for (int64_t k = 0; k < a.size(1); ++k) At(out, r, c) += At(a, r, k) * At(b, k, c);
    }
  }
  return out;
}

Array Transposed(const Array& a) {
  Array out = MakeArray({a.size(1), a.size(0)});
  for (int64_t i = 0; i < a.numel(); ++i) At(out, i % a.size(1), i / a.size(1)) = a[i];
  return out;
}

Array Combined(double a, const Array& x, double b, const Array& y) {
  Array out = x;
  for (int64_t i = 0; i < x.numel(); ++i) out[i] = a * x[i] + b * y[i];
  return out;
}

Array Columns(const Array& x, int64_t first, int64_t last) {
  return Slice(x, 0, x.size(0), first, last);
}
Array Rows(const Array& x, int64_t first, int64_t last) {
  return Slice(x, first, last, 0, x.size(1));
}

Array DiagonalOf(const std::vector<double>& values) {
  const auto n = static_cast<int64_t>(values.size());
  Array out = MakeArray({n, n});
  for (int64_t i = 0; i < n; ++i) At(out, i, i) = values[static_cast<size_t>(i)];
  return out;
}

Array Inverse(const Array& a) {
  const int64_t n = a.size(0);
  Array left = a, right = Identity(n);
  for (int64_t k = 0; k < n; ++k) {
    int64_t largest = k;
    for (int64_t r = k; r < n; ++r) {
      if (std::abs(At(left, r, k)) > std::abs(At(left, largest, k))) largest = r;
    }
    for (Array* side : {&left, &right}) {
      for (int64_t c = 0; c < n; ++c) std::swap(At(*side, k, c), At(*side, largest, c));
    }
    const double pivot = At(left, k, k);
    for (int64_t c = 0; c < n; ++c) {
      At(left, k, c) /= pivot;
      At(right, k, c) /= pivot;
    }
    for (int64_t r = 0; r < n; ++r) {
      const double factor = r == k ? 0 : At(left, r, k);
      for (int64_t c = 0; c < n; ++c) {
        At(left, r, c) -= factor * At(left, k, c);
        At(right, r, c) -= factor * At(right, k, c);
      }
    }
  }
  return right;
}

double Determinant(const Array& a) {
  const int64_t n = a.size(0);
  if (n == 0) return 1;
  double sum = 0;
  for (int64_t c = 0; c < n; ++c) {
    Array minor = MakeArray({n - 1, n - 1});
    for (int64_t i = 0; i < minor.numel(); ++i) {
      const int64_t column = i % (n - 1);
      minor[i] = At(a, 1 + i / (n - 1), column < c ? column : column + 1);
    }
    sum += (c % 2 == 0 ? 1 : -1) * At(a, 0, c) * Determinant(minor);
  }
  return sum;
}

OrthogonalFactors GramSchmidt(const Array& a) {
  OrthogonalFactors factors{a, MakeArray({a.size(1), a.size(1)})};
  Array& q = factors.q;
  for (int64_t c = 0; c < a.size(1); ++c) {
    for (int64_t before = 0; before < c; ++before) {
      double product = 0;
      for (int64_t r = 0; r < a.size(0); ++r) product += At(q, r, before) * At(q, r, c);
      for (int64_t r = 0; r < a.size(0); ++r) At(q, r, c) -= product * At(q, r, before);
      At(factors.r, before, c) = product;
    }
    double square = 0;
    for (int64_t r = 0; r < a.size(0); ++r) square += At(q, r, c) * At(q, r, c);
    At(factors.r, c, c) = std::sqrt(square);
    for (int64_t r = 0; r < a.size(0); ++r) At(q, r, c) /= At(factors.r, c, c);
  }
  return factors;
}

SymmetricFactors Jacobi(const Array& a) {
  const int64_t n = a.size(0);
  Array rest = a, vectors = Identity(n);
  for (int sweep = 0; sweep < 50; ++sweep) {
    for (int64_t p = 0; p < n; ++p) {
      for (int64_t q = p + 1; q < n; ++q) {
        const double angle = std::atan2(2 * At(rest, p, q), At(rest, q, q) - At(rest, p, p)) / 2;
        Array turn = Identity(n);
        At(turn, p, p) = At(turn, q, q) = std::cos(angle);
        At(turn, p, q) = std::sin(angle);
        At(turn, q, p) = -std::sin(angle);
        rest = Times(Transposed(turn), Times(rest, turn));
        vectors = Times(vectors, turn);
      }
    }
  }
  std::vector<std::pair<double, int64_t>> order;
  for (int64_t i = 0; i < n; ++i) order.emplace_back(At(rest, i, i), i);
  std::sort(order.begin(), order.end());
  SymmetricFactors factors{{}, MakeArray({n, n})};
  for (int64_t c = 0; c < n; ++c) {
    const auto& [value, from] = order[static_cast<size_t>(c)];
    factors.values.push_back(value);
    for (int64_t r = 0; r < n; ++r) At(factors.vectors, r, c) = At(vectors, r, from);
  }
  return factors;
}

SingularFactors Singular(const Array& a) {
  if (a.size(0) < a.size(1)) {
    const SingularFactors other = Singular(Transposed(a));
    return {other.v, other.values, other.u};
  }
  const SymmetricFactors squares = Jacobi(Times(Transposed(a), a));
  const int64_t n = a.size(1);
  SingularFactors factors{{}, {}, MakeArray({n, n})};
  for (int64_t c = 0; c < n; ++c) {
    factors.values.push_back(std::sqrt(squares.values[static_cast<size_t>(n - 1 - c)]));
    for (int64_t r = 0; r < n; ++r) At(factors.v, r, c) = At(squares.vectors, r, n - 1 - c);
  }
  factors.u = Times(a, factors.v);
  for (int64_t i = 0; i < factors.u.numel(); ++i) {
    factors.u[i] /= factors.values[static_cast<size_t>(i % n)];
  }
  return factors;
}

}  // namespace neura::testing
