// Singular values, and what is computed from them.
#include <algorithm>
#include <cmath>

#include "neura/tensor/cpu/linalg/lu.h"
#include "neura/tensor/cpu/linalg/svd.h"
#include "neura/tensor/cpu/linalg/symmetric.h"
#include "neura/tensor/ops/backend.h"
#include "neura/tensor/ops/op_list/linalg.h"

namespace neura::cpu {

void LinalgSvdKernel(KernelCall& call) {
  const Tensor& a = call.input(0);
  RequireFinite(a);
  const bool complete = call.Get<CompleteOptions>().complete;
  const Tensor failed = Tensor::Empty({NumMatrices(a)}, kInt32, kCpu);
  ForEachMatrix(a, [&]<typename S>(S, int64_t i) {
    const SvdOf<S> svd(Load<S>(a, i), complete, call.wants(0) || call.wants(2));
    static_cast<int32_t*>(failed.raw_data())[i] = !svd.converged;
    if (call.wants(0)) Store(svd.u, call.output(0), i);
    if (call.wants(1)) StoreReals(svd.values, call.output(1), i);
    if (call.wants(2)) Store<S>(svd.v.adjoint(), call.output(2), i);
  });
  RequireConverged(failed);
}

void LinalgPinvKernel(KernelCall& call) {
  const Tensor& a = call.input(0);
  RequireFinite(a);
  const auto& options = call.Get<PinvOptions>();
  ForEachMatrix(a, [&]<typename S>(S, int64_t i) {
    const auto tolerance = [&](size_t input, double otherwise) {
      return call.has_input(input) ? ElementAt<double>(call.input(input), i) : otherwise;
    };
    const double atol = tolerance(1, options.atol), rtol = tolerance(2, options.rtol);
    // The reciprocals of values that are no more than the tolerance are 0.
    const auto reciprocals = [&](const Reals& values) -> Reals {
      const double largest = values.size() == 0 ? 0 : values.cwiseAbs().maxCoeff();
      const double least = std::max(atol, rtol * largest);
      return values.unaryExpr([=](double x) { return std::abs(x) > least ? 1 / x : 0.0; });
    };
    if (options.hermitian) {
      const SymmetricOf<S> eigen(Load<S>(a, i));
      Store<S>(eigen.vectors * reciprocals(eigen.values).asDiagonal() * eigen.vectors.adjoint(),
               call.output(), i);
    } else {
      const SvdOf<S> svd(Load<S>(a, i), false);
      Store<S>(svd.v * reciprocals(svd.values).asDiagonal() * svd.u.adjoint(), call.output(), i);
    }
  });
}

// With A = U @ diag(s) @ V.mH it is det(U @ V.mH).conj() * U @ diag(products of all s but one) @
// V.mH, conjugated, which needs no division.
void LinalgCofactorKernel(KernelCall& call) {
  ForEachMatrix(call.input(0), [&]<typename S>(S, int64_t i) {
    Matrix<S> a = Load<S>(call.input(0), i);
    const Index n = a.rows();
    const SvdOf<S> svd(a, false);
    Reals others(n);
    for (Index k = 0; k < n; ++k) {
      others[k] = 1;
      for (Index j = 0; j < n; ++j) others[k] *= j == k ? 1 : svd.values[j];
    }
    Matrix<S> cofactors(n, n);
    if (n > 0) {
      const S turn = LuOf<S>(svd.u).Determinant() / LuOf<S>(svd.v).Determinant();
      cofactors = (svd.u * others.asDiagonal() * svd.v.adjoint()).conjugate() * turn;
    }
    Store(cofactors, call.output(), i);
  });
}

}  // namespace neura::cpu
