// cuBLAS counts columns first. Read so, a row-major matrix is its transpose, and c = a b is
// computed as c^T = b^T a^T: what cuBLAS calls A is b here, and its rows are the columns of c.
#include "neura/cuda/libraries/gemm.h"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <mutex>

#include "neura/cuda/kernels/tensors.h"
#include "neura/cuda/libraries/cublas_lt.h"
#include "neura/cuda/libraries/tf32.h"
#include "neura/cuda/runtime/device.h"
#include "neura/cuda/runtime/error.h"
#include "neura/cuda/runtime/stream.h"
#include "neura/tensor/core/error.h"

namespace neura::cuda {
namespace {

constexpr size_t kMaxWorkspace = size_t{32} << 20;  // what NVIDIA advises for Hopper

struct Types {
  cudaDataType_t data;
  cudaDataType_t scale;
  cublasComputeType_t compute;
};

Types TypesFor(DType dtype) {
  switch (dtype) {
    case kFloat16:
      return {CUDA_R_16F, CUDA_R_32F, CUBLAS_COMPUTE_32F};
    case kBFloat16:
      return {CUDA_R_16BF, CUDA_R_32F, CUBLAS_COMPUTE_32F};
    case kFloat32:
      return {CUDA_R_32F, CUDA_R_32F,
              AllowTf32() ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F};
    case kFloat64:
      return {CUDA_R_64F, CUDA_R_64F, CUBLAS_COMPUTE_64F};
    default:
      FailForDType(dtype);
  }
}

cublasLtEpilogue_t EpilogueOf(Epilogue epilogue) {
  switch (epilogue) {
    case Epilogue::kNone:
      return CUBLASLT_EPILOGUE_DEFAULT;
    case Epilogue::kBias:
      return CUBLASLT_EPILOGUE_BIAS;
    case Epilogue::kBiasRelu:
      return CUBLASLT_EPILOGUE_RELU_BIAS;
    case Epilogue::kBiasGelu:
      return CUBLASLT_EPILOGUE_GELU_BIAS;
  }
  __builtin_unreachable();
}

uint32_t AlignmentOf(const void* data) {
  const auto address = reinterpret_cast<uintptr_t>(data);
  return static_cast<uint32_t>(std::min<uintptr_t>(address & -address, 256));
}

CublasLtOwned<cublasLtMatrixLayout_t> Layout(cudaDataType_t type, int64_t rows, int64_t cols,
                                             const Matrix& matrix, int64_t count) {
  cublasLtMatrixLayout_t made;
  const int64_t runs = matrix.transposed ? cols : rows, length = matrix.transposed ? rows : cols;
  NEURA_CUBLAS_CHECK(cublasLtMatrixLayoutCreate(&made, type, static_cast<uint64_t>(length),
                                                static_cast<uint64_t>(runs), matrix.leading));
  CublasLtOwned<cublasLtMatrixLayout_t> layout(made);
  if (count > 1) {
    const auto batches = static_cast<int32_t>(count);
    NEURA_CUBLAS_CHECK(cublasLtMatrixLayoutSetAttribute(made, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT,
                                                        &batches, sizeof(batches)));
    NEURA_CUBLAS_CHECK(
        cublasLtMatrixLayoutSetAttribute(made, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET,
                                         &matrix.batch_stride, sizeof(matrix.batch_stride)));
  }
  return layout;
}

template <typename T>
void Set(cublasLtMatmulDesc_t desc, cublasLtMatmulDescAttributes_t attribute, const T& value) {
  NEURA_CUBLAS_CHECK(cublasLtMatmulDescSetAttribute(desc, attribute, &value, sizeof(value)));
}
template <typename T>
void Set(cublasLtMatmulPreference_t preference, cublasLtMatmulPreferenceAttributes_t attribute,
         const T& value) {
  NEURA_CUBLAS_CHECK(
      cublasLtMatmulPreferenceSetAttribute(preference, attribute, &value, sizeof(value)));
}

// The descriptors of one product.
struct Descriptors {
  explicit Descriptors(const Gemm& gemm) : types(TypesFor(gemm.dtype)) {
    cublasLtMatmulDesc_t made;
    NEURA_CUBLAS_CHECK(cublasLtMatmulDescCreate(&made, types.compute, types.scale));
    desc.reset(made);
    Set(made, CUBLASLT_MATMUL_DESC_TRANSA, gemm.b.transposed ? CUBLAS_OP_T : CUBLAS_OP_N);
    Set(made, CUBLASLT_MATMUL_DESC_TRANSB, gemm.a.transposed ? CUBLAS_OP_T : CUBLAS_OP_N);
    Set(made, CUBLASLT_MATMUL_DESC_EPILOGUE, EpilogueOf(gemm.epilogue));
    if (gemm.epilogue != Epilogue::kNone) {
      Set(made, CUBLASLT_MATMUL_DESC_BIAS_POINTER, gemm.bias);
    }
    a = Layout(types.data, gemm.k, gemm.n, gemm.b, gemm.count);
    b = Layout(types.data, gemm.m, gemm.k, gemm.a, gemm.count);
    const Matrix result{.data = gemm.c, .leading = gemm.n, .batch_stride = gemm.m * gemm.n};
    c = Layout(types.data, gemm.m, gemm.n, result, gemm.count);
  }

