// Python objects that autograd keeps, as Python's garbage collection sees them: hooks of tensors
// and gradients of Functions.
#ifndef NEURA_PYTHON_EXTENSION_TENSOR_GARBAGE_H_
#define NEURA_PYTHON_EXTENSION_TENSOR_GARBAGE_H_

#include <pybind11/pybind11.h>

#include <memory>
#include <vector>

#include "absl/functional/function_ref.h"
#include "neura/tensor/core/tensor.h"

namespace neura::python {

// What autograd calls of Python; copies share it.
class AutogradCallable {
 public:
  explicit AutogradCallable(const pybind11::object& callable);

  const pybind11::object& operator*() const { return *callable_; }
  // Whether no other copy is alive.
  bool sole() const { return callable_.use_count() == 1; }

 private:
  std::shared_ptr<pybind11::object> callable_;
};

// A hook of a tensor.
struct PythonHook {
  AutogradCallable hook;
  Tensor operator()(const Tensor& grad) const;
};

// The gradient of a Function.
struct PythonBackward {
  AutogradCallable backward;
  std::vector<Tensor> operator()(const std::vector<Tensor>& grads) const;
};

// Calls `visit` with each Python object that is kept by nothing but `owner`, a Python object whose
// `owners` references to the tensor are all that there are. In one collection it is always the
// same, though threads may meanwhile take hold of the tensor or change it: who has no way to it but
// through objects of Python has kept those alive. Nothing outside of a collection.
void VisitOwned(const void* owner, const TensorImpl& tensor, uint32_t owners,
                absl::FunctionRef<void(PyObject*)> visit);
// Lets go what VisitOwned showed in this collection.
void ClearOwned(const void* owner, const TensorImpl& tensor);

// Whether VisitOwned may show something.
bool TensorsOwnPython();

// Learns when collections begin and end.
void InitTensorGarbage();

}  // namespace neura::python

#endif  // NEURA_PYTHON_EXTENSION_TENSOR_GARBAGE_H_
