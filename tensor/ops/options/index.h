// Indexing: options.
#ifndef NEURA_TENSOR_OPS_OPTIONS_INDEX_H_
#define NEURA_TENSOR_OPS_OPTIONS_INDEX_H_

#include <cstdint>
#include <string>

#include "neura/tensor/core/fields.h"

namespace neura {

// What becomes of an element and those that come to its place: the last of them ("none"), their
// sum ("add"), product ("mul"), or extremum ("max", "min"), in which a NaN wins.
struct ScatterOptions {
  int64_t dim = 0;
  std::string reduction = "none";
  NEURA_FIELDS(dim, reduction)
};

}  // namespace neura

#endif  // NEURA_TENSOR_OPS_OPTIONS_INDEX_H_
