#include "neura/tensor/ops/autocast.h"

#include <array>
#include <cstddef>
#include <utility>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/thread_exit.h"
#include "neura/tensor/ops/dispatch.h"
#include "neura/tensor/ops/op_list/copy.h"
#include "neura/tensor/ops/op_list/fft.h"
#include "neura/tensor/ops/op_list/image.h"
#include "neura/tensor/ops/op_list/linalg.h"
#include "neura/tensor/ops/op_list/norm.h"
#include "neura/tensor/ops/op_list/pointwise.h"
#include "neura/tensor/ops/op_list/reduce.h"

namespace neura {
namespace internal {

constinit thread_local bool t_autocasts = false;
bool (*g_autocast_keeps)(const Tensor& tensor) = nullptr;

}  // namespace internal

namespace {

enum class Side { kAsItComes, kLow, kFloat32, kLikeFirst };

constexpr size_t kNumDevices = 2;  // that have lists

// The place of a device among those that have lists.
size_t PlaceOf(const char* function, DeviceType device) {
  if (device == DeviceType::kCpu) return 0;
  if (device == DeviceType::kCuda) return 1;
  ThrowInvalidArgument(absl::StrCat(function,
                                    ": autocasting is there for the CPU and CUDA, not for ",
                                    ToString(Device{device, 0})));
}

bool IsLow(DType dtype) { return dtype == kBFloat16 || dtype == kFloat16; }

Side SideOf(const OpCall& call) {
  switch (call.op) {
    case op::kMatMul:
    case op::kLinear:
    case op::kConv:
    case op::kConvInputGrad:  // a transposed convolution, too
      return Side::kLow;
    case op::kProd:
    case op::kFftC2C:
    case op::kFftR2C:
    case op::kFftC2R:
    case op::kLinalgCholesky:
    case op::kLinalgLu:
    case op::kLinalgSolve:
    case op::kLinalgSolveTriangular:
    case op::kLinalgDet:
    case op::kLinalgCofactor:
    case op::kLinalgSlogDet:
    case op::kLinalgQr:
    case op::kLinalgSvd:
    case op::kLinalgEigh:
    case op::kLinalgEig:
    case op::kLinalgPinv:
    case op::kLinalgMatrixExp:
    case op::kLinalgGeqrf:
    case op::kLinalgLdl:
    case op::kLinalgLdlSolve:
      return Side::kFloat32;
    case op::kAvgPool:
      return call.input(0).dim() == 5 ? Side::kFloat32 : Side::kAsItComes;
    case op::kBatchNormTraining:
    case op::kBatchNormInference:
      return Side::kLikeFirst;
    case op::kLayerNorm:
      return call.device.type == DeviceType::kCuda ? Side::kFloat32 : Side::kLikeFirst;
    case op::kAcos:
    case op::kAsin:
    case op::kCosh:
    case op::kErfInv:
    case op::kExp:
    case op::kExpm1:
    case op::kLog:
    case op::kLog10:
    case op::kLog1p:
    case op::kLog2:
    case op::kReciprocal:
    case op::kRsqrt:
    case op::kSinh:
    case op::kTan:
    case op::kPow:
    case op::kSoftplus:
    case op::kSoftmax:
    case op::kLogSoftmax:
    case op::kSum:
    case op::kCumSum:
    case op::kCumProd:
    case op::kLogCumSumExp:
      return call.device.type == DeviceType::kCuda ? Side::kFloat32 : Side::kAsItComes;
    default:
      return Side::kAsItComes;
  }
}

struct Kept {
  Tensor source, converted;
  uint64_t version;
};

struct State {
  std::array<bool, kNumDevices> enabled = {};
  std::array<DType, kNumDevices> dtype = {kBFloat16, kFloat16};
  bool cache = true;
  int depth = 0;
  bool installed = false;
  std::vector<Kept> kept;
};
State& ThisThread() { return internal::ThreadOwned<State>(); }

Tensor Converted(const Tensor& tensor, DType dtype) {
  return Call<op::kCast>({.dtype = dtype}, tensor);
}

Tensor ConvertedOnce(State& state, const Tensor& tensor, DType dtype) {
  const bool keeps = state.cache && dtype != kFloat32 && tensor.dtype() == kFloat32 &&
                     internal::g_autocast_keeps != nullptr && internal::g_autocast_keeps(tensor);
  if (!keeps) return Converted(tensor, dtype);
  for (Kept& kept : state.kept) {
    if (kept.source.impl() != tensor.impl() || kept.converted.dtype() != dtype) continue;
    if (kept.version != tensor.version()) {
      kept.converted = Converted(tensor, dtype);
      kept.version = tensor.version();
    }
    return kept.converted;
  }
  state.kept.push_back({tensor, Converted(tensor, dtype), tensor.version()});
  return state.kept.back().converted;
}

class Autocaster final : public OpInterceptor {
 public:
  bool Intercept(const OpCall& call, absl::Span<Tensor> outputs) override {
    if (call.in_place || call.device.type == DeviceType::kMeta) return false;
    State& state = ThisThread();
    if (call.device.type != DeviceType::kCpu && call.device.type != DeviceType::kCuda) return false;
    const size_t place = PlaceOf("autocast", call.device.type);
    if (!state.enabled[place]) return false;
    const Side side = SideOf(call);
    if (side == Side::kAsItComes) return false;
    const DType dtype = side == Side::kLow ? state.dtype[place] : kFloat32;
    const DType first = call.input(0).dtype();
    if (side == Side::kLikeFirst && !IsLow(first)) return false;

    absl::InlinedVector<Tensor, 4> converted(call.inputs.size());
    absl::InlinedVector<const Tensor*, 4> refs(call.inputs.begin(), call.inputs.end());
    bool changed = false, others = false;
    for (size_t i = 0; i < refs.size(); ++i) {
      const Tensor& input = *refs[i];
      if (!input.defined() || input.impl()->number) continue;
      others |= input.dtype() != first;
      const bool converts =
          IsLow(input.dtype()) || (dtype != kFloat32 && input.dtype() == kFloat32);
      if (!converts || input.dtype() == dtype) continue;
      converted[i] = ConvertedOnce(state, input, dtype);
      refs[i] = &converted[i];
      changed = true;
    }
    // A normalization whose tensors all have 16 bits needs no help.
    if (!changed || (side == Side::kLikeFirst && !others)) return false;
    Dispatch(call.op, call.options, refs, outputs, call.device, call.wanted);
    if (side == Side::kLikeFirst) outputs[0] = Converted(outputs[0], first);
    return true;
  }
};

void CheckDType(const char* function, DType dtype) {
  if (IsLow(dtype)) return;
  ThrowInvalidArgument(
      absl::StrCat(function, ": bfloat16 or float16 is expected, not ", DTypeName(dtype)));
}

}  // namespace

struct AutocastMode::Outside {
  size_t place;
  bool enabled, cache;
  DType dtype;
  Autocaster autocaster;
  std::optional<ScopedInterceptor> installed;
};

AutocastMode::AutocastMode(DeviceType device, const AutocastOptions& options) {
  const size_t place = PlaceOf("AutocastMode", device);
  State& state = ThisThread();
  const DType dtype = options.dtype.value_or(state.dtype[place]);
  if (options.enabled) CheckDType("AutocastMode", dtype);
  outside_ = std::make_unique<Outside>();
  outside_->place = place;
  outside_->enabled = state.enabled[place];
  outside_->cache = state.cache;
  outside_->dtype = state.dtype[place];
  if (options.enabled && !state.installed) {
    outside_->installed.emplace(&outside_->autocaster);
    state.installed = internal::t_autocasts = true;
  }
  state.enabled[place] = options.enabled;
  if (options.enabled) state.dtype[place] = dtype;
  state.cache = options.cache_enabled.value_or(state.cache);
  ++state.depth;
}

AutocastMode::~AutocastMode() {
  State& state = ThisThread();
  state.enabled[outside_->place] = outside_->enabled;
  state.dtype[outside_->place] = outside_->dtype;
  state.cache = outside_->cache;
  if (outside_->installed) state.installed = internal::t_autocasts = false;
  if (--state.depth == 0) state.kept.clear();
}

bool AutocastEnabled(DeviceType device) {
  return ThisThread().enabled[PlaceOf("AutocastEnabled", device)];
}
DType AutocastDType(DeviceType device) {
  return ThisThread().dtype[PlaceOf("AutocastDType", device)];
}
void SetAutocastDType(DeviceType device, DType dtype) {
  CheckDType("SetAutocastDType", dtype);
  ThisThread().dtype[PlaceOf("SetAutocastDType", device)] = dtype;
}
bool AutocastCacheEnabled() { return ThisThread().cache; }
void SetAutocastCacheEnabled(bool enabled) { ThisThread().cache = enabled; }
void ClearAutocastCache() { ThisThread().kept.clear(); }

namespace internal {

bool AnyIsLow(std::initializer_list<const Tensor*> tensors) {
  const State& state = ThisThread();
  for (const Tensor* const tensor : tensors) {
    if (!tensor->defined() || !IsLow(tensor->dtype())) continue;
    const DeviceType device = tensor->device().type;
    if ((device == DeviceType::kCpu && state.enabled[0]) ||
        (device == DeviceType::kCuda && state.enabled[1])) {
      return true;
    }
  }
  return false;
}

}  // namespace internal

Tensor Widened(const Tensor& tensor) {
  return tensor.defined() && IsLow(tensor.dtype()) ? Converted(tensor, kFloat32) : tensor;
}

}  // namespace neura
