// Tensors from nothing, under PyTorch's signatures.
#include "neura/python/extension/factories.h"

#include <algorithm>
#include <optional>
#include <random>

#include "absl/strings/str_cat.h"
#include "neura/autograd/autograd.h"
#include "neura/python/extension/binder.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/random/generator.h"
#include "neura/tensor/tensor.h"

namespace neura::python {
namespace {

namespace py = pybind11;
using OptDType = std::optional<DType>;

TensorOptions Options(const OptDType& dtype, const Device& device,
                      DType otherwise = DefaultDType()) {
  return {.dtype = dtype.value_or(otherwise), .device = device};
}

Tensor Leaf(const Tensor& tensor, bool requires_grad) {
  return requires_grad ? SetRequiresGrad(tensor) : tensor;
}

void InitConstants(const Binder& bind) {
  bind("empty", "*size, dtype=None, device='cpu', requires_grad=False", "Uninitialized memory",
       NEURA_FN((const Dims& size, const OptDType& dtype, const Device& device, bool grad),
                { return Leaf(Empty(size, Options(dtype, device)), grad); }));
  bind("zeros", "*size, dtype=None, device='cpu', requires_grad=False", "Filled with 0",
       NEURA_FN((const Dims& size, const OptDType& dtype, const Device& device, bool grad),
                { return Leaf(Zeros(size, Options(dtype, device)), grad); }));
  bind("ones", "*size, dtype=None, device='cpu', requires_grad=False", "Filled with 1",
       NEURA_FN((const Dims& size, const OptDType& dtype, const Device& device, bool grad),
                { return Leaf(Ones(size, Options(dtype, device)), grad); }));
  bind("full", "size, fill_value, *, dtype=None, device='cpu', requires_grad=False",
       "Filled with one value",
       NEURA_FN((const Dims& size, const Scalar& value, const OptDType& dtype, const Device& device,
                 bool grad),
                {
                  return Leaf(Full(size, value, Options(dtype, device, value.default_dtype())),
                              grad);
                }));
  // memory_format changes nothing: results lie in row-major order.
  bind("empty_like", "input, *, dtype=None, device='cpu', requires_grad=False, memory_format=None",
       "Uninitialized, with the shape of input",
       NEURA_FN(
           (const Tensor& x, const OptDType& dtype, const Device& device, bool grad,
            const py::object&),
           { return py::cast(Leaf(Empty(x.shape(), Options(dtype, device, x.dtype())), grad)); }),
       "Tensor");
  bind("zeros_like", "input, *, dtype=None, device='cpu', requires_grad=False, memory_format=None",
       "Zeros with the shape of input",
       NEURA_FN(
           (const Tensor& x, const OptDType& dtype, const Device& device, bool grad,
            const py::object&),
           { return py::cast(Leaf(Zeros(x.shape(), Options(dtype, device, x.dtype())), grad)); }),
       "Tensor");
  bind("ones_like", "input, *, dtype=None, device='cpu', requires_grad=False, memory_format=None",
       "Ones with the shape of input",
       NEURA_FN(
           (const Tensor& x, const OptDType& dtype, const Device& device, bool grad,
            const py::object&),
           { return py::cast(Leaf(Ones(x.shape(), Options(dtype, device, x.dtype())), grad)); }),
       "Tensor");
  bind("full_like",
       "input, fill_value, *, dtype=None, device='cpu', requires_grad=False, memory_format=None",
       "One value, with the shape of input",
       NEURA_FN((const Tensor& x, const Scalar& value, const OptDType& dtype, const Device& device,
                 bool grad, const py::object&),
                {
                  return py::cast(
                      Leaf(Full(x.shape(), value, Options(dtype, device, x.dtype())), grad));
                }),
       "Tensor");
  bind("empty_strided", "size, stride, *, dtype=None, device='cpu', requires_grad=False",
       "Uninitialized memory under these extents and strides",
       NEURA_FN((const Dims& size, const Dims& stride, const OptDType& dtype, const Device& device,
                 bool grad),
                {
                  if (size.size() != stride.size()) {
                    ThrowInvalidArgument("empty_strided: as many strides as extents are needed");
                  }
                  int64_t last = 0;
                  for (size_t d = 0; d < size.size(); ++d) {
                    int64_t reach = 0;
                    if (size[d] < 0 || stride[d] < 0 ||
                        __builtin_mul_overflow(std::max<int64_t>(size[d] - 1, 0), stride[d],
                                               &reach) ||
                        __builtin_add_overflow(last, reach, &last)) {
                      ThrowInvalidArgument(
                          "empty_strided: extents and strides must not be negative, nor reach "
                          "beyond 64 bits");
                    }
                  }
                  const Tensor memory = Empty({last + 1}, Options(dtype, device));
                  return Leaf(AsStrided(memory, size, stride), grad);
                }));
  bind("scalar_tensor", "s, *, dtype=None, device='cpu', requires_grad=False",
       "A number as a tensor without dimensions",
       NEURA_FN((const Scalar& value, const OptDType& dtype, const Device& device, bool grad),
                { return Leaf(ScalarTensor(value, Options(dtype, device)), grad); }));
  bind("arange", "start, end=None, step=1, *, dtype=None, device='cpu', requires_grad=False",
       "start, start + step, ... below end; with one argument, from 0 below it",
       NEURA_FN((const Scalar& start, const std::optional<Scalar>& end, const Scalar& step,
                 const OptDType& dtype, const Device& device, bool grad),
                {
                  const Scalar first = end ? start : Scalar(int64_t{0}), last = end ? *end : start;
                  return Leaf(dtype ? Arange(first, last, step, Options(dtype, device))
                                    : Arange(first, last, step),
                              grad);
                }));
  bind("linspace", "start, end, steps, *, dtype=None, device='cpu', requires_grad=False",
       "steps numbers from start to end, both included",
       NEURA_FN((double start, double end, int64_t steps, const OptDType& dtype,
                 const Device& device, bool grad),
                { return Leaf(Linspace(start, end, steps, Options(dtype, device)), grad); }));
  bind("logspace", "start, end, steps, base=10.0, *, dtype=None, device='cpu', requires_grad=False",
       "base to the powers of steps numbers from start to end, both included",
       NEURA_FN((double start, double end, int64_t steps, double base, const OptDType& dtype,
                 const Device& device, bool grad),
                { return Leaf(Logspace(start, end, steps, base, Options(dtype, device)), grad); }));
  bind("tril_indices", "row, col, offset=0, *, dtype=None, device='cpu'",
       "Rows and columns of a matrix's lower triangle, [2, count]",
       NEURA_FN((int64_t rows, int64_t columns, int64_t offset, const OptDType& dtype,
                 const Device& device),
                { return TrilIndices(rows, columns, offset, Options(dtype, device, kInt64)); }));
  bind("triu_indices", "row, col, offset=0, *, dtype=None, device='cpu'",
       "Rows and columns of a matrix's upper triangle, [2, count]",
       NEURA_FN((int64_t rows, int64_t columns, int64_t offset, const OptDType& dtype,
                 const Device& device),
                { return TriuIndices(rows, columns, offset, Options(dtype, device, kInt64)); }));
  bind("eye", "n, m=None, *, dtype=None, device='cpu', requires_grad=False",
       "Ones on the diagonal of a matrix of n rows and m columns, zeros elsewhere",
       NEURA_FN((int64_t n, const std::optional<int64_t>& m, const OptDType& dtype,
                 const Device& device, bool grad),
                { return Leaf(Eye(n, m.value_or(n), Options(dtype, device)), grad); }));
}

void InitRandom(const Binder& bind) {
  bind("rand", "*size, generator=None, dtype=None, device='cpu', requires_grad=False",
       "Uniform in [0, 1)",
       NEURA_FN((const Dims& size, Generator* generator, const OptDType& dtype,
                 const Device& device, bool grad),
                { return Leaf(Rand(size, Options(dtype, device), generator), grad); }));
  bind("randn", "*size, generator=None, dtype=None, device='cpu', requires_grad=False",
       "Normal with mean 0 and standard deviation 1",
       NEURA_FN((const Dims& size, Generator* generator, const OptDType& dtype,
                 const Device& device, bool grad),
                { return Leaf(Randn(size, Options(dtype, device), generator), grad); }));
  bind("rand_like", "input, *, dtype=None, device='cpu', requires_grad=False, memory_format=None",
       "Uniform in [0, 1), with the shape of input",
       NEURA_FN((const Tensor& x, const OptDType& dtype, const Device& device, bool grad,
                 const py::object&),
                {
                  const TensorOptions options = Options(dtype, device, x.dtype());
                  return py::cast(Leaf(Rand(x.shape(), options), grad));
                }),
       "Tensor");
  bind("randn_like", "input, *, dtype=None, device='cpu', requires_grad=False, memory_format=None",
       "Normal, with the shape of input",
       NEURA_FN((const Tensor& x, const OptDType& dtype, const Device& device, bool grad,
                 const py::object&),
                {
                  const TensorOptions options = Options(dtype, device, x.dtype());
                  return py::cast(Leaf(Randn(x.shape(), options), grad));
                }),
       "Tensor");
  bind("randint_like", "input, low, high=None, *, dtype=None, device='cpu', memory_format=None",
       "Integers in [low, high), with the shape of input; with one number, from 0 below it",
       NEURA_FN((const Tensor& x, int64_t low, const std::optional<int64_t>& high,
                 const OptDType& dtype, const Device& device, const py::object&),
                {
                  return py::cast(RandInt(high ? low : 0, high.value_or(low), x.shape(),
                                          Options(dtype, device, x.dtype())));
                }),
       "Tensor");
  // randint(high, size) and randint(low, high, size).
  bind("randint", "low, high, size=None, *, generator=None, dtype=None, device='cpu'",
       "Integers in [low, high), int64; randint(high, size) starts from 0",
       NEURA_FN((int64_t low, const Dims& high, const std::optional<Dims>& size,
                 Generator* generator, const OptDType& dtype, const Device& device),
                {
                  const TensorOptions options = Options(dtype, device, kInt64);
                  if (!size) return RandInt(0, low, high, options, generator);
                  if (high.size() != 1) {
                    ThrowTypeError("randint(): argument 'high' must be int where there is a size");
                  }
                  return RandInt(low, high[0], *size, options, generator);
                }));
  bind(
      "normal", "mean=0.0, std=1.0, size=None, *, generator=None, dtype=None",
      "Normal with a mean and a standard deviation, numbers with a size, or tensors that broadcast",
      NEURA_FN((const Operand& mean, const Operand& std, const std::optional<Dims>& size,
                Generator* generator, const OptDType& dtype),
               {
                 if (!mean.is_tensor && !std.is_tensor) {
                   if (!size) ThrowTypeError("normal() is missing the argument 'size'");
                   return Normal(*size, mean.scalar.To<double>(), std.scalar.To<double>(),
                                 Options(dtype, kCpu), generator);
                 }
                 const bool negative = std.is_tensor ? Any(Detach(std.tensor) < 0).Item<bool>()
                                                     : std.scalar.To<double>() < 0;
                 if (negative) {
                   ThrowInvalidArgument("normal: expects all elements of std >= 0");
                 }
                 const Tensor both =
                     mean.is_tensor
                         ? Add(mean.tensor, std.is_tensor ? std.tensor * 0 : mean.tensor * 0)
                         : std.tensor;
                 const Tensor draw = Randn(both.shape(), {.dtype = both.dtype()}, generator);
                 return std.is_tensor ? AddScaled(draw * std.tensor, mean, 1)
                                      : AddScaled(draw * std.scalar, mean, 1);
               }));
  bind("randperm", "n, *, generator=None, dtype=None, device='cpu'",
       "0 ... n - 1 in a random order, int64",
       NEURA_FN((int64_t n, Generator * generator, const OptDType& dtype, const Device&),
                { return Cast(RandPerm(n, generator), dtype.value_or(kInt64)); }));
}

}  // namespace

void InitFactories(py::module_& m) {
  py::class_<Generator>(m, "Generator", "A sequence of random numbers.")
      .def(py::init([](const py::object&) { return std::make_unique<Generator>(0); }),
           py::arg("device") = "cpu")
      .def(
          "manual_seed",
          [](const py::object& self, uint64_t seed) {
            self.cast<Generator&>().ManualSeed(seed);
            return self;
          },
          py::arg("seed"))
      .def("initial_seed", [](const Generator& g) { return g.state().seed; })
      .def("get_state",
           [](const Generator& g) { return py::make_tuple(g.state().seed, g.state().offset); })
      .def("set_state", [](Generator& g, const std::pair<uint64_t, uint64_t>& state) {
        g.SetState({state.first, state.second});
      });
  m.attr("default_generator") = py::cast(&DefaultGenerator(), py::return_value_policy::reference);
  const Binder bind(m, "");
  bind("manual_seed", "seed", "Starts the default generator from a seed; returns that generator",
       NEURA_FN((const py::object& seed),
                {
                  if (PyIndex_Check(seed.ptr()) == 0) {
                    ThrowTypeError(absl::StrCat("manual_seed(): argument 'seed' must be int, not ",
                                                Py_TYPE(seed.ptr())->tp_name));
                  }
                  const py::int_ number(seed);
                  if (number < py::int_(INT64_MIN) || number > py::int_(UINT64_MAX)) {
                    ThrowInvalidArgument("manual_seed(): the seed must be from -2^63 to 2^64 - 1");
                  }
                  ManualSeed(number.attr("__and__")(UINT64_MAX).cast<uint64_t>());
                  return py::cast(&DefaultGenerator(), py::return_value_policy::reference);
                }),
       "Generator");
  bind("seed", "", "Starts the default generator from a random seed, which it returns",
       NEURA_FN((), {
         std::random_device device;
         const uint64_t seed = (uint64_t{device()} << 32) | device();
         ManualSeed(seed);
         return seed;
       }));
  bind("initial_seed", "", "The seed of the default generator",
       NEURA_FN((), { return DefaultGenerator().state().seed; }));
  InitConstants(bind);
  InitRandom(bind);
}

}  // namespace neura::python
