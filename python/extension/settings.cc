#include "neura/python/extension/settings.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "neura/python/extension/binder.h"
#include "neura/tensor/core/default_dtype.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/printing.h"
#include "neura/tensor/ops/pointwise_type.h"
#include "neura/tensor/random/generator.h"
#include "neura/tensor/tensor.h"

namespace neura::python {
namespace {

namespace py = pybind11;

DType ResultType(const Operand& first, const Operand& second) {
  if (first.is_tensor && second.is_tensor) {
    const Tensor* const both[] = {&first.tensor, &second.tensor};
    return PromotedDType(both);
  }
  if (first.is_tensor) return ScalarDType(first.tensor.dtype(), second.scalar);
  if (second.is_tensor) return ScalarDType(second.tensor.dtype(), first.scalar);
  return PromoteTypes(first.scalar.default_dtype(), second.scalar.default_dtype());
}

// A seed and an offset, int64 [2].
Tensor StateOf(const Generator& generator) {
  const RandomState state = generator.state();
  return FromList<int64_t>({static_cast<int64_t>(state.seed), static_cast<int64_t>(state.offset)});
}
void SetState(Generator& generator, const Tensor& state) {
  if (state.dtype() != kInt64 || state.dim() != 1 || state.numel() != 2) {
    ThrowInvalidArgument(
        absl::StrCat("set_rng_state: expected what get_rng_state gave, got ", Describe(state)));
  }
  const Tensor words = Contiguous(state);
  generator.SetState({static_cast<uint64_t>(words.data<int64_t>()[0]),
                      static_cast<uint64_t>(words.data<int64_t>()[1])});
}

void SetPrinting(const std::optional<int64_t>& precision, const std::optional<double>& threshold,
                 const std::optional<int64_t>& edgeitems, const std::optional<int64_t>& linewidth,
                 const std::optional<std::string>& profile, const std::optional<bool>& sci_mode) {
  PrintOptions options = GetPrintOptions();
  options.sci_mode = sci_mode;  // as in PyTorch: by itself again where it is not given
  if (profile) {
    if (*profile != "default" && *profile != "short" && *profile != "full") {
      ThrowInvalidArgument(absl::StrCat("set_printoptions: profile '", *profile,
                                        "' must be 'default', 'short' or 'full'"));
    }
    options = {.precision = *profile == "short" ? 2 : 4, .sci_mode = sci_mode};
    if (*profile == "short") options.edgeitems = 2;
    if (*profile == "full") options.threshold = std::numeric_limits<int64_t>::max();
  }
  options.precision = precision.value_or(options.precision);
  // Infinite, as PyTorch's users write it, is as many as there may be.
  if (threshold)
    options.threshold = static_cast<int64_t>(std::min(std::max(*threshold, -1.0), 0x1p62));
  options.edgeitems = edgeitems.value_or(options.edgeitems);
  options.linewidth = linewidth.value_or(options.linewidth);
  SetPrintOptions(options);
}

}  // namespace

void InitSettings(py::module_& m) {
  const Binder bind(m, "");
  bind("get_default_dtype", "", "The floating point dtype of what names none", &DefaultDType);
  bind("set_default_dtype", "d", "Sets the floating point dtype of what names none",
       &SetDefaultDType);
  bind(
      "set_printoptions",
      "precision=None, threshold=None, edgeitems=None, linewidth=None, profile=None, sci_mode=None",
      "How tensors print: digits after the point (4), the number of elements above which they are "
      "summarized (1000), how "
      "many are shown at each end then (3), columns of a line (80), and whether numbers are "
      "scientific (by their range); "
      "'default', 'short' (2 digits) and 'full' (no summaries) are profiles",
      &SetPrinting);
  m.def("_line_width", [] { return GetPrintOptions().linewidth; });
  bind("get_rng_state", "", "The state of the default generator, for set_rng_state",
       NEURA_FN((), { return StateOf(DefaultGenerator()); }));
  bind("set_rng_state", "new_state", "Takes the default generator back to a state",
       NEURA_FN((const Tensor& state), { SetState(DefaultGenerator(), state); }));
  bind("promote_types", "type1, type2", "The dtype that holds both",
       NEURA_FN((DType a, DType b), { return PromoteTypes(a, b); }));
  bind("result_type", "tensor1, tensor2",
       "The dtype of what an operation computes of two tensors or numbers", &ResultType);
  bind("can_cast", "from_, to", "Whether a result of one dtype may be written into another one",
       NEURA_FN((DType from, DType to), { return CategoryOf(from) <= CategoryOf(to); }));
}

}  // namespace neura::python
