#ifndef NEURA_TENSOR_LINALG_NORM_ORDER_H_
#define NEURA_TENSOR_LINALG_NORM_ORDER_H_

#include <string>
#include <type_traits>
#include <utility>

namespace neura::linalg {

// Which norm: a number, or "fro" or "nuc" of matrices.
struct NormOrder {
  double p = 2;
  std::string name = {};  // empty: it is p

  NormOrder() = default;
  template <typename T>
  requires std::is_arithmetic_v<T> NormOrder(T number) : p(static_cast<double>(number)) {}
  NormOrder(const char* named) : name(named) {}
  NormOrder(std::string named) : name(std::move(named)) {}
};

}  // namespace neura::linalg

#endif  // NEURA_TENSOR_LINALG_NORM_ORDER_H_
