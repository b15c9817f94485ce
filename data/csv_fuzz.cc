#include <cstddef>
#include <cstdint>
#include <string_view>

#include "neura/data/csv.h"
#include "neura/tensor/io/byte_source.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using neura::data::CsvType;
  const neura::MemorySource source({reinterpret_cast<const char*>(data), size});
  for (const neura::data::CsvOptions& options :
       {neura::data::CsvOptions{},
        neura::data::CsvOptions{.header = false, .types = {CsvType::kInt, CsvType::kFloat}}}) {
    neura::data::CsvReader reader(source, options);
    for (;;) {
      const auto row = reader.Next();
      if (!row.ok() || !row->has_value()) break;
    }
  }
  return 0;
}
