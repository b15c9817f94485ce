#include "neura/nn/with_options.h"

namespace neura::nn::internal {

std::string DescribeOptions(const OptionsType& type, const void* options) {
  const std::string text = OptionsToString(type, options);
  return text.substr(1, text.size() - 2);
}

}  // namespace neura::nn::internal
