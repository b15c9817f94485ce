// The parts of a tokenizer, from tokenizer.json. All throw InvalidArgument or Unimplemented, which
// name the key.
#ifndef NEURA_DATA_TEXT_INTERNAL_PARTS_JSON_H_
#define NEURA_DATA_TEXT_INTERNAL_PARTS_JSON_H_

#include <memory>

#include "neura/data/text/internal/json.h"
#include "neura/data/text/internal/pipeline.h"

namespace neura::data::text::internal {

Normalizer ReadNormalizer(const Node& node);
PreTokenizer ReadPreTokenizer(const Node& node);
std::unique_ptr<const Model> ReadModel(const Node& node);
std::unique_ptr<const PostProcessor> ReadPostProcessor(const Node& node);
Decoder ReadDecoder(const Node& node);

}  // namespace neura::data::text::internal

#endif  // NEURA_DATA_TEXT_INTERNAL_PARTS_JSON_H_
