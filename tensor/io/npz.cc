#include "neura/tensor/io/npz.h"

#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <new>
#include <set>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/io/atomic_file.h"
#include "neura/tensor/io/byte_source.h"
#include "neura/tensor/io/npy.h"

namespace neura {
namespace {

constexpr uint32_t kLocalMagic = 0x04034b50, kEntryMagic = 0x02014b50, kEndMagic = 0x06054b50,
                   kWideEndMagic = 0x06064b50, kWideLocatorMagic = 0x07064b50;
constexpr size_t kLocalSize = 30, kEntrySize = 46, kEndSize = 22, kWideLocatorSize = 20,
                 kWideEndSize = 56;
constexpr uint16_t kStored = 0, kDeflated = 8, kEncrypted = 1, kWideTag = 1;
constexpr uint32_t kIsWide = 0xffffffff;
// Deflate makes nothing smaller than by this.
constexpr uint64_t kMaxRatio = 1032;
constexpr int kRawWindow = -15;  // zlib: the largest window, without a header

// Little-endian numbers at a place that is there.
template <typename T>
T Number(std::string_view bytes, size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(value));
  return value;
}

absl::Status Damaged(std::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("damaged archive: ", what));
}

struct Member {
  std::string name;
  uint16_t flags = 0, method = 0;
  uint32_t crc = 0;
  uint64_t packed_size = 0, size = 0, offset = 0;
};

// `length` bytes from `offset` on.
absl::StatusOr<std::string_view> Part(std::string_view bytes, uint64_t offset, uint64_t length) {
  if (offset > bytes.size() || length > bytes.size() - offset) {
    return Damaged("a part of it lies outside of the file");
  }
  return bytes.substr(offset, length);
}

struct Directory {
  uint64_t count = 0, size = 0, offset = 0;
};

// What the end of the archive, behind which a comment may stand, says of its directory.
absl::StatusOr<Directory> FindDirectory(std::string_view bytes) {
  constexpr size_t kMaxComment = 0xffff;
  const size_t most = std::min(bytes.size(), kEndSize + kMaxComment);
  for (size_t back = kEndSize; back <= most; ++back) {
    const size_t at = bytes.size() - back;
    if (Number<uint32_t>(bytes, at) != kEndMagic) continue;
    Directory directory{.count = Number<uint16_t>(bytes, at + 10),
                        .size = Number<uint32_t>(bytes, at + 12),
                        .offset = Number<uint32_t>(bytes, at + 16)};
    if (at < kWideLocatorSize ||
        Number<uint32_t>(bytes, at - kWideLocatorSize) != kWideLocatorMagic) {
      return directory;
    }
    const auto wide_at = Number<uint64_t>(bytes, at - kWideLocatorSize + 8);
    const absl::StatusOr<std::string_view> wide = Part(bytes, wide_at, kWideEndSize);
    if (!wide.ok()) return wide.status();
    if (Number<uint32_t>(*wide, 0) != kWideEndMagic) return Damaged("its 64-bit end is missing");
    return Directory{.count = Number<uint64_t>(*wide, 32),
                     .size = Number<uint64_t>(*wide, 40),
                     .offset = Number<uint64_t>(*wide, 48)};
  }
  return absl::InvalidArgumentError("not an npz file: it has no end of a zip archive");
}

// Takes the next 64-bit number of a member's extra field into what 32 bits could not hold.
absl::Status TakeWide(std::string_view& wide, uint64_t& value) {
  if (value != kIsWide) return absl::OkStatus();
  if (wide.size() < sizeof(uint64_t)) return Damaged("a 64-bit size is missing");
  value = Number<uint64_t>(wide, 0);
  wide.remove_prefix(sizeof(uint64_t));
  return absl::OkStatus();
}

