// Images as the inputs of models.
#ifndef NEURA_CLI_IMAGE_INPUT_H_
#define NEURA_CLI_IMAGE_INPUT_H_

#include <string>
#include <vector>

#include "neura/tensor/core/tensor.h"

namespace neura::cli {

// The image of a file as an input of this dtype and shape, -1 where any extent is right: [C, H, W],
// [H, W, C] or [H, W], or a batch of one of these, with one, three or four channels. It is resized
// to the extents that are given. Numbers are from 0 to 1, less `mean`, over `std` (one for all
// channels or one for each), but of integer dtypes the pixels as they are. Throws InvalidArgument
// where the input is no image.
Tensor ImageInput(const std::string& path, const std::string& input, DType dtype, DimsView shape,
                  const std::vector<double>& mean, const std::vector<double>& std);

}  // namespace neura::cli

#endif  // NEURA_CLI_IMAGE_INPUT_H_
