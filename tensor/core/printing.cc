// How a tensor prints: nested brackets, columns aligned, large tensors summarized by their edges.
// Digits, columns and line breaks are those of PyTorch, which readers of numbers are used to.
#include "neura/tensor/core/printing.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>
#include <optional>
#include <ostream>
#include <string>
#include <type_traits>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/sparse_parts.h"

namespace neura {
namespace {

std::mutex g_mutex;
PrintOptions g_options;  // guarded by g_mutex

// How all real numbers of a tensor are written, chosen from those that are finite and not 0:
// scientific where fixed point would lose digits or run wide.
class RealFormat {
 public:
  explicit RealFormat(const PrintOptions& options)
      : precision_(static_cast<int>(options.precision)), sci_mode_(options.sci_mode) {}

  void Look(double value) {
    if (!std::isfinite(value) || value == 0) return;
    whole_ &= value == std::floor(value);
    largest_ = std::max(largest_, std::fabs(value));
    smallest_ = std::min(smallest_, std::fabs(value));
  }
  void Choose() {
    scientific_ =
        sci_mode_.value_or(largest_ > 0 && (largest_ / smallest_ > 1000 || largest_ > 1e8 ||
                                            (!whole_ && smallest_ < 1e-4)));
  }
  std::string Format(double value) const {
    if (std::isnan(value)) return "nan";
    if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
    if (scientific_) return absl::StrFormat("%.*e", precision_, value);
    if (whole_) return absl::StrFormat("%.0f.", value);
    return absl::StrFormat("%.*f", precision_, value);
  }
  // What 0, NaN and infinities take does not widen the columns.
  void Widen(double value) {
    if (std::isfinite(value) && value != 0) width_ = std::max(width_, Format(value).size());
  }
  size_t width() const { return width_; }

 private:
  int precision_;
  std::optional<bool> sci_mode_;
  bool scientific_ = false;
  bool whole_ = true;  // "3." suffices
  double largest_ = 0;
  double smallest_ = std::numeric_limits<double>::max();
  size_t width_ = 1;
};

std::string Padded(const std::string& text, size_t width) {
  return absl::StrCat(std::string(width - std::min(width, text.size()), ' '), text);
}

// How the elements of a dtype are written.
template <typename T>
class ElementFormat {
 public:
  explicit ElementFormat(const PrintOptions& options) : real_(options) {}
  void Look(T value) { real_.Look(Convert<double>(value)); }
  void Choose() { real_.Choose(); }
  void Widen(T value) { real_.Widen(Convert<double>(value)); }
  std::string Format(T value) const {
    return Padded(real_.Format(Convert<double>(value)), real_.width());
  }
  size_t width() const { return real_.width(); }

 private:
  RealFormat real_;
};

template <typename T>
requires std::is_integral_v<T>
class ElementFormat<T> {
 public:
  explicit ElementFormat(const PrintOptions&) {}
  void Look(T) {}
  void Choose() {}
  void Widen(T value) { width_ = std::max(width_, Text(value).size()); }
  std::string Format(T value) const { return Padded(Text(value), width_); }
  size_t width() const { return width_; }

 private:
  static std::string Text(T value) {
    if constexpr (std::is_same_v<T, bool>) return value ? "true" : "false";
    return absl::StrCat(value);
  }
  size_t width_ = 1;
};

template <typename T>
requires kIsComplex<T>
class ElementFormat<T> {
 public:
  explicit ElementFormat(const PrintOptions& options) : real_(options), imag_(options) {}
  void Look(T value) {
    real_.Look(value.real());
    imag_.Look(value.imag());
  }
  void Choose() {
    real_.Choose();
    imag_.Choose();
  }
  void Widen(T value) {
    real_.Widen(value.real());
    imag_.Widen(value.imag());
  }
  std::string Format(T value) const {
    const std::string imag = imag_.Format(value.imag());
    return absl::StrCat(Padded(real_.Format(value.real()), real_.width()),
                        imag[0] == '-' ? "" : "+", imag, "j");
  }
  size_t width() const { return real_.width() + imag_.width() + 1; }

 private:
  RealFormat real_, imag_;
};

template <typename T>
class Printer {
 public:
  Printer(const Tensor& tensor, int64_t indent, const PrintOptions& options)
      : tensor_(tensor),
        indent_(indent),
        edge_items_(options.edgeitems),
        summarize_(tensor.numel() > options.threshold),
        format_(options) {
    Visit(0, data(), [this](T value) { format_.Look(value); });
    format_.Choose();
    Visit(0, data(), [this](T value) { format_.Widen(value); });
    // A gap takes the place of one element.
    const int64_t columns = options.linewidth - indent_ - std::max<int64_t>(tensor.dim() - 1, 0);
    per_line_ = std::max<int64_t>(columns / static_cast<int64_t>(format_.width() + 2), 1);
  }

