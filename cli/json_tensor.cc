#include "neura/cli/json_tensor.h"

#include <cmath>
#include <limits>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "neura/tensor/core/dtype_limits.h"
#include "neura/tensor/tensor.h"

namespace neura::cli {
namespace {

struct Elements {
  Dims shape = {};
  std::vector<const Json*> list = {};
};

void Flatten(const Json& json, size_t depth, Elements& elements) {
  if (!json.is_array()) {
    if (depth != elements.shape.size()) ThrowInvalidArgument("lists of different depths");
    elements.list.push_back(&json);
    return;
  }
  if (depth == kMaxDims) ThrowInvalidArgument("too many lists in lists");
  const auto size = static_cast<int64_t>(json.size());
  if (elements.list.empty() && elements.shape.size() == depth) elements.shape.push_back(size);
  if (elements.shape.size() <= depth || elements.shape[depth] != size) {
    ThrowInvalidArgument("lists of different lengths");
  }
  for (const Json& part : json) Flatten(part, depth + 1, elements);
}

double NumberOf(const Json& json) {
  if (json.is_number()) return json.get<double>();
  if (json.is_boolean()) return json.get<bool>() ? 1 : 0;
  if (json == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (json == "Infinity") return std::numeric_limits<double>::infinity();
  if (json == "-Infinity") return -std::numeric_limits<double>::infinity();
  ThrowInvalidArgument(
      absl::StrCat(json.dump(-1, ' ', false, Json::error_handler_t::replace), " is no number"));
}

int64_t IntegerOf(const Json& json, DType dtype) {
  const IntegerLimits limits = dtype == kBool ? IntegerLimits{0, 1} : IntegerLimitsOf(dtype);
  if (json.is_number_unsigned() && json.get<uint64_t>() <= limits.max) {
    return static_cast<int64_t>(json.get<uint64_t>());
  }
  if (json.is_number_integer() && json.get<int64_t>() < 0 && json.get<int64_t>() >= limits.min) {
    return json.get<int64_t>();
  }
  if (json.is_boolean()) return json.get<bool>() ? 1 : 0;
  ThrowInvalidArgument(absl::StrCat(json.dump(-1, ' ', false, Json::error_handler_t::replace),
                                    " is no ", DTypeName(dtype)));
}

Tensor Fill(const Elements& elements, DType dtype) {
  if (CategoryOf(dtype) == DTypeCategory::kComplex) {
    ThrowUnimplemented("complex numbers are not read from JSON");
  }
  if (IsFloating(dtype)) {
    std::vector<double> numbers;
    for (const Json* each : elements.list) numbers.push_back(NumberOf(*each));
    return Cast(FromVector(numbers, elements.shape), dtype);
  }
  std::vector<int64_t> numbers;
  for (const Json* each : elements.list) numbers.push_back(IntegerOf(*each, dtype));
  return Cast(FromVector(numbers, elements.shape), dtype);
}

// A short decimal number that is this one among floats.
double Short(float number) {
  for (int digits = 6;; ++digits) {
    const std::string text = absl::StrFormat("%.*g", digits, number);
    float read = 0;
    double shortened = 0;
    if (digits == 9 || (absl::SimpleAtof(text, &read) && read == number)) {
      return absl::SimpleAtod(text, &shortened) ? shortened : number;
    }
  }
}

Json FloatJson(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number > 0 ? "Infinity" : "-Infinity";
  return number;
}

template <typename T, typename Convert>
Json List(const Tensor& tensor, DType dtype, Convert convert) {
  const Tensor elements = Contiguous(Cast(tensor, dtype));
  const T* const data = elements.data<T>();
  Json list = Json::array();
  for (int64_t i = 0; i < elements.numel(); ++i) list.push_back(convert(data[i]));
  return list;
}

Json Data(const Tensor& tensor) {
  switch (tensor.dtype()) {
    case kBool:
      return List<bool>(tensor, kBool, [](bool x) { return x; });
    case kUInt64:
      return List<uint64_t>(tensor, kUInt64, [](uint64_t x) { return x; });
    case kFloat64:
      return List<double>(tensor, kFloat64, [](double x) { return FloatJson(x); });
    case kComplex64:
    case kComplex128:
      ThrowUnimplemented("complex numbers are not written as JSON");
    default:
      if (!IsFloating(tensor.dtype())) {
        return List<int64_t>(tensor, kInt64, [](int64_t x) { return x; });
      }
      return List<float>(tensor, kFloat32,
                         [](float x) { return std::isfinite(x) ? Json(Short(x)) : FloatJson(x); });
  }
}

}  // namespace

Tensor TensorFromJson(const Json& json, DType dtype) {
  if (!json.is_object()) {
    Elements elements;
    Flatten(json, 0, elements);
    return Fill(elements, dtype);
  }
  if (!json.contains("shape") || !json.contains("data")) {
    ThrowInvalidArgument("an object must have \"shape\" and \"data\"");
  }
  if (json.contains("dtype")) {
    bool known = false;
#define NEURA_CASE(type, name) \
  if (json["dtype"] == DTypeName(name)) dtype = name, known = true;
    NEURA_FORALL_DTYPES(NEURA_CASE)
#undef NEURA_CASE
    if (!known) ThrowInvalidArgument(absl::StrCat("there is no dtype ", json["dtype"].dump()));
  }
  Elements elements;
  if (!json["data"].is_array()) ThrowInvalidArgument("\"data\" must be a list");
  Flatten(json["data"], 0, elements);
  Elements extents;
  if (!json["shape"].is_array()) ThrowInvalidArgument("\"shape\" must be a list");
  Flatten(json["shape"], 0, extents);
  Dims shape;
  for (const Json* extent : extents.list) shape.push_back(IntegerOf(*extent, kInt64));
  return Reshape(Fill(elements, dtype), shape);
}

Json TensorToJson(const Tensor& tensor) {
  return {{"dtype", std::string(DTypeName(tensor.dtype()))},
          {"shape", std::vector<int64_t>(tensor.shape().begin(), tensor.shape().end())},
          {"data", Data(tensor)}};
}

}  // namespace neura::cli
