// Results of several tensors: NEURA_RESULT(SlogDetResult, sign, logabsdet) is a struct with these
// members, and in Python a tuple whose elements have these names.
#ifndef NEURA_TENSOR_CORE_RESULT_H_
#define NEURA_TENSOR_CORE_RESULT_H_

#include "neura/tensor/core/fields.h"
#include "neura/tensor/core/tensor.h"

namespace neura {

#define NEURA_INTERNAL_RESULT_MEMBER(name) Tensor name;
#define NEURA_INTERNAL_RESULT_VISIT(name) visit(this->name);
#define NEURA_RESULT(Name, ...)                                \
  struct Name {                                                \
    NEURA_FOR_EACH(NEURA_INTERNAL_RESULT_MEMBER, __VA_ARGS__)  \
    static constexpr char kName[] = #Name;                     \
    static constexpr char kMembers[] = #__VA_ARGS__;           \
    template <typename F>                                      \
    void VisitTensors(F visit) const {                         \
      NEURA_FOR_EACH(NEURA_INTERNAL_RESULT_VISIT, __VA_ARGS__) \
    }                                                          \
  }

template <typename T>
concept NamedResult = requires {
  T::kMembers;
};

}  // namespace neura

#endif  // NEURA_TENSOR_CORE_RESULT_H_
