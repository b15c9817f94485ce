// Programs over elements: a short straight line of pointwise operations, which a kernel runs in one
// pass over memory (fused_pointwise and fused_update).
//
// A program is made by running a function of Elements. The same template serves numbers:
//
//   template <typename E>
//   E Scaled(E x, E y, double factor) { return Sqrt(x) * factor + y; }
//
//   ElementTrace trace(2);
//   ElementProgram program = trace.Finish({Scaled(trace.Input(0), trace.Input(1), 0.1)});
//
// What is a number while the function runs is a number in the program, and what it decides is
// decided. Tracing takes about a microsecond, so that a program whose numbers change is made anew.
#ifndef NEURA_TENSOR_OPS_ELEMENT_PROGRAM_H_
#define NEURA_TENSOR_OPS_ELEMENT_PROGRAM_H_

#include <array>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "neura/tensor/ops/op_list/pointwise.h"

namespace neura {

// Inputs, numbers and steps, each a row of the pointwise family. Steps compute in one floating
// point dtype, which the kernel chooses; tests and logical operations give truth values, which only
// logical operations and the condition of a Where take.
class ElementProgram {
 public:
  struct Operand {
    enum class Kind : uint8_t { kInput, kNumber, kStep };
    Kind kind = Kind::kInput;
    uint8_t index = 0;
    friend bool operator==(const Operand&, const Operand&) = default;
  };
  struct Step {
    OpId op = {};
    uint8_t num_operands = 0;
    std::array<Operand, 3> operands = {};
    std::shared_ptr<const void> options = nullptr;  // null where the operation has none
  };
  // Of inputs, numbers and steps together.
  static constexpr size_t kMaxSize = 192;

  size_t num_inputs() const { return num_inputs_; }
  absl::Span<const double> numbers() const { return numbers_; }
  absl::Span<const Step> steps() const { return steps_; }
  // What comes out: numbers, never truth values.
  absl::Span<const Operand> results() const { return results_; }

  // Whether the operand is a truth value.
  bool IsTest(Operand operand) const;

  // "(x0, x1): t0 = sqrt(x0); t1 = mul(t0, 0.1); t2 = add(t1, x1); return t2"
  std::string ToString() const;
  friend bool operator==(const ElementProgram& a, const ElementProgram& b);

 private:
  friend class Element;
  friend class ElementTrace;

  size_t num_inputs_ = 0;
  std::vector<double> numbers_;
  std::vector<Step> steps_;
  std::vector<Operand> results_;
};

class ElementTrace;

// A value in a program that is being traced: an input, a number or what a step computes. Functions
// of it are the rows of the pointwise family under their names, operators, and Select.
class Element {
 public:
  Element(double number) : number_(number) {}  // NOLINT: numbers stand beside elements

  friend Element operator+(Element a, Element b) { return Apply(op::kAdd, {a, b}); }
  friend Element operator-(Element a, Element b) { return Apply(op::kSub, {a, b}); }
  friend Element operator*(Element a, Element b) { return Apply(op::kMul, {a, b}); }
  friend Element operator/(Element a, Element b) { return Apply(op::kDiv, {a, b}); }
  friend Element operator-(Element x) { return Apply(op::kNeg, {x}); }
  friend Element operator==(Element a, Element b) { return Apply(op::kEq, {a, b}); }
  friend Element operator!=(Element a, Element b) { return Apply(op::kNe, {a, b}); }
  friend Element operator<(Element a, Element b) { return Apply(op::kLt, {a, b}); }
  friend Element operator<=(Element a, Element b) { return Apply(op::kLe, {a, b}); }
  friend Element operator>(Element a, Element b) { return Apply(op::kGt, {a, b}); }
  friend Element operator>=(Element a, Element b) { return Apply(op::kGe, {a, b}); }
  friend Element operator&(Element a, Element b) { return Apply(op::kLogicalAnd, {a, b}); }
  friend Element operator|(Element a, Element b) { return Apply(op::kLogicalOr, {a, b}); }
  friend Element operator!(Element x) { return Apply(op::kLogicalNot, {x}); }

  friend Element Select(Element condition, Element yes, Element no) {
    return Apply(op::kWhere, {condition, yes, no});
  }
#define NEURA_UNARY(Name, ...) \
  friend Element Name(Element x) { return Apply(op::k##Name, {x}); }
#define NEURA_UNARY_WITH(Name, name, Options, ...)                            \
  friend Element Name(Element x, const Options& options) {                    \
    return Apply(op::k##Name, {x}, std::make_shared<const Options>(options)); \
  }
#define NEURA_BINARY(Name, ...) \
  friend Element Name(Element a, Element b) { return Apply(op::k##Name, {a, b}); }
#include "neura/tensor/ops/op_list/pointwise.inc"

 private:
  friend class ElementTrace;
  Element(ElementTrace* trace, ElementProgram::Operand operand)
      : trace_(trace), operand_(operand) {}

  // The value of a new step. Throws InvalidArgument for truth values in the place of numbers and
  // the other way round, and where no operand belongs to a program.
  static Element Apply(OpId op, std::initializer_list<Element> operands,
                       std::shared_ptr<const void> options = nullptr);

  ElementTrace* trace_ = nullptr;  // null for numbers
  ElementProgram::Operand operand_;
  double number_ = 0;
};

// A program in the making. Its Elements must not outlive it.
class ElementTrace {
 public:
  explicit ElementTrace(size_t num_inputs);
  ElementTrace(const ElementTrace&) = delete;
  ElementTrace& operator=(const ElementTrace&) = delete;

  Element Input(size_t i);
  // The program with these results, of which there is at least one. Throws InvalidArgument for
  // truth values.
  ElementProgram Finish(absl::Span<const Element> results);
  ElementProgram Finish(std::initializer_list<Element> results) {
    return Finish(absl::MakeConstSpan(results.begin(), results.size()));
  }

 private:
  friend class Element;
  ElementProgram::Operand OperandOf(const Element& element);
  void CheckSize() const;

  ElementProgram program_;
};

}  // namespace neura

#endif  // NEURA_TENSOR_OPS_ELEMENT_PROGRAM_H_
