#include <limits>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "neura/cuda/kernels/tensors.h"
#include "neura/cuda/libraries/cudnn.h"
#include "neura/cuda/libraries/kernels.h"
#include "neura/cuda/libraries/tf32.h"
#include "neura/cuda/runtime/device.h"
#include "neura/cuda/runtime/error.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/op_list/image.h"

namespace neura::cuda {
namespace {

// float16 and bfloat16 are summed in float.
cudnnDataType_t ComputeTypeOf(DType dtype) {
  return dtype == kFloat64 ? CUDNN_DATA_DOUBLE : CUDNN_DATA_FLOAT;
}

// Which units may multiply, and how float32 may be rounded for them.
cudnnMathType_t MathTypeOf(DType dtype) {
  if (dtype == kFloat16 || dtype == kBFloat16) return CUDNN_TENSOR_OP_MATH;
  return dtype == kFloat32 && !AllowTf32() ? CUDNN_FMA_MATH : CUDNN_DEFAULT_MATH;
}

// cuDNN counts two spatial dimensions at least: what has one gets a height of 1 before its width.
constexpr size_t kLeastSpatial = 2;

Dims Extents(const Tensor& tensor) {
  Dims extents(tensor.shape().begin(), tensor.shape().end());
  while (extents.size() < 2 + kLeastSpatial) extents.insert(extents.begin() + 2, 1);
  return extents;
}

// The numbers of so many dimensions, where a height that is not there has `otherwise`.
Dims SizesOf(const Sizes& sizes, size_t dims, int64_t otherwise) {
  const Sizes each = sizes.Each(dims);
  Dims numbers(each.given().begin(), each.given().end());
  while (numbers.size() < kLeastSpatial) numbers.insert(numbers.begin(), otherwise);
  return numbers;
}

class FilterDescriptor {
 public:
  explicit FilterDescriptor(const Tensor& weight) {
    const cudnnDataType_t type = CudnnTypeOf(weight.dtype());
    const std::vector<int> extents = CudnnInts(Extents(weight));
    NEURA_CUDNN_CHECK(cudnnCreateFilterDescriptor(&handle_));
    const cudnnStatus_t status = cudnnSetFilterNdDescriptor(
        handle_, type, CUDNN_TENSOR_NCHW, static_cast<int>(extents.size()), extents.data());
    if (status != CUDNN_STATUS_SUCCESS) {
      cudnnDestroyFilterDescriptor(handle_);
      ThrowCudnnStatus(status, "cudnnSetFilterNdDescriptor");
    }
  }
  ~FilterDescriptor() { cudnnDestroyFilterDescriptor(handle_); }
  FilterDescriptor(const FilterDescriptor&) = delete;
  FilterDescriptor& operator=(const FilterDescriptor&) = delete;

  cudnnFilterDescriptor_t handle() const { return handle_; }

 private:
  cudnnFilterDescriptor_t handle_;
};

class ConvolutionDescriptor {
 public:
  template <typename Options>
  ConvolutionDescriptor(DType dtype, size_t dims, const Options& options) {
    const std::vector<int> padding = CudnnInts(SizesOf(options.padding, dims, 0));
    const std::vector<int> stride = CudnnInts(SizesOf(options.stride, dims, 1));
    const std::vector<int> dilation = CudnnInts(SizesOf(options.dilation, dims, 1));
    const int groups = CudnnInt(options.groups);
    NEURA_CUDNN_CHECK(cudnnCreateConvolutionDescriptor(&handle_));
    cudnnStatus_t status = cudnnSetConvolutionNdDescriptor(
        handle_, static_cast<int>(padding.size()), padding.data(), stride.data(), dilation.data(),
        CUDNN_CROSS_CORRELATION, ComputeTypeOf(dtype));
    if (status == CUDNN_STATUS_SUCCESS) status = cudnnSetConvolutionGroupCount(handle_, groups);
    if (status == CUDNN_STATUS_SUCCESS) {
      status = cudnnSetConvolutionMathType(handle_, MathTypeOf(dtype));
    }
    if (status != CUDNN_STATUS_SUCCESS) {
      cudnnDestroyConvolutionDescriptor(handle_);
      ThrowCudnnStatus(status, "cudnnSetConvolutionNdDescriptor");
    }
  }
  ~ConvolutionDescriptor() { cudnnDestroyConvolutionDescriptor(handle_); }
  ConvolutionDescriptor(const ConvolutionDescriptor&) = delete;
  ConvolutionDescriptor& operator=(const ConvolutionDescriptor&) = delete;

