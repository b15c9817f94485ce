#include "neura/python/extension/optim.h"

#include <pybind11/stl.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "neura/optim/optim.h"
#include "neura/python/extension/constructor.h"
#include "neura/python/extension/errors.h"
#include "neura/python/extension/gil.h"
#include "neura/python/extension/layer_class.h"
#include "neura/python/extension/python_optimizer.h"
#include "neura/python/extension/schedules.h"
#include "neura/python/extension/shared_class.h"
#include "neura/python/extension/values.h"

namespace neura::python {
namespace {

namespace py = pybind11;

// Each group is (parameters, options by name).
using PyGroups = std::vector<std::pair<std::vector<Tensor>, py::kwargs>>;

const optim::OptimizerRow& RowNamed(const std::string& name) {
  for (const optim::OptimizerRow& row : optim::OptimizerRows()) {
    if (name == row.name) return row;
  }
  throw py::value_error(absl::StrCat("there is no optimizer ", name));
}

// Options of the row's type.
std::shared_ptr<void> MakeOptions(const optim::OptimizerRow& row, const py::kwargs& given) {
  AnyOptions options(*row.options);
  ReadOptions(row.name, ParametersOfOptions(*row.options, 0), *row.options, py::args(), given,
              options.get());
  return row.copy(options.get());
}

std::shared_ptr<optim::RowOptimizer> MakeOptimizer(const std::string& name, const PyGroups& given) {
  const optim::OptimizerRow& row = RowNamed(name);
  std::vector<optim::AnyParamGroup> groups;
  for (const auto& [params, options] : given) groups.push_back({params, MakeOptions(row, options)});
  return std::make_shared<optim::RowOptimizer>(row, groups);
}

// (name, what it does, options with their defaults) of each row.
py::list DescribeOptimizers() {
  py::list list;
  for (const optim::OptimizerRow& row : optim::OptimizerRows()) {
    AnyOptions defaults(*row.options);
    list.append(py::make_tuple(row.name, row.doc, OptionsToDict(*row.options, defaults.get())));
  }
  return list;
}

// A class that is made of options, which it gives and takes, the same for all groups.
template <typename T, typename Options, typename... Bases>
SharedClass<T, Bases...> BindWithOptions(py::module_& m, const char* name,
                                         const std::vector<Parameter>& parameters) {
  SharedClass<T, Bases...> bound(m, name);
  bound
      .def(
          "options",
          [](const T& self, size_t) {
            const Options options = self.options();
            return OptionsToDict(*OptionsTypeOf<Options>(""), &options);
          },
          py::arg("group") = 0)
      .def("set_options", [name, parameters](T& self, size_t, const py::kwargs& options) {
        self.set_options(MakeOptions<Options>(name, parameters, py::args(), options));
      });
  return bound;
}

void InitLbfgs(py::module_& m) {
  using Options = optim::LbfgsOptions;
  const auto parameters = ParametersOfOptions(*OptionsTypeOf<Options>("LBFGS"), 0);
  BindWithOptions<optim::LBFGS, Options, optim::Optimizer>(m, "LBFGS", parameters)
      .def(py::init([parameters](const std::vector<Tensor>& params, const py::kwargs& keywords) {
        return std::make_shared<optim::LBFGS>(
            params, MakeOptions<Options>("LBFGS", parameters, py::args(), keywords));
      }))
      .def("step", [](optim::LBFGS& self, const py::object& closure) {
        return self.Step([&closure] {
          const py::object loss = closure();
          if (!IsTensor(loss.ptr())) {
            ThrowTypeError(absl::StrCat("LBFGS: the closure must return the loss, a tensor, not ",
                                        Py_TYPE(loss.ptr())->tp_name));
          }
          return TensorOf(loss.ptr());
        });
      });
}

void InitGradScaler(py::module_& m) {
  using Options = optim::GradScalerOptions;
  using optim::GradScaler;
  const auto parameters = ParametersOfOptions(*OptionsTypeOf<Options>("GradScaler"), 0);
  BindWithOptions<GradScaler, Options>(m, "GradScaler", parameters)
      .def(py::init([parameters](const py::kwargs& keywords) {
        return std::make_shared<GradScaler>(
            MakeOptions<Options>("GradScaler", parameters, py::args(), keywords));
      }))
      .def("scale_outputs", &GradScaler::Scale)
      .def("unscale", &GradScaler::Unscale)
      .def("begin_step", &GradScaler::BeginStep)
      .def("found_inf", &GradScaler::FoundInf)
      .def("update", &GradScaler::Update)
      .def_property_readonly("scale", &GradScaler::scale)
      .def_property_readonly("growth_tracker", &GradScaler::growth_tracker)
      .def("state_dict", &GradScaler::StateDict)
      .def("load_state_dict", &GradScaler::LoadStateDict);
}

}  // namespace

void InitOptim(py::module_& parent) {
  using optim::RowOptimizer;
  py::module_ m = parent.def_submodule("optim");
  SharedClass<optim::Optimizer>(m, "Optimizer")
      .def("set_initial_lr", &optim::Optimizer::set_initial_lr)
      .def("zero_grad", &optim::Optimizer::ZeroGrad)
      .def("state_dict", &optim::Optimizer::StateDict)
      .def("load_state_dict", &optim::Optimizer::LoadStateDict);
  SharedClass<RowOptimizer, optim::Optimizer>(m, "RowOptimizer")
      .def(py::init(&MakeOptimizer))
      .def("options",
           [](const RowOptimizer& self, size_t group) {
             return OptionsToDict(*self.row().options, self.any_options(group).get());
           })
      .def("set_options",
           [](RowOptimizer& self, size_t group, const py::kwargs& options) {
             self.set_any_options(group, MakeOptions(self.row(), options).get());
           })
      .def("add_param_group",
           [](RowOptimizer& self, const std::vector<Tensor>& params, const py::kwargs& options) {
             self.AddGroup({params, MakeOptions(self.row(), options)});
           })
      .def("state_names", [](const RowOptimizer& self) { return self.row().states; })
      .def(
          "step", [](RowOptimizer& self) { self.Step(); }, py::call_guard<GilReleased>());
  SharedClass<PythonOptimizer, optim::Optimizer>(m, "PythonOptimizer")
      .def(py::init<const py::object&>());
  m.def("_optimizers", &DescribeOptimizers);
  InitSchedules(m);
  InitLbfgs(m);
  InitGradScaler(m);
  m.def("get_total_norm", &optim::GetTotalNorm, py::call_guard<GilReleased>());
  m.def("clip_grads_with_norm", &optim::ClipGradsWithNorm, py::call_guard<GilReleased>());
  m.def("clip_grad_norm", &optim::ClipGradNorm, py::call_guard<GilReleased>());
  m.def("clip_grad_value", &optim::ClipGradValue, py::call_guard<GilReleased>());
  m.def("move_averages", &optim::MoveAverages, py::call_guard<GilReleased>());
}

}  // namespace neura::python
