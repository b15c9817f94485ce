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

std::vector<Datum> SequenceConstruct(const HostContext& context) {
  std::vector<Tensor> elements;
  for (const Datum& input : context.inputs) elements.push_back(input.tensor());
  return {Datum::Sequence(std::move(elements))};
}

std::vector<Datum> SequenceAt(const HostContext& context) {
  const std::vector<Tensor>& elements = context.inputs[0].sequence();
  const auto size = static_cast<int64_t>(elements.size());
  const int64_t given = ReadElement(context.inputs[1].tensor(), 0);
  const int64_t position = given < 0 ? given + size : given;
  if (position < 0 || position >= size) {
    ThrowOutOfRange(absl::StrCat("there is no position ", given, " in a sequence of ", size));
  }
  return {elements[static_cast<size_t>(position)]};
}

std::vector<Datum> SequenceLength(const HostContext& context) {
  const int64_t size = static_cast<int64_t>(context.inputs[0].sequence().size());
  return {IntegersOn(context.device, {&size, 1}, {})};
}

}  // namespace

constinit const HostFunction kIntegers = {"integers", &Integers};
constinit const HostFunction kSequenceConstruct = {"sequence_construct", &SequenceConstruct};
constinit const HostFunction kSequenceAt = {"sequence_at", &SequenceAt};
constinit const HostFunction kSequenceLength = {"sequence_length", &SequenceLength};

}  // namespace neura::graph
