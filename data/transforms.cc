#include "neura/data/transforms.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"

namespace neura::data {

Tensor Lambda::operator()(const Tensor& images, absl::Span<SampleRandom>) const {
  return function(images);
}

Tensor RandomApply::operator()(const Tensor& images, absl::Span<SampleRandom> randoms) const {
  internal::CheckProbability("RandomApply", p);
  return internal::EachImage("RandomApply", images, randoms,
                             [&](Tensor image, SampleRandom& random) {
                               if (random.Uniform() >= p) return image;
                               for (const AnyTransform& transform : transforms) {
                                 image = transform(image, absl::MakeSpan(&random, 1));
                               }
                               return image;
                             });
}

Tensor RandomChoice::operator()(const Tensor& images, absl::Span<SampleRandom> randoms) const {
  const double sum = std::accumulate(p.begin(), p.end(), 0.0);
  const bool positive = std::all_of(p.begin(), p.end(), [](double share) { return share >= 0; });
  if (transforms.empty() ||
      (!p.empty() && (p.size() != transforms.size() || !positive || !(sum > 0)))) {
    ThrowInvalidArgument(absl::StrCat("RandomChoice: ", transforms.size(), " transforms and ",
                                      p.size(), " probabilities of the sum ", sum,
                                      "; a transform, and none or one for each, are expected"));
  }
  return internal::EachImage(
      "RandomChoice", images, randoms, [&](const Tensor& image, SampleRandom& random) {
        size_t chosen = 0;
        if (p.empty()) {
          chosen = static_cast<size_t>(random.Below(static_cast<int64_t>(transforms.size())));
        } else {
          double left = random.Uniform() * sum;
          while (chosen + 1 < p.size() && left >= p[chosen]) left -= p[chosen++];
        }
        return transforms[chosen](image, absl::MakeSpan(&random, 1));
      });
}

Tensor RandomOrder::operator()(const Tensor& images, absl::Span<SampleRandom> randoms) const {
  return internal::EachImage(
      "RandomOrder", images, randoms, [&](Tensor image, SampleRandom& random) {
        std::vector<size_t> order(transforms.size());
        std::iota(order.begin(), order.end(), size_t{0});
        for (size_t i = order.size(); i-- > 1;) {
          std::swap(order[i],
                    order[static_cast<size_t>(random.Below(static_cast<int64_t>(i) + 1))]);
        }
        for (const size_t which : order) {
          image = transforms[which](image, absl::MakeSpan(&random, 1));
        }
        return image;
      });
}

namespace internal {

std::vector<SampleRandom> RandomsOf(absl::Span<const int64_t> indices, const Epoch& epoch) {
  std::vector<SampleRandom> randoms;
  randoms.reserve(indices.size());
  for (size_t i = 0; i < indices.size(); ++i) {
    randoms.emplace_back(EpochAt(epoch, indices, i), indices[i]);
  }
  return randoms;
}

}  // namespace internal
}  // namespace neura::data
