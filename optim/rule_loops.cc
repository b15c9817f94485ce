#include "neura/optim/rule_loops.h"

#include <array>
#include <cstddef>
#include <cstring>
#include <type_traits>
#include <utility>

#include "neura/tensor/cpu/targets.h"  // IWYU pragma: keep

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "optim/rule_loops.cc"
#include "hwy/foreach_target.h"  // before any other header of Highway
#include "hwy/highway.h"
#include "neura/optim/rules.h"
#include "neura/tensor/cpu/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace neura::optim::HWY_NAMESPACE {
namespace {

namespace el = elements::HWY_NAMESPACE;
namespace hn = hwy::HWY_NAMESPACE;

// A vector beside which numbers may stand, as the rules have them.
template <typename T>
struct RuleLanes {
  using D = hn::ScalableTag<T>;
  using V = cpu::HWY_NAMESPACE::Lanes<D>;
  using Mask = typename V::Mask;

  HWY_INLINE RuleLanes(double number) : x(static_cast<T>(number)) {}  // NOLINT: as its purpose
  explicit HWY_INLINE RuleLanes(V lanes) : x(lanes) {}
  static HWY_INLINE RuleLanes Load(const T* from) { return RuleLanes(V(hn::LoadU(D(), from))); }
  HWY_INLINE void Store(T* to) const { hn::StoreU(x.raw, D(), to); }

#define NEURA_OPERATOR(op)                                            \
  friend HWY_INLINE RuleLanes operator op(RuleLanes a, RuleLanes b) { \
    return RuleLanes(a.x op b.x);                                     \
  }
  NEURA_OPERATOR(+)
  NEURA_OPERATOR(-)
  NEURA_OPERATOR(*)
  NEURA_OPERATOR(/)
#undef NEURA_OPERATOR
#define NEURA_OPERATOR(op) \
  friend HWY_INLINE Mask operator op(RuleLanes a, RuleLanes b) { return a.x op b.x; }
  NEURA_OPERATOR(<)
  NEURA_OPERATOR(>)
  NEURA_OPERATOR(<=)
  NEURA_OPERATOR(>=)
  NEURA_OPERATOR(==)
  NEURA_OPERATOR(!=)
#undef NEURA_OPERATOR
  friend HWY_INLINE RuleLanes operator-(RuleLanes a) { return RuleLanes(-a.x); }
  friend HWY_INLINE RuleLanes Sqrt(RuleLanes a) { return RuleLanes(Sqrt(a.x)); }
  friend HWY_INLINE RuleLanes Abs(RuleLanes a) { return RuleLanes(Abs(a.x)); }
  friend HWY_INLINE RuleLanes Select(Mask condition, RuleLanes yes, RuleLanes no) {
    return RuleLanes(Select(condition, yes.x, no.x));
  }

  V x;
};

// One step at `inputs`, with as many states as the rule takes, of which the first kStates are kept.
template <size_t kStates, typename E, typename Rule, typename Load, typename Store, size_t... k>
HWY_INLINE void StepAt(const Rule& rule, Load load, Store store, std::index_sequence<k...>) {
  E param = load(0);
  const E grad = load(1);
  E states[] = {k < kStates ? load(2 + k) : E(0.0)...};
  rule(param, grad, states[k]...);
  store(0, param);
  for (size_t i = 0; i < kStates; ++i) store(1 + i, states[i]);
}

template <typename T, typename Rule, size_t kRuleStates, size_t kStates>
void Loop(const void* data, size_t n, const void* const* inputs, void* const* results) {
  static_assert(std::is_trivial_v<Rule>);
  Rule rule;
  std::memcpy(&rule, data, sizeof(rule));
  std::array<const T*, 2 + kStates> from;
  std::array<T*, 1 + kStates> to;
  for (size_t i = 0; i < from.size(); ++i) from[i] = static_cast<const T*>(inputs[i]);
  for (size_t i = 0; i < to.size(); ++i) to[i] = static_cast<T*>(results[i]);
  constexpr std::make_index_sequence<kRuleStates> states;
#if HWY_HAVE_FLOAT64
  constexpr bool kVectors = true;
#else
  constexpr bool kVectors = std::is_same_v<T, float>;
#endif
  if constexpr (kVectors) {
    using E = RuleLanes<T>;
    constexpr size_t kN = hn::MaxLanes(typename E::D());
    size_t i = 0;
    for (; i + kN <= n; i += kN) {
      StepAt<kStates, E>(
          rule, [&](size_t k) HWY_ATTR { return E::Load(from[k] + i); },
          [&](size_t k, const E& e) HWY_ATTR { e.Store(to[k] + i); }, states);
    }
    if (i == n) return;
    // The rest through the same vector code, so that an element's value does not depend on where it
    // stands.
    HWY_ALIGN T lanes[kN] = {};
    StepAt<kStates, E>(
        rule,
        [&](size_t k) HWY_ATTR {
          std::memcpy(lanes, from[k] + i, (n - i) * sizeof(T));
          return E::Load(lanes);
        },
        [&](size_t k, const E& e) HWY_ATTR {
          e.Store(lanes);
          std::memcpy(to[k] + i, lanes, (n - i) * sizeof(T));
        },
        states);
  } else {
    for (size_t i = 0; i < n; ++i) {
      StepAt<kStates, T>(
          rule, [&](size_t k) { return from[k][i]; }, [&](size_t k, T e) { to[k][i] = e; }, states);
    }
  }
}

template <typename Rule, size_t kRuleStates,
          size_t kStates = internal::LeastStates<Rule>(kRuleStates)>
void AddLoops(internal::RuleLoops& loops) {
  static_assert(kRuleStates <= internal::RuleLoops::kMaxStates);
  loops.float32[kStates] = &Loop<float, Rule, kRuleStates, kStates>;
  loops.float64[kStates] = &Loop<double, Rule, kRuleStates, kStates>;
  if constexpr (kStates < kRuleStates) AddLoops<Rule, kRuleStates, kStates + 1>(loops);
}

void Fill(internal::RuleLoops* loops) {
#define NEURA_TENSOR_OPTIMIZER(...) ++loops;
#define NEURA_OPTIMIZER(Name, Options, states, doc) \
  AddLoops<el::Name##Rule, internal::CountNames(states)>(*loops++);
#include "neura/optim/optimizers.inc"
}

}  // namespace
}  // namespace neura::optim::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace neura::optim::internal {
namespace {

HWY_EXPORT(Fill);

using Table = std::array<RuleLoops, kNumOptimizers>;
const Table& Loops() {
  static const Table* const table = [] {
    auto* const filled = new Table;
    HWY_DYNAMIC_DISPATCH(Fill)(filled->data());
    return filled;
  }();
  return *table;
}
// Before threads are: a fork must not find one of them making it.
[[maybe_unused]] const Table& kMade = Loops();

}  // namespace

const RuleLoops& RuleLoopsOf(size_t optimizer) { return Loops()[optimizer]; }

}  // namespace neura::optim::internal
#endif
