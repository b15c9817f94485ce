// QR factors by Householder's reflections, as LAPACK's: the diagonal of R may be negative.
#include <Eigen/QR>
#include <algorithm>

#include "neura/tensor/cpu/linalg/matrices.h"
#include "neura/tensor/ops/backend.h"
#include "neura/tensor/ops/op_list/linalg.h"

namespace neura::cpu {

void LinalgQrKernel(KernelCall& call) {
  const Tensor& a = call.input(0);
  const Index least = std::min(a.size(-2), a.size(-1));
  const Index k = call.Get<CompleteOptions>().complete ? a.size(-2) : least;
  ForEachMatrix(a, [&]<typename S>(S, int64_t i) {
    Matrix<S> q = Matrix<S>::Identity(a.size(-2), k), r = Matrix<S>::Zero(k, a.size(-1));
    if (least > 0) {
      Matrix<S> matrix = Load<S>(a, i);
      const int shift = ShiftOf(matrix);
      Shift(matrix, shift);
      const Eigen::HouseholderQR<Matrix<S>> factors(matrix);
      r.topRows(least) = factors.matrixQR().topRows(least).template triangularView<Eigen::Upper>();
      Shift(r, -shift);
      if (call.wants(0)) q.applyOnTheLeft(factors.householderQ());
    }
    if (call.wants(0)) Store(q, call.output(0), i);
    if (call.wants(1)) Store(r, call.output(1), i);
  });
}

// LAPACK multiplies reflections of which Eigen has the adjoints.
void LinalgGeqrfKernel(KernelCall& call) {
  const Tensor& input = call.input(0);
  const Index least = std::min(input.size(-2), input.size(-1));
  ForEachMatrix(input, [&]<typename S>(S, int64_t i) {
    Matrix<S> a = Load<S>(input, i), tau(1, least);
    if (least > 0) {
      const int shift = ShiftOf(a);
      Shift(a, shift);
      const Eigen::HouseholderQR<Matrix<S>> factors(a);
      a = factors.matrixQR();
      Matrix<S> r = a.template triangularView<Eigen::Upper>();
      Shift(r, -shift);
      a.template triangularView<Eigen::Upper>() = r;
      tau = factors.hCoeffs().adjoint();
    }
    if (call.wants(0)) Store(a, call.output(0), i);
    if (call.wants(1)) Store(tau, call.output(1), i);
  });
}

}  // namespace neura::cpu
