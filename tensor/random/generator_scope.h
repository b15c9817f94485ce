// Another default generator for a while, on one thread.
#ifndef NEURA_TENSOR_RANDOM_GENERATOR_SCOPE_H_
#define NEURA_TENSOR_RANDOM_GENERATOR_SCOPE_H_

#include "neura/tensor/random/generator.h"

namespace neura {

// While this lives, the thread's DefaultGenerator() is the one given, which outlives it. Scopes
// nest.
class GeneratorScope {
 public:
  explicit GeneratorScope(Generator& generator);
  ~GeneratorScope();
  GeneratorScope(const GeneratorScope&) = delete;
  GeneratorScope& operator=(const GeneratorScope&) = delete;

 private:
  Generator* const previous_;
};

}  // namespace neura

#endif  // NEURA_TENSOR_RANDOM_GENERATOR_SCOPE_H_
