// Images in folders, one for each class.
#ifndef NEURA_DATA_IMAGE_FOLDER_H_
#define NEURA_DATA_IMAGE_FOLDER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "neura/data/dataset.h"
#include "neura/data/image.h"

namespace neura::data {

struct ImageFolderOptions {
  // Other files are passed over. In lower case; those of the files may be in any.
  std::vector<std::string> extensions = {".jpg", ".jpeg", ".png"};
  ImageReadMode mode = ImageReadMode::kRgb;
  // Classes without images are an error unless this is set.
  bool allow_empty = false;
};

// The folders of `root` are the classes, in the order of their names; the images of a class are all
// below its folder, in the order of their paths. Example i is an image, uint8 [C, H, W], and the
// class's number, int64 []; images need not be of one size.
class ImageFolder {
 public:
  // NotFound: no such folder, no class, or one without images.
  static absl::StatusOr<ImageFolder> Open(const std::string& root,
                                          const ImageFolderOptions& options = {});

  const std::vector<std::string>& classes() const { return found_->classes; }
  // Paths and the numbers of their classes.
  const std::vector<std::pair<std::string, int64_t>>& samples() const { return found_->samples; }

  int64_t size() const { return static_cast<int64_t>(samples().size()); }
  // Throws an Error that names the file where it cannot be read.
  Example<2> Get(int64_t index) const;

 private:
  struct Found {
    std::vector<std::string> classes;
    std::vector<std::pair<std::string, int64_t>> samples;
    ImageReadMode mode;
  };
  explicit ImageFolder(std::shared_ptr<const Found> found) : found_(std::move(found)) {}

  std::shared_ptr<const Found> found_;
};

}  // namespace neura::data

#endif  // NEURA_DATA_IMAGE_FOLDER_H_
