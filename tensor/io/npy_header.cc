#include "neura/tensor/io/npy_header.h"

#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace neura::internal {
namespace {

// Kind and width as a descr has them after the byte order.
constexpr std::pair<std::string_view, DType> kDescrs[] = {
    {"b1", kBool},    {"u1", kUInt8},   {"i1", kInt8},      {"i2", kInt16},       {"u2", kUInt16},
    {"u4", kUInt32},  {"u8", kUInt64},  {"i4", kInt32},     {"i8", kInt64},       {"f2", kFloat16},
    {"f4", kFloat32}, {"f8", kFloat64}, {"c8", kComplex64}, {"c16", kComplex128},
};

// Takes a literal apart from its start. The first thing that does not fit is the parser's error;
// what is taken after it means nothing.
class LiteralParser {
 public:
  explicit LiteralParser(std::string_view text) : rest_(text) {}

  const absl::Status& status() const { return status_; }
  bool at_end() {
    SkipSpace();
    return rest_.empty();
  }

  void Fail(std::string_view expected) {
    if (status_.ok()) {
      status_ =
          absl::InvalidArgumentError(absl::StrCat("npy header: expected ", expected, " before \"",
                                                  absl::CHexEscape(rest_.substr(0, 20)), "\""));
    }
  }

  // Whether `token` comes next; it is taken then.
  bool Try(std::string_view token) {
    SkipSpace();
    if (!absl::StartsWith(rest_, token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }

  void Take(std::string_view token) {
    if (!Try(token)) Fail(absl::StrCat("'", token, "'"));
  }

  std::string_view TakeString() {
    const bool single = Try("'");
    if (!single && !Try("\"")) Fail("a string");
    const size_t end = rest_.find(single ? '\'' : '"');
    if (end == std::string_view::npos) {
      Fail("the end of a string");
      return {};
    }
    const std::string_view value = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return value;
  }

  bool TakeBool() {
    if (Try("True")) return true;
    Take("False");
    return false;
  }

  // "()", "(3,)", "(2, 3)"
  Dims TakeShape() {
    Dims shape;
    Take("(");
    while (status_.ok() && !Try(")")) {
      if (shape.size() == kMaxDims) Fail(absl::StrCat("at most ", kMaxDims, " dimensions"));
      shape.push_back(TakeExtent());
      if (!Try(",")) {
        Take(")");
        break;
      }
    }
    return shape;
  }

 private:
  int64_t TakeExtent() {
    SkipSpace();
    size_t digits = 0;
    while (digits < rest_.size() && absl::ascii_isdigit(rest_[digits])) ++digits;
    int64_t extent = 0;
    if (!absl::SimpleAtoi(rest_.substr(0, digits), &extent)) Fail("an extent");
    rest_.remove_prefix(digits);
    Try("L");  // Python 2 wrote long integers so.
    return extent;
  }

  void SkipSpace() { rest_ = absl::StripLeadingAsciiWhitespace(rest_); }

  std::string_view rest_;
  absl::Status status_;
};

absl::Status ParseDescr(std::string_view descr, NpyHeader& header) {
  const char order = descr.empty() ? '\0' : descr.front();
  const std::string_view kind = descr.substr(descr.empty() ? 0 : 1);
  for (const auto& [name, dtype] : kDescrs) {
    const bool has_order = order == '<' || order == '>' || (order == '|' && ItemSize(dtype) == 1);
    if (kind == name && has_order) {
      header.dtype = dtype;
      header.big_endian = order == '>';
      return absl::OkStatus();
    }
  }
  return absl::InvalidArgumentError(
      absl::StrCat("npy header: dtype '", absl::CHexEscape(descr.substr(0, 40)),
                   "' is none of bool, uint8, int8 to int64, float16 to float64 and complex"));
}

}  // namespace

absl::StatusOr<NpyHeader> ParseNpyHeader(std::string_view text) {
  NpyHeader header;
  std::string_view descr;
  bool has_descr = false, has_order = false, has_shape = false;
  LiteralParser parser(text);
  parser.Take("{");
  while (parser.status().ok() && !parser.Try("}")) {
    const std::string_view key = parser.TakeString();
    parser.Take(":");
    if (key == "descr" && !std::exchange(has_descr, true)) {
      descr = parser.TakeString();
    } else if (key == "fortran_order" && !std::exchange(has_order, true)) {
      header.fortran_order = parser.TakeBool();
    } else if (key == "shape" && !std::exchange(has_shape, true)) {
      header.shape = parser.TakeShape();
    } else {
      parser.Fail("the keys descr, fortran_order and shape, once each,");
    }
    if (!parser.Try(",")) {
      parser.Take("}");
      break;
    }
  }
  if (!parser.at_end()) parser.Fail("the end of the header");
  if (!(has_descr && has_order && has_shape)) parser.Fail("descr, fortran_order and shape");
  if (!parser.status().ok()) return parser.status();
  const absl::Status status = ParseDescr(descr, header);
  if (!status.ok()) return status;
  return header;
}

absl::StatusOr<std::string> FormatNpyHeader(DType dtype, DimsView shape) {
  for (const auto& [name, other] : kDescrs) {
    if (other != dtype) continue;
    return absl::StrCat("{'descr': '", ItemSize(dtype) == 1 ? "|" : "<", name,
                        "', 'fortran_order': False, 'shape': (", absl::StrJoin(shape, ", "),
                        shape.size() == 1 ? "," : "", "), }");
  }
  return absl::InvalidArgumentError(absl::StrCat("NumPy has no ", DTypeName(dtype)));
}

}  // namespace neura::internal
