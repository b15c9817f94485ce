// Functions whose signatures are known at run time: they take keyword arguments and defaults as
// Python functions do, show up in help() and in the stubs, and cost little to call.
#ifndef NEURA_PYTHON_EXTENSION_FUNCTION_H_
#define NEURA_PYTHON_EXTENSION_FUNCTION_H_

#include <pybind11/pybind11.h>

#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "neura/python/extension/errors.h"
#include "neura/python/extension/values.h"

namespace neura::python {

struct Parameter {
  std::string name;
  std::string type;                // as a stub writes it
  pybind11::object default_value;  // null: the argument is required
  bool variadic = false;           // integers or tensors may follow one another: x.permute(0, 2, 1)
  bool keyword_only = false;
};

// One function. `Call` gets one object for each parameter, the default where none was given.
class Function {
 public:
  Function(std::string name, std::string doc, std::vector<Parameter> parameters,
           std::string result);
  virtual ~Function() = default;
  virtual PyObject* Call(PyObject* const* arguments) const = 0;

  const std::string& name() const { return name_; }
  const std::string& doc() const { return doc_; }
  const std::string& result() const { return result_; }
  absl::Span<const Parameter> parameters() const { return parameters_; }

  // Sorts what Python passed into `slots` (borrowed; `temporary` owns what had to be made) and
  // calls. out= takes the result (out_argument.h). Throws TypeError as Python does.
  PyObject* CallVector(PyObject* const* arguments, size_t count, PyObject* keyword_names) const;
  // "neura.sum(): argument 'dim' must be int or a sequence of ints, not str"
  [[noreturn]] void ThrowBadArgument(size_t parameter, PyObject* given) const;

 private:
  static constexpr size_t kMaxParameters = 32;
  // The parameter that has this name in NumPy, as PyTorch takes it: axis for dim. None: their
  // number.
  size_t ByNumpysName(std::string_view name) const;
  const std::string name_, doc_;
  const std::vector<Parameter> parameters_;
  const std::string result_;
  std::vector<PyObject*> interned_;
};

// "input, start_dim=0, *shape, keepdim=False": names, defaults (Python literals), a star where
// integers or tensors may follow one another, a lone star before parameters that take keywords
// only. Types are left empty.
std::vector<Parameter> ParseParameters(std::string_view text);

// (name, type, default as source or None, variadic, keyword only) for each, as the stubs need it.
pybind11::list DescribeParameters(absl::Span<const Parameter> parameters);

// ---- from C++ functions ----------------------------------------------------------------------

namespace internal {

template <typename R>
std::string ResultText() {
  if constexpr (std::is_void_v<R>) {
    return "None";
  } else if constexpr (std::is_same_v<R, std::vector<Tensor>>) {
    return "tuple[Tensor, ...]";
  } else if constexpr (std::is_same_v<R, Dims>) {
    return "tuple[int, ...]";
  } else {
    return TypeText<R>::Get();
  }
}

template <typename R, typename... Args>
class CppFunction final : public Function {
 public:
  CppFunction(std::string name, std::string doc, std::vector<Parameter> parameters,
              std::string result, R (*function)(Args...))
      : Function(std::move(name), std::move(doc), std::move(parameters), std::move(result)),
        function_(function) {}

  PyObject* Call(PyObject* const* arguments) const override {
    return CallWith(arguments, std::index_sequence_for<Args...>());
  }

 private:
  template <size_t... I>
  PyObject* CallWith(PyObject* const* arguments, std::index_sequence<I...>) const {
    std::tuple<std::remove_cvref_t<Args>...> values{};
    ((FromPython(arguments[I], &std::get<I>(values)) ? void() : ThrowBadArgument(I, arguments[I])),
     ...);
    // Arguments or results that are Python objects need the lock.
    constexpr bool kPure = !(std::is_same_v<std::remove_cvref_t<Args>, pybind11::object> || ...) &&
                           !std::is_same_v<R, pybind11::object>;
    const auto call = [&] { return function_(std::get<I>(values)...); };
    if constexpr (std::is_void_v<R>) {
      if constexpr (kPure) {
        WithoutGil(call);
      } else {
        call();
      }
      Py_RETURN_NONE;
    } else if constexpr (kPure) {
      return ToPython(WithoutGil(call));
    } else {
      return ToPython(call());
    }
  }

  R (*function_)(Args...);
};

}  // namespace internal

// A function with the given parameters, whose types are those of `function`.
template <typename R, typename... Args>
std::unique_ptr<Function> MakeFunction(std::string name, std::string_view parameters,
                                       std::string doc, R (*function)(Args...),
                                       std::string result = internal::ResultText<R>()) {
  std::vector<Parameter> list = ParseParameters(parameters);
  const std::string types[] = {TypeText<std::remove_cvref_t<Args>>::Get()..., ""};
  if (list.size() != sizeof...(Args)) {
    throw std::logic_error("python: parameters of " + name + " do not fit its function");
  }
  for (size_t i = 0; i < list.size(); ++i) list[i].type = types[i];
  return std::make_unique<internal::CppFunction<R, Args...>>(
      std::move(name), std::move(doc), std::move(list), std::move(result), function);
}

// ---- in Python -------------------------------------------------------------------------------

// Every function that was bound, by where it stands: "", "nn.functional", ...; methods of Tensor
// are under "Tensor". The stubs and the documentation are written from this.
struct BoundFunction {
  std::string scope;
  std::string name;  // in that scope; the in-place form of add is "add_"
  const Function* function;
};
const std::vector<BoundFunction>& BoundFunctions();

// Puts the function into a module or a type (as a method) under `name`, for as long as the process
// lives. A name that the scope has already keeps what it has.
void Bind(pybind11::handle target, std::string scope, std::string name,
          std::unique_ptr<Function> function);
// The same function under another name or scope.
void BindAgain(pybind11::handle target, std::string scope, std::string name,
               const Function* function);

// What Bind puts there, without noting it: a callable that is bound to instances as methods are.
// The function must live as long as the process.
pybind11::object MakeFunctionObject(const std::string& scope, const std::string& name,
                                    const Function* function);

// Makes the Python type of functions.
void InitFunctionType(pybind11::module_& m);

}  // namespace neura::python

#endif  // NEURA_PYTHON_EXTENSION_FUNCTION_H_