  cudnnConvolutionDescriptor_t handle() const { return handle_; }

 private:
  cudnnConvolutionDescriptor_t handle_;
};

enum class Kind { kForward, kInputGrad, kWeightGrad };

// Everything that the choice of an algorithm depends on.
using Key = std::vector<int64_t>;

template <typename Options>
Key KeyOf(Kind kind, const Tensor& image, const Tensor& weight, const Tensor& result,
          const Options& options) {
  Key key = {static_cast<int64_t>(kind), image.device().index, static_cast<int64_t>(image.dtype()),
             static_cast<int64_t>(MathTypeOf(image.dtype())), options.groups};
  const auto append = [&key](DimsView values) {
    key.insert(key.end(), values.begin(), values.end());
  };
  const size_t dims = image.shape().size() - 2;
  for (const Sizes* sizes : {&options.stride, &options.padding, &options.dilation}) {
    append(sizes->Each(dims).given());
  }
  for (const Tensor* tensor : {&image, &weight, &result}) append(tensor->shape());
  return key;
}

struct Choice {
  int algorithm = 0;
  cudnnMathType_t math_type = CUDNN_DEFAULT_MATH;
  size_t workspace = 0;
};

// Fixed, so that the choice does not depend on what is free.
constexpr size_t kMostWorkspace = size_t{1} << 30;

// The fastest by cuDNN's estimate of those that give the same bits every time; one that takes less
// memory where that would take more than kMostWorkspace. Chosen once for each geometry, without
// trying: timing would make the choice, and the bits, depend on the moment. `ask` fills in
// candidates, `measure` the workspace of one with the math type that it is given.
template <typename Performance, typename Ask, typename Measure>
Choice Choose(const Key& key, cudnnMathType_t allowed, Ask ask, Measure measure) {
  static std::mutex* mutex = new std::mutex;
  static auto* choices = new std::map<Key, Choice>;
  {
    const std::lock_guard<std::mutex> lock(*mutex);
    if (const auto found = choices->find(key); found != choices->end()) return found->second;
  }
  constexpr int kMost = 16;
  Performance candidates[kMost];
  int count = 0;
  ask(kMost, &count, candidates);
  std::optional<Choice> best;
  for (int i = 0; i < count; ++i) {
    const Performance& candidate = candidates[i];
    if (candidate.status != CUDNN_STATUS_SUCCESS) continue;
    if (candidate.determinism != CUDNN_DETERMINISTIC) continue;
    // An answer may name a wider choice of arithmetic than was asked for; with what was, the
    // algorithm may need another workspace or be none.
    Choice choice{.algorithm = static_cast<int>(candidate.algo),
                  .math_type = allowed == CUDNN_FMA_MATH ? allowed : candidate.mathType};
    if (measure(candidate.algo, choice.math_type, &choice.workspace) != CUDNN_STATUS_SUCCESS) {
      continue;
    }
    if (!best.has_value() || choice.workspace < best->workspace) best = choice;
    if (best->workspace <= kMostWorkspace) break;
  }
  if (!best.has_value()) {
    ThrowUnimplemented("cuDNN has no deterministic algorithm for this convolution");
  }
  const std::lock_guard<std::mutex> lock(*mutex);
  return choices->emplace(key, *best).first->second;
}

Tensor WorkspaceFor(const KernelCall& call, const Choice& choice) {
  return Scratch(call, {static_cast<int64_t>(choice.workspace)}, kUInt8);
}

// One convolution: its image [N, C, ...], weight [O, C / groups, K...] and result [N, O, ...],
// whichever of them is being computed.
template <typename Options>
struct Convolution {
  Convolution(const KernelCall& call, Kind kind, const Tensor& image, const Tensor& weight,
              const Tensor& result)
      : guard(call.call.device.index),
        handle(CudnnHandle(call.call.device.index)),
        factors(image.dtype()),
        x(image.dtype(), Extents(image)),
        y(result.dtype(), Extents(result)),
        w(weight),
        geometry(image.dtype(), image.shape().size() - 2, call.Get<Options>()),
        key(KeyOf(kind, image, weight, result, call.Get<Options>())),
        math_type(MathTypeOf(image.dtype())) {}