// Takes an entry from the front of the directory.
absl::StatusOr<Member> TakeEntry(std::string_view& entries) {
  if (entries.size() < kEntrySize || Number<uint32_t>(entries, 0) != kEntryMagic) {
    return Damaged("its directory ends too early");
  }
  const size_t name_size = Number<uint16_t>(entries, 28),
               extra_size = Number<uint16_t>(entries, 30),
               comment_size = Number<uint16_t>(entries, 32);
  if (entries.size() - kEntrySize < name_size + extra_size + comment_size) {
    return Damaged("its directory ends too early");
  }
  Member member{.name = std::string(entries.substr(kEntrySize, name_size)),
                .flags = Number<uint16_t>(entries, 8),
                .method = Number<uint16_t>(entries, 10),
                .crc = Number<uint32_t>(entries, 16),
                .packed_size = Number<uint32_t>(entries, 20),
                .size = Number<uint32_t>(entries, 24),
                .offset = Number<uint32_t>(entries, 42)};
  std::string_view extra = entries.substr(kEntrySize + name_size, extra_size);
  while (extra.size() >= 4) {
    const size_t field_size = Number<uint16_t>(extra, 2);
    if (extra.size() - 4 < field_size) return Damaged("an extra field ends too early");
    if (Number<uint16_t>(extra, 0) == kWideTag) {
      std::string_view wide = extra.substr(4, field_size);
      for (uint64_t* value : {&member.size, &member.packed_size, &member.offset}) {
        const absl::Status status = TakeWide(wide, *value);
        if (!status.ok()) return status;
      }
    }
    extra.remove_prefix(4 + field_size);
  }
  entries.remove_prefix(kEntrySize + name_size + extra_size + comment_size);
  return member;
}

uInt Chunk(uint64_t count) {
  return static_cast<uInt>(std::min<uint64_t>(count, std::numeric_limits<uInt>::max()));
}

uint32_t Checksum(std::string_view bytes) {
  uLong crc = crc32(0, nullptr, 0);
  while (!bytes.empty()) {
    const uInt chunk = Chunk(bytes.size());
    crc = crc32(crc, reinterpret_cast<const Bytef*>(bytes.data()), chunk);
    bytes.remove_prefix(chunk);
  }
  return static_cast<uint32_t>(crc);
}

// Deflated bytes as the `size` bytes that they were.
absl::StatusOr<std::string> Inflate(std::string_view packed, uint64_t size) {
  if (size / kMaxRatio > packed.size()) return Damaged("more bytes than deflate could hold");
  std::string bytes(size, '\0');
  z_stream stream = {};
  if (inflateInit2(&stream, kRawWindow) != Z_OK) throw std::bad_alloc();
  uint64_t done = 0;
  int result = Z_OK;
  while (result == Z_OK) {
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    stream.avail_in = Chunk(packed.size());
    stream.next_out = reinterpret_cast<Bytef*>(bytes.data() + done);
    stream.avail_out = Chunk(size - done);
    const uInt given = stream.avail_in, room = stream.avail_out;
    result = inflate(&stream, Z_NO_FLUSH);
    packed.remove_prefix(given - stream.avail_in);
    done += room - stream.avail_out;
    if (given == stream.avail_in && room == stream.avail_out) break;
  }
  inflateEnd(&stream);
  if (result != Z_STREAM_END || done != size || !packed.empty()) {
    return Damaged("a deflated member has other bytes than its size says");
  }
  return bytes;
}

absl::StatusOr<Tensor> ReadMember(std::string_view bytes, const Member& member) {
  const absl::StatusOr<std::string_view> local = Part(bytes, member.offset, kLocalSize);
  if (!local.ok()) return local.status();
  if (Number<uint32_t>(*local, 0) != kLocalMagic) return Damaged("a member is missing");
  const uint64_t begin =
      member.offset + kLocalSize + Number<uint16_t>(*local, 26) + Number<uint16_t>(*local, 28);
  const absl::StatusOr<std::string_view> packed = Part(bytes, begin, member.packed_size);
  if (!packed.ok()) return packed.status();
  if ((member.flags & kEncrypted) != 0) {
    return absl::UnimplementedError("encrypted members are not read");
  }
  std::string inflated;
  std::string_view elements = *packed;
  if (member.method == kDeflated) {
    absl::StatusOr<std::string> result = Inflate(*packed, member.size);
    if (!result.ok()) return result.status();
    inflated = *std::move(result);
    elements = inflated;
  } else if (member.method != kStored) {
    return absl::UnimplementedError(absl::StrCat("compression method ", member.method,
                                                 "; stored and deflated members are read"));
  }
  if (elements.size() != member.size || Checksum(elements) != member.crc) {
    return Damaged("its checksum does not fit its bytes");
  }
  return ParseNpy(elements);
}

}  // namespace

