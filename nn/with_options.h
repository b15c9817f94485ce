// Modules that are made from an option struct.
#ifndef NEURA_NN_WITH_OPTIONS_H_
#define NEURA_NN_WITH_OPTIONS_H_

#include <string>

#include "neura/nn/module.h"
#include "neura/tensor/core/fields.h"

namespace neura::nn {

namespace internal {

// "in_channels=1, out_channels=8": the option struct without its braces.
std::string DescribeOptions(const OptionsType& type, const void* options);

}  // namespace internal

// A Base that keeps the options that it was made with, and prints them.
template <typename Options, typename Base = Module>
class WithOptions : public Base {
 public:
  explicit WithOptions(const Options& options) : options(options) {}
  std::string Describe() const override {
    return internal::DescribeOptions(*options_type_, &options);
  }

  Options options;

 private:
  static inline const OptionsType* const options_type_ = OptionsTypeOf<Options>("");
};

}  // namespace neura::nn

#endif  // NEURA_NN_WITH_OPTIONS_H_
