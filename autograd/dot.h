// Pictures of graphs.
#ifndef NEURA_AUTOGRAD_DOT_H_
#define NEURA_AUTOGRAD_DOT_H_

#include <string>
#include <vector>

#include "neura/tensor/core/tensor.h"

namespace neura::autograd {

// What led to `outputs`, in the language of Graphviz: a box for each recorded operation, an ellipse
// for each leaf that accumulates, and the shape of what goes along each edge.
std::string DotOf(const std::vector<Tensor>& outputs);

}  // namespace neura::autograd

#endif  // NEURA_AUTOGRAD_DOT_H_
