#include "neura/onnx/tensor_proto.h"

#include <bit>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace neura::onnx {
namespace {

using ::onnx::TensorProto;

static_assert(std::endian::native == std::endian::little, "raw_data is little-endian");

struct Row {
  DType dtype;
  int type;
};
constexpr Row kTypes[] = {
    {kBool, TensorProto::BOOL},           {kUInt8, TensorProto::UINT8},
    {kInt8, TensorProto::INT8},           {kInt16, TensorProto::INT16},
    {kInt32, TensorProto::INT32},         {kInt64, TensorProto::INT64},
    {kFloat16, TensorProto::FLOAT16},     {kBFloat16, TensorProto::BFLOAT16},
    {kFloat32, TensorProto::FLOAT},       {kFloat64, TensorProto::DOUBLE},
    {kComplex64, TensorProto::COMPLEX64}, {kComplex128, TensorProto::COMPLEX128},
};

// Elements that stand in a repeated field, each converted to an unsigned integer or floating type
// of the element's size.
template <typename Stored, typename Field>
void CopyField(const Field& field, void* data) {
  auto* out = static_cast<Stored*>(data);
  for (const auto value : field) *out++ = static_cast<Stored>(value);
}

// How many numbers the typed fields hold for this dtype, and the fields of other dtypes' tensors do
// not count.
int64_t FieldSize(const TensorProto& proto, DType dtype) {
  switch (dtype) {
    case kFloat32:
      return proto.float_data_size();
    case kComplex64:
      return proto.float_data_size() % 2 == 0 ? proto.float_data_size() / 2 : -1;
    case kFloat64:
      return proto.double_data_size();
    case kComplex128:
      return proto.double_data_size() % 2 == 0 ? proto.double_data_size() / 2 : -1;
    case kInt64:
      return proto.int64_data_size();
    default:
      return proto.int32_data_size();
  }
}

void ReadField(const TensorProto& proto, DType dtype, void* data) {
  switch (dtype) {
    case kFloat32:
    case kComplex64:
      return CopyField<float>(proto.float_data(), data);
    case kFloat64:
    case kComplex128:
      return CopyField<double>(proto.double_data(), data);
    case kInt64:
      return CopyField<int64_t>(proto.int64_data(), data);
    case kInt32:
      return CopyField<int32_t>(proto.int32_data(), data);
    case kInt16:
    case kFloat16:
    case kBFloat16:
      return CopyField<uint16_t>(proto.int32_data(), data);
    case kBool:
    case kUInt8:
    case kInt8:
      return CopyField<uint8_t>(proto.int32_data(), data);
  }
}

}  // namespace

int ToElementType(DType dtype) {
  for (const Row& row : kTypes) {
    if (row.dtype == dtype) return row.type;
  }
  return TensorProto::UNDEFINED;
}

absl::StatusOr<DType> FromElementType(int type) {
  for (const Row& row : kTypes) {
    if (row.type == type) return row.dtype;
  }
  return absl::UnimplementedError(absl::StrCat("element type ", type, " is not supported"));
}

void WriteTensor(const Tensor& tensor, TensorProto* proto) {
  proto->set_data_type(ToElementType(tensor.dtype()));
  for (int64_t extent : tensor.shape()) proto->add_dims(extent);
  const Tensor contiguous = Contiguous(To(tensor, kCpu));
  proto->set_raw_data(contiguous.raw_data(), contiguous.nbytes());
}

absl::StatusOr<Tensor> ReadTensor(const TensorProto& proto) {
  const auto bad = [&proto](auto... parts) {
    return absl::InvalidArgumentError(absl::StrCat("tensor ", proto.name(), ": ", parts...));
  };
  if (proto.data_location() == TensorProto::EXTERNAL || proto.external_data_size() > 0) {
    return absl::UnimplementedError(
        absl::StrCat("tensor ", proto.name(), ": its data lies in another file"));
  }
  if (proto.has_segment()) return bad("is in segments");
  absl::StatusOr<DType> dtype = FromElementType(proto.data_type());
  if (!dtype.ok()) return bad(dtype.status().message());
  const auto item_size = static_cast<int64_t>(ItemSize(*dtype));
  int64_t numel = 1, bytes = 0;
  for (int64_t extent : proto.dims()) {
    if (extent < 0 || __builtin_mul_overflow(numel, std::max<int64_t>(extent, 1), &numel)) {
      return bad("its extents are negative or their product too large");
    }
  }
  if (__builtin_mul_overflow(numel, item_size, &bytes)) return bad("is too large");
  for (int64_t extent : proto.dims()) {
    if (extent == 0) numel = bytes = 0;
  }
  const bool raw = proto.has_raw_data();
  const int64_t given =
      raw ? static_cast<int64_t>(proto.raw_data().size()) : FieldSize(proto, *dtype);
  if (given != (raw ? bytes : numel)) {
    return bad("has ", given, raw ? " bytes" : " elements", ", its extents say ",
               raw ? bytes : numel);
  }
  const Dims shape(proto.dims().begin(), proto.dims().end());
  Tensor tensor = Tensor::Empty(shape, *dtype, kCpu);
  if (raw) {
    if (bytes > 0) std::memcpy(tensor.raw_data(), proto.raw_data().data(), proto.raw_data().size());
  } else {
    ReadField(proto, *dtype, tensor.raw_data());
  }
  if (*dtype == kBool) {
    auto* data = static_cast<uint8_t*>(tensor.raw_data());
    for (int64_t i = 0; i < numel; ++i) data[i] = data[i] != 0;
  }
  return tensor;
}

}  // namespace neura::onnx
