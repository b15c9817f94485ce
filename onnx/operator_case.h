// A small model of one operator, and what it gives.
#ifndef NEURA_ONNX_OPERATOR_CASE_H_
#define NEURA_ONNX_OPERATOR_CASE_H_

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "neura/tensor/tensor.h"

namespace neura::onnx {

using Ints = std::vector<int64_t>;
using Doubles = std::vector<double>;
using Strings = std::vector<std::string>;

inline Tensor Of(DType dtype, Ints shape, const Doubles& values) {
  return Cast(FromVector(values, shape), dtype);
}
inline Tensor F(Ints shape, const Doubles& values) { return Of(kFloat32, shape, values); }
inline Tensor F(const Doubles& values) { return F({static_cast<int64_t>(values.size())}, values); }
inline Tensor I(Ints shape, const Doubles& values) { return Of(kInt64, shape, values); }
inline Tensor I(const Doubles& values) { return I({static_cast<int64_t>(values.size())}, values); }
inline Tensor B(const Doubles& values) {
  return Of(kBool, {static_cast<int64_t>(values.size())}, values);
}

struct Attribute {
  const char* name;
  std::variant<int64_t, double, std::string, Ints, Doubles, Tensor, Strings> value;
};

// An input of the model, a constant in it, or nothing.
struct Input {
  Input(Tensor tensor, bool constant = false) : tensor(std::move(tensor)), constant(constant) {}
  Tensor tensor;
  bool constant;
};
inline Input C(Tensor tensor) { return {std::move(tensor), true}; }
inline const Input kAbsent{Tensor()};

struct Case {
  std::string op;
  std::vector<Input> inputs;
  std::vector<Tensor> outputs;  // undefined where they are not asked for
  std::vector<Attribute> attributes = {};
  int opset = 17;
  std::string domain = {};  // of the operator and its set; "" is ai.onnx
};

std::string ModelOf(const Case& one);

// Of operators whose results ONNX Runtime 1.32 gave; for cubic resizing, training and SwiGLU ONNX's
// reference, and for operator set 1 NumPy.
std::vector<Case> RuntimeCases();
// Of com.microsoft and of ai.onnx.ml: the same, and where ONNX Runtime has nothing for the CPU,
// NumPy.
std::vector<Case> MicrosoftCases();
std::vector<Case> MicrosoftQuantizedCases();
std::vector<Case> MlCases();
// The same of operators that move elements, and of forms of early operator sets.
std::vector<Case> MovingCases();
std::vector<Case> EarlyCases();
// Of models that are refused.
std::vector<Case> BadCases();
std::vector<Case> MicrosoftBadCases();
// And a part of what is said then.
std::vector<std::pair<Case, const char*>> MlBadCases();
// Of models whose runs are, and a part of what is said then.
std::vector<std::pair<Case, const char*>> BadRuns();

}  // namespace neura::onnx

#endif  // NEURA_ONNX_OPERATOR_CASE_H_
