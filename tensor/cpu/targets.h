// The instruction sets that the CPU kernels are compiled for. Included before any header of
// Highway.
#ifndef NEURA_TENSOR_CPU_TARGETS_H_
#define NEURA_TENSOR_CPU_TARGETS_H_

// SSSE3 alone is found on no machine of the last fifteen years, and vectors of a size unknown at
// compile time (SVE, RVV) cannot be kept in arrays, as the tiles of a matrix product are.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)

#endif  // NEURA_TENSOR_CPU_TARGETS_H_