  std::string Print() const {
    if (tensor_.numel() == 0) return "[]";
    if (tensor_.dim() == 0) return format_.Format(Read(data()));
    std::string text;
    Append(0, data(), text);
    return text;
  }

 private:
  // A bool as a byte: memory from outside may hold others than 0 and 1.
  static T Read(const T* from) {
    if constexpr (std::is_same_v<T, bool>) {
      return *reinterpret_cast<const unsigned char*>(from) != 0;
    } else {
      return *from;
    }
  }
  const T* data() const { return static_cast<const T*>(tensor_.raw_data()); }

  // Calls visit(index) for the indices of `dim` that are shown, -1 for the gap between them.
  template <typename F>
  void ShownIndices(size_t dim, F visit) const {
    const int64_t extent = tensor_.shape()[dim];
    for (int64_t i = 0; i < extent; ++i) {
      if (summarize_ && extent > 2 * edge_items_ && i == edge_items_) {
        visit(-1);
        i = extent - edge_items_;
        if (i == extent) break;
      }
      visit(i);
    }
  }

  template <typename F>
  void Visit(size_t dim, const T* data, F visit) const {
    if (tensor_.numel() == 0) return;
    if (dim == tensor_.shape().size()) {
      visit(Read(data));
      return;
    }
    ShownIndices(dim, [&](int64_t i) {
      if (i >= 0) Visit(dim + 1, data + i * tensor_.strides()[dim], visit);
    });
  }

  void Append(size_t dim, const T* data, std::string& text) const {
    const size_t deeper = tensor_.shape().size() - dim - 1;
    const std::string indent(static_cast<size_t>(indent_) + dim + 1, ' ');
    text += "[";
    int64_t shown = 0;
    ShownIndices(dim, [&](int64_t i) {
      if (shown > 0) {
        text += ",";
        if (deeper > 0) {
          absl::StrAppend(&text, std::string(deeper, '\n'), indent);
        } else if (shown % per_line_ == 0) {
          absl::StrAppend(&text, "\n", indent);
        } else {
          text += " ";
        }
      }
      ++shown;
      if (i < 0) {
        text += deeper > 0 ? "..." : " ...";
      } else if (deeper > 0) {
        Append(dim + 1, data + i * tensor_.strides()[dim], text);
      } else {
        text += format_.Format(Read(data + i * tensor_.strides()[dim]));
      }
    });
    text += "]";
  }

  const Tensor& tensor_;
  const int64_t indent_;
  const int64_t edge_items_;
  const bool summarize_;
  ElementFormat<T> format_;
  int64_t per_line_ = 1;
};

}  // namespace

PrintOptions GetPrintOptions() {
  const std::lock_guard lock(g_mutex);
  return g_options;
}
void SetPrintOptions(const PrintOptions& options) {
  if (options.precision < 0 || options.precision > 40 || options.threshold < 0 ||
      options.edgeitems < 0 || options.linewidth < 0) {
    ThrowInvalidArgument(absl::StrCat("print options: precision = ", options.precision,
                                      " must be in [0, 40], and threshold = ", options.threshold,
                                      ", edgeitems = ", options.edgeitems,
                                      " and linewidth = ", options.linewidth, " not negative"));
  }
  const std::lock_guard lock(g_mutex);
  g_options = options;
}

std::string ElementsText(const Tensor& tensor, int64_t indent) {
  const PrintOptions options = GetPrintOptions();
  return SwitchDType(tensor.dtype(),
                     [&]<typename T>(T) { return Printer<T>(tensor, indent, options).Print(); });
}

std::string Tensor::ToString() const {
  if (!defined()) return "Tensor(undefined)";
  if (device() == kMeta) return Describe(*this);
  if (IsSparse(*this)) {
    const SparseParts& parts = PartsOf("ToString", *this);
    return absl::StrCat("indices: ", parts.indices.ToString(),
                        "\nvalues: ", parts.values.ToString(), "\n", Describe(*this));
  }
  NotifyRead();
  return absl::StrCat(ElementsText(HostCopy(*this)), "\n", Describe(*this));
}

std::ostream& operator<<(std::ostream& out, const Tensor& tensor) {
  return out << tensor.ToString();
}

}  // namespace neura
