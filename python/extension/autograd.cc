#include "neura/python/extension/autograd.h"

#include <pybind11/stl.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "neura/autograd/anomaly.h"
#include "neura/autograd/autograd.h"
#include "neura/autograd/function.h"
#include "neura/autograd/gradcheck.h"
#include "neura/python/extension/errors.h"
#include "neura/python/extension/gil.h"
#include "neura/python/extension/tensor_garbage.h"
#include "neura/python/extension/values.h"
#include "neura/tensor/ops/autocast.h"
#include "neura/tensor/tensor.h"

namespace neura::python {
namespace {

namespace py = pybind11;

py::object Grad(const py::object& outputs, const py::object& inputs, const py::object& grad_outputs,
                bool retain_graph, bool create_graph, bool allow_unused) {
  const std::vector<Tensor> from = TensorsOf(outputs, "grad(): outputs");
  const std::vector<Tensor> to = TensorsOf(inputs, "grad(): inputs");
  GradOptions options{
      .retain_graph = retain_graph, .create_graph = create_graph, .allow_unused = allow_unused};
  if (!grad_outputs.is_none()) {
    options.grad_outputs = TensorsOf(grad_outputs, "grad(): grad_outputs");
  }
  return py::reinterpret_steal<py::object>(
      ToPython(WithoutGil([&] { return neura::Grad(from, to, options); })));
}

void Backward(const py::object& tensors, const py::object& gradients, bool retain_graph,
              bool create_graph, const py::object& inputs) {
  const std::vector<Tensor> from = TensorsOf(tensors, "backward(): tensors");
  const std::vector<Tensor> grads = TensorsOf(gradients, "backward(): gradients");
  const BackwardOptions options{.retain_graph = retain_graph,
                                .create_graph = create_graph,
                                .inputs = TensorsOf(inputs, "backward(): inputs")};
  WithoutGil([&] { neura::Backward(from, grads, options); });
}

// Records a step whose gradient a Python callable computes: it gets one tensor or None for each
// output, and returns a sequence of one for each input.
void RecordPythonFunction(const std::string& name, const py::object& inputs,
                          const py::object& outputs, const py::object& backward) {
  autograd::RecordFunction(name.c_str(), TensorsOf(inputs, "Function: inputs"),
                           TensorsOf(outputs, "Function: outputs"),
                           PythonBackward{AutogradCallable(backward)});
}

// The stack of Python, as a traceback shows it, innermost call last.
std::string StackOfPython() {
  const GilHeld held;
  const py::object stack = py::module_::import("traceback").attr("format_stack")();
  return "\n" + py::str("").attr("join")(stack).cast<std::string>();
}

class GradcheckError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Gradients, or with `second` their own gradients, against differences; throws GradcheckError with
// what differs.
bool Check(const py::object& function, const py::object& inputs, double eps, double atol,
           double rtol, bool second) {
  const auto call = [&function](const std::vector<Tensor>& tensors) {
    const auto arguments = py::reinterpret_steal<py::tuple>(ToPython(tensors));
    const py::object result = function(*arguments);
    return TensorsOf(IsTensor(result.ptr()) ? py::make_tuple(result) : result, "gradcheck");
  };
  const std::vector<Tensor> tensors = TensorsOf(inputs, "gradcheck: inputs");
  const autograd::GradCheckOptions options{.eps = eps, .atol = atol, .rtol = rtol};
  const std::string problem = second ? autograd::GradGradCheck(call, tensors, options)
                                     : autograd::GradCheck(call, tensors, options);
  if (!problem.empty()) throw GradcheckError("gradcheck: " + problem);
  return true;
}

}  // namespace

std::vector<Tensor> TensorsOf(const py::object& objects, const char* what) {
  std::vector<Tensor> tensors;
  for (const py::handle item : objects) {
    if (item.is_none()) {
      tensors.emplace_back();
    } else if (IsTensor(item.ptr())) {
      tensors.push_back(TensorOf(item.ptr()));
    } else {
      ThrowTypeError(std::string(what) + ": expected a Tensor or None, got " +
                     Py_TYPE(item.ptr())->tp_name);
    }
  }
  return tensors;
}

namespace {

// An AutocastMode that Python ends. One that is never ended, and collected on another thread, is
// left to the thread whose operations it watches.
class AutocastScope {
 public:
  AutocastScope(const std::string& device, const std::optional<DType>& dtype, bool enabled,
                const std::optional<bool>& cache_enabled)
      : mode_(std::make_unique<AutocastMode>(DeviceOf(device),
                                             AutocastOptions{dtype, enabled, cache_enabled})) {}
  ~AutocastScope() {
    if (std::this_thread::get_id() != thread_) static_cast<void>(mode_.release());
  }
  void Close() {
    if (std::this_thread::get_id() != thread_) {
      ThrowFailedPrecondition("autocast: a scope ends on the thread that has entered it");
    }
    mode_.reset();
  }

