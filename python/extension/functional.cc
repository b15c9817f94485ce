#include "neura/python/extension/functional.h"

#include <pybind11/stl.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "neura/autograd/batched.h"
#include "neura/autograd/checkpoint.h"
#include "neura/autograd/functional.h"
#include "neura/autograd/saved_tensors.h"
#include "neura/autograd/vmap.h"
#include "neura/nn/substitute.h"
#include "neura/python/extension/autograd.h"
#include "neura/python/extension/errors.h"
#include "neura/python/extension/gil.h"
#include "neura/python/extension/py_module.h"
#include "neura/python/extension/tensor_garbage.h"
#include "neura/python/extension/values.h"
#include "neura/tensor/core/error.h"

namespace neura::python {
namespace {

namespace py = pybind11;
using Tensors = std::vector<Tensor>;

py::object ToTuple(const Tensors& tensors) {
  return py::reinterpret_steal<py::object>(ToPython(tensors));
}
py::object ToTuples(const std::vector<Tensors>& rows) {
  py::list list;
  for (const Tensors& row : rows) list.append(ToTuple(row));
  return list;
}

// A callable of tensors that returns one or several. It must outlive the function.
autograd::TensorFunction FunctionOf(const py::object& callable) {
  return [&callable](const Tensors& inputs) {
    const GilHeld held;
    const py::object result = CallPython(callable, ToTuple(inputs));
    return TensorsOf(IsTensor(result.ptr()) ? py::make_tuple(result) : result,
                     "what the function returned");
  };
}

using ProductFunction = autograd::Products (*)(const autograd::TensorFunction&, const Tensors&,
                                               const Tensors&, const autograd::FunctionalOptions&);

template <ProductFunction product>
py::object Product(const py::object& function, const py::object& inputs, const py::object& v,
                   bool create_graph, bool strict) {
  const Tensors at = TensorsOf(inputs, "inputs"), vectors = TensorsOf(v, "v");
  const auto made = WithoutGil([&] {
    return product(FunctionOf(function), at, vectors,
                   {.create_graph = create_graph, .strict = strict});
  });
  return py::make_tuple(ToTuple(made.outputs), ToTuple(made.products));
}

using MatrixFunction = std::vector<Tensors> (*)(const autograd::TensorFunction&, const Tensors&,
                                                const autograd::JacobianOptions&);

template <MatrixFunction matrix>
py::object Matrix(const py::object& function, const py::object& inputs, bool create_graph,
                  bool strict, bool vectorize) {
  const Tensors at = TensorsOf(inputs, "inputs");
  autograd::JacobianOptions options;
  options.create_graph = create_graph;
  options.strict = strict;
  options.vectorize = vectorize;
  return ToTuples(WithoutGil([&] { return matrix(FunctionOf(function), at, options); }));
}

autograd::Randomness RandomnessOf(const std::string& name) {
  if (name == "error") return autograd::Randomness::kError;
  if (name == "same") return autograd::Randomness::kSame;
  if (name == "different") return autograd::Randomness::kDifferent;
  ThrowInvalidArgument("vmap: randomness must be 'error', 'same' or 'different', not '" + name +
                       "'");
}

using OutDims = std::vector<std::optional<int64_t>>;

// Calls `function(level, tensors)` with one example of each of `inputs`. It returns tensors and
// their out_dims.
py::object Vmap(const py::object& function, const py::object& inputs, const OutDims& in_dims,
                int64_t batch_size, const std::string& randomness) {
  Tensors tensors = TensorsOf(inputs, "vmap");
  uint64_t level;
  py::object result;
  {
    const autograd::VmapScope scope(batch_size, RandomnessOf(randomness));
    level = scope.level();
    for (size_t i = 0; i < tensors.size(); ++i) {
      if (in_dims[i]) tensors[i] = scope.Enter(tensors[i], *in_dims[i]);
    }
    result = function(level, ToTuple(tensors));
  }
  const auto parts = result.cast<py::tuple>();
  Tensors outputs = TensorsOf(parts[0], "what the mapped function returned");
  const auto out_dims = parts[1].cast<OutDims>();
  for (size_t i = 0; i < outputs.size(); ++i) {
    outputs[i] = autograd::VmapScope::Leave(outputs[i], out_dims[i], level, batch_size);
  }
  return ToTuple(outputs);
}

// The scope of a `with`.
class SavedTensors {
 public:
  SavedTensors(const py::object& pack, const py::object& unpack) : pack_(pack), unpack_(unpack) {}

  void Enter() {
    scope_ = std::make_unique<autograd::SavedTensorsScope>(autograd::SavedTensorHooks{
        .pack = [pack = pack_](const Tensor& tensor) -> std::shared_ptr<void> {
          const GilHeld held;
          return std::make_shared<AutogradCallable>(CallPython(*pack, py::make_tuple(tensor)));
        },
        .unpack =
            [unpack = unpack_](const std::shared_ptr<void>& kept) {
              const GilHeld held;
              const py::object result = CallPython(
                  *unpack, py::make_tuple(**std::static_pointer_cast<AutogradCallable>(kept)));
              Tensor tensor;
              if (!FromPython(result.ptr(), &tensor)) {
                ThrowTypeError("saved_tensors_hooks: the unpack hook must return a Tensor");
              }
              return tensor;
            }});
  }
  void Exit() { scope_.reset(); }

 private:
  const AutogradCallable pack_, unpack_;
  std::unique_ptr<autograd::SavedTensorsScope> scope_;
};

py::object Checkpointed(const py::object& run, bool preserve_rng_state) {
  py::object result;
  autograd::RunCheckpointed([&] { result = run(); },
                            [again = AutogradCallable(run)] {
                              const GilHeld held;
                              CallPython(*again, py::tuple());
                            },
                            {.preserve_random_state = preserve_rng_state});
  return result;
}

}  // namespace

void InitFunctional(py::module_& m) {
  m.def("_vjp", &Product<&autograd::Vjp>);
  m.def("_jvp", &Product<&autograd::Jvp>);
  m.def("_hvp", &Product<&autograd::Hvp>);
  m.def("_jacobian", &Matrix<&autograd::Jacobian>);
  m.def("_hessian", &Matrix<&autograd::Hessian>);
  m.def("_fresh", [](const py::object& inputs, bool attached) {
    return ToTuple(autograd::Fresh(TensorsOf(inputs, "inputs"), attached));
  });
  m.def("_depend_on_others", [](const py::object& outputs, const py::object& fresh) {
    return autograd::DependOnOthers(TensorsOf(outputs, "outputs"), TensorsOf(fresh, "inputs"));
  });
  m.def("_vmap", &Vmap);
  // What a tensor stands for at a level of vmap, or at the innermost one; None where it is the same
  // for all examples.
  m.def("_examples_of", [](const Tensor& tensor, const std::optional<uint64_t>& level) {
    return level ? autograd::ExamplesOf(tensor, *level) : autograd::ExamplesOf(tensor);
  });
  m.def("_stand_for", &autograd::StandFor);
  m.def("_checkpoint", &Checkpointed);
  py::class_<SavedTensors>(m, "_SavedTensors")
      .def(py::init<const py::object&, const py::object&>())
      .def("enter", &SavedTensors::Enter)
      .def("exit", &SavedTensors::Exit);
  // Calls a module with other tensors in the place of those of these names.
  m.def("_call_with_others",
        [](PyModule& module, const NamedTensors& tensors, bool strict, const py::object& call) {
          const nn::Substitution others(module, tensors, strict);
          return call();
        });
}

}  // namespace neura::python
