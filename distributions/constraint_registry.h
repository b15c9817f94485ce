// From numbers without bounds to the values that fulfil a constraint.
#ifndef NEURA_DISTRIBUTIONS_CONSTRAINT_REGISTRY_H_
#define NEURA_DISTRIBUTIONS_CONSTRAINT_REGISTRY_H_

#include <functional>
#include <string>

#include "neura/distributions/constraint.h"
#include "neura/distributions/transform.h"

namespace neura::distributions {

// A bijection from the real numbers, for example to give a parameter without bounds a density.
// Throws Unimplemented for a constraint without one.
TransformRef BijectTo(const Constraint& constraint);
// A transform from the real numbers that need not be a bijection, but is good to optimize through.
TransformRef TransformTo(const Constraint& constraint);

// What constraints of that kind get from then on; see Constraint::kind(). Not while another thread
// asks.
using TransformFactory = std::function<TransformRef(const Constraint& constraint)>;
void RegisterBijectTo(const std::string& kind, TransformFactory factory);
void RegisterTransformTo(const std::string& kind, TransformFactory factory);

}  // namespace neura::distributions

#endif  // NEURA_DISTRIBUTIONS_CONSTRAINT_REGISTRY_H_
