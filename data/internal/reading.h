// What datasets of files have in common.
#ifndef NEURA_DATA_INTERNAL_READING_H_
#define NEURA_DATA_INTERNAL_READING_H_

#include <cstdint>
#include <memory>
#include <string>

#include "neura/tensor/io/byte_source.h"

namespace neura::data::internal {

// Of what an iterable dataset has, numbers part, part + parts, ... are this worker's.
struct Share {
  int64_t part = 0, parts = 1;
};
Share OwnShare();

// A file's bytes; throws an Error that names the file.
std::unique_ptr<const FileSource> OpenFile(const std::string& path);

}  // namespace neura::data::internal

#endif  // NEURA_DATA_INTERNAL_READING_H_
