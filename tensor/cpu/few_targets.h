// The instruction sets of loops that wait for memory, or for libm, more than they compute: on
// x86-64 the baseline and AVX2. The other two would add as much code again, and no speed. Included
// before any header of Highway, in the place of targets.h.
#ifndef NEURA_TENSOR_CPU_FEW_TARGETS_H_
#define NEURA_TENSOR_CPU_FEW_TARGETS_H_

#define HWY_DISABLED_TARGETS \
  (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3 | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)

#endif  // NEURA_TENSOR_CPU_FEW_TARGETS_H_
