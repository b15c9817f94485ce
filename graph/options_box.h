// Owned copies of operations' option structs.
#ifndef NEURA_GRAPH_OPTIONS_BOX_H_
#define NEURA_GRAPH_OPTIONS_BOX_H_

#include <string>
#include <utility>
#include <vector>

#include "neura/graph/extent.h"
#include "neura/tensor/backend_api.h"

namespace neura::graph {

// A copy of the options of an operation, of the type that its schema names.
class OptionsBox {
 public:
  // `options` may be null for operations without options; else defaults are taken.
  explicit OptionsBox(OpId op, const void* options = nullptr);
  OptionsBox(const OptionsBox& other);
  OptionsBox(OptionsBox&& other) noexcept
      : type_(other.type_), data_(std::exchange(other.data_, nullptr)) {}
  OptionsBox& operator=(OptionsBox other) noexcept {
    std::swap(type_, other.type_);
    std::swap(data_, other.data_);
    return *this;
  }
  ~OptionsBox();

  const void* data() const { return data_; }
  template <typename Options>
  const Options& Get() const {
    return *static_cast<const Options*>(data_);
  }
  // Every integer among the fields, in their order: an int64_t, each extent of a Dims, ...
  std::vector<int64_t*> Integers();
  std::string ToString() const { return OptionsToString(*type_, data_); }
  friend bool operator==(const OptionsBox& a, const OptionsBox& b) {
    return a.type_ == b.type_ && OptionsEqual(*a.type_, a.data_, b.data_);
  }

 private:
  const OptionsType* type_;
  void* data_;
};

// The integer options.Integers()[index] depends on a symbol.
struct SymbolicInt {
  int index = 0;
  Extent value;
  friend bool operator==(const SymbolicInt&, const SymbolicInt&) = default;
};

// `options` with the symbolic integers as they are at these sizes of the symbols.
OptionsBox Resolve(const OptionsBox& options, absl::Span<const SymbolicInt> symbolic,
                   absl::Span<const int64_t> sizes);

}  // namespace neura::graph

#endif  // NEURA_GRAPH_OPTIONS_BOX_H_
