// Sample calls of every operation, with references that share no code with the kernels. The same
// cases drive forward checks, numerical gradients, ONNX round trips and determinism.
#ifndef NEURA_TENSOR_TESTING_OP_CASES_H_
#define NEURA_TENSOR_TESTING_OP_CASES_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "neura/tensor/backend_api.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/op_list/view.h"

namespace neura::testing {

// What references compute with: row-major doubles.
struct Array {
  Dims shape;
  std::vector<double> values;

  int64_t dim() const { return static_cast<int64_t>(shape.size()); }
  int64_t size(int64_t d) const { return shape[static_cast<size_t>(d < 0 ? d + dim() : d)]; }
  double& operator[](int64_t i) { return values[static_cast<size_t>(i)]; }
  double operator[](int64_t i) const { return values[static_cast<size_t>(i)]; }
  int64_t numel() const { return static_cast<int64_t>(values.size()); }
};
Array MakeArray(Dims shape, double fill = 0);
// Reads the elements one by one through the strides; bool is 0 and 1.
Array ToArray(const Tensor& tensor);

using Reference = std::function<std::vector<Array>(const std::vector<Array>& inputs)>;

using Composite = std::function<std::vector<Tensor>(const std::vector<Tensor>& inputs)>;

struct OpCase {
  std::string name;        // "conv/stride"
  std::optional<OpId> op;  // none: a composite
  // Floating point inputs are float64, at points where the operation is smooth. Optional inputs
  // that are left out are undefined.
  std::vector<Tensor> inputs;
  std::shared_ptr<const void> options = nullptr;
  Reference reference;
  // Relative to 1 + |expected|, in float32.
  double tolerance = 2e-6;

  Composite composite = nullptr;
  // What a composite computes depends on elements, and no graph holds it.
  bool reads_elements = false;

  // Not of composites.
  const OpSchema& schema() const { return SchemaOf(*op); }
  // Whether it is of one of the operations that are defined over contiguous memory alone.
  bool needs_contiguous() const { return op == op::kAsStrided || op == op::kReshape; }
};

// Cases of every operation that computes a function of its inputs, and of every row of
// composites.inc, called "row/case", and of namespaces.inc, called "space.row/case".
const std::vector<OpCase>& OpCases();
// Operations without a case, each with the test that holds it instead.
struct ElsewhereTested {
  OpId op;
  const char* test;
};
const std::vector<ElsewhereTested>& OpsTestedElsewhere();

// Calls the case's operation or composite.
std::vector<Tensor> RunCase(const OpCase& op_case, const std::vector<Tensor>& inputs);
inline std::vector<Tensor> RunCase(const OpCase& op_case) {
  return RunCase(op_case, op_case.inputs);
}

// The inputs with floating point ones converted.
std::vector<Tensor> InputsAs(const OpCase& op_case, DType dtype);

// Those that are of the dtype of the operation's value, converted.
std::vector<Tensor> ValuesAs(const OpCase& op_case, DType dtype);
// Whether the operation's row names the dtype in which it computes these inputs.
bool TakesDType(const OpCase& op_case, const std::vector<Tensor>& inputs);

// ---- how cases are made ----------------------------------------------------------------------

// Pseudo-random float64 values in [low, high], different for each seed.
Tensor Sample(DimsView shape, int seed = 0, double low = -1, double high = 1);
// The same values as a view with gaps between its elements.
Tensor Strided(const Tensor& tensor);

template <typename Options>
std::shared_ptr<const void> Own(const Options& options) {
  return std::make_shared<const Options>(options);
}

using CaseList = std::vector<OpCase>;
void AddPointwiseCases(CaseList& cases);
void AddReductionCases(CaseList& cases);
void AddLinearAlgebraCases(CaseList& cases);
void AddImageCases(CaseList& cases);
void AddNormCases(CaseList& cases);
void AddIndexCases(CaseList& cases);
void AddShapeCases(CaseList& cases);
void AddFusedCases(CaseList& cases);
void AddCompositeCases(CaseList& cases);

}  // namespace neura::testing

#endif  // NEURA_TENSOR_TESTING_OP_CASES_H_
