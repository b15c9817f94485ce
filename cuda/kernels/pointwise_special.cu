// Pointwise operations whose rows do not write out their kernels.
#include "neura/cuda/kernels/kernels.h"
#include "neura/cuda/kernels/pointwise_ops.h"

namespace neura::cuda {
namespace {

template <typename Bits, Bits kInfinity>
void NextAfterBits(const KernelCall& call) {
  Pointwise<Bits, Bits, Bits>(call, Apply<elements::NextAfterOf<Bits, kInfinity>>(), call.output(),
                              {&call.input(0), &call.input(1)});
}

}  // namespace

void NextAfterKernel(KernelCall& call) {
  switch (call.input(0).dtype()) {
    case kFloat16:
      return NextAfterBits<uint16_t, 0x7c00>(call);
    case kBFloat16:
      return NextAfterBits<uint16_t, 0x7f80>(call);
    case kFloat32:
      return NextAfterBits<uint32_t, 0x7f800000>(call);
    default:
      return NextAfterBits<uint64_t, 0x7ff0000000000000>(call);
  }
}

void PolynomialKernel(KernelCall& call) {
  SwitchFloat(call.input(0).dtype(), [&]<typename T>(T) {
    BinaryWith<T>(call, elements::PolynomialOp<Compute<T>>(call.Get<PolynomialOptions>()));
  });
}

}  // namespace neura::cuda
