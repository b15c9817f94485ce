#include "neura/python/extension/schedules.h"

#include <pybind11/stl.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "neura/optim/schedulers.h"
#include "neura/python/extension/callable.h"
#include "neura/python/extension/constructor.h"
#include "neura/python/extension/errors.h"
#include "neura/python/extension/gil.h"
#include "neura/python/extension/python_optimizer.h"
#include "neura/python/extension/shared_class.h"
#include "neura/python/extension/values.h"

namespace neura::python {
namespace {

namespace py = pybind11;

using OptimizerRef = std::shared_ptr<optim::Optimizer>;
using SchedulerRefs = std::vector<std::shared_ptr<optim::LRScheduler>>;

// The schedule keeps its optimizer.
template <typename Scheduler, typename... Arguments>
std::shared_ptr<Scheduler> MakeScheduler(const OptimizerRef& optimizer, Arguments&&... arguments) {
  return std::shared_ptr<Scheduler>(
      new Scheduler(*optimizer, std::forward<Arguments>(arguments)...),
      [optimizer](Scheduler* scheduler) { delete scheduler; });
}

// The number that a function of Python gives, called with or without the interpreter's lock.
template <typename Argument>
auto NumberOf(const py::object& function) {
  return [shared = SharedCallable(function)](Argument argument) {
    const GilHeld held;
    const py::object result = (*shared)(argument);
    double value = 0;
    if (!FromPython(result.ptr(), &value)) {
      ThrowTypeError(absl::StrCat("a schedule's function must return a number, not ",
                                  Py_TYPE(result.ptr())->tp_name));
    }
    return value;
  };
}

// Options from dicts of Python, one for all groups or one for each.
template <typename Options>
class OptionsReader {
 public:
  OptionsReader(const char* name, size_t required)
      : name_(name), parameters_(ParametersOfOptions(*OptionsTypeOf<Options>(name), required)) {}
  const std::vector<Parameter>& parameters() const { return parameters_; }

  Options One(py::dict given) const {
    given = given.attr("copy")();
    Options made;
    if constexpr (requires { made.scale_fn; }) {
      const py::object function = given.attr("pop")("scale_fn", py::none());
      made = Read(given);
      if (!function.is_none()) made.scale_fn = NumberOf<double>(function);
    } else {
      made = Read(given);
    }
    return made;
  }
  std::vector<Options> All(const std::vector<py::dict>& given) const {
    std::vector<Options> options;
    for (const py::dict& own : given) options.push_back(One(own));
    return options;
  }

 private:
  Options Read(const py::dict& given) const {
    return MakeOptions<Options>(name_, parameters_, py::args(),
                                py::reinterpret_borrow<py::kwargs>(given));
  }

