#include "neura/python/extension/optim.h"

#include <pybind11/stl.h>

#include "neura/optim/optim.h"
#include "neura/python/extension/constructor.h"
#include "neura/python/extension/errors.h"
#include "neura/python/extension/garbage.h"
#include "neura/python/extension/shared_class.h"
#include "neura/python/extension/values.h"

namespace neura::python {
namespace {

namespace py = pybind11;

// Each group is (parameters, options by name).
using PyGroups = std::vector<std::pair<std::vector<Tensor>, py::kwargs>>;

template <typename Optimizer, typename Options>
void BindOptimizer(py::module_& m, const char* name) {
  const OptionsType& type = *OptionsTypeOf<Options>(name);
  const std::vector<Parameter> parameters = ParametersOfOptions(type, 0);
  SharedClass<Optimizer, optim::Optimizer>(m, name)
      .def(py::init([name, parameters](const PyGroups& given) {
        std::vector<optim::ParamGroup<Options>> groups;
        for (const auto& [params, options] : given) {
          groups.push_back({params, MakeOptions<Options>(name, parameters, py::args(), options)});
        }
        return std::make_shared<Optimizer>(std::move(groups));
      }))
      .def("options", [&type](const Optimizer& self,
                              size_t group) { return OptionsToDict(type, &self.options(group)); })
      .def("set_options",
           [name, parameters](Optimizer& self, size_t group, const py::kwargs& options) {
             self.set_options(group, MakeOptions<Options>(name, parameters, py::args(), options));
           });
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
      .def("step", &optim::Optimizer::Step, py::call_guard<GilReleased>())
      .def("zero_grad", &optim::Optimizer::ZeroGrad)
      .def("state_dict", &optim::Optimizer::StateDict)
      .def("load_state_dict", &optim::Optimizer::LoadStateDict);
  BindOptimizer<optim::SGD, optim::SgdOptions>(m, "SGD");
  BindOptimizer<optim::Adam, optim::AdamOptions>(m, "Adam");
  BindOptimizer<optim::AdamW, optim::AdamWOptions>(m, "AdamW");

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
