#include "neura/graph/host_functions.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "neura/graph/meta.h"
#include "neura/tensor/core/device_memory.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/create.h"

namespace neura::graph {
namespace {

Tensor IntegersOn(Device device, absl::Span<const int64_t> integers, DimsView shape) {
  const Tensor on_host = FromSpan<int64_t>(integers, shape);
  if (device == kCpu) return on_host;
  Tensor copy = Tensor::Empty(shape, kInt64, device);
  CopyBytes({copy.raw_data(), device}, {on_host.raw_data(), kCpu}, on_host.nbytes());
  return copy;
}

std::vector<Datum> Integers(const HostContext& context) {
  const int64_t shape[] = {static_cast<int64_t>(context.integers.size())};
  return {IntegersOn(context.device, context.integers, shape)};
}

std::vector<Datum> Data(const HostContext& context) {
  return {context.data.begin(), context.data.end()};
}

std::vector<Datum> SequenceConstruct(const HostContext& context) {
  std::vector<Tensor> elements;
  for (const Datum& input : context.inputs) elements.push_back(input.tensor());
  return {Datum::Sequence(std::move(elements))};
}

// The position that input `input` names among `places`, or `otherwise` where it is absent.
size_t PositionOf(const HostContext& context, size_t input, size_t places, size_t otherwise) {
  const bool is_given =
      input < context.inputs.size() && context.inputs[input].kind() != ValueKind::kOptional;
  const auto count = static_cast<int64_t>(places);
  const int64_t given =
      is_given ? ReadElement(context.inputs[input].tensor(), 0) : static_cast<int64_t>(otherwise);
  const int64_t position = given < 0 ? given + count : given;
  if (position < 0 || position >= count) {
    ThrowOutOfRange(absl::StrCat("there is no position ", given, " in a sequence of ",
                                 context.inputs[0].sequence().size()));
  }
  return static_cast<size_t>(position);
}

std::vector<Datum> SequenceAt(const HostContext& context) {
  const std::vector<Tensor>& elements = context.inputs[0].sequence();
  return {elements[PositionOf(context, 1, elements.size(), 0)]};
}

std::vector<Datum> SequenceInsert(const HostContext& context) {
  std::vector<Tensor> elements = context.inputs[0].sequence();
  const size_t size = elements.size();
  // Below 0 they count from the end, behind which there is no place by such a number.
  const bool from_end = context.inputs.size() > 2 &&
                        context.inputs[2].kind() != ValueKind::kOptional &&
                        ReadElement(context.inputs[2].tensor(), 0) < 0;
  const size_t position = PositionOf(context, 2, from_end ? size : size + 1, size);
  elements.insert(elements.begin() + static_cast<ptrdiff_t>(position), context.inputs[1].tensor());
  return {Datum::Sequence(std::move(elements))};
}

std::vector<Datum> SequenceErase(const HostContext& context) {
  std::vector<Tensor> elements = context.inputs[0].sequence();
  const size_t position = PositionOf(context, 1, elements.size(), elements.size() - 1);
  elements.erase(elements.begin() + static_cast<ptrdiff_t>(position));
  return {Datum::Sequence(std::move(elements))};
}

std::vector<Datum> SequenceLength(const HostContext& context) {
  const int64_t size = static_cast<int64_t>(context.inputs[0].sequence().size());
  return {IntegersOn(context.device, {&size, 1}, {})};
}

}  // namespace

constinit const HostFunction kIntegers = {"integers", &Integers};
constinit const HostFunction kData = {"data", &Data};
constinit const HostFunction kSequenceConstruct = {"sequence_construct", &SequenceConstruct};
constinit const HostFunction kSequenceAt = {"sequence_at", &SequenceAt};
constinit const HostFunction kSequenceInsert = {"sequence_insert", &SequenceInsert};
constinit const HostFunction kSequenceErase = {"sequence_erase", &SequenceErase};
constinit const HostFunction kSequenceLength = {"sequence_length", &SequenceLength};

}  // namespace neura::graph
