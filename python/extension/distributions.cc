#include "neura/python/extension/distributions.h"

#include <pybind11/stl.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "neura/distributions/distributions.h"
#include "neura/python/extension/errors.h"
#include "neura/python/extension/gil.h"
#include "neura/python/extension/python_distribution.h"
#include "neura/python/extension/shared_class.h"
#include "neura/python/extension/values.h"

namespace neura::python {
namespace {

namespace py = pybind11;
using distributions::Constraint;
using distributions::Distribution;
using distributions::RowDistribution;
using distributions::Transform;

// What computes lets go of the interpreter's lock.
const py::call_guard<GilReleased> kUnlocked;

// pybind11 holds what it shows without const; neither side changes it.
using DistributionHolder = std::shared_ptr<Distribution>;
using TransformHolder = std::shared_ptr<Transform>;
DistributionHolder Hold(const distributions::DistributionRef& distribution) {
  return std::const_pointer_cast<Distribution>(distribution);
}
TransformHolder Hold(const distributions::TransformRef& transform) {
  return std::const_pointer_cast<Transform>(transform);
}

Operand ToOperand(const char* owner, const py::handle& object) {
  Operand operand;
  if (!FromPython(object.ptr(), &operand)) {
    ThrowTypeError(absl::StrCat(owner, ": a parameter must be a number or a tensor, not ",
                                Py_TYPE(object.ptr())->tp_name));
  }
  return operand;
}
py::object ShapeOf(const Dims& shape) { return py::reinterpret_steal<py::object>(ToPython(shape)); }

// (name, what it is, [(parameter, constraint, default, whether it must be given)], support, whether
// it has rsample and enumerate_support, what else it derives)
py::list DescribeRows() {
  py::list rows;
  for (const distributions::DistributionRow& row : distributions::DistributionRows()) {
    py::list params;
    for (const distributions::ParamRow& param : row.params) {
      params.append(
          py::make_tuple(param.name, param.constraint, param.default_value, param.required));
    }
    rows.append(py::make_tuple(row.name, row.doc, params, row.support_name, row.rsample != nullptr,
                               row.enumerate_support != nullptr, row.derived_names));
  }
  return rows;
}

DistributionHolder Make(const std::string& name, const py::list& given,
                        std::optional<bool> validate_args) {
  const distributions::DistributionRow* const row = distributions::FindRow(name);
  if (row == nullptr) throw py::value_error("there is no distribution " + name);
  std::vector<std::optional<Operand>> params;
  for (const py::handle value : given) {
    params.push_back(value.is_none() ? std::nullopt
                                     : std::optional<Operand>(ToOperand(row->name, value)));
  }
  return std::make_shared<RowDistribution>(*row, params, validate_args);
}

std::vector<distributions::TransformRef> Refs(const std::vector<TransformHolder>& transforms) {
  return {transforms.begin(), transforms.end()};
}

std::vector<Constraint> Constraints(const py::list& parts) {
  std::vector<Constraint> constraints;
  for (const py::handle part : parts) {
    constraints.push_back(ToConstraint(py::reinterpret_borrow<py::object>(part)));
  }
  return constraints;
}

void InitConstraints(py::module_& m) {
  py::class_<Constraint>(m, "Constraint")
      .def("check", &Constraint::Check)
      .def_property_readonly("event_dim", &Constraint::event_dim)
      .def_property_readonly("is_discrete", &Constraint::is_discrete)
      .def_property_readonly("kind", &Constraint::kind)
      .def("__repr__", &Constraint::ToString);
  m.def("constraint", &distributions::NamedConstraint);
  const auto bounded = [&m](const char* name, Constraint (*make)(const Operand&)) {
    m.def(name, [name, make](const py::object& bound) { return make(ToOperand(name, bound)); });
  };
  const auto between = [&m](const char* name, Constraint (*make)(const Operand&, const Operand&)) {
    m.def(name, [name, make](const py::object& lower, const py::object& upper) {
      return make(ToOperand(name, lower), ToOperand(name, upper));
    });
  };
  bounded("greater_than", &distributions::GreaterThanConstraint);
  bounded("greater_than_eq", &distributions::GreaterThanEqConstraint);
  bounded("less_than", &distributions::LessThanConstraint);
  bounded("multinomial", &distributions::MultinomialConstraint);
  between("interval", &distributions::IntervalConstraint);
  between("half_open_interval", &distributions::HalfOpenIntervalConstraint);
  between("integer_interval", &distributions::IntegerIntervalConstraint);
  m.def("cat_constraint",
        [](const py::list& parts, int64_t dim, const std::vector<int64_t>& lengths) {
          return distributions::CatConstraint(Constraints(parts), dim,
                                              Dims(lengths.begin(), lengths.end()));
        });
  m.def("stack_constraint", [](const py::list& parts, int64_t dim) {
    return distributions::StackConstraint(Constraints(parts), dim);
  });
  m.def("biject_to", [](const py::object& constraint) {
    return Hold(distributions::BijectTo(ToConstraint(constraint)));
  });
  m.def("transform_to", [](const py::object& constraint) {
    return Hold(distributions::TransformTo(ToConstraint(constraint)));
  });
  m.def("independent_constraint", [](const py::object& base, int64_t count) {
    return distributions::IndependentConstraint(ToConstraint(base), count);
  });
}

void InitDistributionTransforms(py::module_& m) {
  SharedClass<Transform>(m, "Transform")
      .def("__call__", &Transform::Call, kUnlocked)
      .def("inverse", &Transform::Inverse, kUnlocked)
      .def("log_abs_det_jacobian", &Transform::LogAbsDetJacobian, kUnlocked)
      .def("forward_shape",
           [](const Transform& self, const std::vector<int64_t>& shape) {
             return ShapeOf(self.ForwardShape(shape));
           })
      .def("inverse_shape",
           [](const Transform& self, const std::vector<int64_t>& shape) {
             return ShapeOf(self.InverseShape(shape));
           })
      .def_property_readonly("bijective", &Transform::bijective)
      .def_property_readonly("sign", &Transform::Sign)
      .def_property_readonly("domain", &Transform::domain)
      .def_property_readonly("codomain", &Transform::codomain)
      .def("equals", &Transform::Equals)
      .def_property_readonly("parts",
                             [](const Transform& self) {
                               std::vector<TransformHolder> parts;
                               for (const auto& part : self.parts()) parts.push_back(Hold(part));
                               return parts;
                             })
      .def_property_readonly(
          "numbers",
          [](const Transform& self) {
            py::list numbers;
            for (const Operand& number : self.numbers()) {
              numbers.append(py::reinterpret_steal<py::object>(
                  number.is_tensor ? ToPython(number.tensor) : ToPython(number.scalar)));
            }
            return numbers;
          })
      .def("__repr__", &Transform::ToString);
  const auto simple = [&m](const char* name, distributions::TransformRef (*make)()) {
    m.def(name, [make] { return Hold(make()); });
  };
  simple("exp_transform", &distributions::ExpTransform);
  simple("sigmoid_transform", &distributions::SigmoidTransform);
  simple("tanh_transform", &distributions::TanhTransform);
  simple("softplus_transform", &distributions::SoftplusTransform);
  simple("abs_transform", &distributions::AbsTransform);
  simple("softmax_transform", &distributions::SoftmaxTransform);
  simple("stick_breaking_transform", &distributions::StickBreakingTransform);
  simple("lower_cholesky_transform", &distributions::LowerCholeskyTransform);
  simple("corr_cholesky_transform", &distributions::CorrCholeskyTransform);
  m.def("cat_transform", [](const std::vector<TransformHolder>& parts, int64_t dim,
                            const std::vector<int64_t>& lengths) {
    return Hold(
        distributions::CatTransform(Refs(parts), dim, Dims(lengths.begin(), lengths.end())));
  });
  m.def("stack_transform", [](const std::vector<TransformHolder>& parts, int64_t dim) {
    return Hold(distributions::StackTransform(Refs(parts), dim));
  });
  m.def("cumulative_transform", [](const DistributionHolder& distribution) {
    return Hold(distributions::CumulativeDistributionTransform(distribution));
  });
  m.def("power_transform", [](const py::object& exponent) {
    return Hold(distributions::PowerTransform(ToOperand("PowerTransform", exponent)));
  });
  m.def("affine_transform", [](const py::object& loc, const py::object& scale, int64_t event_dim) {
    return Hold(distributions::AffineTransform(ToOperand("AffineTransform", loc),
                                               ToOperand("AffineTransform", scale), event_dim));
  });
  m.def("reshape_transform", [](const std::vector<int64_t>& in, const std::vector<int64_t>& out) {
    return Hold(
        distributions::ReshapeTransform(Dims(in.begin(), in.end()), Dims(out.begin(), out.end())));
  });
  m.def("compose_transform", [](const std::vector<TransformHolder>& parts) {
    return Hold(distributions::ComposeTransform(Refs(parts)));
  });
  m.def("independent_transform", [](const TransformHolder& base, int64_t count) {
    return Hold(distributions::IndependentTransform(base, count));
  });
  m.def("cached_transform",
        [](const TransformHolder& base) { return Hold(distributions::CachedTransform(base)); });
  m.def("inverse_transform",
        [](const TransformHolder& base) { return Hold(distributions::InverseTransform(base)); });
  m.def("python_transform", [](const py::object& object) { return Hold(PythonTransform(object)); });
}

}  // namespace

void InitDistributions(py::module_& parent) {
  py::module_ m = parent.def_submodule("distributions");
  InitConstraints(m);
  InitDistributionTransforms(m);
  SharedClass<Distribution>(m, "Distribution")
      .def_property_readonly("name", &Distribution::name)
      .def_property_readonly("batch_shape",
                             [](const Distribution& self) { return ShapeOf(self.batch_shape()); })
      .def_property_readonly("event_shape",
                             [](const Distribution& self) { return ShapeOf(self.event_shape()); })
      .def_property_readonly("has_rsample", &Distribution::has_rsample)
      .def_property_readonly("has_enumerate_support", &Distribution::has_enumerate_support)
      .def_property_readonly("support", &Distribution::support)
      .def_property_readonly("validates", &Distribution::validates)
      .def("rsample", [](const Distribution& self,
                         const std::vector<int64_t>& shape) { return self.RSample(shape); })
      .def("sample", [](const Distribution& self,
                        const std::vector<int64_t>& shape) { return self.Sample(shape); })
      .def("log_prob", &Distribution::LogProb, kUnlocked)
      .def("cdf", &Distribution::Cdf, kUnlocked)
      .def("icdf", &Distribution::Icdf, kUnlocked)
      .def("entropy", &Distribution::Entropy, kUnlocked)
      .def_property_readonly("mean", &Distribution::Mean)
      .def_property_readonly("mode", &Distribution::Mode)
      .def_property_readonly("variance", &Distribution::Variance)
      .def_property_readonly("stddev", &Distribution::StdDev)
      .def("enumerate_support", &Distribution::EnumerateSupport, kUnlocked)
      .def("validate_sample", &Distribution::ValidateSample, kUnlocked)
      .def("expand", [](const Distribution& self,
                        const std::vector<int64_t>& shape) { return Hold(self.Expand(shape)); })
      .def("param",
           [](const Distribution& self, const std::string& name) {
             return dynamic_cast<const RowDistribution&>(self).param(name);
           })
      .def("__repr__", &Distribution::ToString);
  m.def("rows", &DescribeRows);
  m.def("make", &Make);
  m.def("independent",
        [](const DistributionHolder& base, int64_t count,
           std::optional<bool> validate_args) -> DistributionHolder {
          return std::make_shared<distributions::Independent>(base, count, validate_args);
        });
  m.def("mixture",
        [](const DistributionHolder& mixture, const DistributionHolder& component,
           std::optional<bool> validate_args) -> DistributionHolder {
          return std::make_shared<distributions::MixtureSameFamily>(mixture, component,
                                                                    validate_args);
        });
  m.def("transformed",
        [](const DistributionHolder& base, const std::vector<TransformHolder>& transforms,
           std::optional<bool> validate_args) -> DistributionHolder {
          return std::make_shared<distributions::TransformedDistribution>(base, Refs(transforms),
                                                                          validate_args);
        });
  m.def("python", [](const py::object& object) { return Hold(PythonDistribution(object)); });
  m.def("kl", &distributions::KlDivergence, kUnlocked);
  m.def("set_default_validate_args", &distributions::SetDefaultValidateArgs);
  m.def("default_validate_args", &distributions::DefaultValidateArgs);
}

}  // namespace neura::python
