// Products of matrices of which one is quantized, or both.
#include "absl/strings/str_cat.h"
#include "neura/onnx/import/ops.h"
#include "neura/onnx/import/quantize.h"
#include "neura/tensor/tensor.h"

namespace neura::onnx {
namespace {

using graph::kNone;
using graph::ValueId;

// One scale for all, or one for each slice of dimension `axis`, counted from the end.
Tensor PerSlice(const Tensor& scale, const Tensor& x, int64_t axis) {
  return Spread(scale, x, axis + x.dim(), 0);
}

// Sums of products as the numbers that they stand for.
ValueId Scaled(NodeReader& node, ValueId sum, ValueId a_scale, ValueId b_scale, ValueId bias) {
  return node.TraceAll({sum, a_scale, b_scale, bias}, [](absl::Span<const Tensor> in) {
    const Tensor y =
        Cast(in[0], in[1].dtype()) * (PerSlice(in[1], in[0], -2) * PerSlice(in[2], in[0], -1));
    return std::vector{in[3].defined() ? y + in[3] : y};
  })[0];
}

}  // namespace

void ReadMatMulIntegerToFloat(NodeReader& node) {
  const ValueId sum =
      IntegerProduct(node, node.in(0), node.in_or_none(4), node.in(1), node.in_or_none(5));
  node.Out(Scaled(node, sum, node.in(2), node.in(3), node.in_or_none(6)));
}

void ReadDynamicQuantizeMatMul(NodeReader& node) {
  const std::vector<ValueId> a = node.TraceAll({node.in(0)}, [](absl::Span<const Tensor> in) {
    const Quantized x = DynamicallyQuantized(in[0]);
    return std::vector{x.elements, x.scale, x.zero};
  });
  const ValueId sum = IntegerProduct(node, a[0], a[2], node.in(1), node.in_or_none(3));
  node.Out(Scaled(node, sum, a[1], node.in(2), node.in_or_none(4)));
}

// Input 6 is in the steps of the product.
void ReadQGemm(NodeReader& node) {
  const double alpha = node.Float("alpha", 1);
  const auto matrix = [&](size_t i, const char* transposes) {
    const ValueId x = node.in(i);
    if (node.rank(x) != 2) ThrowInvalidArgument("expects two matrices");
    return node.Int(transposes, 0) != 0 ? node.Permute(x, {1, 0}) : x;
  };
  ValueId sum =
      IntegerProduct(node, matrix(0, "transA"), node.in(2), matrix(3, "transB"), node.in(5));
  if (node.has(6)) {
    sum = node.Trace([](const Tensor& sum, const Tensor& c) { return sum + c; }, sum, node.in(6));
  }
  const ValueId scale =
      node.Pointwise([=](const Tensor& scale) { return scale * alpha; }, node.in(1));
  if (!node.has(7) && !node.has(8)) return node.Out(Scaled(node, sum, scale, node.in(4), kNone));
  node.Out(Requantized(node, sum, {scale, node.in(4), node.in(7)}, node.in(8), -1));
}

namespace {

// Numbers of `bits` bits out of bytes [..., n], the first in the lowest: [..., n * 8 / bits].
Tensor UnpackedBits(const Tensor& bytes, int64_t bits) {
  if (bits == 8) return bytes;
  std::vector<Tensor> parts;
  for (int64_t at = 0; at < 8; at += bits) {
    const Tensor shifted = FloorDivide(bytes, int64_t{1} << at);
    parts.push_back(Remainder(shifted, int64_t{1} << bits));
  }
  return Flatten(Stack(parts, -1), -2, -1);
}

}  // namespace

// The weight stands in blocks along its rows, each with a scale and a zero point.
void ReadMatMulNBits(NodeReader& node) {
  const int64_t columns = node.Int("N", 0), rows = node.Int("K", 0);
  const int64_t block = node.Int("block_size", 0), bits = node.Int("bits", 4);
  node.Int("accuracy_level", 0);  // how exact the product has to be at least
  if (node.Int("weight_prepacked", 0) != 0) node.Unsupported("weights as a device wants them");
  if (bits != 2 && bits != 4 && bits != 8) node.Unsupported(absl::StrCat(bits, " bits"));
  if (columns < 1 || rows < 1 || block < 16 || columns > INT32_MAX || rows > INT32_MAX ||
      block > INT32_MAX || (block & (block - 1)) != 0) {
    ThrowInvalidArgument(
        absl::StrCat("a weight of ", rows, " x ", columns, " in blocks of ", block));
  }
  if (node.has(4)) node.Unsupported("g_idx");
  const int64_t blocks = (rows + block - 1) / block;
  const ValueId x = node.in(0), packed = node.in(1);
  int64_t bytes = 1;
  for (int64_t d = 0; d < node.rank(packed); ++d) bytes *= node.FixedExtent(packed, d);
  if (node.dtype(packed) != kUInt8 || bytes != columns * blocks * (block * bits / 8)) {
    ThrowInvalidArgument(absl::StrCat("a weight of ", bytes, " elements of ",
                                      DTypeName(node.dtype(packed)), ", expected uint8 [", columns,
                                      ", ", blocks, ", ", block * bits / 8, "]"));
  }
  const std::vector<ValueId> weight =
      node.TraceAll({packed, node.in(2), node.in_or_none(3)}, [&](absl::Span<const Tensor> in) {
        const DType dtype = WideDType(in[1].dtype());
        const auto per_block = [&](const Tensor& x) { return Reshape(x, {columns, blocks, 1}); };
        const Tensor elements =
            Cast(UnpackedBits(Reshape(in[0], {columns, blocks, block * bits / 8}), bits), dtype);
        Tensor centered;
        if (!in[2].defined()) {
          centered = elements - (int64_t{1} << (bits - 1));
        } else if (IsFloating(in[2].dtype())) {
          centered = elements - per_block(Cast(in[2], dtype));
        } else {
          const Tensor zeros = UnpackedBits(Reshape(in[2], {columns, -1}), bits);
          centered = elements - Cast(per_block(Slice(zeros, 1, 0, blocks)), dtype);
        }
        return std::vector{
            Slice(Reshape(centered * per_block(Cast(in[1], dtype)), {columns, blocks * block}), 1,
                  0, rows)};
      });
  node.Out(node.TraceAll({x, weight[0], node.in_or_none(5)}, [](absl::Span<const Tensor> in) {
    const auto wide = [&](const Tensor& x) { return x.defined() ? Cast(x, in[1].dtype()) : x; };
    return std::vector{Cast(Linear(wide(in[0]), in[1], wide(in[2])), in[0].dtype())};
  })[0]);
}

}  // namespace neura::onnx
