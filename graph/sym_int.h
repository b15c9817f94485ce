// Integers of a graph that only a run may know.
#ifndef NEURA_GRAPH_SYM_INT_H_
#define NEURA_GRAPH_SYM_INT_H_

#include <compare>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/types/span.h"

namespace neura::graph {

// Types of their own, so that no number passes for one.
enum class ValueId : int32_t {};
enum class NodeId : int32_t {};
// An optional input that is absent.
inline constexpr ValueId kNone{-1};
// The producer of inputs and constants.
inline constexpr NodeId kNoNode{-1};

// What an expression reads: the extent of dimension `index` of a value, or element `index` (in
// row-major order) of a small value of integers. Both are of values that are computed before.
struct SizeLeaf {
  enum class Kind : uint8_t { kExtent, kElement };
  Kind kind = Kind::kExtent;
  ValueId value = kNone;
  int32_t index = 0;

  friend auto operator<=>(const SizeLeaf&, const SizeLeaf&) = default;
};

// A number, or an expression that is evaluated when a run has what it reads.
//
// It is kept as a sum of products of leaves and of operations that are no sums or products, in a
// fixed order: what is equal by the rules of a ring compares equal. Whatever makes one throws Error
// where a number overflows, is divided by 0, or the expression grows beyond some hundred leaves.
class SymInt {
 public:
  SymInt() = default;
  SymInt(int64_t number) : number_(number) {}
  static SymInt Extent(ValueId value, int64_t dim);
  static SymInt Element(ValueId value, int64_t index);

  bool is_number() const { return terms_.empty(); }
  // The number, or what is added to the rest.
  int64_t number() const { return number_; }

  friend SymInt operator+(const SymInt& a, const SymInt& b);
  friend SymInt operator-(const SymInt& a, const SymInt& b);
  friend SymInt operator*(const SymInt& a, const SymInt& b);
  // The quotient is cut towards zero.
  friend SymInt operator/(const SymInt& a, const SymInt& b);
  // With the sign of the divisor.
  static SymInt Mod(const SymInt& a, const SymInt& b);
  static SymInt Min(const SymInt& a, const SymInt& b);
  static SymInt Max(const SymInt& a, const SymInt& b);
  // 1 or 0.
  static SymInt Equal(const SymInt& a, const SymInt& b);
  // `a` where `test` is not 0.
  static SymInt Where(const SymInt& test, const SymInt& a, const SymInt& b);

  // Whether it is certain to be 0 or more: extents are.
  bool is_never_negative() const;

  using ReadLeaf = absl::FunctionRef<int64_t(const SizeLeaf&)>;
  // Throws Error on overflow and on division by zero.
  int64_t Evaluate(ReadLeaf read) const;
  void VisitLeaves(absl::FunctionRef<void(const SizeLeaf&)> visit) const;
  // The same of other leaves.
  SymInt Replace(absl::FunctionRef<SymInt(const SizeLeaf&)> replacement) const;
  // "3", "4*batch", "min(batch + 1, 7)", where `name` names the leaves.
  std::string ToString(absl::FunctionRef<std::string(const SizeLeaf&)> name) const;

  friend bool operator==(const SymInt& a, const SymInt& b) { return (a <=> b) == 0; }
  friend std::strong_ordering operator<=>(const SymInt& a, const SymInt& b);

  // ---- for those who write it otherwise: number() plus the sum of terms() ----
  enum class Operation : uint8_t { kLeaf, kDiv, kMod, kMin, kMax, kEqual, kWhere };
  struct Atom;
  using AtomPtr = std::shared_ptr<const Atom>;
  struct Term {
    std::vector<AtomPtr> factors;  // in order; at least one
    int64_t coefficient = 0;       // not 0
  };
  absl::Span<const Term> terms() const { return terms_; }

 private:
  static SymInt Of(Atom atom);
  // The leaves and operations in it, each as often as it occurs.
  int64_t size() const;
  static SymInt Combine(Operation operation, std::vector<SymInt> operands);
  static int64_t Apply(Operation operation, absl::Span<const int64_t> operands);
  static std::strong_ordering Compare(const AtomPtr& a, const AtomPtr& b);
  static std::strong_ordering Compare(const std::vector<AtomPtr>& a, const std::vector<AtomPtr>& b);
  void AddTerm(const Term& term);
  bool DivisibleBy(int64_t divisor) const;

  int64_t number_ = 0;
  std::vector<Term> terms_;  // in order
};

// A leaf, or an operation on expressions.
struct SymInt::Atom {
  Operation operation = Operation::kLeaf;
  SizeLeaf leaf = {};
  std::vector<SymInt> operands = {};
  int64_t size = 1;  // leaves and operations in it
};

}  // namespace neura::graph

#endif  // NEURA_GRAPH_SYM_INT_H_
