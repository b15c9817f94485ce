// Layers that tell where in a sequence its elements stand.
#ifndef NEURA_NN_POSITIONS_H_
#define NEURA_NN_POSITIONS_H_

#include <optional>

#include "neura/nn/with_options.h"

namespace neura::nn {

struct SinusoidalPositionalEncodingOptions {
  int64_t embed_dim = 0;
  int64_t max_len = 5000;
  double dropout = 0;  // of the sum, while training
  bool batch_first = false;
  NEURA_FIELDS(embed_dim, max_len, dropout, batch_first)
};
// The input, [T, N, embed_dim], with batch_first [N, T, embed_dim], or [T, embed_dim], plus
// sin(t / 10000^(2 i / embed_dim)) in its even elements 2 i and the cosine of the same in the next.
// Vaswani et al., 2017 (arXiv:1706.03762).
class SinusoidalPositionalEncoding : public WithOptions<SinusoidalPositionalEncodingOptions> {
 public:
  explicit SinusoidalPositionalEncoding(const SinusoidalPositionalEncodingOptions& options);
  Tensor Forward(const Tensor& input) override;

  Buffer pe;  // [max_len, embed_dim]
  NEURA_MODULE(pe)
};

struct LearnedPositionalEmbeddingOptions {
  int64_t max_len = 0;
  int64_t embed_dim = 0;
  double dropout = 0;  // of the sum, while training
  bool batch_first = false;
  NEURA_FIELDS(max_len, embed_dim, dropout, batch_first)
};
// The input of the same shapes plus a learned vector for each place, which starts normal with the
// standard deviation 0.02. Gehring et al., 2017 (arXiv:1705.03122).
class LearnedPositionalEmbedding : public WithOptions<LearnedPositionalEmbeddingOptions> {
 public:
  explicit LearnedPositionalEmbedding(const LearnedPositionalEmbeddingOptions& options);
  Tensor Forward(const Tensor& input) override;

  Parameter weight;  // [max_len, embed_dim]
  NEURA_MODULE(weight)
};

struct RotaryEmbeddingOptions {
  int64_t dim = 0;  // the first elements of each vector, which are rotated
  double base = 10000;
  bool interleaved = false;  // pairs are neighbours, else of both halves
  NEURA_FIELDS(dim, base, interleaved)
};
// Queries or keys [..., T, D] whose pairs of elements are rotated by the angles t / base^(2 i /
// dim) for the pair i. Positions t are integers [T], or such that broadcast to [..., T]; from 0 on
// where they are left out. Su et al., 2021 (arXiv:2104.09864).
class RotaryEmbedding
    : public WithOptions<RotaryEmbeddingOptions,
                         ModuleOf<Tensor(const Tensor&, const std::optional<Tensor>&)>> {
 public:
  explicit RotaryEmbedding(const RotaryEmbeddingOptions& options);
  Tensor Forward(const Tensor& input, const std::optional<Tensor>& positions = {}) override;
  NEURA_MODULE()
};

}  // namespace neura::nn

#endif  // NEURA_NN_POSITIONS_H_
