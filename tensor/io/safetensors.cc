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

// The reference implementation's limit.
constexpr uint64_t kMaxHeaderSize = 100'000'000;
// The elements start at a multiple of this.
constexpr size_t kAlignment = 8;

// Every entry has the bytes that its shape takes, and together they cover `data_size` bytes, each
// once.
absl::Status CheckPlaces(const SafetensorsHeader& header, uint64_t data_size) {
  std::vector<const SafetensorsEntry*> by_place;
  for (const SafetensorsEntry& entry : header.entries) {
    const absl::StatusOr<uint64_t> bytes = internal::ByteSize(entry.shape, entry.dtype);
    if (!bytes.ok()) return InFile(absl::StrCat("tensor '", entry.name, "'"), bytes.status());
    if (entry.begin > entry.end || entry.end - entry.begin != *bytes) {
      return absl::InvalidArgumentError(absl::StrCat(
          "tensor '", entry.name, "': ", DTypeName(entry.dtype), " ", ToString(entry.shape),
          " takes ", *bytes, " bytes, its data_offsets are [", entry.begin, ", ", entry.end, "]"));
    }
    by_place.push_back(&entry);
  }
  std::sort(by_place.begin(), by_place.end(), [](const auto* a, const auto* b) {
    return std::pair(a->begin, a->end) < std::pair(b->begin, b->end);
  });
  uint64_t covered = 0;
  for (const SafetensorsEntry* entry : by_place) {
    if (entry->begin != covered) {
      return absl::InvalidArgumentError(
          absl::StrCat("tensor '", entry->name, "' begins at ", entry->begin,
                       entry->begin < covered ? ", inside the one" : ", behind a gap after the one",
                       " that ends at ", covered));
    }
    covered = entry->end;
  }
  if (covered != data_size) {
    return absl::DataLossError(absl::StrCat(covered < data_size ? "excess bytes" : "truncated",
                                            ": the tensors end at ", covered, " of ", data_size,
                                            " bytes of data"));
  }
  return absl::OkStatus();
}

absl::StatusOr<Safetensors> ReadSafetensors(const ByteSource& source) {
  uint64_t header_size = 0;
  absl::Status status = source.Read(0, &header_size, sizeof(header_size));
  if (!status.ok()) return status;
  if (header_size > kMaxHeaderSize) {
    return absl::InvalidArgumentError(
        absl::StrCat("safetensors header of ", header_size, " bytes; at most ", kMaxHeaderSize));
  }
  const uint64_t data_offset = sizeof(header_size) + header_size;
  if (data_offset > source.size()) {
    return absl::DataLossError(absl::StrCat("truncated: the safetensors header ends at ",
                                            data_offset, ", the file at ", source.size()));
  }
  std::string text(header_size, '\0');
  status = source.Read(sizeof(header_size), text.data(), header_size);
  if (!status.ok()) return status;
  absl::StatusOr<SafetensorsHeader> header = internal::ParseSafetensorsHeader(text);
  if (!header.ok()) return header.status();
  status = CheckPlaces(*header, source.size() - data_offset);
  if (!status.ok()) return status;

  Safetensors result;
  result.metadata = std::move(header->metadata);
  for (SafetensorsEntry& entry : header->entries) {
    absl::StatusOr<Tensor> tensor =
        internal::ReadElements(source, data_offset + entry.begin, entry.shape, entry.dtype);
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
