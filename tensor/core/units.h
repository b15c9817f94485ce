// Numbers as people read them.
#ifndef NEURA_TENSOR_CORE_UNITS_H_
#define NEURA_TENSOR_CORE_UNITS_H_

#include <cstdint>
#include <string>

namespace neura {

// "1,234,567"
std::string WithSeparators(int64_t count);
// "512 B", "1.5 MiB"
std::string BytesText(int64_t bytes);

}  // namespace neura

#endif  // NEURA_TENSOR_CORE_UNITS_H_
