#include "neura/tensor/random/generator.h"

#include <mutex>

#include "neura/tensor/core/fork_lock.h"
#include "neura/tensor/random/generator_scope.h"

namespace neura {
namespace {

thread_local Generator* t_default = nullptr;  // of the innermost scope

// Of the state of every generator: one for all, for a fork to wait for.
constinit std::mutex g_mutex;
[[maybe_unused]] const bool kHeldAcrossFork = internal::HoldAcrossFork(g_mutex);

}  // namespace

void Generator::ManualSeed(uint64_t seed) { SetState({seed, 0}); }

RandomState Generator::state() const {
  std::lock_guard<std::mutex> lock(g_mutex);
  return state_;
}

void Generator::SetState(RandomState state) {
  std::lock_guard<std::mutex> lock(g_mutex);
  state_ = state;
}

RandomState Generator::Reserve(int64_t count) {
  std::lock_guard<std::mutex> lock(g_mutex);
  const RandomState start = state_;
  // 64-bit elements take two words each, so a block serves at least two elements.
  state_.offset += (static_cast<uint64_t>(count) + 1) / 2;
  return start;
}

GeneratorScope::GeneratorScope(Generator& generator) : previous_(t_default) {
  t_default = &generator;
}

GeneratorScope::~GeneratorScope() { t_default = previous_; }

Generator& DefaultGenerator() {
  if (t_default != nullptr) return *t_default;
  static auto* const generator = new Generator(0);
  return *generator;
}

namespace {
// Before threads are: a fork must not find one of them making it.
[[maybe_unused]] const Generator& kMade = DefaultGenerator();
}  // namespace

void ManualSeed(uint64_t seed) { DefaultGenerator().ManualSeed(seed); }

}  // namespace neura
