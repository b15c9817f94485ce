#include "neura/onnx/format/tensor_message.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "neura/onnx/format/fields.h"
#include "neura/onnx/format/wire.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"

namespace neura::onnx {
namespace {

static_assert(std::endian::native == std::endian::little, "raw_data is little-endian");

struct Row {
  DType dtype;
  int type;
};
constexpr Row kTypes[] = {
    {kFloat32, 1}, {kUInt8, 2},   {kInt8, 3},       {kUInt16, 4},      {kInt16, 5},
    {kInt32, 6},   {kInt64, 7},   {kBool, 9},       {kFloat16, 10},    {kFloat64, 11},
    {kUInt32, 12}, {kUInt64, 13}, {kComplex64, 14}, {kComplex128, 15}, {kBFloat16, 16},
};
constexpr int kExternal = 1;  // TensorProto.DataLocation

// A TensorProto as it stands in the file.
struct TensorMessage {
  std::string_view name;
  int32_t data_type = 0;
  std::vector<int64_t> dims;
  std::optional<std::string_view> raw_data;
  std::vector<float> float_data;
  std::vector<double> double_data;
  std::vector<std::string_view> string_data;
  std::vector<int32_t> int32_data;
  std::vector<int64_t> int64_data;
  std::vector<uint64_t> uint64_data;
  bool is_external = false;
  std::vector<std::pair<std::string_view, std::string_view>> external;
  bool is_segment = false;
};

std::pair<std::string_view, std::string_view> ParseEntry(std::string_view bytes) {
  std::pair<std::string_view, std::string_view> entry;
  ForEachField<StringEntryField>(bytes, [&](auto& in) {
    switch (in.tag_and_type()) {
      case Bytes(StringEntryField::kKey):
        entry.first = in.get_view();
        break;
      case Bytes(StringEntryField::kValue):
        entry.second = in.get_view();
        break;
      default:
        in.skip();
    }
  });
  return entry;
}

TensorMessage Parse(std::string_view bytes) {
  using F = TensorField;
  TensorMessage tensor;
  ForEachField<F>(bytes, [&](auto& in) {
    switch (in.tag_and_type()) {
      case Bytes(F::kName):
        tensor.name = in.get_view();
        break;
      case Varint(F::kDataType):
        tensor.data_type = in.get_int32();
        break;
      case Varint(F::kDims):
        tensor.dims.push_back(in.get_int64());
        break;
      case Bytes(F::kDims):
        Append(in.get_packed_int64(), tensor.dims);
        break;
      case Bytes(F::kRawData):
        tensor.raw_data = in.get_view();
        break;
      case Fixed32(F::kFloatData):
        tensor.float_data.push_back(in.get_float());
        break;
      case Bytes(F::kFloatData):
        Append(in.get_packed_float(), tensor.float_data);
        break;
      case Fixed64(F::kDoubleData):
        tensor.double_data.push_back(in.get_double());
        break;
      case Bytes(F::kDoubleData):
        Append(in.get_packed_double(), tensor.double_data);
        break;
      case Bytes(F::kStringData):
        tensor.string_data.push_back(in.get_view());
        break;
      case Varint(F::kInt32Data):
        tensor.int32_data.push_back(in.get_int32());
        break;
      case Bytes(F::kInt32Data):
        Append(in.get_packed_int32(), tensor.int32_data);
        break;
      case Varint(F::kInt64Data):
        tensor.int64_data.push_back(in.get_int64());
        break;
      case Bytes(F::kInt64Data):
        Append(in.get_packed_int64(), tensor.int64_data);
        break;
      case Varint(F::kUInt64Data):
        tensor.uint64_data.push_back(in.get_uint64());
        break;
      case Bytes(F::kUInt64Data):
        Append(in.get_packed_uint64(), tensor.uint64_data);
        break;
      case Varint(F::kDataLocation):
        tensor.is_external |= in.get_int32() == kExternal;
        break;
      case Bytes(F::kExternalData):
        tensor.is_external = true;
        tensor.external.push_back(ParseEntry(in.get_view()));
        break;
      case Bytes(F::kSegment):
        tensor.is_segment = true;
        in.skip();
        break;
      default:
        in.skip();
    }
  });
  return tensor;
}

// Elements that stand in a repeated field, each converted to an unsigned integer or floating type
// of the element's size.
template <typename Stored, typename Field>
void CopyField(const Field& field, void* data) {
  auto* out = static_cast<Stored*>(data);
  for (const auto value : field) *out++ = static_cast<Stored>(value);
}

// How many elements the typed fields hold of this dtype; the fields of other dtypes do not count.
// Negative for half a complex number.
int64_t FieldSize(const TensorMessage& tensor, DType dtype) {
  const auto complex = [](size_t parts) {
    return parts % 2 == 0 ? static_cast<int64_t>(parts / 2) : -1;
  };
  switch (dtype) {
    case kFloat32:
      return static_cast<int64_t>(tensor.float_data.size());
    case kComplex64:
      return complex(tensor.float_data.size());
    case kFloat64:
      return static_cast<int64_t>(tensor.double_data.size());
    case kComplex128:
      return complex(tensor.double_data.size());
    case kInt64:
      return static_cast<int64_t>(tensor.int64_data.size());
    case kUInt32:
    case kUInt64:
      return static_cast<int64_t>(tensor.uint64_data.size());
    default:
      return static_cast<int64_t>(tensor.int32_data.size());
  }
}

void ReadField(const TensorMessage& tensor, DType dtype, void* data) {
  switch (dtype) {
    case kFloat32:
    case kComplex64:
      return CopyField<float>(tensor.float_data, data);
    case kFloat64:
    case kComplex128:
      return CopyField<double>(tensor.double_data, data);
    case kInt64:
      return CopyField<int64_t>(tensor.int64_data, data);
    case kUInt64:
      return CopyField<uint64_t>(tensor.uint64_data, data);
    case kUInt32:
      return CopyField<uint32_t>(tensor.uint64_data, data);
    case kInt32:
      return CopyField<int32_t>(tensor.int32_data, data);
    case kUInt16:
    case kInt16:
    case kFloat16:
    case kBFloat16:
      return CopyField<uint16_t>(tensor.int32_data, data);
    case kBool:
    case kUInt8:
    case kInt8:
      return CopyField<uint8_t>(tensor.int32_data, data);
  }
}

// The bytes of elements of a narrow type: as they are, or each a number.
std::string NarrowBytes(const TensorMessage& message) {
  if (message.raw_data) return std::string(*message.raw_data);
  std::string bytes(message.int32_data.size(), '\0');
  CopyField<uint8_t>(message.int32_data, bytes.data());
  return bytes;
}

// Elements of which the message says where they lie, and that they take `bytes`.
absl::StatusOr<Tensor> ReadOutside(const TensorMessage& message, ExternalData* external,
                                   DimsView shape, DType dtype, int64_t bytes) {
  if (external == nullptr) {
    return absl::UnimplementedError(
        "its elements lie in another file, and nothing says which; load the model by its path");
  }
  std::string_view location;
  uint64_t offset = 0, length = static_cast<uint64_t>(bytes);
  for (const auto& [key, value] : message.external) {
    if (key == "location") location = value;
    const bool is_number = key == "offset" || key == "length";
    if (is_number && !absl::SimpleAtoi(value, key == "offset" ? &offset : &length)) {
      return absl::InvalidArgumentError(absl::StrCat("its ", key, " is no number: ", value));
    }
  }
  if (length != static_cast<uint64_t>(bytes)) {
    return absl::InvalidArgumentError(
        absl::StrCat("has ", length, " bytes elsewhere, its extents say ", bytes));
  }
  return external->Read(std::string(location), offset, shape, dtype);
}

absl::StatusOr<TensorOfFile> ToTensor(const TensorMessage& message, ExternalData* external) {
  const auto bad = [&message](auto... parts) {
    return absl::InvalidArgumentError(absl::StrCat("tensor ", message.name, ": ", parts...));
  };
  if (message.is_segment) return bad("is in segments");
  if (message.dims.size() > kMaxDims) return bad("has too many dimensions");
  if (message.data_type == kStringElements) {
    const size_t given = message.string_data.size();
    if (static_cast<size_t>(NumElements(message.dims)) != given) {
      return bad("has ", given, " strings, its extents say ", NumElements(message.dims));
    }
    // What is empty may not be many things of nothing, as which lists would have it.
    constexpr int64_t kMostEmpty = 1 << 16;
    for (const int64_t extent : message.dims) {
      if (given == 0 && extent > kMostEmpty)
        return bad("has no strings, but an extent of ", extent);
    }
    TensorOfFile strings;
    strings.strings.emplace(StringsOfFile{{message.string_data.begin(), message.string_data.end()},
                                          {message.dims.begin(), message.dims.end()}});
    return strings;
  }
  const NarrowType* const narrow = FindNarrowType(message.data_type);
  const absl::StatusOr<DType> dtype =
      narrow != nullptr ? narrow->dtype : FromElementType(message.data_type);
  if (!dtype.ok()) return bad(dtype.status().message());
  const auto item_size = static_cast<int64_t>(ItemSize(*dtype));
  int64_t numel = 1, bytes = 0;
  for (int64_t extent : message.dims) {
    if (extent < 0 || __builtin_mul_overflow(numel, std::max<int64_t>(extent, 1), &numel)) {
      return bad("its extents are negative or their product too large");
    }
  }
  if (__builtin_mul_overflow(numel, item_size, &bytes)) return bad("is too large");
  for (int64_t extent : message.dims) {
    if (extent == 0) numel = bytes = 0;
  }
  const auto outside = [&](DimsView shape, DType held, int64_t held_bytes) {
    absl::StatusOr<Tensor> tensor = ReadOutside(message, external, shape, held, held_bytes);
    if (tensor.ok()) return tensor;
    const absl::Status& status = tensor.status();
    return absl::StatusOr<Tensor>(
        absl::Status(status.code(), absl::StrCat("tensor ", message.name, ": ", status.message())));
  };
  if (narrow != nullptr) {
    std::string packed;
    if (message.is_external) {
      const int64_t size = PackedBytes(*narrow, numel);
      const absl::StatusOr<Tensor> bits = outside({size}, kUInt8, size);
      if (!bits.ok()) return bits.status();
      packed.assign(static_cast<const char*>(bits->raw_data()), static_cast<size_t>(size));
    } else {
      packed = NarrowBytes(message);
    }
    const std::string elements = Unpack(*narrow, packed, numel);
    Tensor tensor = Tensor::Empty(message.dims, *dtype, kCpu);
    std::copy(elements.begin(), elements.end(), static_cast<char*>(tensor.raw_data()));
    return TensorOfFile{tensor, narrow};
  }
  if (message.is_external) {
    absl::StatusOr<Tensor> tensor = outside(message.dims, *dtype, bytes);
    if (!tensor.ok()) return tensor.status();
    return TensorOfFile{*std::move(tensor)};
  }
  const bool raw = message.raw_data.has_value();
  const int64_t given =
      raw ? static_cast<int64_t>(message.raw_data->size()) : FieldSize(message, *dtype);
  if (given != (raw ? bytes : numel)) {
    return bad("has ", given, raw ? " bytes" : " elements", ", its extents say ",
               raw ? bytes : numel);
  }
  Tensor tensor = Tensor::Empty(message.dims, *dtype, kCpu);
  if (raw) {
    if (bytes > 0)
      std::memcpy(tensor.raw_data(), message.raw_data->data(), message.raw_data->size());
  } else {
    ReadField(message, *dtype, tensor.raw_data());
  }
  if (*dtype == kBool) {
    auto* data = static_cast<uint8_t*>(tensor.raw_data());
    for (int64_t i = 0; i < numel; ++i) data[i] = data[i] != 0;
  }
  return TensorOfFile{tensor};
}

}  // namespace

int ToElementType(DType dtype) {
  for (const Row& row : kTypes) {
    if (row.dtype == dtype) return row.type;
  }
  return 0;  // undefined
}

absl::StatusOr<DType> FromElementType(int type) {
  for (const Row& row : kTypes) {
    if (row.type == type) return row.dtype;
  }
  return absl::UnimplementedError(absl::StrCat("element type ", type, " is not supported"));
}

namespace {

template <typename Out>
void WriteHead(Out& out, const Tensor& tensor, std::string_view name) {
  for (int64_t extent : tensor.shape()) out.add_int64(TensorField::kDims, extent);
  out.add_int32(TensorField::kDataType, ToElementType(tensor.dtype()));
  if (!name.empty()) out.add_string(TensorField::kName, name.data(), name.size());
}

}  // namespace

std::string WriteTensorOutside(const Tensor& tensor, std::string_view name,
                               std::string_view location, uint64_t offset) {
  return Encode<TensorField>([&](auto& out) {
    WriteHead(out, tensor, name);
    const std::pair<std::string_view, std::string> entries[] = {
        {"location", std::string(location)},
        {"offset", absl::StrCat(offset)},
        {"length", absl::StrCat(tensor.nbytes())}};
    for (const auto& [key, value] : entries) {
      std::string entry;
      protozero::pbf_builder<StringEntryField> fields(entry);
      fields.add_string(StringEntryField::kKey, key.data(), key.size());
      fields.add_string(StringEntryField::kValue, value);
      out.add_message(TensorField::kExternalData, entry);
    }
    out.add_int32(TensorField::kDataLocation, kExternal);
  });
}

std::string WriteTensor(const Tensor& tensor, std::string_view name) {
  const Tensor contiguous = Contiguous(To(tensor, kCpu));
  return Encode<TensorField>([&](auto& out) {
    WriteHead(out, tensor, name);
    out.add_bytes(TensorField::kRawData, static_cast<const char*>(contiguous.raw_data()),
                  contiguous.nbytes());
  });
}

absl::StatusOr<TensorOfFile> ReadTensorOfFile(std::string_view bytes, ExternalData* external) {
  try {
    return ToTensor(Parse(bytes), external);
  } catch (const protozero::exception&) {
    return absl::InvalidArgumentError("a tensor is not an ONNX message");
  } catch (Error& error) {
    error.AddContext(absl::StrCat("tensor ", TensorName(bytes)));
    return absl::Status(error.code(), error.message());
  }
}

absl::StatusOr<Tensor> ReadTensor(std::string_view bytes, ExternalData* external) {
  absl::StatusOr<TensorOfFile> read = ReadTensorOfFile(bytes, external);
  if (!read.ok()) return read.status();
  if (read->tensor.defined() && read->narrow == nullptr) return std::move(read->tensor);
  return absl::UnimplementedError(absl::StrCat(
      "tensor ", TensorName(bytes), ": ", read->narrow != nullptr ? read->narrow->name : "strings",
      " have no place here"));
}

std::string_view TensorName(std::string_view bytes) {
  std::string_view name;
  try {
    ForEachField<TensorField>(bytes, [&](auto& in) {
      in.tag_and_type() == Bytes(TensorField::kName) ? void(name = in.get_view()) : in.skip();
    });
  } catch (const protozero::exception&) {
    // ReadTensor tells of it.
    return {};
  }
  return name;
}

}  // namespace neura::onnx
