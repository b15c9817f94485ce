// Modules in a row.
#ifndef NEURA_NN_SEQUENTIAL_H_
#define NEURA_NN_SEQUENTIAL_H_

#include <concepts>
#include <memory>
#include <utility>
#include <vector>

#include "neura/nn/module.h"

namespace neura::nn {

//   nn::Sequential net(nn::Linear({.in_features = 4, .out_features = 8}), nn::ReLU());
//
// Its members are named "0", "1", ... It holds copies of what it is given.
class Sequential : public Module {
 public:
  template <typename... Modules>
  requires((std::derived_from<std::remove_cvref_t<Modules>, Module> && ...) &&
           !(sizeof...(Modules) == 1 && (std::same_as<std::remove_cvref_t<Modules>, Sequential> &&
                                         ...))) explicit Sequential(Modules&&... modules) {
    (Append(std::forward<Modules>(modules)), ...);
  }
  Sequential(const Sequential& other);
  Sequential& operator=(const Sequential& other);
  Sequential(Sequential&&) = default;
  Sequential& operator=(Sequential&&) = default;

  template <typename M>
  requires std::derived_from<std::remove_cvref_t<M>, Module>
  void Append(M&& module) {
    modules_.push_back(std::make_unique<std::remove_cvref_t<M>>(std::forward<M>(module)));
  }

  size_t size() const { return modules_.size(); }
  // Throws OutOfRange.
  Module& operator[](size_t index);

  Tensor Forward(const Tensor& input) override;
  void VisitMembers(MemberVisitor& visitor) override;
  std::unique_ptr<Module> Clone() const override { return std::make_unique<Sequential>(*this); }

 private:
  std::vector<std::unique_ptr<Module>> modules_;
};

}  // namespace neura::nn

#endif  // NEURA_NN_SEQUENTIAL_H_