  void Use(cudnnMathType_t wanted) const {
    NEURA_CUDNN_CHECK(cudnnSetConvolutionMathType(geometry.handle(), wanted));
  }

  const DeviceGuard guard;
  const cudnnHandle_t handle;
  const Factors factors;
  const TensorDescriptor x, y;
  const FilterDescriptor w;
  const ConvolutionDescriptor geometry;
  const Key key;
  const cudnnMathType_t math_type;
};

void AddBias(const KernelCall& call, const Tensor& bias) {
  const Tensor& output = call.output();
  const int device = call.call.device.index;
  const DeviceGuard guard(device);
  const Factors factors(output.dtype());
  const Dims extents = Extents(output);
  Dims per_channel(extents.size(), 1);
  per_channel[1] = extents[1];
  const TensorDescriptor channels(output.dtype(), per_channel), y(output.dtype(), extents);
  NEURA_CUDNN_CHECK(cudnnAddTensor(CudnnHandle(device), factors.one(), channels.handle(),
                                   bias.raw_data(), factors.one(), y.handle(), output.raw_data()));
  NoteLaunch("cudnnAddTensor");
}

void Forward(const KernelCall& call, const Tensor& input, const Tensor& weight) {
  const Tensor& output = call.output();
  const Convolution<ConvOptions> conv(call, Kind::kForward, input, weight, output);
  const Choice choice = Choose<cudnnConvolutionFwdAlgoPerf_t>(
      conv.key, conv.math_type,
      [&](int most, int* count, auto* results) {
        NEURA_CUDNN_CHECK(cudnnGetConvolutionForwardAlgorithm_v7(
            conv.handle, conv.x.handle(), conv.w.handle(), conv.geometry.handle(), conv.y.handle(),
            most, count, results));
      },
      [&](auto algorithm, cudnnMathType_t math_type, size_t* bytes) {
        conv.Use(math_type);
        return cudnnGetConvolutionForwardWorkspaceSize(conv.handle, conv.x.handle(),
                                                       conv.w.handle(), conv.geometry.handle(),
                                                       conv.y.handle(), algorithm, bytes);
      });
  conv.Use(choice.math_type);
  const Tensor workspace = WorkspaceFor(call, choice);
  NEURA_CUDNN_CHECK(cudnnConvolutionForward(
      conv.handle, conv.factors.one(), conv.x.handle(), input.raw_data(), conv.w.handle(),
      weight.raw_data(), conv.geometry.handle(),
      static_cast<cudnnConvolutionFwdAlgo_t>(choice.algorithm), workspace.raw_data(),
      choice.workspace, conv.factors.zero(), conv.y.handle(), output.raw_data()));
  NoteLaunch("cudnnConvolutionForward");
}

}  // namespace

void ConvKernel(KernelCall& call) {
  const Tensor& output = call.output();
  if (output.numel() == 0) return;
  const Tensor input = ContiguousInput(call, 0), weight = ContiguousInput(call, 1);
  const Tensor bias = ContiguousInput(call, 2);
  if (input.numel() == 0 || weight.numel() == 0) {
    ClearElements(call, output);
  } else {
    Forward(call, input, weight);
  }
  if (bias.defined()) AddBias(call, bias);
}

void ConvInputGradKernel(KernelCall& call) {
  const Tensor& output = call.output();
  if (output.numel() == 0) return;
  const Tensor grad = ContiguousInput(call, 0), weight = ContiguousInput(call, 1);
  if (grad.numel() == 0 || weight.numel() == 0) return ClearElements(call, output);
  const Convolution<ConvGradOptions> conv(call, Kind::kInputGrad, output, weight, grad);
  const Choice choice = Choose<cudnnConvolutionBwdDataAlgoPerf_t>(
      conv.key, conv.math_type,
      [&](int most, int* count, auto* results) {
        NEURA_CUDNN_CHECK(cudnnGetConvolutionBackwardDataAlgorithm_v7(
            conv.handle, conv.w.handle(), conv.y.handle(), conv.geometry.handle(), conv.x.handle(),
            most, count, results));
      },
      [&](auto algorithm, cudnnMathType_t math_type, size_t* bytes) {
        conv.Use(math_type);
        return cudnnGetConvolutionBackwardDataWorkspaceSize(conv.handle, conv.w.handle(),
                                                            conv.y.handle(), conv.geometry.handle(),
                                                            conv.x.handle(), algorithm, bytes);
      });
  conv.Use(choice.math_type);
  const Tensor workspace = WorkspaceFor(call, choice);
  NEURA_CUDNN_CHECK(cudnnConvolutionBackwardData(
      conv.handle, conv.factors.one(), conv.w.handle(), weight.raw_data(), conv.y.handle(),
      grad.raw_data(), conv.geometry.handle(),
      static_cast<cudnnConvolutionBwdDataAlgo_t>(choice.algorithm), workspace.raw_data(),
      choice.workspace, conv.factors.zero(), conv.x.handle(), output.raw_data()));
  NoteLaunch("cudnnConvolutionBackwardData");
}

void ConvWeightGradKernel(KernelCall& call) {
  const Tensor& output = call.output();
  if (output.numel() == 0) return;
  const Tensor grad = ContiguousInput(call, 0), input = ContiguousInput(call, 1);
  if (grad.numel() == 0 || input.numel() == 0) return ClearElements(call, output);
  const Convolution<ConvGradOptions> conv(call, Kind::kWeightGrad, input, output, grad);
  const Choice choice = Choose<cudnnConvolutionBwdFilterAlgoPerf_t>(
      conv.key, conv.math_type,
      [&](int most, int* count, auto* results) {
        NEURA_CUDNN_CHECK(cudnnGetConvolutionBackwardFilterAlgorithm_v7(
            conv.handle, conv.x.handle(), conv.y.handle(), conv.geometry.handle(), conv.w.handle(),
            most, count, results));
      },
      [&](auto algorithm, cudnnMathType_t math_type, size_t* bytes) {
        conv.Use(math_type);
        return cudnnGetConvolutionBackwardFilterWorkspaceSize(
            conv.handle, conv.x.handle(), conv.y.handle(), conv.geometry.handle(), conv.w.handle(),
            algorithm, bytes);
      });
  conv.Use(choice.math_type);
  const Tensor workspace = WorkspaceFor(call, choice);
  NEURA_CUDNN_CHECK(cudnnConvolutionBackwardFilter(
      conv.handle, conv.factors.one(), conv.x.handle(), input.raw_data(), conv.y.handle(),
      grad.raw_data(), conv.geometry.handle(),
      static_cast<cudnnConvolutionBwdFilterAlgo_t>(choice.algorithm), workspace.raw_data(),
      choice.workspace, conv.factors.zero(), conv.w.handle(), output.raw_data()));
  NoteLaunch("cudnnConvolutionBackwardFilter");
}

}  // namespace neura::cuda
