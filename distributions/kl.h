// Kullback-Leibler divergences.
#ifndef NEURA_DISTRIBUTIONS_KL_H_
#define NEURA_DISTRIBUTIONS_KL_H_

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "neura/distributions/distribution.h"
#include "neura/distributions/params.h"
#include "neura/tensor/core/tensor.h"

namespace neura::distributions {

// The expectation under p of log p - log q, in closed form, [batch]. Independent distributions add
// up, and distributions under equal transforms are those of their bases. Throws Unimplemented for a
// pair without a form.
Tensor KlDivergence(const Distribution& p, const Distribution& q);

// A form for two classes of a program, or in the place of one that is there, by
// Distribution::name(). Not while another thread asks for divergences.
using KlFunction = std::function<Tensor(const Distribution& p, const Distribution& q)>;
void RegisterKl(const std::string& p, const std::string& q, KlFunction function);

// The pairs that are known.
std::vector<std::pair<std::string, std::string>> KlPairs();

}  // namespace neura::distributions

#endif  // NEURA_DISTRIBUTIONS_KL_H_
