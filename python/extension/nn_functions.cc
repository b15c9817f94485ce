#include "neura/python/extension/nn_functions.h"

#include <optional>
#include <string>
#include <vector>

#include "neura/nn/adaptive_softmax.h"
#include "neura/nn/attention.h"
#include "neura/nn/functional.h"
#include "neura/nn/weight_norms.h"
#include "neura/python/extension/binder.h"
#include "neura/python/extension/sequences.h"
#include "neura/tensor/tensor.h"

namespace neura::python {
namespace {

namespace py = pybind11;
using OptTensor = std::optional<Tensor>;

Tensor OrNone(const OptTensor& tensor) { return tensor.value_or(Tensor()); }

template <typename T>
py::object ToObject(const T& value) {
  return py::reinterpret_steal<py::object>(ToPython(value));
}

// A tensor of lengths, or integers.
Tensor Lengths(const char* what, const py::object& lengths) {
  if (IsTensor(lengths.ptr())) return TensorOf(lengths.ptr());
  Dims each;
  if (!FromPython(lengths.ptr(), &each)) {
    ThrowTypeError(std::string("ctc_loss(): argument '") + what + "' must be Tensor or integers");
  }
  return FromSpan<int64_t>(each, {static_cast<int64_t>(each.size())});
}

void InitLayers(const Binder& functional) {
  functional(
      "batch_norm",
      "input, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, "
      "eps=1e-05",
      "Each channel of [N, C, ...] normalized: while training by the batch's mean and variance, "
      "which move the running ones, else by those (Ioffe and Szegedy, 2015)",
      NEURA_FN(
          (const Tensor& x, const OptTensor& mean, const OptTensor& var, const OptTensor& weight,
           const OptTensor& bias, bool training, double momentum, double eps),
          {
            return nn::BatchNormalize(x, OrNone(mean), OrNone(var), OrNone(weight), OrNone(bias),
                                      {.training = training, .momentum = momentum, .eps = eps});
          }));
  functional(
      "instance_norm",
      "input, running_mean=None, running_var=None, weight=None, bias=None, use_input_stats=True, "
      "momentum=0.1, eps=1e-05",
      "Each channel of each example of [N, C, ...] normalized by itself (Ulyanov et al., 2016)",
      NEURA_FN(
          (const Tensor& x, const OptTensor& mean, const OptTensor& var, const OptTensor& weight,
           const OptTensor& bias, bool use_input_stats, double momentum, double eps),
          {
            return nn::InstanceNormalize(
                x, OrNone(mean), OrNone(var), OrNone(weight), OrNone(bias),
                {.training = use_input_stats, .momentum = momentum, .eps = eps});
          }));
  functional(
      "embedding",
      "input, weight, padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, "
      "sparse=False",
      "The rows of weight that the integers of input name; that of padding_idx has no gradient, "
      "and those above max_norm are first scaled down to it, in the weight. With sparse, the "
      "weight's gradient is a sparse tensor",
      NEURA_FN((const Tensor& x, const Tensor& weight, const std::optional<int64_t>& padding_idx,
                const std::optional<double>& max_norm, double norm_type, bool scale_grad_by_freq,
                bool sparse),
               {
                 return nn::Embed(x, weight,
                                  {.padding_idx = padding_idx,
                                   .max_norm = max_norm,
                                   .norm_type = norm_type,
                                   .scale_grad_by_freq = scale_grad_by_freq,
                                   .sparse = sparse});
               }));
  functional(
      "embedding_bag",
      "input, weight, offsets=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, "
      "mode='mean', sparse=False, per_sample_weights=None, include_last_offset=False, "
      "padding_idx=None",
      "The 'sum', 'mean' or 'max' of the rows of weight that each bag names: a row of a matrix, or "
      "the part of a vector from its offset on. With sparse, the weight's gradient is a sparse "
      "tensor, of sums and means",
      NEURA_FN((const Tensor& x, const Tensor& weight, const OptTensor& offsets,
                const std::optional<double>& max_norm, double norm_type, bool scale_grad_by_freq,
                const std::string& mode, bool sparse, const OptTensor& per_sample_weights,
                bool include_last_offset, const std::optional<int64_t>& padding_idx),
               {
                 return nn::EmbedBag(x, weight, OrNone(offsets), OrNone(per_sample_weights),
                                     {.mode = mode,
                                      .include_last_offset = include_last_offset,
                                      .rows = {.padding_idx = padding_idx,
                                               .max_norm = max_norm,
                                               .norm_type = norm_type,
                                               .scale_grad_by_freq = scale_grad_by_freq,
                                               .sparse = sparse}});
               }));
  // Of one example without N, too, as the rows of the operations have it not.
  functional("dropout1d", "input, p=0.5, training=True, inplace=False",
             "Zeros in whole channels of [N, C, L] or [C, L] at random",
             NEURA_FN((const Tensor& x, double p, bool training, bool),
                      { return nn::ChannelDropout(x, 1, p, training); }));
  functional("dropout3d", "input, p=0.5, training=True, inplace=False",
             "Zeros in whole channels of [N, C, D, H, W] or [C, D, H, W] at random",
             NEURA_FN((const Tensor& x, double p, bool training, bool),
                      { return nn::ChannelDropout(x, 3, p, training); }));
  functional("gumbel_softmax", "logits, tau=1.0, hard=False, eps=1e-10, dim=-1",
             "softmax of the logits with Gumbel noise, over tau; with hard 1 at the largest and 0 "
             "elsewhere, with the gradient of the soft one (Jang et al., 2017)",
             NEURA_FN((const Tensor& logits, double tau, bool hard, double, int64_t dim),
                      { return nn::GumbelSoftmax(logits, tau, hard, dim); }));
}

void InitAttention(const Binder& functional) {
  functional(
      "multi_head_attention_forward",
      "query, key, value, embed_dim_to_check, num_heads, in_proj_weight, in_proj_bias, bias_k, "
      "bias_v, add_zero_attn, dropout_p, out_proj_weight, out_proj_bias, training=True, "
      "key_padding_mask=None, need_weights=True, attn_mask=None, use_separate_proj_weight=False, "
      "q_proj_weight=None, k_proj_weight=None, v_proj_weight=None, static_k=None, static_v=None, "
      "average_attn_weights=True, is_causal=False, batch_first=False",
      "(output, weights) of attention with several heads over [L, N, E], with batch_first "
      "[N, L, E] (Vaswani et al., 2017); see nn.MultiheadAttention",
      NEURA_FN(
          (const Tensor& query, const Tensor& key, const Tensor& value, int64_t embed_dim,
           int64_t num_heads, const OptTensor& in_proj_weight, const OptTensor& in_proj_bias,
           const OptTensor& bias_k, const OptTensor& bias_v, bool add_zero_attn, double dropout_p,
           const Tensor& out_proj_weight, const OptTensor& out_proj_bias, bool training,
           const OptTensor& key_padding_mask, bool need_weights, const OptTensor& attn_mask,
           bool separate, const OptTensor& q_proj_weight, const OptTensor& k_proj_weight,
           const OptTensor& v_proj_weight, const OptTensor& static_k, const OptTensor& static_v,
           bool average_attn_weights, bool is_causal, bool batch_first),
          {
            if (query.size(-1) != embed_dim) {
              ThrowInvalidArgument("multi_head_attention: expected queries of " +
                                   std::to_string(embed_dim) + " elements, got " + Describe(query));
            }
            nn::AttentionParameters weights{.in_proj_bias = OrNone(in_proj_bias),
                                            .bias_k = OrNone(bias_k),
                                            .bias_v = OrNone(bias_v),
                                            .out_proj_weight = out_proj_weight,
                                            .out_proj_bias = OrNone(out_proj_bias)};
            if (separate) {
              weights.q_proj_weight = OrNone(q_proj_weight);
              weights.k_proj_weight = OrNone(k_proj_weight);
              weights.v_proj_weight = OrNone(v_proj_weight);
            } else {
              weights.in_proj_weight = OrNone(in_proj_weight);
            }
            return ToObject(WithoutGil([&] {
              return nn::MultiHeadAttention(query, key, value, weights,
                                            {.num_heads = num_heads,
                                             .add_zero_attn = add_zero_attn,
                                             .dropout = training ? dropout_p : 0,
                                             .batch_first = batch_first,
                                             .static_k = OrNone(static_k),
                                             .static_v = OrNone(static_v)},
                                            {.key_padding_mask = OrNone(key_padding_mask),
                                             .need_weights = need_weights,
                                             .attn_mask = OrNone(attn_mask),
                                             .average_attn_weights = average_attn_weights,
                                             .is_causal = is_causal});
            }));
          }),
      "tuple[Tensor, Tensor | None]");
}

// Of a tail of two weights for each cluster.
nn::AdaptiveSoftmaxWeights AdaptiveWeights(const Tensor& head_weight, const OptTensor& head_bias,
                                           const std::vector<Tensor>& tail) {
  nn::AdaptiveSoftmaxWeights weights{
      .head_weight = head_weight, .head_bias = OrNone(head_bias), .tail = {}};
  for (size_t i = 0; i + 1 < tail.size(); i += 2) weights.tail.emplace_back(tail[i], tail[i + 1]);
  return weights;
}

// What nn.AdaptiveLogSoftmaxWithLoss calls, with the weights of its layers.
void InitAdaptiveSoftmax(const Binder& bind) {
  bind("adaptive_softmax_widths", "in_features, n_classes, cutoffs, div_value",
       "The features between the two layers of each cluster of an adaptive softmax",
       NEURA_FN((int64_t in_features, int64_t n_classes, const Dims& cutoffs, double div_value), {
         Dims widths;
         for (const auto& [first, second] : nn::AdaptiveSoftmaxLayersOf({.in_features = in_features,
                                            .n_classes = n_classes,
                                            .cutoffs = cutoffs,
                                            .div_value = div_value})
                                                .tail) {
           widths.push_back(first.out_features);
         }
         return widths;
       }));
  bind("adaptive_log_softmax", "input, target, head_weight, head_bias, tail, cutoffs",
       "(output, loss) of an adaptive softmax (Grave et al., 2017)",
       NEURA_FN((const Tensor& input, const Tensor& target, const Tensor& head_weight,
                 const OptTensor& head_bias, const std::vector<Tensor>& tail, const Dims& cutoffs),
                {
                  const auto all = AdaptiveWeights(head_weight, head_bias, tail);
                  const nn::AdaptiveLogSoftmaxResult result = WithoutGil(
                      [&] { return nn::AdaptiveLogSoftmax(input, target, all, cutoffs); });
                  return py::object(py::make_tuple(result.output, result.loss));
                }),
       "tuple[Tensor, Tensor]");
  bind("adaptive_log_prob", "input, head_weight, head_bias, tail, cutoffs",
       "The logarithms of all probabilities of an adaptive softmax",
       NEURA_FN((const Tensor& input, const Tensor& head_weight, const OptTensor& head_bias,
                 const std::vector<Tensor>& tail, const Dims& cutoffs),
                {
                  return nn::AdaptiveLogProb(input, AdaptiveWeights(head_weight, head_bias, tail),
                                             cutoffs);
                }));
}

// What the package's own modules call.
void InitWeightNorms(const Binder& bind) {
  bind("norm_except_dim", "v, dim=0", "The 2-norm of v over all dimensions but dim",
       NEURA_FN((const Tensor& v, const std::optional<int64_t>& dim),
                { return nn::NormExceptDim(v, dim); }));
  bind("weight_norm", "v, g, dim=0",
       "The direction of v with the norms g (Salimans and Kingma, 2016)",
       NEURA_FN((const Tensor& v, const Tensor& g, const std::optional<int64_t>& dim),
                { return nn::WeightNorm(v, g, dim); }));
  bind("spectral_norm", "weight, u, v, iterations=1, eps=1e-12, dim=0, u_first=False",
       "A weight over its greatest singular value, by the power method (Miyato et al., 2018)",
       NEURA_FN((const Tensor& weight, const Tensor& u, const Tensor& v, int64_t iterations,
                 double eps, int64_t dim, bool u_first),
                {
                  return nn::SpectralNorm(
                      weight, u, v,
                      {.iterations = iterations, .eps = eps, .dim = dim, .u_first = u_first});
                }));
  bind("fuse_norm",
       "weight, bias, running_mean, running_var, eps, norm_weight=None, norm_bias=None, "
       "channel_dim=0",
       "(weight, bias) of a layer and a batch norm in evaluation after it",
       NEURA_FN((const Tensor& weight, const OptTensor& bias, const Tensor& running_mean,
                 const Tensor& running_var, double eps, const OptTensor& norm_weight,
                 const OptTensor& norm_bias, int64_t channel_dim),
                {
                  return ToObject(WithoutGil([&] {
                    return nn::FuseNorm(weight, OrNone(bias),
                                        {.running_mean = running_mean,
                                         .running_var = running_var,
                                         .eps = eps,
                                         .weight = OrNone(norm_weight),
                                         .bias = OrNone(norm_bias)},
                                        channel_dim);
                  }));
                }),
       "tuple[Tensor, Tensor]");
}

void InitLosses(const Binder& functional) {
  functional("cosine_embedding_loss", "input1, input2, target, margin=0.0, reduction='mean'",
             "1 - cos(input1, input2) where target is 1, max(0, cos - margin) where it is -1",
             NEURA_FN((const Tensor& a, const Tensor& b, const Tensor& target, double margin,
                       const std::string& reduction),
                      {
                        return nn::CosineEmbedding(a, b, target,
                                                   {.margin = margin, .reduction = reduction});
                      }));
  functional(
      "margin_ranking_loss", "input1, input2, target, margin=0.0, reduction='mean'",
      "max(0, -target * (input1 - input2) + margin), for targets of 1 and -1",
      NEURA_FN(
          (const Tensor& a, const Tensor& b, const Tensor& target, double margin,
           const std::string& reduction),
          { return nn::MarginRanking(a, b, target, {.margin = margin, .reduction = reduction}); }));
  functional(
      "triplet_margin_loss",
      "anchor, positive, negative, margin=1.0, p=2.0, eps=1e-06, swap=False, "
      "reduction='mean'",
      "max(0, |anchor - positive| - |anchor - negative| + margin), with p-norms; with swap "
      "the negative's distance from the positive where that is smaller (Balntas et al., 2016)",
      NEURA_FN((const Tensor& anchor, const Tensor& positive, const Tensor& negative, double margin,
                double p, double eps, bool swap, const std::string& reduction),
               {
                 return nn::TripletMargin(
                     anchor, positive, negative,
                     {.margin = margin, .p = p, .eps = eps, .swap = swap, .reduction = reduction});
               }));
  functional("gaussian_nll_loss", "input, target, var, full=False, eps=1e-06, reduction='mean'",
             "(log(var) + (input - target)^2 / var) / 2, for variances of at least eps (Nix and "
             "Weigend, 1994)",
             NEURA_FN((const Tensor& x, const Tensor& target, const Tensor& var, bool full,
                       double eps, const std::string& reduction),
                      {
                        return nn::GaussianNll(x, target, var,
                                               {.full = full, .eps = eps, .reduction = reduction});
                      }));
  functional(
      "ctc_loss",
      "log_probs, targets, input_lengths, target_lengths, blank=0, reduction='mean', "
      "zero_infinity=False",
      "-log of the probability of each target sequence, over all its alignments with "
      "log_probs [T, N, C] (Graves et al., 2006)",
      NEURA_FN((const Tensor& log_probs, const Tensor& targets, const py::object& input_lengths,
                const py::object& target_lengths, int64_t blank, const std::string& reduction,
                bool zero_infinity),
               {
                 const Tensor inputs = Lengths("input_lengths", input_lengths),
                              wanted = Lengths("target_lengths", target_lengths);
                 return py::cast(WithoutGil([&] {
                   return nn::Ctc(
                       log_probs, targets, inputs, wanted,
                       {.blank = blank, .reduction = reduction, .zero_infinity = zero_infinity});
                 }));
               }),
      "Tensor");
}

}  // namespace

void InitNnFunctions(py::module_& m, py::module_& functional) {
  const Binder bind(functional, "nn.functional");
  InitLayers(bind);
  InitAttention(bind);
  InitLosses(bind);
  py::module_ weights = m.def_submodule("nn_weights");
  InitWeightNorms(Binder(weights, "nn.utils"));
  InitAdaptiveSoftmax(Binder(weights, "nn"));
}

}  // namespace neura::python
