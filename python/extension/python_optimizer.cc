#include "neura/python/extension/python_optimizer.h"

#include "absl/strings/str_cat.h"
#include "neura/optim/named_state.h"
#include "neura/python/extension/errors.h"
#include "neura/python/extension/gil.h"
#include "neura/python/extension/python_state.h"
#include "neura/python/extension/values.h"
#include "neura/tensor/core/error.h"

namespace neura::python {
namespace {

namespace py = pybind11;

std::string NameOf(const py::object& object) { return Py_TYPE(object.ptr())->tp_name; }

double ToDouble(const std::string& owner, const char* key, const py::object& value) {
  double number = 0;
  if (!FromPython(value.ptr(), &number)) {
    ThrowTypeError(
        absl::StrCat(owner, ": ", key, " must be a number, not ", Py_TYPE(value.ptr())->tp_name));
  }
  return number;
}

}  // namespace

py::object Watched::operator()() const {
  py::object object = reference_();
  if (object.is_none()) ThrowFailedPrecondition("what C++ was to call in Python is gone");
  return object;
}

PythonOptimizer::PythonOptimizer(const py::object& object)
    : name_(NameOf(object)), object_(object) {}

py::object PythonOptimizer::Groups() const { return object_().attr("param_groups"); }
py::object PythonOptimizer::Group(size_t group) const { return Groups()[py::int_(group)]; }

void PythonOptimizer::Step() {
  const GilHeld held;
  object_().attr("step")();
}
size_t PythonOptimizer::num_groups() const {
  const GilHeld held;
  return py::len(Groups());
}
std::vector<Tensor> PythonOptimizer::params(size_t group) const {
  const GilHeld held;
  std::vector<Tensor> params;
  for (const py::handle param : Group(group)["params"]) {
    if (!IsTensor(param.ptr())) ThrowTypeError(absl::StrCat(name_, ": a parameter is no tensor"));
    params.push_back(TensorOf(param.ptr()));
  }
  return params;
}
double PythonOptimizer::lr(size_t group) const {
  const GilHeld held;
  return ToDouble(name_, "lr", Group(group)["lr"]);
}
void PythonOptimizer::set_lr(size_t group, double lr) {
  const GilHeld held;
  Group(group)["lr"] = py::float_(lr);
}
double PythonOptimizer::initial_lr(size_t group) {
  const GilHeld held;
  const py::object own = Group(group);
  return ToDouble(name_, "initial_lr", own.attr("setdefault")("initial_lr", own["lr"]));
}
void PythonOptimizer::set_initial_lr(size_t group, double lr) {
  const GilHeld held;
  Group(group)["initial_lr"] = py::float_(lr);
}
double PythonOptimizer::momentum(size_t group) const {
  const GilHeld held;
  const py::object own = Group(group);
  if (own.contains("momentum")) return ToDouble(name_, "momentum", own["momentum"]);
  if (!own.contains("betas")) ThrowInvalidArgument(absl::StrCat(name_, ": has no momentum"));
  return ToDouble(name_, "betas", own["betas"][py::int_(0)]);
}
void PythonOptimizer::set_momentum(size_t group, double momentum) {
  const GilHeld held;
  const py::object own = Group(group);
  if (own.contains("momentum")) {
    own["momentum"] = py::float_(momentum);
    return;
  }
  py::list betas(own["betas"]);
  betas[0] = py::float_(momentum);
  own["betas"] = py::tuple(betas);
}
NamedTensors PythonOptimizer::StateDict() const {
  const GilHeld held;
  return ToNamedTensors(object_().attr("state_dict")());
}
void PythonOptimizer::LoadStateDict(const NamedTensors& state) {
  const GilHeld held;
  const py::object of_python = FromNamedTensors(state);
  if (!of_python) {
    ThrowInvalidArgument(absl::StrCat(name_, ": the state is not that of an optimizer of Python"));
  }
  object_().attr("load_state_dict")(of_python);
}

PythonSchedule::PythonSchedule(optim::Optimizer& optimizer, const py::object& object)
    : LRScheduler(optimizer), name_(NameOf(object)), object_(object) {
  set_step_count(object.attr("last_epoch").cast<int64_t>());
}
void PythonSchedule::Step() {
  const GilHeld held;
  const py::object object = object_();
  object.attr("step")();
  set_step_count(object.attr("last_epoch").cast<int64_t>());
}
void PythonSchedule::Restart() {
  const GilHeld held;
  for (size_t g = 0; g < optimizer().num_groups(); ++g) {
    optimizer().set_lr(g, optimizer().initial_lr(g));
  }
  object_().attr("step")(0);
  set_step_count(0);
}
void PythonSchedule::LoadStateDict(const NamedTensors& state) {
  const GilHeld held;
  optim::internal::NamedState named(name_, state);
  const Common common = TakeCommon(named);
  named.CheckAllTaken();
  object_().attr("last_epoch") = common.step;
  set_step_count(common.step);
  SetRates(common.last_lr);
}

}  // namespace neura::python
