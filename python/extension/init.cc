#include "neura/python/extension/init.h"

#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "neura/nn/init.h"
#include "neura/python/extension/binder.h"
#include "neura/tensor/random/generator.h"

namespace neura::python {
namespace {

namespace py = pybind11;

// The tensor's own object comes back.
template <typename F>
py::object Overwrite(const py::object& tensor, F fill) {
  if (!IsTensor(tensor.ptr())) {
    ThrowTypeError(absl::StrCat("an initializer: argument 'tensor' must be Tensor, not ",
                                Py_TYPE(tensor.ptr())->tp_name));
  }
  WithoutGil([&] { fill(TensorOf(tensor.ptr())); });
  return tensor;
}

template <Tensor (*fill)(const Tensor&, const nn::init::KaimingOptions&)>
py::object Kaiming(const py::object& tensor, double a, const std::string& mode,
                   const std::string& nonlinearity, Generator* generator) {
  if (IsTensor(tensor.ptr()) && TensorOf(tensor.ptr()).numel() == 0 &&
      PyErr_WarnEx(PyExc_UserWarning, "Initializing zero-element tensors is a no-op", 1) < 0) {
    throw py::error_already_set();
  }
  return Overwrite(tensor, [&](const Tensor& t) {
    fill(t, {.a = a, .mode = mode, .nonlinearity = nonlinearity, .generator = generator});
  });
}

template <Tensor (*fill)(const Tensor&, double, Generator*)>
py::object Scaled(const py::object& tensor, double gain, Generator* generator) {
  return Overwrite(tensor, [&](const Tensor& t) { fill(t, gain, generator); });
}

template <Tensor (*fill)(const Tensor&, double, double, Generator*)>
py::object Draw(const py::object& tensor, double a, double b, Generator* generator) {
  return Overwrite(tensor, [&](const Tensor& t) { fill(t, a, b, generator); });
}

}  // namespace

void InitNnInit(py::module_& parent) {
  py::module_ m = parent.def_submodule("nn_init");
  const Binder bind(m, "nn.init");
  bind(
      "calculate_gain", "nonlinearity, param=None",
      "By how much an activation shrinks what passes through it; param is the slope of leaky_relu, "
      "else 0.01",
      NEURA_FN((const std::string& nonlinearity, const std::optional<double>& param),
               { return nn::init::CalculateGain(nonlinearity, param.value_or(0.01)); }));
  bind("uniform_", "tensor, a=0.0, b=1.0, generator=None", "Uniform in [a, b)",
       &Draw<nn::init::Uniform>, "Tensor");
  bind("normal_", "tensor, mean=0.0, std=1.0, generator=None", "Normal", &Draw<nn::init::Normal>,
       "Tensor");
  bind("constant_", "tensor, val", "One value",
       NEURA_FN(
           (const py::object& tensor, const Scalar& value),
           { return Overwrite(tensor, [&](const Tensor& t) { nn::init::Constant(t, value); }); }),
       "Tensor");
  bind("xavier_uniform_", "tensor, gain=1.0, generator=None", "Glorot and Bengio, 2010, uniform",
       &Scaled<nn::init::XavierUniform>, "Tensor");
  bind("xavier_normal_", "tensor, gain=1.0, generator=None", "Glorot and Bengio, 2010, normal",
       &Scaled<nn::init::XavierNormal>, "Tensor");
  bind("kaiming_uniform_", "tensor, a=0, mode='fan_in', nonlinearity='leaky_relu', generator=None",
       "He et al., 2015 (arXiv:1502.01852), uniform", &Kaiming<nn::init::KaimingUniform>, "Tensor");
  bind("kaiming_normal_", "tensor, a=0, mode='fan_in', nonlinearity='leaky_relu', generator=None",
       "He et al., 2015 (arXiv:1502.01852), normal", &Kaiming<nn::init::KaimingNormal>, "Tensor");
  bind("trunc_normal_", "tensor, mean=0.0, std=1.0, a=-2.0, b=2.0, generator=None",
       "The part of a normal distribution from a to b",
       NEURA_FN((const py::object& tensor, double mean, double std, double a, double b,
                 Generator* generator),
                {
                  return Overwrite(tensor, [&](const Tensor& t) {
                    nn::init::TruncNormal(
                        t, {.mean = mean, .std = std, .a = a, .b = b, .generator = generator});
                  });
                }),
       "Tensor");
  bind("orthogonal_", "tensor, gain=1.0, generator=None",
       "Orthogonal rows or columns of [out, in * kernel...] (Saxe et al., 2014)",
       &Scaled<nn::init::Orthogonal>, "Tensor");
  bind("sparse_", "tensor, sparsity, std=0.01, generator=None",
       "A matrix with a part of each column zero and else normal elements (Martens, 2010)",
       &Draw<nn::init::Sparse>, "Tensor");
  bind("eye_", "tensor", "Ones on the diagonal of a matrix, zeros elsewhere",
       NEURA_FN((const py::object& tensor),
                { return Overwrite(tensor, [](const Tensor& t) { nn::init::Eye(t); }); }),
       "Tensor");
  bind(
      "dirac_", "tensor, groups=1",
      "The weight of a convolution that passes on as many channels of each group as there are",
      NEURA_FN((const py::object& tensor, int64_t groups),
               { return Overwrite(tensor, [&](const Tensor& t) { nn::init::Dirac(t, groups); }); }),
      "Tensor");
}

}  // namespace neura::python
