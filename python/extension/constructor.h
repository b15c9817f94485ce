// Constructors of Python classes from option structs of C++: Conv2d(1, 8, kernel_size=3).
#ifndef NEURA_PYTHON_EXTENSION_CONSTRUCTOR_H_
#define NEURA_PYTHON_EXTENSION_CONSTRUCTOR_H_

#include <pybind11/pybind11.h>

#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "neura/python/extension/function.h"
#include "neura/tensor/core/fields.h"
#include "neura/tensor/core/tensor.h"

namespace neura::python {

// The parameters of a constructor that takes the fields of an option struct, of which the first
// `required` have no default.
std::vector<Parameter> ParametersOfOptions(const OptionsType& type, size_t required);

// Shows the tensors among a struct's options, which are no fields; null where there are none.
using TensorOptions = void (*)(void* options,
                               absl::FunctionRef<void(const char* name, Tensor& tensor)> visitor);

// Sets fields and tensors, each from the argument of the parameter of its name; None leaves what
// takes no None as it is. Returns how many there are.
size_t SetOptions(const Function& function, PyObject* const* arguments, const OptionsType& type,
                  TensorOptions tensors, void* options);

// Sets the options from what Python passed. Throws TypeError as a Python function does.
void ReadOptions(const std::string& name, const std::vector<Parameter>& parameters,
                 const OptionsType& type, const pybind11::args& arguments,
                 const pybind11::kwargs& keywords, void* options, TensorOptions tensors = nullptr);

// The fields of an option struct as a dict.
pybind11::dict OptionsToDict(const OptionsType& type, const void* options);

template <typename Options>
Options MakeOptions(const std::string& name, const std::vector<Parameter>& parameters,
                    const pybind11::args& arguments, const pybind11::kwargs& keywords) {
  Options options;
  ReadOptions(name, parameters, *OptionsTypeOf<Options>(""), arguments, keywords, &options);
  return options;
}

// Notes a class for the stubs: the parameters after self of its constructor.
void NoteConstructor(std::string scope, std::string name, std::vector<Parameter> parameters,
                     std::string doc);
// And those of its forward(), with the result.
void NoteConstructor(std::string scope, std::string name, std::vector<Parameter> parameters,
                     std::string doc, const Function& forward);
// neura._C._bound_classes(), what was noted.
void InitConstructors(pybind11::module_& m);

}  // namespace neura::python

#endif  // NEURA_PYTHON_EXTENSION_CONSTRUCTOR_H_
