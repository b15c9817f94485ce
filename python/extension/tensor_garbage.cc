#include "neura/python/extension/tensor_garbage.h"

#include <atomic>
#include <map>
#include <new>
#include <string>
#include <utility>

#include "neura/autograd/owned.h"
#include "neura/python/extension/autograd.h"
#include "neura/python/extension/errors.h"
#include "neura/python/extension/gil.h"
#include "neura/python/extension/values.h"

namespace neura::python {
namespace {

namespace py = pybind11;

// Where there are none, tensors need not be looked at.
std::atomic<int64_t> g_callables{0};

struct Decision {
  autograd::Owned owned;  // kept until the end of the collection
  std::vector<PyObject*> objects;
};
using Place = std::pair<const void*, const TensorImpl*>;

// Under the interpreter's lock, which a collection holds to its end.
struct Collection {
  bool running = false;
  std::map<Place, Decision> decisions;
};
Collection& Current() {
  static auto* const collection = new Collection();
  return *collection;
}

Decision Decide(const TensorImpl& tensor, uint32_t owners) {
  Decision decision{autograd::OwnedBy(tensor, owners), {}};
  const auto add = [&](const AutogradCallable& callable) {
    if (callable.sole()) decision.objects.push_back((*callable).ptr());
  };
  for (const auto& list : decision.owned.hooks) {
    for (const autograd::Hook& hook : list->hooks()) {
      if (const auto* const of_python = hook.target<PythonHook>()) add(of_python->hook);
    }
  }
  if (decision.owned.function != nullptr) {
    const auto* const of_python = decision.owned.function->target<PythonBackward>();
    if (of_python != nullptr) add(of_python->backward);
  }
  if (decision.objects.empty()) decision.owned = {};
  return decision;
}

void OnCollection(const std::string& phase, const py::object&) {
  Collection& current = Current();
  current.running = phase == "start";
  // What is let go may run Python code, and so another collection.
  const auto gone = std::exchange(current.decisions, {});
}

}  // namespace

AutogradCallable::AutogradCallable(const py::object& callable)
    : callable_(new py::object(callable), [](py::object* object) {
        const GilHeld held;
        g_callables.fetch_sub(1, std::memory_order_relaxed);
        delete object;
      }) {
  g_callables.fetch_add(1, std::memory_order_relaxed);
}

Tensor PythonHook::operator()(const Tensor& grad) const {
  const GilHeld held;
  const py::object replaced = CallPython(*hook, py::make_tuple(grad));
  Tensor result;
  if (!replaced.is_none() && !FromPython(replaced.ptr(), &result)) {
    ThrowTypeError("a hook must return a Tensor or None");
  }
  return result;
}

std::vector<Tensor> PythonBackward::operator()(const std::vector<Tensor>& grads) const {
  const GilHeld held;
  const auto arguments = py::reinterpret_steal<py::tuple>(ToPython(grads));
  return TensorsOf(CallPython(*backward, arguments), "Function.backward()");
}

bool TensorsOwnPython() {
  return Current().running && g_callables.load(std::memory_order_relaxed) != 0;
}

void VisitOwned(const void* owner, const TensorImpl& tensor, uint32_t owners,
                absl::FunctionRef<void(PyObject*)> visit) {
  if (tensor.extensions.load(std::memory_order_relaxed) == nullptr || !TensorsOwnPython()) return;
  try {
    const auto [it, inserted] = Current().decisions.try_emplace(Place(owner, &tensor));
    if (inserted) it->second = Decide(tensor, owners);
    for (PyObject* const object : it->second.objects) visit(object);
  } catch (const std::bad_alloc&) {
    // What cannot be decided owns nothing in this collection.
  }
}

void ClearOwned(const void* owner, const TensorImpl& tensor) {
  const auto& decisions = Current().decisions;
  const auto found = decisions.find(Place(owner, &tensor));
  if (found != decisions.end() && !found->second.objects.empty()) autograd::Forget(tensor);
}

void InitTensorGarbage() {
  Current();  // made where a lack of memory can be told
  const py::object callbacks = py::module_::import("gc").attr("callbacks");
  callbacks.attr("append")(py::cpp_function(OnCollection));
}

}  // namespace neura::python
