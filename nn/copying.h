// How a copy of a tree of modules keeps shared what its members share.
//
// C++ copies a module member by member, and no member knows of the others. So whoever copies a
// module says so first: then the whole tree is looked through for tensors that several members
// hold, and the members find the copies that they are to share as their turn comes.
#ifndef NEURA_NN_COPYING_H_
#define NEURA_NN_COPYING_H_

#include "neura/tensor/core/tensor.h"

namespace neura::nn {

class ModuleBase;

namespace internal {

// The members of `original` are about to be copied, on this thread: all of its tree, unless it is
// itself a part of a tree that is being copied.
void BeginCopy(const ModuleBase& original);

// The copy, outside of any graph, of the tensor that the OwnedTensor `member` holds.
Tensor CopyOf(const void* member, const Tensor& tensor);

}  // namespace internal
}  // namespace neura::nn

#endif  // NEURA_NN_COPYING_H_
