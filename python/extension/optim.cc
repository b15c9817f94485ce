#include "neura/python/extension/optim.h"

#include <pybind11/stl.h>

#include "absl/strings/str_cat.h"
#include "neura/optim/optim.h"
#include "neura/python/extension/callable.h"
#include "neura/python/extension/constructor.h"
#include "neura/python/extension/errors.h"
#include "neura/python/extension/garbage.h"
#include "neura/python/extension/gil.h"
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

using OptimizerRef = std::shared_ptr<optim::Optimizer>;

// The C++ optimizer is kept by the schedule, the Python object by an attribute: the collector sees
// it.
template <typename Scheduler, typename... Arguments>
std::shared_ptr<Scheduler> MakeScheduler(const OptimizerRef& optimizer, Arguments&&... arguments) {
  return std::shared_ptr<Scheduler>(
      new Scheduler(*optimizer, std::forward<Arguments>(arguments)...),
      [optimizer](Scheduler* scheduler) { delete scheduler; });
}

template <typename Scheduler, typename... Bases>
SharedClass<Scheduler, Bases...> SchedulerClass(py::module_& m, const char* name) {
  return SharedClass<Scheduler, Bases...>(
      m, name, py::dynamic_attr(), py::custom_type_setup(GarbageCollected<NoReferences>::SetUp));
}

template <typename Scheduler, typename Options, typename... Bases>
SharedClass<Scheduler, Bases...> BindScheduler(py::module_& m, const char* name, size_t required,
                                               const char* doc) {
  const std::vector<Parameter> parameters =
      ParametersOfOptions(*OptionsTypeOf<Options>(name), required);
  NoteConstructor("optim.lr_scheduler", name, parameters, doc);
  auto bound = SchedulerClass<Scheduler, Bases...>(m, name);
  bound.def(py::init([name, parameters](const OptimizerRef& optimizer, const py::args& arguments,
                                        const py::kwargs& keywords) {
    return MakeScheduler<Scheduler>(optimizer,
                                    MakeOptions<Options>(name, parameters, arguments, keywords));
  }));
  return bound;
}

// A function of Python, called with or without the interpreter's lock.
std::vector<optim::LrLambda> Lambdas(const std::vector<py::object>& functions) {
  std::vector<optim::LrLambda> lambdas;
  for (const py::object& function : functions) {
    lambdas.push_back([shared = SharedCallable(function)](int64_t step) {
      const GilHeld held;
      const py::object factor = (*shared)(step);
      double value = 0;
      if (!FromPython(factor.ptr(), &value)) {
        ThrowTypeError(absl::StrCat("a schedule's function must return a number, not ",
                                    Py_TYPE(factor.ptr())->tp_name));
      }
      return value;
    });
  }
  return lambdas;
}

template <typename Scheduler>
void BindLambdas(py::module_& m, const char* name) {
  SchedulerClass<Scheduler, optim::LRScheduler>(m, name).def(
      py::init([](const OptimizerRef& optimizer, const std::vector<py::object>& functions) {
        return MakeScheduler<Scheduler>(optimizer, Lambdas(functions));
      }));
}

using SchedulerRefs = std::vector<std::shared_ptr<optim::LRScheduler>>;

