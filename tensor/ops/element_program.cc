#include "neura/tensor/ops/element_program.h"

#include <bit>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/scalar.h"

namespace neura {
namespace {

using Operand = ElementProgram::Operand;
using Kind = Operand::Kind;

bool GivesTest(OpId op) {
  const DTypeRule rule = OfReals(SchemaOf(op).flags.rule);
  return rule == DTypeRule::kTest || rule == DTypeRule::kLogical;
}

// Whether the operation takes a truth value at that place.
bool TakesTest(OpId op, size_t place) {
  return op == op::kWhere ? place == 0 : SchemaOf(op).flags.rule == DTypeRule::kLogical;
}

bool SameBits(absl::Span<const double> a, absl::Span<const double> b) {
  bool same = a.size() == b.size();
  for (size_t i = 0; same && i < a.size(); ++i) {
    same = std::bit_cast<uint64_t>(a[i]) == std::bit_cast<uint64_t>(b[i]);
  }
  return same;
}

bool SameStep(const ElementProgram::Step& a, const ElementProgram::Step& b) {
  return a.op == b.op && a.operands == b.operands &&
         OptionsEqual(*SchemaOf(a.op).options, a.options.get(), b.options.get());
}

}  // namespace

bool ElementProgram::IsTest(Operand operand) const {
  return operand.kind == Kind::kStep && GivesTest(steps_[operand.index].op);
}

std::string ElementProgram::ToString() const {
  const auto name = [this](Operand operand) {
    if (operand.kind == Kind::kNumber) return neura::ToString(Scalar(numbers_[operand.index]));
    return absl::StrCat(operand.kind == Kind::kInput ? "x" : "t", operand.index);
  };
  std::string text = "(";
  for (size_t i = 0; i < num_inputs_; ++i) absl::StrAppend(&text, i == 0 ? "x" : ", x", i);
  text += "): ";
  for (size_t i = 0; i < steps_.size(); ++i) {
    const Step& step = steps_[i];
    absl::StrAppend(&text, "t", i, " = ", SchemaOf(step.op).name, "(");
    for (size_t k = 0; k < step.num_operands; ++k) {
      absl::StrAppend(&text, k == 0 ? "" : ", ", name(step.operands[k]));
    }
    if (step.options != nullptr) {
      absl::StrAppend(&text, ", ", OptionsToString(*SchemaOf(step.op).options, step.options.get()));
    }
    text += "); ";
  }
  text += "return ";
  for (size_t k = 0; k < results_.size(); ++k) {
    absl::StrAppend(&text, k == 0 ? "" : ", ", name(results_[k]));
  }
  return text;
}

bool operator==(const ElementProgram& a, const ElementProgram& b) {
  bool same = a.num_inputs_ == b.num_inputs_ && SameBits(a.numbers_, b.numbers_) &&
              a.results_ == b.results_ && a.steps_.size() == b.steps_.size();
  for (size_t i = 0; same && i < a.steps_.size(); ++i) same = SameStep(a.steps_[i], b.steps_[i]);
  return same;
}

Element Element::Apply(OpId op, std::initializer_list<Element> operands,
                       std::shared_ptr<const void> options) {
  ElementTrace* trace = nullptr;
  for (const Element& operand : operands) {
    if (operand.trace_ != nullptr) trace = operand.trace_;
  }
  const std::string_view name = SchemaOf(op).name;
  if (trace == nullptr) {
    ThrowInvalidArgument(
        absl::StrCat("ElementProgram: ", name, " of numbers alone; compute it in double"));
  }
  const DTypeRule rule = SchemaOf(op).flags.rule;
  if (rule == DTypeRule::kInteger || rule == DTypeRule::kBits) {
    ThrowInvalidArgument(
        absl::StrCat("ElementProgram: ", name, " of integers; programs compute with real numbers"));
  }
  ElementProgram::Step step{.op = op, .options = std::move(options)};
  for (const Element& element : operands) {
    const Operand operand = trace->OperandOf(element);
    const size_t place = step.num_operands++;
    const bool test = TakesTest(op, place);
    if (trace->program_.IsTest(operand) != test) {
      ThrowInvalidArgument(absl::StrCat("ElementProgram: operand ", place, " of ", name,
                                        " must be a ", test ? "truth value" : "number"));
    }
    step.operands[place] = operand;
  }
  trace->program_.steps_.push_back(std::move(step));
  trace->CheckSize();
  return {trace, {Kind::kStep, static_cast<uint8_t>(trace->program_.steps_.size() - 1)}};
}

ElementTrace::ElementTrace(size_t num_inputs) {
  program_.num_inputs_ = num_inputs;
  program_.steps_.reserve(32);
  program_.numbers_.reserve(16);
  CheckSize();
}

void ElementTrace::CheckSize() const {
  if (program_.num_inputs_ + program_.numbers_.size() + program_.steps_.size() >
      ElementProgram::kMaxSize) {
    ThrowInvalidArgument(absl::StrCat("ElementProgram: at most ", ElementProgram::kMaxSize,
                                      " inputs, numbers and steps"));
  }
}

Element ElementTrace::Input(size_t i) {
  if (i >= program_.num_inputs_) {
    ThrowInvalidArgument(absl::StrCat("ElementTrace: input ", i, " of ", program_.num_inputs_));
  }
  return {this, {Kind::kInput, static_cast<uint8_t>(i)}};
}

Operand ElementTrace::OperandOf(const Element& element) {
  if (element.trace_ == this) return element.operand_;
  if (element.trace_ != nullptr) {
    ThrowInvalidArgument("ElementTrace: the element belongs to another program");
  }
  std::vector<double>& numbers = program_.numbers_;
  size_t i = 0;
  while (i < numbers.size() && !SameBits({&numbers[i], 1}, {&element.number_, 1})) ++i;
  if (i == numbers.size()) {
    numbers.push_back(element.number_);
    CheckSize();
  }
  return {Kind::kNumber, static_cast<uint8_t>(i)};
}

ElementProgram ElementTrace::Finish(absl::Span<const Element> results) {
  for (const Element& result : results) {
    program_.results_.push_back(OperandOf(result));
    if (program_.IsTest(program_.results_.back())) {
      ThrowInvalidArgument("ElementTrace: a result must be a number, not a truth value");
    }
  }
  if (results.empty()) ThrowInvalidArgument("ElementTrace: a program needs a result");
  return std::move(program_);
}

}  // namespace neura
