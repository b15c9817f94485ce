// SentencePiece's rules of normalization.
#ifndef NEURA_DATA_TEXT_INTERNAL_PRECOMPILED_H_
#define NEURA_DATA_TEXT_INTERNAL_PRECOMPILED_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "neura/data/text/internal/aligned_text.h"

namespace neura::data::text::internal {

// Characters and what they become: as SentencePiece's models have them, the size of a double array
// in bytes (Aoe, 1989; https://github.com/s-yata/darts-clone), the array, and texts that each end
// with a byte 0. Of what a grapheme begins with, the shortest key decides, as in the reference.
class Precompiled {
 public:
  // Throws InvalidArgument for what is not of that form.
  explicit Precompiled(std::string_view charsmap);
  void operator()(AlignedText& text) const;

 private:
  // What a part of a text becomes, if anything.
  std::optional<std::string_view> Of(std::string_view part) const;

  std::vector<uint32_t> units_;
  std::string texts_;
};

}  // namespace neura::data::text::internal

#endif  // NEURA_DATA_TEXT_INTERNAL_PRECOMPILED_H_
