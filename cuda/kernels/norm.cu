// Layer normalization, and batch normalization with given statistics. Statistics are accumulated in
// double; a block of threads works on a row.
#include "neura/cuda/kernels/kernels.h"
#include "neura/cuda/kernels/numeric.h"
#include "neura/cuda/kernels/reduction.h"
#include "neura/cuda/kernels/support.h"
#include "neura/tensor/ops/op_list/norm.h"

namespace neura::cuda {
namespace {

struct Plus {
  NEURA_DEVICE double operator()(double a, double b) const { return a + b; }
};

// Sums f(i) over i < n.
template <typename F>
NEURA_DEVICE double SumOver(Block& block, int64_t n, F f) {
  return block.Reduce(
      n, 0.0, [&](double sum, int64_t i) { return sum + f(i); }, Plus());
}

template <typename T>
NEURA_DEVICE double ToDouble(T value) {
  return static_cast<double>(Widen(value));
}
template <typename T>
NEURA_DEVICE T FromDouble(double value) {
  return Narrow<T>(static_cast<Compute<T>>(value));
}

// Of an output that may not be wanted.
template <typename T>
NEURA_DEVICE void Set(T* output, int64_t i, double value) {
  if (output != nullptr) output[i] = FromDouble<T>(value);
}

template <typename T>
struct NormalizeRows {
  int64_t size;
  double eps;
  const T *input, *weight, *bias;
  T *output, *means, *rstds;
  NEURA_DEVICE void operator()(Block& block, int64_t row) const {
    const T* x = input + row * size;
    const auto count = static_cast<double>(size);
    const double mean = SumOver(block, size, [&](int64_t i) { return ToDouble(x[i]); }) / count;
    const double squares = SumOver(block, size, [&](int64_t i) {
      const double deviation = ToDouble(x[i]) - mean;
      return deviation * deviation;
    });
    const double rstd = 1 / std::sqrt(squares / count + eps);
    block.Once([&] {
      Set(means, row, mean);
      Set(rstds, row, rstd);
    });
    if (output == nullptr) return;
    T* y = output + row * size;
    const auto m = static_cast<Compute<T>>(mean), r = static_cast<Compute<T>>(rstd);
    // What the type cannot hold of the mean.
    const auto rest = static_cast<Compute<T>>((static_cast<double>(m) - mean) * rstd);
    block.ForEach(size, [&](int64_t i) {
      Compute<T> value = (Widen(x[i]) - m) * r + rest;
      if (weight != nullptr) value *= Widen(weight[i]);
      if (bias != nullptr) value += Widen(bias[i]);
      y[i] = Narrow<T>(value);
    });
  }
};

// What the gradient reads. xhat = (x - mean) * rstd; h = g * weight.
template <typename T>
struct GradPointers {
  int64_t size;
  const T *grad, *input, *weight, *means, *rstds;
  NEURA_DEVICE double Normalized(int64_t row, int64_t i) const {
    return (ToDouble(input[row * size + i]) - ToDouble(means[row])) * ToDouble(rstds[row]);
  }
  NEURA_DEVICE double Weighted(int64_t row, int64_t i) const {
    const double value = ToDouble(grad[row * size + i]);
    return weight != nullptr ? value * ToDouble(weight[i]) : value;
  }
};

// dx = rstd * (h - mean(h) - xhat * mean(h * xhat)), over the elements of a row.
template <typename T>
struct InputGrad {
  GradPointers<T> p;
  T* output;
  NEURA_DEVICE void operator()(Block& block, int64_t row) const {
    const double inverse = 1 / static_cast<double>(p.size);
    const double sum =
        SumOver(block, p.size, [&](int64_t i) { return p.Weighted(row, i); }) * inverse;
    const double product =
        SumOver(block, p.size,
                [&](int64_t i) { return p.Weighted(row, i) * p.Normalized(row, i); }) *
        inverse;
    block.ForEach(p.size, [&](int64_t i) {
      output[row * p.size + i] = FromDouble<T>(
          ToDouble(p.rstds[row]) * (p.Weighted(row, i) - sum - p.Normalized(row, i) * product));
    });
  }
};

// dweight = sum over rows of g * xhat, dbias = sum over rows of g.
struct ParameterSums {
  struct Acc {
    double weight, bias;
  };
  NEURA_DEVICE static Acc Init() { return {0, 0}; }
  NEURA_DEVICE static Acc Combine(Acc a, Acc b) { return {a.weight + b.weight, a.bias + b.bias}; }
};

template <typename T>
struct ParameterTerms {
  struct Row {
    const GradPointers<T>& p;
    int64_t column;
    NEURA_DEVICE ParameterSums::Acc operator()(ParameterSums::Acc acc, int64_t row) const {
      const double value = ToDouble(p.grad[row * p.size + column]);
      return {acc.weight + value * p.Normalized(row, column), acc.bias + value};
    }
  };
  NEURA_DEVICE Row At(int64_t column) const { return {p, column}; }

