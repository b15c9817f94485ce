#include "neura/tensor/io/safetensors.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <set>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/io/atomic_file.h"
#include "neura/tensor/io/byte_source.h"
#include "neura/tensor/io/elements.h"
#include "neura/tensor/io/safetensors_header.h"
#include "neura/tensor/ops/copy.h"

namespace neura {
namespace {

using internal::SafetensorsEntry;
using internal::SafetensorsHeader;

// The elements start at a multiple of this.
constexpr size_t kAlignment = 8;

absl::StatusOr<Safetensors> ReadSafetensors(const ByteSource& source) {
  absl::StatusOr<SafetensorsHeader> header = internal::ReadSafetensorsHeader(source);
  if (!header.ok()) return header.status();
  Safetensors result;
  result.metadata = std::move(header->metadata);
  for (SafetensorsEntry& entry : header->entries) {
    absl::StatusOr<Tensor> tensor =
        internal::ReadElements(source, entry.begin, entry.shape, entry.dtype);
    if (!tensor.ok()) return InFile(absl::StrCat("tensor '", entry.name, "'"), tensor.status());
    result.tensors.emplace_back(std::move(entry.name), *std::move(tensor));
  }
  return result;
}

// Places for the tensors, widest elements first, so that every element is aligned in the file.
SafetensorsHeader Place(const Safetensors& contents) {
  SafetensorsHeader header;
  header.metadata = contents.metadata;
  std::set<std::string_view> names;
  for (const auto& [name, tensor] : contents.tensors) {
    RequireDefined(absl::StrCat("SaveSafetensors: '", name, "'"), tensor);
    if (!names.insert(name).second) ThrowInvalidArgument(absl::StrCat("two tensors '", name, "'"));
    header.entries.push_back({.name = name,
                              .dtype = tensor.dtype(),
                              .shape = Dims(tensor.shape().begin(), tensor.shape().end())});
  }
  uint64_t end = 0;
  for (const size_t width : {16, 8, 4, 2, 1}) {
    for (SafetensorsEntry& entry : header.entries) {
      if (ItemSize(entry.dtype) != width) continue;
      entry.begin = end;
      end += static_cast<uint64_t>(NumElements(entry.shape)) * width;
      entry.end = end;
    }
  }
  return header;
}

}  // namespace

const Tensor* Safetensors::Find(std::string_view name) const {
  for (const auto& [other, tensor] : tensors) {
    if (other == name) return &tensor;
  }
  return nullptr;
}

absl::StatusOr<Safetensors> LoadSafetensors(const std::string& path) {
  return ReadFromFile(path, ReadSafetensors);
}

absl::StatusOr<Safetensors> ParseSafetensors(std::string_view bytes) {
  return ReadSafetensors(MemorySource(bytes));
}

void SaveSafetensors(const std::string& path, const Safetensors& contents) {
  const SafetensorsHeader header = Place(contents);
  std::string text = internal::FormatSafetensorsHeader(header);
  text.append((kAlignment - text.size() % kAlignment) % kAlignment, ' ');
  const uint64_t header_size = text.size();
  const std::string_view length(reinterpret_cast<const char*>(&header_size), sizeof(header_size));

  std::vector<size_t> order(header.entries.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return header.entries[a].begin < header.entries[b].begin;
  });
  std::vector<Tensor> contiguous;
  std::vector<std::string_view> pieces = {length, text};
  for (const size_t i : order) {
    contiguous.push_back(Contiguous(To(contents.tensors[i].second, kCpu)));
    pieces.push_back(internal::BytesOf(contiguous.back()));
  }
  WriteFileAtomically(path, pieces);
}

}  // namespace neura