void InitSchedulers(py::module_& m) {
  SchedulerClass<optim::LRScheduler>(m, "LRScheduler")
      .def("step", &optim::LRScheduler::Step)
      .def("get_last_lr", &optim::LRScheduler::GetLastLr)
      .def_property_readonly("last_epoch", &optim::LRScheduler::step_count)
      .def("_state_dict", &optim::LRScheduler::StateDict)
      .def("_load_state_dict", &optim::LRScheduler::LoadStateDict);
#define NEURA_SCHEDULE(Name, required, doc) \
  BindScheduler<optim::Name, optim::Name##Options, optim::LRScheduler>(m, #Name, required, doc);
#include "neura/optim/schedules.inc"
  BindLambdas<optim::LambdaLR>(m, "LambdaLR");
  BindLambdas<optim::MultiplicativeLR>(m, "MultiplicativeLR");
  SchedulerClass<optim::SequentialLR, optim::LRScheduler>(m, "SequentialLR")
      .def(py::init([](const OptimizerRef& optimizer, const SchedulerRefs& schedulers,
                       const std::vector<int64_t>& milestones) {
        return MakeScheduler<optim::SequentialLR>(optimizer, schedulers, milestones);
      }));
  SchedulerClass<optim::ChainedScheduler, optim::LRScheduler>(m, "ChainedScheduler")
      .def(py::init([](const OptimizerRef& optimizer, const SchedulerRefs& schedulers) {
        return MakeScheduler<optim::ChainedScheduler>(optimizer, schedulers);
      }));
  BindScheduler<optim::ReduceLROnPlateau, optim::ReduceLROnPlateauOptions>(
      m, "ReduceLROnPlateau", 0,
      "The rate times factor where what is measured has not become better for long")
      .def("_step", &optim::ReduceLROnPlateau::Step)
      .def("get_last_lr", &optim::ReduceLROnPlateau::GetLastLr)
      .def_property_readonly("last_epoch", &optim::ReduceLROnPlateau::step_count)
      .def_property_readonly("best", &optim::ReduceLROnPlateau::best)
      .def_property_readonly("num_bad_epochs", &optim::ReduceLROnPlateau::num_bad_epochs)
      .def_property_readonly("cooldown_counter", &optim::ReduceLROnPlateau::cooldown_counter)
      .def("_state_dict", &optim::ReduceLROnPlateau::StateDict)
      .def("_load_state_dict", &optim::ReduceLROnPlateau::LoadStateDict);
}

void InitLbfgs(py::module_& m) {
  const std::vector<Parameter> parameters =
      ParametersOfOptions(*OptionsTypeOf<optim::LbfgsOptions>("LBFGS"), 0);
  const auto options = [parameters](const py::kwargs& keywords) {
    return MakeOptions<optim::LbfgsOptions>("LBFGS", parameters, py::args(), keywords);
  };
  SharedClass<optim::LBFGS>(m, "_LBFGS", py::dynamic_attr(),
                            py::custom_type_setup(GarbageCollected<NoReferences>::SetUp))
      .def(py::init([options](const std::vector<Tensor>& params, const py::kwargs& keywords) {
        return std::make_shared<optim::LBFGS>(params, options(keywords));
      }))
      .def("_set_options",
           [options](optim::LBFGS& self, const py::kwargs& keywords) {
             self.set_options(options(keywords));
           })
      .def("_step",
           [](optim::LBFGS& self, const py::object& closure) {
             return self.Step([&closure] {
               const py::object loss = closure();
               if (!IsTensor(loss.ptr())) {
                 ThrowTypeError(
                     absl::StrCat("LBFGS: the closure must return the loss, a tensor, not ",
                                  Py_TYPE(loss.ptr())->tp_name));
               }
               return TensorOf(loss.ptr());
             });
           })
      .def("_state_dict", &optim::LBFGS::StateDict)
      .def("_load_state_dict", &optim::LBFGS::LoadStateDict);
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
      .def(
          "add_param_group",
          [](optim::Optimizer& self, const std::vector<Tensor>& params, const py::kwargs& options) {
            self.AddGroup({params, MakeOptions(self.row(), options)});
          })
      .def("_set_initial_lr", &optim::Optimizer::set_initial_lr)
      .def("step", &optim::Optimizer::Step, py::call_guard<GilReleased>())
      .def("zero_grad", &optim::Optimizer::ZeroGrad)
      .def("state_dict", &optim::Optimizer::StateDict)
      .def("load_state_dict", &optim::Optimizer::LoadStateDict);
  m.def("_optimizers", &DescribeOptimizers);
  InitSchedulers(m);
  InitLbfgs(m);
  m.def("clip_grad_norm", &optim::ClipGradNorm, py::call_guard<GilReleased>());
  m.def("clip_grad_value", &optim::ClipGradValue, py::call_guard<GilReleased>());
}

}  // namespace neura::python