  GradPointers<T> p;
};

template <typename T>
struct StoreParameters {
  T *weight, *bias;
  NEURA_DEVICE void operator()(ParameterSums::Acc acc, int64_t column) const {
    Set(weight, column, acc.weight);
    Set(bias, column, acc.bias);
  }
};

// y = (x - mean) * factor + shift, for a channel.
template <typename T>
struct ChannelCoefficients {
  double eps;
  const T *variances, *weight, *bias;
  Compute<T>* coefficients;
  NEURA_DEVICE void operator()(int64_t c) const {
    const double rstd = 1 / std::sqrt(ToDouble(variances[c]) + eps);
    const double factor = weight != nullptr ? rstd * ToDouble(weight[c]) : rstd;
    const double shift = bias != nullptr ? ToDouble(bias[c]) : 0;
    coefficients[2 * c] = static_cast<Compute<T>>(factor);
    coefficients[2 * c + 1] = static_cast<Compute<T>>(shift);
  }
};

template <typename T>
struct NormalizeChannels {
  int64_t channels, inner;
  const T *input, *means;
  const Compute<T>* coefficients;
  T* output;
  NEURA_DEVICE void operator()(int64_t i) const {
    const int64_t c = i / inner % channels;
    output[i] = Narrow<T>((Widen(input[i]) - Widen(means[c])) * coefficients[2 * c] +
                          coefficients[2 * c + 1]);
  }
};

// The last `num_dims` dimensions are a row.
struct Rows {
  Rows(const Tensor& tensor, int64_t num_dims) : count(1), size(1) {
    for (int64_t i = 0; i < tensor.dim(); ++i) {
      (i < tensor.dim() - num_dims ? count : size) *= tensor.size(i);
    }
  }
  int64_t count, size;
};

}  // namespace

void LayerNormKernel(KernelCall& call) {
  const Tensor input = ContiguousInput(call, 0), weight = ContiguousInput(call, 1),
               bias = ContiguousInput(call, 2);
  const Rows rows(input, call.Get<LayerNormOptions>().num_dims);
  if (rows.count == 0) return;
  SwitchFloat(input.dtype(), [&]<typename T>(T) {
    ForEachBlock(call, rows.count,
                 NormalizeRows<T>{rows.size, call.Get<LayerNormOptions>().eps, In<T>(input),
                                  In<T>(weight), In<T>(bias), Out<T>(call.output(0)),
                                  Out<T>(call.output(1)), Out<T>(call.output(2))});
  });
}

void LayerNormGradKernel(KernelCall& call) {
  const Tensor grad = ContiguousInput(call, 0), input = ContiguousInput(call, 1),
               weight = ContiguousInput(call, 2), mean = ContiguousInput(call, 3),
               rstd = ContiguousInput(call, 4);
  const Rows rows(input, call.Get<LayerNormOptions>().num_dims);
  SwitchFloat(input.dtype(), [&]<typename T>(T) {
    const GradPointers<T> p{rows.size,     In<T>(grad), In<T>(input),
                            In<T>(weight), In<T>(mean), In<T>(rstd)};
    if (call.wants(0)) ForEachBlock(call, rows.count, InputGrad<T>{p, Out<T>(call.output(0))});
    if (!call.wants(1) && !call.wants(2)) return;
    RunReduction<ParameterSums>(call, rows.size, rows.count, FoldBy::kThreads, ParameterTerms<T>{p},
                                StoreParameters<T>{Out<T>(call.output(1)), Out<T>(call.output(2))});
  });
}

void BatchNormInferenceKernel(KernelCall& call) {
  const Tensor input = ContiguousInput(call, 0), mean = ContiguousInput(call, 1),
               variance = ContiguousInput(call, 2), weight = ContiguousInput(call, 3),
               bias = ContiguousInput(call, 4);
  if (input.numel() == 0) return;
  const int64_t channels = input.size(1), inner = input.numel() / input.size(0) / channels;
  SwitchFloat(input.dtype(), [&]<typename T>(T) {
    const Tensor coefficients = ScratchOf<Compute<T>>(call, 2 * channels);
    ForEach(call, channels,
            ChannelCoefficients<T>{call.Get<BatchNormOptions>().eps, In<T>(variance), In<T>(weight),
                                   In<T>(bias), Out<Compute<T>>(coefficients)});
    ForEach(call, input.numel(),
            NormalizeChannels<T>{channels, inner, In<T>(input), In<T>(mean),
                                 In<Compute<T>>(coefficients), Out<T>(call.output())});
  });
}

}  // namespace neura::cuda
