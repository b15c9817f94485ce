#include "neura/python/extension/optim.h"

#include <pybind11/stl.h>

#include "absl/strings/str_cat.h"
#include "neura/optim/optim.h"
#include "neura/python/extension/constructor.h"
#include "neura/python/extension/errors.h"
#include "neura/python/extension/garbage.h"
#include "neura/python/extension/layer_class.h"
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

std::shared_ptr<optim::Optimizer> MakeOptimizer(const std::string& name, const PyGroups& given) {
  const optim::OptimizerRow& row = RowNamed(name);
  std::vector<optim::AnyParamGroup> groups;
  for (const auto& [params, options] : given) groups.push_back({params, MakeOptions(row, options)});
  return std::make_shared<optim::Optimizer>(row, groups);
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

template <typename Scheduler, typename Options>
void BindScheduler(py::module_& m, const char* name, size_t required) {
  const std::vector<Parameter> parameters =
      ParametersOfOptions(*OptionsTypeOf<Options>(name), required);
  SharedClass<Scheduler, optim::LRScheduler>(
      m, name, py::custom_type_setup(GarbageCollected<NoReferences>::SetUp))
      .def(py::init([name, parameters](const std::shared_ptr<optim::Optimizer>& optimizer,
                                       const py::args& arguments, const py::kwargs& keywords) {
        // The C++ object is kept here, the Python object by an attribute: the collector sees it.
        return std::shared_ptr<Scheduler>(
            new Scheduler(*optimizer, MakeOptions<Options>(name, parameters, arguments, keywords)),
            [optimizer](Scheduler* scheduler) { delete scheduler; });
      }));
  NoteConstructor("optim.lr_scheduler", name, parameters, "");
}

}  // namespace

void InitOptim(py::module_& parent) {
  py::module_ m = parent.def_submodule("optim");
  SharedClass<optim::Optimizer>(m, "Optimizer")
      .def(py::init(&MakeOptimizer))
      .def("options",
           [](const optim::Optimizer& self, size_t group) {
             return OptionsToDict(*self.row().options, self.any_options(group).get());
           })
      .def("set_options",
           [](optim::Optimizer& self, size_t group, const py::kwargs& options) {
             self.set_any_options(group, MakeOptions(self.row(), options).get());
           })
      .def("step", &optim::Optimizer::Step, py::call_guard<GilReleased>())
      .def("zero_grad", &optim::Optimizer::ZeroGrad)
      .def("state_dict", &optim::Optimizer::StateDict)
      .def("load_state_dict", &optim::Optimizer::LoadStateDict);
  m.def("_optimizers", &DescribeOptimizers);
  SharedClass<optim::LRScheduler>(m, "LRScheduler", py::dynamic_attr(),
                                  py::custom_type_setup(GarbageCollected<NoReferences>::SetUp))
      .def("step", &optim::LRScheduler::Step)
      .def("get_last_lr", &optim::LRScheduler::GetLastLr)
      .def_property_readonly("last_epoch", &optim::LRScheduler::step_count)
      .def("_state_dict", &optim::LRScheduler::StateDict)
      .def("_load_state_dict", &optim::LRScheduler::LoadStateDict);
  BindScheduler<optim::StepLR, optim::StepLROptions>(m, "StepLR", 1);
  BindScheduler<optim::CosineAnnealingLR, optim::CosineAnnealingLROptions>(m, "CosineAnnealingLR",
                                                                           1);
  BindScheduler<optim::OneCycleLR, optim::OneCycleLROptions>(m, "OneCycleLR", 2);

  m.def("clip_grad_norm", &optim::ClipGradNorm, py::call_guard<GilReleased>());
  m.def("clip_grad_value", &optim::ClipGradValue, py::call_guard<GilReleased>());
}

}  // namespace neura::python
