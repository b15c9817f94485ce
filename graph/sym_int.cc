#include "neura/graph/sym_int.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"

namespace neura::graph {
namespace {

[[noreturn]] void ThrowOverflow() { ThrowInvalidArgument("a size of the graph overflows 64 bits"); }
int64_t AddChecked(int64_t a, int64_t b) {
  int64_t sum;
  if (__builtin_add_overflow(a, b, &sum)) ThrowOverflow();
  return sum;
}
int64_t MulChecked(int64_t a, int64_t b) {
  int64_t product;
  if (__builtin_mul_overflow(a, b, &product)) ThrowOverflow();
  return product;
}

// Expressions are evaluated in each plan, and models of others may nest them without end.
constexpr int64_t kMaxSize = 512;

}  // namespace

int64_t SymInt::size() const {
  int64_t size = 0;
  for (const Term& term : terms_) {
    for (const AtomPtr& factor : term.factors) size += factor->size;
  }
  return size;
}

std::strong_ordering SymInt::Compare(const AtomPtr& a, const AtomPtr& b) {
  if (a == b) return std::strong_ordering::equal;
  if (const auto order = a->operation <=> b->operation; order != 0) return order;
  if (a->operation == Operation::kLeaf) return a->leaf <=> b->leaf;
  for (size_t i = 0; i < a->operands.size(); ++i) {
    if (const auto order = a->operands[i] <=> b->operands[i]; order != 0) return order;
  }
  return std::strong_ordering::equal;
}

std::strong_ordering SymInt::Compare(const std::vector<AtomPtr>& a, const std::vector<AtomPtr>& b) {
  if (const auto order = a.size() <=> b.size(); order != 0) return order;
  for (size_t i = 0; i < a.size(); ++i) {
    if (const auto order = Compare(a[i], b[i]); order != 0) return order;
  }
  return std::strong_ordering::equal;
}

std::strong_ordering operator<=>(const SymInt& a, const SymInt& b) {
  if (const auto order = a.terms_.size() <=> b.terms_.size(); order != 0) return order;
  for (size_t i = 0; i < a.terms_.size(); ++i) {
    const SymInt::Term &x = a.terms_[i], &y = b.terms_[i];
    if (const auto order = SymInt::Compare(x.factors, y.factors); order != 0) return order;
    if (const auto order = x.coefficient <=> y.coefficient; order != 0) return order;
  }
  return a.number_ <=> b.number_;
}

void SymInt::AddTerm(const Term& term) {
  const auto at = std::lower_bound(
      terms_.begin(), terms_.end(), term,
      [](const Term& a, const Term& b) { return Compare(a.factors, b.factors) < 0; });
  if (at == terms_.end() || Compare(at->factors, term.factors) != 0) {
    terms_.insert(at, term);
    if (size() > kMaxSize) ThrowResourceExhausted("an expression of the graph's sizes is too long");
    return;
  }
  at->coefficient = AddChecked(at->coefficient, term.coefficient);
  if (at->coefficient == 0) terms_.erase(at);
}

SymInt SymInt::Of(Atom atom) {
  for (const SymInt& operand : atom.operands) atom.size += operand.size();
  SymInt result;
  result.AddTerm({{std::make_shared<const Atom>(std::move(atom))}, 1});
  return result;
}

SymInt SymInt::Extent(ValueId value, int64_t dim) {
  return Of({.leaf = {SizeLeaf::Kind::kExtent, value, static_cast<int32_t>(dim)}});
}
SymInt SymInt::Element(ValueId value, int64_t index) {
  return Of({.leaf = {SizeLeaf::Kind::kElement, value, static_cast<int32_t>(index)}});
}

SymInt operator+(const SymInt& a, const SymInt& b) {
  SymInt sum = a;
  sum.number_ = AddChecked(a.number_, b.number_);
  for (const SymInt::Term& term : b.terms_) sum.AddTerm(term);
  return sum;
}

SymInt operator-(const SymInt& a, const SymInt& b) { return a + b * SymInt(-1); }

SymInt operator*(const SymInt& a, const SymInt& b) {
  SymInt product = MulChecked(a.number_, b.number_);
  const auto scaled = [&product](const std::vector<SymInt::Term>& terms, int64_t factor) {
    if (factor == 0) return;
    for (SymInt::Term term : terms) {
      term.coefficient = MulChecked(term.coefficient, factor);
      product.AddTerm(term);
    }
  };
  scaled(a.terms_, b.number_);
  scaled(b.terms_, a.number_);
  for (const SymInt::Term& x : a.terms_) {
    for (const SymInt::Term& y : b.terms_) {
      SymInt::Term term{x.factors, MulChecked(x.coefficient, y.coefficient)};
      term.factors.insert(term.factors.end(), y.factors.begin(), y.factors.end());
      std::sort(term.factors.begin(), term.factors.end(),
                [](const SymInt::AtomPtr& p, const SymInt::AtomPtr& q) {
                  return SymInt::Compare(p, q) < 0;
                });
      product.AddTerm(term);
    }
  }
  return product;
}

bool SymInt::DivisibleBy(int64_t divisor) const {
  // The least number has no quotient by -1.
  if (divisor == 0 || divisor == -1 || number_ % divisor != 0) return false;
  return std::all_of(terms_.begin(), terms_.end(),
                     [divisor](const Term& term) { return term.coefficient % divisor == 0; });
}

SymInt operator/(const SymInt& a, const SymInt& b) {
  if (b.is_number() && b.number_ == -1) return SymInt(0) - a;
  if (b.is_number() && a.DivisibleBy(b.number_)) {
    SymInt quotient = a;
    quotient.number_ /= b.number_;
    for (SymInt::Term& term : quotient.terms_) term.coefficient /= b.number_;
    return quotient;
  }
  return SymInt::Combine(SymInt::Operation::kDiv, {a, b});
}

SymInt SymInt::Mod(const SymInt& a, const SymInt& b) {
  if (b.is_number() && a.DivisibleBy(b.number_)) return 0;
  return Combine(Operation::kMod, {a, b});
}
SymInt SymInt::Min(const SymInt& a, const SymInt& b) {
  return a == b ? a : Combine(Operation::kMin, {a, b});
}
SymInt SymInt::Max(const SymInt& a, const SymInt& b) {
  return a == b ? a : Combine(Operation::kMax, {a, b});
}
SymInt SymInt::Equal(const SymInt& a, const SymInt& b) {
  const SymInt difference = a - b;
  if (difference.is_number()) return difference.number_ == 0;
  return Combine(Operation::kEqual, {a, b});
}
SymInt SymInt::Where(const SymInt& test, const SymInt& a, const SymInt& b) {
  if (a == b) return a;
  if (test.is_number()) return test.number_ != 0 ? a : b;
  return Combine(Operation::kWhere, {test, a, b});
}

SymInt SymInt::Combine(Operation operation, std::vector<SymInt> operands) {
  std::vector<int64_t> numbers;
  for (const SymInt& operand : operands) {
    if (!operand.is_number()) return Of({.operation = operation, .operands = std::move(operands)});
    numbers.push_back(operand.number_);
  }
  return Apply(operation, numbers);
}

int64_t SymInt::Apply(Operation operation, absl::Span<const int64_t> operands) {
  const int64_t a = operands[0], b = operands[1];
  switch (operation) {
    case Operation::kDiv:
    case Operation::kMod:
      if (b == 0) ThrowInvalidArgument("a size of the graph is divided by 0");
      if (operation == Operation::kMod) {
        const int64_t rest = b == -1 ? 0 : a % b;
        return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
      }
      return b == -1 ? MulChecked(a, -1) : a / b;
    case Operation::kMin:
      return std::min(a, b);
    case Operation::kMax:
      return std::max(a, b);
    case Operation::kEqual:
      return a == b;
    default:
      return a != 0 ? b : operands[2];
  }
}

bool SymInt::is_never_negative() const {
  const auto atom_is = [](const Atom& atom) {
    const std::vector<SymInt>& x = atom.operands;
    switch (atom.operation) {
      case Operation::kLeaf:
        return atom.leaf.kind == SizeLeaf::Kind::kExtent;
      case Operation::kDiv:
      case Operation::kMin:
        return x[0].is_never_negative() && x[1].is_never_negative();
      case Operation::kMod:
        return x[1].is_never_negative();
      case Operation::kMax:
        return x[0].is_never_negative() || x[1].is_never_negative();
      case Operation::kEqual:
        return true;
      default:
        return x[1].is_never_negative() && x[2].is_never_negative();
    }
  };
  return number_ >= 0 && std::all_of(terms_.begin(), terms_.end(), [&](const Term& term) {
           return term.coefficient >= 0 &&
                  std::all_of(term.factors.begin(), term.factors.end(),
                              [&](const AtomPtr& factor) { return atom_is(*factor); });
         });
}

int64_t SymInt::Evaluate(ReadLeaf read) const {
  int64_t sum = number_;
  for (const Term& term : terms_) {
    int64_t product = term.coefficient;
    for (const AtomPtr& factor : term.factors) {
      if (factor->operation == Operation::kLeaf) {
        product = MulChecked(product, read(factor->leaf));
        continue;
      }
      if (factor->operation == Operation::kWhere) {
        // The other side may have no value.
        const bool test = factor->operands[0].Evaluate(read) != 0;
        product = MulChecked(product, factor->operands[test ? 1 : 2].Evaluate(read));
        continue;
      }
      const int64_t numbers[] = {factor->operands[0].Evaluate(read),
                                 factor->operands[1].Evaluate(read)};
      product = MulChecked(product, Apply(factor->operation, numbers));
    }
    sum = AddChecked(sum, product);
  }
  return sum;
}

void SymInt::VisitLeaves(absl::FunctionRef<void(const SizeLeaf&)> visit) const {
  for (const Term& term : terms_) {
    for (const AtomPtr& factor : term.factors) {
      if (factor->operation == Operation::kLeaf) visit(factor->leaf);
      for (const SymInt& operand : factor->operands) operand.VisitLeaves(visit);
    }
  }
}

SymInt SymInt::Replace(absl::FunctionRef<SymInt(const SizeLeaf&)> replacement) const {
  SymInt sum = number_;
  for (const Term& term : terms_) {
    SymInt product = term.coefficient;
    for (const AtomPtr& factor : term.factors) {
      if (factor->operation == Operation::kLeaf) {
        product = product * replacement(factor->leaf);
        continue;
      }
      std::vector<SymInt> operands;
      for (const SymInt& operand : factor->operands) {
        operands.push_back(operand.Replace(replacement));
      }
      product = product * Combine(factor->operation, std::move(operands));
    }
    sum = sum + product;
  }
  return sum;
}

std::string SymInt::ToString(absl::FunctionRef<std::string(const SizeLeaf&)> name) const {
  const auto text_of = [&name](const Atom& atom) {
    if (atom.operation == Operation::kLeaf) return name(atom.leaf);
    static constexpr const char* kNames[] = {"", "div", "mod", "min", "max", "equal", "where"};
    std::string text = absl::StrCat(kNames[static_cast<size_t>(atom.operation)], "(");
    for (size_t i = 0; i < atom.operands.size(); ++i) {
      absl::StrAppend(&text, i == 0 ? "" : ", ", atom.operands[i].ToString(name));
    }
    return text + ")";
  };
  std::string text;
  for (const Term& term : terms_) {
    if (!text.empty()) text += " + ";
    if (term.coefficient != 1) absl::StrAppend(&text, term.coefficient, "*");
    for (size_t i = 0; i < term.factors.size(); ++i) {
      absl::StrAppend(&text, i == 0 ? "" : "*", text_of(*term.factors[i]));
    }
  }
  if (text.empty()) return absl::StrCat(number_);
  if (number_ != 0) absl::StrAppend(&text, " + ", number_);
  return text;
}

}  // namespace neura::graph
