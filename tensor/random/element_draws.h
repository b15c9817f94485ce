// Random numbers of elements that each need their own number of them.
#ifndef NEURA_TENSOR_RANDOM_ELEMENT_DRAWS_H_
#define NEURA_TENSOR_RANDOM_ELEMENT_DRAWS_H_

#include <cstdint>

#include "neura/tensor/random/generator.h"
#include "neura/tensor/random/philox.h"

namespace neura {

// Uniform numbers in [0, 1) for one element, as many as it asks for: streams of its own of the
// counter that the generator has set aside for it.
class ElementDraws {
 public:
  ElementDraws(RandomState state, int64_t element)
      : seed_(state.seed), counter_(state.offset + static_cast<uint64_t>(element)) {}
  double operator()() {
    const PhiloxWords words = Philox(seed_, counter_, ++stream_);
    return UniformDouble(words[0], words[1]);
  }

 private:
  uint64_t seed_, counter_, stream_ = 0;
};

}  // namespace neura

#endif  // NEURA_TENSOR_RANDOM_ELEMENT_DRAWS_H_
