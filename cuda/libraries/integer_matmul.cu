#include <type_traits>

#include "neura/cuda/libraries/integer_matmul.h"
#include "neura/cuda/runtime/error.h"

namespace neura::cuda {
namespace {

constexpr int kTile = 16;

// Each block makes tiles of kTile x kTile from tiles of a and b in shared memory.
template <typename T>
__global__ void IntegerMatMulTiles(IntegerProduct<T> p, int64_t row_tiles, int64_t tiles) {
  using Unsigned = std::make_unsigned_t<T>;
  __shared__ T a[kTile][kTile + 1];
  __shared__ T b[kTile][kTile + 1];
  for (int64_t tile = blockIdx.x; tile < tiles; tile += gridDim.x) {
    const int64_t row = tile % row_tiles * kTile + threadIdx.y;
    const int64_t col = tile / row_tiles * kTile + threadIdx.x;
    Unsigned sum = 0;
    for (int64_t begin = 0; begin < p.k; begin += kTile) {
      const int64_t a_col = begin + threadIdx.x, b_row = begin + threadIdx.y;
      a[threadIdx.y][threadIdx.x] =
          row < p.m && a_col < p.k ? p.a[row * p.a_row_stride + a_col * p.a_col_stride] : T(0);
      b[threadIdx.y][threadIdx.x] =
          b_row < p.k && col < p.n ? p.b[b_row * p.b_row_stride + col * p.b_col_stride] : T(0);
      __syncthreads();
      for (int i = 0; i < kTile; ++i) {
        sum += static_cast<Unsigned>(static_cast<Unsigned>(a[threadIdx.y][i]) *
                                     static_cast<Unsigned>(b[i][threadIdx.x]));
      }
      __syncthreads();
    }
    if (row < p.m && col < p.n) p.c[row * p.n + col] = static_cast<T>(sum);
  }
}

}  // namespace

template <typename T>
void IntegerMatMul(const IntegerProduct<T>& product, CUstream_st* stream) {
  const int64_t row_tiles = (product.m + kTile - 1) / kTile;
  const int64_t tiles = row_tiles * ((product.n + kTile - 1) / kTile);
  if (tiles == 0) return;
  constexpr int64_t kMaxBlocks = 1 << 20;
  const auto blocks = static_cast<unsigned>(tiles < kMaxBlocks ? tiles : kMaxBlocks);
  IntegerMatMulTiles<<<blocks, dim3(kTile, kTile), 0, stream>>>(product, row_tiles, tiles);
  CheckLaunch("IntegerMatMul");
}

template void IntegerMatMul(const IntegerProduct<uint8_t>& product, CUstream_st* stream);
template void IntegerMatMul(const IntegerProduct<int32_t>& product, CUstream_st* stream);
template void IntegerMatMul(const IntegerProduct<int64_t>& product, CUstream_st* stream);
template void IntegerMatMul(const IntegerProduct<uint64_t>& product, CUstream_st* stream);

}  // namespace neura::cuda
