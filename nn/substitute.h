// Modules as functions of their parameters.
#ifndef NEURA_NN_SUBSTITUTE_H_
#define NEURA_NN_SUBSTITUTE_H_

#include <utility>
#include <vector>

#include "neura/nn/module.h"
#include "neura/tensor/core/tensor.h"

namespace neura::nn {

// While alive, other tensors stand in the place of a module's parameters and buffers of these names
// ("fc.weight"), results of operations among them, and of those that share the same tensor. Throws
// InvalidArgument for a name that the module does not have, and with `strict` where one is missing.
//
//   const Substitution others(net, {{"fc.weight", weight}});
//   Tensor y = net(x);
class Substitution {
 public:
  Substitution(ModuleBase& module, const NamedTensors& tensors, bool strict = false);
  ~Substitution();
  Substitution(const Substitution&) = delete;
  Substitution& operator=(const Substitution&) = delete;

 private:
  // Of both kinds of members.
  template <typename Member>
  struct Replaced {
    Member* member;
    Tensor original;
  };
  std::vector<Replaced<Parameter>> parameters_;
  std::vector<Replaced<Buffer>> buffers_;
};

}  // namespace neura::nn

#endif  // NEURA_NN_SUBSTITUTE_H_