  static DeviceType DeviceOf(const std::string& name) {
    return name == "cuda" ? DeviceType::kCuda : DeviceType::kCpu;
  }

 private:
  const std::thread::id thread_ = std::this_thread::get_id();
  std::unique_ptr<AutocastMode> mode_;
};

DType DTypeOfObject(const py::object& object) {
  DType dtype;
  if (FromPython(object.ptr(), &dtype)) return dtype;
  ThrowTypeError(std::string("autocast: a dtype is expected, not ") +
                 Py_TYPE(object.ptr())->tp_name);
}

void InitAutocast(py::module_ m) {
  py::class_<AutocastScope>(m, "Scope")
      .def(py::init([](const std::string& device, const py::object& dtype, bool enabled,
                       const std::optional<bool>& cache_enabled) {
        std::optional<DType> wanted;
        if (!dtype.is_none()) wanted = DTypeOfObject(dtype);
        return std::make_unique<AutocastScope>(device, wanted, enabled, cache_enabled);
      }))
      .def("close", &AutocastScope::Close);
  m.def("enabled",
        [](const std::string& device) { return AutocastEnabled(AutocastScope::DeviceOf(device)); });
  m.def("dtype", [](const std::string& device) {
    return py::reinterpret_steal<py::object>(
        ToPython(AutocastDType(AutocastScope::DeviceOf(device))));
  });
  m.def("set_dtype", [](const std::string& device, const py::object& dtype) {
    SetAutocastDType(AutocastScope::DeviceOf(device), DTypeOfObject(dtype));
  });
  m.def("cache_enabled", &AutocastCacheEnabled);
  m.def("set_cache_enabled", &SetAutocastCacheEnabled);
  m.def("clear_cache", &ClearAutocastCache);
}

}  // namespace

void InitAutograd(py::module_& m) {
  InitAutocast(m.def_submodule("_autocast"));
  m.def("is_grad_enabled", &GradEnabled);
  m.def("_set_grad_enabled", &SetGradEnabled);
  m.def("is_inference_mode_enabled", &InferenceModeEnabled);
  m.def("_set_inference_mode", &SetInferenceModeEnabled);
  m.def("is_anomaly_enabled", [] { return GetAnomalyMode() != AnomalyMode::kOff; });
  // Returns what it was.
  m.def("_set_anomaly", [](bool enabled, bool check) {
    const AnomalyMode previous = SetAnomalyMode(!enabled ? AnomalyMode::kOff
                                                : check  ? AnomalyMode::kCheck
                                                         : AnomalyMode::kTrace);
    return py::make_tuple(previous != AnomalyMode::kOff, previous == AnomalyMode::kCheck);
  });
  autograd::InstallWhere(&StackOfPython);
  m.def("_grad", &Grad);
  m.def("_backward", &Backward);
  m.def("_register_accumulation_hook", [](const Tensor& leaf, const py::object& hook) {
    autograd::RegisterAccumulationHook(leaf, PythonHook{AutogradCallable(hook)});
  });
  m.def("_queue_callback", [](const py::object& callback) {
    autograd::OnBackwardEnd([callback = AutogradCallable(callback)] {
      const GilHeld held;
      CallPython(*callback, py::tuple());
    });
  });
  py::register_exception<GradcheckError>(m, "GradcheckError", PyExc_RuntimeError);
  m.def("_gradcheck", &Check);
  m.def("_record_function", &RecordPythonFunction);
  m.def("_detach", &Detach);
}

}  // namespace neura::python