  Types types;
  CublasLtOwned<cublasLtMatmulDesc_t> desc;
  CublasLtOwned<cublasLtMatrixLayout_t> a, b, c;
};

// Everything that the choice of an algorithm depends on.
using Key = std::array<int64_t, 17>;

Key KeyOf(int device, const Gemm& gemm, const Types& types) {
  return {device,
          static_cast<int64_t>(gemm.dtype),
          static_cast<int64_t>(types.compute),
          static_cast<int64_t>(gemm.epilogue),
          gemm.accumulate,
          gemm.m,
          gemm.n,
          gemm.k,
          gemm.count,
          gemm.a.leading,
          gemm.a.transposed,
          gemm.a.batch_stride,
          gemm.b.leading,
          gemm.b.transposed,
          gemm.b.batch_stride,
          int64_t{AlignmentOf(gemm.a.data)} << 16 | AlignmentOf(gemm.b.data),
          int64_t{AlignmentOf(gemm.c)} << 16 | AlignmentOf(gemm.bias)};
}

struct Choice {
  bool possible = false;
  cublasLtMatmulAlgo_t algorithm;
  size_t workspace = 0;
};

Choice AskCublas(cublasLtHandle_t handle, const Gemm& gemm, const Descriptors& descriptors) {
  cublasLtMatmulPreference_t made;
  NEURA_CUBLAS_CHECK(cublasLtMatmulPreferenceCreate(&made));
  const CublasLtOwned<cublasLtMatmulPreference_t> preference(made);
  Set(made, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, kMaxWorkspace);
  // Sums of parts in a fixed order, never in place.
  Set(made, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
      uint32_t{CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE | CUBLASLT_REDUCTION_SCHEME_OUTPUT_TYPE});
  Set(made, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, AlignmentOf(gemm.b.data));
  Set(made, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, AlignmentOf(gemm.a.data));
  Set(made, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, AlignmentOf(gemm.c));
  Set(made, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, AlignmentOf(gemm.c));
  cublasLtMatmulHeuristicResult_t result = {};
  int count = 0;
  const cublasStatus_t status = cublasLtMatmulAlgoGetHeuristic(
      handle, descriptors.desc.get(), descriptors.a.get(), descriptors.b.get(), descriptors.c.get(),
      descriptors.c.get(), made, 1, &result, &count);
  Choice choice;
  if (status == CUBLAS_STATUS_NOT_SUPPORTED || status == CUBLAS_STATUS_INVALID_VALUE) return choice;
  if (status != CUBLAS_STATUS_SUCCESS) {
    ThrowCublasStatus(status, "cublasLtMatmulAlgoGetHeuristic");
  }
  if (count == 0 || result.state != CUBLAS_STATUS_SUCCESS) return choice;
  choice.possible = true;
  choice.algorithm = result.algo;
  choice.workspace = result.workspaceSize;
  return choice;
}

// Asked once for each kind of product: the same one then always runs the same algorithm, and asking
// takes longer than a small product.
Choice Choose(cublasLtHandle_t handle, int device, const Gemm& gemm,
              const Descriptors& descriptors) {
  static std::mutex* mutex = new std::mutex;
  static auto* choices = new std::map<Key, Choice>;
  const Key key = KeyOf(device, gemm, descriptors.types);
  {
    const std::lock_guard<std::mutex> lock(*mutex);
    if (const auto found = choices->find(key); found != choices->end()) return found->second;
  }
  const Choice choice = AskCublas(handle, gemm, descriptors);
  const std::lock_guard<std::mutex> lock(*mutex);
  return choices->emplace(key, choice).first->second;
}

}  // namespace

std::optional<Matrix> AsMatrix(int64_t rows, int64_t cols, int64_t row_stride, int64_t col_stride) {
  if ((cols == 1 || col_stride == 1) && (rows == 1 || row_stride >= cols)) {
    return Matrix{.leading = rows == 1 ? cols : row_stride, .transposed = false};
  }
  if ((rows == 1 || row_stride == 1) && (cols == 1 || col_stride >= rows)) {
    return Matrix{.leading = cols == 1 ? rows : col_stride, .transposed = true};
  }
  return std::nullopt;
}

bool RunGemm(const KernelCall& call, const Gemm& gemm) {
  if (gemm.count > std::numeric_limits<int32_t>::max()) return false;
  // Fused, it is read in vectors.
  if (gemm.epilogue != Epilogue::kNone && AlignmentOf(gemm.bias) < 16) return false;
  const int device = call.call.device.index;
  const DeviceGuard guard(device);
  const cublasLtHandle_t handle = CublasLtHandle(device);
  const Descriptors descriptors(gemm);
  const Choice choice = Choose(handle, device, gemm, descriptors);
  if (!choice.possible) return false;
  Tensor workspace;
  if (choice.workspace > 0) {
    workspace = Scratch(call, {static_cast<int64_t>(choice.workspace)}, kUInt8);
  }
  const double double_one = 1, double_beta = gemm.accumulate ? 1 : 0;
  const float float_one = 1, float_beta = gemm.accumulate ? 1 : 0;
  const bool in_double = descriptors.types.scale == CUDA_R_64F;
  const void* one = in_double ? static_cast<const void*>(&double_one) : &float_one;
  const void* beta = in_double ? static_cast<const void*>(&double_beta) : &float_beta;
  const cublasStatus_t status = cublasLtMatmul(
      handle, descriptors.desc.get(), one, gemm.b.data, descriptors.a.get(), gemm.a.data,
      descriptors.b.get(), beta, gemm.c, descriptors.c.get(), gemm.c, descriptors.c.get(),
      &choice.algorithm, workspace.defined() ? workspace.raw_data() : nullptr, choice.workspace,
      CurrentStream(device));
  if (status == CUBLAS_STATUS_NOT_SUPPORTED) return false;
  if (status != CUBLAS_STATUS_SUCCESS) ThrowCublasStatus(status, "cublasLtMatmul");
  NoteLaunch("cublasLtMatmul");
  return true;
}

}  // namespace neura::cuda
