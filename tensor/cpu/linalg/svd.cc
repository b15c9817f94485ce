// Apart from its kernels, because Eigen takes minutes to compile it.
#include "neura/tensor/cpu/linalg/svd.h"

#include <Eigen/SVD>
#include <algorithm>

namespace neura::cpu {

template <typename S>
SvdOf<S>::SvdOf(const Matrix<S>& a, bool complete, bool vectors) {
  const Index least = std::min(a.rows(), a.cols());
  if (least == 0) {
    u = Matrix<S>::Identity(a.rows(), complete ? a.rows() : 0);
    v = Matrix<S>::Identity(a.cols(), complete ? a.cols() : 0);
    return;
  }
  const unsigned wanted = !vectors   ? 0
                          : complete ? Eigen::ComputeFullU | Eigen::ComputeFullV
                                     : Eigen::ComputeThinU | Eigen::ComputeThinV;
  const Eigen::BDCSVD<Matrix<S>> svd(a, wanted);
  values = svd.singularValues();
  converged = svd.info() == Eigen::Success;
  if (!vectors) return;
  u = svd.matrixU();
  v = svd.matrixV();
}

template struct SvdOf<double>;
template struct SvdOf<Number>;

}  // namespace neura::cpu