absl::StatusOr<NamedTensors> ParseNpz(std::string_view bytes) {
  const absl::StatusOr<Directory> directory = FindDirectory(bytes);
  if (!directory.ok()) return directory.status();
  absl::StatusOr<std::string_view> entries = Part(bytes, directory->offset, directory->size);
  if (!entries.ok()) return entries.status();
  NamedTensors tensors;
  std::set<std::string> names;
  for (uint64_t i = 0; i < directory->count; ++i) {
    absl::StatusOr<Member> member = TakeEntry(*entries);
    if (!member.ok()) return member.status();
    std::string name(absl::StripSuffix(member->name, ".npy"));
    absl::StatusOr<Tensor> tensor = ReadMember(bytes, *member);
    if (!tensor.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(member->name, ": ", tensor.status().message()));
    }
    if (!names.insert(name).second) return Damaged(absl::StrCat(name, " is there twice"));
    tensors.emplace_back(std::move(name), *std::move(tensor));
  }
  return tensors;
}

absl::StatusOr<NamedTensors> LoadNpz(const std::string& path) {
  return ReadFromFile(path, [](const ByteSource& source) -> absl::StatusOr<NamedTensors> {
    const absl::StatusOr<std::string> bytes = ReadAll(source);
    if (!bytes.ok()) return bytes.status();
    return ParseNpz(*bytes);
  });
}

namespace {

template <typename T>
void Append(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

std::string Deflate(std::string_view bytes) {
  z_stream stream = {};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kRawWindow, 8, Z_DEFAULT_STRATEGY) !=
      Z_OK) {
    throw std::bad_alloc();
  }
  std::string packed(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(packed.size() - stream.avail_out);
  deflateEnd(&stream);
  return packed;
}

// What a local header and an entry of the directory have in common: from the version to the sizes
// of the name and of no extra field. 1980 began on its first day.
void AppendDescription(std::string& out, const Member& member) {
  constexpr uint16_t kVersion = 20, kUtf8 = 0x800, kFirstDay = 1 << 5 | 1;
  Append(out, kVersion);
  Append(out, kUtf8);
  Append(out, member.method);
  Append(out, uint16_t{0});
  Append(out, kFirstDay);
  Append(out, member.crc);
  Append(out, static_cast<uint32_t>(member.packed_size));
  Append(out, static_cast<uint32_t>(member.size));
  Append(out, static_cast<uint16_t>(member.name.size()));
  Append(out, uint16_t{0});
}

}  // namespace

void SaveNpz(const std::string& path, const NamedTensors& tensors, bool compressed) {
  constexpr uint64_t kMost = std::numeric_limits<uint32_t>::max() - 1;
  std::string out, directory;
  std::set<std::string> names;
  for (const auto& [name, tensor] : tensors) {
    const std::string bytes = FormatNpy(tensor);
    Member member{.name = absl::StrCat(name, ".npy"),
                  .method = compressed ? kDeflated : kStored,
                  .crc = Checksum(bytes),
                  .size = bytes.size(),
                  .offset = out.size()};
    if (!names.insert(name).second || member.name.size() > 0xffff || bytes.size() > kMost ||
        names.size() > 0xfffe) {
      ThrowInvalidArgument(absl::StrCat("saving ", path, ": the name ", Printable(name),
                                        " is there twice or too long, or there is too much"));
    }
    const std::string packed = compressed ? Deflate(bytes) : std::string();
    const std::string& stored = compressed ? packed : bytes;
    member.packed_size = stored.size();
    Append(out, kLocalMagic);
    AppendDescription(out, member);
    absl::StrAppend(&out, member.name, stored);
    Append(directory, kEntryMagic);
    Append(directory, uint16_t{20});
    AppendDescription(directory, member);
    directory.append(10, '\0');  // no comment, one disk, no attributes
    Append(directory, static_cast<uint32_t>(member.offset));
    directory += member.name;
    if (out.size() + directory.size() > kMost) {
      ThrowInvalidArgument(
          absl::StrCat("saving ", path, ": an archive of 4 GiB or more; use .safetensors"));
    }
  }
  std::string end;
  const auto count = static_cast<uint16_t>(tensors.size());
  Append(end, kEndMagic);
  Append(end, uint32_t{0});
  Append(end, count);
  Append(end, count);
  Append(end, static_cast<uint32_t>(directory.size()));
  Append(end, static_cast<uint32_t>(out.size()));
  Append(end, uint16_t{0});
  WriteFileAtomically(path, {out, directory, end});
}

}  // namespace neura
