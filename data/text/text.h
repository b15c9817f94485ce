// Vocabularies and tokenizers: the one header for users of //data/text.
#ifndef NEURA_DATA_TEXT_TEXT_H_
#define NEURA_DATA_TEXT_TEXT_H_

#include "neura/data/text/encoding.h"
#include "neura/data/text/tokenizer.h"
#include "neura/data/text/vocab.h"

#endif  // NEURA_DATA_TEXT_TEXT_H_
