#include "neura/python/extension/python_distribution.h"

#include <pybind11/stl.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "neura/python/extension/callable.h"
#include "neura/python/extension/errors.h"
#include "neura/python/extension/gil.h"
#include "neura/python/extension/values.h"

namespace neura::python {
namespace {

namespace py = pybind11;
using distributions::Constraint;

using Held = std::shared_ptr<py::object>;

Tensor ToTensor(const py::object& result, const char* what) {
  if (!IsTensor(result.ptr())) {
    ThrowTypeError(std::string(what) + " must give a tensor, not " +
                   Py_TYPE(result.ptr())->tp_name);
  }
  return TensorOf(result.ptr());
}
py::tuple ToTuple(DimsView shape) { return py::reinterpret_steal<py::tuple>(ToPython(shape)); }
Dims ToDims(const py::object& shape) {
  Dims dims;
  for (const py::handle extent : shape) dims.push_back(extent.cast<int64_t>());
  return dims;
}

class OfPython final : public distributions::Distribution {
 public:
  explicit OfPython(const py::object& object)
      : Distribution(ToDims(object.attr("batch_shape")), ToDims(object.attr("event_shape")), false),
        name_(Py_TYPE(object.ptr())->tp_name),
        object_(SharedCallable(object)) {}

  std::string name() const override { return name_; }
  bool has_rsample() const override { return Flag("has_rsample"); }
  bool has_enumerate_support() const override { return Flag("has_enumerate_support"); }
  Constraint support() const override {
    const GilHeld held;
    return ToConstraint(object_->attr("support"));
  }
  Tensor RSample(DimsView sample_shape, Generator*) const override {
    const GilHeld held;
    return ToTensor(object_->attr("rsample")(ToTuple(sample_shape)), "rsample()");
  }
  Tensor Sample(DimsView sample_shape, Generator*) const override {
    const GilHeld held;
    return ToTensor(object_->attr("sample")(ToTuple(sample_shape)), "sample()");
  }
  Tensor LogProb(const Tensor& value) const override { return Of("log_prob", value); }
  Tensor Cdf(const Tensor& value) const override { return Of("cdf", value); }
  Tensor Icdf(const Tensor& value) const override { return Of("icdf", value); }
  Tensor Entropy() const override {
    const GilHeld held;
    return ToTensor(object_->attr("entropy")(), "entropy()");
  }
  Tensor Mean() const override { return Get("mean"); }
  Tensor Mode() const override { return Get("mode"); }
  Tensor Variance() const override { return Get("variance"); }
  Tensor StdDev() const override { return Get("stddev"); }
  Tensor EnumerateSupport(bool expand) const override {
    const GilHeld held;
    return ToTensor(object_->attr("enumerate_support")(expand), "enumerate_support()");
  }
  distributions::DistributionRef Expand(DimsView batch_shape) const override {
    const GilHeld held;
    return PythonDistribution(object_->attr("expand")(ToTuple(batch_shape)));
  }

 private:
  Tensor Of(const char* method, const Tensor& value) const {
    const GilHeld held;
    return ToTensor(object_->attr(method)(value), method);
  }
  Tensor Get(const char* property) const {
    const GilHeld held;
    return ToTensor(object_->attr(property), property);
  }
  bool Flag(const char* name) const {
    const GilHeld held;
    return object_->attr(name).cast<bool>();
  }

  const std::string name_;
  const Held object_;
};

class TransformOfPython final : public distributions::Transform {
 public:
  explicit TransformOfPython(const py::object& object)
      : name_(std::string(Py_TYPE(object.ptr())->tp_name) + "()"),
        object_(SharedCallable(object)) {}

  std::string ToString() const override { return name_; }
  Constraint domain() const override {
    const GilHeld held;
    return ToConstraint(object_->attr("domain"));
  }
  Constraint codomain() const override {
    const GilHeld held;
    return ToConstraint(object_->attr("codomain"));
  }
  bool bijective() const override {
    const GilHeld held;
    return object_->attr("bijective").cast<bool>();
  }
  Tensor Sign() const override {
    const GilHeld held;
    const py::object sign = object_->attr("sign");
    return IsTensor(sign.ptr()) ? TensorOf(sign.ptr()) : ScalarTensor(sign.cast<double>());
  }
  Tensor Call(const Tensor& x) const override {
    const GilHeld held;
    return ToTensor((*object_)(x), "a transform");
  }
  Tensor Inverse(const Tensor& y) const override {
    const GilHeld held;
    return ToTensor(object_->attr("_inv_call")(y), "_inverse()");
  }
  Tensor LogAbsDetJacobian(const Tensor& x, const Tensor& y) const override {
    const GilHeld held;
    return ToTensor(object_->attr("log_abs_det_jacobian")(x, y), "log_abs_det_jacobian()");
  }
  Dims ForwardShape(DimsView shape) const override {
    const GilHeld held;
    return ToDims(object_->attr("forward_shape")(ToTuple(shape)));
  }
  Dims InverseShape(DimsView shape) const override {
    const GilHeld held;
    return ToDims(object_->attr("inverse_shape")(ToTuple(shape)));
  }
  bool Equals(const Transform& other) const override {
    const auto* const own = dynamic_cast<const TransformOfPython*>(&other);
    if (own == nullptr) return false;
    const GilHeld held;
    return object_->equal(*own->object_);
  }

 private:
  const std::string name_;
  const Held object_;
};

}  // namespace

distributions::DistributionRef PythonDistribution(const py::object& object) {
  return std::make_shared<OfPython>(object);
}
distributions::TransformRef PythonTransform(const py::object& object) {
  return std::make_shared<TransformOfPython>(object);
}

Constraint ToConstraint(const py::object& object) {
  if (py::isinstance<Constraint>(object)) return object.cast<Constraint>();
  const py::object native = py::getattr(object, "_cpp", py::none());
  if (py::isinstance<Constraint>(native)) return native.cast<Constraint>();
  const Held held = SharedCallable(object);
  return {py::str(object).cast<std::string>(),
          [held](const Tensor& value) {
            const GilHeld gil;
            return ToTensor(held->attr("check")(value), "check()");
          },
          object.attr("event_dim").cast<int64_t>(), object.attr("is_discrete").cast<bool>()};
}

}  // namespace neura::python
