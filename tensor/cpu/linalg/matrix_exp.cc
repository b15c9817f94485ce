// Higham, 2005, "The Scaling and Squaring Method for the Matrix Exponential Revisited": the
// approximant of order 13 by Pade of a matrix whose 1-norm scaling has brought below 5.37.
#include <cmath>
#include <limits>

#include "neura/tensor/cpu/linalg/lu.h"
#include "neura/tensor/ops/backend.h"
#include "neura/tensor/ops/op_list/linalg.h"

namespace neura::cpu {
namespace {

template <typename S>
Matrix<S> Exponential(Matrix<S> a) {
  constexpr double kMostNorm = 5.371920351148152;
  constexpr double b[] = {64764752532480000,
                          32382376266240000,
                          7771770303897600,
                          1187353796428800,
                          129060195264000,
                          10559470521600,
                          670442572800,
                          33522128640,
                          1323241920,
                          40840800,
                          960960,
                          16380,
                          182,
                          1};
  const Index n = a.rows();
  if (n == 0) return a;
  if (!a.allFinite()) {
    return Matrix<S>::Constant(n, n, S(std::numeric_limits<double>::quiet_NaN()));
  }
  // Divided by 2^64, so that no sum of finite numbers overflows.
  const double norm = (a * 0x1p-64).cwiseAbs().colwise().sum().maxCoeff() / kMostNorm;
  const int squarings = norm > 0x1p-64 ? std::ilogb(norm) + 65 : 0;
  a *= std::ldexp(1.0, -squarings);
  const Matrix<S> one = Matrix<S>::Identity(n, n), a2 = a * a, a4 = a2 * a2, a6 = a4 * a2;
  const Matrix<S> high_odd = b[13] * a6 + b[11] * a4 + b[9] * a2,
                  high_even = b[12] * a6 + b[10] * a4 + b[8] * a2;
  const Matrix<S> odd_part = a6 * high_odd + b[7] * a6 + b[5] * a4 + b[3] * a2 + b[1] * one;
  const Matrix<S> odd = a * odd_part;
  const Matrix<S> even = a6 * high_even + b[6] * a6 + b[4] * a4 + b[2] * a2 + b[0] * one;
  Matrix<S> result = even + odd;
  LuOf<S>(even - odd).SolveInPlace(result);
  for (int i = 0; i < squarings; ++i) result = (result * result).eval();
  return result;
}

}  // namespace

void LinalgMatrixExpKernel(KernelCall& call) {
  ForEachMatrix(call.input(0), [&]<typename S>(S, int64_t i) {
    Store(Exponential<S>(Load<S>(call.input(0), i)), call.output(), i);
  });
}

}  // namespace neura::cpu
