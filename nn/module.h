// Modules: plain structs whose members are parameters, buffers and other modules.
//
//   struct Net : nn::Module {
//     nn::Conv2d conv{{.in_channels = 1, .out_channels = 8, .kernel_size = 3}};
//     nn::Linear fc{{.in_features = 8 * 26 * 26, .out_features = 10}};
//
//     Tensor Forward(const Tensor& x) override { return fc(Flatten(Relu(conv(x)), 1)); }
//     NEURA_MODULE(conv, fc)  // names and order: parameters, state dict, Train(), printing
//   };
//
// A module is a value: copying it copies its parameters. What Parameters() and StateDict() return
// are handles that share memory with the module.
#ifndef NEURA_NN_MODULE_H_
#define NEURA_NN_MODULE_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "neura/tensor/core/fields.h"
#include "neura/tensor/core/tensor.h"

namespace neura::nn {

// A tensor that belongs to a module: copying clones it; a copy of a frozen one is frozen. One
// thread may replace it while another looks.
template <bool kTrained>
class OwnedTensor {
 public:
  OwnedTensor() = default;  // absent, e.g. a layer without bias
  explicit OwnedTensor(const Tensor& tensor) { Replace(tensor); }
  OwnedTensor(const OwnedTensor& other);
  OwnedTensor& operator=(const OwnedTensor& other);
  OwnedTensor(OwnedTensor&&) noexcept = default;
  OwnedTensor& operator=(OwnedTensor&&) noexcept = default;

  Tensor tensor() const { return Tensor(slot_.Load()); }
  operator Tensor() const { return tensor(); }
  bool defined() const { return static_cast<bool>(slot_); }
  const AtomicPtr<TensorImpl>& slot() const { return slot_; }
  void Replace(const Tensor& tensor);

 private:
  AtomicPtr<TensorImpl> slot_;
};

// Changed by training: requires a gradient where its dtype has them.
using Parameter = OwnedTensor<true>;
// Part of a module's state that is not trained, e.g. running statistics.
using Buffer = OwnedTensor<false>;

class Module;

// Sees the direct members of a module, in the order that NEURA_MODULE names them.
class MemberVisitor {
 public:
  virtual ~MemberVisitor() = default;
  virtual void Visit(const std::string& name, Parameter& parameter) = 0;
  virtual void Visit(const std::string& name, Buffer& buffer) = 0;
  virtual void Visit(const std::string& name, Module& module) = 0;
};

struct LoadOptions {
  // Names that only one side has are an error; otherwise they are reported and left alone.
  bool strict = true;
};
struct LoadReport {
  std::vector<std::string> missing;     // in the module, not in the state dict
  std::vector<std::string> unexpected;  // in the state dict, not in the module
};

class Module {
 public:
  virtual ~Module() = default;

  virtual Tensor Forward(const Tensor& input) = 0;
  // Runs Forward; an Error from inside gets the path of the module that it came from.
  Tensor operator()(const Tensor& input);

  // Handles that share the module's memory.
  std::vector<Tensor> Parameters() const;
  NamedTensors NamedParameters() const;  // "conv.weight", ...
  NamedTensors NamedBuffers() const;
  // Parameters and buffers, in the order of their members.
  NamedTensors StateDict() const;
  // Copies values into the module. Throws InvalidArgument when a shape or dtype differs, or
  // (strict) a name has no counterpart; nothing is changed then.
  LoadReport LoadStateDict(const NamedTensors& state, const LoadOptions& options = {});

  // Training or evaluation behaviour (dropout, batch norm), here and in all modules below.
  void Train(bool training = true);
  void Eval() { Train(false); }
  bool training() const { return training_; }
  // Here alone.
  void set_training(bool training) { training_ = training; }

  void ZeroGrad();
  // Converts floating point parameters and buffers. What had another dtype becomes a new tensor:
  // handles that were taken before, such as an optimizer's, are no longer the module's.
  void To(DType dtype);
  // Moves parameters and buffers; the same holds for those that were elsewhere.
  void To(Device device);
  // Number of elements of all parameters.
  int64_t NumParameters() const;
  // Calls fn with this module and all below, children first.
  void Apply(const std::function<void(Module&)>& fn);

  // The tree, with options, shapes and parameter counts; what lies deeper than 100 levels is "...".
  std::string ToString() const;
  // "Conv2d"
  virtual std::string TypeName() const;
  // What stands in the brackets after the type's name.
  virtual std::string Describe() const { return ""; }

  // Both are written by NEURA_MODULE.
  virtual void VisitMembers(MemberVisitor& visitor) = 0;
  virtual std::unique_ptr<Module> Clone() const = 0;

 protected:
  Module() = default;
  Module(const Module&) = default;
  Module& operator=(const Module&) = default;
  Module(Module&&) = default;
  Module& operator=(Module&&) = default;

 private:
  bool training_ = true;
};

std::ostream& operator<<(std::ostream& out, const Module& module);

#define NEURA_INTERNAL_VISIT_MEMBER(member) visitor.Visit(#member, this->member);
#define NEURA_MODULE(...)                                                                          \
 public:                                                                                           \
  void VisitMembers([[maybe_unused]] ::neura::nn::MemberVisitor& visitor) override{NEURA_FOR_EACH( \
      NEURA_INTERNAL_VISIT_MEMBER, __VA_ARGS__)} std::unique_ptr<::neura::nn::Module>              \
  Clone() const override {                                                                         \
    using Self = std::remove_cvref_t<decltype(*this)>;                                             \
    return std::make_unique<Self>(*this);                                                          \
  }

}  // namespace neura::nn

#endif  // NEURA_NN_MODULE_H_
