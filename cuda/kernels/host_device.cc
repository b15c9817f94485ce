#include "neura/cuda/kernels/host_device.h"

#include <cstring>

#include "absl/strings/str_cat.h"
#include "neura/cuda/kernels/kernels.h"
#include "neura/cuda/runtime/fault.h"

namespace neura::cuda {

KernelFault* FaultOf(int) {
  static KernelFault fault = {};
  return &fault;
}

void CheckFault(int device) {
  KernelFault& noted = *FaultOf(device);
  const KernelFault fault = noted;
  noted = {};
  if (fault.code == static_cast<int32_t>(FaultCode::kNone)) return;
  ThrowOutOfRange(absl::StrCat("index ", fault.value, " is outside [0, ", fault.bound, ")"));
}

namespace {

KernelTable& OurKernels() {
  static KernelTable* table = [] {
    auto* filled = new KernelTable;
    InstallKernels(*filled);
    return filled;
  }();
  return *table;
}

// A device tells of faults when it is synchronized; here kernels have ended when they return.
void RunChecked(KernelCall& call) {
  OurKernels()[call.call.op](call);
  CheckFault(call.call.device.index);
}

constexpr DeviceMemory kMemory = {
    .allocator = [](int) -> Allocator& { return CpuAllocator(); },
    .copy = [](DeviceBytes to, DeviceBytes from, size_t bytes,
               bool) { std::memcpy(to.data, from.data, bytes); },
};

const bool kInstalled = [] {
  SetDeviceMemory(kHostDevice.type, &kMemory);
  for (OpId op : BuiltinOps()) {
    if (IsOurs(op)) KernelsOf(kHostDevice.type)[op] = &RunChecked;
  }
  return true;
}();

}  // namespace

bool IsOurs(OpId op) { return OurKernels()[op] != nullptr; }

Tensor OnDevice(const Tensor& tensor) {
  return tensor.defined() ? To(tensor, kHostDevice) : tensor;
}

std::vector<Tensor> OnDevice(const std::vector<Tensor>& tensors) {
  std::vector<Tensor> copies;
  for (const Tensor& tensor : tensors) copies.push_back(OnDevice(tensor));
  return copies;
}

std::vector<Tensor> Execute(OpId op, const void* options, const std::vector<Tensor>& inputs,
                            Device device) {
  std::vector<const Tensor*> refs;
  for (const Tensor& input : inputs) refs.push_back(&input);
  if (SchemaOf(op).flags.list) return DispatchList(op, options, refs);
  std::vector<Tensor> outputs(SchemaOf(op).num_outputs);
  Dispatch(op, options, refs, absl::MakeSpan(outputs), device);
  return outputs;
}

}  // namespace neura::cuda