  const char* name_;
  std::vector<Parameter> parameters_;
};

template <typename Options>
py::dict ToDict(const Options& options) {
  return OptionsToDict(*OptionsTypeOf<Options>(""), &options);
}

template <typename Scheduler, typename Options>
void BindRow(py::module_& m, const char* name, size_t required, const char* doc) {
  const OptionsReader<Options> read(name, required);
  NoteConstructor("optim.lr_scheduler", name, read.parameters(), doc);
  SharedClass<Scheduler, optim::RateSchedule>(m, name)
      .def(py::init([read](const OptimizerRef& optimizer, const std::vector<py::dict>& options) {
        return MakeScheduler<Scheduler>(optimizer, read.All(options));
      }))
      .def("options",
           [](const Scheduler& self) {
             py::list list;
             for (const Options& options : self.options()) list.append(ToDict(options));
             return list;
           })
      .def("set_options", [read](Scheduler& self, const std::vector<py::dict>& options) {
        self.set_options(read.All(options));
      });
}

template <typename Scheduler, typename Base>
void BindLambdas(py::module_& m, const char* name) {
  SharedClass<Scheduler, Base>(m, name).def(
      py::init([](const OptimizerRef& optimizer, const std::vector<py::object>& functions) {
        std::vector<optim::LrLambda> lambdas;
        for (const py::object& function : functions) {
          lambdas.push_back(NumberOf<int64_t>(function));
        }
        return MakeScheduler<Scheduler>(optimizer, std::move(lambdas));
      }));
}

void BindPlateau(py::module_& m) {
  using Plateau = optim::ReduceLROnPlateau;
  const OptionsReader<optim::ReduceLROnPlateauOptions> read("ReduceLROnPlateau", 0);
  NoteConstructor("optim.lr_scheduler", "ReduceLROnPlateau", read.parameters(),
                  "The rate times factor where what is measured has not become better for long");
  SharedClass<Plateau>(m, "ReduceLROnPlateau")
      .def(py::init([read](const OptimizerRef& optimizer, const py::dict& options,
                           std::vector<double> min_lrs) {
        return MakeScheduler<Plateau>(optimizer, read.One(options), std::move(min_lrs));
      }))
      .def("step", [](Plateau& self, double metric) { self.Step(metric); })
      .def("get_last_lr", &Plateau::GetLastLr)
      .def_property("step_count", &Plateau::step_count, &Plateau::set_step_count)
      .def_property_readonly("best", &Plateau::best)
      .def_property_readonly("num_bad_epochs", &Plateau::num_bad_epochs)
      .def_property_readonly("cooldown_counter", &Plateau::cooldown_counter)
      .def_property_readonly("min_lrs", &Plateau::min_lrs)
      .def("options", [](const Plateau& self) { return ToDict(self.options()); })
      .def("set_options",
           [read](Plateau& self, const py::dict& options, std::vector<double> min_lrs) {
             self.set_options(read.One(options), std::move(min_lrs));
           })
      .def("set_state", [](Plateau& self, int64_t step, double best, int64_t num_bad_epochs,
                           int64_t cooldown_counter) {
        self.set_state({step, best, num_bad_epochs, cooldown_counter});
      });
}

}  // namespace

void InitSchedules(py::module_& m) {
  SharedClass<optim::LRScheduler>(m, "LRScheduler")
      .def("step", &optim::LRScheduler::Step)
      .def("step_to", &optim::LRScheduler::StepTo)
      .def("get_last_lr", &optim::LRScheduler::GetLastLr)
      .def_property("step_count", &optim::LRScheduler::step_count,
                    &optim::LRScheduler::set_step_count);
  SharedClass<optim::RateSchedule, optim::LRScheduler>(m, "RateSchedule")
      .def_property_readonly("base_lrs", &optim::RateSchedule::base_lrs)
      .def("rates", &optim::RateSchedule::Rates)
      .def("restore", &optim::RateSchedule::Restore);
#define NEURA_SCHEDULE(Name, required, doc) \
  BindRow<optim::Name, optim::Name##Options>(m, #Name, required, doc);
#include "neura/optim/schedules.inc"
  BindLambdas<optim::LambdaLR, optim::RateSchedule>(m, "LambdaLR");
  BindLambdas<optim::MultiplicativeLR, optim::LRScheduler>(m, "MultiplicativeLR");
  SharedClass<optim::SequentialLR, optim::LRScheduler>(m, "SequentialLR")
      .def(py::init([](const OptimizerRef& optimizer, const SchedulerRefs& schedulers,
                       const std::vector<int64_t>& milestones) {
        return MakeScheduler<optim::SequentialLR>(optimizer, schedulers, milestones);
      }));
  SharedClass<optim::ChainedScheduler, optim::LRScheduler>(m, "ChainedScheduler")
      .def(py::init([](const OptimizerRef& optimizer, const SchedulerRefs& schedulers) {
        return MakeScheduler<optim::ChainedScheduler>(optimizer, schedulers);
      }));
  SharedClass<PythonSchedule, optim::LRScheduler>(m, "PythonSchedule")
      .def(py::init([](const OptimizerRef& optimizer, const py::object& schedule) {
        return MakeScheduler<PythonSchedule>(optimizer, schedule);
      }));
  BindPlateau(m);
}

}  // namespace neura::python
