// Files that are either the old one or the new one, whatever happens while they are written.
#ifndef NEURA_TENSOR_IO_ATOMIC_FILE_H_
#define NEURA_TENSOR_IO_ATOMIC_FILE_H_

#include <string>
#include <string_view>

#include "absl/types/span.h"

namespace neura {

// Makes `path` a file of the concatenated `pieces`. They go to a temporary file in the same
// directory, which is flushed to the disk and then renamed, so that a full disk, a kill or a power
// cut leaves the old file as it was. A symbolic link stays one: the file that it names is replaced.
// Throws Error, with the code of the failed system call and naming the file; nothing temporary is
// left behind then. What writers of the same path have left behind who were killed is removed;
// those that still write hold a lock.
void WriteFileAtomically(const std::string& path, absl::Span<const std::string_view> pieces);

}  // namespace neura

#endif  // NEURA_TENSOR_IO_ATOMIC_FILE_H_
