// How cases of composites are made.
#ifndef NEURA_TENSOR_TESTING_COMPOSITE_CASES_H_
#define NEURA_TENSOR_TESTING_COMPOSITE_CASES_H_

#include <concepts>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "neura/tensor/ops/create.h"
#include "neura/tensor/testing/op_cases.h"

namespace neura::testing {

using Inputs = const std::vector<Tensor>&;
using Arrays = const std::vector<Array>&;
using Values = const std::vector<double>&;

template <typename F>
OpCase Case(std::string name, std::vector<Tensor> inputs, F composite, Reference reference) {
  return {.name = std::move(name),
          .op = std::nullopt,
          .inputs = std::move(inputs),
          .reference = std::move(reference),
          .composite = [composite](Inputs in) -> std::vector<Tensor> {
            if constexpr (std::same_as<std::invoke_result_t<F, Inputs>, Tensor>) {
              return {composite(in)};
            } else {
              return composite(in);
            }
          }};
}

// Of a function that looks at elements.
template <typename F>
OpCase Reading(std::string name, std::vector<Tensor> inputs, F composite, Reference reference) {
  OpCase made = Case(std::move(name), std::move(inputs), composite, std::move(reference));
  made.reads_elements = true;
  return made;
}

// A truth about a tensor, where that is.
inline Tensor Truth(bool value, const Tensor& about) {
  return Full({}, value, {.dtype = kBool, .device = about.device()});
}

void AddElementwiseCases(CaseList& cases);
void AddArrangingCases(CaseList& cases);
void AddOrderCases(CaseList& cases);
void AddProductCases(CaseList& cases);
void AddLinalgCases(CaseList& cases);
void AddFactorCases(CaseList& cases);
void AddEquationCases(CaseList& cases);
void AddSpecialCases(CaseList& cases);
void AddMaskedCases(CaseList& cases);
void AddPlacingCases(CaseList& cases);
void AddWindowCases(CaseList& cases);

}  // namespace neura::testing

#endif  // NEURA_TENSOR_TESTING_COMPOSITE_CASES_H_
