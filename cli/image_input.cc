#include "neura/cli/image_input.h"

#include "absl/strings/str_cat.h"
#include "neura/data/image.h"
#include "neura/data/image_functions.h"
#include "neura/tensor/tensor.h"

namespace neura::cli {
namespace {

bool IsChannels(int64_t extent) { return extent == 1 || extent == 3 || extent == 4; }

// [N, C, H, W]
Tensor PerChannel(const Tensor& images, const char* option, const std::vector<double>& numbers) {
  const auto count = static_cast<int64_t>(numbers.size());
  if (count != 1 && count != images.size(1)) {
    ThrowInvalidArgument(absl::StrCat(option, " has ", count, " numbers, but the image ",
                                      images.size(1), " channels"));
  }
  return Cast(FromVector(numbers, {1, count, 1, 1}), kFloat32);
}

}  // namespace

Tensor ImageInput(const std::string& path, const std::string& input, DType dtype, DimsView shape,
                  const std::vector<double>& mean, const std::vector<double>& std) {
  const size_t rank = shape.size();
  const bool is_number = dtype != kBool && CategoryOf(dtype) != DTypeCategory::kComplex;
  if (!is_number || rank < 2 || rank > 4) {
    ThrowInvalidArgument(absl::StrCat(path, ": an image is no value for input ", input, " of ",
                                      DTypeName(dtype), " and ", rank, " dimensions"));
  }
  // Where the channels are: in front, unless only the last extent can be theirs.
  const bool has_channels = rank > 2;
  const size_t front = rank == 4 ? 1 : 0;
  const bool last = has_channels && !IsChannels(shape[front]) && IsChannels(shape[rank - 1]);
  const size_t y = last || !has_channels ? front : front + 1;
  const int64_t channels = !has_channels ? 1 : last ? shape[rank - 1] : shape[front];
  if (channels >= 0 && !IsChannels(channels)) {
    ThrowInvalidArgument(
        absl::StrCat(path, ": an image has no ", channels, " channels, as input ", input, " has"));
  }
  const absl::StatusOr<Tensor> read =
      data::ReadImage(path, static_cast<data::ImageReadMode>(channels < 0 ? 3 : channels));
  if (!read.ok()) ThrowStatus(read.status());
  Tensor images = Unsqueeze(*read, 0);
  const int64_t height = shape[y] < 0 ? images.size(2) : shape[y];
  const int64_t width = shape[y + 1] < 0 ? images.size(3) : shape[y + 1];
  if (height == 0 || width == 0) {
    ThrowInvalidArgument(absl::StrCat(path, ": input ", input, " has no pixels"));
  }
  if (height != images.size(2) || width != images.size(3)) {
    images = data::functional::Resize(images, height, width);
  }
  if (IsFloating(dtype)) {
    images = data::functional::ConvertDtype(images, kFloat32);
    if (!mean.empty()) images = images - PerChannel(images, "--mean", mean);
    if (!std.empty()) images = images / PerChannel(images, "--std", std);
  }
  images = Cast(images, dtype);
  if (last) images = Permute(images, {0, 2, 3, 1});
  if (rank == 4) return Contiguous(images);
  const Tensor image = Select(images, 0, 0);
  return Contiguous(has_channels ? image : Select(image, 0, 0));
}

}  // namespace neura::cli
