#include "neura/tensor/io/npy.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/io/atomic_file.h"
#include "neura/tensor/io/byte_source.h"
#include "neura/tensor/io/elements.h"
#include "neura/tensor/io/npy_header.h"
#include "neura/tensor/ops/copy.h"

namespace neura {
namespace {

using internal::NpyHeader;

constexpr std::string_view kMagic = "\x93NUMPY";
// Headers of the arrays that we take have less than a few hundred bytes.
constexpr uint32_t kMaxHeaderSize = 1 << 16;
// The elements start at a multiple of this.
constexpr size_t kAlignment = 64;

struct Preamble {
  NpyHeader header;
  uint64_t data_offset = 0;
};

absl::StatusOr<Preamble> ReadPreamble(const ByteSource& source) {
  char start[8];
  absl::Status status = source.Read(0, start, sizeof(start));
  if (!status.ok()) return status;
  if (std::string_view(start, kMagic.size()) != kMagic) {
    return absl::InvalidArgumentError("not an npy file: it does not start with \\x93NUMPY");
  }
  const int major = static_cast<unsigned char>(start[6]);
  if (major < 1 || major > 3) {
    return absl::InvalidArgumentError(
        absl::StrCat("npy format version ", major, " is none of 1, 2 and 3"));
  }
  uint32_t header_size = 0;
  const size_t length_bytes = major == 1 ? 2 : 4;
  status = source.Read(sizeof(start), &header_size, length_bytes);
  if (!status.ok()) return status;
  if (header_size > kMaxHeaderSize) {
    return absl::InvalidArgumentError(
        absl::StrCat("npy header of ", header_size, " bytes; at most ", kMaxHeaderSize));
  }
  std::string text(header_size, '\0');
  const uint64_t text_offset = sizeof(start) + length_bytes;
  status = source.Read(text_offset, text.data(), header_size);
  if (!status.ok()) return status;
  absl::StatusOr<NpyHeader> header = internal::ParseNpyHeader(text);
  if (!header.ok()) return header.status();
  return Preamble{*std::move(header), text_offset + header_size};
}

absl::StatusOr<Tensor> ReadNpy(const ByteSource& source) {
  absl::StatusOr<Preamble> preamble = ReadPreamble(source);
  if (!preamble.ok()) return preamble.status();
  const NpyHeader& header = preamble->header;
  Dims order = header.shape;  // of the dimensions in memory
  if (header.fortran_order) std::reverse(order.begin(), order.end());
  absl::StatusOr<Tensor> tensor =
      internal::ReadElements(source, preamble->data_offset, order, header.dtype);
  if (!tensor.ok()) return tensor;
  const uint64_t end = preamble->data_offset + internal::BytesOf(*tensor).size();
  if (end != source.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat(source.size() - end, " bytes after the elements of ", DTypeName(header.dtype),
                     " ", ToString(header.shape)));
  }
  if (header.big_endian) internal::ReverseBytes(*tensor);
  if (!header.fortran_order) return tensor;
  Dims strides = ContiguousStrides(order);
  std::reverse(strides.begin(), strides.end());
  return Tensor::View(tensor->storage(), 0, header.shape, strides, header.dtype);
}

}  // namespace

absl::StatusOr<Tensor> LoadNpy(const std::string& path) { return ReadFromFile(path, ReadNpy); }

absl::StatusOr<Tensor> ParseNpy(std::string_view bytes) { return ReadNpy(MemorySource(bytes)); }

namespace {

// What comes before the elements.
std::string FormatPreamble(const Tensor& tensor) {
  const absl::StatusOr<std::string> header =
      internal::FormatNpyHeader(tensor.dtype(), tensor.shape());
  if (!header.ok()) ThrowStatus(header.status());
  std::string preamble = absl::StrCat(kMagic, std::string_view("\x01\x00\x00\x00", 4), *header);
  preamble.append(kAlignment - 1 - preamble.size() % kAlignment, ' ');
  preamble += '\n';
  const uint16_t header_size = static_cast<uint16_t>(preamble.size() - kMagic.size() - 4);
  std::memcpy(preamble.data() + kMagic.size() + 2, &header_size, sizeof(header_size));
  return preamble;
}

}  // namespace

std::string FormatNpy(const Tensor& tensor) {
  RequireDefined("FormatNpy", tensor);
  std::string bytes = FormatPreamble(tensor);
  bytes += internal::BytesOf(Contiguous(To(tensor, kCpu)));
  return bytes;
}

void SaveNpy(const std::string& path, const Tensor& tensor) {
  RequireDefined("SaveNpy", tensor);
  std::string preamble;
  try {
    preamble = FormatPreamble(tensor);
  } catch (Error& error) {
    error.AddContext(absl::StrCat("saving ", path));
    throw;
  }
  const Tensor elements = Contiguous(To(tensor, kCpu));
  WriteFileAtomically(path, {preamble, internal::BytesOf(elements)});
}

}  // namespace neura
