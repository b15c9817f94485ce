// Binding C++ functions one after the other.
#ifndef NEURA_PYTHON_EXTENSION_BINDER_H_
#define NEURA_PYTHON_EXTENSION_BINDER_H_

#include <string>
#include <utility>

#include "neura/python/extension/function.h"

namespace neura::python {

// A lambda as a plain function, which MakeFunction can read the types of.
#define NEURA_FN(parameters, ...) +[] parameters __VA_ARGS__

// `result` says what a stub names the result where the C++ type does not tell.
class Binder {
 public:
  Binder(pybind11::handle module, std::string scope) : module_(module), scope_(std::move(scope)) {}

  // As a function of the module.
  template <typename F>
  void operator()(const char* name, const char* parameters, const char* doc, F function,
                  const char* result = "") const {
    BindAgain(module_, scope_, name, Make(name, parameters, doc, function, result));
  }
  // As a method of Tensor alone.
  template <typename F>
  void Method(const char* name, const char* parameters, const char* doc, F function,
              const char* result = "") const {
    BindAgain(TensorType(), "Tensor", name, Make(name, parameters, doc, function, result));
  }
  // As both.
  template <typename F>
  void Both(const char* name, const char* parameters, const char* doc, F function,
            const char* result = "") const {
    const Function* const made = Make(name, parameters, doc, function, result);
    BindAgain(module_, scope_, name, made);
    BindAgain(TensorType(), "Tensor", name, made);
  }

 private:
  template <typename F>
  static const Function* Make(const char* name, const char* parameters, const char* doc, F function,
                              const char* result) {
    auto made = *result == '\0' ? MakeFunction(name, parameters, doc, function)
                                : MakeFunction(name, parameters, doc, function, result);
    return made.release();
  }
  static pybind11::handle TensorType() { return reinterpret_cast<PyObject*>(g_tensor_type); }

  const pybind11::handle module_;
  const std::string scope_;
};

}  // namespace neura::python

#endif  // NEURA_PYTHON_EXTENSION_BINDER_H_
