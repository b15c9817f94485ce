// What transforms do to images, without a choice: torchvision.transforms.functional. Images are
// batches [N, C, H, W] of uint8, from 0 to 255, or of a floating point dtype, where a colour
// function takes them to be from 0 to 1. Results have the images' dtype; they are computed in
// float32. All functions throw InvalidArgument for other tensors.
#ifndef NEURA_DATA_IMAGE_FUNCTIONS_H_
#define NEURA_DATA_IMAGE_FUNCTIONS_H_

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "neura/tensor/core/tensor.h"

namespace neura::data::functional {

// ---- places ----------------------------------------------------------------------------------

// To height by width pixels. `mode` is "nearest", "nearest-exact", "bilinear" or "bicubic"; with
// antialias, the latter two weigh all pixels that fall into one of a smaller image.
Tensor Resize(const Tensor& images, int64_t height, int64_t width,
              const std::string& mode = "bilinear", bool antialias = true);

// A part of each image; where it reaches beyond, zeros.
Tensor Crop(const Tensor& images, int64_t top, int64_t left, int64_t height, int64_t width);
Tensor CenterCrop(const Tensor& images, int64_t height, int64_t width);

struct Margins {
  int64_t left = 0, top = 0, right = 0, bottom = 0;
};
// Adds pixels around, or takes them away where a margin is negative. `mode` is "constant", "edge",
// "reflect", which does not repeat the edge, or "symmetric", which does; `fill` has a number for
// each channel, or one for all.
Tensor Pad(const Tensor& images, const Margins& margins, const std::vector<double>& fill = {0},
           const std::string& mode = "constant");

// Where a pixel of the result comes from, seen from the middles of both images: x' = m[0] x + m[1]
// y
// + m[2], y' = m[3] x + m[4] y + m[5].
using AffineMatrix = std::array<double, 6>;
// The matrix that turns by `angle` degrees clockwise around `center` (x, y, from the middle),
// scales, shears by degrees along x and y, and moves by `translate` pixels.
AffineMatrix InverseAffineMatrix(std::array<double, 2> center, double angle,
                                 std::array<double, 2> translate, double scale,
                                 std::array<double, 2> shear);
// `mode` is "nearest" or "bilinear"; outside of the images there is `fill`.
Tensor Affine(const Tensor& images, const AffineMatrix& matrix, const std::string& mode = "nearest",
              const std::vector<double>& fill = {0});
// Turns counter-clockwise around `center` (x, y, from the middle); with expand, in an image into
// which the result fits.
Tensor Rotate(const Tensor& images, double angle, const std::string& mode = "nearest",
              bool expand = false, std::array<double, 2> center = {0, 0},
              const std::vector<double>& fill = {0});
// Corners (x, y): what is at `start` comes to `end`, from the upper left one clockwise.
using Corners = std::array<std::array<double, 2>, 4>;
Tensor Perspective(const Tensor& images, const Corners& start, const Corners& end,
                   const std::string& mode = "bilinear", const std::vector<double>& fill = {0});

// ---- colours ---------------------------------------------------------------------------------

// 0 gives black, 1 the image, 2 twice its brightness.
Tensor AdjustBrightness(const Tensor& images, double factor);
// From a grey of the mean brightness of each image.
Tensor AdjustContrast(const Tensor& images, double factor);
// From the greys.
Tensor AdjustSaturation(const Tensor& images, double factor);
// Turns the colours by `shift` of the circle, from -0.5 to 0.5.
Tensor AdjustHue(const Tensor& images, double shift);
// From a smoothed image.
Tensor AdjustSharpness(const Tensor& images, double factor);
// gain * image ^ gamma
Tensor AdjustGamma(const Tensor& images, double gamma, double gain = 1);
// 0.2989 r + 0.587 g + 0.114 b, in one or three channels.
Tensor RgbToGrayscale(const Tensor& images, int64_t channels = 1);
Tensor Invert(const Tensor& images);
// Keeps the highest `bits` of eight.
Tensor Posterize(const Tensor& images, int64_t bits);
// Inverts what is not below the threshold.
Tensor Solarize(const Tensor& images, double threshold);
// Stretches each channel to the whole range.
Tensor Autocontrast(const Tensor& images);
// Makes all of 256 values about equally frequent in each channel.
Tensor Equalize(const Tensor& images);
// A kernel of odd extents and standard deviations along x and y; edges are reflected.
Tensor GaussianBlur(const Tensor& images, std::array<int64_t, 2> kernel_size,
                    std::array<double, 2> sigma);

// To another dtype of the same meaning: integers reach from 0 to their largest value, floating
// point numbers from 0 to 1.
Tensor ConvertDtype(const Tensor& images, DType dtype);

}  // namespace neura::data::functional

#endif  // NEURA_DATA_IMAGE_FUNCTIONS_H_
