// How a tensor prints: nested brackets, columns aligned, large tensors summarized by their edges.
#include <algorithm>
#include <cmath>
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "neura/tensor/core/tensor.h"

namespace neura {
namespace {

constexpr int64_t kSummarizeAbove = 1000;  // elements
constexpr int64_t kEdgeItems = 3;          // shown at each end of a summarized dimension
constexpr size_t kLineWidth = 80;

struct NumberFormat {
  bool scientific = false;
  bool integral = false;  // every value is a whole number: "3." suffices
};

std::string FormatReal(double value, NumberFormat format) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  if (format.scientific) return absl::StrFormat("%.4e", value);
  if (format.integral) return absl::StrFormat("%.0f.", value);
  return absl::StrFormat("%.4f", value);
}

template <typename T>
std::string FormatElement(T value, NumberFormat format) {
  if constexpr (std::is_same_v<T, bool>) {
    return value ? "true" : "false";
  } else if constexpr (std::is_integral_v<T>) {
    return absl::StrCat(static_cast<int64_t>(value));
  } else if constexpr (kIsComplex<T>) {
    const std::string imag = FormatReal(value.imag(), format);
    return absl::StrCat(FormatReal(value.real(), format), imag[0] == '-' ? "" : "+", imag, "j");
  } else {
    return FormatReal(Convert<double>(value), format);
  }
}

template <typename T>
class Printer {
 public:
  explicit Printer(const Tensor& tensor)
      : tensor_(tensor), summarize_(tensor.numel() > kSummarizeAbove) {
    Visit(0, static_cast<const T*>(tensor.raw_data()), [this](T value) { Look(value); });
    // As PyTorch: scientific where fixed point would lose digits or run wide.
    format_.integral = whole_;
    format_.scientific =
        largest_ > 0 && (largest_ / smallest_ > 1000 || largest_ > 1e8 || smallest_ < 1e-4);
    if (whole_) format_.scientific = largest_ > 1e8;
    Visit(0, static_cast<const T*>(tensor.raw_data()),
          [this](T value) { width_ = std::max(width_, FormatElement(value, format_).size()); });
  }

  std::string Print() const {
    if (tensor_.numel() == 0) return "[]";
    std::string text;
    if (tensor_.dim() == 0) {
      return FormatElement(*static_cast<const T*>(tensor_.raw_data()), format_);
    }
    Append(0, static_cast<const T*>(tensor_.raw_data()), text);
    return text;
  }

 private:
  void Look(T value) {
    if constexpr (kIsComplex<T>) {
      LookReal(value.real());
      LookReal(value.imag());
    } else if constexpr (!std::is_integral_v<T>) {
      LookReal(Convert<double>(value));
    }
  }
  void LookReal(double value) {
    if (!std::isfinite(value)) return;
    whole_ &= value == std::floor(value);
    if (value == 0) return;
    largest_ = std::max(largest_, std::fabs(value));
    smallest_ = std::min(smallest_, std::fabs(value));
  }

  // Calls visit(index) for the indices of `dim` that are shown, -1 for the gap between them.
  template <typename F>
  void ShownIndices(size_t dim, F visit) const {
    const int64_t extent = tensor_.shape()[dim];
    for (int64_t i = 0; i < extent; ++i) {
      if (summarize_ && extent > 2 * kEdgeItems && i == kEdgeItems) {
        visit(-1);
        i = extent - kEdgeItems;
      }
      visit(i);
    }
  }

  template <typename F>
  void Visit(size_t dim, const T* data, F visit) const {
    if (tensor_.numel() == 0) return;
    if (dim == tensor_.shape().size()) {
      visit(*data);
      return;
    }
    ShownIndices(dim, [&](int64_t i) {
      if (i >= 0) Visit(dim + 1, data + i * tensor_.strides()[dim], visit);
    });
  }

  void Append(size_t dim, const T* data, std::string& text) const {
    const bool innermost = dim + 1 == tensor_.shape().size();
    const std::string indent(dim + 1, ' ');
    text += "[";
    size_t line = 0;
    bool first = true;
    ShownIndices(dim, [&](int64_t i) {
      if (!first) {
        text += ",";
        if (!innermost) {
          absl::StrAppend(&text, std::string(tensor_.shape().size() - dim - 1, '\n'), indent);
        } else if (line + width_ + 2 > kLineWidth) {
          absl::StrAppend(&text, "\n", indent);
          line = 0;
        } else {
          text += " ";
        }
      }
      first = false;
      if (i < 0) {
        text += "...";
        line += 5;
      } else if (innermost) {
        const std::string element = FormatElement(data[i * tensor_.strides()[dim]], format_);
        absl::StrAppend(&text, std::string(width_ - element.size(), ' '), element);
        line += width_ + 2;
      } else {
        Append(dim + 1, data + i * tensor_.strides()[dim], text);
      }
    });
    text += "]";
  }

  const Tensor& tensor_;
  const bool summarize_;
  NumberFormat format_;
  size_t width_ = 0;
  bool whole_ = true;
  double largest_ = 0;
  double smallest_ = 1e300;
};

std::string PrintElements(const Tensor& tensor) {
  return SwitchDType(tensor.dtype(), [&]<typename T>(T) { return Printer<T>(tensor).Print(); });
}

}  // namespace

std::string Tensor::ToString() const {
  if (!defined()) return "Tensor(undefined)";
  if (device().type != DeviceType::kCpu) return absl::StrCat("Tensor(", Describe(*this), ")");
  return absl::StrCat(PrintElements(*this), "\n", Describe(*this));
}

std::ostream& operator<<(std::ostream& out, const Tensor& tensor) {
  return out << tensor.ToString();
}

}  // namespace neura
