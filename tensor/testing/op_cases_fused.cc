// Cases of programs over elements: the same function of doubles is the reference.
#include <cmath>

#include "absl/strings/str_cat.h"
#include "neura/tensor/ops/op_list/fused.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/references.h"

namespace neura::testing {
namespace {

// `trace` and `reference` compute the same of elements and of doubles.
void Add(CaseList& cases, const std::string& name, const std::vector<Tensor>& inputs,
         const std::function<Element(const std::vector<Element>&)>& traced,
         const std::function<double(const std::vector<double>&)>& reference) {
  ElementTrace trace(inputs.size());
  std::vector<Element> elements;
  for (size_t i = 0; i < inputs.size(); ++i) elements.push_back(trace.Input(i));
  FusedOptions options;
  options.program = trace.Finish({traced(elements)});
  cases.push_back({"fused_pointwise/" + name, op::kFusedPointwise, inputs, Own(options),
                   Elementwise(reference)});
}

}  // namespace

void AddFusedCases(CaseList& cases) {
  using Elements = std::vector<Element>;
  using Doubles = std::vector<double>;
  // The last is longer than a block.
  for (const Dims& shape : {Dims{}, Dims{3, 5}, Dims{2, 0, 3}, Dims{3, 101}}) {
    const Tensor x = Sample(shape, 1), y = Sample(shape, 2, 0.5, 2);
    Add(
        cases, absl::StrCat("chain/", NumElements(shape)), {x, y},
        [](const Elements& v) { return Sqrt(v[1] * 0.9 + 0.1 * Square(v[0])) - v[0] / (v[1] + 3); },
        [](const Doubles& v) {
          return std::sqrt(v[1] * 0.9 + 0.1 * v[0] * v[0]) - v[0] / (v[1] + 3);
        });
  }
  const Tensor x = Sample({4, 3, 5}, 1);
  Add(
      cases, "broadcast", {x, Sample({5}, 2), Sample({}, 3), Sample({3, 1}, 4)},
      [](const Elements& v) { return v[0] * v[1] + Exp(v[2]) * v[3]; },
      [](const Doubles& v) { return v[0] * v[1] + std::exp(v[2]) * v[3]; });
  // Truth values, in registers that hold numbers too.
  Add(
      cases, "select", {x, Sample({4, 3, 5}, 5)},
      [](const Elements& v) {
        const Element both = (v[0] > 0.1) & (v[1] < 0.3);
        return Select(both | (v[0] * v[1] > 0.5), v[0] * 2,
                      Select(!(v[0] > 0.1), v[1], v[0] * v[1]));
      },
      [](const Doubles& v) {
        const bool both = v[0] > 0.1 && v[1] < 0.3;
        return both || v[0] * v[1] > 0.5 ? v[0] * 2 : !(v[0] > 0.1) ? v[1] : v[0] * v[1];
      });
  Add(
      cases, "options", {x},
      [](const Elements& v) {
        return LeakyRelu(v[0], {.negative_slope = 0.3}) +
               Clamp(v[0] * 3, {.min = -0.5, .max = 0.5});
      },
      [](const Doubles& v) {
        return (v[0] > 0 ? v[0] : 0.3 * v[0]) + std::fmin(std::fmax(v[0] * 3, -0.5), 0.5);
      });
  Add(
      cases, "unused", {Sample({4, 1}, 6), Sample({3}, 7)},
      [](const Elements& v) { return v[0] * 2; }, [](const Doubles& v) { return v[0] * 2; });
  Add(
      cases, "input", {x}, [](const Elements& v) { return v[0]; },
      [](const Doubles& v) { return v[0]; });
  Add(
      cases, "number", {x}, [](const Elements&) { return Element(0.25); },
      [](const Doubles&) { return 0.25; });
}

}  // namespace neura::testing
