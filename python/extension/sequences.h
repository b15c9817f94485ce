// Values of modules across the border that are made of several tensors.
#ifndef NEURA_PYTHON_EXTENSION_SEQUENCES_H_
#define NEURA_PYTHON_EXTENSION_SEQUENCES_H_

#include <pybind11/pybind11.h>

#include <cstddef>
#include <optional>
#include <string>
#include <tuple>

#include "neura/nn/packed_sequence.h"
#include "neura/nn/parts.h"
#include "neura/python/extension/values.h"

namespace neura::python {

// neura.nn.utils.rnn.PackedSequence, once Python has said what that is.
bool FromPython(PyObject* object, nn::PackedSequence* value);
PyObject* ToPython(const nn::PackedSequence& value);

// A struct with parts is a tuple of them, of which None stands for an undefined tensor.
template <nn::HasParts T>
bool FromPython(PyObject* object, T* value) {
  if (!PyTuple_Check(object) && !PyList_Check(object)) return false;
  auto parts = value->Parts();
  if (PySequence_Fast_GET_SIZE(object) != std::tuple_size_v<decltype(parts)>) return false;
  Py_ssize_t i = 0;
  return std::apply(
      [&](auto&... part) {
        return (FromPython(PySequence_Fast_GET_ITEM(object, i++), &part) && ...);
      },
      parts);
}
template <nn::HasParts T>
bool FromPython(PyObject* object, std::optional<T>* value) {
  value->reset();
  return object == Py_None || FromPython(object, &value->emplace());
}
template <nn::HasParts T>
PyObject* ToPython(const T& value) {
  return std::apply(
      [](const auto&... part) {
        pybind11::tuple tuple(sizeof...(part));
        size_t i = 0;
        ((tuple[i++] = pybind11::reinterpret_steal<pybind11::object>(ToPython(part))), ...);
        return tuple.release().ptr();
      },
      value.Parts());
}

template <>
struct TypeText<nn::PackedSequence> {
  static std::string Get() { return "PackedSequence"; }
};
template <nn::HasParts T>
struct TypeText<T> {
  static std::string Get() {
    return std::apply(
        [](const auto&... part) {
          std::string text;
          ((text +=
            (text.empty() ? "" : ", ") + TypeText<std::remove_cvref_t<decltype(part)>>::Get()),
           ...);
          return "tuple[" + text + "]";
        },
        T().Parts());
  }
};

// The functions of neura.nn.utils.rnn, and what PackedSequence is in Python.
void InitSequences(pybind11::module_& m);

}  // namespace neura::python

#endif  // NEURA_PYTHON_EXTENSION_SEQUENCES_H_
