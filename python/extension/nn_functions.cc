#include "neura/python/extension/nn_functions.h"

#include <optional>
#include <string>

#include "neura/nn/functional.h"
#include "neura/python/extension/binder.h"
#include "neura/tensor/tensor.h"

namespace neura::python {
namespace {

namespace py = pybind11;
using OptTensor = std::optional<Tensor>;

Tensor OrNone(const OptTensor& tensor) { return tensor.value_or(Tensor()); }

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
      "and those above max_norm are first scaled down to it, in the weight. Gradients are dense",
      NEURA_FN(
          (const Tensor& x, const Tensor& weight, const std::optional<int64_t>& padding_idx,
           const std::optional<double>& max_norm, double norm_type, bool scale_grad_by_freq, bool),
          {
            return nn::Embed(x, weight,
                             {.padding_idx = padding_idx,
                              .max_norm = max_norm,
                              .norm_type = norm_type,
                              .scale_grad_by_freq = scale_grad_by_freq});
          }));
  functional(
      "embedding_bag",
      "input, weight, offsets=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, "
      "mode='mean', sparse=False, per_sample_weights=None, include_last_offset=False, "
      "padding_idx=None",
      "The 'sum', 'mean' or 'max' of the rows of weight that each bag names: a row of a matrix, or "
      "the part of a vector from its offset on. Gradients are dense",
      NEURA_FN((const Tensor& x, const Tensor& weight, const OptTensor& offsets,
                const std::optional<double>& max_norm, double norm_type, bool scale_grad_by_freq,
                const std::string& mode, bool, const OptTensor& per_sample_weights,
                bool include_last_offset, const std::optional<int64_t>& padding_idx),
               {
                 return nn::EmbedBag(x, weight, OrNone(offsets), OrNone(per_sample_weights),
                                     {.mode = mode,
                                      .include_last_offset = include_last_offset,
                                      .rows = {.padding_idx = padding_idx,
                                               .max_norm = max_norm,
                                               .norm_type = norm_type,
                                               .scale_grad_by_freq = scale_grad_by_freq}});
               }));
  functional("gumbel_softmax", "logits, tau=1.0, hard=False, eps=1e-10, dim=-1",
             "softmax of the logits with Gumbel noise, over tau; with hard 1 at the largest and 0 "
             "elsewhere, with the gradient of the soft one (Jang et al., 2017)",
             NEURA_FN((const Tensor& logits, double tau, bool hard, double, int64_t dim),
                      { return nn::GumbelSoftmax(logits, tau, hard, dim); }));
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

void InitNnFunctions(py::module_& functional) {
  const Binder bind(functional, "nn.functional");
  InitLayers(bind);
  InitLosses(bind);
}

}  // namespace neura::python
