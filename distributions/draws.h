// Draws that need as many uniform numbers as they need, element by element, and their gradients.
#ifndef NEURA_DISTRIBUTIONS_DRAWS_H_
#define NEURA_DISTRIBUTIONS_DRAWS_H_

#include "neura/tensor/core/tensor.h"
#include "neura/tensor/random/generator.h"

namespace neura::distributions {

// For each element of `concentration`, floating point and positive, a draw from the gamma
// distribution of that concentration and rate 1: Marsaglia and Tsang, "A Simple Method for
// Generating Gamma Variables", 2000. Differentiable once by the concentration, by implicit
// reparametrization: Figurnov, Mohamed and Mnih, "Implicit Reparameterization Gradients", 2018
// (arXiv:1805.08498). A second derivative by it throws Unimplemented.
Tensor StandardGamma(const Tensor& concentration, Generator* generator = nullptr);

// d(sample) / d(concentration) of such draws: -dF/da / f, with the distribution function F and its
// density f. Of the same shape, float64 on the CPU.
Tensor StandardGammaGrad(const Tensor& concentration, const Tensor& sample);

// For each element of `concentration`, floating point and positive, an angle from -pi to pi around
// 0, by rejection: Best and Fisher, "Efficient Simulation of the von Mises Distribution", 1979.
Tensor VonMisesAngles(const Tensor& concentration, Generator* generator = nullptr);

// [..., K]: draws from the Dirichlet distribution of these concentrations, gamma draws over their
// sum, through which gradients flow.
Tensor StandardDirichlet(const Tensor& concentration, Generator* generator = nullptr);

// For each element how many of `count` trials succeed with a probability: by inversion where few
// are expected, else Hormann, "The Generation of Binomial Random Variates", 1993, algorithm BTRS.
// Both are floating point and of one shape. Throws InvalidArgument for a count below 0 and for what
// is no probability.
Tensor BinomialCounts(const Tensor& count, const Tensor& probability,
                      Generator* generator = nullptr);

}  // namespace neura::distributions

#endif  // NEURA_DISTRIBUTIONS_DRAWS_H_
